//! Numbers of insurance cards as a reader of print garbles them, put right where only one can be meant.
//!
//! Two letters of a kind that is known, a digit of benefit, two of a province, ten digits (`detectors/src/bhyt`): signs that
//! look alike are told apart by where they stand. Where the letters are gone, the ten digits are the insurance number.
//! Nothing is changed on a page that names no health insurance.

use std::borrow::Cow;

use chot_detectors::{fold, is_insured_kind};

/// Signs of a card's number, and of it without its letters.
const WHOLE: usize = 15;
const BARE: usize = 13;
/// What stands for the letters that are gone.
const LOST: &str = "BHXH ";
/// Signs that were taken for others in one number.
const WRONG_MAX: usize = 4;

/// What was read, the numbers of cards in it put right.
pub(super) fn mend(text: &str) -> Cow<'_, str> {
    let folded = fold(text);
    if !["bhyt", "bao hiem y te"].iter().any(|name| folded.contains(name)) {
        return Cow::Borrowed(text);
    }
    let is_card = folded.contains("the bao hiem y te");
    let mut out = String::with_capacity(text.len());
    let mut before = "";
    for word in text.split_inclusive([' ', '\t', '\n']) {
        let (bare, end) = word.split_at(word.trim_end_matches([' ', '\t', '\n']).len());
        // The letters may stand by themselves.
        let letters = before.strip_suffix(' ').filter(|letters| letters.len() <= WHOLE - BARE && !letters.is_empty());
        let parted = letters.map(|letters| [letters, bare].concat());
        match (letters, parted.as_deref().and_then(mended), mended(bare)) {
            (Some(letters), Some(right), _) => {
                out.truncate(out.len() - letters.len() - 1);
                out.push_str(&right);
            }
            (None, _, Some(right)) if is_card || !right.starts_with(LOST) => out.push_str(&right),
            _ => out.push_str(bare),
        }
        out.push_str(end);
        before = word;
    }
    Cow::Owned(out)
}

/// A word that can only be a card's number, as it is written; `None` when it is another, or right as it is.
fn mended(word: &str) -> Option<String> {
    let signs: Vec<char> = word.chars().filter(char::is_ascii_alphanumeric).collect();
    if word.chars().count() > signs.len() + 1 {
        return None;
    }
    match signs.len() {
        BARE => {
            let right: String = signs.iter().collect();
            let number = right.get(3..)?;
            (right == digits(&signs)? && is_issued(&right)).then(|| format!("{LOST}{number}"))
        }
        WHOLE => {
            let (letters, rest) = signs.split_at_checked(WHOLE - BARE)?;
            let digits = digits(rest)?;
            let kind = kind(letters)?;
            let right = format!("{kind}{digits}");
            let wrong = right.chars().zip(&signs).filter(|(right, read)| right != *read).count();
            (is_issued(&digits) && (1..=WRONG_MAX).contains(&wrong)).then_some(right)
        }
        _ => None,
    }
}

/// Whether thirteen digits may be those of a card: its benefit, and a province.
fn is_issued(digits: &str) -> bool {
    let province = digits.get(1..3).and_then(|two| two.parse::<u8>().ok());
    digits.starts_with(['1', '2', '3', '4', '5']) && province.is_some_and(|n| (1..=97).contains(&n))
}

/// Signs as the digits that they look like.
fn digits(signs: &[char]) -> Option<String> {
    signs
        .iter()
        .map(|sign| match sign {
            '0'..='9' => Some(*sign),
            'O' | 'o' | 'Q' | 'D' => Some('0'),
            'I' | 'l' | 'i' => Some('1'),
            'Z' | 'z' => Some('2'),
            'A' => Some('4'),
            'S' | 's' => Some('5'),
            'G' | 'b' => Some('6'),
            'B' => Some('8'),
            'g' | 'q' => Some('9'),
            _ => None,
        })
        .collect()
}

/// The letters that two signs stand for: as they are if there are such, or else the only ones that look like them.
fn kind(signs: &[char]) -> Option<String> {
    let [first, second] = signs else { return None };
    let is_kind = |first: char, second: char| {
        u8::try_from(first).ok().zip(u8::try_from(second).ok()).is_some_and(|(a, b)| is_insured_kind(&[a, b]))
    };
    let as_it_is = (first.to_ascii_uppercase(), second.to_ascii_uppercase());
    let mut found = None;
    for first in alike(*first) {
        for second in alike(*second) {
            if is_kind(first, second) {
                if as_it_is == (first, second) {
                    return Some(format!("{first}{second}"));
                }
                if found.replace((first, second)).is_some() {
                    return None;
                }
            }
        }
    }
    found.map(|(first, second)| format!("{first}{second}"))
}

/// The letters that a sign may be.
fn alike(sign: char) -> impl Iterator<Item = char> {
    let more = match sign.to_ascii_uppercase() {
        '0' => "DOQ",
        '1' | 'I' | 'L' => "IT",
        '2' => "Z",
        '4' => "A",
        '5' => "S",
        '6' => "G",
        '8' => "B",
        '7' => "T",
        'O' | 'Q' => "D",
        'F' => "E",
        _ => "",
    };
    let itself = Some(sign.to_ascii_uppercase()).filter(char::is_ascii_uppercase);
    itself.into_iter().chain(more.chars().filter(move |more| Some(*more) != itself))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_card_can_be_is_put_right() {
        for (read, right) in [
            ("H1A041013179115", "HT4041013179115"),
            ("HI4041013179115", "HT4041013179115"),
            ("HT4O41O13179115", "HT4041013179115"),
            ("H54704278704206", "HS4704278704206"),
            ("6D4791234567890", "GD4791234567890"),
            ("0K4011234567890", "DK4011234567890"),
            ("7E1791234567890", "TE1791234567890"),
            ("HT40410l3179115.", "HT4041013179115"),
            // Its letters are gone; its insurance number is there.
            ("4041013179115", "BHXH 1013179115"),
        ] {
            assert_eq!(mended(read).as_deref(), Some(right), "{read}");
        }
    }

    #[test]
    fn what_is_right_or_something_else_stays() {
        for word in [
            "HT4041013179115",
            // No kind of insured, no benefit, no province, too many wrong.
            "XX4041013179115",
            "H19041013179115",
            "HI4001013179115",
            "HIAOAIOI3I79II5",
            // Numbers of others: a barcode, a citizen, an account of fifteen digits.
            "8934563138165",
            "041013179115",
            "901234567890123",
            "001090123456",
            "HÓA-ĐƠN-4041013",
            "",
        ] {
            assert_eq!(mended(word), None, "{word}");
        }
    }

    #[test]
    fn only_pages_that_name_health_insurance_are_changed() {
        for (page, right) in [
            ("THẺ BẢO HIỂM Y TẾ\nMã số: HI4041013179115\n", "THẺ BẢO HIỂM Y TẾ\nMã số: HT4041013179115\n"),
            ("Số thẻ BHYT\nH1\t1\nH1 4041013179115 x\n", "Số thẻ BHYT\nH1\t1\nHT4041013179115 x\n"),
            ("THẺ BẢO HIỂM Y TẾ\nsố: 4041013179115\n", "THẺ BẢO HIỂM Y TẾ\nsố: BHXH 1013179115\n"),
        ] {
            assert_eq!(mend(page), right);
        }
        for page in [
            "THẺ BẢO HIỂM Y TẾ\nMã số: HT 4041013179115 79001\n",
            // Goods beside a price list for the insured.
            "Thuốc BHYT chi trả\n4041013179115\t12.000\n",
            "Mã vạch H1A041013179115\n",
        ] {
            assert_eq!(mend(page), page);
        }
    }
}
