//! `chot run` in a process of its own, and everything one may ask about it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::world::{NAMES, World};
use super::{chot, run, succeed, wait_until};

/// The policy of the scenarios: the shapes of design and manual, few enough to keep in mind.
pub(crate) const POLICY: &str = include_str!("policy.toml");

/// What a scenario wants different.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) policy: String,
    /// Where the proxy listens.
    pub(crate) listen: String,
    /// `[web]` lines besides `listen` and `resolve`.
    pub(crate) web: String,
    /// `[mail]` lines besides `listen`.
    pub(crate) mail: String,
    /// Further hosts and their addresses.
    pub(crate) resolve: Vec<(&'static str, &'static str)>,
    /// Further trusted roots.
    pub(crate) roots: Vec<PathBuf>,
    /// Files beside the settings that only we may read.
    pub(crate) files: Vec<(&'static str, String)>,
    /// The address of a socket that a launcher opens and hands over.
    pub(crate) launcher: Option<SocketAddr>,
    /// The network it runs in, where it is not this one.
    pub(crate) network: Option<String>,
    /// Whole sections.
    pub(crate) more: String,
    /// Variables of its environment.
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
    /// The file descriptors it may have, where they are few.
    pub(crate) descriptors: Option<u32>,
}

impl Setup {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            policy: POLICY.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            web: "allow_targets = [\"127.0.0.1\"]".to_owned(),
            mail: format!("next_hop = \"{}\"\nnext_hop_tls = \"off\"", world.relay.address),
            resolve: Vec::new(),
            roots: Vec::new(),
            files: Vec::new(),
            launcher: None,
            network: None,
            more: String::new(),
            variables: Vec::new(),
            descriptors: None,
        }
    }
}

/// A running gateway. It is killed when dropped.
pub(crate) struct Gate {
    pub(crate) world: World,
    dir: TempDir,
    network: Option<String>,
    launcher: Option<SocketAddr>,
    variables: Vec<(&'static str, PathBuf)>,
    descriptors: Option<u32>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    web: SocketAddr,
    web_tls: Option<SocketAddr>,
    mail: Option<SocketAddr>,
    admin: SocketAddr,
}

impl Gate {
    /// A gateway with the scenarios' policy, before the outside world.
    pub(crate) fn open() -> Self {
        Self::with(|_| {})
    }

    /// The same with something different.
    pub(crate) fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let world = World::new();
        let mut setup = Setup::new(&world);
        change(&mut setup);
        let dir = tempfile::Builder::new().prefix("chot-scenario-").tempdir().expect("a folder");
        let variables = std::mem::take(&mut setup.variables);
        let (network, launcher, descriptors) = (setup.network.clone(), setup.launcher, setup.descriptors);
        let mut gate = Self { world, dir, network, launcher, variables, descriptors, running: None };
        gate.world.write_ca(&gate.path("outside-ca.pem"));
        gate.write_policy(&setup.policy);
        let Setup { listen, web, mail, resolve, roots, files, more, .. } = setup;
        for (name, text) in files {
            std::fs::write(gate.path(name), text).expect("written");
            let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(gate.path(name), only_ours).expect("set");
        }
        let resolve = NAMES.iter().map(|name| (*name, "127.0.0.1")).chain(resolve);
        let resolve: String = resolve.map(|(name, address)| format!("\"{name}\" = \"{address}\"\n")).collect();
        let roots: String = roots.iter().map(|file| format!(", \"{}\"", file.display())).collect();
        let settings = format!(
            "[data]\ndir = \"data\"\n[policy]\nfile = \"policy.toml\"\n[tls]\nextra_roots = [\"outside-ca.pem\"{roots}]\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n[mail]\nlisten = [\"127.0.0.1:0\"]\n{mail}\n\
             [web]\nlisten = [\"{listen}\"]\n{web}\n[web.resolve]\n{resolve}{more}\n"
        );
        std::fs::write(gate.config(), settings).expect("written");
        gate.start();
        gate
    }

    /// Starts the process and waits until it says where it listens.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        let ready = self.path("ready.json");
        let _ = std::fs::remove_file(&ready);
        let log = File::options().create(true).append(true).open(self.path("chot.log")).expect("a log");
        let mut start = match &self.network {
            None if self.launcher.is_some() => {
                let mut launcher = Command::new("python3");
                let of = self.launcher.map(|at| [at.ip().to_string(), at.port().to_string()]).unwrap_or_default();
                launcher.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/launcher.py")).args(of);
                launcher.arg(env!("CARGO_BIN_EXE_chot"));
                launcher
            }
            None => match self.descriptors {
                None => Command::new(env!("CARGO_BIN_EXE_chot")),
                Some(most) => {
                    let mut limited = Command::new("prlimit");
                    limited.arg(format!("--nofile={most}:{most}")).arg(env!("CARGO_BIN_EXE_chot"));
                    limited
                }
            },
            Some(network) => {
                let mut inside =
                    if rustix::process::geteuid().is_root() { Command::new("ip") } else { Command::new("sudo") };
                if !rustix::process::geteuid().is_root() {
                    inside.args(["-n", "ip"]);
                }
                inside.args(["netns", "exec", network, env!("CARGO_BIN_EXE_chot")]);
                inside
            }
        };
        let mut child = start
            .args(["run", "--config"])
            .arg(self.config())
            .arg("--ready-file")
            .arg(&ready)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("chot starts");
        wait_until("the gateway is ready", || {
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none(), "the gateway ended: {}", self.log());
            ready.exists()
        });
        let line: Value = serde_json::from_slice(&std::fs::read(&ready).expect("read")).expect("json");
        assert!(line["pid"] == child.id() || self.network.is_some() || self.launcher.is_some());
        let address = |value: &Value| value.as_str().map(|text| text.parse().expect("an address"));
        let web = address(&line["web"][0]).expect("a proxy");
        let admin = address(&line["admin"]).expect("an admin listener");
        let web_tls = address(&line["web_tls"][0]);
        self.running = Some(Running { child, web, web_tls, mail: address(&line["mail"][0]), admin });
    }

    /// Makes the ports of now the ports of every later start, so that clients need not be told.
    pub(crate) fn keep_ports(&self) {
        let settings = std::fs::read_to_string(self.config()).expect("read");
        let (head, web) = settings.split_once("[web]").expect("a [web] section");
        let head =
            head.replacen("[mail]\nlisten = [\"127.0.0.1:0\"]", &format!("[mail]\nlisten = [\"{}\"]", self.mail()), 1);
        let web = web.replacen("127.0.0.1:0", &self.web().to_string(), 1);
        std::fs::write(self.config(), format!("{head}[web]{web}")).expect("written");
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the gateway runs")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("chot.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.path("data/ca.pem")
    }

    pub(crate) fn web(&self) -> SocketAddr {
        self.running().web
    }

    pub(crate) fn web_tls(&self) -> SocketAddr {
        self.running().web_tls.expect("the proxy listens with TLS")
    }

    pub(crate) fn mail(&self) -> SocketAddr {
        self.running().mail.expect("mail is on")
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.running().admin
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running().child.id()
    }

    /// What the gateway printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("chot.log")).unwrap_or_default()
    }

    pub(crate) fn write_policy(&self, policy: &str) {
        let beside = self.path("policy.new");
        std::fs::write(&beside, policy).expect("written");
        std::fs::rename(&beside, self.path("policy.toml")).expect("renamed");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.running().child);
        kill_process(pid, signal).expect("signalled");
    }

    /// Ends it as a power cut would.
    pub(crate) fn crash(&mut self) {
        let mut running = self.running.take().expect("the gateway runs");
        running.child.kill().expect("killed");
        running.child.wait().expect("waited");
    }

    /// Ends it in order.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::TERM);
        let mut running = self.running.take().expect("the gateway runs");
        let mut status = None;
        wait_until("the gateway stops", || {
            status = running.child.try_wait().expect("a child");
            status.is_some()
        });
        assert!(status.is_some_and(|s| s.success()), "{status:?}: {}", self.log());
    }

    /// `chot COMMAND… --config …` on this installation.
    pub(crate) fn chot(&self, args: &[&str]) -> Command {
        let mut command = chot();
        command.args(args).arg("--config").arg(self.config());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Records of a kind, oldest first.
    #[track_caller]
    pub(crate) fn records(&self, kind: &str) -> Vec<Value> {
        let lines = succeed(&mut self.chot(&["audit", "list", "--json", "--kind", kind]));
        let mut records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
        records.reverse();
        records
    }

    /// The last decision recorded.
    #[track_caller]
    pub(crate) fn last_decision(&self) -> Recorded {
        Recorded(self.records("decision").pop().expect("a decision"))
    }

    /// The decision that a refusal quotes.
    #[track_caller]
    pub(crate) fn decision(&self, id: &str) -> Recorded {
        let lines = succeed(&mut self.chot(&["audit", "show", "--json", id]));
        Recorded(serde_json::from_str(lines.lines().next().expect("a line")).expect("json"))
    }

    /// The outcome of a decision, once it is there.
    #[track_caller]
    pub(crate) fn outcome(&self, id: &str) -> String {
        let mut outcome = String::new();
        wait_until("the outcome is recorded", || {
            let lines = succeed(&mut self.chot(&["audit", "show", "--json", id]));
            let Some(line) = lines.lines().nth(1) else { return false };
            let record: Value = serde_json::from_str(line).expect("json");
            outcome = record["outcome"].as_str().expect("an outcome").to_owned();
            true
        });
        outcome
    }

    /// The audit trail is intact.
    #[track_caller]
    pub(crate) fn verify(&self) -> String {
        succeed(&mut self.chot(&["audit", "verify"]))
    }

    /// No byte below the data folder spells any of these.
    #[track_caller]
    pub(crate) fn keeps_none_of(&self, secrets: &[&str]) {
        assert!(!secrets.is_empty());
        let mut looked_into_the_ledger = false;
        for file in super::files_below(&self.data()) {
            let bytes = std::fs::read(&file).expect("a readable file");
            looked_into_the_ledger |= memchr::memmem::find(&bytes, b"\"kind\":\"gateway.started\"").is_some();
            for secret in secrets {
                let found = memchr::memmem::find(&bytes, secret.as_bytes());
                assert!(found.is_none(), "{} holds a planted value at byte {found:?}", file.display());
            }
        }
        assert!(looked_into_the_ledger, "the ledger is not where this looks");
    }

    /// Asks the admin listener.
    pub(crate) fn ask_admin(&self, method: &str, path: &str) -> super::Answer {
        let url = format!("http://{}{path}", self.admin());
        super::web::curl(&self.path(""), super::command("curl").args(["--noproxy", "*", "-X", method]).arg(url))
    }

    /// Runs `chot reload`.
    pub(crate) fn reload(&self) -> std::process::Output {
        run(&mut self.chot(&["reload"]))
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // By its own id; it may have ended by itself.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            // The harness of a failed scenario is the one place that prints.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("--- chot.log\n{log}---\n").as_bytes());
        }
    }
}

/// A decision as the ledger holds it.
#[derive(Debug)]
pub(crate) struct Recorded(pub(crate) Value);

impl Recorded {
    #[track_caller]
    pub(crate) fn says(&self, action: &str) -> &Self {
        assert_eq!(self.0["verdict"]["action"], action, "{}", self.0);
        self
    }

    #[track_caller]
    pub(crate) fn by_rule(&self, rule: &str) -> &Self {
        assert_eq!(self.0["verdict"]["rule"], rule, "{}", self.0);
        self
    }

    #[track_caller]
    pub(crate) fn went_to(&self, app: &str, host: &str) -> &Self {
        assert_eq!((&self.0["destination"]["app"], &self.0["destination"]["host"]), (&app.into(), &host.into()));
        self
    }

    /// So many distinct values of this detector.
    #[track_caller]
    pub(crate) fn counts(&self, detector: &str, distinct: u64) -> &Self {
        let findings = self.0["findings"].as_array().expect("findings");
        let found = findings.iter().find(|f| f["detector"] == detector).map(|f| &f["distinct"]);
        assert_eq!(found, Some(&distinct.into()), "{detector}: {}", self.0);
        self
    }

    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().expect("an id")
    }
}
