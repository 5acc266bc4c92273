//! Programs and browsers that people use, on both ends: Node's libraries, Chromium; and clients that behave badly.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::fixtures::someone;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Form, Gate, PATIENCE, client, command, succeed, text, wait_until};

/// What every client is given: the proxy, its CA, and a certificate to play a host outside with.
fn identity(gate: &Gate) -> [String; 4] {
    let (cert, key) = (gate.path("server.pem"), gate.path("server.key"));
    gate.world.write_identity(&[ZALO, PARTY], &cert, &key);
    let [ca, cert, key] = [gate.ca(), cert, key].map(|path| path.display().to_string());
    [format!("http://{}", gate.web()), ca, cert, key]
}

#[test]
fn programs_of_node_go_through_and_are_refused_like_anybody() {
    let gate = Gate::open();
    let number = someone(1).cccd;
    let bad = format!("CCCD {number}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let libraries = root.join("target/clients/node");
    assert!(libraries.exists(), "tests/clients/setup installs what this scenario drives");
    let mut node = command("node");
    node.arg(root.join("tests/clients/programs.mjs")).arg(libraries).args(identity(&gate));
    let seen: Value = serde_json::from_str(&succeed(node.args([ZALO, "chào chị", &bad, "vâng"]))).expect("json");
    assert_eq!(seen["fetched"], json!([200, 403, 200]), "{seen}");
    assert_eq!((&seen["uploaded"], &seen["received"]), (&403.into(), &json!(["chào chị", "vâng"])), "{seen}");
    assert_eq!((&seen["heard"], &seen["answers"]), (&json!(["chào chị"]), &json!(["chào chị"])), "{seen}");
    assert_eq!((&seen["extensions"], &seen["closed"]["code"]), (&"".into(), &1008.into()), "{seen}");
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

#[test]
fn requests_of_python_go_through_and_are_refused_like_anybody() {
    let gate = Gate::open();
    let number = someone(4).cccd;
    let bad = format!("CCCD {number}");
    let url = format!("https://{ZALO}:{}/api", gate.world.https.port());
    let [proxy, ca, ..] = identity(&gate);
    let seen: Value =
        serde_json::from_str(&client("requests_of.py", &[&proxy, &ca, &url, "chào chị", &bad])).expect("json");
    // Of each line: as a body, as JSON, as a field of a form, as a file, in pieces without a length, in the address.
    assert_eq!(seen["chào chị"], json!([200, 200, 200, 200, 200, 200]), "{seen}");
    assert_eq!(seen[&bad], json!([403, 403, 403, 403, 403, 403]), "{seen}");
    // One session, one connection to the proxy; the refusal ends none of it.
    assert_eq!(gate.world.https.take().len(), 6);
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

#[test]
fn pieces_that_a_form_numbers_are_no_whole_files() {
    let gate = Gate::open();
    let number = someone(5).cccd;
    let (first, second) = number.split_at(6);
    let [first, second] = [format!("so CCCD {first}"), format!("{second} la cua ong Thu")];
    let url = format!("https://{PARTY}:{}/tai-len", gate.world.https.port());
    let [proxy, ca, ..] = identity(&gate);
    let seen: Value = serde_json::from_str(&client("pieces.py", &[&proxy, &ca, &url, &first, &second])).expect("json");
    let uploaders = seen.as_object().expect("uploaders");
    assert_eq!(uploaders.len(), 5, "{seen}");
    for (uploader, answers) in uploaders {
        // Half a number is none, so the first piece may go where it is all there is.
        assert_eq!(answers, &json!([[403, 403], [200]]), "{uploader}: {seen}");
    }
    assert_eq!(gate.world.https.take().len(), uploaders.len());
    let refused = gate.records("decision").into_iter().filter(|decision| decision["verdict"]["action"] == "block");
    let reasons: Vec<_> = refused.map(|decision| decision["object"]["opaque"][0]["reason"].clone()).collect();
    assert_eq!(reasons, vec![json!("partial"); 2 * uploaders.len()]);
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

#[test]
fn a_browser_shows_a_page_that_may_send_some_things_and_not_others() {
    let gate = Gate::open();
    let number = someone(2).cccd;
    let [proxy, ca, cert, key] = identity(&gate);
    let bad = format!("CCCD {number}");
    let seen: Value =
        serde_json::from_str(&client("browser.py", &[&proxy, &ca, &cert, &key, ZALO, "chào chị", &bad])).expect("json");
    let page = &seen["page"];
    assert_eq!(page["error"], Value::Null, "{seen}");
    assert_eq!([&page["line"], &page["number"], &page["again"], &page["upload"]], [200, 403, 200, 403], "{seen}");
    assert_eq!(seen["received"], json!(["chào chị", "chào chị"]), "{seen}");
    assert_eq!((&page["answers"], &seen["heard"]), (&json!(["chào chị"]), &json!(["chào chị"])), "{seen}");
    assert_eq!(page["closed"]["code"], 1008, "{seen}");
    assert!(
        page["closed"]["reason"].as_str().is_some_and(|reason| reason.contains("Không gửi số định danh")),
        "{seen}"
    );
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

fn connect(gate: &Gate) -> TcpStream {
    let stream = TcpStream::connect(gate.web()).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream.set_write_timeout(Some(PATIENCE)).expect("set");
    stream
}

#[test]
fn a_sender_that_never_reads_is_judged_and_holds_up_nobody() {
    let gate = Gate::open();
    let address = gate.world.http.address;
    let mut body = "Không có gì ở dòng này.\n".repeat(60_000).into_bytes();
    body.extend(format!("CCCD {}\n", someone(3).cccd).repeat(30).into_bytes());
    let head = format!("POST http://{address}/ HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut streams: Vec<_> = (0..3).map(|_| connect(&gate)).collect();
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(&body).expect("taken in, though nobody reads the answer");
    }
    gate.plain_request("/khac").send().is_delivered();
    assert!(gate.world.http.received_one().to.ends_with("/khac"));
    wait_until("they are judged", || gate.records("decision").len() == 4);
    let blocked = gate.records("decision").iter().filter(|d| d["verdict"]["action"] != "allow").count();
    drop(streams);
    // What of it may pass masked was masked; nothing arrived as it was.
    for received in gate.world.http.take() {
        assert!(!text(&received.body).contains(&someone(3).cccd));
    }
    assert_eq!(blocked, 3);
    gate.verify();
}

/// As with nginx and squid, whoever closes their half is gone. What became of the message is on record all the same.
#[test]
fn a_client_that_closes_its_half_is_gone_and_its_message_accounted_for() {
    let gate = Gate::open();
    let address = gate.world.http.address;
    for _ in 0..10 {
        let request =
            format!("POST http://{address}/nua HTTP/1.1\r\nHost: {address}\r\nContent-Length: 8\r\n\r\nxin chao");
        let mut stream = connect(&gate);
        stream.write_all(request.as_bytes()).expect("sent");
        stream.shutdown(Shutdown::Write).expect("closed for writing");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the gateway closes too");
        assert!(answer.is_empty() || text(&answer).starts_with("HTTP/1.1 200 "), "{}", text(&answer));
    }
    gate.plain_request("/sau").with(Form::text("xin chào")).send().is_delivered();
    let arrived = gate.world.http.take().len();
    let decisions = gate.records("decision");
    assert!(decisions.len() >= arrived, "{arrived} arrived, {} are on record", decisions.len());
    for decision in &decisions {
        let outcome = gate.outcome(decision["id"].as_str().expect("an id"));
        assert!(["delivered", "in_doubt", "aborted", "failed"].contains(&outcome.as_str()), "{outcome}");
    }
    gate.verify();
}

#[test]
fn slow_heads_hold_up_nobody() {
    let gate = Gate::open();
    let mut slow = command("slowhttptest");
    slow.args([
        "-H",
        "-c",
        "150",
        "-r",
        "150",
        "-i",
        "1",
        "-l",
        "6",
        "-p",
        "3",
        "-u",
        &format!("http://{}/", gate.web()),
    ]);
    let mut slow = slow.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("slowhttptest starts");
    wait_until("slow clients are there", || {
        gate.ask_admin("GET", "/metrics").body.contains("chot_web_connections 150\n")
    });
    for _ in 0..3 {
        gate.plain_request("/nhanh").with(Form::text("xin chào")).send().is_delivered();
    }
    assert_eq!(gate.world.http.take().len(), 3);
    // It ends by itself: it was told to.
    slow.wait().expect("waited");
    gate.verify();
}
