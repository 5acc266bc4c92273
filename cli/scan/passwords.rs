//! Passwords for what is locked: typed, from a file, or from the environment, where nobody else sees them.
//!
//! None is printed, and none is handed to a worker by its arguments.

use std::path::PathBuf;

use chot_model::Secret;

use crate::Error;

/// Where passwords come from.
#[derive(clap::Args)]
pub(super) struct Passwords {
    /// Mật khẩu mở tệp bị khóa, nhiều lần được; người khác trên máy nhìn thấy. A password for locked files; others on
    /// this machine can see it
    #[arg(long = "password", value_name = "P")]
    typed: Vec<String>,
    /// Tệp mật khẩu, mỗi dòng một. A file of passwords, one a line
    #[arg(long = "password-file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Biến môi trường giữ mật khẩu. An environment variable that holds a password
    #[arg(long = "password-env", value_name = "NAME")]
    variables: Vec<String>,
}

impl Passwords {
    pub(super) fn read(&self) -> Result<Vec<Secret>, Error> {
        let mut passwords: Vec<Secret> = self.typed.iter().map(|p| Secret::new(p.as_str())).collect();
        for path in &self.files {
            let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
            passwords.extend(text.lines().filter(|line| !line.is_empty()).map(Secret::new));
        }
        for name in &self.variables {
            let value = std::env::var(name).map_err(|_| {
                Error::Say(format!("biến môi trường {name} không có · the environment has no variable {name}"))
            })?;
            passwords.push(Secret::new(value));
        }
        Ok(passwords)
    }
}
