//! `chot policy schema`: for editors that complete and check while one types.

use std::io::Write;
use std::process::ExitCode;

use crate::Error;

/// The schema. `chot policy check` is the authority: it also knows names that other tables of the file define.
const SCHEMA: &str = include_str!("schema.json");

pub(super) fn run(out: &mut dyn Write) -> Result<ExitCode, Error> {
    out.write_all(SCHEMA.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
