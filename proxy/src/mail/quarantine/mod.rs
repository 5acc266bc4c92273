//! Mails that wait for a person: kept encrypted, then released or rejected by somebody who says why.
//!
//! A mail is here once its record is durable and before its client gets an answer. Releasing inspects and judges it
//! anew, by the policy of that day: what is blocked by then stays. A release that broke off behind the final dot is
//! not repeated by itself, for it could deliver twice.

mod held;
mod store;

use std::io;
use std::net::IpAddr;
use std::path::Path as FilePath;
use std::sync::Arc;

use chot_audit::{Event, Outcome};
use chot_inspect::{Hint, Source};
use chot_model::{Channel, Destination};
use tokio::sync::Mutex;

use self::held::Held;
use self::store::{Stage, Store};
use super::header::HeaderFilter;
use super::mail::MailFrom;
use super::notice::{Notice, Occasion};
use super::path::Path;
use super::rcpt::RcptTo;
use super::transaction::Transaction;
use super::{Mail, commit, header};
use crate::gate::{Decision, Envelope, Told};

/// The quarantine of the mail channel.
pub(super) struct Quarantine {
    store: Arc<Store>,
    /// One release or rejection at a time: no mail is released twice at once.
    deciding: Mutex<()>,
}

/// Who asks, and why. Both are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) by: String,
    pub(crate) why: String,
}

/// Why nothing was done, in words for an administrator.
pub(crate) type NotDone = String;

impl Quarantine {
    /// Opens the quarantine in this folder; mails leave so much of its disk free.
    pub(super) fn open(dir: &FilePath, free_bytes_min: u64) -> io::Result<Self> {
        Ok(Self { store: Arc::new(Store::open(dir, free_bytes_min)?), deciding: Mutex::new(()) })
    }

    /// Keeps a mail whose verdict says so. On return it is on the disk.
    pub(super) async fn hold(
        &self,
        transaction: &Transaction,
        envelope: &Envelope,
        told: &Told,
        time_ms: u64,
        notify: bool,
        content: Arc<dyn Source>,
    ) -> io::Result<()> {
        let behind = |command: String, word: &str| command.strip_prefix(word).unwrap_or_default().to_owned();
        let held = Held {
            id: told.id.to_string(),
            time_ms,
            from: behind(transaction.from.full_command(), "MAIL FROM:"),
            to: transaction.to.iter().map(|to| behind(to.command(), "RCPT TO:")).collect(),
            client: envelope.client.map(|client| client.to_string()).unwrap_or_default(),
            account: envelope.account.name.clone(),
            account_source: envelope.account.source.id().to_owned(),
            subject: envelope.summary.as_str().to_owned(),
            rule: told.verdict.rule.as_deref().unwrap_or_default().to_owned(),
            why: told.verdict.why.clone(),
            notify,
        };
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || store.put(&held, &*content)).await.map_err(io::Error::other)?
    }
}

impl Mail {
    /// What waits, a JSON object a line, oldest first.
    pub(crate) async fn quarantined(&self) -> Result<String, NotDone> {
        let store = Arc::clone(&self.quarantine.store);
        let listed = tokio::task::spawn_blocking(move || store.list()).await;
        let (all, unreadable) =
            listed.map_err(|e| e.to_string())?.map_err(|e| format!("the quarantine cannot be read: {e}"))?;
        let mut lines = String::new();
        for (held, stage) in all {
            let mut value = held.to_value();
            value["stage"] = if stage == Stage::Sending { "sending".into() } else { "waiting".into() };
            lines.push_str(&format!("{value}\n"));
        }
        if unreadable > 0 {
            lines.push_str(&format!("{{\"unreadable\":{unreadable}}}\n"));
        }
        Ok(lines)
    }

    async fn record(&self, what: &str, id: &str, asker: &Asker) -> Result<(), NotDone> {
        let masked = |text: &str| self.gate.inspector().mask(text).as_str().to_owned();
        let what = format!("quarantine {what} {id} by {}: {}", masked(&asker.by), masked(&asker.why));
        self.gate
            .ledger()
            .event(Event::Admin { what })
            .await
            .map(drop)
            .map_err(|_| "it could not be recorded".to_owned())
    }

    /// Tells the sender of a mail what became of it, where that was promised.
    async fn tell(self: &Arc<Self>, held: &Held, occasion: Occasion) {
        let Some((to, _)) = Path::read(&held.from).ok().filter(|_| held.notify) else { return };
        let path = |text: &String| Path::read(text).ok().map(|(path, _)| path.as_str().to_owned());
        let notice = Notice {
            occasion,
            to,
            id: held.id.clone(),
            subject: self.gate.summary(&held.subject, super::subject::CHARS_MAX),
            recipients: held.to.iter().filter_map(path).collect(),
        };
        Box::pin(Arc::clone(self).notify(notice)).await;
    }

    /// Lets go of a mail for good.
    pub(crate) async fn reject_quarantined(self: &Arc<Self>, id: &str, asker: &Asker) -> Result<(), NotDone> {
        let _one = self.quarantine.deciding.lock().await;
        let (stage, held) = self.stage_of(id).await?;
        self.record("reject", id, asker).await?;
        let removed = self.on_store(id, move |store, id| store.remove(id, stage)).await;
        if let Err(why) = &removed {
            let failed = Asker { why: format!("it stays: {why}"), ..asker.clone() };
            self.record("reject failed", id, &failed).await?;
        } else {
            self.tell(&held, Occasion::Rejected).await;
        }
        removed
    }

    /// Lets go of what has waited for longer than `days`.
    pub(super) async fn expire_quarantined(self: &Arc<Self>, days: u32) {
        let kept_ms = u64::from(days) * 24 * 3_600 * 1_000;
        let before_ms = self.gate.clock().now().unix_ms().saturating_sub(kept_ms);
        self.expire_before(before_ms, &format!("nobody decided within {days} days")).await;
    }

    pub(super) async fn expire_before(self: &Arc<Self>, before_ms: u64, why: &str) {
        let _one = self.quarantine.deciding.lock().await;
        let store = Arc::clone(&self.quarantine.store);
        let Ok(Ok((all, _))) = tokio::task::spawn_blocking(move || store.list()).await else { return };
        let asker = Asker { by: "the gateway".to_owned(), why: why.to_owned() };
        for (held, stage) in all.into_iter().filter(|(held, _)| held.time_ms < before_ms) {
            // What cannot be recorded stays.
            if self.record("expire", &held.id, &asker).await.is_err() {
                continue;
            }
            // The record would say that it is gone: a mail that stays has to be told of as well.
            if let Err(why) = self.on_store(&held.id, move |store, id| store.remove(id, stage)).await {
                let failed = Asker { why: format!("it stays, and is tried again: {why}"), ..asker.clone() };
                let _ = self.record("expire failed", &held.id, &failed).await;
            } else {
                self.tell(&held, Occasion::Expired).await;
            }
        }
    }

    async fn stage_of(&self, id: &str) -> Result<(Stage, Held), NotDone> {
        for stage in [Stage::Waiting, Stage::Sending] {
            if let Ok(held) = self.on_store(id, move |store, id| store.get(id, stage, &mut |_| Ok(()))).await {
                return Ok((stage, held));
            }
        }
        Err("there is no such mail in quarantine".to_owned())
    }

    async fn on_store<T: Send + 'static>(
        &self,
        id: &str,
        act: impl FnOnce(&Store, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T, NotDone> {
        let (store, id) = (Arc::clone(&self.quarantine.store), id.to_owned());
        let done = tokio::task::spawn_blocking(move || act(&store, &id)).await;
        done.map_err(|e| e.to_string())?.map_err(|e| format!("the quarantine cannot be used: {e}"))
    }

    /// Inspects a mail again, judges it by the policy of today, and delivers it. `again`: also one that may have been
    /// delivered already. Gives the number of the new decision.
    pub(crate) async fn release_quarantined(
        self: &Arc<Self>,
        id: &str,
        asker: &Asker,
        again: bool,
    ) -> Result<String, NotDone> {
        let _one = self.quarantine.deciding.lock().await;
        let (stage, _) = self.stage_of(id).await?;
        if stage == Stage::Sending && !again {
            return Err("it may have been delivered already: its release broke off behind the final dot".to_owned());
        }
        let hint = Hint { name: None, content_type: Some("message/rfc822".to_owned()) };
        let mut intake = self.gate.begin(hint);
        let (held, mut intake, signers) = self
            .on_store(id, move |store, id| {
                let (mut header, mut kept) = (HeaderFilter::new(), Vec::new());
                let held = store.get(id, stage, &mut |piece| {
                    kept.clear();
                    header.push(piece, &mut kept);
                    intake.push(piece).map_err(io::Error::other)
                })?;
                header.end(&mut kept);
                Ok((held, intake, header.signers().clone()))
            })
            .await?;
        let mut downstream =
            Box::pin(self.next_hop.connect()).await.map_err(|_| "the next mail server is not available".to_owned())?;
        let transaction = Transaction::again(&held.from, &held.to, downstream.offers())
            .ok_or("the next mail server can do less than when the mail came")?;
        for (name, value) in transaction.telling_fields() {
            intake.field(name, value.as_bytes());
        }
        self.record("release", id, asker).await?;
        let envelope = Envelope {
            channel: Channel::Mail,
            client: held.client.parse::<IpAddr>().ok(),
            account: held.account(),
            destination: Destination {
                recipients: transaction.to.iter().map(|to| to.path.as_str().to_owned()).collect(),
                ..Destination::default()
            },
            summary: self.gate.summary(&held.subject, super::subject::CHARS_MAX),
        };
        let deciding = Box::pin(intake.decide_released(envelope, self.abilities(&signers), id));
        let decision = deciding.await.map_err(|e| e.to_string())?;
        let cleared = match decision {
            Decision::Cleared(cleared) => cleared,
            Decision::Refused(refused) => {
                refused.open.close(Outcome::Refused, "stays in quarantine");
                return Err(format!("the policy of today blocks it, decision {}", refused.told.id));
            }
        };
        let decision = cleared.id();
        let envelope = std::iter::once(transaction.from.command(downstream.offers()));
        for command in envelope.chain(transaction.to.iter().map(RcptTo::command)) {
            let heard = downstream.ask(&command).await;
            if !heard.as_ref().is_ok_and(|reply| reply.is_success()) {
                let (_, _, open) = cleared.into_parts();
                open.close(Outcome::Refused, "the next hop refused the envelope");
                let said = heard.map_or_else(|broken| broken.what().to_owned(), |reply| reply.code.to_string());
                return Err(format!("the next mail server refused the envelope: {said}"));
            }
        }
        self.on_store(id, move |store, id| store.turn(id, stage, Stage::Sending)).await?;
        let now = self.gate.clock().now();
        let is_ambiguous = self.ambiguity(cleared.is_ambiguous());
        let trace = header::trace(&self.next_hop.own_name, "ESMTP", decision, now, is_ambiguous);
        let way = commit::Way { next_hop: &self.next_hop, transaction: &transaction, may_reconnect: true };
        let signing = commit::Signing { keys: &self.keys, now };
        let (reply, outcome) = Box::pin(commit::commit(None, &mut downstream, way, signing, &trace, cleared)).await;
        downstream.quit().await;
        match outcome {
            Outcome::Delivered => {
                self.tell(&held, Occasion::Released).await;
                self.on_store(id, |store, id| store.remove(id, Stage::Sending)).await?;
                Ok(decision.to_string())
            }
            Outcome::InDoubt => Err(format!("nobody knows whether it arrived, decision {decision}")),
            _ => {
                self.on_store(id, |store, id| store.turn(id, Stage::Sending, Stage::Waiting)).await?;
                Err(format!("the next mail server did not take it: {}", reply.code))
            }
        }
    }
}

impl Transaction {
    /// A transaction of a mail that was held, for a next hop that can still do what it needs.
    fn again(from: &str, to: &[String], offers: &super::ehlo::Offers) -> Option<Self> {
        let from = MailFrom::parse(from, offers, true, u64::MAX).ok()?;
        let utf8 = from.smtp_utf8;
        let to = to.iter().map(|to| RcptTo::parse(to, offers, true, utf8).ok()).collect::<Option<Vec<_>>>()?;
        (!to.is_empty()).then_some(Self { from, to })
    }
}
