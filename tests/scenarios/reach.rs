//! Which targets may be reached, and by which way.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use crate::harness::fixtures::someone;
use crate::harness::outside::OutsideCa;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Form, Gate, PATIENCE, command, free_address};

/// A parent proxy in a process of its own.
struct Parent {
    child: Child,
    port: u16,
    lines: mpsc::Receiver<String>,
}

impl Parent {
    fn start() -> Self {
        Self::with(&[])
    }

    /// With a certificate and its key it speaks TLS.
    fn with(identity: &[&Path]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/parent.py");
        let python = &mut Command::new("python3");
        let mut child = python.arg(script).args(identity).stdout(Stdio::piped()).spawn().expect("python starts");
        let mut told = BufReader::new(child.stdout.take().expect("its output")).lines();
        let port = told.next().expect("a line").expect("read").parse().expect("a port");
        let (to, lines) = mpsc::channel();
        std::thread::spawn(move || told.map_while(Result::ok).try_for_each(|line| to.send(line)));
        Self { child, port, lines }
    }

    fn server(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The next target it was asked for, and its answer.
    #[track_caller]
    fn asked(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the parent was asked")
    }

    #[track_caller]
    fn was_not_asked(&self) {
        assert_eq!(self.lines.try_recv().ok(), None);
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file with what the parent asks for.
fn credentials(server: &str, pair: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("# {server}\n{server} {pair}\n")).expect("written");
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).expect("set");
    file
}

#[test]
fn a_port_of_the_system_is_no_target() {
    let gate = Gate::open();
    for (url, code) in [("http://127.0.0.1:25/", 403), ("https://127.0.0.1:22/", 403), ("http://127.0.0.1:80/", 502)] {
        let curl = &mut command("curl");
        curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", url]);
        crate::harness::web::curl(&gate.path(""), curl).has_code(code);
    }
    let refused: Vec<_> = gate.records("refusal").iter().map(|r| r["reason"].as_str().map(str::to_owned)).collect();
    assert_eq!(refused[..2], [Some("target-port".to_owned()), Some("target-port".to_owned())]);
    gate.verify();
}

#[test]
fn a_port_listed_with_its_target_is_allowed() {
    let gate = Gate::with(|setup| "allow_targets = [\"127.0.0.1\", \"127.0.0.1:25\"]".clone_into(&mut setup.web));
    let curl = &mut command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "http://127.0.0.1:25/"]);
    // Allowed, and nobody is there.
    crate::harness::web::curl(&gate.path(""), curl).has_code(502).says("unreachable");
}

#[test]
fn messages_pass_a_parent_proxy_with_its_password() {
    let parent = Parent::start();
    let secret = credentials(&parent.server(), "chot:mat-khau");
    let gate = Gate::with(|setup| {
        let (server, file) = (parent.server(), secret.path().display());
        setup.web = format!(
            "allow_targets = [\"127.0.0.1\"]\nparent = \"{server}\"\nparent_credentials = \"{file}\"\n\
             no_parent = [\"{PARTY}\"]"
        );
    });
    let port = gate.world.https.port();
    gate.chat("xin chào").is_delivered();
    gate.world.https.received_one();
    assert_eq!(parent.asked(), format!("{ZALO}:{port} 200"));

    // Without TLS it is the same tunnel.
    gate.plain_request("/qua-cha").with(Form::text("xin chào")).send().is_delivered();
    assert_eq!(parent.asked(), format!("{} 200", gate.world.http.address));

    gate.chat(&format!("CCCD {}", someone(1).cccd)).is_refused();
    gate.world.https.received_nothing();
    parent.asked();

    // Listed as to be dialled.
    gate.request(PARTY, "/thang").send().is_delivered();
    parent.was_not_asked();

    let decision = gate.last_decision();
    assert_eq!(decision.0["destination"]["host"], PARTY);
    // The zone of a host that only the parent resolves is told by its name, not by the parent's address.
    let through = &gate.records("decision")[0];
    assert_eq!(through["destination"]["zone"], "outside", "{through}");
    gate.keeps_none_of(&["mat-khau", "Y2hvdDptYXQta2hhdQ"]);
}

#[test]
fn the_password_of_a_parent_goes_to_nobody_without_its_certificate() {
    const NAME: &str = "cha.example.vn";
    let dir = tempfile::tempdir().expect("a folder");
    let [ca, certificate, key] = ["ca.pem", "cha.pem", "cha.key"].map(|name| dir.path().join(name));
    let issuer = OutsideCa::new().expect("a CA");
    let (issued, pair) = issuer.issue(&[NAME]).expect("a certificate");
    std::fs::write(&ca, issuer.pem()).expect("written");
    std::fs::write(&certificate, issued.pem()).expect("written");
    std::fs::write(&key, pair.serialize_pem()).expect("written");
    let parent = Parent::with(&[&certificate, &key]);
    let server = format!("{NAME}:{}", parent.port);
    let secret = credentials(&server, "chot:mat-khau");
    let gate = |trusted: bool| {
        Gate::with(|setup| {
            let file = secret.path().display();
            setup.resolve.push((NAME, "127.0.0.1"));
            setup.roots.extend(trusted.then(|| ca.clone()));
            setup.web = format!("parent = \"https://{server}\"\nparent_credentials = \"{file}\"");
        })
    };

    let trusting = gate(true);
    trusting.chat("xin chào").is_delivered();
    trusting.world.https.received_one();
    assert_eq!(parent.asked(), format!("{ZALO}:{} 200", trusting.world.https.port()));
    trusting.chat(&format!("CCCD {}", someone(1).cccd)).is_refused();
    trusting.world.https.received_nothing();
    parent.asked();

    let wary = gate(false);
    wary.chat("xin chào").has_code(502);
    wary.world.https.received_nothing();
    parent.was_not_asked();
    wary.verify();
}

#[test]
fn a_parent_that_does_not_know_us_lets_nothing_pass() {
    let parent = Parent::start();
    let secret = credentials(&parent.server(), "chot:sai");
    let gate = Gate::with(|setup| {
        let (server, file) = (parent.server(), secret.path().display());
        setup.web = format!("parent = \"{server}\"\nparent_credentials = \"{file}\"");
    });
    gate.chat("xin chào").has_code(502);
    assert!(parent.asked().ends_with(" 407"));
    gate.world.https.received_nothing();
    assert_eq!(gate.records("refusal")[0]["reason"], "parent-auth");
    // Names of this machine are not for a parent to resolve.
    let curl = &mut command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "http://localhost:8080/"]);
    crate::harness::web::curl(&gate.path(""), curl).has_code(403).says("target-address");
    parent.was_not_asked();
}

#[test]
fn a_gateway_that_is_its_own_parent_sees_the_loop() {
    let spare = free_address();
    let gate = Gate::with(|setup| {
        setup.web = format!("allow_targets = [\"127.0.0.0/8\"]\nparent = \"{spare}\"");
        setup.listen = spare.to_string();
    });
    gate.chat("xin chào").has_code(502);
    let refused: Vec<_> = gate.records("refusal").iter().map(|r| r["reason"].as_str().map(str::to_owned)).collect();
    assert_eq!(refused, [Some("loop".to_owned()), Some("parent-refused".to_owned())]);
}
