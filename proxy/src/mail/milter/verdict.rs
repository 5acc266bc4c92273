//! The end of a mail in a milter conversation: judged and recorded, then said in the protocol's words.
//!
//! The mail server keeps the mail until our last word, and what becomes of it afterwards only it knows: `delivered` in
//! the record of an outcome means that it was given back to be delivered.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chot_audit::Outcome;
use chot_inspect::Source;
use chot_model::{Channel, Destination, OpaqueReason};

use super::super::{header, refusal, subject};
use super::FAILED;
use super::conversation::{Conversation, Ended};
use super::message::{Change, Field, HEADER_BYTES_MAX, changes};
use super::packet::{PIECE_BYTES_MAX, action, put};
use crate::gate::{Abilities, Cleared, Decision, Envelope, Refused, Told};

/// How often the mail server hears that there is still something going on.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

const ACCEPT: u8 = b'a';
const DISCARD: u8 = b'd';
const PROGRESS: u8 = b'p';
const QUARANTINE: u8 = b'q';
const CHANGE_HEADER: u8 = b'm';
const ADD_HEADER: u8 = b'h';
const REPLACE_BODY: u8 = b'b';

impl Conversation {
    /// The mail is whole: its answer.
    pub(super) async fn conclude(&mut self) -> Result<(), Ended> {
        let (Some(arriving), Some(known)) = (self.arriving.take(), &self.envelope) else { return Err(Ended::Garbage) };
        let milter = Arc::clone(&self.milter);
        let account = match known.account.clone() {
            Some(account) => Some(account),
            None => milter.account_of(self.client).await,
        };
        let Some(account) = account else {
            self.say(FAILED);
            self.forget().await;
            return Ok(());
        };
        let envelope = Envelope {
            channel: Channel::Milter,
            client: self.client,
            account,
            destination: Destination {
                recipients: known.transaction.to.iter().map(|to| to.path.as_str().to_owned()).collect(),
                ..Destination::default()
            },
            summary: milter.gate.summary(&subject::decoded(arriving.subject()), subject::CHARS_MAX),
        };
        let abilities = Abilities {
            redact: self.may(action::CHANGE_BODY | action::CHANGE_HEADERS),
            is_sealed: arriving.is_signed(),
            quarantine: milter.own_quarantine().is_some() || self.may(action::QUARANTINE),
        };
        let (intake, fields) = match arriving.finish() {
            Ok(whole) => whole,
            Err(flaw) => {
                milter.record_refusal(self.client, flaw.id()).await;
                self.say(flaw.reply());
                self.forget().await;
                return Ok(());
            }
        };
        let decided = {
            let mut deciding = Box::pin(intake.decide(envelope.clone(), abilities));
            loop {
                tokio::select! {
                    decided = &mut deciding => break decided,
                    () = tokio::time::sleep(PROGRESS_EVERY) => {
                        put(&mut self.out, PROGRESS, &[]);
                        // Whoever is gone by now is found out when the answer is written.
                        let _ = self.flush().await;
                    }
                }
            }
        };
        let ended = match decided {
            Ok(Decision::Cleared(cleared)) => self.give_back(cleared, &fields).await,
            Ok(Decision::Refused(refused)) => self.refuse(refused, &envelope, &fields).await,
            Err(_) => {
                self.say(FAILED);
                Ok(())
            }
        };
        self.forget().await;
        ended
    }

    /// The mail may leave, in the form in which it may.
    async fn give_back(&mut self, cleared: Cleared, fields: &[Field]) -> Result<(), Ended> {
        let is_redacted = cleared.is_redacted();
        let (content, told, open) = cleared.into_parts();
        let said = if is_redacted { self.rewrite(&content, fields).await } else { self.strip(fields) };
        match said {
            Ok(()) => {}
            Err(Unsaid::Gone) => {
                open.close(Outcome::Aborted, "the mail server left");
                return Err(Ended::Over);
            }
            Err(Unsaid::Failed(why)) => {
                // What was said so far counts for nothing when the last word is no.
                open.close(Outcome::Failed, why);
                self.say(FAILED);
                return Ok(());
            }
        }
        self.name_decision(&told);
        put(&mut self.out, ACCEPT, &[]);
        match self.flush().await {
            Ok(()) => {
                let named = if self.queue_id.is_empty() { "" } else { " as " };
                open.close(Outcome::Delivered, &format!("given back to the mail server{named}{}", self.queue_id));
                Ok(())
            }
            Err(ended) => {
                open.close(Outcome::InDoubt, "the mail server left while it was told");
                Err(ended)
            }
        }
    }

    /// The mail stays: refused, or kept for a person.
    async fn refuse(&mut self, refused: Refused, envelope: &Envelope, fields: &[Field]) -> Result<(), Ended> {
        let Refused { told, open, held } = refused;
        let utf8 = self.envelope.as_ref().is_some_and(|known| known.transaction.from.smtp_utf8);
        let Some(content) = held else {
            self.say(refusal::reply(&told, utf8));
            open.close(Outcome::Refused, "told 550 5.7.1");
            return Ok(());
        };
        let milter = Arc::clone(&self.milter);
        let (Some(mail), Some(known)) = (milter.own_quarantine(), &self.envelope) else {
            if self.strip(fields).is_err() {
                self.say(FAILED);
                open.close(Outcome::Failed, "it could not be put on hold");
                return Ok(());
            }
            self.name_decision(&told);
            put(&mut self.out, QUARANTINE, &[format!("chot decision {}", told.id).as_bytes(), b"\0"]);
            put(&mut self.out, ACCEPT, &[]);
            let said = self.flush().await;
            let (outcome, detail) = match said {
                Ok(()) => (Outcome::Held, "on hold at the mail server"),
                Err(_) => (Outcome::InDoubt, "the mail server left while it was told"),
            };
            open.close(outcome, detail);
            return said;
        };
        let time_ms = milter.gate.clock().now().unix_ms();
        match mail.quarantine.hold(&known.transaction, envelope, &told, time_ms, false, content).await {
            Ok(()) if mail.refuses_held => {
                self.say(refusal::held(&told, true, utf8));
                open.close(Outcome::Held, "in quarantine, told 550");
            }
            Ok(()) => {
                // We have it on our disk: the mail server may forget it.
                put(&mut self.out, DISCARD, &[]);
                open.close(Outcome::Held, "in quarantine, told 250");
            }
            Err(_) => {
                self.say(FAILED);
                open.close(Outcome::Failed, "it could not be put in quarantine");
            }
        }
        Ok(())
    }

    fn name_decision(&mut self, told: &Told) {
        if self.may(action::ADD_HEADERS) {
            let space = if self.leads() { " " } else { "" };
            let value = format!("{space}{}\0", told.id);
            put(&mut self.out, ADD_HEADER, &[b"X-Chot-Decision\0", value.as_bytes()]);
            if self.milter.tells_ambiguity {
                let is_ambiguous = told.inspection().is_opaque(OpaqueReason::Ambiguous);
                let value = format!("{space}{}\0", header::ambiguity(is_ambiguous));
                put(&mut self.out, ADD_HEADER, &[header::AMBIGUITY.as_bytes(), b"\0", value.as_bytes()]);
            }
        }
    }

    /// Takes forged fields out.
    fn strip(&mut self, fields: &[Field]) -> Result<(), Unsaid> {
        for change in Field::forged(fields) {
            self.change(&change)?;
        }
        Ok(())
    }

    /// Says how the content differs from what came.
    async fn rewrite(&mut self, content: &Arc<dyn Source>, fields: &[Field]) -> Result<(), Unsaid> {
        let header = header_of(content).await?;
        let changed = changes(fields, &header).ok_or(Unsaid::Failed("the new header cannot be said by changes"))?;
        for change in changed {
            self.change(&change)?;
        }
        // The empty line is nobody's.
        let mut at = header.len() as u64 + 2;
        while at < content.len() {
            let piece = read(content, at).await?;
            at += piece.len() as u64;
            put(&mut self.out, REPLACE_BODY, &[&piece]);
            self.flush().await.map_err(|_| Unsaid::Gone)?;
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), Unsaid> {
        let value = change.value.as_deref().unwrap_or_default();
        let value = if self.leads() { value } else { value.strip_prefix(b" ").unwrap_or(value) };
        if value.is_empty() && change.value.is_some() {
            return Err(Unsaid::Failed("an empty value would remove the field"));
        }
        let index = change.index.to_be_bytes();
        put(&mut self.out, CHANGE_HEADER, &[&index, &change.name, b"\0", value, b"\0"]);
        Ok(())
    }
}

/// Why an answer could not be given.
enum Unsaid {
    /// Nobody is there.
    Gone,
    /// It could not be said.
    Failed(&'static str),
}

const UNREADABLE: Unsaid = Unsaid::Failed("the held mail could not be read");

impl From<io::Error> for Unsaid {
    fn from(_: io::Error) -> Self {
        UNREADABLE
    }
}

/// The header of a mail, without the empty line behind it.
async fn header_of(content: &Arc<dyn Source>) -> Result<Vec<u8>, Unsaid> {
    let mut all = b"\r\n".to_vec();
    let mut from = 0;
    // Masks are longer than what they hide, but not by much.
    while all.len() < 2 * HEADER_BYTES_MAX {
        if let Some(at) = memchr::memmem::find(all.get(from..).unwrap_or_default(), b"\r\n\r\n") {
            all.truncate(from + at + 2);
            return Ok(all.split_off(2));
        }
        from = all.len().saturating_sub(3);
        let piece = read(content, all.len() as u64 - 2).await?;
        all.extend_from_slice(&piece);
    }
    Err(Unsaid::Failed("the header has no end"))
}

/// The next piece, not empty. It may lie in a file, which is read where it holds up nobody.
async fn read(content: &Arc<dyn Source>, at: u64) -> Result<Vec<u8>, Unsaid> {
    let source = Arc::clone(content);
    let read = move || {
        let (mut piece, mut filled) = (vec![0; PIECE_BYTES_MAX], 0);
        while let Some(room) = piece.get_mut(filled..).filter(|room| !room.is_empty()) {
            match source.read_at(at + filled as u64, room)? {
                0 => break,
                n => filled += n,
            }
        }
        piece.truncate(filled);
        if filled == 0 { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) } else { Ok(piece) }
    };
    Ok(tokio::task::spawn_blocking(read).await.map_err(|_| UNREADABLE)??)
}
