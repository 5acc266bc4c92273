//! Values told from their bytes and values read like any text come to the same.

use proptest::prelude::*;

use crate::careful::{agree, cell};

const KEYS: [&str; 14] = [
    "id",
    "hoTen",
    "ngaySinh",
    "soCccd",
    "maSoBHXH",
    "dienThoai",
    "maThe",
    "diaChi",
    "ghiChu",
    "soTien",
    "n",
    "001090123456",
    "Nguyễn Văn An",
    "",
];

/// A value as JSON writes it; escapes are not the usual.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (cell(), proptest::bool::weighted(0.1)).prop_map(|(cell, escaped)| {
            let cell = cell.replace('"', "\\\"").replace('\r', "\\r");
            if escaped { format!("\"\\u0020{cell}\"") } else { format!("\"{cell}\"") }
        }),
        2 => "[1-9][0-9]{0,11}",
        1 => "-?[1-9][0-9]{0,3}\\.[0-9]{1,4}",
        1 => proptest::sample::select(vec!["true", "false", "null", "tru", "12a", "[\"001\", \"090\", \"123456\"]", "{}", "\""])
            .prop_map(str::to_owned),
    ]
}

fn record() -> impl Strategy<Value = String> {
    let field = (0..KEYS.len(), value(), proptest::sample::select(vec!["", " ", "\n  "]));
    proptest::collection::vec(field, 0..9).prop_map(|fields| {
        let fields: Vec<_> =
            fields.iter().map(|(key, value, blank)| format!("{blank}\"{}\":{blank}{value}", KEYS[*key])).collect();
        format!("{{{}}}", fields.join(","))
    })
}

/// The same records once more, one or two digits in each another.
fn again(file: &str, digits: &[(usize, u8)]) -> String {
    let mut bytes = file.as_bytes().to_vec();
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    for (place, digit) in digits {
        if let Some(at) = places.get(place % places.len().max(1)) {
            bytes[*at] = b'0' + digit;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn insurance_of_a_person_announces_what_its_object_holds() {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    for (text, found) in [
        (r#"{"nhanVien":{"hoTen":"Nguyễn Văn An","baoHiem":{"so":"7912045873"}}}"#, 1),
        (r#"{"bao_hiem":{"ma_so":"7912045873"}}"#, 1),
        (r#"{"bhxh":{"code":"7912045873"}}"#, 1),
        (r#"{"code":"BHXH","value":"7912045873"}"#, 1),
        (r#"{"don":{"code":"7912045873"}}"#, 0),
        (r#"{"baoHiem":{"soHopDong":"7912045873"}}"#, 0),
        (r#"{"baoHiem":{"phi":7912045873}}"#, 0),
        (r#"{"baoHiem":[{"so":"7912045873"}]}"#, 0),
        (r#"{"xe":{"chuXe":"Nguyễn Văn An","baoHiem":{"so":"7912045873","hang":"PVI"}}}"#, 0),
        (r#"{"xe":{"giayTo":{"baoHiem":{"so":"7912045873"}}}}"#, 0),
    ] {
        let hint = Hint { name: Some("a.json".into()), content_type: None };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection;
        assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
    }
}

#[test]
fn what_is_known_of_members_is_true_of_members_like_them() {
    let like = |id: &str, at: &str, key: &str| {
        format!(r#"{{"type": "x", "{key}": "{id}", "at": "{at}", "value": "{id}", "ok": true, "ghiChu": ""}}"#)
    };
    // What the first ones teach must not hide what stands in the last.
    for (id, at, key) in [
        ("001090123456", "2026-03-05T12:15:00.000+07:00", "soCccd"),
        ("12", "2026-03-05T12:15:00Z", "CCCD1"),
        ("1234", "3456-03-05T12:15:00Z", "id"),
        ("v 12", "2026-03-05T12:15:00Z", "001090123456"),
        // Half a number each.
        ("001090", "123456", "soCccd"),
    ] {
        let records: Vec<_> =
            (0..8).map(|_| like("ab 12", "2026-03-05T12:15:00Z", "id")).chain([like(id, at, key)]).collect();
        agree(&format!("[{}]", records.join(", ")), "answer.json");
        agree(&records.join("\n"), "answer.json");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_to_the_same(records in proptest::collection::vec(record(), 1..24), lines in any::<bool>()) {
        let file = if lines { records.join("\n") } else { format!("[{}]", records.join(",")) };
        agree(&file, "answer.json");
    }

    #[test]
    fn records_repeated_come_to_the_same(
        records in proptest::collection::vec(record(), 1..4),
        digits in proptest::collection::vec(proptest::collection::vec((any::<usize>(), 0..10_u8), 0..3), 1..12),
    ) {
        let records = records.join(",");
        let file: Vec<_> = digits.iter().map(|digits| again(&records, digits)).collect();
        agree(&format!("[{}]", file.join(",")), "answer.json");
    }
}
