//! Starting, stopping, and standing beside another gateway.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::harness::fixtures::someone;
use crate::harness::gate::POLICY;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Form, Gate, PATIENCE, chot, run, text, wait_until};

#[test]
fn stopping_lets_a_message_finish() {
    let gate = Gate::open();
    let address = gate.world.http.address;
    let mut stream = TcpStream::connect(gate.web()).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let head = format!(
        "POST http://{address}/cham HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(b"xin ").expect("sent");
    // A second connection that is answered shows that the first was taken in before.
    gate.plain_request("/truoc").send().is_delivered();
    gate.world.http.received_one();

    gate.signal(Signal::TERM);
    wait_until("the listener closes", || TcpStream::connect(gate.web()).is_err());
    stream.write_all(b"chao").expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(text(&answer).starts_with("HTTP/1.1 200"), "{}", text(&answer));
    assert_eq!(text(&gate.world.http.received_one().body), "xin chao");
    wait_until("the stop is recorded", || gate.records("gateway.stopped").len() == 1);
    let decision = gate.last_decision();
    assert_eq!(gate.outcome(decision.id()), "delivered");
    gate.verify();
}

#[test]
fn one_connection_carries_a_good_and_a_bad_message() {
    let gate = Gate::open();
    let port = gate.world.https.port();
    let (good, bad) =
        (format!("https://{ZALO}:{port}/mot"), format!("https://{ZALO}:{port}/hai?cccd={}", someone(1).cccd));
    let mut curl = crate::harness::command("curl");
    curl.args(["-sS", "--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
    let output =
        run(curl.args(["-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", &good, "-o", "/dev/null", &bad]));
    let codes: Vec<_> = text(&output.stdout).lines().map(str::to_owned).collect();
    assert!(codes.len() == 2 && codes[0].starts_with("200") && codes[1].starts_with("403"), "{codes:?}");
    let received = gate.world.https.received_one();
    assert!(received.to.ends_with("/mot"), "{}", received.to);
}

#[test]
fn a_sender_who_leaves_midway_sends_nothing() {
    let gate = Gate::open();
    let address = gate.world.http.address;
    let mut stream = TcpStream::connect(gate.web()).expect("connected");
    let head = format!("POST http://{address}/nua HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\nmot nua");
    stream.write_all(head.as_bytes()).expect("sent");
    drop(stream);
    // The gateway has dealt with it once it serves the next in line and its trail is whole.
    gate.plain_request("/sau").send().is_delivered();
    assert!(gate.world.http.received_one().to.ends_with("/sau"));
    gate.verify();
}

#[test]
fn answers_come_back_as_they_were() {
    let gate = Gate::open();
    gate.request(PARTY, "/")
        .send()
        .is_delivered()
        .has_header("content-type: application/json")
        .says(r#"{"error_code":0}"#);
    gate.request(PARTY, "/").with(Form::Nothing).args(&["-I"]).send().has_code(200);
}

#[test]
fn two_gateways_do_not_share_a_ledger() {
    let gate = Gate::open();
    let output = run(chot().args(["run", "--config"]).arg(gate.config()));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("another process holds the ledger"), "{output:?}");
    gate.chat("vẫn chạy").is_delivered();
}

#[test]
fn a_gateway_does_not_start_with_a_wrong_policy() {
    let mut gate = Gate::open();
    gate.stop();
    gate.write_policy(&POLICY.replace("schema = 1", "schema = 99"));
    let output = run(chot().args(["run", "--config"]).arg(gate.config()));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("policy.toml:"), "{output:?}");
}
