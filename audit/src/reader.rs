//! Looks records up: forwards or backwards through the segments, with a filter, or by number.
//!
//! It needs no lock and trusts frames, not chains: whether the ledger is whole is the verifier's question. It reads
//! one segment at a time, so memory is bounded by a segment.

use std::path::Path;
use std::sync::Arc;

use chot_model::{DecisionId, Timestamp};
use serde_json::Value;

use crate::Error;
use crate::chain::Chain;
use crate::frame::Tail;
use crate::segment;
use crate::store::{Directory, Store};

/// Which records to list. Every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// The verdict's action, such as `block`.
    pub action: Option<String>,
    /// The account, in any case.
    pub account: Option<String>,
    /// The application, such as `zalo`.
    pub app: Option<String>,
    /// The kind of record, such as `decision`.
    pub kind: Option<String>,
    /// The decision's number: the decision and its outcome.
    pub id: Option<DecisionId>,
    /// Decisions that would have been others if rules on trial counted; `action` is then what would have been done.
    pub shadow: bool,
    /// Text anywhere in the record, in any case.
    pub text: Option<String>,
}

/// Which end to begin at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// From the first record on.
    #[default]
    OldestFirst,
    /// From the last record back.
    NewestFirst,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number; of a purged run, the first number.
    pub seq: u64,
    /// Its kind.
    pub kind: String,
    /// The line as it stands in the ledger, without the line break.
    pub line: String,
    /// The line, parsed.
    pub value: Value,
}

impl Record {
    /// When it was written.
    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::parse(self.text("time"))
    }

    /// A text field of the record; empty when there is none.
    pub fn text(&self, field: &str) -> &str {
        self.value.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn parse(payload: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(payload).ok()?.trim_end_matches('\n').to_owned();
        let value: Value = serde_json::from_str(&line).ok()?;
        let kind = value.get("kind")?.as_str()?.to_owned();
        let seq = value.get(if kind == "purged" { "from" } else { "seq" })?.as_u64()?;
        Some(Self { seq, kind, line, value })
    }
}

/// A decision and how it ended.
#[derive(Clone, Debug)]
pub struct Found {
    /// The decision, or the refusal.
    pub decision: Record,
    /// Its outcome, when there is one yet.
    pub outcome: Option<Record>,
}

/// Reads a ledger.
#[derive(Clone, Debug)]
pub struct Reader {
    store: Arc<dyn Store>,
}

impl Reader {
    /// Reads the ledger in `dir`. There is none yet until a gateway ran: then there is nothing to list.
    pub fn open(dir: &Path) -> Self {
        Self::open_in(Arc::new(Directory::existing(dir)))
    }

    /// As [`Self::open`], in any [`Store`].
    pub fn open_in(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The records that `filter` lets through.
    ///
    /// # Errors
    /// When the directory cannot be read. A segment that cannot be read or is damaged is an error of the iterator,
    /// which then goes on with the next segment.
    pub fn records(&self, filter: Filter, order: Order) -> Result<Records, Error> {
        let files = match self.store.list() {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::Storage(error)),
        };
        let firsts = segment::firsts(&files);
        let mut segments: Vec<_> =
            firsts.iter().enumerate().map(|(n, first)| (*first, firsts.get(n + 1).copied())).collect();
        // Taken from the end.
        if order == Order::OldestFirst {
            segments.reverse();
        }
        let matcher = Matcher::new(filter);
        Ok(Records { store: Arc::clone(&self.store), matcher, order, segments, bytes: Vec::new(), ready: Vec::new() })
    }

    /// The decision of this number and its outcome, or what was refused under this number without a message to judge.
    ///
    /// # Errors
    /// When the ledger cannot be read as far as the decision.
    pub fn find(&self, id: DecisionId) -> Result<Option<Found>, Error> {
        let mut outcome = None;
        for record in self.records(Filter { id: Some(id), ..Filter::default() }, Order::NewestFirst)? {
            let record = record?;
            match record.kind.as_str() {
                "decision" | "refusal" => return Ok(Some(Found { decision: record, outcome })),
                // Backwards, so the first outcome of several wins.
                "outcome" => outcome = Some(record),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The record of this number.
    ///
    /// # Errors
    /// When its segment cannot be read.
    pub fn by_seq(&self, seq: u64) -> Result<Option<Record>, Error> {
        let mut records = self.records(Filter::default(), Order::OldestFirst)?;
        records.segments.retain(|(first, next)| *first <= seq && next.is_none_or(|next| seq < next));
        for record in records {
            let record = record?;
            let last = record.value.get("to").filter(|_| record.kind == "purged").and_then(Value::as_u64);
            if (record.seq..=last.unwrap_or(record.seq)).contains(&seq) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

/// The records of a ledger that a filter lets through.
#[derive(Debug)]
pub struct Records {
    store: Arc<dyn Store>,
    matcher: Matcher,
    order: Order,
    /// Segments still to read and where the next begins, taken from the end.
    segments: Vec<(u64, Option<u64>)>,
    /// The segment being read, and its payloads still to be told, taken from the end.
    bytes: Vec<u8>,
    ready: Vec<std::ops::Range<usize>>,
}

impl Records {
    /// Reads the next segment. Damage in it is told after the records before the damage were made ready.
    fn load(&mut self, first: u64, next: Option<u64>) -> Result<(), Error> {
        let file = segment::name(first);
        self.bytes = self.store.read(&file).map_err(Error::Storage)?;
        let mut records = segment::Records::new(&self.bytes, Chain::anywhere(), next);
        let mut damage = None;
        for live in &mut records {
            match live {
                Ok(live) => {
                    let end = live.frame.end();
                    self.ready.push(end - live.frame.payload.len()..end);
                }
                Err(offset) => damage = Some(offset),
            }
        }
        let end = records.frames.offset();
        // In the last segment this may be a record that is being written.
        let ended_early = records.chain.tip().is_some_and(|tip| next.is_some_and(|next| tip.seq + 1 != next));
        if damage.is_none() && ended_early && records.frames.tail() == Tail::Bad {
            damage = Some(end);
        }
        if self.order == Order::OldestFirst {
            self.ready.reverse();
        }
        match damage {
            None => Ok(()),
            Some(offset) => Err(Error::Damaged {
                file: self.store.path().join(file),
                offset: offset as u64,
                what: "records there do not read".to_owned(),
            }),
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(range) = self.ready.pop() {
                let payload = &self.bytes[range];
                if self.matcher.may_match(payload)
                    && let Some(record) = Record::parse(payload)
                    && self.matcher.matches(&record)
                {
                    return Some(Ok(record));
                }
            }
            let (first, next) = self.segments.pop()?;
            if let Err(error) = self.load(first, next) {
                return Some(Err(error));
            }
        }
    }
}

/// Whether a rule on trial would have done this, or anything.
fn would_have(record: &Record, action: Option<&str>) -> bool {
    let shadows = record.value.get("shadow").and_then(Value::as_array);
    let mut done = shadows.into_iter().flatten().filter_map(|shadow| shadow.get("action")?.as_str());
    done.any(|done| action.is_none_or(|action| action == done))
}

/// A filter made ready: texts folded once.
#[derive(Debug)]
struct Matcher {
    filter: Filter,
    account: Option<String>,
    text: Option<String>,
    id: Option<String>,
}

impl Matcher {
    fn new(filter: Filter) -> Self {
        let account = filter.account.as_ref().map(|a| a.to_lowercase());
        let text = filter.text.as_ref().map(|t| t.to_lowercase());
        let id = filter.id.map(|id| id.to_string());
        Self { filter, account, text, id }
    }

    /// A cheap look at the bytes before they are parsed.
    fn may_match(&self, payload: &[u8]) -> bool {
        let holds = |needle: &str| payload.windows(needle.len().max(1)).any(|w| w == needle.as_bytes());
        self.id.as_deref().is_none_or(holds)
    }

    fn matches(&self, record: &Record) -> bool {
        let Filter { since, until, action, account: _, app, kind, id: _, shadow, text: _ } = &self.filter;
        let at = |path: &str| record.value.pointer(path).and_then(Value::as_str);
        let same = |wanted: &Option<String>, path: &str| wanted.is_none() || at(path) == wanted.as_deref();
        let time = record.time();
        since.is_none_or(|since| time.is_some_and(|t| t >= since))
            && until.is_none_or(|until| time.is_some_and(|t| t < until))
            && if *shadow { would_have(record, action.as_deref()) } else { same(action, "/verdict/action") }
            && same(app, "/destination/app")
            && same(kind, "/kind")
            && (self.id.is_none() || at("/id") == self.id.as_deref())
            && self.account.as_ref().is_none_or(|a| at("/account").is_some_and(|b| b.to_lowercase() == *a))
            && self.text.as_ref().is_none_or(|t| record.line.to_lowercase().contains(t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_on_trial_would_have_done_can_be_asked_for() {
        let record = |shadow: &str| {
            let line = format!(r#"{{"kind":"decision","seq":1,"verdict":{{"action":"allow"}},"shadow":[{shadow}]}}"#);
            Record::parse(line.as_bytes()).expect("a record")
        };
        let block = r#"{"rule":"a","action":"redact","mode":"warn"},{"rule":"b","action":"block","mode":"shadow"}"#;
        for (shadow, is_asked, action, expected) in [
            ("", true, None, false),
            (block, true, None, true),
            (block, true, Some("block"), true),
            (block, true, Some("redact"), true),
            (block, true, Some("allow"), false),
            (block, false, Some("block"), false),
            (block, false, Some("allow"), true),
        ] {
            let filter = Filter { shadow: is_asked, action: action.map(str::to_owned), ..Filter::default() };
            assert_eq!(Matcher::new(filter).matches(&record(shadow)), expected, "{shadow} {is_asked} {action:?}");
        }
    }
}
