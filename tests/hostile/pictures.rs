//! Pictures that are larger than they are, never end, or lead to themselves.

use super::{Must, SAID, crc};
use std::io::Write;

const PROGRESSIVE: &[u8] = include_bytes!("../../inspect/tests/images/cccd-progressive.jpg");
const JPEG: &[u8] = include_bytes!("../../inspect/tests/images/cccd.jpg");

fn zlib(bytes: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    bytes.for_each(|some| out.write_all(&some).expect("memory"));
    out.finish().expect("memory")
}

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc(&[kind, data]).to_be_bytes()].concat()
}

/// A PNG that says it is so large, of this depth and colour, with further chunks before its pixels.
fn png(side: u32, depth: u8, color: u8, more: &[Vec<u8>], pixels: &[u8]) -> Vec<u8> {
    let head = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[depth, color, 0, 0, 0]].concat();
    let chunks = [chunk(b"IHDR", &head), more.concat(), chunk(b"IDAT", pixels), chunk(b"IEND", b"")];
    [b"\x89PNG\r\n\x1a\n", &chunks.concat()[..]].concat()
}

/// One whose pixels are all there, and nothing.
fn blank_png(side: u32, color: u8, samples: usize) -> Vec<u8> {
    let row = vec![0; 1 + side as usize * samples];
    png(side, 8, color, &[], &zlib((0..side).map(|_| row.clone())))
}

/// A text chunk that is a quarter of a gibibyte of nothing, packed as small as that gets: the smaller it is, the sooner
/// what comes out is too much, and an unoptimised program reads 10 MB of it in a second.
fn unpacks(kind: &[u8], head: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    (0..256).for_each(|_| out.write_all(&vec![0; 1 << 20]).expect("memory"));
    let zeros = out.finish().expect("memory");
    png(1, 8, 0, &[chunk(kind, &[head, &zeros].concat())], &zlib([vec![0; 2]].into_iter()))
}

/// A JPEG that says it is so large.
fn resized(jpeg: &[u8], frame: u8, side: u16) -> Vec<u8> {
    let mut bytes = jpeg.to_vec();
    let at = bytes.windows(2).position(|w| w == [0xff, frame]).expect("a frame");
    bytes[at + 5..at + 7].copy_from_slice(&side.to_be_bytes());
    bytes[at + 7..at + 9].copy_from_slice(&side.to_be_bytes());
    bytes
}

/// A progressive JPEG whose last scan comes so many times.
fn scans(side: u16, times: usize) -> Vec<u8> {
    let bytes = resized(PROGRESSIVE, 0xc2, side);
    let last = bytes.windows(2).rposition(|w| w == [0xff, 0xda]).expect("a scan");
    let (end, scan) = (bytes.len() - 2, &bytes[last..bytes.len() - 2]);
    [&bytes[..end], &scan.repeat(times), b"\xff\xd9"].concat()
}

/// A film of so many frames of one dot on a large screen, each elsewhere.
fn film(side: u16, frames: u16) -> Vec<u8> {
    let mut gif =
        [b"GIF89a", &side.to_le_bytes()[..], &side.to_le_bytes(), &[0x80, 0, 0, 0, 0, 0, 255, 255, 255]].concat();
    for n in 0..frames {
        let place = [n, n, 1, 1].map(u16::to_le_bytes).concat();
        gif.extend([b",", &place[..], &[0, 2, 2, 0x44, 1, 0]].concat());
    }
    gif.push(b';');
    gif
}

/// A TIFF of so many directories of one dot each, the last leading to this one.
fn directories(count: u32, last: Option<u32>) -> Vec<u8> {
    const TAGS: [(u16, u16, u32); 8] =
        [(256, 3, 1), (257, 3, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 4), (278, 3, 1), (279, 4, 1)];
    const LEN: u32 = 2 + 8 * 12 + 4;
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    for n in 0..count {
        tiff.extend((TAGS.len() as u16).to_le_bytes());
        for (tag, kind, value) in TAGS {
            tiff.extend(
                [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &1u32.to_le_bytes(), &value.to_le_bytes()].concat(),
            );
        }
        let next = if n + 1 < count { 8 + (n + 1) * LEN } else { last.unwrap_or_default() };
        tiff.extend(next.to_le_bytes());
    }
    tiff
}

fn bmp(side: u32, depth: u8, packing: u8) -> Vec<u8> {
    let sides = [side.to_le_bytes(), side.to_le_bytes()].concat();
    [&b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &sides, &[1, 0, depth, 0, packing, 0, 0, 0], &[0; 4_096]].concat()
}

/// A WebP whose canvas is as large as the format allows, animated.
fn webp() -> Vec<u8> {
    let body = [&b"WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\x3f\0\xff\x3f\0ANIM\x06\0\0\0\0\0\0\0\0\0"[..], &[0; 64]].concat();
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// A drawing within a drawing, so many times.
fn svg(times: usize) -> Vec<u8> {
    (0..times)
        .fold(format!("<svg><text>{}</text></svg>", String::from_utf8_lossy(SAID)), |inner, _| {
            let packed = super::base64(inner.as_bytes());
            format!("<svg><image href=\"data:image/svg+xml;base64,{packed}\"/></svg>")
        })
        .into_bytes()
}

/// A JPEG with so many segments of properties before it.
fn segments(times: usize) -> Vec<u8> {
    let segment = [&b"\xff\xe1\xff\xff"[..], &vec![b'<'; 65_533]].concat();
    [&JPEG[..2], &segment.repeat(times), &JPEG[2..]].concat()
}

/// Elements of a drawing, `AT` being how many came before.
fn drawing(around: &str, within: &str, behind: &str) -> Vec<u8> {
    let groups = around.split_inclusive("AT").enumerate().map(|(n, part)| part.replace("AT", &n.to_string()));
    let ends = "</symbol>".repeat(around.matches("<symbol").count()) + &"</g>".repeat(around.matches("<g").count());
    format!("<svg>{}{within}{ends}{behind}</svg>", groups.collect::<String>()).into_bytes()
}

/// A path of so many curves.
fn path(curves: usize) -> String {
    format!("<path d='M0 0t{}'/>", "1 1 ".repeat(curves))
}

fn again() -> String {
    "<use href='#a'/>".repeat(50_000)
}

/// Areas that a sheet says much of.
fn rules() -> Vec<u8> {
    let sheet = format!("{}rect{{{}}}", "rect,".repeat(2_500), "fill:#000;".repeat(350));
    let areas = "<rect width='1' height='1'/>".repeat(40_000);
    format!("<html><style>{sheet}</style><svg>{areas}</svg></html>").into_bytes()
}

pub(super) fn cases() -> Vec<(&'static str, Vec<u8>, Must)> {
    use Must::{End, Read, Tell};
    vec![
        ("large.png", png(60_000, 8, 6, &[], &zlib([vec![0; 1 << 20]].into_iter())), Tell),
        ("deep.png", png(7_000, 16, 6, &[], &zlib([vec![0; 1 << 20]].into_iter())), Tell),
        ("clear.png", blank_png(7_000, 6, 4), Tell),
        ("blank.png", blank_png(7_000, 0, 1), End),
        ("color.png", blank_png(6_000, 2, 3), End),
        ("text.png", unpacks(b"zTXt", b"a\0\0"), Tell),
        ("profile.png", unpacks(b"iCCP", b"a\0\0"), Tell),
        ("international.png", unpacks(b"iTXt", b"a\0\x01\0\0\0"), Tell),
        ("large.jpg", resized(JPEG, 0xc0, 60_000), Tell),
        ("cut.jpg", resized(JPEG, 0xc0, 7_000), Tell),
        ("large-scans.jpg", scans(7_000, 1), Tell),
        // All of it is decoded where the machine is fast enough, and there is nothing on it.
        ("many-scans.jpg", scans(4_000, 3_000), End),
        ("segments.jpg", segments(600), Tell),
        ("large.gif", film(60_000, 1), Tell),
        ("film.gif", film(3_000, 5_000), Tell),
        ("small-film.gif", film(300, 60_000), Tell),
        ("large.webp", webp(), Tell),
        ("large.bmp", bmp(60_000, 24, 0), Tell),
        ("cut.bmp", bmp(7_000, 1, 0), Tell),
        ("packed.bmp", bmp(7_000, 8, 1), Tell),
        ("directories.tif", directories(10_000, None), Tell),
        ("loop.tif", directories(2, Some(8)), Tell),
        ("nested.svg", svg(5), Read),
        ("too-nested.svg", svg(24), Tell),
        ("one-of-many.svg", drawing(&"<symbol id='AT'>".repeat(60), &path(250_000), ""), End),
        ("nothing-often.svg", drawing("<symbol id='a'>", &"<polygon/>".repeat(50_000), &again()), Tell),
        ("often.svg", drawing("", &path(50_000).replace("<path", "<path id='a'"), &again()), Tell),
        ("rules.html", rules(), End),
    ]
}
