//! The shared strings of a workbook: read once, referred to by number, never copied for each cell.

use std::collections::HashMap;

use chot_model::OpaqueReason;

use super::{Part, markup};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::source::Source;
use crate::text::{self, Text};
use crate::view::View;

/// A longer string is scanned once, here, and not again for each cell that shows it.
const CELL_MAX: usize = 4_096;
/// Text of all strings held at once.
const HELD_MAX: usize = 96 << 20;
/// Strings of several pieces that are held with the places of these.
const ODD_MAX: usize = 1 << 16;
/// In place of where a string stands, when it does not in one piece.
const NOWHERE: u64 = u64::MAX;

/// The strings, and which of them a cell has shown.
pub(super) struct Shared {
    place: Place,
    text: Vec<u8>,
    /// Of each string, where it ends in `text`, and where it stands.
    strings: Vec<(u32, u64)>,
    /// Strings of several pieces, or with references to characters.
    odd: HashMap<usize, View>,
    shown: Vec<bool>,
}

/// A string, as a cell shows it.
pub(super) enum Shows<'s> {
    /// Text, and where it stands if that is known.
    Plain(&'s [u8], Option<u64>),
    Odd(&'s View),
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
    pub(super) fn read(source: &dyn Source, part: &Part<'_>, inquiry: &mut Inquiry) -> Self {
        let (place, _) = part.absolute();
        let mut shared = Self {
            place: place.clone(),
            text: Vec::new(),
            strings: Vec::new(),
            odd: HashMap::new(),
            shown: Vec::new(),
        };
        let mut reader = Collecting {
            item: Text::new(place.clone()),
            side: Text::new(place.clone()),
            shared: &mut shared,
            in_text: false,
            phonetic: false,
            full: false,
        };
        let result = markup(source, part, true, &mut reader, inquiry);
        reader.side.finish(inquiry);
        if reader.full {
            inquiry.refuse(&place, OpaqueReason::TooLarge, 1);
        }
        if let Err(reason) = result {
            inquiry.refuse(&place, reason, part.entry.packed);
        }
        shared
    }

    /// The string of this number, for a cell.
    pub(super) fn show(&mut self, number: usize) -> Shows<'_> {
        if let Some(shown) = self.shown.get_mut(number) {
            *shown = true;
        }
        self.get(number)
    }

    fn get(&self, number: usize) -> Shows<'_> {
        let Some((end, at)) = self.strings.get(number) else { return Shows::Plain(b"", None) };
        if *at == NOWHERE
            && let Some(view) = self.odd.get(&number)
        {
            return Shows::Odd(view);
        }
        let start = number.checked_sub(1).and_then(|n| self.strings.get(n)).map_or(0, |(end, _)| *end);
        let text = self.text.get(start as usize..*end as usize).unwrap_or_default();
        Shows::Plain(text, Some(*at).filter(|at| *at != NOWHERE))
    }

    /// Scans the strings that no cell shows.
    pub(super) fn rest(&self, inquiry: &mut Inquiry) {
        let mut plain = View::default();
        for n in (0..self.strings.len()).filter(|n| self.shown.get(*n) != Some(&true)) {
            match self.get(n) {
                Shows::Odd(view) => self.scan(view, inquiry),
                Shows::Plain(b"", _) => {}
                Shows::Plain(text, at) => {
                    plain.clear();
                    match at {
                        Some(at) => plain.push(text, at),
                        None => plain.push_joint(text),
                    }
                    self.scan(&plain, inquiry);
                }
            }
        }
    }

    fn scan(&self, view: &View, inquiry: &mut Inquiry) {
        let mut found = Vec::new();
        text::value(&self.place, view, None, inquiry, &mut found);
        let marks: Vec<_> = found.into_iter().filter_map(|f| inquiry.report(f)).collect();
        inquiry.people.record(&marks, false);
    }
}

impl Collecting<'_> {
    fn end_item(&mut self, inquiry: &mut Inquiry) {
        let Self { shared, item, .. } = self;
        let mut at = NOWHERE;
        if item.view.base > 0 {
            // So long that its beginning was scanned already.
            item.finish(inquiry);
        } else if item.view.text.len() > CELL_MAX || shared.text.len() + item.view.text.len() > HELD_MAX {
            // Number kept, text scanned now.
            self.full |= item.view.text.len() <= CELL_MAX;
            shared.scan(&item.view, inquiry);
        } else {
            shared.text.extend_from_slice(&item.view.text);
            match item.view.sole() {
                Some(sole) => at = sole,
                None if !item.view.text.is_empty() && shared.odd.len() < ODD_MAX => {
                    shared.odd.insert(shared.strings.len(), std::mem::take(&mut item.view));
                }
                None => {}
            }
        }
        item.view.clear();
        shared.strings.push((shared.text.len() as u32, at));
        shared.shown.push(false);
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

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"t" => self.in_text = true,
            b"rPh" => self.phonetic = true,
            _ => {}
        }
        super::attributes(tag, false, &mut self.side, inquiry);
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
