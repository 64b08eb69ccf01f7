//! The state machine of a connection, without a socket.

mod random;

use std::collections::BTreeMap;

use parlour_delivery::SyncKind;
use parlour_model::{Body, ChatId, EventKey, Seq};
use parlour_protocol::{
    HelloFrame, MarkFrame, Outcome, PingFrame, Secret, SendFrame, SyncFrame, TypingFrame,
    WatchFrame,
};

use super::super::order::Verdict;
use super::*;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn limits() -> GatewayLimits {
    GatewayLimits {
        frames_per_second: 10,
        frames_burst: 100,
        heartbeat: Duration::from_secs(30),
        ..GatewayLimits::default()
    }
}

fn reference(name: &str) -> Option<Reference> {
    Some(Reference::new(name).unwrap())
}

fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

fn hello(more: bool) -> HelloFrame {
    HelloFrame {
        reference: reference("h"),
        token: Secret::new("t"),
        device: None,
        features: Vec::new(),
        cursors: BTreeMap::new(),
        more,
    }
}

fn send(number: u64, name: &str) -> ClientFrame {
    ClientFrame::Send(SendFrame {
        reference: reference(name),
        chat: chat(number),
        key: EventKey::generate(START),
        applied: Seq::ZERO,
        body: Body::text("x"),
        reply_to: None,
    })
}

fn sync(name: &str, more: bool) -> ClientFrame {
    ClientFrame::Sync(SyncFrame {
        reference: reference(name),
        cursors: BTreeMap::new(),
        more,
    })
}

fn ping() -> ClientFrame {
    let reference = reference("p");
    ClientFrame::Ping(PingFrame { reference })
}

fn read(number: u64) -> ClientFrame {
    ClientFrame::Read(MarkFrame {
        reference: None,
        chat: chat(number),
        seq: Seq::FIRST,
    })
}

fn welcomed(more: bool) -> Welcomed {
    Welcomed {
        reference: reference("h"),
        cursors: BTreeMap::new(),
        more,
        token_expires_at: START.plus(Duration::from_secs(600)),
    }
}

fn ending(verdict: Verdict) -> Ending {
    let token_expires_at = None;
    Ending {
        verdict,
        token_expires_at,
    }
}

/// A connection whose client is known and has caught up.
fn live() -> ConnectionState {
    let mut state = ConnectionState::new(&limits(), START);
    state.step(Input::Frame(ClientFrame::Hello(hello(false))), START);
    state.step(Input::Welcomed(welcomed(false)), START);
    state.step(
        Input::Finished(Ticket::Sync, ending(Verdict::Settled)),
        START,
    );
    state
}

fn errors(effects: &[Effect]) -> Vec<(ErrorCode, Option<&str>)> {
    let errors = effects.iter().filter_map(|effect| match effect {
        Effect::Send(ServerFrame::Error(error)) => {
            Some((error.code, error.reference.as_ref().map(Reference::as_str)))
        }
        _ => None,
    });
    errors.collect()
}

fn closes(effects: &[Effect]) -> Option<CloseCode> {
    match effects.last() {
        Some(Effect::Close(code)) => Some(*code),
        _ => None,
    }
}

fn log_ticket(effects: &[Effect]) -> Ticket {
    match effects {
        [Effect::Start(ticket @ Ticket::Log(_), _)] => *ticket,
        other => panic!("does not start one request of a log: {other:?}"),
    }
}

#[test]
fn whatever_comes_before_hello_is_refused_by_name_and_hello_is_still_heard() {
    let mut state = ConnectionState::new(&limits(), START);
    for frame in [send(1, "a"), ping(), sync("a", false)] {
        let effects = state.step(Input::Frame(frame), START);
        assert_eq!(errors(&effects)[0].0, ErrorCode::Invalid);
        assert_eq!(closes(&effects), None);
    }
    let effects = state.step(Input::Frame(ClientFrame::Hello(hello(false))), START);
    assert!(matches!(&effects[..], [Effect::Authenticate(_)]));
    assert!(!state.wants_input());
}

#[test]
fn a_connection_without_hello_ends_after_ten_seconds() {
    let mut state = ConnectionState::new(&limits(), START);
    let deadline = state.deadline().unwrap();
    assert_eq!(deadline, START.plus(Duration::from_secs(10)));
    let just_before = START.plus(Duration::from_millis(9_999));
    assert_eq!(state.step(Input::Tick, just_before), []);
    let effects = state.step(Input::Tick, deadline);
    assert_eq!(closes(&effects), Some(CloseCode::AuthenticationFailed));
    assert_eq!(state.step(Input::Frame(ping()), deadline), []);
    assert!(!state.wants_input());
}

#[test]
fn a_refused_hello_closes_with_what_the_client_must_do() {
    let codes = [
        (ErrorCode::TokenExpired, Some(CloseCode::TokenExpired)),
        (
            ErrorCode::TokenInvalid,
            Some(CloseCode::AuthenticationFailed),
        ),
        (
            ErrorCode::StoreUnavailable,
            Some(CloseCode::TooManyRequests),
        ),
        (ErrorCode::Busy, Some(CloseCode::TooManyRequests)),
        (ErrorCode::Draining, Some(CloseCode::Draining)),
        (ErrorCode::Invalid, None),
    ];
    for (code, close) in codes {
        let mut state = ConnectionState::new(&limits(), START);
        state.step(Input::Frame(ClientFrame::Hello(hello(false))), START);
        let error = ErrorBody::new(code, "no");
        let effects = state.step(Input::Rejected(reference("h"), error), START);
        assert_eq!(errors(&effects), [(code, Some("h"))]);
        assert_eq!(closes(&effects), close, "{code}");
        assert_eq!(state.wants_input(), close.is_none());
    }
}

#[test]
fn a_second_hello_is_refused_and_nothing_else_changes() {
    let mut state = live();
    let effects = state.step(Input::Frame(ClientFrame::Hello(hello(false))), START);
    assert_eq!(errors(&effects), [(ErrorCode::Invalid, Some("h"))]);
    log_ticket(&state.step(Input::Frame(send(1, "a")), START));
}

#[test]
fn ready_answers_a_hello_after_its_last_sync() {
    let answers = |effects: &[Effect]| -> Vec<(&'static str, Option<String>)> {
        let [Effect::Start(Ticket::Sync, Work::Sync(sync))] = effects else {
            panic!("{effects:?}");
        };
        let name = |frame: &ServerFrame| match frame {
            ServerFrame::Ready(_) => "ready",
            ServerFrame::Synced(_) => "synced",
            _ => "other",
        };
        let reference = |frame: &ServerFrame| frame.reference().map(ToString::to_string);
        sync.answers
            .iter()
            .map(|f| (name(f), reference(f)))
            .collect()
    };
    let done = || Input::Finished(Ticket::Sync, ending(Verdict::Settled));
    let mut state = ConnectionState::new(&limits(), START);
    state.step(Input::Frame(ClientFrame::Hello(hello(true))), START);
    let effects = state.step(Input::Welcomed(welcomed(true)), START);
    assert_eq!(answers(&effects), []);
    assert!(matches!(
        &effects[..],
        [Effect::Start(
            _,
            Work::Sync(SyncRequest {
                kind: SyncKind::Hello,
                more: true,
                ..
            })
        )]
    ));
    assert_eq!(state.step(Input::Frame(sync("1", true)), START), []);
    let effects = state.step(done(), START);
    assert_eq!(answers(&effects), [("synced", Some("1".to_owned()))]);
    state.step(done(), START);
    let effects = state.step(Input::Frame(sync("2", false)), START);
    let last = [
        ("synced", Some("2".to_owned())),
        ("ready", Some("h".to_owned())),
    ];
    assert_eq!(answers(&effects), last);
    state.step(done(), START);
    let effects = state.step(Input::Frame(sync("3", true)), START);
    assert_eq!(answers(&effects), [("synced", Some("3".to_owned()))]);
}

#[test]
fn a_sync_that_failed_ends_the_connection_because_nothing_else_would_bring_what_it_owes() {
    let failed = ending(Verdict::Again { unknown: false });
    let mut catching_up = ConnectionState::new(&limits(), START);
    catching_up.step(Input::Frame(ClientFrame::Hello(hello(false))), START);
    catching_up.step(Input::Welcomed(welcomed(false)), START);
    catching_up.step(Input::Frame(sync("1", false)), START);
    let effects = catching_up.step(Input::Finished(Ticket::Sync, failed), START);
    assert_eq!(effects, [Effect::Close(CloseCode::NodeLapsed)]);
}

#[test]
fn a_ping_is_answered_while_commits_take_long() {
    let mut state = live();
    for number in 1..=20 {
        state.step(Input::Frame(send(number, "a")), START);
    }
    let effects = state.step(Input::Frame(ping()), START);
    let [Effect::Send(ServerFrame::Pong(pong))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (pong.reference.clone(), pong.server_time),
        (reference("p"), START)
    );
    let typing = ClientFrame::Typing(TypingFrame {
        reference: None,
        chat: chat(1),
        on: true,
    });
    for frame in [read(1), typing] {
        let effects = state.step(Input::Frame(frame), START);
        let [Effect::Start(Ticket::Other | Ticket::Choice(_), _)] = &effects[..] else {
            panic!("they start: {effects:?}");
        };
    }
}

#[test]
fn of_two_choices_the_later_one_waits_and_stays() {
    let mut state = live();
    let watch = |number| {
        Input::Frame(ClientFrame::Watch(WatchFrame {
            reference: None,
            users: Vec::new(),
            chats: vec![chat(number)],
        }))
    };
    let first = state.step(watch(1), START);
    let [Effect::Start(watched @ Ticket::Choice(_), _)] = first[..] else {
        panic!("nothing is before it: {first:?}");
    };
    assert_eq!(state.step(watch(2), START), []);
    assert_eq!(state.step(watch(3), START), []);
    for number in [2, 3] {
        let next = state.step(Input::Finished(watched, ending(Verdict::Settled)), START);
        let Input::Frame(expected) = watch(number) else {
            unreachable!("it is a frame");
        };
        assert_eq!(next, [Effect::Start(watched, Work::Frame(expected))]);
    }
    let last = state.step(Input::Finished(watched, ending(Verdict::Settled)), START);
    assert_eq!(last, []);
    assert!(matches!(
        state.step(watch(4), START)[..],
        [Effect::Start(_, _)]
    ));
}

#[test]
fn the_reader_waits_when_as_much_is_under_way_as_may_be() {
    let mut state = live();
    let first = log_ticket(&state.step(Input::Frame(send(1, "a")), START));
    for number in 1..limits::REQUESTS_IN_FLIGHT_MAX {
        assert!(state.wants_input());
        // Half of them in one chat: what waits counts too.
        state.step(Input::Frame(send(number as u64 % 2 + 1, "b")), START);
    }
    assert!(!state.wants_input());
    state.step(Input::Finished(first, ending(Verdict::Settled)), START);
    assert!(state.wants_input());
}

#[test]
fn a_client_that_is_not_read_is_not_taken_for_dead() {
    let mut state = live();
    for number in 1..=limits::REQUESTS_IN_FLIGHT_MAX as u64 {
        state.step(Input::Frame(send(number, "a")), START);
    }
    let late = START.plus(Duration::from_secs(70));
    assert_eq!(closes(&state.step(Input::Tick, late)), None);
    assert!(state.deadline().unwrap() > late);
}

#[test]
fn a_silent_client_is_pinged_once_and_then_given_up() {
    let mut state = live();
    let after = |seconds| START.plus(Duration::from_secs(seconds));
    assert_eq!(state.deadline(), Some(after(30)));
    assert_eq!(state.step(Input::Tick, after(30)), [Effect::Ping]);
    assert_eq!(state.step(Input::Tick, after(31)), []);
    assert_eq!(state.deadline(), Some(after(60)));
    let mut answering = live();
    answering.step(Input::Tick, after(30));
    answering.step(Input::Control, after(31));
    assert_eq!(answering.deadline(), Some(after(61)));
    assert_eq!(
        closes(&state.step(Input::Tick, after(60))),
        Some(CloseCode::Normal)
    );
}

#[test]
fn a_connection_outlives_its_token_by_half_a_minute_unless_it_is_refreshed() {
    let after = |seconds| START.plus(Duration::from_secs(seconds));
    let mut state = live();
    state.step(Input::Control, after(629));
    assert_eq!(state.step(Input::Tick, after(629)), []);
    let effects = state.step(Input::Tick, after(630));
    assert_eq!(errors(&effects)[0].0, ErrorCode::TokenExpired);
    assert_eq!(closes(&effects), Some(CloseCode::TokenExpired));

    let mut refreshed = live();
    let new_token = Ending {
        verdict: Verdict::Settled,
        token_expires_at: Some(after(1_200)),
    };
    refreshed.step(Input::Frame(read(1)), after(600));
    refreshed.step(Input::Finished(Ticket::Other, new_token), after(600));
    refreshed.step(Input::Control, after(1_229));
    assert_eq!(closes(&refreshed.step(Input::Tick, after(1_229))), None);
    assert_eq!(
        closes(&refreshed.step(Input::Tick, after(1_230))),
        Some(CloseCode::TokenExpired)
    );
}

#[test]
fn too_many_frames_are_refused_with_a_wait_and_then_closed() {
    let mut state = live();
    let mut refused = 0;
    loop {
        let effects = state.step(Input::Frame(ping()), START);
        if let Some(code) = closes(&effects) {
            assert_eq!(code, CloseCode::TooManyRequests);
            assert_eq!(errors(&effects), [(ErrorCode::RateLimited, None)]);
            break;
        }
        refused += errors(&effects).len();
    }
    assert_eq!(refused, 100);
}

#[test]
fn a_message_sent_too_fast_holds_up_those_behind_it() {
    let mut state = live();
    while errors(&state.step(Input::Frame(ping()), START)).is_empty() {}
    let hasty = send(1, "hasty");
    let effects = state.step(Input::Frame(hasty.clone()), START);
    assert_eq!(errors(&effects), [(ErrorCode::RateLimited, Some("hasty"))]);
    let Effect::Send(ServerFrame::Error(error)) = &effects[0] else {
        panic!("{effects:?}");
    };
    assert_eq!(error.outcome, Some(Outcome::NotStored));
    let later = START.plus(Duration::from_secs(20));
    let effects = state.step(Input::Frame(send(1, "next")), later);
    assert_eq!(
        errors(&effects),
        [(ErrorCode::PredecessorPending, Some("next"))]
    );
    log_ticket(&state.step(Input::Frame(hasty), later));
}

#[test]
fn keys_that_are_never_settled_close_the_connection() {
    let generous = GatewayLimits {
        frames_burst: 10_000,
        ..limits()
    };
    let mut state = ConnectionState::new(&generous, START);
    state.step(Input::Frame(ClientFrame::Hello(hello(false))), START);
    state.step(Input::Welcomed(welcomed(false)), START);
    let first = state.step(Input::Frame(send(1, "a")), START);
    let busy = ending(Verdict::Again { unknown: false });
    state.step(Input::Finished(log_ticket(&first), busy), START);
    let mut refused = 0;
    loop {
        let effects = state.step(Input::Frame(send(1, "b")), START);
        if closes(&effects) == Some(CloseCode::TooManyRequests) {
            break;
        }
        assert_eq!(
            errors(&effects),
            [(ErrorCode::PredecessorPending, Some("b"))]
        );
        refused += 1;
    }
    assert_eq!(refused, crate::settings::UNSETTLED_KEYS_MAX - 1);
}

#[test]
fn frames_that_cannot_be_read_close_and_wrong_ones_are_answered() {
    let unreadable = DecodeError::Unreadable {
        reason: "no".to_owned(),
    };
    let too_large = DecodeError::TooLarge {
        bytes: 2,
        bytes_max: 1,
    };
    for (error, code) in [
        (unreadable, CloseCode::Unreadable),
        (too_large, CloseCode::TooLarge),
    ] {
        assert_eq!(
            closes(&live().step(Input::Garbled(error), START)),
            Some(code)
        );
    }
    let unknown = DecodeError::UnknownType {
        type_name: "dance".to_owned(),
        reference: reference("d"),
    };
    let effects = live().step(Input::Garbled(unknown), START);
    assert_eq!(errors(&effects), [(ErrorCode::UnknownType, Some("d"))]);
    assert_eq!(closes(&effects), None);
    let effects = live().step(Input::WrongKind, START);
    assert_eq!(closes(&effects), Some(CloseCode::WrongProtocol));
}

#[test]
fn a_stopping_connection_finishes_what_it_took_and_closes() {
    let mut state = live();
    let ticket = log_ticket(&state.step(Input::Frame(send(1, "a")), START));
    state.step(Input::Frame(send(1, "b")), START);
    state.step(Input::Frame(sync("s", false)), START);
    assert_eq!(state.step(Input::Stop, START), []);
    assert!(!state.wants_input());
    let effects = state.step(Input::Finished(ticket, ending(Verdict::Settled)), START);
    let ticket = log_ticket(&effects);
    let effects = state.step(Input::Finished(ticket, ending(Verdict::Settled)), START);
    assert_eq!(effects, [Effect::Close(CloseCode::Draining)]);
    assert_eq!(
        closes(&live().step(Input::Stop, START)),
        Some(CloseCode::Draining)
    );
}

#[test]
fn a_draining_node_tells_known_clients_when_to_move_and_sends_strangers_away() {
    let effects = live().step(Input::Drain(1_234), START);
    let [Effect::Send(ServerFrame::Reconnect(reconnect))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(reconnect.after_ms, 1_234);
    let mut stranger = ConnectionState::new(&limits(), START);
    let effects = stranger.step(Input::Drain(1), START);
    assert_eq!(errors(&effects), [(ErrorCode::Draining, None)]);
    assert_eq!(closes(&effects), Some(CloseCode::Draining));
}
