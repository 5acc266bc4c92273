//! Headings whose letters were lost: a program that writes a Western character set puts a question mark for every letter of
//! Vietnamese that the set has not (`Mã s? BHXH`, of "CSV" in Excel and DIF in LibreOffice).
//!
//! It knows the words of headings and not what they announce.

use chot_detectors::fold;

/// Words of headings without their marks; of those that look alike the one that headings have more often.
const WORDS: &[&str] = &[
    "so", "ho", "ten", "ma", "the", "dia", "chi", "ngay", "gioi", "tinh", "can", "cuoc", "cong", "dan", "chung",
    "chieu", "bao", "hiem", "xa", "hoi", "te", "dinh", "danh", "dien", "thoai", "tai", "khoan", "thue", "que", "quan",
    "va", "noi", "cap", "benh", "vien", "don", "vi", "ngan", "hang", "nhan", "bien", "lai", "giay", "phep", "dang",
    "ky", "nguoi", "lao", "dong", "hoc", "thuong", "tru", "han", "tuoi",
];

/// The heading with the words that it must have had; `None` where it has lost none, or a word nobody knows.
pub(super) fn restored(heading: &str) -> Option<String> {
    if !heading.contains('?') {
        return None;
    }
    let letter = |c: char| match c {
        '?' => "?".to_owned(),
        c if c.is_alphanumeric() => fold(c.encode_utf8(&mut [0; 4])),
        // Marks behind their letters are none, other signs part words.
        '\u{300}'..='\u{36f}' => String::new(),
        _ => " ".to_owned(),
    };
    let folded: String = heading.chars().map(letter).collect();
    let mut words = Vec::new();
    for word in folded.split_whitespace() {
        let fits = |known: &&&str| {
            known.len() == word.len() && known.bytes().zip(word.bytes()).all(|(known, b)| b == b'?' || b == known)
        };
        let is_whole = !word.contains('?');
        words.push(if is_whole {
            word
        } else {
            WORDS.iter().find(fits).filter(|_| word.bytes().any(|b| b != b'?'))?
        });
    }
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_headings_are_known_by_the_letters_that_are_left() {
        for (heading, expected) in [
            ("Mã s? BHXH", Some("ma so bhxh")),
            ("S? h? chi?u", Some("so ho chieu")),
            ("S? c?n c??c công dân", Some("so can cuoc cong dan")),
            ("?i?n tho?i", Some("dien thoai")),
            // Nothing is lost, what nobody knows, and a question.
            ("Mã số BHXH", None),
            ("S? l??ng", None),
            ("Có CCCD không?", None),
            ("??? CCCD", None),
        ] {
            assert_eq!(restored(heading).as_deref(), expected, "{heading}");
        }
    }
}
