//! Paths in a stable order: as given, folders depth first and sorted by name.
//!
//! Symbolic links inside folders are not followed, so a walk ends and sees nothing twice; a link that was named on the
//! command line is. Sockets, pipes and devices inside folders hold no content and are passed over.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One thing to look into, or why it cannot be.
#[derive(Debug)]
pub(super) enum Input {
    /// Standard input.
    Stdin,
    /// A file, by the path as given.
    File(PathBuf),
    /// A folder still to be opened.
    Folder(PathBuf),
    /// A path that cannot be read.
    Unreadable(PathBuf, io::Error),
}

impl Input {
    /// A path of the command line.
    pub(super) fn named(path: &Path) -> Self {
        if path == Path::new("-") {
            return Self::Stdin;
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => Self::Folder(path.to_owned()),
            Ok(_) => Self::File(path.to_owned()),
            Err(why) => Self::Unreadable(path.to_owned(), why),
        }
    }
}

/// The paths still to come. Holds the names of the folders it is in, not of the whole tree.
pub(super) struct Walk {
    todo: VecDeque<Input>,
}

impl Walk {
    pub(super) fn new(todo: VecDeque<Input>) -> Self {
        Self { todo }
    }

    /// Puts a folder's members before everything else.
    fn open(&mut self, folder: &Path) -> io::Result<()> {
        let mut members = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                members.push(Input::Folder(entry.path()));
            } else if kind.is_file() {
                members.push(Input::File(entry.path()));
            }
        }
        members.sort_by(|a, b| b.path().cmp(&a.path()));
        members.into_iter().for_each(|member| self.todo.push_front(member));
        Ok(())
    }
}

impl Input {
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) | Self::Folder(path) | Self::Unreadable(path, _) => Some(path),
        }
    }
}

impl Iterator for Walk {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        loop {
            match self.todo.pop_front()? {
                Input::Folder(folder) => {
                    if let Err(why) = self.open(&folder) {
                        return Some(Input::Unreadable(folder, why));
                    }
                }
                input => return Some(input),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_stable_and_links_in_folders_are_not_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("b/a")).expect("folders");
        for name in ["c", "b/z", "b/a/x", "a"] {
            fs::write(at(name), name).expect("a file");
        }
        std::os::unix::fs::symlink(dir.path(), at("b/loop")).expect("a link");
        let todo = [Input::named(&at("c")), Input::named(dir.path()), Input::named(&at("none"))];
        let seen: Vec<String> = Walk::new(todo.into())
            .map(|input| {
                let path = input.path().expect("a path").strip_prefix(dir.path()).expect("inside").to_owned();
                format!("{}{}", path.display(), if matches!(input, Input::File(_)) { "" } else { "?" })
            })
            .collect();
        assert_eq!(seen, ["c", "a", "b/a/x", "b/z", "c", "none?"]);
    }
}
