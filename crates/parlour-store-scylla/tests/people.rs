//! What two nodes do to the same names and sessions at once, and what one says that was cut off half way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use fixture::frozen::Frozen;
use parlour_model::{AppData, Clock, DisplayName, ManualClock, SessionId, User, UserId, UserName};
use parlour_store::{
    Accounts, Claim, ClaimSpace, Claims, NewSession, NewUser, ProfileChange, Rotation, Sessions,
    StoreError,
};
use parlour_store_scylla::ScyllaStore;
use tokio::task::JoinSet;

const GRACE: Duration = Duration::from_secs(30);

/// Two nodes of one deployment, each with a clock of its own.
struct Nodes {
    stores: [Arc<ScyllaStore>; 2],
    clocks: [Arc<ManualClock>; 2],
}

impl Nodes {
    async fn open() -> Option<Self> {
        let connection = fixture::connection(&fixture::host()?).await;
        let clock = || Arc::new(ManualClock::new(fixture::START));
        let clocks = [clock(), clock()];
        let stores = [
            Arc::new(fixture::open(&connection, 1, &clocks[0]).await),
            Arc::new(fixture::open(&connection, 2, &clocks[1]).await),
        ];
        Some(Self { stores, clocks })
    }
}

fn number() -> u64 {
    (rand::random::<u64>() >> 1) | 1
}

fn user(name: &str) -> NewUser {
    let user = User {
        id: UserId::new(number()).unwrap(),
        username: UserName::new(name).unwrap(),
        display_name: DisplayName::new("Somebody").unwrap(),
        avatar_url: None,
        data: AppData::default(),
        created_at: fixture::START,
        updated_at: fixture::START,
    };
    let password_hash = "$argon2id$x".to_owned();
    NewUser {
        user,
        password_hash,
    }
}

async fn register(store: &ScyllaStore, new: NewUser) -> Claim {
    let (name, id) = (new.user.username.clone(), new.user.id.get());
    store.put_user(new).await.unwrap();
    let claim = store.claim(ClaimSpace::UserName, name.as_str(), id, None);
    claim.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_register_one_name_at_once_one_has_it() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    for _ in 0..4 {
        let name = format!("n{}", number());
        let mut racing = JoinSet::new();
        for store in &nodes.stores {
            let (store, new) = (Arc::clone(store), user(&name));
            racing.spawn(async move { (new.user.id, register(&store, new).await) });
        }
        let answers = racing.join_all().await;
        let won = answers.iter().filter(|(_, claim)| *claim == Claim::Won);
        let winners: Vec<UserId> = won.map(|(id, _)| *id).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        let name = UserName::new(&name).unwrap();
        for store in &nodes.stores {
            for (id, _) in &answers {
                let is_somebody = store.user(*id).await.unwrap().is_some();
                assert_eq!(is_somebody, winners.contains(id));
            }
            let found = store.user_by_name(&name).await.unwrap().unwrap();
            assert_eq!(found.id, winners[0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_rotate_one_token_at_once_one_does() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let now = nodes.clocks[0].now();
    let new = NewSession {
        id: SessionId::new(number()).unwrap(),
        user: UserId::new(number()).unwrap(),
        device: "a device".to_owned(),
        salt: rand::random(),
        at: now,
    };
    nodes.stores[0].open_session(new.clone()).await.unwrap();
    for good in 1..6 {
        let mut racing = JoinSet::new();
        for store in nodes.stores.iter().cycle().take(4) {
            let (id, store) = (new.id, Arc::clone(store));
            racing.spawn(async move { store.rotate(id, good, now, GRACE).await.unwrap() });
        }
        let mut rotated = 0;
        for rotation in racing.join_all().await {
            match rotation {
                Rotation::Rotated(session) => {
                    rotated += 1;
                    assert_eq!(session.refresh_number, good + 1);
                }
                Rotation::Replay(session) => assert_eq!(session.refresh_number, good + 1),
                other => panic!("token {good}: {other:?}"),
            }
        }
        assert_eq!(rotated, 1, "token {good}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ended_on_one_node_is_ended_on_the_other() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let [first, second] = &nodes.stores;
    let (user, id) = (
        UserId::new(number()).unwrap(),
        SessionId::new(number()).unwrap(),
    );
    let now = nodes.clocks[0].now();
    let new = NewSession {
        id,
        user,
        device: "a device".to_owned(),
        salt: rand::random(),
        at: now,
    };
    first.open_session(new).await.unwrap();
    // The other node's clock is behind: that makes no difference to what is decided.
    nodes.clocks[1].set(now.minus(Duration::from_secs(3_600)));
    assert!(second.revoke_session(user, id, now).await.unwrap());
    assert!(!first.revoke_session(user, id, now).await.unwrap());
    assert_eq!(
        first.rotate(id, 1, now, GRACE).await.unwrap(),
        Rotation::Gone
    );
    for store in &nodes.stores {
        assert!(store.revoked_since(now).await.unwrap().contains(&id));
        assert!(store.sessions_of(user).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_end_of_all_sessions_that_stopped_half_way_is_not_denied() {
    let Some(host) = fixture::host() else { return };
    let ice = Frozen::start(&host).await;
    let connection = fixture::connection(&ice.host()).await;
    let clock = Arc::new(ManualClock::new(fixture::START));
    let store = fixture::open(&connection, 1, &clock).await;
    let user = UserId::new(number()).unwrap();
    for device in ["the first", "the second"] {
        let new = NewSession {
            id: SessionId::new(number()).unwrap(),
            user,
            device: device.to_owned(),
            salt: rand::random(),
            at: clock.now(),
        };
        store.open_session(new).await.unwrap();
    }
    // Written once the first session has ended.
    ice.freeze_and_fall_silent("SET is_live");
    let ended = store.revoke_sessions(user, None, clock.now()).await;
    assert!(matches!(ended, Err(StoreError::Unknown(_))), "{ended:?}");
    ice.thaw().await;
    assert_eq!(store.sessions_of(user).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profile_changes_of_two_nodes_at_once_are_both_there() {
    let Some(nodes) = Nodes::open().await else {
        return;
    };
    let new = user(&format!("n{}", number()));
    let id = new.user.id;
    assert_eq!(register(&nodes.stores[0], new).await, Claim::Won);
    let changes = [
        ProfileChange {
            display_name: Some(DisplayName::new("Renamed").unwrap()),
            at: nodes.clocks[0].now(),
            ..ProfileChange::default()
        },
        ProfileChange {
            avatar_url: Some(Some("https://example.org/a.png".to_owned())),
            at: nodes.clocks[1].now(),
            ..ProfileChange::default()
        },
    ];
    let mut racing = JoinSet::new();
    for (store, change) in nodes.stores.iter().cloned().zip(changes) {
        racing.spawn(async move { store.update_user(id, change).await.unwrap() });
    }
    racing.join_all().await;
    let user = nodes.stores[1].user(id).await.unwrap().unwrap();
    assert_eq!(user.display_name.as_str(), "Renamed");
    assert!(user.avatar_url.is_some());
}
