//! Codes that are drawn without a picture are read, or told; other drawings of the same kind are neither.

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection, OpaqueReason};

/// The code of an invented person, `#` a dark module.
const CODE: &str = include_str!("drawings/code.txt");

fn inspect(name: &str, text: &str) -> Inspection {
    let hint = Hint { name: Some(name.to_owned()), content_type: None };
    Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection
}

fn modules() -> Vec<Vec<bool>> {
    CODE.lines().map(|line| line.bytes().map(|b| b == b'#').collect()).collect()
}

/// Every module drawn by one of two strings, the rows ended by a third.
fn drawn(modules: &[Vec<bool>], [dark, light, end]: [&str; 3]) -> String {
    let row = |row: &Vec<bool>| row.iter().map(|ink| if *ink { dark } else { light }).collect::<String>() + end;
    modules.iter().map(row).collect()
}

fn halves(modules: &[Vec<bool>]) -> String {
    let pair = |upper: bool, lower: bool| match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    let row = |rows: &[Vec<bool>]| {
        let lower = rows.get(1).cloned().unwrap_or_else(|| vec![false; rows[0].len()]);
        rows[0].iter().zip(lower).map(|(upper, lower)| pair(*upper, lower)).collect::<String>() + "\n"
    };
    modules.chunks(2).map(row).collect()
}

/// For each dark module what a drawing has in its place.
fn placed(modules: &[Vec<bool>], each: impl Fn(usize, usize) -> String) -> String {
    let row = |(y, row): (usize, &Vec<bool>)| {
        row.iter().enumerate().filter(|(_, ink)| **ink).map(|(x, _)| each(x, y)).collect::<String>()
    };
    modules.iter().enumerate().map(row).collect()
}

/// The ways of drawing modules: a name, and the file.
fn ways(modules: &[Vec<bool>]) -> Vec<(&'static str, String)> {
    let light = modules.iter().map(|row| row.iter().map(|ink| !ink).collect()).collect::<Vec<Vec<bool>>>();
    let around = |inner: String| format!("Mã của tôi:\n{inner}hết\n");
    let svg = |inner: String| format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inner}</svg>");
    let page = |inner: String| format!("<p>Mã</p><table>{inner}</table>");
    let cell = |says: &str| format!("<td {says}></td>");
    let area = |x, y| format!("M{x},{y}h1v1h-1z");
    let strokes = placed(modules, |x, y| format!("M{x} {y}.5h1"));
    let rectangles = placed(modules, |x, y| format!("<rect x='{}' y='{}' width='9' height='9'/>", 9 * x, 9 * y));
    let ground = "<rect width='999' height='999' fill='#fff'/>";
    let square = |says: &'static str| {
        placed(modules, move |x, y| format!("<rect x='{x}' y='{y}' width='1' height='1' {says}/>"))
    };
    let [plain, styled, quoted] =
        ["", "style='fill:#000;fill-opacity:1'", "fill='rgb(0%,0%,0%)' stroke='white'"].map(square);
    let [classed, current] = ["class='m'", "fill='currentColor'"].map(square);
    let runs = placed(modules, |x, y| format!("M{x} {y}.5h1m2 0h0"));
    let round = placed(modules, |x, y| format!("<circle cx='{x}.5' cy='{y}.5' r='.45'/>"));
    let curved = placed(modules, |x, y| format!("M{x}.5 {y}q.5 0 .5 .5t-.5.5-.5-.5a.5.5 0 01.5-.5z"));
    let used = placed(modules, |x, y| format!("<use xlink:href='#p' x='{x}' y='{y}'/>"));
    let measured = placed(modules, |x, y| format!("<svg:rect x='{x}mm' y='{y}mm' width='1mm' height='1mm'/>"));
    let turned = placed(modules, |x, y| format!("<g transform='translate({x} {y})'><path d='M0 0h1e0v1h-10e-1'/></g>"));
    let wider = placed(modules, |x, y| {
        format!("<polygon points='{x},{y} {0},{y} {0},{1} {x},{1}'/>", x as f32 + 1.02, y as f32 + 1.02)
    });
    let holes = placed(&light, |x, y| format!("M{x} {y}v1h1v-1z"));
    let size = modules.len();
    let odd = "<rect x='-1' y='-1' width='27' height='.3' fill='#c00'/><rect x='3' y='3' width='.001' height='1'/>\
               <rect x='NaN' y='3' width='1' height='1'/><rect x='9e6' y='3' width='1' height='1'/>\
               <rect y='44' width='25' height='.4'/><path d='M0 0c0 0 0 0 0 0'/>";
    let [black, white, dark, pale] = ["bgcolor=black", "bgcolor=white", "class=b", "class=w"].map(cell);
    let framed = |before: &str, behind: &str| {
        let code = drawn(modules, ["██", "  ", "\n"]);
        around(code.lines().map(|line| format!("{before}{line}{behind}\n")).collect())
    };
    let cut: String =
        drawn(modules, ["##", "  ", "\n"]).lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    vec![
        ("quoted.txt", framed("> > ", "")),
        (
            "mail.eml",
            format!("From: a@b.vn\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\n{}", framed("> ", "")),
        ),
        ("tab.txt", framed("\t", "\t")),
        ("bars.txt", framed("| ", " |")),
        ("remark.c", framed(" * ", "")),
        ("remark.py", framed("# ", "    ")),
        ("cut.txt", around(cut)),
        ("stars.txt", drawn(modules, ["**", "..", "\n"])),
        ("high.txt", around(drawn(modules, ["▇▇", "  ", "\n"]))),
        ("two.txt", around(drawn(modules, ["██", "  ", "\n"]))),
        ("light.txt", around(drawn(&light, ["██", "  ", "\r\n"]))),
        ("one.txt", drawn(modules, ["#", " ", "\n"])),
        ("signs.txt", drawn(modules, ["##", "  ", "\n"])),
        ("half.txt", around(halves(modules))),
        ("ground.txt", drawn(modules, ["\u{1b}[40m  ", "\u{1b}[47m  ", "\u{1b}[0m\n"])),
        ("turned.txt", drawn(modules, ["\u{1b}[0m  ", "\u{1b}[7m  ", "\u{1b}[0m\n"])),
        (
            "mail.eml",
            format!("From: a@b.vn\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\n{}", halves(modules)),
        ),
        ("pre.html", format!("<pre>{}</pre>", drawn(modules, ["██", "  ", "\n"]))),
        ("area.svg", svg(format!("{ground}<path d='{}'/>", placed(modules, area)))),
        ("stroke.svg", svg(format!("<path stroke='#000' d='{strokes}'/>"))),
        ("rect.svg", svg(format!("{ground}{rectangles}"))),
        ("style.svg", svg(styled)),
        ("share.svg", svg(format!("<rect width='100%' height='100%' fill='#fff'/>{quoted}"))),
        (
            "sheet.svg",
            svg(format!(
                "<style>.m {{ fill: black }} svg .l, .n {{ fill: #fff }}</style><rect class='l' width='99' height='99'/>{classed}"
            )),
        ),
        ("group.svg", svg(format!("<g fill='white'><rect width='99' height='99'/></g><g fill='black'>{current}</g>"))),
        (
            "segno.svg",
            svg(format!(
                "<path fill='#fff' d='M0 0h99v99H0z'/><path transform='scale(5)' stroke='#000' class='qrline' d='{runs}'/>"
            )),
        ),
        ("circles.svg", svg(round)),
        ("curves.svg", svg(format!("<path fill='black' stroke='transparent' d='{curved}'/>"))),
        ("use.svg", svg(format!("<defs><rect id='p' width='1' height='1'/></defs>{used}"))),
        ("qrcode.svg", format!("<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>{measured}</svg:svg>")),
        ("turned.svg", svg(format!("<g transform='rotate(90)'>{turned}</g>"))),
        ("wider.svg", svg(wider)),
        ("holes.svg", svg(format!("<path d='M0 0h{size}v{size}h-{size}z{holes}'/>"))),
        ("over.svg", svg(format!("<rect width='{size}' height='{size}'/><path fill='ivory' d='{holes}'/>"))),
        ("odd.svg", svg(format!("{odd}{plain}{odd}"))),
        ("within.html", format!("<p>Mã {}</p>", svg(format!("<path d='{}'/>", placed(modules, area))))),
        ("cells.html", page(drawn(modules, [&black, &white, "<tr>"]).replacen("<td", "<tr><td", 1))),
        (
            "styles.html",
            page(
                drawn(
                    modules,
                    ["<td class=q style='background: #000 url(x)'>", "<td class=q style='padding:0'>", "<tr>"],
                )
                .replacen("<td", "<tr><td", 1),
            ),
        ),
        (
            "rest.html",
            page(format!(
                "{0}{1}{0}",
                "<tr><td>x".repeat(790),
                drawn(modules, [&black, &white, "<tr>"]).replacen("<td", "<tr><td", 1)
            )),
        ),
        ("classes.html", page(drawn(modules, [&dark, &pale, "<tr>"]).replacen("<td", "<tr><td", 1))),
    ]
}

#[test]
fn a_code_is_read_however_it_is_drawn() {
    for (name, file) in ways(&modules()) {
        let inspection = inspect(name, &file);
        assert_eq!(inspection.distinct(DetectorId::CccdQr), 1, "{name}: {inspection:?}");
        assert!(inspection.opaque.is_empty(), "{name}: {inspection:?}");
    }
}

#[test]
fn a_code_that_cannot_be_read_is_told() {
    // All but the finders is drawn over.
    let mut modules = modules();
    let size = modules.len();
    for (y, row) in modules.iter_mut().enumerate() {
        for (x, ink) in row.iter_mut().enumerate() {
            let is_finder = y < 9 && (x < 9 || x + 9 > size) || y + 9 > size && x < 9;
            *ink = if is_finder { *ink } else { (x * 7 + y * 13) % 5 < 2 };
        }
    }
    // Looking at a picture in vain takes longest.
    for (name, file) in ways(&modules).into_iter().step_by(4) {
        assert!(inspect(name, &file).is_opaque(OpaqueReason::UnsupportedFormat), "{name}");
    }
}

#[test]
fn what_is_drawn_otherwise_is_no_code() {
    let chess: Vec<Vec<bool>> = (0..40).map(|y| (0..40).map(|x| (x + y) % 2 == 0).collect()).collect();
    let bars: Vec<Vec<bool>> = (0..40).map(|y| (0..60).map(|x| x < 8 + y * 7 % 50).collect()).collect();
    for (name, file) in ways(&chess).into_iter().chain(ways(&bars)) {
        let inspection = inspect(name, &file);
        assert!(inspection.opaque.is_empty() && inspection.identifiers() == 0, "{name}: {inspection:?}");
    }
}
