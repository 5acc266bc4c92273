//! Tables drawn in all orders.

use proptest::prelude::*;

use super::super::tests::lay;

type Text = (f64, f64, &'static str);

/// A table whose numbers and names break in their cells: a cell each, with its column.
fn cells() -> Vec<(usize, Vec<Text>)> {
    let row = |y: f64, texts: [&[&'static str]; 4]| {
        let cell = move |(n, lines): (usize, &[&'static str])| {
            let x = [0.0, 40.0, 120.0, 190.0].get(n).copied().unwrap_or_default();
            (n, lines.iter().enumerate().map(|(k, line)| (x, y - k as f64 * 11.0, *line)).collect())
        };
        texts.into_iter().enumerate().map(cell).collect::<Vec<_>>()
    };
    [
        row(200.0, [&["STT"], &["Ho va ten"], &["So CCCD"], &["Ma so", "BHXH"]]),
        row(170.0, [&["1"], &["Tran Van", "An"], &["0010901", "23456"], &["7711739906"]]),
        row(130.0, [&["2"], &["Le Thi Binh"], &["0011907", "65432"], &["4012185", "726"]]),
        row(90.0, [&["3"], &["Vu Van", "Chi"], &["0580930", "11223"], &["7912045", "873"]]),
    ]
    .concat()
}

const ROWS: &str = "STT\tHo va ten\tSo CCCD\tMa so BHXH\n1\tTran Van An\t001090123456\t7711739906\n\
                    2\tLe Thi Binh\t001190765432\t4012185726\n3\tVu Van Chi\t058093011223\t7912045873\n";

fn drawn(cells: &[(usize, Vec<Text>)]) -> String {
    lay(&cells.iter().flat_map(|(_, lines)| lines.clone()).collect::<Vec<_>>()).text
}

#[test]
fn a_table_drawn_column_by_column_has_its_rows() {
    let mut cells = cells();
    assert_eq!(drawn(&cells), ROWS);
    cells.sort_by_key(|(column, _)| *column);
    assert_eq!(drawn(&cells), ROWS);
    cells.reverse();
    assert_eq!(drawn(&cells), ROWS);
}

#[test]
fn cells_drawn_line_by_line_over_the_row_are_whole() {
    let mut lines: Vec<Text> = cells().into_iter().flat_map(|(_, lines)| lines).collect();
    lines.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.total_cmp(&b.0)));
    assert_eq!(lay(&lines).text, ROWS);
}

proptest! {
    #[test]
    fn any_order_of_drawing_gives_the_rows_that_are_seen(cells in Just(cells()).prop_shuffle()) {
        // Of an order that is nearly the rows', nothing tells that it is another.
        let height = |cell: &(usize, Vec<Text>)| cell.1.first().map_or(0.0, |line| line.1);
        let climbs = cells.windows(2).filter(|pair| height(&pair[1]) - height(&pair[0]) > 60.0).count();
        prop_assume!(climbs > 2);
        let text = drawn(&cells);
        for number in ["001090123456", "001190765432", "058093011223", "4012185726", "7912045873"] {
            prop_assert!(text.contains(number), "{text}");
        }
    }
}

#[test]
fn rows_without_a_count_are_told_by_their_numbers_or_by_white() {
    for gap in [0.0, 20.0] {
        // Whole numbers set tightly; or broken ones with white between the rows.
        let number = |n: usize| ["7711739906", "4012185726", "7912045873"].get(n).copied().unwrap_or_default();
        let name = |n: usize| ["Tran Van An", "Le Thi Binh", "Vu Van Chi"].get(n).copied().unwrap_or_default();
        let height = |n: usize| 80.0 - n as f64 * (11.0 + gap);
        let mut texts: Vec<Text> = vec![(0.0, 80.0 + 11.0 + gap, "Ho va ten")];
        texts.extend((0..3).map(|n| (0.0, height(n), name(n))));
        texts.push((90.0, 80.0 + 11.0 + gap, "Ma so BHXH"));
        texts.extend((0..3).map(|n| (90.0, height(n), number(n))));
        let rows = "Ho va ten\tMa so BHXH\nTran Van An\t7711739906\nLe Thi Binh\t4012185726\nVu Van Chi\t7912045873\n";
        assert_eq!(lay(&texts).text, rows, "{gap}");
    }
}

#[test]
fn texts_across_a_table_part_its_rows() {
    let mut cells = cells();
    cells.sort_by_key(|(column, _)| *column);
    cells.push((0, vec![(0.0, 110.0, "To dan pho so 2 phuong An Phu")]));
    let text = drawn(&cells);
    let behind = "2\tLe Thi Binh\t001190765432\t4012185726\nTo dan pho so 2 phuong An Phu\n\
                  STT\tHo va ten\tSo CCCD\tMa so BHXH\n3\tVu Van Chi";
    assert!(text.contains(behind), "{text}");
}

#[test]
fn what_is_no_table_drawn_out_of_order_stays_as_it_was_drawn() {
    // Running text in two columns.
    let prose = ["danh sach nguoi", "co so 0010901", "23456 nop ho so"];
    let left = prose.iter().enumerate().map(|(n, line)| (0.0, 80.0 - n as f64 * 11.0, *line));
    let right = prose.iter().enumerate().map(|(n, line)| (150.0, 80.0 - n as f64 * 11.0, *line));
    let text = lay(&left.chain(right).collect::<Vec<_>>()).text;
    assert!(!text.contains("nguoi\tdanh"), "{text}");
    // Two tables beside each other, one after the other.
    let table = |x: f64, numbers: [&'static str; 3]| {
        let rows = numbers.into_iter().enumerate();
        let row =
            move |(n, number)| [(x, 80.0 - n as f64 * 40.0, "Le Van An"), (x + 60.0, 80.0 - n as f64 * 40.0, number)];
        rows.flat_map(row).collect::<Vec<Text>>()
    };
    let left = table(0.0, ["7711739906", "4012185726", "7912045873"]);
    let right = table(200.0, ["7711739907", "4012185727", "7912045874"]);
    let text = lay(&[left, right].concat()).text;
    assert!(text.lines().all(|line| line.matches('\t').count() == 1), "{text}");
}

#[test]
fn blocks_beside_each_other_are_read_one_by_one() {
    let line = |y: f64, left: &'static str, right: &'static str| [(0.0, y, left), (200.0, y, right)];
    let blocks = [
        line(90.0, "Ho ten: Tran Van An", "Ho ten: Le Thi Binh"),
        line(79.0, "So CCCD: 001090123456", "So CCCD: 001190765432"),
        line(50.0, "Ho ten: Vu Van Chi", "Ho ten: Ho Thi Dung"),
        line(39.0, "So CCCD: 058093011223", "So CCCD: 058193011224"),
    ];
    let expected = "Ho ten: Tran Van An\nSo CCCD: 001090123456\nHo ten: Le Thi Binh\nSo CCCD: 001190765432\n\
                    Ho ten: Vu Van Chi\nSo CCCD: 058093011223\nHo ten: Ho Thi Dung\nSo CCCD: 058193011224\n";
    assert_eq!(lay(&blocks.concat()).text, expected);
    // Labels and values apart.
    let apart = [
        [(0.0, 90.0, "Ho ten"), (60.0, 90.0, "Tran Van An"), (200.0, 90.0, "Ho ten"), (260.0, 90.0, "Le Thi Binh")],
        [(0.0, 79.0, "Ma BHXH"), (60.0, 79.0, "7711739906"), (200.0, 79.0, "Ma BHXH"), (260.0, 79.0, "4012185726")],
    ];
    let expected = "Ho ten\tTran Van An\nMa BHXH\t7711739906\nHo ten\tLe Thi Binh\nMa BHXH\t4012185726\n";
    assert_eq!(lay(&apart.concat()).text, expected);
    // The same word in two columns of a table is no label.
    let table = [
        [(0.0, 90.0, "Nam"), (60.0, 90.0, "7711739906"), (200.0, 90.0, "Nam"), (260.0, 90.0, "4012185726")],
        [(0.0, 70.0, "Nam"), (60.0, 70.0, "7711739907"), (200.0, 70.0, "Nam"), (260.0, 70.0, "4012185727")],
    ];
    assert!(lay(&table.concat()).text.starts_with("Nam\t7711739906\tNam\t4012185726\n"));
}
