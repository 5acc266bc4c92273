//! XML of any vocabulary: element and attribute names announce their content, repeated elements are records.
//!
//! No document type is read and no entity of the document's own is expanded. Files packed in base64 within an
//! element, as the claim gateway takes them, are opened by `layers`.

mod rows;

use std::hash::BuildHasher;

use chot_detectors::{Column, Papers};
use chot_model::OpaqueReason;

use super::json::{is_body, is_told};
use super::plain::legible;
use super::{Format, Room, Stream, ooxml};
use crate::Hint;
use crate::inquiry::{HEADER_MAX, Inquiry, Place};
use crate::joined::Joined;
use crate::markup::{Markup, Reader, Tag, local};
use crate::sniff::Head;
use crate::text::{self, Text};
use crate::tree::Tree;
use crate::view::View;
use rows::Rows;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/xml",
    matches: |head| {
        let opens = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
        head.is_ascii_based()
            && (head.trimmed.starts_with(b"<?xml")
                || head.trimmed.starts_with(b"<")
                    && head.trimmed.get(1).is_some_and(opens)
                    && (head.trimmed.contains(&b'/') && head.trimmed.contains(&b'>')))
    },
    room: Room::Stream(|head, place| Box::new(Xml::new(legible(head, place)))),
    #[cfg(test)]
    example: || "<?xml version=\"1.0\"?><a><SO_CCCD>001090123456</SO_CCCD></a>".into(),
};

pub(crate) struct Xml {
    markup: Markup,
    document: Document,
}

/// Whether XML declares an encoding in which digits are not those of ASCII.
pub(crate) fn hides_digits(bytes: &[u8]) -> bool {
    const DECLARATION_MAX: usize = 200;
    let start = bytes.get(..bytes.len().min(DECLARATION_MAX)).unwrap_or_default();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let Some(end) = memchr::memmem::find(start, b"?>").filter(|_| start.starts_with(b"<?xml")) else { return false };
    let declaration = String::from_utf8_lossy(start.get(..end).unwrap_or_default());
    let Some((_, encoding)) = declaration.split_once("encoding") else { return false };
    let encoding = encoding.trim_start_matches([' ', '=', '\t', '\r', '\n']);
    let encoding = encoding.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default();
    let hint = Hint { name: None, content_type: Some(format!("text/xml; charset={encoding}")) };
    Head::new(b"", &hint).hides_digits()
}

/// Attributes and elements that say what a number beside them is: `<id type="BHXH">`, `<Loai>CCCD</Loai><So>001…</So>`.
const KINDS: [&[u8]; 4] = [b"type", b"loai", b"loaigiayto", b"loai_giay_to"];
/// Elements that name the value in the next one: `<key>bhxh</key><string>79…</string>`.
const NAMES: [&[u8]; 8] = [b"key", b"name", b"label", b"fieldname", b"field_name", b"question", b"caption", b"title"];

pub(crate) struct Document {
    place: Place,
    text: Text,
    side: Text,
    /// Columns of the open elements.
    path: Vec<Option<Column>>,
    deeper: u64,
    tree: Tree,
    joined: Joined,
    /// What `<key>…</key>` says of the element that follows it.
    keyed: Option<Column>,
    /// The last number that its element leaves open what it is, and how deep it stands: what tells that may follow.
    number: Option<(usize, View)>,
    long: bool,
    /// Elements that are called as those of tables.
    rows: Rows,
    /// Values have types: what is masked must stay a number where it is one.
    typed: bool,
}

const DEPTH_MAX: usize = 512;
/// Bytes of a number that may be anybody's.
const NUMBER_LEN: std::ops::RangeInclusive<usize> = 8..=15;
/// Attributes that say what another holds; the last is that of HL7's CDA.
const LABELS: [&[u8]; 5] = [b"name", b"key", b"label", b"field", b"assigningAuthorityName"];

impl Xml {
    pub(crate) fn new(place: Place) -> Self {
        let document = Document {
            text: Text::new(place.clone()),
            side: Text::prose(place.clone()),
            path: Vec::new(),
            deeper: 0,
            tree: Tree::default(),
            joined: Joined::default(),
            keyed: None,
            number: None,
            long: false,
            rows: Rows::new(&place),
            typed: false,
            place: place.clone(),
        };
        Self { markup: Markup::new(place.charset), document }
    }

    /// As a part of a document whose readers check the types of values.
    pub(crate) fn typed(place: Place) -> Self {
        let mut xml = Self::new(place);
        xml.document.text.view.digits = true;
        xml.document.typed = true;
        xml
    }

    pub(crate) const fn document(&mut self) -> &mut Document {
        &mut self.document
    }

    /// The document ends.
    pub(crate) fn end(mut self, inquiry: &mut Inquiry) {
        let document = &mut self.document;
        document.end(inquiry);
        let mut found = Vec::new();
        document.joined.end(&document.place, inquiry, &mut found);
        for f in found {
            if let Some(mark) = inquiry.report(f) {
                document.tree.add(mark, inquiry);
            }
        }
        document.tree.finish(inquiry);
        document.rows.end(inquiry);
        document.side.finish(inquiry);
    }
}

impl Document {
    /// Ends the text before or after a tag.
    fn end(&mut self, inquiry: &mut Inquiry) {
        if std::mem::take(&mut self.long) {
            return self.text.finish(inquiry);
        }
        if self.text.view.text.trim_ascii().is_empty() {
            self.text.view.clear();
            return;
        }
        self.text.context.column = self.path.last().copied().flatten();
        let mut found = Vec::new();
        let Text { place, view, context, .. } = &self.text;
        self.joined.next(place, view, context.column, inquiry, &mut found);
        self.rows.text(&self.text.view);
        self.text.finish_value(inquiry, &mut found);
        for f in found {
            if let Some(mark) = inquiry.report(f) {
                self.tree.add(mark, inquiry);
            }
        }
    }
}

/// Whether an attribute is the name by which a signature refers to a part of its document: `<DLHDon Id="052103814110">`. The
/// elements are those of XML-DSig and of electronic invoices (Decision 1450/QĐ-TCT, 2021); anywhere else it may be somebody's.
fn is_signed_part(element: &[u8], attribute: &[u8]) -> bool {
    const PARTS: [&[u8]; 13] = [
        b"DLHDon",
        b"DLTKhai",
        b"DLTBao",
        b"DLBTHop",
        b"DLDKTNhan",
        b"Signature",
        b"SignedInfo",
        b"SignatureValue",
        b"SignatureProperty",
        b"SignedProperties",
        b"KeyInfo",
        b"Reference",
        b"Manifest",
    ];
    attribute == b"Id" && PARTS.contains(&local(element))
}

impl Document {
    /// Keeps the number in the element at hand, if that leaves open what it is.
    fn keep_number(&mut self) {
        let (depth, text) = (self.path.len(), self.text.view.text.trim_ascii());
        if self.deeper == 0 && matches!(self.path.last(), Some(Some(Column::Neutral | Column::IdNumber))) {
            let is_number = NUMBER_LEN.contains(&text.len()) && text.iter().all(u8::is_ascii_alphanumeric);
            self.number = is_number.then(|| (depth, self.text.view.copy()));
        } else if self.number.as_ref().is_some_and(|(at, _)| *at > depth) {
            self.number = None;
        }
    }

    /// `<So>7912345678</So><Loai>BHXH</Loai>`: what the number beside is, if it is as long as those are.
    fn told_behind(&mut self, inquiry: &mut Inquiry) {
        let Some((depth, value)) = self.number.take() else { return };
        let len = match self.keyed {
            Some(Column::Cccd) => 12,
            Some(Column::Bhxh) => 10,
            Some(Column::Cmnd) => 9,
            Some(Column::Bhyt) => 15,
            Some(Column::Passport) => 8,
            _ => return,
        };
        if self.deeper > 0 || depth != self.path.len() || value.text.trim_ascii().len() != len {
            return;
        }
        let place = Place { again: true, ..self.place.clone() };
        let mut found = Vec::new();
        text::value(&place, &value, self.keyed, inquiry, &mut found);
        for f in found {
            if let Some(mark) = inquiry.report(f) {
                self.tree.add(mark, inquiry);
            }
        }
    }
}

impl Reader for Document {
    fn text(&mut self) -> &mut Text {
        &mut self.text
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        const VALUE_MAX: usize = 1 << 16;
        if self.text.view.text.len() > VALUE_MAX {
            self.long = true;
            self.text.context.column = self.path.last().copied().flatten();
            self.text.advance(inquiry);
        }
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        self.end(inquiry);
        self.rows.open(tag.name);
        let keyed = self.keyed.take();
        if self.path.len() >= DEPTH_MAX {
            if self.deeper == 0 {
                inquiry.refuse(&self.place, OpaqueReason::TooDeep, 1);
            }
            self.deeper += 1;
        } else {
            let name = String::from_utf8_lossy(tag.name);
            // `<Loai>CCCD</Loai><So>001…</So>`: a name that leaves open what its number is.
            let own = inquiry.column(&name).filter(|own| keyed.is_none() || *own != Column::Neutral);
            // `<SO_CCCD><so>…</so></SO_CCCD>`: what the outer one announces, the inner one holds.
            let around = self.path.last().copied().flatten().filter(|c| c.is_identifier());
            let told = keyed.or(around);
            self.path.push(if is_told(&name) { told.or(own) } else { own.or(told) });
            self.text.place.afar = if is_body(&name) { self.place.afar } else { Papers::NONE };
            self.text.name = inquiry.key.hash_one(tag.name);
            self.tree.open(self.text.name);
            if keyed.is_some() {
                self.tree.names_itself();
            }
        }
        // `<o name="SO_CCCD" value="…"/>`: the value of one attribute announces another.
        let label = LABELS.iter().find_map(|n| tag.string(n));
        let label = label.and_then(|l| inquiry.column(l.trim())).or(keyed);
        // What is of no paper's kind may be of any: `type="text"`, `type="invoice"`.
        let mut kind = || KINDS.iter().take(2).find_map(|n| tag.string(n)).and_then(|kind| inquiry.column(kind.trim()));
        let label = label.or_else(|| kind().filter(|kind| kind.is_identifier()));
        for (name, value) in tag.attributes() {
            // These name their element or hold its content; they announce nothing of their own.
            let plain = [&b"name"[..], b"value", b"id", b"key", b"label", b"field", b"type", b"content"];
            let own = if plain.iter().any(|p| name.eq_ignore_ascii_case(p)) {
                None
            } else {
                inquiry.column(&String::from_utf8_lossy(local(name)))
            };
            let others = |name: &[u8]| name.eq_ignore_ascii_case(b"name") || name == b"root";
            let column = own.or_else(|| label.filter(|_| !others(name)));
            let column = if is_signed_part(tag.name, name) { Some(Column::Negative) } else { column };
            let value = if self.typed { ooxml::typed(value) } else { value };
            let mut found = Vec::new();
            text::value(&self.place, &value, column, inquiry, &mut found);
            for f in found {
                if let Some(mark) = inquiry.report(f) {
                    self.tree.add(mark, inquiry);
                }
            }
        }
        if let (Some(label), Some(last)) = (label, self.path.last_mut())
            && self.deeper == 0
            && last.is_none_or(|last| last.is_identifier() || last == Column::Neutral)
        {
            *last = Some(label);
            self.tree.names_itself();
        }
        // `<system value="urn:cccd"/><value value="001…"/>`, as HL7's FHIR has it.
        if tag.name == b"system" {
            let system = tag.string(b"value");
            let name = system.as_deref().and_then(|system| system.rsplit(['/', '#', ':']).next());
            self.keyed = name.and_then(|name| inquiry.column(name.trim()));
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        // Lists of properties and remote calls have keys and values side by side.
        let kind = KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(name));
        let names =
            (kind || NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))) && self.text.view.text.len() <= HEADER_MAX;
        if names {
            let keyed = inquiry.column(String::from_utf8_lossy(&self.text.view.text).trim());
            self.keyed = keyed.filter(|column| !kind || column.is_identifier());
            if kind {
                self.told_behind(inquiry);
            }
        } else if name != b"system" {
            // It says nothing of the next record.
            self.keyed = None;
            self.keep_number();
        }
        self.end(inquiry);
        self.rows.close(name, inquiry);
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if self.path.pop().is_some() {
            self.tree.close(inquiry);
            // `<member><name>…</name><value>…</value></member>`
            if (names && !name.eq_ignore_ascii_case(b"key") || name == b"system") && self.keyed.is_some() {
                self.tree.names_itself();
            }
        }
    }
}

impl Stream for Xml {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.markup.block(bytes, at, &mut self.document, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.markup.finish(&mut self.document, inquiry);
        self.end(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::{Confidence, DetectorId, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn parts_that_a_signature_refers_to_are_nobody() {
        for (xml, found) in [
            (r#"<HDon><DLHDon Id="052103814110"><SHDon>12</SHDon></DLHDon></HDon>"#, 0),
            (r#"<ds:Signature Id="052103814110"><ds:KeyInfo Id="052103814111"/></ds:Signature>"#, 0),
            (r#"<Person Id="052103814110"/>"#, 1),
            (r#"<NLDong Id="052103814110"/>"#, 1),
            (r#"<DLHDon CCCD="052103814110"/>"#, 1),
            (r#"<HDon><DLHDon Id="1"><CCCDan>052103814110</CCCDan></DLHDon></HDon>"#, 1),
        ] {
            let text = format!("<?xml version=\"1.0\"?>{xml}").into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{xml}");
        }
    }

    #[test]
    fn what_stands_deeper_than_names_are_followed_is_told() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (depth, told) in [(400, false), (600, true)] {
            let record = "<maSoBhxh>7912345678</maSoBhxh>";
            let xml = format!("{}{record}{}", "<a>".repeat(depth), "</a>".repeat(depth));
            let json = format!("{}{{\"maSoBhxh\": \"7912345678\"}}{}", "[".repeat(depth), "]".repeat(depth));
            for text in [xml, json] {
                let inspection = inspector.inspect(Hint::default(), &text.into_bytes()).inspection;
                let found = inspection.distinct(DetectorId::Bhxh) == 1;
                assert_eq!((inspection.is_opaque(OpaqueReason::TooDeep), found), (told, !told), "{inspection:?}");
            }
        }
    }

    #[test]
    fn a_kind_that_is_told_is_that_of_the_same_record() {
        for (text, cccd, bhxh) in [
            // What stands before its number.
            (
                "<ds><g><Loai>BHXH</Loai><So>7912345678</So></g><g><Loai>CCCD</Loai><So>036012470010</So></g></ds>",
                Some(Confidence::High),
                Some(Confidence::High),
            ),
            (
                "<m><system value=\"urn:cccd\"></system><value value=\"036012470010\"/></m>",
                Some(Confidence::High),
                None,
            ),
            // What stands behind it, and in an attribute.
            (
                "<ds><g><So>7912345678</So><Loai>BHXH</Loai></g><g><So>036012470010</So><Loai>CCCD</Loai></g></ds>",
                Some(Confidence::High),
                Some(Confidence::High),
            ),
            (
                "<ds><id root=\"2.16.840\" extension=\"7912345678\" assigningAuthorityName=\"BHXH\"/></ds>",
                None,
                Some(Confidence::High),
            ),
            ("<ds><g><So>7912345678</So></g><g><Loai>BHXH</Loai></g></ds>", None, None),
            ("<d><g><Name>SoBHXH</Name><Val>7912345678</Val></g></d>", None, Some(Confidence::High)),
            ("<d><g><question>Số BHXH</question><answer>7912345678</answer></g></d>", None, Some(Confidence::High)),
            ("<d><g><question>Mã đơn hàng</question><answer>7912345678</answer></g></d>", None, None),
            ("<ds><GiayTo><So>7912345678</So><Loai>BHXH</Loai></GiayTo></ds>", None, Some(Confidence::High)),
            // Look-alikes: what stands behind its number, and an invoice behind somebody's record.
            (
                "<ds><g><So>7912345678</So><Loai>CCCD</Loai></g><g><So>036012470010</So><Loai>BHXH</Loai></g></ds>",
                None,
                None,
            ),
            (
                "<ds><a><ten>X</ten><Loai>CCCD</Loai></a><b><hoadon>36012470010</hoadon><so>036012470010</so></b></ds>",
                None,
                None,
            ),
            (
                "<ds><a><system value=\"urn:cccd\"/></a><b><hoadon>36012470010</hoadon><so>036012470010</so></b></ds>",
                None,
                None,
            ),
        ] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
            let sure = |id| inspection.tallies.get(&id).and_then(|tally| tally.confidence);
            assert_eq!((sure(DetectorId::Cccd), sure(DetectorId::Bhxh)), (cccd, bhxh), "{text}: {inspection:?}");
        }
    }
}
