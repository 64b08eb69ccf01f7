//! Packets to other nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join_all;
use parlour_bus::{BusError, Channels, Health, Inbox, NodeRef, Receivers};
use tokio::sync::watch;

use crate::RedisBus;
use crate::core::Core;
use crate::keys;
use crate::lanes::{Next, Pack};
use crate::pack::{self, Load};
use crate::script::PUBLISH;
use crate::session::{self, Repeat};

/// Between two packs to one node, from the sending of one to the sending of the next: what comes meanwhile leaves together.
/// The first packet after a pause leaves at once.
const PACK_PAUSE: Duration = Duration::from_millis(1);
/// How long a packet may wait and travel.
const PUBLISH_WITHIN: Duration = Duration::from_secs(5);
/// Between two tries to tell a node of a loss.
const GAP_PAUSE: Duration = Duration::from_millis(500);
/// After so many tries the node has found out by itself, or is dead.
const GAP_TRIES_MAX: u32 = 20;

/// How many numbers a pack takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    One,
    /// One is left out, which its receiver takes for a loss.
    Two,
}

#[async_trait]
impl Channels for RedisBus {
    fn node(&self) -> NodeRef {
        self.core().lease.node()
    }

    fn life(&self) -> Option<NodeRef> {
        // The keeper says that the bus is up in the same step in which it tells what the node has to know of this life, and
        // away before it takes another lease.
        let core = self.core();
        core.lease.check().ok().filter(|_| core.told.is_up())
    }

    async fn nodes(&self) -> Result<Vec<NodeRef>, BusError> {
        let (session, _) = self.core().usable()?;
        self.core().nodes.read(&session).await
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.core().told.health()
    }

    fn trouble(&self) -> Option<String> {
        self.core().told.trouble()
    }

    async fn publish(&self, to: &NodeRef, packet: Bytes) -> Result<Receivers, BusError> {
        self.core().publish(*to, packet).await
    }

    async fn broadcast(&self, packet: Bytes) -> Result<Receivers, BusError> {
        let own = self.node();
        let mut others = self.nodes().await?;
        others.retain(|node| *node != own);
        let publishes = others.iter().map(|node| self.publish(node, packet.clone()));
        let receivers = try_join_all(publishes).await?;
        Ok(Receivers(
            receivers.iter().map(|receivers| receivers.0).sum(),
        ))
    }

    fn take_inbox(&self) -> Option<Inbox> {
        self.take_only_inbox()
    }
}

impl Core {
    async fn publish(self: &Arc<Self>, to: NodeRef, packet: Bytes) -> Result<Receivers, BusError> {
        self.usable()?;
        let Some(put) = self.lanes.put(to, packet) else {
            metrics::counter!("parlour_bus_packets_dropped_total").increment(1);
            return Err(BusError::Unavailable(format!(
                "too much waits for node {to}"
            )));
        };
        if put.is_first {
            // It ends by itself as soon as nothing waits, so it needs no token.
            self.tracker.spawn(Arc::clone(self).empty(to));
        }
        match tokio::time::timeout(PUBLISH_WITHIN, put.answer).await {
            Ok(Ok(answer)) => answer,
            _ => Err(BusError::Unavailable("no answer".to_owned())),
        }
    }

    /// Sends what waits for a node until nothing does.
    async fn empty(self: Arc<Self>, to: NodeRef) {
        let mut gap_tries = 0;
        loop {
            match self.lanes.next(to) {
                Next::Pack(pack) => {
                    let pause = tokio::time::sleep(PACK_PAUSE);
                    self.send(to, pack).await;
                    pause.await;
                }
                Next::Gap if gap_tries < GAP_TRIES_MAX && !self.token.is_cancelled() => {
                    gap_tries += 1;
                    self.send_gap(to).await;
                }
                Next::Gap => self.lanes.settle(to),
                Next::End => return,
            }
        }
    }

    async fn send(&self, to: NodeRef, pack: Pack) {
        let Pack {
            packets,
            answers,
            skips,
        } = pack;
        let count = answers.len();
        let step = if skips { Step::Two } else { Step::One };
        let answer = self.send_load(to, &Load::Packets(packets), step).await;
        if answer.is_ok() {
            metrics::counter!("parlour_bus_publishes_total").increment(1);
            #[expect(clippy::cast_precision_loss, reason = "a pack has few packets")]
            metrics::histogram!("parlour_bus_packets_per_publish").record(count as f64);
        } else {
            self.lanes.owe(to);
        }
        for waiting in answers {
            // Who gave up waiting does not mind.
            let _ = waiting.send(answer.clone());
        }
    }

    /// Tells a node that it missed something, when nothing else goes there.
    async fn send_gap(&self, to: NodeRef) {
        let nothing = Load::Packets(Vec::new());
        if self.send_load(to, &nothing, Step::Two).await.is_ok() {
            self.lanes.settle(to);
        } else {
            let pause = tokio::time::sleep(GAP_PAUSE);
            self.token.run_until_cancelled(pause).await;
        }
    }

    async fn send_load(&self, to: NodeRef, load: &Load, step: Step) -> Result<Receivers, BusError> {
        let (session, _) = self.usable()?;
        let bytes = pack::encode(load);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let step = Bytes::from_static(match step {
            Step::One => b"1",
            Step::Two => b"2",
        });
        let args = vec![bytes, step, Bytes::new()];
        let channel = keys::channel_of(to);
        let answer = session.run(&PUBLISH, &[&channel], args, Repeat::No).await?;
        metrics::counter!("parlour_bus_packed_bytes_total").increment(size);
        let receivers = session::number(&answer).unwrap_or_default();
        // A connection that is on its way out may still be subscribed beside its successor.
        Ok(Receivers(usize::from(receivers > 0)))
    }
}
