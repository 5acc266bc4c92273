//! `cmnd`: chứng minh nhân dân — the nine-digit number of the old identity card.
//!
//! The first two digits, 01 to 38, name the issuing police; 38 % of random nine-digit numbers pass and numbers are
//! not even unique, so it is nothing without a word or a column that names it. The twelve-digit cards of 2012 to 2016
//! carry a citizen number and are `cccd`.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, LOW, Value};
use crate::context::{Columns, Firm, Near};
use crate::fold::fold;
use crate::numbers::Number;
use crate::shape::{has_exponent, is_example, is_filler, loses, loss};

/// The detector.
pub(crate) struct Cmnd;

static CARD: Card = Card {
    id: DetectorId::Cmnd,
    title_vi: "Số chứng minh nhân dân (9 số)",
    title_en: "Number of the old identity card (9 digits)",
    source: "Nghị định 05/1999/NĐ-CP; Thông tư 57/2013/TT-BCA (mẫu 12 số)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Cmnd, include_str!("words.txt"))],
};

const MINE: Columns = Columns::of(&[Column::Cmnd, Column::IdNumber, Column::Cccd]);
/// Columns whose cells may have lost a leading zero in a spreadsheet.
const PADDED: Columns = Columns::of(&[Column::Cmnd, Column::IdNumber]);

/// Whether other digits stand a few words before the number, on its line.
fn digits_before(text: &[u8], at: usize) -> bool {
    const REACH: usize = 24;
    let before = text.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    before.rsplit(|b| *b == b'\n').next().is_some_and(|line| line.iter().any(u8::is_ascii_digit))
}

/// Whether its word follows behind a comma with who issued it: `148666162, cmnd cấp tại CA tỉnh`. Hardly a number has `c` there.
#[inline]
pub(crate) fn is_told_behind(text: &[u8], range: &Range<usize>, digits: usize) -> bool {
    digits == 9
        && range.len() == 9
        && matches!(text.get(range.end..range.end + 4), Some([b',', b' ', b'c' | b'C', b'm' | b'M' | b'h' | b'H']))
        && is_issued(text.get(range.end + 2..).unwrap_or_default())
}

#[cold]
fn is_issued(behind: &[u8]) -> bool {
    const REACH: usize = 48;
    const NAMES: [&str; 5] = ["cmnd ", "cmt ", "cmtnd ", "chung minh nhan dan ", "chung minh thu "];
    const ISSUED: [&str; 4] = ["cap ", "do ", "ngay cap ", "noi cap "];
    let line = behind.get(..REACH).unwrap_or(behind).split(|b| *b == b'\n').next().unwrap_or_default();
    let folded = format!("{} ", fold(&String::from_utf8_lossy(line)).trim());
    NAMES
        .iter()
        .filter_map(|name| folded.strip_prefix(name))
        .any(|rest| ISSUED.iter().any(|said| rest.starts_with(said)))
}

/// Points of one that words announce.
const POINTS_MAX: i32 = 80;

impl Detector for Cmnd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 8 | 1 << 9
    }

    fn cell_lengths(&self) -> u32 {
        1 << 8
    }

    /// More is lost than what words give: see `loses`.
    fn lengths_apart(&self) -> u32 {
        1 << 9
    }

    fn lengths_announced(&self) -> u32 {
        1 << 9
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        // Most amounts and addresses of machines are laid out so that no words would make them one.
        if near.column().is_none() && loses(near.text(), number, POINTS_MAX - LOW) {
            return None;
        }
        let told = near.column().is_none() && is_told_behind(near.text(), &number.range, number.len());
        if near.is_silent() && !told {
            return None;
        }
        let value = match number.len() {
            9 => Value::of([], number.digits()),
            8 if near.column().is_some() && near.announced().firm(PADDED) == Firm::Column => {
                Value::of([b'0'], number.digits())
            }
            _ => return None,
        };
        let said = near.announced();
        // The new number's words speak of the old one only where nothing stands between: `CCCD ngày 22/08/2025 phiếu 0838…`.
        let old = said.firm(PADDED) != Firm::Not || said.firm(MINE) == Firm::Column;
        if !old && (said.firm(MINE) == Firm::Near || digits_before(near.text(), number.range.start)) {
            return None;
        }
        let words = match said.firm(MINE) {
            Firm::Not | Firm::Weak if told => 60,
            Firm::Not => return None,
            Firm::Weak => 40,
            Firm::Near => 55,
            Firm::Direct => 70,
            Firm::Column => 75,
        };
        if is_filler(value.as_bytes()) || has_exponent(near.text(), number) {
            return None;
        }
        if is_example(near.text(), number.digits(), &number.range) {
            return None;
        }
        let issuer = if (b"01".as_slice()..=b"38").contains(&value.as_bytes().get(..2)?) { 10 } else { 0 };
        let score = words + issuer - 60 * i32::from(said.amount) - loss(near.text(), number, said.firm(MINE));
        Some(Found { value, ..Found::number(number, score) })
    }
}
