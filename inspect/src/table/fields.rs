//! Rows whose cells are headed by others of the same row: tables read sideways, and forms.

use chot_detectors::Column;
use chot_model::DetectorId;

use super::{COLUMNS_MAX, FORM_MAX, Row, Table, announce, heading};
use crate::inquiry::Inquiry;
use crate::people::Mark;
use crate::view::View;

impl Table {
    pub(super) fn across(&mut self, number: u64, row: &Row, inquiry: &mut Inquiry) {
        let label = row.iter().position(|(_, view)| !view.text.trim_ascii().is_empty()).unwrap_or(0);
        let heading = row.get(label).and_then(|(_, view)| announce(&view.text, inquiry));
        if heading.is_none() {
            // What has no heading was read with the text around.
            if !self.only_headed {
                self.prose(number, row, true, inquiry);
            }
            return;
        }
        if let Some((_, view)) = row.get(label) {
            self.said.take(&view.text);
        }
        for (at, mark) in self.headed(number, row, label, heading, inquiry) {
            let at = at.min(COLUMNS_MAX);
            self.sideways.resize_with((at + 1).max(self.sideways.len()), Vec::new);
            if let Some(marks) = self.sideways.get_mut(at) {
                marks.push(mark);
            }
        }
    }

    /// Reads a row of a form: what stands behind each of its headings is spoken of by that.
    pub(super) fn fields(&mut self, number: u64, row: &Row, inquiry: &mut Inquiry) {
        let told: Vec<Option<Column>> = row.iter().map(|(_, view)| announce(&view.text, inquiry)).collect();
        let labels = heading::labels(row.iter().map(|(_, view)| view.text.as_slice()).zip(told.iter().copied()));
        if labels.is_empty() {
            if !self.only_headed {
                self.prose(number, row, true, inquiry);
            }
            return;
        }
        for (n, label) in labels.iter().enumerate() {
            let end = labels.get(n + 1).copied().unwrap_or(row.len());
            let field = row.get(*label..end).unwrap_or_default();
            let heading = told.get(*label).copied().flatten();
            // The next form is about somebody else.
            let next = heading == Some(Column::Name) && self.form.iter().any(|m| m.detector == DetectorId::PersonName);
            if next || self.form.len() >= FORM_MAX {
                inquiry.people.record(&std::mem::take(&mut self.form), true);
            }
            let marks = self.headed(number, field, 0, heading, inquiry);
            self.form.extend(marks.into_iter().map(|(_, mark)| mark));
        }
    }

    /// Reads cells of which those behind `label` stand under its heading; what was found, by column.
    fn headed(
        &mut self,
        number: u64,
        cells: &[(usize, View)],
        label: usize,
        heading: Option<Column>,
        inquiry: &mut Inquiry,
    ) -> Vec<(usize, Mark)> {
        let mut joined = Vec::new();
        self.join(number, cells.get(label + 1..).unwrap_or_default(), heading, inquiry, &mut joined);
        let mut marks = Vec::new();
        for (n, (at, view)) in cells.iter().enumerate() {
            let mut found = std::mem::take(&mut joined);
            self.cell(number, *at, view, heading.filter(|_| n > label), inquiry, &mut found);
            marks.extend(found.into_iter().filter_map(|(_, f, _)| Some((*at, inquiry.report(f)?))));
        }
        marks
    }
}
