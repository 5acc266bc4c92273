//! What reading one file may cost: work, output and time, all bounded, so that cost stays linear in the file.

use std::cell::Cell;
use std::time::Instant;

use chot_model::OpaqueReason;

use crate::extract::Bounds;

/// Why reading ends before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A bound was reached.
    Bound(OpaqueReason),
    /// Whoever listens wants no more.
    Closed,
}

/// The budget of one file.
pub(super) struct Budget {
    /// Bytes that may still be looked at, however often each is.
    work: Cell<u64>,
    /// Bytes that decoding may still make.
    decoded: Cell<u64>,
    /// Bytes of programs (contents, maps, fonts) that may still be run: each takes far longer than to decode.
    run: Cell<u64>,
    deadline: Option<Instant>,
}

/// Work that is free however small the file.
const WORK_MIN: u64 = 64 << 20;
/// How often every byte of the file may be looked at, on average.
const WORK_PER_BYTE: u64 = 64;
/// How often every byte that decoding makes may be looked at.
const WORK_PER_DECODED: u64 = 8;
/// Bytes of programs that are run however small the file, and how many for each of its bytes.
const RUN_MIN: u64 = 384 << 20;
const RUN_PER_BYTE: u64 = 16;

impl Budget {
    pub(super) fn new(len: usize, bounds: &Bounds) -> Self {
        let work = WORK_MIN
            .saturating_add((len as u64).saturating_mul(WORK_PER_BYTE))
            .saturating_add(bounds.decoded_bytes_max.saturating_mul(WORK_PER_DECODED));
        Self {
            work: Cell::new(work),
            decoded: Cell::new(bounds.decoded_bytes_max),
            run: Cell::new(RUN_MIN.saturating_add((len as u64).saturating_mul(RUN_PER_BYTE))),
            deadline: Instant::now().checked_add(bounds.time_max),
        }
    }

    /// Takes note of work on so many bytes.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Stop> {
        // A step costs something even when it looks at nothing.
        const STEP: u64 = 16;
        let work = self.work.get().checked_sub(bytes as u64 + STEP).ok_or(Stop::Bound(OpaqueReason::TooLarge))?;
        self.work.set(work);
        if self.deadline.is_some_and(|d| Instant::now() >= d) {
            return Err(Stop::Bound(OpaqueReason::TimeLimit));
        }
        Ok(())
    }

    /// Takes note of a program of so many bytes that is to be run.
    pub(super) fn run(&self, bytes: usize) -> Result<(), Stop> {
        let run = self.run.get().checked_sub(bytes as u64).ok_or(Stop::Bound(OpaqueReason::TooLarge))?;
        self.run.set(run);
        self.spend(bytes)
    }

    /// How much a stream may make that may make `max`.
    pub(super) fn decoded_max(&self, max: usize) -> usize {
        usize::try_from(self.decoded.get()).unwrap_or(usize::MAX).min(max)
    }

    /// Takes note of what a stream came to.
    pub(super) fn decoded(&self, bytes: usize) -> Result<(), Stop> {
        self.decoded.set(self.decoded.get().saturating_sub(bytes as u64));
        self.spend(bytes)
    }
}
