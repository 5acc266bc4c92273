//! The classes in plain code: what the vectors are held to, and what runs where there are none.

#[cfg(any(test, not(target_arch = "x86_64")))]
use super::Masks;
use super::SEEN;
use super::look::Raw;

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) fn block(seen: &[u8; SEEN]) -> Masks {
    let mut masks = Masks::default();
    for (n, pair) in seen.windows(2).enumerate() {
        let &[byte, next] = pair else { continue };
        // U+1E00 to U+1FFF: most of what begins with E1 is a letter of Vietnamese.
        let additional = byte == 0xe1 && next >= 0xb8;
        let vietnamese = matches!(byte, 0xc3..=0xc6) || additional;
        let bit = |is: bool| u64::from(is) << n;
        masks.digit |= bit(byte.is_ascii_digit());
        masks.letter |= bit(byte.is_ascii_alphanumeric() || byte >= 0x80);
        masks.capital |= bit(byte.is_ascii_uppercase() || vietnamese);
        masks.mark |= bit(matches!(byte, b':' | b'@'));
        masks.odd |= bit(byte == b'@' || byte >= 0xc0 && !vietnamese);
    }
    masks
}

pub(super) fn raw(seen: &[u8; SEEN]) -> Raw {
    let mut raw = Raw::default();
    for (n, pair) in seen.windows(2).enumerate() {
        let &[byte, next] = pair else { continue };
        let bit = |is: bool| u64::from(is) << n;
        raw.digit |= bit(byte.is_ascii_digit());
        raw.like |= bit(matches!(byte, b'B' | b'I' | b'O' | b'Q' | b'S' | b'Z' | b'l' | b'o'));
        raw.sign |= bit(matches!(byte, b' ' | b','..=b'/' | b')' | b'>' | b'\n' | b'\r'));
        // What the tables of the vectors make of it: a few bytes more than there need be.
        let leads = matches!(byte, 0xc2 | 0xc9 | 0xca | 0xcd..=0xcf)
            || byte >= 0xd0 && matches!(byte & 0xf, 0..=3 | 8..=0xb | 0xf);
        raw.foreign |= bit(leads && matches!(next, 0x80..=0xbf) && !(byte == 0xe1 && next >= 0xb8));
    }
    raw
}
