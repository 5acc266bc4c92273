//! What a mail server in front of us tells of its clients, and who is believed.

use super::harness::{FakeHop, Gateway, Setup};

const WIRE: &str = "Subject: x\r\n\r\nx\r\n.\r\n";
const TO: &str = "b@x.inside.example";

async fn trusting(hop: &FakeHop) -> Gateway {
    let mut setup = Setup::new(hop);
    setup.settings.trusted = setup.settings.clients.clone();
    setup.settings.clients.push("10.1.0.0/16".parse().expect("a network"));
    setup.start().await
}

#[tokio::test]
async fn xforward_is_for_the_record_of_one_mail() {
    let hop = FakeHop::usual().await;
    let gateway = trusting(&hop).await;
    let mut client = gateway.connect().await;
    assert!(client.ask("EHLO front.example").await.has("XFORWARD NAME ADDR"));
    assert_eq!(client.ask("XFORWARD NAME=pc.example ADDR=10.9.2.3 PROTO=ESMTP").await.code(), "250");
    assert_eq!(client.mail(TO, WIRE).await.code(), "250");
    assert_eq!(client.mail(TO, WIRE).await.code(), "250");
    assert_eq!(client.ask("XFORWARD ADDR=here").await.code(), "501");
    client.envelope(TO).await;
    assert_eq!(client.ask("XFORWARD ADDR=10.9.2.4").await.code(), "503");
    assert!(!hop.has_seen("XFORWARD"));
    drop(client);
    let told: Vec<_> = gateway.decisions().await.iter().map(|d| d["client"].as_str().map(str::to_owned)).collect();
    assert_eq!(told, [Some("10.9.2.3".to_owned()), Some("127.0.0.1".to_owned())]);
}

#[tokio::test]
async fn xclient_is_another_clients_session() {
    let hop = FakeHop::usual().await;
    let gateway = trusting(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("XCLIENT ADDR=10.1.2.3 LOGIN=an.nguyen").await.code(), "220");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "503");
    assert_eq!(client.ask("EHLO pc.example").await.code(), "250");
    for _ in 0..2 {
        assert_eq!(client.mail(TO, WIRE).await.code(), "250");
    }
    // Who may not send may not send through others either.
    assert!(client.ask("XCLIENT ADDR=192.0.2.1").await.has("554 5.7.1"));
    assert!(client.is_closed().await);
    let decisions = gateway.decisions().await;
    assert_eq!(decisions.len(), 2);
    for decision in decisions {
        assert_eq!((decision["client"].as_str(), decision["account"].as_str()), (Some("10.1.2.3"), Some("an.nguyen")));
    }
}

#[tokio::test]
async fn others_are_not_believed() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    let ehlo = client.ask("EHLO client.example").await;
    assert!(!ehlo.has("XFORWARD") && !ehlo.has("XCLIENT"), "{ehlo:?}");
    for command in ["XFORWARD ADDR=10.9.2.3", "XCLIENT ADDR=10.9.2.3"] {
        assert!(client.ask(command).await.has("550 5.7.0"), "{command}");
    }
    client.mail(TO, WIRE).await;
    drop(client);
    assert_eq!(gateway.decisions().await[0]["client"], "127.0.0.1");
}
