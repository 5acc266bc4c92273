//! Checking, testing, explaining and changing a policy.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use rustix::process::Signal;

use crate::harness::fixtures::{register_of, someone};
use crate::harness::gate::POLICY;
use crate::harness::load;
use crate::harness::{Gate, chot, command, run, succeed, text, wait_until};

/// The scenarios' policy with messaging allowed: a different file, a different answer.
fn lenient() -> String {
    POLICY
        .replace(
            "then.action = \"block\"\nthen.message.vi",
            "mode = \"shadow\"\nthen.action = \"block\"\nthen.message.vi",
        )
        .replace("when.zone = [\"partner\", \"outside\"]\nwhen.detect", "when.zone = [\"partner\"]\nwhen.detect")
}

fn file_with(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    file
}

#[test]
fn a_policy_is_loaded_again_by_signal_command_and_request() {
    let gate = Gate::open();
    let line = format!("CCCD {}", someone(1).cccd);
    gate.chat(&line).is_refused();

    gate.write_policy(&lenient());
    gate.signal(Signal::HUP);
    wait_until("the signal is obeyed", || gate.records("policy.activated").len() == 2);
    gate.chat(&line).is_delivered();
    let decision = gate.last_decision();
    decision.says("allow");

    gate.write_policy(POLICY);
    let reloaded = gate.reload();
    assert!(reloaded.status.success(), "{reloaded:?}");
    gate.chat(&line).is_refused();

    gate.write_policy(&lenient());
    gate.ask_admin("POST", "/-/reload").has_code(200);
    gate.chat(&line).is_delivered();
    let activated = gate.records("policy.activated");
    let by: Vec<_> = activated.iter().map(|r| r["by"].as_str().expect("who asked")).collect();
    assert_eq!(by, ["start", "signal", "control", "admin"]);
    gate.verify();
}

#[test]
fn a_wrong_policy_leaves_the_old_one_in_force_and_is_recorded() {
    let gate = Gate::open();
    gate.write_policy(&POLICY.replace("when.detect.identifier.at-least", "when.detect.identifer.at-least"));
    let reloaded = gate.reload();
    assert_eq!(reloaded.status.code(), Some(1), "{reloaded:?}");
    let said = text(&reloaded.stdout);
    assert!(said.contains("policy.toml:") && said.contains("did you mean `identifier`"), "{said}");
    gate.chat(&format!("CCCD {}", someone(2).cccd)).is_refused();
    gate.ask_admin("POST", "/-/reload").has_code(422);
    assert_eq!((gate.records("policy.rejected").len(), gate.records("policy.activated").len()), (2, 1));
}

#[test]
fn the_same_file_again_changes_nothing() {
    let gate = Gate::open();
    assert!(gate.reload().status.success());
    assert_eq!(gate.records("policy.activated").len(), 1);
}

#[test]
fn a_reload_under_load_fails_no_request() {
    const RELOADS: usize = 12;
    let gate = Gate::open();
    let (proxy, host) = (gate.web(), gate.world.http.address);
    let told = load::run(150, &|token| load::post(proxy, host, token), |tried| {
        for n in 0..RELOADS {
            gate.write_policy(&format!("{POLICY}# {n}\n"));
            let before = tried.load(Ordering::Acquire);
            assert!(gate.reload().status.success());
            wait_until("some messages go through", || tried.load(Ordering::Acquire) >= before + 5);
        }
    });
    assert_eq!(told.failed, 0, "of {}", told.delivered.len());
    let activated: BTreeSet<_> = gate.records("policy.activated").iter().map(|r| r["policy"].to_string()).collect();
    assert_eq!(activated.len(), RELOADS + 1);
    let judged: BTreeSet<_> = gate.records("decision").iter().map(|r| r["verdict"]["policy"].to_string()).collect();
    assert!(judged.len() > 2 && judged.is_subset(&activated), "{judged:?}");
}

#[test]
fn reload_without_a_gateway_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(chot().arg("reload").arg("--data").arg(folder.path()));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no gateway answers"), "{output:?}");
}

#[test]
fn check_names_everything_that_is_wrong_with_its_place() {
    let right = file_with(POLICY);
    succeed(chot().args(["policy", "check"]).arg(right.path()));
    let wrong = file_with(
        &POLICY
            .replace("apps = [\"zalo\"", "apps = [\"zal\"")
            .replace("then.action = \"redact\"", "then.action = \"redct\""),
    );
    let output = run(chot().args(["policy", "check"]).arg(wrong.path()));
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("`zalo`") && said.contains("`redact`"), "{said}");
    let line = 1 + POLICY.lines().position(|l| l.starts_with("apps")).expect("a line");
    assert!(said.contains(&format!(":{line}:")), "{said}");
}

#[test]
fn the_examples_beside_the_rules_are_run() {
    let with = |expect: &str| {
        let number = someone(3).cccd;
        let test = format!(
            "[[rule.test]]\nname = \"a chat line\"\nto = \"https://chat.zalo.me/\"\ntext = \"CCCD {number}\"\nexpect = \"{expect}\"\n"
        );
        POLICY.replacen("\n[[rule]]\nid = \"bulk", &format!("\n{test}\n[[rule]]\nid = \"bulk"), 1)
    };
    succeed(chot().args(["policy", "test"]).arg(file_with(&with("block")).path()));
    let output = run(chot().args(["policy", "test"]).arg(file_with(&with("allow")).path()));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("a chat line → block"), "{output:?}");
}

#[test]
fn the_embedded_policy_passes_its_own_examples() {
    let text = succeed(chot().args(["policy", "default"]));
    assert_eq!(text, include_str!("../../config/src/default_policy.toml"));
    succeed(chot().args(["policy", "test"]).arg(file_with(&text).path()));
}

#[test]
fn check_warns_of_what_no_rule_speaks_of() {
    let check = |text: &str| succeed(chot().args(["policy", "check"]).arg(file_with(text).path()));
    let whole = succeed(chot().args(["policy", "default"]));
    assert!(!check(&whole).contains("no rule speaks"));
    let without = |ids: &[&str]| {
        let rules = whole.split("[[rule]]").filter(|rule| !ids.iter().any(|id| rule.contains(id)));
        rules.collect::<Vec<_>>().join("[[rule]]")
    };
    for (ids, told) in [
        (&["when.persons"][..], "no rule speaks of lists of people"),
        (&["\"unsupported-format\"", "\"any\""], "no rule speaks of unknown formats"),
    ] {
        let said = check(&without(ids));
        assert!(said.contains(told), "{said}");
        assert_eq!(said.matches("no rule speaks").count(), 1, "{said}");
    }
}

#[test]
fn explain_gives_the_verdict_of_the_gateway() {
    let (policy, folder) = (file_with(POLICY), tempfile::tempdir().expect("a folder"));
    let register = folder.path().join("danh-sach.csv");
    std::fs::write(&register, register_of(30).csv).expect("written");
    let note = folder.path().join("ghi-chu.txt");
    std::fs::write(&note, "họp lúc 9 giờ").expect("written");
    let explain = |channel: &str, to: &str, files: &[&std::path::Path]| -> serde_json::Value {
        let mut command = chot();
        command.args(["policy", "explain", "--json", "--channel", channel, "--to", to, "--policy"]).arg(policy.path());
        let line = succeed(command.args(files));
        serde_json::from_str(&line).expect("json")
    };
    for (channel, to, files, action, rule) in [
        ("web", "https://chat.zalo.me/", [&*register].as_slice(), "block", Some("no-identifiers-to-messaging")),
        ("web", "https://chat.zalo.me/", &[&*note], "allow", None),
        ("mail", "an@vss.gov.vn", &[&*register], "allow", None),
        ("mail", "an@party.example", &[&*note, &*register], "block", Some("bulk-stays-inside")),
    ] {
        let said = explain(channel, to, files);
        assert_eq!((said["action"].as_str(), said["rule"].as_str()), (Some(action), rule), "{to}: {said}");
        assert!(said["policy"].as_str().is_some_and(|p| p.starts_with("sha256:")), "{said}");
        if files.contains(&&*register) {
            assert_eq!((&said["persons"], &said["bulk"]), (&30.into(), &true.into()), "{said}");
            assert_eq!(said["findings"]["cccd"]["distinct"], 30, "{said}");
        }
    }
}

#[test]
fn the_schema_is_json() {
    let schema = succeed(chot().args(["policy", "schema"]));
    let mut python = command("python3");
    python.args(["-c", "import json,sys; json.loads(sys.argv[1])", &schema]);
    succeed(&mut python);
}
