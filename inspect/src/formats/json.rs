//! JSON and newline-delimited JSON: keys announce their values, an item of a list is a record.
//!
//! Numbers are read as well as strings. What breaks the grammar is read on as plain text.

mod escape;
mod members;
mod plain;
mod role;
mod rows;
mod runs;
#[cfg(test)]
mod tests;
mod told;
mod within;

use chot_detectors::{Column, Papers};
use chot_model::{Confidence, OpaqueReason};

use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::joined::Joined;
use crate::layers::Written;
use crate::object::Object;
use crate::sniff::Head;
use crate::table::is_number as is_long_number;
use crate::text::Text;
use crate::tree::Tree;
use crate::view::View;
use escape::meaning;
pub(crate) use plain::Keys;
use plain::Lesson;
use role::{Role, announced, may_be_paper, may_name};
pub(crate) use role::{is_as_long, is_body, is_subject, is_told};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/json",
    matches: begins,
    room: Room::Stream(|head, place| Box::new(Json::new(legible(head, place)))),
    #[cfg(test)]
    example: || r#"{"soCCCD": "001090123456", "n": 1}"#.into(),
};

/// An object or array whose first token fits.
fn begins(head: &Head<'_>) -> bool {
    let Some((first, rest)) = head.trimmed.split_first() else { return false };
    let rest = rest.trim_ascii_start();
    head.is_ascii_based()
        && match (first, rest.first()) {
            (b'{', Some(b'"' | b'}')) => true,
            // `[08:01, 05/11/2026] Lan: …`: chats and logs begin so. `[001 090 123 456]` is one number.
            (b'[', Some(b'0'..=b'9')) => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let behind = rest.get(digits..).unwrap_or_default().trim_ascii_start().first();
                behind.is_none_or(|b| matches!(b, b',' | b']' | b'.' | b'e' | b'E'))
            }
            (b'[', Some(b)) => matches!(b, b'"' | b'{' | b'[' | b']' | b'-' | b't' | b'f' | b'n'),
            _ => false,
        }
}

const fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')
}

fn is_number(word: &[u8]) -> bool {
    word.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-')
        && word.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b))
}

enum State {
    Between,
    Str,
    /// The characters of an escape so far, and where it began.
    Escape(Vec<u8>, u64),
    /// A number, `true`, `false` or `null`.
    Bare,
    /// Not JSON any more.
    Text,
}

struct Level {
    array: bool,
    /// What the key before this array announces for its items.
    key: Option<Column>,
    /// What a member such as `"type": "CCCD"` says that the member `"value"` of this object is.
    told: Option<Column>,
    /// It is such a member itself: `"type": {"text": "CCCD"}`.
    tells: bool,
    /// Its keys count its values, which are a column.
    indexed: bool,
    /// It is a thing, or part of one.
    thing: bool,
    /// What was announced from afar around it, if its subject announces something else within.
    around: Option<Papers>,
    /// It is a list that what is announced from afar may speak of.
    spoken_of: bool,
    /// A number in it that nothing announced, and a member behind it may.
    unsaid: Option<View>,
    run: runs::Run,
}

pub(crate) struct Json {
    state: State,
    value: Text,
    /// The string being read is a key.
    key: bool,
    /// A colon stands before the next token: it is a value.
    colon: bool,
    /// A key or value has ended, and nothing yet sets it apart from the next.
    complete: bool,
    levels: Vec<Level>,
    /// What the last key announces, and its hash.
    column: Option<Column>,
    name: u64,
    role: Role,
    /// What is announced from afar.
    afar: Papers,
    tree: Tree,
    joined: Joined,
    /// Findings in a list of bare numbers, until enough is known of them; how many numbers, and how many found.
    waiting: Vec<crate::inquiry::Found>,
    numbers: usize,
    hits: usize,
    /// The list at hand, as long as it holds nothing but small numbers: a file, perhaps, as programs write one.
    file: Option<Written>,
    /// As long as it holds nothing but strings that end lines: a text.
    lines: Option<within::Lines>,
    /// Levels deeper than are told apart.
    deeper: u64,
    /// That was told of an object.
    too_deep: bool,
    /// The value in progress was so long that part of it has been scanned.
    long: bool,
    /// What such a value is once more, and how far it was read so.
    document: Option<(Box<Object>, u64)>,
    keys: Keys,
    lesson: Lesson,
    /// Nothing is in the value read last, if it was a usual one.
    nothing: bool,
    /// Lists of a list, which may be the rows of a table.
    rows: Option<Box<rows::Rows>>,
    /// Pieces of a text.
    runs: Option<Box<runs::Runs>>,
    /// Where it ended, as a part of a program: its keys may be bare words, and what is no JSON any more is not read.
    part: Option<Option<u64>>,
}

/// Numbers of a list judged at a time.
const NUMBERS_HELD: usize = 32;
const LEVELS_MAX: usize = 512;
const ITEM: u64 = 1;

impl Json {
    fn new(place: Place) -> Self {
        Self {
            state: State::Between,
            afar: place.afar,
            value: Text::new(place),
            key: false,
            colon: false,
            complete: false,
            levels: Vec::new(),
            column: None,
            name: ITEM,
            role: Role::Plain,
            tree: Tree::default(),
            joined: Joined::default(),
            waiting: Vec::new(),
            numbers: 0,
            hits: 0,
            file: None,
            lines: None,
            deeper: 0,
            too_deep: false,
            long: false,
            document: None,
            keys: Keys::default(),
            lesson: Lesson::default(),
            nothing: false,
            rows: None,
            runs: None,
            part: None,
        }
    }

    /// Begins a value or key.
    fn begin(&mut self, at: u64, key: bool) {
        self.key = key;
        self.long = false;
        self.value.view.base = at;
        self.value.name = self.name;
        if !self.afar.is_none() {
            let spoken_of = |level: &Level| level.spoken_of || !level.array && self.is_spoken_of();
            let own = !key && self.levels.last().is_none_or(spoken_of);
            self.value.place.afar = if own { self.afar } else { Papers::NONE };
        }
        self.value.context.column = match self.levels.last() {
            _ if key => None,
            Some(level) if level.array => level.key.or_else(|| self.rows.as_ref()?.column(self.levels.len())),
            Some(level) if matches!(self.role, Role::Told | Role::Index) && level.told.is_some() => level.told,
            Some(level) if self.role == Role::Index => level.key.or(self.column),
            Some(level) if matches!(self.role, Role::Code | Role::Naming) => {
                level.key.filter(|c| c.is_identifier()).or(self.column)
            }
            // `"cccd": {"so": "001…"}`: what the outer key announces, the inner one holds.
            Some(level) if self.role == Role::Told => level.key.filter(|c| c.is_identifier()).or(self.column),
            _ => self.column,
        };
        if self.role == Role::Index
            && !key
            && let Some(level) = self.levels.last_mut()
        {
            level.indexed = !level.array && level.key.is_some();
        }
    }

    /// Ends a value or key.
    fn end(&mut self, inquiry: &mut Inquiry) {
        self.state = State::Between;
        self.complete = true;
        if !self.key {
            self.colon = false;
        }
        if self.key && !self.long {
            (self.column, self.name, self.role) = announced(&self.value.view.text, inquiry);
        } else if self.role == Role::Subject && !self.key {
            let subject = std::mem::take(&mut self.value.view.text);
            self.announce(&subject);
            self.value.view.text = subject;
        } else if self.is_telling() {
            let value = std::mem::take(&mut self.value.view.text);
            self.tell(&value, inquiry);
            self.value.view.text = value;
        }
        if self.role == Role::Told && !self.key && !self.long && may_be_paper(&self.value.view.text) {
            let number = self.value.view.copy();
            self.keep_number(|| number);
        }
        if self.long {
            self.lesson.learn(false, inquiry);
            self.end_document(inquiry);
            return self.value.finish_prose(inquiry);
        }
        let mut found = Vec::new();
        if !self.key {
            let Text { place, view, context, .. } = &self.value;
            self.joined.next(place, view, context.column, inquiry, &mut found);
        }
        let bare = !self.key
            && self.levels.last().is_some_and(|l| l.array && l.key.is_none())
            && is_long_number(&self.value.view.text);
        if self.file.is_some() {
            self.listed(within::small(&self.value.view.text), inquiry);
        }
        if self.lines.is_some() {
            self.line(inquiry);
        }
        if self.is_piece() {
            self.piece_of_text(inquiry);
        }
        let nested = self.nested();
        if !self.key
            && let Some(rows) = self.rows.as_mut().filter(|rows| rows.wants(self.levels.len()))
        {
            rows.cell(self.value.view.copy(), self.levels.len(), self.role);
        }
        self.value.finish_value(inquiry, &mut found);
        self.lesson.learn(found.is_empty(), inquiry);
        if let Some(document) = nested {
            self.document_within(document, inquiry);
        }
        if bare {
            self.numbers += 1;
            self.hits += usize::from(!found.is_empty());
            self.waiting.append(&mut found);
            if self.numbers.is_multiple_of(NUMBERS_HELD) {
                self.judge(inquiry);
            }
        }
        for f in found {
            if let Some(mark) = inquiry.report(f) {
                self.tree.add(mark, inquiry);
            }
        }
        self.value.view.number = false;
    }

    /// Whether the value says what another member is.
    fn is_telling(&self) -> bool {
        matches!(self.role, Role::Telling | Role::Code | Role::Naming)
            || self.levels.last().is_some_and(|level| level.tells)
    }

    /// A value that says what another member of its object is, or of the one around it.
    fn tell(&mut self, value: &[u8], inquiry: &mut Inquiry) {
        if self.is_message() {
            return;
        }
        self.type_of_run(value);
        let within = self.levels.iter().rev().take_while(|level| level.tells).count();
        let level = self.levels.len().checked_sub(within + 1).and_then(|at| self.levels.get_mut(at));
        if let Some(level) = level.filter(|level| !level.array) {
            // No word is all digits and signs, and what says nothing takes nothing back.
            let says = value.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
            if !says || self.role == Role::Naming && !may_name(value) {
                return;
            }
            let is_meant = |said: &Column| self.role != Role::Naming || said.is_identifier();
            level.told = Self::said(value, inquiry).filter(is_meant).or(level.told);
            // What says nothing leaves the number to who does.
            let told = level.told.and_then(|told| Some((told, level.unsaid.take()?)));
            if let Some((column, number)) = told.filter(|(told, number)| is_as_long(*told, number.text.len())) {
                self.told_behind(column, &number, inquiry);
            }
        }
    }

    /// What a value says that another member is.
    fn said(value: &[u8], inquiry: &mut Inquiry) -> Option<Column> {
        let name = String::from_utf8_lossy(value);
        // `http://…/cccd`, `urn:…:bhyt`: the last part names it. What people ask is a sentence: `Số CCCD của ông/bà?`
        if name.trim().contains(' ') {
            return inquiry.column(&name);
        }
        let name = name.rsplit(['/', '#', ':']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        inquiry.column(name)
    }

    fn open(&mut self, array: bool, inquiry: &mut Inquiry) {
        self.end_file(inquiry);
        self.file = array.then(Written::default);
        self.lines = array.then(within::Lines::default);
        if self.levels.len() >= LEVELS_MAX {
            // Lists are what the one they stand in is; of objects the names of values are not known.
            if !array && !std::mem::replace(&mut self.too_deep, true) {
                inquiry.refuse(&self.value.place, OpaqueReason::TooDeep, 1);
            }
            self.deeper += 1;
            return;
        }
        let item = self.levels.last().is_none_or(|l| l.array);
        let run = self.begin_run(array);
        // Before the level of its own: is this the value of a member that tells?
        let tells = !array && !item && matches!(self.role, Role::Telling | Role::Code);
        if array {
            self.part(inquiry);
            self.begin_list();
        } else {
            self.judge(inquiry);
            self.begin_object(inquiry);
        }
        let around = self.levels.last().filter(|l| l.array || self.role == Role::Index);
        let key = around.map_or(self.column, |l| l.key);
        let spoken_of = array && (item || self.is_spoken_of());
        // `{"question": "Số CCCD", "answers": ["001…"]}`
        let told = self.levels.last().filter(|_| matches!(self.role, Role::Told | Role::Index));
        let key = told.and_then(|level| level.told).filter(|told| told.is_identifier()).or(key);
        let thing = self.role == Role::Thing || self.levels.last().is_some_and(|level| level.thing);
        let insured = self.role == Role::Insurance && !array && !item && !thing;
        let key = key.or_else(|| insured.then_some(Column::Bhxh));
        if !array {
            self.tree.open(if item { ITEM } else { self.name });
        }
        if array && !item && key.is_some() {
            self.tree.in_column(true);
        }
        self.levels.push(Level {
            array,
            key,
            told: None,
            tells,
            indexed: false,
            thing,
            around: None,
            spoken_of,
            unsaid: None,
            run,
        });
        self.column = None;
        self.role = Role::Plain;
        self.colon = false;
    }

    /// Judges the numbers of a list: among random ones one in sixty looks like a citizen's.
    fn judge(&mut self, inquiry: &mut Inquiry) {
        if self.waiting.is_empty() {
            return;
        }
        let strays = self.numbers >= 6 && self.hits * 4 < self.numbers;
        for mut f in std::mem::take(&mut self.waiting) {
            if strays && f.finding.confidence == Confidence::Medium {
                f.doubt();
            }
            if let Some(mark) = inquiry.report(f) {
                self.tree.add(mark, inquiry);
            }
        }
    }

    /// Values before and after stand in different lists.
    fn part(&mut self, inquiry: &mut Inquiry) {
        self.judge(inquiry);
        (self.numbers, self.hits) = (0, 0);
        if self.joined.is_empty() {
            return;
        }
        let mut found = Vec::new();
        self.joined.end(&self.value.place, inquiry, &mut found);
        for f in found {
            if let Some(mark) = inquiry.report(f) {
                self.tree.add(mark, inquiry);
            }
        }
    }

    fn close(&mut self, array: bool, inquiry: &mut Inquiry) {
        self.end_file(inquiry);
        if array {
            self.end_lines(inquiry);
            self.part(inquiry);
        }
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(level) = self.levels.pop() {
            self.close_level(&level, array, inquiry);
            if self.runs.is_some() {
                self.end_run(&level, inquiry);
            }
        }
        if array {
            self.end_list(inquiry);
        } else if self.rows.is_some() {
            self.end_object(inquiry);
        }
        self.column = None;
        self.role = Role::Plain;
        self.name = ITEM;
        self.colon = false;
    }

    fn close_level(&mut self, level: &Level, array: bool, inquiry: &mut Inquiry) {
        if let Some(around) = level.around {
            (self.afar, self.value.place.afar) = (around, Papers::NONE);
        }
        if level.array && array {
            if level.key.is_some() && self.levels.last().is_some_and(|around| !around.array) {
                self.tree.in_column(false);
            }
        } else if !(level.array || array) {
            if level.told.is_some() {
                self.tree.names_itself();
            }
            if level.indexed { self.tree.close_column(inquiry) } else { self.tree.close(inquiry) }
        }
    }

    /// One byte between tokens; false when it is no JSON.
    fn token(&mut self, b: u8, at: u64, inquiry: &mut Inquiry) -> bool {
        let in_object = self.levels.last().is_some_and(|l| !l.array);
        let begins = b == b'"' || b.is_ascii_alphanumeric() || matches!(b, b'-' | b'{' | b'[');
        if begins && self.complete && !self.levels.is_empty() && self.deeper == 0 {
            return false;
        }
        if !b.is_ascii_whitespace() {
            self.complete = matches!(b, b'}' | b']');
        }
        match b {
            b'{' => self.open(false, inquiry),
            b'[' => self.open(true, inquiry),
            b'}' => self.close(false, inquiry),
            b']' => self.close(true, inquiry),
            b'"' => {
                self.begin(at + 1, in_object && !self.colon);
                self.state = State::Str;
            }
            0x1e => {}
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.begin(at, false);
                self.state = State::Bare;
            }
            _ => return false,
        }
        true
    }
}

impl Stream for Json {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut n = if at == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        while let Some(rest @ [b, ..]) = bytes.get(n..) {
            let here = at + n as u64;
            match &mut self.state {
                // What only parts tokens, and is most of what stands between them.
                State::Between if matches!(b, b':' | b',') => {
                    (self.colon, self.complete) = (*b == b':', false);
                    n += 1;
                }
                State::Between if matches!(b, b' ' | b'\n' | b'\r' | b'\t') => n += 1,
                State::Between => {
                    if *b == b'"'
                        && let Some(past) = self.members(bytes, n, at, inquiry)
                    {
                        n = past;
                        continue;
                    }
                    if !self.token(*b, here, inquiry) {
                        self.begin(here, false);
                        self.value.context.column = None;
                        self.state = State::Text;
                        continue;
                    }
                    let past = match self.state {
                        State::Bare => self.bare(bytes, n, at, inquiry).or(Some(n)),
                        State::Str => self.string(bytes, n + 1, at, inquiry),
                        _ => None,
                    };
                    n = past.unwrap_or(n + 1);
                    // What parts it from the next stands behind most tokens.
                    if let (State::Between, Some(sign @ (b':' | b','))) = (&self.state, bytes.get(n)) {
                        (self.colon, self.complete) = (*sign == b':', false);
                        n += 1;
                    }
                }
                State::Str => {
                    let plain = rest.iter().take_while(|b| !matches!(b, b'"' | b'\\')).count();
                    if plain > 0 {
                        self.value.view.push(rest.get(..plain).unwrap_or_default(), here);
                        self.settle(inquiry);
                        n += plain;
                        continue;
                    }
                    if *b == b'"' {
                        self.end(inquiry);
                    } else {
                        self.state = State::Escape(vec![*b], here);
                    }
                    n += 1;
                }
                State::Escape(escape, began) => {
                    escape.push(*b);
                    let began = *began;
                    if let Some(complete) = meaning(escape) {
                        // What follows a lone surrogate is read again.
                        let (c, taken) = complete;
                        let again: Vec<u8> = escape.get(taken..).unwrap_or_default().to_vec();
                        let mut utf8 = [0; 4];
                        self.value.view.push_escape(c.encode_utf8(&mut utf8).as_bytes(), began, taken as u64);
                        self.state = match again.as_slice() {
                            [] => State::Str,
                            [b'\\', ..] if again.len() < 3 => State::Escape(again, began + taken as u64),
                            _ => {
                                self.value.view.push(&again, began + taken as u64);
                                State::Str
                            }
                        };
                        self.settle(inquiry);
                    }
                    n += 1;
                }
                State::Bare => {
                    let plain = rest.iter().take_while(|b| is_bare(**b)).count();
                    self.value.view.push(rest.get(..plain).unwrap_or_default(), here);
                    self.settle(inquiry);
                    n += plain;
                    if n < bytes.len() {
                        self.end_bare(inquiry);
                    }
                }
                State::Text => {
                    match &mut self.part {
                        Some(end) => *end = Some(here),
                        None => {
                            self.value.becomes_prose();
                            self.value.push(rest, here, inquiry);
                        }
                    }
                    return;
                }
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if matches!(self.state, State::Bare) {
            self.end_bare(inquiry);
        }
        match self.state {
            State::Between | State::Bare => {}
            State::Text => self.value.finish(inquiry),
            State::Str | State::Escape(..) => self.end(inquiry),
        }
        self.end_file(inquiry);
        self.end_lines(inquiry);
        self.end_runs(inquiry);
        self.part(inquiry);
        self.end_rows(inquiry);
        self.tree.finish(inquiry);
        if !self.keys.is_empty() {
            inquiry.keys = self.keys;
        }
    }
}

impl Json {
    /// A part of a program.
    pub(crate) fn within(place: Place) -> Self {
        Self { part: Some(None), ..Self::new(place) }
    }

    /// Takes more of a part; where it ended, if it did.
    pub(crate) fn piece(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) -> Option<u64> {
        self.block(bytes, at, inquiry);
        self.part.flatten()
    }

    /// The part ends.
    pub(crate) fn end_piece(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if matches!(self.state, State::Text) {
            self.value.view.clear();
            self.state = State::Between;
        }
        self.finish(inquiry);
    }

    /// Ends a bare word. What is neither number nor literal means that the quotes are out of step, and what follows
    /// would be taken for the opposite of what it is: from here on it is text.
    fn end_bare(&mut self, inquiry: &mut Inquiry) {
        if self.part.is_some() && !self.colon && self.levels.last().is_some_and(|level| !level.array) {
            self.key = true;
            return self.end(inquiry);
        }
        let text = &self.value.view.text;
        if !is_number(text) && !matches!(text.as_slice(), b"true" | b"false" | b"null") {
            self.value.context.column = None;
            self.state = State::Text;
            return;
        }
        self.value.view.number = !self.long && text.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b));
        self.end(inquiry);
    }

    /// A string as long as a document is read as running text.
    fn settle(&mut self, inquiry: &mut Inquiry) {
        const VALUE_MAX: usize = 1 << 16;
        if self.value.view.text.len() > VALUE_MAX {
            if !std::mem::replace(&mut self.long, true) {
                self.begin_document(inquiry);
                self.value.becomes_prose();
            }
            self.read_document(inquiry);
            self.value.advance(inquiry);
        }
    }
}
