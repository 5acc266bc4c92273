//! Base85 in its three alphabets: Ascii85 (with and without `<~ ~>`), RFC 1924 as git and Python write it, Z85.
//!
//! The alphabets are most of ASCII, so only what decodes to text or a container from its first characters on is read.

use std::ops::Range;

use super::runs::{in_run, inspect};
use crate::inquiry::{Inquiry, Place};
use crate::sniff;

/// A shorter run holds no identifier with a word about it.
pub(super) const RUN_MIN: usize = 20;
/// A longer run is read no further.
const RUN_MAX: usize = 1 << 20;
/// So many characters tell whether a run means anything.
const TRIAL: usize = 40;
/// Characters that are decoded together.
const GROUP: usize = 5;

const RFC1924: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const Z85: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// The value of each character; 0xff for none.
const fn values(alphabet: &[u8; 85]) -> [u8; 256] {
    let mut table = [0xff; 256];
    let mut n = 0;
    while n < 85 {
        table[alphabet[n] as usize] = n as u8;
        n += 1;
    }
    table
}

const ASCII85: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut n = 0;
    while n < 85u8 {
        table[(b'!' + n) as usize] = n;
        n += 1;
    }
    table
};
const TABLES: [([u8; 256], bool); 3] = [(ASCII85, true), (values(RFC1924), false), (values(Z85), false)];

/// Beginnings remembered of each length, a power of two: the days of a year among them.
const KNOWN: usize = 512;
/// Two groups.
const PAIR: usize = 2 * GROUP;

/// All of them, a bit each.
const ALL: u8 = (1 << TABLES.len()) - 1;

/// The run being read.
#[derive(Default)]
pub(super) struct Base85 {
    run: Vec<u8>,
    /// The run means nothing, as far as it goes.
    skip: bool,
    beginnings: Beginnings,
}

/// Beginnings, one group long and two, and the alphabets in which they may mean something, where their hash tells: the
/// moments of a log all begin with the year, many of them with the day, and the addresses in it with the same few digits.
#[derive(Default)]
pub(super) struct Beginnings {
    groups: Vec<Known<GROUP>>,
    pairs: Vec<Known<PAIR>>,
}

/// So many first characters, and the alphabets.
type Known<const N: usize> = ([u8; N], u8);

impl Beginnings {
    /// The alphabets in which a bare run may mean anything.
    fn of(&mut self, run: &[u8]) -> u8 {
        let alphabets = run.first_chunk().map_or(ALL, |group| alphabets_of(&mut self.groups, group, ALL));
        match run.first_chunk() {
            // Most are told by their first group.
            Some(pair) if alphabets != 0 => alphabets_of(&mut self.pairs, pair, alphabets),
            _ => alphabets,
        }
    }
}

/// The alphabets in which a run may mean anything that begins so; none but those of `within` are asked for.
fn alphabets_of<const N: usize>(known: &mut Vec<Known<N>>, beginning: &[u8; N], within: u8) -> u8 {
    if known.is_empty() {
        known.resize(KNOWN, ([0; N], 0));
    }
    let hash = beginning.iter().fold(0, |hash, b| hash << 6 ^ u64::from(*b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let slot = known.get_mut((hash >> (u64::BITS - KNOWN.trailing_zeros())) as usize);
    if let Some((_, alphabets)) = slot.as_ref().filter(|(known, _)| known == beginning) {
        return *alphabets;
    }
    let may_tell = |n: &usize| TABLES.get(*n).is_some_and(|(table, zeros)| may_tell(beginning, table, *zeros));
    let told = (0..TABLES.len()).filter(|n| within >> n & 1 == 1).filter(may_tell);
    let alphabets = told.fold(0, |all, n| all | 1 << n);
    if let Some(slot) = slot {
        *slot = (*beginning, alphabets);
    }
    alphabets
}

impl Base85 {
    /// Whether a run of visible characters may mean anything.
    fn suspects(&mut self, run: &[u8]) -> bool {
        if run.len() < RUN_MIN {
            return false;
        }
        let run = bare(run);
        let alphabets = self.beginnings.of(run);
        alphabets != 0 && means_anything(run, alphabets)
    }

    /// Reads the next `core` of a text, in which `marked` are the runs that may be of this kind.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        core: &Range<usize>,
        marked: &[Range<usize>],
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let mut marked = marked.iter().peekable();
        let mut at = core.start;
        while at < core.end {
            while marked.next_if(|run| run.end <= at).is_some() {}
            if self.run.is_empty() && !self.skip {
                let Some(run) = marked.peek() else { return };
                at = at.max(run.start);
                if run.end < core.end && !self.suspects(text.get(at..run.end).unwrap_or_default()) {
                    at = run.end;
                    continue;
                }
            }
            let len = match marked.peek() {
                Some(run) if run.start <= at => run.end - at,
                _ => text.get(at..core.end).unwrap_or_default().iter().take_while(|b| b.is_ascii_graphic()).count(),
            };
            if !self.skip && len > 0 {
                self.run.extend_from_slice(text.get(at..at + len).unwrap_or_default());
                if self.run.len() > RUN_MAX || self.run.len() > 2 * TRIAL && !means_anything(bare(&self.run), ALL) {
                    self.run.clear();
                    self.skip = true;
                }
            }
            at += len + 1;
            if at <= core.end && !self.is_open() {
                self.end(place, inquiry);
            }
        }
    }

    /// Within `<~`, line breaks mean nothing.
    fn is_open(&self) -> bool {
        !self.skip && opened(&self.run).is_some_and(|inner| memchr::memmem::find(inner, b"~>").is_none())
    }

    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let run = std::mem::take(&mut self.run);
        if std::mem::take(&mut self.skip) || run.len() < RUN_MIN {
            return;
        }
        let run = bare(&run);
        for (table, zeros) in &TABLES {
            if let Some(bytes) = decode(run, table, *zeros)
                && tells(&bytes)
            {
                inspect(&bytes, "base85", place, inquiry);
            }
        }
    }
}

fn opened(run: &[u8]) -> Option<&[u8]> {
    // A fold without a branch is done with vectors: nearly all runs are short and have none.
    if run.len() <= TRIAL && !run.iter().fold(false, |any, b| any | (*b == b'<')) {
        return None;
    }
    let at = memchr::memchr_iter(b'<', run).find(|at| run.get(at + 1) == Some(&b'~'))?;
    run.get(at + 2..)
}

/// A run without the marks around it.
fn bare(run: &[u8]) -> &[u8] {
    if let Some(inner) = opened(run) {
        let end = memchr::memmem::find(inner, b"~>").unwrap_or(inner.len());
        return inner.get(..end).unwrap_or_default();
    }
    match run {
        [quote @ (b'"' | b'\''), inner @ .., last] if quote == last => inner,
        _ => run,
    }
}

/// Whether the first characters of a bare run decode to text or a container in one of `alphabets`.
fn means_anything(run: &[u8], alphabets: u8) -> bool {
    let run = run.get(..run.len().min(TRIAL)).unwrap_or_default();
    // Words, hashes and base64 have no other mark than those of base64, padded at the end.
    let padding = run.iter().rev().take_while(|b| **b == b'=').count();
    is_told(run, alphabets) && run.iter().take(run.len() - padding).any(|b| !in_run(*b))
}

/// Whether a run decodes to text or a container in one of `alphabets`.
fn is_told(run: &[u8], alphabets: u8) -> bool {
    TABLES.iter().enumerate().filter(|(n, _)| alphabets >> n & 1 == 1).any(|(_, (table, zeros))| {
        may_tell(run, table, *zeros) && decode(run, table, *zeros).is_some_and(|bytes| tells(&bytes))
    })
}

/// Whether reading all of a run comes to nothing; false when it is too long to be asked.
pub(super) fn means_nothing(run: &[u8], beginnings: &mut Beginnings) -> bool {
    run.len() <= TRIAL && bare_means_nothing(bare(run), beginnings)
}

/// The same of a run without marks around it.
pub(super) fn bare_means_nothing(run: &[u8], beginnings: &mut Beginnings) -> bool {
    if run.len() > TRIAL {
        return false;
    }
    let alphabets = beginnings.of(run);
    alphabets == 0 || !is_told(run, alphabets)
}

/// Whether there may be marks around a run in a text.
pub(super) fn may_be_framed(text: &[u8]) -> bool {
    memchr::memchr3(b'<', b'"', b'\'', text).is_some()
}

/// Whether the whole groups of `run` may be those of a text or a container. Most runs are told by their first, and
/// nothing has to be written down for that.
fn may_tell(run: &[u8], table: &[u8; 256], zeros: bool) -> bool {
    const HIGH: u32 = 0x8080_8080;
    // Bytes of a letter yet to come.
    let mut more = 0;
    let goes_on = |b: u8, more: &mut u8| {
        let continues = (0x80..=0xbf).contains(&b);
        let ok = (*more > 0) == continues;
        *more = match b {
            0x20..=0x7e | b'\n' | b'\r' | b'\t' => 0,
            0x80..=0xbf if *more > 0 => *more - 1,
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => return false,
        };
        ok
    };
    let mut rest = run;
    while let Some((group, tail)) = rest.split_first_chunk::<GROUP>() {
        let [a, b, c, d, e] = group.map(|b| u64::from(table[usize::from(b)]));
        if a | b | c | d | e == 0xff {
            // A short form, or none at all.
            return zeros && group.contains(&b'z');
        }
        let Ok(value) = u32::try_from((((a * 85 + b) * 85 + c) * 85 + d) * 85 + e) else { return false };
        let bytes = value.to_be_bytes();
        if rest.len() == run.len() && sniff::is_container(&bytes) {
            return true;
        }
        // Four letters of ASCII behind a whole one.
        let plain = value & HIGH == 0 && value.wrapping_sub(HIGH >> 2) & HIGH == 0 && (value + (HIGH >> 7)) & HIGH == 0;
        if !(plain && more == 0 || bytes.into_iter().all(|b| goes_on(b, &mut more))) {
            return false;
        }
        rest = tail;
    }
    true
}

/// Text here is text throughout: 85 characters in five often make a letter or two.
fn tells(bytes: &[u8]) -> bool {
    let cut = |bytes: &[u8]| match str::from_utf8(bytes) {
        Ok(text) => Some(text.len()),
        Err(e) => (e.error_len().is_none()).then_some(e.valid_up_to()),
    };
    let text = cut(bytes).and_then(|n| bytes.get(..n)).is_some_and(|text| {
        text.len() + 4 > bytes.len() && text.iter().all(|b| *b >= 0x20 || matches!(b, b'\n' | b'\r' | b'\t'))
    });
    sniff::is_plausible(bytes) && (text || sniff::is_container(bytes))
}

fn decode(run: &[u8], table: &[u8; 256], zeros: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(run.len());
    let (mut group, mut n) = (0u64, 0);
    for b in run {
        if zeros && *b == b'z' && n == 0 {
            out.extend_from_slice(&[0; 4]);
            continue;
        }
        let value = *table.get(usize::from(*b)).filter(|v| **v != 0xff)?;
        group = group * 85 + u64::from(value);
        n += 1;
        if n == 5 {
            out.extend_from_slice(&u32::try_from(group).ok()?.to_be_bytes());
            (group, n) = (0, 0);
        }
    }
    if n > 1 {
        for _ in n..5 {
            group = group * 85 + 84;
        }
        let bytes = u32::try_from(group).ok()?.to_be_bytes();
        out.extend_from_slice(bytes.get(..n - 1)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_alphabets_are_read() {
        for (run, table, plain) in [
            (&b"87cURD]i,\"Ebo80"[..], 0, &b"Hello World!"[..]),
            (b"NM&qnZ!92JZ*pv8As", 1, b"Hello, World!"),
            (b"HelloWorld", 2, b"\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b"),
        ] {
            let (table, zeros) = &TABLES[table];
            assert_eq!(decode(run, table, *zeros).as_deref(), Some(plain), "{}", String::from_utf8_lossy(run));
        }
    }

    #[test]
    fn words_mean_nothing() {
        for text in [
            "https://example.com/a/b?c=d&e=f#ghijklmnop",
            "function(a,b){return a.b(c)||d[e]+f>g?h:i}",
            "nguyen.van.an@example.vn;tran.thi.binh@example.vn",
            "....................................",
            "0123456789,0123456789,0123456789,0123",
        ] {
            assert!(!Base85::default().suspects(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_beginning_tells_holds_for_the_run(runs in proptest::collection::vec("(2026-(0[1-9]-2[0-9])?|10\\.1|\"|<~|[!-~]{0,9})[!-~]{20,30}", 1..20)) {
            let mut base85 = Base85::default();
            for run in &runs {
                prop_assert_eq!(base85.suspects(run.as_bytes()), means_anything(bare(run.as_bytes()), ALL), "{}", run);
                let nothing = run.len() <= TRIAL && !is_told(bare(run.as_bytes()), ALL);
                prop_assert_eq!(means_nothing(run.as_bytes(), &mut base85.beginnings), nothing, "{}", run);
            }
        }
    }
}
