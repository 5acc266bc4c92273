//! The running gateway: binds the listeners, watches over the sessions, reloads the policy, ends in order.
//!
//! It judges nothing and prints nothing; what an operator should read goes through [`Notify`].

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chot_audit::{Event, Ledger};
use chot_config::Settings;
use chot_inspect::{Extractor, Inspector, Limits};
use chot_model::Clock;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::admin::Admin;
use crate::drain::{Drain, Session};
use crate::gate::Gate;
use crate::hold::Holds;
use crate::mail::Mail;
use crate::mail::milter::{self, Milter};
use crate::passed::Passed;
use crate::reactor::Reactor;
use crate::reload::{Accounts, BypassFile, Core, Reloaded, activated, bypass_activated, load_policy};
use crate::tls::{Ca, Interception};
use crate::web::{Door, Led, Web};
use crate::{Error, admin, descriptors, mail, web};

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

/// Addresses in use, with the ports the system chose where the settings said 0.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Web proxy.
    pub web: Vec<SocketAddr>,
    /// Web proxy over TLS.
    pub web_tls: Vec<SocketAddr>,
    /// Web connections that the firewall leads here.
    pub led: Vec<SocketAddr>,
    /// SMTP.
    pub mail: Vec<SocketAddr>,
    /// SMTP under TLS from the first byte on.
    pub mail_tls: Vec<SocketAddr>,
    /// LMTP.
    pub lmtp: Vec<SocketAddr>,
    /// Milter.
    pub milter: Vec<SocketAddr>,
    /// The milter's socket file.
    pub milter_socket: Option<PathBuf>,
    /// Admin and console.
    pub admin: Option<SocketAddr>,
}

async fn bind(passed: &mut Passed, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address: address.to_string(), source };
    let listener = match passed.take(address) {
        Some(passed) => TcpListener::from_std(passed),
        None => TcpListener::bind(address).await,
    };
    let listener = listener.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

impl Gateway {
    /// Starts everything the settings name. Complicated formats are read by `extractor`.
    ///
    /// # Errors
    /// When a listener, the ledger, the CA or the policy cannot be had. Nothing is left running then.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        notify: Notify,
        extractor: Arc<dyn Extractor>,
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
        let limits = Limits {
            depth_max: settings.inspect.depth_max,
            members_max: settings.inspect.members_max,
            inflated_bytes_max: settings.inspect.inflated_bytes_max,
            time_max: Duration::from_millis(settings.inspect.time_max_ms),
            print_time_max: Duration::from_millis(settings.inspect.print_time_max_ms),
            zero_numbers: settings.inspect.zero_numbers,
        };
        let inspector = Inspector::new(limits, clock.now().date().0)
            .extracting(extractor)
            .unlocking(settings.inspect.passwords.iter().cloned());
        let inspector = if settings.inspect.cache { inspector.cached() } else { inspector };
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

        let mut addresses = Addresses::default();
        let failed = |source| Error::Listen { address: "a passed socket".to_owned(), source };
        let mut passed = Passed::take_all().map_err(failed)?;
        let (mut web_listeners, mut led_listeners) = (Vec::new(), Vec::new());
        let mut mail_listeners = Vec::new();
        for address in &settings.web.listen {
            let (listener, bound) = bind(&mut passed, *address).await?;
            addresses.web.push(bound);
            web_listeners.push((listener, Door::Explicit));
        }
        for address in &settings.web.listen_tls {
            let (listener, bound) = bind(&mut passed, *address).await?;
            addresses.web_tls.push(bound);
            web_listeners.push((listener, Door::Secure));
        }
        for (list, led) in [(&settings.web.transparent, Led::Redirect), (&settings.web.tproxy, Led::Tproxy)] {
            for address in list {
                let failed = |source| Error::Listen { address: address.to_string(), source };
                let listener = match passed.take(*address) {
                    Some(passed) => TcpListener::from_std(passed).map_err(failed)?,
                    None => web::bind_led(*address, led).map_err(failed)?,
                };
                addresses.led.push(listener.local_addr().map_err(failed)?);
                led_listeners.push((listener, led));
            }
        }
        let mails = Reactor::start("mail").map_err(Error::Thread)?;
        if settings.mail.next_hop.is_some() {
            for (list, bounds, door) in [
                (&settings.mail.listen, &mut addresses.mail, mail::Door::Smtp),
                (&settings.mail.listen_tls, &mut addresses.mail_tls, mail::Door::Secure),
                (&settings.mail.lmtp_listen, &mut addresses.lmtp, mail::Door::Lmtp),
            ] {
                for address in list {
                    let (listener, bound) = bind(&mut passed, *address).await?;
                    bounds.push(bound);
                    mail_listeners.push((mails.adopt(listener, bound)?, door));
                }
            }
        }
        let mut milter_listeners = Vec::new();
        for address in &settings.mail.milter_listen {
            let (listener, bound) = bind(&mut passed, *address).await?;
            addresses.milter.push(bound);
            milter_listeners.push(milter::Listener::Address(mails.adopt(listener, bound)?));
        }
        if let Some(path) = &settings.mail.milter_socket {
            let (mode, group) = (settings.mail.milter_socket_mode, settings.mail.milter_socket_group.as_deref());
            let bound = milter::bind_socket(path, mode, group).and_then(|listener| mails.adopt_file(listener));
            let bound = bound.map_err(|source| Error::Listen { address: path.display().to_string(), source })?;
            addresses.milter_socket = Some(path.clone());
            milter_listeners.push(milter::Listener::File(bound));
        }
        let admin_listener = match settings.admin_listen {
            Some(address) => {
                let (listener, bound) = bind(&mut passed, address).await?;
                addresses.admin = Some(bound);
                Some(listener)
            }
            None => None,
        };
        for address in passed.left() {
            notify(&format!("a socket for {address} was passed, but no setting names it: nobody listens there"));
        }
        let control = control_path(&data);
        let control_listener = admin::bind_control(&control)
            .map_err(|source| Error::Listen { address: control.display().to_string(), source })?;

        let listeners = addresses.lines();
        ledger.event(Event::GatewayStarted { version: env!("CARGO_PKG_VERSION").to_owned(), listeners }).await?;
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
        for (listener, door) in web_listeners {
            tasks.spawn(web::serve(Arc::clone(&web_channel), listener, door, session.clone()));
        }
        for (listener, led) in led_listeners {
            tasks.spawn(web::serve(Arc::clone(&web_channel), listener, Door::Led(led), session.clone()));
        }
        let mut mail_channel = None;
        if !mail_listeners.is_empty() {
            let (roots, free_bytes_min) = (&settings.tls.extra_roots, settings.audit.free_bytes_warn);
            let mail = Arc::new(Mail::new(gate.clone(), &settings.mail, roots, &data, free_bytes_min)?);
            for (listener, door) in mail_listeners {
                tasks.spawn_on(mail::serve(Arc::clone(&mail), door, listener, session.clone()), mails.handle());
            }
            tasks.spawn(mail::expire(Arc::clone(&mail), session.clone()));
            mail_channel = Some(mail);
        }
        if !milter_listeners.is_empty() {
            let milter = Arc::new(Milter::new(gate.clone(), &settings.mail, mail_channel.clone()));
            for listener in milter_listeners {
                let serving = milter::serve(Arc::clone(&milter), listener, session.clone());
                tasks.spawn_on(serving, mails.handle());
            }
        }
        let admin = Arc::new(Admin::new(Arc::clone(&core), mail_channel, &data, addresses.admin)?);
        if let Some(listener) = admin_listener {
            tasks.spawn(admin::serve_tcp(Arc::clone(&admin), listener, session.clone()));
        }
        tasks.spawn(admin::serve_control(admin, control_listener, session.clone()));
        tasks.spawn(heartbeat(gate.clone(), session.clone()));
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

impl Addresses {
    fn lines(&self) -> Vec<String> {
        let of = |name: &'static str, list: &[SocketAddr]| {
            list.iter().map(|address| format!("{name} {address}")).collect::<Vec<_>>()
        };
        let mut lines = of("web", &self.web);
        lines.extend(of("web-tls", &self.web_tls));
        lines.extend(of("transparent", &self.led));
        lines.extend(of("mail", &self.mail));
        lines.extend(of("mail-tls", &self.mail_tls));
        lines.extend(of("lmtp", &self.lmtp));
        lines.extend(of("milter", &self.milter));
        lines.extend(self.milter_socket.iter().map(|path| format!("milter {}", path.display())));
        lines.extend(of("admin", self.admin.as_slice()));
        lines
    }
}

/// Where the control socket of a gateway with this data folder lies.
pub(crate) fn control_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
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

/// What `chot quarantine` asks.
#[derive(Clone, Debug)]
pub enum QuarantineAsk {
    /// What waits.
    List,
    /// Deliver it after all; `again`: although it may have been delivered already.
    Release {
        /// The number of its decision.
        id: String,
        /// Who decides.
        by: String,
        /// Why.
        why: String,
        /// Although it may have been delivered already.
        again: bool,
    },
    /// Let go of it.
    Reject {
        /// The number of its decision.
        id: String,
        /// Who decides.
        by: String,
        /// Why.
        why: String,
    },
}

/// Asks the gateway that runs in `data_dir` about its quarantine, over its control socket. Returns the HTTP status and
/// the text to print: 200 when done, 409 when not.
///
/// # Errors
/// When no gateway answers there.
pub async fn ask_quarantine(data_dir: &Path, ask: &QuarantineAsk) -> std::io::Result<(u16, String)> {
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let (method, target) = match ask {
        QuarantineAsk::List => ("GET", "/-/quarantine".to_owned()),
        QuarantineAsk::Release { id, by, why, again } => {
            let what = if *again { "release-again" } else { "release" };
            ("POST", format!("/-/quarantine/{what}/{}/{}/{}", hex(id), hex(by), hex(why)))
        }
        QuarantineAsk::Reject { id, by, why } => {
            ("POST", format!("/-/quarantine/reject/{}/{}/{}", hex(id), hex(by), hex(why)))
        }
    };
    admin::ask(&control_path(data_dir), method, &target).await
}

/// Asks the gateway that runs in `data_dir` to reload, over its control socket. Returns the HTTP status and the text
/// to print: 200 when done (activated or unchanged), 422 when the policy was rejected.
///
/// # Errors
/// When no gateway answers there.
pub async fn ask_reload(data_dir: &Path) -> std::io::Result<(u16, String)> {
    admin::ask(&control_path(data_dir), "POST", "/-/reload").await
}

/// The control listener's type, named for `admin`.
pub(crate) type ControlListener = UnixListener;
