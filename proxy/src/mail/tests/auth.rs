//! AUTH is relayed and believed when the next hop believes it.

use super::harness::{Act, FakeHop, Gateway};

const WIRE: &str = "Subject: x\r\n\r\nx\r\n.\r\n";

#[tokio::test]
async fn the_name_is_recorded_once_the_next_hop_said_235() {
    let hop = FakeHop::new(vec![
        ("AUTH", Act::Say("535 5.7.8 no\r\n")),
        ("AUTH", Act::Say("334 VXNlcm5hbWU6\r\n")),
        ("response", Act::Say("334 UGFzc3dvcmQ6\r\n")),
    ])
    .await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("AUTH PLAIN AGJpbmgAd3Jvbmc=").await.0, "535 5.7.8 no\r\n");
    assert_eq!(client.mail("b@x.inside.example", WIRE).await.code(), "250");
    assert_eq!(client.ask("AUTH LOGIN").await.0, "334 VXNlcm5hbWU6\r\n");
    assert_eq!(client.ask("YW4ubmd1eWVu").await.0, "334 UGFzc3dvcmQ6\r\n");
    assert_eq!(client.ask("c2VjcmV0").await.code(), "235");
    assert_eq!(client.ask("AUTH PLAIN AGJpbmgAd3Jvbmc=").await.code(), "503");
    assert_eq!(client.mail("b@x.inside.example", WIRE).await.code(), "250");
    assert!(hop.mails()[1].contains(" with ESMTPA id "));
    let decisions = gateway.decisions().await;
    let told: Vec<_> = decisions.iter().map(|d| (d["account"].as_str(), d["account_source"].as_str())).collect();
    assert_eq!(told, [(Some("unknown"), Some("unknown")), (Some("an.nguyen"), Some("smtp-auth"))]);
}

#[tokio::test]
async fn an_exchange_can_be_cancelled() {
    let hop =
        FakeHop::new(vec![("AUTH", Act::Say("334 \r\n")), ("response", Act::Say("501 5.0.0 cancelled\r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("AUTH PLAIN").await.code(), "334");
    assert_eq!(client.ask("*").await.0, "501 5.0.0 cancelled\r\n");
    assert_eq!(client.ask("NOOP").await.code(), "250");
}

#[tokio::test]
async fn what_was_not_offered_or_is_no_response_is_not_relayed() {
    let hop = FakeHop::new(vec![("AUTH", Act::Say("334 \r\n"))]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("AUTH SCRAM-SHA-256-PLUS").await.code(), "504");
    assert_eq!(client.ask("AUTH PLAIN not base64").await.code(), "501");
    assert!(hop.commands().is_empty());
    assert_eq!(client.ask("AUTH PLAIN").await.code(), "334");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "501");
    assert!(client.is_closed().await);
    assert_eq!(hop.commands(), ["AUTH PLAIN"]);
}

#[tokio::test]
async fn bytes_behind_auth_come_too_early() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    client.send("AUTH PLAIN AGFuAGI=\r\nMAIL FROM:<a@b.example>\r\n").await;
    assert_eq!(client.reply().await.code(), "503");
    assert!(client.is_closed().await);
    assert!(hop.commands().is_empty());
}

#[tokio::test]
async fn a_next_hop_that_left_is_connected_anew_before_auth() {
    let hop = FakeHop::new(vec![("MAIL", Act::Close)]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "451");
    assert_eq!(client.ask("AUTH PLAIN AGFuAGI=").await.code(), "235");
}

#[tokio::test]
async fn an_authenticated_session_does_not_change_its_next_hop() {
    let hop = FakeHop::new(vec![("MAIL", Act::Close)]).await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.greeted().await;
    assert_eq!(client.ask("AUTH PLAIN AGFuAGI=").await.code(), "235");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "451");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await.code(), "421");
    assert!(client.is_closed().await);
}
