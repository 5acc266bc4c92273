//! `chot audit show`: one decision, found by the number that a refusal quotes, or one record by its place.

use std::io::Write;
use std::process::ExitCode;

use chot_audit::Reader;
use chot_model::DecisionId;

use super::{existing_ledger, record};
use crate::Error;
use crate::state::State;

const EXAMPLES: &str = "\
Kết quả · Exit status: 0 có · found; 1 không có · no such decision.

Ví dụ · Examples:
  chot audit show 0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b
  chot audit show --json 41";

/// `chot audit show`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    state: State,
    /// In JSON: quyết định, rồi kết cục, mỗi dòng một bản ghi. The decision, then its outcome, one a line
    #[arg(long)]
    json: bool,
    /// Số quyết định, hoặc số thứ tự bản ghi. The decision's number, or a record's
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let reader = Reader::open(&existing_ledger(&args.state)?);
    let records = if let Some(id) = DecisionId::parse(&args.id) {
        reader.find(id)?.map(|found| [Some(found.decision), found.outcome])
    } else if let Ok(seq) = args.id.parse() {
        reader.by_seq(seq)?.map(|record| [Some(record), None])
    } else {
        return Err(Error::Say(format!("`{}` is neither a decision's number nor a record's", args.id)));
    };
    let Some(records) = records else {
        if !args.json {
            writeln!(out, "không có · no such decision: {}", args.id)?;
        }
        return Ok(ExitCode::FAILURE);
    };
    for found in records.into_iter().flatten() {
        if args.json {
            writeln!(out, "{}", found.line)?;
        } else {
            record::print_whole(&found, out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
