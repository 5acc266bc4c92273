//! How many numbers stand around a citizen's: among many of another kind a few look like one by chance.
//!
//! It counts runs of digits, all of a part and those behind the same word, and knows no identifier.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use chot_detectors::{BLOCK, Hit, digits};
use chot_model::{Confidence, DetectorId};

use crate::count::{Key, Keyed};

/// The twelve-digit numbers of a part that no header announces.
///
/// About one random number in fifty is laid out like a citizen's, so a list of a thousand orders would look like
/// twenty people. Where hardly any of the numbers around are citizens', one that nothing else speaks for is none.
#[derive(Default)]
pub(super) struct Crowd {
    part: Option<Arc<str>>,
    numbers: u64,
    citizens: u64,
    /// By the word before them.
    series: HashMap<u64, Series, Keyed>,
}

/// Numbers of twelve digits that begin with a zero, behind the same word, and how many of them are citizens'. About one
/// random one in six is, for most provinces' numbers begin so.
#[derive(Clone, Copy, Default)]
struct Series {
    numbers: u64,
    citizens: u64,
}

impl Series {
    /// Whether so few are citizens' that these are by chance. One in six of twelve makes four or more once in ten times, and
    /// nine in ten of twelve make three or fewer never.
    const fn is_chance(self) -> bool {
        const NUMBERS_MIN: u64 = 12;
        const SHARE: u64 = 3;
        self.numbers >= NUMBERS_MIN && self.citizens * SHARE < self.numbers
    }
}

/// Words told apart in a part. Behind others nothing is counted, and nothing doubted.
const SERIES_MAX: usize = 1 << 10;

impl Crowd {
    /// Judges the `hits` in the `core` of a text, in which so many `numbers` of twelve digits stand. `name` tells what the
    /// text is the value of.
    pub(super) fn judge(
        &mut self,
        part: &Arc<str>,
        (text, core): (&[u8], Range<usize>),
        (numbers, name): (u64, u64),
        key: &Key,
        hits: &mut [Hit],
    ) {
        const NUMBERS_MIN: u64 = 16;
        // Low enough that a list of people is not hidden by a few numbers strewn in.
        const SHARE: u64 = 8;
        if self.part.as_ref() != Some(part) {
            *self = Self { part: Some(part.clone()), ..Self::default() };
        }
        self.numbers += numbers;
        let citizen = |h: &Hit| h.detector == DetectorId::Cccd && h.confidence >= Confidence::Medium;
        self.citizens += hits.iter().filter(|h| citizen(h)).count() as u64;
        if self.numbers >= NUMBERS_MIN && self.citizens * SHARE < self.numbers {
            for hit in hits.iter_mut().filter(|h| citizen(h) && h.confidence == Confidence::Medium) {
                hit.confidence = Confidence::Low;
            }
        }
        // Elsewhere there is nothing to doubt; a value is one of many.
        let is_value = core.len() <= VALUE_BYTES_MAX;
        if numbers > 0 && (is_value || hits.iter().any(|h| citizen(h) && h.confidence == Confidence::Medium)) {
            self.judge_series((text, core), |at| key.text(name, word_before(text, at)), hits);
        }
    }

    /// Judges those that begin with a zero, of which each belongs to the series that `key` tells of its place.
    fn judge_series(&mut self, (text, core): (&[u8], Range<usize>), key: impl Fn(usize) -> u64, hits: &mut [Hit]) {
        let begins = |at: usize| text.get(at) == Some(&b'0');
        starts(text, core, |at| {
            if let Some(series) = Some(at).filter(|at| begins(*at)).and_then(|at| self.series(key(at))) {
                series.numbers += 1;
            }
        });
        let citizen = |h: &&mut Hit| {
            let all = h.range.len() == TWELVE && begins(h.range.start);
            all && h.detector == DetectorId::Cccd && h.confidence >= Confidence::Medium
        };
        for hit in hits.iter_mut().filter(citizen) {
            if let Some(series) = self.series(key(hit.range.start)) {
                series.citizens += 1;
            }
        }
        for hit in hits.iter_mut().filter(citizen).filter(|h| h.confidence == Confidence::Medium) {
            if self.series.get(&key(hit.range.start)).is_some_and(|series| series.is_chance()) {
                hit.confidence = Confidence::Low;
            }
        }
    }

    fn series(&mut self, key: u64) -> Option<&mut Series> {
        let known = self.series.len() < SERIES_MAX || self.series.contains_key(&key);
        known.then(|| self.series.entry(key).or_default())
    }
}

/// Digits of a citizen's number.
const TWELVE: usize = 12;
/// A text as short as this is a value, one of many perhaps.
const VALUE_BYTES_MAX: usize = 2 * BLOCK;

/// The word before a number on its line, whatever signs and digits stand between: `sn` of `sn1="0…`.
fn word_before(text: &[u8], at: usize) -> &[u8] {
    const BYTES: usize = 32;
    let near = text.get(at.saturating_sub(BYTES)..at).unwrap_or_default();
    let line = near.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let is_letter = |b: &u8| b.is_ascii_alphabetic() || !b.is_ascii();
    let end = line.iter().rposition(is_letter).map_or(0, |last| last + 1);
    let begin = line.get(..end).and_then(|line| line.iter().rposition(|b| !is_letter(b))).map_or(0, |sign| sign + 1);
    line.get(begin..end).unwrap_or_default()
}

/// Tells where the runs of exactly twelve digits in `core` begin.
fn starts(text: &[u8], core: Range<usize>, mut each: impl FnMut(usize)) {
    let mask = |at: usize| {
        let mut block = [0; BLOCK];
        let left = text.get(at..core.end.max(at)).unwrap_or_default();
        block.iter_mut().zip(left).for_each(|(to, b)| *to = *b);
        u128::from(digits(&block))
    };
    let (mut before, mut next) = (0, mask(core.start));
    for at in core.clone().step_by(BLOCK) {
        let all = next;
        next = mask(at + BLOCK);
        let all = all | next << BLOCK;
        let two = all & all >> 1;
        let four = two & two >> 2;
        let twelve = four & four >> 4 & four >> 8;
        let mut exact = twelve & !(all << 1 | before) & !(all >> TWELVE) & u128::from(u64::MAX);
        before = all >> (BLOCK - 1) & 1;
        while exact != 0 {
            each(at + exact.trailing_zeros() as usize);
            exact &= exact - 1;
        }
    }
}

/// Runs of exactly twelve digits.
pub(super) fn twelves(text: &[u8]) -> u64 {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
    let mut twelves = Twelves::default();
    for block in blocks.iter().chain([&last]) {
        twelves.add(digits(block));
    }
    twelves.end()
}

/// Runs of exactly twelve digits, from masks of digits.
#[derive(Default)]
pub(crate) struct Twelves {
    n: u64,
    /// Digits in a row at the end of the last block.
    open: u64,
    /// Whether nine stood together anywhere.
    nine: bool,
}

impl Twelves {
    /// How many there are.
    pub(crate) fn end(mut self) -> u64 {
        // A run may reach the end of the last block.
        self.add(0);
        self.n
    }

    /// Whether nine digits stood together anywhere.
    pub(crate) const fn has_nine(&self) -> bool {
        self.nine
    }

    /// Takes the digits of the next `len` blocks, of which no others than those of `four` have four in a row, and tells
    /// `nine` of each what [`Self::add`] says.
    pub(crate) fn sheet(&mut self, four: u64, len: usize, digit: impl Fn(usize) -> u64, mut nine: impl FnMut(usize)) {
        // A run of nine has four in a row in a block, and may end in the next.
        let mut due = (four | four << 1 | 1) & u64::MAX >> (BLOCK - len);
        let mut next = 0;
        while due != 0 {
            let n = due.trailing_zeros() as usize;
            due &= due - 1;
            if n > next {
                self.open = u64::from(digit(n - 1).leading_ones());
            }
            if self.add(digit(n)) {
                nine(n);
            }
            next = n + 1;
        }
        if next < len {
            self.open = u64::from(digit(len - 1).leading_ones());
        }
    }

    /// Takes the digits of the next block, and says whether nine stand together that end in it or go on beyond.
    #[inline]
    pub(crate) fn add(&mut self, mut digit: u64) -> bool {
        const LEN: u64 = 12;
        const NINE: u64 = 9;
        let two = digit & digit >> 1;
        if two & two >> 2 == 0 && self.open + u64::from(digit.trailing_ones()) < NINE {
            // Hardly a block of most texts has four in a row.
            self.open = u64::from(digit.leading_ones());
            return false;
        }
        let four = two & two >> 2;
        let nine = four & four >> 4 & digit >> 8 != 0 || self.open + u64::from(digit.trailing_ones()) >= NINE;
        self.nine |= nine;
        if self.open > 0 {
            let head = digit.trailing_ones();
            self.open += u64::from(head);
            if head == u64::BITS {
                return nine;
            }
            self.n += u64::from(self.open == LEN);
            digit &= u64::MAX << head;
        }
        let tail = digit.leading_ones();
        self.open = u64::from(tail);
        digit &= u64::MAX.checked_shr(tail).unwrap_or_default();
        let two = digit & digit >> 1;
        let four = two & two >> 2;
        let twelve = four & four >> 4 & four >> 8;
        // None before, none behind.
        self.n += u64::from((twelve & !(digit << 1) & !(digit >> LEN)).count_ones());
        nine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_exactly_twelve_digits_are_counted() {
        for (text, expected) in [
            ("", 0),
            ("001090123456", 1),
            ("0010901234567", 0),
            ("001090123456,001090123457 x001090123458y", 3),
            ("1 22 333 4444 55555 666666", 0),
        ] {
            assert_eq!(twelves(text.as_bytes()), expected, "{text}");
        }
    }

    /// Numbers that begin with a zero: of so many in a hundred the structure is a citizen's.
    fn numbers(fitting: u64, n: u64) -> impl Iterator<Item = String> {
        (0..n).map(move |n| match n * 37 % 100 < fitting {
            true => format!("0{}0{:02}{:06}", 79 - n % 2 * 5, 60 + n % 40, (n + 1) * 618_033 % 1_000_000),
            false => format!("0{:02}4{:08}", n % 100, n * 61_803_398 % 100_000_000),
        })
    }

    fn persons(text: String) -> u64 {
        use crate::{Hint, Inspector, Limits};
        let inspected = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes());
        inspected.inspection.persons
    }

    #[test]
    fn behind_one_word_the_share_of_citizens_decides() {
        for (before, behind) in [
            ("2026-01-01 08:00:00 INFO sn=", " ok\n"),
            ("mã trạm ", " hoạt động\n"),
            ("packet:", " len=20\n"),
            ("item7 = ", "\n"),
            ("https://example.vn/p/", "/view\n"),
            ("scan_", ".dat\n"),
            ("INSERT INTO t VALUES ('", "');\n"),
            ("<i zz=\"", "\"/>\n"),
            (" ", ""),
        ] {
            let list = |fitting, n| numbers(fitting, n).map(|number| format!("{before}{number}{behind}")).collect();
            // Values that come one by one are told before the share is known.
            assert!(persons(list(16, 200)) <= if before.starts_with('<') { 3 } else { 0 }, "{before}");
            assert_eq!(persons(list(90, 200)), 180, "{before}");
            // Fewer than tell anything.
            assert!(persons(list(30, 10)) > 0, "{before}");
        }
    }

    #[test]
    fn numbers_behind_other_words_take_nothing_away() {
        let others: Vec<String> = numbers(16, 600).collect();
        let pairs = || numbers(100, 60).zip(others.chunks(10));
        let line = |(user, others): (String, &[String])| {
            format!(
                "user={user}
ord={}
",
                others.join(
                    "
ord="
                )
            )
        };
        assert_eq!(persons(pairs().map(line).collect()), 60);
        let item = |(user, others): (String, &[String])| format!(r#"{{"u": "{user}", "n": "{}"}}"#, others[0]);
        let items: Vec<String> = pairs().map(item).collect();
        assert!((60..64).contains(&persons(format!("[{}]", items.join(",")))));
    }

    #[test]
    fn words_before_numbers_are_told() {
        for (text, word) in [
            ("a sn1=\"0", "sn"),
            ("mã trạm: 0", "trạm"),
            ("x\n0", ""),
            ("12 34, 0", ""),
            ("0", ""),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ] {
            assert_eq!(String::from_utf8_lossy(word_before(text.as_bytes(), text.len() - 1)), word, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn runs_are_found_where_they_begin(text in "([0-9]{1,13}|[0-9]{12}|[ x]{0,7}|[ x]{60}|[0-9]{64}){0,20}", from in 0..20_usize) {
            let from = from.min(text.len());
            let mut found = Vec::new();
            starts(text.as_bytes(), from..text.len(), |at| found.push(at));
            let (mut expected, mut at) = (Vec::new(), from);
            for run in text.get(from..).unwrap_or_default().split(|c: char| !c.is_ascii_digit()) {
                if run.len() == TWELVE {
                    expected.push(at);
                }
                at += run.len() + 1;
            }
            proptest::prop_assert_eq!(found, expected);
        }

        #[test]
        fn runs_are_counted_wherever_they_stand(text in "([0-9]{1,13}|[0-9]{12}|[ x]{0,7}|[ x]{60}|[0-9]{30}|[0-9]{64}){0,40}") {
            let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12).count();
            proptest::prop_assert_eq!(twelves(text.as_bytes()), runs as u64);
        }
    }
}
