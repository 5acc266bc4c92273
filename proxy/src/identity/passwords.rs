//! Passwords that were checked a short while ago, under a digest keyed with randomness of this process.
//!
//! Without it every request would cost a password hash; with the passwords themselves a memory dump would tell them.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::users::{Known, Users};
use crate::Error;

/// Passwords remembered, right ones and wrong ones.
const REMEMBERED_MAX: u64 = 50_000;
/// How long a wrong one is: programs repeat theirs many times a second.
const WRONG_SECONDS: u64 = 30;
/// Checks at once: each takes a core and 19 MiB.
const AT_ONCE_MAX: usize = 2;

type Digest = [u8; 32];

pub(super) struct Passwords {
    key: hmac::Key,
    right: Cache<Digest, Arc<Known>>,
    wrong: Cache<Digest, ()>,
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(remember: Duration) -> Result<Self, Error> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| Error::Identity("there is no randomness".to_owned()))?;
        let kept = |time| Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(time);
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            right: kept(remember).build(),
            wrong: Cache::builder()
                .max_capacity(REMEMBERED_MAX)
                .time_to_live(Duration::from_secs(WRONG_SECONDS))
                .build(),
            turns: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        })
    }

    /// The account, if this is its password.
    pub(super) async fn check(&self, users: &Arc<Users>, name: String, password: String) -> Option<Known> {
        let digest = self.digest(&name, &password)?;
        if let Some(known) = self.right.get(&digest).await {
            return Some((*known).clone());
        }
        if self.wrong.contains_key(&digest) {
            return None;
        }
        // A browser opens many connections at once: the first of them checks for all.
        let checking = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| ())?;
            let users = Arc::clone(users);
            let checked = tokio::task::spawn_blocking(move || {
                let known = users.verify(&name, &password);
                drop(turn);
                known
            });
            checked.await.ok().flatten().map(Arc::new).ok_or(())
        };
        match self.right.try_get_with(digest, checking).await {
            Ok(known) => Some((*known).clone()),
            Err(_) => {
                self.wrong.insert(digest, ()).await;
                None
            }
        }
    }

    fn digest(&self, name: &str, password: &str) -> Option<Digest> {
        // No name holds a zero byte, so no two pairs are written the same.
        let tag = hmac::sign(&self.key, &[name.as_bytes(), &[0], password.as_bytes()].concat());
        tag.as_ref().try_into().ok()
    }
}
