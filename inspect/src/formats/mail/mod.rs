//! Mails (RFC 5322, MIME): headers, every part decoded and inspected as an object, nested mails.
//!
//! Beside the tree there is a second look without any structure at whatever the tree does not account for, so that
//! malformed MIME hides nothing ([`lenient`] reads encoded bodies in it), and [`besides`] looks at what a part may be
//! besides what it says. That readers may see different mails is a finding of its own ([`ambiguity`]). Parts behind quoted-printable and base64 can be redacted in place.

mod ambiguity;
mod besides;
mod binhex;
mod coding;
mod lenient;
mod nesting;
mod signed;
mod words;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use chot_detectors::BLOCK;
use chot_model::OpaqueReason;
use coding::{base64_body, footer, printable_body};
pub(crate) use coding::{pack, unpack};
use mail_parser::{Encoding, HeaderValue, MessageParser, MimeHeaders, PartType};

use super::rest::among;
use super::{Format, Room, besides_mail, cms};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, Object};
use crate::redact::{Origin, Packing, Piece, Transfer};
use crate::sniff::Head;
use crate::source::{Source, read_range};
use crate::text::{self, Text};
use crate::view::View;

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
    const MIME: &[&str] = &["mime-version", "content-transfer-encoding", "content-type", "received", "message-id"];
    if head.declared() == "message/rfc822" {
        return true;
    }
    let start = head.trimmed.get(..head.trimmed.len().min(4_096)).unwrap_or_default();
    let (mut known, mut mime) = (0, false);
    let ends = memchr::memchr_iter(b'\n', start).chain([start.len()]).take(40);
    let mut from = 0;
    for end in ends {
        let line = start.get(from..end).unwrap_or_default();
        from = end + 1;
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
        let among = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        known += usize::from(among(KNOWN));
        mime |= among(MIME);
    }
    known >= 2 && (mime || known >= 3) || known >= 1 && head.extension() == "eml"
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let Some(raw) = (source.len() <= MAIL_MAX).then(|| read_range(source, 0..source.len()).ok()).flatten() else {
        inquiry.refuse(place, OpaqueReason::TooLarge, source.len());
        return None;
    };
    as_another(source, &raw, place, inquiry);
    // Ranges that the tree has read in full, so that the second look may leave them out.
    let mut read: Vec<Range<usize>> = Vec::new();
    let mails = nesting::mails(&raw);
    if mails > nesting::MAILS_MAX {
        // The tree of so many would be higher than the stack, and is not built.
        inquiry.refuse(place, OpaqueReason::TooDeep, raw.len() as u64);
        rest(&raw, read, &[], place, inquiry);
    } else if nesting::parts(&raw) > nesting::PARTS_MAX || nesting::fields(&raw, mails > 0) > nesting::FIELDS_MAX {
        // Nor is the tree of so many, which takes more room than the mail.
        inquiry.refuse(place, OpaqueReason::TooMany, raw.len() as u64);
        rest(&raw, read, &[], place, inquiry);
    } else if let Some(mail) = MessageParser::default().parse(&raw) {
        if nesting::is_deep(&mail) {
            inquiry.refuse(place, OpaqueReason::TooDeep, 1);
        } else if is_ambiguous(&raw, &mail) {
            inquiry.refuse(place, OpaqueReason::Ambiguous, 1);
        }
        let signed = signed::ranges(&mail);
        let place = &place.clone().announced(mail.subject().unwrap_or_default());
        let sealed = Place { origin: Origin::Lost, ..place.clone() };
        for (n, part) in mail.parts.iter().enumerate() {
            let is_signed = signed.iter().any(|range| range.contains(&(part.offset_header as usize)));
            let place = if is_signed { &sealed } else { place };
            headers(&raw, part, place, &mut read, inquiry);
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
            // A message of S/MIME says itself whether it is encrypted or only signed.
            if kind.as_deref().is_some_and(is_encrypted) && !cms::is_one(part.contents()) {
                inquiry.refuse(&member, OpaqueReason::Encrypted, body.len() as u64);
            }
            let charset = part.content_type().and_then(|c| c.attribute("charset"));
            let content_type = kind.map(|kind| match charset {
                Some(charset) => format!("{kind}; charset={charset}"),
                None => kind,
            });
            let said = part.content_transfer_encoding().unwrap_or_default().to_ascii_lowercase();
            let encoding = match part.encoding {
                // Also what the parser could not decode to the end. Mail programs read over what disturbs it.
                Encoding::None => encoding_named(&said),
                encoding => encoding,
            };
            let hint = Hint { name: named, content_type };
            let place = if signed::is_clear(raw.get(body.clone()).unwrap_or_default()) { &sealed } else { place };
            let header = raw.get(part.offset_header as usize..body.start).unwrap_or_default();
            let is_sure = !ambiguity::said(header).is_ambiguous;
            if !is_sure {
                // Who takes another of two encodings at its word.
                let bytes = raw.get(body.clone()).unwrap_or_default();
                besides::look(bytes, &said, "", &place.member(&called, Origin::Lost), inquiry);
            }
            if leaf_of(&raw, body.clone(), (encoding, &said), hint, member, place, inquiry) && is_sure {
                read.push(body);
            }
        }
        rest(&raw, read, &signed, place, inquiry);
    } else {
        inquiry.opaque(place, OpaqueReason::ParseError, raw.len() as u64);
        rest(&raw, read, &[], place, inquiry);
    }
    None
}

/// Reads a mail as what else it is, such as a PDF file with the header of a mail before its mark.
fn as_another(source: &dyn Source, raw: &[u8], place: &Place, inquiry: &mut Inquiry) {
    let undeclared = Hint::default();
    let head = Head::new(raw.get(..BLOCK).unwrap_or(raw), &undeclared);
    let Some(format) = besides_mail(&head) else { return };
    let member = Place { again: true, ..place.member("", Origin::Lost) };
    if !object::enter("", &member, inquiry) {
        return;
    }
    match format.room {
        Room::Whole(read) => {
            read(source, &member, inquiry);
        }
        Room::Stream(open) => {
            let mut stream = open(&head, &member);
            for (block, at) in raw.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
                stream.block(block, at, inquiry);
            }
            stream.finish(inquiry);
        }
    }
}

/// Whether another reader may see another mail.
fn is_ambiguous(raw: &[u8], mail: &mail_parser::Message<'_>) -> bool {
    let mut boundaries: HashSet<Vec<u8>> = HashSet::new();
    mail.parts.iter().any(|part| {
        let header = raw.get(part.offset_header as usize..part.offset_body as usize).unwrap_or_default();
        let ambiguity::Said { boundary, is_ambiguous } = ambiguity::said(header);
        let body = raw.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default();
        let is_disturbed = matches!(part.encoding, Encoding::Base64) && ambiguity::is_disturbed(body);
        is_ambiguous
            || is_disturbed
            || boundary.is_some_and(|boundary| {
                let line = [b"--", boundary.as_slice()].concat();
                let first = memchr::memmem::find(body, &line).unwrap_or_default();
                let last = memchr::memmem::rfind(body, &[line.as_slice(), b"--"].concat()).unwrap_or(body.len());
                let [before, behind] = [body.get(..first), body.get(last..)].map(Option::unwrap_or_default);
                // An inner multipart with the outer's boundary ends where the outer's next part begins, or does not.
                let is_again = !boundaries.insert(boundary);
                is_again || ambiguity::is_like_a_part(before) || ambiguity::is_like_a_part(behind)
            })
    })
}

fn is_encrypted(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted" | "multipart/encrypted"
    )
}

/// Headers whose words are encoded: decoded and scanned. All others are read as they stand, by the second look.
fn headers(
    raw: &[u8],
    part: &mail_parser::MessagePart<'_>,
    place: &Place,
    read: &mut Vec<Range<usize>>,
    inquiry: &mut Inquiry,
) {
    for header in &part.headers {
        let span = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
        let encoded = memchr::memmem::find(span, b"=?").is_some()
            || memchr::memmem::find(span, b"*=").is_some()
            || memchr::memmem::find(span, b"*0").is_some();
        if !encoded {
            continue;
        }
        let named = place.named(header.name.as_str());
        let range = header.offset_start as usize..header.offset_end as usize;
        if let (Some((decoded, pieces)), Origin::Raw(base)) = (words::decode(span), &place.origin) {
            let pieces = pieces.into_iter().map(|p| Piece { source: p.source + base + range.start as u64, ..p });
            let origin = Origin::Transfer(Arc::new(Transfer { pieces: pieces.collect() }));
            let mut view = View::default();
            view.push(&decoded, 0);
            let mut found = Vec::new();
            text::value(&Place { origin, ..named }, &view, None, inquiry, &mut found);
            let marks: Vec<_> = found.into_iter().filter_map(|f| inquiry.report(f)).collect();
            inquiry.people.record(&marks, false);
            read.push(range);
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
        let marks = text::aside(&named, "", decoded.as_bytes(), inquiry);
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
    let encoding = (encoding_named(encoding), encoding);
    // `member` has the origin of the body already.
    let around = member.clone();
    leaf_of(&raw, 0..raw.len(), encoding, hint, member, &around, inquiry);
    // Who receives a form takes it as it stands, whatever encoding its parts name (RFC 7578 §4.7).
    if !matches!(encoding.0, Encoding::None) {
        rest(&raw, Vec::new(), &[], &around, inquiry);
    }
}

/// Whether it is declared a mail and begins with a header, so that this room reads it.
fn is_whole_mail(hint: &Hint, bytes: &[u8]) -> bool {
    let declared = hint.content_type.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or_default();
    let name = memchr::memchr(b':', bytes).and_then(|colon| bytes.get(..colon)).unwrap_or_default();
    let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    declared.trim().eq_ignore_ascii_case("message/rfc822") && is_name(name)
}

fn encoding_named(name: &str) -> Encoding {
    match name.to_ascii_lowercase() {
        name if name.contains("base64") => Encoding::Base64,
        name if name.contains("quoted") => Encoding::QuotedPrintable,
        _ => Encoding::None,
    }
}

/// Decodes one part and inspects it as an object. False when the encoding was not clean, so that the raw bytes need
/// a look of their own.
fn leaf_of(
    raw: &[u8],
    body: Range<usize>,
    (encoding, said): (Encoding, &str),
    hint: Hint,
    mut member: Place,
    mail: &Place,
    inquiry: &mut Inquiry,
) -> bool {
    let declared = hint.content_type.as_deref().and_then(|kind| kind.split_once("charset="));
    let charset = declared.map(|(_, charset)| charset.to_owned()).unwrap_or_default();
    if matches!(encoding, Encoding::None) {
        member.origin = mail.origin.shifted(body.start as u64);
        let bytes = raw.get(body).unwrap_or_default().to_vec();
        // A mail within is read as one, and each of its parts looked at so: the looks are not for all of it at once.
        if !is_whole_mail(&hint, &bytes) {
            besides::look(&bytes, said, &charset, &member, inquiry);
        }
        object::section(&bytes, 0, bytes.len() as u64, hint, member, inquiry);
        return true;
    }
    let encoded = raw.get(body.clone()).unwrap_or_default();
    let (decoded, clean) = match encoding {
        Encoding::Base64 => {
            let body = mail.origin.shifted(body.start as u64);
            member.origin = inquiry.edits.unpacked(&body, encoded.len() as u64, Packing::Base64);
            match footer(encoded) {
                // What stands there is text, which the second look reads; decoded it would be noise.
                Some(at) => (base64_body(encoded.get(..at).unwrap_or_default()).0, false),
                None => base64_body(encoded),
            }
        }
        _ => {
            let (decoded, pieces, clean) = printable_body(encoded);
            member.origin = match mail.origin {
                Origin::Raw(base) => {
                    let pieces = pieces.into_iter().map(|p| Piece { source: p.source + base + body.start as u64, ..p });
                    Origin::Transfer(Arc::new(Transfer { pieces: pieces.collect() }))
                }
                _ => Origin::Lost,
            };
            (decoded, clean)
        }
    };
    besides::letters(&decoded, &charset, &member, inquiry);
    let mut object = Object::from_source(hint, member);
    object.push(&decoded, inquiry);
    object.finish_packed(Some(&decoded), encoded.len() as u64, inquiry);
    clean
}

/// The second look: everything the tree has not read, as text with its encodings. What is `signed` is not changed.
fn rest(raw: &[u8], mut read: Vec<Range<usize>>, signed: &[Range<usize>], place: &Place, inquiry: &mut Inquiry) {
    read.sort_by_key(|r| r.start);
    let mut open = Text::new(Place { again: true, ..place.clone() });
    let mut sealed = Text::new(Place { again: true, origin: Origin::Lost, ..place.clone() });
    let mut at = 0;
    for range in read.into_iter().chain(std::iter::once(raw.len()..raw.len())) {
        while range.start > at {
            let within = signed.iter().find(|signed| signed.contains(&at));
            let text = if within.is_some() { &mut sealed } else { &mut open };
            let next = signed.iter().map(|signed| signed.start).filter(|start| *start > at).min();
            let end = within.map_or(next, |signed| Some(signed.end)).map_or(range.start, |end| end.min(range.start));
            text.view.base = at as u64;
            let gap = raw.get(at..end).unwrap_or_default();
            text.push(gap, at as u64, inquiry);
            text.finish(inquiry);
            lenient::look(gap, place, inquiry);
            among(gap, &place.member("beside", Origin::Lost), inquiry);
            at = end;
        }
        at = at.max(range.end);
    }
}
