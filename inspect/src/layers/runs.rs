//! Runs of characters that may be base64, base32 or hexadecimal.

#[cfg(test)]
mod tests;

use std::ops::Range;

use chot_detectors::{BLOCK, among, decode_base64};

use super::deflate::{self, Deflated};
use super::escape;
use super::pairs::HEX;
use crate::Hint;
use crate::base64;
use crate::inquiry::{Inquiry, Place, Watch};
use crate::object::Object;
use crate::sniff;

/// A shorter run holds no identifier with a word about it.
pub(crate) const RUN_MIN: usize = 16;

/// Mails break base64 at 76 characters, PEM at 64; prose has shorter words. Shorter lines are those of one run only if they
/// are as long as each other.
const LINE_MIN: usize = 40;

/// Hardly a line is longer: mails have 76 characters (RFC 2045 §6.8).
const LINE_USUAL: usize = 80;

/// So much of a run is decoded at a time; a multiple of 4 and 8 characters.
const RUN_PART: usize = 1 << 16;

/// From so many characters on, a run is somebody's file, whatever its bytes look like. Shorter ones that mean nothing
/// are keys, hashes and the identifiers of machines.
const FILE_MIN: usize = 1 << 10;

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

pub(super) fn in_run(b: u8) -> bool {
    IN_RUN[usize::from(b)]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// How many characters to leave out so that the rest means something: a word may be glued to an encoding, as a
    /// folder of an address is.
    fn shifted(self, run: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
        if self != Self::Base64 {
            return None;
        }
        let found = shifts(run).find(|seen| {
            self.decode(run.get(seen.clone()).unwrap_or_default(), decoded);
            sniff::is_plausible(decoded)
        });
        found.map(|seen| seen.start % 4)
    }

    /// What `run` stands for, in place of what `out` holds.
    fn decode(self, run: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64 => base64::decode_over(run, out),
            Self::Base32 => {
                out.clear();
                let (mut group, mut bits) = (0u64, 0);
                for b in run {
                    let five = if b.is_ascii_digit() { (b & 7).wrapping_sub(2) + 26 } else { (b & 31).wrapping_sub(1) };
                    group = group << 5 | u64::from(five);
                    bits += 5;
                    if bits >= 8 {
                        bits -= 8;
                        out.push((group >> bits) as u8);
                    }
                }
            }
            Self::Hex => {
                out.clear();
                let run = unprefixed(run);
                let digit = |b: &u8| HEX[usize::from(*b)].unwrap_or(0);
                out.extend(run.chunks_exact(2).map(|pair| match pair {
                    [high, low] => digit(high) << 4 | digit(low),
                    _ => 0,
                }));
            }
        }
    }
}

/// What a run decodes to.
enum Content {
    Plain(Box<Object>),
    /// What begins as a container does.
    Container(Box<Object>, Watch),
    Deflated(Box<Deflated>),
}

impl Content {
    fn new(decoded: &[u8], code: Code, place: &Place, inquiry: &Inquiry) -> Self {
        if code == Code::Base64 && !sniff::is_plausible(decoded) && deflate::begins(decoded) {
            return Self::Deflated(Box::new(Deflated::new(code.name(), place)));
        }
        let object = Box::new(Object::new(Hint::default(), place.disguised(code.name())));
        if sniff::is_container(decoded) {
            return Self::Container(object, Watch::new(decoded, false, place, inquiry));
        }
        Self::Plain(object)
    }

    fn push(&mut self, decoded: &[u8], inquiry: &mut Inquiry) {
        match self {
            Self::Plain(object) => object.push(decoded, inquiry),
            Self::Container(object, watch) => inquiry.watch(watch, |inquiry| object.push(decoded, inquiry)),
            Self::Deflated(deflated) => deflated.push(decoded, inquiry),
        }
    }

    fn finish(self, place: &Place, inquiry: &mut Inquiry) {
        match self {
            Self::Plain(mut object) => object.finish(None, inquiry),
            Self::Container(mut object, mut watch) => {
                inquiry.watch(&mut watch, |inquiry| object.finish(None, inquiry));
                inquiry.watched(watch, place);
            }
            Self::Deflated(deflated) => deflated.finish(inquiry),
        }
    }
}

/// The run being read.
#[derive(Default)]
pub(super) struct Runs {
    run: Vec<u8>,
    /// Characters of it on this line.
    line: usize,
    /// Between two lines of it.
    between: bool,
    /// As much of it stands on whole lines: what comes behind may be no part of it.
    whole: usize,
    /// Characters of its first line, if it has several.
    width: usize,
    /// A character that is no hexadecimal digit stands in it.
    not_hex: bool,
    /// An escape or a soft line break stands behind it: where that is undone, it goes on.
    cut: bool,
    /// A long run: how it is decoded and where that goes.
    open: Option<(Code, Content)>,
    decoded: Vec<u8>,
}

impl Runs {
    /// Reads the next `core` of a text, in which `words` are the runs of at least [`RUN_MIN`].
    pub(super) fn read(
        &mut self,
        text: &[u8],
        core: &Range<usize>,
        words: &[Range<usize>],
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let mut words = words.iter().peekable();
        let mut at = core.start;
        while at < core.end {
            while words.next_if(|word| word.end <= at).is_some() {}
            if self.run.is_empty() && self.open.is_none() {
                let Some(word) = words.peek() else { return };
                // `\x4e67…`, as databases write bytes.
                let is_escaped =
                    matches!(text.get(word.start.wrapping_sub(1)..word.end), Some([b'\\', b'x' | b'X', ..]));
                at = at.max(word.start + usize::from(is_escaped));
            }
            let mut len = match words.peek() {
                Some(word) if word.start <= at => word.end - at,
                // The last line of several may be shorter.
                _ => text.get(at..core.end).unwrap_or_default().iter().take_while(|b| in_run(**b)).count(),
            };
            if len > 0 {
                loop {
                    self.take(text, at..at + len, place, inquiry);
                    at += len;
                    words.next_if(|word| word.end <= at);
                    // One line behind the other, nearly always.
                    let next = words.peek().filter(|word| word.start == at + 1 && text.get(at) == Some(&b'\n'));
                    let Some(next) = next.filter(|_| self.is_line(text, at)) else { break };
                    (at, len) = (next.start, next.len());
                    self.end_line();
                }
                continue;
            }
            match text.get(at) {
                Some(b'\n' | b'\r') if !self.between && self.is_line(text, at) => {
                    self.between = true;
                    self.end_line();
                }
                Some(b'\n' | b' ' | b'\t' | b'>') if self.between => {}
                // Slashes as many programs write them in JSON.
                Some(b'\\') if self.line > 0 && text.get(at + 1) == Some(&b'/') => {}
                _ => {
                    self.cut = escape::cuts(text, at);
                    self.end(place, inquiry);
                    self.cut = false;
                }
            }
            at += 1;
        }
    }

    /// Whether what was read may be a whole line, which ends at `at`.
    fn is_line(&self, text: &[u8], at: usize) -> bool {
        self.line.is_multiple_of(4) && (self.line >= LINE_MIN || self.line >= RUN_MIN && self.is_short_line(text, at))
    }

    /// Whether a short line is one of several: as long as the first, and so is the next, but for the last of three or more.
    fn is_short_line(&self, text: &[u8], at: usize) -> bool {
        let next = at + 1 + usize::from(text.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")));
        let next = text.get(next..).unwrap_or_default().iter().take(self.line + 1).take_while(|b| in_run(**b)).count();
        let is_first = self.width == 0 && self.open.is_none();
        next == self.line && is_first || self.line == self.width && (1..=self.line).contains(&next)
    }

    fn end_line(&mut self) {
        if self.width == 0 {
            self.width = self.line;
        }
        (self.line, self.whole) = (0, self.run.len());
    }

    /// Reads short lines each for itself: together they mean nothing. What goes on with a line stays.
    fn lines_alone(&mut self, width: usize, place: &Place, inquiry: &mut Inquiry) {
        let run = std::mem::take(&mut self.run);
        let (line, between, not_hex) = (self.line, self.between, self.not_hex);
        let lines = run.chunks_exact(width);
        let rest = lines.remainder();
        for one in lines {
            self.run.extend_from_slice(one);
            self.end(place, inquiry);
        }
        self.run.extend_from_slice(rest);
        (self.line, self.between, self.not_hex, self.whole, self.width) = (line, between, not_hex, 0, 0);
    }

    /// Takes a part of the run, all of it on one line.
    fn take(&mut self, text: &[u8], mut line: Range<usize>, place: &Place, inquiry: &mut Inquiry) {
        let run = text.get(line.clone()).unwrap_or_default();
        let is_hex = |run: &[u8]| run.iter().all(|b| HEX[usize::from(*b)].is_some());
        // A line of hexadecimal digits is no part of the words on the next.
        let goes_on = self.line == 0 && (self.open.is_some() || !self.run.is_empty());
        if goes_on && !self.not_hex && !is_hex(run) {
            self.end(place, inquiry);
        }
        self.not_hex = self.not_hex || !is_hex(unprefixed(run));
        self.between = false;
        self.line += run.len();
        while self.run.len() + line.len() >= RUN_PART {
            let end = line.start + RUN_PART - self.run.len();
            self.run.extend_from_slice(text.get(line.start..end).unwrap_or_default());
            self.part(place, inquiry);
            line.start = end;
        }
        let len = self.run.len() + line.len();
        match text.get(line.start..).and_then(<[u8]>::first_chunk::<LINE_USUAL>) {
            // As many bytes for nearly all lines are copied without a call.
            Some(all) if line.len() <= LINE_USUAL => {
                self.run.extend_from_slice(all);
                self.run.truncate(len);
            }
            _ => self.run.extend_from_slice(text.get(line).unwrap_or_default()),
        }
    }

    /// Decodes a part of a long run.
    fn part(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let mut decoded = std::mem::take(&mut self.decoded);
        let mut meant = None;
        if self.open.is_none() {
            let mut means = |code: &Code| {
                code.decode(&self.run, &mut decoded);
                sniff::is_plausible(&decoded)
            };
            meant = codes(&self.run).find(|code| means(code));
            if let (None, width @ RUN_MIN..LINE_MIN) = (meant, self.width) {
                self.decoded = decoded;
                return self.lines_alone(width, place, inquiry);
            }
        }
        let code = match &self.open {
            Some((code, _)) => *code,
            None => meant.or_else(|| codes(&self.run).next()).unwrap_or(Code::Base64),
        };
        code.decode(&self.run, &mut decoded);
        let (_, content) = self.open.get_or_insert_with(|| (code, Content::new(&decoded, code, place, inquiry)));
        content.push(&decoded, inquiry);
        self.run.clear();
        self.decoded = decoded;
    }

    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.line, self.between, self.not_hex) = (0, false, false);
        let (whole, width) = (std::mem::take(&mut self.whole), std::mem::take(&mut self.width));
        let mut decoded = std::mem::take(&mut self.decoded);
        if let Some((code, mut content)) = self.open.take() {
            code.decode(&self.run, &mut decoded);
            content.push(&decoded, inquiry);
            content.finish(place, inquiry);
        } else if self.run.len() >= RUN_MIN && (whole > 0 || short_means(&self.run) != Some(false)) {
            let mut means = false;
            for code in codes(&self.run) {
                code.decode(&self.run, &mut decoded);
                means |= self.inspect(&decoded, code, place, inquiry);
            }
            let whole = self.run.get(..whole).unwrap_or_default();
            if let Some(code) = codes(whole).next().filter(|_| !means && !whole.is_empty()) {
                code.decode(whole, &mut decoded);
                means = inspect(&decoded, code.name(), place, inquiry);
            }
            if let (false, RUN_MIN..LINE_MIN) = (means, width) {
                self.decoded = decoded;
                self.lines_alone(width, place, inquiry);
                // The last line may be shorter.
                return self.end(place, inquiry);
            }
            let first = codes(&self.run).next().filter(|_| !means);
            if first.is_some() && is_deflated(&self.run, &mut decoded) {
                let mut deflated = Deflated::new(Code::Base64.name(), place);
                deflated.push(&decoded, inquiry);
                deflated.finish(inquiry);
                self.run.clear();
                self.decoded = decoded;
                return;
            }
            let shifted = first.and_then(|code| code.shifted(&self.run, &mut decoded));
            let message = first.filter(|_| shifted.is_none()).and_then(|_| is_message(&self.run, &mut decoded));
            let is_file = shifted.is_some() || self.run.len() >= FILE_MIN;
            if let Some(code) = message.or_else(|| first.filter(|_| is_file)) {
                code.decode(self.run.get(shifted.unwrap_or(0)..).unwrap_or_default(), &mut decoded);
                open(&decoded, code.name(), place, inquiry);
            }
        }
        self.run.clear();
        self.decoded = decoded;
    }

    /// As [`inspect`], of what the run decodes to, which may be cut.
    fn inspect(&self, bytes: &[u8], code: Code, place: &Place, inquiry: &mut Inquiry) -> bool {
        inspect_cut(bytes, self.cut, code.name(), place, inquiry)
    }
}

/// Whether what a run comes to is some message of a program with a number in it.
fn is_message(run: &[u8], room: &mut Vec<u8>) -> Option<Code> {
    codes(run).find(|code| {
        code.decode(run, room);
        sniff::holds_number(room)
    })
}

/// Whether a whole run comes to nothing: [`Runs::end`] would open nothing for it. `room` is for what it decodes to.
pub(super) fn mean_nothing(run: &[u8], room: &mut Vec<u8>) -> bool {
    // What databases write before bytes may stand before it.
    if let [b'x' | b'X', hex @ ..] = run
        && hex.len() >= RUN_MIN
        && hex.iter().all(u8::is_ascii_hexdigit)
        && !mean_nothing(hex, room)
    {
        return false;
    }
    if let Some(means) = short_means(run) {
        return !means;
    }
    let mut means = |code: Code| {
        code.decode(run, room);
        sniff::is_plausible(room)
    };
    run.len() < FILE_MIN
        && !codes(run).any(&mut means)
        && !is_deflated(run, room)
        && codes(run).next().is_none_or(|code| code.shifted(run, room).is_none())
        && is_message(run, room).is_none()
}

/// Whether a run of base64 is a content that was packed without a header, which `room` then holds. Shorter ones hold nobody's
/// number with a word beside it.
fn is_deflated(run: &[u8], room: &mut Vec<u8>) -> bool {
    if run.len() <= BLOCK || !codes(run).any(|code| code == Code::Base64) {
        return false;
    }
    Code::Base64.decode(run, room);
    deflate::begins(room)
}

/// Whether a short run that can only be base64 means anything, decoded as [`Runs::end`] does; `None` for any other. Runs are
/// asked about for each record of an answer.
fn short_means(run: &[u8]) -> Option<bool> {
    // Room for a whole step of decoding from anywhere; what stands behind the run is none of what `is_chance` looks for.
    let mut text = [b'Q'; BLOCK + SEEN];
    text.get_mut(..BLOCK)?.get_mut(..run.len())?.copy_from_slice(run);
    let block = text.first_chunk()?;
    let signs = among(block, *b"-_+/");
    // Those are of no other code.
    if signs == 0 && !codes(run).eq([Code::Base64]) {
        return None;
    }
    if is_chance(run, block, signs) {
        return Some(false);
    }
    let mut out = [0; BLOCK + SEEN];
    let mut means = |range: Range<usize>, means: fn(&[u8]) -> bool| {
        let read = decode_base64(text.get(range.start..range.start + range.len().next_multiple_of(SEEN))?, &mut out);
        let bytes = out.get(..range.len() * 6 / 8).filter(|_| read >= range.len())?;
        Some(means(bytes))
    };
    if means(0..run.len(), sniff::is_plausible)? {
        return Some(true);
    }
    for seen in shifts(run) {
        if means(seen, sniff::is_plausible)? {
            return Some(true);
        }
    }
    means(0..run.len(), sniff::holds_number)
}

/// Whether a short run of base64, which `block` begins with, is certainly chance, told without decoding more of it than its
/// beginnings: they are those of no container and no UTF-8, and all of it decodes to neither a zero nor the digits of a
/// number. False says nothing. `signs` are the characters that are no letters and digits, a bit each.
fn is_chance(run: &[u8], block: &[u8; BLOCK], signs: u64) -> bool {
    // `A` to `P` are less than 16: without them no byte is zero. `D`, `T`, `j` and `z` end in the bits that digits begin with:
    // without them and `M` to `O` a digit is the third of three bytes, of which a shifted run has eight.
    let plain = block.iter().fold(true, |plain, b| plain & !matches!(b, b'A'..=b'P' | b'T' | b'j' | b'z'));
    let ends_otherwise = |four: &&[u8; 4]| !matches!(four[3], b'0'..=b'5' | b'w'..=b'z');
    let groups = run.as_chunks().0;
    // Not so many groups are left that may end in a digit.
    let few = groups.len().checked_sub(sniff::DIGITS_MIN);
    let few = few.is_none_or(|spare| groups.iter().filter(ends_otherwise).nth(spare).is_some());
    let is_none = |seen: Range<usize>| {
        let groups: &[[u8; 4]] = run.get(seen.clone()).unwrap_or_default().as_chunks().0;
        if is_broken(signs, &seen) {
            return groups.first().is_some_and(|four| !sniff::may_begin(base64::three(four)));
        }
        sniff::is_no_beginning(groups.iter().map(base64::three))
    };
    plain && few && is_none(0..run.len()) && shifts(run).all(is_none)
}

/// Whether one of these characters begins a group of four of those that are seen. They are the last two of the alphabet: a
/// byte that begins with their bits is in no UTF-8.
fn is_broken(signs: u64, seen: &Range<usize>) -> bool {
    /// The first of each group of four.
    const FIRSTS: u64 = u64::MAX / 0xf;
    let groups = seen.len() as u32 / 4;
    let whole = u64::MAX.checked_shr(u64::BITS.saturating_sub(4 * groups)).unwrap_or_default();
    signs >> seen.start & FIRSTS & whole != 0
}

/// Whether a run means nothing, whatever digits stand in it in place of its own: as paths do, by where their slashes stand.
/// False says nothing.
pub(super) fn is_chance_whatever_digits(run: &[u8]) -> bool {
    // What the first of these begin with tells what begins there, and each way to look at a run begins in the first of them.
    const FIRST: usize = 6;
    if run.len() >= GLUED + SEEN || run.iter().take(FIRST).any(u8::is_ascii_digit) {
        return false;
    }
    let mut block = [b'Q'; BLOCK];
    // A group that ends in it may end in the digit of a number.
    block.iter_mut().zip(run).for_each(|(to, b)| *to = if b.is_ascii_digit() { b'0' } else { *b });
    let (run, signs) = (block.get(..run.len()).unwrap_or_default(), among(&block, *b"-_+/"));
    is_broken(signs, &(0..run.len()))
        && shifts(run).all(|seen| is_broken(signs, &seen))
        && is_chance(run, &block, signs)
}

/// Where a run is looked at that may have a word before it: a folder of an address, say.
fn shifts(run: &[u8]) -> impl Iterator<Item = Range<usize>> + use<> {
    let (from, end) = (if run.len() >= GLUED + SEEN { GLUED } else { 0 }, run.len());
    (1..4).map(move |by| from + by..end.min(from + by + SEEN)).filter(|seen| seen.len() + 4 > SEEN)
}

/// A word before a run is no longer, when that is long.
const GLUED: usize = 16;
/// Characters that tell whether a shifted run means anything.
const SEEN: usize = 32;

/// Hexadecimal digits without what announces them.
fn unprefixed(run: &[u8]) -> &[u8] {
    run.strip_prefix(b"0x").or_else(|| run.strip_prefix(b"0X")).unwrap_or(run)
}

/// What a run may be. Of two chosen at random, base64 and hexadecimal, one in billions is both.
fn codes(run: &[u8]) -> impl Iterator<Item = Code> + use<> {
    let (hex, base32) =
        if unprefixed(run).iter().all(u8::is_ascii_hexdigit) { (true, false) } else { (false, is_base32(run)) };
    let even = hex && run.len().is_multiple_of(2);
    let codes = [even.then_some(Code::Hex), base32.then_some(Code::Base32), (!hex).then_some(Code::Base64)];
    codes.into_iter().flatten()
}

/// Whether a run is of the signs of base32, in capitals (RFC 4648 §6), or in small letters as some programs write it: without a digit
/// that is a word.
fn is_base32(run: &[u8]) -> bool {
    let of = |is_letter: fn(&u8) -> bool| run.iter().all(|b| is_letter(b) || matches!(b, b'2'..=b'7'));
    of(u8::is_ascii_uppercase) || of(u8::is_ascii_lowercase) && run.iter().any(u8::is_ascii_digit)
}

/// Inspects what a run decodes to, when it means anything; tells whether it does.
pub(super) fn inspect(bytes: &[u8], how: &'static str, place: &Place, inquiry: &mut Inquiry) -> bool {
    inspect_cut(bytes, false, how, place, inquiry)
}

/// As [`inspect`]; `cut` says that something cuts it behind `bytes`.
fn inspect_cut(bytes: &[u8], cut: bool, how: &'static str, place: &Place, inquiry: &mut Inquiry) -> bool {
    if sniff::is_container(bytes) {
        inquiry.contained(bytes, cut, place, |inquiry| open(bytes, how, place, inquiry));
        return true;
    }
    let means = sniff::is_plausible(bytes);
    if means {
        open(bytes, how, place, inquiry);
    }
    means
}

fn open(bytes: &[u8], how: &'static str, place: &Place, inquiry: &mut Inquiry) {
    let mut object = Object::new(Hint::default(), place.disguised(how));
    object.push(bytes, inquiry);
    object.finish(None, inquiry);
}
