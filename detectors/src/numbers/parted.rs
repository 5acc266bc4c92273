//! Numbers whose groups are parted by what parts no others: `0171**5808**8462`, `0660;8993;0053`, `[0][7][9]…`.
//!
//! Looked for only where running text is, and believed only with a word directly before: moments, versions and
//! addresses of machines are written like this, too.

use std::ops::Range;

use super::Number;
use crate::digits::{Gap, NUMBER_BYTES_MAX, gap};
use crate::fold::next_char;

/// Characters of what parts two groups.
const SIGNS_MAX: usize = 2;
/// Fewer groups are a number with a remark behind.
const GROUPS_MIN: usize = 3;
/// Digits of the largest group.
pub(crate) const GROUP_DIGITS_MAX: usize = 4;
/// Digits of the longest such number, a card's.
const DIGITS_MAX: usize = CARD_DIGITS;
/// Digits of a card behind its letters.
const CARD_DIGITS: usize = 13;

/// The number that begins with the digits at `group`: groups of one size, the last as it comes, and always
/// the same between. The letters of a card are a part of its first group: `TE1'259'444'010'248`, `T_E_1_2_5_…`.
pub(crate) fn read(text: &[u8], group: Range<usize>) -> Option<Number> {
    let sign = sign_at(text, group.end).filter(|_| group.len() <= GROUP_DIGITS_MAX)?;
    let before = text.get(..group.start)?.strip_suffix(sign);
    if before.is_some_and(|before| before.last().is_some_and(u8::is_ascii_digit)) {
        return None;
    }
    let is_card =
        before.or_else(|| text.get(..group.start)).and_then(<[u8]>::last).is_some_and(u8::is_ascii_alphabetic);
    let mut size = group.len();
    let (mut digits, mut len, mut groups, mut years) = ([0; DIGITS_MAX], 0, 0, true);
    let mut steps = Steps::default();
    let mut at = group.start;
    let last = loop {
        let rest = text.get(at..)?;
        let part = rest.get(..rest.iter().take(DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count())?;
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
    // Nearly always it is no sign, or one that parts the groups of other numbers.
    let [sign, behind] = [*text.get(at)?, *text.get(at + 1)?];
    let none = sign.is_ascii_alphanumeric() || sign.is_ascii_control() || sign == b' ';
    let other = matches!(sign, b'.' | b',' | b'-' | b'/' | b')') && behind.is_ascii_digit();
    if none || other || behind.is_ascii_alphabetic() {
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
    use super::*;

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
