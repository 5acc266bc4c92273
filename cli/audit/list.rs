//! `chot audit list`: records, newest first.

use std::io::Write;
use std::process::ExitCode;

use chot_audit::{Filter, Order, Reader};
use chot_model::{Action, Timestamp};

use super::{existing_ledger, record};
use crate::Error;
use crate::state::State;

/// Records that people are shown when they ask for no number.
const LIMIT_DEFAULT: usize = 50;

const EXAMPLES: &str = "\
Ví dụ · Examples:
  chot audit list --data /var/lib/chot --action block --limit 20
  chot audit list --shadow --action block     khi chạy thử: lẽ ra chặn gì · on trial: what would have been blocked
  chot audit list --since 2026-11-01 --account an.nguyen
  chot audit list --json --app zalo | jq -r .id";

/// `chot audit list`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    state: State,
    /// Từ lúc này (giờ UTC). Not before this moment, UTC: 2026-11-21 or 2026-11-21T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Trước lúc này (giờ UTC). Before this moment, UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// Cách đã xử lý thật. What was done: allow, redact, quarantine or block. Chạy thử: thêm --shadow. On trial: with --shadow
    #[arg(long, value_parser = action)]
    action: Option<String>,
    /// Chạy thử: những gì quy tắc `shadow`, `warn` lẽ ra đã làm; --action là việc đó. What rules on trial would have done
    #[arg(long)]
    shadow: bool,
    /// Tài khoản. Account, in any case
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Ứng dụng. Application, such as zalo
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Loại bản ghi. Kind of record, such as decision, outcome, policy.activated
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Có chữ này. Text anywhere in the record, in any case
    #[arg(long)]
    text: Option<String>,
    /// Nhiều nhất bấy nhiêu bản ghi. At most so many [default: 50, with --json all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Mỗi dòng một bản ghi JSON, đúng như trong sổ. The records as they stand in the ledger, one a line
    #[arg(long)]
    json: bool,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "write 2026-11-21 or 2026-11-21T08:00:00Z (UTC)".to_owned())
}

fn action(text: &str) -> Result<String, String> {
    match Action::ALL.iter().find(|action| action.id() == text) {
        Some(action) => Ok(action.id().to_owned()),
        None => Err(format!("one of {}", Action::ALL.iter().map(|a| a.id()).collect::<Vec<_>>().join(", "))),
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let dir = existing_ledger(&args.state)?;
    let filter = Filter {
        since: args.since,
        until: args.until,
        action: args.action.clone(),
        shadow: args.shadow,
        account: args.account.clone(),
        app: args.app.clone(),
        kind: args.kind.clone(),
        text: args.text.clone(),
        ..Filter::default()
    };
    let limit = args.limit.unwrap_or(if args.json { usize::MAX } else { LIMIT_DEFAULT });
    let (mut shown, mut damage) = (0, None);
    for found in Reader::open(&dir).records(filter, Order::NewestFirst)? {
        match found {
            // A damaged segment hides its own records, not those of the others.
            Err(error) => damage = Some(error),
            // Nothing is cut off in silence.
            Ok(_) if shown == limit => {
                if !args.json {
                    writeln!(out, "… còn nữa, dùng --limit · there is more, use --limit")?;
                }
                break;
            }
            Ok(found) => {
                shown += 1;
                if args.json {
                    writeln!(out, "{}", found.line)?;
                } else {
                    record::print_line(&found, out)?;
                }
            }
        }
    }
    if shown == 0 && damage.is_none() && !args.json {
        writeln!(out, "không có bản ghi nào · no records")?;
        if args.action.is_some() && !args.shadow {
            writeln!(out, "quy tắc chạy thử chỉ hiện với --shadow · what rules on trial would have done: --shadow")?;
        }
    }
    damage.map_or(Ok(ExitCode::SUCCESS), |error| Err(Error::Audit(error)))
}
