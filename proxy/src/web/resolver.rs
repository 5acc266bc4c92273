//! Addresses of names, as the settings give them or the system's resolver knows them.
//!
//! An answer is used for some seconds: the system's library opens files and sockets for every question, on a thread of
//! its own, and a page of one site asks for the same name a dozen times. What was found is not judged here; whoever
//! connects judges it each time.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::refusal::Why;
use super::target::Authority;

/// Time for the resolver. glibc's default is 5 s per server and two tries.
const RESOLVE_SECONDS: u64 = 10;
/// How long an answer is used. The library does not tell for how long it may be; browsers take a minute.
const USED_SECONDS: u64 = 10;
/// Answers kept.
const ANSWERS_MAX: usize = 4_096;
/// Addresses kept of an answer, more than are ever tried.
const ADDRESSES_MAX: usize = 64;

type Addresses = Arc<[IpAddr]>;

/// Tells addresses.
#[derive(Debug)]
pub(super) struct Resolver {
    /// Addresses given in the settings instead of asked for.
    given: Vec<(String, IpAddr)>,
    /// By name, with the moment they were found.
    answers: Mutex<HashMap<Box<str>, (Instant, Addresses)>>,
}

impl Resolver {
    pub(super) fn new(given: Vec<(String, IpAddr)>) -> Self {
        Self { given, answers: Mutex::default() }
    }

    /// The addresses of `target`, in the resolver's order, unjudged.
    pub(super) async fn addresses(&self, target: &Authority) -> Result<Vec<SocketAddr>, Why> {
        let at = |address| SocketAddr::new(address, target.port);
        let given = self.given.iter().find(|(host, _)| *host == target.host).map(|(_, address)| *address);
        if let Some(address) = given.or_else(|| target.host.parse().ok()) {
            return Ok(vec![at(address)]);
        }
        let found = self.found(&target.host, || ask(&target.host)).await?;
        Ok(found.iter().copied().map(at).collect())
    }

    /// Whether `host` is a name of `address`. Of a name with many addresses every answer may tell others, so one that is
    /// not in the last is asked for again.
    pub(super) async fn is_name_of(&self, host: &Authority, address: IpAddr) -> bool {
        let tells = |found: Vec<SocketAddr>| found.iter().any(|found| found.ip().to_canonical() == address);
        if self.addresses(host).await.is_ok_and(tells) {
            return true;
        }
        self.forget(&host.host) && self.addresses(host).await.is_ok_and(tells)
    }

    async fn found<F>(&self, host: &str, ask: impl FnOnce() -> F) -> Result<Addresses, Why>
    where
        F: Future<Output = io::Result<Vec<IpAddr>>>,
    {
        let remembered = self.answers().get(host).map(|(since, found)| (*since, Arc::clone(found)));
        if let Some((_, found)) = remembered.filter(|(since, _)| is_fresh(*since)) {
            return Ok(found);
        }
        let answer = tokio::time::timeout(Duration::from_secs(RESOLVE_SECONDS), ask()).await;
        let found: Addresses = answer.map_err(|_| Why::UpstreamTimeout)?.map_err(|_| Why::NoSuchHost)?.into();
        let mut answers = self.answers();
        if answers.len() >= ANSWERS_MAX {
            answers.retain(|_, (since, _)| is_fresh(*since));
        }
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(host.into(), (Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    /// Whether there was an answer to forget.
    fn forget(&self, host: &str) -> bool {
        self.answers().remove(host).is_some()
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<Box<str>, (Instant, Addresses)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(since: Instant) -> bool {
    since.elapsed() < Duration::from_secs(USED_SECONDS)
}

async fn ask(host: &str) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((host, 0)).await?;
    Ok(found.map(|address| address.ip()).take(ADDRESSES_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        [192, 0, 2, n].into()
    }

    async fn asked(resolver: &Resolver, host: &str, told: io::Result<u8>) -> Result<Vec<IpAddr>, Why> {
        let told = told.map(|n| vec![address(n)]);
        resolver.found(host, || async { told }).await.map(|found| found.to_vec())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_used_for_a_while_and_a_failure_is_not() {
        let resolver = Resolver::new(Vec::new());
        let failed = || Err(io::ErrorKind::NotFound.into());
        assert_eq!(asked(&resolver, "a.example", failed()).await, Err(Why::NoSuchHost));
        assert_eq!(asked(&resolver, "a.example", Ok(1)).await, Ok(vec![address(1)]));
        assert_eq!(asked(&resolver, "a.example", failed()).await, Ok(vec![address(1)]));
        assert_eq!(asked(&resolver, "b.example", Ok(2)).await, Ok(vec![address(2)]));
        tokio::time::advance(Duration::from_secs(USED_SECONDS)).await;
        assert_eq!(asked(&resolver, "a.example", Ok(3)).await, Ok(vec![address(3)]));
        assert!(resolver.forget("a.example") && !resolver.forget("a.example"));
        assert_eq!(asked(&resolver, "a.example", Ok(4)).await, Ok(vec![address(4)]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_scan_of_names_takes_no_more_memory() {
        let resolver = Resolver::new(Vec::new());
        for n in 0..2 * ANSWERS_MAX {
            assert!(asked(&resolver, &format!("{n}.example"), Ok(1)).await.is_ok());
            assert!(resolver.answers().len() <= ANSWERS_MAX);
        }
    }

    #[tokio::test]
    async fn what_is_given_or_an_address_is_not_asked_for() {
        let resolver = Resolver::new(vec![("a.example".to_owned(), address(7))]);
        for (host, expected) in [("a.example", address(7)), ("192.0.2.9", address(9))] {
            let target = Authority { host: host.to_owned(), port: 443 };
            assert_eq!(resolver.addresses(&target).await, Ok(vec![SocketAddr::new(expected, 443)]));
            assert!(resolver.is_name_of(&target, expected).await && !resolver.is_name_of(&target, address(1)).await);
        }
        assert!(resolver.answers().is_empty());
    }
}
