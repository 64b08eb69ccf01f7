//! One chat with one member, for tests about the folder around it.

use std::sync::Arc;

use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Draft, Epoch, Event, EventKey,
    HistoryVisibility, IdGenerator, NewMember, NodeNumber, Role, Seq, SystemClock, Timestamp,
    UserId,
};
use parlour_store::{ChatLog, NewChat, Outcome};
use parlour_store_embedded::{EmbeddedStore, Options};

pub(crate) const CHAT: u64 = 7;

pub(crate) fn chat() -> ChatId {
    ChatId::new(CHAT).unwrap()
}

pub(crate) fn owner() -> UserId {
    UserId::new(1).unwrap()
}

pub(crate) fn options(bucket_events: u64) -> Options {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    Options {
        clock,
        ids: Arc::new(ids),
        bucket_events,
        readers: 1,
    }
}

pub(crate) async fn create(store: &EmbeddedStore) {
    let users = vec![NewMember {
        user: owner(),
        role: Role::Owner,
    }];
    let new = NewChat {
        id: chat(),
        creator: owner(),
        key: key(),
        content: Content::ChatCreated {
            chat_type: ChatType::Group,
            title: None,
            history: HistoryVisibility::All,
            data: AppData::default(),
            users,
        },
    };
    store.create(new).await.unwrap();
}

pub(crate) fn key() -> EventKey {
    EventKey::generate(SystemClock::new().now())
}

pub(crate) fn draft(content: Content) -> Draft {
    Draft::new(owner(), key(), Epoch::ZERO, content)
}

pub(crate) async fn post(store: &EmbeddedStore, content: Content) -> Event {
    let appended = store.append(chat(), vec![draft(content)]).await;
    match appended.outcomes.into_iter().next() {
        Some(Outcome::Created(event)) => event,
        other => panic!("not created: {other:?}"),
    }
}

pub(crate) fn message(text: &str) -> Content {
    Content::Message {
        body: Body::text(text),
        reply_to: None,
    }
}

pub(crate) fn edit(target: Seq, text: &str) -> Content {
    Content::MessageEdited {
        target,
        body: Body::text(text),
    }
}
