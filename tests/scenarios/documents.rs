//! What the documents tell people to type and to write works.

use std::path::{Path, PathBuf};

use crate::harness::fixtures::register_of;
use crate::harness::{chot, run, succeed, text};

const DOCUMENTS: &[&str] = &[
    "README.md",
    "README.vi.md",
    "CONTRIBUTING.md",
    "docs/manual/en.md",
    "docs/manual/vi.md",
    "docs/manual/policy.en.md",
    "docs/manual/policy.vi.md",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// The fenced blocks of a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let (mut blocks, mut open): (Vec<String>, Option<String>) = (Vec::new(), None);
    for line in document.lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(of)) if of == language => open = Some(String::new()),
            (None, Some(_)) => open = Some(String::from("\0")),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|block| !block.starts_with('\0'))),
            (Some(block), None) => block.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut n = 0;
    for name in DOCUMENTS {
        for line in blocks(&read(name), "sh").iter().flat_map(|block| block.lines()) {
            let line = line.split(['#', '>', '|']).next().unwrap_or_default().trim();
            let line = line.replace("cargo run -- ", "chot ");
            let Some(args) = ["chot ", "target/release/chot "].iter().find_map(|start| line.strip_prefix(start)) else {
                continue;
            };
            // What stands in quotes is one argument.
            let quoted = args.split('\'').enumerate();
            let args = quoted.flat_map(|(n, part)| match n % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            });
            let output = run(chot().args(args).arg("--help"));
            assert!(output.status.success(), "{name}: `{line}`: {}", text(&output.stderr));
            n += 1;
        }
    }
    assert!(n > 30, "only {n} commands found");
}

#[test]
fn the_manuals_examples_are_valid() {
    for name in ["docs/manual/en.md", "docs/manual/vi.md"] {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |file: &str| folder.path().join(file);
        let examples = blocks(&read(name), "toml");
        // A policy says by which schema it is written; everything else is a settings file, whole or in part.
        let (policies, settings): (Vec<_>, Vec<_>) = examples.iter().partition(|text| text.starts_with("schema"));
        let [policy] = policies.as_slice() else { panic!("{name}: {} policies", policies.len()) };
        std::fs::write(at("policy.toml"), policy).expect("written");
        succeed(chot().args(["policy", "test"]).arg(at("policy.toml")));
        assert!(!settings.is_empty(), "{name}: no settings");
        for settings in settings {
            std::fs::write(at("chot.toml"), settings).expect("written");
            // `doctor` may well find that this machine is not that gateway, but not that the file is wrong.
            let said = text(&run(chot().arg("doctor").arg("--config").arg(at("chot.toml"))).stdout);
            assert!(said.contains("✓ cấu hình"), "{name}: {settings}{said}");
            assert!(!settings.contains("policy.toml") || said.contains("policy: bhxh"), "{name}: {said}");
        }
    }
}

#[test]
fn the_page_about_policies_is_a_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |file: &str| folder.path().join(file);
    std::fs::write(at("danh-sach-20.csv"), register_of(20).csv).expect("written");
    for name in ["docs/manual/policy.en.md", "docs/manual/policy.vi.md"] {
        std::fs::write(at("policy.toml"), blocks(&read(name), "toml").concat()).expect("written");
        let said = succeed(chot().args(["policy", "check"]).arg(at("policy.toml")));
        assert!(!said.contains("warning"), "{name}: {said}");
        let said = succeed(chot().args(["policy", "test"]).arg(at("policy.toml")));
        assert!(said.contains("6 examples"), "{name}: {said}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for name in DOCUMENTS {
        let (document, folder) = (read(name), path(name).parent().expect("a folder").to_owned());
        for link in document.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if link.starts_with("http") {
                continue;
            }
            let target = if file.is_empty() { path(name) } else { folder.join(file) };
            assert!(target.exists(), "{name} links to {link}");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(&target).expect("readable");
                let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
                let anchor = |line: &str| {
                    let heading: String = line.trim_start_matches('#').trim().chars().filter(kept).collect();
                    heading.to_lowercase().replace(' ', "-")
                };
                assert!(text.lines().any(|l| l.starts_with('#') && anchor(l) == heading), "{name} links to {link}");
            }
        }
    }
}
