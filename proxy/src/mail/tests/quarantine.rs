//! Mails that wait for a person, and what becomes of them. The number plates are invented.

use chot_config::QuarantineReply;

use super::harness::{Act, FakeHop, Gateway, Setup};
use crate::mail::quarantine::Asker;

const TO: &str = "b@outside.example";
const WAITS: &str = "Subject: xe\r\n\r\nBien so xe: 29A-123.45, bien so 30F-678.90.\r\n.\r\n";

fn asker() -> Asker {
    Asker { by: "truong.phong".to_owned(), why: "cong van 12".to_owned() }
}

/// The numbers of what waits, with their stage.
async fn waiting(gateway: &Gateway) -> Vec<(String, String)> {
    let lines = gateway.mail.quarantined().await.expect("listed");
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("json"));
    lines
        .map(|v| (v["id"].as_str().expect("a number").to_owned(), v["stage"].as_str().expect("a stage").to_owned()))
        .collect()
}

/// A gateway that holds one mail, and its number.
async fn holding(hop: &FakeHop) -> (Gateway, String) {
    let gateway = Gateway::before(hop).await;
    let mut client = gateway.greeted().await;
    let reply = client.mail(TO, WAITS).await;
    assert!(reply.has("250-2.6.0 Thu duoc giu lai") && reply.has("250 2.6.0 Held for review"), "{reply:?}");
    let all = waiting(&gateway).await;
    let [(id, stage)] = all.as_slice() else { panic!("{all:?}") };
    assert!(reply.has(id) && stage == "waiting");
    assert!(hop.mails().is_empty());
    let id = id.clone();
    (gateway, id)
}

#[tokio::test]
async fn what_is_released_is_delivered_as_it_came_and_once() {
    let hop = FakeHop::usual().await;
    let (gateway, id) = holding(&hop).await;
    let decision = gateway.mail.release_quarantined(&id, &asker(), false).await.expect("released");
    assert_ne!(decision, id);
    let mails = hop.mails();
    assert!(mails.len() == 1 && mails[0].ends_with(WAITS.strip_suffix(".\r\n").expect("a dot")), "{mails:?}");
    assert!(hop.has_seen("MAIL FROM:<an.nguyen@x.inside.example>") && hop.has_seen(&format!("RCPT TO:<{TO}>")));
    assert!(waiting(&gateway).await.is_empty());
    assert!(gateway.mail.release_quarantined(&id, &asker(), true).await.is_err());
    assert_eq!(hop.mails().len(), 1);
    assert_eq!(gateway.records().await, ["quarantine", "held: in quarantine, told 250", "allow", "delivered: 250"]);
}

#[tokio::test]
async fn what_is_rejected_is_gone_and_it_is_recorded_who_and_why() {
    let hop = FakeHop::usual().await;
    let (gateway, id) = holding(&hop).await;
    gateway.mail.reject_quarantined(&id, &asker()).await.expect("rejected");
    assert!(gateway.mail.reject_quarantined(&id, &asker()).await.is_err());
    assert!(waiting(&gateway).await.is_empty() && hop.mails().is_empty());
    let said = gateway.admin_records().await;
    assert_eq!(said, [format!("quarantine reject {id} by truong.phong: cong van 12")]);
}

#[tokio::test]
async fn a_release_that_fails_stays_and_one_in_doubt_is_not_repeated_by_itself() {
    for (script, stage) in [
        (("greeting", Act::Say("421 busy\r\n")), "waiting"),
        (("RCPT", Act::Say("450 later\r\n")), "waiting"),
        (("DATA", Act::Say("451 later\r\n")), "waiting"),
        (("dot", Act::Say("552 no\r\n")), "waiting"),
        (("dot", Act::Close), "sending"),
    ] {
        // The client's own session takes the first of each.
        let usual = match script.0 {
            "greeting" => vec![("greeting", Act::Say("220 hop\r\n"))],
            "RCPT" => vec![("RCPT", Act::Say("250 ok\r\n"))],
            _ => Vec::new(),
        };
        let hop = FakeHop::new(usual.into_iter().chain([script.clone()]).collect()).await;
        let (gateway, id) = holding(&hop).await;
        let not_done = gateway.mail.release_quarantined(&id, &asker(), false).await;
        assert!(not_done.is_err(), "{script:?}: {not_done:?}");
        assert_eq!(waiting(&gateway).await, [(id.clone(), stage.to_owned())], "{script:?}");
        let plainly = gateway.mail.release_quarantined(&id, &asker(), false).await;
        assert_eq!(plainly.is_ok(), stage == "waiting", "{script:?}: {plainly:?}");
        if plainly.is_err() {
            gateway.mail.release_quarantined(&id, &asker(), true).await.expect("released again");
        }
        assert!(waiting(&gateway).await.is_empty());
    }
}

#[tokio::test]
async fn senders_may_be_told_no_and_a_full_disk_is_a_temporary_failure() {
    let hop = FakeHop::usual().await;
    let mut setup = Setup::new(&hop);
    setup.settings.quarantine_reply = QuarantineReply::Refuse;
    let gateway = setup.start().await;
    let reply = gateway.greeted().await.mail(TO, WAITS).await;
    assert!(reply.has("550-5.7.1 Thu duoc giu lai"), "{reply:?}");
    assert_eq!(waiting(&gateway).await.len(), 1);

    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    std::fs::remove_dir_all(gateway.spool.path().join("quarantine")).expect("removed");
    assert!(client.mail(TO, WAITS).await.has("451 4.3.0"));
    drop(client);
    assert_eq!(gateway.records().await, ["quarantine", "failed: it could not be put in quarantine"]);
    assert!(hop.mails().is_empty());
}

#[tokio::test]
async fn what_nobody_decided_on_expires() {
    let hop = FakeHop::usual().await;
    let (gateway, id) = holding(&hop).await;
    gateway.mail.expire_quarantined(1).await;
    assert_eq!(waiting(&gateway).await.len(), 1);
    // The clock stands still here: with a negative age everything is too old.
    gateway.mail.expire_before(u64::MAX, "nobody decided").await;
    assert!(waiting(&gateway).await.is_empty() && hop.mails().is_empty());
    assert_eq!(gateway.admin_records().await, [format!("quarantine expire {id} by the gateway: nobody decided")]);
}

#[tokio::test]
async fn what_cannot_be_removed_is_told_of() {
    let hop = FakeHop::usual().await;
    let (gateway, id) = holding(&hop).await;
    let folder = gateway.spool.path().join("quarantine");
    // Under another name it is listed and cannot be removed by its number.
    std::fs::rename(folder.join(format!("{id}.mail")), folder.join("moved.mail")).expect("renamed");
    gateway.mail.expire_before(u64::MAX, "nobody decided").await;
    assert_eq!(waiting(&gateway).await.len(), 1);
    let said = gateway.admin_records().await;
    let [expired, failed] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(*expired, format!("quarantine expire {id} by the gateway: nobody decided"));
    assert!(failed.starts_with(&format!("quarantine expire failed {id} by the gateway: it stays")), "{failed}");
}
