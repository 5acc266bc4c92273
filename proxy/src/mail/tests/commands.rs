//! What the client may say, in which state, and what is passed on of it.

use std::time::Duration;

use chot_config::{Rate, SenderLimits};

use super::harness::{Act, FakeHop, Gateway, Setup};
use crate::mail::rcpt::RECIPIENTS_MAX;

#[tokio::test]
async fn only_listed_networks_are_served() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.clients = vec![chot_config::Network { address: [10, 0, 0, 0].into(), prefix: 8 }];
    let gateway = setup.start().await;
    for _ in 0..3 {
        let mut client = gateway.connect_silently().await;
        let refused = client.reply().await;
        assert!(refused.has("554 5.7.1"), "{refused:?}");
        assert!(client.is_closed().await);
    }
    assert!(hop.commands().is_empty());
    assert_eq!(gateway.records().await, ["refusal: client-not-listed"]);
}

#[tokio::test]
async fn a_sender_may_send_so_much() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    let mails = Rate { per_minute: Some(3), per_day: None };
    let recipients = Rate { per_minute: None, per_day: Some(4) };
    setup.settings.limits = SenderLimits { sessions: Some(2), mails, recipients, ..SenderLimits::default() };
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    // The clock stands still: every window stays open.
    for (commands, codes) in [
        (&["MAIL FROM:<a@b.example>", "RCPT TO:<b@c.example>", "RCPT TO:<c@c.example>", "RSET"][..], "250 250 250 250"),
        (
            &[
                "MAIL FROM:<a@b.example>",
                "RCPT TO:<b@c.example>",
                "RCPT TO:<c@c.example>",
                "RCPT TO:<d@c.example>",
                "RSET",
            ],
            "250 250 250 450 250",
        ),
        (&["MAIL FROM:<a@b.example>", "RSET", "MAIL FROM:<a@b.example>"], "250 250 450"),
    ] {
        let mut said = Vec::new();
        for command in commands {
            said.push(client.ask(command).await.code().to_owned());
        }
        assert_eq!(said.join(" "), codes, "{commands:?}");
    }
    // Another who is known by name is another sender.
    assert_eq!(client.ask("AUTH PLAIN AGFuAGI=").await.code(), "235");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "250");
    let _second = gateway.connect().await;
    let mut third = gateway.connect_silently().await;
    assert!(third.reply().await.has("421 4.7.0"));
    assert!(third.is_closed().await);
    drop((client, _second));
    let reasons = gateway.records().await;
    assert_eq!(reasons, ["refusal: sender-recipients", "refusal: sender-mails", "refusal: sender-sessions"]);
}

#[tokio::test]
async fn a_sender_may_come_so_often() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.limits.connections = Rate { per_minute: Some(2), per_day: None };
    let gateway = setup.start().await;
    for _ in 0..2 {
        assert_eq!(gateway.greeted().await.ask("QUIT").await.code(), "221");
    }
    let mut third = gateway.connect_silently().await;
    assert!(third.reply().await.has("421 4.7.0"));
    assert!(third.is_closed().await);
    assert_eq!(gateway.records().await, ["refusal: sender-connections"]);
}

#[tokio::test]
async fn ehlo_offers_ours_and_theirs() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    let ehlo = client.ask("EHLO client.example").await;
    for line in ["PIPELINING", "SIZE 1048576", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN\r\n"] {
        assert!(ehlo.has(line), "{line} in {ehlo:?}");
    }
    for line in ["SMTPUTF8", "DSN", "STARTTLS", "PLUS"] {
        assert!(!ehlo.has(line), "{line} in {ehlo:?}");
    }
}

#[tokio::test]
async fn a_helo_client_sends_mail() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    assert_eq!(client.ask("HELO client").await.0.lines().count(), 1);
    assert_eq!(client.mail("b@x.inside.example", "Subject: a\r\n\r\nb\r\n.\r\n").await.code(), "250");
    assert!(hop.mails()[0].contains(" with SMTP id "), "{:?}", hop.mails());
}

#[tokio::test]
async fn commands_out_of_order_are_told_so_and_not_passed_on() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    for (command, code) in [
        ("MAIL FROM:<a@b.example>", "503"),
        ("RCPT TO:<a@b.example>", "503"),
        ("DATA", "503"),
        ("EHLO client.example", "250"),
        ("RCPT TO:<a@b.example>", "503"),
        ("DATA", "503"),
        ("STARTTLS", "502"),
        ("RSET", "250"),
        ("NOOP", "250"),
        ("VRFY an", "252"),
        ("HELP", "214"),
        ("EXPN list", "502"),
        ("BDAT 0 LAST", "503"),
    ] {
        assert_eq!(client.ask(command).await.code(), code, "{command}");
    }
    assert!(hop.commands().is_empty(), "{:?}", hop.commands());
}

#[tokio::test]
async fn a_transaction_is_one_at_a_time() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    for (command, code) in [
        ("MAIL FROM:<>", "250"),
        ("MAIL FROM:<a@b.example>", "503"),
        ("AUTH PLAIN AGEAYg==", "503"),
        ("DATA", "554"),
        ("RCPT TO:<postmaster>", "250"),
        ("RSET", "250"),
        ("DATA", "503"),
        ("MAIL FROM:<\"a b\"@b.example> SIZE=10 BODY=8BITMIME", "250"),
        ("EHLO again.example", "250"),
        ("RCPT TO:<a@b.example>", "503"),
        ("MAIL FROM:<a@b.example>", "250"),
    ] {
        assert_eq!(client.ask(command).await.code(), code, "{command}");
    }
    let expected = [
        "MAIL FROM:<>",
        "RCPT TO:<postmaster>",
        "RSET",
        "MAIL FROM:<\"a b\"@b.example> SIZE=1034 BODY=8BITMIME",
        "RSET",
        "MAIL FROM:<a@b.example>",
    ];
    assert_eq!(hop.commands(), expected);
}

#[tokio::test]
async fn bad_arguments_are_refused_here() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    for (command, code) in [
        ("MAIL FROM:<a@b.example> XYZ=1", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> SIZE=9999999", "552 5.3.4"),
        ("MAIL FROM:<a@b.example> SIZE=-1", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> SMTPUTF8", "555 5.5.4"),
        ("MAIL FROM:<thư@b.example>", "553 5.6.7"),
        ("MAIL FROM:a@b.example", "501 5.1.7"),
        ("MAIL FROM:<@c.example:a@b.example>", "553 5.1.7"),
        ("EHLO", "501 5.5.4"),
        ("WHAT", "500 5.5.2"),
    ] {
        let mut client = gateway.greeted().await;
        let said = client.ask(command).await;
        assert!(said.0.starts_with(code), "{command}: {said:?}");
    }
    let mut client = gateway.greeted().await;
    client.ask("MAIL FROM:<a@b.example>").await;
    for (command, code) in
        [("RCPT TO:<>", "501 5.1.3"), ("RCPT TO:<@c:a@b>", "553 5.1.3"), ("RCPT TO:<bạn@b.example>", "553 5.6.7")]
    {
        let said = client.ask(command).await;
        assert!(said.0.starts_with(code), "{command}: {said:?}");
    }
    assert_eq!(hop.commands(), ["MAIL FROM:<a@b.example>"]);
}

#[tokio::test]
async fn the_next_hops_words_are_passed_on_unchanged() {
    let hop = FakeHop::new(vec![
        ("MAIL", Act::Say("550-5.7.1 not you\r\n550 5.7.1 go away\r\n")),
        ("MAIL", Act::Say("451 4.7.1 greylisted, come back\r\n")),
        ("RCPT", Act::Say("550 5.1.1 no such user\r\n")),
        ("RCPT", Act::Drip("250-2.1.5 fine\r\n250 2.1.5 will forward\r\n")),
    ])
    .await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.0, "550-5.7.1 not you\r\n550 5.7.1 go away\r\n");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.0, "451 4.7.1 greylisted, come back\r\n");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "250");
    assert_eq!(client.ask("RCPT TO:<x@y.example>").await.0, "550 5.1.1 no such user\r\n");
    assert!(client.ask("DATA").await.has("554 5.5.1"));
    assert_eq!(client.ask("RCPT TO:<z@y.example>").await.0, "250-2.1.5 fine\r\n250 2.1.5 will forward\r\n");
}

#[tokio::test]
async fn ten_senseless_commands_end_the_session() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    for _ in 0..10 {
        assert_eq!(client.ask("GET / HTTP/1.1").await.code(), "500");
    }
    assert_eq!(client.reply().await.code(), "421");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn lines_end_in_cr_lf() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    for line in ["NOOP\nRSET\r\n", "NO\rOP\r\n", "NO\0OP\r\n"] {
        let mut client = gateway.greeted().await;
        client.send(line).await;
        assert_eq!(client.reply().await.code(), "500", "{line:?}");
        assert!(client.is_closed().await, "{line:?}");
    }
}

#[tokio::test]
async fn a_command_of_a_mebibyte_is_refused_and_the_session_goes_on() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask(&format!("NOOP {}", "x".repeat(1 << 20))).await.code(), "500");
    assert_eq!(client.ask("NOOP").await.code(), "250");
}

#[tokio::test]
async fn a_pipelined_group_of_a_hundred_is_answered_in_order() {
    let hop =
        FakeHop::new((0..98).map(|n| ("RCPT", Act::Say(["250 2.1.5 a\r\n", "550 5.1.1 b\r\n"][n % 2]))).collect())
            .await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let mut group = "MAIL FROM:<a@b.example>\r\n".to_owned();
    (0..98).for_each(|n| group.push_str(&format!("RCPT TO:<r{n}@y.inside.example>\r\n")));
    group.push_str("DATA\r\n");
    client.send(group).await;
    assert_eq!(client.reply().await.code(), "250");
    for n in 0..98 {
        assert_eq!(client.reply().await.0, ["250 2.1.5 a\r\n", "550 5.1.1 b\r\n"][n % 2]);
    }
    assert_eq!(client.reply().await.code(), "354");
    client.send("x\r\n.\r\nNOOP\r\nMAIL FROM:<c@b.example>\r\nQUIT\r\n").await;
    for code in ["250", "250", "250", "221"] {
        assert_eq!(client.reply().await.code(), code);
    }
    assert!(client.is_closed().await);
    let recipients = gateway.decisions().await[0]["destination"]["recipients"].as_array().expect("a list").len();
    assert_eq!(recipients, 49);
}

#[tokio::test]
async fn a_group_behind_a_refused_mail_does_not_end_the_session() {
    let hop = FakeHop::new(vec![("MAIL", Act::Say("550 5.7.1 not you\r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let recipients = "RCPT TO:<b@c.example>\r\n".repeat(30);
    client.send(format!("MAIL FROM:<a@b.example>\r\n{recipients}DATA\r\n")).await;
    assert_eq!(client.reply().await.code(), "550");
    for _ in 0..31 {
        assert_eq!(client.reply().await.code(), "503");
    }
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "250");
    for _ in 0..30 {
        assert_eq!(client.ask("RCPT TO:<not an address>").await.code(), "501");
    }
    assert_eq!(client.ask("RCPT TO:<b@x.inside.example>").await.code(), "250");
}

#[tokio::test]
async fn what_follows_quit_is_not_heard() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.send("QUIT\r\nMAIL FROM:<a@b.example>\r\n").await;
    assert_eq!(client.reply().await.code(), "221");
    assert!(client.is_closed().await);
    assert!(hop.commands().is_empty());
}

#[tokio::test]
async fn recipients_beyond_the_cap_come_later() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.ask("MAIL FROM:<a@b.example>").await;
    for n in 0..RECIPIENTS_MAX {
        assert_eq!(client.ask(&format!("RCPT TO:<r{n}@y.inside.example>")).await.code(), "250");
    }
    assert!(client.ask("RCPT TO:<more@y.inside.example>").await.has("452 4.5.3"));
    client.ask("DATA").await;
    client.send("x\r\n.\r\n").await;
    assert_eq!(client.reply().await.code(), "250");
    assert_eq!(hop.commands().iter().filter(|line| line.starts_with("RCPT")).count(), RECIPIENTS_MAX);
}

#[tokio::test]
async fn one_byte_at_a_time_is_as_good_as_all_at_once() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    let send = async |client: &mut super::harness::Client, text: &str| {
        for byte in text.bytes() {
            client.send([byte]).await;
            tokio::task::yield_now().await;
        }
    };
    send(&mut client, "EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<r@y.inside.example>\r\nDATA\r\n").await;
    for code in ["250", "250", "250", "354"] {
        assert_eq!(client.reply().await.code(), code);
    }
    send(&mut client, "Subject: x\r\n\r\n..dot\r\n.\r\n").await;
    assert_eq!(client.reply().await.code(), "250");
    assert!(hop.mails()[0].ends_with("Subject: x\r\n\r\n..dot\r\n"));
}

#[tokio::test]
async fn a_silent_client_is_let_go() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.limits.command = Duration::from_millis(50);
    let gateway = setup.start().await;
    let mut client = gateway.connect().await;
    assert!(client.reply().await.has("421 4.4.2"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn draining_tells_waiting_clients_to_come_back() {
    let hop = FakeHop::usual().await;
    let mut gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let drain = gateway.drain.take().expect("not drained yet");
    let drained = tokio::spawn(drain.finish(super::harness::PATIENCE));
    assert!(client.reply().await.has("421 4.3.2"));
    assert!(client.is_closed().await);
    assert!(drained.await.expect("no panic"));
}
