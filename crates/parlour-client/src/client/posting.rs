//! Sending: everything that enters a chat's log goes through the outbox.

use parlour_model::{Body, ChatId, Emoji, EventKey, Seq};
use tokio::sync::oneshot;

use super::{Client, PendingMessage};
use crate::machine::Command;
use crate::{ClientError, Operation};

impl Client {
    /// Sends a message. Returns as soon as it is durable in the outbox; it is sent when there is a
    /// connection, after the earlier ones of its chat.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for a body no server takes, [`ClientError::OutboxFull`],
    /// [`ClientError::NotSignedIn`], [`ClientError::Closed`].
    pub async fn send(
        &self,
        chat: ChatId,
        body: Body,
        reply_to: Option<Seq>,
    ) -> Result<PendingMessage, ClientError> {
        check(&body)?;
        self.post(chat, Operation::Send { body, reply_to }).await
    }

    /// Gives one of the user's messages a new body.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn edit(
        &self,
        chat: ChatId,
        target: Seq,
        body: Body,
    ) -> Result<PendingMessage, ClientError> {
        check(&body)?;
        self.post(chat, Operation::Edit { target, body }).await
    }

    /// Deletes a message for everybody.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn delete(&self, chat: ChatId, target: Seq) -> Result<PendingMessage, ClientError> {
        self.post(chat, Operation::Delete { target }).await
    }

    /// Puts a reaction on a message or takes it off.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn react(
        &self,
        chat: ChatId,
        target: Seq,
        (emoji, on): (Emoji, bool),
    ) -> Result<PendingMessage, ClientError> {
        self.post(chat, Operation::React { target, emoji, on })
            .await
    }

    /// Gives a send up. How it ends is told like every end: it may turn out to be in the log already.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] if no unsettled send has this key.
    pub async fn cancel(&self, key: EventKey) -> Result<(), ClientError> {
        self.command(|reply| Command::Cancel(key, reply)).await
    }

    async fn post(
        &self,
        chat: ChatId,
        operation: Operation,
    ) -> Result<PendingMessage, ClientError> {
        let (settled, end) = oneshot::channel();
        let key = self
            .command(|queued| Command::Post {
                chat,
                operation,
                queued,
                settled,
            })
            .await?;
        Ok(PendingMessage::new(chat, key, end))
    }
}

fn check(body: &Body) -> Result<(), ClientError> {
    body.check_postable()
        .map_err(|error| ClientError::Invalid(error.to_string()))
}
