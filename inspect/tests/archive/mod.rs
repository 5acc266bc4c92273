//! Containers made by hand, so that the tests need no other library.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// How a member of an archive is laid down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Stored,
    Deflated,
    /// Its sizes stand behind it, with or without a mark.
    Streamed {
        mark: bool,
    },
}

pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(name, data)| (*name, *data, How::Deflated)).collect();
    zip_how(&members)
}

pub(crate) fn zip_how(members: &[(&str, &[u8], How)]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, data, how) in members {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let packed = if *how == How::Stored { data.to_vec() } else { deflate(data) };
        let at = out.len() as u32;
        let streamed = matches!(how, How::Streamed { .. });
        let mut sums = crc.sum().to_le_bytes().to_vec();
        sums.extend((packed.len() as u32).to_le_bytes());
        sums.extend((data.len() as u32).to_le_bytes());
        let mut common = vec![20, 0, if streamed { 8 } else { 0 }, 0, if *how == How::Stored { 0 } else { 8 }, 0];
        common.extend([0; 4]);
        let names = [(name.len() as u16).to_le_bytes(), [0, 0]].concat();
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(if streamed { &[0; 12] } else { sums.as_slice() });
        out.extend(&names);
        out.extend(name.as_bytes());
        out.extend(&packed);
        if let How::Streamed { mark } = how {
            out.extend(if *mark { &b"PK\x07\x08"[..] } else { b"" });
            out.extend(&sums);
        }
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&common);
        central.extend(&sums);
        central.extend(&names);
        central.extend([0; 10]);
        central.extend(at.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let at = out.len() as u32;
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend((members.len() as u16).to_le_bytes());
    }
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// An archive in the large layout, as programs write it that do not know how large it will be: all numbers in fields of
/// their own, or the sizes in the members' own headers only.
pub(crate) fn zip64(members: &[(&str, &[u8])], streamed: bool, everywhere: bool) -> Vec<u8> {
    const NONE: [u8; 4] = [0xff; 4];
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let (packed, at) = (deflate(data), out.len() as u64);
        let (crc, sizes) = (crc.sum().to_le_bytes(), [data.len() as u64, packed.len() as u64]);
        let common = [&[45, 0, if streamed { 8 } else { 0 }, 0, 8, 0, 0, 0, 0, 0][..]].concat();
        let [large, large_packed] = sizes.map(u64::to_le_bytes);
        let extra =
            |numbers: &[[u8; 8]]| [&[1, 0][..], &(8 * numbers.len() as u16).to_le_bytes(), &numbers.concat()].concat();
        let own = if streamed { extra(&[[0; 8]; 2]) } else { extra(&[large, large_packed]) };
        let name_len = (name.len() as u16).to_le_bytes();
        let sum = if streamed { [0; 4] } else { crc };
        out.extend(
            [b"PK\x03\x04", &common[..], &sum, &NONE, &NONE, &name_len, &(own.len() as u16).to_le_bytes()].concat(),
        );
        out.extend([name.as_bytes(), &own, &packed].concat());
        if streamed {
            out.extend([b"PK\x07\x08", &crc[..], &large_packed, &large].concat());
        }
        let narrow = sizes.map(|size| (size as u32).to_le_bytes());
        let (extra, numbers) = if everywhere {
            (extra(&[large, large_packed, at.to_le_bytes()]), [NONE; 3])
        } else {
            (Vec::new(), [narrow[1], narrow[0], (at as u32).to_le_bytes()])
        };
        let [packed, size, at] = numbers;
        central.extend([b"PK\x01\x02\x2d\0", &common[..], &crc, &packed, &size, &name_len].concat());
        central.extend([&(extra.len() as u16).to_le_bytes()[..], &[0; 10], &at, name.as_bytes(), &extra].concat());
    }
    let (at, len, count) = (out.len() as u64, central.len() as u64, members.len() as u64);
    out.extend(&central);
    let end = out.len() as u64;
    if everywhere {
        out.extend([b"PK\x06\x06", &44u64.to_le_bytes()[..], &[45, 0, 45, 0], &[0; 8]].concat());
        out.extend([count, count, len, at].map(u64::to_le_bytes).concat());
        out.extend([b"PK\x06\x07\0\0\0\0", &end.to_le_bytes()[..], &[1, 0, 0, 0]].concat());
        out.extend([b"PK\x05\x06\0\0\0\0", &[0xff; 12][..], &[0, 0]].concat());
    } else {
        let count = (count as u16).to_le_bytes();
        out.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &(len as u32).to_le_bytes()].concat());
        out.extend([&(at as u32).to_le_bytes()[..], &[0, 0]].concat());
    }
    out
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(data).expect("memory");
    packed.finish().expect("memory")
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(data).expect("memory");
    packed.finish().expect("memory")
}

pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(data).expect("memory");
    packed.finish().expect("memory")
}

pub(crate) fn tar(name: &str, data: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header.extend_from_slice(data);
    header.resize(512 + data.len().next_multiple_of(512) + 1_024, 0);
    header
}

/// A mail with one attachment in base64.
pub(crate) fn mail(name: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "From: a@example.vn\r\nTo: b@example.vn\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; \
         boundary=x7\r\n\r\n--x7\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    for line in data.chunks(57) {
        for group in line.chunks(3) {
            const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let bits = group.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - group.len()));
            for n in 0..4 {
                let sign = char::from(SIGNS[(bits >> (18 - 6 * n) & 63) as usize]);
                out.push(if n > group.len() { '=' } else { sign });
            }
        }
        out += "\r\n";
    }
    (out + "--x7--\r\n").into_bytes()
}

/// What an archive holds, its sums checked.
pub(crate) fn unzip(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, len: usize| bytes[at..at + len].iter().rev().fold(0, |n, b| n << 8 | usize::from(*b));
    let end = bytes.len() - 22;
    assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
    let (mut at, mut members) = (number(end + 16, 4), Vec::new());
    while at < end {
        assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
        let (name_len, extra_len, header) = (number(at + 28, 2), number(at + 30, 2), number(at + 42, 4));
        let name = String::from_utf8(bytes[at + 46..at + 46 + name_len].to_vec()).expect("a name");
        assert_eq!(&bytes[header..header + 4], b"PK\x03\x04");
        let data = header + 30 + number(header + 26, 2) + number(header + 28, 2);
        let packed = &bytes[data..data + number(at + 20, 4)];
        let mut content = Vec::new();
        match number(at + 10, 2) {
            0 => content.extend_from_slice(packed),
            _ => drop(flate2::read::DeflateDecoder::new(packed).read_to_end(&mut content).expect("deflate")),
        }
        let mut crc = flate2::Crc::new();
        crc.update(&content);
        assert_eq!((crc.sum() as usize, content.len()), (number(at + 16, 4), number(at + 24, 4)), "{name}");
        if number(header + 6, 2) & 8 == 0 {
            assert_eq!(bytes[header + 14..header + 26], bytes[at + 16..at + 28], "{name}");
        } else {
            let behind = &bytes[data + packed.len()..];
            let fields = behind.strip_prefix(b"PK\x07\x08").unwrap_or(behind);
            assert_eq!(fields[..12], bytes[at + 16..at + 28], "{name}");
        }
        members.push((name, content));
        at += 46 + name_len + extra_len + number(at + 32, 2);
    }
    members
}

/// Everything within, layer by layer: how bytes were compressed is nobody's concern.
pub(crate) fn opened(bytes: &[u8]) -> String {
    let mut content = Vec::new();
    if bytes.starts_with(b"PK") {
        unzip(bytes).iter().map(|(name, content)| format!("{name}({})", opened(content))).collect()
    } else if bytes.starts_with(b"\x1f\x8b") {
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut content).expect("gzip");
        format!("gz({})", opened(&content))
    } else if bytes.starts_with(b"\x78\x9c") {
        flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut content).expect("zlib");
        format!("zlib({})", opened(&content))
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}
