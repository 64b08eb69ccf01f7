//! Title, settings and data of a group.

use parlour_model::{AppData, ChatId, Content, HistoryVisibility, Title};
use parlour_store::ChatSummary;

use super::Chats;
use crate::{Actor, ServiceError};

/// A change of a group; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct ChatChange {
    /// The new title.
    pub title: Option<Title>,
    /// What members may see of what was said before they joined.
    pub history: Option<HistoryVisibility>,
    /// What the application keeps with it from now on; empty for nothing.
    pub data: Option<AppData>,
}

impl Chats {
    /// Changes a group and answers it as it then is. A change of nothing writes nothing, and is refused like any other.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for data beyond their limits; chat not found for strangers; [`ServiceError::Forbidden`] in a direct chat and below the role that the
    /// change needs; [`ServiceError::Unavailable`]; [`ServiceError::OutcomeUnknown`]: it may have changed.
    pub async fn update(
        &self,
        actor: &Actor,
        chat: ChatId,
        change: ChatChange,
    ) -> Result<ChatSummary, ServiceError> {
        let inner = &self.inner;
        let ChatChange {
            title,
            history,
            data,
        } = change;
        check_data(data.as_ref())?;
        let changes = title.is_some() || history.is_some() || data.is_some();
        let content = Content::ChatChanged {
            title,
            history,
            data,
        };
        let epoch = inner.gate.authorize(chat, actor.user, &content).await?;
        if !changes {
            return self.get(actor, chat).await;
        }
        inner.enter(actor, chat, epoch, content).await?;
        let changed = self.get(actor, chat).await;
        changed.map_err(ServiceError::after_commit)
    }
}

/// Whether these data may be kept.
pub(crate) fn check_data(data: Option<&AppData>) -> Result<(), ServiceError> {
    let checked = data.map_or(Ok(()), AppData::check_attachable);
    checked.map_err(|wrong| ServiceError::Invalid {
        field: "data",
        reason: wrong.to_string(),
    })
}
