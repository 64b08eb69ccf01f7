//! Chats and their members.

use parlour_model::{ChatId, EventKey, Role, UserId};
use parlour_protocol::{
    AddMembers, ChatBody, ChatPatch, ChatsPage, CreateChat, MemberPatch, MembersPage,
};
use reqwest::Method;

use super::{Rest, with_body, with_key};
use crate::ClientError;

/// The errors of every call: [`ClientError::Refused`], [`ClientError::Unreachable`],
/// [`ClientError::Unreadable`] and [`ClientError::NotSignedIn`].
impl Rest {
    /// Creates a chat. A direct chat exists once; a group is created once per `key`.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_chat(
        &self,
        body: &CreateChat,
        key: Option<EventKey>,
    ) -> Result<ChatBody, ClientError> {
        let request = self.request(Method::POST, "/chats");
        self.call(with_key(with_body(request, body), key)).await
    }

    /// The user's chats by last activity, in pages.
    ///
    /// # Errors
    /// As every call.
    pub async fn chats(&self, cursor: Option<&str>) -> Result<ChatsPage, ClientError> {
        self.call(self.get("/chats").query(&[("cursor", cursor)]))
            .await
    }

    /// One chat.
    ///
    /// # Errors
    /// As every call.
    pub async fn chat(&self, chat: ChatId) -> Result<ChatBody, ClientError> {
        self.call(self.get(format!("/chats/{chat}"))).await
    }

    /// Changes a group's title or settings.
    ///
    /// # Errors
    /// As every call.
    pub async fn update_chat(&self, chat: ChatId, patch: &ChatPatch) -> Result<(), ClientError> {
        let request = self.request(Method::PATCH, format!("/chats/{chat}"));
        self.call_for_nothing(with_body(request, patch)).await
    }

    /// A chat's members with their marks, in pages.
    ///
    /// # Errors
    /// As every call.
    pub async fn members(
        &self,
        chat: ChatId,
        cursor: Option<&str>,
    ) -> Result<MembersPage, ClientError> {
        let request = self.get(format!("/chats/{chat}/members"));
        self.call(request.query(&[("cursor", cursor)])).await
    }

    /// Adds members to a group.
    ///
    /// # Errors
    /// As every call.
    pub async fn add_members(&self, chat: ChatId, users: Vec<UserId>) -> Result<(), ClientError> {
        let request = self.request(Method::POST, format!("/chats/{chat}/members"));
        self.call_for_nothing(with_body(request, &AddMembers { users }))
            .await
    }

    /// Gives a member another role; [`Role::Owner`] hands the group over.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_role(
        &self,
        chat: ChatId,
        user: UserId,
        role: Role,
    ) -> Result<(), ClientError> {
        let request = self.request(Method::PATCH, format!("/chats/{chat}/members/{user}"));
        self.call_for_nothing(with_body(request, &MemberPatch { role }))
            .await
    }

    /// Removes a member from a group.
    ///
    /// # Errors
    /// As every call.
    pub async fn remove_member(&self, chat: ChatId, user: UserId) -> Result<(), ClientError> {
        let path = format!("/chats/{chat}/members/{user}");
        self.call_for_nothing(self.request(Method::DELETE, path))
            .await
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// As every call.
    pub async fn leave(&self, chat: ChatId) -> Result<(), ClientError> {
        let path = format!("/chats/{chat}/leave");
        self.call_for_nothing(self.request(Method::POST, path))
            .await
    }
}
