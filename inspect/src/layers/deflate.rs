//! What was packed without a header (RFC 1951) within an encoding: drawings of diagrams.net, requests of SAML in addresses.
//!
//! Nothing marks it, so what comes out first must mean something.

use flate2::{Decompress, FlushDecompress, Status};

use chot_model::OpaqueReason;

use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::sniff;

/// Inflated at a time.
const PART: usize = 1 << 14;

/// A packed content being read.
pub(super) struct Deflated {
    inflate: Decompress,
    object: Box<Object>,
    place: Place,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Failed,
}

/// Whether bytes begin such a content, by what comes out of them.
pub(super) fn begins(bytes: &[u8]) -> bool {
    /// So many packed bytes tell, and of what comes out so many must mean something.
    const SEEN: usize = 512;
    const OUT_MIN: usize = 16;
    /// What repeats itself comes to what repeats itself.
    const LETTERS_MIN: usize = 8;
    let seen = bytes.get(..bytes.len().min(SEEN)).unwrap_or_default();
    if !may_begin(seen) {
        return false;
    }
    let (mut inflate, mut out) = (Decompress::new(false), vec![0; 2 * SEEN]);
    let fits = inflate.decompress(seen, &mut out, FlushDecompress::None).is_ok();
    let out = out.get(..usize::try_from(inflate.total_out()).unwrap_or(usize::MAX)).unwrap_or_default();
    let letters = || {
        out.iter().fold([false; 256], |mut seen, b| {
            if let Some(seen) = seen.get_mut(usize::from(*b)) {
                *seen = true;
            }
            seen
        })
    };
    let is_varied = || letters().iter().filter(|seen| **seen).count() >= LETTERS_MIN;
    fits && out.len() >= OUT_MIN && sniff::is_plausible(out) && is_varied()
}

/// Whether the first block may be one of text, told by its first bits: chance fails here, nearly always.
fn may_begin(bytes: &[u8]) -> bool {
    /// Codes for the lengths of codes are complete when their shares make up the whole.
    const WHOLE: u32 = 1 << 7;
    let bits = |at: usize, n: usize| (0..n).fold(0u32, |bits, i| bits | bit(bytes, at + i) << i);
    match bits(1, 2) {
        // Stored: its length, and that turned over.
        0 => bytes.get(1..5).is_some_and(|len| len[0] == !len[2] && len[1] == !len[3]),
        // Codes that are known: the first letter is of ASCII or begins one of UTF-8, its bits from the highest on.
        1 => {
            let code = (0..9).fold(0, |code, n| code << 1 | bit(bytes, 3 + n));
            let letter = if code >> 1 < 0xc0 {
                (code >> 1).wrapping_sub(0x30)
            } else {
                code.wrapping_sub(0x190).wrapping_add(0x90)
            };
            matches!(letter, 0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0xc3..=0xf0)
        }
        2 => {
            let lens = bits(13, 4) as usize + 4;
            let share = |n: usize| WHOLE.checked_shr(bits(17 + 3 * n, 3)).unwrap_or(0);
            let used = (0..lens).filter(|n| bits(17 + 3 * n, 3) > 0);
            bits(3, 5) <= 29 && bits(8, 5) <= 29 && used.map(share).sum::<u32>() == WHOLE
        }
        _ => false,
    }
}

fn bit(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at / 8).map_or(0, |b| u32::from(*b >> (at % 8) & 1))
}

impl Deflated {
    pub(super) fn new(how: &'static str, place: &Place) -> Self {
        let place = place.disguised(how);
        let object = Box::new(Object::new(Hint::default(), place.clone()));
        Self { inflate: Decompress::new(false), object, place, state: State::Open }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], inquiry: &mut Inquiry) {
        let mut out = vec![0; PART];
        while self.state == State::Open {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(bytes, &mut out, FlushDecompress::None);
            let step = |total: u64, before: u64| usize::try_from(total - before).unwrap_or(usize::MAX);
            bytes = bytes.get(step(self.inflate.total_in(), read)..).unwrap_or_default();
            let written = step(self.inflate.total_out(), written);
            if !inquiry.inflate(written) {
                inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
                self.state = State::Failed;
                return;
            }
            self.object.push(out.get(..written).unwrap_or_default(), inquiry);
            match status {
                Ok(Status::StreamEnd) => self.state = State::Ended,
                Err(_) => {
                    self.state = State::Failed;
                    inquiry.broken(&self.place, 1);
                }
                // It may go on, unless no more comes out.
                Ok(Status::Ok | Status::BufError) if written < PART => return,
                Ok(Status::Ok | Status::BufError) => {}
            }
        }
    }

    /// What is there has been read, though more may have stood behind: an escape in an address ends a run.
    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.object.finish(None, inquiry);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use chot_model::{DetectorId, OpaqueReason};
    use flate2::Compression;
    use proptest::prelude::*;

    use super::*;
    use crate::base64::quantum;
    use crate::{Inspector, Limits};

    fn packed(text: &str, level: u32) -> Vec<u8> {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(level));
        out.write_all(text.as_bytes()).expect("memory");
        out.finish().expect("memory")
    }

    fn base64(bytes: &[u8]) -> String {
        let group =
            |c: &[u8]| quantum([0, 1, 2].map(|n| c.get(n).copied().unwrap_or(0)), c.len() as u8).map(char::from);
        bytes.chunks(3).flat_map(group).collect()
    }

    fn read(text: &str) -> (u64, Vec<OpaqueReason>) {
        let bytes = text.as_bytes().to_vec();
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
        (inspection.distinct(DetectorId::Cccd), inspection.opaque.iter().map(|o| o.reason).collect())
    }

    #[test]
    fn what_was_packed_without_a_header_is_read() {
        let letter =
            "<mxGraphModel><root><mxCell value=\"Anh Vi Văn Thử, số CCCD: 001090123456\"/></root></mxGraphModel>";
        // Long ones come in pieces.
        let words = (0..60_000u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect::<String>();
        for text in
            [letter.to_owned(), format!("{words}{letter}{words}"), letter.replace('<', "%3C").replace(' ', "%20")]
        {
            for level in [0, 1, 9] {
                let packed = packed(&text, level);
                let run = base64(&packed);
                let wrapped =
                    run.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\n").collect::<String>();
                let escaped = run.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
                for text in
                    [format!("<diagram>{run}</diagram>"), wrapped, format!("https://vd.vn/login?SAMLRequest={escaped}")]
                {
                    assert_eq!(read(&text), (1, vec![]), "{level} {}", text.chars().take(90).collect::<String>());
                }
                let cut = base64(&packed[..packed.len() - 9]);
                assert_eq!(read(&format!("<diagram>{cut}</diagram>")).1, [], "{level}");
            }
        }
    }

    proptest! {
        #[test]
        fn chance_is_none_and_nothing_packed_is_missed(
            chance in proptest::collection::vec(any::<u8>(), 48..200),
            text in "[ -~Ăạế]{24,300}",
            level in 0u32..10,
        ) {
            prop_assert!(!begins(&chance), "{:?}", chance);
            prop_assert!(may_begin(&packed(&text, level)), "{} {}", level, text);
        }
    }
}
