//! How many decisions can be made durable, and how many share one disk sync? The peer in the same run is the bare disk:
//! one `fdatasync` of a 512-byte write at a time. What counts is records per sync, which does not depend on the machine
//! being quiet. Every run is verified afterwards and must hold every record.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "records need a time; nothing here is a scenario")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chot_audit::{Ledger, Options, Permit};
use chot_model::{
    Account, Action, Channel, Clock, DecisionId, Destination, Inspection, Masked, Message, Mode, PolicyVersion,
    Timestamp, Verdict, Zone,
};

const RECORDS: u64 = 6_400;

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64)
    }
}

fn message(n: u64) -> Message {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&n.to_be_bytes());
    Message {
        id: DecisionId::new(Now.now(), random),
        received: Now.now(),
        channel: Channel::Web,
        client: None,
        account: Account::unknown(),
        destination: Destination { host: "chat.zalo.me".to_owned(), app: Some("zalo"), ..Destination::default() },
        summary: Masked::danger_assume_masked("POST https://chat.zalo.me/api/message/sms"),
    }
}

fn verdict() -> Verdict {
    Verdict {
        action: Action::Allow,
        zone: Zone::Outside,
        rule: None,
        mode: Mode::Enforce,
        why: vec!["no rule matched".to_owned()],
        message: None,
        redact: Vec::new(),
        shadowed: Vec::new(),
        policy: PolicyVersion("sha256:0000".into()),
        exception: None,
    }
}

fn bare_syncs_per_s(dir: &std::path::Path) -> f64 {
    let file = File::create(dir.join("bare")).unwrap();
    file.write_all_at(&vec![0; 1 << 20], 0).unwrap();
    file.sync_all().unwrap();
    let start = Instant::now();
    for n in 0..500 {
        file.write_all_at(&[n as u8; 512], n * 512).unwrap();
        file.sync_data().unwrap();
    }
    500.0 / start.elapsed().as_secs_f64()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{:>8} {:>10} {:>12} {:>14} {:>8}", "writers", "syncs", "records/sync", "records/s", "of bare");
    for writers in [1, 16, 256] {
        let dir = tempfile::tempdir().unwrap();
        let bare = bare_syncs_per_s(dir.path());
        let options =
            Options { node: "bench".to_owned(), segment_bytes: 16 << 20, free_bytes_warn: 0, free_bytes_stop: 0 };
        let path = dir.path().join("audit");
        let ledger = Ledger::open(&path, options, Arc::new(Now)).unwrap();
        let before = ledger.stats().syncs;
        let start = Instant::now();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..writers)
                .map(|w| {
                    let ledger = ledger.clone();
                    tokio::spawn(async move {
                        for n in 0..RECORDS / writers {
                            let message = message(w << 32 | n);
                            let receipt = ledger.decide(&message, &Inspection::default(), &verdict()).await.unwrap();
                            assert!(matches!(receipt.permit(), Permit::Forward(_)));
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        let rate = RECORDS as f64 / start.elapsed().as_secs_f64();
        let syncs = ledger.stats().syncs - before;
        ledger.close();
        let verified = chot_audit::verify(&path).unwrap();
        assert!(verified.is_ok() && verified.records >= RECORDS, "{verified:?}");
        println!("{writers:>8} {syncs:>10} {:>12.1} {rate:>14.0} {:>8.2}", RECORDS as f64 / syncs as f64, rate / bare);
    }
}
