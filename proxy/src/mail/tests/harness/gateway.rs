//! The gateway under test: settings, policy and a simulated disk, and what its ledger says afterwards.

use std::sync::Arc;
use std::time::Duration;

use chot_audit::fault::Simulated;
use chot_audit::{Filter, Ledger, Options, Order, Reader};
use chot_config::{
    ClientTls, Known, MailSettings, MilterQuarantine, Network, NextHopTls, NotifySenders, Policy, QuarantineReply,
    SenderLimits,
};
use chot_inspect::{Inspector, Limits as InspectLimits};
use chot_model::{Clock, Timestamp};
use tokio::net::TcpListener;

use super::{Client, FakeHop, PATIENCE};
use crate::drain::{Drain, Session};
use crate::gate::Gate;
use crate::hold::Holds;
use crate::mail::limits::Limits;
use crate::mail::{Door, Mail, serve};

const POLICY: &str = r#"
schema = 1
[policy]
id = "scenario"
mode = "enforce"
[domains]
internal = ["*.inside.example"]
partner = ["*.partner.example"]
[[rule]]
id = "identifiers-stay"
when.zone = ["outside"]
when.detect.identifier.at-least = 1
then.action = "block"
then.message.vi = "Không gửi số định danh ra ngoài."
then.message.en = "Identifiers do not leave."
[[rule]]
id = "plates-wait"
when.zone = ["outside"]
when.detect.plate.at-least = 1
then.action = "quarantine"
[[rule]]
id = "partners-see-masks"
when.zone = ["partner"]
when.detect.identifier.at-least = 1
then.action = "redact"
"#;

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-11-21T08:00:00Z").expect("a time")
    }
}

/// The gateway under test with its ledger.
pub(crate) struct Gateway {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) drain: Option<Drain>,
    pub(crate) disk: Simulated,
    ledger: Ledger,
    pub(crate) mail: Arc<Mail>,
    pub(crate) spool: tempfile::TempDir,
}

/// What a scenario changes of the gateway.
pub(crate) struct Setup {
    pub(crate) settings: MailSettings,
    pub(crate) limits: Limits,
    pub(crate) extra_roots: Vec<std::path::PathBuf>,
    /// Bytes of bodies held in memory.
    pub(crate) memory: u64,
    /// What is spoken.
    pub(crate) door: Door,
}

impl Setup {
    pub(crate) fn new(hop: &FakeHop) -> Self {
        let settings = MailSettings {
            listen: Vec::new(),
            clients: vec![Network { address: [127, 0, 0, 0].into(), prefix: 8 }],
            next_hop: Some(hop.address.clone()),
            next_hop_tls: NextHopTls::Off,
            cert: None,
            key: None,
            client_tls: ClientTls::Offer,
            mend_lines: Vec::new(),
            listen_tls: Vec::new(),
            lmtp_listen: Vec::new(),
            milter_listen: Vec::new(),
            milter_socket: None,
            milter_socket_mode: 0o660,
            milter_socket_group: None,
            milter_quarantine: MilterQuarantine::Server,
            trusted: Vec::new(),
            proxy_protocol: Vec::new(),
            split_zones: Vec::new(),
            quarantine_reply: QuarantineReply::Accept,
            quarantine_days: 30,
            notify_senders: NotifySenders::Off,
            notice_from: None,
            ambiguity_header: false,
            dkim: Vec::new(),
            limits: SenderLimits::default(),
            size_max: 1 << 20,
        };
        let limits = Limits { goodbye: Duration::from_millis(200), ..Limits::default() };
        Self { settings, limits, extra_roots: Vec::new(), memory: 1 << 20, door: Door::Smtp }
    }

    pub(crate) async fn start(self) -> Gateway {
        let disk = Simulated::new();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock);
        let options =
            Options { segment_bytes: 1 << 20, free_bytes_warn: 0, free_bytes_stop: 1_000, ..Options::default() };
        let ledger = Ledger::open_in(Arc::new(disk.clone()), options, Arc::clone(&clock)).expect("a ledger");
        let (policy, _) = Policy::check(POLICY, "policy.toml", Known::default()).expect("a policy");
        let spool = tempfile::tempdir().expect("a folder");
        let holds = Holds::new(spool.path(), self.memory).expect("holds");
        let inspector = Inspector::new(InspectLimits::default(), 2026);
        let gate = Gate::new(inspector, Arc::new(policy), ledger.clone(), clock, holds);
        let mut mail = Mail::new(gate, &self.settings, &self.extra_roots, spool.path(), 0).expect("a mail channel");
        mail.next_hop.limits = self.limits;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (drain, session): (Drain, Session) = Drain::new();
        let mail = Arc::new(mail);
        tokio::spawn(serve(Arc::clone(&mail), self.door, listener, session));
        Gateway { address, drain: Some(drain), disk, ledger, mail, spool }
    }
}

impl Gateway {
    pub(crate) async fn before(hop: &FakeHop) -> Self {
        Setup::new(hop).start().await
    }

    /// Connections to the next hop that wait for a client.
    pub(crate) fn idle(&self) -> usize {
        self.mail.next_hop.idle.len()
    }

    pub(crate) async fn connect(&self) -> Client {
        let mut client = self.connect_silently().await;
        assert_eq!(client.reply().await.code(), "220");
        client
    }

    pub(crate) async fn connect_silently(&self) -> Client {
        Client::to(self.address).await
    }

    /// A client that has said EHLO.
    pub(crate) async fn greeted(&self) -> Client {
        let mut client = self.connect().await;
        assert_eq!(client.ask("EHLO client.example").await.code(), "250");
        client
    }

    /// Everything recorded, after all sessions have ended: action and outcome of each decision, reason of refusals.
    pub(crate) async fn records(mut self) -> Vec<String> {
        let drain = self.drain.take().expect("not drained yet");
        assert!(drain.finish(PATIENCE).await, "sessions stay");
        self.ledger.close();
        let reader = Reader::open_in(Arc::new(self.disk.clone()));
        let records = reader.records(Filter::default(), Order::OldestFirst).expect("readable");
        let told = records.filter_map(|record| {
            let value = record.expect("a record").value;
            let text = |pointer: &str| value.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            match text("/kind").as_str() {
                "decision" => Some(text("/verdict/action")),
                "outcome" => Some(format!("{}: {}", text("/outcome"), text("/detail"))),
                "refusal" => Some(format!("refusal: {}", text("/reason"))),
                _ => None,
            }
        });
        told.collect()
    }

    /// What administrators did.
    pub(crate) async fn admin_records(mut self) -> Vec<String> {
        let drain = self.drain.take().expect("not drained yet");
        assert!(drain.finish(PATIENCE).await, "sessions stay");
        self.ledger.close();
        let reader = Reader::open_in(Arc::new(self.disk.clone()));
        let records = reader.records(Filter::default(), Order::OldestFirst).expect("readable");
        let of_admins = records.map(|record| record.expect("a record")).filter(|record| record.kind == "admin");
        of_admins.map(|record| record.value["what"].as_str().expect("text").to_owned()).collect()
    }

    /// The decision records, as JSON.
    pub(crate) async fn decisions(mut self) -> Vec<serde_json::Value> {
        let drain = self.drain.take().expect("not drained yet");
        assert!(drain.finish(PATIENCE).await, "sessions stay");
        self.ledger.close();
        let reader = Reader::open_in(Arc::new(self.disk.clone()));
        let records = reader.records(Filter::default(), Order::OldestFirst).expect("readable");
        records.map(|record| record.expect("a record")).filter(|r| r.kind == "decision").map(|r| r.value).collect()
    }
}
