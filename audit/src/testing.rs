//! Invented messages and a clock for tests. Every person in here is invented.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use chot_model::{
    Account, AccountSource, Action, Channel, Clock, Confidence, DecisionId, Destination, DetectorId, Inspection,
    Masked, Message, Mode, ObjectReport, PolicyVersion, Secret, Tally, Timestamp, Verdict, Zone,
};

use crate::Options;

/// A clock that goes on by a millisecond whenever it is asked.
#[derive(Debug)]
pub(crate) struct Ticking(AtomicU64);

impl Ticking {
    pub(crate) fn new() -> Arc<Self> {
        Self::at("2026-11-21T08:00:00Z")
    }

    pub(crate) fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(Timestamp::parse(time).expect("a time").unix_us())))
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(self.0.fetch_add(1_000, Relaxed))
    }
}

pub(crate) fn options() -> Options {
    Options { node: "gw1".to_owned(), segment_bytes: 16 << 10, free_bytes_warn: 2 << 20, free_bytes_stop: 1 << 20 }
}

pub(crate) fn id(n: u64) -> DecisionId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    DecisionId::new(Timestamp::from_unix_us(1_795_000_000_000_000 + n), random)
}

pub(crate) fn message(n: u64) -> Message {
    Message {
        id: id(n),
        received: Timestamp::from_unix_us(1_795_000_000_000_000 + n),
        channel: Channel::Web,
        client: Some("10.1.2.3".parse().expect("an address")),
        account: Account::new("an.nguyen", AccountSource::ProxyAuth),
        destination: Destination {
            app: Some("zalo"),
            activity: Some("upload_file"),
            host: "tt-files-wpa.chat.zalo.me".to_owned(),
            address: None,
            recipients: Vec::new(),
        },
        summary: Masked::danger_assume_masked("POST https://tt-files-wpa.chat.zalo.me/api"),
    }
}

/// An inspection that found nothing.
pub(crate) fn clean() -> Inspection {
    let object = ObjectReport {
        name: Masked::danger_assume_masked("hoa-don.xlsx"),
        media_type: "text/csv".to_owned(),
        bytes: 20_480,
        bytes_inspected: 20_480,
    };
    Inspection { object, elapsed_us: 812, ..Inspection::default() }
}

/// An inspection that found 120 invented people.
pub(crate) fn register() -> Inspection {
    let mut inspection = clean();
    inspection.tallies.insert(
        DetectorId::Cccd,
        Tally {
            count: 120,
            distinct: 120,
            low: 0,
            confidence: Some(Confidence::High),
            samples: vec![Secret::new("001090123456").masked()],
        },
    );
    inspection.persons = 120;
    inspection.bulk = true;
    inspection
}

pub(crate) fn verdict(action: Action) -> Verdict {
    let acted = action != Action::Allow;
    Verdict {
        action,
        zone: Zone::Outside,
        rule: acted.then(|| "no-identifiers-to-messaging".into()),
        mode: Mode::Enforce,
        why: if acted { vec!["120 distinct cccd (high) to app zalo".to_owned()] } else { Vec::new() },
        message: None,
        redact: if action == Action::Redact { vec![DetectorId::Cccd] } else { Vec::new() },
        shadowed: Vec::new(),
        policy: PolicyVersion("sha256:00".into()),
        exception: None,
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread; the futures here need no runtime.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
