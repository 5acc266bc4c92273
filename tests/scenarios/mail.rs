//! What people send by mail.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::harness::fixtures::{invoice, register_of, someone};
use crate::harness::mail::{CLERK, COLLEAGUE, OUTSIDER, certificate, letter, letter_with};
use crate::harness::people::Person;
use crate::harness::{Gate, command, free_address, python, succeed, text, wait_until};

fn two_numbers() -> (String, Vec<String>) {
    let numbers: Vec<_> = Person::invent_many(2, 77).into_iter().map(|p| p.bhxh).collect();
    (
        format!(
            "Kính gửi anh Minh,\r\n\r\nMã số BHXH: {} và mã số BHXH: {}.\r\n\r\nTrân trọng.",
            numbers[0], numbers[1]
        ),
        numbers,
    )
}

#[test]
fn numbers_to_an_outsider_are_masked_and_the_rest_stays() {
    let gate = Gate::open();
    let (body, numbers) = two_numbers();
    gate.mail_to(OUTSIDER, &letter(OUTSIDER, &body)).is_delivered();
    let received = gate.world.relay.received_one();
    let mail = text(&received.body);
    assert_eq!(received.to, OUTSIDER);
    assert!(numbers.iter().all(|number| !mail.contains(number)), "{mail}");
    assert!(mail.contains("Kính gửi anh Minh,\r\n") && mail.contains("Trân trọng."), "{mail}");
    gate.last_decision().says("redact").counts("bhxh", 2);
    gate.keeps_none_of(&[&numbers[0], &numbers[1]]);
}

#[test]
fn the_same_to_a_colleague_arrives_as_it_was() {
    let gate = Gate::open();
    let (body, _) = two_numbers();
    let mail = letter(COLLEAGUE, &body);
    gate.mail_to(COLLEAGUE, &mail).is_delivered();
    let received = text(&gate.world.relay.received_one().body);
    // A relay adds header lines on top and swaks a line at the end; nothing else changes.
    assert!(received.trim_end().ends_with(mail.trim_end()), "{received}");
    let decision = gate.last_decision();
    decision.says("allow").counts("bhxh", 2);
    assert_eq!(gate.outcome(decision.id()), "delivered");
}

#[test]
fn one_outsider_among_colleagues_makes_it_an_outside_mail() {
    let gate = Gate::open();
    let (body, numbers) = two_numbers();
    gate.mail_to(&format!("{COLLEAGUE},{OUTSIDER}"), &letter(COLLEAGUE, &body)).is_delivered();
    let mail = text(&gate.world.relay.received_one().body);
    assert!(numbers.iter().all(|number| !mail.contains(number)), "{mail}");
}

#[test]
fn a_register_in_an_attachment_is_refused_with_its_number() {
    let gate = Gate::open();
    let register = register_of(60);
    let file = gate.path("danh-sach.xlsx");
    std::fs::write(&file, &register.xlsx).expect("written");
    let answer = gate.mail_to(OUTSIDER, &letter_with(OUTSIDER, "danh-sach.xlsx", &file));
    answer.is_refused().has_code(550).says("5.7.1");
    gate.world.relay.received_nothing();
    let decision = gate.decision(&answer.decision());
    decision.says("block").by_rule("bulk-stays-inside").counts("cccd", 60);
    assert_eq!(gate.outcome(decision.id()), "refused");
    gate.keeps_none_of(&register.numbers());
}

#[test]
fn an_invoice_in_an_attachment_arrives_byte_for_byte() {
    let gate = Gate::open();
    let file = gate.path("hoa-don.xlsx");
    std::fs::write(&file, invoice()).expect("written");
    let mail = letter_with(OUTSIDER, "hoa-don.xlsx", &file);
    gate.mail_to(OUTSIDER, &mail).is_delivered();
    let received = gate.path("received.eml");
    std::fs::write(&received, gate.world.relay.received_one().body).expect("written");
    let script = "
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
part = next(mail.iter_attachments())
print(part.get_filename(), part.get_content() == open(sys.argv[2], 'rb').read())
";
    let seen = python(script, &[&received.to_string_lossy(), &file.to_string_lossy()]);
    assert_eq!(seen.trim(), "hoa-don.xlsx True");
}

#[test]
fn a_dot_at_the_start_of_a_line_survives() {
    let gate = Gate::open();
    let mail = letter(OUTSIDER, "một\r\n.hai\r\n..ba\r\nbốn");
    gate.mail_to(OUTSIDER, &mail).is_delivered();
    let received = text(&gate.world.relay.received_one().body);
    assert!(received.contains("một\r\n.hai\r\n..ba\r\nbốn"), "{received:?}");
}

/// Ends of mail that some servers believe in and others do not ("SMTP smuggling", SEC Consult 2023).
const FALSE_ENDS: [&str; 13] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\n.\r",
    "\r.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\r\n.\r\r\n",
    "\r\r\n.\r\r\n",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\r\n .\r\n",
];

#[test]
fn a_second_mail_cannot_be_smuggled_in() {
    let gate = Gate::open();
    for end in FALSE_ENDS {
        let mut line = gate.smtp_line();
        line.begin_mail(OUTSIDER);
        let second =
            format!("MAIL FROM:<x@example.vn>\r\nRCPT TO:<{OUTSIDER}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n");
        line.send(format!("Subject: first\r\n\r\nmot{end}{second}QUIT\r\n").as_bytes());
        let _ = line.rest();
        let received = gate.world.relay.take();
        assert!(received.len() <= 1, "{end:?}: {} mails arrived", received.len());
        if let Some(only) = received.first() {
            // At most one mail, and then all of it is inside: nothing became a command.
            assert!(text(&only.body).contains("Subject: smuggled"), "{end:?}");
        }
    }
}

/// A next hop that takes LF for the end of a line, as some do, reads as many mails as were sent: from clients whose line
/// ends are mended too, and from chunks that are cut anywhere.
#[test]
fn what_the_next_hop_reads_ends_where_the_mail_ends() {
    let gate = Gate::with(|setup| setup.mail.push_str("\nmend_lines = [\"127.0.0.1\"]"));
    for (n, end) in FALSE_ENDS.iter().enumerate() {
        let mail = format!("Subject: so {n}\r\n\r\nmot{end}MAIL FROM:<x@example.vn>\r\nDATA\r\nhai\r\n");
        let mut line = gate.smtp_line();
        line.begin_mail(OUTSIDER);
        line.send(format!("{mail}.\r\n").as_bytes());
        let taken = line.reply().code == 250;
        assert_eq!(taken, !end.contains('\0'), "{end:?}");
        let cuts = [1, mail.find(end).expect("there") + 1, mail.find(end).expect("there") + end.len() - 1];
        for cut in cuts {
            let (first, second) = (mail.get(..cut).expect("ASCII"), mail.get(cut..).expect("ASCII"));
            for command in [format!("MAIL FROM:<{CLERK}>"), format!("RCPT TO:<{OUTSIDER}>")] {
                line.ask(&command).has_code(250);
            }
            line.send(format!("BDAT {}\r\n{first}BDAT {} LAST\r\n{second}", first.len(), second.len()).as_bytes());
            let replies = [line.reply().code, line.reply().code];
            assert_eq!(replies == [250, 250], taken, "{end:?} cut at {cut}: {replies:?}");
        }
        let received = gate.world.relay.take();
        assert_eq!(received.len(), if taken { 1 + cuts.len() } else { 0 }, "{end:?}");
        for only in received {
            let body = text(&only.body);
            assert!(body.ends_with("MAIL FROM:<x@example.vn>\r\nDATA\r\nhai\r\n"), "{end:?}: {body:?}");
            assert!(!body.replace("\r\n", "").contains(['\r', '\n', '\0']), "{end:?}: {body:?}");
        }
    }
    gate.verify();
}

#[test]
fn an_unlisted_client_cannot_relay() {
    let gate = Gate::with(|setup| setup.mail.push_str("\nclients = [\"192.0.2.0/24\"]"));
    let mut line = gate.smtp_line();
    let answer = line.ask("EHLO desk.example.vn");
    let refused = matches!(answer.code, 0 | 421 | 554 | 550);
    assert!(refused, "{answer:?}");
    gate.world.relay.received_nothing();
}

#[test]
fn commands_may_be_sent_ahead_but_not_through_starttls() {
    let (cert, key, folder) = certificate();
    let gate = Gate::with(|setup| {
        setup.mail.push_str(&format!("\ncert = \"{}\"\nkey = \"{}\"", cert.display(), key.display()));
    });
    // PIPELINING: the envelope in one write.
    let mut line = gate.smtp_line();
    line.ask("EHLO desk.example.vn").has_code(250).says("PIPELINING").says("STARTTLS").says("SIZE");
    line.send(format!("MAIL FROM:<{CLERK}>\r\nRCPT TO:<{OUTSIDER}>\r\nDATA\r\n").as_bytes());
    for code in [250, 250, 354] {
        line.reply().has_code(code);
    }
    line.send(b"Subject: x\r\n\r\nx\r\n.\r\n");
    line.reply().has_code(250);
    gate.world.relay.received_one();

    // What was sent ahead of the handshake must not count as said inside it (CVE-2011-0411).
    let mut line = gate.smtp_line();
    line.ask("EHLO desk.example.vn").has_code(250);
    line.send(format!("STARTTLS\r\nMAIL FROM:<{CLERK}>\r\n").as_bytes());
    let first = line.reply();
    let rest = line.rest();
    assert!(!rest.contains("250 "), "{first:?} then {rest}");
    drop(folder);
}

#[test]
fn a_mail_over_starttls_is_judged_like_any_other() {
    let (cert, key, folder) = certificate();
    let gate = Gate::with(|setup| {
        setup.mail.push_str(&format!("\ncert = \"{}\"\nkey = \"{}\"", cert.display(), key.display()));
    });
    let (body, numbers) = two_numbers();
    gate.mail_with(OUTSIDER, &letter(OUTSIDER, &body), &["--tls"]).is_delivered();
    let mail = text(&gate.world.relay.received_one().body);
    assert!(numbers.iter().all(|number| !mail.contains(number)), "{mail}");
    drop(folder);
}

#[test]
fn a_login_is_relayed_and_names_the_account() {
    let (cert, key, folder) = certificate();
    let mut relay = Relay::start(&cert, &key);
    let gate = Gate::with(|setup| {
        setup.mail = format!(
            "next_hop = \"127.0.0.1:{}\"\nnext_hop_tls = \"require\"\ncert = \"{}\"\nkey = \"{}\"",
            relay.port,
            cert.display(),
            key.display()
        );
    });
    let script = "
import smtplib, ssl, sys
port, frm, to, secret = sys.argv[1:]
context = ssl._create_unverified_context()
with smtplib.SMTP('127.0.0.1', int(port), timeout=60) as smtp:
    smtp.starttls(context=context)
    try:
        smtp.login('nguyen.an', secret)
    except smtplib.SMTPAuthenticationError as refused:
        print(refused.smtp_code)
        sys.exit()
    smtp.sendmail(frm, [to], 'Subject: x\\r\\n\\r\\nxin chao\\r\\n')
    print('sent')
";
    let send = |secret: &str| python(script, &[&gate.mail().port().to_string(), CLERK, OUTSIDER, secret]);
    assert_eq!(send("sai").trim(), "535");
    assert_eq!(send("mat-khau").trim(), "sent");
    let mail = relay.next_mail();
    assert_eq!((&mail["tls"], &mail["user"]), (&true.into(), &"nguyen.an".into()));
    let decision = gate.last_decision();
    assert_eq!((&decision.0["account"], &decision.0["account_source"]), (&"nguyen.an".into(), &"smtp-auth".into()));
    gate.keeps_none_of(&["mat-khau"]);
    drop(folder);
}

#[test]
fn postfix_tools_deliver_everything_they_sent() {
    const MAILS: usize = 120;
    let sink = Sink::start();
    let gate = Gate::with(|setup| setup.mail = format!("next_hop = \"{}\"\nnext_hop_tls = \"off\"", sink.address));
    let mut source = command("smtp-source");
    source.args(["-s", "6", "-m", &MAILS.to_string(), "-l", "4000", "-f", CLERK, "-t", OUTSIDER]);
    succeed(source.arg(format!("127.0.0.1:{}", gate.mail().port())));
    let decisions = gate.records("decision");
    assert_eq!(decisions.len(), MAILS);
    assert!(decisions.iter().all(|d| d["verdict"]["action"] == "allow"));
    wait_until("every outcome is recorded", || gate.records("outcome").len() == MAILS);
    assert!(gate.records("outcome").iter().all(|o| o["outcome"] == "delivered"));
    gate.verify();
}

#[test]
fn a_relay_that_is_away_is_told_as_a_temporary_failure() {
    let gate = Gate::with(|setup| setup.mail = "next_hop = \"127.0.0.1:1\"\nnext_hop_tls = \"off\"".to_owned());
    let answer = gate.mail_to(OUTSIDER, &letter(OUTSIDER, &someone(1).name));
    assert!((400..500).contains(&answer.code), "{answer:?}");
}

/// `relay.py`, ended by its id.
struct Relay {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    port: u16,
}

impl Relay {
    fn start(cert: &Path, key: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/relay.py");
        let mut python = std::process::Command::new("python3");
        let mut child = python.arg(script).arg(cert).arg(key).stdout(Stdio::piped()).spawn().expect("python3");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let port = lines.next().expect("a line").expect("a line").trim().parse().expect("a port");
        Self { child, lines, port }
    }

    fn next_mail(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.lines.next().expect("a line").expect("a line")).expect("json")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Postfix's smtp-sink, ended by its id. It cannot choose a port itself.
struct Sink {
    child: Child,
    address: SocketAddr,
}

impl Sink {
    fn start() -> Self {
        let address = free_address();
        let mut sink = std::process::Command::new("smtp-sink");
        let path = std::env::var("PATH").unwrap_or_default();
        sink.env("PATH", format!("{path}:/usr/sbin"));
        // As root it wants to know whom to become.
        if rustix::process::geteuid().is_root() {
            sink.args(["-u", "nobody"]);
        }
        let child = sink.args([&address.to_string(), "100"]).stdin(Stdio::null()).spawn().expect("smtp-sink");
        wait_until("smtp-sink listens", || std::net::TcpStream::connect(address).is_ok());
        Self { child, address }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
