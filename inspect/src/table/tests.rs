//! Rows read as lines and rows read cell by cell come to the same.

use proptest::prelude::*;

use crate::careful::{agree, agree_in_pieces, agree_on, cell};
use crate::formats::archive;
use crate::table::letters;

fn row() -> impl Strategy<Value = Vec<(String, bool)>> {
    proptest::collection::vec((cell(), proptest::bool::weighted(0.1)), 1..9)
}

const HEADERS: [&str; 10] =
    ["STT", "Họ và tên", "Ngày sinh", "Số CCCD", "Mã số BHXH", "Điện thoại", "Mã thẻ BHYT", "Địa chỉ", "Ghi chú", ""];

/// Rows behind the ones by which the columns are judged.
fn rows() -> impl Strategy<Value = (Vec<usize>, Vec<Vec<(String, bool)>>)> {
    let header = proptest::collection::vec(0..HEADERS.len(), 3..9);
    (header, proptest::collection::vec(row(), 34..60))
}

const REGISTER: [&str; 9] = [
    "STT",
    "Họ và tên",
    "Ngày sinh",
    "Số CCCD",
    "Điện thoại",
    "Điện thoại người thân",
    "Mã thẻ BHYT",
    "Linh tinh",
    "Ghi chú",
];

/// A row of a register, and a cell in it that is something else, or one behind its last; and whether that is quoted.
type Registered = ([String; 9], Option<(usize, String, bool)>);

fn file_of(rows: Vec<Registered>, end: &str) -> String {
    let mut file = REGISTER.join(";") + end;
    for (row, odd) in rows {
        let mut row: Vec<_> = row.into();
        if let Some((at, cell, quoted)) = odd {
            row.resize(row.len().max(at + 1), String::new());
            row[at] = if quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell };
        }
        file += &row.join(";");
        file += end;
    }
    file
}

/// Rows that are read in blocks, but for a few of them.
fn register() -> impl Strategy<Value = Vec<Registered>> {
    let row = (
        "[0-9]{1,4}",
        "(Nguyễn|TRẦN|Lê|Hồ|Bùi) (Văn|Thị|Công|Minh) (An|Bình|Dũng|HÀ|)",
        "[0-2][1-8][/-](0[1-9]|1[0-2])[/-](19[5-9]|20[0-2])[0-9]",
        "0(01|79|36)[0-3][0-9]{8}|[0-9]{12}|",
        "09[0-9]{8}",
        "0(9|3)[0-9]{8}|",
        "(DN|TE|HS)[1-5](79|01)[0-9]{10}",
        // Nobody announces these.
        "[0-9]{1,11}|1900[0-9]{4}|0(01|79|36)[0-3][0-9]{8}|[0-9]{12}|",
        "(nghỉ thai sản|mới tuyển|đã chốt sổ)?",
    );
    let row = row.prop_map(<[String; 9]>::from);
    let odd = proptest::option::weighted(0.06, (0..11_usize, cell(), any::<bool>()));
    proptest::collection::vec((row, odd), 90..200)
}

/// The texts of a workbook's cells, each in one piece or in two, and its sheets: which headings stand above which texts.
type Workbook = (Vec<(String, bool)>, Vec<(Vec<usize>, Vec<Vec<usize>>)>);

/// Workbooks whose cells show few texts, under several headings each.
fn workbook() -> impl Strategy<Value = Workbook> {
    let texts = proptest::collection::vec((cell(), proptest::bool::weighted(0.1)), 1..40);
    texts.prop_flat_map(|texts| {
        let header = proptest::collection::vec(0..HEADERS.len(), 3..9);
        // More often of the first than of the others.
        let text = (0..texts.len(), 0..texts.len()).prop_map(|(a, b)| a.min(b));
        let rows = proptest::collection::vec(proptest::collection::vec(text, 1..9), 34..90);
        (Just(texts), proptest::collection::vec((header, rows), 1..3))
    })
}

/// The workbook as a file, its strings shared.
fn shared((texts, sheets): Workbook) -> (Vec<u8>, String) {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut strings = String::from("<sst>");
    for title in HEADERS {
        strings += &format!("<si><t>{title}</t></si>");
    }
    for (text, in_two) in texts {
        strings += &match text.char_indices().nth(2).filter(|_| in_two) {
            Some((at, _)) => {
                let (a, b) = text.split_at(at);
                format!("<si><r><t>{}</t></r><r><t>{}</t></r></si>", escaped(a), escaped(b))
            }
            None => format!("<si><t>{}</t></si>", escaped(&text)),
        };
    }
    strings += "</sst>";
    let mut members = vec![("[Content_Types].xml".to_owned(), "<Types/>".to_owned())];
    for (at, (header, rows)) in sheets.into_iter().enumerate() {
        let mut sheet = String::from("<worksheet><sheetData>");
        let rows = rows.into_iter().map(|row| row.into_iter().map(|text| HEADERS.len() + text).collect());
        for (n, row) in (1..).zip([header].into_iter().chain(rows)) {
            sheet += &format!("<row r=\"{n}\">");
            for (column, text) in row.into_iter().enumerate() {
                sheet += &format!("<c r=\"{}{n}\" t=\"s\"><v>{text}</v></c>", letters(column));
            }
            sheet += "</row>";
        }
        members.push((format!("xl/worksheets/s{at}.xml"), sheet + "</sheetData></worksheet>"));
    }
    members.push(("xl/sharedStrings.xml".to_owned(), strings));
    let files: Vec<_> = members.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    (archive(&files), members.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_of_text_come_to_the_same(
        (header, rows) in rows(),
        delimiter in proptest::sample::select(vec![",", ";", "\t", " | "]),
        end in proptest::sample::select(vec!["\n", "\r\n"]),
    ) {
        let titles: Vec<_> = header.iter().map(|n| HEADERS[*n]).collect();
        let mut file = titles.join(delimiter) + end;
        for row in rows {
            let cells: Vec<_> = row
                .into_iter()
                .map(|(cell, quoted)| if quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell })
                .collect();
            file += &cells.join(delimiter);
            file += end;
        }
        agree(&file, "ds.csv");
    }

    #[test]
    fn rows_of_a_register_come_to_the_same(rows in register(), end in proptest::sample::select(vec!["\n", "\r\n"])) {
        agree(&file_of(rows, end), "ds.csv");
    }

    #[test]
    fn a_register_in_pieces_comes_to_the_same(rows in register(), piece in 1..900_usize) {
        agree_in_pieces(file_of(rows, "\r\n").as_bytes(), "ds.csv", piece);
    }

    #[test]
    fn texts_that_many_cells_show_come_to_the_same(workbook in workbook()) {
        let (file, shown) = shared(workbook);
        agree_on(&file, "ds.xlsx", &shown);
    }

    #[test]
    fn rows_of_a_workbook_come_to_the_same((header, rows) in rows(), numbers in any::<u64>()) {
        let titles: Vec<_> = header.iter().map(|n| (HEADERS[*n].to_owned(), false)).collect();
        let mut sheet = String::from("<worksheet><sheetData>");
        for (n, row) in std::iter::once(titles).chain(rows).enumerate() {
            sheet += "<row>";
            for (at, (cell, _)) in row.into_iter().enumerate() {
                let number = numbers >> ((n + at) % 64) & 1 == 1 && cell.parse::<u64>().is_ok();
                sheet += &match number {
                    true => format!("<c><v>{}</v></c>", cell.trim_start_matches('0')),
                    false => format!("<c t=\"inlineStr\"><is><t>{}</t></is></c>", cell.replace('&', "&amp;")),
                };
            }
            sheet += "</row>";
        }
        sheet += "</sheetData></worksheet>";
        let file = archive(&[("[Content_Types].xml", b"<Types/>"), ("xl/worksheets/s.xml", sheet.as_bytes())]);
        agree_on(&file, "ds.xlsx", &sheet);
    }
}

/// What only the cells say of a column is not said of the one behind it.
#[test]
fn a_column_that_speaks_for_itself_reaches_no_further() {
    let found = |header: &str| {
        let mut text = format!("{header}\n");
        for n in 0..9 {
            text += &format!("Nguyễn Văn An,079190{:06},048190,{:06}\n", 123_456 + n * 54_321, 654_321 - n * 43_210);
        }
        let hint = crate::Hint { name: Some("a.csv".to_owned()), ..crate::Hint::default() };
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        inspector.inspect(hint, &text.into_bytes()).inspection.distinct(chot_model::DetectorId::Cccd)
    };
    assert_eq!(found("Họ tên,,,"), 9);
    assert_eq!(found("Họ tên,Linh tinh,,"), 9);
    assert_eq!(found("Họ tên,Số CCCD,,"), 18, "a heading does reach");
}

/// One row of parts and nothing else stands under its one heading.
#[test]
fn a_heading_reaches_over_the_parts_of_its_number() {
    for (text, found) in [
        ("| Số CCCD | | | |\n|---|---|---|---|\n| 001 | 090 | 123 | 456 |\n", 1),
        ("Số CCCD,,,\n001,090,123,456\n001,190,123,457\n", 2),
        ("| Kết quả | | | |\n|---|---|---|---|\n| 001 | 090 | 123 | 456 |\n", 0),
        ("| Số CCCD | | | |\n|---|---|---|---|\n| 001 | 090 | 123 | 4567 |\n", 0),
    ] {
        let hint = crate::Hint { name: Some("a.csv".to_owned()), ..crate::Hint::default() };
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let inspection = inspector.inspect(hint, &text.as_bytes().to_vec()).inspection;
        assert_eq!(inspection.distinct(chot_model::DetectorId::Cccd), found, "{text}");
    }
}
