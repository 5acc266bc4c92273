//! The socket file by which a mail server of this host asks (`unix:` of Postfix).
//!
//! Whoever may open it is believed what listed hosts are: its mode and its group say who that is.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Listens at `path`. Nobody can connect before mode and group are as they shall be.
pub(crate) fn bind(path: &Path, mode: u32, group: Option<&str>) -> io::Result<UnixListener> {
    let gid = group.map(gid_of).transpose()?;
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there"));
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
        }
        _ => {}
    }
    let mut beside = path.to_owned().into_os_string();
    beside.push(".new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&beside)?;
    listener.set_nonblocking(true)?;
    lchown(&beside, None, gid)?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(mode))?;
    // Takes the place of what a gateway that was killed has left.
    fs::rename(&beside, path)?;
    Ok(listener)
}

/// The number of a group of this host.
fn gid_of(group: &str) -> io::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let groups = fs::read_to_string("/etc/group")?;
    let gid = |line: &str| {
        let mut fields = line.split(':');
        (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok()).flatten()
    };
    groups.lines().find_map(gid).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such group"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_for_its_group_and_takes_the_place_of_a_dead_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("milter.sock");
        for mode in [0o660, 0o600] {
            let listener = bind(&path, mode, None).expect("bound");
            let found = fs::symlink_metadata(&path).expect("a file");
            assert_eq!((found.permissions().mode() & 0o777, found.file_type().is_socket()), (mode, true));
            assert_eq!(bind(&path, mode, None).expect_err("in use").kind(), io::ErrorKind::AddrInUse);
            drop(listener);
        }
        let other = dir.path().join("file");
        fs::write(&other, "x").expect("written");
        assert_eq!(bind(&other, 0o660, None).expect_err("a file").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&other).expect("read"), b"x");
        assert!(bind(&path, 0o660, Some("no such group: 1")).is_err());
        assert_eq!((gid_of("root").expect("known"), gid_of("77").expect("a number")), (0, 77));
    }
}
