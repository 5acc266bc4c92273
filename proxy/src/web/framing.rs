//! Reads along where the heads and bodies of a client's requests end, and lets nothing pass whose meaning two readers
//! could see differently.
//!
//! hyper parses the requests; this is the stricter reader in front of it. It is needed because hyper mends what has to
//! be refused and recorded here: it drops a Content-Length beside Transfer-Encoding, takes bare line feeds and skips
//! chunk extensions before anybody is asked (RFC 9112 §2.2, §5.2, §6.3, §7.1.1). It does no I/O and judges neither
//! hosts nor what headers mean.

#[cfg(test)]
mod tests;

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

    /// Whether what follows the head is no body, but whatever the two ends of a tunnel say.
    pub(super) fn is_tunnel(&self) -> bool {
        self.at == At::Through
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
        // Without a branch for each of them.
        let is_control = |byte: u8| (byte < 0x20) & (byte != b'\t') | (byte == 0x7f);
        if line.iter().fold(false, |any, byte| any | is_control(*byte)) { Err(Why::BadRequest) } else { Ok(Some(line)) }
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
    /// Asked of every byte of every name.
    const TCHARS: [bool; 256] = {
        let (mut tchars, signs) = ([false; 256], b"!#$%&'*+-.^_`|~");
        let mut n = 0;
        while n < signs.len() {
            tchars[signs[n] as usize] = true;
            n += 1;
        }
        let mut byte = 0u8;
        while byte < 128 {
            tchars[byte as usize] |= byte.is_ascii_alphanumeric();
            byte += 1;
        }
        tchars
    };
    !bytes.is_empty() && bytes.iter().all(|byte| TCHARS[usize::from(*byte)])
}
