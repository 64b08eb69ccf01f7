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
/// or another if others have gone on or the belief was wrong. If that one seals a bucket, the next is written down.
pub(super) async fn prepare(log: &LogReader, chat: ChatId, head: Head) -> Result<Head, StoreError> {
    let bucket = log.layout.bucket_of(head.seq);
    let exact = match later_than(log, chat, head).await? {
        Some(later) => later,
        None => log.head_of_serial(chat, bucket).await?.ok_or_else(|| {
            let number = bucket.get();
            corrupt(format!("bucket {number} of chat {chat} has no head"))
        })?,
    };
    if log.layout.is_sealed_by(exact.seq) {
        let next = log.layout.bucket_of(exact.seq).next();
        write_down(log, chat, next, exact.id.get() + 1).await?;
    }
    Ok(exact)
}

/// The head in a later bucket than that of `head`, if others have gone on. It comes from serial reads, as what is carried
/// over must.
async fn later_than(log: &LogReader, chat: ChatId, head: Head) -> Result<Option<Head>, StoreError> {
    let newest = log.newest_bucket(chat).await?;
    if newest.is_none_or(|newest| newest <= log.layout.bucket_of(head.seq)) {
        return Ok(None);
    }
    let later = log.head_serial(chat).await?;
    Ok(later.filter(|later| later.seq > head.seq))
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
