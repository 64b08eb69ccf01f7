//! Messages over HTTP: history, posting without a connection, marks and receipts.

use parlour_model::{ChatId, EventKey};
use parlour_protocol::{
    EditMessage, HistoryQuery, MarkRequest, MarkWord, MessageBody, MessagesPage, Position,
    PostMessage, Posted, ReceiptsPage, WireMarks,
};
use reqwest::Method;

use super::{Rest, with_body, with_key};
use crate::ClientError;

/// The errors of every call: [`ClientError::Refused`], [`ClientError::Unreachable`],
/// [`ClientError::Unreadable`] and [`ClientError::NotSignedIn`].
///
/// What enters a log takes a key, and what to do after an error is the caller's: [`crate::Client::send`] does
/// all that by itself.
impl Rest {
    /// A page of a chat's messages in their current state.
    ///
    /// # Errors
    /// As every call.
    pub async fn messages(
        &self,
        chat: ChatId,
        query: &HistoryQuery,
    ) -> Result<MessagesPage, ClientError> {
        let request = self.get(format!("/chats/{chat}/messages"));
        self.call(request.query(query)).await
    }

    /// One message.
    ///
    /// # Errors
    /// As every call.
    pub async fn message(
        &self,
        chat: ChatId,
        message: Position,
    ) -> Result<MessageBody, ClientError> {
        self.call(self.get(format!("/chats/{chat}/messages/{message}")))
            .await
    }

    /// Posts a message.
    ///
    /// # Errors
    /// As every call.
    pub async fn post(
        &self,
        chat: ChatId,
        body: &PostMessage,
        key: EventKey,
    ) -> Result<Posted, ClientError> {
        let request = self.request(Method::POST, format!("/chats/{chat}/messages"));
        self.call(with_key(with_body(request, body), Some(key)))
            .await
    }

    /// Gives a message a new body.
    ///
    /// # Errors
    /// As every call.
    pub async fn edit(
        &self,
        (chat, message): (ChatId, Position),
        body: &EditMessage,
        key: EventKey,
    ) -> Result<Posted, ClientError> {
        let path = format!("/chats/{chat}/messages/{message}");
        let request = with_body(self.request(Method::PATCH, path), body);
        self.call(with_key(request, Some(key))).await
    }

    /// Deletes a message for everybody.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete(
        &self,
        (chat, message): (ChatId, Position),
        key: EventKey,
    ) -> Result<Posted, ClientError> {
        let path = format!("/chats/{chat}/messages/{message}");
        let request = self.request(Method::DELETE, path);
        self.call(with_key(request, Some(key))).await
    }

    /// Raises a mark of the user up to a message.
    ///
    /// # Errors
    /// As every call.
    pub async fn mark(
        &self,
        (chat, message): (ChatId, Position),
        status: MarkWord,
    ) -> Result<WireMarks, ClientError> {
        let path = format!("/chats/{chat}/messages/{message}/status");
        let request = self.request(Method::PUT, path);
        self.call(with_body(request, &MarkRequest { status })).await
    }

    /// Who has a message.
    ///
    /// # Errors
    /// As every call.
    pub async fn receipts(
        &self,
        (chat, message): (ChatId, Position),
        cursor: Option<&str>,
    ) -> Result<ReceiptsPage, ClientError> {
        let path = format!("/chats/{chat}/messages/{message}/receipts");
        self.call(self.get(path).query(&[("cursor", cursor)])).await
    }
}
