//! Folding: text brought to the skeleton that words are compared in, `Số CCCD` and `SO_CCCD` alike.
//!
//! It does not decode: bytes that are no UTF-8 are passed over, and old Vietnamese encodings are the caller's to
//! undo before.

/// Lower case, `đ` → `d`, diacritics dropped whether composed (NFC) or combining (NFD), words parted by one space.
///
/// Everything that is neither letter nor digit parts words, as do a change from lower to upper case (`soCCCD` →
/// `so cccd`) and from letters to digits. Zero-width characters vanish.
///
/// ```
/// assert_eq!(chot_detectors::fold("Số CCCD/CMND"), "so cccd cmnd");
/// assert_eq!(chot_detectors::fold("soCCCD"), "so cccd");
/// assert_eq!(chot_detectors::fold("DIA_CHI"), "dia chi");
/// ```
pub fn fold(text: &str) -> String {
    let mut spread = Vec::with_capacity(text.len() + 8);
    spread_words(text.as_bytes(), &mut spread);
    let words = spread.split(|b| *b == b' ').filter(|w| !w.is_empty());
    let mut folded = String::with_capacity(spread.len());
    for word in words {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.iter().map(|b| char::from(*b)));
    }
    folded
}

/// Folds into words each *surrounded* by spaces: `Số CCCD` → `" so  cccd "`. A phrase folded in the same way is then
/// found by plain substring search exactly where its words stand, and two phrases side by side share no byte.
pub(crate) fn spread_words(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut last = Kind::Other;
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let (letter, kind) = if first < 0x80 {
            rest = tail;
            ASCII[usize::from(first)]
        } else {
            let Some((c, len)) = next_char(rest) else { break };
            rest = rest.get(len..).unwrap_or_default();
            let Some(folded) = c.map_or(Some((b' ', Kind::Other)), fold_char) else { continue };
            folded
        };
        // A capital goes on with small letters, as in `Mã`; a small letter followed by a capital ends its word.
        let goes_on = matches!(
            (last, kind),
            (Kind::Lower, Kind::Lower) | (Kind::Upper, Kind::Upper | Kind::Lower) | (Kind::Digit, Kind::Digit)
        );
        if !goes_on {
            if last != Kind::Other {
                out.push(b' ');
            }
            if kind != Kind::Other {
                out.push(b' ');
            }
        }
        if kind != Kind::Other {
            out.push(letter);
        }
        last = kind;
    }
    if last != Kind::Other {
        out.push(b' ');
    }
}

/// The skeletons of ASCII, by byte.
const ASCII: [(u8, Kind); 128] = {
    let mut table = [(b' ', Kind::Other); 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = fold_ascii(byte as u8);
        byte += 1;
    }
    table
};

const fn fold_ascii(byte: u8) -> (u8, Kind) {
    match byte {
        b'a'..=b'z' => (byte, Kind::Lower),
        b'A'..=b'Z' => (byte.to_ascii_lowercase(), Kind::Upper),
        b'0'..=b'9' => (byte, Kind::Digit),
        _ => (b' ', Kind::Other),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lower,
    Upper,
    Digit,
    Other,
}

/// The skeleton of a character and its kind; `None` for characters that leave no trace.
fn fold_char(c: char) -> Option<(u8, Kind)> {
    let ascii = match c {
        '\0'..='\x7f' => c as u8,
        'À'..='Å' | 'Ă' | 'Ā' => b'A',
        'à'..='å' | 'ă' | 'ā' => b'a',
        'È'..='Ë' => b'E',
        'è'..='ë' => b'e',
        'Ì'..='Ï' | 'Ĩ' => b'I',
        'ì'..='ï' | 'ĩ' => b'i',
        'Ò'..='Ö' | 'Ơ' => b'O',
        'ò'..='ö' | 'ơ' => b'o',
        'Ù'..='Ü' | 'Ũ' | 'Ư' => b'U',
        'ù'..='ü' | 'ũ' | 'ư' => b'u',
        'Ý' => b'Y',
        'ý' | 'ÿ' => b'y',
        'Đ' | 'Ð' => b'D',
        'đ' => b'd',
        // Latin Extended Additional: capitals are even, small letters odd.
        '\u{1ea0}'..='\u{1ef9}' => {
            let base = match c {
                ..='\u{1eb7}' => b'a',
                ..='\u{1ec7}' => b'e',
                ..='\u{1ecb}' => b'i',
                ..='\u{1ee3}' => b'o',
                ..='\u{1ef1}' => b'u',
                _ => b'y',
            };
            if (c as u32).is_multiple_of(2) { base.to_ascii_uppercase() } else { base }
        }
        '\u{ff01}'..='\u{ff5e}' => (c as u32 - 0xff01 + 0x21) as u8,
        '\u{300}'..='\u{36f}' => return None,
        c if is_invisible(c) => return None,
        _ => b' ',
    };
    Some(fold_ascii(ascii))
}

/// Characters that take no room on the screen: zero-width, soft hyphen, direction marks, variation selectors.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The first character of `bytes` and how many bytes it takes; `None` inside for a byte that begins no character.
#[inline]
pub(crate) fn next_char(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((Some(char::from(first)), 1));
    }
    let len = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((None, 1)),
    };
    let decoded = bytes.get(..len).and_then(|b| str::from_utf8(b).ok()).and_then(|s| s.chars().next());
    Some(decoded.map_or((None, 1), |c| (Some(c), len)))
}

/// The last character of `bytes`, likewise.
#[inline]
pub(crate) fn last_char(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let last = *bytes.last()?;
    if last < 0x80 {
        return Some((Some(char::from(last)), 1));
    }
    for len in 2..=4 {
        let Some(tail) = bytes.len().checked_sub(len).and_then(|at| bytes.get(at..)) else { break };
        if tail.first().is_some_and(|b| *b >= 0xc0) {
            return Some(match next_char(tail) {
                Some((Some(c), n)) if n == len => (Some(c), len),
                _ => (None, 1),
            });
        }
    }
    Some((None, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_heading_fold_alike() {
        for (text, folded) in [
            ("Mã số BHXH", "ma so bhxh"),
            ("Ma\u{303} so\u{302}\u{301} BHXH", "ma so bhxh"),
            ("MA_SO_BHXH", "ma so bhxh"),
            ("maSoBHXH", "ma so bhxh"),
            ("  Mã  số\n(BHXH) ", "ma so bhxh"),
            ("M\u{200b}ã số ＢＨＸＨ", "ma so bhxh"),
            ("đậm ươm ƯỠNG ỵ", "dam uom uong y"),
            ("TK1-TS", "tk 1 ts"),
            ("", ""),
            ("…", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn words_are_surrounded_by_spaces() {
        let mut out = Vec::new();
        spread_words("Số CCCD:".as_bytes(), &mut out);
        assert_eq!(out, b" so  cccd ");
        spread_words(b"\xff\xfesoCCCD\xc4", &mut out);
        assert_eq!(out, b" so  cccd ");
    }

    #[test]
    fn characters_are_read_from_both_ends() {
        for text in ["a", "đ", "ệ", "𝟎"] {
            let c = text.chars().next();
            assert_eq!(next_char(text.as_bytes()), Some((c, text.len())));
            assert_eq!(last_char(text.as_bytes()), Some((c, text.len())));
        }
        assert_eq!(last_char(b"\x80\x80\x80\x80\x80"), Some((None, 1)));
        assert_eq!(last_char(b""), None);
    }
}
