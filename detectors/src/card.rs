//! What every detector says of itself, and what it is asked.

use std::ops::Range;

use chot_model::{Confidence, DetectorId, Secret};

use crate::Column;
use crate::context::Near;
use crate::numbers::Number;
use crate::trigger::Trigger;

/// The card of a detector: what it looks for, where that is laid down, what it finds and what it leaves alone. The
/// manual's page is made from it and the tests hold it to its examples.
#[derive(Debug)]
pub struct Card {
    /// The name of the contract.
    pub id: DetectorId,
    /// What it is, in Vietnamese.
    pub title_vi: &'static str,
    /// What it is, in English.
    pub title_en: &'static str,
    /// Where the shape is laid down.
    pub source: &'static str,
    /// Texts it finds, one a line. All people are invented.
    pub examples: &'static str,
    /// Texts it leaves alone, one a line, each with `  # reason`.
    pub decoys: &'static str,
    /// The words that announce it, by what they announce: see the lists themselves.
    pub(crate) words: &'static [(Column, &'static str)],
}

impl Card {
    /// The texts it finds.
    pub fn examples(&self) -> impl Iterator<Item = &'static str> {
        lines(self.examples)
    }

    /// The texts it leaves alone, with the reason.
    pub fn decoys(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        lines(self.decoys).map(|line| line.split_once("  # ").unwrap_or((line, "")))
    }
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// Whether a number may begin so: by how many digits it has, the first four and the present year.
pub(crate) type Begins = fn(usize, [u8; 4], u16) -> bool;

/// A detector looks at candidates; the pass that finds them is shared. Each answers for the kinds it knows.
pub(crate) trait Detector: Sync {
    /// Its card.
    fn card(&self) -> &'static Card;

    /// How many digits the numbers have that it judges, as a set of bits; it is not asked about others.
    fn lengths(&self) -> u32 {
        0
    }

    /// Of these, the ones it judges only under a header: numbers that lost zeros in a spreadsheet.
    fn cell_lengths(&self) -> u32 {
        0
    }

    /// Of its lengths without a header, those of numbers it may take with this byte before them; of a number in one run
    /// with a `|` behind nobody asks.
    fn lengths_behind(&self, before: u8) -> u32 {
        let _ = before;
        self.lengths() & !self.cell_lengths()
    }

    /// Of its lengths without a header, those of numbers in groups it never takes out of a row that goes on before or
    /// behind with the sign that parts them, other than a blank.
    fn lengths_apart(&self) -> u32 {
        0
    }

    /// Of its lengths without a header, those it never takes where no paper of a person was announced; likewise but for a
    /// `|` behind.
    fn lengths_announced(&self) -> u32 {
        0
    }

    /// Likewise those it never takes where nothing was announced that speaks of a number.
    fn lengths_spoken(&self) -> u32 {
        self.lengths_announced()
    }

    /// How those of its numbers begin that it takes without a header where nothing was announced, but for a `|` behind or a
    /// `+` before. `None` where they may begin in any way.
    fn begins(&self) -> Option<Begins> {
        None
    }

    /// Judges a run of digits.
    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let _ = (number, near);
        None
    }

    /// Judges the place of an `@`.
    fn at(&self, place: usize, near: &mut Near<'_>) -> Option<Found> {
        let _ = (place, near);
        None
    }

    /// Judges a run of capitalised syllables that a surname begins.
    fn name(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let _ = (range, near);
        None
    }

    /// Judges a secrecy grade in capitals.
    fn marking(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let _ = (range, near);
        None
    }

    /// Judges what follows a word that announces something.
    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let _ = (trigger, range, near);
        None
    }

    /// Judges what stands before the hyphen of a plate.
    fn hyphen(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let _ = (range, near);
        None
    }

    /// Judges the whole value of a cell or field whose header is known.
    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let _ = (range, near);
        None
    }

    /// Judges the digits behind `IDVNM`.
    fn zone(&self, place: usize, near: &mut Near<'_>) -> Option<Found> {
        let _ = (place, near);
        None
    }
}

/// What a detector made of a candidate.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) range: Range<usize>,
    /// See [`confidence`].
    pub(crate) score: i32,
    pub(crate) value: Value,
    pub(crate) hidden: Option<&'static str>,
}

impl Found {
    /// A number as it is.
    pub(crate) fn number(number: &Number, score: i32) -> Self {
        Self { range: number.range.clone(), score, value: Value::of_number(number), hidden: number.hidden }
    }
}

/// The normalised value of a finding. Most are short, and most findings of numbers are beaten by another reading, so
/// that nothing is allocated for them before they are reported.
#[derive(Debug, Default)]
pub(crate) enum Value {
    /// What stands in the text, plain digits.
    #[default]
    There,
    /// In place.
    Short(Short),
    /// Anything longer.
    Text(String),
}

/// A value in place. Aligned, so that it is moved in whole words: in bytes, each move would wait for the one before.
#[derive(Debug)]
#[repr(align(8))]
pub(crate) struct Short([u8; Value::ROOM], u8);

impl Short {
    /// The first `len` bytes of `room`.
    pub(crate) const fn new(room: [u8; Value::ROOM], len: u8) -> Self {
        Self(room, len)
    }
}

impl Value {
    /// Letters and digits of the longest number, a card with its facility, and as much as a secret has in place.
    pub(crate) const ROOM: usize = Secret::ROOM;

    /// The digits of a number.
    pub(crate) fn of_number(number: &Number) -> Self {
        if number.is_plain() { Self::There } else { Self::of([], number.digits()) }
    }

    /// `head` and then `digits`, all ASCII.
    pub(crate) fn of<const HEAD: usize>(head: [u8; HEAD], digits: &[u8]) -> Self {
        let (mut room, len) = ([0; Self::ROOM], HEAD + digits.len());
        match room.get_mut(..len).and_then(|room| room.split_at_mut_checked(HEAD)) {
            Some((front, back)) => {
                front.copy_from_slice(&head);
                back.copy_from_slice(digits);
                Self::Short(Short(room, len as u8))
            }
            None => Self::Text(head.iter().chain(digits).map(|b| char::from(*b)).collect()),
        }
    }

    /// As bytes; none of what stands in the text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::There => &[],
            Self::Short(Short(room, len)) => room.get(..usize::from(*len)).unwrap_or_default(),
            Self::Text(text) => text.as_bytes(),
        }
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Writes it as what is told to `secret`; `text` begins with what is told of.
    #[inline]
    pub(crate) fn tell(self, text: &[u8], len: usize, secret: &mut Secret) {
        const AT_ONCE: usize = size_of::<u128>();
        match (self, len) {
            (Self::There, 1..=AT_ONCE) if text.len() >= AT_ONCE => {
                let all = text.first_chunk().copied().unwrap_or_default();
                let own = u128::from_le_bytes(all) & u128::MAX >> (8 * (AT_ONCE - len));
                secret.write(own, len as u8);
            }
            (Self::There, _) => *secret = Secret::new(String::from_utf8_lossy(text.get(..len).unwrap_or(text))),
            (Self::Short(Short(room, len)), _) => *secret = Secret::in_place(room, len),
            (Self::Text(text), _) => *secret = Secret::new(text),
        }
    }
}

impl FromIterator<char> for Value {
    fn from_iter<I: IntoIterator<Item = char>>(text: I) -> Self {
        Self::Text(text.into_iter().collect())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Points from which a finding is high. Points are added up: shape, structure, words, surroundings. A hundred is
/// what structure and a word directly before give together.
pub(crate) const HIGH: i32 = 80;
/// Points from which a finding counts.
pub(crate) const MEDIUM: i32 = 45;
/// Points from which a finding is mentioned at all.
pub(crate) const LOW: i32 = 20;

/// The confidence of a score; `None` when it is not worth a word.
pub(crate) const fn confidence(score: i32) -> Option<Confidence> {
    match score {
        HIGH.. => Some(Confidence::High),
        MEDIUM.. => Some(Confidence::Medium),
        LOW.. => Some(Confidence::Low),
        _ => None,
    }
}
