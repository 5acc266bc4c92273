//! Reading a date as people write it: `05/04/1987`, `5-4-87`, `1987-04-05`, `19870405`, `ngày 05 tháng 4 năm 1987`,
//! `5 April 1987`, or only a year. Whether it is a birth is not asked here.

use crate::cell::no_digits;

/// A date; month and day are 0 where only the year is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The value of the contract: `yyyy-mm-dd`, or the year alone.
    pub(crate) fn value(self) -> String {
        if self.day == 0 { self.year.to_string() } else { format!("{}-{:02}-{:02}", self.year, self.month, self.day) }
    }

    /// Writes the same where nothing is allocated.
    pub(crate) fn write(self, out: &mut crate::cell::Values) {
        let two = |n: u16| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        let ([a, b], [c, d]) = (two(self.year / 100), two(self.year));
        let ([e, f], [g, h]) = (two(u16::from(self.month)), two(u16::from(self.day)));
        let chunk = [a, b, c, d, b'-', e, f, b'-', g, h, 0, 0, 0, 0, 0, 0];
        out.extend_chunk(&chunk, if self.is_whole() { 10 } else { 4 });
    }

    /// How the value is written of a day that every month has, in a year up to `this_year`, laid out as in
    /// [`Self::read_plain`] with the day first or last, and nothing behind; and which bytes are signs.
    #[inline]
    pub(crate) fn plain(text: &[u8; 10], this_year: u16) -> Option<([u8; 16], u64)> {
        let ([low @ .., _, _], [_, _, high @ ..]) = (*text, *text);
        let (low, high) = (u64::from_le_bytes(low), u64::from_le_bytes(high));
        let shown = [no_digits(low), no_digits(high)];
        // Of each the digits, the first in the lowest byte.
        let (year, month, day, sign, other, signs) = if shown == Self::DAY_FIRST {
            (high >> 32, low >> 24, low, low >> 16, low >> 40, 1 << 2 | 1 << 5)
        } else if shown == Self::YEAR_FIRST {
            (low, low >> 40, high >> 48, low >> 32, low >> 56, 1 << 4 | 1 << 7)
        } else {
            return None;
        };
        let (year, month, day) = (year & 0xffff_ffff, month & 0xffff, day & 0xffff);
        let two = |digits: u64| (digits & 0x0f) * 10 + (digits >> 8 & 0x0f);
        let (y, m, d) = (two(year) * 100 + two(year >> 16), two(month), two(day));
        let fits = sign as u8 == other as u8
            && matches!(sign as u8, b'/' | b'-' | b'.')
            && (1900..2100).contains(&y)
            && y <= u64::from(this_year)
            && (1..=12).contains(&m)
            && (1..=28).contains(&d);
        const HYPHENS: u64 = (b'-' as u64) << 32 | (b'-' as u64) << 56;
        let value = u128::from(year | HYPHENS | month << 40) | u128::from(day) << 64;
        fits.then_some((value.to_le_bytes(), signs))
    }

    /// The high bit of each sign, among the first eight bytes and among the last.
    const DAY_FIRST: [u64; 2] = [0x80 << 16 | 0x80 << 40, 0x80 | 0x80 << 24];
    const YEAR_FIRST: [u64; 2] = [0x80 << 32 | 0x80 << 56, 0x80 << 16 | 0x80 << 40];

    /// What [`read`] makes of the two layouts that nearly all dates of registers have, ten bytes of digits and two equal
    /// signs, and which bytes these are, a bit each; `None` for any other.
    pub(crate) fn read_plain(text: &[u8]) -> Option<(Self, u64)> {
        let text: &[u8; 10] = text.try_into().ok()?;
        let eight = |half: Option<&[u8; 8]>| half.map_or(0, |half| no_digits(u64::from_le_bytes(*half)));
        let no_digits = [eight(text.first_chunk()), eight(text.last_chunk())];
        let n = |from: usize, to: usize| text[from..to].iter().fold(0, |n, b| n * 10 + u32::from(b & 0x0f));
        let (date, first, second) = if no_digits == Self::DAY_FIRST {
            (Self::of_parts(n(6, 10), n(3, 5), n(0, 2))?, 2, 5)
        } else if no_digits == Self::YEAR_FIRST {
            (Self::new(n(0, 4), n(5, 7), n(8, 10))?, 4, 7)
        } else {
            return None;
        };
        let equal = text[first] == text[second] && matches!(text[first], b'/' | b'-' | b'.');
        equal.then_some((date, 1 << first | 1 << second))
    }

    pub(crate) const fn is_whole(self) -> bool {
        self.day != 0
    }

    fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        let fits = (1..=days).contains(&day) && (1900..2100).contains(&year);
        fits.then_some(Self { year: year as u16, month: month as u8, day: day as u8 })
    }

    /// Day first, or month first where only that makes a date.
    fn of_parts(year: u32, second: u32, first: u32) -> Option<Self> {
        Self::new(year, second, first).or_else(|| Self::new(year, first, second))
    }

    const fn of_year(year: u32) -> Option<Self> {
        if year >= 1900 && year < 2100 { Some(Self { year: year as u16, month: 0, day: 0 }) } else { None }
    }
}

/// Most bytes of a date: `ngày 05  tháng 04  năm 1987` in its decomposed form.
pub(crate) const DATE_BYTES_MAX: usize = 48;

/// Reads the date that begins at the first byte of `text`, a digit or the name of a month, and tells its length.
/// Years in two digits are the ones before `this_year`.
pub(crate) fn read(text: &[u8], this_year: u16) -> Option<(Date, usize)> {
    let text = text.get(..DATE_BYTES_MAX).unwrap_or(text);
    if !text.first()?.is_ascii_digit() {
        return month_first(text);
    }
    let (first, len) = number(text)?;
    let date = match len {
        8 => eight(text).map(|date| (date, 8)),
        // Claim tables write `198704050000`; others carry seconds.
        12 | 14 => {
            eight(text).filter(|_| text.get(..2).is_some_and(|c| c == b"19" || c == b"20")).map(|date| (date, len))
        }
        4 => year_first(text, first).or_else(|| Some((Date::of_year(first)?, 4))),
        1 | 2 => day_first(text, first, len, this_year),
        _ => None,
    };
    date.filter(|(_, len)| ends(text, *len))
}

/// A number and how many digits it has, at most fourteen; the value is right for up to eight.
fn number(text: &[u8]) -> Option<(u32, usize)> {
    let len = text.iter().take(15).take_while(|b| b.is_ascii_digit()).count();
    let value = text.get(..len.min(8))?.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    (1..=14).contains(&len).then_some((value, len))
}

/// `19870405` or `05041987`; `19870000` where only the year is known.
fn eight(text: &[u8]) -> Option<Date> {
    let n = |from: usize, to: usize| text.get(from..to).and_then(number).map_or(0, |(n, _)| n);
    let century = n(0, 2);
    let year_first = if century == 19 || century == 20 {
        Date::new(n(0, 4), n(4, 6), n(6, 8)).or_else(|| Date::of_year(n(0, 4)).filter(|_| n(4, 8) == 0))
    } else {
        None
    };
    year_first.or_else(|| Date::new(n(4, 8), n(2, 4), n(0, 2)))
}

/// `1987-04-05`, `1987/4/5`, `1987.04.05`.
fn year_first(text: &[u8], year: u32) -> Option<(Date, usize)> {
    let at = 4;
    let sign = *text.get(at).filter(|b| matches!(b, b'-' | b'/' | b'.'))?;
    let (month, month_len) = number(text.get(at + 1..)?).filter(|(_, len)| *len <= 2)?;
    let at = at + 1 + month_len;
    text.get(at).filter(|b| **b == sign)?;
    let (day, day_len) = number(text.get(at + 1..)?).filter(|(_, len)| *len <= 2)?;
    Some((Date::new(year, month, day)?, at + 1 + day_len))
}

fn day_first(text: &[u8], day: u32, len: usize, this_year: u16) -> Option<(Date, usize)> {
    if let Some((month, at)) = month_in_words(text, len) {
        let (year, at) = year(text, at, this_year)?;
        return Some((Date::new(year, month, day)?, at));
    }
    let at = sign(text, len)?;
    let (month, month_len) = number(text.get(at..)?)?;
    let at = at + month_len;
    if month_len == 4 {
        // `04/1987`: the day is not told.
        return Some((Date::of_year(month).filter(|_| (1..=12).contains(&day))?, at));
    }
    if month_len > 2 {
        return None;
    }
    let (year, at) = year(text, at, this_year)?;
    Some((Date::of_parts(year, month, day)?, at))
}

/// `April 5, 1987`.
fn month_first(text: &[u8]) -> Option<(Date, usize)> {
    let (month, at) = english_month(text, 0)?;
    let at = at + blanks(text, at);
    let (day, len) = number(text.get(at..)?).filter(|(_, len)| *len <= 2)?;
    let at = at + len;
    let comma = usize::from(text.get(at) == Some(&b','));
    let at = at + comma + blanks(text, at + comma);
    let (year, len) = number(text.get(at..)?).filter(|(_, len)| *len == 4)?;
    Some((Date::new(year, month, day)?, at + len)).filter(|(_, len)| ends(text, *len))
}

/// Whether a date may go on behind the `len` digits of its day: with a separator or the word or name of a month.
pub(crate) fn may_go_on(text: &[u8], len: usize) -> bool {
    match text.get(len) {
        Some(b'/' | b'-' | b'.' | b',' | b' ' | b'\\' | b't' | b'T') => true,
        Some(letter) => letter.is_ascii_alphabetic() && english_month(text, len).is_some(),
        None => false,
    }
}

/// ` tháng 4`, `-Apr`, ` April` behind the day.
fn month_in_words(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let gap = text.get(at..)?.iter().take_while(|b| matches!(b, b' ' | b'-' | b'/' | b',' | b'.')).count();
    let at = at + gap;
    if let Some(found) = english_month(text, at) {
        return Some(found);
    }
    let word = text.get(at..).filter(|t| matches!(t, [b't' | b'T', b'h' | b'H', ..]))?;
    let spelt = ["tháng", "thang", "Tháng", "THÁNG", "tha\u{301}ng", "thg", "Thg"];
    let at = at + spelt.iter().find(|spelt| word.starts_with(spelt.as_bytes()))?.len();
    let at = at + text.get(at..)?.iter().take_while(|b| matches!(b, b' ' | b'.' | b':')).count();
    let (month, len) = number(text.get(at..)?).filter(|(_, len)| *len <= 2)?;
    Some((month, at + len))
}

/// Most bytes of the English name of a month: `September`.
pub(crate) const MONTH_BYTES_MAX: usize = 9;

/// Whether a word is the English name of a month.
pub(crate) fn is_month(word: &[u8]) -> bool {
    english_month(word, 0).is_some_and(|(_, len)| len == word.len())
}

fn english_month(text: &[u8], at: usize) -> Option<(u32, usize)> {
    const MONTHS: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    let word = text.get(at..)?;
    let month = match word.first_chunk()?.map(|b: u8| b.to_ascii_lowercase()) {
        [b'j', b'a', b'n'] => 1,
        [b'f', b'e', b'b'] => 2,
        [b'm', b'a', b'r'] => 3,
        [b'a', b'p', b'r'] => 4,
        [b'm', b'a', b'y'] => 5,
        [b'j', b'u', b'n'] => 6,
        [b'j', b'u', b'l'] => 7,
        [b'a', b'u', b'g'] => 8,
        [b's', b'e', b'p'] => 9,
        [b'o', b'c', b't'] => 10,
        [b'n', b'o', b'v'] => 11,
        [b'd', b'e', b'c'] => 12,
        _ => return None,
    };
    let len = word.iter().take(MONTH_BYTES_MAX + 1).take_while(|b| b.is_ascii_alphabetic()).count();
    let whole = MONTHS.get(month - 1)?.eq_ignore_ascii_case(word.get(..len)?);
    (whole || len == 3).then_some((month as u32, at + len))
}

/// ` năm 1987`, `/1987`, `-87` behind the month: the year and where it ends.
fn year(text: &[u8], at: usize, this_year: u16) -> Option<(u32, usize)> {
    let behind = at + blanks(text, at);
    let word = text.get(behind..).filter(|t| matches!(t, [b'n' | b'N', ..])).unwrap_or_default();
    let spelt = ["năm", "nam", "Năm", "NĂM", "na\u{306}m"].iter().find(|spelt| word.starts_with(spelt.as_bytes()));
    let at = match spelt {
        Some(spelt) => behind + spelt.len() + blanks(text, behind + spelt.len()),
        None => sign(text, at)?,
    };
    let (year, len) = number(text.get(at..)?)?;
    let year = match len {
        4 => year,
        2 if year <= u32::from(this_year % 100) => 2000 + year,
        2 => 1900 + year,
        _ => return None,
    };
    Some((year, at + len))
}

/// Behind the separator at `at`: `/`, `-`, `.` with blanks around, or one blank.
fn sign(text: &[u8], at: usize) -> Option<usize> {
    let before = blanks(text, at);
    match text.get(at + before)? {
        b'/' | b'-' | b'.' | b',' => Some(at + before + 1 + blanks(text, at + before + 1)),
        b'\\' => Some(at + before + 1),
        _ if before == 1 => Some(at + before),
        _ => None,
    }
}

fn blanks(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(2).take_while(|b| **b == b' ').count()
}

/// Whether no digit, and no separator with a digit behind it, goes on where the date ends.
fn ends(text: &[u8], at: usize) -> bool {
    match text.get(at..).unwrap_or_default() {
        [b'0'..=b'9', ..] | [b'/' | b'.', b'0'..=b'9', ..] => false,
        // `1987-04` is half a date, but `05/04/1987-001090123456` two fields.
        [b'-', b'0'..=b'9', ..] => at > 7,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, value) in [
            ("05/04/1987", "1987-04-05"),
            ("5/4/1987,", "1987-04-05"),
            ("5/4/87", "1987-04-05"),
            ("5.4.06", "2006-04-05"),
            ("05 - 04 - 1987", "1987-04-05"),
            ("05 04 1987", "1987-04-05"),
            ("25/04/1987", "1987-04-25"),
            ("04/25/1987", "1987-04-25"),
            ("1987-04-05T00:00:00", "1987-04-05"),
            ("1987/4/5", "1987-04-05"),
            ("19870405", "1987-04-05"),
            ("198704050000", "1987-04-05"),
            ("19870000", "1987"),
            ("05041987", "1987-04-05"),
            ("05 tháng 4 năm 1987", "1987-04-05"),
            ("5 thang 4 nam 1987", "1987-04-05"),
            ("5 April 1987", "1987-04-05"),
            ("05-Apr-1987", "1987-04-05"),
            ("April 5, 1987", "1987-04-05"),
            ("1987", "1987"),
            ("04/1987", "1987"),
            ("29/02/1988", "1988-02-29"),
        ] {
            let date = read(text.as_bytes(), 2026).map(|(date, _)| date.value());
            assert_eq!(date.as_deref(), Some(value), "{text}");
        }
        for text in [
            "",
            "29/02/1987",
            "32/01/1987",
            "5/13/1987/2",
            "1887",
            "123456789012",
            "05/04",
            "1987.5",
            "5/4/1987/6",
            "12",
            "00/00/0000",
            "19871305",
        ] {
            assert_eq!(read(text.as_bytes(), 2026), None, "{text}");
        }
    }
}
