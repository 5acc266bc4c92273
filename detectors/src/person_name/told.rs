//! Names that are told to be names: cells under `Họ và tên`, and what follows a label or a title.
//!
//! There no surname need be listed and no letter be capital: the highlands have more names than any list.

use std::ops::Range;

use super::{GIVEN, SURNAMES, SYLLABLE_BYTES_MAX, SYLLABLES_MAX, nobody, value};
use crate::card::Found;
use crate::fold::{Folded, fold, is_capital, is_letter, next_char};
use crate::phrases::Phrases;
use crate::trigger::stands_alone;

/// Bytes between a label and its name: `Họ và tên người bệnh (viết in hoa): `.
pub(crate) const LABEL_BYTES_MAX: usize = 56;
/// Most bytes of a title: ` ông (bà) `.
const TITLE_BYTES_MAX: usize = 12;
/// Most bytes of a name.
const NAME_BYTES_MAX: usize = 80;

/// Folded words that bodies hold and no name does.
pub(super) static BODIES: Phrases = Phrases::new(&[
    "cong ty",
    "tnhh",
    "co phan",
    "ubnd",
    "hdnd",
    "uy ban",
    "bhxh",
    "benh vien",
    "thcs",
    "thpt",
    "tieu hoc",
    "mam non",
    "dai hoc",
    "hop tac xa",
    "cua hang",
    "doanh nghiep",
    "phong kham",
    "ngan hang",
    "nguoi lao dong",
    "hoi dong",
    "xa hoi",
]);
/// Folded words that headings, offices and bodies begin with. Within a name they are syllables like others: `Trung Tâm`,
/// `Thông Báo`, `Nhân Dân` all end names of people.
pub(super) static HEADS: Phrases = Phrases::new(&[
    "ban nhan dan",
    "nhan dan",
    "danh sach",
    "vien ho gia dinh",
    "ho gia dinh",
    "cong hoa",
    "chu nghia",
    "doc lap",
    "hanh phuc",
    "bao hiem",
    "giao duc",
    "ke hoach",
    "chi nhanh",
    "to chuc",
    "don vi",
    "tham gia",
    "de nghi",
    "quyet dinh",
    "thong bao",
    "thong tin",
    "chu tich",
    "giam doc",
    "bac si",
    "giao vien",
    "to truong",
    "can bo",
    "chuyen vien",
    "ho so",
    "bo phan",
    "tong cong",
    "phu luc",
    "to khai",
    "ky ten",
    "ghi ro",
    "ho ten",
    "ho va",
    "ngay sinh",
    "so dien",
    "dia chi",
    "xac nhan",
    "dieu chinh",
    "trung tam",
    "noi ngoai",
    "viet nam",
    "dong lao dong",
    "luc khai tu",
    "vi pham",
    "che do",
]);

/// Folded words behind `ông` and `bà` that make a place or kin of them.
const NO_PERSON: &[&str] =
    &["ria", "den", "na", "noi", "ngoai", "trieu", "chua", "con", "cu", "nay", "ay", "ta", "ong", "ba"];
/// Folded words that end a name written in small letters.
const STOPS: &[&str] = &[
    "sinh", "sn", "ngay", "cccd", "cmnd", "sdt", "ma", "so", "gioi", "dia", "o", "bhxh", "bhyt", "dt", "can", "tuoi",
    "nam,", "hien", "la", "stk", "mst", "email", "the", "va", "ns", "nu",
];
/// Titles that stand before a name in its own cell.
pub(super) const TITLES: &[&str] = &["ong", "ba", "anh", "chi", "em", "chau", "co", "chu", "bac", "mr", "mrs", "ms"];

/// Whether a folded text names a body, an office or a heading.
pub(super) fn is_no_name(folded: &[u8]) -> bool {
    BODIES.stand_in(folded) || HEADS.begin(folded)
}

/// The same, given its words as well.
pub(super) fn names_nobody(folded: &[u8], words: &[&[u8]]) -> bool {
    let mut rest = folded;
    HEADS.begin(folded)
        || words.iter().any(|word| {
            let begins = BODIES.begin(rest);
            rest = rest.get(word.len() + 1..).unwrap_or_default();
            begins
        })
}

/// The name that a cell under `Họ và tên` holds.
pub(super) fn cell(text: &[u8], range: Range<usize>) -> Option<Found> {
    let cell = text.get(range.clone())?;
    let signs = |b: &u8| b"'\"-.*: ".contains(b);
    let lead = cell.iter().take_while(|b| signs(b)).count();
    let behind = cell.iter().position(|b| b"(,;/\n\t".contains(b)).unwrap_or(cell.len());
    let name = cell.get(lead..behind)?.trim_ascii_end();
    let mut start = range.start + lead;
    let mut room = [""; SYLLABLES_ROOM];
    let mut syllables = syllables(name, &mut room)?;
    // `Ông` is a surname as well: `Ông Thị Phúc`.
    let titled = TITLES.contains(&fold(syllables.first()?).as_str());
    let next = fold(syllables.get(1)?);
    if syllables.len() > 3 && titled && has_surname(&next) && !matches!(next.as_str(), "van" | "thi") {
        start += syllables.first()?.len() + 1;
        syllables = syllables.get(1..)?;
    }
    let name = text.get(start..range.start + lead + name.len())?;
    let score = plausible(syllables, Folded::of(name).bytes())?;
    Some(found_at(start, name, if score > 0 { 120 } else { 60 }))
}

/// Points of what no colon tells to be a name, and of what is known of the best.
const UNTOLD: i32 = 45;
const KNOWN_MAX: i32 = 20;

/// The name behind a label or title that ends at `label.end`, if it is better than one `found` already.
pub(super) fn behind(text: &[u8], label: &Range<usize>, found: Option<&(Range<usize>, i32)>) -> Option<Found> {
    let bytes = text.get(label.clone())?;
    let blank = bytes.iter().take_while(|b| **b == b' ').count();
    let ends = label.end - bytes.iter().rev().take_while(|b| **b == b' ').count();
    if !stands_alone(text, &(label.start + blank..ends)) {
        return None;
    }
    let gap = text.get(ends..text.len().min(ends + LABEL_BYTES_MAX))?;
    let colon = gap.iter().position(|b| b":\n.;,".contains(b)).filter(|at| gap.get(*at) == Some(&b':'));
    let told = colon.is_some();
    let at = ends + colon.map_or(0, |at| at + 1);
    let blanks = blanks(text.get(at..)?);
    let at = at + blanks;
    let rest = text.get(at..text.len().min(at + NAME_BYTES_MAX))?;
    let (len, capitals) = run(rest, told);
    let is_better = |(range, score): &(Range<usize>, i32)| {
        range.start == at && range.end >= at + len && *score >= UNTOLD + KNOWN_MAX
    };
    if !told && found.is_some_and(is_better) {
        return None;
    }
    let name = rest.get(..len)?;
    let mut room = [""; SYLLABLES_ROOM];
    let syllables = syllables(name, &mut room)?;
    let folded = Folded::of(name);
    let folded = folded.bytes();
    let titled = bytes.len() <= TITLE_BYTES_MAX && matches!(Folded::of(bytes).bytes(), b"ong" | b"ba" | b"ong ba");
    let first = folded.split(|b| *b == b' ').next()?;
    if titled && NO_PERSON.iter().any(|word| word.as_bytes() == first) || blanks == 0 && !told {
        return None;
    }
    let known = plausible(syllables, folded)?;
    let score = match (told, capitals) {
        (true, true) => 65 + known,
        (true, false) => 50 + known,
        (false, true) if titled || known > 0 => UNTOLD + known,
        _ => return None,
    };
    Some(found_at(at, name, score))
}

/// What may stand between a label and its name.
fn blanks(text: &[u8]) -> usize {
    text.iter().take(8).take_while(|b| matches!(b, b' ' | b'\t' | b'*' | b'"')).count()
}

/// Whether words stand behind the blanks at `at` that a label with a colon may make a name: two with capitals, or a surname
/// in small letters before another.
pub(super) fn may_begin(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let rest = rest.get(blanks(rest)..).unwrap_or_default();
    let len = rest.iter().take(SYLLABLE_BYTES_MAX + 1).take_while(|b| is_name_byte(**b)).count();
    let Some((first, [b' ', behind @ ..])) = rest.split_at_checked(len) else { return false };
    if !(1..=SYLLABLE_BYTES_MAX).contains(&len) || !behind.first().is_some_and(|b| is_name_byte(*b)) {
        return false;
    }
    let capital = |word: &[u8]| next_char(word).and_then(|(c, _)| c).is_some_and(is_capital);
    if capital(first) { capital(behind) } else { SURNAMES.has(first) }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80 || byte == b'\''
}

fn found_at(at: usize, name: &[u8], score: i32) -> Found {
    Found { range: at..at + name.len(), score, value: value(name).unwrap_or_default(), hidden: None }
}

/// How long the name at the beginning of `text` is, and whether capitals begin all its syllables. Small letters count
/// only where `any_case`.
fn run(text: &[u8], any_case: bool) -> (usize, bool) {
    let (mut end, mut capitals, mut n) = (0, true, 0);
    while n <= SYLLABLES_MAX {
        let at = if n == 0 { 0 } else { end + 1 };
        if n > 0 && text.get(end) != Some(&b' ') {
            break;
        }
        let rest = text.get(at..).unwrap_or_default();
        let len = rest.iter().take(SYLLABLE_BYTES_MAX + 1).take_while(|b| is_name_byte(**b)).count();
        let Some(Some(first)) = next_char(rest).map(|(c, _)| c).filter(|_| len > 0 && len <= SYLLABLE_BYTES_MAX) else {
            break;
        };
        let small = !is_capital(first);
        // A name begun with capitals ends where they do.
        let stops = || {
            let word = Folded::of(rest.get(..len).unwrap_or_default());
            STOPS.iter().any(|stop| stop.as_bytes() == word.bytes())
        };
        if small && (!any_case || n > 0 && capitals || stops())
            || n > 0 && is_abbreviation(rest.get(..len).unwrap_or_default())
        {
            break;
        }
        capitals &= !small;
        end = at + len;
        n += 1;
    }
    (end, capitals)
}

/// Whether a word is the short form of others, `CCCD`, `ĐT`, `TTYT`: all syllables of names have a vowel, and `y` is one
/// at the end or before `nh` only.
pub(super) fn is_abbreviation(word: &[u8]) -> bool {
    let consonant = |at: usize, b: u8| match b | 0x20 {
        b'a' | b'e' | b'i' | b'o' | b'u' => false,
        b'y' => word.get(at + 1).is_some_and(|next| next | 0x20 != b'n'),
        // `Đ` and `đ` are the only consonants beyond ASCII.
        letter => letter.is_ascii_lowercase() || matches!(b, 0xc4 | 0x90 | 0x91),
    };
    word.len() >= 2 && word.iter().enumerate().all(|(at, b)| consonant(at, *b))
}

/// Room for more than a name has: a title before it.
const SYLLABLES_ROOM: usize = SYLLABLES_MAX + 2;

/// The syllables of a name, for which there is room; `None` for what cannot be one.
fn syllables<'r, 't>(name: &'t [u8], room: &'r mut [&'t str; SYLLABLES_ROOM]) -> Option<&'r [&'t str]> {
    let text = str::from_utf8(name).ok().filter(|text| text.len() <= NAME_BYTES_MAX)?;
    let mut count = 0;
    for syllable in text.split(' ').filter(|s| !s.is_empty()) {
        *room.get_mut(count)? = syllable;
        count += 1;
    }
    let syllables = room.get(..count).filter(|all| all.len() >= 2)?;
    let fits = |c: char| is_letter(c) || matches!(c, ' ' | '\'' | '’' | '-' | '.' | '\u{300}'..='\u{36f}');
    let short = syllables.iter().all(|s| s.len() <= 2 * SYLLABLE_BYTES_MAX);
    (short && text.chars().all(fits)).then_some(syllables)
}

/// Whether syllables under a name's label are a name, with points for what is known of them.
fn plausible(syllables: &[&str], folded: &[u8]) -> Option<i32> {
    if is_no_name(folded) || nobody::are_nobody(syllables, folded) || *syllables.first()? == "không" {
        return None;
    }
    let capitals = syllables.iter().all(capital_first);
    let surname = has_surname(syllables.first()?);
    let given = GIVEN.contains(folded.rsplit(|b| *b == b' ').next()?);
    match (capitals, surname, given) {
        (true, true, _) | (true, _, true) => Some(KNOWN_MAX),
        (true, false, false) => Some(0),
        (false, true, _) if syllables.len() > 2 => Some(if given { KNOWN_MAX } else { 0 }),
        (false, true, true) if !syllables.iter().any(capital_first) => Some(10),
        _ => None,
    }
}

fn capital_first(syllable: &&str) -> bool {
    syllable.chars().next().is_some_and(is_capital)
}

/// Whether a syllable is a listed surname in any case, with or without its marks.
pub(super) fn has_surname(syllable: &str) -> bool {
    SURNAMES.has(syllable.as_bytes())
}
