//! Bytes that are no text: what is written beside pixels, strings in programs, frames of messages.

use crate::archive::zlib;
use crate::hosts::{Host, host};

pub(crate) const ALL: &[Host] = &[
    host("png, a text", false, |_, p| png(b"tEXt", &[b"Comment\0", p.said.as_bytes()].concat())),
    host("png, a packed text", false, |_, p| png(b"zTXt", &[b"Comment\0\0", &zlib(p.said.as_bytes())[..]].concat())),
    host("png, an international text", false, |_, p| {
        png(b"iTXt", &[b"Comment\0\x01\0vi\0\0", &zlib(p.said.as_bytes())[..]].concat())
    }),
    host("png, behind its end", true, |_, p| [&png(b"tEXt", b"a\0b")[..], p.said.as_bytes()].concat()),
    host("jpeg, a comment", false, |_, p| {
        let len = (p.said.len() as u16 + 2).to_be_bytes();
        [b"\xff\xd8\xff\xfe", &len[..], p.said.as_bytes(), &include_bytes!("../images/landscape.jpg")[2..]].concat()
    }),
    host("jpeg, behind its end", true, |_, p| [include_bytes!("../images/landscape.jpg"), p.said.as_bytes()].concat()),
    host("gif, a comment", false, |_, p| {
        let blocks = p.said.as_bytes().chunks(255).flat_map(|block| [&[block.len() as u8][..], block].concat());
        let mut out = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xfe".to_vec();
        out.extend(blocks);
        out.extend(b"\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
        out
    }),
    host("unknown bytes", true, |_, p| {
        [b"\x7fELF\x02\x01\x01\0\xff\xfe\xfd", p.said.as_bytes(), b"\n\0\x01\x02\xff", &filling()[..]].concat()
    }),
    host("unknown bytes, wide", false, |_, p| {
        // Of two bytes a letter only ASCII is told from chance.
        let said = if p.said.is_ascii() { p.said.clone() } else { p.plain.clone() };
        let wide: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [b"\x01\x02\xff\xfe\xfd\x80", &wide[..], b"\n\0\x01\xff\xff\x80", &filling()[..]].concat()
    }),
    host("a message of a program", false, |_, p| {
        let more = [&[0x12][..], &varint(900), &[b'x'; 900]].concat();
        let field = [&[0x0a][..], &varint(p.said.len()), p.said.as_bytes(), &more].concat();
        [&[0][..], &(field.len() as u32).to_be_bytes(), &field].concat()
    }),
    host("yEnc", true, |_, p| {
        let coded: Vec<u8> = p.said.bytes().flat_map(coded).collect();
        let size = p.said.len();
        [
            format!("=ybegin line=4096 size={size} name=a.txt\r\n").as_bytes(),
            &coded,
            format!("\r\n=yend size={size}\r\n").as_bytes(),
        ]
        .concat()
    }),
];

/// As long as a file is: what is shorter, and means nothing in base64, is taken for a key. Between bytes of chance only
/// ASCII is read; these are of a program.
fn filling() -> Vec<u8> {
    b"\x01\x02\0\xffabcdefgh".repeat(90)
}

fn coded(b: u8) -> Vec<u8> {
    match b.wrapping_add(42) {
        moved @ (0 | b'\n' | b'\r' | b'=') => vec![b'=', moved.wrapping_add(64)],
        moved => vec![moved],
    }
}

pub(crate) fn varint(mut n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 128 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&[kind, data].concat());
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

/// A picture of one dot with this chunk.
fn png(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    let dot = chunk(b"IDAT", &zlib(&[0, 0]));
    [b"\x89PNG\r\n\x1a\n", &header[..], &chunk(kind, data), &dot, &chunk(b"IEND", b"")].concat()
}
