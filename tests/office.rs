//! Documents made by people's programs, redacted, and opened again by these programs: openpyxl, python-docx, python-pptx,
//! odfpy, unzip and LibreOffice. `tests/office/setup` installs the libraries; `scripts/test` runs it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use chot_inspect::{Hint, Inspected, Inspector, Limits, Source, Spliced};
use chot_model::DetectorId;

fn run(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> String {
    let output = Command::new(&program).args(arguments).output();
    let output = output.unwrap_or_else(|why| panic!("{}: {why}", program.as_ref().display()));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{} {arguments:?}: {said}{failed}", program.as_ref().display());
    said
}

fn documents(command: &str, path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/office/bin/python3");
    assert!(python.exists(), "tests/office/setup installs what this test drives");
    run(python, &[root.join("tests/office/documents.py").as_ref(), command.as_ref(), path.as_ref()])
}

/// Has LibreOffice write files in another format.
fn convert(to: &str, files: &[PathBuf], folder: &Path) {
    // A profile of its own: LibreOffice runs once for each.
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let mut arguments: Vec<&OsStr> =
        vec![profile.as_ref(), "--headless".as_ref(), "--convert-to".as_ref(), to.as_ref(), "--outdir".as_ref()];
    arguments.push(folder.as_ref());
    arguments.extend(files.iter().map(|file| file.as_os_str()));
    run("soffice", &arguments);
}

fn inspect(file: &Path, bytes: &dyn Source) -> Inspected {
    // Print on pictures is the business of another test.
    let limits = Limits { print_time_max: std::time::Duration::ZERO, ..Limits::default() };
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    Inspector::new(limits, 2026).inspect(Hint { name, content_type: None }, bytes)
}

/// Every citizen number in what a program says, with the zeros that a number has lost.
fn numbers(text: &str) -> BTreeSet<String> {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    digits
        .filter(|d| (10..=12).contains(&d.len()) && d.bytes().any(|b| b != b'0'))
        .map(|d| format!("{d:0>12}"))
        .collect()
}

#[test]
fn documents_open_after_redaction_and_hold_nothing_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    documents("make", folder.path());
    // A table on a slide would have a picture of itself in the file, which nobody can mask.
    for (from, to) in [("a.xlsx", "ods"), ("a.xlsx", "fods"), ("b.docx", "odt"), ("b.docx", "rtf"), ("d.pptx", "odp")] {
        convert(to, &[at(from)], folder.path());
    }
    let identifiers: Vec<DetectorId> = DetectorId::identifiers().collect();
    let redacted = at("redacted");
    fs::create_dir(&redacted).expect("a folder");
    let mut files = Vec::new();
    let names = [
        "a.xlsx",
        "a.ods",
        "a.fods",
        "b.docx",
        "wide.docx",
        "b.odt",
        "b.rtf",
        "c.pptx",
        "d.odp",
        "large.zip",
        "nested.zip",
    ];
    for name in names {
        let file = at(name);
        let bytes = fs::read(&file).unwrap_or_else(|why| panic!("{name}: {why}"));
        let found = inspect(&file, &bytes);
        let is_library = !matches!(name, "a.fods" | "b.rtf" | "d.odp");
        let known = if is_library { numbers(&documents("tell", &file)) } else { BTreeSet::new() };
        let count = found.inspection.distinct(DetectorId::Cccd);
        assert!(count >= 5 && count >= known.len() as u64, "{name}: {count} of {}", known.len());
        let splices = found.redact(&identifiers, &bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        let spliced = Spliced::new(Arc::new(bytes), splices);
        let (mut clean, mut filled) = (vec![0; spliced.len() as usize], 0);
        while let n @ 1.. = spliced.read_at(filled as u64, &mut clean[filled..]).expect("memory") {
            filled += n;
        }
        let left = inspect(&file, &clean).inspection;
        assert_eq!(left.identifiers(), 0, "{name}: {left:?}");
        assert_eq!(left.opaque, found.inspection.opaque, "{name}");
        // Each comes to a PDF of its own name.
        let file = redacted.join(name.replace('.', "-")).with_extension(file.extension().expect("an extension"));
        fs::write(&file, &clean).expect("written");
        if !matches!(name, "a.fods" | "b.rtf") {
            run("unzip", &["-tq".as_ref(), file.as_ref()]);
        }
        if is_library {
            let said = documents("tell", &file);
            assert!(said.contains("Báo cáo quý"), "{name}: {said}");
            assert!(numbers(&said).is_empty(), "{name}: {said}");
        }
        if !name.ends_with(".zip") {
            files.push(file);
        }
    }
    convert("pdf", &files, &redacted);
    for file in &files {
        let printed = fs::read(file.with_extension("pdf")).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let seen = inspect(file, &printed).inspection;
        assert_eq!(seen.identifiers(), 0, "{}: {seen:?}", file.display());
        assert!(seen.distinct(DetectorId::PersonName) > 0, "{}: the names are still there", file.display());
    }
}
