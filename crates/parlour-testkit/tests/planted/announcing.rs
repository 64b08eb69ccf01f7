//! Bugs about telling: a doorbell that does not ring, heads that nobody compares, a loss that nobody makes up for, a
//! route that somebody else's cleaning takes away.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parlour_bus::{
    Arrival, BusError, ConnectionId, ConnectionRef, Fate, LinkFault, NodeRef, Receivers,
    ResyncReason, SharedBus,
};
use parlour_model::{Body, ChatId, Seq, UserId};
use parlour_protocol::Encoding;
use parlour_store::{Head, SharedStore, StoreError};
use parlour_testkit::checker::{Invariant, Violation, check};
use parlour_testkit::history::History;
use parlour_testkit::planting::{BusBug, NoBug, StoreBug, time_passes};
use parlour_testkit::{Device, Said};

use crate::support::{AFTER_A_FAULT, AT_ONCE, Bug, Nodes, must_be_named};

/// Two users on two nodes, and what became of them.
struct Pair {
    nodes: Nodes,
    ann: Device,
    bob: Device,
    chat: ChatId,
}

impl Pair {
    async fn meet(nodes: Nodes) -> Self {
        let ann = nodes.device(0, "ann").await;
        let bob = nodes.device(1, "bob").await;
        let chat = ann.client().create_direct(bob.user()).await.unwrap().id;
        bob.until_applied(chat, Seq::FIRST).await.unwrap();
        Self {
            nodes,
            ann,
            bob,
            chat,
        }
    }

    /// Ann writes, and is told that it is stored.
    async fn write(&self) -> Seq {
        let body = Body::text("hello");
        let sent = self.ann.client().send(self.chat, body, None).await.unwrap();
        sent.settled().await.unwrap().seq
    }

    /// Waits for what should come by itself.
    async fn rest(&self, quiet: Duration) -> History {
        time_passes(quiet).await;
        self.nodes.world.recorder().history()
    }

    async fn judge(self, history: History, others: Vec<Device>) -> Vec<Violation> {
        let mut users = BTreeMap::new();
        for device in others.into_iter().chain([self.ann, self.bob]) {
            users.insert(device.user(), device.close().await);
        }
        let said = Said::ask(&users).await.unwrap();
        let (truth, _) = said.compare_with(&self.nodes.store).await.unwrap();
        self.nodes.stop().await;
        check(&history, &truth)
    }
}

/// Publishes by remembered routes and rings no doorbell afterwards.
struct NoDoorbell;

#[async_trait]
impl BusBug for NoDoorbell {
    async fn publish(
        &self,
        bus: &SharedBus,
        to: &NodeRef,
        packet: Bytes,
    ) -> Result<Receivers, BusError> {
        if is_doorbell(&packet) {
            return Ok(Receivers(1));
        }
        bus.publish(to, packet).await
    }
}

/// A packet begins with its version and the name of its kind.
fn is_doorbell(packet: &Bytes) -> bool {
    packet
        .windows(8)
        .take(8)
        .any(|window| window == b"doorbell")
}

#[tokio::test(start_paused = true)]
async fn no_trailing_doorbell() {
    must_be_named(
        "no trailing doorbell",
        Invariant::L1,
        async |_, is_planted| {
            let bug = |_| {
                if is_planted {
                    Bug::of_bus(NoDoorbell)
                } else {
                    Bug::none()
                }
            };
            let pair = Pair::meet(Nodes::start(bug).await).await;
            pair.write().await;
            // Bob comes to a third node while his routes are remembered without it.
            let place = pair.nodes.at(2);
            let second = place.login("bob", Encoding::MessagePack).await.unwrap();
            second.until_applied(pair.chat, Seq::new(2)).await.unwrap();
            pair.write().await;
            let history = pair.rest(AT_ONCE).await;
            pair.judge(history, vec![second]).await
        },
    )
    .await;
}

/// Stops comparing heads: whoever asks in the background gets no answer.
struct NoComparison(Arc<AtomicBool>);

#[async_trait]
impl StoreBug for NoComparison {
    async fn heads(
        &self,
        store: &SharedStore,
        chats: &[(ChatId, Seq)],
    ) -> Vec<Result<Option<Head>, StoreError>> {
        if self.0.load(Ordering::SeqCst) {
            let unread = Err(StoreError::Unavailable("not compared".to_owned()));
            return vec![unread; chats.len()];
        }
        store.heads(chats).await
    }
}

#[tokio::test(start_paused = true)]
async fn heads_that_nobody_compares() {
    must_be_named("anti-entropy off", Invariant::L1, async |_, is_planted| {
        let off = Arc::new(AtomicBool::new(false));
        let bug = Arc::new(NoComparison(Arc::clone(&off)));
        let nodes = Nodes::start(|_| Bug::of_store(Arc::clone(&bug) as _)).await;
        let pair = Pair::meet(nodes).await;
        off.store(is_planted, Ordering::SeqCst);
        // The last message of a quiet chat is lost, and nobody is told.
        let lost: LinkFault = Arc::new(|_, _| Fate::Drop);
        pair.nodes.network.set_fault(Some(lost));
        pair.write().await;
        time_passes(AT_ONCE).await;
        pair.nodes.network.set_fault(None);
        let history = pair.rest(AFTER_A_FAULT).await;
        off.store(false, Ordering::SeqCst);
        pair.judge(history, Vec::new()).await
    })
    .await;
}

/// Does nothing when the lease of this node lapsed.
struct DeafToLapses;

#[async_trait]
impl BusBug for DeafToLapses {
    fn hears(&self, reason: ResyncReason) -> bool {
        reason != ResyncReason::Lapsed
    }
}

/// The second node's lease lapses and it lives on; once all is settled, Ann writes to Bob.
async fn after_a_lapse(bug: impl Fn(usize) -> Bug) -> Vec<Violation> {
    let pair = Pair::meet(Nodes::start(bug).await).await;
    pair.nodes.network.lapse(&pair.nodes.buses[1]);
    time_passes(AFTER_A_FAULT).await;
    pair.write().await;
    let history = pair.rest(AT_ONCE).await;
    pair.judge(history, Vec::new()).await
}

#[tokio::test(start_paused = true)]
async fn a_resync_left_out() {
    must_be_named(
        "resync left out after a lapsed lease",
        Invariant::L1,
        async |_, is_planted| {
            after_a_lapse(|_| {
                if is_planted {
                    Bug::of_bus(DeafToLapses)
                } else {
                    Bug::none()
                }
            })
            .await
        },
    )
    .await;
}

/// Cleans up after its earlier life whenever it writes a route, and does not look whose it takes away.
#[derive(Default)]
struct WrongIncarnation(Arc<Mutex<HashMap<(UserId, ConnectionId), u64>>>);

#[async_trait]
impl BusBug for WrongIncarnation {
    async fn register(
        &self,
        bus: &SharedBus,
        user: UserId,
        connection: ConnectionRef,
    ) -> Result<Arrival, BusError> {
        let (name, life) = ((user, connection.connection), bus.node().incarnation);
        let arrival = bus.register(user, connection).await?;
        let first = *self.0.lock().unwrap().entry(name).or_insert(life);
        if first < life {
            bus.unregister(user, name.1).await?;
        }
        Ok(arrival)
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_cleaned_by_the_wrong_incarnation() {
    must_be_named(
        "route cleaned by the wrong incarnation",
        Invariant::L1,
        async |_, is_planted| {
            after_a_lapse(|_| {
                if is_planted {
                    Bug::of_bus(WrongIncarnation::default())
                } else {
                    Bug::of_bus(NoBug)
                }
            })
            .await
        },
    )
    .await;
}
