//! What people write all day, each in words of its own: letters, chats, forms, lists, exports of programs.
//!
//! `letters/found.txt` and `letters/innocent.txt` hold one after another behind a line `=== NAME people=2 cccd=2`: how
//! many people, how many different numbers of each kind, and `bulk` for lists. All people are invented; the numbers are
//! random and only laid out as real ones are.

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::DetectorId;

const FOUND: &str = include_str!("letters/found.txt");
const INNOCENT: &str = include_str!("letters/innocent.txt");

struct Letter<'t> {
    name: &'t str,
    told: Vec<&'t str>,
    text: &'t str,
}

impl Letter<'_> {
    fn number(&self, of: &str) -> u64 {
        let told = self.told.iter().find_map(|told| told.strip_prefix(of)?.strip_prefix('='));
        told.map_or(0, |n| n.parse().expect("a number"))
    }

    /// What an inspection says that differs from what is told.
    fn faults(&self, inspector: &Inspector) -> Vec<String> {
        let name = self.name.to_owned();
        let hint = Hint { name: Some(name), ..Hint::default() };
        let inspection = inspector.inspect(hint, &self.text.as_bytes().to_vec()).inspection;
        let told = |what: &str, wanted: u64, got: u64| {
            (wanted != got).then(|| format!("{}: {what} {got}, not {wanted}", self.name))
        };
        let kinds = DetectorId::identifiers().map(|id| told(id.id(), self.number(id.id()), inspection.distinct(id)));
        let people = told("people", self.number("people"), inspection.persons);
        let bulk = told("bulk", self.told.contains(&"bulk").into(), inspection.bulk.into());
        let opaque = told("opaque", 0, inspection.opaque.len() as u64);
        kinds.chain([people, bulk, opaque]).flatten().collect()
    }
}

fn letters(all: &str) -> Vec<Letter<'_>> {
    let letter = |part| {
        let (head, text): (&str, &str) = str::split_once(part, '\n').expect("a line that tells of it");
        let mut told = head.split(' ');
        Letter { name: told.next().expect("a name"), told: told.collect(), text }
    };
    all.split("=== ").skip(1).map(letter).collect()
}

fn faults(all: &str) -> Vec<String> {
    let inspector = Inspector::new(Limits::default(), 2026);
    letters(all).iter().flat_map(|letter| letter.faults(&inspector)).collect()
}

#[test]
fn what_is_written_about_people_is_found() {
    assert!(letters(FOUND).len() > 40);
    assert_eq!(faults(FOUND), Vec::<String>::new());
}

#[test]
fn what_only_looks_like_it_is_left_alone() {
    assert!(letters(INNOCENT).iter().all(|letter| letter.told.is_empty()));
    assert!(letters(INNOCENT).len() > 40);
    assert_eq!(faults(INNOCENT), Vec::<String>::new());
}

#[test]
fn a_wrong_label_is_told() {
    let text = FOUND.replacen("people=", "people=9", 1);
    assert_eq!(faults(&text).len(), 1);
}
