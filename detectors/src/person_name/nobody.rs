//! What is spelled like a name and is nobody's: what the groups of a register are headed by, and places that are called
//! after people.
//!
//! Asked of names alone. By its first syllable nearly every name is told to be none of these.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::syllables::Syllables;
use crate::fold::{Folded, fold, is_capital};

/// Words of administration, as they are written in small letters, and folded.
static HEADINGS: LazyLock<Vec<(&str, String)>> =
    LazyLock::new(|| lines(include_str!("headings.txt")).map(|heading| (heading, fold(heading))).collect());
/// Whom streets are called after, in small letters.
static STREETS: LazyLock<Vec<String>> =
    LazyLock::new(|| lines(include_str!("streets.txt")).map(str::to_lowercase).collect());
/// The first syllables of all of them, folded.
static BEGINNINGS: LazyLock<Syllables> = LazyLock::new(|| {
    let headings = HEADINGS.iter().filter_map(|(_, folded)| folded.split(' ').next());
    let places: Vec<String> = PLACES.iter().chain(&[STREET, SCHOOL]).map(|place| fold(place)).collect();
    Syllables::new(headings.chain(places.iter().map(String::as_str)))
});

/// What stands before the name of a place, with its marks: nobody has these for a surname.
const PLACES: [&str; 15] =
    ["phố", "ngõ", "hẻm", "ngách", "kiệt", "chợ", "cầu", "phường", "xã", "thôn", "ấp", "xóm", "quận", "huyện", "tỉnh"];
/// A surname as well.
const STREET: &str = "đường";
/// It is written where `Trương` is meant, too.
const SCHOOL: &str = "trường";

fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a name is that of a heading or a place, given what it is folded.
pub(super) fn names_nobody(name: &[u8], folded: &[u8]) -> bool {
    may_begin(folded) && str::from_utf8(name).is_ok_and(|name| is_heading_or_place(name, folded))
}

/// The same, given its syllables.
pub(super) fn are_nobody(syllables: &[&str], folded: &[u8]) -> bool {
    may_begin(folded) && is_heading_or_place(&syllables.join(" "), folded)
}

fn may_begin(folded: &[u8]) -> bool {
    BEGINNINGS.contains(folded.split(|b| *b == b' ').next().unwrap_or_default())
}

#[cold]
#[inline(never)]
fn is_heading_or_place(written: &str, folded: &[u8]) -> bool {
    let small = small(written);
    is_heading(&small, folded) || is_place(written, &small)
}

/// Small letters, composed or not: what combines is left to be no heading.
fn small(name: &str) -> Cow<'_, str> {
    if name.chars().any(char::is_uppercase) { name.to_lowercase().into() } else { name.into() }
}

/// Whether it begins with the words of a heading. Without marks these say less: two may be a name.
fn is_heading(small: &str, folded: &[u8]) -> bool {
    const BARE_WORDS_MIN: usize = 3;
    let begins = |text: &[u8], words: &str| {
        text.strip_prefix(words.as_bytes()).is_some_and(|rest| rest.first().is_none_or(|b| *b == b' '))
    };
    HEADINGS.iter().any(|(written, bare)| {
        begins(small.as_bytes(), written)
            || small.is_ascii() && bare.split(' ').count() >= BARE_WORDS_MIN && begins(folded, bare)
    })
}

/// Whether it is a place that is called after somebody: `Phố Trần Phú`, `đường Lê Lợi`. Of two syllables either may be a name,
/// and `Đường`, `Trường` are, unless what follows is a name that a place has.
fn is_place(written: &str, small: &str) -> bool {
    let Some((place, name)) = small.split_once(' ') else { return false };
    let Some((first, _)) = name.split_once(' ') else { return false };
    if matches!(first, "văn" | "thị") {
        return false;
    }
    match place {
        STREET => STREETS.iter().any(|street| street == name) || begins_small(written),
        SCHOOL => STREETS.iter().any(|street| street == name) || super::told::has_surname(first),
        place => PLACES.contains(&place),
    }
}

/// Whether a small letter begins the first word, and a capital the second.
fn begins_small(written: &str) -> bool {
    let mut words = written.split(' ').map(|word| word.chars().next().is_some_and(is_capital));
    words.next() == Some(false) && words.next() == Some(true)
}

/// Whether a name is that of a street of most towns.
pub(super) fn is_of_a_street(name: &[u8]) -> bool {
    let Ok(name) = str::from_utf8(name) else { return false };
    let small = small(name);
    STREETS.iter().any(|street| *street == *small)
}

/// Whether what ends right before a name is the word for a place, with its marks, and nothing but that since what is no word: as
/// a cell has it, `Phố Trần Phú`. A title may hold the word: `Trưởng thôn Trần Phú`.
pub(super) fn follows_a_place(before: &[u8]) -> bool {
    let Some(head) = before.strip_suffix(b" ") else { return false };
    let len = head.iter().rev().take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    let (head, word) = head.split_at(head.len() - len);
    let place = || str::from_utf8(word).is_ok_and(|word| PLACES.contains(&&*small(word)));
    head.last() != Some(&b' ') && BEGINNINGS.contains(Folded::of(word).bytes()) && place()
}

/// What is known of a syllable of a name.
pub(super) struct Part {
    /// A heading or a place may begin with it.
    pub(super) begins: bool,
    /// A place does, whatever follows.
    pub(super) place: bool,
    /// It may be the second word of a heading.
    pub(super) second: bool,
}

impl Part {
    pub(super) fn of(syllable: &str, folded: &str) -> Self {
        let small = small(syllable);
        Self {
            begins: BEGINNINGS.contains(folded.as_bytes()),
            place: PLACES.iter().chain(&[STREET, SCHOOL]).any(|place| *place == small),
            second: HEADINGS.iter().any(|(_, heading)| heading.split(' ').nth(1) == Some(folded)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_places_are_nobody() {
        for (name, nobody) in [
            ("Tăng lao động", true),
            ("TĂNG MỨC ĐÓNG", true),
            ("TANG LAO DONG", true),
            ("Tăng Lao", false),
            ("Tăng Thanh Hà", false),
            ("THAI SẢN", true),
            ("THAI SAN", false),
            ("Thái San", false),
            ("BẢN THÂN ỐM NGẮN NGÀY", true),
            ("Bệnh nhân nội tỉnh đến", true),
            ("Bệnh nhân Nội", false),
            ("Danh Mục Sách", true),
            ("Danh Thị Mực", false),
            ("Phố Trần Phú", true),
            ("phường Nguyễn Du", true),
            ("Trần Thị Phố", false),
            ("Phố Nguyễn", false),
            ("Cầu Văn An", false),
            ("Đường Trần Phú", true),
            ("ĐƯỜNG HAI BÀ TRƯNG", true),
            ("đường Trần Văn Kiểu", true),
            ("đường Nguyễn Hữu Kiểu", true),
            ("Đường Nguyễn Bảo Ngọc", false),
            ("Đường Thị Lan", false),
            ("Đường Minh Tuấn", false),
            ("Duong Tran Phu", false),
            ("Dương Trần Phú", false),
            ("Trường Nguyễn Du", true),
            ("Trường Văn Nam", false),
            ("Trường Minh Tuấn", false),
            ("Trương Nguyễn Du", false),
            ("", false),
        ] {
            assert_eq!(names_nobody(name.as_bytes(), fold(name).as_bytes()), nobody, "{name}");
        }
    }

    #[test]
    fn a_place_stands_alone_before_a_name() {
        for (before, follows) in [
            ("Phố ", true),
            ("\"ngõ ", true),
            ("Trưởng thôn ", false),
            ("Trưởng  thôn ", false),
            ("Pho ", false),
            ("Phố", false),
            (" ", false),
            ("", false),
        ] {
            assert_eq!(follows_a_place(before.as_bytes()), follows, "{before:?}");
        }
    }

    #[test]
    fn lists_name_each_once_and_with_its_marks() {
        let streets: Vec<&str> = lines(include_str!("streets.txt")).collect();
        assert!(streets.iter().enumerate().all(|(n, street)| !streets.iter().skip(n + 1).any(|other| other == street)));
        assert!(HEADINGS.iter().all(|(heading, _)| **heading == heading.to_lowercase() && !heading.is_ascii()));
    }
}
