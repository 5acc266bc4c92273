//! Tables in every shape people send: the heading is found wherever it stands.
//!
//! Numbers that need their heading to be told apart are used throughout: nine digits alone are nobody's.

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection};

fn inspect(text: &str) -> Inspection {
    static INSPECTOR: std::sync::LazyLock<Inspector> =
        std::sync::LazyLock::new(|| Inspector::new(Limits::default(), 2026));
    INSPECTOR.inspect(Hint::default(), &text.as_bytes().to_vec()).inspection
}

#[test]
fn a_row_of_a_form_may_have_several_headings() {
    let an = "Họ và tên:,Nguyễn Hữu Cao,Ngày sinh:,12/05/1971\nSố CMND:,025123456,Mã số BHXH:,7912345671\n";
    let be = "Họ và tên:,Lê Thị Bé,Ngày sinh:,02/03/1984\nSố CMND:,024987123,Mã số BHXH:,7998761234\n";
    for (form, cmnd, bhxh, persons) in [
        (an.to_owned(), 1, 1, 1),
        (an.replace(",", ",,"), 1, 1, 1),
        (an.replace(':', ""), 1, 1, 1),
        (format!("PHIẾU KHAI,,,\n{an}Địa chỉ:,12 Trần Phú,,\n"), 1, 1, 1),
        (format!("{an}{be}"), 2, 2, 2),
        // Of somebody whose number is not told.
        (an.replace("025123456", ""), 0, 1, 1),
        // Other papers.
        (an.replace("Số CMND", "Số phiếu").replace("Mã số BHXH", "Số hóa đơn"), 0, 0, 1),
        // A list in which every other column has a heading that is known.
        ("Họ tên,Lớp,Số CMND,Ghi chú\nNguyễn An,5A,025123456,\nLê Bé,5B,024987123,x\n".to_owned(), 2, 0, 2),
    ] {
        let hint = Hint { name: Some("a.csv".into()), content_type: None };
        let found = Inspector::new(Limits::default(), 2026).inspect(hint, &form.clone().into_bytes()).inspection;
        assert_eq!(found.distinct(DetectorId::Cmnd), cmnd, "{form}");
        assert_eq!(found.distinct(DetectorId::Bhxh), bhxh, "{form}");
        assert_eq!(found.persons, persons, "{form}");
    }
}

#[test]
fn a_heading_may_take_several_lines_of_its_cell() {
    for heading in [
        "Số\nCMND\n(cũ)",
        "Số\nCMND",
        "1. Số\nCMND [9 số]",
        "Số CMND\nngày cấp",
        "Số\nCMQĐ/CMND",
        "Số\nCMTND",
        "Số\nCMND (9 số)",
    ] {
        let text = format!("Họ tên,\"{heading}\"\nNguyễn Văn An,012345671\nTrần Thị Bình,012345672\n");
        let hint = Hint { name: Some("a.csv".into()), content_type: None };
        let found = Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection;
        assert_eq!(found.distinct(DetectorId::Cmnd), 2, "{heading}");
    }
}

/// As Access and SQL Server write the names of columns in XML, and SharePoint in JSON.
#[test]
fn a_heading_may_spell_its_letters() {
    for (heading, bhxh) in [
        ("Ma_x0020_so_x0020_BHXH", 2),
        ("M_x00e3__x0020_s_x1ed1__x0020_BHXH", 2),
        ("S_x1ED1__x0020_s_x1ED5_", 2),
        ("OData__x0053_o_x0020_BHXH", 2),
        ("So_x0020_hoa_x0020_don", 0),
        ("S_x1ED1__x0020_h_x00F3_a_x0020__x0111__x01A1_n", 0),
    ] {
        let rows = [("Nguyễn Văn An", "6092839638"), ("Lê Thị Bé", "1584838748")];
        let name = "H_x1ECD__x0020_t_x00EA_n";
        let row =
            |(an, number)| format!("<Row_x0020_1><{name}>{an}</{name}><{heading}>{number}</{heading}></Row_x0020_1>");
        let found = inspect(&format!("<dataroot>{}</dataroot>", rows.map(row).concat()));
        assert_eq!((found.distinct(DetectorId::Bhxh), found.persons), (bhxh, bhxh), "{heading}");
        let item = |(an, number)| format!(r#"{{"{name}":"{an}","{heading}":"{number}"}}"#);
        let found = inspect(&format!(r#"{{"value":[{}]}}"#, rows.map(item).join(",")));
        assert_eq!((found.distinct(DetectorId::Bhxh), found.persons), (bhxh, bhxh), "{heading}");
    }
}

/// A file of commas on a machine whose list separator is another: each line is one cell.
#[test]
fn a_sheet_of_lines_is_the_list_they_are() {
    for (sign, heading, bhxh) in [
        (",", "Mã số BHXH", 2),
        (";", "Mã số BHXH", 2),
        ("\t", "Mã số BHXH", 2),
        ("|", "Mã số BHXH", 2),
        (",", "Số hóa đơn", 0),
        // Nothing cuts a sentence.
        (" và ", "Mã số BHXH", 0),
    ] {
        for title in ["", "<tr><td>DANH SÁCH, THÁNG 10</td></tr>"] {
            let line = |cells: [&str; 3]| format!("<tr><td>{}</td></tr>", cells.join(sign));
            let rows = [
                ["STT", "Họ và tên", heading],
                ["1", "Nguyễn Văn An", "6092839638"],
                ["2", "\"Lê Thị Bé\"", "1584838748"],
            ];
            let text = format!("<table>{title}{}</table>", rows.map(line).concat());
            let found = inspect(&text);
            assert_eq!(found.distinct(DetectorId::Bhxh), bhxh, "{text}");
        }
    }
}

/// Forms of offices begin with who sends them, a motto, a title, a month, units, notes.
#[test]
fn titles_above_the_heading_are_as_many_as_they_like() {
    const TITLES: [&str; 4] =
        ["BẢO HIỂM XÃ HỘI TỈNH,,,", "DANH SÁCH THAM GIA BHYT,,,", "\u{a0},\u{a0},,", "Đơn vị tính: đồng,,Mẫu số 02,"];
    for heading in ["STT,Họ và tên,Mã số BHXH,Mức đóng", "STT,Họ và tên,Mã hồ sơ,Mức đóng"] {
        for titles in [0, 4, 5, 6, 9, 10, 11, 29, 30, 31, 50, 200] {
            let mut text = String::new();
            (0..titles).for_each(|n| text += &format!("{}\n", TITLES[n % TITLES.len()]));
            text += &format!("{heading}\n");
            for (n, name) in ["Trương Văn Đồng", "Lê Đức Đan", "Lương Hữu Thoa"].iter().enumerate() {
                text += &format!("{},{name},{},1500000\n", n + 1, 6_092_839_638_u64 + n as u64 * 1_097_531);
            }
            let hint = Hint { name: Some("a.csv".into()), content_type: None };
            let found = Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection;
            let numbers = if heading.contains("BHXH") { 3 } else { 0 };
            assert_eq!(found.distinct(DetectorId::Bhxh), numbers, "{titles} titles over {heading}");
            assert_eq!(found.persons, numbers, "{titles} titles over {heading}");
        }
    }
}

#[test]
fn the_heading_is_found_wherever_it_stands() {
    let mut wrong = Vec::new();
    for (shape, text, cmnd, persons) in [
        ("one row", "STT,Họ tên,Số CMND\n1,Nguyễn Văn An,012345671\n2,Trần Thị Bình,012345672\n", 2, 2),
        (
            "two rows",
            "STT,Thông tin cá nhân,,Ghi chú\n,Họ tên,Số CMND,\n1,Nguyễn Văn An,012345671,x\n2,Trần Thị Bình,012345672,y\n",
            2,
            2,
        ),
        (
            "two rows, the upper one names it",
            "STT,Họ tên,Số CMND,\n,,Số,Ngày cấp\n1,Nguyễn Văn An,012345671,01/02/2010\n2,Trần Thị Bình,012345672,03/04/2011\n",
            2,
            2,
        ),
        (
            "titles above",
            "BÁO CÁO,,\nTháng 7,,\n,,\nSTT,Họ tên,Số CMND\n1,Nguyễn Văn An,012345671\n2,Trần Thị Bình,012345672\n",
            2,
            2,
        ),
        (
            "sideways",
            "Họ tên;Nguyễn Văn An;Trần Thị Bình;Lê Văn Cường\nSố CMND;012345671;012345672;012345673\nNăm sinh;1980;1981;1982\n",
            3,
            3,
        ),
        (
            "insert",
            "INSERT INTO nguoi (id, ho_ten, so_cmnd, ghi_chu) VALUES\n(1, 'Nguyễn Văn An', '012345671', ''),\n(2, 'Trần Thị Bình', '012345672', 'x, y');\n",
            2,
            2,
        ),
        (
            "insert, one a line",
            "INSERT INTO `nguoi` (`id`, `ho_ten`, `so_cmnd`) VALUES (1, N'Nguyễn Văn An', N'012345671');\nINSERT INTO `nguoi` (`id`, `ho_ten`, `so_cmnd`) VALUES (2, N'O''Trần', N'012345672');\n",
            2,
            2,
        ),
        (
            "columns of a definition",
            "CREATE TABLE `nguoi` (\n  `id` int NOT NULL,\n  `ho_ten` varchar(255) DEFAULT 'a, b',\n  `so_cmnd` varchar(9),\n  PRIMARY KEY (`id`)\n);\nINSERT INTO `nguoi` VALUES (1,'Nguyễn Văn An','012345671'),(2,'Trần Thị Bình','012345672');\n",
            2,
            2,
        ),
        (
            "comments in a definition",
            "CREATE TABLE nguoi (\n  id int, -- the user's id\n  ho_ten varchar(50),\n  so_cmnd varchar(9) DEFAULT '\\''\n);\nINSERT INTO nguoi (id, ho_ten, so_cmnd) VALUES (1,'Nguyễn Văn An','012345671'),(2,'Trần Thị Bình','012345672');\nINSERT INTO nguoi VALUES (3,'Lê Văn Cường','012345673');\n",
            3,
            3,
        ),
        (
            "a definition that is broken off",
            "CREATE TABLE nguoi (\n  id int DEFAULT 'x\n);\nINSERT INTO nguoi (id, ho_ten, so_cmnd) VALUES (1,'Nguyễn Văn An','012345671'),(2,'Trần Thị Bình','012345672');\n",
            2,
            2,
        ),
        (
            "script of SQL Server",
            "INSERT [dbo].[Nguoi] ([ID], [HoTen], [SoCMND]) VALUES (1, N'Nguyễn Văn An', N'012345671')\nINSERT [dbo].[Nguoi] ([ID], [HoTen], [SoCMND]) VALUES (2, N'Trần Thị Bình', N'012345672')\n",
            2,
            2,
        ),
        (
            "decimals of a program",
            "stt,ho_ten,so_cmnd\n1,Nguyễn Văn An,12345671.0\n2,Trần Thị Bình,312345672.0\n3,Lê Văn Cường,\n",
            2,
            2,
        ),
        (
            "roles of elements",
            "<div role='grid'><div role='row'><span role='columnheader'>Họ tên</span><span role='columnheader'>Số CMND</span></div><div role='row'><span role='gridcell'>Nguyễn Văn An</span><span role='gridcell'>012345671</span></div><div role='row'><span role='gridcell'>Trần Thị Bình</span><span role='gridcell'>012345672</span></div></div><p>hết</p>",
            2,
            2,
        ),
        (
            "roles of elements around a table and on it",
            "<div role='grid'><table role='presentation'><tr role='row'><td role='columnheader'>Họ tên</td><td role='columnheader'>Số CMND</td></tr><tr role='row'><td role='gridcell'>Nguyễn Văn An</td><td role='gridcell'>012345671</td></tr><tr role='row'><td role='gridcell'>Trần Thị Bình</td><td role='gridcell'>012345672</td></tr></table></div><p>hết</p>",
            2,
            2,
        ),
        (
            "tables of other headings within one by its role",
            "<div role='grid'><table><tr><th>Tên</th><th>Số hóa đơn</th></tr><tr><td>a</td><td>12</td></tr></table><table><tr><th>Họ tên</th><th>Số CMND</th></tr><tr><td>Nguyễn Văn An</td><td>012345671</td></tr><tr><td>Trần Thị Bình</td><td>012345672</td></tr></table></div>",
            2,
            2,
        ),
        (
            "head and body that are two tables",
            "<div><table><thead><tr><th></th><th colspan='2'>Người tham gia</th></tr><tr><th>STT</th><th>Họ tên</th><th>Số CMND</th></tr></thead></table></div><div><table><tbody><tr><td>1</td><td>Nguyễn Văn An</td><td>012345671</td></tr><tr><td>2</td><td>Trần Thị Bình</td><td>012345672</td></tr></tbody></table></div>",
            2,
            2,
        ),
        (
            "head and body that are two tables of one by its role",
            "<div role='grid'><div><table role='presentation'><tr role='row'><th role='columnheader'>Họ tên</th><th role='columnheader'>Số CMND</th></tr></table></div><div><table role='presentation'><tr role='row'><td role='gridcell'>Nguyễn Văn An</td><td role='gridcell'>012345671</td></tr><tr role='row'><td role='gridcell'>Trần Thị Bình</td><td role='gridcell'>012345672</td></tr></table></div></div>",
            2,
            2,
        ),
        (
            "head and body by their roles, a table each",
            "<div role='table'><div role='row'><b role='columnheader'>Họ tên</b><b role='columnheader'>Số CMND</b></div></div><div role='table'><div role='row'><b role='cell'>Nguyễn Văn An</b><b role='cell'>012345671</b></div><div role='row'><b role='cell'>Trần Thị Bình</b><b role='cell'>012345672</b></div></div>",
            2,
            2,
        ),
        (
            "an empty table before one of other columns",
            "<table><tr><th>Tên hàng</th><th>Số hóa đơn</th></tr></table><table><tr><td>1</td><td>Số CMND 012345671</td><td>Nguyễn Văn An</td></tr><tr><td>2</td><td>Số CMND 012345672</td><td>Trần Thị Bình</td></tr></table>",
            2,
            2,
        ),
        (
            "table with another role, behind one by its role that never ends",
            "<p role='table'><div role='table'></div><table role='row'><tr><th>Họ tên</th><th>Số CMND</th></tr><tr><td>Nguyễn Văn An</td><td>012345671</td></tr><tr><td>Trần Thị Bình</td><td>012345672</td></tr></table>",
            2,
            2,
        ),
        (
            "roles of elements within the cells of a table",
            "<table><tr><th>Họ tên</th><th>Số CMND</th></tr><tr><td><div role='row'><i role='cell'>Nguyễn</i> <i role='cell'>Văn An</i></div></td><td>012345671</td></tr><tr><td><div role='row'><i role='cell'>Trần</i> <i role='cell'>Thị Bình</i></div></td><td>012345672</td></tr></table>",
            2,
            2,
        ),
        (
            "name behind its value",
            "<form><input value='Nguyễn Văn An' name='ho_ten'><input value='012345671' name='so_cmnd'></form>",
            1,
            1,
        ),
        (
            "page in XML",
            "<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml'><body><table><tr><th>Họ tên</th><th>Số CMND</th></tr><tr><td>Nguyễn Văn An</td><td>0123<b>45</b>671</td></tr><tr><td>Trần Thị Bình</td><td>012345672</td></tr></table></body></html>",
            2,
            2,
        ),
        (
            "table of another vocabulary",
            "<?xml version='1.0'?>\n<article><informaltable><thead><row><entry>Họ tên</entry><entry><para>Số CMND</para></entry></row></thead><tbody><row><entry>Nguyễn Văn An</entry><entry>012345671</entry></row><row><entry>Trần Thị Bình</entry><entry><para>012345672</para></entry></row></tbody></informaltable></article>",
            2,
            2,
        ),
        (
            "copy",
            "COPY public.nguoi (id, ho_ten, so_cmnd) FROM stdin;\n1\tNguyễn Văn An\t012345671\n2\tTrần Thị Bình\t012345672\n\\.\n",
            2,
            2,
        ),
        (
            "fixed width",
            "STT  Họ tên           Số CMND     Ghi chú\n---  ---------------  ----------  -------\n1    Nguyễn Văn An    012345671   moi\n2    Trần Thị Bình    012345672   cu\n",
            2,
            2,
        ),
        (
            "markdown",
            "| STT | Họ tên | Số CMND |\n|---|---|---|\n| 1 | Nguyễn Văn An | 012345671 |\n| 2 | Trần Thị Bình | 012345672 |\n",
            2,
            2,
        ),
        (
            "html form",
            "<div><label>Họ tên</label><input value='Nguyễn Văn An'></div><div><label>Số CMND</label><input value='012345671'></div>",
            1,
            1,
        ),
        ("html list", "<dl><dt>Họ tên</dt><dd>Nguyễn Văn An</dd><dt>Số CMND</dt><dd>012345671</dd></dl>", 1, 1),
        (
            "html table of one",
            "<table><tr><th>Họ tên</th><td>Nguyễn Văn An</td></tr><tr><th>Số CMND</th><td>012345671</td></tr></table>",
            1,
            1,
        ),
        (
            "html header over two rows",
            "<table><tr><th rowspan=2>STT</th><th colspan=2>Người</th></tr><tr><th>Họ tên</th><th>Số CMND</th></tr><tr><td>1</td><td>Nguyễn Văn An</td><td>012345671</td></tr><tr><td>2</td><td>Trần Thị Bình</td><td>012345672</td></tr></table>",
            2,
            2,
        ),
        (
            "box of dashes",
            "+-----+---------------+-----------+\n| STT | Họ tên        | Số CMND   |\n+-----+---------------+-----------+\n| 1   | Nguyễn Văn An | 012345671 |\n| 2   | Trần Thị Bình | 012345672 |\n+-----+---------------+-----------+\n",
            2,
            2,
        ),
        (
            "two columns by blanks",
            "Họ tên người bệnh   Số CMND\nNguyễn Văn An   012345671\nTrần Thị Bình   012345672\n",
            2,
            2,
        ),
        (
            "blanks, with an empty cell",
            "Ghi chú   Họ tên          Tổ   Số CMND\nmới       Nguyễn Văn An   1    012345671\n          Trần Thị Bình   2    012345672\ncũ        Lê Văn Cường         012345673\n",
            3,
            3,
        ),
        (
            "a line that is no row",
            "Số CMND   Họ tên   Mã hộ\nI   Tăng\n012345671   Nguyễn Văn An   4055049640\n012345672   Trần Thị Bình   5487202490\n",
            2,
            2,
        ),
        (
            "no heading above the numbers of rows",
            "          ho_ten    so_cmnd\n0  Nguyễn Văn An  012345671\n1  Trần Thị Bình  012345672\n2   Lê Văn Cường  012345673\n",
            3,
            3,
        ),
        (
            "one column",
            "Số CMND\n012345671\n012345672\n012345673\n012345674\n012345675\n012345676\n012345677\n012345678\n012345679\n012345681\n012345682\n012345683\n012345684\n012345685\n",
            14,
            14,
        ),
        (
            "documents a line",
            "{\"hoTen\": \"Nguyễn Văn An\", \"soCmnd\": \"012345671\"}\n{\"hoTen\": \"Trần Thị Bình\", \"soCmnd\": \"012345672\"}\n",
            2,
            2,
        ),
        (
            "a value told by its sibling",
            "[{\"type\": \"CMND\", \"value\": \"012345671\"}, {\"type\": \"order\", \"value\": \"012345672\"}]",
            1,
            1,
        ),
        ("other numbers", "STT,Tên hàng,Số lô\n1,Gạo,012345671\n2,Ngô,012345672\n", 0, 0),
        (
            "other insert",
            "INSERT INTO kho (id, ten, so_lo) VALUES (1, 'Gạo', '012345671'), (2, 'Ngô', '012345672');",
            0,
            0,
        ),
    ] {
        let inspection = inspect(text);
        let found = (inspection.distinct(DetectorId::Cmnd), inspection.persons);
        if found != (cmnd, persons) {
            wrong.push(format!("{shape}: {found:?}, not {:?}: {inspection:?}", (cmnd, persons)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_column_speaks_against_a_lone_look_alike() {
    // One number in sixty is laid out like a citizen's; here it is one in ten.
    let row = |n: u64| {
        let code = if n == 4 { 1_090_123_456 } else { 300_000_000_000 + n * 7_919_119 };
        format!("{n:<5}Máy in    {code:012}   {}.000.000\n", n + 2)
    };
    for header in ["", "STT  Tên       Mã TS          Nguyên giá\n", "STT  Tên       Ô trống        Giá\n"] {
        let text = header.to_owned() + &(1..=10).map(row).collect::<String>();
        assert_eq!(inspect(&text).distinct(DetectorId::Cccd), 0, "{text}");
    }
    // Where most of them are citizens', the header is only unknown.
    let people = (1..=10).map(|n| format!("{n:<5}An    {:012}   x\n", 1_090_123_456_u64 + n)).collect::<String>();
    assert_eq!(inspect(&people).distinct(DetectorId::Cccd), 10);
}

#[test]
fn a_list_of_names_and_births_is_a_list_of_people() {
    let names = ["Nguyễn Văn An", "Trần Thị Bình", "Lò Văn Pánh", "Rơ Chăm H'Mai", "Lê Hoàng Cường", "Phạm Thị Dung"];
    let list =
        |line: fn(usize, &str) -> String| names.iter().enumerate().map(|(n, name)| line(n, name)).collect::<String>();
    for text in [
        list(|n, name| format!("{}. {name}, 05/04/19{}\n", n + 1, 70 + n)),
        list(|n, name| format!("{:<4}{name:<24}05/04/19{}   Tân Bình\n", n + 1, 70 + n)),
        list(|n, name| format!("{},{name},05/04/19{},x\n", n + 1, 70 + n)),
        "Họ tên;Ngày sinh;Xã\n".to_owned() + &list(|n, name| format!("{name};05/04/19{};x\n", 70 + n)),
        list(|n, name| format!("{{\"ho_ten\": \"{name}\", \"ngay_sinh\": \"05/04/19{}\"}}\n", 70 + n)),
    ] {
        let inspection = inspect(&text);
        assert!(inspection.bulk, "{text}{inspection:?}");
    }
    let blocks = list(|n, name| format!("Họ và tên: {name}\nNgày sinh: 05/04/19{}\nXã: x\n\n", 70 + n));
    assert_eq!(inspect(&blocks).persons, 6);
    let sentence = list(|n, name| format!("{name} (SN 19{}); ", 70 + n));
    assert_eq!(inspect(&format!("Danh sách: {sentence}hết.")).persons, 6);
    assert_eq!(inspect(&list(|n, name| format!("{name} (0912 345 67{n}); "))).persons, 0);
    // Whoever has a number counts by it.
    let blocks =
        list(|n, name| format!("Họ và tên: {name}\nNgày sinh: 05/04/19{}\nCCCD: 00107{n}12345{n}\n\n", 70 + n));
    assert_eq!(inspect(&blocks).persons, 6);
    // Two signatures are no list, and companies are no people.
    assert!(!inspect("Nguyễn Văn An, 05/04/1970\nTrần Thị Bình, 06/05/1971\n").bulk);
    let firms =
        (0..9).map(|n| format!("({n}, 'Công ty TNHH May {n}', '02838{n}12345')")).collect::<Vec<_>>().join(",\n");
    assert!(!inspect(&format!("INSERT INTO donvi (id, ten, sdt) VALUES\n{firms};\n")).bulk);
}

#[test]
fn a_header_over_two_rows_is_one() {
    let rows = "1,Võ Quang An,354438692,8057695959\n2,Huỳnh Kim Cường,070387519,5215307884\n\
                3,Phạm Thị Hoa,062035224,8676710120\n4,Trần Thị Long,141457046,5610738271\n";
    for (header, found) in [
        ("STT,Họ tên,Số,\n,,CMND,BHXH\n", [4, 4]),
        ("STT,Họ tên,Số,\n,,CMND,BHXH\n(1),(2),(3),(4)\n", [4, 4]),
        ("STT,Họ tên,Giấy tờ,\n,,Số CMND,Mã số BHXH\n(1),(2),(3),(4)\n", [4, 4]),
        ("STT,Họ tên,Mã số,\n,,CMND,Ghi chú\n", [4, 0]),
        ("STT,Họ tên,Thông tin,\n,,,BHXH\n", [0, 4]),
        ("STT,Họ tên,Số,\n,,phiếu,hóa đơn\n(1),(2),(3),(4)\n", [0, 0]),
        ("STT,Họ tên,Số,\n,Lê Văn An,CMND,BHXH\n", [0, 0]),
    ] {
        let hint = Hint { name: Some("a.csv".into()), ..Hint::default() };
        let text = format!("{header}{rows}").into_bytes();
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text).inspection;
        assert_eq!([DetectorId::Cmnd, DetectorId::Bhxh].map(|id| inspection.distinct(id)), found, "{header}");
        assert_eq!(inspection.persons, 4 * u64::from(found != [0, 0]), "{header}");
    }
    let row =
        |line: &str| format!("<tr>{}</tr>", line.split(',').map(|cell| format!("<td>{cell}</td>")).collect::<String>());
    let page = format!(
        "<table><thead><tr><th rowspan=2>STT</th><th rowspan=2>Họ tên</th><th colspan=2>Mã số</th></tr>\
         <tr><th>CMND</th><th>BHXH</th></tr></thead>{}</table>",
        rows.lines().map(row).collect::<String>()
    );
    let inspection = inspect(&page);
    assert_eq!([DetectorId::Cmnd, DetectorId::Bhxh].map(|id| inspection.distinct(id)), [4, 4], "{page}");
}

#[test]
fn the_columns_of_a_statement_speak_of_their_own_values_only() {
    let text = "INSERT INTO ts (id, ma_ts, nguoi_giu, can_cuoc) VALUES ('1', '301090123456', 'Nguyễn Văn An', '001090123456');\n\
                INSERT INTO ts (id, ma_ts, nguoi_giu, can_cuoc) VALUES ('2', '301090123457', 'Trần Thị Bình', '001190123457');\n\
                -- CCCD 001090123458\n";
    let inspection = inspect(text);
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.persons), (3, 3), "{inspection:?}");
}

#[test]
fn prose_that_begins_like_a_statement_makes_no_dump_of_a_table() {
    for title in ["create table of contents:", "Drop table 5 vì khách hủy"] {
        let text = format!("{title}\nHọ tên;Số CMND\nNguyễn Văn An;012345671\nTrần Thị Bình;012345672\n");
        let hint = Hint { content_type: Some("text/csv".into()), ..Hint::default() };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection;
        assert_eq!((inspection.distinct(DetectorId::Cmnd), inspection.persons), (2, 2), "{title}: {inspection:?}");
    }
}
