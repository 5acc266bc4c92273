//! What Python's mail reader shows of a mail, the gateway's finds: hundreds of mails of every shape, made from a seed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{chot, command, run, succeed, text};

const MAILS: &str = "600";

#[test]
fn what_python_shows_of_a_mail_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/mail_views.py");
    let said = succeed(command("python3").arg(script).arg(folder.path()).args([MAILS, "2026"]));
    let mails: BTreeMap<String, Value> = serde_json::from_str(&said).expect("what Python saw");

    let output = run(chot().args(["scan", "--json", "--reveal"]).arg(folder.path()));
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for line in text(&output.stdout).lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        if line["type"] == "finding" && line["detector"] == "cccd" {
            let file = line["file"].as_str().and_then(|path| path.rsplit('/').next()).expect("a file");
            found.insert((file.to_owned(), line["value"].as_str().expect("a value").to_owned()));
        }
    }
    let is_true = |of: &Value, what: &str| of[what].as_bool().expect("said");
    let shown = |of: &Value| ["compat32", "default", "plain"].iter().any(|what| is_true(of, what));
    let number = |of: &Value| of["number"].as_str().expect("a number").to_owned();
    let is_missed = |name: &str, of: &Value| shown(of) && !found.contains(&(name.to_owned(), number(of)));
    let missed: Vec<&String> = mails.iter().filter(|(name, of)| is_missed(name, of)).map(|(name, _)| name).collect();
    assert!(mails.values().filter(|of| shown(of)).count() > 300, "the mails show too little");
    assert!(missed.is_empty(), "{missed:?}");
}
