//! Running text of documents and slides: runs joined per paragraph, tables row by row, deleted and hidden text too.

use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::table::Table;
use crate::text::{self, Text};
use crate::view::View;

pub(super) struct Words {
    place: Place,
    text: Text,
    cell: Text,
    /// Everything that is no text of the document: positions, alternative descriptions, formulas.
    side: Text,
    in_text: u32,
    tables: u32,
    in_cell: bool,
    table: Table,
    row: Vec<(usize, View)>,
    rows: u64,
}

impl Words {
    pub(super) fn new(place: Place) -> Self {
        Self {
            text: Text::prose(place.clone()),
            cell: Text::new(place.clone()),
            side: Text::new(place.clone()),
            table: Table::new(place.clone()),
            place,
            in_text: 0,
            tables: 0,
            in_cell: false,
            row: Vec::new(),
            rows: 0,
        }
    }

    fn here(&mut self) -> &mut Text {
        if self.in_cell { &mut self.cell } else { &mut self.text }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if !self.row.is_empty() {
            self.rows += 1;
            let row = std::mem::take(&mut self.row);
            self.table.row(self.rows, row, inquiry);
        }
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.text.finish(inquiry);
        self.cell.finish(inquiry);
        self.side.finish(inquiry);
    }
}

impl Reader for Words {
    fn text(&mut self) -> &mut Text {
        match (self.in_text > 0, self.in_cell) {
            (true, true) => &mut self.cell,
            (true, false) => &mut self.text,
            (false, _) => &mut self.side,
        }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        const CELL_MAX: usize = 1 << 16;
        if self.cell.view.text.len() > CELL_MAX {
            let all = 0..self.cell.view.text.len();
            self.text.view.push_view(&self.cell.view, all);
            self.cell.view.clear();
        }
        self.text.advance(inquiry);
        self.side.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"t" | b"delText" | b"instrText" | b"delInstrText" => self.in_text += 1,
            b"tbl" => self.tables += 1,
            b"tc" if self.tables == 1 => self.in_cell = true,
            b"tab" | b"ptab" => self.here().joint(b"\t"),
            b"br" | b"cr" => self.here().joint(b"\n"),
            b"noBreakHyphen" => self.here().joint(b"-"),
            // What people write into attributes: descriptions of pictures, authors, tips, field codes.
            b"docPr" | b"cNvPr" | b"comment" | b"hyperlink" | b"fldSimple" | b"ins" | b"del" | b"bookmarkStart"
            | b"alias" | b"tag" | b"docVar" => {
                let mut found = Vec::new();
                for (_, value) in tag.attributes() {
                    text::value(&self.place, &value, None, inquiry, &mut found);
                }
                let marks = found.into_iter().filter_map(|f| inquiry.report(f)).collect();
                self.text.mark(marks);
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match name {
            b"t" | b"delText" | b"instrText" | b"delInstrText" => self.in_text = self.in_text.saturating_sub(1),
            b"p" => self.here().joint(b"\n"),
            b"tc" if self.tables == 1 => {
                let mut view = std::mem::take(&mut self.cell.view);
                view.trim(0);
                let column = self.row.len();
                self.row.push((column, view));
                self.in_cell = false;
            }
            b"tr" if self.tables == 1 => self.end_row(inquiry),
            b"tbl" => {
                if self.tables == 1 {
                    self.end_row(inquiry);
                    self.table.finish(inquiry);
                    self.rows = 0;
                }
                self.tables = self.tables.saturating_sub(1);
            }
            _ if self.in_text == 0 => self.side.joint(b"\n"),
            _ => {}
        }
    }
}
