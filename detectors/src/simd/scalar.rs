//! The classes in plain code: what the vectors are held to, and what runs where there are none.

#[cfg(any(test, not(target_arch = "x86_64")))]
use super::Masks;
use super::SEEN;
use super::alive::Raw;
use super::speech::Voice;
use super::tables::{FIRST_HIGH, FIRST_LOW, SECOND_ANY, SECOND_HIGH, SECOND_LOW};

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
        // Most small letters beyond ASCII are told by the byte behind.
        let small = byte == 0xc3 && next >= 0xa0 || matches!(byte, 0xc4 | 0xc5) && next & 1 == 1;
        masks.capital |= bit(byte.is_ascii_uppercase() || vietnamese && !small);
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
        let leads =
            matches!(byte, 0xc2 | 0xc9 | 0xca | 0xcd..=0xcf) || byte >= 0xd0 && matches!(byte & 0xf, 0..=0xb | 0xf);
        raw.follow |= bit(matches!(byte, 0x80..=0xbf));
        raw.foreign |= bit(leads && matches!(next, 0x80..=0xbf) && !(byte == 0xe1 && next >= 0xb8));
    }
    raw
}

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) fn letters_and_digits(chunk: &[u8; 16]) -> (u16, u16) {
    let bits = |is: fn(&u8) -> bool| chunk.iter().rev().fold(0, |bits, b| bits << 1 | u16::from(is(b)));
    (bits(|b| b.is_ascii_alphabetic() || *b >= 0x80), bits(u8::is_ascii_digit))
}

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) fn borders(chunk: &[u8; 16]) -> u16 {
    chunk.iter().rev().fold(0, |bits, b| bits << 1 | u16::from(b"\n\t|;.!?".contains(b)))
}

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) fn ends(chunk: &[u8; 16]) -> u16 {
    chunk.iter().rev().fold(0, |bits, b| bits << 1 | u16::from(b"\n\t|;,".contains(b) || b.is_ascii_digit()))
}

pub(super) fn voice(seen: &[u8; SEEN]) -> Voice {
    let mut voice = Voice::default();
    for (n, pair) in seen.windows(2).enumerate() {
        let &[byte, next] = pair else { continue };
        let bit = |is: bool| u64::from(is) << n;
        let half = |table: &[u8; 16], half: u8| table.get(usize::from(half)).copied().unwrap_or_default();
        let first = half(&FIRST_HIGH, byte >> 4) & half(&FIRST_LOW, byte & 0xf);
        let second = half(&SECOND_HIGH, next >> 4) & half(&SECOND_LOW, next & 0xf) | half(&SECOND_ANY, next >> 4);
        voice.part |= bit(byte >= b'0');
        voice.stop |= bit(byte < b' ');
        voice.first |= bit(first & second != 0);
    }
    voice
}
