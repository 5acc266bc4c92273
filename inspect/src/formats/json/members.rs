//! Members of objects: the same keys follow each other in record after record, and most of what stands under them has stood
//! there before, its digits apart.
//!
//! A member that was told to hold nothing, whatever digits it has, is known again by its bytes, key, blanks and value in one
//! comparison. It judges nothing: what is not known is told as any value is (`plain.rs`).
//!
//! Measured (callgrind): what an application says all day took 38 instructions a byte and takes 20; pages of which every
//! fourth record is about a person, 45 and 34, a part of that by looking less at identifiers and paths (`layers/runs.rs`).

use super::plain::Keys;
use super::{Json, Role, State, is_bare};
use crate::inquiry::Inquiry;
use crate::layers::Suspects;

/// Bytes compared at the most: all that are remembered are shorter.
const BYTES: usize = 4 * PIECE;
const SLOTS: usize = 256;
/// Bytes compared at a time.
const PIECE: usize = 32;
/// The first bytes of a value, behind its colon.
type Head = [u8; 8];

/// Members in which there is nothing.
#[derive(Default)]
pub(super) struct Members(Vec<Member>);

#[derive(Clone, Copy)]
struct Member {
    /// From the quote before its key to the end of its value, every digit a zero; zeros behind.
    text: [u8; BYTES],
    /// The hash of its key.
    name: u64,
    len: u8,
    /// Where its value begins, and bytes of that.
    value: u8,
    cell: u8,
    /// Bytes of its key and its value.
    looked: u8,
    /// What of the value may mean something, by which digits stand in it.
    suspects: Option<Suspects>,
}

/// The hash of no key, nor what stands for that where none is known.
const NO_KEY: u64 = 1;
const EMPTY: Member = Member { text: [0; BYTES], name: NO_KEY, len: 0, value: 0, cell: 0, looked: 0, suspects: None };

impl Members {
    /// The first of the two places of a member. Which words and how many digits its value begins with tells most apart.
    #[inline]
    fn slot(name: u64, head: Head) -> usize {
        let head = without_digits(u64::from_le_bytes(head));
        ((head ^ name).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % (SLOTS / 2) * 2
    }

    /// What `text` begins with, whose key is known and whose value begins with `head`.
    #[inline]
    fn known(&self, name: u64, head: Head, text: &[u8]) -> Option<&Member> {
        let at = Self::slot(name, head);
        let is = |member: &&Member| member.name == name && member.begins(text);
        [at, at ^ 1].into_iter().filter_map(|at| self.0.get(at)).find(is)
    }

    fn learn(&mut self, member: Member, head: Head) {
        if self.0.is_empty() {
            self.0.resize(SLOTS, EMPTY);
        }
        // Two share two places before one has to go.
        let at = Self::slot(member.name, head);
        self.0.swap(at, at ^ 1);
        self.0[at] = member;
    }
}

impl Member {
    /// Whether `text` begins with this member, and more than it stands there.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        let len = usize::from(self.len);
        let (own, rest) = self.text.split_at(len / PIECE * PIECE);
        let Some((theirs, behind)) = text.split_at_checked(own.len()) else { return false };
        let (Some(rest), Some(behind)) = (rest.first_chunk(), behind.first_chunk::<PIECE>()) else { return false };
        let pieces = own.as_chunks().0.iter().zip(theirs.as_chunks().0);
        // A number goes on, or what stands behind is no JSON.
        let ends = behind.get(len % PIECE).is_some_and(|b| !is_bare(*b));
        ends && !differ(rest, behind, &FIRST[len % PIECE]) && !pieces.into_iter().any(|(a, b)| differ(a, b, &ALL))
    }
}

/// Whether two texts differ otherwise than in digits, where the mask has bits. The first has zeros for digits.
#[inline]
fn differ(own: &[u8; PIECE], theirs: &[u8; PIECE], mask: &[u8; PIECE]) -> bool {
    let bytes = own.iter().zip(theirs).zip(mask);
    bytes.fold(0, |differ, ((own, theirs), mask)| differ | (zeroed(*theirs) ^ own) & mask) != 0
}

#[inline]
const fn zeroed(b: u8) -> u8 {
    if b.is_ascii_digit() { b'0' } else { b }
}

/// Eight bytes with every digit made a zero byte.
const fn without_digits(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // A digit differs from `0` by less than ten, and has no high bit.
    let from_zero = eight ^ (ONES * b'0' as u64);
    let other = ((from_zero & !HIGH) + ONES * (0x80 - 10)) | from_zero;
    eight & (((other & HIGH) >> 7) * 0xff)
}

const ALL: [u8; PIECE] = [0xff; PIECE];

/// The first so many of a piece.
const FIRST: [[u8; PIECE]; PIECE] = {
    let mut masks = [[0; PIECE]; PIECE];
    let mut len = 1;
    while len < PIECE {
        let mut n = 0;
        while n < len {
            masks[len][n] = 0xff;
            n += 1;
        }
        len += 1;
    }
    masks
};

impl Keys {
    /// The member at the quote `at`, if its key is one of those that stood behind the last one before and it is known; with
    /// the place of its key.
    #[inline]
    fn member(&self, bytes: &[u8], at: usize) -> Option<(usize, &Member)> {
        let next = self.known.get(self.last)?.next;
        let rest = bytes.get(at..)?;
        next.into_iter().find_map(|place| {
            let key = self.known.get(place)?;
            // Another key hardly ever has its quote and colon in the same place.
            let (_, behind) = rest.split_at_checked(key.text.len() + 1)?;
            let [b'"', b':', head @ ..] = behind.first_chunk::<{ 2 + size_of::<Head>() }>()? else { return None };
            Some((place, self.members.known(key.name, *head, rest)?))
        })
    }
}

/// Where the blanks from `at` on end.
fn past_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

impl Json {
    /// Reads the members of an object from the quote at `n` on, as long as their keys follow each other as they did before;
    /// returns how far it came. Nearly all of an answer is these.
    pub(super) fn members(&mut self, bytes: &[u8], mut n: usize, at: u64, inquiry: &mut Inquiry) -> Option<usize> {
        let in_object = self.levels.last().is_some_and(|level| !level.array) && self.deeper == 0;
        if !in_object || self.colon || self.complete || !self.is_plain(inquiry) {
            return None;
        }
        let mut past = None;
        loop {
            let start = self.pass(bytes, n, inquiry);
            if self.complete || start > n && bytes.get(start) != Some(&b'"') {
                return Some(start);
            }
            if start > n {
                past = Some(start);
            }
            self.begin(at + start as u64 + 1, true);
            let Some(colon) = self.next_key(bytes, start + 1, inquiry) else {
                self.complete = false;
                return past;
            };
            if bytes.get(colon) != Some(&b':') {
                return Some(colon);
            }
            (self.colon, self.complete) = (true, false);
            n = past_blanks(bytes, colon + 1);
            let (value, end) = match bytes.get(n) {
                Some(b'"') => {
                    self.begin(at + n as u64 + 1, false);
                    self.state = State::Str;
                    (n + 1, self.string(bytes, n + 1, at, inquiry))
                }
                Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                    self.begin(at + n as u64, false);
                    self.state = State::Bare;
                    (n, self.bare(bytes, n, at, inquiry))
                }
                _ => return Some(n),
            };
            let Some(end) = end else { return Some(value) };
            if self.nothing {
                let member = bytes.get(start..).unwrap_or_default();
                self.learn(member, end - start, value - start, colon + 1 - start, inquiry);
            }
            if bytes.get(end) != Some(&b',') {
                return Some(end);
            }
            self.complete = false;
            n = past_blanks(bytes, end + 1);
            past = Some(n);
            if bytes.get(n) != Some(&b'"') {
                return past;
            }
        }
    }

    /// Passes the members from the quote at `n` on that are known to hold nothing; returns where the next begins, or what
    /// stands there instead.
    fn pass(&mut self, bytes: &[u8], mut n: usize, inquiry: &mut Inquiry) -> usize {
        // What their neighbours say of them may matter.
        let alone = self.joined.is_empty()
            && self.rows.is_none()
            && self.levels.last().is_some_and(|level| level.told.is_none() && !level.tells)
            && !inquiry.is_late(&self.value.place);
        let (mut looked, from) = (0, n);
        while alone && let Some((place, member)) = self.keys.member(bytes, n) {
            if let Some(suspects) = member.suspects {
                let value = n + usize::from(member.value);
                let cell = bytes.get(value..value + usize::from(member.cell)).unwrap_or_default();
                if !inquiry.is_nothing(suspects, cell) {
                    break;
                }
            }
            looked += usize::from(member.looked);
            n += usize::from(member.len);
            self.keys.last = place;
            self.complete = bytes.get(n) != Some(&b',');
            if !self.complete {
                n = past_blanks(bytes, n + 1);
            }
            if self.complete || bytes.get(n) != Some(&b'"') {
                break;
            }
        }
        if n > from {
            inquiry.looked_at(&self.value.place, looked);
            self.key = false;
            if let Some(key) = self.keys.known.get(self.keys.last) {
                (self.column, self.name, self.role) = (key.column, key.name, key.role);
            }
        }
        n
    }

    /// Remembers the member of so many bytes that `text` begins with, in which nothing was found, if that is so whatever digits
    /// it has. Its value begins at `value`, and what stands behind its colon at `colon`.
    fn learn(&mut self, text: &[u8], len: usize, value: usize, colon: usize, inquiry: &Inquiry) {
        let Keys { known, last, members, .. } = &mut self.keys;
        let Some(key) = known.get(*last) else { return };
        let told = self.levels.last().is_none_or(|level| level.told.is_some());
        let elsewhere = matches!(key.role, Role::Telling | Role::Code | Role::Index);
        if told || len >= BYTES || elsewhere || key.text.iter().any(u8::is_ascii_digit) {
            return;
        }
        let (Some(head), Some(member)) = (text.get(colon..).and_then(<[u8]>::first_chunk), text.get(..len)) else {
            return;
        };
        let cell = member.get(value..).unwrap_or_default();
        let cell = cell.strip_suffix(b"\"").unwrap_or(cell);
        let Some(suspects) = inquiry.suspects(cell, self.value.context.column) else { return };
        let mut text = [0; BYTES];
        text.iter_mut().zip(member).for_each(|(to, b)| *to = zeroed(*b));
        let looked = (key.text.len() + cell.len()) as u8;
        let suspects = Some(suspects).filter(|suspects| *suspects != Suspects::default());
        let (len, value, cell) = (len as u8, value as u8, cell.len() as u8);
        members.learn(Member { text, name: key.name, len, value, cell, looked, suspects }, *head);
    }
}
