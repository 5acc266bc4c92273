//! WebSockets: what is said on them is judged message by message.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::world::{A_NUMBER, Got, World, read_head};

const MASK: [u8; 4] = [7, 0, 0xff, 0x5a];
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A frame as a client sends it. `first` is its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The next frame: its first byte and its payload, without a mask. `None` at the end.
async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let (first, second) = (stream.read_u8().await.ok()?, stream.read_u8().await.ok()?);
    let len = match second & 0x7f {
        126 => u64::from(stream.read_u16().await.ok()?),
        127 => stream.read_u64().await.ok()?,
        len => u64::from(len),
    };
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        stream.read_exact(&mut mask).await.ok()?;
    }
    let mut payload = vec![0; usize::try_from(len).ok()?];
    stream.read_exact(&mut payload).await.ok()?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Some((first, payload))
}

/// The server's side: keeps what it gets, says every message back, and answers pings and closes. It pings `hello`
/// first.
pub(crate) async fn serve(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), got: &Arc<Mutex<Vec<Got>>>) {
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let _ = stream.write_all(&[agreed.as_bytes(), b"\x89\x05hello"].concat()).await;
    let _ = stream.flush().await;
    while let Some((first, payload)) = read_frame(stream).await {
        got.lock().expect("not poisoned").push(Got { head: format!("frame {first:02x}"), body: payload.clone() });
        let answer = match first {
            PING => PONG,
            PONG => continue,
            other => other,
        };
        let mut back = frame(answer, &payload);
        let mask_at = back.len() - payload.len() - 4;
        back.drain(mask_at..mask_at + 4);
        back.truncate(mask_at);
        back[1] &= 0x7f;
        back.extend(&payload);
        let _ = stream.write_all(&back).await;
        let _ = stream.flush().await;
        if first == CLOSE {
            return;
        }
    }
}

const FIELDS: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                      Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// Asks for a socket; gives the status line. The server's ping is answered.
async fn open(stream: &mut (impl AsyncWrite + AsyncBufRead + Unpin), target: &str, host: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{FIELDS}\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    stream.flush().await.expect("flushed");
    let (status, head) = read_head(stream).await;
    if status.contains("101") {
        assert!(!head.to_ascii_lowercase().contains("extensions"), "{head}");
        assert_eq!(read_frame(stream).await, Some((PING, b"hello".to_vec())));
        say(stream, &frame(PONG, b"hello")).await;
    }
    status
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    stream.write_all(bytes).await.expect("written");
    stream.flush().await.expect("flushed");
}

/// The code and reason of the close frame that has to come next.
async fn closed(stream: &mut (impl AsyncRead + Unpin)) -> (u16, String) {
    let (first, payload) = read_frame(stream).await.expect("a frame");
    assert_eq!(first, CLOSE, "{payload:?}");
    (u16::from_be_bytes([payload[0], payload[1]]), String::from_utf8(payload[2..].to_vec()).expect("UTF-8"))
}

/// The frames the server got, but for pongs.
fn frames(world: &World) -> Vec<(u8, String)> {
    let got = world.got();
    let frames = got.iter().filter_map(|got| {
        let first = u8::from_str_radix(got.head.strip_prefix("frame ")?, 16).expect("a number");
        Some((first, String::from_utf8_lossy(&got.body).into_owned()))
    });
    frames.filter(|(first, _)| *first != PONG).collect()
}

/// Waits until the server got a frame that begins so.
async fn server_got(world: &World, first: u8) {
    let waiting = async {
        while !frames(world).iter().any(|frame| frame.0 == first) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("the server gets it");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_pass_until_one_may_not() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let status = open(&mut zalo, "/ws?v=1", "chat.zalo.me").await;
    assert!(status.contains("101"), "{status}");
    assert_eq!(world.got()[0].header("sec-websocket-extensions"), None);
    let long = "Chào anh. ".repeat(10_000);
    for (first, payload) in [(TEXT, "Chào anh"), (BINARY, "Chào chị"), (TEXT, ""), (TEXT, &*long)] {
        say(&mut zalo, &frame(first, payload.as_bytes())).await;
        assert_eq!(read_frame(&mut zalo).await, Some((first, payload.as_bytes().to_vec())));
    }
    say(&mut zalo, &[frame(TEXT, A_NUMBER.as_bytes()), frame(TEXT, b"behind")].concat()).await;
    let (code, reason) = closed(&mut zalo).await;
    assert!(code == 1008 && reason.contains("Không gửi số định danh"), "{code} {reason}");
    server_got(&world, CLOSE).await;
    let frames = frames(&world);
    assert_eq!(frames.len(), 5);
    assert!(frames[4].1.starts_with("\u{3}\u{fffd}closed by a gateway"), "{frames:?}");

    let outcomes = world.records_when("outcome", 6).await;
    let told: Vec<_> = outcomes.iter().map(|record| record["outcome"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["delivered", "delivered", "delivered", "delivered", "delivered", "refused"]);
    let decisions = world.records("decision");
    let blocked = decisions.iter().find(|record| reason.starts_with(record["id"].as_str().expect("an id")));
    let blocked = blocked.expect("the quoted decision");
    assert_eq!((&blocked["verdict"]["action"], &blocked["destination"]["app"]), (&"block".into(), &"zalo".into()));
    assert!(blocked["summary"].as_str().expect("a summary").starts_with("WEBSOCKET wss://chat.zalo.me/ws"));
    assert!(!reason.contains("001090123456"));
}

/// On one thread, where time can be moved.
#[tokio::test]
async fn a_socket_may_be_silent_for_hours() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    for line in ["Chào buổi sáng", "Chào buổi chiều"] {
        say(&mut zalo, &frame(TEXT, line.as_bytes())).await;
        assert_eq!(read_frame(&mut zalo).await, Some((TEXT, line.as_bytes().to_vec())));
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(4 * 3_600)).await;
        tokio::time::resume();
    }
    say(&mut zalo, &frame(TEXT, A_NUMBER.as_bytes())).await;
    assert_eq!(closed(&mut zalo).await.0, 1008);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_found_however_it_is_cut() {
    let world = World::new().await;
    let (one, two) = A_NUMBER.as_bytes().split_at(A_NUMBER.len() - 5);
    let whole = frame(TEXT, A_NUMBER.as_bytes());
    let fragments = [frame(0x01, one), frame(PING, b""), frame(0x00, b""), frame(0x80, two)].concat();
    for (what, bytes) in [("whole", whole), ("fragments", fragments), ("binary", frame(BINARY, A_NUMBER.as_bytes()))] {
        let mut zalo = world.tls(world.https, "chat.zalo.me").await;
        assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
        for byte in bytes.chunks(1) {
            say(&mut zalo, byte).await;
        }
        let mut last = read_frame(&mut zalo).await.expect("a frame");
        while last.0 == PONG {
            last = read_frame(&mut zalo).await.expect("a frame");
        }
        assert_eq!((last.0, &last.1[..2]), (CLOSE, &1008u16.to_be_bytes()[..]), "{what}");
    }
    assert!(frames(&world).iter().all(|(first, payload)| [CLOSE, PING].contains(first) && !payload.contains("001090")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_put_into_control_frames_stays_here() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    say(&mut zalo, &frame(PING, A_NUMBER.as_bytes())).await;
    assert_eq!(read_frame(&mut zalo).await, Some((PONG, A_NUMBER.as_bytes().to_vec())));
    say(&mut zalo, &frame(PONG, A_NUMBER.as_bytes())).await;
    let payload = [&1000u16.to_be_bytes()[..], A_NUMBER.as_bytes()].concat();
    say(&mut zalo, &frame(CLOSE, &payload)).await;
    assert_eq!(closed(&mut zalo).await, (1000, String::new()));
    assert_eq!(read_frame(&mut zalo).await, None);
    let pongs: Vec<_> = world.got().iter().filter(|got| got.head == "frame 8a").map(|got| got.body.clone()).collect();
    assert_eq!(pongs, [b"hello".to_vec(), Vec::new()]);
    assert!(frames(&world).iter().all(|(_, payload)| !payload.contains("001090123456")));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_masked_where_the_policy_says_so_and_binary_is_not_changed() {
    let world = World::new().await;
    let host = format!("localhost:{}", world.http.port());
    for tunnelled in [false, true] {
        let mut stream = if tunnelled {
            world.connect(&host).await.1
        } else {
            BufReader::new(TcpStream::connect(world.proxy).await.expect("connected"))
        };
        let target = if tunnelled { "/ws".to_owned() } else { format!("http://{host}/ws") };
        let status = open(&mut stream, &target, &host).await;
        assert!(status.contains("101"), "{status}");
        let json = r#"{"ten":"Vi Thị Thử","so_cccd":"001090123456"}"#;
        say(&mut stream, &frame(TEXT, json.as_bytes())).await;
        let (first, back) = read_frame(&mut stream).await.expect("a frame");
        let back = String::from_utf8(back).expect("UTF-8");
        assert!(first == TEXT && back.starts_with(r#"{"ten":"#) && !back.contains("001090123"), "{back}");
        say(&mut stream, &frame(BINARY, A_NUMBER.as_bytes())).await;
        assert_eq!(closed(&mut stream).await.0, 1008);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_go_on_as_they_are_and_what_may_hold_a_number_does_not() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    let mqtt = b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07client1";
    let beats: [&[u8]; 6] = [b"", b"\x00", b"\xc0\x00", b"\x40\x02\xab\xcd", mqtt, b"\x01\x02\x00\x01{\"eventId\":17}"];
    for beat in beats {
        say(&mut zalo, &frame(BINARY, beat)).await;
        let mut back = read_frame(&mut zalo).await.expect("a frame");
        while back.0 == PING || back.0 == PONG {
            back = read_frame(&mut zalo).await.expect("a frame");
        }
        assert_eq!(back, (BINARY, beat.to_vec()));
    }
    let head = [b"\x01\x02\x00\x01", A_NUMBER.as_bytes()].concat();
    let named = [b"\x10\x2a\x00\x04MQTT\x04\x02\x00\x3c\x00\x1e", &b"CCCD 001090123456 abcdefghijkl "[..30]].concat();
    for bytes in
        [&head[..], &named, b"\xff\x00\x9f\x05\x07", b"\x40\x07\xab\xcd\xff\x00\x9f\x05\x07", &vec![0xff; 20 << 10]]
    {
        let mut zalo = world.tls(world.https, "chat.zalo.me").await;
        assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
        for piece in frame(BINARY, bytes).chunks(5_000) {
            say(&mut zalo, piece).await;
        }
        assert_eq!(closed(&mut zalo).await.0, 1008, "{:x?}", &bytes[..bytes.len().min(50)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_nobody_may_send_end_the_socket_and_are_recorded() {
    let world = World::new().await;
    let mut large = vec![BINARY, 0xff];
    large.extend((65u64 << 20).to_be_bytes());
    large.extend(MASK);
    let cases = [
        ("compressed", frame(TEXT | 0x40, b"a"), 1002, "websocket-frame"),
        ("without a mask", b"\x81\x01a".to_vec(), 1002, "websocket-frame"),
        ("not UTF-8", frame(TEXT, b"\xff"), 1007, "websocket-frame"),
        ("a continuation of nothing", frame(0x80, b"a"), 1002, "websocket-frame"),
        ("too large", large, 1009, "websocket-size"),
    ];
    for (what, bytes, expected, _) in &cases {
        let mut zalo = world.tls(world.https, "chat.zalo.me").await;
        assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
        say(&mut zalo, bytes).await;
        let (code, reason) = closed(&mut zalo).await;
        assert_eq!(code, *expected, "{what}: {reason}");
    }
    let reasons: Vec<_> = world.records("refusal").iter().map(|record| record["reason"].clone()).collect();
    assert_eq!(reasons, cases.map(|(_, _, _, reason)| reason));
    assert!(frames(&world).iter().all(|(first, _)| *first == CLOSE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_breaks_off_goes_nowhere() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    say(&mut zalo, &frame(0x01, b"Chao")).await;
    zalo.shutdown().await.expect("closed");
    drop(zalo);
    assert_eq!(world.records_when("refusal", 1).await[0]["reason"], "body-aborted");
    assert!(frames(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_is_a_request_like_any_other() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    let status = open(&mut zalo, "/ws?cccd=001090123456", "chat.zalo.me").await;
    assert!(status.contains("403") && world.got().is_empty(), "{status}");
    // A server that does not agree answers like any other, and the connection goes on.
    let status = open(&mut zalo, "/no", "chat.zalo.me").await;
    assert!(status.contains("200"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_no_message_leaves() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    world.records_when("outcome", 1).await;
    world.disk.cut_power(0, 1);
    say(&mut zalo, &frame(TEXT, b"Chao")).await;
    assert_eq!(closed(&mut zalo).await.0, 1011);
    server_got(&world, CLOSE).await;
    assert_eq!(frames(&world).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_policy_judges_the_next_message() {
    let world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    say(&mut zalo, &frame(TEXT, b"mot hai ba")).await;
    assert!(read_frame(&mut zalo).await.is_some_and(|(first, _)| first == TEXT));
    let strict = "schema = 1\n[policy]\nid = \"strict\"\nmode = \"enforce\"\n[[rule]]\nid = \"nothing\"\n\
                  when.zone = [\"outside\", \"internal\", \"partner\"]\nthen.action = \"block\"\n";
    let known = chot_config::Known { apps: chot_proxy::apps::NAMES };
    let (policy, _) = chot_config::Policy::check(strict, "policy.toml", known).expect("valid");
    world.gate.set_policy(Arc::new(policy));
    say(&mut zalo, &frame(TEXT, b"mot hai ba")).await;
    assert_eq!(closed(&mut zalo).await.0, 1008);
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_closes_sockets_between_two_messages() {
    let mut world = World::new().await;
    let mut zalo = world.tls(world.https, "chat.zalo.me").await;
    assert!(open(&mut zalo, "/ws", "chat.zalo.me").await.contains("101"));
    say(&mut zalo, &frame(0x01, b"Chao ")).await;
    say(&mut zalo, &frame(PING, b"")).await;
    assert!(read_frame(&mut zalo).await.is_some_and(|(first, _)| first == PONG), "the fragment before it is held");
    let finishing = world.drain();
    say(&mut zalo, &frame(0x80, b"anh")).await;
    server_got(&world, TEXT).await;
    let mut last = read_frame(&mut zalo).await;
    if last.as_ref().is_some_and(|(first, _)| *first == TEXT) {
        last = read_frame(&mut zalo).await;
    }
    assert_eq!(
        last.map(|(first, payload)| (first, payload[..2].to_vec())),
        Some((CLOSE, 1012u16.to_be_bytes().to_vec()))
    );
    assert_eq!(frames(&world)[1], (TEXT, "Chao anh".to_owned()));
    drop(zalo);
    assert!(finishing.await.expect("no panic"));
}
