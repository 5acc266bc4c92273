//! Counts what a pass asks of the heap: how often, and how much at once. The program that wants to know makes
//! [`Counting`] its allocator.
#![expect(unsafe_code, reason = "an allocator cannot be written without")]
// Why it is sound: every call goes on to the system's allocator with the arguments it came with; the counters beside
// are atomic and never touch the memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The system's allocator, with counters that stand still outside [`counted`].
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
/// Bytes given out and taken back since counting began. What was given out before may be taken back: the difference
/// wraps below zero then, and is read as a signed number.
static HELD: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

/// What a pass asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use {
    /// Calls that gave memory out.
    pub allocations: u64,
    /// Most bytes held at once, beyond what was held before.
    pub peak: u64,
}

/// Runs `work` and counts. One at a time; allocations of other threads count as well.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Use) {
    for counter in [&CALLS, &HELD, &PEAK] {
        counter.store(0, Relaxed);
    }
    ON.store(true, Relaxed);
    let made = work();
    ON.store(false, Relaxed);
    (made, Use { allocations: CALLS.load(Relaxed), peak: PEAK.load(Relaxed) })
}

fn given(bytes: usize) {
    if ON.load(Relaxed) {
        CALLS.fetch_add(1, Relaxed);
        let held = HELD.fetch_add(bytes as u64, Relaxed).wrapping_add(bytes as u64);
        if held.cast_signed() > 0 {
            PEAK.fetch_max(held, Relaxed);
        }
    }
}

fn taken_back(bytes: usize) {
    if ON.load(Relaxed) {
        HELD.fetch_sub(bytes as u64, Relaxed);
    }
}

// SAFETY: see above.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        given(layout.size());
        // SAFETY: the caller's promises are those `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        given(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        taken_back(layout.size());
        given(bytes);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, bytes) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        taken_back(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}
