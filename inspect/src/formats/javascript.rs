//! Scripts that are a file of their own: text, and the data in them, read as the JSON it nearly is.
//!
//! Only what begins with a name that gets data is one; other programs are text.

use super::html::Script;
use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::Inquiry;
use crate::sniff::Head;
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "text/javascript",
    matches: is_script,
    room: Room::Stream(|head, place| {
        let place = legible(head, place);
        Box::new(JavaScript { data: Script::new(&place), text: Text::prose(place) })
    }),
    #[cfg(test)]
    example: || r#"const ds = [{ten: "Vi Thị Thử", soCCCD: "001090123456"}];"#.into(),
};

/// Whether a text begins with a name that gets a list or an object, or with a call with one.
fn is_script(head: &Head<'_>) -> bool {
    const WORDS: [&[u8]; 4] = [b"const ", b"let ", b"var ", b"export const "];
    /// A name, and blanks.
    const NAME_MAX: usize = 100;
    let text = uncommented(head.trimmed);
    let rest = WORDS.iter().find_map(|word| text.strip_prefix(*word)).unwrap_or(text).trim_ascii_start();
    let len = rest.iter().take(NAME_MAX).take_while(|b| b.is_ascii_alphanumeric() || b"_$.".contains(b)).count();
    let (name, behind) = rest.split_at(len);
    let behind = behind.trim_ascii_start();
    let data = behind.strip_prefix(b"=").or_else(|| behind.strip_prefix(b"(")).map(<[u8]>::trim_ascii_start);
    let is_named = name.first().is_some_and(|b| !b.is_ascii_digit());
    head.is_ascii_based() && is_named && matches!(data, Some([b'[' | b'{', ..]))
}

/// The text behind a short comment: answers that are called begin with one, `/*O_o*/`.
fn uncommented(text: &[u8]) -> &[u8] {
    const COMMENT_MAX: usize = 100;
    let end =
        text.strip_prefix(b"/*").and_then(|rest| memchr::memmem::find(rest.get(..COMMENT_MAX).unwrap_or(rest), b"*/"));
    end.and_then(|end| text.get(end + 4..)).unwrap_or(text).trim_ascii_start()
}

struct JavaScript {
    text: Text,
    data: Script,
}

impl Stream for JavaScript {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.text.push(bytes, at, inquiry);
        self.data.read(bytes, at, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
        self.data.end(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn numbers_stand_under_their_names() {
        let people =
            "[\n  { ten: \"Vi Thị Thử\", soCCCD: 79090123456 },\n  { ten: 'Vi Văn Thử', soCCCD: 79190123457 }]";
        for (text, kind, found) in [
            (format!("const ds = {people};"), "text/javascript", 2),
            (format!("\u{feff}\n  window.ds={people}"), "text/javascript", 2),
            (format!("export const $a = {{ ds: {people} }};"), "text/javascript", 2),
            (format!("jsonp_12({people});"), "text/javascript", 2),
            (format!("/*O_o*/\ngoogle.visualization.Query.setResponse({{\"ds\": {people}}});"), "text/javascript", 2),
            (format!("/**/ cb({people})"), "text/javascript", 2),
            (format!("let a = [1, 2]; const ds = {people};"), "text/javascript", 2),
            (format!("const ds = {people};").replace("soCCCD", "soDonHang"), "text/javascript", 0),
            (format!("const ds = {people}; // {}", "x ".repeat(50_000)), "text/javascript", 2),
            ("Ghi chú = [Số CCCD: 079090123456]".to_owned(), "text/plain", 1),
            ("const so CCCD = [079090123456]".to_owned(), "text/plain", 1),
            ("2 = [Số CCCD: 079090123456]".to_owned(), "text/plain", 1),
        ] {
            let bytes = text.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.object.media_type, kind, "{text}");
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{text}: {inspection:?}");
            assert!(inspection.opaque.is_empty(), "{text}");
        }
    }
}
