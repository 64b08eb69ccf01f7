//! Password hashing in a bounded pool.
//!
//! A hash is made to be dear, so the number of hashes at once and the number waiting are bounded, and who finds
//! the queue full is told before any work is done. A permit travels into the blocking work: a caller who
//! gives up does not free a core that is still busy.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::PasswordSettings;
use crate::ServiceError;

/// When to try again after the queue was full.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The pool.
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    /// Verified against when there is no user, so that both take the same time.
    nobody: String,
    places: Arc<Semaphore>,
    permits: Arc<Semaphore>,
    tracker: TaskTracker,
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not the password.
    Wrong,
    /// The password.
    Right,
    /// The password, hashed at another cost than is configured now.
    RightAndOutdated,
}

impl Passwords {
    /// A pool of this cost and size.
    pub(super) fn new(
        settings: &PasswordSettings,
        tracker: TaskTracker,
    ) -> Result<Self, ServiceError> {
        let PasswordSettings {
            memory_kib,
            passes,
            lanes,
            permits,
            queue_max,
        } = *settings;
        let params =
            Params::new(memory_kib, passes, lanes, None).map_err(|e| ServiceError::Invalid {
                field: "passwords",
                reason: e.to_string(),
            })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| no_hash("no randomness"))?;
        Ok(Self {
            nobody: hash_with(&argon2, &random)?,
            argon2,
            // queue: password hashing
            places: Arc::new(Semaphore::new(permits.get() + queue_max)),
            // queue: password hashing
            permits: Arc::new(Semaphore::new(permits.get())),
            tracker,
        })
    }

    /// The hash of `password` as a PHC string.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, ServiceError> {
        self.run(move |argon2| hash_with(argon2, password.expose_secret().as_bytes()))
            .await?
    }

    /// Compares `password` with `hash`; without one the same work is done and the verdict is wrong.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<Verdict, ServiceError> {
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let verdict = self
            .run(move |argon2| compare(argon2, password.expose_secret().as_bytes(), &hash))
            .await?;
        Ok(if exists { verdict } else { Verdict::Wrong })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            metrics::counter!("parlour_password_queue_full_total").increment(1);
            return Err(ServiceError::Busy {
                retry_after: RETRY_AFTER,
                own_rate: false,
            });
        };
        let waiting = Waits::new();
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the pool never closes its semaphore");
        drop(waiting);
        let argon2 = self.argon2.clone();
        self.tracker
            .spawn_blocking(move || {
                let _held = (place, permit);
                work(&argon2)
            })
            .await
            .map_err(|_| no_hash("the hashing task failed"))
    }
}

/// Somebody who waits for a core, as the gauge counts them, also if they go away.
struct Waits;

impl Waits {
    fn new() -> Self {
        metrics::gauge!("parlour_password_hashes_waiting").increment(1.0);
        Self
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        metrics::gauge!("parlour_password_hashes_waiting").decrement(1.0);
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, ServiceError> {
    argon2
        .hash_password(password)
        .map(|hash| hash.to_string())
        .map_err(|e| no_hash(&e.to_string()))
}

fn compare(argon2: &Argon2<'_>, password: &[u8], hash: &str) -> Verdict {
    let Ok(parsed) = PasswordHash::new(hash) else {
        tracing::error!("a stored password hash is not readable");
        return Verdict::Wrong;
    };
    if argon2.verify_password(password, &parsed).is_err() {
        return Verdict::Wrong;
    }
    let costs = Params::try_from(&parsed).ok();
    let current = argon2.params();
    let same = costs.is_some_and(|stored| {
        (stored.m_cost(), stored.t_cost(), stored.p_cost())
            == (current.m_cost(), current.t_cost(), current.p_cost())
    });
    if same && parsed.algorithm == Algorithm::Argon2id.ident() {
        Verdict::Right
    } else {
        Verdict::RightAndOutdated
    }
}

fn no_hash(reason: &str) -> ServiceError {
    ServiceError::Unavailable(format!("passwords cannot be hashed: {reason}"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    fn cheap(permits: usize, queue_max: usize) -> PasswordSettings {
        PasswordSettings {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
            permits: NonZeroUsize::new(permits).unwrap(),
            queue_max,
        }
    }

    fn pool(settings: &PasswordSettings) -> Passwords {
        Passwords::new(settings, TaskTracker::new()).unwrap()
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let pool = pool(&cheap(1, 10));
        let hash = pool.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        let verify =
            |password: &'static str, hash: Option<String>| pool.verify(password.into(), hash);
        assert_eq!(
            verify("correct horse", Some(hash.clone())).await.unwrap(),
            Verdict::Right
        );
        assert_eq!(verify("battery", Some(hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("battery", None).await.unwrap(), Verdict::Wrong);
        assert_eq!(
            verify("battery", Some("garbage".into())).await.unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_right_and_outdated() {
        let old = pool(&cheap(1, 10)).hash("correct horse".into()).await;
        let dearer = PasswordSettings {
            passes: 2,
            ..cheap(1, 10)
        };
        let verdict = pool(&dearer)
            .verify("correct horse".into(), Some(old.unwrap()))
            .await;
        assert_eq!(verdict.unwrap(), Verdict::RightAndOutdated);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_before_hashing_and_lets_in_again_when_there_is_room() {
        let pool = Arc::new(pool(&cheap(1, 1)));
        let (release, held) = std::sync::mpsc::sync_channel::<()>(0);
        let mut running = tokio::task::JoinSet::new();
        let first = Arc::clone(&pool);
        running.spawn(async move { first.run(move |_| held.recv().is_ok()).await.unwrap() });
        let second = Arc::clone(&pool);
        running.spawn(async move { second.run(|_| true).await.unwrap() });
        while pool.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let hashed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let witness = Arc::clone(&hashed);
        let refused = pool
            .run(move |_| witness.store(true, std::sync::atomic::Ordering::SeqCst))
            .await;
        assert!(matches!(
            refused,
            Err(ServiceError::Busy {
                own_rate: false,
                ..
            })
        ));
        assert!(!hashed.load(std::sync::atomic::Ordering::SeqCst));
        // An unknown user needs a place as well, or a full queue would tell who exists.
        assert!(pool.verify("x".into(), None).await.is_err());
        release.send(()).unwrap();
        assert_eq!(running.join_all().await, [true, true]);
        assert!(pool.run(|_| ()).await.is_ok());
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_does_not_free_a_core_that_is_still_busy() {
        let pool = Arc::new(pool(&cheap(1, 5)));
        let (release, held) = std::sync::mpsc::sync_channel::<()>(0);
        let (started, has_started) = tokio::sync::oneshot::channel();
        let inner = Arc::clone(&pool);
        let mut callers = tokio::task::JoinSet::new();
        callers.spawn(async move {
            let work = move |_: &Argon2<'static>| {
                started.send(()).unwrap();
                held.recv().unwrap();
            };
            inner.run(work).await
        });
        has_started.await.unwrap();
        callers.shutdown().await;
        assert_eq!(pool.permits.available_permits(), 0);
        release.send(()).unwrap();
        assert!(pool.run(|_| ()).await.is_ok());
    }
}
