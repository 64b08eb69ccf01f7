//! Messages in their current state: edits, deletions, reactions and pins, laid over what was posted.

use parlour_model::{Body, Content, Emoji, Event, Message, Seq, UserId, Visible};

use super::Fixture;
use super::room::{Room, created, existing};
use crate::{Anchor, Lookup, Outcome};

/// An edit replaces the body that readers see, also many buckets later; the log keeps what was posted.
pub async fn an_edit_from_another_bucket_is_seen(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let posted = room.post(room.owner, reply("frist")).await;
    room.fill(11).await;
    assert_eq!(text(&current(&room, posted.seq).await), "frist");
    room.clock.advance(std::time::Duration::from_secs(60));
    let edit = room.post(room.owner, edited(posted.seq, "first")).await;
    let message = current(&room, posted.seq).await;
    assert_eq!(text(&message), "first");
    assert_eq!(message.edited_at, Some(edit.sent_at));
    assert_eq!(
        (message.sent_at, message.id, message.key),
        (posted.sent_at, posted.id, posted.key)
    );
    assert!(matches!(
        message.content,
        Content::Message {
            reply_to: Some(Seq::FIRST),
            ..
        }
    ));
    assert_eq!(room.log().await[1], posted);
    assert_eq!(page_message(&room, posted.seq).await, message);
}

/// Of several edits the one with the highest seq is seen, also when they come in one call.
pub async fn the_last_edit_wins(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let target = room.say(room.owner, "v0").await.seq;
    let epoch = room.head().await.epoch;
    let edit = |i: u32| room.draft_at(epoch, room.owner, edited(target, &format!("v{i}")));
    let outcomes = room.append((1..=9).map(edit).collect()).await;
    outcomes
        .into_iter()
        .for_each(|outcome| drop(created(outcome)));
    assert_eq!(text(&current(&room, target).await), "v9");
    room.post(room.others[0], edited(target, "v10")).await;
    assert_eq!(text(&current(&room, target).await), "v10");
}

/// A deletion is for good: no edit, reaction or pin after it shows anything again.
pub async fn a_deletion_hides_what_comes_later(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let target = room.post(room.owner, reply("secret")).await.seq;
    room.post(room.owner, edited(target, "edited secret")).await;
    room.post(room.owner, reacted(target, "👍", true)).await;
    room.post(room.owner, Content::PinChanged { target, on: true })
        .await;
    room.fill(5).await;
    room.post(room.owner, Content::MessageDeleted { target })
        .await;
    for _ in 0..2 {
        let message = current(&room, target).await;
        assert!(message.deleted && !message.pinned && message.reactions.is_empty());
        assert_eq!((text(&message), message.edited_at), ("", None));
        assert!(!format!("{:?}", message.content).contains("secret"));
        room.post(room.owner, edited(target, "resurrected secret"))
            .await;
        room.post(room.owner, reacted(target, "👍", true)).await;
        room.post(room.owner, Content::PinChanged { target, on: true })
            .await;
        room.post(room.owner, Content::MessageDeleted { target })
            .await;
    }
}

/// A deletion takes the body out of the log's row and leaves everything else of it.
pub async fn a_deletion_erases_the_body_from_the_log(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let posted = room.say(room.owner, "to be erased").await;
    room.fill(6).await;
    assert!(!room.log().await[1].erased);
    room.post(room.owner, Content::MessageDeleted { target: posted.seq })
        .await;
    let erased = room.log().await.remove(1);
    let Content::Message { body, .. } = &erased.content else {
        panic!("an erased message is still a message: {erased:?}");
    };
    assert_eq!(body.as_text(), Some(""));
    let expected = Event {
        erased: true,
        content: erased.content.clone(),
        ..posted
    };
    assert_eq!(erased, expected);
}

/// A deletion takes the bodies of the edits out of the log, too, and an edit that comes later never has one.
pub async fn a_deletion_erases_the_bodies_of_edits(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let target = room.say(room.owner, "to be erased").await.seq;
    let epoch = room.head().await.epoch;
    let edit = |i: u32| room.draft_at(epoch, room.owner, edited(target, &format!("secret {i}")));
    for outcome in room.append((1..=9).map(edit).collect()).await {
        created(outcome);
    }
    room.post(room.owner, Content::MessageDeleted { target })
        .await;
    let late = room.post(room.owner, edited(target, "late secret")).await;
    assert!(late.erased, "{late:?}");
    let log = room.log().await;
    assert_eq!(log.iter().filter(|event| event.erased).count(), 11);
    assert!(!format!("{log:?}").contains("secret"), "{log:?}");
    assert_eq!(log.last(), Some(&late));
}

/// The key of an erased message still knows what it stood for.
pub async fn the_key_of_an_erased_message_is_still_known(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room
        .draft(room.owner, super::room::message("to be erased"))
        .await;
    let target = created(room.try_append(draft.clone()).await).seq;
    room.post(room.owner, Content::MessageDeleted { target })
        .await;
    let erased = room.log().await.remove(1);
    assert_eq!(existing(room.try_append(draft.clone()).await), erased);
    let lookup = room
        .store
        .find(room.chat, room.owner, draft.key, Seq::ZERO)
        .await;
    assert_eq!(lookup.expect("find"), Lookup::Found(erased.clone()));
    let mut other_body = room.draft(room.owner, super::room::message("")).await;
    other_body.key = draft.key;
    assert_eq!(
        room.try_append(other_body).await,
        Outcome::KeyReused(erased)
    );
}

/// A reaction is a switch for each user and emoji: the last event of it decides, repeated ones change nothing.
pub async fn a_reaction_is_a_switch_per_user_and_emoji(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let (owner, a, b) = (room.owner, room.others[0], room.others[1]);
    let target = room.say(owner, "react!").await.seq;
    let elsewhere = room.say(owner, "not to this").await.seq;
    let steps = [
        (a, "👍", true),
        (b, "👍", true),
        (b, "👍", true),
        (owner, "🎉", true),
        (b, "🎉", true),
    ];
    for (user, emoji, on) in steps {
        room.post(user, reacted(target, emoji, on)).await;
    }
    assert_eq!(
        reactions(&room, target).await,
        [("🎉", sorted(vec![owner, b])), ("👍", vec![a, b])].map(named)
    );
    for (user, emoji, on) in [
        (a, "👍", false),
        (owner, "🎉", false),
        (a, "🎉", false),
        (b, "👍", false),
    ] {
        room.post(user, reacted(target, emoji, on)).await;
    }
    assert_eq!(reactions(&room, target).await, [("🎉", vec![b])].map(named));
    room.post(a, reacted(target, "👍", true)).await;
    assert_eq!(
        reactions(&room, target).await,
        [("🎉", vec![b]), ("👍", vec![a])].map(named)
    );
    assert!(reactions(&room, elsewhere).await.is_empty());
}

/// A pin is a switch too.
pub async fn a_pin_is_a_switch(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let target = room.say(room.owner, "pin me").await.seq;
    for on in [true, true, false, false, true] {
        room.post(room.owner, Content::PinChanged { target, on })
            .await;
        assert_eq!(current(&room, target).await.pinned, on);
        room.fill(2).await;
    }
}

/// What happens to one message leaves its neighbours alone, and the same seq of another chat.
pub async fn a_change_touches_its_target_alone(fixture: &dyn Fixture) {
    let (room, elsewhere) = (Room::open(fixture, 0).await, Room::open(fixture, 0).await);
    room.fill(6).await;
    elsewhere.fill(6).await;
    let before = page(&elsewhere).await;
    let neighbours = page(&room).await;
    room.post(room.owner, edited(Seq::new(4), "changed")).await;
    room.post(room.owner, reacted(Seq::new(4), "👍", true))
        .await;
    room.post(
        room.owner,
        Content::MessageDeleted {
            target: Seq::new(5),
        },
    )
    .await;
    assert_eq!(page(&elsewhere).await, before);
    for (before, after) in neighbours.into_iter().zip(page(&room).await) {
        assert_eq!(
            before == after,
            ![4, 5].contains(&before.seq.get()),
            "{after:?}"
        );
    }
}

async fn page(room: &Room) -> Vec<Message> {
    let visible = all(room).await;
    let page = room
        .store
        .page(room.chat, Anchor::Latest, 100, visible)
        .await;
    page.expect("page").messages
}

async fn page_message(room: &Room, seq: Seq) -> Message {
    let page = page(room).await;
    page.into_iter()
        .find(|message| message.seq == seq)
        .expect("in the page")
}

async fn current(room: &Room, seq: Seq) -> Message {
    let message = room.store.message(room.chat, seq, all(room).await).await;
    message.expect("message").expect("a line")
}

async fn all(room: &Room) -> Visible {
    Visible {
        after: Seq::ZERO,
        through: room.head().await.seq,
    }
}

/// The reactions by emoji, users sorted: a store may keep them in any order.
async fn reactions(room: &Room, seq: Seq) -> Vec<(Emoji, Vec<UserId>)> {
    let reactions = current(room, seq).await.reactions.into_iter();
    let mut reactions: Vec<_> = reactions.map(|r| (r.emoji, sorted(r.users))).collect();
    reactions.sort();
    reactions
}

fn named((emoji, users): (&str, Vec<UserId>)) -> (Emoji, Vec<UserId>) {
    (Emoji::new(emoji).expect("an emoji"), users)
}

fn sorted(mut users: Vec<UserId>) -> Vec<UserId> {
    users.sort();
    users
}

fn text(message: &Message) -> &str {
    match &message.content {
        Content::Message { body, .. } => body.as_text().expect("a text"),
        other => panic!("not a message: {other:?}"),
    }
}

fn reply(text: &str) -> Content {
    Content::Message {
        body: Body::text(text),
        reply_to: Some(Seq::FIRST),
    }
}

fn edited(target: Seq, text: &str) -> Content {
    Content::MessageEdited {
        target,
        body: Body::text(text),
    }
}

fn reacted(target: Seq, emoji: &str, on: bool) -> Content {
    Content::ReactionChanged {
        target,
        emoji: Emoji::new(emoji).expect("an emoji"),
        on,
    }
}
