//! Mails (RFC 5322, MIME): headers, every part decoded and inspected as an object, nested mails.
//!
//! Beside the tree there is a second look without any structure at whatever the tree does not account for, so that
//! malformed MIME hides nothing. Parts behind quoted-printable and base64 can be redacted in place.

use std::ops::Range;
use std::sync::Arc;

use chot_model::OpaqueReason;
use mail_parser::{Encoding, HeaderValue, MessageParser, MimeHeaders, PartType};

use super::{Format, Room};
use crate::Hint;
use crate::base64;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, Object};
use crate::redact::{Coding, Origin, Piece, Transfer};
use crate::sniff::Head;
use crate::source::{Source, read_range};
use crate::text::{self, Text};

pub(crate) const FORMAT: Format = Format {
    media_type: "message/rfc822",
    matches: is_mail,
    room: Room::Whole(read),
    #[cfg(test)]
    example: || {
        "From: a@example.vn\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSố CCCD 001090123456\r\n"
            .into()
    },
};

/// A mail is read into memory.
const MAIL_MAX: u64 = 128 << 20;

/// The first lines are headers, one of them of a mail.
fn is_mail(head: &Head<'_>) -> bool {
    const KNOWN: &[&str] = &[
        "received",
        "from",
        "to",
        "subject",
        "date",
        "mime-version",
        "message-id",
        "return-path",
        "content-type",
        "content-transfer-encoding",
        "delivered-to",
        "reply-to",
        "cc",
        "dkim-signature",
        "sender",
    ];
    if head.declared() == "message/rfc822" {
        return true;
    }
    let start = head.trimmed.get(..head.trimmed.len().min(4_096)).unwrap_or_default();
    let (mut known, mut mime) = (0, false);
    for line in start.split(|b| *b == b'\n').take(40) {
        if line.trim_ascii().is_empty() {
            break;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else { return known >= 3 && mime };
        let name = line.get(..colon).unwrap_or_default();
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_graphic()) {
            return false;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        known += usize::from(KNOWN.contains(&name.as_str()));
        mime |= matches!(
            name.as_str(),
            "mime-version" | "content-transfer-encoding" | "content-type" | "received" | "message-id"
        );
    }
    known >= 2 && (mime || known >= 3) || known >= 1 && head.extension() == "eml"
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let Some(raw) = (source.len() <= MAIL_MAX).then(|| read_range(source, 0..source.len()).ok()).flatten() else {
        inquiry.refuse(place, OpaqueReason::TooLarge, source.len());
        return None;
    };
    // Ranges that the tree has read in full, so that the second look may leave them out.
    let mut read: Vec<Range<usize>> = Vec::new();
    if let Some(mail) = MessageParser::default().parse(&raw) {
        for (n, part) in mail.parts.iter().enumerate() {
            headers(&raw, part, place, inquiry);
            let body = part.offset_body as usize..(part.offset_end as usize).min(raw.len());
            if matches!(part.body, PartType::Multipart(_)) || body.is_empty() {
                continue;
            }
            let kind = part.content_type().map(|c| match c.subtype() {
                Some(sub) => format!("{}/{sub}", c.ctype()),
                None => c.ctype().to_owned(),
            });
            let named = part.attachment_name().map(str::to_owned);
            let called = named.clone().unwrap_or_else(|| if n == 0 { String::new() } else { format!("part {n}") });
            let member = place.member(&called, Origin::Lost);
            if !object::enter(named.as_deref().unwrap_or_default(), &member, inquiry) {
                break;
            }
            if kind.as_deref().is_some_and(|k| k.eq_ignore_ascii_case("message/partial")) {
                inquiry.refuse(&member, OpaqueReason::Partial, body.len() as u64);
            }
            if kind.as_deref().is_some_and(is_encrypted) {
                inquiry.refuse(&member, OpaqueReason::Encrypted, body.len() as u64);
            }
            let hint = Hint { name: named, content_type: kind };
            if leaf_of(&raw, body.clone(), part.encoding, hint, member, place, inquiry) {
                read.push(body);
            }
        }
    } else {
        inquiry.opaque(place, OpaqueReason::ParseError, raw.len() as u64);
    }
    rest(&raw, read, place, inquiry);
    None
}

fn is_encrypted(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted" | "multipart/encrypted"
    )
}

/// Headers whose words are encoded: decoded and scanned. All others are read as they stand, by the second look.
fn headers(raw: &[u8], part: &mail_parser::MessagePart<'_>, place: &Place, inquiry: &mut Inquiry) {
    for header in &part.headers {
        let span = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
        let encoded = memchr::memmem::find(span, b"=?").is_some()
            || memchr::memmem::find(span, b"*=").is_some()
            || memchr::memmem::find(span, b"*0").is_some();
        if !encoded {
            continue;
        }
        let decoded = match &header.value {
            HeaderValue::Text(text) => text.to_string(),
            HeaderValue::TextList(list) => list.join("\n"),
            HeaderValue::ContentType(kind) => {
                let values = kind.attributes().into_iter().flatten().map(|a| a.value.as_ref());
                values.collect::<Vec<_>>().join("\n")
            }
            HeaderValue::Address(address) => {
                let people = address
                    .iter()
                    .map(|a| format!("{} <{}>", a.name().unwrap_or_default(), a.address().unwrap_or_default()));
                people.collect::<Vec<_>>().join("\n")
            }
            HeaderValue::DateTime(_) | HeaderValue::Received(_) | HeaderValue::Empty => continue,
        };
        let part = place.named(header.name.as_str());
        let marks = text::aside(&part, "", decoded.as_bytes(), inquiry);
        inquiry.people.record(&marks, false);
    }
}

/// Inspects a body that another format found, behind its transfer encoding.
pub(crate) fn leaf(
    source: &dyn Source,
    range: Range<u64>,
    encoding: &str,
    hint: Hint,
    member: Place,
    inquiry: &mut Inquiry,
) {
    let whole =
        (range.end.saturating_sub(range.start) <= MAIL_MAX).then(|| read_range(source, range.clone()).ok()).flatten();
    let Some(raw) = whole else {
        inquiry.refuse(&member, OpaqueReason::TooLarge, range.end.saturating_sub(range.start));
        return;
    };
    let encoding = if encoding.contains("base64") { Encoding::Base64 } else { Encoding::QuotedPrintable };
    // `member` has the origin of the body already.
    let around = member.clone();
    leaf_of(&raw, 0..raw.len(), encoding, hint, member, &around, inquiry);
}

/// Decodes one part and inspects it as an object. False when the encoding was not clean, so that the raw bytes need
/// a look of their own.
fn leaf_of(
    raw: &[u8],
    body: Range<usize>,
    encoding: Encoding,
    hint: Hint,
    mut member: Place,
    mail: &Place,
    inquiry: &mut Inquiry,
) -> bool {
    if matches!(encoding, Encoding::None) {
        member.origin = mail.origin.shifted(body.start as u64);
        let bytes = raw.get(body).unwrap_or_default().to_vec();
        object::section(&bytes, 0, bytes.len() as u64, hint, member, inquiry);
        return true;
    }
    let encoded = raw.get(body.clone()).unwrap_or_default();
    let (decoded, pieces, clean) = match encoding {
        Encoding::Base64 => base64_body(encoded),
        _ => printable_body(encoded),
    };
    member.origin = match mail.origin {
        Origin::Raw(base) => {
            let pieces = pieces.into_iter().map(|p| Piece { source: p.source + base + body.start as u64, ..p });
            Origin::Transfer(Arc::new(Transfer { pieces: pieces.collect() }))
        }
        _ => Origin::Lost,
    };
    let mut object = Object::from_source(hint, member);
    object.push(&decoded, inquiry);
    object.finish(Some(&decoded), inquiry);
    clean
}

/// Decodes a base64 body with its map, stopping at nothing. Clean: only the alphabet, line breaks and final padding.
fn base64_body(encoded: &[u8]) -> (Vec<u8>, Vec<Piece>, bool) {
    let (mut out, mut pieces, mut clean) = (Vec::with_capacity(encoded.len() / 4 * 3), Vec::new(), true);
    let mut quantum: Vec<(u64, u8)> = Vec::with_capacity(4);
    let mut ended = false;
    let mut flush = |quantum: &mut Vec<(u64, u8)>| {
        let group = quantum.iter().fold(0u32, |g, (_, six)| g << 6 | u32::from(*six)) << (6 * (4 - quantum.len()));
        let bytes = [(group >> 16) as u8, (group >> 8) as u8, group as u8];
        let len = quantum.len().saturating_sub(1);
        if let Some((first, _)) = quantum.first().filter(|_| len > 0) {
            let together = quantum.iter().enumerate().all(|(n, (at, _))| *at == first + n as u64);
            let padded = quantum.len() == 4 || encoded.get(*first as usize + quantum.len()) == Some(&b'=');
            let coding = if together && padded { Coding::Quantum(bytes) } else { Coding::Broken };
            pieces.push(Piece { decoded: out.len() as u64, len: len as u32, source: *first, coding });
            out.extend_from_slice(bytes.get(..len).unwrap_or_default());
        }
        quantum.clear();
    };
    for (at, b) in encoded.iter().enumerate() {
        match (base64::bits(*b), b) {
            (Some(six), b) => {
                clean &= !ended && !matches!(b, b'-' | b'_');
                quantum.push((at as u64, six));
                if quantum.len() == 4 {
                    flush(&mut quantum);
                }
            }
            (None, b'=') => {
                flush(&mut quantum);
                ended = true;
            }
            (None, b' ' | b'\t' | b'\r' | b'\n') => {}
            (None, _) => clean = false,
        }
    }
    clean &= quantum.is_empty();
    flush(&mut quantum);
    (out, pieces, clean)
}

/// Decodes a quoted-printable body with its map (RFC 2045 §6.7).
fn printable_body(encoded: &[u8]) -> (Vec<u8>, Vec<Piece>, bool) {
    let (mut out, mut pieces, mut clean) = (Vec::<u8>::with_capacity(encoded.len()), Vec::<Piece>::new(), true);
    let hex = |at: usize| encoded.get(at).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let mut at = 0;
    while let Some(b) = encoded.get(at) {
        if *b == b'=' {
            let blanks =
                encoded.get(at + 1..).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let after = at + 1 + blanks;
            match (encoded.get(after), encoded.get(after + 1)) {
                (None, _) => at = after,
                (Some(b'\r'), Some(b'\n')) => at = after + 2,
                (Some(b'\n' | b'\r'), _) => at = after + 1,
                _ => match (hex(at + 1), hex(at + 2)) {
                    (Some(high), Some(low)) => {
                        let piece =
                            Piece { decoded: out.len() as u64, len: 1, source: at as u64, coding: Coding::Escape };
                        pieces.push(piece);
                        out.push(high << 4 | low);
                        at += 3;
                    }
                    _ => {
                        clean = false;
                        literal(&mut pieces, &mut out, b'=', at);
                        at += 1;
                    }
                },
            }
        } else {
            literal(&mut pieces, &mut out, *b, at);
            at += 1;
        }
    }
    (out, pieces, clean)
}

fn literal(pieces: &mut Vec<Piece>, out: &mut Vec<u8>, b: u8, at: usize) {
    match pieces.last_mut() {
        Some(last) if last.coding == Coding::Same && last.source + u64::from(last.len) == at as u64 => last.len += 1,
        _ => pieces.push(Piece { decoded: out.len() as u64, len: 1, source: at as u64, coding: Coding::Same }),
    }
    out.push(b);
}

/// The second look: everything the tree has not read, as text with its encodings.
fn rest(raw: &[u8], mut read: Vec<Range<usize>>, place: &Place, inquiry: &mut Inquiry) {
    read.sort_by_key(|r| r.start);
    let mut text = Text::new(Place { again: true, ..place.clone() });
    let mut at = 0;
    for range in read.into_iter().chain(std::iter::once(raw.len()..raw.len())) {
        if range.start > at {
            text.view.base = at as u64;
            text.push(raw.get(at..range.start).unwrap_or_default(), at as u64, inquiry);
            text.finish(inquiry);
        }
        at = at.max(range.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_decoded_with_a_map_that_leads_back() {
        let (decoded, pieces, clean) = printable_body(b"s=E1=BB=91=\r\n!");
        assert_eq!((decoded.as_slice(), clean), ("số!".as_bytes(), true));
        assert_eq!(
            pieces.iter().map(|p| (p.decoded, p.source)).collect::<Vec<_>>(),
            [(0, 0), (1, 1), (2, 4), (3, 7), (4, 13)]
        );
        let (decoded, pieces, clean) = base64_body(b"MDAx\r\nMDkw\r\nMQ==\r\n");
        assert_eq!((decoded.as_slice(), clean, pieces.len()), (&b"0010901"[..], true, 3));
        assert_eq!(pieces[2].source, 12);
    }

    #[test]
    fn junk_in_base64_is_read_over_and_told() {
        let (decoded, _, clean) = base64_body(b"MD!Ax\r\nMDkw");
        assert_eq!((decoded.as_slice(), clean), (&b"001090"[..], false));
    }
}
