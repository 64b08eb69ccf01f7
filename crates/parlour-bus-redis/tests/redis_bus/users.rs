//! What Redis holds about users.

use std::time::Duration;

use parlour_bus::conformance::TestBus;
use parlour_bus::{Arrival, Channels, Chosen, PresenceCells, Quota, Quotas, Routes, Taken};
use parlour_model::{ChosenStatus, Timestamp};

use crate::network::{Network, connection, user};
use crate::server::{WITHIN, eventually, is_installed};

#[tokio::test]
async fn readers_drop_the_routes_of_the_dead_and_of_nobody_else() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (stays, dies) = (network.join().await, network.join().await);
    for node in [&stays, &dies] {
        node.register(user(1), connection(1)).await.unwrap();
    }
    network.crash(&dies).await;
    assert_eq!(network.server().ask("HLEN routes:{1}"), "2");
    let routes = stays.routes(&[user(1)]).await;
    assert_eq!(routes, Ok(vec![vec![stays.node()]]));
    let field = format!("{}:1", stays.node());
    assert_eq!(network.server().ask("HKEYS routes:{1}"), field);
}

#[tokio::test]
async fn a_node_that_has_just_joined_is_not_taken_for_dead() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let knows = network.join().await;
    let at = Timestamp::from_millis(1_800_000_000_000);
    let stored = Chosen::AsStored(ChosenStatus::Online);
    for number in 1..=5 {
        // The list of the living is read, and then somebody joins.
        knows.nodes().await.unwrap();
        let new = network.join().await;
        let arrival = new.register(user(number), connection(1)).await;
        assert_eq!(arrival, Ok(Arrival::New));
        let edge = knows.settle(user(number), stored, at).await.unwrap();
        assert!(edge.is_some(), "they are online");
        let routes = knows.routes(&[user(number)]).await;
        assert_eq!(routes, Ok(vec![vec![new.node()]]));
    }
}

#[tokio::test]
async fn what_still_stands_is_not_forgotten() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    node.register(user(1), connection(1)).await.unwrap();
    node.watch(&[user(2)]).await.unwrap();
    let server = network.server();
    for key in ["routes:{1}", "watchers:{2}"] {
        assert_eq!(server.ask(&format!("EXPIRE {key} 60")), "1");
        eventually("it is renewed", async || {
            let left = server.ask(&format!("TTL {key}"));
            left.parse::<i64>().is_ok_and(|left| left > 24 * 3600)
        })
        .await;
    }
}

#[tokio::test]
async fn units_of_a_quota_come_back_and_are_forgotten_when_it_is_full() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    let quota = Quota {
        burst: 2,
        per_minute: 120,
    };
    let mut refusals = 0;
    for _ in 0..4 {
        let unit = async {
            while node.take("typing", quota).await != Ok(Taken::Yes) {
                refusals += 1;
            }
        };
        tokio::time::timeout(WITHIN, unit).await.unwrap();
    }
    assert!(refusals > 0, "four units are more than there are at once");
    let left = network.server().ask("PTTL quota:typing");
    let left = Duration::from_millis(left.parse().unwrap());
    assert!(left <= quota.refill(), "{left:?}");
}
