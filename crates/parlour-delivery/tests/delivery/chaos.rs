//! Anything, in any order, over links that lose, double and reorder.
//!
//! Whatever happens, every client applies a chat's events one by one, sees none from outside its membership, and has
//! all of them once the links are whole. The client of these tests itself minds about order, holes and doubles.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parlour_bus::{Channels as _, Fate, Health};
use parlour_model::{ChatId, Content, Event, Seq, UserId};
use proptest::prelude::*;

use crate::support::{Client, World, chat, pass, user};

const USERS: u64 = 4;
const CHATS: u64 = 2;
const DEVICES: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    Change(Change),
    /// Connects a device while other things happen, or disconnects it.
    Plug {
        device: usize,
        node: usize,
        meanwhile: Vec<(u64, Change)>,
    },
    /// Reads of the store take their time.
    SlowDown(u64),
    /// Packets meet these fates in turn from now on.
    Links(Vec<Fate>),
    Release,
    Overflow {
        node: usize,
    },
    Lapse {
        node: usize,
    },
    /// The bus goes away for a node, or comes back.
    Toggle {
        node: usize,
    },
    /// The store fails this many reads of events.
    Fail(usize),
    Pause(u64),
}

/// One event of a chat: a message, or a member removed or, who is none, added.
#[derive(Debug, Clone, Copy)]
struct Change {
    node: usize,
    chat: u64,
    user: u64,
    is_message: bool,
}

fn change(nodes: usize) -> impl Strategy<Value = Change> {
    let fields = (0..nodes, 1..=CHATS, 1..=USERS, prop::bool::weighted(0.8));
    fields.prop_map(|(node, chat, user, is_message)| Change {
        node,
        chat,
        user,
        is_message,
    })
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Deliver),
        Just(Fate::Drop),
        Just(Fate::Double),
        Just(Fate::Hold)
    ]
}

fn step(nodes: usize) -> impl Strategy<Value = Step> {
    let node = 0..nodes;
    let meanwhile = prop::collection::vec((0..60_u64, change(nodes)), 0..12);
    prop_oneof![
        10 => change(nodes).prop_map(Step::Change),
        4 => (0..DEVICES, node.clone(), meanwhile)
            .prop_map(|(device, node, meanwhile)| Step::Plug { device, node, meanwhile }),
        1 => (1..100_u64).prop_map(Step::SlowDown),
        2 => prop::collection::vec(fate(), 1..6).prop_map(Step::Links),
        1 => Just(Step::Release),
        1 => node.clone().prop_map(|node| Step::Overflow { node }),
        1 => node.clone().prop_map(|node| Step::Lapse { node }),
        1 => node.prop_map(|node| Step::Toggle { node }),
        1 => (1..4_usize).prop_map(Step::Fail),
        3 => (0..1_500_u64).prop_map(Step::Pause),
        1 => (5_000..70_000_u64).prop_map(Step::Pause),
    ]
}

/// A device between and during its connections.
#[derive(Default)]
struct Device {
    cursors: BTreeMap<ChatId, Seq>,
    client: Option<Client>,
}

struct Chaos {
    world: World,
    devices: Vec<Device>,
}

impl Chaos {
    /// Users 1 to 3 are in every chat, with so many others who never connect.
    fn new(nodes: usize, others: u64) -> Self {
        let world = World::new(nodes);
        let members: Vec<u64> = (1..=3).chain(101..101 + others).collect();
        for number in 1..=CHATS {
            world.group(number, &members);
        }
        let devices = (0..DEVICES).map(|_| Device::default()).collect();
        Self { world, devices }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Change(change) => self.world.change(change),
            Step::Plug {
                device,
                node,
                meanwhile,
            } => self.plug(device, node, meanwhile).await,
            Step::SlowDown(millis) => self.world.store.slow_down(millis),
            Step::Links(fates) => {
                let turn = AtomicUsize::new(0);
                let fault =
                    move |_: &_, _: &_| fates[turn.fetch_add(1, Ordering::SeqCst) % fates.len()];
                self.world.network.set_fault(Some(Arc::new(fault)));
            }
            Step::Release => self.world.network.release_held(),
            Step::Overflow { node } => self.world.network.overflow(&self.world.node_ref(node)),
            Step::Lapse { node } => self.world.network.lapse(&self.world.nodes[node].bus),
            Step::Toggle { node } => self.toggle(node),
            Step::Fail(times) => self.world.store.fail("events", times),
            Step::Pause(millis) => pass(Duration::from_millis(millis)).await,
        }
    }

    fn toggle(&self, node: usize) {
        let bus = &self.world.nodes[node].bus;
        let is_up = *bus.health().borrow() == Health::Up;
        if is_up {
            self.world.network.cut_off(bus);
        } else {
            self.world.network.restore(bus);
        }
    }

    async fn plug(&mut self, device: usize, node: usize, meanwhile: Vec<(u64, Change)>) {
        let owner = device as u64 % USERS + 1;
        let slot = &mut self.devices[device];
        if let Some(mut client) = slot.client.take() {
            client.drain();
            self.world.check(&client);
            slot.cursors = client.cursors.clone();
            client.connection.detach().await;
            return;
        }
        let cursors = slot.cursors.iter().map(|(chat, at)| (*chat, at.get()));
        let client = Client::connect(&self.world.nodes[node], owner, cursors);
        let world = &self.world;
        let changes = async {
            for (pause, change) in meanwhile {
                pass(Duration::from_millis(pause)).await;
                world.change(change);
            }
        };
        let (client, ()) = tokio::join!(client, changes);
        slot.client = Some(client);
    }

    /// Heals everything; then everybody must have everything.
    async fn finish(mut self) {
        self.world.heal();
        self.world.network.release_held();
        self.world.store.fail("events", 0);
        self.world.store.slow_down(0);
        for node in 0..self.world.nodes.len() {
            self.world.network.restore(&self.world.nodes[node].bus);
            self.world.network.overflow(&self.world.node_ref(node));
        }
        pass(Duration::from_secs(10)).await;
        for device in &mut self.devices {
            let Some(client) = &mut device.client else {
                continue;
            };
            client.drain();
            self.world.check(client);
            for number in 1..=CHATS {
                let events = self.world.store.events_now(chat(number));
                let expected =
                    was_member(&events, client.user, None).then_some(Seq::new(events.len() as u64));
                assert_eq!(
                    client.cursors.get(&chat(number)),
                    expected.as_ref(),
                    "{}",
                    client.user
                );
            }
        }
    }
}

impl World {
    fn change(&self, change: Change) {
        let (chat, whom) = (chat(change.chat), user(change.user));
        if change.is_message {
            self.post(change.node, chat, whom);
        } else if was_member(&self.store.events_now(chat), whom, None) {
            self.remove(change.node, chat, change.user);
        } else {
            self.add(change.node, chat, change.user);
        }
    }

    /// Every event a client saw is one that its user was a member for, or that made them one again: whoever has everything up
    /// to their removal, and was let in again by the very next event, goes on with that.
    fn check(&self, client: &Client) {
        for seen in &client.events {
            let events = self.store.events_now(seen.chat);
            let is_let_in = |event: &Event| {
                event.seq == seen.seq
                    && matches!(event.content, Content::MembersAdded { .. })
                    && event.content.named_users().contains(&client.user)
            };
            assert!(
                was_member(&events, client.user, Some(seen.seq)) || events.iter().any(is_let_in),
                "{} saw {seen:?}",
                client.user
            );
        }
    }
}

/// Whether somebody was a member just before the event of this seq, or is now.
fn was_member(events: &[Event], user: UserId, before: Option<Seq>) -> bool {
    let mut member = false;
    for event in events
        .iter()
        .take_while(|event| before.is_none_or(|seq| event.seq < seq))
    {
        match &event.content {
            Content::MemberRemoved { user: removed } if *removed == user => member = false,
            Content::MembersAdded { .. } | Content::ChatCreated { .. } => {
                member |= event.content.named_users().contains(&user);
            }
            _ => {}
        }
    }
    member
}

fn run(nodes: usize, others: u64, steps: Vec<Step>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut chaos = Chaos::new(nodes, others);
        for step in steps {
            chaos.step(step).await;
        }
        chaos.finish().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_nodes_agree_with_the_log(steps in prop::collection::vec(step(2), 1..80)) {
        run(2, 0, steps);
    }

    #[test]
    fn two_nodes_agree_about_large_chats(steps in prop::collection::vec(step(2), 1..60)) {
        run(2, 70, steps);
    }

    #[test]
    fn three_nodes_agree_with_the_log(steps in prop::collection::vec(step(3), 1..60)) {
        run(3, 0, steps);
    }

    #[test]
    fn one_node_agrees_with_the_log(steps in prop::collection::vec(step(1), 1..60)) {
        run(1, 0, steps);
    }
}
