//! What is known about a mail in quarantine: enough to show it in a list and to deliver it later as it came.

use chot_model::{Account, AccountSource};
use serde_json::{Value, json};

/// A mail in quarantine, without its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The decision's number.
    pub(super) id: String,
    /// When it came, in milliseconds since 1970.
    pub(super) time_ms: u64,
    /// What stood behind `MAIL FROM:` and each `RCPT TO:`, as it was accepted.
    pub(super) from: String,
    pub(super) to: Vec<String>,
    /// The client's address.
    pub(super) client: String,
    pub(super) account: String,
    pub(super) account_source: String,
    /// Masked.
    pub(super) subject: String,
    pub(super) rule: String,
    pub(super) why: Vec<String>,
    /// Its sender is told by mail what becomes of it.
    pub(super) notify: bool,
}

impl Held {
    pub(super) fn to_value(&self) -> Value {
        json!({
            "id": self.id, "time_ms": self.time_ms, "from": self.from, "to": self.to, "client": self.client,
            "account": self.account, "account_source": self.account_source, "subject": self.subject,
            "rule": self.rule, "why": self.why, "notify": self.notify,
        })
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        self.to_value().to_string().into_bytes()
    }

    pub(super) fn from_json(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        let list = |key: &str| {
            let all = value.get(key)?.as_array()?.iter();
            all.map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        Some(Self {
            id: text("id")?,
            time_ms: value.get("time_ms")?.as_u64()?,
            from: text("from")?,
            to: list("to")?,
            client: text("client")?,
            account: text("account")?,
            account_source: text("account_source")?,
            subject: text("subject")?,
            rule: text("rule")?,
            why: list("why")?,
            // Mails of before there were notices say nothing of it.
            notify: value.get("notify").and_then(Value::as_bool).unwrap_or_default(),
        })
    }

    /// Who sent it.
    pub(super) fn account(&self) -> Account {
        const SOURCES: [AccountSource; 3] = [AccountSource::SmtpAuth, AccountSource::ProxyAuth, AccountSource::Address];
        match SOURCES.into_iter().find(|source| source.id() == self.account_source) {
            Some(source) => Account::new(self.account.clone(), source),
            None => Account::unknown(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_comes_back() {
        let held = Held {
            id: "018b-1".to_owned(),
            time_ms: 7,
            from: "<an@example.vn> BODY=8BITMIME".to_owned(),
            to: vec!["<b@example.org>".to_owned(), "<\"c d\"@example.org>".to_owned()],
            client: "10.1.2.3".to_owned(),
            account: "an.nguyen".to_owned(),
            account_source: "smtp-auth".to_owned(),
            subject: "Danh sách •••456".to_owned(),
            rule: "review".to_owned(),
            why: vec!["1 distinct cccd".to_owned()],
            notify: true,
        };
        assert_eq!(Held::from_json(&held.to_json()), Some(held.clone()));
        assert_eq!(held.account().source, AccountSource::SmtpAuth);
        assert_eq!(Held::default().account(), Account::unknown());
        assert_eq!(Held::from_json(b"{}"), None);
    }
}
