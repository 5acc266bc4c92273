//! The signs of many blocks side by side, and in which of them there is anything to look at: in whole words of bits, so
//! that vectors take several blocks at a stroke. In most blocks of most texts there is nothing.

use super::{BLOCK, SEEN, Signs, padded};

/// What stands where in many blocks: the classes of [`Signs`], a word for each block. One block more is looked at than is
/// told of, since what begins in the last may go on in it.
pub struct Sheet<const N: usize> {
    /// As in [`Signs`].
    pub sign: [u64; N],
    /// As in [`Signs`].
    pub word: [u64; N],
    /// As in [`Signs`].
    pub graphic: [u64; N],
    /// As in [`Signs`].
    pub digit: [u64; N],
    /// As in [`Signs`].
    pub shift: [u64; N],
    /// As in [`Signs`].
    pub line: [u64; N],
    /// As in [`Signs`].
    pub cut: [u64; N],
    /// Where three pairs of hexadecimal digits begin with one byte between them, and no digits more. Told only of blocks that
    /// have any, and of none where nothing but base64 and line ends stands in all.
    pub pairs: [u64; N],
    /// Likewise digits that the word `begin` and a blank may stand before, by the classes of their bytes; what stands before
    /// the first block is not known.
    pub modes: [u64; N],
    hex: [u64; N],
    safe: [u64; N],
    /// Which blocks have what.
    pub blocks: Blocks,
}

/// Of up to 64 blocks those that have any of a class; the lowest bit is the first block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Signs.
    pub sign: u64,
    /// Line ends.
    pub line: u64,
    /// What may cut a line into cells.
    pub cut: u64,
    /// Pairs of hexadecimal digits.
    pub pairs: u64,
    /// Digits that may be the mode of a file.
    pub modes: u64,
    /// Four digits in a row.
    pub four: u64,
    /// Eight bytes of the alphabets of base64 that begin at a multiple of eight, as in any run of fifteen; and perhaps a
    /// few blocks more.
    pub words: u64,
    /// The same of visible bytes.
    pub graphics: u64,
    /// `-` or `_`.
    pub safe: u64,
    /// `+` behind which letters of UTF-7 may begin.
    pub shift: u64,
    /// Bytes that are neither of the alphabets of base64 nor line ends.
    pub others: u64,
}

impl<const N: usize> Default for Sheet<N> {
    fn default() -> Self {
        const { assert!(N > 1 && N <= u64::BITS as usize + 1, "a bit for each block but the last") };
        let none = [0; N];
        Self {
            sign: none,
            word: none,
            graphic: none,
            digit: none,
            shift: none,
            line: none,
            cut: none,
            pairs: none,
            modes: none,
            hex: none,
            safe: none,
            blocks: Blocks::default(),
        }
    }
}

impl<const N: usize> Sheet<N> {
    /// Looks at the first `N` blocks of `text`; behind its end stands nothing.
    pub fn look(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        return super::x86::look(text, self);
        #[cfg(target_arch = "aarch64")]
        return super::neon::look(text, self);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        return self.fill(text, super::plain_signs);
    }

    /// Fills it with what `kernel` tells of each block.
    #[inline(always)]
    pub(super) fn fill(&mut self, text: &[u8], kernel: impl Fn(&[u8; SEEN]) -> Signs) {
        let mut rest = text;
        let mut tail;
        for n in 0..N {
            // One call for both, so that it is made part of the loop.
            let seen = match rest.first_chunk() {
                Some(seen) => seen,
                None if rest.is_empty() => {
                    self.set(n, Signs::default());
                    continue;
                }
                None => {
                    tail = padded(rest);
                    &tail
                }
            };
            self.set(n, kernel(seen));
            rest = rest.get(BLOCK..).unwrap_or_default();
        }
        self.sum_up();
    }

    #[inline(always)]
    fn set(&mut self, n: usize, signs: Signs) {
        let Signs { sign, word, graphic, hex, digit, shift, safe, line, cut } = signs;
        (self.sign[n], self.word[n], self.graphic[n], self.hex[n]) = (sign, word, graphic, hex);
        (self.digit[n], self.shift[n], self.safe[n], self.line[n]) = (digit, shift, safe, line);
        self.cut[n] = cut;
    }

    /// Tells what can be told of each block by those beside it, and which have anything of a class.
    #[inline(always)]
    fn sum_up(&mut self) {
        let Self { sign, word, graphic, digit, shift, line, cut, pairs, modes, hex, safe, blocks } = self;
        *blocks = Blocks {
            sign: those::<N>(|n| sign[n]),
            line: those::<N>(|n| line[n]),
            cut: those::<N>(|n| cut[n]),
            pairs: 0,
            modes: 0,
            four: those::<N>(|n| {
                let two = digit[n] & digit[n] >> 1;
                two & two >> 2
            }),
            words: those::<N>(|n| eight(word[n])),
            graphics: those::<N>(|n| eight(graphic[n])),
            safe: those::<N>(|n| safe[n]),
            shift: those::<N>(|n| shift[n]),
            others: those::<N>(|n| !(word[n] | line[n])),
        };
        // What stands before the first block may have been a blank, and what stands behind the last may be one.
        modes[0] = mode(digit[0], [graphic[0], 0], [word[0], u64::MAX], [hex[0], 0], [hex[0], u64::MAX]);
        blocks.modes = u64::from(modes[0] != 0);
        let behind = !(word[N - 1] | line[N - 1]) | safe[N - 1];
        if blocks.others | blocks.safe | behind == 0 {
            return;
        }
        for n in 0..N - 1 {
            let from = |by: usize| hex[n] >> by | hex[n + 1] << (BLOCK - by);
            pairs[n] = hex[n] & from(1) & !from(2) & from(3) & from(4) & !from(5) & from(6) & from(7);
        }
        for n in 1..N - 1 {
            let [graphic, word, hex] = [&*graphic, &*word, &*hex].map(|of| [of[n], of[n - 1]]);
            modes[n] = mode(digit[n], graphic, word, hex, hex);
        }
        blocks.pairs = those::<N>(|n| pairs[n]);
        blocks.modes = those::<N>(|n| modes[n]);
    }
}

/// Digits behind a byte that is not visible, that behind three letters that are no hexadecimal digits, and these behind two
/// that are: `begin 6`. Each class comes with that of the block before; `less` is what the letters are not.
#[inline(always)]
const fn mode(digit: u64, graphic: [u64; 2], word: [u64; 2], less: [u64; 2], hex: [u64; 2]) -> u64 {
    const fn behind([bits, before]: [u64; 2], by: usize) -> u64 {
        bits << by | before >> (BLOCK - by)
    }
    let other = [word[0] & !less[0], word[1] & !less[1]];
    let others = behind(other, 2) & behind(other, 3) & behind(other, 4);
    digit & !behind(graphic, 1) & others & behind(hex, 5) & behind(hex, 6)
}

/// A bit of each byte of a mask that is full, and perhaps of some above one that only seem so.
#[inline(always)]
const fn eight(mask: u64) -> u64 {
    (!mask).wrapping_sub(0x0101_0101_0101_0101) & mask & 0x8080_8080_8080_8080
}

/// A bit for each block of which `bits` has any.
#[inline(always)]
fn those<const N: usize>(bits: impl Fn(usize) -> u64) -> u64 {
    let mut those = 0;
    for n in 0..N - 1 {
        those |= u64::from(bits(n) != 0) << n;
    }
    those
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plain_signs;
    use super::*;

    fn agree<const N: usize>(text: &[u8]) {
        let (mut sheet, mut plain) = (Sheet::<N>::default(), Sheet::<N>::default());
        // Nothing is left of an earlier look.
        sheet.look(&b"+A begin 6 12:34:56 (a|b\n\n-".repeat(200));
        sheet.look(text);
        plain.fill(text, plain_signs);
        let all = |sheet: &Sheet<N>| {
            let Sheet { sign, word, graphic, digit, shift, line, cut, pairs, modes, hex, safe, blocks } = *sheet;
            let told = |of: [u64; N], by: u64| (0..N - 1).map(|n| of[n] * (by >> n & 1)).collect::<Vec<_>>();
            let (pairs, modes) = (told(pairs, blocks.pairs), told(modes, blocks.modes));
            ([sign, word, graphic, digit, shift, line, cut, hex, safe], pairs, modes, blocks)
        };
        assert_eq!(all(&sheet), all(&plain));
        #[cfg(target_arch = "x86_64")]
        for (name, kernel) in super::super::x86::sheet_kernels() {
            kernel(text, &mut sheet);
            assert_eq!(all(&sheet), all(&plain), "{name}");
        }
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            "begin [0-7]{3}",
            "[0-9a-f]{2}[: ][0-9a-f]{2}[: ][0-9a-f]{2}",
            "[a-z0-9+/]{1,40}",
            "[ -~]{1,30}",
            " {1,90}",
            "[\n\t|;_%]",
            "[0-9]{3,5}",
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn many_blocks_are_told_as_each_byte_is(text in text()) {
            agree::<65>(&text);
            agree::<4>(&text);
            let mut sheet = Sheet::<65>::default();
            sheet.look(&text);
            let Blocks { sign, line, cut, pairs, modes, four, words, graphics, safe, shift, others } = sheet.blocks;
            let byte = |at: usize| text.get(at).copied().unwrap_or(0x80);
            let hex = |at: usize| byte(at).is_ascii_hexdigit();
            for (n, block) in text.chunks(BLOCK).enumerate().take(64) {
                let is = |told: u64| told >> n & 1 == 1;
                let base = n * BLOCK;
                let here = || base..base + block.len();
                let pair = |at: usize| {
                    hex(at) && hex(at + 1) && !hex(at + 2) && hex(at + 3) && hex(at + 4) && !hex(at + 5)
                        && hex(at + 6) && hex(at + 7)
                };
                prop_assert_eq!(is(pairs), here().any(pair));
                for at in here() {
                    prop_assert_eq!(is(pairs) && sheet.pairs[n] >> (at - base) & 1 == 1, pair(at));
                    let begun = at.checked_sub(6).is_some_and(|from| text[from..].starts_with(b"begin "));
                    if begun && byte(at).is_ascii_digit() {
                        prop_assert!(is(modes) && sheet.modes[n] >> (at - base) & 1 == 1);
                    }
                }
                for (told, of) in [
                    (sign, sheet.sign[n]), (line, sheet.line[n]), (cut, sheet.cut[n]),
                    (safe, sheet.safe[n]), (shift, sheet.shift[n]), (others, !(sheet.word[n] | sheet.line[n])),
                ] {
                    prop_assert_eq!(is(told), of != 0);
                }
                prop_assert_eq!(is(four), block.windows(4).any(|four| four.iter().all(u8::is_ascii_digit)));
                let in_run = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
                let whole = |of: &dyn Fn(&u8) -> bool| block.chunks_exact(8).any(|eight| eight.iter().all(of));
                prop_assert!(is(words) || !whole(&in_run));
                prop_assert!(is(graphics) || !whole(&u8::is_ascii_graphic));
            }
        }

        #[test]
        fn vectors_and_plain_code_agree(text in prop::collection::vec(any::<u8>(), 0..700)) {
            agree::<4>(&text);
        }
    }
}
