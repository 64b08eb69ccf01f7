//! Point reads of the log: one event, one bucket's head, the list of buckets.

use parlour_model::{ChatId, Event, Seq};
use parlour_store::{Head, StoreError};

use super::row::{self, EventRow, HeadRow};
use super::{Bucket, Layout};
use crate::columns::{corrupt, int, number};
use crate::cql::{Cql, Statement};

static EVENT: Statement = Statement::new(
    "log_event",
    "SELECT seq, id, event_author, event_key, content, sent_at, countable, prev_effect, erased
     FROM log WHERE chat_id = ? AND bucket = ? AND kind = 0 AND pos = ?",
);
static HEAD: Statement = Statement::new(
    "log_head",
    "SELECT DISTINCT head_seq, head_id, head_countable, rights_epoch, membership_seq, effect_seq
     FROM log WHERE chat_id = ? AND bucket = ?",
);
static NEWEST_BUCKET: Statement = Statement::new(
    "buckets_newest",
    "SELECT bucket FROM buckets WHERE chat_id = ? LIMIT 1",
);
static FIRST_ID: Statement = Statement::new(
    "buckets_first_id",
    "SELECT first_id FROM buckets WHERE chat_id = ? AND bucket = ?",
);

/// Reads logs. Clones share the session.
#[derive(Debug, Clone)]
pub(crate) struct LogReader {
    pub(crate) cql: Cql,
    pub(crate) layout: Layout,
}

impl LogReader {
    /// One event; `None` if there is none at `seq`, as a quorum sees it.
    pub(crate) async fn event(&self, chat: ChatId, seq: Seq) -> Result<Option<Event>, StoreError> {
        let bucket = self.layout.bucket_of(seq).get();
        let at = (int(chat.get()), bucket, int(seq.get()));
        match self.cql.one::<EventRow>(&EVENT, at).await? {
            Some(row) => row::event(chat, row),
            None => Ok(None),
        }
    }

    /// One event that must be there: what a quorum does not show is asked for again at `LOCAL_SERIAL`, because a
    /// decided commit may have reached one replica only.
    pub(crate) async fn event_known(&self, chat: ChatId, seq: Seq) -> Result<Event, StoreError> {
        if let Some(event) = self.event(chat, seq).await? {
            return Ok(event);
        }
        let bucket = self.layout.bucket_of(seq).get();
        let at = (int(chat.get()), bucket, int(seq.get()));
        let row = self.cql.one_serial::<EventRow>(&EVENT, at).await?;
        let event = row.map(|row| row::event(chat, row)).transpose()?.flatten();
        event.ok_or_else(|| corrupt(format!("event {seq} of chat {chat} is missing")))
    }

    /// The head that a bucket's static columns hold; `None` if it has no event, as a quorum sees it.
    pub(crate) async fn head_of(
        &self,
        chat: ChatId,
        bucket: Bucket,
    ) -> Result<Option<Head>, StoreError> {
        let at = (int(chat.get()), bucket.get());
        match self.cql.one::<HeadRow>(&HEAD, at).await? {
            Some(row) => row::head(row),
            None => Ok(None),
        }
    }

    /// The same, with every decided commit in it.
    pub(crate) async fn head_of_serial(
        &self,
        chat: ChatId,
        bucket: Bucket,
    ) -> Result<Option<Head>, StoreError> {
        let at = (int(chat.get()), bucket.get());
        match self.cql.one_serial::<HeadRow>(&HEAD, at).await? {
            Some(row) => row::head(row),
            None => Ok(None),
        }
    }

    /// The newest bucket that is written down; it may have no event yet. `None`: the chat does not exist.
    pub(crate) async fn newest_bucket(&self, chat: ChatId) -> Result<Option<Bucket>, StoreError> {
        let row = self
            .cql
            .one::<(i32,)>(&NEWEST_BUCKET, (int(chat.get()),))
            .await?;
        Ok(row.map(|(bucket,)| Bucket::new(bucket)))
    }

    /// The bound below all ids of a bucket and above all ids before it; `None` if the bucket is not written down.
    pub(crate) async fn first_id(
        &self,
        chat: ChatId,
        bucket: Bucket,
    ) -> Result<Option<u64>, StoreError> {
        let at = (int(chat.get()), bucket.get());
        let row = self.cql.one::<(Option<i64>,)>(&FIRST_ID, at).await?;
        row.and_then(|(first,)| first).map(number).transpose()
    }
}
