//! `chot tickets`: what the gateway starts to read Kerberos tickets in a process of its own. Not for people.

use std::process::ExitCode;

use crate::Error;

const EXAMPLES: &str = "\
Do cổng tự khởi động, không chạy bằng tay · Started by the gateway itself, never by hand:
  chot tickets --service HTTP/proxy.example.vn@EXAMPLE.VN";

/// `chot tickets`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Dịch vụ mà vé được cấp cho. What tickets are for
    #[arg(long, value_name = "SERVICE")]
    service: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Error> {
    chot_proxy::identity::serve_tickets(&args.service).map_err(Error::Tickets)?;
    Ok(ExitCode::SUCCESS)
}
