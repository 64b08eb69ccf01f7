//! The order rule, on its own.

use parlour_model::{Body, Seq, Timestamp};
use parlour_protocol::{CancelFrame, SendFrame};

use super::*;

fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

fn key() -> EventKey {
    EventKey::generate(Timestamp::from_millis(1_800_000_000_000))
}

fn send(chat: ChatId, key: EventKey) -> LogRequest {
    request(ClientFrame::Send(SendFrame {
        reference: None,
        chat,
        key,
        applied: Seq::ZERO,
        body: Body::text("x"),
        reply_to: None,
    }))
}

fn cancel(chat: ChatId, key: EventKey) -> LogRequest {
    let reference = None;
    request(ClientFrame::Cancel(CancelFrame {
        reference,
        chat,
        key,
    }))
}

fn request(frame: ClientFrame) -> LogRequest {
    let name = LogName::of(&frame).unwrap();
    let doomed = None;
    LogRequest {
        name,
        frame,
        doomed,
    }
}

fn started(turn: &Turn) -> Option<EventKey> {
    match turn {
        Turn::Start(request) => Some(request.name.key),
        Turn::Refuse(..) => None,
    }
}

/// Starts a request that must start, and ends it.
fn run(order: &mut Order, request: LogRequest, verdict: Verdict) -> Vec<Turn> {
    let name = request.name;
    assert!(matches!(order.arrive(request), Some(Turn::Start(_))));
    order.finish(name, verdict)
}

fn refused_as_pending(order: &mut Order, request: LogRequest) -> bool {
    match order.arrive(request) {
        Some(Turn::Refuse(_, error)) => error.code == ErrorCode::PredecessorPending,
        _ => false,
    }
}

const BUSY: Verdict = Verdict::Again { unknown: false };
const UNKNOWN: Verdict = Verdict::Again { unknown: true };

#[test]
fn one_request_of_a_chat_is_under_way_and_the_next_starts_when_it_ends() {
    let mut order = Order::default();
    let (first, second) = (send(chat(1), key()), send(chat(1), key()));
    let (name, second_key) = (first.name, second.name.key);
    assert!(matches!(order.arrive(first), Some(Turn::Start(_))));
    assert_eq!(order.arrive(second), None);
    assert!(order.arrive(send(chat(2), key())).is_some());
    assert_eq!((order.running(), order.waiting()), (2, 1));
    let turns = order.finish(name, Verdict::Settled);
    assert_eq!(
        turns.iter().filter_map(started).collect::<Vec<_>>(),
        [second_key]
    );
}

#[test]
fn after_a_failure_later_keys_are_refused_until_that_key_is_sent() {
    let mut order = Order::default();
    let (first, second) = (key(), key());
    run(&mut order, send(chat(1), first), BUSY);
    assert!(refused_as_pending(&mut order, send(chat(1), second)));
    run(&mut order, send(chat(2), key()), Verdict::Settled);
    run(&mut order, send(chat(1), first), Verdict::Settled);
    run(&mut order, send(chat(1), second), Verdict::Settled);
    assert!(order.lanes.is_empty());
}

#[test]
fn what_waited_behind_a_failure_is_refused_and_its_own_retry_is_not() {
    let mut order = Order::default();
    let (first, second) = (key(), key());
    let name = send(chat(1), first).name;
    order.arrive(send(chat(1), first));
    for waiting in [second, first, second] {
        assert_eq!(order.arrive(send(chat(1), waiting)), None);
    }
    let turns = order.finish(name, BUSY);
    assert!(
        matches!(&turns[..], [Turn::Refuse(..), Turn::Start(again)] if again.name.key == first)
    );
    let turns = order.finish(name, Verdict::Settled);
    assert!(matches!(&turns[..], [Turn::Start(next)] if next.name.key == second));
}

#[test]
fn refused_keys_are_settled_in_the_order_they_came() {
    let mut order = Order::default();
    let keys = [key(), key(), key()];
    run(&mut order, send(chat(1), keys[0]), BUSY);
    assert!(refused_as_pending(&mut order, send(chat(1), keys[1])));
    run(&mut order, send(chat(1), keys[0]), Verdict::Settled);
    // A client that has not read the refusal of the second yet sends the third.
    assert!(refused_as_pending(&mut order, send(chat(1), keys[2])));
    run(&mut order, send(chat(1), keys[1]), Verdict::Settled);
    run(&mut order, send(chat(1), keys[2]), Verdict::Settled);
    assert_eq!(order.unsettled(), 0);
}

#[test]
fn a_refusal_for_good_settles_a_key_unless_an_attempt_of_it_is_unknown() {
    for (earlier, settled) in [(BUSY, true), (UNKNOWN, false)] {
        let mut order = Order::default();
        let first = key();
        run(&mut order, send(chat(1), first), earlier);
        run(&mut order, send(chat(1), first), Verdict::Never);
        assert_eq!(
            !refused_as_pending(&mut order, send(chat(1), key())),
            settled
        );
    }
}

#[test]
fn a_first_refusal_for_good_holds_nothing_up() {
    let mut order = Order::default();
    run(&mut order, send(chat(1), key()), Verdict::Never);
    assert!(order.lanes.is_empty());
}

#[test]
fn cancelling_settles_a_key_and_is_never_held_up_itself() {
    let mut order = Order::default();
    let (first, second) = (key(), key());
    run(&mut order, send(chat(1), first), UNKNOWN);
    assert!(refused_as_pending(&mut order, send(chat(1), second)));
    run(&mut order, cancel(chat(1), second), Verdict::Settled);
    run(&mut order, cancel(chat(1), first), BUSY);
    assert!(refused_as_pending(&mut order, send(chat(1), key())));
    run(&mut order, cancel(chat(1), first), Verdict::Settled);
    assert_eq!(order.unsettled(), 1);
}

#[test]
fn a_cancel_that_is_refused_for_good_holds_nothing_up_any_more() {
    let mut order = Order::default();
    let first = key();
    run(&mut order, send(chat(1), first), UNKNOWN);
    run(&mut order, cancel(chat(1), first), Verdict::Never);
    assert!(!refused_as_pending(&mut order, send(chat(1), key())));
}

#[test]
fn what_is_refused_for_its_pace_waits_its_turn_and_holds_later_keys_up() {
    let mut order = Order::default();
    let (first, hasty, third) = (key(), key(), key());
    order.arrive(send(chat(1), first));
    let mut doomed = send(chat(1), hasty);
    doomed.doomed = Some(ErrorBody::new(ErrorCode::RateLimited, "too fast"));
    assert_eq!(order.arrive(doomed), None);
    assert_eq!(order.arrive(send(chat(1), third)), None);
    let turns = order.finish(send(chat(1), first).name, Verdict::Settled);
    let codes: Vec<_> = turns
        .iter()
        .map(|turn| match turn {
            Turn::Refuse(_, error) => Some(error.code),
            Turn::Start(_) => None,
        })
        .collect();
    assert_eq!(
        codes,
        [
            Some(ErrorCode::RateLimited),
            Some(ErrorCode::PredecessorPending)
        ]
    );
    run(&mut order, send(chat(1), hasty), Verdict::Settled);
}
