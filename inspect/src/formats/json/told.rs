//! What members say of others beside them: a subject of those that follow and of what they hold, a name of the number before it.

use chot_detectors::Column;

use super::role::Role;
use super::{Json, Level};
use crate::inquiry::{Inquiry, Place};
use crate::text;
use crate::view::View;

impl Json {
    /// A subject that may announce what the other members of its object hold, and those within them.
    pub(super) fn announce(&mut self, subject: &[u8]) {
        let Some(level) = self.levels.last_mut().filter(|level| !level.array && self.deeper == 0) else { return };
        let place = Place { afar: self.afar, ..self.value.place.clone() };
        let afar = place.announced(&String::from_utf8_lossy(subject)).afar;
        let around = std::mem::replace(&mut self.afar, afar);
        level.around.get_or_insert(around);
    }

    /// Whether what is announced from afar may speak of the value of the key at hand.
    pub(super) const fn is_spoken_of(&self) -> bool {
        matches!(self.role, Role::Told | Role::Index | Role::Body)
    }

    /// Reads a number once more that a member behind it names.
    pub(super) fn told_behind(&mut self, column: Column, number: &View, inquiry: &mut Inquiry) {
        let place = Place { again: true, ..self.value.place.clone() };
        let mut found = Vec::new();
        text::value(&place, number, Some(column), inquiry, &mut found);
        for f in found {
            if let Some(mark) = inquiry.report(f) {
                self.tree.add(mark, inquiry);
            }
        }
    }

    /// Keeps the number at hand, if a member behind it may say what it is.
    pub(super) fn keep_number(&mut self, number: impl FnOnce() -> View) {
        let is_open = |level: &&mut Level| !level.array && level.told.is_none() && level.key.is_none();
        if let Some(level) = self.levels.last_mut().filter(is_open).filter(|_| self.role == Role::Told) {
            level.unsaid = Some(number());
        }
    }
}
