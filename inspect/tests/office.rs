//! Every place where a document of Office can hold a number: found, masked, and gone when it is opened again.
//!
//! All people are invented; the numbers are random and only laid out as real ones.

mod archive;

use std::sync::{Arc, LazyLock};

use archive::{opened, zip};
use chot_inspect::{Hint, Inspected, Inspector, Limits, Source, Spliced};
use chot_model::{DetectorId, OpaqueReason};

const TYPES: &[u8] = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
const NUMBER: &str = "001090123456";

fn inspect(bytes: &dyn Source) -> Inspected {
    static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| Inspector::new(Limits::default(), 2026));
    INSPECTOR.inspect(Hint::default(), bytes)
}

fn redact(bytes: &[u8], inspected: &Inspected) -> Result<Vec<u8>, String> {
    let identifiers: Vec<DetectorId> = DetectorId::identifiers().collect();
    let bytes = Arc::new(bytes.to_vec());
    let splices = inspected.redact(&identifiers, &*bytes).map_err(|e| e.to_string())?;
    let spliced = Spliced::new(bytes, splices);
    let (mut out, mut filled) = (vec![0; spliced.len() as usize], 0);
    while let n @ 1.. = spliced.read_at(filled as u64, &mut out[filled..]).expect("memory") {
        filled += n;
    }
    Ok(out)
}

/// Plants a number in a place and looks for it before and after redaction. What is wrong goes to `wrong`.
fn walk(kind: &str, base: &[(&str, &str)], places: &[(&str, &str, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, member, content) in places {
        let mut members: Vec<(&str, &[u8])> = vec![("[Content_Types].xml", TYPES)];
        members.extend(base.iter().filter(|(name, _)| name != member).map(|(name, text)| (*name, text.as_bytes())));
        members.push((member, content.as_bytes()));
        let bytes = zip(&members);
        let found = inspect(&bytes);
        let object = &found.inspection.object;
        let is_read = found.inspection.opaque.is_empty() && object.bytes_inspected == object.bytes;
        if found.inspection.distinct(DetectorId::Cccd) != 1 || !is_read {
            wrong.push(format!("{kind}, {place}: {:?}", found.inspection));
            continue;
        }
        match redact(&bytes, &found) {
            Err(why) => wrong.push(format!("{kind}, {place}: {why}")),
            Ok(redacted) => {
                let again = inspect(&redacted).inspection;
                let (before, after) = (opened(&bytes), opened(&redacted));
                if again.identifiers() > 0 || !again.opaque.is_empty() || after.contains("90123456") || before == after
                {
                    wrong.push(format!("{kind}, {place} redacted: {again:?} {after}"));
                }
                // References to characters and exponents are masked with what they stand for.
                let masked = |c: &char| c.is_ascii_digit() || "*&#x;_.E".contains(*c);
                let kept = |text: &str| text.chars().filter(|c| !masked(c)).collect::<String>();
                if kept(&before) != kept(&after) {
                    wrong.push(format!("{kind}, {place}: more than the number has changed: {after}"));
                }
            }
        }
    }
    wrong
}

fn cell(kind: &str, inner: &str) -> String {
    let head = "<c r='A1' t='inlineStr'><is><t>Số CCCD</t></is></c>";
    format!(
        "<worksheet><sheetData><row r='1'>{head}</row><row r='2'><c r='A2'{kind}>{inner}</c></row></sheetData></worksheet>"
    )
}

fn beside(markup: &str) -> String {
    format!("<worksheet><sheetData/>{markup}</worksheet>")
}

#[test]
fn every_place_in_a_workbook() {
    let book = "<workbook xmlns:r='r'><sheets><sheet name='DS' sheetId='1' r:id='r1'/></sheets></workbook>";
    let rels = "<Relationships><Relationship Id='r1' Target='worksheets/sheet1.xml'/></Relationships>";
    let styles = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='000000000000'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/></cellXfs></styleSheet>";
    let sheet = cell(" t='s'", "<v>0</v>");
    let base = [
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", rels),
        ("xl/styles.xml", styles),
        ("xl/sharedStrings.xml", "<sst><si><t>không</t></si></sst>"),
        ("xl/worksheets/sheet1.xml", sheet.as_str()),
    ];
    let said = format!("CCCD {NUMBER}");
    let strings = |inner: &str| format!("<sst><si>{inner}</si></sst>");
    let (s, strings_xml) = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml");
    let fields = "<pivotCacheDefinition><cacheFields><cacheField name='Họ tên'><sharedItems/></cacheField><cacheField name='Số CCCD'><sharedItems/></cacheField></cacheFields></pivotCacheDefinition>";
    let defined =
        format!("<workbook><definedNames><definedName name='x'>\"{said}\"</definedName></definedNames></workbook>");
    let mut places = vec![
        ("shared string", strings_xml, strings(&format!("<t>{NUMBER}</t>"))),
        ("shared string in runs", strings_xml, strings("<r><t>0010</t></r><r><rPr/><t>90123456</t></r>")),
        ("shared string with references", strings_xml, strings("<t>00109&#48;&#x31;23456</t>")),
        ("shared string of spelled letters", strings_xml, strings("<t>_x0030_010_x0039_0123456</t>")),
        ("shared string that no cell shows", strings_xml, format!("<sst><si><t>x</t></si><si><t>{said}</t></si></sst>")),
        ("long shared string", strings_xml, strings(&format!("<t>{}{said}</t>", "x ".repeat(3_000)))),
        ("very long shared string", strings_xml, strings(&format!("<t>{}{said}</t>", "x ".repeat(300_000)))),
        ("phonetic", strings_xml, strings(&format!("<t>x</t><rPh sb='0' eb='1'><t>{said}</t></rPh>"))),
        ("inline string", s, cell(" t='inlineStr'", &format!("<is><t>{NUMBER}</t></is>"))),
        ("inline string in runs", s, cell(" t='inlineStr'", "<is><r><t>0010</t></r><r><t>90123456</t></r></is>")),
        ("inline string of spelled letters", s, cell(" t='inlineStr'", "<is><t>_x0030_010_x0039_0123456</t></is>")),
        ("number that lost its zeros", s, cell("", "<v>1090123456</v>")),
        ("number with an exponent", s, cell("", "<v>1.090123456E9</v>")),
        ("number with a format", s, cell(" s='1'", "<v>1090123456</v>")),
        ("result of a formula", s, cell(" t='str'", &format!("<f>A1</f><v>{NUMBER}</v>"))),
        ("formula", s, cell(" t='str'", &format!("<f>LEFT(\"{said}\",2)</f><v>x</v>"))),
        ("hidden row", s, cell(" t='inlineStr'", &format!("<is><t>{NUMBER}</t></is>")).replace("<row r='2'", "<row r='2' hidden='1'")),
        ("header of the page", s, beside(&format!("<headerFooter><oddHeader>&amp;L{said}</oddHeader></headerFooter>"))),
        ("hyperlink", s, beside(&format!("<hyperlinks><hyperlink ref='A1' display='{said}' tooltip='x'/></hyperlinks>"))),
        ("prompt of a validation", s, beside(&format!("<dataValidations><dataValidation prompt='{said}'/></dataValidations>"))),
        ("list of a validation", s, beside(&format!("<dataValidations><dataValidation><formula1>\"{said},b\"</formula1></dataValidation></dataValidations>"))),
        ("condition of a format", s, beside(&format!("<conditionalFormatting><cfRule><formula>A1=\"{said}\"</formula></cfRule></conditionalFormatting>"))),
        ("filter", s, beside(&format!("<autoFilter><filterColumn><filters><filter val='{NUMBER}'/></filters></filterColumn></autoFilter>"))),
        ("extension", s, beside(&format!("<extLst><ext><x14:f xmlns:x14='x'>\"{said}\"</x14:f></ext></extLst>"))),
        ("sheet of another name", "xl/other/list.xml", cell(" t='inlineStr'", &format!("<is><t>{NUMBER}</t></is>"))),
        ("comment", "xl/comments1.xml", "<comments><authors><author>An</author></authors><commentList><comment ref='A1'><text><r><t>CCCD 0010</t></r><r><t>90123456</t></r></text></comment></commentList></comments>".into()),
        ("author of a comment", "xl/comments1.xml", format!("<comments><authors><author>{said}</author></authors></comments>")),
        ("threaded comment", "xl/threadedComments/threadedComment1.xml", format!("<ThreadedComments><threadedComment ref='A1'><text>{said}</text></threadedComment></ThreadedComments>")),
        ("persons", "xl/persons/person.xml", format!("<personList><person displayName='{said}' id='x'/></personList>")),
        ("pivot field", "xl/pivotCache/pivotCacheDefinition1.xml", "<pivotCacheDefinition><cacheFields><cacheField name='Số CCCD'><sharedItems><n v='1090123456'/></sharedItems></cacheField></cacheFields></pivotCacheDefinition>".into()),
        ("pivot item", "xl/pivotTables/pivotTable1.xml", format!("<pivotTableDefinition><pivotField name='{said}'/></pivotTableDefinition>")),
        ("external link", "xl/externalLinks/externalLink1.xml", format!("<externalLink><sheetDataSet><sheetData><row r='1'><cell r='A1' t='str'><v>{said}</v></cell></row></sheetData></sheetDataSet></externalLink>")),
        ("path of an external link", "xl/externalLinks/_rels/externalLink1.xml.rels", format!("<Relationships><Relationship Id='r1' Target='file:///C:/CCCD%20{NUMBER}.xlsx' TargetMode='External'/></Relationships>")),
        ("defined name", "xl/workbook.xml", defined),
        ("very hidden sheet", "xl/worksheets/sheet2.xml", cell(" t='inlineStr'", &format!("<is><t>{NUMBER}</t></is>"))),
        ("title of a sheet", "xl/workbook.xml", book.replace("'DS'", &format!("'{said}'"))),
        ("column of a table", "xl/tables/table1.xml", format!("<table><tableColumns><tableColumn name='{said}'/></tableColumns></table>")),
        ("drawing", "xl/drawings/drawing1.xml", "<xdr:wsDr><a:p><a:r><a:t>CCCD 0010</a:t></a:r><a:r><a:t>90123456</a:t></a:r></a:p></xdr:wsDr>".into()),
        ("description of a picture", "xl/drawings/drawing1.xml", format!("<xdr:wsDr><xdr:cNvPr id='2' name='x' descr='{said}'/></xdr:wsDr>")),
        ("title of a picture", "xl/drawings/drawing1.xml", format!("<xdr:wsDr><xdr:cNvPr id='2' name='x' title='{said}'/></xdr:wsDr>")),
        ("text box of an older version", "xl/drawings/vmlDrawing1.vml", format!("<xml><v:textbox><div>{said}</div></v:textbox></xml>")),
        ("cache of a chart", "xl/charts/chart1.xml", format!("<c:chartSpace><c:strCache><c:pt><c:v>{said}</c:v></c:pt></c:strCache></c:chartSpace>")),
        ("title of a chart", "xl/charts/chart1.xml", "<c:chartSpace><a:p><a:r><a:t>CCCD 0010</a:t></a:r><a:r><a:t>90123456</a:t></a:r></a:p></c:chartSpace>".into()),
        ("connection", "xl/connections.xml", format!("<connections><connection description='{said}'/></connections>")),
        ("query", "xl/queryTables/queryTable1.xml", format!("<queryTable name='{said}'/>")),
        ("revision", "xl/revisions/revisionLog1.xml", format!("<revisions><rcc><nc t='inlineStr'><is><t>{said}</t></is></nc></rcc></revisions>")),
        ("map of XML", "xl/xmlMaps.xml", format!("<MapInfo><Schema><x>{said}</x></Schema></MapInfo>")),
        ("title of the document", "docProps/core.xml", format!("<cp:coreProperties><dc:title>{said}</dc:title></cp:coreProperties>")),
        ("names of parts", "docProps/app.xml", format!("<Properties><TitlesOfParts><vt:lpstr>{said}</vt:lpstr></TitlesOfParts></Properties>")),
        ("custom property", "docProps/custom.xml", format!("<Properties><property name='CCCD'><vt:lpwstr>{said}</vt:lpwstr></property></Properties>")),
        ("custom XML", "customXml/item1.xml", format!("<x><so_cccd>{NUMBER}</so_cccd></x>")),
        ("custom interface", "customUI/customUI.xml", format!("<customUI><button label='{said}'/></customUI>")),
        ("unknown part", "xl/unknown/part.txt", said.clone()),
        ("comment of XML", s, format!("<worksheet><!-- {said} --><sheetData/></worksheet>")),
        ("instruction of XML", s, format!("<?x {said}?><worksheet><sheetData/></worksheet>")),
        ("text between elements", s, format!("<worksheet>{said}<sheetData/></worksheet>")),
        ("CDATA", strings_xml, strings(&format!("<t><![CDATA[{NUMBER}]]></t>"))),
    ];
    let mut wrong = walk("xlsx", &base, &places);
    // Records are read under the names of their definition.
    let with_fields: Vec<_> =
        base.iter().copied().chain([("xl/pivotCache/pivotCacheDefinition1.xml", fields)]).collect();
    places = vec![
        (
            "number among the records",
            "xl/pivotCache/pivotCacheRecords1.xml",
            "<pivotCacheRecords><r><s v='Nguyễn Văn An'/><n v='1090123456'/></r></pivotCacheRecords>".into(),
        ),
        (
            "text among the records",
            "xl/pivotCache/pivotCacheRecords1.xml",
            format!("<pivotCacheRecords><r><s v='Nguyễn Văn An'/><s v='{NUMBER}'/></r></pivotCacheRecords>"),
        ),
    ];
    wrong.extend(walk("xlsx", &with_fields, &places));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_place_in_a_text_document() {
    let body = |inner: &str| format!("<w:document><w:body>{inner}</w:body></w:document>");
    let said = format!("CCCD {NUMBER}");
    let base = [("word/document.xml", "<w:document/>")];
    let doc = "word/document.xml";
    let paragraph = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let boxed = |inner: &str| {
        let text = paragraph(&said);
        format!(
            "<mc:AlternateContent><mc:Choice><wps:txbx><w:txbxContent>{inner}</w:txbxContent></wps:txbx></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{text}</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent>"
        )
    };
    let table = "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:t>Họ tên</w:t></w:p></w:tc><w:tc><w:p><w:t>Số CCCD</w:t></w:p></w:tc></w:tr>\
        <w:tr><w:tc><w:p><w:t>Nguyễn</w:t></w:p></w:tc><w:tc><w:p><w:t>Văn An</w:t></w:p></w:tc><w:tc><w:p><w:r><w:t>0010</w:t></w:r><w:r><w:t>90123456</w:t></w:r></w:p></w:tc></w:tr></w:tbl>";
    let places = vec![
        ("paragraph", doc, body(&paragraph(&said))),
        ("runs", doc, body("<w:p><w:r><w:t>CCCD 0010</w:t></w:r><w:proofErr/><w:r><w:rPr><w:b/></w:rPr><w:t>90123456</w:t></w:r></w:p>")),
        ("references", doc, body(&paragraph("CCCD 00109&#48;&#x31;23456"))),
        ("table under its heading", doc, body(table)),
        ("deleted text", doc, body(&format!("<w:del w:author='An'><w:r><w:delText>{said}</w:delText></w:r></w:del>"))),
        ("code of a field", doc, body(&format!("<w:r><w:instrText> QUOTE \"{said}\" </w:instrText></w:r>"))),
        ("simple field", doc, body(&format!("<w:fldSimple w:instr=' QUOTE \"{said}\" '/>"))),
        ("hidden text", doc, body(&format!("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{said}</w:t></w:r></w:p>"))),
        ("text box, said twice", doc, body(&boxed(&paragraph(&said)))),
        ("text box of older readers only", doc, body(&boxed(""))),
        ("description of a picture", doc, body(&format!("<wp:docPr id='1' name='x' descr='{said}'/>"))),
        ("formula", doc, body("<m:oMath><m:r><m:t>CCCD 0010</m:t></m:r><m:r><m:t>90123456</m:t></m:r></m:oMath>")),
        ("list of a control", doc, body(&format!("<w:sdt><w:listItem w:displayText='{said}' w:value='x'/></w:sdt>"))),
        ("default of a form", doc, body(&format!("<w:ffData><w:textInput><w:default w:val='{said}'/></w:textInput></w:ffData>"))),
        ("bookmark", doc, body(&format!("<w:bookmarkStart w:id='0' w:name='CCCD_{NUMBER}'/>"))),
        ("any attribute", doc, body(&format!("<w:p x:note='{said}'/>"))),
        ("header", "word/header1.xml", format!("<w:hdr>{}</w:hdr>", paragraph(&said))),
        ("footer", "word/footer1.xml", format!("<w:ftr>{}</w:ftr>", paragraph(&said))),
        ("footnote", "word/footnotes.xml", format!("<w:footnotes>{}</w:footnotes>", paragraph(&said))),
        ("endnote", "word/endnotes.xml", format!("<w:endnotes>{}</w:endnotes>", paragraph(&said))),
        ("comment", "word/comments.xml", format!("<w:comments><w:comment w:author='An'>{}</w:comment></w:comments>", paragraph(&said))),
        ("author of a comment", "word/comments.xml", format!("<w:comments><w:comment w:author='{said}'/></w:comments>")),
        ("people", "word/people.xml", format!("<w15:people><w15:person w15:author='{said}'/></w15:people>")),
        ("glossary", "word/glossary/document.xml", format!("<w:glossaryDocument>{}</w:glossaryDocument>", paragraph(&said))),
        ("variable", "word/settings.xml", format!("<w:settings><w:docVars><w:docVar w:name='x' w:val='{said}'/></w:docVars></w:settings>")),
        ("source of a mail merge", "word/settings.xml", format!("<w:settings><w:mailMerge><w:query w:val='SELECT {said}'/></w:mailMerge></w:settings>")),
        ("recipients of a mail merge", "word/recipientData.xml", format!("<w:recipients><w:recipientData><w:uniqueTag w:val='{said}'/></w:recipientData></w:recipients>")),
        ("target of a link", "word/_rels/document.xml.rels", format!("<Relationships><Relationship Id='r1' Target='https://example.vn/?soCCCD={NUMBER}' TargetMode='External'/></Relationships>")),
        ("smart art", "word/diagrams/data1.xml", "<dgm:dataModel><dgm:t><a:p><a:r><a:t>CCCD 0010</a:t></a:r><a:r><a:t>90123456</a:t></a:r></a:p></dgm:t></dgm:dataModel>".into()),
        ("name of a style", "word/styles.xml", format!("<w:styles><w:style><w:name w:val='{said}'/></w:style></w:styles>")),
        ("text of a list", "word/numbering.xml", format!("<w:numbering><w:lvlText w:val='{said}'/></w:numbering>")),
        ("chunk of HTML", "word/afchunk.htm", format!("<html><body><p>{said}</p></body></html>")),
        ("main part of another name", "other/main.xml", body(&paragraph(&said))),
        ("description of the document", "docProps/core.xml", format!("<cp:coreProperties><dc:description>{said}</dc:description></cp:coreProperties>")),
    ];
    let wrong = walk("docx", &base, &places);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_of_styles_and_fonts_name_nobody() {
    let style = |name: &str| format!("<w:styles><w:style><w:name w:val='{name}'/></w:style></w:styles>");
    let font = "<w:fonts><w:font w:name='Vi Thi Thu'/></w:fonts>";
    let text =
        |said: &str| format!("<w:document><w:body><w:p><w:r><w:t>{said}</w:t></w:r></w:p></w:body></w:document>");
    let kind = |kind: &str, part: &str| {
        let main = "application/vnd.openxmlformats-officedocument.wordprocessingml";
        format!("<Types><Override PartName='/{part}' ContentType='{main}.{kind}+xml'/></Types>")
    };
    let count = |types: &str, members: &[(&str, &str)]| {
        let members = members.iter().map(|(name, text)| (*name, text.as_bytes()));
        let all: Vec<_> = [("[Content_Types].xml", types.as_bytes())].into_iter().chain(members).collect();
        let inspection = inspect(&zip(&all)).inspection;
        [DetectorId::PersonName, DetectorId::Cccd].map(|id| inspection.distinct(id))
    };
    let (named, numbered) = (style("Nguyễn Văn Thử"), style(&format!("CCCD {NUMBER}")));
    let said = text("Ông Nguyễn Văn Thử");
    let plain = kind("styles", "word/styles.xml");
    assert_eq!(count(&plain, &[("word/styles.xml", &named), ("word/fontTable.xml", font)]), [0, 0]);
    assert_eq!(count(&plain, &[("word/styles.xml", &numbered)]), [0, 1]);
    // What is written in the text is a name, wherever else it stands, and whatever the part is called.
    assert_eq!(count(&plain, &[("word/styles.xml", &named), ("word/document.xml", &said)]), [1, 0]);
    assert_eq!(count(&kind("document.main", "word/styles.xml"), &[("word/styles.xml", &said)]), [1, 0]);
}

#[test]
fn every_place_in_a_presentation() {
    let said = format!("CCCD {NUMBER}");
    let base = [("ppt/presentation.xml", "<p:presentation/>")];
    let runs = "<a:p><a:r><a:t>CCCD 0010</a:t></a:r><a:r><a:t>90123456</a:t></a:r></a:p>";
    let table = format!(
        "<p:sld><a:tbl><a:tr><a:tc gridSpan='2'><a:p><a:r><a:t>Họ tên</a:t></a:r></a:p></a:tc><a:tc hMerge='1'/><a:tc><a:p><a:r><a:t>Số CCCD</a:t></a:r></a:p></a:tc></a:tr>\
        <a:tr><a:tc><a:p><a:r><a:t>Nguyễn</a:t></a:r></a:p></a:tc><a:tc/><a:tc><a:p><a:r><a:t>{NUMBER}</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:sld>"
    );
    let places = vec![
        ("slide", "ppt/slides/slide1.xml", format!("<p:sld>{runs}</p:sld>")),
        ("hidden slide", "ppt/slides/slide1.xml", format!("<p:sld show='0'>{runs}</p:sld>")),
        ("table", "ppt/slides/slide1.xml", table),
        ("description", "ppt/slides/slide1.xml", format!("<p:sld><p:cNvPr id='2' name='x' descr='{said}'/></p:sld>")),
        ("notes", "ppt/notesSlides/notesSlide1.xml", format!("<p:notes>{runs}</p:notes>")),
        ("master", "ppt/slideMasters/slideMaster1.xml", format!("<p:sldMaster>{runs}</p:sldMaster>")),
        ("layout", "ppt/slideLayouts/slideLayout1.xml", format!("<p:sldLayout>{runs}</p:sldLayout>")),
        (
            "master of handouts",
            "ppt/handoutMasters/handoutMaster1.xml",
            format!("<p:handoutMaster>{runs}</p:handoutMaster>"),
        ),
        ("comment", "ppt/comments/comment1.xml", format!("<p:cmLst><p:cm><p:text>{said}</p:text></p:cm></p:cmLst>")),
        (
            "modern comment",
            "ppt/comments/modernComment_1.xml",
            format!("<p188:cmLst><p188:cm><p188:txBody>{runs}</p188:txBody></p188:cm></p188:cmLst>"),
        ),
        ("author", "ppt/commentAuthors.xml", format!("<p:cmAuthorLst><p:cmAuthor name='{said}'/></p:cmAuthorLst>")),
        ("tag", "ppt/tags/tag1.xml", format!("<p:tagLst><p:tag name='X' val='{said}'/></p:tagLst>")),
        (
            "name of a show",
            "ppt/presentation.xml",
            format!("<p:presentation><p:custShow name='{said}'/></p:presentation>"),
        ),
        ("chart", "ppt/charts/chart1.xml", format!("<c:chartSpace><c:v>{said}</c:v></c:chartSpace>")),
        (
            "link",
            "ppt/slides/_rels/slide1.xml.rels",
            format!(
                "<Relationships><Relationship Id='r' Target='mailto:a@example.vn?subject=CCCD%20{NUMBER}' TargetMode='External'/></Relationships>"
            ),
        ),
    ];
    let wrong = walk("pptx", &base, &places);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_place_in_an_open_document() {
    let said = format!("CCCD {NUMBER}");
    let base = [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", "<office:document-content/>"),
    ];
    let body =
        |inner: &str| format!("<office:document-content><office:body>{inner}</office:body></office:document-content>");
    let head = "<table:table-row><table:table-cell><text:p>Họ tên</text:p></table:table-cell><table:table-cell><text:p>Số CCCD</text:p></table:table-cell></table:table-row>";
    let name = "<table:table-cell><text:p>Nguyễn Văn An</text:p></table:table-cell>";
    let sheet = |cells: &str| {
        body(&format!("<table:table table:name='DS'>{head}<table:table-row>{cells}</table:table-row></table:table>"))
    };
    let (c, p) = ("content.xml", format!("<text:p>{said}</text:p>"));
    let number = "table:table-cell office:value-type='float' office:value";
    let places = vec![
        (
            "cell of text",
            c,
            sheet(&format!(
                "{name}<table:table-cell office:value-type='string'><text:p>{NUMBER}</text:p></table:table-cell>"
            )),
        ),
        (
            "number that lost its zeros",
            c,
            sheet(&format!("{name}<{number}='1090123456'><text:p>1090123456</text:p></table:table-cell>")),
        ),
        (
            "number shown otherwise",
            c,
            sheet(&format!("{name}<{number}='1090123456'><text:p>1.09E+09</text:p></table:table-cell>")),
        ),
        (
            "number with an exponent",
            c,
            sheet(&format!("{name}<{number}='1.090123456E9'><text:p>1.09E+09</text:p></table:table-cell>")),
        ),
        ("number that is not shown", c, sheet(&format!("{name}<{number}='1090123456'/>"))),
        (
            "number behind repeated cells",
            c,
            body(&format!(
                "<table:table><table:table-row><table:table-cell table:number-columns-repeated='3'/><table:table-cell><text:p>Số CCCD</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell/><table:table-cell table:number-columns-repeated='2'/><{number}='1090123456'/></table:table-row></table:table>"
            )),
        ),
        (
            "number repeated under its heading",
            c,
            sheet(&format!("<{number}='1090123456' table:number-columns-repeated='2'/>")),
        ),
        (
            "string value",
            c,
            sheet(&format!("{name}<table:table-cell office:value-type='string' office:string-value='{NUMBER}'/>")),
        ),
        ("formula", c, sheet(&format!("{name}<table:table-cell table:formula='of:=LEFT(\"{said}\";2)'/>"))),
        (
            "hidden row",
            c,
            body(&format!(
                "<table:table table:display='false'><table:table-row table:visibility='collapse'><table:table-cell>{p}</table:table-cell></table:table-row></table:table>"
            )),
        ),
        (
            "annotation",
            c,
            sheet(&format!(
                "<table:table-cell><office:annotation><dc:creator>An</dc:creator>{p}</office:annotation><text:p>x</text:p></table:table-cell>"
            )),
        ),
        ("covered cell", c, sheet(&format!("{name}<table:covered-table-cell>{p}</table:covered-table-cell>"))),
        (
            "validation",
            c,
            body(&format!(
                "<table:content-validations><table:content-validation table:condition='of:cell-content-is-in-list(\"{said}\")'/></table:content-validations>"
            )),
        ),
        (
            "named expression",
            c,
            body(&format!(
                "<table:named-expressions><table:named-expression table:expression='\"{said}\"'/></table:named-expressions>"
            )),
        ),
        (
            "tracked change of a cell",
            c,
            body(&format!(
                "<table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell>{p}</table:change-track-table-cell></table:previous></table:cell-content-change></table:tracked-changes>"
            )),
        ),
        ("shape", c, body(&format!("<draw:frame><draw:text-box>{p}</draw:text-box></draw:frame>"))),
        ("description of a picture", c, body(&format!("<draw:frame><svg:title>{said}</svg:title></draw:frame>"))),
        ("spans", c, body("<text:p>CCCD 0010<text:span>90</text:span><text:bookmark/>123456</text:p>")),
        (
            "blanks",
            c,
            body("<text:p>CCCD<text:s/>0010<text:s/>9012<text:s text:c='1'/>3456</text:p>")
                .replace("0010<text:s/>9012<text:s text:c='1'/>3456", NUMBER),
        ),
        (
            "deleted text",
            c,
            body(&format!(
                "<text:tracked-changes><text:changed-region><text:deletion>{p}</text:deletion></text:changed-region></text:tracked-changes>"
            )),
        ),
        ("hidden text", c, body(&format!("<text:p><text:hidden-text text:string-value='{said}'/></text:p>"))),
        (
            "variable",
            c,
            body(&format!(
                "<text:user-field-decls><text:user-field-decl office:string-value='{said}'/></text:user-field-decls>"
            )),
        ),
        (
            "footnote",
            c,
            body(&format!("<text:p>x<text:note><text:note-body>{p}</text:note-body></text:note></text:p>")),
        ),
        (
            "table in a text",
            c,
            body(&format!(
                "<table:table>{head}<table:table-row>{name}<table:table-cell><text:p>0010<text:span>90123456</text:span></text:p></table:table-cell></table:table-row></table:table>"
            )),
        ),
        ("notes of a slide", c, body(&format!("<draw:page><presentation:notes>{p}</presentation:notes></draw:page>"))),
        ("hidden slide", c, body(&format!("<draw:page draw:style-name='hidden'>{p}</draw:page>"))),
        (
            "link",
            c,
            body(&format!("<text:p><text:a xlink:href='https://example.vn/?soCCCD={NUMBER}'>x</text:a></text:p>")),
        ),
        (
            "header of the page",
            "styles.xml",
            format!("<office:document-styles><style:header>{p}</style:header></office:document-styles>"),
        ),
        (
            "master of slides",
            "styles.xml",
            format!("<office:document-styles><style:master-page>{p}</style:master-page></office:document-styles>"),
        ),
        (
            "properties",
            "meta.xml",
            format!("<office:document-meta><dc:description>{said}</dc:description></office:document-meta>"),
        ),
        (
            "property of a user",
            "meta.xml",
            format!(
                "<office:document-meta><meta:user-defined meta:name='Số CCCD'>{NUMBER}</meta:user-defined></office:document-meta>"
            ),
        ),
        (
            "settings",
            "settings.xml",
            format!(
                "<office:document-settings><config:config-item config:name='x'>{said}</config:config-item></office:document-settings>"
            ),
        ),
        ("embedded object", "Object 1/content.xml", body(&p)),
        (
            "embedded chart",
            "Object 2/content.xml",
            body(&format!(
                "<table:table><table:table-row><table:table-cell>{p}</table:table-cell></table:table-row></table:table>"
            )),
        ),
        ("data of RDF", "manifest.rdf", format!("<rdf:RDF><x>{said}</x></rdf:RDF>")),
        ("unknown member", "layout-cache.txt", said.clone()),
        ("comment of XML", c, body(&format!("<!-- {said} -->"))),
    ];
    let wrong = walk("odf", &base, &places);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_flat_document_is_read_and_masked() {
    let bytes = "<?xml version='1.0'?><office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'><office:body>\
         <text:p>CCCD 0010<text:span>90123456</text:span></text:p><table:table><table:table-row><table:table-cell><text:p>Số \
         CCCD</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type='float' \
         office:value='1190123456'><text:p>1.19E+09</text:p></table:table-cell></table:table-row></table:table>\
         </office:body></office:document>";
    let found = inspect(&bytes.as_bytes().to_vec());
    assert_eq!(found.inspection.distinct(DetectorId::Cccd), 2, "{:?}", found.inspection);
    let redacted = String::from_utf8(redact(bytes.as_bytes(), &found).expect("redactable")).expect("text");
    assert!(
        redacted.contains(">CCCD ****<text:span>********<") && redacted.contains("value='0000000000'"),
        "{redacted}"
    );
}

#[test]
fn encrypted_members_are_told() {
    let manifest = "<manifest:manifest><manifest:file-entry manifest:full-path='content.xml'><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let bytes = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", manifest.as_bytes()),
        ("content.xml", b"\x01\x02"),
    ]);
    assert!(inspect(&bytes).inspection.is_opaque(OpaqueReason::Encrypted));
}

#[test]
fn documents_within_documents_are_opened_and_packed_again() {
    let inner = zip(&[
        ("[Content_Types].xml", TYPES),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/worksheets/sheet1.xml", cell("", "<v>1090123456</v>").as_bytes()),
    ]);
    let outer = zip(&[
        ("[Content_Types].xml", TYPES),
        ("word/document.xml", b"<w:document/>"),
        ("word/embeddings/Microsoft_Excel_Sheet.xlsx", &inner),
    ]);
    let found = inspect(&outer);
    assert_eq!(found.inspection.distinct(DetectorId::Cccd), 1, "{:?}", found.inspection);
    let redacted = redact(&outer, &found).expect("redactable");
    assert!(opened(&redacted).contains("<v>0000000000</v>"), "{}", opened(&redacted));
    assert!(inspect(&redacted).inspection.is_clean());
}

#[test]
fn a_member_is_what_it_is_declared_to_be() {
    const OFFICE: &str = "application/vnd.openxmlformats-officedocument";
    let rows = ["Số BHXH", "7912045873", "0121736405"];
    let rows = |row: fn(&str) -> String| rows.map(row).concat();
    let sheet = rows(|text| format!("<row><c t='inlineStr'><is><t><![CDATA[{text}]]></t></is></c></row>"));
    let sheet = format!("<worksheet><sheetData>{sheet}</sheetData></worksheet>");
    let run = |text: &str| {
        let (start, end) = text.split_at(3);
        format!("<w:r><w:t>{start}</w:t></w:r><w:r><w:t>{end}</w:t></w:r>")
    };
    let table = ["Mã BHXH", "7912045873", "0121736405"]
        .map(|text| format!("<w:tr><w:tc><w:p>{}</w:p></w:tc></w:tr>", run(text)));
    let table = format!("<w:document><w:body><w:tbl>{}</w:tbl></w:body></w:document>", table.concat());
    for (name, kind, text) in [
        ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet+xml", &sheet),
        ("a/b.dat", "spreadsheetml.worksheet+xml", &sheet),
        ("word/document.xml", "wordprocessingml.document.main+xml", &table),
        ("a/b.dat", "wordprocessingml.document.main+xml", &table),
    ] {
        let main = if kind.starts_with("spreadsheet") { "spreadsheetml.sheet.main+xml" } else { kind };
        let main = format!("<Override PartName='/xl/workbook.xml' ContentType='{OFFICE}.{main}'/>");
        let part = format!("<Override PartName='/{name}' ContentType='{OFFICE}.{kind}'/>");
        let ending = format!("<Default Extension='dat' ContentType='{OFFICE}.{kind}'/>");
        for declared in [part, ending] {
            let types = format!("<Types>{main}{declared}</Types>");
            let wide = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
            for text in [text.clone().into_bytes(), wide] {
                let bytes = zip(&[("[Content_Types].xml", types.as_bytes()), (name, &text)]);
                let found = inspect(&bytes);
                assert_eq!(found.inspection.distinct(DetectorId::Bhxh), 2, "{name} {declared}: {:?}", found.inspection);
                let redacted = redact(&bytes, &found).expect("redactable");
                assert_eq!(inspect(&redacted).inspection.identifiers(), 0, "{name} {declared}");
            }
        }
    }
}

#[test]
fn markup_in_other_encodings_is_read() {
    let sheet = cell(" t='inlineStr'", &format!("<is><t>{NUMBER}</t></is>"));
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(sheet.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let document = |sheet: &[u8]| {
        zip(&[("[Content_Types].xml", TYPES), ("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", sheet)])
    };
    let found = inspect(&document(&wide)).inspection;
    assert_eq!((found.distinct(DetectorId::Cccd), found.opaque.len()), (1, 0), "{found:?}");
    let shifted =
        format!("<?xml version='1.0' encoding='UTF-7'?>{}", sheet.replace(NUMBER, "+ADAAMAAxADAAOQAw-123456"));
    assert!(!inspect(&document(shifted.as_bytes())).inspection.is_clean());
}

#[test]
fn days_of_cells_are_births_under_their_heading() {
    let text =
        |column: char, row: usize, text: &str| format!("<c r='{column}{row}' t='inlineStr'><is><t>{text}</t></is></c>");
    let names = ["Nguyễn Văn An", "Trần Thị Bình", "Lê Minh Châu", "Phạm Quốc Dũng", "Hoàng Thị Lan", "Vũ Đức Mạnh"];
    // 15/06/1990 and the days behind it, counted from either day.
    for (name, epoch, first, xf) in [
        ("a format of its own", "", 33_039, 1),
        ("a built-in format", "", 33_039, 2),
        ("days from 1904", "<workbookPr date1904='1'/>", 31_577, 1),
    ] {
        let mut rows = format!("<row r='1'>{}{}</row>", text('A', 1, "Họ và tên"), text('B', 1, "Ngày sinh"));
        for (n, person) in names.iter().enumerate() {
            let row = n + 2;
            rows += &format!(
                "<row r='{row}'>{}<c r='B{row}' s='{xf}'><v>{}</v></c></row>",
                text('A', row, person),
                first + n
            );
        }
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>").replace('\'', "\"");
        let styles = "<styleSheet><numFmts><numFmt numFmtId='165' formatCode='dd/mm/yyyy;@'/></numFmts><cellXfs><xf numFmtId='0'/>\
             <xf numFmtId='165'/><xf numFmtId='14'/></cellXfs></styleSheet>";
        let book = format!("<workbook>{epoch}<sheets/></workbook>");
        let bytes = zip(&[
            ("[Content_Types].xml", TYPES),
            ("xl/workbook.xml", book.as_bytes()),
            ("xl/styles.xml", styles.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ]);
        let found = inspect(&bytes);
        let told = (found.inspection.distinct(DetectorId::DateOfBirth), found.inspection.persons);
        assert_eq!(told, (6, 6), "{name}: {:?}", found.inspection);
        let births = found.redact(&[DetectorId::DateOfBirth], &bytes).expect("redactable");
        let spliced = Spliced::new(Arc::new(bytes.clone()), births);
        let after = inspect(&spliced).inspection;
        assert_eq!((after.distinct(DetectorId::DateOfBirth), after.opaque.len()), (0, 0), "{name}");
    }
}
