//! Marks, presence and typing.

use std::time::Duration;

use parlour_model::{Presence, PresenceStatus};
use parlour_protocol::{ClientFrame, OkFrame, ReceiptFrame, ServerFrame, TypingNotice, WatchFrame};
use tokio::sync::oneshot;

use super::bench::{Bench, ME, OTHER, Seen, chat, event, own, seq, user};
use crate::ClientEvent;
use crate::machine::{Command, ConnectionId, Input};

#[derive(Debug, PartialEq)]
enum Told {
    Delivered(u64),
    Read(u64),
}

fn told(seen: &Seen) -> Vec<Told> {
    let marks = seen.frames().into_iter().filter_map(|frame| match frame {
        ClientFrame::Delivered(frame) => Some(Told::Delivered(frame.seq.get())),
        ClientFrame::Read(frame) => Some(Told::Read(frame.seq.get())),
        _ => None,
    });
    marks.collect()
}

fn ok(bench: &mut Bench, connection: ConnectionId, seen: &Seen) -> Seen {
    let ok = OkFrame {
        reference: Some(seen.reference()),
        ..OkFrame::default()
    };
    bench.frame(connection, ServerFrame::Ok(ok))
}

#[test]
fn what_is_applied_is_told_as_delivered_one_mark_for_many_events() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    let first = bench.event(connection, event(9, 1, OTHER));
    assert_eq!(told(&first), [Told::Delivered(1)]);
    for number in 2..=50 {
        assert!(told(&bench.event(connection, event(9, number, OTHER))).is_empty());
    }
    assert!(
        told(&ok(&mut bench, connection, &first)).is_empty(),
        "paced"
    );
    let next = bench.pass(Duration::from_secs(1));
    assert_eq!(told(&next), [Told::Delivered(50)]);
    ok(&mut bench, connection, &next);
    assert!(told(&bench.pass(Duration::from_secs(5))).is_empty());
}

#[test]
fn own_messages_are_not_told_as_delivered_but_as_read_if_all_before_was() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    let (post, _) = bench.post(9, "mine");
    let seen = bench.event(connection, own(event(9, 1, ME), post.key));
    assert_eq!(told(&seen), [Told::Read(1)]);
}

#[test]
fn an_own_message_behind_something_unread_is_not_read() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    bench.event(connection, event(9, 1, OTHER));
    let (post, _) = bench.post(9, "mine");
    bench.event(connection, own(event(9, 2, ME), post.key));
    let later = bench.pass(Duration::from_secs(1));
    assert!(
        !told(&later)
            .iter()
            .any(|mark| matches!(mark, Told::Read(_)))
    );
}

#[test]
fn read_is_kept_before_it_is_told_and_covers_delivered() {
    let (mut bench, connection) = Bench::ready(&[(9, 3)]);
    let seen = bench.input(Input::Command(Command::Read(chat(9), seq(3))));
    assert_eq!(seen.batch.chats[&chat(9)].unwrap().read, seq(3));
    assert_eq!(told(&seen), [Told::Read(3)]);
    assert!(told(&ok(&mut bench, connection, &seen)).is_empty());
    let again = bench.input(Input::Command(Command::Read(chat(9), seq(2))));
    assert!(
        again.batch.is_empty() && told(&again).is_empty(),
        "never lower"
    );
}

#[test]
fn a_mark_lost_with_its_connection_is_told_on_the_next() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    bench.event(connection, event(9, 1, OTHER));
    bench.closed(connection, None);
    let connection = bench.reopen();
    let (welcomed, ready) = bench.get_ready(connection);
    assert!(
        told(&welcomed).is_empty(),
        "own marks are not known before ready"
    );
    assert_eq!(told(&ready), [Told::Delivered(1)]);
}

#[test]
fn what_another_device_has_read_is_not_told_again() {
    let (mut bench, connection) = Bench::ready(&[(9, 3)]);
    let receipt = ReceiptFrame {
        chat: chat(9),
        user: user(ME),
        delivered: seq(3),
        read: seq(3),
    };
    let seen = bench.frame(connection, ServerFrame::Receipt(receipt));
    assert_eq!(seen.batch.chats[&chat(9)].unwrap().read, seq(3));
    assert!(matches!(seen.events[..], [ClientEvent::Receipt(_)]));
    assert!(told(&seen).is_empty());
}

fn presence(version: u64, status: PresenceStatus) -> Presence {
    Presence {
        user: user(OTHER),
        status,
        last_seen: None,
        version,
    }
}

fn watch(bench: &mut Bench) -> Seen {
    let (reply, _answer) = oneshot::channel();
    let frame = WatchFrame {
        reference: None,
        users: vec![user(OTHER)],
        chats: vec![chat(9)],
    };
    bench.input(Input::Command(Command::Watch(frame, reply)))
}

#[test]
fn presence_of_an_old_version_is_dropped() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    watch(&mut bench);
    let mut statuses = Vec::new();
    for (version, status) in [
        (5, PresenceStatus::Online),
        (4, PresenceStatus::Offline),
        (5, PresenceStatus::Offline),
        (6, PresenceStatus::Busy),
    ] {
        let frame = ServerFrame::Presence(presence(version, status));
        for event in bench.frame(connection, frame).events {
            match event {
                ClientEvent::Presence(presence) => statuses.push(presence.status),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(statuses, [PresenceStatus::Online, PresenceStatus::Busy]);
}

#[test]
fn the_screen_is_told_again_on_a_new_connection() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    let seen = watch(&mut bench);
    assert!(matches!(seen.frame(), ClientFrame::Watch(_)));
    bench.closed(connection, None);
    let connection = bench.reopen();
    let (welcomed, _) = bench.get_ready(connection);
    match welcomed.frame() {
        ClientFrame::Watch(frame) => assert_eq!(frame.users, [user(OTHER)]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn typing_ends_by_itself() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    watch(&mut bench);
    let notice = TypingNotice {
        chat: chat(9),
        user: user(OTHER),
        on: true,
    };
    bench.frame(connection, ServerFrame::Typing(notice.clone()));
    let ended = bench.pass(Duration::from_secs(7));
    let expected = TypingNotice {
        on: false,
        ..notice
    };
    assert_eq!(ended.events, [ClientEvent::Typing(expected)]);
}
