//! Where in a text numbers may begin at all, told with less than the first look for them (`look.rs`) takes: for texts in
//! which nearly nowhere is enough of what numbers are written with, as in base64.
//!
//! It errs on one side only: whatever that look calls busy is so here.

#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

use super::alive::{BLOCKS, TAIL, each_of};
use super::{BLOCK, SEEN};

/// So many blocks are looked at in one go, and one more, in which what begins in the last may go on.
const MANY: usize = BLOCKS + 1;

/// The bytes of many blocks that may be part of a number, and those it may begin with.
struct Busy {
    alive: [u64; MANY],
    head: [u64; MANY],
}

impl Busy {
    /// Tells of each of the blocks of `text` whether a number may begin in it; `kernel` tells what is alive, and what is a
    /// head.
    #[inline(always)]
    fn look(&mut self, text: &[u8], kernel: impl Fn(&[u8; SEEN]) -> [u64; 2]) -> u64 {
        let Self { alive, head } = self;
        let len = each_of::<{ MANY + 1 }>(text, |n, seen| [alive[n - 1], head[n - 1]] = kernel(seen));
        // Behind the end stands nothing, whatever an earlier look left.
        alive.iter_mut().skip(len).for_each(|block| *block = 0);
        let mut busy = 0;
        for n in 0..BLOCKS {
            let from = |by: usize| alive[n] >> by | alive[n + 1] << (BLOCK - by);
            const { assert!(TAIL == 6) };
            let seven = from(1) & from(2) & from(3) & from(4) & from(5) & from(6);
            busy |= u64::from(alive[n] & head[n] & seven != 0) << n;
        }
        busy
    }
}

/// The parts of `range` in which all numbers begin that do so in it, and with them what such a number may go on in.
pub(crate) fn busy(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut seen = Busy { alive: [0; MANY], head: [0; MANY] };
    let mut parts: Vec<Range<usize>> = Vec::new();
    for base in range.clone().step_by(BLOCKS * BLOCK) {
        let text = text.get(base..).unwrap_or_default();
        let mut blocks = look(text.get(..MANY * BLOCK).unwrap_or(text), &mut seen);
        while blocks != 0 {
            let at = base + blocks.trailing_zeros() as usize * BLOCK;
            blocks &= blocks - 1;
            let (start, end) = (at.saturating_sub(BLOCK).max(range.start), (at + 2 * BLOCK).min(range.end));
            match parts.last_mut().filter(|last| start <= last.end) {
                Some(last) => last.end = last.end.max(end),
                None if start < end => parts.push(start..end),
                None => {}
            }
        }
    }
    parts
}

fn look(text: &[u8], busy: &mut Busy) -> u64 {
    #[cfg(target_arch = "x86_64")]
    return x86::look(text, busy);
    #[cfg(not(target_arch = "x86_64"))]
    return busy.look(text, of_raw);
}

/// What is alive and what is a head, by what the first look for numbers tells.
fn of_raw(seen: &[u8; SEEN]) -> [u64; 2] {
    #[cfg(target_arch = "aarch64")]
    let raw = super::neon::raw_of(seen);
    #[cfg(not(target_arch = "aarch64"))]
    let raw = super::scalar::raw(seen);
    let head = raw.head() | raw.follow;
    [head | raw.sign, head]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numbers::{Candidate, EVERY_NUMBER, candidates, candidates_of};
    use crate::simd::Look;

    fn told(found: &[Candidate]) -> Vec<String> {
        let mut told: Vec<String> = found.iter().map(|candidate| format!("{candidate:?}")).collect();
        told.sort_unstable();
        told
    }

    proptest! {
        #[test]
        fn parts_have_all_candidates_of_the_whole(
            text in prop::collection::vec(prop_oneof![
                8 => "[A-Za-z0-9+/]{1,120}", 2 => "[0-9]{5,20}", 2 => "[0-9OlSB/]{6,90}", 1 => "[/\n]{1,80}", 1 => Just("\r\n".to_owned()),
                1 => "(00[1-9][0-3][0-9]{8}[/\n ]?){1,6}", 1 => "([0-9] ?){90,200}", 1 => "[0-9０-９ .]{0,30}",
            ], 0..60),
            ends in (0_usize..400, 0_usize..400),
        ) {
            let text = text.concat().into_bytes();
            let start = ends.0.min(text.len());
            let range = start..text.len().saturating_sub(ends.1).max(start);
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            candidates(&text, range.clone(), &EVERY_NUMBER, &mut |candidate| whole.push(candidate));
            for part in busy(&text, range) {
                let seen = text.get(..part.end + BLOCK).unwrap_or(&text);
                candidates_of(&mut Look::new(seen, part.start), &text, part, &EVERY_NUMBER, &mut |found| parts.push(found));
            }
            prop_assert_eq!(told(&whole), told(&parts));
        }

        #[test]
        fn vectors_and_plain_code_agree(text in prop::collection::vec(prop_oneof![
            6 => b'0'..=b'9', 2 => Just(b'/'), 1 => Just(b'O'), 1 => Just(b'\n'), 1 => any::<u8>(),
        ], 0..5_000)) {
            let fresh = || Busy { alive: [u64::MAX; MANY], head: [u64::MAX; MANY] };
            let expected = fresh().look(&text, of_raw);
            prop_assert_eq!(look(&text, &mut fresh()) & expected, expected);
            #[cfg(target_arch = "x86_64")]
            for (name, kernel) in x86::kernels() {
                let blocks = kernel(&text, &mut fresh());
                // Bytes that begin no character of a number are told apart by the first look alone.
                prop_assert_eq!(blocks & expected, expected, "{}", name);
                if text.is_ascii() {
                    prop_assert_eq!(blocks, expected, "{}", name);
                }
            }
        }
    }
}
