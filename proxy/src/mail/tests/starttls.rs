//! TLS on each leg, and bytes that try to cross from plain text into it.

use std::path::PathBuf;
use std::sync::Arc;

use chot_config::{ClientTls, Network, NextHopTls};
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt as _;

use super::harness::{Act, Client, EHLO, FakeHop, Setup};
use crate::mail::{Door, tls};

const OFFERS_TLS: &str = "250-hop.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n";
const WIRE: &str = "Subject: x\r\n\r\nx\r\n.\r\n";

/// A certificate for 127.0.0.1 and localhost, its key, and their folder.
struct Pair {
    _dir: tempfile::TempDir,
    cert: PathBuf,
    key: PathBuf,
}

fn pair() -> Pair {
    let dir = tempfile::tempdir().expect("a folder");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    Pair { _dir: dir, cert, key }
}

#[tokio::test]
async fn the_clients_leg_begins_anew_under_tls() {
    let (hop, pair) = (FakeHop::usual().await, pair());
    let mut setup = Setup::new(&hop);
    (setup.settings.cert, setup.settings.key) = (Some(pair.cert.clone()), Some(pair.key.clone()));
    let gateway = setup.start().await;
    let mut client = gateway.connect().await;
    assert_eq!(client.ask("STARTTLS").await.code(), "503");
    assert!(client.ask("EHLO client.example").await.has("STARTTLS"));
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "250");
    assert_eq!(client.ask("STARTTLS").await.code(), "503");
    assert_eq!(client.ask("RSET").await.code(), "250");
    assert_eq!(client.ask("STARTTLS").await.code(), "220");
    secure(&mut client, &pair.cert).await;
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "503");
    let ehlo = client.ask("EHLO client.example").await;
    assert!(!ehlo.has("STARTTLS") && ehlo.has("AUTH"), "{ehlo:?}");
    assert_eq!(client.ask("STARTTLS").await.code(), "503");
    assert_eq!(client.mail("b@x.inside.example", WIRE).await.code(), "250");
    assert!(hop.mails()[0].contains(" with ESMTPS id "));
    assert!(!hop.has_seen("STARTTLS"));
}

/// A client that trusts the certificate speaks TLS from here on.
async fn secure(client: &mut Client, cert: &PathBuf) {
    let config = tls::client(NextHopTls::Verify, std::slice::from_ref(cert)).expect("a config").expect("TLS");
    let name = ServerName::try_from("localhost").expect("a name");
    let io = client.io.take().expect("connected");
    let io = tokio_rustls::TlsConnector::from(config).connect(name, io).await.expect("a handshake");
    client.io = Some(Box::new(io));
}

#[tokio::test]
async fn where_tls_comes_first_nothing_is_said_before() {
    let (hop, pair) = (FakeHop::usual().await, pair());
    let mut setup = Setup::new(&hop);
    (setup.settings.cert, setup.settings.key) = (Some(pair.cert.clone()), Some(pair.key.clone()));
    (setup.door, setup.settings.client_tls) = (Door::Secure, ClientTls::Require);
    let gateway = setup.start().await;
    let mut client = gateway.connect_silently().await;
    secure(&mut client, &pair.cert).await;
    assert_eq!(client.reply().await.code(), "220");
    let ehlo = client.ask("EHLO client.example").await;
    assert!(!ehlo.has("STARTTLS") && ehlo.has("AUTH"), "{ehlo:?}");
    assert_eq!(client.ask("AUTH PLAIN AGFuAGI=").await.code(), "235");
    assert_eq!(client.mail("b@x.inside.example", WIRE).await.code(), "250");
    assert!(hop.mails()[0].contains(" with ESMTPSA id "));
    // Who speaks in the clear hears an alert of TLS (RFC 8446 §6) and nothing else.
    let mut plain = gateway.connect_silently().await;
    plain.send("EHLO client.example\r\n").await;
    let mut said = Vec::new();
    let _ = plain.io.as_mut().expect("connected").read_to_end(&mut said).await;
    assert!(said.is_empty() || said.starts_with(&[21, 3]) && said.len() == 7, "{said:?}");
    assert_eq!(client.ask("QUIT").await.code(), "221");
}

#[tokio::test]
async fn strangers_are_not_worth_a_handshake() {
    let (hop, pair) = (FakeHop::usual().await, pair());
    let mut setup = Setup::new(&hop);
    (setup.settings.cert, setup.settings.key) = (Some(pair.cert.clone()), Some(pair.key.clone()));
    setup.door = Door::Secure;
    setup.settings.clients = vec![Network { address: [192, 0, 2, 0].into(), prefix: 24 }];
    let gateway = setup.start().await;
    let mut stranger = gateway.connect_silently().await;
    let mut said = Vec::new();
    let _ = stranger.io.as_mut().expect("connected").read_to_end(&mut said).await;
    assert!(said.is_empty());
    assert_eq!(gateway.records().await, ["refusal: client-not-listed"]);
}

#[tokio::test]
async fn bytes_injected_behind_starttls_end_the_session() {
    let (hop, pair) = (FakeHop::usual().await, pair());
    let mut setup = Setup::new(&hop);
    (setup.settings.cert, setup.settings.key) = (Some(pair.cert.clone()), Some(pair.key.clone()));
    let gateway = setup.start().await;
    let mut client = gateway.greeted().await;
    client.send("STARTTLS\r\nMAIL FROM:<injected@b.example>\r\n").await;
    assert_eq!(client.reply().await.code(), "503");
    assert!(client.is_closed().await);
    assert!(hop.commands().is_empty());
    assert_eq!(gateway.records().await, ["refusal: starttls-injection"]);
}

/// Whether mail flows, and whether the next hop's leg was under TLS.
async fn flows(mode: NextHopTls, hop: &FakeHop, roots: Vec<PathBuf>) -> (bool, bool) {
    let mut setup = Setup::new(hop);
    setup.settings.next_hop_tls = mode;
    setup.extra_roots = roots;
    let gateway = setup.start().await;
    let mut client = gateway.connect_silently().await;
    if client.reply().await.code() != "220" {
        return (false, false);
    }
    assert_eq!(client.ask("EHLO client.example").await.code(), "250");
    let reply = client.mail("b@x.inside.example", WIRE).await;
    (reply.code() == "250", hop.has_seen("STARTTLS"))
}

#[tokio::test]
async fn the_next_hops_leg_is_as_safe_as_the_settings_say() {
    use NextHopTls::{Off, Opportunistic, Require, Verify};
    let pair = pair();
    let config = tls::server(&pair.cert, &pair.key).expect("a config");
    for (mode, offers, trusted, expected) in [
        (Off, true, false, (true, false)),
        (Opportunistic, true, false, (true, true)),
        (Opportunistic, false, false, (true, false)),
        (Require, true, false, (true, true)),
        (Require, false, false, (false, false)),
        (Verify, true, true, (true, true)),
        (Verify, true, false, (false, false)),
        (Verify, false, true, (false, false)),
    ] {
        let ehlo = if offers { OFFERS_TLS } else { EHLO };
        let hop = FakeHop::with(Vec::new(), ehlo, Some(Arc::clone(&config))).await;
        let roots = if trusted { vec![pair.cert.clone()] } else { Vec::new() };
        assert_eq!(flows(mode, &hop, roots).await, expected, "{mode:?} offers={offers} trusted={trusted}");
    }
}

#[tokio::test]
async fn a_response_injected_behind_the_next_hops_220_is_never_heard() {
    let pair = pair();
    let config = tls::server(&pair.cert, &pair.key).expect("a config");
    for (mode, expected) in [(NextHopTls::Require, false), (NextHopTls::Opportunistic, true)] {
        let script = vec![("STARTTLS", Act::Say("220 ready\r\n250-injected\r\n250 AUTH PLAIN\r\n"))];
        let hop = FakeHop::with(script, OFFERS_TLS, Some(Arc::clone(&config))).await;
        assert_eq!(flows(mode, &hop, Vec::new()).await.0, expected, "{mode:?}");
    }
}
