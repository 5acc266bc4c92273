//! Mails to senders about their mails. The number plates are invented.

use chot_config::NotifySenders;

use super::harness::{FakeHop, Gateway, Setup};
use crate::base64;
use crate::mail::quarantine::Asker;

const TO: &str = "b@outside.example";
const SENDER: &str = "an.nguyen@x.inside.example";
const WAITS: &str = "Subject: xe\r\n\r\nBien so xe: 29A-123.45, bien so 30F-678.90.\r\n.\r\n";
const BLOCKED: &str = "Subject: ho so\r\n\r\nCCCD 001090123456\r\n.\r\n";

async fn telling(hop: &FakeHop, whom: NotifySenders) -> Gateway {
    let mut setup = Setup::new(hop);
    setup.settings.notify_senders = whom;
    setup.settings.notice_from = Some("chot@x.inside.example".to_owned());
    setup.start().await
}

/// What the body of a notice says.
fn said(mail: &str) -> String {
    let (header, body) = mail.split_once("\r\n\r\n").expect("a body");
    assert!(header.contains("Auto-Submitted: auto-replied") && header.is_ascii(), "{header}");
    assert!(header.contains(&format!("To: <{SENDER}>")) && header.contains("From: <chot@x.inside.example>"));
    String::from_utf8(base64::decode(&body.replace("\r\n", "")).expect("base64")).expect("text")
}

fn asker() -> Asker {
    Asker { by: "truong.phong".to_owned(), why: "cong van 12".to_owned() }
}

#[tokio::test]
async fn the_sender_hears_that_a_mail_waits_and_what_became_of_it() {
    let hop = FakeHop::usual().await;
    let gateway = telling(&hop, NotifySenders::Held).await;
    let mut client = gateway.greeted().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let reply = client.mail(TO, WAITS).await;
        ids.push(reply.0.split_whitespace().last().expect("a number").to_owned());
    }
    // Blocked mail is told by the reply alone.
    assert_eq!(client.mail(TO, BLOCKED).await.code(), "550");
    hop.receives(3).await;
    for (mail, id) in hop.mails().iter().zip(&ids) {
        let said = said(mail);
        assert!(said.contains("chưa được gửi đi") && said.contains("has not been sent yet"), "{said}");
        assert!(said.contains(TO) && said.contains("“xe”") && ids.iter().any(|id| said.contains(id)), "{said} {id}");
    }
    assert!(hop.has_seen("MAIL FROM:<>") && hop.has_seen(&format!("RCPT TO:<{SENDER}>")));
    gateway.mail.release_quarantined(&ids[0], &asker(), false).await.expect("released");
    gateway.mail.reject_quarantined(&ids[1], &asker()).await.expect("rejected");
    gateway.mail.expire_before(u64::MAX, "nobody decided").await;
    let mails = hop.mails();
    assert_eq!(mails.len(), 7);
    assert!(mails[3].contains("29A-123.45"));
    for (mail, id, words) in [
        (&mails[4], &ids[0], "đã được duyệt và gửi đi"),
        (&mails[5], &ids[1], "không được duyệt"),
        (&mails[6], &ids[2], "không có ai duyệt"),
    ] {
        let said = said(mail);
        assert!(said.contains(words) && said.contains(id), "{said}");
    }
    drop(client);
    let decisions = gateway.decisions().await;
    let notices = decisions.iter().filter(|d| d["summary"].as_str().is_some_and(|s| s.starts_with("notice about")));
    assert_eq!(notices.count(), 6);
}

#[tokio::test]
async fn nobody_is_told_who_did_not_ask_or_cannot_read() {
    let hop = FakeHop::usual().await;
    let gateway = telling(&hop, NotifySenders::All).await;
    let mut client = gateway.greeted().await;
    for (from, field) in [
        ("<>", ""),
        ("<an@outside.example>", ""),
        ("<mailer-daemon@x.inside.example>", ""),
        ("<an@x.inside.example>", "Auto-Submitted: auto-replied\r\n"),
        ("<an@x.inside.example>", "precedence: bulk\r\n"),
        ("<an@x.inside.example>", "List-Id: <tin.inside.example>\r\n"),
    ] {
        for mail in [WAITS, BLOCKED] {
            assert_eq!(client.ask(&format!("MAIL FROM:{from}")).await.code(), "250");
            assert_eq!(client.ask(&format!("RCPT TO:<{TO}>")).await.code(), "250");
            assert_eq!(client.ask("DATA").await.code(), "354");
            client.send(format!("{field}{mail}")).await;
            client.reply().await;
        }
    }
    drop(client);
    gateway.records().await;
    assert!(hop.mails().is_empty(), "{:?}", hop.mails());
}

#[tokio::test]
async fn one_sender_hears_so_much_and_no_more() {
    let hop = FakeHop::usual().await;
    let gateway = telling(&hop, NotifySenders::All).await;
    let mut client = gateway.greeted().await;
    for _ in 0..15 {
        assert_eq!(client.mail(TO, BLOCKED).await.code(), "550");
    }
    drop(client);
    gateway.records().await;
    let mails = hop.mails();
    assert_eq!(mails.len(), 10);
    assert!(said(&mails[0]).contains("đã bị chặn") && !said(&mails[0]).contains("001090123456"));
}
