//! Where a batch goes: to the store by this node, or to the chat's home, which appends it for this node.
//!
//! The home is only a way to be fast. Nothing that holds of a log rests on it, for these reasons:
//! - The home makes the same commit of the same draft that this node would make: the same key, so that an event is one
//!   however many nodes append it, and the epoch at which *this* node authorized its author, which the commit compares.
//! - Who the home is need not be agreed upon: two homes are two nodes that append, as if there were none.
//! - A batch with anything in it that came from another node goes to the store, so nothing goes round in circles.
//! - A home never authorizes for others. So all tries of a draft have the epoch it had here, and when this node's store
//!   says that the epoch has moved and the key is not there, the tries at the home are dead, too.
//! - Silence leaves the entry in doubt: from then on no failure of it is told as definite. A home that speaks says what
//!   became of its only try, for a request is served once at most.
//! - An event that the home names is taken only if it answers the draft. It is durable (the home read it from its own
//!   commit), and goes through the same ordering as any event of another node.
//!
//! While a home is silent, each batch asks it for [`SILENCE`] and is then appended here, once, at most every
//! [`SILENCE`]: nodes that all believed their home dead would fight again otherwise.

use std::sync::Arc;
use std::time::Duration;

use parlour_delivery::{HomeError, HomeOutcome, HomeRefusal};
use parlour_model::{ChatId, Draft, Event, KeyError};
use parlour_store::{NotStored, Outcome};
use tokio::time::Instant;

use super::Shared;
use super::fate::Verdict;
use super::waiting::Entry;
use super::worker::Worker;

/// How long a home is waited for, and the time between two batches that are appended here because it is silent.
const SILENCE: Duration = Duration::from_secs(1);

/// What became of one try.
pub(super) struct Tried {
    /// One for each entry.
    pub(super) verdicts: Vec<Verdict>,
    /// Whether the chat's home made it, and announces.
    pub(super) at_home: bool,
    /// How many tries without an answer end in unknown.
    pub(super) tries_max: u32,
}

impl Shared {
    /// Whether this node's appends of a chat go to another one now.
    pub(super) fn has_home_elsewhere(&self, chat: ChatId) -> bool {
        self.races.is_at_home(chat, Instant::now())
            && self.parts.surroundings.has_home_elsewhere(chat)
    }

    /// Notes that other nodes were faster so many times.
    pub(super) fn lost_races(self: &Arc<Self>, chat: ChatId, races: u32) {
        if !self.parts.homes || !self.races.lost(chat, races, Instant::now()) {
            return;
        }
        if self.parts.surroundings.has_home_elsewhere(chat) {
            self.go_home(chat);
        } else {
            tracing::debug!(%chat, "this node is the home of a hot chat and calls the others");
            self.parts.surroundings.call_home(chat);
        }
    }

    /// The chat's home loses races, perhaps to this node.
    pub(super) fn called_home(self: &Arc<Self>, chat: ChatId) {
        if self.parts.homes && self.parts.surroundings.has_home_elsewhere(chat) {
            self.go_home(chat);
        }
    }

    fn go_home(self: &Arc<Self>, chat: ChatId) {
        let Some(until) = self.races.go_home(chat, Instant::now()) else {
            return;
        };
        tracing::debug!(%chat, "appends of a hot chat go to its home");
        let shared = Arc::clone(self);
        self.parts.tracker.spawn(async move {
            tokio::select! {
                biased;
                // The end of the node first.
                () = shared.parts.token.cancelled() => {}
                () = tokio::time::sleep_until(until) => {}
            }
            shared.races.end(chat);
        });
    }
}

impl Worker {
    /// Makes one try of a batch.
    pub(super) async fn try_once(&mut self, batch: &mut [Entry]) -> Tried {
        let tries_max = self.shared.parts.patience.tries;
        let is_own = batch.iter().all(Entry::is_own);
        if !is_own || !self.shared.has_home_elsewhere(self.chat) {
            return self.append_here(batch, tries_max).await;
        }
        let home = Arc::clone(&self.shared.parts.surroundings);
        match home.ask_home(self.chat, drafts(batch), SILENCE).await {
            Ok(outcomes) => self.answered_by_home(batch, outcomes),
            Err(HomeError::Silent) => {
                count("silent", batch.len());
                batch.iter_mut().for_each(|entry| entry.in_doubt = true);
                self.wait_for_turn().await;
                self.append_here(batch, 1).await
            }
            Err(HomeError::Here | HomeError::Nobody | HomeError::Full) => {
                count("not_taken", batch.len());
                self.append_here(batch, tries_max).await
            }
        }
    }

    async fn append_here(&mut self, batch: &[Entry], tries_max: u32) -> Tried {
        let outcomes = self.append(drafts(batch)).await;
        Tried {
            verdicts: outcomes.into_iter().map(Verdict::Outcome).collect(),
            at_home: false,
            tries_max,
        }
    }

    /// Waits until this node may append to the chat although its home is silent, or the node stops.
    async fn wait_for_turn(&self) {
        let turn = self.shared.races.turn(self.chat, Instant::now(), SILENCE);
        tokio::select! {
            biased;
            // The end first: the last batch is made at once.
            () = self.shared.parts.token.cancelled() => {}
            () = tokio::time::sleep_until(turn) => {}
        }
    }

    fn answered_by_home(&self, batch: &[Entry], outcomes: Vec<HomeOutcome>) -> Tried {
        let mut outcomes = outcomes.into_iter();
        let verdicts = batch.iter().map(|entry| {
            let outcome = outcomes.next();
            let outcome = outcome.unwrap_or(HomeOutcome::Unknown { applied: None });
            verdict(self.chat, &entry.draft, outcome)
        });
        Tried {
            verdicts: verdicts.collect(),
            at_home: true,
            tries_max: self.shared.parts.patience.tries,
        }
    }
}

fn drafts(batch: &[Entry]) -> Vec<Draft> {
    batch.iter().map(|entry| entry.draft.clone()).collect()
}

/// What a home says of a draft.
fn verdict(chat: ChatId, draft: &Draft, outcome: HomeOutcome) -> Verdict {
    let is_answer =
        |event: &Event| (event.chat, event.author, event.key) == (chat, draft.author, draft.key);
    let (name, verdict) = match outcome {
        HomeOutcome::Created(event) if is_answer(&event) => {
            ("created", Verdict::Outcome(Outcome::Created(event)))
        }
        HomeOutcome::Existing(event) if is_answer(&event) => {
            ("existing", Verdict::Outcome(Outcome::Existing(event)))
        }
        HomeOutcome::Created(_) | HomeOutcome::Existing(_) => {
            tracing::error!(%chat, "a home answered with another event than was asked for");
            let applied = None;
            ("unknown", Verdict::Outcome(Outcome::Unknown { applied }))
        }
        HomeOutcome::Unknown { applied } => {
            ("unknown", Verdict::Outcome(Outcome::Unknown { applied }))
        }
        HomeOutcome::KeyReused { seq, id } => ("refused", Verdict::KeyReused { seq, id }),
        HomeOutcome::Cancelled => ("refused", Verdict::Outcome(Outcome::Cancelled)),
        HomeOutcome::RightsChanged => ("rights_changed", Verdict::Outcome(Outcome::RightsChanged)),
        HomeOutcome::NotStored(why) => {
            let outcome = Outcome::NotStored(not_stored(&why));
            ("not_stored", Verdict::Outcome(outcome))
        }
        HomeOutcome::Busy { retry_after } => ("busy", Verdict::Busy { retry_after }),
    };
    count(name, 1);
    verdict
}

fn not_stored(why: &HomeRefusal) -> NotStored {
    let at_home = || "said by the home of the chat".to_owned();
    match why {
        HomeRefusal::KeyTooOld => NotStored::KeyTime(KeyError::TooOld),
        HomeRefusal::KeyFromTheFuture => NotStored::KeyTime(KeyError::FromTheFuture),
        HomeRefusal::ChatNotFound => NotStored::ChatNotFound,
        HomeRefusal::TooLarge => NotStored::TooLarge,
        HomeRefusal::ReadOnly => NotStored::ReadOnly(at_home()),
        HomeRefusal::Unavailable => NotStored::Unavailable(at_home()),
    }
}

fn count(outcome: &'static str, drafts: usize) {
    metrics::counter!("parlour_home_drafts_forwarded_total", "outcome" => outcome)
        .increment(drafts as u64);
}
