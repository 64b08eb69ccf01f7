//! Logging in by name and password.
//!
//! Whether the name or the password was wrong is told neither by the answer nor by its time.

use parlour_model::{User, UserId, UserName};
use secrecy::SecretString;

use super::passwords::Verdict;
use super::rates::Origin;
use super::sign_in::{SignedIn, device_name};
use super::{Accounts, Inner};
use crate::{ServiceError, TokenProblem};

/// What somebody says who has an account.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Their name.
    pub username: UserName,
    /// Their password.
    pub password: SecretString,
    /// What they call their device.
    pub device: String,
    /// Where the request comes from.
    pub origin: Origin,
}

/// Refused credentials, whatever was wrong with them.
fn refused() -> ServiceError {
    metrics::counter!("parlour_auth_failures_total", "reason" => "credentials").increment(1);
    ServiceError::Unauthenticated(TokenProblem::Credentials)
}

impl Accounts {
    /// Signs in: a new session on this device.
    ///
    /// # Errors
    /// [`TokenProblem::Credentials`] for a wrong name and a wrong password alike; [`ServiceError::Busy`] before any hashing, for the
    /// caller's own rate or for the load of the pool; [`ServiceError::OutcomeUnknown`]: log in again.
    pub async fn login(&self, credentials: Credentials) -> Result<SignedIn, ServiceError> {
        let inner = &self.inner;
        let device = device_name(&credentials.device)?;
        inner
            .rates
            .take_login(&credentials.username, &credentials.origin)
            .await?;
        let password = credentials.password;
        let (user, hash) = inner.account(&credentials.username).await?;
        let verdict = inner
            .passwords
            .verify(password.clone(), hash.clone())
            .await?;
        let (Some(user), Some(hash)) = (user, hash) else {
            return Err(refused());
        };
        if verdict == Verdict::Wrong {
            return Err(refused());
        }
        let signed_in = inner.open_session(user, device).await?;
        let confirmed = inner.confirm(&signed_in, &hash, &password).await;
        confirmed.map_err(ServiceError::after_commit)?;
        if verdict == Verdict::RightAndOutdated {
            inner.rehash(signed_in.user.id, &hash, password).await;
        }
        Ok(signed_in)
    }
}

impl Inner {
    /// The user of this name and their hash. As many reads for a name that nobody has.
    async fn account(
        &self,
        name: &UserName,
    ) -> Result<(Option<User>, Option<String>), ServiceError> {
        let user = self.store.read(|s| s.user_by_name(name)).await?;
        let nobody = UserId::new(1).expect("1 is an id, and no Snowflake");
        let id = user.as_ref().map_or(nobody, |user| user.id);
        let hash = self.store.read(|s| s.password_hash(id)).await?;
        Ok((user, hash))
    }

    /// Makes sure that the password was not changed between its verification and the opening of the session: that change has
    /// revoked all sessions it saw, and must not have missed this one.
    async fn confirm(
        &self,
        signed_in: &SignedIn,
        verified: &str,
        password: &SecretString,
    ) -> Result<(), ServiceError> {
        let user = signed_in.user.id;
        let hash = self.store.read(|s| s.password_hash(user)).await?;
        if hash.as_deref() == Some(verified) {
            return Ok(());
        }
        // Another cost of the same password is no change of it.
        if self.passwords.verify(password.clone(), hash).await? != Verdict::Wrong {
            return Ok(());
        }
        self.revoke_here(user, signed_in.session.id).await?;
        Err(refused())
    }

    /// Hashes the password anew at the configured cost, unless it was changed meanwhile. Best effort: the next login
    /// tries again.
    async fn rehash(&self, user: UserId, old: &str, password: SecretString) {
        let Ok(hash) = self.passwords.hash(password).await else {
            return;
        };
        let replaced = self
            .store
            .write(|s| s.replace_password_hash(user, old, &hash))
            .await;
        if let Err(error) = replaced {
            tracing::info!(%user, %error, "a password hash was not brought up to date");
        }
    }
}
