//! The classes of a block of text as tables: of a byte's high and low half, each has a bit of every class that the byte
//! may be of, and it is of those whose bit both have. Vectors look up sixteen entries in one step.

/// Digits; letters up to `o`; those from `p` on; `+ - /`.
const DIGIT: u8 = 1;
const TO_O: u8 = 1 << 1;
const FROM_P: u8 = 1 << 2;
const JOINT: u8 = 1 << 3;
/// `% & ( +` and the escape of terminals, with characters of control that no text has; `< =`; `\ ^`.
const SECOND_COLUMN: u8 = 1 << 4;
const THIRD_COLUMN: u8 = 1 << 5;
const FIFTH_COLUMN: u8 = 1 << 6;
/// Letters up to `f`.
const TO_F: u8 = 1 << 7;

/// The alphabets of base64, but for `_`.
pub(super) const WORD: u8 = DIGIT | TO_O | FROM_P | JOINT;
/// Signs of one byte of ASCII.
pub(super) const SIGN: u8 = SECOND_COLUMN | THIRD_COLUMN | FIFTH_COLUMN;
pub(super) const HEX: u8 = DIGIT | TO_F;
pub(super) const NUMERAL: u8 = DIGIT;

/// By the high half of a byte, and by the low one.
pub(super) const HIGH: [u8; 16] = of(&[
    (0x1, SECOND_COLUMN),
    (0x2, JOINT | SECOND_COLUMN),
    (0x3, DIGIT | THIRD_COLUMN),
    (0x4, TO_O | TO_F),
    (0x5, FROM_P | FIFTH_COLUMN),
    (0x6, TO_O | TO_F),
    (0x7, FROM_P),
]);
pub(super) const LOW: [u8; 16] = of(&[
    (0x0, DIGIT | FROM_P),
    (0x1, DIGIT | TO_O | FROM_P | TO_F),
    (0x2, DIGIT | TO_O | FROM_P | TO_F),
    (0x3, DIGIT | TO_O | FROM_P | TO_F),
    (0x4, DIGIT | TO_O | FROM_P | TO_F),
    (0x5, DIGIT | TO_O | FROM_P | TO_F | SECOND_COLUMN),
    (0x6, DIGIT | TO_O | FROM_P | TO_F | SECOND_COLUMN),
    (0x7, DIGIT | TO_O | FROM_P),
    (0x8, DIGIT | TO_O | FROM_P | SECOND_COLUMN),
    (0x9, DIGIT | TO_O | FROM_P),
    (0xa, TO_O | FROM_P),
    (0xb, TO_O | JOINT | SECOND_COLUMN),
    (0xc, TO_O | THIRD_COLUMN | FIFTH_COLUMN),
    (0xd, TO_O | JOINT | THIRD_COLUMN),
    (0xe, TO_O | FIFTH_COLUMN),
    (0xf, TO_O | JOINT),
]);

/// What two bytes make: `/*`, `0x`, `Ñ`, `ñ`, `ö` and `Ö`, what U+2000 to U+203F begin with, zero and anything, and `+` before
/// `A`, `H` or `I`.
const COMMENT: u8 = 1;
const HEXED: u8 = 1 << 1;
const LATIN: u8 = 1 << 2;
const ZERO: u8 = 1 << 3;
pub(super) const SHIFT: u8 = 1 << 4;
const PUNCTUATION: u8 = 1 << 7;
/// Those that are signs.
pub(super) const PAIR: u8 = COMMENT | HEXED | LATIN | ZERO | PUNCTUATION;
/// `-` and `_`, whatever stands behind.
const DASH: u8 = 1 << 5;
pub(super) const UNDERSCORE: u8 = 1 << 6;
pub(super) const SAFE: u8 = DASH | UNDERSCORE;

/// The first of them, by its halves.
pub(super) const FIRST_HIGH: [u8; 16] = of(&[
    (0x0, ZERO),
    (0x2, COMMENT | SHIFT | DASH),
    (0x3, HEXED),
    (0x5, UNDERSCORE),
    (0xc, LATIN),
    (0xe, PUNCTUATION),
]);
pub(super) const FIRST_LOW: [u8; 16] = of(&[
    (0x0, HEXED | ZERO),
    (0x2, PUNCTUATION),
    (0x3, LATIN),
    (0xb, SHIFT),
    (0xd, DASH),
    (0xf, COMMENT | UNDERSCORE),
]);
/// The second, which may be anything behind a zero.
pub(super) const NEXT_HIGH: [u8; 16] = besides(
    ZERO,
    of(&[(0x2, COMMENT), (0x4, SHIFT), (0x5, HEXED), (0x7, HEXED), (0x8, PUNCTUATION), (0x9, LATIN), (0xb, LATIN)]),
);
pub(super) const NEXT_LOW: [u8; 16] = besides(
    ZERO,
    of(&[(0x0, PUNCTUATION), (0x1, LATIN | SHIFT), (0x6, LATIN), (0x8, HEXED | SHIFT), (0x9, SHIFT), (0xa, COMMENT)]),
);

const fn besides(class: u8, mut table: [u8; 16]) -> [u8; 16] {
    let mut n = 0;
    while n < table.len() {
        table[n] |= class;
        n += 1;
    }
    table
}

const fn of(entries: &[(usize, u8)]) -> [u8; 16] {
    let mut table = [0; 16];
    let mut n = 0;
    while n < entries.len() {
        table[entries[n].0] = entries[n].1;
        n += 1;
    }
    table
}
