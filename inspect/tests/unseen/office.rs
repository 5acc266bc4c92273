//! Documents of offices: packages of XML, and PDF.

use crate::archive::{zip, zlib};
use crate::hosts::{Host, filling, host, percent, xml};

pub(crate) const ALL: &[Host] = &[
    host("docx", true, |r, p| {
        letter(&[("word/document.xml", body(&format!("{}{}", lines(&filling(r)), lines(&p.said))))])
    }),
    host("docx, in runs", false, |_, p| {
        let runs: String = p
            .said
            .chars()
            .map(|c| format!("<w:r><w:t xml:space='preserve'>{}</w:t></w:r>", xml(&c.to_string())))
            .collect();
        letter(&[("word/document.xml", body(&format!("<w:p>{runs}</w:p>")))])
    }),
    host("docx, hidden", true, |_, p| {
        letter(&[("word/document.xml", body(&lines(&p.said).replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>")))])
    }),
    host("docx, deleted", false, |_, p| {
        let text = xml(&p.said).replace('\n', " ");
        letter(&[(
            "word/document.xml",
            body(&format!("<w:p><w:del w:id='1'><w:r><w:delText>{text}</w:delText></w:r></w:del></w:p>")),
        )])
    }),
    host("docx, header", true, |_, p| {
        letter(&[
            ("word/document.xml", body("<w:p/>")),
            ("word/header1.xml", format!("<w:hdr>{}</w:hdr>", lines(&p.said))),
        ])
    }),
    host("docx, footnote", true, |_, p| {
        letter(&[
            ("word/document.xml", body("<w:p/>")),
            ("word/footnotes.xml", format!("<w:footnotes><w:footnote>{}</w:footnote></w:footnotes>", lines(&p.said))),
        ])
    }),
    host("docx, comment", true, |_, p| {
        letter(&[
            ("word/document.xml", body("<w:p/>")),
            (
                "word/comments.xml",
                format!("<w:comments><w:comment w:id='0'>{}</w:comment></w:comments>", lines(&p.said)),
            ),
        ])
    }),
    host("docx, text box", true, |_, p| {
        let boxed = format!(
            "<w:p><w:r><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict></w:r></w:p>",
            lines(&p.said)
        );
        letter(&[("word/document.xml", body(&boxed))])
    }),
    host("docx, description of a picture", false, |_, p| {
        let said = xml(&p.said);
        letter(&[(
            "word/document.xml",
            body(&format!("<w:p><w:r><w:drawing><wp:docPr id='1' name='a' descr=\"{said}\"/></w:drawing></w:r></w:p>")),
        )])
    }),
    host("docx, field", false, |_, p| {
        let said = xml(&p.said);
        letter(&[(
            "word/document.xml",
            body(&format!("<w:p><w:r><w:instrText>QUOTE {said}</w:instrText></w:r></w:p>")),
        )])
    }),
    host("docx, property", false, |_, p| {
        let core = format!("<cp:coreProperties><dc:description>{}</dc:description></cp:coreProperties>", xml(&p.said));
        letter(&[("word/document.xml", body("<w:p/>")), ("docProps/core.xml", core)])
    }),
    host("docx, custom XML", false, |_, p| {
        letter(&[
            ("word/document.xml", body("<w:p/>")),
            ("customXml/item1.xml", format!("<a><b>{}</b></a>", xml(&p.said))),
        ])
    }),
    host("docx, embedded text", true, |_, p| {
        letter(&[("word/document.xml", body("<w:p/>")), ("word/embeddings/a.bin", p.said.clone())])
    }),
    host("docx, address of a link", false, |_, p| {
        let target = percent(&p.said);
        let rels = format!(
            "<Relationships><Relationship Id='r1' Type='hyperlink' Target='https://example.vn/?q={target}' TargetMode='External'/></Relationships>"
        );
        letter(&[("word/document.xml", body("<w:p/>")), ("word/_rels/document.xml.rels", rels)])
    }),
    host("xlsx", false, |_, p| book(&cell(&p.said), &[])),
    host("xlsx, shared", false, |_, p| {
        book(
            "<row r='1'><c r='B1' t='s'><v>0</v></c></row>",
            &[("xl/sharedStrings.xml", format!("<sst><si><t>{}</t></si></sst>", xml(&p.said)))],
        )
    }),
    host("xlsx, shared in runs", false, |_, p| {
        let runs: String =
            p.said.chars().map(|c| format!("<r><t xml:space='preserve'>{}</t></r>", xml(&c.to_string()))).collect();
        book(
            "<row r='1'><c r='B1' t='s'><v>0</v></c></row>",
            &[("xl/sharedStrings.xml", format!("<sst><si>{runs}</si></sst>"))],
        )
    }),
    host("xlsx, string of no cell", false, |_, p| {
        book("<row r='1'/>", &[("xl/sharedStrings.xml", format!("<sst><si><t>{}</t></si></sst>", xml(&p.said)))])
    }),
    host("xlsx, comment", false, |_, p| {
        book(
            &cell("x"),
            &[(
                "xl/comments1.xml",
                format!(
                    "<comments><commentList><comment ref='A1'><text><t>{}</t></text></comment></commentList></comments>",
                    xml(&p.said)
                ),
            )],
        )
    }),
    host("xlsx, formula", false, |_, p| {
        book(&format!("<row r='1'><c r='A1' t='str'><f>\"{}\"</f><v>x</v></c></row>", xml(&p.said)), &[])
    }),
    host("xlsx, result of a formula", false, |_, p| {
        book(&format!("<row r='1'><c r='A1' t='str'><f>A2</f><v>{}</v></c></row>", xml(&p.said)), &[])
    }),
    host("xlsx, defined name", false, |_, p| {
        let name = format!(
            "<workbook><definedNames><definedName name='a'>\"{}\"</definedName></definedNames></workbook>",
            xml(&p.said)
        );
        package(&[("xl/workbook.xml", name), ("xl/worksheets/sheet1.xml", sheet(&cell("x")))])
    }),
    host("xlsx, hidden sheet", false, |_, p| {
        let names = "<workbook><sheets><sheet name='a' sheetId='1' state='veryHidden'/></sheets></workbook>";
        package(&[("xl/workbook.xml", names.to_owned()), ("xl/worksheets/sheet1.xml", sheet(&cell(&p.said)))])
    }),
    host("xlsx, header of a page", false, |_, p| {
        let said = xml(&p.said.replace('&', "&&"));
        let sheet = format!(
            "<worksheet><sheetData>{}</sheetData><headerFooter><oddHeader>&amp;L{said}</oddHeader></headerFooter></worksheet>",
            cell("x")
        );
        package(&[("xl/workbook.xml", "<workbook/>".to_owned()), ("xl/worksheets/sheet1.xml", sheet)])
    }),
    host("xlsx, drawing", false, |_, p| {
        book(
            &cell("x"),
            &[(
                "xl/drawings/drawing1.xml",
                format!(
                    "<xdr:wsDr><xdr:sp><xdr:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>",
                    xml(&p.said)
                ),
            )],
        )
    }),
    host("pptx", true, |_, p| slides(&[("ppt/slides/slide1.xml", slide(&p.said))])),
    host("pptx, notes", true, |_, p| {
        slides(&[("ppt/slides/slide1.xml", slide("x")), ("ppt/notesSlides/notesSlide1.xml", slide(&p.said))])
    }),
    host("pptx, comment", false, |_, p| {
        slides(&[
            ("ppt/slides/slide1.xml", slide("x")),
            ("ppt/comments/comment1.xml", format!("<p:cmLst><p:cm><p:text>{}</p:text></p:cm></p:cmLst>", xml(&p.said))),
        ])
    }),
    host("odt", true, |_, p| open("text", &format!("<office:text>{}</office:text>", paragraphs(&p.said)), &[])),
    host("odt, annotation", true, |_, p| {
        open(
            "text",
            &format!(
                "<office:text><text:p>x<office:annotation>{}</office:annotation></text:p></office:text>",
                paragraphs(&p.said)
            ),
            &[],
        )
    }),
    host("odt, property", false, |_, p| {
        open(
            "text",
            "<office:text/>",
            &[(
                "meta.xml",
                format!("<office:document-meta><dc:subject>{}</dc:subject></office:document-meta>", xml(&p.said)),
            )],
        )
    }),
    host("ods", false, |_, p| {
        let row = format!(
            "<table:table table:name='a'><table:table-row><table:table-cell>{}</table:table-cell></table:table-row></table:table>",
            paragraphs(&p.said)
        );
        open("spreadsheet", &format!("<office:spreadsheet>{row}</office:spreadsheet>"), &[])
    }),
    host("odp, notes", true, |_, p| {
        let notes = format!(
            "<draw:page><presentation:notes><draw:frame><draw:text-box>{}</draw:text-box></draw:frame></presentation:notes></draw:page>",
            paragraphs(&p.said)
        );
        open("presentation", &format!("<office:presentation>{notes}</office:presentation>"), &[])
    }),
    host("flat OpenDocument", true, |_, p| {
        let name = "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'";
        format!("<?xml version='1.0'?><office:document {name}><office:body><office:text>{}</office:text></office:body></office:document>", paragraphs(&p.said)).into_bytes()
    }),
    host("pdf, an annotation", false, |_, p| {
        pdf(
            "BT /F1 12 Tf (x) Tj ET",
            "",
            &format!("<</Type/Annot /Subtype/Text /Rect[0 0 9 9] /Contents {}>>", wide(&p.said)),
        )
    }),
    host("pdf, a field", false, |_, p| {
        pdf("BT /F1 12 Tf (x) Tj ET", "/AcroForm<</Fields[6 0 R]>>", &format!("<</FT/Tx /T(a) /V {}>>", wide(&p.said)))
    }),
    host("pdf, a bookmark", false, |_, p| {
        pdf("BT /F1 12 Tf (x) Tj ET", "/Outlines<</First 6 0 R>>", &format!("<</Title {}>>", wide(&p.said)))
    }),
    host("pdf, a script", false, |_, p| {
        pdf("BT /F1 12 Tf (x) Tj ET", "/OpenAction 6 0 R", &format!("<</S/JavaScript /JS {}>>", wide(&p.said)))
    }),
    host("pdf, an attached file", true, |_, p| {
        let file = stream("/Type/EmbeddedFile /Filter/FlateDecode", &zlib(p.said.as_bytes()));
        pdf_of(
            b"BT /F1 12 Tf (x) Tj ET",
            "/Names<</EmbeddedFiles<</Names[(a.txt)<</F(a.txt)/EF<</F 6 0 R>>>>]>>>>",
            &file,
        )
    }),
    host("pdf, no object of any page", false, |_, p| {
        pdf("BT /F1 12 Tf (x) Tj ET", "", &format!("<</Nothing {}>>", wide(&p.said)))
    }),
    host("pdf, replacement text", false, |_, p| {
        pdf(&format!("/Span <</ActualText {}>> BDC BT /F1 9 Tf (x) Tj ET EMC", wide(&p.said)), "", "null")
    }),
    host("pdf, text of a page", true, |_, p| {
        let (content, map) = shown(&p.said);
        pdf_with(&content, "", b"null", &map)
    }),
    host("pdf, invisible text", true, |_, p| {
        let (content, map) = shown(&p.said);
        pdf_with(&format!("3 Tr {content}"), "", b"null", &map)
    }),
];

pub(crate) fn package(members: &[(&str, String)]) -> Vec<u8> {
    const TYPES: &str = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
    let types = [("[Content_Types].xml", TYPES.as_bytes())];
    let members: Vec<_> =
        types.into_iter().chain(members.iter().map(|(name, text)| (*name, text.as_bytes()))).collect();
    zip(&members)
}

pub(crate) fn letter(members: &[(&str, String)]) -> Vec<u8> {
    package(members)
}

pub(crate) fn body(text: &str) -> String {
    format!("<w:document><w:body>{text}</w:body></w:document>")
}

/// A paragraph for each line.
fn lines(text: &str) -> String {
    let line = |line: &str| {
        let text = xml(line).replace('\t', "</w:t><w:tab/><w:t xml:space='preserve'>");
        format!("<w:p><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>")
    };
    text.lines().map(line).collect()
}

fn paragraphs(text: &str) -> String {
    text.lines().map(|line| format!("<text:p>{}</text:p>", xml(line).replace('\t', "<text:tab/>"))).collect()
}

fn sheet(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

pub(crate) fn book(rows: &str, more: &[(&str, String)]) -> Vec<u8> {
    let own = [("xl/workbook.xml", "<workbook/>".to_owned()), ("xl/worksheets/sheet1.xml", sheet(rows))];
    package(&[&own, more].concat())
}

fn cell(text: &str) -> String {
    format!("<row r='3'><c r='C3' t='inlineStr'><is><t xml:space='preserve'>{}</t></is></c></row>", xml(text))
}

fn slides(members: &[(&str, String)]) -> Vec<u8> {
    package(&[&[("ppt/presentation.xml", "<p:presentation/>".to_owned())], members].concat())
}

fn slide(text: &str) -> String {
    let line = |line: &str| format!("<a:p><a:r><a:t>{}</a:t></a:r></a:p>", xml(line));
    let lines: String = text.lines().map(line).collect();
    format!("<p:sld><p:cSld><p:spTree><p:sp><p:txBody>{lines}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>")
}

pub(crate) fn open(kind: &str, body: &str, more: &[(&str, String)]) -> Vec<u8> {
    let kind = format!("application/vnd.oasis.opendocument.{kind}");
    let content = format!("<office:document-content><office:body>{body}</office:body></office:document-content>");
    let own = [
        ("mimetype", kind.as_bytes()),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ];
    zip(&own.into_iter().chain(more.iter().map(|(name, text)| (*name, text.as_bytes()))).collect::<Vec<_>>())
}

/// A string of PDF in UTF-16.
fn wide(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    format!("<FEFF{units}>")
}

/// Text shown glyph by glyph in a font of its own codes, and the map that tells what they are.
fn shown(text: &str) -> (String, String) {
    let mut letters: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
    letters.sort_unstable();
    letters.dedup();
    let code = |c: char| letters.binary_search(&c).map_or(1, |at| at + 1);
    let line = |line: &str| {
        let cells = line.split('\t').map(|cell| {
            let codes: String = cell.chars().map(|c| format!("{:04X}", code(c))).collect();
            format!("<{codes}> Tj 150 0 Td ")
        });
        let back = 150 * line.split('\t').count();
        format!("{}-{back} -14 Td ", cells.collect::<String>())
    };
    let content = text.lines().map(line).collect::<String>();
    let pairs: String = letters
        .iter()
        .enumerate()
        .map(|(n, c)| {
            format!(
                "1 beginbfchar <{:04X}> <{}> endbfchar\n",
                n + 1,
                c.encode_utf16(&mut [0; 2]).iter().map(|u| format!("{u:04X}")).collect::<String>()
            )
        })
        .collect();
    let map = format!("begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n{pairs}endcmap");
    (format!("BT /F1 9 Tf 30 800 Td {content} ET"), map)
}

fn stream(dict: &str, content: &[u8]) -> Vec<u8> {
    [format!("<<{dict} /Length {}>>\nstream\n", content.len()).as_bytes(), content, b"\nendstream"].concat()
}

fn pdf(content: &str, catalog: &str, object: &str) -> Vec<u8> {
    pdf_of(content.as_bytes(), catalog, object.as_bytes())
}

fn pdf_of(content: &[u8], catalog: &str, object: &[u8]) -> Vec<u8> {
    const HELVETICA: &str = "<</Type/Font /Subtype/Type1 /BaseFont/Helvetica /Encoding/WinAnsiEncoding>>";
    file(&stream("/Filter/FlateDecode", &zlib(content)), catalog, HELVETICA, &[object.to_vec()])
}

fn pdf_with(content: &str, catalog: &str, object: &[u8], map: &str) -> Vec<u8> {
    const FONT: &str = "<</Type/Font /Subtype/Type0 /BaseFont/A /Encoding/Identity-H /ToUnicode 7 0 R /DescendantFonts[\
                        <</Type/Font /Subtype/CIDFontType2 /BaseFont/A /DW 500 /CIDSystemInfo<</Registry(Adobe)/Ordering\
                        (Identity)/Supplement 0>>>>]>>";
    file(&stream("", content.as_bytes()), catalog, FONT, &[object.to_vec(), stream("", map.as_bytes())])
}

/// Objects: catalog, pages, page, content, font, and those given.
fn file(content: &[u8], catalog: &str, font: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let page = "<</Type/Page /Parent 2 0 R /Contents 4 0 R /Annots[6 0 R] /Resources<</Font<</F1 5 0 R>>>>>>";
    let mut objects: Vec<Vec<u8>> = vec![
        format!("<</Type/Catalog /Pages 2 0 R {catalog}>>").into_bytes(),
        b"<</Type/Pages /Kids[3 0 R] /Count 1>>".to_vec(),
        page.as_bytes().to_vec(),
        content.to_vec(),
        font.as_bytes().to_vec(),
    ];
    objects.extend_from_slice(more);
    let (mut out, mut places) = (b"%PDF-1.7\n".to_vec(), Vec::new());
    for (n, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend([format!("{} 0 obj\n", n + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let start = out.len();
    let table: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let size = objects.len() + 1;
    out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF").bytes());
    out
}
