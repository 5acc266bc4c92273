//! Sets of syllables, asked of nearly every capitalised word there is: no allocation, no decoding where it can be told
//! from the bytes.

use super::SYLLABLE_BYTES_MAX;
use crate::card::{Short, Value};
use crate::fold::{Folded, fold, spread_words};

/// Most bytes of a syllable in a set.
const KEY_BYTES: usize = 16;

/// A set of short byte strings: open addressing, a power of two of slots, at most half of them taken.
pub(super) struct Syllables {
    slots: Vec<u128>,
    /// First bytes and the classes of second bytes that begin any of them.
    begins: [u32; 256],
}

impl Syllables {
    pub(super) fn new<'s>(all: impl Iterator<Item = &'s str>) -> Self {
        let keys: Vec<&str> = all.filter(|s| (1..=KEY_BYTES).contains(&s.len())).collect();
        let mut set = Self { slots: vec![0; (2 * keys.len()).next_power_of_two()], begins: [0; 256] };
        for syllable in keys {
            let bytes = syllable.as_bytes();
            if let Some(begins) = bytes.first().and_then(|b| set.begins.get_mut(usize::from(*b))) {
                *begins |= 1 << class(bytes.get(1));
            }
            let Some(key) = key(bytes) else { continue };
            let at = set.find(key);
            if let Some(slot) = set.slots.get_mut(at) {
                *slot = key;
            }
        }
        set
    }

    pub(super) fn contains(&self, syllable: &[u8]) -> bool {
        self.may_contain(syllable)
            && key(syllable).is_some_and(|key| self.slots.get(self.find(key)).is_some_and(|slot| *slot == key))
    }

    /// Whether any syllable begins like this one.
    pub(super) fn may_contain(&self, syllable: &[u8]) -> bool {
        let first = syllable.first().map_or(0, |b| self.begins[usize::from(*b)]);
        first >> class(syllable.get(1)) & 1 != 0
    }

    /// The slot of `key`, or the empty one where it belongs.
    fn find(&self, key: u128) -> usize {
        let mask = self.slots.len() - 1;
        let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
        let mut at = (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & mask;
        while self.slots.get(at).is_some_and(|slot| *slot != 0 && *slot != key) {
            at = (at + 1) & mask;
        }
        at
    }
}

/// Letters one by one, everything else together.
fn class(byte: Option<&u8>) -> u32 {
    match byte {
        Some(b @ b'a'..=b'z') => u32::from(b - b'a'),
        Some(0x80..) => 26,
        Some(_) => 27,
        None => 28,
    }
}

fn key(syllable: &[u8]) -> Option<u128> {
    let mut bytes = [0; KEY_BYTES];
    bytes.get_mut(..syllable.len())?.copy_from_slice(syllable);
    Some(u128::from_le_bytes(bytes)).filter(|key| *key != 0)
}

/// Surnames as they are written, and as they are without diacritics.
pub(super) struct Surnames {
    written: Syllables,
    /// Only for text that has no diacritics: `Trường` is no `Trương`.
    bare: Syllables,
    /// In all spellings that people write: nearly every surname there is stands in one of these.
    spelled: Syllables,
    /// A bit for the hash of every head of a surname.
    heads: Box<[u64; HEADS / 64]>,
}

/// Bits of hashes.
const HEADS: usize = 1 << 14;

/// The hash of the first eight of the `letters` bytes of a word, the same for small letters and capitals but for `ư`;
/// `None` for a word with combining marks there.
#[inline]
fn head(text: &[u8], letters: usize) -> Option<usize> {
    let bytes = text.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(text).for_each(|(to, b)| *to = *b);
        bytes
    });
    let within = u64::MAX >> (64 - 8 * letters.clamp(1, 8));
    let word = u64::from_le_bytes(bytes) & within;
    // CC and CD begin the marks; no other byte of a word of Vietnamese is like them but for the last bit.
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = 0x80 * ONES;
    let differs = (word | ONES) ^ (0xcd * ONES);
    if differs.wrapping_sub(ONES) & !differs & HIGH != 0 {
        return None;
    }
    // A bit tells capital and small apart, in ASCII and in what C3 begins the sixth, elsewhere the first.
    let alike = (word | (0x20 * ONES) | (word & HIGH) >> 7) & within;
    Some((alike.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HEADS.trailing_zeros())) as usize)
}

impl Surnames {
    pub(super) fn new<'s>(all: impl Iterator<Item = &'s str> + Clone) -> Self {
        let bare: Vec<String> = all.clone().map(fold).collect();
        let mut heads = Box::new([0; HEADS / 64]);
        let spellings = all.clone().flat_map(|name| [name.to_lowercase(), name.to_uppercase()]);
        for name in spellings.chain(bare.iter().cloned()) {
            if let Some(head) = head(name.as_bytes(), name.len())
                && let Some(word) = heads.get_mut(head / 64)
            {
                *word |= 1 << (head % 64);
            }
        }
        // What folds to more than one word is none of them.
        let whole = |name: &&str| !fold(name).contains(' ');
        let spelled = all.clone().filter(whole).flat_map(|name| [name.to_owned(), fold(name)]).flat_map(cases);
        let spelled: Vec<String> = spelled.collect();
        let set = |all: &[String]| Syllables::new(all.iter().map(String::as_str));
        Self { written: Syllables::new(all), bare: set(&bare), spelled: set(&spelled), heads }
    }

    /// Whether the word of `letters` bytes that begins `text` may be one. Asked of every capitalised word there is.
    #[inline]
    pub(super) fn may_begin(&self, text: &[u8], letters: usize) -> bool {
        (2..=SYLLABLE_BYTES_MAX).contains(&letters)
            && head(text, letters)
                .is_none_or(|head| self.heads.get(head / 64).is_some_and(|w| w >> (head % 64) & 1 != 0))
    }

    /// Whether `word` is a surname, whatever its case.
    pub(super) fn contains(&self, word: &[u8]) -> bool {
        self.spelled.contains(word) || self.is_one(word)
    }

    /// Whether it is one with its diacritics or without, in any case.
    pub(super) fn has(&self, word: &[u8]) -> bool {
        self.spelled.contains(word) || self.is_one(Folded::of(word).bytes())
    }

    /// [`Self::contains`] without a look at the spellings.
    fn is_one(&self, word: &[u8]) -> bool {
        let mut lower = [0; KEY_BYTES];
        if word.is_ascii() {
            // One word only if it is not written like two: `LeVan`.
            let Some(lower) = lower.get_mut(..word.len()) else { return false };
            lower.copy_from_slice(word);
            lower.make_ascii_lowercase();
            return self.bare.contains(lower) && bare_is_one(word);
        }
        // Decomposed letters are ASCII with marks; those are compared without.
        if word.iter().any(|b| matches!(b, 0xcc | 0xcd)) {
            let Ok(word) = str::from_utf8(word) else { return false };
            return self.bare.contains(Folded::of(word.as_bytes()).bytes());
        }
        let begins = [word.first().copied().unwrap_or(0).to_ascii_lowercase(), word.get(1).copied().unwrap_or(0)];
        if begins.is_ascii() && !self.written.may_contain(&begins.map(|b| b.to_ascii_lowercase())) {
            return false;
        }
        match small(word, &mut lower) {
            Some(len) => self.written.contains(lower.get(..len).unwrap_or_default()),
            None => str::from_utf8(word).is_ok_and(|word| self.written.contains(word.to_lowercase().as_bytes())),
        }
    }
}

/// A syllable in small letters as it is written in any case: small, with a capital, in capitals.
fn cases(syllable: String) -> [String; 3] {
    let mut letters = syllable.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    [syllable.to_uppercase(), capital, syllable]
}

/// Whether folding leaves an ASCII word in one piece.
fn bare_is_one(word: &[u8]) -> bool {
    let uniform = word.iter().all(u8::is_ascii_uppercase)
        || word.iter().skip(1).all(u8::is_ascii_lowercase) && word.iter().take(1).all(u8::is_ascii_alphabetic);
    uniform || {
        let mut spread = Vec::new();
        spread_words(word, &mut spread);
        spread.len() == word.len() + 2
    }
}

/// Writes a word of Vietnamese letters in small ones; `None` when it has others, or is no UTF-8.
fn small(word: &[u8], out: &mut [u8; KEY_BYTES]) -> Option<usize> {
    let mut at = 0;
    while let Some(rest @ [first, ..]) = word.get(at..) {
        let (letter, len) = match *rest {
            [0..0x80, ..] => ([first.to_ascii_lowercase(), 0, 0], 1),
            // U+00C0 to U+00FE but for the signs between the letters.
            [0xc3, next @ (0x80..=0x96 | 0x98..=0x9e), ..] => ([0xc3, next + 0x20, 0], 2),
            [0xc3, next @ (0xa0..=0xb6 | 0xb8..=0xbe), ..] => ([0xc3, next, 0], 2),
            [lead @ 0xc4, next @ (0x82 | 0x83 | 0x90 | 0x91 | 0xa8 | 0xa9), ..]
            | [lead @ 0xc5, next @ (0xa8 | 0xa9), ..] => {
                // Capitals are even.
                ([lead, next | 1, 0], 2)
            }
            [0xc6, next @ (0xa0 | 0xa1), ..] => ([0xc6, next | 1, 0], 2),
            [0xc6, 0xaf | 0xb0, ..] => ([0xc6, 0xb0, 0], 2),
            [0xe1, next @ 0xba, last @ 0xa0..=0xbf, ..] | [0xe1, next @ 0xbb, last @ 0x80..=0xb9, ..] => {
                ([0xe1, next, last | 1], 3)
            }
            _ => return None,
        };
        out.get_mut(at..at + len)?.copy_from_slice(letter.get(..len)?);
        at += len;
    }
    Some(at)
}

/// A name in capitals.
pub(super) fn capitals(name: &str) -> String {
    let mut bytes = name.as_bytes().to_vec();
    match raise(&mut bytes) {
        Some(()) => String::from_utf8(bytes).unwrap_or_else(|_| name.to_uppercase()),
        None => name.to_uppercase(),
    }
}

/// A name in capitals as what is told of it, in place where there is room; `None` when it is no UTF-8.
pub(super) fn value(name: &[u8]) -> Option<Value> {
    let mut room = [0; Value::ROOM];
    if let Some(capitals) = room.get_mut(..name.len()) {
        capitals.copy_from_slice(name);
        if raise(capitals).is_some() {
            return Some(Value::Short(Short::new(room, name.len() as u8)));
        }
    }
    str::from_utf8(name).ok().map(|name| capitals(name).into())
}

/// Makes capitals of the letters of Vietnamese, each of which takes as many bytes in small; `None` when there are others, or
/// what is no UTF-8.
fn raise(bytes: &mut [u8]) -> Option<()> {
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
        at += match rest {
            [letter @ 0..0x80, ..] => {
                letter.make_ascii_uppercase();
                1
            }
            [0xc3, 0x80..=0x9e, ..] => 2,
            [0xc3, letter @ (0xa0..=0xb6 | 0xb8..=0xbe), ..] => {
                *letter -= 0x20;
                2
            }
            [0xc4, letter @ (0x82 | 0x83 | 0x90 | 0x91 | 0xa8 | 0xa9), ..] | [0xc5, letter @ (0xa8 | 0xa9), ..] => {
                *letter &= !1;
                2
            }
            [0xc6, letter @ (0xa0 | 0xa1), ..] => {
                *letter &= !1;
                2
            }
            [0xc6, letter @ (0xaf | 0xb0), ..] => {
                *letter = 0xaf;
                2
            }
            [0xe1, 0xba, letter @ 0xa0..=0xbf, ..] | [0xe1, 0xbb, letter @ 0x80..=0xb9, ..] => {
                *letter &= !1;
                3
            }
            _ => return None,
        };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_letters_become_small() {
        let capitals = "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXYÀÁÃẠẢẦẤẨẪẬẰẮẲẴẶÈÉẸẺẼỀẾỂỄỆÌÍĨỈỊÒÓÕỌỎỒỐỔỖỘỜỚỞỠỢÙÚŨỤỦỪỨỬỮỰỲÝỴỶỸ";
        for c in capitals.chars().flat_map(|c| [c].into_iter().chain(c.to_lowercase())) {
            let mut out = [0; KEY_BYTES];
            let word = c.to_string();
            let len = small(word.as_bytes(), &mut out).expect(&word);
            assert_eq!(&out[..len], word.to_lowercase().as_bytes(), "{word}");
            assert_eq!(super::capitals(&word), word.to_uppercase());
        }
        for c in ('\u{80}'..'\u{2fff}').chain(['×', '÷', 'ß', 'İ']) {
            let word = c.to_string();
            assert_eq!(super::capitals(&word), word.to_uppercase());
            let value = value(word.as_bytes()).expect(&word);
            assert_eq!(value.as_str(), word.to_uppercase());
            let mut out = [0; KEY_BYTES];
            if let Some(len) = small(word.as_bytes(), &mut out) {
                assert_eq!(&out[..len], word.to_lowercase().as_bytes(), "{word}");
            }
        }
    }

    #[test]
    fn values_are_names_in_capitals_of_any_length() {
        for name in ["Lê Văn An", "Nguyễn Thị Hoàng Phượng Yến", "Jürgen Weiß", ""] {
            assert_eq!(value(name.as_bytes()).expect(name).as_str(), name.to_uppercase());
        }
        assert!(value(b"L\xc3").is_none() && value(b"An \xe1\xba").is_none());
    }

    #[test]
    fn sets_hold_what_they_were_given() {
        let all = ["nguyễn", "lê", "ông", "âu", "trần", "y"];
        let set = Syllables::new(all.into_iter());
        assert!(all.iter().all(|s| set.contains(s.as_bytes())));
        for other in ["nguyễ", "nguyen", "", "le", "âuu", "z", "a-very-long-word-that-is-no-syllable"] {
            assert!(!set.contains(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn surnames_are_known_in_any_case() {
        let surnames = Surnames::new(["nguyễn", "lê", "đỗ"].into_iter());
        for (word, known) in [
            ("Nguyễn", true),
            ("NGUYỄN", true),
            ("NGUYEN", true),
            ("Nguyen", true),
            ("Nguye\u{302}\u{303}n", true),
            ("Đỗ", true),
            ("ĐỖ", true),
            ("Do", true),
            ("Nguyên", false),
            ("NguyenX", false),
            ("NguYen", false),
            ("L1", false),
            ("Ω", false),
            ("", false),
        ] {
            assert_eq!(surnames.contains(word.as_bytes()), known, "{word}");
        }
    }

    #[test]
    fn what_is_spelled_like_a_surname_is_one() {
        let surnames = &*super::super::SURNAMES;
        let spelled: Vec<_> = surnames.spelled.slots.iter().filter(|key| **key != 0).collect();
        assert!(spelled.len() > 300, "{}", spelled.len());
        for key in spelled {
            let bytes = key.to_le_bytes();
            let word = bytes.split(|b| *b == 0).next().expect("a syllable");
            assert!(surnames.is_one(word), "{:?}", str::from_utf8(word));
            assert!(surnames.is_one(Folded::of(word).bytes()), "{:?}", str::from_utf8(word));
        }
    }
}
