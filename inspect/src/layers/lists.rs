//! Lists of numbers that go on beyond a window of text, `[80,75,3,4,…]`: the bytes or characters of somebody's file, as
//! programs write them. Shorter ones are read where they stand (`program.rs`).
//!
//! No program is run, and numbers that stand in no brackets are a table.

use std::ops::Range;

use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::sniff;

/// A list goes on behind a window that ends in so much of one.
const TAIL: usize = 64;
/// A shorter window is a piece of a text, or its end.
const WINDOW_MIN: usize = 1 << 15;
/// Commas in that.
const COMMAS_MIN: usize = 8;
/// From so many numbers on, a list is somebody's file, whatever its bytes look like.
const FILE_MIN: usize = 1 << 10;
/// Decoded at a time.
const PART: usize = 1 << 12;

/// The list that is being read, if one is.
#[derive(Default)]
pub(super) struct Lists(Option<List>);

struct List {
    file: Written,
    /// The number so far, if one began.
    number: Option<Number>,
}

#[derive(Clone, Copy)]
struct Number {
    value: u32,
    radix: u32,
}

/// What a list of numbers stands for, as far as that means anything: a file, or text.
#[derive(Default)]
pub(crate) struct Written {
    numbers: Vec<u32>,
    /// What it goes to, once a part of it was any of them.
    kind: Option<Kind>,
}

enum Kind {
    Bytes(Box<Object>),
    Characters(Box<Object>),
}

impl Written {
    /// Adds a number: a byte, or a character; whether it is one.
    pub(crate) fn add(&mut self, number: u32, place: &Place, inquiry: &mut Inquiry) -> bool {
        if char::from_u32(number).is_none() {
            return false;
        }
        self.numbers.push(number);
        if self.numbers.len() >= PART {
            self.part(place, inquiry);
        }
        true
    }

    /// Whether no number was added.
    pub(crate) const fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.kind.is_none()
    }

    fn part(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let numbers = std::mem::take(&mut self.numbers);
        let bytes = || numbers.iter().map(|n| u8::try_from(*n).unwrap_or(b'?')).collect::<Vec<_>>();
        let text = || numbers.iter().copied().filter_map(char::from_u32).collect::<String>().into_bytes();
        if self.kind.is_none() {
            let object = || Box::new(Object::new(Hint::default(), place.disguised("byte-list")));
            self.kind = match numbers.iter().all(|n| *n < 256) {
                true if numbers.len() >= FILE_MIN || means(&bytes()) => Some(Kind::Bytes(object())),
                _ if means(&text()) => Some(Kind::Characters(object())),
                _ => None,
            };
        }
        match &mut self.kind {
            Some(Kind::Bytes(object)) => object.push(&bytes(), inquiry),
            Some(Kind::Characters(object)) => object.push(&text(), inquiry),
            None => {}
        }
        self.numbers = numbers;
        self.numbers.clear();
    }

    /// The list ends.
    pub(crate) fn end(mut self, place: &Place, inquiry: &mut Inquiry) {
        self.part(place, inquiry);
        if let Some(Kind::Bytes(mut object) | Kind::Characters(mut object)) = self.kind {
            object.finish(None, inquiry);
        }
    }
}

/// Whether bytes are text or a file. Digits without letters are ages and marks, numbers of characters by chance.
fn means(bytes: &[u8]) -> bool {
    const BYTES_MIN: usize = 16;
    const LETTERS_MIN: usize = 3;
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    bytes.len() >= BYTES_MIN && letters >= LETTERS_MIN && (sniff::is_plausible(bytes) || sniff::holds_number(bytes))
}

impl Lists {
    /// Reads `core`, the next window of a text.
    pub(super) fn read(&mut self, text: &[u8], core: &Range<usize>, place: &Place, inquiry: &mut Inquiry) {
        if let Some(list) = &mut self.0
            && list.read(text.get(core.clone()).unwrap_or_default(), place, inquiry)
        {
            self.end(place, inquiry);
        }
        if self.0.is_none()
            && let Some(start) = begins(text, core)
        {
            let mut list = List { file: Written::default(), number: None };
            let ended = list.read(text.get(start..core.end).unwrap_or_default(), place, inquiry);
            self.0 = Some(list);
            if ended {
                self.end(place, inquiry);
            }
        }
    }

    /// The text ends.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if let Some(mut list) = self.0.take() {
            list.add(place, inquiry);
            list.file.end(place, inquiry);
        }
    }
}

/// Where the list begins that goes on behind the end of `core`: behind its bracket.
fn begins(text: &[u8], core: &Range<usize>) -> Option<usize> {
    let tail = text.get(core.end.checked_sub(TAIL)?..core.end).filter(|_| core.len() >= WINDOW_MIN)?;
    let goes_on = tail.iter().all(|b| is_listed(*b)) && tail.iter().filter(|b| **b == b',').count() >= COMMAS_MIN;
    // The first number may be another list's last.
    let start = text.get(..core.end)?.iter().rposition(|b| !is_listed(*b)).filter(|_| goes_on)?;
    matches!(text.get(start), Some(b'[' | b'{' | b'(')).then_some(start + 1)
}

/// Whether a byte may be part of a list of numbers, decimal or hexadecimal.
const fn is_listed(b: u8) -> bool {
    b.is_ascii_hexdigit() || b.is_ascii_whitespace() || matches!(b, b',' | b'x' | b'X')
}

impl List {
    /// Reads on; whether the list ended.
    fn read(&mut self, text: &[u8], place: &Place, inquiry: &mut Inquiry) -> bool {
        for b in text {
            match (b, &mut self.number) {
                (b'0'..=b'9', None) => self.number = Some(Number { value: u32::from(b - b'0'), radix: 10 }),
                (b'x' | b'X', Some(number)) if number.value == 0 && number.radix == 10 => number.radix = 16,
                (b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F', Some(number)) => {
                    let digit = char::from(*b).to_digit(number.radix);
                    let value = digit.and_then(|digit| number.value.checked_mul(number.radix)?.checked_add(digit));
                    let Some(value) = value else { return true };
                    number.value = value;
                }
                (b',', _) => {
                    if !self.add(place, inquiry) {
                        return true;
                    }
                }
                (b, _) if b.is_ascii_whitespace() => {}
                _ => return true,
            }
        }
        false
    }

    /// Adds the number so far; whether it is a byte or character.
    fn add(&mut self, place: &Place, inquiry: &mut Inquiry) -> bool {
        self.number.take().is_none_or(|Number { value, .. }| self.file.add(value, place, inquiry))
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn long_lists_are_read_to_their_end() {
        let filling = "Kính gửi quý đơn vị. ".repeat(4_000);
        let said = format!("{filling} Số CCCD: 001090123456\n");
        let bytes = |said: &[u8]| said.iter().map(u8::to_string).collect::<Vec<_>>();
        let units: Vec<String> = said.encode_utf16().map(|unit| unit.to_string()).collect();
        let hex: Vec<String> = said.bytes().map(|b| format!("0x{b:02x}")).collect();
        let zip = crate::formats::archive(&[("a.txt", said.as_bytes())]);
        // As many as are no cipher yet.
        let noise: Vec<u8> = (0..30_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (text, found) in [
            (format!("x = [{}]", bytes(said.as_bytes()).join(",")), 1),
            (format!("// {}\nvar a = String.fromCharCode({});\nf(a);\n", "a ".repeat(70_000), units.join(", ")), 1),
            (
                format!(
                    "unsigned char a[] = {{\n  {}\n}};\n",
                    hex.chunks(12).map(|c| c.join(", ")).collect::<Vec<_>>().join(",\n  ")
                ),
                1,
            ),
            (format!("open('a.zip', 'wb').write(bytes([{}]))\n", bytes(&zip).join(", ")), 1),
            // Behind numbers that are neither.
            (format!("x = [{},{}]", vec!["70000,3"; 4_096].join(","), bytes(said.as_bytes()).join(",")), 1),
            // Cut off, and tables.
            (format!("x = [{}", bytes(said.as_bytes()).join(",")), 1),
            (
                format!("Các số:\n{}\n", bytes(&noise).chunks(8).map(|c| c.join(", ")).collect::<Vec<_>>().join(",\n")),
                0,
            ),
            (format!("anh = [{}]\n", bytes(&noise).join(",")), 0),
        ] {
            let bytes = text.into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
            assert_eq!(
                (inspection.distinct(DetectorId::Cccd), inspection.opaque.len()),
                (found, 0),
                "{start} {:?}",
                inspection.opaque
            );
        }
    }
}
