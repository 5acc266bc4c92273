//! The same people in two lists, each with another of their numbers: who is named alike is one person, where nothing says
//! that they are two.
//!
//! So is who is named in a list without numbers, as in the text of a mail whose page has them.
//!
//! Only keyed hashes are kept. Namesakes are many: a name joins none who have a number of the same kind, nor two lists of
//! which most names are not in both.

use std::cmp::Reverse;
use std::collections::HashMap;

use chot_model::DetectorId;

use super::{Mark, People};

/// Who is named in a record, with the date of birth beside, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) name: u64,
    pub(super) birth: Option<u64>,
    pub(super) person: usize,
}

impl Named {
    /// The one name in the record of a person; `None` where there is another.
    pub(super) fn of(marks: &[Mark], person: usize) -> Option<Self> {
        let one = |detector| {
            let mut hashes = marks.iter().filter(|mark| mark.detector == detector).map(|mark| mark.hash);
            let first = hashes.next()?;
            hashes.all(|hash| hash == first).then_some(first)
        };
        let name = one(DetectorId::PersonName)?;
        Some(Self { name, birth: one(DetectorId::DateOfBirth), person })
    }
}

impl People {
    /// Joins those who are named alike. Where there are more than are counted exactly, nobody is.
    pub(crate) fn join_alike(&mut self) {
        let mut named = std::mem::take(&mut self.named);
        if self.is_full() || !self.may_be_alike(&named) {
            return;
        }
        self.order(&mut named);
        for alike in named.chunk_by(|a, b| a.name == b.name && a.birth == b.birth) {
            if alike.first().is_some_and(|one| one.birth.is_some()) && self.are_distinct(alike) {
                alike.windows(2).for_each(|pair| self.join(pair));
            }
        }
        self.order(&mut named);
        self.join_lists(&named);
    }

    /// Whether any two have different kinds of numbers: most lists are about one.
    fn may_be_alike(&self, named: &[Named]) -> bool {
        let mut kinds = named.iter().filter_map(|one| self.kinds.get(one.person));
        let first = kinds.next();
        kinds.any(|other| Some(other) != first)
    }

    fn order(&mut self, named: &mut Vec<Named>) {
        named.iter_mut().for_each(|one| one.person = self.root(one.person));
        named.sort_unstable();
        named.dedup();
    }

    /// By the name alone: people of two kinds of lists, most of whom are in both.
    fn join_lists(&mut self, named: &[Named]) {
        let kinds = |people: &Self, one: &Named| people.kinds.get(one.person).copied().unwrap_or_default();
        let mut persons: Vec<(usize, u32)> = named.iter().map(|one| (one.person, kinds(self, one))).collect();
        persons.sort_unstable();
        persons.dedup();
        let mut lists: HashMap<u32, usize> = HashMap::new();
        persons.iter().for_each(|(_, kinds)| *lists.entry(*kinds).or_default() += 1);
        let mut pairs: HashMap<[u32; 2], Vec<[Named; 2]>> = HashMap::new();
        for alike in named.chunk_by(|a, b| a.name == b.name).filter(|alike| alike.len() > 1) {
            let mut alike = alike.to_vec();
            // One of each, with the birth that any record told.
            alike.sort_unstable_by_key(|one| (one.person, Reverse(one.birth)));
            alike.dedup_by_key(|one| one.person);
            if !self.are_distinct(&alike) {
                continue;
            }
            for (n, one) in alike.iter().enumerate() {
                for other in alike.iter().skip(n + 1).filter(|other| one.birth.is_none() || other.birth.is_none()) {
                    let [a, b] = [one, other].map(|one| kinds(self, one));
                    pairs.entry([a.min(b), a.max(b)]).or_default().push([*one, *other]);
                }
            }
        }
        for (kinds, pairs) in pairs {
            let shorter = kinds.iter().filter_map(|kinds| lists.get(kinds)).min();
            if shorter.is_some_and(|shorter| pairs.len() * 3 >= shorter * 2) {
                pairs.iter().for_each(|pair| self.join(pair));
            }
        }
    }

    /// Whether these are different people, if at all, none of whom has a number of a kind that another has. There are no
    /// more than kinds.
    fn are_distinct(&self, alike: &[Named]) -> bool {
        let mut all = 0;
        alike.len() > 1
            && alike.iter().all(|one| {
                let kinds = self.kinds.get(one.person).copied().unwrap_or_default();
                let distinct = all & kinds == 0;
                all |= kinds;
                distinct
            })
    }

    fn join(&mut self, pair: &[Named]) {
        let [one, other] = pair else { return };
        let (one, other) = (self.root(one.person), self.root(other.person));
        let kinds = [one, other].map(|node| self.kinds.get(node).copied().unwrap_or_default());
        if one != other && kinds[0] & kinds[1] == 0 {
            self.unite(one, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use DetectorId::{Bhxh, Bhyt, Cccd, DateOfBirth, PersonName, Phone};

    use super::*;

    /// Lists of people.
    fn count(records: &[&[(DetectorId, u64)]]) -> u64 {
        let mut people = People::default();
        // As two parts of a message.
        for part in records.chunks(records.len().div_ceil(2)) {
            let mut within = People::default();
            for record in part {
                let mark =
                    |(detector, hash): &(DetectorId, u64)| Mark { detector: *detector, hash: *hash, alias: None };
                within.record(&record.iter().map(mark).collect::<Vec<_>>(), true);
            }
            people.absorb(&within.groups());
        }
        people.join_alike();
        people.count()
    }

    #[test]
    fn who_is_named_alike_is_one_unless_something_tells_them_apart() {
        for (records, people) in [
            (&[&[(PersonName, 1), (Cccd, 11)][..], &[(PersonName, 1), (Bhxh, 12)]][..], 1),
            (&[&[(PersonName, 1), (Cccd, 11)], &[(PersonName, 2), (Bhxh, 12)]], 2),
            (&[&[(PersonName, 1), (Cccd, 11)], &[(PersonName, 1), (Cccd, 12)]], 2),
            // Three lists.
            (&[&[(PersonName, 1), (Cccd, 11)], &[(PersonName, 1), (Bhxh, 12)], &[(PersonName, 1), (Bhyt, 13)]], 1),
            // Whose is the third number?
            (&[&[(PersonName, 1), (Cccd, 11)], &[(PersonName, 1), (Cccd, 12)], &[(PersonName, 1), (Bhxh, 13)]], 3),
            (
                &[
                    &[(PersonName, 1), (DateOfBirth, 5), (Cccd, 11)],
                    &[(PersonName, 1), (DateOfBirth, 6), (Cccd, 12)],
                    &[(PersonName, 1), (DateOfBirth, 6), (Bhxh, 13)],
                ],
                2,
            ),
            (&[&[(PersonName, 1), (DateOfBirth, 5), (Cccd, 11)], &[(PersonName, 1), (DateOfBirth, 6), (Bhxh, 12)]], 2),
            (&[&[(PersonName, 1), (DateOfBirth, 5), (Cccd, 11)], &[(PersonName, 1), (Bhxh, 12)]], 1),
            // A list without numbers, and with those.
            (&[&[(PersonName, 1), (DateOfBirth, 5)], &[(PersonName, 1), (DateOfBirth, 5), (Bhxh, 12)]], 1),
            (&[&[(PersonName, 1), (DateOfBirth, 6)], &[(PersonName, 1), (DateOfBirth, 5), (Bhxh, 12)]], 2),
            (&[&[(PersonName, 1), (Phone, 7)], &[(PersonName, 1), (DateOfBirth, 5), (Bhxh, 12)]], 1),
            (&[&[(PersonName, 1), (Phone, 7)], &[(PersonName, 1), (DateOfBirth, 5)]], 1),
            // Namesakes in one.
            (&[&[(PersonName, 1), (Phone, 7)], &[(PersonName, 1), (Phone, 8)]], 2),
            (&[&[(PersonName, 1), (Phone, 7)], &[(PersonName, 1), (Phone, 8)], &[(PersonName, 1), (Bhxh, 12)]], 3),
            // Two are named in one record.
            (&[&[(PersonName, 1), (PersonName, 2), (Cccd, 11)], &[(PersonName, 1), (Bhxh, 12)]], 2),
            // One has both, and another is a namesake.
            (&[&[(PersonName, 1), (Cccd, 11), (Bhxh, 12)], &[(PersonName, 1), (Bhxh, 13)]], 2),
            (&[&[(PersonName, 1), (Cccd, 11)], &[(Cccd, 11), (Bhxh, 12)], &[(PersonName, 1), (Bhxh, 13)]], 2),
        ] {
            assert_eq!(count(records), people, "{records:?}");
        }
    }

    #[test]
    fn namesakes_in_lists_of_different_people_stay_two() {
        let list = |kind, from: u64| (0..30).map(move |n| [(PersonName, from + n), (kind, 1_000 * from + n + 500)]);
        for (from, people) in [(1, 30), (5, 34), (12, 60), (25, 60), (40, 60)] {
            let records: Vec<_> = list(Cccd, 1).chain(list(Bhxh, from)).collect();
            let records: Vec<&[_]> = records.iter().map(<[_; 2]>::as_slice).collect();
            assert_eq!(count(&records), people, "{from}");
        }
    }
    #[test]
    fn who_is_in_the_text_of_a_mail_and_in_its_page_is_one() {
        use crate::{Hint, Inspector, Limits};
        const NAMES: [&str; 6] =
            ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung", "Vũ Thị Giang", "Đỗ Văn Khoa"];
        let persons = |text: fn(usize, &str) -> String, others: bool| {
            let text: String = NAMES.iter().enumerate().map(|(n, name)| text(n, name) + "\n").collect();
            let name = |n: usize| if others { NAMES[n].replace(' ', " Ngọc ") } else { NAMES[n].to_owned() };
            let row =
                |n: usize| format!("<tr><td>{}<td>05/04/198{n}<td>79{:08}</tr>", name(n), 12_345_678 + n * 7_654_321);
            let rows: String = (0..NAMES.len()).map(row).collect();
            let mail = format!(
                "From: a@example.vn\nTo: b@example.vn\nMIME-Version: 1.0\n\
                Content-Type: multipart/alternative; boundary=xyz\n\n--xyz\n\
                Content-Type: text/plain; charset=utf-8\n\n{text}\n--xyz\n\
                Content-Type: text/html; charset=utf-8\n\n\
                <table><tr><th>Họ và tên<th>Ngày sinh<th>Mã số BHXH</tr>{rows}</table>\n--xyz--\n"
            );
            let inspected = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &mail.into_bytes());
            inspected.inspection.persons
        };
        let forms: [fn(usize, &str) -> String; 2] =
            [|n, name| format!("{n}. {name}, sinh ngày 05/04/198{n}"), |n, name| format!("{n}. {name} - 091234567{n}")];
        for (n, text) in forms.into_iter().enumerate() {
            assert_eq!(persons(text, false), 6, "{n}");
            assert_eq!(persons(text, true), 12, "{n}");
        }
    }
}
