//! Forms: ways to write one and the same encoding, and other encodings than the two of MIME. The mail is sound.

use super::shapes::{base64, printable, signs};
use super::{Case, HIDDEN};

fn mail(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("From: an@example.vn\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n{headers}\r\n\r\n");
    [head.as_bytes(), body, b"\r\n"].concat()
}

fn lines(text: &str, len: usize, end: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(len).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
    lines.join(end) + end
}

/// Every fourth, eighth, … sign followed by something that is none.
fn disturbed(text: &str, every: usize, by: &str) -> String {
    lines(text, every, by)
}

fn uuencoded(bytes: &[u8]) -> String {
    let sign = |six: u32| char::from(if six == 0 { b'`' } else { six as u8 + 32 });
    let mut out = String::new();
    for line in bytes.chunks(45) {
        out.push(sign(line.len() as u32));
        for group in line.chunks(3) {
            let n = group.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - group.len()));
            (0..4).for_each(|i| out.push(sign(n >> (18 - 6 * i) & 63)));
        }
        out.push_str("\r\n");
    }
    out
}

fn yenc(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for b in bytes {
        match b.wrapping_add(42) {
            0 | b'\n' | b'\r' | b'=' => out.extend([b'=', b.wrapping_add(106)]),
            moved => out.push(moved),
        }
    }
    out
}

/// BinHex 4.0 (RFC 1741): header, data and resource forks with their checksums left zero, which readers forgive.
fn binhex(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let mut file = vec![5];
    file.extend_from_slice(b"a.txt\0TEXTttxt\0\0");
    file.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    file.extend_from_slice(&[0; 6]);
    file.extend_from_slice(bytes);
    file.extend_from_slice(&[0; 4]);
    // 0x90 would begin a repetition.
    let file: Vec<u8> = file.iter().flat_map(|b| if *b == 0x90 { vec![0x90, 0] } else { vec![*b] }).collect();
    let mut coded = String::from(":");
    for group in file.chunks(3) {
        let n = group.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        (0..=group.len()).for_each(|i| coded.push(char::from(ALPHABET[(n >> (18 - 6 * i) & 63) as usize])));
    }
    coded.push(':');
    format!("(This file must be converted with BinHex 4.0)\r\n\r\n{}", lines(&coded, 64, "\r\n"))
}

/// Every message.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: &str, mail: Vec<u8>| cases.push(Case { name: name.to_owned(), mail });
    let text = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ";
    let signs64 = signs(HIDDEN.as_bytes());
    let unpadded = signs64.trim_end_matches('=');

    for (name, body) in [
        ("one sign a line", lines(&signs64, 1, "\r\n")),
        ("four signs a line", lines(&signs64, 4, "\r\n")),
        ("five signs a line", lines(&signs64, 5, "\r\n")),
        ("one long line", signs64.clone()),
        ("lines end in LF", lines(&signs64, 76, "\n")),
        ("lines end in CR", lines(&signs64, 76, "\r")),
        ("blanks between", disturbed(&signs64, 6, " ")),
        ("tabs between", disturbed(&signs64, 7, "\t")),
        ("blank lines between", lines(&signs64, 20, "\r\n\r\n")),
        ("signs of no alphabet between", disturbed(&signs64, 9, "!")),
        ("signs of no alphabet between groups", disturbed(&signs64, 8, "*")),
        ("dots between", disturbed(&signs64, 5, ".")),
        ("letters beyond ASCII between", disturbed(&signs64, 12, "é")),
        ("NUL between", disturbed(&signs64, 12, "\0")),
        ("no padding", unpadded.to_owned()),
        ("too much padding", format!("{unpadded}======")),
        ("padding in front", format!("===={signs64}")),
        ("padding between groups", disturbed(&signs64, 40, "==\r\n")),
        ("padding between each line", HIDDEN.as_bytes().chunks(7).map(|c| signs(c) + "\r\n").collect()),
        (
            "padding between each line, lines of one byte",
            HIDDEN.as_bytes().chunks(1).map(|c| signs(c) + "\r\n").collect(),
        ),
        ("the alphabet of addresses", signs64.replace('+', "-").replace('/', "_")),
        ("text behind the end", format!("{signs64}\r\n\r\nTrân trọng.\r\n")),
        ("text before", format!("Xin chào.\r\n\r\n{signs64}\r\n")),
        ("an empty line first", format!("\r\n{signs64}\r\n")),
        (
            "quoted as in an answer",
            signs64.as_bytes().chunks(40).map(|l| format!("> {}\r\n", String::from_utf8_lossy(l))).collect(),
        ),
        ("twice encoded", base64(&base64(HIDDEN))),
    ] {
        case(&format!("base64, {name}"), mail(&format!("{text}base64"), body.as_bytes()));
    }

    for (name, boundary) in [
        ("a boundary as RFC 2231 writes it", "boundary*=us-ascii''bnd"),
        ("a boundary in two pieces", "boundary*0=b; boundary*1=nd"),
        ("no boundary", "x=y"),
    ] {
        let short = lines(&signs64, 4, "\r\n");
        // The first part decodes to nothing, and is not the last.
        let nothing = format!("--bnd\r\n{text}base64\r\n\r\n!!!\r\n");
        let parts = format!("{nothing}--bnd\r\n{text}base64\r\n\r\n{short}\r\n--bnd--\r\n");
        case(
            &format!("base64, four signs a line, {name}"),
            mail(&format!("Content-Type: multipart/mixed; {boundary}"), parts.as_bytes()),
        );
    }
    for encodings in ["base64\r\nContent-Transfer-Encoding: 7bit", "7bit\r\nContent-Transfer-Encoding: base64"] {
        // Twelve digits are sound base64, too.
        case(&format!("digits as they stand, {encodings:?}"), mail(&format!("{text}{encodings}"), b"001090123456"));
    }

    let escapes = printable(HIDDEN);
    for (name, body) in [
        ("small hexadecimal", escapes.to_lowercase()),
        ("a blank behind the soft break", escapes.replace("=\r\n", "= \r\n")),
        ("tabs behind the soft break", escapes.replace("=\r\n", "=\t\t\r\n")),
        ("soft breaks of LF", escapes.replace("=\r\n", "=\n")),
        ("soft breaks of CR", escapes.replace("=\r\n", "=\r")),
        ("no soft break", escapes.replace("=\r\n", "")),
        ("a sign at the end", format!("{}=", escapes.trim_end())),
        ("bad escapes", escapes.replace("=20", "=2G=20")),
        ("only the number, broken inside", "so CCCD 0010=\r\n9012=\r\n3456 xin\r\n".to_owned()),
        (
            "a soft break behind each digit",
            "so CCCD 0=\r\n0=\r\n1=\r\n0=\r\n9=\r\n0=\r\n1=\r\n2=\r\n3=\r\n4=\r\n5=\r\n6=\r\n".to_owned(),
        ),
        ("escapes of digits alone", "so CCCD =30=30=31=30=39=30=31=32=33=34=35=36 xin\r\n".to_owned()),
        ("one escape", "so CCCD 0010901=32=33456 xin\r\n".to_owned()),
        ("twice escaped", printable(&printable(HIDDEN))),
    ] {
        case(&format!("quoted-printable, {name}"), mail(&format!("{text}quoted-printable"), body.as_bytes()));
        case(&format!("quoted-printable not said, {name}"), mail(&format!("{text}8bit"), body.as_bytes()));
    }

    let uu = uuencoded(HIDDEN.as_bytes());
    let octets = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: ";
    for (name, headers, body) in [
        ("uuencode", "x-uuencode", format!("begin 644 a.txt\r\n{uu}`\r\nend\r\n")),
        ("x-uue", "x-uue", format!("begin 644 a.txt\r\n{uu}`\r\nend\r\n")),
        ("uuencode within text", "7bit", format!("Xin chao.\r\n\r\nbegin 644 a.txt\r\n{uu}`\r\nend\r\n")),
        ("uuencode without its end", "7bit", format!("Xin chao.\r\n\r\nbegin 644 a.txt\r\n{uu}")),
        ("uuencode without its beginning", "x-uuencode", uu),
        ("uuencode by base64", "7bit", format!("begin-base64 644 a.txt\r\n{}====\r\n", base64(HIDDEN))),
    ] {
        case(name, mail(&format!("{octets}{headers}"), body.as_bytes()));
    }
    let moved = yenc(HIDDEN.as_bytes());
    for (name, begin) in [
        ("yEnc", "=ybegin line=128 size=99 name=a.txt\r\n"),
        ("yEnc of several parts", "=ybegin part=1 total=2 line=128 size=99 name=a.txt\r\n=ypart begin=1 end=99\r\n"),
    ] {
        let body = [b"Xin chao.\r\n", begin.as_bytes(), &moved, b"\r\n=yend size=99\r\n"].concat();
        case(name, mail(&format!("{octets}8bit"), &body));
    }
    case(
        "BinHex",
        mail(
            "Content-Type: application/mac-binhex40\r\nContent-Transfer-Encoding: 7bit",
            binhex(HIDDEN.as_bytes()).as_bytes(),
        ),
    );
    case("BinHex within text", mail("Content-Type: text/plain", binhex(HIDDEN.as_bytes()).as_bytes()));

    let two = "quoted-printable\r\nContent-Transfer-Encoding: base64";
    case(
        "two encodings, escapes of two digits",
        mail(&format!("{text}{two}"), b"so CCCD =3001=3090123456 cua ong Thu"),
    );

    let wide = |big: bool, mark: bool| {
        let mut bytes = if mark { vec![0xff, 0xfe] } else { Vec::new() };
        bytes.extend(HIDDEN.encode_utf16().flat_map(u16::to_le_bytes));
        if big {
            bytes.chunks_mut(2).for_each(<[u8]>::reverse);
        }
        signs(&bytes)
    };
    for (name, charset, body) in [
        ("UTF-16LE", "utf-16le", wide(false, false)),
        ("UTF-16BE", "utf-16be", wide(true, false)),
        ("UTF-16 with its mark", "utf-16", wide(false, true)),
        ("UTF-16 that says it is UTF-8", "utf-8", wide(false, true)),
        ("UTF-16 that says so too late", "us-ascii", wide(true, false)),
        ("a set nobody knows", "x-unknown", signs(HIDDEN.as_bytes())),
        ("an empty set", "", signs(HIDDEN.as_bytes())),
    ] {
        let headers = format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64");
        case(name, mail(&headers, lines(&body, 76, "\r\n").as_bytes()));
    }
    let stateful = "so CCCD \u{1b}$B#0#0#1#0#9#0#1#2#3#4#5#6\u{1b}(B xin\r\n";
    case(
        "digits of ISO-2022-JP",
        mail("Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: 7bit", stateful.as_bytes()),
    );
    case("UTF-7", mail("Content-Type: text/plain; charset=utf-7", b"so CCCD +ADAAMAAxADAAOQAwADEAMgAzADQANQA2- xin"));

    for (name, header) in [
        ("an encoded subject", format!("Subject: =?utf-8?B?{}?=", signs("số CCCD 001090123456".as_bytes()))),
        ("a subject of two words", "Subject: =?utf-8?Q?so_CCCD_001090?= =?utf-8?Q?123456?=".to_owned()),
        (
            "a subject in UTF-16",
            format!(
                "Subject: =?utf-16be?B?{}?=",
                signs(&"số CCCD 001090123456".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>())
            ),
        ),
        ("a header of one's own", "X-Data: so CCCD 001090123456".to_owned()),
        ("a display name", "Cc: \"so CCCD 001090123456\" <c@example.org>".to_owned()),
        ("an encoded display name", "Cc: =?utf-8?Q?so_CCCD_0010=39=30123456?= <c@example.org>".to_owned()),
        ("a folded header", "X-Data: so CCCD 001090\r\n 123456".to_owned()),
        ("a file name", "Content-Disposition: attachment; filename=\"so CCCD 001090123456.txt\"".to_owned()),
        (
            "an encoded file name",
            "Content-Disposition: attachment; filename=\"=?utf-8?Q?so_CCCD_001090=31=32=33=34=35=36?=.txt\"".to_owned(),
        ),
        (
            "a file name of RFC 2231",
            "Content-Disposition: attachment; filename*=utf-8''so%20CCCD%20001090%31%32%33%34%35%36".to_owned(),
        ),
        (
            "a file name in pieces",
            "Content-Disposition: attachment;\r\n filename*0=\"so CCCD 001090\";\r\n filename*1=\"123456.txt\""
                .to_owned(),
        ),
        (
            "a file name in encoded pieces",
            "Content-Disposition: attachment;\r\n filename*0*=utf-8''so%20CCCD%20001090;\r\n filename*1*=%31%32%33456"
                .to_owned(),
        ),
    ] {
        case(name, mail(&header, b"xin chao"));
    }

    let calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDESCRIPTION:so CCCD 00109012\r\n 3456\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    case("a calendar", mail("Content-Type: text/calendar; charset=utf-8", calendar.as_bytes()));
    let card = "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:so CCCD 0010=\r\n901=32=33=34=35=36\r\nEND:VCARD\r\n";
    case("a card", mail("Content-Type: text/x-vcard; charset=utf-8", card.as_bytes()));

    let mut nested = mail(&format!("{text}base64"), base64(HIDDEN).as_bytes());
    for depth in 1..=8 {
        nested = mail("Content-Type: message/rfc822", &nested);
        if depth == 1 || depth == 8 {
            case(&format!("{depth} mails around"), nested.clone());
        }
    }
    cases
}
