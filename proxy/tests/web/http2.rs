//! HTTP/2: every stream is a request of its own, and none disturbs another.

mod raw;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{A_NUMBER, Got, World};

type Content = BoxBody<Bytes, Infallible>;

/// The server's side: keeps what it gets. `/close` is answered and followed by GOAWAY; `/trailers` has some.
pub(crate) async fn serve<IO>(stream: IO, got: Arc<Mutex<Vec<Got>>>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let leave = Arc::new(tokio::sync::Notify::new());
    let leave_too = Arc::clone(&leave);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (got, leave) = (Arc::clone(&got), Arc::clone(&leave_too));
        async move {
            let (head, body) = request.into_parts();
            let Ok(body) = body.collect().await else { return Err("the body broke") };
            let mut lines = format!("{} {} {:?}\r\n", head.method, head.uri, head.version);
            let fields = head.headers.iter().chain(body.trailers().into_iter().flatten());
            fields.for_each(|(name, value)| {
                lines += &format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()))
            });
            let body = body.to_bytes();
            let answer = Full::new(Bytes::from(body.len().to_string()));
            got.lock().expect("not poisoned").push(Got { head: lines, body: body.to_vec() });
            let answer = match head.uri.path() {
                "/trailers" => {
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", "0".parse().expect("a value"));
                    answer.with_trailers(async { Some(Ok(trailers)) }).boxed()
                }
                _ => answer.boxed(),
            };
            if head.uri.path() == "/close" {
                leave.notify_one();
            }
            Ok(Response::builder().header("alt-svc", "h3=\":443\"").body(answer).expect("a response"))
        }
    });
    let mut connection = std::pin::pin!(
        hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        _ = connection.as_mut() => return,
        () = leave.notified() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A session with the HTTP/2 server, by its name.
async fn session(world: &World) -> SendRequest<Content> {
    let stream = world.tls(world.http2, "chat.zalo.me").await;
    assert_eq!(stream.get_ref().get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "mirrored");
    let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = handshake.handshake(TokioIo::new(stream)).await.expect("a session");
    tokio::spawn(connection);
    sender
}

fn request(method: &str, target: &str, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Content> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let body = body.into();
    let body = if body.is_empty() { http_body_util::Empty::new().boxed() } else { Full::new(body).boxed() };
    request.body(body).expect("a request")
}

fn post(path: &str, body: impl Into<Bytes>) -> Request<Content> {
    request("POST", &format!("https://chat.zalo.me{path}"), &[("content-type", "text/plain")], body)
}

/// Status, fields and body of the answer.
async fn ask(session: &mut SendRequest<Content>, request: Request<Content>) -> (u16, HeaderMap, String) {
    let answer = session.send_request(request).await.expect("an answer");
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8_lossy(&body).into_owned())
}

fn paths(world: &World) -> Vec<String> {
    world.got().iter().map(|got| got.head.split(' ').nth(1).expect("a target").to_owned()).collect()
}

/// Waits until so many refusals with this reason are recorded.
async fn refusals(world: &World, reason: &str, n: usize) -> Vec<serde_json::Value> {
    let waiting = async {
        loop {
            let all = world.records("refusal");
            let found: Vec<_> = all.into_iter().filter(|record| record["reason"] == reason).collect();
            if found.len() >= n {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("{n} {reason}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_on_one_stream_leaves_the_others_alone() {
    let world = World::new().await;
    let session = session(&world).await;
    let (mut one, mut two, mut three) = (session.clone(), session.clone(), session.clone());
    let large = vec![b'x'; 3 << 20];
    let (allowed, blocked, also) = tokio::join!(
        ask(&mut one, post("/a", "Chao anh")),
        ask(&mut two, post("/b", A_NUMBER)),
        ask(&mut three, post("/c", large.clone())),
    );
    assert_eq!((allowed.0, &*allowed.2, also.0, &*also.2), (200, "8", 200, &*large.len().to_string()));
    assert!(!allowed.1.contains_key("alt-svc"));
    assert_eq!(blocked.0, 403, "{}", blocked.2);
    let told: serde_json::Value = serde_json::from_str(&blocked.2).expect("JSON");
    assert_eq!((&told["action"], &told["findings"]["cccd"]["distinct"]), (&"block".into(), &1.into()));
    let mut paths = paths(&world);
    paths.sort();
    assert_eq!(paths, ["https://chat.zalo.me/a", "https://chat.zalo.me/c"]);
    let got = world.got();
    assert!(got.iter().all(|got| got.head.contains("HTTP/2.0") && got.header("host").is_none()), "{got:?}");
    assert!(got.iter().all(|got| got.header("via").is_some_and(|via| via.starts_with("2 chot-"))));
    let outcomes = world.records_when("outcome", 3).await;
    let mut told: Vec<_> = outcomes.iter().map(|record| record["outcome"].as_str().unwrap_or_default()).collect();
    told.sort_unstable();
    assert_eq!(told, ["delivered", "delivered", "refused"]);
    let decisions = world.records("decision");
    assert!(decisions.iter().any(|d| d["id"] == told_id(&blocked.2) && d["verdict"]["action"] == "block"));
    assert_eq!(world.gate.held_bytes(), (0, 0));
}

fn told_id(body: &str) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(body).expect("JSON")["decision"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_found_wherever_a_stream_can_hold_it() {
    let world = World::new().await;
    let mut session = session(&world).await;
    let at = "https://chat.zalo.me/x";
    let trailers = |value: &'static str| async move {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-so-cccd", value.parse().expect("a value"));
        Some(Ok(trailers))
    };
    let mut with_trailer = post("/x", "hi");
    *with_trailer.body_mut() = Full::from("hi").with_trailers(trailers("001090123456")).boxed();
    let gzip = crate::gzip(A_NUMBER.as_bytes());
    let mut protobuf = vec![0x0a, A_NUMBER.len() as u8];
    protobuf.extend(A_NUMBER.as_bytes());
    let grpc = [&[0, 0, 0, 0, protobuf.len() as u8], &*protobuf].concat();
    let packed = crate::gzip(&protobuf);
    let packed = [&[1, 0, 0, 0, packed.len() as u8], &*packed].concat();
    for (what, request) in [
        ("body", post("/x", A_NUMBER)),
        ("body of a GET", request("GET", at, &[], A_NUMBER)),
        ("gzip", request("POST", at, &[("content-encoding", "gzip")], gzip)),
        ("gRPC", request("POST", at, &[("content-type", "application/grpc"), ("te", "trailers")], grpc)),
        (
            "compressed gRPC",
            request("POST", at, &[("content-type", "application/grpc"), ("grpc-encoding", "gzip")], packed),
        ),
        ("path", request("GET", "https://chat.zalo.me/so-cccd/001090123456", &[], "")),
        ("query", request("GET", "https://chat.zalo.me/?cccd=%30%30%31090123456", &[], "")),
        ("field", request("GET", at, &[("x-so-cccd", "001090123456")], "")),
        ("cookie", request("GET", at, &[("cookie", "a=b"), ("cookie", "cccd=001090123456")], "")),
        ("trailer", with_trailer),
    ] {
        let (status, _, body) = ask(&mut session, request).await;
        assert_eq!(status, 403, "{what}: {body}");
    }
    assert!(world.got().is_empty());
    assert_eq!(world.records_when("outcome", 10).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_clean_arrives_with_its_trailers_and_cookies() {
    let world = World::new().await;
    let mut session = session(&world).await;
    let trailers = async {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "9".parse().expect("a value"));
        Some(Ok(trailers))
    };
    let cookies = [("cookie", "a=b"), ("cookie", "c=d"), ("te", "trailers"), ("content-type", "text/plain")];
    let mut sent = request("POST", "https://files.zalo.me/trailers", &cookies, "");
    *sent.body_mut() = Full::from("Chao").with_trailers(trailers).boxed();
    let answer = session.send_request(sent).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.expect("a body");
    assert_eq!(body.trailers().and_then(|trailers| trailers.get("grpc-status")).map(|v| v.as_bytes()), Some(&b"0"[..]));
    let got = &world.got()[0];
    assert_eq!(
        (got.header("x-sum"), got.header("cookie"), got.header("te")),
        (Some("9"), Some("a=b; c=d"), Some("trailers"))
    );
    assert!(got.body == b"Chao" && got.head.starts_with("POST https://files.zalo.me/trailers"), "{}", got.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_body_fits_its_length() {
    let world = World::new().await;
    let stream = world.tls(world.http2, "localhost").await;
    let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = handshake.handshake::<_, Content>(TokioIo::new(stream)).await.expect("a session");
    tokio::spawn(connection);
    let fields = [("content-type", "text/plain; charset=utf-8"), ("digest", "x")];
    let target = format!("https://localhost:{}/form", world.http2.port());
    let (status, ..) = ask(&mut sender, request("POST", &target, &fields, A_NUMBER)).await;
    assert_eq!(status, 200);
    let got = &world.got()[0];
    let text = String::from_utf8(got.body.clone()).expect("UTF-8");
    assert!(!text.contains("001090123") && text.starts_with("Số căn cước"), "{text}");
    assert_eq!(got.header("content-length"), Some(&*got.body.len().to_string()));
    assert_eq!(got.header("digest"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_the_certificate_does_not_hold_is_misdirected() {
    let world = World::new().await;
    let mut session = session(&world).await;
    for (target, fields, expected) in [
        ("https://files.zalo.me/x", vec![], 200),
        ("https://evil.example/x", vec![], 421),
        ("https://chat.zalo.me:8443/x", vec![], 421),
        ("http://chat.zalo.me/x", vec![], 421),
        ("https://chat.zalo.me/x", vec![("host", "chat.zalo.me")], 200),
        ("https://chat.zalo.me/x", vec![("host", "files.zalo.me")], 421),
        ("https://chat.zalo.me/x", vec![("host", "chat.zalo.me"), ("host", "chat.zalo.me")], 400),
    ] {
        let (status, _, body) = ask(&mut session, request("POST", target, &fields, "Chao")).await;
        assert_eq!(status, expected, "{target} {fields:?}: {body}");
    }
    assert_eq!(world.got().len(), 2);
    assert_eq!(refusals(&world, "misdirected", 4).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_leaves_is_reached_again() {
    let world = World::new().await;
    let mut session = session(&world).await;
    for path in ["/close", "/again", "/close", "/again"] {
        let (status, _, body) = ask(&mut session, post(path, "Chao")).await;
        assert_eq!(status, 200, "{path}: {body}");
    }
    assert_eq!(world.got().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_server_gets_nothing_and_the_stream_is_told() {
    let world = World::new().await;
    let (_, stream) = world.connect(&world.untrusted.to_string()).await;
    let stream = world.secure_with(stream, "chat.zalo.me", &[b"h2"]).await.expect("a session");
    let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = handshake.handshake::<_, Content>(TokioIo::new(stream)).await.expect("a session");
    tokio::spawn(connection);
    let (status, _, body) = ask(&mut sender, post("/x", "secret")).await;
    assert!(status == 502 && body.contains("upstream-certificate"), "{status} {body}");
    assert!(world.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_no_stream_leaves() {
    let world = World::new().await;
    let mut session = session(&world).await;
    assert_eq!(ask(&mut session, post("/a", "Chao")).await.0, 200);
    world.records_when("outcome", 1).await;
    world.disk.cut_power(0, 1);
    assert_eq!(ask(&mut session, post("/b", "Chao")).await.0, 503);
    assert_eq!(world.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_lets_streams_under_way_finish() {
    let mut world = World::new().await;
    let mut session = session(&world).await;
    let mut sending = session.clone();
    let (done, wait) = tokio::sync::oneshot::channel::<()>();
    let mut under_way = post("/x", "");
    *under_way.body_mut() =
        Full::from("Chao").with_trailers(async { wait.await.ok().map(|()| Ok(HeaderMap::new())) }).boxed();
    let answer = tokio::spawn(async move { ask(&mut sending, under_way).await.0 });
    // The stream before this one is known by its answer.
    assert_eq!(ask(&mut session, post("/y", "Chao")).await.0, 200);
    let finishing = world.drain();
    drop(session);
    done.send(()).expect("sent");
    assert_eq!(answer.await.expect("no panic"), 200);
    assert!(finishing.await.expect("no panic"));
}

/// The proxy itself over TLS, by HTTP/2.
async fn proxy(world: &World) -> SendRequest<Content> {
    let stream = TcpStream::connect(world.secure_proxy).await.expect("connected");
    let stream = world.secure(stream, "proxy.bhxh.example").await.expect("the gateway's own certificate");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = handshake.handshake(TokioIo::new(stream)).await.expect("a session");
    tokio::spawn(connection);
    sender
}

/// The status of the answer to a CONNECT on HTTP/2.
pub(crate) async fn connect(world: &World, target: &str) -> u16 {
    let mut proxy = proxy(world).await;
    proxy.send_request(request("CONNECT", target, &[], "")).await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_are_streams_of_a_proxy_over_tls() {
    let world = World::new().await;
    let mut proxy = proxy(&world).await;
    let mut sessions = Vec::new();
    for name in ["chat.zalo.me", "files.zalo.me"] {
        let answer =
            proxy.send_request(request("CONNECT", &world.http2.to_string(), &[], "")).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let tunnel = TokioIo::new(hyper::upgrade::on(answer).await.expect("a tunnel"));
        let stream = world.secure(tunnel, name).await.expect("a session");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let (session, connection) = handshake.handshake::<_, Content>(TokioIo::new(stream)).await.expect("a session");
        tokio::spawn(connection);
        sessions.push((name, session));
    }
    for (name, session) in &mut sessions {
        let to = format!("https://{name}/x");
        assert_eq!(ask(session, request("POST", &to, &[], "Chao")).await.0, 200);
        assert_eq!(ask(session, request("POST", &to, &[], A_NUMBER)).await.0, 403);
    }
    // What is refused beside them disturbs neither.
    let (status, _, body) = ask(&mut proxy, request("CONNECT", "10.255.255.1:443", &[], "")).await;
    assert!(status == 403 && body.contains("target-address"), "{status} {body}");
    let (status, ..) = ask(&mut proxy, request("GET", "https://chat.zalo.me/x", &[], "")).await;
    assert_eq!(status, 400, "not without CONNECT");
    for (name, session) in &mut sessions {
        assert_eq!(ask(session, request("POST", &format!("https://{name}/x"), &[], "Chao")).await.0, 200);
    }
    assert_eq!(world.got().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_by_http2_goes_on_as_http1_that_is_sound() {
    let world = World::new().await;
    let mut proxy = proxy(&world).await;
    let host = format!("localhost:{}", world.http.port());
    let fields = [("cookie", "a=b"), ("cookie", "c=d"), ("te", "trailers"), ("content-type", "text/plain")];
    let (status, _, body) = ask(&mut proxy, request("POST", &format!("http://{host}/x?y"), &fields, "Chao")).await;
    assert!(status == 200 && body == "4", "{status} {body}");
    let got = &world.got()[0];
    assert!(got.head.starts_with("POST /x?y HTTP/1.1\r\n"), "{}", got.head);
    for (name, value) in [("host", &*host), ("cookie", "a=b; c=d"), ("content-length", "4"), ("te", "trailers")] {
        assert_eq!(got.header(name), Some(value), "{name}: {}", got.head);
    }
    assert_eq!((got.header("transfer-encoding"), &*got.body), (None, &b"Chao"[..]));
    let (status, ..) = ask(&mut proxy, request("POST", &format!("http://{host}/x"), &fields, A_NUMBER)).await;
    assert_eq!(status, 200);
    assert!(!String::from_utf8_lossy(&world.got()[1].body).contains("001090123456"), "masked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_over_tls_speaks_http1_too() {
    let world = World::new().await;
    let stream = TcpStream::connect(world.secure_proxy).await.expect("connected");
    let stream = world.secure_with(stream, "127.0.0.1", &[b"http/1.1"]).await.expect("a session");
    let mut stream = tokio::io::BufReader::new(stream);
    let target = world.https.to_string();
    let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    let (status, ..) = crate::world::ask(&mut stream, head.as_bytes()).await;
    assert!(status.contains("200"), "{status}");
    let mut session = tokio::io::BufReader::new(world.secure(stream, "chat.zalo.me").await.expect("a session"));
    let sent = crate::post("chat.zalo.me", "/x", "", A_NUMBER.as_bytes());
    assert!(crate::world::ask(&mut session, &sent).await.0.contains("403"));
    assert!(world.got().is_empty());
}
