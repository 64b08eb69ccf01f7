//! People and their sessions, while a node of the store freezes in the middle of a write and wakes up much later: nothing is
//! called undone that may still happen, and nothing that was acknowledged is undone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use fixture::chat::random;
use fixture::frozen::Frozen;
use parlour_model::{
    AppData, Audience, ChosenStatus, Clock, DisplayName, ManualClock, Privacy, SessionId, User,
    UserId, UserName,
};
use parlour_store::{
    Accounts, Claim, ClaimSpace, Claims, KeyPurpose, Keyring, NewSession, NewUser, ProfileChange,
    Rotation, Sessions, StoreError, StoredKey,
};
use parlour_store_scylla::ScyllaStore;

const GRACE: Duration = Duration::from_secs(30);

/// A node behind a way that may freeze, and one that is not.
struct Nodes {
    ice: Frozen,
    behind: ScyllaStore,
    beside: ScyllaStore,
    clock: Arc<ManualClock>,
}

impl Nodes {
    async fn open() -> Option<Self> {
        let host = fixture::host()?;
        let direct = fixture::connection(&host).await;
        let ice = Frozen::start(&host).await;
        let frozen = fixture::connection(&ice.host()).await;
        let clock = Arc::new(ManualClock::new(fixture::START));
        Some(Self {
            behind: fixture::open(&frozen, 1, &clock).await,
            beside: fixture::open(&direct, 2, &clock).await,
            ice,
            clock,
        })
    }

    /// A user who is registered.
    async fn user(&self) -> NewUser {
        let new = new_user();
        self.beside.put_user(new.clone()).await.unwrap();
        let (name, id) = (new.user.username.as_str(), new.user.id.get());
        let claim = self.beside.claim(ClaimSpace::UserName, name, id, None);
        assert_eq!(claim.await.unwrap(), Claim::Won);
        new
    }

    /// A session that is open.
    async fn session(&self) -> NewSession {
        let new = self.new_session();
        self.beside.open_session(new.clone()).await.unwrap();
        new
    }

    fn new_session(&self) -> NewSession {
        NewSession {
            id: SessionId::new(random()).unwrap(),
            user: user_id(),
            device: "a device".to_owned(),
            salt: rand::random(),
            at: self.clock.now(),
        }
    }
}

fn user_id() -> UserId {
    UserId::new(random()).unwrap()
}

fn new_user() -> NewUser {
    let user = User {
        id: user_id(),
        username: UserName::new(&format!("n{}", random())).unwrap(),
        display_name: DisplayName::new("Somebody").unwrap(),
        avatar_url: None,
        data: AppData::default(),
        created_at: fixture::START,
        updated_at: fixture::START,
    };
    let password_hash = "first".to_owned();
    NewUser {
        user,
        password_hash,
    }
}

#[track_caller]
fn assert_unknown<T: Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
}

/// Asks again what is unknown, as callers do.
async fn settled<F>(call: impl Fn() -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    while let Err(error) = call().await {
        assert!(matches!(error, StoreError::Unknown(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_claim_that_may_still_be_made_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let name = format!("n{}", random());
    nodes.ice.freeze_and_fall_silent("INSERT INTO claims");
    let claim = nodes.behind.claim(ClaimSpace::UserName, &name, 7, None);
    assert_unknown(&claim.await);
    nodes.ice.thaw().await;
    let owner = nodes.beside.owner(ClaimSpace::UserName, &name).await;
    assert_eq!(owner.unwrap(), Some(7));
}

#[tokio::test]
async fn a_user_who_may_still_be_written_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let new = new_user();
    nodes.ice.freeze_and_fall_silent("INSERT INTO users");
    assert_unknown(&nodes.behind.put_user(new.clone()).await);
    nodes.ice.thaw().await;
    let mut other = new.clone();
    other.password_hash = "another".to_owned();
    let taken = nodes.beside.put_user(other).await;
    assert!(matches!(taken, Err(StoreError::Exists(_))), "{taken:?}");
}

#[tokio::test]
async fn a_profile_that_may_still_change_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let id = nodes.user().await.user.id;
    let change = ProfileChange {
        display_name: Some(DisplayName::new("Renamed").unwrap()),
        at: nodes.clock.now(),
        ..ProfileChange::default()
    };
    nodes.ice.freeze_and_fall_silent("SET display_name");
    assert_unknown(&nodes.behind.update_user(id, change).await);
    nodes.ice.thaw().await;
    let user = nodes.beside.user(id).await.unwrap().unwrap();
    assert_eq!(user.display_name.as_str(), "Renamed");
}

#[tokio::test]
async fn a_hash_that_may_still_be_replaced_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let id = nodes.user().await.user.id;
    nodes.ice.freeze_and_fall_silent("SET password_hash");
    let replaced = nodes.behind.replace_password_hash(id, "first", "second");
    assert_unknown(&replaced.await);
    nodes.ice.thaw().await;
    let hash = nodes.beside.password_hash(id).await.unwrap();
    assert_eq!(hash.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_block_that_may_still_come_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (blocker, blocked) = (user_id(), user_id());
    for (words, on) in [("INSERT INTO blocks", true), ("UPDATE blocks", false)] {
        nodes.ice.freeze_and_fall_silent(words);
        assert_unknown(&nodes.behind.set_block(blocker, blocked, on).await);
        nodes.ice.thaw().await;
        let is_blocked = nodes.beside.is_blocked(blocker, blocked).await;
        assert_eq!(is_blocked.unwrap(), on);
    }
}

#[tokio::test]
async fn a_session_that_may_still_open_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let new = nodes.new_session();
    nodes.ice.freeze_and_fall_silent("INSERT INTO sessions");
    assert_unknown(&nodes.behind.open_session(new.clone()).await);
    nodes.ice.thaw().await;
    assert_eq!(nodes.beside.sessions_of(new.user).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_end_of_a_session_that_may_still_come_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (new, now) = (nodes.session().await, nodes.clock.now());
    nodes.ice.freeze_and_fall_silent("SET revoked_at");
    assert_unknown(&nodes.behind.revoke_session(new.user, new.id, now).await);
    nodes.ice.thaw().await;
    assert!(nodes.beside.sessions_of(new.user).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_rotation_that_may_still_come_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (id, now) = (nodes.session().await.id, nodes.clock.now());
    nodes.ice.freeze_and_fall_silent("SET refresh_number");
    assert_unknown(&nodes.behind.rotate(id, 1, now, GRACE).await);
    nodes.ice.thaw().await;
    let again = nodes.beside.rotate(id, 1, now, GRACE).await.unwrap();
    assert!(matches!(again, Rotation::Replay(_)), "{again:?}");
}

#[tokio::test]
async fn a_key_that_may_still_be_added_is_not_denied() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let key = StoredKey {
        purpose: KeyPurpose::AccessToken,
        id: format!("k{}", random()),
        secret: vec![1; 32],
        created_at: nodes.clock.now(),
        expires_at: None,
    };
    nodes.ice.freeze_and_fall_silent("INSERT INTO keys");
    assert_unknown(&nodes.behind.add_key(key.clone()).await);
    nodes.ice.thaw().await;
    let keys = nodes.beside.keys(key.purpose).await.unwrap();
    assert!(keys.iter().any(|stored| stored.id == key.id));
}

#[tokio::test]
async fn a_password_that_was_replaced_does_not_come_back() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (id, behind) = (nodes.user().await.user.id, &nodes.behind);
    nodes.ice.freeze("SET password_hash");
    settled(|| behind.set_password_hash(id, "second")).await;
    settled(|| nodes.beside.set_password_hash(id, "third")).await;
    nodes.ice.thaw().await;
    let hash = nodes.beside.password_hash(id).await.unwrap();
    assert_eq!(hash.as_deref(), Some("third"));
}

#[tokio::test]
async fn a_token_is_replaced_though_the_time_of_that_is_not_noted() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (id, now) = (nodes.session().await.id, nodes.clock.now());
    nodes.ice.freeze_and_fall_silent("SET last_active_at");
    let rotation = nodes.behind.rotate(id, 1, now, GRACE).await.unwrap();
    assert!(matches!(rotation, Rotation::Rotated(_)), "{rotation:?}");
}

#[tokio::test]
async fn a_session_ends_though_the_list_does_not_say_so() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (new, now) = (nodes.session().await, nodes.clock.now());
    nodes.ice.freeze_and_fall_silent("SET is_live");
    let ended = nodes.behind.revoke_session(new.user, new.id, now).await;
    assert!(ended.unwrap());
    assert!(nodes.beside.sessions_of(new.user).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_choice_that_was_changed_does_not_come_back() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (id, behind, beside) = (user_id(), &nodes.behind, &nodes.beside);
    let seen_by = |last_seen| Privacy { last_seen };
    nodes.ice.freeze("SET seen_by");
    settled(|| behind.set_privacy(id, seen_by(Audience::Everyone))).await;
    settled(|| beside.set_privacy(id, seen_by(Audience::Nobody))).await;
    nodes.ice.thaw().await;
    nodes.ice.freeze("SET status");
    settled(|| behind.set_status(id, ChosenStatus::Busy)).await;
    settled(|| beside.set_status(id, ChosenStatus::Away)).await;
    nodes.ice.thaw().await;
    let known = beside.last_known(&[id]).await.unwrap();
    assert_eq!(known[0].privacy.last_seen, Audience::Nobody);
    assert_eq!(known[0].status, ChosenStatus::Away);
}

#[tokio::test]
async fn the_later_choice_stands_though_the_clock_of_its_node_is_behind() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (id, now) = (user_id(), nodes.clock.now());
    for (hours, last_seen) in [
        (3, Audience::Nobody),
        (2, Audience::Everyone),
        (1, Audience::Nobody),
    ] {
        nodes
            .clock
            .set(now.plus(Duration::from_secs(hours * 3_600)));
        let privacy = Privacy { last_seen };
        nodes.behind.set_privacy(id, privacy).await.unwrap();
        let known = nodes.beside.last_known(&[id]).await.unwrap();
        assert_eq!(known[0].privacy, privacy, "{hours}");
    }
}

#[tokio::test]
async fn a_block_is_not_lifted_by_what_nobody_answered_before() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let (blocker, blocked) = (user_id(), user_id());
    nodes
        .beside
        .set_block(blocker, blocked, true)
        .await
        .unwrap();
    nodes.ice.freeze_and_fall_silent("UPDATE blocks");
    assert_unknown(&nodes.behind.set_block(blocker, blocked, false).await);
    nodes
        .beside
        .set_block(blocker, blocked, true)
        .await
        .unwrap();
    nodes.ice.thaw().await;
    let is_blocked = nodes.beside.is_blocked(blocker, blocked).await;
    assert!(is_blocked.unwrap());
}
