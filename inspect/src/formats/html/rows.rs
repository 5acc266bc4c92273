//! Tables that a page lays out from any elements: `<div class=row><div>…</div><div>…</div></div>`, again and again.
//!
//! A second look, by nothing but how the elements stand: rows are neighbours with as many elements each, and no text
//! beside these. Only where the first of them announces something is anything copied.

use std::ops::Range;

use super::placement::is_void;
use crate::inquiry::{Inquiry, Place};
use crate::table::{Heading, Row, Table};
use crate::view::View;

/// Elements open within each other; those deeper are part of the last.
const OPEN_MAX: usize = 64;
/// A longer element is no row: so much of a page is still there when its end has come.
const ROW_BYTES_MAX: u64 = 1_024;
/// Cells of a row, as many as a table has columns.
const CELLS_MAX: usize = 64;

/// Elements whose text is none of the page's, or that lay it out in their own way.
const OTHERS: [&[u8]; 5] = [b"script", b"style", b"svg", b"select", b"body"];

/// An element that is open.
struct Open {
    name: u64,
    /// Where its text begins.
    start: u64,
    /// How many cells were known when it began; those behind are its own elements.
    cells: usize,
    inline: bool,
}

/// The table at hand.
struct Laid {
    depth: usize,
    cells: usize,
    /// Where its last row ends.
    end: u64,
    /// The first row, until another follows.
    first: Option<Row>,
    table: Box<Table>,
    rows: u64,
}

#[derive(Default)]
pub(super) struct Rows {
    open: Vec<Open>,
    /// So many more are open.
    deeper: u64,
    /// Where the elements stand that ended within those open.
    cells: Vec<Range<u64>>,
    laid: Option<Laid>,
}

/// What tells names from each other, whatever their case: their first letters and their length.
fn key(name: &[u8]) -> u64 {
    let letters = name.iter().take(7).fold(0, |key, b| key << 8 | u64::from(b.to_ascii_lowercase()));
    letters << 8 | name.len() as u64 & 0xff
}

impl Rows {
    /// An element begins at the end of what was read.
    pub(super) fn open(&mut self, name: &[u8], inline: bool, read: &View) {
        if is_void(name) || OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return;
        }
        if self.open.len() >= OPEN_MAX {
            self.deeper += 1;
            return;
        }
        let start = read.base + read.text.len() as u64;
        self.open.push(Open { name: key(name), start, cells: self.cells.len(), inline });
    }

    /// An element ends at the end of what was read, with those left open in it.
    pub(super) fn close(&mut self, name: &[u8], place: &Place, read: &View, inquiry: &mut Inquiry) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let name = key(name);
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else { return };
        self.open.truncate(at + 1);
        let Some(Open { start, cells, inline, .. }) = self.open.pop() else { return };
        let end = read.base + read.text.len() as u64;
        if self.cells.len() >= cells + 2 && end - start <= ROW_BYTES_MAX {
            self.row(cells, start..end, place, read, inquiry);
        }
        self.cells.truncate(cells);
        if self.open.is_empty() {
            self.cells.clear();
        } else if self.cells.len() - self.open.last().map_or(0, |open| open.cells) > CELLS_MAX {
            // It is no row any more, however many follow.
        } else if !inline || bytes(read, start..end).is_some_and(|text| !text.trim_ascii().is_empty()) {
            self.cells.push(start..end);
        }
    }

    /// An element of several others is a row if nothing else stands in it.
    fn row(&mut self, first: usize, within: Range<u64>, place: &Place, read: &View, inquiry: &mut Inquiry) {
        let cells = self.cells.get(first..).unwrap_or_default();
        let blank = |between: Range<u64>| bytes(read, between).is_some_and(|text| text.trim_ascii().is_empty());
        let starts = cells.iter().map(|cell| cell.start).chain([within.end]);
        let ends = [within.start].into_iter().chain(cells.iter().map(|cell| cell.end));
        if cells.len() > CELLS_MAX || !ends.zip(starts).all(|(end, start)| blank(end..start)) {
            return;
        }
        let (depth, count) = (self.open.len(), cells.len());
        let goes_on = |laid: &Laid| laid.depth == depth && laid.cells == count && blank(laid.end..within.start);
        if !self.laid.as_ref().is_some_and(goes_on) {
            let texts = || cells.iter().map(|cell| bytes(read, cell.clone()).unwrap_or_default().trim_ascii());
            if Heading::of(std::iter::once(texts()), inquiry).is_silent() {
                return;
            }
            finish(&mut self.laid, inquiry);
            let place = Place { again: true, charset: None, ..place.clone() };
            let table = Box::new(Table::second_look(place));
            self.laid = Some(Laid { depth, cells: count, end: 0, first: None, table, rows: 0 });
        }
        let row: Row = cells.iter().map(|cell| copy(read, cell)).enumerate().collect();
        let Some(laid) = &mut self.laid else { return };
        laid.end = within.end;
        laid.rows += 1;
        if laid.rows == 1 {
            laid.first = Some(row);
            return;
        }
        for row in laid.first.take().into_iter().chain([row]) {
            laid.table.row(laid.rows, row, inquiry);
        }
    }

    /// No row follows.
    pub(super) fn end(&mut self, inquiry: &mut Inquiry) {
        finish(&mut self.laid, inquiry);
    }
}

fn finish(laid: &mut Option<Laid>, inquiry: &mut Inquiry) {
    if let Some(mut laid) = laid.take().filter(|laid| laid.rows > 1) {
        laid.table.finish(inquiry);
    }
}

/// What was read at a place, as long as it is still there.
fn bytes(read: &View, at: Range<u64>) -> Option<&[u8]> {
    read.text.get(at.start.checked_sub(read.base)? as usize..at.end.checked_sub(read.base)? as usize)
}

/// A copy of it without the blanks around.
fn copy(read: &View, at: &Range<u64>) -> View {
    let mut view = View::default();
    if let Some(text) = bytes(read, at.clone()) {
        let start = (at.start - read.base) as usize + text.len() - text.trim_ascii_start().len();
        view.push_view(read, start..start + text.trim_ascii().len());
        view.base = read.base + start as u64;
    }
    view
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn rows_of_any_elements_are_a_table_under_their_header() {
        let row = |cells: [&str; 3], [around, within]: [&str; 2]| {
            let cells = cells.map(|cell| format!("<{within} class=c>{cell}</{within}>")).concat();
            format!("<{around} class=r>{cells}</{around}>\n")
        };
        for heading in ["Mã số BHXH", "Số hóa đơn"] {
            for names in [["div", "div"], ["div", "span"], ["ul", "li"], ["section", "p"], ["a", "b"]] {
                let head = row(["STT", "Họ tên", heading], names);
                let each = |(n, name): (usize, &&str)| {
                    row([&n.to_string(), &format!("<i>{name}</i>"), &format!("401234567{n}")], names)
                };
                let body: String = ["Lê Văn An", "Vũ Thị Bình", "Đỗ Văn Em"].iter().enumerate().map(each).collect();
                let filling = "<p>Một đoạn văn dài của trang này.</p>".repeat(3_000);
                for page in [
                    format!("<div class=grid>{head}{body}</div>"),
                    format!("<div><div class=head>{head}</div><div class=body>{body}</div></div>"),
                    format!("<html><body>{filling}<div>{head}{body}</div>{filling}</body></html>"),
                ] {
                    let inspection = Inspector::new(Limits::default(), 2026)
                        .inspect(Hint::default(), &page.clone().into_bytes())
                        .inspection;
                    let found = if heading == "Mã số BHXH" { 3 } else { 0 };
                    assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{}", page.replace(&filling, "…"));
                }
            }
        }
    }

    #[test]
    fn what_stands_elsewhere_is_under_no_header() {
        let head = "<div><span>Họ tên</span><span>Mã số BHXH</span></div>";
        for rest in [
            "<p>Kho hàng</p><div><span>An</span><span>4012345678</span></div>",
            "<p>Kho hàng</p><div><div><span>An</span><span>4012345678</span></div></div>",
        ] {
            let page = format!("<html><body>{head}{rest}</body></html>");
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &page.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), 0, "{page}");
        }
    }
}
