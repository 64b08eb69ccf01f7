//! Arbitrary server frames of every type.

use parlour_protocol::{
    CancelledFrame, ChatNotice, ErrorBody, ErrorCode, ErrorFrame, LeftChat, MarksFrame, OkFrame,
    Outcome, PageFrame, PongFrame, ReadyFrame, ReceiptCountsFrame, ReceiptFrame, ReconnectFrame,
    ResyncFrame, Retry, SentFrame, ServerFrame, SyncedFrame, TooLongFrame, TooLongReason,
    TypingNotice, WelcomeFrame, WireLimits, WireMarks,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::strategies::{
    chat, chat_body, event_id, message, presence, reference, seq, session, time, user, user_body,
    wire_event,
};

pub(crate) fn server_frame() -> BoxedStrategy<ServerFrame> {
    prop_oneof![
        welcome(),
        wire_event().prop_map(|event| ServerFrame::Event(Box::new(event))),
        marks(),
        answers(),
        page(),
        notices(),
        chat_notice(),
        instructions(),
        (reference(), error_body())
            .prop_map(|(r, error)| ServerFrame::Error(Box::new(ErrorFrame::new(r, error)))),
    ]
    .boxed()
}

fn welcome() -> BoxedStrategy<ServerFrame> {
    let times = (time(), 0..100_000_u64, time());
    let who = (reference(), user_body(), session());
    (who, times, vec("[a-z]{1,8}", 0..3))
        .prop_map(
            |(
                (reference, me, session),
                (server_time, heartbeat_ms, token_expires_at),
                features,
            )| {
                ServerFrame::Welcome(Box::new(WelcomeFrame {
                    reference,
                    me,
                    session,
                    server_time,
                    heartbeat_ms,
                    token_expires_at,
                    limits: WireLimits::default(),
                    features,
                }))
            },
        )
        .boxed()
}

fn marks() -> BoxedStrategy<ServerFrame> {
    let pair = (seq(), seq()).prop_map(|(delivered, read)| WireMarks { delivered, read });
    let own =
        btree_map(chat(), pair, 0..4).prop_map(|chats| ServerFrame::Marks(MarksFrame { chats }));
    let receipt = (chat(), user(), seq(), seq()).prop_map(|(chat, user, delivered, read)| {
        ServerFrame::Receipt(ReceiptFrame {
            chat,
            user,
            delivered,
            read,
        })
    });
    let counts = (chat(), seq(), 0..1_000_u64, 0..1_000_u64).prop_map(
        |(chat, seq, delivered_count, read_count)| {
            ServerFrame::ReceiptCounts(ReceiptCountsFrame {
                chat,
                seq,
                delivered_count,
                read_count,
            })
        },
    );
    prop_oneof![own, receipt, counts].boxed()
}

fn answers() -> BoxedStrategy<ServerFrame> {
    let plain = (reference(), 0..3).prop_map(|(reference, which)| match which {
        0 => ServerFrame::Ready(ReadyFrame { reference }),
        1 => ServerFrame::Synced(SyncedFrame { reference }),
        _ => ServerFrame::Cancelled(CancelledFrame { reference }),
    });
    let sent = (
        reference(),
        chat(),
        seq(),
        event_id(),
        time(),
        any::<bool>(),
    )
        .prop_map(|(reference, chat, seq, id, sent_at, duplicate)| {
            ServerFrame::Sent(SentFrame {
                reference,
                chat,
                seq,
                id,
                sent_at,
                duplicate,
            })
        });
    let ok = (
        reference(),
        option::of(vec(presence(), 0..3)),
        option::of(time()),
    )
        .prop_map(|(reference, presence, token_expires_at)| {
            ServerFrame::Ok(OkFrame {
                reference,
                presence,
                token_expires_at,
            })
        });
    let pong = (reference(), time()).prop_map(|(reference, server_time)| {
        ServerFrame::Pong(PongFrame {
            reference,
            server_time,
        })
    });
    prop_oneof![plain, sent, ok, pong].boxed()
}

fn page() -> BoxedStrategy<ServerFrame> {
    let more = (any::<bool>(), any::<bool>());
    (reference(), vec(message(), 0..3), more, seq())
        .prop_map(|(reference, messages, (has_before, has_after), at)| {
            ServerFrame::Page(PageFrame {
                reference,
                messages,
                has_before,
                has_after,
                at,
            })
        })
        .boxed()
}

fn notices() -> BoxedStrategy<ServerFrame> {
    let typing = (chat(), user(), any::<bool>())
        .prop_map(|(chat, user, on)| ServerFrame::Typing(TypingNotice { chat, user, on }));
    prop_oneof![typing, presence().prop_map(ServerFrame::Presence)].boxed()
}

fn chat_notice() -> BoxedStrategy<ServerFrame> {
    let notice = prop_oneof![
        chat_body().prop_map(ChatNotice::Joined),
        chat_body().prop_map(ChatNotice::Changed),
        chat().prop_map(|id| ChatNotice::Left(LeftChat { id })),
    ];
    notice
        .prop_map(|notice| ServerFrame::Chat(Box::new(notice)))
        .boxed()
}

fn instructions() -> BoxedStrategy<ServerFrame> {
    let resync = (option::of(chat()), "[a-z ]{0,20}")
        .prop_map(|(chat, reason)| ServerFrame::Resync(ResyncFrame { chat, reason }));
    let reason = select(vec![
        TooLongReason::Behind,
        TooLongReason::Rejoined,
        TooLongReason::Ahead,
        TooLongReason::Retention,
    ]);
    let too_long = (chat(), seq(), seq(), reason).prop_map(|(chat, head, oldest, reason)| {
        ServerFrame::TooLong(TooLongFrame {
            chat,
            head,
            oldest,
            reason,
        })
    });
    let reconnect =
        (0..100_000_u64).prop_map(|after_ms| ServerFrame::Reconnect(ReconnectFrame { after_ms }));
    prop_oneof![resync, too_long, reconnect].boxed()
}

pub(crate) fn error_body() -> BoxedStrategy<ErrorBody> {
    let retry = select(vec![
        Retry::Never,
        Retry::Now,
        Retry::Later,
        Retry::Sync,
        Retry::Refresh,
    ]);
    let outcome = option::of(select(vec![Outcome::NotStored, Outcome::Unknown]));
    let said = (
        select(ErrorCode::ALL.to_vec()),
        "\\PC{0,30}",
        retry,
        outcome,
    );
    let hints = (option::of(0..1_u64 << 53), option::of("[a-z.]{1,10}"));
    let stored = option::of((seq(), event_id(), seq()));
    (said, hints, stored)
        .prop_map(
            |((code, message, retry, outcome), (retry_after_ms, field), stored)| ErrorBody {
                code,
                message,
                retry,
                retry_after_ms,
                outcome,
                field,
                seq: stored.map(|(seq, _, _)| seq),
                id: stored.map(|(_, id, _)| id),
                applied: stored.map(|(_, _, applied)| applied),
            },
        )
        .boxed()
}
