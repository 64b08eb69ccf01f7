//! Large chats: nodes enlist for them, and are found by the chat.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlour_bus::{ChatRoutes as _, ConnectionId, ConnectionRef, Fate, NodeRef, Routes as _};
use parlour_model::{ChatId, Content, NewMember, Role, SessionId};
use tokio::time::Instant;

use crate::support::{Client, World, message, pass, settle, user};

/// After so long without a change of members a large chat is found by itself.
const SETTLED: Duration = Duration::from_secs(6);
const AT_ONCE: Duration = Duration::from_millis(50);

/// A group of users 1 to `members`, of which everybody has been told.
async fn group(world: &World, members: u64) -> ChatId {
    let chat = world.group(1, &(1..=members).collect::<Vec<u64>>());
    settle().await;
    chat
}

/// The nodes enlisted for a chat, as a node sees them.
async fn enlisted(world: &World, chat: ChatId) -> Vec<NodeRef> {
    let mut nodes = world.nodes[0].bus.nodes_of(chat).await.unwrap();
    nodes.sort_by_key(|node| node.number.get());
    nodes
}

/// Lets a member look connected to a node that knows nothing of it.
async fn plant_route(world: &World, node: usize, number: u64) {
    let route = ConnectionRef {
        connection: ConnectionId::new(999),
        session: SessionId::new(number).unwrap(),
        device: String::new(),
    };
    let bus = &world.nodes[node].bus;
    bus.register(user(number), route).await.unwrap();
}

/// Notes the receiver of every packet from now on.
fn receivers(world: &World) -> Arc<Mutex<Vec<NodeRef>>> {
    let receivers: Arc<Mutex<Vec<NodeRef>>> = Arc::default();
    let noted = Arc::clone(&receivers);
    let note = move |to: &NodeRef, _: &_| {
        noted.lock().unwrap().push(*to);
        Fate::Deliver
    };
    world.network.set_fault(Some(Arc::new(note)));
    receivers
}

/// The client gets the chat up to `at` without waiting for any timer.
async fn gets_at_once(client: &mut Client, chat: ChatId, at: u64) {
    let begun = Instant::now();
    client.until(chat, at).await;
    let took = begun.elapsed();
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_chat_reaches_the_nodes_that_are_enlisted_and_no_other() {
    let world = World::new(3);
    let chat = group(&world, 65).await;
    let _author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    plant_route(&world, 2, 65).await;
    pass(SETTLED).await;
    assert_eq!(
        enlisted(&world, chat).await,
        [world.node_ref(0), world.node_ref(1)]
    );
    let told = receivers(&world);
    for at in 2..5 {
        world.post(0, chat, user(1));
        gets_at_once(&mut there, chat, at).await;
    }
    pass(Duration::from_secs(2)).await; // The doorbell that remembered nodes owe.
    let told = told.lock().unwrap();
    assert!(!told.is_empty() && told.iter().all(|node| *node == world.node_ref(1)));
}

#[tokio::test(start_paused = true)]
async fn a_chat_of_64_goes_by_its_members() {
    let world = World::new(2);
    let chat = group(&world, 64).await;
    let _author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    plant_route(&world, 1, 64).await;
    pass(SETTLED).await;
    assert_eq!(enlisted(&world, chat).await, [world.node_ref(0)]);
    let told = receivers(&world);
    world.post(0, chat, user(1));
    settle().await;
    assert_eq!(*told.lock().unwrap(), [world.node_ref(1)]);
}

#[tokio::test(start_paused = true)]
async fn what_names_users_goes_to_them_and_to_all_members() {
    let world = World::new(3);
    let chat = group(&world, 65).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut new = Client::connect(&world.nodes[2], 100, []).await;
    pass(SETTLED).await;
    world.add(0, chat, 100);
    gets_at_once(&mut there, chat, 2).await;
    gets_at_once(&mut new, chat, 2).await;
    pass(SETTLED).await;
    world.post(0, chat, user(1));
    gets_at_once(&mut new, chat, 3).await;
    // Who is removed is told where they are, although nobody else is left there.
    world.remove(0, chat, 100);
    settle().await;
    new.drain();
    assert!(new.left.contains(&chat));
}

#[tokio::test(start_paused = true)]
async fn who_connects_meanwhile_gets_the_last_message_of_a_large_chat() {
    let world = World::new(3);
    let chat = group(&world, 100).await;
    let _second = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    pass(SETTLED).await;
    world.post(0, chat, user(1));
    settle().await; // Node 0 now remembers that only node 1 is concerned.
    let mut third = Client::connect(&world.nodes[2], 3, [(chat, 2)]).await;
    world.post(0, chat, user(1));
    let begun = Instant::now();
    third.until(chat, 3).await;
    let took = begun.elapsed();
    assert!(took <= Duration::from_millis(1_100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_enlists_before_it_reads_the_head() {
    let world = World::new(2);
    let chat = group(&world, 100).await;
    let _author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    pass(SETTLED).await;
    let store = Arc::clone(&world.store);
    store.shut("members.after"); // Members are read, and then held up.
    // Its cursor is the head that will be read: nothing makes it read further.
    let connect = Client::connect(&world.nodes[1], 2, [(chat, 2)]);
    let meanwhile = async {
        settle().await;
        world.post(0, chat, user(1)); // Nobody is told.
        pass(Duration::from_secs(2)).await; // Node 0 has forgotten who was there.
        store.shut("heads.after");
        store.open("members.after");
        settle().await; // The head has been read, and nobody knows it yet.
        world.post(0, chat, user(1));
        settle().await;
        store.open("heads.after");
    };
    let (mut client, ()) = tokio::join!(connect, meanwhile);
    client.drain();
    assert_eq!(client.seqs(chat), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_grows_while_connected_is_enlisted_for() {
    let world = World::new(2);
    let chat = group(&world, 20).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let _author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    pass(SETTLED).await;
    assert!(enlisted(&world, chat).await.is_empty());
    let users = (21..=70).map(|number| NewMember {
        user: user(number),
        role: Role::Member,
    });
    let users = users.collect();
    world.commit(0, chat, user(1), Content::MembersAdded { users });
    world.post(0, chat, user(1));
    gets_at_once(&mut there, chat, 3).await;
    pass(SETTLED).await;
    assert_eq!(enlisted(&world, chat).await.len(), 2);
    world.post(0, chat, user(1));
    gets_at_once(&mut there, chat, 4).await;
    // It shrinks: whoever still takes it for large finds the node.
    for number in 60..=70 {
        world.remove(0, chat, number);
    }
    world.post(0, chat, user(1));
    gets_at_once(&mut there, chat, 16).await;
    assert_eq!(enlisted(&world, chat).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_grew_by_an_event_that_came_early_is_enlisted_for() {
    let world = World::new(2);
    let chat = group(&world, 20).await;
    let _there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    settle().await;
    let users = (21..=70).map(|number| NewMember {
        user: user(number),
        role: Role::Member,
    });
    let users = users.collect();
    let before = world.store.commit(chat, user(1), message());
    let grown = world
        .store
        .commit(chat, user(1), Content::MembersAdded { users });
    for event in [grown, before] {
        world.nodes[1].delivery.announce(&event);
    }
    settle().await;
    assert_eq!(enlisted(&world, chat).await, [world.node_ref(1)]);
}

#[tokio::test(start_paused = true)]
async fn after_a_lapse_a_node_enlists_again_and_misses_nothing() {
    let world = World::new(2);
    let chat = group(&world, 100).await;
    let _author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    pass(SETTLED).await;
    world.network.lapse(&world.nodes[1].bus);
    world.post(0, chat, user(1)); // No other node is enlisted now.
    there.until(chat, 2).await;
    settle().await;
    assert_eq!(
        enlisted(&world, chat).await,
        [world.node_ref(0), world.node_ref(1)]
    );
    pass(Duration::from_secs(5)).await;
    world.post(0, chat, user(1));
    gets_at_once(&mut there, chat, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_withdraws_a_minute_after_nobody_needed_the_chat() {
    let world = World::new(2);
    let chat = group(&world, 100).await;
    let client = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    client.connection.detach().await;
    pass(Duration::from_secs(40)).await;
    // Who comes back within the minute finds all as it was.
    let mut client = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    pass(SETTLED).await;
    world.post(0, chat, user(1));
    gets_at_once(&mut client, chat, 2).await;
    pass(Duration::from_secs(70)).await;
    assert_eq!(enlisted(&world, chat).await, [world.node_ref(1)]);
    client.connection.detach().await;
    pass(Duration::from_secs(58)).await;
    let reads = world.store.reads("members");
    world.post(0, chat, user(1));
    settle().await;
    assert_eq!(world.store.reads("members"), reads, "it knows the chat");
    assert_eq!(enlisted(&world, chat).await, [world.node_ref(1)]);
    // Also when the chat never falls silent.
    for _ in 0..20 {
        pass(Duration::from_millis(200)).await;
        world.post(0, chat, user(1));
    }
    assert!(enlisted(&world, chat).await.is_empty());
    assert_eq!(world.store.reads("members"), reads, "it does not ask again");
    // And comes back, enlisted anew.
    let mut client = Client::connect(&world.nodes[1], 2, [(chat, 2)]).await;
    client.until(chat, 23).await;
    world.post(0, chat, user(1));
    gets_at_once(&mut client, chat, 24).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_withdraws_when_its_last_member_is_removed() {
    let world = World::new(2);
    let chat = group(&world, 100).await;
    let mut client = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.remove(0, chat, 2);
    settle().await;
    client.drain();
    assert!(client.left.contains(&chat));
    pass(Duration::from_secs(62)).await;
    assert!(enlisted(&world, chat).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_did_not_take_is_owed_and_what_was_missed_is_found() {
    let world = World::new(2);
    let chat = group(&world, 100).await;
    let _author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    pass(SETTLED).await;
    let bus = Arc::clone(&world.nodes[1].bus);
    world.network.cut_off(&bus);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.network.restore(&bus);
    world.post(0, chat, user(1)); // Nobody is told: the route does not stand yet.
    let begun = Instant::now();
    there.until(chat, 2).await;
    let took = begun.elapsed();
    assert!(took <= Duration::from_secs(2), "{took:?}");
    settle().await;
    assert_eq!(enlisted(&world, chat).await.len(), 2);
    // The bus is away for a withdrawal, too.
    world.network.cut_off(&bus);
    there.connection.detach().await;
    pass(Duration::from_secs(100)).await;
    world.network.restore(&bus);
    pass(Duration::from_secs(5)).await;
    assert_eq!(enlisted(&world, chat).await, [world.node_ref(0)]);
}

#[tokio::test(start_paused = true)]
async fn a_node_where_nobody_is_finds_a_large_chat_by_itself_too() {
    let world = World::new(2);
    let chat = group(&world, 100).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1)); // Node 0 reads the members, and goes by them.
    there.until(chat, 2).await;
    pass(SETTLED).await;
    let reads = world.store.reads("members");
    for at in 3..6 {
        world.post(0, chat, user(1));
        gets_at_once(&mut there, chat, at).await;
        pass(Duration::from_secs(3)).await;
    }
    assert_eq!(world.store.reads("members"), reads);
}
