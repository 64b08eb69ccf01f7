//! [`ChatLog`] over the writer and the readers.

use async_trait::async_trait;
use parlour_model::{ChatId, Draft, Event, EventId, EventKey, Seq, UserId};
use parlour_store::{
    Appended, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, NotStored, Outcome,
    StoreError,
};
use rusqlite::{Connection, params};

use crate::append::{self, Entry};
use crate::event_keys::{self, KeyName};
use crate::failure::Failure;
use crate::rows::{self, EVENT, count, int};
use crate::writing::read_head;
use crate::{EmbeddedStore, sql};

#[async_trait]
impl ChatLog for EmbeddedStore {
    async fn create(&self, new: NewChat) -> Result<Creation, StoreError> {
        self.write(move |writing| append::create(writing, new))
            .await
    }

    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        let entries: Vec<Entry> = drafts.into_iter().map(Entry::new).collect();
        let drafts = entries.len();
        let work = self.write(move |writing| append::append(writing, chat, entries));
        let (outcomes, head) = work.await.unwrap_or_else(|error| {
            let outcome = outcome_of_error(&error);
            (vec![outcome; drafts], None)
        });
        Appended {
            outcomes,
            head,
            lost_races: 0,
        }
    }

    async fn find(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
        _applied: Seq,
    ) -> Result<Lookup, StoreError> {
        let name = KeyName { chat, author, key };
        let now = self.clock.now();
        self.read(move |conn| event_keys::find(conn, name, now))
            .await
    }

    async fn cancel(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
    ) -> Result<Cancellation, StoreError> {
        let name = KeyName { chat, author, key };
        self.write(move |writing| event_keys::cancel(writing, name))
            .await
    }

    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>> {
        let (chats, asked) = (chats.to_vec(), chats.len());
        let heads = self.read(move |conn| {
            let head = |(chat, _): &_| read_head(conn, *chat).map_err(Failure::into_store_error);
            Ok(chats.iter().map(head).collect())
        });
        heads.await.unwrap_or_else(|error| vec![Err(error); asked])
    }

    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let range = Range {
            chat,
            after,
            through,
            limit,
        };
        self.read(move |conn| range.read(conn)).await
    }

    async fn seq_of(&self, chat: ChatId, id: EventId) -> Result<Option<Seq>, StoreError> {
        self.read(move |conn| seq_of(conn, chat, id)).await
    }

    /// Nothing to learn: the only writer is here.
    fn observe(&self, _event: &Event) {}
}

/// The outcome of every draft of a call that failed as a whole.
fn outcome_of_error(error: &StoreError) -> Outcome {
    match error {
        StoreError::Unknown(_) => Outcome::Unknown { applied: None },
        StoreError::ReadOnly(reason) => Outcome::NotStored(NotStored::ReadOnly(reason.clone())),
        StoreError::Unavailable(reason) => {
            Outcome::NotStored(NotStored::Unavailable(reason.clone()))
        }
        other => Outcome::NotStored(NotStored::Unavailable(other.to_string())),
    }
}

/// A stretch of a log.
struct Range {
    chat: ChatId,
    after: Seq,
    through: Seq,
    limit: usize,
}

impl Range {
    /// The events of the stretch, as many as there must be.
    fn read(&self, conn: &Connection) -> Result<Vec<Event>, Failure> {
        let Some(head) = read_head(conn, self.chat)? else {
            return Ok(Vec::new());
        };
        let query = format!(
            "SELECT {EVENT} FROM events WHERE chat = ?1 AND seq > ?2 AND seq <= ?3
             ORDER BY seq LIMIT ?4"
        );
        let range = params![
            int(self.chat.get()),
            int(self.after.get()),
            int(self.through.get()),
            count(self.limit),
        ];
        let events = sql::all(conn, &query, range, |row| rows::event(self.chat, row))?;
        let asked = u64::try_from(self.limit).unwrap_or(u64::MAX);
        let due = self.through.min(head.seq).since(self.after).min(asked);
        self.check(&events, due)?;
        Ok(events)
    }

    fn check(&self, events: &[Event], due: u64) -> Result<(), Failure> {
        let mut expected = self.after;
        for event in events {
            expected = expected.next();
            if event.seq != expected {
                return Err(self.hole(expected));
            }
        }
        if expected.since(self.after) < due {
            return Err(self.hole(expected.next()));
        }
        Ok(())
    }

    fn hole(&self, missing: Seq) -> Failure {
        Failure::corrupt(format!("event {missing} of chat {} is missing", self.chat))
    }
}

/// Finds an id by bisection: ids and seqs rise together, so no index on ids is needed.
fn seq_of(conn: &Connection, chat: ChatId, id: EventId) -> Result<Option<Seq>, Failure> {
    let Some(head) = read_head(conn, chat)? else {
        return Ok(None);
    };
    let (mut low, mut high) = (Seq::FIRST, head.seq);
    while low <= high {
        let middle = low.plus(high.since(low) / 2);
        let found = id_at(conn, chat, middle)?;
        match found.cmp(&id.get()) {
            std::cmp::Ordering::Equal => return Ok(Some(middle)),
            std::cmp::Ordering::Less => low = middle.next(),
            std::cmp::Ordering::Greater => high = middle.previous(),
        }
    }
    Ok(None)
}

fn id_at(conn: &Connection, chat: ChatId, seq: Seq) -> Result<u64, Failure> {
    let query = "SELECT id FROM events WHERE chat = ?1 AND seq = ?2";
    let at = params![int(chat.get()), int(seq.get())];
    let id = sql::one(conn, query, at, |row| rows::number(row, 0))?;
    id.ok_or_else(|| Failure::corrupt(format!("event {seq} of chat {chat} is missing")))
}
