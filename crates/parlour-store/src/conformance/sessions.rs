//! Sessions: one refresh token is good at a time, a lost answer can be asked for again, a stolen one ends it all.

use std::time::Duration;

use parlour_model::{Clock, SessionId, Timestamp, UserId};
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{new_user, random_number};
use crate::{NewSession, Rotation, Session, SharedStore, StoreError};

const GRACE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// A session is answered as it was opened, and a user's sessions newest first.
pub async fn sessions_are_listed_newest_first(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let user = new_user();
    let mut expected = Vec::new();
    for seconds in [5, 60, 30] {
        let new = new_session(user, now.plus(Duration::from_secs(seconds)));
        store.open_session(new.clone()).await.expect("open_session");
        let session = opened(&new);
        assert_eq!(stored(&store, new.id).await, session);
        expected.push(session);
    }
    expected.sort_by_key(|session| std::cmp::Reverse(session.created_at));
    open(&store, new_user(), now).await;
    assert_eq!(
        store.sessions_of(user).await.expect("sessions_of"),
        expected
    );
    assert!(
        store
            .sessions_of(new_user())
            .await
            .expect("sessions_of")
            .is_empty()
    );
    assert_eq!(store.session(new_id()).await.expect("session"), None);
}

/// Opening again is no error and loses nothing; another session under the same id is one.
pub async fn a_session_id_is_one_session(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let new = new_session(new_user(), now);
    store.open_session(new.clone()).await.expect("open_session");
    store
        .open_session(new.clone())
        .await
        .expect("a retry is no error");
    rotate(&store, new.id, 1, now).await;
    let other = NewSession {
        id: new.id,
        ..new_session(new_user(), now)
    };
    let refused = store.open_session(other).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    let session = stored(&store, new.id).await;
    assert_eq!((session.user, session.refresh_number), (new.user, 2));
}

/// The good refresh token is replaced by its successor, again and again.
pub async fn a_refresh_token_is_replaced_by_its_successor(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let id = open(&store, new_user(), now).await;
    for number in 1..6 {
        let at = now.plus(SECOND * u32::try_from(number).expect("small"));
        let Rotation::Rotated(session) = rotate(&store, id, number, at).await else {
            panic!("token {number} was not rotated");
        };
        assert_eq!(
            (session.refresh_number, session.revoked_at),
            (number + 1, None)
        );
        assert_eq!(stored(&store, id).await, session);
    }
}

/// Within the grace the token before the good one names the same successor again, as often as asked.
pub async fn a_lost_answer_can_be_asked_for_again(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let id = open(&store, new_user(), now).await;
    rotate(&store, id, 1, now).await;
    for seconds in [0, 1, 29] {
        let at = now.plus(Duration::from_secs(seconds));
        let Rotation::Replay(session) = rotate(&store, id, 1, at).await else {
            panic!("not replayed after {seconds} s");
        };
        assert_eq!(
            (session.id, session.refresh_number, session.revoked_at),
            (id, 2, None)
        );
    }
    assert!(matches!(
        rotate(&store, id, 2, now.plus(GRACE)).await,
        Rotation::Rotated(_)
    ));
}

/// After the grace, after its successor was used, or before it was issued: whoever shows such a token ends the session.
pub async fn a_token_that_cannot_be_good_revokes_the_session(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let late = now.plus(GRACE + SECOND);
    for (used, shown, at) in [
        (1, 1, late),
        (2, 1, now),
        (1, 3, now),
        (0, 7, now),
        (5, 2, now),
        (0, 0, now),
    ] {
        let user = new_user();
        let id = open(&store, user, now).await;
        for number in 1..=used {
            rotate(&store, id, number, now).await;
        }
        let Rotation::Reused(session) = rotate(&store, id, shown, at).await else {
            panic!("token {shown} was taken after {used} had been used");
        };
        assert_eq!(session.revoked_at, Some(at));
        assert_eq!(stored(&store, id).await.revoked_at, Some(at));
        for number in [shown, used, used + 1] {
            assert_eq!(rotate(&store, id, number, at).await, Rotation::Gone);
        }
        assert!(
            store
                .sessions_of(user)
                .await
                .expect("sessions_of")
                .is_empty()
        );
        assert!(revoked_since(&store, at).await.contains(&id));
    }
    assert_eq!(rotate(&store, new_id(), 1, now).await, Rotation::Gone);
}

/// One token shown by many at once is used once; all others get the same successor.
pub async fn a_token_raced_by_many_is_used_once(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let id = open(&store, new_user(), now).await;
    let mut racers = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        racers.spawn(async move { rotate(&store, id, 1, now).await });
    }
    let mut rotated = 0;
    for rotation in racers.join_all().await {
        let (Rotation::Rotated(session) | Rotation::Replay(session)) = &rotation else {
            panic!("{rotation:?}");
        };
        assert_eq!(session.refresh_number, 2);
        rotated += u32::from(matches!(rotation, Rotation::Rotated(_)));
    }
    assert_eq!(rotated, 1);
    assert_eq!(stored(&store, id).await.revoked_at, None);
}

/// A session is revoked once, by its own user.
pub async fn a_session_is_revoked_once_and_by_its_user(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let user = new_user();
    let (id, kept) = (open(&store, user, now).await, open(&store, user, now).await);
    let revoke = async |user, at| {
        store
            .revoke_session(user, id, at)
            .await
            .expect("revoke_session")
    };
    assert!(
        !revoke(new_user(), now).await,
        "a stranger revoked a session"
    );
    assert_eq!(stored(&store, id).await.revoked_at, None);
    assert!(revoke(user, now.plus(SECOND)).await);
    assert!(!revoke(user, now.plus(SECOND * 2)).await);
    assert_eq!(stored(&store, id).await.revoked_at, Some(now.plus(SECOND)));
    assert_eq!(rotate(&store, id, 1, now).await, Rotation::Gone);
    let live = store.sessions_of(user).await.expect("sessions_of");
    assert_eq!(
        live.iter().map(|session| session.id).collect::<Vec<_>>(),
        [kept]
    );
    assert!(
        !store
            .revoke_session(user, new_id(), now)
            .await
            .expect("revoke_session")
    );
}

/// All live sessions of a user are revoked at once, but for the one that asked.
pub async fn all_sessions_but_one_are_revoked(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let (user, stranger) = (new_user(), new_user());
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(open(&store, user, now).await);
    }
    let elsewhere = open(&store, stranger, now).await;
    store
        .revoke_session(user, ids[0], now)
        .await
        .expect("revoke_session");
    let revoke = async |except| {
        let mut revoked = store
            .revoke_sessions(user, except, now.plus(SECOND))
            .await
            .expect("revoke_sessions");
        revoked.sort();
        revoked
    };
    let mut expected = vec![ids[1], ids[3]];
    expected.sort();
    assert_eq!(revoke(Some(ids[2])).await, expected);
    assert!(revoke(Some(ids[2])).await.is_empty());
    assert_eq!(stored(&store, ids[0]).await.revoked_at, Some(now));
    assert_eq!(stored(&store, ids[2]).await.revoked_at, None);
    assert_eq!(revoke(None).await, [ids[2]]);
    assert!(
        store
            .sessions_of(user)
            .await
            .expect("sessions_of")
            .is_empty()
    );
    assert_eq!(stored(&store, elsewhere).await.revoked_at, None);
}

/// Revocations are found from their own time on, that time included.
pub async fn revocations_are_found_since_their_time(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let user = new_user();
    let (first, second, live) = (
        open(&store, user, now).await,
        open(&store, user, now).await,
        open(&store, user, now).await,
    );
    let at = |seconds| now.plus(SECOND * seconds);
    store
        .revoke_session(user, first, at(10))
        .await
        .expect("revoke_session");
    store
        .revoke_session(user, second, at(20))
        .await
        .expect("revoke_session");
    for (since, expected) in [
        (0, [true, true]),
        (10, [true, true]),
        (11, [false, true]),
        (20, [false, true]),
        (21, [false, false]),
    ] {
        let revoked = revoked_since(&store, at(since)).await;
        assert_eq!(
            [first, second].map(|id| revoked.contains(&id)),
            expected,
            "since {since}"
        );
        assert!(!revoked.contains(&live));
    }
}

/// The time of the last activity rises and never falls.
pub async fn last_activity_never_falls(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let id = open(&store, new_user(), now).await;
    for (touched, expected) in [(10, 10), (5, 10), (10, 10), (60, 60), (0, 60)] {
        store
            .touch_session(id, now.plus(SECOND * touched))
            .await
            .expect("touch_session");
        assert_eq!(
            stored(&store, id).await.last_active_at,
            now.plus(SECOND * expected)
        );
    }
}

/// Opens a session.
pub(super) async fn open(store: &SharedStore, user: UserId, at: Timestamp) -> SessionId {
    let new = new_session(user, at);
    let id = new.id;
    store.open_session(new).await.expect("open_session");
    id
}

/// Takes a refresh token.
pub(super) async fn rotate(
    store: &SharedStore,
    id: SessionId,
    number: u64,
    at: Timestamp,
) -> Rotation {
    store.rotate(id, number, at, GRACE).await.expect("rotate")
}

fn new_session(user: UserId, at: Timestamp) -> NewSession {
    NewSession {
        id: new_id(),
        user,
        device: "Ann's phone 📱".to_owned(),
        salt: rand::random(),
        at,
    }
}

fn opened(new: &NewSession) -> Session {
    Session {
        id: new.id,
        user: new.user,
        device: new.device.clone(),
        created_at: new.at,
        last_active_at: new.at,
        revoked_at: None,
        refresh_number: 1,
        salt: new.salt,
    }
}

async fn stored(store: &SharedStore, id: SessionId) -> Session {
    store
        .session(id)
        .await
        .expect("session")
        .expect("the session exists")
}

async fn revoked_since(store: &SharedStore, since: Timestamp) -> Vec<SessionId> {
    store.revoked_since(since).await.expect("revoked_since")
}

fn new_id() -> SessionId {
    SessionId::new(random_number()).expect("odd and below 2^63")
}
