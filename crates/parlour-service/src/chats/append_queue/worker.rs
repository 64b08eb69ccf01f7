//! The task that empties one chat's queue, batch after batch.
//!
//! It lives as long as something waits. If it panics, those whose batch was in flight are told that the outcome
//! is unknown, and a new worker serves the rest.

use std::collections::HashSet;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parlour_model::{ChatId, Draft, Epoch, Event};
use parlour_store::{Appended, Outcome};
use tokio::runtime::Handle;

use super::fate::{Fate, fate};
use super::waiting::Entry;
use super::{Answer, Shared, stopping};
use crate::ServiceError;

/// The longest pause between two tries of an append whose outcome is unknown.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Serves one chat.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) chat: ChatId,
    /// The greatest epoch seen: a draft below it is authorized again before it goes to the store.
    epoch: Epoch,
}

impl Worker {
    /// Starts serving `chat`.
    pub(super) fn spawn(shared: Arc<Shared>, chat: ChatId) {
        let tracker = shared.parts.tracker.clone();
        tracker.spawn(async move {
            let mut revival = Revival {
                shared: Arc::clone(&shared),
                chat,
                is_done: false,
            };
            let epoch = Epoch::ZERO;
            let worker = Self {
                shared,
                chat,
                epoch,
            };
            worker.run().await;
            revival.is_done = true;
        });
    }

    async fn run(mut self) {
        while let Some(batch) = self.shared.next_batch(self.chat) {
            if self.shared.parts.token.is_cancelled() {
                batch
                    .into_iter()
                    .for_each(|entry| conclude(entry, Err(stopping())));
                continue;
            }
            let batch = self.of_one_kind(batch).await;
            if !batch.is_empty() {
                self.commit(batch).await;
            }
        }
    }

    /// The entries that may go together. The others go back, and so does whatever their authors have behind them.
    ///
    /// One leads, and those of its kind go with it: of its epoch, and if the chat has a home elsewhere, of this node as it
    /// is or of others. Entries that must go as they are lead: the store knows their key, or it says that the epoch has
    /// moved and the earlier try is dead. Without such, all go that were authorized at the newest epoch.
    async fn of_one_kind(&mut self, mut batch: Vec<Entry>) -> Vec<Entry> {
        let parts_by_node = self.shared.has_home_elsewhere(self.chat);
        let Some(leader) = self.leader(&batch) else {
            return batch;
        };
        let is_own = leader.is_own();
        let fixed = leader.goes_as_it_is(self.epoch);
        let fixed = fixed.then_some(leader.draft.epoch);
        if fixed.is_none() {
            batch = self.authorized_lately(batch).await;
        }
        let newest = self.epoch;
        let mut behind = HashSet::new();
        let (ready, later) = batch.into_iter().partition(|entry| {
            let author = entry.draft.author;
            let goes = entry.goes_as_it_is(newest) == fixed.is_some()
                && entry.draft.epoch == fixed.unwrap_or(newest)
                && (!parts_by_node || entry.is_own() == is_own)
                && !behind.contains(&author);
            if !goes {
                behind.insert(author);
            }
            goes
        });
        self.shared.put_back(self.chat, later);
        ready
    }

    /// The first entry that must go as it is and has nothing of its author before it; else the first.
    fn leader<'a>(&self, batch: &'a [Entry]) -> Option<&'a Entry> {
        let mut authors = HashSet::new();
        let mut firsts = batch
            .iter()
            .filter(|entry| authors.insert(entry.draft.author));
        let fixed = firsts.find(|entry| entry.goes_as_it_is(self.epoch));
        fixed.or(batch.first())
    }

    /// The batch with every author authorized again whom this node authorized before the newest epoch seen.
    async fn authorized_lately(&mut self, batch: Vec<Entry>) -> Vec<Entry> {
        let entries = batch.into_iter().map(|entry| {
            // What is in doubt goes as it is: it may be stored, whatever its author may do now.
            let is_old = entry.is_own() && !entry.in_doubt && entry.draft.epoch < self.epoch;
            (entry, is_old)
        });
        let entries = self.authorized_where_asked(entries.collect()).await;
        let newest = entries.iter().map(|entry| entry.draft.epoch).max();
        self.epoch = self.epoch.max(newest.unwrap_or_default());
        entries
    }

    /// The entries in their order, each with whether it must be authorized again; without those that were told an answer.
    async fn authorized_where_asked(&self, entries: Vec<(Entry, bool)>) -> Vec<Entry> {
        let entries = entries.into_iter().map(|(entry, must)| async move {
            if must {
                self.authorized_again(entry).await
            } else {
                Some(entry)
            }
        });
        join_all(entries).await.into_iter().flatten().collect()
    }

    /// The entry with the epoch at which its author was authorized now; `None` if that was refused and told, or is the
    /// business of another node.
    async fn authorized_again(&self, entry: Entry) -> Option<Entry> {
        let mut entry = entry.tell_rights_changed()?;
        let parts = &self.shared.parts;
        if entry.authorizations >= parts.patience.authorizations {
            let retry_after = PAUSE_MAX;
            let own_rate = false;
            conclude(
                entry,
                Err(ServiceError::Busy {
                    retry_after,
                    own_rate,
                }),
            );
            return None;
        }
        entry.authorizations += 1;
        let draft = &entry.draft;
        let rights = parts
            .surroundings
            .authorize_again(self.chat, draft.author, &draft.content);
        match rights.await {
            Ok(epoch) => {
                entry.draft.epoch = epoch;
                Some(entry)
            }
            Err(refusal) => {
                conclude(entry, Err(refusal));
                None
            }
        }
    }

    /// One try: appends, announces, answers, and puts back what must be tried again.
    async fn commit(&mut self, mut batch: Vec<Entry>) {
        let tried = self.try_once(&mut batch).await;
        let (mut answered, mut again, mut pause) = (Vec::new(), Vec::new(), None);
        for (mut entry, verdict) in batch.into_iter().zip(tried.verdicts) {
            match fate(&mut entry, verdict, tried.tries_max) {
                Fate::Answered(answer) => answered.push((entry, answer)),
                Fate::AuthorizeAgain => again.push((entry, true)),
                Fate::TryAgain => {
                    pause = pause.max(Some(entry.unknowns));
                    again.push((entry, false));
                }
            }
        }
        self.announce(&answered, tried.at_home).await;
        for (entry, answer) in answered {
            conclude(entry, answer);
        }
        let again = self.authorized_where_asked(again).await;
        self.shared.put_back(self.chat, again);
        if let Some(unknowns) = pause {
            self.pause(unknowns).await;
        }
    }

    /// One outcome for each draft, by a commit of this node within the time that one may take.
    pub(super) async fn append(&mut self, drafts: Vec<Draft>) -> Vec<Outcome> {
        let parts = &self.shared.parts;
        let count = drafts.len();
        metrics::histogram!("parlour_append_batch_events").record(count as f64);
        let appended =
            tokio::time::timeout(parts.patience.append_within, self.start_append(drafts));
        let mut outcomes = Vec::new();
        if let Ok(appended) = appended.await {
            let epoch = appended.head.map(|head| head.epoch);
            self.epoch = self.epoch.max(epoch.unwrap_or_default());
            self.shared.lost_races(self.chat, appended.lost_races);
            outcomes = appended.outcomes;
        }
        outcomes.resize(count, Outcome::Unknown { applied: None });
        outcomes
    }

    /// Appends in a task of its own, which goes on when nobody waits for it any more: a store that is stopped half way
    /// leaves a committed event without its effects, and does not find out what became of what it sent.
    async fn start_append(&self, drafts: Vec<Draft>) -> Appended {
        let parts = &self.shared.parts;
        let (log, chat) = (Arc::clone(&parts.log), self.chat);
        let append = async move { log.append(chat, drafts).await };
        match parts.tracker.spawn(append).await {
            Ok(appended) => appended,
            Err(failure) if failure.is_panic() => resume_unwind(failure.into_panic()),
            // Only the end of the runtime stops it.
            Err(_) => pending().await,
        }
    }

    async fn announce(&self, answered: &[(Entry, Answer)], at_home: bool) {
        let durable = answered
            .iter()
            .filter_map(|(_, answer)| answer.as_ref().ok());
        let mut events: Vec<&Event> = durable.map(|settled| &settled.event).collect();
        events.sort_by_key(|event| event.seq);
        let surroundings = &self.shared.parts.surroundings;
        for event in events {
            if at_home {
                surroundings.committed_at_home(event).await;
            } else {
                surroundings.committed(event).await;
            }
        }
    }

    /// Waits a random part of a time that doubles with each try, or until the node stops.
    async fn pause(&self, tries: u32) {
        let parts = &self.shared.parts;
        let doubled = parts.patience.pause.saturating_mul(1 << tries.min(10));
        let longest = doubled.min(PAUSE_MAX);
        let jittered = longest.mul_f64(rand::random_range(0.5..1.0));
        tokio::select! {
            biased;
            // The end first: who still waits is then told at once that nothing is known.
            () = parts.token.cancelled() => {}
            () = tokio::time::sleep(jittered) => {}
        }
    }
}

/// Answers an entry. While an earlier try may still enter the log, no failure is definite.
fn conclude(entry: Entry, answer: Answer) {
    let answer = match answer {
        Err(_) if entry.in_doubt => Err(entry.unknown()),
        answer => answer,
    };
    entry.answer(answer);
}

/// Sees to it that no queue is left without a worker.
struct Revival {
    shared: Arc<Shared>,
    chat: ChatId,
    is_done: bool,
}

impl Drop for Revival {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        if self.shared.parts.token.is_cancelled() || Handle::try_current().is_err() {
            // Nobody will serve what waits. Dropping it tells the waiters.
            self.shared.queues.remove(&self.chat);
        } else {
            tracing::error!(chat = %self.chat, "a worker of appends panicked; a new one serves the rest");
            Worker::spawn(Arc::clone(&self.shared), self.chat);
        }
    }
}
