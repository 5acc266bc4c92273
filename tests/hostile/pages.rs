//! Files of PDF whose pages, forms, fonts and objects cost far more than they are.

use std::fmt::Write as _;
use std::io::Write as _;

use super::Must;

const SHOWN: &str = "BT /F 9 Tf (CCCD 001090123456) Tj ET ";
const MIB: usize = 1 << 20;
/// As many bytes as decoding may make of a file are allowed by its own: a file of some size is allowed the more.
const WEIGHT: usize = MIB;

/// A file under way: its objects, counted from 1.
#[derive(Default)]
struct File(Vec<Vec<u8>>);

impl File {
    fn add(&mut self, object: impl Into<Vec<u8>>) -> usize {
        self.0.push(object.into());
        self.0.len()
    }

    fn stream(&mut self, dictionary: &str, content: &[u8]) -> usize {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(content).expect("memory");
        let packed = packed.finish().expect("memory");
        let head = format!("<<{dictionary}/Filter/FlateDecode/Length {}>>stream\n", packed.len());
        self.add([head.as_bytes(), &packed, b"\nendstream"].concat())
    }

    /// Bytes that cannot be packed, as a file attached.
    fn weigh(&mut self) {
        let mut state = 1u64;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(WEIGHT)
        .collect();
        self.stream("/Type/ICC/N 3/FunctionType 4", &bytes);
    }

    /// The file with pages of these dictionaries.
    fn pages(mut self, pages: impl IntoIterator<Item = String>) -> Vec<u8> {
        let kids: Vec<usize> = pages.into_iter().map(|page| self.add(format!("<</Type/Page{page}>>"))).collect();
        let kids = kids.iter().map(|kid| format!("{kid} 0 R")).collect::<Vec<_>>().join(" ");
        let tree = self.add(format!("<</Type/Pages/Kids[{kids}]>>"));
        let root = self.add(format!("<</Type/Catalog/Pages {tree} 0 R>>"));
        let mut out = b"%PDF-1.7\n".to_vec();
        for (n, object) in self.0.iter().enumerate() {
            out.extend([format!("{} 0 obj\n", n + 1).as_bytes(), object, b"\nendobj\n"].concat());
        }
        out.extend(format!("trailer<</Root {root} 0 R>>\n").bytes());
        out
    }

    /// The file with one page that shows the number.
    fn page(mut self) -> Vec<u8> {
        let content = self.stream("", SHOWN.as_bytes());
        self.pages([format!("/Contents {content} 0 R")])
    }
}

fn repeat(times: usize, page: &str) -> impl Iterator<Item = String> {
    std::iter::repeat_n(page.to_owned(), times)
}

fn blank(mebibytes: usize) -> Vec<u8> {
    [SHOWN.as_bytes(), &vec![b' '; mebibytes * MIB]].concat()
}

/// One stream of 92 MiB that 50,000 pages show.
fn shared() -> Vec<u8> {
    let mut file = File::default();
    file.weigh();
    let content = file.stream("", &blank(92));
    file.pages(repeat(50_000, &format!("/Contents {content} 0 R")))
}

/// Pages that are two thousand streams each, all the same one.
fn parts() -> Vec<u8> {
    let mut file = File::default();
    file.weigh();
    let content = file.stream("", &blank(5));
    file.pages(repeat(20, &format!("/Contents[{}]", format!("{content} 0 R ").repeat(2_000))))
}

/// A form within a form, twelve deep, each of them large.
fn forms() -> Vec<u8> {
    let mut file = File::default();
    file.weigh();
    let mut inner = file.stream("/Subtype/Form", &blank(40));
    for _ in 0..12 {
        let content = [b"/X Do ".as_slice(), &vec![b' '; 40 * MIB]].concat();
        inner = file.stream(&format!("/Subtype/Form/Resources<</XObject<</X {inner} 0 R>>>>"), &content);
    }
    let content = file.stream("", format!("{SHOWN} /X Do").as_bytes());
    file.pages([format!("/Resources<</XObject<</X {inner} 0 R>>>>/Contents {content} 0 R")])
}

/// Fonts that each know two hundred thousand codes, all in use at a time.
fn fonts() -> Vec<u8> {
    const FONTS: usize = 40;
    let mut file = File::default();
    let mut fonts = String::new();
    let mut content = SHOWN.to_owned();
    for font in 0..FONTS {
        let mut map = format!("% {font}\nbegincodespacerange <000000><ffffff> endcodespacerange beginbfchar ");
        for code in 0..190_000 {
            write!(map, "<{code:06x}><{}>", "00410042".repeat(8)).expect("memory");
        }
        let map = file.stream("", map.as_bytes());
        let own = format!(
            "<</Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode {map} 0 R>>"
        );
        write!(fonts, "/F{font} {} 0 R", file.add(own)).expect("memory");
        write!(content, "q /F{font} 9 Tf ").expect("memory");
    }
    let content = file.stream("", content.as_bytes());
    file.pages([format!("/Resources<</Font<<{fonts}>>>>/Contents {content} 0 R")])
}

/// Arrays of millions, as they stand and packed.
fn arrays(item: &str, times: usize) -> Vec<u8> {
    let mut file = File::default();
    file.weigh();
    for n in 0..6 {
        file.add(format!("[{}]", item.repeat(times)));
        let head = format!("{} 0 ", 5_000 + n);
        let content = format!("{head}[{}]", item.repeat(times));
        file.stream(&format!("/Type/ObjStm/N 1/First {}", head.len()), content.as_bytes());
    }
    file.page()
}

/// Names and strings of tens of mebibytes.
fn names() -> Vec<u8> {
    let mut file = File::default();
    let long = |sign: &str| sign.repeat(20 * MIB);
    file.add(format!("<</{} ({})/b <{}>>>", long("a"), long("b"), long("c")));
    file.page()
}

/// Pictures within a content that never end, and a great many of them.
fn inline() -> Vec<u8> {
    let mut file = File::default();
    file.weigh();
    let picture = format!("BI /W 900/H 900/BPC 8/CS/G ID {} EI ", "\u{7}".repeat(800_000));
    let endless = format!("{SHOWN} BI /W 9000/H 9000/BPC 8/CS/G ID {}", "\u{7}".repeat(50 * MIB));
    let contents = [picture.repeat(60), endless].map(|content| file.stream("", content.as_bytes()));
    file.pages(contents.map(|content| format!("/Contents {content} 0 R")))
}

/// Many millions of bytes behind the end, without a line end.
fn behind() -> Vec<u8> {
    [&File::default().page()[..], b"% ", &b"abc ".repeat(10 * MIB)].concat()
}

/// The same page again and again: one number is not compared with all that were before it.
fn again() -> Vec<u8> {
    let mut file = File::default();
    let content = file.stream("", SHOWN.as_bytes());
    file.pages(repeat(20_000, &format!("/Contents {content} 0 R")))
}

pub(super) fn cases() -> Vec<(&'static str, Vec<u8>, Must)> {
    use Must::{End, Read, ReadAndTell, Tell};
    // Those that take most of their time may reach its end on a busy machine before they are read.
    vec![
        ("shared.pdf", shared(), ReadAndTell),
        ("parts.pdf", parts(), ReadAndTell),
        ("forms.pdf", forms(), ReadAndTell),
        ("fonts.pdf", fonts(), Tell),
        ("numbers.pdf", arrays("1 ", 3_000_000), Tell),
        ("dictionaries.pdf", arrays("<</a[]>>", 500_000), Tell),
        ("names.pdf", names(), ReadAndTell),
        ("inline.pdf", inline(), Tell),
        ("behind.pdf", behind(), Read),
        ("again.pdf", again(), End),
    ]
}
