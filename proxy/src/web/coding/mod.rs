//! Content codings (RFC 9110 §8.4), undone for inspection: gzip, deflate, br, zstd, several in a row.
//!
//! Push style: bytes in as they arrive, decoded bytes out in pieces of at most [`PIECE_BYTES`], so memory does not
//! depend on how far a coding expands. What is decoded here is only inspected; the encoded bytes are what is sent on
//! when nothing has to be redacted.

mod aws_chunked;
mod gzip_head;
mod zstd;

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, HeapAlloc, HuffmanCode};
use chot_model::OpaqueReason;
use flate2::{Decompress, FlushDecompress, Status};

use self::aws_chunked::AwsChunked;
use self::gzip_head::GzipHead;
use self::zstd::Zstd;

/// Codings in a row. More than two do not occur in honest traffic.
const LAYERS_MAX: usize = 3;
/// Largest piece given to the sink at once.
const PIECE_BYTES: usize = 32 << 10;
/// Decoded bytes that are fine at any ratio.
const DECODED_FREE_BYTES: u64 = 16 << 20;
/// Decoded bytes per encoded byte beyond that. Deflate reaches 1,032 on zeroes; tables and text stay below 100.
const RATIO_MAX: u64 = 200;

/// Why a body cannot be decoded to its end.
pub(crate) type Broken = OpaqueReason;

/// The codings of one body, outermost first.
pub(crate) struct Codings {
    layers: Vec<Layer>,
    encoded_bytes: u64,
    decoded_bytes: u64,
}

impl std::fmt::Debug for Codings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codings").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}

impl Codings {
    /// The codings that the values of Content-Encoding name; `Ok(None)` when there are none to undo.
    ///
    /// # Errors
    /// When one of them is unknown or there are too many.
    pub(crate) fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Self>, Broken> {
        let mut layers = Vec::new();
        for value in values {
            for name in value.split(|byte| *byte == b',') {
                let name = name.trim_ascii().to_ascii_lowercase();
                layers.push(match name.as_slice() {
                    b"" | b"identity" => continue,
                    b"gzip" | b"x-gzip" => Layer::Gzip(Deflate::new(Framing::Gzip)),
                    b"deflate" => Layer::Deflate { first: None, inner: Deflate::new(Framing::Zlib) },
                    b"br" => Layer::Brotli(Box::new(Brotli::new())),
                    b"zstd" => Layer::Zstd(Box::new(Zstd::new())),
                    b"aws-chunked" => Layer::AwsChunked(AwsChunked::default()),
                    _ => return Err(OpaqueReason::UnknownEncoding),
                });
                if layers.len() > LAYERS_MAX {
                    return Err(OpaqueReason::TooDeep);
                }
            }
        }
        // The header lists codings in the order they were applied; they are undone from the last.
        layers.reverse();
        Ok((!layers.is_empty()).then_some(Self { layers, encoded_bytes: 0, decoded_bytes: 0 }))
    }

    /// Decodes the next bytes into `sink`.
    ///
    /// # Errors
    /// When the stream is damaged or expands beyond the bounds. What came out before stays valid.
    pub(crate) fn push<E: From<Broken>>(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.encoded_bytes += bytes.len() as u64;
        let (encoded, decoded) = (self.encoded_bytes, &mut self.decoded_bytes);
        feed(&mut self.layers, bytes, &mut |piece: &[u8]| {
            *decoded += piece.len() as u64;
            if *decoded > DECODED_FREE_BYTES && *decoded / RATIO_MAX > encoded {
                return Err(OpaqueReason::TooLarge.into());
            }
            sink(piece)
        })
    }

    /// File names in the coding itself: they leave with it, so they are inspected with it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.layers.iter().filter_map(|layer| match layer {
            Layer::Gzip(inner) => inner.head.as_ref().map(GzipHead::name).filter(|name| !name.is_empty()),
            Layer::Deflate { .. } | Layer::Brotli(_) | Layer::Zstd(_) | Layer::AwsChunked(_) => None,
        })
    }

    /// Whether the decoded bytes could take the body's place.
    pub(crate) fn is_replaceable(&self) -> bool {
        !self.layers.iter().any(|layer| matches!(layer, Layer::AwsChunked(_)))
    }

    /// Ends the body.
    ///
    /// # Errors
    /// When a stream has not come to its own end.
    pub(crate) fn finish(&self) -> Result<(), Broken> {
        // An empty body with a coding is what some clients send with GET or a zero Content-Length.
        if self.encoded_bytes == 0 || self.layers.iter().all(Layer::is_at_end) {
            Ok(())
        } else {
            Err(OpaqueReason::ParseError)
        }
    }
}

/// Recursion depth is the number of layers.
fn feed<E: From<Broken>>(
    layers: &mut [Layer],
    mut input: &[u8],
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let Some((layer, rest)) = layers.split_first_mut() else { return sink(input) };
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let (consumed, produced) = layer.step(input, &mut piece)?;
        input = input.get(consumed..).unwrap_or_default();
        if produced > 0 {
            feed(rest, piece.get(..produced).unwrap_or_default(), sink)?;
        } else if consumed == 0 || input.is_empty() {
            return if input.is_empty() { Ok(()) } else { Err(OpaqueReason::ParseError.into()) };
        }
    }
}

enum Layer {
    Gzip(Deflate),
    /// `deflate` means zlib framing, but raw streams are sent under that name too. `first` holds the first byte until
    /// the second tells which.
    Deflate {
        first: Option<u8>,
        inner: Deflate,
    },
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
    AwsChunked(AwsChunked),
}

impl Layer {
    /// Decodes some of `input` into `output`; returns how many bytes were consumed and produced. Nothing of both means
    /// that more input is needed; input left over then is damage.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Broken> {
        match self {
            Self::Gzip(inner) => inner.step(input, output),
            Self::Deflate { first, inner } => {
                if inner.bytes_in > 0 {
                    return inner.step(input, output);
                }
                match (*first, input) {
                    (None, []) => Ok((0, 0)),
                    (None, [byte, ..]) => {
                        *first = Some(*byte);
                        Ok((1, 0))
                    }
                    (Some(_), []) => Ok((0, 0)),
                    (Some(cmf), [flg, ..]) => {
                        let is_zlib = cmf & 0x0f == 8 && (u16::from(cmf) << 8 | u16::from(*flg)) % 31 == 0;
                        *inner = Deflate::new(if is_zlib { Framing::Zlib } else { Framing::Raw });
                        // The byte held back goes first. No output can come of it alone.
                        inner.step(&[cmf], output)?;
                        inner.step(input, output)
                    }
                }
            }
            Self::Brotli(inner) => inner.step(input, output),
            Self::Zstd(inner) => inner.step(input, output),
            Self::AwsChunked(inner) => inner.step(input, output),
        }
    }

    fn is_at_end(&self) -> bool {
        match self {
            Self::Gzip(inner) | Self::Deflate { inner, .. } => inner.is_at_end,
            Self::Brotli(inner) => inner.is_at_end,
            Self::Zstd(inner) => inner.is_between_frames(),
            Self::AwsChunked(inner) => inner.is_at_end(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Gzip,
    Zlib,
    Raw,
}

struct Deflate {
    framing: Framing,
    inflate: Decompress,
    /// Reads along in the header of a gzip member.
    head: Option<GzipHead>,
    bytes_in: u64,
    is_at_end: bool,
}

impl Deflate {
    /// The largest window of RFC 1951.
    const WINDOW_BITS: u8 = 15;

    fn new(framing: Framing) -> Self {
        let inflate = match framing {
            Framing::Gzip => Decompress::new_gzip(Self::WINDOW_BITS),
            Framing::Zlib => Decompress::new(true),
            Framing::Raw => Decompress::new(false),
        };
        let head = (framing == Framing::Gzip).then(GzipHead::default);
        Self { framing, inflate, head, bytes_in: 0, is_at_end: false }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Broken> {
        if self.is_at_end {
            // Another gzip member may follow (RFC 1952 §2.2); anything else is not part of the stream.
            if input.is_empty() || self.framing != Framing::Gzip {
                return Ok((0, 0));
            }
            // Only the first may have a name: that one is inspected.
            let head = self.head.take().map(GzipHead::next_member);
            *self = Self { head, ..Self::new(Framing::Gzip) };
        }
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, output, FlushDecompress::None);
        let status = status.map_err(|_| OpaqueReason::ParseError)?;
        self.is_at_end = status == Status::StreamEnd;
        let consumed = (self.inflate.total_in() - before_in) as usize;
        if let Some(head) = &mut self.head {
            head.read(input.get(..consumed).unwrap_or_default())?;
        }
        self.bytes_in += consumed as u64;
        Ok((consumed, (self.inflate.total_out() - before_out) as usize))
    }
}

struct Brotli {
    state: BrotliState<HeapAlloc<u8>, HeapAlloc<u32>, HeapAlloc<HuffmanCode>>,
    total_out: usize,
    is_at_end: bool,
}

impl Brotli {
    fn new() -> Self {
        // Strict: no windows beyond those of RFC 7932 (16 MiB).
        let state = BrotliState::new_strict(HeapAlloc::default(), HeapAlloc::default(), HeapAlloc::default());
        Self { state, total_out: 0, is_at_end: false }
    }

    /// Byte by byte: a metadata block (RFC 7932 §9.2) decodes to nothing and would leave uninspected, and only between
    /// two bytes can it be seen. An empty one is how encoders flush.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Broken> {
        if self.is_at_end {
            return Ok((0, 0));
        }
        let (mut consumed, mut room, mut produced) = (0, output.len(), 0);
        loop {
            let mut left = usize::from(consumed < input.len());
            let result = BrotliDecompressStream(
                &mut left,
                &mut consumed,
                input,
                &mut room,
                &mut produced,
                output,
                &mut self.total_out,
                &mut self.state,
            );
            if self.state.is_metadata != 0 && self.state.meta_block_remaining_len > 0 {
                return Err(OpaqueReason::Ambiguous);
            }
            match result {
                BrotliResult::ResultFailure => return Err(OpaqueReason::ParseError),
                BrotliResult::ResultSuccess => self.is_at_end = true,
                BrotliResult::NeedsMoreInput if consumed < input.len() => continue,
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            }
            break;
        }
        Ok((consumed, produced))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use proptest::prelude::*;

    use super::*;

    fn encode(coding: &str, plain: &[u8]) -> Vec<u8> {
        match coding {
            "gzip" | "x-gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect("written");
                encoder.finish().expect("finished")
            }
            "deflate" => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect("written");
                encoder.finish().expect("finished")
            }
            "raw" => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect("written");
                encoder.finish().expect("finished")
            }
            "br" => {
                let mut out = Vec::new();
                brotli::CompressorWriter::new(&mut out, 4_096, 5, 20).write_all(plain).expect("written");
                out
            }
            "zstd" => ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest),
            other => panic!("{other}"),
        }
    }

    fn decode(header: &str, encoded: &[u8], cut: usize) -> Result<Vec<u8>, Broken> {
        let mut codings = Codings::of([header.as_bytes()])?.expect("codings");
        let mut plain = Vec::new();
        for piece in encoded.chunks(cut.max(1)) {
            codings.push::<Broken>(piece, &mut |bytes| {
                assert!(bytes.len() <= PIECE_BYTES);
                plain.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        codings.finish()?;
        Ok(plain)
    }

    fn words(len: usize) -> Vec<u8> {
        (0..len).map(|i| b"So can cuoc 0123456789 "[(i * 7 + i / 97) % 23]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn cutting_the_stream_anywhere_changes_nothing(len in 0usize..300_000, cut in 1usize..5_000, which in 0usize..5) {
            let coding = ["gzip", "deflate", "raw", "br", "zstd"][which];
            let plain = words(len);
            let header = if coding == "raw" { "deflate" } else { coding };
            prop_assert!(decode(header, &encode(coding, &plain), cut) == Ok(plain));
        }

        #[test]
        fn damage_is_an_error_or_other_bytes_but_never_a_panic(
            len in 0usize..5_000, at in any::<prop::sample::Index>(), bit in 0u8..8, which in 0usize..5,
        ) {
            let coding = ["gzip", "deflate", "raw", "br", "zstd"][which];
            let mut encoded = encode(coding, &words(len));
            let at = at.index(encoded.len());
            encoded[at] ^= 1 << bit;
            let _ = decode(if coding == "raw" { "deflate" } else { coding }, &encoded, 64);
        }
    }

    #[test]
    fn byte_by_byte_every_coding_and_several_in_a_row() {
        let plain = words(9_000);
        for coding in ["gzip", "x-gzip", "deflate", "br", "zstd"] {
            assert_eq!(decode(coding, &encode(coding, &plain), 1).expect(coding), plain, "{coding}");
            assert_eq!(decode(coding, &encode(coding, b""), 1).expect(coding), b"", "{coding}");
        }
        let twice = encode("br", &encode("gzip", &plain));
        assert_eq!(decode("gzip, br", &twice, 100).expect("decoded"), plain);
        assert_eq!(decode("br, gzip", &twice, 100), Err(OpaqueReason::ParseError));
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        for coding in ["gzip", "zstd"] {
            let both = [encode(coding, b"CCCD 0010"), encode(coding, b"90123456")].concat();
            for cut in [1, 5, 1_000] {
                assert_eq!(decode(coding, &both, cut).expect(coding), b"CCCD 001090123456", "{coding}");
            }
        }
    }

    #[test]
    fn bytes_that_decode_to_nothing_do_not_pass_unseen() {
        let hidden = b"001090123456";
        let skippable = [&0x184d_2a53u32.to_le_bytes()[..], &12u32.to_le_bytes(), hidden].concat();
        let framed = [&encode("zstd", b"text"), &skippable[..]].concat();
        assert_eq!(decode("zstd", &framed, 3), Err(OpaqueReason::Ambiguous));
        // Brotli: window bits, a metadata block with a length of one byte, then the empty last block.
        let len = hidden.len() as u8 - 1;
        let mut metadata = vec![0b0010_1100 | len << 7, len >> 1];
        metadata.extend_from_slice(hidden);
        metadata.push(0b11);
        for cut in [1, 5, 100] {
            assert_eq!(decode("br", &metadata, cut), Err(OpaqueReason::Ambiguous));
        }
        // What an encoder writes to flush: the same without bytes.
        let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 20);
        for piece in [b"one ", b"more"] {
            encoder.write_all(piece).expect("written");
            encoder.flush().expect("flushed");
        }
        assert_eq!(decode("br", &encoder.into_inner(), 3).expect("decoded"), b"one more");

        let gz = |builder: flate2::GzBuilder| {
            let mut encoder = builder.write(Vec::new(), Compression::default());
            encoder.write_all(b"text").expect("written");
            encoder.finish().expect("finished")
        };
        for commented in [flate2::GzBuilder::new().comment(&hidden[..]), flate2::GzBuilder::new().extra(&hidden[..])] {
            assert_eq!(decode("gzip", &gz(commented), 1), Err(OpaqueReason::Ambiguous));
        }
        let named = gz(flate2::GzBuilder::new().filename(&hidden[..]));
        let mut codings = Codings::of([&b"gzip"[..]]).expect("known").expect("one");
        for byte in &named {
            codings.push::<Broken>(&[*byte], &mut |_| Ok(())).expect("decoded");
        }
        assert_eq!(codings.names().collect::<Vec<_>>(), [hidden]);
        let second = [encode("gzip", b"text"), named].concat();
        assert_eq!(decode("gzip", &second, 2), Err(OpaqueReason::Ambiguous));
    }

    #[test]
    fn what_is_cut_short_or_followed_by_other_bytes_is_damaged() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let encoded = encode(coding, &words(5_000));
            for cut in [1, 7, encoded.len() / 2, encoded.len() - 1] {
                assert!(decode(coding, &encoded[..cut], 50).is_err(), "{coding} cut at {cut}");
            }
            let more = [&encoded[..], b"CCCD 001090123456"].concat();
            assert!(decode(coding, &more, 50).is_err(), "{coding}");
        }
    }

    #[test]
    fn a_bomb_is_too_large() {
        let zeroes = vec![0; 8 << 20];
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        (0..64).for_each(|_| encoder.write_all(&zeroes).expect("written"));
        let bomb = encoder.finish().expect("finished");
        let mut codings = Codings::of([&b"gzip"[..]]).expect("known").expect("one");
        let mut decoded = 0u64;
        let broken = codings.push::<Broken>(&bomb, &mut |bytes| {
            decoded += bytes.len() as u64;
            Ok(())
        });
        assert_eq!(broken, Err(OpaqueReason::TooLarge));
        assert!(decoded <= bomb.len() as u64 * RATIO_MAX + DECODED_FREE_BYTES);
        // Run-length blocks of zstd: five bytes stand for 128 KiB.
        let mut rle = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
        (0..4_096).for_each(|_| rle.extend_from_slice(&[0x02, 0x00, 0x10, 0x41]));
        assert_eq!(decode("zstd", &rle, 1 << 20), Err(OpaqueReason::TooLarge));
    }

    #[test]
    fn names_of_codings() {
        for (header, expected) in [
            ("", Ok(false)),
            ("identity", Ok(false)),
            ("GZIP", Ok(true)),
            (" gzip ,, br", Ok(true)),
            ("compress", Err(OpaqueReason::UnknownEncoding)),
            ("aws-chunked, gzip", Ok(true)),
            ("exi", Err(OpaqueReason::UnknownEncoding)),
            ("gzip, gzip, gzip, gzip", Err(OpaqueReason::TooDeep)),
        ] {
            assert_eq!(Codings::of([header.as_bytes()]).map(|c| c.is_some()), expected, "{header}");
        }
    }
}
