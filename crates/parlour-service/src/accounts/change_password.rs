//! Changing a password, which signs out everybody who may have come in by the old one.

use std::sync::Arc;

use parlour_model::UserId;
use secrecy::SecretString;

use super::passwords::Verdict;
use super::register::check_password;
use super::{Accounts, Inner};
use crate::finish::finish;
use crate::{Actor, Missing, ServiceError};

impl Accounts {
    /// Replaces the actor's password and revokes all their other sessions. Asking again with the same pair, after an answer
    /// that was lost, finishes what the first attempt began; a caller who goes away in between does not keep the sessions alive.
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
        let replacing = if verdict != Verdict::Wrong {
            Some(new)
        } else if inner.passwords.verify(new, stored).await? != Verdict::Wrong {
            None
        } else {
            return Err(not_yours());
        };
        let (inner, actor) = (Arc::clone(inner), *actor);
        let changing = async move { inner.change_and_revoke(&actor, replacing).await };
        finish(&self.inner.tracker, changing).await
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
    async fn change_and_revoke(
        &self,
        actor: &Actor,
        replacing: Option<SecretString>,
    ) -> Result<(), ServiceError> {
        if let Some(new) = replacing {
            self.set_password(actor.user, new).await?;
        }
        // After the new hash is stored: who logs in by the old one from here on notices it themselves.
        let revoked = self.revoke_others(actor).await;
        revoked.map_err(ServiceError::after_commit)
    }

    async fn set_password(&self, user: UserId, password: SecretString) -> Result<(), ServiceError> {
        let hash = self.passwords.hash(password).await?;
        self.store.write(|s| s.set_password_hash(user, &hash)).await
    }
}
