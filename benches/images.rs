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

use chot_benches::pictures::{bitmap, broken_codes, cloth, squares};
use chot_benches::{Random, cpu_time_of};
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Finding};

const GOAL: Duration = Duration::from_secs(1);

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
