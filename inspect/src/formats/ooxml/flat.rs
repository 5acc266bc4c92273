//! Documents of Office in one file of XML: workbooks and letters of Office 2003, and packages laid flat, as Word saves
//! them and add-ins post them.
//!
//! They are told from other XML by their name spaces. Files within them, in base64, are opened by `layers`.

use super::words::Words;
use super::{attributes, typed};
use crate::formats::marked::Marked;
use crate::formats::plain::legible;
use crate::formats::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Reader, Tag};
use crate::sniff::Head;
use crate::table::{Table, letters};
use crate::text::Text;
use crate::view::View;

pub(crate) const WORKBOOK: Format = Format {
    media_type: "application/vnd.ms-spreadsheetml",
    matches: |head| is_one(head, &[b"<Workbook", b":Workbook"], b"urn:schemas-microsoft-com:office:spreadsheet"),
    room: Room::Stream(|head, place| {
        Box::new(Marked::new(Markup::new(None), Sheets::new(&legible(head, place)), Sheets::finish))
    }),
    #[cfg(test)]
    example: || {
        "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' \
         xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet ss:Name='DS'><Table><Row><Cell><Data \
         ss:Type='String'>Số CCCD</Data></Cell></Row><Row><Cell><Data ss:Type='Number'>1090123456</Data></Cell></Row>\
         </Table></Worksheet></Workbook>"
            .into()
    },
};

pub(crate) const LETTER: Format = Format {
    media_type: "application/vnd.ms-wordml",
    matches: |head| is_one(head, &[b":wordDocument"], b"http://schemas.microsoft.com/office/word/2003/wordml"),
    room: Room::Stream(running),
    #[cfg(test)]
    example: || {
        "<?xml version='1.0'?><w:wordDocument xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'><w:body>\
         <w:p><w:r><w:t>Số CCCD 0010</w:t></w:r><w:r><w:t>90123456</w:t></w:r></w:p></w:body></w:wordDocument>"
            .into()
    },
};

pub(crate) const PACKAGE: Format = Format {
    media_type: "application/vnd.ms-word2006ml",
    matches: |head| is_one(head, &[b":package"], b"http://schemas.microsoft.com/office/2006/xmlPackage"),
    room: Room::Stream(running),
    #[cfg(test)]
    example: || {
        "<?xml version='1.0'?><pkg:package xmlns:pkg='http://schemas.microsoft.com/office/2006/xmlPackage'><pkg:part \
         pkg:name='/word/document.xml'><pkg:xmlData><w:p><w:r><w:t>Số CCCD 0010</w:t></w:r><w:r><w:t>90123456</w:t>\
         </w:r></w:p></pkg:xmlData></pkg:part></pkg:package>"
            .into()
    },
};

/// What tells such files stands in so many bytes.
pub(super) const SEEN: usize = 4_096;

/// Whether it is XML with such an element and this name space.
fn is_one(head: &Head<'_>, elements: &[&[u8]], name_space: &[u8]) -> bool {
    let start = head.trimmed.get(..head.trimmed.len().min(SEEN)).unwrap_or_default();
    head.is_ascii_based()
        && start.starts_with(b"<")
        && elements.iter().any(|element| memchr::memmem::find(start, element).is_some())
        && memchr::memmem::find(start, name_space).is_some()
}

fn running(head: &Head<'_>, place: &Place) -> Box<dyn Stream> {
    Box::new(Marked::new(Markup::new(None), Words::new(legible(head, place)), Words::finish))
}

/// Cells by row (XML Spreadsheet Reference, Office 2003).
struct Sheets {
    place: Place,
    table: Table,
    cell: Text,
    /// What is in no cell: comments, properties, formulas.
    side: Text,
    row: Vec<(usize, View)>,
    row_number: u64,
    column: usize,
    /// Columns that the cell at hand takes.
    span: usize,
    in_cell: bool,
    in_comment: bool,
    in_data: bool,
    is_number: bool,
}

/// No program has more columns.
const COLUMNS_MAX: usize = 16_384;
/// A cell as long as a page is text.
const CELL_MAX: usize = 1 << 16;

impl Sheets {
    fn new(place: &Place) -> Self {
        Self {
            table: Table::new(place.clone()),
            cell: Text::new(place.clone()),
            side: Text::prose(place.clone()),
            place: place.clone(),
            row: Vec::new(),
            row_number: 0,
            column: 0,
            span: 1,
            in_cell: false,
            in_comment: false,
            in_data: false,
            is_number: false,
        }
    }

    fn end_data(&mut self) {
        let mut view = std::mem::take(&mut self.cell.view);
        view.trim(0);
        if !view.text.is_empty() {
            self.row.push((self.column, if self.is_number { typed(view) } else { view }));
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if !self.row.is_empty() {
            let row = std::mem::take(&mut self.row);
            self.table.cells(self.row_number, row, inquiry);
        }
    }

    fn end_table(&mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.row_number = 0;
    }

    fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_table(inquiry);
        self.cell.finish(inquiry);
        self.side.finish(inquiry);
    }
}

fn number(tag: &Tag<'_>, name: &[u8]) -> Option<usize> {
    tag.string(name)?.trim().parse().ok()
}

impl Reader for Sheets {
    fn text(&mut self) -> &mut Text {
        if self.in_cell && self.in_data && !self.in_comment { &mut self.cell } else { &mut self.side }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        if self.cell.view.text.len() > CELL_MAX {
            let view = std::mem::take(&mut self.cell.view);
            self.side.view.push_view(&view, 0..view.text.len());
        }
        self.side.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"Worksheet" => {
                self.end_table(inquiry);
                let title = tag.string(b"Name").unwrap_or_default();
                let name = move |row: u64, column: usize| format!("{title}!{}{row}", letters(column));
                self.table = Table::with_names(self.place.clone(), Box::new(name));
            }
            b"Row" => {
                self.end_row(inquiry);
                self.row_number = number(tag, b"Index").map_or(self.row_number + 1, |n| n as u64);
                self.column = 0;
            }
            b"Cell" => {
                self.column = number(tag, b"Index").map_or(self.column, |n| n.saturating_sub(1)).min(COLUMNS_MAX);
                self.span = 1 + number(tag, b"MergeAcross").unwrap_or(0).min(COLUMNS_MAX);
                self.in_cell = true;
            }
            b"Data" => {
                self.in_data = true;
                self.is_number = tag.string(b"Type").is_some_and(|kind| kind == "Number");
            }
            b"Comment" => self.in_comment = true,
            _ => {}
        }
        attributes(tag, false, &mut self.side, inquiry);
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match name {
            b"Data" => {
                if self.in_cell && !self.in_comment {
                    self.end_data();
                } else {
                    self.side.joint(b"\n");
                }
                self.in_data = false;
            }
            b"Comment" => self.in_comment = false,
            b"Cell" => {
                if self.row.len() >= COLUMNS_MAX {
                    self.end_row(inquiry);
                }
                self.column = (self.column + self.span).min(COLUMNS_MAX);
                self.in_cell = false;
            }
            b"Row" => self.end_row(inquiry),
            b"Worksheet" => self.end_table(inquiry),
            _ if !self.in_data => self.side.joint(b"\n"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection};

    use crate::{Hint, Inspector, Limits};

    fn inspect(text: &str) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection
    }

    fn workbook(rows: &str) -> String {
        format!(
            "<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><ss:Workbook \
             xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><ss:Worksheet ss:Name='DS'><ss:Table>{rows}\
             </ss:Table></ss:Worksheet></ss:Workbook>"
        )
    }

    fn row(cells: &[(&str, &str)]) -> String {
        let cell =
            |(kind, text): &(&str, &str)| format!("<ss:Cell><ss:Data ss:Type='{kind}'>{text}</ss:Data></ss:Cell>");
        format!("<ss:Row>{}</ss:Row>", cells.iter().map(cell).collect::<String>())
    }

    #[test]
    fn cells_stand_under_their_headings() {
        let head = row(&[("String", "Họ tên"), ("String", "Số CMND"), ("String", "Số CCCD")]);
        let people: String = (0..6)
            .map(|n| {
                let (old, new) = (format!("15808622{n}"), format!("109012345{n}"));
                row(&[("String", "Nguyễn Văn An"), ("String", &old), ("Number", &new)])
            })
            .collect();
        let inspection = inspect(&workbook(&(head + &people)));
        let count = |id| inspection.distinct(id);
        assert_eq!((count(DetectorId::Cmnd), count(DetectorId::Cccd)), (6, 6), "{inspection:?}");
        assert!(inspection.bulk && inspection.opaque.is_empty(), "{inspection:?}");
    }

    #[test]
    fn columns_that_are_left_out_are_counted() {
        let head = row(&[("String", "STT"), ("String", "Họ tên"), ("String", "Số CMND")]);
        let skips = "<ss:Row ss:Index='9'><ss:Cell ss:Index='3'><ss:Data ss:Type='String'>158086<B>226</B></ss:Data>\
                     <ss:Comment><ss:Data>số CCCD 0010<Font>90123456</Font></ss:Data></ss:Comment></ss:Cell></ss:Row>";
        let merged = "<ss:Row><ss:Cell ss:MergeAcross='1'><ss:Data ss:Type='String'>x</ss:Data></ss:Cell><ss:Cell>\
                      <ss:Data ss:Type='Number'>168086227</ss:Data></ss:Cell></ss:Row>";
        let inspection = inspect(&workbook(&format!("{head}{skips}{merged}")));
        let found = (inspection.distinct(DetectorId::Cmnd), inspection.distinct(DetectorId::Cccd));
        assert_eq!(found, (2, 1), "{inspection:?}");
    }
}
