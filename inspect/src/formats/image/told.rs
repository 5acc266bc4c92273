//! What reading pictures tells, and how it is told from one process to another.

use chot_model::OpaqueReason;

use super::gray::Gray;
use super::look::PRINTS_MAX;
use super::upright::SIDE_MAX;
use crate::extract::Piece;

/// What reading pictures tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The text of a code.
    Code(Vec<u8>),
    /// A picture shows a card.
    Card,
    /// Something that looks like writing, ready for a reader of print.
    Print(Print),
    /// Something is not understood.
    Opaque(OpaqueReason),
}

/// A page for a reader of print.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) page: Gray,
    /// All there is of the picture is no larger than what a preview of a document shows of it.
    pub(super) small: bool,
    /// It is a card laid flat, which a page beside it may show again.
    pub(super) card: bool,
}

/// Names of what is told: the text of a code; a page, behind its width in four bytes, little end first; one of a small
/// picture; the same of a card; that there is a card, which has no content.
const CODE: &str = "qr";
const PRINT: &str = "print";
const SMALL: &str = "small print";
const CARD_PRINT: &str = "print of a card";
const SMALL_CARD_PRINT: &str = "small print of a card";
const CARD: &str = "card";
/// Bytes told at a time.
const PIECE: usize = 1 << 16;

/// Tells `each` what there is, until that says stop.
pub(super) fn tell(events: Vec<Event>, each: &mut dyn FnMut(Piece<'_>) -> bool) {
    for event in events {
        let (name, content) = match event {
            Event::Opaque(reason) => {
                if !each(Piece::Opaque { part: "", reason, bytes: u64::MAX }) {
                    break;
                }
                continue;
            }
            Event::Code(text) => (CODE, text),
            Event::Card => (CARD, Vec::new()),
            Event::Print(Print { page, small, card }) => {
                let width = u32::try_from(page.width()).unwrap_or_default().to_le_bytes();
                let name = match (small, card) {
                    (false, false) => PRINT,
                    (true, false) => SMALL,
                    (false, true) => CARD_PRINT,
                    (true, true) => SMALL_CARD_PRINT,
                };
                (name, [&width, page.pixels()].concat())
            }
        };
        if !(each(Piece::Member { name }) && content.chunks(PIECE).all(|some| each(Piece::Bytes(some)))) {
            break;
        }
    }
}

/// What was told, put together. It is a stranger's: what makes no sense is nothing.
#[derive(Default)]
pub(super) struct Told {
    members: Vec<(Member, Vec<u8>)>,
    opaque: Vec<OpaqueReason>,
    bytes: usize,
}

#[derive(Clone, Copy)]
enum Member {
    Code,
    Print { small: bool, card: bool },
    Card,
}

impl Told {
    const BYTES_MAX: usize = PRINTS_MAX * (SIDE_MAX * SIDE_MAX + 4) + (1 << 20);
    const MEMBERS_MAX: usize = 1_000;

    /// Takes a piece; false when it is too much.
    pub(super) fn take(&mut self, piece: Piece<'_>) -> bool {
        match piece {
            Piece::Member { name } => {
                let member = match name {
                    PRINT | SMALL => Member::Print { small: name == SMALL, card: false },
                    CARD_PRINT | SMALL_CARD_PRINT => Member::Print { small: name == SMALL_CARD_PRINT, card: true },
                    CARD => Member::Card,
                    _ => Member::Code,
                };
                self.members.push((member, Vec::new()));
            }
            Piece::Bytes(bytes) => {
                self.bytes += bytes.len();
                if let Some((_, member)) = self.members.last_mut().filter(|_| self.bytes <= Self::BYTES_MAX) {
                    member.extend_from_slice(bytes);
                }
            }
            Piece::Opaque { reason, part: _, bytes: _ } => self.opaque.push(reason),
            Piece::Text { .. } | Piece::Row { .. } | Piece::Field { .. } => {}
        }
        let fits = self.bytes <= Self::BYTES_MAX && self.members.len() + self.opaque.len() <= Self::MEMBERS_MAX;
        if !fits {
            self.opaque.push(OpaqueReason::TooLarge);
        }
        fits
    }

    /// What it comes to.
    pub(super) fn events(self) -> impl Iterator<Item = Event> {
        let members = self.members.into_iter().map(|(member, bytes)| match (member, bytes.split_first_chunk::<4>()) {
            (Member::Card, _) => Event::Card,
            (Member::Print { small, card }, Some((width, pixels))) => {
                let page = Gray::new(u32::from_le_bytes(*width) as usize, pixels.to_vec());
                Event::Print(Print { page, small, card })
            }
            (Member::Print { .. } | Member::Code, _) => Event::Code(bytes),
        });
        self.opaque.into_iter().map(Event::Opaque).chain(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_arrives() {
        let events = || {
            vec![
                Event::Opaque(OpaqueReason::TooLarge),
                Event::Code(vec![b'x'; PIECE + 1]),
                Event::Card,
                Event::Print(Print { page: Gray::new(3, vec![7; 6]), small: false, card: true }),
                Event::Print(Print { page: Gray::new(2, vec![9; 6]), small: true, card: false }),
                Event::Print(Print { page: Gray::new(2, vec![5; 6]), small: true, card: true }),
            ]
        };
        let mut told = Told::default();
        tell(events(), &mut |piece| told.take(piece));
        assert_eq!(told.events().collect::<Vec<_>>(), events());
    }
}
