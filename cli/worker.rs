//! `chot worker`: what the gateway starts to read complicated formats in a process of its own. Not for people.
//!
//! Also how the other commands start such processes: of this same program.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use chot_inspect::{Inspector, Limits};
use chot_proxy::Readers;
use chot_worker::{Pool, Settings};

use crate::{Error, clock};

const EXAMPLES: &str = "\
Do cổng tự khởi động, không chạy bằng tay · Started by the gateway itself, never by hand:
  chot worker --memory-mib 1024";

/// What the largest honest documents need, and no more than a machine can spare for each processor.
const MEMORY_MIB: u64 = 1_024;

/// `chot worker`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Bộ nhớ nhiều nhất. The most memory it may take
    #[arg(long, default_value_t = MEMORY_MIB, value_name = "MIB")]
    memory_mib: u64,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Error> {
    chot_worker::serve(args.memory_mib.saturating_mul(1 << 20)).map_err(Error::Worker)?;
    Ok(ExitCode::SUCCESS)
}

/// Workers of this program, started as they are needed. When they must be confined and the kernel cannot do that
/// completely, they read nothing.
pub(crate) fn pool(must_be_confined: bool) -> Arc<Pool> {
    let arguments = ["worker", "--memory-mib", &MEMORY_MIB.to_string()].map(OsString::from);
    let settings = Settings::of_this_program(arguments.to_vec());
    Arc::new(Pool::new(Settings { is_incomplete_allowed: !must_be_confined, ..settings }))
}

/// The readers of a gateway. One is started at once, to know how it is confined here.
pub(crate) fn readers(must_be_confined: bool) -> Readers {
    let extractor = pool(must_be_confined);
    let lacks = extractor.probe().map_or_else(|_| vec!["process"], chot_worker::Confinement::lacks);
    Readers { extractor, lacks }
}

/// An inspector as the gateway's, for commands that look at files.
pub(crate) fn inspector() -> Inspector {
    Inspector::new(Limits::default(), clock::this_year()).extracting(pool(false))
}
