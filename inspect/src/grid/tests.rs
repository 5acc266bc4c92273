//! What tables in running text are and are not.

use chot_model::DetectorId;
use proptest::prelude::*;

use super::cells::Cells;
use super::cut::{Cut, begins_in_a_box, has_dashes, is_rule};
use super::piece::Piece;
use super::wiki::{begins_as_wiki, wiki_cell};
use super::{begins_with_a_word, is_value};
use crate::careful::{agree, cell};
use crate::table::{NUMBER_BYTES_MAX, is_number};
use crate::view::View;
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

#[test]
fn a_heading_ends_where_the_next_begins() {
    let inspector = Inspector::new(Limits::default(), 2026);
    for (lines, found) in [
        (&["Số CCCD", "001090123456", "Mã số BHXH", "2220123457"][..], [1, 1]),
        (&["Số CCCD", "001090123456", "Số hóa đơn", "2220123457"], [1, 0]),
        // What announces nothing ends nothing; numbers that have lost their zeros are under the heading.
        (&["Số CCCD", "1090123456", "(sẽ bổ sung)", "1090123457"], [2, 0]),
    ] {
        let page = |name: &str| lines.iter().map(|line| format!("<{name}>{line}</{name}>")).collect::<String>();
        for text in [lines.join("\n\n"), page("p"), format!("<dl>{}</dl>", page("dd"))] {
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            let count = [DetectorId::Cccd, DetectorId::Bhxh].map(|id| inspection.distinct(id));
            assert_eq!(count, found, "{text}");
        }
    }
}

#[test]
fn the_last_cells_of_a_row_may_be_left_out_and_no_others() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let rows = ["1|Bùi Thị Mai|4012345678", "2|Lê Văn Bình|7912345670|nghỉ", "3|Trần An|7912345671"];
    for (header, cut, found) in [
        ("STT|Họ và tên|Mã số BHXH|Ghi chú", "\t", 3),
        ("STT|Họ và tên|Mã số BHXH|Ghi chú", ";", 3),
        ("STT|Họ và tên|Mã số BHXH|Ký nhận|Ghi chú", "\t", 3),
        ("STT|Họ và tên|Số điện thoại|Mã số BHXH", "\t", 0),
        ("STT|Họ và tên|Mã số BHXH|Tổ|Ký nhận|Ghi chú", "\t", 3),
    ] {
        for end in ["", cut] {
            let rows = rows.map(|row| row.to_owned() + end);
            let table = [header, &rows[0], &rows[1], &rows[2]].join("\n").replace('|', cut);
            let text = format!("Kính gửi anh chị, danh sách như sau.\n\n{table}\n\nTrân trọng.\n");
            let count = inspector.inspect(Hint::default(), &text.into_bytes()).inspection.distinct(DetectorId::Bhxh);
            assert_eq!(count, found, "{header} {cut:?} {end:?}");
        }
    }
}

#[test]
fn cells_stand_under_the_headings_that_fit_them() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let filling = "Chữ thường cho đầy một trang. \n".repeat(3_000);
    let head = "STT|Họ và tên|Mã số BHXH|Điều kiện hưởng|Số ngày nghỉ|Số tiền (đồng)|Ghi chú";
    let paid = [
        "1|Trần Thị Mai|4012345678|03/10/2026|05/10/2026|3|5|957388|0601336462620|Agribank",
        "2|Lê Văn Bình|7912345670|03/10/2026|05/10/2026|3|6|1736799|0011880981628|Agribank",
        "3|Hồ Quốc An|7912345671|03/10/2026|05/10/2026|3|3|1059806|7110826583407|Agribank",
    ]
    .join("\n");
    let between = "Từ ngày|Đến ngày|Trong kỳ|Lũy kế\nA|B|1|2|3|4|5|6|7|8|9\nA|CHẾ ĐỘ ỐM ĐAU\nI|Bản thân ốm ngắn ngày\n";
    let called = "STT|Họ và tên|Ngày sinh|Giới tính|CCCD|Mã BHXH|Điện thoại|Ghi chú";
    let few = [
        "1|Trần Thị Mai|12/10/1969|x|040169061400|4012345678|0903111222",
        "2|Lê Văn Bình|21/08/1979|080079029463|7912345670",
        "3|Hồ Quốc An|17/04/1983|051083318874|7912345671|0903111223|x",
        "Vũ Thị Hoa|17/04/1983|x|051183318875|7912345672",
    ]
    .join("\n");
    let innocent = |text: &str| {
        text.replace("Mã số BHXH", "Số hóa đơn").replace("Mã BHXH", "Mã đơn hàng").replace("CCCD", "Số tiền")
    };
    for (text, cuts, found) in [
        (format!("{head}\n{paid}"), &["\t", "   ", " - ", "; ", " | "][..], 3),
        (format!("{head}\n{between}{paid}"), &["\t", "   ", " - ", "; ", " | ", " "], 3),
        (format!("{called}\n{few}"), &["   ", " - ", "; "], 4),
        (innocent(&format!("{head}\n{paid}")), &["\t", "   ", " - ", "; ", " | ", " "], 0),
        (innocent(&format!("{head}\n{between}{paid}")), &["\t", "   ", " - ", "; ", " | ", " "], 0),
        (innocent(&format!("{called}\n{few}")), &["   ", " - ", "; ", " "], 0),
        // Sums are nobody's.
        (format!("{head}\n{paid}\nTổng cộng|4012345679\n|Cộng tăng|4012345680"), &["   ", " - ", "; "], 3),
        // A heading of its own takes the number.
        (
            "STT|Họ và tên|Điện thoại|Mã BHXH|Tổ\n1|Lê Văn Bình|0903111222|2\n2|Hồ Quốc An|0903111223|2".into(),
            &["   ", " - ", "; "],
            0,
        ),
    ] {
        for cut in cuts {
            let text = format!("Em gửi anh chị xem.\n{}\n\nCảm ơn.\n", text.replace('|', cut));
            for text in [text.clone(), format!("{filling}\n{text}")] {
                let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
                let count = inspection.distinct(DetectorId::Bhxh);
                assert_eq!(count, found, "{cut:?} {}", text.replace(&filling, "…"));
            }
        }
    }
}

#[test]
fn a_row_may_begin_and_end_with_empty_cells() {
    let text = "Em gửi danh sách hộ:\n\nHộ | Mã hộ | Họ và tên | Ngày sinh | Số CCCD | Mã số BHXH | Điện thoại | Ghi chú\n\
        1 | 3139768001 | Lê Quốc Nam | 13/09/1956 | 031056523111 | 3139768444 | 0903111222 | \n\
        \x20|  | Lê Quốc Cam | 13/09/1958 | 031056523693 | 3139768327 |  | \n\
        \x20|  | Trần Xuân Hoa | 09/04/2016 | 026216447744 | 2665830209 |  | \n\nXin cảm ơn anh chị.\n";
    let inspection =
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
    assert_eq!([DetectorId::Bhxh, DetectorId::Cccd].map(|id| inspection.distinct(id)), [3, 3], "{text}");
}

#[test]
fn blocks_of_lines_may_lack_some_under_the_header_of_a_register() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let names = ["Trần Thị Mai", "Lê Văn Bình", "Hồ Quốc An", "Vũ Thị Hoa", "Đỗ Văn Em"];
    for (heading, found) in [("Mã số BHXH", 5), ("Mã đơn hàng", 0)] {
        let rows = |between: &str| {
            let row = |(n, name): (usize, &&str)| {
                let note = if n.is_multiple_of(2) { "đã nộp\n" } else { "" };
                format!("{}\n{name}\n12/10/196{n}\n{}\n1500000\n{note}\n", n + 1, 4_812_345_678_u64 + n as u64 * 54_321)
            };
            let rows: String = names.iter().enumerate().map(row).collect();
            format!("DANH SÁCH\n\nSTT\nHọ và tên\nNgày sinh\n{heading}\nMức đóng\nGhi chú\n\n{between}{rows}")
        };
        let numbers = (1..=20).map(|n| format!("{n}\n")).collect::<String>();
        for text in [rows(""), rows("I\nĐóng mới\n\n"), rows(&format!("{numbers}\nI\nĐóng mới\n\nI.1\nTrong kỳ\n\n"))]
        {
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }
}

#[test]
fn a_sign_may_part_the_name_and_the_number_of_an_item() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let rows = "Trần Văn Thống | 061773294\nLê Thị Hoa | 065265836\nNguyễn Đức Vĩnh | 089403222\n";
    for (heading, found) in [("Số CMND của các bác:", 3), ("Số đơn của các bác:", 0)] {
        for cut in [" | ", "\t", "  "] {
            let text = format!("{heading}\n{}", rows.replace(" | ", cut));
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cmnd), found, "{text}");
        }
    }
}

#[test]
fn a_row_may_begin_with_a_dash() {
    let rows = "|- Trần Thị Mai|1|x|4012345678|\n|- Lê Văn Bình|2|x|7912345670|\n|- Trần An|3|x|7912345671|\n";
    let text = format!("Danh sách:\n\n|Họ tên|Tổ|Ca|Mã số BHXH|\n{rows}").into_bytes();
    let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text).inspection;
    assert_eq!(inspection.distinct(DetectorId::Bhxh), 3);
}

#[test]
fn dashes_cut_lists_of_passports_as_of_longer_numbers() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let rows = "Lê Mai - C1234560 - 01/02/1980\nLê Bình - N7654321 - 2/3/1981\nTrần An - B1020304 - 3/4/1982\n";
    let more = "Lê Hoa - C1234569 - 01/02/1990\nLê Hà - N7654329 - 2/3/1991\n";
    for (header, found, persons) in [
        ("Danh sách (Họ và tên - Số hộ chiếu - Ngày sinh):", 5, 5),
        ("Họ và tên - Hộ chiếu - Ngày sinh", 5, 5),
        // Goods, and rows that nothing announces.
        ("Kho (Người nhận - Số lô - Ngày nhập):", 0, 0),
        ("Em gửi chị:", 0, 0),
    ] {
        for end in ["", "\nEm cảm ơn.\n"] {
            let text = format!("{header}\n{rows}{more}{end}").into_bytes();
            let inspection = inspector.inspect(Hint::default(), &text).inspection;
            assert_eq!(inspection.distinct(DetectorId::Passport), found, "{header}");
            assert_eq!((inspection.persons, inspection.bulk), (persons, persons > 0), "{header}");
        }
    }
}

#[test]
fn dashes_between_blanks_cut_lines_under_a_header() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let filling = "Chữ thường cho đầy một trang. \n".repeat(3_000);
    for (text, found) in [
        ("Họ tên - Mã số BHXH\nMai - 4012345678\nBình - 7912345670", 2),
        ("Họ tên - Mã số BHXH\n\nMai - 4012345678\nBình - 7912345670", 2),
        ("Họ tên – Mã số BHXH – Tổ\nMai – 4012345678 –\nBình – – 2\nCường – 7912345670 – 1", 2),
        ("- Họ tên — Mã số BHXH\n• Mai — 4012345678\n12) Bình — 7912345670", 2),
        ("Mã số BHXH - Tên\nsẽ gửi sau - Mai\n4012345678 - Bình", 1),
        // Cut into other cells, or behind lines between, as words under words; by other dashes than those.
        ("Họ tên - Mã số BHXH - Ngày sinh\nNguyễn Thị Mai - 4012345678", 1),
        ("Họ tên-Mã số BHXH-Ngày sinh\nNguyễn Thị Mai-4012345678-5/4/1987", 0),
        ("Họ tên - Mã số BHXH - Ngày sinh\nem gửi chị\nNguyễn Thị Mai - 4012345678 - 5/4/1987", 1),
        ("Họ tên - Mã số BHXH - Tháng 11/2026\nMai - chưa có - 1\nBình - 4012345678 - 2", 1),
        ("Số hóa đơn\nMai - 4012345678", 0),
        ("Tên - Số hóa đơn\nMai - 4012345678\nBình - 7912345670", 0),
        ("10 - 20 - 30\n4012345678 - 20 - 30", 0),
    ] {
        for text in [text.to_owned(), format!("{filling}\n{text}\n"), format!("{filling}{text}\n\n{filling}")] {
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{}", text.replace(&filling, "…"));
        }
        let value = format!("{{\"tin\": \"{}\"}}", text.replace('\n', "\\n"));
        let inspection = inspector.inspect(Hint::default(), &value.clone().into_bytes()).inspection;
        assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{value}");
    }
}

#[test]
fn a_line_with_a_colon_speaks_of_the_items_below_it() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let filling = "Chữ thường cho đầy một trang. \n".repeat(3_000);
    for (text, found) in [
        ("Mã số BHXH cần gộp:\n- Nguyễn Thị Mai: 4012345678\n- Lê Văn Bình: 7912345670\n- Hồ An: 7912345671", 3),
        ("Mã số BHXH cần gộp:\n\n1. Nguyễn Thị Mai – 4012345678\n2. Lê Bình (nam) – 7912345670", 2),
        ("Các mã số BHXH sau:\n4012345678 NGUYỄN THỊ MAI\n7912345670 LÊ BÌNH\n", 2),
        ("Mã số BHXH cần gộp:\n- Lê Văn Bình: 7912345670\n- Nguyễn Thị Mai: chưa có\n- Hồ An: 7912345671", 2),
        ("> Mã số BHXH cần gộp:\n> - Nguyễn Thị Mai: 4012345678\n> 2. Hồ An: 7912345670\n", 2),
        ("ma so bhxh can gop:\n1. le van binh 05/04/1987 7912345670\n2. ho an 01/02/1990 7912345671\n", 2),
        ("ds số sổ BHXH ạ\n👉 Nguyễn Mai - 4012345678\n✅ Lê Bình - 7912345670\n➡️ Hồ An - 7912345671", 3),
        ("Mã số BHXH:\n1/ Nguyễn Mai - 4012345678\n2/ Lê Bình - 7912345670\n3/ Hồ An - 7912345671", 3),
        ("Danh sách mã số BHXH:\n1.\tNguyễn Mai: 4012345678\n2.\tLê Bình: 7912345670\n3.\tHồ An: 7912345671", 3),
        ("Danh sách mã số BHXH:\na) Nguyễn Mai: 4012345678\nb) Lê Bình: 7912345670\nc) Hồ An: 7912345671", 3),
        ("Danh sách mã số BHXH:\ni. Nguyễn Mai: 4012345678\nii. Lê Bình: 7912345670\niii. Hồ An: 7912345671", 3),
        ("Danh sách đơn hàng:\n1.\tNguyễn Mai: 4012345678\n2.\tLê Bình: 7912345670\n3.\tHồ An: 7912345671", 0),
        ("ds hàng ạ\n👉 Nguyễn Mai - 4012345678\n👉 Lê Bình - 7912345670\n👉 Hồ An - 7912345671", 0),
        ("Mã BHXH các bạn:\nAn 4012345678\nBình 7912345670\nc Hoa: 7912345671", 3),
        ("Mã BHXH các bạn:\n- An: 4012345678\n- Chi: 7912345671\n- Nguyễn Văn Bình: 7912345670", 3),
        // Other labels, other headings, none, and what is no name.
        ("Mã vận đơn của các bạn:\nAn 4012345678\nBình 7912345670\nChi 7912345671", 0),
        ("Các bạn:\nAn 4012345678\nBình 7912345670\nChi 7912345671", 0),
        ("Thông tin mã số BHXH gồm:\n- mã hồ sơ 4012345678\n- số hợp đồng: 7912345670", 0),
        ("> Em gửi chị:\n> - Nguyễn Thị Mai: 4012345678\n> - Lê Văn Bình: 7912345670", 0),
        ("Thông tin mã số BHXH gồm:\n- Số CMND: 079123456\n- Mã Hồ Sơ: 4012345678\n- Lê An: 7912345670", 0),
        ("Mã hóa đơn cần gộp:\n- Nguyễn Thị Mai: 4012345678\n- Lê Văn Bình: 7912345670", 0),
        ("Cán bộ cấp mã số BHXH như sau:\n- Nguyễn Thị Mai: 0912345678\n- Lê Văn Bình: 0387654321", 0),
        ("Em gửi chị:\n- Nguyễn Thị Mai: 4012345678\n- Lê Văn Bình: 7912345670", 0),
        ("Thu BHXH tháng này:\n- đợt một thu được 4012345678\n- đợt hai thu được 7912345670", 0),
    ] {
        for text in [text.to_owned(), format!("{filling}\n{text}\n"), format!("{filling}{text}\n\n{filling}")] {
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{}", text.replace(&filling, "…"));
        }
    }
}

#[test]
fn the_name_of_a_paper_below_a_list_begins_another() {
    let inspector = Inspector::new(Limits::default(), 2026);
    for (lists, found) in [
        (
            "Mã số BHXH:\nNguyễn Thị Mai 4012345678\nLê Văn Bình 7912345670\nCMND\nNguyễn Thị Mai: 304051161\nLê Văn Bình: 168073901\n",
            [2, 2],
        ),
        ("Mã số BHXH:\nAn 4012345678\nBình 7912345670\nSố CMND:\nAn 304051161\nBình 168073901\n", [2, 2]),
        ("Mã số BHXH:\n4012345678\n7912345670\n0112345671\nCMND:\n304051161\n168073901\n235999718\n", [3, 3]),
        (
            "Mã số BHXH:\nNguyễn Thị Mai 4012345678\nLê Văn Bình 7912345670\nTổ hai\nHồ An: 7912345671\nVũ Hà: 7912345672\n",
            [4, 0],
        ),
    ] {
        let inspection = inspector.inspect(Hint::default(), &lists.to_owned().into_bytes()).inspection;
        assert_eq!([DetectorId::Bhxh, DetectorId::Cmnd].map(|id| inspection.distinct(id)), found, "{lists}");
    }
}

#[test]
fn a_title_of_papers_speaks_of_the_names_and_numbers_below_it() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let names = ["Trần Văn Thống", "Lê Thị Hoa", "Nguyễn Đức Vĩnh"];
    for (title, paper, numbers, found) in [
        ("ds cmnd các hộ", DetectorId::Cmnd, ["061773294", "065265836", "089403222"], 3),
        ("ds mã số bhxh tổ 3:", DetectorId::Bhxh, ["0617732942", "7065265836", "4089403222"], 3),
        ("Passport list đoàn đi Nhật:", DetectorId::Passport, ["C0617732", "B7065265", "N4089403"], 3),
        ("danh sách hộ chiếu", DetectorId::Passport, ["C0617732", "B7065265", "N4089403"], 3),
        ("ds mã hàng các hộ", DetectorId::Cmnd, ["061773294", "065265836", "089403222"], 0),
        ("ds số ghế đi Nhật:", DetectorId::Passport, ["C0617732", "B7065265", "N4089403"], 0),
    ] {
        for cut in [" ", ": ", " - ", " | ", ", "] {
            let item = |n: usize| format!("{}{cut}{}", names[n], numbers[n]);
            let items = |item: &dyn Fn(usize) -> String| (0..3).map(|n| item(n) + "\n").collect::<String>();
            for items in [items(&item), items(&|n| item(n).replace(names[n], &names[n].to_lowercase()))] {
                let text = format!("{title}\n{items}");
                let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
                assert_eq!(inspection.distinct(paper), found, "{text}");
                assert_eq!(inspection.persons, found, "{text}");
            }
        }
    }
}

#[test]
fn lines_of_a_box_cut_and_rows_with_their_own_headings_are_read_across() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let boxed = |heading: &str| {
        format!(
            "┌──────┬──────┐\n│ Tên │ {heading} │\n├──────┼──────┤\n│ Mai │ 4012345678 │\n│ Bình │ 7912345670 │\n└──────┴──────┘\n"
        )
    };
    let letter = "Em gửi chị thông tin như bên dưới.\n".repeat(12);
    let across = |cut: &str, heading: &str| {
        let rows = format!("|Trường|Giá trị|\n|Họ tên|Lê Văn An|\n|Ngày sinh|5/4/1987|\n|{heading}|4012345678|\n");
        format!("{letter}\n{}", rows.replace('|', cut))
    };
    for (text, found) in [
        (boxed("Mã số BHXH"), 2),
        (boxed("Số hóa đơn"), 0),
        (across("|", "Mã số BHXH"), 1),
        (across("|", "Mã hóa đơn"), 0),
        (across("\t", "Mã số BHXH"), 1),
    ] {
        let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
        assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
    }
}

#[test]
fn wikis_part_the_cells_of_a_header_by_signs_of_their_own() {
    let inspector = Inspector::new(Limits::default(), 2026);
    for heading in ["Mã số BHXH", "Số hóa đơn"] {
        for (head, row, end) in [
            ("{| class=\"wikitable\"\n! Tên !! @\n", "|-\n| An || #\n", "|}\n"),
            ("{|\n! Tên !! @ !! Tổ\n", "|-\n| An || # || 1\n", "|}\n"),
            ("{|\n! Tên\n! @\n", "|-\n| An\n| #\n", "|}\n"),
            ("{|\n|+ DS\n! scope=\"col\" | Tên\n! scope=\"col\" | @\n", "|-\n| style=\"x\" | An\n| #\n", "|}\n"),
            ("[cols=2*]\n|===\n|Tên\n|@\n\n", "|An\n|#\n\n", "|===\n"),
            ("{|\n! Tên || Tổ || @\n", "|-\n| An || || #\n", "|}\n"),
            ("Em gửi:\n||Tên||@||\n", "|An|#|\n", ""),
            ("||STT||Tên||@||\n", "|1|An|#|\n", ""),
            ("|| STT || Tên || @ || Ở ||\n", "| 1 | An | # | 2, đường Huệ, Huế |\n", ""),
        ] {
            let rows = ["4012345678", "7912345670"].map(|number| row.replace('#', number)).concat();
            let text = format!("{}{rows}{end}", head.replace('@', heading));
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            let found = if heading == "Mã số BHXH" { 2 } else { 0 };
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }
    // An empty cell of a table that one sign parts.
    let text = "|STT||Mã số BHXH\n|1||4012345678\n|2|x|7912345670\n";
    let inspection = inspector.inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
    assert_eq!(inspection.distinct(DetectorId::Bhxh), 2, "{text}");
}

#[test]
fn a_drawn_line_tells_columns_one_blank_apart() {
    let inspector = Inspector::new(Limits::default(), 2026);
    let filling = "Chữ thường cho đầy một trang. \n".repeat(3_000);
    for (text, found) in [
        ("Họ tên  Mã số BHXH Tổ\n------- ---------- --\nLê Bình 4012345678 1\nHồ An   7912345670 2\n", 2),
        (
            "======= ========== ==\nHọ tên  Mã số BHXH Tổ\n======= ========== ==\nLê Bình 4012345678 1\nHồ An   7912345670\n======= ========== ==\n",
            2,
        ),
        ("Họ te\u{302}n  Mã số BHXH\n------- ----------\nLê Bi\u{300}nh 4012345678\nHồ An   7912345670\n", 2),
        (
            "Họ tên  Mã số BHXH\n------- ----------\nLê Bình 4012345678\nHọ tên  Mã số BHXH\n------- ----------\nHồ An   7912345670\n",
            2,
        ),
        // Under another heading.
        ("Họ tên  Số hóa đơn\n------- ----------\nLê Bình 4012345678\nHồ An   7912345670\n", 0),
    ] {
        for text in [text.to_owned(), format!("{filling}\n{text}\n"), format!("{filling}{text}\n\n{filling}")] {
            let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{}", text.replace(&filling, "…"));
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let heads = ["Họ và tên", "CCCD", "Số hóa đơn", "Địa chỉ", "Ngày sinh", "Ghi chú", "BHXH tỉnh", "STT"];
    let cut = prop::sample::select(vec!["\t", " | ", ";", "      ", " - ", "\n", " "]);
    let cells = prop_oneof![3 => cell(), 1 => prop::sample::select(heads.to_vec()).prop_map(str::to_owned)];
    let row = (prop::collection::vec(cells, 1..5), cut).prop_map(|(cells, cut)| cells.join(cut) + "\n");
    let block = (cell(), cell(), 1..10_usize).prop_map(|(a, b, n)| format!("{a}\t{b}\n").repeat(n));
    prop_oneof![6 => row, 2 => Just("\n".to_owned()), 1 => Just("----\n".to_owned()), 1 => block]
}

proptest! {
    #[test]
    fn no_way_to_cut_a_line_is_passed_over(
        line in "([ !│┃]{0,2}|\\|\\|?|! )([a-zđ—]{1,3}|[ ;\t|!│┃-]{1,3}|!!|\\|\\|| │ ){0,9}",
    ) {
        let mut view = View::default();
        view.push_joint(line.as_bytes());
        let piece = Piece::of(&view, 0..line.len());
        let cuts = [Cut::Tab, Cut::Box, Cut::Pipe, Cut::Semicolon, Cut::Blanks];
        let told = |cells: Option<Cells>| {
            let row = |cells: &Cells| cells.row.iter().map(|cell| (cell.base(), cell.len())).collect::<Vec<_>>();
            cells.map(|cells| (cuts.iter().position(|cut| *cut == cells.cut), row(&cells)))
        };
        let slowly = cuts.iter().find_map(|cut| Cells::of(&piece, *cut, &view));
        prop_assert_eq!(told(Cells::in_any_way(&piece, &view)), told(slowly), "{}", line);
    }

    #[test]
    fn tables_that_announce_nothing_are_nothing(lines in prop::collection::vec(line(), 0..40)) {
        agree(&format!("Kính gửi: Ông Lê Văn An. Xem bên dưới.\n\n{}", lines.concat()), "a.txt");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_told_at_a_glance_is_so(text in "[ \\-–—│|!{};\t\r.*=a1ă7]{0,24}", number in "[0-9.a ]{0,24}") {
        let view = {
            let mut view = View::default();
            view.push_joint(text.as_bytes());
            view
        };
        let mut line = Piece::of(&view, 0..view.text.len());
        let whole = line.text(&view);
        if begins_with_a_word(whole) {
            let set_apart = is_rule(whole) || begins_in_a_box(whole) || begins_as_wiki(whole);
            prop_assert!(!set_apart && wiki_cell(whole).is_none() && !whole.trim_ascii().is_empty(), "{:?}", text);
        }
        line.trim(&view);
        prop_assert!(has_dashes(line.text(&view)) || Cells::of(&line, Cut::Dashes, &view).is_none(), "{:?}", text);
        let number = number.trim_ascii_end().as_bytes();
        let long = begins_with_a_word(number) && number.len() > NUMBER_BYTES_MAX;
        prop_assert!(!long || !is_number(number) && !is_value(number), "{:?}", number);
    }

    #[test]
    fn cells_are_those_of_a_reader_of_bytes(text in "x([ab;\t –—-]|  | - ){0,40}") {
        let mut view = View::default();
        view.push_joint(text.as_bytes());
        let line = Piece::of(&view, 0..view.text.len());
        for cut in [Cut::Tab, Cut::Semicolon, Cut::Blanks, Cut::Dashes] {
            let row = Cells::of(&line, cut, &view).map(|cells| cells.row);
            let cells = row.map(|row| row.iter().map(|cell| cell.text(&view).to_vec()).collect::<Vec<_>>());
            prop_assert_eq!(cells, cut_by_bytes(text.trim_ascii_end().as_bytes(), cut), "{:?}", text);
        }
    }
}

/// The cells of a line, byte by byte.
fn cut_by_bytes(line: &[u8], cut: Cut) -> Option<Vec<Vec<u8>>> {
    let width = |rest: &[u8]| match (cut, rest) {
        (Cut::Tab, [b'\t', ..]) | (Cut::Semicolon, [b';', ..]) => 1,
        (Cut::Blanks, [b' ', b' ', ..]) => rest.iter().take_while(|b| **b == b' ').count(),
        (Cut::Dashes, [b' ', rest @ ..]) => {
            let dashes = [&b"- "[..], "– ".as_bytes(), "— ".as_bytes()];
            let ends = |dash: &&&[u8]| rest.starts_with(dash) || rest == dash.trim_ascii_end();
            dashes.iter().find(ends).map_or(0, |dash| dash.len())
        }
        _ => 0,
    };
    let (mut cells, mut cell, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = line.get(at) {
        match width(&line[at..]) {
            0 => {
                cell.push(*byte);
                at += 1;
            }
            width => {
                cells.push(std::mem::take(&mut cell));
                at += width;
            }
        }
    }
    cells.push(cell);
    let signs_min = if cut == Cut::Semicolon { 2 } else { 1 };
    (cells.len() > signs_min).then(|| cells.iter().map(|cell| cell.trim_ascii().to_vec()).collect())
}

proptest! {
    #[test]
    fn a_line_is_cut_in_the_first_way_that_cuts_it(line in " ?(! )?([a-z]{1,3}|[;|\t│ ]|  |;;|\\|\\||!!){0,14}") {
        let mut view = View::default();
        view.push_joint(line.as_bytes());
        let piece = Piece::of(&view, 0..view.text.len());
        let cuts = [Cut::Tab, Cut::Box, Cut::Pipe, Cut::Semicolon, Cut::Blanks];
        let told = |cells: Option<Cells>| {
            cells.map(|cells| {
                let row: Vec<(u64, usize)> = cells.row.iter().map(|cell| (cell.base(), cell.len())).collect();
                (cuts.iter().position(|cut| *cut == cells.cut), row, cells.places)
            })
        };
        let slowly = cuts.into_iter().find_map(|cut| Cells::of(&piece, cut, &view));
        prop_assert_eq!(told(Cells::in_any_way(&piece, &view)), told(slowly), "{}", line);
    }
}
