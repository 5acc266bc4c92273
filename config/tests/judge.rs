//! Every condition with a hit and a miss, and what holds for all policies.

use chot_config::{Known, Policy, UNREAD, judge};
use chot_model::{
    Account, AccountSource, Action, Channel, Confidence, DecisionId, Destination, DetectorId, Inspection, Masked,
    Message, Mode, OpaqueReason, Tally, Timestamp, Verdict, Zone,
};
use proptest::prelude::*;

const HEAD: &str = r#"
schema = 1
[policy]
id = "p"
[networks]
internal = ["10.0.0.0/8"]
partner = ["10.9.0.0/16"]
[domains]
internal = ["*.vss.gov.vn"]
partner = ["*.gov.vn", "thư.example"]
[accounts]
giam-dinh = ["An.Nguyen", "*@giamdinh.vss.gov.vn"]
[destinations.messaging]
apps = ["zalo"]
[destinations.ministry]
domains = ["*.moh.gov.vn"]
networks = ["203.0.113.0/24"]
recipients = ["*@hopthu.example"]
"#;

fn policy(rules: &str) -> Policy {
    match Policy::check(&format!("{HEAD}{rules}"), "p.toml", Known::default()) {
        Ok((policy, _)) => policy,
        Err(wrong) => panic!("{wrong}"),
    }
}

/// A policy of one blocking rule.
fn blocking(conditions: &str) -> Policy {
    policy(&format!("[[rule]]\nid = \"r\"\n{conditions}\nthen.action = \"block\"\n"))
}

fn message(channel: Channel, destination: Destination, account: &str) -> Message {
    let account = match account {
        "" => Account::unknown(),
        name => Account::new(name, AccountSource::ProxyAuth),
    };
    let received = Timestamp::parse("2026-11-21").expect("a date");
    let id = DecisionId::new(received, [0; 10]);
    Message { id, received, channel, client: None, account, destination, summary: Masked::default() }
}

fn web(host: &str) -> Message {
    let app = host.ends_with("zalo.me").then_some("zalo");
    message(Channel::Web, Destination { app, host: host.to_owned(), ..Destination::default() }, "")
}

fn mail(recipients: &[&str]) -> Message {
    let recipients = recipients.iter().map(|r| (*r).to_owned()).collect();
    message(Channel::Mail, Destination { recipients, ..Destination::default() }, "")
}

fn by(mut message: Message, account: &str) -> Message {
    message.account = Account::new(account, AccountSource::SmtpAuth);
    message
}

fn found(what: &[(DetectorId, u64)]) -> Inspection {
    let tally = |n| Tally { count: n, distinct: n, low: 5, confidence: Some(Confidence::High), samples: vec![] };
    Inspection { tallies: what.iter().map(|(d, n)| (*d, tally(*n))).collect(), ..Inspection::default() }
}

fn opaque(reason: OpaqueReason) -> Inspection {
    let mut inspection = Inspection::default();
    inspection.add_opaque(Masked::default(), reason);
    inspection
}

fn people(persons: u64, bulk: bool) -> Inspection {
    Inspection { persons, bulk, ..Inspection::default() }
}

#[test]
fn every_condition_hits_and_misses() {
    use DetectorId::{Bhxh, Cccd, Mst};
    let clean = || Inspection::default();
    let png = || {
        let mut i = clean();
        i.object.media_type = "image/png".to_owned();
        i
    };
    let at = |ip: &str| {
        let mut m = web("x.example");
        m.destination.address = Some(ip.parse().expect(ip));
        m
    };
    #[rustfmt::skip]
    let cases: Vec<(&str, Message, Inspection, bool)> = vec![
        ("when.channel.in = [\"mail\", \"milter\"]", mail(&["a@b.vn"]), clean(), true),
        ("when.channel.in = [\"mail\", \"milter\"]", web("b.vn"), clean(), false),
        ("when.zone = [\"outside\"]", web("b.vn"), clean(), true),
        ("when.zone = [\"outside\"]", web("x.gov.vn"), clean(), false),
        ("when.zone = [\"outside\"]", at("10.1.1.1"), clean(), false),
        ("when.zone = [\"partner\"]", at("10.9.1.1"), clean(), true),
        ("when.zone = [\"internal\", \"partner\"]", web("x.gov.vn"), clean(), true),
        ("when.zone = [\"internal\"]", web("VSS.gov.vn."), clean(), true),
        ("when.zone = [\"partner\"]", web("xn--th-yma.example"), clean(), false),
        ("when.zone = [\"partner\"]", web("THƯ.example"), clean(), true),
        ("when.zone = [\"partner\"]", mail(&["a@xn--th-e0a.example"]), clean(), true),
        ("when.zone = [\"internal\"]", mail(&["a@sub.vss.gov.vn"]), clean(), true),
        ("when.destination.in = [\"messaging\"]", web("chat.zalo.me"), clean(), true),
        ("when.destination.in = [\"messaging\"]", web("zalo.me.example"), clean(), false),
        ("when.destination.in = [\"messaging\", \"ministry\"]", web("moh.gov.vn"), clean(), true),
        ("when.destination.in = [\"ministry\"]", at("203.0.113.7"), clean(), true),
        ("when.destination.in = [\"ministry\"]", mail(&["An@HopThu.example"]), clean(), true),
        ("when.destination.in = [\"ministry\"]", mail(&["an@khac.example"]), clean(), false),
        ("when.destination.not-in = [\"ministry\"]", mail(&["an@khac.example"]), clean(), true),
        ("when.destination.not-in = [\"ministry\"]", web("a.moh.gov.vn"), clean(), false),
        ("when.account.in = [\"giam-dinh\"]", by(web("b.vn"), "an.nguyen"), clean(), true),
        ("when.account.in = [\"giam-dinh\"]", by(web("b.vn"), "X@GiamDinh.vss.gov.vn"), clean(), true),
        ("when.account.in = [\"giam-dinh\", \"khac\"]", by(web("b.vn"), "KHAC"), clean(), true),
        ("when.account.in = [\"giam-dinh\"]", by(web("b.vn"), "an.nguyen2"), clean(), false),
        ("when.account.in = [\"*\"]", by(web("b.vn"), "ai"), clean(), true),
        ("when.account.in = [\"*\"]", web("b.vn"), clean(), false),
        ("when.account.in = [\"unknown\"]", web("b.vn"), clean(), true),
        ("when.account.not-in = [\"giam-dinh\"]", web("b.vn"), clean(), true),
        ("when.account.not-in = [\"giam-dinh\"]", by(web("b.vn"), "An.Nguyen"), clean(), false),
        ("when.detect.cccd.at-least = 2", web("b.vn"), found(&[(Cccd, 2)]), true),
        ("when.detect.cccd.at-least = 2", web("b.vn"), found(&[(Cccd, 1), (Bhxh, 5)]), false),
        ("when.detect.identifier.at-least = 2", web("b.vn"), found(&[(Cccd, 1), (Bhxh, 1)]), true),
        ("when.detect.identifier.at-least = 1", web("b.vn"), found(&[(Mst, 9)]), false),
        ("when.detect.cccd.at-least = 1\nwhen.detect.bhxh.at-least = 1", web("b.vn"), found(&[(Cccd, 1)]), false),
        ("when.persons.at-least = 20", web("b.vn"), people(20, false), true),
        ("when.persons.at-least = 20", web("b.vn"), people(19, true), false),
        ("when.bulk = true", web("b.vn"), people(5, true), true),
        ("when.bulk = true", web("b.vn"), people(50, false), false),
        ("when.bulk = false", web("b.vn"), people(50, false), true),
        ("when.opaque = [\"encrypted-archive\"]", web("a.gov.vn"), opaque(OpaqueReason::Encrypted), true),
        ("when.opaque = [\"encrypted\", \"too-deep\"]", web("a.gov.vn"), opaque(OpaqueReason::TooDeep), true),
        ("when.opaque = [\"encrypted\"]", web("a.gov.vn"), opaque(OpaqueReason::TooDeep), false),
        ("when.opaque = [\"any\"]", web("a.gov.vn"), opaque(OpaqueReason::Failed), true),
        ("when.opaque = [\"any\"]", web("a.gov.vn"), clean(), false),
        ("when.media-type.in = [\"image/*\"]", web("b.vn"), png(), true),
        ("when.media-type.in = [\"image/jpeg\", \"text/*\"]", web("b.vn"), png(), false),
        ("when.bulk = true\nunless.account.in = [\"giam-dinh\"]", by(web("b.vn"), "an.nguyen"), people(9, true), false),
        ("when.bulk = true\nunless.account.in = [\"giam-dinh\"]", web("b.vn"), people(9, true), true),
        ("when.bulk = true\nunless.zone = [\"partner\"]\nunless.persons.at-least = 9", web("a.gov.vn"), people(9, true), false),
        ("when.bulk = true\nunless.zone = [\"partner\"]\nunless.persons.at-least = 9", web("a.gov.vn"), people(8, true), true),
    ];
    for (conditions, message, inspection, hit) in cases {
        let verdict = judge(&message, &inspection, &blocking(conditions));
        let expected = if hit { Action::Block } else { Action::Allow };
        assert_eq!(verdict.action, expected, "{conditions} {:?} {:?}", message.destination, verdict.why);
        assert_eq!(verdict.rule.as_deref(), hit.then_some("r"), "{conditions}");
    }
}

#[test]
fn reasons_are_facts_without_values() {
    let mut message = web("chat.zalo.me");
    message.account = Account::new("001090123456", AccountSource::ProxyAuth);
    let p = blocking(
        "when.zone = [\"outside\"]\nwhen.destination.in = [\"messaging\"]\nwhen.detect.identifier.at-least = 1\nwhen.account.not-in = [\"giam-dinh\"]",
    );
    let verdict = judge(&message, &found(&[(DetectorId::Cccd, 3), (DetectorId::Bhyt, 1)]), &p);
    assert_eq!(
        verdict.why,
        [
            "3 distinct cccd (high) to app zalo",
            "1 distinct bhyt (high) to app zalo",
            "zone outside",
            "destination in messaging",
            "account not in giam-dinh"
        ]
    );
    assert_eq!((verdict.zone, verdict.mode), (Zone::Outside, Mode::Enforce));
    assert!(verdict.message.is_some_and(|m| m.vi.contains("không được phép") && !m.en.is_empty()));
    let verdict = judge(&web("b.vn"), &Inspection::default(), &p);
    assert_eq!((verdict.why.as_slice(), verdict.message), (["no rule matches".to_owned()].as_slice(), None));
}

const LADDER: &str = r#"
[[rule]]
id = "redact-cccd"
when.detect.cccd.at-least = 1
then.action = "redact"
[[rule]]
id = "redact-phone"
when.persons.at-least = 1
then.action = "redact"
then.detectors = ["phone", "email"]
then.message.vi = "Đã che số điện thoại."
[[rule]]
id = "hold"
when.persons.at-least = 2
then.action = "quarantine"
then.message.vi = "Giữ lại chờ duyệt."
[[rule]]
id = "stop"
when.persons.at-least = 3
then.action = "block"
[[rule]]
id = "trial"
mode = "shadow"
when.persons.at-least = 1
then.action = "block"
[[rule]]
id = "told"
mode = "warn"
when.persons.at-least = 1
then.action = "quarantine"
"#;

#[test]
fn the_strictest_answer_wins_whatever_the_order() {
    let p = policy(LADDER);
    let with = |persons| Inspection { persons, ..found(&[(DetectorId::Cccd, 1)]) };
    let m = || mail(&["a@b.vn"]);
    let one = judge(&m(), &with(1), &p);
    assert_eq!((one.action, one.rule.as_deref()), (Action::Redact, Some("redact-cccd")));
    assert_eq!(one.redact, [DetectorId::Cccd, DetectorId::Phone, DetectorId::Email]);
    assert!(one.why.contains(&"also rule redact-phone (redact)".to_owned()), "{:?}", one.why);
    let shadowed: Vec<_> = one.shadowed.iter().map(|s| (&*s.rule, s.action, s.mode)).collect();
    assert_eq!(shadowed, [("trial", Action::Block, Mode::Shadow), ("told", Action::Quarantine, Mode::Warn)]);

    let two = judge(&m(), &with(2), &p);
    assert_eq!((two.action, two.rule.as_deref(), two.redact.is_empty()), (Action::Quarantine, Some("hold"), true));
    let three = judge(&m(), &with(3), &p);
    assert_eq!((three.action, three.rule.as_deref()), (Action::Block, Some("stop")));

    // The same rules from last to first.
    let mut rules: Vec<_> = LADDER.split("[[rule]]").skip(1).collect();
    rules.reverse();
    let reversed = policy(&rules.iter().map(|r| format!("[[rule]]{r}")).collect::<String>());
    for persons in 0..4 {
        let (a, b) = (judge(&m(), &with(persons), &p), judge(&m(), &with(persons), &reversed));
        assert_eq!((a.action, a.redact), (b.action, b.redact));
    }
}

#[test]
fn the_web_has_no_quarantine() {
    let verdict = judge(&web("b.vn"), &people(2, false), &policy(LADDER));
    assert_eq!((verdict.action, verdict.rule.as_deref()), (Action::Block, Some("hold")));
    assert!(verdict.why.iter().any(|w| w.contains("blocked instead")), "{:?}", verdict.why);
    // Nobody is told that it is held.
    let told = |m: Message| judge(&m, &people(2, false), &policy(LADDER)).message.expect("a message").vi;
    assert!(told(web("b.vn")).starts_with("Nội dung này không được phép gửi"));
    assert_eq!(told(mail(&["a@b.vn"])), "Giữ lại chờ duyệt.");
    assert_eq!(verdict.shadowed[1].action, Action::Block);
}

#[test]
fn the_mode_of_a_rule_is_its_own_or_the_policys() {
    for (policy_mode, rule_mode, action, shadowed) in [
        ("enforce", "", Action::Block, 0),
        ("shadow", "", Action::Allow, 1),
        ("warn", "", Action::Allow, 1),
        ("shadow", "mode = \"enforce\"", Action::Block, 0),
        ("enforce", "mode = \"warn\"", Action::Allow, 1),
    ] {
        let text = format!(
            "schema = 1\npolicy = {{ id = \"p\", mode = \"{policy_mode}\" }}\n[[rule]]\nid = \"r\"\n{rule_mode}\nwhen.bulk = true\nthen.action = \"block\"\n"
        );
        let (p, _) = Policy::check(&text, "p", Known::default()).expect("a policy");
        let verdict = judge(&web("b.vn"), &people(9, true), &p);
        assert_eq!((verdict.action, verdict.shadowed.len()), (action, shadowed), "{policy_mode} {rule_mode}");
    }
}

#[test]
fn the_farthest_recipient_counts_and_any_recipient_is_enough() {
    let zone = |to: &[&str]| judge(&mail(to), &Inspection::default(), &policy("")).zone;
    assert_eq!(zone(&["a@vss.gov.vn"]), Zone::Internal);
    assert_eq!(zone(&["a@vss.gov.vn", "b@moh.gov.vn"]), Zone::Partner);
    assert_eq!(zone(&["a@vss.gov.vn", "c@gmail.com", "b@moh.gov.vn"]), Zone::Outside);
    assert_eq!(zone(&[]), Zone::Outside);
    // A partner among outsiders is still a partner; an exempt recipient does not exempt the others.
    let p = blocking("when.zone = [\"partner\"]\nunless.destination.in = [\"ministry\"]");
    let action = |to: &[&str]| judge(&mail(to), &Inspection::default(), &p).action;
    assert_eq!(action(&["a@x.gov.vn", "b@gmail.com"]), Action::Block);
    assert_eq!(action(&["a@moh.gov.vn", "b@gmail.com"]), Action::Allow);
    assert_eq!(action(&["a@moh.gov.vn", "a@x.gov.vn"]), Action::Block);
    let spared = judge(&mail(&["a@moh.gov.vn"]), &Inspection::default(), &p);
    assert_eq!(spared.why, ["not rule r: exempt by destination in ministry"]);
}

#[test]
fn a_route_through_a_trusted_domain_frees_nothing() {
    const TRUSTED: &str = "[destinations.trusted]\nrecipients = [\"*@moh.gov.vn\"]\n";
    for condition in ["when.destination.not-in = [\"trusted\"]", "unless.destination.in = [\"trusted\"]"] {
        let policy = policy(&format!(
            "{TRUSTED}[[rule]]\nid = \"r\"\nwhen.channel.in = [\"mail\"]\n{condition}\nthen.action = \"block\"\n"
        ));
        for (recipient, action) in [
            ("an@moh.gov.vn", Action::Allow),
            ("an%evil.example@moh.gov.vn", Action::Block),
            ("evil.example!an@moh.gov.vn", Action::Block),
        ] {
            let verdict = judge(&mail(&[recipient]), &Inspection::default(), &policy);
            assert_eq!(verdict.action, action, "{condition}: {recipient}");
        }
    }
}

#[test]
fn what_nobody_read_does_not_go_outside_unless_a_rule_speaks_of_it() {
    let silent = policy("");
    for reason in OpaqueReason::ALL {
        let outside = judge(&web("b.vn"), &opaque(*reason), &silent);
        let expected = if *reason == OpaqueReason::UnsupportedFormat { Action::Allow } else { Action::Block };
        assert_eq!(outside.action, expected, "{reason}");
        assert_eq!(outside.rule.as_deref(), (expected == Action::Block).then_some(UNREAD));
        assert_eq!(judge(&web("vss.gov.vn"), &opaque(*reason), &silent).action, Action::Allow);
    }
    let speak = |more: &str, action: &str| {
        policy(&format!("[[rule]]\nid = \"r\"\nwhen.opaque = [\"encrypted\"]\n{more}\nthen.action = \"{action}\"\n"))
    };
    let sealed = || opaque(OpaqueReason::Encrypted);
    for (p, reason, action) in [
        (speak("", "allow"), OpaqueReason::Encrypted, Action::Allow),
        (speak("", "allow"), OpaqueReason::Failed, Action::Block),
        (speak("mode = \"shadow\"", "block"), OpaqueReason::Encrypted, Action::Allow),
        (speak("when.channel.in = [\"mail\"]", "allow"), OpaqueReason::Encrypted, Action::Block),
        (speak("when.zone = [\"partner\"]", "allow"), OpaqueReason::Encrypted, Action::Block),
        (speak("when.destination.in = [\"messaging\"]", "allow"), OpaqueReason::Encrypted, Action::Block),
    ] {
        assert_eq!(judge(&web("b.vn"), &opaque(reason), &p).action, action, "{reason}");
    }
    let exempt = speak("unless.account.in = [\"giam-dinh\"]", "block");
    assert_eq!(judge(&by(web("b.vn"), "an.nguyen"), &sealed(), &exempt).action, Action::Allow);
    // A rule that speaks for one recipient does not speak for another.
    let one = speak("when.destination.in = [\"ministry\"]", "allow");
    assert_eq!(judge(&mail(&["a@hopthu.example"]), &sealed(), &one).action, Action::Allow);
    assert_eq!(judge(&mail(&["a@hopthu.example", "b@khac.example"]), &sealed(), &one).action, Action::Block);
    let (trial, _) =
        Policy::check("schema = 1\npolicy = { id = \"p\", mode = \"warn\" }", "p", Known::default()).expect("ok");
    let verdict = judge(&web("b.vn"), &sealed(), &trial);
    assert_eq!((verdict.action, &*verdict.shadowed[0].rule), (Action::Allow, UNREAD));
}

#[test]
fn the_embedded_policy_judges_as_it_promises() {
    use DetectorId::{Bhxh, Cccd, ClaimRecord, Mst, StateSecret};
    let p = Policy::embedded(Known { apps: &["zalo", "messenger", "viber", "telegram"] });
    let one = |d| found(&[(d, 1)]);
    #[rustfmt::skip]
    let cases: Vec<(Message, Inspection, Action, Option<&str>)> = vec![
        (web("chat.zalo.me"), one(Cccd), Action::Block, Some("no-identifiers-to-messaging")),
        (web("chat.zalo.me"), one(Mst), Action::Allow, None),
        (web("web.wechat.com"), one(Bhxh), Action::Block, Some("no-identifiers-to-messaging")),
        (web("chat.zalo.me"), opaque(OpaqueReason::E2ee), Action::Block, Some("unreadable-not-to-messaging")),
        (web("x.gov.vn"), people(20, true), Action::Block, Some("bulk-stays-inside")),
        (web("x.gov.vn"), people(19, true), Action::Allow, None),
        (web("x.gov.vn"), one(Cccd), Action::Allow, None),
        (web("x.vss.gov.vn"), people(5_000, true), Action::Allow, None),
        (mail(&["a@b.vn"]), found(&[(Bhxh, 2)]), Action::Redact, Some("mask-identifiers-in-mail")),
        (mail(&["a@vss.gov.vn"]), found(&[(Bhxh, 2)]), Action::Allow, None),
        (mail(&["a@vss.gov.vn", "a@b.vn"]), found(&[(Bhxh, 2)]), Action::Redact, Some("mask-identifiers-in-mail")),
        (web("b.vn"), one(Bhxh), Action::Block, Some("no-identifiers-to-outside-web")),
        (mail(&["a@moh.gov.vn"]), one(StateSecret), Action::Block, Some("state-secrets-stay-inside")),
        (mail(&["a@b.vn"]), one(ClaimRecord), Action::Block, Some("claims-stay-inside")),
        (web("b.vn"), Inspection::default(), Action::Allow, None),
    ];
    for (message, inspection, action, rule) in cases {
        let verdict = judge(&message, &inspection, &p);
        assert_eq!((verdict.action, verdict.rule.as_deref()), (action, rule), "{:?}", message.destination);
        assert!(action == Action::Allow || verdict.message.is_some());
    }
    for reason in OpaqueReason::ALL {
        assert_eq!(judge(&mail(&["a@b.vn"]), &opaque(*reason), &p).action, Action::Block, "{reason}");
        assert_eq!(judge(&mail(&["a@vss.gov.vn"]), &opaque(*reason), &p).action, Action::Allow, "{reason}");
    }
}

#[test]
fn contact_and_messages_are_the_offices_own() {
    let p = policy(
        "[contact]\nname = \"Phòng CNTT\"\nphone = \"024 000\"\n[messages]\nblock.vi = \"Dừng.\"\n[[rule]]\nid = \"r\"\nwhen.bulk = true\nthen.action = \"block\"\n",
    );
    assert_eq!(p.contact().map(ToString::to_string).as_deref(), Some("Phòng CNTT, 024 000"));
    let verdict = judge(&web("b.vn"), &people(9, true), &p);
    assert_eq!(verdict.message.map(|m| (m.vi, m.en)), Some(("Dừng.".to_owned(), String::new())));
}

/// One random rule without `when.opaque`: those speak for what could not be read, and are meant to be able to allow it.
fn any_rule() -> impl Strategy<Value = String> {
    let condition = prop_oneof![
        Just("when.zone = [\"outside\"]"),
        Just("when.zone = [\"partner\", \"internal\"]"),
        Just("when.detect.cccd.at-least = 2"),
        Just("when.detect.identifier.at-least = 1"),
        Just("when.persons.at-least = 3"),
        Just("when.bulk = true"),
        Just("when.channel.in = [\"web\"]"),
        Just("when.destination.in = [\"ministry\"]"),
        Just("when.account.not-in = [\"giam-dinh\"]"),
        Just("when.bulk = false\nunless.zone = [\"internal\"]"),
    ];
    let action = prop_oneof![
        Just("\"allow\""),
        Just("\"redact\"\nthen.detectors = [\"cccd\"]"),
        Just("\"quarantine\""),
        Just("\"block\"")
    ];
    let mode = prop_oneof![Just("shadow"), Just("warn"), Just("enforce")];
    (condition, action, mode).prop_map(|(c, a, m)| format!("mode = \"{m}\"\n{c}\nthen.action = {a}\n"))
}

fn any_message() -> impl Strategy<Value = Message> {
    let host = prop_oneof![Just("b.vn"), Just("x.vss.gov.vn"), Just("moh.gov.vn"), Just("203.0.113.1")];
    let to = proptest::collection::vec(prop_oneof![Just("a@b.vn"), Just("a@vss.gov.vn"), Just("a@moh.gov.vn")], 1..4);
    let account = prop_oneof![Just(""), Just("an.nguyen"), Just("khac")];
    (any::<bool>(), host, to, account).prop_map(|(is_web, host, to, account)| {
        let m = if is_web { web(host) } else { mail(&to) };
        if account.is_empty() { m } else { by(m, account) }
    })
}

fn any_inspection() -> impl Strategy<Value = Inspection> {
    (0u64..4, 0u64..4, 0u64..5, any::<bool>(), proptest::option::of(0usize..OpaqueReason::ALL.len())).prop_map(
        |(cccd, bhxh, persons, bulk, reason)| {
            let mut i = found(&[(DetectorId::Cccd, cccd), (DetectorId::Bhxh, bhxh)]);
            (i.persons, i.bulk) = (persons, bulk);
            if let Some(n) = reason {
                i.add_opaque(Masked::default(), OpaqueReason::ALL[n]);
            }
            i
        },
    )
}

fn numbered(rules: &[String]) -> Policy {
    policy(&rules.iter().enumerate().map(|(n, r)| format!("[[rule]]\nid = \"r{n}\"\n{r}")).collect::<String>())
}

/// Stricter or equal: a stricter action, or the same with at least the same detectors masked.
fn as_strict(stricter: &Verdict, milder: &Verdict) -> bool {
    stricter.action > milder.action
        || stricter.action == milder.action && milder.redact.iter().all(|d| stricter.redact.contains(d))
}

proptest! {
    #[test]
    fn a_further_rule_never_makes_the_verdict_milder(
        rules in proptest::collection::vec(any_rule(), 0..5), further in any_rule(),
        message in any_message(), inspection in any_inspection(),
    ) {
        let before = judge(&message, &inspection, &numbered(&rules));
        let more: Vec<_> = rules.into_iter().chain([further]).collect();
        let after = judge(&message, &inspection, &numbered(&more));
        prop_assert!(as_strict(&after, &before), "{:?} then {:?}", before, after);
    }

    #[test]
    fn the_order_of_rules_means_nothing(
        rules in proptest::collection::vec(any_rule(), 0..6), message in any_message(), inspection in any_inspection(),
    ) {
        let forward = judge(&message, &inspection, &numbered(&rules));
        let backward: Vec<_> = rules.into_iter().rev().collect();
        let backward = judge(&message, &inspection, &numbered(&backward));
        prop_assert_eq!((forward.action, forward.redact), (backward.action, backward.redact));
        prop_assert_eq!(forward.shadowed.len(), backward.shadowed.len());
    }

    #[test]
    fn a_further_recipient_never_makes_the_verdict_milder(
        rules in proptest::collection::vec(any_rule(), 0..5), inspection in any_inspection(),
        to in proptest::collection::vec(prop_oneof![Just("a@b.vn"), Just("a@vss.gov.vn"), Just("a@moh.gov.vn")], 1..4),
    ) {
        let p = numbered(&rules);
        let (first, _) = to.split_at(1);
        prop_assert!(as_strict(&judge(&mail(&to), &inspection, &p), &judge(&mail(first), &inspection, &p)));
    }

    #[test]
    fn no_destination_panics(host in ".{0,80}", recipient in ".{0,80}") {
        let p = Policy::embedded(Known::default());
        let _ = (p.zone_of_host(&host, None), p.zone_of_recipient(&recipient));
        let _ = judge(&mail(&[&recipient]), &Inspection::default(), &p);
    }

    #[test]
    fn no_file_panics(text in ".{0,200}", cut in 0usize..2_000, junk in "[\\[\\]\"'=.{}#,\n a-z0-9]{0,20}") {
        let _ = Policy::check(&text, "p.toml", Known::default());
        let embedded = Policy::embedded_text();
        let cut = (0..=cut).rev().find(|c| embedded.is_char_boundary(*c)).unwrap_or(0);
        let (head, tail) = embedded.split_at(cut);
        let _ = Policy::check(&format!("{head}{junk}{tail}"), "p.toml", Known::default());
    }
}
