//! The only way anything enters a log: key, head, event and effects in the writer's transaction.
//!
//! Drafts of one call see each other, because each is written before the next is looked at. A refusal writes
//! nothing.

use std::time::Duration;

use parlour_model::{
    BodyHash, ChatId, Content, Countable, Draft, Epoch, Event, EventId, IdGenerator, Seq,
    Timestamp, limits,
};
use parlour_store::{Creation, Head, NewChat, NotStored, Outcome, StoreError};
use rusqlite::{Connection, params};

use crate::effects;
use crate::event_keys::KeyName;
use crate::failure::Failure;
use crate::rows::{self, EVENT, int};
use crate::sql;
use crate::writing::Writing;

/// A head further ahead of the clock than this is worth a warning.
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(60);

/// A draft with its content as it will be stored, written out before the writer's turn.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) draft: Draft,
    pub(crate) json: String,
}

impl Entry {
    /// The entry of a draft.
    pub(crate) fn new(draft: Draft) -> Self {
        let json = rows::content_json(&draft.content);
        Self { draft, json }
    }
}

/// Appends drafts to one chat; one outcome each, and the head afterwards.
pub(crate) fn append(
    writing: &mut Writing<'_>,
    chat: ChatId,
    entries: Vec<Entry>,
) -> Result<(Vec<Outcome>, Option<Head>), Failure> {
    // A single draft needs no savepoint of its own: the writer has put one around the call.
    let is_single = entries.len() == 1;
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        outcomes.push(if is_single {
            append_one(writing, chat, entry)?
        } else {
            append_apart(writing, chat, entry)?
        });
    }
    Ok((outcomes, writing.head(chat)?))
}

/// One draft of several: a failure of its own is its own outcome.
fn append_apart(writing: &mut Writing<'_>, chat: ChatId, entry: Entry) -> Result<Outcome, Failure> {
    match writing.apart(|writing| append_one(writing, chat, entry)) {
        Err(failure) if failure.is_own() => {
            let reason = failure.into_store_error().to_string();
            Ok(Outcome::NotStored(NotStored::Unavailable(reason)))
        }
        result => result,
    }
}

fn append_one(writing: &mut Writing<'_>, chat: ChatId, entry: Entry) -> Result<Outcome, Failure> {
    let Entry { draft, json } = entry;
    if let Err(error) = draft.key.check_time(writing.now) {
        return Ok(Outcome::NotStored(error.into()));
    }
    let name = KeyName {
        chat,
        author: draft.author,
        key: draft.key,
    };
    if let Some(memory) = name.look_up(writing.conn, writing.now)? {
        return memory.outcome(writing.conn, chat, draft.hash);
    }
    let Some(head) = writing.head(chat)? else {
        return Ok(Outcome::NotStored(NotStored::ChatNotFound));
    };
    if draft.epoch != head.epoch {
        return Ok(Outcome::RightsChanged);
    }
    if json.len() > limits::BATCH_BYTES_MAX {
        return Ok(Outcome::NotStored(NotStored::TooLarge));
    }
    let new = NewEvent {
        name,
        hash: draft.hash,
        sent_at: draft.sent_at.unwrap_or(writing.now),
        content: draft.content,
        json,
    };
    write(writing, Some(head), new).map(Outcome::Created)
}

/// Writes seq 1 of a chat unless there is one.
pub(crate) fn create(writing: &mut Writing<'_>, new: NewChat) -> Result<Creation, Failure> {
    if !matches!(new.content, Content::ChatCreated { .. }) {
        let kind = new.content.kind();
        return Err(Failure::corrupt(format!("a chat cannot begin with {kind}")));
    }
    if writing.head(new.id)?.is_some() {
        return read(writing.conn, new.id, Seq::FIRST).map(Creation::Existing);
    }
    let event = NewEvent {
        name: KeyName {
            chat: new.id,
            author: new.creator,
            key: new.key,
        },
        hash: BodyHash::of(&new.content),
        sent_at: writing.now,
        json: rows::content_json(&new.content),
        content: new.content,
    };
    write(writing, None, event).map(Creation::Created)
}

/// One event that must be there.
pub(crate) fn read(conn: &Connection, chat: ChatId, seq: Seq) -> Result<Event, Failure> {
    let query = format!("SELECT {EVENT} FROM events WHERE chat = ?1 AND seq = ?2");
    let at = params![int(chat.get()), int(seq.get())];
    let event = sql::one(conn, &query, at, |row| rows::event(chat, row))?;
    event
        .ok_or_else(|| StoreError::Corrupt(format!("event {seq} of chat {chat} is missing")).into())
}

/// An event that has passed every check.
struct NewEvent {
    name: KeyName,
    hash: BodyHash,
    sent_at: Timestamp,
    content: Content,
    json: String,
}

/// Writes an event after `head`, with its key, its effects and the new head.
fn write(writing: &mut Writing<'_>, head: Option<Head>, new: NewEvent) -> Result<Event, Failure> {
    warn_of_clock(writing, head);
    let head_id = head.map_or(0, |head| head.id.get());
    let id = EventId::new(writing.ids.next_id_after(head_id)?)?;
    let next = next_head(head, id, &new.content);
    let event = Event {
        chat: new.name.chat,
        seq: next.seq,
        id,
        author: new.name.author,
        key: new.name.key,
        content: new.content,
        sent_at: new.sent_at,
        countable: next.countable,
        prev_effect: head.map_or(Seq::ZERO, |head| head.effect_seq),
        erased: false,
    };
    insert(writing.conn, &event, &new.json)?;
    let memory = Some((event.seq, new.hash));
    new.name.remember(writing.conn, memory, writing.now)?;
    writing.set_head(event.chat, next)?;
    if !event.content.has_effect() {
        return Ok(event);
    }
    effects::apply(writing.conn, &event)?;
    match event.content {
        // An edit of a deleted message is erased at once: answer what readers will see.
        Content::MessageEdited { .. } => read(writing.conn, event.chat, event.seq),
        _ => Ok(event),
    }
}

/// The head after an event.
fn next_head(head: Option<Head>, id: EventId, content: &Content) -> Head {
    let (last, count, epoch) = head.map_or((Seq::ZERO, 0, Epoch::ZERO), |head| {
        (head.seq, head.countable.get(), head.epoch)
    });
    let seq = last.next();
    let previous = |of: fn(Head) -> Seq| head.map_or(Seq::ZERO, of);
    Head {
        seq,
        id,
        countable: Countable::new(count + u64::from(content.is_countable())),
        epoch: if content.raises_epoch() {
            epoch.next()
        } else {
            epoch
        },
        membership_seq: if content.changes_membership() {
            seq
        } else {
            previous(|head| head.membership_seq)
        },
        effect_seq: if content.has_effect() {
            seq
        } else {
            previous(|head| head.effect_seq)
        },
    }
}

/// Writes an event into the table of its sort.
pub(crate) fn insert(conn: &Connection, event: &Event, json: &str) -> Result<(), Failure> {
    let (chat, seq) = (int(event.chat.get()), int(event.seq.get()));
    let (id, author) = (int(event.id.get()), int(event.author.get()));
    let key = event.key.uuid().into_bytes();
    let sent_at = int(event.sent_at.as_millis());
    let (countable, prev) = (int(event.countable.get()), int(event.prev_effect.get()));
    if event.content.is_line() {
        sql::change(
            conn,
            "INSERT INTO lines (chat, seq, id, author, key, sent_at, countable, prev_effect, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![chat, seq, id, author, key, sent_at, countable, prev, json],
        )?;
    } else {
        let target = event.content.target().map(|target| int(target.get()));
        sql::change(
            conn,
            "INSERT INTO changes (chat, seq, id, author, key, sent_at, countable, prev_effect,
                 content, target)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                chat, seq, id, author, key, sent_at, countable, prev, json, target
            ],
        )?;
    }
    Ok(())
}

/// Says once that ids run ahead of the clock: some clock is or was wrong.
fn warn_of_clock(writing: &mut Writing<'_>, head: Option<Head>) {
    let Some(head) = head else { return };
    let time = IdGenerator::time_of(head.id.get());
    if time > writing.now.plus(CLOCK_AHEAD_MAX) && !writing.heads.warned_of_clock {
        writing.heads.warned_of_clock = true;
        tracing::warn!(
            ahead_ms = time.since(writing.now).as_millis(),
            "the newest event of a chat is ahead of this machine's clock; check the clock"
        );
    }
}
