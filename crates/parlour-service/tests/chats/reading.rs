//! History, single messages, ids, the list of chats and of members: what a member sees, and nobody else.

use std::collections::BTreeSet;

use parlour_model::{EventId, HistoryVisibility, Mark, Marks, Message, Seq, Title};
use parlour_service::{Actor, ChatChange, Missing, SeqOrId, ServiceError};
use parlour_store::Anchor;
use parlour_store::faults::{Fault, Operation};
use tokio::task::JoinSet;

use crate::world::{World, message};

const NO_CHAT: ServiceError = ServiceError::NotFound(Missing::Chat);
const NO_MESSAGE: ServiceError = ServiceError::NotFound(Missing::Message);

fn seqs(lines: &[Message]) -> Vec<u64> {
    lines.iter().map(|line| line.seq.get()).collect()
}

#[tokio::test]
async fn history_starts_at_joining_where_the_group_says_so() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    for (history, expected) in [
        (HistoryVisibility::All, vec![1, 2, 3, 4]),
        (HistoryVisibility::SinceJoin, vec![3, 4]),
    ] {
        let chat = world.group_with(&[ann, bob], history).await;
        let before = world.say(&ann, chat, "before").await;
        world
            .chats
            .add_members(&ann, chat, vec![cem.user])
            .await
            .unwrap();
        world.say(&ann, chat, "after").await;
        let page = world
            .chats
            .history(&cem, chat, Anchor::Latest, 100)
            .await
            .unwrap();
        assert_eq!(seqs(&page.messages), expected);
        let is_visible = history == HistoryVisibility::All;
        let one = world.chats.message(&cem, chat, before.seq).await;
        assert_eq!(one.is_ok(), is_visible);
        for name in [SeqOrId::Seq(before.seq), SeqOrId::Id(before.id)] {
            let resolved = world.chats.resolve(&cem, chat, name).await;
            assert_eq!(
                resolved,
                if is_visible {
                    Ok(before.seq)
                } else {
                    Err(NO_MESSAGE)
                }
            );
        }
    }
}

#[tokio::test]
async fn one_reads_what_one_has_just_said() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    for nth in 2..30 {
        let said = world.say(&users[nth % 2], chat, "news").await.seq;
        for who in &users {
            let page = world
                .chats
                .history(who, chat, Anchor::Latest, 1)
                .await
                .unwrap();
            assert_eq!(seqs(&page.messages), [said.get()]);
            assert!(page.at >= said);
        }
    }
}

#[tokio::test]
async fn former_members_and_strangers_read_nothing() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let chat = world.group(&users[..2]).await;
    let said = world.say(&ann, chat, "hello").await;
    world
        .chats
        .remove_member(&ann, chat, bob.user)
        .await
        .unwrap();
    for who in [&bob, &cem] {
        let chats = &world.chats;
        let history = chats.history(who, chat, Anchor::Before(said.seq), 10).await;
        assert_eq!(history.map(drop), Err(NO_CHAT));
        assert_eq!(
            chats.message(who, chat, said.seq).await.map(drop),
            Err(NO_CHAT)
        );
        let resolved = chats.resolve(who, chat, SeqOrId::Id(said.id)).await;
        assert_eq!(resolved, Err(NO_CHAT));
        assert_eq!(
            chats.receipts(who, chat, said.seq).await.map(drop),
            Err(NO_CHAT)
        );
        assert_eq!(
            chats.members(who, chat, None, 10).await.map(drop),
            Err(NO_CHAT)
        );
        assert_eq!(chats.get(who, chat).await.map(drop), Err(NO_CHAT));
        assert!(chats.list(who, None, 10).await.unwrap().chats.is_empty());
    }
}

#[tokio::test]
async fn a_message_is_found_by_seq_and_by_id() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    let said = world.say(&users[0], chat, "hello").await;
    let line = world
        .chats
        .message(&users[1], chat, said.seq)
        .await
        .unwrap();
    assert_eq!((line.id, line.content), (said.id, message("hello")));
    let unknown = EventId::new(said.id.get() + 1).unwrap();
    for name in [
        SeqOrId::Id(unknown),
        SeqOrId::Seq(Seq::new(99)),
        SeqOrId::Seq(Seq::ZERO),
    ] {
        let resolved = world.chats.resolve(&users[1], chat, name).await;
        assert_eq!(resolved, Err(NO_MESSAGE));
    }
    let missing = world.chats.message(&users[1], chat, Seq::new(99)).await;
    assert_eq!(missing, Err(NO_MESSAGE));
}

#[tokio::test]
async fn chats_are_listed_by_last_activity_and_paged() {
    let world = World::new();
    let users = world.users(8).await;
    let ann = users[0];
    let mut chats = Vec::new();
    for other in &users[1..] {
        chats.push(world.direct(&ann, other).await);
    }
    let left = world.group(&[users[1], ann]).await;
    world.chats.leave(&ann, left).await.unwrap();
    world
        .say(&users[3], chats[2], "a new message lifts its chat")
        .await;
    let mut expected: Vec<_> = chats
        .iter()
        .copied()
        .filter(|chat| *chat != chats[2])
        .collect();
    expected.push(chats[2]);
    expected.reverse();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = world.chats.list(&ann, after.as_deref(), 3).await.unwrap();
        assert!(page.chats.len() <= 3);
        listed.extend(page.chats.iter().map(|chat| chat.chat.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, expected);
    let first = &world.chats.list(&ann, None, 1).await.unwrap().chats[0];
    let last = first.last_message.as_ref().unwrap();
    assert_eq!(last.content, message("a new message lifts its chat"));
    assert_eq!((first.unread, first.member_count), (1, 2));
    let nonsense = world.chats.list(&ann, Some("nonsense"), 3).await.map(drop);
    assert!(matches!(
        nonsense,
        Err(ServiceError::Invalid {
            field: "cursor",
            ..
        })
    ));
}

#[tokio::test]
async fn members_are_paged_with_their_marks() {
    let world = World::new();
    let users: Vec<Actor> = world.users(9).await;
    let chat = world.group(&users).await;
    for (nth, who) in users.iter().enumerate() {
        world.say(who, chat, "here").await;
        if nth % 2 == 0 {
            world
                .chats
                .mark(who, chat, Mark::Read(Seq::new(nth as u64 + 2)))
                .await
                .unwrap();
        }
    }
    // The marks of who left stand between those of the others.
    world.chats.leave(&users[4], chat).await.unwrap();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = world
            .chats
            .members(&users[8], chat, after, 3)
            .await
            .unwrap();
        listed.extend(page.members);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let present: BTreeSet<_> = users.iter().map(|who| who.user).collect();
    let found: Vec<_> = listed.iter().map(|(member, _)| member.user).collect();
    let expected: Vec<_> = present
        .into_iter()
        .filter(|user| *user != users[4].user)
        .collect();
    assert_eq!(found, expected);
    for (member, marks) in &listed {
        let nth = users
            .iter()
            .position(|who| who.user == member.user)
            .unwrap();
        let read = if nth % 2 == 0 { nth as u64 + 2 } else { 0 };
        assert_eq!(marks.read, Seq::new(read));
    }
    let receipts = world
        .chats
        .receipts(&users[1], chat, Seq::new(2))
        .await
        .unwrap();
    assert_eq!(receipts.len(), 7);
    assert!(receipts.iter().all(|(user, _)| *user != users[0].user));
    let nobody_marked = receipts
        .iter()
        .filter(|(_, marks)| *marks == Marks::default());
    assert_eq!(nobody_marked.count(), 4);
}

#[tokio::test]
async fn a_message_has_receipts_of_those_only_who_were_there_when_it_was_said() {
    let world = World::new();
    let users = world.users(4).await;
    let [ann, bob, cem, dan] = [users[0], users[1], users[2], users[3]];
    let chat = world.group(&[ann, bob, cem]).await;
    let said = world.say(&ann, chat, "read by all").await.seq;
    for who in [&bob, &cem] {
        let mark = Mark::Read(said);
        world.chats.mark(who, chat, mark).await.unwrap();
    }
    world.chats.leave(&cem, chat).await.unwrap();
    let add = vec![cem.user, dan.user];
    world.chats.add_members(&ann, chat, add).await.unwrap();
    let receipts = async |seq| {
        let receipts = world.chats.receipts(&ann, chat, seq).await.unwrap();
        receipts
            .into_iter()
            .map(|(user, marks)| (user, marks.read >= seq))
            .collect::<Vec<_>>()
    };
    assert_eq!(receipts(said).await, [(bob.user, true)]);
    let later = world.say(&ann, chat, "for everybody now").await.seq;
    let nobody = [bob, cem, dan].map(|who| (who.user, false));
    assert_eq!(receipts(later).await, nobody);
    let all = world.chats.all_marks(&ann, chat).await.unwrap();
    assert_eq!(all.len(), 4);
}

/// What comes after the head of a summary is told by events, so nothing up to it may be missing.
#[tokio::test]
async fn a_chat_that_changes_while_it_is_read_is_shown_as_of_its_head() {
    let world = World::new();
    let ann = world.user().await;
    let chat = world.group(&[ann]).await;
    let title = Title::new("Divers").unwrap();
    let change = || ChatChange {
        title: Some(title.clone()),
        ..ChatChange::default()
    };
    for is_renamed in [false, true] {
        world.say(&ann, chat, "before").await;
        world.faults.next(Operation::Heads, Fault::Hang);
        let reads = world.faults.count() + 1;
        let chats = world.chats.clone();
        let mut reading = JoinSet::new();
        reading.spawn(async move { chats.get(&ann, chat).await.unwrap() });
        world.faults.struck(Operation::Heads, reads).await;
        let said = world.say(&ann, chat, "meanwhile").await;
        if is_renamed {
            world.chats.update(&ann, chat, change()).await.unwrap();
        }
        world.faults.release().await;
        let shown = reading.join_next().await.unwrap().unwrap();
        let last = shown.last_message.expect("a line");
        let is_up_to_date = shown.chat.title.as_ref() == Some(&title);
        assert_eq!((last.seq >= said.seq, is_up_to_date), (true, is_renamed));
        assert!(last.seq <= shown.head.seq);
    }
}
