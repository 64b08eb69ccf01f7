//! Finding what was missed without anybody saying so.
//!
//! Once a minute the heads of recently active chats are compared with the store, which finds the lost last message of
//! a quiet chat. When the bus says that it may have forgotten or lost something, everything is written and compared
//! again, newest chats first and with pauses, because all nodes may be doing it at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq, UserId};
use tokio::time::Instant;

use crate::core::Core;
use crate::follow::HEADS_PER_READ;
use crate::hub::Entry;
use crate::link::Link;

const COMPARE_PAUSE: Duration = Duration::from_secs(60);
/// A chat counts as recently active for this long.
const ACTIVE_FOR: Duration = Duration::from_secs(600);
/// Between two reads of a resync.
const READ_PAUSE: Duration = Duration::from_millis(20);
/// Routes written at once.
const WRITES_AT_ONCE: usize = 16;
const SAMPLE_PAUSE: Duration = Duration::from_secs(15);

impl Core {
    /// Compares heads once a minute.
    pub(crate) async fn compare_regularly(self: Arc<Self>) {
        loop {
            tokio::time::sleep(COMPARE_PAUSE).await;
            let mut chats = self.hub.chats();
            let now = Instant::now();
            chats.retain(|chat| now.duration_since(chat.lock().active_at) < ACTIVE_FOR);
            self.compare(chats, "anti_entropy").await;
        }
    }

    /// Does what a resync asks for, as often as it is asked.
    pub(crate) async fn resync_when_due(self: Arc<Self>) {
        loop {
            self.resync_due.notified().await;
            self.rewrite_routes().await;
            self.watchers.renew_interest(&self.bus).await;
            let mut chats = self.hub.chats();
            chats.sort_by_key(|chat| std::cmp::Reverse(chat.lock().newest()));
            self.compare(chats, "resync").await;
            self.find_unknown_chats().await;
        }
    }

    async fn rewrite_routes(self: &Arc<Self>) {
        let writes =
            stream::iter(self.hub.links()).for_each_concurrent(WRITES_AT_ONCE, |link| async move {
                self.write_route(&link).await;
            });
        writes.await;
    }

    async fn write_route(self: &Arc<Self>, link: &Arc<Link>) {
        match self.bus.register(link.user, link.route()).await {
            Ok(arrival) => self.arrived(link.user, arrival),
            Err(error) => tracing::warn!(%error, "a route could not be written again"),
        }
        // It may have been detached meanwhile, and then nobody else takes the route away.
        if link.watched().is_none()
            && let Err(error) = self.bus.unregister(link.user, link.id).await
        {
            tracing::debug!(%error, "a route could not be taken away");
        }
    }

    /// Compares what this node has seen of chats with their heads, and reads what is missing.
    async fn compare(self: &Arc<Self>, chats: Vec<Arc<Entry>>, why: &'static str) {
        for part in chats.chunks(HEADS_PER_READ) {
            let asked: Vec<(ChatId, Seq)> = part
                .iter()
                .map(|chat| (chat.id, chat.lock().high_water()))
                .collect();
            let Ok(heads) = self.store.heads(&asked).await else {
                continue; // The next comparison asks again.
            };
            for (chat, head) in part.iter().zip(heads) {
                if let Some(head) = head
                    && self.want(chat, head.seq)
                {
                    metrics::counter!("parlour_heads_behind_total", "found_by" => why).increment(1);
                }
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    /// Chats that local users joined without this node having heard of it.
    async fn find_unknown_chats(self: &Arc<Self>) {
        let mut users: Vec<UserId> = self.hub.links().iter().map(|link| link.user).collect();
        users.sort_unstable();
        users.dedup();
        for user in users {
            let Ok(memberships) = self.store.memberships(user).await else {
                continue;
            };
            let joined = memberships.iter().filter(|row| row.member.is_joined());
            for chat in joined.map(|row| row.chat) {
                for link in self.hub.links_of(user) {
                    if !link.has_seat(chat) {
                        self.join(link, chat);
                    }
                }
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    /// Measures what is there now and then, rather than at every change.
    pub(crate) async fn sample_regularly(self: Arc<Self>) {
        loop {
            let links = self.hub.links();
            let waiting: usize = links.iter().map(|link| link.outbox.len()).sum();
            let bytes: usize = links.iter().map(|link| link.outbox.bytes()).sum();
            gauge("parlour_online_users", self.hub.user_count());
            gauge("parlour_followed_chats", self.hub.chat_count());
            gauge("parlour_outbound_frames", waiting);
            gauge("parlour_outbound_bytes", bytes);
            tokio::time::sleep(SAMPLE_PAUSE).await;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floats, and counts of a process are small"
)]
fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(value as f64);
}
