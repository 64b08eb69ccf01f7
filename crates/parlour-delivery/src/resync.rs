//! Finding what was missed without anybody saying so.
//!
//! One task compares chats with their heads and users with their memberships, when [`crate::compare`] says that they are
//! due, under budgets that hold for the whole node. So a comparison never runs twice at once, and a cluster in which all
//! nodes resync asks of the store what the nodes' budgets add up to.
//!
//! A resync first writes all routes again, then makes everything due. Its start is spread by the number of nodes, because
//! what makes one node resync often makes all of them.

mod users;

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq};
use parlour_store::{Head, StoreError};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::budget::Budget;
use crate::chat::Stage;
use crate::compare::{AtMost, Candidate, Pace, due};
use crate::core::{Core, note_failure};
use crate::follow::HEADS_PER_READ;
use crate::home::mix;
use crate::hub::Entry;
use crate::link::Link;
use users::Users;

/// Heads and lists of memberships that one node may ask for in a second to compare them.
const HEADS_PER_SECOND: u32 = 2_000;
const MEMBERSHIPS_PER_SECOND: u32 = 500;
/// Heads of quiet chats, and lists of memberships, that may be asked for in a second while nothing is wrong.
const QUIET_HEADS_PER_SECOND: u32 = 200;
const QUIET_MEMBERSHIPS_PER_SECOND: u32 = 100;
/// Reads under way at once, of chats and of memberships each.
const READS_AT_ONCE: usize = 8;
/// Between two rounds: while the bus works, and while it is away or something is still due.
const ROUND_PAUSE: Duration = Duration::from_secs(5);
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// By how much each further node spreads the start of a resync, and the most.
const SPREAD_PER_NODE: Duration = Duration::from_millis(50);
const SPREAD_MAX: Duration = Duration::from_secs(5);

/// What is due, and who is told.
#[derive(Debug)]
pub(crate) struct Resync {
    /// A whole resync is due.
    due: Notify,
    /// A round of comparisons is due.
    round: Notify,
    state: Mutex<State>,
    heads: Budget,
    memberships: Budget,
}

#[derive(Debug, Default)]
struct State {
    /// What was not compared after this is due, and why.
    since: Option<(Instant, &'static str)>,
    users: Users,
    resyncs: u64,
}

impl Resync {
    pub(crate) fn new() -> Self {
        Self {
            due: Notify::new(),
            round: Notify::new(),
            state: Mutex::default(),
            heads: Budget::new(HEADS_PER_SECOND),
            memberships: Budget::new(MEMBERSHIPS_PER_SECOND),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From when on a comparison counts, and why.
    fn since(&self) -> Option<(Instant, &'static str)> {
        self.with(|state| state.since)
    }
}

impl Core {
    /// Something may have been missed: routes are written again and everything is compared.
    pub(crate) fn resync(&self, reason: &'static str) {
        tracing::info!(
            reason,
            "resync: routes are written again and heads compared"
        );
        metrics::counter!("parlour_resyncs_total", "reason" => reason).increment(1);
        self.resync.due.notify_one();
    }

    /// Makes every chat and user due that was compared before now.
    pub(crate) fn compare_everything(&self, why: &'static str) {
        let since = Some((Instant::now(), why));
        self.resync.with(|state| state.since = since);
        self.resync.round.notify_one();
    }

    /// A connection was without a route for a while: looks for what its node was not told.
    pub(crate) fn look_for_missed(&self, link: &Link) {
        self.resync.with(|state| state.users.due_at_once(link.user));
        self.compare_now(link.seats_now().into_iter());
    }

    /// Compares these chats in the next round, which begins now.
    pub(crate) fn compare_now(&self, chats: impl Iterator<Item = ChatId>) {
        for chat in chats {
            if let Some(entry) = self.hub.chat(chat) {
                entry.lock().compared_at = None;
            }
        }
        self.resync.round.notify_one();
    }

    /// Compares what is due, for ever.
    pub(crate) async fn compare_as_due(self: Arc<Self>) {
        let mut health = self.health.clone();
        loop {
            let pause = if self.compare_round().await {
                Duration::ZERO
            } else if self.is_bus_away() || self.resync.since().is_some() {
                SHORT_PAUSE
            } else {
                ROUND_PAUSE
            };
            tokio::select! {
                biased;
                // A resync makes more due than any round would find.
                () = self.resync.due.notified() => self.begin_resync().await,
                () = self.resync.round.notified() => {}
                // Without the bus rounds are short.
                Ok(()) = health.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn begin_resync(self: &Arc<Self>) {
        tokio::time::sleep(self.spread()).await;
        self.rewrite_routes().await;
        // After the routes: what is committed from here on is announced to this node.
        self.compare_everything("resync");
        self.look_again();
    }

    /// How long this resync waits, so that not all nodes start together. A node without others does not.
    fn spread(&self) -> Duration {
        let others = self.nodes_known().saturating_sub(1);
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        let most = SPREAD_PER_NODE.saturating_mul(others).min(SPREAD_MAX);
        let turn = self.resync.with(|state| {
            state.resyncs += 1;
            state.resyncs
        });
        let node = self.bus.node();
        let mixed = mix(node.incarnation ^ (u64::from(node.number.get()) << 48) ^ (turn << 32));
        let part = u32::try_from(mixed % 1_024).expect("below 1,024");
        most * part / 1_024
    }

    /// Compares what is due, as far as a second's budget goes. Answers whether there may be more.
    async fn compare_round(self: &Arc<Self>) -> bool {
        let begun = Instant::now();
        let since = self.resync.since();
        let (chats, is_entering) = self.due_chats(begun, since.map(|(since, _)| since));
        let users = self.due_users(begun, since.map(|(since, _)| since));
        let why = match since {
            Some((_, why)) => why,
            None if self.is_bus_away() => "poll",
            None => "anti_entropy",
        };
        let is_full =
            chats.len() == self.resync.heads.per_second() || users.len() == self.users_per_round();
        let (compared, looked_up) =
            tokio::join!(self.compare(chats, why), self.find_unknown_chats(users));
        let is_full = is_full || looked_up.is_cut_short;
        let answered = compared && looked_up.answered;
        if answered && !is_full && !is_entering {
            // Everything that was due when the round began has been compared.
            self.resync.with(|state| {
                if state.since == since {
                    state.since = None;
                }
            });
        }
        is_full && answered
    }

    fn pace(&self, chats: usize, users: usize) -> Pace {
        if self.is_bus_away() {
            Pace::without_bus()
        } else if self.bus.is_alone() {
            Pace::alone()
        } else {
            let chats = AtMost::new(chats, QUIET_HEADS_PER_SECOND);
            Pace::with_bus(chats, AtMost::new(users, QUIET_MEMBERSHIPS_PER_SECOND))
        }
    }

    /// The chats to be compared now, and whether others cannot be yet because they are being entered.
    fn due_chats(&self, now: Instant, since: Option<Instant>) -> (Vec<Arc<Entry>>, bool) {
        let chats = self.hub.chats();
        let mut is_entering = false;
        let pace = self.pace(chats.len(), 0);
        let candidates = chats.into_iter().filter_map(|chat| {
            let state = chat.lock();
            let follows = state.stage() == Stage::Following;
            is_entering |= state.stage() == Stage::Entering;
            let (active_at, newest) = (state.active_at, state.newest());
            let compared_at = state.compared_at.filter(|at| Some(*at) > since);
            drop(state);
            follows.then_some(Candidate {
                item: chat,
                compared_at,
                active_at,
                newest,
            })
        });
        let due = due(
            candidates.collect(),
            &pace,
            now,
            self.resync.heads.per_second(),
        );
        let due = due.into_iter().map(|candidate| candidate.item);
        (due.collect(), is_entering)
    }

    /// Compares what this node has seen of chats with their heads, and reads what is missing. Answers whether the store
    /// answered for each; a chat for which it did not stays due and keeps no other waiting.
    async fn compare(self: &Arc<Self>, chats: Vec<Arc<Entry>>, why: &'static str) -> bool {
        let mut compared = true;
        for part in chats.chunks(HEADS_PER_READ) {
            self.resync.heads.take(part.len()).await;
            let asked_at = Instant::now();
            let asked: Vec<(ChatId, Seq)> = part
                .iter()
                .map(|chat| (chat.id, chat.lock().high_water()))
                .collect();
            let polled = asked.len() as u64;
            metrics::counter!("parlour_heads_polled_total", "why" => why).increment(polled);
            let heads = part.iter().cloned().zip(self.store.heads(&asked).await);
            let answers = stream::iter(heads)
                .map(|(chat, head)| async move {
                    let answered = self.compare_one(&chat, head, why).await;
                    if answered {
                        chat.lock().compared_at = Some(asked_at);
                    }
                    answered
                })
                .buffer_unordered(READS_AT_ONCE);
            compared &= answers.fold(true, |all, one| ready(all & one)).await;
        }
        compared
    }

    /// Reads what is missing in a chat and finishes what was left open there. Answers whether the store answered; a
    /// damaged chat is asked for again at the pace of all others.
    async fn compare_one(
        self: &Arc<Self>,
        chat: &Arc<Entry>,
        head: Result<Option<Head>, StoreError>,
        why: &'static str,
    ) -> bool {
        let finished = match head {
            Ok(Some(head)) => {
                if self.want(chat, head.seq) {
                    metrics::counter!("parlour_heads_behind_total", "found_by" => why).increment(1);
                }
                self.finish_effects(chat.id, &head).await
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        !finished.is_err_and(|error| note_failure(&error))
    }
}
