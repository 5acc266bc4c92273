//! What one container added to an inspection, set apart so that it can be kept and added again.
//!
//! A container is always judged into an outcome of its own, which is then added: kept or fresh, it is the same.

use std::sync::Arc;

use chot_model::{Inspection, OpaqueReason};

use super::cache::{Key, OUTCOME_BYTES_MAX, Standing};
use super::tallies::Tallies;
use super::{Crowd, HELD_MAX, Inquiry, Place, SAMPLES_MAX, SECOND_MIN};
use crate::Hint;
use crate::people::Groups;
use crate::redact::{Edits, Origin};

/// What a container added.
pub(crate) struct Outcome {
    media_type: Option<&'static str>,
    inspection: Inspection,
    tallies: Tallies,
    people: Groups,
    edits: Edits,
    /// The address of the container when it was read.
    stood: u64,
    opaque_bytes: u64,
    members: u64,
    inflated: u64,
    first: u64,
    second: u64,
    /// The most that was held at a time.
    held: u64,
}

impl Outcome {
    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        const FIXED: usize = 1 << 10;
        let tallies: usize = self.tallies.iter().map(|(_, (_, distinct))| distinct.bytes()).sum();
        FIXED + tallies + self.people.bytes() + self.edits.bytes() + self.inspection.opaque.len() * (FIXED / 8)
    }

    /// Whether it is the same whenever its container is inspected: limits that are used up together did not bear.
    fn lasts(&self) -> bool {
        use OpaqueReason::{Failed, TimeLimit, TooLarge, TooMany};
        [Failed, TimeLimit, TooLarge, TooMany].iter().all(|reason| !self.inspection.is_opaque(*reason))
    }

    /// Whether `inquiry` would come to it as well, given what of the limits is used up.
    fn fits(&self, inquiry: &Inquiry) -> bool {
        inquiry.members + self.members <= inquiry.limits.members_max
            && inquiry.inflated + self.inflated <= inquiry.inflated_max()
            && inquiry.held + self.held <= HELD_MAX
            && inquiry.second + self.second <= SECOND_MIN
            && !inquiry.late
    }
}

impl Inquiry {
    /// Whether what containers come to is remembered. Whoever listens wants every finding, not only that.
    pub(crate) const fn remembers_containers(&self) -> bool {
        self.cache.is_some() && self.sink.is_none()
    }

    /// Judges a container with `read`, or remembers how it was judged before, if its `content` has a hash.
    pub(crate) fn container(
        &mut self,
        content: Option<[u8; 32]>,
        hint: &Hint,
        place: &Place,
        read: impl FnOnce(&mut Self) -> Option<&'static str>,
    ) -> Option<&'static str> {
        let (standing, stands) = match place.origin {
            Origin::Lost => (Standing::Lost, 0),
            Origin::Raw(base) => (Standing::Raw, base),
            Origin::Transfer(_) | Origin::Within(_) => (Standing::Encoded, 0),
        };
        // What a piece comes to is told, or not, by what else is in the message.
        let content = content.filter(|_| self.remembers_containers() && !self.cut.is_piece());
        let cache = content.and_then(|content| Some((self.cache.clone()?, Key::new(content, hint, place, standing))));
        let known = cache.as_ref().and_then(|(cache, key)| cache.get(key));
        if let Some(known) = known.filter(|known| known.fits(self)) {
            self.add(&known, place, stands);
            return known.media_type;
        }
        let mut within = self.within();
        within.cut = self.cut.within();
        let media_type = read(&mut within);
        within.settle();
        self.cut.learn(&within.cut);
        let mut outcome = self.outcome(within, media_type, stands);
        // Behind an encoding of a mail, and in a text, the edits are its own.
        let moves = standing != Standing::Encoded || outcome.edits.are_lost();
        match cache.filter(|_| moves && outcome.lasts() && outcome.bytes() <= OUTCOME_BYTES_MAX) {
            Some((cache, key)) => {
                self.add(&outcome, place, stands);
                cache.put(key, Arc::new(outcome));
            }
            None => {
                let edits = std::mem::take(&mut outcome.edits);
                self.edits.take(edits);
                self.add(&outcome, place, stands);
            }
        }
        media_type
    }

    /// An inquiry into a container: nothing found yet, the limits as far as they are used up.
    fn within(&mut self) -> Self {
        Self {
            detectors: Arc::clone(&self.detectors),
            limits: self.limits.clone(),
            key: self.key.clone(),
            extractor: Arc::clone(&self.extractor),
            passwords: Arc::clone(&self.passwords),
            values: self.values,
            cache: self.cache.clone(),
            sink: self.sink.take(),
            headings: std::mem::take(&mut self.headings),
            keys: std::mem::take(&mut self.keys),
            found: self.found,
            hits: std::mem::take(&mut self.hits),
            cells: std::mem::take(&mut self.cells),
            room: crate::layers::Room::default(),
            deadline: self.deadline,
            print_left: self.print_left,
            members: self.members,
            given: self.given,
            inflated: self.inflated,
            held: self.held,
            held_most: self.held,
            first: self.first,
            second: self.second,
            late: self.late,
            calls: self.calls,
            cut: super::Cut::default(),
            ciphers: std::mem::take(&mut self.ciphers),
            sought: self.sought.clone(),
            careful: self.careful,
            inspection: Inspection::default(),
            tallies: Tallies::default(),
            people: crate::people::People::default(),
            edits: self.edits.within(),
            opaque_bytes: 0,
            crowd: Crowd::default(),
        }
    }

    /// Takes back what was lent, and what the container came to.
    fn outcome(&mut self, within: Self, media_type: Option<&'static str>, stood: u64) -> Outcome {
        self.sink = within.sink;
        self.ciphers = within.ciphers;
        self.headings = within.headings;
        self.keys = within.keys;
        self.found = within.found;
        self.hits = within.hits;
        self.cells = within.cells;
        self.print_left = within.print_left;
        (self.late, self.calls) = (within.late, within.calls);
        self.held_most = self.held_most.max(within.held_most);
        Outcome {
            media_type,
            inspection: within.inspection,
            tallies: within.tallies,
            people: within.people.groups(),
            edits: within.edits,
            stood,
            opaque_bytes: within.opaque_bytes,
            members: within.members - self.members,
            inflated: within.inflated - self.inflated,
            first: within.first - self.first,
            second: within.second - self.second,
            held: within.held_most - self.held,
        }
    }

    fn add(&mut self, outcome: &Outcome, place: &Place, stands: u64) {
        for (detector, (theirs, seen)) in outcome.tallies.iter() {
            let (ours, distinct) = self.tallies.of(detector);
            let new = distinct.absorb(seen);
            if place.again && !new {
                // A second look at what was seen in the open already.
                continue;
            }
            ours.confidence = ours.confidence.max(theirs.confidence);
            ours.count += theirs.count;
            ours.low += theirs.low;
            for sample in &theirs.samples {
                if ours.samples.len() < SAMPLES_MAX && !ours.samples.contains(sample) {
                    ours.samples.push(sample.clone());
                }
            }
        }
        for opaque in &outcome.inspection.opaque {
            if !self.inspection.opaque.contains(opaque) {
                self.inspection.add_opaque(opaque.part.clone(), opaque.reason);
            }
        }
        for disguise in &outcome.inspection.disguises {
            self.note(disguise);
        }
        self.people.absorb(&outcome.people);
        self.edits.absorb(&outcome.edits, outcome.stood, stands);
        self.opaque_bytes = self.opaque_bytes.saturating_add(outcome.opaque_bytes);
        self.members += outcome.members;
        self.inflated += outcome.inflated;
        self.first += outcome.first;
        self.second += outcome.second;
        self.held_most = self.held_most.max(self.held + outcome.held);
    }
}
