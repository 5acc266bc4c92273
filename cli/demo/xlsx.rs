//! A spreadsheet writer just large enough for the demo: one sheet of text and numbers (ECMA-376 part 1, SpreadsheetML).
//!
//! It knows no styles, no dates and no formulas.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A cell.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    Number(u64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// The bytes of a workbook with one sheet.
///
/// # Errors
/// When compression fails, which it does not in memory.
pub(crate) fn workbook(sheet: &str, rows: &[Vec<Cell>]) -> io::Result<Vec<u8>> {
    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let types = format!(
        r#"{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>"#
    );
    let relations = |kind: &str, target: &str| {
        format!(
            r#"{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let book = format!(
        r#"{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="{}" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        escaped(sheet)
    );
    let mut data = format!(r#"{HEAD}<worksheet xmlns="{MAIN}"><sheetData>"#);
    for (r, row) in rows.iter().enumerate() {
        let _ = write!(data, r#"<row r="{}">"#, r + 1);
        for (cell, column) in row.iter().zip('A'..='Z') {
            let _ = match cell {
                Cell::Text(text) => write!(
                    data,
                    r#"<c r="{column}{}" t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#,
                    r + 1,
                    escaped(text)
                ),
                Cell::Number(n) => write!(data, r#"<c r="{column}{}"><v>{n}</v></c>"#, r + 1),
            };
        }
        data.push_str("</row>");
    }
    data.push_str("</sheetData></worksheet>");
    zip(&[
        ("[Content_Types].xml", types),
        ("_rels/.rels", relations("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", relations("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", data),
    ])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A zip archive of deflated members (PKWARE APPNOTE 6.3, §4.3).
fn zip(members: &[(&str, String)]) -> io::Result<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in members {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let mut deflater = DeflateEncoder::new(Vec::new(), Compression::default());
        deflater.write_all(text.as_bytes())?;
        let packed = deflater.finish()?;
        let offset = archive.len() as u32;
        // Version 2.0, no flags, deflate, 1980-01-01 00:00, then sizes and lengths; both headers share these bytes.
        let mut common = Vec::new();
        for number in [20_u16, 0, 8, 0, 0x21] {
            common.extend(number.to_le_bytes());
        }
        for number in [crc.sum(), packed.len() as u32, text.len() as u32] {
            common.extend(number.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (offset, size, n) = (archive.len() as u32, directory.len() as u32, members.len() as u16);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend(n.to_le_bytes());
    archive.extend(n.to_le_bytes());
    archive.extend(size.to_le_bytes());
    archive.extend(offset.to_le_bytes());
    archive.extend([0, 0]);
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_opens_it_and_finds_the_cells() {
        let rows = [vec![Cell::from("Họ & tên"), Cell::from("<CCCD>")], vec![Cell::from("An"), Cell::from(7)]];
        let bytes = workbook("Sheet1", &rows).expect("written");
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.xlsx");
        std::fs::write(&path, bytes).expect("written");
        let script = "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                      sys.stdout.buffer.write(z.read('xl/worksheets/sheet1.xml'))";
        let read = std::process::Command::new("python3").args(["-c", script]).arg(&path).output().expect("python3");
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let sheet = String::from_utf8(read.stdout).expect("text");
        assert!(sheet.contains("Họ &amp; tên") && sheet.contains(r#"<c r="B2"><v>7</v></c>"#), "{sheet}");
    }
}
