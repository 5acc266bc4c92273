//! `chot reload`: ask the running gateway to load its policy again.

use std::io::Write;
use std::process::ExitCode;

use crate::Error;
use crate::state::State;

/// Exit status when the policy was refused and the old one stays.
const REJECTED: u8 = 1;

const EXAMPLES: &str = "\
Kết quả · Exit status: 0 đã nạp hoặc không đổi · loaded or unchanged; 1 chính sách sai, bản cũ vẫn dùng · the policy is
wrong and the old one stays in force; 2 không có cổng nào trả lời · no gateway answers.

Ví dụ · Examples:
  chot reload --config /etc/chot/chot.toml
  chot reload --data /var/lib/chot";

/// `chot reload`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    state: State,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let dir = args.state.data_dir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(chot_proxy::ask_reload(&dir));
    let (status, text) = asked.map_err(|source| Error::NoGateway { dir, source })?;
    writeln!(out, "{}", text.trim_end())?;
    Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::from(REJECTED) })
}
