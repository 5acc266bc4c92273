//! Runs laid out by hand.

use super::*;

/// Lays out `(x, y, text)` in a font of size 10 whose glyphs are 5 wide.
pub(super) fn lay(runs: &[(f64, f64, &str)]) -> Layout {
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

/// Lays out lines of the same height whose texts begin at the given places.
fn lay_lines(lines: &[&[(f64, &str)]]) -> String {
    let runs =
        lines.iter().enumerate().flat_map(|(n, line)| line.iter().map(move |(x, text)| (*x, n as f64 * -15.0, *text)));
    lay(&runs.collect::<Vec<_>>()).text
}

#[test]
fn columns_that_stand_close_are_told_by_the_lines_above_and_below() {
    // Four units are as wide as a blank between words.
    let table = lay_lines(&[
        &[(0.0, "STT"), (19.0, "Ho va ten"), (83.0, "Ngay sinh"), (137.0, "So BHXH")],
        &[(0.0, "1"), (19.0, "Tran Van An"), (83.0, "25/08/1946"), (137.0, "7711739906")],
        &[(0.0, "2"), (19.0, "Le Thi Binh"), (83.0, "06/07/1968"), (137.0, "4012185726")],
    ]);
    let expected = "STT\tHo va ten\tNgay sinh\tSo BHXH\n1\tTran Van An\t25/08/1946\t7711739906\n\
                    2\tLe Thi Binh\t06/07/1968\t4012185726\n";
    assert_eq!(table, expected);
    // The heading stands in the middle, in two lines.
    let runs = [
        (0.0, 100.0, "Ho va ten"),
        (67.0, 106.0, "Ma so"),
        (69.0, 95.0, "BHXH"),
        (0.0, 80.0, "Tran Van An"),
        (59.0, 80.0, "7711739906"),
        (0.0, 65.0, "Le Thi Binh"),
        (59.0, 65.0, "4012185726"),
    ];
    assert_eq!(lay(&runs).text, "Ho va ten\tMa so BHXH\nTran Van An\t7711739906\nLe Thi Binh\t4012185726\n");
    // Numbers alone: no blank is shown anywhere.
    let numbers: Vec<[(f64, &str); 2]> =
        ["201511483", "201289447", "011828245", "274458969"].map(|n| [(0.0, n), (49.0, "7711739906")]).to_vec();
    let numbers: Vec<&[(f64, &str)]> = numbers.iter().map(<[_; 2]>::as_slice).collect();
    assert_eq!(lay_lines(&numbers).matches('\t').count(), 4);
}

#[test]
fn words_that_are_set_apart_by_gaps_are_no_columns() {
    // Justified lines without a blank: the gaps of two meet, those of more do not.
    let prose = lay_lines(&[
        &[(0.0, "danh"), (24.0, "sach"), (48.0, "nguoi")],
        &[(0.0, "huong"), (29.0, "tro"), (48.0, "cap")],
        &[(0.0, "hang"), (24.0, "thang"), (54.0, "nam")],
    ]);
    assert_eq!(prose, "danh sach nguoi\nhuong tro cap\nhang thang nam\n");
    // One line of a form with blanks; a gap that no other line shares.
    let form = lay_lines(&[&[(0.0, "Ho va ten:"), (54.0, "Tran Van An")], &[(0.0, "Noi o: so 1 duong Le Loi")]]);
    assert_eq!(form, "Ho va ten: Tran Van An\nNoi o: so 1 duong Le Loi\n");
    // Numbers in groups below each other, under one heading.
    let groups: Vec<[(f64, &str); 3]> = vec![[(0.0, "001"), (19.0, "090"), (38.0, "123456")]; 5];
    let mut lines: Vec<&[(f64, &str)]> = vec![&[(0.0, "So CCCD cua nguoi huong")]];
    lines.extend(groups.iter().map(<[_; 3]>::as_slice));
    assert!(lay_lines(&lines).contains("\n001 090 123456\n"), "{}", lay_lines(&lines));
}

/// Lays out pages one after the other.
fn lay_pages(pages: &[&[(f64, f64, &str)]]) -> String {
    let mut layout = Layout::default();
    for page in pages {
        for (x, y, text) in *page {
            let end = (x + text.chars().count() as f64 * 5.0, *y);
            layout.push(&Run { text, start: (*x, *y), end, direction: (1.0, 0.0), size: 10.0 });
        }
        layout.turn_page();
    }
    layout.settle();
    layout.take_text(0).unwrap_or_default()
}

const LEFT: &[(f64, f64, &str)] = &[
    (0.0, 100.0, "STT"),
    (60.0, 100.0, "Ho va ten"),
    (0.0, 80.0, "1"),
    (60.0, 80.0, "Tran Van An"),
    (0.0, 60.0, "2"),
    (60.0, 60.0, "Le Thi Binh"),
];

#[test]
fn a_sheet_too_wide_for_its_page_goes_on_beside_it() {
    let right = [(0.0, 100.0, "So ho chieu"), (0.0, 80.0, "B1234567"), (0.0, 60.0, "C7654321")];
    let expected = "STT\tHo va ten\tSo ho chieu\n1\tTran Van An\tB1234567\n2\tLe Thi Binh\tC7654321\n\n";
    assert_eq!(lay_pages(&[LEFT, &right]), expected);
    // At other heights, the same heading again, a row in its place: pages below.
    let lower = right.map(|(x, y, text)| (x, y - 7.0, text));
    assert!(lay_pages(&[LEFT, &lower]).contains("\nB1234567\n"));
    assert_eq!(lay_pages(&[LEFT, LEFT]).matches("1\tTran Van An\n").count(), 2);
    let rows = [(0.0, 100.0, "3"), (0.0, 80.0, "4"), (0.0, 60.0, "5")];
    assert!(lay_pages(&[LEFT, &rows]).contains("\n3\n4\n5\n"));
}

#[test]
fn a_sheet_printed_across_and_down_is_whole() {
    let right = [(0.0, 100.0, "So ho chieu"), (0.0, 80.0, "B1234567"), (0.0, 60.0, "C7654321")];
    let below = [(0.0, 100.0, "3"), (60.0, 100.0, "Vu Van Chi"), (0.0, 80.0, "4"), (60.0, 80.0, "Ho Thi Dung")];
    let beside = [(0.0, 100.0, "N1234568"), (0.0, 80.0, "P7654322")];
    let first = "STT\tHo va ten\tSo ho chieu\n1\tTran Van An\tB1234567\n2\tLe Thi Binh\tC7654321\n\n";
    let second = "STT\tHo va ten\tSo ho chieu\n3\tVu Van Chi\tN1234568\n4\tHo Thi Dung\tP7654322\n\n";
    assert_eq!(lay_pages(&[LEFT, &right, &below, &beside]), format!("{first}{second}"));
    // At other heights it is a page of its own.
    let lower = beside.map(|(x, y, text)| (x, y - 7.0, text));
    assert!(lay_pages(&[LEFT, &right, &below, &lower]).contains("4\tHo Thi Dung\n\n"));
    // No page was ever beside another.
    assert!(lay_pages(&[LEFT, &below, &beside]).contains("\nN1234568\nP7654322\n"));
}

#[test]
fn a_heading_on_a_new_page_begins_another_table() {
    let other = [(0.0, 150.0, "Gioi"), (60.0, 150.0, "CCCD"), (0.0, 130.0, "Nam"), (60.0, 130.0, "001090123456")];
    assert!(lay_pages(&[LEFT, &other]).ends_with("Binh\n\nGioi\tCCCD\nNam\t001090123456\n\n"));
    let more = [(0.0, 150.0, "3"), (60.0, 150.0, "Vu Van Chi")];
    assert!(lay_pages(&[LEFT, &more]).ends_with("Binh\n\nSTT\tHo va ten\n3\tVu Van Chi\n\n"));
}

#[test]
fn a_row_broken_by_the_end_of_the_page_is_one_row() {
    let head = [(0.0, 100.0, "Ten"), (60.0, 100.0, "CCCD"), (0.0, 80.0, "Tran Van"), (60.0, 80.0, "0010901")];
    let foot = [(0.0, 180.0, "An"), (60.0, 180.0, "23456"), (0.0, 150.0, "Binh"), (60.0, 150.0, "001090123457")];
    assert_eq!(lay_pages(&[&head, &foot]), "Ten\tCCCD\nTran Van An\t001090123456\n\nTen\tCCCD\nBinh\t001090123457\n\n");
    // Another row whose number is broken as the last one was.
    let last = [head.as_slice(), &[(60.0, 69.0, "23456")]].concat();
    let next = [(0.0, 180.0, "Le Thi"), (60.0, 180.0, "0010902"), (60.0, 169.0, "23457")];
    assert_eq!(lay_pages(&[&last, &next]), "Ten\tCCCD\nTran Van\t001090123456\n\nTen\tCCCD\nLe Thi\t001090223457\n\n");
}

#[test]
fn words_that_are_set_to_both_edges_of_a_cell_are_no_cells() {
    let header = [(0.0, 100.0, "STT"), (30.0, 100.0, "Ho ten"), (90.0, 100.0, "Ma BHXH"), (160.0, 100.0, "Dia chi")];
    let row = |y: f64, name: &'static str, number: &'static str| {
        let first = [(0.0, y, "1"), (30.0, y, name), (90.0, y, number), (160.0, y, "So"), (190.0, y, "nha")];
        [&first[..], &[(230.0, y, "12,"), (160.0, y - 12.0, "xa"), (190.0, y - 12.0, "Thu")]].concat()
    };
    let rows = [row(80.0, "Vi Van Thu", "7912045873"), row(50.0, "Vi Thi Hai", "7912045874")].concat();
    let text = lay(&[&header[..], &rows].concat()).text;
    assert!(
        text.contains("1\tVi Van Thu\t7912045873\tSo nha 12,") && text.contains("7912045874\tSo nha 12,"),
        "{text}"
    );
    // Another table, whose columns begin elsewhere, and one with a number in each of them.
    for more in [
        [(0.0, 50.0, "TT"), (20.0, 50.0, "Ma"), (70.0, 50.0, "Ten"), (130.0, 50.0, "SDT"), (190.0, 50.0, "Ghi chu")],
        [
            (0.0, 50.0, "1"),
            (30.0, 50.0, "a"),
            (90.0, 50.0, "7912045873"),
            (160.0, 50.0, "0912345678"),
            (230.0, 50.0, "0123456789"),
        ],
    ] {
        let text = lay(&[&header[..], &more].concat()).text;
        assert_eq!(text.lines().last().map(|line| line.matches('\t').count()), Some(4), "{text}");
    }
}
