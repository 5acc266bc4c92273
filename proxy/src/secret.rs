//! Files with secrets in them: read only where nobody else may.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::Error;

/// Largest such file: the password hashes of a ministry.
const BYTES_MAX: u64 = 64 << 20;

/// The text of a file that only its owner, or its owner and group, may read.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    check(path)?;
    let wrong = |why: io::Error| Error::Secret { path: path.to_owned(), what: format!("cannot be read: {why}") };
    std::fs::read_to_string(path).map_err(wrong)
}

/// Whether a file can be opened, and only its owner, or its owner and group, may read it.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    let wrong = |what: String| Error::Secret { path: path.to_owned(), what };
    let opened = File::open(path).and_then(|file| file.metadata());
    let meta = opened.map_err(|why| wrong(format!("cannot be read: {why}")))?;
    if meta.permissions().mode() & 0o037 != 0 {
        return Err(wrong("others may read or change it; set its mode to 0600 or 0640".to_owned()));
    }
    if meta.len() > BYTES_MAX {
        return Err(wrong(format!("is larger than {BYTES_MAX} bytes")));
    }
    Ok(())
}
