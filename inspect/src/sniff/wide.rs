//! UTF-16 told from what only looks like it, and where it stands among text of single bytes: shells append the one to files of
//! the other (`>>` of PowerShell to a file in ASCII, of the command line to one in UTF-16).

use std::ops::Range;

use super::controls;

/// In which order the two bytes of a unit stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    /// The unit at `at`.
    pub(crate) fn unit(self, text: &[u8], at: usize) -> Option<u16> {
        let unit = *text.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(unit),
            Self::Big => u16::from_be_bytes(unit),
        })
    }
}

/// Fewer units are single letters with zeros between.
const UNITS_MIN: usize = 4;

/// Bytes of text in UTF-16 among others: those of its units, behind its mark if it has one.
pub(crate) struct Run {
    pub(crate) order: Order,
    pub(crate) units: Range<usize>,
}

/// The run that begins at `at`.
pub(crate) fn run(text: &[u8], at: usize) -> Option<Run> {
    let run = |order, start| {
        let (end, score) = units(text, start, order);
        (end >= start + 2 * UNITS_MIN).then_some((Run { order, units: start..end }, score))
    };
    match text.get(at..)?.first_chunk()? {
        [0xff, 0xfe] => run(Order::Little, at + 2),
        [0xfe, 0xff] => run(Order::Big, at + 2),
        [0, b] if is_plain(*b) => run(Order::Big, at),
        // The byte may be the last of what stands before a run in the other order.
        [b, 0] if is_plain(*b) => {
            let big = run(Order::Big, at + 1).map_or(i32::MIN, |(_, score)| score);
            run(Order::Little, at).filter(|(_, score)| *score + 1 >= big)
        }
        _ => None,
    }
    .map(|(run, _)| run)
}

/// Where the units end that begin at `start`, and how much they are like text.
fn units(text: &[u8], start: usize, order: Order) -> (usize, i32) {
    /// So many letters of other scripts may stand together.
    const OTHERS_MAX: usize = 3;
    let unit = |at| order.unit(text, at);
    let is_ascii = |unit: u16| u8::try_from(unit).is_ok_and(is_plain);
    let (mut at, mut score) = (start, 0);
    while let Some(one) = unit(at) {
        score += match one {
            _ if is_ascii(one) => 1,
            // Vietnamese and what goes with it, and the rest of Latin.
            0xc0..=0xfd | 0x102..=0x103 | 0x110..=0x111 | 0x128..=0x129 | 0x168..=0x169 | 0x1a0..=0x1a1 => 1,
            0x1af..=0x1b0 | 0x300..=0x323 | 0x1ea0..=0x1ef9 => 1,
            0xa0..=0x24f | 0x324..=0x36f | 0x1e00..=0x1e9f | 0x1efa..=0x1eff => -1,
            // Two bytes of ASCII are two letters.
            0..=0x9f => break,
            _ if text.get(at..at + 2).is_some_and(|two| two.iter().all(|b| is_plain(*b))) => break,
            _ if (1..=OTHERS_MAX).any(|n| unit(at + 2 * n).is_some_and(is_ascii)) => -1,
            _ => break,
        };
        at += 2;
    }
    (at, score)
}

fn is_plain(b: u8) -> bool {
    matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Whether bytes are UTF-8 without characters of control, but for runs of UTF-16.
pub(super) fn is_mixed(bytes: &[u8]) -> bool {
    /// A run begins with a zero, a byte before, or with its mark.
    const BEFORE: [usize; 4] = [3, 2, 1, 0];
    let narrow = |piece: Range<usize>| {
        let piece = bytes.get(piece).unwrap_or_default();
        controls(piece) == 0 && str::from_utf8(piece).is_ok()
    };
    let (mut upto, mut any) = (0, false);
    while let Some(zero) = memchr::memchr(0, bytes.get(upto..).unwrap_or_default()).map(|n| upto + n) {
        // The block may end within a run.
        if any && zero + 1 == bytes.len() && narrow(upto..zero) {
            return true;
        }
        let starts = BEFORE.iter().filter_map(|by| zero.checked_sub(*by)).filter(|at| *at >= upto);
        let Some((at, run)) = starts.filter_map(|at| Some((at, run(bytes, at)?))).next() else { return false };
        if !narrow(upto..at) {
            return false;
        }
        (upto, any) = (run.units.end, true);
    }
    // It may also end within a letter.
    let rest = bytes.get(upto..).unwrap_or_default();
    let is_text = || str::from_utf8(rest).map_or_else(|e| e.error_len().is_none(), |_| true);
    any && (rest.len() < 2 || controls(rest) == 0 && is_text())
}

/// The same of bytes that may begin within a run, as those of a later block do.
pub(crate) fn goes_on_mixed(bytes: &[u8]) -> bool {
    /// Letters that stand together and are none of ASCII are fewer.
    const LETTERS: usize = 8;
    let from = (0..LETTERS).find(|at| run(bytes, *at).is_some()).unwrap_or(0);
    is_mixed(bytes.get(from..).unwrap_or_default())
}

/// What of bytes read as UTF-16 is unlike it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unlike {
    /// Text of single bytes may stand in them.
    pub(crate) narrow: bool,
    /// Too many units are no letters.
    broken: bool,
    /// From how many rows of letters they come that neither Vietnamese nor Chinese has.
    rows: u32,
}

impl Unlike {
    pub(crate) fn of(bytes: &[u8], order: Order) -> Self {
        /// Letters of Chinese whose bytes are both ASCII stand together by chance.
        const NARROW_MIN: usize = 6;
        const BROKEN_SHARE: usize = 256;
        let (mut broken, mut rows) = (0, [0u128; 2]);
        let (mut narrow, mut longest, mut is_half) = (0, 0, false);
        for two in bytes.as_chunks::<2>().0 {
            let Some(unit) = order.unit(two, 0) else { break };
            narrow = if two.iter().all(|b| is_plain(*b)) { narrow + 1 } else { 0 };
            longest = longest.max(narrow);
            let is_second = (0xdc00..0xe000).contains(&unit);
            let is_alone = is_second != std::mem::replace(&mut is_half, (0xd800..0xdc00).contains(&unit));
            broken += usize::from(is_alone || is_no_letter(unit));
            let row = unit >> 8;
            if let Some(half) = rows.get_mut(usize::from(row >> 7)).filter(|_| !is_usual(row)) {
                *half |= 1 << (row & 0x7f);
            }
        }
        let (units, rows) = (bytes.len() / 2, rows.iter().map(|half| half.count_ones()).sum());
        Self { narrow: longest >= NARROW_MIN, broken: broken * BROKEN_SHARE > units, rows }
    }

    /// Whether it may be text that nothing says it is: in another language or two.
    pub(super) const fn may_be_text(self) -> bool {
        const ROWS_MAX: u32 = 8;
        !self.broken && self.rows <= ROWS_MAX
    }

    /// Whether it is text, in all languages that are in use at most.
    pub(crate) const fn is_text(self) -> bool {
        const ROWS_MAX: u32 = 16;
        !self.broken && self.rows <= ROWS_MAX
    }
}

/// Whether a unit is a character of control that no text has, or of private use but for the signs of fonts. Zeros fill up, and
/// hide nothing.
fn is_no_letter(unit: u16) -> bool {
    matches!(unit, 1..=8 | 0xe..=0x1a | 0x7f..=0x84 | 0x86..=0x9f | 0xe000..=0xefff | 0xf100..=0xf8ff)
        || matches!(unit, 0xfdd0..=0xfdef | 0xfffe | 0xffff)
}

/// Whether letters of such a high byte stand in texts of Vietnamese or Chinese, and signs in any.
const fn is_usual(row: u16) -> bool {
    matches!(row, 0..=3 | 0x1e | 0x20..=0x27 | 0x30 | 0x4e..=0x9f | 0xac..=0xdf | 0xf0 | 0xfe | 0xff)
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, OpaqueReason};

    use super::super::{Encoding, encoding};
    use crate::{Hint, Inspector, Limits};

    const LETTER: &str = "Kính gửi anh Võ Đặng Bình, ngày sinh: 27/04/1990.\r\nSố CCCD: 001090123456 → xem đơn.\r\n";

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    fn read(bytes: &[u8]) -> (u64, Vec<OpaqueReason>) {
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection;
        (inspection.distinct(DetectorId::Cccd), inspection.opaque.iter().map(|o| o.reason).collect())
    }

    #[test]
    fn wide_text_among_narrow_is_read_wherever_it_stands() {
        let log = "2026-11-01 dòng nhật ký thường ngày\r\n";
        let narrow = "2026-11-01 Số CCCD: 079090123457\r\n".as_bytes();
        for wide in
            [little(LETTER), big(LETTER), little(&format!("\u{feff}{LETTER}")), big(&format!("\u{feff}{LETTER}"))]
        {
            for (before, behind) in [(1, 0), (1, 1), (3, 250), (250, 3), (2_000, 2_000), (0, 2_000)] {
                for odd in ["", "."] {
                    let before = [log.repeat(before).as_bytes(), odd.as_bytes()].concat();
                    let bytes = [&before, &wide[..], narrow, log.repeat(behind).as_bytes()].concat();
                    assert_eq!(read(&bytes), (2, vec![]), "{} {behind} {odd} {:?}", before.len(), &wide[..4]);
                }
            }
        }
    }

    #[test]
    fn narrow_text_among_wide_is_read_wherever_it_stands() {
        let narrow = "echo >> .\r\nSố CCCD: 079090123457 của khách\r\n";
        for times in [1, 20, 1_500] {
            for odd in ["", "."] {
                let wide = LETTER.repeat(times);
                let narrow = format!("{odd}{narrow}");
                for bytes in [
                    [&little(&format!("\u{feff}{wide}")), narrow.as_bytes()].concat(),
                    [&little(&wide), narrow.as_bytes(), &little("Một dòng nữa ở đây.\r\n")].concat(),
                    [&big(&wide), narrow.as_bytes()].concat(),
                ] {
                    assert_eq!(read(&bytes), (2, vec![]), "{times} {odd} {:?}", &bytes[..4]);
                }
            }
        }
    }

    #[test]
    fn what_only_looks_like_wide_text_is_none() {
        let chance: Vec<u8> = (0..400u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let controls: Vec<u8> = (1..32).collect();
        let bplist = b"bplist00\xd1\x01\x02Qd_\x10\x40".to_vec();
        for part in [&controls, &chance, &bplist] {
            let bytes = [part, &little(LETTER).repeat(5)[..]].concat();
            assert_eq!(read(&bytes), (1, vec![OpaqueReason::UnsupportedFormat]), "{:?}", &part[..4]);
        }
        // Where a mark says what it is, or much of it was read already.
        let marked = [b"\xff\xfe", &chance[..], &little(LETTER)].concat();
        assert_eq!(read(&marked).1, [OpaqueReason::UnknownEncoding]);
        let late = [&little(&LETTER.repeat(500)), &chance[..]].concat();
        assert_eq!(read(&late), (1, vec![OpaqueReason::UnknownEncoding]));
    }

    #[test]
    fn texts_of_other_scripts_are_texts() {
        let chinese: String = ('\u{4e00}'..'\u{5e00}').flat_map(|c| [c, '\u{6211}']).collect();
        for (text, expected) in [
            (format!("{LETTER}{LETTER}\0"), Encoding::Utf16Le),
            (format!("{LETTER} Привет, как дела? Γειά σου \u{f0b7} 😀 สวัสดี"), Encoding::Utf16Le),
            (format!("{}{}", LETTER.repeat(150), chinese), Encoding::Utf16Le),
        ] {
            assert_eq!(encoding(&little(&text)), Some(expected), "{text}");
            assert_eq!(read(&little(&text)).1, [], "{text}");
        }
        // Single letters that zeros part are no text of two bytes each.
        assert_eq!(encoding(b"a\0b\0c and much more, so that it is text\n".repeat(9).as_slice()), None);
    }
}
