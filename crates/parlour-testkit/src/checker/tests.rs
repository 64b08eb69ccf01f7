//! The checker is itself tested: it accepts a good history, and names the right invariant for each planted bug.

mod planted;

use std::time::Duration;

use parlour_model::{
    Body, ChatId, Content, EventId, EventKey, PresenceStatus, Seq, Timestamp, UserId,
};

use super::{Invariant, check};
use crate::history::{Answer, DeviceId, Digest, History, Record, Seen, Watermark, What};
use crate::truth::{ChatTruth, Logged, LoggedRole, MemberTruth, Truth};

const ANN: u64 = 1;
const BOB: u64 = 2;
/// A member until seq 4.
const CAT: u64 = 3;
const ANNS: DeviceId = DeviceId(1);
const BOBS: DeviceId = DeviceId(2);
const CATS: DeviceId = DeviceId(3);

fn chat() -> ChatId {
    ChatId::new(77).unwrap()
}

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn id_of(seq: u64) -> EventId {
    EventId::new(1_000 + seq).unwrap()
}

/// Keys that can be named again: the message of this number.
fn key(number: u64) -> EventKey {
    let bytes = (0x0190_0000_0000_7000_u128 << 64) | (0x8000_u128 << 48) | u128::from(number);
    EventKey::new(uuid::Uuid::from_u128(bytes)).unwrap()
}

fn digest(number: u64) -> Digest {
    let body = Body::text(format!("message {number}"));
    Digest::of(&Content::Message {
        body,
        reply_to: None,
    })
}

fn message(seq: u64, author: u64) -> Logged {
    Logged {
        seq: Seq::new(seq),
        id: id_of(seq),
        author: user(author),
        key: Some(key(seq)),
        digest: digest(seq),
        altered: false,
        role: LoggedRole::Message,
    }
}

fn membership(seq: u64, role: LoggedRole) -> Logged {
    Logged {
        role,
        digest: Digest("membership".to_owned()),
        ..message(seq, ANN)
    }
}

/// What ANN and BOB did and saw, and what the server says of it. Seq 1 creates the chat, 2 and 3 are messages,
/// 4 removes CAT, 5 and 6 are messages.
struct Scene {
    history: History,
    truth: Truth,
}

impl Scene {
    fn good() -> Self {
        let mut scene = Self {
            history: History::default(),
            truth: truth(),
        };
        for (device, who) in [(ANNS, ANN), (BOBS, BOB), (CATS, CAT)] {
            scene.record(device, who, What::Connected);
            scene.record(
                device,
                who,
                What::CursorSet {
                    chat: chat(),
                    seq: Seq::FIRST,
                },
            );
        }
        scene.send(ANNS, ANN, 2);
        scene.send(ANNS, ANN, 3);
        for (device, who) in [(ANNS, ANN), (BOBS, BOB), (CATS, CAT)] {
            (2..=4).for_each(|seq| scene.apply(device, who, seq));
        }
        scene.record(CATS, CAT, What::Disconnected);
        scene.send(BOBS, BOB, 5);
        scene.send(ANNS, ANN, 6);
        for (device, who) in [(ANNS, ANN), (BOBS, BOB)] {
            (5..=6).for_each(|seq| scene.apply(device, who, seq));
        }
        let watermark = Watermark::Read(Seq::new(5));
        scene.record(
            BOBS,
            BOB,
            What::MarkCalled {
                chat: chat(),
                watermark,
            },
        );
        scene.record(
            BOBS,
            BOB,
            What::MarkOk {
                chat: chat(),
                watermark,
            },
        );
        let (delivered, read) = (Seq::new(5), Seq::new(5));
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
        scene.record(
            ANNS,
            ANN,
            What::HistoryRead {
                chat: chat(),
                at: Seq::new(6),
            },
        );
        scene.presence(PresenceStatus::Online, 10);
        scene.record(BOBS, BOB, What::Disconnected);
        scene.presence(PresenceStatus::Offline, 11);
        scene.history.quiet_at = Duration::from_secs(600);
        scene
    }

    fn record(&mut self, device: DeviceId, who: u64, what: What) {
        let at = Duration::from_millis(100 * self.history.records.len() as u64);
        self.history.records.push(Record {
            at,
            device,
            user: user(who),
            what,
        });
    }

    fn record_at(&mut self, second: u64, device: DeviceId, who: u64, what: What) {
        self.history.records.push(Record {
            at: Duration::from_secs(second),
            device,
            user: user(who),
            what,
        });
    }

    fn call(&mut self, device: DeviceId, who: u64, number: u64) {
        self.record(
            device,
            who,
            What::Called {
                chat: chat(),
                key: key(number),
                digest: digest(number),
            },
        );
    }

    fn send(&mut self, device: DeviceId, who: u64, seq: u64) {
        self.call(device, who, seq);
        self.answer(
            device,
            who,
            seq,
            Answer::Sent {
                seq: Seq::new(seq),
                id: id_of(seq),
            },
        );
    }

    fn answer(&mut self, device: DeviceId, who: u64, number: u64, answer: Answer) {
        self.record(
            device,
            who,
            What::Answered {
                chat: chat(),
                key: key(number),
                answer,
            },
        );
    }

    fn apply(&mut self, device: DeviceId, who: u64, seq: u64) {
        let logged = self.truth.chats[&chat()].at(Seq::new(seq)).cloned();
        let logged = logged.unwrap_or_else(|| message(seq, ANN));
        let (id, author, digest) = (logged.id, logged.author, logged.digest);
        let seen = Seen {
            chat: chat(),
            seq: Seq::new(seq),
            id,
            author,
            key: None,
            digest,
        };
        self.record(device, who, What::Applied(seen));
    }

    /// Message `seq` is deleted: the log has it without what it said.
    fn delete(&mut self, seq: u64) {
        let place = usize::try_from(seq - 1).unwrap();
        let logged = &mut self.log().events[place];
        logged.altered = true;
        logged.digest = digest(0);
    }

    fn presence(&mut self, status: PresenceStatus, version: u64) {
        self.record(
            ANNS,
            ANN,
            What::PresenceSeen {
                of: user(BOB),
                status,
                version,
            },
        );
    }

    fn log(&mut self) -> &mut ChatTruth {
        self.truth.chats.get_mut(&chat()).unwrap()
    }

    /// Forgets what a device applied at a seq.
    fn forget(&mut self, device: DeviceId, seq: u64) {
        self.history.records.retain(|record| {
            !matches!(&record.what, What::Applied(seen) if record.device == device && seen.seq == Seq::new(seq))
        });
    }

    fn verdict(&self) -> Vec<Invariant> {
        let mut broken: Vec<_> = check(&self.history, &self.truth)
            .iter()
            .map(|v| v.invariant)
            .collect();
        broken.dedup();
        broken
    }
}

fn truth() -> Truth {
    let members = vec![user(ANN), user(BOB), user(CAT)];
    let events = vec![
        membership(1, LoggedRole::Joins(members)),
        message(2, ANN),
        message(3, ANN),
        membership(4, LoggedRole::Leaves(user(CAT))),
        message(5, BOB),
        message(6, ANN),
    ];
    let ann = MemberTruth {
        joined: Seq::FIRST,
        unread: 4,
        ..MemberTruth::default()
    };
    let (delivered, read) = (Seq::new(5), Seq::new(5));
    let bob = MemberTruth {
        delivered,
        read,
        joined: Seq::FIRST,
        unread: 1,
    };
    let members = [(user(ANN), ann), (user(BOB), bob)].into();
    let state = ChatTruth {
        head: Seq::new(6),
        events,
        members,
    };
    Truth {
        chats: [(chat(), state)].into(),
    }
}

#[test]
fn a_good_history_breaks_nothing() {
    let scene = Scene::good();
    assert_eq!(check(&scene.history, &scene.truth), []);
}

#[test]
fn who_comes_after_a_deletion_may_see_an_empty_message() {
    let mut scene = Scene::good();
    scene.delete(6);
    for record in &mut scene.history.records {
        if let (BOBS, What::Applied(seen)) = (record.device, &mut record.what)
            && seen.seq == Seq::new(6)
        {
            seen.digest = digest(0);
        }
    }
    assert_eq!(check(&scene.history, &scene.truth), []);
}

#[test]
fn what_began_shortly_before_the_end_may_go_on_and_who_gave_up_does_not_wait() {
    let mut scene = Scene::good();
    scene.record_at(100, CATS, CAT, What::SyncBegan);
    scene.record_at(100, CATS, CAT, What::SyncEnded { complete: false });
    scene.record_at(200, ANNS, ANN, What::SyncBegan);
    scene.record_at(200, ANNS, ANN, What::SyncEnded { complete: true });
    scene.record_at(590, ANNS, ANN, What::SyncBegan);
    let called = What::Called {
        chat: chat(),
        key: key(50),
        digest: digest(50),
    };
    scene.record_at(590, ANNS, ANN, called);
    assert_eq!(check(&scene.history, &scene.truth), []);
}

#[test]
fn every_planted_bug_is_named() {
    for (bug, invariant, plant) in planted::PLANTED {
        let mut scene = Scene::good();
        plant(&mut scene);
        let verdict = scene.verdict();
        assert!(
            verdict.contains(invariant),
            "{bug}: expected {invariant:?}, found {verdict:?}"
        );
    }
}

#[test]
fn a_key_of_the_tests_is_a_key() {
    assert!(key(1).time() > Timestamp::default());
    assert_ne!(key(1), key(2));
}
