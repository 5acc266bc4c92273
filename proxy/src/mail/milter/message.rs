//! A mail as a mail server tells it: envelope, header fields one by one, body in pieces; put together again for the
//! inspection, and taken apart again where its verdict changed it.
//!
//! Whether lines and addresses are as they should be was the mail server's business; nothing is refused for it here.

use chot_model::Account;

use super::super::header::{RECEIVED_MAX, is_ours};
use super::super::mail::MailFrom;
use super::super::path::Path;
use super::super::rcpt::RcptTo;
use super::super::receive::Flaw;
use super::super::transaction::Transaction;
use crate::gate::Intake;

/// Most bytes of all header fields together: they are kept to tell what a redaction changed.
pub(super) const HEADER_BYTES_MAX: usize = 4 << 20;

/// The transaction, before its content.
pub(super) struct Envelope {
    pub(super) transaction: Transaction,
    /// Who logged in at the mail server.
    pub(super) account: Option<Account>,
}

impl Envelope {
    /// Of the words of MAIL.
    pub(super) fn new(words: &[&[u8]], account: Option<Account>) -> Self {
        let mut from = MailFrom { path: path(words), size: None, is_8bit: None, smtp_utf8: false, passed: Vec::new() };
        for word in parameters(words) {
            match word.to_ascii_uppercase().as_str() {
                "SMTPUTF8" => from.smtp_utf8 = true,
                "BODY=8BITMIME" => from.is_8bit = Some(true),
                "BODY=7BIT" => from.is_8bit = Some(false),
                upper if upper.starts_with("SIZE=") => {}
                _ => from.passed.push(word),
            }
        }
        Self { transaction: Transaction { from, to: Vec::new() }, account }
    }

    /// One more recipient, of the words of RCPT.
    pub(super) fn recipient(words: &[&[u8]]) -> RcptTo {
        RcptTo { path: path(words), passed: parameters(words).collect() }
    }
}

fn parameters<'a>(words: &'a [&[u8]]) -> impl Iterator<Item = String> + 'a {
    words.iter().skip(1).map(|word| String::from_utf8_lossy(word).into_owned())
}

/// The path of MAIL or RCPT. The mail server took it, so what is not written as it should be is an address all the same.
fn path(words: &[&[u8]]) -> Path {
    let text = String::from_utf8_lossy(words.first().copied().unwrap_or_default());
    match Path::read(&text) {
        Ok((path, "")) => path,
        _ => match text.trim_start_matches('<').trim_end_matches('>') {
            "" => Path::Null,
            bare => Path::Mailbox(bare.to_owned()),
        },
    }
}

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: Vec<u8>,
    /// Behind the colon, lines ending in CR LF but for the last.
    value: Vec<u8>,
    /// Only we may write such fields: it is forged, and goes.
    pub(super) is_forged: bool,
}

impl Field {
    pub(super) fn new(name: &[u8], value: &[u8], may_go: bool) -> Self {
        let mut lines = Vec::with_capacity(value.len() + 2);
        for (n, line) in value.split(|byte| *byte == b'\n').enumerate() {
            lines.extend_from_slice(if n == 0 { b"" } else { b"\r\n" });
            lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        }
        Self { name: name.to_vec(), value: lines, is_forged: may_go && is_ours(name) }
    }

    /// The changes that take forged fields out.
    pub(super) fn forged(fields: &[Self]) -> Vec<Change> {
        let all = fields.iter().enumerate().filter(|(_, field)| field.is_forged);
        let gone = all.map(|(n, field)| Change { name: field.name.clone(), index: index(fields, n), value: None });
        gone.rev().collect()
    }

    /// As it stands in a mail.
    pub(super) fn line(&self) -> Vec<u8> {
        [&self.name, &b":"[..], &self.value, b"\r\n"].concat()
    }

    fn is_named(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// A mail that is arriving.
pub(super) struct Arriving {
    /// Given back as soon as the mail is known to be refused.
    intake: Option<Intake>,
    fields: Vec<Field>,
    flaw: Option<Flaw>,
    is_body: bool,
    header_bytes: usize,
    bytes: u64,
    size_max: u64,
}

impl Arriving {
    pub(super) fn new(intake: Intake, size_max: u64) -> Self {
        Self {
            intake: Some(intake),
            fields: Vec::new(),
            flaw: None,
            is_body: false,
            header_bytes: 0,
            bytes: 0,
            size_max,
        }
    }

    pub(super) fn field(&mut self, field: Field) {
        self.header_bytes = self.header_bytes.saturating_add(field.name.len() + field.value.len() + 3);
        if self.header_bytes > HEADER_BYTES_MAX {
            return self.refuse(Flaw::TooLarge);
        }
        if !field.is_forged {
            self.push(&field.line());
        }
        self.fields.push(field);
        if self.fields.iter().filter(|field| field.is_named(b"received")).count() > RECEIVED_MAX as usize {
            self.refuse(Flaw::Looping);
        }
    }

    /// The header is over.
    pub(super) fn end_of_header(&mut self) {
        if !self.is_body {
            self.is_body = true;
            self.push(b"\r\n");
        }
    }

    pub(super) fn body(&mut self, piece: &[u8]) {
        self.end_of_header();
        self.push(piece);
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.size_max {
            return self.refuse(Flaw::TooLarge);
        }
        if self.intake.as_mut().is_some_and(|intake| intake.push(bytes).is_err()) {
            self.refuse(Flaw::NotHeld);
        }
    }

    fn refuse(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
        self.intake = None;
        self.fields = Vec::new();
    }

    /// The subject, as sent.
    pub(super) fn subject(&self) -> &[u8] {
        self.fields.iter().find(|field| field.is_named(b"subject")).map_or(&[], |field| &field.value)
    }

    /// Whether somebody has signed it. Whatever signs for us does so behind us.
    pub(super) fn is_signed(&self) -> bool {
        let names: [&[u8]; 2] = [b"dkim-signature", b"arc-message-signature"];
        self.fields.iter().any(|field| names.iter().any(|name| field.is_named(name)))
    }

    /// The mail has come whole.
    pub(super) fn finish(mut self) -> Result<(Intake, Vec<Field>), Flaw> {
        self.end_of_header();
        match (self.flaw, self.intake) {
            (None, Some(intake)) => Ok((intake, self.fields)),
            (flaw, _) => Err(flaw.unwrap_or(Flaw::NotHeld)),
        }
    }
}

/// A change to the header, as the protocol names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: Vec<u8>,
    /// Which of the fields with this name, from 1.
    pub(super) index: u32,
    /// Its new value, lines ending in LF but for the last; `None`: the field goes.
    pub(super) value: Option<Vec<u8>>,
}

/// What has to change for the header to read like `new`, the last field first, so that no change moves the place of
/// another. `None` where no changes of values can make it so.
pub(super) fn changes(fields: &[Field], new: &[u8]) -> Option<Vec<Change>> {
    let mut new = split(new)?.into_iter();
    let mut changes = Vec::new();
    for (n, field) in fields.iter().enumerate() {
        let value = if field.is_forged {
            None
        } else {
            let (name, value) = new.next()?;
            if name != field.name {
                return None;
            }
            if value == field.value {
                continue;
            }
            Some(value.split(|byte| *byte == b'\r').collect::<Vec<_>>().concat())
        };
        changes.push(Change { name: field.name.clone(), index: index(fields, n), value });
    }
    changes.reverse();
    new.next().is_none().then_some(changes)
}

/// Which of the fields of its name a field is, from 1.
fn index(fields: &[Field], n: usize) -> u32 {
    let before = fields.get(..n).unwrap_or_default();
    let same = fields.get(n).map_or(0, |field| before.iter().filter(|other| other.is_named(&field.name)).count());
    u32::try_from(same).unwrap_or(u32::MAX).saturating_add(1)
}

/// Names and values of a header whose lines end in CR LF.
fn split(header: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut fields = Vec::new();
    let mut rest = header;
    while !rest.is_empty() {
        // A field ends where a line begins with no white space.
        let ends = memchr::memchr_iter(b'\n', rest).map(|at| at + 1);
        let end = ends.into_iter().find(|end| !matches!(rest.get(*end), Some(b' ' | b'\t')))?;
        let (field, behind) = rest.split_at(end);
        let colon = memchr::memchr(b':', field)?;
        fields.push((field.get(..colon)?, field.get(colon + 1..)?.strip_suffix(b"\r\n")?));
        rest = behind;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str) -> Field {
        Field::new(name.as_bytes(), value.as_bytes(), true)
    }

    #[test]
    fn only_what_changed_is_changed_and_forged_fields_go() {
        let fields = [
            field("Received", " a\n\tb"),
            field("X-Chot-Decision", " forged"),
            field("X-Note", " one"),
            field("Subject", " Danh sách\r\n 1"),
            field("x-note", " two"),
            field("x-chot-decision", ""),
        ];
        let gone = |name: &str, index| Change { name: name.into(), index, value: None };
        let now = |name: &str, index, value: &str| Change { name: name.into(), index, value: Some(value.into()) };
        let forged = [gone("x-chot-decision", 2), gone("X-Chot-Decision", 1)];
        for (new, expected) in [
            ("Received: a\r\n\tb\r\nX-Note: one\r\nSubject: Danh sách\r\n 1\r\nx-note: two\r\n", Some(forged.to_vec())),
            (
                "Received: a\r\n\tb\r\nX-Note: one\r\nSubject: ••\r\n •\r\nx-note:\tthree\r\n",
                Some(vec![
                    forged[0].clone(),
                    now("x-note", 2, "\tthree"),
                    now("Subject", 1, " ••\n •"),
                    forged[1].clone(),
                ]),
            ),
            ("Received: a\r\n\tb\r\nX-Note: one\r\nSubject: Danh sách\r\n 1\r\n", None),
            ("Received: a\r\nX-Note: one\r\nSubject: x\r\nx-note: two\r\nMore: 1\r\n", None),
            ("Received: a\r\nX-Other: one\r\nSubject: x\r\nx-note: two\r\n", None),
            ("Received: a\r\n\tb\r\nX-Note: one\r\nSubject: Danh sách\r\n 1\r\nx-note: two", None),
            ("", None),
        ] {
            assert_eq!(changes(&fields, new.as_bytes()), expected, "{new:?}");
        }
        assert_eq!(changes(&[], b""), Some(vec![]));
    }

    #[test]
    fn addresses_are_what_the_mail_server_took() {
        for (word, address) in [
            (&b"<a@b.vn>"[..], "a@b.vn"),
            (b"a@b.vn", "a@b.vn"),
            (b"<@relay:a@b.vn>", "@relay:a@b.vn"),
            (b"<a b@x>", "a b@x"),
            (b"<>", ""),
            (b"\xff@b.vn", "\u{fffd}@b.vn"),
        ] {
            assert_eq!(Envelope::recipient(&[word]).path.as_str(), address);
        }
        let words = [&b"<a@b.vn>"[..], b"SIZE=1", b"BODY=8BITMIME", b"smtputf8", b"ENVID=x"];
        let from = Envelope::new(&words, None).transaction.from;
        assert_eq!((from.is_8bit, from.smtp_utf8, from.passed), (Some(true), true, vec!["ENVID=x".to_owned()]));
    }
}
