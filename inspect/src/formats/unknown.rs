//! Bytes of a format that no room opens: runs of printable characters are scanned, the whole is opaque.

use std::collections::BTreeSet;

use chot_detectors::first_pair;
use chot_model::OpaqueReason;

pub(crate) use super::strings::Strings;
use super::{Format, Room, Stream, zip};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, Object};

pub(crate) const FORMAT: Format = Format {
    media_type: OCTETS,
    matches: |_| true,
    room: Room::Stream(|head, place| {
        let reason = if is_piece(head.extension()) { OpaqueReason::Partial } else { OpaqueReason::UnsupportedFormat };
        Box::new(Unknown::new(place, reason))
    }),
    #[cfg(test)]
    example: || b"\x00\x01\x02\xff\xfe\xfdS\xe1\xbb\x91 CCCD 001090123456\x00\x00\x05\x06\x07\x08".to_vec(),
};

/// Whether a file is called as one of several that are pieces of an archive: `a.z02`, `a.r00`, `a.7z.002`, `a.003`. Only its
/// name tells, as it begins in the middle.
fn is_piece(extension: &str) -> bool {
    let number = |digits: &str, len: usize| digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
    number(extension, 3) || extension.strip_prefix(['z', 'r', 's']).is_some_and(|digits| number(digits, 2))
}

/// So many bytes that nobody can tell from chance, in the encodings of one message, are somebody's file or list: what programs
/// write so that is none (keys, signatures, tokens, what checks that somebody is no robot) is shorter. docs/formats.md has the table.
const CIPHER_MIN: u64 = 32 << 10;
/// Shorter pieces are not counted together.
const PIECE_MIN: u64 = 4 << 10;

/// What was found in the encodings of a message that nobody can tell from chance.
#[derive(Default)]
pub(crate) struct Ciphers {
    bytes: u64,
    /// How each begins: some are read in several ways.
    heads: BTreeSet<[u8; Self::HEAD]>,
}

impl Ciphers {
    const HEAD: usize = 16;
    /// More are not known again.
    const HEADS_MAX: usize = 1 << 12;

    /// Adds one; whether they are enough to be told.
    fn add(&mut self, spread: &Spread) -> bool {
        if self.heads.len() >= Self::HEADS_MAX || self.heads.insert(spread.head) {
            self.bytes = self.bytes.saturating_add(spread.len);
        }
        self.bytes >= CIPHER_MIN
    }
}

/// How often each byte stood in something found in an encoding.
struct Spread {
    counts: Box<[u32; 256]>,
    len: u64,
    head: [u8; Ciphers::HEAD],
    /// It is a font, as pages and style sheets carry them.
    is_font: bool,
}

impl Spread {
    fn add(&mut self, bytes: &[u8]) {
        if self.len == 0 {
            self.head = bytes.first_chunk().copied().unwrap_or_default();
            self.is_font = [&b"wOF2"[..], b"wOFF", b"OTTO"].iter().any(|mark| bytes.starts_with(mark));
        }
        self.len = self.len.saturating_add(bytes.len() as u64);
        for b in bytes {
            if let Some(count) = self.counts.get_mut(usize::from(*b)) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Whether the bytes are as those of a cipher, or packed: two of them are the same as seldom as two chosen at random, by a
    /// tenth at most. Of pictures without packing, programs and tables many more are.
    fn is_cipher(&self) -> bool {
        let pairs = |n: u64| u128::from(n) * u128::from(n.saturating_sub(1));
        let same: u128 = self.counts.iter().map(|count| pairs(u64::from(*count))).sum();
        self.len >= PIECE_MIN && !self.is_font && same * 256 * 10 <= pairs(self.len) * 11
    }
}

/// Bytes that are searched and opaque all the same.
pub(crate) struct Unknown {
    reason: OpaqueReason,
    /// Only of what was found in an encoding.
    spread: Option<Spread>,
    strings: Strings,
    appended: Appended,
    /// The last bytes.
    tail: Vec<u8>,
}

impl Unknown {
    pub(crate) fn new(place: &Place, reason: OpaqueReason) -> Self {
        let found = (place.again && place.disguise.is_some() && !place.marked).then(|| Box::new([0; 256]));
        let spread = found.map(|counts| Spread { counts, len: 0, head: [0; _], is_font: false });
        Self { reason, spread, strings: Strings::new(place), appended: Appended::new(place), tail: Vec::new() }
    }
}

impl Stream for Unknown {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        if let Some(spread) = &mut self.spread {
            spread.add(bytes);
        }
        self.strings.read(bytes, inquiry);
        self.appended.read(bytes, inquiry);
        self.tail.extend_from_slice(bytes.get(bytes.len().saturating_sub(zip::TAIL)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(zip::TAIL));
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        let Self { reason, spread, strings, appended, tail } = *self;
        // The last of several files of an archive begins in the middle of something.
        let reason = if zip::ends_segments(&tail) { OpaqueReason::Partial } else { reason };
        match reason {
            // By a mark that no chance has: it is told of what stands in a text as well.
            OpaqueReason::Encrypted => inquiry.refuse(&strings.place, reason, strings.bytes),
            reason => inquiry.opaque(&strings.place, reason, strings.bytes),
        }
        if let Some(spread) = spread.filter(Spread::is_cipher)
            && inquiry.ciphers.add(&spread)
        {
            inquiry.refuse(&strings.place, OpaqueReason::UnsupportedFormat, spread.len);
        }
        strings.end(inquiry);
        appended.end(inquiry);
    }
}

/// A ZIP archive behind something else, as in programs that unpack themselves and pictures that carry more.
///
/// Programs find an archive by its end, so whatever stands before it does not matter to them.
pub(crate) struct Appended {
    place: Place,
    archive: Option<Box<Object>>,
    ended: bool,
    /// The last bytes of the block before, in which a mark may have begun.
    carry: Vec<u8>,
}

impl Appended {
    pub(crate) fn new(place: &Place) -> Self {
        Self { place: place.clone(), archive: None, ended: false, carry: Vec::new() }
    }

    pub(crate) fn read(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        const MARK: usize = 4;
        let edge = [self.carry.as_slice(), bytes.get(..bytes.len().min(MARK - 1)).unwrap_or_default()].concat();
        let (mut start, mut edge_start) = (None, None);
        for (bytes, start) in [(edge.as_slice(), &mut edge_start), (bytes, &mut start)] {
            let mut from = 0;
            while let Some(at) = first_pair(bytes, from, *b"PK") {
                from = at + 2;
                match bytes.get(at + 2..at + MARK) {
                    Some(b"\x03\x04") if start.is_none() => *start = Some(at),
                    Some(b"\x05\x06") => self.ended = true,
                    _ => {}
                }
            }
        }
        match &mut self.archive {
            Some(archive) => archive.push(bytes, inquiry),
            None if self.place.depth < inquiry.limits.depth_max => {
                let start = match edge_start {
                    Some(at) => Some((edge.get(at..self.carry.len()), bytes)),
                    None => start.and_then(|at| Some((None, bytes.get(at..)?))),
                };
                if let Some((carried, rest)) = start {
                    let mut archive = Object::new(Hint::default(), self.place.disguised("appended"));
                    archive.push(carried.unwrap_or_default(), inquiry);
                    archive.push(rest, inquiry);
                    self.archive = Some(Box::new(archive));
                }
            }
            None => {}
        }
        self.carry.extend_from_slice(bytes.get(bytes.len().saturating_sub(MARK - 1)..).unwrap_or_default());
        let old = self.carry.len().saturating_sub(MARK - 1);
        self.carry.drain(..old);
    }

    pub(crate) fn end(self, inquiry: &mut Inquiry) {
        match self.archive {
            // Without an end it is no archive to anybody.
            Some(mut archive) if self.ended => archive.finish(None, inquiry),
            Some(archive) => archive.forget(inquiry),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::OpaqueReason;

    use crate::{Hint, Inspector, Limits};

    /// Bytes that nothing tells from chance.
    fn chance(len: usize, mut state: u64) -> Vec<u8> {
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..len).map(|_| byte()).collect()
    }

    fn base64(bytes: &[u8]) -> String {
        let group = |c: &[u8]| {
            let three = [0, 1, 2].map(|n| c.get(n).copied().unwrap_or(0));
            crate::base64::quantum(three, c.len() as u8).map(char::from)
        };
        bytes.chunks(3).flat_map(group).collect()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn reasons(text: String) -> Vec<OpaqueReason> {
        let inspection =
            Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes()).inspection;
        inspection.opaque.iter().map(|o| o.reason).collect()
    }

    #[test]
    fn much_that_a_page_encrypts_is_told_and_tokens_are_not() {
        let told = vec![OpaqueReason::UnsupportedFormat];
        let cipher = |len: usize| chance(len, 0x9e37_79b9_7f4a_7c15);
        let json = |bytes: &[u8]| format!("{{\"v\":2,\"ct\":\"{}\",\"n\":1}}", base64(bytes));
        for text in [
            json(&cipher(40_000)),
            json(&cipher(200_000)),
            format!("ct={}&n=1", base64(&cipher(40_000)).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")),
            format!("{{\"ct\":\"{}\"}}", hex(&cipher(40_000))),
            // In pieces.
            format!("[{}]", (1..9).map(|n| json(&chance(6_000, n))).collect::<Vec<_>>().join(",")),
        ] {
            assert_eq!(reasons(text.clone()), told, "{}", text.chars().take(60).collect::<String>());
        }
        let keys: Vec<String> = (1..400).map(|n| format!("\"{}\"", base64(&chance(512, n)))).collect();
        let program: Vec<u8> =
            [&b"\0asm\x01\0\0\0"[..], &chance(60_000, 7).iter().map(|b| b & 0x4f).collect::<Vec<u8>>()].concat();
        for text in [
            json(&cipher(20_000)),
            format!("[{}]", keys.join(",")),
            json(&program),
            format!(
                "@font-face{{src:url(data:font/woff2;base64,{})}}",
                base64(&[&b"wOF2"[..], &cipher(60_000)].concat())
            ),
        ] {
            assert_eq!(reasons(text.clone()), [], "{}", text.chars().take(60).collect::<String>());
        }
    }

    #[test]
    fn pieces_of_archives_are_told_as_such_by_their_names() {
        let bytes: Vec<u8> = (0..4_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for (name, reason) in [
            ("ho-so.z02", OpaqueReason::Partial),
            ("ho-so.7z.002", OpaqueReason::Partial),
            ("ho-so.zip.010", OpaqueReason::Partial),
            ("HO-SO.R00", OpaqueReason::Partial),
            ("ho-so.2024", OpaqueReason::UnsupportedFormat),
            ("ho-so.zip", OpaqueReason::UnsupportedFormat),
            ("ho-so", OpaqueReason::UnsupportedFormat),
        ] {
            let hint = Hint { name: Some(name.to_owned()), content_type: None };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &bytes).inspection;
            let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
            assert_eq!((reasons, inspection.object.bytes_inspected), (vec![reason], 0), "{name}");
        }
    }
}
