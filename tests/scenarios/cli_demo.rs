//! The first thing a newcomer runs, and the other commands that need no traffic.

use crate::harness::{Gate, chot, run, succeed, text};

#[test]
fn the_demo_ends_by_itself_and_everything_is_as_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let said = succeed(chot().arg("demo").arg("--data").arg(&data));
    assert_eq!(said.matches('✓').count(), 5, "{said}");
    assert!(said.contains("BỊ CHẶN") && said.contains("ĐÃ CHE") && said.contains("CHO QUA"), "{said}");
    assert!(said.contains("verified"), "{said}");
    let trail = succeed(chot().args(["audit", "list", "--json", "--kind", "decision", "--data"]).arg(&data));
    assert_eq!(trail.lines().count(), 5);
    for line in trail.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(record["object"]["bytes"], record["object"]["bytes_inspected"], "{line}");
    }
    // Once more in the same folder: the trail grows, the story stays.
    succeed(chot().arg("demo").arg("--data").arg(&data));
    let ca = succeed(chot().args(["ca", "export", "--data"]).arg(&data));
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----") && !ca.contains("KEY"), "{ca}");
}

#[test]
fn without_a_folder_the_demo_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    succeed(chot().arg("demo").env("TMPDIR", folder.path()).current_dir(folder.path()));
    assert_eq!(crate::harness::files_below(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn doctor_is_content_with_a_running_gateway_and_not_with_an_open_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let gate = Gate::open();
    let said = succeed(&mut gate.chot(&["doctor"]));
    assert!(!said.contains('✗') && said.contains("is running"), "{said}");
    std::fs::set_permissions(gate.data(), std::fs::Permissions::from_mode(0o777)).expect("set");
    let output = run(&mut gate.chot(&["doctor"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("chmod 0700"), "{output:?}");
}

#[test]
fn doctor_names_what_is_wrong_with_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("chot.toml");
    std::fs::write(&file, "[web]\nlissten = [\"127.0.0.1:3128\"]\n").expect("written");
    let output = run(chot().arg("doctor").arg("--config").arg(&file));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("`listen`"), "{output:?}");
}

/// Whatever keeps `run` from starting is broken for `doctor`, too.
#[test]
fn doctor_names_each_file_that_a_start_cannot_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("chot.toml");
    let mail = "[mail]\nlisten = [\"127.0.0.1:0\"]\nnext_hop = \"127.0.0.1:9\"\n";
    for (settings, missing) in [
        ("[web]\nlisten = [\"127.0.0.1:0\"]\n[tls]\nextra_roots = [\"root.pem\"]\n".to_owned(), "root.pem"),
        (format!("{mail}cert = \"mail.pem\"\nkey = \"mail.key\"\n"), "mail.pem"),
        (format!("{mail}[[mail.dkim]]\ndomain = \"vss.gov.vn\"\nselector = \"a\"\nkey = \"dkim.pem\"\n"), "dkim.pem"),
        (
            "[web]\nlisten = [\"127.0.0.1:0\"]\nparent = \"127.0.0.1:9\"\nparent_credentials = \"parents.secret\"\n"
                .to_owned(),
            "parents.secret",
        ),
        ("[web]\nlisten = [\"192.0.2.1:3128\"]\n".to_owned(), "ip -brief address"),
    ] {
        std::fs::write(&file, &settings).expect("written");
        let output = run(chot().arg("doctor").arg("--config").arg(&file));
        let said = text(&output.stdout);
        let broken: Vec<_> = said.lines().filter(|line| line.starts_with('✗')).collect();
        assert!(broken.len() == 1 && broken[0].contains(missing), "{settings}: {said}");
        assert_eq!(output.status.code(), Some(1));
        let output = run(chot().arg("run").arg("--config").arg(&file).arg("--data").arg(folder.path().join("data")));
        assert_eq!(output.status.code(), Some(2), "{settings}: {output:?}");
    }
    // Nothing to listen on is no fault, and no protection.
    std::fs::write(&file, "[web]\n").expect("written");
    let said = succeed(chot().arg("doctor").arg("--config").arg(&file));
    assert!(said.contains("! không nghe ở đâu"), "{said}");
}

#[test]
fn ca_show_names_the_fingerprint_that_openssl_names() {
    let gate = Gate::open();
    let said = succeed(&mut gate.chot(&["ca", "show"]));
    let mut openssl = crate::harness::command("openssl");
    let openssl = succeed(openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(gate.ca()));
    let fingerprint = openssl.trim().rsplit('=').next().expect("a fingerprint");
    assert!(said.contains(fingerprint), "{said} / {openssl}");
}
