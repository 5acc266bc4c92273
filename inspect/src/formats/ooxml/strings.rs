//! The shared strings of a workbook: read once, referred to by number, never copied for each cell.

use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::redact::Origin;
use crate::source::Source;
use crate::text::{self, Text};

use super::markup;
use crate::formats::zip::Entry;
use chot_model::OpaqueReason;

/// A longer string is scanned once, here, and not again for each cell that shows it.
const CELL_MAX: usize = 4_096;
/// Text of all strings held at once.
const HELD_MAX: usize = 96 << 20;

/// The strings, and which of them a cell has shown.
pub(super) struct Shared {
    place: Place,
    text: String,
    ends: Vec<usize>,
    shown: Vec<bool>,
}

struct Collecting<'a> {
    shared: &'a mut Shared,
    item: Text,
    side: Text,
    in_text: bool,
    phonetic: bool,
    full: bool,
}

impl Shared {
    pub(super) fn read(source: &dyn Source, entry: &Entry, place: &Place, inquiry: &mut Inquiry) -> Self {
        let member = place.member(&entry.name, Origin::Lost);
        let mut shared = Self { place: member.clone(), text: String::new(), ends: Vec::new(), shown: Vec::new() };
        let mut reader = Collecting {
            item: Text::new(member.clone()),
            side: Text::new(member.clone()),
            shared: &mut shared,
            in_text: false,
            phonetic: false,
            full: false,
        };
        let result = markup(source, entry, &mut reader, inquiry);
        reader.side.finish(inquiry);
        if reader.full {
            inquiry.refuse(&member, OpaqueReason::TooLarge, 1);
        }
        if let Err(reason) = result {
            inquiry.refuse(&member, reason, entry.packed);
        }
        shared
    }

    /// The string of this number, for a cell.
    pub(super) fn show(&mut self, number: usize) -> &str {
        if let Some(shown) = self.shown.get_mut(number) {
            *shown = true;
        }
        self.get(number)
    }

    fn get(&self, number: usize) -> &str {
        let Some(end) = self.ends.get(number) else { return "" };
        let start = number.checked_sub(1).and_then(|n| self.ends.get(n)).copied().unwrap_or(0);
        self.text.get(start..*end).unwrap_or_default()
    }

    /// Scans the strings that no cell shows.
    pub(super) fn rest(&self, inquiry: &mut Inquiry) {
        for n in (0..self.ends.len()).filter(|n| self.shown.get(*n) != Some(&true)) {
            let marks = text::aside(&self.place, "", self.get(n).as_bytes(), inquiry);
            inquiry.people.record(&marks, false);
        }
    }
}

impl Collecting<'_> {
    fn end_item(&mut self, inquiry: &mut Inquiry) {
        let view = std::mem::take(&mut self.item.view);
        let string = String::from_utf8_lossy(&view.text);
        if string.len() > CELL_MAX {
            // Number kept, text scanned now.
            let marks = text::aside(&self.shared.place, "", string.as_bytes(), inquiry);
            inquiry.people.record(&marks, false);
            self.shared.ends.push(self.shared.text.len());
        } else if self.shared.text.len() + string.len() > HELD_MAX {
            self.full = true;
            let marks = text::aside(&self.shared.place, "", string.as_bytes(), inquiry);
            inquiry.people.record(&marks, false);
        } else {
            self.shared.text.push_str(&string);
            self.shared.ends.push(self.shared.text.len());
        }
        self.shared.shown.push(false);
    }
}

impl Reader for Collecting<'_> {
    fn text(&mut self) -> &mut Text {
        if self.in_text && !self.phonetic { &mut self.item } else { &mut self.side }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        self.side.advance(inquiry);
        self.item.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, _inquiry: &mut Inquiry) {
        match tag.name {
            b"t" => self.in_text = true,
            b"rPh" => self.phonetic = true,
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match name {
            b"t" => self.in_text = false,
            b"rPh" => {
                self.phonetic = false;
                self.side.joint(b"\n");
            }
            b"si" => self.end_item(inquiry),
            _ => {}
        }
    }
}
