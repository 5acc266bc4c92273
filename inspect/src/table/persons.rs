//! Rows that are about a person though no identifier stands in them: a list of people is one all the same.

use std::hash::BuildHasher;

use chot_detectors::Column;
use chot_model::{Confidence, DetectorId};

use super::Table;
use crate::inquiry::{Found, Inquiry};
use crate::people::Mark;

impl Table {
    /// Whoever is named in a row under `Họ tên` with a birth date, telephone number or address beside: a list of
    /// people is one whether or not it holds an identifier.
    ///
    /// `found` gives the hash of what a detector found in a column.
    pub(super) fn named<'t>(
        &self,
        row: impl Iterator<Item = (usize, &'t [u8])> + Clone,
        found: impl Fn(usize, &[DetectorId]) -> Option<u64>,
        inquiry: &Inquiry,
    ) -> Option<Mark> {
        let cell = |wanted: fn(Column) -> bool| {
            row.clone()
                .filter(|(at, _)| self.announced(*at).is_some_and(wanted))
                .map(|(at, text)| (at, text.trim_ascii()))
                .find(|(_, text)| text.len() > 1)
        };
        let (at, name) = cell(|c| matches!(c, Column::Name | Column::GivenName))?;
        // Under `Tên` stand companies and goods as well.
        let short = name.split(u8::is_ascii_whitespace).nth(2).is_none();
        let person = found(at, &[DetectorId::PersonName]);
        if !short && person.is_none() {
            return None;
        }
        let (by, beside) = cell(|c| {
            matches!(c, Column::BirthDate | Column::BirthYear | Column::Phone | Column::Address | Column::Health)
        })?;
        let letters = name.iter().any(|b| b.is_ascii_alphabetic()) && !name.iter().any(u8::is_ascii_digit);
        // As the lines of running text are told apart.
        let told = found(by, &[DetectorId::DateOfBirth, DetectorId::Phone, DetectorId::Address]);
        let other = |text: &[u8]| inquiry.key.hash_one(text);
        let hash = person.unwrap_or_else(|| other(name)) ^ told.unwrap_or_else(|| other(beside)).rotate_left(1);
        letters.then_some(Mark { detector: DetectorId::PersonName, hash, alias: None })
    }
}

/// Whoever a row seems to name, with a birth date, telephone number or address beside, however doubtful each is.
pub(super) fn listed<'f>(mut found: impl Iterator<Item = &'f Found> + Clone, inquiry: &Inquiry) -> Option<Mark> {
    let hash = |f: &Found| inquiry.hash(&f.finding);
    let name = found.clone().find(|f| f.finding.detector == DetectorId::PersonName)?;
    let beside = found.find(|f| match f.finding.detector {
        DetectorId::DateOfBirth | DetectorId::Phone => true,
        DetectorId::Address => f.finding.confidence >= Confidence::Medium,
        _ => false,
    })?;
    let hash = hash(name) ^ hash(beside).rotate_left(1);
    Some(Mark { detector: DetectorId::PersonName, hash, alias: None })
}
