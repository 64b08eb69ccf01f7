//! The wrapper around claims, users, sessions, keys and reports.

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{
    ChosenStatus, Privacy, Report, ReportId, SessionId, Timestamp, User, UserId, UserName,
};

use super::{FaultyStore, Operation};
use crate::{
    Accounts, Claim, ClaimSpace, Claims, KeyPurpose, Keyring, LastKnown, NewSession, NewUser,
    ProfileChange, Reports, Rotation, Session, Sessions, SharedStore, StoreError, StoredKey,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Claims for FaultyStore {
    async fn claim(
        &self,
        space: ClaimSpace,
        name: &str,
        owner: u64,
        ttl: Option<Duration>,
    ) -> Result<Claim, StoreError> {
        let name = name.to_owned();
        let claim =
            move |store: SharedStore| async move { store.claim(space, &name, owner, ttl).await };
        self.call(Operation::Claim, claim).await
    }

    async fn owner(&self, space: ClaimSpace, name: &str) -> Result<Option<u64>, StoreError> {
        let name = name.to_owned();
        self.call(Operation::Owner, move |store| async move {
            store.owner(space, &name).await
        })
        .await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Accounts for FaultyStore {
    async fn put_user(&self, new: NewUser) -> Result<(), StoreError> {
        self.call(Operation::PutUser, move |store| async move {
            store.put_user(new).await
        })
        .await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids = ids.to_vec();
        self.call(Operation::Users, move |store| async move {
            store.users(&ids).await
        })
        .await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.call(Operation::Users, move |store| async move {
            store.user(id).await
        })
        .await
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        let name = name.clone();
        self.call(Operation::UserByName, move |store| async move {
            store.user_by_name(&name).await
        })
        .await
    }

    async fn search_users(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.cloned());
        let search = move |store: SharedStore| async move {
            store.search_users(&prefix, after.as_ref(), limit).await
        };
        self.call(Operation::SearchUsers, search).await
    }

    async fn update_user(&self, id: UserId, change: ProfileChange) -> Result<User, StoreError> {
        self.call(Operation::UpdateUser, move |store| async move {
            store.update_user(id, change).await
        })
        .await
    }

    async fn password_hash(&self, id: UserId) -> Result<Option<String>, StoreError> {
        self.call(Operation::PasswordHash, move |store| async move {
            store.password_hash(id).await
        })
        .await
    }

    async fn set_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        let hash = hash.to_owned();
        let set = move |store: SharedStore| async move { store.set_password_hash(id, &hash).await };
        self.call(Operation::SetPasswordHash, set).await
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let (expected, hash) = (expected.to_owned(), hash.to_owned());
        let replace = move |store: SharedStore| async move {
            store.replace_password_hash(id, &expected, &hash).await
        };
        self.call(Operation::ReplacePasswordHash, replace).await
    }

    async fn set_status(&self, id: UserId, status: ChosenStatus) -> Result<(), StoreError> {
        self.call(Operation::SetStatus, move |store| async move {
            store.set_status(id, status).await
        })
        .await
    }

    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Result<(), StoreError> {
        self.call(Operation::SetPrivacy, move |store| async move {
            store.set_privacy(id, privacy).await
        })
        .await
    }

    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.call(Operation::SetLastSeen, move |store| async move {
            store.set_last_seen(id, at).await
        })
        .await
    }

    async fn last_known(&self, ids: &[UserId]) -> Result<Vec<LastKnown>, StoreError> {
        let ids = ids.to_vec();
        self.call(Operation::LastKnown, move |store| async move {
            store.last_known(&ids).await
        })
        .await
    }

    async fn set_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        on: bool,
    ) -> Result<(), StoreError> {
        let set =
            move |store: SharedStore| async move { store.set_block(blocker, blocked, on).await };
        self.call(Operation::SetBlock, set).await
    }

    async fn is_blocked(&self, blocker: UserId, blocked: UserId) -> Result<bool, StoreError> {
        let is_blocked =
            move |store: SharedStore| async move { store.is_blocked(blocker, blocked).await };
        self.call(Operation::IsBlocked, is_blocked).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sessions for FaultyStore {
    async fn open_session(&self, new: NewSession) -> Result<(), StoreError> {
        self.call(Operation::OpenSession, move |store| async move {
            store.open_session(new).await
        })
        .await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.call(Operation::Session, move |store| async move {
            store.session(id).await
        })
        .await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.call(Operation::SessionsOf, move |store| async move {
            store.sessions_of(user).await
        })
        .await
    }

    async fn rotate(
        &self,
        id: SessionId,
        number: u64,
        at: Timestamp,
        grace: Duration,
    ) -> Result<Rotation, StoreError> {
        let rotate =
            move |store: SharedStore| async move { store.rotate(id, number, at, grace).await };
        self.call(Operation::Rotate, rotate).await
    }

    async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoke =
            move |store: SharedStore| async move { store.revoke_session(user, id, at).await };
        self.call(Operation::RevokeSession, revoke).await
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let revoke =
            move |store: SharedStore| async move { store.revoke_sessions(user, except, at).await };
        self.call(Operation::RevokeSessions, revoke).await
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        self.call(Operation::RevokedSince, move |store| async move {
            store.revoked_since(since).await
        })
        .await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        self.call(Operation::TouchSession, move |store| async move {
            store.touch_session(id, at).await
        })
        .await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Keyring for FaultyStore {
    async fn add_key(&self, key: StoredKey) -> Result<StoredKey, StoreError> {
        self.call(Operation::AddKey, move |store| async move {
            store.add_key(key).await
        })
        .await
    }

    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        self.call(Operation::Keys, move |store| async move {
            store.keys(purpose).await
        })
        .await
    }

    async fn drop_expired_keys(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let drop_expired =
            move |store: SharedStore| async move { store.drop_expired_keys(purpose, now).await };
        self.call(Operation::DropExpiredKeys, drop_expired).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Reports for FaultyStore {
    async fn put_report(&self, report: Report) -> Result<(), StoreError> {
        self.call(Operation::PutReport, move |store| async move {
            store.put_report(report).await
        })
        .await
    }

    async fn reports(
        &self,
        after: Option<ReportId>,
        limit: usize,
    ) -> Result<Vec<Report>, StoreError> {
        self.call(Operation::Reports, move |store| async move {
            store.reports(after, limit).await
        })
        .await
    }
}
