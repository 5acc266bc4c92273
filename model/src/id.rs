//! Decision numbers.

use std::fmt;

use crate::Timestamp;

/// The number of one decision, quoted on block pages and in SMTP replies: a UUID version 7 (RFC 9562 §5.7), so that
/// numbers sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId([u8; 16]);

impl DecisionId {
    /// Makes the number from the time of receipt and ten random bytes.
    pub fn new(received: Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        let (time, rest) = bytes.split_at_mut(6);
        time.copy_from_slice(&received.unix_ms().to_be_bytes()[2..]);
        rest.copy_from_slice(&random);
        bytes[6] = 0x70 | bytes[6] & 0x0f;
        bytes[8] = 0x80 | bytes[8] & 0x3f;
        Self(bytes)
    }

    /// Reads the hyphenated form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let mut digits = text.bytes().filter(|b| *b != b'-').map(|b| char::from(b).to_digit(16));
        for byte in &mut bytes {
            *byte = (digits.next()?? << 4 | digits.next()??) as u8;
        }
        let id = Self(bytes);
        (digits.next().is_none() && id.to_string().eq_ignore_ascii_case(text)).then_some(id)
    }
}

impl DecisionId {
    /// As it is printed.
    pub fn text(self) -> [u8; 36] {
        // Several times in the records of each message: worth more than a call of the formatter for each byte.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (n, byte) in self.0.iter().enumerate() {
            at += usize::from(matches!(n, 4 | 6 | 8 | 10));
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        text
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_version_7_uuid_that_sorts_by_time() {
        let at = |ms: u64| DecisionId::new(Timestamp::from_unix_us(ms * 1_000), [0xff; 10]);
        let id = at(1_700_000_000_000);
        assert_eq!(id.to_string(), "018bcfe5-6800-7fff-bfff-ffffffffffff");
        assert_eq!(DecisionId::parse(&id.to_string()), Some(id));
        assert!(id < at(1_700_000_000_001));
    }

    #[test]
    fn refuses_other_text() {
        for text in [
            "",
            "018bcfe5",
            "018bcfe5-6800-7fff-bfff-fffffffffffff",
            "018bcfe568007fffbfffffffffffffff",
            "zz8bcfe5-6800-7fff-bfff-ffffffffffff",
        ] {
            assert_eq!(DecisionId::parse(text), None, "{text}");
        }
    }
}
