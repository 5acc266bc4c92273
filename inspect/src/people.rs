//! Which identifiers belong to the same person, and how many people that makes.
//!
//! A person is a set of identifier values tied together by standing in one record; the same value anywhere else in
//! the message is the same person. Only keyed hashes are kept.

mod alike;

use std::collections::HashMap;
use std::iter;

use alike::Named;
use chot_model::{Confidence, DetectorId};

use crate::count::{EXACT_MAX, Estimate, Key, Keyed};

/// What a finding says about persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) detector: DetectorId,
    /// Keyed hash of the value.
    pub(crate) hash: u64,
    /// Hash of another identifier this value contains, such as the insurance number within a card number.
    pub(crate) alias: Option<u64>,
}

impl Mark {
    /// What a finding adds to a record: identifiers and what a list of people has besides; `None` for anything else.
    ///
    /// `hash` is the keyed hash of detector and value.
    #[inline(always)]
    pub(crate) fn of(key: &Key, hash: u64, detector: DetectorId, confidence: Confidence, value: &[u8]) -> Option<Self> {
        let says = SAYS[detector as usize];
        if confidence < Confidence::Medium || says == Says::Nothing {
            return None;
        }
        let alias = if says == Says::Both { Self::alias(key, detector, value) } else { None };
        Some(Self { detector, hash, alias })
    }

    #[inline(never)]
    fn alias(key: &Key, detector: DetectorId, value: &[u8]) -> Option<u64> {
        contained(detector, value).map(|(detector, inner)| key.value(detector, inner))
    }

    /// Its kind of identifier and that of what it contains, a bit each.
    const fn kinds(&self) -> u32 {
        let own = 1 << self.detector as u32 & IDENTIFIERS;
        match (self.alias, self.detector) {
            (None, _) => own,
            (_, DetectorId::CccdQr | DetectorId::Mrz) => own | 1 << DetectorId::Cccd as u32,
            _ => own | 1 << DetectorId::Bhxh as u32,
        }
    }
}

/// Somebody whom a list names with something beside that tells them from namesakes, without any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Keyed hash of the name.
    pub(crate) name: u64,
    /// What stands beside, and its hash.
    pub(crate) beside: (DetectorId, u64),
}

impl Listed {
    /// What the person is counted by.
    pub(crate) const fn mark(&self) -> Mark {
        let hash = self.name ^ self.beside.1.rotate_left(1);
        Mark { detector: DetectorId::PersonName, hash, alias: None }
    }
}

/// What findings of a detector say about persons.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    One,
    /// An identifier that contains another.
    Both,
}

/// What each detector's findings say about persons: asked with every finding.
const SAYS: [Says; DetectorId::ALL.len()] = {
    let mut says = [Says::Nothing; DetectorId::ALL.len()];
    let mut n = 0;
    while n < says.len() {
        let detector = DetectorId::ALL[n];
        says[detector as usize] = match detector {
            DetectorId::Bhyt | DetectorId::CccdQr | DetectorId::BhytQr | DetectorId::Mrz => Says::Both,
            DetectorId::PersonName | DetectorId::DateOfBirth | DetectorId::Phone | DetectorId::Address => Says::One,
            _ if detector.is_identifier() => Says::One,
            _ => Says::Nothing,
        };
        n += 1;
    }
    says
};

/// The identifier that a longer one contains.
fn contained(detector: DetectorId, value: &[u8]) -> Option<(DetectorId, &[u8])> {
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    match detector {
        // The last ten characters of a card are the insurance number (QĐ 1351/QĐ-BHXH 2015, khoản 2.3).
        DetectorId::Bhyt => value.get(5..15).filter(|v| digits(v)).map(|v| (DetectorId::Bhxh, v)),
        DetectorId::CccdQr => value.get(..12).filter(|v| digits(v)).map(|v| (DetectorId::Cccd, v)),
        DetectorId::BhytQr => match value.split(|b| *b == b'|').next()? {
            card if card.len() == 15 => card.get(5..).filter(|v| digits(v)).map(|v| (DetectorId::Bhxh, v)),
            card if card.len() == 10 && digits(card) => Some((DetectorId::Bhxh, card)),
            _ => None,
        },
        // TD1 line 1: `IDVNM`, nine digits, a check digit, then the whole number (ICAO Doc 9303-5).
        DetectorId::Mrz => memchr::memmem::find(value, b"IDVNM")
            .and_then(|at| value.get(at + 15..at + 27))
            .filter(|v| digits(v))
            .map(|v| (DetectorId::Cccd, v)),
        _ => None,
    }
}

/// The people of one message.
#[derive(Default)]
pub(crate) struct People {
    ids: HashMap<u64, usize, Keyed>,
    parents: Vec<usize>,
    /// Which kinds of identifiers each has, a bit each; without any, what stands beside the name.
    kinds: Vec<u32>,
    /// Who is named beside them.
    named: Vec<Named>,
    known: u64,
    above: Option<Estimate>,
    /// A bit for each of the identifiers once there are as many as are remembered: hardly one that comes then is among them,
    /// and they are too many to stay near the processor.
    sieve: Vec<u64>,
}

/// The people of a part of a message.
pub(crate) struct Groups {
    /// Person, then the hash of one of their identifiers; ordered.
    sets: Vec<(usize, u64)>,
    /// By person.
    kinds: Vec<u32>,
    /// Ordered by the person.
    named: Vec<Named>,
    above: Option<Estimate>,
}

impl Groups {
    /// How much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.sets.as_slice()) + size_of_val(self.kinds.as_slice()) + size_of_val(self.named.as_slice())
    }
}

/// A bit for each kind of identifier.
const IDENTIFIERS: u32 = {
    let (mut kinds, mut n) = (0, 0);
    while n < DetectorId::ALL.len() {
        if DetectorId::ALL[n].is_identifier() {
            kinds |= 1 << DetectorId::ALL[n] as u32;
        }
        n += 1;
    }
    kinds
};

/// Kinds of identifiers, at the most.
const KINDS: usize = 8;

/// Identifier values remembered exactly: several for each of the people counted exactly.
const IDS_MAX: usize = 6 * EXACT_MAX;

/// Eight for each identifier and more, so that one in nine at the most is looked up in vain.
const SIEVE_BITS: usize = 1 << 19;

/// The word and the bit of a hash.
#[inline]
const fn sieve(hash: u64) -> (usize, u64) {
    let at = hash as usize % SIEVE_BITS;
    (at / 64, 1 << (at % 64))
}

impl People {
    /// States that `marks` belong to one person; there are no more than kinds of them.
    #[inline]
    pub(crate) fn person<'m>(&mut self, marks: impl Iterator<Item = &'m Mark> + Clone) {
        let first = |first: &'m Mark, mark: &'m Mark| if mark.detector < first.detector { mark } else { first };
        let Some(primary) = marks.clone().reduce(first) else { return };
        if self.is_full() {
            self.beyond(primary, marks);
        } else {
            let kinds = marks.clone().fold(0, |kinds, mark| kinds | mark.kinds());
            self.tie_exactly(marks.flat_map(|mark| iter::once(mark.hash).chain(mark.alias)), kinds);
        }
    }

    /// States that `marks` belong to one person, whom `primary` stands for, now that no more are counted exactly.
    #[inline]
    fn beyond<'m>(&mut self, primary: &Mark, mut marks: impl Iterator<Item = &'m Mark>) {
        if !marks.any(|mark| self.knows(mark.hash) || mark.alias.is_some_and(|hash| self.knows(hash))) {
            self.above.get_or_insert_default().add(primary.hash);
        }
    }

    /// States that `hashes`, of these `kinds`, belong to one person, whom `primary` stands for where people are only
    /// estimated; `None` there.
    fn tie(&mut self, primary: u64, mut hashes: impl Iterator<Item = u64>, kinds: u32) -> Option<usize> {
        if !self.is_full() {
            return self.tie_exactly(hashes, kinds);
        } else if !hashes.any(|hash| self.knows(hash)) {
            self.above.get_or_insert_default().add(primary);
        }
        None
    }

    /// Whether no more are counted exactly.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.known >= EXACT_MAX as u64 || self.ids.len() >= IDS_MAX
    }

    /// Whether this is of those that are counted exactly, now that no more are.
    #[inline]
    fn knows(&mut self, hash: u64) -> bool {
        if self.sieve.is_empty() {
            self.fill_sieve();
        }
        let (word, bit) = sieve(hash);
        self.sieve.get(word).is_some_and(|word| word & bit != 0) && self.ids.contains_key(&hash)
    }

    #[cold]
    fn fill_sieve(&mut self) {
        self.sieve.resize(SIEVE_BITS / 64, 0);
        for (word, bit) in self.ids.keys().map(|hash| sieve(*hash)) {
            self.sieve[word] |= bit;
        }
    }

    /// Tells the person, if any of the hashes was new.
    #[inline(never)]
    fn tie_exactly(&mut self, hashes: impl Iterator<Item = u64>, kinds: u32) -> Option<usize> {
        let (mut first, mut new) = (None, false);
        for hash in hashes {
            let node = match self.ids.get(&hash) {
                Some(node) => self.root(*node),
                None => {
                    let node = first.unwrap_or(self.parents.len());
                    if first.is_none() {
                        self.parents.push(node);
                        self.kinds.push(0);
                        self.known += 1;
                    }
                    self.ids.insert(hash, node);
                    new = true;
                    node
                }
            };
            match first {
                Some(one) if one != node => self.unite(one, node),
                _ => first = Some(node),
            }
        }
        if let Some(all) = first.and_then(|first| self.kinds.get_mut(first)) {
            *all |= kinds;
        }
        first.filter(|_| new)
    }

    /// Two people turn out to be one.
    fn unite(&mut self, one: usize, other: usize) {
        let kinds = self.kinds.get(other).copied().unwrap_or_default();
        if let (Some(parent), Some(all)) = (self.parents.get_mut(other), self.kinds.get_mut(one)) {
            *parent = one;
            *all |= kinds;
            self.known -= 1;
        }
    }

    /// Each person's identifiers.
    pub(crate) fn groups(mut self) -> Groups {
        let ids = std::mem::take(&mut self.ids);
        let mut sets: Vec<(usize, u64)> = ids.into_iter().map(|(hash, node)| (self.root(node), hash)).collect();
        sets.sort_unstable();
        let mut named = std::mem::take(&mut self.named);
        named.iter_mut().for_each(|named| named.person = self.root(named.person));
        named.sort_unstable_by_key(|named| named.person);
        Groups { sets, kinds: self.kinds, named, above: self.above }
    }

    /// Adds the people of a part.
    pub(crate) fn absorb(&mut self, part: &Groups) {
        for person in part.sets.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((theirs, primary)) = person.first() else { continue };
            let kinds = part.kinds.get(*theirs).copied().unwrap_or_default();
            if let Some(ours) = self.tie(*primary, person.iter().map(|(_, hash)| *hash), kinds) {
                let from = part.named.partition_point(|named| named.person < *theirs);
                let names = part.named.iter().skip(from).take_while(|named| named.person == *theirs);
                self.named.extend(names.map(|named| Named { person: ours, ..*named }));
            }
        }
        if let Some(above) = &part.above {
            self.above.get_or_insert_default().absorb(above);
        }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while let Some(&parent) = self.parents.get(node)
            && parent != node
        {
            // Path halving keeps chains short.
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(node) {
                *slot = above;
            }
            node = above;
        }
        node
    }

    pub(crate) fn count(&self) -> u64 {
        self.known + self.above.as_ref().map_or(0, Estimate::count)
    }

    /// Takes the marks of one record in their order and tells how many people it is about.
    ///
    /// A second value of the same kind begins the next person. A record without an identifier is a person when
    /// `listed` and it has a name together with a date of birth, telephone number or address.
    pub(crate) fn record(&mut self, marks: &[Mark], listed: bool) -> u64 {
        // Nearly always there is one of each kind at the most.
        let (mut kinds, mut twice, mut primary) = (0u32, false, None::<&Mark>);
        for mark in marks {
            let kind = 1 << mark.detector as u32 & IDENTIFIERS;
            twice |= kinds & kind != 0;
            // The lowest bit is the first of the kinds.
            if kind != 0 && kinds & (kind - 1) == 0 {
                primary = Some(mark);
            }
            kinds |= kind;
        }
        let identifiers = marks.iter().filter(|mark| IDENTIFIERS >> mark.detector as u32 & 1 == 1);
        match primary {
            _ if twice => self.several(marks),
            None if listed => self.unnumbered(marks),
            None => 0,
            Some(primary) if self.is_full() => {
                self.beyond(primary, identifiers);
                1
            }
            Some(_) => {
                let kinds = identifiers.clone().fold(0, |kinds, mark| kinds | mark.kinds());
                let hashes = identifiers.flat_map(|mark| iter::once(mark.hash).chain(mark.alias));
                if let Some(person) = self.tie_exactly(hashes, kinds) {
                    self.named.extend(Named::of(marks, person));
                }
                1
            }
        }
    }

    /// Takes the marks of a record in which a second value of some kind stands, or one twice.
    #[inline(never)]
    fn several(&mut self, marks: &[Mark]) -> u64 {
        // Which are the person's: one of each kind at the most, and there are few kinds.
        let mut one = [0; KINDS];
        let (mut people, mut n) = (0, 0);
        for (at, mark) in marks.iter().enumerate().filter(|(_, m)| m.detector.is_identifier()) {
            let same = chosen(marks, one.get(..n).unwrap_or_default()).find(|m| m.detector == mark.detector);
            if same.is_some_and(|m| m.hash == mark.hash) {
                continue;
            }
            if same.is_some() {
                self.person(chosen(marks, one.get(..n).unwrap_or_default()));
                people += 1;
                n = 0;
            }
            if let Some(slot) = one.get_mut(n) {
                *slot = at;
                n += 1;
            }
        }
        if n > 0 {
            self.person(chosen(marks, one.get(..n).unwrap_or_default()));
            people += 1;
        }
        people
    }

    /// Takes the marks of running text, line by line. A line that holds a second value of a kind begins the next person
    /// as a whole: in a list, a number that was not found must not tie its line to the next.
    /// So does the name of another person before another paper: `ông An (CMND …) và bà Lan (CCCD …)`; and on a line of its
    /// own before a number of any kind, if a line began with the one before in the same way. And so does one who is named and
    /// born on lines of their own, as forms have husband and wife, before a paper of another kind. Nobody is tied by two lines
    /// each of which has several numbers of one kind: those are a table that lies on its side.
    pub(crate) fn lines<'m>(&mut self, lines: impl Iterator<Item = &'m [Mark]>) {
        let mut one: Vec<Mark> = Vec::new();
        let mut introduced = false;
        for line in lines {
            for (n, sentence) in sentences(line).enumerate() {
                let other = |m: &Mark| one.iter().any(|o| o.detector == m.detector && o.hash != m.hash);
                let introduces = n == 0 && introduces(sentence);
                if sentence.iter().filter(|m| m.detector.is_identifier()).any(other)
                    || names_another(&one, sentence, n > 0)
                    || introduced && introduces && !names(&one, sentence)
                    || n == 0 && is_of_several(&one) && is_of_several(sentence)
                {
                    self.record(&one, false);
                    one.clear();
                } else if let Some(next) = born_otherwise(&one, sentence) {
                    let behind = one.split_off(next);
                    self.record(&one, false);
                    one = behind;
                }
                if one.is_empty() {
                    introduced = introduces;
                }
                // Of a text that says the same again and again, once is enough.
                const MARKS_MAX: usize = 64;
                if one.len() < MARKS_MAX {
                    one.extend_from_slice(sentence);
                } else {
                    let new = sentence.iter().filter(|m| !one.contains(m)).copied().collect::<Vec<_>>();
                    one.extend(new);
                }
            }
        }
        self.record(&one, false);
    }

    /// Takes the marks of a record in which no identifier stands.
    fn unnumbered(&mut self, marks: &[Mark]) -> u64 {
        let name = marks.iter().find(|m| m.detector == DetectorId::PersonName);
        let beside = marks.iter().find(|m| m.detector != DetectorId::PersonName);
        match (name, beside) {
            (Some(name), Some(beside)) => {
                self.listed(&Listed { name: name.hash, beside: (beside.detector, beside.hash) });
                1
            }
            _ => 0,
        }
    }

    /// States that a list names somebody. Where their number stands in another list, they are the same.
    pub(crate) fn listed(&mut self, one: &Listed) {
        let (detector, beside) = one.beside;
        if let Some(person) = self.tie(one.mark().hash, iter::once(one.mark().hash), 1 << detector as u32) {
            let birth = (detector == DetectorId::DateOfBirth).then_some(beside);
            self.named.push(Named { name: one.name, birth, person });
        }
    }
}

/// A line of running text, cut before the last name that stands between a number and a paper.
fn sentences(line: &[Mark]) -> impl Iterator<Item = &[Mark]> {
    let mut rest = line;
    iter::from_fn(move || {
        let (mut end, mut numbers, mut name) = (rest.len(), false, None);
        for (at, mark) in rest.iter().enumerate() {
            match (is_paper(mark), name) {
                (true, Some(name)) => {
                    end = name;
                    break;
                }
                (_, None) if mark.detector.is_identifier() => numbers = true,
                (false, _) if numbers && mark.detector == DetectorId::PersonName => name = Some(at),
                _ => {}
            }
        }
        let (sentence, behind) = rest.split_at_checked(end).filter(|(sentence, _)| !sentence.is_empty())?;
        rest = behind;
        Some(sentence)
    })
}

/// Whether a name and a paper begin `sentence`, and `one` is a person who has both, under another name; on the `same_line` a
/// number of any kind.
fn names_another(one: &[Mark], sentence: &[Mark], same_line: bool) -> bool {
    let Some(paper) = sentence.iter().position(is_paper) else { return false };
    let named = |m: &&Mark| m.detector == DetectorId::PersonName;
    let name = sentence.get(..paper).unwrap_or_default().iter().rfind(named);
    let other = |name: &Mark| one.iter().any(|m| named(&m)) && !one.iter().filter(named).any(|m| m.hash == name.hash);
    one.iter().any(|m| is_paper(m) || same_line && m.detector.is_identifier()) && name.is_some_and(other)
}

/// Where in `one`, a person with name, birth and number, another begins who has another name and birth and to whom the paper
/// in `sentence` belongs.
fn born_otherwise(one: &[Mark], sentence: &[Mark]) -> Option<usize> {
    let paper = sentence.iter().position(is_paper)?;
    let numbered = one.iter().rposition(|m| m.detector.is_identifier())? + 1;
    let (before, behind) = one.split_at_checked(numbered)?;
    // Whether one has such a mark, and not this one.
    let differs = |mark: &Mark| {
        let mut own = before.iter().filter(|m| m.detector == mark.detector).peekable();
        own.peek().is_some() && own.all(|m| m.hash != mark.hash)
    };
    let name = behind.iter().position(|m| m.detector == DetectorId::PersonName && differs(m))?;
    let mut since = behind.iter().skip(name + 1).chain(sentence.iter().take(paper));
    since.any(|m| m.detector == DetectorId::DateOfBirth && differs(m)).then_some(numbered + name)
}

/// Whether a line begins with a name that has a number behind it.
fn introduces(line: &[Mark]) -> bool {
    let mut marks = line.iter().filter(|m| m.detector == DetectorId::PersonName || m.detector.is_identifier());
    marks.next().is_some_and(|m| !m.detector.is_identifier()) && marks.any(|m| m.detector.is_identifier())
}

/// Whether two numbers of one kind stand in it.
fn is_of_several(marks: &[Mark]) -> bool {
    // Each against the first of its kind: one number on ten thousand lines is not compared with itself each time.
    let mut first = [None; u64::BITS as usize];
    marks.iter().filter(|m| m.detector.is_identifier()).any(|m| match first.get_mut(m.detector as usize) {
        Some(first) => *first.get_or_insert(m.hash) != m.hash,
        None => false,
    })
}

/// Whether one of the names of `one` begins a line.
fn names(one: &[Mark], line: &[Mark]) -> bool {
    let name = line.iter().find(|m| m.detector == DetectorId::PersonName);
    name.is_some_and(|name| one.iter().any(|m| m.detector == name.detector && m.hash == name.hash))
}

/// Whether it is the number of a paper of which a person has one: who has two is hardly named again between them.
const fn is_paper(mark: &Mark) -> bool {
    matches!(mark.detector, DetectorId::Cccd | DetectorId::Cmnd | DetectorId::Passport)
}

/// Those of `marks` that stand `at` these places.
fn chosen<'m>(marks: &'m [Mark], at: &'m [usize]) -> impl Iterator<Item = &'m Mark> + Clone {
    at.iter().filter_map(|at| marks.get(*at))
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    fn mark(detector: DetectorId, hash: u64) -> Mark {
        Mark { detector, hash, alias: None }
    }

    #[test]
    fn the_same_value_is_the_same_person() {
        let mut people = People::default();
        people.record(&[mark(DetectorId::Cccd, 1), mark(DetectorId::Bhxh, 2)], false);
        people.record(&[mark(DetectorId::Bhxh, 2)], false);
        people.record(&[mark(DetectorId::Cccd, 3)], false);
        assert_eq!(people.count(), 2);
        // Somebody links the two: they were one person all along.
        people.record(&[mark(DetectorId::Bhxh, 2), mark(DetectorId::Cccd, 3)], false);
        assert_eq!(people.count(), 1);
    }

    #[test]
    fn a_second_number_of_a_kind_begins_the_next_person() {
        let mut people = People::default();
        let marks = [(DetectorId::Cccd, 1), (DetectorId::Bhxh, 2), (DetectorId::Cccd, 3)].map(|(d, h)| mark(d, h));
        assert_eq!(people.record(&marks, false), 2);
    }

    #[test]
    fn a_number_that_was_missed_ties_no_lines_together() {
        use DetectorId::{Bhxh, Cccd};
        let mut people = People::default();
        // The second line's citizen number was not found.
        let lines = [vec![(Cccd, 1), (Bhxh, 11)], vec![(Bhxh, 12)], vec![(Cccd, 3), (Bhxh, 13)]];
        let lines = lines.map(|line| line.into_iter().map(|(d, h)| mark(d, h)).collect::<Vec<_>>());
        people.lines(lines.iter().map(Vec::as_slice));
        assert_eq!(people.count(), 3);
        // One number a line is a form about one person.
        let mut people = People::default();
        let lines = [vec![mark(Cccd, 1)], vec![mark(Bhxh, 2)], vec![], vec![mark(Cccd, 3)], vec![mark(Bhxh, 4)]];
        people.lines(lines.iter().map(Vec::as_slice));
        assert_eq!(people.count(), 2);
        // A table on its side is about four at the most; the columns of none are tied to those of others.
        let mut people = People::default();
        let lines = [vec![mark(Cccd, 1), mark(Cccd, 2)], vec![mark(Bhxh, 3), mark(Bhxh, 4)]];
        people.lines(lines.iter().map(Vec::as_slice));
        for (cccd, bhxh) in [(1, 3), (2, 4)] {
            people.record(&[mark(Cccd, cccd), mark(Bhxh, bhxh)], true);
        }
        assert_eq!(people.count(), 2);
    }

    #[test]
    fn a_name_between_two_papers_begins_the_next_person() {
        use DetectorId::{Bhxh, Cccd, Cmnd, PersonName};
        for (lines, people) in [
            // `ông An (CMND …) và bà Lan (CCCD …)`, on a line and on two.
            (vec![vec![(PersonName, 1), (Cmnd, 2), (PersonName, 3), (Cccd, 4)]], 2),
            (vec![vec![(PersonName, 1), (Cmnd, 2)], vec![(PersonName, 3), (Cccd, 4)]], 2),
            // The old number of the same person, and the name again.
            (vec![vec![(PersonName, 1), (Cmnd, 2), (Cccd, 4)]], 1),
            (vec![vec![(PersonName, 1), (Cmnd, 2), (PersonName, 1), (Cccd, 4)]], 1),
            // The name of a mother on a form, and who signs.
            (vec![vec![(PersonName, 1), (Cccd, 2)], vec![(PersonName, 3)], vec![(Bhxh, 4)]], 1),
            (vec![vec![(PersonName, 1), (Cccd, 2), (PersonName, 3), (Bhxh, 4)]], 1),
            (vec![vec![(Cccd, 1), (PersonName, 3), (Cmnd, 4)]], 1),
            (vec![vec![(Bhxh, 1), (PersonName, 3), (Cccd, 4)]], 1),
            // `Mẹ An, mã số BHXH … Con: Bình, số định danh …`
            (vec![vec![(PersonName, 1), (Bhxh, 2), (PersonName, 3), (Cccd, 4)]], 2),
            (vec![vec![(PersonName, 1), (Bhxh, 2), (PersonName, 1), (Cccd, 4)]], 1),
            // Each with another number on a line that begins with the name.
            (vec![vec![(PersonName, 1), (Bhxh, 2)], vec![(PersonName, 3), (Cccd, 4)]], 2),
            (vec![vec![(PersonName, 1), (Cccd, 2)], vec![(PersonName, 3)], vec![(PersonName, 5), (Bhxh, 4)]], 2),
            (vec![vec![(PersonName, 1), (Bhxh, 2)], vec![(PersonName, 1), (Cccd, 4)]], 1),
            (vec![vec![(PersonName, 1), (Bhxh, 2)], vec![(Cccd, 4), (PersonName, 3)]], 1),
            (vec![vec![(PersonName, 1)], vec![(Bhxh, 2)], vec![(PersonName, 3), (Cccd, 4)]], 1),
        ] {
            let mut told = People::default();
            let marks = |line: &Vec<(DetectorId, u64)>| line.iter().map(|(d, h)| mark(*d, *h)).collect::<Vec<_>>();
            let marked: Vec<Vec<Mark>> = lines.iter().map(marks).collect();
            told.lines(marked.iter().map(Vec::as_slice));
            assert_eq!(told.count(), people, "{lines:?}");
        }
    }

    #[test]
    fn who_is_named_and_born_otherwise_is_another() {
        use DetectorId::{Bhxh, Cccd, DateOfBirth, Passport, PersonName};
        for (marks, people) in [
            // `chồng … sinh … số định danh … vợ … sinh … hộ chiếu …`
            ([(PersonName, 1), (DateOfBirth, 2), (Cccd, 3), (PersonName, 4), (DateOfBirth, 5), (Passport, 6)], 2),
            // The same name or birth again; a number that anybody has beside a paper; nothing known of the first.
            ([(PersonName, 1), (DateOfBirth, 2), (Cccd, 3), (PersonName, 1), (DateOfBirth, 5), (Passport, 6)], 1),
            ([(PersonName, 1), (DateOfBirth, 2), (Cccd, 3), (PersonName, 4), (DateOfBirth, 2), (Passport, 6)], 1),
            ([(PersonName, 1), (DateOfBirth, 2), (Cccd, 3), (PersonName, 4), (DateOfBirth, 5), (Bhxh, 6)], 1),
            ([(PersonName, 1), (PersonName, 2), (Cccd, 3), (PersonName, 4), (DateOfBirth, 5), (Passport, 6)], 1),
            // Who is named first is born after.
            ([(PersonName, 1), (DateOfBirth, 2), (Cccd, 3), (DateOfBirth, 5), (PersonName, 4), (Passport, 6)], 1),
        ] {
            let mut told = People::default();
            let lines = marks.map(|(detector, hash)| [mark(detector, hash)]);
            told.lines(lines.iter().map(<[Mark; 1]>::as_slice));
            assert_eq!(told.count(), people, "{marks:?}");
        }
    }

    #[test]
    fn a_record_has_room_for_every_kind() {
        assert!(DetectorId::identifiers().count() <= KINDS && DetectorId::ALL.len() <= u32::BITS as usize);
    }

    #[test]
    fn a_card_contains_the_insurance_number() {
        let key = Key::new(&RandomState::new());
        let of = |d, v: &[u8]| Mark::of(&key, key.value(d, v), d, Confidence::High, v).expect("an identifier");
        let mut people = People::default();
        people.record(&[of(DetectorId::Bhyt, b"DN4790123456789")], false);
        people.record(&[of(DetectorId::Bhxh, b"0123456789")], false);
        assert_eq!(people.count(), 1);
    }

    #[test]
    fn more_people_than_are_counted_exactly_are_estimated() {
        let key = RandomState::new();
        let mut people = People::default();
        for n in 0..50_000u64 {
            people.record(&[mark(DetectorId::Cccd, key.hash_one(n))], false);
        }
        let count = people.count();
        assert!((45_000..55_000).contains(&count), "{count}");
        // Nobody is new who comes again, with whatever else.
        for n in 0..EXACT_MAX as u64 {
            people.record(&[mark(DetectorId::Bhxh, !n), mark(DetectorId::Cccd, key.hash_one(n))], false);
        }
        assert_eq!(people.count(), count);
    }
}
