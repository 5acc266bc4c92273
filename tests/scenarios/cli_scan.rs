//! `chot scan` as other tools call it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::fixtures::{invoice, register_of, someone};
use crate::harness::{chot, run, text};

fn scan_json(args: &[&std::ffi::OsStr]) -> (Vec<Value>, Option<i32>) {
    let output = run(chot().args(["scan", "--json"]).args(args));
    let lines = text(&output.stdout);
    let parsed = lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")));
    (parsed.collect(), output.status.code())
}

fn of_type<'v>(lines: &'v [Value], kind: &str) -> Vec<&'v Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

#[test]
fn a_folder_is_walked_in_order_and_every_file_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("b")).expect("a folder");
    let register = register_of(40);
    std::fs::write(at("a.xlsx"), invoice()).expect("written");
    std::fs::write(at("b/danh-sach.xlsx"), &register.xlsx).expect("written");
    std::fs::write(at("c.txt"), format!("Số CCCD: {}", someone(1).cccd)).expect("written");

    let (lines, status) = scan_json(&["--reveal".as_ref(), folder.path().as_ref()]);
    assert_eq!(status, Some(1));
    let files = of_type(&lines, "file");
    let names: Vec<_> = files.iter().map(|f| f["file"].as_str().expect("a path").to_owned()).collect();
    assert_eq!(names, ["a.xlsx", "b/danh-sach.xlsx", "c.txt"].map(|name| at(name).display().to_string()));
    assert_eq!((&files[1]["persons"], &files[1]["bulk"]), (&40.into(), &true.into()));
    assert!(files.iter().all(|f| f["bytes"] == f["bytes_inspected"] && f["opaque"] == Value::Array(Vec::new())));

    let found: std::collections::BTreeSet<_> = of_type(&lines, "finding")
        .iter()
        .filter(|f| f["detector"] == "cccd" && f["file"] == names[1].as_str())
        .map(|f| f["value"].as_str().expect("a value").to_owned())
        .collect();
    let planted: std::collections::BTreeSet<_> = register.people.iter().map(|p| p.cccd.clone()).collect();
    assert_eq!(found, planted);
    let of_text = lines.iter().find(|l| l["file"] == names[2].as_str() && l["type"] == "finding").expect("a finding");
    let (start, end) = (of_text["start"].as_u64().expect("a place"), of_text["end"].as_u64().expect("a place"));
    let whole = std::fs::read(at("c.txt")).expect("read");
    assert_eq!(text(&whole[start as usize..end as usize]), someone(1).cccd);
}

#[test]
fn values_are_told_only_when_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ds.csv");
    let register = register_of(10);
    std::fs::write(&file, &register.csv).expect("written");
    for args in [&["scan", "--json"][..], &["scan"]] {
        let output = run(chot().args(args).arg(&file));
        let said = text(&output.stdout);
        assert!(register.numbers().iter().all(|number| !said.contains(number)), "{said}");
        assert!(said.contains('•'), "{said}");
    }
}

#[test]
fn the_exit_status_tells_what_was_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("clean.txt"), "họp lúc 9 giờ").expect("written");
    std::fs::write(at("found.txt"), format!("CCCD {}", someone(2).cccd)).expect("written");
    std::fs::write(at("broken.zip"), b"PK\x03\x04 this is no archive").expect("written");
    let status = |names: &[&str]| {
        scan_json(
            &names
                .iter()
                .map(|n| at(n).into_os_string())
                .collect::<Vec<_>>()
                .iter()
                .map(|n| n.as_os_str())
                .collect::<Vec<_>>(),
        )
        .1
    };
    assert_eq!(status(&["clean.txt"]), Some(0));
    assert_eq!(status(&["found.txt"]), Some(1));
    // What cannot be understood is opaque, not an error.
    assert_eq!(status(&["broken.zip"]), Some(0));
    assert_eq!(status(&["none.txt", "found.txt"]), Some(2));
    let (lines, _) = scan_json(&[at("none.txt").as_os_str(), at("found.txt").as_os_str()]);
    assert_eq!((of_type(&lines, "error").len(), of_type(&lines, "file").len()), (1, 1));
    let (lines, _) = scan_json(&[at("broken.zip").as_os_str()]);
    assert!(!of_type(&lines, "file")[0]["opaque"].as_array().expect("a list").is_empty());
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let mut child =
        chot().args(["scan", "--json", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("chot");
    child.stdin.take().expect("its input").write_all(&register_of(20).xlsx).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(1));
    let last = text(&output.stdout).lines().last().expect("a line").to_owned();
    let last: Value = serde_json::from_str(&last).expect("json");
    assert_eq!((&last["file"], &last["persons"]), (&"-".into(), &20.into()));
}

#[test]
fn a_pipe_with_a_name_is_no_empty_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("ong-dan");
    crate::harness::succeed(crate::harness::command("mkfifo").arg(&pipe));
    let mut child = chot().args(["scan", "--json"]).arg(&pipe).stdout(Stdio::piped()).spawn().expect("chot");
    std::fs::write(&pipe, format!("CCCD {}", someone(3).cccd)).expect("written");
    let output = child.stdout.take().map(|out| std::io::read_to_string(out).expect("read")).expect("its output");
    assert_eq!(child.wait().expect("ended").code(), Some(1), "{output}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ds.csv"), register_of(20_000).csv).expect("written");
    let mut child = chot()
        .args(["scan", "--json"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("chot");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    lines.next().expect("a line").expect("a line");
    drop(lines);
    let output = child.wait_with_output().expect("ended");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn locked_files_open_with_passwords_typed_in_a_file_or_in_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("mat-khau.txt");
    std::fs::write(&list, "sai\nabc\n").expect("written");
    // Members of an archive are opened in this process, workbooks in a worker.
    for file in ["old.zip", "rc4.xls"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("inspect/tests/old_office").join(file);
        let scan = |args: &[&std::ffi::OsStr]| {
            let output = run(chot().env("CHOT_TEST_PASSWORD", "abc").args(["scan", "--json"]).args(args).arg(&file));
            (output.status.code(), text(&output.stdout).contains(r#""reason":"encrypted""#))
        };
        assert_eq!(scan(&[]), (Some(0), true), "{}", file.display());
        assert_eq!(scan(&["--password".as_ref(), "sai".as_ref()]), (Some(0), true));
        for opened in [
            scan(&["--password".as_ref(), "sai".as_ref(), "--password".as_ref(), "abc".as_ref()]),
            scan(&["--password-file".as_ref(), list.as_ref()]),
            scan(&["--password-env".as_ref(), "CHOT_TEST_PASSWORD".as_ref()]),
        ] {
            assert_eq!(opened, (Some(1), false), "{}", file.display());
        }
    }
    let output = run(chot().args(["scan", "--password-env", "CHOT_TEST_NONE", "x"]));
    assert!(text(&output.stderr).contains("CHOT_TEST_NONE"));
}
