//! Changing a password, which signs out everybody who may have come in by the old one.

use parlour_model::UserId;
use secrecy::SecretString;

use super::passwords::Verdict;
use super::register::check_password;
use super::{Accounts, Inner};
use crate::{Actor, Missing, ServiceError};

impl Accounts {
    /// Replaces the actor's password and revokes all their other sessions. Asking again with the same pair, after an answer
    /// that was lost, finishes what the first attempt began.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a wrong current password and for a new one out of bounds;
    /// [`ServiceError::Busy`]; [`ServiceError::OutcomeUnknown`]: ask again with the same pair.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: SecretString,
        new: SecretString,
    ) -> Result<(), ServiceError> {
        let inner = &self.inner;
        check_password(&new, "new")?;
        let Some(user) = inner.store.read(|s| s.user(actor.user)).await? else {
            return Err(ServiceError::NotFound(Missing::User));
        };
        inner.rates.take_password_check(&user.username).await?;
        let stored = inner.store.read(|s| s.password_hash(user.id)).await?;
        let verdict = inner.passwords.verify(current, stored.clone()).await?;
        if verdict != Verdict::Wrong {
            inner.set_password(user.id, new).await?;
        } else if inner.passwords.verify(new, stored).await? == Verdict::Wrong {
            return Err(not_yours());
        }
        // After the new hash is stored: who logs in by the old one from here on notices it themselves.
        inner.revoke_others(actor).await
    }
}

fn not_yours() -> ServiceError {
    metrics::counter!("parlour_auth_failures_total", "reason" => "credentials").increment(1);
    ServiceError::Invalid {
        field: "current_password",
        reason: "is not your password".to_owned(),
    }
}

impl Inner {
    async fn set_password(&self, user: UserId, password: SecretString) -> Result<(), ServiceError> {
        let hash = self.passwords.hash(password).await?;
        self.store.write(|s| s.set_password_hash(user, &hash)).await
    }
}
