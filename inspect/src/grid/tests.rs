//! What tables in running text are and are not.

use chot_model::DetectorId;
use proptest::prelude::*;

use crate::careful::{agree, cell};
use crate::{Hint, Inspector, Limits};

#[test]
fn a_heading_speaks_of_values_and_not_of_paragraphs() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let found = |blocks: [String; 3]| {
        let text = format!("Mã số BHXH\n\n{}\n", blocks.join("\n\n"));
        inspector.inspect(Hint::default(), &text.into_bytes()).inspection.distinct(DetectorId::Bhxh)
    };
    let numbers = ["7912345678", "7912345679", "7912345681"];
    assert_eq!(found(numbers.map(str::to_owned)), 3);
    let words = "hàng hóa đã được giao đủ theo thỏa thuận giữa các bên ".repeat(4);
    let [first, second, third] = numbers.map(str::to_owned);
    assert_eq!(found([first, format!("Trong kỳ, {words} đủ.\n\n{second}"), third]), 3);
    assert_eq!(found(numbers.map(|number| format!("Trong kỳ, {words} kho còn {number} chiếc"))), 0);
}

fn line() -> impl Strategy<Value = String> {
    let heads = ["Họ và tên", "CCCD", "Số hóa đơn", "Địa chỉ", "Ngày sinh", "Ghi chú", "BHXH tỉnh", "STT"];
    let cut = prop::sample::select(vec!["\t", " | ", ";", "      ", "\n", " "]);
    let cells = prop_oneof![3 => cell(), 1 => prop::sample::select(heads.to_vec()).prop_map(str::to_owned)];
    let row = (prop::collection::vec(cells, 1..5), cut).prop_map(|(cells, cut)| cells.join(cut) + "\n");
    let block = (cell(), cell(), 1..10_usize).prop_map(|(a, b, n)| format!("{a}\t{b}\n").repeat(n));
    prop_oneof![6 => row, 2 => Just("\n".to_owned()), 1 => Just("----\n".to_owned()), 1 => block]
}

proptest! {
    #[test]
    fn tables_that_announce_nothing_are_nothing(lines in prop::collection::vec(line(), 0..40)) {
        agree(&format!("Kính gửi: Ông Lê Văn An. Xem bên dưới.\n\n{}", lines.concat()), "a.txt");
    }
}
