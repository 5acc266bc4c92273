//! Where encodings may begin in a text, and where text may stand in a binary, 64 bytes at a time.
//!
//! A first look for those who open encodings before anything is detected: it tells bytes apart and decodes nothing.
//! Vectors do it as in the room above, and the plain code here says the same.

#[cfg(target_arch = "aarch64")]
mod neon;
mod sheet;
#[cfg(target_arch = "x86_64")]
mod tables;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use sheet::{Blocks, Sheet};

use super::{Work, widest};

/// Bytes of a block.
pub const BLOCK: usize = 64;
/// Bytes a block is judged by: its own, and one behind for signs of two bytes.
const SEEN: usize = BLOCK + 1;

/// Which bytes of a block of text are what; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Bytes that begin an escape or another writing: `% & \ = < ^ ( +`, `/*`, `0x`, zeros, the escape of terminals (and three
    /// characters of control that no text has), and in UTF-8 the letters `Â`,
    /// `ñ`, `Ñ`, `ö` and `Ö`, some of which old Vietnamese character sets turn into where a program does not know them, and the
    /// signs from U+2000 to U+203F, of which one turns text round.
    pub sign: u64,
    /// The alphabets of base64: letters, digits, `+ / - _`.
    pub word: u64,
    /// Everything of ASCII that is visible.
    pub graphic: u64,
    /// Hexadecimal digits.
    pub hex: u64,
    /// Digits.
    pub digit: u64,
    /// A `+` behind which letters of UTF-7 (RFC 2152) may begin: of all that Vietnamese needs, the first six bits are
    /// `A`, `H` or `I`.
    pub shift: u64,
    /// `-` and `_`: of the alphabet for addresses (RFC 4648 §5) and not of the other.
    pub safe: u64,
    /// Line ends: `\n`.
    pub line: u64,
    /// What may cut a line into cells: tabs, `|`, `;`, and the first of two blanks.
    pub cut: u64,
}

/// Which bytes of a block of a binary are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// ASCII that is visible, blanks and line ends.
    pub plain: u64,
    /// Zeros.
    pub zero: u64,
    /// Bytes that letters outside ASCII are made of: 80 and up.
    pub high: u64,
}

/// Writes the signs of `text`, a block each, to `out`; behind the end stands nothing.
pub fn signs(text: &[u8], out: &mut [Signs]) {
    #[cfg(target_arch = "x86_64")]
    return x86::signs(text, out);
    #[cfg(target_arch = "aarch64")]
    return neon::signs(text, out);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_block(text, out, plain_signs);
}

/// Writes what of `bytes` can be shown, a block each, to `out`; behind the end stands 80.
pub fn shown(bytes: &[u8], out: &mut [Shown]) {
    #[cfg(target_arch = "x86_64")]
    return x86::shown(bytes, out);
    #[cfg(target_arch = "aarch64")]
    return neon::shown(bytes, out);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_block(bytes, out, plain_shown);
}

/// How many bytes of `blocks` are plain, and how many zeros: counted in one step for each where the processor can.
pub fn plain_and_zeros(blocks: &[Shown]) -> [usize; 2] {
    struct Count<'b>(&'b [Shown], &'b mut [usize; 2]);
    impl Work for Count<'_> {
        #[inline(always)]
        fn run(self) {
            let Self(blocks, [plain, zeros]) = self;
            for block in blocks {
                *plain += block.plain.count_ones() as usize;
                *zeros += block.zero.count_ones() as usize;
            }
        }
    }
    let mut counts = [0; 2];
    widest(Count(blocks, &mut counts));
    counts
}

/// Gives `kernel` every block with the byte behind.
#[inline(always)]
fn each_block<T>(text: &[u8], out: &mut [T], kernel: impl Fn(&[u8; SEEN]) -> T) {
    let mut rest = text;
    for masks in out {
        *masks = match rest.first_chunk() {
            Some(seen) => kernel(seen),
            None if rest.is_empty() => return,
            None => kernel(&padded(rest)),
        };
        rest = rest.get(BLOCK..).unwrap_or_default();
    }
}

/// The end of a text, and behind it what is of no class but `high`.
#[inline(never)]
fn padded(rest: &[u8]) -> [u8; SEEN] {
    let mut seen = [0x80; SEEN];
    if let Some(seen) = seen.get_mut(..rest.len()) {
        seen.copy_from_slice(rest);
    }
    seen
}

#[cfg(any(test, not(target_arch = "aarch64")))]
fn plain_signs(seen: &[u8; SEEN]) -> Signs {
    let mut signs = Signs::default();
    for (n, pair) in seen.windows(2).enumerate() {
        let &[byte, next] = pair else { continue };
        let sign = match byte {
            0 | 0x15 | 0x16 | 0x18 | 0x1b | b'%' | b'&' | b'\\' | b'=' | b'<' | b'^' | b'(' | b'+' | 0xc2 => true,
            b'/' => next == b'*',
            b'0' => next | 0x20 == b'x',
            0xc3 => matches!(next, 0x91 | 0x96 | 0xb1 | 0xb6),
            0xe2 => next == 0x80,
            _ => false,
        };
        let bit = |is: bool| u64::from(is) << n;
        signs.sign |= bit(sign);
        signs.word |= bit(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
        signs.graphic |= bit(byte.is_ascii_graphic());
        signs.hex |= bit(byte.is_ascii_hexdigit());
        signs.digit |= bit(byte.is_ascii_digit());
        signs.shift |= bit(byte == b'+' && matches!(next, b'A' | b'H' | b'I'));
        signs.safe |= bit(matches!(byte, b'-' | b'_'));
        signs.line |= bit(byte == b'\n');
        signs.cut |= bit(matches!(byte, b'\t' | b'|' | b';') || byte == b' ' && next == b' ');
    }
    signs
}

#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn plain_shown(seen: &[u8; SEEN]) -> Shown {
    let mut shown = Shown::default();
    for (n, byte) in seen.iter().take(BLOCK).enumerate() {
        let bit = |is: bool| u64::from(is) << n;
        shown.plain |= bit(matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'));
        shown.zero |= bit(*byte == 0);
        shown.high |= bit(*byte >= 0x80);
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agree(text: &[u8]) {
        let blocks = text.len().div_ceil(BLOCK);
        let (mut expected, mut masks) = (vec![Signs::default(); blocks], vec![Signs::default(); blocks]);
        each_block(text, &mut expected, plain_signs);
        signs(text, &mut masks);
        assert_eq!(masks, expected);
        let (mut plain, mut found) = (vec![Shown::default(); blocks], vec![Shown::default(); blocks]);
        each_block(text, &mut plain, plain_shown);
        let count = |is: fn(&&u8) -> bool| text.iter().filter(is).count();
        let counts = [count(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')), count(|b| **b == 0)];
        assert_eq!(plain_and_zeros(&plain), counts);
        shown(text, &mut found);
        assert_eq!(found, plain);
        #[cfg(target_arch = "x86_64")]
        for (name, kernels) in x86::kernels() {
            masks.fill(Signs::default());
            (kernels.0)(text, &mut masks);
            assert_eq!(masks, expected, "{name}");
            found.fill(Shown::default());
            (kernels.1)(text, &mut found);
            assert_eq!(found, plain, "{name}");
        }
    }

    #[test]
    fn every_byte_is_classed_alike_behind_and_before_every_other() {
        let text: Vec<u8> = (0..=255u8).flat_map(|a| (0..=255u8).flat_map(move |b| [a, b])).collect();
        agree(&text);
        agree(&text[1..]);
    }

    #[test]
    fn nothing_is_behind_the_end() {
        let mut masks = [Signs::default(); 2];
        signs(b"+0", &mut masks);
        assert_eq!(masks[0], Signs { sign: 1, word: 3, graphic: 3, hex: 2, digit: 2, ..Signs::default() });
        assert_eq!(masks[1], Signs::default());
        let mut masks = [Shown::default()];
        shown(b"a\0", &mut masks);
        assert_eq!((masks[0].plain, masks[0].zero), (1, 2));
    }

    proptest! {
        #[test]
        fn vectors_and_plain_code_agree(text in proptest::collection::vec(any::<u8>(), 0..700)) {
            agree(&text);
        }

        #[test]
        fn so_they_do_on_writing(text in "[a-fx0-9%&=<^(+/*  |;\\n\\t\\x00AHI_ÂñöÑÖạ\\\\-]{0,300}", skip in 0usize..70) {
            agree(text.as_bytes().get(skip..).unwrap_or_default());
        }
    }
}
