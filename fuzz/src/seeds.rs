//! Documents to begin from: small ones of every kind. All people are invented.

use std::io::Write;

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}

/// Compressed, and nothing around it.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}

/// An enhanced metafile of these records.
pub fn enhanced(records: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 108];
    let mut put = |at: usize, field: &[u8]| header.iter_mut().skip(at).zip(field).for_each(|(to, b)| *to = *b);
    put(0, &[1, 0, 0, 0, 108, 0, 0, 0]);
    put(40, b" EMF");
    [&header, records, &[14, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]].concat()
}

/// A file of a hospital that is laid down as `syntax` says.
pub fn hospital(syntax: &str, elements: &[u8]) -> Vec<u8> {
    let len = (syntax.len() as u16).to_le_bytes();
    [&[0; 128][..], b"DICM\x02\0\x10\0UI", &len, syntax.as_bytes(), elements].concat()
}

/// Compressed, with its checksum.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}

/// An archive of deflated members.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        let _ = packed.write_all(data);
        let packed = packed.finish().unwrap_or_default();
        let at = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
        central.extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
    }
    let (at, count) = ((out.len() as u32).to_le_bytes(), (members.len() as u16).to_le_bytes());
    let len = (central.len() as u32).to_le_bytes();
    [&out, &central, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &len, &at, &[0, 0]].concat()
}

/// An archive of one file, in the form of POSIX.
fn tar(name: &str, data: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    let mut put = |at: usize, field: &[u8]| header.iter_mut().skip(at).zip(field).for_each(|(to, b)| *to = *b);
    put(0, name.as_bytes());
    put(100, b"0000644\x000000000\x000000000\x00");
    put(124, format!("{:011o}\0{:011o}\0        0", data.len(), 0).as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()).for_each(|(to, b)| *to = b);
    let padded = data.len().next_multiple_of(512) - data.len();
    [&header[..], data, &vec![0; padded + 1024]].concat()
}

/// A picture of these shades, at most 256 dots either way: the first byte is how wide it is, the second how large a dot.
pub fn picture(shades: &[u8]) -> Vec<u8> {
    const SIDE: usize = 256;
    let (width, size, shades) = match shades {
        [width, size, shades @ ..] => (usize::from(*width) + 1, usize::from(*size % 8) + 1, shades),
        few => (SIDE, 1, few),
    };
    let row = |shades: &[u8]| -> Vec<u8> {
        let dots = shades.iter().flat_map(|shade| std::iter::repeat_n(*shade, size)).chain(std::iter::repeat(255));
        dots.take(width).chain(std::iter::repeat(0)).take(width.next_multiple_of(4)).collect()
    };
    let rows = shades.chunks(width.div_ceil(size)).flat_map(|shades| std::iter::repeat_n(row(shades), size));
    let rows: Vec<_> = rows.take(SIDE).collect();
    let sides = [(width as u32).to_le_bytes(), (rows.len() as u32).to_le_bytes()].concat();
    let greys: Vec<u8> = (0..=255).flat_map(|shade| [shade, shade, shade, 0]).collect();
    let head = [b"BM\0\0\0\0\0\0\0\0\x36\x04\0\0\x28\0\0\0", &sides[..], &[1, 0, 8, 0], &[0; 24]].concat();
    [head, greys, rows.concat()].concat()
}

/// A workbook of one sheet.
pub fn workbook(sheet: &[u8]) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"DS\" r:id=\"r1\"/></sheets></workbook>"),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id=\"r1\" Target=\"worksheets/s.xml\"/></Relationships>",
        ),
        ("xl/sharedStrings.xml", "<sst><si><t>Nguyễn Văn An</t></si></sst>".as_bytes()),
        ("xl/worksheets/s.xml", sheet),
    ])
}

/// A text document with this body.
pub fn document(body: &[u8]) -> Vec<u8> {
    zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", body)])
}

/// A slide with these shapes.
pub fn boxes(shapes: &[u8]) -> Vec<u8> {
    let slide = [b"<p:sld><p:spTree>", shapes, b"</p:spTree></p:sld>"].concat();
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("ppt/presentation.xml", b"<p:presentation/>"),
        ("ppt/slides/slide1.xml", &slide),
    ])
}

/// A compound file of these streams: large sectors, no mini stream, the directory last.
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    const SECTOR: usize = 4_096;
    const END: u32 = 0xffff_fffe;
    let (mut fat, mut body) = (Vec::<u32>::new(), Vec::new());
    let mut add = |bytes: &[u8]| {
        let first = fat.len() as u32;
        let count = bytes.len().div_ceil(SECTOR).max(1) as u32;
        fat.extend((1..=count).map(|n| if n == count { END } else { first + n }));
        body.extend_from_slice(bytes);
        body.resize(fat.len() * SECTOR, 0);
        first
    };
    let entry = |name: &str, kind: u8, right: u32, child: u32, start: u32, size: usize| {
        let mut name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let len = name.len() as u8 + 2;
        name.resize(64, 0);
        let numbers = [u32::MAX, right, child].map(u32::to_le_bytes).concat();
        let place = [start.to_le_bytes(), (size as u32).to_le_bytes(), [0; 4]].concat();
        [name, vec![len, 0, kind, 1], numbers, vec![0; 36], place].concat()
    };
    let mut directory = entry("Root Entry", 5, u32::MAX, 1, END, 0);
    for (n, (name, bytes)) in streams.iter().enumerate() {
        let right = if n + 1 < streams.len() { n as u32 + 2 } else { u32::MAX };
        let start = add(bytes);
        directory.extend(entry(name, 2, right, u32::MAX, start, bytes.len()));
    }
    let directory = add(&directory);
    let table = fat.len() as u32;
    fat.resize(SECTOR / 4, u32::MAX);
    let numbers = [1, directory, 0, 0, END, 0, END, 0, table].map(u32::to_le_bytes).concat();
    let head =
        [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), vec![0; 16], b"\x3e\0\x04\0\xfe\xff\x0c\0\x06\0".to_vec()];
    let mut head = [head.concat(), vec![0; 10], numbers].concat();
    head.resize(SECTOR, 0xff);
    let fat: Vec<u8> = fat.into_iter().take(SECTOR / 4).flat_map(u32::to_le_bytes).collect();
    [head, body, fat].concat()
}

/// A workbook of old with this stream.
pub fn old_workbook(stream: &[u8]) -> Vec<u8> {
    compound(&[("Workbook", stream)])
}

/// A letter of old whose table of pieces this is, and whose text as well.
pub fn old_letter(bytes: &[u8]) -> Vec<u8> {
    let mut main = b"\xec\xa5\xc1\0\0\0\0\0\0\0\0\x02".to_vec();
    main.resize(0x102, 0);
    let len = bytes.len() as u32;
    main.extend([0u32.to_le_bytes(), len.to_le_bytes()].concat());
    main.resize(0x1a2, 0);
    main.extend([0u32.to_le_bytes(), len.to_le_bytes()].concat());
    main.resize(512, 0);
    main.extend_from_slice(bytes);
    compound(&[("WordDocument", &main), ("1Table", bytes), ("Data", bytes)])
}

/// A presentation of old with this stream, and these pictures.
pub fn old_slides(stream: &[u8]) -> Vec<u8> {
    compound(&[("PowerPoint Document", stream), ("Pictures", stream)])
}

/// A message whose properties, body and rich text these are.
pub fn message(bytes: &[u8]) -> Vec<u8> {
    let rich = [&b"\0\0\0\0\0\x10\0\0LZFu\0\0\0\0"[..], bytes].concat();
    let properties = ("__properties_version1.0", bytes);
    compound(&[properties, ("__substg1.0_1000001F", bytes), ("__substg1.0_10090102", &rich)])
}

/// A compound file with these bytes as everything else that has a reader of its own.
pub fn objects(bytes: &[u8]) -> Vec<u8> {
    let (summary, native) = ("\u{5}SummaryInformation", "\u{1}Ole10Native");
    compound(&[(summary, bytes), (native, bytes), ("EncryptionInfo", bytes), ("EncryptedPackage", bytes)])
}

/// A workbook in binary parts with this sheet.
pub fn binary_workbook(sheet: &[u8]) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", b"\x9c\x01\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("xl/sharedStrings.bin", b"\x13\x0b\0\x03\0\0\0A\0B\0C\0"),
        ("xl/worksheets/sheet1.bin", sheet),
    ])
}

/// A workbook of these shared strings, with a sheet that shows some.
pub fn strings(strings: &[u8]) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/sharedStrings.xml", strings),
        (
            "xl/worksheets/s.xml",
            "<worksheet><row><c t=\"inlineStr\"><is><t>Số CCCD</t></is></c></row><row><c r=\"A2\" t=\"s\"><v>0</v></c></row><row><c r=\"A3\" t=\"s\"><v>1</v></c></row></worksheet>"
                .as_bytes(),
        ),
    ])
}

/// A workbook with these records of a pivot cache.
pub fn pivot(records: &[u8]) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "xl/pivotCache/pivotCacheDefinition1.xml",
            "<x><cacheField name=\"Họ tên\"/><cacheField name=\"Số CCCD\"/></x>".as_bytes(),
        ),
        ("xl/pivotCache/pivotCacheRecords1.xml", records),
    ])
}

/// An OpenDocument of this content.
pub fn content(content: &[u8]) -> Vec<u8> {
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest/>"),
        ("content.xml", content),
    ])
}

/// A page with this content, compressed.
pub fn pdf(content: &[u8]) -> Vec<u8> {
    let packed = zlib(content);
    let head = format!("%PDF-1.4\n4 0 obj\n<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len());
    [head.as_bytes(), &packed, b"\nendstream\nendobj\n"].concat()
}

/// A PDF file of these objects, the first of which is the catalogue.
fn pdf_file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for (n, object) in objects.iter().enumerate() {
        out.extend([format!("{} 0 obj\n", n + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    out.extend(b"trailer\n<</Root 1 0 R>>\n%%EOF");
    out
}

fn pdf_stream(dict: &str, bytes: &[u8]) -> Vec<u8> {
    [format!("<<{dict} /Length {}>>\nstream\n", bytes.len()).as_bytes(), bytes, b"\nendstream"].concat()
}

/// A PDF file with a page of this content.
pub fn pdf_page(content: &[u8]) -> Vec<u8> {
    pdf_file(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Kids[3 0 R]>>".to_vec(),
        b"<</Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</X1 6 0 R>>>>>>".to_vec(),
        pdf_stream("", content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
        pdf_stream("/Subtype/Form", b"BT /F1 9 Tf (So CCCD 001190123456) Tj ET"),
    ])
}

/// A PDF file whose fonts have this map and this program.
pub fn pdf_font(bytes: &[u8]) -> Vec<u8> {
    let text = b"BT /F1 9 Tf <00010002000300040005> Tj /F2 9 Tf (001190123456) Tj /F3 9 Tf (001190123456) Tj ET";
    pdf_file(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Kids[3 0 R]>>".to_vec(),
        b"<</Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R/F3 7 0 R>>>>>>".to_vec(),
        pdf_stream("", text),
        b"<</Subtype/Type0/Encoding 8 0 R/DescendantFonts[<</FontDescriptor<</FontFile2 8 0 R>>>>]>>".to_vec(),
        b"<</Subtype/TrueType/FontDescriptor<</Flags 4/FontFile3 8 0 R>>>>".to_vec(),
        b"<</Subtype/Type1/ToUnicode 8 0 R/FontDescriptor<</Flags 4/FontFile 8 0 R>>>>".to_vec(),
        pdf_stream("", bytes),
    ])
}

/// A PDF file with these objects packed in a stream, and these bytes as a picture.
pub fn pdf_objects(bytes: &[u8]) -> Vec<u8> {
    pdf_file(&[
        b"<</Type/Catalog/Pages 2 0 R/AcroForm 7 0 R>>".to_vec(),
        pdf_stream("/Type/ObjStm/N 5/First 20", bytes),
        pdf_stream("/Subtype/Image/Width 64/Height 64/BitsPerComponent 8/Filter/LZWDecode", bytes),
        pdf_stream("/Type/EmbeddedFile/Filter/ASCII85Decode", bytes),
    ])
}

/// A mail with this attached, in base64.
pub fn attachment(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut mail = b"From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; \
        boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    for (n, three) in bytes.chunks(3).enumerate() {
        let word = three.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        mail.extend([18, 12, 6, 0].iter().take(three.len() + 1).map(|shift| ALPHABET[(word >> shift & 63) as usize]));
        mail.extend(std::iter::repeat_n(b'=', 3 - three.len()));
        if n % 19 == 18 {
            mail.extend(b"\r\n");
        }
    }
    mail.extend(b"\r\n--b--\r\n");
    mail
}

/// What a mail [`hidden`] holds, encoded. Nobody's number.
pub const HIDDEN: &str = "001095987654";

/// A mail with these bytes in its header or before its parts, and behind them, on a line of its own, a number in base64.
pub fn hidden(bytes: &[u8]) -> Vec<u8> {
    let start = b"From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\n";
    let line = b"\r\n\r\nU+G7kSBDQ0NEIGPhu6dhIHTDtGk6IDAwMTA5NTk4NzY1NCAoZ+G7rWkgbMO6YyA4aCk=\r\n";
    [start, bytes, line].concat()
}

/// What mail programs, next hops, mail servers and directories say, and messages of Protocol Buffers.
const SPOKEN: [&[u8]; 7] = [
    b"MAIL FROM:<a@b.vn> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x AUTH=<>\r\nRCPT TO:<\"a\\ b\"@[IPv6:::1]> \
        NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.vn\r\nBDAT 3 LAST\r\n",
    b"250-relay.example.vn\r\n250-SIZE 10\r\n250 AUTH PLAIN\r\n354 go\r\n421 4.3.2 later\r\n550-5.7.1 a\r\n550 5.7.1 b\r\n",
    b"..a\r\n.\r\n\n.\r\n\r.\r\r\n.\r\r\n\r\n.\r\nQUIT\r\n",
    b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff\0\0\0\x10CPC\x004\x01\x0210.1.2.3\0\0\0\0\x0cM<a@b.vn>\0x\0\
        \0\0\0\x10LX-Chot-A\0 x\n y\0\0\0\0\x0bLSubject\0x\0\0\0\0\x01N\0\0\0\x04Bx\0y\0\0\0\x01E",
    b"DKIM-Signature : v=1; d=a.vn;\r\n d=b.vn\r\nReceived: x\r\nSubject: y\r\n z\r\nx-chot-b: 1\r\n 2\r\n\r\nbody\r\n",
    b"\x30\x20\x02\x01\x01\x64\x1b\x04\x04cn=a\x30\x13\x30\x11\x04\x08memberOf\x31\x05\x04\x03b,c\x30\x0c\x02\x01\x01\x65\x07\x0a\
        \x01\0\x04\0\x04\0",
    b"\x0a\x06\x53\x6f\x20ID\0\x12\x0c001095123456\x1a\x04\x0a\x02an\x20\x05\x2d\0\0\0\0",
];

/// Every document.
pub fn all() -> Vec<Vec<u8>> {
    let said = "Chị Nguyễn Thị An, số CCCD 001190123456, mã số BHXH 0123456789, thẻ DN4010123456789";
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Số CCCD</t></is></c></row><row r=\"2\"><c r=\"A2\"><v>1190123456</v></c><c r=\"B2\" t=\"s\"><v>0</v></c></row></sheetData></worksheet>";
    let body = "<w:document><w:body><w:p><w:r><w:t>Số CCCD 0011</w:t></w:r><w:r><w:t>90123456</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:t>Số CMND</w:t></w:p></w:tc></w:tr></w:tbl></w:body></w:document>";
    let page = "BT /F1 12 Tf [(So CCCD: 0011)-20(90)5(123456)] TJ T* <303031> Tj ET";
    let workbook = workbook(sheet.as_bytes());
    let texts = [
        said,
        r#"[{"soCCCD":"00119\u0030123456","hoTen":"Nguyễn Văn An"},{"soCCCD":["0011","9012","3456"],"x":1.5e3,"y":null}]"#,
        "STT;Họ và tên;Số CCCD;Mã số BHXH\r\n1;\"Nguyễn \"\"Văn\"\" An\";001190123456;0123456789\r\n2;Trần Thị Bình;001290123456;0123456781\r\n",
        "<html><p>Số <b>CCCD</b>: 00119&#48;1<i>23456</i><!-- x --></p><table><tr><th rowspan=2 colspan=3>a</th></tr><tr><td>1</td></tr></table><input name=soCCCD value='001190654321'></html>",
        "<?xml version='1.0'?><ds><nld SO_CCCD='001190123456'/><nld><MA_SO_BHXH><![CDATA[0123456789]]></MA_SO_BHXH></nld></ds>",
        "hoTen=Nguy%E1%BB%85n+An&soCCCD=0011%3901%32%33456&cccd1=001&cccd2=190123&cccd3=456",
        "--x7\r\nContent-Disposition: form-data; name=\"soCCCD\"\r\n\r\n001190123456\r\n--x7\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nU+G7kSBDQ0NE\r\n--x7--\r\n",
        "From: a@example.vn\r\nTo: b@example.vn\r\nSubject: =?utf-8?Q?s=E1=BB=91?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nS=E1=BB=91 CCCD 00119=\r\n0123456\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nU+G7kSBDQ0NEIDAwMTE5MDEyMzQ1Ng==\r\n--b--\r\n",
        "INSERT INTO `nguoi` (`id`, `so_cmnd`) VALUES (1, N'012345671'), (2, 'O''x\\'y'), (CAST(3 AS INT), NULL);\nCOPY a (b, so_cmnd) FROM stdin;\n1\t012345671\n\\.\n",
        r"{\rtf1\ansi\ansicpg1258{\fonttbl{\f0 Times;}}S\u7889? {\b CCCD}: 0011\'39\'300123456\par\trowd a\cell b\cell\row}",
        "So^' ca(n cu+o+'c: 0011-9012-3456; S+HtE- CCCD +ADAAMAAxADEAOQAw-123456",
        "Soá caên cöôùc coâng daân: 0011·9012·3456. Sè c¨n c«ng d©n",
        r"so CCCD \30 \30 \31\u0031\x39\060%u0031 0x32, 0x33, 0x34, 0x35 =30=30=31 &#48;&#x30; 31 31 39 30",
        "begin 644 a.txt\n#0V%T\n`\nend\n<~;rP?N+@AL`6m-!u];K'[@qai5M]ciRTHGpB0ek[B0etOA2)ZRpBZ$e~>",
        "U+G7kSBDQ0NEIDAwMTE5MDEyMzQ1Ng== 5330204343434420303031313930313233343536 KNUOG5DEEBBUGQ2EEAYDAMJRHEYDCMRTGQ2TM===",
        "IDVNM1901234561001190123456<<8\n9001011F3001012VNM<<<<<<<<<<<4\nNGUYEN<<THI<AN<<<<<<<<<<<<<<<<",
        "001190123456|012345678|Nguyễn Thị An|01011990|Nữ|Hà Nội|01012021",
        "không không một một chín không một hai ba bốn năm sáu; ０１２３４５６７８９０１ 0\u{200b}0\u{ad}1190123456",
        "\\documentclass{article}\n\\begin{document}% x\n S\\'\\^o CCCD: 001{}190\\,123\\textbf{4}\\char53 ^^36\\hspace{1pt}\\\\ a & b\n\\end{document}\n",
        "<html><p>Số CCCD:</p><div style='position:absolute;left:1in'><i style='position:absolute;left:9px;top:2px'>0</i><i style='order:2'>1</i><b style='float:right'>2</b></div><script>f({'soCCCD': 1190123456, `a`: 'x\\'y'})</script></html>",
        r#"{"type":"Buffer","data":[67,67,67,68,32,48,48,49,49,57,48,49,50,51,52,53,54,10,32,79,75],"x":[[7889,256],[1,null]]}"#,
        "Số CMND | Họ tên\n---|---\n012345671 | Nguyễn Văn An\n012345672 | Trần Thị Bình\n\nHọ tên: A\nSố CMND: 012345671\n",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
    all.push(zip(&[("a.txt", said.as_bytes()), ("b.zip", &workbook)]));
    all.push(workbook);
    for made in ["list.xls", "letter.doc", "old.zip", "aes128.zip", "signed.p7m", "key.gpg"] {
        let path = format!("{}/../inspect/tests/old_office/{made}", env!("CARGO_MANIFEST_DIR"));
        all.push(std::fs::read(path).unwrap_or_default());
    }
    let wide: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let len = (wide.len() as u16).to_le_bytes();
    // Of a presentation, a sheet in binary parts and a table of pieces.
    all.push([&b"\0\0\xa0\x0f"[..], &len, &[0, 0], &wide].concat());
    all.push([&b"\x00\x04\0\0\0\0\x06\xff\x01\0\0\0\0\0\0\0\0"[..], &[len[0] / 2, 0, 0, 0], &wide].concat());
    all.push(b"\x02\x10\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\x04\0\x40\0\0".to_vec());
    // Of winmail.dat: a body.
    all.push(
        [&b"\x78\x9f\x3e\x22\x01\0\x01\x0c\x80\x02\0"[..], &[said.len() as u8, 0, 0, 0], said.as_bytes(), &[0, 0]]
            .concat(),
    );
    // Macros: a chunk of letters as they are.
    all.push(b"\x01\x13\xb0\0Attribut\0e VB_Nam\x01e\0\x10".to_vec());
    let shared = "<sst><si><t>001190123456</t></si><si><r><t>0011</t></r><r><t>90&#49;23456</t></r><rPh><t>x</t></rPh></si></sst>";
    let records = "<r><s v=\"Nguyễn Văn An\"/><n v=\"1190123456\"/></r><r><x v=\"0\"/><s v=\"001190123456\"/></r>";
    let rows = "<table:table table:name='a'><table:table-row><table:table-cell table:number-columns-repeated='2'><text:p>Số CCCD</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated='9'><table:table-cell office:value='1190123456'><text:p>1.19E9</text:p><office:annotation><text:p>CCCD 0011<text:span>90123456</text:span></text:p></office:annotation></table:table-cell></table:table-row></table:table>";
    all.extend([strings(shared.as_bytes()), pivot(records.as_bytes()), content(rows.as_bytes())]);
    all.extend([shared, records, rows].map(|part| part.as_bytes().to_vec()));
    all.extend([sheet, body, page].map(|part| part.as_bytes().to_vec()));
    all.push(document(body.as_bytes()));
    all.push(tar("a.txt", said.as_bytes()));
    all.push(gzip(&tar("b.txt", said.as_bytes())));
    all.push(gzip(said.as_bytes()));
    all.push(zlib(said.as_bytes()));
    all.push(said.encode_utf16().flat_map(u16::to_le_bytes).collect());
    all.push(said.chars().flat_map(|c| (c as u32).to_be_bytes()).collect());
    all.push(pdf(page.as_bytes()));
    let text = [b"Comment\0\0", &zlib(said.as_bytes())[..]].concat();
    let png = [b"\x89PNG\r\n\x1a\n", &(text.len() as u32).to_be_bytes()[..], b"zTXt", &text, b"\0\0\0\0"].concat();
    all.push([&png[..], &zip(&[("a.txt", said.as_bytes())])].concat());
    let moved: Vec<u8> = said.bytes().map(|b| b.wrapping_add(42)).collect();
    all.push([b"=ybegin line=128 size=99 name=a.txt\r\n", &moved[..], b"\r\n=yend size=99\r\n"].concat());
    all.push(pdf_page(b"BT /F1 12 Tf [(So CCCD: 0011)-20(90)5(123456)] TJ T* 1 0 0 1 9 9 Tm <303031> Tj /X1 Do ET"));
    all.push(pdf_font(
        b"1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0001> <0009> <0030> endbfrange",
    ));
    all.push(pdf_objects(b"7 0 8 20 9 30 1 40  <</Fields[8 0 R]>>  <</T(soCCCD)/V(001190123456)>>"));
    all.extend(SPOKEN.map(<[u8]>::to_vec));
    all.extend(PICTURES.iter().chain(PACKED).map(|kept| kept.to_vec()));
    all
}

/// The image of a disc, from its first descriptor on.
pub fn disc(descriptors: &[u8]) -> Vec<u8> {
    [&[0; 16 * 2_048][..], b"\x01CD001\x01", descriptors, &[0; 2_048]].concat()
}

/// A 7z archive with this header, and its checksums.
pub fn seven_zip(header: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    };
    let start =
        [&0u64.to_le_bytes()[..], &(header.len() as u64 + 1).to_le_bytes(), &crc(&[b"\x01", header].concat())].concat();
    [b"7z\xbc\xaf\x27\x1c\0\x04", &crc(&start)[..], &start, b"\x01", header].concat()
}

/// Archives and databases, made by `inspect/tests/packed/make`.
const PACKED: &[&[u8]] = &[
    include_bytes!("../../inspect/tests/packed/so.txt.xz"),
    include_bytes!("../../inspect/tests/packed/so.txt.lzma"),
    include_bytes!("../../inspect/tests/packed/so.txt.lz4"),
    include_bytes!("../../inspect/tests/packed/ds.csv.zst"),
    include_bytes!("../../inspect/tests/packed/so.txt.Z"),
    include_bytes!("../../inspect/tests/packed/header.7z"),
    include_bytes!("../../inspect/tests/packed/stored.cab"),
    include_bytes!("../../inspect/tests/packed/goi.deb"),
    include_bytes!("../../inspect/tests/packed/newc.cpio"),
    include_bytes!("../../inspect/tests/packed/nguoi.db"),
    include_bytes!("../../inspect/tests/packed/nguoi.db-wal"),
    include_bytes!("../../inspect/tests/packed/lzma.zip"),
    include_bytes!("../../inspect/tests/packed/nguoi.parquet"),
    include_bytes!("../../inspect/tests/packed/so.parquet"),
    include_bytes!("../../inspect/tests/packed/long.parquet"),
];

/// A picture of each kind, made by `inspect/tests/images/make.py`.
const PICTURES: &[&[u8]] = &[
    include_bytes!("../../inspect/tests/images/inverted.png"),
    include_bytes!("../../inspect/tests/images/landscape.jpg"),
    include_bytes!("../../inspect/tests/images/cccd-progressive.jpg"),
    include_bytes!("../../inspect/tests/images/cccd-lossless.webp"),
    include_bytes!("../../inspect/tests/images/cccd.webp"),
    include_bytes!("../../inspect/tests/images/cccd.bmp"),
    include_bytes!("../../inspect/tests/images/second-frame.gif"),
    include_bytes!("../../inspect/tests/images/second-page.tif"),
];
