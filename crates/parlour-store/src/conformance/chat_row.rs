//! The chat's own row: title, settings and data, each what the log said last.

use std::time::Duration;

use parlour_model::{AppData, ChatType, Clock, Content, HistoryVisibility, NewMember, Role, Title};
use serde_json::json;

use super::Fixture;
use super::room::{Room, new_chat_id};
use crate::{Creation, NewChat};

/// Title and history change alone; what is not named stays, and the time of the change is kept.
pub async fn title_and_history_change_alone(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let created_at = room.clock.now();
    let title = |text| Some(Title::new(text).expect("a title"));
    let steps = [
        (title("First"), None, title("First"), HistoryVisibility::All),
        (
            None,
            Some(HistoryVisibility::SinceJoin),
            title("First"),
            HistoryVisibility::SinceJoin,
        ),
        (
            title("Second"),
            Some(HistoryVisibility::All),
            title("Second"),
            HistoryVisibility::All,
        ),
    ];
    for (title, history, expected_title, expected_history) in steps {
        room.clock.advance(Duration::from_secs(60));
        let data = None;
        let change = Content::ChatChanged {
            title,
            history,
            data,
        };
        room.post(room.owner, change).await;
        let chat = room.authority(room.owner).await.chat;
        assert_eq!(
            (chat.title, chat.history),
            (expected_title, expected_history)
        );
        assert_eq!(
            (chat.created_at, chat.updated_at),
            (created_at, room.clock.now())
        );
        room.fill(3).await;
    }
}

/// The data of a chat is what was set last, whole, and nothing else touches it.
pub async fn the_data_of_a_chat_is_set_replaced_and_taken_away(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let data = |value| AppData::from_value(value).expect("an object");
    let first = data(json!({"topic": "ü", "tags": [1, {"deep": null}]}));
    let steps = [
        (None, AppData::default()),
        (Some(first.clone()), first.clone()),
        (None, first),
        (Some(data(json!({"b": 1.5}))), data(json!({"b": 1.5}))),
        (Some(AppData::default()), AppData::default()),
    ];
    for (data, expected) in steps {
        room.clock.advance(Duration::from_secs(60));
        let title = data
            .is_none()
            .then(|| Title::new("Title").expect("a title"));
        let change = Content::ChatChanged {
            title,
            history: None,
            data,
        };
        let event = room.post(room.owner, change.clone()).await;
        assert_eq!(room.log().await.last(), Some(&event));
        assert_eq!(event.content, change);
        let chat = room.authority(room.owner).await.chat;
        assert_eq!((chat.data, chat.updated_at), (expected, room.clock.now()));
        assert!(chat.title.is_some());
        room.fill(3).await;
    }
}

/// A chat has the data it was created with.
pub async fn a_new_chat_has_the_data_it_was_created_with(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let data = AppData::from_value(json!({"topic": "first"})).expect("an object");
    let new = NewChat {
        id: new_chat_id(),
        creator: room.owner,
        key: room.key(),
        content: Content::ChatCreated {
            chat_type: ChatType::Group,
            title: None,
            history: HistoryVisibility::All,
            data: data.clone(),
            users: vec![NewMember {
                user: room.owner,
                role: Role::Owner,
            }],
        },
    };
    let creation = room.store.create(new.clone()).await.expect("create");
    let Creation::Created(event) = creation else {
        panic!("{creation:?}");
    };
    assert_eq!(event.content, new.content);
    let authority = room.store.authority(new.id, room.owner).await;
    let authority = authority.expect("authority").expect("the chat exists");
    assert_eq!(authority.chat.data, data);
}
