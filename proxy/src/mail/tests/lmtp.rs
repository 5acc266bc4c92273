//! LMTP: an answer for each recipient, and for each group of equal answers a transaction of its own.

use super::harness::{Act, Client, FakeHop, Gateway, Script, Setup};
use crate::mail::Door;

const TELLING: &str = "Subject: x\r\n\r\nCCCD 001090123456 cua anh Thu Nghiem\r\n.\r\n";
const INSIDE: &str = "b@x.inside.example";
const PARTNER: &str = "c@x.partner.example";
const OUTSIDE: &str = "d@outside.example";

async fn before(script: Script) -> (FakeHop, Gateway) {
    let hop = FakeHop::new(script).await;
    let mut setup = Setup::new(&hop);
    setup.door = Door::Lmtp;
    let gateway = setup.start().await;
    (hop, gateway)
}

/// A whole transaction; the codes of the answers to the mail.
async fn mail(client: &mut Client, to: &[&str], wire: &str) -> Vec<String> {
    assert_eq!(client.ask("MAIL FROM:<a@x.inside.example>").await.code(), "250");
    for to in to {
        assert_eq!(client.ask(&format!("RCPT TO:<{to}>")).await.code(), "250");
    }
    assert_eq!(client.ask("DATA").await.code(), "354");
    client.send(wire).await;
    let mut codes = Vec::new();
    for _ in to {
        codes.push(client.reply().await.code().to_owned());
    }
    codes
}

#[tokio::test]
async fn each_recipient_has_an_answer_and_gets_what_it_may() {
    let (hop, gateway) = before(Vec::new()).await;
    let mut client = gateway.connect().await;
    assert_eq!(client.ask("EHLO client.example").await.code(), "500");
    assert!(client.ask("LHLO client.example").await.has("PIPELINING"));
    let codes = mail(&mut client, &[OUTSIDE, INSIDE, PARTNER, OUTSIDE, INSIDE], TELLING).await;
    assert_eq!(codes, ["550", "250", "250", "550", "250"]);
    let mails = hop.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails[0].contains("001090123456") && mails[0].contains(" with LMTP id "));
    assert!(!mails[1].contains("001090123456") && mails[1].contains("cua anh Thu Nghiem"));
    let verbs: Vec<_> =
        hop.commands().iter().skip(6).map(|c| c.replace("MAIL FROM:<a@x.inside.example>", "MAIL")).collect();
    let [inside, partner] = [INSIDE, PARTNER].map(|to| format!("RCPT TO:<{to}>"));
    assert_eq!(
        verbs,
        ["RSET", "MAIL", &inside, &inside, "DATA", "RSET", "MAIL", &partner, "DATA", "RSET"].map(str::to_owned)
    );
    // The next mail is answered as if nothing had been.
    assert_eq!(mail(&mut client, &[INSIDE], TELLING).await, ["250"]);
    drop(client);
    let told = [
        "block",
        "refused: told 550 5.7.1",
        "allow",
        "delivered: 250",
        "redact",
        "delivered: 250",
        "allow",
        "delivered: 250",
    ];
    let mut records = gateway.records().await;
    let mut told = told.map(str::to_owned).to_vec();
    records.sort();
    told.sort();
    assert_eq!(records, told);
}

#[tokio::test]
async fn recipients_that_share_an_answer_share_a_transaction() {
    let (hop, gateway) = before(Vec::new()).await;
    let mut client = gateway.connect().await;
    client.ask("LHLO client.example").await;
    assert_eq!(mail(&mut client, &[INSIDE, "e@x.inside.example"], TELLING).await, ["250", "250"]);
    assert_eq!(hop.mails().len(), 1);
    assert_eq!(mail(&mut client, &[OUTSIDE, "f@outside.example"], TELLING).await, ["550", "550"]);
    // What is wrong with the mail is told for each of them, too.
    assert_eq!(mail(&mut client, &[INSIDE, OUTSIDE], "a\nb\r\n.\r\n").await, ["550", "550"]);
    assert_eq!(client.ask("NOOP").await.code(), "250");
    assert_eq!(hop.mails().len(), 1);
}

#[tokio::test]
async fn what_fails_for_some_fails_for_them_alone() {
    for (script, codes) in [
        (vec![("dot", Act::Say("250 a\r\n")), ("dot", Act::Say("452 4.3.1 full\r\n"))], ["250", "452", "550"]),
        (vec![("dot", Act::Close)], ["451", "250", "550"]),
        (vec![("DATA", Act::Say("354 go\r\n")), ("DATA", Act::Say("554 5.7.1 no\r\n"))], ["250", "554", "550"]),
        // Asked again, the next hop may change its mind.
        (
            [250, 250, 250, 450]
                .map(|code| ("RCPT", if code == 250 { Act::Say("250 ok\r\n") } else { Act::Say("450 later\r\n") }))
                .to_vec(),
            ["450", "250", "550"],
        ),
        (vec![("MAIL", Act::Say("250 ok\r\n")), ("MAIL", Act::Say("451 4.7.1 later\r\n"))], ["451", "250", "550"]),
    ] {
        let (hop, gateway) = before(script.clone()).await;
        let mut client = gateway.connect().await;
        client.ask("LHLO client.example").await;
        assert_eq!(mail(&mut client, &[INSIDE, PARTNER, OUTSIDE], TELLING).await, codes, "{script:?}");
        assert_eq!(mail(&mut client, &[INSIDE], TELLING).await, ["250"], "{script:?}");
        drop(client);
        let delivered = codes.iter().filter(|code| **code == "250").count() + 1;
        let records = gateway.records().await;
        assert_eq!(records.iter().filter(|r| *r == "delivered: 250").count(), delivered, "{script:?}: {records:?}");
        let dots = hop.dialogue().iter().filter(|line| *line == "(dot)").count();
        assert!(dots >= delivered, "{script:?}");
    }
}

#[tokio::test]
async fn chunks_are_answered_for_each_too() {
    let (_hop, gateway) = before(Vec::new()).await;
    let mut client = gateway.connect().await;
    client.ask("LHLO client.example").await;
    client.ask("MAIL FROM:<a@x.inside.example>").await;
    for to in [INSIDE, OUTSIDE] {
        client.ask(&format!("RCPT TO:<{to}>")).await;
    }
    let text = "Subject: x\r\n\r\nCCCD 001090123456\r\n";
    client.send(format!("BDAT {} LAST\r\n{text}", text.len())).await;
    assert_eq!((client.reply().await.code(), client.reply().await.code()), ("250", "550"));
}

#[tokio::test]
async fn smtp_clients_may_be_asked_to_send_to_each_zone_separately() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.split_zones = setup.settings.clients.clone();
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("LHLO client.example").await.code(), "500");
    client.envelope(INSIDE).await;
    assert!(client.ask(&format!("RCPT TO:<{OUTSIDE}>")).await.has("452 4.5.3"));
    assert_eq!(client.ask("RCPT TO:<e@x.inside.example>").await.code(), "250");
    assert!(!hop.has_seen(&format!("RCPT TO:<{OUTSIDE}>")));
    assert_eq!(client.ask("DATA").await.code(), "354");
    client.send(TELLING).await;
    assert_eq!(client.reply().await.code(), "250");
    assert_eq!(client.mail(OUTSIDE, TELLING).await.code(), "550");
}
