//! Finding the head of a chat: which bucket holds it.
//!
//! A bucket is written down before its first event, so the newest one written down holds the head, or is empty and the
//! one before it does.

use parlour_model::{ChatId, Seq};
use parlour_store::{Head, StoreError};

use super::{Bucket, LogReader};
use crate::columns::corrupt;

/// How often a head that moves on while it is looked for is followed.
const FOLLOW_MAX: u32 = 16;

/// How sure a read has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// What a quorum shows: every acknowledged event.
    Quorum,
    /// Every decided event.
    Serial,
}

impl LogReader {
    /// The head of a chat. `near` says where to look first; a head below it is asked for again at `LOCAL_SERIAL`,
    /// because somebody has seen an event that a quorum may not show yet.
    pub(crate) async fn head(&self, chat: ChatId, near: Seq) -> Result<Option<Head>, StoreError> {
        if near > Seq::ZERO {
            let guessed = self.head_of(chat, self.layout.bucket_of(near)).await?;
            if let Some(head) = guessed
                && head.seq >= near
                && !self.layout.is_sealed_by(head.seq)
            {
                return Ok(Some(head));
            }
        }
        let head = self.newest(chat, Sight::Quorum).await?;
        let seen = head.map_or(Seq::ZERO, |head| head.seq);
        if seen < near {
            return self.head_serial(chat).await;
        }
        Ok(head)
    }

    /// The head of a chat with every decided commit in it.
    pub(crate) async fn head_serial(&self, chat: ChatId) -> Result<Option<Head>, StoreError> {
        self.newest(chat, Sight::Serial).await
    }

    async fn newest(&self, chat: ChatId, sight: Sight) -> Result<Option<Head>, StoreError> {
        let Some(mut bucket) = self.newest_bucket(chat).await? else {
            return Ok(None);
        };
        for _ in 0..FOLLOW_MAX {
            let Some(head) = self.head_in_or_before(chat, bucket, sight).await? else {
                return Ok(None);
            };
            if !self.layout.is_sealed_by(head.seq) || self.layout.bucket_of(head.seq) < bucket {
                return Ok(Some(head));
            }
            // Sealed: it may have gone on since the list was read.
            match self.newest_bucket(chat).await? {
                Some(newest) if newest > bucket => bucket = newest,
                _ => return Ok(Some(head)),
            }
        }
        let reason = format!("the head of chat {chat} moves faster than it can be read");
        Err(StoreError::Unavailable(reason))
    }

    async fn head_in_or_before(
        &self,
        chat: ChatId,
        bucket: Bucket,
        sight: Sight,
    ) -> Result<Option<Head>, StoreError> {
        if let Some(head) = self.head_seen(chat, bucket, sight).await? {
            return Ok(Some(head));
        }
        let Some(before) = bucket.previous() else {
            return Ok(None);
        };
        let head = self.head_seen(chat, before, sight).await?;
        if head.is_some_and(|head| self.layout.is_sealed_by(head.seq)) {
            return Ok(head);
        }
        // The next bucket is written down, so this one is full, whatever a quorum shows of it.
        let head = self.head_of_serial(chat, before).await?;
        if head.is_some_and(|head| self.layout.is_sealed_by(head.seq)) {
            return Ok(head);
        }
        let number = before.get();
        Err(corrupt(format!(
            "bucket {number} of chat {chat} has a successor and is not full"
        )))
    }

    async fn head_seen(
        &self,
        chat: ChatId,
        bucket: Bucket,
        sight: Sight,
    ) -> Result<Option<Head>, StoreError> {
        match sight {
            Sight::Quorum => self.head_of(chat, bucket).await,
            Sight::Serial => self.head_of_serial(chat, bucket).await,
        }
    }
}
