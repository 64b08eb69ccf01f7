//! Arbitrary client frames of every type.

use parlour_model::limits;
use parlour_protocol::{
    CancelFrame, ClientFrame, DeleteFrame, EditFrame, HelloFrame, HistoryFrame, MarkFrame,
    PingFrame, ReactFrame, RefreshFrame, SendFrame, SetStatusFrame, SyncFrame, TypingFrame,
    WatchFrame,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{
    body, chat, chosen_status, cursors, emoji, key, reference, secret, seq, user,
};

pub(crate) fn client_frame() -> BoxedStrategy<ClientFrame> {
    prop_oneof![connecting(), appending(), marking(), showing(), history()].boxed()
}

fn connecting() -> BoxedStrategy<ClientFrame> {
    let hello = (
        (reference(), secret(), option::of("\\PC{0,64}")),
        (vec("[a-z_]{1,8}", 0..3), cursors(), any::<bool>()),
    )
        .prop_map(|((reference, token, device), (features, cursors, more))| {
            ClientFrame::Hello(HelloFrame {
                reference,
                token,
                device,
                features,
                cursors,
                more,
            })
        });
    let sync = (reference(), cursors(), any::<bool>()).prop_map(|(reference, cursors, more)| {
        ClientFrame::Sync(SyncFrame {
            reference,
            cursors,
            more,
        })
    });
    let refresh = (reference(), secret())
        .prop_map(|(reference, token)| ClientFrame::Refresh(RefreshFrame { reference, token }));
    let ping = reference().prop_map(|reference| ClientFrame::Ping(PingFrame { reference }));
    prop_oneof![hello, sync, refresh, ping].boxed()
}

fn appending() -> BoxedStrategy<ClientFrame> {
    let attempt = || (reference(), chat(), key(), seq());
    let send = (attempt(), body(), option::of(seq())).prop_map(|(attempt, body, reply_to)| {
        let (reference, chat, key, applied) = attempt;
        ClientFrame::Send(SendFrame {
            reference,
            chat,
            key,
            applied,
            body,
            reply_to,
        })
    });
    let edit = (attempt(), seq(), body()).prop_map(|(attempt, target, body)| {
        let (reference, chat, key, applied) = attempt;
        ClientFrame::Edit(EditFrame {
            reference,
            chat,
            key,
            applied,
            target,
            body,
        })
    });
    let delete = (attempt(), seq()).prop_map(|((reference, chat, key, applied), target)| {
        ClientFrame::Delete(DeleteFrame {
            reference,
            chat,
            key,
            applied,
            target,
        })
    });
    prop_oneof![send, edit, delete, reacting()].boxed()
}

fn reacting() -> BoxedStrategy<ClientFrame> {
    let attempt = (reference(), chat(), key(), seq());
    let react =
        (attempt, seq(), emoji(), any::<bool>()).prop_map(|(attempt, target, emoji, on)| {
            let (reference, chat, key, applied) = attempt;
            ClientFrame::React(ReactFrame {
                reference,
                chat,
                key,
                applied,
                target,
                emoji,
                on,
            })
        });
    let cancel = (reference(), chat(), key()).prop_map(|(reference, chat, key)| {
        ClientFrame::Cancel(CancelFrame {
            reference,
            chat,
            key,
        })
    });
    prop_oneof![react, cancel].boxed()
}

fn marking() -> impl Strategy<Value = ClientFrame> {
    let mark = (reference(), chat(), seq()).prop_map(|(reference, chat, seq)| MarkFrame {
        reference,
        chat,
        seq,
    });
    (mark, any::<bool>()).prop_map(|(mark, read)| {
        if read {
            ClientFrame::Read(mark)
        } else {
            ClientFrame::Delivered(mark)
        }
    })
}

fn showing() -> BoxedStrategy<ClientFrame> {
    let typing = (reference(), chat(), any::<bool>()).prop_map(|(reference, chat, on)| {
        ClientFrame::Typing(TypingFrame {
            reference,
            chat,
            on,
        })
    });
    let watch = (reference(), vec(user(), 0..4), vec(chat(), 0..4)).prop_map(
        |(reference, users, chats)| {
            ClientFrame::Watch(WatchFrame {
                reference,
                users,
                chats,
            })
        },
    );
    let status = (reference(), chosen_status()).prop_map(|(reference, status)| {
        ClientFrame::SetStatus(SetStatusFrame { reference, status })
    });
    prop_oneof![typing, watch, status].boxed()
}

fn history() -> BoxedStrategy<ClientFrame> {
    let limit = option::of(1..=limits::PAGE_MESSAGES_MAX as u64);
    (reference(), chat(), option::of((0..3, seq())), limit)
        .prop_map(|(reference, chat, place, limit)| {
            let at = |which| place.filter(|(given, _)| *given == which).map(|(_, at)| at);
            ClientFrame::History(HistoryFrame {
                reference,
                chat,
                before: at(0),
                after: at(1),
                around: at(2),
                limit,
            })
        })
        .boxed()
}
