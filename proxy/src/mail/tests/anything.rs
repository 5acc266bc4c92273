//! Whatever a client says, in whatever order and pieces: every command has its reply, the next hop hears a proper
//! dialogue, and every 250 to a mail is a mail delivered.

use proptest::prelude::*;
use proptest::sample::select;

use super::harness::{FakeHop, Gateway};

const SAYINGS: &[&str] = &[
    "EHLO client.example",
    "HELO client",
    "MAIL FROM:<a@b.example>",
    "MAIL FROM:<> SIZE=100",
    "MAIL FROM:<a@b.example> XYZ=1",
    "RCPT TO:<b@x.inside.example>",
    "RCPT TO:<c@outside.example>",
    "RCPT TO:<@c:d@e>",
    "DATA",
    "DATA",
    "RSET",
    "NOOP",
    "VRFY b",
    "AUTH PLAIN AGFuAGI=",
    "AUTH FOO",
    "STARTTLS",
    "BDAT 3\r\na",
    "BDAT 3 LAST\r\nb",
];

const MAILS: &[&str] =
    &["Subject: x\r\n\r\nhop luc 14 gio\r\n.\r\n", ".\r\n", "CCCD 001090123456\r\n.\r\n", "a\nb\r\n.\r\n"];

/// Whether the next hop was spoken to as RFC 5321 §4.1.4 wants.
fn is_proper(commands: &[String]) -> bool {
    let (mut open, mut recipients, mut in_data) = (false, 0, false);
    commands.iter().all(|command| {
        let verb = command.split(' ').next().unwrap_or_default();
        let fits = match verb {
            "MAIL" => !open && !in_data,
            "RCPT" => open && !in_data,
            "DATA" => open && recipients > 0 && !in_data,
            "(dot)" => in_data,
            "AUTH" => !open && !in_data,
            _ => !in_data,
        };
        match verb {
            "MAIL" => (open, recipients) = (true, 0),
            "RCPT" => recipients += 1,
            "DATA" => in_data = true,
            "RSET" | "(dot)" => (open, in_data) = (false, false),
            _ => {}
        }
        fits
    })
}

/// One saying, or those of a whole mail: by chance alone they seldom come in order.
fn sayings() -> impl Strategy<Value = Vec<&'static str>> {
    let inside = vec!["MAIL FROM:<a@b.example>", "RCPT TO:<b@x.inside.example>", "DATA"];
    let outside = vec!["MAIL FROM:<a@b.example>", "RCPT TO:<c@outside.example>", "DATA"];
    let one = select(SAYINGS).prop_map(|saying| vec![saying]);
    let part = prop_oneof![one, select(vec![inside, outside])];
    proptest::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

async fn talk(
    said: Vec<&'static str>,
    mut mails: impl Iterator<Item = &'static str>,
    cut: usize,
) -> Result<(), TestCaseError> {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    let mut delivered = 0;
    for saying in said {
        let line = format!("{saying}\r\n");
        for piece in line.as_bytes().chunks(cut) {
            client.send(piece).await;
        }
        let mut reply = client.reply().await;
        if reply.code() == "354" {
            for piece in mails.next().unwrap_or_default().as_bytes().chunks(cut) {
                client.send(piece).await;
            }
            reply = client.reply().await;
            delivered += usize::from(reply.code() == "250");
        } else if saying.contains("LAST") {
            delivered += usize::from(reply.code() == "250");
        }
        if reply.code() == "421" {
            break;
        }
    }
    drop(client);
    let records = gateway.records().await;
    prop_assert!(is_proper(&hop.dialogue()), "{:?}", hop.dialogue());
    prop_assert_eq!(hop.mails().len(), delivered);
    prop_assert_eq!(records.iter().filter(|record| *record == "delivered: 250").count(), delivered);
    prop_assert!(records.iter().all(|record| !record.starts_with("in_doubt")), "{:?}", records);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    #[test]
    fn whatever_is_said_the_dialogue_stays_proper(
        said in sayings(),
        first in 0..MAILS.len(),
        cut in 1usize..30,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        runtime.block_on(talk(said, MAILS.iter().copied().cycle().skip(first), cut))?;
    }
}

#[test]
fn an_improper_dialogue_is_told_from_a_proper_one() {
    for (commands, proper) in [
        (&["MAIL", "RCPT", "DATA", "(dot)", "MAIL"][..], true),
        (&["MAIL", "MAIL"], false),
        (&["MAIL", "DATA"], false),
        (&["RCPT"], false),
        (&["MAIL", "RCPT", "DATA", "RSET"], false),
        (&["MAIL", "RCPT", "RSET", "MAIL"], true),
    ] {
        let commands: Vec<_> = commands.iter().map(|command| (*command).to_owned()).collect();
        assert_eq!(is_proper(&commands), proper, "{commands:?}");
    }
}
