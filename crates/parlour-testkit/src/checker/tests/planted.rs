//! The planted bugs.

use parlour_model::{PresenceStatus, Seq};

use super::{ANN, ANNS, BOB, BOBS, CAT, CATS, Scene, chat, digest, id_of, key, message, user};
use crate::checker::Invariant;
use crate::history::{Answer, Record, Watermark, What};
use crate::truth::Logged;

/// A bug, and the invariant that must name it.
pub(super) type Planted = (&'static str, Invariant, fn(&mut Scene));

pub(super) const PLANTED: &[Planted] = &[
    ("an acknowledged event is lost", Invariant::D1, |scene| {
        scene.log().events.pop();
        scene.log().head = Seq::new(5);
    }),
    (
        "an acknowledged event says something else",
        Invariant::D1,
        |scene| {
            scene.log().events[5].digest = digest(99);
        },
    ),
    ("a definite no appears", Invariant::D2, |scene| {
        scene.call(BOBS, BOB, 50);
        scene.answer(BOBS, BOB, 50, Answer::NotStored);
        scene.log().events[4].key = Some(key(50));
    }),
    ("a cancelled key appears", Invariant::D2, |scene| {
        scene.call(BOBS, BOB, 50);
        scene.answer(BOBS, BOB, 50, Answer::Unknown);
        scene.answer(BOBS, BOB, 50, Answer::Cancelled);
        scene.log().events[4].key = Some(key(50));
    }),
    ("the log has a hole", Invariant::O1, |scene| {
        scene.log().events.remove(2);
    }),
    ("an id falls", Invariant::O2, |scene| {
        scene.log().events[4].id = id_of(1);
    }),
    (
        "two events are swapped for one reader",
        Invariant::O3,
        |scene| {
            for record in &mut scene.history.records {
                if let (BOBS, What::Applied(seen)) = (record.device, &mut record.what) {
                    let swapped = match seen.seq.get() {
                        2 => message(3, ANN),
                        3 => message(2, ANN),
                        _ => continue,
                    };
                    (seen.id, seen.digest) = (swapped.id, swapped.digest);
                }
            }
        },
    ),
    (
        "a deleted message says something new",
        Invariant::O3,
        |scene| {
            scene.delete(6);
            for record in &mut scene.history.records {
                if let (BOBS, What::Applied(seen)) = (record.device, &mut record.what)
                    && seen.seq == Seq::new(6)
                {
                    seen.digest = digest(99);
                }
            }
        },
    ),
    ("a hole is not fetched", Invariant::O4, |scene| {
        scene.forget(BOBS, 3);
    }),
    (
        "a device without a cursor begins in the middle",
        Invariant::O4,
        |scene| {
            let is_set = |record: &Record| matches!(record.what, What::CursorSet { .. });
            let records = &mut scene.history.records;
            records.retain(|record| record.device != CATS || !is_set(record));
            (2..=3).for_each(|seq| scene.forget(CATS, seq));
        },
    ),
    (
        "a later send overtakes an acknowledged one",
        Invariant::O5,
        |scene| {
            scene.call(BOBS, BOB, 60);
            scene.answer(
                BOBS,
                BOB,
                60,
                Answer::Sent {
                    seq: Seq::new(2),
                    id: id_of(2),
                },
            );
        },
    ),
    (
        "one device's sends change their order",
        Invariant::O6,
        |scene| {
            scene.call(CATS, CAT, 61);
            scene.call(CATS, CAT, 62);
            scene.answer(
                CATS,
                CAT,
                62,
                Answer::Sent {
                    seq: Seq::new(7),
                    id: id_of(7),
                },
            );
            scene.answer(
                CATS,
                CAT,
                61,
                Answer::Sent {
                    seq: Seq::new(8),
                    id: id_of(8),
                },
            );
        },
    ),
    ("a retry is doubled", Invariant::E1, |scene| {
        let twin = Logged {
            key: Some(key(6)),
            digest: digest(6),
            ..message(7, ANN)
        };
        scene.log().events.push(twin);
        scene.log().head = Seq::new(7);
    }),
    ("an event is applied twice", Invariant::E2, |scene| {
        scene.apply(ANNS, ANN, 6);
    }),
    (
        "an event is delivered before its commit",
        Invariant::V1,
        |scene| scene.apply(ANNS, ANN, 7),
    ),
    ("a read is stale", Invariant::V2, |scene| {
        scene.record(
            ANNS,
            ANN,
            What::HistoryRead {
                chat: chat(),
                at: Seq::new(5),
            },
        );
    }),
    ("a watermark falls", Invariant::W1, |scene| {
        let bob = scene.log().members.get_mut(&user(BOB)).unwrap();
        (bob.delivered, bob.read, bob.unread) = (Seq::new(3), Seq::new(3), 2);
    }),
    ("read passes delivered", Invariant::W1, |scene| {
        scene.log().members.get_mut(&user(BOB)).unwrap().read = Seq::new(6);
    }),
    ("a tick comes from nowhere", Invariant::W2, |scene| {
        let (delivered, read) = (Seq::new(6), Seq::new(6));
        scene.record(
            ANNS,
            ANN,
            What::ReceiptSeen {
                chat: chat(),
                of: user(BOB),
                delivered,
                read,
            },
        );
    }),
    ("unread drifts", Invariant::U1, |scene| {
        scene.log().members.get_mut(&user(BOB)).unwrap().unread = 2;
    }),
    (
        "somebody posts after being removed",
        Invariant::A1,
        |scene| scene.log().events[4].author = user(CAT),
    ),
    (
        "a message reaches a removed member",
        Invariant::A2,
        |scene| scene.apply(CATS, CAT, 5),
    ),
    ("a revoked session lives on", Invariant::A3, |scene| {
        scene.record(BOBS, BOB, What::Revoked);
        (0..60).for_each(|version| scene.presence(PresenceStatus::Offline, 100 + version));
        let watermark = Watermark::Read(Seq::new(5));
        scene.record(
            BOBS,
            BOB,
            What::MarkOk {
                chat: chat(),
                watermark,
            },
        );
    }),
    ("presence is dead", Invariant::P1, |scene| {
        scene.history.records.pop();
    }),
    (
        "somebody connected is shown offline",
        Invariant::P2,
        |scene| {
            for record in &mut scene.history.records {
                if let What::PresenceSeen {
                    status,
                    version: 10,
                    ..
                } = &mut record.what
                {
                    *status = PresenceStatus::Offline;
                }
            }
        },
    ),
    ("presence goes back", Invariant::P3, |scene| {
        scene.presence(PresenceStatus::Offline, 9);
    }),
    ("the last message never arrives", Invariant::L1, |scene| {
        scene.forget(ANNS, 6);
    }),
    (
        "a member whom the server does not name misses the last message",
        Invariant::L1,
        |scene| {
            scene.log().members.remove(&user(ANN));
            scene.forget(ANNS, 6);
        },
    ),
    (
        "a refused send holds up the next one",
        Invariant::L3,
        |scene| {
            scene.call(ANNS, ANN, 50);
            scene.answer(ANNS, ANN, 50, Answer::NotStored);
            scene.call(ANNS, ANN, 51);
        },
    ),
    ("a send stays in doubt for ever", Invariant::L3, |scene| {
        scene.call(ANNS, ANN, 50);
        scene.answer(ANNS, ANN, 50, Answer::Unknown);
    }),
    ("a sync never ends", Invariant::L4, |scene| {
        scene.record(ANNS, ANN, What::SyncBegan);
    }),
    (
        "whoever comes is never brought up to date",
        Invariant::L4,
        |scene| {
            for at in 500..600 {
                scene.record_at(at, BOBS, BOB, What::SyncBegan);
                scene.record_at(at, BOBS, BOB, What::SyncEnded { complete: false });
            }
        },
    ),
];
