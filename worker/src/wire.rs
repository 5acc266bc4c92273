//! What gateway and worker say to each other: one job at a time one way, frames of bounded size the other.
//!
//! A frame is its kind (one byte), its length (four, little end first) and that many bytes. Both sides are the same
//! program, but the worker may be in the hands of whoever made the object: each frame is checked for everything it
//! must be, and one that is not ends the worker.

use std::time::Duration;

use chot_inspect::{Bounds, Cell, Kind, Piece};
use chot_model::{OpaqueReason, Secret};

use crate::Confinement;

/// The longest frame. Longer texts and members come in several.
pub const FRAME_MAX: usize = 1 << 20;
/// Bytes before the content of a frame.
pub const HEAD: usize = 5;
/// Names and parts are cut at this length.
const LABEL_MAX: usize = 4_096;

const GREETING: u8 = 0;
const TEXT: u8 = 1;
const TEXT_AGAIN: u8 = 2;
const FIELD: u8 = 3;
const MEMBER: u8 = 4;
const BYTES: u8 = 5;
const OPAQUE: u8 = 6;
const DONE: u8 = 7;
const FAILED: u8 = 8;
const ROW: u8 = 9;

/// A frame, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The worker is ready, and how well it is confined.
    Greeting(Confinement),
    /// It tells something of the object.
    Piece(Piece<'a>),
    /// The object was read.
    Done,
    /// It, or the rest of it, was not.
    Failed(OpaqueReason),
}

/// Kind and length of the frame whose head this is; `None` when there is no such frame.
pub fn head(head: [u8; HEAD]) -> Option<(u8, usize)> {
    let [kind, len @ ..] = head;
    let len = usize::try_from(u32::from_le_bytes(len)).ok()?;
    (kind <= ROW && len <= FRAME_MAX).then_some((kind, len))
}

/// Understands a frame. `None`: it is none that a sound worker sends.
pub fn answer(kind: u8, content: &[u8]) -> Option<Answer<'_>> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let piece = match kind {
        TEXT | TEXT_AGAIN => {
            let (part, rest) = label(content)?;
            Piece::Text { part, text: text(rest)?, again: kind == TEXT_AGAIN }
        }
        FIELD => {
            let (part, rest) = label(content)?;
            let (name, rest) = label(rest)?;
            Piece::Field { part, name, value: text(rest)? }
        }
        ROW => {
            let (part, rest) = label(content)?;
            let (number, rest) = rest.split_first_chunk()?;
            Piece::Row { part, number: u32::from_le_bytes(*number), cells: cells(rest)? }
        }
        MEMBER => Piece::Member { name: text(content).filter(|name| name.len() <= LABEL_MAX)? },
        BYTES => Piece::Bytes(content),
        OPAQUE => {
            let (part, rest) = label(content)?;
            let (bytes, reason) = rest.split_first_chunk()?;
            Piece::Opaque { part, reason: OpaqueReason::from_id(text(reason)?)?, bytes: u64::from_le_bytes(*bytes) }
        }
        GREETING => return Confinement::from_bits(content).map(Answer::Greeting),
        DONE => return content.is_empty().then_some(Answer::Done),
        FAILED => return OpaqueReason::from_id(text(content)?).map(Answer::Failed),
        _ => return None,
    };
    Some(Answer::Piece(piece))
}

/// A label with its length in two bytes before it, and what follows.
fn label(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    let (label, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
    Some((std::str::from_utf8(label).ok().filter(|l| l.len() <= LABEL_MAX)?, rest))
}

/// The cells of a row: each its column, whether it is a number, the length of its text, and that.
fn cells(mut rest: &[u8]) -> Option<Vec<Cell<'_>>> {
    let mut cells = Vec::new();
    while let Some(([c0, c1, c2, c3, number, len @ ..], after)) = rest.split_first_chunk::<CELL>() {
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let (text, after) = after.split_at_checked(len)?;
        let text = std::str::from_utf8(text).ok()?;
        cells.push(Cell { column: u32::from_le_bytes([*c0, *c1, *c2, *c3]), number: *number == 1, text });
        rest = after;
    }
    rest.is_empty().then_some(cells)
}

/// Bytes of a cell before its text.
const CELL: usize = 9;

/// Writes a row as frames; cells that do not fit into one go on in the next.
fn row(part: &str, number: u32, cells: &[Cell<'_>], out: &mut Vec<u8>) {
    const CONTENT_MAX: usize = FRAME_MAX - 2 * LABEL_MAX;
    let (part, number) = (labelled(part), number.to_le_bytes());
    let mut content = Vec::new();
    for cell in cells {
        for text in pieces(cell.text) {
            if content.len() + CELL + text.len() > CONTENT_MAX {
                frame(ROW, &[&part, &number, &content], out);
                content.clear();
            }
            content.extend(cell.column.to_le_bytes());
            content.push(u8::from(cell.number));
            content.extend((text.len() as u32).to_le_bytes());
            content.extend_from_slice(text.as_bytes());
        }
    }
    frame(ROW, &[&part, &number, &content], out);
}

/// Writes an answer as frames behind what `out` holds.
pub fn write(answer: &Answer<'_>, out: &mut Vec<u8>) {
    match answer {
        Answer::Greeting(confinement) => frame(GREETING, &[&confinement.bits()], out),
        Answer::Done => frame(DONE, &[], out),
        Answer::Failed(reason) => frame(FAILED, &[reason.id().as_bytes()], out),
        Answer::Piece(Piece::Text { part, text, again }) => {
            let part = labelled(part);
            for some in pieces(text) {
                frame(if *again { TEXT_AGAIN } else { TEXT }, &[&part, some.as_bytes()], out);
            }
        }
        Answer::Piece(Piece::Row { part, number, cells }) => row(part, *number, cells, out),
        Answer::Piece(Piece::Field { part, name, value }) => {
            let (part, name) = (labelled(part), labelled(name));
            for some in pieces(value) {
                frame(FIELD, &[&part, &name, some.as_bytes()], out);
            }
        }
        Answer::Piece(Piece::Member { name }) => frame(MEMBER, &[cut(name, LABEL_MAX).as_bytes()], out),
        Answer::Piece(Piece::Bytes(bytes)) => {
            for some in bytes.chunks(FRAME_MAX) {
                frame(BYTES, &[some], out);
            }
        }
        Answer::Piece(Piece::Opaque { part, reason, bytes }) => {
            frame(OPAQUE, &[&labelled(part), &bytes.to_le_bytes(), reason.id().as_bytes()], out);
        }
    }
}

fn frame(kind: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let len: usize = parts.iter().map(|p| p.len()).sum();
    out.push(kind);
    out.extend((len as u32).to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The beginning of a text, ending between two characters.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

fn labelled(label: &str) -> Vec<u8> {
    let label = cut(label, LABEL_MAX);
    [&(label.len() as u16).to_le_bytes(), label.as_bytes()].concat()
}

/// A text in pieces that leave room for labels. An empty one is one empty piece.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let piece = cut(text, FRAME_MAX - 4 * LABEL_MAX);
        rest = text.get(piece.len()..).filter(|rest| !rest.is_empty());
        Some(piece)
    })
}

/// What the worker is asked to do; the bytes of the object follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) bounds: Bounds,
    /// Bytes of the passwords, which follow first.
    pub(crate) secrets: u64,
    pub(crate) len: u64,
}

/// Bytes of a job before those of the object.
pub(crate) const JOB: usize = 33;

impl Job {
    pub(crate) fn to_bytes(self) -> [u8; JOB] {
        let mut bytes = [0; JOB];
        let kind = Kind::ALL.iter().position(|k| *k == self.kind).unwrap_or(usize::MAX) as u8;
        let time_ms = u64::try_from(self.bounds.time_max.as_millis()).unwrap_or(u64::MAX);
        let numbers = [self.bounds.decoded_bytes_max, time_ms, self.secrets, self.len].map(u64::to_le_bytes).concat();
        for (slot, b) in bytes.iter_mut().zip(std::iter::once(kind).chain(numbers)) {
            *slot = b;
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; JOB]) -> Option<Self> {
        let [kind, rest @ ..] = bytes;
        let mut numbers = rest.chunks_exact(8).filter_map(|n| n.try_into().ok()).map(u64::from_le_bytes);
        let mut next = || numbers.next();
        let (decoded_bytes_max, time_ms, secrets, len) = (next()?, next()?, next()?, next()?);
        let bounds = Bounds { decoded_bytes_max, time_max: Duration::from_millis(time_ms) };
        Some(Self { kind: *Kind::ALL.get(usize::from(kind))?, bounds, secrets, len })
    }
}

/// Passwords as they are sent: each behind its length in two bytes.
pub(crate) fn secrets(passwords: &[Secret]) -> Vec<u8> {
    passwords.iter().flat_map(|p| labelled(p.reveal())).collect()
}

/// Reads them.
pub(crate) fn read_secrets(mut bytes: &[u8]) -> Option<Vec<Secret>> {
    let mut passwords = Vec::new();
    while !bytes.is_empty() {
        let (password, rest) = label(bytes)?;
        passwords.push(Secret::new(password));
        bytes = rest;
    }
    Some(passwords)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Answer<'_>> {
        let (mut answers, mut rest) = (Vec::new(), bytes);
        while let Some((first, after)) = rest.split_first_chunk() {
            let (kind, len) = head(*first).expect("a head");
            let (content, after) = after.split_at(len);
            answers.push(answer(kind, content).expect("an answer"));
            rest = after;
        }
        answers
    }

    #[test]
    fn what_is_written_is_read() {
        let answers = [
            Answer::Greeting(Confinement { memory: true, files: false, calls: true }),
            Answer::Piece(Piece::Text { part: "", text: "Số CCCD", again: true }),
            Answer::Piece(Piece::Text { part: "a", text: "", again: false }),
            Answer::Piece(Piece::Field { part: "form", name: "Số CCCD", value: "1" }),
            Answer::Piece(Piece::Row {
                part: "Sheet1",
                number: 7,
                cells: vec![
                    Cell { column: 2, number: true, text: "1090123456" },
                    Cell { column: 300, number: false, text: "" },
                ],
            }),
            Answer::Piece(Piece::Member { name: "a.jpg" }),
            Answer::Piece(Piece::Bytes(b"\0\xff")),
            Answer::Piece(Piece::Opaque { part: "page 3", reason: OpaqueReason::UnknownEncoding, bytes: 300 }),
            Answer::Failed(OpaqueReason::TooLarge),
            Answer::Done,
        ];
        let mut bytes = Vec::new();
        answers.iter().for_each(|a| write(a, &mut bytes));
        assert_eq!(read(&bytes), answers);
    }

    #[test]
    fn long_texts_come_in_several_frames_and_lose_nothing() {
        let text = "ọ1".repeat(FRAME_MAX);
        let mut bytes = Vec::new();
        write(&Answer::Piece(Piece::Text { part: "p", text: &text, again: false }), &mut bytes);
        let mut together = String::new();
        for answer in read(&bytes) {
            let Answer::Piece(Piece::Text { part: "p", text, again: false }) = answer else { panic!("{answer:?}") };
            together.push_str(text);
        }
        assert!(together == text);
    }

    #[test]
    fn what_no_sound_worker_sends_is_no_answer() {
        for (kind, content) in [
            (TEXT, b"".as_slice()),
            (TEXT, b"\x05\0abc"),
            (TEXT, b"\0\0\xff"),
            (TEXT, b"\xff\xff"),
            (OPAQUE, b"\0\0nonsense"),
            (ROW, b"\0\0\x01\0\0\0\x02\0\0\0\0\x09\0\0\0abc"),
            (ROW, b"\0\0\x01\0\0\0\x02"),
            (DONE, b"x"),
            (FAILED, b""),
            (GREETING, b""),
            (200, b""),
        ] {
            assert_eq!(answer(kind, content), None, "{kind} {content:?}");
        }
        assert_eq!(head([TEXT, 0, 0, 0, 1]), None);
        assert_eq!(head([99, 0, 0, 0, 0]), None);
    }

    #[test]
    fn passwords_are_read_as_written() {
        let passwords = ["", "mật khẩu", "x"].map(Secret::new);
        assert_eq!(read_secrets(&secrets(&passwords)).as_deref(), Some(&passwords[..]));
        assert_eq!(read_secrets(b"\x05\0abc"), None);
    }

    #[test]
    fn jobs_are_read_as_written() {
        let bounds = Bounds { decoded_bytes_max: 7, time_max: Duration::from_millis(9) };
        let job = Job::from_bytes(Job { kind: Kind::Pdf, bounds, secrets: 5, len: 11 }.to_bytes()).expect("a job");
        assert_eq!(
            (job.kind, job.bounds.decoded_bytes_max, job.bounds.time_max, job.secrets, job.len),
            (Kind::Pdf, 7, bounds.time_max, 5, 11)
        );
        assert!(Job::from_bytes([255; JOB]).is_none());
    }
}
