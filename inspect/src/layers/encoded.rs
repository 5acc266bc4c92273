//! Windows of nothing but base64, as pictures and files stand in mails and uploads: long lines without a blank or a mark.
//!
//! Of such a window only numbers and what it decodes to are looked at. No name, place or label has room in it, and words
//! that stand by chance between two signs of an encoding announce nothing. It decodes nothing itself.

use std::ops::Range;

use chot_detectors::{BLOCK, CONTEXT_BYTES, Encoded};

use super::look::places;
use super::runs::RUN_MIN;
use super::utf7;
use crate::inquiry::Twelves;

/// Shorter texts are read like any other.
const CORE_MIN: usize = 1 << 12;
/// Shorter lines are no encoding's: mails have 76 characters a line (RFC 2045 §6.8), PEM 64 (RFC 7468 §2).
const LINE_MIN: usize = 60;
/// What an account in the text of a payment QR code begins with, which has no blanks either.
const PAYMENT: &[u8] = b"000000727";

/// What a window of nothing else holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// Its runs.
    pub(super) words: Vec<Range<usize>>,
    /// Its numbers of twelve digits.
    pub(super) twelves: u64,
}

/// The lines of a window with all its context, when it is nothing else.
pub(super) fn lines(text: &[u8], core: &Range<usize>) -> Option<Lines> {
    let (from, to) = (core.start.saturating_sub(CONTEXT_BYTES), text.len().min(core.end + CONTEXT_BYTES));
    let whole = text.get(from..to)?;
    // Nearly all other texts have a blank in their first line.
    if core.len() < CORE_MIN || !whole.get(..LINE_MIN)?.iter().all(|b| is_plain(*b)) {
        return None;
    }
    let mut words = Vec::with_capacity(core.len() / LINE_MIN + 2);
    let mut begun = from;
    let mut tell = |line: Range<usize>| {
        let start = line.start.max(core.start);
        if start < core.end && line.end >= start + RUN_MIN {
            words.push(start..line.end.min(core.end));
        }
    };
    let mut twelves = Twelves::default();
    let mut seen = Encoded::default();
    for base in (from..to).step_by(Encoded::BLOCKS * BLOCK) {
        let left = to - base;
        // What stands behind belongs to the last byte only.
        seen.look(text.get(base..).unwrap_or_default());
        let len = left.div_ceil(BLOCK).min(Encoded::BLOCKS);
        let at = |n: usize| base + n * BLOCK;
        let within = |n: usize| u64::MAX >> BLOCK.saturating_sub(left - n * BLOCK);
        let having = |of: u64| places(of & u64::MAX >> (BLOCK - len), 0);
        // Line ends may have two signs.
        if having(seen.others).any(|n| !places(seen.other[n] & within(n), at(n)).all(|at| is_return(text, at)))
            || having(seen.shifts).any(|n| places(seen.shift[n] & within(n), at(n)).any(|at| utf7::says(text, at)))
        {
            return None;
        }
        for (n, line) in seen.line.iter().enumerate().take(len) {
            for end in places(line & within(n), at(n)) {
                let line = begun..end - usize::from(end.checked_sub(1).is_some_and(|before| is_return(text, before)));
                begun = end + 1;
                if line.len() < LINE_MIN && line.start > from {
                    return None;
                }
                tell(line);
            }
        }
        twelves.sheet(seen.fours, len, |n| seen.digit[n] & bits_of(at(n), core), |_| ());
    }
    let goes_on =
        text.get(to..).unwrap_or_default().iter().take(RUN_MIN).take_while(|b| super::runs::in_run(**b)).count();
    tell(begun..to + goes_on);
    // Nine digits stand together nowhere in it, nearly always; then only its borders are left.
    const { assert!(PAYMENT.len() == 9) };
    let pays = |part: Range<usize>| text.get(part).is_some_and(|part| memchr::memmem::find(part, PAYMENT).is_some());
    let pays = if twelves.has_nine() {
        pays(from..to)
    } else {
        pays(from..core.start + PAYMENT.len()) || pays(core.end - PAYMENT.len()..to)
    };
    (!pays).then(|| Lines { words, twelves: twelves.end() })
}

/// Whether a line end of two signs begins at `at`.
fn is_return(text: &[u8], at: usize) -> bool {
    text.get(at) == Some(&b'\r') && text.get(at + 1) == Some(&b'\n')
}

/// The bytes of the block at `base` that are of `core`.
fn bits_of(base: usize, core: &Range<usize>) -> u64 {
    let bits = |n: usize| if n < BLOCK { (1 << n) - 1 } else { u64::MAX };
    bits(core.end.saturating_sub(base)) & !bits(core.start.saturating_sub(base))
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Look;
    use super::*;

    fn base64(lines: &[usize], sign: &str) -> String {
        let line = |(n, len): (usize, &usize)| {
            let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+b";
            letters.chars().cycle().skip(n * 37).step_by(11).take(*len).collect::<String>() + sign
        };
        lines.iter().enumerate().map(line).collect()
    }

    proptest! {
        #[test]
        fn the_runs_are_those_of_a_look(
            lens in prop::collection::vec(60..90_usize, 60..90),
            sign in prop::sample::select(vec!["\n", "\r\n"]),
            cut in (0..700_usize, 0..700_usize),
        ) {
            let text = base64(&lens, sign);
            let core = cut.0..text.len() - cut.1;
            match lines(text.as_bytes(), &core) {
                Some(Lines { words, twelves }) => {
                    let look = Look::of(text.as_bytes(), &core);
                    prop_assert_eq!((&words, twelves), (&look.words, look.scope().twelves));
                }
                None => prop_assert!(core.len() < CORE_MIN || core.start < 2, "{text}"),
            }
        }

        #[test]
        fn any_other_sign_makes_it_another_text(sign in "[^a-zA-Z0-9+/\r\n]", at in 0..6_000_usize) {
            let mut text = base64(&[76; 80], "\n");
            text.insert_str(at, &sign);
            let core = 0..text.len();
            prop_assert_eq!(lines(text.as_bytes(), &core), None);
        }
    }

    #[test]
    fn short_lines_and_shifted_letters_are_none() {
        let long = base64(&[76; 80], "\n");
        let whole = |text: &str| lines(text.as_bytes(), &(0..text.len())).is_some();
        assert!(whole(&long));
        // A payment, wherever it stands in the window or its context.
        for at in (44..long.len() - 44).step_by(7) {
            for (mark, is_other) in [("A000000727", true), ("A000000728", false)] {
                let mut text = long.clone();
                text.insert_str(at, mark);
                let core = 300..text.len() - 300;
                assert_eq!(lines(text.as_bytes(), &core).is_none(), is_other, "{mark} at {at}");
            }
        }
        for other in ["NAMSINH\n1987\n", "+AEMAQwBDAEQ\n", "00020101021138570010A000000727\n", "\n", "=\n"] {
            assert!(!whole(&format!("{long}{other}{long}")), "{other}");
        }
    }
}
