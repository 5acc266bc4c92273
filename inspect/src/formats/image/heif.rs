//! HEIC and AVIF: known by their mark and opaque, their properties read. Their video codings have no reader in Rust that is
//! fit for strangers; where in the file an item lies is not followed, as properties tell themselves.

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
                Some(
                    b"heic"
                        | b"heix"
                        | b"hevc"
                        | b"hevx"
                        | b"heim"
                        | b"heis"
                        | b"mif1"
                        | b"mif2"
                        | b"msf1"
                        | b"miaf"
                        | b"avif"
                        | b"avis"
                        | b"avci"
                        | b"avcs"
                )
            )
    },
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0S\xe1\xbb\x91 CCCD 001090123456\0".to_vec(),
};

pub(super) const fn decode(_: &[u8], _: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    Err(OpaqueReason::UnsupportedFormat)
}

/// EXIF and XMP, which begin with names of their own wherever they lie (ISO/IEC 23008-12, annex A).
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    /// As long as either is in a JPEG.
    const LEN: usize = 1 << 16;
    const EACH_MAX: usize = 8;
    let mut texts = Vec::new();
    for (name, mark) in [("exif", &b"Exif\0\0"[..]), ("xmp", b"<x:xmpmeta")] {
        for at in memchr::memmem::find_iter(bytes, mark).take(EACH_MAX) {
            let start = if name == "exif" { at + mark.len() } else { at };
            texts.push(Text::new(name, bytes.get(start..bytes.len().min(start + LEN)).unwrap_or_default()));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn properties_are_read_and_the_picture_is_opaque() {
        let head = b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\x40meta".to_vec();
        let wide: Vec<u8> = "CCCD 001090123456".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let entities = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><d>CCCD &#48;&#48;&#49;090123456</d></x:xmpmeta>";
        for more in [[b"Exif\0\0II*\0\x08\0\0\0\0\0", &wide[..]].concat(), entities.as_bytes().to_vec()] {
            let file = [&head[..], &more].concat();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &file).inspection;
            assert_eq!(inspection.object.media_type, "image/heif");
            assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
            assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{inspection:?}");
        }
    }
}
