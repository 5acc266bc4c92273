//! Pictures as files of their own, for the rooms that read pictures: JPEG as it is, samples as PNG, fax as TIFF.
//!
//! Nothing is looked for in them here, and colours are only near enough to read what is printed.

use super::budget::Stop;
use super::document::Document;
use super::filter::{Coding, Decoded};
use super::lex::{Dict, Object};

/// A picture ready to be handed on.
pub(super) struct Picture {
    pub(super) extension: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// No code and no number fits into fewer dots: the smallest QR code has 21 × 21.
const DOTS_MIN: u64 = 21 * 21;
/// Larger than any scanner makes.
const SIDE_MAX: u64 = 1 << 17;

/// Whether a picture is too small to hold anything that could be read.
pub(super) fn is_speck(document: &Document<'_>, dict: &Dict) -> Result<bool, Stop> {
    let (width, height) = size(document, dict)?;
    Ok(width.saturating_mul(height) < DOTS_MIN)
}

fn size(document: &Document<'_>, dict: &Dict) -> Result<(u64, u64), Stop> {
    let side = |long: &[u8], short: &[u8]| {
        let side = match document.key(dict, long)? {
            Object::Null => document.key(dict, short)?,
            found => found,
        };
        Ok::<_, Stop>(side.int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    };
    Ok((side(b"Width", b"W")?, side(b"Height", b"H")?))
}

/// Makes a file of a picture; `None` when its samples make no sense.
pub(super) fn file(document: &Document<'_>, dict: &Dict, decoded: Decoded) -> Result<Option<Picture>, Stop> {
    match decoded.picture {
        Some(Coding::Jpeg) => return Ok(Some(Picture { extension: "jpg", bytes: decoded.bytes })),
        Some(Coding::Jpeg2000) => return Ok(Some(Picture { extension: "jp2", bytes: decoded.bytes })),
        Some(Coding::Jbig2) => return Ok(Some(Picture { extension: "jb2", bytes: decoded.bytes })),
        Some(Coding::Fax) => return fax(document, dict, &decoded.bytes),
        None => {}
    }
    let (width, height) = size(document, dict)?;
    if width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX {
        return Ok(None);
    }
    let either = |long: &[u8], short: &[u8]| match document.key(dict, long)? {
        Object::Null => document.key(dict, short),
        found => Ok(found),
    };
    let mask = matches!(either(b"ImageMask", b"IM")?, Object::Bool(true));
    let bits = if mask { 1 } else { either(b"BitsPerComponent", b"BPC")?.int().unwrap_or(8) };
    let Some(bits) = u8::try_from(bits).ok().filter(|b| matches!(b, 1 | 2 | 4 | 8 | 16)) else { return Ok(None) };
    let space = if mask { Space::Gray } else { space(document, &either(b"ColorSpace", b"CS")?, 0)? };
    let decode = either(b"Decode", b"D")?;
    let is_inverted = decode.array().and_then(|d| d.first()).and_then(Object::number).is_some_and(|d| d > 0.5);
    let components = space.components();
    let row = (width as usize).saturating_mul(usize::from(components) * usize::from(bits)).div_ceil(8);
    if row.saturating_mul(height as usize) > decoded.bytes.len().saturating_add(row) {
        // Less than announced: a reader would show the rest blank.
        if decoded.bytes.len() < row {
            return Ok(None);
        }
    }
    document.budget.spend(decoded.bytes.len())?;
    let invert = |b: &u8| if is_inverted { !*b } else { *b };
    let (colour, palette, depth) = match &space {
        Space::Gray => (0, None, bits),
        Space::Rgb => (2, None, bits),
        Space::Indexed(palette) if bits <= 8 => (3, Some(palette), bits),
        Space::Indexed(_) => return Ok(None),
        Space::Inks(_) if bits == 8 => (0, None, 8),
        Space::Inks(_) => return Ok(None),
    };
    // PNG allows red, green and blue in eight or sixteen bits.
    if colour == 2 && depth < 8 {
        return Ok(None);
    }
    // Packed row by row: all samples twice would be more than may be held.
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let (mut lines, mut rows) = (0u32, Vec::new());
    for line in decoded.bytes.chunks(row).take(height as usize) {
        rows.clear();
        rows.push(0);
        match &space {
            Space::Inks(n) => {
                let dark = |inks: &[u8]| inks.iter().map(|i| u16::from(invert(i))).sum::<u16>().min(255) as u8;
                rows.extend(line.chunks(usize::from(*n)).map(|inks| 255 - dark(inks)));
                let missing = (width as usize).saturating_sub(line.len().div_ceil(usize::from(*n)));
                rows.extend(std::iter::repeat_n(255, missing));
            }
            _ => {
                rows.extend(line.iter().map(invert));
                rows.extend(std::iter::repeat_n(0, row - line.len()));
            }
        }
        lines += 1;
        // Writing to memory does not fail.
        let _ = std::io::Write::write_all(&mut zlib, &rows);
    }
    drop(decoded);
    let data = zlib.finish().unwrap_or_default();
    let bytes = png(width as u32, lines, depth, colour, palette.map(Vec::as_slice), &data);
    Ok(Some(Picture { extension: "png", bytes }))
}

/// How samples are to be understood.
enum Space {
    Gray,
    Rgb,
    /// With a palette of red, green and blue.
    Indexed(Vec<u8>),
    /// So many inks: what is printed is dark.
    Inks(u8),
}

impl Space {
    fn components(&self) -> u8 {
        match self {
            Self::Gray | Self::Indexed(_) => 1,
            Self::Rgb => 3,
            Self::Inks(n) => *n,
        }
    }
}

fn space(document: &Document<'_>, object: &Object, depth: u32) -> Result<Space, Stop> {
    const DEPTH_MAX: u32 = 4;
    if let Some(name) = object.name() {
        return Ok(match name {
            b"DeviceRGB" | b"RGB" | b"CalRGB" => Space::Rgb,
            b"DeviceCMYK" | b"CMYK" => Space::Inks(4),
            _ => Space::Gray,
        });
    }
    let array = object.array().unwrap_or_default();
    let item = |n: usize| document.resolve(array.get(n).unwrap_or(&Object::Null));
    Ok(match item(0)?.name().unwrap_or_default() {
        b"CalRGB" | b"Lab" => Space::Rgb,
        b"ICCBased" => {
            let profile = item(1)?;
            let n = profile.dict().map_or(Ok(Object::Null), |d| document.key(d, b"N"))?;
            match n.int() {
                Some(3) => Space::Rgb,
                Some(4) => Space::Inks(4),
                _ => Space::Gray,
            }
        }
        b"Indexed" | b"I" if depth < DEPTH_MAX => {
            let base = space(document, &item(1)?, depth + 1)?;
            let table = match item(3)? {
                Object::String(bytes) => bytes.to_vec(),
                Object::Stream(stream) => document.decode(&stream)?.bytes,
                _ => Vec::new(),
            };
            let colour = |c: &[u8]| match base {
                Space::Rgb => [c.first(), c.get(1), c.get(2)].map(|x| x.copied().unwrap_or(0)),
                Space::Inks(_) => [255 - c.iter().map(|i| u16::from(*i)).sum::<u16>().min(255) as u8; 3],
                Space::Gray | Space::Indexed(_) => [c.first().copied().unwrap_or(0); 3],
            };
            Space::Indexed(table.chunks(usize::from(base.components())).take(256).flat_map(colour).collect())
        }
        b"Separation" => Space::Inks(1),
        b"DeviceN" => {
            let inks = item(1)?.array().map_or(1, <[Object]>::len);
            Space::Inks(u8::try_from(inks.clamp(1, 32)).unwrap_or(1))
        }
        // A colour space by name in an array of one.
        other if depth < DEPTH_MAX && array.len() == 1 => space(document, &Object::Name(other.into()), depth + 1)?,
        _ => Space::Gray,
    })
}

/// Writes a PNG file (PNG specification, 5) around its packed rows.
fn png(width: u32, height: u32, depth: u8, colour: u8, palette: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        out.extend((data.len() as u32).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        out.extend_from_slice(kind);
        out.extend_from_slice(data);
        out.extend(crc.sum().to_be_bytes());
    };
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    chunk(b"IHDR", &head);
    if let Some(palette) = palette {
        chunk(b"PLTE", palette);
    }
    chunk(b"IDAT", data);
    chunk(b"IEND", b"");
    out
}

/// Puts the header of a TIFF file before fax data (TIFF 6.0, 11; ISO 32000-2, 7.4.6).
fn fax(document: &Document<'_>, dict: &Dict, data: &[u8]) -> Result<Option<Picture>, Stop> {
    let filters = document.filters(dict)?;
    let empty = Dict::new();
    let params = filters.last().map_or(&empty, |(_, params)| params);
    let int = |key: &[u8], default| params.get(key).and_then(Object::int).unwrap_or(default);
    let (width, height) = size(document, dict)?;
    let k = int(b"K", 0);
    let width = u32::try_from(int(b"Columns", 1_728)).unwrap_or(width as u32);
    let Ok(height) = u32::try_from(height) else { return Ok(None) };
    let is_black_zero = matches!(params.get(b"BlackIs1".as_slice()), Some(Object::Bool(true)));
    let Ok(len) = u32::try_from(data.len()) else { return Ok(None) };
    const TAGS: u32 = 9;
    let at = 8 + 2 + TAGS * 12 + 4;
    let mut out = b"II\x2a\x00\x08\x00\x00\x00".to_vec();
    out.extend((TAGS as u16).to_le_bytes());
    // Width, height, bits, compression, which of the two is white, where the data is, samples, rows, bytes.
    let compression = if k < 0 { 4 } else { 3 };
    let options = (292u16, u32::from(k > 0));
    let tags: [(u16, u32); 9] = [
        (256, width),
        (257, height),
        (258, 1),
        (259, compression),
        (262, u32::from(is_black_zero)),
        (273, at),
        (278, height),
        (279, len),
        if k < 0 { (293, 0) } else { options },
    ];
    for (tag, value) in tags {
        out.extend(tag.to_le_bytes());
        // LONG, one value.
        out.extend([4, 0, 1, 0, 0, 0]);
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out.extend_from_slice(data);
    Ok(Some(Picture { extension: "tif", bytes: out }))
}
