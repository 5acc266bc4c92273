//! What a mail hides, every way a mail program may see it: hundreds of malformed and ambiguous messages with one
//! invented number in each, and ordinary ones with none.
//!
//! The families are those of "Inbox Invasion" (CCS 2024) and of the anomalies of RFC 7103: where two readers see two
//! mails, the number is found in whichever of them holds it.

#[path = "../archive/mod.rs"]
mod archive;
mod forms;
mod ordinary;
mod parts;
mod shapes;

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection, OpaqueReason};

/// What every case hides. The person is invented.
pub(crate) const HIDDEN: &str = "Xin gửi anh số CCCD 001090123456 của ông Thử Nghiệm, nhờ anh kiểm tra giúp.";

/// A message and what it is called.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) mail: Vec<u8>,
}

pub(crate) fn inspect(mail: &[u8]) -> Inspection {
    let hint = Hint { name: None, content_type: Some("message/rfc822".to_owned()) };
    Inspector::new(Limits::default(), 2026).inspect(hint, &mail.to_vec()).inspection
}

fn missed(cases: &[Case]) -> Vec<&str> {
    let is_missed = |case: &&Case| inspect(&case.mail).distinct(DetectorId::Cccd) != 1;
    cases.iter().filter(is_missed).map(|case| case.name.as_str()).collect()
}

#[test]
fn no_shape_of_a_mail_hides_a_number() {
    let cases = shapes::all();
    assert!(cases.len() >= 400, "{}", cases.len());
    let missed = missed(&cases);
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), cases.len());
}

#[test]
fn no_form_of_an_encoding_hides_a_number() {
    let cases = forms::all();
    let missed = missed(&cases);
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), cases.len());
}

#[test]
fn whatever_a_part_is_it_hides_no_number() {
    let cases = parts::all();
    let missed = missed(&cases);
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), cases.len());
}

/// What was signed is read, and is no secret: only what is encrypted is.
#[test]
fn what_was_read_is_not_opaque_and_what_was_not_is() {
    for case in parts::all() {
        let inspection = inspect(&case.mail);
        assert!(!inspection.is_opaque(OpaqueReason::Encrypted), "{}: {:?}", case.name, inspection.opaque);
    }
    for (reason, case) in parts::opaque() {
        let inspection = inspect(&case.mail);
        assert!(inspection.is_opaque(reason), "{}: {:?}", case.name, inspection.opaque);
    }
}

/// What mail programs write every day is no matter of dispute, and holds no number when there is none.
#[test]
fn ordinary_mail_is_neither_ambiguous_nor_suspected() {
    for case in ordinary::all() {
        let inspection = inspect(&case.mail);
        assert_eq!((inspection.identifiers(), inspection.opaque.as_slice()), (0, &[][..]), "{}", case.name);
    }
}

/// A mail is a mail whatever marks stand in it, and a file is a file whatever stands before its mark.
#[test]
fn marks_of_other_formats_hide_nothing_in_a_mail() {
    let hidden = shapes::base64(HIDDEN);
    let mail = "From: an@example.vn\r\nTo: b@example.org\r\nMIME-Version: 1.0\r\n";
    for mark in [
        "X-A: %PDF-1.4",
        "X-A: %PDF-1.4\r\nX-B: 1 0 obj<</Length 4096>>stream",
        "%PDF-1.4",
        "X-B: %!PS-Adobe",
        concat!("X-C: -----BEGIN ", "PGP MESSAGE-----"),
        "X-D: \0\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        for declared in [Some("message/rfc822".to_owned()), None] {
            let mail = format!("{mail}{mark}\r\nContent-Type: text/plain\r\n\r\nxem duoi day\r\n\r\n{hidden}");
            let hint = Hint { name: None, content_type: declared };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &mail.into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{mark}: {inspection:?}");
        }
    }
    // A document of which only the mark is hidden from whoever believes what is declared.
    let zip = archive::zip(&[("ds.txt", HIDDEN.as_bytes())]);
    let inspection = inspect(&zip);
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
    let packed = archive::zlib(format!("BT ({HIDDEN}) Tj ET").as_bytes());
    let stream = format!("1 0 obj<</Length {}/Filter/FlateDecode>>stream\n", packed.len());
    let page = "3 0 obj<</Type/Page/Parent 2 0 R/Contents 1 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 4 0 obj<</Type/Catalog/Pages 2 0 R>>endobj trailer<</Root 4 0 R>>";
    for before in ["", "From: a@example.vn\r\nTo: b@example.org\r\nMIME-Version: 1.0\r\n"] {
        let pdf =
            [before.as_bytes(), b"%PDF-1.4\n", stream.as_bytes(), &packed, b"\nendstream endobj ", page.as_bytes()]
                .concat();
        let inspection = inspect(&pdf);
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{before:?}: {inspection:?}");
    }
}

/// Where readers surely disagree, policy is told.
#[test]
fn what_readers_disagree_on_is_ambiguous() {
    let told = |name: &str| {
        let cases = shapes::all();
        let case = cases.iter().find(|case| case.name.starts_with("base64") && case.name.contains(name));
        inspect(&case.unwrap_or_else(|| panic!("no case {name}")).mail).is_opaque(OpaqueReason::Ambiguous)
    };
    for name in [
        "{C}\\r\\nContent-Transfer-Encoding: 7bit",
        "encoding: \"Content-Transfer-Encoding: (7bit) {C}",
        "encoding: \"Content-Transfer-Encoding : {C}",
        "boundary=oth; boundary=bnd",
        "boundary: \"multipart/mixed / bnd",
        "in the preamble",
        "in the epilogue",
        "with the outer boundary",
        "a multipart that says it is encoded",
    ] {
        assert!(told(name), "{name}");
    }
}
