//! What reaches a server, byte for byte, of requests that readers may read differently: the classes that public
//! collections list (Http11Probe, the changelogs of other proxies), each through a tunnel and followed by another request.
//!
//! A vector is refused, and the server gets nothing of it nor of what follows; or it passes, and the server gets exactly
//! what stands here, which has one reading.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{World, ask, read_body, read_head};

/// What becomes of a vector.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The status and the reason that is recorded. Nothing that follows is read.
    No(u16, &'static str),
    /// The same where it is clear where the request ends: what follows is another.
    Alone(u16, &'static str),
    /// What the server gets, without Host and Via.
    Yes(&'static str),
}

use Then::{Alone, No, Yes};

const BAD: Then = No(400, "bad-request");
const FRAMING: Then = No(400, "bad-framing");
const CODING: Then = No(501, "transfer-coding");
/// Read without doubt, and not to be sent.
const WRONG: Then = Alone(400, "bad-request");
const ELSEWHERE: Then = Alone(421, "misdirected");

/// A server that keeps every byte it gets.
struct Raw {
    address: SocketAddr,
    bytes: Arc<Mutex<Vec<u8>>>,
}

struct Tee<S> {
    inner: S,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tee<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.bytes.lock().expect("whole").extend_from_slice(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl Raw {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let raw = Self { address: listener.local_addr().expect("an address"), bytes: Arc::default() };
        let bytes = Arc::clone(&raw.bytes);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bytes = Arc::clone(&bytes);
                tokio::spawn(async move {
                    let (read, mut write) = stream.into_split();
                    let mut read = BufReader::new(Tee { inner: read, bytes });
                    loop {
                        let (line, head) = read_head(&mut read).await;
                        if line.is_empty() {
                            return;
                        }
                        read_body(&mut read, &head).await;
                        if write.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        raw
    }

    /// What it got, without what the gateway says of itself and with `HOST` for its own name.
    fn got(&self) -> String {
        let text =
            String::from_utf8_lossy(&self.bytes.lock().expect("whole")).replace(&self.address.to_string(), "HOST");
        let lines: Vec<_> = text.split_inclusive("\r\n").filter(|line| !line.starts_with("via: 1.1 chot-")).collect();
        lines.concat()
    }
}

/// Sends in pieces of `size`, and reads what comes back to its end.
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: &[u8], size: usize) -> String {
    for piece in bytes.chunks(size) {
        // A refusal may close the connection before all is sent.
        if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Tries a vector, whole and in pieces; `HOST` in it is the server's name. Gives what is wrong. It comes between two sound
/// requests: a tunnel must first have been seen to carry HTTP.
async fn check(world: &World, vector: &[u8], then: Then) -> Vec<String> {
    let mut wrong = Vec::new();
    for size in [1 << 20, 7] {
        let raw = Raw::start().await;
        let host = raw.address.to_string();
        let [first, next] = ["first", "next"].map(|path| format!("GET /{path} HTTP/1.1\r\nHost: HOST\r\n"));
        let all = [vector, format!("{next}Connection: close\r\n\r\n").as_bytes()].concat();
        let before = world.records("refusal").len();
        let (status, mut stream) = world.connect(&host).await;
        assert!(status.contains("200"), "{status}");
        let (status, ..) = ask(&mut stream, format!("{first}\r\n").replace("HOST", &host).as_bytes()).await;
        assert!(status.contains("200"), "{status}");
        let all = replace(&all, b"HOST", host.as_bytes());
        let exchanging = exchange(&mut stream, &all, size);
        let patience = std::time::Duration::from_secs(40);
        let Ok(answer) = tokio::time::timeout(patience, exchanging).await else {
            wrong.push("hangs".to_owned());
            continue;
        };
        let statuses: Vec<_> = answer.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect();
        // What hyper refuses is recorded behind its answer.
        let due = before + usize::from(!matches!(then, Yes(_)));
        let reasons: Vec<_> = world.records_when("refusal", due).await.split_off(before);
        let reasons: Vec<_> = reasons.iter().map(|record| record["reason"].as_str().unwrap_or_default()).collect();
        let ok = "200".to_owned();
        let (expected, told, recorded) = match then {
            No(code, reason) => (format!("{first}\r\n"), vec![code.to_string()], vec![reason]),
            Alone(code, reason) => (format!("{first}\r\n{next}\r\n"), vec![code.to_string(), ok], vec![reason]),
            Yes(passed) => (format!("{first}\r\n{passed}{next}\r\n"), vec![ok; 2], Vec::new()),
        };
        if (raw.got(), &reasons) != (expected.clone(), &recorded) || statuses != told {
            let got = raw.got();
            wrong.push(format!("by {size}: {statuses:?} {reasons:?} {:?}", got.strip_prefix(&format!("{first}\r\n"))));
        }
    }
    wrong
}

/// Tries several, and tells of all that are wrong.
async fn check_all(vectors: impl IntoIterator<Item = (String, Then)>) {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for (vector, then) in vectors {
        let complaints = check(&world, vector.as_bytes(), then).await;
        wrong.extend(
            complaints
                .into_iter()
                .map(|complaint| format!("{:?} {complaint:.400}", vector.chars().take(120).collect::<String>())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn replace(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + by.len());
    let mut rest = text;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by);
        rest = &rest[at + what.len()..];
    }
    [out.as_slice(), rest].concat()
}

/// Vectors that are a request line, fields besides Host, and a body.
fn requests(vectors: &[(&str, &str, &str, Then)]) -> Vec<(String, Then)> {
    let request = |(line, fields, body, then): &(&str, &str, &str, Then)| {
        (format!("{line}\r\nHost: HOST\r\n{fields}\r\n{body}"), *then)
    };
    vectors.iter().map(request).collect()
}

const POST: &str = "POST / HTTP/1.1";
/// What a body of five letters whose length was said goes on as, and one that came in chunks: it is held to its end, so
/// its length is known.
const SAID: Then = Yes("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello");
const COUNTED: Then = Yes("POST / HTTP/1.1\r\nHost: HOST\r\ncontent-length: 5\r\n\r\nhello");
const GET: &str = "GET / HTTP/1.1";

#[tokio::test(flavor = "multi_thread")]
async fn lengths() {
    check_all(requests(&[
        (POST, "Content-Length: 5\r\n", "hello", SAID),
        (POST, "content-length:5\r\n", "hello", COUNTED),
        (POST, "Content-Length: \t5 \t\r\n", "hello", SAID),
        // One number, and one reading of it goes on.
        (POST, "Content-Length: 005\r\n", "hello", SAID),
        (POST, "Content-Length: 0\r\n", "", Yes("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n")),
        (POST, "", "", Yes("POST / HTTP/1.1\r\nHost: HOST\r\n\r\n")),
        (GET, "Content-Length: 5\r\n", "hello", Yes("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello")),
        (POST, "Content-Length: 5\r\nContent-Length: 6\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5\r\nContent-Length: 5\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5, 5\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5,6\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5 5\r\n", "hello", FRAMING),
        (POST, "Content-Length: +5\r\n", "hello", FRAMING),
        (POST, "Content-Length: -5\r\n", "hello", FRAMING),
        (POST, "Content-Length: -0\r\n", "", FRAMING),
        (POST, "Content-Length: 0x5\r\n", "hello", FRAMING),
        (POST, "Content-Length: 0o5\r\n", "hello", FRAMING),
        (POST, "Content-Length: 1_0\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5.0\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5e0\r\n", "hello", FRAMING),
        (POST, "Content-Length: 5;x=y\r\n", "hello", FRAMING),
        (POST, "Content-Length: \"5\"\r\n", "hello", FRAMING),
        (POST, "Content-Length: five\r\n", "hello", FRAMING),
        (POST, "Content-Length:\r\n", "hello", FRAMING),
        (POST, "Content-Length: 18446744073709551616\r\n", "hello", FRAMING),
        (POST, "Content-Length: 99999999999999999999\r\n", "hello", FRAMING),
        (POST, "Content-Length : 5\r\n", "hello", BAD),
        (POST, "Content-Length\t: 5\r\n", "hello", BAD),
        (POST, " Content-Length: 5\r\n", "hello", BAD),
        (POST, "Content-Length: 5\r\nContent_Length: 6\r\n", "hello", FRAMING),
        (POST, "X: y\nContent-Length: 5\r\n", "hello", BAD),
        (POST, "X: y\rContent-Length: 5\r\n", "hello", BAD),
    ]))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfer_codings() {
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    check_all(requests(&[
        (POST, "Transfer-Encoding: chunked\r\n", chunks, COUNTED),
        (POST, "transfer-encoding:\tChunked \r\n", chunks, COUNTED),
        (POST, both, chunks, FRAMING),
        (POST, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks, FRAMING),
        (POST, "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", chunks, FRAMING),
        (POST, "Transfer-Encoding: x\r\nContent-Length: 5\r\n", "hello", FRAMING),
        (POST, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks, FRAMING),
        (POST, "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", chunks, FRAMING),
        (POST, "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", chunks, FRAMING),
        (POST, "Transfer-Encoding: xchunked\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: chunkedx\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: chunked, chunked\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: gzip, chunked\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: chunked, gzip\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: identity, chunked\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: , chunked\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: chunked,\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: chunked;q=1\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: \"chunked\"\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: identity\r\n", chunks, CODING),
        (POST, "Transfer-Encoding:\r\n", chunks, CODING),
        (POST, "Transfer-Encoding: chunked\u{b}\r\n", chunks, BAD),
        (POST, "Transfer-Encoding: \u{c}chunked\r\n", chunks, BAD),
        (POST, "Transfer-Encoding: chun\u{212a}ed\r\n", chunks, CODING),
        (POST, "Transfer-Encoding:\r\n chunked\r\n", chunks, BAD),
        (POST, "Transfer-Encoding : chunked\r\n", chunks, BAD),
        (POST, " Transfer-Encoding: chunked\r\n", chunks, BAD),
        (POST, "X: y\r\n Transfer-Encoding: chunked\r\n", chunks, BAD),
        (POST, "X: y\nTransfer-Encoding: chunked\r\n", chunks, BAD),
        (POST, "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello", FRAMING),
        (POST, "Transfer-Encoding\0: chunked\r\n", chunks, BAD),
        ("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n", chunks, FRAMING),
        // What Connection names is no way to take the length away.
        (POST, "Connection: content-length\r\nContent-Length: 5\r\n", "hello", SAID),
        (POST, "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", chunks, COUNTED),
    ]))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let with_trailer = "POST / HTTP/1.1\r\nHost: HOST\r\ntrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                        5\r\nhello\r\n0\r\nx-sum: 9\r\n\r\n";
    check_all(requests(&[
        (POST, chunked, "2\r\nhe\r\n03\r\nllo\r\n0\r\n\r\n", COUNTED),
        (POST, chunked, "5\r\nhello\r\n000\r\n\r\n", COUNTED),
        (POST, chunked, "0000000000000005\r\nhello\r\n0\r\n\r\n", COUNTED),
        (POST, chunked, "5\r\nhello\r\n0\r\nX-Sum: 9\r\n\r\n", Yes(with_trailer)),
        (POST, chunked, "5;a=b\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5;\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5;\n\r\nhello\r\n0\r\n\r\n", BAD_CHUNK),
        (POST, chunked, "5 \r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5\t\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, " 5\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "0x5\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "+5\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "-5\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5_0\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5h\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "hello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5\nhello\r\n0\r\n\r\n", BAD_CHUNK),
        (POST, chunked, "5\rhello\r\n0\r\n\r\n", BAD_CHUNK),
        (POST, chunked, "5\r\nhello\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r0\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello0\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello!\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "4\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\n\r\n", BAD_CHUNK),
        (POST, chunked, "5\r\nhello\r\n0\r\n\n", BAD_CHUNK),
        (POST, chunked, "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "8000000000000000\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "10000000000000005\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "100000000000000000000000005\r\nhello\r\n0\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\r\nHost: elsewhere.example\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\r\nAuthorization: Basic x\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\r\nContent-Type: x/y\r\n\r\n", FRAMING),
        (POST, chunked, "5\r\nhello\r\n0\r\nno colon\r\n\r\n", BAD_CHUNK),
        (POST, chunked, "5\r\nhello\r\n0\r\nX : y\r\n\r\n", BAD_CHUNK),
        (POST, chunked, "5\r\nhello\r\n0\r\nX: y\r\n folded\r\n\r\n", BAD_CHUNK),
        (POST, chunked, "5\r\nhello\r\n0\r\nX: y\n\r\n", BAD_CHUNK),
    ]))
    .await;
}

/// Behind a head the reason is that of lines.
const BAD_CHUNK: Then = BAD;

#[tokio::test(flavor = "multi_thread")]
async fn lines_and_targets() {
    let get = "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n";
    check_all(requests(&[
        (GET, "", "", Yes(get)),
        ("\r\nGET / HTTP/1.1", "", "", Yes(get)),
        ("GET http://HOST/ HTTP/1.1", "", "", Yes(get)),
        ("GET /a%00b?c#d HTTP/1.1", "", "", Yes("GET /a%00b?c HTTP/1.1\r\nHost: HOST\r\n\r\n")),
        ("OPTIONS * HTTP/1.1", "", "", Yes("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n")),
        ("GET * HTTP/1.1", "", "", WRONG),
        ("FOO / HTTP/1.1", "", "", Yes("FOO / HTTP/1.1\r\nHost: HOST\r\n\r\n")),
        ("GET  / HTTP/1.1", "", "", BAD),
        ("GET /  HTTP/1.1", "", "", BAD),
        ("GET / HTTP/1.1 ", "", "", BAD),
        ("GET\t/\tHTTP/1.1", "", "", BAD),
        (" GET / HTTP/1.1", "", "", BAD),
        ("GET /", "", "", BAD),
        ("GET / HTTP/0.9", "", "", BAD),
        ("GET / HTTP/1.2", "", "", BAD),
        ("GET / HTTP/2.0", "", "", BAD),
        ("GET / HTTP/3", "", "", BAD),
        ("GET / HTTP/11", "", "", BAD),
        ("GET / HTTP/1.1.1", "", "", BAD),
        ("GET / HTTP/01.1", "", "", BAD),
        ("GET / http/1.1", "", "", BAD),
        ("GET / HTTPS/1.1", "", "", BAD),
        ("GET / XTTP/1.1", "", "", BAD),
        ("G\u{cb}T / HTTP/1.1", "", "", BAD),
        ("GET /\0 HTTP/1.1", "", "", BAD),
        ("GET /\u{7f} HTTP/1.1", "", "", BAD),
        ("GET /\r HTTP/1.1", "", "", BAD),
        ("GET /\n HTTP/1.1", "", "", BAD),
        ("GET HOST HTTP/1.1", "", "", WRONG),
        ("GET ../x HTTP/1.1", "", "", BAD),
        ("GET \\x HTTP/1.1", "", "", BAD),
        ("GET http://elsewhere.example/ HTTP/1.1", "", "", No(421, "misdirected")),
        ("GET http://HOST@elsewhere.example/ HTTP/1.1", "", "", WRONG),
        ("GET https://HOST/ HTTP/1.1", "", "", No(421, "misdirected")),
        ("GET ftp://HOST/ HTTP/1.1", "", "", No(421, "misdirected")),
        ("CONNECT HOST HTTP/1.1", "", "", BAD),
        ("PRI * HTTP/2.0", "", "", BAD),
        ("\r\n\r\nGET / HTTP/1.1", "", "", BAD),
        ("\nGET / HTTP/1.1", "", "", BAD),
    ]))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields() {
    let get = "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n";
    check_all(requests(&[
        (GET, "X: y\r\n folded\r\n", "", BAD),
        (GET, "X: y\r\n\tfolded\r\n", "", BAD),
        (GET, " X: y\r\n", "", BAD),
        (GET, "X : y\r\n", "", BAD),
        (GET, "X\r\n", "", BAD),
        (GET, ": y\r\n", "", BAD),
        (GET, "X Y: z\r\n", "", BAD),
        (GET, "X(Y): z\r\n", "", BAD),
        (GET, "\u{fc}: z\r\n", "", BAD),
        (GET, "X: y\0z\r\n", "", BAD),
        (GET, "X: y\u{8}z\r\n", "", BAD),
        (GET, "X: y\rz\r\n", "", BAD),
        (GET, "X: y\nZ: z\r\n", "", BAD),
        (GET, "X: y\r\r\n", "", BAD),
        (GET, "X:\r\n", "", Yes("GET / HTTP/1.1\r\nHost: HOST\r\nX:\r\n\r\n")),
        // What programs of other languages call themselves.
        (
            GET,
            "User-Agent: Tr\u{ec}nh duy\u{1ec7}t\r\n",
            "",
            Yes("GET / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Tr\u{ec}nh duy\u{1ec7}t\r\n\r\n"),
        ),
        (GET, "Host: HOST\r\n", "", WRONG),
        (GET, "Host: elsewhere.example\r\n", "", WRONG),
        (GET, "host : elsewhere.example\r\n", "", BAD),
        // Whatever belongs to one connection stays on it; what does not cannot be made to.
        (
            GET,
            "Connection: keep-alive, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\n",
            "",
            Yes(get),
        ),
        (GET, "Connection: host\r\n", "", Yes(get)),
        (
            GET,
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
            "",
            Yes(get),
        ),
        (GET, "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n", "", Alone(501, "upgrade")),
        (GET, "Proxy-Authorization: Basic eDp5\r\n", "", Yes(get)),
        (
            GET,
            "Max-Forwards: 1\r\nCookie: a=b\r\nCookie: c=d\r\n",
            "",
            Yes("GET / HTTP/1.1\r\nHost: HOST\r\nMax-Forwards: 1\r\nCookie: a=b; c=d\r\n\r\n"),
        ),
        (GET, "Cookie: a=b\0c\r\n", "", BAD),
        (
            POST,
            "Expect: 200-maybe\r\nContent-Length: 5\r\n",
            "hello",
            Yes("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello"),
        ),
    ]))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts() {
    let get = "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n";
    let hosts = [
        ("Host: HOST\r\n", Yes(get)),
        ("", WRONG),
        ("Host:\r\n", WRONG),
        ("Host: HOST, HOST\r\n", WRONG),
        ("Host: HOST/\r\n", WRONG),
        ("Host: x@HOST\r\n", WRONG),
        ("Host: http://HOST\r\n", WRONG),
        ("Host: HOST HOST\r\n", WRONG),
        ("Host: HOST#x\r\n", WRONG),
        ("Host: HOST?x\r\n", WRONG),
        ("Host: HOST:80\r\n", WRONG),
        ("Host: 127.0.0.1:x\r\n", WRONG),
        ("Host: 127.0.0.1:99999\r\n", WRONG),
        ("Host: 127.0.0.1:+80\r\n", WRONG),
        ("Host: 127.1\r\n", WRONG),
        ("Host: 127.0.0.1\r\n", Yes("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")),
        ("Host: [::1]:80\r\n", ELSEWHERE),
        ("Host: [::1\r\n", WRONG),
        ("Host: elsewhere.example\r\n", ELSEWHERE),
        ("Host: elsewhere.example\r\nX-Host: HOST\r\n", ELSEWHERE),
    ];
    let vectors = hosts.map(|(host, then)| (format!("GET / HTTP/1.1\r\n{host}\r\n"), then));
    check_all(vectors).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large() {
    let long = "y".repeat(70_000);
    let many: String = (0..9_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let large = No(431, "head-too-large");
    check_all([
        (format!("GET /{long} HTTP/1.1\r\nHost: HOST\r\n\r\n"), large),
        (format!("{long} / HTTP/1.1\r\nHost: HOST\r\n\r\n"), large),
        (format!("GET / HTTP/1.1\r\nHost: HOST\r\nX: {long}\r\n\r\n"), large),
        (format!("GET / HTTP/1.1\r\nHost: HOST\r\n{long}: x\r\n\r\n"), large),
        (format!("GET / HTTP/1.1\r\nHost: HOST\r\n{many}\r\n"), large),
        (format!("GET / HTTP/1.1\r\nHost: HOST\r\nCookie: a={long}\r\n\r\n"), large),
        (
            format!("POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n{many}\r\n"),
            // hyper gives up before we do.
            No(400, "body-aborted"),
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_at_all() {
    let world = World::new().await;
    for bytes in
        [&b"\0\x01\x02\x03 / HTTP/1.1\r\n\r\n"[..], b"\xff\xfe\r\n\r\n", b"SSH-2.0-x\r\n", b"{\"a\":1}\r\n\r\n"]
    {
        let raw = Raw::start().await;
        let (_, mut stream) = world.connect(&raw.address.to_string()).await;
        let _ = exchange(&mut stream, bytes, 3).await;
        assert_eq!(raw.got(), "", "{bytes:?}");
    }
    // A request of which not all came.
    for cut in [
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: HOST\r\n",
        "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 9\r\n\r\nhello",
    ] {
        let raw = Raw::start().await;
        let mut stream = TcpStream::connect(world.proxy).await.expect("connected");
        let host = raw.address.to_string();
        stream.write_all(format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.expect("sent");
        stream.write_all(cut.replace("HOST", &host).as_bytes()).await.expect("sent");
        stream.shutdown().await.expect("closed");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert_eq!(raw.got(), "", "{cut:?}");
    }
}
