//! Rows that nothing heads: read as running text, their cells with signs between.

use std::ops::Range;

use super::persons::listed;
use super::{COLUMNS_MAX, Row, Shape, Stat, Table, Waiting, comb, filled, is_counted, is_number, is_title};
use crate::inquiry::Inquiry;
use crate::text;
use crate::view::View;

impl Table {
    /// A row as running text, its cells set apart.
    pub(super) fn prose(&mut self, number: u64, row: &Row, record: bool, inquiry: &mut Inquiry) {
        let mut line = View::default();
        let mut starts = Vec::new();
        // `Họ tên: …  Mã số: …` means what the title above says.
        let lone = filled(row) == 1;
        if lone && let Some(title) = self.title.as_ref() {
            line.push_joint(title);
        }
        let above = line.text.len();
        for (at, view) in row {
            if line.text.len() > above {
                line.push_joint(b" | ");
            }
            starts.push((line.text.len(), *at, is_number(&view.text)));
            line.push_view(view, 0..view.text.len());
        }
        if let Some((_, view)) = row.iter().find(|_| lone).filter(|(_, view)| is_title(view.text.trim_ascii())) {
            self.title = Some([view.text.trim_ascii(), b"\n"].concat());
        }
        // Offsets count from where the row begins in the text, as far as cells follow each other there.
        let base = row.first().map_or(0, |(_, view)| view.base).saturating_sub(above as u64);
        line.base = base;
        let mut found = Vec::new();
        text::value_behind(&self.place, &line, above, None, inquiry, &mut found);
        let mut row_found = Vec::new();
        let follow = !found.is_empty() && follow(row);
        for mut f in found {
            let range = (f.finding.range.start - base) as usize..(f.finding.range.end - base) as usize;
            let (_, at, number_cell) = cell_at(&starts, range.start).map_or((0, 0, false), |(_, start)| *start);
            if let Some(stands) = stands(row, &starts, &range).filter(|_| follow) {
                f.finding.range = stands;
            }
            if self.name.is_some() {
                f.finding.part = self.part(number, at);
            }
            row_found.push((at, f, number_cell && record));
        }
        if let Some((at, boxed)) = comb::read(&self.place, row, &self.said, self.rows <= 1, inquiry) {
            for mut f in boxed {
                if self.name.is_some() {
                    f.finding.part = self.part(number, at);
                }
                row_found.push((at, f, false));
            }
        }
        self.said.take(line.text.get(above..).unwrap_or_default());
        if !record {
            for (_, f, _) in row_found {
                if let Some(mark) = inquiry.report(f) {
                    inquiry.people.record(&[mark], false);
                }
            }
            return;
        }
        for (at, view) in row {
            if let Some(Shape::Bare(columns)) = &self.shape
                && let Some(column) = columns.get(*at).copied().flatten()
            {
                row_found.retain(|(c, f, _)| c != at || !f.finding.detector.is_identifier());
                self.cell(number, *at, view, Some(column), inquiry, &mut row_found);
            }
        }
        for ((_, at, number_cell), (_, view)) in starts.into_iter().zip(row) {
            self.stats.resize((at + 1).min(COLUMNS_MAX).max(self.stats.len()), Stat::default());
            if number_cell && let Some(stat) = self.stats.get_mut(at) {
                stat.count(&view.text, row_found.iter().any(|(c, f, _)| *c == at && is_counted(f)));
            }
        }
        // Two cells a row, no header: a form with the headings on the left, one line of it.
        let record = filled(row) > 2;
        let listed = listed(row_found.iter().map(|(_, f, _)| f), inquiry);
        self.wait(Waiting { found: row_found, named: None, listed, who: None, record }, inquiry);
    }
}

/// Whether the cells of a row follow each other in one text.
fn follow(row: &Row) -> bool {
    let cells = || row.iter().map(|(_, view)| view).filter(|view| !view.text.is_empty());
    let follows = |(before, next): (&View, &View)| before.base + before.text.len() as u64 <= next.base;
    cells().zip(cells().skip(1)).all(follows)
}

/// Which cell a place of the running text is in: what stands between two cells is of the one before.
fn cell_at(starts: &[(usize, usize, bool)], at: usize) -> Option<(usize, &(usize, usize, bool))> {
    let cell = starts.partition_point(|(start, ..)| *start <= at).checked_sub(1)?;
    Some((cell, starts.get(cell)?))
}

/// Where a part of a row as running text stands, if its cells follow each other.
fn stands(row: &Row, starts: &[(usize, usize, bool)], range: &Range<usize>) -> Option<Range<u64>> {
    let place = |at: usize| {
        let (cell, (start, ..)) = cell_at(starts, at)?;
        let (_, view) = row.get(cell)?;
        Some(view.base + (at - start).min(view.text.len()) as u64)
    };
    Some(place(range.start)?..place(range.end)?)
}
