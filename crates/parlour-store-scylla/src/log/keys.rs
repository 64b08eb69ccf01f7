//! The memory of event keys: which event a key became, or that it was cancelled.

use std::collections::HashMap;

use parlour_model::{BodyHash, ChatId, EventId, EventKey, Seq, UserId};
use parlour_store::{Outcome, StoreError};
use uuid::Uuid;

use super::{Bucket, LogReader};
use crate::columns::{corrupt, int, number};
use crate::cql::Statement;

/// ScyllaDB takes a relation of several columns only from the first clustering column on, and beside no other.
static KNOWN: Statement = Statement::new(
    "log_keys",
    "SELECT author, key, seq, id, body_hash FROM log
     WHERE chat_id = ? AND bucket = ? AND (kind, pos, author, key) IN ?",
);

/// A key as read: `author, key, seq, id, body_hash`.
pub(super) type KeyRow = (i64, Uuid, Option<i64>, Option<i64>, Option<Vec<u8>>);

/// The name of one intention in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyName {
    /// Whose key.
    pub(crate) author: UserId,
    /// The key.
    pub(crate) key: EventKey,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Memory {
    /// This event, with content of this hash.
    Event {
        seq: Seq,
        id: EventId,
        hash: Vec<u8>,
    },
    /// Nothing, for good.
    Cancelled,
}

/// What is known of several keys; those nobody knows are not in it.
pub(crate) type Known = HashMap<KeyName, Memory>;

impl LogReader {
    /// What one bucket knows of these keys, as a quorum sees it. Definite for a bucket that has a successor with an event:
    /// whoever began that one has finished everything in this one.
    pub(super) async fn known(
        &self,
        chat: ChatId,
        bucket: Bucket,
        names: &[KeyName],
    ) -> Result<Known, StoreError> {
        let values = (int(chat.get()), bucket.get(), places(names));
        memories(self.cql.all::<KeyRow>(&KNOWN, values).await?)
    }

    /// What one bucket knows of these keys, with every decided commit.
    pub(super) async fn known_serial(
        &self,
        chat: ChatId,
        bucket: Bucket,
        names: &[KeyName],
    ) -> Result<Known, StoreError> {
        let values = (int(chat.get()), bucket.get(), places(names));
        memories(self.cql.all_serial::<KeyRow>(&KNOWN, values).await?)
    }

    /// The outcome of a draft whose key became this.
    pub(super) async fn outcome(
        &self,
        chat: ChatId,
        memory: &Memory,
        hash: BodyHash,
    ) -> Result<Outcome, StoreError> {
        match memory {
            Memory::Cancelled => Ok(Outcome::Cancelled),
            Memory::Event {
                seq, hash: stored, ..
            } => {
                let event = self.event_known(chat, *seq).await?;
                Ok(if stored[..] == hash.0 {
                    Outcome::Existing(event)
                } else {
                    Outcome::KeyReused(event)
                })
            }
        }
    }
}

/// Where a bucket keeps these keys: `kind, pos, author, key`.
fn places(names: &[KeyName]) -> Vec<(i8, i64, i64, Uuid)> {
    let place = |name: &KeyName| (1, 0, int(name.author.get()), name.key.uuid());
    names.iter().map(place).collect()
}

/// What rows of keys say.
pub(super) fn memories(rows: impl IntoIterator<Item = KeyRow>) -> Result<Known, StoreError> {
    rows.into_iter()
        .map(|(author, key, seq, id, hash)| {
            let name = KeyName {
                author: UserId::new(number(author)?).map_err(corrupt)?,
                key: EventKey::new(key).map_err(corrupt)?,
            };
            Ok((name, memory(seq, id, hash)?))
        })
        .collect()
}

fn memory(seq: Option<i64>, id: Option<i64>, hash: Option<Vec<u8>>) -> Result<Memory, StoreError> {
    match (seq, id, hash) {
        (Some(seq), Some(id), Some(hash)) => Ok(Memory::Event {
            seq: Seq::new(number(seq)?),
            id: EventId::new(number(id)?).map_err(corrupt)?,
            hash,
        }),
        (None, ..) => Ok(Memory::Cancelled),
        _ => Err(corrupt("an event key without its id or hash")),
    }
}
