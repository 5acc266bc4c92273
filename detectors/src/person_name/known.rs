//! What is known of one syllable of a name, for readers that meet the same syllables again and again.

use super::nobody::Part;
use super::told::{BODIES, HEADS, TITLES, has_surname, is_no_name};
use super::{GIVEN, nobody};
use crate::fold::fold;
use crate::phrases::Phrases;

/// A syllable as it stands in a name.
#[derive(Clone, Copy, Default)]
pub(crate) struct Syllable {
    /// Letters of Vietnamese and nothing else, one word, the first of them a capital.
    pub(crate) plain: bool,
    /// A listed surname, with or without its marks.
    pub(crate) surname: bool,
    /// A listed given name.
    pub(crate) given: bool,
    /// A title as well.
    pub(crate) title: bool,
    /// The name of a body may begin with it.
    pub(crate) body: bool,
    /// A heading may begin with it.
    pub(crate) head: bool,
    /// Such a name or heading may be it alone.
    pub(crate) alone: bool,
    /// It may be the second word of one.
    pub(crate) second: bool,
    /// Two letters that are hexadecimal digits.
    pub(crate) hexadecimal: bool,
}

impl Syllable {
    pub(crate) fn of(text: &str) -> Self {
        let folded = fold(text);
        let is_first = |behind: &str| behind.is_empty() || behind.starts_with(' ');
        let begins = |phrases: &Phrases| phrases.iter().any(|p| p.strip_prefix(folded.as_str()).is_some_and(is_first));
        let plain = text.chars().all(is_vietnamese)
            && text.chars().next().is_some_and(char::is_uppercase)
            && !folded.contains(' ')
            // The stamp of a secret.
            && text != "MẬT";
        let part = Part::of(text, &folded);
        Self {
            plain,
            surname: has_surname(text),
            given: GIVEN.contains(folded.as_bytes()),
            title: TITLES.contains(&folded.as_str()) || super::TITLES.contains(&folded),
            body: begins(&BODIES),
            head: begins(&HEADS) || part.begins,
            alone: BODIES.iter().chain(HEADS.iter()).any(|phrase| phrase == folded) || part.place,
            second: BODIES.iter().chain(HEADS.iter()).any(|phrase| phrase.split(' ').nth(1) == Some(&folded))
                || part.second,
            hexadecimal: text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit()),
        }
    }
}

/// A letter of the Vietnamese alphabet, or of the Latin one, in one piece.
pub(crate) fn is_vietnamese(c: char) -> bool {
    c.is_ascii_alphabetic()
        || "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư".contains(c)
        || ('\u{1ea0}'..='\u{1ef9}').contains(&c)
}

/// Whether what stands under `Họ và tên` heads a group of rows or is a place, and is nobody's name.
pub fn names_nobody(name: &str) -> bool {
    nobody::names_nobody(name.as_bytes(), fold(name).as_bytes())
}

/// Whether a name is that of a body or a heading, or of a place.
pub(crate) fn names_a_body(name: &str) -> bool {
    let folded = fold(name);
    is_no_name(folded.as_bytes()) || nobody::names_nobody(name.as_bytes(), folded.as_bytes())
}

/// Whether a folded word before a name addresses a person.
pub(crate) fn addresses(folded: &str) -> bool {
    super::TITLES.contains(folded)
}

/// Whether a folded word is a listed given name.
pub(crate) fn is_given(folded: &[u8]) -> bool {
    GIVEN.contains(folded)
}

/// Whether a word is a listed surname in any case, with its marks or without any.
pub fn begins_names(word: &str) -> bool {
    super::is_surname(word.as_bytes(), 0..word.len())
}

/// Whether a word, capitals and all, is a listed surname.
pub(crate) fn surname(word: &[u8]) -> bool {
    super::is_surname(word, 0..word.len())
}
