//! What words announce a candidate as, and how firmly.

use crate::Column;

/// How firmly something was announced, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Firm {
    /// Nothing was said.
    Not,
    /// A word that also stands in a hundred other places (`BHXH`), directly before.
    Weak,
    /// A word that names it, some words away.
    Near,
    /// A word that names it, directly before or after.
    Direct,
    /// The header of its column or its key.
    Column,
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(pub(super) u32);

impl Columns {
    pub(crate) const fn of(columns: &[Column]) -> Self {
        let mut set = 0;
        let mut n = 0;
        while n < columns.len() {
            set |= 1 << columns[n] as u32;
            n += 1;
        }
        Self(set)
    }

    pub(super) const fn and(self, column: Column) -> Self {
        Self(self.0 | 1 << column as u32)
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn insert(&mut self, column: Column) {
        *self = self.and(column);
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a candidate was announced as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced {
    pub(super) as_any_of: Columns,
    pub(super) firm: Firm,
    /// A currency or unit stands right behind: it is an amount.
    pub(crate) amount: bool,
}

impl Announced {
    /// How firmly it was announced as any of `columns`.
    pub(crate) const fn firm(self, columns: Columns) -> Firm {
        if self.as_any_of.meets(columns) { self.firm } else { Firm::Not }
    }
}
