//! Runs laid out by hand.

use super::*;

/// Lays out `(x, y, text)` in a font of size 10 whose glyphs are 5 wide.
fn lay(runs: &[(f64, f64, &str)]) -> Layout {
    let mut layout = Layout::default();
    for (x, y, text) in runs {
        let end = x + text.chars().count() as f64 * 5.0;
        layout.push(&Run { text, start: (*x, *y), end: (end, *y), direction: (1.0, 0.0), size: 10.0 });
    }
    layout.end_row();
    layout
}

#[test]
fn glyphs_join_words_part_and_cells_stand_apart() {
    for (runs, expected) in [
        (vec![(0.0, 0.0, "0010"), (20.0, 0.0, "90123456")], "001090123456\n"),
        (vec![(0.0, 0.0, "So"), (13.0, 0.0, "CCCD")], "So CCCD\n"),
        (vec![(0.0, 0.0, "001090123456"), (70.0, 0.0, "0123456789")], "001090123456\t0123456789\n"),
        (vec![(0.0, 0.0, "001090123456"), (66.0, 0.0, "0123456789")], "001090123456\t0123456789\n"),
        (vec![(0.0, 0.0, "abc"), (0.1, 0.0, "abc")], "abc\n"),
        (vec![(0.0, 20.0, "one"), (0.0, 8.0, "two"), (0.0, -30.0, "three")], "one\ntwo\nthree\n"),
    ] {
        assert_eq!(lay(&runs).text, expected, "{runs:?}");
    }
}

#[test]
fn a_number_broken_in_its_cell_is_whole_again() {
    let rows = [
        (0.0, 100.0, "Ten"),
        (60.0, 100.0, "So CCCD"),
        (140.0, 100.0, "The"),
        (0.0, 80.0, "Nguyen"),
        (0.0, 69.0, "Van An"),
        (60.0, 80.0, "0010901"),
        (60.0, 69.0, "23456"),
        (140.0, 80.0, "DN40101"),
        (140.0, 69.0, "2345678"),
        (140.0, 58.0, "9"),
    ];
    assert_eq!(lay(&rows).text, "Ten\tSo CCCD\tThe\nNguyen Van An\t001090123456\tDN4010123456789\n");
}

#[test]
fn empty_cells_stay_columns_and_pages_go_on() {
    let mut layout = lay(&[(0.0, 100.0, "Ten"), (60.0, 100.0, "CCCD"), (140.0, 100.0, "SDT")]);
    layout.end_page();
    for (x, y, text) in [(0.0, 100.0, "Trang 2"), (0.0, 50.0, "An"), (140.0, 50.0, "0912")] {
        let end = (x + text.len() as f64 * 5.0, y);
        layout.push(&Run { text, start: (x, y), end, direction: (1.0, 0.0), size: 10.0 });
    }
    layout.end_page();
    assert_eq!(layout.text, "Ten\tCCCD\tSDT\n\nTrang 2\nTen\tCCCD\tSDT\nAn\t\t0912\n\n");
}

#[test]
fn a_list_of_numbers_is_no_broken_number() {
    let list = lay(&[(0.0, 50.0, "001090123456"), (0.0, 39.0, "001090123457")]);
    assert_eq!((list.text.as_str(), list.joined.as_str()), ("001090123456\n001090123457\n", ""));
    let broken = lay(&[(0.0, 50.0, "0010901"), (0.0, 39.0, "23456")]);
    assert_eq!((broken.text.as_str(), broken.joined.as_str()), ("0010901\n23456\n", "001090123456\n"));
}

#[test]
fn lines_above_a_table_are_no_part_of_its_first_cell() {
    let text = lay(&[
        (0.0, 100.0, "Danh sach nguoi huong tro cap thang"),
        (0.0, 80.0, "Ten"),
        (60.0, 80.0, "CCCD"),
        (0.0, 60.0, "An"),
        (60.0, 60.0, "1"),
    ]);
    assert_eq!(text.text, "Danh sach nguoi huong tro cap thang\nTen\tCCCD\nAn\t1\n");
}

#[test]
fn letters_in_another_order_than_they_are_seen_are_read_once_more() {
    let number = "CCCD 001090123456";
    let letters: Vec<(f64, f64, String)> =
        number.char_indices().filter(|(_, c)| *c != ' ').map(|(n, c)| (n as f64 * 6.0, 50.0, c.to_string())).collect();
    let lay_all = |letters: Vec<&(f64, f64, String)>| {
        let runs: Vec<(f64, f64, &str)> = letters.iter().map(|(x, y, c)| (*x, *y, c.as_str())).collect();
        let mut layout = lay(&runs);
        layout.end_page();
        layout.joined
    };
    assert_eq!(lay_all(letters.iter().rev().collect()), "CCCD 001090123456\n");
    let (even, odd): (Vec<_>, Vec<_>) = letters.iter().enumerate().partition(|(n, _)| n % 2 == 0);
    assert!(lay_all(even.into_iter().chain(odd).map(|(_, letter)| letter).collect()).contains("001090123456"));
    assert_eq!(lay_all(letters.iter().collect()), "");
}
