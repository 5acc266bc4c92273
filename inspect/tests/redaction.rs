//! What was found within containers is put back masked: the containers open as before, and nothing else has changed.
//!
//! All people are invented; the numbers are random and only laid out as real ones.

mod archive;

use std::io::Read;
use std::sync::Arc;

use archive::{How, gzip, mail, opened, tar, zip, zip_how, zip64, zlib};
use chot_inspect::{Hint, Inspected, Inspector, Limits, NotRedactable, Source, Spliced};
use chot_model::DetectorId;
use proptest::prelude::*;

fn inspect(bytes: &dyn Source) -> Inspected {
    static INSPECTOR: std::sync::LazyLock<Inspector> =
        std::sync::LazyLock::new(|| Inspector::new(Limits::default(), 2026).cached());
    INSPECTOR.inspect(Hint::default(), bytes)
}

/// The object with its identifiers masked.
fn redact(bytes: &[u8]) -> Result<Vec<u8>, NotRedactable> {
    let identifiers: Vec<DetectorId> = DetectorId::identifiers().collect();
    let bytes = Arc::new(bytes.to_vec());
    let splices = inspect(&*bytes).redact(&identifiers, &*bytes)?;
    let spliced = Spliced::new(bytes, splices);
    let (mut out, mut filled) = (vec![0; spliced.len() as usize], 0);
    while let n @ 1.. = spliced.read_at(filled as u64, &mut out[filled..]).expect("memory") {
        filled += n;
    }
    Ok(out)
}

const NUMBER: &str = "001090123456";
const MASK: &str = "************";

/// A text with a number, and the same with the number masked.
fn text(n: usize) -> (Vec<u8>, Vec<u8>) {
    let text = format!("{}Số CCCD {NUMBER}, xin cảm ơn.\r\n", "Kính gửi quý đơn vị. ".repeat(n));
    let masked = text.replace(NUMBER, MASK);
    (text.into_bytes(), masked.into_bytes())
}

#[test]
fn containers_come_out_as_if_packed_from_the_masked_text() {
    let (long, masked) = text(9_000);
    let (short, hidden) = text(0);
    let clean: &[u8] = b"nothing about anybody";
    let of = |text: &[u8], list: &[u8]| -> Vec<(&'static str, Vec<u8>)> {
        let inner = zip(&[("a.txt", clean), ("ds.txt", text), ("b.txt", clean), ("c.txt", list)]);
        let mixed = [
            ("mimetype", clean, How::Stored),
            ("a.txt", text, How::Stored),
            ("b.txt", list, How::Streamed { mark: true }),
            ("c.txt", text, How::Streamed { mark: false }),
            ("d.txt", clean, How::Deflated),
        ];
        vec![
            ("zip in zip in zip", zip(&[("x.txt", clean), ("1.zip", &zip(&[("2.zip", &inner)])), ("y.txt", list)])),
            ("members of every kind", zip_how(&mixed)),
            ("gzip", gzip(text)),
            ("zlib", zlib(text)),
            ("gzip of an archive", gzip(&inner)),
            ("archive of gzip", zip(&[("a.gz", &gzip(text)), ("b.txt", clean)])),
            ("tar", tar("a.txt", text)),
            ("tar in gzip", gzip(&tar("a.txt", text))),
            ("mail in an archive", zip(&[("a.eml", &mail("a.txt", text))])),
            ("text in a mail", mail("a.txt", text)),
        ]
    };
    for ((name, bytes), (_, expected)) in of(&long, &short).into_iter().zip(of(&masked, &hidden)) {
        let redacted = redact(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(opened(&redacted) == opened(&expected), "{name}");
        let again = inspect(&redacted).inspection;
        assert_eq!((again.identifiers(), again.opaque.len()), (0, 0), "{name}: {again:?}");
        assert_eq!(redact(&redacted).expect("nothing to do"), redacted, "{name}: redacting twice equals once");
    }
}

#[test]
fn archives_in_the_large_layout_come_out_in_it() {
    let (long, masked) = text(9_000);
    for (streamed, everywhere) in [(false, false), (false, true), (true, false), (true, true)] {
        let of = |text: &[u8]| {
            let members = [("a.txt", b"nothing".as_slice()), ("ds.txt", text), ("b.txt", b"more"), ("c.txt", text)];
            zip64(&members, streamed, everywhere)
        };
        let bytes = of(&long);
        assert_eq!(inspect(&bytes).inspection.opaque, [], "{streamed} {everywhere}");
        assert!(redact(&bytes).expect("redactable") == of(&masked), "{streamed} {everywhere}");
    }
    // What stands behind the larger record, before what points to it, belongs to nobody, and is looked at.
    let mut bytes = zip64(&[("a.txt", b"nothing")], false, true);
    let locator = bytes.len() - 42;
    bytes.splice(locator..locator, NUMBER.bytes().chain(*b" so CCCD"));
    assert_eq!(inspect(&bytes).inspection.identifiers(), 1);
}

#[test]
fn text_of_two_and_four_bytes_a_letter_is_masked_letter_by_letter() {
    let text = format!("\u{feff}Bà Nguyễn Thị Ánh 𠀀, số CCCD {NUMBER}, thẻ DN4010123456789.\r\n");
    let masked = text.replace(NUMBER, MASK).replace("DN4010123456789", &"*".repeat(15));
    let widths: [fn(&str) -> Vec<u8>; 4] = [
        |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        |text| text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(),
        |text| text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect(),
    ];
    for wide in widths {
        let (bytes, expected) = (wide(&text), wide(&masked));
        assert!(redact(&bytes).expect("redactable") == expected);
        assert_eq!(redact(&mail("a.txt", &bytes)).expect("redactable"), mail("a.txt", &expected));
        assert_eq!(redact(&tar("a.txt", &bytes)).expect("redactable"), tar("a.txt", &expected));
        let packed = redact(&zip(&[("a.txt", &bytes)])).expect("redactable");
        assert_eq!(packed, zip(&[("a.txt", &expected)]));
    }
}

#[test]
fn a_workbook_in_utf_16_is_read_and_masked_as_one() {
    let sheet = |number: &str| {
        let text = format!(
            "<?xml version='1.0' encoding='UTF-16'?><worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>Số CCCD\
             </t></is></c></row><row r='2'><c r='A2'><v>{number}</v></c></row></sheetData></worksheet>"
        );
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let of = |number| zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/worksheets/sheet1.xml", &sheet(number))]);
    // The number has lost its zeros, and must stay a number.
    let bytes = of("1090123456");
    let found = inspect(&bytes).inspection;
    assert_eq!((found.distinct(DetectorId::Cccd), found.opaque.len()), (1, 0), "{found:?}");
    assert_eq!(redact(&bytes).expect("redactable"), of("0000000000"));
}

#[test]
fn what_is_masked_in_a_text_leaves_all_that_stands_around_it() {
    for (text, masked) in [
        // Under a heading a number shows the zeros it has lost, and takes no more room than it did.
        (
            r#"[["Họ tên","Số CCCD","Mã số BHXH"],["Lê Văn An",79185952956,116080784],["Vũ Thị Bé",1190123456,7916080785]]"#,
            r#"[["Họ tên","Số CCCD","Mã số BHXH"],["Lê Văn An",0          ,0        ],["Vũ Thị Bé",0         ,0         ]]"#,
        ),
        (r#"{"so_cccd":79185952956,"tuoi":40}"#, r#"{"so_cccd":0          ,"tuoi":40}"#),
        // Blanks of a number stay as they are written.
        ("ten=An+B%C3%A9&so_cccd=079+185+952+956&gui=1", "ten=An+B%C3%A9&so_cccd=***+***+***+***&gui=1"),
        ("ten=An&so_cccd=079%20185%20952%20956&gui=1", "ten=An&so_cccd=***%20***%20***%20***&gui=1"),
        ("<p>Số CCCD: 079&#32;185&#32;952&#32;956</p>", "<p>Số CCCD: ***&#32;***&#32;***&#32;***</p>"),
        ("<p>Số CCCD: &#48;79185952956</p>", "<p>Số CCCD: ****************</p>"),
    ] {
        let clean = redact(text.as_bytes()).expect("redactable");
        assert_eq!(String::from_utf8_lossy(&clean), masked);
    }
}

#[test]
fn an_attachment_that_grew_or_shrank_is_encoded_anew() {
    let (long, masked) = text(300);
    let bytes = mail("ds.zip", &zip(&[("a.txt", &long), ("b.txt", b"x")]));
    assert_eq!(redact(&bytes).expect("redactable"), mail("ds.zip", &zip(&[("a.txt", &masked), ("b.txt", b"x")])));
}

#[test]
fn what_a_formula_made_is_masked_with_what_is_shown_of_it() {
    const ROOT: &str = "<office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' \
        xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' \
        xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' \
        office:mimetype='application/vnd.oasis.opendocument.spreadsheet'>";
    let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    for (label, number) in [("Số CCCD", "077085276859"), ("Người hưởng", "077085276859")] {
        for rows_above in [0, 1, 40] {
            let above: String =
                (0..rows_above).map(|_| format!("<table:table-row>{}</table:table-row>", cell("x"))).collect();
            let made = format!(
                "<table:table-cell table:formula='of:=&quot;{number}&quot;' office:value-type='string' \
                 office:string-value='{number}'><text:p>{number}</text:p></table:table-cell>"
            );
            let sheet = format!(
                "<?xml version='1.0'?>{ROOT}<office:body><office:spreadsheet><table:table table:name='A'>{above}\
                 <table:table-row>{}{made}</table:table-row></table:table></office:spreadsheet></office:body></office:document>",
                cell(label)
            );
            let masked = redact(sheet.as_bytes()).expect("a sheet can be masked");
            let masked = String::from_utf8(masked).expect("text stays text");
            assert!(!masked.contains(number.trim_start_matches('0')), "{masked}");
        }
    }
}

#[test]
fn header_names_and_comments_of_gzip_stay() {
    let (long, masked) = text(2);
    let pack = |text: &[u8]| {
        let builder = flate2::GzBuilder::new().filename("ds.txt").comment("list").extra(&b"ab"[..]).mtime(7);
        let mut out = Vec::new();
        builder.buf_read(text, flate2::Compression::default()).read_to_end(&mut out).expect("memory");
        out
    };
    let mut expected = pack(&masked);
    // The level of compression stands in the header as well.
    let redacted = redact(&pack(&long)).expect("redactable");
    expected[8] = redacted[8];
    assert_eq!(redacted, expected);
}

#[test]
fn what_cannot_change_safely_is_refused_with_the_reason() {
    let (text, _) = text(0);
    let sheet = ("xl/x.txt", text.as_slice());
    let mut prefixed = b"in front".to_vec();
    prefixed.extend(zip(&[sheet]));
    let several = [gzip(b"one\n"), gzip(&text)].concat();
    let missing = String::from_utf8(mail("a.txt", &text[..25])).expect("text").replace("==\r\n", "\r\n");
    for (bytes, why) in [
        (zip(&[sheet, ("_xmlsignatures/sig1.xml", b"<x/>")]), "is signed"),
        (zip(&[sheet, ("META-INF/documentsignatures.xml", b"<x/>")]), "is signed"),
        (zip(&[sheet, ("xl/vbaProject.bin", b"Sub a()")]), "holds macros"),
        (zip(&[sheet, ("Basic/Standard/a.xml", b"<x/>")]), "holds macros"),
        (zip(&[sheet, ("xl/x.txt", b"other")]), "readers may see differently"),
        (several, "has several members"),
        (missing.into_bytes(), "cannot be rewritten"),
        (tar("a.zip", &zip(&[sheet])), "cannot grow or shrink"),
        (zip(&[("CCCD 001090123456.txt", b"x")]), "cannot be rewritten"),
    ] {
        let refused = redact(&bytes).map(|_| ()).expect_err(why).to_string();
        assert!(refused.contains(why), "{refused} for {why}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn without_a_finding_nothing_changes(
        texts in proptest::collection::vec("[a-z \r\n]{0,200}", 1..5),
        how in proptest::collection::vec(0u8..4, 5),
        around in 0u8..4,
    ) {
        let how = |n: usize| match how[n] {
            0 => How::Stored,
            1 => How::Deflated,
            mark => How::Streamed { mark: mark == 2 },
        };
        let names: Vec<String> = (0..texts.len()).map(|n| format!("{n}.txt")).collect();
        let members: Vec<_> =
            texts.iter().zip(&names).enumerate().map(|(n, (t, name))| (name.as_str(), t.as_bytes(), how(n))).collect();
        let inner = zip_how(&members);
        let bytes = match around {
            0 => inner,
            1 => gzip(&inner),
            2 => mail("a.zip", &inner),
            _ => zip(&[("a.zip", &inner)]),
        };
        prop_assert_eq!(redact(&bytes).expect("nothing to do"), bytes);
    }
}

#[test]
fn what_somebody_signed_is_not_changed() {
    let part = |text: &str| format!("Content-Type: text/plain\r\n\r\n{text}\r\n");
    let signed = |text: &str| {
        let signature = "Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n";
        format!(
            "Content-Type: multipart/signed; boundary=S; protocol=\"application/pgp-signature\"\r\n\r\n--S\r\n{}--S\r\n{signature}--S--\r\n",
            part(text)
        )
    };
    let head = "From: an@example.vn\r\nTo: b@example.org\r\nMIME-Version: 1.0\r\n";
    let beside = |first: &str, second: &str| {
        format!("{head}Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n{first}\r\n--M\r\n{second}\r\n--M--\r\n")
    };
    let (telling, clean) = (format!("CCCD {NUMBER}"), "xin chao");
    let in_a_file_name = part(clean).replacen("text/plain", &format!("text/plain; name=\"CCCD {NUMBER}.txt\""), 1);
    let clear = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n{telling}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n-----END PGP SIGNATURE-----"
    );
    for (mail, may) in [
        (format!("{head}{}", signed(&telling)), false),
        (beside(&signed(&telling), &part(clean)), false),
        (beside(&signed(clean), &part(&telling)), true),
        (beside(&part(&telling), &signed(clean)), true),
        (format!("{head}{}", signed(clean).replace(&part(clean), &in_a_file_name)), false),
        (format!("{head}{}", part(&clear)), false),
        (format!("{head}Subject: {telling}\r\n{}", signed(clean)), true),
    ] {
        let redacted = redact(mail.as_bytes());
        assert_eq!(redacted.is_ok(), may, "{mail}");
        if let Ok(redacted) = redacted {
            assert_eq!(String::from_utf8(redacted).expect("text"), mail.replace(NUMBER, MASK));
        }
    }
}

#[test]
fn what_stands_in_signs_of_a_font_or_in_a_text_of_another_object_is_masked() {
    let sign = |code: u32| format!("<w:r><w:sym w:font='Arial' w:char='{code:04X}'/></w:r>");
    let letter = |signs: String| {
        let body = format!("<w:document><w:p><w:r><w:t>Số CCCD </w:t></w:r>{signs}</w:p></w:document>");
        let types = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
        zip(&[("[Content_Types].xml", types.as_bytes()), ("word/document.xml", body.as_bytes())])
    };
    let out = redact(&letter(NUMBER.chars().map(|c| sign(0xf000 + u32::from(c))).collect())).expect("redacted");
    assert_eq!(opened(&out), opened(&letter(NUMBER.chars().map(|_| sign(0)).collect())));
    let record = |number: &str| {
        let inner = format!(r#"{{"hoTen":"Nguy\u1ec5n V\u0103n An","n":1,"cccd":"{number}"}}"#);
        let quoted = inner.replace('\\', r"\\").replace('"', "\\\"");
        let log = format!(r#"{{"log":{{"entries":[{{"request":{{"postData":{{"text":"{quoted}"}}}}}}]}}}}"#);
        let twice = log.replace('\\', r"\\").replace('"', "\\\"");
        let page = format!(
            r#"{{"source":["<table>","<tr><td>Họ tên</td><td>Số CCCD</td></tr>\n","<tr><td>An</td><td>{number}</td></tr>\n","</table>"]}}"#
        );
        [log, format!(r#"["{twice}"]"#), page]
    };
    for (text, masked) in record(NUMBER).into_iter().zip(record(MASK)) {
        let out = redact(text.as_bytes()).expect("redacted");
        assert_eq!(String::from_utf8_lossy(&out), masked);
    }
}
