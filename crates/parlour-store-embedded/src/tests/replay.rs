//! Effects written late, twice and in any order leave the same tables.

use parlour_model::{
    AppData, Body, Content, Countable, Emoji, Event, EventId, EventKey, HistoryVisibility,
    NewMember, Role, Seq, Title,
};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;

use super::{START, chat_id, creation, memory, text, user};
use crate::{append, effects, rows};

/// All that the effects write, deletions in the logs included.
const TABLES: [&str; 6] = [
    "chats",
    "members",
    "overlay",
    "reactions",
    "lines",
    "changes",
];

fn some_content() -> impl Strategy<Value = Content> {
    let target = (1_u64..12).prop_map(Seq::new);
    let who = (1_u64..4).prop_map(user);
    let role = prop_oneof![Just(Role::Member), Just(Role::Admin)];
    let body = "[a-z]{1,5}".prop_map(Body::text);
    let emoji = prop_oneof![Just("👍"), Just("🎉")].prop_map(|text| Emoji::new(text).unwrap());
    let title = "[a-z]{1,5}".prop_map(|text| Title::new(&text).unwrap());
    let data = (0..3).prop_map(|number| match number {
        0 => AppData::default(),
        number => AppData::from_value(json!({ "number": number })).unwrap(),
    });
    let history = prop_oneof![
        Just(HistoryVisibility::All),
        Just(HistoryVisibility::SinceJoin)
    ];
    prop_oneof![
        "[a-z]{1,5}".prop_map(|said| text(&said)),
        (target.clone(), body).prop_map(|(target, body)| Content::MessageEdited { target, body }),
        target
            .clone()
            .prop_map(|target| Content::MessageDeleted { target }),
        (target.clone(), emoji, any::<bool>())
            .prop_map(|(target, emoji, on)| Content::ReactionChanged { target, emoji, on }),
        (target, any::<bool>()).prop_map(|(target, on)| Content::PinChanged { target, on }),
        (who.clone(), role.clone()).prop_map(|(user, role)| Content::MembersAdded {
            users: vec![NewMember { user, role }]
        }),
        who.clone().prop_map(|user| Content::MemberRemoved { user }),
        (who, role).prop_map(|(user, role)| Content::RoleChanged { user, role }),
        (option::of(title), option::of(history), option::of(data)).prop_map(
            |(title, history, data)| Content::ChatChanged {
                title,
                history,
                data
            }
        ),
    ]
}

fn log(contents: Vec<Content>) -> Vec<Event> {
    let contents = std::iter::once(creation()).chain(contents);
    (1_u64..)
        .zip(contents)
        .map(|(number, content)| Event {
            chat: chat_id(1),
            seq: Seq::new(number),
            id: EventId::new(number).unwrap(),
            author: user(number % 3 + 1),
            key: EventKey::generate(START),
            content,
            sent_at: START,
            countable: Countable::new(number),
            prev_effect: Seq::ZERO,
            erased: false,
        })
        .collect()
}

fn insert(conn: &Connection, event: &Event) {
    append::insert(conn, event, &rows::content_json(&event.content)).unwrap();
}

fn dump(conn: &Connection) -> Vec<Vec<Value>> {
    let mut cells = Vec::new();
    for table in TABLES {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map((), |row| (0..columns).map(|i| row.get(i)).collect());
        cells.extend(rows.unwrap().map(Result::unwrap));
    }
    cells
}

proptest! {
    #[test]
    fn effects_late_twice_and_in_any_order_leave_the_same_tables(
        (events, replay) in prop::collection::vec(some_content(), 1..24).prop_flat_map(|contents| {
            let events = log(contents);
            let twice: Vec<Event> = events.iter().chain(&events).cloned().collect();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        let as_committed = memory();
        for event in &events {
            insert(&as_committed, event);
            effects::apply(&as_committed, event).unwrap();
        }
        let late = memory();
        events.iter().for_each(|event| insert(&late, event));
        for event in &replay {
            effects::apply(&late, event).unwrap();
        }
        prop_assert_eq!(dump(&as_committed), dump(&late));
    }
}
