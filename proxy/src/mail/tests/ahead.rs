//! Commands that a client sends together, and the next hop is asked together.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::harness::{Act, FakeHop, Gateway, PATIENCE, Setup};

const WIRE: &str = "Subject: x\r\n\r\nhop luc 14 gio\r\n.\r\n";
const TO: &str = "b@outside.example";

/// Waits for what a next hop is told, which ends in `end`.
async fn told(io: &mut tokio::net::TcpStream, end: &str) -> String {
    let mut said = String::new();
    while !said.ends_with(end) {
        let mut chunk = [0; 4_096];
        let n = tokio::time::timeout(PATIENCE, io.read(&mut chunk)).await.expect("more").expect("read");
        assert!(n > 0, "closed behind {said:?}");
        said.push_str(std::str::from_utf8(&chunk[..n]).expect("text"));
    }
    said
}

#[tokio::test]
async fn nothing_is_answered_before_all_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut setup = Setup::new(&FakeHop::usual().await);
    setup.settings.next_hop = Some(listener.local_addr().expect("an address").to_string());
    let gateway = setup.start().await;
    let mut client = gateway.connect_silently().await;
    let (mut hop, _) = listener.accept().await.expect("the gateway");
    hop.write_all(b"220 hop.example\r\n").await.expect("said");
    told(&mut hop, "\r\n").await;
    hop.write_all(b"250-hop.example\r\n250 PIPELINING\r\n").await.expect("said");
    assert_eq!(client.reply().await.code(), "220");
    assert_eq!(client.ask("EHLO client.example").await.code(), "250");
    let envelope = "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nRCPT TO:<b@c.example>\r\n";
    client.send([envelope, "DATA\r\n"].concat()).await;
    // The whole envelope comes while none of it is answered, and of the rest nothing.
    assert_eq!(told(&mut hop, "<b@c.example>\r\n").await, envelope);
    hop.write_all(b"250 2.1.0 ok\r\n250 2.1.5 a\r\n550 5.1.1 b\r\n").await.expect("said");
    for answer in ["250 2.1.0 ok\r\n", "250 2.1.5 a\r\n", "550 5.1.1 b\r\n"] {
        assert_eq!(client.reply().await.0, answer);
    }
    assert_eq!(client.reply().await.code(), "354");
    client.send(WIRE).await;
    assert_eq!(told(&mut hop, "\r\n").await, "DATA\r\n");
    hop.write_all(b"354 go\r\n").await.expect("said");
    assert!(told(&mut hop, "\r\n.\r\n").await.contains("hop luc 14 gio"));
    hop.write_all(b"250 2.0.0 queued\r\n").await.expect("said");
    assert_eq!(client.reply().await.0, "250 2.0.0 queued\r\n");
}

#[tokio::test]
async fn answers_keep_their_order_whoever_gives_them() {
    for (script, commands, codes) in [
        (vec![], "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nRCPT TO:\r\nNOOP\r\n", "250 250 501 250"),
        (vec![], "MAIL FROM:<a@b.example>\r\nRCPT TO:<>\r\nRCPT TO:<a@c.example>\r\nRSET\r\n", "250 501 250 250"),
        (
            vec![("MAIL", Act::Say("550 5.1.8 no\r\n"))],
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nRCPT TO:<>\r\nDATA\r\nNOOP\r\n",
            "550 503 503 503 250",
        ),
        (
            vec![("MAIL", Act::Say("550 5.1.8 no\r\n")), ("RCPT", Act::Say("503 5.5.1 what?\r\n"))],
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nMAIL FROM:<b@b.example>\r\nNOOP\r\n",
            "550 503 250 250",
        ),
        (
            vec![("RCPT", Act::Say("451 4.7.1 later\r\n"))],
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nDATA\r\nNOOP\r\n",
            "250 451 554 250",
        ),
        (
            vec![("RCPT", Act::Close)],
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nDATA\r\nNOOP\r\n",
            "250 451 451 250",
        ),
        (
            vec![("MAIL", Act::SayAndClose("421 4.3.2 leaving\r\n"))],
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nDATA\r\n",
            "421",
        ),
    ] {
        let hop = FakeHop::new(script.clone()).await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        client.send(commands).await;
        let mut said = Vec::new();
        for _ in codes.split(' ') {
            said.push(client.reply().await.code().to_owned());
        }
        assert_eq!(said.join(" "), codes, "{script:?} {commands:?}");
        if codes.ends_with("421") {
            assert!(client.is_closed().await);
        } else {
            assert_eq!(client.ask("RSET").await.code(), "250");
            assert_eq!(client.mail(TO, WIRE).await.code(), "250", "{script:?} {commands:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_too_many_is_found_out_before_the_mail_is_sent() {
    let hop = FakeHop::new(vec![("MAIL", Act::Say("250 a\r\n250 b\r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nDATA\r\n").await;
    for code in ["250", "250", "354"] {
        assert_eq!(client.reply().await.code(), code);
    }
    client.send(WIRE).await;
    assert!(client.reply().await.has("451 4.3.0"));
    assert!(hop.mails().is_empty() && !hop.has_seen("DATA"));
}

#[tokio::test]
async fn a_next_hop_that_knows_no_pipelining_is_asked_in_lock_step() {
    const LOCK_STEP: &str = "250-hop.example\r\n250 SIZE 10240000\r\n";
    let hop = FakeHop::with(vec![("MAIL", Act::Say("550 5.1.8 no\r\n"))], LOCK_STEP, None).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nNOOP\r\n").await;
    for code in ["550", "503", "250"] {
        assert_eq!(client.reply().await.code(), code);
    }
    assert_eq!(hop.commands(), ["MAIL FROM:<a@b.example>"]);
}

#[tokio::test]
async fn many_recipients_are_asked_in_groups() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let to: String = (0..600).map(|n| format!("RCPT TO:<nguoi.nhan.{n}@outside.example>\r\n")).collect();
    client.send(format!("MAIL FROM:<a@b.example>\r\n{to}DATA\r\n")).await;
    for n in 0..=600 {
        assert_eq!(client.reply().await.code(), "250", "{n}");
    }
    assert_eq!(client.reply().await.code(), "354");
    client.send(WIRE).await;
    assert_eq!(client.reply().await.code(), "250");
    assert_eq!(hop.commands().iter().filter(|command| command.starts_with("RCPT")).count(), 600);
}
