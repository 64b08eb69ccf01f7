//! How values of the model lie in columns.
//!
//! Numbers of the model are below 2^63 wherever they are stored; a bound from outside that is not (a `through` of
//! "no end") is cut to the largest number a column can hold. What cannot be read back is [`StoreError::Corrupt`].
//!
//! [`StoreError::Corrupt`]: parlour_store::StoreError::Corrupt

use parlour_model::{
    AppData, Audience, Body, ChatId, ChatType, ChosenStatus, Content, Countable, Epoch, Event,
    EventId, EventKey, HistoryVisibility, Member, MemberState, Role, Seq, Timestamp, UserId,
};
use parlour_store::Head;
use rusqlite::Row;
use uuid::Uuid;

use crate::failure::Failure;

/// The columns [`event`] reads, in its order.
pub(crate) const EVENT: &str =
    "seq, id, author, key, content, sent_at, countable, prev_effect, erased";

/// The columns [`head`] reads, in its order.
pub(crate) const HEAD: &str = "seq, id, countable, epoch, membership_seq, effect_seq";

/// The columns [`member`] reads, in its order.
pub(crate) const MEMBER: &str =
    "user, role, joined, joined_seq, joined_countable, joined_at, left_seq";

/// A number as a column holds it.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of rows as a column holds it.
pub(crate) fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The number in a column.
pub(crate) fn number(row: &Row<'_>, column: usize) -> Result<u64, Failure> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Failure::corrupt(format!("{number} is negative")))
}

/// The number in a column, if there is one.
pub(crate) fn optional(row: &Row<'_>, column: usize) -> Result<Option<u64>, Failure> {
    let number: Option<i64> = row.get(column)?;
    number
        .map(|n| u64::try_from(n).map_err(|_| Failure::corrupt(format!("{n} is negative"))))
        .transpose()
}

/// The seq in a column.
pub(crate) fn seq(row: &Row<'_>, column: usize) -> Result<Seq, Failure> {
    number(row, column).map(Seq::new)
}

/// The time in a column.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Failure> {
    number(row, column).map(Timestamp::from_millis)
}

/// An event of `chat`, from the columns [`EVENT`].
pub(crate) fn event(chat: ChatId, row: &Row<'_>) -> Result<Event, Failure> {
    Ok(Event {
        chat,
        seq: seq(row, 0)?,
        id: EventId::new(number(row, 1)?)?,
        author: UserId::new(number(row, 2)?)?,
        key: key(row, 3)?,
        content: content(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
        sent_at: time(row, 5)?,
        countable: Countable::new(number(row, 6)?),
        prev_effect: seq(row, 7)?,
        erased: row.get(8)?,
    })
}

fn key(row: &Row<'_>, column: usize) -> Result<EventKey, Failure> {
    let bytes: [u8; 16] = row.get(column)?;
    EventKey::new(Uuid::from_bytes(bytes)).map_err(Failure::corrupt)
}

/// A content as stored.
pub(crate) fn content(json: &str) -> Result<Content, Failure> {
    serde_json::from_str(json).map_err(Failure::corrupt)
}

/// A content as it shall be stored.
pub(crate) fn content_json(content: &Content) -> String {
    serde_json::to_string(content).expect("content is always writable")
}

/// A body as stored.
pub(crate) fn body(json: &str) -> Result<Body, Failure> {
    serde_json::from_str(json).map_err(Failure::corrupt)
}

/// A body as it shall be stored.
pub(crate) fn body_json(body: &Body) -> String {
    serde_json::to_string(body).expect("a body is always writable")
}

/// The data of an application in a column; none if the column is empty.
pub(crate) fn app_data(row: &Row<'_>, column: usize) -> Result<AppData, Failure> {
    let json: Option<String> = row.get(column)?;
    json.map_or_else(
        || Ok(AppData::default()),
        |json| serde_json::from_str(&json).map_err(Failure::corrupt),
    )
}

/// A head, from the columns [`HEAD`].
pub(crate) fn head(row: &Row<'_>) -> Result<Head, Failure> {
    Ok(Head {
        seq: seq(row, 0)?,
        id: EventId::new(number(row, 1)?)?,
        countable: Countable::new(number(row, 2)?),
        epoch: Epoch::new(number(row, 3)?),
        membership_seq: seq(row, 4)?,
        effect_seq: seq(row, 5)?,
    })
}

/// A member, from the columns [`MEMBER`] that start at `first`.
pub(crate) fn member(row: &Row<'_>, first: usize) -> Result<Member, Failure> {
    let joined: bool = row.get(first + 2)?;
    let left = seq(row, first + 6)?;
    Ok(Member {
        user: UserId::new(number(row, first)?)?,
        role: role(number(row, first + 1)?)?,
        state: if joined {
            MemberState::Joined
        } else {
            MemberState::Left
        },
        joined_seq: seq(row, first + 3)?,
        joined_countable: Countable::new(number(row, first + 4)?),
        joined_at: time(row, first + 5)?,
        left_seq: (left > Seq::ZERO).then_some(left),
    })
}

/// The number of a role.
pub(crate) fn role_number(role: Role) -> i64 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}

fn role(number: u64) -> Result<Role, Failure> {
    match number {
        0 => Ok(Role::Member),
        1 => Ok(Role::Admin),
        2 => Ok(Role::Owner),
        other => Err(Failure::corrupt(format!("{other} is not a role"))),
    }
}

/// The number of a chat type.
pub(crate) fn chat_type_number(chat_type: ChatType) -> i64 {
    match chat_type {
        ChatType::Direct => 0,
        ChatType::Group => 1,
    }
}

/// The chat type of a number.
pub(crate) fn chat_type(number: u64) -> Result<ChatType, Failure> {
    match number {
        0 => Ok(ChatType::Direct),
        1 => Ok(ChatType::Group),
        other => Err(Failure::corrupt(format!("{other} is not a chat type"))),
    }
}

/// The number of a visibility.
pub(crate) fn history_number(history: HistoryVisibility) -> i64 {
    match history {
        HistoryVisibility::All => 0,
        HistoryVisibility::SinceJoin => 1,
    }
}

/// The visibility of a number.
pub(crate) fn history(number: u64) -> Result<HistoryVisibility, Failure> {
    match number {
        0 => Ok(HistoryVisibility::All),
        1 => Ok(HistoryVisibility::SinceJoin),
        other => Err(Failure::corrupt(format!("{other} is not a visibility"))),
    }
}

/// The number of a status.
pub(crate) fn status_number(status: ChosenStatus) -> i64 {
    match status {
        ChosenStatus::Online => 0,
        ChosenStatus::Away => 1,
        ChosenStatus::Busy => 2,
        ChosenStatus::Invisible => 3,
    }
}

/// The status of a number.
pub(crate) fn status(number: u64) -> Result<ChosenStatus, Failure> {
    match number {
        0 => Ok(ChosenStatus::Online),
        1 => Ok(ChosenStatus::Away),
        2 => Ok(ChosenStatus::Busy),
        3 => Ok(ChosenStatus::Invisible),
        other => Err(Failure::corrupt(format!("{other} is not a status"))),
    }
}

/// The number of an audience.
pub(crate) fn audience_number(audience: Audience) -> i64 {
    match audience {
        Audience::Everyone => 0,
        Audience::Nobody => 1,
    }
}

/// The audience of a number.
pub(crate) fn audience(number: u64) -> Result<Audience, Failure> {
    match number {
        0 => Ok(Audience::Everyone),
        1 => Ok(Audience::Nobody),
        other => Err(Failure::corrupt(format!("{other} is not an audience"))),
    }
}
