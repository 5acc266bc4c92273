//! The words of the scenarios: a gateway, an outside world, clients, answers.
//!
//! A [`Gate`] is `chot run` in a process of its own, with ports of the system's choice and a folder that goes away.
//! Nothing waits for a time to pass; everything waits for a condition, with a generous bound.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

pub(crate) mod answer;
pub(crate) mod fixtures;
pub(crate) mod gate;
pub(crate) mod load;
pub(crate) mod mail;
#[path = "../../../cli/demo/outside.rs"]
pub(crate) mod outside;
#[path = "../../../cli/demo/people.rs"]
pub(crate) mod people;
pub(crate) mod postfix;
#[cfg(feature = "kerberos")]
pub(crate) mod realms;
pub(crate) mod web;
pub(crate) mod world;
#[path = "../../../cli/demo/xlsx.rs"]
pub(crate) mod xlsx;

pub(crate) use answer::Answer;
pub(crate) use gate::Gate;
pub(crate) use web::Form;

/// Longest any single thing may take on a slow, shared machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A place to listen at which nobody has at the moment, and nobody takes before it is listened at: tests run beside each other
/// ask the system for ports of 127.0.0.1, and this is a loopback address of this process alone.
pub(crate) fn free_address() -> SocketAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let free = TcpListener::bind((Ipv4Addr::new(127, 64 | a, b, c), 0)).expect("a port");
    free.local_addr().expect("its address")
}

/// Waits until `is_so`.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "the pause between two looks at a condition that has a bound")]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// A command that is ended when it takes too long.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--kill-after=5").arg(PATIENCE.as_secs().to_string()).arg(program);
    // Debian keeps smtp-source and smtp-sink where not every PATH looks.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    for proxy in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "no_proxy", "NO_PROXY"] {
        command.env_remove(proxy);
    }
    command
}

/// What needs the rights of an administrator.
pub(crate) fn administrator(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return command(program);
    }
    let mut sudo = command("sudo");
    sudo.args(["-n", program]);
    sudo
}

/// The binary under test.
pub(crate) fn chot() -> Command {
    command(env!("CARGO_BIN_EXE_chot"))
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|why| panic!("{:?}: {why}", command.get_args().collect::<Vec<_>>()))
}

/// Runs a command that must succeed; gives its standard output.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{:?}: {}\n{out}\n{err}", command.get_args().collect::<Vec<_>>(), output.status);
    out
}

/// Bytes as text for messages and searches.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a Python script with arguments; it must succeed.
#[track_caller]
pub(crate) fn python(script: &str, args: &[&str]) -> String {
    succeed(command("python3").arg("-c").arg(script).args(args))
}

/// Runs a client that needs more than Python's own library; it must succeed. `tests/clients/setup` installs what.
#[track_caller]
pub(crate) fn client(script: &str, args: &[&str]) -> String {
    succeed(client_command(script).args(args))
}

/// The same, before its arguments are known.
pub(crate) fn client_command(script: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/clients/bin/python3");
    assert!(python.exists(), "tests/clients/setup installs what this scenario drives");
    let mut client = command(python);
    client.arg(root.join("tests/clients").join(script));
    client
}

/// Every file below a folder.
pub(crate) fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let (mut files, mut todo) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).expect("a readable folder") {
            let entry = entry.expect("an entry");
            match entry.file_type().expect("a type") {
                kind if kind.is_dir() => todo.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}
