//! Numbers whose groups are parted by what parts no others: `0171**5808**8462`, `0660;8993;0053`, `[0][7][9]…`; and those
//! whose digits are written as bytes.
//!
//! Looked for only where running text is, and believed only with a word directly before: moments, versions and
//! addresses of machines are written like this, too.

use std::ops::Range;

use super::{Number, encoded};
use crate::digits::{Gap, NUMBER_BYTES_MAX, gap};
use crate::fold::next_char;

/// Characters of what parts two groups.
const SIGNS_MAX: usize = 2;
/// Fewer groups are a number with a remark behind.
const GROUPS_MIN: usize = 3;
/// Digits of the largest group.
pub(crate) const GROUP_DIGITS_MAX: usize = 4;
/// Digits that write the longest number as bytes.
pub(crate) const BYTES_DIGITS_MAX: usize = 20;
/// Digits of the longest such number, those of a card behind its letters.
const CARD_DIGITS: usize = 13;

/// Tells `found` the numbers that begin at any of `places`, first digits in `range`: nothing is known before it.
pub(crate) fn numbers(text: &[u8], places: &[usize], range: Range<usize>, mut found: impl FnMut(Number)) {
    let Range { start, end } = range;
    for at in places.iter().copied().take_while(|at| *at < end) {
        let digits = text.get(at..).unwrap_or_default().iter().take(BYTES_DIGITS_MAX + 1);
        let run = at..at + digits.take_while(|b| b.is_ascii_digit()).count();
        let number = match run.len() {
            ..=GROUP_DIGITS_MAX => read_groups(text, run.clone()).filter(|_| !is_in_code(text, start, &run)),
            _ => hexadecimal(text, run),
        };
        number.into_iter().for_each(&mut found);
    }
}

/// Whether digits stand in the middle of a code, as nearly all do that letters stand before: `ab1c2`, `x86y`.
fn is_in_code(text: &[u8], start: usize, group: &Range<usize>) -> bool {
    let byte = |at: usize| text.get(at).copied().unwrap_or_default();
    let letters = (start..group.start).rev().take_while(|at| is_letter(text, start, *at)).count();
    let before = group.start.checked_sub(letters + 1).filter(|at| *at >= start);
    let behind = group.len() < GROUP_DIGITS_MAX && is_letter(text, start, group.end);
    letters > 0 && (behind || before.is_some_and(|at| byte(at).is_ascii_digit()))
}

/// Whether the byte at `at` is of a letter of ASCII or Vietnamese, as the map of a text tells it.
fn is_letter(text: &[u8], start: usize, at: usize) -> bool {
    let byte = |at: usize| text.get(at).copied().unwrap_or_default();
    let is_odd = |at: usize| match byte(at) {
        b'@' => true,
        0xe1 => byte(at + 1) < 0xb8,
        lead => lead >= 0xc0 && !matches!(lead, 0xc3..=0xc6),
    };
    let letter = byte(at).is_ascii_alphabetic() || byte(at) >= 0x80;
    letter && !(at.saturating_sub(3).max(start)..=at).any(is_odd)
}

/// The number that begins with the digits at `group`: groups of one size, the last as it comes, and always
/// the same between. The letters of a card are a part of its first group: `TE1'259'444'010'248`, `T_E_1_2_5_…`.
#[inline(always)]
#[cfg(test)]
fn read(text: &[u8], group: Range<usize>) -> Option<Number> {
    if may_begin(text, group.start) { read_groups(text, group) } else { None }
}

/// Whether one may begin with the digits at `start`, as far as a few bytes tell: nearly every short group of digits is
/// none of these.
#[inline]
pub(crate) fn may_begin(text: &[u8], start: usize) -> bool {
    let digits = text.get(start..).unwrap_or_default().iter().take(GROUP_DIGITS_MAX);
    let group = start..start + digits.take_while(|b| b.is_ascii_digit()).count();
    let byte = |at: usize| text.get(at).copied().unwrap_or_default();
    let sign = byte(group.end);
    if !PARTS[usize::from(sign)] {
        return false;
    }
    if sign >= 0x80 || !byte(group.end + 1).is_ascii_digit() {
        return true;
    }
    // Behind the letters of a card the first group is of any size.
    let before = |n: usize| group.start.checked_sub(n).map_or(0, byte);
    if before(1).is_ascii_alphabetic() || before(1) == sign && before(2).is_ascii_alphabetic() {
        return true;
    }
    // So many groups of one size are to follow at the least, all behind the same sign, before the last one.
    let (each, len) = (group.len() + 1, group.len());
    let full = if len == 1 { 7 } else { usize::from(len == 2) + 1 };
    !OTHERS[usize::from(sign)] && byte(group.end + each) == sign && byte(group.end + full * each) == sign
}

/// Signs that may part groups, and those of them that part groups of other numbers where a digit stands behind.
static PARTS: [bool; 256] = {
    let (mut parts, mut byte) = ([false; 256], 0);
    while byte < parts.len() {
        parts[byte] = byte >= 0x80 || (byte as u8).is_ascii_punctuation();
        byte += 1;
    }
    parts
};
static OTHERS: [bool; 256] = {
    let mut others = [false; 256];
    others[b'.' as usize] = true;
    others[b',' as usize] = true;
    others[b'-' as usize] = true;
    others[b'/' as usize] = true;
    others[b')' as usize] = true;
    others
};

fn read_groups(text: &[u8], group: Range<usize>) -> Option<Number> {
    let sign = sign_at(text, group.end).filter(|_| group.len() <= GROUP_DIGITS_MAX)?;
    let before = text.get(..group.start)?.strip_suffix(sign);
    if before.is_some_and(|before| before.last().is_some_and(u8::is_ascii_digit)) {
        return None;
    }
    if group.len() == 2
        && let Some(number) = encoded::pairs(text, group.start)
    {
        return Some(number);
    }
    let letters = before.or_else(|| text.get(..group.start))?;
    let is_card = letters.last().is_some_and(u8::is_ascii_alphabetic)
        && !letters.last_chunk().is_some_and(|last: &[u8; 3]| last.iter().all(u8::is_ascii_alphanumeric));
    let mut size = group.len();
    let (mut digits, mut len, mut groups, mut years) = ([0; CARD_DIGITS], 0, 0, true);
    let mut steps = Steps::default();
    let mut at = group.start;
    let last = loop {
        let rest = text.get(at..)?;
        let part = rest.get(..rest.iter().take(CARD_DIGITS + 1).take_while(|b| b.is_ascii_digit()).count())?;
        digits.get_mut(len..len + part.len())?.copy_from_slice(part);
        steps.add(part);
        years &= matches!(part, [b'1', b'9', ..] | [b'2', b'0', ..]);
        (len, groups, at) = (len + part.len(), groups + 1, at + part.len());
        let goes_on =
            text.get(at..)?.strip_prefix(sign).is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit));
        if !goes_on {
            break part.len();
        }
        if is_card && groups == 2 && part.len() > size {
            size = part.len();
        }
        if part.len() != size && !(is_card && groups == 1) {
            return None;
        }
        at += sign.len();
    };
    let ends = last == size || size > 1 && last <= GROUP_DIGITS_MAX;
    let is_whole = if is_card { len == CARD_DIGITS } else { matches!(len, 9 | 10 | 12) };
    let fits = is_whole && groups >= GROUPS_MIN && at - group.start <= NUMBER_BYTES_MAX;
    let number = || Number::disguised(group.start..at, digits.get(..len)?, "odd-grouping");
    if ends && fits && !years && !steps.rise() { number() } else { None }
}

/// The number whose digits are written as their bytes in hexadecimal, which are digits again: `37393132303435383733`. Those of
/// a citizen have a structure of their own and need no words, so that they are found where such bytes are decoded.
pub(crate) fn hexadecimal(text: &[u8], run: Range<usize>) -> Option<Number> {
    if !matches!(run.len(), 18 | BYTES_DIGITS_MAX) {
        return None;
    }
    let mut digits = [0; CARD_DIGITS];
    let shown = text.get(run.clone())?;
    for (slot, pair) in digits.iter_mut().zip(shown.chunks(2)) {
        *slot = if let [b'3', digit @ b'0'..=b'9'] = pair { *digit } else { return None };
    }
    Number::disguised(run, digits.get(..shown.len() / 2)?, "hex")
}

/// Whether groups rise by one step throughout: pages, forms, sides of a box.
#[derive(Default)]
struct Steps {
    last: Option<u64>,
    /// Zero where they do not.
    step: Option<u64>,
}

impl Steps {
    fn add(&mut self, group: &[u8]) {
        let value = group.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0'));
        if let Some(last) = self.last {
            let step = value.saturating_sub(last);
            self.step = Some(if self.step.is_none_or(|before| before == step) { step } else { 0 });
        }
        self.last = Some(value);
    }

    fn rise(&self) -> bool {
        self.step > Some(0)
    }
}

/// What parts the digits before `at` from those behind, if it is nothing that parts the groups of other numbers.
fn sign_at(text: &[u8], at: usize) -> Option<&[u8]> {
    let [sign, behind] = [*text.get(at)?, *text.get(at + 1)?];
    if !PARTS[usize::from(sign)] || OTHERS[usize::from(sign)] && behind.is_ascii_digit() || behind.is_ascii_alphabetic()
    {
        return None;
    }
    let mut end = at;
    for _ in 0..SIGNS_MAX {
        let (c, len) = text.get(end..).and_then(next_char)?;
        c.filter(|c| !c.is_alphanumeric() && !matches!(c, '\n' | '\r'))?;
        end += len;
        if text.get(end).is_some_and(u8::is_ascii_digit) {
            return if gap(text, at).0 == Gap::Break { text.get(at..end) } else { None };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::Look;

    #[test]
    fn groups_are_read_across_the_same_sign() {
        for (text, expected) in [
            ("0171**5808**8462 ok", Some("017158088462")),
            ("0660;8993;0053", Some("066089930053")),
            ("084:185:869:841", Some("084185869841")),
            ("0_1_7_1_5_8_0_8_8_4_6_2", Some("017158088462")),
            ("0. 9. 4. 1. 7. 7. 8. 9. 6. 8. 3. 8.", Some("094177896838")),
            ("149, 713, 373, 1", Some("1497133731")),
            ("046)(059)(236)(368)", Some("046059236368")),
            ("0241😀8886😀5355", Some("024188865355")),
            ("025|123|456", Some("025123456")),
            ("0252->1428->7826", Some("025214287826")),
            // Read by others, or nothing of ours.
            ("0171.5808.8462", None),
            ("0171 5808 8462", None),
            ("0171-5808-8462", None),
            ("10:20:30", None),
            ("2020|2021|2022", None),
            ("001090;123456", None),
            ("017:15:8088462", None),
            ("0660;8993;0053;1", None),
            ("0660;8993:0053", None),
            ("0660\n8993\n0053", None),
            ("1010\t9012\t3456", None),
            ("066x089x930x053", None),
            ("00:11:22:33:44:5", None),
            // Lists and measures.
            ("101, 102, 103", None),
            ("100*200*300 mm", None),
            ("01, 02, 03, 04, 05", None),
            ("10|20|30|40|50|60", None),
            ("01_02_03_04_05_06.pdf", None),
            ("001; 002; 003; 004)", None),
            ("101, 102, 104", Some("101102104")),
            ("103, 102, 101", Some("103102101")),
            ("001; 001; 002; 003", Some("001001002003")),
            ("001; 002; 003; 005", Some("001002003005")),
        ] {
            let len = text.bytes().take_while(u8::is_ascii_digit).count();
            let number = read(text.as_bytes(), 0..len);
            assert_eq!(number.as_ref().map(Number::digits), expected.map(str::as_bytes), "{text}");
        }
        assert!(read(b"1;0660;8993;0053", 2..6).is_none());
        for (text, expected) in [
            ("37393132303435383733", Some("7912045873")),
            ("303132333435363738", Some("012345678")),
            ("37393132303435383743", None),
            ("37393132303435384733", None),
            ("3739313230343538373", None),
        ] {
            let number = hexadecimal(text.as_bytes(), 0..text.len());
            assert_eq!(number.as_ref().map(Number::digits), expected.map(str::as_bytes), "{text}");
        }
        for (text, expected) in [
            ("DN4_797_912_045_873", Some("4797912045873")),
            ("[DN47][9791][2045][873]", Some("4797912045873")),
            ("(DN4)(797)(912)(045)(873)", Some("4797912045873")),
            ("DN4*7*9*7*9*1*2*0*4*5*8*7*3", Some("4797912045873")),
            // The group of the letters is the first, others go on, and what is shorter is none.
            ("DN4797_912_045_873", None),
            ("DN4_797_912_045_87", None),
            ("DN4_79_7912_045_873", None),
            ("MDN4_797_912_045_873", None),
            ("IP47_912_045", None),
        ] {
            let start = text.find(|c: char| c.is_ascii_digit()).expect("there");
            let end = start + text.bytes().skip(start).take_while(u8::is_ascii_digit).count();
            let number = read(text.as_bytes(), start..end);
            assert_eq!(number.as_ref().map(Number::digits), expected.map(str::as_bytes), "{text}");
        }
    }

    /// A number in groups, nearly always one that is read.
    fn number() -> impl Strategy<Value = String> {
        let sign = "[:;*|_→>×\u{a0}]{1,2}|[,.:] |😀😀|[*]→|→[*]|😀 ";
        let digits = prop_oneof![Just(9), Just(10), Just(12), Just(13), 8..15_usize]
            .prop_flat_map(|n| prop::collection::vec(0..10_u8, n));
        (1..6_usize, 1..6_usize, sign, digits, "[A-Za-z0-9ạ]{0,3}").prop_map(|(first, size, sign, digits, before)| {
            let mut text = before;
            for (n, digit) in digits.iter().enumerate() {
                if n >= first && (n - first) % size == 0 {
                    text += &sign;
                }
                text.push(char::from(b'0' + digit));
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_look_leads_to_every_number(
            text in prop::collection::vec(prop_oneof![
                4 => "([A-Zaạ]{0,3}[0-9]{1,5}([:;*|_→>×]{1,2}|[:;,.]( |→)|😀😀?|ạ|@)){1,12}[0-9]{0,5}",
                6 => number(),
                1 => "[A-Z]{1,2}[:;*|_→]{0,2}([0-9][:;*|_→]){12}[0-9]{0,2}",
                1 => "(3[0-9]){9,10}",
                1 => "[0-9]{10,22}",
                1 => "[ a-zạĐ@]{0,70}",
                1 => "[a-z ]{300,900}",
                1 => "[0-9a-zÀ-ỹ]{1,9}",
                1 => prop::collection::vec(any::<u8>(), 0..9).prop_map(|b| String::from_utf8_lossy(&b).into_owned()),
            ], 0..12),
            before in prop_oneof![Just(0), 3_900..4_200_usize, 0..130_usize],
            from in 0..9_usize,
            cut in 0..70_usize,
        ) {
            let text = "x ".repeat(before / 2) + &text.concat();
            let text = text.as_bytes();
            let text = &text[..text.len().saturating_sub(cut)];
            let (from, end) = (from.min(text.len()), text.len().saturating_sub(cut / 2));
            let mut new = Vec::new();
            let heard = Look::hearing(text, from).heard();
            numbers(text, &heard.groups, from..end, |number| new.push((number.range.clone(), number.digits().to_vec())));
            let is_digit = |at: &usize| text.get(*at).is_some_and(u8::is_ascii_digit);
            let begins = (from..end).filter(|at| is_digit(at) && !(*at > from && is_digit(&(at - 1))));
            let mut all = Vec::new();
            for start in begins {
                let run = start..(start..).find(|at| !is_digit(at)).expect("the end");
                let parted = (run.len() <= GROUP_DIGITS_MAX).then(|| read_groups(text, run.clone())).flatten();
                let parted = parted.filter(|_| !is_in_code(text, from, &run));
                all.extend(parted.or_else(|| hexadecimal(text, run)).map(|n| (n.range.clone(), n.digits().to_vec())));
            }
            prop_assert_eq!(new, all);
        }

        #[test]
        fn what_begins_tells_is_true(text in "([A-Z]{1,2}[:;*|_→]{0,2})?([0-9]{1,5}[:;*|_→]{1,2}){1,12}[0-9]{0,5}|([0-9]{1,2}:){1,12}[0-9]{0,4}|([0-9]{3,4}[;*:]){2,4}[0-9]{0,5}") {
            let text = text.as_bytes();
            for start in 0..text.len() {
                let len = text[start..].iter().take_while(|b| b.is_ascii_digit()).count();
                if (1..=GROUP_DIGITS_MAX).contains(&len) {
                    let group = start..start + len;
                    let number = read_groups(text, group.clone()).map(|number| number.digits().to_vec());
                    prop_assert_eq!(read(text, group).map(|number| number.digits().to_vec()), number);
                }
            }
        }
    }

    #[test]
    fn the_letters_of_a_card_are_a_part_of_its_first_group() {
        for (text, expected) in [
            ("TE1'259'444'010'248", Some("1259444010248")),
            ("XB41*5849*1724*372", Some("4158491724372")),
            ("D#N#4#2#0#5#2#7#1#3#3#2#2#7#2", Some("4205271332272")),
            ("TS2:581:792:048:85", None),
            ("TE12'5'94'440'10'248", None),
            ("SO0660;8993;0053", None),
        ] {
            let start = text.bytes().position(|b| b.is_ascii_digit()).unwrap_or_default();
            let len = text.bytes().skip(start).take_while(u8::is_ascii_digit).count();
            let number = read(text.as_bytes(), start..start + len);
            assert_eq!(number.as_ref().map(Number::digits), expected.map(str::as_bytes), "{text}");
        }
    }
}
