//! What can be proved later, and what must not be kept.

use crate::harness::fixtures::{register_of, someone};
use crate::harness::mail::{COLLEAGUE, OUTSIDER, letter};
use crate::harness::people::Person;
use crate::harness::world::{PARTY, ZALO, ZALO_FILES};
use crate::harness::{Form, Gate, chot, run, succeed, text};

#[test]
fn lists_are_filtered_and_newest_first() {
    let gate = Gate::open();
    gate.chat(&format!("CCCD {}", someone(1).cccd)).is_refused();
    gate.chat("chào chị").is_delivered();
    gate.request(PARTY, "/gui").with(Form::text(format!("CCCD {}", someone(2).cccd))).send().is_delivered();
    gate.mail_to(COLLEAGUE, &letter(COLLEAGUE, "xin chào")).is_delivered();
    let list = |args: &[&str]| -> Vec<serde_json::Value> {
        let lines = succeed(gate.chot(&["audit", "list", "--json", "--kind", "decision"]).args(args));
        lines.lines().map(|line| serde_json::from_str(line).expect("json")).collect()
    };
    let all = list(&[]);
    let seqs: Vec<_> = all.iter().map(|r| r["seq"].as_u64().expect("a number")).collect();
    assert_eq!(all.len(), 4);
    assert!(seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
    for (args, n) in [
        (&["--action", "block"][..], 1),
        (&["--action", "redact"], 1),
        (&["--action", "allow"], 2),
        (&["--app", "zalo"], 2),
        (&["--limit", "3"], 3),
        (&["--since", "2000-01-01"], 4),
        (&["--until", "2000-01-01"], 0),
        (&["--text", COLLEAGUE], 1),
        (&["--account", "unknown"], 4),
        (&["--account", "nobody"], 0),
    ] {
        assert_eq!(list(args).len(), n, "{args:?}");
    }
    let people = succeed(&mut gate.chot(&["audit", "list"]));
    assert!(people.contains("CHẶN") && people.contains("zalo (chat.zalo.me)"), "{people}");
}

#[test]
fn a_record_has_the_fields_of_the_contract() {
    let gate = Gate::open();
    gate.upload_to_zalo("ds.xlsx", register_of(25).xlsx).send().is_refused();
    let record = gate.last_decision().0;
    for (path, expected) in [
        ("/v", "1"),
        ("/kind", "\"decision\""),
        ("/channel", "\"web\""),
        ("/client", "\"127.0.0.1\""),
        ("/account", "\"unknown\""),
        ("/account_source", "\"unknown\""),
        ("/destination/app", "\"zalo\""),
        ("/destination/activity", "\"upload_file\""),
        ("/destination/zone", "\"outside\""),
        ("/destination/recipients", "[]"),
        ("/object/opaque", "[]"),
        ("/persons", "25"),
        ("/bulk", "true"),
        ("/verdict/action", "\"block\""),
        ("/verdict/mode", "\"enforce\""),
        ("/verdict/exception", "null"),
    ] {
        let value = record.pointer(path).map(ToString::to_string);
        assert_eq!(value.as_deref(), Some(expected), "{path} of {record}");
    }
    for path in [
        "/seq",
        "/id",
        "/time",
        "/node",
        "/object/name",
        "/object/media_type",
        "/object/bytes",
        "/object/bytes_inspected",
        "/findings/0/samples/0",
        "/verdict/why/0",
        "/verdict/policy",
        "/inspect_us",
    ] {
        assert!(record.pointer(path).is_some(), "{path} of {record}");
    }
}

#[test]
fn a_life_is_recorded_from_start_to_stop_and_verifies() {
    let mut gate = Gate::open();
    gate.chat("chào").is_delivered();
    gate.stop();
    gate.start();
    gate.stop();
    assert_eq!((gate.records("gateway.started").len(), gate.records("gateway.stopped").len()), (2, 2));
    assert_eq!(gate.records("policy.activated").len(), 2);
    assert!(gate.verify().contains("verified"));
}

#[test]
fn a_changed_byte_is_found() {
    let mut gate = Gate::open();
    gate.chat("chào").is_delivered();
    gate.stop();
    gate.verify();
    let segments = crate::harness::files_below(&gate.data().join("audit"));
    let host = b"chat.zalo.me";
    let mut changed = 0;
    for file in segments {
        let mut bytes = std::fs::read(&file).expect("read");
        if let Some(at) = memchr::memmem::find(&bytes, host) {
            bytes[at] = b'C';
            std::fs::write(&file, bytes).expect("written");
            changed += 1;
        }
    }
    assert!(changed > 0, "the record is somewhere");
    let output = run(&mut gate.chot(&["audit", "verify"]));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
}

#[test]
fn a_trail_that_is_not_there_is_no_empty_trail() {
    let folder = tempfile::tempdir().expect("a folder");
    for verb in [&["audit", "list"][..], &["audit", "verify"], &["audit", "show", "1"]] {
        let output = run(chot().args(verb).arg("--data").arg(folder.path()));
        assert_eq!(output.status.code(), Some(2), "{verb:?}: {output:?}");
    }
}

#[test]
fn a_trail_without_a_record_is_not_intact() {
    let mut gate = Gate::open();
    gate.stop();
    for file in crate::harness::files_below(&gate.data().join("audit")) {
        std::fs::remove_file(file).expect("removed");
    }
    for args in [&["audit", "verify"][..], &["audit", "verify", "--json"]] {
        let output = run(&mut gate.chot(args));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stdout);
        assert!(said.contains("no record") || said.contains("\"ok\":false"), "{said}");
    }
    let said = text(&run(&mut gate.chot(&["doctor"])).stdout);
    assert!(said.lines().any(|line| line.starts_with('!') && line.contains("no record")), "{said}");
}

/// Numbers planted in every field a stranger can fill must not lie below the data folder in the clear.
#[test]
fn planted_numbers_are_kept_nowhere() {
    let gate = Gate::open();
    let people = Person::invent_many(40, 99);
    let numbers: Vec<&str> = people.iter().map(|p| p.cccd.as_str()).collect();
    let mut planted = numbers.iter().copied();
    let mut next = || planted.next().expect("enough people");

    let path = format!("/ho-so/{}?cccd={}", next(), next());
    let headers = [
        format!("Cookie: cccd={}", next()),
        format!("Referer: https://x.example/?so_cccd={}", next()),
        format!("User-Agent: CCCD {}", next()),
        format!("X-Ho-So: cccd {}", next()),
    ];
    let mut args: Vec<&str> = Vec::new();
    for header in &headers {
        args.extend(["-H", header]);
    }
    gate.request(ZALO, &path).with(Form::text(format!("CCCD {}", next()))).args(&args).send();
    gate.request(PARTY, &path)
        .with(Form::json(format!(r#"{{"CCCD {}":"CCCD {}"}}"#, next(), next())))
        .args(&args)
        .send();
    gate.request(PARTY, "/x").args(&["-X", "GET", "--data", &format!("cccd={}", next())]).send();
    gate.request(ZALO_FILES, "/up")
        .args(&["-F", &format!("cccd {}=CCCD {};filename=CCCD {}.txt", next(), next(), next())])
        .send();
    gate.plain_request(&format!("/{}", next())).args(&["-H", &format!("X-A: CCCD {}", next())]).send();

    let mail = format!(
        "From: \"CCCD {}\" <nguyen.an@vss.gov.vn>\r\nTo: <{OUTSIDER}>\r\nSubject: CCCD {}\r\nX-Ghi-Chu: CCCD {}\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; \
         name=\"CCCD {}.txt\"\r\nContent-Disposition: attachment; filename=\"CCCD {}.txt\"\r\n\r\nCCCD {}\r\n--b--\r\n",
        next(),
        next(),
        next(),
        next(),
        next(),
        next()
    );
    gate.mail_to(OUTSIDER, &mail);
    // Recipients stand in the record of their mail, and nothing about a number in them may be spelled out.
    let spelled = next().as_bytes().chunks(4).map(text).collect::<Vec<_>>().join(".");
    for to in
        [format!("{}@party.example", next()), format!("an.{}@party.example", next()), format!("{spelled}@x.example")]
    {
        gate.mail_to(&to, &letter(&to, "xin chào")).is_refused();
    }
    let mut line = gate.smtp_line();
    line.ask(&format!("EHLO cccd-{}.example", next()));
    line.ask(&format!("MAIL FROM:<{}@vss.gov.vn>", next()));
    line.ask(&format!("RCPT TO:<{}@party.example>", next()));
    line.ask(&format!("XCCCD {}", next()));
    drop(line);

    assert!(gate.records("decision").len() >= 5, "they were judged");
    gate.keeps_none_of(&numbers);
    gate.keeps_none_of(&[&spelled]);
    let log = gate.log();
    assert!(numbers.iter().all(|number| !log.contains(number)), "the log tells a number");
}
