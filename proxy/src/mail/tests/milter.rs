//! A mail server that asks over the milter protocol, byte by byte. All people and numbers are invented.

use std::sync::Arc;

use chot_config::{MilterQuarantine, Network, Rate, SenderLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::harness::{FakeHop, Gateway, PATIENCE, Setup};
use crate::drain::Drain;
use crate::mail::milter::{Listener, Milter, serve};

const OUTSIDE: &str = "<b@outside.example>";
const PARTNER: &str = "<c@x.partner.example>";
const EVERYTHING: [u32; 3] = [6, 0x1ff, 0x1f_ffff];
const NUMBER: &str = "001090123456";

/// The gateway, a listener for milters, and what keeps them.
struct Asked {
    gateway: Gateway,
    drain: Drain,
    address: std::net::SocketAddr,
}

async fn asked(change: impl FnOnce(&mut Setup)) -> Asked {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.trusted = vec![Network { address: [127, 0, 0, 0].into(), prefix: 8 }];
    change(&mut setup);
    let settings = setup.settings.clone();
    let gateway = setup.start().await;
    let milter = Milter::new(gateway.mail.gate.clone(), &settings, Some(Arc::clone(&gateway.mail)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (drain, session) = Drain::new();
    tokio::spawn(serve(Arc::new(milter), Listener::Address(listener), session));
    Asked { gateway, drain, address }
}

impl Asked {
    async fn server(&self) -> MailServer {
        self.server_with(EVERYTHING).await.0
    }

    /// A mail server that has agreed on terms, and the terms.
    async fn server_with(&self, offer: [u32; 3]) -> (MailServer, [u32; 3]) {
        let mut server = MailServer { io: TcpStream::connect(self.address).await.expect("connected"), has: [0; 3] };
        server.say(b'O', &offer.map(u32::to_be_bytes).concat()).await;
        let (letter, terms) = server.hear().await.expect("terms");
        assert_eq!((letter, terms.len()), (b'O', 12));
        let number = |at: usize| u32::from_be_bytes(terms[at..at + 4].try_into().expect("four"));
        server.has = [number(0), number(4), number(8)];
        let has = server.has;
        (server, has)
    }

    async fn records(self) -> Vec<String> {
        assert!(self.drain.finish(PATIENCE).await, "conversations stay");
        self.gateway.records().await
    }
}

struct MailServer {
    io: TcpStream,
    has: [u32; 3],
}

impl MailServer {
    async fn say(&mut self, letter: u8, data: &[u8]) {
        let len = u32::try_from(data.len() + 1).expect("short");
        let packet = [&len.to_be_bytes()[..], &[letter], data].concat();
        timeout(PATIENCE, self.io.write_all(&packet)).await.expect("taken").expect("sent");
    }

    /// `None` when the connection is closed instead.
    async fn hear(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut len = [0; 4];
        timeout(PATIENCE, self.io.read_exact(&mut len)).await.expect("an answer").ok()?;
        let mut packet = vec![0; u32::from_be_bytes(len) as usize];
        self.io.read_exact(&mut packet).await.ok()?;
        let data = packet.split_off(1);
        Some((packet[0], data))
    }

    /// Says something that is answered unless that was agreed away; the answer.
    async fn ask(&mut self, letter: u8, data: &[u8]) -> String {
        let no_reply = match letter {
            b'C' => 0x1000,
            b'L' => 0x80,
            b'N' => 0x4_0000,
            b'B' => 0x8_0000,
            _ => 0,
        };
        self.say(letter, data).await;
        if self.has[2] & no_reply != 0 {
            return "c".to_owned();
        }
        let (letter, data) = self.hear().await.expect("an answer");
        format!("{}{}", char::from(letter), String::from_utf8_lossy(&data))
    }

    async fn client(&mut self, address: &str) {
        let client = format!("pc.example\x004\x01\x02{address}\0");
        assert_eq!(self.ask(b'C', client.as_bytes()).await, "c");
    }

    async fn envelope(&mut self, to: &[&str]) {
        self.say(b'D', b"Mi\x004XyZ\0{auth_authen}\0an.nguyen\0").await;
        assert_eq!(self.ask(b'M', b"<an@x.inside.example>\0SIZE=100\0").await, "c");
        for to in to {
            assert_eq!(self.ask(b'R', format!("{to}\0").as_bytes()).await, "c");
        }
    }

    /// The content, and everything said at its end.
    async fn content(&mut self, fields: &[(&str, &str)], body: &str) -> Vec<String> {
        for (name, value) in fields {
            assert_eq!(self.ask(b'L', format!("{name}\0{value}\0").as_bytes()).await, "c");
        }
        assert_eq!(self.ask(b'N', b"").await, "c");
        for piece in body.as_bytes().chunks(7) {
            assert_eq!(self.ask(b'B', piece).await, "c");
        }
        self.end().await
    }

    async fn end(&mut self) -> Vec<String> {
        self.say(b'E', b"").await;
        let mut said = Vec::new();
        loop {
            let (letter, data) = self.hear().await.expect("an answer");
            said.push(format!("{}{}", char::from(letter), String::from_utf8_lossy(&data).replace('\0', "|")));
            if b"acdrty".contains(&letter) {
                return said;
            }
        }
    }

    async fn is_closed(&mut self) -> bool {
        self.hear().await.is_none()
    }
}

const PLAIN: [(&str, &str); 2] = [("From", " an@x.inside.example"), ("Subject", " Lich hop")];

#[tokio::test]
async fn terms_are_what_is_offered_and_useful() {
    let asked = asked(|_| {}).await;
    for (offer, terms) in [
        (EVERYTHING, [6, 0x33, 0x1c_1382]),
        ([7, 0xffff_ffff, 0xffff_ffff], [6, 0x33, 0x1c_1382]),
        ([2, 0x01, 0x7f], [2, 0x01, 0x02]),
        ([6, 0, 0], [6, 0, 0]),
    ] {
        assert_eq!(asked.server_with(offer).await.1, terms, "{offer:x?}");
    }
    for garbage in [
        &b"\0\0\0\x01Q"[..],
        b"\0\0\0\x03M<>",
        b"\0\0\0\x0dO\0\0\0\x01\0\0\0\0\0\0\0\0",
        b"EHLO gateway.example\r\n",
        b"\xff\xff\xff\xffO",
    ] {
        let mut server = MailServer { io: TcpStream::connect(asked.address).await.expect("connected"), has: [0; 3] };
        server.io.write_all(garbage).await.expect("sent");
        assert!(server.is_closed().await, "{garbage:?}");
    }
    let records = asked.records().await;
    assert!(!records.is_empty() && records.iter().all(|r| r == "refusal: not-a-milter-client"), "{records:?}");
}

#[tokio::test]
async fn what_may_leave_is_given_back_as_it_is() {
    for offer in [EVERYTHING, [6, 0x1ff, 0], [2, 0x3f, 0x7f]] {
        let asked = asked(|_| {}).await;
        let (mut server, _) = asked.server_with(offer).await;
        server.client("10.1.2.3").await;
        for _ in 0..2 {
            server.envelope(&[OUTSIDE]).await;
            let said = server.content(&PLAIN, "Kinh gui\r\n").await;
            let [header, last] = said.as_slice() else { panic!("{said:?}") };
            assert!(header.starts_with("hX-Chot-Decision|") && last == "a", "{said:?}");
        }
        server.say(b'Q', b"").await;
        assert!(server.is_closed().await);
        let told = "delivered: given back to the mail server as 4XyZ";
        assert_eq!(asked.records().await, ["allow", told, "allow", told]);
    }
}

#[tokio::test]
async fn what_may_not_leave_is_refused_in_words_for_its_sender() {
    let asked = asked(|_| {}).await;
    let mut server = asked.server().await;
    server.client("10.1.2.3").await;
    server.envelope(&["<d@x.inside.example>", OUTSIDE]).await;
    let said = server.content(&PLAIN, &format!("CCCD {NUMBER}\r\n")).await;
    let [reply] = said.as_slice() else { panic!("{said:?}") };
    assert!(reply.starts_with("y550-5.7.1 Thu bi chan") && !reply.contains(NUMBER), "{reply}");
    let lines: Vec<_> = reply.trim_start_matches('y').trim_end_matches('|').split("\r\n").collect();
    let (last, others) = lines.split_last().expect("lines");
    assert!(last.starts_with("550 5.7.1 ") && others.iter().all(|line| line.starts_with("550-5.7.1 ")), "{lines:?}");
    drop(server);
    let Asked { gateway, drain, .. } = asked;
    assert!(drain.finish(PATIENCE).await);
    let decisions = gateway.decisions().await;
    let of = |pointer: &str| decisions[0].pointer(pointer).cloned().unwrap_or_default();
    for (pointer, expected) in [
        ("/channel", "milter"),
        ("/client", "10.1.2.3"),
        ("/account", "an.nguyen"),
        ("/account_source", "smtp-auth"),
        ("/verdict/action", "block"),
        ("/destination/recipients/1", "b@outside.example"),
    ] {
        assert_eq!(of(pointer), expected, "{pointer}");
    }
}

#[tokio::test]
async fn what_is_masked_is_said_as_changes() {
    let asked = asked(|_| {}).await;
    // With the space behind the colon, and without.
    for (offer, space) in [(EVERYTHING, " "), ([6, 0x1ff, 0x7f], "")] {
        let (mut server, _) = asked.server_with(offer).await;
        server.client("10.1.2.3").await;
        server.envelope(&[PARTNER]).await;
        let value = |text: &str| format!("{space}{text}");
        let subject = value(&format!("so dinh danh\n\tCCCD {NUMBER}"));
        let (from, forged) = (value("an@x.inside.example"), value("forged"));
        let fields = [("From", from.as_str()), ("X-Chot-Decision", &forged), ("Subject", &subject)];
        let said = server.content(&fields, &format!("CCCD {NUMBER}\r\nhet\r\n")).await;
        let [changed, gone, body, _, last] = said.as_slice() else { panic!("{said:?}") };
        let number = |text: &str| text.contains(NUMBER);
        let masked = format!("m|||\u{1}Subject|{space}so dinh danh\n\tCCCD ");
        assert!(changed.starts_with(&masked), "{changed:?}");
        assert_eq!((gone.as_str(), last.as_str()), ("m|||\u{1}X-Chot-Decision||", "a"));
        assert!(body.starts_with("bCCCD ") && body.ends_with("\r\nhet\r\n"), "{body:?}");
        assert!(!said.iter().any(|text| number(text)), "{said:?}");
    }
    // A mail server that lets nothing be changed.
    let (mut server, _) = asked.server_with([6, 0x01, 0x7f]).await;
    server.envelope(&[PARTNER]).await;
    let said = server.content(&PLAIN, &format!("CCCD {NUMBER}\r\n")).await;
    assert!(said.len() == 1 && said[0].starts_with("y550-5.7.1"), "{said:?}");
    drop(server);
    let told = "delivered: given back to the mail server as 4XyZ";
    assert_eq!(asked.records().await, ["redact", told, "redact", told, "block", "refused: told 550 5.7.1"]);
}

const PLATES: &str = "Bien so xe: 29A-123.45, bien so 30F-678.90.\r\n";

#[tokio::test]
async fn what_waits_for_a_person_is_on_hold_there_or_here() {
    let there = asked(|_| {}).await;
    let mut server = there.server().await;
    server.envelope(&[OUTSIDE]).await;
    let said = server.content(&PLAIN, PLATES).await;
    let [_, hold, last] = said.as_slice() else { panic!("{said:?}") };
    assert!(hold.starts_with("qchot decision ") && last == "a", "{said:?}");
    // One that cannot hold anything.
    let (mut server, _) = there.server_with([6, 0x13, 0x7f]).await;
    server.envelope(&[OUTSIDE]).await;
    assert!(server.content(&PLAIN, PLATES).await[0].starts_with("y550-"));
    drop(server);
    let records = there.records().await;
    assert_eq!(records, ["quarantine", "held: on hold at the mail server", "block", "refused: told 550 5.7.1"]);

    let here = asked(|setup| setup.settings.milter_quarantine = MilterQuarantine::Own).await;
    let mut server = here.server().await;
    server.envelope(&[OUTSIDE]).await;
    assert_eq!(server.content(&PLAIN, PLATES).await, ["d"]);
    let waiting = here.gateway.mail.quarantined().await.expect("listed");
    assert!(waiting.contains("<an@x.inside.example>") && waiting.contains("b@outside.example"), "{waiting}");
    std::fs::remove_dir_all(here.gateway.spool.path().join("quarantine")).expect("removed");
    server.envelope(&[OUTSIDE]).await;
    assert!(server.content(&PLAIN, PLATES).await[0].starts_with("y451 4.3.0"));
    drop(server);
    let failed = "failed: it could not be put in quarantine";
    assert_eq!(here.records().await, ["quarantine", "held: in quarantine, told 250", "quarantine", failed]);
}

#[tokio::test]
async fn mails_that_end_badly() {
    let asked = asked(|setup| setup.settings.size_max = 70_000).await;
    let mut server = asked.server().await;
    server.envelope(&[OUTSIDE]).await;
    assert!(server.content(&[("Received", " x"); 31], "x").await[0].starts_with("y554 5.4.6"));
    server.envelope(&[OUTSIDE]).await;
    server.say(b'L', b"Subject\0 x\0").await;
    for _ in 0..2 {
        server.say(b'B', &[b'x'; 40_000]).await;
    }
    assert!(server.end().await[0].starts_with("y552 5.3.4"));
    // Forgotten, and the next one is a mail of its own.
    server.envelope(&[PARTNER]).await;
    server.say(b'L', format!("Subject\0 CCCD {NUMBER}\0").as_bytes()).await;
    server.say(b'A', b"").await;
    server.envelope(&[OUTSIDE]).await;
    assert_eq!(server.content(&PLAIN, "").await.last().expect("a word"), "a");
    // Content without an envelope, and an end without anything.
    for letter in *b"LE" {
        let mut server = asked.server().await;
        server.say(letter, b"Subject\0 x\0").await;
        assert!(server.is_closed().await);
    }
    // One that leaves.
    let (mut server, _) = asked.server_with([6, 0x1ff, 0]).await;
    server.envelope(&[OUTSIDE]).await;
    assert_eq!(server.ask(b'L', b"Subject\0 x\0").await, "c");
    drop(server);
    let expected = [
        "mail-loop",
        "too-large",
        "aborted",
        "allow",
        "delivered",
        "not-a-milter-client",
        "not-a-milter-client",
        "aborted",
    ];
    let records = asked.records().await;
    assert_eq!(records.len(), expected.len(), "{records:?}");
    assert!(records.iter().zip(expected).all(|(record, word)| record.contains(word)), "{records:?}");
}

#[tokio::test]
async fn without_a_record_nothing_is_given_back() {
    let asked = asked(|_| {}).await;
    let mut server = asked.server().await;
    server.envelope(&[OUTSIDE]).await;
    asked.gateway.disk.set_free_bytes(0);
    assert!(server.content(&PLAIN, "x").await[0].starts_with("y451 4.3.0"));
}

#[tokio::test]
async fn senders_are_bounded_and_zones_split() {
    let asked = asked(|setup| {
        let mails = Rate { per_minute: Some(1), per_day: None };
        let recipients = Rate { per_minute: None, per_day: Some(2) };
        setup.settings.limits = SenderLimits { mails, recipients, ..SenderLimits::default() };
        setup.settings.split_zones = vec![Network { address: [10, 1, 2, 0].into(), prefix: 24 }];
    })
    .await;
    let mut server = asked.server().await;
    server.client("10.1.2.3").await;
    server.envelope(&[OUTSIDE]).await;
    assert!(server.ask(b'R', format!("{PARTNER}\0").as_bytes()).await.starts_with("y452 4.5.3"));
    assert_eq!(server.ask(b'R', b"<e@outside.example>\0").await, "c");
    assert!(server.ask(b'R', b"<f@outside.example>\0").await.starts_with("y450 4.7.1"));
    server.say(b'A', b"").await;
    server.say(b'D', b"M{auth_authen}\0an.nguyen\0").await;
    assert!(server.ask(b'M', b"<an@x.inside.example>\0").await.starts_with("y450 4.7.1"));
    drop(server);
    assert_eq!(asked.records().await, ["refusal: sender-recipients", "refusal: sender-mails"]);
}

#[tokio::test]
async fn strangers_are_not_spoken_to() {
    let asked = asked(|setup| setup.settings.trusted = Vec::new()).await;
    let mut server = MailServer { io: TcpStream::connect(asked.address).await.expect("connected"), has: [0; 3] };
    assert!(server.is_closed().await);
    drop(server);
    assert_eq!(asked.records().await, ["refusal: client-not-listed"]);
}
