//! Numbers that only `sổ` or `bh` stands before, as staff write to each other: `gộp 2 sổ 7912… và 0113…`, `An sổ 7912…`.
//!
//! `sổ` is many a book, and without its hook it is `số`. So it says something only as it is written, of a number that
//! begins like those of an insurer, and where the line speaks of insurance or of somebody.

use std::ops::Range;

use crate::fold::fold;
use crate::person_name::surname;
use crate::province::is_insurer;

/// Bytes looked at before a number, and behind it.
const REACH: usize = 128;
/// Digits of the number.
const DIGITS: usize = 10;
/// Others of one list that may stand before it.
const OTHERS_MAX: usize = 3;

/// Whether `sổ` stands right before the number of so many digits at `range`, or before the first of its list, and it may be
/// one that leads from it. Only the bytes beside it are read.
#[inline]
pub(super) fn is_behind_a_book(text: &[u8], range: &Range<usize>, digits: usize) -> bool {
    digits == DIGITS
        && range.len() == DIGITS
        && text.get(range.start..range.start + 2).is_some_and(is_insurer)
        && (label(text, range.start).is_some() || follows_a_name(text.get(..range.start).unwrap_or_default()))
}

/// Whether three words in capitals stand right before a number, as names end, or `mã` behind those, and a surname is among them.
/// Nearly all numbers of logs stand behind a sign or a small word.
#[inline]
fn follows_a_name(before: &[u8]) -> bool {
    const SIGNS: &[u8] = b" (-:,";
    const SIGNS_MAX: usize = 3;
    const WORD_BYTES_MAX: usize = 12;
    const WORDS: std::ops::RangeInclusive<usize> = 3..=4;
    let is_letter = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80;
    let Some(end) = before.iter().rev().take(SIGNS_MAX + 1).position(|b| !SIGNS.contains(b)).filter(|n| *n > 0) else {
        return false;
    };
    let named = before.get(..before.len() - end).unwrap_or_default();
    if !named.last().is_some_and(is_letter) {
        return false;
    }
    let named = named.strip_suffix(" mã".as_bytes()).or_else(|| named.strip_suffix(b" ma")).unwrap_or(named);
    let from = named.len().saturating_sub((WORD_BYTES_MAX + 1) * WORDS.end());
    let is_capital = |word: &&[u8]| {
        (2..=WORD_BYTES_MAX).contains(&word.len())
            && matches!(word.first(), Some(b'A'..=b'Z' | 0xc3..=0xc6 | 0xe1))
            && word.iter().all(is_letter)
    };
    let words = named.get(from..).unwrap_or_default().rsplit(|b| *b == b' ').take(*WORDS.end()).take_while(is_capital);
    words.skip(WORDS.start() - 1).any(surname)
}

/// Whether who works at the office writes of somebody whose name stands before the number: `Báo giảm Phạm Thị Khuê mã 6218…`,
/// `Tăng: Lê Thị Hoa - 7965…`.
fn is_told_by_staff(text: &[u8], range: &Range<usize>) -> bool {
    /// What is done with a book.
    const DONE: [&str; 6] = [" tra so ", " chot so ", " ho so om ", " ho so thai san ", " nghi om ", " tang moi "];
    /// What else is said of somebody with such a number.
    const OTHERS: [&str; 14] = [
        " gia ",
        " hang ",
        " don ",
        " tien ",
        " ck ",
        " chuyen khoan ",
        " tk ",
        " stk ",
        " mst ",
        " thue ",
        " sdt ",
        " dt ",
        " dien thoai ",
        " zalo ",
    ];
    // Telephones.
    if matches!(text.get(range.clone()), Some([b'0', b'3' | b'5' | b'7'..=b'9', ..])) {
        return false;
    }
    let start = range.start;
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let behind = text.get(range.end..text.len().min(range.end + REACH / 2)).unwrap_or_default();
    let line = |b: &u8| *b == b'\n';
    let folded = |part: Option<&[u8]>| format!(" {} ", fold(&String::from_utf8_lossy(part.unwrap_or_default())).trim());
    let (before, behind) = (folded(before.rsplit(line).next()), folded(behind.split(line).next()));
    let has = |words: &[&str]| words.iter().any(|word| before.contains(word) || behind.contains(word));
    let named = before.trim_end();
    let named = named.strip_suffix(" ma").unwrap_or(named);
    let name = named.rmatch_indices(' ').nth(3).map_or(named, |(at, _)| named.get(at..).unwrap_or_default());
    let others = |part: &str| OTHER_BOOKS.iter().any(|other| part.contains(other));
    let moved = |part: &str| part.starts_with(" tang ") || part.starts_with(" giam ");
    ends_with_a_name(name)
        && (has(&DONE) || has(&TELLING) || moved(&before) || moved(&behind))
        && !has(&OTHERS)
        && !others(&behind)
        && !others(without_name(named))
}

/// What stands before the name that folded words end with, whose surname is not of the words before it: `chot so` before `Đỗ Hữu …`.
fn without_name(named: &str) -> &str {
    let before = |words: usize| named.rmatch_indices(' ').nth(words).and_then(|(at, _)| named.get(..=at));
    let begins =
        |at: usize| before(at).is_some_and(|head| ends_with_a_name(named.get(head.len()..).unwrap_or_default()));
    if begins(2) { before(2).unwrap_or(named) } else { named }
}

/// Whether that book is the one of the insurance.
pub(super) fn is_of_insurance(text: &[u8], range: &Range<usize>) -> bool {
    let Some(label) = label(text, range.start) else { return is_told_by_staff(text, range) };
    let from = label.saturating_sub(REACH);
    let before = text.get(from..label).unwrap_or_default();
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let behind = text.get(range.end..text.len().min(range.end + REACH / 2)).unwrap_or_default();
    let behind = behind.split(|b| *b == b'\n').next().unwrap_or_default();
    let folded = |part: &[u8]| format!(" {} ", fold(&String::from_utf8_lossy(part)).trim());
    let (above, line, behind) = (folded(before), folded(line), folded(behind));
    // `đã ghi vào sổ 79…` is what any office does.
    let entered = line.ends_with(" vao ") && !line.contains(" gop ");
    if entered || OTHER_BOOKS.iter().any(|other| line.contains(other) || behind.contains(other)) {
        return false;
    }
    // The office of that name tells nothing of the book.
    let office = |part: &str| {
        part.match_indices(" bhxh ").all(|(at, word)| {
            let rest = part.get(at + word.len()..).unwrap_or_default();
            OFFICES.iter().any(|place| rest.starts_with(place))
        })
    };
    let told =
        TELLING.iter().any(|word| above.contains(word) || behind.contains(word)) || !office(&above) || !office(&behind);
    told || has_paper(&above)
        || has_paper(&behind)
        || is_somebody(&line)
        || behind.strip_prefix(" cua ").is_some_and(begins_with_somebody)
}

/// Whether folded words end with the name of somebody who has what follows: `ban Nguyen Van An da co`.
pub(super) fn is_somebody(folded: &str) -> bool {
    const LINKS: [&str; 5] = ["da co", "chua co", "co", "la", "2"];
    let named = folded.trim_end();
    let named =
        LINKS.iter().find_map(|link| named.strip_suffix(link).filter(|rest| rest.ends_with(' '))).unwrap_or(named);
    ends_with_a_name(named)
}

pub(super) fn begins_with_somebody(folded: &str) -> bool {
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).take(3).collect();
    words.len() == 3 && ends_with_a_name(&words.join(" "))
}

/// Whether folded words end with a name of three or four syllables. Some things are called like one.
fn ends_with_a_name(folded: &str) -> bool {
    const SURNAMES: [&str; 21] = [
        "nguyen", "tran", "le", "pham", "hoang", "huynh", "phan", "vu", "vo", "dang", "bui", "do", "ho", "ngo",
        "duong", "ly", "dinh", "trinh", "truong", "mai", "luong",
    ];
    const THINGS: [&str; 11] = [
        "xe may",
        "ho so",
        "may lanh",
        "may tinh",
        "may giat",
        "dien thoai",
        "tu lanh",
        "dieu hoa",
        "hop dong",
        "cong ty",
        "do dien",
    ];
    let words: Vec<&str> = folded.rsplit(' ').filter(|word| !word.is_empty()).take(4).collect();
    let syllable = |word: &&str| word.len() <= 7 && word.bytes().all(|b| b.is_ascii_lowercase());
    let name = words.iter().take_while(|word| syllable(word)).count();
    let begins = |at: usize| at < name && words.get(at).is_some_and(|word| SURNAMES.contains(word));
    (begins(2) || begins(3)) && !THINGS.iter().any(|thing| folded.contains(thing))
}

/// Whether the number of another paper stands there behind its word, or before it in brackets: `cc 001090123456`,
/// `001090123456 (cc)`.
pub(super) fn has_paper(folded: &str) -> bool {
    const PAPERS: [&str; 5] = ["cc", "cccd", "cmnd", "cmt", "cuoc"];
    let number = |word: &str| matches!(word.len(), 9 | 12) && word.bytes().all(|b| b.is_ascii_digit());
    // `cc12` is folded into two words.
    let words = || folded.split(' ').filter(|word| !word.is_empty() && *word != "12");
    words().zip(words().skip(1)).any(|(a, b)| PAPERS.contains(&a) && number(b) || number(a) && PAPERS.contains(&b))
}

/// What speaks of the insurance or of what it pays for.
const TELLING: [&str; 25] = [
    " bhyt ",
    " bhtn ",
    " bao hiem ",
    " sbh ",
    " vssid ",
    " chot ",
    " gop ",
    " thai san ",
    " om dau ",
    " duong suc ",
    " tu tuat ",
    " that nghiep ",
    " tctn ",
    " luong huu ",
    " huu tri ",
    " 1 lan ",
    " mot lan ",
    " nld ",
    " tham gia ",
    " bao tang ",
    " bao giam ",
    " c12 ",
    " c13 ",
    " d02 ",
    " qua trinh ",
];

/// What `BHXH` goes on with where it is the office.
const OFFICES: [&str; 8] = ["tinh ", "huyen ", "quan ", "thanh pho ", "tp ", "co so ", "khu vuc ", "viet nam "];

/// What other books are called, and what is done with them.
pub(super) const OTHER_BOOKS: [&str; 24] = [
    " tiet kiem ",
    " ngan hang ",
    " ky han ",
    " lai suat ",
    " so do ",
    " so hong ",
    " gcn ",
    " qsdd ",
    " tat toan ",
    " vay ",
    " kho ",
    " vat tu ",
    " cong chung ",
    " chung thuc ",
    " quyen ",
    " so du ",
    " so quy ",
    " ho ngheo ",
    " so kham ",
    " hoc ba ",
    " tam tru ",
    " ho khau ",
    " xo so ",
    " dang kiem ",
];

/// What may stand between `sổ` and the number.
const SIGNS: &[u8] = b" :=-";
/// What joins the numbers of a list without a blank, and stands neither behind `sổ` nor behind what leads from it.
const JOINS: [u8; 2] = [b',', b'+'];
const KEEPS_TOGETHER: &[u8] = "\u{a0}".as_bytes();

/// Whether the last letter before a number may be one of `sổ`, of what leads from it, or of another number: of most it is
/// told so that it is not, for numbers of ten digits are in every log. Of bytes that end with no [`JOINS`].
#[inline]
fn may_lead(before: &[u8]) -> bool {
    const SIGNS_MAX: usize = 4;
    let mut last = before.iter().rev();
    let Some(sign) = last.next() else { return false };
    let parts = |b: &u8| SIGNS.contains(b);
    let letter = match sign {
        0xa0 => Some(sign),
        sign if parts(sign) => last.by_ref().take(SIGNS_MAX).find(|b| !parts(b)),
        _ => None,
    };
    match letter {
        // The last bytes of `ổ`, of its two marks, and of letters with a mark that leading words end with.
        Some(0x80..) | Some(b'a' | b'e' | b'i' | b'm' | b't') => true,
        Some(b',' | b'+' | b';' | b'&') => last.find(|b| **b != b' ').is_some_and(u8::is_ascii_digit),
        Some(b'1'..=b'9') => last.next() == Some(&b' '),
        _ => false,
    }
}

/// Where `sổ` ends that stands before the number at `start`, or before the first of the list it is in.
#[inline]
fn label(text: &[u8], start: usize) -> Option<usize> {
    let before = text.get(..start)?;
    match before {
        // In a register that is all to be known of most cells.
        [rest @ .., sign] if JOINS.contains(sign) => label_of_a_list(text, ends_with_number(rest)?, 1),
        _ if may_lead(before) => label_of_a_list(text, start, 0),
        _ => None,
    }
}

/// The same behind so many others of the list.
#[cold]
fn label_of_a_list(text: &[u8], start: usize, others: usize) -> Option<usize> {
    let mut at = start;
    for _ in others..=OTHERS_MAX {
        let before = text.get(at.saturating_sub(REACH / 2)..at)?;
        let joined = before.last().is_some_and(|sign| JOINS.contains(sign));
        if let Some(len) = if joined { None } else { book(before) } {
            return Some(at - before.len() + len);
        }
        at = at - before.len() + other(before)?;
    }
    None
}

fn without_signs(mut text: &[u8]) -> &[u8] {
    loop {
        match text {
            [head @ .., sign] if SIGNS.contains(sign) => text = head,
            _ => match text.strip_suffix(KEEPS_TOGETHER) {
                Some(head) => text = head,
                None => return text,
            },
        }
    }
}

/// What of `before` ends with `sổ`, without it and what leads from it to the number: `sổ: `, `sổ 1: `, `sổ cũ là `.
fn book(before: &[u8]) -> Option<usize> {
    const LEADING: [&str; 9] = ["là", "la", "số", "cũ", "mới", "của em", "của e", "thứ nhất", "thứ hai"];
    /// As it is written in one letter and in three.
    const BOOKS: [&str; 6] = ["sổ", "Sổ", "SỔ", "so\u{302}\u{309}", "So\u{302}\u{309}", "SO\u{302}\u{309}"];
    let mut rest = before;
    for _ in 0..3 {
        rest = without_signs(rest);
        if let Some(head) = BOOKS.iter().find_map(|book| rest.strip_suffix(book.as_bytes())) {
            let begins = head.last().is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric());
            return begins.then_some(head.len());
        }
        rest = match rest {
            [head @ .., b' ', b'1'..=b'9'] => head,
            _ => LEADING.iter().find_map(|word| rest.strip_suffix(word.as_bytes()))?,
        };
    }
    None
}

/// Where the number begins that a sign of lists parts from the end of `before`.
fn other(before: &[u8]) -> Option<usize> {
    const PARTS: [&str; 7] = [", ", " + ", " và ", " va ", "; ", " & ", " với "];
    let rest = match before {
        [rest @ .., sign] if JOINS.contains(sign) => rest,
        _ => PARTS.iter().find_map(|part| before.strip_suffix(part.as_bytes()))?,
    };
    ends_with_number(rest)
}

/// Where the number of as many digits begins that `text` ends with.
#[inline]
fn ends_with_number(text: &[u8]) -> Option<usize> {
    let (before, number) = text.split_last_chunk::<DIGITS>()?;
    let begins = !before.last().is_some_and(u8::is_ascii_digit);
    (begins && number.iter().all(u8::is_ascii_digit)).then_some(before.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Step by step.
    fn label_slowly(text: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        for _ in 0..=OTHERS_MAX {
            let before = text.get(at.saturating_sub(REACH / 2)..at)?;
            if let Some(len) = book(before) {
                return Some(at - before.len() + len);
            }
            at = at - before.len() + other(before)?;
        }
        None
    }

    proptest! {
        /// Of numbers that no letter touches.
        #[test]
        fn labels_are_found_as_step_by_step(
            before in "[a ]{0,3}(sổ|Sổ|so\u{302}\u{309}|so)?[ :=-]{0,4}(1: |cũ là |2 )?\u{a0}?",
            others in "([0-9]{9,11}(, | \\+ | và |; | & |\\+|,| với |:)){0,5}",
        ) {
            let text = before + &others;
            let touched = text.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '\u{309}');
            prop_assume!(!touched);
            prop_assert_eq!(label(text.as_bytes(), text.len()), label_slowly(text.as_bytes(), text.len()), "{}", text);
        }
    }
}
