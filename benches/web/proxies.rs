//! The proxies, each a process of its own on core 1, ended when the benchmark does.

use std::cell::Cell;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::load::Work;
use super::origin::Origin;

/// Where mitmproxy is installed by `benches/web/setup`.
const MITMDUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/mitmproxy/bin/mitmdump");
/// Debian's place for squid's helper that mints certificates.
const SQUID_MINT: &str = "/usr/lib/squid/security_file_certgen";

/// Who stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// chot, its ledger on the disk of the temporary folder.
    Chot,
    /// chot, its ledger in memory: what the disk costs is the difference.
    ChotTmpfs,
    /// A TLS reverse proxy that encrypts again and pools upstream: the ceiling.
    Nginx,
    /// Looks at the server's hello first, then intercepts, one upstream connection a client's.
    Squid,
    /// Python.
    Mitmproxy,
}

impl Kind {
    /// All, ours first.
    pub(crate) const ALL: [Self; 5] = [Self::Chot, Self::ChotTmpfs, Self::Nginx, Self::Squid, Self::Mitmproxy];

    /// As arguments and tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chot => "chot",
            Self::ChotTmpfs => "chot-tmpfs",
            Self::Nginx => "nginx",
            Self::Squid => "squid",
            Self::Mitmproxy => "mitmproxy",
        }
    }

    /// Whether it looks at bodies and records.
    pub(crate) fn is_chot(self) -> bool {
        matches!(self, Self::Chot | Self::ChotTmpfs)
    }

    /// Whether it can: squid speaks no HTTP/2, and mitmproxy is asked for the rest only.
    pub(crate) fn does(self, work: Work) -> bool {
        work != Work::Streams || self.is_chot() || self == Self::Nginx
    }

    /// Whether clients ask it to connect.
    pub(crate) fn is_forward(self) -> bool {
        self != Self::Nginx
    }
}

/// A running proxy.
pub(crate) struct Proxy {
    /// Which.
    pub(crate) kind: Kind,
    /// Where clients connect.
    pub(crate) address: SocketAddr,
    /// The CA that they must trust.
    pub(crate) ca: PathBuf,
    child: Child,
    home: PathBuf,
    asked: Cell<u64>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // squid's helpers and workers end with their parent only when it is asked.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        wait_until(Duration::from_secs(20), || !matches!(self.child.try_wait(), Ok(None)));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps a process, and all it will start, on one core.
pub(crate) fn stay_on_core(pid: u32, core: usize) {
    let pinned =
        Command::new("taskset").args(["-a", "-p", "-c", &core.to_string(), &pid.to_string()]).output().unwrap();
    assert!(pinned.status.success(), "{}", String::from_utf8_lossy(&pinned.stderr));
}

/// Looks again and again whether something holds; returns whether it came to, within the bound.
#[allow(clippy::disallowed_methods, reason = "the pause between two looks")]
pub(crate) fn wait_until(bound: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + bound;
    while !holds() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

fn is_installed(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$0\" >/dev/null", program])
        .status()
        .is_ok_and(|status| status.success())
}

impl Proxy {
    /// Starts one, its files in a folder of its own below `home`; `None` where it is not installed.
    pub(crate) fn start(kind: Kind, home: &Path, shared: &Path, origin: &Origin) -> Option<Self> {
        let home = home.join(kind.name());
        std::fs::create_dir_all(&home).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (mut command, ca) = match kind {
            Kind::Chot | Kind::ChotTmpfs => chot(&home, address, origin),
            Kind::Nginx => nginx(&home, address, origin)?,
            Kind::Squid => squid(&home, shared, address, origin)?,
            Kind::Mitmproxy => mitmproxy(&home, address, origin)?,
        };
        let log = std::fs::File::create(home.join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut proxy = Self { kind, address, ca, child, home, asked: Cell::new(0) };
        let (mut has_ended, mut listens) = (false, false);
        wait_until(Duration::from_secs(60), || {
            has_ended = !matches!(proxy.child.try_wait(), Ok(None));
            listens = TcpStream::connect(address).is_ok() && proxy.ca.exists();
            has_ended || listens
        });
        let log = || std::fs::read_to_string(proxy.home.join("log")).unwrap_or_default();
        assert!(listens && !has_ended, "{} did not start: {}", kind.name(), log());
        Some(proxy)
    }

    /// This process and those it started.
    fn processes(&self) -> Vec<u32> {
        let mut all = vec![self.child.id()];
        let mut next = 0;
        while let Some(&pid) = all.get(next) {
            next += 1;
            for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
                all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        }
        all
    }

    /// CPU time of all its processes.
    pub(crate) fn cpu(&self) -> Duration {
        self.processes().iter().map(|pid| chot_benches::process_cpu_time(&pid.to_string())).sum()
    }

    /// Memory of all its processes.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.processes().iter().map(|pid| chot_benches::status_kib(&pid.to_string(), "VmRSS")).sum()
    }

    /// Notes how many requests it was asked.
    pub(crate) fn asked(&self, requests: u64) {
        self.asked.set(self.asked.get() + requests);
    }

    /// How many it was asked since it started.
    pub(crate) fn asked_in_all(&self) -> u64 {
        self.asked.get()
    }

    /// Decisions in its ledger.
    pub(crate) fn decisions(&self) -> u64 {
        let list = Command::new(program())
            .args(["audit", "list", "--json", "--kind", "decision", "--data"])
            .arg(self.home.join("data"))
            .output()
            .unwrap();
        assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
        list.stdout.iter().filter(|byte| **byte == b'\n').count() as u64
    }
}

/// The program that is measured: the one built with the benchmark, or what `CHOT_BENCH_PROGRAM` says.
fn program() -> String {
    std::env::var("CHOT_BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_chot").to_owned())
}

fn on_core_1(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "1", program]);
    command
}

fn chot(home: &Path, address: SocketAddr, origin: &Origin) -> (Command, PathBuf) {
    let (ca, port) = (origin.ca.display(), origin.address.port());
    let settings = format!(
        "[data]\ndir = \"data\"\n[web]\nlisten = [\"{address}\"]\nclient_connections = 20000\nallow_targets = [\"localhost:{port}\"]\n[tls]\nextra_roots = [\"{ca}\"]\n[audit]\nfree_bytes_stop = 0\n"
    );
    let file = home.join("chot.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = on_core_1(&program());
    command.args(["run", "--config"]).arg(file);
    (command, home.join("data/ca.pem"))
}

fn nginx(home: &Path, address: SocketAddr, origin: &Origin) -> Option<(Command, PathBuf)> {
    if !is_installed("nginx") {
        return None;
    }
    let (dir, (cert, key)) = (home.display(), (origin.leaf.0.display(), origin.leaf.1.display()));
    let (upstream, ca) = (origin.address, origin.ca.display());
    let settings = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log stderr; worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
  access_log off; client_max_body_size 0; keepalive_requests 10000000; keepalive_timeout 1h; tcp_nodelay on;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  upstream origin {{ server {upstream}; keepalive 64; keepalive_requests 10000000; }}
  server {{
    listen {address} ssl http2; ssl_certificate {cert}; ssl_certificate_key {key};
    location / {{
      proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $http_host;
      proxy_ssl_trusted_certificate {ca}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on;
    }}
  }}
}}
"
    );
    let file = home.join("nginx.conf");
    std::fs::write(&file, settings).unwrap();
    let mut command = on_core_1("nginx");
    command.arg("-p").arg(home).arg("-c").arg(file);
    Some((command, origin.ca.clone()))
}

fn squid(home: &Path, shared: &Path, address: SocketAddr, origin: &Origin) -> Option<(Command, PathBuf)> {
    if !is_installed("squid") || !Path::new(SQUID_MINT).exists() {
        return None;
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, "bench squid CA");
    let ca = params.self_signed(&key).unwrap();
    let both = home.join("ca-and-key.pem");
    std::fs::write(&both, ca.pem() + &key.serialize_pem()).unwrap();
    let public = home.join("ca.pem");
    std::fs::write(&public, ca.pem()).unwrap();
    let minted = home.join("minted");
    let made = Command::new(SQUID_MINT).arg("-c").arg("-s").arg(&minted).args(["-M", "4MB"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (dir, both, minted, origin_ca) = (home.display(), both.display(), minted.display(), origin.ca.display());
    let settings = format!(
        "http_port {address} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert={both}
sslcrtd_program {SQUID_MINT} -s {minted} -M 4MB
sslcrtd_children 1 startup=1
acl first at_step SslBump1
acl second at_step SslBump2
ssl_bump stare first
ssl_bump stare second
ssl_bump bump all
tls_outgoing_options cafile={origin_ca}
http_access allow all
cache deny all
access_log none
cache_log {dir}/cache.log
client_request_buffer_max_size 32 MB
max_filedescriptors 20000
pid_filename {dir}/pid
coredump_dir {dir}
visible_hostname bench
shutdown_lifetime 0 seconds
"
    );
    let file = home.join("squid.conf");
    std::fs::write(&file, settings).unwrap();
    // It gives up root, and must still get at its files.
    for path in [shared, home] {
        Command::new("chmod").arg("a+rx").arg(path).status().unwrap();
    }
    Command::new("chown").args(["-R", "proxy"]).arg(home).status().unwrap();
    let mut command = on_core_1("squid");
    command.args(["-N", "-f"]).arg(file);
    Some((command, public))
}

fn mitmproxy(home: &Path, address: SocketAddr, origin: &Origin) -> Option<(Command, PathBuf)> {
    if !Path::new(MITMDUMP).exists() {
        return None;
    }
    let mut command = on_core_1(MITMDUMP);
    command.args(["--quiet", "--listen-host", "127.0.0.1", "--listen-port", &address.port().to_string()]);
    command.arg("--set").arg(format!("confdir={}", home.display()));
    command.arg("--set").arg(format!("ssl_verify_upstream_trusted_ca={}", origin.ca.display()));
    Some((command, home.join("mitmproxy-ca-cert.pem")))
}
