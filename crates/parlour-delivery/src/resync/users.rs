//! Comparing users with their memberships: chats that they joined or left without this node having heard of it.
//!
//! Whoever was asked about longest ago comes first, whether there was an answer or not. So a list that cannot be read, for
//! a while or for ever, keeps no other waiting; nor does a slow store keep the chats waiting, which are compared in the
//! same round.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq, UserId};
use tokio::time::Instant;

use super::{READS_AT_ONCE, SHORT_PAUSE};
use crate::core::{Core, note_failure};

/// The connected users.
#[derive(Debug, Default)]
pub(super) struct Users(HashMap<UserId, Turn>);

#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    /// `None` if it is due at once.
    compared_at: Option<Instant>,
    /// When the store was last asked, whatever it answered.
    asked_at: Option<Instant>,
}

/// What became of a round.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookedUp {
    /// Whether the store answered for each that it was asked about.
    pub(super) answered: bool,
    /// Whether the round was over before all had been asked about.
    pub(super) is_cut_short: bool,
}

impl Users {
    pub(super) fn due_at_once(&mut self, user: UserId) {
        self.0.insert(user, Turn::default());
    }

    /// Notes that the store is asked about a user. Answers when.
    fn ask(&mut self, user: UserId) -> Instant {
        let now = Instant::now();
        self.0.entry(user).or_default().asked_at = Some(now);
        now
    }

    /// What the store was asked about then has been compared, unless it has become due again meanwhile.
    fn compared(&mut self, user: UserId, asked_at: Instant) {
        if let Some(turn) = self.0.get_mut(&user)
            && turn.asked_at == Some(asked_at)
        {
            turn.compared_at = Some(asked_at);
        }
    }
}

impl Core {
    /// Those who are connected and whose memberships are due, who was asked about longest ago first. Who has just come has
    /// read them.
    pub(super) fn due_users(&self, now: Instant, since: Option<Instant>) -> Vec<UserId> {
        let mut due: Vec<(Option<Instant>, UserId)> = self.resync.with(|state| {
            let users = &mut state.users.0;
            users.retain(|user, _| self.hub.is_local(*user));
            self.hub.for_each_user(|user| {
                // Read when they connected, which may have been before something was lost.
                let read_at = since.is_none().then_some(now);
                users.entry(user).or_insert(Turn {
                    compared_at: read_at,
                    asked_at: read_at,
                });
            });
            let pause = self.pace(0, users.len()).user;
            let is_due = |turn: &Turn| {
                let compared_at = turn.compared_at.filter(|at| Some(*at) > since);
                compared_at.is_none_or(|at| at + pause <= now)
            };
            let due = users.iter().filter(|(_, turn)| is_due(turn));
            due.map(|(user, turn)| (turn.asked_at, *user)).collect()
        });
        due.sort_unstable();
        due.truncate(self.users_per_round());
        due.into_iter().map(|(_, user)| user).collect()
    }

    pub(super) fn users_per_round(&self) -> usize {
        self.resync.memberships.per_second()
    }

    /// Looks for chats that these users joined or left without this node having heard of it.
    pub(super) async fn find_unknown_chats(self: &Arc<Self>, users: Vec<UserId>) -> LookedUp {
        let wanted = users.len();
        let answers = stream::iter(users)
            .take_until(tokio::time::sleep(SHORT_PAUSE))
            .map(|user| async move {
                self.resync.memberships.take(1).await;
                self.find_unknown_chats_of(user).await
            })
            .buffer_unordered(READS_AT_ONCE);
        let answers: Vec<bool> = answers.collect().await;
        LookedUp {
            answered: answers.iter().all(|answered| *answered),
            is_cut_short: answers.len() < wanted,
        }
    }

    /// Answers whether the store answered. A damaged list is asked for again at the pace of all others.
    async fn find_unknown_chats_of(self: &Arc<Self>, user: UserId) -> bool {
        let asked_at = self.resync.with(|state| state.users.ask(user));
        let memberships = match self.store.memberships(user).await {
            Ok(memberships) => memberships,
            Err(error) if note_failure(&error) => return false,
            Err(_) => {
                tracing::error!(%user, "the chats of a user cannot be read; new ones are not found");
                Vec::new()
            }
        };
        self.resync
            .with(|state| state.users.compared(user, asked_at));
        for row in memberships {
            if row.member.is_joined() {
                self.join_where_unknown(user, row.chat, row.member.joined_seq);
            } else if let Some(left_seq) = row.member.left_seq
                && let Some(entry) = self.hub.chat(row.chat)
            {
                // Their removal may be what this node has not seen.
                self.want(&entry, left_seq);
            }
        }
        true
    }

    fn join_where_unknown(self: &Arc<Self>, user: UserId, chat: ChatId, joined_at: Seq) {
        for link in self.hub.links_of(user) {
            if !link.has_seat(chat) && self.join(&link, chat, joined_at) {
                metrics::counter!("parlour_chats_found_total").increment(1);
            }
        }
    }
}
