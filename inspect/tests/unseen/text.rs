//! Formats that are text: letters, pages, drawings, mails, lists of contacts, programs.

use crate::hosts::{Host, filling, host, json, percent, xml};
use crate::plant::base64;

pub(crate) const ALL: &[Host] = &[
    host("text", true, |r, p| format!("{}{}\n{}", filling(r), p.said, filling(r)).into_bytes()),
    host("text in UTF-16", true, |r, p| {
        let text = format!("\u{feff}{}{}\n", filling(r), p.said);
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    host("text in UTF-16, big", true, |r, p| {
        let text = format!("\u{feff}{}{}\n", filling(r), p.said);
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }),
    host("text in UTF-32", true, |r, p| {
        format!("\u{feff}{}{}\n", filling(r), p.said).chars().flat_map(|c| (c as u32).to_le_bytes()).collect()
    }),
    host("Markdown", true, |r, p| {
        format!("# Thông báo\n\n{}\n> {}\n", filling(r), p.said.replace('\n', "\n> ")).into_bytes()
    }),
    host("TeX", false, |r, p| {
        format!("\\documentclass{{article}}\n\\begin{{document}}\n{}{}\n\\end{{document}}\n", filling(r), p.said)
            .into_bytes()
    }),
    host("a program", false, |r, p| {
        format!("// {}\nfunction f() {{\n  var a = 1;\n  {}\n}}\n", filling(r).replace('\n', " "), p.said).into_bytes()
    }),
    host("JSON", false, |r, p| {
        format!("{{\"a\": 1, \"ghiChu\": {}, \"b\": [{}]}}", json(&p.said), r.below(99)).into_bytes()
    }),
    host("JSON within JSON", false, |_, p| {
        format!("{{\"data\": {}}}", json(&format!("{{\"x\": {}}}", json(&p.said)))).into_bytes()
    }),
    host("lines of JSON", false, |_, p| {
        format!("{{\"a\": 1}}\n{{\"noiDung\": {}}}\n{{\"a\": 3}}\n", json(&p.said)).into_bytes()
    }),
    host("XML", false, |_, p| format!("<?xml version='1.0'?><a><b>{}</b></a>", xml(&p.said)).into_bytes()),
    host("an attribute of XML", false, |_, p| {
        format!("<?xml version='1.0'?><a><b c=\"{}\"/></a>", xml(&p.said)).into_bytes()
    }),
    host("a comment of XML", true, |_, p| {
        format!("<?xml version='1.0'?><a><!-- {} --><b/></a>", p.said.replace("<!-- x -->", "<i></i>")).into_bytes()
    }),
    host("CDATA", false, |_, p| format!("<?xml version='1.0'?><a><![CDATA[{}]]></a>", p.said).into_bytes()),
    host("a page", true, |r, p| {
        page(&format!("<p>{}</p><p>{}</p>", filling(r), xml(&p.said).replace('\n', "<br>"))).into_bytes()
    }),
    host("preformatted", true, |_, p| page(&format!("<pre>{}</pre>", xml(&p.said))).into_bytes()),
    host("a title", false, |_, p| {
        format!("<html><head><title>{}</title></head><body>x</body></html>", xml(&p.said)).into_bytes()
    }),
    host("a hidden field", false, |_, p| {
        page(&format!("<input type=hidden name=x value=\"{}\">", xml(&p.said))).into_bytes()
    }),
    host("a text area", false, |_, p| page(&format!("<textarea>{}</textarea>", xml(&p.said))).into_bytes()),
    host("white on white", false, |_, p| {
        page(&format!("<span style='color:#fff;display:none'>{}</span>", xml(&p.said))).into_bytes()
    }),
    host("a description of a picture", false, |_, p| {
        page(&format!("<img src=a.png alt=\"{}\">", xml(&p.said))).into_bytes()
    }),
    host("a comment of a page", true, |_, p| {
        page(&format!("<!-- {} -->", p.said.replace("<!-- x -->", "<i></i>"))).into_bytes()
    }),
    host("a script", false, |_, p| page(&format!("<script>var x = 1; {}</script>", p.said)).into_bytes()),
    host("a string in a script", false, |_, p| {
        page(&format!("<script>var x = {};</script>", json(&p.said))).into_bytes()
    }),
    host("data of a page", false, |_, p| {
        page(&format!("<script type='application/json'>{{\"a\": {}}}</script>", json(&p.said))).into_bytes()
    }),
    host("a style", false, |_, p| {
        page(&format!("<style>p::after {{ content: {}; }}</style>", json(&p.said))).into_bytes()
    }),
    host("a data address", true, |_, p| {
        page(&format!("<iframe src=\"data:text/plain;base64,{}\"></iframe>", base64(p.said.as_bytes()))).into_bytes()
    }),
    host("meta", false, |_, p| page(&format!("<meta name=description content=\"{}\">", xml(&p.said))).into_bytes()),
    host("a drawing", false, |_, p| {
        format!("<svg xmlns='http://www.w3.org/2000/svg'><text x='1' y='9'>{}</text></svg>", xml(&p.said)).into_bytes()
    }),
    host("a description of a drawing", false, |_, p| {
        format!("<svg xmlns='http://www.w3.org/2000/svg'><desc>{}</desc><path d='M0 0h9'/></svg>", xml(&p.said))
            .into_bytes()
    }),
    host("a form", false, |_, p| format!("a=1&b=2&c={}&d=", percent(&p.said)).into_bytes()),
    host("an upload", true, |_, p| {
        format!("--x7\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n{}\r\n--x7--\r\n", p.said).into_bytes()
    }),
    host("a file of an upload", true, |_, p| {
        format!(
            "--x7\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n{}\r\n\
             --x7--\r\n",
            p.said
        )
        .into_bytes()
    }),
    host("SQL", false, |_, p| {
        format!("INSERT INTO t (id, ghi_chu) VALUES (1, '{}');\n", p.said.replace('\'', "''")).into_bytes()
    }),
    host("a comment of SQL", true, |_, p| {
        format!("/*\n{}\n*/\nSELECT 1;\nINSERT INTO t (a) VALUES (1);\n", p.said.replace("*/", "")).into_bytes()
    }),
    host("a cell of CSV", false, |_, p| {
        format!("a,b,c\n1,2,3\n4,\"{}\",6\n7,8,9\n", p.said.replace('"', "\"\"")).into_bytes()
    }),
    host("a mail", true, |r, p| {
        mail("text/plain; charset=utf-8", "8bit", &format!("{}{}", filling(r), p.said)).into_bytes()
    }),
    host("a mail in base64", true, |_, p| {
        mail("text/plain; charset=utf-8", "base64", &wrapped(&base64(p.said.as_bytes()))).into_bytes()
    }),
    host("a mail in quoted-printable", true, |_, p| {
        let printable: String =
            p.said.bytes().map(|b| if b == b'\n' { "\r\n".to_owned() } else { format!("={b:02X}") }).collect();
        mail("text/plain; charset=utf-8", "quoted-printable", &printable).into_bytes()
    }),
    host("a page in a mail", true, |_, p| {
        mail("text/html; charset=utf-8", "8bit", &page(&format!("<div>{}</div>", xml(&p.said).replace('\n', "<br>"))))
            .into_bytes()
    }),
    host("a subject", false, |_, p| {
        let subject = format!("=?utf-8?B?{}?=", base64(p.said.as_bytes()));
        format!("From: a@example.vn\r\nTo: b@example.vn\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\r\nok\r\n")
            .into_bytes()
    }),
    host("a header of a mail", false, |_, p| {
        let note = format!("=?utf-8?Q?{}?=", p.said.bytes().map(|b| format!("={b:02X}")).collect::<String>());
        format!("From: a@example.vn\r\nTo: b@example.vn\r\nX-Note: {note}\r\nSubject: x\r\n\r\nok\r\n").into_bytes()
    }),
    host("a mailbox", true, |_, p| {
        let mail = mail("text/plain; charset=utf-8", "8bit", &p.said);
        format!("From a@example.vn Thu Jan  1 00:00:00 2026\n{}\n", mail.replace("\r\n", "\n")).into_bytes()
    }),
    host("a contact", false, |_, p| {
        let note = p.said.replace('\\', "\\\\").replace('\n', "\\n").replace(',', "\\,").replace(';', "\\;");
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:An\r\nNOTE:{note}\r\nEND:VCARD\r\n").into_bytes()
    }),
    host("a calendar", false, |_, p| {
        let note = p.said.replace('\\', "\\\\").replace('\n', "\\n").replace(',', "\\,").replace(';', "\\;");
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:{note}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").into_bytes()
    }),
    host("a directory", false, |_, p| {
        format!("dn: cn=a,dc=vn\ncn: a\ndescription:: {}\n", base64(p.said.as_bytes())).into_bytes()
    }),
    host("rich text", true, |r, p| rich(&format!("{}\n{}", filling(r), p.said)).into_bytes()),
    host("hidden rich text", true, |_, p| {
        format!("{{\\rtf1\\ansi x {{\\v {}}}\\par}}", rich_letters(&p.said)).into_bytes()
    }),
    host("a property of rich text", false, |_, p| {
        format!("{{\\rtf1\\ansi{{\\info{{\\subject {}}}}}x\\par}}", rich_letters(&p.said)).into_bytes()
    }),
];

pub(crate) fn page(body: &str) -> String {
    format!("<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>{body}</body></html>")
}

fn mail(kind: &str, coding: &str, body: &str) -> String {
    format!(
        "From: a@example.vn\r\nTo: b@example.vn\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\
         Content-Transfer-Encoding: {coding}\r\n\r\n{body}\r\n"
    )
}

fn wrapped(signs: &str) -> String {
    let lines: Vec<&str> = signs.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    lines.join("\r\n")
}

fn rich(text: &str) -> String {
    format!("{{\\rtf1\\ansi\\deff0 {}\\par}}", rich_letters(text))
}

fn rich_letters(text: &str) -> String {
    let letter = |c: char| match c {
        '\\' | '{' | '}' => format!("\\{c}"),
        '\n' => "\\par ".to_owned(),
        '\t' => "\\tab ".to_owned(),
        ' '..='~' => c.to_string(),
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{}?", *unit as i16)).collect(),
    };
    text.chars().map(letter).collect()
}
