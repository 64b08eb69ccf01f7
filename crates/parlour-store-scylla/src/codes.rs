//! What stands for values of the model in the columns of the projection and of people's tables.
//!
//! A code that was published keeps its meaning. What cannot be read back is [`StoreError::Corrupt`], never a guess.

use parlour_model::{
    AppData, Audience, Body, ChatType, ChosenStatus, HistoryVisibility, Role, Seq, SessionId,
    Timestamp, UserId,
};
use parlour_store::StoreError;

use crate::columns::{corrupt, number};

/// The seq in a column; a cell that was never written is zero.
pub(crate) fn seq(column: Option<i64>) -> Result<Seq, StoreError> {
    number(column.unwrap_or(0)).map(Seq::new)
}

/// The time in a column.
pub(crate) fn time(column: i64) -> Result<Timestamp, StoreError> {
    number(column).map(Timestamp::from_millis)
}

/// The time in a column where zero and nothing stand for "never".
pub(crate) fn time_or_never(column: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    match column {
        None | Some(0) => Ok(None),
        Some(at) => time(at).map(Some),
    }
}

/// The user in a column.
pub(crate) fn user(column: i64) -> Result<UserId, StoreError> {
    UserId::new(number(column)?).map_err(corrupt)
}

/// The session in a column.
pub(crate) fn session(column: i64) -> Result<SessionId, StoreError> {
    SessionId::new(number(column)?).map_err(corrupt)
}

/// A body as stored.
pub(crate) fn body(json: &str) -> Result<Body, StoreError> {
    serde_json::from_str(json).map_err(corrupt)
}

/// A body as it shall be stored.
pub(crate) fn body_json(body: &Body) -> String {
    serde_json::to_string(body).expect("a body is always writable")
}

/// The data of an application as stored; a cell that was never written holds none.
pub(crate) fn app_data(json: Option<&str>) -> Result<AppData, StoreError> {
    json.map_or(Ok(AppData::default()), |json| {
        serde_json::from_str(json).map_err(corrupt)
    })
}

/// The number of a role.
pub(crate) fn role_code(role: Role) -> i8 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}

/// The role of a number.
pub(crate) fn role(code: i8) -> Result<Role, StoreError> {
    match code {
        0 => Ok(Role::Member),
        1 => Ok(Role::Admin),
        2 => Ok(Role::Owner),
        other => Err(corrupt(format_args!("{other} is not a role"))),
    }
}

/// The number of a chat type.
pub(crate) fn chat_type_code(chat_type: ChatType) -> i8 {
    match chat_type {
        ChatType::Direct => 0,
        ChatType::Group => 1,
    }
}

/// The chat type of a number.
pub(crate) fn chat_type(code: i8) -> Result<ChatType, StoreError> {
    match code {
        0 => Ok(ChatType::Direct),
        1 => Ok(ChatType::Group),
        other => Err(corrupt(format_args!("{other} is not a chat type"))),
    }
}

/// The number of a visibility.
pub(crate) fn history_code(history: HistoryVisibility) -> i8 {
    match history {
        HistoryVisibility::All => 0,
        HistoryVisibility::SinceJoin => 1,
    }
}

/// The visibility of a number.
pub(crate) fn history(code: i8) -> Result<HistoryVisibility, StoreError> {
    match code {
        0 => Ok(HistoryVisibility::All),
        1 => Ok(HistoryVisibility::SinceJoin),
        other => Err(corrupt(format_args!("{other} is not a visibility"))),
    }
}

/// The number of a status.
pub(crate) fn status_code(status: ChosenStatus) -> i8 {
    match status {
        ChosenStatus::Online => 0,
        ChosenStatus::Away => 1,
        ChosenStatus::Busy => 2,
        ChosenStatus::Invisible => 3,
    }
}

/// The status of a number.
pub(crate) fn status(code: i8) -> Result<ChosenStatus, StoreError> {
    match code {
        0 => Ok(ChosenStatus::Online),
        1 => Ok(ChosenStatus::Away),
        2 => Ok(ChosenStatus::Busy),
        3 => Ok(ChosenStatus::Invisible),
        other => Err(corrupt(format_args!("{other} is not a status"))),
    }
}

/// The number of an audience.
pub(crate) fn audience_code(audience: Audience) -> i8 {
    match audience {
        Audience::Everyone => 0,
        Audience::Nobody => 1,
    }
}

/// The audience of a number.
pub(crate) fn audience(code: i8) -> Result<Audience, StoreError> {
    match code {
        0 => Ok(Audience::Everyone),
        1 => Ok(Audience::Nobody),
        other => Err(corrupt(format_args!("{other} is not an audience"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_what_it_stands_for() {
        for it in [Role::Member, Role::Admin, Role::Owner] {
            assert_eq!(role(role_code(it)).unwrap(), it);
        }
        for it in [ChatType::Direct, ChatType::Group] {
            assert_eq!(chat_type(chat_type_code(it)).unwrap(), it);
        }
        for it in [HistoryVisibility::All, HistoryVisibility::SinceJoin] {
            assert_eq!(history(history_code(it)).unwrap(), it);
        }
        for it in [
            ChosenStatus::Online,
            ChosenStatus::Away,
            ChosenStatus::Busy,
            ChosenStatus::Invisible,
        ] {
            assert_eq!(status(status_code(it)).unwrap(), it);
        }
        for it in [Audience::Everyone, Audience::Nobody] {
            assert_eq!(audience(audience_code(it)).unwrap(), it);
        }
        assert!(audience(2).is_err());
        assert!(role(3).is_err() && chat_type(2).is_err());
        assert!(history(-1).is_err() && status(4).is_err());
    }

    #[test]
    fn a_number_that_cannot_be_is_said_to_be_corrupt() {
        assert!(matches!(seq(Some(-1)), Err(StoreError::Corrupt(_))));
        assert!(matches!(user(0), Err(StoreError::Corrupt(_))));
        assert_eq!(time_or_never(Some(0)).unwrap(), None);
    }
}
