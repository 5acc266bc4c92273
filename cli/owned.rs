//! Files that commands write and the service reads. An administrator runs commands as root, the service is another
//! user: a file that takes the place of another keeps its owner and mode, and a new one belongs to whom the data folder
//! belongs to. Otherwise the service would find itself locked out at its next start.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::Error;

/// Where accounts of this machine have their names.
const ACCOUNTS: &str = "/etc/passwd";
/// The administrator of the machine.
const ROOT: u32 = 0;

/// Puts a whole file in the place of another, or where none was: with `mode` then.
///
/// # Errors
/// When it cannot be written, or not be given to its owner. What was there is unchanged then.
pub(crate) fn replace(file: &Path, bytes: &[u8], mode: u32, data: &Path) -> Result<(), Error> {
    let old_mode = std::fs::metadata(file).map_or(mode, |old| old.permissions().mode() & 0o777);
    let beside = beside(file, ".new");
    write(&beside, bytes, old_mode, file, data)?;
    std::fs::rename(&beside, file).map_err(Error::file(file))
}

/// Writes `path`, which is to take the place of `file`: with its owner, or that of the data folder.
///
/// # Errors
/// As [`replace`].
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32, file: &Path, data: &Path) -> Result<(), Error> {
    let old = std::fs::metadata(file).ok();
    let like = old.clone().or_else(|| std::fs::metadata(data).ok());
    let write = || {
        let _ = std::fs::remove_file(path);
        let mut new = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        if let Some(like) = &like {
            give(&new, like, old.is_some())?;
        }
        new.write_all(bytes)?;
        new.sync_all()
    };
    write().map_err(|source| {
        let _ = std::fs::remove_file(path);
        Error::File { path: file.to_owned(), source }
    })
}

/// The name of a file that is written before it takes its place, or of what made place.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Gives a file to the owner of another. Only root may, and whoever owns both need not.
fn give(file: &File, like: &Metadata, must: bool) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    match fchown(file, Some(like.uid()), Some(like.gid())) {
        // A file of one's own beside a folder of another was made before there was a service.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !must => Ok(()),
        given => given,
    }
}

/// Root does not run the gateway over a data folder of another user: ledger and keys would be root's from then on, and
/// the service could neither record nor start.
///
/// # Errors
/// Then, with what to do.
pub(crate) fn refuse_root(data: &Path) -> Result<(), Error> {
    let Ok(folder) = std::fs::metadata(data) else { return Ok(()) };
    if !rustix::process::geteuid().is_root() || folder.uid() == ROOT {
        return Ok(());
    }
    let accounts = std::fs::read_to_string(ACCOUNTS).unwrap_or_default();
    let owner = name_of(folder.uid(), &accounts);
    Err(Error::Say(format!(
        "{}: của người dùng {owner}, root chạy thì dịch vụ không ghi được sổ nữa · it belongs to {owner}, whose service \
         would be locked out by files of root; run it as that user: sudo -u '{owner}' chot run …, or systemctl start chot",
        data.display()
    )))
}

/// The name of an account, or its number as `sudo` takes it.
fn name_of(uid: u32, accounts: &str) -> String {
    let of_line = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    };
    accounts.lines().find_map(of_line).unwrap_or_else(|| format!("#{uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_names() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nchot:x:997:996::/var/lib/chot:/usr/sbin/nologin\nodd\n";
        assert_eq!(name_of(997, accounts), "chot");
        assert_eq!(name_of(4, accounts), "#4");
    }

    #[test]
    fn what_replaces_a_file_keeps_its_mode() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a");
        let mode = || std::fs::metadata(&file).expect("there").permissions().mode() & 0o777;
        replace(&file, b"1", 0o600, dir.path()).expect("written");
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("set");
        replace(&file, b"2", 0o600, dir.path()).expect("written");
        assert_eq!((mode(), std::fs::read(&file).expect("read")), (0o640, b"2".to_vec()));
        assert!(!beside(&file, ".new").exists());
    }
}
