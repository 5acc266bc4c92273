//! `chot`: the checkpoint. Arguments in, one command run, an exit status out.
//!
//! Nothing is decided here: what a command has to know it asks the rooms. A file per command, named as it is typed.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod audit;
mod bypass;
mod ca;
mod clock;
mod demo;
mod doctor;
mod error;
mod owned;
mod policy;
mod quarantine;
mod reload;
mod run;
mod scan;
mod state;
mod tickets;
mod user;
mod worker;

use error::Error;

/// Thousands of connections come and go: what they held must return to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit status of a usage error or of a command that could not do its work.
const FAILED: u8 = 2;

/// Chốt kiểm soát dữ liệu cá nhân ở cửa ra mạng. A gateway that stops personal data at the network's edge.
#[derive(Parser)]
#[command(name = "chot", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Ví dụ · Examples:
  chot demo                            xem thử trong vài giây · see it work in a few seconds
  chot run --config chot.toml          chạy cổng · start the gateway
  chot scan danh-sach.xlsx             xem trong tệp có gì · look into a file
  chot audit list --action block       những gì đã bị chặn · what was blocked";

#[derive(Subcommand)]
enum Command {
    /// Chạy cổng. Start the gateway
    Run(run::Args),
    /// Xem thử: cổng, máy chủ đóng thế và một cán bộ gửi tài liệu. Show everything in one process, then end
    Demo(demo::Args),
    /// Xem trong tệp, thư mục có gì, đúng như cổng sẽ thấy. Look into files exactly as the gateway would
    Scan(scan::Args),
    /// Kiểm tra, thử, giải thích chính sách. Check, test and explain a policy
    #[command(subcommand)]
    Policy(policy::Command),
    /// Nạp lại chính sách cho cổng đang chạy. Ask the running gateway to load its policy again
    Reload(reload::Args),
    /// Thư đang chờ duyệt. Mails that wait for a person
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// Sổ kiểm toán. The audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Chứng thư gốc của cổng. The interception CA
    #[command(subcommand)]
    Ca(ca::Command),
    /// Những gì không giải mã. What is passed on without being decrypted
    #[command(subcommand)]
    Bypass(bypass::Command),
    /// Người dùng proxy. Whom the proxy asks for a password
    #[command(subcommand)]
    User(user::Command),
    /// Bản cài này có ổn không? Is this installation sound?
    Doctor(doctor::Args),
    /// Đọc định dạng phức tạp trong một tiến trình bị giam. Read complicated formats in a confined process
    #[command(hide = true)]
    Worker(worker::Args),
    /// Đọc vé Kerberos trong một tiến trình riêng. Read Kerberos tickets in a process of their own
    #[command(hide = true)]
    Tickets(tickets::Args),
}

/// Says where a fault of ours happened, and not what it was about: the text of a panic may quote what was under
/// inspection, and standard error ends in a journal.
fn tell_faults_without_content() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let _ = writeln!(io::stderr(), "chot: lỗi bên trong chương trình · internal fault{place}");
    }));
}

fn main() -> ExitCode {
    tell_faults_without_content();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // `--help` and `--version` come this way too. A closed pipe is no news.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(FAILED));
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match cli.command {
        Command::Run(args) => run::run(&args, &mut out),
        Command::Demo(args) => demo::run(&args, &mut out),
        Command::Scan(args) => scan::run(&args, &mut out),
        Command::Policy(command) => policy::run(&command, &mut out),
        Command::Reload(args) => reload::run(&args, &mut out),
        Command::Quarantine(command) => quarantine::run(&command, &mut out),
        Command::Audit(command) => audit::run(&command, &mut out),
        Command::Ca(command) => ca::run(&command, &mut out),
        Command::Bypass(command) => bypass::run(&command, &mut out),
        Command::User(command) => user::run(&command, &mut out),
        Command::Doctor(args) => doctor::run(&args, &mut out),
        Command::Worker(args) => worker::run(&args),
        Command::Tickets(args) => tickets::run(&args),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(Error::Output)) {
        Ok(code) => code,
        // The reader has seen enough: `chot scan … | head`.
        Err(Error::Output(closed)) if closed.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "chot: {}", error.with_causes());
            ExitCode::from(FAILED)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn arguments_are_consistent_and_every_command_shows_examples() {
        let mut cli = Cli::command();
        cli.build();
        cli.clone().debug_assert();
        let mut todo = vec![&cli];
        while let Some(command) = todo.pop() {
            todo.extend(command.get_subcommands().filter(|c| c.get_name() != "help"));
            if !command.has_subcommands() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("chot "), "`{}` has no example", command.get_name());
            }
        }
    }
}
