//! Passwords that were checked a short while ago, under a digest keyed with randomness of this process.
//!
//! Without it every request would cost a password hash, or a question to the directory; with the passwords themselves a
//! memory dump would tell them.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::directory::{Directory, Unavailable};
use super::users::{Known, Users};
use crate::Error;

/// Passwords remembered, right ones and wrong ones.
const REMEMBERED_MAX: u64 = 50_000;
/// How long a wrong one is: programs repeat theirs many times a second.
const WRONG_SECONDS: u64 = 30;
/// The same where a directory counts them and locks the account after a few.
const WRONG_THERE_SECONDS: u64 = 300;
/// Checks of hashes at once: each takes a core and 19 MiB.
const AT_ONCE_MAX: usize = 2;

type Digest = [u8; 32];

/// Where an account is known.
#[derive(Clone)]
pub(super) enum Place {
    File(Arc<Users>),
    Directory(Arc<Directory>),
}

/// Why there is no account.
#[derive(Clone, Copy, Debug)]
enum Not {
    Right,
    Answered(Unavailable),
}

pub(super) struct Passwords {
    key: hmac::Key,
    right: Cache<Digest, Arc<Known>>,
    wrong: Cache<Digest, ()>,
    wrong_there: Cache<Digest, ()>,
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(remember: Duration) -> Result<Self, Error> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| Error::Identity("there is no randomness".to_owned()))?;
        let kept = |time| Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(time);
        let forgotten =
            |seconds| Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(Duration::from_secs(seconds)).build();
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            right: kept(remember).build(),
            wrong: forgotten(WRONG_SECONDS),
            wrong_there: forgotten(WRONG_THERE_SECONDS),
            turns: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        })
    }

    /// The account, if this is its password.
    ///
    /// # Errors
    /// When nobody can say.
    pub(super) async fn check(
        &self,
        place: &Place,
        name: String,
        password: String,
    ) -> Result<Option<Known>, Unavailable> {
        let Some(digest) = self.digest(&name, &password) else { return Ok(None) };
        if let Some(known) = self.right.get(&digest).await {
            return Ok(Some((*known).clone()));
        }
        let wrong = match place {
            Place::File(_) => &self.wrong,
            Place::Directory(_) => &self.wrong_there,
        };
        if wrong.contains_key(&digest) {
            return Ok(None);
        }
        // A browser opens many connections at once: the first of them checks for all.
        let checking = async {
            let known = match place {
                Place::File(users) => self.check_hash(Arc::clone(users), name, password).await,
                Place::Directory(directory) => {
                    // Boxed: every request waits here, few ask.
                    Box::pin(directory.check(&name, &password)).await.map_err(Not::Answered)?
                }
            };
            known.map(Arc::new).ok_or(Not::Right)
        };
        match self.right.try_get_with(digest, checking).await {
            Ok(known) => Ok(Some((*known).clone())),
            Err(why) => match *why {
                Not::Right => {
                    wrong.insert(digest, ()).await;
                    Ok(None)
                }
                // Another moment it may answer.
                Not::Answered(unavailable) => Err(unavailable),
            },
        }
    }

    async fn check_hash(&self, users: Arc<Users>, name: String, password: String) -> Option<Known> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let checked = tokio::task::spawn_blocking(move || {
            let known = users.verify(&name, &password);
            drop(turn);
            known
        });
        checked.await.ok().flatten()
    }

    fn digest(&self, name: &str, password: &str) -> Option<Digest> {
        // No name holds a zero byte, so no two pairs are written the same.
        let tag = hmac::sign(&self.key, &[name.as_bytes(), &[0], password.as_bytes()].concat());
        tag.as_ref().try_into().ok()
    }
}
