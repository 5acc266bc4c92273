//! Reads along where the heads and bodies of a client's requests end, and lets nothing pass whose meaning two readers
//! could see differently.
//!
//! hyper parses the requests; this is the stricter reader in front of it. It is needed because hyper mends what has to
//! be refused and recorded here: it drops a Content-Length beside Transfer-Encoding, takes bare line feeds and skips
//! chunk extensions before anybody is asked (RFC 9112 §2.2, §5.2, §6.3, §7.1.1). It does no I/O and judges neither
//! hosts nor what headers mean.

use super::refusal::Why;

/// Largest head of a request. Browsers' cookies stay below 16 KiB.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Longest line with the size of a chunk: sixteen hexadecimal digits and its end.
const SIZE_BYTES_MAX: usize = 18;
/// Largest trailer section.
const TRAILERS_BYTES_MAX: usize = 16 << 10;
/// Most digits of a Content-Length: any such number fits 64 bits.
const LENGTH_DIGITS_MAX: usize = 18;
/// Fields that would change, behind a body, what was done with it (RFC 9110 §6.5.1).
const NEVER_TRAILERS: [&[u8]; 8] = [
    b"content-length",
    b"transfer-encoding",
    b"host",
    b"content-encoding",
    b"content-type",
    b"content-range",
    b"trailer",
    b"authorization",
];

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A head, with the length of what there is of it up to the current line.
    Head,
    /// So much of a body of known length.
    Body(u64),
    /// The size of a chunk.
    Size,
    /// So much of a chunk.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// A trailer or the empty line behind the last, with the bytes of trailers so far.
    Trailers(usize),
    /// A tunnel: no more requests.
    Through,
}

/// What a head says of its body, as far as it was read.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    has_request_line: bool,
    /// An empty line before the request line, which one is forgiven (RFC 9112 §2.2).
    has_empty_line: bool,
    is_connect: bool,
    is_http10: bool,
    length: Option<u64>,
    has_coding: bool,
    is_chunked: bool,
}

/// The reader. What it passed must not be shown again; what it did not pass must be, with what came behind.
#[derive(Debug)]
pub(super) struct Framing {
    at: At,
    head: Head,
    /// In what has not passed: where the current line begins, and from where its end has to be looked for.
    line: usize,
    looked: usize,
    failed: Option<Why>,
}

impl Framing {
    pub(super) const fn new() -> Self {
        let head = Head {
            has_request_line: false,
            has_empty_line: false,
            is_connect: false,
            is_http10: false,
            length: None,
            has_coding: false,
            is_chunked: false,
        };
        Self { at: At::Head, head, line: 0, looked: 0, failed: None }
    }

    /// Whether a body is under way, or a tunnel; otherwise a head is, or nothing.
    pub(super) fn is_within_request(&self) -> bool {
        self.at != At::Head
    }

    /// Where a request's head ends that `bytes` begin with. `None` where it is not whole, or not sound.
    pub(super) fn head_of(bytes: &[u8]) -> Option<(usize, Self)> {
        let mut framing = Self::new();
        let end = framing.step(bytes).ok().filter(|end| *end > 0)?;
        Some((end, framing))
    }

    /// How long the body behind a head is, where the head says it as a number or there is none.
    pub(super) fn length(&self) -> Option<u64> {
        match self.at {
            At::Head => Some(0),
            At::Body(length) => Some(length),
            At::Size | At::Chunk(_) | At::ChunkEnd | At::Trailers(_) | At::Through => None,
        }
    }

    /// How many of the first of `bytes` may pass.
    ///
    /// # Errors
    /// When nothing may pass any more, now or later.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<usize, Why> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        let mut passed = 0;
        loop {
            let rest = bytes.get(passed..).unwrap_or_default();
            match self.step(rest) {
                Ok(0) => return Ok(passed),
                Ok(n) => {
                    passed += n;
                    (self.line, self.looked) = (0, 0);
                }
                Err(why) => {
                    self.failed = Some(why);
                    // What came before it may be a request of its own.
                    return if passed == 0 { Err(why) } else { Ok(passed) };
                }
            }
        }
    }

    /// Lets one thing pass, 0 for none yet.
    fn step(&mut self, rest: &[u8]) -> Result<usize, Why> {
        let available = rest.len() as u64;
        match self.at {
            At::Through => Ok(rest.len()),
            At::Body(left) => {
                let n = left.min(available);
                self.at = if n == left { At::Head } else { At::Body(left - n) };
                Ok(n as usize)
            }
            At::Chunk(left) => {
                let n = left.min(available);
                self.at = if n == left { At::ChunkEnd } else { At::Chunk(left - n) };
                Ok(n as usize)
            }
            At::ChunkEnd => match rest {
                [b'\r', b'\n', ..] => {
                    self.at = At::Size;
                    Ok(2)
                }
                [] | [b'\r'] => Ok(0),
                _ => Err(Why::Framing),
            },
            At::Size => {
                let Some(line) = self.next_line(rest, SIZE_BYTES_MAX, Why::Framing)? else { return Ok(0) };
                let size = chunk_size(line)?;
                self.at = if size == 0 { At::Trailers(0) } else { At::Chunk(size) };
                Ok(self.looked)
            }
            At::Trailers(so_far) => {
                let max = TRAILERS_BYTES_MAX.saturating_sub(so_far);
                let Some(line) = self.next_line(rest, max, Why::HeadTooLarge)? else { return Ok(0) };
                self.at = if line.is_empty() {
                    At::Head
                } else {
                    trailer(line)?;
                    At::Trailers(so_far + self.looked)
                };
                Ok(self.looked)
            }
            At::Head => self.head(rest),
        }
    }

    /// A head passes whole or not at all.
    fn head(&mut self, rest: &[u8]) -> Result<usize, Why> {
        while let Some(line) = self.next_line(rest, HEAD_BYTES_MAX, Why::HeadTooLarge)? {
            self.line = self.looked;
            if !self.head.has_request_line {
                if line.is_empty() && !self.head.has_empty_line {
                    self.head.has_empty_line = true;
                    continue;
                }
                self.head.request_line(line)?;
            } else if line.is_empty() {
                self.at = std::mem::take(&mut self.head).body()?;
                return Ok(self.looked);
            } else {
                self.head.field(line)?;
            }
        }
        Ok(0)
    }

    /// The current line without its end, once that is there. `self.looked` is behind it then.
    fn next_line<'b>(&mut self, rest: &'b [u8], max: usize, too_long: Why) -> Result<Option<&'b [u8]>, Why> {
        let unseen = rest.get(self.looked..).unwrap_or_default();
        let Some(at) = memchr::memchr(b'\n', unseen) else {
            self.looked = rest.len();
            return if rest.len() > max { Err(too_long) } else { Ok(None) };
        };
        let end = self.looked + at;
        self.looked = end + 1;
        if self.looked > max {
            return Err(too_long);
        }
        // A bare line feed ends a line for some readers and not for others.
        let line = rest.get(self.line..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(Why::BadRequest)?;
        let is_control = |byte: &u8| *byte < 0x20 && *byte != b'\t' || *byte == 0x7f;
        if line.iter().any(is_control) { Err(Why::BadRequest) } else { Ok(Some(line)) }
    }
}

impl Head {
    /// RFC 9112 §3: single spaces, a known version.
    fn request_line(&mut self, line: &[u8]) -> Result<(), Why> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Why::BadRequest);
        };
        self.is_http10 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err(Why::BadRequest),
        };
        if !is_token(method) || target.is_empty() || target.contains(&b'\t') {
            return Err(Why::BadRequest);
        }
        self.is_connect = method == b"CONNECT";
        self.has_request_line = true;
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Why> {
        let (name, value) = field(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            // A second one, even of the same value, has no business here.
            let is_number =
                !value.is_empty() && value.len() <= LENGTH_DIGITS_MAX && value.iter().all(u8::is_ascii_digit);
            if self.length.is_some() || !is_number {
                return Err(Why::Framing);
            }
            self.length = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.has_coding {
                return Err(Why::Framing);
            }
            self.has_coding = true;
            self.is_chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"content_length") || name.eq_ignore_ascii_case(b"transfer_encoding") {
            // Servers that hand headers on as variables of the environment take them for the others.
            return Err(Why::Framing);
        }
        Ok(())
    }

    /// What follows the head.
    fn body(self) -> Result<At, Why> {
        match (self.has_coding, self.length) {
            (true, Some(_)) => Err(Why::Framing),
            (true, None) if self.is_http10 || self.is_connect => Err(Why::Framing),
            (true, None) if !self.is_chunked => Err(Why::TransferCoding),
            (true, None) => Ok(At::Size),
            (false, None | Some(0)) if self.is_connect => Ok(At::Through),
            (false, Some(_)) if self.is_connect => Err(Why::Framing),
            (false, None | Some(0)) => Ok(At::Head),
            (false, Some(length)) => Ok(At::Body(length)),
        }
    }
}

/// RFC 9112 §7.1, without extensions: nobody needs them, and readers disagree on where they end.
fn chunk_size(line: &[u8]) -> Result<u64, Why> {
    if line.is_empty() || line.len() > 16 || !line.iter().all(u8::is_ascii_hexdigit) {
        return Err(Why::Framing);
    }
    let digits = std::str::from_utf8(line).map_err(|_| Why::Framing)?;
    // What does not fit a signed number is negative for some readers.
    u64::from_str_radix(digits, 16).ok().filter(|size| *size <= i64::MAX as u64).ok_or(Why::Framing)
}

fn trailer(line: &[u8]) -> Result<(), Why> {
    let (name, _) = field(line)?;
    if may_be_trailer(name) { Ok(()) } else { Err(Why::Framing) }
}

/// Whether a field of this name may stand behind a body.
pub(super) fn may_be_trailer(name: &[u8]) -> bool {
    !NEVER_TRAILERS.iter().any(|never| name.eq_ignore_ascii_case(never))
}

/// Name and value of a field line. A folded line has no name, a space before the colon spoils it (RFC 9112 §5.1, §5.2).
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Why> {
    let colon = memchr::memchr(b':', line).ok_or(Why::BadRequest)?;
    let (name, value) = line.split_at(colon);
    if is_token(name) { Ok((name, value.get(1..).unwrap_or_default().trim_ascii())) } else { Err(Why::BadRequest) }
}

/// RFC 9110 §5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_tchar)
}

#[cfg(test)]
mod tests {
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
            request("POST / HTTP/1.1", "transfer-encoding: Chunked\r\n", "00a\r\n0123456789\r\n0\r\nX-A: b\r\n\r\n")
                + &get,
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
}
