//! `cccd`: căn cước công dân, số định danh cá nhân — the twelve-digit number of a citizen.
//!
//! It once was three digits of province or country, one of century and sex, two of the birth year, six at random
//! (Circular 07/2016/TT-BCA; Decree 137/2015/NĐ-CP, article 13). Law 26/2023/QH15, article 12, promises twelve digits
//! and nothing else, so the structure is evidence here, never a condition. There is no check digit. Since 2025 it
//! also is the personal tax code (Circular 86/2024/TT-BTC) and the social insurance number, so words for those
//! announce it as well.

use std::ops::Range;

use chot_model::DetectorId;
use memchr::{memchr2, memrchr2};

use crate::Column;
use crate::card::{Card, Detector, Found, Value};
use crate::context::{Columns, Firm, Near};
use crate::date_of_birth::{BESIDE_BYTES, DATE_BYTES_MAX, Date, dates_beside};
use crate::digits::Gap;
use crate::numbers::{Layout, Number};
use crate::province::is_province;
use crate::shape::{is_filler, is_moment, is_round, loss};
use crate::simd::{BLOCK, padded, pairs};

/// The detector.
pub(crate) struct Cccd;

static CARD: Card = Card {
    id: DetectorId::Cccd,
    title_vi: "Số căn cước công dân, số định danh cá nhân",
    title_en: "Citizen number, personal identification number",
    source: "Nghị định 137/2015/NĐ-CP, điều 13; Thông tư 07/2016/TT-BCA, phụ lục 1 và 2; Luật 26/2023/QH15, điều 12",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Cccd, include_str!("words.txt"))],
};

/// What announces it. Other papers and the numbers it replaced count: twelve digits there are this one.
const MINE: Columns = Columns::of(&[
    Column::Cccd,
    Column::Cmnd,
    Column::IdNumber,
    Column::Bhxh,
    Column::Bhyt,
    Column::Tax,
    Column::Passport,
]);
/// What speaks against it.
const OTHERS: Columns =
    Columns::of(&[Column::Negative, Column::Bank, Column::DriverLicence, Column::Household, Column::Plate]);
/// Columns whose cells may have lost leading zeros in a spreadsheet.
const PADDED: Columns = Columns::of(&[Column::Cccd, Column::IdNumber]);

impl Detector for Cccd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 10 | 1 << 11 | 1 << 12
    }

    fn cell_lengths(&self) -> u32 {
        1 << 10 | 1 << 11
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        match number.len() {
            12 => self.twelve(number, near),
            10 | 11 => self.without_zeros(number, near),
            _ => None,
        }
    }
}

impl Cccd {
    fn twelve(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let (text, digits) = (near.text(), number.digits());
        if is_filler(digits) {
            return None;
        }
        let structure = structure(digits, near.this_year());
        if structure == Structure::None && near.is_silent() {
            return None;
        }
        let said = near.announced();
        let mine = said.firm(MINE);
        // Without structure only words can make it one, and mixed layouts need them anyway. A date beside it that
        // agrees with the year it carries stands in for a word: one number in two hundred does so by chance.
        let born = structure != Structure::None
            && near.column().is_none()
            && born_beside(near.text(), number, near.this_year()).is_some();
        let domestic = structure == Structure::Province || born;
        let dotted = matches!(number.separator, Gap::Dot | Gap::Comma);
        if is_round(digits) && (mine < Firm::Direct || dotted) {
            return None;
        }
        // Ten people in the country have such a number; in programs every other pattern of bits looks like one.
        let bits = mine < Firm::Direct && !born && digits.iter().all(|b| matches!(b, b'0' | b'1'));
        let counted = mine < Firm::Direct && !born && (counts(number) || is_span_of_months(text, number));
        if bits || counted || mine == Firm::Not && (!domestic || number.layout == Layout::Mixed) {
            return None;
        }
        let moment = match mine {
            _ if !is_moment(digits) => 0,
            Firm::Column => 0,
            Firm::Direct => 15,
            _ => 40,
        };
        let against = match said.firm(OTHERS) {
            Firm::Not => 0,
            Firm::Column => 200,
            _ => 60,
        };
        let score = structure.points() + words(mine) + if born { 35 } else { 0 }
            - against
            - moment
            - 60 * i32::from(said.amount)
            - loss(near.text(), number, mine);
        let score = if mine == Firm::Column { score.max(90) } else { score };
        Some(Found::number(number, score))
    }

    /// A spreadsheet stores `001090123456` as the number 1090123456.
    fn without_zeros(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        near.column()?;
        if number.layout != Layout::Solid {
            return None;
        }
        if near.announced().firm(PADDED) != Firm::Column {
            return None;
        }
        let mut padded = [b'0'; 12];
        padded.get_mut(12 - number.len()..)?.copy_from_slice(number.digits());
        if structure(&padded, near.this_year()) != Structure::Province {
            return None;
        }
        let value = Value::of([], &padded);
        Some(Found { value, ..Found::number(number, 85) })
    }
}

/// `001 002 003 004`: rows or rooms, one after the other.
fn counts(number: &Number) -> bool {
    let value = |part: &[u8]| part.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    number.layout == Layout::Regular
        && number.digits().chunks(3).map(value).is_sorted_by(|before, next| before + 1 == *next)
}

/// `012026-122026`: from one month to another, as contributions are paid for.
fn is_span_of_months(text: &[u8], number: &Number) -> bool {
    let is_month = |part: &[u8]| {
        matches!(part, [b'0', b'1'..=b'9', year @ ..] | [b'1', b'0'..=b'2', year @ ..]
            if matches!(year, [b'1', b'9', b'9', b'5'..=b'9'] | [b'2', b'0', b'0'..=b'4', b'0'..=b'9']))
    };
    let parts = text.get(number.range.clone()).unwrap_or_default();
    let mut parts = parts.splitn(2, |b| !b.is_ascii_digit());
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let second = second.trim_ascii_start();
    is_month(first) && is_month(second)
}

/// The date beside a number of twelve digits that is the birth it carries, if there is one.
pub(crate) fn birth_beside(text: &[u8], number: &Number, this_year: u16) -> Option<(Date, Range<usize>)> {
    (structure(number.digits(), this_year) != Structure::None).then_some(())?;
    born_beside(text, number, this_year)
}

/// The same for a number that has the structure.
fn born_beside(text: &[u8], number: &Number, this_year: u16) -> Option<(Date, Range<usize>)> {
    let born = birth_year(number.digits())?;
    if !may_show_year(text, &number.range, born) || !shows_year(text, &number.range, born) {
        return None;
    }
    dates_beside(text, &number.range, this_year).find(|(date, _)| date.year == born)
}

/// Whether the last two digits of a year stand near enough to a number, and neither is part of a longer run unless the
/// whole year stands there. Lines are not told apart here: most numbers have no such digits anywhere near.
fn may_show_year(text: &[u8], range: &Range<usize>, year: u16) -> bool {
    let digit = |n: u16| b'0' + (n % 10) as u8;
    let [a, b, c, d] = [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year)];
    let before = range.start.saturating_sub(BESIDE_BYTES)..range.start;
    let behind = range.end..text.len().min(range.end.saturating_add(BESIDE_BYTES + DATE_BYTES_MAX));
    [before, behind].into_iter().any(|side| {
        side.clone().step_by(BLOCK).any(|from| {
            let rest = text.get(from..).unwrap_or_default();
            let found = rest.first_chunk().map_or_else(|| pairs(&padded(rest), c, d), |seen| pairs(seen, c, d));
            // Both digits stand on this side.
            let mut found = found & u64::MAX >> BLOCK.saturating_sub(side.end - 1 - from).min(BLOCK - 1);
            while found != 0 {
                let at = from + found.trailing_zeros() as usize;
                found &= found - 1;
                let before = |n: usize| at.checked_sub(n).filter(|at| *at >= side.start).and_then(|at| text.get(at));
                let behind = text.get(at + 2).filter(|_| at + 2 < side.end);
                let part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
                let alone = !part(before(1)) && !part(behind);
                if alone || before(2) == Some(&a) && before(1) == Some(&b) {
                    return true;
                }
            }
            false
        })
    })
}

/// Whether the digits of a year stand on the line of a number in any way a date beside it has them: in full, or the
/// last two alone. On most lines they do not, and then no date is read.
fn shows_year(text: &[u8], range: &Range<usize>, year: u16) -> bool {
    /// What is read on the left, on the right and behind, signs before, between and after.
    const ROOM: usize = BESIDE_BYTES + BESIDE_BYTES + DATE_BYTES_MAX + 5;
    let before = text.get(range.start.saturating_sub(BESIDE_BYTES)..range.start).unwrap_or_default();
    let before = memrchr2(b'\n', b'\r', before).map_or(before, |at| before.get(at + 1..).unwrap_or_default());
    let behind = text.get(range.end..).unwrap_or_default();
    let behind = behind.get(..BESIDE_BYTES + DATE_BYTES_MAX).unwrap_or(behind);
    let behind = memchr2(b'\n', b'\r', behind).map_or(behind, |at| behind.get(..at).unwrap_or_default());
    // Side by side, and the number between them as one sign.
    let (mut line, mut len) = ([0; ROOM], 1);
    for part in [before, behind] {
        let Some(slots) = line.get_mut(len..len + part.len()) else { return true };
        slots.copy_from_slice(part);
        len += part.len() + 1;
    }
    let digit = |n: u16| b'0' + (n % 10) as u8;
    let [a, b, c, d] = [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year)];
    let from = |n: usize| line.get(n..n + len.saturating_sub(2)).unwrap_or_default();
    // Without a branch a byte, so that it is done with vectors.
    from(0).iter().zip(from(1)).zip(from(2)).zip(from(3)).fold(false, |any, (((p, q), r), s)| {
        let alone = (*q == c) & (*r == d) & !p.is_ascii_digit() & !s.is_ascii_digit();
        any | alone | (*p == a) & (*q == b) & (*r == c) & (*s == d)
    })
}

/// The year of birth that a citizen number carries.
fn birth_year(digits: &[u8]) -> Option<u16> {
    let &[_, _, _, century, decade, year, ..] = digits else { return None };
    let base = match century {
        b'0' | b'1' => 1900,
        b'2' | b'3' => 2000,
        _ => return None,
    };
    Some(base + u16::from(decade - b'0') * 10 + u16::from(year - b'0'))
}

const fn words(firm: Firm) -> i32 {
    match firm {
        Firm::Not => 0,
        Firm::Weak => 20,
        Firm::Near | Firm::Direct => 45,
        Firm::Column => 60,
    }
}

/// How twelve digits agree with the old structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Structure {
    /// Born in a province: 1.6 % of random numbers, and no moment of the form `yyyymmddHHMM`.
    Province,
    /// Born abroad: 4.7 % of random numbers and more than a third of all such moments.
    Abroad,
    /// Not at all.
    None,
}

impl Structure {
    const fn points(self) -> i32 {
        match self {
            Self::Province => 55,
            Self::Abroad => 15,
            Self::None => 0,
        }
    }
}

/// Reads province or country, century and sex, year of birth.
pub(crate) fn structure(digits: &[u8], this_year: u16) -> Structure {
    let &[place, tens, units, ..] = digits else { return Structure::None };
    if birth_year(digits).is_none_or(|born| born > this_year) {
        return Structure::None;
    }
    match place {
        b'0' if is_province(&[tens, units]) => Structure::Province,
        // Countries have the codes 101 to 295 (appendix 2).
        b'1' if (tens, units) != (b'0', b'0') => Structure::Abroad,
        b'2' if (tens, units) <= (b'9', b'5') => Structure::Abroad,
        _ => Structure::None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn structure_needs_place_century_and_a_year_that_has_been() {
        for (text, expected) in [
            ("001090123456", Structure::Province),
            ("079326123456", Structure::Province),
            ("079327123456", Structure::None),
            ("003090123456", Structure::None),
            ("001490123456", Structure::None),
            ("101090123456", Structure::Abroad),
            ("295090123456", Structure::Abroad),
            ("100090123456", Structure::None),
            ("296090123456", Structure::None),
            ("901090123456", Structure::None),
        ] {
            assert_eq!(structure(text.as_bytes(), 2026), expected, "{text}");
        }
    }

    #[test]
    fn no_date_with_its_year_is_passed_over() {
        let number = "001087123456";
        for date in [
            "05/04/1987",
            "5-4-87",
            "05041987",
            "198704050000",
            "5 tháng 4 năm 87",
            "April 5, 1987",
            "1987.4.5",
            "5 4 87",
        ] {
            for text in [
                format!("{date} {number}"),
                format!("x {number} {date}"),
                format!("{number}|{}|{date}|", "x".repeat(60)),
                format!("87\n{number},{date}\r\n"),
                format!("{date},{}{number}", "y".repeat(50)),
            ] {
                let start = text.find(number).expect("there");
                assert!(shows_year(text.as_bytes(), &(start..start + 12), 1987), "{text}");
                assert!(may_show_year(text.as_bytes(), &(start..start + 12), 1987), "{text}");
            }
        }
        for text in ["05/04/1986 001087123456", "870 001087123456 187", "87\n001087123456\n1987", "001087123456"] {
            let start = text.find(number).expect("there");
            assert!(!shows_year(text.as_bytes(), &(start..start + 12), 1987), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_first_look_passes_over_no_year(
            before in "([0-9]{0,3}(1987|87)?[/ \n]?){0,14}",
            behind in "([0-9]{0,3}(1987|87)?[/ \n]?){0,14}",
        ) {
            let text = format!("{before}001087123456{behind}");
            let range = before.len()..before.len() + 12;
            let shows = shows_year(text.as_bytes(), &range, 1987);
            prop_assert!(!shows || may_show_year(text.as_bytes(), &range, 1987));
        }
    }

    #[test]
    fn one_random_number_in_sixty_has_the_structure() {
        // The false positive rate the card speaks of, over an even sample of all twelve-digit numbers.
        let n = 200_000_u64;
        let hits = (0..n).filter(|i| {
            let number = format!("{:012}", i * (1_000_000_000_000 / n) + i * 7_919 % 5_000_000);
            structure(number.as_bytes(), 2026) == Structure::Province
        });
        let share = hits.count() as f64 / n as f64;
        assert!((0.015..0.021).contains(&share), "{share}");
    }
}
