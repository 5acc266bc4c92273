//! What a reader of a document tells, in pieces of bounded size and within its budget.

use std::time::Instant;

use chot_model::{OpaqueReason, Secret};

use crate::extract::{Bounds, Cell, Piece};

/// Why reading ends before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) enum Stop {
    /// A bound was reached.
    Bound(OpaqueReason),
    /// Whoever listens wants no more.
    Closed,
}

/// Says things.
pub(in crate::formats) struct Tell<'t> {
    each: &'t mut dyn FnMut(Piece<'_>) -> bool,
    pub(in crate::formats) passwords: &'t [Secret],
    /// Bytes that may still be told.
    left: u64,
    deadline: Option<Instant>,
}

/// Whatever the message, documents say more than they weigh only by so much.
const TOLD_MIN: u64 = 16 << 20;
/// Bytes handed on at a time.
const PIECE: usize = 1 << 16;

impl<'t> Tell<'t> {
    pub(in crate::formats) fn new(
        len: usize,
        bounds: &Bounds,
        passwords: &'t [Secret],
        each: &'t mut dyn FnMut(Piece<'_>) -> bool,
    ) -> Self {
        let left = bounds.decoded_bytes_max.saturating_add(4 * len as u64).saturating_add(TOLD_MIN);
        Self { each, passwords, left, deadline: Instant::now().checked_add(bounds.time_max) }
    }

    /// Takes note of work on so many bytes.
    pub(in crate::formats) fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(Stop::Bound(OpaqueReason::TooLarge))?;
        self.in_time()
    }

    /// Whether there is time left.
    pub(in crate::formats) fn in_time(&self) -> Result<(), Stop> {
        let is_late = self.deadline.is_some_and(|d| Instant::now() >= d);
        if is_late { Err(Stop::Bound(OpaqueReason::TimeLimit)) } else { Ok(()) }
    }

    fn piece(&mut self, piece: Piece<'_>, bytes: usize) -> Result<(), Stop> {
        self.spend(bytes)?;
        if (self.each)(piece) { Ok(()) } else { Err(Stop::Closed) }
    }

    /// Running text.
    pub(in crate::formats) fn text(&mut self, part: &str, text: &str) -> Result<(), Stop> {
        if text.is_empty() { Ok(()) } else { self.piece(Piece::Text { part, text, again: false }, text.len()) }
    }

    /// What stands in bytes that nobody knows, or that say again what was said.
    pub(in crate::formats) fn strings(&mut self, part: &str, bytes: &[u8]) -> Result<(), Stop> {
        self.spend(bytes.len())?;
        let text = super::strings::text(bytes);
        if text.is_empty() { Ok(()) } else { self.piece(Piece::Text { part, text: &text, again: true }, text.len()) }
    }

    /// A value under its name.
    pub(in crate::formats) fn field(&mut self, part: &str, name: &str, value: &str) -> Result<(), Stop> {
        if value.is_empty() { Ok(()) } else { self.piece(Piece::Field { part, name, value }, value.len()) }
    }

    /// Cells of a row.
    pub(in crate::formats) fn row(&mut self, part: &str, number: u32, cells: Vec<Cell<'_>>) -> Result<(), Stop> {
        let bytes = cells.iter().map(|c| c.text.len() + 16).sum();
        self.piece(Piece::Row { part, number, cells }, bytes)
    }

    /// A file within.
    pub(in crate::formats) fn member(&mut self, name: &str, bytes: &[u8]) -> Result<(), Stop> {
        self.piece(Piece::Member { name }, name.len())?;
        for some in bytes.chunks(PIECE) {
            self.piece(Piece::Bytes(some), some.len())?;
        }
        Ok(())
    }

    /// A part of so many bytes that could not be read.
    pub(in crate::formats) fn opaque(&mut self, part: &str, reason: OpaqueReason, bytes: usize) -> Result<(), Stop> {
        self.piece(Piece::Opaque { part, reason, bytes: bytes as u64 }, 1)
    }
}
