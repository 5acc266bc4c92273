//! The places in running text where names, births, addresses, plates and the like may stand: found by their capitals,
//! digits and colons, which are rare, and only then by the words before, which are not.
//!
//! It judges nothing. What it promises is that no word is passed over that a room would make something of; a test
//! holds it to that.

#[cfg(test)]
mod tests;

use std::ops::Range;

use chot_model::DetectorId;

use crate::numbers::{Candidate, encoded};
use crate::simd::{BLOCK, Beginnings, Map, Sightings, Work, places, widest};
use crate::trigger::{Ending, Trigger, WORD_BYTES_MAX, may_end, words_in, words_that_end};
use crate::{address, claim_record, date_of_birth, diagnosis, mrz, person_name, plate, state_secret};

/// Most words tried before one anchor. More stand there only where somebody wants to keep us busy.
const WORDS_MAX: usize = 4;
/// Most blanks between a label and the name behind it.
const LABEL_GAP: usize = 8;
/// `A000000727`, the mark of a Vietnamese account in a payment QR code, without its letter.
const PAYMENT: &[u8] = b"000000727";

/// Which detectors somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    names: bool,
    markings: bool,
    zones: bool,
    births: bool,
    plates: bool,
    addresses: bool,
    illnesses: bool,
    claims: bool,
    payments: bool,
    mail: bool,
    numbers: bool,
    this_year: u16,
}

impl Wanted {
    /// Whether nothing is asked for that words tell. Zones and numbers are looked for here only on the way: for their
    /// disguises alone, no text is read a second time.
    pub(crate) const fn is_empty(self) -> bool {
        !(self.names
            || self.markings
            || self.births
            || self.plates
            || self.addresses
            || self.illnesses
            || self.claims
            || self.payments
            || self.mail)
    }

    /// Whether numbers are asked for that words announce, however their groups are parted.
    pub(crate) const fn has_numbers(self) -> bool {
        self.numbers
    }

    pub(crate) fn new(ids: &[DetectorId], this_year: u16) -> Self {
        let has = |id| ids.contains(&id);
        Self {
            names: has(DetectorId::PersonName),
            markings: has(DetectorId::StateSecret),
            zones: has(DetectorId::Mrz),
            births: has(DetectorId::DateOfBirth),
            plates: has(DetectorId::Plate),
            addresses: has(DetectorId::Address),
            illnesses: has(DetectorId::Diagnosis),
            claims: has(DetectorId::ClaimRecord),
            payments: has(DetectorId::BankAccount),
            mail: has(DetectorId::Email),
            numbers: has(DetectorId::Cccd) || has(DetectorId::Cmnd) || has(DetectorId::Bhxh),
            this_year,
        }
    }
}

/// Tells `found` every candidate that an anchor within `range` gives, block by block.
pub(crate) fn candidates(
    text: &[u8],
    range: Range<usize>,
    map: &Map,
    wanted: Wanted,
    found: &mut impl FnMut(Candidate),
) {
    if wanted.is_empty() {
        return;
    }
    let (names, claims) = (person_name::Beginning::new(), claim_record::Names::default());
    let code = range.start;
    let end = range.end;
    let births = Sightings::default();
    widest(Anchors { end, pass: Pass { text, map, wanted, names, found, second: 0, code, claims, births } });
}

/// One call of [`candidates`].
struct Anchors<'p, F> {
    end: usize,
    pass: Pass<'p, F>,
}

impl<F: FnMut(Candidate)> Work for Anchors<'_, F> {
    #[inline(always)]
    fn run(self) {
        let Self { end, mut pass } = self;
        let Pass { text, map, .. } = pass;
        map.beginnings(text, |here| {
            let &Beginnings { at, capitals, announced, hyphens, long, marks, .. } = here;
            let within = match end.saturating_sub(at) {
                left @ 0..BLOCK => (1 << left) - 1,
                _ => u64::MAX,
            };
            let [capitals, announced, hyphens, long, marks] =
                [capitals, announced, hyphens, long, marks].map(|mask| mask & within);
            // A loop each, since each branches on what the others do not.
            let mut second = pass.second;
            places(at, capitals).for_each(|at| {
                // Nothing comes of nearly all of them, which is told without a branch: whether the next one is a capital, whether
                // the one before was, what stands before.
                let next = at + here.letters_at(at) + 1;
                let goes_on = here.may_begin_at(next);
                let follows = std::mem::replace(&mut second, next) == at;
                if goes_on | follows | may_say(text, at) {
                    let letters = map.letters(here, at);
                    second = at + letters + 1;
                    pass.capital(at, letters, here.may_begin_at(second), follows);
                }
            });
            pass.second = second;
            places(at, announced)
                .for_each(|at| pass.digits_behind_words(at, map.digits(here, at), here.runs_before(at)));
            places(at, hyphens).for_each(|at| pass.hyphen(at - 1));
            places(at, long).for_each(|at| pass.payment(at));
            places(at, marks).for_each(|at| pass.mark(at));
        });
    }
}

/// What the byte before a capital is.
static BEFORE: [u8; 256] = {
    let mut before = [0; 256];
    before[b' ' as usize] = BLANK | GAP;
    before[b'\t' as usize] = LABEL | GAP;
    before[b'*' as usize] = LABEL | GAP;
    before[b'"' as usize] = LABEL | GAP;
    before[b'.' as usize] = LABEL;
    before[b'<' as usize] = LABEL;
    before[b'\'' as usize] = LABEL;
    before
};
/// Words behind it say something themselves; what ends before it may; whether it parts words from their names.
const LABEL: u8 = 1;
const BLANK: u8 = 2;
const GAP: u8 = 4;

/// Whether what stands before the capital at `at` may announce anything, or it is that of a marking or of digits in base64.
#[inline]
fn may_say(text: &[u8], at: usize) -> bool {
    let four = at.checked_sub(4).and_then(|from| text.get(from..)?.first_chunk::<4>());
    let (Some(four), Some(&[first, next])) = (four, text.get(at..).and_then(<[u8]>::first_chunk)) else { return true };
    let [.., last, before] = four.map(|b| BEFORE[usize::from(b)]);
    let ending = Ending::before_last(*four).may_be_any([Trigger::Commune, Trigger::Person]);
    let marking = (first == state_secret::INITIAL) & (next >= 0x80);
    let number = encoded::may_begin([first, next]);
    (before & LABEL != 0) | (before & BLANK != 0) & (ending | (last & GAP != 0)) | marking | number
}

struct Pass<'p, F> {
    text: &'p [u8],
    map: &'p Map,
    wanted: Wanted,
    names: person_name::Beginning,
    found: &'p mut F,
    /// Where the last capitalised word would be followed by one that goes on with its name.
    second: usize,
    /// Where the last code of an illness ended.
    code: usize,
    claims: claim_record::Names,
    births: Sightings,
}

impl<F: FnMut(Candidate)> Pass<'_, F> {
    fn tell(&mut self, trigger: Trigger, word: Range<usize>) {
        (self.found)(Candidate::Word(trigger, word));
    }

    /// Tells the words of `trigger` that stand between `from` and `to`, nearest first.
    fn tell_words(&mut self, trigger: Trigger, from: usize, to: usize) {
        let text = self.text;
        words_in(text, from..to, trigger).take(WORDS_MAX).for_each(|word| self.tell(trigger, word));
    }

    fn byte_before(&self, at: usize) -> u8 {
        at.checked_sub(1).and_then(|at| self.text.get(at)).copied().unwrap_or(b'\n')
    }

    /// A word of so many letters that may begin with a capital, whether the next one may as well, and whether the one before seems to.
    fn capital(&mut self, at: usize, letters: usize, goes_on: bool, follows: bool) {
        let word = self.text.get(at..).unwrap_or_default();
        if is_small(word) {
            return;
        }
        // A capitalised word between others is part of no name.
        if self.wanted.names
            && (goes_on || follows)
            && self.names.may_be(word, letters)
            && let Some(name) = person_name::name_at(self.text, at..at + letters)
        {
            (self.found)(Candidate::Name(name));
        }
        if self.wanted.numbers
            && let Some(number) = encoded::in_base64(self.text, at)
        {
            return (self.found)(Candidate::Number(number));
        }
        if self.wanted.markings
            && word.first() == Some(&state_secret::INITIAL)
            && let Some(marking) = state_secret::marking_at(self.text, at)
        {
            (self.found)(Candidate::Marking(marking));
        }
        if self.wanted.zones && word.starts_with(mrz::APART) {
            (self.found)(Candidate::Zone(at + mrz::APART.len()));
        }
        // What stands before decides what else it may be.
        match self.byte_before(at) {
            b' ' => self.behind_a_blank(at),
            b'.' => self.commune_before(at),
            b'\t' | b'*' => self.label_before(at),
            sign @ (b'"' | b'<' | b'\'') => {
                if sign == b'"' {
                    self.label_before(at);
                }
                // `<MA_LK>`, `"MA_LK":`.
                if self.wanted.claims
                    && let Some(field) = claim_record::field_at(self.text, at)
                {
                    self.tell(Trigger::Claim, field);
                }
            }
            _ => {}
        }
    }

    /// What words announce that end before the blank before `at`.
    fn behind_a_blank(&mut self, at: usize) {
        // Nearly always there is one blank, and before it a word that is none of these.
        let Some(ending) = self.ending_before_a_blank(at) else {
            self.commune_before(at);
            return self.label_before(at);
        };
        if ending.may_be(Trigger::Commune) {
            self.commune_before(at);
        }
        if ending.may_be(Trigger::Person) {
            self.label_before(at);
        }
    }

    /// What may end before the blank before `at`; `None` where more than that blank parts them.
    #[inline]
    fn ending_before_a_blank(&self, at: usize) -> Option<Ending> {
        let before = at.checked_sub(2).and_then(|at| self.text.get(at))?;
        (!matches!(before, b' ' | b'\t' | b'*' | b'"')).then(|| Ending::before(self.text, at - 1))
    }

    /// `xã Tân Lập`, `phường 5`.
    fn commune_before(&mut self, at: usize) {
        if !self.wanted.addresses {
            return;
        }
        let before = self.text.get(..at).unwrap_or_default().iter().rev();
        let gap = before.take(address::GAP_BYTES_MAX).take_while(|b| **b == b' ').count();
        // Numbers stand behind other words, nearly always.
        if may_end(self.text, at - gap, Trigger::Commune) {
            self.tell_words_that_end(Trigger::Commune, at - gap);
        }
    }

    #[inline(never)]
    fn tell_words_that_end(&mut self, trigger: Trigger, at: usize) {
        words_that_end(self.text, at, trigger).for_each(|word| self.tell(trigger, word));
    }

    /// `bệnh nhân Kpă H'Lan`, `ông Zơrâm Nhất`.
    fn label_before(&mut self, at: usize) {
        if !self.wanted.names {
            return;
        }
        let before = self.text.get(..at).unwrap_or_default().iter().rev();
        let gap = before.take(LABEL_GAP).take_while(|b| matches!(b, b' ' | b'\t' | b'*' | b'"')).count();
        if may_end(self.text, at - gap, Trigger::Person) {
            self.tell_words_that_end(Trigger::Person, at - gap);
        }
    }

    /// `51F-123.45`, with its hyphen at `at`.
    fn hyphen(&mut self, at: usize) {
        if self.wanted.plates
            && let Some(head) = plate::head_before(self.text, at)
        {
            (self.found)(Candidate::Hyphen(head));
        }
    }

    /// What words may announce a run of digits, given where the last digits ended and the last two.
    #[inline(never)]
    fn digits_behind_words(&mut self, at: usize, len: usize, (number, pair): (usize, usize)) {
        let (text, wanted, before) = (self.text, self.wanted, self.byte_before(at));
        if !before.is_ascii_alphabetic() {
            let communes = match before {
                b' ' => self.ending_before_a_blank(at).is_none_or(|ending| ending.may_be(Trigger::Commune)),
                before => before == b'.',
            };
            if communes {
                self.commune_before(at);
            }
            // Those of the army have no digits before these.
            let begins = len == 2 || matches!(before, b' ' | b'-');
            if begins && wanted.plates && plate::begins_at(text, at, len) {
                self.tell_words(Trigger::Vehicle, pair.max(at.saturating_sub(plate::REACH_BYTES)), at);
            }
        } else if wanted.illnesses && len > 1 && before.is_ascii_uppercase() && diagnosis::code_at(text, at - 1) {
            let from = self.code.max(at.saturating_sub(diagnosis::REACH_BYTES));
            self.tell_words(Trigger::Illness, diagnosis::words_from(text, from, at - 1), at - 1);
            self.code = at;
        }
        if wanted.claims
            && let Some(field) = self.claims.before(text, at)
        {
            self.tell(Trigger::Claim, field);
        }
        // Days and years are many in most texts, words of births are rare.
        if wanted.births
            && at >= number + 2
            && date_of_birth::may_be_announced(&mut self.births, text, at, len)
            && date_of_birth::may_be_date(text, at, len, wanted.this_year)
        {
            self.births_before(at, number.max(at.saturating_sub(date_of_birth::REACH_BYTES)));
        }
    }

    /// The words of a birth before the date at `at`, which stand behind `from`. Only the ends of words are looked at,
    /// where they are known.
    fn births_before(&mut self, at: usize, from: usize) {
        const REACH: usize = u64::BITS as usize;
        let Some(mut ends) = self.map.word_ends_before(at) else {
            return self.tell_words(Trigger::Birth, from, at);
        };
        let mut told = 0;
        while ends != 0 && told < WORDS_MAX {
            let bit = REACH - 1 - ends.leading_zeros() as usize;
            ends ^= 1 << bit;
            let end = at - REACH + bit + 1;
            if !may_end(self.text, end, Trigger::Birth) {
                continue;
            }
            for word in words_that_end(self.text, end, Trigger::Birth).filter(|word| word.start >= from) {
                self.tell(Trigger::Birth, word);
                told += 1;
            }
        }
    }

    /// Nine digits or more, which may be the mark of an account.
    fn payment(&mut self, at: usize) {
        let is_mark = |t: &[u8]| t.starts_with(PAYMENT);
        if self.wanted.payments
            && matches!(self.byte_before(at), b'A' | b'a')
            && self.text.get(at..).is_some_and(is_mark)
        {
            self.tell(Trigger::Payment, at - 1..at + PAYMENT.len());
        }
    }

    /// A colon, or the sign in an address of mail.
    #[inline(always)]
    fn mark(&mut self, at: usize) {
        if self.text.get(at) != Some(&b':') {
            if self.wanted.mail {
                (self.found)(Candidate::At(at));
            }
            return;
        }
        if self.wanted.claims && matches!(self.byte_before(at), b'"' | b'\'') {
            self.tell_words_that_end(Trigger::Claim, at - 1);
        }
        // A time of day or the port of an address, most often: no name begins with a digit.
        if self.text.get(at + 1).is_some_and(u8::is_ascii_digit) {
            return;
        }
        if self.wanted.names {
            self.label(at);
        }
        if self.wanted.markings && state_secret::may_be_label(self.text, at) {
            self.marking_behind(at);
        }
    }

    /// `Độ mật: Tối mật`, with its colon at `at`.
    #[inline(never)]
    fn marking_behind(&mut self, at: usize) {
        if let Some(marking) = state_secret::announced_at(self.text, at) {
            (self.found)(Candidate::Marking(marking));
        }
    }

    /// `Họ tên: nguyễn văn an`, with its colon at `at`.
    #[inline(never)]
    fn label(&mut self, at: usize) {
        let text = self.text;
        if !person_name::may_follow(text, at + 1) {
            return;
        }
        let from = at.saturating_sub(person_name::LABEL_BYTES_MAX);
        let clause = text.get(from..at).unwrap_or_default();
        let clause = clause.iter().rposition(|b| b":\n.;,".contains(b)).map_or(from, |stop| from + stop + 1);
        // A label may hold a comma itself: `Họ, tên`.
        let reach = clause.saturating_sub(WORD_BYTES_MAX)..at;
        let labels = words_in(text, reach, Trigger::Person).filter(|word| word.end >= clause);
        labels.take(WORDS_MAX).for_each(|word| self.tell(Trigger::Person, word));
    }
}

/// Whether the first letter is a small one of Vietnamese, which begin like its capitals.
const fn is_small(word: &[u8]) -> bool {
    match *word {
        [0xc3, 0xa0..=0xff, ..] => true,
        // Capitals are even.
        [0xc4 | 0xc5, next, ..] | [0xe1, 0xba | 0xbb, next, ..] => next & 1 == 1,
        [0xc6, 0xa1 | 0xb0, ..] => true,
        _ => false,
    }
}
