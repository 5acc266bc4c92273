//! The web channel from outside: a real gateway on loopback between a real server and real clients. Here: messages
//! and what becomes of them.

mod http2;
mod limits;
mod sockets;
mod tunnels;
mod vectors;
mod world;

use std::io::Write;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use world::{A_NUMBER, World, ask};

fn post(host: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).expect("written");
    encoder.finish().expect("finished")
}

#[tokio::test(flavor = "multi_thread")]
async fn allow_block_allow_on_one_connection() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let (status, head, body) = ask(&mut zalo, &post("chat.zalo.me", "/a", "", b"Chao anh")).await;
    assert!(status.contains("200") && body == b"8", "{status}");
    assert!(!head.to_ascii_lowercase().contains("alt-svc"));
    let (status, head, body) = ask(&mut zalo, &post("chat.zalo.me", "/b", "", A_NUMBER.as_bytes())).await;
    assert!(status.contains("403"), "{status}");
    let told: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&told["action"], &told["rule"]), (&"block".into(), &"no-identifiers-to-messaging".into()));
    assert_eq!(told["findings"]["cccd"]["distinct"], 1);
    assert!(!String::from_utf8_lossy(&body).contains("001090123456"));
    let id = told["decision"].as_str().expect("an id");
    assert!(head.to_ascii_lowercase().contains(&format!("x-chot-decision: {id}")));
    let (status, _, body) = ask(&mut zalo, &post("chat.zalo.me", "/c", "", b"Tam biet anh")).await;
    assert!(status.contains("200") && body == b"12", "{status}");

    let paths: Vec<_> = world.got().iter().map(|got| got.head.split(' ').nth(1).expect("a path").to_owned()).collect();
    assert_eq!(paths, ["/a", "/c"]);
    assert_eq!(world.got()[0].header("host"), Some("chat.zalo.me"));
    let outcomes = world.records_when("outcome", 3).await;
    let told: Vec<_> = outcomes.iter().map(|record| record["outcome"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["delivered", "refused", "delivered"]);
    let decisions = world.records("decision");
    let blocked = decisions.iter().find(|record| record["id"] == id).expect("the decision");
    assert_eq!(blocked["destination"]["app"], "zalo", "{blocked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_found_wherever_a_request_can_hold_it() {
    let world = World::new().await;
    let number = "001090123456";
    let text = A_NUMBER.as_bytes();
    let chunked = format!("4\r\n{}\r\n", "So c") + &format!("{:x}\r\nan cuoc cong dan: {number}\r\n0\r\n\r\n", 18 + 12);
    let chunked_head = "POST /x HTTP/1.1\r\nHost: chat.zalo.me\r\nTransfer-Encoding: chunked\r\n\r\n";
    let get = |rest: &str| format!("GET {rest}\r\n\r\n").into_bytes();
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4_096, 5, 20).write_all(text).expect("written");
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).expect("written");
        encoder.finish().expect("finished")
    };
    let zstd = ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
    let multipart = |disposition: &str, content: &str| {
        let body = format!("--x7\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n--x7--\r\n");
        post("chat.zalo.me", "/x", "Content-Type: multipart/form-data; boundary=x7\r\n", body.as_bytes())
    };
    let form =
        |body: &str| post("chat.zalo.me", "/x", "Content-Type: application/x-www-form-urlencoded\r\n", body.as_bytes());
    let cases = [
        ("path", get(&format!("/so-cccd/{number} HTTP/1.1\r\nHost: chat.zalo.me"))),
        ("field of a form", form(&format!("so_cccd={number}"))),
        ("name of a form's field", form(&format!("cccd-{number}=1"))),
        ("escaped field of a form", form("so_cccd=%30%30%31%30%39%30%31%32%33%34%35%36")),
        ("part", multipart("name=\"so_cccd\"", number)),
        ("name of a part", multipart(&format!("name=\"cccd {number}\""), "1")),
        ("file name of a part", multipart(&format!("name=\"f\"; filename=\"cccd {number}.txt\""), "1")),
        ("encoded file name of a part", multipart(&format!("name=\"f\"; filename*=UTF-8''cccd%20{number}.txt"), "1")),
        (
            "file name in the head",
            post(
                "chat.zalo.me",
                "/x",
                &format!("Content-Disposition: attachment; filename=\"cccd {number}.txt\"\r\n"),
                b"1",
            ),
        ),
        (
            "name that is put",
            format!("PUT /cccd%20{number}.txt HTTP/1.1\r\nHost: chat.zalo.me\r\nContent-Length: 1\r\n\r\n1")
                .into_bytes(),
        ),
        (
            "body of a DELETE",
            format!("DELETE / HTTP/1.1\r\nHost: chat.zalo.me\r\nContent-Length: {}\r\n\r\n{A_NUMBER}", A_NUMBER.len())
                .into_bytes(),
        ),
        (
            "where it comes from",
            get(&format!("/ HTTP/1.1\r\nHost: chat.zalo.me\r\nReferer: https://a.example/?cccd={number}")),
        ),
        ("credentials", get(&format!("/ HTTP/1.1\r\nHost: chat.zalo.me\r\nAuthorization: Digest cccd=\"{number}\""))),
        ("plain", post("chat.zalo.me", "/x", "", text)),
        ("gzip", post("chat.zalo.me", "/x", "Content-Encoding: gzip\r\n", &gzip(text))),
        ("deflate", post("chat.zalo.me", "/x", "Content-Encoding: deflate\r\n", &zlib)),
        ("br", post("chat.zalo.me", "/x", "Content-Encoding: br\r\n", &brotli)),
        ("zstd", post("chat.zalo.me", "/x", "Content-Encoding: zstd\r\n", &zstd)),
        ("gzip twice", post("chat.zalo.me", "/x", "Content-Encoding: gzip, gzip\r\n", &gzip(&gzip(text)))),
        ("chunked", [chunked_head.as_bytes(), chunked.as_bytes()].concat()),
        ("query", get(&format!("/?cccd={number} HTTP/1.1\r\nHost: chat.zalo.me"))),
        ("escaped query", get("/?cccd=%30%30%31090123456 HTTP/1.1\r\nHost: chat.zalo.me")),
        ("cookie", get(&format!("/ HTTP/1.1\r\nHost: chat.zalo.me\r\nCookie: cccd={number}"))),
        ("header", get(&format!("/ HTTP/1.1\r\nHost: chat.zalo.me\r\nX-CCCD: {number}"))),
        (
            "body of a GET",
            format!("GET / HTTP/1.1\r\nHost: chat.zalo.me\r\nContent-Length: {}\r\n\r\n{A_NUMBER}", A_NUMBER.len())
                .into_bytes(),
        ),
        (
            "trailer",
            format!(
                "POST / HTTP/1.1\r\nHost: chat.zalo.me\r\nTransfer-Encoding: chunked\r\nTrailer: x-cccd\r\n\r\n\
                 2\r\nhi\r\n0\r\nx-cccd: {number}\r\n\r\n"
            )
            .into_bytes(),
        ),
    ];
    for (what, request) in &cases {
        let mut zalo = world.tls(world.https, "chat.zalo.me").await;
        let (status, ..) = ask(&mut zalo, request).await;
        assert!(status.contains("403"), "{what}: {status}");
    }
    assert!(world.got().is_empty());
    let decisions = world.records("decision");
    assert_eq!(decisions.len(), cases.len());
    for ((what, _), decision) in cases.iter().zip(&decisions) {
        assert_eq!(decision["verdict"]["action"], "block", "{what}: {decision}");
        assert!(!decision.to_string().contains(number), "{what}: {decision}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_redacted_leaves_as_it_came() {
    let world = World::new().await;
    let encoded = gzip("Hoá đơn điện nước tháng 10".as_bytes());
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let headers = "Content-Encoding: gzip\r\nContent-Digest: sha-256=:AA:\r\n";
    let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", "/x", headers, &encoded)).await;
    assert!(status.contains("200"), "{status}");
    let got = &world.got()[0];
    assert_eq!(got.body, encoded);
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    assert!(got.header("content-digest").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_body_is_whole_and_says_nothing_untrue() {
    let world = World::new().await;
    let host = format!("localhost:{}", world.http.port());
    for (encoding, body) in
        [("", A_NUMBER.as_bytes().to_vec()), ("Content-Encoding: gzip\r\n", gzip(A_NUMBER.as_bytes()))]
    {
        let headers =
            format!("{encoding}Content-Type: text/plain; charset=utf-8\r\nContent-MD5: AA==\r\nDigest: x\r\n");
        let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
        let request = post(&host, &format!("http://{host}/form"), &headers, &body);
        let (status, ..) = ask(&mut stream, &request).await;
        assert!(status.contains("200"), "{status}");
        let got = world.got().pop().expect("a request");
        let text = String::from_utf8(got.body.clone()).expect("UTF-8");
        assert!(!text.contains("001090123") && text.starts_with("Số căn cước"), "{text}");
        assert_eq!(got.header("content-length"), Some(got.body.len().to_string().as_str()));
        for name in ["content-encoding", "content-md5", "digest", "proxy-connection"] {
            assert_eq!(got.header(name), None, "{name}");
        }
        assert!(got.head.starts_with("POST /form HTTP/1.1"));
    }
    // A signed body cannot be changed without being refused over there, so it is refused here.
    let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
    let signed = post(&host, &format!("http://{host}/form"), "x-amz-content-sha256: 00\r\n", A_NUMBER.as_bytes());
    assert!(ask(&mut stream, &signed).await.0.contains("403"));
    assert_eq!(world.got().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_codings_are_refused_by_policy_and_not_taken_for_clean() {
    let world = World::new().await;
    let whole = gzip(b"nothing in here");
    for (coding, body) in [("compress", &whole[..]), ("gzip", &whole[..whole.len() - 4]), ("gzip", b"not gzip at all")]
    {
        let mut zalo = world.tls(world.https, "chat.zalo.me").await;
        let headers = format!("Content-Encoding: {coding}\r\n");
        let (status, _, body) = ask(&mut zalo, &post("chat.zalo.me", "/x", &headers, body)).await;
        assert!(status.contains("403"), "{coding}: {status}");
        let told: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(told["rule"], "unreadable-stays");
    }
    assert!(world.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_or_cannot_be_held_goes_nowhere() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let whole = post("chat.zalo.me", "/x", "", &vec![b'x'; 100_000]);
    zalo.write_all(&whole[..50_000]).await.expect("written");
    zalo.shutdown().await.expect("closed");
    drop(zalo);
    assert_eq!(world.records_when("refusal", 1).await[0]["reason"], "body-aborted");

    std::fs::remove_dir_all(world.spool()).expect("removed");
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", "/x", "", &vec![b'x'; 12 << 20])).await;
    assert!(status.contains("503") && world.got().is_empty(), "{status}");
    let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", "/x", "", b"Chao")).await;
    assert!(status.contains("200"), "what fits in memory still passes: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_nothing_leaves() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(ask(&mut zalo, &post("chat.zalo.me", "/a", "", b"Chao")).await.0.contains("200"));
    world.records_when("outcome", 1).await;
    world.disk.cut_power(0, 1);
    let (status, head, _) = ask(&mut zalo, &post("chat.zalo.me", "/b", "", b"Chao")).await;
    assert!(status.contains("503") && head.to_ascii_lowercase().contains("x-chot-decision"), "{status}");
    assert_eq!(world.got().len(), 1);
    assert_eq!(world.gate.counts().failed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_closed_while_idle_is_made_again() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    for path in ["/close", "/again", "/close", "/again"] {
        let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", path, "", b"Chao")).await;
        assert!(status.contains("200"), "{path}: {status}");
    }
    assert_eq!(world.got().len(), 4);
    let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", "/hang-up", "", b"Chao")).await;
    assert!(status.contains("502"), "{status}");
    let outcomes = world.records_when("outcome", 5).await;
    assert_eq!(outcomes[4]["outcome"], "in_doubt");
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_and_chunks_of_an_answer_arrive() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let request =
        b"GET /chunked HTTP/1.1\r\nHost: chat.zalo.me\r\nTE: trailers\r\nConnection: te\r\nUser-Agent: Test\r\n\r\n";
    zalo.write_all(request).await.expect("written");
    zalo.flush().await.expect("flushed");
    let (status, head) = world::read_head(&mut zalo).await;
    assert!(status.contains("200") && head.to_ascii_lowercase().contains("trailer: x-sum"), "{head}");
    let mut all = String::new();
    while !all.ends_with("\r\n\r\n") {
        tokio::io::AsyncBufReadExt::read_line(&mut zalo, &mut all).await.expect("read");
    }
    assert!(all.contains("abc") && all.contains("x-sum: 9"), "{all}");
    assert_eq!(world.got()[0].header("te"), Some("trailers"));
    assert!(world.got()[0].head.contains("User-Agent: Test"), "the case of names is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_not_clear_are_refused() {
    let world = World::new().await;
    let host = world.http.to_string();
    for (request, expected) in [
        ("GET /x HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "400"),
        (format!("GET http://{host}/ HTTP/1.1\r\n\r\n"), "400"),
        (format!("GET http://{host}/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400"),
        (format!("GET https://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"), "400"),
        (
            format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
            "501",
        ),
        (
            format!(
                "POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
            ),
            "501",
        ),
        (format!("GET http://{host}/old HTTP/1.0\r\n\r\n"), "200"),
        (format!("POST http://{host}/ HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400"),
    ] {
        let mut stream = BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"));
        let (status, ..) = ask(&mut stream, request.as_bytes()).await;
        assert!(status.contains(expected), "{request}: {status}");
    }
    let got = world.got();
    assert_eq!(got.len(), 1);
    assert!(got[0].head.starts_with("GET /old HTTP/1.1") && got[0].header("host") == Some(&host));
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_sees_the_page_after_sending_20_mb() {
    let world = World::new().await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("register.txt");
    let mut content = "Danh sach khong co so nao. ".repeat(800_000).into_bytes();
    content.extend_from_slice(A_NUMBER.as_bytes());
    std::fs::write(&file, &content).expect("written");
    let route = format!("chat.zalo.me:443:127.0.0.1:{}", world.https.port());
    let upload = format!("@{}", file.display());
    let output = world
        .curl(&["--connect-to", &route, "-H", "Accept: text/html", "--data-binary", &upload, "https://chat.zalo.me/up"])
        .await;
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(page.contains("Không gửi số định danh") && page.contains("Phòng CNTT"), "{page}");
    assert!(!page.contains("001090123456") && world.got().is_empty());

    // The same without the number passes whole.
    content.truncate(content.len() - A_NUMBER.len());
    std::fs::write(&file, &content).expect("written");
    let output = world.curl(&["--connect-to", &route, "--data-binary", &upload, "https://chat.zalo.me/up"]).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), content.len().to_string());
    assert!(world.got()[0].body == content && world.got()[0].header("expect").is_none());
    assert_eq!(world.gate.held_bytes(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_read_why_and_a_refused_upload_does_not_end_in_a_reset() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let origin = "Origin: https://chat.zalo.me\r\n";
    let (status, head, _) = ask(&mut zalo, &post("chat.zalo.me", "/x", origin, A_NUMBER.as_bytes())).await;
    assert!(status.contains("403"), "{status}");
    let head = head.to_ascii_lowercase();
    for line in ["access-control-allow-origin: https://chat.zalo.me", "vary: origin", "cache-control: no-store"] {
        assert!(head.contains(line), "{head}");
    }
    let preflight = "OPTIONS /x HTTP/1.1\r\nHost: chat.zalo.me\r\nOrigin: https://a.example\r\n\r\n";
    assert!(ask(&mut zalo, preflight.as_bytes()).await.0.contains("200"));
    let socket = "GET /x HTTP/1.1\r\nHost: chat.zalo.me\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    assert!(ask(&mut zalo, socket.as_bytes()).await.0.contains("501"));
    assert!(world.records("refusal").iter().any(|record| record["reason"] == "upgrade"));

    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("large");
    std::fs::write(&file, vec![b'x'; 20 << 20]).expect("written");
    let upload = format!("@{}", file.display());
    for expect in ["Expect:", "Expect: 100-continue"] {
        let output = world.curl(&["-H", expect, "--data-binary", &upload, "http://10.255.255.1/x"]).await;
        let page = String::from_utf8_lossy(&output.stdout);
        assert!(page.contains("target-address"), "{page} {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_end_of_the_upload_arrives() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", "/early", "", &vec![b'x'; 4 << 20])).await;
    assert!(status.contains("413"), "{status}");
    let (status, ..) = ask(&mut zalo, &post("chat.zalo.me", "/after", "", b"Chao")).await;
    assert!(status.contains("200"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_lets_the_request_under_way_finish() {
    let mut world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let request = post("chat.zalo.me", "/x", "", b"Chao anh");
    let (first, rest) = request.split_at(request.len() - 3);
    zalo.write_all(first).await.expect("written");
    zalo.flush().await.expect("flushed");
    // The gateway has begun the message once it holds what came of it.
    tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while world.gate.counts().decisions(chot_model::Channel::Web, chot_model::Action::Allow) == 0 {
            let mut other = world.tls(world.https, "chat.zalo.me").await;
            assert!(ask(&mut other, &post("chat.zalo.me", "/y", "", b"Chao")).await.0.contains("200"));
        }
    })
    .await
    .expect("served");
    let finishing = world.drain();
    let (status, head, _) = ask(&mut zalo, rest).await;
    assert!(status.contains("200"), "{status}");
    assert!(head.to_ascii_lowercase().contains("connection: close"), "{head}");
    assert!(finishing.await.expect("no panic"));
    assert!(TcpStream::connect(world.proxy).await.is_err());
}
