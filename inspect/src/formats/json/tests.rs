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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_to_the_same(records in proptest::collection::vec(record(), 1..24), lines in any::<bool>()) {
        let file = if lines { records.join("\n") } else { format!("[{}]", records.join(",")) };
        agree(&file, "answer.json");
    }
}
