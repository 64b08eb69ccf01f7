//! Limits over all nodes.

use std::time::Duration;

use super::TestBus;
use crate::{Quota, Quotas, Taken};

/// So slow that nothing comes back while a case runs.
const SLOW: Quota = Quota {
    burst: 3,
    per_minute: 1,
};

async fn take(node: &impl Quotas, key: &str, quota: Quota) -> Taken {
    node.take(key, quota).await.expect("the bus answers")
}

pub(super) async fn a_quota_holds_over_all_nodes(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    for node in [&here, &there, &here] {
        assert_eq!(take(&**node, "login:ann", SLOW).await, Taken::Yes);
    }
    for node in [&here, &there] {
        let Taken::No { retry_after } = take(&**node, "login:ann", SLOW).await else {
            panic!("a fourth unit was there");
        };
        assert!(
            retry_after > Duration::ZERO && retry_after <= SLOW.interval(),
            "{retry_after:?}"
        );
    }
}

pub(super) async fn keys_are_independent(bus: &impl TestBus) {
    let node = bus.join().await;
    // Braces and spaces mean nothing.
    for key in ["login:ann", "login:{ann}", "login:ann bob", "{", ""] {
        for _ in 0..SLOW.burst {
            assert_eq!(take(&*node, key, SLOW).await, Taken::Yes, "{key:?}");
        }
        assert_ne!(take(&*node, key, SLOW).await, Taken::Yes, "{key:?}");
    }
}

pub(super) async fn a_refusal_takes_nothing(bus: &impl TestBus) {
    let node = bus.join().await;
    let one = Quota { burst: 1, ..SLOW };
    assert_eq!(take(&*node, "search", one).await, Taken::Yes);
    for _ in 0..10 {
        assert_ne!(take(&*node, "search", one).await, Taken::Yes);
    }
    // Two more are there for who may take three at once.
    for _ in 0..2 {
        assert_eq!(take(&*node, "search", SLOW).await, Taken::Yes);
    }
    assert_ne!(take(&*node, "search", SLOW).await, Taken::Yes);
    let none = Quota {
        burst: 0,
        per_minute: 0,
    };
    assert_eq!(take(&*node, "zeroes count as one", none).await, Taken::Yes);
    assert_ne!(take(&*node, "zeroes count as one", none).await, Taken::Yes);
}
