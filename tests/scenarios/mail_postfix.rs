//! Beside Postfix, in each of the three ways of the manual, with the files of `deploy/postfix` as they are but for the
//! ports.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::harness::fixtures::{register_of, someone};
use crate::harness::mail::{CLERK, COLLEAGUE, Line, OUTSIDER, letter, letter_with};
use crate::harness::postfix::Postfix;
use crate::harness::{Gate, command, free_address, run, text, wait_until};

const MILTER: &str = include_str!("../../deploy/postfix/milter.main.cf");
const BEFORE_QUEUE: &str = include_str!("../../deploy/postfix/before-queue.master.cf");
const BEHIND_QUEUE: &str = include_str!("../../deploy/postfix/content-filter.main.cf");
const BEHIND_QUEUE_BACK: &str = include_str!("../../deploy/postfix/content-filter.master.cf");

/// A mail with a number to a colleague and to an outsider reaches both, the outsider without the number.
#[track_caller]
pub(crate) fn each_zone_gets_its_own(postfix: &Postfix, gate: &Gate, seed: u64) {
    let number = someone(seed).cccd;
    let both = format!("{COLLEAGUE},{OUTSIDER}");
    postfix.mail_to(&both, &letter(COLLEAGUE, &format!("CCCD {number}"))).is_delivered();
    let mut received = Vec::new();
    wait_until("both arrive", || {
        received.extend(gate.world.relay.take());
        received.len() == 2
    });
    let to = |who: &str| text(&received.iter().find(|mail| mail.to == who).expect("a mail").body);
    assert!(to(COLLEAGUE).contains(&number) && !to(OUTSIDER).contains(&number));
}

/// An address from the file that says where the gateway listens.
fn listens(gate: &Gate, what: &str) -> SocketAddr {
    let ready: Value = serde_json::from_slice(&std::fs::read(gate.path("ready.json")).expect("read")).expect("json");
    ready[what][0].as_str().unwrap_or_else(|| panic!("{what} is on")).parse().expect("an address")
}

/// A gateway that is asked as a milter, and the Postfix that asks.
fn asked(settings: &str) -> (Gate, Postfix) {
    let gate = Gate::with(|setup| {
        setup.mail.push_str("\nmilter_listen = [\"127.0.0.1:0\"]\ntrusted = [\"127.0.0.1\"]\n");
        setup.mail.push_str(settings);
        setup.policy = setup.policy.replace(
            "id = \"identifiers-are-masked\"",
            "id = \"plates-wait\"\nwhen.zone = [\"outside\"]\nwhen.detect.plate.at-least = 1\nthen.action = \"quarantine\"\n\n[[rule]]\nid = \"identifiers-are-masked\"",
        );
    });
    let main = MILTER.replace("127.0.0.1:10027", &listens(&gate, "milter").to_string());
    let postfix = Postfix::start(gate.world.relay.address, &main, "");
    (gate, postfix)
}

const PLATES: &str = "Biển số xe: 29A-123.45, biển số 30F-678.90.";

#[test]
fn a_milter_lets_mail_go_on_masks_it_or_refuses_it() {
    let (gate, postfix) = asked("");
    let (first, second) = (someone(31), someone(32));
    // To a colleague, as it is, and not with a forged line of ours.
    let body = format!("CCCD {} của {}", first.cccd, first.name);
    let mail = letter(COLLEAGUE, &body).replacen("Subject:", "X-Chot-Decision: forged\r\nSubject:", 1);
    postfix.mail_to(COLLEAGUE, &mail).is_delivered();
    let received = text(&gate.world.relay.received_one().body);
    assert!(received.contains(&body) && !received.contains("forged"), "{received}");
    let decision = gate.last_decision();
    decision.says("allow");
    assert!(received.contains(&format!("X-Chot-Decision: {}\r\n", decision.id())), "{received}");
    assert_eq!(gate.outcome(decision.id()), "delivered");
    assert_eq!((&decision.0["channel"], &decision.0["client"]), (&"milter".into(), &"127.0.0.1".into()));

    // To an outsider, masked in the header and in the body, long bodies too.
    let lines = "Dòng này không có gì đáng nói.\r\n".repeat(6_000);
    let mail =
        letter(OUTSIDER, &format!("CCCD {}\r\n.\r\n..hai chấm\r\n{lines}CCCD {}\r\nhết", first.cccd, second.cccd));
    let mail = mail.replacen("Trao doi nghiep vu", &format!("ho so\r\n CCCD {}", second.cccd), 1);
    postfix.mail_to(OUTSIDER, &mail).is_delivered();
    let received = text(&gate.world.relay.received_one().body);
    assert!(!received.contains(&first.cccd) && !received.contains(&second.cccd), "{received}");
    assert!(received.contains("\r\n.\r\n..hai chấm\r\n") && received.contains("hết\r\n"), "{received}");
    assert!(received.contains("Subject: ho so\r\n CCCD ") && received.contains(&lines), "{received}");
    gate.last_decision().says("redact").counts("cccd", 2);

    // A register: Postfix passes our words on, all lines of them.
    let register = register_of(60);
    let file = gate.path("danh-sach.xlsx");
    std::fs::write(&file, &register.xlsx).expect("written");
    let answer = postfix.mail_to(OUTSIDER, &letter_with(OUTSIDER, "danh-sach.xlsx", &file));
    answer.is_refused().has_code(550).says("5.7.1 Thu bi chan").says("5.7.1 Mail refused").says("5.7.1 Hoi / ask");
    let decision = gate.decision(&answer.decision());
    decision.says("block").by_rule("bulk-stays-inside");
    assert_eq!(gate.outcome(decision.id()), "refused");
    gate.world.relay.received_nothing();
    gate.keeps_none_of(&register.numbers());
    gate.verify();
}

#[test]
fn a_milter_has_mail_put_on_hold_in_the_queue_of_postfix() {
    let (gate, postfix) = asked("");
    postfix.mail_to(OUTSIDER, &letter(OUTSIDER, PLATES)).is_delivered();
    let decision = gate.last_decision();
    decision.says("quarantine").by_rule("plates-wait");
    assert_eq!(gate.outcome(decision.id()), "held");
    let queue: Value = serde_json::from_str(postfix.tool("postqueue", &["-j"]).trim()).expect("json");
    assert_eq!(queue["queue_name"], "hold", "{queue}");
    gate.world.relay.received_nothing();
    postfix.tool("postsuper", &["-H", queue["queue_id"].as_str().expect("an id")]);
    let received = text(&gate.world.relay.received_one().body);
    assert!(received.contains("29A-123.45") && received.contains(decision.id()), "{received}");
}

#[test]
fn a_milter_can_keep_mail_in_our_quarantine() {
    let (gate, postfix) = asked("milter_quarantine = \"own\"");
    postfix.mail_to(OUTSIDER, &letter(OUTSIDER, PLATES)).is_delivered();
    let decision = gate.last_decision();
    assert_eq!(gate.outcome(decision.id()), "held");
    assert_eq!(postfix.tool("postqueue", &["-j"]).trim(), "");
    gate.world.relay.received_nothing();
    let released = run(&mut gate.chot(&["quarantine", "release", decision.id(), "--why", "công văn 7"]));
    assert!(released.status.success(), "{}", text(&released.stdout));
    assert!(text(&gate.world.relay.received_one().body).contains("29A-123.45"));
    gate.verify();
}

#[test]
fn a_milter_is_asked_over_a_socket_file() {
    let dir = tempfile::Builder::new().prefix("chot-milter-").tempdir().expect("a folder");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("set");
    let socket = dir.path().join("milter.sock");
    let mut gate = Gate::with(|setup| {
        let settings = format!("\nmilter_socket = {socket:?}\nmilter_socket_group = \"postfix\"\n");
        setup.mail.push_str(&settings);
    });
    assert_eq!(std::fs::metadata(&socket).expect("a file").permissions().mode() & 0o777, 0o660);
    let main = MILTER.replace("inet:127.0.0.1:10027", &format!("unix:{}", socket.display()));
    let postfix = Postfix::start(gate.world.relay.address, &main, "");
    let number = someone(35).cccd;
    postfix.mail_to(OUTSIDER, &letter(OUTSIDER, &format!("CCCD {number}"))).is_delivered();
    let received = text(&gate.world.relay.received_one().body);
    assert!(!received.contains(&number) && received.contains("CCCD "), "{received}");
    gate.last_decision().says("redact");
    gate.stop();
    assert!(!socket.exists());
    let answer = postfix.mail_to(COLLEAGUE, &letter(COLLEAGUE, "xin chào"));
    assert!((400..500).contains(&answer.code), "{answer:?}");
}

#[test]
fn what_a_milter_is_not_told_does_not_pass_either() {
    let (mut gate, postfix) = asked("");
    // Behind a NUL, where Postfix ends what it tells of a field.
    let number = someone(33).cccd;
    let mut line = Line::open(postfix.address);
    line.begin_mail(OUTSIDER);
    line.send(format!("Subject: x\0 CCCD {number}\r\n\r\nx\r\n.\r\n").as_bytes());
    line.reply().has_code(550);
    // What programs on this host send.
    let mut sendmail = command("sendmail");
    sendmail.arg("-C").arg(postfix.config()).args(["-i", "-f", CLERK, OUTSIDER]);
    let file = gate.path("local.eml");
    std::fs::write(&file, letter(OUTSIDER, &format!("CCCD {number}")).replace('\r', "")).expect("written");
    let sent = run(sendmail.stdin(std::fs::File::open(&file).expect("open")));
    assert!(sent.status.success(), "{}", text(&sent.stderr));
    let received = text(&gate.world.relay.received_one().body);
    assert!(!received.contains(&number) && received.contains("CCCD "), "{received}");
    gate.last_decision().says("redact");
    // Without us nothing is taken.
    gate.stop();
    let answer = postfix.mail_to(COLLEAGUE, &letter(COLLEAGUE, "xin chào"));
    assert!((400..500).contains(&answer.code), "{answer:?}");
    gate.world.relay.received_nothing();
}

#[test]
fn before_the_queue_of_postfix_the_sender_hears_the_refusal() {
    let back = free_address();
    let gate = Gate::with(|setup| {
        setup.mail = format!("next_hop = \"{back}\"\nnext_hop_tls = \"off\"\ntrusted = [\"127.0.0.1\"]");
    });
    let master = BEFORE_QUEUE.replace("127.0.0.1:10026", &gate.mail().to_string());
    let master = master.replace("127.0.0.1:10025", &back.to_string());
    let postfix = Postfix::start(gate.world.relay.address, "", &master);
    let number = someone(34).cccd;
    postfix.mail_to(OUTSIDER, &letter(OUTSIDER, &format!("CCCD {number}\r\n.\r\nhết"))).is_delivered();
    let received = text(&gate.world.relay.received_one().body);
    assert!(!received.contains(&number) && received.contains("\r\n.\r\nhết"), "{received}");
    let decision = gate.last_decision();
    decision.says("redact");
    assert_eq!(gate.outcome(decision.id()), "delivered");

    let register = register_of(60);
    let file = gate.path("danh-sach.xlsx");
    std::fs::write(&file, &register.xlsx).expect("written");
    let answer = postfix.mail_to(OUTSIDER, &letter_with(OUTSIDER, "danh-sach.xlsx", &file));
    answer.is_refused().has_code(550).says("5.7.1");
    gate.world.relay.received_nothing();
}

#[test]
fn behind_the_queue_of_postfix_each_recipient_has_an_answer() {
    let back = free_address();
    let gate = Gate::with(|setup| {
        setup.mail = format!(
            "lmtp_listen = [\"127.0.0.1:0\"]\nnext_hop = \"{back}\"\nnext_hop_tls = \"off\"\n\
             trusted = [\"127.0.0.1\"]"
        );
    });
    let lmtp = listens(&gate, "lmtp");
    let main = BEHIND_QUEUE.replace("[127.0.0.1]:10024", &format!("[127.0.0.1]:{}", lmtp.port()));
    let master = BEHIND_QUEUE_BACK.replace("127.0.0.1:10025", &back.to_string());
    let postfix = Postfix::start(gate.world.relay.address, &main, &master);
    each_zone_gets_its_own(&postfix, &gate, 35);
    assert_eq!(gate.last_decision().0["client"], "127.0.0.1");
    gate.verify();
}
