//! `chot audit`: read the audit trail of a data folder, whether a gateway is running there or not.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chot_audit::{Filter, Order, Reader, Verification, verify};
use chot_model::Timestamp;
use clap::Subcommand;

mod list;
mod record;
mod show;

use crate::Error;
use crate::state::State;

const VERIFY_EXAMPLES: &str = "\
Kết quả · Exit status: 0 nguyên vẹn · intact; 1 có chỗ sai · something is wrong.
Giữ giá trị đầu chuỗi ở nơi khác: nó chứng cho mọi bản ghi trước đó · keep the chain head elsewhere: it stands for every
record before it.

Ví dụ · Example:
  chot audit verify --data /var/lib/chot";

/// `chot audit …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Liệt kê, mới nhất trước. List, newest first
    List(list::Args),
    /// Một quyết định và kết cục của nó. One decision and how it ended
    Show(show::Args),
    /// Sổ có nguyên vẹn không. Is the trail intact?
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        #[command(flatten)]
        state: State,
        /// In JSON. Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Error> {
    match command {
        Command::List(args) => list::run(args, out),
        Command::Show(args) => show::run(args, out),
        Command::Verify { state, json } => {
            let dir = existing_ledger(state)?;
            let is_ok = print_verification(&dir, *json, out)?;
            Ok(if is_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// Where the ledger of a data folder lies.
pub(crate) fn ledger_dir(data: &Path) -> PathBuf {
    data.join("audit")
}

/// The ledger folder of an installation.
///
/// # Errors
/// When there is none: a mistyped folder must not look like an empty trail.
fn existing_ledger(state: &State) -> Result<PathBuf, Error> {
    let data = state.data_dir()?;
    let dir = ledger_dir(&data);
    match std::fs::metadata(&dir) {
        Ok(_) => Ok(dir),
        Err(source) => Err(Error::File { path: dir, source }),
    }
}

fn print_verification(dir: &Path, json: bool, out: &mut dyn Write) -> Result<bool, Error> {
    let found = verify(dir)?;
    let is_ok = found.is_ok() && !is_empty(&found);
    if json {
        let problems: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
        let value = serde_json::json!({
            "ok": is_ok, "records": found.records, "purged": found.purged, "segments": found.segments,
            "first_seq": found.first_seq, "last_seq": found.last_seq, "chain_head": found.chain_head,
            "notes": found.notes, "problems": problems,
        });
        writeln!(out, "{value}")?;
        return Ok(is_ok);
    }
    found.notes.iter().try_for_each(|note| writeln!(out, "ghi chú · note: {note}"))?;
    found.problems.iter().try_for_each(|problem| writeln!(out, "SAI · WRONG: {problem}"))?;
    if is_empty(&found) {
        writeln!(out, "{NO_RECORD}")?;
    }
    let verdict = if is_ok { "nguyên vẹn · verified" } else { "KHÔNG NGUYÊN VẸN · NOT INTACT" };
    let (records, purged) = (found.records, found.purged);
    writeln!(out, "{verdict}: {records} bản ghi · records, {purged} đã xóa theo hạn · purged by age")?;
    if !found.chain_head.is_empty() {
        writeln!(out, "đầu chuỗi · chain head: {}", found.chain_head)?;
    }
    Ok(is_ok)
}

/// What is said of a trail without a record: there is nothing that could be intact.
pub(crate) const NO_RECORD: &str = "không có bản ghi nào: cổng chưa từng chạy ở đây, hoặc bản ghi đã mất · no record at \
                                    all: no gateway has run here yet, or its records are gone";

/// Whether a trail holds no record. Every gateway records its start before anything else.
pub(crate) fn is_empty(found: &Verification) -> bool {
    found.records == 0 && found.purged == 0
}

/// For the demo: prints every decision since a moment, oldest first, and verifies. Returns whether the trail is intact
/// and holds exactly this many decisions.
pub(crate) fn show_and_verify(
    data: &Path,
    since: Timestamp,
    decisions: usize,
    out: &mut dyn Write,
) -> Result<bool, Error> {
    let dir = ledger_dir(data);
    let filter = Filter { kind: Some("decision".to_owned()), since: Some(since), ..Filter::default() };
    let mut n = 0;
    for found in Reader::open(&dir).records(filter, Order::OldestFirst)? {
        record::print_line(&found?, out)?;
        n += 1;
    }
    let is_ok = print_verification(&dir, false, out)?;
    if n != decisions {
        writeln!(out, "mong đợi · expected {decisions} quyết định · decisions, thấy · found {n}")?;
    }
    Ok(is_ok && n == decisions)
}
