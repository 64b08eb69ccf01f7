//! How an event and a head lie in the columns of `log`.
//!
//! A row without its required columns is no event: a change that meets an absent row may leave such a thing.

use parlour_model::{
    ChatId, Content, Countable, Epoch, Event, EventId, EventKey, Seq, Timestamp, UserId,
};
use parlour_store::{Head, StoreError};
use uuid::Uuid;

use crate::columns::{corrupt, number};

/// An event as read: `seq, id, event_author, event_key, content, sent_at, countable, prev_effect, erased`.
pub(crate) type EventRow = (
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<Uuid>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<bool>,
);

/// A head as read: `head_seq, head_id, head_countable, rights_epoch, membership_seq, effect_seq`.
pub(crate) type HeadRow = (
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

/// The event of a row; `None` if the row lacks what every event has.
pub(crate) fn event(chat: ChatId, row: EventRow) -> Result<Option<Event>, StoreError> {
    let (
        Some(seq),
        Some(id),
        Some(author),
        Some(key),
        Some(json),
        Some(sent_at),
        Some(countable),
        Some(prev_effect),
        erased,
    ) = row
    else {
        return Ok(None);
    };
    Ok(Some(Event {
        chat,
        seq: Seq::new(number(seq)?),
        id: EventId::new(number(id)?).map_err(corrupt)?,
        author: UserId::new(number(author)?).map_err(corrupt)?,
        key: EventKey::new(key).map_err(corrupt)?,
        content: content(&json)?,
        sent_at: Timestamp::from_millis(number(sent_at)?),
        countable: Countable::new(number(countable)?),
        prev_effect: Seq::new(number(prev_effect)?),
        erased: erased.unwrap_or(false),
    }))
}

/// The head in the static columns; `None` if the bucket has no event.
pub(crate) fn head(row: HeadRow) -> Result<Option<Head>, StoreError> {
    match row {
        (Some(seq), Some(id), Some(countable), Some(epoch), Some(membership), Some(effect)) => {
            Ok(Some(Head {
                seq: Seq::new(number(seq)?),
                id: EventId::new(number(id)?).map_err(corrupt)?,
                countable: Countable::new(number(countable)?),
                epoch: Epoch::new(number(epoch)?),
                membership_seq: Seq::new(number(membership)?),
                effect_seq: Seq::new(number(effect)?),
            }))
        }
        (None, ..) => Ok(None),
        (Some(seq), ..) => Err(corrupt(format!("the head {seq} lacks static columns"))),
    }
}

/// A content as stored.
pub(crate) fn content(json: &str) -> Result<Content, StoreError> {
    serde_json::from_str(json).map_err(corrupt)
}

/// A content as it shall be stored.
pub(crate) fn content_json(content: &Content) -> String {
    serde_json::to_string(content).expect("content is always writable")
}
