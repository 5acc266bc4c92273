//! Mailboxes: mails one behind the other, each behind a line that begins with `From ` (RFC 4155).
//!
//! Whether a line within a mail should have been quoted is not asked: what follows it is then read as another mail or
//! as text, and nothing is left out.

use super::{Format, Room};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, BLOCK};
use crate::sniff::Head;
use crate::source::{Source, read_range};
use crate::text;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/mbox",
    matches: is_mailbox,
    room: Room::Whole(read),
    #[cfg(test)]
    example: || {
        "From a@example.vn Sat Nov 21 08:00:00 2026\nFrom: a@example.vn\nSubject: x\n\nSố CCCD 001090123456\n".into()
    },
};

const MARK: &[u8] = b"From ";
/// Such a line is short: an address and a date.
const LINE_MAX: usize = 1_000;

/// Begins with such a line, and with the header of a mail behind it.
fn is_mailbox(head: &Head<'_>) -> bool {
    let Some(rest) = head.bytes.strip_prefix(MARK).filter(|_| head.is_ascii_based()) else { return false };
    let Some(end) = memchr::memchr(b'\n', rest.get(..rest.len().min(LINE_MAX)).unwrap_or_default()) else {
        return false;
    };
    let (line, mail) = rest.split_at(end + 1);
    let name = mail.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    line.iter().any(u8::is_ascii_digit) && name > 1 && mail.get(name) == Some(&b':')
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let mut starts = Starts::default();
    let mut buffer = vec![0; BLOCK];
    let (mut at, mut begun, mut n) = (0, 0, 0);
    while at < source.len() && !inquiry.is_late(place) {
        let Ok(len @ 1..) = source.read_at(at, &mut buffer) else {
            inquiry.refuse(place, chot_model::OpaqueReason::Failed, source.len() - at);
            return None;
        };
        let mut found = Vec::new();
        starts.read(buffer.get(..len).unwrap_or_default(), at, &mut found);
        at += len as u64;
        for start in found.into_iter().filter(|start| *start > 0) {
            n += 1;
            if !mail(source, begun, start, n, place, inquiry) {
                return None;
            }
            begun = start;
        }
    }
    mail(source, begun, source.len(), n + 1, place, inquiry);
    None
}

/// Inspects one mail; false when there are too many.
fn mail(source: &dyn Source, from: u64, to: u64, n: u64, place: &Place, inquiry: &mut Inquiry) -> bool {
    let head = read_range(source, from..to.min(from + LINE_MAX as u64)).unwrap_or_default();
    let line = memchr::memchr(b'\n', &head).map_or(0, |end| end + 1);
    let (line, start) = (head.get(..line).unwrap_or_default(), from + line as u64);
    let marks = text::aside(place, "", line, inquiry);
    inquiry.people.record(&marks, false);
    let member = place.member(&format!("mail {n}"), place.origin.shifted(start));
    if !object::enter("", &member, inquiry) {
        return false;
    }
    let hint = Hint { name: None, content_type: Some("message/rfc822".to_owned()) };
    object::section(source, start, to, hint, member, inquiry);
    true
}

/// Finds lines that begin with the mark, wherever the bytes are parted.
struct Starts {
    /// Bytes of a line end and the mark seen.
    seen: usize,
}

impl Default for Starts {
    fn default() -> Self {
        // The first line begins behind no line end.
        Self { seen: 1 }
    }
}

impl Starts {
    fn read(&mut self, bytes: &[u8], at: u64, found: &mut Vec<u64>) {
        for (n, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' {
                self.seen = 1;
            } else if self.seen > 0 && MARK.get(self.seen - 1) == Some(byte) {
                self.seen += 1;
                if self.seen > MARK.len() {
                    found.push((at + n as u64 + 1).saturating_sub(MARK.len() as u64));
                    self.seen = 0;
                }
            } else {
                self.seen = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Inspector, Limits};

    #[test]
    fn lines_are_found_wherever_the_bytes_are_parted() {
        let bytes = b"From a\nx\nFrom b\nFromage\n From c\nFro\nFrom d";
        for cut in 0..bytes.len() {
            let (mut starts, mut found) = (Starts::default(), Vec::new());
            starts.read(&bytes[..cut], 0, &mut found);
            starts.read(&bytes[cut..], cut as u64, &mut found);
            assert_eq!(found, [0, 9, 36], "{cut}");
        }
    }

    #[test]
    fn every_mail_is_read_and_its_numbers_masked_in_place() {
        let mail = |body: &str| {
            format!(
                "From a@example.vn Sat Nov 21 08:00:00 2026\nFrom: a@example.vn\nSubject: x\nMIME-Version: 1.0\n{body}\n"
            )
        };
        let all = [
            mail("Content-Type: text/plain\n\nCCCD 001080100003\n"),
            mail("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nCCCD 00108=\n1107922\n"),
            mail("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nQ0NDRCAwMDEwODIxMTU4NDE=\n"),
        ]
        .concat();
        let inspector = Inspector::new(Limits::default(), 2026);
        let inspected = inspector.inspect(Hint::default(), &all.clone().into_bytes());
        assert_eq!(inspected.inspection.object.media_type, FORMAT.media_type);
        assert_eq!(inspected.inspection.distinct(DetectorId::Cccd), 3, "{:?}", inspected.inspection);
        let mut bytes = all.into_bytes();
        for splice in inspected.redact(&[DetectorId::Cccd], &bytes).expect("can be redacted") {
            bytes[splice.range.start as usize..splice.range.end as usize].copy_from_slice(&splice.bytes);
        }
        let again = inspector.inspect(Hint::default(), &bytes).inspection;
        assert_eq!(again.distinct(DetectorId::Cccd), 0, "{}", String::from_utf8_lossy(&bytes));
    }
}
