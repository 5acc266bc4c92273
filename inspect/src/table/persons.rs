//! Rows that are about a person though no identifier stands in them: a list of people is one all the same.

use std::hash::BuildHasher;

use chot_detectors::{Column, names_nobody};
use chot_model::{Confidence, DetectorId};

use super::{Row, Shape, Table};
use crate::inquiry::{Found, Inquiry};
use crate::people::Listed;
use crate::view::View;

/// Which of the people of a row each column is about: `Họ tên mẹ, Số BHXH, Họ tên con, Mã định danh con`. Empty where a row is
/// about one, or nothing says whose a number is.
pub(super) fn about(header: &Row, announced: &[Option<Column>]) -> Vec<u8> {
    let told = |at: usize| announced.get(at).copied().flatten();
    let last = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).to_lowercase();
        text.split_whitespace().last().map(str::to_owned).unwrap_or_default()
    };
    let mut names = header.iter().filter(|(at, _)| told(*at) == Some(Column::Name));
    let mut about = Vec::new();
    let Some((_, first)) = names.next() else { return about };
    for (n, (from, name)) in (1..=u8::MAX).zip(names) {
        let whose = last(&name.text);
        if matches!(whose.as_str(), "tên" | "ten" | "name" | "") || whose == last(&first.text) {
            continue;
        }
        let theirs = |(at, view): &&(usize, View)| at > from && last(&view.text) == whose;
        if !header.iter().filter(theirs).any(|(at, _)| told(*at).is_some_and(Column::is_identifier)) {
            continue;
        }
        for at in header.iter().filter(theirs).map(|(at, _)| *at).chain([*from]) {
            about.resize((at + 1).max(about.len()), 0);
            about[at] = n;
        }
    }
    about
}

impl Table {
    /// Which of the people of a row each column is about.
    pub(super) fn about(&self) -> Vec<u8> {
        match &self.shape {
            Some(Shape::Headed(header)) => header.about.clone(),
            _ => Vec::new(),
        }
    }

    /// Whoever is named in a row under `Họ tên` with a birth date, telephone number, address or bank account beside: a
    /// list of people is one whether or not it holds an identifier.
    ///
    /// `found` gives the hash of what a detector found in a column.
    pub(super) fn named<'t>(
        &self,
        row: impl Iterator<Item = (usize, &'t [u8])> + Clone,
        found: impl Fn(usize, &[DetectorId]) -> Option<u64>,
        inquiry: &Inquiry,
    ) -> Option<Listed> {
        let cell = |wanted: fn(Column) -> bool| {
            row.clone()
                .filter(|(at, _)| self.announced(*at).is_some_and(wanted))
                .map(|(at, text)| (at, without_blanks(text)))
                .find(|(_, text)| text.len() > 1)
        };
        let (at, name) = cell(|c| matches!(c, Column::Name | Column::GivenName))?;
        // Under `Tên` stand companies and goods as well.
        let short = name.split(u8::is_ascii_whitespace).nth(2).is_none();
        let person = found(at, &[DetectorId::PersonName]);
        if !short && person.is_none() {
            return None;
        }
        let beside = cell(|c| {
            matches!(c, Column::BirthDate | Column::BirthYear | Column::Phone | Column::Address | Column::Health)
        });
        // Firms have accounts as well.
        let account = || {
            cell(|c| c == Column::Bank)
                .filter(|(at, _)| person.is_some() && found(*at, &[DetectorId::BankAccount]).is_some())
        };
        let (by, beside) = beside.or_else(account)?;
        let letters = name.iter().any(|b| b.is_ascii_alphabetic()) && !name.iter().any(u8::is_ascii_digit);
        // As the lines of running text are told apart.
        let kind = match self.announced(by) {
            Some(Column::Phone) => DetectorId::Phone,
            Some(Column::Address) => DetectorId::Address,
            Some(Column::Health) => DetectorId::Diagnosis,
            Some(Column::Bank) => DetectorId::BankAccount,
            _ => DetectorId::DateOfBirth,
        };
        let told =
            found(by, &[DetectorId::DateOfBirth, DetectorId::Phone, DetectorId::Address, DetectorId::BankAccount]);
        let other = |text: &[u8]| inquiry.key.hash_one(text);
        let somebody = letters && !str::from_utf8(name).is_ok_and(names_nobody);
        somebody.then(|| Listed {
            name: person.unwrap_or_else(|| other(name)),
            beside: (kind, told.unwrap_or_else(|| other(beside))),
        })
    }
}

/// What stands between the blanks of a cell, among them those that do not break: pages fill empty cells with one.
fn without_blanks(mut cell: &[u8]) -> &[u8] {
    const NBSP: &[u8] = "\u{a0}".as_bytes();
    loop {
        let inner = cell.trim_ascii();
        let inner = inner.strip_prefix(NBSP).unwrap_or(inner);
        let inner = inner.strip_suffix(NBSP).unwrap_or(inner);
        if inner.len() == cell.len() {
            return cell;
        }
        cell = inner;
    }
}

/// Whoever a row seems to name, with a birth date, telephone number or address beside, however doubtful each is.
pub(super) fn listed<'f>(mut found: impl Iterator<Item = &'f Found> + Clone, inquiry: &Inquiry) -> Option<Listed> {
    let hash = |f: &Found| inquiry.hash(&f.finding);
    let name = found.clone().find(|f| f.finding.detector == DetectorId::PersonName)?;
    let beside = found.find(|f| match f.finding.detector {
        DetectorId::DateOfBirth | DetectorId::Phone => true,
        DetectorId::Address => f.finding.confidence >= Confidence::Medium,
        _ => false,
    })?;
    Some(Listed { name: hash(name), beside: (beside.finding.detector, hash(beside)) })
}

#[cfg(test)]
mod tests {
    use super::without_blanks;
    use crate::{Hint, Inspector, Limits};

    const NAMES: [&str; 8] = [
        "Nguyễn Văn An",
        "Trần Thị Bình",
        "Lê Văn Cường",
        "Phạm Thị Dung",
        "Hoàng Văn Em",
        "Vũ Thị Giang",
        "Đỗ Văn Khoa",
        "Bùi Thị Lan",
    ];

    fn persons(header: &str, row: impl Fn(usize, &str) -> String) -> u64 {
        let rows = NAMES.iter().enumerate().map(|(n, name)| row(n, name) + "\n");
        let text = [header.to_owned()].into_iter().chain(rows).collect::<String>();
        let hint = Hint { name: Some("a.psv".to_owned()), ..Hint::default() };
        Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection.persons
    }

    #[test]
    fn a_row_may_be_about_several() {
        let row = |n: usize, name: &str| {
            format!(
                "{n}|{name}|79{:08}|Bé {name}|0012{:02}{:06}",
                12_345_678 + n * 7_654_321,
                10 + n,
                123_456 + n * 4_321
            )
        };
        for (header, people) in [
            ("STT|Họ tên NLĐ|Số sổ BHXH|Họ tên con|Mã định danh con\n", 16),
            // Whose the second number is is not said.
            ("STT|Họ tên|Mã số BHXH|Họ tên chủ hộ|Số CCCD\n", 8),
        ] {
            assert_eq!(persons(header, row), people, "{header}");
        }
    }

    #[test]
    fn names_with_accounts_are_a_list_and_firms_are_none() {
        for (header, firm, people) in [
            ("STT|Họ và tên|Số tài khoản|Ngân hàng|Số tiền\n", "", 8),
            ("STT|Họ và tên|Số chứng từ|Ngân hàng|Số tiền\n", "", 0),
            ("STT|Tên đơn vị|Số tài khoản|Ngân hàng|Số tiền\n", "Công ty TNHH Vật tư số ", 0),
            ("STT|Họ và tên|Số tài khoản|Ngân hàng|Số tiền\n", "Công ty TNHH Vật tư số ", 0),
        ] {
            let row = |n: usize, name: &str| {
                let name = if firm.is_empty() { name.to_owned() } else { format!("{firm}{n}") };
                format!("{n}|{name}|711051008{:04}|BIDV|500000", 1_173 + n * 619)
            };
            assert_eq!(persons(header, row), people, "{header} {firm}");
        }
    }

    #[test]
    fn rows_that_head_a_group_are_nobody() {
        for (heading, beside, people) in [
            ("Tăng mức đóng", "", 8),
            ("Cộng giảm", "\u{a0}", 8),
            ("Người lập", " \u{a0} \u{a0}", 8),
            ("CHẾ ĐỘ THAI SẢN", "\u{a0}", 8),
            ("Cộng tăng", "12.500.000", 8),
            // Somebody who is called so.
            ("Tăng Thị Mới", "05/04/1987", 9),
            ("Trần Thị Phố", "05/04/1987", 9),
            ("Đường Văn Cộng", "05/04/1987", 9),
            ("Phố Nguyễn Du", "05/04/1987", 8),
        ] {
            let other = |n: usize| if n == 3 { format!("II|{heading}|{beside}\n") } else { String::new() };
            let row = |n: usize, name: &str| format!("{}{n}|{name}|05/04/19{}", other(n), 60 + n);
            assert_eq!(persons("STT|Họ và tên|Ngày sinh\n", row), people, "{heading}");
        }
    }

    #[test]
    fn blanks_that_do_not_break_are_blanks() {
        for (cell, inner) in [("\u{a0}", ""), (" \u{a0} An\u{a0}B \u{a0}", "An\u{a0}B"), ("à", "à"), ("", "")] {
            assert_eq!(without_blanks(cell.as_bytes()), inner.as_bytes(), "{cell:?}");
        }
    }

    #[test]
    fn names_and_births_without_a_header_are_a_list() {
        let row =
            |n: usize, name: &str, year: usize| format!("79{:08}|{name}|01/02/{year}|Nam", 12_345_678 + n * 7_654_321);
        assert_eq!(persons("", |n, name| row(n, name, 1980 + n)), 8);
        // Nobody is named.
        assert_eq!(persons("", |n, _| row(n, "Máy bơm nước", 1980 + n)), 0);
    }
}
