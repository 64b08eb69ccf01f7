//! Registering: a user row first, then the name.
//!
//! The row is written before anything points to it; the claim of the name decides who has it. An attempt that
//! ends in between leaves a row that no name points to, which does not exist for anybody. With an
//! idempotency key a repeated request finds the first attempt's user and finishes what it began.

use parlour_model::{AppData, DisplayName, User, UserId, UserName, limits};
use parlour_store::{Claim, ClaimSpace, NewUser, StoreError};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::passwords::Verdict;
use super::rates::Origin;
use super::sign_in::{IDS_TRIED, SignedIn, device_name};
use super::{Accounts, Inner};
use crate::patience::failure;
use crate::{Refusal, ServiceError};

/// What somebody says who wants an account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The name they want.
    pub username: UserName,
    /// Their password.
    pub password: SecretString,
    /// What others read; without one, the user name.
    pub display_name: Option<DisplayName>,
    /// What they call their device.
    pub device: String,
    /// Repeats of a request carry the key of the first.
    pub idempotency_key: Option<Uuid>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Accounts {
    /// Makes an account and signs in. A repeated request with the same key, name and password signs in to the same account.
    ///
    /// # Errors
    /// [`Refusal::UsernameTaken`], also for a repeated key with another password; [`ServiceError::Invalid`] for a password out of
    /// bounds; [`ServiceError::Forbidden`] where registration is closed; [`ServiceError::Busy`] before any hashing;
    /// [`ServiceError::OutcomeUnknown`]: repeat the request with the same key.
    pub async fn register(&self, registration: Registration) -> Result<SignedIn, ServiceError> {
        let inner = &self.inner;
        if !inner.settings.registration_open {
            return Err(ServiceError::Forbidden);
        }
        check_password(&registration.password, "password")?;
        let device = device_name(&registration.device)?;
        inner.rates.take_registration(&registration.origin).await?;
        let user = match inner.earlier_attempt(&registration).await? {
            Some(earlier) => inner.resume(earlier, registration).await?,
            None => inner.begin(registration).await?,
        };
        let signed_in = inner.open_session(user, device).await;
        signed_in.map_err(ServiceError::after_commit)
    }
}

/// Whether `password` is long enough and not too long; `field` is what the client calls it.
pub(super) fn check_password(
    password: &SecretString,
    field: &'static str,
) -> Result<(), ServiceError> {
    let allowed = limits::PASSWORD_CHARS;
    if allowed.contains(&password.expose_secret().chars().count()) {
        return Ok(());
    }
    let reason = format!(
        "must have {} to {} characters",
        allowed.start(),
        allowed.end()
    );
    Err(ServiceError::Invalid { field, reason })
}

impl Inner {
    /// The user that an earlier request with the same key and name began to make.
    async fn earlier_attempt(&self, wanted: &Registration) -> Result<Option<UserId>, ServiceError> {
        let Some(claim) = claim_name(wanted) else {
            return Ok(None);
        };
        let owner = self
            .store
            .read(|s| s.owner(ClaimSpace::Registration, &claim))
            .await?;
        owner.map(user_id).transpose()
    }

    /// A first attempt: row, then key, then name.
    async fn begin(&self, wanted: Registration) -> Result<User, ServiceError> {
        let taken = self
            .store
            .read(|s| s.owner(ClaimSpace::UserName, wanted.username.as_str()))
            .await?;
        if taken.is_some() {
            // Perhaps by the same request, which was faster: its key was claimed before the name. Else without a
            // hash, because the claim below would say the same.
            return match self.earlier_attempt(&wanted).await? {
                Some(earlier) => self.resume(earlier, wanted).await,
                None => Err(Refusal::UsernameTaken.into()),
            };
        }
        let password_hash = self.passwords.hash(wanted.password.clone()).await?;
        let user = self.put_user(&wanted, password_hash).await?;
        if let Some(claim) = claim_name(&wanted) {
            let remembered = Some(limits::KEY_REMEMBERED);
            let first = self
                .store
                .write(|s| s.claim(ClaimSpace::Registration, &claim, user.id.get(), remembered))
                .await?;
            if let Claim::Taken(earlier) = first {
                // The same request twice at once: the other one was faster, and its row is the one.
                return self.resume(user_id(earlier)?, wanted).await;
            }
        }
        self.claim_user_name(&user.username, user.id).await?;
        Ok(user)
    }

    /// Goes on with the user of an earlier attempt, for whoever knows the password.
    async fn resume(&self, earlier: UserId, wanted: Registration) -> Result<User, ServiceError> {
        self.rates.take_password_check(&wanted.username).await?;
        self.claim_user_name(&wanted.username, earlier).await?;
        let proven = self.prove(earlier, wanted.password).await;
        match proven.map_err(ServiceError::after_commit)? {
            (Some(user), Verdict::Right | Verdict::RightAndOutdated) => Ok(user),
            // The key opens nothing: to whoever has another password the name is somebody else's.
            _ => Err(Refusal::UsernameTaken.into()),
        }
    }

    /// A user, and whether this is their password.
    async fn prove(
        &self,
        user: UserId,
        password: SecretString,
    ) -> Result<(Option<User>, Verdict), ServiceError> {
        let hash = self.store.read(|s| s.password_hash(user)).await?;
        let user = self.store.read(|s| s.user(user)).await?;
        Ok((user, self.passwords.verify(password, hash).await?))
    }

    /// Writes a row for the wanted user under a fresh id.
    async fn put_user(
        &self,
        wanted: &Registration,
        password_hash: String,
    ) -> Result<User, ServiceError> {
        let display_name = match &wanted.display_name {
            Some(name) => name.clone(),
            None => DisplayName::new(wanted.username.as_str())
                .expect("every user name is a display name"),
        };
        for _ in 0..IDS_TRIED {
            let now = self.clock.now();
            let user = User {
                id: user_id(self.ids.next_id()?)?,
                username: wanted.username.clone(),
                display_name: display_name.clone(),
                avatar_url: None,
                data: AppData::default(),
                created_at: now,
                updated_at: now,
            };
            let new = NewUser {
                user: user.clone(),
                password_hash: password_hash.clone(),
            };
            match self.store.settle(|s| s.put_user(new.clone())).await {
                Ok(()) => return Ok(user),
                // Somebody's, or our own from an attempt that was not answered: no name points to it, so a
                // fresh id costs a dead row and settles both.
                Err(StoreError::Exists(_)) => {}
                Err(error) => return Err(failure(error)),
            }
        }
        Err(ServiceError::Unavailable("no free user id".to_owned()))
    }

    async fn claim_user_name(&self, name: &UserName, user: UserId) -> Result<(), ServiceError> {
        let claim = self
            .store
            .write(|s| s.claim(ClaimSpace::UserName, name.as_str(), user.get(), None))
            .await?;
        match claim {
            Claim::Won => Ok(()),
            Claim::Taken(owner) if owner == user.get() => Ok(()),
            Claim::Taken(_) => Err(Refusal::UsernameTaken.into()),
        }
    }
}

/// The name of the claim that ties repeated requests together. The user name is part of it: a key reused for
/// another name is another registration, and can never give one user two names.
fn claim_name(wanted: &Registration) -> Option<String> {
    let key = wanted.idempotency_key?;
    Some(format!("{key}:{}", wanted.username))
}

fn user_id(number: u64) -> Result<UserId, ServiceError> {
    UserId::new(number)
        .map_err(|_| ServiceError::Unavailable("the stored data is damaged".to_owned()))
}
