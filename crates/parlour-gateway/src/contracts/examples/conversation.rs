//! What the server tells of the conversation itself: events, a page of messages, the chat.

use parlour_model::{
    AppData, Body, ChatType, Content, Countable, Emoji, Event, Message, NewMember, Overlay, Role,
    Seq, Title, UserId,
};
use parlour_protocol::{
    ChatBody, ChatNotice, LeftChat, MemberBody, MessageBody, PageFrame, ServerFrame, WireEvent,
};

use super::{ann, at, bob, event_id, key, lunch, reference, seq};

/// Examples of the frames that carry a part of the log or what follows from it.
pub(super) fn frames() -> Vec<(&'static str, ServerFrame)> {
    [events(), pages(), chats()].into_iter().flatten().collect()
}

fn events() -> Vec<(&'static str, ServerFrame)> {
    let event = |event: &Event| {
        let is_own = event.author == ann();
        ServerFrame::Event(Box::new(WireEvent::new(event, is_own)))
    };
    let added = vec![NewMember {
        user: bob(),
        role: Role::Member,
    }];
    let reaction = Content::ReactionChanged {
        target: seq(43),
        emoji: Emoji::new("👍").expect("it is one"),
        on: true,
    };
    let edit = Content::MessageEdited {
        target: seq(44),
        body: Body::text("At one?"),
    };
    vec![
        (
            "Somebody's message.",
            event(&message(bob(), 43, "With olives")),
        ),
        (
            "One's own, on all of one's devices: with its key.",
            event(&message(ann(), 42, "Pizza?")),
        ),
        (
            "A message has another text.",
            event(&happened(ann(), 45, edit)),
        ),
        (
            "A message was deleted.",
            event(&happened(
                ann(),
                46,
                Content::MessageDeleted { target: seq(44) },
            )),
        ),
        ("A reaction.", event(&happened(ann(), 47, reaction))),
        (
            "Somebody became a member.",
            event(&happened(ann(), 2, Content::MembersAdded { users: added })),
        ),
    ]
}

fn message(author: UserId, at: u64, text: &str) -> Event {
    let content = Content::Message {
        body: Body::text(text),
        reply_to: None,
    };
    happened(author, at, content)
}

fn happened(author: UserId, position: u64, content: Content) -> Event {
    Event {
        chat: lunch(),
        seq: seq(position),
        id: event_id(position),
        author,
        key: key(position),
        content,
        sent_at: at(60 + position),
        countable: Countable::new(0),
        prev_effect: Seq::ZERO,
        erased: false,
    }
}

fn pages() -> Vec<(&'static str, ServerFrame)> {
    let deleted = Overlay {
        deleted: true,
        ..Overlay::default()
    };
    let mut erased = message(ann(), 44, "");
    erased.erased = true;
    let messages = vec![
        MessageBody::new(
            Message::new(message(bob(), 43, "With olives"), Overlay::default()),
            false,
        ),
        MessageBody::new(Message::new(erased, deleted), true),
    ];
    let page = PageFrame {
        reference: reference("14"),
        messages,
        has_before: true,
        has_after: false,
        at: seq(47),
    };
    vec![(
        "Two messages, of which one was deleted.",
        ServerFrame::Page(page),
    )]
}

fn chats() -> Vec<(&'static str, ServerFrame)> {
    let left = ChatNotice::Left(LeftChat { id: lunch() });
    vec![
        (
            "The user is a member now; the cursor begins at `head`.",
            ServerFrame::Chat(Box::new(ChatNotice::Joined(chat()))),
        ),
        ("No longer.", ServerFrame::Chat(Box::new(left))),
    ]
}

fn chat() -> ChatBody {
    let member = |user, role| MemberBody {
        user,
        role,
        joined_at: at(0),
        delivered: seq(42),
        read: seq(42),
    };
    let last = Message::new(message(ann(), 42, "Pizza?"), Overlay::default());
    ChatBody {
        id: lunch(),
        chat_type: ChatType::Group,
        title: Some(Title::new("Lunch").expect("it is one")),
        data: AppData::default(),
        created_at: at(0),
        updated_at: at(0),
        role: Role::Owner,
        head: seq(42),
        read: seq(42),
        delivered: seq(42),
        unread: 0,
        last_message: Some(MessageBody::new(last, true)),
        member_count: 2,
        members: Some(vec![
            member(ann(), Role::Owner),
            member(bob(), Role::Member),
        ]),
    }
}
