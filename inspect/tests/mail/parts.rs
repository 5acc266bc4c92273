//! Parts: what a part may be as a whole, from a report to a signed mail. The mail is sound.

use chot_model::OpaqueReason;

use super::archive::{gzip, zip};
use super::shapes::{base64, lines};
use super::{Case, HIDDEN};

/// A message of one part of this type, or of what else `headers` say.
fn mail(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("From: an@example.vn\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n{headers}\r\n\r\n");
    [head.as_bytes(), body, b"\r\n"].concat()
}

fn coded(kind: &str, bytes: &[u8]) -> Vec<u8> {
    mail(&format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64"), lines(bytes).as_bytes())
}

fn multipart(kind: &str, parts: &[&str]) -> Vec<u8> {
    let parts: String = parts.iter().map(|part| format!("--bnd\r\n{part}\r\n")).collect();
    mail(&format!("Content-Type: multipart/{kind}; boundary=bnd"), format!("{parts}--bnd--\r\n").as_bytes())
}

/// A mail that holds the number, in base64.
fn letter() -> String {
    let text = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64";
    String::from_utf8(mail(text, base64(HIDDEN).as_bytes())).expect("ASCII")
}

/// An element of BER with a length of two bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x82], &(content.len() as u16).to_be_bytes()[..], content].concat()
}

/// A message of CMS (RFC 5652): `kind` 2 is signed, 3 is encrypted.
fn cms(kind: u8, content: &[u8]) -> Vec<u8> {
    let number = |kind| [&b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"[..], &[kind]].concat();
    let inner = element(0x30, &[number(1), element(0xa0, &element(4, content))].concat());
    let signed = element(0x30, &[vec![2, 1, 1], element(0x31, b""), inner].concat());
    element(0x30, &[number(kind), element(0xa0, if kind == 2 { &signed } else { content })].concat())
}

/// What Outlook sends as `winmail.dat` ([MS-OXTNEF]): one attribute of the message, its body.
fn tnef(body: &[u8]) -> Vec<u8> {
    let mut file = b"\x78\x9f\x3e\x22\x01\x00".to_vec();
    for (number, data) in [(0x0008_9006u32, &[0, 0, 1, 0][..]), (0x0002_800c, body)] {
        file.push(1);
        file.extend(number.to_le_bytes());
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file.extend(data.iter().fold(0u16, |sum, b| sum.wrapping_add(u16::from(*b))).to_le_bytes());
    }
    file
}

/// Every message.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: &str, mail: Vec<u8>| cases.push(Case { name: name.to_owned(), mail });
    let plain = "Content-Type: text/plain; charset=utf-8";
    let hidden = format!("{plain}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(HIDDEN));
    let innocent = format!("{plain}\r\n\r\nxin chao");
    let within = format!("Content-Type: message/rfc822\r\n\r\n{}", letter());

    // A digest's parts are mails unless they say otherwise (RFC 2046 §5.1.5).
    case("a digest", multipart("digest", &[&format!("\r\n{}", letter())]));
    let status = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.vn\r\n\r\nFinal-Recipient: rfc822; b@example.org\r\nAction: failed";
    case("a report with what could not be sent", multipart("report", &[&innocent, status, &within]));
    case(
        "a report with the header of what could not be sent",
        multipart(
            "report",
            &[&innocent, status, "Content-Type: text/rfc822-headers\r\n\r\nSubject: so CCCD 001090123456"],
        ),
    );
    case(
        "a report that tells why",
        multipart("report", &[&innocent, &format!("{status}\r\nDiagnostic-Code: smtp; 550 CCCD 001090123456")]),
    );
    case("two forks of a file", multipart("appledouble", &["Content-Type: application/applefile\r\n\r\nx", &hidden]));
    let page = format!(
        "Content-Type: text/html; charset=utf-8\r\nContent-ID: <page@example.vn>\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(&format!("<p>{HIDDEN}</p>"))
    );
    case(
        "what a page shows",
        multipart("related", &["Content-Type: text/html\r\n\r\n<iframe src='cid:page@example.vn'>", &page]),
    );
    case("one of several", multipart("alternative", &[&innocent, &hidden]));
    case("one of several, the poorer one", multipart("alternative", &[&hidden, &innocent]));
    case(
        "a body that lies elsewhere",
        mail(
            "Content-Type: message/external-body; access-type=url; url=\"https://example.org/?cccd=001090123456\"",
            b"Content-Type: text/plain",
        ),
    );
    case(
        "lines that go on",
        mail(
            "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes",
            b"So CCCD cua ong Thu la 0010901 \r\n23456 nhe anh",
        ),
    );

    case("gzip", coded("application/gzip", &gzip(HIDDEN.as_bytes())));
    let packed = zip(&[("ds.txt", HIDDEN.as_bytes())]);
    case("an archive that says it is a picture", coded("image/jpeg; name=anh.jpg", &packed));
    case("an archive of no type", coded("application/octet-stream", &packed));
    case("text that says it is an archive", coded("application/zip; name=ds.zip", HIDDEN.as_bytes()));
    case(
        "a page that says it is text",
        coded("text/plain", b"<html><p>so CCCD 0010<b>90</b><!-- -->123456</p></html>"),
    );
    case("winmail.dat", coded("application/ms-tnef; name=winmail.dat", &tnef(b"so CCCD 001090123456")));
    case(
        "a card within a mail",
        coded(
            "text/vcard; charset=utf-8",
            b"BEGIN:VCARD\r\nVERSION:4.0\r\nNOTE:so CCCD 001090\r\n 123456\r\nEND:VCARD\r\n",
        ),
    );

    case(
        "signed with S/MIME, in the clear",
        multipart(
            "signed; protocol=\"application/pkcs7-signature\"",
            &[&hidden, "Content-Type: application/pkcs7-signature\r\n\r\nx"],
        ),
    );
    case(
        "signed with S/MIME, within",
        coded("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", &cms(2, letter().as_bytes())),
    );
    case(
        "signed with PGP",
        multipart(
            "signed; protocol=\"application/pgp-signature\"",
            &[&hidden, "Content-Type: application/pgp-signature\r\n\r\nx"],
        ),
    );

    let utf32: Vec<u8> = HIDDEN.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    case("UTF-32", coded("text/plain; charset=utf-32", &[&b"\xff\xfe\0\0"[..], &utf32].concat()));
    case("GB18030", coded("text/plain; charset=gb18030", b"so CCCD \xa3\xb0\xa3\xb0\xa3\xb1\xa3\xb0\xa3\xb9\xa3\xb0\xa3\xb1\xa3\xb2\xa3\xb3\xa3\xb4\xa3\xb5\xa3\xb6 xin"));
    case("windows-1258", coded("text/plain; charset=windows-1258", b"s\xf4\xec c\xe3n c\xfd\xf5\xecc 001090123456"));
    case("TCVN3", coded("text/plain; charset=tcvn-5712", b"S\xe8 c\xa8n c\xad\xedc c\xabng d\xa9n 001090123456"));
    cases
}

/// What cannot be read here, and why.
pub(crate) fn opaque() -> Vec<(OpaqueReason, Case)> {
    let mut deep = letter().into_bytes();
    for _ in 0..100 {
        deep = mail("Content-Type: message/rfc822", &deep);
    }
    let of = |name: &str, mail: Vec<u8>| Case { name: name.to_owned(), mail };
    let partial = "Content-Type: message/partial; id=\"a@example.vn\"; number=1; total=2";
    let pgp = "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1";
    let sealed = lines(&[0xd2; 300]);
    let sealed = format!(
        "Content-Type: application/octet-stream; name=a.asc\r\n\r\n-----BEGIN {} MESSAGE-----\r\n\r\n{sealed}-----END {} MESSAGE-----",
        "PGP", "PGP"
    );
    vec![
        (OpaqueReason::Partial, of("a piece of a mail", mail(partial, b"Subject: x\r\n\r\nxin chao"))),
        (OpaqueReason::TooDeep, of("a hundred mails around", deep)),
        (
            OpaqueReason::Encrypted,
            of("S/MIME", coded("application/pkcs7-mime; smime-type=enveloped-data", &cms(3, &[0x55; 200]))),
        ),
        (OpaqueReason::Encrypted, of("what only says it is S/MIME", coded("application/x-pkcs7-mime", &[0xa7; 200]))),
        (
            OpaqueReason::Encrypted,
            of("PGP", multipart("encrypted; protocol=\"application/pgp-encrypted\"", &[pgp, &sealed])),
        ),
    ]
}
