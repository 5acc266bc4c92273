//! What does the web channel cost, beside proxies that do not look inside? The real binary with its ledger on, an origin
//! and clients on loopback; every proxy on core 1, origin and clients on core 0. The figure is CPU time of the proxy's
//! processes per request or per MiB, as a ratio to its peers in the same run.
//!
//! No request may fail, a citizen number must be refused, the origin must have got every byte, and the ledger must hold
//! as many decisions as there were requests. `benches/web/setup` installs the peers; one that is missing is left out and
//! said to be. Arguments choose works (`w1 w2 w3 w4 w4pq w5 h2 latency idle upload`) and peers (`chot chot-tmpfs nginx squid
//! mitmproxy`); none means all.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]

mod load;
mod origin;
mod proxies;
mod streams;

use std::path::Path;
use std::time::{Duration, Instant};

use load::{Client, Work};
use origin::Origin;
use proxies::{Kind, Proxy};

/// For how long each work is done through each proxy.
const SECONDS: u64 = 4;

/// In how many turns.
const TURNS: u32 = 8;

/// A work of the table with what is asked of it: times as much CPU as nginx, squid and mitmproxy at most.
struct Row {
    work: Work,
    connections: usize,
    nginx: Option<f64>,
    squid: Option<f64>,
    mitmproxy: Option<f64>,
}

const ROWS: [Row; 7] = [
    Row { work: Work::Small, connections: 16, nginx: Some(2.0), squid: Some(0.6), mitmproxy: Some(0.03) },
    Row { work: Work::Medium, connections: 8, nginx: Some(1.6), squid: None, mitmproxy: None },
    Row { work: Work::Upload, connections: 2, nginx: Some(1.4), squid: None, mitmproxy: None },
    Row { work: Work::Fresh, connections: 4, nginx: Some(1.8), squid: Some(0.2), mitmproxy: None },
    Row { work: Work::Hybrid, connections: 4, nginx: None, squid: None, mitmproxy: None },
    Row { work: Work::Get, connections: 8, nginx: Some(1.2), squid: None, mitmproxy: None },
    Row { work: Work::Streams, connections: 4, nginx: Some(2.0), squid: None, mitmproxy: None },
];

/// CPU time of each proxy for one unit of a work.
fn costs(rows: &[&Row], proxies: &[Proxy], origin: &Origin) {
    println!("CPU of the proxy's processes per request (w3: per MiB), µs, {SECONDS} s each; goals in brackets");
    println!(
        "{:<30} {:<10} {:>10} {:>9} {:>15} {:>15} {:>15}",
        "work", "proxy", "requests", "µs", "/ nginx", "/ squid", "/ mitmproxy"
    );
    for row in rows {
        let proxies: Vec<&Proxy> = proxies.iter().filter(|proxy| proxy.kind.does(row.work)).collect();
        let clients: Vec<Client<'_>> = proxies.iter().map(|proxy| Client::new(proxy, origin)).collect();
        // Handshakes, mints and first reads are not what is measured.
        let mut connections: Vec<_> = clients.iter().map(|client| client.open(row.work, row.connections)).collect();
        for ((proxy, client), connections) in proxies.iter().zip(&clients).zip(&mut connections) {
            proxy.asked(client.run(row.work, connections, Duration::from_millis(500)));
        }
        // In turns, so that what else the machine does strikes all alike.
        let mut sums = vec![(0, Duration::ZERO); proxies.len()];
        for _ in 0..TURNS {
            for (n, sum) in sums.iter_mut().enumerate() {
                let before = proxies[n].cpu();
                let done = clients[n].run(row.work, &mut connections[n], Duration::from_secs(SECONDS) / TURNS);
                proxies[n].asked(done);
                *sum = (sum.0 + done, sum.1 + proxies[n].cpu().checked_sub(before).unwrap());
            }
        }
        let cost = |done: u64, spent: Duration| spent.as_secs_f64() * 1e6 / (done as f64 * row.work.units());
        let measured = proxies.iter().zip(sums).map(|(proxy, (done, spent))| (proxy.kind, done, cost(done, spent)));
        let measured: Vec<(Kind, u64, f64)> = measured.collect();
        let of = |kind: Kind| measured.iter().find(|(k, ..)| *k == kind).map(|(.., cost)| *cost);
        for (kind, done, cost) in &measured {
            let share = |peer: Kind, goal: Option<f64>| match (of(peer), goal) {
                (Some(peer), Some(goal)) if kind.is_chot() => format!("{:.2} [{goal}]", cost / peer),
                (Some(peer), _) => format!("{:.2}", cost / peer),
                (None, _) => "-".to_owned(),
            };
            let (nginx, squid, mitmproxy) =
                (share(Kind::Nginx, row.nginx), share(Kind::Squid, row.squid), share(Kind::Mitmproxy, row.mitmproxy));
            println!(
                "{:<30} {:<10} {done:>10} {cost:>9.1} {nginx:>15} {squid:>15} {mitmproxy:>15}",
                row.work.name(),
                kind.name()
            );
        }
    }
}

/// How long one client waits for its answer, one request after the other.
fn latency(proxies: &[Proxy], origin: &Origin, dir: &Path) {
    println!("one connection, one request after the other; the disk's own sync beside it: {}", sync_time(dir));
    for work in [Work::Small, Work::Medium] {
        for proxy in proxies {
            let mut times = Client::new(proxy, origin).one_by_one(work, 1_000);
            proxy.asked(times.len() as u64);
            times.sort();
            let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
            println!("{:<30} {:<10} p50 {:.3} ms, p99 {:.3} ms", work.name(), proxy.kind.name(), at(50), at(99));
        }
    }
}

/// Middle and 99th of a hundred small writes with a sync each, as the ledger does them.
fn sync_time(dir: &Path) -> String {
    use std::io::Write;
    let mut file = std::fs::File::create(dir.join("sync")).unwrap();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 700]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    format!("p50 {:.3} ms, p99 {:.3} ms", times[100].as_secs_f64() * 1e3, times[198].as_secs_f64() * 1e3)
}

/// Memory of idle intercepted pairs, both TLS legs held, and what is given back.
fn idle(proxies: &[Proxy], origin: &Origin, pairs: usize) {
    println!("{pairs} idle intercepted pairs, each after one request: resident KiB a pair, and the share given back");
    for proxy in proxies {
        let before = proxy.resident_kib();
        let client = Client::new(proxy, origin);
        let held = client.hold(pairs);
        proxy.asked(pairs as u64);
        let full = proxy.resident_kib();
        drop(held);
        let given_back = Instant::now();
        let mut after = full;
        proxies::wait_until(Duration::from_secs(10), || {
            after = proxy.resident_kib().min(full);
            full - after >= (full - before) / 2
        });
        let (grown, back) = (full.saturating_sub(before), full.saturating_sub(after));
        println!(
            "{:<10} {:.1} KiB a pair [45]; {:.0} % given back {:.1} s after their end [50 % within 10 s]",
            proxy.kind.name(),
            grown as f64 / pairs as f64,
            100.0 * back as f64 / grown.max(1) as f64,
            given_back.elapsed().as_secs_f64()
        );
    }
}

/// Resident memory while one large body passes.
fn upload(proxies: &[Proxy], origin: &Origin, bytes: u64) {
    println!("one body of {} MiB", bytes >> 20);
    for proxy in proxies.iter().filter(|proxy| proxy.kind.is_chot()) {
        let (before, cpu) = (origin.received(), proxy.cpu());
        let start = Instant::now();
        let peak = Client::new(proxy, origin).upload(bytes);
        proxy.asked(1);
        assert_eq!(origin.received() - before, bytes, "the body did not arrive whole");
        println!(
            "{:<10} peak resident {} MiB [64], {:.0} MB/s, {:.2} ms CPU a MiB",
            proxy.kind.name(),
            peak >> 10,
            bytes as f64 / 1e6 / start.elapsed().as_secs_f64(),
            (proxy.cpu() - cpu).as_secs_f64() * 1e3 / (bytes >> 20) as f64
        );
    }
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str, all: &[&str]| {
        asked.iter().any(|word| word == name) || !asked.iter().any(|word| all.contains(&word.as_str()))
    };
    let works = ["w1", "w2", "w3", "w4", "w4pq", "w5", "h2", "latency", "idle", "upload"];
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();

    let dir = tempfile::tempdir().unwrap();
    let fast_dir = tempfile::tempdir_in("/dev/shm").unwrap();
    proxies::stay_on_core(std::process::id(), 0);
    let origin = Origin::start(dir.path());
    let mut proxies = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| wanted(kind.name(), &kinds)) {
        let home = if kind == Kind::ChotTmpfs { fast_dir.path() } else { dir.path() };
        match Proxy::start(kind, home, dir.path(), &origin) {
            Some(proxy) => proxies.push(proxy),
            None => println!("without {}: not installed (benches/web/setup)", kind.name()),
        }
    }
    let rows: Vec<&Row> = ROWS.iter().filter(|row| wanted(row.work.id(), &works)).collect();
    if !rows.is_empty() {
        costs(&rows, &proxies, &origin);
    }
    if wanted("latency", &works) {
        latency(&proxies, &origin, dir.path());
    }
    let number = std::env::var("CHOT_BENCH_PAIRS").map_or(5_000, |pairs| pairs.parse().unwrap());
    if wanted("idle", &works) {
        idle(&proxies, &origin, number);
    }
    if wanted("upload", &works) {
        let mib: u64 = std::env::var("CHOT_BENCH_UPLOAD_MIB").map_or(2_048, |mib| mib.parse().unwrap());
        upload(&proxies, &origin, mib << 20);
    }
    for proxy in proxies.iter().filter(|proxy| proxy.kind.is_chot()) {
        assert_eq!(Client::new(proxy, &origin).post_once("số CCCD 001090123456".as_bytes()), 403, "a number left");
        proxy.asked(1);
        let decisions = proxy.decisions();
        assert_eq!(decisions, proxy.asked_in_all(), "{}: decisions in the ledger", proxy.kind.name());
        println!("{}: {decisions} requests, as many decisions in the ledger", proxy.kind.name());
    }
}
