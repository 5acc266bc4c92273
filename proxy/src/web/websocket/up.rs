//! From the client to the server, message by message: each is held, judged and recorded, and leaves as one frame.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use chot_audit::Outcome;
use chot_inspect::{Hint, Source};
use chot_model::{Channel, Destination};
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::time::timeout;

use super::frame::{Head, Opcode, apply, closing, small};
use super::message::{Broken, Kind, Messages, Said};
use super::pings::Pings;
use super::wire::{Io, PIECE_BYTES, Reader, mask, put};
use super::{About, End, slight};
use crate::drain::Session;
use crate::gate::{Abilities, Decision, Envelope, Intake};
use crate::web::Client;
use crate::web::exchange::SUMMARY_CHARS_MAX;
use crate::web::refusal::{Why, short};
use crate::{Error, apps};

/// Longest pause within a message. Between messages there is no limit: chats are idle for hours, and servers ping.
const PAUSE_SECONDS: u64 = 120;

/// The client's side of a socket.
pub(super) struct Up {
    pub(super) client: Arc<Client>,
    pub(super) about: About,
    pub(super) from: Reader,
    pub(super) messages: Messages,
    /// What is held of the message under way.
    pub(super) intake: Option<Intake>,
    /// The beginning of a binary message: until there is more than a heartbeat has, it is not inspected.
    pub(super) slight: Vec<u8>,
    pub(super) to: WriteHalf<Io>,
    pub(super) pings: Arc<Mutex<Pings>>,
}

impl Up {
    /// Relays until the socket ends. What is held of a message then goes nowhere.
    pub(super) async fn run(&mut self, session: &mut Session) -> End {
        loop {
            match self.messages.next(&mut self.from.bytes) {
                Ok(Some(said)) => {
                    if let Err(end) = self.heed(said).await {
                        return end;
                    }
                }
                Ok(None) => {
                    if let Err(end) = self.more(session).await {
                        return end;
                    }
                }
                Err(Broken::Frame) => return self.refuse(Why::WebSocketFrame, 1002).await,
                Err(Broken::Text) => return self.refuse(Why::WebSocketFrame, 1007).await,
                Err(Broken::Size) => return self.refuse(Why::WebSocketSize, 1009).await,
            }
        }
    }

    async fn more(&mut self, session: &mut Session) -> Result<(), End> {
        let more = if self.messages.is_within_message() {
            match timeout(Duration::from_secs(PAUSE_SECONDS), self.from.more()).await {
                Ok(more) => more,
                Err(_) => return Err(self.refuse(Why::SlowBody, 1008).await),
            }
        } else {
            tokio::select! {
                more = self.from.more() => more,
                () = session.drained() => return Err(End::Ours(1012, "the gateway restarts".to_owned())),
            }
        };
        if !more && self.messages.is_within_message() {
            self.refuse(Why::BodyAborted, 1001).await;
        }
        if more { Ok(()) } else { Err(End::Gone) }
    }

    /// Does what a thing that the client said asks for.
    async fn heed(&mut self, said: Said) -> Result<(), End> {
        let (opcode, payload) = match said {
            Said::Piece(piece) => {
                let pushed = self.take_in(&piece);
                return if pushed.is_ok() { Ok(()) } else { Err(self.refuse(Why::Gateway, 1011).await) };
            }
            Said::End(kind) => return self.decide(kind).await,
            Said::Close(code) => {
                let code = code.map(u16::to_be_bytes);
                let _ = self.send_small(Opcode::Close, code.as_ref().map_or(&[], <[u8; 2]>::as_slice)).await;
                return Err(End::Closing);
            }
            Said::Ping(payload) => (Opcode::Ping, self.pings().ask(&payload).to_vec()),
            Said::Pong(payload) => (Opcode::Pong, self.pings().answer(&payload).to_vec()),
        };
        if self.send_small(opcode, &payload).await { Ok(()) } else { Err(End::Gone) }
    }

    fn pings(&self) -> std::sync::MutexGuard<'_, Pings> {
        self.pings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn intake(&mut self) -> &mut Intake {
        let Self { intake, client, .. } = self;
        intake.get_or_insert_with(|| client.web.gate.begin(Hint { name: None, content_type: None }))
    }

    /// Takes the next bytes of the message under way.
    fn take_in(&mut self, piece: &[u8]) -> Result<(), Error> {
        let is_begun = self.intake.as_ref().is_some_and(|intake| !intake.is_empty());
        if self.messages.is_binary() && !is_begun && self.slight.len() + piece.len() <= slight::BYTES_MAX {
            self.slight.extend_from_slice(piece);
            self.intake();
            return Ok(());
        }
        let begun = std::mem::take(&mut self.slight);
        let intake = self.intake();
        intake.push(&begun)?;
        intake.push(piece)
    }

    /// Takes in a binary message that is short enough to be a heartbeat: its text where it holds nothing else. It leaves
    /// as it came.
    fn take_slight(&mut self) -> Result<(), Error> {
        let message = std::mem::take(&mut self.slight);
        let text = slight::text_of(&message);
        let intake = self.intake();
        match text {
            Some(text) if text != message => {
                intake.keep_encoded(&message)?;
                intake.push(&text)
            }
            _ => intake.push(&message),
        }
    }

    /// Judges and records the message that is now whole, and sends it if it may leave.
    async fn decide(&mut self, kind: Kind) -> Result<(), End> {
        if self.take_slight().is_err() {
            return Err(self.refuse(Why::Gateway, 1011).await);
        }
        let Some(intake) = self.intake.take() else { return Ok(()) };
        // The parts of binary messages have lengths and sums that nobody here would put right.
        let abilities = Abilities { redact: kind == Kind::Text, ..Abilities::default() };
        match intake.decide(self.envelope(), abilities).await {
            Err(_) => Err(self.refuse(Why::Gateway, 1011).await),
            Ok(Decision::Refused(refused)) => {
                refused.open.close(Outcome::Refused, "refused by the gateway");
                Err(End::Ours(1008, short(&refused.told)))
            }
            Ok(Decision::Cleared(cleared)) => {
                let (content, _, open) = cleared.into_parts();
                let opcode = if kind == Kind::Text { Opcode::Text } else { Opcode::Binary };
                let sent = self.send(opcode, &*content).await;
                match sent {
                    Ok(()) => open.close(Outcome::Delivered, "written to the WebSocket"),
                    Err(_) => open.close(Outcome::InDoubt, "the WebSocket broke"),
                }
                sent
            }
        }
    }

    async fn send(&mut self, opcode: Opcode, content: &dyn Source) -> Result<(), End> {
        let Some(mask) = mask() else { return Err(End::Ours(1011, String::new())) };
        let mut bytes = BytesMut::new();
        Head { is_last: true, opcode, mask: Some(mask), len: content.len() }.write(&mut bytes);
        let mut at = 0;
        loop {
            let head_bytes = bytes.len();
            let left = content.len() - at;
            bytes.resize(head_bytes + left.min(PIECE_BYTES as u64) as usize, 0);
            let piece = bytes.get_mut(head_bytes..).unwrap_or_default();
            let n = if left == 0 { 0 } else { content.read_at(at, piece).unwrap_or(0) };
            if n == 0 && left > 0 {
                // Less than was inspected must not pass for the whole: the frame stays incomplete.
                return Err(End::Gone);
            }
            apply(mask, at, piece.get_mut(..n).unwrap_or_default());
            at += n as u64;
            bytes.truncate(head_bytes + n);
            if !put(&mut self.to, &bytes).await {
                return Err(End::Gone);
            }
            bytes.clear();
            if at == content.len() {
                return Ok(());
            }
        }
    }

    async fn send_small(&mut self, opcode: Opcode, payload: &[u8]) -> bool {
        match mask() {
            Some(mask) => put(&mut self.to, &small(opcode, Some(mask), payload)).await,
            None => false,
        }
    }

    /// Tells the server that it is over. It learns the code and nothing of ours.
    pub(super) async fn close(&mut self, code: u16) {
        let _ = self.send_small(Opcode::Close, &closing(code, "closed by a gateway on the way")).await;
        let _ = self.to.shutdown().await;
    }

    /// Records why the socket ends without a verdict.
    async fn refuse(&mut self, why: Why, code: u16) -> End {
        let id = self.client.new_id();
        let held = self.intake.take().map_or(0, |intake| intake.len());
        self.client.record(Some(id), &self.about.host.host, why.id(), held).await;
        End::Ours(code, format!("{} {id}", why.id()))
    }

    fn envelope(&self) -> Envelope {
        let About { host, account, address, is_tls, path } = &self.about;
        let app = apps::of_host(&host.host);
        let scheme = if *is_tls { "wss" } else { "ws" };
        let summary = format!("WEBSOCKET {scheme}://{}{path}", host.host);
        Envelope {
            channel: Channel::Web,
            client: Some(self.client.peer.ip().to_canonical()),
            account: account.clone(),
            destination: Destination {
                app,
                activity: Some(apps::activity(app, "WEBSOCKET", path, false)),
                host: host.host.clone(),
                address: *address,
                recipients: Vec::new(),
            },
            summary: self.client.web.gate.summary(&summary, SUMMARY_CHARS_MAX),
        }
    }
}
