//! Lists of people in running text: a name and a birth, telephone number or address on a line or on the lines of a
//! block, no identifier needed.
//!
//! One is a letter or a signature; several behind each other are a list, and then a name that would be doubtful by
//! itself is one.

use chot_model::{Confidence, DetectorId};

use crate::grid::Ended;
use crate::inquiry::{Found, Inquiry};
use crate::people::Listed;

/// Fewer lines are no list.
const LINES_MIN: usize = 5;
/// Lines farther apart belong to different lists.
const APART_BYTES: u64 = 400;
/// Lines counted at a time.
const LINES_MAX: usize = 256;

/// The lines of the list so far.
#[derive(Default)]
pub(crate) struct Roster {
    name: Option<(u64, Confidence)>,
    beside: Option<(DetectorId, u64)>,
    /// An identifier stands there as well, which counts by itself.
    identified: bool,
    /// It began on a line before.
    spread: bool,
    line_end: u64,
    /// Whom the lines name, and how many of the names are hardly doubtful.
    rows: Vec<Listed>,
    sure: usize,
    /// The list is long enough to be one.
    listed: bool,
}

impl Roster {
    /// Takes the next finding and what ended before it.
    pub(crate) fn next(&mut self, found: &Found, ended: Ended, inquiry: &mut Inquiry) {
        let finding = &found.finding;
        let named = finding.detector == DetectorId::PersonName && self.name.is_some();
        // `Nguyễn Văn An (SN 1987); Trần Thị Bình (SN 1990)`: one behind the other on a line.
        let born = matches!(self.beside, Some((DetectorId::DateOfBirth, _)));
        match ended {
            Ended::Nothing if named && born && !self.spread => self.end_row(inquiry),
            Ended::Nothing => {}
            // What stands on one line ends with it; a name and a birth on two lines may go on.
            Ended::Line if named || !self.spread && self.name.is_some() && self.beside.is_some() => {
                self.end_row(inquiry);
            }
            Ended::Line => self.spread |= self.name.is_some() || self.beside.is_some() || self.identified,
            Ended::Block => self.end_row(inquiry),
        }
        if finding.range.start > self.line_end + APART_BYTES {
            self.end(inquiry);
        }
        let hash = || inquiry.hash(finding);
        match finding.detector {
            DetectorId::PersonName if self.name.is_none() => self.name = Some((hash(), finding.confidence)),
            DetectorId::DateOfBirth | DetectorId::Phone if self.beside.is_none() => {
                self.beside = Some((finding.detector, hash()));
            }
            DetectorId::Address if self.beside.is_none() && finding.confidence >= Confidence::Medium => {
                self.beside = Some((finding.detector, hash()));
            }
            id if id.is_identifier() && finding.confidence >= Confidence::Medium => self.identified = true,
            _ => return,
        }
        self.line_end = finding.range.end;
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.spread = false;
        let (name, beside) = (self.name.take(), self.beside.take());
        let identified = std::mem::take(&mut self.identified);
        if let (Some((name, confidence)), Some(beside), false) = (name, beside, identified) {
            self.rows.push(Listed { name, beside });
            self.sure += usize::from(confidence >= Confidence::Medium);
            if self.rows.len() >= LINES_MAX {
                self.count(inquiry);
            }
        }
    }

    /// Ends the list.
    pub(crate) fn end(&mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.count(inquiry);
        self.listed = false;
    }

    fn count(&mut self, inquiry: &mut Inquiry) {
        self.listed |= self.rows.len() >= LINES_MIN && self.sure * 2 >= self.rows.len();
        for row in self.rows.drain(..) {
            if self.listed {
                inquiry.people.listed(&row);
            }
        }
        self.sure = 0;
    }
}
