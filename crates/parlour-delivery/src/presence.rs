//! Who is there: told at its edges only, and only to connections that look at the user.
//!
//! The bus holds one cell per user and decides from the live routes what it says; nodes only ask it to settle. So a late
//! or doubled request changes nothing, and nobody looks offline while a route to them lives. An edge that got lost is found by
//! looking again (`looks`).

mod gone;
mod healing;
mod interest;
mod looks;
mod missed;
mod outage;
mod owed;
mod privacy;
mod watchers;

use std::sync::Arc;

use parlour_bus::{Arrival, Chosen, PresenceEdge};
use parlour_model::{Audience, ChosenStatus, Presence, PresenceStatus, Timestamp, UserId, limits};

use crate::core::Core;
use crate::link::Link;
use crate::packet::Packet;

use healing::Contradictions;
use owed::Reason;
use privacy::Asked;

pub(crate) use looks::OwedLooks;
pub(crate) use missed::Missed;
pub(crate) use outage::Doubt;
pub(crate) use owed::OwedPresences;
pub(crate) use watchers::Watchers;

/// Somebody could not be settled, and is owed it.
struct IsOwed;

impl Core {
    /// A user's route was written.
    pub(crate) fn arrived(self: &Arc<Self>, user: UserId, arrival: Arrival) {
        if arrival == Arrival::Seen {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move {
            let users = [user];
            let read = || core.store.last_known(&users);
            let is_over = || !core.hub.is_local(user);
            let known = core.read(read, is_over).await;
            // Whose choice is not known may have chosen not to be seen.
            if let Some(known) = known.and_then(|mut known| known.pop()) {
                let chosen = Chosen::AsStored(known.status);
                core.settle(user, chosen, core.clock.now()).await;
            }
        });
    }

    /// A user's last connection here ended at `at`. They stay as they are for a while: most come back at once.
    pub(crate) fn departed(self: &Arc<Self>, user: UserId, at: Timestamp) {
        let core = Arc::clone(self);
        // Not ended by the token: whoever stops the node wants the users seen as gone.
        self.tracker.spawn(async move {
            let grace = tokio::time::sleep(limits::PRESENCE_GRACE);
            core.token.run_until_cancelled(grace).await;
            core.settle(user, Chosen::Unknown, at).await;
        });
    }

    /// A user chose a status. The store has it already.
    pub(crate) fn chose(self: &Arc<Self>, user: UserId, status: ChosenStatus) {
        let core = Arc::clone(self);
        let now = self.clock.now();
        self.spawn(async move {
            core.settle(user, Chosen::Now(status), now).await;
        });
    }

    /// Makes what others see of a user right, now or as soon as the bus answers and knows who is there. Who has just arrived
    /// is there in any case.
    pub(crate) async fn settle(self: &Arc<Self>, user: UserId, chosen: Chosen, at: Timestamp) {
        let is_settled = self.settle_now(user, chosen, at).await.is_some();
        if is_settled && let Chosen::Now(status) = chosen {
            self.confirm_choice(user, status, at).await;
        }
    }

    /// As [`Core::settle`], for what is owed: the answer to an earlier try may have been lost, and with it since when the user
    /// is gone.
    async fn settle_again(self: &Arc<Self>, user: UserId, chosen: Chosen, at: Timestamp) {
        let is_change = self.settle_now(user, chosen, at).await;
        if is_change == Some(false) {
            match self.ask_bus(self.bus.presence(&[user])).await {
                Ok(presence) => {
                    let offline = |one: &Presence| one.status == PresenceStatus::Offline;
                    let since = presence.first().copied().filter(offline);
                    if let Some(since) = since.and_then(|presence| presence.last_seen) {
                        self.store_last_seen(user, since).await;
                    }
                }
                Err(_) => self.presences.owe(user, chosen.into(), at),
            }
        }
        if is_change.is_some()
            && let Chosen::Now(status) = chosen
        {
            self.confirm_choice(user, status, at).await;
        }
    }

    /// Goes on until what was settled is what the store says. Whoever settles last asks it after that, so however choices of
    /// several devices overtake each other, the one that the store has stays.
    async fn confirm_choice(
        self: &Arc<Self>,
        user: UserId,
        mut settled: ChosenStatus,
        at: Timestamp,
    ) {
        loop {
            match self.known(&[user]).await.first() {
                Some(known) if known.status == settled => return,
                Some(known) => settled = known.status,
                None => return self.presences.owe(user, Reason::Chose, at),
            }
            if self
                .settle_now(user, Chosen::Now(settled), at)
                .await
                .is_none()
            {
                return;
            }
        }
    }

    /// Whether it was a change; `None` if it is owed.
    async fn settle_now(
        self: &Arc<Self>,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Option<bool> {
        let Some(edge) = self.settle_cell(user, chosen, at).await.ok()? else {
            return Some(false);
        };
        let last_seen = self.audience_of(&edge.presence).await;
        self.tell_edge(&edge, last_seen).await;
        if let Some(at) = edge.presence.last_seen {
            self.store_last_seen(user, at).await;
        }
        Some(true)
    }

    /// The change, if there was one, which nobody has been told of yet.
    async fn settle_cell(
        &self,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Result<Option<PresenceEdge>, IsOwed> {
        if !matches!(chosen, Chosen::AsStored(_)) && self.doubt.lasts() {
            self.presences.owe(user, chosen.into(), at);
            return Err(IsOwed);
        }
        let settled = self.ask_bus(self.bus.settle(user, chosen, at)).await;
        settled.map_err(|error| {
            tracing::debug!(%error, %user, "presence could not be settled; that is owed");
            self.presences.owe(user, chosen.into(), at);
            metrics::counter!("parlour_presence_errors_total").increment(1);
            IsOwed
        })
    }

    /// Tells those who look, here and elsewhere.
    async fn tell_edge(self: &Arc<Self>, edge: &PresenceEdge, last_seen: Audience) {
        let presence = edge.presence;
        metrics::counter!("parlour_presence_edges_total").increment(1);
        self.show_presence(presence, last_seen);
        let packet = Packet::Presence {
            presence,
            last_seen,
        };
        self.tell_nodes(&edge.watchers, &packet).await;
    }

    async fn store_last_seen(&self, user: UserId, at: Timestamp) {
        if let Err(error) = self.store.set_last_seen(user, at).await {
            tracing::warn!(%error, "when a user was last seen could not be stored; that is owed");
            self.presences.owe(user, Reason::Gone, at);
        }
    }

    /// What others see of these users, but for when they were last seen. Unknown where the bus does not say.
    async fn settled(self: &Arc<Self>, users: &[UserId]) -> Vec<Presence> {
        let (presence, routes) = tokio::join!(
            self.ask_bus(self.bus.presence(users)),
            self.ask_bus(self.bus.routes(users))
        );
        let Ok(mut presence) = presence else {
            return users.iter().map(|user| Presence::unknown(*user)).collect();
        };
        if let Ok(routes) = routes {
            self.heal(Contradictions::between(&presence, &routes));
        }
        self.doubt.cast_on(&mut presence);
        presence
    }

    /// Replaces what a connection looks at; answers the presence of the users.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        link: &Arc<Link>,
        users: Vec<UserId>,
        chats: Vec<parlour_model::ChatId>,
    ) -> Vec<Presence> {
        let Some(touched) = self.watchers.replace(link, users.clone(), chats) else {
            return Vec::new();
        };
        // Before the read: a change settled after it is told, one before it is read.
        self.settle_interest(&touched).await;
        let asked = Asked {
            viewer: link.user,
            asked_at: self.clock.now(),
        };
        let mut presence = self.settled(&users).await;
        let is_news = |presence: &Presence| self.watchers.note_answer(presence);
        let news: Vec<Presence> = presence.iter().copied().filter(is_news).collect();
        if !news.is_empty() {
            let core = Arc::clone(self);
            self.spawn(async move { core.show_news(news).await });
        }
        let is_unknown = |presence: &Presence| presence.status == PresenceStatus::Unknown;
        if presence.iter().any(is_unknown) {
            self.owe_looks();
        }
        self.fill_last_seen(asked, &mut presence).await;
        presence
    }
}
