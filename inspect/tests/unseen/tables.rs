//! Tables: registers of people in formats that have rows.

use crate::hosts::{Host, host, json, xml};
use crate::office::{body, book, letter, open};
use crate::plant::Plant;
use crate::text::page;

pub(crate) const ALL: &[Host] = &[
    host("CSV", true, |_, p| delimited(p, ",")),
    host("CSV with semicolons", true, |_, p| delimited(p, ";")),
    host("tabs", true, |_, p| delimited(p, "\t")),
    host("Markdown", true, |_, p| {
        let row = |cells: &[String; 3]| format!("| {} |\n", cells.join(" | "));
        let [header, rows @ ..] = &rows(p)[..] else { return Vec::new() };
        format!("{}|---|---|---|\n{}", row(header), rows.iter().map(row).collect::<String>()).into_bytes()
    }),
    host("JSON", true, |_, p| format!("[{}]", records(p).join(",")).into_bytes()),
    host("JSON under a key", true, |_, p| {
        format!("{{\"ok\":true,\"data\":{{\"items\":[{}]}}}}", records(p).join(",\n  ")).into_bytes()
    }),
    host("lines of JSON", true, |_, p| (records(p).join("\n") + "\n").into_bytes()),
    host("rows of JSON", true, |_, p| {
        let row = |cells: &[String; 3]| format!("[{}]", cells.each_ref().map(|cell| json(cell)).join(","));
        format!("{{\"rows\":[{}]}}", rows(p).iter().map(row).collect::<Vec<_>>().join(",")).into_bytes()
    }),
    host("XML", true, |_, p| {
        let row = |[n, name, number]: &[String; 3]| {
            format!("<nguoi><stt>{n}</stt><ho_ten>{name}</ho_ten><{0}>{number}</{0}></nguoi>", key(p))
        };
        format!("<?xml version='1.0'?><ds>{}</ds>", rows(p)[1..].iter().map(row).collect::<String>()).into_bytes()
    }),
    host("a table of a page", true, |_, p| {
        let row = |cells: &[String; 3]| {
            format!("<tr>{}</tr>", cells.each_ref().map(|cell| format!("<td>{}</td>", xml(cell))).concat())
        };
        page(&format!("<table>{}</table>", rows(p).iter().map(row).collect::<String>())).into_bytes()
    }),
    host("SQL", true, |_, p| {
        let row = |cells: &[String; 3]| format!("({})", cells.each_ref().map(|cell| format!("'{cell}'")).join(", "));
        let values: Vec<String> = rows(p)[1..].iter().map(row).collect();
        format!("INSERT INTO nguoi (stt, ho_ten, {}) VALUES\n{};\n", key(p), values.join(",\n")).into_bytes()
    }),
    host("xlsx", true, |_, p| {
        let row = |(n, cells): (usize, &[String; 3])| {
            let cell = |(at, text): (usize, &String)| {
                format!(
                    "<c r='{}{}' t='inlineStr'><is><t>{}</t></is></c>",
                    char::from(b'A' + at as u8),
                    n + 1,
                    xml(text)
                )
            };
            format!("<row r='{}'>{}</row>", n + 1, cells.iter().enumerate().map(cell).collect::<String>())
        };
        book(&rows(p).iter().enumerate().map(row).collect::<String>(), &[])
    }),
    host("docx", true, |_, p| {
        let cell = |text: &String| format!("<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>", xml(text));
        let row = |cells: &[String; 3]| format!("<w:tr>{}</w:tr>", cells.each_ref().map(cell).concat());
        letter(&[(
            "word/document.xml",
            body(&format!("<w:tbl>{}</w:tbl>", rows(p).iter().map(row).collect::<String>())),
        )])
    }),
    host("ods", true, |_, p| {
        let cell = |text: &String| format!("<table:table-cell><text:p>{}</text:p></table:table-cell>", xml(text));
        let row =
            |cells: &[String; 3]| format!("<table:table-row>{}</table:table-row>", cells.each_ref().map(cell).concat());
        let rows: String = rows(p).iter().map(row).collect();
        open(
            "spreadsheet",
            &format!("<office:spreadsheet><table:table table:name='a'>{rows}</table:table></office:spreadsheet>"),
            &[],
        )
    }),
    host("contacts", true, |_, p| {
        let card = |[_, name, number]: &[String; 3]| {
            format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nNOTE:{} {number}\r\nEND:VCARD\r\n", p.label)
        };
        rows(p)[1..].iter().map(card).collect::<String>().into_bytes()
    }),
    host("letters", true, |_, p| {
        let line = |[n, name, number]: &[String; 3]| format!("{n}. Ông/Bà {name}, {}: {number}.\n", p.label);
        rows(p)[1..].iter().map(line).collect::<String>().into_bytes()
    }),
];

/// The rows under their headings.
fn rows(plant: &Plant) -> Vec<[String; 3]> {
    let header = ["STT".to_owned(), "Họ và tên".to_owned(), plant.label.to_owned()];
    std::iter::once(header).chain(plant.rows.iter().flatten().cloned()).collect()
}

fn delimited(plant: &Plant, sign: &str) -> Vec<u8> {
    rows(plant).iter().map(|row| row.join(sign) + "\n").collect::<String>().into_bytes()
}

/// The name of the number as programs write it.
fn key(plant: &Plant) -> &'static str {
    match plant.label {
        label if label.contains("hàng") || label.contains("hang") || label.contains("đơn") => "so_don_hang",
        label if label.contains("ó") && label.contains("hóa") => "so_hoa_don",
        label if label.contains("BHXH") || label.contains("ao hiem") || label.contains("bảo hiểm") => "ma_so_bhxh",
        _ => "so_cccd",
    }
}

fn records(plant: &Plant) -> Vec<String> {
    let record = |[n, name, number]: &[String; 3]| {
        format!("{{\"stt\":{n},\"hoTen\":{},\"{}\":{}}}", json(name), key(plant), json(number))
    };
    rows(plant)[1..].iter().map(record).collect()
}
