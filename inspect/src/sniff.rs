//! What kind of bytes these are, from their beginning: text in which encoding, or binary.
//!
//! Each format's own mark is known to its room; this is about text in general.

mod wide;

use chot_detectors::{BLOCK, among, digits};

pub(crate) use wide::{Order, Unlike, goes_on_mixed, run as wide_run};

/// The beginning of an object, for formats to recognise themselves.
pub(crate) struct Head<'a> {
    /// The first block, or everything when the object is smaller.
    pub(crate) bytes: &'a [u8],
    /// `bytes` without a byte order mark and leading blanks.
    pub(crate) trimmed: &'a [u8],
    pub(crate) hint: &'a crate::Hint,
    pub(crate) text: Option<Encoding>,
    declared: String,
    extension: String,
}

/// Beginnings of the names of other such sets: UTF-7, EBCDIC in its many code pages, compressed Unicode, escapes.
const SHIFTED: [&str; 15] = [
    "utf-7",
    "utf7",
    "unicode-",
    "x-unicode-",
    "ebcdic",
    "ibm",
    "cp0",
    "cp1026",
    "cp1047",
    "cp114",
    "cp500",
    "iso-2022",
    "iso-10646",
    "scsu",
    "bocu",
];

/// How text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
    /// One byte a character, some of them not ASCII.
    Legacy,
}

impl<'a> Head<'a> {
    pub(crate) fn new(bytes: &'a [u8], hint: &'a crate::Hint) -> Self {
        let text = encoding(bytes);
        let trimmed = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let declared = hint.content_type.as_deref().unwrap_or_default();
        let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = hint.name.as_deref().unwrap_or_default();
        let extension = name.rsplit_once('.').map_or_else(String::new, |(_, ext)| ext.to_ascii_lowercase());
        Self { bytes, trimmed, hint, text, declared, extension }
    }

    /// Text of bytes that a parser of ASCII-based syntax can read.
    pub(crate) fn is_ascii_based(&self) -> bool {
        matches!(self.text, Some(Encoding::Utf8 | Encoding::Legacy))
    }

    /// What ends lines: a carriage return where no line feed stands.
    pub(crate) fn line_end(&self) -> u8 {
        let has = |sign| memchr::memchr(sign, self.bytes).is_some();
        if !has(b'\n') && has(b'\r') { b'\r' } else { b'\n' }
    }

    /// The declared media type without parameters, in lower case.
    pub(crate) fn declared(&self) -> &str {
        &self.declared
    }

    /// Whether digits in the declared character set are not those of ASCII, nor of a set that its bytes give away.
    pub(crate) fn hides_digits(&self) -> bool {
        let declared = self.hint.content_type.as_deref().unwrap_or_default();
        let charset = declared.split(';').skip(1).filter_map(|p| p.split_once('=')).find_map(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
        charset.is_some_and(|charset| match encoding_rs::Encoding::for_label(charset.as_bytes()) {
            // ISO-2022-KR, HZ and the like are read as the replacement encoding (WHATWG Encoding, §4.2).
            Some(known) => known == encoding_rs::ISO_2022_JP || known == encoding_rs::REPLACEMENT,
            None => SHIFTED.iter().any(|prefix| charset.starts_with(prefix)),
        })
    }

    /// The extension of the name, in lower case.
    pub(crate) fn extension(&self) -> &str {
        &self.extension
    }
}

/// The encoding of what may be text.
pub(crate) fn encoding(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return Some(Encoding::Utf32Le),
        [0, 0, 0xfe, 0xff, ..] => return Some(Encoding::Utf32Be),
        [0xff, 0xfe, ..] => return Some(marked(bytes, Encoding::Utf16Le, Order::Little)),
        [0xfe, 0xff, ..] => return Some(marked(bytes, Encoding::Utf16Be, Order::Big)),
        _ => {}
    }
    let controls = controls(bytes);
    if controls * 50 > bytes.len() {
        return utf16(bytes).or_else(|| wide::is_mixed(bytes).then_some(Encoding::Utf8));
    }
    // Four to eight times as fast as the standard library's, and asked of every block that may be text.
    let (_, rest) = bytes.split_at(encoding_rs::Encoding::utf8_valid_up_to(bytes).min(bytes.len()));
    // The block may end within a character.
    let is_cut = || rest.len() < 4 && str::from_utf8(rest).is_err_and(|e| e.error_len().is_none());
    if rest.is_empty() || is_cut() || controls > 0 && wide::is_mixed(bytes) {
        return Some(Encoding::Utf8);
    }
    // Mostly letters and blanks: an old code page, or UTF-8 with a few wrong bytes.
    let ascii = bytes.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
    (controls == 0 && ascii * 2 > bytes.len() || ascii * 100 > bytes.len() * 95).then_some(Encoding::Legacy)
}

/// The encoding of what begins with the mark of UTF-16: that, unless text of single bytes was appended.
fn marked(bytes: &[u8], encoding: Encoding, order: Order) -> Encoding {
    let is_mixed = Unlike::of(bytes, order).narrow && wide::is_mixed(bytes);
    if is_mixed { Encoding::Utf8 } else { encoding }
}

/// How many characters of control there are that no text has, without a branch for any of them.
fn controls(bytes: &[u8]) -> usize {
    // As many as a byte can count.
    const CHUNK: usize = 128;
    let is_control = |b: u8| {
        let is_blank = (0x09..=0x0d).contains(&b) | (0x1b..=0x1f).contains(&b);
        (b < 0x20) & !is_blank | (b == 0x7f)
    };
    let in_chunk = |chunk: &[u8]| usize::from(chunk.iter().fold(0u8, |n, b| n + u8::from(is_control(*b))));
    bytes.chunks(CHUNK).map(in_chunk).sum()
}

/// Text in UTF-16 has a zero in every other byte wherever it is ASCII.
fn utf16(bytes: &[u8]) -> Option<Encoding> {
    let pairs = bytes.len() / 2;
    if pairs < 2 {
        return None;
    }
    let plain = |c: u8| c.is_ascii_graphic() || c.is_ascii_whitespace();
    let little = bytes.chunks_exact(2).filter(|p| matches!(p, [c, 0] if plain(*c))).count();
    let big = bytes.chunks_exact(2).filter(|p| matches!(p, [0, c] if plain(*c))).count();
    // Where text of single bytes was appended, both are looked for.
    let sound = |encoding, order| {
        let unlike = Unlike::of(bytes, order);
        let is_mixed = unlike.narrow && wide::is_mixed(bytes);
        if is_mixed { Some(Encoding::Utf8) } else { unlike.may_be_text().then_some(encoding) }
    };
    if little * 2 > pairs {
        sound(Encoding::Utf16Le, Order::Little)
    } else if big * 2 > pairs {
        sound(Encoding::Utf16Be, Order::Big)
    } else {
        utf32(bytes)
    }
}

/// Text in UTF-32 has three zeros with every character that is ASCII.
fn utf32(bytes: &[u8]) -> Option<Encoding> {
    let plain = |c: u8| c.is_ascii_graphic() || c.is_ascii_whitespace();
    let units = bytes.len() / 4;
    let little = bytes.chunks_exact(4).filter(|u| matches!(u, [c, 0, 0, 0] if plain(*c))).count();
    let big = bytes.chunks_exact(4).filter(|u| matches!(u, [0, 0, 0, c] if plain(*c))).count();
    if units >= 2 && little * 2 > units {
        Some(Encoding::Utf32Le)
    } else if units >= 2 && big * 2 > units {
        Some(Encoding::Utf32Be)
    } else {
        None
    }
}

/// Whether the bytes that an encoding decoded to mean anything: text, or a container that can be opened.
pub(crate) fn is_plausible(bytes: &[u8]) -> bool {
    const TEXT_MIN: usize = 8;
    if is_container(bytes) {
        return true;
    }
    if bytes.len() < TEXT_MIN {
        return false;
    }
    if ends_as_archive(bytes) || is_upload(bytes) {
        return true;
    }
    // Nearly always chance is asked about, and its first bytes tell: no UTF-8, and no zeros as in wider encodings.
    let head = bytes.get(..bytes.len().min(BLOCK)).unwrap_or_default();
    let is_utf8 = str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true);
    let mark = || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if !is_utf8 && !mark() {
        let mut block = [b' '; BLOCK];
        if let Some(beginning) = block.get_mut(..head.len()) {
            beginning.copy_from_slice(head);
        }
        if among(&block, [0; 4]) == 0 {
            return is_written(&block, head.len()) && encoding(bytes) == Some(Encoding::Legacy);
        }
    }
    match encoding(bytes) {
        // Letters of an old character set, none of them at the beginning.
        Some(Encoding::Legacy) => bytes.len() >= BLOCK,
        found => found.is_some(),
    }
}

/// Whether nothing that [`is_plausible`] and [`holds_number`] mean is in these bytes, if there is neither a zero nor nine digits among them, nor two
/// beside each other, and they are too few for an archive: they begin as no container, no mark and no upload, and are no UTF-8. False says nothing.
pub(crate) fn is_no_beginning(bytes: impl Iterator<Item = [u8; 3]>) -> bool {
    let (mut first, mut more) = (true, 0);
    for three in bytes {
        if std::mem::take(&mut first) && may_begin(three) {
            return false;
        }
        for b in three {
            if (more > 0) != matches!(b, 0x80..0xc0) {
                return true;
            }
            more = match b {
                ..0x80 => 0,
                0x80..0xc0 => more - 1,
                0xc2..0xe0 => 1,
                0xe0..0xf0 => 2,
                0xf0..0xf5 => 3,
                _ => return true,
            };
        }
    }
    false
}

/// Whether a container, a mark of an encoding or an upload may begin with these bytes.
pub(crate) const fn may_begin([a, b, _]: [u8; 3]) -> bool {
    match a {
        // Paths are most of what is asked about, and the slash that begins them is the beginning of these.
        0xfd => b == b'7',
        0xfe => b == 0xff,
        0xff => matches!(b, 0xd8 | 0xfe),
        b'-' => b == b'-',
        _ => begins_container(a),
    }
}

/// Whether bytes begin as an upload of several parts, which may be no text.
fn is_upload(bytes: &[u8]) -> bool {
    const HEAD: usize = 160;
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    head.starts_with(b"--") && memchr::memmem::find(head, b"\nContent-").is_some()
}

/// Whether bytes end as an archive of ZIP does, whatever they begin with: a program that unpacks itself.
fn ends_as_archive(bytes: &[u8]) -> bool {
    /// An archive of one member, and the record at its end with a remark.
    const LEN_MIN: usize = 98;
    const END_MAX: usize = 512;
    let end = bytes.get(bytes.len().saturating_sub(END_MAX)..).unwrap_or_default();
    bytes.len() >= LEN_MIN && memchr::memmem::find(end, b"PK\x05\x06").is_some()
}

/// Digits of the shortest number of people.
pub(crate) const DIGITS_MIN: usize = 9;

/// Whether the first `len` bytes of a block, the others blanks, are those of a text in an old character set and none of chance:
/// nothing is in them that is not written, and the digits of a number are, or more letters than chance has. Of few bytes only
/// the number tells.
fn is_written(block: &[u8; BLOCK], len: usize) -> bool {
    /// As many as a short run of base64 comes to, such as keys and names of records.
    const FEW: usize = BLOCK / 4 * 3;
    // Among bytes of chance a tenth is not written.
    let is_control = |b: &u8| b.is_ascii_control() && !matches!(b, b'\t' | b'\n' | b'\r');
    if block.iter().any(is_control) {
        return false;
    }
    // Of these a quarter of all bytes, and four of five in the old sets: in VNI, whose marks are letters of their own,
    // hardly fewer.
    let is_usual = |b: &&u8| b.is_ascii_alphanumeric() || b" \t\r\n.,;:-/()\"'|".contains(b);
    let has_number = digits(block).count_ones() as usize >= DIGITS_MIN;
    let seen = block.get(..len).unwrap_or_default();
    has_number || len > FEW && 5 * seen.iter().filter(is_usual).count() >= 3 * len
}

/// Whether the digits of a number stand together somewhere among bytes of any kind, as in the messages of programs. Bytes of
/// chance have no such stretch.
pub(crate) fn holds_number(bytes: &[u8]) -> bool {
    /// Those of a passport.
    const NUMBER_MIN: usize = 7;
    /// Signs between two digits, or the zeros of wider letters.
    const SIGNS_MAX: usize = 3;
    let (mut together, mut behind) = (0, 0);
    for (n, chunk) in bytes.chunks(BLOCK).enumerate() {
        let mut block = [0xff; BLOCK];
        if let Some(beginning) = block.get_mut(..chunk.len()) {
            beginning.copy_from_slice(chunk);
        }
        let mut left = digits(&block);
        while left != 0 {
            let at = n * BLOCK + left.trailing_zeros() as usize;
            left &= left - 1;
            let are_signs = |between: &[u8]| between.iter().all(|b| matches!(b, 0 | b' ' | b'.' | b'-'));
            let goes_on = at <= behind + SIGNS_MAX && bytes.get(behind..at).is_some_and(are_signs);
            together = if goes_on { together + 1 } else { 1 };
            if together == NUMBER_MIN {
                return true;
            }
            behind = at + 1;
        }
    }
    false
}

/// Whether bytes begin as a container does.
pub(crate) fn is_container(bytes: &[u8]) -> bool {
    // The sum of the header is for the room to check.
    if bytes.get(257..262) == Some(b"ustar") {
        return true;
    }
    // Asked of whatever runs of characters come to, which is chance.
    if !bytes.first().is_some_and(|b| begins_container(*b)) {
        return false;
    }
    let magic = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b\x08") || is_zlib(bytes);
    let document = bytes.starts_with(b"%PDF-") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    const MARKS: [&[u8]; 16] = [
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"MSCF\0\0\0\0",
        b"!<arch>\n",
        b"SQLite format 3\0",
        b"07070",
        b"\x78\x9f\x3e\x22",
        b"PAR1",
        b"II*\0",
        b"MM\0*",
        b"=ybegin ",
        crate::formats::ENCRYPTED_BY_OPENSSL,
        crate::formats::ENCRYPTED_BY_AGE,
        b"\0\x01\0\0Standard Jet DB\0",
        b"\0\x01\0\0Standard ACE DB\0",
        b"!BDN",
    ];
    let magic = magic || MARKS.iter().any(|mark| bytes.starts_with(mark));
    magic
        || document
        || crate::formats::is_cms(bytes)
        || crate::formats::is_packed(bytes)
        || crate::formats::is_sealed(bytes)
        || is_picture(bytes)
}

/// Whether a container may begin with this byte.
pub(crate) const fn begins_container(b: u8) -> bool {
    matches!(b, b'P' | 0x1f | 0x78 | b'%' | 0xd0 | b'7' | b'R' | b'M' | b'!' | b'S' | 0x30 | 0xff | 0x89 | b'G')
        || matches!(b, 0 | 0xfd | 0x02 | 0x04 | 0x28 | b'B' | 0x50..=0x5f | b'I' | b'=' | b'a')
        // Session keys of OpenPGP, old and new.
        || matches!(b, 0x84..=0x86 | 0x8c..=0x8e | 0xc1 | 0xc3)
}

/// The beginning of a bzip2 file with a block in it, or of an empty one: the digits of π and of its root.
pub(crate) fn is_bzip2(bytes: &[u8]) -> bool {
    matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', block @ ..]
        if block.starts_with(b"1AY&SY") || block.starts_with(b"\x17rE8P\x90"))
}

/// Whether bytes begin as the pictures of web pages and mails do.
fn is_picture(bytes: &[u8]) -> bool {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    webp || [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"].iter().any(|m| bytes.starts_with(m))
}

/// A zlib header (RFC 1950 §2.2): deflate, a window of at most 32 KiB, a check of the two bytes, no dictionary.
pub(crate) fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, flags, ..] if (0x7800 | u16::from(*flags)).is_multiple_of(31) && flags & 0x20 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(bytes: &[u8]) -> String {
        const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let group = |chunk: &[u8]| {
            let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            let sign = move |n: usize| char::from(SIGNS[(bits >> (18 - 6 * n)) as usize & 63]);
            let len = chunk.len();
            (0..4).map(move |n| if n <= len { sign(n) } else { '=' })
        };
        bytes.chunks(3).flat_map(group).collect()
    }

    #[test]
    fn a_message_of_a_program_means_something_by_its_numbers() {
        for (bytes, means) in [
            (&b"\0\0\0\0\x0e\x0a\x0c001090123456\xff"[..], true),
            (b"\xff\x01\x02001 090 123.456\x80", true),
            (b"\xff\x010\x000\x001\x000\x009\x000\x001\0\x80", true),
            (b"\xff\x01\x02001090\x80123456\x80", false),
            (b"\xff\x01\x0201/09/90\x80, 12:34\x80", false),
            (b"\xff0\xfe0\xfd1\xfc0\xfb9\xfa0\xf91\xf82", false),
        ] {
            assert_eq!(holds_number(bytes), means, "{bytes:x?}");
            // Wherever a block ends.
            for before in 1..2 * BLOCK {
                assert_eq!(holds_number(&[&vec![0xff; before][..], bytes].concat()), means, "{bytes:x?} at {before}");
            }
        }
    }

    #[test]
    fn containers_are_known_by_their_beginnings() {
        let heads: [&[u8]; 24] = [
            b"PK\x03\x04",
            b"\x1f\x8b\x08",
            b"\x78\x9c",
            b"%PDF-1.7",
            b"\xd0\xcf\x11\xe0",
            b"7z\xbc\xaf\x27\x1c",
            b"Rar!\x1a\x07\x01",
            b"MSCF\0\0\0\0",
            b"!<arch>\n",
            b"SQLite format 3\0",
            b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
            b"\xfd7zXZ\0",
            b"\x04\x22\x4d\x18",
            b"\x02\x21\x4c\x18",
            b"\x28\xb5\x2f\xfd",
            b"\x50\x2a\x4d\x18",
            b"\x5f\x2a\x4d\x18",
            b"BZh91AY&SY",
            b"RIFF\x24\0\0\0WEBP",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"GIF87a",
            b"GIF89a",
            b"\x78\xda",
        ];
        for head in heads {
            assert!(is_container(head), "{head:x?}");
        }
    }

    #[test]
    fn archives_are_opened_wherever_they_are_written() {
        use crate::{Hint, Inspector, Limits};
        let archives: [&[u8]; 5] = [
            include_bytes!("../tests/packed/solid.7z"),
            include_bytes!("../tests/packed/stored.cab"),
            include_bytes!("../tests/packed/goi.deb"),
            include_bytes!("../tests/packed/nguoi.db"),
            include_bytes!("../tests/packed/so.txt.xz"),
        ];
        for (n, archive) in archives.into_iter().enumerate() {
            let json = format!("{{\"tep\":\"{}\"}}", base64(archive));
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &json.into_bytes());
            assert!(inspection.inspection.distinct(chot_model::DetectorId::Cccd) > 0, "archive {n}");
        }
    }

    #[test]
    fn characters_of_control_are_counted() {
        let all: Vec<u8> = (0..=255).collect();
        let rare = |b: &&u8| **b < 0x20 && !b"\t\n\r\x0b\x0c\x1b\x1c\x1d\x1e\x1f".contains(b) || **b == 0x7f;
        assert_eq!(controls(&all.repeat(3)), 3 * all.iter().filter(rare).count());
        assert_eq!(controls(&[0; 1_000]), 1_000);
    }

    #[test]
    fn a_block_may_end_within_a_character() {
        let text = "Số căn cước của công dân".as_bytes();
        for end in 1..text.len() {
            assert_eq!(encoding(&text[..end]), Some(Encoding::Utf8), "{end}");
            let wrong = [&text[..end], &b"\xc4x"[..]].concat();
            assert_ne!(encoding(&wrong), Some(Encoding::Utf8), "{end}");
        }
    }

    #[test]
    fn tells_text_from_binary() {
        let utf16: Vec<u8> = "Số CCCD 001".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected) in [
            ("Số CCCD".as_bytes(), Some(Encoding::Utf8)),
            (b"c\xe3n c\xfd\xf0\xecc", Some(Encoding::Legacy)),
            (&utf16, Some(Encoding::Utf16Le)),
            (b"\xfe\xff\x00a", Some(Encoding::Utf16Be)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01", None),
            (b"\x00\x01\x02\x03", None),
        ] {
            assert_eq!(encoding(bytes), expected, "{bytes:?}");
        }
    }
}
