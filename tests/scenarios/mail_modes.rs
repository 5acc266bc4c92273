//! Mail in its other modes: an answer for each recipient, chunks, and mails that wait for a person.

use std::net::SocketAddr;

use serde_json::Value;

use crate::harness::fixtures::someone;
use crate::harness::mail::{CLERK, COLLEAGUE, Line, OUTSIDER, letter};
use crate::harness::{Gate, run, text};

fn lmtp(gate: &Gate) -> SocketAddr {
    let ready: Value = serde_json::from_slice(&std::fs::read(gate.path("ready.json")).expect("read")).expect("json");
    ready["lmtp"][0].as_str().expect("LMTP is on").parse().expect("an address")
}

#[test]
fn each_recipient_of_a_mail_by_lmtp_has_an_answer() {
    let gate = Gate::with(|setup| setup.mail.push_str("\nlmtp_listen = [\"127.0.0.1:0\"]"));
    let number = someone(7).cccd;
    let mut line = Line::open(lmtp(&gate));
    line.ask("LHLO mail.vss.gov.vn").has_code(250).says("PIPELINING").says("CHUNKING");
    line.ask(&format!("MAIL FROM:<{CLERK}>")).has_code(250);
    for to in [OUTSIDER, COLLEAGUE] {
        line.ask(&format!("RCPT TO:<{to}>")).has_code(250);
    }
    let mail = letter(COLLEAGUE, &format!("CCCD {number} của ông Thử Nghiệm"));
    line.send(format!("BDAT {} LAST\r\n{mail}", mail.len()).as_bytes());
    line.reply().has_code(250);
    line.reply().has_code(250);
    let received = gate.world.relay.take();
    let to = |who: &str| text(&received.iter().find(|mail| mail.to == who).expect("a mail").body);
    assert_eq!(received.len(), 2);
    assert!(to(COLLEAGUE).contains(&number) && !to(OUTSIDER).contains(&number));
    gate.keeps_none_of(&[&number]);
}

#[test]
fn a_mail_waits_for_a_person_who_says_why() {
    let gate = Gate::with(|setup| {
        setup.policy = setup.policy.replace(
            "id = \"identifiers-are-masked\"",
            "id = \"plates-wait\"\nwhen.zone = [\"outside\"]\nwhen.detect.plate.at-least = 1\nthen.action = \"quarantine\"\n\n[[rule]]\nid = \"identifiers-are-masked\"",
        );
    });
    let quarantine = |args: &[&str]| {
        let output = run(&mut gate.chot(&[&["quarantine"], args].concat()));
        (output.status.code(), text(&output.stdout))
    };
    assert_eq!(quarantine(&["list", "--json"]), (Some(0), String::new()));
    let mail = letter(OUTSIDER, "Biển số xe: 29A-123.45, biển số 30F-678.90.");
    let ids: Vec<String> = (0..2)
        .map(|_| {
            let answer = gate.mail_to(OUTSIDER, &mail);
            answer.has_code(250).says("2.6.0");
            let decision = gate.last_decision();
            decision.says("quarantine").by_rule("plates-wait");
            assert_eq!(gate.outcome(decision.id()), "held");
            decision.id().to_owned()
        })
        .collect();
    gate.world.relay.received_nothing();
    let (status, list) = quarantine(&["list"]);
    assert!(status == Some(0) && ids.iter().all(|id| list.contains(id)) && list.contains("plates-wait"), "{list}");

    assert_eq!(quarantine(&["release", &ids[0], "--why", " "]).0, Some(2));
    let (status, said) = quarantine(&["release", &ids[0], "--by", "truong.phong", "--why", "công văn 120"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(text(&gate.world.relay.received_one().body).contains("29A-123.45"));
    assert_eq!(quarantine(&["release", &ids[0], "--why", "lần nữa"]).0, Some(1));
    assert_eq!(quarantine(&["reject", &ids[1], "--by", "truong.phong", "--why", "gửi nhầm"]).0, Some(0));
    assert_eq!(quarantine(&["list", "--json"]), (Some(0), String::new()));
    let said: Vec<String> =
        gate.records("admin").iter().map(|r| r["what"].as_str().expect("text").to_owned()).collect();
    for (what, id, why) in [("release", &ids[0], "công văn 120"), ("reject", &ids[1], "gửi nhầm")] {
        let expected = format!("quarantine {what} {id} by truong.phong: {why}");
        assert!(said.contains(&expected), "{said:?}");
    }
    gate.verify();
}
