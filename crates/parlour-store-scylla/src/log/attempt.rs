//! One conditional batch: the events it would add after a head, and its statements.
//!
//! All conditions are evaluated against the state before the batch, so no key is in it twice, and an event that raises the
//! epoch is its last.

use parlour_model::{
    BodyHash, ChatId, Content, Countable, Epoch, Event, EventId, IdGenerator, NumberLapsed, Seq,
    Timestamp,
};
use parlour_store::Head;
use uuid::Uuid;

use super::{Bucket, KeyName};
use crate::columns::int;
use crate::cql::{Statement, Values};

/// Says what the next head is, if the head is still the expected one.
static MOVE_HEAD: Statement = Statement::new(
    "log_move_head",
    "UPDATE log SET head_seq = ?, head_id = ?, head_countable = ?, rights_epoch = ?, membership_seq = ?, effect_seq = ?
     WHERE chat_id = ? AND bucket = ? IF head_seq = ? AND head_id = ? AND rights_epoch = ?",
);
/// Says what the first head of a bucket is.
static BEGIN_BUCKET: Statement = Statement::new(
    "log_begin_bucket",
    "UPDATE log SET head_seq = ?, head_id = ?, head_countable = ?, rights_epoch = ?, membership_seq = ?, effect_seq = ?
     WHERE chat_id = ? AND bucket = ? IF head_seq = NULL",
);
/// Remembers a key for 14 days, if nobody else has used it.
static REMEMBER: Statement = Statement::new(
    "log_remember",
    "INSERT INTO log (chat_id, bucket, kind, pos, author, key, seq, id, body_hash)
     VALUES (?, ?, 1, 0, ?, ?, ?, ?, ?) IF NOT EXISTS USING TTL 1209600",
);
static ADD: Statement = Statement::new(
    "log_add",
    "INSERT INTO log (chat_id, bucket, kind, pos, author, key,
         seq, id, event_author, event_key, sent_at, countable, prev_effect, content)
     VALUES (?, ?, 0, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

/// What shall be said, before it has a place.
#[derive(Debug, Clone)]
pub(super) struct NewEvent {
    pub(super) name: KeyName,
    pub(super) hash: BodyHash,
    pub(super) sent_at: Timestamp,
    pub(super) content: Content,
    pub(super) json: String,
}

/// A batch that has not been sent.
#[derive(Debug)]
pub(super) struct Attempt {
    place: Place,
    /// The head it would leave.
    after: Head,
    /// Its events, ascending.
    events: Vec<(Event, BodyHash, String)>,
    /// Whether an earlier try of one of its events may still apply.
    has_open_tries: bool,
}

/// Where a batch goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) chat: ChatId,
    pub(super) bucket: Bucket,
    /// The head on which it depends; `None`: the chat does not exist.
    pub(super) before: Option<Head>,
    /// Whether its events are the first of the bucket.
    pub(super) begins_bucket: bool,
}

impl Attempt {
    /// The batch that adds `new`, at least one event, at a place.
    pub(super) fn new(
        place: Place,
        new: Vec<NewEvent>,
        ids: &IdGenerator,
    ) -> Result<Self, NumberLapsed> {
        let mut head = place.before;
        let mut events = Vec::with_capacity(new.len());
        for event in new {
            let id = ids.next_id_after(head.map_or(0, |head| head.id.get()))?;
            let id = EventId::new(id).expect("an id is above zero, and below 2^63 until 2094");
            let next = next_head(head, id, &event.content);
            let prev_effect = head.map_or(Seq::ZERO, |head| head.effect_seq);
            let (hash, json) = (event.hash, event.json);
            let event = Event {
                chat: place.chat,
                seq: next.seq,
                id,
                author: event.name.author,
                key: event.name.key,
                content: event.content,
                sent_at: event.sent_at,
                countable: next.countable,
                prev_effect,
                erased: false,
            };
            events.push((event, hash, json));
            head = Some(next);
        }
        Ok(Self {
            place,
            after: head.expect("a batch has at least one event"),
            events,
            has_open_tries: false,
        })
    }

    /// The same, of events an earlier try of which may still apply.
    pub(super) fn with_open_tries(self, has_open_tries: bool) -> Self {
        Self {
            has_open_tries,
            ..self
        }
    }

    pub(super) fn has_open_tries(&self) -> bool {
        self.has_open_tries
    }

    pub(super) fn bucket(&self) -> Bucket {
        self.place.bucket
    }

    pub(super) fn after(&self) -> Head {
        self.after
    }

    /// Whether `now` in this batch's bucket means that its condition can never hold (again).
    pub(super) fn is_passed_by(&self, now: Option<Head>) -> bool {
        now.is_some_and(|now| self.place.before.is_none_or(|before| now.seq > before.seq))
    }

    pub(super) fn names(&self) -> Vec<KeyName> {
        self.events.iter().map(|(event, ..)| name(event)).collect()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = EventId> + '_ {
        self.events.iter().map(|(event, ..)| event.id)
    }

    pub(super) fn into_events(self) -> Vec<Event> {
        self.events.into_iter().map(|(event, ..)| event).collect()
    }

    /// The statements: the head first, because the store finds the partition by it.
    pub(super) fn statements(&self) -> Vec<(&'static Statement, Values)> {
        let at = (int(self.place.chat.get()), self.place.bucket.get());
        let mut statements = vec![self.move_head(at)];
        for (event, hash, json) in &self.events {
            statements.push((&REMEMBER, remember(at, event, *hash)));
            statements.push((&ADD, add(at, event, json)));
        }
        statements
    }

    fn move_head(&self, at: (i64, i32)) -> (&'static Statement, Values) {
        let head = self.after;
        let (seq, id) = (int(head.seq.get()), int(head.id.get()));
        let (countable, epoch) = (int(head.countable.get()), int(head.epoch.get()));
        let (membership, effect) = (int(head.membership_seq.get()), int(head.effect_seq.get()));
        match self.place.before {
            Some(before) if !self.place.begins_bucket => {
                let (last, last_id) = (int(before.seq.get()), int(before.id.get()));
                let values = (
                    seq,
                    id,
                    countable,
                    epoch,
                    membership,
                    effect,
                    at.0,
                    at.1,
                    last,
                    last_id,
                    int(before.epoch.get()),
                );
                (&MOVE_HEAD, Box::new(values))
            }
            _ => {
                let values = (seq, id, countable, epoch, membership, effect, at.0, at.1);
                (&BEGIN_BUCKET, Box::new(values))
            }
        }
    }
}

fn name(event: &Event) -> KeyName {
    KeyName {
        author: event.author,
        key: event.key,
    }
}

fn remember(at: (i64, i32), event: &Event, hash: BodyHash) -> Values {
    Box::new((
        at.0,
        at.1,
        int(event.author.get()),
        event.key.uuid(),
        int(event.seq.get()),
        int(event.id.get()),
        hash.0.to_vec(),
    ))
}

fn add(at: (i64, i32), event: &Event, json: &str) -> Values {
    let seq = int(event.seq.get());
    Box::new((
        at.0,
        at.1,
        seq,
        Uuid::nil(),
        seq,
        int(event.id.get()),
        int(event.author.get()),
        event.key.uuid(),
        int(event.sent_at.as_millis()),
        int(event.countable.get()),
        int(event.prev_effect.get()),
        json.to_owned(),
    ))
}

/// The head after an event.
fn next_head(head: Option<Head>, id: EventId, content: &Content) -> Head {
    let (last, count, epoch) = head.map_or((Seq::ZERO, 0, Epoch::ZERO), |head| {
        (head.seq, head.countable.get(), head.epoch)
    });
    let seq = last.next();
    let since = |changed: bool, of: fn(Head) -> Seq| {
        if changed {
            seq
        } else {
            head.map_or(Seq::ZERO, of)
        }
    };
    Head {
        seq,
        id,
        countable: Countable::new(count + u64::from(content.is_countable())),
        epoch: if content.raises_epoch() {
            epoch.next()
        } else {
            epoch
        },
        membership_seq: since(content.changes_membership(), |head| head.membership_seq),
        effect_seq: since(content.has_effect(), |head| head.effect_seq),
    }
}
