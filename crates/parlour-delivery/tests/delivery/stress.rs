//! Real threads: many post, connect and leave at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parlour_delivery::SyncKind;
use parlour_model::ChatId;
use parlour_protocol::CloseCode;
use tokio::task::JoinSet;

use crate::support::{Client, World, seq, user};

const POSTS: u64 = 400;
const MEMBERS: u64 = 12;

/// Follows a chat until it is over, coming back whenever the connection ends. The client minds about order itself.
async fn follow(world: Arc<World>, chat: ChatId, number: u64, over: Arc<AtomicBool>) -> u64 {
    let mut at = 1;
    let mut visits = 0;
    while !over.load(Ordering::SeqCst) || at < world.store.head_now(chat) {
        let node = &world.nodes[(number + visits) as usize % world.nodes.len()];
        let mut client = Client::attach(node, number).await;
        client.cursors = [(chat, seq(at))].into();
        visits += 1;
        if let Err(code) = visit(&mut client, (number, visits)).await {
            // Where its thread did not run for a while.
            assert_eq!(code, CloseCode::SlowConsumer);
        }
        at = client.cursors[&chat].get();
        client.connection.detach().await;
    }
    at
}

/// Takes some frames, as many as the mixture says.
async fn visit(client: &mut Client, (number, visits): (u64, u64)) -> Result<(), CloseCode> {
    client.try_sync(SyncKind::Hello).await?;
    for _ in 0..(5 + (number * 7 + visits * 13) % 40) {
        match tokio::time::timeout(Duration::from_millis(30), client.try_next()).await {
            Ok(frame) => drop(frame?),
            Err(_) => break,
        }
    }
    if visits % 3 == 0 {
        client.try_sync(SyncKind::Sync).await?;
    }
    Ok(())
}

async fn post_all(world: Arc<World>, chat: ChatId, author: u64) {
    for number in 0..POSTS {
        world.post(author as usize % world.nodes.len(), chat, user(author));
        for _ in 0..(number % 16) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_misses_anything_while_all_post_and_come_and_go() {
    let world = Arc::new(World::new(2));
    let members: Vec<u64> = (1..=MEMBERS).collect();
    let chat = world.group(1, &members);
    let over = Arc::new(AtomicBool::new(false));
    let mut followers = JoinSet::new();
    for number in 1..=MEMBERS {
        followers.spawn(follow(Arc::clone(&world), chat, number, Arc::clone(&over)));
    }
    let mut posters = JoinSet::new();
    for author in 1..=4 {
        posters.spawn(post_all(Arc::clone(&world), chat, author));
    }
    posters.join_all().await;
    over.store(true, Ordering::SeqCst);
    let all = tokio::time::timeout(Duration::from_secs(60), followers.join_all());
    for at in all.await.expect("everybody gets there") {
        assert_eq!(at, 4 * POSTS + 1);
    }
}
