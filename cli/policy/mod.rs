//! `chot policy`: check, test, explain, default. What a policy means is said by `chot-config`; this prints it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chot_config::{Gap, Policy};
use clap::Subcommand;

mod explain;
mod schema;
mod test;

use crate::{Error, state};

/// `chot policy …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Tệp chính sách có đúng không; nêu mọi lỗi một lần. Is the file right? Tells everything wrong at once
    #[command(after_help = "Ví dụ · Example:\n  chot policy check policy.toml")]
    Check {
        /// Tệp chính sách. Policy file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Chạy các thông điệp mẫu viết cạnh quy tắc. Run the example messages written beside the rules
    Test(test::Args),
    /// Cổng sẽ làm gì với các tệp này, và vì sao. What would the gateway do with these files, and why
    Explain(explain::Args),
    /// Chính sách mặc định, để viết chính sách riêng từ đó. The default policy, to begin one's own from
    #[command(after_help = "Ví dụ · Example:\n  chot policy default > policy.toml")]
    Default,
    /// Lược đồ JSON của tệp chính sách, cho trình soạn thảo. JSON Schema of the policy file, for editors
    #[command(after_help = "Ví dụ · Example:\n  chot policy schema > chot-policy.schema.json")]
    Schema,
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Error> {
    match command {
        Command::Check { file } => check(file, out),
        Command::Test(args) => test::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Default => default(out),
        Command::Schema => schema::run(out),
    }
}

fn default(out: &mut dyn Write) -> Result<ExitCode, Error> {
    out.write_all(Policy::embedded_text().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What the author may have forgotten.
const fn told(gap: Gap) -> &'static str {
    match gap {
        Gap::Bulk => {
            "không quy tắc nào nói tới danh sách nhiều người · no rule speaks of lists of people \
             (`when.persons`, `when.bulk`)"
        }
        Gap::Formats => {
            "không quy tắc nào nói tới định dạng lạ nên chúng được gửi đi · no rule speaks of unknown formats, so they leave \
             (`when.opaque` = `unsupported-format`)"
        }
    }
}

/// Exit status 0: right, perhaps with warnings; 1: wrong.
fn check(file: &PathBuf, out: &mut dyn Write) -> Result<ExitCode, Error> {
    match state::policy(Some(file)) {
        Ok((policy, warnings)) => {
            if let Some(warnings) = warnings {
                writeln!(out, "{}", warnings.trim_end())?;
            }
            for gap in policy.gaps() {
                writeln!(out, "! {}; xem · see `chot policy default`", told(gap))?;
            }
            writeln!(out, "{}: đúng · valid ({}, {})", file.display(), policy.id(), policy.version())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Error::Wrong(problems)) => {
            writeln!(out, "{}", problems.to_string().trim_end())?;
            Ok(ExitCode::FAILURE)
        }
        Err(other) => Err(other),
    }
}
