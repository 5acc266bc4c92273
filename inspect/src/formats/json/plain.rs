//! Keys and values that stand in the block as they are: no escape, no character set but UTF-8, not cut by its end.
//!
//! What is usual is told from its bytes; for anything else nothing is done here, and it is read like all others.

use chot_detectors::{Column, Told};

use super::{Json, Role, State};
use crate::inquiry::{Inquiry, LEARNT_MAX, Stand};
use crate::joined;
use crate::table::is_number as is_long_number;

/// What keys announce, for those met before. An answer of an interface has the same few in every record.
#[derive(Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Clone, Default)]
struct Key {
    text: Vec<u8>,
    column: Option<Column>,
    name: u64,
    role: Role,
}

const KEYS: usize = 256;
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

impl Json {
    /// Reads the string that begins at `from`; where its quote has been passed, or `None` when it is no plain one.
    pub(super) fn string(&mut self, bytes: &[u8], from: usize, at: u64, inquiry: &mut Inquiry) -> Option<usize> {
        let rest = bytes.get(from..).filter(|_| self.is_plain(inquiry))?;
        let to = from + memchr::memchr2(b'"', b'\\', rest)?;
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
        let len = rest.iter().position(|b| !super::is_bare(*b))?;
        let word = rest.get(..len)?;
        let number = super::is_number(word);
        let literal = matches!(word, b"true" | b"false" | b"null");
        if !number && !literal {
            return None;
        }
        self.value(bytes, from..from + len, at, number, inquiry).then(|| {
            self.end_plain();
            from + len
        })
    }

    fn is_plain(&self, inquiry: &Inquiry) -> bool {
        self.value.place.charset.is_none() && !inquiry.careful && self.value.view.text.is_empty()
    }

    fn end_plain(&mut self) {
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
        if self.keys.0.is_empty() {
            self.keys.0.resize(KEYS, Key::default());
        }
        let at = inquiry.hash_of_text(text) as usize % KEYS;
        if self.keys.0[at].text != text {
            // Two share a place before one has to go.
            self.keys.0.swap(at, at ^ 1);
        }
        if self.keys.0[at].text != text {
            // Keys are text as well.
            if inquiry.told(text, 0..text.len(), None) != Told::Nothing {
                self.lesson(text, None);
                return false;
            }
            let (column, name, role) = super::announced(text, inquiry);
            self.keys.0[at] = Key { text: text.to_vec(), column, name, role };
        }
        let known = &self.keys.0[at];
        (self.column, self.name, self.role) = (known.column, known.name, known.role);
        inquiry.looked_at(&self.value.place, text.len());
        true
    }

    fn lesson(&mut self, text: &[u8], column: Option<Column>) {
        if text.len() <= LEARNT_MAX {
            self.lesson.text.extend_from_slice(text);
            self.lesson.column = column;
        }
    }

    /// Reads a value; false when it is no usual one.
    fn value(
        &mut self,
        bytes: &[u8],
        range: std::ops::Range<usize>,
        at: u64,
        number: bool,
        inquiry: &mut Inquiry,
    ) -> bool {
        let text = bytes.get(range.clone()).unwrap_or_default();
        let column = self.value.context.column;
        if column.is_some_and(Column::is_identifier) && joined::is_part(text.trim_ascii()) {
            return false;
        }
        // Numbers of twelve digits are counted wherever nothing announces them.
        let counted = column.is_none() && text.len() == 12 && text.iter().all(u8::is_ascii_digit);
        // So are those of a list, whatever they are.
        let listed = self.levels.last().is_some_and(|level| level.array && level.key.is_none()) && is_long_number(text);
        if counted || listed || inquiry.is_late(&self.value.place) {
            return false;
        }
        let begun = inquiry.begin_row();
        let told = if text.is_empty() { Told::Nothing } else { inquiry.told(bytes, range.clone(), column) };
        if told == Told::Unusual {
            self.lesson(text, column);
            return false;
        }
        inquiry.looked_at(&self.value.place, text.len());
        if !self.joined.is_empty() {
            self.part(inquiry);
        }
        if self.role == Role::Telling {
            self.tell(text, inquiry);
        }
        if let Told::Whole(whole) = told {
            let start = at + range.start as u64;
            let place = &self.value.place;
            let stand = Stand { cell: text, start, at: Some(start), number };
            if let Some(mark) = inquiry.report_whole(place, &whole, stand, || place.part.clone()) {
                self.tree.add(mark, inquiry);
            }
        }
        inquiry.end_row(begun);
        true
    }
}
