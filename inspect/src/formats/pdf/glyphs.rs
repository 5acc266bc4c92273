//! What the codes and glyph names of simple fonts stand for: the predefined encodings, the glyph list, and the widths of
//! the fonts that files may use without bringing them (ISO 32000-2, annex D; 9.6.2.2).

use std::collections::HashMap;
use std::sync::LazyLock;

static NAMES: LazyLock<HashMap<&'static [u8], char>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, code) = line.split_once(' ')?;
        Some((name.as_bytes(), char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
    };
    include_str!("glyphs.txt").lines().filter(|l| !l.starts_with('#')).filter_map(line).collect()
});

/// The character that a glyph name stands for (Adobe Glyph List specification, §2).
pub(super) fn named(name: &[u8]) -> Option<char> {
    if let Some(known) = NAMES.get(name) {
        return Some(*known);
    }
    // What follows a full stop tells variants apart.
    let name = name.split(|b| *b == b'.').next().filter(|n| !n.is_empty())?;
    if let Some(known) = NAMES.get(name) {
        return Some(*known);
    }
    let name = str::from_utf8(name).ok()?;
    let code = match name.strip_prefix("uni").filter(|hex| hex.len() == 4) {
        Some(hex) => hex,
        None => name.strip_prefix('u').filter(|hex| (4..=6).contains(&hex.len()))?,
    };
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}

/// A predefined encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Standard,
    WinAnsi,
    MacRoman,
}

impl Encoding {
    pub(super) fn by_name(name: &[u8]) -> Option<Self> {
        match name {
            b"StandardEncoding" => Some(Self::Standard),
            b"WinAnsiEncoding" => Some(Self::WinAnsi),
            b"MacRomanEncoding" => Some(Self::MacRoman),
            _ => None,
        }
    }

    pub(super) fn char(self, code: u8) -> Option<char> {
        if !(0x20..0x7f).contains(&code) && code < 0x80 {
            return None;
        }
        match (self, code) {
            (Self::Standard, 0x27) => Some('’'),
            (Self::Standard, 0x60) => Some('‘'),
            (_, 0..0x80) => Some(char::from(code)),
            (Self::Standard, _) => STANDARD.iter().find(|(c, _)| *c == code).map(|(_, c)| *c),
            (Self::WinAnsi, _) => one(encoding_rs::WINDOWS_1252, code),
            (Self::MacRoman, _) => one(encoding_rs::MACINTOSH, code),
        }
    }
}

fn one(encoding: &'static encoding_rs::Encoding, code: u8) -> Option<char> {
    let bytes = [code];
    encoding.decode_without_bom_handling(&bytes).0.chars().next()
}

const STANDARD: [(u8, char); 57] = [
    (161, '¡'),
    (162, '¢'),
    (163, '£'),
    (164, '⁄'),
    (165, '¥'),
    (166, 'ƒ'),
    (167, '§'),
    (168, '¤'),
    (169, '\''),
    (170, '“'),
    (171, '«'),
    (172, '‹'),
    (173, '›'),
    (174, 'ﬁ'),
    (175, 'ﬂ'),
    (177, '–'),
    (178, '†'),
    (179, '‡'),
    (180, '·'),
    (182, '¶'),
    (183, '•'),
    (184, '‚'),
    (185, '„'),
    (186, '”'),
    (187, '»'),
    (188, '…'),
    (189, '‰'),
    (191, '¿'),
    (193, '`'),
    (194, '´'),
    (195, 'ˆ'),
    (196, '˜'),
    (197, '¯'),
    (198, '˘'),
    (199, '˙'),
    (200, '¨'),
    (202, '˚'),
    (203, '¸'),
    (205, '˝'),
    (206, '˛'),
    (207, 'ˇ'),
    (208, '—'),
    (225, 'Æ'),
    (227, 'ª'),
    (232, 'Ł'),
    (233, 'Ø'),
    (234, 'Œ'),
    (235, 'º'),
    (241, 'æ'),
    (245, 'ı'),
    (248, 'ł'),
    (249, 'ø'),
    (250, 'œ'),
    (251, 'ß'),
    (160, ' '),
    (96, '‘'),
    (39, '’'),
];

/// Beginnings of PDFDocEncoding where it is not Latin-1 (annex D.3).
const DOC_HIGH: [char; 31] = [
    '•', '†', '‡', '…', '—', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š',
    'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}',
];

/// A text string (7.9.2.2): UTF-16 or UTF-8 with its mark, else PDFDocEncoding. `None` when it is no text.
pub(super) fn text_string(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // Against the standard, but common; no text in PDFDocEncoding is well-formed UTF-8 by chance.
        _ => match str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|b| doc(*b)).collect(),
        },
    };
    let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace() || *c == '\u{fffd}').count();
    // An escape with a language may stand in UTF-16 text; a check sum or certificate is full of them.
    (controls * 8 <= text.chars().count())
        .then(|| text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect())
}

fn doc(b: u8) -> char {
    match b {
        0x80..=0x9e => DOC_HIGH.get(usize::from(b - 0x80)).copied().unwrap_or('\u{fffd}'),
        0x9f => '\u{fffd}',
        0xa0 => '€',
        _ => char::from(b),
    }
}

/// Widths of the printable ASCII characters, in thousandths.
pub(super) type Widths = [u16; 95];

/// The widths of a standard font, when its name says which it is like. Slanted faces are near enough to upright ones.
pub(super) fn standard_widths(name: &[u8]) -> &'static Widths {
    let has = |part: &[u8]| memchr::memmem::find(name, part).is_some();
    let bold = has(b"Bold") || has(b"bold") || has(b"Black");
    if has(b"Courier") || has(b"Mono") || has(b"Consol") {
        &COURIER
    } else if has(b"Times") || has(b"Serif") || has(b"Roman") || has(b"Georgia") || has(b"Cambria") {
        if bold { &TIMES_BOLD } else { &TIMES }
    } else if bold {
        &HELVETICA_BOLD
    } else {
        &HELVETICA
    }
}

const COURIER: Widths = [600; 95];
const HELVETICA: Widths = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
const HELVETICA_BOLD: Widths = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
];
const TIMES: Widths = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
    722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
    444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
    200, 480, 541,
];
const TIMES_BOLD: Widths = [
    250, 333, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 570, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 333, 333, 570, 570, 570, 500, 930, 722, 667, 722, 722, 667, 611, 778, 778, 389, 500, 778, 667, 944,
    722, 778, 611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 333, 278, 333, 581, 500, 333, 500, 556, 444, 556,
    444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500, 556, 556, 444, 389, 333, 556, 500, 722, 500, 500, 444, 394,
    220, 394, 520,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_characters() {
        for (name, expected) in [
            ("one", Some('1')),
            ("one.tnum", Some('1')),
            ("nineoldstyle", Some('9')),
            ("acircumflexacute", Some('ấ')),
            ("uni1EA5", Some('ấ')),
            ("u1EA5", Some('ấ')),
            ("dcroat", Some('đ')),
            ("g12", None),
            (".notdef", None),
        ] {
            assert_eq!(named(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn text_strings_are_told_from_other_bytes() {
        for (bytes, expected) in [
            (b"\xfe\xff\x1e\xcd".as_slice(), Some("ọ")),
            (b"\xef\xbb\xbf\xe1\xbb\x8d", Some("ọ")),
            (b"caf\xe9 \x80", Some("café •")),
            (b"\x01\x93\x07\x05\x11\x99", None),
        ] {
            assert_eq!(text_string(bytes).as_deref(), expected);
        }
    }

    #[test]
    fn encodings_agree_on_digits() {
        for encoding in [Encoding::Standard, Encoding::WinAnsi, Encoding::MacRoman] {
            assert_eq!(encoding.char(b'7'), Some('7'));
            assert_eq!(encoding.char(3), None);
        }
        assert_eq!(Encoding::WinAnsi.char(0xe2), Some('â'));
        assert_eq!(Encoding::Standard.char(0xfb), Some('ß'));
    }
}
