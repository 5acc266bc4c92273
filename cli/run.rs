//! `chot run`: start the gateway, say where it listens, obey signals.
//!
//! SIGHUP loads the policy again; SIGTERM and SIGINT stop listening, let sessions finish and close the ledger.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chot_proxy::{Addresses, Gateway, Notify, Reloaded};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::doctor::LISTENS_NOWHERE;
use crate::state::State;
use crate::{Error, clock, owned, worker};

const EXAMPLES: &str = "\
Tín hiệu · Signals: SIGHUP nạp lại chính sách · loads the policy again; SIGTERM, SIGINT dừng êm · stop in order.

Ví dụ · Examples:
  chot run                                  mặc định, dữ liệu ở ./chot-data · defaults, state in ./chot-data
  chot run --config /etc/chot/chot.toml
  chot run --data /tmp/thu --ready-file /tmp/thu/ready.json";

/// `chot run`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    state: State,
    /// Ghi địa chỉ đang nghe (JSON) vào tệp này khi đã sẵn sàng. Once ready, write the addresses in use to this file
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// What the ready file says, on one line. Scripts wait for the file, then connect.
#[derive(Serialize)]
struct Ready<'a> {
    pid: u32,
    web: &'a [SocketAddr],
    web_tls: &'a [SocketAddr],
    led: &'a [SocketAddr],
    mail: &'a [SocketAddr],
    mail_tls: &'a [SocketAddr],
    lmtp: &'a [SocketAddr],
    milter: &'a [SocketAddr],
    milter_socket: Option<&'a Path>,
    admin: Option<SocketAddr>,
    data: &'a Path,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let (settings, warnings) = args.state.settings()?;
    if let Some(warnings) = warnings {
        say(&warnings);
    }
    let dir = settings.data_dir.clone();
    owned::refuse_root(&dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Handlers first: a signal during the start must not kill a half-open ledger.
        let mut hangup = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let notify: Notify = Arc::new(say);
        let readers = worker::readers(settings.inspect.confined);
        let gateway = Gateway::start(settings, clock::system(), notify, readers).await?;
        // A gateway does not stop because nobody reads its greeting.
        let _ = greet(gateway.addresses(), &dir, out);
        if let Some(file) = &args.ready_file {
            write_ready(file, gateway.addresses(), &dir)?;
        }
        loop {
            tokio::select! {
                _ = hangup.recv() => say_reload(&gateway).await,
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
            }
        }
        say("đang dừng · stopping");
        gateway.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn greet(addresses: &Addresses, dir: &Path, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "chot {} đang chạy · is running", env!("CARGO_PKG_VERSION"))?;
    for address in &addresses.web {
        writeln!(out, "  proxy HTTP(S)   {address}")?;
    }
    for address in &addresses.web_tls {
        writeln!(out, "  proxy qua TLS   {address}")?;
    }
    for address in &addresses.led {
        writeln!(out, "  trong suốt      {address}")?;
    }
    for address in &addresses.mail {
        writeln!(out, "  SMTP            {address}")?;
    }
    for address in &addresses.mail_tls {
        writeln!(out, "  SMTP qua TLS    {address}")?;
    }
    for address in &addresses.lmtp {
        writeln!(out, "  LMTP            {address}")?;
    }
    for address in &addresses.milter {
        writeln!(out, "  milter          {address}")?;
    }
    if let Some(path) = &addresses.milter_socket {
        writeln!(out, "  milter          {}", path.display())?;
    }
    if let Some(address) = addresses.admin {
        writeln!(out, "  admin           {address}")?;
    }
    let served = [&addresses.web, &addresses.web_tls, &addresses.led, &addresses.mail, &addresses.mail_tls];
    let mut served = served.into_iter().chain([&addresses.lmtp, &addresses.milter]);
    if served.all(Vec::is_empty) && addresses.milter_socket.is_none() {
        writeln!(out, "! {LISTENS_NOWHERE}")?;
    }
    writeln!(out, "  dữ liệu · data  {}", dir.display())?;
    if !addresses.web.is_empty() {
        writeln!(out, "Máy trạm phải tin chứng thư gốc của cổng · clients must trust the gateway's CA:")?;
        writeln!(out, "  chot ca export --data {} > chot-ca.pem", dir.display())?;
    }
    out.flush()
}

/// Written beside and renamed, so that whoever waits for the file never reads half of it.
fn write_ready(file: &Path, addresses: &Addresses, data: &Path) -> Result<(), Error> {
    let Addresses { web, web_tls, led, mail, mail_tls, lmtp, milter, milter_socket, admin } = addresses;
    let (pid, milter_socket, admin) = (std::process::id(), milter_socket.as_deref(), *admin);
    let ready = Ready { pid, web, web_tls, led, mail, mail_tls, lmtp, milter, milter_socket, admin, data };
    let mut line = serde_json::to_vec(&ready).map_err(io::Error::from)?;
    line.push(b'\n');
    let mut beside = file.to_owned().into_os_string();
    beside.push(".new");
    std::fs::write(&beside, line).map_err(Error::file(&beside))?;
    std::fs::rename(&beside, file).map_err(Error::file(file))
}

/// A line for the operator. Nobody may be listening any more; the audit trail has what matters.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The gateway itself tells what a reload did; what is left to say is that nothing happened.
async fn say_reload(gateway: &Gateway) {
    match gateway.reload("signal").await {
        Ok(Reloaded::Unchanged { policy }) => say(&format!("chính sách không đổi · policy unchanged: {policy}")),
        Ok(Reloaded::Activated { .. } | Reloaded::Rejected { .. }) => {}
        Err(error) => {
            let error = Error::Gateway(error).with_causes();
            say(&format!("không nạp lại được, bản cũ vẫn dùng · not reloaded, the old policy stays: {error}"));
        }
    }
}
