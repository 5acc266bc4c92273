//! What a key says: of its own value, and of other members of its object.

use std::hash::BuildHasher;

use super::runs::marked;
use crate::inquiry::Inquiry;

/// Keys whose values say what another member of the object is.
const TELLING: &[&str] = &[
    "type",
    "system",
    "name",
    "label",
    "key",
    "field",
    "kind",
    "title",
    "question",
    "questionText",
    "question_text",
    "q",
    "k",
    "fieldName",
    "field_name",
    "fieldLabel",
    "field_label",
    "columnName",
    "column_name",
    "headerName",
    "caption",
    "displayName",
    "display_name",
    "labelText",
    "keyName",
    "attribute",
    "property",
    "param",
    "tenTruong",
    "ten_truong",
    "cauHoi",
    "cau_hoi",
    "loai",
    "ten",
    "nhan",
    "truong",
    "loaiGiayTo",
    "loai_giay_to",
    "idType",
    "id_type",
    "docType",
    "doc_type",
    "documentType",
    "document_type",
];
/// Keys that messages of chats have and hardly anything else.
const MESSAGES: &[&str] =
    &["msgId", "cliMsgId", "client_msg_id", "messageId", "messageType", "message_id", "mid", "uidFrom"];
/// Keys of that member.
const TOLD: &[&str] = &[
    "value",
    "val",
    "number",
    "text",
    "content",
    "data",
    "answer",
    "answerText",
    "answer_text",
    "a",
    "fieldValue",
    "field_value",
    "response",
    "responseText",
    "textValue",
    "valueText",
    "traLoi",
    "tra_loi",
    "giaTri",
    "gia_tri",
    "so",
    "noiDung",
    "noi_dung",
    "soGiayTo",
    "so_giay_to",
    "maSo",
    "ma_so",
    "no",
    "num",
    "docNumber",
    "doc_number",
    "docNo",
    "doc_no",
    "documentNumber",
    "document_number",
];

/// Keys of names by which programs call a field, where they call one: `{"id": "bhxh", "value": "79…"}`, a patch's
/// `{"path": "/soCccd", "value": "001…"}`. They hold numbers of their own as often.
const NAMING: &[&str] = &[
    "id",
    "ma",
    "path",
    "fieldId",
    "field_id",
    "elementId",
    "control",
    "controlName",
    "formControlName",
    "dataField",
    "dataIndex",
    "prop",
    "slot",
    "attr",
    "col",
    "tag",
];
/// Keys of values that programs give to whatever they name; as words they speak of money.
const VALUES: &[&str] = &["value", "val", "giaTri", "gia_tri", "fieldValue", "field_value", "textValue", "valueText"];

/// Keys of texts and lists that a subject beside them may speak of.
const BODIES: &[&str] = &[
    "body",
    "bodyText",
    "textBody",
    "htmlBody",
    "message",
    "msg",
    "html",
    "plain",
    "noiDungThu",
    "description",
    "moTa",
    "mo_ta",
    "note",
    "notes",
    "ghiChu",
    "ghi_chu",
    "comment",
    "caption",
    "reply",
    "snippet",
    "rows",
    "items",
    "list",
    "lines",
    "danhSach",
    "danh_sach",
    "ds",
];

/// Keys of objects about the insurance of a person, where no key around is of a thing that is insured, too.
const INSURANCES: &[&str] = &["baoHiem", "bao_hiem", "thongTinBaoHiem", "thong_tin_bao_hiem"];
const THINGS: &[&str] = &[
    "xe",
    "xeOto",
    "oto",
    "phuongTien",
    "phuong_tien",
    "vehicle",
    "car",
    "taiSan",
    "tai_san",
    "asset",
    "nha",
    "hangHoa",
    "hang_hoa",
    "thietBi",
    "thiet_bi",
    "hopDongXe",
];

/// Keys of lists that head the lists in another member: `{"columns": ["Số CCCD", …], "data": [["001…", …], …]}`.
const HEADINGS: &[&str] = &[
    "columns",
    "column_names",
    "columnNames",
    "columnDefs",
    "colnames",
    "cols",
    "headers",
    "header",
    "headings",
    "head",
    "thead",
    "titles",
    "fields",
    "meta",
    "schema",
    "cot",
    "tieuDe",
    "tieu_de",
];

/// Keys that say of what type a value is, as databases write them, or that it is a cell or the cells of a row:
/// `{"maSoBHXH": {"N": "79…"}}`, `{"stringValue": "79…"}`, `{"c": [{"v": "79…"}]}`.
const TYPES: &[&str] = &[
    "S",
    "N",
    "L",
    "M",
    "SS",
    "NS",
    "v",
    "c",
    "cell",
    "cells",
    "values",
    "stringValue",
    "integerValue",
    "doubleValue",
    "longValue",
    "arrayValue",
    "answers",
    "textAnswers",
    "attributes",
    "responses",
];

/// Keys of the subject of a message and of the names of files, which say what the members beside them hold.
const SUBJECTS: &[&str] = &[
    "subject",
    "mailSubject",
    "emailSubject",
    "chuDe",
    "chu_de",
    "tieuDeThu",
    "fileName",
    "file_name",
    "filename",
    "tenFile",
    "ten_file",
    "tenTep",
    "ten_tep",
];

/// Whether a field of a form or a member of an object tells what others hold: its subject, the name of a file, a question.
pub(crate) fn is_subject(name: &str) -> bool {
    let among = |keys: &[&str]| keys.iter().any(|key| key.eq_ignore_ascii_case(name));
    among(SUBJECTS) || among(&["title", "tieuDe", "tieu_de", "question", "cauHoi", "q", "label"])
}

/// Whether a subject elsewhere may speak of what a field, a member or an element of this name holds: `id` and `size` have a name
/// of their own.
pub(crate) fn is_body(name: &str) -> bool {
    const ITEMS: [&str; 10] = ["", "p", "li", "td", "item", "row", "line", "string", "cell", "r"];
    let among = |keys: &[&str]| keys.iter().any(|key| key.eq_ignore_ascii_case(name));
    among(BODIES) || among(TOLD) || among(TYPES) || among(&ITEMS)
}

/// Whether a name says nothing of its own: what it holds is told around or beside it.
pub(crate) fn is_told(name: &str) -> bool {
    TOLD.iter().any(|told| told.eq_ignore_ascii_case(name))
}

/// What a key announces, its hash, and what it says of other members.
pub(super) fn announced(key: &[u8], inquiry: &mut Inquiry) -> (Option<chot_detectors::Column>, u64, Role) {
    let name = String::from_utf8_lossy(key);
    let says = !VALUES.iter().any(|value| value.eq_ignore_ascii_case(&name));
    let column = inquiry.column(&name).filter(|_| says);
    (column, marked(&name, inquiry.key.hash_one(&*name) | 2), Role::of(&name))
}

/// What members of an object are to each other.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Role {
    #[default]
    Plain,
    /// Its value says what the object is: `"type": "CCCD"`.
    Telling,
    /// Either: `"code": "CCCD"`, `"cccd": {"code": "001…"}`.
    Code,
    /// Either, if it is the name of a paper: `"id": "cccd"`, `"bhxh": {"ma": "79…"}`.
    Naming,
    /// It is the value of what was told: `"value": "001…"`.
    Told,
    /// Its list holds the headings of lists that follow.
    Headings,
    /// What its object holds under a key that says nothing of its own is of the insurance: `"baoHiem": {"so": "79…"}`.
    Insurance,
    /// Its value is what a subject speaks of.
    Body,
    /// Its value is a subject, which announces numbers beside it: `"subject": "Số CCCD của chị Lan"`.
    Subject,
    /// It holds a thing, which may be insured.
    Thing,
    /// It says nothing of its own: the number of a record in a column, `"soCccd": {"0": "001…"}`, or how the value is written,
    /// `"soCccd": {"$numberLong": "1…"}`, `"soCccd": {"N": "1…"}`.
    Index,
}

/// What keys of parts begin with: `{"cccd": {"p1": "0010", "p2": …}}`.
const PARTS: [&str; 6] = ["p", "part", "Part", "phan", "doan", "d"];

impl Role {
    pub(super) fn of(key: &str) -> Self {
        let among = |keys: &[&str]| keys.iter().any(|k| k.eq_ignore_ascii_case(key));
        if among(TELLING) || is_of_message(key) {
            Self::Telling
        } else if among(BODIES) {
            Self::Body
        } else if among(SUBJECTS) {
            Self::Subject
        } else if key.eq_ignore_ascii_case("code") {
            Self::Code
        } else if among(TOLD) {
            Self::Told
        } else if among(NAMING) {
            Self::Naming
        } else if among(HEADINGS) {
            Self::Headings
        } else if among(INSURANCES) {
            Self::Insurance
        } else if among(THINGS) {
            Self::Thing
        } else if is_index(key) || TYPES.contains(&key) {
            Self::Index
        } else {
            Self::Plain
        }
    }
}

/// Most bytes of what a program calls a field.
const NAME_MAX: usize = 24;

/// Whether a value may be what a program calls a field: short, and without a digit.
pub(super) fn may_name(value: &[u8]) -> bool {
    (1..=NAME_MAX).contains(&value.len()) && !value.iter().any(u8::is_ascii_digit)
}

/// The same of the value that begins `rest`, as it stands behind its key.
#[inline]
pub(super) fn is_name(rest: &[u8]) -> bool {
    let Some((b'"', rest)) = rest.split_first() else { return false };
    let rest = rest.get(..rest.len().min(NAME_MAX + 1)).unwrap_or_default();
    let name = rest.iter().take_while(|b| **b != b'"' && !b.is_ascii_digit()).count();
    name > 0 && rest.get(name) == Some(&b'"')
}

/// Whether the object of this key is a message of a chat.
pub(super) fn is_of_message(key: &str) -> bool {
    MESSAGES.contains(&key)
}

/// A small number, also behind a word for parts, or a word behind a dollar sign.
fn is_index(key: &str) -> bool {
    const INDEX_MAX: usize = 7;
    let number = |key: &str| (1..=INDEX_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_digit());
    key.starts_with('$') || number(key) || PARTS.iter().any(|word| key.strip_prefix(word).is_some_and(number))
}

/// Whether a value may be the number of a paper that a member behind it names: `{"value": "79…", "name": "bhxh"}`. Of a text
/// that goes on behind the value its beginning is looked at.
pub(super) fn may_be_paper(text: &[u8]) -> bool {
    const LEN_MAX: usize = 15;
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let len = text.iter().take(LEN_MAX + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
    matches!(len, 8..=10 | 12 | LEN_MAX) && text.get(len - 5..len).is_some_and(|end| end.iter().all(u8::is_ascii_digit))
}

/// Whether the numbers of a paper have so many signs.
pub(crate) fn is_as_long(paper: chot_detectors::Column, len: usize) -> bool {
    use chot_detectors::Column::{Bhxh, Bhyt, Cccd, Cmnd, IdNumber, Passport};
    match paper {
        Cccd => len == 12,
        Bhxh => len == 10,
        Cmnd => len == 9,
        IdNumber => matches!(len, 9 | 12),
        Bhyt => len == 15,
        Passport => len == 8,
        _ => false,
    }
}
