//! One batch of an append: which drafts it takes, and what its fate teaches.

use std::time::Duration;

use parlour_model::limits;
use parlour_store::{Head, NotStored, Outcome, StoreError};
use tokio::time::sleep;

use super::Appending;
use crate::log::Bucket;
use crate::log::attempt::{Attempt, Place};
use crate::log::commit::Fate;
use crate::log::entry::Entry;

/// How long to wait before the first retry, on average; rises with each.
const BACKOFF: Duration = Duration::from_millis(15);

impl Appending<'_> {
    pub(super) async fn try_batch(&mut self, head: Head, bucket: Bucket) -> Result<(), StoreError> {
        let chosen = self.choose(head);
        let now = self.clock.now();
        let new = chosen.iter().map(|i| self.entries[*i].to_event(now));
        let place = Place {
            chat: self.chat,
            bucket,
            before: Some(head),
            begins_bucket: self.log.layout.is_sealed_by(head.seq),
        };
        let attempt = Attempt::new(place, new.collect(), self.ids)
            .map_err(|lapsed| StoreError::Unavailable(lapsed.to_string()))?
            .with_open_tries(chosen.iter().any(|i| self.entries[*i].is_open()));
        let fate = self.log.commit(self.chat, &attempt).await?;
        if let Fate::Applied = fate {
            self.applied(&chosen, attempt);
            return Ok(());
        }
        if let Fate::Open | Fate::Passed { .. } = fate {
            for (id, index) in attempt.ids().zip(&chosen) {
                self.entries[*index].unanswered_under(id);
            }
        }
        let before = self.pending().count();
        self.failed(&chosen, head, fate).await?;
        if self.pending().count() < before {
            self.got_on();
        } else {
            self.tries += 1;
            self.wait().await;
        }
        Ok(())
    }

    /// The pending drafts that fit into one batch after `head`, in their order.
    fn choose(&self, head: Head) -> Vec<usize> {
        let bucket = self.log.layout.bucket_of(head.seq.next());
        let room = self.log.layout.seqs_of(bucket).end().since(head.seq);
        let most = if self.is_apart {
            1
        } else {
            limits::BATCH_EVENTS_MAX as u64
        };
        let (mut chosen, mut bytes) = (Vec::new(), 0);
        for index in self.pending() {
            let entry = &self.entries[index];
            bytes += entry.json.len();
            let is_twin = self.entries[..index]
                .iter()
                .any(|e| e.name() == entry.name());
            let fits = chosen.is_empty()
                || !is_twin && entry.may_follow(head) && bytes <= limits::BATCH_BYTES_MAX;
            if !fits || chosen.len() as u64 >= room.min(most) {
                break;
            }
            chosen.push(index);
            if entry.draft.content.raises_epoch() {
                break;
            }
        }
        chosen
    }

    fn applied(&mut self, chosen: &[usize], attempt: Attempt) {
        self.learn(attempt.after());
        self.got_on();
        // What was open depended on the head that this batch has replaced.
        self.entries.iter_mut().for_each(Entry::close);
        let events = attempt.into_events();
        self.created.extend(events.iter().cloned());
        for (index, event) in chosen.iter().zip(events) {
            self.entries[*index].settle(Outcome::Created(event));
        }
    }

    async fn failed(
        &mut self,
        chosen: &[usize],
        before: Head,
        fate: Fate,
    ) -> Result<(), StoreError> {
        match fate {
            Fate::Applied => unreachable!("an applied batch has not failed"),
            Fate::Refused { head, known } => {
                if let Some(head) = head {
                    self.lost_race(before, head);
                    self.close(chosen, before, head);
                }
                self.settle_known(&known).await
            }
            Fate::Passed { head, known } => {
                self.learn(head);
                self.close(chosen, before, head);
                self.settle_known(&known).await
            }
            Fate::Open => {
                chosen.iter().for_each(|i| self.entries[*i].leave_open());
                Ok(())
            }
            Fate::Invalid(reason) if chosen.len() == 1 => {
                self.entries[chosen[0]].give_up(NotStored::Unavailable(reason));
                Ok(())
            }
            Fate::Invalid(_) => {
                self.is_apart = true;
                Ok(())
            }
            Fate::Unavailable(reason) => {
                self.reason = reason;
                Ok(())
            }
        }
    }

    /// What tries were open in the bucket whose head has moved cannot apply any more; their rows, if any, are looked at next.
    fn close(&mut self, chosen: &[usize], before: Head, head: Head) {
        if head.seq > before.seq {
            chosen.iter().for_each(|i| self.entries[*i].close());
        }
    }

    fn lost_race(&mut self, before: Head, head: Head) {
        if head != before {
            metrics::counter!("parlour_store_lost_races_total").increment(1);
            self.lost_races += 1;
        }
        self.learn(head);
    }

    /// Waits a little, so that two who fight do not meet again.
    async fn wait(&self) {
        let most = BACKOFF * 2 * self.tries;
        sleep(most.mul_f64(rand::random::<f64>())).await;
    }
}
