//! Text that stands in a binary: its printable bytes as they are, and once more as UTF-16 and UTF-32.
//!
//! It knows no format. The owner says what is opaque.

use std::ops::Range;

use chot_detectors::{BLOCK, Shown, plain_and_zeros, shown};
use chot_model::OpaqueReason;

use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Origin;
use crate::source::Source;
use crate::text::Text;

/// Blocks judged together; few enough for the stack.
const STRETCH: usize = 64;

/// Scans the printable runs of bytes, as they are and as UTF-16.
pub(crate) struct Strings {
    pub(super) place: Place,
    pub(super) bytes: u64,
    narrow: Narrow,
    wide: Wide,
}

/// Printable bytes as they stand.
struct Narrow {
    text: Text,
    buffer: Vec<u8>,
    /// What was kept last stood at the end of what was read.
    goes_on: bool,
}

/// Printable bytes with zeros between.
struct Wide {
    text: Text,
    buffer: Vec<u8>,
    /// The last byte was printable, and its pair is not complete, unless a zero before it does that.
    half: Option<(u8, bool)>,
    /// The last byte was zero.
    zero: bool,
    /// The last stretch had zeros between.
    on: bool,
    /// The end of what was read, in which a text may have begun.
    carry: Vec<u8>,
}

impl Strings {
    pub(crate) fn new(place: &Place) -> Self {
        let lost = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        let wide = Place { again: true, ..lost.clone() };
        Self {
            place: place.clone(),
            bytes: 0,
            narrow: Narrow { text: Text::new(lost), buffer: Vec::new(), goes_on: true },
            wide: Wide {
                text: Text::new(wide),
                buffer: Vec::new(),
                half: None,
                zero: false,
                on: false,
                carry: Vec::new(),
            },
        }
    }

    pub(crate) fn read(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        self.bytes += bytes.len() as u64;
        let mut blocks = [Shown::default(); STRETCH + 1];
        for stretch in bytes.chunks(STRETCH * BLOCK) {
            shown(stretch, &mut blocks);
            let blocks = blocks.get_mut(..=stretch.len().div_ceil(BLOCK)).unwrap_or_default();
            // Behind the end stands nothing, whatever stood there before.
            if let Some(behind) = blocks.last_mut() {
                *behind = Shown::default();
            }
            self.narrow.read(stretch, blocks);
            self.wide.read(stretch, blocks);
        }
        // It stands nowhere: what goes on over two blocks has no place of its own.
        self.narrow.text.joint(&self.narrow.buffer);
        self.narrow.text.advance(inquiry);
        self.narrow.buffer.clear();
        if self.wide.buffer.iter().any(|b| *b != b'\n') {
            self.wide.text.joint(&self.wide.buffer);
            self.wide.text.advance(inquiry);
        }
        self.wide.buffer.clear();
    }

    pub(crate) fn end(mut self, inquiry: &mut Inquiry) {
        self.narrow.text.finish(inquiry);
        self.wide.text.finish(inquiry);
    }
}

/// Scans bytes of a source that mean nothing in themselves.
pub(crate) fn scan_strings(source: &dyn Source, range: Range<u64>, place: &Place, inquiry: &mut Inquiry) {
    let mut strings = Strings::new(place);
    let mut at = range.start;
    let mut buffer = vec![0; object::BLOCK];
    while at < range.end && !inquiry.is_late(place) {
        let want = (range.end - at).min(object::BLOCK as u64) as usize;
        match source.read_at(at, buffer.get_mut(..want).unwrap_or_default()) {
            Ok(n @ 1..) => {
                strings.read(buffer.get(..n).unwrap_or_default(), inquiry);
                at += n as u64;
            }
            Ok(0) | Err(_) => {
                inquiry.refuse(place, OpaqueReason::Failed, range.end - at);
                break;
            }
        }
    }
    strings.end(inquiry);
}

fn is_shown(b: u8) -> bool {
    b >= 0x20 && b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r')
}

/// Whether bytes look like chance: what is compressed or encrypted has no more letters than that, and no more zeros, or else
/// more of what is neither than any text: pixels of a JPEG have a zero behind each byte of ones.
fn is_noise(len: usize, blocks: &[Shown]) -> bool {
    const LEN_MIN: usize = 8 * BLOCK;
    let [plain, zeros] = plain_and_zeros(blocks);
    let others = len.saturating_sub(plain + zeros);
    len >= LEN_MIN && plain * 20 < len * 9 && (zeros * 32 < len || others * 2 > len)
}

impl Narrow {
    fn read(&mut self, bytes: &[u8], blocks: &[Shown]) {
        if !is_noise(bytes.len(), blocks) {
            self.part(self.goes_on);
            self.buffer.extend(bytes.iter().map(|b| if is_shown(*b) { *b } else { b'\n' }));
            self.goes_on = true;
            return;
        }
        // A run on the border may go on behind it.
        let head = bytes.iter().take_while(|b| is_plain(**b)).count();
        let mut upto = head;
        if head > 0 {
            self.part(self.goes_on);
            self.buffer.extend_from_slice(bytes.get(..head).unwrap_or_default());
        }
        for (n, pair) in blocks.windows(2).enumerate() {
            let [block, next] = pair else { break };
            let plain = u128::from(block.plain) | u128::from(next.plain) << BLOCK;
            // Shorter runs than of six are chance as well. A number has one that long, or is cut as no format cuts it.
            let two = plain & plain >> 1;
            let mut long = (two & two >> 2 & two >> 4) as u64;
            while long != 0 {
                let bit = long.trailing_zeros();
                let len = (plain >> bit).trailing_ones();
                let start = n * BLOCK + bit as usize;
                if start >= upto {
                    let run = bytes.get(start..).unwrap_or_default();
                    let run = run.get(..run.iter().take_while(|b| is_plain(**b)).count()).unwrap_or_default();
                    self.part(false);
                    self.buffer.extend_from_slice(run);
                    upto = start + run.len();
                }
                long &= u64::MAX.checked_shl(bit + len).unwrap_or_default();
            }
        }
        let tail = bytes.iter().rev().take_while(|b| is_plain(**b)).count();
        if upto < bytes.len() && tail > 0 {
            self.part(false);
            self.buffer.extend_from_slice(bytes.get(bytes.len() - tail..).unwrap_or_default());
        }
        self.goes_on = tail > 0;
    }

    /// Parts what was kept from what comes, unless it goes on.
    fn part(&mut self, goes_on: bool) {
        if !goes_on {
            self.buffer.push(b'\n');
        }
    }
}

fn is_plain(b: u8) -> bool {
    matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

impl Wide {
    fn read(&mut self, bytes: &[u8], blocks: &[Shown]) {
        // Three letters have three zeros, each two or four bytes from the next.
        let between = |zeros: u128| zeros & zeros >> 2 & zeros >> 4 | zeros & zeros >> 4 & zeros >> 8;
        let on = blocks.windows(2).any(|pair| match pair {
            [block, next] => between(u128::from(block.zero) | u128::from(next.zero) << BLOCK) as u64 != 0,
            _ => false,
        });
        if on {
            if !self.on {
                let carry = std::mem::take(&mut self.carry);
                self.letters(&carry);
            }
            self.letters(bytes);
        } else if self.on {
            self.letters(bytes.get(..bytes.len().min(BLOCK)).unwrap_or_default());
            self.half = None;
            self.buffer.push(b'\n');
        }
        self.on = on;
        let keep = bytes.len().min(BLOCK);
        self.carry.clear();
        self.carry.extend_from_slice(bytes.get(bytes.len() - keep..).unwrap_or_default());
    }

    fn letters(&mut self, bytes: &[u8]) {
        for &b in bytes {
            let after_zero = std::mem::replace(&mut self.zero, b == 0);
            let half = self.half.take();
            if let (Some((low, _)), 0) = (half, b) {
                self.buffer.push(low);
                continue;
            }
            if let Some((low @ b'0'..=b'9', true)) = half {
                // The last of a number whose zeros stand first.
                self.buffer.push(low);
            }
            if is_plain(b) {
                if half.is_some() && self.buffer.last() != Some(&b'\n') {
                    self.buffer.push(b'\n');
                }
                self.half = Some((b, after_zero));
            } else if b != 0 {
                self.buffer.push(b'\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    /// Bytes as chance makes them.
    fn noise(len: usize, seed: u64) -> Vec<u8> {
        let mut state = seed | 1;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..len).map(|_| byte()).collect()
    }

    #[test]
    fn a_writing_that_goes_on_over_two_blocks_has_no_place() {
        for at in 65_520..65_540 {
            let mut bytes = [b"\x01\x02\xff", &vec![b' '; at][..]].concat();
            bytes.extend(b"\nso CCCD \\30 \\30 \\31 190123456\n\x01\x02\xff");
            let found = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert!(!found.is_opaque(chot_model::OpaqueReason::Failed), "{found:?}");
        }
    }

    #[test]
    fn what_chance_writes_among_pixels_is_no_birth() {
        // As in a dark JPEG: a zero behind each byte of ones, and many of both.
        let mut pixels = Vec::new();
        for (n, byte) in noise(60_000, 71).into_iter().enumerate() {
            pixels.push(byte);
            if n % 21 == 0 {
                pixels.extend([0xff, 0]);
            }
            if n % 997 == 0 {
                pixels.extend(b"\x0esN71\t\x15");
            }
        }
        let inspected =
            |bytes: &Vec<u8>| Inspector::new(Limits::default(), 2026).inspect(Hint::default(), bytes).inspection;
        let found = inspected(&[b"\x01\x02\xff", &pixels[..]].concat());
        assert_eq!(found.distinct(DetectorId::DateOfBirth), 0, "{found:?}");
        // What somebody wrote there is found.
        let written = b"\x01CCCD 001190123456, sinh ngay 12/03/1990\x02";
        let found = inspected(&[b"\x01\x02\xff", &pixels[..30_000], written, &pixels[30_000..]].concat());
        assert_eq!((found.distinct(DetectorId::Cccd), found.distinct(DetectorId::DateOfBirth)), (1, 1), "{found:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_number_is_found_wherever_it_stands_in_noise(
            at in prop_oneof![0usize..9_000, 4_060usize..4_110, 65_500usize..65_570],
            seed: u64,
            wide in 0u8..4,
        ) {
            // Announced, since chance may write something before it that speaks against it.
            let number = "so CCCD 001190123456";
            let number: Vec<u8> = match wide {
                0 => number.bytes().collect(),
                1 => number.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                2 => number.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                _ => number.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(),
            };
            // Not a letter or digit around, which would belong to the number.
            let bytes = [b"\x01\x02\xff", &noise(at, seed)[..], b"\x80\x80\x01", &number, b"\x80\x80\x01", &noise(9_000, !seed)].concat();
            let found = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            prop_assert_eq!(found.distinct(DetectorId::Cccd), 1, "{:?}", found);
        }
    }
}
