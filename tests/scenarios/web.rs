//! What people send with a browser or a script.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use crate::bypass::Openssl;
use crate::harness::fixtures::{invoice, register_of, someone};
use crate::harness::world::{IMPOSTOR, PARTY, ZALO, ZALO_FILES};
use crate::harness::{Form, Gate, PATIENCE, command, python, run, succeed, text};

#[test]
fn a_register_does_not_leave_for_zalo() {
    let gate = Gate::open();
    let register = register_of(120);
    let answer = gate.upload_to_zalo("danh-sach.xlsx", register.xlsx.clone()).in_a_browser().send();
    answer.is_refused().has_header("content-type: text/html").says("chặn").says("Do not send identity numbers");
    gate.world.https.received_nothing();

    let recorded = gate.decision(&answer.decision());
    recorded.says("block").went_to("zalo", ZALO_FILES).counts("cccd", 120);
    assert_eq!((&recorded.0["persons"], &recorded.0["bulk"]), (&120.into(), &true.into()));
    for number in register.numbers() {
        answer.does_not_say(number);
    }
    gate.keeps_none_of(&register.numbers());
    gate.verify();
}

#[test]
fn a_piece_of_an_upload_is_not_taken_for_the_whole() {
    let gate = Gate::open();
    let put = |path: &str, headers: &[&str]| {
        let args: Vec<&str> = ["-X", "PUT"].into_iter().chain(headers.iter().flat_map(|h| ["-H", h])).collect();
        gate.request(PARTY, path).with(Form::text("xin chào")).args(&args).send()
    };
    for (path, headers) in [
        ("/k?partNumber=1&uploadId=abc", &[][..]),
        ("/k?comp=block&blockid=AAAA", &[]),
        ("/k?chunk=0&chunks=2", &[]),
        ("/k", &["X-Goog-Upload-Command: upload", "X-Goog-Upload-Offset: 0"]),
        ("/k", &["Tus-Resumable: 1.0.0", "Upload-Length: 200"]),
        ("/k", &["X-Entity-Length: 200", "Offset: 0"]),
    ] {
        put(path, headers).is_refused();
        let decision = gate.last_decision();
        assert_eq!(decision.0["object"]["opaque"][0]["reason"], "partial", "{path} {headers:?}: {}", decision.0);
    }
    gate.world.https.received_nothing();
    put("/k?chunk=0&chunks=1", &[]).is_delivered();
    put("/k", &["X-Entity-Length: 9", "Offset: 0"]).is_delivered();
}

#[test]
fn a_script_is_refused_in_json() {
    let gate = Gate::open();
    let answer = gate.chat(&format!("CCCD {}", someone(1).cccd));
    answer.is_refused().has_header("content-type: application/json");
    let said: serde_json::Value = serde_json::from_str(&answer.body).expect("json");
    assert!(said.is_object());
    gate.world.https.received_nothing();
    gate.decision(&answer.decision()).says("block").by_rule("no-identifiers-to-messaging").counts("cccd", 1);
}

#[test]
fn twelve_bytes_are_enough_to_be_refused() {
    let gate = Gate::open();
    gate.request(ZALO, "/api/message/sms").with(Form::text(someone(2).cccd)).send().is_refused();
    gate.world.https.received_nothing();
}

#[test]
fn an_innocent_chat_line_is_delivered_as_it_was() {
    let gate = Gate::open();
    gate.chat("họp lúc 9 giờ nhé").is_delivered();
    let received = gate.world.https.received_one();
    assert_eq!(text(&received.body), r#"{"message":"họp lúc 9 giờ nhé"}"#);
    assert!(received.to.contains(ZALO), "{}", received.to);
    let decision = gate.last_decision();
    decision.says("allow");
    assert_eq!(gate.outcome(decision.id()), "delivered");
}

#[test]
fn an_invoice_is_delivered_untouched() {
    let gate = Gate::open();
    let file = invoice();
    gate.request(PARTY, "/gui")
        .with(Form::Body { content_type: "application/octet-stream", bytes: file.clone() })
        .send()
        .is_delivered();
    assert_eq!(gate.world.https.received_one().body, file);
    gate.last_decision().says("allow");
}

#[test]
fn a_page_may_read_the_refusal() {
    let gate = Gate::open();
    let line = Form::json(format!(r#"{{"message":"CCCD {}"}}"#, someone(3).cccd));
    let request = gate.request(ZALO, "/api/message/sms").with(line).args(&["-H", "Origin: https://chat.zalo.me"]);
    request.send().is_refused().has_header("access-control-allow-origin: https://chat.zalo.me");
}

#[test]
fn compressed_bodies_are_read() {
    let gate = Gate::open();
    let plain = format!(r#"{{"message":"Số CCCD của chị là {}"}}"#, someone(4).cccd).into_bytes();
    let gzip = {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&plain).expect("packed");
        packed.finish().expect("packed")
    };
    let deflate = {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&plain).expect("packed");
        packed.finish().expect("packed")
    };
    let br = {
        let mut packed = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 20);
        packed.write_all(&plain).expect("packed");
        packed.into_inner()
    };
    let zstd = ruzstd::encoding::compress_to_vec(plain.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    for (coding, bytes) in [("gzip", gzip), ("deflate", deflate), ("br", br), ("zstd", zstd)] {
        let body = Form::Body { content_type: "application/json", bytes };
        let request = gate.request(ZALO, "/api/message/sms").with(body);
        let answer = request.args(&["-H", &format!("Content-Encoding: {coding}")]).send();
        assert_eq!(answer.code, 403, "{coding}: {answer:?}");
        gate.world.https.received_nothing();
        gate.decision(&answer.decision()).says("block").counts("cccd", 1);
    }
}

#[test]
fn an_unknown_coding_does_not_pass_for_clean() {
    let gate = Gate::open();
    let body = Form::Body { content_type: "application/json", bytes: b"whatever this is".to_vec() };
    let answer = gate.request(ZALO, "/x").with(body).args(&["-H", "Content-Encoding: x-own"]).send();
    assert!(answer.code >= 400, "{answer:?}");
    gate.world.https.received_nothing();
}

#[test]
fn json_to_an_outside_party_is_masked_and_its_length_is_right() {
    let gate = Gate::open();
    let number = someone(5).cccd;
    let body = format!(r#"{{"ho_ten":"Vi Thị Thử","so_cccd":"{number}","ghi_chu":"đã nộp"}}"#);
    gate.request(PARTY, "/api").with(Form::json(body)).send().is_delivered();
    let received = text(&gate.world.https.received_one().body);
    assert!(!received.contains(&number), "{received}");
    let json: serde_json::Value = serde_json::from_str(&received).expect("still json");
    assert_eq!(json["ghi_chu"], "đã nộp");
    gate.last_decision().says("redact").by_rule("identifiers-are-masked");
    gate.keeps_none_of(&[&number]);
}

#[test]
fn a_posted_form_is_masked_and_still_a_form() {
    let gate = Gate::open();
    let number = someone(6).cccd;
    let bytes = format!("ten=Thu&so_cccd={number}&ghi_chu=da+nop%21").into_bytes();
    let form = Form::Body { content_type: "application/x-www-form-urlencoded", bytes };
    gate.request(PARTY, "/gui").with(form).send().is_delivered();
    let received = text(&gate.world.https.received_one().body);
    assert!(!received.contains(&number), "{received}");
    assert!(received.starts_with("ten=Thu&so_cccd=") && received.ends_with("&ghi_chu=da+nop%21"), "{received}");
    gate.last_decision().says("redact");
}

#[test]
fn an_uploaded_text_file_is_masked_between_its_boundaries() {
    let gate = Gate::open();
    let number = someone(7).cccd;
    let file = format!("Phiếu tiếp nhận\r\nSố CCCD: {number}\r\nTrân trọng.\r\n");
    gate.request(PARTY, "/gui").with(Form::File { name: "phieu.txt", bytes: file.into_bytes() }).send().is_delivered();
    let received = text(&gate.world.https.received_one().body);
    assert!(!received.contains(&number), "{received}");
    assert!(received.contains("filename=\"phieu.txt\"") && received.contains("Trân trọng."), "{received}");
    assert!(received.trim_end().ends_with("--"), "the last boundary is whole: {received}");
    gate.last_decision().says("redact");
}

#[test]
fn a_number_in_the_address_line_is_found() {
    let gate = Gate::open();
    let answer = gate.request(ZALO, &format!("/tim?so_cccd={}", someone(8).cccd)).send();
    answer.is_refused();
    gate.world.https.received_nothing();
    gate.keeps_none_of(&[&someone(8).cccd]);
}

#[test]
fn the_last_bytes_of_a_large_chunked_upload_are_read() {
    let gate = Gate::open();
    let mut bytes = "Không có gì ở dòng này.\n".repeat(400_000).into_bytes();
    bytes.extend(format!("CCCD {}\n", someone(9).cccd).into_bytes());
    let body = Form::Body { content_type: "text/plain", bytes };
    let request = gate.request(ZALO_FILES, "/upload").with(body);
    let answer = request.args(&["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"]).send();
    answer.is_refused();
    gate.world.https.received_nothing();
    gate.decision(&answer.decision()).counts("cccd", 1);
}

#[test]
fn a_large_innocent_upload_arrives_byte_for_byte() {
    let gate = Gate::open();
    let bytes: Vec<u8> = (0..8_u32 << 20).map(|n| b"abcdefgh \n"[(n % 10) as usize]).collect();
    let body = Form::Body { content_type: "text/plain", bytes: bytes.clone() };
    gate.request(PARTY, "/upload").with(body).send().is_delivered();
    assert!(gate.world.https.received_one().body == bytes, "the bytes differ");
}

#[test]
fn plain_http_is_inspected_too() {
    let gate = Gate::open();
    gate.plain_request("/gui").with(Form::text("xin chào")).send().is_delivered();
    assert_eq!(text(&gate.world.http.received_one().body), "xin chào");
    let numbers = register_of(30);
    gate.plain_request("/gui").with(Form::text(numbers.csv.clone())).send().is_refused();
    gate.world.http.received_nothing();
    gate.keeps_none_of(&numbers.numbers());
}

#[test]
fn python_goes_through_and_is_refused_like_anybody() {
    let gate = Gate::open();
    let script = "
import json, ssl, sys, urllib.request, urllib.error
proxy, ca, url, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'https': proxy}), urllib.request.HTTPSHandler(context=context))
request = urllib.request.Request(url, json.dumps({'message': message}).encode(), {'Content-Type': 'application/json'})
try:
    print(opener.open(request, timeout=60).status)
except urllib.error.HTTPError as refused:
    print(refused.code, json.load(refused) != {})
";
    let proxy = format!("http://{}", gate.web());
    let url = format!("https://{ZALO}:{}/api/message/sms", gate.world.https.port());
    let send = |message: &str| python(script, &[&proxy, &gate.ca().to_string_lossy(), &url, message]);
    assert_eq!(send("chào chị").trim(), "200");
    gate.world.https.received_one();
    assert_eq!(send(&format!("CCCD {}", someone(10).cccd)).trim(), "403 True");
    gate.world.https.received_nothing();
}

#[test]
fn openssl_verifies_the_minted_certificate() {
    let gate = Gate::open();
    let mut openssl = command("openssl");
    openssl.args(["s_client", "-proxy", &gate.web().to_string(), "-verify_return_error", "-verify_hostname", ZALO]);
    openssl.args(["-connect", &format!("{ZALO}:{}", gate.world.https.port()), "-servername", ZALO, "-CAfile"]);
    let output = run(openssl.arg(gate.ca()).stdin(Stdio::null()));
    let said = text(&output.stdout);
    assert!(said.contains("Verify return code: 0 (ok)"), "{said}\n{}", text(&output.stderr));
    assert!(said.contains("chot"), "issued by the gateway: {said}");
}

#[test]
fn keys_are_agreed_in_two_turns_and_written_down_nowhere() {
    let keys = tempfile::tempdir().expect("a folder");
    let gate = Gate::with(|setup| setup.variables = vec![("SSLKEYLOGFILE", keys.path().join("keys"))]);
    // RFC 8446 §4.1.4: a client that first offers a key nobody takes, and a server that takes none of the first ones.
    let (_server, port) = Openssl::start(&gate, &["-tls1_3", "-groups", "P-384"]);
    let mut openssl = command("openssl");
    openssl.args(["s_client", "-proxy", &gate.web().to_string(), "-groups", "P-521:P-256", "-msg", "-ign_eof"]);
    openssl.args(["-connect", &format!("{PARTY}:{port}"), "-servername", PARTY, "-verify_return_error", "-CAfile"]);
    let client = openssl.arg(gate.ca()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = client.spawn().expect("openssl starts");
    let asks = format!("GET / HTTP/1.1\r\nHost: {PARTY}:{port}\r\nConnection: close\r\n\r\n");
    client.stdin.as_mut().expect("its input").write_all(asks.as_bytes()).expect("written");
    let said = text(&client.wait_with_output().expect("ended").stdout);
    assert_eq!(said.matches(", ClientHello").count(), 2, "{said}");
    assert!(said.contains("HTTP/1.0 200") || said.contains("HTTP/1.1 200"), "{said}");
    assert!(!keys.path().join("keys").exists());
}

#[test]
fn a_host_nobody_vouches_for_gets_nothing() {
    let gate = Gate::open();
    let answer = gate.request(IMPOSTOR, "/gui").with(Form::text("xin chào")).in_a_browser().send();
    answer.has_code(502).has_header("content-type: text/html");
    gate.world.impostor.received_nothing();
    // The number on the page leads a reviewer to the record.
    let quoted = answer.header("x-chot-decision");
    let shown = succeed(&mut gate.chot(&["audit", "show", &quoted]));
    assert!(shown.contains("refusal") && shown.contains("certificate"), "{shown}");
}

#[test]
fn loopback_and_private_targets_are_refused_unless_listed() {
    let gate = Gate::with(|setup| setup.web = String::new());
    let answer = gate.request(PARTY, "/gui").with(Form::text("xin chào")).send();
    answer.has_code(403);
    gate.world.https.received_nothing();
    let answer = gate.plain_request("/gui").send();
    answer.has_code(403);
    gate.world.http.received_nothing();
}

#[test]
fn only_listed_clients_are_served() {
    let gate = Gate::with(|setup| setup.web.push_str("\nclients = [\"192.0.2.0/24\"]"));
    let answer = gate.request(PARTY, "/gui").with(Form::text("xin chào")).send();
    assert!(matches!(answer.code, 0 | 403), "{answer:?}");
    gate.world.https.received_nothing();
}

#[test]
fn a_tunnel_of_something_else_is_refused() {
    let gate = Gate::open();
    let mut stream = TcpStream::connect(gate.web()).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let target = format!("{PARTY}:{}", gate.world.https.port());
    write!(stream, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").expect("sent");
    let mut head = [0; 12];
    stream.read_exact(&mut head).expect("an answer");
    if head.ends_with(b"200") {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n");
    }
    // Whatever it says, it ends the connection and tells nobody outside.
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    gate.world.https.received_nothing();
    assert!(!gate.records("refusal").is_empty(), "{}", text(&rest));
}

/// Each is followed by a request of its own, which a reader who sees the end elsewhere would take for one.
#[test]
fn what_two_readers_may_read_differently_is_refused_and_recorded() {
    let gate = Gate::open();
    let address = gate.world.http.address;
    let smuggled = format!("GET http://{address}/smuggled HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let post = format!("POST http://{address}/ HTTP/1.1\r\nHost: {address}\r\n");
    let chunked = format!("{post}Transfer-Encoding: chunked\r\n\r\n");
    let cases = [
        (format!("{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n0\r\n\r\n"), "bad-framing"),
        (format!("{post}Content-Length: +5\r\n\r\n0\r\n\r\n"), "bad-framing"),
        (format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "transfer-coding"),
        (format!("{post}Content-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "bad-framing"),
        (format!("{post}X: y\r\n Content-Length: 5\r\n\r\n"), "bad-request"),
        (format!("{post}X: y\nContent-Length: 5\r\n\r\n"), "bad-request"),
        (format!("{post}Content-Length : 5\r\n\r\n"), "bad-request"),
        (format!("{chunked}5;a=b\r\nhello\r\n0\r\n\r\n"), "bad-framing"),
        (format!("{chunked}ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), "bad-framing"),
        (format!("{chunked}5\r\nhello!\r\n0\r\n\r\n"), "bad-framing"),
        (format!("{chunked}0\r\nContent-Length: 5\r\n\r\n"), "bad-framing"),
        (format!("POST http://{address}/ HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"), "misdirected"),
    ];
    for (request, reason) in &cases {
        let mut stream = TcpStream::connect(gate.web()).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.write_all(format!("{request}{smuggled}").as_bytes()).expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = text(&answer);
        assert!(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 501"), "{request}: {answer}");
        assert!(answer.contains(reason), "{request}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request}: {answer}");
        gate.world.http.received_nothing();
    }
    let recorded: Vec<_> = gate.records("refusal").iter().map(|record| record["reason"].clone()).collect();
    assert_eq!(recorded, cases.map(|(_, reason)| reason), "one record each");
}
