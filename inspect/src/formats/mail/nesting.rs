//! How deep mails and parts may stand within each other, asked before it costs anything: a program that reads a mail builds
//! a tree as high as that, and half a megabyte of headers would take it down.

use mail_parser::{Message, PartType};

/// Mails within one mail, beside or within each other. More are not told apart, and what they hold is read without them.
pub(super) const MAILS_MAX: usize = 1_000;

/// Parts of one mail, before they are counted one by one: beyond the bound of members in any case.
pub(super) const PARTS_MAX: usize = 200_000;

/// Lines and addresses in the heads of a mail and its parts. Each takes some hundred bytes where it is read.
pub(super) const FIELDS_MAX: usize = 200_000;

/// At most so many lines and addresses stand in the heads of this mail, of its parts and, if there are any, of mails within
/// it: as far as lines may be fields, from its beginning, a boundary or an empty line on.
pub(super) fn fields(raw: &[u8], holds_mails: bool) -> usize {
    let (mut count, mut within, mut first) = (0, true, true);
    let mut at = 0;
    while at < raw.len() {
        let rest = raw.get(at..).unwrap_or_default();
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..len).unwrap_or_default().trim_ascii_end();
        at += len + 1;
        if line.is_empty() || line.starts_with(b"--") {
            (within, first) = (holds_mails || !line.is_empty(), false);
        } else if within {
            within = first || is_field(line);
            count += usize::from(within) * (1 + memchr::memchr2_iter(b',', b';', line).count());
        }
    }
    count
}

/// Whether a line is a field, or goes on with one.
fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| b.is_ascii_graphic() && **b != b':').count();
    matches!(line.first(), Some(b' ' | b'\t')) || name > 0 && line.get(name) == Some(&b':')
}

/// At most so many parts has this mail: before each stands a line that begins so.
pub(super) fn parts(raw: &[u8]) -> usize {
    memchr::memmem::find_iter(raw, b"\n--").count() + memchr::memmem::find_iter(raw, b"\r--").count()
}

/// At most so many mails are parts of this one: every one is announced by a field.
pub(super) fn mails(raw: &[u8]) -> usize {
    const BEFORE: &[u8] = b"content";
    const BEHIND: &[u8] = b"type";
    memchr::memchr_iter(b'-', raw)
        .filter(|at| {
            let (before, behind) = raw.split_at(*at);
            let behind = behind.get(1..).unwrap_or_default();
            let named = |bytes: Option<&[u8]>, name: &[u8]| bytes.is_some_and(|b| b.eq_ignore_ascii_case(name));
            let start = at.checked_sub(BEFORE.len());
            // Text tells of such fields within its lines.
            let begins = |start: &usize| *start == 0 || matches!(before.get(start - 1), Some(b'\n' | b'\r'));
            named(start.filter(begins).and_then(|start| before.get(start..)), BEFORE)
                && named(behind.get(..BEHIND.len()), BEHIND)
                && is_mail(behind.get(BEHIND.len()..).unwrap_or_default())
        })
        .count()
}

/// Whether the value of a field may announce a mail: it is none of the kinds that hold something else.
fn is_mail(value: &[u8]) -> bool {
    const OTHERS: [&[u8]; 7] = [b"text/", b"image/", b"application/", b"audio/", b"video/", b"multipart/", b"font/"];
    /// Its parts are mails without a word.
    const DIGEST: &[u8] = b"multipart/digest";
    let begins = |bytes: &[u8], start: &[u8]| bytes.get(..start.len()).is_some_and(|b| b.eq_ignore_ascii_case(start));
    let start = value.iter().position(|b| !matches!(b, b':' | b' ' | b'\t' | b'\r' | b'\n'));
    let value = value.get(start.unwrap_or_default()..).unwrap_or_default();
    begins(value, DIGEST) || !OTHERS.iter().any(|other| begins(value, other))
}

/// Whether multiparts stand so deep within each other that looking at each would be looking at the same bytes again and
/// again.
pub(super) fn is_deep(mail: &Message<'_>) -> bool {
    const LOOKS_MAX: u64 = 64;
    /// Less is no work, however often it is done: a second's.
    const BYTES_MAX: u64 = 2 << 30;
    let holds = |part: &&mail_parser::MessagePart<'_>| matches!(part.body, PartType::Multipart(_));
    let spans = mail.parts.iter().filter(holds).map(|p| u64::from(p.offset_end.saturating_sub(p.offset_body)));
    spans.sum::<u64>() > BYTES_MAX.max(LOOKS_MAX * mail.raw_message.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_heads_are_counted_wherever_they_stand() {
        for (raw, plain, nested) in [
            ("A: b\r\nTo: a@b.vn, c@d.vn\r\n e@f.vn\r\n\r\nC: d\r\nText\r\nE: f", 4, 5),
            ("A: b\nno field\n\nText\n--x\nC: d\n\te\n\nE: f\n--x--\n", 4, 5),
            ("A: b\n\n-- Dump\nINSERT INTO a: b\nC: d\n", 1, 1),
            ("", 0, 0),
        ] {
            assert_eq!((fields(raw.as_bytes(), false), fields(raw.as_bytes(), true)), (plain, nested), "{raw:?}");
        }
    }

    #[test]
    fn fields_that_may_announce_a_mail_are_counted_however_they_are_written() {
        for (raw, n) in [
            ("Content-Type: message/rfc822\n\nCONTENT-TYPE:message/global\n\n", 2),
            ("content-type :\r\n message/rfc822\rContent-Type: x", 2),
            ("Content-Type: text/plain\nContent-Type:\n\tText/html\nContent-Type: multipart/mixed", 0),
            ("Content-Type: Multipart/Digest; boundary=a", 1),
            ("Content-Type: (x) message/rfc822", 1),
            ("-Content-Transfer-Encoding: x\ncontent-typ", 0),
            ("Content-Type", 1),
            ("\"Content-Type\": \"x\"\n content-type: message/rfc822", 0),
        ] {
            assert_eq!(mails(raw.as_bytes()), n, "{raw:?}");
        }
    }
}
