//! What a subject, a title or the name of a file announces.

use super::Papers;
use crate::fold::{fold, is_capital};

/// What such a text says of the numbers elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// They are those of these papers.
    Papers(Papers),
    /// They are something else: orders, invoices, sums.
    Other,
    /// Nothing.
    Nothing,
}

/// A longer one says nothing.
const BYTES_MAX: usize = 240;

/// What numbers are that are no papers, folded and as it stands, wherever in the text. Words that are also names of people
/// or other words without their marks are in [`MONEY`]. Guides and reports speak of papers as well; what they say of a mere
/// `BHXH` announces nothing, as no word in [`BESIDE`] is theirs.
const OTHERS: &[&str] = &[
    "hoa don",
    "phieu",
    "bien lai",
    "bien nhan",
    "bien ban",
    "chung tu",
    "cong van",
    "quyet dinh",
    "nghi dinh",
    "thong tu",
    "tai khoan",
    "stk",
    "mst",
    "ma so thue",
    "don hang",
    "don vi",
    "van don",
    "buu gui",
    "giao dich",
    "luong",
    "thanh toan",
    "chuyen khoan",
    "doi soat",
    "dien thoai",
    "sdt",
    "hotline",
    "tong dai",
    "ticket",
    "serial",
    "seri",
    "vat tu",
    "thiet bi",
    "kho hang",
    "ton kho",
    "log",
    "logs",
    "debug",
    "error",
    "invoice",
    "order",
    "orders",
    "payment",
    "receipt",
    "parcel",
    "tracking",
    "transaction",
    "tien",
    "doanh thu",
    "chi phi",
    "cong no",
    "xuat khau",
    "nhap khau",
    "dau thau",
    "hop dong",
    "the kho",
    "ma vach",
    "barcode",
    "bao gia",
    "sao ke",
    "imei",
    "giay phep",
    "ma hang",
    "san pham",
    "schema",
    "api",
    "hoadon",
    "phieuthu",
    "phieuchi",
    "bienlai",
    "congvan",
    "donhang",
    "vandon",
    "bangluong",
    "saoke",
    "chungtu",
    "hopdong",
    "baogia",
];

/// Money of the insurance, right before its name.
const MONEY: &[&str] =
    &["thu", "chi", "no", "dong", "nop", "phi", "quy", "muc", "che do", "huong", "don", "tro cap", "giai quyet"];

/// The office of that name: `BHXH tỉnh`, `gửi BHXH`.
const PLACES: &[&str] =
    &["tinh", "huyen", "quan", "thanh", "tp", "co", "khu", "viet", "vn", "bat", "tu", "quy", "mot", "thang"];
const OFFICES: &[&str] = &["quan", "nganh", "ben", "gui", "voi", "phong"];

/// What makes a mere `BHXH` that of people: its numbers, or a list.
const NUMBERS: &[&str] = &["so", "ma", "ms", "maso", "number", "the", "sbhxh", "msbhxh"];
const LISTS: &[&str] = &["danh sach", "danhsach", "ds", "list"];

/// What may stand beside a mere `BHXH` that announces numbers.
const BESIDE: &str = "cua cho cac moi cu anh chi em ban co chu bac ong ba me bo con chau nhan vien nv nhanvien lao dong nld cong \
    nguoi hoc sinh sinh vien hs sv lop to doi phong ban xom thon xa phuong khu pho ho gia dinh benh final copy new old \
    bo sung cap nhat tong hop full all gui file du lieu data lan v v1 v2 v3 thang nam va ngay moi nhat";

/// Ends of names of files that say how they are written.
const WRITTEN: &[&str] = &[
    "txt", "csv", "tsv", "xls", "xlsx", "xlsm", "doc", "docx", "pdf", "rtf", "odt", "ods", "json", "xml", "html",
    "htm", "md", "dat", "zip", "rar", "7z", "gz", "tar", "eml", "msg",
];
/// Those of what programs write to themselves.
const PROGRAMS: &[&str] = &[
    "log", "err", "out", "trace", "ini", "conf", "cfg", "dll", "exe", "js", "ts", "tsx", "jsx", "css", "scss", "py",
    "sql", "lock", "java", "go", "rs", "php", "cs", "cpp", "hpp", "kt", "swift", "rb", "sh", "bat", "ps1", "vue",
    "yml", "yaml", "toml", "map", "proto",
];

impl Papers {
    /// What a subject, a title or the name of a file announces.
    pub fn said(text: &str) -> Said {
        Self::said_besides(text, &[])
    }

    /// The same of a message of a chat, which may ask for a telephone number as well: `cần nộp mã bhxh, cccd, sđt`.
    pub fn asked(text: &str) -> Said {
        Self::said_besides(text, &["sdt", "dien thoai"])
    }

    fn said_besides(text: &str, besides: &[&str]) -> Said {
        if text.len() > BYTES_MAX {
            return Said::Nothing;
        }
        let folded = format!(" {} ", fold(text));
        let has = |phrase: &str| holds(&folded, phrase).is_some();
        if OTHERS.iter().any(|other| !besides.contains(other) && has(other)) {
            return Said::Other;
        }
        let mut papers = Self::NONE;
        let firm: [(Self, &[&str]); 3] = [
            (
                Self::CCCD,
                &[
                    "cccd",
                    "socccd",
                    "can cuoc",
                    "cancuoc",
                    "dinh danh ca nhan",
                    "so dinh danh",
                    "ma dinh danh",
                    "citizen id",
                ],
            ),
            (Self::CMND, &["cmnd", "socmnd", "cmtnd", "cmt", "chung minh nhan dan", "chung minh thu"]),
            (Self::PASSPORT, &["ho chieu", "hochieu", "passport", "passports"]),
        ];
        for (paper, names) in firm {
            if names.iter().any(|name| has(name)) {
                papers = papers.and(paper);
            }
        }
        let extension = folded.trim_end().rsplit(' ').next().unwrap_or_default();
        let of_a_program = text.contains('.') && PROGRAMS.contains(&extension);
        let insured: [(Self, &[&str]); 2] = [
            (
                Self::BHXH,
                &[
                    "bhxh",
                    "bao hiem xa hoi",
                    "baohiemxahoi",
                    "so so",
                    "sobhxh",
                    "mabhxh",
                    "msbhxh",
                    "masobhxh",
                    "dsbhxh",
                ],
            ),
            (Self::BHYT, &["bhyt", "bao hiem y te", "thebhyt", "mathebhyt", "sothebhyt", "dsbhyt"]),
        ];
        for (paper, names) in insured {
            let named = names.iter().find_map(|name| Some((*name, holds(&folded, name)?)));
            let Some((name, at)) = named else { continue };
            match of_insurance(text, &folded, name, at) {
                Said::Papers(_) => papers = papers.and(paper),
                Said::Other if papers.is_none() => return Said::Other,
                _ => {}
            }
        }
        if papers.is_none() || of_a_program { Said::Nothing } else { Said::Papers(papers) }
    }
}

/// Where a phrase stands, as whole words.
fn holds(folded: &str, phrase: &str) -> Option<usize> {
    folded.match_indices(phrase).map(|(at, _)| at).find(|at| {
        folded.get(..*at).is_some_and(|before| before.ends_with(' '))
            && folded.get(at + phrase.len()..).is_some_and(|behind| behind.starts_with(' '))
    })
}

/// Whether the name of an insurance is that of its numbers, and not its money or its office.
fn of_insurance(text: &str, folded: &str, name: &str, at: usize) -> Said {
    let before = folded.get(..at).unwrap_or_default().trim_end();
    let behind = folded.get(at + name.len()..).unwrap_or_default().trim_start();
    let last_is = |words: &[&str]| {
        words.iter().any(|word| {
            before.rsplit_once(' ').map_or(before, |(_, last)| last) == *word || before.ends_with(&format!(" {word}"))
        })
    };
    if last_is(MONEY) {
        return Said::Other;
    }
    let numbered = name == "so so" || name.len() > "bhxh".len() && !name.contains(' ') || last_is(NUMBERS);
    let first = behind.split(' ').next().unwrap_or_default();
    if !numbered && (PLACES.contains(&first) || last_is(OFFICES)) {
        return Said::Nothing;
    }
    let listed = LISTS.iter().any(|list| holds(folded, list).is_some());
    if numbered || listed || is_alone(text, name) { Said::Papers(Papers::BHXH) } else { Said::Nothing }
}

/// Whether nothing stands beside the name but names of people and groups.
fn is_alone(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
        let folded = fold(word);
        let known = |part: &str| {
            name.split(' ').any(|own| own == part)
                || matches!(part, "bhxh" | "bhyt")
                || WRITTEN.contains(&part)
                || BESIDE.split_ascii_whitespace().any(|other| other == part)
                || part.bytes().all(|b| b.is_ascii_digit())
                || part.len() == 1
        };
        let is_named = word.chars().next().is_some_and(is_capital) && word.chars().skip(1).all(char::is_lowercase);
        folded.split(' ').all(known) || is_named && word.chars().count() > 1
    })
}
