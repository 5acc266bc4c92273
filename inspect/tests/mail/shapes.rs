//! Shapes: headers, boundaries and delimiters that readers take differently. The content is sound in all of them.

use super::{Case, HIDDEN};

/// How the content is encoded.
#[derive(Clone, Copy)]
pub(crate) struct Coding {
    pub(crate) name: &'static str,
    pub(crate) encode: fn(&str) -> String,
}

pub(crate) const CODINGS: [Coding; 2] =
    [Coding { name: "base64", encode: base64 }, Coding { name: "quoted-printable", encode: printable }];

pub(crate) fn base64(text: &str) -> String {
    lines(text.as_bytes())
}

/// Base64 in lines.
pub(crate) fn lines(bytes: &[u8]) -> String {
    let signs = signs(bytes);
    let lines: Vec<&str> = signs.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
    lines.join("\r\n") + "\r\n"
}

/// Base64 in one line.
pub(crate) fn signs(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let n = group.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let sign = ALPHABET[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= group.len() { char::from(sign) } else { '=' });
        }
    }
    out
}

/// Every byte escaped, so that nothing of it can be read as it stands.
pub(crate) fn printable(text: &str) -> String {
    let escapes: Vec<String> = text.bytes().map(|b| format!("={b:02X}")).collect();
    escapes.chunks(25).map(<[String]>::concat).collect::<Vec<_>>().join("=\r\n") + "\r\n"
}

/// Ways to say, and not to say, how a body is encoded; `{C}` is the encoding.
const ENCODING_HEADERS: &[&str] = &[
    "Content-Transfer-Encoding: {C}",
    "content-transfer-encoding:{C}",
    "CONTENT-TRANSFER-ENCODING:\t {C}\t",
    "Content-Transfer-Encoding: {C}\r\nContent-Transfer-Encoding: 7bit",
    "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: {C}",
    "Content-Transfer-Encoding: x-unknown\r\nContent-Transfer-Encoding: {C}",
    "Content-Transfer-Encoding: {C}\r\nContent-Transfer-Encoding: x-unknown",
    "Content-Transfer-Encoding: 8bit\r\nX-Between: x\r\nContent-Transfer-Encoding: {C}",
    "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: {C}\r\nContent-Transfer-Encoding: quoted-printable",
    "Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: {C}\r\nContent-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: {C}; foo",
    "Content-Transfer-Encoding: {C};foo=bar",
    "Content-Transfer-Encoding: {C} 7bit",
    "Content-Transfer-Encoding: 7bit {C}",
    "Content-Transfer-Encoding: 7bit, {C}",
    "Content-Transfer-Encoding: {C},7bit",
    "Content-Transfer-Encoding: \"{C}\"",
    "Content-Transfer-Encoding: '{C}'",
    "Content-Transfer-Encoding: \"{C}",
    "Content-Transfer-Encoding: (x){C}",
    "Content-Transfer-Encoding: {C}(x)",
    "Content-Transfer-Encoding: (7bit) {C}",
    "Content-Transfer-Encoding: ({C}) 7bit",
    "Content-Transfer-Encoding: (a(b)c){C}",
    "Content-Transfer-Encoding: {C} (7bit",
    "Content-Transfer-Encoding: =?utf-8?Q?{C}?=",
    "Content-Transfer-Encoding: {C}5",
    "Content-Transfer-Encoding: x{C}",
    "Content-Transfer-Encoding:\r\n {C}",
    "Content-Transfer-Encoding:\r\n\t\r\n {C}",
    "Content-Transfer-Encoding: \r\n\t{C}",
    "Content-Transfer-Encoding\r\n : {C}",
    "Content-Transfer-Encoding: {C}\r\n 7bit",
    "Content-Transfer-Encoding : {C}",
    "Content-Transfer-Encoding\t: {C}",
    "Content-Transfer-Encoding: \0{C}",
    "Content-Transfer-Encoding: {C}\0",
    "Content-Transfer-Encoding: {C}\x007bit",
    "Content-Transfer-Encoding\0: {C}",
    "\0Content-Transfer-Encoding: {C}",
    " Content-Transfer-Encoding: {C}",
    "X-First: x\rContent-Transfer-Encoding: {C}",
    "X-First: x\nContent-Transfer-Encoding: {C}",
    "X-First: x\n\rContent-Transfer-Encoding: {C}",
    "X-First: x\r\r\nContent-Transfer-Encoding: {C}",
    "Content-Transfer-Encoding;{C}",
    "Content-Transfer-Encoding={C}",
    "Content-Transfer-Encodin: {C}",
    "Content_Transfer_Encoding: {C}",
    "Content-Encoding: {C}",
    "Content-Transfer-Encoding: x-uuencode",
    "Content-Transfer-Encoding:",
    "Content-Transfer-Encoding: binary",
    "X-None: 1",
];

/// Types of a body that is one part.
const TYPE_HEADERS: &[&str] = &[
    "Content-Type: text/html; charset=utf-8",
    "Content-Type: application/octet-stream; name=a.bin",
    "Content-Type: image/png",
    "Content-Type: text",
    "Content-Type:",
    "Content-Type: multipart/mixed",
    "Content-Type: multipart/mixed; boundary=nowhere",
    "Content-Type: multipart/mixed; boundary=\"\"",
    "Content-Type: message/rfc822",
    "Content-Type: message/partial; id=\"a@b\"; number=1; total=2",
    "Content-Type: message/external-body; access-type=x-mutt-deleted",
    "Content-Type: message/delivery-status",
    "Content-Type: application/x-unknown; charset=x-unknown",
    "Content-Type: text/plain; boundary=x\r\nContent-Type: multipart/mixed; boundary=y",
    "Content-Type: text/plain; charset=utf-8; charset=utf-16",
    "Content-Type: text/plain; charset=\"\r\n utf-8\"",
    "Content-Type: (multipart/mixed;boundary=x) text/plain",
    "Content-Type: =?utf-8?Q?text/plain?=",
];

/// Between the header and the body.
const DELIMITERS: &[&str] = &[
    "\r\n\r\n",
    "\n\n",
    "\r\r",
    "\r\n \r\n",
    "\r\n\t\r\n",
    "\n\r\n",
    "\r\n\n",
    "\r\n\r",
    "\r\r\n",
    "\n\r",
    "\r\n\0\r\n",
    "\r\n\r\n\r\n\r\n",
    "\r\n--\r\n",
    "\r\n",
    "\n",
    "\r\n\x0b\r\n",
    "\r\n\x0c\r\n",
    "\r\nno colon here\r\n",
];

/// Before the first header.
const BEFORE: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    " ",
    "\0",
    "\u{feff}",
    "junk without a colon\r\n",
    "From an@example.vn Sat Nov 21 08:00:00 2026\r\n",
    ">From an@example.vn\r\n",
    "\n",
    "X: 1\r\n\r\n",
    ": no name\r\n",
];

/// What a multipart says of its boundary, and what its lines are; `bnd` where nothing else is said.
const BOUNDARIES: &[(&str, &str)] = &[
    ("multipart/mixed; boundary=bnd", "bnd"),
    ("multipart/mixed; boundary=\"bnd\"", "bnd"),
    ("multipart/mixed; boundary='bnd'", "bnd"),
    ("multipart/mixed; boundary='bnd'", "'bnd'"),
    ("multipart/mixed; boundary=\"bnd", "bnd"),
    ("multipart/mixed; boundary=bnd\"", "bnd"),
    ("multipart/mixed; boundary =bnd", "bnd"),
    ("multipart/mixed; boundary= bnd", "bnd"),
    ("multipart/mixed; boundary=\"bnd \"", "bnd"),
    ("multipart/mixed; boundary=\" bnd\"", " bnd"),
    ("multipart/mixed; BOUNDARY=bnd", "bnd"),
    ("Multipart/Mixed;boundary=bnd;", "bnd"),
    ("multipart/mixed;;boundary=bnd", "bnd"),
    ("multipart/mixed boundary=bnd", "bnd"),
    ("multipart/mixed, boundary=bnd", "bnd"),
    ("multipart/mixed;\tboundary=bnd", "bnd"),
    ("multipart/mixed; boundary*=utf-8''bnd", "bnd"),
    ("multipart/mixed; boundary*=utf-8''b%6Ed", "bnd"),
    ("multipart/mixed; boundary*0=b; boundary*1=nd", "bnd"),
    ("multipart/mixed; boundary*0*=utf-8''b; boundary*1=nd", "bnd"),
    ("multipart/mixed; boundary=(x)bnd", "bnd"),
    ("multipart/mixed; boundary=bnd(x)", "bnd"),
    ("multipart/mixed; boundary=bnd(x)", "bnd(x)"),
    ("multipart/mixed; (boundary=oth;) boundary=bnd", "bnd"),
    ("multipart/mixed; boundary==?utf-8?Q?bnd?=", "bnd"),
    ("multipart/mixed; boundary==?utf-8?Q?bnd?=", "=?utf-8?Q?bnd?="),
    ("multipart/mixed; boundary=bnd; boundary=oth", "bnd"),
    ("multipart/mixed; boundary=oth; boundary=bnd", "bnd"),
    ("multipart/mixed; boundary=oth\r\nContent-Type: multipart/mixed; boundary=bnd", "bnd"),
    ("multipart/mixed; boundary=bnd\r\nContent-Type: multipart/mixed; boundary=oth", "bnd"),
    ("multipart/mixed; boundary=bnd\r\nContent-Type: text/plain", "bnd"),
    ("text/plain\r\nContent-Type: multipart/mixed; boundary=bnd", "bnd"),
    ("multipart/mixed;\r\n boundary=bnd", "bnd"),
    ("multipart/mixed; boundary=\r\n bnd", "bnd"),
    ("multipart/mixed;\r\nboundary=bnd", "bnd"),
    ("multipart/mixed; boundary=\"b\r\n nd\"", "b nd"),
    ("multipart/mixed; boundary=\"b\\nd\"", "bnd"),
    ("multipart/mixed; boundary=", "bnd"),
    ("multipart/mixed", "bnd"),
    ("multipart/mixed; boundry=bnd", "bnd"),
    ("multipart/mixed; name=bnd", "bnd"),
    ("multipart/mixed; boundary=bnd,x", "bnd"),
    ("multipart/mixed; boundary=bnd,x", "bnd,x"),
    ("multipart/mixed; boundary=bnd;x", "bnd"),
    ("multipart/mixed; boundary=\"bnd;x\"", "bnd;x"),
    ("multipart/mixed; boundary=bnd x", "bnd"),
    ("multipart/mixed; boundary=bnd x", "bnd x"),
    ("multipart/mixed; \0boundary=bnd", "bnd"),
    ("multipart/mixed; boundary=\0bnd", "bnd"),
    ("multipart/mixed; boundary=bnd\0x", "bnd"),
    ("multipart/mixed; boundary=\"\"", ""),
    ("multipart/x-unknown; boundary=bnd", "bnd"),
    ("multipart; boundary=bnd", "bnd"),
    ("text/plain; boundary=bnd", "bnd"),
    ("mixed/multipart; boundary=bnd", "bnd"),
    ("(x) multipart/mixed; boundary=bnd", "bnd"),
];

/// Multiparts whose lines are odd: `{P}` is the part that hides, `{T}` an innocent one.
const STRUCTURES: &[(&str, &str)] = &[
    ("no last line", "--bnd\r\n{T}\r\n--bnd\r\n{P}"),
    ("last line without dashes", "--bnd\r\n{T}\r\n--bnd\r\n{P}\r\n--bnd\r\n"),
    ("in the preamble", "{P}\r\n--bnd\r\n{T}\r\n--bnd--\r\n"),
    ("in the epilogue", "--bnd\r\n{T}\r\n--bnd--\r\n{P}\r\n"),
    ("behind two ends", "--bnd\r\n{T}\r\n--bnd--\r\n--bnd\r\n{P}\r\n--bnd--\r\n"),
    ("blanks behind the line", "--bnd  \t\r\n{T}\r\n--bnd \r\n{P}\r\n--bnd--\r\n"),
    ("blanks before the line", " --bnd\r\n{T}\r\n --bnd\r\n{P}\r\n --bnd--\r\n"),
    ("one dash", "-bnd\r\n{T}\r\n-bnd\r\n{P}\r\n-bnd--\r\n"),
    ("lines end in LF", "--bnd\n{T}\n--bnd\n{P}\n--bnd--\n"),
    ("lines end in CR", "--bnd\r{T}\r--bnd\r{P}\r--bnd--\r"),
    ("no line break before", "--bnd\r\n{T}--bnd\r\n{P}--bnd--\r\n"),
    ("text behind the line", "--bnd x\r\n{T}\r\n--bndx\r\n{P}\r\n--bnd--\r\n"),
    ("a blank line behind the line", "--bnd\r\n\r\n{T}\r\n--bnd\r\n\r\n{P}\r\n--bnd--\r\n"),
    (
        "an inner one without a boundary",
        "--bnd\r\nContent-Type: multipart/mixed\r\n\r\n--in\r\n{P}\r\n--in--\r\n--bnd--\r\n",
    ),
    (
        "an inner one with the outer boundary",
        "--bnd\r\nContent-Type: multipart/mixed; boundary=bnd\r\n\r\n--bnd\r\n{P}\r\n--bnd--\r\n--bnd--\r\n",
    ),
    (
        "an inner one whose boundary begins with the outer",
        "--bnd\r\nContent-Type: multipart/mixed; boundary=bnd2\r\n\r\n--bnd2\r\n{P}\r\n--bnd2--\r\n--bnd--\r\n",
    ),
    (
        "an inner one that does not end",
        "--bnd\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n{T}\r\n--bnd\r\n{P}\r\n--bnd--\r\n",
    ),
    ("an inner mail", "--bnd\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n{P}\r\n--bnd--\r\n"),
    (
        "a mail that says it is encoded",
        "--bnd\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nSubject: x\r\n{P}\r\n--bnd--\r\n",
    ),
    (
        "a multipart that says it is encoded",
        "--bnd\r\nContent-Type: multipart/mixed; boundary=in\r\nContent-Transfer-Encoding: base64\r\n\r\n--in\r\n{P}\r\n--in--\r\n--bnd--\r\n",
    ),
    (
        "a digest",
        "--bnd\r\nContent-Type: multipart/digest; boundary=in\r\n\r\n--in\r\n\r\n{P}\r\n--in--\r\n--bnd--\r\n",
    ),
    ("only the part", "--bnd\r\n{P}"),
];

/// Every message.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for Coding { name: coding, encode } in CODINGS {
        let body = encode(HIDDEN);
        let is = |header: &str| header.replace("{C}", coding);
        let said = is("Content-Transfer-Encoding: {C}");
        let mut case = |family: &str, shape: &str, mail: String| {
            cases.push(Case { name: format!("{coding}, {family}: {shape:?}"), mail: mail.into_bytes() });
        };
        let head = "From: an@example.vn\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0";
        let plain = "Content-Type: text/plain; charset=utf-8";
        for shape in ENCODING_HEADERS {
            let header = is(shape);
            case("encoding", shape, format!("{head}\r\n{plain}\r\n{header}\r\n\r\n{body}"));
            case("encoding first", shape, format!("{header}\r\n{head}\r\n{plain}\r\n\r\n{body}"));
            let part = format!("{plain}\r\n{header}\r\n\r\n{body}");
            let outer = "Content-Type: multipart/mixed; boundary=bnd";
            case("encoding of a part", shape, format!("{head}\r\n{outer}\r\n\r\n--bnd\r\n{part}\r\n--bnd--\r\n"));
        }
        for shape in TYPE_HEADERS {
            case("type", shape, format!("{head}\r\n{shape}\r\n{said}\r\n\r\n{body}"));
            case("type behind", shape, format!("{head}\r\n{said}\r\n{shape}\r\n\r\n{body}"));
        }
        for shape in DELIMITERS {
            case("delimiter", shape, format!("{head}\r\n{plain}\r\n{said}{shape}{body}"));
            let outer = "Content-Type: multipart/mixed; boundary=bnd";
            let part = format!("{plain}\r\n{said}{shape}{body}");
            case("delimiter of a part", shape, format!("{head}\r\n{outer}\r\n\r\n--bnd\r\n{part}\r\n--bnd--\r\n"));
        }
        for shape in BEFORE {
            case("before", shape, format!("{shape}{head}\r\n{plain}\r\n{said}\r\n\r\n{body}"));
        }
        let part = format!("{plain}\r\n{said}\r\n\r\n{body}");
        for (shape, lines) in BOUNDARIES {
            let parts = format!("--{lines}\r\n\r\nxin chao\r\n--{lines}\r\n{part}\r\n--{lines}--\r\n");
            case("boundary", &format!("{shape} / {lines}"), format!("{head}\r\nContent-Type: {shape}\r\n\r\n{parts}"));
        }
        for (shape, lines) in STRUCTURES {
            let parts = lines.replace("{T}", "\r\nxin chao").replace("{P}", &part);
            let outer = "Content-Type: multipart/mixed; boundary=bnd";
            case("structure", shape, format!("{head}\r\n{outer}\r\n\r\n{parts}"));
        }
    }
    cases
}
