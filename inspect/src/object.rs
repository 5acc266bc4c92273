//! One object being inspected: its beginning decides the format, then the format's room gets the rest.
//!
//! Bytes are regrouped into blocks of one size, so however they arrive, every room sees the same blocks.

use chot_detectors::first_pair;
use chot_model::OpaqueReason;
use sha2::{Digest, Sha256};

use crate::Hint;
use crate::formats::{self, Buried, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::redact::Origin;
use crate::sniff::Head;
use crate::source::{Section, Source};
use crate::text;

/// Bytes handed to a room at a time, and the most a format may need to recognise itself.
pub(crate) const BLOCK: usize = 1 << 16;
/// The same of what is only hashed until its end has come: a thousand such objects may be waiting for theirs.
const WAITING_BLOCK: usize = 1 << 12;

pub(crate) struct Object {
    hint: Hint,
    place: Place,
    block: Vec<u8>,
    /// How the block before ended.
    seam: [u8; PGP_ARMOUR.len() - 1],
    /// Bytes handed to the room.
    at: u64,
    /// Of these, bytes that came too late to be read.
    missed: u64,
    /// What was opaque before it.
    opaque_before: u64,
    state: State,
    /// What else a text may be.
    buried: Option<Box<Buried>>,
    /// The bytes of a container whose own bytes are nowhere to be read again; `None` when they are.
    held: Option<Vec<u8>>,
    media_type: &'static str,
}

enum State {
    /// Nothing decided yet.
    Fresh,
    Stream(Box<dyn Stream>),
    /// Waits for the end, with the hash of the bytes so far, if it is to be known again by that.
    Whole(fn(&dyn Source, &Place, &mut Inquiry) -> Option<&'static str>, Option<Sha256>),
    /// Not read any further.
    Closed,
}

impl Object {
    /// An object whose bytes will be gone once they are pushed: if its format needs them again, it keeps them.
    pub(crate) fn new(hint: Hint, place: Place) -> Self {
        let held = Some(Vec::new());
        Self {
            hint,
            place,
            block: Vec::new(),
            seam: [0; _],
            at: 0,
            missed: 0,
            opaque_before: 0,
            state: State::Fresh,
            buried: None,
            held,
            media_type: EMPTY,
        }
    }

    /// An object whose bytes are given once more at the end.
    pub(crate) fn from_source(hint: Hint, place: Place) -> Self {
        Self { held: None, ..Self::new(hint, place) }
    }

    pub(crate) fn media_type(&self) -> &'static str {
        self.media_type
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8], inquiry: &mut Inquiry) {
        while !bytes.is_empty() {
            let len = self.block_bytes();
            if self.block.is_empty() && bytes.len() >= len {
                let (whole, rest) = bytes.split_at(len);
                self.read(whole, inquiry);
                bytes = rest;
                continue;
            }
            let n = (len - self.block.len()).min(bytes.len());
            let (some, rest) = bytes.split_at(n);
            self.block.extend_from_slice(some);
            bytes = rest;
            if self.block.len() == len {
                let mut block = std::mem::take(&mut self.block);
                self.read(&block, inquiry);
                if self.block_bytes() == len {
                    block.clear();
                    self.block = block;
                }
            }
        }
    }

    /// Takes the last bytes there are. They fill no block that others would have to wait for.
    fn push_last(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        if self.block.is_empty() && bytes.len() <= BLOCK {
            self.read(bytes, inquiry);
        } else {
            self.push(bytes, inquiry);
        }
    }

    /// How long the next block is.
    const fn block_bytes(&self) -> usize {
        match self.state {
            State::Fresh | State::Stream(_) => BLOCK,
            State::Whole(..) | State::Closed => WAITING_BLOCK,
        }
    }

    fn read(&mut self, block: &[u8], inquiry: &mut Inquiry) {
        if self.place.depth == 0 {
            // Block by block, so that how the bytes arrived does not decide how much they may expand to.
            inquiry.given += block.len() as u64;
        }
        if matches!(self.state, State::Fresh) {
            self.decide(block, inquiry);
        }
        if inquiry.is_late(&self.place) {
            self.at += block.len() as u64;
            self.missed += block.len() as u64;
            return;
        }
        if is_armoured(block) || is_armour_between(&self.seam, block) {
            // No chance writes such a line: it is told of what stands in an encoding as well.
            if self.place.disguise.is_some() {
                inquiry.refuse(&self.place, OpaqueReason::Encrypted, block.len() as u64);
            } else {
                inquiry.opaque(&self.place, OpaqueReason::Encrypted, block.len() as u64);
            }
        }
        if let Some(end) = block.last_chunk() {
            self.seam = *end;
        }
        if let Some(buried) = &mut self.buried {
            buried.read(block, &self.place, inquiry);
        }
        match &mut self.state {
            State::Stream(stream) => stream.block(block, self.at, inquiry),
            State::Whole(_, hash) => {
                if let Some(hash) = hash {
                    hash.update(block);
                }
                if let Some(held) = &mut self.held {
                    if inquiry.hold(block.len()) {
                        held.extend_from_slice(block);
                    } else {
                        inquiry.held -= held.len() as u64;
                        self.held = Some(Vec::new());
                        inquiry.refuse(&self.place, OpaqueReason::TooLarge, block.len() as u64);
                        self.state = State::Closed;
                    }
                }
            }
            State::Fresh | State::Closed => {}
        }
        self.at += block.len() as u64;
    }

    fn decide(&mut self, block: &[u8], inquiry: &mut Inquiry) {
        self.opaque_before = inquiry.opaque_bytes();
        // Readers of streams stand within each other: what holds itself would take the stack down.
        if self.place.depth > inquiry.limits.depth_max {
            inquiry.refuse(&self.place, OpaqueReason::TooDeep, block.len() as u64);
            self.state = State::Closed;
            return;
        }
        if let Some(name) = &self.hint.name {
            self.place = self.place.clone().announced(name);
        }
        let head = Head::new(block, &self.hint);
        let Some(format) = formats::of(&head) else { return };
        self.media_type = format.media_type;
        self.place.marked |= self.place.disguise.is_some() && formats::is_certain(format);
        self.buried = formats::may_hold(format.media_type).then(Box::default);
        if head.hides_digits() {
            inquiry.opaque(&self.place, OpaqueReason::UnknownEncoding, block.len() as u64);
        }
        if self.place.depth == 0 && lies(&head, format.media_type) {
            inquiry.note("false-type");
        }
        self.state = match format.room {
            Room::Stream(open) => State::Stream(open(&head, &self.place)),
            Room::Whole(_) if self.place.depth >= inquiry.limits.depth_max => {
                inquiry.refuse(&self.place, OpaqueReason::TooDeep, block.len() as u64);
                State::Closed
            }
            Room::Whole(read) => State::Whole(read, inquiry.remembers_containers().then(Sha256::new)),
        };
    }

    /// Gives up what it held.
    pub(crate) fn forget(self, inquiry: &mut Inquiry) {
        inquiry.held = inquiry.held.saturating_sub(self.held.map_or(0, |held| held.len() as u64));
    }

    /// Whether it is read as it comes, so that its end is no more work than any other block.
    pub(crate) const fn is_read_along(&self) -> bool {
        matches!(self.state, State::Stream(_))
    }

    /// Completes the object. `source` holds its bytes when it was made for one.
    pub(crate) fn finish(&mut self, source: Option<&dyn Source>, inquiry: &mut Inquiry) {
        let len = self.len();
        self.finish_packed(source, len, inquiry);
    }

    /// Bytes pushed so far.
    pub(crate) const fn len(&self) -> u64 {
        self.at + self.block.len() as u64
    }

    /// As [`Self::finish`], for an object that takes up `packed` bytes of what holds it: as large a share of them is
    /// opaque as of the object.
    pub(crate) fn finish_packed(&mut self, source: Option<&dyn Source>, packed: u64, inquiry: &mut Inquiry) {
        let block = std::mem::take(&mut self.block);
        if !block.is_empty() {
            self.read(&block, inquiry);
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Stream(stream) => {
                stream.finish(inquiry);
                if let Some(buried) = self.buried.take() {
                    buried.end(inquiry);
                }
            }
            State::Whole(read, hash) if !inquiry.is_late(&self.place) => {
                // What stands around it, and came meanwhile, has been counted.
                self.opaque_before = inquiry.opaque_bytes();
                let held = self.held.take().unwrap_or_default();
                let hash = hash.map(|hash| hash.finalize().into());
                let read = |inquiry: &mut Inquiry| read(source.unwrap_or(&held), &self.place, inquiry);
                if let Some(refined) = inquiry.container(hash, &self.hint, &self.place, read) {
                    self.media_type = refined;
                }
                inquiry.held = inquiry.held.saturating_sub(held.len() as u64);
            }
            State::Whole(..) | State::Closed => self.missed = self.at,
            // Nothing ever came.
            State::Fresh => return,
        }
        inquiry.miss(self.missed);
        inquiry.share(self.opaque_before, self.at, packed);
    }
}

/// How encrypted text begins wherever it is pasted (RFC 9580 §6.2).
const PGP_ARMOUR: &[u8; 27] = b"-----BEGIN PGP MESSAGE-----";

/// Whether a block holds the beginning of such a text.
pub(crate) fn is_armoured(block: &[u8]) -> bool {
    // Two of its letters that seldom stand side by side, and where: every byte that passes is looked at.
    const RARE: ([u8; 2], usize) = (*b"GP", 12);
    const { assert!(PGP_ARMOUR[RARE.1] == RARE.0[0] && PGP_ARMOUR[RARE.1 + 1] == RARE.0[1]) };
    let (pair, by) = RARE;
    let mut from = by;
    while let Some(at) = first_pair(block, from, pair) {
        if block.get(at - by..).is_some_and(|rest| rest.starts_with(PGP_ARMOUR)) {
            return true;
        }
        from = at + 1;
    }
    false
}

/// Whether the mark begins in one block and ends in the next.
fn is_armour_between(before: &[u8; PGP_ARMOUR.len() - 1], block: &[u8]) -> bool {
    let behind = block.get(..before.len()).unwrap_or(block);
    (1..PGP_ARMOUR.len()).any(|n| {
        let (head, tail) = PGP_ARMOUR.split_at(n);
        before.ends_with(head) && behind.starts_with(tail)
    })
}

const EMPTY: &str = "application/x-empty";

/// Whether name or declared type say something else than the content, of kinds a sender can hardly confuse.
fn lies(head: &Head<'_>, found: &str) -> bool {
    let binary = |t: &str| {
        t.starts_with("image/") || t.starts_with("video/") || t.starts_with("audio/") || t == "application/pdf"
    };
    if head.declared() == found {
        return false;
    }
    let named = match head.extension() {
        "png" | "jpg" | "jpeg" | "gif" | "bmp" | "webp" | "mp4" | "mp3" | "pdf" => true,
        "txt" | "csv" => !found.starts_with("text/") && found != "application/json",
        _ => false,
    };
    let text = found.starts_with("text/") || found.contains("zip") || found.contains("xml") || found.contains("json");
    (named || binary(head.declared()))
        && (text || !found.starts_with("text/") && !found.starts_with("image/") && !named && found != OCTETS)
}

/// The media type of what no room opens.
pub(crate) const OCTETS: &str = "application/octet-stream";

/// Inspects a member whose bytes lie as they are in `source`: a stored archive member, a part of a form.
pub(crate) fn section(source: &dyn Source, from: u64, to: u64, hint: Hint, place: Place, inquiry: &mut Inquiry) {
    let section = Section { whole: source, range: from..to };
    let mut object = Object::from_source(hint, place.clone());
    if feed(&section, 0, &mut object, inquiry) {
        object.finish(Some(&section), inquiry);
    } else {
        inquiry.refuse(&place, OpaqueReason::Failed, to.saturating_sub(from));
    }
}

/// Pushes a source from `at` to its end; false when it cannot be read that far.
pub(crate) fn feed(source: &dyn Source, mut at: u64, object: &mut Object, inquiry: &mut Inquiry) -> bool {
    let mut buffer = Vec::new();
    while at < source.len() {
        if let Some(bytes) = source.in_memory(at).filter(|bytes| !bytes.is_empty()) {
            at += bytes.len() as u64;
            if at == source.len() {
                object.push_last(bytes, inquiry);
            } else {
                object.push(bytes, inquiry);
            }
            continue;
        }
        buffer.resize(BLOCK, 0);
        match source.read_at(at, &mut buffer) {
            Ok(n @ 1..) => {
                object.push(buffer.get(..n).unwrap_or_default(), inquiry);
                at += n as u64;
            }
            Ok(0) | Err(_) => return false,
        }
    }
    true
}

/// Counts a member of a container and looks at its name. False when there are too many.
pub(crate) fn enter(name: &str, place: &Place, inquiry: &mut Inquiry) -> bool {
    inquiry.members += 1;
    if inquiry.members > inquiry.limits.members_max {
        inquiry.refuse(place, OpaqueReason::TooMany, 1);
        return false;
    }
    if place.depth >= inquiry.limits.depth_max {
        inquiry.refuse(place, OpaqueReason::TooDeep, 1);
        return false;
    }
    let place = Place { origin: Origin::Lost, ..place.clone() };
    let marks = text::aside(&place, "", name.as_bytes(), inquiry);
    inquiry.people.record(&marks, false);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn armour_is_seen_wherever_it_stands(
            before in proptest::collection::vec(any::<u8>(), 0..70),
            behind in proptest::collection::vec(any::<u8>(), 0..70),
            cut in 0..PGP_ARMOUR.len() + 1,
        ) {
            let text = [before.as_slice(), PGP_ARMOUR, &behind].concat();
            prop_assert!(is_armoured(&text));
            let text = [before.as_slice(), &PGP_ARMOUR[..cut], b".", &PGP_ARMOUR[cut..], &behind].concat();
            prop_assert_eq!(is_armoured(&text), text.windows(PGP_ARMOUR.len()).any(|mark| mark == PGP_ARMOUR));
        }

        #[test]
        fn armour_is_seen_across_blocks(text in "[-A-Z ]{26,40}", behind in "[-A-Z ]{0,40}", cut in 0..PGP_ARMOUR.len() + 1) {
            let (head, tail) = PGP_ARMOUR.split_at(cut);
            let (before, block) = ([text.as_bytes(), head].concat(), [tail, behind.as_bytes()].concat());
            let seam = before.last_chunk().expect("long enough");
            prop_assert_eq!(is_armour_between(seam, &block), (1..PGP_ARMOUR.len()).contains(&cut));
        }
    }
}
