//! The running gateway: binds the listeners, watches over the sessions, reloads the policy, ends in order.
//!
//! It judges nothing and prints nothing; what an operator should read goes through [`Notify`].

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chot_audit::{Event, Ledger};
use chot_config::Settings;
use chot_inspect::{Extractor, Inspector, Limits};
use chot_model::Clock;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::admin::Admin;
use crate::drain::{Drain, Session};
use crate::gate::Gate;
use crate::hold::Holds;
use crate::listeners::{Addresses, Listeners};
use crate::mail::Mail;
use crate::mail::milter::{self, Milter};
use crate::reactor::Reactor;
use crate::reload::{Accounts, BypassFile, Core, Reloaded, absent, activated, bypass_activated, load_policy};
use crate::tls::{Ca, Interception};
use crate::web::Web;
use crate::{Error, admin, alarm, control, descriptors, mail, web};

/// Where lines for the operator go. The gateway itself prints nothing.
pub type Notify = Arc<dyn Fn(&str) + Send + Sync>;

/// How long sessions may take to finish what they hold: a mail's verdict and delivery fit into it.
const DRAIN_S: u64 = 100;
/// How often the ledger says that the gateway is alive, so that silence is visible.
const HEARTBEAT_S: u64 = 60;
/// How often plain allows are looked through for purging.
const PURGE_EVERY_S: u64 = 24 * 3_600;
/// A ledger segment: large enough for an hour of busy recording, small enough to preallocate in a blink.
const SEGMENT_BYTES: u64 = 64 << 20;

/// What reads complicated formats.
pub struct Readers {
    /// Reads them.
    pub extractor: Arc<dyn Extractor>,
    /// What confines such a reader elsewhere and not here: `landlock`, `seccomp`, `rlimit`; `process` where none can be
    /// started.
    pub lacks: Vec<&'static str>,
}

/// A running gateway.
pub struct Gateway {
    addresses: Addresses,
    core: Arc<Core>,
    drain: Drain,
    tasks: JoinSet<()>,
    /// Speaks with mail programs.
    mails: Reactor,
    control: PathBuf,
    ca_cert_pem: PathBuf,
}

impl Gateway {
    /// Starts everything the settings name. Complicated formats are read by `readers`.
    ///
    /// # Errors
    /// When a listener, the ledger, the CA or the policy cannot be had. Nothing is left running then.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        notify: Notify,
        readers: Readers,
    ) -> Result<Self, Error> {
        descriptors::raise();
        let data = settings.data_dir.clone();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&data)
            .map_err(|source| Error::Data { path: data.clone(), source })?;
        let (policy, warnings) = load_policy(settings.policy_file.as_deref()).map_err(Error::Policy)?;
        if !warnings.list.is_empty() {
            notify(&warnings.to_string());
        }

        let options = chot_audit::Options {
            node: settings.audit.node.clone(),
            segment_bytes: SEGMENT_BYTES,
            free_bytes_warn: settings.audit.free_bytes_warn,
            free_bytes_stop: settings.audit.free_bytes_stop,
        };
        let ledger = Ledger::open(&data.join("audit"), options, Arc::clone(&clock))?;
        let holds = Holds::new(&data.join("spool"), settings.inspect.memory_bytes_max).map_err(Error::Hold)?;
        let holds = holds.leaving_free(settings.audit.free_bytes_warn);
        let inspector = inspector(&settings, clock.now().date().0, readers.extractor);
        absent(&settings).iter().for_each(|line| notify(&format!("! {line}")));
        let bypass_file = BypassFile::of(&settings);
        let (bypass, _) = bypass_file.load().map_err(Error::Policy)?;
        let accounts = Accounts::of(&settings);
        let identity = Arc::new(accounts.load()?);
        let ca = match (&settings.tls.ca_cert, &settings.tls.ca_key) {
            (Some(cert), Some(key)) => Ca::load(cert, key)?,
            _ => Ca::load_or_make(&data)?,
        };
        let ca_cert_pem = ca.cert_path().to_owned();
        let interception = Arc::new(Interception::new(ca, &settings.tls.extra_roots)?);

        let mails = Reactor::start("mail").map_err(Error::Thread)?;
        let listeners = Listeners::bind(&settings, &mails, &notify).await?;
        let addresses = listeners.addresses;
        let control = control::path(&data);
        let control_listener = control::bind(&control)
            .map_err(|source| Error::Listen { address: control.display().to_string(), source })?;

        let (version, lines) = (env!("CARGO_PKG_VERSION").to_owned(), addresses.lines());
        ledger.event(Event::GatewayStarted { version, listeners: lines, readers_lack: readers.lacks.clone() }).await?;
        if !readers.lacks.is_empty() {
            notify(&weakly_confined(&readers.lacks));
        }
        ledger.event(activated(&policy, "start")).await?;
        if !bypass.entries().is_empty() {
            ledger.event(bypass_activated(&bypass, "start")).await?;
        }
        let gate = Gate::new(inspector, Arc::new(policy), ledger, clock, holds);
        gate.set_bypass(Arc::new(bypass));
        gate.set_identity(identity);
        let core = Arc::new(Core {
            gate: gate.clone(),
            policy_file: settings.policy_file.clone(),
            bypass_file,
            accounts,
            reloading: Mutex::new(()),
            notify: Arc::clone(&notify),
        });

        let (drain, session) = Drain::new();
        let mut tasks = JoinSet::new();
        let web_channel = Arc::new(Web::new(gate.clone(), &settings.web, interception)?);
        for (listener, door) in listeners.web {
            tasks.spawn(web::serve(Arc::clone(&web_channel), listener, door, session.clone()));
        }
        let mut mail_channel = None;
        if !listeners.mail.is_empty() {
            let (roots, free_bytes_min) = (&settings.tls.extra_roots, settings.audit.free_bytes_warn);
            let mail = Arc::new(Mail::new(gate.clone(), &settings.mail, roots, &data, free_bytes_min)?);
            for (listener, door) in listeners.mail {
                tasks.spawn_on(mail::serve(Arc::clone(&mail), door, listener, session.clone()), mails.handle());
            }
            tasks.spawn(mail::expire(Arc::clone(&mail), session.clone()));
            mail_channel = Some(mail);
        }
        if !listeners.milter.is_empty() {
            let milter = Arc::new(Milter::new(gate.clone(), &settings.mail, mail_channel.clone()));
            for listener in listeners.milter {
                let serving = milter::serve(Arc::clone(&milter), listener, session.clone());
                tasks.spawn_on(serving, mails.handle());
            }
        }
        let admin = Arc::new(Admin::new(Arc::clone(&core), mail_channel, &data, addresses.admin)?);
        if let Some(listener) = listeners.admin {
            tasks.spawn(admin::serve_tcp(Arc::clone(&admin), listener, session.clone()));
        }
        tasks.spawn(admin::serve_control(admin, control_listener, session.clone()));
        tasks.spawn(heartbeat(gate.clone(), session.clone()));
        tasks.spawn(alarm::watch(gate.clone(), Arc::clone(&notify), session.clone()));
        tasks.spawn(purge(gate, settings.audit.allow_days, notify, session));
        Ok(Self { addresses, core, drain, tasks, mails, control, ca_cert_pem })
    }

    /// Addresses in use.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The interception CA's certificate, PEM, for clients to trust.
    pub fn ca_cert_pem(&self) -> &Path {
        &self.ca_cert_pem
    }

    /// The policy in force, as `sha256:…`.
    pub fn policy_version(&self) -> String {
        self.core.gate.policy().version().to_string()
    }

    /// Loads the policy file again, through the same path as the first load. `by` is who asked: `signal`, `control`,
    /// `admin`.
    ///
    /// # Errors
    /// When the change could not be recorded; the old policy stays in force.
    pub async fn reload(&self, by: &str) -> Result<Reloaded, Error> {
        if let Err(problems) = self.core.reload_bypass(by).await {
            (self.core.notify)(&format!("the list of what is not decrypted stays as it was\n{problems}"));
        }
        if let Err(problems) = self.core.reload_accounts(by).await {
            (self.core.notify)(&format!("the accounts stay as they were\n{problems}"));
        }
        self.core.reload(by).await
    }

    /// Stops listening, lets sessions finish what they hold, closes the ledger.
    pub async fn stop(mut self) {
        let finished = self.drain.finish(Duration::from_secs(DRAIN_S)).await;
        if !finished {
            (self.core.notify)("some sessions did not finish in time and are cut off");
        }
        self.tasks.shutdown().await;
        let _ = tokio::task::spawn_blocking(move || self.mails.stop()).await;
        // Socket files of a stopped gateway would only make others wait for nobody.
        for file in [Some(&self.control), self.addresses.milter_socket.as_ref()].into_iter().flatten() {
            let _ = std::fs::remove_file(file);
        }
        let ledger = self.core.gate.ledger().clone();
        if let Err(error) = ledger.event(Event::GatewayStopped).await {
            (self.core.notify)(&format!("the stop could not be recorded: {error}"));
        }
        let _ = tokio::task::spawn_blocking(move || ledger.close()).await;
    }
}

/// What the operator is told where readers of files could do more than read.
fn weakly_confined(lacks: &[&str]) -> String {
    format!(
        "! tiến trình đọc tệp thiếu {0}, xem chot doctor; trong systemd dùng SystemCallFilter của deploy/systemd/chot.service · \
         file readers run without {0}, see chot doctor; under systemd take SystemCallFilter from deploy/systemd/chot.service",
        lacks.join(", ")
    )
}

/// What inspects, as the settings say; births are judged by the year it is.
fn inspector(settings: &Settings, this_year: u16, extractor: Arc<dyn Extractor>) -> Inspector {
    let inspect = &settings.inspect;
    let limits = Limits {
        depth_max: inspect.depth_max,
        members_max: inspect.members_max,
        inflated_bytes_max: inspect.inflated_bytes_max,
        time_max: Duration::from_millis(inspect.time_max_ms),
        print_time_max: Duration::from_millis(inspect.print_time_max_ms),
        zero_numbers: inspect.zero_numbers,
    };
    let inspector =
        Inspector::new(limits, this_year).extracting(extractor).unlocking(inspect.passwords.iter().cloned());
    if inspect.cache { inspector.cached() } else { inspector }
}

async fn heartbeat(gate: Gate, mut session: Session) {
    let mut ticks = tokio::time::interval(Duration::from_secs(HEARTBEAT_S));
    ticks.tick().await;
    loop {
        tokio::select! {
            () = session.drained() => return,
            _ = ticks.tick() => {
                // A ledger that cannot record already refuses every message and says so in its health.
                let _ = gate.ledger().event(Event::Heartbeat).await;
            }
        }
    }
}

async fn purge(gate: Gate, allow_days: u32, notify: Notify, mut session: Session) {
    let mut ticks = tokio::time::interval(Duration::from_secs(PURGE_EVERY_S));
    loop {
        tokio::select! {
            () = session.drained() => return,
            _ = ticks.tick() => {
                let kept_us = u64::from(allow_days) * 24 * 3_600 * 1_000_000;
                let before = gate.clock().now().unix_us().saturating_sub(kept_us);
                let ledger = gate.ledger().clone();
                let before = chot_model::Timestamp::from_unix_us(before);
                // What could not be purged today is purged tomorrow; the ledger stays whole either way. But records kept
                // longer than was promised are for the operator to know.
                match tokio::task::spawn_blocking(move || ledger.purge(before)).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => notify(&format!("plain allows could not be purged by age: {error}")),
                    Err(_) => notify("plain allows could not be purged by age"),
                }
            }
        }
    }
}
