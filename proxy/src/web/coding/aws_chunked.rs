//! The chunks inside a body that S3 clients announce as `Content-Encoding: aws-chunked` (Amazon S3 API reference,
//! "Signature calculations for the Authorization header: transferring a payload in multiple chunks").
//!
//! Signatures of chunks are not checked. Trailing headers come out behind the content, to be inspected with it.

use chot_model::OpaqueReason;

use super::Broken;

/// Longest line: a size with its signature, or a trailing header.
const LINE_BYTES_MAX: usize = 512;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In the line with the size of the next chunk.
    #[default]
    Size,
    /// So many bytes of content are still to come.
    Content(u64),
    /// In the line break behind a chunk.
    Break,
    /// In a trailing header.
    Trailer,
    End,
}

#[derive(Debug, Default)]
pub(super) struct AwsChunked {
    state: State,
    line: Vec<u8>,
}

impl AwsChunked {
    pub(super) fn is_at_end(&self) -> bool {
        self.state == State::End
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Broken> {
        let mut consumed = 0;
        while let Some((byte, _)) = input.get(consumed..).and_then(<[u8]>::split_first) {
            if let State::Content(left) = self.state {
                let rest = input.get(consumed..).unwrap_or_default();
                let n = rest.len().min(output.len()).min(usize::try_from(left).unwrap_or(usize::MAX));
                output.iter_mut().zip(rest.iter().take(n)).for_each(|(to, from)| *to = *from);
                let left = left - n as u64;
                self.state = if left == 0 { State::Break } else { State::Content(left) };
                return Ok((consumed + n, n));
            }
            if self.state == State::End {
                return Ok((consumed, 0));
            }
            consumed += 1;
            self.line.push(*byte);
            if self.line.len() > LINE_BYTES_MAX {
                return Err(OpaqueReason::ParseError);
            }
            if self.line.ends_with(b"\r\n") {
                let line = std::mem::take(&mut self.line);
                let produced = self.take_line(&line, output)?;
                if produced > 0 {
                    return Ok((consumed, produced));
                }
            }
        }
        Ok((consumed, 0))
    }

    /// Acts on a whole line; returns how many bytes of output it makes.
    fn take_line(&mut self, line: &[u8], output: &mut [u8]) -> Result<usize, Broken> {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        match self.state {
            State::Size => {
                self.state = match chunk_size(text)? {
                    0 => State::Trailer,
                    size => State::Content(size),
                };
                Ok(0)
            }
            State::Break if text.is_empty() => {
                self.state = State::Size;
                Ok(0)
            }
            State::Trailer if text.is_empty() => {
                self.state = State::End;
                Ok(0)
            }
            State::Trailer => {
                // Lines are shorter than any output buffer.
                output.iter_mut().zip(line).for_each(|(to, from)| *to = *from);
                Ok(line.len().min(output.len()))
            }
            State::Break | State::Content(_) | State::End => Err(OpaqueReason::ParseError),
        }
    }
}

/// `SIZE` or `SIZE;chunk-signature=HEX`, nothing else: other extensions would leave uninspected.
fn chunk_size(line: &[u8]) -> Result<u64, Broken> {
    let text = std::str::from_utf8(line).map_err(|_| OpaqueReason::ParseError)?;
    let (size, signature) = match text.split_once(';') {
        Some((size, extension)) => (size, extension.strip_prefix("chunk-signature=").ok_or(OpaqueReason::ParseError)?),
        None => (text, ""),
    };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if size.is_empty() || size.len() > 16 || !is_hex(size) || !is_hex(signature) || !matches!(signature.len(), 0 | 64) {
        return Err(OpaqueReason::ParseError);
    }
    u64::from_str_radix(size, 16).map_err(|_| OpaqueReason::ParseError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &[u8], cut: usize) -> Result<Vec<u8>, Broken> {
        let (mut decoder, mut all, mut output) = (AwsChunked::default(), Vec::new(), vec![0; 1_024]);
        for mut piece in body.chunks(cut) {
            while !piece.is_empty() {
                let (consumed, produced) = decoder.step(piece, &mut output)?;
                all.extend_from_slice(&output[..produced]);
                if consumed == 0 && produced == 0 {
                    return Err(OpaqueReason::ParseError);
                }
                piece = &piece[consumed..];
            }
        }
        if decoder.is_at_end() { Ok(all) } else { Err(OpaqueReason::ParseError) }
    }

    #[test]
    fn chunks_wherever_they_are_cut() {
        let signature = "a1".repeat(32);
        let signed = format!("4;chunk-signature={signature}\r\nCCCD\r\n0;chunk-signature={signature}\r\n\r\n");
        for (body, expected) in [
            ("4\r\nCCCD\r\n6\r\n 00109\r\n0\r\n\r\n", Ok("CCCD 00109")),
            (signed.as_str(), Ok("CCCD")),
            ("0\r\n\r\n", Ok("")),
            ("1\r\nx\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", Ok("xx-amz-checksum-crc32:AAAA\r\n")),
            ("1\r\nx\r\n0\r\n", Err(OpaqueReason::ParseError)),
            ("1\r\nxy\r\n0\r\n\r\n", Err(OpaqueReason::ParseError)),
            ("1;note=001090123456\r\nx\r\n0\r\n\r\n", Err(OpaqueReason::ParseError)),
            ("g\r\n\r\n", Err(OpaqueReason::ParseError)),
            ("0\r\n\r\nmore", Err(OpaqueReason::ParseError)),
        ] {
            for cut in [1, 2, 3, 1_000] {
                let expected = expected.map(|text| text.as_bytes().to_vec());
                assert_eq!(decode(body.as_bytes(), cut), expected, "{body:?} cut at {cut}");
            }
        }
    }
}
