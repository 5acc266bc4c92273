//! HEIC and AVIF: known by their mark and opaque. Their video codings have no reader in Rust that is fit for strangers.

use chot_model::OpaqueReason;

use super::Text;
use super::frames::Frames;
use crate::formats::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "image/heif",
    matches: |head| {
        let brand = head.bytes.get(8..12);
        head.bytes.get(4..8) == Some(b"ftyp")
            && matches!(
                brand,
                Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1" | b"avif" | b"avis")
            )
    },
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, decode, texts)),
    #[cfg(test)]
    example: || b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0S\xe1\xbb\x91 CCCD 001090123456\0".to_vec(),
};

const fn decode(_: &[u8], _: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    Err(OpaqueReason::UnsupportedFormat)
}

const fn texts(_: &[u8]) -> Vec<Text<'_>> {
    Vec::new()
}
