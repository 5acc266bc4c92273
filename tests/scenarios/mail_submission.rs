//! Where mail begins: programs that log in to send it, and a Postfix whose relay is the gateway, with the files of
//! `deploy/postfix` as they are but for addresses.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use crate::harness::fixtures::someone;
use crate::harness::mail::{CLERK, OUTSIDER, certificate, letter};
use crate::harness::postfix::Postfix;
use crate::harness::{Gate, free_address, python, text, wait_until};
use crate::mail_postfix::each_zone_gets_its_own;

const SUBMISSION: &str = include_str!("../../deploy/postfix/submission.master.cf");
const RELAY: &str = include_str!("../../deploy/postfix/relay.main.cf");

/// `nguyen.an` with the password `mat-khau`, as PLAIN says it (RFC 4616).
const LOGIN: &str = "resp=AG5ndXllbi5hbgBtYXQta2hhdQ==";

/// Whom Postfix asks about logins, in the protocol of Dovecot's: it knows one person.
fn logins() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for asker in listener.incoming().flatten() {
            std::thread::spawn(move || answer(asker));
        }
    });
    address
}

fn answer(mut asker: TcpStream) -> std::io::Result<()> {
    let hello =
        "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00112233445566778899aabbccddeeff\nDONE\n";
    asker.write_all(hello.as_bytes())?;
    for line in BufReader::new(asker.try_clone()?).lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        if let ["AUTH", id, "PLAIN", ..] = words.as_slice() {
            let is_right = words.contains(&LOGIN);
            let said = if is_right { format!("OK\t{id}\tuser=nguyen.an\n") } else { format!("FAIL\t{id}\n") };
            asker.write_all(said.as_bytes())?;
        }
    }
    Ok(())
}

#[test]
fn a_login_at_465_is_postfixs_to_judge_and_the_mail_is_ours() {
    let (cert, key, _folder) = certificate();
    let back = free_address();
    let gate = Gate::with(|setup| {
        setup.mail = format!(
            "listen_tls = [\"127.0.0.1:0\"]\ncert = {cert:?}\nkey = {key:?}\nclient_tls = \"require\"\n\
             next_hop = \"{back}\"\nnext_hop_tls = \"off\""
        );
    });
    let main = format!("smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:{}\n", logins());
    let master = SUBMISSION.replace("127.0.0.1:10587", &back.to_string());
    let _postfix = Postfix::start(gate.world.relay.address, &main, &master);
    wait_until("postfix takes submissions", || TcpStream::connect(back).is_ok());

    let ready: Value = serde_json::from_slice(&std::fs::read(gate.path("ready.json")).expect("read")).expect("json");
    let secure: SocketAddr = ready["mail_tls"][0].as_str().expect("TLS is on").parse().expect("an address");
    let script = "
import smtplib, ssl, sys
port, how, frm, to, secret, body = sys.argv[1:]
context = ssl._create_unverified_context()
kind = smtplib.SMTP_SSL if how == 'tls' else smtplib.SMTP
with kind('127.0.0.1', int(port), timeout=60, **({'context': context} if how == 'tls' else {})) as smtp:
    if how == 'starttls':
        smtp.starttls(context=context)
    smtp.ehlo()
    try:
        if secret:
            smtp.login('nguyen.an', secret)
        smtp.sendmail(frm, [to], body.encode())
        print('sent')
    except smtplib.SMTPResponseException as refused:
        print(refused.smtp_code)
    except smtplib.SMTPRecipientsRefused as refused:
        print(*(code for code, _ in refused.recipients.values()))
";
    let send = |port: u16, how: &str, secret: &str, body: &str| {
        python(script, &[&port.to_string(), how, CLERK, OUTSIDER, secret, body]).trim().to_owned()
    };
    let number = someone(71).cccd;
    let mail = letter(OUTSIDER, &format!("CCCD {number}"));
    for (port, how, secret, expected) in [
        (secure.port(), "tls", "sai", "535"),
        // Who has not logged in is refused by Postfix, who comes from this host or not.
        (secure.port(), "tls", "", "554"),
        (gate.mail().port(), "plain", "", "530"),
        (secure.port(), "tls", "mat-khau", "sent"),
        (gate.mail().port(), "starttls", "mat-khau", "sent"),
    ] {
        assert_eq!(send(port, how, secret, &mail), expected, "{how} {secret:?}");
    }
    let mut received = Vec::new();
    wait_until("both arrive", || {
        received.extend(gate.world.relay.take());
        received.len() == 2
    });
    assert!(received.iter().all(|mail| !text(&mail.body).contains(&number)));
    let decision = gate.last_decision();
    decision.says("redact");
    assert_eq!((&decision.0["account"], &decision.0["account_source"]), (&"nguyen.an".into(), &"smtp-auth".into()));
    gate.keeps_none_of(&["mat-khau", &number]);
    gate.verify();
}

#[test]
fn a_postfix_whose_relay_is_the_gateway_sends_to_each_zone_apart() {
    let gate = Gate::with(|setup| setup.mail.push_str("\nsplit_zones = [\"127.0.0.1\"]"));
    let mail = gate.mail();
    let main = RELAY.replace("[10.0.0.5]:25", &format!("[{}]:{}", mail.ip(), mail.port()));
    // Not so soon that Postfix finds its own hand still on the mail that is to be sent again.
    let main = format!("{main}minimal_backoff_time = 5s\n");
    let postfix = Postfix::start(gate.world.relay.address, &main, "");
    each_zone_gets_its_own(&postfix, &gate, 72);
    assert!(gate.records("decision").len() == 2);
    gate.verify();
}
