//! The classes in plain code: what the vectors are held to, and what runs where there are none.

use super::{Masks, SEEN};

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
        masks.sign |= bit(matches!(byte, b' ' | b','..=b'/' | b')' | b'>' | b'\n' | b'\r'));
        masks.colon |= bit(byte == b':');
        masks.odd |= bit(byte == b'@' || byte >= 0xc0 && !vietnamese);
    }
    masks
}
