//! What was found within containers is put back masked: the containers open as before, and nothing else has changed.
//!
//! All people are invented; the numbers are random and only laid out as real ones.

mod archive;

use std::io::Read;
use std::sync::Arc;

use archive::{How, gzip, mail, opened, tar, zip, zip_how, zlib};
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
fn an_attachment_that_grew_or_shrank_is_encoded_anew() {
    let (long, masked) = text(300);
    let bytes = mail("ds.zip", &zip(&[("a.txt", &long), ("b.txt", b"x")]));
    assert_eq!(redact(&bytes).expect("redactable"), mail("ds.zip", &zip(&[("a.txt", &masked), ("b.txt", b"x")])));
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
