//! The words that announce what a number is, compiled from the lists of the detectors and of this room.
//!
//! A list has one phrase a line, in any spelling (it is folded): plain for a phrase that names the thing, `~` before
//! one that only hints at it, `=` before one that means it only when it is a whole table header. `#` begins a
//! comment.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

use super::heard::Watched;
use super::{Columns, DIRECT, Firm, LINK, NEAR};
use crate::Column;
use crate::fold::{fold, spread_words};

/// Lists of columns that have no detector of their own, or that several share.
const SHARED: &[(Column, &str)] = &[
    (Column::IdNumber, include_str!("id_number.txt")),
    (Column::Name, include_str!("name.txt")),
    (
        Column::Surname,
        "= Họ\n= Họ đệm\n= Họ và đệm\n= Họ và chữ đệm\n= Họ lót\n= surname\n= last name\n= family name\n",
    ),
    (Column::GivenName, "= Tên\n= Tên đệm\n= Tên đệm và tên\n= first name\n= given name\n= middle name\n"),
    (Column::BirthDate, include_str!("birth_date.txt")),
    (Column::BirthYear, "Năm sinh\nNAM_SINH\n= birth year\n= year of birth\n"),
    (Column::Sex, "= Giới tính\n= GIOI_TINH\n= GT\n= Phái\n= Nam/Nữ\n= Nam\n= Nữ\n= Nữ (X)\n= sex\n= gender\n"),
    (Column::Address, include_str!("address.txt")),
    (Column::RowNumber, "= STT\n= TT\n= Số TT\n= Số thứ tự\n= No\n= #\n= row\n= STT hộ\n"),
    (Column::Health, include_str!("health.txt")),
    (Column::Negative, include_str!("negative.txt")),
];

/// Papers of a person that forms ask for in one field.
pub(super) const PAPERS: Columns = Columns::of(&[
    Column::Cccd,
    Column::Cmnd,
    Column::IdNumber,
    Column::Passport,
    Column::Bhxh,
    Column::Bhyt,
    Column::Tax,
]);

/// Headers that name an identifier but hold something about it: `Ngày cấp CCCD`.
const ABOUT: &[&str] =
    &["ngay cap", "noi cap", "ngaycap", "noicap", "gt the", "han", "so luong", "so nguoi", "tong so", "ty le", "muc"];

/// The compiled lists.
pub(crate) struct Words {
    automaton: AhoCorasick,
    /// What each pattern of the automaton announces.
    meaning: Vec<(Column, bool)>,
    headers: HashMap<String, Column>,
    /// One word of each phrase.
    pub(super) watched: Watched,
}

impl Words {
    /// Compiles `lists` and the shared ones.
    pub(crate) fn new<'l>(lists: impl Iterator<Item = &'l (Column, &'l str)>) -> Self {
        let (mut patterns, mut meaning, mut headers) = (Vec::new(), Vec::new(), HashMap::new());
        for (column, list) in lists.chain(SHARED) {
            for line in list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("# ")) {
                let (names, phrase) = match line.split_at_checked(1) {
                    Some(("=", phrase)) => (None, phrase),
                    Some(("~", phrase)) => (Some(false), phrase),
                    _ => (Some(true), line),
                };
                headers.entry(header_key(phrase)).or_insert(*column);
                if let Some(names) = names {
                    let mut pattern = Vec::new();
                    spread_words(phrase.as_bytes(), &mut pattern);
                    patterns.push(pattern);
                    meaning.push((*column, names));
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Unanchored)
            .kind(Some(AhoCorasickKind::DFA))
            // Every phrase begins with a space: nothing is gained by looking for the next one first.
            .prefilter(false)
            .build(&patterns)
            .unwrap_or_else(|_| unreachable!("the lists are part of the program and far below the automaton's limits"));
        let said = patterns.iter().zip(&meaning).map(|(phrase, (column, _))| (phrase.as_slice(), *column));
        let watched = Watched::new(said);
        Self { automaton, meaning, headers, watched }
    }

    /// Every phrase in folded text, in order: where it stands, what it announces, whether it names it.
    fn all(&self, folded: &[u8]) -> impl Iterator<Item = (std::ops::Range<usize>, Column, bool)> {
        self.automaton.find_iter(Input::new(folded).anchored(Anchored::No)).filter_map(|m| {
            let (column, names) = self.meaning.get(m.pattern().as_usize())?;
            Some((m.range(), *column, *names))
        })
    }

    /// What the phrases of the folded text before a number announce; the nearest naming phrase decides, with those
    /// linked to it. `away` bytes lie between the text and the number. Negative phrases speak only where `negative`.
    pub(super) fn nearest(&self, folded: &[u8], away: usize, negative: bool) -> (Columns, Firm) {
        let (mut linked, mut linked_end, mut hint) = (Columns::default(), None, None);
        for (range, column, names) in self.all(folded) {
            if column == Column::Negative && (!negative || follows_a_surname(folded, range.start)) {
                continue;
            }
            if !names {
                hint = Some((range.end, column));
                continue;
            }
            // `Số CCCD/CMND`, but not `tài khoản, CCCD`: only personal papers share a number.
            let joins = linked_end.is_some_and(|end| range.start <= end + LINK) && Columns::of(&[column]).meets(PAPERS);
            if !joins || !linked.meets(PAPERS) {
                linked = Columns::default();
            }
            linked.insert(column);
            linked_end = Some(range.end);
        }
        let distance = |end: usize| folded.len() - end + away;
        match (linked_end, hint) {
            (Some(end), _) if distance(end) <= DIRECT => (linked, Firm::Direct),
            (Some(end), _) if distance(end) <= NEAR => (linked, Firm::Near),
            // `bhxh 2021 … 200 4064988`: a mere hint speaks of the first number behind it.
            (_, Some((end, column)))
                if distance(end) <= DIRECT && !folded.get(end..).is_some_and(|b| b.iter().any(u8::is_ascii_digit)) =>
            {
                (Columns::of(&[column]), Firm::Weak)
            }
            _ => (Columns::default(), Firm::Not),
        }
    }

    /// What the folded text right behind a number announces.
    pub(super) fn first(&self, folded: &[u8]) -> (Columns, Firm) {
        match self.all(folded).next() {
            Some((range, column, true)) if range.start <= LINK => (Columns::of(&[column]), Firm::Direct),
            Some((range, column, false)) if range.start <= 2 => (Columns::of(&[column]), Firm::Weak),
            _ => (Columns::default(), Firm::Not),
        }
    }

    /// What a table header announces.
    pub(crate) fn column(&self, header: &str) -> Option<Column> {
        // A heading is short; a long text in the first row is none.
        if header.len() > 200 {
            return None;
        }
        let key = header_key(header);
        if let Some(column) = self.headers.get(&key) {
            return Some(*column);
        }
        // `Số CCCD (12 số)`, `1. Họ và tên`: without what is in brackets, without numbering.
        let bare: String = header
            .split(['(', '[', '\n'])
            .next()
            .unwrap_or_default()
            .chars()
            .skip_while(|c| c.is_ascii_digit() || ". )[]".contains(*c))
            .collect();
        if let Some(column) = self.headers.get(&header_key(&bare)) {
            return Some(*column);
        }
        let folded = fold(header);
        if ABOUT.iter().any(|about| folded.starts_with(about)) {
            return None;
        }
        let mut spread = Vec::new();
        spread_words(header.as_bytes(), &mut spread);
        let mut named = self.all(&spread).filter(|(_, _, names)| *names).map(|(_, column, _)| column);
        let first = named.next()?;
        let other_paper =
            named.any(|c| c != first && matches!(c, Column::Cccd | Column::Cmnd | Column::Passport | Column::IdNumber));
        let paper = matches!(first, Column::Cccd | Column::Cmnd | Column::Passport);
        Some(if paper && other_paper { Column::IdNumber } else { first })
    }
}

/// Whether a phrase at `at` goes on with a name: `Nguyễn Văn Đôn` is no `vận đơn`, `Lê Thành Tiến` no `thành tiền`.
fn follows_a_surname(folded: &[u8], at: usize) -> bool {
    const SURNAMES: &[&[u8]] = &[
        b"nguyen", b"tran", b"le", b"pham", b"hoang", b"huynh", b"phan", b"vu", b"vo", b"dang", b"bui", b"do", b"ho",
        b"ngo", b"duong", b"ly", b"truong", b"dinh", b"doan", b"lam", b"trinh", b"dao", b"luong", b"thai", b"ha",
        b"ta", b"chu", b"luu", b"quach", b"cao", b"mai", b"van", b"thi",
    ];
    let before = folded.get(..at).unwrap_or_default().trim_ascii_end();
    let word = before.rsplit(|b| *b == b' ').next().unwrap_or_default();
    SURNAMES.contains(&word)
}

/// The form headers are compared in: folded, and without the spaces, since `SO_CCCD`, `socccd` and `Số CCCD` are one.
fn header_key(header: &str) -> String {
    let folded = fold(header);
    if folded.is_empty() { header.trim().to_owned() } else { folded.replace(' ', "") }
}
