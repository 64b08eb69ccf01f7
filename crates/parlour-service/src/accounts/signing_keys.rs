//! The keys that sign access tokens: kept in the store, rotated by the calendar.
//!
//! Time is cut into periods of `rotation`; each period has one Ed25519 key, named by its start and length, so that
//! nodes that make it at once end up with one. A key is stored a while before its period begins, signs during
//! it (and the next one, should nobody have made a newer key), and verifies until the last token it
//! signed has expired. So nobody notices a rotation, and an old token is told apart from a forged one
//! even after its key is gone.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{DecodingKey, EncodingKey};
use parlour_model::{Clock, Timestamp};
use parlour_store::{KeyPurpose, StoredKey};
use tokio::sync::Mutex;

use super::access_tokens::LEEWAY;
use crate::patience::PatientStore;
use crate::{ServiceError, TokenProblem};

/// How long before its period a key is stored, at most: many times [`KEYS_EVERY`].
const AHEAD_MAX: Duration = Duration::from_secs(10 * 60);
/// How often keys are looked after.
pub(super) const KEYS_EVERY: Duration = Duration::from_secs(60);
/// Unknown key names make this node read the store at most so often.
const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(1);

/// One key, ready for use.
pub(super) struct SigningKey {
    /// Its name in tokens.
    pub(super) id: String,
    /// Signs tokens.
    pub(super) signs: EncodingKey,
    /// Verifies them.
    pub(super) verifies: DecodingKey,
    starts_at: Timestamp,
    expires_at: Timestamp,
}

/// All keys of the deployment, as of the last look.
pub(super) struct SigningKeys {
    store: PatientStore,
    clock: Arc<dyn Clock>,
    rotation: Duration,
    token_lifetime: Duration,
    /// By rising start.
    keys: ArcSwap<Vec<Arc<SigningKey>>>,
    /// When an unknown name last made us read the store. Held while reading, so that many ask as one.
    last_search: Mutex<Option<Timestamp>>,
}

impl SigningKeys {
    /// The keys in `store`, the one for now made if need be.
    pub(super) async fn load(
        store: PatientStore,
        clock: Arc<dyn Clock>,
        rotation: Duration,
        token_lifetime: Duration,
    ) -> Result<Self, ServiceError> {
        let keys = Self {
            store,
            clock,
            rotation: Duration::from_secs(rotation.as_secs().max(1)),
            token_lifetime,
            keys: ArcSwap::default(),
            last_search: Mutex::new(None),
        };
        keys.maintain().await?;
        Ok(keys)
    }

    /// Makes the keys that are due, forgets those that are over, and takes over what other nodes made.
    pub(super) async fn maintain(&self) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let stored = self.stored().await?;
        let missing = |period: &Period| !stored.iter().any(|key| key.id == period.key_id());
        for period in self.due(now).filter(missing) {
            let new = self.new_key(period)?;
            self.store.write(|s| s.add_key(new.clone())).await?;
            tracing::info!(key = period.key_id(), "made a key for access tokens");
        }
        let over = |key: &StoredKey| key.expires_at.is_some_and(|at| at < now);
        if stored.iter().any(over) {
            self.store
                .write(|s| s.drop_expired_keys(KeyPurpose::AccessToken, now))
                .await?;
        }
        self.take_over(self.stored().await?);
        Ok(())
    }

    /// The key that signs now.
    pub(super) fn signing(&self) -> Result<Arc<SigningKey>, ServiceError> {
        let now = self.clock.now();
        let last_use = now.plus(self.token_lifetime).plus(LEEWAY);
        let keys = self.keys.load();
        let good = |key: &&Arc<SigningKey>| key.starts_at <= now && last_use <= key.expires_at;
        keys.iter()
            .rev()
            .find(good)
            .cloned()
            .ok_or_else(|| ServiceError::Unavailable("no key may sign tokens now".to_owned()))
    }

    /// The key named `id`. A name this node has not seen is looked for in the store, at most once a second.
    pub(super) async fn named(&self, id: &str) -> Result<Arc<SigningKey>, ServiceError> {
        if let Some(key) = self.known(id) {
            return Ok(key);
        }
        let invalid = ServiceError::Unauthenticated(TokenProblem::Invalid);
        let Some(period) = Period::of_key(id) else {
            return Err(invalid);
        };
        let now = self.clock.now();
        if self.verifies_until(period) < now {
            // Whatever it says, it is over: refreshing is the right advice, and gives a forger nothing.
            return Err(ServiceError::Unauthenticated(TokenProblem::Expired));
        }
        if period.start > now.plus(self.rotation) {
            return Err(invalid);
        }
        self.search(id).await?;
        self.known(id).ok_or(invalid)
    }

    /// The public keys of all keys that verify, by name.
    pub(super) fn all(&self) -> Vec<Arc<SigningKey>> {
        self.keys.load().to_vec()
    }

    async fn search(&self, id: &str) -> Result<(), ServiceError> {
        let mut last = self.last_search.lock().await;
        if self.known(id).is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        if let Some(at) = *last
            && now.since(at) < UNKNOWN_KEY_EVERY
        {
            return Err(ServiceError::Busy {
                retry_after: UNKNOWN_KEY_EVERY,
                own_rate: false,
            });
        }
        *last = Some(now);
        self.take_over(self.stored().await?);
        Ok(())
    }

    fn known(&self, id: &str) -> Option<Arc<SigningKey>> {
        self.keys.load().iter().find(|key| key.id == id).cloned()
    }

    async fn stored(&self) -> Result<Vec<StoredKey>, ServiceError> {
        self.store.read(|s| s.keys(KeyPurpose::AccessToken)).await
    }

    fn take_over(&self, stored: Vec<StoredKey>) {
        let mut keys: Vec<_> = stored.into_iter().filter_map(ready).map(Arc::new).collect();
        keys.sort_by_key(|key| key.starts_at);
        self.keys.store(Arc::new(keys));
    }

    /// The periods whose keys must exist at `now`.
    fn due(&self, now: Timestamp) -> impl Iterator<Item = Period> {
        let current = Period::at(now, self.rotation);
        let ahead = AHEAD_MAX.min(self.rotation / 4);
        let next = Period::at(now.plus(ahead), self.rotation);
        std::iter::once(current).chain((next != current).then_some(next))
    }

    fn new_key(&self, period: Period) -> Result<StoredKey, ServiceError> {
        let no_key = |_| ServiceError::Unavailable("no randomness for a key".to_owned());
        let secret = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(no_key)?;
        Ok(StoredKey {
            purpose: KeyPurpose::AccessToken,
            id: period.key_id(),
            secret: secret.as_ref().to_vec(),
            created_at: self.clock.now(),
            expires_at: Some(self.verifies_until(period)),
        })
    }

    /// Its own period, one more in which it may still have to sign, and the life of the last token.
    fn verifies_until(&self, period: Period) -> Timestamp {
        let signs_until = period.start.plus(period.length).plus(period.length);
        signs_until.plus(self.token_lifetime).plus(LEEWAY)
    }
}

/// A stored key ready for use; `None`, with a word in the log, for one that is none.
fn ready(stored: StoredKey) -> Option<SigningKey> {
    let pair = Ed25519KeyPair::from_pkcs8(&stored.secret).ok();
    let period = Period::of_key(&stored.id);
    let (Some(pair), Some(period)) = (pair, period) else {
        tracing::error!(
            key = stored.id,
            "a stored key for access tokens is not readable"
        );
        return None;
    };
    Some(SigningKey {
        signs: EncodingKey::from_ed_der(&stored.secret),
        verifies: DecodingKey::from_ed_der(pair.public_key().as_ref()),
        starts_at: period.start,
        expires_at: stored
            .expires_at
            .unwrap_or(Timestamp::from_millis(u64::MAX)),
        id: stored.id,
    })
}

/// A stretch of the calendar with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    start: Timestamp,
    length: Duration,
}

impl Period {
    fn at(time: Timestamp, length: Duration) -> Self {
        let seconds = time.as_millis() / 1_000;
        let start = seconds - seconds % length.as_secs();
        Self {
            start: Timestamp::from_millis(start * 1_000),
            length,
        }
    }

    /// Start and length are both in the name: a changed setting makes new names.
    fn key_id(self) -> String {
        format!(
            "{}-{}",
            self.start.as_millis() / 1_000,
            self.length.as_secs()
        )
    }

    fn of_key(id: &str) -> Option<Self> {
        let (start, length) = id.split_once('-')?;
        // Small enough that no sum of them overflows; a real name is far smaller.
        let number = |text: &str| text.parse::<u32>().ok().map(u64::from);
        let (start, length) = (number(start)?, number(length)?);
        Some(Self {
            start: Timestamp::from_millis(start * 1_000),
            length: Duration::from_secs(length),
        })
    }
}
