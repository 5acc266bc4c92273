//! What readers apart have in common: they tell what they read until nobody wants more, or a bound is reached.

use std::time::Instant;

use chot_model::OpaqueReason;

use crate::extract::{Bounds, Piece};

/// Why no more is read.
pub(super) enum Stop {
    /// Whoever wants no more has said why.
    Closed,
    Bound(OpaqueReason),
}

impl From<OpaqueReason> for Stop {
    fn from(reason: OpaqueReason) -> Self {
        Self::Bound(reason)
    }
}

/// How reading ended, for whoever asked for it.
pub(super) fn ended(told: Result<(), Stop>) -> Result<(), OpaqueReason> {
    match told {
        Ok(()) | Err(Stop::Closed) => Ok(()),
        Err(Stop::Bound(reason)) => Err(reason),
    }
}

/// Tells the tables of a file.
pub(super) struct Telling<'e> {
    until: Option<Instant>,
    each: &'e mut dyn FnMut(Piece<'_>) -> bool,
    /// Bytes that may still be unpacked and told.
    left: u64,
    /// Rows told so far, as the room counts them.
    pub(super) rows: u32,
}

impl<'e> Telling<'e> {
    pub(super) fn new(bounds: &Bounds, each: &'e mut dyn FnMut(Piece<'_>) -> bool) -> Self {
        Self { until: Instant::now().checked_add(bounds.time_max), each, left: bounds.decoded_bytes_max, rows: 0 }
    }

    pub(super) fn tell(&mut self, piece: Piece<'_>) -> Result<(), Stop> {
        if (self.each)(piece) { Ok(()) } else { Err(Stop::Closed) }
    }

    /// Takes note of bytes that were unpacked or are told.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(OpaqueReason::TooLarge)?;
        Ok(())
    }

    pub(super) fn look_at_the_clock(&self) -> Result<(), Stop> {
        let is_late = self.until.is_some_and(|until| Instant::now() >= until);
        if is_late { Err(OpaqueReason::TimeLimit.into()) } else { Ok(()) }
    }
}
