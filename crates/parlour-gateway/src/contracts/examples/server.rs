//! What the server sends to Ann's client besides the conversation itself.

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_model::{AppData, DisplayName, Presence, PresenceStatus, Timestamp, UserName};
use parlour_protocol::{
    CancelledFrame, ErrorBody, ErrorCode, ErrorFrame, MarksFrame, OkFrame, PongFrame, ReadyFrame,
    ReceiptCountsFrame, ReceiptFrame, ReconnectFrame, ResyncFrame, SentFrame, ServerFrame,
    SyncedFrame, TooLongFrame, TooLongReason, TypingNotice, UserBody, WelcomeFrame, WireLimits,
    WireMarks,
};

use super::{ann, at, bob, event_id, lunch, reference, seq, session};

/// Examples of the other frames of the server, each with a word about it.
pub(super) fn frames() -> Vec<(&'static str, ServerFrame)> {
    [greeting(), answers(), notices(), interruptions(), errors()]
        .into_iter()
        .flatten()
        .collect()
}

fn greeting() -> Vec<(&'static str, ServerFrame)> {
    let me = UserBody {
        id: ann(),
        username: UserName::new("ann").expect("it is one"),
        display_name: DisplayName::new("Ann").expect("it is one"),
        avatar_url: None,
        data: AppData::default(),
        created_at: at(0),
        updated_at: at(0),
    };
    let welcome = WelcomeFrame {
        reference: reference("1"),
        me,
        session: session(),
        server_time: at(60),
        heartbeat_ms: 30_000,
        token_expires_at: at(660),
        limits: WireLimits::default(),
        features: Vec::new(),
    };
    let own = WireMarks {
        delivered: seq(41),
        read: seq(40),
    };
    let marks = MarksFrame {
        chats: BTreeMap::from([(lunch(), own)]),
    };
    let ready = ReadyFrame {
        reference: reference("1"),
    };
    vec![
        (
            "The token is good.",
            ServerFrame::Welcome(Box::new(welcome)),
        ),
        ("How far the user's devices are.", ServerFrame::Marks(marks)),
        (
            "Everything missed has been sent.",
            ServerFrame::Ready(ready),
        ),
    ]
}

fn answers() -> Vec<(&'static str, ServerFrame)> {
    let sent = |duplicate| {
        ServerFrame::Sent(SentFrame {
            reference: reference("6"),
            chat: lunch(),
            seq: seq(42),
            id: event_id(42),
            sent_at: at(102),
            duplicate,
        })
    };
    let synced = SyncedFrame {
        reference: reference("2"),
    };
    let cancelled = CancelledFrame {
        reference: reference("10"),
    };
    let pong = PongFrame {
        reference: reference("4"),
        server_time: at(120),
    };
    vec![
        ("It is in the log.", sent(false)),
        ("An earlier attempt of the key had stored it.", sent(true)),
        (
            "The missing events have been sent.",
            ServerFrame::Synced(synced),
        ),
        (
            "No attempt is in the log, or ever will be.",
            ServerFrame::Cancelled(cancelled),
        ),
        ("The line is still there.", ServerFrame::Pong(pong)),
        ("A mark is durable.", ok("11", None, None)),
        (
            "Who is there, of those who are watched.",
            ok("13", Some(vec![online()]), None),
        ),
        (
            "The new access token is good until then.",
            ok("3", None, Some(at(1_260))),
        ),
    ]
}

fn ok(
    to: &str,
    presence: Option<Vec<Presence>>,
    token_expires_at: Option<Timestamp>,
) -> ServerFrame {
    ServerFrame::Ok(OkFrame {
        reference: reference(to),
        presence,
        token_expires_at,
    })
}

fn online() -> Presence {
    Presence {
        user: bob(),
        status: PresenceStatus::Online,
        last_seen: None,
        version: at(90).as_millis(),
    }
}

fn notices() -> Vec<(&'static str, ServerFrame)> {
    let gone = Presence {
        status: PresenceStatus::Offline,
        last_seen: Some(at(100)),
        version: at(100).as_millis(),
        ..online()
    };
    let unknown = Presence {
        status: PresenceStatus::Unknown,
        version: 0,
        ..online()
    };
    let receipt = ReceiptFrame {
        chat: lunch(),
        user: bob(),
        delivered: seq(44),
        read: seq(42),
    };
    let counts = ReceiptCountsFrame {
        chat: lunch(),
        seq: seq(42),
        delivered_count: 97,
        read_count: 61,
    };
    let typing = TypingNotice {
        chat: lunch(),
        user: bob(),
        on: true,
    };
    vec![
        ("How far somebody is.", ServerFrame::Receipt(receipt)),
        (
            "How many are, in a chat of more than 64.",
            ServerFrame::ReceiptCounts(counts),
        ),
        ("Somebody types.", ServerFrame::Typing(typing)),
        ("Somebody is there.", ServerFrame::Presence(online())),
        ("They went.", ServerFrame::Presence(gone)),
        (
            "Nobody can tell now: there is nothing to compare.",
            ServerFrame::Presence(unknown),
        ),
    ]
}

fn interruptions() -> Vec<(&'static str, ServerFrame)> {
    let resync = ResyncFrame {
        chat: None,
        reason: "packets were lost".to_owned(),
    };
    let too_long = TooLongFrame {
        chat: lunch(),
        head: seq(9_000),
        oldest: seq(1),
        reason: TooLongReason::Behind,
    };
    let reconnect = ReconnectFrame { after_ms: 2_300 };
    vec![
        (
            "Events may have been missed in any chat.",
            ServerFrame::Resync(resync),
        ),
        (
            "In place of thousands of events.",
            ServerFrame::TooLong(too_long),
        ),
        ("The node goes away.", ServerFrame::Reconnect(reconnect)),
    ]
}

fn errors() -> Vec<(&'static str, ServerFrame)> {
    let error = |to, body| ServerFrame::Error(Box::new(ErrorFrame::new(reference(to), body)));
    let too_long = ErrorBody::invalid("body.text", "must have at least one character");
    let unknown = "the store did not answer in time";
    let busy = ErrorBody::new(ErrorCode::RateLimited, "too many frames; send more slowly");
    vec![
        (
            "It is not in the log: mend the field.",
            error("6", too_long.of_append()),
        ),
        (
            "It may be in the log: the same key again.",
            error(
                "6",
                ErrorBody::new(ErrorCode::OutcomeUnknown, unknown).of_append(),
            ),
        ),
        (
            "Wait, then again.",
            error("14", busy.after(Duration::from_millis(400))),
        ),
    ]
}
