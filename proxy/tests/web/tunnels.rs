//! Who may connect where, and what is spoken inside a tunnel.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::post;
use crate::world::{A_NUMBER, World, ask, read_head};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hello_may_come_byte_by_byte() {
    let world = World::new().await;
    let (status, stream) = world.connect(&world.https.to_string()).await;
    assert!(status.contains("200"), "{status}");
    let (near, far) = tokio::io::duplex(1);
    tokio::spawn(async move {
        let (mut stream, mut far) = (stream.into_inner(), far);
        let _ = tokio::io::copy_bidirectional_with_sizes(&mut far, &mut stream, 1, 1 << 14).await;
    });
    let mut session = BufReader::new(world.secure(near, "chat.zalo.me").await.expect("a session"));
    let (status, ..) = ask(&mut session, b"GET / HTTP/1.1\r\nHost: chat.zalo.me\r\n\r\n").await;
    assert!(status.contains("200"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_server_gets_nothing_and_the_client_is_told() {
    let world = World::new().await;
    let mut session = world.tls(world.untrusted, "chat.zalo.me").await;
    let (status, _, body) = ask(&mut session, &post("chat.zalo.me", "/x", "", b"secret")).await;
    assert!(status.contains("502"), "{status}");
    assert!(String::from_utf8_lossy(&body).contains("upstream-certificate"));
    assert!(world.got().is_empty());
    assert!(world.records("refusal").iter().any(|record| record["reason"] == "upstream-certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_is_said_so_before_the_tunnel() {
    let world = World::new().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("bound").local_addr().expect("an address");
    let (status, _) = world.connect(&closed.to_string()).await;
    assert!(status.contains("502"), "{status}");
    let (status, _) = world.connect("no-such-host.invalid:443").await;
    assert!(status.contains("502"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_targets_are_refused_unless_listed() {
    let world = World::with(|settings, _| settings.allow_targets.clear()).await;
    for target in ["127.0.0.1:443", "localhost:443", "169.254.169.254:80", "[::ffff:127.0.0.1]:443", "10.0.0.1:443"] {
        let (status, _) = world.connect(target).await;
        assert!(status.contains("403"), "{target}: {status}");
    }
    let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
    let request = format!("GET http://{0}/ HTTP/1.1\r\nHost: {0}\r\n\r\n", world.http);
    assert!(ask(&mut stream, request.as_bytes()).await.0.contains("403"));
    let refusals = world.records("refusal");
    assert_eq!(refusals.len(), 6);
    assert!(refusals.iter().all(|record| record["reason"] == "target-address"));
    assert!(world.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_no_target_even_when_listed() {
    let world = World::new().await;
    let (status, _) = world.connect(&world.proxy.to_string()).await;
    assert!(status.contains("508"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_protocols_in_a_tunnel_need_to_be_listed() {
    let world = World::new().await;
    let (status, mut stream) = world.connect(&world.http.to_string()).await;
    assert!(status.contains("200"), "{status}");
    stream.write_all(b"SSH-2.0-test\r\n").await.expect("written");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty() && world.got().is_empty());
    assert_eq!(world.records_when("refusal", 1).await[0]["reason"], "opaque-tunnel");

    let echo = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let echo_at = echo.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = echo.accept().await.expect("accepted");
        let (mut read, mut write) = stream.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let world = World::with(|settings, _| {
        settings.allow_opaque.push(chot_config::AllowedTarget::Host("127.0.0.1".into(), Some(echo_at.port())));
    })
    .await;
    let (_, mut stream) = world.connect(&echo_at.to_string()).await;
    stream.write_all(b"SSH-2.0-test\r\n").await.expect("written");
    let mut back = [0; 14];
    stream.read_exact(&mut back).await.expect("echoed");
    assert_eq!(&back, b"SSH-2.0-test\r\n");
    drop(stream);
    let records = world.records_when("refusal", 2).await;
    assert_eq!((&records[1]["reason"], &records[1]["bytes"]), (&"opaque-tunnel-closed".into(), &14.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_in_a_tunnel_is_looked_into() {
    let world = World::new().await;
    let target = format!("localhost:{}", world.http.port());
    let (_, mut stream) = world.connect(&target).await;
    let (status, ..) =
        ask(&mut stream, &post(&target, "/x", "Content-Type: text/plain\r\n", A_NUMBER.as_bytes())).await;
    assert!(status.contains("200"), "{status}");
    assert!(!String::from_utf8_lossy(&world.got()[0].body).contains("001090123456"));
    let (status, ..) = ask(&mut stream, b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n").await;
    assert!(status.contains("421"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_the_certificate_does_not_hold_is_misdirected() {
    let world = World::new().await;
    let mut session = world.tls(world.https, "chat.zalo.me").await;
    for (host, expected) in [("files.zalo.me", "200"), ("evil.example", "421"), ("", "400")] {
        let (status, ..) = ask(&mut session, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await;
        assert!(status.contains(expected), "{host}: {status}");
    }
    // The name in the hello against the name in CONNECT.
    let (_, stream) = world.connect(&format!("localhost:{}", world.https.port())).await;
    assert!(world.secure(stream, "chat.zalo.me").await.is_ok(), "one certificate stands for both");
    let world = World::with(|settings, _| {
        settings.resolve.push(("other.example".into(), std::net::Ipv4Addr::LOCALHOST.into()));
    })
    .await;
    let (_, stream) = world.connect(&format!("other.example:{}", world.https.port())).await;
    let mut session = BufReader::new(world.secure(stream, "chat.zalo.me").await.expect("a session"));
    let (status, ..) = ask(&mut session, &post("chat.zalo.me", "/x", "", b"Chao")).await;
    assert!(status.contains("421") && world.got().is_empty(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_with_a_number_is_told_nobody() {
    // The first is known to nobody, so that whoever asked for it would hear that; the second leads to a server.
    let (unknown, known) = ("cccd001090123456.zalo.me", "cccd001190123457.zalo.me");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let world = World::with(|settings, _| {
        settings.resolve.push((known.to_owned(), std::net::Ipv4Addr::LOCALHOST.into()));
    })
    .await;
    let is_alone = async |what: &str| {
        let accepted = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(accepted.is_err(), "{what}: somebody was connected to");
    };
    for host in [unknown, known] {
        let target = format!("{host}:{port}");
        let (status, _) = world.connect(&target).await;
        assert!(status.contains("403"), "{status}");
        let answer = crate::http2::connect(&world, &target).await;
        assert_eq!(answer, 403);
        let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
        let request = format!("POST http://{target}/ HTTP/1.1\r\nHost: {target}\r\nContent-Length: 1\r\n\r\nx");
        let (status, _, body) = ask(&mut stream, request.as_bytes()).await;
        let body = String::from_utf8_lossy(&body);
        assert!(status.contains("403") && body.contains("no-identifiers-to-messaging"), "{status} {body}");
        assert!(!body.contains("001090") && !body.contains("001190"), "{body}");
        is_alone(host).await;
    }

    // The name in the hello is another than that of CONNECT.
    let (status, stream) = world.connect(&format!("localhost:{port}")).await;
    assert!(status.contains("200"), "{status}");
    let (mut server, _) = listener.accept().await.expect("accepted");
    let mut session = BufReader::new(world.secure(stream, unknown).await.expect("a session"));
    let (status, _, body) = ask(&mut session, &post(unknown, "/x", "", b"x")).await;
    assert!(status.contains("403"), "{status}");
    assert!(String::from_utf8_lossy(&body).contains("host-name"));
    let mut said = Vec::new();
    server.read_to_end(&mut said).await.expect("closed");
    assert_eq!(said, b"", "the server was told something");

    let decisions = world.records("decision");
    assert_eq!(decisions.len(), 7);
    for decision in &decisions {
        assert_eq!(decision["verdict"]["rule"], "no-identifiers-to-messaging");
        assert!(!decision.to_string().contains("001090") && !decision.to_string().contains("001190"), "{decision}");
    }
    assert!(world.records_when("outcome", 7).await.iter().all(|outcome| outcome["outcome"] == "refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_outside_the_list_are_turned_away() {
    let world = World::with(|settings, _| settings.clients.clear()).await;
    let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
    let (status, _, body) = ask(&mut stream, b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    assert!(status.contains("403"), "{status}");
    assert!(String::from_utf8_lossy(&body).contains("may not use"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hello_may_span_records_and_come_with_connect() {
    let world = World::new().await;
    let record = world.client_hello("chat.zalo.me");
    let mut split = Vec::new();
    for piece in record[5..].chunks(100) {
        split.extend_from_slice(&[0x16, 0x03, 0x01]);
        split.extend_from_slice(&(piece.len() as u16).to_be_bytes());
        split.extend_from_slice(piece);
    }
    for hello in [&record, &split] {
        let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
        let connect = format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", world.https);
        stream.write_all(&[connect.as_bytes(), hello].concat()).await.expect("written");
        assert!(read_head(&mut stream).await.0.contains("200"));
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!((answer[0], answer[5]), (0x16, 0x02), "a ServerHello and no alert");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_a_certificate_for_the_address() {
    let world = World::new().await;
    let url = format!("https://{}/x", world.https);
    let output = world.curl(&["--data-binary", "Chao", &url]).await;
    assert_eq!(output.stdout, b"4", "{}", String::from_utf8_lossy(&output.stderr));
    let output = world.curl(&["--tls-max", "1.2", "--no-alpn", "--data-binary", "Chao", &url]).await;
    assert_eq!(output.stdout, b"4", "{}", String::from_utf8_lossy(&output.stderr));
}
