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
