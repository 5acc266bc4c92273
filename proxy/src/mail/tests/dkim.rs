//! Mail that somebody has signed, and that a verdict wants to change. All people and numbers are invented.

use std::os::unix::fs::PermissionsExt as _;

use chot_config::DkimKey;

use super::harness::{FakeHop, Gateway, Setup};

const PARTNER: &str = "c@x.partner.example";
const NUMBER: &str = "001090123456";

fn signed_by(domains: &[&str], body: &str) -> String {
    let signature = |domain: &&str| format!("DKIM-Signature: v=1; a=rsa-sha256; d={domain};\r\n\ts=old; bh=x; b=y\r\n");
    let signatures: String = domains.iter().map(signature).collect();
    format!("{signatures}From: an@inside.example\r\nSubject: ho so\r\n\r\n{body}\r\n.\r\n")
}

/// A gateway that can sign for inside.example.
async fn signing(hop: &FakeHop, folder: &std::path::Path) -> Gateway {
    let file = folder.join("dkim.pem");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    std::fs::write(&file, pair.serialize_pem()).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
    let mut setup = Setup::new(hop);
    setup.settings.dkim = vec![DkimKey { domain: "inside.example".to_owned(), selector: "chot1".to_owned(), file }];
    setup.start().await
}

#[tokio::test]
async fn what_we_signed_ourselves_is_signed_again() {
    let (hop, folder) = (FakeHop::usual().await, tempfile::tempdir().expect("a folder"));
    let gateway = signing(&hop, folder.path()).await;
    let mut client = gateway.greeted().await;
    let telling = format!("CCCD {NUMBER}");
    assert_eq!(client.mail(PARTNER, &signed_by(&["inside.example"], &telling)).await.code(), "250");
    // Unchanged, and with a signature that still holds.
    assert_eq!(client.mail(PARTNER, &signed_by(&["inside.example", "list.example"], "xin chao")).await.code(), "250");
    // Changed without ever having been signed.
    assert_eq!(client.mail(PARTNER, &signed_by(&[], &telling)).await.code(), "250");
    let mails = hop.mails();
    let [again, kept, unsigned] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(!again.contains(NUMBER) && !again.contains("s=old") && again.matches("DKIM-Signature:").count() == 1);
    assert!(
        again.contains("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=inside.example;\r\n\ts=chot1; t=")
    );
    assert!(kept.matches("s=old").count() == 2 && !kept.contains("chot1"), "{kept}");
    assert!(!unsigned.contains("DKIM") && !unsigned.contains(NUMBER), "{unsigned}");
    drop(client);
    assert_eq!(gateway.records().await.iter().filter(|record| *record == "redact").count(), 2);
}

#[tokio::test]
async fn what_others_signed_is_not_changed() {
    let (hop, folder) = (FakeHop::usual().await, tempfile::tempdir().expect("a folder"));
    let gateway = signing(&hop, folder.path()).await;
    let mut client = gateway.greeted().await;
    let telling = format!("CCCD {NUMBER}");
    for mail in [
        signed_by(&["other.example"], &telling),
        signed_by(&["inside.example", "other.example"], &telling),
        signed_by(&["sub.inside.example"], &telling),
        signed_by(&["inside.example; d=other.example"], &telling),
        signed_by(&["inside.example"], &telling).replacen(
            "From:",
            "ARC-Message-Signature: i=1; d=inside.example\r\nFrom:",
            1,
        ),
        signed_by(&["inside.example"], &telling).replacen("From:", "dkim-signature : v=1; d=other.example\r\nFrom:", 1),
    ] {
        let reply = client.mail(PARTNER, &mail).await;
        assert!(reply.code() == "550" && reply.has("signed by others"), "{mail}: {reply:?}");
    }
    assert!(hop.mails().is_empty());
    drop(client);
    let decisions = gateway.decisions().await;
    assert!(decisions.len() == 6 && decisions.iter().all(|decision| decision["verdict"]["action"] == "block"));
}

#[tokio::test]
async fn a_key_that_others_may_read_is_none() {
    let (hop, folder) = (FakeHop::usual().await, tempfile::tempdir().expect("a folder"));
    let (readable, empty) = (folder.path().join("readable.pem"), folder.path().join("empty.pem"));
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    for (file, text, mode) in [(&readable, pair.serialize_pem(), 0o644), (&empty, String::new(), 0o600)] {
        std::fs::write(file, text).expect("written");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("set");
    }
    let ecdsa = folder.path().join("ecdsa.pem");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    std::fs::write(&ecdsa, pair.serialize_pem()).expect("written");
    std::fs::set_permissions(&ecdsa, std::fs::Permissions::from_mode(0o600)).expect("set");
    let gateway = Gateway::before(&hop).await;
    for file in [readable, empty, ecdsa, folder.path().join("absent.pem")] {
        let mut settings = Setup::new(&hop).settings;
        settings.dkim =
            vec![DkimKey { domain: "inside.example".to_owned(), selector: "x".to_owned(), file: file.clone() }];
        let made = crate::mail::Mail::new(gateway.mail.gate.clone(), &settings, &[], gateway.spool.path(), 0);
        assert!(made.is_err(), "{}", file.display());
    }
}
