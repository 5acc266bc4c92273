//! Programs that people and machines mail with: nodemailer, msmtp, openssl; a balancer in front; what a sender hears by
//! mail; and mail that goes on while the policy changes.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::harness::fixtures::someone;
use crate::harness::gate::POLICY;
use crate::harness::load::{self, tokens_in};
use crate::harness::mail::{CLERK, COLLEAGUE, Line, OUTSIDER, certificate, letter};
use crate::harness::{Gate, command, python, run, succeed, text, wait_until};

#[test]
fn a_script_with_nodemailer_is_masked_and_refused_like_anybody() {
    let gate = Gate::open();
    let (first, second) = (someone(61), someone(62));
    let all: String = (0..40).map(|n| someone(700 + n)).map(|p| format!("{}, CCCD {}\n", p.name, p.cccd)).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let libraries = root.join("target/clients/node");
    assert!(libraries.join("node_modules/nodemailer").exists(), "tests/clients/setup installs what this drives");
    let mut node = command("node");
    node.arg(root.join("tests/clients/mailer.mjs")).arg(libraries);
    node.args([&gate.mail().port().to_string(), CLERK, OUTSIDER]);
    let lines = ["Chào chị, 9 giờ họp.", "Không có gì.", &format!("CCCD {} của ông Thử", first.cccd)];
    let more = [format!("số CCCD {}", second.cccd), "xong".to_owned(), all, "vâng".to_owned()];
    let heard: Value = serde_json::from_str(&succeed(node.args(lines).args(&more))).expect("json");
    let codes: Vec<u64> = heard.as_array().expect("answers").iter().filter_map(|answer| answer[0].as_u64()).collect();
    assert_eq!(codes, [250, 250, 250, 250, 250, 550, 250], "{heard}");
    assert!(heard[5][1].as_str().is_some_and(|said| said.contains("5.7.1")), "{heard}");
    let received = gate.world.relay.take();
    assert_eq!(received.len(), 6);
    let shown = |n: usize| shown(&gate, &received[n].body);
    assert!(shown(0).contains("Chào chị, 9 giờ họp.") && shown(1).contains("Không có gì."));
    assert!(shown(1).contains("phiếu số 1.txt"), "{}", shown(1));
    for (n, person) in [(2, &first), (3, &second)] {
        assert!(!shown(n).contains(&person.cccd) && shown(n).contains("CCCD "), "{}", shown(n));
    }
    gate.keeps_none_of(&[&first.cccd, &second.cccd]);
    gate.verify();
}

/// Everything a reader shows of a mail: headers, texts, names of files.
fn shown(gate: &Gate, mail: &[u8]) -> String {
    let script = "
import email, email.policy, sys
mail = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)
for part in mail.walk():
    print(part['subject'] or '', part.get_filename() or '')
    if part.get_content_maintype() == 'text':
        print(part.get_content())
";
    let file = gate.path("shown.eml");
    std::fs::write(&file, mail).expect("written");
    python(script, &[&file.to_string_lossy()])
}

#[test]
fn msmtp_is_told_by_its_exit_status() {
    let gate = Gate::open();
    let number = someone(63).cccd;
    let send = |to: &str, mail: &str| {
        let file = gate.path("letter.eml");
        // It reads lines as Unix has them.
        std::fs::write(&file, mail.replace('\r', "")).expect("written");
        let mut msmtp = command("msmtp");
        msmtp.args(["--host=127.0.0.1", &format!("--port={}", gate.mail().port()), "--tls=off", "--auth=off"]);
        msmtp.args(["--domain=desk.example.vn", &format!("--from={CLERK}"), to]);
        let output = run(msmtp.stdin(std::fs::File::open(&file).expect("open")));
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(send(COLLEAGUE, &letter(COLLEAGUE, ".\r\n..hai chấm\r\nxin chào")).0, Some(0));
    let received = text(&gate.world.relay.received_one().body);
    assert!(received.contains("\r\n.\r\n..hai chấm\r\nxin chào\r\n"), "{received}");

    assert_eq!(send(OUTSIDER, &letter(OUTSIDER, &format!("CCCD {number}"))).0, Some(0));
    let received = text(&gate.world.relay.received_one().body);
    assert!(!received.contains(&number) && received.contains("CCCD "), "{received}");

    let all: String = (0..40).map(|n| someone(700 + n)).map(|p| format!("{}, CCCD {}\r\n", p.name, p.cccd)).collect();
    let (status, said) = send(OUTSIDER, &letter(OUTSIDER, &all));
    // EX_UNAVAILABLE of sysexits.h, which cron and printers understand.
    assert!(status == Some(69) && said.contains("5.7.1"), "{status:?} {said}");
    gate.world.relay.received_nothing();
    gate.keeps_none_of(&[&number]);
}

#[test]
fn a_balancer_in_front_says_whose_mail_it_is() {
    let gate =
        Gate::with(|setup| setup.mail.push_str("\nproxy_protocol = [\"127.0.0.1\"]\nclients = [\"10.0.0.0/8\"]"));
    let v2 = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[10, 9, 8, 7, 192, 0, 2, 1, 0, 9, 0, 25][..]].concat();
    for (header, client) in [(&b"PROXY TCP4 10.1.2.3 192.0.2.1 40000 25\r\n"[..], "10.1.2.3"), (&v2, "10.9.8.7")] {
        let mut line = Line::silent(gate.mail());
        line.send(header);
        line.reply().has_code(220);
        line.begin_mail(COLLEAGUE);
        line.send(b"Subject: x\r\n\r\nxin chao\r\n.\r\n");
        line.reply().has_code(250);
        gate.world.relay.received_one();
        assert_eq!(gate.last_decision().0["client"], client);
    }
    // A client of the balancer that may not send, and a balancer that forgot the header.
    let mut line = Line::silent(gate.mail());
    line.send(b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n");
    line.reply().has_code(554);
    let mut line = Line::silent(gate.mail());
    line.send(b"EHLO desk.example.vn\r\n");
    assert_eq!(line.rest(), "");
    let said = |record: &Value| (record["reason"].clone(), record["client"].clone());
    wait_until("both are on record", || gate.records("refusal").len() == 2);
    let refusals: Vec<_> = gate.records("refusal").iter().map(said).collect();
    let expected = [("client-not-listed", "192.0.2.7"), ("proxy-protocol", "127.0.0.1")];
    assert_eq!(refusals, expected.map(|(reason, client)| (reason.into(), client.into())));
    gate.world.relay.received_nothing();
}

#[test]
fn a_sender_hears_by_mail_what_became_of_a_mail() {
    let gate = Gate::with(|setup| {
        setup.mail.push_str("\nnotify_senders = \"all\"\nnotice_from = \"chot@vss.gov.vn\"");
        setup.policy = setup.policy.replace(
            "id = \"identifiers-are-masked\"",
            "id = \"plates-wait\"\nwhen.zone = [\"outside\"]\nwhen.detect.plate.at-least = 1\nthen.action = \"quarantine\"\n\n[[rule]]\nid = \"identifiers-are-masked\"",
        );
    });
    let notice = || {
        let received = gate.world.relay.received_one();
        assert_eq!(received.to, CLERK);
        let source = text(&received.body);
        for field in ["From: <chot@vss.gov.vn>", &format!("To: <{CLERK}>"), "Auto-Submitted: auto-replied"] {
            assert!(source.contains(field), "{source}");
        }
        shown(&gate, &received.body)
    };
    gate.mail_to(OUTSIDER, &letter(OUTSIDER, "Biển số xe: 29A-123.45, biển số 30F-678.90.")).has_code(250);
    let held = notice();
    let held_id = gate.records("outcome").iter().find(|o| o["outcome"] == "held").expect("held")["id"].clone();
    let held_id = held_id.as_str().expect("an id");
    assert!(held.contains("chưa được gửi đi") && held.contains(held_id) && held.contains(OUTSIDER), "{held}");
    assert!(!held.contains("29A-123.45"), "{held}");
    let rejected = run(&mut gate.chot(&["quarantine", "reject", held_id, "--by", "truong.phong", "--why", "gửi nhầm"]));
    assert!(rejected.status.success());
    assert!(notice().contains("không được duyệt"));

    let people: Vec<_> = (0..40).map(|n| someone(700 + n)).collect();
    let all: String = people.iter().map(|p| format!("{}, CCCD {}\r\n", p.name, p.cccd)).collect();
    gate.mail_to(OUTSIDER, &letter(OUTSIDER, &all)).is_refused();
    let blocked = notice();
    assert!(blocked.contains("đã bị chặn") && people.iter().all(|p| !blocked.contains(&p.cccd)), "{blocked}");
    gate.verify();
}

#[test]
fn a_reload_under_load_fails_no_mail() {
    const RELOADS: usize = 8;
    let gate = Gate::open();
    let to = gate.mail();
    let told = load::run(100, &|token| load::mail(to, token), |tried| {
        for n in 0..RELOADS {
            gate.write_policy(&format!("{POLICY}# {n}\n"));
            let before = tried.load(Ordering::Acquire);
            assert!(gate.reload().status.success());
            wait_until("some mails go through", || tried.load(Ordering::Acquire) >= before + 5);
        }
    });
    assert_eq!(told.failed, 0, "of {}", told.delivered.len());
    let received = gate.world.relay.take();
    let arrived = received.iter().flat_map(|mail| tokens_in(&text(&mail.body))).count();
    assert_eq!(arrived, told.delivered.len(), "each once");
    assert_eq!(gate.records("policy.activated").len(), RELOADS + 1);
    gate.verify();
}

/// What somebody types who looks with `openssl s_client` what a port does.
struct Typist {
    openssl: Child,
    types: ChildStdin,
    hears: Lines<BufReader<ChildStdout>>,
}

impl Typist {
    fn connect(to: SocketAddr, trusted: &Path, more: &[&str]) -> Self {
        let mut openssl = command("openssl");
        openssl.args(["s_client", "-connect", &to.to_string(), "-quiet", "-crlf", "-verify_return_error"]);
        openssl.args(["-verify_hostname", "mail.vss.gov.vn", "-CAfile"]).arg(trusted).args(more);
        openssl.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut openssl = openssl.spawn().expect("openssl");
        let (types, hears) = (openssl.stdin.take().expect("its input"), openssl.stdout.take().expect("its output"));
        Self { openssl, types, hears: BufReader::new(hears).lines() }
    }

    /// Types lines and returns the last line of the answer that begins so.
    #[track_caller]
    fn says(&mut self, lines: &str, answered: &str) -> String {
        self.types.write_all(lines.as_bytes()).expect("typed");
        let heard = self.hears.by_ref().map_while(Result::ok).find(|line| line.starts_with(answered));
        heard.unwrap_or_else(|| panic!("no {answered:?} to {lines:?}"))
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.openssl.kill();
        let _ = self.openssl.wait();
    }
}

#[test]
fn mail_typed_into_openssl_is_masked_and_refused_behind_either_tls() {
    let (cert, key, _folder) = certificate();
    let gate = Gate::with(|setup| {
        let ours =
            format!("\nlisten_tls = [\"127.0.0.1:0\"]\ncert = {cert:?}\nkey = {key:?}\nclient_tls = \"require\"");
        setup.mail.push_str(&ours);
    });
    let ready: Value = serde_json::from_slice(&std::fs::read(gate.path("ready.json")).expect("read")).expect("json");
    let secure: SocketAddr = ready["mail_tls"][0].as_str().expect("TLS is on").parse().expect("an address");
    let all: String = (0..40).map(|n| someone(760 + n)).map(|p| format!("{}, CCCD {}\n", p.name, p.cccd)).collect();
    for (seed, to, more) in [(750, gate.mail(), &["-starttls", "smtp"][..]), (751, secure, &[])] {
        let number = someone(seed).cccd;
        let mut typist = Typist::connect(to, &cert, more);
        if more.is_empty() {
            typist.says("", "220 ");
        }
        // The greeting that openssl heard before STARTTLS is no answer to this one.
        typist.says("EHLO may.example\n", "250-");
        typist.says("", "250 ");
        for (body, code) in [(format!("CCCD {number} của ông Thử\n..\n"), "250 "), (all.clone(), "550 ")] {
            typist.says(&format!("MAIL FROM:<{CLERK}>\n"), "250 ");
            typist.says(&format!("RCPT TO:<{OUTSIDER}>\n"), "250 ");
            typist.says("DATA\n", "354 ");
            let said = typist.says(&format!("{}{body}.\n", letter(OUTSIDER, "").replace('\r', "")), code);
            assert!(code == "250 " || said.contains("5.7.1"), "{said}");
        }
        typist.says("QUIT\n", "221 ");
        let received = gate.world.relay.take();
        assert_eq!(received.len(), 1);
        let body = text(&received[0].body);
        assert!(body.contains("của ông Thử\r\n.\r\n") && !body.contains(&number), "{body}");
    }
    gate.verify();
}
