//! What Ann's client sends.

use std::collections::BTreeMap;

use parlour_model::{Body, ChosenStatus, Emoji, Seq};
use parlour_protocol::{
    CancelFrame, ClientFrame, DeleteFrame, EditFrame, HelloFrame, HistoryFrame, MarkFrame,
    PingFrame, ReactFrame, RefreshFrame, Secret, SendFrame, SetStatusFrame, SyncFrame, TypingFrame,
    WatchFrame,
};

use super::{bob, key, lunch, reference, seq};

/// Examples of every frame of a client, each with a word about it.
pub(super) fn frames() -> Vec<(&'static str, ClientFrame)> {
    [connecting(), appending(), marking(), looking()]
        .into_iter()
        .flatten()
        .collect()
}

fn connecting() -> Vec<(&'static str, ClientFrame)> {
    let hello = |cursors| {
        ClientFrame::Hello(HelloFrame {
            reference: reference("1"),
            token: Secret::new("eyJhbGciOiJFZERTQSJ9…"),
            device: Some("laptop".to_owned()),
            features: Vec::new(),
            cursors,
            more: false,
        })
    };
    vec![
        ("A device that has nothing yet.", hello(BTreeMap::new())),
        (
            "One that has applied the first 41 events of a chat.",
            hello(cursors(41)),
        ),
        (
            "What was missed in one chat.",
            ClientFrame::Sync(SyncFrame {
                reference: reference("2"),
                cursors: cursors(41),
                more: false,
            }),
        ),
        (
            "A new access token for a connection that goes on.",
            ClientFrame::Refresh(RefreshFrame {
                reference: reference("3"),
                token: Secret::new("eyJhbGciOiJFZERTQSJ9…"),
            }),
        ),
        (
            "Whether the line is still there.",
            ClientFrame::Ping(PingFrame {
                reference: reference("4"),
            }),
        ),
    ]
}

fn cursors(applied: u64) -> BTreeMap<parlour_model::ChatId, Seq> {
    BTreeMap::from([(lunch(), seq(applied))])
}

fn appending() -> Vec<(&'static str, ClientFrame)> {
    vec![
        ("A message.", ClientFrame::Send(send(42, "Pizza?", None))),
        (
            "An answer to the message at 42.",
            ClientFrame::Send(send(44, "At noon?", Some(seq(42)))),
        ),
        (
            "Another text for it.",
            ClientFrame::Edit(EditFrame {
                reference: reference("7"),
                chat: lunch(),
                key: key(45),
                applied: seq(44),
                target: seq(44),
                body: Body::text("At one?"),
            }),
        ),
        (
            "It disappears for everybody.",
            ClientFrame::Delete(DeleteFrame {
                reference: reference("8"),
                chat: lunch(),
                key: key(46),
                applied: seq(45),
                target: seq(44),
            }),
        ),
        (
            "A reaction is put on a message.",
            ClientFrame::React(ReactFrame {
                reference: reference("9"),
                chat: lunch(),
                key: key(47),
                applied: seq(46),
                target: seq(43),
                emoji: Emoji::new("👍").expect("it is one"),
                on: true,
            }),
        ),
        (
            "The user gives up a send whose outcome nobody told.",
            ClientFrame::Cancel(CancelFrame {
                reference: reference("10"),
                chat: lunch(),
                key: key(48),
            }),
        ),
    ]
}

fn send(at: u64, text: &str, reply_to: Option<Seq>) -> SendFrame {
    SendFrame {
        reference: reference("6"),
        chat: lunch(),
        key: key(at),
        applied: seq(at - 1),
        body: Body::text(text),
        reply_to,
    }
}

fn marking() -> Vec<(&'static str, ClientFrame)> {
    let mark = || MarkFrame {
        reference: reference("11"),
        chat: lunch(),
        seq: seq(43),
    };
    vec![
        (
            "Everything up to 43 is on this device.",
            ClientFrame::Delivered(mark()),
        ),
        ("The user has read up to 43.", ClientFrame::Read(mark())),
        (
            "The user types; nothing answers.",
            ClientFrame::Typing(TypingFrame {
                reference: None,
                chat: lunch(),
                on: true,
            }),
        ),
        (
            "For all devices of the user.",
            ClientFrame::SetStatus(SetStatusFrame {
                reference: reference("12"),
                status: ChosenStatus::Busy,
            }),
        ),
    ]
}

fn looking() -> Vec<(&'static str, ClientFrame)> {
    vec![
        (
            "One person and one chat are on the screen.",
            ClientFrame::Watch(WatchFrame {
                reference: reference("13"),
                users: vec![bob()],
                chats: vec![lunch()],
            }),
        ),
        ("The latest messages.", history(None)),
        ("The page before the message at 41.", history(Some(seq(41)))),
    ]
}

fn history(before: Option<Seq>) -> ClientFrame {
    ClientFrame::History(HistoryFrame {
        reference: reference("14"),
        chat: lunch(),
        before,
        after: None,
        around: None,
        limit: Some(50),
    })
}
