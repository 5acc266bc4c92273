//! Points in time as records write them.

use std::fmt;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_us: u64,
}

/// Where a room takes the time from, so that a scenario can move it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_unix_us(unix_us: u64) -> Self {
        Self { unix_us }
    }

    /// Microseconds since the epoch.
    pub const fn unix_us(self) -> u64 {
        self.unix_us
    }

    /// Milliseconds since the epoch.
    pub const fn unix_ms(self) -> u64 {
        self.unix_us / 1_000
    }

    /// Year, month (1–12) and day (1–31) in UTC.
    pub fn date(self) -> (u16, u8, u8) {
        // Civil date from days since the epoch, after H. Hinnant, "chrono-compatible low-level date algorithms".
        let days = self.unix_us / 86_400_000_000 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        (year as u16, month as u8, day as u8)
    }

    /// Reads `2026-11-21`, `2026-11-21T08:00:00Z` or the same with a fraction of a second; UTC only.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, clock) = match text.split_once('T') {
            Some((date, clock)) => (date, clock.strip_suffix('Z')?),
            None => (text, "00:00:00"),
        };
        let mut fields = date.split('-').map(|f| f.parse::<u64>().ok());
        let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let mut hms = clock.split(':').map(|f| f.parse::<u64>().ok());
        let (hour, minute, second) = (hms.next()??, hms.next()??, hms.next()??);
        let fits = (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let ended = fields.next().is_none() && hms.next().is_none();
        let digits = (1..=6).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
        if !fits || !ended || !digits || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        let day_of_era = (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 + (153 * m + 2) / 5 + day - 1;
        let days = (y / 400) * 146_097 + day_of_era - 719_468;
        let us = fraction.parse::<u64>().ok()? * 10u64.pow(6 - fraction.len() as u32);
        Some(Self { unix_us: (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000 + us })
    }
}

impl Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-21T08:00:00.123Z`.
    pub fn text(self) -> [u8; 24] {
        let (year, month, day) = self.date();
        let s = self.unix_us / 1_000_000 % 86_400;
        // In every record: worth more than the formatter's care for widths.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let fields = [
            (0..4, u64::from(year)),
            (5..7, u64::from(month)),
            (8..10, u64::from(day)),
            (11..13, s / 3_600),
            (14..16, s / 60 % 60),
            (17..19, s % 60),
            (20..23, self.unix_us / 1_000 % 1_000),
        ];
        for (places, mut left) in fields {
            for at in places.rev() {
                text[at] = b'0' + (left % 10) as u8;
                left /= 10;
            }
        }
        text
    }
}

/// As [`Self::text`].
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_the_same_moment() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "2000-02-29T23:59:59.999Z",
            "2026-11-21T08:00:00.123Z",
            "2100-03-01T00:00:00.001Z",
        ] {
            assert_eq!(Timestamp::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Timestamp::parse("2026-11-21").expect("a date").date(), (2026, 11, 21));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in
            ["", "2026", "2026-13-01", "2026-11-21T08:00:00+07:00", "2026-11-21T8Z", "x-y-z", "2026-11-21T08:00:00.Z"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
