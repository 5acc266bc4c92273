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
    // One space between two words, none around.
    let mut last = b' ';
    spread.retain(|b| std::mem::replace(&mut last, *b) != b' ' || *b != b' ');
    if spread.last() == Some(&b' ') {
        spread.pop();
    }
    String::from_utf8(spread).unwrap_or_default()
}

/// A short text folded as by [`fold`], where nothing is to be allocated.
#[derive(Clone, Copy)]
pub(crate) struct Folded {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Folded {
    /// The longest text that is folded whole.
    pub(crate) const TEXT_MAX: usize = 96;
    /// Twice as much; what goes beyond is cut off.
    const ROOM: usize = 2 * Self::TEXT_MAX;

    pub(crate) fn of(text: &[u8]) -> Self {
        Self::beginning(text, Self::ROOM)
    }

    /// Its beginning: `bytes` of them at least, where there are as many.
    pub(crate) fn beginning(text: &[u8], bytes: usize) -> Self {
        let mut folded = Self { bytes: [0; Self::ROOM], len: 0 };
        let (mut last, mut at, mut len) = (Kind::Other, 0, 0);
        while let Some(&first) = text.get(at).filter(|_| len < bytes) {
            // Most of it: nothing but letters of a word that has begun.
            if last.goes_on() && first.is_ascii_lowercase() {
                let Some(room) = folded.bytes.get_mut(len) else { break };
                *room = first;
                len += 1;
                at += 1;
                last = Kind::Lower;
                continue;
            }
            let (letter, kind) = if first < 0x80 {
                at += 1;
                ASCII[usize::from(first)]
            } else {
                let (folded, taken) = fold_next(text.get(at..).unwrap_or_default());
                at += taken;
                let Some(folded) = folded else { continue };
                folded
            };
            if kind == Kind::Lower && last.goes_on() {
                let Some(room) = folded.bytes.get_mut(len) else { break };
                *room = letter;
                len += 1;
                last = kind;
                continue;
            }
            // A blank before each word but the first, written without a branch a byte.
            let [spaces, letters] = PARTS[last as usize][kind as usize];
            let Some(room) = folded.bytes.get_mut(len..).and_then(<[u8]>::first_chunk_mut::<2>) else { break };
            let blank = usize::from(spaces > 0 && letters > 0 && len > 0);
            room[0] = b' ';
            room[blank] = if letters > 0 { letter } else { 0 };
            len += blank + usize::from(letters);
            last = kind;
        }
        folded.len = len;
        folded
    }

    /// Folded.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The last word of `text`, folded.
    pub(crate) fn last_word_of(text: &[u8]) -> Self {
        // Every sign of ASCII parts words: nothing before the last one is read, if anything is left behind it.
        let parts = |b: &u8| b.is_ascii() && !b.is_ascii_alphanumeric();
        let words = text.get(..text.iter().rposition(|b| !parts(b)).map_or(0, |at| at + 1)).unwrap_or_default();
        let from = words.iter().rposition(parts).map_or(0, |at| at + 1);
        let last = Self::of(words.get(from..).unwrap_or_default()).last_word();
        if last.len == 0 && from > 0 { Self::of(text).last_word() } else { last }
    }

    /// Only the last word of it.
    fn last_word(mut self) -> Self {
        let start = self.bytes().iter().rposition(|b| *b == b' ').map_or(0, |at| at + 1);
        if start > 0 {
            self.bytes.copy_within(start..self.len, 0);
            self.len -= start;
        }
        self
    }
}

impl std::ops::Deref for Folded {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Folded {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

/// Folds into words each *surrounded* by spaces: `Số CCCD` → `" so  cccd "`. A phrase folded in the same way is then
/// found by plain substring search exactly where its words stand, and two phrases side by side share no byte.
pub(crate) fn spread_words(text: &[u8], out: &mut Vec<u8>) {
    // Two spaces and a letter for every byte at the most, one space at the end. Written without a branch for each
    // kind of byte: every number that words decide about is folded around.
    out.resize(3 * text.len() + 3, b' ');
    let room = out.as_mut_slice();
    let (mut last, mut at, mut len) = (Kind::Other, 0, 0);
    while let Some(&first) = text.get(at) {
        if last.goes_on() && first.is_ascii_lowercase() {
            let Some(letter) = room.get_mut(len) else { break };
            *letter = first;
            len += 1;
            at += 1;
            last = Kind::Lower;
            continue;
        }
        let (letter, kind) = if first < 0x80 {
            at += 1;
            ASCII[usize::from(first)]
        } else {
            let rest = text.get(at..).unwrap_or_default();
            let (folded, taken) = fold_next(rest);
            at += taken;
            let Some(folded) = folded else { continue };
            folded
        };
        let Some(part) = room.get_mut(len..).and_then(<[u8]>::first_chunk_mut::<3>) else { break };
        let [spaces, letters] = PARTS[last as usize][kind as usize];
        *part = [b' '; 3];
        part[usize::from(spaces)] = letter;
        len += usize::from(spaces + letters);
        last = kind;
    }
    // The rest of the room is blank or was written over: close the last word.
    if last != Kind::Other {
        if let Some(end) = room.get_mut(len) {
            *end = b' ';
        }
        len += 1;
    }
    out.truncate(len);
}

/// Spaces before a character and how many letters it writes, by the kind of the character before and its own.
///
/// A capital goes on with small letters, as in `Mã`; a small letter followed by a capital ends its word.
const PARTS: [[[u8; 2]; 4]; 4] = {
    let mut parts = [[[0; 2]; 4]; 4];
    let mut last = 0;
    while last < 4 {
        let mut kind = 0;
        while kind < 4 {
            let goes_on = last == kind && last != Kind::Other as usize
                || last == Kind::Upper as usize && kind == Kind::Lower as usize;
            let ends = (!goes_on && last != Kind::Other as usize) as u8;
            let begins = (!goes_on && kind != Kind::Other as usize) as u8;
            parts[last][kind] = [ends + begins, (kind != Kind::Other as usize) as u8];
            kind += 1;
        }
        last += 1;
    }
    parts
};

/// The skeleton of the character at the head of `bytes`, which is not ASCII, and its length; `None` inside for one that
/// leaves no trace.
#[inline(always)]
pub(crate) fn fold_next(bytes: &[u8]) -> (Option<(u8, Kind)>, usize) {
    // The letters of Vietnamese take two bytes from C3 to C6 or three from E1 BA; next to all that is met is these.
    match *bytes {
        [lead @ 0xc3..=0xc6, next @ 0x80..=0xbf, ..] => {
            (Some(LATIN[(usize::from(lead) - 0xc3) << 6 | usize::from(next & 0x3f)]), 2)
        }
        [0xe1, next @ 0xba..=0xbb, last @ 0x80..=0xbf, ..] => {
            (LATIN_ADDITIONAL[(usize::from(next) - 0xba) << 6 | usize::from(last & 0x3f)], 3)
        }
        _ => fold_other(bytes),
    }
}

/// The same of what is no letter of Vietnamese.
#[inline(never)]
fn fold_other(bytes: &[u8]) -> (Option<(u8, Kind)>, usize) {
    match next_char(bytes) {
        Some((Some(c), len)) => (fold_char(c), len),
        Some((None, len)) => (Some((b' ', Kind::Other)), len),
        None => (None, 1),
    }
}

/// U+00C0 to U+01BF.
pub(crate) const LATIN: [(u8, Kind); 256] = {
    let mut table = [(b' ', Kind::Other); 256];
    let mut n = 0;
    while n < 256 {
        if let Some(c) = char::from_u32(0xc0 + n as u32)
            && let Some(folded) = fold_char(c)
        {
            table[n] = folded;
        }
        n += 1;
    }
    table
};

/// U+1E80 to U+1EFF.
pub(crate) const LATIN_ADDITIONAL: [Option<(u8, Kind)>; 128] = {
    let mut table = [None; 128];
    let mut n = 0;
    while n < 128 {
        if let Some(c) = char::from_u32(0x1e80 + n as u32) {
            table[n] = fold_char(c);
        }
        n += 1;
    }
    table
};

/// The skeletons of ASCII, by byte.
pub(crate) const ASCII: [(u8, Kind); 128] = {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Lower,
    Upper,
    Digit,
    Other,
}

impl Kind {
    /// Whether a word goes on with a small letter behind it.
    const fn goes_on(self) -> bool {
        matches!(self, Self::Lower | Self::Upper)
    }
}

/// The skeleton of a character and its kind; `None` for characters that leave no trace.
const fn fold_char(c: char) -> Option<(u8, Kind)> {
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

/// [`char::is_uppercase`], nearly always without a look at the tables.
pub(crate) fn is_capital(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_uppercase(),
        // Capitals are even.
        '\u{1ea0}'..='\u{1eff}' => u32::from(c).is_multiple_of(2),
        _ => c.is_uppercase(),
    }
}

/// [`char::is_alphabetic`], likewise.
pub(crate) fn is_letter(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphabetic(),
        // Nothing but letters.
        '\u{f8}'..='\u{2c1}' | '\u{1e00}'..='\u{1eff}' => true,
        _ => c.is_alphabetic(),
    }
}

/// The first character of `bytes` and how many bytes it takes; `None` inside for a byte that begins no character.
#[inline]
pub(crate) fn next_char(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((Some(char::from(first)), 1));
    }
    let len = match first {
        // Most letters beyond ASCII that are asked for.
        0xc2..=0xdf => {
            let next = bytes.get(1).filter(|next| (0x80..0xc0).contains(*next));
            let c = next.and_then(|next| char::from_u32(u32::from(first & 0x1f) << 6 | u32::from(next & 0x3f)));
            return Some(c.map_or((None, 1), |c| (Some(c), 2)));
        }
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn short_texts_fold_alike(text in prop::collection::vec(prop_oneof![
            any::<u8>().prop_map(|b| vec![b]),
            "[a-zA-Z0-9 _ạẢđĐưỨÀ\u{300}\u{200b}.-]".prop_map(String::into_bytes),
        ], 0..40)) {
            let text = text.concat();
            let text = text.get(..96).unwrap_or(&text);
            let folded = fold(&String::from_utf8_lossy(text));
            prop_assert_eq!(&*Folded::of(text), folded.as_str());
            for bytes in 0..folded.len() {
                let begins = Folded::beginning(text, bytes);
                prop_assert!(begins.bytes().len() >= bytes && folded.as_bytes().starts_with(begins.bytes()));
            }
            prop_assert_eq!(&*Folded::last_word_of(text), folded.rsplit(' ').next().unwrap_or_default());
        }
    }

    #[test]
    fn tables_say_what_the_characters_say() {
        for c in ('\u{80}'..'\u{3000}').chain('\u{feff}'..='\u{ff5e}') {
            let mut utf8 = [0; 4];
            let bytes = c.encode_utf8(&mut utf8).as_bytes();
            assert_eq!(fold_next(bytes), (fold_char(c), bytes.len()), "{c:?}");
        }
    }

    #[test]
    fn letters_and_capitals_are_those_of_unicode() {
        for c in '\0'..=char::MAX {
            assert_eq!((is_letter(c), is_capital(c)), (c.is_alphabetic(), c.is_uppercase()), "{c:?}");
        }
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
