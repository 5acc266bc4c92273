//! Pivot caches: the register that a summary was made of stays in the file, whatever the sheet shows.
//!
//! The definition names the fields and holds the values they share; the records are rows of these and of values of
//! their own. Both are judged under the names of the fields.

use std::collections::HashMap;

use super::{attributes, typed};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::table::Table;
use crate::text::{self, Text};
use crate::view::View;

/// Names of fields by the number in the name of their part, which definition and records share.
#[derive(Default)]
pub(super) struct Fields(HashMap<String, Vec<String>>);

const FIELDS_MAX: usize = 16_384;
const CACHES_MAX: usize = 1_000;

impl Fields {
    /// The fields of the cache that a part belongs to.
    pub(super) fn of(&self, part: &str) -> &[String] {
        self.0.get(&number(part)).map(Vec::as_slice).unwrap_or_default()
    }
}

fn number(part: &str) -> String {
    part.chars().filter(char::is_ascii_digit).collect()
}

/// The definition of a cache.
pub(super) struct Definition<'f> {
    names: Option<&'f mut Vec<String>>,
    column: Option<chot_detectors::Column>,
    text: Text,
}

impl<'f> Definition<'f> {
    pub(super) fn new(place: Place, part: &str, fields: &'f mut Fields) -> Self {
        let names = (fields.0.len() < CACHES_MAX).then(|| fields.0.entry(number(part)).or_default());
        Self { names, column: None, text: Text::new(place) }
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
    }
}

impl Reader for Definition<'_> {
    fn text(&mut self) -> &mut Text {
        &mut self.text
    }

    fn side(&mut self) -> &mut Text {
        &mut self.text
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        self.text.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"cacheField" => {
                let name = tag.string(b"name").unwrap_or_default();
                self.column = inquiry.column(name.trim());
                if let Some(names) = self.names.as_mut().filter(|names| names.len() < FIELDS_MAX) {
                    names.push(name);
                }
                attributes(tag, true, &mut self.text, inquiry);
            }
            b"s" | b"n" | b"d" | b"x" => {
                if let Some(value) = tag.attribute(b"v") {
                    let mut found = Vec::new();
                    text::value(&self.text.place, &typed(value), self.column, inquiry, &mut found);
                    for f in found {
                        // Values that a field shares say nothing of who belongs together.
                        let mark = inquiry.report(f);
                        inquiry.people.record(mark.as_slice(), true);
                    }
                }
            }
            _ => {
                attributes(tag, true, &mut self.text, inquiry);
            }
        }
    }

    fn close(&mut self, name: &[u8], _inquiry: &mut Inquiry) {
        if name == b"cacheField" {
            self.column = None;
        }
    }
}

/// The records of a cache.
pub(super) struct Records {
    table: Table,
    text: Text,
    row: Vec<(usize, View)>,
    column: usize,
    rows: u64,
}

impl Records {
    pub(super) fn new(place: Place, fields: &[String]) -> Self {
        let head = |(n, name): (usize, &String)| {
            let mut view = View::default();
            view.push_joint(name.as_bytes());
            (n, view)
        };
        let row = fields.iter().enumerate().map(head).collect();
        Self { table: Table::new(place.clone()), text: Text::new(place), row, column: 0, rows: 0 }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.column = 0;
        if !self.row.is_empty() {
            self.rows += 1;
            let row = std::mem::take(&mut self.row);
            self.row = self.table.cells(self.rows, row, inquiry);
            self.row.clear();
        }
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.text.finish(inquiry);
    }
}

impl Reader for Records {
    fn text(&mut self) -> &mut Text {
        &mut self.text
    }

    fn side(&mut self) -> &mut Text {
        &mut self.text
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        self.text.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"r" => self.end_row(inquiry),
            b"s" | b"n" | b"d" if self.column < FIELDS_MAX => {
                if let Some(value) = tag.attribute(b"v") {
                    self.row.push((self.column, typed(value)));
                }
                self.column += 1;
            }
            // A shared value was judged with its field.
            b"x" | b"b" | b"e" | b"m" => self.column += 1,
            _ => {
                attributes(tag, true, &mut self.text, inquiry);
            }
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        if name == b"r" {
            self.end_row(inquiry);
        }
    }
}
