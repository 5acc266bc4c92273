//! Tables one below the other in one sheet or file: each header speaks of its own rows, and who is in two of them is one
//! person.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

use chot_detectors::Column;

use super::heading::announce;
use super::{Cell, Line, Row, Shape, Table, digits};
use crate::inquiry::Inquiry;
use crate::people::Mark;

/// Digits of a header: `CCCD (12 số)`.
const HEADER_DIGITS_MAX: usize = 4;
/// Digits of a row: a birth has as many.
const ROW_DIGITS_MIN: usize = 6;
/// Names remembered.
const NAMES_MAX: usize = 1_024;

/// Whether the cells of a row are headings, and say of whom the rows below are: by names, or by two kinds of numbers and little
/// else, as the columns right of the names stand on a page of their own. Nearly all rows have a cell that begins with a
/// digit, and no header has.
pub(crate) fn are_headings<'t>(cells: impl Iterator<Item = &'t [u8]> + Clone, inquiry: &mut Inquiry) -> bool {
    if cells.clone().any(|cell| cell.first().is_some_and(u8::is_ascii_digit)) {
        return false;
    }
    let filled = cells.filter(|cell| !cell.trim_ascii().is_empty());
    let (all, mut digits_in_all) = (filled.clone().count(), 0);
    let (mut strange, mut named, mut columns) = (0, false, Vec::new());
    for cell in filled {
        digits_in_all += digits(cell);
        match announce(cell, inquiry) {
            // Cells say these, too: `Nam`.
            None | Some(Column::Sex) => strange += 1,
            Some(column) => {
                named |= matches!(column, Column::Name | Column::GivenName | Column::BirthDate | Column::BirthYear);
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        if strange * 2 > all || digits_in_all > HEADER_DIGITS_MAX {
            return false;
        }
    }
    let numbers = columns.iter().filter(|column| column.is_identifier()).count();
    // Rows say which papers somebody has, beside other things.
    columns.len() > 1 && (named || numbers > 1 && strange * 3 <= all)
}

/// Where a second table begins in rows of which a first one has a header and a row with numbers.
pub(super) fn second(rows: &[(u64, Row)], inquiry: &mut Inquiry) -> Option<usize> {
    let cells = |row: &'_ Row| row.iter().map(|(_, view)| view.text.clone()).collect::<Vec<_>>();
    let heads = |row: &Row, inquiry: &mut Inquiry| {
        are_headings(row.iter().map(|(_, view)| view.text.as_slice()), inquiry).then(|| cells(row))
    };
    let (first, header) = rows.iter().enumerate().find_map(|(n, (_, row))| Some((n, heads(row, inquiry)?)))?;
    let numbered = |row: &Row| row.iter().any(|(_, view)| digits(&view.text) >= ROW_DIGITS_MIN);
    let body = rows.iter().skip(first + 1).position(|(_, row)| numbered(row))? + first + 2;
    let others = rows.iter().enumerate().skip(body);
    others
        .filter_map(|(n, (_, row))| Some((n, heads(row, inquiry)?)))
        .find(|(_, other)| *other != header)
        .map(|(n, _)| n)
}

impl Table {
    /// Whether a row heads other columns than those at hand.
    pub(super) fn begins_anew<'t>(
        &self,
        cells: impl Iterator<Item = (usize, &'t [u8])> + Clone,
        inquiry: &mut Inquiry,
    ) -> bool {
        let Some(shape) = &self.shape else { return false };
        if self.rows == 0 || !are_headings(cells.clone().map(|(_, cell)| cell), inquiry) {
            return false;
        }
        // What stood above were no rows of it.
        let Shape::Headed(header) = shape else { return true };
        // Pages repeat it.
        cells.filter(|(_, cell)| !cell.trim_ascii().is_empty()).any(|(at, cell)| {
            let told = announce(cell, inquiry);
            told.is_some() && told != header.announced.get(at).copied().flatten()
        })
    }

    /// The same of a row that stands as it is; also when that is not known, for want of a text.
    #[inline]
    pub(super) fn begins_anew_with(&self, line: &Line<'_>, inquiry: &mut Inquiry) -> bool {
        let digit = |cell: &Cell| line.text.get(cell.range().start).is_some_and(u8::is_ascii_digit);
        if line.cells.iter().any(|cell| !cell.is_empty() && cell.lacks().is_none() && digit(cell)) {
            return false;
        }
        if line.lacks_text() {
            return true;
        }
        let cells = |cell: &Cell| (cell.column as usize, line.text.get(cell.range()).unwrap_or_default());
        self.begins_anew(line.cells.iter().map(cells), inquiry)
    }

    /// Who a row names under the header.
    pub(super) fn who(&self, row: &Row, inquiry: &Inquiry) -> Option<u64> {
        let names = |at: usize| matches!(self.announced(at), Some(Column::Name | Column::GivenName));
        let (_, name) = row.iter().find(|(at, _)| names(*at))?;
        let name = std::str::from_utf8(&name.text).ok()?;
        let words = name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        (words.len() > 1).then(|| inquiry.key.hash_one(words))
    }
}

/// Who was named in the tables above, and by which mark each is counted.
#[derive(Default)]
pub(crate) struct Known {
    /// Which table is read.
    table: usize,
    /// By name; `None` of namesakes.
    names: HashMap<u64, Option<Person>>,
}

struct Person {
    table: usize,
    /// One of a kind.
    marks: Vec<Mark>,
}

impl Known {
    /// Another table follows.
    pub(crate) fn next(&mut self) {
        self.table += 1;
    }

    /// Takes somebody whom a row names and the marks of whom it counts. The mark of the same person in a table above, if one of
    /// that name is in it and none of the numbers says otherwise.
    pub(super) fn meet(&mut self, name: u64, marks: &[Mark]) -> Option<Mark> {
        let table = self.table;
        let full = self.names.len() >= NAMES_MAX;
        match self.names.entry(name) {
            Entry::Vacant(entry) => {
                if !full {
                    let mut person = Person { table, marks: Vec::new() };
                    person.add(marks);
                    entry.insert(Some(person));
                }
                None
            }
            Entry::Occupied(mut entry) => {
                let person = entry.get_mut().as_mut()?;
                let same = |a: &Mark, b: &Mark| a.detector != b.detector || a.hash == b.hash;
                let agrees = person.marks.iter().all(|a| marks.iter().all(|b| same(a, b)));
                let met = person.marks.iter().any(|a| marks.iter().any(|b| a == b));
                if !agrees || person.table == table && !met {
                    entry.insert(None);
                    return None;
                }
                let first = person.marks.first().copied();
                person.table = table;
                person.add(marks);
                first
            }
        }
    }
}

impl Person {
    /// Takes marks, one of a kind: others of that kind are the same number, or somebody else's.
    fn add(&mut self, marks: &[Mark]) {
        for mark in marks {
            if self.marks.iter().all(|known| known.detector != mark.detector) {
                self.marks.push(*mark);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    const NAMES: [&str; 4] = ["Nguyễn Văn An", "Lê Thị Bình", "Trần Quốc Cường", "Phạm Thị Dung"];

    /// Rows of so many people, with the values of `row` filled in.
    fn rows(row: &str, people: usize) -> String {
        let mut text = String::new();
        for n in 0..people {
            let name = if n < 4 { NAMES[n].to_owned() } else { format!("{} {n}", NAMES[n % 4]) };
            let name = name.replace(|c: char| c.is_ascii_digit(), "Y");
            let cells = [
                ("NAME", name),
                ("BIRTH", format!("{:02}/02/19{}", n % 28 + 1, 60 + n % 40)),
                ("CCCD", format!("079{}{}{:06}", n % 2, 60 + n % 40, 123_456 + n * 4_321)),
                ("BHXH", format!("79{:08}", 12_345_678 + n * 54_321)),
                ("ORDER", format!("71{:08}", 21_654_321 + n * 7_654_321 % 70_000_000)),
            ];
            text += &cells.iter().fold(row.to_owned(), |row, (key, value)| row.replace(key, value));
            text += "\n";
        }
        text
    }

    fn counted(name: &str, text: &str) -> ([u64; 2], u64) {
        let hint = Hint { name: Some(name.to_owned()), ..Hint::default() };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection;
        ([DetectorId::Cccd, DetectorId::Bhxh].map(|id| inspection.distinct(id)), inspection.persons)
    }

    #[test]
    fn a_second_header_speaks_of_its_own_rows() {
        for people in [3, 4, 12, 60] {
            let n = people as u64;
            for between in ["", "\n", "II. MỨC ĐÓNG\n", "\nBảng 2 - Mức đóng,,\n"] {
                for (first, second, found, persons) in [
                    (["Họ tên,Ngày sinh,CCCD", "NAME,BIRTH,CCCD"], ["Họ tên,Mã BHXH", "NAME,BHXH"], [n, n], n),
                    (["Họ tên,CCCD", "NAME,CCCD"], ["Mã BHXH,Họ tên,CCCD", "BHXH,NAME,CCCD"], [n, n], n),
                    (["Họ tên,Mã BHXH", "NAME,BHXH"], ["Họ tên,Mã đơn hàng", "NAME,ORDER"], [0, n], n),
                    (["Họ tên,Mã đơn hàng", "NAME,ORDER"], ["Họ tên,Mã BHXH", "NAME,BHXH"], [0, n], n),
                    // The same once more, as pages repeat it.
                    (["Họ tên,Mã BHXH", "NAME,BHXH"], ["Họ tên,Mã BHXH", "NAME,BHXH"], [0, n], n),
                ] {
                    let text =
                        [first[0], "\n", &rows(first[1], people), between, second[0], "\n", &rows(second[1], people)];
                    let text = text.concat();
                    let (numbers, counted_people) = counted("a.csv", &text);
                    assert_eq!(numbers, found, "{text}");
                    // Who is behind the rows by which columns are judged is only told by a number.
                    if people <= 4 {
                        assert_eq!(counted_people, persons, "{text}");
                    }
                    let tabs = format!("Kính gửi anh chị\n\n{}", text.replace(',', "\t"));
                    assert_eq!(counted("a.txt", &tabs).0, found, "{tabs}");
                }
            }
        }
    }

    #[test]
    fn columns_that_stand_below_those_of_the_names_are_read_under_their_own_headings() {
        let names = format!("STT\tHọ tên\tTổ\n{}", "1\tLê Văn An\tMay\n".repeat(20));
        let numbers = rows("BHXH", 20).lines().map(|number| format!("x\t{number}\t\n")).collect::<String>();
        for between in ["", "\n", "\n\nTrang 2\n\n"] {
            for (header, found) in
                [("Số CCCD\tMã số BHXH\tGhi chú", 20), ("Kho\tMã đơn hàng\tGhi chú", 0), ("Kho\tCCCD\tx", 0)]
            {
                let text = format!("{names}{between}{header}\n{numbers}");
                for name in ["a.tsv", "a.txt"] {
                    assert_eq!(counted(name, &text).0, [0, found], "{name} {text}");
                }
            }
        }
    }

    #[test]
    fn a_cell_that_tells_of_a_statement_makes_no_dump_of_a_table() {
        let note = "\"lỗi: INSERT INTO t (a) VALUES (1)\"";
        let text = format!("Họ tên,Mã BHXH,Ghi chú\n{}Lê An,7911111178,{note}\n", rows("NAME,BHXH,x", 8));
        assert_eq!(counted("a.csv", &text), ([0, 9], 9), "{text}");
    }

    #[test]
    fn what_else_is_in_a_payroll_takes_no_number_from_anybody() {
        for header in [
            "STT,Họ tên,Mã số BH,Lương,Phụ cấp xăng xe",
            "STT,Họ tên,Số thẻ,Tài khoản kho bạc,x",
            "STT,Họ tên,Mã số BH,Kho,x",
            "STT,Mã,Số thẻ,KCB ban đầu,Hạn thẻ",
        ] {
            let row = if header.contains("Mã,") { "1,HX,BHXH,x,y" } else { "1,NAME,BHXH,x,y" };
            let text = format!("{header}\n{}", rows(row, 6));
            assert_eq!(counted("a.csv", &text).0, [0, 6], "{text}");
        }
    }

    #[test]
    fn who_stands_in_a_hundred_rows_is_one_person() {
        let text = format!("Họ tên\tCCCD\tMã BHXH\n{}", "Lê Văn An\t079080123456\t7912345678\n".repeat(100));
        for name in ["a.csv", "a.txt"] {
            assert_eq!(counted(name, &text), ([1, 1], 1));
        }
    }

    #[test]
    fn namesakes_stay_apart() {
        for (first, second, persons) in [
            (["Họ tên,CCCD", "Lê An,079190123456\nLê An,001087654321"], ["Họ tên,Mã BHXH", "Lê An,7912345678"], 3),
            (["Họ tên,CCCD", "Lê An,079190123456"], ["Họ tên,CCCD", "Lê An,001087654321"], 2),
            (["Họ tên,CCCD", "Lê An,079190123456"], ["Họ tên,Mã BHXH", "LÊ AN,7912345678"], 1),
            (["Họ tên,CCCD", "Lê An,079190123456"], ["Họ tên,Mã BHXH", "Lê Bình,7912345678"], 2),
        ] {
            let text = [&first[..], &second[..]].concat().join("\n");
            assert_eq!(counted("a.csv", &text).1, persons, "{text}");
        }
    }

    #[test]
    fn cells_of_rows_are_no_header() {
        for row in ["Lê An,Nam,CCCD,chưa có", "Nữ,CCCD,BHXH,x", "Họ tên của mẹ,,,"] {
            let text = format!(
                "Họ tên,Giới tính,Giấy tờ,Mã BHXH\nTrần Văn Tám,Nam,CCCD,7912345678\n{row}\nVũ Hà,Nữ,CCCD,0121736405\n"
            );
            assert_eq!(counted("a.csv", &text).0, [0, 2], "{text}");
        }
    }
}
