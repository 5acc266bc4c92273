//! What the members of a document are: by the content types it declares (ECMA-376 part 2, §10.1.2), else by name.

use std::collections::HashMap;

use super::{DOCX, PPTX, VSDX, XLSX, XPS, aside};
use crate::formats::zip::Directory;
use crate::inquiry::Inquiry;
use crate::markup::{Tag, Tags};
use crate::source::Source;

/// How a member is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sheet,
    Strings,
    PivotFields,
    PivotRecords,
    /// Paragraphs of text, in whatever.
    Words,
    /// XML whose values stand alone.
    Xml,
    /// Settings of drivers and fonts.
    Driver,
    Object,
}

/// The declared types: of members, and of all whose names end alike.
pub(super) struct Parts {
    declared: HashMap<String, String>,
    endings: HashMap<String, String>,
    names: Vec<String>,
}

/// More than any document has.
const DECLARED_MAX: usize = 10_000;

impl Parts {
    /// Reads them; `None` when the archive declares none and has no main part. Some programs open a document that lost its
    /// declarations all the same.
    pub(super) fn read(source: &dyn Source, directory: &Directory, inquiry: &mut Inquiry) -> Option<Self> {
        const MAIN: [&str; 3] = ["xl/workbook.xml", "word/document.xml", "ppt/presentation.xml"];
        let types = directory.entries.iter().find(|e| e.name.eq_ignore_ascii_case("[Content_Types].xml"));
        let names: Vec<String> = directory.entries.iter().map(|e| e.name.to_ascii_lowercase()).collect();
        let (mut declared, mut endings) = (HashMap::new(), HashMap::new());
        let Some(types) = types else {
            let is_document = names.iter().any(|name| MAIN.contains(&name.as_str()));
            return is_document.then_some(Self { declared, endings, names });
        };
        let mut tags = Tags::new(|tag: &Tag<'_>, _: &Inquiry| {
            let (of, all) = match tag.name {
                b"Override" => (tag.string(b"PartName"), &mut declared),
                b"Default" => (tag.string(b"Extension"), &mut endings),
                _ => return,
            };
            if let (Some(name), Some(kind)) = (of, tag.string(b"ContentType").filter(|_| all.len() < DECLARED_MAX)) {
                let name = name.trim_start_matches('/').to_ascii_lowercase();
                all.insert(name, kind.to_ascii_lowercase());
            }
        });
        // What cannot be read here is told when the member itself is inspected.
        let _ = aside(source, types, &mut tags, inquiry);
        Some(Self { declared, endings, names })
    }

    /// Which kind of document it is.
    pub(super) fn media_type(&self) -> Option<&'static str> {
        let declares = |part: &str| self.declared.values().any(|t| t.contains(part) && t.ends_with(".main+xml"));
        let starts = |prefix: &str| self.names.iter().any(|name| name.starts_with(prefix));
        if starts("xl/") {
            Some(XLSX)
        } else if starts("word/") {
            Some(DOCX)
        } else if starts("ppt/") {
            Some(PPTX)
        } else if starts("visio/") {
            Some(VSDX)
        } else if self.names.iter().any(|name| name.ends_with(".fpage")) {
            Some(XPS)
        } else if declares("spreadsheetml") || declares("ms-excel") {
            Some(XLSX)
        } else if declares("wordprocessingml") || declares("ms-word") {
            Some(DOCX)
        } else if declares("presentationml") || declares("ms-powerpoint") {
            Some(PPTX)
        } else {
            None
        }
    }

    /// Whether a part names what a program draws with, and holds nothing else: styles, fonts and colours. What it is
    /// declared to be tells, for the text of a document may have any name.
    pub(super) fn is_stock(&self, name: &str) -> bool {
        const STOCK: [&str; 4] = ["styles", "fonttable", "theme", "tablestyles"];
        let name = name.to_ascii_lowercase();
        let file = name.rsplit('/').next().unwrap_or_default();
        let kind = self.declared.get(&name).and_then(|kind| kind.rsplit('.').next());
        STOCK.iter().any(|stock| {
            file.starts_with(stock)
                && file.ends_with(".xml")
                && kind.is_none_or(|kind| kind.starts_with(stock) && kind.ends_with("+xml"))
        })
    }

    pub(super) fn kind(&self, name: &str) -> Kind {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".fpage") {
            return Kind::Words;
        }
        let xml = [".xml", ".rels", ".vml", ".fdoc", ".fdseq"].iter().any(|ending| name.ends_with(ending));
        let mut declared = self.declared.get(&name).map(String::as_str).unwrap_or_default();
        if !xml {
            if declared.is_empty() {
                let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
                declared = self.endings.get(ending).map(String::as_str).unwrap_or_default();
            }
            // Programs ask for no name where they are told what a member is.
            if !is_office_xml(declared) {
                let driver = name.contains("printersettings") || name.ends_with(".odttf");
                return if driver { Kind::Driver } else { Kind::Object };
            }
        }
        let is = |kind: &str, path: &str| {
            if declared.is_empty() { name.contains(path) } else { declared.contains(kind) || name.contains(path) }
        };
        if name.ends_with(".rels") || name.ends_with(".vml") {
            Kind::Xml
        } else if is("sharedstrings+xml", "xl/sharedstrings") {
            Kind::Strings
        } else if is("sheet+xml", "xl/worksheets/") || name.starts_with("xl/macrosheets/") {
            Kind::Sheet
        } else if is("pivotcachedefinition+xml", "/pivotcachedefinition") {
            Kind::PivotFields
        } else if is("pivotcacherecords+xml", "/pivotcacherecords") {
            Kind::PivotRecords
        } else if is_running(&name, declared) {
            Kind::Words
        } else {
            Kind::Xml
        }
    }
}

/// Whether a declared type is that of a part of a document.
fn is_office_xml(declared: &str) -> bool {
    declared.ends_with("+xml")
        && ["application/vnd.openxmlformats-", "application/vnd.ms-"].iter().any(|office| declared.starts_with(office))
}

/// Whether a part holds text in runs, which a number may be split over.
fn is_running(name: &str, declared: &str) -> bool {
    const PLAIN: [&str; 6] = ["styles", "theme", "settings", "fonttable", "numbering", "websettings"];
    const RUNNING: [&str; 5] = ["drawing", "chart", "diagram", "comments", "wordprocessingml"];
    let file = name.rsplit('/').next().unwrap_or_default();
    if PLAIN.iter().any(|plain| file.starts_with(plain)) || name.contains("threadedcomments") {
        return false;
    }
    let folder = ["word/", "ppt/", "visio/pages/", "visio/masters/"].iter().any(|folder| name.starts_with(folder));
    folder || RUNNING.iter().any(|kind| name.contains(kind) || declared.contains(kind)) || declared.contains("slide")
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::formats::archive;
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn a_document_that_declares_nothing_is_one_by_its_main_part() {
        let cells = |cells: [&str; 2]| {
            let cell = |text| format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
            format!("<w:tr>{}</w:tr>", cells.map(cell).concat())
        };
        let rows = [
            ["Họ và tên", "Mã số BHXH"],
            ["Nguyễn Văn An", "7912345678"],
            ["Trần Thị Bình", "7912345679"],
            ["Lê Văn Chi", "7912345680"],
        ];
        let body = rows.map(cells).concat();
        let text = format!("<w:document><w:body><w:tbl>{body}</w:tbl></w:body></w:document>");
        let read = |members: &[(&str, &[u8])]| {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &archive(members)).inspection;
            (inspection.object.media_type.clone(), inspection.distinct(DetectorId::Bhxh), inspection.persons)
        };
        let declared = ("[Content_Types].xml", &b"<Types/>"[..]);
        let document = ("word/document.xml", text.as_bytes());
        assert_eq!(read(&[declared, document]), (super::DOCX.to_owned(), 3, 3));
        assert_eq!(read(&[document]), (super::DOCX.to_owned(), 3, 3));
        // An archive that somebody put one into, unpacked.
        assert_eq!(read(&[("a/word/document.xml", text.as_bytes())]).0, "application/zip");
    }
}
