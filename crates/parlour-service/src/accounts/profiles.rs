//! Changing one's own profile.

use parlour_model::{AppData, DisplayName, User, limits};

use super::Accounts;
use crate::chats::check_data;
use crate::{Actor, ServiceError};

/// What shall change; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The new display name.
    pub display_name: Option<DisplayName>,
    /// The new avatar, or none.
    pub avatar_url: Option<Option<String>>,
    /// What the application keeps with the user; empty for nothing.
    pub data: Option<AppData>,
}

impl Accounts {
    /// Changes the actor's profile and answers it.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for an avatar that is no web address or data beyond their limits; [`ServiceError::Unavailable`];
    /// [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn update_profile(
        &self,
        actor: &Actor,
        change: ProfileChange,
    ) -> Result<User, ServiceError> {
        if let Some(Some(url)) = &change.avatar_url {
            check_avatar_url(url)?;
        }
        check_data(change.data.as_ref())?;
        let change = parlour_store::ProfileChange {
            display_name: change.display_name,
            avatar_url: change.avatar_url,
            data: change.data,
            at: self.inner.clock.now(),
        };
        self.inner
            .store
            .write(|s| s.update_user(actor.user, change.clone()))
            .await
    }
}

/// Others' clients will open it: web addresses only, so never a script or a file.
fn check_avatar_url(url: &str) -> Result<(), ServiceError> {
    let web = ["https://", "http://"].iter().any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    let plain = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    if web && plain && url.len() <= limits::AVATAR_URL_BYTES_MAX {
        return Ok(());
    }
    let reason = format!(
        "must be an http or https address of at most {} bytes",
        limits::AVATAR_URL_BYTES_MAX
    );
    Err(ServiceError::Invalid {
        field: "avatar_url",
        reason,
    })
}
