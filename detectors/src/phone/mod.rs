//! `phone`: Vietnamese telephone numbers, mobile, landline and hotline.
//!
//! Prefixes of the numbering plan (Circular 22/2014/TT-BTTTT as amended, libphonenumber 9.0.43). A mobile number is
//! plain enough to stand alone unless something else was announced; hotlines need a word.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Begins, Card, Detector, Found, Value};
use crate::context::{Columns, Firm, Near};
use crate::digits::Gap;
use crate::numbers::{Layout, Number};
use crate::shape::{are_decimals, is_filler};

/// The detector.
pub(crate) struct Phone;

static CARD: Card = Card {
    id: DetectorId::Phone,
    title_vi: "Số điện thoại Việt Nam",
    title_en: "Vietnamese telephone number",
    source: "Thông tư 22/2014/TT-BTTTT (quy hoạch kho số viễn thông), sửa đổi 2015–2018",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Phone, include_str!("words.txt"))],
};

const MINE: Columns = Columns::of(&[Column::Phone]);
const OTHERS: Columns = Columns::of(&[
    Column::Negative,
    Column::Bank,
    Column::Household,
    Column::Tax,
    Column::Bhxh,
    Column::Cmnd,
    Column::Cccd,
    Column::IdNumber,
    Column::DriverLicence,
]);

impl Detector for Phone {
    fn card(&self) -> &'static Card {
        &CARD
    }

    /// With the country's code or without, and hotlines; none has nine digits.
    fn lengths(&self) -> u32 {
        1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13
    }

    fn begins(&self) -> Option<Begins> {
        Some(begins)
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let plus = near.text().get(..number.range.start)?.ends_with(b"+");
        let (zero, rest) = parts(number.digits(), plus)?;
        let kind = Kind::of_parts(zero, rest)?;
        let value = match zero {
            b"" => Value::of([], rest),
            _ => Value::of([b'0'], rest),
        };
        let said = near.announced();
        let firm = said.firm(MINE);
        // Numbers of ten digits that begin with 0 are many things; separators of telephone numbers are telling.
        let written = plus || number.layout == Layout::Regular && matches!(number.separator, Gap::Dot | Gap::Space);
        let shape = match kind {
            _ if plus => 60,
            // `84.366.275.000` is an amount as well.
            _ if number.digits().starts_with(b"84") => 30,
            Kind::Mobile => 50,
            Kind::Landline => 45,
            Kind::Hotline => 10,
        } + if written { 10 } else { 0 };
        let words = match firm {
            Firm::Not if number.layout == Layout::Mixed && !plus && kind != Kind::Landline => return None,
            Firm::Not => 0,
            Firm::Weak => 20,
            _ => 40,
        };
        let against = match said.firm(OTHERS) {
            Firm::Not => 0,
            Firm::Column | Firm::Direct => 60,
            _ => 30,
        } + if number.before == Gap::Dot && firm == Firm::Not { 40 } else { 0 }
            + if is_filler(value.as_bytes()) { 60 } else { 0 }
            + 60 * i32::from(said.amount)
            // `0,912345678` is a decimal.
            + if firm == Firm::Not && number.separator == Gap::Comma { 40 } else { 0 }
            + if firm == Firm::Not && are_decimals(near.text(), number) { 60 } else { 0 }
            // `#0912345678` is an order.
            + if firm == Firm::Not && follows(near.text(), number, b"#=_") { 40 } else { 0 }
            + if firm == Firm::Not && follows_lot(near.text(), number) { 40 } else { 0 }
            + if touches_letters(near.text(), number) && firm == Firm::Not { 40 } else { 0 };
        let start = number.range.start - usize::from(plus);
        Some(Found { range: start..number.range.end, value, ..Found::number(number, shape + words - against) })
    }
}

/// `lot 0790951234`: no phrase of the lists, for without its signs it is three other words.
fn follows_lot(text: &[u8], number: &Number) -> bool {
    let before = text.get(..number.range.start).unwrap_or_default();
    let before = before.strip_suffix(b" ").unwrap_or(before);
    let before = before.strip_suffix(b":").unwrap_or(before);
    let Some((rest, word)) = before.split_last_chunk::<3>() else { return false };
    word.eq_ignore_ascii_case(b"lot") && !rest.last().is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
}

/// The number as dialled at home, in two parts: the zero, unless it is a hotline, and what follows.
fn parts(digits: &[u8], plus: bool) -> Option<(&'static [u8], &[u8])> {
    let rest = match digits {
        [b'0', b'0', b'8', b'4', rest @ ..] | [b'8', b'4', b'0', rest @ ..] if digits.len() > 11 => rest,
        [b'8', b'4', rest @ ..] if plus || digits.len() >= 11 => rest,
        [b'0', rest @ ..] if !plus => rest,
        [b'1', b'8' | b'9', b'0', b'0', ..] if !plus && matches!(digits.len(), 8 | 10) => return Some((b"", digits)),
        _ => return None,
    };
    Some((b"0", rest))
}

/// Whether digits that begin with these may be in the numbering plan, without a `+` before.
fn begins(len: usize, head: [u8; 4], _: u16) -> bool {
    match head {
        [b'0', b'0', b'8', b'4'] | [b'8', b'4', ..] => len >= 11,
        [b'0', ..] => Kind::of(head, len).is_some(),
        [b'1', b'8' | b'9', b'0', b'0'] => matches!(len, 8 | 10),
        _ => false,
    }
}

/// What digits are in the numbering plan: nothing, mobile, landline or hotline.
pub(crate) fn plan(digits: &[u8]) -> u64 {
    let kind = match digits {
        [b'0', b'0', b'8', b'4', ..] | [b'1' | b'8', ..] => {
            parts(digits, false).and_then(|(zero, rest)| Kind::of_parts(zero, rest))
        }
        // At home already.
        [b'0', ..] => digits.first_chunk().and_then(|head| Kind::of(*head, digits.len())),
        _ => None,
    };
    match kind {
        None => 0,
        Some(Kind::Mobile) => 1,
        Some(Kind::Landline) => 2,
        Some(Kind::Hotline) => 3,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mobile,
    Landline,
    Hotline,
}

impl Kind {
    /// Of a number in two parts.
    fn of_parts(zero: &[u8], rest: &[u8]) -> Option<Self> {
        let mut head = [0; 4];
        head.iter_mut().zip(zero.iter().chain(rest)).for_each(|(slot, digit)| *slot = *digit);
        Self::of(head, zero.len() + rest.len())
    }

    /// Of a number as dialled at home: its first digits, and how many there are.
    fn of(head: [u8; 4], len: usize) -> Option<Self> {
        match head {
            [b'1', ..] => Some(Self::Hotline),
            // Hà Nội 024 and Hồ Chí Minh 028 with eight digits, elsewhere four digits of area and seven.
            [b'0', b'2', ..] => (len == 11).then_some(Self::Landline),
            _ => (len == 10 && is_mobile_head(head)).then_some(Self::Mobile),
        }
    }
}

/// Whether ten digits are a mobile number.
pub(crate) fn is_mobile(digits: &[u8]) -> bool {
    digits.len() == 10 && digits.first_chunk().is_some_and(|head| is_mobile_head(*head))
}

const fn is_mobile_head(head: [u8; 4]) -> bool {
    match head {
        [b'0', b'3', second, ..] => second >= b'2',
        [b'0', b'5', second, ..] => matches!(second, b'2' | b'5' | b'6' | b'8' | b'9'),
        [b'0', b'7', second, ..] => matches!(second, b'0' | b'6'..=b'9'),
        [b'0', b'8', second, ..] => second >= b'1',
        [b'0', b'9', second, ..] => second != b'5',
        _ => false,
    }
}

/// Whether one of `signs` stands directly before the number.
fn follows(text: &[u8], number: &Number, signs: &[u8]) -> bool {
    text.get(..number.range.start).and_then(<[u8]>::last).is_some_and(|b| signs.contains(b))
}

fn touches_letters(text: &[u8], number: &Number) -> bool {
    let letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphabetic);
    letter(text.get(..number.range.start).and_then(<[u8]>::last)) || letter(text.get(number.range.end))
}
