//! `chot policy test`: the example messages of a policy, through the inspector and the judge the gateway uses.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chot_inspect::{Hint, Source};

use super::explain::{self, To};
use crate::{Error, scan, state, worker};

const EXAMPLES: &str = "\
Kết quả · Exit status: 0 mọi thông điệp mẫu đúng như mong đợi · every example as expected; 1 có sai khác · something differs.

Ví dụ · Example:
  chot policy test policy.toml";

/// `chot policy test`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Tệp chính sách. Policy file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let (policy, _) = state::policy(Some(&args.file))?;
    let inspector = worker::inspector();
    let mut failed = 0_u32;
    for test in policy.tests() {
        let to = To::parse(&test.to, Some(test.channel))?;
        let (hint, source): (_, Box<dyn Source>) = match &test.text_file {
            None => (Hint::default(), Box::new(test.text.clone())),
            Some(name) => {
                let file = args.file.parent().unwrap_or_else(|| Path::new("")).join(name);
                let source = scan::open(&file).map_err(Error::file(&file))?;
                (Hint { name: Some(name.clone()), content_type: None }, source)
            }
        };
        let inspected = inspector.inspect(hint, &*source);
        let verdict = explain::verdict(&to, test.account.as_deref(), &inspected, &*source, &policy);
        let is_right = verdict.action == test.expect;
        let mark = if is_right { "đúng · ok    " } else { "SAI  · FAILED" };
        writeln!(out, "{mark}  {}: {} → {}", test.rule, test.name, verdict.action)?;
        if !is_right {
            failed += 1;
            writeln!(out, "      {}:{}: mong đợi · expected {}", args.file.display(), test.line, test.expect)?;
            verdict.why.iter().try_for_each(|why| writeln!(out, "      {why}"))?;
        }
    }
    let all = policy.tests().len();
    writeln!(out, "{all} thông điệp mẫu, {failed} sai · {all} examples, {failed} failed")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
