//! Values that must not be printed, and text that may be.

use std::fmt;

/// A value found in somebody's message: a citizen number, a name. It has neither `Display` nor a telling `Debug`;
/// what may be shown is [`Secret::masked`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(Box<str>);

/// How many trailing characters a mask may show. The first six digits of a citizen number encode province, sex and
/// birth year, so the head is never shown (Circular 07/2016/TT-BCA, appendix 1).
const SHOWN_MAX: usize = 3;

impl Secret {
    /// Wraps a normalised value: separators and disguises removed, letters upper-case.
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself, for `scan --reveal`, distinct counting and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Bullets for all but the last three characters; a value of fewer than seven characters shows none.
    pub fn masked(&self) -> Masked {
        let n = self.0.chars().count();
        let shown = if n < 2 * SHOWN_MAX + 1 { 0 } else { SHOWN_MAX };
        Masked(self.0.chars().enumerate().map(|(i, c)| if i + shown < n { '•' } else { c }).collect())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.masked())
    }
}

/// Text that may stand in a record, a log line or a block page: it went through the detectors and their hits were
/// replaced by bullets, or it was written by us or by an administrator.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Masked(Box<str>);

impl Masked {
    /// States that `text` holds no personal data. Call it for text of our own and at the end of the masking function
    /// of `inspect`; anywhere else it is a leak waiting to happen.
    pub fn danger_assume_masked(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_three_characters_at_most() {
        for (value, masked) in [
            ("001090123456", "•••••••••456"),
            ("DN4759122135078", "••••••••••••078"),
            ("C1234567", "•••••567"),
            ("1234567", "••••567"),
            ("123456", "••••••"),
            ("Nguyễn", "••••••"),
            ("", ""),
        ] {
            assert_eq!(Secret::new(value).masked().as_str(), masked);
        }
    }

    #[test]
    fn debug_does_not_tell() {
        assert_eq!(format!("{:?}", Secret::new("001090123456")), "Secret(•••••••••456)");
    }
}
