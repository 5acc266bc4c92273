//! Letters that a drawing refers to as shapes (`use`): programs that print to a drawing turn them into outlines.

use crate::markup::Tag;

/// So many shapes behind another are letters of a text, and no pictures: as many as the shortest number has.
const LETTERS_MIN: u32 = 8;

#[derive(Default)]
pub(super) struct Shapes {
    /// Of the drawing at hand, those right behind another. A number may be drawn in groups of a few.
    count: u32,
    /// What the last of them refers to, and whether another refers to something else: one shape alone is no text.
    last: Option<String>,
    differ: bool,
    /// The element opened last was one.
    is_shape: bool,
    /// Drawings open within each other: those within are parts of the one around them.
    drawings: u32,
    are_letters: bool,
}

impl Shapes {
    /// An element begins, its name in lower case.
    pub(super) fn open(&mut self, tag: &Tag<'_>, name: &[u8]) {
        let before = std::mem::replace(&mut self.is_shape, name == b"use");
        self.count += u32::from(before && self.is_shape);
        if self.is_shape {
            let last = std::mem::replace(&mut self.last, tag.string(b"href"));
            self.differ |= last.is_some_and(|last| Some(&last) != self.last.as_ref());
        }
        self.drawings += u32::from(name == b"svg");
        self.are_letters |= self.differ && self.count >= LETTERS_MIN;
    }

    /// A drawing ends: icons of a page, of a few shapes each, are no text together.
    pub(super) fn end_drawing(&mut self) {
        self.drawings = self.drawings.saturating_sub(1);
        if self.drawings == 0 {
            (self.count, self.is_shape, self.last, self.differ) = (0, false, None, false);
        }
    }

    pub(super) const fn are_letters(&self) -> bool {
        self.are_letters
    }
}
