//! Runs of characters that may be base64, base32 or hexadecimal, and pairs of hexadecimal digits set apart.

use crate::Hint;
use crate::base64;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::sniff;

/// A shorter run holds no identifier with a word about it.
pub(crate) const RUN_MIN: usize = 16;

/// So much of a run is decoded at a time; a multiple of 4 and 8 characters.
const RUN_PART: usize = 1 << 16;

/// Which bytes are of the alphabets.
const IN_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128u8 {
        table[b as usize] = b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
        b += 1;
    }
    table
};

pub(crate) fn in_run(b: u8) -> bool {
    IN_RUN.get(usize::from(b)).copied().unwrap_or(false)
}

/// Where the next run of at least [`RUN_MIN`] begins, or the word that the text ends with. Looks at one byte in
/// sixteen: a run that long has one of them.
pub(crate) fn next_run(text: &[u8], mut at: usize) -> usize {
    loop {
        let probe = at + RUN_MIN - 1;
        let Some(b) = text.get(probe) else {
            let tail = text.get(at..).unwrap_or_default();
            return text.len() - tail.iter().rev().take_while(|b| in_run(**b)).count();
        };
        if !in_run(*b) {
            at = probe + 1;
            continue;
        }
        let before = text.get(at..probe).unwrap_or_default().iter().rev().take_while(|b| in_run(**b)).count();
        let after = text.get(probe..).unwrap_or_default().iter().take_while(|b| in_run(**b)).count();
        if before + after >= RUN_MIN || probe + after == text.len() {
            return probe - before;
        }
        at = probe + after + 1;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Base64,
    Base32,
    Hex,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
        }
    }

    fn fits(self, run: &[u8]) -> bool {
        match self {
            Self::Base64 => true,
            Self::Base32 => run.iter().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(b)),
            Self::Hex => run.len().is_multiple_of(2) && run.iter().all(u8::is_ascii_hexdigit),
        }
    }

    fn decode(self, run: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(run.len());
        match self {
            Self::Base64 => base64::decode(run, &mut out),
            Self::Base32 => {
                let (mut group, mut bits) = (0u64, 0);
                for b in run {
                    let five = if b.is_ascii_uppercase() { b - b'A' } else { (b & 7).wrapping_sub(2) + 26 };
                    group = group << 5 | u64::from(five);
                    bits += 5;
                    if bits >= 8 {
                        bits -= 8;
                        out.push((group >> bits) as u8);
                    }
                }
            }
            Self::Hex => {
                let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0) as u8;
                out.extend(run.chunks_exact(2).map(|pair| match pair {
                    [high, low] => digit(high) << 4 | digit(low),
                    _ => 0,
                }));
            }
        }
        out
    }
}

/// The run being read.
#[derive(Default)]
pub(crate) struct Runs {
    run: Vec<u8>,
    /// Characters of it on this line.
    line: usize,
    /// Between two lines of it.
    between: bool,
    /// A long run: how it is decoded and where that goes, or nowhere.
    open: Option<Option<(Code, Box<Object>)>>,
}

impl Runs {
    pub(crate) fn read(&mut self, text: &[u8], place: &Place, inquiry: &mut Inquiry) {
        let mut at = 0;
        loop {
            if self.run.is_empty() && self.open.is_none() {
                at = next_run(text, at);
            }
            let Some(rest @ [b, ..]) = text.get(at..) else { return };
            let len = rest.iter().take_while(|b| in_run(**b)).count();
            if len > 0 {
                self.take(rest.get(..len).unwrap_or_default(), place, inquiry);
                at += len;
                continue;
            }
            at += 1;
            match b {
                // Mails break base64 at 76 characters, PEM at 64; prose has shorter words.
                b'\n' | b'\r' if !self.between && self.line >= 40 && self.line.is_multiple_of(4) => {
                    self.between = true;
                    self.line = 0;
                }
                b'\n' | b' ' | b'\t' | b'>' if self.between => {}
                _ => self.end(place, inquiry),
            }
        }
    }

    fn take(&mut self, mut run: &[u8], place: &Place, inquiry: &mut Inquiry) {
        self.between = false;
        self.line += run.len();
        while self.run.len() + run.len() >= RUN_PART {
            let (some, rest) = run.split_at(RUN_PART - self.run.len());
            self.run.extend_from_slice(some);
            self.part(place, inquiry);
            run = rest;
        }
        self.run.extend_from_slice(run);
    }

    /// Decodes a part of a long run.
    fn part(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let run = std::mem::take(&mut self.run);
        let open = self.open.get_or_insert_with(|| {
            let code = codes(&run).find(|code| sniff::is_plausible(&code.decode(&run)))?;
            Some((code, Box::new(Object::new(Hint::default(), place.disguised(code.name())))))
        });
        if let Some((code, object)) = open {
            object.push(&code.decode(&run), inquiry);
        }
    }

    pub(crate) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.line, self.between) = (0, false);
        if self.open.is_none() && self.run.len() < RUN_MIN {
            return self.run.clear();
        }
        let run = std::mem::take(&mut self.run);
        match self.open.take() {
            Some(Some((code, mut object))) => {
                object.push(&code.decode(&run), inquiry);
                object.finish(None, inquiry);
            }
            Some(None) => {}
            None => {
                for code in codes(&run) {
                    inspect(&code.decode(&run), code.name(), place, inquiry);
                }
            }
        }
    }
}

fn codes(run: &[u8]) -> impl Iterator<Item = Code> {
    [Code::Hex, Code::Base32, Code::Base64].into_iter().filter(|code| code.fits(run))
}

/// Inspects what a run decodes to, when it means anything.
pub(super) fn inspect(bytes: &[u8], how: &'static str, place: &Place, inquiry: &mut Inquiry) {
    if sniff::is_plausible(bytes) {
        let mut object = Object::new(Hint::default(), place.disguised(how));
        object.push(bytes, inquiry);
        object.finish(None, inquiry);
    }
}

/// The value of every hexadecimal digit.
const HEX: [Option<u8>; 256] = {
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

/// Bytes written as separate pairs of hexadecimal digits: `53 E1 BB`, `53:e1`, `0x53, 0xe1`.
#[derive(Default)]
pub(crate) struct Pairs {
    bytes: Vec<u8>,
    /// The digit of a pair that waits for the other one.
    high: Option<u8>,
    /// Characters since the last pair.
    gap: usize,
}

impl Pairs {
    /// Whether three pairs follow each other: two are words as often as not.
    pub(crate) fn suspects(text: &[u8]) -> bool {
        const LANE: usize = 64;
        let hex = |at: usize| text.get(at..at + 2).is_some_and(|p| p.iter().all(u8::is_ascii_hexdigit));
        let exact = |n: usize| match text.get(n) {
            Some(b'0') => matches!(text.get(n + 1), Some(b'x' | b'X')) && hex(n + 2),
            Some(b) => text.get(n + 3) == Some(b) && n >= 2 && hex(n - 2) && hex(n + 1) && hex(n + 4),
            None => false,
        };
        let Some(last) = text.len().checked_sub(3) else { return false };
        (0..last).step_by(LANE).any(|from| {
            let lane = |by: usize| text.get(from + by..(from + by + LANE).min(last + by)).unwrap_or_default();
            // Without a branch, so that it is done for many bytes at once.
            let hit = lane(0).iter().zip(lane(1)).zip(lane(3)).fold(false, |hit, ((a, next), third)| {
                let pair = (a == third) & ((*a == b' ') | (*a == b':') | (*a == b',') | (*a == b'-'));
                hit | pair | ((*a == b'0') & (*next | 0x20 == b'x'))
            });
            hit && (from..(from + LANE).min(last)).any(exact)
        })
    }

    pub(crate) fn read(&mut self, text: &[u8], place: &Place, inquiry: &mut Inquiry) {
        if self.bytes.is_empty() && !Self::suspects(text) {
            return;
        }
        for b in text {
            let value = HEX[usize::from(*b)];
            // Between pairs, nearly everything.
            if value.is_none() && self.bytes.is_empty() && self.high.is_none() {
                self.gap = 0;
                continue;
            }
            match (value, self.high) {
                (Some(_), None) if self.gap == 0 && !self.bytes.is_empty() => self.end(place, inquiry),
                (Some(high), None) => self.high = Some(high),
                (Some(low), Some(high)) => {
                    self.bytes.push(high << 4 | low);
                    (self.high, self.gap) = (None, 0);
                    if self.bytes.len() >= RUN_PART {
                        self.end(place, inquiry);
                    }
                }
                // `0x`: the zero was no digit of a pair.
                (None, Some(0)) if matches!(b, b'x' | b'X') => self.high = None,
                (None, None) if matches!(b, b' ' | b':' | b',' | b'-' | b'\r' | b'\n') && self.gap < 3 => self.gap += 1,
                _ => self.end(place, inquiry),
            }
        }
    }

    pub(crate) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.high, self.gap) = (None, 0);
        if self.bytes.len() >= RUN_MIN / 2 {
            inspect(&std::mem::take(&mut self.bytes), "hex", place, inquiry);
        }
        self.bytes.clear();
    }
}
