//! Fuzz targets: what must hold for any bytes at all, and documents to begin from.
//!
//! Each target is a function of bytes that panics when something does not hold, so any driver can run it: the program
//! of this crate mutates blindly and needs nothing but cargo, `fuzz/run` steers by coverage. What they learned lies in
//! `corpus/` and is replayed by the tests.

pub mod kept;
mod network;
pub mod seeds;
mod smtp;

use std::sync::LazyLock;
use std::time::Duration;

use chot_detectors::{CONTEXT_BYTES, Context, Detectors};
use chot_inspect::{Bounds, Extractor, Hint, InProcess, Inspected, Inspector, Kind, Limits};
use chot_model::{DetectorId, OpaqueReason};

/// A target: its name, how the bytes come to the right reader, and the declared type.
pub struct Target {
    /// Name on the command line.
    pub name: &'static str,
    form: Form,
    content_type: Option<&'static str>,
    check: fn(&Hint, &[u8]),
}

/// How the bytes come to the right reader.
enum Form {
    /// Behind these, unless they begin so.
    Behind(&'static [u8]),
    /// Within a sound document, whose checksums and lengths no mutation would get right.
    Within(fn(&[u8]) -> Vec<u8>),
}

const fn target(name: &'static str, prefix: &'static [u8], content_type: Option<&'static str>) -> Target {
    Target { name, form: Form::Behind(prefix), content_type, check: inspect }
}

const fn within(name: &'static str, document: fn(&[u8]) -> Vec<u8>) -> Target {
    Target { name, form: Form::Within(document), content_type: None, check: inspect }
}

/// How a file of a hospital begins, up to what its first text holds.
const DICOM: &[u8] = &{
    const HEAD: &[u8; 38] = b"DICM\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1 \x10\0\x20\0LO";
    let mut begin = [0; 128 + HEAD.len()];
    begin.split_at_mut(128).1.copy_from_slice(HEAD);
    begin
};

/// Every target.
pub const TARGETS: &[Target] = &[
    target("inspector", b"", None),
    Target { name: "detectors", form: Form::Behind(b""), content_type: None, check: detect },
    Target { name: "cells", form: Form::Behind(b""), content_type: None, check: cell },
    target("mail", b"From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\n", None),
    target("zip", b"PK\x03\x04", None),
    target("json", b"{\"soCCCD\":", None),
    target("xml", b"<?xml version='1.0'?><ds>", None),
    target("html", b"<html>", Some("text/html")),
    target("csv", b"STT,\xe1\xba\xa2nh,CCCD\n1,2,3\n4,5,6\n", None),
    target("form", b"a=1&soCCCD=", Some("application/x-www-form-urlencoded")),
    target("multipart", b"--x7\r\nContent-Disposition: form-data; name=\"", Some("multipart/form-data; boundary=x7")),
    target("layers", b"so CCCD ", Some("text/plain")),
    target("pdf", b"%PDF-1.4\n", None),
    target("rtf", b"{\\rtf1", None),
    target("sql", b"INSERT INTO a (b, so_cmnd) VALUES ", None),
    target("yenc", b"=ybegin line=128 size=9 name=a\r\n", None),
    target("binary", b"\0\x01\x02\xff\xfe\x89PNG\r\n\x1a\n", None),
    target("png", b"\x89PNG\r\n\x1a\n", None),
    target("jpeg", b"\xff\xd8\xff", None),
    Target { name: "picture", form: Form::Within(seeds::picture), content_type: None, check: picture },
    target("gif", b"GIF89a", None),
    target("webp", b"RIFF", None),
    target("bmp", b"BM", None),
    target("tiff", b"II*\0", None),
    target("gzip", b"\x1f\x8b\x08", None),
    target("utf16", b"\xff\xfe", None),
    target("utf32", b"\xff\xfe\0\0", None),
    target("svg", b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
    target("vcard", b"BEGIN:VCARD\r\nVERSION:3.0\r\n", None),
    target("calendar", b"BEGIN:VCALENDAR\r\n", None),
    target("ldif", b"dn: cn=a\n", None),
    target("sylk", b"ID;PX\nC;Y1;X1;K\"", None),
    target("dif", b"TABLE\n0,1\n\"A\"\nDATA\n0,0\n\"\"\n-1,0\nBOT\n", None),
    target("tex", b"\\documentclass{a}\n", None),
    target("script", b"<html><script>var a = {'soCCCD':", Some("text/html")),
    target("placed", b"<html><body>So CCCD:<p style='position:absolute;left:9px'>0</p>", Some("text/html")),
    target("bytes", b"{\"type\":\"Buffer\",\"data\":[80,75,3,4,", None),
    within("boxes", seeds::boxes),
    target("mbox", b"From a@example.vn Thu Jan  1 00:00:00 2026\nFrom: a@example.vn\nTo: b@example.vn\n\n", None),
    target("bzip2", b"BZh9", None),
    target("zlib", b"\x78\x9c", None),
    target("tar", b"", None),
    target("tabs", b"STT\tT\xc3\xaan\tCCCD\n1\t2\t3\n4\t5\t6\n", None),
    target("xz", b"\xfd7zXZ\0", None),
    target("lzma", b"\x5d\0\0\x10\0\xff\xff\xff\xff\xff\xff\xff\xff\0", None),
    target("lz4", b"\x04\x22\x4d\x18", None),
    target("zstd", b"\x28\xb5\x2f\xfd", None),
    target("compress", b"\x1f\x9d\x90", None),
    target("7z", b"7z\xbc\xaf\x27\x1c\0\x04", None),
    target("rar4", b"Rar!\x1a\x07\0", None),
    target("rar5", b"Rar!\x1a\x07\x01\0", None),
    target("cab", b"MSCF\0\0\0\0", None),
    target("ar", b"!<arch>\n", None),
    target("cpio", b"070701", None),
    target("sqlite", b"SQLite format 3\0\x02\0", None),
    target("sqlite-log", b"\x37\x7f\x06\x82\0\x2d\xe2\x18\0\0\x02\0", None),
    target("dbf", b"\x03\x7e\x0b\x16", None),
    within("sheet", seeds::workbook),
    within("document", seeds::document),
    target("compound", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None),
    target("tnef", b"\x78\x9f\x3e\x22\x01\0", None),
    target("cms", b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", None),
    target("pgp", b"\x8c", None),
    within("old-workbook", seeds::old_workbook),
    within("old-letter", seeds::old_letter),
    within("old-slides", seeds::old_slides),
    within("message", seeds::message),
    within("objects", seeds::objects),
    within("binary-workbook", seeds::binary_workbook),
    within("strings", seeds::strings),
    within("pivot", seeds::pivot),
    within("content", seeds::content),
    target("flat", b"<office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'>", None),
    within("gzipped", seeds::gzip),
    within("pdf-stream", seeds::pdf),
    within("pdf-page", seeds::pdf_page),
    within("pdf-font", seeds::pdf_font),
    within("pdf-objects", seeds::pdf_objects),
    within("attachment", seeds::attachment),
    within("disc", seeds::disc),
    target("parquet", b"PAR1", None),
    within("7z-header", seeds::seven_zip),
    Target { name: "hello", form: Form::Behind(b"\x16\x03\x01"), content_type: None, check: network::hello },
    Target {
        name: "requests",
        form: Form::Behind(b"POST / HTTP/1.1\r\n"),
        content_type: None,
        check: network::requests,
    },
    Target {
        name: "plain-requests",
        form: Form::Behind(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"),
        content_type: None,
        check: network::plain_requests,
    },
    Target {
        name: "plain-answers",
        form: Form::Behind(b"HTTP/1.1 200 OK\r\n"),
        content_type: None,
        check: network::answers,
    },
    Target {
        name: "websocket",
        form: Form::Behind(b"\x01\x82abcd\0\0"),
        content_type: None,
        check: network::websocket,
    },
    Target { name: "proxy-v1", form: Form::Behind(b"PROXY TCP4 "), content_type: None, check: network::proxy_header },
    Target {
        name: "proxy-v2",
        form: Form::Behind(b"\r\n\r\n\0\r\nQUIT\n\x21"),
        content_type: None,
        check: network::proxy_header,
    },
    Target { name: "smtp-data", form: Form::Behind(b"."), content_type: None, check: smtp::data },
    Target { name: "smtp-lines", form: Form::Behind(b"MAIL FROM:<"), content_type: None, check: smtp::lines },
    Target { name: "smtp-header", form: Form::Behind(b"X-Chot-A: "), content_type: None, check: smtp::header },
    Target { name: "smtp-replies", form: Form::Behind(b"250-"), content_type: None, check: smtp::replies },
    Target { name: "milter", form: Form::Behind(b"\0\0\0\x05L"), content_type: None, check: smtp::milter },
    Target {
        name: "mail-hidden",
        form: Form::Within(seeds::hidden),
        content_type: Some("message/rfc822"),
        check: smtp::hidden,
    },
    Target {
        name: "directory",
        form: Form::Behind(b"\x30\x0c\x02\x01\x01"),
        content_type: None,
        check: network::directory,
    },
    target("grpc", b"\0\0\0\0\x10", Some("application/grpc")),
    target("protobuf", b"\x0a\x10", Some("application/x-protobuf")),
    target("dicom", DICOM, None),
    within("dicom-implicit", |bytes| seeds::hospital("1.2.840.10008.1.2\0", bytes)),
    within("dicom-deflated", |bytes| seeds::hospital("1.2.840.10008.1.2.1.99", &seeds::deflate(bytes))),
    within("emf", seeds::enhanced),
    within("wmf", |bytes| [&b"\x01\0\x09\0\0\x03"[..], &[0; 12], bytes].concat()),
    within("svm", |bytes| [&b"VCLMTF\x01\0\x04\0\0\0\x20\0\0\0"[..], bytes].concat()),
    target("cbor", b"\xa2\x66soCCCD", Some("application/cbor")),
    target("messagepack", b"\x82\xa6soCCCD", Some("application/msgpack")),
    target("bson", b"\x2b\0\0\0\x02soCCCD\0", Some("application/bson")),
    Target { name: "answers", form: Form::Behind(b""), content_type: None, check: answers },
];

impl Target {
    /// Runs it.
    pub fn run(&self, bytes: &[u8]) {
        let bytes = match self.form {
            Form::Behind(prefix) if !bytes.starts_with(prefix) => [prefix, bytes].concat(),
            Form::Behind(_) => bytes.to_vec(),
            Form::Within(document) => document(bytes),
        };
        let hint = Hint { name: None, content_type: self.content_type.map(str::to_owned) };
        (self.check)(&hint, &bytes);
    }
}

fn summary(inspected: &Inspected) -> String {
    let mut inspection = inspected.inspection.clone();
    inspection.elapsed_us = 0;
    format!("{inspection:?}")
}

/// Bytes end in an inspection that says what it could not read; however they arrive, it is the same; a cache changes
/// nothing; redaction stays within the object.
fn inspect(hint: &Hint, bytes: &[u8]) {
    static PLAIN: LazyLock<Inspector> = LazyLock::new(|| {
        // Print is read by a program of others, in its own time.
        let limits = Limits {
            inflated_bytes_max: 1 << 24,
            members_max: 100,
            print_time_max: Duration::ZERO,
            ..Limits::default()
        };
        Inspector::new(limits, 2026).unlocking([chot_model::Secret::new("abc")])
    });
    static CACHED: LazyLock<Inspector> = LazyLock::new(|| PLAIN.clone().cached());
    let source = bytes.to_vec();
    let whole = PLAIN.inspect(hint.clone(), &source);
    let report = &whole.inspection;
    assert!(!report.is_opaque(OpaqueReason::Failed), "the inspection failed");
    assert_eq!(report.object.bytes_inspected < report.object.bytes, !report.opaque.is_empty(), "opaque bytes");
    let ids: Vec<DetectorId> = DetectorId::identifiers().collect();
    if let Ok(splices) = whole.redact(&ids, &source) {
        let mut at = 0;
        for splice in splices {
            assert!(at <= splice.range.start && splice.range.end <= bytes.len() as u64, "a splice outside");
            at = splice.range.end;
        }
    }
    let mut split = PLAIN.begin(hint.clone());
    let cut = bytes.len() / 3;
    split.push(bytes.get(..cut).unwrap_or_default());
    split.push(bytes.get(cut..).unwrap_or_default());
    assert_eq!(summary(&split.finish(&source)), summary(&whole), "split");
    for _ in 0..2 {
        assert_eq!(summary(&CACHED.inspect(hint.clone(), &source)), summary(&whole), "cached");
    }
}

/// What a worker tells of a picture: the same each time, and no page without its width.
fn picture(_: &Hint, bytes: &[u8]) {
    let told = || {
        let mut told = Vec::new();
        let bounds = Bounds { decoded_bytes_max: u64::MAX, time_max: Duration::from_secs(60) };
        let ended = InProcess.extract(Kind::Picture, &bytes.to_vec(), bounds, &[], &mut |piece| {
            told.push(format!("{piece:?}"));
            true
        });
        assert_eq!(ended, Ok(()), "what is not understood is told");
        told
    };
    assert_eq!(told(), told(), "the same again");
}

/// What a worker may answer, once it is in the hands of whoever made the object: frames are understood or refused, and
/// what is understood is written as it was read.
fn answers(_: &Hint, bytes: &[u8]) {
    use chot_worker::wire;
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first_chunk() {
        let Some((kind, len)) = wire::head(*first) else { return };
        assert!(len <= wire::FRAME_MAX, "a frame too long");
        let Some((content, after)) = after.split_at_checked(len) else { return };
        let Some(answer) = wire::answer(kind, content) else { return };
        let mut again = Vec::new();
        wire::write(&answer, &mut again);
        if let Some((_, content)) = again.split_first_chunk::<{ wire::HEAD }>()
            && content.len() == len
        {
            assert_eq!(wire::answer(kind, content), Some(answer), "read again");
        }
        rest = after;
    }
}

/// Hits lie within the text, in order, and a text scanned in two windows has those of the whole.
fn detect(_: &Hint, bytes: &[u8]) {
    static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(2026));
    let mut whole = Vec::new();
    DETECTORS.scan(bytes, 0..bytes.len(), Context::default(), &mut whole);
    for hit in &whole {
        assert!(hit.range.start < hit.range.end && hit.range.end <= bytes.len(), "a hit outside");
    }
    let cut = bytes.len() / 2;
    let (mut parts, mut second) = (Vec::new(), Vec::new());
    let first = bytes.get(..bytes.len().min(cut + CONTEXT_BYTES)).unwrap_or_default();
    DETECTORS.scan(first, 0..cut, Context::default(), &mut parts);
    let from = cut.saturating_sub(CONTEXT_BYTES);
    let rest = bytes.get(from..).unwrap_or_default();
    DETECTORS.scan(rest, cut - from..rest.len(), Context::default(), &mut second);
    let told = |hits: &[chot_detectors::Hit], by: usize| -> Vec<_> {
        hits.iter().map(|h| (h.detector, h.range.start + by, h.range.end + by, h.confidence)).collect()
    };
    let joined = [told(&parts, 0), told(&second, from)].concat();
    assert_eq!(joined, told(&whole, 0), "windows");
}

/// What a cell holds is found within it, whatever its header; the first byte picks one.
fn cell(_: &Hint, bytes: &[u8]) {
    static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(2026));
    const HEADERS: &[&str] = &[
        "Số CCCD",
        "Số CMND",
        "Mã số BHXH",
        "Mã thẻ BHYT",
        "MST",
        "Hộ chiếu",
        "GPLX",
        "Điện thoại",
        "Số tài khoản",
        "Họ và tên",
        "Ngày sinh",
        "Địa chỉ",
        "Biển số",
        "Mã bệnh",
        "Số hồ sơ",
        "Ghi chú",
    ];
    let Some((first, cell)) = bytes.split_first() else { return };
    let header = HEADERS.get(usize::from(*first) % HEADERS.len()).copied().unwrap_or_default();
    let mut hits = Vec::new();
    DETECTORS.scan(cell, 0..cell.len(), Context { column: DETECTORS.column(header) }, &mut hits);
    for hit in &hits {
        assert!(hit.range.start < hit.range.end && hit.range.end <= cell.len(), "a hit outside");
    }
}
