//! Keys and values that stand in the block as they are: no escape, no character set but UTF-8, not cut by its end.
//!
//! What is usual is told from its bytes; for anything else nothing is done here, and it is read like all others.

use std::ops::Range;

use chot_detectors::{BLOCK, Column, Detectors, Told, Usual, Whole, among};

use super::members::Members;
use super::role::{is_name, may_be_paper};
use super::{Json, Role, State};
use crate::formats::numeral::digits;
use crate::inquiry::{Inquiry, Stand};
use crate::joined;
use crate::table::is_number as is_long_number;
use crate::view::View;

/// What keys announce, for those met before. An answer of an interface has the same few in every record.
#[derive(Default)]
pub(crate) struct Keys {
    pub(super) known: Vec<Key>,
    /// The last one.
    pub(super) last: usize,
    /// Which of its two places the next key takes when both are taken, by turns.
    turn: usize,
    /// What stood under them before.
    pub(super) members: Members,
}

#[derive(Clone, Default)]
pub(super) struct Key {
    pub(super) text: Vec<u8>,
    pub(super) column: Option<Column>,
    pub(super) name: u64,
    pub(super) role: Role,
    /// What is usual under it.
    pub(super) usual: Usual,
    /// It announces an identifier, of which short values may be the parts.
    pub(super) joins: bool,
    /// The words without quotes that are known to be nothing there, a bit each.
    pub(super) words: u8,
    /// It as it is written behind its quote, a colon at the end, and how many bytes that is; none of a long one.
    written: [u128; 2],
    written_len: u8,
    /// The two that stood behind it last: the same one in every record, or two by turns, where a member may be nothing.
    pub(super) next: [usize; 2],
}

impl Key {
    /// Whether the value that begins `rest` may say what another member is.
    #[inline]
    pub(super) fn tells(&self, rest: &[u8]) -> bool {
        self.role == Role::Telling || self.role == Role::Naming && is_name(rest)
    }
}

impl Keys {
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The place of the key at the quote `at`, if it is one of those that stood behind the last one before and its colon stands
    /// right behind it; and where the text goes on from there.
    #[inline]
    pub(super) fn next(&self, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
        let next = self.known.get(self.last)?.next;
        let seen = bytes.get(at + 1..)?.first_chunk()?;
        next.into_iter().find_map(|place| Some((place, at + 1 + self.known.get(place)?.len_in(seen)?)))
    }
}

impl Key {
    fn new(text: &[u8], (column, name, role): (Option<Column>, u64, Role), at: usize) -> Self {
        let mut bytes = [0; WRITTEN];
        let mut written_len = 0;
        if let Some(room) = bytes.get_mut(..text.len() + 2) {
            let (key, colon) = room.split_at_mut(text.len());
            key.copy_from_slice(text);
            colon.copy_from_slice(b"\":");
            written_len = room.len() as u8;
        }
        let (written, text, usual) = (halves(&bytes), text.to_vec(), Usual::of(column));
        let joins = column.is_some_and(Column::is_identifier);
        Self { text, column, name, role, usual, joins, words: 0, written, written_len, next: [at; 2] }
    }

    /// How many bytes of `seen`, which stands behind a quote, are this key and what follows it.
    #[inline(always)]
    fn len_in(&self, seen: &[u8; WRITTEN]) -> Option<usize> {
        let len = usize::from(self.written_len);
        let (own, theirs, first) = (self.written, halves(seen), FIRST.get(len)?);
        ((own[0] ^ theirs[0]) & first[0] | (own[1] ^ theirs[1]) & first[1] == 0 && len > 0).then_some(len)
    }
}

/// Bytes of a key, its quote and colon that are compared at once.
const WRITTEN: usize = 32;

#[inline(always)]
fn halves(bytes: &[u8; WRITTEN]) -> [u128; 2] {
    let half = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |half| u128::from_le_bytes(*half));
    [half(0), half(WRITTEN / 2)]
}

/// The first so many bytes.
const FIRST: [[u128; 2]; WRITTEN + 1] = {
    let mut masks = [[0; 2]; WRITTEN + 1];
    let mut len = 1;
    while len <= WRITTEN {
        let half = WRITTEN / 2;
        masks[len] = match len.checked_sub(half) {
            None | Some(0) => [u128::MAX >> (8 * (half - len)), 0],
            Some(more) => [u128::MAX, u128::MAX >> (8 * (half - more))],
        };
        len += 1;
    }
    masks
};

const KEYS: usize = 512;
const KEY_BYTES_MAX: usize = 64;

/// A value that was not told, and its column.
#[derive(Default)]
pub(super) struct Lesson {
    text: Vec<u8>,
    column: Option<Column>,
}

impl Lesson {
    /// The value was read, and this is whether nothing was found.
    pub(super) fn learn(&mut self, nothing: bool, inquiry: &mut Inquiry) {
        if nothing && !self.text.is_empty() {
            inquiry.found_nothing(&self.text, self.column);
        }
        self.text.clear();
    }
}

/// Where the first quote or backslash stands.
#[inline]
fn quote_or_escape(text: &[u8]) -> Option<usize> {
    let [quote, escape] = [b'"', b'\\'];
    // Most strings are short.
    let near = text.first_chunk::<BLOCK>().map_or(0, |block| among(block, [quote, escape, quote, escape]));
    if near == 0 { memchr::memchr2(quote, escape, text) } else { Some(near.trailing_zeros() as usize) }
}

impl Json {
    /// Reads the string that begins at `from`; where its quote has been passed, or `None` when it is no plain one.
    pub(super) fn string(&mut self, bytes: &[u8], from: usize, at: u64, inquiry: &mut Inquiry) -> Option<usize> {
        if !self.is_plain(inquiry) {
            return None;
        }
        if self.key
            && let Some(past) = self.next_key(bytes, from, inquiry)
        {
            return Some(past);
        }
        let to = from + quote_or_escape(bytes.get(from..)?)?;
        if bytes.get(to) != Some(&b'"') {
            return None;
        }
        let done = if self.key {
            self.key(bytes.get(from..to)?, inquiry)
        } else {
            self.value(bytes, from..to, at, false, inquiry)
        };
        done.then(|| {
            self.end_plain();
            to + 1
        })
    }

    /// Reads the bare word that begins at `from`; where it ends, or `None` when it is no plain one.
    pub(super) fn bare(&mut self, bytes: &[u8], from: usize, at: u64, inquiry: &mut Inquiry) -> Option<usize> {
        let rest = bytes.get(from..).filter(|_| self.is_plain(inquiry))?;
        let mut len = digits(rest);
        // Most are whole numbers and nothing else.
        let mut number = len > 0 && matches!(rest.get(len), Some(b',' | b'}' | b']'));
        if !number {
            len = rest.iter().position(|b| !super::is_bare(*b))?;
            let word = rest.get(..len)?;
            number = super::is_number(word);
            if !number && !matches!(word, b"true" | b"false" | b"null") {
                return None;
            }
        }
        self.value(bytes, from..from + len, at, number, inquiry).then(|| {
            if self.file.is_some() {
                self.listed(super::within::small(rest.get(..len).unwrap_or_default()), inquiry);
            }
            self.end_plain();
            from + len
        })
    }

    pub(super) fn is_plain(&self, inquiry: &Inquiry) -> bool {
        self.value.place.charset.is_none() && !inquiry.careful && self.afar.is_none() && self.value.view.text.is_empty()
    }

    pub(super) fn end_plain(&mut self) {
        self.state = State::Between;
        self.complete = true;
        if !self.key {
            self.colon = false;
        }
    }

    /// Reads a key; false when it is none that was met before in vain.
    fn key(&mut self, text: &[u8], inquiry: &mut Inquiry) -> bool {
        if text.is_empty() || text.len() > KEY_BYTES_MAX || inquiry.is_late(&self.value.place) {
            return false;
        }
        if self.keys.known.is_empty() {
            self.keys = std::mem::take(&mut inquiry.keys);
            self.keys.known.resize(KEYS, Key::default());
        }
        let Keys { known, last, turn, .. } = &mut self.keys;
        // Each stays in one of two places: keys that share one of them have the other besides.
        let hash = inquiry.hash_of_text(text);
        let places = [hash as usize % KEYS, (hash >> 32) as usize % KEYS];
        let free = |at: &usize| known[*at].text.is_empty();
        let at = places.into_iter().find(|at| known[*at].text == text);
        let at = at.or_else(|| places.into_iter().find(free)).unwrap_or_else(|| {
            *turn ^= 1;
            places[*turn]
        });
        let Key { next, .. } = &mut known[std::mem::replace(last, at)];
        if next[0] != at {
            *next = [at, next[0]];
        }
        if known[at].text != text {
            // Keys are text as well.
            if inquiry.told(text, 0..text.len(), None) != Told::Nothing {
                self.lesson(text, None);
                return false;
            }
            self.keys.known[at] = Key::new(text, super::announced(text, inquiry), at);
        }
        let known = &self.keys.known[at];
        (self.column, self.name, self.role) = (known.column, known.name, known.role);
        inquiry.looked_at(&self.value.place, text.len());
        true
    }

    /// Reads the key that begins at `from`, if it is the one that stood behind the last before; where its quote has been
    /// passed.
    pub(super) fn next_key(&mut self, bytes: &[u8], from: usize, inquiry: &mut Inquiry) -> Option<usize> {
        let Keys { known, last, .. } = &mut self.keys;
        let next = known.get(*last)?.next;
        // What was met as a key has neither quotes nor escapes in it.
        let stands = |key: &Key| {
            let to = from + key.text.len();
            to > from && bytes.get(to) == Some(&b'"') && bytes.get(from..to) == Some(key.text.as_slice())
        };
        let at = next.into_iter().find(|at| known.get(*at).is_some_and(stands))?;
        if inquiry.is_late(&self.value.place) {
            return None;
        }
        *last = at;
        let Key { text, column, name, role, .. } = known.get(at)?;
        (self.column, self.name, self.role) = (*column, *name, *role);
        let past = from + text.len() + 1;
        inquiry.looked_at(&self.value.place, text.len());
        self.end_plain();
        Some(past)
    }

    fn lesson(&mut self, text: &[u8], column: Option<Column>) {
        if Detectors::learns(text) {
            self.lesson.text.extend_from_slice(text);
            self.lesson.column = column;
        }
    }

    /// Reads a value; false when it is no usual one.
    fn value(&mut self, bytes: &[u8], range: Range<usize>, at: u64, number: bool, inquiry: &mut Inquiry) -> bool {
        let text = bytes.get(range.clone()).unwrap_or_default();
        let column = self.value.context.column;
        if column.is_some_and(Column::is_identifier) && joined::is_part(text.trim_ascii()) {
            return false;
        }
        // Numbers of twelve digits are counted wherever nothing announces them.
        let counted = column.is_none() && text.len() == 12 && text.iter().all(u8::is_ascii_digit);
        // So are those of a list, whatever they are.
        let listed = self.levels.last().is_some_and(|level| level.array && level.key.is_none()) && is_long_number(text);
        if counted || listed || self.is_piece() || self.goes_on_lines(text) || inquiry.is_late(&self.value.place) {
            return false;
        }
        let begun = inquiry.begin_row();
        let told = if text.is_empty() { Told::Nothing } else { inquiry.told(bytes, range.clone(), column) };
        if told == Told::Unusual {
            self.lesson(text, column);
            return false;
        }
        inquiry.looked_at(&self.value.place, text.len());
        if let Some(rows) = self.rows.as_mut().filter(|rows| rows.wants(self.levels.len())) {
            let start = at + range.start as u64;
            let mut cell = View::default();
            (cell.base, cell.number) = (start, number);
            cell.push(text, start);
            rows.cell(cell, self.levels.len(), self.role);
        }
        if !self.joined.is_empty() {
            self.part(inquiry);
        }
        if self.role == Role::Told && told == Told::Nothing && may_be_paper(text) {
            let start = at + range.start as u64;
            self.keep_number(|| {
                let mut kept = View::default();
                (kept.base, kept.number) = (start, number);
                kept.push(text, start);
                kept
            });
        }
        if self.role == Role::Subject {
            self.announce(text);
        } else if self.is_telling() {
            self.tell(text, inquiry);
        }
        if let Told::Whole(whole) = told {
            self.found(&whole, bytes, range, at, number, inquiry);
        }
        inquiry.end_row(begun);
        self.nothing = told == Told::Nothing;
        true
    }

    /// Counts a finding that is all of a value.
    pub(super) fn found(
        &mut self,
        whole: &Whole,
        bytes: &[u8],
        range: Range<usize>,
        at: u64,
        number: bool,
        inquiry: &mut Inquiry,
    ) {
        let start = at + range.start as u64;
        let place = &self.value.place;
        let cell = bytes.get(range).unwrap_or_default();
        let stand = Stand { cell, start, at: Some(start), number, len: 0 };
        if let Some(mark) = inquiry.report_whole(place, whole, stand, || place.part.clone()) {
            self.tree.add(mark, inquiry);
        }
    }
}
