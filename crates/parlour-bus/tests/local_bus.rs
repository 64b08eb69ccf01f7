//! The bus inside one process keeps what every bus must keep.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parlour_bus::conformance::{TestBus, run_all};
use parlour_bus::{
    Channels, Chosen, ConnectionId, ConnectionRef, Fate, Inbound, LocalBus, LocalNetwork,
    PresenceCells, Receivers, ResyncReason, Routes,
};
use parlour_model::{
    ChosenStatus, Clock, ManualClock, PresenceStatus, SessionId, Timestamp, UserId,
};

struct LocalNodes {
    network: LocalNetwork,
    clock: Arc<dyn Clock>,
}

impl LocalNodes {
    /// The clock stands still: versions must rise all the same.
    fn new() -> Self {
        Self {
            network: LocalNetwork::new(),
            clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000))),
        }
    }
}

#[async_trait]
impl TestBus for LocalNodes {
    type Node = LocalBus;

    async fn join(&self) -> Arc<LocalBus> {
        Arc::new(self.network.join(Arc::clone(&self.clock)))
    }

    async fn lapse(&self, node: &Arc<LocalBus>) {
        self.network.lapse(node);
    }

    async fn crash(&self, node: &Arc<LocalBus>) {
        self.network.crash(node);
    }
}

#[tokio::test]
async fn it_passes_the_suite() {
    run_all(async || LocalNodes::new()).await;
}

#[tokio::test]
async fn offline_after_a_restart_is_newer_than_online_before_it() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
    let user = UserId::new(1).unwrap();
    let before = LocalNetwork::new().join(clock.clone());
    before.watch(&[user]).await.unwrap();
    let connection = ConnectionRef {
        connection: ConnectionId::new(1),
        session: SessionId::new(1).unwrap(),
        device: String::new(),
    };
    before.register(user, connection).await.unwrap();
    let online = before
        .settle(user, Chosen::AsStored(ChosenStatus::Online), clock.now())
        .await
        .unwrap()
        .unwrap()
        .presence;
    clock.advance(Duration::from_millis(5));
    let after = LocalNetwork::new().join(clock.clone());
    let offline = after.presence(&[user]).await.unwrap()[0];
    assert_eq!(offline.status, PresenceStatus::Offline);
    assert!(
        offline.version > online.version,
        "{offline:?} after {online:?}"
    );
}

#[tokio::test]
async fn a_settlement_whose_answer_is_lost_has_happened() {
    let nodes = LocalNodes::new();
    let bus = nodes.join().await;
    let user = UserId::new(1).unwrap();
    let connection = ConnectionRef {
        connection: ConnectionId::new(1),
        session: SessionId::new(1).unwrap(),
        device: String::new(),
    };
    bus.register(user, connection).await.unwrap();
    nodes.network.lose_settlements(&bus, 1);
    let chosen = Chosen::AsStored(ChosenStatus::Online);
    let at = nodes.clock.now();
    assert!(bus.settle(user, chosen, at).await.is_err());
    let seen = bus.presence(&[user]).await.unwrap()[0];
    assert_eq!(seen.status, PresenceStatus::Online);
    assert_eq!(bus.settle(user, chosen, at).await, Ok(None));
}

#[tokio::test]
async fn a_dropped_bus_is_a_dead_node_and_its_number_is_free_again() {
    let nodes = LocalNodes::new();
    let (first, second) = (nodes.join().await, nodes.join().await);
    assert!(!first.is_alone());
    let number = second.node().number;
    drop(second);
    assert!(first.is_alone());
    let third = nodes.join().await;
    assert_eq!(third.node().number, number);
    assert!(third.node().incarnation > first.node().incarnation);
}

#[tokio::test]
async fn a_crashed_node_can_do_nothing_more() {
    let nodes = LocalNodes::new();
    let (stays, dies) = (nodes.join().await, nodes.join().await);
    nodes.crash(&dies).await;
    assert!(dies.nodes().await.is_err());
    assert!(dies.publish(&stays.node(), Bytes::new()).await.is_err());
    assert!(dies.routes(&[]).await.is_err());
    assert!(dies.presence(&[]).await.is_err());
    let mut inbox = dies.take_inbox().unwrap();
    assert_eq!(inbox.next().await, None);
}

#[tokio::test]
async fn links_break_as_told_and_heal() {
    let nodes = LocalNodes::new();
    let (from, to) = (nodes.join().await, nodes.join().await);
    let mut inbox = to.take_inbox().unwrap();
    let fates = [
        Fate::Drop,
        Fate::Hold,
        Fate::Double,
        Fate::Hold,
        Fate::Deliver,
    ];
    for (number, fate) in fates.into_iter().enumerate() {
        nodes.network.set_fault(Some(Arc::new(move |_, _| fate)));
        let packet = Bytes::from(vec![u8::try_from(number).unwrap()]);
        assert_eq!(from.publish(&to.node(), packet).await, Ok(Receivers(1)));
    }
    nodes.network.set_fault(None);
    nodes.network.release_held();
    for expected in [2, 2, 4, 3, 1] {
        let packet = Bytes::from(vec![expected]);
        assert_eq!(inbox.next().await, Some(Inbound::Packet(packet)));
    }
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn an_overflow_empties_the_inbox_and_says_so() {
    let nodes = LocalNodes::new();
    let (from, to) = (nodes.join().await, nodes.join().await);
    let mut inbox = to.take_inbox().unwrap();
    from.publish(&to.node(), Bytes::from_static(b"lost"))
        .await
        .unwrap();
    nodes.network.overflow(&to.node());
    let resync = Inbound::Resync(ResyncReason::Overflow);
    assert_eq!(inbox.next().await, Some(resync));
    assert!(inbox.is_empty());
}
