//! From a committed event to the other nodes that hold connections of its chat's members.
//!
//! - Routes are read after the commit, those of the members or, in a large chat, those of the chat (`way`); who connects later
//!   reads the event from the store.
//! - Events of one chat leave in the order they were announced, and those that wait leave in one packet per node.
//! - The nodes of a chat are remembered for a second. A publish by remembered nodes owes a doorbell: when the memory
//!   expires, the chat's head goes to the nodes as they are then, or who connected within that second would miss the
//!   last message of a quiet chat.
//! - A membership event is routed afresh, and to the users it names too; so is the doorbell that stands for one.
//! - Chats do not wait for each other, nor nodes for each other: what one node waits for at the same moment can leave
//!   together.
//! - Where the bus did not take something, the nodes are owed a doorbell. A node that stops announces the rest first.

mod audience;
mod nodes;
mod passing;
mod publish;
mod way;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use dashmap::{DashMap, Entry};
use parlour_bus::BusError;
use parlour_model::{ChatId, Event, Seq, UserId};
use tokio_util::task::TaskTracker;

use crate::core::Core;
use crate::debts::NAMED_MAX;
use crate::packet::{Packet, PacketEvent};
pub(crate) use audience::Audience;
use nodes::ChatNodes;
pub(crate) use nodes::ROUTES_LAST;
use passing::Departures;
pub(crate) use way::BY_MEMBERS_MAX;
use way::Way;

/// Events of one chat waiting to be published. Beyond, they become one doorbell.
const WAITING_EVENTS_MAX: usize = 256;
/// Chats whose members or nodes are remembered.
const REMEMBERED_CHATS_MAX: u64 = 50_000;

pub(crate) struct Router {
    outbound: DashMap<ChatId, Outbound>,
    nodes: moka::future::Cache<ChatId, Arc<ChatNodes>>,
    audiences: moka::future::Cache<ChatId, Audience>,
    /// Chats nobody asks the store about now, and whether a doorbell rang for one meanwhile.
    asked: DashMap<ChatId, bool>,
    /// Users who left this node a moment ago.
    departures: Departures,
    /// Announcements under way: a node that stops waits for them.
    under_way: TaskTracker,
}

/// What of one chat waits to be published.
#[derive(Default)]
struct Outbound {
    // queue: announcements per chat
    events: VecDeque<Event>,
    dropped: Option<Dropped>,
}

/// Events that were too many to wait, as far as others must know of them.
#[derive(Default)]
struct Dropped {
    head: Seq,
    /// Whom they name: perhaps nobody here knows yet that these are members, or were. Hardly more than can be named.
    named: BTreeSet<UserId>,
}

impl Outbound {
    fn put(&mut self, event: &Event) {
        self.events.push_back(event.clone());
        if self.events.len() <= WAITING_EVENTS_MAX {
            return;
        }
        let dropped = self.dropped.get_or_insert_default();
        for event in self.events.drain(..) {
            dropped.head = dropped.head.max(event.seq);
            if dropped.named.len() <= NAMED_MAX {
                dropped.named.extend(event.content.named_users());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.dropped.is_none()
    }
}

impl Router {
    pub(crate) fn new() -> Self {
        let cache = || moka::future::Cache::builder().max_capacity(REMEMBERED_CHATS_MAX);
        Self {
            outbound: DashMap::new(),
            nodes: cache().time_to_live(ROUTES_LAST * 10).build(),
            audiences: moka::future::Cache::builder()
                .max_capacity(REMEMBERED_CHATS_MAX)
                .time_to_live(Duration::from_secs(60))
                .build(),
            asked: DashMap::new(),
            departures: Departures::default(),
            under_way: TaskTracker::new(),
        }
    }

    /// Whether nobody has asked the store about this chat lately. If somebody has, a doorbell is noted.
    pub(crate) fn start_asking(&self, chat: ChatId, is_doorbell: bool) -> bool {
        match self.asked.entry(chat) {
            Entry::Vacant(place) => {
                place.insert(false);
                true
            }
            Entry::Occupied(mut rang) => {
                *rang.get_mut() |= is_doorbell;
                false
            }
        }
    }

    /// Lets others ask about this chat, unless a doorbell was noted: then whoever calls this asks once more.
    pub(crate) fn stop_asking(&self, chat: ChatId) -> bool {
        let quiet = |_: &ChatId, rang: &mut bool| !std::mem::take(rang);
        self.asked.remove_if_mut(&chat, quiet).is_some()
    }

    /// Puts an event in line; answers whether the line was empty, so that somebody has to start it.
    fn put(&self, event: &Event) -> bool {
        let mut is_first = false;
        let mut outbound = self.outbound.entry(event.chat).or_insert_with(|| {
            is_first = true;
            Outbound::default()
        });
        outbound.put(event);
        is_first
    }

    /// Everything in line; `None` ends the line.
    fn take(&self, chat: ChatId) -> Option<Outbound> {
        self.outbound.remove_if(&chat, |_, line| line.is_empty());
        let mut outbound = self.outbound.get_mut(&chat)?;
        Some(std::mem::take(&mut *outbound))
    }
}

impl Core {
    /// Announces a committed event to the other nodes.
    pub(crate) fn announce_elsewhere(self: &Arc<Self>, event: &Event) {
        if self.bus.is_alone() {
            return;
        }
        if !self.router.put(event) {
            return;
        }
        let core = Arc::clone(self);
        let chat = event.chat;
        self.see_through(async move {
            while let Some(outbound) = core.router.take(chat) {
                core.publish_outbound(chat, outbound).await;
            }
        });
    }

    async fn publish_outbound(self: &Arc<Self>, chat: ChatId, outbound: Outbound) {
        if !outbound.events.is_empty() {
            self.publish_events(chat, outbound.events.into()).await;
        }
        if let Some(dropped) = outbound.dropped {
            self.ring_for_dropped(chat, dropped).await;
        }
    }

    async fn publish_events(self: &Arc<Self>, chat: ChatId, events: Vec<Event>) {
        let Some(head) = events.iter().map(|event| event.seq).max() else {
            return;
        };
        let nodes = match self.nodes_of_events(chat, &events, head).await {
            Ok(nodes) => nodes,
            Err(error) => {
                self.owe_events(chat, head, &events);
                return lost(chat, &error);
            }
        };
        let counted = (events.len() * nodes.nodes.len()) as u64;
        metrics::counter!("parlour_events_published_total").increment(counted);
        let packet = events.iter().cloned().map(PacketEvent::from).collect();
        let packet = Packet::Events(packet).encode();
        let mut published = self.publish_to(&nodes.nodes, &packet).await;
        if published.missed {
            // Somebody was not there: their users may be elsewhere by now.
            self.router.nodes.invalidate(&chat).await;
            match self.nodes_of_events(chat, &events, head).await {
                Ok(nodes) => published = self.publish_to(&nodes.nodes, &packet).await,
                Err(_) => published.failed = true,
            }
        }
        if published.failed {
            self.owe_events(chat, head, &events);
        }
    }

    async fn ring_for_dropped(self: &Arc<Self>, chat: ChatId, dropped: Dropped) {
        if !dropped.named.is_empty() {
            // Nobody has looked at these events: what is remembered knows nothing of them.
            self.router.audiences.invalidate(&chat).await;
            self.router.nodes.invalidate(&chat).await;
        }
        if dropped.named.len() > NAMED_MAX {
            self.debts.owe_comparison();
        }
        let named: Vec<UserId> = dropped.named.into_iter().collect();
        self.ring(chat, dropped.head, &named).await;
    }

    /// Rings for a chat at the nodes where its members and these users are now; owes it if the bus does not answer.
    pub(crate) async fn ring(self: &Arc<Self>, chat: ChatId, head: Seq, named: &[UserId]) {
        let Some(audience) = self.audience(chat, &[]).await else {
            // What is damaged no patience heals. A node that stops must not say that it has told everything.
            if self.token.is_cancelled() {
                self.debts.owe_doorbell(chat, head, named);
            }
            return lost(chat, &Lost::Store);
        };
        let told = match self.nodes_by(&Way::to(audience, named), chat).await {
            Ok(nodes) => {
                let doorbell = Packet::Doorbell { chat, head };
                !self.publish_to(&nodes, &doorbell.encode()).await.failed
            }
            Err(_) => false,
        };
        if !told {
            self.debts.owe_doorbell(chat, head, named);
        }
    }

    /// The nodes that these events go to.
    async fn nodes_of_events(
        self: &Arc<Self>,
        chat: ChatId,
        events: &[Event],
        head: Seq,
    ) -> Result<Arc<ChatNodes>, Lost> {
        let audience = self.audience(chat, events).await.ok_or(Lost::Store)?;
        let named = events.iter().flat_map(|event| event.content.named_users());
        let named: Vec<UserId> = named.collect();
        let way = Way::to(audience, &named);
        if named.is_empty() {
            return self.remembered_nodes(chat, &way, Some(head)).await;
        }
        self.read_nodes(chat, &way).await
    }

    async fn nodes_of(self: &Arc<Self>, chat: ChatId) -> Result<Arc<ChatNodes>, Lost> {
        let audience = self.audience(chat, &[]).await.ok_or(Lost::Store)?;
        self.remembered_nodes(chat, &Way::to(audience, &[]), None)
            .await
    }
}

/// Why nobody could be told. The comparison of heads finds what was missed.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the members could not be read")]
    Store,
    #[error(transparent)]
    Bus(#[from] BusError),
}

fn lost(chat: ChatId, error: &Lost) {
    metrics::counter!("parlour_announcements_lost_total").increment(1);
    tracing::debug!(%chat, %error, "other nodes could not be told");
}
