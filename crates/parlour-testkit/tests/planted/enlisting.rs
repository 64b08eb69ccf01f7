//! Bugs about large chats, which find nodes by the chat: a node that enlists once and never again, and one that gives up
//! when it is refused.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use parlour_bus::{BusError, ChatRoute, SharedBus};
use parlour_model::{AppData, Body, ChatId, DisplayName, Seq, User, UserId, UserName};
use parlour_store::{Accounts as _, ClaimSpace, Claims as _, NewUser};
use parlour_testkit::Device;
use parlour_testkit::checker::{Invariant, Violation};
use parlour_testkit::planting::{BusBug, NoBug, StoreUnderTest, time_passes};

use crate::support::{AFTER_A_FAULT, AT_ONCE, Bug, NODES, Nodes, ids, must_be_named};

/// Members who never connect: with two who do they make a group large.
const STRANGERS: usize = 63;

/// Writes each route of a chat once. When the bus has lost it, nothing writes it again.
#[derive(Default)]
struct EnlistedOnce(Arc<Mutex<HashSet<ChatRoute>>>);

#[async_trait]
impl BusBug for EnlistedOnce {
    async fn enlist(&self, bus: &SharedBus, routes: &[ChatRoute]) -> Result<(), BusError> {
        let mut new = routes.to_vec();
        new.retain(|route| self.0.lock().unwrap().insert(*route));
        bus.enlist(&new).await
    }
}

/// Users that exist and never connect.
async fn strangers(nodes: &Nodes) -> Vec<UserId> {
    let ids = ids(NODES, &nodes.clock);
    // So that time stands still while the store works.
    let store = StoreUnderTest::new(Arc::clone(&nodes.store), Arc::new(NoBug));
    let mut users = Vec::new();
    for number in 0..STRANGERS {
        let id = UserId::new(ids.next_id().unwrap()).unwrap();
        let name = format!("stranger_{number}");
        let now = nodes.clock.now();
        let user = User {
            id,
            username: UserName::new(&name).unwrap(),
            display_name: DisplayName::new(&name).unwrap(),
            avatar_url: None,
            data: AppData::default(),
            created_at: now,
            updated_at: now,
        };
        let password_hash = String::new();
        let new = NewUser {
            user,
            password_hash,
        };
        store.put_user(new).await.unwrap();
        let space = ClaimSpace::UserName;
        let claimed = store.claim(space, &name, id.get(), None);
        claimed.await.unwrap();
        users.push(id);
    }
    users
}

/// Ann writes, and is told that it is stored.
async fn write(ann: &Device, chat: ChatId) {
    let sent = ann.client().send(chat, Body::text("hello"), None);
    sent.await.unwrap().settled().await.unwrap();
}

/// Ann, Bob on the second node, and a large group of theirs that has settled.
async fn settled_group(nodes: &Nodes) -> (Device, Device, ChatId) {
    let (ann, bob) = (nodes.device(0, "ann").await, nodes.device(1, "bob").await);
    let mut members = strangers(nodes).await;
    members.push(bob.user());
    let group = ann.client().create_group("Everybody", members);
    let chat = group.await.unwrap().id;
    bob.until_applied(chat, Seq::FIRST).await.unwrap();
    time_passes(AT_ONCE).await;
    (ann, bob, chat)
}

/// The second node's lease lapses and it lives on; once all is settled, Ann writes to a large group with Bob.
async fn after_a_lapse(bug: impl Fn(usize) -> Bug) -> Vec<Violation> {
    let nodes = Nodes::start(bug).await;
    let (ann, bob, chat) = settled_group(&nodes).await;
    write(&ann, chat).await;
    bob.until_applied(chat, Seq::new(2)).await.unwrap();
    nodes.network.lapse(&nodes.buses[1]);
    time_passes(AFTER_A_FAULT).await;
    write(&ann, chat).await;
    time_passes(AT_ONCE).await;
    nodes.judge_devices(vec![ann, bob]).await
}

#[tokio::test(start_paused = true)]
async fn a_large_chat_not_enlisted_for_again() {
    must_be_named(
        "not enlisted for a large chat again after a lapsed lease",
        Invariant::L1,
        async |_, is_planted| {
            after_a_lapse(|_| {
                if is_planted {
                    Bug::of_bus(EnlistedOnce::default())
                } else {
                    Bug::none()
                }
            })
            .await
        },
    )
    .await;
}

/// Refuses to enlist the node until it is told to take routes. What the bug leaves out is to write them then.
struct Refusing {
    takes: Arc<AtomicBool>,
    gives_up: bool,
}

#[async_trait]
impl BusBug for Refusing {
    async fn enlist(&self, bus: &SharedBus, routes: &[ChatRoute]) -> Result<(), BusError> {
        if !self.takes.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("told to refuse".to_owned()));
        }
        if self.gives_up {
            return Ok(());
        }
        bus.enlist(routes).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_enlistment_given_up() {
    must_be_named(
        "refused enlistment given up",
        Invariant::L1,
        async |_, is_planted| {
            let takes = Arc::new(AtomicBool::new(false));
            let bug = |node| match node {
                1 => Bug::of_bus(Refusing {
                    takes: Arc::clone(&takes),
                    gives_up: is_planted,
                }),
                _ => Bug::none(),
            };
            let nodes = Nodes::start(bug).await;
            let (ann, bob, chat) = settled_group(&nodes).await;
            write(&ann, chat).await; // Bob's node cannot be found.
            time_passes(Duration::from_secs(2)).await;
            takes.store(true, Ordering::SeqCst);
            // What it missed is looked for at once, before heads are compared anyway.
            let found = bob.until_applied(chat, Seq::new(2));
            let found = tokio::time::timeout(AT_ONCE, found).await;
            found.expect("it is looked for").unwrap();
            write(&ann, chat).await;
            time_passes(AT_ONCE).await;
            nodes.judge_devices(vec![ann, bob]).await
        },
    )
    .await;
}
