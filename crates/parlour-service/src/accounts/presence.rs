//! The status somebody chose, what others see of it, and who may see since when they are away.

use parlour_model::{ChosenStatus, Presence, Privacy, UserId, limits};

use super::Accounts;
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
        self.inner
            .store
            .write(|s| s.set_status(actor.user, status))
            .await?;
        self.inner.delivery.status_chosen(actor.user, status);
        Ok(())
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
