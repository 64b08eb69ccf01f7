//! Tests that need to look inside: at the tables, at the writer's commit, at its bounds.

mod crash;
mod faults;
mod groups;
mod replay;

use std::path::Path;
use std::sync::Arc;

use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Draft, Epoch, Event, EventKey,
    HistoryVisibility, IdGenerator, ManualClock, NewMember, NodeNumber, Role, Timestamp, UserId,
};
use parlour_store::{ChatLog, Creation, NewChat, Outcome};
use rusqlite::Connection;

use crate::open::VERSIONS;
use crate::writer::Tuning;
use crate::{EmbeddedStore, Options};

/// Some time in 2027.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A connection with the tables, in memory.
pub(crate) fn memory() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    for tables in VERSIONS {
        conn.execute_batch(tables).unwrap();
    }
    conn
}

/// A store in `dir` with one reader.
pub(crate) fn open(dir: &Path, clock: &Arc<ManualClock>, tuning: Tuning) -> EmbeddedStore {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    let options = Options {
        clock,
        ids: Arc::new(ids),
        bucket_events: 4,
        readers: 1,
    };
    EmbeddedStore::open_tuned(dir, options, tuning).unwrap()
}

/// A clock at [`START`].
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START))
}

pub(crate) fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn chat_id(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

pub(crate) fn text(text: &str) -> Content {
    Content::Message {
        body: Body::text(text),
        reply_to: None,
    }
}

/// A draft of user 1 with a new key, checked at epoch 0.
pub(crate) fn draft(content: Content) -> Draft {
    Draft::new(user(1), EventKey::generate(START), Epoch::ZERO, content)
}

/// The creation of a group with user 1 in it.
pub(crate) fn creation() -> Content {
    Content::ChatCreated {
        chat_type: ChatType::Group,
        title: None,
        history: HistoryVisibility::All,
        data: AppData::default(),
        users: vec![NewMember {
            user: user(1),
            role: Role::Owner,
        }],
    }
}

/// Creates a group of user 1.
pub(crate) async fn create(store: &EmbeddedStore, chat: ChatId) -> Event {
    let new = NewChat {
        id: chat,
        creator: user(1),
        key: EventKey::generate(START),
        content: creation(),
    };
    match store.create(new).await.unwrap() {
        Creation::Created(event) | Creation::Existing(event) => event,
    }
}

/// What became of one draft.
pub(crate) async fn append(store: &EmbeddedStore, chat: ChatId, draft: Draft) -> Outcome {
    let appended = store.append(chat, vec![draft]).await;
    appended.outcomes.into_iter().next().unwrap()
}

/// Appends a text that must be new.
pub(crate) async fn say(store: &EmbeddedStore, chat: ChatId, said: &str) -> Event {
    match append(store, chat, draft(text(said))).await {
        Outcome::Created(event) => event,
        other => panic!("not created: {other:?}"),
    }
}
