//! What an append asks about keys: in the buckets before the present one, of drafts that come twice, and of drafts
//! that were checked at another epoch or are kept back.

use std::collections::HashSet;

use parlour_model::{Seq, limits};
use parlour_store::{Head, Outcome, StoreError};

use super::Appending;
use crate::log::keys::Known;
use crate::log::{Bucket, KeyName};

/// Buckets searched for a key in one call.
const BUCKETS_SEARCHED_MAX: usize = 64;

impl Appending<'_> {
    /// Searches the buckets before `bucket` for the keys of pending drafts, as far as this call has not done it and as far
    /// as one search goes. All of them are sealed, so what is not there will never be.
    pub(super) async fn search_before(&mut self, bucket: Bucket) -> Result<(), StoreError> {
        let mut asked = Vec::new();
        let mut end = bucket;
        for index in self.pending().collect::<Vec<_>>() {
            let entry = &self.entries[index];
            let from = match entry.search_from {
                Some(from) => from,
                None => {
                    let (key, applied) = (entry.draft.key, entry.draft.applied);
                    self.log.birth(self.chat, key, applied, bucket).await?
                }
            };
            self.entries[index].search_from = Some(from);
            if from < bucket {
                end = end.min(from.plus(BUCKETS_SEARCHED_MAX));
                asked.push((self.entries[index].name(), from));
            }
        }
        asked.sort_by_key(|(name, from)| (*from, name.key));
        let known = self.log.known_before(self.chat, &asked, end).await?;
        self.settle_known(&known).await?;
        self.searched(end, bucket);
        Ok(())
    }

    /// Whether the search has ended before it came to all that may know the key of a pending draft.
    pub(super) fn is_searching(&self, bucket: Bucket) -> bool {
        self.pending()
            .any(|index| self.entries[index].search_from < Some(bucket))
    }

    /// Notes how far the search came. Who has not come to the end gives up, and may go on from there. What its author says
    /// after it is kept back, lest it come before it.
    fn searched(&mut self, end: Bucket, bucket: Bucket) {
        let applied = end
            .previous()
            .map_or(Seq::ZERO, |last| *self.log.layout.seqs_of(last).end());
        let mut cut_short = HashSet::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.is_pending()) {
            if entry.search_from < Some(end) {
                entry.search_from = Some(end);
            }
            if end < bucket && entry.search_from == Some(end) {
                entry.searched_through(applied);
                cut_short.insert(entry.draft.author);
            } else if cut_short.contains(&entry.draft.author) {
                entry.keep_back();
            }
        }
    }

    /// A draft whose key this call has settled already is answered from that.
    pub(super) fn settle_as_duplicate(&mut self, index: usize) -> bool {
        let name = self.entries[index].name();
        let twin = self.entries[..index]
            .iter()
            .find(|twin| twin.name() == name);
        let Some(twin) = twin else { return false };
        let is_same = twin.draft.hash == self.entries[index].draft.hash;
        let outcome = match &twin.outcome {
            Some(Outcome::Created(event) | Outcome::Existing(event)) if is_same => {
                Outcome::Existing(event.clone())
            }
            Some(Outcome::Created(event) | Outcome::Existing(event)) => {
                Outcome::KeyReused(event.clone())
            }
            Some(Outcome::Unknown { applied }) => Outcome::Unknown { applied: *applied },
            _ => return false,
        };
        self.entries[index].settle(outcome);
        true
    }

    /// The first draft was checked at another epoch, or is kept back. Before that is said, the head is read in a transaction,
    /// and then the keys: a retry is answered whatever its author may do now.
    pub(super) async fn refuse_first(
        &mut self,
        head: Head,
        bucket: Bucket,
    ) -> Result<(), StoreError> {
        if !self.is_confirmed {
            let head = self.log.head_serial(self.chat).await?;
            if let Some(head) = head {
                self.learn(head);
            }
            self.is_confirmed = true;
            return Ok(());
        }
        let refused: Vec<usize> = self
            .pending()
            .take_while(|index| !self.entries[*index].may_follow(head))
            .take(limits::BATCH_EVENTS_MAX)
            .collect();
        let names: Vec<KeyName> = refused.iter().map(|i| self.entries[*i].name()).collect();
        let known = self.log.known_serial(self.chat, bucket, &names).await?;
        self.settle_known(&known).await?;
        for index in refused {
            self.entries[index].refuse_after(head);
        }
        Ok(())
    }

    /// Answers every pending draft whose key is used. What an own try without an answer has stored was created here.
    pub(super) async fn settle_known(&mut self, known: &Known) -> Result<(), StoreError> {
        let is_used = |index: &usize| known.contains_key(&self.entries[*index].name());
        let used: Vec<usize> = self.pending().filter(is_used).collect();
        // The log has their keys: whoever's event cannot be read now is unknown, and never said not to be stored.
        used.iter().for_each(|i| self.entries[*i].leave_open());
        for index in used {
            let entry = &self.entries[index];
            let memory = &known[&entry.name()];
            let (hash, is_own) = (entry.draft.hash, entry.is_own(memory));
            let outcome = self.log.outcome(self.chat, memory, hash).await?;
            let outcome = match outcome {
                Outcome::Existing(event) if is_own => {
                    self.created.push(event.clone());
                    Outcome::Created(event)
                }
                other => other,
            };
            self.entries[index].settle(outcome);
        }
        Ok(())
    }
}
