//! Files printed byte by byte, as `xxd`, `hexdump` and `od` do: a place, hexadecimal digits, and perhaps the letters they are.
//!
//! `00000010: 4343 442c 4e67 c3a0  CCD,Ng..`

use std::ops::Range;

use chot_model::OpaqueReason;

use super::pairs::HEX;
use super::runs::RUN_MIN;
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::sniff;

/// What the place on the first line begins with: these programs write six to eight digits of it.
const FIRST: &[u8] = b"000000";
const PLACE_MAX: usize = 16;
/// A line of 64 bytes with its letters.
const LINE_MAX: usize = 320;
const LINE_BYTES_MAX: usize = 64;
/// So many bytes are handed on at a time.
const BYTES_MAX: usize = 1 << 16;

/// The first place in a text at which one may begin, given where its lines end.
pub(super) fn begin(text: &[u8], core: &Range<usize>, ends: impl Iterator<Item = usize>) -> Option<usize> {
    let begins = |at: &usize| {
        let rest = text.get(*at..).filter(|rest| rest.starts_with(FIRST)).unwrap_or_default();
        // A number that begins with zeros has no blank behind them, nor four digits more.
        rest.iter().take(PLACE_MAX + 1).find(|b| **b != b'0').is_some_and(|b| matches!(b, b' ' | b':'))
    };
    // A window may begin within a line.
    let is_line = core.start.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b'\n'));
    is_line.then_some(core.start).into_iter().chain(ends.map(|end| end + 1)).find(begins).filter(|at| *at < core.end)
}

/// The dump being read.
#[derive(Default)]
pub(super) struct Dump {
    open: bool,
    line: Vec<u8>,
    bytes: Vec<u8>,
    /// All groups so far were of two bytes, which a program may have written in its own order.
    words: bool,
    /// A long dump: where its bytes go, and those in the other order.
    objects: [Option<Box<Object>>; 2],
    before: Line,
    /// Whether places are octal, once two lines have told.
    octal: Option<bool>,
    /// `*` stood behind that line: it goes on to the next place.
    repeats: bool,
}

impl Dump {
    /// Reads the next `core` of a text in which a dump may begin at `begin`.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        core: &Range<usize>,
        begin: Option<usize>,
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let mut at = match (self.open, begin) {
            (true, _) => core.start,
            (false, Some(begin)) => begin,
            (false, None) => return,
        };
        self.open = true;
        while let Some(rest @ [_, ..]) = text.get(at..core.end) {
            let (len, ends) = memchr::memchr(b'\n', rest).map_or((rest.len(), false), |n| (n + 1, true));
            let part = rest.get(..len).unwrap_or_default();
            at += len;
            // A longer line is none of a dump.
            if self.line.len() + part.len() <= LINE_MAX {
                self.line.extend_from_slice(part);
            } else {
                self.line.clear();
                self.line.push(b'?');
            }
            if ends {
                self.end_line(place, inquiry);
            }
        }
    }

    fn end_line(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let line = std::mem::take(&mut self.line);
        // `*` stands for lines like the one before.
        if line.trim_ascii() == b"*" {
            self.repeats = true;
            return;
        }
        let mut bytes = Vec::new();
        match bytes_of(&line, &mut bytes) {
            Some(words) => {
                self.words = words && (self.words || self.before.bytes.is_empty());
                let before = std::mem::replace(&mut self.before, Line::new(line, bytes));
                self.repeat(before, place, inquiry);
                let bytes = std::mem::take(&mut self.before.bytes);
                self.take(&bytes, place, inquiry);
                self.before.bytes = bytes;
            }
            None => self.close(place, inquiry),
        }
    }

    /// Takes the line before once more for each line that `*` stood for. Where nothing stood, learns how places are counted.
    fn repeat(&mut self, before: Line, place: &Place, inquiry: &mut Inquiry) {
        let apart = |octal: bool| self.before.at(octal)?.checked_sub(before.at(octal)?);
        let len = before.bytes.len() as u64;
        if !std::mem::take(&mut self.repeats) {
            let is_next = |octal: &bool| len > 0 && apart(*octal) == Some(len);
            self.octal = self.octal.or_else(|| [false, true].into_iter().find(is_next));
            return;
        }
        let lines = apart(self.octal.unwrap_or_default()).and_then(|apart| apart.checked_div(len)).unwrap_or_default();
        for _ in 1..lines {
            if !inquiry.inflate(before.bytes.len()) {
                return inquiry.refuse(place, OpaqueReason::TooLarge, 1);
            }
            self.take(&before.bytes, place, inquiry);
        }
    }

    fn take(&mut self, bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= BYTES_MAX {
            self.part(place, inquiry);
        }
    }

    /// Hands a part of a long dump on.
    fn part(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let Self { bytes, words, objects, .. } = self;
        let has_words = *words || objects.iter().skip(1).any(Option::is_some);
        let mut swapped = if has_words { bytes.clone() } else { Vec::new() };
        swapped.as_chunks_mut::<2>().0.iter_mut().for_each(|word| word.reverse());
        // What begins as nothing known may still hold something further on, in whichever order.
        let means = [bytes.as_slice(), &swapped].map(|bytes| sniff::is_plausible(bytes) || sniff::holds_number(bytes));
        let is_unknown = means == [false; 2] && objects.iter().all(Option::is_none);
        for ((object, means), bytes) in objects.iter_mut().zip(means).zip([bytes.as_slice(), &swapped]) {
            if object.is_none() && (means || is_unknown) && !bytes.is_empty() {
                *object = Some(Box::new(Object::new(Hint::default(), place.disguised("hex"))));
            }
            if let Some(object) = object {
                object.push(bytes, inquiry);
            }
        }
        bytes.clear();
    }

    /// The dump ends; another may begin.
    fn close(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let is_open = self.objects.iter().any(Option::is_some);
        if self.bytes.len() >= RUN_MIN / 2 || is_open && !self.bytes.is_empty() {
            self.part(place, inquiry);
        }
        self.bytes.clear();
        (self.before, self.octal, self.repeats) = (Line::default(), None, false);
        for object in &mut self.objects {
            if let Some(mut object) = object.take() {
                object.finish(None, inquiry);
            }
        }
    }

    /// The text ends.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if self.open {
            self.end_line(place, inquiry);
            self.close(place, inquiry);
        }
        *self = Self::default();
    }
}

/// A line: its place and its bytes.
#[derive(Default)]
struct Line {
    place: Vec<u8>,
    bytes: Vec<u8>,
}

impl Line {
    fn new(mut line: Vec<u8>, bytes: Vec<u8>) -> Self {
        line.truncate(line.iter().take_while(|b| HEX[usize::from(**b)].is_some()).count());
        Self { place: line, bytes }
    }

    /// Where it stands, as `hexdump` counts or as `od` does.
    fn at(&self, octal: bool) -> Option<u64> {
        u64::from_str_radix(std::str::from_utf8(&self.place).ok()?, if octal { 8 } else { 16 }).ok()
    }
}

/// Appends the bytes of a line; whether all its groups are of two bytes. `None`: it is no line of a dump.
fn bytes_of(line: &[u8], out: &mut Vec<u8>) -> Option<bool> {
    const PLACE: std::ops::RangeInclusive<usize> = FIRST.len()..=PLACE_MAX;
    /// `hexdump -C` and `od` set eight and eight apart.
    const HALF: usize = 8;
    let digits = |text: &[u8]| text.iter().take_while(|b| HEX[usize::from(**b)].is_some()).count();
    let len = digits(line);
    let rest = line.get(len..)?;
    let mut rest = rest.strip_prefix(b":").unwrap_or(rest);
    if !PLACE.contains(&len) || !rest.starts_with(b" ") && !rest.trim_ascii().is_empty() {
        return None;
    }
    let (from, mut words) = (out.len(), true);
    loop {
        let blanks = rest.iter().take_while(|b| **b == b' ').count();
        rest = rest.get(blanks..)?;
        let (len, n) = (digits(rest), out.len() - from);
        if n > 0 && blanks != 1 && !(blanks == 2 && n == HALF && !words) || n >= LINE_BYTES_MAX {
            return Some(words);
        }
        let ends = rest.get(len).is_none_or(u8::is_ascii_whitespace);
        if len == 0 || len % 2 != 0 || !ends {
            return (n > 0 || rest.trim_ascii().is_empty()).then_some(words);
        }
        words &= len == 4;
        let value = |b: &u8| HEX[usize::from(*b)].unwrap_or_default();
        let (group, behind) = rest.split_at(len);
        out.extend(group.as_chunks::<2>().0.iter().map(|[high, low]| value(high) << 4 | value(low)));
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use chot_model::DetectorId;

    use super::*;

    #[test]
    fn a_dump_begins_where_it_does_however_the_text_is_cut() {
        for (text, begins) in [
            ("x 00000000: 4343\n\n00000000: 4343\n", Some(18)),
            ("x 00000000: 4343\n", None),
            ("00000000  43 43\n", Some(0)),
            ("an\n0000000 4343\n", Some(3)),
        ] {
            let text = text.as_bytes();
            for cut in 1..text.len() {
                let ends = |core: &Range<usize>| core.clone().filter(|at| text[*at] == b'\n').collect::<Vec<_>>();
                let begin = |core: Range<usize>| begin(text, &core, ends(&core).into_iter());
                assert_eq!(begin(0..cut).or_else(|| begin(cut..text.len())), begins, "{cut}");
            }
        }
    }

    #[test]
    fn a_long_dump_is_one_file() {
        for (before, is_swapped) in [(BYTES_MAX - 20, false), (BYTES_MAX - 20, true), (3 * BYTES_MAX - 20, false)] {
            let mut bytes = "x. ".repeat(before).into_bytes();
            bytes.truncate(before);
            bytes.extend("Số CCCD: 079190123457, ".bytes());
            let mut dump = String::new();
            for (n, line) in bytes.chunks(16).enumerate() {
                let _ = write!(dump, "{:08x}:", n * 16);
                for word in line.chunks(2) {
                    let (first, second) = (word[0], word.get(1).copied().unwrap_or(b' '));
                    let (first, second) = if is_swapped { (second, first) } else { (first, second) };
                    let _ = write!(dump, " {first:02x}{second:02x}");
                }
                dump.push('\n');
            }
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(Hint::default(), &dump.into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{before} {is_swapped}");
        }
    }

    /// As `hexdump -C` and `od -A o -t x1` print bytes, equal lines as `*`.
    fn printed(bytes: &[u8], is_octal: bool) -> String {
        let (mut dump, mut before) = (String::new(), None);
        for (n, line) in bytes.chunks(16).enumerate() {
            if before == Some(line) {
                if !dump.ends_with("*\n") {
                    dump.push_str("*\n");
                }
                continue;
            }
            before = Some(line);
            let at = n * 16;
            let _ = if is_octal { write!(dump, "{at:07o}") } else { write!(dump, "{at:08x}") };
            for byte in line {
                let _ = write!(dump, " {byte:02x}");
            }
            dump.push('\n');
        }
        let _ = if is_octal { writeln!(dump, "{:07o}", bytes.len()) } else { writeln!(dump, "{:08x}", bytes.len()) };
        dump
    }

    #[test]
    fn what_begins_as_nothing_known_is_searched_and_lines_alike_are_all_there() {
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let noise = |len: usize| -> Vec<u8> {
            (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect()
        };
        let said = "Số CCCD: 079190123457.".as_bytes();
        // Its places would not fit without the lines alike.
        let file = vec![0; 4_096];
        let archive = crate::formats::archive(&[("a.bin", &file), ("a.txt", said)]);
        for (what, bytes, found) in [
            ("short", [&noise(300)[..], said, &noise(40)].concat(), 1),
            ("over the border of a part", [&noise(BYTES_MAX - 14)[..], said].concat(), 1),
            ("behind a part", [&noise(3 * BYTES_MAX)[..], said].concat(), 1),
            ("noise", noise(BYTES_MAX * 2), 0),
            ("over lines alike", b"So CCCD:        190123457    079190123457    079x".to_vec(), 1),
            ("an archive", archive, 1),
        ] {
            for is_octal in [false, true] {
                let dump = printed(&bytes, is_octal);
                let inspection = inspector.inspect(Hint::default(), &dump.into_bytes()).inspection;
                assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{what} {is_octal}: {inspection:?}");
            }
        }
        let bomb = "00000000 00 00 00 00\n*\nffffffffff\n";
        let inspection = inspector.inspect(Hint::default(), &bomb.as_bytes().to_vec()).inspection;
        assert!(inspection.is_opaque(OpaqueReason::TooLarge), "{inspection:?}");
    }

    #[test]
    fn lines_are_read_as_the_programs_write_them() {
        for (line, bytes) in [
            ("00000000: 4343 442c 4e67  CCD,Ng", Some("CCD,Ng")),
            ("00000000  43 43 44 2c 20 c3 a0 79  20 73 69  |CCD, ..y si|", Some("CCD, \u{e0}y si")),
            ("000000 43 43 44 2c 20 c3 a0 79 20 73 >CCD, ..y s<", Some("CCD, \u{e0}y s")),
            ("00000010: 43 43 44  abba", Some("CCD")),
            ("0000000 4343 2c44\r", Some("CC,D")),
            ("0000013", Some("")),
            ("00000000: ", Some("")),
            ("001090123456, Nguyễn Văn An", None),
            ("00000000: Nguyễn", None),
            ("2026-01-01", None),
        ] {
            let mut out = Vec::new();
            let is_one = bytes_of(line.as_bytes(), &mut out).is_some();
            assert_eq!(is_one.then(|| String::from_utf8_lossy(&out)).as_deref(), bytes, "{line}");
        }
    }
}
