//! The deployment's secret keys: the first of an id stays, all nodes see the same ones in the same order.

use std::time::Duration;

use parlour_model::{Clock, Timestamp};

use super::Fixture;
use super::room::random_number;
use crate::{KeyPurpose, SharedStore, StoredKey};

/// Whoever adds a key of a known id gets the one that is stored.
pub async fn the_first_key_of_an_id_stays(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let first = new_key(KeyPurpose::AccessToken, now);
    let second = StoredKey {
        secret: vec![9; 48],
        created_at: now.plus(Duration::from_secs(5)),
        expires_at: Some(now.plus(Duration::from_secs(9))),
        ..first.clone()
    };
    assert_eq!(add(&store, first.clone()).await, first);
    for _ in 0..2 {
        assert_eq!(add(&store, second.clone()).await, first);
        assert_eq!(add(&store, first.clone()).await, first);
    }
    assert_eq!(
        mine(&store, KeyPurpose::AccessToken, &[&first]).await,
        std::slice::from_ref(&first)
    );
    let elsewhere = StoredKey {
        purpose: KeyPurpose::RefreshToken,
        ..second
    };
    assert_eq!(add(&store, elsewhere.clone()).await, elsewhere);
    assert_eq!(
        mine(&store, KeyPurpose::AccessToken, &[&first]).await,
        std::slice::from_ref(&first)
    );
    assert_eq!(
        mine(&store, KeyPurpose::RefreshToken, &[&elsewhere]).await,
        std::slice::from_ref(&elsewhere)
    );
}

/// Two nodes that add a key of one id at once both go on with the same one.
pub async fn a_key_raced_by_many_is_one_key(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let template = new_key(KeyPurpose::RefreshToken, now);
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..8 {
        let (store, key) = (
            store.clone(),
            StoredKey {
                secret: vec![racer; 32],
                ..template.clone()
            },
        );
        racers.spawn(async move { add(&store, key).await });
    }
    let mut keys = racers.join_all().await;
    keys.dedup();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        mine(&store, KeyPurpose::RefreshToken, &[&template]).await,
        keys
    );
}

/// Keys come in the order they were made, whatever the order they were added in.
pub async fn keys_come_by_the_time_they_were_made(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let made_at = |seconds| {
        new_key(
            KeyPurpose::AccessToken,
            now.plus(Duration::from_secs(seconds)),
        )
    };
    let (a, b, c) = (made_at(1), made_at(2), made_at(3));
    for key in [&b, &c, &a] {
        add(&store, key.clone()).await;
    }
    assert_eq!(
        mine(&store, KeyPurpose::AccessToken, &[&a, &b, &c]).await,
        [a, b, c]
    );
}

/// Only keys whose end has passed are forgotten, and only those of the purpose named.
pub async fn only_keys_past_their_end_are_forgotten(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let ending = |purpose, made: u64, ends: Option<u64>| StoredKey {
        expires_at: ends.map(|seconds| now.plus(Duration::from_secs(seconds))),
        ..new_key(purpose, now.plus(Duration::from_millis(made)))
    };
    let (access, refresh) = (KeyPurpose::AccessToken, KeyPurpose::RefreshToken);
    let [past, at_end, later, never] = [Some(9), Some(10), Some(11), None]
        .map(|ends| ending(access, 1 + ends.unwrap_or(90), ends));
    let elsewhere = ending(refresh, 1, Some(9));
    for key in [&past, &at_end, &later, &never, &elsewhere] {
        add(&store, key.clone()).await;
    }
    for _ in 0..2 {
        let dropped = store
            .drop_expired_keys(access, now.plus(Duration::from_secs(10)))
            .await;
        dropped.expect("drop_expired_keys");
        let left = mine(&store, access, &[&past, &at_end, &later, &never]).await;
        assert_eq!(left, [at_end.clone(), later.clone(), never.clone()]);
    }
    assert_eq!(mine(&store, refresh, &[&elsewhere]).await, [elsewhere]);
}

/// A new key that never ends.
pub(super) fn new_key(purpose: KeyPurpose, created_at: Timestamp) -> StoredKey {
    StoredKey {
        purpose,
        id: format!("key-{}", random_number()),
        secret: rand::random::<[u8; 32]>().to_vec(),
        created_at,
        expires_at: None,
    }
}

/// Adds a key.
pub(super) async fn add(store: &SharedStore, key: StoredKey) -> StoredKey {
    store.add_key(key).await.expect("add_key")
}

/// The stored keys among these, in the order answered: other cases may have keys in the same store.
async fn mine(store: &SharedStore, purpose: KeyPurpose, these: &[&StoredKey]) -> Vec<StoredKey> {
    let keys = store.keys(purpose).await.expect("keys");
    keys.into_iter()
        .filter(|key| these.iter().any(|mine| mine.id == key.id))
        .collect()
}
