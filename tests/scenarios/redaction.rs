//! What cannot be masked safely is blocked, and both the sender and the record are told why.

use std::io::Write as _;

use crate::harness::fixtures::{register_of, someone};
use crate::harness::world::PARTY;
use crate::harness::{Form, Gate};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

#[test]
fn why_something_was_blocked_instead_of_masked_is_told_to_all() {
    let gate = Gate::open();
    let number = someone(11).cccd;
    let text = format!("Số CCCD: {number}\r\n");
    let pdf = format!(
        "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
         3 0 obj <</Type/Page/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>> endobj\n\
         4 0 obj <</Length 52>> stream\nBT /F1 12 Tf (CCCD {number}) Tj ET\nendstream endobj\n\
         5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\ntrailer <</Root 1 0 R>>\n"
    );
    for (name, bytes, why) in [
        ("a.pdf", pdf.into_bytes(), "cannot be rewritten"),
        ("a.gz", [gzip(b"one\n"), gzip(text.as_bytes())].concat(), "has several members"),
        ("a.txt", base64_of(&text).into_bytes(), "cannot be rewritten"),
    ] {
        let form = || Form::File { name, bytes: bytes.clone() };
        let page = gate.request(PARTY, "/gui").with(form()).in_a_browser().send();
        page.is_refused().says("Không thể tự che").says(why).does_not_say(&number);
        let answer = gate.request(PARTY, "/gui").with(form()).send();
        let said: serde_json::Value = serde_json::from_str(&answer.is_refused().body).expect("JSON");
        assert!(said["not_redacted"].as_str().is_some_and(|said| said.contains(why)), "{name}: {said}");
        let recorded = gate.decision(&answer.decision());
        recorded.says("block").by_rule("identifiers-are-masked");
        let reasons = recorded.0["verdict"]["why"].to_string();
        assert!(reasons.contains("cannot be redacted: ") && reasons.contains(why), "{name}: {reasons}");
    }
    gate.world.https.received_nothing();
    gate.keeps_none_of(&[&number]);
}

/// A text hidden in base64, which is looked through and not put back.
fn base64_of(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("ghi chú: ");
    for three in text.as_bytes().chunks(3) {
        let word = three.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        out.extend(
            [18, 12, 6, 0].iter().take(three.len() + 1).map(|by| char::from(LETTERS[(word >> by & 63) as usize])),
        );
    }
    out + "\n"
}

#[test]
fn content_that_is_known_is_judged_by_the_policy_in_force() {
    let gate = Gate::open();
    let register = register_of(30);
    let send = || gate.upload_to_zalo("danh-sach.xlsx", register.xlsx.clone()).send();
    for _ in 0..2 {
        gate.decision(&send().is_refused().decision()).says("block").counts("cccd", 30);
    }
    let policy = include_str!("harness/policy.toml");
    gate.write_policy(&policy.replace("mode = \"enforce\"", "mode = \"shadow\""));
    assert!(gate.reload().status.success());
    send().is_delivered();
    gate.last_decision().says("allow").counts("cccd", 30);
    gate.write_policy(policy);
    assert!(gate.reload().status.success());
    gate.decision(&send().is_refused().decision()).says("block").counts("cccd", 30);
}
