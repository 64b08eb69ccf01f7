//! Going on in the next bucket.
//!
//! A full bucket is sealed by arithmetic: no condition can hold in it again. What is carried over comes only from a serial
//! read of the sealed bucket made for this roll-over, and the next bucket is written down, and that acknowledged, before
//! its first event.

use parlour_model::ChatId;
use parlour_store::{Head, StoreError};

use super::{Bucket, LogReader};
use crate::columns::{corrupt, int};
use crate::cql::Statement;

static WRITE_DOWN: Statement = Statement::new(
    "buckets_write",
    "INSERT INTO buckets (chat_id, bucket, first_id) VALUES (?, ?, ?)",
);

/// Prepares the bucket after `head`, which is believed to seal its own. Answers the head as the store has it: the same,
/// or another if others have gone on or the belief was wrong.
pub(super) async fn prepare(log: &LogReader, chat: ChatId, head: Head) -> Result<Head, StoreError> {
    let bucket = log.layout.bucket_of(head.seq);
    let newest = log.newest_bucket(chat).await?;
    if newest.is_some_and(|newest| newest > bucket)
        && let Some(later) = log.head_serial(chat).await?
        && later.seq > head.seq
    {
        return Ok(later);
    }
    let exact = log.head_of_serial(chat, bucket).await?;
    let exact = exact.ok_or_else(|| {
        let number = bucket.get();
        corrupt(format!("bucket {number} of chat {chat} has no head"))
    })?;
    if log.layout.is_sealed_by(exact.seq) {
        write_down(log, chat, bucket.next(), exact.id.get() + 1).await?;
    }
    Ok(exact)
}

/// Writes a bucket down. Whoever does it writes the same.
pub(super) async fn write_down(
    log: &LogReader,
    chat: ChatId,
    bucket: Bucket,
    first_id: u64,
) -> Result<(), StoreError> {
    let values = (int(chat.get()), bucket.get(), int(first_id));
    Ok(log.cql.write(&WRITE_DOWN, values).await?)
}
