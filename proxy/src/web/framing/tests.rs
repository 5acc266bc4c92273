//! Heads and bodies that pass, and those that two readers could read differently.

use proptest::prelude::*;

use super::*;

const HOST: &str = "Host: a.example\r\n";

/// Shows `bytes` in pieces of `size`, and returns what passed and how it ended.
fn pass(bytes: &[u8], size: usize) -> (Vec<u8>, Option<Why>, At) {
    let (mut framing, mut passed, mut held) = (Framing::new(), Vec::new(), Vec::new());
    for piece in bytes.chunks(size) {
        held.extend_from_slice(piece);
        loop {
            match framing.scan(&held) {
                Ok(0) => break,
                Ok(n) => passed.extend(held.drain(..n)),
                Err(why) => return (passed, Some(why), framing.at),
            }
        }
    }
    (passed, None, framing.at)
}

fn request(line: &str, fields: &str, body: &str) -> String {
    format!("{line}\r\n{HOST}{fields}\r\n{body}")
}

#[test]
fn what_is_sound_passes_byte_for_byte() {
    let get = request("GET / HTTP/1.1", "", "");
    for text in [
        get.clone(),
        format!("\r\n{get}"),
        get.repeat(5),
        request("POST /a?b=%20 HTTP/1.1", "Content-Length: 5\r\n", "hello"),
        request("POST / HTTP/1.0", "content-length:  5 \r\n", "hello") + &get,
        request("POST / HTTP/1.1", "Content-Length: 0\r\n", "") + &get,
        request("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") + &get,
        request("POST / HTTP/1.1", "transfer-encoding: Chunked\r\n", "00a\r\n0123456789\r\n0\r\nX-A: b\r\n\r\n") + &get,
        request("GET / HTTP/1.1", "X: \u{1ec7}\ta\r\nEmpty:\r\n", ""),
        request("PROPFIND * HTTP/1.1", "", ""),
    ] {
        for size in [1, 2, 3, 7, 4_096] {
            let (passed, failed, at) = pass(text.as_bytes(), size);
            assert_eq!((passed.as_slice(), failed, at), (text.as_bytes(), None, At::Head), "{text:?}");
        }
    }
}

#[test]
fn behind_connect_everything_passes() {
    for fields in ["", "Content-Length: 0\r\n"] {
        let text = request("CONNECT a.example:443 HTTP/1.1", fields, "\x16\x03\x01\n\0anything");
        assert_eq!(pass(text.as_bytes(), 5), (text.into_bytes(), None, At::Through));
    }
}

/// Heads, most of them classes that public collections of request smuggling list.
#[test]
fn no_head_passes_that_readers_read_differently() {
    let post = "POST / HTTP/1.1";
    for (line, fields, why) in [
        // Two lengths.
        (post, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Why::Framing),
        (post, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Why::Framing),
        (post, "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", Why::Framing),
        (post, "Content-Length: 5\r\nContent-Length: 6\r\n", Why::Framing),
        (post, "Content-Length: 5\r\nContent-Length: 5\r\n", Why::Framing),
        (post, "Content-Length: 5, 5\r\n", Why::Framing),
        (post, "Content-Length: 5\r\nContent_Length: 6\r\n", Why::Framing),
        // No length.
        (post, "Content-Length:\r\n", Why::Framing),
        (post, "Content-Length: +5\r\n", Why::Framing),
        (post, "Content-Length: -1\r\n", Why::Framing),
        (post, "Content-Length: 0x5\r\n", Why::Framing),
        (post, "Content-Length: 5 5\r\n", Why::Framing),
        (post, "Content-Length: 5.0\r\n", Why::Framing),
        (post, "Content-Length: \u{ff15}\r\n", Why::Framing),
        (post, "Content-Length: 99999999999999999999\r\n", Why::Framing),
        // Codings that hide.
        (post, "Transfer-Encoding: xchunked\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding: gzip, chunked\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding: chunked, identity\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding: identity\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding: \"chunked\"\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding: chunked;a=b\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding:\r\n", Why::TransferCoding),
        (post, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Why::Framing),
        (post, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", Why::Framing),
        (post, "Transfer_Encoding: chunked\r\n", Why::Framing),
        ("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n", Why::Framing),
        (post, "Transfer-Encoding : chunked\r\n", Why::BadRequest),
        (post, "Transfer-Encoding\t: chunked\r\n", Why::BadRequest),
        (post, "\u{b}Transfer-Encoding: chunked\r\n", Why::BadRequest),
        (post, "Transfer-Encoding: \u{b}chunked\r\n", Why::BadRequest),
        (post, "Transfer-Encoding\r\n: chunked\r\n", Why::BadRequest),
        (post, "X: y\r\n Transfer-Encoding: chunked\r\n", Why::BadRequest),
        (post, "X: y\r\n\tfolded\r\n", Why::BadRequest),
        // Lines that end early or late.
        (post, "X: y\nContent-Length: 5\r\n", Why::BadRequest),
        (post, "X: y\rContent-Length: 5\r\n", Why::BadRequest),
        (post, "X: y\r\r\n", Why::BadRequest),
        (post, "X: y\0z\r\n", Why::BadRequest),
        (post, "X: y\u{7f}\r\n", Why::BadRequest),
        (post, "no colon\r\n", Why::BadRequest),
        (post, ": no name\r\n", Why::BadRequest),
        (post, "a b: c\r\n", Why::BadRequest),
        (post, "(a): c\r\n", Why::BadRequest),
        (post, "\u{e9}: c\r\n", Why::BadRequest),
        // Request lines.
        ("POST  / HTTP/1.1", "", Why::BadRequest),
        ("POST / HTTP/1.1 ", "", Why::BadRequest),
        (" POST / HTTP/1.1", "", Why::BadRequest),
        ("POST /a b HTTP/1.1", "", Why::BadRequest),
        ("POST\t/ HTTP/1.1", "", Why::BadRequest),
        ("POST /\t HTTP/1.1", "", Why::BadRequest),
        ("POST /", "", Why::BadRequest),
        ("POST / HTTP/0.9", "", Why::BadRequest),
        ("POST / HTTP/2.0", "", Why::BadRequest),
        ("POST / HTTP/1.2", "", Why::BadRequest),
        ("POST / http/1.1", "", Why::BadRequest),
        ("POST / HTTP/1.10", "", Why::BadRequest),
        ("P(ST / HTTP/1.1", "", Why::BadRequest),
        ("\r\n\r\nPOST / HTTP/1.1", "", Why::BadRequest),
        ("PRI * HTTP/2.0", "", Why::BadRequest),
        // A tunnel has no body.
        ("CONNECT a.example:443 HTTP/1.1", "Content-Length: 5\r\n", Why::Framing),
        ("CONNECT a.example:443 HTTP/1.1", "Transfer-Encoding: chunked\r\n", Why::Framing),
    ] {
        let text = request(line, fields, "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
        for size in [1, 13, 4_096] {
            let (passed, failed, _) = pass(text.as_bytes(), size);
            assert_eq!((passed.len(), failed), (0, Some(why)), "{text:?}");
        }
    }
}

#[test]
fn no_chunk_passes_that_readers_read_differently() {
    for (body, passes) in [
        ("5;a=b\r\nhello\r\n0\r\n\r\n", 0),
        ("5 \r\nhello\r\n0\r\n\r\n", 0),
        (" 5\r\nhello\r\n0\r\n\r\n", 0),
        ("0x5\r\nhello\r\n0\r\n\r\n", 0),
        ("+5\r\nhello\r\n0\r\n\r\n", 0),
        ("-5\r\nhello\r\n0\r\n\r\n", 0),
        ("\r\nhello\r\n0\r\n\r\n", 0),
        ("5\nhello\r\n0\r\n\r\n", 0),
        ("5\rhello\r\n0\r\n\r\n", 0),
        ("ffffffffffffffff\r\nhello", 0),
        ("8000000000000000\r\nhello", 0),
        ("10000000000000005\r\nhello\r\n0\r\n\r\n", 0),
        ("00000000000000000005\r\nhello\r\n0\r\n\r\n", 0),
        ("5\r\nhello", 8),
        ("5\r\nhello0\r\n\r\n", 8),
        ("5\r\nhello\n0\r\n\r\n", 8),
        ("5\r\nhello\r0\r\n\r\n", 8),
        ("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", 13),
        ("5\r\nhello\r\n0\r\nHost: b\r\n\r\n", 13),
        ("5\r\nhello\r\n0\r\nX: y\r\n folded\r\n\r\n", 19),
        ("5\r\nhello\r\n0\r\nX: y\n\r\n", 13),
    ] {
        let head = request("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "");
        let text = format!("{head}{body}");
        for size in [1, 13, 4_096] {
            let (passed, failed, _) = pass(text.as_bytes(), size);
            assert_eq!(passed.len(), head.len() + passes, "{body:?}");
            assert_eq!(failed.is_none(), body == "5\r\nhello", "{body:?}");
        }
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_is_all_there() {
    let head = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(2 * HEAD_BYTES_MAX));
    let lines = format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(HEAD_BYTES_MAX));
    for text in [head, lines] {
        let (passed, failed, _) = pass(text.as_bytes(), 1_000);
        assert_eq!((passed.len(), failed), (0, Some(Why::HeadTooLarge)));
    }
    let trailers = "X: y\r\n".repeat(TRAILERS_BYTES_MAX);
    let text = request("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0\r\n") + &trailers;
    assert_eq!(pass(text.as_bytes(), 1_000).1, Some(Why::HeadTooLarge));
}

#[test]
fn a_sound_request_before_a_broken_one_passes() {
    let sound = request("GET / HTTP/1.1", "", "");
    let text = sound.clone() + &request("GET / HTTP/1.1", " X: y\r\n", "");
    for size in [1, 40, 4_096] {
        assert_eq!(pass(text.as_bytes(), size), (sound.clone().into_bytes(), Some(Why::BadRequest), At::Head));
    }
}

proptest! {
    #[test]
    fn splitting_changes_nothing(
        text in proptest::collection::vec(prop_oneof![
            6 => Just("\r\n"), 1 => Just("\n"), 2 => Just("GET / HTTP/1.1\r\n"), 2 => Just("Content-Length: 3\r\n"),
            2 => Just("Transfer-Encoding: chunked\r\n"), 2 => Just("3\r\nabc\r\n"), 2 => Just("0\r\n\r\n"),
            1 => Just("X: y\r\n"), 1 => Just("abc"), 1 => Just(" "),
        ], 0..14),
        size in 1usize..40,
    ) {
        let text = text.concat();
        let whole = pass(text.as_bytes(), text.len().max(1));
        let split = pass(text.as_bytes(), size);
        prop_assert_eq!(&whole.0, &split.0);
        prop_assert_eq!(whole.1, split.1);
    }

    #[test]
    fn any_bytes_pass_as_they_are_or_not_at_all(bytes in proptest::collection::vec(any::<u8>(), 0..300), size in 1usize..50) {
        let (passed, _, _) = pass(&bytes, size);
        prop_assert!(bytes.starts_with(&passed));
    }
}
