//! What strangers send before a protocol begins, the hello of TLS and the header of a load balancer; and the requests
//! and WebSocket messages behind.

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
