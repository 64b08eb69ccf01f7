//! The status somebody chose, what others see of it, and who may see since when they are away.

use std::sync::Arc;

use parlour_model::{ChosenStatus, Presence, Privacy, UserId, limits};

use super::{Accounts, Inner};
use crate::finish::finish;
use crate::{Actor, ServiceError};

impl Accounts {
    /// Chooses the actor's status, for all their devices and for good.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`], [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn set_status(
        &self,
        actor: &Actor,
        status: ChosenStatus,
    ) -> Result<(), ServiceError> {
        let (inner, user) = (Arc::clone(&self.inner), actor.user);
        let choosing = async move { inner.choose_status(user, status).await };
        finish(&self.inner.tracker, choosing).await
    }

    /// What others may see of the actor.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn privacy(&self, actor: &Actor) -> Result<Privacy, ServiceError> {
        let users = [actor.user];
        let known = self.inner.store.read(|s| s.last_known(&users)).await?;
        let known = known.into_iter().next();
        Ok(known.map(|known| known.privacy).unwrap_or_default())
    }

    /// Chooses what others may see of the actor, for all their devices and for good. It holds for every answer and frame from
    /// then on; what was shown before is known already.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`], [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn set_privacy(&self, actor: &Actor, privacy: Privacy) -> Result<(), ServiceError> {
        let user = actor.user;
        self.inner
            .store
            .write(|s| s.set_privacy(user, privacy))
            .await
    }

    /// What the actor may see of these users now.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for more users than may be watched at once.
    pub async fn presence(
        &self,
        actor: &Actor,
        users: &[UserId],
    ) -> Result<Vec<Presence>, ServiceError> {
        if users.len() > limits::WATCH_USERS_MAX {
            return Err(ServiceError::Invalid {
                field: "users",
                reason: format!("must be at most {}", limits::WATCH_USERS_MAX),
            });
        }
        Ok(self.inner.delivery.presence(actor.user, users).await)
    }
}

impl Inner {
    /// Stores the choice and tells it. Of two at once the one that is stored last may be told first, so whoever has told one
    /// looks again, until what was told last is what is stored.
    async fn choose_status(&self, user: UserId, status: ChosenStatus) -> Result<(), ServiceError> {
        self.store.write(|s| s.set_status(user, status)).await?;
        let mut told = status;
        loop {
            self.delivery.status_chosen(user, told);
            let users = [user];
            let known = self.store.read(|s| s.last_known(&users)).await;
            match known.ok().and_then(|mut known| known.pop()) {
                Some(known) if known.status != told => told = known.status,
                _ => return Ok(()),
            }
        }
    }
}
