//! The gate before every commit: may this user enter this into this chat's log?
//!
//! Invariants:
//! - A grant carries the epoch it was judged at, and the commit compares it.
//! - A definite refusal is never given from memory: an uncached read confirms it.
//! - Whatever a judgement reads besides the author's standing (a target message, another member) is read no
//!   earlier than the standing, so that what changed in between has raised the epoch, or never changes.

use std::sync::Arc;

use parlour_model::{
    ChatId, Content, Emoji, Epoch, HistoryVisibility, Message, Role, Seq, UserId, Visible, limits,
};

use super::authority::{Authorities, Standing};
use super::policy::{self, Operation};
use crate::patience::PatientStore;
use crate::{Missing, Refusal, ServiceError};

/// Judges by policy, standing and what the log holds.
pub(super) struct Gate {
    store: PatientStore,
    authorities: Authorities,
}

impl Gate {
    /// A gate that asks `store`.
    pub(super) fn new(store: PatientStore) -> Self {
        let authorities = Authorities::new(store.clone());
        Self { store, authorities }
    }

    /// What it remembers.
    pub(super) fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// Whether `user` may do something that needs no commit and releases nothing from the log.
    ///
    /// # Errors
    /// As [`Standing::allows`], confirmed; [`ServiceError::Unavailable`].
    pub(super) async fn allow(
        &self,
        chat: ChatId,
        user: UserId,
        operation: Operation,
    ) -> Result<Arc<Standing>, ServiceError> {
        let remembered = self.authorities.cached(chat, user).await;
        match allowed(remembered, operation) {
            Err(error) if error.is_definite() => self.allow_now(chat, user, operation).await,
            answer => answer,
        }
    }

    /// As [`Gate::allow`], by a standing read now.
    ///
    /// # Errors
    /// As [`Gate::allow`].
    pub(super) async fn allow_now(
        &self,
        chat: ChatId,
        user: UserId,
        operation: Operation,
    ) -> Result<Arc<Standing>, ServiceError> {
        allowed(self.authorities.fresh(chat, user).await, operation)
    }

    /// Whether `author` may enter `content`; the epoch at which that holds.
    ///
    /// # Errors
    /// A definite refusal, confirmed; [`ServiceError::Unavailable`].
    pub(super) async fn authorize(
        &self,
        chat: ChatId,
        author: UserId,
        content: &Content,
    ) -> Result<Epoch, ServiceError> {
        let remembered = match self.authorities.cached(chat, author).await {
            Ok(standing) => self.judge(&standing, content).await,
            Err(error) => Err(error),
        };
        match remembered {
            Err(error) if error.is_definite() => self.authorize_now(chat, author, content).await,
            answer => answer,
        }
    }

    /// As [`Gate::authorize`], by a standing read now.
    ///
    /// # Errors
    /// As [`Gate::authorize`].
    pub(super) async fn authorize_now(
        &self,
        chat: ChatId,
        author: UserId,
        content: &Content,
    ) -> Result<Epoch, ServiceError> {
        let standing = self.authorities.fresh(chat, author).await?;
        self.judge(&standing, content).await
    }

    async fn judge(&self, standing: &Standing, content: &Content) -> Result<Epoch, ServiceError> {
        match content {
            Content::Message { reply_to, .. } => {
                standing.allows(Operation::Post)?;
                if let Some(seq) = reply_to {
                    self.message(standing, *seq).await?;
                }
            }
            Content::MessageEdited { target, body } => {
                standing.allows(Operation::EditOwn)?;
                let message = self.living_message(standing, *target).await?;
                check_edit(standing, &message, body.type_name())?;
            }
            Content::MessageDeleted { target } => {
                standing.allows(Operation::DeleteOwn)?;
                let message = self.living_message(standing, *target).await?;
                standing.allows(deletion_of(standing, &message))?;
            }
            Content::ReactionChanged { target, emoji, on } => {
                standing.allows(Operation::React)?;
                let message = self.living_message(standing, *target).await?;
                check_reaction(standing, &message, emoji, *on)?;
            }
            Content::PinChanged { target, .. } => {
                standing.allows(Operation::Pin)?;
                self.living_message(standing, *target).await?;
            }
            other => self.judge_the_chat(standing, other).await?,
        }
        Ok(standing.epoch())
    }

    /// Judges what changes the chat or its members.
    async fn judge_the_chat(
        &self,
        standing: &Standing,
        content: &Content,
    ) -> Result<(), ServiceError> {
        match content {
            Content::MembersAdded { .. } => standing.allows(Operation::AddMembers),
            Content::MemberRemoved { user } if is_self(standing, *user) => check_leaving(standing),
            Content::MemberRemoved { user } => {
                standing.allows(Operation::RemoveMember)?;
                let removed = self.role_of(standing, *user).await?;
                let remover = standing.member().map(|member| member.role);
                forbidden_unless(remover.is_some_and(|own| policy::outranks(own, removed)))
            }
            Content::RoleChanged { user, role } => {
                standing.allows(change_to(*role))?;
                let present = self.role_of(standing, *user).await?;
                forbidden_unless(present != Role::Owner)
            }
            Content::ChatChanged { history, .. } => check_settings(standing, *history),
            // A chat is created by its first event, and hidden events are not for users to write.
            _ => Err(ServiceError::Forbidden),
        }
    }

    /// The message at `seq`, deleted or not, if it is visible to this standing; as it is now, for nothing of it
    /// is released but whether it may be aimed at.
    async fn message(&self, standing: &Standing, seq: Seq) -> Result<Message, ServiceError> {
        let (chat, visible) = (standing.authority().chat.id, standing.visible());
        if !visible.contains(seq) {
            return Err(ServiceError::NotFound(Missing::Message));
        }
        let now = Visible {
            through: Seq::LIMIT,
            ..visible
        };
        let line = self.store.read(|s| s.message(chat, seq, now)).await?;
        line.filter(|line| matches!(line.content, Content::Message { .. }))
            .ok_or(ServiceError::NotFound(Missing::Message))
    }

    async fn living_message(&self, standing: &Standing, seq: Seq) -> Result<Message, ServiceError> {
        let message = self.message(standing, seq).await?;
        if message.deleted {
            Err(ServiceError::NotFound(Missing::Message))
        } else {
            Ok(message)
        }
    }

    /// The role of another member.
    async fn role_of(&self, standing: &Standing, user: UserId) -> Result<Role, ServiceError> {
        let chat = standing.authority().chat.id;
        let other = self.authorities.fresh(chat, user).await?;
        let role = other.member().map(|member| member.role);
        role.ok_or(ServiceError::NotFound(Missing::User))
    }
}

fn allowed(
    standing: Result<Arc<Standing>, ServiceError>,
    operation: Operation,
) -> Result<Arc<Standing>, ServiceError> {
    let standing = standing?;
    standing.allows(operation)?;
    Ok(standing)
}

fn is_self(standing: &Standing, user: UserId) -> bool {
    standing.member().is_some_and(|member| member.user == user)
}

fn forbidden_unless(granted: bool) -> Result<(), ServiceError> {
    if granted {
        Ok(())
    } else {
        Err(ServiceError::Forbidden)
    }
}

/// Only the author edits, and a message stays what kind of message it is.
fn check_edit(standing: &Standing, message: &Message, new_type: &str) -> Result<(), ServiceError> {
    forbidden_unless(is_self(standing, message.author))?;
    match &message.content {
        Content::Message { body, .. } if body.type_name() == new_type => Ok(()),
        _ => Err(ServiceError::Invalid {
            field: "body.type",
            reason: "an edited message keeps its type".to_owned(),
        }),
    }
}

fn deletion_of(standing: &Standing, message: &Message) -> Operation {
    if is_self(standing, message.author) {
        Operation::DeleteOwn
    } else {
        Operation::DeleteOthers
    }
}

/// One user's reactions on one message are few, or a page of history could grow without end.
fn check_reaction(
    standing: &Standing,
    message: &Message,
    emoji: &Emoji,
    on: bool,
) -> Result<(), ServiceError> {
    let others_of_mine = message.reactions.iter().filter(|reaction| {
        reaction.emoji != *emoji && reaction.users.iter().any(|user| is_self(standing, *user))
    });
    if on && others_of_mine.count() >= limits::REACTIONS_PER_USER_MAX {
        let limit = Refusal::LimitReached("reactions of one user on one message");
        Err(ServiceError::Refused(limit))
    } else {
        Ok(())
    }
}

/// An owner who leaves others behind would leave a group that nobody can run.
fn check_leaving(standing: &Standing) -> Result<(), ServiceError> {
    standing.allows(Operation::Leave)?;
    let is_owner = standing
        .member()
        .is_some_and(|member| member.role == Role::Owner);
    if is_owner && standing.authority().member_count > 1 {
        Err(ServiceError::Invalid {
            field: "role",
            reason: "the owner of a group hands it over before leaving".to_owned(),
        })
    } else {
        Ok(())
    }
}

fn change_to(role: Role) -> Operation {
    match role {
        Role::Owner => Operation::HandOver,
        Role::Admin | Role::Member => Operation::SetRole,
    }
}

/// Whoever may set what later members see may rename too.
fn check_settings(
    standing: &Standing,
    history: Option<HistoryVisibility>,
) -> Result<(), ServiceError> {
    standing.allows(Operation::Rename)?;
    if history.is_some() {
        standing.allows(Operation::SetHistory)?;
    }
    Ok(())
}
