//! Who the members are, and how far each has received and read.

use std::collections::HashMap;

use parlour_model::{ChatId, Marks, Member, UserId, limits};

use super::policy::Operation;
use super::{Chats, Inner};
use crate::{Actor, ServiceError};

/// Members by rising user id.
#[derive(Debug, Clone)]
pub struct MemberPage {
    /// Present members with their marks.
    pub members: Vec<(Member, Marks)>,
    /// After whom the next page starts, if there is one.
    pub next: Option<UserId>,
}

impl Chats {
    /// The members of a chat after `after`; `limit` is brought between 1 and 200.
    ///
    /// # Errors
    /// Chat not found for who is no member; [`ServiceError::Unavailable`].
    pub async fn members(
        &self,
        actor: &Actor,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<MemberPage, ServiceError> {
        let inner = &self.inner;
        let limit = limit.clamp(1, limits::LIST_ROWS_MAX);
        let rows = inner.member_rows(actor, chat, after, limit + 1);
        let mut rows = rows.await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|last| last.user);
        let members = inner.with_marks(chat, after, rows).await?;
        Ok(MemberPage { members, next })
    }
}

impl Inner {
    /// All members of a chat with their marks, for one of them.
    pub(super) async fn all_members(
        &self,
        actor: &Actor,
        chat: ChatId,
    ) -> Result<Vec<(Member, Marks)>, ServiceError> {
        let all = limits::GROUP_MEMBERS_MAX;
        let rows = self.member_rows(actor, chat, None, all).await?;
        self.with_marks(chat, None, rows).await
    }

    async fn member_rows(
        &self,
        actor: &Actor,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, ServiceError> {
        self.fenced(actor, chat, Operation::SeeMembers, |s, _| {
            s.members(chat, after, limit)
        })
        .await
    }

    /// `rows`, which are all members after `after` up to the last of them, each with their marks.
    async fn with_marks(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        rows: Vec<Member>,
    ) -> Result<Vec<(Member, Marks)>, ServiceError> {
        let mut marks = HashMap::new();
        let last = rows.last().map(|member| member.user);
        let mut read_to = after;
        while read_to < last {
            let page = limits::LIST_ROWS_MAX;
            let found = self.store.read(|s| s.marks_of_chat(chat, read_to, page));
            let found = found.await?;
            // The marks of former members stand between those of present ones. No more marks: the rest have none.
            read_to = match found.last() {
                Some((user, _)) if found.len() == page => Some(*user),
                _ => last,
            };
            marks.extend(found);
        }
        let with_marks = rows.into_iter().map(|member| {
            let marks = marks.get(&member.user).copied().unwrap_or_default();
            (member, marks)
        });
        Ok(with_marks.collect())
    }
}
