//! Values that must not be printed, and text that may be.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A value found in somebody's message: a citizen number, a name. It has neither `Display` nor a telling `Debug`;
/// what may be shown is [`Secret::masked`].
#[derive(Clone)]
pub struct Secret(Text);

/// Most values are numbers, and there are many of them: short ones lie in place.
#[derive(Clone)]
enum Text {
    Short([u8; Secret::ROOM], u8),
    Long(Box<str>),
}

/// How many trailing characters a mask may show. The first six digits of a citizen number encode province, sex and
/// birth year, so the head is never shown (Circular 07/2016/TT-BCA, appendix 1).
const SHOWN_MAX: usize = 3;

impl Secret {
    /// Bytes of a short text: a card with its facility has twenty, and no more room is taken than that leaves.
    pub const ROOM: usize = 22;

    /// No value yet.
    pub const EMPTY: Self = Self(Text::Short([0; Self::ROOM], 0));

    /// Makes it the first `len` bytes of `text`, the lowest first, where it lies: to be written in parts and moved as a
    /// whole takes waiting.
    #[inline]
    pub fn write(&mut self, text: u128, len: u8) {
        const HIGH: u128 = u128::MAX / 0xff * 0x80;
        if len > 16 || text & HIGH != 0 {
            let text = text.to_le_bytes();
            *self = Self::new(String::from_utf8_lossy(text.get(..usize::from(len)).unwrap_or(&text)).into_owned());
            return;
        }
        if let Text::Long(_) = self.0 {
            *self = Self::EMPTY;
        }
        if let Text::Short(room, n) = &mut self.0 {
            room.fill(0);
            for (part, slots) in [text as u64, (text >> 64) as u64].into_iter().zip(room.as_chunks_mut().0) {
                *slots = part.to_le_bytes();
            }
            *n = len;
        }
    }

    /// Wraps a value that lies in place already, the first `len` bytes of `room`; what is no text in it is replaced.
    pub fn in_place(room: [u8; Self::ROOM], len: u8) -> Self {
        let text = room.get(..usize::from(len)).unwrap_or(&room);
        if text.len() == usize::from(len) && (room.is_ascii() || str::from_utf8(text).is_ok()) {
            Self(Text::Short(room, len))
        } else {
            Self::new(String::from_utf8_lossy(text).into_owned())
        }
    }

    /// Wraps a normalised value: separators and disguises removed, letters upper-case.
    pub fn new(value: impl AsRef<str> + Into<Box<str>>) -> Self {
        let (mut room, bytes) = ([0; Self::ROOM], value.as_ref().as_bytes());
        let len = bytes.len() as u8;
        Self(match room.get_mut(..bytes.len()) {
            Some(slots) => {
                slots.copy_from_slice(bytes);
                Text::Short(room, len)
            }
            None => Text::Long(value.into()),
        })
    }

    /// The value itself, for `scan --reveal`, distinct counting and nothing else.
    pub fn reveal(&self) -> &str {
        match &self.0 {
            Text::Short(room, len) => {
                room.get(..usize::from(*len)).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
            }
            Text::Long(text) => text,
        }
    }

    /// As [`Self::reveal`], for hashing.
    pub fn reveal_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Short(room, len) => room.get(..usize::from(*len)).unwrap_or_default(),
            Text::Long(text) => text.as_bytes(),
        }
    }

    /// Bullets for all but the last three characters; a value of fewer than seven characters shows none.
    pub fn masked(&self) -> Masked {
        let value = self.reveal();
        let n = value.chars().count();
        let shown = if n < 2 * SHOWN_MAX + 1 { 0 } else { SHOWN_MAX };
        Masked(value.chars().enumerate().map(|(i, c)| if i + shown < n { '•' } else { c }).collect())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for Secret {}

impl PartialOrd for Secret {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Secret {
    fn cmp(&self, other: &Self) -> Ordering {
        self.reveal().cmp(other.reveal())
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reveal().hash(state);
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
    fn values_of_any_length_are_kept_and_compared() {
        let values: Vec<String> = (0..60).map(|n| "Nguyễn 0123456789 ".chars().cycle().take(n).collect()).collect();
        for a in &values {
            assert_eq!(Secret::new(a.as_str()).reveal(), a);
            for b in &values {
                assert_eq!(Secret::new(a.clone()).cmp(&Secret::new(b.as_str())), a.cmp(b));
                assert_eq!(Secret::new(a.clone()) == Secret::new(b.as_str()), a == b);
            }
        }
        assert_eq!(size_of::<Secret>(), 24);
    }

    #[test]
    fn values_in_place_are_those_that_are_copied() {
        let room = |text: &str| {
            std::array::from_fn::<u8, { Secret::ROOM }, _>(|n| text.as_bytes().get(n).copied().unwrap_or_default())
        };
        for text in ["", "001090123456", "DN4759122135078-79001x", "Nguyễn"] {
            let secret = Secret::in_place(room(text), text.len() as u8);
            assert_eq!(secret.reveal(), text);
            assert_eq!(secret, Secret::new(text));
        }
        for before in ["001090123456", "Nguyễn Văn Nguyễn Văn Nguyễn"] {
            for (text, len, value) in
                [("001090123456", 12, "001090123456"), ("001090123456", 3, "001"), ("Nguyễn", 8, "Nguyễn")]
            {
                let mut secret = Secret::new(before);
                secret.write(u128::from_le_bytes(*room(text).first_chunk().expect("so many")), len);
                assert_eq!(secret.reveal(), value);
            }
        }
        assert_eq!(Secret::in_place(room("001090123456"), 3).reveal(), "001");
        assert_eq!(Secret::in_place([b'7'; Secret::ROOM], 200).reveal().len(), Secret::ROOM);
    }

    #[test]
    fn debug_does_not_tell() {
        assert_eq!(format!("{:?}", Secret::new("001090123456")), "Secret(•••••••••456)");
    }
}
