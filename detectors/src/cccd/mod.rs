//! `cccd`: căn cước công dân, số định danh cá nhân — the twelve-digit number of a citizen.
//!
//! It once was three digits of province or country, one of century and sex, two of the birth year, six at random
//! (Circular 07/2016/TT-BCA; Decree 137/2015/NĐ-CP, article 13). Law 26/2023/QH15, article 12, promises twelve digits
//! and nothing else, so the structure is evidence here, never a condition. There is no check digit. Since 2025 it
//! also is the personal tax code (Circular 86/2024/TT-BTC) and the social insurance number, so words for those
//! announce it as well.

mod hashes;

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Begins, Card, Detector, Found, Value};
use crate::context::{Columns, Firm, Near};
use crate::date_of_birth::{BESIDE_BYTES, DATE_BYTES_MAX, Date, dates_beside};
use crate::digits::Gap;
use crate::fold::fold;
use crate::numbers::{Layout, Number};
use crate::province::is_province;
use crate::shape::{has_exponent, is_example, is_filler, is_in_a_query, is_in_thousands, is_moment, is_round, loss};
use crate::simd::{BLOCK, YEARS_SEEN, years};

/// The detector.
pub(crate) struct Cccd;

static CARD: Card = Card {
    id: DetectorId::Cccd,
    title_vi: "Số căn cước công dân, số định danh cá nhân",
    title_en: "Citizen number, personal identification number",
    source: "Nghị định 137/2015/NĐ-CP, điều 13; Thông tư 07/2016/TT-BCA, phụ lục 1 và 2; Luật 26/2023/QH15, điều 12",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Cccd, include_str!("words.txt"))],
};

/// What announces it. Other papers and the numbers it replaced count: twelve digits there are this one.
const MINE: Columns = Columns::of(&[
    Column::Cccd,
    Column::Cmnd,
    Column::IdNumber,
    Column::Bhxh,
    Column::Bhyt,
    Column::Tax,
    Column::Passport,
]);
/// What speaks against it.
const OTHERS: Columns =
    Columns::of(&[Column::Negative, Column::Bank, Column::DriverLicence, Column::Household, Column::Plate]);
/// Columns whose cells may have lost leading zeros in a spreadsheet.
const PADDED: Columns = Columns::of(&[Column::Cccd, Column::IdNumber]);
/// Columns in which eleven digits have lost one: no other number that stands there has as many.
const PADDED_BY_ONE: Columns =
    Columns::of(&[Column::Cccd, Column::IdNumber, Column::Cmnd, Column::Bhxh, Column::Bhyt, Column::Tax]);

impl Detector for Cccd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
    }

    /// Nine and more of `4.80961391E+10`.
    fn cell_lengths(&self) -> u32 {
        1 << 9 | 1 << 10 | 1 << 11
    }

    /// With the structure.
    fn begins(&self) -> Option<Begins> {
        Some(begins)
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        match number.len() {
            _ if number.layout == Layout::Uneven && near.column().is_some() && has_exponent(near.text(), number) => {
                Self::written_out(number, near)
                    .or_else(|| if number.len() == 12 { self.twelve(number, near) } else { None })
            }
            12 => self.twelve(number, near),
            10 | 11 => Self::without_zeros(number, near),
            _ => None,
        }
    }
}

impl Cccd {
    fn twelve(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let (text, digits) = (near.text(), number.digits());
        if is_filler(digits) || is_example(text, digits, &number.range) {
            return None;
        }
        let structure = structure(digits, near.this_year());
        if structure == Structure::None && near.is_silent() {
            return None;
        }
        let said = near.announced();
        let mine = said.firm(MINE);
        // Without structure only words can make it one, and mixed layouts need them anyway. A date beside it that
        // agrees with the year it carries stands in for a word: one number in two hundred does so by chance.
        let born =
            structure != Structure::None && near.column().is_none() && has_birth_beside(text, number, near.this_year());
        if !born && matches!(mine, Firm::Near | Firm::Direct) && is_of_an_office(text, number) {
            return None;
        }
        let domestic = structure == Structure::Province || born;
        let dotted = matches!(number.separator, Gap::Dot | Gap::Comma);
        if is_round(digits) && (mine < Firm::Direct || dotted) {
            return None;
        }
        // Ten people in the country have such a number; in programs every other pattern of bits looks like one.
        let address = mine < Firm::Column && is_address(number);
        let bits = mine < Firm::Direct && !born && digits.iter().all(|b| matches!(b, b'0' | b'1'));
        let counted = number.layout != Layout::Solid
            && mine < Firm::Direct
            && !born
            && (counts(number) || is_span_of_months(text, number));
        // No label ends with what parts cells.
        let cell = matches!(text.get(..number.range.start), Some([.., b',' | b';' | b'|']));
        let measured = !cell && mine < Firm::Direct && is_greatest(text, number);
        let queried = !cell && structure == Structure::None && mine < Firm::Column && is_in_a_query(text, number);
        let of_a_thing = !cell
            && !born
            && (mine == Firm::Not && (is_of_a_thing(text, number) || is_of_a_transaction(text, number))
                || mine < Firm::Column && is_of_a_machine(text, number));
        let hash = mine == Firm::Not
            && !born
            && number.range.len() == hashes::HASH_BYTES
            && near.is_near_mixed(hashes::REACH_BYTES)
            && hashes::is_among(text, &number.range);
        if bits
            || counted
            || address
            || measured
            || queried
            || of_a_thing
            || hash
            || mine == Firm::Not && (!domestic || number.layout == Layout::Mixed)
        {
            return None;
        }
        let moment = match mine {
            _ if !is_moment(digits) => 0,
            Firm::Column => 0,
            Firm::Direct => 15,
            _ => 40,
        };
        let against = match said.firm(OTHERS) {
            Firm::Not => 0,
            Firm::Column => 200,
            // `Nguyễn Văn An 12/05/1985 đơn hàng 022085…`: a note beside somebody whose number it is.
            _ if (born || mine >= Firm::Near) && structure == Structure::Province && has_sex_beside(text, number) => 0,
            _ => 60,
        };
        let score = structure.points() + words(mine) + if born { 35 } else { 0 }
            - against
            - moment
            - 60 * i32::from(said.amount)
            - loss(near.text(), number, mine);
        let score = if mine == Firm::Column { score.max(90) } else { score };
        Some(Found::number(number, score))
    }

    /// A spreadsheet stores `001090123456` as the number 1090123456, and may show it as 1,090,123,456. Under the words for
    /// payments numbers so written are amounts, and full thousands are the sum below a table.
    fn without_zeros(number: &Number, near: &mut Near<'_>) -> Option<Found> {
        near.column()?;
        let solid = number.layout == Layout::Solid;
        if !solid && (number.digits().ends_with(b"000") || !is_in_thousands(near.text(), number)) {
            return None;
        }
        let columns = if solid && number.len() == 11 { PADDED_BY_ONE } else { PADDED };
        if near.announced().firm(columns) != Firm::Column {
            return None;
        }
        let mut padded = [b'0'; 12];
        padded.get_mut(12 - number.len()..)?.copy_from_slice(number.digits());
        Self::padded(number, &padded, number.range.end, near)
    }

    /// It shows the number with an exponent where the column is narrow, and saves what it shows.
    fn written_out(number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let (digits, end) = exponential(near.text(), number)?;
        let columns = if digits.starts_with(b"00") { PADDED } else { PADDED_BY_ONE };
        // The sign and the exponent are no words beside the number.
        let alone = near.text().get(end..)?.trim_ascii().is_empty()
            && near.text().get(..number.range.start)?.trim_ascii().is_empty();
        if !alone || near.announced().firm(columns) < Firm::Direct {
            return None;
        }
        Self::padded(number, &digits, end, near)
    }

    fn padded(number: &Number, digits: &[u8; 12], end: usize, near: &Near<'_>) -> Option<Found> {
        if structure(digits, near.this_year()) == Structure::None {
            return None;
        }
        let value = Value::of([], digits);
        Some(Found { range: number.range.start..end, value, ..Found::number(number, 85) })
    }
}

/// The twelve digits that `3.6090123456E+10` writes, and where it ends.
fn exponential(text: &[u8], number: &Number) -> Option<([u8; 12], usize)> {
    let behind = text.get(number.range.end..)?;
    let exponent = behind.get(1..)?;
    let exponent = exponent.strip_prefix(b"+").unwrap_or(exponent);
    let len = match exponent {
        [b'0', b'9', rest @ ..] => Some((10, rest)),
        [b'1', b'0', rest @ ..] => Some((11, rest)),
        [b'1', b'1', rest @ ..] => Some((12, rest)),
        _ => None,
    };
    let (len, rest) = len.filter(|(_, rest)| !rest.first().is_some_and(u8::is_ascii_digit))?;
    let mut digits = [b'0'; 12];
    // Zeros at the end need not be shown, nor those in front, and there may be zeros behind the point.
    let (given, fraction) = number.digits().split_at(number.len().min(len));
    if fraction.iter().any(|b| *b != b'0') {
        return None;
    }
    digits.get_mut(12 - len..)?.get_mut(..given.len())?.copy_from_slice(given);
    Some((digits, text.len() - rest.len()))
}

/// `001 002 003 004`: rows or rooms, one after the other.
fn counts(number: &Number) -> bool {
    let value = |part: &[u8]| part.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    number.layout == Layout::Regular
        && number.digits().chunks(3).map(value).is_sorted_by(|before, next| before + 1 == *next)
}

/// `max=087264747204`: a measurement. `Max` alone is the name of a person.
fn is_greatest(text: &[u8], number: &Number) -> bool {
    let before = text.get(..number.range.start).unwrap_or_default().trim_ascii_end();
    let before = before.strip_suffix(b"=").or_else(|| before.strip_suffix(b":")).map(<[u8]>::trim_ascii_end);
    let before = before.map(|before| before.strip_suffix(b"\"").unwrap_or(before));
    let begins = |head: &[u8]| !head.last().is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    before.and_then(|before| before.strip_suffix(b"max")).is_some_and(begins)
}

/// Whether a short form right before says that a thing has it: `SO HD 051…` (a contract or an invoice), `SN 046…`, `tk 060…`
/// (an account), or a word that stands in too many lines to be listened for: `Số tờ khai: …`, `?variant=…`. Nobody's year of
/// birth has twelve digits.
fn is_of_a_thing(text: &[u8], number: &Number) -> bool {
    const LABELS: [&str; 8] =
        [" so hd", " sn", " s n", " tk", " so to khai", " to khai so", " difficulty", " overflow at"];
    const KEYS: [&str; 2] = [" variant", " difficulty"];
    let label = label(text, number);
    let (label, labels) = match label.strip_suffix(b"=") {
        Some(key) => (key, &KEYS[..]),
        None => (label, &LABELS[..]),
    };
    label.last().is_some_and(|b| b"dDnNkKiItTyY".contains(b) || *b >= 0x80) && {
        let folded = format!(" {}", fold(&String::from_utf8_lossy(label)));
        let named = labels.iter().find(|label| folded.ends_with(**label));
        named.is_some_and(|label| *label != " tk" || !is_login(text, &number.range))
    }
}

/// Whether a key right before says that it is a transaction's, or the name of an event: `"transId": "051…"`, `REF 074…`,
/// `UID:051…@example.vn`. Other keys of that name hold what people log in with.
fn is_of_a_transaction(text: &[u8], number: &Number) -> bool {
    const KEYS: [&[u8]; 8] =
        [b"transId", b"transID", b"trans_id", b"transactionId", b"transaction_id", b"txnId", b"txn_id", b"REF"];
    const KEY_BYTES: usize = 24;
    const SIGNS: &[u8] = b" \"':=";
    let start = number.range.start;
    let before = text.get(start.saturating_sub(KEY_BYTES)..start).unwrap_or_default();
    let end = before.iter().rposition(|b| !SIGNS.contains(b)).map_or(0, |at| at + 1);
    let label = before.get(..end).unwrap_or_default();
    if end == before.len() || !label.last().is_some_and(|b| matches!(b, b'd' | b'D' | b'F')) {
        return false;
    }
    let is = |key: &[u8]| label.strip_suffix(key).is_some_and(|head| !head.last().is_some_and(is_letter));
    KEYS.iter().any(|key| is(key)) || is(b"UID") && text.get(number.range.end) == Some(&b'@')
}

/// Whether it is a request's or the address of a machine: `req 783…`, `mac 001…`. These words stand in every line of a log, so
/// they are not listened for; and `Mạc` is a surname.
fn is_of_a_machine(text: &[u8], number: &Number) -> bool {
    const WORDS: [&[u8]; 4] = [b"req", b"REQ", b"mac", b"MAC"];
    let label = label(text, number);
    let ends = |word: &&[u8]| label.strip_suffix(*word).is_some_and(|head| !head.last().is_some_and(is_letter));
    label.last().is_some_and(|b| b"qQcC".contains(b)) && WORDS.iter().any(ends)
}

/// What stands right before the number.
fn label<'t>(text: &'t [u8], number: &Number) -> &'t [u8] {
    const LABEL_BYTES: usize = 16;
    let start = number.range.start;
    let label = text.get(start.saturating_sub(LABEL_BYTES)..start).unwrap_or_default().trim_ascii_end();
    label.strip_suffix(b":").unwrap_or(label)
}

fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte >= 0x80
}

/// Whether the line speaks of accounts that citizens log in to with their number: `VNeID: tk 079… đã được kích hoạt`.
fn is_login(text: &[u8], range: &Range<usize>) -> bool {
    const LINE_BYTES: usize = 64;
    const WORDS: [&str; 7] = ["vneid", "vssid", "dinh danh", "kich hoat", "dich vu cong", "dang nhap", "mat khau"];
    let before = text.get(range.start.saturating_sub(LINE_BYTES)..range.start).unwrap_or_default();
    let behind = text.get(range.end..text.len().min(range.end + LINE_BYTES)).unwrap_or_default();
    let line = |b: &u8| *b == b'\n';
    [before.rsplit(line).next(), behind.split(line).next()].into_iter().flatten().any(|part| {
        let folded = fold(&String::from_utf8_lossy(part));
        WORDS.iter().any(|word| folded.contains(word))
    })
}

/// Whether the number before its colon is the one of an office or what it writes (QĐ 20/2020/QĐ-TTg), `Mã định danh đơn vị:
/// …`. Behind a sign the office is asked for beside the person, `Số định danh, cơ quan cấp: …`, and the paper or the person
/// that the words go on with has the number.
fn is_of_an_office(text: &[u8], number: &Number) -> bool {
    const LABEL_BYTES: usize = 72;
    const OFFICES: [&str; 6] = ["don vi", "co quan", "to chuc", "doanh nghiep", "phong ban", "van ban"];
    /// What speaks of somebody, or of what somebody has.
    const OWN: [&str; 12] = [
        " cap",
        " cccd",
        " cmnd",
        " cmt",
        " can cuoc",
        " ca nhan",
        " nguoi",
        " ong ",
        " ba ",
        " cua ",
        " chu ho",
        " truong ",
    ];
    let start = number.range.start;
    let before = text.get(start.saturating_sub(LABEL_BYTES)..start).unwrap_or_default();
    let signs = |b: &u8| b.is_ascii_whitespace() || b":=-".contains(b);
    let before = before.get(..before.iter().rposition(|b| !signs(b)).map_or(0, |at| at + 1)).unwrap_or_default();
    let label = before.rsplit(|b| b"\n,;:/|()".contains(b) || b.is_ascii_digit()).next().unwrap_or_default();
    if !label.windows(4).any(|word| word.eq_ignore_ascii_case(b"danh")) {
        return false;
    }
    let folded = fold(&String::from_utf8_lossy(label)) + " ";
    let Some((_, owner)) = folded.rsplit_once("dinh danh ") else { return false };
    let owner = ["dien tu ", "cua "].iter().fold(owner, |owner, word| owner.strip_prefix(word).unwrap_or(owner));
    let office = OFFICES.iter().find_map(|office| owner.strip_prefix(office));
    office.is_some_and(|rest| !OWN.iter().any(|own| rest.contains(own)))
}

/// `192.168.100.201`: no address of a machine begins with a zero, as the numbers of a province do.
fn is_address(number: &Number) -> bool {
    number.separator == Gap::Dot
        && number.layout == Layout::Regular
        && number.digits().chunks(3).all(|octet| octet <= b"255" && octet.len() == 3)
        && number.digits().first() != Some(&b'0')
}

/// `012026-122026`: from one month to another, as contributions are paid for.
fn is_span_of_months(text: &[u8], number: &Number) -> bool {
    let is_month = |part: &[u8]| {
        matches!(part, [b'0', b'1'..=b'9', year @ ..] | [b'1', b'0'..=b'2', year @ ..]
            if matches!(year, [b'1', b'9', b'9', b'5'..=b'9'] | [b'2', b'0', b'0'..=b'4', b'0'..=b'9']))
    };
    let parts = text.get(number.range.clone()).unwrap_or_default();
    let mut parts = parts.splitn(2, |b| !b.is_ascii_digit());
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let second = second.trim_ascii_start();
    is_month(first) && is_month(second)
}

/// The date beside a number of twelve digits that is the birth it carries, if there is one.
pub(crate) fn birth_beside(text: &[u8], number: &Number, this_year: u16) -> Option<(Date, Range<usize>)> {
    (structure(number.digits(), this_year) != Structure::None).then_some(())?;
    born_beside(text, number, this_year)
}

/// Whether there is one beside a number that has the structure.
fn has_birth_beside(text: &[u8], number: &Number, this_year: u16) -> bool {
    let start = number.range.start;
    // By two digits most dates are told to be of other years.
    let decade = start.checked_sub(3).and_then(|at| text.get(at..start - 1));
    let before = || birth_year(number.digits()).is_some_and(|born| year_before(text, start) == Some(born));
    decade == number.digits().get(4..6) && before() || born_beside(text, number, this_year).is_some()
}

/// Whether the line tells the sex that a number carries and no other, in a word or by the name.
fn has_sex_beside(text: &[u8], number: &Number) -> bool {
    const MEN: [&str; 4] = ["Nam", "nam", "Văn", "VĂN"];
    const WOMEN: [&str; 5] = ["Nữ", "nữ", "NỮ", "Thị", "THỊ"];
    /// What goes on with `Nam` and tells of nobody.
    const PLACES: [&str; 5] = ["Việt", "miền", "Miền", "Hà", "Quảng"];
    let Some(century) = number.digits().get(3) else { return false };
    let Range { start, end } = number.range;
    let before = text.get(start.saturating_sub(BESIDE_BYTES)..start).unwrap_or_default();
    let behind = text.get(end..text.len().min(end + BESIDE_BYTES)).unwrap_or_default();
    let line = |b: &u8| *b == b'\n';
    let (mut man, mut woman) = (false, false);
    for part in [before.rsplit(line).next(), behind.split(line).next()].into_iter().flatten() {
        let part = String::from_utf8_lossy(part);
        let mut last = "";
        for word in part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            man |= MEN.contains(&word) && !PLACES.contains(&last);
            woman |= WOMEN.contains(&word);
            last = word;
        }
    }
    let even = (century - b'0').is_multiple_of(2);
    man != woman && man == even
}

/// The year of the date right before `at`, with one sign between, as most registers have it: `05/04/1987,`. With these signs
/// in it, it goes on with no date that begins before it, nor is it part of one.
fn year_before(text: &[u8], at: usize) -> Option<u16> {
    let &[before, ref date @ .., sign] = text.get(at.checked_sub(12)?..at)?.first_chunk::<12>()?;
    let signed = matches!(date, [_, _, b'/' | b'.', ..]) && !matches!(sign, b'0'..=b'9' | b'/' | b'.' | b'\n' | b'\r');
    if !signed || before.is_ascii_digit() {
        return None;
    }
    Date::read_plain(date).map(|(date, _)| date.year)
}

/// The same for a number that has the structure.
fn born_beside(text: &[u8], number: &Number, this_year: u16) -> Option<(Date, Range<usize>)> {
    let born = birth_year(number.digits())?;
    if !shows_year(text, &number.range, born) {
        return None;
    }
    dates_beside(text, &number.range, this_year).find(|(date, _)| date.year == born)
}

/// Whether the digits of a year stand on the line of a number in any way a date beside it has them: in full, or the
/// last two alone. On most lines they do not, and then no date is read.
fn shows_year(text: &[u8], range: &Range<usize>, year: u16) -> bool {
    const { assert!(BESIDE_BYTES <= 2 * BLOCK && BESIDE_BYTES + DATE_BYTES_MAX <= 2 * BLOCK) };
    let digit = |n: u16| b'0' + (n % 10) as u8;
    let digits = [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year)];
    // Away from the number, a block at a time, as far as its line goes.
    let before = |blocks: usize, near: u64| {
        let (years, ends) = years_from(text, range.start as isize - (blocks * BLOCK) as isize, digits);
        let line = !u64::MAX.unbounded_shr(ends.leading_zeros());
        (years & line & near, ends == 0)
    };
    let behind = |blocks: usize| {
        let (years, ends) = years_from(text, (range.end + blocks * BLOCK) as isize, digits);
        let line = (ends & ends.wrapping_neg()).wrapping_sub(1);
        (years & line, ends == 0)
    };
    let ((first, goes_on_before), (next, goes_on_behind)) = (before(1, u64::MAX), behind(0));
    first | next != 0
        || goes_on_before && before(2, u64::MAX << (2 * BLOCK - BESIDE_BYTES)).0 != 0
        || goes_on_behind && behind(1).0 != 0
}

/// Where a year is shown in the block at `from`, and where lines end; nothing stands around a text.
#[inline]
fn years_from(text: &[u8], from: isize, year: [u8; 4]) -> (u64, u64) {
    let seen = usize::try_from(from - 2).ok().and_then(|from| text.get(from..)?.first_chunk());
    seen.map_or_else(|| years_at_the_edge(text, from, year), |seen| years(seen, year))
}

#[cold]
#[inline(never)]
fn years_at_the_edge(text: &[u8], from: isize, year: [u8; 4]) -> (u64, u64) {
    let byte = |n: usize| usize::try_from(from - 2 + n as isize).ok().and_then(|at| text.get(at)).copied();
    let seen: [u8; YEARS_SEEN] = std::array::from_fn(|n| byte(n).unwrap_or_default());
    years(&seen, year)
}

/// Whether twelve digits that begin with these may have the structure: the first year of a century is its earliest.
pub(crate) fn begins(len: usize, [place, tens, units, century]: [u8; 4], this_year: u16) -> bool {
    len == 12 && structure(&[place, tens, units, century, b'0', b'0'], this_year) != Structure::None
}

/// The year of birth that a citizen number carries.
fn birth_year(digits: &[u8]) -> Option<u16> {
    let &[_, _, _, century, decade, year, ..] = digits else { return None };
    let base = match century {
        b'0' | b'1' => 1900,
        b'2' | b'3' => 2000,
        _ => return None,
    };
    Some(base + u16::from(decade - b'0') * 10 + u16::from(year - b'0'))
}

const fn words(firm: Firm) -> i32 {
    match firm {
        Firm::Not => 0,
        Firm::Weak => 20,
        Firm::Near | Firm::Direct => 45,
        Firm::Column => 60,
    }
}

/// How twelve digits agree with the old structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Structure {
    /// Born in a province: 1.6 % of random numbers, and no moment of the form `yyyymmddHHMM`.
    Province,
    /// Born abroad: 4.7 % of random numbers and more than a third of all such moments.
    Abroad,
    /// Not at all.
    None,
}

impl Structure {
    const fn points(self) -> i32 {
        match self {
            Self::Province => 55,
            Self::Abroad => 15,
            Self::None => 0,
        }
    }
}

/// Reads province or country, century and sex, year of birth.
pub(crate) fn structure(digits: &[u8], this_year: u16) -> Structure {
    let &[place, tens, units, ..] = digits else { return Structure::None };
    if birth_year(digits).is_none_or(|born| born > this_year) {
        return Structure::None;
    }
    match place {
        b'0' if is_province(&[tens, units]) => Structure::Province,
        // Countries have the codes 101 to 295 (appendix 2).
        b'1' if (tens, units) != (b'0', b'0') => Structure::Abroad,
        b'2' if (tens, units) <= (b'9', b'5') => Structure::Abroad,
        _ => Structure::None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn structure_needs_place_century_and_a_year_that_has_been() {
        for (text, expected) in [
            ("001090123456", Structure::Province),
            ("079326123456", Structure::Province),
            ("079327123456", Structure::None),
            ("003090123456", Structure::None),
            ("001490123456", Structure::None),
            ("101090123456", Structure::Abroad),
            ("295090123456", Structure::Abroad),
            ("100090123456", Structure::None),
            ("296090123456", Structure::None),
            ("901090123456", Structure::None),
        ] {
            assert_eq!(structure(text.as_bytes(), 2026), expected, "{text}");
        }
    }

    #[test]
    fn the_date_right_before_is_told() {
        for (text, year) in [
            ("An,05/04/1987,001087123456", Some(1987)),
            ("x 05.04.1987 001087123456", Some(1987)),
            ("x,15/14/1987,001087123456", None),
            ("x,05-04-1987,001087123456", None),
            ("x,05/04.1987,001087123456", None),
            ("105/04/1987,001087123456", None),
            ("x,05/04/1987/001087123456", None),
            ("x,05/04/1987\n001087123456", None),
            ("05/04/1987,001087123456", None),
        ] {
            assert_eq!(year_before(text.as_bytes(), text.len() - 12), year, "{text}");
        }
    }

    #[test]
    fn no_date_with_its_year_is_passed_over() {
        let number = "001087123456";
        for date in [
            "05/04/1987",
            "5-4-87",
            "05041987",
            "198704050000",
            "5 tháng 4 năm 87",
            "April 5, 1987",
            "1987.4.5",
            "5 4 87",
        ] {
            for text in [
                format!("{date} {number}"),
                format!("x {number} {date}"),
                format!("{number}|{}|{date}|", "x".repeat(60)),
                format!("87\n{number},{date}\r\n"),
                format!("{date},{}{number}", "y".repeat(50)),
            ] {
                let start = text.find(number).expect("there");
                assert!(shows_year(text.as_bytes(), &(start..start + 12), 1987), "{text}");
            }
        }
        for text in ["05/04/1986 001087123456", "870 001087123456 187", "87\n001087123456\n1987", "001087123456"] {
            let start = text.find(number).expect("there");
            assert!(!shows_year(text.as_bytes(), &(start..start + 12), 1987), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_date_right_before_is_a_date_beside(
            before in "([0-9]{1,4}|19870405|1987|tháng|năm|Apr| |,|/|-|\\.|\n|x){0,8}",
            date in "[0-3][0-9][/.][01][0-9][/.](1987|2004)",
            sign in "[ ,;|\t/.-]",
        ) {
            let text = format!("{before}{date}{sign}001087123456");
            let at = text.len() - 12;
            if let Some(year) = year_before(text.as_bytes(), at) {
                let own = at..text.len();
                let mut dates = dates_beside(text.as_bytes(), &own, 2026);
                prop_assert!(dates.any(|(date, _)| date.year == year), "{text}");
            }
        }

        #[test]
        fn no_date_beside_is_passed_over(
            before in "([0-9]{0,3}(1987|87)?([/ \n-]| tháng | năm |May ){0,2}){0,14}",
            behind in "([0-9]{0,3}(1987|87)?([/ \n-]| tháng | năm |May ){0,2}){0,14}",
            (more_before, more_behind) in (0..140_usize, 0..140_usize),
        ) {
            let (more_before, more_behind) = ("x".repeat(more_before), "x".repeat(more_behind));
            let text = format!("{more_before}{before}001087123456{behind}{more_behind}");
            let range = more_before.len() + before.len()..more_before.len() + before.len() + 12;
            let shows = dates_beside(text.as_bytes(), &range, 2026).any(|(date, _)| date.year == 1987);
            prop_assert!(!shows || shows_year(text.as_bytes(), &range, 1987));
        }
    }

    #[test]
    fn one_random_number_in_sixty_has_the_structure() {
        // The false positive rate the card speaks of, over an even sample of all twelve-digit numbers.
        let n = 200_000_u64;
        let hits = (0..n).filter(|i| {
            let number = format!("{:012}", i * (1_000_000_000_000 / n) + i * 7_919 % 5_000_000);
            structure(number.as_bytes(), 2026) == Structure::Province
        });
        let share = hits.count() as f64 / n as f64;
        assert!((0.015..0.021).contains(&share), "{share}");
    }
}
