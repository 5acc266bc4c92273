//! Pictures that people send by chat.

use std::path::Path;

use crate::harness::world::ZALO_FILES;
use crate::harness::{Gate, command, run, text};

/// A picture of the tests of the inspector.
fn picture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("inspect/tests/images").join(name);
    std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn a_photographed_card_does_not_leave_for_zalo_and_a_landscape_does() {
    let built_in = include_str!("../../config/src/default_policy.toml");
    let gate = Gate::with(|setup| setup.policy = built_in.to_owned());
    for name in ["identity.jpg", "licence.jpg"] {
        let answer = gate.upload_to_zalo(name, picture(name)).in_a_browser().send();
        answer.is_refused().has_header("content-type: text/html").says("Pictures of identity cards");
        gate.world.https.received_nothing();
        gate.decision(&answer.decision()).says("block").went_to("zalo", ZALO_FILES).counts("card_image", 1);
    }
    let landscape = picture("landscape.jpg");
    gate.upload_to_zalo("landscape.jpg", landscape.clone()).in_a_browser().send().is_delivered();
    let received = gate.world.https.received_one().body;
    assert!(received.windows(landscape.len()).any(|some| some == landscape), "it arrives as it was");
    let decision = gate.last_decision();
    decision.says("allow").went_to("zalo", ZALO_FILES);
    assert_eq!(decision.0["findings"].as_array().map(Vec::len), Some(0), "{}", decision.0);
    assert_eq!(gate.outcome(decision.id()), "delivered");
    gate.verify();
}

/// Runs chot where no reader of print is: what stands in its place is no program.
fn without_tesseract(args: &[&str]) -> std::process::Output {
    const HIDE: &str = "p=/usr/bin/tesseract; [ ! -e $p ] || mount --bind /dev/null $p && exec \"$@\"";
    let mut hidden = command("unshare");
    hidden.args(["--map-root-user", "--mount", "sh", "-c", HIDE, "sh", env!("CARGO_BIN_EXE_chot")]);
    run(hidden.args(args))
}

#[test]
fn without_a_reader_of_print_doctor_says_so_and_writing_is_not_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    let said = text(&without_tesseract(&["doctor", "--data", &data]).stdout);
    assert!(said.contains("apt-get install tesseract-ocr tesseract-ocr-vie"), "{said}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/inspect/tests/images/printed.png");
    let told = text(&without_tesseract(&["scan", "--json", file]).stdout);
    let told: serde_json::Value = serde_json::from_str(told.lines().last().expect("a line")).expect("json");
    assert_eq!(told["opaque"][0]["reason"], "unsupported-format", "{told}");
    assert_eq!(told["bytes_inspected"], 0, "{told}");
}
