//! The words that announce what a number is, compiled from the lists of the detectors and of this room.
//!
//! A list has one phrase a line, in any spelling (it is folded): plain for a phrase that names the thing, `~` before
//! one that only hints at it, `!` before one that names it only where nothing but signs follow before the number, `=`
//! before one that means it only when it is a whole table header. `#` begins a comment.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

use super::heard::Watched;
use super::written::{ends_a_name, says, unfolded};
use super::{Columns, DIRECT, Firm, LINK, NEAR, OTHER_NUMBER_DIGITS};
use crate::Column;
use crate::fold::{ASCII, Kind, fold, fold_next, spread_words};

/// Lists of columns that have no detector of their own, or that several share.
const SHARED: &[(Column, &str)] = &[
    (Column::IdNumber, include_str!("id_number.txt")),
    (Column::Name, include_str!("name.txt")),
    (
        Column::Surname,
        "= Họ\n= Họ đệm\n= Họ và đệm\n= Họ và chữ đệm\n= Họ lót\n= surname\n= last name\n= family name\n",
    ),
    (Column::GivenName, "= Tên\n= Tên đệm\n= Tên đệm và tên\n= first name\n= given name\n= middle name\n"),
    (Column::BirthDate, include_str!("birth_date.txt")),
    (Column::BirthYear, "Năm sinh\nNAM_SINH\n= birth year\n= year of birth\n"),
    (Column::Sex, "= Giới tính\n= GIOI_TINH\n= GT\n= Phái\n= Nam/Nữ\n= Nam\n= Nữ\n= Nữ (X)\n= sex\n= gender\n"),
    (Column::Address, include_str!("address.txt")),
    (Column::RowNumber, "= STT\n= TT\n= Số TT\n= Số thứ tự\n= No\n= #\n= row\n= STT hộ\n"),
    (Column::Health, include_str!("health.txt")),
    (Column::Neutral, include_str!("neutral.txt")),
    (Column::Record, include_str!("record.txt")),
    (Column::Negative, include_str!("negative.txt")),
];

/// What programs number, and how they call the number in a header.
const THINGS: &str = include_str!("things.txt");
const LABELS: [&str; 6] = ["code", "id", "no", "number", "num", "ref"];

/// Things that have a `mã định danh` of their own (Decision 06/QĐ-TTg, 2022), and labels of it.
const IDENTIFIED: &str = include_str!("identified.txt");
const IDENTITIES: [&str; 4] = ["mã định danh", "số định danh", "mã số định danh", "mã định danh điện tử"];

/// Papers of a person that forms ask for in one field.
pub(super) const PAPERS: Columns = Columns::of(&[
    Column::Cccd,
    Column::Cmnd,
    Column::IdNumber,
    Column::Passport,
    Column::Bhxh,
    Column::Bhyt,
    Column::Tax,
]);

/// Papers whose numbers have so many digits and no other use.
pub(super) const fn papers_of(digits: usize) -> Columns {
    match digits {
        9 => Columns::of(&[Column::Cmnd, Column::IdNumber]),
        10 => Columns::of(&[Column::Bhxh, Column::Bhyt]),
        12 => PAPERS,
        _ => Columns::of(&[]),
    }
}

/// Columns whose headers say what the numbers under them are.
const NUMBERS: Columns = {
    let mut set = Columns::of(&[]);
    let mut n = 0;
    while n < Column::ALL.len() {
        if Column::ALL[n].speaks_of_numbers() {
            set = set.and(Column::ALL[n]);
        }
        n += 1;
    }
    set
};

/// Headers that name an identifier but hold something about it: `Ngày cấp CCCD`.
const ABOUT: &[&str] =
    &["ngay cap", "noi cap", "ngaycap", "noicap", "gt the", "han", "so luong", "so nguoi", "tong so", "ty le", "muc"];

/// The last naming phrases of a text, those that are linked, and the last that only hints.
#[derive(Default)]
struct Named {
    linked: Columns,
    /// Where the first of them begins and the last ends.
    start: Option<usize>,
    end: Option<usize>,
    hint: Option<(usize, Column)>,
    /// Where the latter begins.
    hint_start: usize,
}

/// What the words between digits and a number announce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) said: (Columns, Firm),
    /// Unless a phrase ends before the digits with fewer folded bytes than this between.
    pub(super) linked_within: usize,
}

/// Folded bytes of digits that a phrase may end with: `VNeID mức 2`.
pub(super) const DIGITS_IN_A_PHRASE: usize = b" 2 ".len();

/// How a phrase speaks of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speech {
    /// It names it.
    Names,
    /// It only hints at it.
    Hints,
    /// It names it where nothing but signs part it from the number.
    Touches,
}

/// The compiled lists.
pub(crate) struct Words {
    automaton: AhoCorasick,
    /// What each pattern of the automaton announces.
    meaning: Vec<(Column, Speech)>,
    /// How it is written.
    written: Vec<Box<str>>,
    headers: HashMap<String, Column>,
    /// What tells that a text is none of them.
    keys: Keys,
    /// One word of each phrase.
    pub(super) watched: Watched,
}

impl Words {
    /// Compiles `lists` and the shared ones.
    pub(crate) fn new<'l>(lists: impl Iterator<Item = &'l (Column, &'l str)>) -> Self {
        let (mut patterns, mut meaning, mut headers) = (Vec::new(), Vec::new(), HashMap::new());
        let mut written = Vec::new();
        for (column, list) in lists.chain(SHARED) {
            for line in list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("# ")) {
                let (names, phrase) = match line.split_at_checked(1) {
                    Some(("=", phrase)) => (None, phrase),
                    Some(("~", phrase)) => (Some(Speech::Hints), phrase),
                    Some(("!", phrase)) => (Some(Speech::Touches), phrase),
                    _ => (Some(Speech::Names), line),
                };
                headers.entry(header_key(phrase)).or_insert(*column);
                if let Some(names) = names {
                    let mut pattern = Vec::new();
                    spread_words(phrase.as_bytes(), &mut pattern);
                    debug_assert!(ends_with_its_digits(&pattern), "{phrase}");
                    patterns.push(pattern);
                    meaning.push((*column, names));
                    written.push(phrase.trim().into());
                }
            }
        }
        for thing in THINGS.lines().filter(|l| !l.starts_with("# ")) {
            for label in LABELS {
                headers.entry(header_key(thing) + label).or_insert(Column::Negative);
            }
        }
        for thing in IDENTIFIED.lines().filter(|l| !l.starts_with("# ")) {
            for label in
                IDENTITIES.iter().flat_map(|label| [format!("{label} {thing}"), format!("{label} của {thing}")])
            {
                headers.entry(header_key(&label)).or_insert(Column::Negative);
                let mut pattern = Vec::new();
                spread_words(label.as_bytes(), &mut pattern);
                patterns.push(pattern);
                meaning.push((Column::Negative, Speech::Names));
                written.push(label.into());
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Unanchored)
            .kind(Some(AhoCorasickKind::DFA))
            // Every phrase begins with a space: nothing is gained by looking for the next one first.
            .prefilter(false)
            .build(&patterns)
            .unwrap_or_else(|_| unreachable!("the lists are part of the program and far below the automaton's limits"));
        let said = patterns.iter().zip(&meaning).map(|(phrase, (column, _))| (phrase.as_slice(), *column));
        let watched = Watched::new(said);
        let keys = Keys::new(headers.keys().map(String::as_str));
        Self { automaton, meaning, written, headers, keys, watched }
    }

    /// Every phrase in folded text, in order: where it stands, what it announces and how.
    fn all(&self, folded: &[u8]) -> impl Iterator<Item = (std::ops::Range<usize>, Column, Speech)> {
        self.automaton.find_iter(Input::new(folded).anchored(Anchored::No)).filter_map(|m| {
            let (column, names) = self.meaning.get(m.pattern().as_usize())?;
            Some((m.range(), *column, *names))
        })
    }

    /// What the phrases of the folded text before a number announce; the nearest naming phrase decides, with those
    /// linked to it. `away` bytes lie between the text and the number. Negative phrases speak only where `negative`;
    /// a `colon` tells that all between leads to the number.
    pub(super) fn nearest(&self, said: Said<'_>, away: usize, negative: bool, colon: bool) -> (Columns, Firm) {
        let folded = said.folded;
        let named = self.named(said, negative);
        let noted = is_behind_a_note(said, &named);
        let Named { linked, end, hint, .. } = named;
        let end = end.filter(|end| !is_of_words(linked, *end, hint) && !noted);
        // `So_tien="6.058.053.000" BHYT="XK4…`: what was named has its number already.
        let taken = |end: usize, hint: usize| {
            hint > end
                && folded.get(end..hint).unwrap_or_default().iter().filter(|b| b.is_ascii_digit()).count()
                    >= OTHER_NUMBER_DIGITS
        };
        let end = end.filter(|end| !hint.is_some_and(|(hint, _)| taken(*end, hint)));
        let distance = |end: usize| distance(folded, end, colon) + away;
        match (end, hint) {
            (Some(end), _) if distance(end) <= DIRECT => (linked, Firm::Direct),
            (Some(end), _) if distance(end) <= NEAR => (linked, Firm::Near),
            // `bhxh 2021 … 200 4064988`: a mere hint speaks of the first number behind it.
            (_, Some((end, column)))
                if distance(end) <= DIRECT && !folded.get(end..).is_some_and(|b| b.iter().any(u8::is_ascii_digit)) =>
            {
                (Columns::of(&[column]), Firm::Weak)
            }
            _ => (Columns::default(), Firm::Not),
        }
    }

    /// The papers that were asked for together right before a number, in words or in hints: `cccd-bhxh: `.
    pub(super) fn asked(&self, said: Said<'_>) -> (Columns, Firm) {
        let folded = said.folded;
        let (mut asked, mut last) = (Columns::default(), None);
        for (range, column, _) in self.all(folded) {
            let column = column.spoken();
            if !Columns::of(&[column]).meets(PAPERS) || last.is_none_or(|end| range.start > end + LINK) {
                asked = Columns::default();
            }
            asked.insert(column);
            last = Some(range.end);
        }
        let firm = match last {
            Some(end) if distance(folded, end, false) <= DIRECT => Firm::Near,
            _ => Firm::Not,
        };
        if asked.0.count_ones() > 1 && asked.meets(PAPERS) { (asked, firm) } else { self.nearest(said, 0, true, false) }
    }

    /// The same for the end of a text that digits part from what stands before; `None` where no phrase stands there that
    /// decides.
    pub(super) fn nearest_in_the_end(&self, said: Said<'_>, colon: bool) -> Option<Ending> {
        let folded = said.folded;
        let named = self.named(said, true);
        let noted = is_behind_a_note(said, &named);
        let Named { linked, start, end, hint, .. } = named;
        if noted || end.is_some_and(|end| is_of_words(linked, end, hint)) {
            return None;
        }
        let firm = match distance(folded, end?, colon) {
            away if away <= DIRECT => Firm::Direct,
            away if away <= NEAR => Firm::Near,
            _ => return None,
        };
        let linked_within = if linked.meets(PAPERS) { (LINK + 1).saturating_sub(start?) } else { 0 };
        Some(Ending { said: (linked, firm), linked_within })
    }

    /// The phrases that name something.
    fn named(&self, said: Said<'_>, negative: bool) -> Named {
        let folded = said.folded;
        let mut named = Named::default();
        let mut at = 0;
        while let Some(m) = self.automaton.find(Input::new(folded).range(at..).anchored(Anchored::No)) {
            let (range, pattern) = (m.range(), m.pattern().as_usize());
            at = range.end;
            let Some((column, speech)) = self.meaning.get(pattern) else { continue };
            let (column, speech) = (column.spoken(), *speech);
            if speech == Speech::Touches && range.end < folded.len() {
                continue;
            }
            if column == Column::Negative && !negative {
                continue;
            }
            let written = || self.written.get(pattern).map_or("", |phrase| phrase);
            if column == Column::Negative {
                // `Lê Thị Thu hộ chiếu`: another phrase may begin with its second word.
                let behind = range.start + first_word(folded, &range);
                if is_name(folded, &range) || said.is_another(&range, written()) {
                    at = behind;
                    continue;
                }
                let phrase = || self.automaton.find(Input::new(folded).range(behind..).anchored(Anchored::No));
                if said.begins_behind_a_name(&range) && phrase().is_some_and(|next| next.start() == behind) {
                    at = behind;
                    continue;
                }
            }
            if speech == Speech::Hints {
                (named.hint, named.hint_start) = (Some((range.end, column)), range.start);
                continue;
            }
            // `Số CCCD/CMND`, but not `tài khoản, CCCD`: only personal papers share a number.
            let near = named.end.is_some_and(|end| range.start <= end + LINK);
            if !(near && Columns::of(&[column]).meets(PAPERS) && named.linked.meets(PAPERS)) {
                (named.linked, named.start) = (Columns::default(), Some(range.start));
            }
            named.linked.insert(column);
            named.end = Some(range.end);
        }
        named
    }

    /// What the folded text right behind a number announces, with no more before that than what points back to the number.
    pub(super) fn first(&self, folded: &[u8]) -> (Columns, Firm) {
        let pointing = pointing_back(folded);
        match self.all(folded).next() {
            Some((range, column, Speech::Names)) if range.start <= pointing + LINK => {
                (Columns::of(&[column.spoken()]), Firm::Direct)
            }
            Some((range, column, Speech::Hints)) if range.start <= pointing + 2 => {
                (Columns::of(&[column.spoken()]), Firm::Weak)
            }
            _ => (Columns::default(), Firm::Not),
        }
    }

    /// Whether a text may be a header that announces something; of most it is told with little reading that it is none.
    pub(crate) fn may_announce(&self, header: &[u8]) -> bool {
        // A header is one of the list, perhaps behind a number or before something in brackets, or a phrase stands in it.
        let [bare, line] = bare(header);
        self.keys.may_hold(bare)
            || bare.len() < header.len() && self.keys.may_hold(header)
            || line.len() < bare.len() && self.keys.may_hold(line)
            || !self.watched.of(header).is_nothing(false)
    }

    /// What a text announces that is one of the headers, with nothing around.
    #[cfg(test)]
    fn heading(&self, text: &str) -> Option<Column> {
        self.keys.may_hold(text.as_bytes()).then(|| self.headers.get(&header_key(text)).copied()).flatten()
    }

    /// Of the beginnings of a text that end at `ends`, one behind the other and no more than eight, the longest that is a
    /// header, by its place among them, and what it announces.
    pub(crate) fn longest_heading(&self, text: &str, ends: &[usize]) -> Option<(usize, Column)> {
        let (mut key, mut at, mut may_be) = (Key::default(), 0, 0_u8);
        let mut letters = [0; u8::BITS as usize];
        for (n, (end, letters)) in ends.iter().zip(&mut letters).enumerate() {
            key.push(text.as_bytes().get(at..*end).unwrap_or_default(), Some(&self.keys));
            if key.is_none() {
                break;
            }
            may_be |= u8::from(self.keys.may_be(key.told())) << n;
            *letters = key.letters;
            at = *end;
        }
        while may_be != 0 {
            let n = may_be.ilog2() as usize;
            let letters = letters.get(n).and_then(|letters| key.text.get(..*letters)).unwrap_or_default();
            let column = match str::from_utf8(letters) {
                Ok(key) if !key.is_empty() => self.headers.get(key),
                _ => ends.get(n).and_then(|end| self.headers.get(&header_key(text.get(..*end)?))),
            };
            if let Some(column) = column {
                return Some((n, *column));
            }
            may_be ^= 1 << n;
        }
        None
    }

    /// What a table header announces.
    pub(crate) fn column(&self, header: &str) -> Option<Column> {
        // A heading is short; a long text in the first row is none.
        if header.len() > 200 {
            return None;
        }
        // `Số CCCD (12 số)`, `1. Họ và tên`: also without what is in brackets, without numbering.
        let [bare, line] = bare(header.as_bytes()).map(|text| str::from_utf8(text).unwrap_or_default());
        let mut listed = [header, bare, line].into_iter().filter_map(|text| {
            let may_be = self.keys.may_hold(text.as_bytes());
            may_be.then(|| self.headers.get(&header_key(text))).flatten().map(|column| (text, *column))
        });
        match listed.next() {
            // `Số` of what, the next line says.
            Some((text, column)) if text.len() >= bare.len() || column != Column::Neutral => Some(column),
            said => self.headed(header).or_else(|| said.map(|(_, column)| column)),
        }
    }

    /// What the words of a header name.
    fn headed(&self, header: &str) -> Option<Column> {
        let mut spread = Vec::new();
        spread_words(header.as_bytes(), &mut spread);
        let mut named =
            self.all(&spread).filter(|(_, _, speech)| *speech == Speech::Names).map(|(_, column, _)| column);
        let first = named.next()?;
        let folded = fold(header);
        if ABOUT.iter().any(|about| folded.starts_with(about)) {
            return None;
        }
        let others: Vec<Column> = named.collect();
        // Of numbers under both, twelve digits are a citizen's, and ten have lost no zeros.
        if first == Column::Cccd && others.contains(&Column::Bhxh) && others.iter().all(|c| *c != Column::Cmnd) {
            return Some(Column::Bhxh);
        }
        let other_paper = others
            .iter()
            .any(|c| *c != first && matches!(c, Column::Cccd | Column::Cmnd | Column::Passport | Column::IdNumber));
        let paper = matches!(first, Column::Cccd | Column::Cmnd | Column::Passport);
        Some(if paper && other_paper { Column::IdNumber } else { first })
    }
}

/// Words as they are written, and folded.
#[derive(Clone, Copy)]
pub(super) struct Said<'t> {
    pub(super) written: &'t [u8],
    pub(super) folded: &'t [u8],
}

impl Said<'_> {
    /// Whether the words there are not those of the list that they fold to: they have other marks, or end the name of a
    /// person.
    fn is_another(self, range: &std::ops::Range<usize>, listed: &str) -> bool {
        let Self { written, folded } = self;
        let place = unfolded(written, folded, range.clone());
        !says(written.get(place.clone()).unwrap_or_default(), listed) || ends_a_name(written, place)
    }

    /// Whether a person's name ends with the first word there.
    fn begins_behind_a_name(self, range: &std::ops::Range<usize>) -> bool {
        let Self { written, folded } = self;
        let first = range.start..range.start + first_word(folded, range);
        first.end < range.end && ends_a_name(written, unfolded(written, folded, first))
    }
}

/// Folded bytes of the first word of a phrase, with the blanks around.
fn first_word(folded: &[u8], phrase: &std::ops::Range<usize>) -> usize {
    let words = folded.get(phrase.clone()).unwrap_or_default();
    let word = words.iter().skip(1).position(|b| *b == b' ');
    word.map_or(words.len(), |len| len + 2)
}

/// Whether a comma parts what was named from the hint at a paper right before the number: `đã thu tiền, bhxh 79…`.
fn is_behind_a_note(said: Said<'_>, named: &Named) -> bool {
    let Said { written, folded } = said;
    let (Some(end), Some((hint, column))) = (named.end, named.hint) else { return false };
    // Of most it is told without a look at where the words are written.
    hint == folded.len()
        && named.hint_start >= end
        && Columns::of(&[column]).meets(PAPERS)
        && written.contains(&b',')
        && {
            let place = unfolded(written, folded, named.hint_start..hint);
            written.get(..place.start).unwrap_or_default().trim_ascii_end().ends_with(b",")
        }
}

/// Whether what was named is no number, and what was hinted at behind that is one: `Họ tên: Lê An BHXH 79…`.
fn is_of_words(linked: Columns, end: usize, hint: Option<(usize, Column)>) -> bool {
    hint.is_some_and(|(hint, column)| hint > end && column.speaks_of_numbers()) && !linked.meets(NUMBERS)
}

/// What is left of a header without the numbering before it and what is in brackets behind, `1. Họ và tên (in hoa)`; and of
/// that the first line.
fn bare(header: &[u8]) -> [&[u8]; 2] {
    let end = header.iter().position(|b| matches!(b, b'(' | b'[')).unwrap_or(header.len());
    let whole = header.get(..end).unwrap_or_default();
    let numbering = |b: &&u8| b.is_ascii_digit() || b". )]".contains(b);
    let bare = whole.get(whole.iter().take_while(numbering).count()..).unwrap_or_default();
    [bare, bare.split(|b| *b == b'\n').next().unwrap_or_default()]
}

/// Bytes of the folded words that only lead back from what a number is to the number, or to several: `còn đây là …`,
/// `là hai số …`.
fn pointing_back(folded: &[u8]) -> usize {
    const WORDS: [&[u8]; 16] = [
        b"la", b"con", b"day", b"do", b"deu", b"cung", b"chinh", b"moi", b"hai", b"ba", b"bon", b"cac", b"nhung",
        b"check", b"tra", b"xem",
    ];
    let mut at = 0;
    while let Some(rest) = folded.get(at..) {
        let begin = rest.iter().take_while(|b| **b == b' ').count();
        let word = rest.get(begin..).and_then(|rest| rest.split(|b| *b == b' ').next()).unwrap_or_default();
        if !WORDS.contains(&word) {
            break;
        }
        at += begin + word.len();
    }
    at
}

/// What tells of nearly every text that it is no header.
struct Keys {
    /// A bit for the hash of every header.
    hashes: Box<[u64; KEYS / u64::BITS as usize]>,
    /// A bit for the first letters of every header; all bits that those of a shorter one may go on with.
    begins: Box<[u64; BEGINS.div_ceil(u64::BITS as usize)]>,
}

/// Hashes told apart, a power of two: many times the headers there are.
const KEYS: usize = 1 << 15;
/// No header has more letters and digits.
const KEY_LETTERS_MAX: usize = 48;
/// So many letters or digits tell most words that begin no header from those that do.
const BEGIN_LETTERS: usize = 3;
/// Letters and digits.
const ALPHABET: usize = 36;
const BEGINS: usize = ALPHABET.pow(BEGIN_LETTERS as u32);

impl Keys {
    fn new<'k>(keys: impl Iterator<Item = &'k str>) -> Self {
        let mut set = Self { hashes: Box::new([0; _]), begins: Box::new([0; _]) };
        for key in keys {
            debug_assert!(key.len() <= KEY_LETTERS_MAX, "{key}");
            let mut hash = Key::default();
            hash.push(key.as_bytes(), None);
            let Some(told) = hash.told() else { continue };
            if let Some(bits) = set.hashes.get_mut(told / 64) {
                *bits |= 1 << (told % 64);
            }
            let missing = ALPHABET.pow(BEGIN_LETTERS.saturating_sub(hash.letters) as u32);
            for begin in hash.begin * missing..(hash.begin + 1) * missing {
                if let Some(bits) = set.begins.get_mut(begin / 64) {
                    *bits |= 1 << (begin % 64);
                }
            }
        }
        set
    }

    /// Whether a text may be one of the headers in any spelling. One without letters is compared as it stands.
    fn may_hold(&self, text: &[u8]) -> bool {
        let mut key = Key::default();
        key.push(text, Some(self));
        self.may_be(key.told())
    }

    fn may_be(&self, hash: Option<usize>) -> bool {
        hash.is_none_or(|hash| self.hashes.get(hash / 64).is_some_and(|bits| bits >> (hash % 64) & 1 == 1))
    }

    /// Whether any header has these first letters.
    fn may_begin(&self, begin: usize) -> bool {
        self.begins.get(begin / 64).is_some_and(|bits| bits >> (begin % 64) & 1 == 1)
    }
}

/// The folded letters and digits of a text, however many words they are, and their hash; taken piece by piece.
struct Key {
    text: [u8; KEY_LETTERS_MAX],
    hash: u64,
    letters: usize,
    /// The first of them as a number.
    begin: usize,
}

impl Default for Key {
    fn default() -> Self {
        Self { text: [0; KEY_LETTERS_MAX], hash: 0, letters: 0, begin: 0 }
    }
}

impl Key {
    /// Takes what follows, up to one letter more than any header has; less where it is seen that none of `keys` is like it.
    fn push(&mut self, text: &[u8], keys: Option<&Keys>) {
        let mut at = 0;
        while let Some(&first) = text.get(at).filter(|_| self.letters <= KEY_LETTERS_MAX) {
            let (folded, len) = match first {
                0..0x80 => (Some(ASCII[usize::from(first)]), 1),
                _ => fold_next(text.get(at..).unwrap_or_default()),
            };
            at += len;
            if let Some((letter, Kind::Lower | Kind::Upper | Kind::Digit)) = folded {
                self.hash = (self.hash ^ u64::from(letter)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
                if let Some(room) = self.text.get_mut(self.letters) {
                    *room = letter;
                }
                self.letters += 1;
                if self.letters <= BEGIN_LETTERS {
                    let letter = if letter.is_ascii_digit() { letter - b'0' + 26 } else { letter - b'a' };
                    self.begin = self.begin * ALPHABET + usize::from(letter);
                }
                if self.letters == BEGIN_LETTERS && keys.is_some_and(|keys| !keys.may_begin(self.begin)) {
                    self.letters = usize::MAX;
                }
            }
        }
    }

    /// Whether it is like no header, whatever follows.
    const fn is_none(&self) -> bool {
        self.letters > KEY_LETTERS_MAX
    }

    /// Beyond all bits where the letters are more than any header has, and nothing where there are none.
    fn told(&self) -> Option<usize> {
        match self.letters {
            0 => None,
            1..=KEY_LETTERS_MAX => Some(self.hash as usize % KEYS),
            _ => Some(usize::MAX),
        }
    }
}

/// Whether a phrase goes on with a name: `Nguyễn Văn Đôn` is no `vận đơn`, `Lê Thành Tiến` no `thành tiền`, nor is
/// `anh Đôn` a `đơn`. Behind `bà Lê Thị Hà`, `số hóa đơn` is one: nobody is called that.
fn is_name(folded: &[u8], phrase: &std::ops::Range<usize>) -> bool {
    const LABELS: [&[u8]; 2] = [b"so", b"ma"];
    const TITLES: [&[u8]; 9] = [b"anh", b"chi", b"ong", b"ba", b"em", b"co", b"chu", b"bac", b"chau"];
    let words = || folded.get(phrase.clone()).unwrap_or_default().split(|b| *b == b' ').filter(|word| !word.is_empty());
    let before = word_before(folded, phrase.start);
    (SURNAMES.contains(&before) || words().nth(1).is_none() && TITLES.contains(&before))
        && !words().any(|word| LABELS.contains(&word))
}

/// Surnames, and the words between them and the name.
pub(super) const SURNAMES: &[&[u8]] = &[
    b"nguyen", b"tran", b"le", b"pham", b"hoang", b"huynh", b"phan", b"vu", b"vo", b"dang", b"bui", b"do", b"ho",
    b"ngo", b"duong", b"ly", b"truong", b"dinh", b"doan", b"lam", b"trinh", b"dao", b"luong", b"thai", b"ha", b"ta",
    b"chu", b"luu", b"quach", b"cao", b"mai", b"van", b"thi",
];

/// Folded bytes between a phrase that ends at `end` and what stands behind them all, with a colon or without. Whose number
/// it is parts none from its words: `mã BHXH của ông Nguyễn Văn An là …`.
fn distance(folded: &[u8], end: usize, colon: bool) -> usize {
    let between = folded.get(end..).unwrap_or_default();
    if between.len() > DIRECT && is_owner(between, colon) { 0 } else { between.len() }
}

/// Whether folded words tell whose a number is, and nothing else, and lead to it.
fn is_owner(folded: &[u8], colon: bool) -> bool {
    const TITLES: &[&[u8]] = &[
        b"ong", b"ba", b"anh", b"chi", b"em", b"chau", b"be", b"con", b"me", b"bo", b"vo", b"chong", b"co", b"chu",
        b"bac", b"minh", b"ban",
    ];
    /// Of a title and a name.
    const WORDS_MAX: usize = 6;
    let Some(owner) = folded.strip_prefix(b" cua ") else { return false };
    let owner = owner.trim_ascii();
    let Some(owner) = owner.strip_suffix(b" la").or_else(|| colon.then_some(owner)) else { return false };
    let words = || owner.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let is_person = words().next().is_some_and(|word| TITLES.contains(&word) || SURNAMES.contains(&word));
    is_person && words().count() <= WORDS_MAX && !owner.iter().any(u8::is_ascii_digit)
}

/// The word before `at`.
fn word_before(folded: &[u8], at: usize) -> &[u8] {
    let before = folded.get(..at).unwrap_or_default().trim_ascii_end();
    before.rsplit(|b| *b == b' ').next().unwrap_or_default()
}

/// Whether no word of a folded phrase stands behind digits, nor more than one of these: what stands behind digits before a
/// number is read by itself.
fn ends_with_its_digits(folded: &[u8]) -> bool {
    let digits = folded.iter().position(u8::is_ascii_digit);
    digits.is_none_or(|at| at + DIGITS_IN_A_PHRASE == folded.len() + 1)
}

/// The form headers are compared in: folded, and without the spaces, since `SO_CCCD`, `socccd` and `Số CCCD` are one.
fn header_key(header: &str) -> String {
    let folded = fold(header);
    if folded.is_empty() { header.trim().to_owned() } else { folded.replace(' ', "") }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(crate::cards().flat_map(|card| card.words)));

    /// Headers of the lists in many spellings, numbered, in brackets, between other words.
    fn header() -> impl Strategy<Value = String> {
        let lists = crate::cards().flat_map(|card| card.words).chain(SHARED).flat_map(|(_, list)| list.lines());
        let phrases: Vec<String> =
            lists.map(|line| line.trim_start_matches(['=', '~', ' ']).to_owned()).filter(|p| !p.is_empty()).collect();
        let around =
            ["", "", "", "1. ", "(2) ", "12) ", "[3] ", " (12 số)", "[a]", "\n", "-", "* ", "x", "của ông ", "ﬁ"];
        let around = || prop::sample::select(around.to_vec());
        (around(), prop::sample::select(phrases), around(), 0..6_u8).prop_map(|(before, phrase, behind, case)| {
            let phrase = match case {
                0 => phrase.to_uppercase(),
                1 => phrase.replace(' ', ""),
                2 => phrase.replace(' ', "_"),
                3 => phrase.replace('i', "i\u{200b}"),
                _ => phrase,
            };
            [before, &phrase, behind].concat()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn nothing_that_announces_is_passed_over(
            header in prop_oneof![3 => header(), 1 => "[a-zA-Z0-9#%(). đĐạ]{0,12}", 1 => (header(), header()).prop_map(|(a, b)| a + &b)],
        ) {
            prop_assert!(WORDS.may_announce(header.as_bytes()) || WORDS.column(&header).is_none(), "{header:?}");
        }

        #[test]
        fn the_longest_heading_is_found_among_all(headers in prop::collection::vec(header(), 1..5)) {
            let text = headers.join(" ");
            let ends: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).chain([text.len()]).take(8).collect();
            let slow = ends.iter().enumerate().rev().find_map(|(n, end)| Some((n, WORDS.heading(text.get(..*end)?)?)));
            prop_assert_eq!(WORDS.longest_heading(&text, &ends), slow, "{}", text);
        }
    }
}
