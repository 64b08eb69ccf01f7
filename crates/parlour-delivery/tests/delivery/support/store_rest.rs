//! The parts of the store in memory that delivery asks little of.

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{
    ChatId, ChosenStatus, Mark, Marks, Privacy, Report, ReportId, SessionId, Timestamp, User,
    UserId, UserName,
};
use parlour_store::{
    Accounts, Claim, ClaimSpace, Claims, KeyPurpose, Keyring, LastKnown, NewSession, NewUser,
    ProfileChange, Reports, Rotation, Session, Sessions, StoreError, StoredKey, Watermarks,
};

use super::store::{MemoryStore, unused};

#[async_trait]
impl Watermarks for MemoryStore {
    async fn raise(&self, _: UserId, _: ChatId, _: Mark) -> Result<Marks, StoreError> {
        Err(unused())
    }

    async fn marks(&self, user: UserId, chat: ChatId) -> Result<Marks, StoreError> {
        self.read("marks", "marks.after", |state| {
            state.marks.get(&(chat, user)).copied().unwrap_or_default()
        })
        .await
    }

    async fn marks_of_user(&self, user: UserId) -> Result<Vec<(ChatId, Marks)>, StoreError> {
        self.read("marks_of_user", "marks_of_user.after", |state| {
            let own = state.marks.iter().filter(|((_, of), _)| *of == user);
            own.map(|((chat, _), marks)| (*chat, *marks)).collect()
        })
        .await
    }

    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, Marks)>, StoreError> {
        self.read("marks_of_chat", "marks_of_chat.after", |state| {
            let of_chat = state
                .marks
                .iter()
                .filter(|((of, user), _)| *of == chat && Some(*user) > after);
            of_chat
                .take(limit)
                .map(|((_, user), marks)| (*user, *marks))
                .collect()
        })
        .await
    }
}

#[async_trait]
impl Claims for MemoryStore {
    async fn claim(
        &self,
        _: ClaimSpace,
        _: &str,
        _: u64,
        _: Option<Duration>,
    ) -> Result<Claim, StoreError> {
        Err(unused())
    }

    async fn owner(&self, _: ClaimSpace, _: &str) -> Result<Option<u64>, StoreError> {
        Err(unused())
    }
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn put_user(&self, _: NewUser) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn users(&self, _: &[UserId]) -> Result<Vec<User>, StoreError> {
        Err(unused())
    }

    async fn user_by_name(&self, _: &UserName) -> Result<Option<User>, StoreError> {
        Err(unused())
    }

    async fn search_users(
        &self,
        _: &str,
        _: Option<&UserName>,
        _: usize,
    ) -> Result<Vec<User>, StoreError> {
        Err(unused())
    }

    async fn update_user(&self, _: UserId, _: ProfileChange) -> Result<User, StoreError> {
        Err(unused())
    }

    async fn password_hash(&self, _: UserId) -> Result<Option<String>, StoreError> {
        Err(unused())
    }

    async fn set_password_hash(&self, _: UserId, _: &str) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn replace_password_hash(&self, _: UserId, _: &str, _: &str) -> Result<bool, StoreError> {
        Err(unused())
    }

    async fn set_status(&self, _: UserId, _: ChosenStatus) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Result<(), StoreError> {
        self.lock().privacy.insert(id, privacy);
        Ok(())
    }

    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.read("set_last_seen", "set_last_seen.after", |_| ())
            .await?;
        self.lock().last_seen.insert(id, at);
        Ok(())
    }

    async fn last_known(&self, ids: &[UserId]) -> Result<Vec<LastKnown>, StoreError> {
        self.read("last_known", "last_known.after", |state| {
            let known = |id: &UserId| LastKnown {
                status: state.statuses.get(id).copied().unwrap_or_default(),
                last_seen: state.last_seen.get(id).copied(),
                privacy: state.privacy.get(id).copied().unwrap_or_default(),
            };
            ids.iter().map(known).collect()
        })
        .await
    }

    async fn set_block(&self, _: UserId, _: UserId, _: bool) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn is_blocked(&self, _: UserId, _: UserId) -> Result<bool, StoreError> {
        Err(unused())
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn open_session(&self, _: NewSession) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn session(&self, _: SessionId) -> Result<Option<Session>, StoreError> {
        Err(unused())
    }

    async fn sessions_of(&self, _: UserId) -> Result<Vec<Session>, StoreError> {
        Err(unused())
    }

    async fn rotate(
        &self,
        _: SessionId,
        _: u64,
        _: Timestamp,
        _: Duration,
    ) -> Result<Rotation, StoreError> {
        Err(unused())
    }

    async fn revoke_session(
        &self,
        _: UserId,
        _: SessionId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Err(unused())
    }

    async fn revoke_sessions(
        &self,
        _: UserId,
        _: Option<SessionId>,
        _: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        Err(unused())
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        self.read("revoked", "revoked.after", |state| {
            let revoked = state.revoked.iter().filter(|(_, at)| *at >= since);
            revoked.map(|(session, _)| *session).collect()
        })
        .await
    }

    async fn touch_session(&self, _: SessionId, _: Timestamp) -> Result<(), StoreError> {
        Err(unused())
    }
}

#[async_trait]
impl Keyring for MemoryStore {
    async fn add_key(&self, _: StoredKey) -> Result<StoredKey, StoreError> {
        Err(unused())
    }

    async fn keys(&self, _: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        Err(unused())
    }

    async fn drop_expired_keys(&self, _: KeyPurpose, _: Timestamp) -> Result<(), StoreError> {
        Err(unused())
    }
}

#[async_trait]
impl Reports for MemoryStore {
    async fn put_report(&self, _: Report) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn reports(&self, _: Option<ReportId>, _: usize) -> Result<Vec<Report>, StoreError> {
        Err(unused())
    }
}
