//! Heads of HTTP/1.1, to and fro between bytes and fields.
//!
//! Fields keep the spelling they came with: there are servers and clients that go by it.

use std::mem::MaybeUninit;

use bytes::Bytes;
use chot_model::Timestamp;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version, request, response};
use httparse::{Header, ParserConfig, Status};
use hyper::ext::ReasonPhrase;

use super::answer::Rest;

/// Fields of a request, as many as hyper takes, and of an answer: some sites' policies and cookies need more.
const REQUEST_FIELDS_MAX: usize = 100;
const ANSWER_FIELDS_MAX: usize = 256;
/// Room for the head that is sent on or back, which is seldom larger.
const HEAD_BYTES: usize = 1 << 10;

/// How the names of a head's fields were spelled.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Spelled {
    head: Bytes,
    /// Where in it they stand, in their order.
    names: Vec<(u32, u32)>,
}

impl Spelled {
    /// Appends fields as they were spelled. Those that did not come with the head have their lower-case names.
    fn write(&self, headers: &HeaderMap, out: &mut Vec<u8>) {
        let mut next = 0;
        for (name, value) in headers {
            let name = name.as_str().as_bytes();
            let (before, after) = self.names.split_at(next);
            // What was not removed or added stands in the order it came in.
            let is_it = |place: &(u32, u32)| self.name(*place).eq_ignore_ascii_case(name);
            let found = after.iter().position(is_it).map(|skipped| next + skipped);
            let place = found.or_else(|| before.iter().position(is_it));
            let as_sent = place.and_then(|place| self.names.get(place)).map(|place| self.name(*place));
            next = place.map_or(next, |place| place + 1);
            write_field(as_sent.unwrap_or(name), value.as_bytes(), out);
        }
    }

    fn name(&self, (start, end): (u32, u32)) -> &[u8] {
        self.head.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Takes the fields of `head` over into `headers`. `None` where one is not valid.
    fn take(head: &Bytes, fields: &[Header<'_>], headers: &mut HeaderMap) -> Option<Self> {
        headers.reserve(fields.len() + 2);
        let mut names = Vec::with_capacity(fields.len());
        for field in fields {
            let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
            let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).ok()?;
            headers.append(name, value);
            let start = field.name.as_ptr().addr() - head.as_ptr().addr();
            names.push((start as u32, (start + field.name.len()) as u32));
        }
        Some(Self { head: head.clone(), names })
    }
}

fn write_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let colon: &[u8] = if value.is_empty() { b":" } else { b": " };
    for part in [name, colon, value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// Reads the head of a request. `None` where it is not one that hyper would take, or no HTTP/1.1.
pub(super) fn read_request(head: &Bytes) -> Option<(Request<()>, Spelled)> {
    let mut room = [const { MaybeUninit::uninit() }; REQUEST_FIELDS_MAX];
    let mut parsed = httparse::Request::new(&mut []);
    let read = ParserConfig::default().parse_request_with_uninit_headers(&mut parsed, head, &mut room).ok()?;
    if read != Status::Complete(head.len()) || parsed.version != Some(1) {
        return None;
    }
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(parsed.method?.as_bytes()).ok()?;
    *request.uri_mut() = Uri::from_maybe_shared(head.slice_ref(parsed.path?.as_bytes())).ok()?;
    let spelled = Spelled::take(head, parsed.headers, request.headers_mut())?;
    Some((request, spelled))
}

/// Whether a request asks for nothing but an answer on a connection that is kept, or for a tunnel.
pub(super) fn is_plain(request: &Request<()>) -> bool {
    let headers = request.headers();
    let others = [header::UPGRADE, header::EXPECT, header::TE, header::TRAILER, header::TRANSFER_ENCODING];
    let is_kept = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"keep-alive");
    !headers.keys().any(|name| others.contains(name)) && headers.get_all(header::CONNECTION).iter().all(is_kept)
}

/// The head of a request as it goes to the server.
pub(super) fn write_request(head: &request::Parts, spelled: &Spelled) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES);
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    spelled.write(&head.headers, &mut out);
    out.extend_from_slice(b"\r\n");
    out
}

/// Where the head of an answer ends, if it is there.
pub(super) fn end_of(bytes: &[u8], looked_at: usize) -> Option<usize> {
    // The end of a line may stand where was looked before, and the empty one behind it.
    let from = looked_at.saturating_sub(2);
    let unseen = bytes.get(from..).unwrap_or_default();
    memchr::memchr_iter(b'\n', unseen).find_map(|at| match unseen.get(at + 1..)? {
        [b'\n', ..] => Some(from + at + 2),
        [b'\r', b'\n', ..] => Some(from + at + 3),
        _ => None,
    })
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct AnswerHead {
    pub(super) head: response::Parts,
    pub(super) spelled: Spelled,
    pub(super) rest: Rest,
    /// Whether the server takes another request behind it.
    pub(super) is_kept: bool,
}

/// Reads the head of an answer to a request that was, or was not, HEAD. `None` where it is none, or where its end cannot
/// be known for sure (RFC 9112 §6.3).
pub(super) fn read_answer(head: &Bytes, to_head: bool) -> Option<AnswerHead> {
    let mut room = [const { MaybeUninit::uninit() }; ANSWER_FIELDS_MAX];
    let mut parsed = httparse::Response::new(&mut []);
    let read = ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, head, &mut room).ok()?;
    if read != Status::Complete(head.len()) {
        return None;
    }
    let is_http11 = parsed.version == Some(1);
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(parsed.code?).ok()?;
    *response.version_mut() = if is_http11 { Version::HTTP_11 } else { Version::HTTP_10 };
    let usual = response.status().canonical_reason();
    if let Some(reason) = parsed.reason.filter(|reason| usual != Some(*reason))
        && let Ok(reason) = ReasonPhrase::try_from(reason.as_bytes())
    {
        response.extensions_mut().insert(reason);
    }
    let spelled = Spelled::take(head, parsed.headers, response.headers_mut())?;
    let (mut head, ()) = response.into_parts();
    let rest = rest(&mut head, is_http11, to_head)?;
    let closes = head.headers.get_all(header::CONNECTION).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    });
    // Nobody asked for an upgrade, so what comes behind one is nobody's.
    let is_upgraded = head.status == StatusCode::SWITCHING_PROTOCOLS;
    let is_kept = is_http11 && !closes && !is_upgraded && !matches!(rest, Rest::UntilEnd);
    Some(AnswerHead { head, spelled, rest, is_kept })
}

fn rest(head: &mut response::Parts, is_http11: bool, to_head: bool) -> Option<Rest> {
    let headers = &mut head.headers;
    if head.status == StatusCode::NO_CONTENT {
        // RFC 9110 §8.6: a client may wait for what was said to come.
        headers.remove(header::CONTENT_LENGTH);
    }
    if to_head || has_no_body(head.status) {
        return Some(Rest::Done);
    }
    if let Some(coding) = headers.get_all(header::TRANSFER_ENCODING).iter().next_back() {
        if !is_http11 {
            return None;
        }
        let last = coding.as_bytes().rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        // It counts for nothing then, and must not be shown to who reads otherwise.
        headers.remove(header::CONTENT_LENGTH);
        return Some(if is_chunked { Rest::chunked() } else { Rest::UntilEnd });
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter().flat_map(|value| {
        let values = value.as_bytes().split(|byte| *byte == b',');
        values.map(|value| length(value.trim_ascii()))
    });
    let Some(first) = lengths.next() else { return Some(Rest::UntilEnd) };
    if lengths.any(|other| other != first) {
        return None;
    }
    let length = first?;
    headers.insert(header::CONTENT_LENGTH, length.into());
    Some(Rest::of_length(length))
}

fn length(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

/// RFC 9110 §6.4.1.
pub(super) fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// How the client is told where an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// It has no body.
    Here,
    Length(u64),
    Chunked,
}

/// The head of an answer as the client gets it.
pub(super) fn write_answer(
    head: &response::Parts,
    spelled: &Spelled,
    ends: Ends,
    is_kept: bool,
    now: Timestamp,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES);
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(head.status.as_str().as_bytes());
    out.push(b' ');
    let own = head.extensions.get::<ReasonPhrase>().map(ReasonPhrase::as_bytes);
    out.extend_from_slice(own.unwrap_or_else(|| head.status.canonical_reason().unwrap_or_default().as_bytes()));
    out.extend_from_slice(b"\r\n");
    spelled.write(&head.headers, &mut out);
    match ends {
        Ends::Length(length) if !head.headers.contains_key(header::CONTENT_LENGTH) => {
            write_field(b"content-length", length.to_string().as_bytes(), &mut out);
        }
        Ends::Chunked => write_field(b"transfer-encoding", b"chunked", &mut out),
        Ends::Here | Ends::Length(_) => {}
    }
    if !is_kept && !head.headers.contains_key(header::CONNECTION) {
        write_field(b"connection", b"close", &mut out);
    }
    if !head.headers.contains_key(header::DATE) {
        write_field(b"date", &date(now), &mut out);
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(now: Timestamp) -> [u8; 29] {
    const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let seconds = now.unix_us() / 1_000_000;
    let (year, month, day) = now.date();
    let mut text = *b"Thu, 00 Jan 0000 00:00:00 GMT";
    let words = [(0, DAYS[(seconds / 86_400 % 7) as usize]), (8, MONTHS[usize::from(month).clamp(1, 12) - 1])];
    for (at, word) in words {
        text[at..at + 3].copy_from_slice(word);
    }
    let numbers = [
        (5..7, u64::from(day)),
        (12..16, u64::from(year)),
        (17..19, seconds / 3_600 % 24),
        (20..22, seconds / 60 % 60),
        (23..25, seconds % 60),
    ];
    for (places, mut left) in numbers {
        for at in places.rev() {
            text[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Option<(Rest, bool)> {
        read_answer(&Bytes::copy_from_slice(text.as_bytes()), false).map(|read| (read.rest, read.is_kept))
    }

    #[test]
    fn where_answers_end() {
        for (fields, expected) in [
            ("Content-Length: 5\r\n", Some((Rest::Length(5), true))),
            ("Content-Length: 0\r\n", Some((Rest::Done, true))),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", Some((Rest::Length(5), true))),
            ("Content-Length: 5, 5\r\n", Some((Rest::Length(5), true))),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", None),
            ("Content-Length: 5, 6\r\n", None),
            ("Content-Length: +5\r\n", None),
            ("Content-Length: \r\n", None),
            ("Content-Length: 99999999999999999999\r\n", None),
            ("Content-Length: 5\r\nConnection: x, Close\r\n", Some((Rest::Length(5), false))),
            ("Transfer-Encoding: gzip, Chunked\r\n", Some((Rest::chunked(), true))),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Some((Rest::chunked(), true))),
            ("Transfer-Encoding: chunked, gzip\r\n", Some((Rest::UntilEnd, false))),
            ("", Some((Rest::UntilEnd, false))),
        ] {
            assert_eq!(answer(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")), expected, "{fields:?}");
        }
        assert_eq!(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), Some((Rest::Done, true)));
        assert_eq!(answer("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), Some((Rest::Length(5), false)));
        assert_eq!(answer("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), None);
        for text in ["HTTP/2.0 200 OK\r\n\r\n", "200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\na b: c\r\n\r\n"] {
            assert_eq!(answer(text), None, "{text:?}");
        }
        assert_eq!(answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), Some((Rest::Done, false)));
        let none = Bytes::from_static(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
        assert!(read_answer(&none, false).is_some_and(|read| read.head.headers.is_empty()));
        let both = Bytes::from_static(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
        let read = read_answer(&both, false).expect("an answer");
        assert!(!read.head.headers.contains_key(header::CONTENT_LENGTH));
        assert_eq!(read_answer(&both, true).map(|read| read.rest), Some(Rest::Done));
    }

    #[test]
    fn the_end_of_a_head_is_found_wherever_it_is_cut() {
        for (text, end) in [("a\r\n\r\nb", 5), ("a\n\nb", 3), ("a\r\nb: c\r\n\r\n", 11)] {
            for cut in 0..=text.len() {
                let early = end_of(&text.as_bytes()[..cut], 0);
                assert_eq!(early, (cut >= end).then_some(end), "{text:?} cut at {cut}");
                let late = early.or_else(|| end_of(text.as_bytes(), cut));
                assert_eq!(late, Some(end), "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn only_what_asks_for_nothing_but_an_answer_is_plain() {
        for (line, fields, plain) in [
            ("GET / HTTP/1.1", "", true),
            ("GET / HTTP/1.1", "Connection: Keep-Alive\r\n", true),
            ("POST http://a.example/ HTTP/1.1", "Content-Length: 5\r\n", true),
            ("GET / HTTP/1.1", "Connection: close\r\n", false),
            ("GET / HTTP/1.1", "Connection: keep-alive, X\r\n", false),
            ("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false),
            ("GET / HTTP/1.1", "TE: trailers\r\n", false),
            ("POST / HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 5\r\n", false),
            ("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", false),
            ("CONNECT a.example:443 HTTP/1.1", "", true),
            ("CONNECT a.example:443 HTTP/1.1", "Expect: 100-continue\r\n", false),
            ("GET / HTTP/1.0", "", false),
        ] {
            let head = Bytes::from(format!("{line}\r\nHost: a.example\r\n{fields}\r\n"));
            assert_eq!(read_request(&head).is_some_and(|(request, _)| is_plain(&request)), plain, "{line} {fields}");
        }
        let many = "X: y\r\n".repeat(REQUEST_FIELDS_MAX + 1);
        assert!(read_request(&Bytes::from(format!("GET / HTTP/1.1\r\n{many}\r\n"))).is_none());
    }

    #[test]
    fn fields_keep_their_spelling_and_their_order() {
        let head =
            Bytes::from_static(b"GET /a?b HTTP/1.1\r\nHOST: a\r\nx-Y: 1\r\nAccept: */*\r\nX-y: 2\r\nEmpty:\r\n\r\n");
        let (request, spelled) = read_request(&head).expect("a request");
        let (mut parts, ()) = request.into_parts();
        let written = write_request(&parts, &spelled);
        let expected = "GET /a?b HTTP/1.1\r\nHOST: a\r\nx-Y: 1\r\nX-y: 2\r\nAccept: */*\r\nEmpty:\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&written), expected);
        parts.headers.remove(header::ACCEPT);
        parts.headers.append(header::VIA, HeaderValue::from_static("1.1 us"));
        let written = write_request(&parts, &spelled);
        let expected = "GET /a?b HTTP/1.1\r\nHOST: a\r\nx-Y: 1\r\nX-y: 2\r\nEmpty:\r\nvia: 1.1 us\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    #[test]
    fn an_answer_says_how_it_ends_and_when_it_was_made() {
        let now = Timestamp::parse("1994-11-06T08:49:37Z").expect("a time");
        for (fields, ends, is_kept, expected) in [
            ("Content-Length: 2\r\n", Ends::Length(2), true, "Content-Length: 2\r\ndate: DATE\r\n"),
            ("A: b\r\n", Ends::Length(2), false, "A: b\r\ncontent-length: 2\r\nconnection: close\r\ndate: DATE\r\n"),
            ("Date: x\r\n", Ends::Chunked, true, "Date: x\r\ntransfer-encoding: chunked\r\n"),
            ("Date: x\r\n", Ends::Here, true, "Date: x\r\n"),
        ] {
            let head = Bytes::from(format!("HTTP/1.1 299 Odd\r\n{fields}\r\n"));
            let read = read_answer(&head, true).expect("an answer");
            let written = write_answer(&read.head, &read.spelled, ends, is_kept, now);
            let expected = expected.replace("DATE", "Sun, 06 Nov 1994 08:49:37 GMT");
            assert_eq!(String::from_utf8_lossy(&written), format!("HTTP/1.1 299 Odd\r\n{expected}\r\n"));
        }
    }
}
