//! What others see of a user, and who is told.

use parlour_model::{ChosenStatus, Presence, PresenceStatus, Timestamp};

use super::{TestBus, connection, user};
use crate::{Arrival, Bus, Channels, Chosen, PresenceCells, PresenceEdge};

const SEEN: Timestamp = Timestamp::from_millis(1_800_000_000_123);
/// What the store says of a user who has never chosen.
const STORED: Chosen = Chosen::AsStored(ChosenStatus::Online);

async fn settle(node: &impl Bus, of: u64, chosen: Chosen) -> Option<PresenceEdge> {
    node.settle(user(of), chosen, SEEN)
        .await
        .expect("the bus answers")
}

async fn seen(node: &impl Bus, of: u64) -> Presence {
    let mut seen = node.presence(&[user(of)]).await.expect("the bus answers");
    assert_eq!(seen.len(), 1, "one answer for one user");
    seen.remove(0)
}

async fn connect(node: &impl Bus, of: u64, number: u64) -> Arrival {
    node.register(user(of), connection(number))
        .await
        .expect("the bus answers")
}

async fn disconnect(node: &impl Bus, of: u64, number: u64) {
    let connection = connection(number).connection;
    node.unregister(user(of), connection)
        .await
        .expect("the bus answers");
}

pub(super) async fn who_connects_is_online_and_who_is_gone_is_offline(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    assert_eq!(seen(&*there, 1).await.status, PresenceStatus::Offline);
    assert_eq!(connect(&*here, 1, 1).await, Arrival::New);
    let edge = settle(&*here, 1, STORED).await.expect("it changed");
    assert_eq!(edge.presence.status, PresenceStatus::Online);
    assert_eq!(edge.presence.last_seen, None);
    assert_eq!(seen(&*there, 1).await, edge.presence);
    assert_eq!(settle(&*there, 1, STORED).await, None, "nothing changed");
    assert_eq!(connect(&*there, 1, 1).await, Arrival::Seen);
    disconnect(&*there, 1, 1).await;
    disconnect(&*here, 1, 1).await;
    assert_eq!(
        seen(&*there, 1).await.status,
        PresenceStatus::Online,
        "until it is settled"
    );
    let edge = settle(&*there, 1, STORED).await.expect("it changed");
    assert_eq!(edge.presence.status, PresenceStatus::Offline);
    assert_eq!(edge.presence.last_seen, Some(SEEN));
}

pub(super) async fn nobody_is_offline_while_a_route_lives(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    connect(&*here, 1, 1).await;
    settle(&*here, 1, STORED).await.expect("it changed");
    disconnect(&*here, 1, 1).await;
    connect(&*there, 1, 1).await;
    assert_eq!(
        settle(&*here, 1, STORED).await,
        None,
        "they are elsewhere now"
    );
    assert_eq!(seen(&*here, 1).await.status, PresenceStatus::Online);
}

pub(super) async fn the_users_of_a_dead_node_settle_as_offline(bus: &impl TestBus) {
    let (stays, dies) = (bus.join().await, bus.join().await);
    connect(&*dies, 1, 1).await;
    settle(&*dies, 1, STORED).await.expect("it changed");
    bus.crash(&dies).await;
    let edge = settle(&*stays, 1, STORED).await.expect("it changed");
    assert_eq!(edge.presence.status, PresenceStatus::Offline);
}

pub(super) async fn versions_rise_across_everything(bus: &impl TestBus) {
    let node = bus.join().await;
    let mut last = seen(&*node, 1).await.version;
    for round in 0..10 {
        connect(&*node, 1, 1).await;
        let online = settle(&*node, 1, STORED).await.expect("it changed");
        disconnect(&*node, 1, 1).await;
        let offline = settle(&*node, 1, STORED).await.expect("it changed");
        for version in [online.presence.version, offline.presence.version] {
            assert!(version > last, "round {round}: {version} after {last}");
            last = version;
        }
        assert!(
            seen(&*node, 1).await.version >= last,
            "what is read is not older than what was told"
        );
    }
}

pub(super) async fn the_chosen_status_is_shown_and_newer_choices_win(bus: &impl TestBus) {
    let node = bus.join().await;
    connect(&*node, 1, 1).await;
    let edge = settle(&*node, 1, Chosen::AsStored(ChosenStatus::Away)).await;
    assert_eq!(
        edge.expect("it changed").presence.status,
        PresenceStatus::Away
    );
    let edge = settle(&*node, 1, Chosen::Now(ChosenStatus::Busy)).await;
    assert_eq!(
        edge.expect("it changed").presence.status,
        PresenceStatus::Busy
    );
    let edge = settle(&*node, 1, Chosen::AsStored(ChosenStatus::Away)).await;
    assert_eq!(edge, None, "what was read before knows less");
    assert_eq!(settle(&*node, 1, STORED).await, None);
}

pub(super) async fn the_invisible_show_no_edge(bus: &impl TestBus) {
    let node = bus.join().await;
    connect(&*node, 1, 1).await;
    let edge = settle(&*node, 1, Chosen::AsStored(ChosenStatus::Invisible)).await;
    assert_eq!(edge, None);
    assert_eq!(seen(&*node, 1).await.status, PresenceStatus::Offline);
    let edge = settle(&*node, 1, Chosen::Now(ChosenStatus::Online)).await;
    assert_eq!(
        edge.expect("it changed").presence.status,
        PresenceStatus::Online
    );
    let edge = settle(&*node, 1, Chosen::Now(ChosenStatus::Invisible)).await;
    assert_eq!(edge.expect("it changed").presence.last_seen, Some(SEEN));
    disconnect(&*node, 1, 1).await;
    assert_eq!(settle(&*node, 1, STORED).await, None);
}

pub(super) async fn changes_name_those_who_look(bus: &impl TestBus) {
    let (node, looks, dies) = (bus.join().await, bus.join().await, bus.join().await);
    for watcher in [&looks, &dies] {
        watcher
            .watch(&[user(1), user(2)])
            .await
            .expect("the bus answers");
    }
    bus.crash(&dies).await;
    looks.watch(&[user(1)]).await.expect("the bus answers");
    connect(&*node, 1, 1).await;
    let edge = settle(&*node, 1, STORED).await.expect("it changed");
    assert_eq!(edge.watchers, [looks.node()]);
    looks.unwatch(&[user(1)]).await.expect("the bus answers");
    looks.unwatch(&[user(1)]).await.expect("the bus answers");
    disconnect(&*node, 1, 1).await;
    let edge = settle(&*node, 1, STORED).await.expect("it changed");
    assert_eq!(edge.watchers, []);
}

pub(super) async fn nobody_is_shown_before_their_choice_is_known(bus: &impl TestBus) {
    let node = bus.join().await;
    connect(&*node, 1, 1).await;
    assert_eq!(settle(&*node, 1, Chosen::Unknown).await, None);
    assert_eq!(seen(&*node, 1).await.status, PresenceStatus::Offline);
    let edge = settle(&*node, 1, STORED).await.expect("it changed");
    assert_eq!(edge.presence.status, PresenceStatus::Online);
    // What is known stays known.
    assert_eq!(settle(&*node, 1, Chosen::Unknown).await, None);
    assert_eq!(seen(&*node, 1).await.status, PresenceStatus::Online);
}
