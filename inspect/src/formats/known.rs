//! Formats known by their mark and not read: their media type is told, their bytes are scanned as they are, and the
//! whole is opaque.
//!
//! A policy can name the type; a person is told what it was that could not be read.

use chot_model::OpaqueReason;

use super::unknown::Unknown;
use super::{Format, Room};
use crate::sniff::{Encoding, Head};

macro_rules! known {
    ($($name:ident $media_type:literal $at:literal $($mark:literal)|+;)*) => {$(
        const $name: Format = Format {
            media_type: $media_type,
            matches: |head| marked(head, $at, &[$($mark),+]),
            room: Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::UnsupportedFormat))),
            #[cfg(test)]
            example: || tests::example($at, &[$($mark),+]),
        };
    )*
    /// All of them.
    pub(crate) const ALL: &[&Format] = &[$(&$name,)* &BITMAP, &PIXMAP, &ANYMAP];
    /// Those of bytes.
    pub(super) const BY_BYTES: &[&Format] = &[$(&$name,)*];
    };
}

known! {
    ACCESS "application/x-msaccess" 4 b"Standard Jet DB\0" | b"Standard ACE DB\0";
    ACE "application/x-ace-compressed" 7 b"**ACE**";
    ARJ "application/x-arj" 0 b"\x60\xea\x1e\0" | b"\x60\xea\x22\0" | b"\x60\xea\x2a\0" | b"\x60\xea\x2b\0" | b"\x60\xea\x2c\0" | b"\x60\xea\x2d\0" | b"\x60\xea\x2e\0" | b"\x60\xea\x2f\0";
    LZH "application/x-lzh-compressed" 2 b"-lh0-" | b"-lh1-" | b"-lh4-" | b"-lh5-" | b"-lh6-" | b"-lh7-" | b"-lhd-" | b"-lzs-";
    LZIP "application/x-lzip" 0 b"LZIP\x01";
    WIM "application/x-ms-wim" 0 b"MSWIM\0\0\0";
    XAR "application/x-xar" 0 b"xar!";
    VHD "application/x-vhd" 0 b"conectix";
    VHDX "application/x-vhdx" 0 b"vhdxfile";
    VMDK "application/x-vmdk" 0 b"KDMV";
    QCOW "application/x-qemu-disk" 0 b"QFI\xfb";
    SQUASHFS "application/vnd.squashfs" 0 b"hsqs";
    ORC "application/x-orc" 0 b"ORC\x0a" | b"ORC\x08" | b"ORC\x00";
    AVRO "application/avro" 0 b"Obj\x01";
    ARROW "application/vnd.apache.arrow.file" 0 b"ARROW1\0\0";
    HDF5 "application/x-hdf5" 0 b"\x89HDF\r\n\x1a\n";
    NUMPY "application/x-npy" 0 b"\x93NUMPY";
    POSTSCRIPT "application/postscript" 0 b"%!PS" | b"\xc5\xd0\xd3\xc6" | b"\x04%!PS";
    JAVA "application/x-java-serialized-object" 0 b"\xac\xed\0\x05";
    GIT_PACK "application/x-git-pack" 0 b"PACK\0\0\0\x02" | b"PACK\0\0\0\x03";
    GIT_BUNDLE "application/x-git-bundle" 0 b"# v2 git bundle\n" | b"# v3 git bundle\n";
    PLIST "application/x-bplist" 0 b"bplist0" | b"bplist1";
    OUTLOOK "application/vnd.ms-outlook-pst" 0 b"!BDN";
}

/// Pictures whose dots are written as text: those of X, and the portable ones.
const BITMAP: Format = Format {
    media_type: "image/x-xbitmap",
    matches: |head| {
        let has = |what: &[u8]| memchr::memmem::find(head.bytes, what).is_some();
        head.trimmed.starts_with(b"#define ") && has(b"_width ") && has(b"_bits[]")
    },
    room: ROOM,
    #[cfg(test)]
    example: || "#define a_width 8\nstatic char a_bits[] = { 0x00 };\nSố CCCD 001090123456\n".into(),
};
const PIXMAP: Format = Format {
    media_type: "image/x-xpixmap",
    matches: |head| head.trimmed.starts_with(b"/* XPM */"),
    room: ROOM,
    #[cfg(test)]
    example: || "/* XPM */\nstatic char *a[] = { \"1 1 1 1\" };\nSố CCCD 001090123456\n".into(),
};
const ANYMAP: Format = Format {
    media_type: "image/x-portable-anymap",
    matches: |head| is_anymap(head.bytes),
    room: ROOM,
    #[cfg(test)]
    example: || "P2\n# Số CCCD 001090123456\n2 1 255\n0 255\n".into(),
};

const ROOM: Room = Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::UnsupportedFormat)));

/// Whether it is `P1`, `P2` or `P3` (netpbm.sourceforge.net/doc/pgm.html), and numbers and remarks behind it.
fn is_anymap(bytes: &[u8]) -> bool {
    /// Width and height at least, and some dots.
    const NUMBERS_MIN: usize = 3;
    let Some([b'1'..=b'3', b'\n' | b'\r' | b' ' | b'\t', rest @ ..]) = bytes.strip_prefix(b"P") else { return false };
    let said = rest.split(|b| *b == b'\n').map(|line| line.split(|b| *b == b'#').next().unwrap_or_default());
    let mut words = said.flat_map(|line| line.split(u8::is_ascii_whitespace)).filter(|word| !word.is_empty());
    let is_number = |word: &[u8]| word.iter().all(u8::is_ascii_digit);
    words.clone().take(NUMBERS_MIN).count() == NUMBERS_MIN && words.all(is_number)
}

fn marked(head: &Head<'_>, at: usize, marks: &[&[u8]]) -> bool {
    let begins = |bytes: &[u8]| marks.iter().any(|mark| bytes.starts_with(mark));
    // A text may begin with any of them, but for the marks of texts, and those that no text has: three zeros in a row.
    let is_written = [&b"%!"[..], b"#", b"bplist"].iter().any(|mark| head.bytes.starts_with(mark));
    let has_zeros = marks.iter().any(|mark| mark.ends_with(b"\0\0\0"));
    // Text of two or four bytes a letter has zeros in its first four, and no mark behind them here has any.
    let is_narrow = head.text.is_some_and(|text| text != Encoding::Utf8 && text != Encoding::Legacy) && at == 0;
    (head.text.is_none() || is_written || has_zeros || is_narrow) && head.bytes.get(at..).is_some_and(begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hint, Inspector, Limits};

    pub(super) fn example(at: usize, marks: &[&[u8]]) -> Vec<u8> {
        [&vec![0; at][..], marks[0], "\0\0\x01\n Số CCCD 001090123456 \0".as_bytes()].concat()
    }

    #[test]
    fn texts_that_begin_like_a_picture_are_texts() {
        for text in ["P2 là phòng 2, tầng 3", "P1\n", "#define WIDTH 8\nint a_width = 8;", "/* XPMS */", "P3 100 2 5 a"]
        {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
            assert!(inspection.inspection.opaque.is_empty(), "{text}");
        }
    }

    #[test]
    fn all_are_opaque_and_scanned() {
        for format in ALL {
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &(format.example)());
            let inspection = inspection.inspection;
            assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{}", format.media_type);
        }
    }
}
