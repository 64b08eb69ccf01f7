//! Passing on what came here for somebody who has just left.
//!
//! Others remember for a second that a user is on this node. What reaches it in that time is passed on to where the user
//! is now, once: what was passed on is not passed on again. The sender's doorbell covers whatever this misses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlour_model::{ChatId, UserId};
use tokio::time::Instant;

use crate::core::Core;
use crate::packet::{Packet, PacketEvent};

/// How long after a user left others may still take them to be here.
const REMEMBERED_FOR: Duration = Duration::from_secs(2);
/// Users remembered; of more, those who come later are not.
const REMEMBERED_MAX: usize = 4_096;

/// Users whose last connection here ended a moment ago.
#[derive(Debug, Default)]
pub(super) struct Departures(Mutex<HashMap<UserId, Instant>>);

impl Departures {
    fn note(&self, user: UserId) {
        let now = Instant::now();
        let mut departures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        departures.retain(|_, left_at| now.duration_since(*left_at) < REMEMBERED_FOR);
        if departures.len() < REMEMBERED_MAX {
            departures.insert(user, now);
        }
    }

    fn recent(&self) -> Vec<UserId> {
        let now = Instant::now();
        let departures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = departures
            .iter()
            .filter(|(_, left_at)| now.duration_since(**left_at) < REMEMBERED_FOR);
        recent.map(|(user, _)| *user).collect()
    }
}

impl Core {
    /// Notes that a user has no connection here any more.
    pub(crate) fn note_departure(&self, user: UserId) {
        if !self.bus.is_alone() {
            self.router.departures.note(user);
        }
    }

    /// Passes events on if members left this node a moment ago and are elsewhere now.
    pub(crate) fn pass_on(self: &Arc<Self>, chat: ChatId, events: &[PacketEvent]) {
        let mut departed = self.router.departures.recent();
        departed.retain(|user| !self.hub.is_local(*user));
        if departed.is_empty() {
            return;
        }
        let core = Arc::clone(self);
        let packet = Packet::Passed(events.to_vec());
        self.spawn(async move {
            let Some(audience) = core.audience(chat, &[]).await else {
                return;
            };
            departed.retain(|user| audience.members.contains(user));
            if departed.is_empty() {
                return;
            }
            if let Ok(nodes) = core.other_nodes(&departed).await {
                let passed = nodes.len() as u64;
                metrics::counter!("parlour_packets_passed_on_total").increment(passed);
                core.publish_to(&nodes, &packet.encode()).await;
            }
        });
    }
}
