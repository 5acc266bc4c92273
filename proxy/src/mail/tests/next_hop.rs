//! What becomes of a mail when the next hop fails, wherever it fails: the failure matrix.
//!
//! The rule behind all rows: the client gets a 250 only when the next hop gave one, and a mail whose dot was sent
//! once is never sent again by us.

use std::time::Duration;

use super::harness::{Act, EHLO, FakeHop, Gateway, PATIENCE, Setup};

const WIRE: &str = "Subject: x\r\n\r\nhop luc 14 gio\r\n.\r\n";
const TO: &str = "b@outside.example";

#[tokio::test]
async fn nobody_there_is_421_and_never_554() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    setup.settings.next_hop = Some(listener.local_addr().expect("an address").to_string());
    drop(listener);
    let gateway = setup.start().await;
    let mut client = gateway.connect_silently().await;
    assert!(client.reply().await.has("421 4.3.2"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_next_hop_that_does_not_greet_well_is_none() {
    for act in [
        Act::Say("421 4.3.2 busy\r\n"),
        Act::Say("554 no service\r\n"),
        Act::Say("HTTP/1.1 400 Bad Request\r\n"),
        Act::Say("220-hop\r\n221 hop\r\n"),
        Act::SayAndClose("220-half"),
        Act::Close,
        Act::Silence,
    ] {
        let hop = FakeHop::new(vec![("greeting", act.clone())]).await;
        let mut setup = Setup::new(&hop);
        if matches!(act, Act::Silence) {
            setup.limits.greeting = Duration::from_millis(200);
        }
        let gateway = setup.start().await;
        let mut client = gateway.connect_silently().await;
        assert!(client.reply().await.has("421 4.3.2"), "{act:?}");
        assert!(client.is_closed().await, "{act:?}");
    }
}

#[tokio::test]
async fn a_next_hop_without_esmtp_will_do() {
    let hop = FakeHop::new(vec![("EHLO", Act::Say("502 what?\r\n")), ("greeting", Act::Drip("220 ****\r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    let ehlo = client.ask("EHLO client.example").await;
    assert!(!ehlo.has("8BITMIME") && !ehlo.has("AUTH") && ehlo.has("PIPELINING"), "{ehlo:?}");
    assert_eq!(client.mail(TO, WIRE).await.code(), "250");
}

#[tokio::test]
async fn the_matrix_of_data() {
    for (when, act, reply, outcome) in [
        ("DATA", Act::Say("451 4.3.0 later\r\n"), "451 4.3.0 later\r\n", "refused: the next hop refused DATA with 451"),
        ("DATA", Act::Say("554 5.7.1 no\r\n"), "554 5.7.1 no\r\n", "refused: the next hop refused DATA with 554"),
        ("DATA", Act::Say("250 2.0.0 ok?\r\n"), "451 4.3.0", "failed: the next hop answered DATA with 250"),
        ("DATA", Act::Say("what?\r\n"), "451 4.3.0", "failed: the next hop answered garbage"),
        // Without its dot a mail was not sent, and goes over another connection.
        ("DATA", Act::Close, "250 2.0.0 queued as 42\r\n", "delivered: 250"),
        ("DATA", Act::Silence, "451 4.4.2", "failed: the next hop did not answer in time"),
        ("dot", Act::Say("250-a\r\n250 b\r\n"), "250-a\r\n250 b\r\n", "delivered: 250"),
        ("dot", Act::Drip("250 slowly\r\n"), "250 slowly\r\n", "delivered: 250"),
        (
            "dot",
            Act::Say("550 5.7.1 spam\r\n"),
            "550 5.7.1 spam\r\n",
            "refused: the next hop refused the mail with 550",
        ),
        (
            "dot",
            Act::Say("452 4.3.1 full\r\n"),
            "452 4.3.1 full\r\n",
            "refused: the next hop refused the mail with 452",
        ),
        ("dot", Act::Say("354 go on\r\n"), "451 4.3.0", "in_doubt: the next hop answered the mail with 354"),
        ("dot", Act::Say("150 well\r\n"), "451 4.3.0", "in_doubt: the next hop answered the mail with 150"),
        ("dot", Act::Say("250-a\r\n550 b\r\n"), "451 4.3.0", "in_doubt: the next hop answered garbage"),
        ("dot", Act::Say("250 bare\n"), "451 4.3.0", "in_doubt: the next hop answered garbage"),
        ("dot", Act::SayAndClose("250-half\r\n"), "451 4.4.2", "in_doubt: the next hop closed the connection"),
        ("dot", Act::Close, "451 4.4.2", "in_doubt: the next hop closed the connection"),
        ("dot", Act::Silence, "451 4.4.2", "in_doubt: the next hop did not answer in time"),
    ] {
        let hop = FakeHop::new(vec![(when, act.clone())]).await;
        let mut setup = Setup::new(&hop);
        // Only where the time must run out: a busy machine may be slow to answer, too.
        let is_silent = matches!(act, Act::Silence);
        if is_silent && when == "DATA" {
            setup.limits.data_start = Duration::from_millis(500);
        } else if is_silent {
            setup.limits.data_end = Duration::from_millis(500);
        }
        let gateway = setup.start().await;
        let mut client = gateway.greeted().await;
        let said = client.mail(TO, WIRE).await;
        assert!(said.0.starts_with(reply), "{when} {act:?}: {said:?}");
        assert!(hop.mails().len() <= 1, "{when} {act:?}: sent again");
        // The client's session goes on, over a new connection where the old one is lost.
        assert_eq!(client.mail(TO, WIRE).await.code(), "250", "{when} {act:?}");
        drop(client);
        assert_eq!(gateway.records().await, ["allow", outcome, "allow", "delivered: 250"], "{when} {act:?}");
    }
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_of_a_mail() {
    let hop = FakeHop::new(vec![("block", Act::Close)]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let wire = format!("Subject: x\r\n\r\n{}.\r\n", "hop luc 14 gio\r\n".repeat(60_000));
    assert_eq!(client.mail(TO, &wire).await.code(), "250");
    let dots = hop.dialogue().iter().filter(|line| *line == "(dot)").count();
    assert_eq!((hop.mails().len(), dots), (2, 1));
    assert!(hop.mails()[1].ends_with(wire.strip_suffix(".\r\n").expect("a dot")));
    drop(client);
    assert_eq!(gateway.records().await, ["allow", "delivered: 250"]);
}

#[tokio::test]
async fn one_more_try_and_not_two() {
    let hop = FakeHop::new(vec![("DATA", Act::Close), ("DATA", Act::Close)]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert!(client.mail(TO, WIRE).await.has("451 4.4.2"));
    assert_eq!(client.mail(TO, WIRE).await.code(), "250");
    let verbs: Vec<_> = hop.commands().iter().map(|c| c.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(verbs, ["MAIL", "RCPT", "DATA"].repeat(3));
    drop(client);
    let records = gateway.records().await;
    assert_eq!(records, ["allow", "failed: the next hop closed the connection", "allow", "delivered: 250"]);
}

#[tokio::test]
async fn another_try_needs_every_recipient() {
    let ok = || Act::Say("250 2.1.5 ok\r\n");
    let hop = FakeHop::new(vec![("DATA", Act::Close), ("RCPT", ok()), ("RCPT", Act::Say("451 4.7.1 later\r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert!(client.mail(TO, WIRE).await.has("451 4.4.2"));
    assert!(hop.mails().is_empty());
}

#[tokio::test]
async fn a_connection_serves_the_next_client_unless_it_is_bound_or_blamed() {
    for (command, is_kept) in [("NOOP", true), ("AUTH PLAIN AGFuAGI=", false), ("MAIL FROM:<a@b.example>", false)] {
        let hop = FakeHop::usual().await;
        let gateway = Gateway::before(&hop).await;
        let mut first = gateway.greeted().await;
        assert_eq!(first.mail(TO, WIRE).await.code(), "250");
        first.ask(command).await;
        first.ask("QUIT").await;
        assert!(first.is_closed().await);
        // The connection is put away after the client is gone.
        let put_away = async {
            while gateway.idle() == 0 && !hop.has_quit() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, put_away).await.expect("put away");
        assert_eq!(gateway.idle() == 1, is_kept, "{command}");
        let mut second = gateway.greeted().await;
        assert_eq!(second.mail(TO, WIRE).await.code(), "250");
        assert_eq!(hop.has_seen("RSET"), is_kept, "{command}");
    }
}

#[tokio::test]
async fn a_connection_that_was_kept_is_reset_before_anything_else_is_said() {
    const POOR: &str = "250-hop.example\r\n250 AUTH PLAIN\r\n";
    for (ehlo, first, begin) in [
        (EHLO, "MAIL", &["RSET", "MAIL"][..]),
        (EHLO, "AUTH", &["RSET", "AUTH", "MAIL"]),
        (POOR, "MAIL", &["RSET", "MAIL"]),
    ] {
        let hop = FakeHop::with(Vec::new(), ehlo, None).await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        assert_eq!(client.mail(TO, WIRE).await.code(), "250");
        client.ask("QUIT").await;
        kept(&gateway).await;
        let told = hop.commands().len();
        let mut client = gateway.greeted().await;
        if first == "AUTH" {
            assert_eq!(client.ask("AUTH PLAIN AGFuAGI=").await.code(), "235");
        }
        assert_eq!(client.mail(TO, WIRE).await.code(), "250");
        let commands = hop.commands();
        let verbs: Vec<_> = commands[told..].iter().map(|c| c.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(verbs, [begin, &["RCPT", "DATA"]].concat());
    }
}

async fn kept(gateway: &Gateway) {
    let kept = async {
        while gateway.idle() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("kept");
}

#[tokio::test]
async fn a_kept_connection_that_died_is_not_used() {
    for act in [Act::Close, Act::Say("500 no\r\n"), Act::Say("what?\r\n"), Act::Silence] {
        let hop = FakeHop::new(vec![("RSET", act.clone())]).await;
        let gateway = Gateway::before(&hop).await;
        for _ in 0..2 {
            let mut client = gateway.greeted().await;
            assert_eq!(client.mail(TO, WIRE).await.code(), "250", "{act:?}");
            client.ask("QUIT").await;
            kept(&gateway).await;
        }
        assert!(hop.has_seen("RSET"), "{act:?}");
        assert_eq!(hop.mails().len(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn a_421_is_passed_on_and_ends_the_session() {
    for when in ["MAIL", "RCPT", "DATA", "dot"] {
        let hop = FakeHop::new(vec![(when, Act::SayAndClose("421 4.3.2 leaving\r\n"))]).await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        client.send("MAIL FROM:<a@b.example>\r\n").await;
        let mut said = client.reply().await;
        for next in ["RCPT TO:<b@outside.example>\r\n", "DATA\r\n", WIRE] {
            if said.code() != "421" {
                client.send(next).await;
                said = client.reply().await;
            }
        }
        assert_eq!(said.0, "421 4.3.2 leaving\r\n", "{when}");
        assert!(client.is_closed().await, "{when}");
    }
}

#[tokio::test]
async fn a_connection_lost_between_commands_is_451_until_the_transaction_ends() {
    let hop = FakeHop::new(vec![("RCPT", Act::Say("250 2.1.5 a\r\n")), ("RCPT", Act::Close)]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<a@c.example>\r\nRCPT TO:<b@c.example>\r\nRCPT TO:<c@c.example>\r\nDATA\r\n").await;
    for code in ["250", "250", "451", "451", "451"] {
        assert_eq!(client.reply().await.code(), code);
    }
    assert_eq!(client.mail(TO, WIRE).await.code(), "250");
}

#[tokio::test]
async fn garbage_in_reply_to_a_command_is_451() {
    for (when, act) in [
        ("MAIL", Act::Say("354 what\r\n")),
        ("MAIL", Act::Say("ok\r\n")),
        ("RCPT", Act::Say("250-a\r\n251 b\r\n")),
        // One reply too many would be taken for the answer to the next command.
        ("MAIL", Act::Say("250 a\r\n250 b\r\n")),
    ] {
        let hop = FakeHop::new(vec![(when, act.clone())]).await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        let said = [client.ask("MAIL FROM:<a@b.example>").await, client.ask("RCPT TO:<b@c.example>").await];
        assert!(said.iter().any(|said| said.has("451 4.3.0")), "{act:?}: {said:?}");
        assert!(!hop.has_seen("DATA"));
    }
}

#[tokio::test]
async fn a_next_hop_that_refuses_rset_is_connected_anew() {
    let hop = FakeHop::new(vec![("RSET", Act::Say("500 no\r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope(TO).await;
    assert_eq!(client.ask("RSET").await.code(), "250");
    assert_eq!(client.mail(TO, WIRE).await.code(), "250");
}

#[tokio::test]
async fn a_reply_before_the_dot_is_a_refusal_or_nothing() {
    for (early, reply, outcome) in [
        (
            "354 go\r\n550 5.7.1 enough\r\n",
            "550 5.7.1 enough\r\n",
            "refused: the next hop refused the mail early with 550",
        ),
        ("354 go\r\n250 2.0.0 have it\r\n", "451 4.3.0", "failed: the next hop answered garbage"),
    ] {
        let hop = FakeHop::new(vec![("DATA", Act::Say(early))]).await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        assert!(client.mail(TO, WIRE).await.0.starts_with(reply), "{early:?}");
        assert!(!hop.has_seen("(dot)"), "{early:?}");
        assert_eq!(client.mail(TO, WIRE).await.code(), "250");
        drop(client);
        assert_eq!(gateway.records().await, ["allow", outcome, "allow", "delivered: 250"]);
    }
}

#[tokio::test]
async fn a_next_hop_that_left_meanwhile_is_connected_anew() {
    for act in [Act::SayAndClose("250 2.0.0 and bye\r\n"), Act::SayAndClose("250 2.0.0 ok\r\n421 4.4.2 idle\r\n")] {
        let hop = FakeHop::new(vec![("dot", act)]).await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        assert_eq!(client.mail(TO, WIRE).await.code(), "250");
        hop.hung_up().await;
        assert_eq!(client.mail(TO, WIRE).await.code(), "250");
    }
}
