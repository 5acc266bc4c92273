//! Containers in encodings that an escape or a soft line break cuts: `H4sI…%2FU2…`. As far as it goes, such a container is
//! broken; where the writing is undone it is read whole, and then nothing is said of the piece.
//!
//! What is not read whole anywhere is told at the end: nothing is forgotten.

use chot_model::OpaqueReason;

use super::{Inquiry, Place};

/// More pieces are told at once.
const PIECES_MAX: usize = 64;
/// Bytes that tell a container from others: what is packed in it begins in them.
const HEAD: usize = 24;

/// The pieces that were broken.
#[derive(Default)]
pub(super) struct Cut {
    /// What is read is being watched; whether any of it was broken.
    watched: Option<bool>,
    /// It is only a piece.
    piece: bool,
    pieces: Vec<(Vec<u8>, Place)>,
}

impl Cut {
    /// Notes that something is broken; whether that is not told yet.
    pub(super) fn holds_back(&mut self) -> bool {
        if let Some(broken) = &mut self.watched {
            *broken = true;
        }
        self.piece
    }
}

impl Inquiry {
    /// Reads a container with `read`, found in an encoding; `cut` says that something cuts that behind `bytes`.
    pub(crate) fn contained(&mut self, bytes: &[u8], cut: bool, place: &Place, read: impl FnOnce(&mut Self)) {
        let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
        let cut = cut && self.cut.pieces.len() < PIECES_MAX;
        if !cut && self.cut.pieces.is_empty() {
            return read(self);
        }
        let around = (self.cut.watched.replace(false), self.cut.piece);
        self.cut.piece |= cut;
        read(self);
        let broken = self.cut.watched == Some(true);
        (self.cut.watched, self.cut.piece) = around;
        if let Some(around) = &mut self.cut.watched {
            *around |= broken;
        }
        match broken {
            true if cut => {
                if !self.cut.pieces.iter().any(|(known, _)| known == head) {
                    self.cut.pieces.push((head.to_vec(), place.clone()));
                }
            }
            true => {}
            false => self.cut.pieces.retain(|(known, _)| !head.starts_with(known)),
        }
    }

    /// Tells the pieces that were read whole nowhere.
    pub(crate) fn settle(&mut self) {
        for (_, place) in std::mem::take(&mut self.cut.pieces) {
            self.refuse(&place, OpaqueReason::ParseError, 1);
        }
    }
}
