//! Mails that come in chunks (RFC 3030): what the next hop receives, and where commands go on.

use super::harness::{Client, FakeHop, Gateway, Setup};

const TO: &str = "b@x.inside.example";

/// MAIL, RCPT, chunks with their commands; the codes of the answers to the chunks.
async fn say(client: &mut Client, to: &str, chunks: &[(&str, &str)]) -> Vec<String> {
    client.envelope(to).await;
    let mut codes = Vec::new();
    for (command, chunk) in chunks {
        client.send(format!("{command}\r\n{chunk}")).await;
        codes.push(client.reply().await.code().to_owned());
    }
    codes
}

/// What the next hop received behind our own lines.
fn received(hop: &FakeHop, n: usize) -> String {
    let mail = hop.mails().get(n).expect("a mail").clone();
    let (_, behind) = mail.split_once("X-Chot-Decision: ").expect("our line");
    behind.split_once("\r\n").expect("its end").1.to_owned()
}

#[tokio::test]
async fn chunks_become_one_mail() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    for (n, (chunks, wire)) in [
        (&[("BDAT 14 LAST", "Subject: x\r\n\r\n")][..], "Subject: x\r\n\r\n"),
        // A dot is a dot, stuffed on the way out.
        (&[("BDAT 3", ".\r\n"), ("BDAT 4 LAST", "..\r\n")], "..\r\n...\r\n"),
        // Split inside CR LF and inside what would be an end.
        (&[("BDAT 2", "a\r"), ("BDAT 3", "\n.\r"), ("BDAT 2", "\nb"), ("BDAT 0 LAST", "")], "a\r\n..\r\nb\r\n"),
        // The last line is completed.
        (&[("BDAT 1 LAST", "a")], "a\r\n"),
        (&[("BDAT 0", ""), ("bdat 0 last", "")], ""),
        // What looks like commands is content.
        (&[("BDAT 14 LAST", "QUIT\r\n.\r\nRSET")], "QUIT\r\n..\r\nRSET\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let chunks: Vec<_> = chunks.iter().map(|(command, chunk)| (*command, *chunk)).collect();
        let chunks: Vec<_> = chunks
            .iter()
            .map(|(command, chunk)| {
                let verb = command.split(' ').nth(1).expect("a length");
                (command.replacen(verb, &chunk.len().to_string(), 1), *chunk)
            })
            .collect();
        let chunks: Vec<_> = chunks.iter().map(|(command, chunk)| (command.as_str(), *chunk)).collect();
        let codes = say(&mut client, TO, &chunks).await;
        assert!(codes.iter().all(|code| code == "250"), "{chunks:?}: {codes:?}");
        assert_eq!(received(&hop, n), wire, "{chunks:?}");
    }
}

#[tokio::test]
async fn everything_may_be_said_at_once() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let mail = "MAIL FROM:<a@b.example>\r\nRCPT TO:<b@x.inside.example>\r\nBDAT 4\r\nA: 1BDAT 6 LAST\r\n\r\n\r\nb\r";
    // The last chunk ends in a CR without LF: refused; the next mail is fine.
    client.send(format!("{mail}{}QUIT\r\n", mail.replace("b\r", "b!"))).await;
    for code in ["250", "250", "250", "550", "250", "250", "250", "250", "221"] {
        assert_eq!(client.reply().await.code(), code);
    }
    assert_eq!(received(&hop, 0), "A: 1\r\n\r\nb!\r\n");
}

#[tokio::test]
async fn one_byte_at_a_time_changes_nothing() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.envelope(TO).await;
    for byte in b"BDAT 5\r\na\r\n.\rBDAT 2 LAST\r\n\nb" {
        client.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!((client.reply().await.code(), client.reply().await.code()), ("250", "250"));
    assert_eq!(received(&hop, 0), "a\r\n..\r\nb\r\n");
}

#[tokio::test]
async fn a_chunk_is_read_to_its_end_whatever_becomes_of_it() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.size_max = 40;
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    // Without a transaction, and without recipients.
    client.send("BDAT 6 LAST\r\nQUIT\r\n").await;
    assert_eq!(client.reply().await.code(), "503");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "250");
    client.send("BDAT 6 LAST\r\nQUIT\r\n").await;
    assert_eq!(client.reply().await.code(), "554");
    assert_eq!(client.ask("RSET").await.code(), "250");
    for (chunks, codes) in [
        (&[("BDAT 3", "a\nb"), ("BDAT 6", "QUIT\r\n"), ("BDAT 6 LAST", "QUIT\r\n")][..], &["550", "550", "550"][..]),
        (&[("BDAT 2", "a\0"), ("BDAT 0 LAST", "")], &["550", "550"]),
        (&[("BDAT 1", "a"), ("BDAT 42", &"x".repeat(42)), ("BDAT 2 LAST", "y\n")], &["250", "552", "552"]),
        (
            &[("BDAT 1", "a"), ("DATA", ""), ("RCPT TO:<c@x.inside.example>", ""), ("RSET", "")],
            &["250", "503", "503", "250"],
        ),
        (&[("BDAT 1", "a"), ("MAIL FROM:<c@b.example>", ""), ("EHLO again", "")], &["250", "503", "250"]),
    ] {
        assert_eq!(say(&mut client, TO, chunks).await, codes, "{chunks:?}");
    }
    assert!(hop.mails().is_empty());
    assert_eq!(say(&mut client, TO, &[("BDAT 3 LAST", "a\r\n")]).await, ["250"]);
}

#[tokio::test]
async fn a_chunk_of_unknown_length_ends_the_session() {
    for line in ["BDAT", "BDAT x", "BDAT -1", "BDAT 0x5 LAST", "BDAT 99999999999999999999 LAST", "BDAT 3 LAST now"] {
        let hop = FakeHop::usual().await;
        let gateway = Gateway::before(&hop).await;
        let mut client = gateway.greeted().await;
        client.envelope(TO).await;
        client.send(format!("{line}\r\nMAIL FROM:<smuggled@b.example>\r\n")).await;
        assert_eq!(client.reply().await.code(), "501", "{line}");
        assert!(client.is_closed().await, "{line}");
    }
}

#[tokio::test]
async fn chunks_are_judged_like_any_mail() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let (head, tail) = ("Subject: x\r\n\r\nCCCD 00109", "0123456 cua anh Thu Nghiem\r\n");
    let first = format!("BDAT {}", head.len());
    let last = format!("BDAT {} LAST", tail.len());
    let chunks = [(first.as_str(), head), (last.as_str(), tail)];
    assert_eq!(say(&mut client, "b@outside.example", &chunks).await, ["250", "550"]);
    assert_eq!(say(&mut client, "b@x.partner.example", &chunks).await, ["250", "250"]);
    assert!(!received(&hop, 0).contains("001090123456") && received(&hop, 0).contains("cua anh Thu Nghiem"));
    drop(client);
    assert_eq!(gateway.records().await, ["block", "refused: told 550 5.7.1", "redact", "delivered: 250"]);
}

#[tokio::test]
async fn a_client_that_leaves_between_chunks_leaves_nothing_behind() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(say(&mut client, TO, &[("BDAT 1", "a")]).await, ["250"]);
    client.send("BDAT 9 LAST\r\nabc").await;
    client.hang_up().await;
    hop.sees("RSET").await;
    assert_eq!(gateway.records().await, ["refusal: aborted"]);
    assert!(hop.mails().is_empty());
}
