//! `find`: what became of a key, as far as any attempt of it has been committed.

use parlour_model::{ChatId, Seq};
use parlour_store::{Lookup, StoreError};

use super::keys::Memory;
use super::{Bucket, KeyName, LogReader};

/// Buckets searched at most: with real buckets that is a log of 67 million events within 13 days.
const BUCKETS_MAX: usize = 4_096;

impl LogReader {
    /// What became of a key.
    pub(crate) async fn find(
        &self,
        chat: ChatId,
        name: KeyName,
        applied: Seq,
    ) -> Result<Lookup, StoreError> {
        let head = self.head_serial(chat).await?;
        let present = self
            .layout
            .bucket_of(head.map_or(Seq::FIRST, |head| head.seq.next()));
        match self.memory(chat, name, applied, present).await? {
            Some(Memory::Cancelled) => Ok(Lookup::Cancelled),
            Some(Memory::Event { seq, .. }) => self.event_known(chat, seq).await.map(Lookup::Found),
            None => Ok(Lookup::Absent),
        }
    }

    /// What is known of a key from its birth up to the present bucket, every decided commit included.
    async fn memory(
        &self,
        chat: ChatId,
        name: KeyName,
        applied: Seq,
        present: Bucket,
    ) -> Result<Option<Memory>, StoreError> {
        if let Some(memory) = self.memory_before(chat, name, applied, present).await? {
            return Ok(Some(memory));
        }
        let mut known = self.known_serial(chat, present, &[name]).await?;
        Ok(known.remove(&name))
    }

    /// What the buckets before the present one know of a key.
    pub(super) async fn memory_before(
        &self,
        chat: ChatId,
        name: KeyName,
        applied: Seq,
        present: Bucket,
    ) -> Result<Option<Memory>, StoreError> {
        let birth = self.birth(chat, name.key, applied, present).await?;
        if present.since(birth) > BUCKETS_MAX {
            let reason = format!("the key is older than {BUCKETS_MAX} buckets of chat {chat}");
            return Err(StoreError::Unknown(reason));
        }
        let mut known = self.known_before(chat, &[(name, birth)], present).await?;
        Ok(known.remove(&name))
    }
}
