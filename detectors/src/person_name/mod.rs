//! `person_name`: names of people — a surname, up to three middle names, a given name.
//!
//! Syllables are compared folded, so `NGUYEN VAN AN` counts like `Nguyễn Văn An`. Streets, schools and wards bear the
//! names of people: what stands behind their words is left alone. In running text a name is found where a listed
//! surname begins it, with capitals; under a header, behind a label or a title any name is. Single given names are not.

mod known;
mod nobody;
mod syllables;
mod told;

use std::ops::Range;
use std::sync::LazyLock;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, confidence};
use crate::context::{LEFT_BYTES, Near, RIGHT_BYTES};
use crate::fold::{Folded, is_capital, next_char};
use crate::phrases::Phrases;
use crate::simd::{SPELLED_MAX, may_spell_name};
use crate::trigger::Trigger;
pub(crate) use known::{Syllable, addresses, is_given, is_vietnamese, names_a_body, surname};
pub use known::{begins_names, names_nobody};
use syllables::{Surnames, Syllables, capitals, value};
pub(crate) use told::LABEL_BYTES_MAX;

/// The detector.
pub(crate) struct PersonName;

static CARD: Card = Card {
    id: DetectorId::PersonName,
    title_vi: "Họ và tên người",
    title_en: "Name of a person",
    source: "Bộ luật Dân sự 2015, điều 26 (họ, chữ đệm, tên); Nghị định 356/2025/NĐ-CP, điều 3",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

static SURNAMES: LazyLock<Surnames> = LazyLock::new(|| Surnames::new(syllables(include_str!("surnames.txt"))));
static GIVEN: LazyLock<Syllables> = LazyLock::new(|| Syllables::new(syllables(include_str!("given.txt"))));

fn syllables(list: &'static str) -> impl Iterator<Item = &'static str> + Clone {
    list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace)
}

/// Most bytes of a syllable: `Nguyễn` in its decomposed form has ten.
pub(crate) const SYLLABLE_BYTES_MAX: usize = 12;
/// Surname, three middle names, given name.
const SYLLABLES_MAX: usize = 5;

/// Words before a name that make it the name of a place or body.
static PLACES: Phrases = Phrases::new(&[
    "duong", "pho", "phuong", "xa", "truong", "thpt", "thcs", "ty", "thon", "ap", "vien", "quan", "huyen", "tinh",
    "cho", "cau", "tp", "hem", "ngo", "dai", "lo", "khu", "ward", "street", "buon", "lang", "to", "vuon", "ben", "dao",
    "cang", "hoc",
]);
/// Words before a name that address a person.
static TITLES: Phrases = Phrases::new(&[
    "ong", "ba", "anh", "chi", "em", "chau", "cu", "bac", "co", "chu", "di", "cau", "mo", "me", "bo", "cha", "con",
    "vo", "chong", "ten", "mr", "mrs", "ms",
]);

/// Points of a name that is announced as one.
const NAMED: i32 = 45;

/// Tells of capitalised words, which are many, whether a name may begin there.
#[derive(Clone, Copy)]
pub(crate) struct Beginning(&'static Surnames);

impl Beginning {
    pub(crate) fn new() -> Self {
        Self(&SURNAMES)
    }

    /// Whether a name may begin with the capitalised word of so many letters that begins `word`.
    #[inline]
    pub(crate) fn may_be(self, word: &[u8], letters: usize) -> bool {
        // One syllable alone is a word like others, but for one that says that a name goes on: `Y Thị`.
        let goes_on = match word.get(letters..) {
            Some([b' ', b'A'..=b'Z', ..]) => true,
            Some([b' ', next @ ..]) => next.first().is_some_and(|b| *b >= 0x80) && !is_small(next),
            _ => false,
        };
        (goes_on || matches!(word.first(), Some(b'V' | b'T'))) && self.0.may_begin(word, letters)
    }
}

/// The name that a surname begins, given the capitalised word that may be one; of nearly every word it is told that none
/// is, by what [`Beginning`] tells.
pub(crate) fn name_at(text: &[u8], word: Range<usize>) -> Option<Range<usize>> {
    let Range { start: at, end } = word;
    if !is_surname(text, word) || syllable(text, at) != Some(end) {
        return None;
    }
    let name = beginning(text, at, end)..run(text, end);
    (name.start != at || name.end != end).then_some(name).filter(|_| !follows_a_surname(text, at))
}

/// Whether a word begins with a small letter of Vietnamese that is not of ASCII. Of all letters of the same lead these
/// only: elsewhere other letters are the even ones.
const fn is_small(word: &[u8]) -> bool {
    match *word {
        [0xc3, 0xa0..=0xbf, ..] | [0xc4, 0x83 | 0x91 | 0xa9, ..] | [0xc5, 0xa9, ..] | [0xc6, 0xa1 | 0xb0, ..] => true,
        [0xe1, 0xba, last @ 0xa0..=0xbf, ..] | [0xe1, 0xbb, last @ 0x80..=0xb9, ..] => last & 1 == 1,
        _ => false,
    }
}

/// Whether two words that may be a name stand behind the colon before `at`.
pub(crate) fn may_follow(text: &[u8], at: usize) -> bool {
    told::may_begin(text, at)
}

/// Whether the word before is a capitalised surname, whose name this one goes on with.
fn follows_a_surname(text: &[u8], at: usize) -> bool {
    let Some(before) = text.get(..at).and_then(|t| t.strip_suffix(b" ")) else { return false };
    let len = before.iter().rev().take(SYLLABLE_BYTES_MAX + 1).take_while(|b| is_letter(**b)).count();
    let start = before.len() - len;
    syllable(text, start).is_some_and(|end| end == before.len() && is_surname(text, start..end))
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Where the capitalised syllable at `at` ends.
fn syllable(text: &[u8], at: usize) -> Option<usize> {
    let word = text.get(at..)?;
    let first = *word.first()?;
    let capital = if first < 0x80 { first.is_ascii_uppercase() } else { next_char(word)?.0.is_some_and(is_capital) };
    if !capital {
        return None;
    }
    let len = word.iter().take(SYLLABLE_BYTES_MAX + 1).take_while(|b| is_letter(**b)).count();
    (len <= SYLLABLE_BYTES_MAX).then_some(at + len)
}

/// Where the capitalised syllables behind `end` end, one more than a name can have at the most.
fn run(text: &[u8], mut end: usize) -> usize {
    for _ in 0..SYLLABLES_MAX {
        match text.get(end).filter(|b| **b == b' ').and_then(|_| syllable(text, end + 1)) {
            Some(next) => end = next,
            None => break,
        }
    }
    end
}

fn is_surname(text: &[u8], range: Range<usize>) -> bool {
    // Initials of the surnames there are; F, J, W and Z begin none.
    let word = text.get(range).unwrap_or_default();
    word.len() >= 2 && !matches!(word.first(), Some(b'F' | b'J' | b'W' | b'Z')) && SURNAMES.contains(word)
}

/// Whether a word may be `Ông`, `Văn` or `Thị`, by its first letters; a mark may part the first of them from the next.
const fn may_be_head(word: &[u8]) -> bool {
    matches!(
        word,
        [b'O', b'n' | b'N' | 0x80.., ..]
            | [b'V', b'a' | b'A' | 0x80.., ..]
            | [b'T', b'h' | b'H' | 0x80.., ..]
            | [0xc3, ..]
    )
}

/// Where the name begins whose first listed surname stands from `at` to `end`: behind a title that also is a surname
/// (`Ông Lê Văn An`), or at an unlisted surname before `Văn` or `Thị` (`Y Thị Duy`).
fn beginning(text: &[u8], at: usize, end: usize) -> usize {
    let word = |range: Range<usize>| Folded::of(text.get(range).unwrap_or_default());
    if !may_be_head(text.get(at..end).unwrap_or_default()) {
        return at;
    }
    match word(at..end).bytes() {
        // `Ông` is a surname as well: `Ông Thị Phúc`.
        b"ong" if text.get(end) == Some(&b' ') => {
            let surnamed = |next: usize| {
                is_surname(text, end + 1..next)
                    && !matches!(word(end + 1..next).bytes(), b"van" | b"thi")
                    && run(text, next) > next
            };
            if syllable(text, end + 1).is_some_and(surnamed) { end + 1 } else { at }
        }
        b"van" | b"thi" => {
            let head = text.get(at.saturating_sub(SYLLABLE_BYTES_MAX + 1)..at).unwrap_or_default();
            let Some(before) = head.strip_suffix(b" ") else { return at };
            // Only letters: what is glued to a number is no surname, and no beginning of a word either.
            let len = before.iter().rev().take_while(|b| is_letter(**b)).count();
            let (_, word_before) = before.split_at_checked(before.len() - len).unwrap_or_default();
            let start = at - 1 - len;
            let letters_only = len > 0 && !word_before.iter().any(u8::is_ascii_digit);
            let named = letters_only
                && !told::is_abbreviation(word_before)
                && !TITLES.contains(&word(start..at))
                && syllable(text, start) == Some(at - 1);
            if named { start } else { at }
        }
        _ => at,
    }
}

/// The name up to the label of what stands behind it: `Lê Văn An CCCD`.
fn without_abbreviations(text: &[u8], name: Range<usize>) -> Range<usize> {
    let mut end = name.start;
    for word in text.get(name.clone()).unwrap_or_default().split(|b| *b == b' ') {
        if end > name.start && told::is_abbreviation(word) {
            return name.start..end - 1;
        }
        end += word.len() + 1;
    }
    name
}

/// Whether a name is that of a street: the number of a house stands directly before it, on no line that it begins, as
/// the number of a row would, or with a slash, and nothing is said of a person behind it. Numbers that count up are those of
/// a list of people, but for a name that streets of most towns have and a ward behind it.
fn is_street(text: &[u8], name: &Range<usize>) -> bool {
    const NUMBER_MAX: usize = 10;
    let before = text.get(name.start.saturating_sub(NUMBER_MAX)..name.start).unwrap_or_default();
    let Some(before) = before.strip_suffix(b" ") else { return false };
    let number = |b: &&u8| b.is_ascii_digit() || matches!(b, b'/' | b'A'..=b'H');
    let len = before.iter().rev().take_while(number).count();
    let (head, number) = before.split_at(before.len() - len);
    let slash = number.iter().skip(1).rev().skip(1).any(|b| *b == b'/');
    let ends = text.get(name.end).is_none_or(|b| b",;.\r\n)".contains(b));
    let within = matches!(head, [.., b',' | b':' | b';' | b'(', b' '] | [.., b'(']);
    let known = || is_of_a_street(text, name) && !begins_line(head) && goes_on_with_a_place(text, name);
    number.first().is_some_and(u8::is_ascii_digit)
        && ends
        && (slash || within && !counts_up(text, name, number) || known())
}

/// Whether a line begins behind `head`, but for the sign of who quotes it.
fn begins_line(head: &[u8]) -> bool {
    head.iter().rev().find(|b| !b" \t>".contains(b)).is_none_or(|b| *b == b'\n')
}

fn is_of_a_street(text: &[u8], name: &Range<usize>) -> bool {
    text.get(name.clone()).is_some_and(nobody::is_of_a_street)
}

/// Whether a name is followed by what a street lies in: `Lý Thường Kiệt, phường Hải Châu`.
fn goes_on_with_a_place(text: &[u8], name: &Range<usize>) -> bool {
    const PLACE_BYTES: usize = 24;
    const PLACES: [&str; 12] = ["phuong", "p", "xa", "thi", "quan", "q", "huyen", "tp", "thanh", "tinh", "thon", "khu"];
    let behind = text.get(name.end..text.len().min(name.end + PLACE_BYTES)).unwrap_or_default();
    let Some(rest) = behind.strip_prefix(b", ") else { return false };
    let len = rest.iter().take_while(|b| is_letter(**b)).count();
    let word = Folded::of(rest.get(..len).unwrap_or_default());
    PLACES.iter().any(|place| place.as_bytes() == word.bytes())
}

/// Whether the number before a name is the first of a list, or one more than a number before it or one less than a number
/// behind it.
fn counts_up(text: &[u8], name: &Range<usize>, number: &[u8]) -> bool {
    const BEFORE_MAX: usize = 64;
    const BEHIND_MAX: usize = 8;
    let value = |digits: &[u8]| str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u32>().ok());
    let Some(n) = value(number) else { return false };
    let start = name.start.saturating_sub(number.len() + 1);
    let before = text.get(start.saturating_sub(BEFORE_MAX)..start).unwrap_or_default();
    let behind = text.get(name.end..text.len().min(name.end + BEHIND_MAX)).unwrap_or_default();
    let is = |said: &[u8], wanted: Option<u32>| {
        wanted.is_some() && said.split(|b| !b.is_ascii_alphanumeric()).any(|word| value(word) == wanted)
    };
    n == 1 || is(before, n.checked_sub(1)) || is(behind, n.checked_add(1))
}

/// Whether any phrase that names a name may stand within reach of one, by the letters that all of them have: the word
/// `ten` or, in a word, `name` (`context/name.txt`).
fn may_be_announced(text: &[u8], name: &Range<usize>) -> bool {
    const { assert!(LEFT_BYTES <= SPELLED_MAX && RIGHT_BYTES <= SPELLED_MAX) };
    let around = [
        text.get(name.start.saturating_sub(LEFT_BYTES)..name.start),
        text.get(name.end..text.len().min(name.end + RIGHT_BYTES)),
    ];
    around.into_iter().flatten().any(may_spell_name)
}

/// Whether a name is the rest of a cell that names a place: `Phố Trần Phú` under `Tên`.
fn is_under_a_place(text: &[u8], name: &Range<usize>, column: Option<Column>) -> bool {
    const PLACE_BYTES: usize = 16;
    column == Some(Column::Name)
        && nobody::follows_a_place(text.get(name.start.saturating_sub(PLACE_BYTES)..name.start).unwrap_or_default())
}

impl Detector for PersonName {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        0
    }

    fn name(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let range = without_abbreviations(text, range);
        let raw = text.get(range.clone())?;
        let folded = Folded::of(raw);
        let folded = folded.bytes();
        let (mut syllables, mut count) = ([&[][..]; SYLLABLES_MAX], 0);
        for syllable in folded.split(|b| *b == b' ') {
            *syllables.get_mut(count)? = syllable;
            count += 1;
        }
        let syllables = syllables.get(..count).filter(|all| all.len() >= 2 && !told::names_nobody(folded, all))?;
        let before = Folded::last_word_of(text.get(range.start.saturating_sub(16)..range.start)?);
        let titled = TITLES.contains(&before);
        let (last, middle) = syllables.get(1..)?.split_last()?;
        let given = &*GIVEN;
        let common = given.contains(last);
        let marked = middle.iter().any(|m| matches!(*m, b"van" | b"thi"));
        let known = marked || middle.iter().any(|m| given.contains(m));
        // Nearly every name has small letters.
        let all_capitals = !raw.iter().any(u8::is_ascii_lowercase)
            && str::from_utf8(raw).is_ok_and(|raw| raw.chars().all(|c| !c.is_lowercase()) && capitals(raw) == raw);
        // `CA Bình Định` is the police there: `Cà` in capitals, with others in small letters behind.
        let city = folded.starts_with(b"ho chi minh") || raw.starts_with(b"CA ") && !all_capitals;
        let score = 20
            + if syllables.len() > 2 { 10 } else { -5 }
            + if common { 15 } else { 0 }
            + if marked { 20 } else { 5 * i32::from(known) }
            + if titled { 15 } else { 0 }
            - if all_capitals && !(common && syllables.len() > 2) { 15 } else { 0 }
            - if city { 60 } else { 0 };
        // Half of all names are of places and things: what stands around those that nothing speaks for is not read.
        confidence(score + NAMED)?;
        let named = near.column() == Some(Column::Name) || may_be_announced(text, &range) && near.is_named();
        // Under their header they are those of streets and places.
        if near.column() == Some(Column::Address) && !named && !titled {
            return None;
        }
        let score = score
            + match named {
                true => NAMED,
                false if PLACES.contains(&before) || is_street(text, &range) => -60,
                false => 0,
            };
        confidence(score)?;
        // Of what is left nearly all are names.
        if nobody::names_nobody(raw, folded) || is_under_a_place(text, &range, near.column()) {
            return None;
        }
        Some(Found { range, score, value: value(raw)?, hidden: None })
    }

    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column()? != Column::Name {
            return None;
        }
        told::cell(near.text(), range)
    }

    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if trigger != Trigger::Person || near.column().is_some() {
            return None;
        }
        told::behind(near.text(), &range, near.name_before())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::context::{Memory, Words};

    static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(crate::cards().flat_map(|card| card.words)));

    /// Phrases that name a name, the letters of some taken apart, hidden or full-width, between other words.
    fn piece() -> impl Strategy<Value = String> {
        let phrases = include_str!("../context/name.txt").lines().filter(|line| !line.starts_with(['#', '=']));
        let spelled = |phrase: &str| {
            let apart = phrase.replace('ê', "e\u{302}").replace('ọ', "o\u{323}").replace('à', "a\u{300}");
            let hidden = phrase.replace('t', "t\u{ad}").replace('n', "\u{200b}n").replace('m', "m\u{200d}");
            let wide = |c: char| if c.is_ascii_alphabetic() { char::from_u32(u32::from(c) + 0xfee0) } else { Some(c) };
            let full = phrase.chars().filter_map(wide).collect();
            [phrase.to_owned(), phrase.to_uppercase(), phrase.replace(' ', "_"), apart, hidden, full]
        };
        let phrases: Vec<String> = phrases.flat_map(spelled).collect();
        let signs = [" ", ": ", "\n", " ……… ", "—", ", ", "7", " là ", " năm ", " tấn ", "Nam", "x"];
        prop_oneof![
            2 => prop::sample::select(phrases),
            2 => prop::sample::select(signs.to_vec()).prop_map(str::to_owned),
            1 => "[a-zđơA-Z ]{0,12}",
        ]
    }

    #[test]
    fn no_capital_is_taken_for_small() {
        for c in ('\u{80}'..'\u{3000}').filter(|c| c.is_uppercase()) {
            assert!(!is_small(c.encode_utf8(&mut [0; 4]).as_bytes()), "{c:?}");
        }
        assert!("đăâêôơưáạảấỷỹ".chars().all(|c| is_small(c.encode_utf8(&mut [0; 4]).as_bytes())));
    }

    #[test]
    fn heads_are_known_by_their_first_letters() {
        for word in
            ["Ông", "ÔNG", "Ong", "O\u{302}ng", "O\u{ad}ng", "Văn", "VĂN", "Van", "Va\u{306}n", "V\u{200b}ăn", "Thị"]
        {
            for word in [word.to_owned(), word.to_uppercase()] {
                assert!(may_be_head(word.as_bytes()), "{word}");
            }
        }
        for word in ["Ơn", "Vũ", "Tr\u{1ea7}n", "Tô", "Trương", "Vương", "Oanh", "Nguyễn"] {
            let is_head = matches!(Folded::of(word.as_bytes()).bytes(), b"ong" | b"van" | b"thi");
            assert!(!is_head || may_be_head(word.as_bytes()), "{word}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn of_a_name_found_already_nothing_better_is_left_out(
            words in prop::collection::vec(prop_oneof![
                3 => prop::sample::select(vec!["Lê", "Nguyễn", "TRẦN", "Ông", "Hà"]),
                4 => prop::sample::select(vec!["Văn", "Thị", "An", "Bình", "Nội", "THU", "Mai", "Quang", "Đức"]),
                2 => prop::sample::select(vec!["CCCD", "ĐT", "sinh", "và", "Noi,", "xã hội", "An:", "a.", "Niê", "O'Lan"]),
            ], 1..8),
            title in prop::sample::select(vec![" ông ", "Ông ", " bà ", "bệnh nhân ", "tên là ", "họ tên: "]),
        ) {
            let text = [".", title, &words.join(" ")].concat();
            let text = text.as_bytes();
            let label = 1..title.len() + 1;
            for at in 0..text.len() {
                let letters = text[at..].iter().take_while(|b| is_letter(**b)).count();
                let Some(name) = name_at(text, at..at + letters) else { continue };
                let mut memory = Memory::default();
                let mut near = Near::new(text, &WORDS, None, name.clone(), 0, 2026, &mut memory);
                let Some(found) = PersonName.name(name, &mut near) else { continue };
                let known = (found.range, found.score);
                if let Some(told) = told::behind(text, &label, None)
                    && told::behind(text, &label, Some(&known)).is_none()
                {
                    let (range, score) = &known;
                    prop_assert!(range.start == told.range.start && range.end >= told.range.end && *score >= told.score);
                }
            }
        }

        #[test]
        fn bodies_are_known_by_their_words(words in prop::collection::vec(
            prop::sample::select(vec!["cong", "ty", "nhan", "dan", "le", "an", "uy", "ban", "xa", "hoi", "tnhh", "viet", "nam"]), 0..7,
        )) {
            let folded = words.join(" ");
            let words: Vec<&[u8]> = folded.as_bytes().split(|b| *b == b' ').collect();
            prop_assert_eq!(told::names_nobody(folded.as_bytes(), &words), told::is_no_name(folded.as_bytes()));
        }

        #[test]
        fn no_announcement_is_passed_over(before in prop::collection::vec(piece(), 0..5), behind in prop::collection::vec(piece(), 0..3)) {
            let (before, name) = (before.concat(), "Lê Văn An");
            let text = [&before, name, &*behind.concat()].concat();
            let range = before.len()..before.len() + name.len();
            let mut memory = Memory::default();
            let mut near = Near::new(text.as_bytes(), &WORDS, None, range.clone(), 0, 2026, &mut memory);
            prop_assert!(may_be_announced(text.as_bytes(), &range) || !near.is_named(), "{text}");
        }
    }
}
