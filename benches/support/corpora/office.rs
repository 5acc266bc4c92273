//! A register as offices send it: the same rows as a workbook, a document and a list.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::people;
use crate::Random;

const HEADER: [&str; 8] =
    ["STT", "Họ và tên", "Ngày sinh", "Giới tính", "Số CCCD", "Mã số BHXH", "Địa chỉ", "Tiền lương"];
/// Columns of numbers; the others are text.
const NUMBERS: [usize; 2] = [0, 7];

/// The rows of a register of so many people, without its header.
pub fn register(people: usize, seed: u64) -> Vec<[String; 8]> {
    let mut random = Random(seed);
    let row = |n: usize| {
        [
            (n + 1).to_string(),
            people::name(&mut random),
            people::day(&mut random, 1950, 50),
            random.pick(&["Nam", "Nữ"]).to_string(),
            people::citizen(&mut random),
            people::insurance(&mut random),
            people::address(&mut random),
            (4_000_000 + random.below(200) * 50_000).to_string(),
        ]
    };
    (0..people).map(row).collect()
}

/// The rows as a list with a header.
pub fn list(rows: &[[String; 8]]) -> Vec<u8> {
    let mut out = HEADER.join(";") + "\n";
    for row in rows {
        out += &row.join(";");
        out.push('\n');
    }
    out.into_bytes()
}

/// The rows as a table in a document.
pub fn document(rows: &[[String; 8]]) -> Vec<u8> {
    let mut body = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:tbl>",
    );
    let header = HEADER.map(str::to_owned);
    for row in std::iter::once(&header).chain(rows) {
        body += "<w:tr>";
        for cell in row {
            body += "<w:tc><w:tcPr><w:tcW w:w=\"1200\" w:type=\"dxa\"/></w:tcPr><w:p w:rsidR=\"00A1\"><w:r><w:t xml:space=\"preserve\">";
            body += cell;
            body += "</w:t></w:r></w:p></w:tc>";
        }
        body += "</w:tr>";
    }
    body += "</w:tbl><w:p/></w:body></w:document>";
    zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", body.as_bytes())])
}

/// The rows as a workbook of one sheet, text by shared strings, as spreadsheet programs write it.
pub fn workbook(rows: &[[String; 8]]) -> Vec<u8> {
    const OPENING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let main = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    let mut sheet = format!("{OPENING}<worksheet {main}><dimension ref=\"A1:H{}\"/><sheetData>", rows.len() + 1);
    let mut strings: Vec<&str> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    let header = HEADER.map(str::to_owned);
    for (n, row) in std::iter::once(&header).chain(rows).enumerate() {
        let number = n + 1;
        sheet += &format!("<row r=\"{number}\" spans=\"1:8\">");
        for (column, cell) in row.iter().enumerate() {
            let letter = char::from(b'A' + column as u8);
            if n > 0 && NUMBERS.contains(&column) {
                sheet += &format!("<c r=\"{letter}{number}\"><v>{cell}</v></c>");
            } else {
                let next = strings.len();
                let string = *numbers.entry(cell.as_str()).or_insert_with(|| {
                    strings.push(cell);
                    next
                });
                sheet += &format!("<c r=\"{letter}{number}\" t=\"s\"><v>{string}</v></c>");
            }
        }
        sheet += "</row>";
    }
    sheet += "</sheetData></worksheet>";
    let mut shared = format!("{OPENING}<sst {main} uniqueCount=\"{}\">", strings.len());
    for string in strings {
        shared += "<si><t>";
        shared += string;
        shared += "</t></si>";
    }
    shared += "</sst>";
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "xl/workbook.xml",
            b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"DS\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", shared.as_bytes()),
    ])
}

/// An archive of deflated members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        packed.write_all(data).expect("memory");
        let packed = packed.finish().expect("memory");
        let at = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&packed);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&common);
        central.extend([0; 10]);
        central.extend(at.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let at = out.len() as u32;
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend((members.len() as u16).to_le_bytes());
    }
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}
