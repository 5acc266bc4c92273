//! Writes items as JSON.

use std::io::Write;

use super::Item;
use crate::formats::protobuf::is_text;

/// Text as it is written.
#[derive(Default)]
pub(super) struct Json {
    pub(super) text: Vec<u8>,
    /// What is open: whether it is a map, and how many items stand in it.
    open: Vec<(bool, u64)>,
}

impl Json {
    /// Writes the next item.
    pub(super) fn item(&mut self, item: Item<'_>) {
        if item == Item::End {
            if let Some((is_map, _)) = self.open.pop() {
                self.text.push(if is_map { b'}' } else { b']' });
            }
            self.ended();
            return;
        }
        let is_key = self.open.last().is_some_and(|(is_map, n)| *is_map && n.is_multiple_of(2));
        if let Some((is_map, n)) = self.open.last_mut() {
            match (*is_map && !n.is_multiple_of(2), *n) {
                (true, _) => self.text.push(b':'),
                (false, 0) => {}
                (false, _) => self.text.push(b','),
            }
            *n += 1;
        }
        match item {
            Item::List | Item::Map => {
                let is_map = item == Item::Map;
                self.text.push(if is_map { b'{' } else { b'[' });
                self.open.push((is_map, 0));
            }
            Item::End => {}
            Item::Text(text) => self.string(text),
            Item::Bytes(bytes) if is_text(bytes) => self.string(bytes),
            // Letters between other bytes are still letters.
            Item::Bytes(bytes) => {
                let runs = bytes.split(|byte| !(0x20..0x7f).contains(byte)).filter(|run| run.len() > 3);
                self.string(&runs.collect::<Vec<_>>().join(&b' '));
            }
            Item::Whole(_) | Item::Real(_) | Item::Word(_) | Item::Unread if is_key => {
                self.text.push(b'"');
                self.bare(item);
                self.text.push(b'"');
            }
            Item::Whole(_) | Item::Real(_) | Item::Word(_) | Item::Unread => self.bare(item),
        }
        self.ended();
    }

    /// One behind another stands on a line of its own.
    fn ended(&mut self) {
        if self.open.is_empty() {
            self.text.push(b'\n');
        }
    }

    fn bare(&mut self, item: Item<'_>) {
        // Written in full, a number keeps its digits; beyond these it has none to keep, and up to three hundred zeros.
        const FULL_MAX: f64 = 1e18;
        const FULL_MIN: f64 = 1e-18;
        // Writing into memory never fails.
        let _ = match item {
            Item::Whole(value) => write!(self.text, "{value}"),
            Item::Real(value) if value == 0.0 || (FULL_MIN..FULL_MAX).contains(&value.abs()) => {
                write!(self.text, "{value}")
            }
            Item::Real(value) if value.is_finite() => write!(self.text, "{value:e}"),
            Item::Word(word) => write!(self.text, "{word}"),
            _ => write!(self.text, "null"),
        };
    }

    fn string(&mut self, text: &[u8]) {
        self.text.push(b'"');
        for part in text.split_inclusive(|b| matches!(b, b'"' | b'\\' | ..0x20)) {
            match part.split_last() {
                Some((escaped @ (b'"' | b'\\'), plain)) => {
                    self.text.extend_from_slice(plain);
                    self.text.extend([b'\\', *escaped]);
                }
                Some((control @ ..0x20, plain)) => {
                    self.text.extend_from_slice(plain);
                    let _ = write!(self.text, "\\u{control:04x}");
                }
                _ => self.text.extend_from_slice(part),
            }
        }
        self.text.push(b'"');
    }
}
