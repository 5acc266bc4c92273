//! Tables that commas cut, as people paste a file into a letter or a chat: behind a line of headings that they cut into as
//! many cells, for sentences have commas as well.

use chot_detectors::{Column, Detectors};

use super::cells::Cells;
use super::cut::Cut;
use super::opening::BEFORE_MAX;
use super::piece::Piece;
use super::{Grid, HEADING_MAX};
use crate::inquiry::HEADER_MAX;
use crate::table::digits;
use crate::view::View;

/// Digits of a header: `CCCD (12 số)`.
const HEADER_DIGITS_MAX: usize = 4;

impl Grid {
    /// Opens a table with a line that commas cut like a header above it. Rows whose findings were told with the window before
    /// are left to it.
    pub(super) fn open_commas(&mut self, line: &Piece, view: &View, detectors: &Detectors) -> bool {
        let text = line.text(view);
        let commas = memchr::memchr_iter(b',', text).count();
        if line.base() < self.fresh || commas == 0 {
            return false;
        }
        // A blank line may set the header apart.
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        let above = || self.block.iter().rev().take(BEFORE_MAX).chain(apart);
        // Nearly all lines stand below sentences, which have another number of commas. Some stand within quotes.
        let is_quoted = memchr::memchr(b'"', text).is_some();
        let may_head = |above: &Piece| {
            let text = above.text(view);
            text.len() <= HEADER_MAX
                && (is_quoted || memchr::memchr_iter(b',', text).count() == commas)
                && digits(text) <= HEADER_DIGITS_MAX
        };
        if !above().any(may_head) {
            return false;
        }
        let Some(cells) = Cells::of(line, Cut::Comma, view) else { return false };
        let alike =
            |above: &Piece| Cells::of(above, Cut::Comma, view).filter(|above| above.row.len() == cells.row.len());
        let mut rows: Vec<Cells> = above().map_while(alike).collect();
        let Some(header) = rows.iter().position(|row| are_headings(row, view, detectors)) else { return false };
        rows.truncate(header + 1);
        let Some(header) = rows.pop() else { return false };
        self.open_under(header, rows, cells, view);
        true
    }
}

/// Whether cells are headings, of an identifier among them, and half of them known.
fn are_headings(cells: &Cells, view: &View, detectors: &Detectors) -> bool {
    let may_head = |cell: &Piece| cell.len() <= HEADING_MAX;
    if !cells.row.iter().all(may_head)
        || cells.row.iter().map(|cell| digits(cell.text(view))).sum::<usize>() > HEADER_DIGITS_MAX
    {
        return false;
    }
    let column = |cell: &Piece| str::from_utf8(cell.text(view)).ok().and_then(|text| detectors.column(text));
    let known: Vec<Column> = cells.row.iter().filter_map(column).collect();
    known.len() > 1 && known.len() * 2 >= cells.row.len() && known.iter().any(|column| column.is_identifier())
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    const NAMES: [&str; 5] = ["Nguyễn Văn An", "Lê Thị Bình", "TRẦN QUỐC CƯỜNG", "phạm thị dung", "Vũ Hà"];
    const BEFORE: &str = "Chào bạn,\n\nTính giúp tôi tổng lương của các nhân viên sau, và cho biết ai có lương cao.\n";

    fn inspect(text: &str) -> (u64, u64) {
        let bytes = text.as_bytes().to_vec();
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
        (inspection.distinct(DetectorId::Bhxh), inspection.persons)
    }

    #[test]
    fn a_header_with_commas_speaks_of_the_rows_below() {
        for (header, row, found) in [
            ("Họ và tên,Mã số BHXH,Lương", "NAME,NUMBER,12000000", (5, 5)),
            ("STT,Họ và tên,Mã số BHXH,Lương,Ghi chú", "I,NAME,NUMBER,12000000,", (5, 5)),
            ("\"Họ và tên\",\"Mã số BHXH\",\"Lương\"", "\"NAME\",\"NUMBER\",\"12,000,000\"", (5, 5)),
            ("Mã số BHXH,Ngày vào,Họ và tên", "NUMBER,2020-01-02,NAME", (5, 5)),
            // Nobody's, and what is no header.
            ("Mã đơn hàng,Người giao,Số tiền", "NUMBER,NAME,12000000", (0, 0)),
            ("Số liệu kho,gửi kèm,xin xem", "NUMBER,NAME,12000000", (0, 0)),
        ] {
            let line = |(n, name): (usize, &&str)| {
                let row = row.replacen('I', &(n + 1).to_string(), usize::from(row.starts_with('I')));
                row.replace("NAME", name).replace("NUMBER", &format!("79120{:05}", 45_873 + 7 * n)) + "\n"
            };
            let rows: String = NAMES.iter().enumerate().map(line).collect();
            let after = "Cảm ơn bạn nhiều, nhớ làm tròn.\nTrân trọng,\nAn\nPhòng Nhân sự\n".repeat(6);
            let text = format!("{BEFORE}{header}\n{rows}\n{after}");
            assert_eq!(inspect(&text), found, "{text}");
            let value = |text: &str| text.replace('"', "\\\"").replace('\n', "\\n");
            let content = format!("{{\"messages\": [{{\"role\": \"user\", \"content\": \"{}\"}}]}}", value(&text));
            assert_eq!(inspect(&content), found, "{content}");
        }
    }

    #[test]
    fn a_sentence_with_commas_heads_nothing() {
        let text = format!("{BEFORE}Kho Hà Nội, đơn hàng, mã vận đơn\nAnh Nguyễn Văn An, gửi lại, 7912045873\n");
        assert_eq!(inspect(&text).0, 0);
    }
}
