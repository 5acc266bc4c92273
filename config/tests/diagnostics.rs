//! Everything wrong with a file is told at once, at the right place.

use std::path::Path;

use chot_config::{CODES, Diagnostics, Known, Policy, Settings, text_of};

const APPS: Known<'_> = Known { apps: &["zalo", "messenger", "viber", "telegram"] };

/// `code line:column` of each problem, in order; a warning ends in `w`.
fn places(d: &Diagnostics) -> Vec<String> {
    d.list.iter().map(|d| format!("{} {}:{}{}", d.code, d.line, d.column, if d.is_error { "" } else { "w" })).collect()
}

fn policy(text: &str) -> Diagnostics {
    match Policy::check(text, "policy.toml", APPS) {
        Ok((_, warnings)) => {
            assert_eq!(warnings.errors(), 0, "{warnings}");
            warnings
        }
        Err(wrong) => {
            assert!(wrong.errors() > 0, "{wrong}");
            wrong
        }
    }
}

/// The head of a policy: three lines.
const HEAD: &str = "schema = 1\n[policy]\nid = \"p\"\n";

#[track_caller]
fn check_policy(body: &str, expected: &[&str], says: &str) {
    let d = policy(&format!("{HEAD}{body}"));
    assert_eq!(places(&d), expected, "\n{d}");
    assert!(d.to_string().contains(says), "{says:?} is not in\n{d}");
}

/// The example that administrators and other tools were promised.
#[test]
fn the_contracts_example_is_sound() {
    let d = policy(
        r#"
schema = 1
[policy]
id = "bhxh"
mode = "enforce"
[networks]
internal = ["10.0.0.0/8"]                        # zone of addresses
[domains]
internal = ["*.vss.gov.vn"]                      # zone of hosts and mail recipients
partner = ["*.moh.gov.vn"]                       # everything else is outside
[accounts]
giam-dinh = ["an.nguyen", "binh.tran@vss.gov.vn"]
[destinations.messaging]
apps = ["zalo", "messenger", "viber", "telegram"]
[destinations.ministry]
domains = ["*.gov.vn"]
[[rule]]
id = "no-identifiers-to-messaging"
when.destination.in = ["messaging"]
when.detect.identifier.at-least = 1
unless.account.in = ["giam-dinh"]
then.action = "block"
then.message.vi = "Không gửi số định danh, số BHXH, thẻ BHYT qua ứng dụng nhắn tin."
[[rule.test]]
name = "one CCCD to Zalo"
to = "https://chat.zalo.me/"
text = "CCCD 001090123456"
expect = "block"
[[rule]]
id = "bulk-stays-inside"
when.zone = ["partner", "outside"]
when.persons.at-least = 20
when.bulk = true
then.action = "block"
[[rule]]
id = "unreadable-stays-inside"
when.zone = ["outside"]
when.opaque = ["encrypted", "too-deep", "too-large", "parse-error", "time-limit"]
then.action = "block"
"#,
    );
    assert_eq!(places(&d), ["P021 15:15w"], "{d}");
}

/// A rule from line 4 on, its further lines from line 6 on.
fn rule(lines: &str) -> String {
    format!("[[rule]]\nid = \"r\"\n{lines}\n")
}

#[test]
fn keys_and_types() {
    for (body, expected, says) in [
        ("", &["P004 1:1w"][..], "the policy has no rule"),
        ("mod = \"warn\"\n", &["P002 4:1", "P004 1:1w"], "did you mean `mode`?"),
        ("[network]\ninternal = []\n", &["P002 4:2", "P004 1:1w"], "did you mean `networks`?"),
        ("mode = 3\n", &["P003 4:8"], "must be a text in quotes, not a whole number"),
        ("mode = \"enforced\"\n", &["P007 4:8"], "did you mean `enforce`?"),
        ("[networks]\ninternal = \"10.0.0.0/8\"\n", &["P003 5:12"], "write [\"10.0.0.0/8\"]"),
        ("[networks]\ninternal = []\n", &["P005 5:12"], "empty list"),
        ("[networks]\ninternal = [\"10.0.0.0/8\", \"10/8\"]\n", &["P008 5:27"], "not an IP address"),
        ("[domains]\ninternal = [\"10.0.0.1\"]\n", &["P008 5:13"], "belongs under `networks`"),
        ("[domains]\ninternal = [\"a@vss.gov.vn\"]\n", &["P008 5:13"], "write the domain alone"),
        ("[domains]\ninternal = [\"https://vss.gov.vn/\"]\n", &["P008 5:13"], "`https://vss.gov.vn/` is not a host"),
        ("[domains]\ninternal = [\"v*.gov.vn\"]\n", &["P008 5:13"], "`*` may stand only at the front"),
        ("[accounts]\n\"a b\" = [\"an\"]\n", &["P010 5:1"], "cannot be a name"),
        ("[destinations.g]\n", &["P005 4:1"], "possible keys: `apps`, `domains`"),
        ("[destinations.g]\nrecipients = [\"b.vn\"]\n", &["P008 5:15"], "belongs under `domains`"),
        ("[messages]\nblock.vi = \" \"\n", &["P005 5:12"], "is empty"),
    ] {
        let expected: Vec<_> = expected.iter().copied().filter(|e| !e.ends_with('w')).collect();
        let d = policy(&format!("{HEAD}{body}"));
        let errors: Vec<_> = places(&d).into_iter().filter(|p| !p.ends_with('w')).collect();
        assert_eq!(errors, expected, "{body}\n{d}");
        assert!(d.to_string().contains(says), "{says:?} is not in\n{d}");
    }
}

#[test]
fn what_must_be_there() {
    let d = policy("");
    assert_eq!(places(&d), ["P004 1:1", "P004 1:1", "P004 1:1w"], "{d}");
    let d = policy("schema = 2\n[policy]\n");
    assert_eq!(places(&d), ["P004 1:1w", "P019 1:10", "P004 2:1"], "{d}");
    check_policy("[[rule]]\nmode = \"warn\"\n", &["P004 4:1", "P004 4:1", "P016 4:1w"], "`then` is missing in rule 1");
    check_policy(&rule("when.bulk = true\nthen.message.vi = \"x\""), &["P004 7:1"], "`action` is missing");
}

#[test]
fn names_in_rules() {
    let with = |line: &str| rule(&format!("{line}\nthen.action = \"block\""));
    for (line, expected, says) in [
        ("when.detect.bhtx.at-least = 1", "P014 6:13", "did you mean `bhyt`?"),
        ("when.detect.cccd.at-least = 0", "P006 6:29", "must be at least 1"),
        ("when.detect.cccd.at-least = -3", "P006 6:29", "must be at least 1"),
        ("when.detect.cccd.at-least = \"1\"", "P003 6:29", "leave out the quotes"),
        ("when.detect.cccd = 1", "P003 6:20", "possible keys: `at-least`"),
        ("when.detect.cccd.atleast = 1", "P002 6:18", "did you mean `at-least`?"),
        ("when.destination.in = [\"mesaging\"]", "P011 6:24", "define it: [destinations.mesaging]"),
        ("when.zone = [\"outsid\"]", "P007 6:14", "did you mean `outside`?"),
        ("when.zone = \"outside\"", "P003 6:13", "write [\"outside\"]"),
        ("when.zone = []", "P005 6:13", "empty list"),
        ("when.opaque = [\"encripted\"]", "P007 6:16", "did you mean `encrypted`?"),
        ("when.channel.in = [\"wed\"]", "P007 6:20", "did you mean `web`?"),
        ("when.persons.at-leats = 2", "P002 6:14", "did you mean `at-least`?"),
        ("unless = {}", "P005 6:10", "is empty"),
        ("when.detect = {}", "P005 6:15", "is empty"),
        ("when.media-type.in = [\"png\"]", "P008 6:23", "write type/subtype"),
        ("wen.bulk = true", "P002 6:1", "did you mean `when`?"),
    ] {
        let d = policy(&format!("{HEAD}{}", with(line)));
        assert!(places(&d).contains(&expected.to_owned()), "{line}: {expected}\n{d}");
        assert!(d.to_string().contains(says), "{says:?} is not in\n{d}");
    }
    let group = "[destinations.messaging]\napps = [\"zola\"]\n";
    check_policy(
        &format!("{group}{}", with("when.destination.in = [\"mesaging\"]")),
        &["P021 4:15w", "P013 5:9", "P011 8:24"],
        "did you mean `messaging`?",
    );
}

#[test]
fn actions() {
    for (lines, expected, says) in [
        ("when.bulk = true\nthen.action = \"redact\"", "P020 7:15", "does not say what"),
        ("when.bulk = true\nthen.action = \"blok\"", "P007 7:15", "did you mean `block`?"),
        ("when.bulk = true\nthen.action = \"block\"\nthen.detectors = [\"cccd\"]", "P012 8:18", "remove it"),
        ("then.action = \"block\"", "P016 4:1w", "it is about every message"),
    ] {
        check_policy(&rule(lines), &[expected], says);
    }
}

#[test]
fn rules_that_mean_nothing() {
    let groups = "[accounts]\na = [\"an\"]\n[destinations.g]\napps = [\"zalo\"]\n";
    let with = |line: &str| format!("{groups}{}", rule(&format!("{line}\nthen.action = \"block\"")));
    let used = "when.account.in = [\"a\"]\nwhen.destination.in = [\"g\"]\n";
    for (line, expected, says) in [
        ("when.destination.not-in = [\"g\"]", "P015 8:1", "exclude each other"),
        ("when.account.not-in = [\"a\"]", "P015 8:1", "exclude each other"),
        ("when.channel.in = [\"mail\"]", "P015 8:1", "mail does not go to applications"),
        ("when.zone = [\"partner\"]", "P015 8:1w", "no place is partner"),
        ("when.bulk = true\nunless.bulk = true", "P015 8:1", "can never act"),
        ("unless.zone = [\"outside\"]\nwhen.zone = [\"outside\"]", "P015 8:1", "can never act"),
    ] {
        check_policy(&with(&format!("{used}{line}")), &[expected], says);
    }
    let near = "[accounts]\ngiam-dinh = [\"an\"]\n[[rule]]\nid = \"r\"\nwhen.account.in = [\"giam-din\", \"giam-dinh\"]\nthen.action = \"block\"\n";
    check_policy(near, &["P011 8:20w"], "did you mean `giam-dinh`?");
}

#[test]
fn rules_in_the_shade_of_others() {
    let two = |a: &str, b: &str| format!("[[rule]]\nid = \"a\"\n{a}\n[[rule]]\nid = \"b\"\n{b}\n");
    let wide = "when.detect.identifier.at-least = 1\nthen.action = \"block\"";
    let narrow = "when.detect.cccd.at-least = 2\nthen.action = \"block\"";
    check_policy(&two(wide, narrow), &["P017 8:1w"], "rule `a` matches whenever this one does");
    // Equally strict and first in the file: the narrow rule is the one that is named.
    check_policy(&two(narrow, wide), &[], "");
    check_policy(
        &two("when.detect.cccd.at-least = 2\nthen.action = \"redact\"", wide),
        &["P017 4:1w"],
        "never decides anything",
    );
    for other in [
        "when.detect.bhxh.at-least = 2\nmode = \"shadow\"\nthen.action = \"block\"",
        "when.detect.mst.at-least = 2\nthen.action = \"block\"",
        "when.persons.at-least = 2\nthen.action = \"block\"",
        "when.detect.cccd.at-least = 2\nthen.action = \"allow\"",
    ] {
        check_policy(&two(wide, other), &[], "");
    }
}

#[test]
fn names_twice_and_places_in_two_zones() {
    let r = rule("when.bulk = true\nthen.action = \"block\"");
    let again = rule("when.bulk = false\nthen.action = \"block\"");
    check_policy(&format!("{r}{again}"), &["P009 9:6"], "there is already a rule `r`");
    let zones = "[domains]\ninternal = [\"*.a.vn\"]\npartner = [\"*.A.vn.\"]\n[networks]\ninternal = [\"10.1.0.0/8\", \"10.0.0.0/8\"]\n";
    check_policy(&format!("{zones}{r}"), &["P018 6:12", "P008 8:13w", "P018 8:27w"], "internal and partner at once");
}

#[test]
fn tests_of_rules() {
    let with =
        |test: &str| rule(&format!("when.bulk = true\nthen.action = \"block\"\n[[rule.test]]\nname = \"t\"\n{test}"));
    for (test, expected, says) in [
        ("to = \"https://a.vn/\"\nexpect = \"block\"", "P012 8:1", "either `text` or `text-file`"),
        ("to = \"https://a.vn/\"\ntext = \"x\"\ntext-file = \"y\"\nexpect = \"block\"", "P012 8:1", "either"),
        ("to = \"a.vn\"\ntext = \"x\"\nexpect = \"block\"", "P008 10:6", "write a URL with https://"),
        ("to = \"a@b.vn\"\nchannel = \"web\"\ntext = \"x\"\nexpect = \"block\"", "P012 10:6", "needs a URL"),
        ("to = \"a@b.vn\"\nfrom = \"c\"\naccount = \"d\"\ntext = \"x\"\nexpect = \"block\"", "P012 11:8", "keep one"),
        ("to = \"a@b.vn\"\ntext = \"x\"\nexpect = \"deny\"", "P007 12:10", "unknown action `deny`"),
    ] {
        check_policy(&with(test), &[expected], says);
    }
}

#[test]
fn syntax_errors_are_told_with_everything_else() {
    let text = format!(
        "{HEAD}mode = enforce\n[networks\ninternal = [\"10.0.0.0/8\"]\n[[rule]]\nid = \"r\"\nthen.action = \"blok\"\n"
    );
    let d = policy(&text);
    let places = places(&d);
    assert!(places.iter().any(|p| p.starts_with("P001 4:")), "{d}");
    assert!(places.iter().any(|p| p.starts_with("P001 5:")), "{d}");
    assert!(places.contains(&"P007 9:15".to_owned()), "{d}");
}

#[test]
fn editors_may_write_a_byte_order_mark_and_carriage_returns() {
    let text = format!("\u{feff}{}", Policy::embedded_text().replace('\n', "\r\n"));
    let (sound, warnings) = Policy::check(&text, "p.toml", Known::default()).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(warnings.is_empty() && sound.rules().len() == Policy::embedded(APPS).rules().len());
    let first = policy("\u{feff}shema = 1\n");
    assert!(places(&first).contains(&"P002 1:1".to_owned()), "{first}");
    let d = policy("\u{feff}schema = 1\r\npolicy.id = \"p\"\r\nmod = 1\r\n");
    assert_eq!(
        (places(&d), d.list[1].source.as_str()),
        (vec!["P004 1:1w".to_owned(), "P002 3:1".to_owned()], "mod = 1")
    );
}

#[test]
fn a_key_given_twice_is_a_syntax_error() {
    check_policy(
        &format!("id = \"q\"\n{}", rule("when.bulk = true\nthen.action = \"block\"")),
        &["P001 4:1"],
        "duplicate key",
    );
}

#[test]
fn columns_count_characters_and_carets_stand_under_them() {
    let d = policy(&format!(
        "{HEAD}[[rule]]\nid = \"r\"\nthen.message = {{ vi = \"Không gửi số\", en = 5 }}\nwhen.bulk = true\nthen.action = \"block\"\n"
    ));
    let d = &d.list[0];
    assert_eq!((d.line, d.column), (6, 44), "{d:?}");
    let text =
        format!("{HEAD}[[rule]]\nid = \"r\"\nwhen.detect = {{ bhtx = {{ at-least = 1 }} }}\nthen.action = \"block\"\n");
    let shown = policy(&text).to_string();
    assert_eq!(
        shown.lines().take(4).collect::<Vec<_>>(),
        [
            "error[P014]: `detect` of `when` in rule `r` names an unknown detector `bhtx`",
            " --> policy.toml:6:17",
            "6 | when.detect = { bhtx = { at-least = 1 } }",
            "  |                 ^^^^ did you mean `bhyt`?",
        ]
    );
    assert!(shown.ends_with("policy.toml: 1 error, 0 warnings\n"), "{shown}");
}

#[test]
fn a_hostile_file_is_told_briefly() {
    let many: String = (0..5_000).map(|n| format!("k{n} = 1\n")).collect();
    let d = policy(&many);
    assert_eq!((d.list.len(), d.list[100].code), (101, "P025"));
    assert!(d.to_string().contains("4903 more problems"), "{}", d.list[100].message);
    let long = format!("x = \"{}\u{1b}[31m\"", "ộ".repeat(100_000));
    let d = policy(&long).to_string();
    assert!(!d.contains('\u{1b}') && d.len() < 4_000);
}

#[test]
fn bytes_that_are_no_text() {
    let wrong = text_of(b"schema = 1\nid = \"\xe1\xbb\"", "p.toml", true).expect_err("not UTF-8");
    assert_eq!(places(&wrong), ["P022 2:7"]);
    assert_eq!(text_of("số".as_bytes(), "p.toml", true).expect("UTF-8"), "số");
    assert_eq!(text_of(b"\xff", "s.toml", false).expect_err("not UTF-8").list[0].code, "S022");
}

#[test]
fn settings() {
    for (text, expected, says) in [
        ("[web]\nlisten = [\"3128\"]\n", &["S008 2:11"][..], "write an IP address, a colon and a port"),
        ("[web]\nlisten = \"0.0.0.0:3128\"\n", &["S003 2:10"], "write [\"0.0.0.0:3128\"]"),
        ("[web]\nlistn = []\n", &["S002 2:1"], "did you mean `listen`?"),
        ("[wep]\n", &["S002 1:2"], "did you mean `web`?"),
        ("[web]\nclients = []\n", &["S005 2:11"], "empty list"),
        ("[web]\nclients = [\"0.0.0.0/0\"]\n", &["S024 2:12w"], "every host may use the proxy"),
        ("[mail]\nclients = [\"::/0\"]\n", &["S024 2:12"], "open relay"),
        ("[web]\nallow_targets = [\"localhost:x\", \"10.0.0.1/8\"]\n", &["S008 2:18", "S008 2:33w"], "from 1 to 65535"),
        ("[mail]\nlisten = [\"127.0.0.1:2525\"]\n", &["S023 2:10w"], "mail is off"),
        ("[mail]\nnext_hop = \"relay\"\n", &["S008 2:12"], "host:port"),
        ("[mail]\nmilter_socket = \"m\"\nmilter_socket_mode = \"0666\"\n", &["S008 3:22"], "owner and a group"),
        ("[mail]\nmilter_socket = \"m\"\nmilter_socket_mode = \"rw\"\n", &["S008 3:22"], "octal"),
        ("[mail]\nmilter_socket_mode = \"0600\"\n", &["S023 2:22w"], "no `mail.milter_socket`"),
        ("[mail]\nnext_hop = \"relay:0\"\n", &["S008 2:12"], "from 1 to 65535"),
        (
            "[mail]\nnext_hop_tls = \"starttls\"\n",
            &["S007 2:16"],
            "possible: `off`, `opportunistic`, `require`, `verify`",
        ),
        ("[mail]\ncert = \"a.pem\"\n", &["S012 2:8"], "`mail.cert` needs `mail.key`"),
        ("[mail]\nclient_tls = \"require\"\n", &["S012 2:14"], "STARTTLS needs `mail.cert`"),
        ("[mail]\nlisten_tls = [\"[::]:465\"]\nnext_hop = \"a.vn:25\"\n", &["S012 2:14"], "TLS needs `mail.cert`"),
        ("[mail]\ntrusted = [\"0.0.0.0/0\"]\n", &["S024 2:12"], "who its client is"),
        ("[mail]\nclient_tls = \"never\"\n", &["S007 2:14"], "possible: `offer`, `require`"),
        ("[tls]\nca_key = \"a.pem\"\n", &["S012 2:10"], "`tls.ca_key` needs `tls.ca_cert`"),
        ("[identity]\nrequired = true\n", &["S023 2:12w"], "nobody can be asked"),
        ("[identity.ldap]\nservers = [\"ldaps://a\"]\nbase = \"dc=vn\"\n", &["S012 1:1"], "no way to an entry"),
        (
            "[identity.ldap]\nservers = [\"ldapi://a\"]\nbase = \"dc=vn\"\nbind_as = \"uid=an\"\n",
            &["S008 2:12", "S008 4:11"],
            "`{name}` stands in it once",
        ),
        (
            "[identity.ldap]\nservers = [\"ldaps://a\"]\nbase = \"dc=vn\"\nreader = \"cn=x\"\ngroup_member = \"m\"\n",
            &["S012 4:10", "S023 5:16w"],
            "`identity.ldap.reader` needs `identity.ldap.reader_password`",
        ),
        (
            "[identity.kerberos]\nkeytab = \"k\"\nservice = \"HTTP/p@A\"\nrealms = [\"A\", \"B\"]\n",
            &["S012 4:10"],
            "would be one account",
        ),
        (
            "[identity.kerberos]\nkeytab = \"k\"\nservice = \"proxy.example.vn\"\naccounts = \"upn\"\n",
            &["S008 3:11", "S007 4:12"],
            "browsers ask for `HTTP/`",
        ),
        ("[icap]\nlisten = [\"127.0.0.1:1344\"]\n", &["S023 2:10w"], "no ICAP listener"),
        ("[audit]\nfree_bytes_warn = 1\n", &["S012 2:19"], "stop before it warns"),
        ("[inspect]\ndepth_max = 0\ntime_max_ms = -1\n", &["S006 2:13", "S006 3:15"], "at least 1"),
        ("[web]\nlisten = [\"127.0.0.1:1\"]\n[admin]\nlisten = \"127.0.0.1:1\"\n", &["S009 4:10"], "own port"),
    ] {
        let d = match Settings::check(text, Path::new("chot.toml")) {
            Ok((_, d)) | Err(d) => d,
        };
        assert_eq!(places(&d), expected, "{text}\n{d}");
        assert!(d.to_string().contains(says), "{says:?} is not in\n{d}");
    }
}

#[test]
fn the_manual_lists_every_code_and_its_examples_are_sound() {
    let manual = include_str!("../POLICY.md");
    let examples: Vec<_> = manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let warnings = policy(example);
        assert!(warnings.is_empty(), "{warnings}");
    }
    for (number, _) in CODES {
        assert!(manual.contains(&format!("`{number}`")), "{number} is not in POLICY.md");
    }
    assert!(CODES.windows(2).all(|w| w[0].0 < w[1].0));
}
