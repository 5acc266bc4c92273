//! Properties that hold for any input: splitting changes nothing, redaction removes what it names and nothing else,
//! hostile bytes end in an inspection.
//!
//! All people are invented; the numbers are random and only laid out as real ones.

mod archive;

use std::collections::HashSet;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use archive::zip;
use chot_inspect::{Hint, Inspected, Inspector, Limits, Source, Spliced};
use chot_model::{DetectorId, Finding, Inspection, OpaqueReason};
use proptest::prelude::*;

fn inspector() -> Inspector {
    static INSPECTOR: std::sync::LazyLock<Inspector> =
        std::sync::LazyLock::new(|| Inspector::new(Limits::default(), 2026));
    INSPECTOR.clone()
}

fn inspect(bytes: &[u8]) -> Inspected {
    inspector().inspect(Hint::default(), &bytes.to_vec())
}

/// Everything but the time it took.
fn summary(inspection: &Inspection) -> String {
    let Inspection { object, tallies, persons, bulk, opaque, disguises, elapsed_us: _ } = inspection;
    format!("{object:?} {tallies:?} {persons} {bulk} {opaque:?} {disguises:?}")
}

/// Documents with identifiers, one of most kinds of format.
fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let text = |s: &str| s.as_bytes().to_vec();
    let rows: String = (0..40).map(|n| format!("{n};Nguyễn Văn A;0010900{n:05};04{n:08}\r\n")).collect();
    let long = format!("{}Số CCCD: 001090123456.", "Kính gửi quý đơn vị, xin cảm ơn. ".repeat(9_000));
    vec![
        ("text", text("Anh An, số CCCD 001090123456, mã số BHXH 0123456789 nhé")),
        ("long text", text(&long)),
        ("old set", text("Soá caên cöôùc coâng daân: 0010-9012-3456 vaø maõ soá BHXH 0123456789")),
        ("viqr", text("So^' ca(n cu+o+'c co^ng da^n: 0010-9012-3456")),
        ("utf-7", text("S+HtE- CCCD +ADAAMAAxADAAOQAw-123456 x")),
        ("tags", text(r#"{"noi_dung": "so CCCD 0010<i>90</i>123456"}"#)),
        ("style", text(r"so CCCD \30 \30 \31 \30 \39 \30 \31 \32 \33 \34 \35 \36")),
        ("split json", text(r#"{"soCCCD": ["0010", "9012", "3456"], "x": 1}"#)),
        ("split form", text("hoTen=An&soCCCD1=0010&soCCCD2=9012&soCCCD3=3456")),
        ("json", text(r#"[{"soCCCD":"00109\u0030123456","maSoBHXH":"0123456789"},{"soCCCD":"001190654321","x":1.5}]"#)),
        ("csv", text(&format!("STT;Họ và tên;Số CCCD;Mã số BHXH\r\n{rows}"))),
        (
            "html",
            text("<html><p>Số <b>CCCD</b>: 00109&#48;1<i>23456</i></p><input name=soCCCD value='001190654321'></html>"),
        ),
        (
            "xml",
            text(
                "<?xml version='1.0'?><ds><nld SO_CCCD='001090123456'/><nld><MA_SO_BHXH>0123456789</MA_SO_BHXH></nld></ds>",
            ),
        ),
        ("form", text("hoTen=Nguy%E1%BB%85n+An&soCCCD=0010%3901%32%33456&maSoBHXH=0123456789")),
        (
            "multipart",
            text(
                "--x7\r\nContent-Disposition: form-data; name=\"soCCCD\"\r\n\r\n001090123456\r\n--x7\r\nContent-Disposition: \
                 form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nSố CCCD 001190654321\r\n--x7--\r\n",
            ),
        ),
        (
            "mail 8bit",
            text(
                "From: a@example.vn\r\nTo: b@example.vn\r\nSubject: CCCD 001090123456\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMã số BHXH 0123456789\r\n",
            ),
        ),
        (
            "mail subject",
            text(
                "From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\nSubject: =?utf-8?B?U+G7kSBDQ0NEIDAwMTA5MDEyMzQ1Ng==?=\r\n =?utf-8?Q?,_s=E1=BB=91_BHXH_0123=34=35=36789?=\r\n\r\nok\r\n",
            ),
        ),
        (
            "mail qp",
            text(
                "From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nS=E1=BB=91 CCCD 00109=\r\n0123=34=35=36 nh=C3=A9\r\n",
            ),
        ),
        (
            "mail base64",
            text(
                "From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nU+G7kSBDQ0NEIDAwMTA5MDEyMzQ1NiwgbcOjIHPhu5EgQkhYSCAwMTIzNDU2Nzg5IG5o\r\nw6kuIFPhu5EgQ0NDRCAwMDExOTA2NTQzMjE=\r\n",
            ),
        ),
    ]
}

#[test]
fn redaction_masks_what_it_names_and_nothing_else() {
    let identifiers: Vec<DetectorId> = DetectorId::identifiers().collect();
    for (name, bytes) in documents() {
        let found = inspect(&bytes);
        assert!(found.inspection.identifiers() > 0, "{name}: {:?}", found.inspection);
        let splices = found.redact(&identifiers, &bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!splices.is_empty(), "{name}");
        let mut at = 0;
        for splice in &splices {
            assert!(at <= splice.range.start && splice.range.end <= bytes.len() as u64, "{name}: {splice:?}");
            assert_eq!(splice.range.end - splice.range.start, splice.bytes.len() as u64, "{name}: length kept");
            at = splice.range.end;
        }
        let spliced = Spliced::new(Arc::new(bytes.clone()), splices.clone());
        let mut redacted = vec![0; spliced.len() as usize];
        let mut filled = 0;
        while let n @ 1.. = spliced.read_at(filled as u64, &mut redacted[filled..]).expect("memory") {
            filled += n;
        }
        for (n, (before, after)) in bytes.iter().zip(&redacted).enumerate() {
            let touched = splices.iter().any(|s| s.range.contains(&(n as u64)));
            assert!(touched || before == after, "{name}: byte {n} changed outside the splices");
        }
        let again = inspect(&redacted);
        assert_eq!(again.inspection.identifiers(), 0, "{name}: {}", String::from_utf8_lossy(&redacted));
        assert_eq!(again.inspection.object.media_type, found.inspection.object.media_type, "{name}");
        assert_eq!(
            again.redact(&identifiers, &redacted).expect("nothing left"),
            [],
            "{name}: redacting twice equals once"
        );
    }
}

#[test]
fn json_stays_json_when_a_number_is_masked() {
    let bytes = br#"{"soCCCD": 79090123456, "maSoBHXH": 1234567890, "n": [1]}"#;
    let found = inspect(bytes);
    let splices = found.redact(&DetectorId::identifiers().collect::<Vec<_>>(), &bytes.to_vec()).expect("redactable");
    for splice in splices {
        assert_eq!(splice.bytes.first(), Some(&b'0'));
        assert!(splice.bytes.iter().skip(1).all(|b| *b == b' '), "{splice:?}");
    }
    // Unless that is forbidden: then what holds one cannot be redacted, and text in quotes still can.
    let strict = Inspector::new(Limits { zero_numbers: false, ..Limits::default() }, 2026);
    for (json, redactable) in [(&br#"{"soCCCD": 79090123456}"#[..], false), (br#"{"soCCCD": "079090123456"}"#, true)] {
        let found = strict.inspect(Hint::default(), &json.to_vec());
        assert_eq!(found.inspection.distinct(DetectorId::Cccd), 1);
        assert_eq!(found.redact(&[DetectorId::Cccd], &json.to_vec()).is_ok(), redactable);
    }
}

fn workbook(people: usize) -> Vec<u8> {
    let mut sheet = String::from("<worksheet><sheetData><row r=\"1\">");
    for (column, title) in ["A", "B", "C"].iter().zip(["STT", "Họ và tên", "Số CCCD"]) {
        sheet += &format!("<c r=\"{column}1\" t=\"inlineStr\"><is><t>{title}</t></is></c>");
    }
    sheet += "</row>";
    for n in 0..people {
        let row = n + 2;
        sheet +=
            &format!("<row r=\"{row}\"><c r=\"A{row}\"><v>{n}</v></c><c r=\"B{row}\" t=\"s\"><v>{}</v></c>", n % 2);
        // The leading zeros of a number are lost.
        sheet += &format!("<c r=\"C{row}\"><v>1090{:06}</v></c></row>", 100_000 + n);
    }
    sheet += "</sheetData></worksheet>";
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "xl/workbook.xml",
            "<workbook xmlns:r=\"r\"><sheets><sheet name=\"DS\" r:id=\"r1\"/></sheets></workbook>".as_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id=\"r1\" Target=\"worksheets/s.xml\"/></Relationships>",
        ),
        ("xl/sharedStrings.xml", "<sst><si><t>Nguyễn Văn An</t></si><si><t>Trần Thị Bình</t></si></sst>".as_bytes()),
        ("xl/worksheets/s.xml", sheet.as_bytes()),
    ])
}

#[test]
fn a_register_in_a_workbook_is_bulk_and_says_where_it_stands() {
    let found = Arc::new(Mutex::new(Vec::new()));
    let sink = found.clone();
    let hint = Hint { name: Some("ds.xlsx".to_owned()), content_type: None };
    let whole = zip(&[("ds.xlsx", &workbook(120))]);
    let inspected = inspector().inspect_with(hint, &whole, Box::new(move |f| sink.lock().expect("no panic").push(f)));
    let inspection = inspected.inspection;
    assert_eq!((inspection.persons, inspection.bulk), (120, true), "{inspection:?}");
    assert_eq!(inspection.object.bytes, inspection.object.bytes_inspected);
    let found = found.lock().expect("no panic");
    let first = found.iter().find(|f| f.detector == DetectorId::Cccd).expect("a finding");
    assert_eq!((&*first.part, first.value.reveal()), ("ds.xlsx/DS!C2", "001090100000"));
}

#[test]
fn limits_end_in_opaque_with_their_reason() {
    let nested = (0..6).fold(b"so CCCD 001090123456".to_vec(), |inner, _| zip(&[("a.zip", &inner)]));
    let many: Vec<(String, Vec<u8>)> = (0..30).map(|n| (format!("{n}.txt"), b"x".to_vec())).collect();
    let many = zip(&many.iter().map(|(n, d)| (n.as_str(), d.as_slice())).collect::<Vec<_>>());
    let bomb = zip(&[("zero.txt", &vec![b' '; 3 << 20])]);
    let limits = Limits { depth_max: 3, members_max: 20, inflated_bytes_max: 1 << 20, ..Limits::default() };
    let late = Limits { time_max: Duration::ZERO, ..Limits::default() };
    for (bytes, limits, reason) in [
        (&nested, &limits, OpaqueReason::TooDeep),
        (&many, &limits, OpaqueReason::TooMany),
        (&bomb, &limits, OpaqueReason::TooLarge),
        (&nested, &late, OpaqueReason::TimeLimit),
    ] {
        let inspection = Inspector::new(limits.clone(), 2026).inspect(Hint::default(), bytes).inspection;
        assert!(inspection.is_opaque(reason), "{reason}: {inspection:?}");
        assert!(inspection.object.bytes_inspected < inspection.object.bytes);
    }
    let inspection = inspect(&nested).inspection;
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
}

#[test]
fn a_small_message_is_not_much_work() {
    let gzip = |bytes: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(bytes).expect("memory");
        gz.finish().expect("memory")
    };
    let zeroes = gzip(&vec![0; 40 << 20]);
    let (layered, zipped) = (gzip(&zeroes), zip(&[("a.gz", &zeroes)]));
    assert!(layered.len() < 1_000 && inspect(&layered).inspection.is_opaque(OpaqueReason::TooLarge));
    // However the bytes arrive.
    let mut inspecting = inspector().begin(Hint::default());
    zipped.chunks(100).for_each(|piece| inspecting.push(piece));
    assert!(inspecting.finish(&zipped).inspection.is_opaque(OpaqueReason::TooLarge));
}

#[test]
fn nothing_is_nothing() {
    let inspection = inspect(b"").inspection;
    assert!(inspection.is_clean() && !inspection.bulk && inspection.persons == 0);
    assert_eq!(inspection.object.bytes, inspection.object.bytes_inspected);
}

#[test]
fn side_fields_are_inspected_and_cannot_be_redacted() {
    for (name, value) in [
        ("url", "https://example.com/tim?soCCCD=0010%3901%32%33456&x=1"),
        ("header X-Note", "CCCD 001090123456"),
        ("soCCCD", "001090123456"),
    ] {
        let mut inspecting = inspector().begin(Hint::default());
        inspecting.field(name, value.as_bytes());
        let inspected = inspecting.finish(&Vec::new());
        assert_eq!(inspected.inspection.distinct(DetectorId::Cccd), 1, "{name}: {:?}", inspected.inspection);
        assert!(inspected.redact(&[DetectorId::Cccd], &Vec::new()).is_err());
    }
}

#[test]
fn free_text_is_masked_through_percent_encoding() {
    for text in [
        "CCCD 001090123456 mat truoc.jpg",
        "https://example.com/a?so=0010%3901%32%33456",
        "https://example.com/a?cccd=%2530%2530%2531090123456&b=1",
    ] {
        let masked = inspector().mask(text);
        assert!(!masked.as_str().contains("123") && !masked.as_str().contains("%39"), "{masked}");
        assert!(masked.as_str().contains("•••456"), "{masked}");
    }
    let address = |text| inspector().mask_identifiers(text).as_str().to_owned();
    assert_eq!(address("001090123456.example.com"), "•••••••••456.example.com");
    for text in ["0912345678@example.com", "an.nguyen@example.vn", "chat.zalo.me", "192.0.2.1", "2001:db8::1234:5678"] {
        assert_eq!(address(text), text);
    }
    for text in ["an.nguyen@example.vn", "https://chat.zalo.me/", "bao-cao-quy-3.xlsx", ""] {
        assert_eq!(inspector().mask(text).as_str(), text);
    }
}

#[test]
fn what_the_channel_could_not_read_is_told() {
    let mut inspecting = inspector().begin(Hint::default());
    inspecting.push(b"abc");
    inspecting.opaque("body", OpaqueReason::UnknownEncoding);
    let inspection = inspecting.finish(&b"abc".to_vec()).inspection;
    assert!(inspection.is_opaque(OpaqueReason::UnknownEncoding));
    assert_eq!((inspection.object.bytes, inspection.object.bytes_inspected), (3, 2));
}

#[test]
fn a_source_that_is_not_what_was_pushed_is_a_failure() {
    let mut inspecting = inspector().begin(Hint::default());
    inspecting.push(b"abc");
    assert!(inspecting.finish(&b"abcd".to_vec()).inspection.is_opaque(OpaqueReason::Failed));
}

/// Bytes that lie in memory, in pieces.
struct InMemory<'a>(&'a [u8]);

impl Source for InMemory<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(offset, buf)
    }

    fn in_memory(&self, offset: u64) -> Option<&[u8]> {
        let (from, piece) = (offset as usize, 1_000);
        self.0.get(from..self.0.len().min((from / piece + 1) * piece))
    }
}

/// The findings of a file.
fn findings(name: &str, text: &str) -> Vec<Finding> {
    let (hint, told) = (Hint { name: Some(name.into()), ..Hint::default() }, Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&told);
    let sink = Box::new(move |finding| sink.lock().expect("one thread").push(finding));
    inspector().inspect_with(hint, &text.as_bytes().to_vec(), sink);
    std::mem::take(&mut *told.lock().expect("one thread"))
}

#[test]
fn a_number_of_several_values_stands_from_the_first_to_the_last() {
    for (name, text, whole, masked) in [
        ("a", "ma1=0790&ma2=9012&ma3=3456&x=1", "0790&ma2=9012&ma3=3456", "ma1=****&ma2=****&ma3=****&x=1"),
        ("a", "x=%31&so+cccd=001090123456", "001090123456", "x=%31&so+cccd=************"),
        (
            "a.json",
            r#"{"soCCCD": ["0010", "9012", "3456"]}"#,
            r#"0010", "9012", "3456"#,
            r#"{"soCCCD": ["****", "****", "****"]}"#,
        ),
        ("a.csv", "STT,Số CCCD,,\n1,0790,9012,3456\n", "0790,9012,3456", "STT,Số CCCD,,\n1,****,****,****\n"),
    ] {
        let found = findings(name, text);
        let [Finding { range, .. }] = found.as_slice() else { panic!("{text}: {}", found.len()) };
        assert_eq!(text.get(range.start as usize..range.end as usize), Some(whole), "{text}");
        let hint = Hint { name: Some(name.into()), ..Hint::default() };
        let bytes = text.as_bytes().to_vec();
        let splices = inspector().inspect(hint, &bytes).redact(&[DetectorId::Cccd], &bytes).expect("it is plain");
        let mut left = bytes.clone();
        for splice in splices {
            left[splice.range.start as usize..splice.range.end as usize].copy_from_slice(&splice.bytes);
        }
        assert_eq!(String::from_utf8_lossy(&left), masked);
    }
}

/// Lines of registers, each with values of its own.
fn line(kind: u8, n: usize, sign: char) -> String {
    let s = sign;
    match kind {
        0 => format!("DANH SÁCH LAO ĐỘNG THAM GIA BHXH gửi an{n}@cty.vn"),
        1 => format!("Họ tên: Võ Thị Ban  Mã số: 79120{n:05}"),
        2 => format!("Ghi chú: liên hệ b{n}@cty.vn{s}{s}"),
        3 => format!("STT{s}Họ tên{s}Số CCCD"),
        4 => format!("{n}{s} Trần Thị Bình{s}CCCD 0791850{n:05}{s}x"),
        5 => format!("{n}{s}Lê Văn Cường{s}0380850{n:05} "),
        6 => format!("Số CCCD{s}{s}0010900{n:05}{s}"),
        7 => format!("{n}. Nguyễn Văn An, cccd 0010901{n:05}"),
        _ => String::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_finding_is_told_once_and_where_it_stands(
        kinds in proptest::collection::vec(0u8..9, 0..24),
        sign in prop_oneof![Just(','), Just(';'), Just('\t'), Just('|')],
        is_csv in any::<bool>(),
    ) {
        let lines = kinds.iter().enumerate().map(|(n, kind)| line(*kind, 100 + n, sign) + "\n");
        let text: String = lines.collect();
        let mut told = HashSet::new();
        for Finding { detector, range, value, .. } in findings(if is_csv { "a.csv" } else { "a.txt" }, &text) {
            let stands = text.as_bytes().get(range.start as usize..range.end as usize).unwrap_or_default();
            prop_assert_eq!(String::from_utf8_lossy(stands).to_uppercase(), value.reveal(), "{} {}", detector, text);
            prop_assert!(told.insert((detector, range)), "{detector} twice: {text}");
        }
    }

    #[test]
    fn splitting_the_input_anywhere_changes_nothing(which in 0usize..20, cuts in proptest::collection::vec(any::<u16>(), 0..12)) {
        let mut documents: Vec<_> = documents().into_iter().map(|(_, bytes)| bytes).collect();
        documents.push(workbook(8));
        let bytes = &documents[which % documents.len()];
        let whole = inspect(bytes);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| usize::from(c) * bytes.len() / 65_535).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let first = cuts[0];
        let mut inspecting = inspector().begin(Hint::default());
        let mut at = 0;
        for cut in cuts {
            inspecting.push(&bytes[at..cut]);
            at = cut;
        }
        let split = inspecting.finish(bytes);
        prop_assert_eq!(summary(&split.inspection), summary(&whole.inspection));
        let mut inspecting = inspector().begin(Hint::default());
        inspecting.push(&bytes[..first]);
        prop_assert_eq!(summary(&inspecting.read(&InMemory(bytes)).inspection), summary(&whole.inspection));
        let ids: Vec<DetectorId> = DetectorId::identifiers().collect();
        prop_assert_eq!(split.redact(&ids, bytes).ok(), whole.redact(&ids, bytes).ok());
    }

    #[test]
    fn hostile_bytes_end_in_an_inspection(bytes in proptest::collection::vec(any::<u8>(), 0..600), prefix in 0usize..8) {
        let prefixes: [&[u8]; 8] = [b"", b"{\"a\":", b"<a b='", b"PK\x03\x04", b"\x1f\x8b\x08\0", b"--x\r\nContent-Type: a\r\n\r\n", b"a=%", b"From: a\r\nTo: b\r\nMIME-Version: 1\r\n"];
        let bytes = [prefixes[prefix], &bytes].concat();
        let inspection = inspect(&bytes).inspection;
        prop_assert!(!inspection.is_opaque(OpaqueReason::Failed));
        prop_assert_eq!(inspection.object.bytes_inspected < inspection.object.bytes, !inspection.opaque.is_empty());
    }

    #[test]
    fn damaged_documents_end_in_an_inspection(
        which in 0usize..21,
        damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..12),
        cut in any::<u16>(),
    ) {
        let mut documents: Vec<_> = documents().into_iter().map(|(_, bytes)| bytes).collect();
        documents.push(workbook(8));
        documents.push(zip(&[("a.zip", &workbook(2)), ("b.json", br#"{"a":[1,{"b":"\ud83d"}]}"#)]));
        let mut bytes = documents.swap_remove(which % documents.len());
        for (at, byte) in damage {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        if cut % 3 == 0 {
            bytes.truncate(usize::from(cut) * bytes.len() / 65_535);
        }
        let found = inspect(&bytes);
        prop_assert!(!found.inspection.is_opaque(OpaqueReason::Failed));
        let ids: Vec<DetectorId> = DetectorId::identifiers().collect();
        if let Ok(splices) = found.redact(&ids, &bytes) {
            let mut at = 0;
            for s in splices {
                prop_assert!(at <= s.range.start && s.range.end <= bytes.len() as u64);
                at = s.range.end;
            }
        }
    }
}

#[test]
fn five_hundred_order_numbers_are_not_a_list_of_people() {
    // A linear congruential generator: any numbers will do as long as they are nobody's.
    let mut state = 5u64;
    let orders: Vec<String> = (0..500)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:012}", (state >> 20) % 1_000_000_000_000)
        })
        .collect();
    for text in [
        orders.join("\n"),
        format!("[\"{}\"]", orders.join("\",\"")),
        orders.iter().enumerate().map(|(n, o)| format!("{n},{o},x\n")).collect::<String>(),
    ] {
        let inspection = inspect(text.as_bytes()).inspection;
        assert!(!inspection.bulk, "{inspection:?}");
    }
    let citizens: Vec<String> =
        (0..60).map(|n| format!("0{:02}0{:02}{:06}", 1 + n % 9 * 10, 70 + n % 25, 100_000 + 37 * n)).collect();
    assert!(inspect(citizens.join("\n").as_bytes()).inspection.bulk, "people without a header are people");
}

#[test]
fn inspections_move_between_threads() {
    fn sendable<T: Send>() {}
    fn shareable<T: Send + Sync>() {}
    sendable::<chot_inspect::Inspecting>();
    shareable::<Inspected>();
    shareable::<Inspector>();
}

#[test]
fn a_number_at_the_end_of_a_long_upload_is_found() {
    let mut inspecting = inspector().begin(Hint::default());
    let line = "Kính gửi quý đơn vị, đề nghị xem xét hồ sơ theo quy định.\n".repeat(500).into_bytes();
    let mut whole = Vec::new();
    for _ in 0..100 {
        inspecting.push(&line);
        whole.extend_from_slice(&line);
    }
    let last = "Số CCCD 001090123456".as_bytes();
    inspecting.push(last);
    whole.extend_from_slice(last);
    let inspected = inspecting.finish(&whole);
    assert_eq!(inspected.inspection.distinct(DetectorId::Cccd), 1);
    let splices = inspected.redact(&[DetectorId::Cccd], &whole).expect("redactable");
    assert_eq!(splices.last().map(|s| s.range.end), Some(whole.len() as u64));
}

#[test]
fn quotes_out_of_step_do_not_hide_a_number_from_its_key() {
    let text = br#"{"a": {6ts": 1581010249}, "nguoi": {"soCMND": "158086226", "maSoBHXH": "0123456789"}}"#;
    let inspection = inspect(text).inspection;
    assert_eq!(inspection.distinct(DetectorId::Cmnd), 1, "{inspection:?}");
    assert_eq!(inspection.distinct(DetectorId::Bhxh), 1, "{inspection:?}");
}

#[test]
fn no_half_of_a_number_stands_where_a_name_ends() {
    for before in 380..400 {
        let name = format!("{} 001 090 123 456.bin", "x".repeat(before));
        let inspection = inspect(&zip(&[(&name, b"\x89PNG\r\n\x1a\n\0\0\0")])).inspection;
        let part = inspection.opaque.first().expect("an unknown format").part.as_str();
        assert!(part.chars().filter(char::is_ascii_digit).count() <= 3, "{before}: {part}");
    }
}

#[test]
fn what_hides_text_from_us_and_not_from_the_receiver_is_not_clean() {
    let mail =
        |head: &str, body: &str| format!("Subject: x\r\nMIME-Version: 1.0\r\n{head}\r\n\r\n{body}\r\n").into_bytes();
    let text = |charset: &str| format!("Content-Type: text/plain; charset=\"{charset}\"");
    let pgp = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA9x0\r\n-----END PGP MESSAGE-----";
    let rtf = "{\\rtf1 so CCCD 0010{\\b 9012}3456}";
    for (bytes, reason) in [
        (mail(&text("utf-7"), "so CCCD +ADAAMAAx-"), OpaqueReason::UnknownEncoding),
        (mail(&text("ISO-2022-JP"), "so CCCD \x1b$B#0#0#1\x1b(B"), OpaqueReason::UnknownEncoding),
        (mail(&text("cp037"), "\u{f0}\u{f0}"), OpaqueReason::UnknownEncoding),
        (mail(&text("utf-8"), &format!("Chao anh,\r\n{pgp}")), OpaqueReason::Encrypted),
    ] {
        let inspection = inspect(&bytes).inspection;
        assert!(inspection.is_opaque(reason), "{reason}: {inspection:?}");
    }
    let in_rtf = inspect(&mail("Content-Type: application/rtf", rtf)).inspection;
    assert_eq!(in_rtf.distinct(DetectorId::Cccd), 1, "{in_rtf:?}");
    for charset in ["utf-8", "windows-1258", "x-unknown", "iso-8859-1", "IBM866", "tcvn5712"] {
        assert!(inspect(&mail(&text(charset), "Chao anh")).inspection.is_clean(), "{charset}");
    }
    let form = b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx\r\n--b--\r\n";
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(b"so CCCD 001090123456").expect("memory");
    let gz = gz.finish().expect("memory");
    assert!(inspect(form).inspection.is_clean());
    assert_eq!(inspect(&[&form[..], &gz].concat()).inspection.distinct(DetectorId::Cccd), 1);
    assert_eq!(inspect(&[&form[..], b"so CCCD 001090123456"].concat()).inspection.distinct(DetectorId::Cccd), 1);
    assert!(inspect(&[&form[..], b"\x89PNG\r\n\x1a\n\0\0\0"].concat()).inspection.is_opaque(OpaqueReason::ParseError));
    // Mail programs skip what is not base64.
    let disturbed = mail("Content-Transfer-Encoding: base64", "c28!gQ0!NDR!CAw!MDE!wOT!AxM!jM0!NTY!gY3!Vh");
    assert_eq!(inspect(&disturbed).inspection.distinct(DetectorId::Cccd), 1);
}
