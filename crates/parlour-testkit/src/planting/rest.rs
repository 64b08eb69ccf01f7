//! The wrapper around marks, claims, users, sessions, keys and reports: no bug is planted there.

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

use super::store::{StoreUnderTest, held};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Claims for StoreUnderTest {
    async fn claim(
        &self,
        space: ClaimSpace,
        name: &str,
        owner: u64,
        ttl: Option<Duration>,
    ) -> Result<Claim, StoreError> {
        held(self.inner.claim(space, name, owner, ttl)).await
    }

    async fn owner(&self, space: ClaimSpace, name: &str) -> Result<Option<u64>, StoreError> {
        held(self.inner.owner(space, name)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Accounts for StoreUnderTest {
    async fn put_user(&self, new: NewUser) -> Result<(), StoreError> {
        held(self.inner.put_user(new)).await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        held(self.inner.users(ids)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        held(self.inner.user(id)).await
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        held(self.inner.user_by_name(name)).await
    }

    async fn search_users(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        held(self.inner.search_users(prefix, after, limit)).await
    }

    async fn update_user(&self, id: UserId, change: ProfileChange) -> Result<User, StoreError> {
        held(self.inner.update_user(id, change)).await
    }

    async fn password_hash(&self, id: UserId) -> Result<Option<String>, StoreError> {
        held(self.inner.password_hash(id)).await
    }

    async fn set_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        held(self.inner.set_password_hash(id, hash)).await
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        held(self.inner.replace_password_hash(id, expected, hash)).await
    }

    async fn set_status(&self, id: UserId, status: ChosenStatus) -> Result<(), StoreError> {
        held(self.inner.set_status(id, status)).await
    }

    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Result<(), StoreError> {
        held(self.inner.set_privacy(id, privacy)).await
    }

    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        held(self.inner.set_last_seen(id, at)).await
    }

    async fn last_known(&self, ids: &[UserId]) -> Result<Vec<LastKnown>, StoreError> {
        held(self.inner.last_known(ids)).await
    }

    async fn set_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        on: bool,
    ) -> Result<(), StoreError> {
        held(self.inner.set_block(blocker, blocked, on)).await
    }

    async fn is_blocked(&self, blocker: UserId, blocked: UserId) -> Result<bool, StoreError> {
        held(self.inner.is_blocked(blocker, blocked)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sessions for StoreUnderTest {
    async fn open_session(&self, new: NewSession) -> Result<(), StoreError> {
        held(self.inner.open_session(new)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        held(self.inner.session(id)).await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        held(self.inner.sessions_of(user)).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        number: u64,
        at: Timestamp,
        grace: Duration,
    ) -> Result<Rotation, StoreError> {
        held(self.inner.rotate(id, number, at, grace)).await
    }

    async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        held(self.inner.revoke_session(user, id, at)).await
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        held(self.inner.revoke_sessions(user, except, at)).await
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        held(self.inner.revoked_since(since)).await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        held(self.inner.touch_session(id, at)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Keyring for StoreUnderTest {
    async fn add_key(&self, key: StoredKey) -> Result<StoredKey, StoreError> {
        held(self.inner.add_key(key)).await
    }

    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        held(self.inner.keys(purpose)).await
    }

    async fn drop_expired_keys(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        held(self.inner.drop_expired_keys(purpose, now)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Watermarks for StoreUnderTest {
    async fn raise(&self, user: UserId, chat: ChatId, mark: Mark) -> Result<Marks, StoreError> {
        held(self.inner.raise(user, chat, mark)).await
    }

    async fn marks(&self, user: UserId, chat: ChatId) -> Result<Marks, StoreError> {
        held(self.inner.marks(user, chat)).await
    }

    async fn marks_of_user(&self, user: UserId) -> Result<Vec<(ChatId, Marks)>, StoreError> {
        held(self.inner.marks_of_user(user)).await
    }

    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, Marks)>, StoreError> {
        held(self.inner.marks_of_chat(chat, after, limit)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Reports for StoreUnderTest {
    async fn put_report(&self, report: Report) -> Result<(), StoreError> {
        held(self.inner.put_report(report)).await
    }

    async fn reports(
        &self,
        after: Option<ReportId>,
        limit: usize,
    ) -> Result<Vec<Report>, StoreError> {
        held(self.inner.reports(after, limit)).await
    }
}
