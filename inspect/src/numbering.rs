//! Fields that say of a body beside them that it is a piece of an upload: which one, of how many, of which upload. What
//! stands across the border of two pieces is whole in neither of them.
//!
//! Uploaders call them by names of their own, which differ in prefixes and signs more than in words; so names are
//! compared by their words. Only what says so for sure counts: one piece of one is all of it, and `index` and `total`
//! also number the pictures of an album.

/// What comes before the words, by library: Dropzone, Fine Uploader, flow.js, resumable.js, and what people put there.
const PREFIXES: [&str; 7] = ["dz", "qq", "flow", "resumable", "current", "upload", "file"];
/// plupload and WebUploader, Dropzone, Zalo, Fine Uploader and S3, Syncfusion, Kendo, simple-uploader.js, X.
const NUMBERS: [&str; 12] = [
    "chunk",
    "chunkindex",
    "chunknumber",
    "chunknum",
    "chunkno",
    "chunkid",
    "partindex",
    "partnumber",
    "blockindex",
    "sliceindex",
    "segmentindex",
    "segmentnumber",
];
const TOTALS: [&str; 15] = [
    "chunks",
    "chunkcount",
    "chunktotal",
    "chunkstotal",
    "totalchunk",
    "totalchunks",
    "totalchunkcount",
    "numchunks",
    "totalparts",
    "partcount",
    "totalblocks",
    "blockcount",
    "totalslices",
    "slicecount",
    "totalsegments",
];
const OFFSETS: [&str; 5] = ["chunkbyteoffset", "partbyteoffset", "chunkoffset", "chunkstart", "startbyte"];
/// Which upload, where only its beginning said how many pieces there will be.
const UPLOADS: [&str; 5] = ["uploadid", "uploaduid", "uploaduuid", "uploadsessionid", "mediaid"];

/// Longest name, in letters and digits.
const NAME_MAX: usize = 32;
/// Longest JSON that may tell of a piece.
const JSON_MAX: usize = 4 << 10;

/// What fields beside each other say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbering {
    number: Option<u64>,
    /// The largest that was said.
    total: Option<u64>,
    is_of_an_upload: bool,
    is_behind_another: bool,
}

impl Numbering {
    /// Takes note of a field.
    pub fn field(&mut self, name: &[u8], value: &[u8]) {
        let value = value.trim_ascii();
        if value.first() == Some(&b'{') && value.len() <= JSON_MAX {
            // DevExtreme's has words that mean nothing elsewhere.
            let is_dx = name.eq_ignore_ascii_case(b"chunkMetadata");
            return json(value, |name, value| match name {
                b"Index" if is_dx => self.field(b"chunkIndex", value),
                b"TotalCount" if is_dx => self.field(b"totalChunks", value),
                // One level is enough.
                _ if value.first() != Some(&b'{') => self.field(name, value),
                _ => {}
            });
        }
        let mut room = [0; NAME_MAX];
        let Some(words) = words(name, &mut room) else { return };
        let bare = PREFIXES.iter().find_map(|prefix| words.strip_prefix(prefix)).unwrap_or(words);
        let is = |names: &[&str]| names.contains(&words) || names.contains(&bare);
        let number = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
        if is(&NUMBERS) && !value.is_empty() {
            // Blocks may be called by something else than a number.
            self.number = Some(number().unwrap_or(0));
        } else if is(&TOTALS) {
            self.total = self.total.max(number());
        } else if is(&OFFSETS) {
            self.is_behind_another |= number() > Some(0);
        } else if is(&UPLOADS) {
            self.is_of_an_upload |= !value.is_empty();
        } else if words == "uploadphase" {
            // Facebook's videos; the other phases have no file.
            self.is_behind_another |= value.eq_ignore_ascii_case(b"transfer");
        }
    }

    /// Whether they say that what is beside them is a piece, and not all of it.
    pub fn is_piece(&self) -> bool {
        let is_one_of_some = self.number.is_some_and(|number| match self.total {
            Some(total) => total > 1 || number > total,
            None => self.is_of_an_upload,
        });
        self.is_behind_another || is_one_of_some
    }
}

/// The letters and digits of a name, in lower case. `None` for what is too long to be one of ours.
fn words<'r>(name: &[u8], room: &'r mut [u8; NAME_MAX]) -> Option<&'r str> {
    let mut len = 0;
    for b in name.iter().filter(|b| b.is_ascii_alphanumeric()) {
        *room.get_mut(len)? = b.to_ascii_lowercase();
        len += 1;
    }
    std::str::from_utf8(room.get(..len)?).ok()
}

/// The keys of a JSON text with their values, of whatever level, as they stand; strings without their quotes.
fn json<'j>(text: &'j [u8], mut tell: impl FnMut(&'j [u8], &'j [u8])) {
    let mut rest = text;
    let mut key = None;
    while let Some(at) = rest.iter().position(|b| !b.is_ascii_whitespace()) {
        let (first, behind) = rest.split_at(at).1.split_at(1);
        if first == b"\"" {
            let mut escaped = false;
            let end = behind.iter().position(|b| {
                let ends = *b == b'"' && !escaped;
                escaped = *b == b'\\' && !escaped;
                ends
            });
            let Some((string, after)) = end.and_then(|end| Some((behind.get(..end)?, behind.get(end + 1..)?))) else {
                return;
            };
            let is_key = after.trim_ascii_start().first() == Some(&b':');
            match key.take() {
                _ if is_key => key = Some(string),
                Some(key) => tell(key, string),
                None => {}
            }
            rest = after;
        } else if matches!(first, b"{" | b"}" | b"[" | b"]" | b"," | b":") {
            if first != b":" {
                key = None;
            }
            rest = behind;
        } else {
            let whole = rest.get(at..).unwrap_or_default();
            let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b'}' | b']' | b'"');
            let (bare, after) =
                whole.split_at(whole.iter().position(ends).unwrap_or(whole.len()).max(1).min(whole.len()));
            if let Some(key) = key.take() {
                tell(key, bare);
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploaders_number_their_pieces_in_many_words() {
        for (fields, expected) in [
            // plupload, WebUploader
            (&[("name", "a.csv"), ("chunk", "0"), ("chunks", "2")][..], true),
            (&[("name", "a.csv"), ("chunk", "0"), ("chunks", "1")], false),
            // Dropzone
            (
                &[("dzuuid", "6a-1"), ("dzchunkindex", "1"), ("dztotalchunkcount", "2"), ("dzchunkbyteoffset", "9")],
                true,
            ),
            (
                &[("dzuuid", "6a-1"), ("dzchunkindex", "0"), ("dztotalchunkcount", "1"), ("dzchunkbyteoffset", "0")],
                false,
            ),
            (&[("dzchunkbyteoffset", "9"), ("dztotalfilesize", "20")], true),
            // resumable.js and flow.js count from 1
            (&[("resumableChunkNumber", "1"), ("resumableTotalChunks", "3"), ("resumableIdentifier", "9-a")], true),
            (&[("resumableChunkNumber", "1"), ("resumableTotalChunks", "1"), ("resumableIdentifier", "9-a")], false),
            (&[("flowChunkNumber", "3"), ("flowTotalChunks", "3")], true),
            // Fine Uploader
            (&[("qqpartindex", "0"), ("qqtotalparts", "4"), ("qquuid", "a")], true),
            (&[("qquuid", "a"), ("qqtotalfilesize", "4000")], false),
            (&[("qquuid", "a"), ("qqtotalparts", "4")], false),
            // Zalo, where its fields stand in clear
            (&[("chunkId", "1"), ("totalChunk", "2"), ("clientId", "1790000000000")], true),
            (&[("chunkId", "1"), ("totalChunk", "1"), ("clientId", "1790000000000")], false),
            // Syncfusion, simple-uploader.js, and people
            (&[("chunk-index", "0"), ("total-chunk", "2")], true),
            (&[("chunkNumber", "2"), ("totalChunks", "2")], true),
            (&[("currentChunk", "0"), ("total_chunks", "9")], true),
            (&[("file_chunk_index", "0"), ("file_chunk_count", "2")], true),
            (&[("chunk", "3"), ("chunks", "1")], true),
            // How many, only the beginning of the upload said
            (&[("uploadId", "u1"), ("partNumber", "1")], true),
            (&[("upload_id", "u1"), ("chunk_index", "0")], true),
            (&[("uploadId", "u1")], false),
            (&[("partNumber", "1")], false),
            (&[("command", "APPEND"), ("media_id", "17"), ("segment_index", "0")], true),
            (&[("command", "FINALIZE"), ("media_id", "17")], false),
            (&[("upload_phase", "transfer"), ("start_offset", "0")], true),
            (&[("upload_phase", "finish")], false),
            // Kendo and DevExtreme
            (&[("metadata", r#"{"chunkIndex":0,"fileName":"a \" b","totalChunks":2}"#)], true),
            (&[("metadata", r#"{"chunkIndex": 0, "totalChunks": 1}"#)], false),
            (&[("chunkMetadata", r#"{"FileName":"a","Index":1,"TotalCount":2,"FileSize":9}"#)], true),
            (&[("chunkMetadata", r#"{"FileName":"a","Index":0,"TotalCount":1,"FileSize":9}"#)], false),
            // What is numbered and is no piece
            (&[("index", "2"), ("total", "5")], false),
            (&[("metadata", r#"{"Index":1,"TotalCount":2}"#)], false),
            (&[("page", "2"), ("pages", "5")], false),
            (&[("chunk_size", "1000"), ("chunk_overlap", "200"), ("max_chunks", "5")], false),
            (&[("chunks", "5")], false),
            (&[("chunk", ""), ("chunks", "5")], false),
            (&[("chunk", "main.js")], false),
            (&[("offset", "20"), ("limit", "10")], false),
            (&[("note", r#"{"chunk":"#), ("x", r#"{"a":{"b":[1,{}]},"chunk"}"#)], false),
        ] {
            let mut numbering = Numbering::default();
            fields.iter().for_each(|(name, value)| numbering.field(name.as_bytes(), value.as_bytes()));
            assert_eq!(numbering.is_piece(), expected, "{fields:?}");
        }
    }
}
