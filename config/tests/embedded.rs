//! The embedded policy is sound, has no warnings, and says what it promises.

use std::collections::BTreeSet;

use chot_config::{Known, Policy};
use chot_model::{Action, Mode, Zone};

#[test]
fn the_embedded_policy_has_no_warnings() {
    let (policy, warnings) = match Policy::check(Policy::embedded_text(), "default_policy.toml", Known::default()) {
        Ok(both) => both,
        Err(wrong) => panic!("{wrong}"),
    };
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!((policy.id(), policy.mode()), ("vn-public-body", Mode::Enforce));
    let embedded = Policy::embedded(Known { apps: &["zalo"] });
    assert_eq!(policy.version(), embedded.version());
    assert!(policy.version().0.starts_with("sha256:") && policy.version().0.len() == 71);
}

#[test]
fn every_rule_has_a_hit_and_an_innocent() {
    let policy = Policy::embedded(Known::default());
    for rule in policy.rules() {
        let of = || policy.tests().iter().filter(|t| t.rule == rule);
        assert!(of().any(|t| t.expect != Action::Allow), "{rule} has no hit");
        assert!(of().any(|t| t.expect == Action::Allow), "{rule} has no innocent");
    }
    let names: BTreeSet<_> = policy.tests().iter().map(|t| &t.name).collect();
    assert_eq!(names.len(), policy.tests().len());
}

#[test]
fn zones_are_those_of_a_public_body() {
    let policy = Policy::embedded(Known::default());
    for (host, address, zone) in [
        ("vss.gov.vn", None, Zone::Internal),
        ("TST.VSS.gov.vn.", None, Zone::Internal),
        ("tinh.baohiemxahoi.gov.vn", None, Zone::Internal),
        ("moh.gov.vn", None, Zone::Partner),
        ("dichvucong.gov.vn", Some("203.0.113.5"), Zone::Partner),
        ("chat.zalo.me", Some("203.0.113.5"), Zone::Outside),
        ("chat.zalo.me", Some("127.0.0.1"), Zone::Outside),
        ("kho", Some("10.1.2.3"), Zone::Internal),
        ("10.1.2.3", None, Zone::Internal),
        ("[fd00::1]", None, Zone::Internal),
        ("10.1.2.3", Some("203.0.113.5"), Zone::Outside),
        ("vss.gov.vn.evil.example", None, Zone::Outside),
        ("", None, Zone::Outside),
    ] {
        let address = address.map(|a| a.parse().expect("an address"));
        assert_eq!(policy.zone_of_host(host, address), zone, "{host} {address:?}");
    }
    for (recipient, zone) in [
        ("an@vss.gov.vn", Zone::Internal),
        ("An@Sub.VSS.Gov.VN.", Zone::Internal),
        ("an@moh.gov.vn", Zone::Partner),
        ("an@gmail.com", Zone::Outside),
        ("an@[10.0.0.5]", Zone::Internal),
        ("an@[IPv6:fd00::5]", Zone::Internal),
        ("an%gmail.com@vss.gov.vn", Zone::Outside),
        ("an", Zone::Outside),
    ] {
        assert_eq!(policy.zone_of_recipient(recipient), zone, "{recipient}");
    }
}
