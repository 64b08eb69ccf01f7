//! The state of one chat, event by event.

use parlour_bus::ConnectionId;
use parlour_model::{Body, Countable, EventKey, NewMember, Role, SessionId, Timestamp};
use parlour_protocol::{CloseCode, Encoding};

use super::*;
use crate::{Batch, NewConnection, Outbox, Outgoing};

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn chat() -> ChatId {
    ChatId::new(7).unwrap()
}

fn event(seq: u64, content: Content) -> Event {
    Event {
        chat: chat(),
        seq: Seq::new(seq),
        id: EventId::new(1_000 + seq).unwrap(),
        author: user(1),
        key: EventKey::generate(Timestamp::from_millis(1_800_000_000_000)),
        content,
        sent_at: Timestamp::from_millis(1_800_000_000_000),
        countable: Countable::ZERO,
        prev_effect: Seq::ZERO,
        erased: false,
    }
}

fn message(seq: u64) -> Event {
    let body = Body::text("x");
    event(
        seq,
        Content::Message {
            body,
            reply_to: None,
        },
    )
}

fn added(seq: u64, number: u64) -> Event {
    let users = vec![NewMember {
        user: user(number),
        role: Role::Member,
    }];
    event(seq, Content::MembersAdded { users })
}

fn removed(seq: u64, number: u64) -> Event {
    event(seq, Content::MemberRemoved { user: user(number) })
}

fn link(number: u64) -> (Arc<Link>, Outgoing) {
    let (outbox, outgoing) = Outbox::new(Encoding::Json);
    let new = NewConnection {
        user: user(number),
        session: SessionId::new(number).unwrap(),
        device: String::new(),
        encoding: Encoding::Json,
    };
    (
        Arc::new(Link::new(ConnectionId::new(number), new, outbox)),
        outgoing,
    )
}

/// A chat followed from seq 10 with members 1, 2 and 3.
fn followed() -> ChatState {
    let mut state = ChatState::new(chat());
    let head = (Seq::new(10), EventId::new(1_010).unwrap());
    assert!(!state.follow(head, vec![user(3), user(1), user(2)]));
    state
}

/// How many frames wait.
fn frames(outgoing: &mut Outgoing) -> usize {
    match outgoing.try_next_batch(usize::MAX) {
        Some(Batch::Frames(frames)) => frames.len(),
        Some(Batch::Close(code)) => panic!("closed: {code}"),
        None => 0,
    }
}

fn sit(state: &mut ChatState, link: &Arc<Link>) {
    assert_eq!(state.seat(link), Seating::CatchingUp { had_one: false });
    let sent = state.high_water();
    assert_eq!(state.go_live(link.id, sent), Caught::Live);
}

#[test]
fn events_are_applied_one_after_the_other_whatever_their_order() {
    let mut state = followed();
    let (link, mut outgoing) = link(2);
    sit(&mut state, &link);
    assert_eq!(state.accept(&message(13)), Accepted::Hole);
    assert_eq!(state.accept(&message(12)), Accepted::Hole);
    assert!(state.has_hole());
    assert_eq!(frames(&mut outgoing), 0);
    assert_eq!(
        state.accept(&message(11)),
        Accepted::Applied { joined: vec![] }
    );
    assert_eq!(state.high_water(), Seq::new(13));
    assert!(!state.has_hole());
    assert_eq!(frames(&mut outgoing), 3);
    assert_eq!(state.accept(&message(12)), Accepted::Nothing);
    assert_eq!(frames(&mut outgoing), 0);
}

#[test]
fn too_many_early_events_are_dropped_and_still_wanted() {
    let mut state = followed();
    for seq in 12..200 {
        assert_eq!(state.accept(&message(seq)), Accepted::Hole);
    }
    assert_eq!(state.early.len(), EARLY_EVENTS_MAX);
    state.accept(&message(11));
    assert_eq!(state.high_water(), Seq::new(11 + EARLY_EVENTS_MAX as u64));
    assert!(state.has_hole(), "the rest is read from the store");
}

#[test]
fn events_that_come_while_entering_are_applied_after_it() {
    let mut state = ChatState::new(chat());
    for seq in [9, 10, 12] {
        assert_eq!(state.accept(&message(seq)), Accepted::Nothing);
    }
    assert_eq!(state.accept(&added(11, 4)), Accepted::Nothing);
    assert!(!state.has_hole());
    let head = (Seq::new(10), EventId::new(1_010).unwrap());
    assert!(state.follow(head, vec![user(1)]), "somebody was added");
    assert_eq!(state.high_water(), Seq::new(12));
    assert!(state.is_member(user(4)));
}

#[test]
fn only_members_get_a_seat() {
    let mut state = followed();
    assert_eq!(state.seat(&link(9).0), Seating::NotMember);
    let (detached, _outgoing) = link(1);
    detached.close_seats();
    assert_eq!(state.seat(&detached), Seating::Closed);
    assert_eq!(ChatState::new(chat()).seat(&link(1).0), Seating::Closed);
}

#[test]
fn who_catches_up_is_sent_what_was_held_back_and_then_lives() {
    let mut state = followed();
    let (link, mut outgoing) = link(2);
    state.seat(&link);
    for seq in 11..=20 {
        state.accept(&message(seq));
    }
    assert_eq!(frames(&mut outgoing), 0);
    assert_eq!(
        state.go_live(link.id, Seq::new(9)),
        Caught::ReadOn,
        "11 is held, 10 is not"
    );
    assert_eq!(state.go_live(link.id, Seq::new(14)), Caught::Live);
    assert_eq!(frames(&mut outgoing), 6);
    assert!(state.held.is_empty(), "nobody catches up any more");
    state.accept(&message(21));
    assert_eq!(frames(&mut outgoing), 1);
}

#[test]
fn what_was_held_back_waits_for_room() {
    let mut state = followed();
    let (link, mut outgoing) = link(2);
    state.seat(&link);
    state.accept(&message(11));
    while link.outbox.has_room_for(1) {
        link.outbox.push(&left_frame(chat()));
    }
    assert_eq!(state.go_live(link.id, Seq::new(10)), Caught::NoRoom);
    assert!(frames(&mut outgoing) > 0);
    assert_eq!(state.go_live(link.id, Seq::new(10)), Caught::Live);
    assert_eq!(frames(&mut outgoing), 1);
}

#[test]
fn a_page_beyond_the_high_water_is_not_sent_again() {
    let mut state = followed();
    let (link, mut outgoing) = link(2);
    state.seat(&link);
    assert_eq!(state.go_live(link.id, Seq::new(12)), Caught::Live);
    for seq in 11..=13 {
        state.accept(&message(seq));
    }
    assert_eq!(frames(&mut outgoing), 1);
}

#[test]
fn a_removal_is_the_last_thing_a_live_seat_is_sent() {
    let mut state = followed();
    let (link, mut outgoing) = link(2);
    sit(&mut state, &link);
    state.accept(&removed(11, 2));
    state.accept(&message(12));
    assert_eq!(frames(&mut outgoing), 2, "the event, then `left`");
    assert!(!link.has_seat(chat()));
    assert_eq!(state.seat(&link), Seating::NotMember);
}

#[test]
fn a_removal_ends_the_stream_of_who_catches_up() {
    let mut state = followed();
    let (link, mut outgoing) = link(2);
    state.seat(&link);
    state.accept(&removed(11, 2));
    state.accept(&message(12));
    assert_eq!(state.go_live(link.id, Seq::new(10)), Caught::ReadOn);
    assert!(state.end_at(link.id, Seq::new(11)));
    assert_eq!(frames(&mut outgoing), 1);
    assert!(!link.has_seat(chat()));
}

#[test]
fn a_chat_is_kept_while_it_is_held_or_sat_in() {
    let mut state = followed();
    state.holds = 1;
    assert!(!state.retire());
    let (link, _outgoing) = link(2);
    sit(&mut state, &link);
    state.holds = 0;
    assert!(!state.retire());
    state.unseat(link.id);
    assert!(state.retire());
    assert_eq!(state.accept(&message(11)), Accepted::Gone);
}

#[test]
fn a_slow_consumer_does_not_hold_up_the_others() {
    let mut state = followed();
    let (slow, mut unread) = link(1);
    let (quick, mut outgoing) = link(2);
    sit(&mut state, &slow);
    sit(&mut state, &quick);
    for seq in 11..=400 {
        state.accept(&message(seq));
        assert_eq!(frames(&mut outgoing), 1);
    }
    let closed = Batch::Close(CloseCode::SlowConsumer);
    assert_eq!(unread.try_next_batch(usize::MAX), Some(closed));
}

#[test]
fn the_newest_message_of_local_authors_is_known_in_large_chats() {
    let mut state = ChatState::new(chat());
    let head = (Seq::new(10), EventId::new(1_010).unwrap());
    state.follow(head, (1..=65).map(user).collect());
    let (link, _outgoing) = link(1);
    sit(&mut state, &link);
    state.accept(&message(11));
    state.accept(&message(12));
    assert_eq!(state.authors(), [(user(1), Seq::new(12))]);
    state.unseat(link.id);
    assert!(state.authors().is_empty());
}
