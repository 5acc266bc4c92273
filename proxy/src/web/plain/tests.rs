//! Both sides over pipes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;
use std::time::Duration;

use bytes::Bytes;
use chot_model::{Clock, Timestamp};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version, request};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::head;
use super::{Answer, Next, Slot, Spelled, Unanswered, serve};
use crate::drain::Drain;
use crate::web::body::{Arriving, Reply};
use crate::web::guard::Broken;
use crate::web::places::Crowd;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(1_790_000_000_000_000)
    }
}

const DATE: &str = "date: Mon, 21 Sep 2026 14:13:20 GMT\r\n";

/// Answers with the path and the body; `/unread` without reading it, `/never` not at all.
async fn echo(request: Request<Arriving>, _: Broken) -> Response<Reply> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/never" => std::future::pending().await,
        "/unread" => Response::new(Reply::Own(None)),
        _ => {
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            Response::new(Reply::Own(Some(Bytes::from([path.as_bytes(), b" ", &body].concat()))))
        }
    }
}

async fn read(stream: &mut DuplexStream, until: &str) -> String {
    let mut all = Vec::new();
    while !all.ends_with(until.as_bytes()) {
        if stream.read_buf(&mut all).await.expect("read") == 0 {
            break;
        }
    }
    String::from_utf8(all).expect("text")
}

fn said(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{DATE}\r\n{body}", body.len())
}

#[tokio::test]
async fn plain_requests_are_answered_and_the_first_other_is_given_back() {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_drain, session) = Drain::new();
    let serving =
        tokio::spawn(async move { serve(Box::new(server), session, &Noon, Crowd::default(), &echo, |_| ()).await });
    let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let other = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    client.write_all(format!("{get}{post}").as_bytes()).await.expect("written");
    let expected = said("/a ") + &said("/b hello");
    assert_eq!(read(&mut client, "hello").await, expected);
    // A body that comes after its head, in two pieces.
    let (head, body) = post.split_at(post.len() - 5);
    client.write_all(head.as_bytes()).await.expect("written");
    tokio::task::yield_now().await;
    client.write_all(&body.as_bytes()[..2]).await.expect("written");
    tokio::task::yield_now().await;
    client.write_all(&body.as_bytes()[2..]).await.expect("written");
    assert_eq!(read(&mut client, "hello").await, said("/b hello"));
    client.write_all(other.as_bytes()).await.expect("written");
    let Some(Next::Other(mut rest)) = serving.await.expect("no panic") else { panic!("not given back") };
    let mut given_back = vec![0; other.len()];
    rest.read_exact(&mut given_back).await.expect("read");
    assert_eq!(String::from_utf8_lossy(&given_back), other);
}

/// What comes behind CONNECT, even ahead of the answer, is the tunnel's, and a refusal ends there.
#[tokio::test]
async fn a_tunnel_begins_behind_its_request() {
    for (host, expected) in [("yes", "HTTP/1.1 200 OK\r\n"), ("no", "HTTP/1.1 403 Forbidden\r\n")] {
        for ahead in ["", "\u{16}\u{3}\u{1}hello"] {
            let (mut client, server) = tokio::io::duplex(1 << 16);
            let (_drain, session) = Drain::new();
            let grant = |request: Request<Arriving>, _| async move {
                assert_eq!(request.method(), Method::CONNECT);
                let is_granted = request.uri().authority().is_some_and(|authority| authority.host() == "yes");
                drop(request);
                tokio::task::yield_now().await;
                let mut response = Response::new(Reply::Own(None));
                if !is_granted {
                    *response.status_mut() = http::StatusCode::FORBIDDEN;
                    response.headers_mut().insert("connection", HeaderValue::from_static("close"));
                }
                response
            };
            let asked =
                format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nProxy-Connection: keep-alive\r\n\r\n");
            client.write_all(format!("{asked}{ahead}").as_bytes()).await.expect("written");
            let next = serve(Box::new(server), session, &Noon, Crowd::default(), &grant, |_| ()).await;
            let fields = if host == "no" { "connection: close\r\ncontent-length: 0\r\n" } else { "" };
            assert_eq!(read(&mut client, "\r\n\r\n").await, format!("{expected}{fields}{DATE}\r\n"), "{ahead:?}");
            match next {
                Some(Next::Tunnel(mut stream, bytes)) => {
                    assert!(host == "yes");
                    client.write_all(b" more").await.expect("written");
                    let mut more = vec![0; 5];
                    stream.read_exact(&mut more).await.expect("read");
                    assert_eq!(String::from_utf8_lossy(&[&bytes[..], &more].concat()), format!("{ahead} more"));
                }
                Some(Next::Other(_)) => panic!("handed on"),
                None => assert!(host == "no"),
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_nobody_read_ends_the_connection() {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_drain, session) = Drain::new();
    let serving =
        tokio::spawn(async move { serve(Box::new(server), session, &Noon, Crowd::default(), &echo, |_| ()).await });
    client.write_all(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HTT").await.expect("written");
    let expected = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n{DATE}\r\n");
    assert_eq!(read(&mut client, "nothing more").await, expected);
    assert!(serving.await.expect("no panic").is_none());
}

#[tokio::test]
async fn who_goes_away_is_not_waited_for() {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_drain, session) = Drain::new();
    let dropped = Arc::new(AtomicBool::new(false));
    struct Tells(Arc<AtomicBool>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let tells = Arc::clone(&dropped);
    let serving = tokio::spawn(async move {
        let never = |request, broken| {
            let tells = Tells(Arc::clone(&tells));
            async move {
                let _tells = tells;
                echo(request, broken).await
            }
        };
        serve(Box::new(server), session, &Noon, Crowd::default(), &never, |_| ()).await.is_none()
    });
    client.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
    tokio::task::yield_now().await;
    drop(client);
    assert!(serving.await.expect("no panic") && dropped.load(Ordering::Acquire));
}

#[tokio::test(start_paused = true)]
async fn silence_and_draining_end_a_connection() {
    for (asks, drains) in [(false, false), (true, false), (true, true), (false, true)] {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let (drain, session) = Drain::new();
        let serving = tokio::spawn(async move {
            serve(Box::new(server), session, &Noon, Crowd::default(), &echo, |_| ()).await.is_none()
        });
        if asks {
            client.write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
            assert_eq!(read(&mut client, "/a ").await, said("/a "));
        }
        let begun = tokio::time::Instant::now();
        if drains {
            assert!(drain.finish(Duration::from_secs(60)).await);
        }
        assert!(serving.await.expect("no panic"));
        let seconds = match (asks, drains) {
            (_, false) => super::super::IDLE_SECONDS,
            (true, true) => 0,
            (false, true) => super::super::LAST_REQUEST_SECONDS,
        };
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_secs(seconds) && waited < Duration::from_secs(seconds + 1), "{waited:?}");
        assert_eq!(read(&mut client, "nothing more").await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_more_makes_room_and_who_does_is_served() {
    let crowd = Crowd::default();
    let begin = |pauses: &'static [u64]| {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let (drain, session) = Drain::new();
        let crowd = crowd.clone();
        tokio::spawn(async move {
            let _drain = drain;
            serve(Box::new(server), session, &Noon, crowd, &echo, |_| ()).await.is_none()
        });
        async move {
            for pause in pauses {
                tokio::time::sleep(Duration::from_secs(*pause)).await;
                client.write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
                assert_eq!(read(&mut client, "/a ").await, said("/a "), "{pauses:?}");
            }
            client
        }
    };
    let (busy, mut idle) = tokio::join!(begin(&[0, 3, 3, 3]), begin(&[0]));
    crowd.disperse();
    let begun = tokio::time::Instant::now();
    assert_eq!(read(&mut idle, "nothing more").await, "");
    assert!(begun.elapsed() < Duration::from_secs(1), "it waited long enough");
    crowd.disperse();
    let mut busy = busy;
    assert_eq!(read(&mut busy, "nothing more").await, "");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_last_answer_before_draining_says_so() {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (drain, session) = Drain::new();
    let serving = tokio::spawn(async move {
        serve(Box::new(server), session, &Noon, Crowd::default(), &echo, |_| ()).await.is_none()
    });
    client.write_all(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh").await.expect("written");
    tokio::task::yield_now().await;
    let finishing = tokio::spawn(drain.finish(Duration::from_secs(60)));
    tokio::task::yield_now().await;
    client.write_all(b"i").await.expect("written");
    let expected = format!("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n{DATE}\r\n/a hi");
    assert_eq!(read(&mut client, "nothing more").await, expected);
    assert!(serving.await.expect("no panic") && finishing.await.expect("no panic"));
}

fn head_of(method: Method) -> (request::Parts, Spelled) {
    let text = format!("{method} /up HTTP/1.1\r\nHOST: a\r\n\r\n");
    let (request, spelled) = head::read_request(&Bytes::from(text)).expect("a request");
    (request.into_parts().0, spelled)
}

/// Sends a request over what is in the slot.
async fn ask(slot: &Slot, method: Method, body: &[u8]) -> Result<Response<Answer>, Unanswered> {
    let (head, spelled) = head_of(method);
    let line = slot.take().ok_or(Unanswered::Broken { has_begun: false })?;
    line.ask(&head, &spelled, Arc::new(body.to_vec()), slot.clone(), Duration::from_secs(60)).await
}

async fn all_of(answer: Response<Answer>) -> Option<Vec<u8>> {
    answer.into_body().collect().await.ok().map(|body| body.to_bytes().to_vec())
}

#[tokio::test]
async fn a_connection_comes_back_behind_an_answer_that_ends_well() {
    for (answer, body, comes_back) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Some("hi"), true),
        ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Some("hi"), true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", Some("hi"), true),
        ("HTTP/1.1 204 No Content\r\n\r\n", Some(""), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", Some("hi"), false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", Some("hi"), false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", Some("hi"), false),
    ] {
        for size in [1, 7, 1_000] {
            let (mut server, ours) = tokio::io::duplex(1 << 16);
            let slot = Slot::holding(Box::new(ours));
            let serving = tokio::spawn(async move {
                let asked = read(&mut server, "\r\n\r\nhello").await;
                for piece in answer.as_bytes().chunks(size) {
                    server.write_all(piece).await.expect("written");
                    tokio::task::yield_now().await;
                }
                (asked, server)
            });
            let answered = ask(&slot, Method::POST, b"hello").await.expect("an answer");
            assert_eq!(all_of(answered).await.as_deref(), body.map(str::as_bytes), "{answer:?}");
            let (asked, _server) = serving.await.expect("no panic");
            assert_eq!(asked, "POST /up HTTP/1.1\r\nHOST: a\r\n\r\nhello");
            // A byte more than the answer may come later, and is seen before the next request.
            tokio::task::yield_now().await;
            assert_eq!(slot.take().is_some(), comes_back, "{answer:?} by {size}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_does_not_pass_for_whole() {
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", None),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", None),
        ("HTTP/1.1 200 OK\r\n\r\nhi", Some(&b"hi"[..])),
    ] {
        let (mut server, ours) = tokio::io::duplex(1 << 16);
        let slot = Slot::holding(Box::new(ours));
        server.write_all(answer.as_bytes()).await.expect("written");
        // What was said before anybody asked is no answer, so it has to be said behind the question.
        assert!(slot.take().is_none());
        let (mut server, ours) = tokio::io::duplex(1 << 16);
        let slot = Slot::holding(Box::new(ours));
        let serving = tokio::spawn(async move {
            read(&mut server, "hello").await;
            server.write_all(answer.as_bytes()).await.expect("written");
        });
        let answered = ask(&slot, Method::POST, b"hello").await.expect("an answer");
        serving.await.expect("no panic");
        assert_eq!(all_of(answered).await.as_deref(), body, "{answer:?}");
        assert!(slot.is_empty() || slot.take().is_none());
    }
}

/// The closed end of a connection that nobody uses must not be kept until somebody does.
#[tokio::test]
async fn a_connection_that_its_server_closes_is_let_go() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let dialled = tokio::net::TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
    let (mut server, _) = listener.accept().await.expect("accepted");
    let slot = Slot::holding(Box::new(dialled));
    let (mut client, ours) = tokio::io::duplex(1 << 16);
    let (_drain, session) = Drain::new();
    let idle = slot.clone();
    let serving = tokio::spawn(async move {
        let meanwhile = |cx: &mut Context<'_>| idle.let_go(cx);
        serve(Box::new(ours), session, &Noon, Crowd::default(), &echo, meanwhile).await.is_none()
    });
    let get = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(get).await.expect("written");
    assert_eq!(read(&mut client, "/a ").await, said("/a "));
    assert!(server.try_read(&mut [0]).is_err(), "let go too early");
    // Only our end lets this come to an end.
    server.shutdown().await.expect("closed");
    assert_eq!(server.read(&mut [0]).await.expect("read"), 0);
    assert!(slot.take().is_none());
    // The client keeps its own.
    client.write_all(get).await.expect("written");
    assert_eq!(read(&mut client, "/a ").await, said("/a "));
    drop(client);
    assert!(serving.await.expect("no panic"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_or_goes_away_is_told_from_one_that_heard_nothing() {
    let (server, ours) = tokio::io::duplex(1 << 16);
    let silent = Slot::holding(Box::new(ours));
    assert_eq!(ask(&silent, Method::POST, b"hello").await.err(), Some(Unanswered::Stalled));
    drop(server);
    let (server, ours) = tokio::io::duplex(1 << 16);
    let closed = Slot::holding(Box::new(ours));
    drop(server);
    assert_eq!(ask(&closed, Method::POST, b"hello").await.err(), Some(Unanswered::Broken { has_begun: false }));
    let (mut server, ours) = tokio::io::duplex(1 << 16);
    let broken = Slot::holding(Box::new(ours));
    let serving = tokio::spawn(async move { read(&mut server, "hello").await });
    assert_eq!(ask(&broken, Method::POST, b"hello").await.err(), Some(Unanswered::Broken { has_begun: true }));
    serving.await.expect("no panic");
}

/// A server may answer before it has heard everything, and hears the rest nevertheless.
#[tokio::test]
async fn an_early_answer_does_not_cut_the_request() {
    let body = vec![b'x'; 300_000];
    for reads_on in [true, false] {
        let (mut server, ours) = tokio::io::duplex(1 << 12);
        let slot = Slot::holding(Box::new(ours));
        let whole = body.len();
        let serving = tokio::spawn(async move {
            read(&mut server, "x").await;
            server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await.expect("written");
            let mut heard = 1;
            while reads_on && heard < whole - (1 << 12) {
                let mut room = [0; 1_000];
                heard += server.read(&mut room).await.expect("read");
            }
            server.write_all(b"ok").await.expect("written");
            server
        });
        let answered = ask(&slot, Method::POST, &body).await.expect("an answer");
        assert_eq!(all_of(answered).await.as_deref(), Some(&b"ok"[..]));
        drop(serving.await.expect("no panic"));
        // It is not used again: some of the request may not have been heard.
        assert!(slot.take().is_none());
    }
}

#[test]
fn fields_of_ours_are_spelled_as_they_are_named() {
    let (mut head, spelled) = head_of(Method::GET);
    let mut headers = HeaderMap::new();
    headers.insert("x-a", HeaderValue::from_static("1"));
    (head.headers, head.version) = (headers, Version::HTTP_11);
    assert_eq!(head::write_request(&head, &spelled), b"GET /up HTTP/1.1\r\nx-a: 1\r\n\r\n");
}
