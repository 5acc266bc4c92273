//! What it is packed in: streams, archives, mails, and encodings within text.

use std::io::Write;

use rars::{ArchiveVersion, Builder};

use crate::Random;
use crate::archive::{How, gzip, mail, tar, zip, zip_how, zip64, zlib};
use crate::binary::varint;
use crate::hosts::json;
use crate::plant::base64;

type Wrap = (&'static str, fn(&mut Random, &[u8]) -> Vec<u8>);

const ALL: &[Wrap] = &[
    ("gzip", |_, b| gzip(b)),
    ("gzip with a name", |_, b| [b"\x1f\x8b\x08\x08\0\0\0\0\0\x03a.bin\0", &gzip(b)[10..]].concat()),
    ("zlib", |_, b| zlib(b)),
    ("bzip2", |_, b| {
        let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        out.write_all(b).expect("memory");
        out.finish().expect("memory")
    }),
    ("xz", |_, b| xz(b)),
    ("zstd", |_, b| ruzstd::encoding::compress_to_vec(b, ruzstd::encoding::CompressionLevel::Fastest)),
    ("lz4", |_, b| lz4(b)),
    ("compress", |_, b| compress(b)),
    ("zip", |r, b| zip(&[(name(r), b)])),
    ("zip, stored", |r, b| zip_how(&[(name(r), b, How::Stored)])),
    ("zip, streamed", |r, b| zip_how(&[(name(r), b, How::Streamed { mark: true })])),
    ("zip with others", |r, b| zip(&[("a.txt", b"x"), (name(r), b), ("z.txt", b"y")])),
    ("large zip", |r, b| zip64(&[(name(r), b)], false, true)),
    ("zip behind a program", |r, b| [b"MZ\x90\0\x03\0\0\0\xff\xff".as_slice(), &zip(&[(name(r), b)])].concat()),
    ("zip in a folder", |_, b| zip(&[("thư mục/con/a.bin", b)])),
    ("tar", |r, b| tar(name(r), b)),
    ("ar", |_, b| {
        let pad: &[u8] = if b.len() % 2 == 1 { b"\n" } else { b"" };
        [
            format!("!<arch>\n{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "a.bin/", 0, 0, 0, "100644", b.len()).as_bytes(),
            b,
            pad,
        ]
        .concat()
    }),
    ("cpio", |_, b| [cpio("a.bin", b), cpio("TRAILER!!!", b"")].concat()),
    ("cabinet", |_, b| cabinet(b)),
    ("7z", |_, b| seven_zip(b)),
    ("RAR 4", |r, b| rar(ArchiveVersion::Rar29, name(r), b)),
    ("RAR 5", |r, b| rar(ArchiveVersion::Rar50, name(r), b)),
    ("a mail", |r, b| mail(name(r), b)),
    ("an upload", |r, b| {
        let head = format!(
            "--x9\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{}\"\r\nContent-Type: \
             application/octet-stream\r\n\r\n",
            name(r)
        );
        [head.as_bytes(), b, b"\r\n--x9--\r\n"].concat()
    }),
    ("base64 in JSON", |_, b| format!("{{\"ten\":\"a.bin\",\"tep\":{}}}", json(&base64(b))).into_bytes()),
    ("a list of bytes in JSON", |_, b| {
        let bytes: Vec<String> = b.iter().map(u8::to_string).collect();
        format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", bytes.join(",")).into_bytes()
    }),
    ("base64 in XML", |_, b| format!("<?xml version='1.0'?><a><tep>{}</tep></a>", base64(b)).into_bytes()),
    ("an address of data", |_, b| {
        format!("<html><body><img src=\"data:application/octet-stream;base64,{}\"></body></html>", base64(b))
            .into_bytes()
    }),
    ("base64 in a text", |_, b| format!("Anh xem tệp này nhé:\n{}\n", base64(b)).into_bytes()),
    ("hexadecimal in a text", |_, b| b.iter().map(|b| format!("{b:02x}")).collect::<String>().into_bytes()),
    ("a letter", |_, b| {
        zip(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("word/document.xml", b"<w:document/>"),
            ("word/embeddings/a.bin", b),
        ])
    }),
    ("an open document", |_, b| {
        let kind = b"application/vnd.oasis.opendocument.text";
        zip(&[
            ("mimetype", kind),
            ("META-INF/manifest.xml", b"<manifest:manifest/>"),
            ("content.xml", b"<a/>"),
            ("Object 1", b),
        ])
    }),
];

/// Packs bytes in some way.
pub(crate) fn wrap(random: &mut Random, bytes: &[u8]) -> (&'static str, Vec<u8>) {
    let (name, wrap) = random.pick(ALL);
    (name, wrap(random, bytes))
}

/// What a file is called, which is not what it is.
fn name(random: &mut Random) -> &'static str {
    const NAMES: [&str; 8] = ["a.bin", "anh.jpg", "bao-cao.docx", "x", "list.xlsx", "a.txt", "song.mp3", "noname.zip"];
    NAMES[random.below(NAMES.len())]
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}

/// A stream of xz whose chunks are stored (The .xz File Format 1.2.1).
fn xz(bytes: &[u8]) -> Vec<u8> {
    const FLAGS: [u8; 2] = [0, 1];
    let pad = |out: &mut Vec<u8>| out.resize(out.len().next_multiple_of(4), 0);
    let mut header = vec![2, 0, 0x21, 1, 0x16, 0, 0, 0];
    header.extend(crc(&header));
    let chunk = |(n, data): (usize, &[u8])| {
        let size = (data.len() as u16).wrapping_sub(1).to_be_bytes();
        [&[if n == 0 { 1 } else { 2 }][..], &size, data].concat()
    };
    let mut data = bytes.chunks(1 << 16).enumerate().map(chunk).collect::<Vec<_>>().concat();
    data.push(0);
    let unpadded = header.len() + data.len() + 4;
    pad(&mut data);
    let mut index = [&[0, 1][..], &varint(unpadded), &varint(bytes.len())].concat();
    pad(&mut index);
    index.extend(crc(&index));
    let back = [&(index.len() as u32 / 4 - 1).to_le_bytes()[..], &FLAGS].concat();
    [b"\xfd7zXZ\0", &FLAGS[..], &crc(&FLAGS), &header, &data, &crc(bytes), &index, &crc(&back), &back, b"YZ"].concat()
}

/// Frames of LZ4 whose blocks are stored (LZ4 Frame Format 1.6.3).
fn lz4(bytes: &[u8]) -> Vec<u8> {
    let block = |data: &[u8]| [&(data.len() as u32 | 1 << 31).to_le_bytes()[..], data].concat();
    let blocks = bytes.chunks(1 << 16).map(block).collect::<Vec<_>>().concat();
    [b"\x04\x22\x4d\x18\x60\x40\x82", &blocks[..], &[0; 4]].concat()
}

/// What `compress` makes of letters that never repeat: every code is one, and the codes grow with their number.
fn compress(bytes: &[u8]) -> Vec<u8> {
    const WIDTH_MAX: u32 = 16;
    let (mut out, mut bits, mut held) = (b"\x1f\x9d\x90".to_vec(), 0u64, 0);
    let (mut width, mut next, mut in_group) = (9u32, 257u32, 0u32);
    for (n, b) in bytes.iter().enumerate() {
        bits |= u64::from(*b) << held;
        held += width;
        in_group += 1;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
        next += u32::from(n > 0);
        if next > (1 << width) - 1 && width < WIDTH_MAX {
            // Codes go out eight at a time; what is left of a group is filled up.
            while in_group % 8 != 0 {
                held += width;
                in_group += 1;
                while held >= 8 {
                    out.push(bits as u8);
                    bits >>= 8;
                    held -= 8;
                }
            }
            width += 1;
            in_group = 0;
        }
    }
    if held > 0 {
        out.push(bits as u8);
    }
    out
}

fn cpio(name: &str, data: &[u8]) -> Vec<u8> {
    let fields = [1, 0o100_644, 0, 0, 1, 0, data.len(), 0, 0, 0, 0, name.len() + 1, 0];
    let mut out = b"070701".to_vec();
    fields.iter().for_each(|n| out.extend(format!("{n:08x}").bytes()));
    out.extend([name.as_bytes(), b"\0"].concat());
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A cabinet of one stored member (MS-CAB, 2).
fn cabinet(bytes: &[u8]) -> Vec<u8> {
    const HEADER: usize = 36 + 8;
    let file =
        [&(bytes.len() as u32).to_le_bytes()[..], &[0; 4], &[0, 0], &[0x21, 0x5a, 0, 0, 0x20, 0], b"a.bin\0"].concat();
    let blocks: Vec<Vec<u8>> = bytes
        .chunks(1 << 15)
        .map(|data| {
            [&[0; 4], &(data.len() as u16).to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
        })
        .collect();
    let at = (HEADER + file.len()) as u32;
    let folder = [&at.to_le_bytes()[..], &(blocks.len() as u16).to_le_bytes(), &[0, 0]].concat();
    let rest = [&folder[..], &file, &blocks.concat()].concat();
    let size = (36 + rest.len()) as u32;
    let head = [
        b"MSCF\0\0\0\0",
        &size.to_le_bytes()[..],
        &[0; 4],
        &(HEADER as u32).to_le_bytes(),
        &[0; 4],
        &[3, 1, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0],
    ];
    [&head.concat()[..], &rest].concat()
}

/// An archive with one packed member.
fn rar(version: ArchiveVersion, name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = Builder::new(version);
    archive.add_bytes(name.as_bytes().to_vec(), bytes.to_vec(), None, None).expect("added");
    archive.to_bytes().expect("packed")
}

/// A 7z archive of one stored member (7zFormat.txt of the LZMA SDK).
fn seven_zip(bytes: &[u8]) -> Vec<u8> {
    let number = |n: usize| [&[0xff][..], &(n as u64).to_le_bytes()].concat();
    let size = number(bytes.len());
    let name: Vec<u8> = "a.bin\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let streams =
        [&[4, 6, 0, 1, 9][..], &size, &[0, 7, 11, 1, 0, 1, 1, 0, 12], &size, &[0, 8, 10, 1], &crc(bytes), &[0, 0]]
            .concat();
    let files = [&[5, 1, 0x11, name.len() as u8 + 1, 0][..], &name, &[0]].concat();
    let header = [&[1][..], &streams, &files, &[0]].concat();
    let start = [&(bytes.len() as u64).to_le_bytes()[..], &(header.len() as u64).to_le_bytes(), &crc(&header)].concat();
    [b"7z\xbc\xaf\x27\x1c\0\x04", &crc(&start)[..], &start, bytes, &header].concat()
}
