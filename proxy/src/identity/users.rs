//! The file of users: a line each, `name:groups:hash`, with the argon2 hash of the password in the PHC form.
//!
//! `chot user add` writes it. Passwords stand nowhere.

use std::collections::HashMap;
use std::path::Path;

use argon2::password_hash::{PasswordHash, PasswordHasher, SaltString};
use argon2::{Argon2, PasswordVerifier};

use crate::{Error, secret};

/// Longest name of an account.
const NAME_CHARS_MAX: usize = 128;
/// What is checked for a name that does not exist: it fits no password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Bytes of salt (RFC 9106 §3.1).
const SALT_BYTES: usize = 16;

/// A name that may stand in the file and in records. `@` begins the name of a group.
pub(super) fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_alphanumeric() || ".-_@+\\".contains(c);
    !name.is_empty() && !name.starts_with('@') && name.chars().count() <= NAME_CHARS_MAX && name.chars().all(is_fit)
}

/// The users there are.
pub(super) struct Users(HashMap<String, User>);

struct User {
    groups: Vec<String>,
    hash: String,
}

/// An account with its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) groups: Vec<String>,
}

impl Users {
    /// Reads the file. Before the first user is added there is none, and nobody can log on.
    pub(super) fn load(file: &Path) -> Result<Self, Error> {
        if matches!(file.try_exists(), Ok(false)) {
            return Ok(Self(HashMap::new()));
        }
        let text = secret::read(file)?;
        let mut users = HashMap::new();
        for (line, n) in text.lines().map(str::trim).zip(1..).filter(|(l, _)| !l.is_empty() && !l.starts_with('#')) {
            let wrong = |what: &str| Error::Secret { path: file.to_owned(), what: format!("line {n}: {what}") };
            let mut parts = line.splitn(3, ':');
            let (Some(name), Some(groups), Some(hash)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(wrong("is not `name:groups:hash`"));
            };
            if !is_name(name) {
                return Err(wrong("a name has letters, digits and . - _ @ + only"));
            }
            // Checked here, so that a broken hash is no surprise at the first log-on.
            PasswordHash::new(hash).map_err(|_| wrong("the hash is none"))?;
            let groups =
                groups.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect();
            if users.insert(name.to_owned(), User { groups, hash: hash.to_owned() }).is_some() {
                return Err(wrong("the name stands there twice"));
            }
        }
        Ok(Self(users))
    }

    /// Whether this is the password of that account. Takes some hundredths of a second and 19 MiB, for a name that
    /// does not exist too: how long it takes tells nobody which names there are.
    pub(super) fn verify(&self, name: &str, password: &str) -> Option<Known> {
        let user = self.find(name);
        let hash = PasswordHash::new(user.map_or(NOBODY, |(_, user)| &user.hash)).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &hash).ok()?;
        user.map(|(name, user)| Known { name: name.clone(), groups: user.groups.clone() })
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The account of this name, however its letters are written.
    pub(super) fn known_as(&self, name: &str) -> Option<Known> {
        let (name, user) = self.find(name)?;
        Some(Known { name: name.clone(), groups: user.groups.clone() })
    }

    pub(super) fn groups_of(&self, name: &str) -> Vec<String> {
        self.find(name).map(|(_, user)| user.groups.clone()).unwrap_or_default()
    }

    /// The user of this name, however its letters are written, as directories take it. Of names that differ in nothing
    /// else only the one written so is meant.
    fn find(&self, name: &str) -> Option<(&String, &User)> {
        if let Some(found) = self.0.get_key_value(name) {
            return Some(found);
        }
        let name = name.to_lowercase();
        let mut alike = self.0.iter().filter(|(known, _)| known.to_lowercase() == name);
        alike.next().filter(|_| alike.next().is_none())
    }
}

/// The hash of a password, as the file of users holds it (argon2id, RFC 9106).
///
/// # Errors
/// When there is no randomness.
pub fn hash(password: &str) -> Result<String, Error> {
    let failed = |what: &str| Error::Identity(what.to_owned());
    let mut salt = [0; SALT_BYTES];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| failed("there is no randomness"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| failed("the salt cannot be written"))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|_| failed("the password cannot be hashed"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_name_that_does_not_exist_costs_a_hash_too() {
        let nobody = PasswordHash::new(NOBODY).expect("a hash");
        let somebody = hash("mật khẩu dài").expect("hashed");
        let somebody = PasswordHash::new(&somebody).expect("a hash");
        assert_eq!((nobody.algorithm, nobody.params.to_string()), (somebody.algorithm, somebody.params.to_string()));
        assert_eq!(nobody.hash.map(|hash| hash.len()), somebody.hash.map(|hash| hash.len()));
    }

    #[test]
    fn letters_are_taken_as_directories_take_them() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("users");
        assert_eq!(Users::load(&file).expect("no user yet").len(), 0);
        let hash = hash("mật khẩu dài").expect("hashed");
        let text: String = ["an.nguyen", "Binh", "binh"].map(|name| format!("{name}:ke-toan:{hash}\n")).concat();
        std::fs::write(&file, text).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
        let users = Users::load(&file).expect("sound");
        let known = |name: &str| users.verify(name, "mật khẩu dài").map(|known| known.name);
        assert_eq!(known("AN.Nguyen").as_deref(), Some("an.nguyen"));
        assert_eq!(users.groups_of("AN.NGUYEN"), ["ke-toan"]);
        assert_eq!(known("Binh").as_deref(), Some("Binh"));
        // Which of two?
        assert_eq!((known("BINH"), known("ai.do")), (None, None));
    }

    #[test]
    fn a_file_is_sound_or_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let good = hash("mật khẩu dài").expect("hashed");
        for (text, is_sound) in [
            (format!("# users\n\nan.nguyen::{good}\nthu.tran:a, b:{good}\n"), true),
            (format!("an.nguyen:{good}"), false),
            (format!("an.nguyen::{good}\nan.nguyen::{good}"), false),
            (format!("@an::{good}"), false),
            ("an.nguyen::mat-khau".to_owned(), false),
        ] {
            std::fs::write(file.path(), &text).expect("written");
            assert_eq!(Users::load(file.path()).is_ok(), is_sound, "{text}");
        }
        std::fs::write(file.path(), "").expect("written");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).expect("set");
        assert!(Users::load(file.path()).is_err());
    }

    #[test]
    fn names_of_accounts() {
        for (name, is_one) in [
            ("an.nguyen", true),
            ("an@vss.gov.vn", true),
            ("BHXH\\an", true),
            ("nguyễn.an", true),
            ("", false),
            ("@nhom", false),
            ("a b", false),
            ("a:b", false),
            ("a\n", false),
        ] {
            assert_eq!(is_name(name), is_one, "{name}");
        }
    }
}
