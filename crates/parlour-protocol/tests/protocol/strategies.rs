//! Arbitrary values of the model's types and of the types shared by frames and REST bodies.

use std::collections::BTreeMap;

use parlour_model::{
    AppData, Body, ChatId, ChatType, ChosenStatus, Content, Countable, DisplayName, Emoji, Event,
    EventId, EventKey, HistoryVisibility, NewMember, Presence, PresenceStatus, Role, Seq,
    SessionId, Timestamp, Title, UserId, UserName,
};
use parlour_protocol::{
    ChatBody, MemberBody, MessageBody, MessageStatus, Reference, Secret, UserBody, WireEvent,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Numbers of ids: small ones, and those a double cannot hold.
fn id_number() -> impl Strategy<Value = u64> {
    prop_oneof![1..1_000_u64, (1 << 53)..=i64::MAX as u64]
}

pub(crate) fn user() -> impl Strategy<Value = UserId> {
    id_number().prop_map(|n| UserId::new(n).unwrap())
}

pub(crate) fn chat() -> impl Strategy<Value = ChatId> {
    id_number().prop_map(|n| ChatId::new(n).unwrap())
}

pub(crate) fn session() -> impl Strategy<Value = SessionId> {
    id_number().prop_map(|n| SessionId::new(n).unwrap())
}

pub(crate) fn event_id() -> impl Strategy<Value = EventId> {
    id_number().prop_map(|n| EventId::new(n).unwrap())
}

pub(crate) fn seq() -> impl Strategy<Value = Seq> {
    prop_oneof![1..1_000_u64, 1..Seq::LIMIT.get()].prop_map(Seq::new)
}

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    (0..1_u64 << 53).prop_map(Timestamp::from_millis)
}

pub(crate) fn key() -> impl Strategy<Value = EventKey> {
    (0..1_u64 << 47).prop_map(|millis| EventKey::generate(Timestamp::from_millis(millis)))
}

pub(crate) fn reference() -> impl Strategy<Value = Option<Reference>> {
    option::of("[ -~]{0,64}".prop_map(|text| Reference::new(text).unwrap()))
}

pub(crate) fn secret() -> impl Strategy<Value = Secret> {
    "\\PC{0,40}".prop_map(Secret::new)
}

pub(crate) fn cursors() -> impl Strategy<Value = BTreeMap<ChatId, Seq>> {
    btree_map(chat(), seq(), 0..5)
}

pub(crate) fn user_name() -> impl Strategy<Value = UserName> {
    "[a-z0-9_.]{3,32}".prop_map(|text| UserName::new(&text).unwrap())
}

pub(crate) fn display_name() -> impl Strategy<Value = DisplayName> {
    "[^\\s\\p{Cc}]{1,16}".prop_map(|text| DisplayName::new(&text).unwrap())
}

pub(crate) fn title() -> impl Strategy<Value = Title> {
    "[^\\s\\p{Cc}]{1,16}".prop_map(|text| Title::new(&text).unwrap())
}

pub(crate) fn emoji() -> impl Strategy<Value = Emoji> {
    select(vec!["👍", "👨‍👩‍👧‍👦", "❤️", ":party:"]).prop_map(|text| Emoji::new(text).unwrap())
}

pub(crate) fn role() -> impl Strategy<Value = Role> {
    select(vec![Role::Member, Role::Admin, Role::Owner])
}

pub(crate) fn history() -> impl Strategy<Value = HistoryVisibility> {
    select(vec![HistoryVisibility::All, HistoryVisibility::SinceJoin])
}

pub(crate) fn chosen_status() -> impl Strategy<Value = ChosenStatus> {
    select(vec![
        ChosenStatus::Online,
        ChosenStatus::Away,
        ChosenStatus::Busy,
        ChosenStatus::Invisible,
    ])
}

pub(crate) fn presence() -> impl Strategy<Value = Presence> {
    let status = select(vec![
        PresenceStatus::Online,
        PresenceStatus::Away,
        PresenceStatus::Busy,
        PresenceStatus::Offline,
        PresenceStatus::Unknown,
    ]);
    (user(), status, option::of(time()), 0..1_u64 << 53).prop_map(
        |(user, status, last_seen, version)| Presence {
            user,
            status,
            last_seen,
            version,
        },
    )
}

/// Whatever JSON can hold, at most eight levels deep.
pub(crate) fn json_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |n| n.is_finite())
            .prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

pub(crate) fn body() -> BoxedStrategy<Body> {
    let text = "\\PC{1,40}".prop_map(Body::text);
    let custom = json_value().prop_map(|data| json!({"type": "custom", "name": "x", "data": data}));
    let of_tomorrow =
        json_value().prop_map(|data| json!({"type": "poll", "options": data, "more": null}));
    let other = prop_oneof![custom, of_tomorrow].prop_map(|body| Body::from_value(body).unwrap());
    prop_oneof![text, other].boxed()
}

/// Data of an application, none among them.
pub(crate) fn app_data() -> impl Strategy<Value = AppData> {
    let fields = btree_map("[a-z]{1,5}", json_value(), 0..3);
    fields.prop_map(|fields| AppData::from_value(json!(fields)).unwrap())
}

fn new_members() -> impl Strategy<Value = Vec<NewMember>> {
    vec(
        (user(), role()).prop_map(|(user, role)| NewMember { user, role }),
        0..4,
    )
}

/// A content of every kind.
pub(crate) fn content() -> BoxedStrategy<Content> {
    prop_oneof![
        (body(), option::of(seq()))
            .prop_map(|(body, reply_to)| Content::Message { body, reply_to }),
        (seq(), body()).prop_map(|(target, body)| Content::MessageEdited { target, body }),
        seq().prop_map(|target| Content::MessageDeleted { target }),
        (seq(), emoji(), any::<bool>()).prop_map(|(target, emoji, on)| Content::ReactionChanged {
            target,
            emoji,
            on
        }),
        (seq(), any::<bool>()).prop_map(|(target, on)| Content::PinChanged { target, on }),
        new_members().prop_map(|users| Content::MembersAdded { users }),
        user().prop_map(|user| Content::MemberRemoved { user }),
        (user(), role()).prop_map(|(user, role)| Content::RoleChanged { user, role }),
        (
            option::of(title()),
            option::of(history()),
            option::of(app_data())
        )
            .prop_map(|(title, history, data)| Content::ChatChanged {
                title,
                history,
                data
            }),
        (
            chat_type(),
            option::of(title()),
            history(),
            app_data(),
            new_members()
        )
            .prop_map(
                |(chat_type, title, history, data, users)| Content::ChatCreated {
                    chat_type,
                    title,
                    history,
                    data,
                    users
                }
            ),
        Just(Content::Hidden {}),
    ]
    .boxed()
}

pub(crate) fn chat_type() -> impl Strategy<Value = ChatType> {
    select(vec![ChatType::Direct, ChatType::Group])
}

pub(crate) fn event() -> BoxedStrategy<Event> {
    (chat(), seq(), event_id(), user(), key(), content(), time())
        .prop_map(|(chat, seq, id, author, key, content, sent_at)| Event {
            chat,
            seq,
            id,
            author,
            key,
            content,
            sent_at,
            countable: Countable::ZERO,
            prev_effect: Seq::ZERO,
            erased: false,
        })
        .boxed()
}

pub(crate) fn wire_event() -> BoxedStrategy<WireEvent> {
    (event(), any::<bool>())
        .prop_map(|(event, own)| WireEvent::new(&event, own))
        .boxed()
}

pub(crate) fn message_status() -> impl Strategy<Value = MessageStatus> {
    select(vec![
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Read,
    ])
}

pub(crate) fn message() -> BoxedStrategy<MessageBody> {
    let event = (event(), any::<bool>()).prop_filter("a line", |(e, _)| e.content.is_line());
    let overlay = (
        option::of((body(), time())),
        any::<bool>(),
        any::<bool>(),
        btree_map(emoji(), vec(user(), 1..3), 0..3),
    );
    (event, overlay, option::of(message_status()))
        .prop_map(
            |((event, own), (edited, deleted, pinned, reactions), status)| {
                let overlay = parlour_model::Overlay {
                    edited,
                    deleted,
                    pinned,
                    reactions,
                };
                let message = parlour_model::Message::new(event, overlay);
                MessageBody {
                    status,
                    ..MessageBody::new(message, own)
                }
            },
        )
        .boxed()
}

pub(crate) fn user_body() -> BoxedStrategy<UserBody> {
    (
        user(),
        user_name(),
        display_name(),
        option::of("[a-z:/.]{0,30}"),
        app_data(),
        (time(), time()),
    )
        .prop_map(
            |(id, username, display_name, avatar_url, data, (created_at, updated_at))| UserBody {
                id,
                username,
                display_name,
                avatar_url,
                data,
                created_at,
                updated_at,
            },
        )
        .boxed()
}

pub(crate) fn member_body() -> impl Strategy<Value = MemberBody> {
    (user(), role(), time(), seq(), seq()).prop_map(|(user, role, joined_at, delivered, read)| {
        MemberBody {
            user,
            role,
            joined_at,
            delivered,
            read,
        }
    })
}

pub(crate) fn chat_body() -> BoxedStrategy<ChatBody> {
    let about = (option::of(title()), app_data());
    let settings = (chat(), chat_type(), about, time(), time());
    let own = (role(), seq(), seq(), seq(), 0..1_u64 << 53);
    let rest = (
        option::of(message()),
        0..1_000_u64,
        option::of(vec(member_body(), 0..3)),
    );
    (settings, own, rest)
        .prop_map(|(settings, own, (last_message, member_count, members))| {
            let (id, chat_type, (title, data), created_at, updated_at) = settings;
            let (role, head, read, delivered, unread) = own;
            ChatBody {
                id,
                chat_type,
                title,
                data,
                created_at,
                updated_at,
                role,
                head,
                read,
                delivered,
                unread,
                last_message,
                member_count,
                members,
            }
        })
        .boxed()
}
