//! Mails as programs write them every day, none with a number in it.

use super::Case;
use super::archive::How;
use super::shapes::{base64, lines, printable};

/// Every message.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: &str, mail: String| {
        cases.push(Case { name: name.to_owned(), mail: mail.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes() });
    };
    let text = "Kính gửi anh chị,\n\nTuần sau họp lúc 14 giờ tại phòng 302. Trân trọng.\n";
    let head = "Received: from mail.example.vn (mail.example.vn [192.0.2.7])\n\tby mx.example.org (Postfix) with ESMTPS id 4XyZ1234ab\n\tfor <b@example.org>; Sat, 21 Nov 2026 08:00:00 +0700 (+07)\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.vn; s=s1;\n\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=From:To:Subject;\n\tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\nMessage-ID: <20261121080000.4a7b9c@example.vn>\nFrom: =?utf-8?B?Tmd1eeG7hW4gVsSDbiBBbg==?= <an@example.vn>\nTo: b@example.org\nSubject: =?utf-8?Q?L=E1=BB=8Bch_h=E1=BB=8Dp?=\nDate: Sat, 21 Nov 2026 08:00:00 +0700\nMIME-Version: 1.0\n";
    let plain = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: ";
    case("8bit", format!("{head}{plain}8bit\n\n{text}"));
    case("base64", format!("{head}{plain}base64\n\n{}", base64(text)));
    case("base64 with a list's footer", format!("{head}{plain}base64\n\n{}\n____\nlist@example.vn\n", base64(text)));
    case("quoted-printable", format!("{head}{plain}quoted-printable\n\n{}", printable(text)));
    case("no MIME", format!("From: an@example.vn\nTo: b@example.org\nSubject: x\n\n{text}"));
    let html = "<html><body><table width=300 border=0><tr><td colspan=2>Tuần sau họp.</td></tr></table></body></html>";
    let alternative = |boundary: &str| {
        format!(
            "--{boundary}\n{plain}quoted-printable\n\n{}\n--{boundary}\nContent-Type: text/html; charset=\"utf-8\"\nContent-Transfer-Encoding: 8bit\n\n{html}\n--{boundary}--\n",
            printable(text)
        )
    };
    for (name, boundary) in [
        ("Gmail", "000000000000f5a9b3061e9a1b2c"),
        ("Outlook", "_000_SG2PR01MB1234ABCDEF_"),
        ("Thunderbird", "------------0Pq1Xy2Zt3Rs4Uv5Wx6Yz7Ab"),
        ("Apple", "Apple-Mail=_5C9D0E1F-2A3B-4C5D-8E6F-7A8B9C0D1E2F"),
        ("Zimbra", "=_d3f1a9b2-7c4e-4f60-8a1b-2c3d4e5f6a7b"),
        ("Exchange", "----=_NextPart_000_0001_01DC5A7B.3C9D1E20"),
    ] {
        let kind = format!("Content-Type: multipart/alternative;\n\tboundary=\"{boundary}\"\n");
        case(name, format!("{head}{kind}\nThis is a multi-part message in MIME format.\n{}", alternative(boundary)));
        let outer = format!("Content-Type: multipart/mixed; boundary=\"out{boundary}\"\n");
        let file = "Content-Type: text/csv; name=\"=?utf-8?Q?l=E1=BB=8Bch.csv?=\"\nContent-Disposition: attachment;\n filename*=utf-8''l%E1%BB%8Bch.csv\nContent-Transfer-Encoding: base64\n";
        let rows = base64("phòng,giờ\n302,14\n303,15\n");
        case(
            &format!("{name} with a file"),
            format!(
                "{head}{outer}\n--out{boundary}\n{kind}\n{}\n--out{boundary}\n{file}\n{rows}\n--out{boundary}--\n",
                alternative(boundary)
            ),
        );
    }
    let inner = format!("{head}{plain}8bit\n\n{text}");
    case(
        "forwarded",
        format!(
            "{head}Content-Type: multipart/mixed; boundary=f\n\n--f\n{plain}8bit\n\nXem thư dưới.\n--f\nContent-Type: message/rfc822\n\n{inner}\n--f--\n"
        ),
    );
    // Decoded as a whole, such a mail spoils its own files: what pads base64 is a soft line break to quoted-printable.
    for more in 0..3 {
        let more = " ".repeat(more);
        let letter = format!("<w:document><w:body><w:p><w:r><w:t>{text}{more}</w:t></w:r></w:p></w:body></w:document>");
        let document = super::archive::zip_how(&[("word/document.xml", letter.as_bytes(), How::Stored)]);
        let file = "Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document; name=\"du thao.docx\"\nContent-Disposition: attachment;\n filename*=utf-8''D%E1%BB%B1%20th%E1%BA%A3o.docx\nContent-Transfer-Encoding: base64\n";
        let inner = format!(
            "{head}Content-Type: multipart/mixed; boundary=\"=i\"\n\n--=i\n{plain}quoted-printable\n\n{}\n--=i\n{file}\n{}\n--=i--\n",
            printable(text),
            lines(&document)
        );
        for outer in ["message/rfc822", "MESSAGE/RFC822; name=\"thu.eml\""] {
            case(
                "forwarded with a document",
                format!(
                    "{head}Content-Type: multipart/mixed; boundary=f\n\n--f\nContent-Type: {outer}\n\n{inner}\n--f--\n"
                ),
            );
        }
    }
    case(
        "a report",
        format!(
            "{head}Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n{plain}7bit\n\nThe mail could not be delivered.\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; c@example.org\nAction: failed\nStatus: 5.1.1\n--r\nContent-Type: message/rfc822\n\n{inner}\n--r--\n"
        ),
    );
    case(
        "a list's footer behind the last part",
        format!(
            "{head}Content-Type: multipart/alternative; boundary=a\n\n{}\n_____\nlist mailing list\nlist@example.vn\n",
            alternative("a")
        ),
    );
    case(
        "an invitation",
        format!(
            "{head}Content-Type: text/calendar; method=REQUEST; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nBEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:5c9d0e1f@example.vn\nDTSTART:20261127T140000Z\nSUMMARY:Họp tuần\nEND:VEVENT\nEND:VCALENDAR\n"
        ),
    );
    cases
}
