//! Archives that hold themselves, so that nobody comes to the end of opening them (R. Cox, "Zip Files All The Way
//! Down", 2010).
//!
//! The compressed stream is a program of two kinds of steps: one prints the bytes that follow it, one prints again what
//! was printed last. Both take ten bytes here, so that steps can be printed by the number.

use std::io::Read;

use super::{Member, archive, crc};

/// Bytes of a step.
const STEP: usize = 10;

/// Bits as deflate has them (RFC 1951, 3.1.1).
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    /// A number, its lowest bit first.
    fn number(&mut self, value: usize, bits: usize) {
        for n in 0..bits {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("a byte");
            *last |= u8::from(value >> n & 1 == 1) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A code, its highest bit first.
    fn code(&mut self, value: usize, bits: usize) {
        (0..bits).rev().for_each(|n| self.number(value >> n & 1, 1));
    }

    /// A stored block that holds nothing ends with whole bytes.
    fn nothing(&mut self) {
        self.number(0, 3);
        self.used = self.used.next_multiple_of(8);
        self.bytes.extend([0, 0, 0xff, 0xff]);
        self.used += 32;
    }
}

/// Prints so many bytes that follow.
fn print(len: usize) -> Vec<u8> {
    let len = (len as u16).to_le_bytes();
    [&[0, 0, 0, 0xff, 0xff, 0][..], &len, &len.map(|b| !b)].concat()
}

/// Prints again the last so many bytes, of which there are 35 to 258: one copy of the fixed codes (RFC 1951, 3.2.5).
fn again(len: usize) -> Vec<u8> {
    const LENGTHS: [(usize, usize, usize); 12] = [
        (257 + 16, 35, 3),
        (257 + 17, 43, 3),
        (257 + 18, 51, 3),
        (257 + 19, 59, 3),
        (257 + 20, 67, 4),
        (257 + 21, 83, 4),
        (257 + 22, 99, 4),
        (257 + 23, 115, 4),
        (257 + 24, 131, 5),
        (257 + 25, 163, 5),
        (257 + 26, 195, 5),
        (257 + 27, 227, 5),
    ];
    const DISTANCES: [(usize, usize, usize); 6] =
        [(10, 33, 4), (11, 49, 4), (12, 65, 5), (13, 97, 5), (14, 129, 6), (15, 193, 6)];
    let of = |table: &[(usize, usize, usize)]| *table.iter().rfind(|(_, from, _)| *from <= len).expect("long enough");
    let ((length, from, extra), (distance, far, more)) = (of(&LENGTHS), of(&DISTANCES));
    let mut bits = Bits::default();
    bits.number(0b010, 3);
    if length < 280 {
        bits.code(length - 256, 7)
    } else {
        bits.code(length - 280 + 0b1100_0000, 8)
    }
    bits.number(len - from, extra);
    bits.code(distance, 5);
    bits.number(len - far, more);
    bits.code(0, 7);
    // Blocks of nothing, up to the length of a step.
    while (bits.used + 3).div_ceil(8) + 4 < STEP {
        bits.number(0b010, 3);
        bits.code(0, 7);
    }
    bits.nothing();
    assert_eq!(bits.bytes.len(), STEP);
    bits.bytes
}

/// Bytes with a stream in their middle that comes to all of it. The stream begins behind `head` and ends within `foot`.
fn around(head: &[u8], foot: &[u8]) -> Vec<u8> {
    let (one, four, nothing, repeat) = (&print(STEP), &print(4 * STEP), &print(0), &again(4 * STEP));
    let (said, say) = (&again(head.len() + STEP), &print(head.len() + STEP));
    let (ended, end) = (&again(foot.len() + STEP), &print(foot.len() + STEP));
    // What each prints stands behind it in brackets; all that is printed, in a row, is all that stands here.
    let steps: [&[&[u8]]; 10] = [
        &[head],
        &[say, /* [ */ head, say /* ] */],
        &[said, /* [head say] */ one, /* [ */ said /* ] */],
        &[one, /* [ */ one /* ] */],
        &[four, /* [ */ said, one, one, four /* ] */],
        &[repeat /* [said one one four] */],
        &[four, /* [ */ repeat, four, repeat, four /* ] */],
        &[repeat, /* [repeat four repeat four] */ four, /* [ */ repeat, nothing, nothing, end /* ] */],
        &[repeat, /* [repeat nothing nothing end] */ nothing, nothing, end, /* [ */ ended, foot /* ] */],
        &[ended, /* [ended foot] */ foot],
    ];
    steps.concat().concat()
}

/// The checksum that makes the file with it have it: checksums are linear in what they are of.
fn settle(file: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let sum = |said: u32| crc(&[&file(said)]);
    let zero = sum(0);
    // Column n: how bit n of what is said changes what must be said, minus itself.
    let mut rows = [0u64; 32];
    for n in 0..32 {
        let column = sum(1 << n) ^ zero ^ 1 << n;
        rows.iter_mut().enumerate().for_each(|(bit, row)| *row |= u64::from(column >> bit & 1) << n);
    }
    rows.iter_mut().enumerate().for_each(|(bit, row)| *row |= u64::from(zero >> bit & 1) << 32);
    for n in 0..32 {
        let at = (n..32).find(|at| rows[*at] >> n & 1 == 1).expect("another name has a solution");
        rows.swap(n, at);
        let pivot = rows[n];
        rows.iter_mut()
            .enumerate()
            .filter(|(m, row)| *m != n && **row >> n & 1 == 1)
            .for_each(|(_, row)| *row ^= pivot);
    }
    let said = rows.iter().enumerate().fold(0, |said, (n, row)| said | ((row >> 32 & 1) as u32) << n);
    assert_eq!(sum(said), said);
    file(said)
}

/// A last block of nothing, behind some more.
const END: [u8; 20] = [0, 0, 0, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff];

/// A file of gzip that comes to itself.
pub(super) fn gzip() -> Vec<u8> {
    let head = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03all-the-way-down.gz\0";
    let file = |crc: u32, len: u32| around(head, &[&END[..], &crc.to_le_bytes(), &len.to_le_bytes()].concat());
    let len = file(0, 0).len() as u32;
    settle(|crc| file(crc, len))
}

/// An archive that holds itself.
pub(super) fn zip() -> Vec<u8> {
    let file = |crc: u32, packed: u32, size: u32| {
        let member = Member { name: "again.zip", method: 8, flags: 0, crc, packed, size };
        let behind = archive(b"", &[member.central(0)], b"");
        let mut foot = [&END[..], &behind].concat();
        // Where the directory begins.
        let at = foot.len() - 6;
        foot[at..at + 4].copy_from_slice(&(size.saturating_sub(behind.len() as u32)).to_le_bytes());
        around(&member.local(), &foot)
    };
    let size = file(0, 0, 0).len() as u32;
    let Some(packed) = size.checked_sub((30 + 46 + 2 * 9 + 22) as u32) else { return Vec::new() };
    settle(|crc| file(crc, packed, size))
}

#[test]
fn they_come_to_themselves() {
    let (mut inner, gz) = (Vec::new(), gzip());
    flate2::read::GzDecoder::new(gz.as_slice()).read_to_end(&mut inner).expect("gzip");
    assert_eq!(inner, gz);
    let (mut inner, zip) = (Vec::new(), zip());
    flate2::read::DeflateDecoder::new(&zip[30 + 9..]).read_to_end(&mut inner).expect("deflate");
    assert_eq!(inner, zip);
}
