//! The shared strings of a workbook: read once, referred to by number, never copied for each cell.

use std::collections::HashMap;
use std::hint::black_box;

use chot_model::OpaqueReason;

use super::{Part, markup};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::source::Source;
use crate::spelled;
use crate::table::Met;
use crate::text::{self, Text};
use crate::view::View;

/// A longer string is scanned once, here, and not again for each cell that shows it.
const CELL_MAX: usize = 4_096;
/// Bytes that all cells together show, before what was shown once already is shown to no more of them: a long string
/// in a million cells says nothing that it did not say in the first.
const SHOWN_MAX: u64 = 16 << 20;
/// Shorter strings cost no more than the cells that refer to them.
const SHORT: u16 = 64;
/// Text of all strings held at once.
const HELD_MAX: usize = 96 << 20;
/// Strings of several pieces that are held with the places of these.
const ODD_MAX: usize = 1 << 16;
/// In place of where a string stands, when it does not in one piece.
const NOWHERE: u32 = u32::MAX;
/// Text is held in pieces, of which none is moved when another is needed.
const PIECE: usize = 1 << 20;

/// The strings, and which of them a cell has shown.
pub(super) struct Shared {
    place: Place,
    /// Address of the first byte of the member.
    base: u64,
    pieces: Vec<Vec<u8>>,
    strings: Vec<Item>,
    /// Strings of several pieces, or with references to characters.
    odd: HashMap<usize, View>,
    /// Bytes of long strings that were shown again.
    shown_bytes: u64,
}

#[derive(Clone, Copy)]
struct Item {
    /// Where it begins in the pieces, laid end to end.
    start: u32,
    /// Where it stands in its member.
    at: u32,
    len: u16,
    shown: bool,
    /// What it came to in the cell that showed it last.
    met: Met,
}

/// A string that is no cell's.
const NOTHING: Item = Item { start: 0, at: NOWHERE, len: 0, shown: true, met: Met::UNKNOWN };

/// A string that a cell shows, and its number.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    item: Item,
    pub(super) number: u32,
}

impl Taken {
    /// What is known of it.
    pub(super) const fn met(&self) -> Met {
        self.item.met
    }
}

/// How a string stands.
pub(super) enum Shows<'s> {
    /// In one piece, where that is known.
    Plain(Option<u64>),
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
        let (place, base) = part.absolute();
        let mut shared = Self {
            place: place.clone(),
            base,
            pieces: Vec::new(),
            strings: Vec::new(),
            odd: HashMap::new(),
            shown_bytes: 0,
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

    /// The string of this number, if there is one. Nothing is asked of it yet: it may be far away, and what is asked has to
    /// wait for it.
    #[inline]
    pub(super) fn take(&self, number: usize) -> Option<u32> {
        (number < self.strings.len()).then_some(number as u32)
    }

    /// What is known of the strings of these numbers. All are asked for before any is waited for, and then their texts.
    pub(super) fn taken(&self, numbers: impl Iterator<Item = u32>, taken: &mut Vec<Taken>) {
        taken.clear();
        taken.extend(
            numbers.map(|number| Taken { item: self.strings.get(number as usize).copied().unwrap_or(NOTHING), number }),
        );
        let first = |taken: &Taken| {
            if taken.item.met != Met::UNKNOWN {
                return 0;
            }
            let (piece, start) = (taken.item.start as usize / PIECE, taken.item.start as usize % PIECE);
            self.pieces.get(piece).and_then(|piece| piece.get(start)).copied().unwrap_or_default()
        };
        black_box(taken.iter().map(first).fold(0, u8::wrapping_add));
    }

    /// Whether a string that a cell shows is looked at once more.
    #[inline]
    pub(super) fn is_shown(&mut self, Taken { number, .. }: &Taken) -> bool {
        if let Some(item) = self.strings.get_mut(*number as usize)
            && std::mem::replace(&mut item.shown, true)
            && item.len > SHORT
        {
            self.shown_bytes += u64::from(item.len);
            return self.shown_bytes <= SHOWN_MAX;
        }
        true
    }

    /// How long a string is, and where it stands, if it does in one piece.
    #[inline]
    pub(super) fn stands(&self, Taken { item, .. }: &Taken) -> Option<(usize, u64)> {
        (item.at != NOWHERE).then(|| (usize::from(item.len), self.base + u64::from(item.at)))
    }

    /// Appends the text of a string that a cell showed.
    pub(super) fn append(&self, number: u32, out: &mut Vec<u8>) {
        if let Some(item) = self.strings.get(number as usize) {
            out.extend_from_slice(self.text(*item));
        }
    }

    /// Appends the text of a string that a cell shows, and tells how it stands.
    #[inline]
    pub(super) fn show(&self, taken: &Taken, out: &mut Vec<u8>) -> Shows<'_> {
        const NEAR: usize = 32;
        const MIDDLE: usize = 64;
        const FAR: usize = 128;
        let Taken { item: Item { start, at, len, .. }, number } = *taken;
        let (start, len) = (start as usize, usize::from(len));
        let rest = self.pieces.get(start / PIECE).and_then(|piece| piece.get(start % PIECE..)).unwrap_or_default();
        // Copied in whole chunks, of which what is too much is cut off: nothing waits for the length. What stands far behind
        // the end is not asked for, as it would be waited for.
        let before = out.len();
        match (rest.first_chunk::<NEAR>(), rest.first_chunk::<MIDDLE>(), rest.first_chunk::<FAR>()) {
            (Some(chunk), ..) if len <= NEAR => out.extend_from_slice(chunk),
            (_, Some(chunk), _) if len <= MIDDLE => out.extend_from_slice(chunk),
            (.., Some(chunk)) if len <= FAR => out.extend_from_slice(chunk),
            _ => out.extend_from_slice(rest.get(..len).unwrap_or_default()),
        }
        out.truncate(before + len);
        if at != NOWHERE {
            return Shows::Plain(Some(self.base + u64::from(at)));
        }
        self.odd.get(&(number as usize)).map_or(Shows::Plain(None), Shows::Odd)
    }

    /// Takes note of what a string came to.
    #[inline]
    pub(super) fn learn(&mut self, number: u32, met: Met) {
        if let Some(item) = self.strings.get_mut(number as usize) {
            item.met = met;
        }
    }

    /// The text of a string.
    fn text(&self, item: Item) -> &[u8] {
        let (piece, start) = (item.start as usize / PIECE, item.start as usize % PIECE);
        let text = self.pieces.get(piece).and_then(|piece| piece.get(start..start + usize::from(item.len)));
        text.unwrap_or_default()
    }

    /// Holds a string of at most [`CELL_MAX`] bytes that stands at this address. False when there is no room.
    fn hold(&mut self, text: &[u8], at: Option<u64>) -> bool {
        if self.pieces.last().is_none_or(|piece| piece.len() + text.len() > PIECE) {
            if (self.pieces.len() + 1) * PIECE > HELD_MAX {
                return false;
            }
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let piece = self.pieces.len() - 1;
        let Some(last) = self.pieces.last_mut() else { return false };
        let start = (piece * PIECE + last.len()) as u32;
        last.extend_from_slice(text);
        let at = at.and_then(|at| u32::try_from(at.checked_sub(self.base)?).ok()).unwrap_or(NOWHERE);
        self.add(Item { start, at, len: text.len() as u16, shown: false, met: Met::UNKNOWN });
        true
    }

    fn add(&mut self, item: Item) {
        if self.strings.len() == self.strings.capacity() {
            // By a quarter: doubling would hold as much again.
            self.strings.reserve_exact(self.strings.len() / 4 + 1_024);
        }
        self.strings.push(item);
    }

    /// Scans the strings that no cell shows.
    pub(super) fn rest(&self, inquiry: &mut Inquiry) {
        let mut plain = View::default();
        for (n, item) in self.strings.iter().enumerate().filter(|(_, item)| !item.shown && item.len > 0) {
            if let Some(view) = self.odd.get(&n).filter(|_| item.at == NOWHERE) {
                self.scan(view, inquiry);
                continue;
            }
            plain.clear();
            match item.at {
                NOWHERE => plain.push_joint(self.text(*item)),
                at => plain.push(self.text(*item), self.base + u64::from(at)),
            }
            self.scan(&plain, inquiry);
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
        if let Some(view) = spelled::read(&item.view).filter(|_| item.view.base == 0) {
            item.view = view;
        }
        if item.view.base > 0 {
            // So long that its beginning was scanned already.
            item.finish(inquiry);
            shared.add(NOTHING);
        } else if item.view.text.len() > CELL_MAX || !shared.hold(&item.view.text, item.view.sole()) {
            // Number kept, text scanned now.
            self.full |= item.view.text.len() <= CELL_MAX;
            shared.scan(&item.view, inquiry);
            shared.add(NOTHING);
        } else if item.view.sole().is_none() && !item.view.text.is_empty() && shared.odd.len() < ODD_MAX {
            shared.odd.insert(shared.strings.len() - 1, item.view.copy());
        }
        self.item.view.clear();
    }
}

impl Reader for Collecting<'_> {
    fn text(&mut self) -> &mut Text {
        if self.in_text && !self.phonetic { &mut self.item } else { &mut self.side }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    /// A string as nearly all are written: `<si><t>…</t></si>`.
    fn elements(&mut self, rest: &[u8], at: u64, _inquiry: &mut Inquiry) -> usize {
        const START: &[u8] = b"<si><t>";
        const END: &[u8] = b"</t></si>";
        let Some(text) = rest.strip_prefix(START) else { return 0 };
        // What may be spelled goes the long way.
        let Some(len) = memchr::memchr3(b'<', b'&', b'_', text) else { return 0 };
        let (text, end) = text.split_at(len);
        let plain = end.starts_with(END) && len <= CELL_MAX && !self.in_text && !self.phonetic;
        if plain && self.item.view.text.is_empty() && self.shared.hold(text, Some(at + START.len() as u64)) {
            START.len() + len + END.len()
        } else {
            0
        }
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
