//! The client rule: next applied, old dropped, later held; and what moves a cursor otherwise.

use parlour_model::Seq;
use parlour_protocol::{
    ChatNotice, ClientFrame, LeftChat, ReconnectFrame, ResyncFrame, ServerFrame, TooLongFrame,
    TooLongReason, WireEvent,
};

use super::bench::{Bench, OTHER, chat, event, saved, seq, stored, summary};
use crate::ClientEvent;

fn cursors_of(frame: &ClientFrame) -> Vec<(u64, u64)> {
    let cursors = match frame {
        ClientFrame::Hello(frame) => &frame.cursors,
        ClientFrame::Sync(frame) => &frame.cursors,
        other => panic!("not a sync: {other:?}"),
    };
    let pairs = cursors.iter().map(|(chat, seq)| (chat.get(), seq.get()));
    pairs.collect()
}

fn too_long(head: u64, reason: TooLongReason) -> ServerFrame {
    ServerFrame::TooLong(TooLongFrame {
        chat: chat(9),
        head: seq(head),
        oldest: seq(1),
        reason,
    })
}

#[test]
fn the_next_event_is_applied_and_stored_with_its_cursor() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let seen = bench.event(connection, event(9, 5, OTHER));
    assert_eq!(seen.applied(), [5]);
    assert_eq!(stored(&seen.batch), [5]);
    let progress = seen.batch.chats[&chat(9)].unwrap();
    assert_eq!((progress.applied, progress.others), (seq(5), seq(5)));
}

#[test]
fn an_old_event_is_dropped() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    for old in [4, 1] {
        let seen = bench.event(connection, event(9, old, OTHER));
        assert!(seen.applied().is_empty() && seen.batch.is_empty());
    }
}

#[test]
fn a_hole_is_fetched_once_and_what_was_held_follows() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let hole = bench.event(connection, event(9, 7, OTHER));
    assert!(hole.applied().is_empty());
    assert_eq!(cursors_of(hole.frame()), [(9, 4)]);
    assert!(
        bench
            .event(connection, event(9, 8, OTHER))
            .frames()
            .is_empty()
    );
    assert_eq!(bench.event(connection, event(9, 5, OTHER)).applied(), [5]);
    assert_eq!(
        bench.event(connection, event(9, 6, OTHER)).applied(),
        [6, 7, 8]
    );
    let after = bench.synced(connection, hole.reference());
    assert!(after.frames().is_empty());
}

#[test]
fn a_hole_that_stays_is_asked_for_again_after_a_pause() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let hole = bench.event(connection, event(9, 7, OTHER));
    let after = bench.synced(connection, hole.reference());
    assert!(after.frames().is_empty(), "not at once");
    assert_eq!(cursors_of(bench.wake().frame()), [(9, 4)]);
}

#[test]
fn more_events_than_can_be_held_are_fetched_instead() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    let mut sync = None;
    for number in 2..1_000 {
        let seen = bench.event(connection, event(9, number, OTHER));
        sync = sync.or_else(|| seen.frames().first().map(|_| seen.reference()));
    }
    let mut applied = Vec::new();
    for number in 1..1_000 {
        applied.extend(bench.event(connection, event(9, number, OTHER)).applied());
    }
    assert_eq!(applied, (1..1_000).collect::<Vec<_>>());
    assert!(bench.synced(connection, sync.unwrap()).frames().is_empty());
}

#[test]
fn an_event_of_an_unknown_kind_moves_the_cursor() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let unknown = WireEvent {
        kind: "poll_opened".into(),
        body: None,
        ..event(9, 5, OTHER)
    };
    assert_eq!(bench.event(connection, unknown).applied(), [5]);
    assert_eq!(bench.event(connection, event(9, 6, OTHER)).applied(), [6]);
}

#[test]
fn too_long_sets_the_cursor_and_drops_the_cache() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let seen = bench.frame(connection, too_long(5_000, TooLongReason::Behind));
    assert_eq!(seen.batch.dropped, [chat(9)]);
    assert_eq!(seen.batch.chats[&chat(9)].unwrap().applied, seq(5_000));
    assert!(matches!(&seen.events[..], [ClientEvent::TooLong(_)]));
    assert_eq!(
        bench.event(connection, event(9, 5_001, OTHER)).applied(),
        [5_001]
    );
}

#[test]
fn too_long_alone_may_lower_a_cursor() {
    let (mut bench, connection) = Bench::ready(&[(9, 40)]);
    bench.event(connection, event(9, 45, OTHER));
    let seen = bench.frame(connection, too_long(7, TooLongReason::Ahead));
    assert_eq!(seen.batch.chats[&chat(9)].unwrap().applied, seq(7));
    assert_eq!(bench.event(connection, event(9, 8, OTHER)).applied(), [8]);
}

#[test]
fn events_held_above_a_too_long_follow_it() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    bench.event(connection, event(9, 51, OTHER));
    let seen = bench.frame(connection, too_long(50, TooLongReason::Behind));
    assert_eq!(seen.applied(), [51]);
    assert!(matches!(seen.events[0], ClientEvent::TooLong(_)));
    assert_eq!(stored(&seen.batch), [51]);
}

#[test]
fn events_of_the_same_batch_do_not_survive_a_too_long() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let mut out = crate::machine::Output::default();
    for frame in [
        ServerFrame::Event(Box::new(event(9, 5, OTHER))),
        too_long(50, TooLongReason::Behind),
        ServerFrame::Event(Box::new(event(9, 51, OTHER))),
    ] {
        let input = crate::machine::Input::Frame(connection, Box::new(frame));
        bench.machine.handle(bench.now, input, &mut out);
    }
    assert_eq!(out.batch.dropped, [chat(9)]);
    assert_eq!(stored(&out.batch), [51]);
}

#[test]
fn a_chat_without_a_cursor_begins_at_its_head() {
    let (mut bench, connection) = Bench::ready(&[]);
    assert!(
        bench
            .event(connection, event(9, 12, OTHER))
            .applied()
            .is_empty()
    );
    let joined = ServerFrame::Chat(Box::new(ChatNotice::Joined(summary(9, 11))));
    let seen = bench.frame(connection, joined);
    assert_eq!(seen.applied(), [12]);
    assert!(matches!(seen.events[0], ClientEvent::ChatJoined(_)));
    assert!(
        bench
            .event(connection, event(9, 11, OTHER))
            .applied()
            .is_empty()
    );
}

#[test]
fn joining_again_fetches_what_lies_between_instead_of_skipping_it() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let joined = ServerFrame::Chat(Box::new(ChatNotice::Joined(summary(9, 6))));
    let seen = bench.frame(connection, joined);
    assert_eq!(cursors_of(seen.frame()), [(9, 4)]);
}

#[test]
fn a_chat_that_was_left_is_forgotten() {
    let (mut bench, connection) = Bench::ready(&[(9, 4), (10, 1)]);
    let left = ChatNotice::Left(LeftChat { id: chat(9) });
    let seen = bench.frame(connection, ServerFrame::Chat(Box::new(left)));
    assert_eq!(seen.batch.chats[&chat(9)], None);
    assert_eq!(seen.batch.dropped, [chat(9)]);
    let resync = ResyncFrame {
        chat: None,
        reason: "test".into(),
    };
    let sync = bench.frame(connection, ServerFrame::Resync(resync));
    assert_eq!(cursors_of(sync.frame()), [(10, 1)]);
}

#[test]
fn what_a_retiring_connection_says_of_leaving_is_older_than_what_the_ready_one_knows() {
    let (mut bench, old) = Bench::ready(&[(9, 4)]);
    bench.post(9, "keeps the old one open");
    let drain = ServerFrame::Reconnect(ReconnectFrame { after_ms: 0 });
    bench.frame(old, drain);
    let new = bench.wake().opened[0];
    bench.get_ready(new);
    // Removed and added again meanwhile: the one ready knows both.
    let joined = ServerFrame::Chat(Box::new(ChatNotice::Joined(summary(9, 4))));
    bench.frame(new, joined);
    let left = || ServerFrame::Chat(Box::new(ChatNotice::Left(LeftChat { id: chat(9) })));
    let late = bench.frame(old, left());
    assert!(late.batch.is_empty() && late.events.is_empty());
    assert_eq!(bench.event(new, event(9, 5, OTHER)).applied(), [5]);
    assert_eq!(bench.frame(new, left()).batch.dropped, [chat(9)]);
}

#[test]
fn resync_of_one_chat_asks_for_that_chat() {
    let (mut bench, connection) = Bench::ready(&[(9, 4), (10, 1)]);
    let resync = ResyncFrame {
        chat: Some(chat(10)),
        reason: "test".into(),
    };
    let sync = bench.frame(connection, ServerFrame::Resync(resync));
    assert_eq!(cursors_of(sync.frame()), [(10, 1)]);
}

#[test]
fn hello_names_every_cursor_and_splits_them_when_there_are_many() {
    let many: Vec<_> = (1..=4_000).map(|number| (number, number)).collect();
    let mut bench = Bench::with(saved(&many));
    let connection = bench.sign_in();
    let hello = bench.input(crate::machine::Input::Opened(connection));
    let ClientFrame::Hello(frame) = hello.frame() else {
        panic!("{:?}", hello.frame())
    };
    assert!(frame.more);
    let mut named = cursors_of(hello.frame());
    let now = bench.now;
    let welcomed = bench.frame(connection, super::bench::welcome(now));
    let mores: Vec<_> = welcomed
        .frames()
        .into_iter()
        .map(|frame| match frame {
            ClientFrame::Sync(sync) => {
                named.extend(cursors_of(frame));
                sync.more
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(mores, [true, false]);
    assert_eq!(named, many);
    assert_eq!(seq(0), Seq::ZERO);
}
