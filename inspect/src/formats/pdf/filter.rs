//! Filters of streams (ISO 32000-2, 7.4): what a stream holds once it is decoded.
//!
//! Pictures keep their own coding; it is named. A damaged stream gives what could be decoded of it, as in readers.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};

use super::lex::{Dict, Object, is_blank};

/// A stream, decoded.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// The coding that is left: that of a picture.
    pub(super) picture: Option<Coding>,
    pub(super) state: State,
}

/// How decoding ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Whole,
    /// The rest makes no sense.
    Damaged,
    /// More than may be decoded.
    TooLarge,
    /// A filter that nobody knows.
    Unknown,
}

/// Codings of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Jpeg,
    Jpeg2000,
    Fax,
    Jbig2,
}

/// What filters make whose output cannot be measured before: buffers that grow are held twice.
const GROWN_MAX: usize = 64 << 20;
/// More filters on one stream have no use but to multiply.
const FILTERS_MAX: usize = 8;

/// Decodes `raw` with the filters named, each with its parameters.
pub(super) fn decode(raw: &[u8], filters: &[(Vec<u8>, Dict)], max: usize) -> Decoded {
    let mut out = Decoded::default();
    let mut bytes = Cow::Borrowed(raw);
    for (n, (name, params)) in filters.iter().enumerate() {
        if n >= FILTERS_MAX {
            out.state = State::TooLarge;
            break;
        }
        // What was made and what is made of it are held together.
        let held = if let Cow::Owned(made) = &bytes { made.len() } else { 0 };
        let max = max.saturating_sub(held);
        let grown_max = max.min(GROWN_MAX);
        let (made, state) = match name.as_slice() {
            b"FlateDecode" | b"Fl" => predicted(inflate(&bytes, max), params, max),
            b"LZWDecode" | b"LZW" => {
                predicted(lzw(&bytes, number(params, b"EarlyChange", 1) != 0, grown_max), params, max)
            }
            b"ASCIIHexDecode" | b"AHx" => ascii_hex(&bytes, max),
            b"ASCII85Decode" | b"A85" => ascii85(&bytes, max),
            b"RunLengthDecode" | b"RL" => run_length(&bytes, grown_max),
            // Decrypted before.
            b"Crypt" => continue,
            other => {
                out.picture = match other {
                    b"DCTDecode" | b"DCT" => Some(Coding::Jpeg),
                    b"JPXDecode" => Some(Coding::Jpeg2000),
                    b"CCITTFaxDecode" | b"CCF" => Some(Coding::Fax),
                    b"JBIG2Decode" => Some(Coding::Jbig2),
                    _ => {
                        out.state = State::Unknown;
                        None
                    }
                };
                break;
            }
        };
        bytes = Cow::Owned(made);
        // What was cut before says nothing of what comes out of the rest.
        if state != State::Whole && out.state != State::TooLarge {
            out.state = state;
        }
    }
    if bytes.len() > max {
        out.state = State::TooLarge;
    }
    out.bytes = match bytes {
        Cow::Owned(made) if made.len() <= max => made,
        bytes => bytes.get(..max.min(bytes.len())).unwrap_or_default().to_vec(),
    };
    out
}

fn number(params: &Dict, key: &[u8], default: i64) -> i64 {
    params.get(key).and_then(Object::int).unwrap_or(default)
}

/// Inflates zlib, or bare deflate where somebody left out the header.
pub(super) fn inflate(input: &[u8], max: usize) -> (Vec<u8>, State) {
    let start = input.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let input = input.get(start..).unwrap_or_default();
    let (bytes, state) = inflate_as(input, max, true);
    if bytes.is_empty() && state == State::Damaged {
        let bare = inflate_as(input, max, false);
        if !bare.0.is_empty() {
            return bare;
        }
    }
    (bytes, state)
}

fn inflate_as(input: &[u8], max: usize, header: bool) -> (Vec<u8>, State) {
    /// What is larger is measured first: a buffer that grows is held twice.
    const MEASURED: usize = 4 << 20;
    let mut out = Vec::new();
    let (mut len, mut state) = inflate_to(input, max.min(MEASURED), header, |bytes| out.extend_from_slice(bytes));
    if state == State::TooLarge && max > MEASURED {
        drop(std::mem::take(&mut out));
        (len, state) = inflate_to(input, max, header, |_| ());
        out.reserve_exact(len);
        inflate_to(input, max, header, |bytes| out.extend_from_slice(bytes));
    }
    out.truncate(len);
    (out, state)
}

/// Inflates no more than `max` bytes; tells how many there are, and hands them on.
fn inflate_to(input: &[u8], max: usize, header: bool, mut each: impl FnMut(&[u8])) -> (usize, State) {
    const STEP: usize = 1 << 15;
    let mut inflate = Decompress::new(header);
    let mut len = 0;
    let mut step = vec![0; STEP];
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let rest = input.get(read as usize..).unwrap_or_default();
        let status = inflate.decompress(rest, &mut step, FlushDecompress::None);
        let n = (inflate.total_out() - written) as usize;
        let stuck = n == 0 && inflate.total_in() == read;
        let kept = n.min(max - len);
        each(step.get(..kept).unwrap_or_default());
        len += kept;
        if kept < n {
            return (len, State::TooLarge);
        }
        match status {
            Ok(Status::StreamEnd) => return (len, State::Whole),
            Ok(_) if !stuck => {}
            // Many producers leave out the check sum; viewers show such a page all the same.
            _ => return (len, State::Damaged),
        }
    }
}

/// LZW (7.4.4), most significant bit first.
fn lzw(input: &[u8], early: bool, max: usize) -> (Vec<u8>, State) {
    const CLEAR: usize = 256;
    const END: usize = 257;
    const CODES: usize = 4_096;
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a range of the output: what it stood for when it was made.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut bits, mut have, mut width) = (0u32, 0u32, 9u32);
    let mut last: Option<(usize, usize)> = None;
    for b in input {
        bits = bits << 8 | u32::from(*b);
        have += 8;
        if have < width {
            continue;
        }
        have -= width;
        let code = (bits >> have) as usize & ((1 << width) - 1);
        bits &= (1 << have) - 1;
        if code == END {
            return (out, State::Whole);
        }
        if code == CLEAR {
            table.clear();
            (width, last) = (9, None);
            continue;
        }
        let from = out.len();
        match (code, last) {
            (0..CLEAR, _) => out.push(code as u8),
            (_, Some((start, len))) if code - 258 == table.len() => {
                out.extend_from_within(start..start + len);
                out.extend_from_within(start..start + 1);
            }
            _ => {
                let Some((start, len)) = table.get(code - 258).copied() else { return (out, State::Damaged) };
                out.extend_from_within(start..start + len);
            }
        }
        if out.len() > max {
            return (out, State::TooLarge);
        }
        if let Some((start, len)) = last
            && table.len() + 258 < CODES
        {
            // The last entry and the byte behind it, which is the first of this one.
            table.push((start, len + 1));
        }
        last = Some((from, out.len() - from));
        width = match table.len() + 258 + usize::from(early) {
            0..512 => 9,
            512..1_024 => 10,
            1_024..2_048 => 11,
            _ => 12,
        };
    }
    (out, State::Whole)
}

fn ascii_hex(input: &[u8], max: usize) -> (Vec<u8>, State) {
    let mut digits = input.iter().take_while(|b| **b != b'>').filter_map(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(max.min(input.len() / 2 + 1));
    while let Some(high) = digits.next() {
        if out.len() == max {
            return (out, State::TooLarge);
        }
        out.push((high << 4 | digits.next().unwrap_or(0)) as u8);
    }
    (out, State::Whole)
}

fn ascii85(input: &[u8], max: usize) -> (Vec<u8>, State) {
    // A sign of its own stands for four zeros.
    let zeros = input.iter().filter(|b| **b == b'z').count();
    let mut out = Vec::with_capacity(max.min(input.len() / 5 * 4 + 4 * zeros + 4));
    let (mut group, mut n) = (0u32, 0u32);
    let input = input.strip_prefix(b"<~").unwrap_or(input);
    for b in input {
        if out.len() + 4 > max {
            return (out, State::TooLarge);
        }
        match b {
            b'z' if n == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(b - b'!'));
                n += 1;
                if n == 5 {
                    out.extend(group.to_be_bytes());
                    (group, n) = (0, 0);
                }
            }
            b'~' => break,
            b if is_blank(*b) => {}
            _ => return (out, State::Damaged),
        }
    }
    if n > 1 {
        for _ in n..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        out.extend(group.to_be_bytes().get(..n as usize - 1).unwrap_or_default());
    }
    (out, State::Whole)
}

fn run_length(input: &[u8], max: usize) -> (Vec<u8>, State) {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(length) = input.get(at) {
        let n = usize::from(*length);
        match n {
            0..128 => out.extend_from_slice(input.get(at + 1..(at + 2 + n).min(input.len())).unwrap_or_default()),
            128 => break,
            _ => out.extend(std::iter::repeat_n(input.get(at + 1).copied().unwrap_or_default(), 257 - n)),
        }
        at += if n < 128 { n + 2 } else { 2 };
        if out.len() > max {
            return (out, State::TooLarge);
        }
    }
    (out, State::Whole)
}

/// Undoes a predictor (7.4.4.4).
fn predicted((bytes, state): (Vec<u8>, State), params: &Dict, max: usize) -> (Vec<u8>, State) {
    let predictor = number(params, b"Predictor", 1);
    if predictor < 2 {
        return (bytes, state);
    }
    let bounded = |key, default| usize::try_from(number(params, key, default)).unwrap_or(1).clamp(1, 1 << 20);
    let (colours, bits, columns) = (bounded(b"Colors", 1), bounded(b"BitsPerComponent", 8), bounded(b"Columns", 1));
    let pixel = (colours * bits).div_ceil(8);
    let row = (colours * bits).saturating_mul(columns).div_ceil(8);
    if row > max {
        return (bytes, State::Damaged);
    }
    if predictor == 2 {
        let mut bytes = bytes;
        // Other depths are rare and only in pictures.
        if bits == 8 {
            for row in bytes.chunks_mut(row) {
                for at in pixel..row.len() {
                    let left = row.get(at - pixel).copied().unwrap_or_default();
                    if let Some(b) = row.get_mut(at) {
                        *b = b.wrapping_add(left);
                    }
                }
            }
        }
        return (bytes, state);
    }
    // In place: each row gets shorter by the byte that says how it was predicted, so none is written over unread.
    let (mut bytes, mut from, mut at) = (bytes, 0, 0);
    while let Some(kind) = bytes.get(at).copied() {
        let len = row.min(bytes.len() - at - 1);
        for n in 0..len {
            let b = bytes.get(at + 1 + n).copied().unwrap_or_default();
            let left = if n >= pixel { bytes.get(from + n - pixel).copied().unwrap_or_default() } else { 0 };
            let above = |by: usize| (from + n).checked_sub(row + by).and_then(|at| bytes.get(at)).copied();
            let up = above(0).unwrap_or_default();
            let corner = if n >= pixel { above(pixel).unwrap_or_default() } else { 0 };
            let b = b.wrapping_add(match kind {
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => 0,
            });
            if let Some(slot) = bytes.get_mut(from + n) {
                *slot = b;
            }
        }
        (from, at) = (from + len, at + 1 + len);
    }
    bytes.truncate(from);
    (bytes, state)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |b: u8| (estimate - i16::from(b)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn undo(name: &str, input: &[u8]) -> String {
        let decoded = decode(input, &[(name.into(), Dict::new())], 1 << 16);
        format!("{:?} {}", decoded.state, String::from_utf8_lossy(&decoded.bytes))
    }

    #[test]
    fn each_filter_is_undone() {
        assert_eq!(undo("ASCIIHexDecode", b"4142 4 >zz"), "Whole AB@");
        assert_eq!(undo("ASCII85Decode", b"<~87cURD]i,\"Ebo80~>"), "Whole Hello World!");
        assert_eq!(undo("RunLengthDecode", b"\x01ab\xfec\x80x"), "Whole abccc");
        // The example of 7.4.4.2.
        assert_eq!(undo("LZWDecode", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"), "Whole -----A---B");
        assert_eq!(undo("Nonsense", b"x"), "Unknown x");
    }

    #[test]
    fn rows_are_predicted_from_those_above() {
        let params: Dict = [("Predictor", 12), ("Columns", 3)]
            .into_iter()
            .map(|(key, n)| (key.as_bytes().into(), Object::Int(n)))
            .collect();
        let rows = vec![0, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1, 1];
        assert_eq!(predicted((rows, State::Whole), &params, 100).0, [1, 2, 3, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_bomb_is_cut() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zlib, &vec![0; 1 << 20]).expect("memory");
        let (bytes, state) = inflate(&zlib.finish().expect("memory"), 1_000);
        assert_eq!((bytes.len(), state), (1_000, State::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0usize..5) {
            let name = ["FlateDecode", "LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode"][which];
            let params: Dict = [("Predictor", 15), ("Columns", 5), ("Colors", 3)]
                .into_iter().map(|(k, n)| (k.as_bytes().into(), Object::Int(n))).collect();
            let decoded = decode(&bytes, &[(name.into(), params)], 1 << 12);
            prop_assert!(decoded.bytes.len() <= (1 << 12) + 4_096);
        }
    }
}
