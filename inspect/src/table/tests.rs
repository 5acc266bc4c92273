//! Rows read as lines and rows read cell by cell come to the same.

use proptest::prelude::*;

use crate::careful::{agree, cell};

fn row() -> impl Strategy<Value = Vec<(String, bool)>> {
    proptest::collection::vec((cell(), proptest::bool::weighted(0.1)), 1..9)
}

const HEADERS: [&str; 10] =
    ["STT", "Họ và tên", "Ngày sinh", "Số CCCD", "Mã số BHXH", "Điện thoại", "Mã thẻ BHYT", "Địa chỉ", "Ghi chú", ""];

/// Rows behind the ones by which the columns are judged.
fn rows() -> impl Strategy<Value = (Vec<usize>, Vec<Vec<(String, bool)>>)> {
    let header = proptest::collection::vec(0..HEADERS.len(), 3..9);
    (header, proptest::collection::vec(row(), 34..60))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_of_text_come_to_the_same(
        (header, rows) in rows(),
        delimiter in proptest::sample::select(vec![",", ";", "\t", " | "]),
        end in proptest::sample::select(vec!["\n", "\r\n"]),
    ) {
        let titles: Vec<_> = header.iter().map(|n| HEADERS[*n]).collect();
        let mut file = titles.join(delimiter) + end;
        for row in rows {
            let cells: Vec<_> = row
                .into_iter()
                .map(|(cell, quoted)| if quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell })
                .collect();
            file += &cells.join(delimiter);
            file += end;
        }
        agree(&file, "ds.csv");
    }
}
