//! Looks at the frames of a file: codes, cards, and pages of what seems to be writing.
//!
//! It runs where pixels are decoded, apart from the inspection. Nothing is read here but codes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chot_model::OpaqueReason;

use super::card::{self, flat};
use super::frames::{Budget, Frames};
use super::gray::Gray;
use super::lines::Quad;
use super::told::{Event, Print};
use super::{Decode, qr, upright, writing};

/// Pages of print told of one file.
pub(super) const PRINTS_MAX: usize = 8;
/// Frames in which cards are looked for: a film of a card shows it at once.
const CARD_FRAMES_MAX: usize = 8;
/// A code and the blur at its edge, as a multiple of the code.
const CODE_AND_EDGE: f32 = 1.05;
/// Size of a card for a reader of print.
const CARD_WIDTH: usize = 1_280;
const CARD_HEIGHT: usize = 807;
/// Side of a preview that programs keep in a document: Office makes 256 pixels, LibreOffice 256 or 512. Small letters of a
/// page are three pixels high there.
const PREVIEW_SIDE_MAX: usize = 512;
/// Side of a preview in which the digits of a card would be five pixels high: what has the shape of a card there is a page.
const PREVIEW_CARD_SIDE_MAX: usize = 192;
/// Share of a preview that a card takes up which is all that it shows.
const PREVIEW_CARD_SHARE: f32 = 0.6;
/// Side below which a page reads better what is made twice as large.
const PRINT_SIDE_MIN: usize = 200;

/// What the frames of a file hold: codes first, then what is not understood, cards, and pages. A picture without
/// writing is understood: there is nothing to read.
pub(super) fn events(bytes: &[u8], decode: Decode, budget: &Budget) -> Vec<Event> {
    let mut look = Look::default();
    let mut each = |gray: &Gray| look.frame(gray);
    // Decoders are other people's, and a file may find what they did not think of.
    let shown = catch_unwind(AssertUnwindSafe(|| decode(bytes, &mut Frames::new(budget, &mut each))));
    match shown {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => look.opaque.push(reason),
        Err(_) => look.opaque.push(OpaqueReason::Failed),
    }
    look.opaque.sort();
    look.opaque.dedup();
    let codes = look.codes.into_iter().map(Event::Code);
    let opaque = look.opaque.into_iter().map(Event::Opaque);
    let cards = std::iter::repeat_with(|| Event::Card).take(look.cards);
    codes.chain(opaque).chain(cards).chain(look.prints.into_iter().map(Event::Print)).collect()
}

#[derive(Default)]
struct Look {
    frames: usize,
    /// What looking for codes may yet cost.
    work: qr::Work,
    codes: Vec<Vec<u8>>,
    /// The most that one frame shows: frames of a film show the same again.
    cards: usize,
    prints: Vec<Print>,
    opaque: Vec<OpaqueReason>,
}

impl Look {
    fn frame(&mut self, gray: &Gray) {
        self.frames += 1;
        let read = qr::read(gray, &self.work);
        if read.many {
            self.opaque.push(OpaqueReason::TooMany);
        }
        // Whatever else is read of such a picture, it is not all.
        if !read.unread.is_empty() {
            self.opaque.push(OpaqueReason::UnsupportedFormat);
        }
        let has_code = read.found.iter().any(|symbol| is_of_card(&symbol.text));
        // A code that was read is no writing. That of a card is a part of it.
        let others = read.found.iter().filter(|symbol| !is_of_card(&symbol.text));
        let others: Vec<Quad> = others.map(|symbol| Quad::new(symbol.corners).wider(CODE_AND_EDGE)).collect();
        let without_codes = (!others.is_empty()).then(|| without(gray, &others));
        let gray = without_codes.as_ref().unwrap_or(gray);
        for symbol in read.found {
            if !self.codes.contains(&symbol.text) {
                self.codes.push(symbol.text);
            }
        }
        // What is transparent is seen twice, on white and on black.
        let is_within = |side| self.frames <= 2 && gray.width().max(gray.height()) <= side;
        let [small, small_card] = [PREVIEW_SIDE_MAX, PREVIEW_CARD_SIDE_MAX].map(is_within);
        let all = gray.width() as f32 * gray.height() as f32;
        let mut cards = if self.frames <= CARD_FRAMES_MAX { card::find(gray) } else { Vec::new() };
        if small_card {
            // No more than one would be read.
            cards.truncate(1);
        }
        self.cards = self.cards.max(cards.len());
        let written = writing::find(gray);
        if cards.is_empty() && written.is_none() {
            return;
        }
        // The code of a card says what is printed on it; what else is on the picture stays unread.
        if has_code || self.prints.len() + cards.len() >= PRINTS_MAX {
            return self.opaque.push(OpaqueReason::UnsupportedFormat);
        }
        let laid = cards.iter().map(|card| Print {
            page: flat(gray, &card.quad, CARD_WIDTH, CARD_HEIGHT),
            // On a page something with a border is a table, as a rule.
            small: small_card || small && card.quad.area().abs() < all * PREVIEW_CARD_SHARE,
            card: true,
        });
        self.prints.extend(laid);
        // What is written beside the cards is another page. What is not clearly apart from it is read there too: it may
        // be no card, and cut a line in two.
        let apart: Vec<Quad> = cards.iter().filter(|card| card.is_apart).map(|card| card.quad).collect();
        let rest = if apart.is_empty() { written } else { writing::find(&without(gray, &apart)) };
        self.prints.extend(rest.map(|region| Print { page: print(gray, region), small, card: false }));
    }
}

/// Whether the text of a code is that of an identity or insurance card: fields between bars.
fn is_of_card(text: &[u8]) -> bool {
    text.iter().filter(|b| **b == b'|').count() >= 4
}

/// The picture with cards or codes painted over.
fn without(gray: &Gray, cards: &[Quad]) -> Gray {
    let width = gray.width();
    let mut pixels = gray.pixels().to_vec();
    for card in cards {
        // A border that stands over is a line and no writing.
        let card = card.wider(1.03);
        for (y, row) in pixels.chunks_exact_mut(width.max(1)).enumerate() {
            let within = card.across(y as f32 + 0.5);
            let (from, to) = (within.start.max(0.0) as usize, within.end.max(0.0) as usize);
            if let Some(row) = row.get_mut(from.min(width)..to.min(width).max(from.min(width))) {
                row.fill(128);
            }
        }
    }
    Gray::new(width, pixels)
}

/// The part of a picture where writing seems to be, as a reader of print likes it.
fn print(gray: &Gray, region: writing::Region) -> Gray {
    let part = gray.crop(region.left, region.top, region.width, region.height);
    let page = upright::page(&part);
    if page.width().max(page.height()) < PRINT_SIDE_MIN { page.double() } else { page }
}

#[cfg(test)]
mod tests {
    use super::qr::tests::{Lie, picture};
    use super::*;

    #[test]
    fn a_code_that_is_seen_and_not_read_is_told() {
        for (readable, opaque) in [(false, vec![OpaqueReason::UnsupportedFormat]), (true, Vec::new())] {
            let mut look = Look::default();
            look.frame(&picture(b"001090123456", readable, &Lie { module: 6.0, ..Lie::default() }));
            assert_eq!((look.opaque, look.codes.len()), (opaque, usize::from(readable)));
        }
    }
}
