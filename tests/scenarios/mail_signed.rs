//! Mail that is signed by its own domain and masked on its way out; dkimpy says whether the new signature holds.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::fixtures::someone;
use crate::harness::mail::{OUTSIDER, letter};
use crate::harness::{Gate, client, command, succeed, text};

#[test]
fn a_masked_mail_of_ours_has_a_signature_that_holds() {
    let keys = tempfile::tempdir().expect("a folder");
    let key = keys.path().join("dkim.pem");
    succeed(
        command("openssl")
            .args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"])
            .arg(&key),
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("set");
    let gate = Gate::with(|setup| {
        setup.mail.push_str(&format!(
            "\n[[mail.dkim]]\ndomain = \"vss.gov.vn\"\nselector = \"chot1\"\nkey = \"{}\"\n",
            key.display()
        ));
    });
    let person = someone(51);
    let signed = |domain: &str, body: &str| {
        format!("DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=x;\r\n\tbh=x; b=y\r\n{}", letter(OUTSIDER, body))
    };
    let body = format!("Kính gửi  anh,\t\r\n\r\nCCCD {} của {}  \r\n.\r\n\r\n\r\n", person.cccd, person.name);
    gate.mail_to(OUTSIDER, &signed("vss.gov.vn", &body)).is_delivered();
    let mail = gate.path("received.eml");
    let received = gate.world.relay.received_one().body;
    assert!(!text(&received).contains(&person.cccd));
    std::fs::write(&mail, received).expect("written");
    let told = client("signatures.py", &[&mail.to_string_lossy(), "vss.gov.vn", "chot1", &key.to_string_lossy()]);
    assert_eq!(told.trim(), "vss.gov.vn chot1 True");

    let answer = gate.mail_to(OUTSIDER, &signed("list.example", &body));
    answer.is_refused().says("signed by others");
    // Nobody is told that it was masked and sent.
    answer.says("khong che duoc, nen khong co gi duoc gui di").says("could not be, so nothing was sent");
    assert!(!answer.body.contains("da duoc che") && !answer.body.contains("was masked"), "{answer:?}");
    gate.world.relay.received_nothing();
    assert_eq!(gate.decision(&answer.decision()).says("block").0["verdict"]["rule"], "identifiers-are-masked");
}
