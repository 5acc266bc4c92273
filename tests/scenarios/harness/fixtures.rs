//! What people send. All people are invented; the seeds are below.

use super::people::{Dice, Person};
use super::xlsx::{Cell, workbook};

/// A register and the numbers in it.
pub(crate) struct Register {
    pub(crate) xlsx: Vec<u8>,
    pub(crate) csv: String,
    pub(crate) people: Vec<Person>,
}

/// A register of so many people.
pub(crate) fn register_of(n: usize) -> Register {
    let people = Person::invent_many(n, 4_711);
    let header = ["STT", "Họ và tên", "Ngày sinh", "Số CCCD", "Mã số BHXH", "Địa chỉ"];
    let mut rows = vec![header.map(Cell::from).to_vec()];
    let mut csv = header.join(",") + "\n";
    for (person, n) in people.iter().zip(1_u64..) {
        let Person { name, born, cccd, bhxh, address } = person;
        rows.push(vec![
            n.into(),
            Cell::from(&**name),
            Cell::from(&**born),
            Cell::from(&**cccd),
            Cell::from(&**bhxh),
            Cell::from(&**address),
        ]);
        csv.push_str(&format!("{n},{name},{born},{cccd},{bhxh},\"{address}\"\n"));
    }
    Register { xlsx: workbook("Sheet1", &rows).expect("a workbook"), csv, people }
}

impl Register {
    pub(crate) fn numbers(&self) -> Vec<&str> {
        self.people.iter().flat_map(|p| [p.cccd.as_str(), p.bhxh.as_str()]).collect()
    }
}

/// One invented person.
pub(crate) fn someone(seed: u64) -> Person {
    Person::invent(&mut Dice::new(seed))
}

/// A spreadsheet about nobody.
pub(crate) fn invoice() -> Vec<u8> {
    let mut rows = vec![["Tên hàng", "ĐVT", "Số lượng", "Đơn giá", "Thành tiền"].map(Cell::from).to_vec()];
    for (name, count, price) in [("Giấy A4 70gsm", 120, 68_000), ("Mực in laser", 8, 1_250_000)] {
        rows.push(vec![name.into(), "cái".into(), Cell::from(count), price.into(), (count * price).into()]);
    }
    workbook("Hóa đơn", &rows).expect("a workbook")
}
