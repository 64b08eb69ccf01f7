//! Connections: every way to end, and what follows.

use std::time::Duration;

use parlour_protocol::{
    ClientFrame, CloseCode, ErrorCode, ErrorFrame, OkFrame, ReconnectFrame, Secret, ServerFrame,
};

use super::bench::{Bench, ME, OTHER, START, TOKEN_LASTS, event, own, saved, session};
use crate::machine::{Input, RefreshFailure};
use crate::{ClientEvent, ConnectionState, StopReason};

fn stops(events: &[ClientEvent]) -> Vec<StopReason> {
    let stops = events.iter().filter_map(|event| match event {
        ClientEvent::Stopped(reason) => Some(*reason),
        _ => None,
    });
    stops.collect()
}

fn pause(events: &[ClientEvent]) -> Option<Duration> {
    events.iter().find_map(|event| match event {
        ClientEvent::Connection(ConnectionState::Waiting(pause)) => Some(*pause),
        _ => None,
    })
}

#[test]
fn every_close_code_leads_to_what_it_says() {
    for code in CloseCode::ALL {
        let (mut bench, connection) = Bench::ready(&[(9, 4)]);
        let seen = bench.closed(connection, Some(code.number()));
        if code.may_reconnect() {
            assert!(stops(&seen.events).is_empty(), "{code}");
            assert!(
                pause(&seen.events).unwrap() <= Duration::from_secs(1),
                "{code}"
            );
            let next = bench.wake();
            let refreshes_first = code == CloseCode::TokenExpired;
            assert_eq!(next.refreshes.len(), usize::from(refreshes_first), "{code}");
            assert_eq!(next.opened.len(), usize::from(!refreshes_first), "{code}");
        } else {
            let reason = match code {
                CloseCode::AccountDisabled => StopReason::AccountDisabled,
                CloseCode::WrongProtocol => StopReason::WrongProtocol,
                _ => StopReason::SignedOut,
            };
            assert_eq!(stops(&seen.events), [reason], "{code}");
            assert_eq!(bench.machine.next_wake(), None, "{code}");
        }
    }
}

#[test]
fn an_unknown_close_number_follows_its_range() {
    let (mut bench, connection) = Bench::ready(&[]);
    assert!(stops(&bench.closed(connection, Some(4077)).events).is_empty());
    let (mut bench, connection) = Bench::ready(&[]);
    let seen = bench.closed(connection, Some(4599));
    assert_eq!(stops(&seen.events), [StopReason::Refused(4599)]);
}

#[test]
fn pauses_grow_with_full_jitter_and_stay_within_a_minute() {
    let mut bench = Bench::with(saved(&[]));
    let mut connection = bench.sign_in();
    let mut longest = Duration::ZERO;
    for failures in 0..40_u32 {
        let seen = bench.input(Input::OpenFailed(connection, None));
        let pause = pause(&seen.events).unwrap();
        let bound = Duration::from_secs(1 << failures.min(16)).min(Duration::from_secs(60));
        assert!(
            (Duration::from_millis(500)..=bound).contains(&pause),
            "{pause:?}"
        );
        longest = longest.max(pause);
        bench.now = bench.now.plus(pause);
        let next = bench.input(Input::Wake);
        // The token ends meanwhile.
        if !next.refreshes.is_empty() {
            let fresh = session("fresh", bench.now.plus(TOKEN_LASTS));
            connection = bench.refreshed(Ok(fresh)).opened[0];
        } else {
            connection = next.opened[0];
        }
    }
    assert!(longest > Duration::from_secs(20));
}

#[test]
fn a_node_that_refuses_to_open_is_left_alone_for_as_long_as_it_asked() {
    let mut bench = Bench::with(saved(&[]));
    let connection = bench.sign_in();
    let asked = Duration::from_secs(10);
    let seen = bench.input(Input::OpenFailed(connection, Some(asked)));
    assert_eq!(pause(&seen.events), Some(asked));
}

#[test]
fn too_many_requests_waits_as_long_as_the_error_before_said() {
    let (mut bench, connection) = Bench::ready(&[]);
    let error = ErrorFrame {
        retry_after_ms: Some(90_000),
        ..super::bench::refusal(ErrorCode::RateLimited)
    };
    bench.frame(connection, ServerFrame::Error(Box::new(error)));
    let seen = bench.closed(connection, Some(CloseCode::TooManyRequests.number()));
    assert_eq!(pause(&seen.events), Some(Duration::from_secs(90)));
}

#[test]
fn a_draining_node_that_dies_before_its_time_is_not_waited_for() {
    let (mut bench, old) = Bench::ready(&[]);
    let drain = ServerFrame::Reconnect(ReconnectFrame { after_ms: 45_000 });
    assert!(bench.frame(old, drain).opened.is_empty());
    let waits = pause(&bench.closed(old, None).events).expect("the application is told");
    assert!(waits <= Duration::from_secs(1), "{waits:?}");
    assert_eq!(bench.pass(waits).opened.len(), 1);
}

#[test]
fn a_draining_node_is_left_after_the_new_welcome_and_its_answers_still_count() {
    let (mut bench, old) = Bench::ready(&[(9, 0)]);
    let drain = ServerFrame::Reconnect(ReconnectFrame { after_ms: 3_000 });
    assert!(bench.frame(old, drain).opened.is_empty());
    let (mut post, sent) = bench.post(9, "in flight");
    assert_eq!(sent.sent[0].0, old, "the old one works until then");
    let new = bench.pass(Duration::from_secs(3)).opened[0];
    let (welcomed, _) = bench.get_ready(new);
    assert!(welcomed.frames().is_empty(), "not sent twice");
    assert!(welcomed.closed.is_empty(), "an answer is still awaited");
    let answered = bench.sent(old, sent.reference(), (9, 1));
    assert!(post.settled.try_recv().unwrap().is_ok());
    assert_eq!(answered.closed, [old]);
    let (_, on_new) = bench.post(9, "next");
    assert_eq!(on_new.sent[0].0, new);
    assert!(pause(&bench.closed(old, Some(1000)).events).is_none());
}

#[test]
fn a_retiring_connection_that_does_not_answer_is_let_go_and_its_sends_go_again() {
    let (mut bench, old) = Bench::ready(&[(9, 0)]);
    bench.post(9, "in flight");
    bench.frame(old, ServerFrame::Reconnect(ReconnectFrame { after_ms: 0 }));
    let new = bench.wake().opened[0];
    bench.get_ready(new);
    let seen = bench.pass(Duration::from_secs(5));
    assert_eq!(seen.abandoned, [old]);
    assert!(matches!(seen.frame(), ClientFrame::Send(_)));
    assert_eq!(seen.sent[0].0, new);
}

#[test]
fn a_failed_attempt_beside_a_draining_connection_is_repeated() {
    let (mut bench, old) = Bench::ready(&[]);
    bench.frame(old, ServerFrame::Reconnect(ReconnectFrame { after_ms: 0 }));
    let new = bench.wake().opened[0];
    bench.input(Input::Opened(new));
    bench.closed(new, None);
    assert_eq!(bench.wake().opened.len(), 1);
}

#[test]
fn both_connections_of_a_hand_over_apply_each_event_once() {
    let (mut bench, old) = Bench::ready(&[(9, 0)]);
    bench.post(9, "keeps the old one open");
    bench.frame(old, ServerFrame::Reconnect(ReconnectFrame { after_ms: 0 }));
    let new = bench.wake().opened[0];
    bench.get_ready(new);
    assert_eq!(bench.event(old, event(9, 1, OTHER)).applied(), [1]);
    assert!(bench.event(new, event(9, 1, OTHER)).applied().is_empty());
    assert_eq!(bench.event(new, event(9, 2, OTHER)).applied(), [2]);
    assert!(bench.event(old, event(9, 2, OTHER)).applied().is_empty());
}

#[test]
fn a_silent_connection_is_given_up_after_two_heartbeats() {
    let (mut bench, connection) = Bench::ready(&[]);
    let end = START.plus(Duration::from_secs(50));
    let mut pings = 0;
    while bench.machine.next_wake().unwrap() < end {
        let seen = bench.wake();
        pings += seen.sent.len();
        assert!(seen.abandoned.is_empty());
    }
    assert_eq!(pings, 2);
    let seen = bench.wake();
    assert_eq!((bench.now, seen.abandoned), (end, vec![connection]));
    assert!(pause(&seen.events).is_some());
}

#[test]
fn a_connection_that_answers_its_pings_stays() {
    let (mut bench, connection) = Bench::ready(&[]);
    let until = START.plus(Duration::from_secs(400));
    while bench.now < until {
        let seen = bench.wake();
        assert!(seen.abandoned.is_empty());
        bench.answer_pings(connection, &seen);
    }
}

#[test]
fn an_answer_that_never_comes_ends_the_connection() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    bench.post(9, "hello");
    bench.now = bench.now.plus(Duration::from_secs(29));
    bench.input(Input::Heard(connection));
    assert!(bench.pass(Duration::from_millis(900)).abandoned.is_empty());
    assert_eq!(
        bench.pass(Duration::from_millis(100)).abandoned,
        [connection]
    );
}

/// Lets half a minute pass after the last thing that came, and some more; gives whether the connection was given up.
fn is_given_up_after(bench: &mut Bench, millis: u64) -> bool {
    let seen = bench.pass(Duration::from_millis(millis));
    !seen.abandoned.is_empty()
}

#[test]
fn missing_events_and_pages_may_take_as_long_as_frames_keep_coming() {
    for asks_for_page in [true, false] {
        let (mut bench, connection) = Bench::ready(&[(9, 4)]);
        if asks_for_page {
            bench.history(9);
        } else {
            let seen = bench.event(connection, event(9, 1_000, OTHER));
            assert!(matches!(seen.frame(), ClientFrame::Sync(_)));
        }
        // What is sent now is answered behind them.
        bench.post(9, "hello");
        for number in 0..4 {
            assert!(!is_given_up_after(&mut bench, 29_000));
            bench.event(connection, event(9, 500 + number, OTHER));
        }
        assert!(!is_given_up_after(&mut bench, 29_999));
        assert!(is_given_up_after(&mut bench, 1));
    }
}

#[test]
fn what_was_sent_behind_missing_events_has_its_time_after_them() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let sync = bench.event(connection, event(9, 6, OTHER));
    bench.post(9, "hello");
    for _ in 0..2 {
        assert!(!is_given_up_after(&mut bench, 29_000));
        bench.event(connection, event(9, 5, OTHER));
    }
    bench.synced(connection, sync.reference());
    bench.now = bench.now.plus(Duration::from_secs(20));
    bench.input(Input::Heard(connection));
    assert!(!is_given_up_after(&mut bench, 9_999));
    assert!(is_given_up_after(&mut bench, 1));
}

#[test]
fn while_nothing_is_read_silence_counts_against_nobody() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    bench.post(9, "hello");
    bench.input(Input::Paused);
    assert!(bench.pass(Duration::from_secs(300)).abandoned.is_empty());
    bench.input(Input::Resumed);
    assert!(bench.pass(Duration::from_secs(29)).abandoned.is_empty());
    assert_eq!(bench.pass(Duration::from_secs(2)).abandoned, [connection]);
}

#[test]
fn an_attempt_that_hangs_is_given_up() {
    let mut bench = Bench::with(saved(&[]));
    let connection = bench.sign_in();
    bench.input(Input::Opened(connection));
    let seen = bench.pass(Duration::from_secs(15));
    assert_eq!(seen.abandoned, [connection]);
    assert!(pause(&seen.events).is_some());
}

#[test]
fn an_old_access_token_is_refreshed_before_it_is_used() {
    let mut bench = Bench::with(saved(&[]));
    let old = session("old", bench.now);
    let seen = bench.input(Input::SignedIn(old));
    assert!(seen.opened.is_empty());
    assert_eq!(seen.refreshes, [Secret::new("refresh-old")]);
    let fresh = session("fresh", bench.now.plus(TOKEN_LASTS));
    let seen = bench.refreshed(Ok(fresh.clone()));
    assert_eq!(seen.batch.session, Some(fresh), "kept before it is used");
    let hello = bench.input(Input::Opened(seen.opened[0]));
    match hello.frame() {
        ClientFrame::Hello(frame) => assert_eq!(frame.token, Secret::new("fresh")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_live_connection_gets_a_fresh_token_before_the_old_one_ends() {
    let (mut bench, connection) = Bench::ready(&[]);
    bench.now = START.plus(TOKEN_LASTS * 3 / 4);
    bench.input(Input::Heard(connection));
    let seen = bench.input(Input::Wake);
    assert_eq!(seen.refreshes.len(), 1);
    let fresh = session("fresh", bench.now.plus(TOKEN_LASTS));
    let seen = bench.refreshed(Ok(fresh));
    match seen.frame() {
        ClientFrame::Refresh(frame) => assert_eq!(frame.token, Secret::new("fresh")),
        other => panic!("{other:?}"),
    }
    let ok = OkFrame {
        reference: Some(seen.reference()),
        token_expires_at: Some(bench.now.plus(TOKEN_LASTS)),
        ..OkFrame::default()
    };
    assert!(
        bench
            .frame(connection, ServerFrame::Ok(ok))
            .refreshes
            .is_empty()
    );
}

#[test]
fn a_refresh_that_could_not_be_made_is_asked_again_with_the_same_token() {
    let mut bench = Bench::with(saved(&[]));
    let old = session("old", bench.now);
    let first = bench.input(Input::SignedIn(old)).refreshes;
    bench.refreshed(Err(RefreshFailure::Later(None)));
    assert_eq!(bench.wake().refreshes, first);
}

#[test]
fn a_refused_refresh_ends_the_session() {
    let (mut bench, connection) = Bench::ready(&[]);
    let seen = bench.refreshed(Err(RefreshFailure::Denied));
    assert_eq!(stops(&seen.events), [StopReason::SignedOut]);
    assert_eq!(seen.closed, [connection]);
    assert_eq!(bench.machine.next_wake(), None);
}

#[test]
fn a_refused_refresh_of_a_session_that_was_replaced_ends_nothing() {
    let mut bench = Bench::with(saved(&[]));
    let ended = session("ended", bench.now);
    let asked = bench.input(Input::SignedIn(ended)).refreshes;
    let connection = bench.sign_in();
    bench.get_ready(connection);
    let denied = || Err(RefreshFailure::Denied);
    let late = bench.input(Input::Refreshed(asked[0].clone(), denied()));
    assert!(stops(&late.events).is_empty() && late.closed.is_empty());
    assert_eq!(bench.refreshed(denied()).closed, [connection]);
}

#[test]
fn a_session_does_not_wait_for_the_refresh_of_the_one_before() {
    let mut bench = Bench::with(saved(&[]));
    bench.input(Input::SignedIn(session("before", bench.now)));
    let seen = bench.input(Input::SignedIn(session("after", bench.now)));
    assert_eq!(seen.refreshes, [Secret::new("refresh-after")]);
}

#[test]
fn after_signing_out_nothing_is_told_of_a_refresh_that_is_refused() {
    let mut bench = Bench::with(saved(&[]));
    let asked = bench
        .input(Input::SignedIn(session("ended", bench.now)))
        .refreshes;
    bench.input(Input::SignedOut);
    let late = bench.input(Input::Refreshed(
        asked[0].clone(),
        Err(RefreshFailure::Denied),
    ));
    assert!(late.events.is_empty());
}

#[test]
fn another_user_starts_with_an_empty_store() {
    let (mut bench, _) = Bench::ready(&[(9, 4)]);
    let (mut post, _) = bench.post(9, "mine");
    let mut other = session("other", bench.now.plus(TOKEN_LASTS));
    other.user = super::bench::user(OTHER);
    let seen = bench.input(Input::SignedIn(other.clone()));
    assert!(seen.batch.wipe);
    assert_eq!(seen.batch.session, Some(other));
    assert!(post.settled.try_recv().unwrap().is_err());
    let hello = bench.input(Input::Opened(seen.opened[0]));
    match hello.frame() {
        ClientFrame::Hello(frame) => assert!(frame.cursors.is_empty()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn signing_out_forgets_everything() {
    let (mut bench, connection) = Bench::ready(&[(9, 4)]);
    let seen = bench.input(Input::SignedOut);
    assert!(seen.batch.wipe && seen.batch.session.is_none());
    assert_eq!(seen.closed, [connection]);
    assert_eq!(bench.machine.next_wake(), None);
}

#[test]
fn frames_of_a_connection_that_is_gone_are_ignored() {
    let (mut bench, connection) = Bench::ready(&[(9, 0)]);
    let (mut post, sent) = bench.post(9, "hello");
    bench.closed(connection, None);
    let late = bench.event(connection, own(event(9, 1, ME), post.key));
    assert!(late.applied().is_empty());
    bench.sent(connection, sent.reference(), (9, 1));
    assert!(post.settled.try_recv().is_err());
}
