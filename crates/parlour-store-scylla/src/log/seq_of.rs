//! The seq of a public id: by the list of buckets, then by bisection. Ids and seqs rise together, so no index on ids is
//! needed.

use std::cmp::Ordering;

use parlour_model::{ChatId, EventId, Seq};
use parlour_store::StoreError;

use super::{Bucket, LogReader};

impl LogReader {
    /// The seq of an id; `None` if no event of the chat has it.
    pub(crate) async fn seq_of(
        &self,
        chat: ChatId,
        id: EventId,
    ) -> Result<Option<Seq>, StoreError> {
        let Some(head) = self.head(chat, Seq::ZERO).await? else {
            return Ok(None);
        };
        if id > head.id {
            return Ok(None);
        }
        let newest = self.layout.bucket_of(head.seq);
        let bucket = self
            .bucket_at(chat, id.get(), Bucket::FIRST, newest)
            .await?;
        let seqs = self.layout.seqs_of(bucket);
        let (mut low, mut high) = (*seqs.start(), (*seqs.end()).min(head.seq));
        while low <= high {
            let middle = low.plus(high.since(low) / 2);
            match self.event_known(chat, middle).await?.id.cmp(&id) {
                Ordering::Equal => return Ok(Some(middle)),
                Ordering::Less => low = middle.next(),
                Ordering::Greater => high = middle.previous(),
            }
        }
        Ok(None)
    }

    /// The last bucket from `low` to `high` that begins at or below `id`; `low` if none does. No event of an earlier one
    /// has this id or a greater one.
    pub(crate) async fn bucket_at(
        &self,
        chat: ChatId,
        id: u64,
        mut low: Bucket,
        mut high: Bucket,
    ) -> Result<Bucket, StoreError> {
        while low < high {
            let middle = low.plus(high.since(low).div_ceil(2));
            match self.first_id(chat, middle).await? {
                Some(first) if first <= id => low = middle,
                _ => high = middle.previous().unwrap_or(low),
            }
        }
        Ok(low)
    }
}
