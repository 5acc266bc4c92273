//! The first look for numbers, in digits and in words: which bytes they are written with, as tables that vectors look
//! halves of bytes up in.
//!
//! A class is a set of high halves and a set of low halves; the two tables give each half the classes it is in, and a
//! byte is in those that both halves are in.

/// Leads from D0 on; signs; line ends with half of the leads from C9 on; `>` with CE; then the letters that pass for
/// digits, by their high half, the first with the other leads below D0; digits, whose bit is the highest of a byte.
pub(super) const HIGH: [u8; 16] = {
    let mut table = [0; 16];
    table[0x0] = 1 << 2;
    table[0x2] = 1 << 1;
    table[0x3] = DIGITS | 1 << 3;
    table[0x4] = 1 << 4;
    table[0x5] = 1 << 5;
    table[0x6] = 1 << 6;
    table[0xc] = 1 << 2 | 1 << 3 | 1 << 4;
    table[0xd] = 1;
    table[0xe] = 1;
    table[0xf] = 1;
    table
};

/// Each low half; the sets in the order of the classes.
pub(super) const LOW: [u8; 16] = {
    const SETS: [&[usize]; 8] = [
        &[0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xa, 0xb, 0xf],
        &[0x0, 0x9, 0xc, 0xd, 0xe, 0xf],
        &[0xa, 0xd],
        &[0xe],
        &[0x2, 0x9, 0xf],
        &[0x1, 0x3, 0xa],
        &[0xc, 0xf],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ];
    low_halves(&SETS)
};

/// The classes of each low half, of which each class is a set.
const fn low_halves(sets: &[&[usize]; 8]) -> [u8; 16] {
    let (mut table, mut class) = ([0; 16], 0);
    while class < sets.len() {
        let mut n = 0;
        while n < sets[class].len() {
            table[sets[class][n]] |= 1 << class;
            n += 1;
        }
        class += 1;
    }
    table
}

/// [`HIGH`] of digits alone, of letters that pass for them, of signs, of what is not ASCII.
#[cfg(target_arch = "x86_64")]
pub(super) const HIGH_DIGIT: [u8; 16] = only(0x3, 0x3, DIGITS);
#[cfg(target_arch = "x86_64")]
pub(super) const HIGH_LIKE: [u8; 16] = only(0x4, 0x6, LIKE);
#[cfg(target_arch = "x86_64")]
pub(super) const HIGH_SIGN: [u8; 16] = only(0x0, 0x3, SIGNS);
#[cfg(target_arch = "x86_64")]
pub(super) const HIGH_FOREIGN: [u8; 16] = only(0x8, 0xf, u8::MAX);
/// Of all that numbers begin with.
#[cfg(target_arch = "x86_64")]
pub(super) const HIGH_HEAD: [u8; 16] = only(0x0, 0xf, !SIGNS);
/// All classes for the high halves of bytes that go on with a character.
#[cfg(target_arch = "x86_64")]
pub(super) const GOES_ON: [u8; 16] = {
    let mut table = [0; 16];
    let mut high = 0x8;
    while high <= 0xb {
        table[high] = u8::MAX;
        high += 1;
    }
    table
};

/// Below what, as a signed byte, the byte behind makes a foreign character, by the lowest six bits of a first byte: below C0
/// behind those that may begin one, and below B8 behind E1, which begins letters of Vietnamese as well.
#[cfg(target_arch = "x86_64")]
pub(super) const FOREIGN_BELOW: [u8; 64] = {
    let (mut table, mut n) = ([0x80; 64], 0);
    while n < 64 {
        let lead = 0xc0 | n;
        if HIGH[lead >> 4] & LOW[lead & 0xf] != 0 {
            table[n] = if lead == 0xe1 { 0xb8 } else { 0xc0 };
        }
        n += 1;
    }
    table
};

/// The entries of [`HIGH`] from `first` to `last`, of these classes.
#[cfg(target_arch = "x86_64")]
const fn only(first: usize, last: usize, classes: u8) -> [u8; 16] {
    let (mut table, mut high) = ([0; 16], first);
    while high <= last {
        table[high] = HIGH[high] & classes;
        high += 1;
    }
    table
}

/// The class of digits.
pub(super) const DIGITS: u8 = 1 << 7;
/// The classes of signs.
#[cfg(target_arch = "x86_64")]
pub(super) const SIGNS: u8 = 1 << 1 | 1 << 2 | 1 << 3;
/// The classes of letters that pass for digits.
pub(super) const LIKE: u8 = 1 << 4 | 1 << 5 | 1 << 6;

// Numbers in words: which letters the words begin with, and what follows each of these. A bit for each set of letters
// that the same letters follow: `l n`, `s`, `b h`, `k`, `m`, `t`, `c`, and digits; case makes no difference.

const L_N: u8 = 1;
const S: u8 = 1 << 1;
const B_H: u8 = 1 << 2;
const K: u8 = 1 << 3;
const M: u8 = 1 << 4;
const T: u8 = 1 << 5;
const C: u8 = 1 << 6;
/// Behind a digit that is a word, the word ends.
const DIGIT: u8 = 1 << 7;

/// The sets of first letters, by each half.
pub(super) const FIRST_HIGH: [u8; 16] = {
    let mut table = [0; 16];
    table[0x3] = DIGIT;
    (table[0x4], table[0x6]) = (L_N | B_H | K | M | C, L_N | B_H | K | M | C);
    (table[0x5], table[0x7]) = (S | T, S | T);
    table
};
pub(super) const FIRST_LOW: [u8; 16] = {
    let mut table = [0; 16];
    let mut digit = 0;
    while digit <= 9 {
        table[digit] = DIGIT;
        digit += 1;
    }
    table[0x2] |= B_H;
    table[0x3] |= C | S;
    table[0x4] |= T;
    table[0x8] |= B_H;
    table[0xb] |= K;
    table[0xc] |= L_N;
    table[0xd] |= M;
    table[0xe] |= L_N;
    table
};

/// What second letters follow, by each half: `a` `e` `i` `o` `u` `h`, and signs above the digits, or a little more.
pub(super) const SECOND_HIGH: [u8; 16] = {
    let mut table = [0; 16];
    table[0x3] = DIGIT;
    // `a` and `o`, and `h` behind `c` and `k`.
    (table[0x4], table[0x6]) = (!0, !0);
    (table[0x5], table[0x7]) = (T | M | DIGIT, T | M | DIGIT);
    // What is invisible begins with C2, E2 or EF; no vowel comes behind `c`, as it does in `có` and `các`.
    (table[0xc], table[0xe]) = (C, C);
    table
};
pub(super) const SECOND_LOW: [u8; 16] = {
    let mut table = [0; 16];
    table[0x0] = DIGIT;
    table[0x1] = L_N | S | B_H | T;
    table[0x2] = C;
    table[0x5] = T | L_N | M;
    table[0x8] = K | C;
    table[0x9] = L_N;
    table[0xa] = DIGIT;
    table[0xb] = DIGIT;
    table[0xc] = DIGIT;
    table[0xd] = DIGIT;
    table[0xe] = DIGIT;
    table[0xf] = B_H | K | M | C | DIGIT;
    table
};
/// What bytes follow whatever their low half: signs below the digits, and vowels with marks.
pub(super) const SECOND_ANY: [u8; 16] = {
    let mut table = [0; 16];
    (table[0x0], table[0x1], table[0x2]) = (DIGIT, DIGIT, DIGIT);
    let mut high = 0x8;
    while high < 16 {
        table[high] = !(DIGIT | C);
        high += 1;
    }
    table
};
