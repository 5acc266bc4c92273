//! Pictures of codes and cards, as people send them. Everybody on them is invented; `images/make.py` makes them.

mod archive;

use std::path::Path;
use std::time::Duration;

use archive::zip;
use chot_inspect::{Hint, Inspector, Limits, reads_print};
use chot_model::{DetectorId, Inspection, OpaqueReason};

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(name);
    std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn inspect(bytes: &[u8]) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

#[test]
fn codes_are_read_in_every_format_and_light() {
    for (name, media_type) in [
        ("cccd.png", "image/png"),
        ("cccd.jpg", "image/jpeg"),
        ("cccd-progressive.jpg", "image/jpeg"),
        ("cccd.webp", "image/webp"),
        ("cccd-lossless.webp", "image/webp"),
        ("cccd.bmp", "image/bmp"),
        ("cccd.tif", "image/tiff"),
        ("second-frame.gif", "image/gif"),
        ("second-frame.png", "image/png"),
        ("second-page.tif", "image/tiff"),
        ("turned.jpg", "image/jpeg"),
        ("dark.jpg", "image/jpeg"),
        ("blurred.jpg", "image/jpeg"),
        ("small.jpg", "image/jpeg"),
        ("inverted.png", "image/png"),
        ("transparent.png", "image/png"),
    ] {
        let inspection = inspect(&file(name));
        assert_eq!(inspection.object.media_type, media_type, "{name}");
        assert_eq!(inspection.distinct(DetectorId::CccdQr), 1, "{name}: {inspection:?}");
        assert_eq!(inspection.persons, 1, "{name}: {inspection:?}");
    }
    assert_eq!(inspect(&file("bhyt.jpg")).distinct(DetectorId::BhytQr), 1);
}

#[test]
fn two_cards_are_two_people() {
    let inspection = inspect(&file("two.jpg"));
    assert_eq!((inspection.distinct(DetectorId::CccdQr), inspection.persons), (2, 2), "{inspection:?}");
}

#[test]
fn pictures_are_found_in_documents_archives_and_texts() {
    for name in ["card.docx", "card.xlsx", "card.zip"] {
        assert_eq!(inspect(&file(name)).distinct(DetectorId::CccdQr), 1, "{name}");
    }
    let page = format!("<p>Ảnh:</p><img src=\"data:image/png;base64,{}\">", base64(&file("inverted.png")));
    assert_eq!(inspect(page.as_bytes()).distinct(DetectorId::CccdQr), 1);
    let folded = |text: &str| text.as_bytes().chunks(72).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n ");
    let folded = folded(&base64(&file("inverted.png")));
    for photo in [format!("PHOTO;ENCODING=b;TYPE=PNG:{folded}"), format!("PHOTO:data:image/png;base64\\,{folded}")] {
        let card = format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:X\r\n{photo}\r\nEND:VCARD\r\n");
        assert_eq!(inspect(card.as_bytes()).distinct(DetectorId::CccdQr), 1, "{photo:.40}");
    }
    let form = [
        b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n",
        &*file("cccd.jpg"),
        b"\r\n--x--\r\n",
    ]
    .concat();
    assert_eq!(inspect(&form).distinct(DetectorId::CccdQr), 1);
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, n| bits << 8 | u32::from(chunk.get(n).copied().unwrap_or_default()));
        let sign = move |n: usize| {
            if n > chunk.len() { '=' } else { char::from(SIGNS[(bits >> (18 - 6 * n) & 63) as usize]) }
        };
        (0..4).map(sign).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn what_holds_no_writing_is_understood_and_what_does_is_read_or_opaque() {
    let landscape = inspect(&file("landscape.jpg"));
    assert!(landscape.is_clean() && landscape.object.bytes == landscape.object.bytes_inspected, "{landscape:?}");
    for name in ["printed.png", "line.png"] {
        let inspection = inspect(&file(name));
        let (found, opaque) = (inspection.distinct(DetectorId::Cccd), !inspection.opaque.is_empty());
        assert!(found > 0 || opaque, "{name} passes for clean");
        assert!(reads_print() || inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{name}: {inspection:?}");
    }
    let unread = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    let unread = unread.inspect(Hint::default(), &file("printed.png")).inspection;
    assert!(unread.is_opaque(OpaqueReason::UnsupportedFormat), "{unread:?}");
    if reads_print() {
        assert_eq!(inspect(&file("printed.png")).distinct(DetectorId::Cccd), 1);
    }
}

/// `preview.png` is what LibreOffice put into a letter of two lines.
#[test]
fn a_preview_of_a_document_is_no_picture_of_its_own_unless_it_is_large_or_shows_a_card() {
    let preview = file("preview.png");
    let manifest: (&str, &[u8]) = ("META-INF/manifest.xml", b"<manifest:manifest xmlns:manifest='urn:oasis'/>");
    let content: (&str, &[u8]) = ("content.xml", b"<office:document-content xmlns:office='urn:oasis'/>");
    let types: (&str, &[u8]) =
        ("[Content_Types].xml", b"<Types><Default Extension='xml' ContentType='a/xml'/></Types>");
    let odf = |name: &str, picture: &[u8]| {
        zip(&[("mimetype", &b"application/vnd.oasis.opendocument.text"[..]), manifest, content, (name, picture)])
    };
    let office = |name: &str, picture: &[u8]| {
        zip(&[types, ("word/document.xml", b"<w:document xmlns:w='w'/>"), (name, picture)])
    };
    let unread = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    for (what, archive, is_opaque) in [
        ("of a letter", odf("Thumbnails/thumbnail.png", &preview), false),
        ("of Office", office("docProps/thumbnail.png", &preview), false),
        ("of a letter in an archive", zip(&[("a.odt", &odf("Thumbnails/thumbnail.png", &preview))]), false),
        ("a picture of the letter", odf("Pictures/thumbnail.png", &preview), true),
        ("a picture of Office", office("word/media/thumbnail.png", &preview), true),
        ("in an archive that is no document", zip(&[("Thumbnails/thumbnail.png", &preview)]), true),
        ("within the preview", odf("Thumbnails/thumbnail.png", &zip(&[("Thumbnails/thumbnail.png", &preview)])), true),
        ("large", odf("Thumbnails/thumbnail.png", &file("printed.png")), true),
        ("a card", odf("Thumbnails/thumbnail.png", &file("identity.jpg")), true),
    ] {
        let inspection = unread.inspect(Hint::default(), &archive).inspection;
        assert_eq!(!inspection.opaque.is_empty(), is_opaque, "{what}: {inspection:?}");
    }
    let code = unread.inspect(Hint::default(), &odf("Thumbnails/thumbnail.png", &file("cccd.png"))).inspection;
    assert_eq!(code.distinct(DetectorId::CccdQr), 1, "{code:?}");
}

#[test]
fn a_card_whose_code_was_read_is_not_called_understood_beyond_it() {
    // What else is printed there nobody read.
    let inspection = inspect(&file("cccd.jpg"));
    assert!(inspection.object.bytes_inspected <= inspection.object.bytes);
}

#[test]
fn a_card_is_told_by_its_looks_and_its_zone_by_its_marks() {
    let unread = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    for (name, cards) in [("identity.jpg", 1), ("licence.jpg", 1), ("landscape.jpg", 0), ("printed.png", 0)] {
        let inspection = unread.inspect(Hint::default(), &file(name)).inspection;
        assert_eq!(inspection.distinct(DetectorId::CardImage), cards, "{name}: {inspection:?}");
    }
    let inspection = inspect(&file("back.jpg"));
    if reads_print() && !inspection.is_opaque(OpaqueReason::TimeLimit) {
        assert_eq!(inspection.distinct(DetectorId::Mrz), 1, "{inspection:?}");
    }
    assert!(inspection.distinct(DetectorId::Mrz) == 1 || !inspection.opaque.is_empty(), "{inspection:?}");
}

#[test]
fn what_is_written_beside_the_pixels_is_found() {
    let jpg = file("landscape.jpg");
    let segment = |marker: u8, data: &[u8]| {
        let len = (data.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker], &len[..], data].concat()
    };
    let with = |segment: Vec<u8>| [&jpg[..2], &segment, &jpg[2..]].concat();
    let number = "CCCD 001090123456";
    let wide: Vec<u8> = number.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let xmp = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><d>CCCD &#48;&#48;&#49;090123456</d></x:xmpmeta>";
    for (what, bytes) in [
        ("comment", with(segment(0xfe, number.as_bytes()))),
        ("EXIF in UTF-16", with(segment(0xe1, &[b"Exif\0\0II*\0\x08\0\0\0\0\0", &wide[..]].concat()))),
        ("XMP with entities", with(segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat()))),
        (
            "IPTC",
            with(segment(0xed, &[b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x1c\x02\x78", number.as_bytes()].concat())),
        ),
        ("text behind the end", [&jpg[..], number.as_bytes()].concat()),
        ("an archive behind the end", [&jpg[..], &file("card.zip")].concat()),
        ("a picture behind the end", [&jpg[..], &file("cccd.jpg")].concat()),
    ] {
        let inspection = inspect(&bytes);
        let found = inspection.distinct(DetectorId::Cccd) + inspection.distinct(DetectorId::CccdQr);
        assert!(found > 0, "{what}: {inspection:?}");
    }
    // A comment of a GIF comes in blocks of at most 255 bytes, which may end within a number.
    let gif = file("second-frame.gif");
    let long = format!("{}so CCCD 001090123456", " ".repeat(255 - 14));
    let blocks: Vec<u8> = long.as_bytes().chunks(255).flat_map(|c| [&[c.len() as u8], c].concat()).collect();
    let table = 13 + (3usize << ((gif[10] & 7) + 1));
    let with = [&gif[..table], b"!\xfe", &blocks, b"\0;"].concat();
    assert_eq!(inspect(&with).distinct(DetectorId::Cccd), 1);
}

#[test]
fn bombs_of_size_are_refused_before_memory_is_given() {
    // 60,000 × 60,000 pixels of nothing.
    let mut png = file("cccd.png");
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = png_crc(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let mut bmp = file("cccd.bmp");
    bmp[18..26].copy_from_slice(&[0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0]);
    let mut gif = file("second-frame.gif");
    gif[6..10].copy_from_slice(&[0x60, 0xea, 0x60, 0xea]);
    let mut jpg = file("cccd.jpg");
    let frame = jpg.windows(2).position(|w| w == [0xff, 0xc0]).expect("a frame");
    jpg[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    for bomb in [png, bmp, gif, jpg] {
        let inspection = inspect(&bomb);
        assert!(inspection.is_opaque(OpaqueReason::TooLarge), "{inspection:?}");
    }
}

/// The check sum of a chunk (PNG specification, annex D).
fn png_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn pictures_cut_off_or_damaged_end_in_an_answer() {
    let unread = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    for name in ["cccd-lossless.webp", "inverted.png", "cccd.bmp", "second-page.tif", "landscape.jpg"] {
        let bytes = file(name);
        for n in 1..5 {
            let cut = &bytes[..bytes.len() * n / 5];
            let mut damaged = bytes.clone();
            for (at, byte) in damaged.iter_mut().enumerate().skip(n * 7).step_by(211) {
                *byte ^= (at % 251) as u8;
            }
            for bytes in [cut, &damaged] {
                let inspection = unread.inspect(Hint::default(), &bytes.to_vec()).inspection;
                assert_eq!(inspection.object.bytes, bytes.len() as u64, "{name} {n}");
                assert!(!inspection.is_opaque(OpaqueReason::Failed), "{name} {n}: a decoder fell over");
            }
        }
    }
}
