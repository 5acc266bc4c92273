//! Whether a body is all of what is sent or a piece of it, as protocols of uploads say in the head of a request. What
//! stands across the border of two pieces is whole in neither of them.
//!
//! Only what says so for sure counts, and a piece that is the whole is none. Where the number stands in a field of a
//! form, behind or before the file, the inspection of the form tells it, by the same words ([`Numbering`]).

use chot_inspect::Numbering;
use http::header::{self, HeaderValue};
use http::{HeaderMap, HeaderName, Uri, request};

use super::head::percent_decoded;

/// How much of something a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it, as far as anybody says.
    Whole,
    Piece,
    /// All of it if it has so many bytes.
    WholeOf(u64),
}

/// Offsets of tus and of what the IETF makes of it.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// What Azure calls the parts of a blob and of a file.
const AZURE_PARTS: [&str; 4] = ["block", "appendblock", "page", "range"];
/// SharePoint's calls for parts.
const SHAREPOINT_PARTS: [&str; 3] = ["/startupload(", "/continueupload(", "/finishupload("];

impl Extent {
    /// What a request says of its body.
    pub(super) fn of(head: &request::Parts) -> Self {
        let (headers, uri) = (&head.headers, &head.uri);
        if let Some(range) = headers.get(header::CONTENT_RANGE) {
            return range_of_all(range).map_or(Self::Piece, Self::WholeOf);
        }
        if headers.contains_key(&UPLOAD_OFFSET)
            || is_incomplete(headers)
            || is_google_part(headers)
            || is_dropbox_part(headers, uri)
            || is_sharepoint_part(uri)
            || is_numbered(uri)
        {
            return Self::Piece;
        }
        // Facebook's length comes with an offset. One that is not 0 leaves less than all, and so the length differs.
        number(headers, "x-entity-length").or_else(|| tus_length(headers)).map_or(Self::Whole, Self::WholeOf)
    }

    /// Whether a body of so many bytes is a piece.
    pub(super) fn is_piece(self, len: u64) -> bool {
        match self {
            _ if len == 0 => false,
            Self::Whole => false,
            Self::Piece => true,
            Self::WholeOf(whole) => len != whole,
        }
    }

    /// Whether the bytes have places in something larger.
    pub(super) fn is_placed(self) -> bool {
        self != Self::Whole
    }
}

fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    value(headers, name)?.parse().ok()
}

/// RFC 9110 §14.5: the length of the whole, where the range is all of it.
fn range_of_all(range: &HeaderValue) -> Option<u64> {
    let range = range.to_str().ok()?.trim().strip_prefix("bytes")?.trim();
    let (range, total) = range.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let total = total.trim().parse().ok()?;
    (first == 0 && last.checked_add(1)? == total).then_some(total)
}

/// The length that a creation with an upload announces (tus 1.0). Where it is to come later, this is not all.
fn tus_length(headers: &HeaderMap) -> Option<u64> {
    headers.get("tus-resumable")?;
    number(headers, "upload-length").or_else(|| headers.contains_key("upload-defer-length").then_some(u64::MAX))
}

/// What the drafts of resumable uploads, and ownCloud before them, say of a body that is not the last.
fn is_incomplete(headers: &HeaderMap) -> bool {
    value(headers, "upload-complete") == Some("?0")
        || value(headers, "upload-incomplete") == Some("?1")
        || value(headers, "oc-chunked") == Some("1")
}

/// Google's resumable uploads: `upload, finalize` from 0 on is all of it.
fn is_google_part(headers: &HeaderMap) -> bool {
    value(headers, "x-goog-upload-command").is_some_and(|commands| {
        let says = |word: &str| commands.split(',').any(|command| command.trim().eq_ignore_ascii_case(word));
        let at = number(headers, "x-goog-upload-offset").unwrap_or(0);
        says("upload") && !(says("finalize") && at == 0)
    })
}

/// Dropbox's sessions: what begins at 0 and is closed at once is all of it.
fn is_dropbox_part(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some((_, call)) = uri.path().split_once("/upload_session/") else { return false };
    let Some(arg) = value(headers, "dropbox-api-arg") else { return false };
    let arg: String = arg.chars().filter(|c| !c.is_whitespace()).collect();
    let at = arg.split_once("\"offset\":").map(|(_, at)| at.split([',', '}']).next() == Some("0"));
    let begins = at.unwrap_or_else(|| call.starts_with("start"));
    let ends = call.starts_with("finish") || arg.contains("\"close\":true");
    !(begins && ends)
}

fn is_sharepoint_part(uri: &Uri) -> bool {
    let path = uri.path().to_ascii_lowercase();
    SHAREPOINT_PARTS.iter().any(|call| path.contains(call))
}

/// Pieces that the query numbers: S3, Azure, and the uploaders of pages.
fn is_numbered(uri: &Uri) -> bool {
    let Some(query) = uri.query() else { return false };
    let mut numbering = Numbering::default();
    let mut is_azures = false;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let [name, value] = [name, value].map(|text| percent_decoded(text.as_bytes(), true));
        let is = |part: &&str| part.as_bytes().eq_ignore_ascii_case(&value);
        is_azures |= name.eq_ignore_ascii_case(b"comp") && AZURE_PARTS.iter().any(is);
        numbering.field(&name, &value);
    }
    is_azures || numbering.is_piece()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a body of ten bytes is a piece.
    fn is_piece(path: &str, list: &[(&str, &str)]) -> bool {
        let request = http::Request::builder().method("PUT").uri(path);
        let request = list.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.body(()).expect("a request").into_parts();
        Extent::of(&head).is_piece(10)
    }

    #[test]
    fn pieces_say_that_they_are_some() {
        let dropbox =
            |call: &str, arg: &str| is_piece(&format!("/2/files/upload_session/{call}"), &[("dropbox-api-arg", arg)]);
        for (expected, found, what) in [
            (false, is_piece("/u", &[("content-range", "bytes 0-9/10")]), "a range that is all"),
            (true, is_piece("/u", &[("content-range", "bytes 0-9/20")]), "a range"),
            (true, is_piece("/u", &[("content-range", "bytes 10-19/20")]), "a last range"),
            (true, is_piece("/u", &[("content-range", "bytes 0-9/*")]), "a range of who knows"),
            (true, is_piece("/u", &[("upload-offset", "0")]), "tus"),
            (true, is_piece("/u", &[("tus-resumable", "1.0.0"), ("upload-length", "20")]), "tus, creation"),
            (false, is_piece("/u", &[("tus-resumable", "1.0.0"), ("upload-length", "10")]), "tus, creation with all"),
            (true, is_piece("/u", &[("tus-resumable", "1.0.0"), ("upload-defer-length", "1")]), "tus, open end"),
            (false, is_piece("/u", &[("upload-length", "20")]), "a length of nobody"),
            (true, is_piece("/u", &[("upload-complete", "?0")]), "draft"),
            (false, is_piece("/u", &[("upload-complete", "?1")]), "draft, all"),
            (true, is_piece("/u", &[("x-goog-upload-command", "upload"), ("x-goog-upload-offset", "0")]), "google"),
            (
                true,
                is_piece("/u", &[("x-goog-upload-command", "upload, finalize"), ("x-goog-upload-offset", "9")]),
                "last",
            ),
            (
                false,
                is_piece("/u", &[("x-goog-upload-command", "upload, finalize"), ("x-goog-upload-offset", "0")]),
                "all",
            ),
            (false, is_piece("/u", &[("x-goog-upload-command", "start")]), "google, before"),
            (true, dropbox("append_v2", r#"{"cursor": {"session_id": "a", "offset": 0}}"#), "dropbox"),
            (true, dropbox("start", r#"{"close": false}"#), "dropbox, first"),
            (false, dropbox("start", r#"{"close": true}"#), "dropbox, first and last"),
            (true, dropbox("finish", r#"{"cursor":{"session_id":"a","offset":10}}"#), "dropbox, last"),
            (false, dropbox("finish", r#"{"cursor":{"session_id":"a","offset":0}}"#), "dropbox, only"),
            (
                true,
                is_piece("/_api/web/GetFileById('x')/ContinueUpload(uploadId=guid'a',fileOffset=100)", &[]),
                "sharepoint",
            ),
            (true, is_piece("/b/k?partNumber=2&uploadId=abc", &[]), "s3"),
            (false, is_piece("/b/k?partNumber=2", &[]), "a number of who knows"),
            (true, is_piece("/c/b?comp=block&blockid=AAAA", &[]), "azure"),
            (false, is_piece("/c/b?comp=blocklist", &[]), "azure, the list"),
            (true, is_piece("/up?chunk=0&chunks=2", &[]), "plupload"),
            (false, is_piece("/up?chunk=0&chunks=1", &[]), "plupload, all"),
            (false, is_piece("/up?chunk=main.js", &[]), "a script"),
            (true, is_piece("/up?flowChunkNumber=1&flowTotalChunks=2", &[]), "flow.js"),
            (true, is_piece("/up?resumableChunkNumber=1&resumableTotalChunks=2", &[]), "resumable.js"),
            (true, is_piece("/up?dzchunkindex=1&dztotalchunkcount=2", &[]), "Dropzone"),
            (true, is_piece("/up?chunk%5Findex=0&total%5Fchunks=2", &[]), "escaped"),
            (true, is_piece("/f", &[("x-entity-length", "20"), ("offset", "0")]), "rupload"),
            (true, is_piece("/f", &[("x-entity-length", "15"), ("offset", "5")]), "rupload, last"),
            (false, is_piece("/f", &[("x-entity-length", "10"), ("offset", "0")]), "rupload, all"),
            (false, is_piece("/f", &[]), "nothing said"),
        ] {
            assert_eq!(found, expected, "{what}");
        }
        assert!(!Extent::Piece.is_piece(0));
    }
}
