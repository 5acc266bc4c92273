//! What strangers send before a protocol begins, the hello of TLS and the header of a load balancer; the requests and
//! WebSocket messages behind; and what servers answer.

use chot_inspect::Hint;
use chot_proxy::{client_hello, identity, proxy_protocol, web::probe};

/// However it arrives, a hello is read the same, and a name that is taken from it is one.
pub(crate) fn hello(_: &Hint, bytes: &[u8]) {
    let whole = client_hello::Reader::default().read(bytes);
    let mut reader = client_hello::Reader::default();
    let mut last = Ok(None);
    for end in [bytes.len() / 3, bytes.len() / 2, bytes.len()] {
        last = reader.read(bytes.get(..end).unwrap_or_default());
        if last != Ok(None) {
            break;
        }
    }
    assert_eq!(last, whole, "split");
    if let Ok(Some(hello)) = whole {
        assert!(hello.server_name.is_none_or(|name| !name.is_empty()), "an empty name");
    }
}

/// A header is read by asking for no more than belongs to it, within its bounds.
pub(crate) fn proxy_header(_: &Hint, bytes: &[u8]) {
    const HEADER_BYTES_MAX: usize = 16 + (4 << 10);
    let mut given = 0;
    while let Some(start) = bytes.get(..given) {
        match proxy_protocol::read(start) {
            Ok(proxy_protocol::Read::Needs(n)) => {
                assert!(n > 0 && given + n <= HEADER_BYTES_MAX, "asks for too much");
                given += n;
            }
            Ok(proxy_protocol::Read::Whole(_)) | Err(_) => return,
        }
    }
}

/// What passes is the beginning of what came, and the same however it came.
pub(crate) fn requests(_: &Hint, bytes: &[u8]) {
    let whole = probe::requests(bytes, bytes.len().max(1));
    assert!(bytes.starts_with(&whole.0), "something else passed");
    for size in [1, 7] {
        assert_eq!(probe::requests(bytes, size), whole, "in pieces of {size}");
    }
}

/// What goes on to servers are single requests that are read as they were written, and what is left is the end of what
/// came. Coming in pieces they are the same, as far as they are read here at all.
pub(crate) fn plain_requests(_: &Hint, bytes: &[u8]) {
    let (passed, left) = probe::plain_requests(bytes, bytes.len().max(1)).expect("read");
    assert!(bytes.ends_with(&left), "something else is left");
    let together = passed.concat();
    assert_eq!(probe::requests(&together, together.len().max(1)), (together.clone(), false), "not sound");
    assert_eq!(probe::plain_requests(&together, together.len().max(1)), Some((passed.clone(), vec![])), "read again");
    for size in [1, 90] {
        let (in_pieces, left) = probe::plain_requests(bytes, size).expect("read");
        assert!(passed.starts_with(&in_pieces) && bytes.ends_with(&left), "in pieces of {size}");
    }
}

/// What a client gets is one answer that ends where it says, and the same however it came. It is read again as what it is.
pub(crate) fn answers(_: &Hint, bytes: &[u8]) {
    for to_head in [false, true] {
        let whole = probe::answer(bytes, bytes.len().max(1), to_head);
        let read = whole.as_ref().map(|(relayed, is_whole)| (answer(relayed, to_head), *is_whole));
        if let Some((read, true)) = &read {
            assert!(read.as_ref().is_some_and(|read| read.is_whole), "it does not end where it says");
            let (relayed, _) = whole.iter().next().expect("an answer");
            let again = probe::answer(relayed, relayed.len(), to_head).expect("an answer still");
            assert_eq!((answer(&again.0, to_head).as_ref(), again.1), (read.as_ref(), true), "read again");
        }
        for size in [1, 7] {
            let pieces = probe::answer(bytes, size, to_head);
            assert_eq!(pieces.map(|(relayed, is_whole)| (answer(&relayed, to_head), is_whole)), read, "by {size}");
        }
    }
}

/// An answer as the strictest of clients reads it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    /// Its lines, in their alphabetical order.
    head: Vec<Vec<u8>>,
    body: Vec<u8>,
    is_whole: bool,
}

fn answer(relayed: &[u8], to_head: bool) -> Option<Read> {
    let end = relayed.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let (head, mut rest) = relayed.split_at(end);
    let lines = head.strip_suffix(b"\r\n\r\n").unwrap_or(head).split(|byte| *byte == b'\n').skip(1);
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let field = |name: &str| {
        let of_name = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            line.get(..colon)?.eq_ignore_ascii_case(name.as_bytes()).then(|| line[colon + 1..].trim_ascii().to_vec())
        };
        let mut values = lines.clone().filter_map(of_name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} twice");
        value.map(|value| String::from_utf8(value).expect("ASCII"))
    };
    let status = head.get(9..12)?;
    let has_no_body = to_head || status.starts_with(b"1") || matches!(status, b"204" | b"304");
    let framed = if has_no_body { (None, None) } else { (field("content-length"), field("transfer-encoding")) };
    let mut body = Vec::new();
    let is_whole = match framed {
        _ if has_no_body => rest.is_empty(),
        (Some(length), None) => {
            body = rest.to_vec();
            let length: usize = length.parse().expect("a length");
            assert!(body.len() <= length, "more than it says");
            body.len() == length
        }
        (None, Some(coding)) if coding == "chunked" => loop {
            let Some(line) = rest.windows(2).position(|end| end == b"\r\n") else { break false };
            let size = std::str::from_utf8(&rest[..line]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.expect("the size of a chunk");
            rest = &rest[line + 2..];
            body.extend_from_slice(&rest[..size.min(rest.len())]);
            let Some(behind) = rest.get(size..) else { break false };
            rest = behind.strip_prefix(b"\r\n").expect("the end of a chunk");
            if size == 0 {
                break rest.is_empty();
            }
        },
        (length, coding) => panic!("its end is said by {length:?} and {coding:?}"),
    };
    let mut head: Vec<_> = head.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    head.sort();
    Some(Read { head, body, is_whole })
}

/// Messages are the same however their bytes come.
pub(crate) fn websocket(_: &Hint, bytes: &[u8]) {
    let whole = probe::websocket(bytes, bytes.len().max(1));
    for size in [1, 7] {
        assert_eq!(probe::websocket(bytes, size), whole, "in pieces of {size}");
    }
}

/// What a directory answers is read as it would be written, lets nobody in that it does not say to let in, and names no
/// more people than were asked for.
pub(crate) fn directory(_: &Hint, bytes: &[u8]) {
    use identity::probe;
    let elements = probe::elements(bytes);
    let written = probe::written(&elements);
    assert_eq!(probe::elements(&written), elements, "written anew");
    if probe::lets_in(bytes) {
        // The answer to the first request, and its code 0, however many zeros it is written with.
        let [(0x30, message), ..] = elements.as_slice() else { panic!("let in by no message") };
        let message = probe::elements(message);
        let [(0x02, id), (0x61, answer), ..] = message.as_slice() else { panic!("let in by another answer") };
        let code = probe::elements(answer).into_iter().next();
        assert!(matches!(id.as_slice(), [zeros @ .., 1] if zeros.iter().all(|b| *b == 0)), "to another request");
        assert!(code.is_some_and(|(tag, code)| tag == 0x0a && code.iter().all(|b| *b == 0)), "by another code");
    }
    if let Some(found) = probe::finds(bytes, 2) {
        assert!(found.len() <= 2, "too many");
        assert!(found.iter().all(|(_, groups)| groups.len() <= bytes.len()), "groups of nowhere");
    }
}
