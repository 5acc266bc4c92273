//! `chot quarantine`: mails that wait for a person; what waits, release, reject.
//!
//! It asks the running gateway, which alone can read them and deliver them. Who asks, and why, is recorded.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chot_model::Timestamp;
use chot_proxy::QuarantineAsk;
use clap::Subcommand;
use serde_json::Value;

use crate::Error;
use crate::state::State;

/// Exit status when the gateway did not do it.
const NOT_DONE: u8 = 1;

const LIST_EXAMPLES: &str = "\
Ví dụ · Examples:
  chot quarantine list --config /etc/chot/chot.toml
  chot quarantine list --json | jq -r .id";

const RELEASE_EXAMPLES: &str = "\
Thư được xem xét lại theo chính sách hiện nay rồi mới gửi · the mail is inspected again and judged by the policy of today
before it is sent. Kết quả · Exit status: 0 đã gửi · delivered; 1 chưa · not.

Ví dụ · Example:
  chot quarantine release 019aa2c4-… --why 'công văn 120/BHXH đã duyệt'";

const REJECT_EXAMPLES: &str = "\
Ví dụ · Example:
  chot quarantine reject 019aa2c4-… --why 'gửi nhầm địa chỉ'";

/// `chot quarantine …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Thư nào đang chờ, cũ nhất trước. What waits, oldest first
    #[command(after_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        state: State,
        /// In JSON, mỗi thư một dòng. Print JSON, a line each
        #[arg(long)]
        json: bool,
    },
    /// Cho gửi. Inspect it again and deliver it
    #[command(after_help = RELEASE_EXAMPLES)]
    Release {
        #[command(flatten)]
        about: About,
        /// Dù có thể đã gửi rồi. Although it may have been delivered already
        #[arg(long)]
        again: bool,
    },
    /// Hủy, không gửi. Let go of it, unsent
    #[command(after_help = REJECT_EXAMPLES)]
    Reject {
        #[command(flatten)]
        about: About,
    },
}

/// Which mail, who decides, and why.
#[derive(clap::Args)]
pub(crate) struct About {
    #[command(flatten)]
    state: State,
    /// Số quyết định của thư. The number of its decision
    id: String,
    /// Lý do, được ghi vào sổ. Why; recorded
    #[arg(long, value_name = "TEXT", value_parser = crate::state::said)]
    why: String,
    /// Người quyết định. Who decides [default: the user of this session]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl About {
    /// Number, name and reason.
    fn told(&self) -> (String, String, String) {
        let session = || ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        // A service or a container has no such name, but it is somebody.
        let number = || format!("uid {}", rustix::process::getuid().as_raw());
        let by = self.by.clone().or_else(session).unwrap_or_else(number);
        (self.id.clone(), by, self.why.clone())
    }
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let (state, ask) = match command {
        Command::List { state, json: _ } => (state, QuarantineAsk::List),
        Command::Release { about, again } => {
            let (id, by, why) = about.told();
            (&about.state, QuarantineAsk::Release { id, by, why, again: *again })
        }
        Command::Reject { about } => {
            let (id, by, why) = about.told();
            (&about.state, QuarantineAsk::Reject { id, by, why })
        }
    };
    let dir = state.data_dir()?;
    let (status, text) = asked(&dir, &ask)?;
    match command {
        Command::List { json: false, .. } if status == 200 => show(&text, out)?,
        _ => out.write_all(text.as_bytes())?,
    }
    Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::from(NOT_DONE) })
}

fn asked(dir: &Path, ask: &QuarantineAsk) -> Result<(u16, String), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(chot_proxy::ask_quarantine(dir, ask));
    asked.map_err(|source| Error::NoGateway { dir: dir.to_owned(), source })
}

/// A list for people.
fn show(lines: &str, out: &mut dyn Write) -> Result<(), Error> {
    if lines.is_empty() {
        writeln!(out, "không có thư nào chờ · nothing waits")?;
    }
    for line in lines.lines() {
        let held: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |key: &str| held.get(key).and_then(Value::as_str).unwrap_or_default();
        if let Some(n) = held.get("unreadable") {
            writeln!(out, "{n} tệp không đọc được · files cannot be read")?;
            continue;
        }
        let time = Timestamp::from_unix_us(held.get("time_ms").and_then(Value::as_u64).unwrap_or_default() * 1_000);
        let to: Vec<&str> =
            held.get("to").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        writeln!(out, "{}  {time}", text("id"))?;
        writeln!(out, "  {} → {}", text("from"), to.join(", "))?;
        writeln!(out, "  {}", text("subject"))?;
        let why = held.get("why").and_then(Value::as_array).and_then(|all| all.first()).and_then(Value::as_str);
        writeln!(out, "  {}: {}", text("rule"), why.unwrap_or_default())?;
        if text("stage") == "sending" {
            writeln!(out, "  có thể đã được gửi · may have been delivered already")?;
        }
    }
    Ok(())
}
