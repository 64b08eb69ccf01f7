//! The status somebody chose, and what others see of it.

use parlour_model::{ChosenStatus, Presence, UserId, limits};

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

    /// What may be seen of these users now.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for more users than may be watched at once.
    pub async fn presence(
        &self,
        _actor: &Actor,
        users: &[UserId],
    ) -> Result<Vec<Presence>, ServiceError> {
        if users.len() > limits::WATCH_USERS_MAX {
            return Err(ServiceError::Invalid {
                field: "users",
                reason: format!("must be at most {}", limits::WATCH_USERS_MAX),
            });
        }
        Ok(self.inner.delivery.presence(users).await)
    }
}
