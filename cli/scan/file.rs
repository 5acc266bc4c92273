//! One file, inspected; its lines handed on as they are made.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use chot_inspect::{FileSource, Hint, Inspector, Source};
use chot_proxy::hold::{Hold, Holds};

use super::report::Line;
use super::walk::Input;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;
/// A stream up to this size stays in memory; above it goes to an encrypted file without a name.
const HELD_MEMORY_BYTES_MAX: u64 = 64 << 20;

/// Opens a file as the inspection reads it. What tells no length beforehand (a pipe, a file of `/proc`) is read to its
/// end first: taking it for empty would call it clean.
///
/// # Errors
/// When it cannot be opened or is a folder.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Source>> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(if meta.is_file() && meta.len() > 0 { Box::new(FileSource::new(file)?) } else { Box::new(hold(&mut file)?) })
}

/// Inspects one input and tells `tell` its lines: findings, then the file; or an error.
pub(super) fn scan(input: Input, inspector: &Inspector, tell: &(dyn Fn(Line) + Sync)) {
    let name = match &input {
        Input::Stdin => "-".to_owned(),
        Input::File(path) | Input::Folder(path) | Input::Unreadable(path, _) => path.to_string_lossy().into_owned(),
    };
    let scanned = match input {
        Input::Stdin => hold(&mut io::stdin().lock()).and_then(|held| inspect(&name, "stdin", &held, inspector, tell)),
        Input::File(path) | Input::Folder(path) => open(&path).and_then(|source| {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            inspect(&name, &file_name, &*source, inspector, tell)
        }),
        Input::Unreadable(_, why) => Err(why),
    };
    if let Err(why) = scanned {
        tell(Line::Error { file: name, message: why.to_string() });
    }
}

/// Reads everything: formats such as zip can only be opened once their end is known.
fn hold(stream: &mut dyn Read) -> io::Result<Hold> {
    let mut held = Holds::new(&std::env::temp_dir(), HELD_MEMORY_BYTES_MAX)?.begin();
    let mut buf = vec![0; READ_BYTES];
    loop {
        match stream.read(&mut buf) {
            Ok(0) => return held.seal(),
            Ok(n) => held.push(buf.get(..n).unwrap_or_default())?,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
}

fn inspect(
    file: &str,
    file_name: &str,
    source: &dyn Source,
    inspector: &Inspector,
    tell: &(dyn Fn(Line) + Sync),
) -> io::Result<()> {
    let hint = Hint { name: Some(file_name.to_owned()), content_type: None };
    let (sender, findings) = std::sync::mpsc::sync_channel(1_000);
    // The sink must outlive this borrow of `tell`, so findings cross a bounded channel to a thread that may borrow.
    std::thread::scope(|scope| {
        let masker = inspector.clone();
        scope.spawn(move || {
            for finding in findings {
                tell(Line::finding(file, finding, &masker));
            }
        });
        let mut inspecting = inspector.begin_with(hint, Box::new(move |finding| drop(sender.send(finding))));
        let (mut offset, mut buf) = (0, vec![0; READ_BYTES]);
        loop {
            let n = source.read_at(offset, &mut buf)?;
            if n == 0 {
                break;
            }
            inspecting.push(buf.get(..n).unwrap_or_default());
            offset += n as u64;
        }
        Ok(inspecting.finish(source).inspection)
    })
    .map(|inspection| tell(Line::file(file, inspection)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_no_file() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(open(dir.path()).is_err());
        assert!(open(&dir.path().join("none")).is_err());
    }
}
