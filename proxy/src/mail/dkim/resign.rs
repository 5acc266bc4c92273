//! A mail that was changed gets the signatures of our domains anew; all else of it stays.

use std::io;
use std::sync::Arc;

use chot_inspect::Source;
use chot_model::Timestamp;

use super::canon::{self, BodyHash};
use super::domain;
use super::key::{Key, Keys};
use crate::base64;

/// Longest header that is signed; it is read into memory.
const HEADER_BYTES_MAX: u64 = 4 << 20;
/// Read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Fields that are signed where they are there (RFC 6376 §5.4.1). Each once more than it is there, so that none can be
/// added (§8.15).
const SIGNED: &[&str] = &[
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];
/// Where lines of a signature are broken.
const LINE_CHARS_MAX: usize = 72;

impl Keys {
    /// The content with the signatures of our domains made anew, where there are any.
    ///
    /// # Errors
    /// When the content cannot be read or signed. It must not leave then.
    pub(in super::super) async fn sign_again(
        &self,
        content: Arc<dyn Source>,
        now: Timestamp,
    ) -> io::Result<Arc<dyn Source>> {
        if self.0.is_empty() {
            return Ok(content);
        }
        let keys = self.clone();
        tokio::task::spawn_blocking(move || keys.signed(content, now)).await.map_err(io::Error::other)?
    }

    fn signed(&self, content: Arc<dyn Source>, now: Timestamp) -> io::Result<Arc<dyn Source>> {
        let header = header(&*content)?;
        let body_at = header.len() as u64;
        let is_ours = |field: &&Field<'_>| {
            let signer = if field.is_named("dkim-signature") { domain(field.value) } else { None };
            signer.and_then(|domain| self.0.iter().find(|key| key.domain == domain)).is_some()
        };
        let fields = fields(&header);
        let signers: Vec<String> = fields.iter().filter(is_ours).filter_map(|field| domain(field.value)).collect();
        if signers.is_empty() {
            return Ok(content);
        }
        let kept: Vec<&Field<'_>> = fields.iter().filter(|field| !is_ours(field)).collect();
        let body_hash = base64::encode(&body_hash(&*content, body_at)?);
        let mut head = Vec::new();
        for key in self.0.iter().filter(|key| signers.contains(&key.domain)) {
            head.extend_from_slice(&signature(key, &kept, &body_hash, now).ok_or(io::ErrorKind::Other)?);
        }
        kept.iter().for_each(|field| head.extend_from_slice(field.line));
        head.extend_from_slice(b"\r\n");
        Ok(Arc::new(Headed { head, body_at, content }))
    }
}

/// A whole field of a signature, its CR LF included.
fn signature(key: &Key, fields: &[&Field<'_>], body_hash: &str, now: Timestamp) -> Option<Vec<u8>> {
    let mut names = Vec::new();
    for name in SIGNED {
        let n = fields.iter().filter(|field| field.is_named(name)).count();
        let times = if n > 0 || *name == "from" { n + 1 } else { 0 };
        names.extend(std::iter::repeat_n(*name, times));
    }
    let (algorithm, domain, selector) = (key.algorithm(), &key.domain, &key.selector);
    let seconds = now.unix_us() / 1_000_000;
    let mut text = format!(
        " v=1; a={algorithm}; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={seconds};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
        broken(&names, LINE_CHARS_MAX)
    );
    let signature = base64::encode(&key.sign(&signing_input(fields, &names, text.as_bytes()))?);
    for (n, piece) in signature.as_bytes().chunks(LINE_CHARS_MAX - 2).enumerate() {
        text.push_str(if n == 0 { "" } else { "\r\n\t" });
        text.push_str(std::str::from_utf8(piece).ok()?);
    }
    Some(format!("DKIM-Signature:{text}\r\n").into_bytes())
}

/// Names with colons between them, on lines that are not too long.
fn broken(names: &[&str], chars_max: usize) -> String {
    let (mut text, mut line) = (String::new(), 0);
    for (n, name) in names.iter().enumerate() {
        if n > 0 {
            text.push(':');
            line += 1;
        }
        if line + name.len() + 1 > chars_max {
            text.push_str("\r\n\t");
            line = 0;
        }
        text.push_str(name);
        line += name.len();
    }
    text
}

/// What is hashed of the header (§3.7): the named fields, each name taking the next from below, then the signature's
/// own field with nothing behind `b=`.
fn signing_input(fields: &[&Field<'_>], names: &[&str], own_value: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let earlier = names.iter().take(n).filter(|other| *other == name).count();
        let from_below = fields.iter().rev().filter(|field| field.is_named(name)).nth(earlier);
        if let Some(field) = from_below {
            input.extend_from_slice(&canon::field(field.name, field.value));
        }
    }
    let own = canon::field(b"dkim-signature", own_value);
    input.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
    input
}

/// A field of a header.
struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
    /// All of it, its CR LF included.
    line: &'a [u8],
}

impl Field<'_> {
    fn is_named(&self, name: &str) -> bool {
        self.name.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header that ends in its empty line. A line that is none has a name of its own that nobody signs.
fn fields(header: &[u8]) -> Vec<Field<'_>> {
    let mut all = Vec::new();
    let mut rest = header.strip_suffix(b"\r\n").unwrap_or(header);
    while !rest.is_empty() {
        let ends = memchr::memchr_iter(b'\n', rest).map(|at| at + 1);
        let end = ends.into_iter().find(|end| !matches!(rest.get(*end), Some(b' ' | b'\t'))).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        let colon = memchr::memchr(b':', line);
        let (name, value) = colon.and_then(|at| line.split_at_checked(at)).unwrap_or((line, b""));
        all.push(Field { name, value: value.get(1..).unwrap_or_default(), line });
        rest = behind;
    }
    all
}

/// The header of a mail, with the empty line behind it.
fn header(content: &dyn Source) -> io::Result<Vec<u8>> {
    let mut all = b"\r\n".to_vec();
    let mut from = 0;
    while (all.len() as u64) < HEADER_BYTES_MAX {
        if let Some(at) = memchr::memmem::find(all.get(from..).unwrap_or_default(), b"\r\n\r\n") {
            all.truncate(from + at + 4);
            return Ok(all.split_off(2));
        }
        from = all.len().saturating_sub(3);
        let mut chunk = vec![0; CHUNK_BYTES];
        let n = content.read_at(all.len() as u64 - 2, &mut chunk)?;
        if n == 0 {
            break;
        }
        all.extend_from_slice(chunk.get(..n).unwrap_or_default());
    }
    Err(io::ErrorKind::InvalidData.into())
}

fn body_hash(content: &dyn Source, mut at: u64) -> io::Result<Vec<u8>> {
    let (mut hash, mut chunk) = (BodyHash::new(), vec![0; CHUNK_BYTES]);
    loop {
        let n = content.read_at(at, &mut chunk)?;
        if n == 0 {
            return Ok(hash.finish().as_ref().to_vec());
        }
        hash.push(chunk.get(..n).unwrap_or_default());
        at += n as u64;
    }
}

/// A mail with another header.
struct Headed {
    /// With the empty line behind it.
    head: Vec<u8>,
    /// Where the body begins in `content`.
    body_at: u64,
    content: Arc<dyn Source>,
}

impl Source for Headed {
    fn len(&self) -> u64 {
        self.head.len() as u64 + self.content.len().saturating_sub(self.body_at)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let behind = offset.checked_sub(self.head.len() as u64);
        match behind {
            Some(behind) => self.content.read_at(self.body_at + behind, buf),
            None => self.head.as_slice().read_at(offset, buf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8463 appendix A.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const MAIL: &str = "From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\n\
        We lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

    fn keys() -> Keys {
        Keys::of_ed25519("football.example.com", "brisbane", &base64::decode(SEED).expect("base64"))
    }

    fn all(content: &dyn Source) -> String {
        let (mut all, mut chunk) = (Vec::new(), [0; 7]);
        loop {
            match content.read_at(all.len() as u64, &mut chunk).expect("readable") {
                0 => return String::from_utf8(all).expect("text"),
                n => all.extend_from_slice(&chunk[..n]),
            }
        }
    }

    #[test]
    fn the_example_of_the_standard_comes_out() {
        let own = " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
            q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n \
            bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
        let header = header(&MAIL.as_bytes().to_vec()).expect("a header");
        let fields = fields(&header);
        let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];
        let input = signing_input(&fields.iter().collect::<Vec<_>>(), &names, own.as_bytes());
        let signature = base64::encode(&keys().0[0].sign(&input).expect("signed"));
        assert_eq!(
            signature,
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        );
    }

    #[test]
    fn our_signature_is_replaced_and_all_else_stays() {
        let now = Timestamp::parse("2026-11-21T08:00:00Z").expect("a time");
        let old = "DKIM-Signature: v=1; d=Football.example.com;\r\n\ts=old; b=abc\r\n";
        let other = "DKIM-Signature: v=1; d=list.example; s=x; b=abc\r\n";
        let mail = format!("Received: x\r\n{old}{other}{MAIL}");
        let signed = all(&*keys().signed(Arc::new(mail.clone().into_bytes()), now).expect("signed"));
        let (first, rest) = signed.split_at(signed.find("\r\nReceived").expect("a field") + 2);
        assert_eq!(rest, mail.replace(old, ""));
        assert!(
            first.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=football.example.com;\r\n")
        );
        assert!(first.contains("\tbh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"), "{first}");
        assert!(first.contains("from:from:to:to:subject:subject:date:date:message-id:"), "{first}");
        assert!(first.lines().all(|line| line.len() <= 90), "{first}");
        for unsigned in [MAIL.to_owned(), format!("{other}{MAIL}"), format!("X: {old}{MAIL}")] {
            let content: Arc<dyn Source> = Arc::new(unsigned.clone().into_bytes());
            assert_eq!(all(&*keys().signed(content, now).expect("read")), unsigned);
        }
        for broken in ["", "From: x", "From: x\r\n"] {
            assert!(keys().signed(Arc::new(broken.as_bytes().to_vec()), now).is_err(), "{broken:?}");
        }
    }
}
