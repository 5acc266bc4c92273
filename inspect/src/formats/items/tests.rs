use chot_model::{DetectorId, Inspection};
use proptest::prelude::*;

use super::*;
use crate::{Inspector, Limits};

/// A value of JSON.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    True,
    Whole(i64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

use Value::{List, Map, Null, Text, True, Whole};

fn text(text: &str) -> Value {
    Text(text.to_owned())
}

fn map(members: &[(&str, Value)]) -> Value {
    Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

pub(super) fn example() -> Value {
    map(&[("hoTen", text("Vi Thị Thử")), ("soCCCD", text("001090123456"))])
}

/// Somebody, with numbers kept as numbers where there are any such.
fn person(n: i64) -> Value {
    map(&[
        ("hoTen", text(&format!("Vi Thị Thử {}", ["An", "Bình", "Chi", "Dung"][n as usize % 4]))),
        ("soCCCD", text(&format!("001090{:06}", 123_410 + n))),
        ("maSoBHXH", Whole(120_123_456 + n * 7)),
        ("conSong", True),
        ("ghiChu", Null),
    ])
}

fn json(value: &Value) -> String {
    match value {
        Null => "null".to_owned(),
        True => "true".to_owned(),
        Whole(value) => value.to_string(),
        Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Map(members) => {
            let members = members.iter().map(|(name, value)| format!("{}:{}", json(&text(name)), json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

pub(super) fn cbor(value: &Value) -> Vec<u8> {
    let head = |major: u8, n: u64| match n {
        0..24 => vec![major << 5 | n as u8],
        24..256 => vec![major << 5 | 24, n as u8],
        256..65_536 => [&[major << 5 | 25][..], &(n as u16).to_be_bytes()].concat(),
        _ => [&[major << 5 | 27][..], &n.to_be_bytes()].concat(),
    };
    match value {
        Null => vec![0xf6],
        True => vec![0xf5],
        Whole(value @ 0..) => head(0, *value as u64),
        Whole(value) => head(1, !*value as u64),
        Text(text) => [head(3, text.len() as u64), text.as_bytes().to_vec()].concat(),
        List(items) => [head(4, items.len() as u64), items.iter().flat_map(cbor).collect()].concat(),
        Map(members) => {
            let members = members.iter().flat_map(|(name, value)| [cbor(&text(name)), cbor(value)].concat());
            [head(5, value_len(value)), members.collect()].concat()
        }
    }
}

fn value_len(value: &Value) -> u64 {
    if let Map(members) = value { members.len() as u64 } else { 0 }
}

pub(super) fn messagepack(value: &Value) -> Vec<u8> {
    let head = |small: Option<(u8, u64)>, wide: u8, n: u64| match small {
        Some((base, below)) if n < below => vec![base | n as u8],
        _ => [&[wide][..], &(n as u16).to_be_bytes()].concat(),
    };
    match value {
        Null => vec![0xc0],
        True => vec![0xc3],
        Whole(value @ -32..128) => vec![*value as u8],
        Whole(value) if i32::try_from(*value).is_ok() => [&[0xd2][..], &(*value as i32).to_be_bytes()].concat(),
        Whole(value) => [&[0xd3][..], &value.to_be_bytes()].concat(),
        Text(text) => [head(Some((0xa0, 32)), 0xda, text.len() as u64), text.as_bytes().to_vec()].concat(),
        List(items) => {
            [head(Some((0x90, 16)), 0xdc, items.len() as u64), items.iter().flat_map(messagepack).collect()].concat()
        }
        Map(members) => {
            let inner =
                members.iter().flat_map(|(name, value)| [messagepack(&text(name)), messagepack(value)].concat());
            [head(Some((0x80, 16)), 0xde, members.len() as u64), inner.collect()].concat()
        }
    }
}

pub(super) fn bson(value: &Value) -> Vec<u8> {
    fn element(name: &str, value: &Value) -> Vec<u8> {
        let (kind, bytes) = match value {
            Null => (0x0a, Vec::new()),
            True => (0x08, vec![1]),
            Whole(value) => (0x12, value.to_le_bytes().to_vec()),
            Text(text) => (0x02, [&(text.len() as u32 + 1).to_le_bytes(), text.as_bytes(), &[0]].concat()),
            List(_) => (0x04, bson(value)),
            Map(_) => (0x03, bson(value)),
        };
        [&[kind], name.as_bytes(), &[0], &bytes].concat()
    }
    let inner: Vec<u8> = match value {
        List(items) => items.iter().enumerate().flat_map(|(n, item)| element(&n.to_string(), item)).collect(),
        Map(members) => members.iter().flat_map(|(name, value)| element(name, value)).collect(),
        other => element("a", other),
    };
    [&(inner.len() as u32 + 5).to_le_bytes(), inner.as_slice(), &[0]].concat()
}

fn named(name: &str, bytes: &[u8]) -> Inspection {
    let hint = Hint { name: Some(name.to_owned()), content_type: None };
    Inspector::new(Limits::default(), 2026).inspect(hint, &bytes.to_vec()).inspection
}

fn inspect(bytes: &[u8]) -> Inspection {
    named("a", bytes)
}

/// What was found, how sure, and how often.
fn summary(inspection: &Inspection) -> (Vec<(DetectorId, u64)>, u64, bool) {
    let all = DetectorId::identifiers().map(|id| (id, inspection.distinct(id))).collect();
    (all, inspection.persons, inspection.bulk)
}

#[test]
fn people_are_found_as_in_json_and_nothing_is_opaque() {
    for n in [1, 12, 900] {
        let people = List((0..n).map(person).collect());
        let all = map(&[("ds", people.clone()), ("n", Whole(n))]);
        let expected = summary(&inspect(json(&all).as_bytes()));
        for (kind, bytes) in [
            ("application/cbor", cbor(&all)),
            ("application/vnd.msgpack", messagepack(&all)),
            ("application/bson", bson(&all)),
        ] {
            let inspection = inspect(&bytes);
            assert_eq!(inspection.object.media_type, kind, "{inspection:?}");
            assert_eq!(summary(&inspection), expected, "{kind} {n}");
            assert!(inspection.opaque.is_empty(), "{kind} {n}: {inspection:?}");
        }
        // One behind another, as programs write what they note down.
        let List(people) = people else { continue };
        for (kind, bytes) in [
            ("application/cbor", people.iter().flat_map(cbor).collect::<Vec<u8>>()),
            ("application/vnd.msgpack", people.iter().flat_map(messagepack).collect()),
            ("application/bson", people.iter().flat_map(bson).collect()),
        ] {
            let inspection = inspect(&bytes);
            assert_eq!(
                (inspection.object.media_type.as_str(), inspection.distinct(DetectorId::Cccd)),
                (kind, n as u64)
            );
            assert!(inspection.opaque.is_empty(), "{kind} {n}: {inspection:?}");
        }
    }
}

#[test]
fn items_of_all_kinds_are_read() {
    let cccd = |bytes: &[u8]| inspect(bytes).distinct(DetectorId::Cccd);
    for (what, bytes) in [
        ("tagged", [&b"\xd9\xd9\xf7"[..], &cbor(&example())].concat()),
        ("of no told length", b"\xbf\x66soCCCD\x7f\x66001090\x66123456\xff\xff".to_vec()),
        ("bytes that are a text", b"\xa1\x46soCCCD\x4c001090123456".to_vec()),
        ("a number", b"\xa1\x66soCCCD\x1b\0\0\0\x12\xa5\x96\x1f\x78".to_vec()),
        ("a number as bytes", b"\xa1\x66soCCCD\xc2\x45\x12\xa5\x96\x1f\x78".to_vec()),
        ("a number with a point", [&b"\xa1\x66soCCCD\xfb"[..], &79_190_123_456f64.to_be_bytes()].concat()),
        ("a key that is a number", b"\xa1\x01\x78\x1cCCCD 001090123456 cua ong An".to_vec()),
        ("MessagePack of bytes", b"\x81\xa6soCCCD\xc4\x0c001090123456".to_vec()),
        ("MessagePack of a number", [&b"\x81\xa6soCCCD\xcf"[..], &79_190_123_456u64.to_be_bytes()].concat()),
        ("BSON of a number", bson(&map(&[("soCCCD", Whole(79_190_123_456))]))),
        ("a file in bytes", {
            let file = crate::formats::archive(&[("a.txt", "Số CCCD 001090123456".as_bytes())]);
            [&b"\x81\xa3tep\xc5"[..], &(file.len() as u16).to_be_bytes(), &file].concat()
        }),
    ] {
        assert_eq!(cccd(&bytes), 1, "{what}: {:?}", inspect(&bytes));
        assert!(inspect(&bytes).opaque.is_empty(), "{what}: {:?}", inspect(&bytes));
    }
}

#[test]
fn a_number_of_nine_bytes_is_not_three_hundred_letters() {
    for (value, written) in [
        (1e-300, "1e-300"),
        (-5e-324, "-5e-324"),
        (1e300, "1e300"),
        (0.0, "0"),
        (0.25, "0.25"),
        (79_190_123_456.0, "79190123456"),
    ] {
        let mut json = Json::default();
        json.item(Item::Real(value));
        assert_eq!(json.text, format!("{written}\n").as_bytes());
    }
}

#[test]
fn nothing_of_a_long_item_is_written_when_the_time_is_over() {
    for late in [false, true] {
        let mut inquiry = Inspector::new(Limits::default(), 2026).inquiry(None);
        inquiry.allow(if late { std::time::Duration::ZERO } else { std::time::Duration::MAX });
        let mut told = Told::new(&Place::top(Origin::Lost));
        told.item(Item::List, &mut inquiry);
        (0..100).for_each(|_| told.item(Item::Real(0.5), &mut inquiry));
        assert_eq!(told.json.text.is_empty(), late);
        assert_eq!(inquiry.inspection.is_opaque(OpaqueReason::TimeLimit), late);
    }
}

#[test]
fn what_breaks_off_is_too_deep_or_is_letters_is_not_clean() {
    let all = List((0..40).map(person).collect());
    for (name, bytes) in [("a.cbor", cbor(&all)), ("a.msgpack", messagepack(&all))] {
        let inspection = named(name, &bytes[..bytes.len() - 7]);
        assert!(inspection.is_opaque(OpaqueReason::Partial), "{name}: {inspection:?}");
        assert!(inspection.distinct(DetectorId::Cccd) >= 39, "{name}");
        let deep = [&[bytes[0] & 0xe0 | 1; 200][..], &bytes].concat();
        let deep = if name == "a.cbor" { deep } else { [&[0x91; 200][..], &bytes].concat() };
        assert!(inspect(&deep).is_opaque(OpaqueReason::TooDeep), "{name}");
    }
    // Every letter is an item: a list of ninety, or one that a byte ends.
    let letters = "So CCCD 001090123456, ong An".repeat(3);
    let letters = &letters.as_bytes()[..80];
    let pack = [&b"\xdc\0\x51\xa2an"[..], letters].concat();
    assert_eq!(inspect(&pack).distinct(DetectorId::Cccd), 1, "{:?}", inspect(&pack));
    // References to what was said before are not followed.
    let shared = [&b"\xd9\x01\0\x82\x66soCCCD\xd8\x19\0"[..]].concat();
    assert!(inspect(&shared).is_opaque(OpaqueReason::UnsupportedFormat), "{:?}", inspect(&shared));
}

#[test]
fn what_repeats_itself_is_no_list_in_a_list() {
    for byte in 0..=u8::MAX {
        let hex = format!("{byte:02x}").repeat(BLOCK / 2 + 300);
        let inspection = named("a.txt", hex.as_bytes());
        assert!(inspection.opaque.is_empty(), "{byte:02x}: {:?}", inspection.opaque);
    }
}

#[test]
fn bytes_of_chance_are_no_items() {
    let mut state = 7u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for n in 0..64 {
        let first = 0x80 | n as u8;
        let bytes: Vec<u8> = std::iter::once(first).chain((0..BLOCK).map(|_| next())).collect();
        for (format, kind) in [(&CBOR, "CBOR"), (&MESSAGE_PACK, "MessagePack"), (&BSON, "BSON")] {
            let hint = Hint::default();
            assert!(!(format.matches)(&Head::new(&bytes, &hint)), "{kind} {n}");
        }
    }
}

#[test]
fn texts_in_old_character_sets_are_no_items() {
    for text in [
        &b"\x80nh \x81n c\xe2n c\xbd\xfec: 001090123456"[..],
        b"\x8f\xaa\xbc CCCD 001090123456 c\xfaa \xf4ng An",
        b"\xdcng d\xf4ng CCCD 001090123456",
        b"\xa1o kho\xe1c, s\xf4 CCCD 001090123456 v\xe0 s\xf4 khac",
    ] {
        let inspection = inspect(text);
        assert_eq!(inspection.object.media_type, "text/plain", "{}", text.escape_ascii());
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{}", text.escape_ascii());
    }
}

#[test]
fn long_texts_in_utf8_are_no_items() {
    for start in ["Đề nghị", "Địa chỉ", "Độc lập", "ĐƠN ĐỀ NGHỊ", "Đ\u{81}\u{81}", &"\u{102}\u{81}".repeat(200)]
    {
        for line in ["ông An, số CCCD 001090123456, hưởng trợ cấp. ", "to trinh, bao cao; ", "Đ"] {
            for len in [80, 1_000, BLOCK - 1, BLOCK + 99] {
                let text = format!("{start} {}", line.repeat(len / line.len() + 1));
                let inspection = inspect(text.as_bytes());
                assert_eq!(inspection.object.media_type, "text/plain", "{start} {line} {len}");
                assert!(inspection.opaque.is_empty(), "{start} {line} {len}: {inspection:?}");
                assert_eq!(inspection.distinct(DetectorId::Cccd), u64::from(line.contains("CCCD")), "{start}");
            }
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Null),
        Just(True),
        any::<i64>().prop_map(Whole),
        (0..99i64).prop_map(|n| Whole(79_190_123_400 + n)),
        "[ -~à-ỹ]{0,40}".prop_map(Text),
        (0..99u32).prop_map(|n| Text(format!("0791901234{n:02}"))),
    ];
    let key = || prop_oneof!["[a-z]{1,6}", Just("soCCCD".to_owned()), Just("hoTen".to_owned())];
    leaf.prop_recursive(4, 60, 12, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..12).prop_map(List),
            proptest::collection::vec((key(), inner), 0..12).prop_map(Map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn findings_are_those_of_the_json(value in proptest::collection::vec((Just("soCCCD".to_owned()), value()), 1..8)) {
        let value = Map(value);
        let expected = summary(&named("a.json", json(&value).as_bytes()));
        for (name, bytes) in [("a.cbor", cbor(&value)), ("a.msgpack", messagepack(&value)), ("a.bson", bson(&value))] {
            let inspection = named(name, &bytes);
            let found = summary(&inspection);
            for ((id, n), (_, least)) in found.0.iter().zip(&expected.0) {
                // The bytes may say more where they stand beside each other.
                prop_assert!(n >= least, "{name} {id:?} {found:?} {expected:?}");
            }
            prop_assert!(inspection.opaque.is_empty(), "{name}: {inspection:?}");
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end(first in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for name in ["a.cbor", "a.msgpack", "a.bson"] {
            let bytes = [&[first | 0x80][..], &bytes].concat();
            let inspection = named(name, &bytes);
            prop_assert!(inspection.object.bytes_inspected <= inspection.object.bytes);
        }
    }
}
