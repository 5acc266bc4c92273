//! Containers in encodings that something cuts: an escape, a soft line break (`H4sI…%2FU2…`), or, in a copy of a text whose
//! writing was undone, what was no writing. As far as it goes, such a container is broken; if it is read whole elsewhere, nothing
//! is said of the piece.
//!
//! What is not read whole anywhere is told at the end: nothing is forgotten.

use std::collections::BTreeSet;
use std::ops::Bound;

use chot_model::OpaqueReason;

use super::{Inquiry, Place};

/// More pieces are told at once.
const PIECES_MAX: usize = 64;
/// As many containers are known to have been read whole; pieces of others are told.
const WHOLE_MAX: usize = 1 << 12;
/// Bytes that tell a container from others: what is packed in it begins in them.
const HEAD: usize = 24;

/// The pieces that were broken.
#[derive(Default)]
pub(super) struct Cut {
    /// What is read is being watched; why any of it could not be read.
    watched: Option<Option<OpaqueReason>>,
    /// It is only a piece.
    piece: bool,
    pieces: Vec<(Vec<u8>, Place, OpaqueReason)>,
    /// How those begin that were read whole.
    whole: BTreeSet<Vec<u8>>,
}

impl Cut {
    /// Notes that something is broken; whether that is not told yet.
    pub(super) fn holds_back(&mut self, reason: OpaqueReason) -> bool {
        if let Some(broken) = &mut self.watched {
            broken.get_or_insert(reason);
        }
        self.piece
    }

    /// Whether what is being read was found in an encoding.
    pub(super) const fn is_watched(&self) -> bool {
        self.watched.is_some()
    }

    /// Whether what is being read may be only a piece.
    pub(super) const fn is_piece(&self) -> bool {
        self.piece
    }

    /// That of an inquiry of its own into what is being read.
    pub(super) fn within(&self) -> Self {
        Self { watched: self.watched.map(|_| None), piece: self.piece, ..Self::default() }
    }

    /// Takes over what such an inquiry noted.
    pub(super) fn learn(&mut self, within: &Self) {
        if let (Some(known), Some(broken)) = (&mut self.watched, within.watched) {
            *known = known.or(broken);
        }
    }

    fn is_known_whole(&self, head: &[u8]) -> bool {
        let from = (Bound::Included(head), Bound::Unbounded);
        self.whole.range::<[u8], _>(from).next().is_some_and(|whole| whole.starts_with(head))
    }
}

/// A container in an encoding, while it is read.
pub(crate) struct Watch {
    head: Vec<u8>,
    piece: bool,
    broken: Option<OpaqueReason>,
}

impl Watch {
    /// Begins with the first `bytes` of the container; `cut` says that something cuts it behind what is read of it.
    pub(crate) fn new(bytes: &[u8], cut: bool, place: &Place, inquiry: &Inquiry) -> Self {
        let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default().to_vec();
        let piece = (cut || place.undone != 0) && inquiry.cut.pieces.len() < PIECES_MAX;
        Self { head, piece, broken: None }
    }
}

impl Inquiry {
    /// Reads a container with `read`, found in an encoding; `cut` says that something cuts that behind `bytes`.
    pub(crate) fn contained(&mut self, bytes: &[u8], cut: bool, place: &Place, read: impl FnOnce(&mut Self)) {
        let mut watch = Watch::new(bytes, cut, place, self);
        self.watch(&mut watch, read);
        self.watched(watch, place);
    }

    /// Reads a part of a container.
    pub(crate) fn watch(&mut self, watch: &mut Watch, read: impl FnOnce(&mut Self)) {
        let around = (self.cut.watched.replace(None), self.cut.piece);
        self.cut.piece |= watch.piece;
        read(self);
        watch.broken = watch.broken.or_else(|| self.cut.watched.flatten());
        (self.cut.watched, self.cut.piece) = around;
        if let Some(around) = &mut self.cut.watched {
            *around = around.or(watch.broken);
        }
    }

    /// The container ends.
    pub(crate) fn watched(&mut self, watch: Watch, place: &Place) {
        let Watch { head, piece, broken } = watch;
        match broken {
            Some(reason) if piece => {
                let is_told = self.cut.pieces.iter().any(|(known, ..)| *known == head);
                if !is_told && !self.cut.is_known_whole(&head) {
                    self.cut.pieces.push((head, place.clone(), reason));
                }
            }
            Some(_) => {}
            None => {
                self.cut.pieces.retain(|(known, ..)| !head.starts_with(known));
                if self.cut.whole.len() < WHOLE_MAX {
                    self.cut.whole.insert(head);
                }
            }
        }
    }

    /// Tells the pieces that were read whole nowhere.
    pub(crate) fn settle(&mut self) {
        for (_, place, reason) in std::mem::take(&mut self.cut.pieces) {
            self.refuse(&place, reason, 1);
        }
    }
}
