//! What strangers send before a protocol begins, the hello of TLS and the header of a load balancer; and the requests
//! and WebSocket messages behind.

use chot_inspect::Hint;
use chot_proxy::{client_hello, proxy_protocol, web::probe};

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
