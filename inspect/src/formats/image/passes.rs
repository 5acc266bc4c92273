//! What was read twice at one place: a card laid flat, and the page that shows it. Where the two tell a number that differs
//! by a digit or two, one of them misread it.
//!
//! Two cards, and two numbers of one page, are never taken for one: people of a family have numbers that are alike.

use std::collections::HashSet;
use std::ops::Range;

/// Digits of the shortest and of the longest number of a person.
const DIGITS: std::ops::RangeInclusive<usize> = 9..=15;
/// Digits of one number that are read otherwise the second time.
const DIFFERENT_MAX: usize = 2;
/// A picture has no more cards, and a card no more numbers.
const NUMBERS_MAX: usize = 256;

/// The texts of a picture's prints, in their order.
#[derive(Default)]
pub(super) struct Passes {
    texts: Vec<(String, bool)>,
}

impl Passes {
    /// Adds what was read of a print, or of a `card` laid flat.
    pub(super) fn add(&mut self, text: String, card: bool) {
        self.texts.push((text, card));
    }

    /// The texts, numbers of a card that a page shows again told alike: as the one of both has it that agrees better with the
    /// day of birth and the sex that were read, or else as the card does, which is read at its best size.
    pub(super) fn agreed(mut self) -> Vec<String> {
        let all = |of_cards: bool| -> HashSet<String> {
            let texts = self.texts.iter().filter(|(_, card)| *card == of_cards);
            texts
                .flat_map(|(text, _)| numbers(text).into_iter().filter_map(|at| text.get(at)))
                .map(str::to_owned)
                .collect()
        };
        let (cards, pages) = (all(true), all(false));
        if cards.len().max(pages.len()) <= NUMBERS_MAX {
            let said: Vec<Evidence> = self.texts.iter().map(|(text, _)| Evidence::of(text)).collect();
            let mut wrong: Vec<(&String, &String)> = Vec::new();
            for page in pages.iter().filter(|page| !cards.contains(*page)) {
                let mut alike = cards.iter().filter(|card| !pages.contains(*card) && differ(card, page));
                if let (Some(card), None) = (alike.next(), alike.next()) {
                    let weight = |number: &str| said.iter().map(|said| said.weight(number)).max();
                    wrong.push(if weight(page) > weight(card) { (card, page) } else { (page, card) });
                }
            }
            for (text, _) in &mut self.texts {
                for at in numbers(text).into_iter().rev() {
                    let right =
                        text.get(at.clone()).and_then(|number| wrong.iter().find(|(wrong, _)| *wrong == number));
                    if let Some((_, right)) = right {
                        text.replace_range(at, right);
                    }
                }
            }
        }
        self.texts.into_iter().map(|(text, _)| text).collect()
    }
}

/// Where numbers stand that may be a person's.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        match (byte.is_ascii_digit(), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                if DIGITS.contains(&(at - start)) {
                    found.push(start..at);
                }
                from = None;
            }
            _ => {}
        }
    }
    found
}

/// Whether two numbers may be one that was misread.
fn differ(a: &str, b: &str) -> bool {
    a.len() == b.len() && (1..=DIFFERENT_MAX).contains(&a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count())
}

/// What a text says of who is on it.
struct Evidence {
    years: HashSet<String>,
    is_man: bool,
    is_woman: bool,
}

impl Evidence {
    fn of(text: &str) -> Self {
        // Of days, the year is what stands behind the second stroke.
        let days = text.split(|c: char| !(c.is_ascii_digit() || c == '/')).filter_map(|day| day.split('/').nth(2));
        let years = days.filter(|year| year.len() == 4).map(str::to_owned).collect();
        let is_said = |word: &str| text.split(|c: char| !c.is_alphabetic()).any(|said| said == word);
        Self { years, is_man: is_said("Nam"), is_woman: is_said("Nữ") }
    }

    /// How well a citizen's number agrees: its century and sex, and its year (decree 137/2015, article 13).
    fn weight(&self, number: &str) -> usize {
        let (12, Some(sex), Some(year)) = (number.len(), number.get(3..4), number.get(4..6)) else { return 0 };
        let Ok(sex) = sex.parse::<usize>() else { return 0 };
        let whole = format!("{}{year}", 19 + sex / 2);
        let agrees = if sex % 2 == 0 { self.is_man } else { self.is_woman };
        usize::from(self.years.contains(&whole)) * 2 + usize::from(agrees)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(card: &str, page: &str) -> Vec<String> {
        let mut passes = Passes::default();
        passes.add(card.to_owned(), true);
        passes.add(page.to_owned(), false);
        passes.agreed()
    }

    #[test]
    fn one_card_read_twice_has_one_number() {
        // The card holds, unless the page agrees better with what is printed.
        assert_eq!(agreed("Số 001090123456", "Số 001090128456"), ["Số 001090123456", "Số 001090123456"]);
        let page = "Số 001090123456 Ngày sinh 01/02/1990 Nam";
        assert_eq!(agreed("Số 001060123456", page), ["Số 001090123456", page]);
        assert_eq!(agreed("GD4791234567890", "GD4791284567890"), ["GD4791234567890", "GD4791234567890"]);
        // A sex that does not agree.
        let page = "Số 001190123456 Ngày sinh 01/02/1990 Giới tính Nữ";
        assert_eq!(agreed("Số 001090123456", page), ["Số 001190123456", page]);
    }

    #[test]
    fn numbers_of_two_people_stay_two() {
        for (card, page) in [
            // Three digits differ; another length; both stand on the page; the card has both.
            ("001090123456", "001090789956"),
            ("001090123456", "00109012346"),
            ("001090123456", "001090123456 001090123457"),
            ("001090123456 001090123457", "001090123457"),
            // Two on the card are alike to one: nobody knows which.
            ("001090123456 001090123457", "001090123458"),
        ] {
            let card = card.to_owned();
            assert_eq!(agreed(&card, page), [card, page.to_owned()]);
        }
        let mut passes = Passes::default();
        for number in ["001090123456", "001090123457"] {
            passes.add(number.to_owned(), true);
        }
        assert_eq!(passes.agreed(), ["001090123456", "001090123457"]);
    }
}
