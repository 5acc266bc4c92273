//! Names and contents of segment files, shared by recovery, reader, verifier and purge.

use crate::chain::{Break, Chain};
use crate::frame::{Frame, Frames};
use crate::record::Envelope;

/// The file of the segment whose first record is `first`.
pub(crate) fn name(first: u64) -> String {
    format!("seg-{first:020}.log")
}

/// The name a segment has until it is whole.
pub(crate) fn new_name(first: u64) -> String {
    format!("seg-{first:020}.tmp")
}

/// The first record's number, of exactly the names [`name`] makes.
pub(crate) fn first_of(file: &str) -> Option<u64> {
    let digits = file.strip_prefix("seg-")?.strip_suffix(".log")?;
    let first = (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)?.parse().ok()?;
    (first > 0).then_some(first)
}

/// Whether a file may be left behind by a crash and is void.
pub(crate) fn is_unfinished(file: &str) -> bool {
    file == crate::head::NEW || file.strip_suffix(".tmp").is_some_and(|n| first_of(&format!("{n}.log")).is_some())
}

/// First numbers of all segments, in order.
pub(crate) fn firsts(files: &[String]) -> Vec<u64> {
    let mut firsts: Vec<_> = files.iter().filter_map(|f| first_of(f)).collect();
    firsts.sort_unstable();
    firsts
}

/// Walks the live records of a segment. Frames numbered `limit` or higher are void: the segment was abandoned after a
/// failed write, and the next segment, which begins with `limit`, took their place.
pub(crate) struct Records<'a> {
    pub(crate) frames: Frames<'a>,
    pub(crate) chain: Chain,
    limit: Option<u64>,
    /// Where the walk stopped because the frame there is void.
    pub(crate) void_from: Option<usize>,
}

impl<'a> Records<'a> {
    pub(crate) fn new(bytes: &'a [u8], chain: Chain, limit: Option<u64>) -> Self {
        Self { frames: Frames::new(bytes), chain, limit, void_from: None }
    }
}

/// One frame of the walk and what is wrong with it.
pub(crate) struct Live<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) envelope: Envelope<'a>,
    pub(crate) fault: Option<Break>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Live<'a>, usize>;

    /// The next live record; `Err` with its offset when a frame is intact but holds no record.
    fn next(&mut self) -> Option<Self::Item> {
        if self.void_from.is_some() {
            return None;
        }
        let frame = self.frames.next()?;
        let Some(envelope) = Envelope::parse(frame.payload) else { return Some(Err(frame.offset)) };
        if self.limit.is_some_and(|limit| envelope.first() >= limit) {
            self.void_from = Some(frame.offset);
            return None;
        }
        let fault = self.chain.step(frame.payload, &envelope).err();
        Some(Ok(Live { frame, envelope, fault }))
    }
}
