//! `chot policy schema`: for editors that complete and check while one types.

use std::io::Write;
use std::process::ExitCode;

use chot_config::Policy;

use crate::Error;

pub(super) fn run(out: &mut dyn Write) -> Result<ExitCode, Error> {
    writeln!(out, "{}", Policy::schema().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
