//! Members of objects: the same keys follow each other in record after record, and most of what stands under them is plain,
//! or has stood there before, its digits apart.
//!
//! A key is known again by its bytes, and what is usual under it with it: numbers, dates and names are told in a straight
//! line (`Detectors::plain`), a word without quotes by itself, and a value that was told to hold nothing, whatever digits it
//! has, by its bytes. It judges nothing: what is none of these is told as any value is (`plain.rs`).
//!
//! Measured (callgrind): pages of which every fourth record is about a person took 11,400 instructions a record of 345 bytes
//! and take 6,900, a part of that by asking less what a run of characters is in an encoding.

use chot_detectors::{Column, Detectors, PIECE, Told, alike_but_digits, among, is_uuid};

use super::plain::Key;
use super::role::may_be_paper;
use super::{Json, Role, State};
use crate::formats::numeral::few_digits;
use crate::inquiry::Inquiry;
use crate::joined::PART_DIGITS_MAX;
use crate::layers::Suspects;

/// Bytes of the longest value remembered, with its quotes.
const BYTES: usize = 4 * PIECE;
const SLOTS: usize = 256;
/// The first bytes of a value.
type Head = [u8; 8];

/// Values in which there is nothing.
#[derive(Default)]
pub(super) struct Members(Vec<Member>);

#[derive(Clone, Copy)]
struct Member {
    /// The value as it is written, every digit a zero; zeros behind.
    text: [u8; BYTES],
    /// The hash of its key.
    name: u64,
    len: u8,
    /// How many pieces that takes, and which bytes of the last one stand behind it.
    pieces: u8,
    behind: u32,
    /// What of the value may mean something, by which digits stand in it.
    suspects: Option<Suspects>,
}

/// The hash of no key, nor what stands for that where none is known.
const NO_KEY: u64 = 1;
const EMPTY: Member = Member { text: [0; BYTES], name: NO_KEY, len: 0, pieces: 0, behind: 0, suspects: None };

impl Members {
    /// The first of the two places of a member. Which letters its value begins with tells most apart.
    #[inline]
    fn slot(name: u64, head: Head) -> usize {
        let head = letters(u64::from_le_bytes(head));
        ((head ^ name).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % (SLOTS / 2) * 2
    }

    /// The value that `text` begins with, under a known key.
    #[inline(never)]
    fn known(&self, name: u64, text: &[u8]) -> Option<&Member> {
        let at = Self::slot(name, *text.first_chunk()?);
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
    /// Whether `text` begins with this value, and more than it stands there.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        let mut own = self.text.as_chunks().0.iter();
        let mut theirs = text.as_chunks().0.iter();
        let mut alike = || Some(alike_but_digits(own.next()?, theirs.next()?));
        for _ in 1..self.pieces {
            if alike() != Some(u32::MAX) {
                return false;
            }
        }
        let alike = alike().is_some_and(|alike| alike | self.behind == u32::MAX);
        // A number may go on.
        alike && (self.text[0] == b'"' || ends(text.get(usize::from(self.len))))
    }

    /// The value without its quotes.
    fn cell(text: &[u8]) -> &[u8] {
        match text {
            [b'"', cell @ .., b'"'] => cell,
            _ => text,
        }
    }
}

/// Eight bytes with all that are no letters made zero: digits and signs are below those of ASCII.
const fn letters(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    eight & ((eight >> 6 & ONES) * 0xff)
}

/// The word without quotes that a text begins with, if a value ends behind it: its length, and a bit for each.
#[inline(always)]
fn word(text: &[u8]) -> Option<(usize, u8)> {
    let (len, bit) = match text.first_chunk()? {
        b"true" => (4, 1),
        b"null" => (4, 1 << 1),
        b"fals" if text.get(4) == Some(&b'e') => (5, 1 << 2),
        _ => return None,
    };
    ends(text.get(len)).then_some((len, bit))
}

/// Whether a value ends before this byte, and nothing stands between.
#[inline]
const fn ends(behind: Option<&u8>) -> bool {
    matches!(behind, Some(b',' | b'}'))
}

/// Where the blanks from `at` on end.
#[inline]
fn past_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

impl Json {
    /// Reads the members of an object from the quote at `n` on, as long as their keys follow each other as they did before;
    /// returns how far it came. Nearly all of an answer is these.
    #[inline(never)]
    pub(super) fn members(&mut self, bytes: &[u8], mut n: usize, at: u64, inquiry: &mut Inquiry) -> Option<usize> {
        let level = self.levels.last().filter(|level| !level.array && self.deeper == 0)?;
        if self.colon || self.complete || !self.is_plain(inquiry) {
            return None;
        }
        // What their neighbours say of values may matter.
        let alone = self.rows.is_none()
            && self.runs.is_none()
            && !level.tells
            && inquiry.detectors.tell_plain()
            && !inquiry.is_late(&self.value.place);
        let mut past = None;
        while let Some((key, behind)) = self.keys.next(bytes, n) {
            self.keys.last = key;
            let value = past_blanks(bytes, behind);
            let told = if alone { self.told(bytes, value, at, inquiry) } else { None };
            let end = match told {
                Some(end) => end,
                None => match self.other(bytes, value, at, inquiry) {
                    Ok(end) => end,
                    Err(at) => return Some(at),
                },
            };
            let goes_on = bytes.get(end) == Some(&b',');
            n = if goes_on { past_blanks(bytes, end + 1) } else { end };
            past = Some(n);
            if !goes_on || bytes.get(n) != Some(&b'"') {
                self.complete = !goes_on;
                break;
            }
            self.complete = false;
        }
        if past.is_some() {
            (self.key, self.colon) = (false, false);
            self.meet();
        }
        past
    }

    /// The key met last says what is at hand.
    fn meet(&mut self) {
        if let Some(key) = self.keys.known.get(self.keys.last) {
            (self.column, self.name, self.role) = (key.column, key.name, key.role);
        }
    }

    /// Whether the values under a key are what that says, whatever stands around and beside them.
    #[inline]
    fn is_own(&self, key: &Key) -> bool {
        match key.role {
            Role::Plain | Role::Body | Role::Headings | Role::Insurance | Role::Thing => true,
            Role::Told => self
                .levels
                .last()
                .is_some_and(|level| level.told.is_none() && !level.key.is_some_and(Column::is_identifier)),
            Role::Naming => !self.levels.last().is_some_and(|level| level.key.is_some_and(Column::is_identifier)),
            Role::Telling | Role::Code | Role::Index | Role::Subject => false,
        }
    }

    /// Tells the value at `value`, under the key met last, if that is plain or known to hold nothing; returns where it ends.
    /// Otherwise nothing is done.
    #[inline(always)]
    fn told(&mut self, bytes: &[u8], value: usize, at: u64, inquiry: &mut Inquiry) -> Option<usize> {
        let key = self.keys.known.get(self.keys.last)?;
        // Numbers tell nothing of other members, nor does what is known to hold nothing.
        let rest = bytes.get(value..)?;
        let tells = key.tells(rest);
        if !self.joined.is_empty() || key.role != Role::Plain && !tells && !self.is_own(key) {
            return None;
        }
        // What a member behind it may name is kept.
        if key.role == Role::Told && may_be_paper(rest) {
            return None;
        }
        let key_len = key.text.len();
        match rest.first()? {
            b'"' if tells => {}
            b'"' if key.column.is_none() => {
                const UUID: usize = 36;
                let uuid = rest.get(1..).and_then(<[u8]>::first_chunk::<UUID>);
                if rest.get(1 + UUID) == Some(&b'"') && uuid.is_some_and(is_uuid) {
                    inquiry.looked_at(&self.value.place, key_len + UUID);
                    return Some(value + UUID + 2);
                }
            }
            b'"' => {
                let [quote, escape] = [b'"', b'\\'];
                let stops = among(rest.get(1..)?.first_chunk()?, [quote, escape, quote, escape]);
                let (start, len) = (value + 1, stops.trailing_zeros() as usize);
                let ends = bytes.get(start + len) == Some(&quote) && stops != 0;
                if ends && len > if key.joins { PART_DIGITS_MAX } else { 0 } {
                    let begun = inquiry.begin_row();
                    let mut told = inquiry.told_plain(bytes, start, len, key.usual);
                    // None is remembered, and most are read at one look.
                    if matches!(told, Told::Unusual) && key.column == Some(Column::Address) {
                        told = inquiry.told(bytes, start..start + len, key.column);
                    }
                    if let Told::Nothing | Told::Whole(_) = told {
                        inquiry.looked_at(&self.value.place, key_len + len);
                        if let Told::Whole(whole) = told {
                            self.found(&whole, bytes, start..start + len, at, false, inquiry);
                        }
                        inquiry.end_row(begun);
                        return Some(start + len + 1);
                    }
                }
            }
            b'0'..=b'9' => {
                let len = few_digits(rest.first_chunk()?);
                if !key.joins && ends(rest.get(len)) {
                    let begun = inquiry.begin_row();
                    let told = inquiry.told_plain(bytes, value, len, key.usual);
                    inquiry.end_row(begun);
                    if matches!(told, Told::Nothing) {
                        inquiry.looked_at(&self.value.place, key_len + len);
                        return Some(value + len);
                    }
                }
            }
            b't' | b'f' | b'n' if !tells => {
                let (len, bit) = word(rest)?;
                if key.words & bit != 0 {
                    inquiry.looked_at(&self.value.place, key_len + len);
                    return Some(value + len);
                }
                return None;
            }
            // A list of nothing.
            b'[' if rest.get(1) == Some(&b']') && key.role != Role::Headings => {
                inquiry.looked_at(&self.value.place, key_len);
                self.part(inquiry);
                return Some(value + 2);
            }
            _ => {}
        }
        let member = self.keys.members.known(key.name, rest)?;
        let len = usize::from(member.len);
        let cell = Member::cell(rest.get(..len)?);
        if let Some(suspects) = member.suspects
            && !inquiry.is_nothing(suspects, cell)
        {
            return None;
        }
        inquiry.looked_at(&self.value.place, key_len + cell.len());
        Some(value + len)
    }

    /// Reads any other value; where it ends, or where reading goes on one token after the other.
    fn other(&mut self, bytes: &[u8], value: usize, at: u64, inquiry: &mut Inquiry) -> Result<usize, usize> {
        self.meet();
        (self.colon, self.complete) = (true, false);
        let key = self.keys.known.get(self.keys.last).map_or(0, |key| key.text.len());
        inquiry.looked_at(&self.value.place, key);
        let (begins, end) = match bytes.get(value) {
            Some(b'"') => {
                self.begin(at + value as u64 + 1, false);
                self.state = State::Str;
                (value + 1, self.string(bytes, value + 1, at, inquiry))
            }
            Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                self.begin(at + value as u64, false);
                self.state = State::Bare;
                (value, self.bare(bytes, value, at, inquiry))
            }
            _ => return Err(value),
        };
        let end = end.ok_or(begins)?;
        if self.nothing {
            self.learn(bytes.get(value..).unwrap_or_default(), end - value, inquiry);
        }
        Ok(end)
    }

    /// Remembers the value of so many bytes that `text` begins with, in which nothing was found, if that is so whatever digits
    /// it has.
    fn learn(&mut self, text: &[u8], len: usize, inquiry: &mut Inquiry) {
        let Some(key) = self.keys.known.get(self.keys.last) else { return };
        let (name, column, tells) = (key.name, key.column, key.tells(text));
        if !tells && !self.is_own(key) {
            return;
        }
        if let Some((word_len, bit)) = word(text) {
            if let Some(key) = self.keys.known.get_mut(self.keys.last).filter(|_| word_len == len && !tells) {
                key.words |= bit;
            }
            return;
        }
        let (Some(head), Some(value)) = (text.first_chunk(), text.get(..len).filter(|_| len < BYTES)) else { return };
        let cell = Member::cell(value);
        let says = |inquiry: &mut Inquiry| cell.iter().any(u8::is_ascii_digit) || Self::said(cell, inquiry).is_some();
        if !Detectors::learns(cell) || tells && says(inquiry) {
            return;
        }
        let Some(suspects) = inquiry.suspects(cell, column) else { return };
        let mut text = [0; BYTES];
        text.iter_mut().zip(value).for_each(|(to, b)| *to = if b.is_ascii_digit() { b'0' } else { *b });
        let suspects = Some(suspects).filter(|suspects| *suspects != Suspects::default());
        let pieces = len.div_ceil(PIECE);
        let behind = u32::MAX.checked_shl((len + PIECE - pieces * PIECE) as u32).unwrap_or(0);
        let (len, pieces) = (len as u8, pieces as u8);
        self.keys.members.learn(Member { text, name, len, pieces, behind, suspects }, *head);
    }
}
