//! What the store said about a user's standing in a chat, remembered for a while.
//!
//! Invariants:
//! - Row and epoch are kept as the one pair they were read as, with the seq they are true for. Nothing ever
//!   advances one without the other: a newer standing is a newer read.
//! - The epoch is read before the block rows. A block writes its row first and raises the epoch afterwards, so
//!   a standing that missed the row has an epoch that the commit refuses.
//! - A standing older than an event of this node that may change it is not used: [`Authorities::changed`] sets
//!   a floor for the whole chat, so no invalidation can come too early for a load that is under way.
//! - What other nodes change is missed for [`REMEMBERED_FOR`] at most. Nothing that is committed or released
//!   rests on that: commits compare the epoch and reads of the log load anew.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use parlour_model::{ChatId, ChatType, Epoch, Event, Member, Seq, UserId, Visible};
use parlour_store::{Authority, ChatSummary};

use super::policy::{self, Circumstances, Operation};
use crate::patience::PatientStore;
use crate::{Missing, ServiceError};

/// How long a standing is used at most.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);
/// How many standings are remembered.
const STANDINGS_MAX: u64 = 50_000;
/// How long a floor stands: longer than any standing it is about, and than any load.
const FLOOR_FOR: Duration = Duration::from_secs(60);
/// How many chats have a floor at once. One that is pushed out is missed for [`REMEMBERED_FOR`].
const FLOORS_MAX: u64 = 50_000;

/// A user's standing in a chat, true as of one seq.
#[derive(Debug)]
pub(super) struct Standing {
    authority: Authority,
    /// Whether one of the two in a direct chat has blocked the other.
    blocked: bool,
}

impl Standing {
    /// The chat and what the log says about the user in it.
    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The rights epoch under which this standing may be used.
    pub(super) fn epoch(&self) -> Epoch {
        self.authority.epoch
    }

    /// The seq up to which this standing is known.
    pub(super) fn as_of(&self) -> Seq {
        self.authority.as_of
    }

    /// The user's row, if they are a member now.
    pub(super) fn member(&self) -> Option<&Member> {
        self.authority.member.as_ref().filter(|row| row.is_joined())
    }

    /// Whether they are or ever were a member.
    pub(super) fn was_member(&self) -> bool {
        self.authority.member.is_some()
    }

    /// What of the log a member may see; nothing if they are none.
    pub(super) fn visible(&self) -> Visible {
        let nothing = Visible {
            after: self.as_of(),
            through: self.as_of(),
        };
        self.member().map_or(nothing, |member| {
            ChatSummary::visible(&self.authority.chat, member, self.as_of())
        })
    }

    /// Whether policy allows `operation` to this standing.
    ///
    /// # Errors
    /// As [`policy::judge`].
    pub(super) fn allows(&self, operation: Operation) -> Result<(), ServiceError> {
        let circumstances = Circumstances {
            chat_type: self.authority.chat.chat_type,
            role: self.member().map(|member| member.role),
            blocked: self.blocked,
        };
        policy::judge(operation, circumstances)
    }
}

/// Remembers standings. Loads of one standing at the same time are one load.
pub(super) struct Authorities {
    store: PatientStore,
    standings: Cache<(ChatId, UserId), Arc<Standing>>,
    floors: Cache<ChatId, Seq>,
}

impl Authorities {
    /// None remembered yet.
    pub(super) fn new(store: PatientStore) -> Self {
        let standings = Cache::builder()
            .max_capacity(STANDINGS_MAX)
            .time_to_live(REMEMBERED_FOR);
        let floors = Cache::builder()
            .max_capacity(FLOORS_MAX)
            .time_to_live(FLOOR_FOR);
        Self {
            store,
            standings: standings.build(),
            floors: floors.build(),
        }
    }

    /// A standing that may be a moment old.
    ///
    /// # Errors
    /// Chat not found; [`ServiceError::Unavailable`].
    pub(super) async fn cached(
        &self,
        chat: ChatId,
        user: UserId,
    ) -> Result<Arc<Standing>, ServiceError> {
        let key = (chat, user);
        for _ in 0..2 {
            let standing = self
                .standings
                .try_get_with(key, self.load(chat, user))
                .await
                .map_err(|error: Arc<ServiceError>| (*error).clone())?;
            let floor = self.floors.get(&chat).await.unwrap_or(Seq::ZERO);
            if standing.as_of() >= floor {
                return Ok(standing);
            }
            // The first may be remembered, or a load that began too early; the second almost never is.
            self.standings.invalidate(&key).await;
        }
        self.fresh(chat, user).await
    }

    /// The standing as the store has it now.
    ///
    /// # Errors
    /// As [`Authorities::cached`].
    pub(super) async fn fresh(
        &self,
        chat: ChatId,
        user: UserId,
    ) -> Result<Arc<Standing>, ServiceError> {
        let standing = self.load(chat, user).await?;
        self.standings
            .insert((chat, user), Arc::clone(&standing))
            .await;
        Ok(standing)
    }

    /// Learns of a committed event: if standings may have changed by it, older ones are used no more.
    pub(super) async fn changed(&self, event: &Event) {
        let content = &event.content;
        let concerns_standings = content.changes_membership()
            || content.raises_epoch()
            || matches!(content, parlour_model::Content::ChatChanged { .. });
        if concerns_standings {
            let floor = self.floors.entry(event.chat);
            floor
                .and_upsert_with(|known| {
                    let known = known.map_or(Seq::ZERO, |known| *known.value());
                    std::future::ready(known.max(event.seq))
                })
                .await;
        }
    }

    async fn load(&self, chat: ChatId, user: UserId) -> Result<Arc<Standing>, ServiceError> {
        let authority = self
            .store
            .read(|s| s.authority(chat, user))
            .await?
            .ok_or(ServiceError::NotFound(Missing::Chat))?;
        let is_member = authority.member.as_ref().is_some_and(Member::is_joined);
        let blocked = is_member
            && authority.chat.chat_type == ChatType::Direct
            && self.is_blocked(chat, user).await?;
        Ok(Arc::new(Standing { authority, blocked }))
    }

    async fn is_blocked(&self, chat: ChatId, user: UserId) -> Result<bool, ServiceError> {
        let members = self.store.read(|s| s.members(chat, None, 2)).await?;
        match members.into_iter().find(|member| member.user != user) {
            Some(other) => blocked_either_way(&self.store, user, other.user).await,
            None => Ok(false),
        }
    }
}

/// Whether one of two users has blocked the other.
///
/// # Errors
/// [`ServiceError::Unavailable`].
pub(super) async fn blocked_either_way(
    store: &PatientStore,
    one: UserId,
    other: UserId,
) -> Result<bool, ServiceError> {
    Ok(store.read(|s| s.is_blocked(one, other)).await?
        || store.read(|s| s.is_blocked(other, one)).await?)
}
