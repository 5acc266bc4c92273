//! Bytes written as pairs of hexadecimal digits set apart: `53 E1 BB`, `53:e1`, `0x53, 0xe1`.

use std::ops::Range;

use super::runs::{RUN_MIN, inspect};
use crate::inquiry::{Inquiry, Place};

/// So many bytes are looked at together; more are read in parts.
const BYTES_MAX: usize = 1 << 16;

/// The value of every hexadecimal digit.
pub(super) const HEX: [Option<u8>; 256] = {
    let mut table = [None; 256];
    let mut n = 0;
    while n < 256 {
        if let Some(value) = char::to_digit(n as u8 as char, 16) {
            table[n] = Some(value as u8);
        }
        n += 1;
    }
    table
};

/// The pairs being read.
#[derive(Default)]
pub(super) struct Pairs {
    bytes: Vec<u8>,
    /// Pairs are being read.
    open: bool,
    /// The digit of a pair that waits for the other one.
    high: Option<u8>,
    /// Characters since the last pair.
    gap: usize,
}

impl Pairs {
    /// Reads the next `core` of a text, in which pairs may begin at `places`.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        core: &Range<usize>,
        places: &[usize],
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let mut places = places.iter().copied().peekable();
        let mut at = core.start;
        while at < core.end {
            if !self.open {
                // Between pairs, nearly everything.
                while places.next_if(|next| *next < at).is_some() {}
                let Some(next) = places.next() else { return };
                if !is_long(text, next) {
                    // A date or a time, nearly always.
                    at = next + 1;
                    continue;
                }
                at = first(text, next, core.start.max(at));
                self.open = true;
            }
            let Some(b) = text.get(at) else { return };
            at += 1;
            match (HEX[usize::from(*b)], self.high) {
                (Some(_), None) if self.gap == 0 && !self.bytes.is_empty() => self.end(place, inquiry),
                (Some(high), None) => self.high = Some(high),
                (Some(low), Some(high)) => {
                    self.bytes.push(high << 4 | low);
                    (self.high, self.gap) = (None, 0);
                    if self.bytes.len() >= BYTES_MAX {
                        self.end(place, inquiry);
                    }
                }
                // `0x`: the zero was no digit of a pair.
                (None, Some(0)) if matches!(b, b'x' | b'X') => self.high = None,
                // A registry file goes on behind it in the next line.
                (None, None) if *b == b'\\' && matches!(text.get(at), Some(b'\r' | b'\n')) => {
                    at += usize::from(text.get(at) == Some(&b'\r'));
                    self.gap = 0;
                }
                (None, None) if matches!(b, b' ' | b':' | b',' | b'-' | b'\r' | b'\n') && self.gap < 3 => self.gap += 1,
                _ => self.end(place, inquiry),
            }
        }
    }

    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.open, self.high, self.gap) = (false, None, 0);
        if self.bytes.len() >= RUN_MIN / 2 {
            inspect(&std::mem::take(&mut self.bytes), "hex", place, inquiry);
        }
        self.bytes.clear();
    }
}

/// Whether as many bytes as it takes may stand from `at` on.
fn is_long(text: &[u8], at: usize) -> bool {
    const LEN_MIN: usize = 3 * (RUN_MIN / 2) - 1;
    let among = |b: &u8| {
        HEX[usize::from(*b)].is_some() || matches!(b, b' ' | b':' | b',' | b'-' | b'\r' | b'\n' | b'\\' | b'x' | b'X')
    };
    text.get(at..at + LEN_MIN).is_some_and(|pairs| pairs.iter().all(among))
}

/// Whether no pairs stand together in a text that are enough to be read.
pub(super) fn are_too_few(text: &[u8]) -> bool {
    // Two digits each, and a sign between.
    const BYTES_MIN: usize = 3 * (RUN_MIN / 2) - 1;
    let ends = |b: &u8| HEX[usize::from(*b)].is_none() && !b" :,-\r\nxX\\".contains(b);
    text.split(ends).all(|stretch| stretch.len() < BYTES_MIN)
}

/// Where the pairs begin of which three alike are at `at`; others may stand before them.
fn first(text: &[u8], mut at: usize, from: usize) -> usize {
    let hex = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
    while let Some(before) = at.checked_sub(3).filter(|before| *before >= from)
        && matches!(text.get(at - 1), Some(b' ' | b':' | b',' | b'-' | b'\n'))
        && hex(before)
        && hex(before + 1)
        && !before.checked_sub(1).is_some_and(hex)
    {
        at = before;
    }
    at
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn values_of_registry_files_go_on_in_the_next_line() {
        let value = "số CCCD: 001090123456";
        let pairs: Vec<String> = value.encode_utf16().flat_map(u16::to_le_bytes).map(|b| format!("{b:02x}")).collect();
        for (between, found) in [(",\\\r\n  ", 1), (",\\\n  ", 1), (",\\ \n  ", 0), (",\\\\\n  ", 0)] {
            let lines: Vec<String> = pairs.chunks(25).map(|line| line.join(",")).collect();
            let bytes = format!("[HKEY_CURRENT_USER\\A]\r\n\"x\"=hex(1):{}\r\n", lines.join(between)).into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{between:?}");
        }
    }
}
