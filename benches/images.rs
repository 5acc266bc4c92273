//! How long may a picture hold up a message? Processor time for each kind of twelve-megapixel picture without a code,
//! beside one with codes: noise, darkness, and squares everywhere, which make a reader of codes try most.
//!
//! Print is not read here: that is a program of others, with a time of its own. The goal is a second for any of them;
//! it is told, not asserted, as machines differ. What is asserted: no code is found where there is none, and the one
//! that is there is.
//!
//! `cargo bench -p chot-benches --bench images -- FOLDER` also reads the photographs that `peers/qr_make.py` made there,
//! beside zxing-cpp in the same run (`peers/qr_run.py`; the program is `python3`, or what `CHOT_BENCH_PYTHON` says).

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use chot_benches::{Random, cpu_time_of};
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Finding};

const WIDE: usize = 4_000;
const HIGH: usize = 3_000;
const GOAL: Duration = Duration::from_secs(1);

/// A bitmap of shades (8 bits, a palette of greys): whole rows of four bytes.
fn bitmap(shade: impl FnMut(usize) -> u8) -> Vec<u8> {
    const DATA: u32 = 14 + 40 + 1_024;
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend(DATA.to_le_bytes());
    file.extend(40u32.to_le_bytes());
    file.extend((WIDE as u32).to_le_bytes());
    file.extend((HIGH as u32).to_le_bytes());
    file.extend([1, 0, 8, 0]);
    file.extend([0; 24]);
    file.extend((0..=255u8).flat_map(|grey| [grey, grey, grey, 0]));
    file.extend((0..WIDE * HIGH).map(shade));
    file
}

/// Squares like those at the corners of a code, side by side, `module` pixels a module.
fn squares(module: usize) -> impl FnMut(usize) -> u8 {
    move |n| {
        let middle = |at: usize| (at % (module * 12)).abs_diff(module * 6);
        let ring = 2 * middle(n % WIDE).max(middle(n / WIDE)) / module;
        if ring < 3 || (5..7).contains(&ring) { 20 } else { 230 }
    }
}

/// Codes side by side that are right in all that every code of their size has, and say nothing: as much as a reader can
/// be made to try. Of version 7, as on a card; `module` pixels a module.
fn broken_codes(module: usize, random: &mut Random) -> impl FnMut(usize) -> u8 + use<> {
    const SIZE: usize = 45;
    const QUIET: usize = 4;
    let alignment = [6, 22, 38];
    let square = |x: usize, y: usize, at: (usize, usize)| x.abs_diff(at.0).max(y.abs_diff(at.1));
    let dark = |x: usize, y: usize, chance: bool| {
        let corners = [(3, 3), (SIZE - 4, 3), (3, SIZE - 4)];
        if let Some(far) = corners.map(|corner| square(x, y, corner)).into_iter().find(|far| *far <= 4) {
            return far < 2 || far == 3;
        }
        let middles = alignment.iter().flat_map(|v| alignment.iter().map(move |u| (*u, *v)));
        // Those at the corners give way to the finders.
        let mut middles = middles.filter(|at| corners.iter().all(|corner| square(at.0, at.1, *corner) > 4));
        match middles.find_map(|at| Some(square(x, y, at)).filter(|far| *far <= 2)) {
            Some(far) => far != 1,
            None if x == 6 || y == 6 => (x + y).is_multiple_of(2),
            None => chance,
        }
    };
    let code: Vec<bool> = (0..SIZE * SIZE).map(|n| dark(n % SIZE, n / SIZE, random.word().is_multiple_of(2))).collect();
    move |n| {
        let at = |n: usize| (n / module % (SIZE + QUIET)).checked_sub(QUIET);
        match (at(n % WIDE), at(n / WIDE)) {
            (Some(x), Some(y)) if code[y * SIZE + x] => 30,
            _ => 225,
        }
    }
}

/// Strokes in all directions, as of cloth and leaves.
fn cloth(n: usize) -> u8 {
    let (x, y) = ((n % WIDE) as f32, (n / WIDE) as f32);
    let wave = (x * 0.9).sin() + (y * 1.1).sin() + ((x + y) * 0.37).sin() * (x * 0.013).cos();
    (128.0 + wave * 40.0) as u8
}

/// Reads the photographs of a folder and hands times and texts to the script that reads them with zxing-cpp.
fn photographs(inspector: &Inspector, folder: &Path) {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.ends_with(".jpg"))
        .collect();
    names.sort();
    let mut lines = String::new();
    for name in names {
        let picture = std::fs::read(folder.join(&name)).expect("a picture");
        let mut texts = Vec::new();
        let took = cpu_time_of(|| {
            let (send, receive) = mpsc::channel();
            let tell = move |finding: Finding| drop(send.send(finding));
            inspector.inspect_with(Hint::default(), &picture, Box::new(tell));
            let of_code = |f: &Finding| matches!(f.detector, DetectorId::CccdQr | DetectorId::BhytQr);
            texts = receive.iter().filter(of_code).map(|f| f.value.reveal().to_owned()).collect::<Vec<_>>();
        });
        lines.extend([name, format!("\t{}\t", took.as_secs_f64()), texts.join("\t"), "\n".to_owned()]);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/qr_run.py");
    let python = std::env::var("CHOT_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child =
        Command::new(python).arg(script).arg(folder).stdin(Stdio::piped()).spawn().expect("Python with zxing-cpp");
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("read");
    assert!(child.wait().expect("it ends").success());
}

fn main() {
    let inspector = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    let mut random = Random(1);
    let card = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../inspect/tests/images/small.jpg"));
    let pictures = [
        ("flat", 0, bitmap(|_| 128)),
        ("noise", 0, bitmap(|_| random.word() as u8)),
        ("dark noise", 0, bitmap(|_| 20 + random.below(17) as u8)),
        ("small squares", 0, bitmap(squares(3))),
        ("squares", 0, bitmap(squares(8))),
        ("large squares", 0, bitmap(squares(60))),
        ("cloth", 0, bitmap(cloth)),
        ("broken codes, tiny", 0, bitmap(broken_codes(2, &mut random))),
        ("broken codes, small", 0, bitmap(broken_codes(3, &mut random))),
        ("broken codes", 0, bitmap(broken_codes(8, &mut random))),
        ("broken codes, large", 0, bitmap(broken_codes(20, &mut random))),
        ("a code (2 megapixels)", 1, card.expect("a picture of the tests")),
    ];
    println!("{:24}{:>10}  of a second", "picture", "CPU");
    for (name, codes, picture) in pictures {
        let mut found = 0;
        let took = cpu_time_of(|| {
            let inspection = inspector.inspect(Hint::default(), &picture).inspection;
            found = inspection.distinct(DetectorId::CccdQr);
        });
        assert_eq!(found, codes, "{name}");
        let goal = if took <= GOAL { "" } else { "  over the goal" };
        println!("{name:24}{:>8} ms  {:.2}{goal}", took.as_millis(), took.as_secs_f64() / GOAL.as_secs_f64());
    }
    if let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        photographs(&inspector, Path::new(&folder));
    }
}
