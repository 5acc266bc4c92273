//! `chot bypass`: what the gateway passes on without decrypting it, and what applications ask for that.
//!
//! A proposal is made of evidence in the audit trail: clients that ended the handshake because they do not trust the
//! gateway's certificate, servers that asked for a certificate of the client's own. Nothing is let through by itself; a person accepts, with a reason and a last day.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chot_audit::{Filter, Order, Reader};
use chot_config::{Bypass, Settings, text_of};
use clap::Subcommand;
use serde::Serialize;

use crate::state::State;
use crate::{Error, clock, owned};

/// The reasons in the trail that make a proposal.
const EVIDENCE: [&str; 2] = ["client-distrust", "client-certificate"];
/// Clients that are told of a proposal.
const CLIENTS_TOLD: usize = 5;

const LIST_EXAMPLES: &str = "\
Đề xuất · Proposals: ứng dụng không tin chứng thư của cổng; chưa mở gì cho tới khi có người chấp nhận · nothing is opened
until somebody accepts it.

Ví dụ · Examples:
  chot bypass list --config /etc/chot/chot.toml
  chot bypass list --json";
const ACCEPT_EXAMPLES: &str = "\
Ví dụ · Example:
  chot bypass accept ca.example.vn --reason 'ký số, ghim chứng thư' --until 2027-06-30 --by 'Trần A, CV 12/CNTT'";

/// `chot bypass …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Những gì không giải mã, và đề xuất kèm bằng chứng. What is not decrypted, and proposals with their evidence
    #[command(after_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        state: State,
        /// Mỗi dòng một đối tượng JSON. One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Chấp nhận không giải mã một máy chủ, có lý do và thời hạn. Accept that a host is not decrypted
    #[command(after_help = ACCEPT_EXAMPLES)]
    Accept {
        #[command(flatten)]
        state: State,
        /// Máy chủ, ví dụ ca.example.vn hoặc *.ca.example.vn. The host
        host: String,
        /// Lý do. Why
        #[arg(long, value_parser = crate::state::said)]
        reason: String,
        /// Ngày cuối, năm-tháng-ngày. The last day
        #[arg(long, value_name = "DAY")]
        until: String,
        /// Ai duyệt. Who approved it
        #[arg(long = "by", value_name = "WHO")]
        approved_by: String,
        /// Chấp nhận cả khi sổ kiểm toán chưa có bằng chứng. Accept it without evidence in the audit trail
        #[arg(long)]
        without_evidence: bool,
    },
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Error> {
    match command {
        Command::List { state, json } => list(&state.settings()?.0, *json, out),
        Command::Accept { state, host, reason, until, approved_by, without_evidence } => {
            let settings = state.settings()?.0;
            let wanted = host.trim_start_matches("*.").to_lowercase();
            let has_evidence = proposals(&settings)?
                .keys()
                .any(|found| *found == wanted || host.starts_with("*.") && found.ends_with(&format!(".{wanted}")));
            if !has_evidence && !without_evidence {
                return Err(Error::Say(format!(
                    "{host}: chưa thấy máy trạm nào từ chối chứng thư ở đây; nếu vẫn muốn, thêm --without-evidence · no \
                     client distrusted the certificate there; to accept it nevertheless, add --without-evidence"
                )));
            }
            accept(&settings, &Bypass::entry_text(host, reason, until, approved_by))?;
            writeln!(out, "{host}: không giải mã tới hết ngày {until} · not decrypted until {until}")?;
            tell_the_gateway(&settings, out)
        }
    }
}

/// Where the list lies.
fn file_of(settings: &Settings) -> PathBuf {
    settings.web.bypass.clone().unwrap_or_else(|| settings.data_dir.join("bypass.toml"))
}

/// The list in force after the next start.
///
/// # Errors
/// When it cannot be read or is wrong.
pub(crate) fn of(settings: &Settings) -> Result<Bypass, Error> {
    let file = file_of(settings);
    Bypass::check(&read(&file)?, &file).map(|(list, _)| list).map_err(Error::Wrong)
}

fn read(file: &Path) -> Result<String, Error> {
    match std::fs::read(file) {
        Ok(bytes) => text_of(&bytes, &file.to_string_lossy(), true).map(str::to_owned).map_err(Error::Wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(Error::File { path: file.to_owned(), source }),
    }
}

/// What was seen of a host whose clients do not trust us, or that does not trust ours.
#[derive(Default, Serialize)]
struct Seen {
    handshakes: u64,
    clients: BTreeSet<String>,
    reasons: BTreeSet<String>,
    first: String,
    last: String,
}

fn proposals(settings: &Settings) -> Result<BTreeMap<String, Seen>, Error> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let dir = settings.data_dir.join("audit");
    if !dir.exists() {
        return Ok(seen);
    }
    let filter = Filter { kind: Some("refusal".to_owned()), ..Filter::default() };
    for record in Reader::open(&dir).records(filter, Order::OldestFirst)? {
        let record = record?;
        if !EVIDENCE.contains(&record.text("reason")) {
            continue;
        }
        let host = seen.entry(record.text("host").to_owned()).or_default();
        host.handshakes += 1;
        host.clients.insert(record.text("client").to_owned());
        host.reasons.insert(record.text("reason").to_owned());
        record.text("time").clone_into(&mut host.last);
        if host.first.is_empty() {
            host.first.clone_from(&host.last);
        }
    }
    Ok(seen)
}

fn list(settings: &Settings, json: bool, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let bypass = of(settings)?;
    let now = clock::system().now();
    for entry in bypass.entries() {
        let is_over = entry.is_over(now);
        if json {
            let line = serde_json::json!({
                "type": "entry", "places": entry.places, "reason": entry.reason, "until": entry.until,
                "approved_by": entry.approved_by, "over": is_over,
            });
            writeln!(out, "{line}")?;
        } else {
            let state = if is_over { "HẾT HẠN · over  " } else { "không giải mã · unread" };
            let by = entry.approved_by.as_deref().map(|by| format!(" ({by})")).unwrap_or_default();
            writeln!(out, "{state}  {}  → {}  {}{by}", entry.places.join(" "), entry.until, entry.reason)?;
        }
    }
    for (host, seen) in proposals(settings)?.iter().filter(|(host, _)| bypass.of_host(host, now).is_none()) {
        if json {
            let line = serde_json::json!({
                "type": "proposal", "host": host, "handshakes": seen.handshakes, "clients": seen.clients,
                "reasons": seen.reasons, "first": seen.first, "last": seen.last,
            });
            writeln!(out, "{line}")?;
        } else {
            let clients: Vec<_> = seen.clients.iter().take(CLIENTS_TOLD).map(String::as_str).collect();
            let more = if seen.clients.len() > CLIENTS_TOLD { " …" } else { "" };
            writeln!(
                out,
                "đề xuất · proposal  {host}  {}: {} × từ · from {} máy · clients ({}{more}), {} → {}",
                seen.reasons.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
                seen.handshakes,
                seen.clients.len(),
                clients.join(", "),
                seen.first,
                seen.last
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts an entry behind the list, if the whole is then sound. The old list stays as it is until the new one is whole.
fn accept(settings: &Settings, entry: &str) -> Result<(), Error> {
    let file = file_of(settings);
    let text = read(&file)? + entry;
    Bypass::check(&text, &file).map_err(Error::Wrong)?;
    owned::replace(&file, text.as_bytes(), 0o644, &settings.data_dir)
}

/// A running gateway uses the list at once; one that is not will when it starts.
fn tell_the_gateway(settings: &Settings, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(chot_proxy::ask_reload(&settings.data_dir)) {
        Ok((200, text)) => {
            writeln!(out, "{}", text.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Ok((_, text)) => {
            writeln!(out, "{}", text.trim_end())?;
            Ok(ExitCode::FAILURE)
        }
        Err(_) => {
            writeln!(
                out,
                "cổng không chạy; sẽ dùng khi khởi động · no gateway is running; it counts from its next start"
            )?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
