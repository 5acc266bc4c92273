//! A load balancer in front says who connected to it, by the PROXY protocol.

use chot_config::Network;

use super::harness::{FakeHop, Gateway, Setup};

const MAIL: &str = "Subject: x\r\n\r\nxin chao\r\n.\r\n";

/// A gateway behind a balancer on this host, which serves 10.1.0.0/16 only.
async fn balanced(hop: &FakeHop, is_served: bool) -> Gateway {
    let mut setup = Setup::new(hop);
    setup.settings.proxy_protocol = vec![Network { address: [127, 0, 0, 0].into(), prefix: 8 }];
    setup.settings.clients = vec![Network { address: [10, 1, 0, 0].into(), prefix: 16 }];
    if is_served {
        setup.settings.clients.push(Network { address: [127, 0, 0, 1].into(), prefix: 32 });
    }
    setup.start().await
}

fn version_2(source: [u8; 4]) -> Vec<u8> {
    let addresses = [&source[..], &[192, 0, 2, 1], &40_000u16.to_be_bytes(), &25u16.to_be_bytes()].concat();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &addresses].concat()
}

#[tokio::test]
async fn the_client_is_who_the_balancer_says() {
    let hop = FakeHop::usual().await;
    let gateway = balanced(&hop, false).await;
    for header in [b"PROXY TCP4 10.1.2.3 192.0.2.1 40000 25\r\n".to_vec(), version_2([10, 1, 2, 3])] {
        let mut client = gateway.connect_silently().await;
        client.send(header).await;
        assert_eq!(client.reply().await.code(), "220");
        assert_eq!(client.ask("EHLO client.example").await.code(), "250");
        assert_eq!(client.mail("b@outside.example", MAIL).await.code(), "250");
    }
    let mut stranger = gateway.connect_silently().await;
    stranger.send(version_2([192, 0, 2, 9])).await;
    assert!(stranger.reply().await.has("554 5.7.1"));
    drop(stranger);
    let decisions = gateway.decisions().await;
    assert!(decisions.len() == 2 && decisions.iter().all(|decision| decision["client"] == "10.1.2.3"));
}

#[tokio::test]
async fn without_a_header_nobody_is_spoken_to() {
    let hop = FakeHop::usual().await;
    let gateway = balanced(&hop, false).await;
    for bytes in [&b"EHLO client.example\r\n"[..], b"PROXY TCP4 10.1.2.3 192.0.2.1 40000 0025\r\n"] {
        let mut client = gateway.connect_silently().await;
        client.send(bytes).await;
        assert!(client.is_closed().await);
    }
    // Its own connections are health checks, and not recorded.
    let mut check = gateway.connect_silently().await;
    check.send(b"PROXY UNKNOWN\r\n").await;
    assert!(check.is_closed().await);
    assert_eq!(gateway.records().await, ["refusal: proxy-protocol", "refusal: proxy-protocol"]);

    let gateway = balanced(&hop, true).await;
    let mut check = gateway.connect_silently().await;
    check.send(b"PROXY UNKNOWN\r\n").await;
    assert_eq!(check.reply().await.code(), "220");
}

#[tokio::test]
async fn nobody_else_may_say_it() {
    let hop = FakeHop::usual().await;
    let gateway = Gateway::before(&hop).await;
    let mut client = gateway.connect().await;
    assert_eq!(client.ask("PROXY TCP4 10.1.2.3 192.0.2.1 40000 25").await.code(), "500");
}
