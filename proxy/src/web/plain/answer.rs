//! The body of a server's answer, passed on as it comes. Behind its end the connection waits for the next request.
//!
//! Only where it ends is read: by length, by chunks (RFC 9112 §7.1) or with the connection. Trailers are dropped, for no
//! request here asked for any.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};

use super::head::Spelled;
use super::line::{Line, Slot};

/// Longest line with the size of a chunk, extensions included, and largest trailer section.
const LINE_BYTES_MAX: usize = 4 << 10;
const TRAILERS_BYTES_MAX: usize = 16 << 10;

/// What of a body is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Done,
    Length(u64),
    Chunked(Chunked),
    UntilEnd,
}

impl Rest {
    pub(super) const fn of_length(length: u64) -> Self {
        if length == 0 { Self::Done } else { Self::Length(length) }
    }

    pub(super) const fn chunked() -> Self {
        Self::Chunked(Chunked::Size)
    }
}

/// Where among chunks we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// Before a size.
    Size,
    /// So much of a chunk is to come.
    Data(u64),
    /// Before the line end behind a chunk.
    Behind,
    /// Behind the last chunk, with the bytes of trailers so far.
    Trailers(usize),
}

/// What stands at the beginning of `held`, which is taken from it.
enum Step {
    Data(Bytes),
    /// Something that is no data.
    On,
    /// More has to come first.
    More,
    End,
}

impl Rest {
    /// Takes the next thing.
    fn step(&mut self, held: &mut BytesMut) -> io::Result<Step> {
        let data = |left: u64, held: &mut BytesMut| {
            let n = left.min(held.len() as u64);
            (left - n, Step::Data(held.split_to(n as usize).freeze()))
        };
        let step = match self {
            Self::Done => Step::End,
            _ if held.is_empty() => Step::More,
            Self::UntilEnd => Step::Data(held.split().freeze()),
            Self::Length(left) => {
                let (left, step) = data(*left, held);
                *self = Self::of_length(left);
                step
            }
            Self::Chunked(Chunked::Data(left)) => {
                let (left, step) = data(*left, held);
                *self = Self::Chunked(if left == 0 { Chunked::Behind } else { Chunked::Data(left) });
                step
            }
            Self::Chunked(Chunked::Behind) => match &**held {
                [b'\r', b'\n', ..] => {
                    held.advance(2);
                    *self = Self::chunked();
                    Step::On
                }
                [b'\r'] => Step::More,
                _ => return Err(broken()),
            },
            Self::Chunked(Chunked::Size) => match line(held, LINE_BYTES_MAX)? {
                None => Step::More,
                Some(line) => {
                    let size = size(&line)?;
                    *self = Self::Chunked(if size == 0 { Chunked::Trailers(0) } else { Chunked::Data(size) });
                    Step::On
                }
            },
            Self::Chunked(Chunked::Trailers(so_far)) => match line(held, TRAILERS_BYTES_MAX - *so_far)? {
                None => Step::More,
                Some(line) if line.is_empty() => {
                    *self = Self::Done;
                    Step::End
                }
                Some(line) => {
                    *so_far = (*so_far + line.len() + 2).min(TRAILERS_BYTES_MAX);
                    Step::On
                }
            },
        };
        Ok(step)
    }
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Takes a line without its end, once that is there.
fn line(held: &mut BytesMut, max: usize) -> io::Result<Option<Bytes>> {
    let Some(end) = memchr::memchr(b'\n', held) else {
        return if held.len() > max { Err(broken()) } else { Ok(None) };
    };
    if end > max {
        return Err(broken());
    }
    let line = held.split_to(end + 1).freeze();
    match line.get(..end).and_then(|line| line.strip_suffix(b"\r")) {
        Some(without_end) => Ok(Some(line.slice_ref(without_end))),
        None => Err(broken()),
    }
}

fn size(line: &[u8]) -> io::Result<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    let is_number = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_number).ok_or_else(broken)?;
    u64::from_str_radix(digits, 16).map_err(|_| broken())
}

/// A server's answer behind its head.
#[derive(Debug)]
pub(in crate::web) struct Answer {
    /// The connection, until the answer is through.
    line: Option<Box<Line>>,
    rest: Rest,
    spelled: Spelled,
    /// Where the connection goes then, if it may be used again.
    home: Option<Slot>,
}

impl Answer {
    pub(super) fn new(line: Box<Line>, rest: Rest, spelled: Spelled, home: Option<Slot>) -> Self {
        let mut answer = Self { line: Some(line), rest, spelled, home };
        answer.settle();
        answer
    }

    /// How its head was spelled.
    pub(in crate::web) fn spelled(&self) -> &Spelled {
        &self.spelled
    }

    /// Gives the connection back behind the end. What came behind an answer belongs to none, and the connection is not
    /// used again.
    fn settle(&mut self) {
        if self.rest == Rest::Done
            && let (Some(line), home) = (self.line.take(), self.home.take())
            && line.is_at_rest()
            && let Some(home) = home
        {
            home.put(line);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            let Some(line) = &mut this.line else { return Poll::Ready(None) };
            // A server may answer while it is still being told.
            line.send_on(cx);
            match this.rest.step(&mut line.held)? {
                Step::Data(data) => {
                    this.settle();
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Step::On => {}
                Step::End => this.settle(),
                Step::More => {
                    if ready!(line.fill(cx))? == 0 {
                        if this.rest != Rest::UntilEnd {
                            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
                        }
                        this.rest = Rest::Done;
                        this.home = None;
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest == Rest::Done
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest {
            Rest::Done => SizeHint::with_exact(0),
            Rest::Length(left) => SizeHint::with_exact(left),
            Rest::Chunked(_) | Rest::UntilEnd => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read of these bytes, shown in pieces, and whether the end was reached; what stands behind it.
    fn read(mut rest: Rest, bytes: &[u8], size: usize) -> Option<(Vec<u8>, bool, Vec<u8>)> {
        let (mut held, mut read) = (BytesMut::new(), Vec::new());
        let mut pieces = bytes.chunks(size.max(1));
        loop {
            match rest.step(&mut held).ok()? {
                Step::Data(data) => read.extend_from_slice(&data),
                Step::On => {}
                Step::End => {
                    return Some((read, true, [&held, pieces.collect::<Vec<_>>().concat().as_slice()].concat()));
                }
                Step::More => match pieces.next() {
                    Some(piece) => held.extend_from_slice(piece),
                    None => return Some((read, false, held.to_vec())),
                },
            }
        }
    }

    #[test]
    fn chunks() {
        for (text, expected) in [
            ("5\r\nhello\r\n0\r\n\r\nnext", Some(("hello", true, "next"))),
            ("1;a=b\r\nh\r\n0a \r\n0123456789\r\n0\r\nX: y\r\nZ: z\r\n\r\n", Some(("h0123456789", true, ""))),
            ("5\r\nhel", Some(("hel", false, ""))),
            ("0\r\n", Some(("", false, ""))),
            ("5\r\nhelloX", None),
            ("5\nhello\r\n", None),
            ("\r\n", None),
            ("+5\r\nhello\r\n", None),
            ("0x5\r\nhello\r\n", None),
            ("11111111111111111\r\n", None),
            ("-1\r\n", None),
        ] {
            for size in [1, 2, 3, 1_000] {
                let read = read(Rest::chunked(), text.as_bytes(), size);
                let expected = expected.map(|(data, ended, behind)| (data.into(), ended, behind.into()));
                assert_eq!(read, expected, "{text:?} by {size}");
            }
        }
        for (endless, bytes) in [("5;", LINE_BYTES_MAX), ("0\r\nX: y", TRAILERS_BYTES_MAX), ("0\r\n", 0)] {
            let text = if bytes == 0 {
                endless.to_owned() + &"X: y\r\n".repeat(TRAILERS_BYTES_MAX)
            } else {
                endless.to_owned() + &"y".repeat(bytes + 1)
            };
            assert_eq!(read(Rest::chunked(), text.as_bytes(), 1_000), None, "{endless:?}");
        }
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
            size in 1usize..50,
        ) {
            let mut bytes: Vec<u8> = chunks.iter().flat_map(|chunk| {
                [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()
            }).collect();
            bytes.extend_from_slice(b"0\r\n\r\nbehind");
            let all = chunks.concat();
            prop_assert_eq!(read(Rest::chunked(), &bytes, size), Some((all.clone(), true, b"behind".to_vec())));
            let counted = read(Rest::of_length(all.len() as u64), &[&all[..], b"behind"].concat(), size);
            prop_assert_eq!(counted, Some((all.clone(), true, b"behind".to_vec())));
            prop_assert_eq!(read(Rest::UntilEnd, &all, size), Some((all, false, Vec::new())));
        }
    }
}
