//! How a word is written that folds to one of a list: `Đôn` is no `đơn`, and `Lê Thị Thu` takes nothing in.

use std::ops::Range;

use super::words::SURNAMES;
use crate::fold::{Folded, Kind, fold_next, is_capital, next_char};
use crate::person_name::{is_given, name_at, names_a_body};

/// Syllables of nearly all names: behind more, a word is likelier the next thing of a row.
const SYLLABLES_MAX: usize = 4;

/// What a letter carries besides its base: what makes it another letter, and the tone of its word.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Mark {
    quality: u8,
    tone: u8,
}

/// Whether a written word or phrase may be the listed one, to which it folds: it has no mark that the listed one has
/// not. Marks may be left out, and stand on either vowel (`hoá đơn`). One listed without marks tells nothing of them.
pub(crate) fn says(written: &[u8], listed: &str) -> bool {
    if written.is_ascii() || listed.is_ascii() {
        return true;
    }
    let mut letters = marks(written).into_iter();
    listed.split(|c: char| !c.is_alphanumeric() && !('\u{300}'..='\u{36f}').contains(&c)).all(|word| {
        let listed = marks(word.as_bytes());
        let written: Vec<Mark> = letters.by_ref().take(listed.len()).collect();
        let tone = |marks: &[Mark]| marks.iter().map(|mark| mark.tone).max().unwrap_or_default();
        let agrees = |written: u8, listed: u8| written == 0 || written == listed;
        agrees(tone(&written), tone(&listed))
            && written.iter().zip(&listed).all(|(written, listed)| agrees(written.quality, listed.quality))
    })
}

/// The marks of each letter and digit.
fn marks(text: &[u8]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut at = 0;
    while let Some((c, len)) = next_char(text.get(at..).unwrap_or_default()) {
        let (quality, tone) = c.map_or((0, 0), mark);
        let letter = matches!(fold_at(text, at).0, Some(Kind::Lower | Kind::Upper | Kind::Digit));
        at += len;
        if letter {
            marks.push(Mark { quality, tone });
        } else if let Some(last) = marks.last_mut() {
            last.quality = last.quality.max(quality);
            last.tone = last.tone.max(tone);
        }
    }
    marks
}

/// The kind of the character at `at`, none of one that leaves no trace, and its bytes.
fn fold_at(text: &[u8], at: usize) -> (Option<Kind>, usize) {
    match text.get(at) {
        Some(byte) if *byte < 0x80 => (Some(crate::fold::ASCII[usize::from(*byte)].1), 1),
        _ => {
            let (folded, len) = fold_next(text.get(at..).unwrap_or_default());
            (folded.map(|(_, kind)| kind), len)
        }
    }
}

/// The quality and tone of a character, or that it gives to the letter before; zero for none.
fn mark(c: char) -> (u8, u8) {
    /// Flat, grave, acute, hook above, tilde, dot below; by quality: breve, circumflex, horn.
    const VOWELS: [(u8, &str); 12] = [
        (0, "aàáảãạ"),
        (1, "ăằắẳẵặ"),
        (2, "âầấẩẫậ"),
        (0, "eèéẻẽẹ"),
        (2, "êềếểễệ"),
        (0, "iìíỉĩị"),
        (0, "oòóỏõọ"),
        (2, "ôồốổỗộ"),
        (3, "ơờớởỡợ"),
        (0, "uùúủũụ"),
        (3, "ưừứửữự"),
        (0, "yỳýỷỹỵ"),
    ];
    const STROKE: u8 = 4;
    if c.is_ascii() {
        return (0, 0);
    }
    match c {
        'đ' | 'Đ' | 'Ð' => return (STROKE, 0),
        '\u{306}' => return (1, 0),
        '\u{302}' => return (2, 0),
        '\u{31b}' => return (3, 0),
        '\u{300}' => return (0, 1),
        '\u{301}' => return (0, 2),
        '\u{309}' => return (0, 3),
        '\u{303}' => return (0, 4),
        '\u{323}' => return (0, 5),
        _ => {}
    }
    let small = c.to_lowercase().next().unwrap_or(c);
    let among = |(quality, row): &(u8, &str)| Some((*quality, row.chars().position(|vowel| vowel == small)? as u8));
    VOWELS.iter().find_map(among).unwrap_or_default()
}

/// Where in `text` the letters stand that `range` of its folded form has.
pub(crate) fn unfolded(text: &[u8], folded: &[u8], range: Range<usize>) -> Range<usize> {
    let letters = |part: Option<&[u8]>| part.unwrap_or_default().iter().filter(|b| **b != b' ').count();
    let (mut before, mut within) = (letters(folded.get(..range.start)), letters(folded.get(range)));
    let (mut at, mut start) = (0, None);
    while at < text.len() {
        match fold_at(text, at) {
            // A mark by itself belongs to the letter before.
            (None, len) => at += len,
            (Some(_), _) if within == 0 => break,
            (Some(Kind::Other), len) => at += len,
            (Some(_), len) => {
                if before > 0 {
                    before -= 1;
                } else {
                    start.get_or_insert(at);
                    within -= 1;
                }
                at += len;
            }
        }
    }
    start.unwrap_or(at)..at
}

/// Whether what stands at `words` ends the name of a person whose surname stands before it: capitalised words, the last
/// of them a given name, or a line of small letters without marks that is nothing else.
pub(crate) fn ends_a_name(text: &[u8], words: Range<usize>) -> bool {
    let given = text.get(words.clone()).unwrap_or_default();
    if !matches!(next_char(given), Some((Some(c), _)) if is_capital(c)) {
        return is_small_name(text.get(..words.start).unwrap_or_default(), given);
    }
    if !is_given(Folded::last_word_of(given).bytes()) {
        return false;
    }
    let mut start = words.start;
    let before = (1..SYLLABLES_MAX).map_while(|_| {
        let head = text.get(..start)?.strip_suffix(b" ")?;
        let len = head.iter().rev().take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
        start = head.len() - len;
        (len > 0).then_some(start..head.len())
    });
    before.filter_map(|word| name_at(text, word)).filter(|name| name.end == words.end).any(|name| {
        let name = text.get(name).and_then(|name| str::from_utf8(name).ok());
        name.is_some_and(|name| name.split(' ').count() <= SYLLABLES_MAX && !names_a_body(name))
    })
}

/// Whether a line is `le duc don` and nothing more. Some surnames are other words as well, without their marks.
fn is_small_name(before: &[u8], word: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] = [b"ho", b"do", b"ly", b"van", b"thi", b"ha", b"ta", b"cao", b"thai", b"chu"];
    let small = |text: &[u8]| text.iter().all(|b| b.is_ascii_lowercase() || *b == b' ');
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let words = || line.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let surname = words().next().unwrap_or_default();
    small(word)
        && small(line)
        && line.ends_with(b" ")
        && matches!(words().count(), 2 | 3)
        && SURNAMES.contains(&surname)
        && !WORDS.contains(&surname)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fold::spread_words;

    #[test]
    fn a_word_with_another_mark_is_another_word() {
        for (written, listed, says_so) in [
            ("đơn", "đơn", true),
            ("ĐƠN", "đơn", true),
            ("don", "đơn", true),
            ("đon", "đơn", true),
            ("đo\u{31b}n", "đơn", true),
            ("Đôn", "đơn", false),
            ("Đốn", "đơn", false),
            ("Lộ", "lô", false),
            ("lo\u{302}\u{323}", "lô", false),
            // One listed without marks tells nothing of them.
            ("Chí", "chi", true),
            ("Tiến", "tiền", false),
            ("Tie\u{302}\u{301}n", "tiền", false),
            ("Tiên", "tiền", true),
            ("Thư hộ", "thu hộ", false),
            ("thu hộ", "thu hộ", true),
            ("hoá đơn", "hóa đơn", true),
            ("HOÁ_ĐƠN", "hóa đơn", true),
            ("số khung", "so khung", true),
            ("Thành Tiến", "thành tiền", false),
        ] {
            assert_eq!(says(written.as_bytes(), listed), says_so, "{written} {listed}");
        }
    }

    #[test]
    fn a_given_name_stands_behind_its_surname() {
        for (text, ends) in [
            ("Lê Đức Đơn", true),
            ("cccd Lê Đức Đơn", true),
            ("LÊ ĐỨC LÔ", true),
            ("Le Duc Don", true),
            ("le duc don", true),
            ("1\nle thi thu", true),
            ("em le duc don", false),
            ("ho tro don", false),
            ("Hồ Sơ đơn", false),
            ("giao đơn", false),
            ("Nguyễn Văn An Mã", false),
            ("Hoàng Nguyễn Thị Lan Đơn", false),
            ("Lê Đức Bill", false),
            ("Đơn", false),
            ("Lê Đức An, đơn", false),
        ] {
            let start = text.rfind(' ').map_or(0, |at| at + 1);
            assert_eq!(ends_a_name(text.as_bytes(), start..text.len()), ends, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folded_words_are_found_where_they_are_written(
            words in prop::collection::vec("[a-zA-Z0-9ạẢđĐưỨÀ]{1,5}|a\u{301}b|[ ,._-]|\u{200b}", 0..12),
        ) {
            let text = words.concat().into_bytes();
            let mut folded = Vec::new();
            spread_words(&text, &mut folded);
            let blanks = |at: usize| folded.get(at).is_none_or(|b| *b == b' ');
            for start in (0..folded.len()).filter(|at| blanks(*at)) {
                for end in (start + 1..=folded.len()).filter(|at| blanks(*at - 1)) {
                    let Some(part) = folded.get(start..end) else { continue };
                    let letters: Vec<u8> = part.iter().copied().filter(|b| *b != b' ').collect();
                    let mut again = Vec::new();
                    spread_words(text.get(unfolded(&text, &folded, start..end)).unwrap_or_default(), &mut again);
                    again.retain(|b| *b != b' ');
                    prop_assert_eq!(&again, &letters);
                }
            }
        }
    }
}
