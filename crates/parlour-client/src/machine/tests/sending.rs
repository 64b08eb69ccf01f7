//! The outbox: when a send may be called failed, what is sent again, and in which order.

use std::time::Duration;

use parlour_model::{EventKey, Seq, Timestamp};
use parlour_protocol::{CancelledFrame, ClientFrame, ErrorCode, ErrorFrame, Outcome, ServerFrame};

use super::bench::{Bench, OTHER, Seen, busy, chat, event, own, refusal, saved, seq};
use crate::machine::ConnectionId;
use crate::{ClientEvent, SendFailure};

fn attempt(frame: &ClientFrame) -> (EventKey, Seq) {
    match frame {
        ClientFrame::Send(frame) => (frame.key, frame.applied),
        other => panic!("not a send: {other:?}"),
    }
}

fn unknown() -> ErrorFrame {
    refusal(ErrorCode::OutcomeUnknown)
}

fn stalled(seen: &Seen) -> bool {
    let stalled = |event: &ClientEvent| matches!(event, ClientEvent::Stalled { .. });
    seen.events.iter().any(stalled)
}

#[test]
fn a_send_is_in_the_outbox_as_uncertain_before_it_goes_out() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let kept = seen.batch.outbox.values().next().unwrap().as_ref().unwrap();
    assert!(kept.uncertain);
    assert_eq!(attempt(seen.frame()), (post.key, seq(4)));
    let done = bench.sent(connection, seen.reference(), (9, 5));
    assert!(done.batch.outbox.values().all(Option::is_none));
    assert_eq!(post.settled.try_recv().unwrap().unwrap().seq, seq(5));
}

#[test]
fn of_one_chat_one_is_on_its_way_and_the_order_stays() {
    let (mut bench, connection) = Bench::ready(&[(9, 0), (10, 0)]);
    let (first, first_seen) = bench.post(9, "1");
    let (second, second_seen) = bench.post(9, "2");
    assert!(second_seen.frames().is_empty());
    let (_, elsewhere) = bench.post(10, "other chat");
    assert_eq!(elsewhere.frames().len(), 1);
    assert_eq!(attempt(first_seen.frame()).0, first.key);
    let seen = bench.sent(connection, first_seen.reference(), (9, 1));
    assert_eq!(attempt(seen.frame()).0, second.key);
}

#[test]
fn after_a_lost_answer_the_same_key_goes_again_with_what_was_applied_first() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (post, _) = bench.post(9, "hello");
    bench.post(9, "later");
    bench.event(connection, event(9, 5, OTHER));
    bench.closed(connection, None);
    let connection = bench.reopen();
    let (welcomed, ready) = bench.get_ready(connection);
    assert_eq!(attempt(welcomed.frame()), (post.key, seq(4)));
    assert!(
        !ready
            .frames()
            .iter()
            .any(|frame| matches!(frame, ClientFrame::Send(_)))
    );
}

#[test]
fn an_unsettled_send_survives_a_restart() {
    let (mut bench, _) = Bench::ready(&[(9, 4)]);
    let (post, seen) = bench.post(9, "hello");
    let mut kept = saved(&[(9, 4)]);
    kept.outbox
        .extend(seen.batch.outbox.into_values().flatten());
    let mut bench = Bench::with(kept);
    let connection = bench.sign_in();
    let (welcomed, _) = bench.get_ready(connection);
    assert_eq!(attempt(welcomed.frame()), (post.key, seq(4)));
    // The attempt of the run before was never answered, so a refusal is not the end.
    let refused = refusal(ErrorCode::Forbidden);
    let seen = bench.refuse(connection, welcomed.reference(), refused);
    assert!(stalled(&seen));
}

#[test]
fn the_own_event_settles_a_send_whose_answer_was_lost() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, _) = bench.post(9, "hello");
    let seen = bench.event(connection, own(event(9, 5, OTHER), post.key));
    assert_eq!(seen.applied(), [5]);
    assert_eq!(post.settled.try_recv().unwrap().unwrap().seq, seq(5));
    assert!(seen.batch.outbox.values().all(Option::is_none));
}

#[test]
fn a_send_settled_by_its_event_goes_again_until_the_connection_lets_others_pass() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let again = bench.refuse(connection, seen.reference(), unknown());
    let settled = bench.event(connection, own(event(9, 5, OTHER), post.key));
    assert!(post.settled.try_recv().unwrap().is_ok());
    assert!(
        settled.batch.outbox.values().all(Option::is_none),
        "out of the store"
    );
    let (next, waiting) = bench.post(9, "next");
    assert!(waiting.frames().is_empty());
    bench.refuse(connection, again.reference(), busy(10));
    let echo = bench.pass(Duration::from_millis(10));
    assert_eq!(attempt(echo.frame()).0, post.key);
    assert!(echo.batch.outbox.is_empty());
    let passed = bench.sent(connection, echo.reference(), (9, 5));
    assert_eq!(attempt(passed.frame()).0, next.key);
    let settled = |event: &ClientEvent| matches!(event, ClientEvent::Settled { .. });
    assert!(!passed.events.iter().any(settled), "told once");
}

#[test]
fn a_send_fails_when_every_attempt_was_refused() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    bench.refuse(connection, seen.reference(), busy(100));
    let again = bench.pass(Duration::from_millis(100));
    assert_eq!(attempt(again.frame()).0, post.key);
    bench.refuse(connection, again.reference(), refusal(ErrorCode::Forbidden));
    match post.settled.try_recv().unwrap() {
        Err(SendFailure::Refused(error)) => assert_eq!(error.code, ErrorCode::Forbidden),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_send_with_an_unknown_attempt_never_fails_by_a_refusal() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let again = bench.refuse(connection, seen.reference(), unknown());
    assert_eq!(attempt(again.frame()).0, post.key, "the same key at once");
    let refused = bench.refuse(connection, again.reference(), refusal(ErrorCode::Forbidden));
    assert!(stalled(&refused));
    assert!(post.settled.try_recv().is_err(), "still pending");
    let later = bench.wake();
    assert_eq!(attempt(later.frame()).0, post.key);
    bench.sent(connection, later.reference(), (9, 5));
    assert_eq!(post.settled.try_recv().unwrap().unwrap().seq, seq(5));
}

#[test]
fn a_raised_applied_is_kept_for_the_retry() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (_, seen) = bench.post(9, "hello");
    let raised = ErrorFrame {
        applied: Some(seq(300)),
        ..unknown()
    };
    let again = bench.refuse(connection, seen.reference(), raised);
    assert_eq!(attempt(again.frame()).1, seq(300));
}

#[test]
fn an_asked_for_pause_is_kept() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (_, seen) = bench.post(9, "hello");
    let refused = bench.refuse(connection, seen.reference(), busy(2_000));
    assert!(refused.frames().is_empty());
    let early = bench.pass(Duration::from_millis(1_999));
    assert!(early.frames().is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)).frames().len(), 1);
}

/// Refuses a send until its pauses have grown as far as they do; gives the longest.
fn refuse_for_long(bench: &mut Bench, connection: ConnectionId, first: Seen) -> Duration {
    let (mut seen, mut longest) = (first, Duration::ZERO);
    for _ in 0..20 {
        let refused = refusal(ErrorCode::StoreUnavailable);
        bench.refuse(connection, seen.reference(), refused);
        let refused_at = bench.now;
        seen = loop {
            let next = bench.wake();
            if !next.frames().is_empty() {
                break next;
            }
            bench.answer_pings(connection, &next);
        };
        longest = longest.max(bench.now.since(refused_at));
    }
    let refused = refusal(ErrorCode::StoreUnavailable);
    bench.refuse(connection, seen.reference(), refused);
    longest
}

#[test]
fn what_waits_on_a_connection_that_stands_waits_for_seconds() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (_, seen) = bench.post(9, "hello");
    let longest = refuse_for_long(&mut bench, connection, seen);
    let bounds = Duration::from_secs(3)..=Duration::from_secs(5);
    assert!(bounds.contains(&longest), "{longest:?}");
}

#[test]
fn when_the_server_stores_again_what_waited_goes_soon() {
    let (mut bench, connection) = Bench::ready(&[(8, 4), (9, 4), (10, 4)]);
    let (told, seen) = bench.post(10, "is told to wait");
    bench.refuse(connection, seen.reference(), busy(600_000));
    let (waits, seen) = bench.post(9, "waits");
    refuse_for_long(&mut bench, connection, seen);
    let (_, seen) = bench.post(8, "is stored");
    bench.sent(connection, seen.reference(), (8, 5));
    let again = bench.pass(Duration::from_secs(1));
    assert_eq!(attempt(again.frame()).0, waits.key);
    assert_ne!(waits.key, told.key);
}

#[test]
fn no_more_sends_are_on_their_way_than_the_server_serves_at_once() {
    let (mut bench, connection) = Bench::ready(&[]);
    let seen: Vec<_> = (1..=40).map(|chat| bench.post(chat, "x").1).collect();
    let sent: Vec<_> = seen.iter().map(|seen| seen.frames().len()).collect();
    assert_eq!(sent.iter().sum::<usize>(), 32);
    let freed = bench.sent(connection, seen[0].reference(), (1, 1));
    assert_eq!(freed.frames().len(), 1);
}

#[test]
fn a_server_that_says_too_fast_is_sent_less() {
    let (mut bench, connection) = Bench::ready(&[]);
    let seen: Vec<_> = (1..=20).map(|chat| bench.post(chat, "x").1).collect();
    let too_fast = ErrorFrame {
        retry_after_ms: Some(500),
        ..refusal(ErrorCode::RateLimited)
    };
    for seen in &seen {
        bench.refuse(connection, seen.reference(), too_fast.clone());
    }
    assert!(bench.pass(Duration::from_millis(499)).frames().is_empty());
    let mut frames = bench.pass(Duration::from_millis(1)).frames().len();
    assert_eq!(frames, 1, "no burst");
    for _ in 0..1_000 {
        frames += bench.pass(Duration::from_millis(1)).frames().len();
    }
    assert_eq!(frames, 20, "every 40 ms, and so all within a second");
}

#[test]
fn predecessor_pending_waits_and_goes_again() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (post, seen) = bench.post(9, "hello");
    let refused = refusal(ErrorCode::PredecessorPending);
    let refused = bench.refuse(connection, seen.reference(), refused);
    assert!(refused.frames().is_empty());
    assert_eq!(attempt(bench.wake().frame()).0, post.key);
}

#[test]
fn a_key_refused_for_its_time_is_replaced_once() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let again = bench.refuse(connection, seen.reference(), refusal(ErrorCode::KeyTime));
    let (key, _) = attempt(again.frame());
    assert_ne!(key, post.key);
    bench.refuse(connection, again.reference(), refusal(ErrorCode::KeyTime));
    assert!(post.settled.try_recv().unwrap().is_err());
}

#[test]
fn a_replaced_key_is_still_known_by_its_first_name() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let again = bench.refuse(connection, seen.reference(), refusal(ErrorCode::KeyTime));
    let settled = bench.sent(connection, again.reference(), (9, 5));
    let told = settled.events.iter().find_map(|event| match event {
        ClientEvent::Settled { key, .. } => Some(*key),
        _ => None,
    });
    assert_eq!(told, Some(post.key));
    let stored_as = post.settled.try_recv().unwrap().unwrap().key;
    assert_eq!(stored_as, attempt(again.frame()).0);
}

#[test]
fn a_key_with_an_unknown_attempt_is_not_replaced() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let again = bench.refuse(connection, seen.reference(), unknown());
    let refused = bench.refuse(connection, again.reference(), refusal(ErrorCode::KeyTime));
    assert!(stalled(&refused));
    assert!(post.settled.try_recv().is_err());
    assert_eq!(attempt(bench.wake().frame()).0, post.key);
}

#[test]
fn a_send_that_waited_for_weeks_gets_a_fresh_key_at_its_first_attempt() {
    let mut bench = Bench::with(saved(&[(9, 4)]));
    bench.now = Timestamp::from_millis(bench.now.as_millis());
    let (post, _) = bench.post(9, "written offline");
    bench.now = bench.now.plus(Duration::from_secs(20 * 24 * 3600));
    let connection = bench.sign_in();
    let (welcomed, _) = bench.get_ready(connection);
    let (key, _) = attempt(welcomed.frame());
    assert_ne!(key, post.key);
    assert_eq!(key.check_time(bench.now), Ok(()));
}

#[test]
fn a_send_that_never_went_out_is_cancelled_at_once() {
    let (mut bench, _) = Bench::ready(&[(9, 4)]);
    bench.post(9, "first");
    let (mut second, _) = bench.post(9, "second");
    let (answer, seen) = bench.cancel(second.key);
    assert!(answer.is_ok() && seen.frames().is_empty());
    assert_eq!(
        second.settled.try_recv().unwrap(),
        Err(SendFailure::Cancelled)
    );
    assert!(bench.cancel(second.key).0.is_err(), "settled already");
}

#[test]
fn a_send_on_its_way_is_cancelled_by_the_server_after_its_answer() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let (answer, waiting) = bench.cancel(post.key);
    assert!(answer.is_ok() && waiting.frames().is_empty());
    let cancel = bench.refuse(connection, seen.reference(), busy(0));
    let frame = match cancel.frame() {
        ClientFrame::Cancel(frame) => frame,
        other => panic!("{other:?}"),
    };
    assert_eq!((frame.chat, frame.key), (chat(9), post.key));
    let cancelled = CancelledFrame {
        reference: Some(cancel.reference()),
    };
    bench.frame(connection, ServerFrame::Cancelled(cancelled));
    assert_eq!(
        post.settled.try_recv().unwrap(),
        Err(SendFailure::Cancelled)
    );
}

#[test]
fn a_cancelled_send_may_turn_out_to_be_sent() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    bench.cancel(post.key).0.unwrap();
    let cancel = bench.refuse(connection, seen.reference(), unknown());
    assert!(matches!(cancel.frame(), ClientFrame::Cancel(_)));
    bench.sent(connection, cancel.reference(), (9, 5));
    assert!(post.settled.try_recv().unwrap().is_ok());
}

#[test]
fn a_send_that_is_too_old_to_be_cancelled_is_given_up_and_those_behind_it_go() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, _) = bench.post(9, "hello");
    let (next, _) = bench.post(9, "next");
    bench.closed(connection, None);
    bench.now = bench.now.plus(Duration::from_secs(14 * 24 * 3600));
    let connection = bench.sign_in();
    let (welcomed, _) = bench.get_ready(connection);
    let refused = refusal(ErrorCode::KeyTime);
    let refused = bench.refuse(connection, welcomed.reference(), refused);
    assert!(stalled(&refused));
    let (answer, cancel) = bench.cancel(post.key);
    answer.unwrap();
    assert!(matches!(cancel.frame(), ClientFrame::Cancel(_)));
    let refused = refusal(ErrorCode::KeyTime);
    let after = bench.refuse(connection, cancel.reference(), refused);
    assert_eq!(post.settled.try_recv().unwrap(), Err(SendFailure::GivenUp));
    assert_eq!(after.batch.outbox.values().flatten().count(), 1, "the next");
    match after.frame() {
        ClientFrame::Send(frame) => assert_ne!(frame.key, next.key, "of its time"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_attempt_of_an_earlier_connection_needs_cancel_there_and_now() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, _) = bench.post(9, "hello");
    bench.closed(connection, None);
    bench.cancel(post.key).0.unwrap();
    assert!(post.settled.try_recv().is_err());
    let connection = bench.reopen();
    let (welcomed, _) = bench.get_ready(connection);
    assert!(matches!(welcomed.frame(), ClientFrame::Cancel(_)));
}

#[test]
fn a_frame_that_closed_a_connection_is_never_sent_again() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, _) = bench.post(9, "poison");
    let closed = bench.closed(connection, Some(1009));
    assert!(stalled(&closed));
    let kept = closed
        .batch
        .outbox
        .values()
        .next()
        .unwrap()
        .as_ref()
        .unwrap();
    assert!(kept.held_back && kept.uncertain);
    let connection = bench.reopen();
    let (welcomed, ready) = bench.get_ready(connection);
    assert!(welcomed.frames().is_empty() && ready.frames().is_empty());
    let (_, cancel) = bench.cancel(post.key);
    assert!(matches!(cancel.frame(), ClientFrame::Cancel(_)));
    assert!(post.settled.try_recv().is_err());
}

#[test]
fn suspects_go_alone_until_the_culprit_is_found() {
    let (mut bench, connection) = Bench::ready(&[(9, 0), (10, 0)]);
    bench.post(9, "poison");
    let (mut innocent, _) = bench.post(10, "fine");
    assert!(!stalled(&bench.closed(connection, Some(1007))));
    let connection = bench.reopen();
    let (welcomed, _) = bench.get_ready(connection);
    assert_eq!(welcomed.frames().len(), 1, "one suspect alone");
    assert!(stalled(&bench.closed(connection, Some(1007))));
    let connection = bench.reopen();
    let (welcomed, _) = bench.get_ready(connection);
    assert_eq!(attempt(welcomed.frame()).0, innocent.key);
    bench.sent(connection, welcomed.reference(), (10, 1));
    assert!(innocent.settled.try_recv().unwrap().is_ok());
}

#[test]
fn an_error_without_an_outcome_says_what_its_code_says() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let (mut post, seen) = bench.post(9, "hello");
    let bare = ErrorFrame {
        outcome: None,
        ..refusal(ErrorCode::Unrecognized)
    };
    assert_eq!(bare.code.outcome(), Outcome::Unknown);
    let refused = bench.refuse(connection, seen.reference(), bare);
    assert!(stalled(&refused) && post.settled.try_recv().is_err());
}
