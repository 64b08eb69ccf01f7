//! Title and settings of a group.

use parlour_model::{ChatId, Content, HistoryVisibility, Title};
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
}

impl Chats {
    /// Changes a group and answers it as it then is. A change of nothing writes nothing.
    ///
    /// # Errors
    /// Chat not found for strangers; [`ServiceError::Forbidden`] in a direct chat and below the role that the
    /// change needs.
    pub async fn update(
        &self,
        actor: &Actor,
        chat: ChatId,
        change: ChatChange,
    ) -> Result<ChatSummary, ServiceError> {
        let inner = &self.inner;
        let ChatChange { title, history } = change;
        if title.is_some() || history.is_some() {
            let content = Content::ChatChanged { title, history };
            let epoch = inner.gate.authorize(chat, actor.user, &content).await?;
            inner.enter(actor, chat, epoch, content).await?;
        }
        self.get(actor, chat).await
    }
}
