//! Numbers of spreadsheets as their cells show them: zeros in front, dates; no currency and no fractions beyond need.

/// How a cell shows its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    #[default]
    Plain,
    /// With zeros in front, so many digits.
    Zeros(usize),
    /// A day.
    Date,
}

impl Style {
    /// What a format code means (ECMA-376 part 1, §18.8.31).
    pub(crate) fn of(code: &str) -> Self {
        let first = code.split(';').next().unwrap_or_default();
        if first.len() > 1 && first.bytes().all(|b| b == b'0') {
            return Self::Zeros(first.len().min(64));
        }
        let (mut quoted, mut bracket, mut escaped) = (false, false, false);
        let (mut day, mut year) = (false, false);
        for c in first.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' | '_' | '*' => escaped = true,
                '"' => quoted = !quoted,
                '[' if !quoted => bracket = true,
                ']' if !quoted => bracket = false,
                _ if quoted || bracket => {}
                'd' | 'D' => day = true,
                'y' | 'Y' => year = true,
                _ => {}
            }
        }
        if day || year { Self::Date } else { Self::Plain }
    }

    /// What the number of a built-in format means (§18.8.30).
    pub(crate) const fn built_in(number: u16) -> Self {
        match number {
            14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57..=58 => Self::Date,
            _ => Self::Plain,
        }
    }

    /// A number, and whether what is shown is still one. `epoch_1904`: days count from 1904.
    pub(crate) fn show(self, value: f64, epoch_1904: bool) -> (String, bool) {
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        let whole = value.fract() == 0.0 && value.abs() < EXACT_MAX;
        match self {
            Self::Date => match date(value, epoch_1904) {
                Some(date) => (date, false),
                None => Self::Plain.show(value, epoch_1904),
            },
            Self::Zeros(width) if whole && value >= 0.0 => {
                let number = value as i64;
                (format!("{number:0>width$}"), true)
            }
            _ if whole => ((value as i64).to_string(), true),
            _ => (value.to_string(), true),
        }
    }
}

/// The day of this number as people write it. Day 60 of the older count is one that there never was.
fn date(value: f64, epoch_1904: bool) -> Option<String> {
    const LAST: f64 = 2_958_465.0;
    if !(1.0..=LAST).contains(&value) {
        return None;
    }
    let days = value as i64;
    // Days from 1970-01-01: of 1904-01-01, and of 1899-12-30 or the day after it before the day that never was.
    let since = if epoch_1904 {
        days - 24_107
    } else if days < 60 {
        days - 25_568
    } else {
        days - 25_569
    };
    // Civil from days (Howard Hinnant), for years after 0.
    let z = since + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some(format!("{day:02}/{month:02}/{year}"))
}

/// A number in four bytes (MS-XLS §2.5.217): an integer or the upper half of a floating-point number, perhaps a hundredth.
pub(crate) fn rk(bits: u32) -> f64 {
    let value = if bits & 2 != 0 { f64::from((bits as i32) >> 2) } else { f64::from_bits(u64::from(bits & !3) << 32) };
    if bits & 1 != 0 { value / 100.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_four_bytes() {
        for (bits, value) in
            [(0x3ff0_0000, 1.0), (5 << 2 | 2, 5.0), (123 << 2 | 3, 1.23), ((-7i32 as u32) << 2 | 2, -7.0)]
        {
            assert_eq!(rk(bits), value, "{bits:x}");
        }
    }

    #[test]
    fn numbers_are_shown_as_their_cells_show_them() {
        for (code, value, shown) in [
            ("General", 79_090_123_456.0, "79090123456"),
            ("000000000000", 79_090_123_456.0, "079090123456"),
            ("0", 5.0, "5"),
            ("0.00", 1.5, "1.5"),
            ("dd/mm/yyyy", 32_874.0, "01/01/1990"),
            ("yyyy\\-mm\\-dd;@", 59.0, "28/02/1900"),
            ("[$-42A]d mmmm yyyy", 61.0, "01/03/1900"),
            ("#,##0\" đồng/day\"", 12.0, "12"),
            ("dd/mm/yyyy", -3.0, "-3"),
            ("General", 1e300, &1e300f64.to_string()),
        ] {
            assert_eq!(Style::of(code).show(value, false).0, shown, "{code} {value}");
        }
        assert_eq!(Style::Date.show(31_412.0, true).0, "01/01/1990");
        assert_eq!(Style::built_in(14), Style::Date);
    }
}
