//! What is passed on without being decrypted: hosts that pin their certificates, ask for the client's own, or must not be
//! read. Every entry has a reason and ends on a day.
//!
//! Pure: callers hand in the text and the time. Whether a connection truly leads to a host is theirs to prove.

mod shape;

use std::net::IpAddr;
use std::path::Path;

use chot_model::Timestamp;

use self::shape::BYPASS;
use crate::diagnostic::{Diagnostics, FileKind, Note, Problem, Report};
use crate::draft::{mend, parse, tables, text, texts, walk};
use crate::host::{HostMap, HostPattern};
use crate::network::Network;

/// The lists of hosts that offices share.
const CATEGORIES: &str = include_str!("categories.txt");

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BypassEntry {
    /// What it names: hosts, networks and categories as written.
    pub places: Vec<String>,
    /// Why these are not read.
    pub reason: String,
    /// Its last day, as written.
    pub until: String,
    /// Who approved it, when that was written down.
    pub approved_by: Option<String>,
    ends: Timestamp,
}

impl BypassEntry {
    /// Whether its last day is over. Days are those of Viet Nam, UTC+7.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.ends
    }
}

/// The list, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bypass {
    entries: Vec<BypassEntry>,
    hosts: HostMap<usize>,
    networks: Vec<(Network, usize)>,
}

/// The end of a day in Viet Nam.
fn end_of(day: &str) -> Option<Timestamp> {
    const DAY_US: u64 = 24 * 3_600 * 1_000_000;
    const AHEAD_US: u64 = 7 * 3_600 * 1_000_000;
    // A 31 February would be read as another day.
    let is_day = |begins: &Timestamp| {
        let (year, month, day_of_month) = begins.date();
        format!("{year:04}-{month:02}-{day_of_month:02}") == day
    };
    let begins = Timestamp::parse(day).filter(is_day)?;
    Some(Timestamp::from_unix_us(begins.unix_us().checked_add(DAY_US)?.checked_sub(AHEAD_US)?))
}

fn categories() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = CATEGORIES.lines().filter_map(|line| line.split('#').next());
    lines.filter_map(|line| line.trim().split_once(' ')).map(|(category, host)| (category, host.trim()))
}

impl Bypass {
    /// Checks a list. The second value holds its warnings.
    ///
    /// # Errors
    /// Everything wrong, at once.
    pub fn check(source: &str, file: &Path) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut report = Report::new(source, FileKind::Settings);
        let mended = mend(source, &mut report);
        let root = parse(&mended);
        walk(root.get_ref(), 0..0, &BYPASS, "in the file", &mut report);
        let mut list = Self::default();
        for (table, span) in tables(root.get_ref(), "bypass") {
            let listed = |key: &str| texts(table, &[key]).unwrap_or_default();
            let at = list.entries.len();
            let mut places = Vec::new();
            for (host, span) in listed("hosts") {
                places.push(host.to_owned());
                let Ok(pattern) = HostPattern::parse(host) else { continue };
                if list.hosts.insert(pattern, at).is_some() {
                    let message = format!("`{host}` is listed twice");
                    report
                        .push(Note::error(Problem::DuplicateId, span, message).help("list it once, with one last day"));
                }
            }
            for (network, span) in listed("networks") {
                places.push(network.to_owned());
                let Ok(parsed) = network.parse::<Network>() else { continue };
                if parsed.prefix == 0 {
                    let note = Note::error(Problem::Unsafe, span, "nothing at all would be read");
                    report.push(note.help("list only the addresses that need it"));
                }
                list.networks.push((parsed, at));
            }
            for (category, _) in listed("categories") {
                places.push(category.to_owned());
                for (_, host) in categories().filter(|(name, _)| *name == category) {
                    // What an entry of its own says goes before.
                    if let Ok(pattern) = HostPattern::parse(host)
                        && list.hosts.get_pattern(&pattern).is_none()
                    {
                        list.hosts.insert(pattern, at);
                    }
                }
            }
            if places.is_empty() {
                let note = Note::error(Problem::Missing, span, "an entry names nothing");
                report.push(note.help("give it `hosts`, `networks` or `categories`"));
            }
            let until = text(table, &["until"]).unwrap_or_default();
            list.entries.push(BypassEntry {
                places,
                reason: text(table, &["reason"]).unwrap_or_default().to_owned(),
                until: until.to_owned(),
                approved_by: text(table, &["approved_by"]).map(str::to_owned),
                ends: end_of(until).unwrap_or_else(|| Timestamp::from_unix_us(0)),
            });
        }
        let failed = report.has_errors();
        let diagnostics = report.finish(&file.display().to_string());
        if failed { Err(diagnostics) } else { Ok((list, diagnostics)) }
    }

    /// Every entry, those that are over too.
    pub fn entries(&self) -> &[BypassEntry] {
        &self.entries
    }

    /// The entry of a host, in lower case, that is in force.
    pub fn of_host(&self, host: &str, now: Timestamp) -> Option<&BypassEntry> {
        self.in_force(self.hosts.get(host)?, now)
    }

    /// The entry of an address that is in force.
    pub fn of_address(&self, address: IpAddr, now: Timestamp) -> Option<&BypassEntry> {
        let mut listed = self.networks.iter().filter(|(network, _)| network.contains(address));
        listed.find_map(|(_, at)| self.in_force(*at, now))
    }

    fn in_force(&self, at: usize, now: Timestamp) -> Option<&BypassEntry> {
        self.entries.get(at).filter(|entry| !entry.is_over(now))
    }

    /// The text of one more entry for a host, to be put behind a list.
    pub fn entry_text(host: &str, reason: &str, until: &str, approved_by: &str) -> String {
        let quoted = |text: &str| {
            let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
        };
        format!(
            "\n[[bypass]]\nhosts = [{}]\nreason = {}\nuntil = {}\napproved_by = {}\n",
            quoted(host),
            quoted(reason),
            quoted(until),
            quoted(approved_by)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect(text)
    }

    fn check(text: &str) -> Result<Bypass, String> {
        Bypass::check(text, Path::new("bypass.toml")).map(|(list, _)| list).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn an_entry_holds_until_its_last_day_is_over() {
        let list = check(
            "[[bypass]]\nhosts = [\"*.Ca.Example\"]\nnetworks = [\"203.0.113.0/24\"]\nreason = \"ký số\"\nuntil = \"2026-12-31\"",
        )
        .expect("a list");
        for (now, holds) in [
            ("2026-12-31T16:59:59Z", true),
            ("2026-12-31T17:00:00Z", false),
            ("2027-01-01T00:00:00Z", false),
            ("2020-01-01T00:00:00Z", true),
        ] {
            assert_eq!(list.of_host("sign.ca.example", at(now)).is_some(), holds, "{now}");
            assert_eq!(list.of_address([203, 0, 113, 9].into(), at(now)).is_some(), holds, "{now}");
        }
        let now = at("2026-01-01T00:00:00Z");
        assert!(
            list.of_host("ca.example.evil", now).is_none() && list.of_address([203, 0, 114, 9].into(), now).is_none()
        );
        assert_eq!(list.of_host("ca.example", now).map(|entry| entry.reason.as_str()), Some("ký số"));
    }

    #[test]
    fn a_category_is_its_hosts_and_an_entry_of_its_own_goes_before() {
        let entry =
            |place: &str, reason: &str| format!("[[bypass]]\n{place}\nreason = \"{reason}\"\nuntil = \"2099-01-01\"\n");
        let list =
            check(&[entry("categories = [\"banking\"]", "bank"), entry("hosts = [\"*.acb.com.vn\"]", "own")].concat());
        // Listed twice would be an error; a category gives way only to what stands before it.
        assert!(list.is_err());
        let list =
            check(&[entry("hosts = [\"*.acb.com.vn\"]", "own"), entry("categories = [\"banking\"]", "bank")].concat());
        let list = list.expect("a list");
        let now = at("2026-01-01T00:00:00Z");
        let reason = |host| list.of_host(host, now).map(|entry| entry.reason.as_str());
        assert_eq!(
            (reason("online.acb.com.vn"), reason("www.bidv.com.vn"), reason("acb.example")),
            (Some("own"), Some("bank"), None)
        );
    }

    #[test]
    fn every_line_of_the_categories_is_sound() {
        let words: Vec<_> = categories().collect();
        assert!(words.len() > 10);
        for (category, host) in words {
            assert!(HostPattern::parse(host).is_ok(), "{host}");
            assert!(shape::CATEGORY_WORDS.contains(&category), "{category}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, told) in [
            ("[[bypass]]\nhosts = [\"a.example\"]\nuntil = \"2026-12-31\"", "`reason` is missing"),
            ("[[bypass]]\nhosts = [\"a.example\"]\nreason = \"x\"", "`until` is missing"),
            ("[[bypass]]\nhosts = [\"a.example\"]\nreason = \"x\"\nuntil = \"31/12/2026\"", "not a day"),
            ("[[bypass]]\nhosts = [\"a.example\"]\nreason = \"x\"\nuntil = \"2026-02-31\"", "not a day"),
            ("[[bypass]]\nreason = \"x\"\nuntil = \"2026-12-31\"", "names nothing"),
            ("[[bypass]]\nnetworks = [\"0.0.0.0/0\"]\nreason = \"x\"\nuntil = \"2026-12-31\"", "nothing at all"),
            ("[[bypass]]\ncategories = [\"bank\"]\nreason = \"x\"\nuntil = \"2026-12-31\"", "banking"),
            ("[[bypass]]\nhosts = [\"*\"]\nreason = \"x\"\nuntil = \"2026-12-31\"", "not a host"),
        ] {
            let wrong = check(text).expect_err(text);
            assert!(wrong.contains(told), "{text}: {wrong}");
        }
        assert!(check("").expect("a list").entries().is_empty());
    }

    #[test]
    fn a_written_entry_reads_back() {
        let text = Bypass::entry_text("pin.example", "ứng dụng \"ghim\"\nchứng thư \\", "2099-06-30", "Trần A");
        let list = check(&text).expect("a list");
        let entry = list.of_host("pin.example", at("2026-01-01T00:00:00Z")).expect("an entry");
        assert_eq!(entry.reason, "ứng dụng \"ghim\" chứng thư \\");
        assert_eq!((entry.until.as_str(), entry.approved_by.as_deref()), ("2099-06-30", Some("Trần A")));
    }
}
