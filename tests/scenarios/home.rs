//! What the proxy shows of itself, and the CA it shows.

use crate::harness::{Gate, command, run, succeed, text, web};

#[test]
fn a_computer_finds_ca_and_pac_file_before_any_proxy_is_set() {
    let gate = Gate::with(|setup| setup.web.push_str("\npac_direct = [\"*.vss.gov.vn\", \"10.0.0.0/8\"]"));
    let fetch = |url: &str, args: &[&str]| {
        web::curl(&gate.path(""), command("curl").args(["--noproxy", "*"]).args(args).arg(url))
    };
    let at = format!("http://{}", gate.web());
    let page = fetch(&format!("{at}/"), &[]);
    page.has_code(200).has_header("content-type: text/html").says("Windows").says("Firefox").says("Android");
    page.says("/proxy.pac").says("vân tay").says(&format!("{}", gate.web()));
    let shown = succeed(&mut gate.chot(&["ca", "show"]));
    let fingerprint = shown.lines().find_map(|line| line.split_whitespace().last().filter(|word| word.len() == 95));
    page.says(fingerprint.expect("a fingerprint"));

    let pem = fetch(&format!("{at}/chot-ca.pem"), &[]);
    pem.has_code(200);
    assert_eq!(
        pem.body.replace(['\n', '\r'], ""),
        text(&std::fs::read(gate.ca()).expect("read")).replace(['\n', '\r'], "")
    );
    fetch(&format!("{at}/chot-ca.cer"), &[]).has_code(200).has_header("content-type: application/x-x509-ca-cert");

    let pac = fetch(&format!("{at}/proxy.pac"), &[]);
    pac.has_code(200).has_header("content-type: application/x-ns-proxy-autoconfig");
    pac.says(&format!("return \"PROXY {}\";", gate.web()))
        .says("dnsDomainIs(host, \".vss.gov.vn\")")
        .does_not_say("; DIRECT");

    // The same through the proxy, at its own name.
    let proxy = format!("http://{}", gate.web());
    let through = |path: &str| {
        let url = format!("http://chot.internal{path}");
        web::curl(&gate.path(""), command("curl").args(["--proxy", &proxy, "--noproxy", ""]).arg(url))
    };
    through("/").has_code(200).says("chot-ca.cer");
    through("/proxy.pac").has_code(200).says(&format!("PROXY {}", gate.web()));
    // Nothing else is there, and nothing is taken in.
    fetch(&format!("{at}/ca.key"), &[]).has_code(400).says("not-a-proxy-request");
    fetch(&format!("{at}/"), &["-d", "x"]).has_code(400);
    // Nobody else is asked for what is ours, whoever has that name in DNS.
    through("/ca.key").has_code(404).says("no-such-page");
    let mut tunnel = command("curl");
    let said = run(tunnel.args(["-sv", "--proxy", &proxy, "--noproxy", "", "https://chot.internal/"]));
    assert!(text(&said.stderr).contains("404"), "{said:?}");
    assert!(gate.records("decision").is_empty());
}

#[test]
fn another_name_does_not_hide_the_one_of_the_manual() {
    let gate = Gate::with(|setup| setup.web.push_str("\nname = \"cong.bhxh.example\""));
    let proxy = format!("http://{}", gate.web());
    let through =
        |url: &str| web::curl(&gate.path(""), command("curl").args(["--proxy", &proxy, "--noproxy", ""]).arg(url));
    for name in ["cong.bhxh.example", "chot.internal"] {
        through(&format!("http://{name}/proxy.pac")).has_code(200).says(&format!("PROXY {}", gate.web()));
    }
    through("http://chot.internal/ca.key").has_code(404).says("no-such-page");
    assert!(gate.records("decision").is_empty());
}

#[test]
fn a_ca_of_the_ministry_takes_the_place_of_our_own() {
    let mut gate = Gate::open();
    let (key, cert) = (gate.path("bo.key"), gate.path("bo.pem"));
    let mut openssl = command("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]);
    openssl.args(["-subj", "/O=Bo/CN=Sub CA", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-keyout"]);
    succeed(openssl.arg(&key).arg("-out").arg(&cert));
    let import = |more: &[&str]| {
        let mut import = gate.chot(&["ca", "import"]);
        run(import.arg("--cert").arg(&cert).arg("--key").arg(&key).args(more))
    };
    let refused = import(&[]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("--replace"), "{refused:?}");
    let done = import(&["--replace"]);
    assert!(done.status.success() && text(&done.stdout).contains("Sub CA"), "{done:?}");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |name: &str| std::fs::metadata(gate.data().join(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!((mode("ca.key"), mode("ca.pem"), mode("ca.key.old")), (0o600, 0o644, 0o600));
    gate.stop();
    gate.start();
    gate.chat("xin chào").is_delivered();
    // A key that belongs to another certificate is not taken.
    let mut wrong = gate.chot(&["ca", "import", "--replace"]);
    let wrong = run(wrong.arg("--cert").arg(&cert).arg("--key").arg(gate.data().join("ca.key.old")));
    assert!(!wrong.status.success() && text(&wrong.stderr).contains("another certificate"), "{wrong:?}");
    gate.chat("vẫn chạy").is_delivered();
}
