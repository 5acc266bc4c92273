//! A Postfix of its own: its own configuration, queue and ports in a folder that goes away, ended by its id.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use super::{Answer, command, free_address, mail, succeed, wait_until};

/// Services every Postfix has.
const SERVICES: &str = "
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix.
pub(crate) struct Postfix {
    child: Child,
    dir: TempDir,
    /// Where it listens for clients.
    pub(crate) address: SocketAddr,
}

impl Postfix {
    /// Starts one that listens for clients and sends everything to `relay`. `main` and `master` stand behind the usual
    /// settings and services; a service `smtp inet` is moved to the port for clients, and without one there is a plain
    /// one.
    pub(crate) fn start(relay: SocketAddr, main: &str, master: &str) -> Self {
        assert!(rustix::process::geteuid().is_root(), "Postfix becomes other users: run the scenarios as root");
        let dir = tempfile::Builder::new().prefix("chot-postfix-").tempdir().expect("a folder");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).expect("set");
        for name in ["config", "queue", "data"] {
            std::fs::create_dir(dir.path().join(name)).expect("made");
        }
        succeed(command("chown").arg("postfix").arg(dir.path().join("data")));
        let root = dir.path().display();
        let address = free_address();
        let settings = format!(
            "compatibility_level = 3.6\nqueue_directory = {root}/queue\ndata_directory = {root}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\nmyhostname = mail.vss.gov.vn\nmydestination =\nmynetworks = 127.0.0.0/8\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nrelayhost = [{}]:{}\ndisable_dns_lookups = yes\n\
             alias_maps =\nsmtp_tls_security_level = none\nmaillog_file_prefixes = {root}\n\
             maillog_file = {root}/mail.log\nminimal_backoff_time = 1s\nqueue_run_delay = 1s\n{main}\n",
            relay.ip(),
            relay.port()
        );
        let door = format!("{address} inet n");
        let master = if master.contains("\nsmtp inet n") {
            master.replace("\nsmtp inet n", &format!("\n{door}"))
        } else {
            format!("{door} - n - - smtpd\n{master}")
        };
        std::fs::write(dir.path().join("config/main.cf"), settings).expect("written");
        std::fs::write(dir.path().join("config/master.cf"), format!("{master}\n{SERVICES}")).expect("written");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut postfix = Command::new("postfix");
        postfix.env("PATH", format!("{path}:/usr/sbin:/sbin")).arg("-c").arg(dir.path().join("config"));
        postfix.arg("start-fg").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = postfix.spawn().expect("postfix starts");
        let postfix = Self { child, dir, address };
        wait_until("postfix listens", || TcpStream::connect(address).is_ok());
        postfix
    }

    /// Sends a mail to it with swaks.
    #[track_caller]
    pub(crate) fn mail_to(&self, to: &str, letter: &str) -> Answer {
        mail::swaks(self.address, self.dir.path(), to, letter, &[])
    }

    /// Runs one of Postfix's own programs on this installation.
    pub(crate) fn tool(&self, name: &str, args: &[&str]) -> String {
        succeed(command(name).arg("-c").arg(self.config()).args(args))
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("mail.log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        // The master, a child of the script we started, ends its services; what is left of our group goes with it.
        let master = std::fs::read_to_string(self.dir.path().join("queue/pid/master.pid")).unwrap_or_default();
        if let Some(master) = master.trim().parse().ok().and_then(Pid::from_raw) {
            let _ = kill_process(master, Signal::TERM);
        }
        let _ = kill_process_group(group, Signal::TERM);
        let _ = self.child.wait();
        let _ = kill_process_group(group, Signal::KILL);
        if std::thread::panicking() {
            let log = format!("--- postfix\n{}---\n", self.log());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), log.as_bytes());
        }
    }
}
