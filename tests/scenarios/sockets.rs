//! What people say on a WebSocket, by a library that many scripts use, on both ends.

use serde_json::Value;

use crate::harness::fixtures::someone;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Gate, client};

/// Lets a client say `lines`, the first of them once more in bytes; gives what both ends saw.
#[track_caller]
fn converse(gate: &Gate, host: &str, lines: &[&str]) -> Value {
    let (cert, key) = (gate.path("server.pem"), gate.path("server.key"));
    gate.world.write_identity(&[ZALO, PARTY], &cert, &key);
    let proxy = format!("http://{}", gate.web());
    let (ca, cert, key) = (gate.ca(), cert.display().to_string(), key.display().to_string());
    let ca = ca.display().to_string();
    let args = [&[&*proxy, &*ca, &*cert, &*key, host], lines].concat();
    serde_json::from_str(&client("sockets.py", &args)).expect("json")
}

#[test]
fn a_chat_goes_on_until_a_number_is_said() {
    let gate = Gate::open();
    let number = someone(1).cccd;
    let seen = converse(&gate, ZALO, &["họp lúc 9 giờ nhé", "vâng ạ", &format!("CCCD {number}"), "còn đó không?"]);
    let passed: Value = ["họp lúc 9 giờ nhé", "vâng ạ"].as_slice().into();
    assert_eq!((&seen["received"], &seen["answers"]), (&passed, &passed), "{seen}");
    assert_eq!(seen["extensions"], Value::Array(Vec::new()), "compression is negotiated away: {seen}");
    assert_eq!((&seen["ping"], &seen["closed_at_server"]), (&true.into(), &1008.into()), "{seen}");
    assert_eq!(seen["closed"]["code"], 1008, "{seen}");
    let reason = seen["closed"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("Không gửi số định danh"), "{reason}");

    let id = reason.split(' ').next().expect("a number to quote");
    gate.decision(id).says("block").by_rule("no-identifiers-to-messaging").went_to("zalo", ZALO).counts("cccd", 1);
    assert_eq!(gate.outcome(id), "refused");
    // The handshake, two lines, and what was blocked.
    assert_eq!(gate.records("decision").len(), 4);
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

#[test]
fn what_is_masked_goes_on_as_a_message() {
    let gate = Gate::open();
    let number = someone(2).cccd;
    let line = format!(r#"{{"ten":"Vi Thị Thử","so_cccd":"{number}","ghi_chu":"đã nộp"}}"#);
    let seen = converse(&gate, PARTY, &["chào chị", &line]);
    let received = seen["received"][1].as_str().expect("a message");
    let json: Value = serde_json::from_str(received).expect("still json");
    assert!(json["ghi_chu"] == "đã nộp" && !received.contains(&number), "{received}");
    assert_eq!((&seen["received"][2], &seen["closed"]), (&"chào chị".into(), &Value::Null), "{seen}");
    let actions: Vec<_> = gate.records("decision").iter().map(|d| d["verdict"]["action"].clone()).collect();
    assert_eq!(actions, ["allow", "allow", "redact", "allow"]);
    gate.keeps_none_of(&[&number]);
}
