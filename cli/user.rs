//! `chot user`: the file of users whom the proxy asks for a password. Passwords come from standard input, so that they
//! stand in no list of processes and no history; the file holds their argon2 hashes only.

use std::io::{self, BufRead as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::state::State;
use crate::{Error, owned};

const ADD_EXAMPLES: &str = "\
Mật khẩu đọc từ đầu vào chuẩn, một dòng · The password is read from standard input, one line.

Ví dụ · Examples:
  chot user add an.nguyen --group ke-toan --config /etc/chot/chot.toml < mat-khau.txt
  systemd-ask-password | chot user add an.nguyen --config /etc/chot/chot.toml";
const REMOVE_EXAMPLES: &str = "Ví dụ · Example:\n  chot user remove an.nguyen --config /etc/chot/chot.toml";
/// Shorter passwords are guessed.
const PASSWORD_CHARS_MIN: usize = 8;

/// `chot user …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Thêm người dùng hoặc đổi mật khẩu. Add a user, or change the password of one
    #[command(after_help = ADD_EXAMPLES)]
    Add {
        #[command(flatten)]
        state: State,
        /// Tên tài khoản. Name of the account
        name: String,
        /// Nhóm, chính sách viết là @nhóm. A group, which policies write as @group; may be repeated
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// Bỏ người dùng. Remove a user
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove {
        #[command(flatten)]
        state: State,
        /// Tên tài khoản. Name of the account
        name: String,
    },
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Error> {
    match command {
        Command::Add { state, name, groups } => {
            let (file, data) = file_of(state)?;
            let fits =
                |word: &str| !word.is_empty() && !word.contains([':', ',', '@']) && !word.contains(char::is_whitespace);
            if !groups.iter().all(|group| fits(group)) || name.starts_with('@') || name.contains([':', ',']) {
                return Err(Error::Say(
                    "tên không được có : , hoặc khoảng trắng · names have no colons, commas or spaces".into(),
                ));
            }
            let mut password = String::new();
            io::stdin().lock().read_line(&mut password)?;
            let password = password.trim_end_matches(['\r', '\n']);
            if password.chars().count() < PASSWORD_CHARS_MIN {
                return Err(Error::Say(format!(
                    "mật khẩu ngắn hơn {PASSWORD_CHARS_MIN} ký tự · the password is shorter than {PASSWORD_CHARS_MIN} characters"
                )));
            }
            let line = format!("{name}:{}:{}", groups.join(","), chot_proxy::identity::hash(password)?);
            change(&file, &data, name, Some(&line))?;
            writeln!(out, "{name}: {}", file.display())?;
        }
        Command::Remove { state, name } => {
            let (file, data) = file_of(state)?;
            if !change(&file, &data, name, None)? {
                return Err(Error::Say(format!("{name}: không có · there is none in {}", file.display())));
            }
            writeln!(out, "{name}: đã bỏ · removed")?;
        }
    }
    writeln!(out, "Có hiệu lực sau `chot reload` · counts after `chot reload`")?;
    Ok(ExitCode::SUCCESS)
}

/// The file of users, and the data folder.
fn file_of(state: &State) -> Result<(PathBuf, PathBuf), Error> {
    let settings = state.settings()?.0;
    let file = settings.identity.users.ok_or_else(|| {
        Error::Say(
            "cấu hình chưa có [identity] users · the settings name no file of users ([identity] users)".to_owned(),
        )
    })?;
    Ok((file, settings.data_dir))
}

/// Replaces the line of a user. Tells whether there was one.
fn change(file: &Path, data: &Path, name: &str, line: Option<&str>) -> Result<bool, Error> {
    let old = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Error::File { path: file.to_owned(), source }),
    };
    let is_of_user = |line: &&str| line.split_once(':').is_some_and(|(of, _)| of.trim() == name);
    let had = old.lines().any(|line| is_of_user(&line));
    let lines = old.lines().filter(|line| !is_of_user(line)).chain(line);
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    owned::replace(file, text.as_bytes(), 0o600, data)?;
    Ok(had)
}
