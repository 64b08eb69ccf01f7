//! Marks are max registers: whatever order they arrive in, the highest stands.

use parlour_model::{ChatId, Content, Countable, Emoji, Mark, Marks, Seq, UserId};
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{Room, new_chat_id, new_user};
use crate::StoreError;

/// Marks rise, and nothing lowers them: not a late one, not one that comes twice.
pub async fn a_mark_never_falls(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    room.fill(9).await;
    let user = room.others[0];
    assert_eq!(stored(&room, user).await, Marks::default());
    let delivered = |seq| Mark::Delivered(Seq::new(seq));
    for (raised, expected) in [(3, 3), (7, 7), (7, 7), (2, 7), (0, 7), (10, 10), (9, 10)] {
        let answered = raise(&room, user, delivered(raised)).await;
        assert_eq!(answered, marks(expected, 0, 0));
        assert_eq!(stored(&room, user).await, answered);
    }
    for (raised, expected) in [(4, 4), (2, 4), (8, 8), (8, 8), (1, 8)] {
        let answered = raise(&room, user, Mark::Read(Seq::new(raised))).await;
        assert_eq!(answered, marks(10, expected, expected - 1));
        assert_eq!(stored(&room, user).await, answered);
    }
}

/// Who has read has received.
pub async fn a_read_mark_raises_the_delivered_mark(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    room.fill(6).await;
    let user = room.others[0];
    assert_eq!(
        raise(&room, user, Mark::Read(Seq::new(4))).await,
        marks(4, 4, 3)
    );
    assert_eq!(
        raise(&room, user, Mark::Delivered(Seq::new(6))).await,
        marks(6, 4, 3)
    );
    assert_eq!(
        raise(&room, user, Mark::Read(Seq::new(5))).await,
        marks(6, 5, 4)
    );
    assert_eq!(
        raise(&room, user, Mark::Delivered(Seq::new(2))).await,
        marks(6, 5, 4)
    );
}

/// A read mark carries the countable number of its event, also of one that is not countable itself.
pub async fn a_read_mark_carries_the_countable_number_of_its_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let target = room.fill(3).await.remove(0).seq;
    for on in [true, false, true, false, true, false] {
        let emoji = Emoji::new("👍").expect("an emoji");
        room.post(room.owner, Content::ReactionChanged { target, emoji, on })
            .await;
    }
    room.fill(2).await;
    for event in room.log().await {
        let answered = raise(&room, room.others[0], Mark::Read(event.seq)).await;
        assert_eq!(
            (answered.read, answered.read_countable),
            (event.seq, event.countable)
        );
    }
}

/// A mark above the head is refused with the head, and changes nothing.
pub async fn a_mark_above_the_head_is_refused(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    room.fill(3).await;
    let user = room.others[0];
    raise(&room, user, Mark::Delivered(Seq::new(2))).await;
    for mark in [
        Mark::Delivered(Seq::new(5)),
        Mark::Read(Seq::new(5)),
        Mark::Read(Seq::LIMIT),
    ] {
        match room.store.raise(user, room.chat, mark).await {
            Err(StoreError::AboveHead { head }) => assert_eq!(head, Seq::new(4)),
            other => panic!("{mark:?}: {other:?}"),
        }
        assert_eq!(stored(&room, user).await, marks(2, 0, 0));
    }
    raise(&room, user, Mark::Delivered(Seq::new(4))).await;
    let nowhere = room
        .store
        .raise(user, new_chat_id(), Mark::Delivered(Seq::FIRST))
        .await;
    assert!(
        matches!(nowhere, Err(StoreError::NotFound(_))),
        "{nowhere:?}"
    );
}

/// Many devices and nodes at once leave the highest of each mark, and no answer is lower than what was raised.
pub async fn concurrent_marks_leave_the_highest(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let second = room.through_second_node(fixture).await;
    room.fill(40).await;
    let user = room.others[0];
    let mut devices = JoinSet::new();
    for device in 0..6_u64 {
        let room = if device % 2 == 0 { &room } else { &second }.clone();
        devices.spawn(async move {
            for step in 0..12 {
                let seq = Seq::new(1 + (step * 7 + device * 5) % 41);
                let mark = if step % 3 == 0 {
                    Mark::Read(seq)
                } else {
                    Mark::Delivered(seq)
                };
                let answered = raise(&room, user, mark).await;
                assert!(answered.delivered >= seq && answered.read <= answered.delivered);
                assert!(matches!(mark, Mark::Delivered(_)) || answered.read >= seq);
            }
        });
    }
    devices.join_all().await;
    let steps = || {
        (0..6).flat_map(|device| (0..12).map(move |step| (step, 1 + (step * 7 + device * 5) % 41)))
    };
    let delivered = steps().map(|(_, seq)| seq).max().expect("some");
    let read = steps()
        .filter(|(step, _)| step % 3 == 0)
        .map(|(_, seq)| seq)
        .max()
        .expect("some");
    assert_eq!(stored(&room, user).await, marks(delivered, read, read - 1));
}

/// Leaving and joining again neither lowers nor forgets a mark.
pub async fn marks_outlive_leaving_and_joining_again(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let user = room.others[0];
    room.fill(6).await;
    raise(&room, user, Mark::Read(Seq::new(5))).await;
    room.remove(user).await;
    assert_eq!(stored(&room, user).await, marks(5, 5, 4));
    room.add(user).await;
    assert_eq!(
        raise(&room, user, Mark::Read(Seq::new(2))).await,
        marks(5, 5, 4)
    );
    assert_eq!(
        raise(&room, user, Mark::Delivered(Seq::new(9))).await,
        marks(9, 5, 4)
    );
}

/// A user's marks are listed by chat, and a chat's marks by user, each with the same values.
pub async fn marks_are_listed_by_user_and_by_chat(fixture: &dyn Fixture) {
    let (a, b) = (Room::open(fixture, 7).await, Room::open(fixture, 0).await);
    a.fill(9).await;
    b.fill(9).await;
    let user = a.others[3];
    for (number, other) in a.others.iter().enumerate() {
        raise(&a, *other, Mark::Read(Seq::new(2 + number as u64))).await;
    }
    raise(&b, user, Mark::Delivered(Seq::new(8))).await;
    a.remove(user).await;
    let mut of_user = a.store.marks_of_user(user).await.expect("marks of a user");
    of_user.sort_by_key(|(chat, _)| *chat);
    let mut expected: Vec<(ChatId, Marks)> =
        vec![(a.chat, marks(5, 5, 4)), (b.chat, marks(8, 0, 0))];
    expected.sort_by_key(|(chat, _)| *chat);
    assert_eq!(of_user, expected);

    let everyone: Vec<(UserId, Marks)> = a
        .others
        .iter()
        .zip(2..)
        .map(|(user, read)| (*user, marks(read, read, read - 1)))
        .collect();
    for limit in [1, 2, 3, 7, 100] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = a
                .store
                .marks_of_chat(a.chat, after, limit)
                .await
                .expect("marks of a chat");
            assert!(page.len() <= limit);
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            paged.extend(page);
        }
        assert_eq!(paged, everyone);
    }
    assert!(
        a.store
            .marks_of_user(new_user())
            .await
            .expect("marks of a user")
            .is_empty()
    );
}

async fn raise(room: &Room, user: UserId, mark: Mark) -> Marks {
    room.store
        .raise(user, room.chat, mark)
        .await
        .expect("raise")
}

async fn stored(room: &Room, user: UserId) -> Marks {
    room.store.marks(user, room.chat).await.expect("marks")
}

fn marks(delivered: u64, read: u64, read_countable: u64) -> Marks {
    Marks {
        delivered: Seq::new(delivered),
        read: Seq::new(read),
        read_countable: Countable::new(read_countable),
    }
}
