//! Power cuts and failing disks: nothing leaves without its record, and every record ends.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::harness::fixtures::invoice;
use crate::harness::load::{self, tokens_in};
use crate::harness::mail::{OUTSIDER, letter};
use crate::harness::world::PARTY;
use crate::harness::{Form, Gate, text, wait_until};

/// What makes records durable; a direct write does so itself (`O_DSYNC`).
const SYNCS: &str = "fdatasync,fsync,pwrite64";

/// Messages of each kill scenario; `CHOT_CRASH_MESSAGES=10000 CHOT_CRASH_KILLS=20` is the long version.
fn messages() -> usize {
    from_env("CHOT_CRASH_MESSAGES", 300)
}

fn kills() -> usize {
    from_env("CHOT_CRASH_KILLS", 4)
}

fn from_env(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Kills and restarts the gateway while messages flow.
fn kill_and_restart(gate: &mut Gate, tried: &AtomicUsize) {
    let (messages, kills) = (messages(), kills());
    for _ in 0..kills {
        let before = tried.load(Ordering::Acquire);
        wait_until("messages flow", || tried.load(Ordering::Acquire) >= before + messages / (kills + 1));
        gate.crash();
        gate.start();
    }
}

/// What arrived is recorded, what was answered arrived, and every decision ended.
fn everything_is_accounted_for(gate: &mut Gate, told: &load::Told, arrived: &BTreeSet<String>) {
    gate.stop();
    gate.verify();
    let decisions = gate.records("decision");
    let mut allowed = BTreeSet::new();
    for decision in &decisions {
        assert_eq!(decision["verdict"]["action"], "allow");
        allowed.extend(tokens_in(&decision.to_string()));
    }
    let unrecorded: Vec<_> = arrived.difference(&allowed).collect();
    assert!(unrecorded.is_empty(), "{} arrived without a record: {unrecorded:?}", unrecorded.len());
    let lost: Vec<_> = told.delivered.difference(arrived).collect();
    assert!(lost.is_empty(), "{} were answered as delivered and did not arrive: {lost:?}", lost.len());

    let mut outcomes = BTreeMap::new();
    for outcome in gate.records("outcome") {
        let of = outcome["id"].as_str().expect("its decision").to_owned();
        let was = outcomes.insert(of, outcome["outcome"].as_str().expect("an outcome").to_owned());
        assert!(was.is_none(), "two outcomes of one decision");
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for decision in &decisions {
        let ended = outcomes.get(decision["id"].as_str().expect("an id")).map(String::as_str);
        assert!(matches!(ended, Some("delivered" | "aborted" | "in_doubt" | "failed" | "refused")), "{ended:?}");
        *counts.entry(ended.unwrap_or_default()).or_default() += 1;
    }
    // Seen with `--no-capture`: what a long run is run for.
    let (answered, arrived) = (told.delivered.len(), arrived.len());
    let line = format!("{answered} answered, {arrived} arrived, {} decisions: {counts:?}\n", decisions.len());
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

#[test]
fn kill_minus_nine_during_web_traffic_loses_no_record() {
    let mut gate = Gate::open();
    gate.keep_ports();
    let (proxy, host) = (gate.web(), gate.world.http.address);
    let told =
        load::run(messages(), &|token| load::post(proxy, host, token), |tried| kill_and_restart(&mut gate, tried));
    let arrived = gate.world.http.take().iter().flat_map(|received| tokens_in(&received.to)).collect();
    everything_is_accounted_for(&mut gate, &told, &arrived);
}

#[test]
fn kill_minus_nine_during_mail_traffic_loses_no_record() {
    let mut gate = Gate::open();
    gate.keep_ports();
    let mail = gate.mail();
    let told = load::run(messages(), &|token| load::mail(mail, token), |tried| kill_and_restart(&mut gate, tried));
    let arrived = gate.world.relay.take().iter().flat_map(|received| tokens_in(&text(&received.body))).collect();
    everything_is_accounted_for(&mut gate, &told, &arrived);
}

#[test]
fn nothing_leaves_while_the_disk_cannot_sync() {
    let gate = Gate::open();
    gate.chat("trước khi đĩa hỏng").is_delivered();
    gate.world.https.received_one();

    let fault = Fault::inject(&gate, &format!("{SYNCS}:error=EIO"));
    gate.request(PARTY, "/gui")
        .with(Form::Body { content_type: "application/octet-stream", bytes: invoice() })
        .send()
        .has_code(503);
    gate.mail_to(OUTSIDER, &letter(OUTSIDER, "xin chào")).has_code(451);
    gate.world.https.received_nothing();
    gate.world.relay.received_nothing();
    gate.ask_admin("GET", "/-/ready").has_code(503);

    fault.end();
    // The disk is well again: the next message opens a new segment, and the trail is still whole.
    wait_until("messages leave again", || gate.request(PARTY, "/gui").with(Form::text("xin chào")).send().code == 200);
    gate.world.https.received_one();
    gate.verify();
}

#[test]
fn nothing_leaves_while_the_disk_cannot_be_written() {
    let gate = Gate::open();
    let fault = Fault::inject(&gate, "pwrite64,pwritev,writev,fallocate:error=ENOSPC");
    let answer = gate.mail_to(OUTSIDER, &letter(OUTSIDER, "xin chào"));
    assert!((400..500).contains(&answer.code), "{answer:?}");
    gate.world.relay.received_nothing();
    fault.end();
    wait_until("mail leaves again", || gate.mail_to(OUTSIDER, &letter(OUTSIDER, "xin chào")).code == 250);
    gate.verify();
}

#[test]
fn nothing_leaves_before_the_disk_has_the_record() {
    const HANGS: Duration = Duration::from_secs(3);
    let gate = Gate::open();
    gate.chat("trước khi đĩa treo").is_delivered();
    gate.world.https.received_one();
    // No sync ends before that, however long a machine takes otherwise.
    let fault = Fault::inject(&gate, &format!("{SYNCS}:delay_enter={}", HANGS.as_micros()));
    let begun = Instant::now();
    let first = |take: &dyn Fn() -> usize| {
        wait_until("it arrives", || take() > 0);
        begun.elapsed()
    };
    let (web, mail) = std::thread::scope(|scope| {
        scope.spawn(|| gate.chat("trong khi đĩa treo").is_delivered().code);
        scope.spawn(|| gate.mail_to(OUTSIDER, &letter(OUTSIDER, "xin chào")).is_delivered().code);
        let web = scope.spawn(|| first(&|| gate.world.https.take().len()));
        let mail = scope.spawn(|| first(&|| gate.world.relay.take().len()));
        (web.join().expect("arrived"), mail.join().expect("arrived"))
    });
    assert!(web >= HANGS && mail >= HANGS, "{web:?}, {mail:?}");
    fault.end();
    gate.verify();
}

/// strace that makes system calls of the running gateway fail.
struct Fault {
    strace: Child,
}

impl Fault {
    #[track_caller]
    fn inject(gate: &Gate, what: &str) -> Self {
        let calls = what.split(':').next().unwrap_or_default();
        let mut strace = Command::new("strace")
            .args([
                "-f",
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={what}"),
                "-p",
                &gate.pid().to_string(),
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace");
        // It says so once it holds the process; after that nobody need read on, but the pipe must not fill.
        let mut said = BufReader::new(strace.stderr.take().expect("its output")).lines();
        let attached = said.by_ref().map_while(Result::ok).find(|line| line.contains("attached"));
        assert!(attached.is_some(), "strace cannot attach: ptrace must be allowed here");
        std::thread::spawn(move || said.for_each(drop));
        Self { strace }
    }

    /// Lets the process go on unharmed.
    fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.strace);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("signalled");
        self.strace.wait().expect("waited");
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}
