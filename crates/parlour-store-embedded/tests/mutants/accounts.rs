//! Claims, users, sessions, keys and reports with bugs.

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{
    ChosenStatus, Privacy, Report, ReportId, SessionId, Timestamp, User, UserId, UserName,
};
use parlour_store::{
    Accounts, Claim, ClaimSpace, Claims, KeyPurpose, Keyring, LastKnown, NewSession, NewUser,
    ProfileChange, Reports, Rotation, Session, Sessions, StoreError, StoredKey,
};

use super::bug::{Bug, Mutant};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Claims for Mutant {
    async fn claim(
        &self,
        space: ClaimSpace,
        name: &str,
        owner: u64,
        ttl: Option<Duration>,
    ) -> Answer<Claim> {
        let claim = self.inner.claim(space, name, owner, ttl).await?;
        Ok(if self.has(Bug::EverybodyWinsAClaim) {
            Claim::Won
        } else {
            claim
        })
    }

    async fn owner(&self, space: ClaimSpace, name: &str) -> Answer<Option<u64>> {
        self.inner.owner(space, name).await
    }
}

#[async_trait]
impl Accounts for Mutant {
    async fn put_user(&self, new: NewUser) -> Answer<()> {
        self.inner.put_user(new).await
    }

    async fn users(&self, ids: &[UserId]) -> Answer<Vec<User>> {
        self.inner.users(ids).await
    }

    async fn user_by_name(&self, name: &UserName) -> Answer<Option<User>> {
        self.inner.user_by_name(name).await
    }

    async fn search_users(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Answer<Vec<User>> {
        let mut users = self.inner.search_users(prefix, after, limit).await?;
        if self.has(Bug::SearchesWithoutFolding) {
            users.retain(|user| user.display_name.as_str().contains(prefix));
        }
        Ok(users)
    }

    async fn update_user(&self, id: UserId, change: ProfileChange) -> Answer<User> {
        self.inner.update_user(id, change).await
    }

    async fn password_hash(&self, id: UserId) -> Answer<Option<String>> {
        self.inner.password_hash(id).await
    }

    async fn set_password_hash(&self, id: UserId, hash: &str) -> Answer<()> {
        self.inner.set_password_hash(id, hash).await
    }

    async fn replace_password_hash(&self, id: UserId, expected: &str, hash: &str) -> Answer<bool> {
        if self.has(Bug::ReplacesAnyPasswordHash) {
            self.inner.set_password_hash(id, hash).await?;
            return Ok(true);
        }
        self.inner.replace_password_hash(id, expected, hash).await
    }

    async fn set_status(&self, id: UserId, status: ChosenStatus) -> Answer<()> {
        self.inner.set_status(id, status).await
    }

    async fn set_last_seen(&self, id: UserId, at: Timestamp) -> Answer<()> {
        self.inner.set_last_seen(id, at).await
    }

    async fn set_privacy(&self, id: UserId, privacy: Privacy) -> Answer<()> {
        self.inner.set_privacy(id, privacy).await
    }

    async fn last_known(&self, ids: &[UserId]) -> Answer<Vec<LastKnown>> {
        self.inner.last_known(ids).await
    }

    async fn set_block(&self, blocker: UserId, blocked: UserId, on: bool) -> Answer<()> {
        self.inner.set_block(blocker, blocked, on).await
    }

    async fn is_blocked(&self, blocker: UserId, blocked: UserId) -> Answer<bool> {
        self.inner.is_blocked(blocker, blocked).await
    }
}

#[async_trait]
impl Sessions for Mutant {
    async fn open_session(&self, new: NewSession) -> Answer<()> {
        self.inner.open_session(new).await
    }

    async fn session(&self, id: SessionId) -> Answer<Option<Session>> {
        self.inner.session(id).await
    }

    async fn sessions_of(&self, user: UserId) -> Answer<Vec<Session>> {
        self.inner.sessions_of(user).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        number: u64,
        at: Timestamp,
        grace: Duration,
    ) -> Answer<Rotation> {
        let grace = if self.has(Bug::ReplaysForEver) {
            grace * 1_000
        } else {
            grace
        };
        let good = self
            .inner
            .session(id)
            .await?
            .map_or(0, |session| session.refresh_number);
        if self.has(Bug::SparesAStolenSession) && number + 1 < good {
            return Ok(Rotation::Gone);
        }
        self.inner.rotate(id, number, at, grace).await
    }

    async fn revoke_session(&self, user: UserId, id: SessionId, at: Timestamp) -> Answer<bool> {
        self.inner.revoke_session(user, id, at).await
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Answer<Vec<SessionId>> {
        let except = except.filter(|_| !self.has(Bug::RevokesTheExceptionToo));
        self.inner.revoke_sessions(user, except, at).await
    }

    async fn revoked_since(&self, since: Timestamp) -> Answer<Vec<SessionId>> {
        self.inner.revoked_since(since).await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Answer<()> {
        self.inner.touch_session(id, at).await
    }
}

#[async_trait]
impl Keyring for Mutant {
    async fn add_key(&self, key: StoredKey) -> Answer<StoredKey> {
        self.inner.add_key(key).await
    }

    async fn keys(&self, purpose: KeyPurpose) -> Answer<Vec<StoredKey>> {
        let mut keys = self.inner.keys(purpose).await?;
        if self.has(Bug::ShufflesKeys) {
            keys.reverse();
        }
        Ok(keys)
    }

    async fn drop_expired_keys(&self, purpose: KeyPurpose, now: Timestamp) -> Answer<()> {
        self.inner.drop_expired_keys(purpose, now).await
    }
}

#[async_trait]
impl Reports for Mutant {
    async fn put_report(&self, report: Report) -> Answer<()> {
        self.inner.put_report(report).await
    }

    async fn reports(&self, after: Option<ReportId>, limit: usize) -> Answer<Vec<Report>> {
        let after = after.filter(|_| !self.has(Bug::PagesReportsFromTheStart));
        self.inner.reports(after, limit).await
    }
}
