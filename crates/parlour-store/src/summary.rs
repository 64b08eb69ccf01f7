//! One chat as a row of a user's chat list, put together from the raw reads.

use std::collections::HashMap;

use parlour_model::{Chat, ChatId, Marks, Member, Message, Seq, UserId, Visible, limits, unread};

use crate::{Anchor, Authority, Head, Store, StoreError};

/// How often a chat is read again whose members, title or settings change while it is read.
const READS_MAX: usize = 5;

/// A chat as one of its members sees it in the chat list.
#[derive(Debug, Clone)]
pub struct ChatSummary {
    /// The chat.
    pub chat: Chat,
    /// The user's own row.
    pub member: Member,
    /// Where the log ends.
    pub head: Head,
    /// The user's own marks.
    pub marks: Marks,
    /// Events not yet read.
    pub unread: u64,
    /// The last visible line.
    pub last_message: Option<Message>,
    /// How many members.
    pub member_count: u64,
    /// All members with their marks, in chats of up to 64.
    pub members: Option<Vec<(Member, Marks)>>,
}

impl ChatSummary {
    /// What the user may see of the chat: everything or from the latest joining, up to `through`.
    #[must_use]
    pub fn visible(chat: &Chat, member: &Member, through: Seq) -> Visible {
        let after = match chat.history {
            parlour_model::HistoryVisibility::All => Seq::ZERO,
            parlour_model::HistoryVisibility::SinceJoin => member.joined_seq.previous(),
        };
        let through = match member.left_seq {
            Some(left) if !member.is_joined() => left.min(through),
            _ => through,
        };
        Visible { after, through }
    }
}

/// The summary of `chat` for `user`; `None` unless they are a member now.
///
/// # Errors
/// Those of the reads; none says anything about the chat.
pub async fn chat_summary(
    store: &dyn Store,
    user: UserId,
    chat: ChatId,
) -> Result<Option<ChatSummary>, StoreError> {
    let Some((authority, head)) = authority_and_head(store, user, chat).await? else {
        return Ok(None);
    };
    let Some(member) = authority.member.filter(Member::is_joined) else {
        return Ok(None);
    };
    let marks = store.marks(user, chat).await?;
    let visible = ChatSummary::visible(&authority.chat, &member, head.seq);
    let last = store.page(chat, Anchor::Latest, 1, visible).await?;
    let members = members_with_marks(store, chat, authority.member_count).await?;
    Ok(Some(ChatSummary {
        unread: unread(
            head.countable,
            marks.read_countable,
            member.joined_countable,
        ),
        chat: authority.chat,
        member,
        head,
        marks,
        last_message: last.messages.into_iter().next(),
        member_count: authority.member_count,
        members,
    }))
}

/// A user's standing, and a head such that nothing between the two changed what the standing shows: whoever is given a
/// head is told of what comes after it, and of nothing before.
async fn authority_and_head(
    store: &dyn Store,
    user: UserId,
    chat: ChatId,
) -> Result<Option<(Authority, Head)>, StoreError> {
    let Some(mut authority) = store.authority(chat, user).await? else {
        return Ok(None);
    };
    for _ in 0..READS_MAX {
        let Some(head) = store.head(chat, authority.as_of).await? else {
            return Ok(None);
        };
        if head.effect_seq <= authority.as_of {
            return Ok(Some((authority, head)));
        }
        let Some(later) = store.authority(chat, user).await? else {
            return Ok(None);
        };
        // Reactions and edits are effects too, and a lively chat is never without.
        authority.as_of = later.as_of;
        if authority == later {
            return Ok(Some((later, head)));
        }
        authority = later;
    }
    let reason = "the chat changed whenever it was read".to_owned();
    Err(StoreError::Unavailable(reason))
}

async fn members_with_marks(
    store: &dyn Store,
    chat: ChatId,
    count: u64,
) -> Result<Option<Vec<(Member, Marks)>>, StoreError> {
    if count > limits::NAMED_RECEIPTS_MEMBERS_MAX as u64 {
        return Ok(None);
    }
    let members = store
        .members(chat, None, limits::NAMED_RECEIPTS_MEMBERS_MAX)
        .await?;
    let marks = marks_up_to(store, chat, members.last().map(|member| member.user)).await?;
    let with_marks = members.into_iter().map(|member| {
        let marks = marks.get(&member.user).copied().unwrap_or_default();
        (member, marks)
    });
    Ok(Some(with_marks.collect()))
}

/// The marks of all users up to `last`. One page as a rule; those of former members stand in between.
async fn marks_up_to(
    store: &dyn Store,
    chat: ChatId,
    last: Option<UserId>,
) -> Result<HashMap<UserId, Marks>, StoreError> {
    let mut marks = HashMap::new();
    let mut read_to = None;
    while read_to < last {
        let page = limits::LIST_ROWS_MAX;
        let found = store.marks_of_chat(chat, read_to, page).await?;
        read_to = match found.last() {
            Some((user, _)) if found.len() == page => Some(*user),
            _ => last,
        };
        marks.extend(found);
    }
    Ok(marks)
}
