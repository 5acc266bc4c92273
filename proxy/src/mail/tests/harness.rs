//! The three parties of a scenario: [`Client`], [`Gateway`] and [`FakeHop`].

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chot_audit::fault::Simulated;
use chot_audit::{Filter, Ledger, Options, Order, Reader};
use chot_config::{
    ClientTls, Known, MailSettings, MilterQuarantine, Network, NextHopTls, NotifySenders, Policy, QuarantineReply,
    SenderLimits,
};
use chot_inspect::{Inspector, Limits as InspectLimits};
use chot_model::{Clock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::drain::{Drain, Session};
use crate::gate::Gate;
use crate::hold::Holds;
use crate::mail::limits::Limits;
use crate::mail::wire::Io;
use crate::mail::{Mail, serve, serve_lmtp};

/// No scenario takes this long; a test that waits for it has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

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
pub(super) struct Gateway {
    pub(super) address: std::net::SocketAddr,
    pub(super) drain: Option<Drain>,
    pub(super) disk: Simulated,
    ledger: Ledger,
    pub(super) mail: Arc<Mail>,
    pub(super) spool: tempfile::TempDir,
}

/// What a scenario changes of the gateway.
pub(super) struct Setup {
    pub(super) settings: MailSettings,
    pub(super) limits: Limits,
    pub(super) extra_roots: Vec<std::path::PathBuf>,
    /// Bytes of bodies held in memory.
    pub(super) memory: u64,
    /// LMTP is spoken instead of SMTP.
    pub(super) is_lmtp: bool,
}

impl Setup {
    pub(super) fn new(hop: &FakeHop) -> Self {
        let settings = MailSettings {
            listen: Vec::new(),
            clients: vec![Network { address: [127, 0, 0, 0].into(), prefix: 8 }],
            next_hop: Some(hop.address.clone()),
            next_hop_tls: NextHopTls::Off,
            cert: None,
            key: None,
            client_tls: ClientTls::Offer,
            mend_lines: Vec::new(),
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
        Self { settings, limits, extra_roots: Vec::new(), memory: 1 << 20, is_lmtp: false }
    }

    pub(super) async fn start(self) -> Gateway {
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
        if self.is_lmtp {
            tokio::spawn(serve_lmtp(Arc::clone(&mail), listener, session));
        } else {
            tokio::spawn(serve(Arc::clone(&mail), listener, session));
        }
        Gateway { address, drain: Some(drain), disk, ledger, mail, spool }
    }
}

impl Gateway {
    pub(super) async fn before(hop: &FakeHop) -> Self {
        Setup::new(hop).start().await
    }

    /// Connections to the next hop that wait for a client.
    pub(super) fn idle(&self) -> usize {
        self.mail.next_hop.idle.len()
    }

    pub(super) async fn connect(&self) -> Client {
        let mut client = self.connect_silently().await;
        assert_eq!(client.reply().await.code(), "220");
        client
    }

    pub(super) async fn connect_silently(&self) -> Client {
        let tcp = TcpStream::connect(self.address).await.expect("connected");
        tcp.set_nodelay(true).expect("no delay");
        Client { io: Some(Box::new(tcp)), read: Vec::new() }
    }

    /// A client that has said EHLO.
    pub(super) async fn greeted(&self) -> Client {
        let mut client = self.connect().await;
        assert_eq!(client.ask("EHLO client.example").await.code(), "250");
        client
    }

    /// Everything recorded, after all sessions have ended: action and outcome of each decision, reason of refusals.
    pub(super) async fn records(mut self) -> Vec<String> {
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
    pub(super) async fn admin_records(mut self) -> Vec<String> {
        let drain = self.drain.take().expect("not drained yet");
        assert!(drain.finish(PATIENCE).await, "sessions stay");
        self.ledger.close();
        let reader = Reader::open_in(Arc::new(self.disk.clone()));
        let records = reader.records(Filter::default(), Order::OldestFirst).expect("readable");
        let of_admins = records.map(|record| record.expect("a record")).filter(|record| record.kind == "admin");
        of_admins.map(|record| record.value["what"].as_str().expect("text").to_owned()).collect()
    }

    /// The decision records, as JSON.
    pub(super) async fn decisions(mut self) -> Vec<serde_json::Value> {
        let drain = self.drain.take().expect("not drained yet");
        assert!(drain.finish(PATIENCE).await, "sessions stay");
        self.ledger.close();
        let reader = Reader::open_in(Arc::new(self.disk.clone()));
        let records = reader.records(Filter::default(), Order::OldestFirst).expect("readable");
        records.map(|record| record.expect("a record")).filter(|r| r.kind == "decision").map(|r| r.value).collect()
    }
}

/// A reply as it came: all lines, CR LF included.
#[derive(Debug)]
pub(super) struct Said(pub(super) String);

impl Said {
    pub(super) fn code(&self) -> &str {
        self.0.get(..3).unwrap_or_default()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

/// A client that says exact bytes.
pub(super) struct Client {
    pub(super) io: Option<Box<dyn Io>>,
    read: Vec<u8>,
}

impl Client {
    fn io(&mut self) -> &mut Box<dyn Io> {
        self.io.as_mut().expect("connected")
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref().to_vec();
        let io = self.io();
        timeout(PATIENCE, async {
            io.write_all(&bytes).await?;
            io.flush().await
        })
        .await
        .expect("taken")
        .expect("sent");
    }

    pub(super) async fn ask(&mut self, command: &str) -> Said {
        self.send(format!("{command}\r\n")).await;
        self.reply().await
    }

    pub(super) async fn reply(&mut self) -> Said {
        self.try_reply().await.expect("a reply")
    }

    /// `None` when the connection is closed instead.
    pub(super) async fn try_reply(&mut self) -> Option<Said> {
        loop {
            let mut end = 0;
            for line in self.read.split_inclusive(|b| *b == b'\n') {
                if !line.ends_with(b"\r\n") {
                    break;
                }
                end += line.len();
                if line.get(3) == Some(&b' ') {
                    let said = self.read.drain(..end).collect();
                    return Some(Said(String::from_utf8(said).expect("text")));
                }
            }
            let mut chunk = [0; 4_096];
            let n = timeout(PATIENCE, self.io().read(&mut chunk)).await.expect("an answer").unwrap_or(0);
            if n == 0 {
                assert!(self.read.is_empty(), "half a reply");
                return None;
            }
            self.read.extend_from_slice(&chunk[..n]);
        }
    }

    pub(super) async fn is_closed(&mut self) -> bool {
        self.try_reply().await.is_none()
    }

    /// MAIL and RCPT, accepted.
    pub(super) async fn envelope(&mut self, to: &str) {
        assert_eq!(self.ask("MAIL FROM:<an.nguyen@x.inside.example>").await.code(), "250");
        assert_eq!(self.ask(&format!("RCPT TO:<{to}>")).await.code(), "250");
    }

    /// A whole transaction; the reply to the mail.
    pub(super) async fn mail(&mut self, to: &str, wire: &str) -> Said {
        self.envelope(to).await;
        assert_eq!(self.ask("DATA").await.code(), "354");
        self.send(wire).await;
        self.reply().await
    }

    pub(super) async fn hang_up(&mut self) {
        self.io = None;
    }

    pub(super) async fn half_close(&mut self) {
        self.io().shutdown().await.expect("shut down");
    }
}

/// What a next hop does instead of the usual.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Says this, CR LF included.
    Say(&'static str),
    /// Says this one byte at a time.
    Drip(&'static str),
    /// Says this and closes.
    SayAndClose(&'static str),
    /// Closes.
    Close,
    /// Says nothing and waits for the gateway to give up.
    Silence,
    /// Does the usual once the scenario allows it.
    Await(Arc<Notify>),
}

/// A next hop that does what its script says, and the usual otherwise.
pub(super) struct FakeHop {
    pub(super) address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    hung_up: bool,
    commands: Vec<String>,
    mails: Vec<String>,
}

/// Verb (or `greeting`, `dot`, `block`, `response`) and what is done at its first, second, … time.
pub(super) type Script = Vec<(&'static str, Act)>;

#[derive(Clone)]
struct Scene {
    acts: Arc<Mutex<HashMap<&'static str, VecDeque<Act>>>>,
    seen: Arc<Mutex<Seen>>,
    ehlo: &'static str,
    tls: Option<Arc<rustls::ServerConfig>>,
}

pub(super) const EHLO: &str = "250-hop.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN SCRAM-SHA-256-PLUS\r\n250 ENHANCEDSTATUSCODES\r\n";

impl FakeHop {
    pub(super) async fn usual() -> Self {
        Self::new(Vec::new()).await
    }

    pub(super) async fn new(script: Script) -> Self {
        Self::with(script, EHLO, None).await
    }

    pub(super) async fn with(script: Script, ehlo: &'static str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mut acts: HashMap<_, VecDeque<_>> = HashMap::new();
        script.into_iter().for_each(|(when, act)| acts.entry(when).or_default().push_back(act));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let scene = Scene { acts: Arc::new(Mutex::new(acts)), seen: Arc::clone(&seen), ehlo, tls };
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tcp.set_nodelay(true).expect("no delay");
                tokio::spawn(scene.clone().serve(Box::new(tcp)));
            }
        });
        Self { address, seen }
    }

    /// Command lines in the order they came, `QUIT` and greetings left out.
    pub(super) fn commands(&self) -> Vec<String> {
        self.dialogue().into_iter().filter(|line| line != "(dot)").collect()
    }

    /// The same with `(dot)` for every final dot.
    pub(super) fn dialogue(&self) -> Vec<String> {
        let is_told = |line: &&String| !["EHLO", "HELO", "QUIT"].iter().any(|verb| line.starts_with(verb));
        self.seen.lock().expect("no panic").commands.iter().filter(is_told).cloned().collect()
    }

    /// Whether a connection was closed politely.
    pub(super) fn has_quit(&self) -> bool {
        self.seen.lock().expect("no panic").commands.iter().any(|line| line == "QUIT")
    }

    pub(super) fn has_seen(&self, command: &str) -> bool {
        self.dialogue().iter().any(|seen| seen.starts_with(command))
    }

    /// Waits until the command came.
    pub(super) async fn sees(&self, command: &str) {
        let seen = async {
            while !self.has_seen(command) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, seen).await.expect("seen");
    }

    /// Waits until so many mails have come whole.
    pub(super) async fn receives(&self, n: usize) {
        let received = async {
            while self.dialogue().iter().filter(|line| *line == "(dot)").count() < n {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, received).await.expect("received");
    }

    /// Waits until it closed a connection by its script.
    pub(super) async fn hung_up(&self) {
        let hung_up = async {
            while !self.seen.lock().expect("no panic").hung_up {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, hung_up).await.expect("hung up");
    }

    /// Mails as they came over the wire, up to and without the final dot; of unfinished ones what came.
    pub(super) fn mails(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").mails.clone()
    }
}

impl Scene {
    fn act(&self, when: &str) -> Option<Act> {
        self.acts.lock().expect("no panic").get_mut(when).and_then(VecDeque::pop_front)
    }

    /// Whether the connection goes on.
    async fn perform(&self, io: &mut Box<dyn Io>, when: &str, usual: &str) -> bool {
        match self.act(when) {
            None => io.write_all(usual.as_bytes()).await.is_ok() && io.flush().await.is_ok(),
            Some(Act::Say(text)) => io.write_all(text.as_bytes()).await.is_ok() && io.flush().await.is_ok(),
            Some(Act::Drip(text)) => {
                for byte in text.as_bytes() {
                    let _ = io.write_all(&[*byte]).await;
                    let _ = io.flush().await;
                    tokio::task::yield_now().await;
                }
                true
            }
            Some(Act::SayAndClose(text)) => {
                let _ = io.write_all(text.as_bytes()).await;
                let _ = io.shutdown().await;
                self.seen.lock().expect("no panic").hung_up = true;
                false
            }
            Some(Act::Close) => false,
            Some(Act::Await(allowed)) => {
                allowed.notified().await;
                io.write_all(usual.as_bytes()).await.is_ok() && io.flush().await.is_ok()
            }
            Some(Act::Silence) => {
                let mut sink = [0; 1_024];
                while io.read(&mut sink).await.is_ok_and(|n| n > 0) {}
                false
            }
        }
    }

    async fn serve(self, mut io: Box<dyn Io>) {
        if !self.perform(&mut io, "greeting", "220 hop.example ESMTP\r\n").await {
            return;
        }
        let (mut buf, mut in_auth) = (Vec::new(), false);
        loop {
            let Some(line) = line(&mut io, &mut buf).await else { return };
            self.seen.lock().expect("no panic").commands.push(line.clone());
            let verb = if in_auth { "response" } else { line.split(' ').next().unwrap_or_default() };
            let usual = match verb {
                "EHLO" => self.ehlo,
                "DATA" => "354 go ahead\r\n",
                "AUTH" | "response" => "235 2.7.0 welcome\r\n",
                "STARTTLS" => "220 ready\r\n",
                "QUIT" => "221 bye\r\n",
                _ => "250 2.1.0 fine\r\n",
            };
            let next = self.acts.lock().expect("no panic").get(verb).and_then(|acts| acts.front().cloned());
            let said = match &next {
                Some(Act::Say(text) | Act::Drip(text) | Act::SayAndClose(text)) => *text,
                _ => usual,
            };
            if !self.perform(&mut io, verb, usual).await {
                return;
            }
            in_auth = said.starts_with("334");
            if verb == "DATA" && said.starts_with("354") && !self.mail(&mut io, &mut buf).await {
                return;
            }
            match verb {
                "STARTTLS" if said == usual => {
                    let config = self.tls.clone().expect("TLS is offered with a certificate");
                    let Ok(tls) = tokio_rustls::TlsAcceptor::from(config).accept(io).await else { return };
                    io = Box::new(tls);
                }
                _ => {}
            }
        }
    }

    async fn mail(&self, io: &mut Box<dyn Io>, buf: &mut Vec<u8>) -> bool {
        // Other connections bring mails meanwhile.
        let nth = {
            let mails = &mut self.seen.lock().expect("no panic").mails;
            mails.push(String::new());
            mails.len() - 1
        };
        let interrupts = self.acts.lock().expect("no panic").contains_key("block");
        if interrupts && !self.perform(io, "block", "").await {
            return false;
        }
        loop {
            let Some(line) = line(io, buf).await else { return false };
            if line == "." {
                self.seen.lock().expect("no panic").commands.push("(dot)".to_owned());
                return self.perform(io, "dot", "250 2.0.0 queued as 42\r\n").await;
            }
            let mut seen = self.seen.lock().expect("no panic");
            let mail = &mut seen.mails[nth];
            mail.push_str(&line);
            mail.push_str("\r\n");
        }
    }
}

/// A line that ends in CR LF, without it.
async fn line(io: &mut Box<dyn Io>, buf: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buf.windows(2).position(|w| w == b"\r\n") {
            let line = buf.drain(..end + 2).take(end).collect();
            return Some(String::from_utf8(line).expect("text"));
        }
        let mut chunk = vec![0; 16_384];
        let n = io.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        buf.extend_from_slice(&chunk[..n]);
    }
}
