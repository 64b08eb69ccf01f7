//! The tables are a projection of the log: they say what it says, however often and late its effects are written.

use std::time::Duration;

use parlour_model::{
    AppData, Body, Content, Emoji, Event, Message, NewMember, Role, Seq, Title, UserId, Visible,
};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::Fixture;
use super::projector::Projected;
use super::room::{Room, message, new_user};
use crate::Anchor;

/// The chain of effects, walked down from the head, names exactly the events that have one.
pub async fn the_chain_of_effects_misses_none(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 3).await;
    live_at_random(&room, rand::random(), 60).await;
    let log = room.log().await;
    let mut chain = Vec::new();
    let mut at = room.head().await.effect_seq;
    while at > Seq::ZERO {
        chain.push(at);
        at = log[usize::try_from(at.get()).expect("small") - 1].prev_effect;
    }
    chain.reverse();
    let with_effect = log.iter().filter(|event| event.content.has_effect());
    assert_eq!(
        chain,
        with_effect.map(|event| event.seq).collect::<Vec<_>>()
    );
}

/// After any history the tables say what a pure projection of the log says, in whatever order and however often
/// that is given the events.
pub async fn the_tables_say_what_the_log_says(fixture: &dyn Fixture) {
    let seed = rand::random();
    let room = Room::open(fixture, 4).await;
    live_at_random(&room, seed, 140).await;
    let log = room.log().await;
    let mut shuffled: Vec<Event> = log.iter().chain(&log).cloned().collect();
    shuffled.shuffle(&mut StdRng::seed_from_u64(seed));
    let expected = Projected::of(&shuffled);
    assert_eq!(
        expected,
        Projected::of(&log),
        "seed {seed}: effects depend on their order"
    );
    compare(&room, &expected, &log, seed).await;
}

/// Effects written again, late and out of order, change nothing. (Skipped by a store that cannot do that.)
pub async fn effects_written_late_and_twice_change_nothing(fixture: &dyn Fixture) {
    let seed = rand::random();
    let room = Room::open(fixture, 4).await;
    live_at_random(&room, seed, 80).await;
    let log = room.log().await;
    let expected = Projected::of(&log);
    let mut shuffled: Vec<Event> = log.iter().chain(&log).cloned().collect();
    shuffled.shuffle(&mut StdRng::seed_from_u64(seed));
    for event in &shuffled {
        fixture.project_again(event).await;
    }
    compare(&room, &expected, &log, seed).await;
    room.say(room.owner, "and it goes on").await;
    assert_eq!(room.log().await.len(), log.len() + 1);
}

/// Compares everything that the views answer with the reference.
async fn compare(room: &Room, expected: &Projected, log: &[Event], seed: u64) {
    let store = &room.store;
    let present = store
        .members(room.chat, None, 1_001)
        .await
        .expect("members");
    assert_eq!(present, expected.present(), "seed {seed}");
    let users = log.iter().flat_map(|event| event.content.named_users());
    for user in users {
        let authority = room.authority(user).await;
        assert_eq!(authority.chat, expected.chat(), "seed {seed}");
        assert_eq!(authority.member, expected.member(user), "seed {seed}");
        assert_eq!(authority.epoch, expected.epoch(), "seed {seed}");
        assert_eq!(authority.member_count, present.len() as u64, "seed {seed}");
    }
    let through = room.head().await.seq;
    let visible = Visible {
        after: Seq::ZERO,
        through,
    };
    let page = store
        .page(room.chat, Anchor::Latest, log.len(), visible)
        .await
        .expect("page");
    let messages: Vec<Message> = page.messages.into_iter().map(normal).collect();
    let lines = log.iter().filter(|event| event.content.is_line()).cloned();
    let lines: Vec<Message> = lines.map(|event| normal(expected.message(event))).collect();
    assert_eq!(messages, lines, "seed {seed}");
}

/// Reactions in one order: a store may keep them in any.
fn normal(mut message: Message) -> Message {
    message
        .reactions
        .iter_mut()
        .for_each(|reaction| reaction.users.sort());
    message.reactions.sort_by(|a, b| a.emoji.cmp(&b.emoji));
    message
}

/// A random history of a room: people talk, edit, delete, react, pin, come, go and change roles.
async fn live_at_random(room: &Room, seed: u64, events: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut present = room.others.clone();
    let mut away = vec![new_user(), new_user(), new_user()];
    let mut messages = vec![room.say(room.owner, "the first").await.seq];
    for number in 0..events {
        room.clock
            .advance(Duration::from_millis(random.random_range(0..5_000)));
        let content = match random.random_range(0..20) {
            0 if present.len() > 1 => leave(&mut random, &mut present, &mut away),
            1 if !away.is_empty() => join(&mut random, &mut present, &mut away),
            2 => Content::RoleChanged {
                user: pick(&mut random, &present),
                role: *[Role::Member, Role::Admin]
                    .choose(&mut random)
                    .expect("two"),
            },
            3 => Content::ChatChanged {
                title: Some(Title::new(&format!("Title {number}")).expect("a title")),
                history: None,
                data: None,
            },
            4 => Content::ChatChanged {
                title: None,
                history: None,
                data: Some(some_data(&mut random, number)),
            },
            5 => Content::Hidden {},
            6..14 => about_a_message(&mut random, &messages, number),
            _ => message(&format!("message {number}")),
        };
        let is_message = content.is_countable();
        let author = pick(&mut random, &present);
        let event = room.post(author, content).await;
        if is_message {
            messages.push(event.seq);
        }
    }
}

/// Data with a field, or none.
fn some_data(random: &mut StdRng, number: usize) -> AppData {
    if random.random_bool(0.3) {
        return AppData::default();
    }
    AppData::from_value(json!({ "number": number })).expect("an object")
}

fn pick(random: &mut StdRng, users: &[UserId]) -> UserId {
    *users.choose(random).expect("somebody stays")
}

fn leave(random: &mut StdRng, present: &mut Vec<UserId>, away: &mut Vec<UserId>) -> Content {
    let user = present.swap_remove(random.random_range(0..present.len()));
    away.push(user);
    Content::MemberRemoved { user }
}

fn join(random: &mut StdRng, present: &mut Vec<UserId>, away: &mut Vec<UserId>) -> Content {
    let joining = random.random_range(1..=away.len());
    let users: Vec<UserId> = away.drain(..joining).collect();
    present.extend(&users);
    let member = |user| NewMember {
        user,
        role: Role::Member,
    };
    Content::MembersAdded {
        users: users.into_iter().map(member).collect(),
    }
}

fn about_a_message(random: &mut StdRng, messages: &[Seq], number: usize) -> Content {
    let target = *messages.choose(random).expect("there is a first");
    let on = random.random_bool(0.6);
    match random.random_range(0..9) {
        0 => Content::MessageDeleted { target },
        1 | 2 => Content::PinChanged { target, on },
        3..=5 => Content::MessageEdited {
            target,
            body: Body::text(format!("edit {number}")),
        },
        _ => {
            let emoji = *["👍", "🎉", "❤️"].choose(random).expect("three");
            let emoji = Emoji::new(emoji).expect("an emoji");
            Content::ReactionChanged { target, emoji, on }
        }
    }
}
