//! What becomes of a mail by what it says and how it is written.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::harness::{Act, FakeHop, Gateway, PATIENCE, Setup};
use crate::mail::data::LINE_BYTES_MAX;

const INNOCENT: &str = "Subject: Lich hop\r\n\r\nChieu nay hop luc 14 gio.\r\n.\r\n";
const TELLING: &str = "Subject: CCCD 001090123456\r\n\r\nCCCD 001090123456 cua anh Thu Nghiem\r\n.\r\n";

#[tokio::test]
async fn an_innocent_mail_passes_with_our_trace_and_nothing_else_changed() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let reply = client.mail("b@outside.example", INNOCENT).await;
    assert_eq!(reply.0, "250 2.0.0 queued as 42\r\n");
    let mail = &hop.mails()[0];
    assert!(mail.starts_with("Received: by ") && mail.contains("\r\nX-Chot-Decision: "), "{mail}");
    assert!(mail.ends_with(INNOCENT.strip_suffix(".\r\n").expect("a dot")));
    assert!(!mail.contains("127.0.0.1") && !mail.contains("client.example"), "{mail}");
    assert_eq!(gateway.records().await, ["allow", "delivered: 250"]);
}

#[tokio::test]
async fn a_refused_mail_never_starts_and_its_sender_is_told_the_number() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let reply = client.mail("b@outside.example", TELLING).await;
    assert!(reply.0.starts_with("550-5.7.1 Thu bi chan, ma quyet dinh "), "{reply:?}");
    assert!(reply.0.is_ascii() && reply.has("Khong gui so dinh danh") && reply.has("Identifiers do not leave."));
    assert!(reply.0.lines().last().expect("a line").starts_with("550 5.7.1 "), "{reply:?}");
    assert!(!reply.has("001090123456"));
    assert_eq!(hop.commands().last().map(String::as_str), Some("RSET"));
    // Both sides can go on.
    assert_eq!(client.mail("b@outside.example", INNOCENT).await.code(), "250");
    assert_eq!(hop.mails().len(), 1);
    let decisions = gateway.decisions().await;
    let id = decisions[0]["id"].as_str().expect("a number");
    assert!(
        reply.0.lines().next().expect("a line").contains(id) && reply.0.lines().last().expect("a line").contains(id)
    );
    assert!(!decisions[0].to_string().contains("001090123456"));
}

#[tokio::test]
async fn a_refusal_is_recorded_with_its_outcome() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    gateway.greeted().await.mail("b@outside.example", TELLING).await;
    assert_eq!(gateway.records().await, ["block", "refused: told 550 5.7.1"]);
}

#[tokio::test]
async fn a_redacted_mail_is_delivered_with_the_mask() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let wire = "Subject: x\r\n\r\nCCCD 001090123456 cua anh Thu Nghiem\r\n.\r\n";
    assert_eq!(client.mail("b@x.partner.example", wire).await.code(), "250");
    let mail = &hop.mails()[0];
    assert!(!mail.contains("001090123456") && mail.contains("cua anh Thu Nghiem"), "{mail}");
    assert_eq!(gateway.records().await, ["redact", "delivered: 250"]);
}

#[tokio::test]
async fn what_one_text_of_a_mail_tells_is_masked_in_the_other() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let wire = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
                --b\r\nContent-Type: text/plain\r\n\r\nanh Thu Nghiem 7912345671, may le 24/7\r\n\
                --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>BHXH: 7912345671</p>\r\n--b--\r\n.\r\n";
    assert_eq!(client.mail("b@x.partner.example", wire).await.code(), "250");
    let mail = &hop.mails()[0];
    assert!(!mail.contains("7912345671") && mail.contains("anh Thu Nghiem **********, may le 24/7"), "{mail}");
    assert_eq!(gateway.records().await, ["redact", "delivered: 250"]);
}

#[tokio::test]
async fn inside_the_same_mail_passes_as_it_is() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    assert_eq!(gateway.greeted().await.mail("b@x.inside.example", TELLING).await.code(), "250");
    assert!(hop.mails()[0].contains("\r\n\r\nCCCD 001090123456"));
}

#[tokio::test]
async fn a_mail_says_whether_two_readers_see_two_mails_where_it_shall() {
    let plain = "Subject: x\r\nX-Chot-Ambiguity: forged\r\n\r\nxin chao\r\n.\r\n";
    let twice =
        "Subject: x\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\neGlu\r\n.\r\n";
    for (tells, wire, told) in [
        (true, plain, Some("X-Chot-Ambiguity: none\r\n")),
        (true, twice, Some("X-Chot-Ambiguity: ambiguous\r\n")),
        (false, plain, None),
        (false, twice, None),
    ] {
        let hop = FakeHop::usual().await;
        let mut setup = Setup::new(&hop);
        setup.settings.ambiguity_header = tells;
        let gateway = setup.start().await;
        assert_eq!(gateway.greeted().await.mail("b@x.inside.example", wire).await.code(), "250");
        let mail = &hop.mails()[0];
        let (header, _) = mail.split_once("\r\n\r\n").expect("a header");
        let fields: Vec<_> = header.split_inclusive("\r\n").filter(|line| line.contains("Ambiguity")).collect();
        assert_eq!(fields, Vec::from_iter(told), "{mail}");
    }
}

#[tokio::test]
async fn a_number_in_the_envelope_counts_too() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let reply = gateway.greeted().await.mail("cccd-001090123456@outside.example", INNOCENT).await;
    assert_eq!(reply.code(), "550", "{reply:?}");
}

/// Ends of mail that some servers believe in and others do not.
const FALSE_ENDS: [&str; 10] =
    ["\n.\n", "\n.\r\n", "\r\n.\n", "\n.\r", "\r.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n.\r\r\n", "\r\r\n.\r\r\n"];

#[tokio::test]
async fn only_the_real_end_is_an_end() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    for candidate in FALSE_ENDS {
        let wire = format!("Subject: x\r\n\r\na{candidate}MAIL FROM:<smuggled@x.example>\r\n.\r\n");
        let reply = client.mail("b@x.inside.example", &wire).await;
        assert!(reply.has("550 5.5.2"), "{candidate:?}: {reply:?}");
    }
    for candidate in ["\r\n\0.\r\n", "\0"] {
        let reply = client.mail("b@x.inside.example", &format!("a{candidate}b\r\n.\r\n")).await;
        assert!(reply.has("550 5.6.0"), "{candidate:?}: {reply:?}");
    }
    assert!(hop.mails().is_empty());
    assert!(gateway.records().await.iter().all(|record| record.starts_with("refusal: ")));
}

/// The same sequences from a client whose line ends are mended: one mail each, all of it content.
#[tokio::test]
async fn where_line_ends_are_mended_only_the_real_end_is_an_end() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.mend_lines = setup.settings.clients.clone();
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    for (n, candidate) in FALSE_ENDS.into_iter().enumerate() {
        let wire = format!("Subject: x\n\na{candidate}MAIL FROM:<smuggled@x.example>\r\n.\r\n");
        assert_eq!(client.mail("b@x.inside.example", &wire).await.code(), "250", "{candidate:?}");
        let mail = &hop.mails()[n];
        assert!(
            mail.contains("\r\n\r\na\r\n") && mail.ends_with("\r\n..\r\nMAIL FROM:<smuggled@x.example>\r\n")
                || mail.ends_with("\r\n..\r\n\r\nMAIL FROM:<smuggled@x.example>\r\n"),
            "{candidate:?}: {mail:?}"
        );
        assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "{candidate:?}: {mail:?}");
    }
    assert_eq!(client.ask("NOOP\n").await.code(), "250");
    assert!(!hop.has_seen("MAIL FROM:<smuggled"));
}

#[tokio::test]
async fn the_final_dot_may_be_split_anywhere() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    for cut in 1..=5 {
        client.envelope("b@x.inside.example").await;
        client.ask("DATA").await;
        let (head, tail) = INNOCENT.split_at(INNOCENT.len() - cut);
        client.send(head).await;
        for byte in tail.bytes() {
            tokio::task::yield_now().await;
            client.send([byte]).await;
        }
        assert_eq!(client.reply().await.code(), "250", "{cut}");
    }
    assert_eq!(hop.mails().len(), 5);
}

#[tokio::test]
async fn odd_mails_arrive_as_they_are() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let long = format!("\r\n{}\r\n.\r\n", "x".repeat(LINE_BYTES_MAX));
    for wire in [
        ".\r\n",
        "\r\n.\r\n",
        "\r\n..\r\n...a\r\n.\r\n",
        &long,
        "no header, no empty line\r\n.\r\n",
        "\r\nTiếng Việt\r\n.\r\n",
    ] {
        assert_eq!(client.mail("b@x.inside.example", wire).await.code(), "250");
        let mail = hop.mails().pop().expect("a mail");
        assert!(mail.ends_with(wire.strip_suffix(".\r\n").expect("a dot")), "{mail:.200}");
    }
    let longer = format!("{}\r\n.\r\n", "x".repeat(LINE_BYTES_MAX + 1));
    assert!(client.mail("b@x.inside.example", &longer).await.has("550 5.6.0"));
}

/// SIZE is what a client expects of its mail (RFC 1870 §6.1), and bounds nothing.
#[tokio::test]
async fn a_mail_longer_than_was_said_arrives_whole() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("MAIL FROM:<an.nguyen@x.inside.example> SIZE=1").await.code(), "250");
    assert_eq!(client.ask("RCPT TO:<b@x.inside.example>").await.code(), "250");
    assert_eq!(client.ask("DATA").await.code(), "354");
    let content = format!("Subject: x\r\n\r\n{}", "xin chao\r\n".repeat(500));
    client.send(format!("{content}.\r\n")).await;
    assert_eq!(client.reply().await.code(), "250");
    assert!(hop.mails()[0].ends_with(&content));
}

#[tokio::test]
async fn a_mail_too_large_is_read_to_its_end_and_refused() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let wire = format!("{}.\r\n", "0123456789 0123456789\r\n".repeat(60_000));
    assert!(client.mail("b@x.inside.example", &wire).await.has("552 5.3.4"));
    assert_eq!(client.mail("b@x.inside.example", INNOCENT).await.code(), "250");
    assert_eq!(hop.mails().len(), 1);
    assert_eq!(gateway.records().await[0], "refusal: too-large");
}

#[tokio::test]
async fn a_large_mail_arrives_whole() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let body = "..dong bat dau bang dau cham\r\nva mot dong nua\r\n".repeat(10_000);
    assert_eq!(client.mail("b@x.inside.example", &format!("\r\n{body}.\r\n")).await.code(), "250");
    assert!(hop.mails()[0].ends_with(&format!("\r\n\r\n{body}")));
}

#[tokio::test]
async fn forged_lines_are_taken_out_and_loops_end() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let wire = "A: 1\r\nX-Chot-Decision: forged\r\n forged too\r\nB: 2\r\n\r\nX-Chot-Decision: body\r\n.\r\n";
    assert_eq!(client.mail("b@x.inside.example", wire).await.code(), "250");
    let mail = &hop.mails()[0];
    assert!(mail.ends_with("\r\nA: 1\r\nB: 2\r\n\r\nX-Chot-Decision: body\r\n") && !mail.contains("forged"), "{mail}");
    let wire = format!("{}\r\nx\r\n.\r\n", "Received: by a.example\r\n".repeat(31));
    assert!(client.mail("b@x.inside.example", &wire).await.has("554 5.4.6"));
}

#[tokio::test]
async fn bytes_behind_data_come_too_early() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.send("DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n").await;
    assert_eq!(client.reply().await.code(), "503");
    assert!(client.is_closed().await);
    assert!(hop.mails().is_empty());
    assert_eq!(gateway.records().await, ["refusal: pipelined-data"]);
}

#[tokio::test]
async fn nothing_leaves_when_it_cannot_be_recorded() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    gateway.disk.set_free_bytes(0);
    assert!(client.mail("b@x.inside.example", INNOCENT).await.has("451 4.3.0"));
    assert!(hop.mails().is_empty() && !hop.has_seen("DATA"));
    assert_eq!(hop.commands().last().map(String::as_str), Some("RSET"));
}

#[tokio::test]
async fn nothing_leaves_when_it_cannot_be_held() {
    for wire in [INNOCENT.to_owned(), format!("\r\n{}.\r\n", "hop luc 14 gio\r\n".repeat(10_000))] {
        let hop = FakeHop::usual().await;
        let mut setup = Setup::new(&hop);
        setup.memory = 0;
        let gateway = setup.start().await;
        std::fs::remove_dir_all(gateway.spool.path()).expect("removed");
        let mut client = gateway.greeted().await;
        assert!(client.mail("b@x.inside.example", &wire).await.has("451 4.3.0"));
        assert!(!hop.has_seen("DATA") && hop.has_seen("RSET"));
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_dot_sent_nothing() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    client.send("Subject: x\r\n\r\nhalf a ma").await;
    client.hang_up().await;
    assert_eq!(gateway.records().await, ["refusal: aborted"]);
    assert!(hop.mails().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_behind_the_dot_will_send_again() {
    let allowed = Arc::new(Notify::new());
    let hop = FakeHop::new(vec![("NOOP", Act::Await(Arc::clone(&allowed)))]).await;
    let mut setup = Setup::new(&hop);
    setup.limits.keep_alive = Duration::from_millis(1);
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    // While the gateway waits for the next hop, the client says all it has and leaves.
    hop.sees("NOOP").await;
    client.send(INNOCENT).await;
    client.half_close().await;
    allowed.notify_one();
    assert!(client.reply().await.has("451 4.4.2"));
    assert!(hop.mails().is_empty());
    assert_eq!(gateway.records().await, ["allow", "aborted: client gone before the mail was sent"]);
}

#[tokio::test]
async fn a_client_that_leaves_while_its_mail_is_sent_on_has_the_dot_withheld() {
    let allowed = Arc::new(Notify::new());
    let hop = FakeHop::new(vec![("DATA", Act::Await(Arc::clone(&allowed)))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    client.send(INNOCENT).await;
    hop.sees("DATA").await;
    client.hang_up().await;
    allowed.notify_one();
    assert_eq!(gateway.records().await, ["allow", "aborted: client gone before the final dot was sent"]);
    assert!(!hop.has_seen("(dot)"));
}

#[tokio::test]
async fn a_client_that_leaves_behind_the_sent_dot_has_its_mail_delivered() {
    let allowed = Arc::new(Notify::new());
    let hop = FakeHop::new(vec![("dot", Act::Await(Arc::clone(&allowed)))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    client.send(INNOCENT).await;
    hop.sees("(dot)").await;
    client.hang_up().await;
    allowed.notify_one();
    assert_eq!(gateway.records().await, ["allow", "delivered: 250, client gone"]);
}

#[tokio::test]
async fn draining_finishes_a_mail_that_is_held() {
    let allowed = Arc::new(Notify::new());
    let hop = FakeHop::new(vec![("dot", Act::Await(Arc::clone(&allowed)))]).await;
    let mut gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    client.send(INNOCENT).await;
    hop.sees("(dot)").await;
    let drained = tokio::spawn(gateway.drain.take().expect("not drained yet").finish(PATIENCE));
    tokio::task::yield_now().await;
    allowed.notify_one();
    assert_eq!(client.reply().await.code(), "250");
    assert_eq!(client.reply().await.code(), "421");
    assert!(drained.await.expect("no panic"));
}

#[tokio::test]
async fn a_client_that_has_said_quit_may_close_its_half() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    client.send(format!("{INNOCENT}QUIT\r\n")).await;
    client.half_close().await;
    assert_eq!(client.reply().await.code(), "250");
    assert_eq!(client.reply().await.code(), "221");
    assert_eq!(gateway.records().await, ["allow", "delivered: 250"]);
}

#[tokio::test]
async fn a_mail_that_drips_is_cut_off() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.limits.slow_after = Duration::from_millis(500);
    setup.limits.keep_alive = Duration::from_millis(1);
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    client.envelope("b@x.inside.example").await;
    client.ask("DATA").await;
    client.send("Subject: x\r\n\r\n").await;
    assert!(client.reply().await.has("421 4.4.2"));
    assert!(client.is_closed().await);
    assert!(hop.has_seen("NOOP") && hop.mails().is_empty(), "{:?}", hop.commands());
}

#[tokio::test]
async fn a_refusal_in_utf8_where_the_client_asked_for_it() {
    let ehlo = "250-hop.example\r\n250 SMTPUTF8\r\n";
    let hop = FakeHop::with(vec![("RCPT", Act::Say("250 2.1.5 được\r\n"))], ehlo, None).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("MAIL FROM:<thư@x.inside.example> SMTPUTF8").await.code(), "250");
    assert_eq!(client.ask("RCPT TO:<bạn@outside.example>").await.0, "250 2.1.5 được\r\n");
    client.ask("DATA").await;
    client.send(TELLING).await;
    let reply = client.reply().await;
    assert!(reply.has("Không gửi số định danh ra ngoài."), "{reply:?}");
}
