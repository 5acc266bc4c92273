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
    deadline: Option<Instant>,
}

/// Work that is free however small the file.
const WORK_MIN: u64 = 64 << 20;
/// How often every byte of the file may be looked at, on average.
const WORK_PER_BYTE: u64 = 64;
/// How often every byte that decoding makes may be looked at.
const WORK_PER_DECODED: u64 = 8;
/// One stream that makes more is no page, and none that anybody could open.
const STREAM_MAX: u64 = 192 << 20;

impl Budget {
    pub(super) fn new(len: usize, bounds: &Bounds) -> Self {
        let work = WORK_MIN
            .saturating_add((len as u64).saturating_mul(WORK_PER_BYTE))
            .saturating_add(bounds.decoded_bytes_max.saturating_mul(WORK_PER_DECODED));
        Self {
            work: Cell::new(work),
            decoded: Cell::new(bounds.decoded_bytes_max),
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

    /// How much one stream may make.
    pub(super) fn decoded_max(&self) -> usize {
        usize::try_from(self.decoded.get().min(STREAM_MAX)).unwrap_or(usize::MAX)
    }

    /// Takes note of what a stream came to.
    pub(super) fn decoded(&self, bytes: usize) -> Result<(), Stop> {
        self.decoded.set(self.decoded.get().saturating_sub(bytes as u64));
        self.spend(bytes)
    }
}
