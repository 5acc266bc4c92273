//! Frames of our own making, as no library sends them.

use super::*;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields as literals without names from any table and without Huffman codes (RFC 7541 §6.2.2).
fn block(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let string = |bytes: &[u8]| {
        let mut out = vec![bytes.len().min(127) as u8];
        if bytes.len() >= 127 {
            let mut rest = bytes.len() - 127;
            while rest >= 128 {
                out.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            out.push(rest as u8);
        }
        out.extend(bytes);
        out
    };
    fields.iter().flat_map(|(name, value)| [vec![0], string(name.as_bytes()), string(value)].concat()).collect()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

async fn open(world: &World) -> impl AsyncRead + AsyncWrite + Unpin + use<> {
    let mut stream = world.tls(world.http2, "chat.zalo.me").await;
    let preface = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, &[])].concat();
    stream.write_all(&preface).await.expect("written");
    stream.flush().await.expect("flushed");
    stream
}

/// The kind of the first frame that concerns stream 1 or ends the connection, and its payload.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> (u8, Vec<u8>) {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return (0xff, Vec::new());
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.expect("a payload");
        if head[8] == 1 && head[3] != 8 || head[3] == 7 {
            return (head[3], payload);
        }
    }
}

type Fields<'a> = Vec<(&'a str, &'a [u8])>;

fn sound<'a>() -> Fields<'a> {
    vec![(":method", b"POST"), (":scheme", b"https"), (":authority", b"chat.zalo.me"), (":path", b"/x")]
}

fn with<'a>(more: &[(&'a str, &'a [u8])]) -> Fields<'a> {
    [sound(), more.to_vec()].concat()
}

fn without<'a>(name: &str, more: &[(&'a str, &'a [u8])]) -> Fields<'a> {
    let mut fields = sound();
    fields.retain(|(other, _)| *other != name);
    [fields, more.to_vec()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stream_passes_that_readers_read_differently() {
    let long = vec![b'y'; 80 << 10];
    let cases: Vec<(&str, Fields<'_>)> = vec![
        // Pseudo-header fields.
        ("no method", without(":method", &[])),
        ("no path", without(":path", &[])),
        ("no scheme", without(":scheme", &[])),
        ("an empty path", without(":path", &[(":path", b"")])),
        ("two methods", with(&[(":method", b"GET")])),
        ("two paths", with(&[(":path", b"/y")])),
        ("two authorities", with(&[(":authority", b"files.zalo.me")])),
        ("one behind a field", without(":path", &[("a", b"b"), (":path", b"/x")])),
        ("one nobody knows", with(&[(":own", b"x")])),
        ("one of an answer", with(&[(":status", b"200")])),
        ("a protocol", with(&[(":protocol", b"websocket")])),
        ("a relative path", without(":path", &[(":path", b"x")])),
        ("a path that is a URL", without(":path", &[(":path", b"http://evil.example/x")])),
        ("a space in the path", without(":path", &[(":path", b"/x HTTP/1.1")])),
        ("a line end in the path", without(":path", &[(":path", b"/x\r\nHost: evil.example")])),
        ("a line end in the method", without(":method", &[(":method", b"GET / HTTP/1.1\r\nX: y")])),
        ("a line end in the authority", without(":authority", &[(":authority", b"chat.zalo.me\r\nX: y")])),
        ("a user in the authority", without(":authority", &[(":authority", b"chat.zalo.me@evil.example")])),
        ("no authority", without(":authority", &[])),
        ("a scheme of its own", without(":scheme", &[(":scheme", b"ftp")])),
        ("CONNECT within", vec![(":method", b"CONNECT"), (":authority", b"evil.example:443")]),
        // Fields.
        ("a line end in a value", with(&[("x", b"y\r\nTransfer-Encoding: chunked")])),
        ("a line feed in a value", with(&[("x", b"y\nContent-Length: 5")])),
        ("a zero in a value", with(&[("x", b"y\0z")])),
        ("a capital in a name", with(&[("X-Own", b"y")])),
        ("a colon in a name", with(&[("x:y", b"z")])),
        ("a space in a name", with(&[("x y", b"z")])),
        ("a line end in a name", with(&[("x\r\nhost", b"z")])),
        ("no name", with(&[("", b"z")])),
        ("connection", with(&[("connection", b"close")])),
        ("keep-alive", with(&[("keep-alive", b"5")])),
        ("proxy-connection", with(&[("proxy-connection", b"close")])),
        ("transfer-encoding", with(&[("transfer-encoding", b"chunked")])),
        ("upgrade", with(&[("upgrade", b"websocket")])),
        ("te", with(&[("te", b"gzip")])),
        ("another host", with(&[("host", b"evil.example")])),
        ("two lengths", with(&[("content-length", b"4"), ("content-length", b"5")])),
        ("a length that is none", with(&[("content-length", b"+4")])),
        ("a length too long", with(&[("content-length", b"5")])),
        ("a length too short", with(&[("content-length", b"3")])),
        ("a large head", with(&[("x", &long)])),
    ];
    for (what, fields) in &cases {
        let world = World::new().await;
        let mut stream = open(&world).await;
        let block = block(fields);
        let mut pieces = block.chunks(16 << 10).enumerate().peekable();
        while let Some((at, piece)) = pieces.next() {
            let flags = if pieces.peek().is_none() { END_HEADERS } else { 0 };
            // The rest is CONTINUATION.
            let piece = frame(if at == 0 { HEADERS } else { 9 }, flags, 1, piece);
            stream.write_all(&piece).await.expect("written");
        }
        let _ = stream.write_all(&frame(DATA, END_STREAM, 1, b"Chao")).await;
        let _ = stream.flush().await;
        let (kind, payload) = answer(&mut stream).await;
        // An answer that says no, the end of the stream, or that of the connection.
        assert!([1, 3, 7, 0xff].contains(&kind), "{what}: {kind} {payload:?}");
        assert_ne!(world.records_when("refusal", 1).await.len(), 0, "{what}");
        assert!(world.got().is_empty(), "{what}: {:?}", world.got());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http2_ends_the_connection_and_is_recorded() {
    let unfinished = frame(HEADERS, 0, 1, &block(&sound()));
    let drips = frame(9, 0, 1, &[]).repeat(10_000);
    let reset: Vec<u8> = (0..400u32)
        .flat_map(|n| {
            let headers = frame(HEADERS, END_HEADERS, 2 * n + 1, &block(&sound()));
            [headers, frame(RST_STREAM, 0, 2 * n + 1, &8u32.to_be_bytes())].concat()
        })
        .collect();
    for (what, bytes) in [
        ("data of no stream", frame(DATA, 0, 1, b"x")),
        ("a frame too large", frame(SETTINGS, 0, 0, &[0; 20_000])),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[])),
        ("a stream of the server", frame(HEADERS, END_HEADERS, 2, &block(&sound()))),
        ("something within a head", [unfinished.clone(), frame(6, 0, 0, &[0; 8])].concat()),
        ("a head without an end", [unfinished, drips].concat()),
        ("a table index nobody made", frame(HEADERS, END_HEADERS, 1, &[0xff, 0xff, 0x03])),
        ("a push", frame(5, END_HEADERS, 1, &[0; 8])),
        ("a window beyond all windows", frame(8, 0, 0, &0x7fff_ffffu32.to_be_bytes())),
        ("streams that are reset at once", reset),
    ] {
        let world = World::new().await;
        let mut stream = open(&world).await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.flush().await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{what}: the connection stays");
        assert_ne!(world.records_when("refusal", 1).await.len(), 0, "{what}");
        assert!(world.got().is_empty(), "{what}: {:?}", world.got());
    }
    // Another protocol than the one that was agreed on.
    let world = World::new().await;
    let mut stream = world.tls(world.http2, "chat.zalo.me").await;
    stream
        .write_all(b"POST /x HTTP/1.1\r\nHost: chat.zalo.me\r\nContent-Length: 4\r\n\r\nChao")
        .await
        .expect("written");
    stream.flush().await.expect("flushed");
    let _ = stream.read_to_end(&mut Vec::new()).await;
    world.records_when("refusal", 1).await;
    assert!(world.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_cancelled_as_they_come_end_the_connection() {
    let world = World::new().await;
    let mut stream = open(&world).await;
    let mut is_open = true;
    for round in 0..10u32 {
        let ids = (0..50).map(|n| 2 * (50 * round + n) + 1);
        let begun: Vec<u8> = ids.clone().flat_map(|id| frame(HEADERS, END_HEADERS, id, &block(&sound()))).collect();
        let cancelled: Vec<u8> = ids.flat_map(|id| frame(RST_STREAM, 0, id, &8u32.to_be_bytes())).collect();
        let ping = frame(PING, 0, 0, &[round as u8; 8]);
        is_open &= stream.write_all(&[begun, ping].concat()).await.is_ok() && stream.flush().await.is_ok();
        // Once it is answered, the requests before it have begun.
        is_open &= wait_for_pong(&mut stream).await;
        is_open &= stream.write_all(&cancelled).await.is_ok() && stream.flush().await.is_ok();
    }
    assert!(!is_open, "500 were cancelled");
    refusals(&world, "http2-flood", 1).await;
    assert!(world.got().is_empty());
}

async fn wait_for_pong(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            return false;
        }
        if head[3] == PING && head[4] & 1 == 1 {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_that_would_change_the_request_are_refused() {
    for trailer in ["content-length", "host", "content-type", "transfer-encoding"] {
        let world = World::new().await;
        let mut stream = open(&world).await;
        let bytes = [
            frame(HEADERS, END_HEADERS, 1, &block(&sound())),
            frame(DATA, 0, 1, b"Chao"),
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(trailer, b"4")])),
        ];
        stream.write_all(&bytes.concat()).await.expect("written");
        stream.flush().await.expect("flushed");
        let (kind, _) = answer(&mut stream).await;
        assert!([1, 3, 7, 0xff].contains(&kind), "{trailer}: {kind}");
        assert_ne!(world.records_when("refusal", 1).await.len(), 0, "{trailer}");
        assert!(world.got().is_empty(), "{trailer}");
    }
    // h2 drops pseudo-header fields there: what is sent on has none.
    let world = World::new().await;
    let mut stream = open(&world).await;
    let bytes = [
        frame(HEADERS, END_HEADERS, 1, &block(&sound())),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(":path", b"/001090123456")])),
    ];
    stream.write_all(&bytes.concat()).await.expect("written");
    stream.flush().await.expect("flushed");
    answer(&mut stream).await;
    assert!(world.got().iter().all(|got| !got.head.contains("001090123456")), "{:?}", world.got());
}
