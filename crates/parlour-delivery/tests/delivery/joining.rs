//! Becoming a member, and ceasing to be one, while connected.

use std::time::Duration;

use parlour_delivery::SyncKind;
use parlour_model::{Content, HistoryVisibility, Marks, NewMember, Role, Seq, Title};
use parlour_protocol::{ChatNotice, ServerFrame};

use crate::support::{Client, World, chat, message, pass, settle, user};

#[tokio::test(start_paused = true)]
async fn a_new_chat_shows_on_every_connection_of_its_members_at_once() {
    let world = World::new(2);
    let mut creator = Client::connect(&world.nodes[0], 1, []).await;
    let mut phone = Client::connect(&world.nodes[0], 2, []).await;
    let mut laptop = Client::connect(&world.nodes[1], 2, []).await;
    let chat = world.group(1, &[1, 2]);
    for client in [&mut creator, &mut phone, &mut laptop] {
        client.until(chat, 1).await;
        assert_eq!(client.joined, [chat]);
    }
    world.post(1, chat, user(1));
    for client in [&mut creator, &mut phone, &mut laptop] {
        client.until(chat, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_added_member_joins_at_the_head_and_misses_nothing_after_it() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut old = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut new = Client::connect(&world.nodes[1], 3, []).await;
    world.post(0, chat, user(1));
    world.store.shut("authority.after"); // The summary is read, and then held up.
    world.add(0, chat, 3);
    for _ in 0..10 {
        world.post(0, chat, user(1));
    }
    pass(Duration::from_millis(100)).await;
    world.store.open("authority.after");
    old.until(chat, 13).await;
    new.until(chat, 13).await;
    assert_eq!(new.joined, [chat]);
    assert!(
        new.seqs(chat).iter().all(|seq| *seq > 3),
        "what was before is history"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_reaches_a_removed_member_after_their_removal() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut here = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut stays = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    world.remove(1, chat, 2);
    for _ in 0..5 {
        world.post(0, chat, user(1));
    }
    stays.until(chat, 8).await;
    for client in [&mut here, &mut there] {
        let frames = client.drain();
        assert_eq!(client.seqs(chat), [2, 3], "up to the removal");
        assert_eq!(client.left, [chat].into());
        assert!(
            matches!(frames.last(), Some(ServerFrame::Chat(_))),
            "{frames:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_removed_while_away_is_shown_the_end_and_not_more() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2, 3]);
    world.post(0, chat, user(1));
    world.remove(0, chat, 2);
    world.post(0, chat, user(1));
    let mut client = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    assert_eq!(client.seqs(chat), [2, 3]);
    assert_eq!(client.left, [chat].into());
    world.post(0, chat, user(1));
    assert!(client.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_member_removed_while_their_page_is_read_is_not_sent_what_comes_after() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2, 3]);
    let _stays = Client::connect(&world.nodes[0], 3, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    world.store.shut("events.after");
    let client = Client::connect(&world.nodes[0], 2, [(chat, 1)]);
    let meanwhile = async {
        pass(Duration::from_millis(100)).await;
        world.post(0, chat, user(1));
        world.remove(0, chat, 2);
        world.post(0, chat, user(1));
        world.store.open("events.after");
    };
    let (client, ()) = tokio::join!(client, meanwhile);
    assert_eq!(client.seqs(chat), [2, 3, 4]);
    assert_eq!(client.left, [chat].into());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_reaches_beyond_the_node_is_fenced_by_the_removal_in_it() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let _stays = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    // Node 1 follows the chat and never hears of what comes next.
    world.store.shut("events");
    let client = Client::connect(&world.nodes[1], 2, [(chat, 1)]);
    let meanwhile = async {
        pass(Duration::from_millis(100)).await;
        world.packets(parlour_bus::Fate::Drop);
        world.remove(0, chat, 2);
        world.post(0, chat, user(1));
        pass(Duration::from_millis(100)).await;
        world.store.open("events");
    };
    let (client, ()) = tokio::join!(client, meanwhile);
    assert_eq!(client.seqs(chat), [2, 3]);
    assert_eq!(client.left, [chat].into());
}

#[tokio::test(start_paused = true)]
async fn removed_and_added_again_while_connected_leaves_then_joins() {
    let world = World::new(2);
    let chat = world.group_with(1, &[1, 2], HistoryVisibility::SinceJoin);
    let mut client = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.remove(0, chat, 2);
    world.post(0, chat, user(1));
    world.add(0, chat, 2);
    world.post(0, chat, user(1));
    client.until(chat, 5).await;
    assert_eq!(client.joined, [chat]);
    assert!(
        !client.seqs(chat).contains(&3),
        "what was said in between is not theirs"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_and_let_in_again_while_their_chat_is_read_is_told_of_it() {
    for gate in ["authority", "authority.after"] {
        let world = World::new(1);
        let chat = world.group(1, &[1, 2, 3]);
        let _stays = Client::connect(&world.nodes[0], 3, [(chat, 1)]).await;
        world.store.shut(gate);
        let client = Client::connect(&world.nodes[0], 2, []);
        let meanwhile = async {
            settle().await;
            world.remove(0, chat, 2);
            world.add(0, chat, 2);
            world.store.open(gate);
        };
        let (mut client, ()) = tokio::join!(client, meanwhile);
        settle().await;
        client.drain();
        assert_eq!(client.cursors.get(&chat), Some(&Seq::new(3)), "{gate}");
        world.post(0, chat, user(1));
        client.until(chat, 4).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_joined_during_the_first_sync_is_told_once() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    world.post(0, chat, user(1));
    world.store.shut("memberships.after");
    let client = Client::connect(&world.nodes[0], 2, [(chat, 1)]);
    let meanwhile = async {
        pass(Duration::from_millis(100)).await;
        let new = world.group(2, &[1, 2]);
        world.post(0, new, user(1));
        world.store.open("memberships.after");
        new
    };
    let (mut client, new) = tokio::join!(client, meanwhile);
    client.until(new, 2).await;
    assert_eq!(client.joined, [new]);
    assert_eq!(client.seqs(chat), [2]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_chat_is_not_told_to_a_connection_that_has_a_cursor_in_it() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    // Attached: packets come, but the client has not said yet what it has.
    let mut client = Client::attach(&world.nodes[1], 2).await;
    for _ in 0..3 {
        world.post(0, chat, user(1));
        pass(Duration::from_millis(100)).await;
    }
    client.cursors = [(chat, crate::support::seq(1))].into();
    client.sync(SyncKind::Hello).await;
    pass(Duration::from_secs(3)).await;
    client.drain();
    assert_eq!(client.seqs(chat), [2, 3, 4]);
    assert!(client.joined.is_empty());
}

#[tokio::test(start_paused = true)]
async fn members_who_change_while_a_chat_is_entered_are_right_in_the_end() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2, 3]);
    world.store.shut("members.after");
    let client = Client::connect(&world.nodes[0], 2, [(chat, 1)]);
    let meanwhile = async {
        pass(Duration::from_millis(100)).await;
        world.remove(0, chat, 2); // The members that were read still name them.
        world.post(0, chat, user(1));
        world.store.open("members.after");
    };
    let (mut client, ()) = tokio::join!(client, meanwhile);
    world.commit(0, chat, user(1), message());
    assert!(client.drain().is_empty());
    assert_eq!(client.seqs(chat), [2]);
    assert_eq!(client.left, [chat].into());
}

#[tokio::test(start_paused = true)]
async fn who_is_added_while_the_node_enters_the_chat_is_told() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut added = Client::connect(&world.nodes[0], 3, []).await;
    world.store.shut("heads");
    let other = Client::connect(&world.nodes[0], 2, [(chat, 1)]);
    let meanwhile = async {
        pass(Duration::from_millis(100)).await;
        world.add(0, chat, 3);
        world.store.open("heads"); // The first head that is read is that of this event.
    };
    let (_other, ()) = tokio::join!(other, meanwhile);
    added.until(chat, 2).await;
    assert_eq!(added.joined, [chat]);
}

#[tokio::test(start_paused = true)]
async fn a_new_title_is_told_by_its_event_alone() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut client = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    let content = Content::ChatChanged {
        title: Some(Title::new("New").unwrap()),
        history: None,
        data: None,
    };
    world.commit(0, chat, user(1), content);
    let frames = client.drain();
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert_eq!(
        client.events[0].title.as_ref().map(Title::as_str),
        Some("New")
    );
}

#[tokio::test(start_paused = true)]
async fn a_chat_nobody_was_told_of_shows_with_its_next_message() {
    let world = World::new(1);
    let mut member = Client::connect(&world.nodes[0], 2, []).await;
    let created = world.unannounced_group(1, &[1, 2]);
    world.post(0, created, user(1)); // By a member who is not connected.
    member.until(created, 2).await;
    assert_eq!(member.joined, [created]);
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_chat_without_members_here_cost_one_read_of_its_members() {
    let world = World::new(1);
    let mut stranger = Client::connect(&world.nodes[0], 3, []).await;
    let chat = world.unannounced_group(1, &[1, 2]);
    for _ in 0..20 {
        world.post(0, chat, user(1));
        pass(Duration::from_millis(700)).await;
    }
    assert_eq!(world.store.reads("members"), 1);
    assert_eq!(world.store.reads("heads"), 0);
    assert!(stranger.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_marks_of_all_members_are_read_at_once_and_those_of_former_ones_skipped() {
    let world = World::new(1);
    let mut client = Client::connect(&world.nodes[0], 500, []).await;
    let marks = |read| Marks {
        read: Seq::new(read),
        ..Marks::default()
    };
    for former in 1..=300 {
        world.store.set_marks(chat(1), user(former), marks(9));
    }
    world.store.set_marks(chat(1), user(502), marks(1));
    world.group(1, &[500, 501, 502]);
    let joined = loop {
        if let ServerFrame::Chat(notice) = client.next().await {
            break notice;
        }
    };
    let ChatNotice::Joined(summary) = *joined else {
        panic!("{joined:?}")
    };
    let members = summary.members.unwrap();
    let read: Vec<_> = members
        .iter()
        .map(|member| (member.user.get(), member.read.get()))
        .collect();
    assert_eq!(read, [(500, 0), (501, 0), (502, 1)]);
    assert_eq!(world.store.reads("marks"), 1, "the client's own");
    assert_eq!(world.store.reads("marks_of_chat"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_doorbell_for_a_new_member_is_heard_also_while_the_chat_is_not_asked_about() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2]);
    let mut new = Client::connect(&world.nodes[1], 3, []).await;
    for node in [&world.nodes[0], &world.nodes[2]] {
        world.network.cut_off(&node.bus);
    }
    world.add(0, chat, 3);
    world.remove(0, chat, 3);
    pass(Duration::from_secs(5)).await; // Both nodes wait for the bus.
    world.network.restore(&world.nodes[0].bus);
    settle().await; // Node 1 has asked about the chat, and found nobody.
    assert!(new.drain().is_empty());
    world.add(2, chat, 3);
    settle().await; // Node 2 owes a doorbell.
    world.network.restore(&world.nodes[2].bus);
    let rung = tokio::time::Instant::now();
    new.until(chat, 4).await;
    let took = rung.elapsed();
    assert!(took <= Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn who_was_added_by_a_node_that_died_before_the_effects_hears_within_a_minute() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 3]);
    let _member = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    let mut added = Client::connect(&world.nodes[2], 2, []).await;
    // Long enough that nobody reads the members for another reason.
    pass(Duration::from_secs(7_200)).await;
    let users = vec![NewMember {
        user: user(2),
        role: Role::Member,
    }];
    let content = Content::MembersAdded { users };
    world.store.commit_and_die(chat, user(1), content);
    world.network.crash(&world.nodes[0].bus);
    let told = tokio::time::timeout(Duration::from_secs(60), added.until(chat, 2));
    told.await.expect("within a minute");
    assert_eq!(added.joined, [chat]);
}

#[tokio::test(start_paused = true)]
async fn a_new_chat_of_which_no_node_was_told_is_found_within_a_minute() {
    let world = World::new(2);
    let mut added = Client::connect(&world.nodes[1], 2, []).await;
    pass(Duration::from_secs(7_500)).await;
    world.packets(parlour_bus::Fate::Drop);
    let new = world.group(1, &[1, 2]);
    pass(Duration::from_secs(1)).await;
    world.heal();
    let told = tokio::time::timeout(Duration::from_secs(60), added.until(new, 1));
    told.await.expect("within a minute");
    assert_eq!(added.joined, [new]);
}

#[tokio::test(start_paused = true)]
async fn a_long_first_sync_gathers_no_tasks_and_new_chats_come_after_it() {
    let world = World::new(2);
    for number in 1..=200 {
        world.unannounced_group(number, &[1, 2]);
    }
    let mut client = Client::attach(&world.nodes[1], 2).await;
    let connection = &client.connection;
    connection
        .sync(Default::default(), SyncKind::Hello, true)
        .await;
    let tasks = world.nodes[1].tracker.len();
    // Without the bus every chat is found once more every five seconds.
    world.network.cut_off(&world.nodes[1].bus);
    let reads = world.store.reads("memberships");
    pass(Duration::from_secs(600)).await;
    assert!(world.store.reads("memberships") >= reads + 100);
    let more = world.nodes[1].tracker.len().saturating_sub(tasks);
    assert!(more < 10, "{more} more tasks");
    client.sync(SyncKind::Sync).await;
    settle().await;
    client.drain();
    assert_eq!(client.joined.len(), 200);
}
