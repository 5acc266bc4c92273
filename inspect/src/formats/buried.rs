//! A file that stands somewhere in a text: a document of PDF behind a letter, an archive behind the rows of a table.
//!
//! Programs that look for the beginning or the end of their files find them there. Bytes of no text are told where the text is
//! nothing but that; a table, a page or a list of records is cut into pieces that nobody would put together again, and a document of
//! PDF may be letters from its first byte to its last.

use memchr::memmem;

use super::rest;
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;

/// How documents begin, what they are made of, and how they end.
const DOCUMENT: &[u8] = b"%PDF-";
const OBJECT: &[u8] = b"obj";
const END: &[u8] = b"%%EOF";
/// One byte less than the longest mark that is looked for.
const CARRY: usize = 15;

/// What is known of a text so far.
#[derive(Default)]
pub(crate) struct Buried {
    /// From where a document may begin. It is one if an object and an end were seen: else it is an example, or talk.
    document: Option<Box<Object>>,
    has_object: bool,
    has_end: bool,
    /// A file whose mark no text has.
    file: Option<Box<Object>>,
    /// The last bytes of the block before.
    carry: Vec<u8>,
}

impl Buried {
    /// Reads the next block of the text.
    pub(crate) fn read(&mut self, block: &[u8], place: &Place, inquiry: &mut Inquiry) {
        let seam = [&self.carry, block.get(..CARRY).unwrap_or(block)].concat();
        let over = self.carry.len();
        // No text has characters of control, and every other file has.
        let file = |bytes: &[u8]| if has_control(bytes) { rest::first_mark(bytes) } else { None };
        let document = |bytes: &[u8]| memmem::find(bytes, DOCUMENT);
        follow(&mut self.document, document, (&seam, over), block, place, inquiry);
        follow(&mut self.file, file, (&seam, over), block, place, inquiry);
        if self.document.is_some() {
            let find = |holds: fn(&[u8]) -> bool| holds(&seam) || holds(block);
            self.has_object = self.has_object || find(has_object);
            self.has_end = self.has_end || find(|bytes| memmem::find(bytes, END).is_some());
        }
        self.carry.extend_from_slice(block.get(block.len().saturating_sub(CARRY)..).unwrap_or_default());
        self.carry.drain(..self.carry.len().saturating_sub(CARRY));
    }

    /// The text ends.
    pub(crate) fn end(self, inquiry: &mut Inquiry) {
        let Self { document, has_object, has_end, file, carry: _ } = self;
        if let Some(mut document) = document {
            if has_object && has_end {
                document.finish(None, inquiry);
            } else {
                document.forget(inquiry);
            }
        }
        if let Some(mut file) = file {
            file.finish(None, inquiry);
        }
    }
}

/// Gives the block to the file that goes on, or to the one that begins in it, or in the last bytes before it.
fn follow(
    open: &mut Option<Box<Object>>,
    first: impl Fn(&[u8]) -> Option<usize>,
    (seam, over): (&[u8], usize),
    block: &[u8],
    place: &Place,
    inquiry: &mut Inquiry,
) {
    if let Some(file) = open {
        return file.push(block, inquiry);
    }
    if place.depth >= inquiry.limits.depth_max {
        return;
    }
    let (before, rest) = match first(seam).and_then(|at| seam.get(at..over)).filter(|before| !before.is_empty()) {
        Some(before) => (before, block),
        None => match first(block).and_then(|at| block.get(at..)) {
            Some(rest) => (&[][..], rest),
            None => return,
        },
    };
    let mut file = Object::new(Hint::default(), place.disguised("appended"));
    file.push(before, inquiry);
    file.push(rest, inquiry);
    *open = Some(Box::new(file));
}

/// Whether a format is text in which a file would be cut to pieces.
pub(crate) fn may_hold(media_type: &str) -> bool {
    const OTHERS: [&str; 9] = [
        "application/json",
        "application/xml",
        "application/sql",
        "application/x-tex",
        "application/x-www-form-urlencoded",
        "application/x-sylk",
        "application/x-dif",
        "image/svg+xml",
        "application/vnd.oasis.opendocument.text-flat-xml",
    ];
    media_type.starts_with("text/") && !media_type.contains("utf-") || OTHERS.contains(&media_type)
}

/// Whether an object of a document begins among bytes, `12 0 obj`: programs that write documents have a name in place of a number.
fn has_object(bytes: &[u8]) -> bool {
    let numbered = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default().trim_ascii_end();
        let number = before.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let before = before.get(..before.len() - number).unwrap_or_default();
        number > 0
            && before.trim_ascii_end().len() < before.len()
            && before.trim_ascii_end().last().is_some_and(u8::is_ascii_digit)
    };
    memmem::find_iter(bytes, OBJECT).any(numbered)
}

/// Whether characters of control stand among bytes that texts do not have.
fn has_control(bytes: &[u8]) -> bool {
    // As many as are looked at together.
    const CHUNK: usize = 128;
    let is_control = |b: u8| (b < 0x20) & !((0x09..=0x0d).contains(&b) | (b == 0x1b));
    bytes.chunks(CHUNK).any(|chunk| chunk.iter().fold(false, |any, b| any | is_control(*b)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use chot_model::{DetectorId, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    /// A document of one page, all of it letters.
    fn document(text: &str) -> Vec<u8> {
        let content = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
        format!(
            "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
             3 0 obj\n<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>\nendobj\n4 0 obj\n\
             <</Length {}>>\nstream\n{content}\nendstream\nendobj\n5 0 obj\n\
             <</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\ntrailer\n<</Root 1 0 R/Size 6>>\n%%EOF\n",
            content.len()
        )
        .into_bytes()
    }

    /// Whether the number of a text, told by nothing but a file within it, is found or told.
    fn read(bytes: Vec<u8>) -> (u64, Vec<OpaqueReason>) {
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
        (inspection.distinct(DetectorId::Cccd), inspection.opaque.iter().map(|o| o.reason).collect())
    }

    fn texts() -> [(&'static str, String); 6] {
        [
            ("a letter", "Kính gửi quý đơn vị, xin gửi báo cáo tháng này.\n".repeat(60)),
            ("a table", "STT,Ghi chú,Ngày\n".to_owned() + &"1,x,2\n".repeat(400)),
            ("a list", format!("{{\"a\": \"{}\"}}\n", "x".repeat(3_000))),
            ("a page", format!("<html><body>{}</body></html>\n", "<p>xin chào</p>".repeat(200))),
            ("records", format!("<?xml version='1.0'?><a>{}</a>\n", "<b>x</b>".repeat(300))),
            ("a long letter", "Kính gửi quý đơn vị, xin gửi báo cáo tháng này.\n".repeat(3_000)),
        ]
    }

    #[test]
    fn a_file_behind_a_text_is_read_or_told() {
        // Spelled so that only who reads the document finds it.
        let spelled = document("So CCCD \\060\\060\\061\\060\\071\\060\\061\\062\\063\\064\\065\\066");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all("Số CCCD 001090123456\n".as_bytes()).expect("memory");
        let gzip = gzip.finish().expect("memory");
        for (what, text) in texts() {
            for behind in ["", "\nTrân trọng.\n"] {
                let (found, _) = read([text.as_bytes(), &spelled, behind.as_bytes()].concat());
                assert_eq!(found, 1, "a document behind {what}, then {behind:?}");
            }
            let (found, told) = read([text.as_bytes(), &gzip].concat());
            assert!(found == 1 || !told.is_empty(), "an archive behind {what}: {told:?}");
        }
        // Wherever the block ends.
        for by in 0..24 {
            let text = "x ".repeat(32 * 1_024 - 12) + &"y".repeat(by);
            assert_eq!(read([text.as_bytes(), &spelled].concat()).0, 1, "{by}");
        }
    }

    #[test]
    fn talk_of_documents_is_talk() {
        for talk in [
            "A file begins with %PDF- and ends with %%EOF.\n",
            "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n",
            "fn pdf() { write!(out, \"%PDF-1.7 {n} 0 obj {text} endobj %%EOF\") }\n",
            "Marks: %PDF-, BZh9, GIF89a, RIFF, MSCF, 7z, Rar!\n",
        ] {
            for (what, text) in texts() {
                let (found, told) = read([text.as_bytes(), talk.as_bytes()].concat());
                assert_eq!((found, told), (0, vec![]), "{talk} behind {what}");
            }
        }
    }
}
