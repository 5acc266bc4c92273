//! Text boxes of documents, slides and drawings: where each says that it stands. What they hold is read elsewhere.

use crate::formats::boxed::{self, Boxes};
use crate::inquiry::{Inquiry, Place};
use crate::markup::Tag;
use crate::view::View;

/// The boxes of one part.
#[derive(Default)]
pub(super) struct TextBoxes {
    boxes: Boxes,
    /// The paragraph is a box of its own (`framePr`).
    framed: bool,
    /// The direction in which a box is being placed, and where the number that says how far begins in what stands aside.
    offset: Option<(Direction, usize)>,
}

#[derive(Clone, Copy)]
enum Direction {
    Along,
    Down,
}

/// Elements that hold text at a place of their own: shapes, what anchors them, and those of older documents (VML).
const HOLDERS: [&[u8]; 8] = [b"sp", b"wsp", b"anchor", b"shape", b"rect", b"roundrect", b"oval", b"wgp"];
/// English metric units of a point (ECMA-376 part 1, §20.1.2.1).
const EMU: f64 = 12_700.0;
/// Twentieths of a point.
const TWIPS: f64 = 20.0;

impl TextBoxes {
    /// Whether an element may be one of those that place text; paragraphs, runs and cells are none, and nearly all there are.
    pub(super) const fn may_be(name: &[u8]) -> bool {
        name.len() > 2 || matches!(name, b"sp")
    }

    /// Whether any box is open.
    pub(super) const fn are_open(&self) -> bool {
        self.boxes.is_open()
    }

    /// An element opens at the end of what was `read`, and so much stands aside; whether it places text.
    pub(super) fn open(&mut self, tag: &Tag<'_>, read: &View, aside: usize) -> bool {
        let number = |name: &[u8]| tag.string(name).and_then(|n| n.trim().parse::<f64>().ok());
        match tag.name {
            name if HOLDERS.contains(&name) => {
                self.boxes.open(read);
                if let Some((along, down)) = tag.string(b"style").as_deref().and_then(boxed::styled) {
                    self.boxes.place(along, down);
                }
            }
            b"framePr" if !self.framed => {
                self.framed = true;
                self.boxes.open(read);
                self.boxes.place(number(b"x").map(|n| n / TWIPS), number(b"y").map(|n| n / TWIPS));
            }
            b"off" if self.are_open() => {
                self.boxes.place(number(b"x").map(|n| n / EMU), number(b"y").map(|n| n / EMU));
            }
            b"positionH" => self.offset = Some((Direction::Along, aside)),
            b"positionV" => self.offset = Some((Direction::Down, aside)),
            _ => return false,
        }
        true
    }

    /// An element ends at the end of what was `read`.
    pub(super) fn close(&mut self, name: &[u8], read: &View) {
        match name {
            b"p" if std::mem::take(&mut self.framed) => self.boxes.close(read),
            name if HOLDERS.contains(&name) => self.boxes.close(read),
            _ => {}
        }
    }

    /// An element ends that may have placed a box, by what stands aside.
    pub(super) fn placed(&mut self, name: &[u8], aside: &View) {
        let ends = matches!(name, b"positionH" | b"positionV");
        let Some((direction, from)) = self.offset.take_if(|_| ends) else { return };
        let said = aside.text.get(from..).unwrap_or_default();
        let offset = str::from_utf8(said).ok().and_then(|said| said.trim().parse::<f64>().ok()).map(|n| n / EMU);
        match direction {
            Direction::Along => self.boxes.place(offset, None),
            Direction::Down => self.boxes.place(None, offset),
        }
    }

    /// Reads the boxes so far, once there are many.
    pub(super) fn advance(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.boxes.advance(place, inquiry);
    }

    /// The part ends.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.boxes.end(place, inquiry);
    }
}
