//! A mail to a sender whose mail waits for a person, or did not wait in vain: in Vietnamese and English, with the number
//! to quote.
//!
//! It takes the same way as any mail: inspected, judged, recorded, handed to the next hop. It goes to our own domains
//! only and never in answer to a machine, with no return path, so that nothing can answer it (RFC 3834). It is a
//! courtesy: when it cannot be sent, the record of its decision says so, and nothing else happens.

use std::sync::Arc;

use chot_audit::Outcome;
use chot_config::NotifySenders;
use chot_inspect::Hint;
use chot_model::{Account, Channel, DecisionId, Destination, Masked, Zone};

use super::mail::MailFrom;
use super::path::Path;
use super::rates::Sender;
use super::rcpt::RcptTo;
use super::reply::Reply;
use super::transaction::Transaction;
use super::{Mail, commit, header, subject};
use crate::base64;
use crate::gate::{Abilities, Decision, Envelope};

/// What happened to the mail that the notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// It waits for a person.
    Held,
    /// It was blocked.
    Refused,
    /// A person let it go.
    Released,
    /// A person did not.
    Rejected,
    /// No person decided in time.
    Expired,
}

impl Occasion {
    /// Subject, and what is said, in Vietnamese and in English.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::Held => [
                "Thư được giữ lại chờ duyệt",
                "chưa được gửi đi và đang chờ người có thẩm quyền duyệt.",
                "has not been sent yet: it waits for somebody to review it.",
            ],
            Self::Refused => ["Thư bị chặn", "đã bị chặn và không được gửi đi.", "was blocked and has not been sent."],
            Self::Released => ["Thư đã được duyệt", "đã được duyệt và gửi đi.", "was approved and has been sent."],
            Self::Rejected => [
                "Thư không được duyệt",
                "không được duyệt và sẽ không được gửi đi.",
                "was not approved and will not be sent.",
            ],
            Self::Expired => [
                "Thư hết hạn chờ duyệt",
                "không có ai duyệt trong thời hạn và sẽ không được gửi đi.",
                "was not reviewed in time and will not be sent.",
            ],
        }
    }

    fn is_told(self, whom: NotifySenders) -> bool {
        match whom {
            NotifySenders::Off => false,
            NotifySenders::Held => self != Self::Refused,
            NotifySenders::All => true,
        }
    }
}

/// What is told.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) occasion: Occasion,
    /// Who sent the mail.
    pub(super) to: Path,
    /// The number of its decision.
    pub(super) id: String,
    pub(super) subject: Masked,
    pub(super) recipients: Vec<String>,
}

/// Most recipients that are named.
const RECIPIENTS_MAX: usize = 5;
/// Names of mailboxes that no person reads (RFC 3834 §2, RFC 2142), or that are lists.
const MACHINES: &[&str] =
    &["mailer-daemon", "postmaster", "noreply", "no-reply", "bounce", "bounces", "daemon", "root"];

/// Whether an address is one that a person may read.
fn is_person(path: &Path) -> bool {
    let Path::Mailbox(_) = path else { return false };
    let [local, _] = path.halves();
    let local = local.to_ascii_lowercase();
    !MACHINES.iter().any(|name| local == *name)
        && !local.starts_with("owner-")
        && !local.ends_with("-request")
        && !local.ends_with("-bounces")
        && path.is_ascii()
}

impl Mail {
    /// Whether the sender of a mail is told what becomes of it. `is_automatic`: a program wrote it.
    pub(super) fn notifies(&self, to: &Path, is_automatic: bool) -> bool {
        self.notify_senders != NotifySenders::Off
            && !is_automatic
            && is_person(to)
            && self.gate.policy().zone_of_recipient(to.as_str()) == Zone::Internal
    }

    /// Tells a sender, whom [`Self::notifies`] allows, unless that is too often.
    pub(super) async fn notify(self: Arc<Self>, notice: Notice) {
        let (Some(from), true) = (&self.notice_from, notice.occasion.is_told(self.notify_senders)) else { return };
        let now = self.gate.clock().now();
        if self.rates.notice(Sender::Account(notice.to.as_str().to_lowercase()), now.unix_ms()).is_err() {
            return;
        }
        let contact = self.gate.policy().contact().map(ToString::to_string);
        let own_id = self.gate.new_id(now);
        let text = text(&notice, from, &self.next_hop.own_name, own_id, &header::date(now), contact.as_deref());
        // Only what is recorded leaves, our own words too.
        let mut intake = self.gate.begin(Hint { name: None, content_type: Some("message/rfc822".to_owned()) });
        if intake.push(text.as_bytes()).is_err() {
            return;
        }
        let envelope = Envelope {
            channel: Channel::Mail,
            client: None,
            account: Account::unknown(),
            destination: Destination { recipients: vec![notice.to.as_str().to_owned()], ..Destination::default() },
            summary: self.gate.summary(&format!("notice about decision {}", notice.id), subject::CHARS_MAX),
        };
        let cleared = match Box::pin(intake.decide(envelope, Abilities::default())).await {
            Ok(Decision::Cleared(cleared)) => cleared,
            Ok(Decision::Refused(refused)) => return refused.open.close(Outcome::Refused, "a notice, not sent"),
            Err(_) => return,
        };
        let from = MailFrom { path: Path::Null, size: None, is_8bit: None, smtp_utf8: false, passed: Vec::new() };
        let to = vec![RcptTo { path: notice.to, passed: Vec::new() }];
        let transaction = Transaction { from, to };
        let Ok(mut downstream) = self.next_hop.reach().await else {
            let (_, _, open) = cleared.into_parts();
            return open.close(Outcome::Failed, "a notice: the next hop is not available");
        };
        let commands = std::iter::once(transaction.from.command(downstream.offers()));
        for command in commands.chain(transaction.to.iter().map(RcptTo::command)) {
            if !downstream.ask(&command).await.as_ref().is_ok_and(Reply::is_success) {
                let (_, _, open) = cleared.into_parts();
                open.close(Outcome::Refused, "a notice: the next hop refused the envelope");
                return downstream.quit().await;
            }
        }
        let trace = header::trace(&self.next_hop.own_name, "ESMTP", cleared.id(), now, None);
        let way = commit::Way { next_hop: &self.next_hop, transaction: &transaction, may_reconnect: true };
        let signing = commit::Signing { keys: &self.keys, now };
        commit::commit(None, &mut downstream, way, signing, &trace, cleared).await;
        if let Some(dismissed) = self.next_hop.keep(downstream) {
            dismissed.quit().await;
        }
    }
}

fn text(notice: &Notice, from: &str, host: &str, own_id: DecisionId, date: &str, contact: Option<&str>) -> String {
    let Notice { occasion, to, id, subject, recipients } = notice;
    let [title, vi, en] = occasion.words();
    let mut listed = recipients.iter().take(RECIPIENTS_MAX).cloned().collect::<Vec<_>>().join(", ");
    if recipients.len() > RECIPIENTS_MAX {
        listed.push_str(", …");
    }
    let contact = contact.unwrap_or("người quản trị / your administrator");
    let body = format!(
        "Thư của bạn gửi tới {listed}, tiêu đề “{subject}”, {vi}\r\nMã quyết định: {id}\r\nLiên hệ: {contact}\r\n\
         Thư này do cổng kiểm soát gửi tự động, xin đừng trả lời.\r\n\r\n\
         Your mail to {listed}, subject “{subject}”, {en}\r\nDecision: {id}\r\nAsk: {contact}\r\n\
         This mail was sent by the gateway itself; please do not answer it.\r\n"
    );
    let encoded = base64::encode(body.as_bytes());
    let lines = encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\r\n").collect::<String>();
    // An encoded word has 75 characters at most (RFC 2047 §2); none of the titles comes near.
    let title = format!("=?utf-8?B?{}?=", base64::encode(title.as_bytes()));
    format!(
        "From: <{from}>\r\nTo: <{}>\r\nSubject: {title}\r\n ({id})\r\nDate: {date}\r\nMessage-ID: <{own_id}@{host}>\r\n\
         Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}",
        to.as_str()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_not_written_to() {
        for (address, may) in [
            ("<an.nguyen@vss.gov.vn>", true),
            ("<>", false),
            ("<postmaster>", false),
            ("<Mailer-Daemon@vss.gov.vn>", false),
            ("<no-reply@vss.gov.vn>", false),
            ("<owner-tin@vss.gov.vn>", false),
            ("<tin-request@vss.gov.vn>", false),
            ("<tin-bounces@vss.gov.vn>", false),
            ("<thư@vss.gov.vn>", false),
        ] {
            assert_eq!(is_person(&Path::read(address).expect(address).0), may, "{address}");
        }
    }
}
