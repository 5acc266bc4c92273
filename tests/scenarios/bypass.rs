//! What is passed on without being decrypted: proposed by evidence, accepted by a person, on record to the byte.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::harness::fixtures::someone;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Form, Gate, command, run, succeed, text, wait_until, web};

const LISTED: &str = "[[bypass]]\nhosts = [\"form.party.example\"]\nreason = \"ký số\"\nuntil = \"2099-12-31\"\n";

/// curl as an application that trusts only the outside's own CA: it pins.
fn pinned(gate: &Gate, host: &str, body: &str) -> crate::harness::Answer {
    let url = format!("https://{host}:{}/ghim", gate.world.https.port());
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"])
        .arg(gate.path("outside-ca.pem"));
    web::curl(&gate.path(""), curl.args(["--data-binary", body]).arg(url))
}

#[test]
fn a_pinned_application_is_blocked_proposed_and_accepted() {
    let gate = Gate::open();
    // Blocked: it does not trust us, and nothing is let through by itself.
    pinned(&gate, PARTY, "xin chào").does_not_say("error_code");
    pinned(&gate, PARTY, "xin chào").does_not_say("error_code");
    gate.world.https.received_nothing();
    wait_until("the distrust is recorded", || {
        gate.records("refusal").iter().filter(|r| r["reason"] == "client-distrust").count() == 2
    });
    let proposals = succeed(&mut gate.chot(&["bypass", "list", "--json"]));
    let proposal: serde_json::Value = serde_json::from_str(proposals.lines().next().expect("a line")).expect("json");
    assert_eq!(
        (&proposal["type"], &proposal["host"], &proposal["handshakes"]),
        (&"proposal".into(), &PARTY.into(), &2.into())
    );
    assert_eq!(proposal["clients"], serde_json::json!(["127.0.0.1"]));

    let accept = |host: &str, until: &str| {
        run(&mut gate.chot(&[
            "bypass",
            "accept",
            host,
            "--reason",
            "ghim chứng thư",
            "--until",
            until,
            "--by",
            "Trần A",
        ]))
    };
    assert!(text(&accept(ZALO, "2099-12-31").stderr).contains("--without-evidence"));
    assert!(!accept(PARTY, "31/12/2099").status.success());
    let accepted = accept(PARTY, "2099-12-31");
    assert!(accepted.status.success(), "{accepted:?}");
    pinned(&gate, PARTY, "xin chào").is_delivered();
    assert_eq!(text(&gate.world.https.received_one().body), "xin chào");

    wait_until("the end is recorded", || gate.records("bypass.closed").len() == 1);
    let (opened, closed) = (&gate.records("bypass.opened")[0], &gate.records("bypass.closed")[0]);
    assert_eq!((&opened["host"], &opened["reason"]), (&PARTY.into(), &"ghim chứng thư".into()));
    assert!(closed["sent"].as_u64().is_some_and(|sent| sent > 300), "{closed}");
    let told = gate.records("admin");
    assert!(told.iter().any(|r| r["what"].as_str().is_some_and(|what| what.contains(PARTY))), "{told:?}");
    // Everybody else is read as before.
    gate.chat(&format!("CCCD {}", someone(1).cccd)).is_refused();
    let listed = succeed(&mut gate.chot(&["bypass", "list"]));
    assert!(listed.contains("Trần A") && !listed.contains("proposal"), "{listed}");
    assert!(gate.ask_admin("GET", "/metrics").body.contains("chot_bypassed_total 1\n"));
    gate.verify();
}

#[test]
fn a_name_that_is_only_claimed_opens_nothing() {
    let gate = Gate::with(|setup| {
        setup.web.push_str("\nbypass = \"bypass.toml\"");
        setup.files = vec![("bypass.toml", LISTED.to_owned())];
    });
    // Asked for Zalo, the hello names the listed host: what goes to Zalo is read.
    let port = gate.world.https.port();
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
    curl.args(["--connect-to", &format!("{PARTY}:{port}:{ZALO}:{port}")]);
    curl.args(["--data-binary", &format!("CCCD {}", someone(1).cccd), &format!("https://{PARTY}:{port}/")]);
    let answer = web::curl(&gate.path(""), &mut curl);
    answer.is_delivered();
    assert!(!text(&gate.world.https.received_one().body).contains(&someone(1).cccd), "not read");
    assert_eq!(gate.last_decision().0["destination"]["host"], PARTY);
    assert!(gate.records("bypass.opened").is_empty());
    // Asked for the listed host, another name in the hello is read too.
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
    curl.args(["--connect-to", &format!("{ZALO}:{port}:{PARTY}:{port}")]);
    curl.args(["--data-binary", &format!("CCCD {}", someone(1).cccd), &format!("https://{ZALO}:{port}/")]);
    web::curl(&gate.path(""), &mut curl).is_refused();
    gate.world.https.received_nothing();
    // A listed host is passed, and only as long as the entry lasts.
    pinned(&gate, PARTY, "x").is_delivered();
    let write = |text: &str| std::fs::write(gate.path("bypass.toml"), text).expect("written");
    write(&LISTED.replace("2099", "2020"));
    assert!(gate.reload().status.success());
    pinned(&gate, PARTY, "x").does_not_say("error_code");
    // A wrong list changes nothing.
    write("[[bypass]]\nhosts = [\"*\"]\n");
    let wrong = gate.reload();
    assert!(!wrong.status.success() && text(&wrong.stdout).contains("reason"), "{wrong:?}");
    gate.request(PARTY, "/").with(Form::text("x")).send().is_delivered();
}

/// openssl as a server.
pub(crate) struct Openssl(Child);

impl Openssl {
    pub(crate) fn start(gate: &Gate, arguments: &[&str]) -> (Self, u16) {
        let (cert, key) = (gate.path("openssl.pem"), gate.path("openssl.key"));
        gate.world.write_identity(&[PARTY], &cert, &key);
        let mut server = Command::new("openssl");
        server.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert"]).arg(cert).arg("-key").arg(key);
        let mut server =
            server.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("openssl starts");
        let said = BufReader::new(server.stdout.take().expect("its output"));
        let port = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit_once(':').and_then(|(_, port)| port.parse().ok()));
        (Self(server), port.expect("a port"))
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_wants_a_certificate_of_the_client_is_told_apart_and_proposed() {
    let gate = Gate::open();
    let ask = |port: u16| {
        let url = format!("https://{PARTY}:{port}/");
        let mut curl = command("curl");
        curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
        web::curl(&gate.path(""), curl.arg(url))
    };
    // Who only asks is served without.
    for version in ["-tls1_2", "-tls1_3"] {
        let (_server, port) = Openssl::start(&gate, &["-verify", "1", version]);
        ask(port).has_code(200);
    }
    assert!(gate.records("refusal").is_empty());
    for version in ["-tls1_2", "-tls1_3"] {
        let (_server, port) = Openssl::start(&gate, &["-Verify", "1", version]);
        ask(port).has_code(502).says("client-certificate");
    }
    let reasons: Vec<_> = gate.records("refusal").iter().map(|r| r["reason"].clone()).collect();
    assert!(reasons.len() >= 2 && reasons.iter().all(|reason| reason == "client-certificate"), "{reasons:?}");
    let proposals = succeed(&mut gate.chot(&["bypass", "list", "--json"]));
    let proposal: serde_json::Value = serde_json::from_str(proposals.lines().next().expect("a line")).expect("json");
    assert_eq!((&proposal["type"], &proposal["host"]), (&"proposal".into(), &PARTY.into()));
    assert_eq!(proposal["reasons"], serde_json::json!(["client-certificate"]));
    gate.verify();
}

/// Asks for a certificate and does without; answers one request a connection, and breaks off in the next.
const BREAKS_LATER: &str = r#"
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.load_verify_locations(sys.argv[1])
context.verify_mode = ssl.CERT_OPTIONAL
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    try:
        with context.wrap_socket(server.accept()[0], server_side=True) as client:
            asked = b""
            while not asked.endswith("xin chào".encode()):
                asked += client.recv(65536) or sys.exit("cut off")
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            client.recv(1)
    except OSError:
        pass
"#;

#[test]
fn a_server_that_asked_and_did_without_may_break_like_any_other() {
    let gate = Gate::open();
    let (cert, key) = (gate.path("optional.pem"), gate.path("optional.key"));
    gate.world.write_identity(&[PARTY], &cert, &key);
    let mut python = Command::new("python3");
    let python = python.args(["-c", BREAKS_LATER]).arg(cert).arg(key).stdout(Stdio::piped());
    let mut server = Openssl(python.spawn().expect("python3 starts"));
    let mut port = String::new();
    let said = server.0.stdout.take().expect("its output");
    BufReader::new(said).read_line(&mut port).expect("a line");
    let url = format!("https://{PARTY}:{}/", port.trim());
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
    curl.args(["-s", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", "-d", "xin chào"]);
    // The second goes over the connections of the first.
    assert_eq!(succeed(curl.arg(&url).arg(&url)), "200 1\n502 0\n");
    wait_until("the outcome of the second is recorded", || {
        gate.records("outcome").iter().any(|record| record["detail"] == "upstream-failed")
    });
    assert!(gate.records("refusal").is_empty());
}
