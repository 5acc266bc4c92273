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
    pub(crate) const ALL: &[&Format] = &[$(&$name),*];
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
    fn all_are_opaque_and_scanned() {
        for format in ALL {
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &(format.example)());
            let inspection = inspection.inspection;
            assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{}", format.media_type);
        }
    }
}
