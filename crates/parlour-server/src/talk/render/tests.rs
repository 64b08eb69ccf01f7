//! How events, messages and presence read.

use parlour_model::{
    AppData, ChatId, Countable, Emoji, EventId, HistoryVisibility, Role, Seq, Title,
};
use parlour_protocol::ReactionBody;

use super::*;

const ANN: u64 = 1;
const BOB: u64 = 2;
const CAROL: u64 = 3;

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn names(user: UserId) -> String {
    match user.get() {
        ANN => "you".to_owned(),
        BOB => "Bob".to_owned(),
        CAROL => "Carol".to_owned(),
        other => format!("user {other}"),
    }
}

fn line(seq: u64, author: u64, content: Content) -> MessageBody {
    let message = parlour_model::Message {
        chat: ChatId::new(9).unwrap(),
        seq: Seq::new(seq),
        id: EventId::new(seq).unwrap(),
        author: user(author),
        key: parlour_model::EventKey::generate(Timestamp::from_millis(1)),
        content,
        sent_at: Timestamp::from_millis(1),
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
        pinned: false,
    };
    MessageBody::new(message, false)
}

fn event_of(seq: u64, author: u64, content: Content) -> WireEvent {
    let event = parlour_model::Event {
        chat: ChatId::new(9).unwrap(),
        seq: Seq::new(seq),
        id: EventId::new(seq).unwrap(),
        author: user(author),
        key: parlour_model::EventKey::generate(Timestamp::from_millis(1)),
        content,
        sent_at: Timestamp::from_millis(1),
        countable: Countable::new(1),
        prev_effect: Seq::default(),
        erased: false,
    };
    WireEvent::new(&event, false)
}

fn shown(seq: u64, author: u64, content: Content) -> String {
    let line = event(&event_of(seq, author, content), &names);
    line.map_or(String::new(), |line| line.text().to_owned())
}

fn said(text: &str) -> Content {
    Content::Message {
        body: Body::text(text),
        reply_to: None,
    }
}

fn member(number: u64) -> NewMember {
    NewMember {
        user: user(number),
        role: Role::Member,
    }
}

#[test]
fn events_read_like_a_conversation() {
    let target = Seq::new(4);
    assert_eq!(shown(12, BOB, said("hi")), "[12] Bob: hi");
    let reply = Content::Message {
        body: Body::text("yes"),
        reply_to: Some(target),
    };
    assert_eq!(shown(12, BOB, reply), "[12] Bob (to [4]): yes");
    let edit = Content::MessageEdited {
        target,
        body: Body::text("ho"),
    };
    assert_eq!(shown(12, BOB, edit), "[4] Bob (edited): ho");
    let delete = Content::MessageDeleted { target };
    assert_eq!(shown(12, BOB, delete), "Bob deleted [4]");
    let react = |on| Content::ReactionChanged {
        target,
        emoji: Emoji::new("👍").unwrap(),
        on,
    };
    assert_eq!(shown(12, BOB, react(true)), "Bob put 👍 on [4]");
    assert_eq!(shown(12, BOB, react(false)), "Bob took 👍 off [4]");
}

#[test]
fn what_happens_to_members_and_titles_is_told_in_words() {
    let created = Content::ChatCreated {
        chat_type: ChatType::Group,
        title: Some(Title::new("Lunch").unwrap()),
        history: HistoryVisibility::All,
        data: AppData::default(),
        users: vec![member(ANN), member(BOB), member(CAROL)],
    };
    assert_eq!(
        shown(1, ANN, created),
        "you made the group “Lunch” with Bob, Carol"
    );
    let added = Content::MembersAdded {
        users: vec![member(CAROL)],
    };
    assert_eq!(shown(2, BOB, added), "Bob added Carol");
    let removed = |number| Content::MemberRemoved { user: user(number) };
    assert_eq!(shown(3, BOB, removed(CAROL)), "Bob removed Carol");
    assert_eq!(shown(3, BOB, removed(BOB)), "Bob left");
    let role = Content::RoleChanged {
        user: user(ANN),
        role: Role::Admin,
    };
    assert_eq!(shown(4, BOB, role), "Bob gave you the role admin");
    assert_eq!(shown(5, BOB, Content::Hidden {}), "");
}

#[test]
fn a_kind_of_a_newer_server_is_passed_over() {
    let mut unknown = event_of(7, BOB, said("hi"));
    unknown.kind = "poll_opened".to_owned();
    assert_eq!(event(&unknown, &names), None);
}

#[test]
fn a_message_shows_what_became_of_it() {
    let mut own = line(8, ANN, said("helo"));
    own.edited_at = Some(Timestamp::from_millis(2));
    own.reactions = vec![ReactionBody {
        emoji: Emoji::new("👍").unwrap(),
        users: vec![user(BOB), user(CAROL)],
    }];
    own.status = Some(MessageStatus::Delivered);
    let shown = |body: &MessageBody| message(body, &names).unwrap().text().to_owned();
    assert_eq!(shown(&own), "[8] you: helo (edited) 👍×2 ✓✓");
    own.deleted = true;
    assert_eq!(shown(&own), "[8] you: (deleted)");
}

#[test]
fn a_gist_is_short_and_says_that_it_is() {
    assert_eq!(gist("hello"), "hello");
    assert_eq!(gist("one\ntwo"), "one…");
    let long = "é".repeat(GIST_CHARS + 1);
    assert_eq!(gist(&long), format!("{}…", "é".repeat(GIST_CHARS)));
}

#[test]
fn presence_says_how_long_ago_somebody_was_seen() {
    let minute = 60_000;
    let seen = |ago: u64| {
        let presence_of = Presence {
            user: user(BOB),
            status: PresenceStatus::Offline,
            last_seen: Some(Timestamp::from_millis(1_000_000_000 - ago)),
            version: 1,
        };
        presence(&presence_of, Timestamp::from_millis(1_000_000_000))
    };
    assert_eq!(seen(0), "offline, seen just now");
    assert_eq!(seen(5 * minute), "offline, seen 5 min ago");
    assert_eq!(seen(61 * minute), "offline, seen 1 h ago");
    assert_eq!(seen(3 * 24 * 60 * minute), "offline, seen 3 d ago");
}
