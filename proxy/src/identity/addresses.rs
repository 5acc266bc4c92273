//! Whose address it is: lines of a file, and mappings that log-on scripts make for a time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use chot_config::Network;
use chot_model::Timestamp;

use super::users::is_name;
use crate::Error;

/// Mappings that are made while running. More people do not sit behind one gateway.
const MAPPED_MAX: usize = 100_000;

pub(super) struct Addresses {
    /// The longest prefix first.
    listed: Vec<(Network, String, Option<Timestamp>)>,
    mapped: Arc<RwLock<HashMap<IpAddr, (String, Timestamp)>>>,
}

impl Addresses {
    /// Reads lines `address account` or `address account until`, the address perhaps with a prefix length.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, Error> {
        let mut listed = Vec::new();
        if let Some(path) = file {
            let wrong = |what: String| Error::Secret { path: path.to_owned(), what };
            let text = std::fs::read_to_string(path).map_err(|why| wrong(format!("cannot be read: {why}")))?;
            for (line, n) in text.lines().map(str::trim).zip(1..).filter(|(l, _)| !l.is_empty() && !l.starts_with('#'))
            {
                let words: Vec<&str> = line.split_whitespace().collect();
                let read = || {
                    let (network, name, until) = match words.as_slice() {
                        [network, name] => (network, name, None),
                        [network, name, until] => (network, name, Some(Timestamp::parse(until)?)),
                        _ => return None,
                    };
                    let network: Network = network.parse().ok()?;
                    is_name(name).then(|| (network, (*name).to_owned(), until))
                };
                listed.push(read().ok_or_else(|| wrong(format!("line {n} is not `address account [until]`")))?);
            }
        }
        listed.sort_by_key(|(network, ..)| std::cmp::Reverse(network.prefix));
        Ok(Self { listed, mapped: Arc::default() })
    }

    pub(super) const fn listed(&self) -> usize {
        self.listed.len()
    }

    pub(super) fn of(&self, address: IpAddr, now: Timestamp) -> Option<String> {
        let mapped = self.mapped.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, until)) = mapped.get(&address)
            && now < *until
        {
            return Some(name.clone());
        }
        let mut listed = self
            .listed
            .iter()
            .filter(|(network, _, until)| network.contains(address) && until.is_none_or(|until| now < until));
        listed.next().map(|(_, name, _)| name.clone())
    }

    /// Shares what is mapped with `other` from now on.
    pub(super) fn inherit(&mut self, other: &Self) {
        self.mapped = Arc::clone(&other.mapped);
    }

    pub(super) fn map(&self, address: IpAddr, account: Option<&str>, until: Timestamp) -> bool {
        let mut mapped = self.mapped.write().unwrap_or_else(PoisonError::into_inner);
        match account {
            None => drop(mapped.remove(&address)),
            Some(name) if !is_name(name) => return false,
            Some(_) if mapped.len() >= MAPPED_MAX && !mapped.contains_key(&address) => return false,
            Some(name) => drop(mapped.insert(address, (name.to_owned(), until))),
        }
        true
    }
}
