//! Who sends: by password, by address, and what policies make of it.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::fixtures::someone;
use crate::harness::world::{IMPOSTOR, ZALO};
use crate::harness::{Answer, Form, Gate, command, web};

/// The password of everybody here.
pub(crate) const SECRET: &str = "mat-khau-rat-dai";
/// Numbers go to messaging applications only from `@ke-toan`.
pub(crate) const POLICY_OF_GROUPS: &str = r#"
schema = 1
[policy]
id = "groups"
[destinations.messaging]
apps = ["zalo"]
[[rule]]
id = "only-accountants"
when.destination.in = ["messaging"]
when.detect.identifier.at-least = 1
unless.account.in = ["@ke-toan"]
then.action = "block"
"#;

/// Adds a user with `chot user add`.
pub(crate) fn add(gate: &Gate, name: &str, group: &str) {
    let mut add = gate.chot(&["user", "add", name, "--group", group]);
    let mut child = add.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
    child.stdin.take().expect("its input").write_all(format!("{SECRET}\n").as_bytes()).expect("written");
    assert!(child.wait_with_output().expect("ended").status.success());
}

fn gate_that_asks() -> Gate {
    let mut gate = Gate::with(|setup| {
        setup.policy = POLICY_OF_GROUPS.to_owned();
        setup.more = "[identity]\nusers = \"users.txt\"\naddresses = \"addresses.txt\"".to_owned();
        setup.files = vec![("users.txt", String::new()), ("addresses.txt", "192.0.2.0/24 may.in\n".to_owned())];
    });
    add(&gate, "an.nguyen", "ke-toan");
    add(&gate, "thu.tran", "mot-cua");
    gate.keep_ports();
    gate.stop();
    gate.start();
    gate
}

fn chat(gate: &Gate, user: Option<&str>, line: &str) -> Answer {
    let request = gate.request(ZALO, "/api/message/sms").with(Form::text(line.to_owned()));
    match user {
        Some(user) => request.args(&["--proxy-user", user]).send(),
        None => request.send(),
    }
}

#[test]
fn a_password_says_who_sends_and_a_group_what_may_leave() {
    let gate = gate_that_asks();
    let number = format!("CCCD {}", someone(1).cccd);
    chat(&gate, None, "xin chào").has_code(407);
    chat(&gate, Some("an.nguyen:sai-mat-khau"), "xin chào").has_code(407);
    chat(&gate, Some("ai.do:sai-mat-khau"), "xin chào").has_code(407);
    gate.world.https.received_nothing();

    let (an, thu) = (format!("an.nguyen:{SECRET}"), format!("thu.tran:{SECRET}"));
    chat(&gate, Some(&an), &number).is_delivered();
    let decision = gate.last_decision();
    assert_eq!((&decision.0["account"], &decision.0["account_source"]), (&"an.nguyen".into(), &"proxy-auth".into()));
    chat(&gate, Some(&thu), &number).is_refused();
    assert_eq!(gate.last_decision().0["account"], "thu.tran");
    assert_eq!(gate.world.https.take().len(), 1);

    // In clear every request says for itself, and the password goes no further.
    let plain = |user: &str| gate.plain_request("/x").with(Form::text("xin chào")).args(&["--proxy-user", user]).send();
    plain(&thu).is_delivered();
    gate.world.http.received_one();
    assert_eq!(gate.last_decision().0["account"], "thu.tran");
    plain(&an).is_delivered();
    assert_eq!(gate.last_decision().0["account"], "an.nguyen");

    // Asked and not answered is no news; a wrong password is.
    let refused = gate.records("refusal");
    let who: Vec<_> = refused.iter().map(|r| (&r["reason"], &r["account"], &r["account_source"])).collect();
    let claimed = |name: &str| (Value::from("auth-failed"), Value::from(name), Value::from("claimed"));
    let expected = [claimed("an.nguyen"), claimed("ai.do")];
    assert_eq!(who, expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
    gate.keeps_none_of(&[SECRET]);
    // Its own pages are for everybody.
    web::curl(&gate.path(""), command("curl").args(["--noproxy", "*", &format!("http://{}/proxy.pac", gate.web())]))
        .has_code(200);
}

#[test]
fn an_address_says_it_for_a_time() {
    let gate = gate_that_asks();
    let number = format!("CCCD {}", someone(1).cccd);
    let map = |method: &str, query: &str| gate.ask_admin(method, &format!("/-/accounts?{query}"));
    map("PUT", "address=127.0.0.1&account=an.nguyen&seconds=3600").has_code(200);
    chat(&gate, None, &number).is_delivered();
    let decision = gate.last_decision();
    assert_eq!((&decision.0["account"], &decision.0["account_source"]), (&"an.nguyen".into(), &"address".into()));
    map("DELETE", "address=127.0.0.1").has_code(200);
    chat(&gate, None, &number).has_code(407);
    for wrong in [
        "address=127.0.0.1",
        "account=an.nguyen",
        "address=x&account=an.nguyen",
        "address=127.0.0.1&account=a&seconds=x",
    ] {
        map("PUT", wrong).has_code(400);
    }
    map("PUT", "address=127.0.0.1&account=@ke-toan").has_code(422);
    let told: Vec<_> = gate.records("admin").iter().filter_map(|r| r["what"].as_str().map(str::to_owned)).collect();
    assert!(told.iter().any(|what| what.starts_with("address 127.0.0.1 is an.nguyen until ")), "{told:?}");
}

#[test]
fn a_refusal_names_who_was_refused() {
    let gate = gate_that_asks();
    let an = format!("an.nguyen:{SECRET}");
    let proxy = ["--proxy-user", an.as_str()];
    // Of the proxy itself, within a tunnel by the handshake, and within one by the request.
    gate.request(ZALO, "/x").args(&proxy).args(&["--connect-to", "::127.0.0.1:25"]).send().has_code(403);
    gate.request(IMPOSTOR, "/x").args(&proxy).send().has_code(502);
    gate.request(ZALO, "/x").args(&proxy).args(&["-H", "Host: elsewhere.example"]).send().has_code(421);
    gate.plain_request("/x").args(&proxy).args(&["-H", "Host: elsewhere.example"]).send().has_code(421);
    gate.world.https.received_nothing();
    let refused = gate.records("refusal");
    let reasons: Vec<_> = refused.iter().map(|r| r["reason"].as_str().unwrap_or_default()).collect();
    assert_eq!(reasons, ["target-port", "upstream-certificate", "upstream-certificate", "misdirected", "misdirected"]);
    for record in &refused {
        assert_eq!(
            (&record["account"], &record["account_source"]),
            (&"an.nguyen".into(), &"proxy-auth".into()),
            "{record}"
        );
    }
    // A number in the place of a name is a number.
    let number = someone(1).cccd;
    chat(&gate, Some(&format!("{number}:sai-mat-khau")), "xin chào").has_code(407);
    gate.keeps_none_of(&[&number]);
}

#[test]
fn a_user_counts_from_the_reload_on() {
    let gate = gate_that_asks();
    let ha = format!("ha.le:{SECRET}");
    add(&gate, "ha.le", "ke-toan");
    chat(&gate, Some(&ha), "xin chào").has_code(407);
    assert!(gate.reload().status.success());
    chat(&gate, Some(&ha), "xin chào").is_delivered();
    let removed = crate::harness::run(&mut gate.chot(&["user", "remove", "ha.le"]));
    assert!(removed.status.success());
    assert!(gate.reload().status.success());
    chat(&gate, Some(&ha), "xin chào").has_code(407);
    let told: Vec<_> = gate.records("admin").iter().filter_map(|r| r["what"].as_str().map(str::to_owned)).collect();
    assert_eq!(
        told,
        [
            "accounts read again, by control: 3 users, 1 addresses",
            "accounts read again, by control: 2 users, 1 addresses"
        ]
    );
}
