//! What people send over HTTP/2, by programs that many use: httpx and curl, to a server by Python's h2.

use serde_json::{Value, json};

use crate::harness::fixtures::someone;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Gate, client};

/// Posts `lines` with each client through `proxy`; gives what they and the server saw.
#[track_caller]
fn post(gate: &Gate, proxy: &str, host: &str, lines: &[&str]) -> Value {
    let (cert, key) = (gate.path("server.pem"), gate.path("server.key"));
    gate.world.write_identity(&[ZALO, PARTY], &cert, &key);
    let [ca, cert, key] = [gate.ca(), cert, key].map(|path| path.display().to_string());
    let args = [&[proxy, &*ca, &*cert, &*key, host], lines].concat();
    serde_json::from_str(&client("streams.py", &args)).expect("json")
}

#[test]
fn each_stream_is_judged_by_itself() {
    let gate = Gate::open();
    let number = someone(1).cccd;
    let proxy = format!("http://{}", gate.web());
    let seen = post(&gate, &proxy, ZALO, &["một", &format!("CCCD {number}"), "hai", "ba"]);
    let (yes, no) = (json!(["HTTP/2", 200]), json!(["HTTP/2", 403]));
    assert_eq!(seen["httpx"], json!([yes, no, yes, yes]), "{seen}");
    assert_eq!(seen["curl"], json!(["2 200", "2 403", "2 200", "2 200"]), "{seen}");
    let mut received: Vec<_> = seen["received"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    received.sort_unstable();
    assert_eq!(received, ["ba", "ba", "hai", "hai", "một", "một"]);
    assert_eq!(seen["connections"], 5, "one for each connection of a client: {seen}");

    let decisions = gate.records("decision");
    let blocked: Vec<_> = decisions.iter().filter(|decision| decision["verdict"]["action"] == "block").collect();
    assert_eq!((decisions.len(), blocked.len()), (8, 2));
    assert_eq!(blocked[0]["destination"]["app"], "zalo");
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

#[test]
fn what_is_masked_arrives_whole() {
    let gate = Gate::open();
    let number = someone(2).cccd;
    let line = format!("Phiếu tiếp nhận, số CCCD: {number}, đã nộp");
    let seen = post(&gate, &format!("http://{}", gate.web()), PARTY, &[&line]);
    assert_eq!((&seen["httpx"], &seen["curl"]), (&json!([["HTTP/2", 200]]), &json!(["2 200"])), "{seen}");
    let received = seen["received"][0].as_str().expect("a body");
    assert!(received.starts_with("Phiếu") && received.ends_with("đã nộp") && !received.contains(&number), "{received}");
    gate.last_decision().says("redact");
}

#[test]
fn the_proxy_is_asked_over_tls() {
    let gate = Gate::with(|setup| setup.web.push_str("\nlisten_tls = [\"127.0.0.1:0\"]"));
    let number = someone(3).cccd;
    // Both clients verify the gateway by its CA, for the address they know it by.
    let seen = post(&gate, &format!("https://{}", gate.web_tls()), ZALO, &["một", &format!("CCCD {number}")]);
    assert_eq!(seen["httpx"], json!([["HTTP/2", 200], ["HTTP/2", 403]]), "{seen}");
    assert_eq!(seen["curl"], json!(["2 200", "2 403"]), "{seen}");
    assert_eq!(seen["received"], json!(["một", "một"]));
    gate.keeps_none_of(&[&number]);
}
