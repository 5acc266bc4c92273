//! What is passed on without being decrypted: proposed by evidence, accepted by a person, on record to the byte.

use crate::harness::fixtures::someone;
use crate::harness::world::{PARTY, ZALO};
use crate::harness::{Form, Gate, command, run, succeed, text, wait_until, web};

const LISTED: &str = "[[bypass]]\nhosts = [\"form.party.example\"]\nreason = \"ký số\"\nuntil = \"2099-12-31\"\n";

/// curl as an application that trusts only the outside's own CA: it pins.
fn pinned(gate: &Gate, host: &str, body: &str) -> crate::harness::Answer {
    let url = format!("https://{host}:{}/ghim", gate.world.https.port());
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"])
        .arg(gate.path("outside-ca.pem"));
    web::curl(&gate.path(""), curl.args(["--data-binary", body]).arg(url))
}

#[test]
fn a_pinned_application_is_blocked_proposed_and_accepted() {
    let gate = Gate::open();
    // Blocked: it does not trust us, and nothing is let through by itself.
    pinned(&gate, PARTY, "xin chào").does_not_say("error_code");
    pinned(&gate, PARTY, "xin chào").does_not_say("error_code");
    gate.world.https.received_nothing();
    wait_until("the distrust is recorded", || {
        gate.records("refusal").iter().filter(|r| r["reason"] == "client-distrust").count() == 2
    });
    let proposals = succeed(&mut gate.chot(&["bypass", "list", "--json"]));
    let proposal: serde_json::Value = serde_json::from_str(proposals.lines().next().expect("a line")).expect("json");
    assert_eq!(
        (&proposal["type"], &proposal["host"], &proposal["handshakes"]),
        (&"proposal".into(), &PARTY.into(), &2.into())
    );
    assert_eq!(proposal["clients"], serde_json::json!(["127.0.0.1"]));

    let accept = |host: &str, until: &str| {
        run(&mut gate.chot(&[
            "bypass",
            "accept",
            host,
            "--reason",
            "ghim chứng thư",
            "--until",
            until,
            "--by",
            "Trần A",
        ]))
    };
    assert!(text(&accept(ZALO, "2099-12-31").stderr).contains("--without-evidence"));
    assert!(!accept(PARTY, "31/12/2099").status.success());
    let accepted = accept(PARTY, "2099-12-31");
    assert!(accepted.status.success(), "{accepted:?}");
    pinned(&gate, PARTY, "xin chào").is_delivered();
    assert_eq!(text(&gate.world.https.received_one().body), "xin chào");

    wait_until("the end is recorded", || gate.records("bypass.closed").len() == 1);
    let (opened, closed) = (&gate.records("bypass.opened")[0], &gate.records("bypass.closed")[0]);
    assert_eq!((&opened["host"], &opened["reason"]), (&PARTY.into(), &"ghim chứng thư".into()));
    assert!(closed["sent"].as_u64().is_some_and(|sent| sent > 300), "{closed}");
    let told = gate.records("admin");
    assert!(told.iter().any(|r| r["what"].as_str().is_some_and(|what| what.contains(PARTY))), "{told:?}");
    // Everybody else is read as before.
    gate.chat(&format!("CCCD {}", someone(1).cccd)).is_refused();
    let listed = succeed(&mut gate.chot(&["bypass", "list"]));
    assert!(listed.contains("Trần A") && !listed.contains("proposal"), "{listed}");
    assert!(gate.ask_admin("GET", "/metrics").body.contains("chot_bypassed_total 1\n"));
    gate.verify();
}

#[test]
fn a_name_that_is_only_claimed_opens_nothing() {
    let gate = Gate::with(|setup| {
        setup.web.push_str("\nbypass = \"bypass.toml\"");
        setup.files = vec![("bypass.toml", LISTED.to_owned())];
    });
    // Asked for Zalo, the hello names the listed host: what goes to Zalo is read.
    let port = gate.world.https.port();
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
    curl.args(["--connect-to", &format!("{PARTY}:{port}:{ZALO}:{port}")]);
    curl.args(["--data-binary", &format!("CCCD {}", someone(1).cccd), &format!("https://{PARTY}:{port}/")]);
    let answer = web::curl(&gate.path(""), &mut curl);
    answer.is_delivered();
    assert!(!text(&gate.world.https.received_one().body).contains(&someone(1).cccd), "not read");
    assert_eq!(gate.last_decision().0["destination"]["host"], PARTY);
    assert!(gate.records("bypass.opened").is_empty());
    // Asked for the listed host, another name in the hello is read too.
    let mut curl = command("curl");
    curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
    curl.args(["--connect-to", &format!("{ZALO}:{port}:{PARTY}:{port}")]);
    curl.args(["--data-binary", &format!("CCCD {}", someone(1).cccd), &format!("https://{ZALO}:{port}/")]);
    web::curl(&gate.path(""), &mut curl).is_refused();
    gate.world.https.received_nothing();
    // A listed host is passed, and only as long as the entry lasts.
    pinned(&gate, PARTY, "x").is_delivered();
    let write = |text: &str| std::fs::write(gate.path("bypass.toml"), text).expect("written");
    write(&LISTED.replace("2099", "2020"));
    assert!(gate.reload().status.success());
    pinned(&gate, PARTY, "x").does_not_say("error_code");
    // A wrong list changes nothing.
    write("[[bypass]]\nhosts = [\"*\"]\n");
    let wrong = gate.reload();
    assert!(!wrong.status.success() && text(&wrong.stdout).contains("reason"), "{wrong:?}");
    gate.request(PARTY, "/").with(Form::text("x")).send().is_delivered();
}
