//! From events in any order, late, twice or never, to every chat in order.
//!
//! An event that is not the next one shows a hole, and the hole is read once for all from the store. The same happens
//! when anything else shows that the log reaches further than this node has seen: a doorbell, a comparison of heads.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{ChatId, Event, Seq, UserId};
use tokio::time::Instant;

use crate::chat::{Accepted, Stage};
use crate::core::Core;
use crate::hub::Entry;
use crate::link::Link;
use crate::router::{Audience, ROUTES_LAST};

/// Neighbours that were committed together are often announced in the wrong order: a hole is given this long to
/// close by itself before the store is asked.
const REORDER_GRACE: Duration = Duration::from_millis(10);
/// Small enough to fit into every outbox that is keeping up.
const EVENTS_PER_READ: usize = 64;
/// Between two pages of a long hole, for the writers of the connections to keep up.
const PAGE_PAUSE: Duration = Duration::from_millis(5);
/// How often the store may answer that it has no events where there should be some.
const EMPTY_READS_MAX: u32 = 5;
/// A chat nobody here seems to be in is asked about at most this often.
const ASK_PAUSE: Duration = Duration::from_secs(1);

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Committed through this node.
    Own,
    /// Announced by another.
    Remote,
}

/// Why the store is asked about a chat that this node does not know.
enum Hint {
    /// An event of another node.
    Event,
    /// An event of this node, which says nothing about where members are: it is asked only if one of them is here, and
    /// as a rule that is remembered.
    Own(Event),
    /// A doorbell, which may be for somebody here.
    Doorbell,
}

impl Core {
    /// Takes a committed event in.
    pub(crate) fn accept(self: &Arc<Self>, event: &Event, origin: Origin) {
        loop {
            let Some(entry) = self.hub.chat(event.chat) else {
                return self.accept_unknown(event, origin);
            };
            let accepted = entry.lock().accept(event);
            match accepted {
                Accepted::Gone => self.hub.retire(&entry),
                Accepted::Nothing => {
                    // The chat may have been entered at a head that includes the event: then nobody has been told yet.
                    if event.content.changes_membership() {
                        self.introduce(&entry, &event.content.named_users());
                    }
                    return;
                }
                Accepted::Hole => {
                    metrics::counter!("parlour_holes_total").increment(1);
                    return self.repair(&entry);
                }
                Accepted::Applied { joined } => {
                    self.note_delay(event, origin);
                    // Early events that were applied with this one may have changed the members, too.
                    if event.content.changes_membership() || !joined.is_empty() {
                        self.enlist_if_grown(&entry);
                        // A removal may have taken the last seat. After an early one whoever reads the hole looks.
                        self.hub.retire(&entry);
                    }
                    return self.introduce(&entry, &joined);
                }
            }
        }
    }

    /// An event of a chat that this node does not follow. Usually that is nobody's business here.
    fn accept_unknown(self: &Arc<Self>, event: &Event, origin: Origin) {
        let named = event.content.named_users();
        let names_local = named.iter().any(|user| self.hub.is_local(*user));
        if names_local {
            let core = Arc::clone(self);
            let chat = event.chat;
            self.spawn(async move { core.look_into(chat).await });
        } else {
            match origin {
                Origin::Remote => self.ask(event.chat, Hint::Event),
                // Perhaps nobody was told that the chat exists.
                Origin::Own => self.ask(event.chat, Hint::Own(event.clone())),
            }
        }
    }

    /// The log of a chat reaches up to `head`, says another node or the store.
    pub(crate) fn doorbell(self: &Arc<Self>, chat: ChatId, head: Seq) {
        let Some(entry) = self.hub.chat(chat) else {
            return self.ask(chat, Hint::Doorbell);
        };
        self.want(&entry, head);
    }

    /// Reads on if the chat's log reaches further than this node has seen. Answers whether it does.
    pub(crate) fn want(self: &Arc<Self>, entry: &Arc<Entry>, head: Seq) -> bool {
        let mut state = entry.lock();
        state.want(head);
        let behind = state.has_hole();
        drop(state);
        if behind {
            self.repair(entry);
        }
        behind
    }

    /// Waits until this node has seen the chat's log up to `head`, or the link is closed. False if that takes too long.
    pub(crate) async fn catch_up(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        head: Seq,
        link: &Link,
        until: Instant,
    ) -> bool {
        self.want(entry, head);
        loop {
            let moved = entry.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let seen = !entry.lock().has_hole();
            if seen || link.outbox.is_closed() {
                return true;
            }
            if tokio::time::timeout_at(until, moved).await.is_err() {
                return false;
            }
        }
    }

    /// Asks the store about a chat this node does not know, at most once a second.
    fn ask(self: &Arc<Self>, chat: ChatId, hint: Hint) {
        let is_doorbell = matches!(hint, Hint::Doorbell);
        if !self.router.start_asking(chat, is_doorbell) {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move {
            let is_wanted = match &hint {
                Hint::Own(event) => core.has_local_audience(event).await,
                Hint::Event | Hint::Doorbell => true,
            };
            if is_wanted {
                core.look_into(chat).await;
            }
            core.pause_asking(chat, ASK_PAUSE).await;
        });
    }

    /// Asks nothing about a chat for this long, and then once more if a doorbell rang meanwhile: it may have been for
    /// somebody here who has just become a member.
    async fn pause_asking(self: &Arc<Self>, chat: ChatId, pause: Duration) {
        tokio::time::sleep(pause).await;
        while !self.router.stop_asking(chat) {
            self.look_into(chat).await;
            tokio::time::sleep(ASK_PAUSE).await;
        }
    }

    /// Asks nothing about a chat from which this node has withdrawn, until the others know. Events they still send are of no
    /// use here, and asking would make this node enlist again.
    pub(crate) fn ask_nothing_for_now(self: &Arc<Self>, chat: ChatId) {
        if !self.router.start_asking(chat, false) {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move { core.pause_asking(chat, 2 * ROUTES_LAST).await });
    }

    async fn has_local_audience(&self, event: &Event) -> bool {
        let audience = self.audience(event.chat, std::slice::from_ref(event)).await;
        let is_local = |user: &UserId| self.hub.is_local(*user);
        audience.is_some_and(|audience| audience.members.iter().any(is_local))
    }

    /// Finds out which local users are members of a chat and do not know.
    async fn look_into(self: &Arc<Self>, chat: ChatId) {
        if let Some(followed) = self.follow(chat, None).await {
            self.introduce_all(&followed.entry);
        }
    }

    /// Lets every local member know who has no seat.
    pub(crate) fn introduce_all(self: &Arc<Self>, entry: &Arc<Entry>) {
        let members = Arc::clone(entry.lock().members());
        self.introduce(entry, &members);
    }

    /// The stream of a connection ended with its user's removal. Should they have been let in again meanwhile, nobody has
    /// told that connection: it still had its seat.
    pub(crate) fn introduce_again(self: &Arc<Self>, entry: &Arc<Entry>, user: UserId) {
        let is_member = entry.lock().is_member(user);
        if is_member {
            self.introduce(entry, &[user]);
        }
    }

    /// Lets these users know that they are members, where they are local and have no seat.
    fn introduce(self: &Arc<Self>, entry: &Arc<Entry>, users: &[UserId]) {
        for user in users {
            for link in self.hub.links_of(*user) {
                if !link.has_seat(entry.id) {
                    self.join(&link, entry.id, Seq::ZERO);
                }
            }
        }
    }

    fn note_delay(&self, event: &Event, origin: Origin) {
        let late = self.clock.now().since(event.sent_at);
        // Of two nodes it is also the difference of their clocks.
        let committed = match origin {
            Origin::Own => "here",
            Origin::Remote => "elsewhere",
        };
        metrics::histogram!("parlour_delivery_seconds", "committed" => committed)
            .record(late.as_secs_f64());
    }

    /// Reads what is missing in a chat, unless somebody already does.
    pub(crate) fn repair(self: &Arc<Self>, entry: &Arc<Entry>) {
        if std::mem::replace(&mut entry.lock().repairing, true) {
            return;
        }
        let core = Arc::clone(self);
        let entry = Arc::clone(entry);
        self.spawn(async move {
            tokio::time::sleep(REORDER_GRACE).await;
            core.fill_hole(&entry).await;
            entry.moved.notify_waiters();
            core.hub.retire(&entry);
        });
    }

    async fn fill_hole(self: &Arc<Self>, entry: &Arc<Entry>) {
        let mut empty_reads = 0;
        while let Some(after) = next_hole(entry) {
            let read = || {
                self.store
                    .events(entry.id, after, Seq::LIMIT, EVENTS_PER_READ)
            };
            let is_over = || entry.lock().stage() == Stage::Gone;
            let Some(events) = self.read(read, is_over).await else {
                tracing::debug!(chat = %entry.id, "missing events are given up");
                let mut state = entry.lock();
                state.repairing = false;
                // Who waits for a damaged log would wait for ever.
                state.stop_wanting();
                return;
            };
            metrics::counter!("parlour_hole_reads_total").increment(1);
            for event in &events {
                self.accept(event, Origin::Remote);
            }
            entry.moved.notify_waiters();
            if events.is_empty() {
                empty_reads += 1;
                self.wait_for_events(entry, empty_reads).await;
            } else if entry.lock().has_hole() {
                tokio::time::sleep(PAGE_PAUSE).await;
            }
        }
    }

    /// The store has nothing where an event was announced. It may be behind for a moment; in the end it is right.
    async fn wait_for_events(&self, entry: &Arc<Entry>, empty_reads: u32) {
        if empty_reads < EMPTY_READS_MAX {
            tokio::time::sleep(REORDER_GRACE * 5 * empty_reads).await;
            return;
        }
        tracing::warn!(chat = %entry.id, "an announced event is not in the store");
        metrics::counter!("parlour_announced_not_stored_total").increment(1);
        entry.lock().stop_wanting();
    }

    /// What this node knows of its present members, if it follows the chat: exactly as of the seq.
    pub(crate) fn members_here(&self, chat: ChatId) -> Option<Audience> {
        let entry = self.hub.chat(chat)?;
        let state = entry.lock();
        let follows = state.stage() == Stage::Following;
        follows.then(|| Audience {
            members: Arc::clone(state.members()),
            as_of: state.high_water(),
            known_since: state.members_since(),
        })
    }
}

/// Where to read on; ends the repair if there is nothing to read.
fn next_hole(entry: &Arc<Entry>) -> Option<Seq> {
    let mut state = entry.lock();
    let hole = state.has_hole().then(|| state.high_water());
    state.repairing = hole.is_some();
    hole
}
