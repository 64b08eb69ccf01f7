//! Making the tables, opening the store, node numbers, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fixture::raw::Raw;
use parlour_model::{Clock, IdGenerator, ManualClock, NodeNumber, SystemClock, Timestamp};
use parlour_store::StoreError;
use parlour_store_scylla::{
    Connection, OpenError, Options, SchemaOptions, ScyllaStore, apply_schema,
};

fn schema(bucket_events: u64) -> SchemaOptions {
    SchemaOptions {
        replication: fixture::replication(),
        bucket_events,
    }
}

fn options(replication: BTreeMap<String, u8>, bucket_events: u64) -> Options {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(fixture::START));
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    Options {
        clock,
        ids: Arc::new(ids),
        replication,
        bucket_events,
    }
}

#[tokio::test]
async fn a_store_is_opened_only_as_it_was_made() {
    let Some(host) = fixture::host() else { return };
    let connection = fixture::connection(&host).await;
    let open = async |replication, bucket_events| {
        let options = options(replication, bucket_events);
        ScyllaStore::open(connection.clone(), options).await
    };
    open(fixture::replication(), 4).await.unwrap().close().await;
    let refused = open(fixture::replication(), 5).await.unwrap_err();
    assert!(
        matches!(
            refused,
            OpenError::BucketEvents {
                found: 4,
                configured: 5
            }
        ),
        "{refused}"
    );
    let three = BTreeMap::from([("datacenter1".to_owned(), 3)]);
    let refused = open(three, 4).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Replication { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn the_schema_may_be_applied_twice_at_once_and_again() {
    let Some(host) = fixture::host() else { return };
    let raw = Raw::connect(&host).await;
    let keyspace = format!("parlour_twice_{:x}", fixture::chat::random());
    let connect = fixture::connect_options(&host, &keyspace);
    let schema_4 = schema(4);
    let (a, b) = tokio::join!(
        apply_schema(&connect, &schema_4),
        apply_schema(&connect, &schema_4)
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.to > 0 && a.to == b.to);
    let first = Connection::open(connect.clone()).await.unwrap();
    let again = apply_schema(&connect, &schema_4).await.unwrap();
    assert_eq!((again.from, again.keyspace_created), (a.to, false));
    let second = Connection::open(connect.clone()).await.unwrap();
    assert_eq!(first.deployment(), second.deployment());
    let refused = apply_schema(&connect, &schema(5)).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::BucketEvents { .. }),
        "{refused}"
    );
    let mut other = schema(4);
    other.replication.insert("datacenter1".to_owned(), 2);
    let refused = apply_schema(&connect, &other).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Replication { .. }),
        "{refused}"
    );
    check_upgrade(&raw, &connect, a.to).await;
    check_canary(&raw, &second, &keyspace).await;
    check_versions(&raw, &connect).await;
    raw.run(&format!("DROP KEYSPACE {keyspace}")).await;
}

/// Tables of an earlier version are brought forward.
async fn check_upgrade(raw: &Raw, connect: &parlour_store_scylla::ConnectOptions, newest: u32) {
    let keyspace = &connect.keyspace;
    raw.run(&format!("DROP TABLE {keyspace}.erasures")).await;
    raw.run(&format!(
        "UPDATE {keyspace}.schema_version SET version = 3 WHERE name = 'tables' IF EXISTS"
    ))
    .await;
    let upgraded = apply_schema(connect, &schema(4)).await.unwrap();
    assert_eq!((upgraded.from, upgraded.to), (3, newest));
    raw.run(&format!("SELECT done_seq FROM {keyspace}.erasures"))
        .await;
}

/// A store that takes transactions, but not those that commits are made of, is refused with what it said.
async fn check_canary(raw: &Raw, connection: &Connection, keyspace: &str) {
    let table = format!("{keyspace}.canary");
    raw.run(&format!("DROP TABLE {table}")).await;
    // Nothing is shared by the rows of a partition any more, so no condition can hold for all of them.
    raw.run(&format!(
        "CREATE TABLE {table} (id uuid, kind tinyint, value bigint, head bigint, PRIMARY KEY ((id), kind))"
    ))
    .await;
    let opened = ScyllaStore::open(connection.clone(), options(fixture::replication(), 4));
    let refused = opened.await.unwrap_err();
    assert!(
        matches!(refused, OpenError::NoTransactions { .. }),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("lightweight transactions"),
        "{refused}"
    );
}

/// Tables of a later and of no version are refused, with what mends it.
async fn check_versions(raw: &Raw, connect: &parlour_store_scylla::ConnectOptions) {
    let table = format!("{}.schema_version", connect.keyspace);
    raw.run(&format!(
        "UPDATE {table} SET version = 99 WHERE name = 'tables' IF EXISTS"
    ))
    .await;
    let refused = Connection::open(connect.clone()).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::SchemaVersion { found: 99, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("newer version"), "{refused}");
    let refused = apply_schema(connect, &schema(4)).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::SchemaVersion { found: 99, .. }),
        "{refused}"
    );
    raw.run(&format!(
        "DELETE FROM {table} WHERE name = 'tables' IF EXISTS"
    ))
    .await;
    let refused = Connection::open(connect.clone()).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::SchemaMissing { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_clock_an_hour_off_is_seen_by_the_time_of_the_store() {
    let Some(host) = fixture::host() else { return };
    let keyspace = format!("parlour_time_{:x}", fixture::chat::random());
    let connect = fixture::connect_options(&host, &keyspace);
    apply_schema(&connect, &schema(4)).await.unwrap();
    let connection = Connection::open(connect).await.unwrap();
    // The store runs on this machine and stands for the right time, give or take what these lines take.
    let hour = Duration::from_secs(3_600);
    let fast = ManualClock::new(SystemClock::new().now().plus(hour));
    let slow = ManualClock::new(SystemClock::new().now().minus(hour));
    let ahead_of_fast = connection.is_ahead_of(&fast).await.unwrap();
    let ahead_of_slow = connection.is_ahead_of(&slow).await.unwrap();
    let minutes = 60_000;
    assert_eq!((ahead_of_fast + minutes / 2).div_euclid(minutes), -60);
    assert_eq!((ahead_of_slow + minutes / 2).div_euclid(minutes), 60);
    let raw = Raw::connect(&host).await;
    raw.run(&format!("DROP KEYSPACE {keyspace}")).await;
}

#[tokio::test]
async fn a_store_that_is_not_there_is_said_to_be_away() {
    let Some(host) = fixture::host() else { return };
    let nowhere = fixture::connect_options("127.0.0.1:1", "parlour");
    let refused = Connection::open(nowhere).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Unreachable { .. }),
        "{refused}"
    );
    let empty = fixture::connect_options(&host, "parlour_that_nobody_made");
    let refused = Connection::open(empty).await.unwrap_err();
    assert!(
        refused.to_string().contains("parlour schema apply"),
        "{refused}"
    );
}

#[tokio::test]
async fn datacenters_that_the_store_does_not_have_are_refused_at_once() {
    let Some(host) = fixture::host() else { return };
    let keyspace = format!("parlour_nowhere_{:x}", fixture::chat::random());
    let mut connect = fixture::connect_options(&host, &keyspace);
    // The store says no, and would say so again for ever.
    let mut wrong = schema(4);
    wrong.replication = BTreeMap::from([("nowhere".to_owned(), 1)]);
    let refused = apply_schema(&connect, &wrong).await.unwrap_err();
    assert!(matches!(refused, OpenError::Options(_)), "{refused}");
    assert!(
        refused.to_string().contains("store.replication"),
        "{refused}"
    );
    // No request would go anywhere.
    connect.datacenter = Some("nowhere".to_owned());
    for refused in [
        apply_schema(&connect, &schema(4)).await.unwrap_err(),
        Connection::open(connect).await.unwrap_err(),
    ] {
        assert!(matches!(refused, OpenError::Options(_)), "{refused}");
        let said = refused.to_string();
        assert!(
            said.contains("nowhere") && said.contains("datacenter1"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_node_number_has_one_holder_until_its_lease_ends() {
    let Some(host) = fixture::host() else { return };
    let raw = Raw::connect(&host).await;
    let connection = fixture::connection(&host).await;
    let manual = Arc::new(ManualClock::new(fixture::START));
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&manual);
    let lease = async || {
        let leased = connection.lease_node_number("same-host", Arc::clone(&clock));
        leased.await.unwrap()
    };
    // The same holder twice has two numbers.
    let (mut first, second) = (lease().await, lease().await);
    assert_ne!(first.number(), second.number());
    assert!(first.floor() < first.until());
    let until = first.until();
    manual.advance(Duration::from_secs(20));
    let in_a_minute = manual.now().plus(Duration::from_secs(60));
    let renewed = first.renew().await.unwrap();
    assert!(renewed > until && renewed >= in_a_minute);
    assert_eq!(first.held_until(), in_a_minute);
    // Its lease ends: the database has forgotten the holder.
    let (number, until) = (first.number(), first.until());
    let forget = format!(
        "DELETE holder FROM {}.node_numbers WHERE part = 0 AND number = {} IF EXISTS",
        fixture::keyspace(),
        number.get()
    );
    raw.run(&forget).await;
    let mut others = Vec::new();
    let next = loop {
        let lease = lease().await;
        if lease.number() == number {
            break lease;
        }
        others.push(lease);
    };
    assert!(
        next.floor() >= until,
        "{:?} is before {until:?}",
        next.floor()
    );
    let lapsed = first.renew().await.unwrap_err();
    assert!(matches!(lapsed, StoreError::NotFound(_)), "{lapsed}");
    // What is given back is taken again, above the floor of whoever had it.
    let (number, until) = (next.number(), next.until());
    next.release().await;
    let again = lease().await;
    assert!(again.number().get() <= number.get());
    if again.number() == number {
        assert!(again.floor() >= until);
    }
    for lease in others.into_iter().chain([second, again]) {
        lease.release().await;
    }
}

#[tokio::test]
async fn a_number_that_is_given_back_again_and_again_is_leased_for_a_minute() {
    let Some(host) = fixture::host() else { return };
    let keyspace = format!("parlour_numbers_{:x}", fixture::chat::random());
    let connect = fixture::connect_options(&host, &keyspace);
    apply_schema(&connect, &schema(4)).await.unwrap();
    let connection = Connection::open(connect).await.unwrap();
    let clock = Arc::new(ManualClock::new(fixture::START));
    let lease = async || {
        let leased = connection.lease_node_number("restless", Arc::<ManualClock>::clone(&clock));
        leased.await.unwrap()
    };
    let (mut floor, some_seconds) = (Timestamp::default(), Duration::from_secs(65));
    for _ in 0..5 {
        let lease = lease().await;
        assert_eq!(lease.number(), NodeNumber::ZERO);
        assert_eq!(lease.floor(), floor);
        assert!(lease.until() > floor, "there is room for ids");
        assert!(lease.until() <= clock.now().plus(some_seconds));
        floor = lease.until();
        lease.release().await;
    }
    // Also what is renewed goes by the clock again, as soon as that has passed the floor.
    let mut last = lease().await;
    for _ in 0..3 {
        clock.advance(Duration::from_secs(20));
        let renewed = last.renew().await.unwrap();
        assert_eq!(renewed, clock.now().plus(Duration::from_secs(60)));
        assert_eq!(last.held_until(), renewed);
    }
    let raw = Raw::connect(&host).await;
    raw.run(&format!("DROP KEYSPACE {keyspace}")).await;
}

#[tokio::test]
async fn a_lapsed_number_makes_no_event() {
    use fixture::chat::{Chat, created};
    use parlour_store::{ChatLog, NotStored, Outcome};

    let Some(host) = fixture::host() else { return };
    let connection = fixture::connection(&host).await;
    let clock = Arc::new(ManualClock::new(fixture::START));
    let mut options = options(fixture::replication(), 4);
    options.clock = Arc::<ManualClock>::clone(&clock);
    let number = NodeNumber::new(9).unwrap();
    let ids = Arc::new(IdGenerator::new(
        number,
        Arc::clone(&options.clock),
        Timestamp::default(),
    ));
    options.ids = Arc::clone(&ids);
    let store = Arc::new(ScyllaStore::open(connection, options).await.unwrap());
    let chat = Chat::create(store, Arc::clone(&clock)).await;
    ids.leased_until(fixture::START);
    clock.advance(Duration::from_secs(1));
    let draft = chat.draft(0, "too late");
    let outcome = chat.append_one(draft.clone()).await;
    assert!(
        matches!(outcome, Outcome::NotStored(NotStored::Unavailable(_))),
        "{outcome:?}"
    );
    ids.leased_until(clock.now());
    created(chat.append_one(draft).await);
    assert_eq!(
        chat.store
            .head(chat.id, parlour_model::Seq::ZERO)
            .await
            .unwrap()
            .unwrap()
            .seq
            .get(),
        2
    );
}
