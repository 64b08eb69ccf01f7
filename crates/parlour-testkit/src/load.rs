//! Seeded load: people with several devices who write, edit, react, read, type, join, leave and lose their
//! connections, all at once.
//!
//! The seed decides what each device wants to do, in which order. When it happens is up to the machine.

mod actor;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parlour_client::Rest;
use parlour_model::{ChatId, UserId};
use parlour_protocol::Encoding;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::collect::Said;
use crate::device::{Device, World};
use crate::history::History;
use actor::Actor;

/// How large a load is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Users; every second one has two devices.
    pub users: usize,
    /// Direct chats.
    pub directs: usize,
    /// Groups; each begins with about half of the users.
    pub groups: usize,
    /// How long a device rests between two things it does, on the average. Zero: not at all.
    pub rest: Duration,
}

impl Size {
    /// Enough to keep a node busy, small enough for a test.
    pub const SMALL: Self = Self {
        users: 6,
        directs: 4,
        groups: 3,
        rest: Duration::ZERO,
    };

    /// Sends under way at every moment, and a machine that has time for several such loads.
    pub const CALM: Self = Self {
        rest: Duration::from_millis(100),
        ..Self::SMALL
    };
}

/// The load on one server.
#[derive(Debug)]
pub struct Load {
    world: World,
    resting: Vec<Actor>,
    working: JoinSet<anyhow::Result<Actor>>,
    stop: CancellationToken,
    lines: Arc<Vec<String>>,
    chats: BTreeSet<ChatId>,
}

impl Load {
    /// Registers the users and makes their chats.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn prepare(world: &World, seed: u64, size: Size) -> anyhow::Result<Self> {
        Self::prepare_over(std::slice::from_ref(world), "user", (seed, size)).await
    }

    /// The same with devices that connect in several places, in turn, and users named after `family`, so that
    /// several loads can follow each other on one server.
    ///
    /// # Errors
    /// What the server refuses.
    #[expect(clippy::print_stdout, reason = "every random test says its seed")]
    pub async fn prepare_over(
        places: &[World],
        family: &str,
        (seed, size): (u64, Size),
    ) -> anyhow::Result<Self> {
        println!("load: seed {seed}, {size:?}");
        let mut places_in_turn = places.iter().cycle();
        let mut next_place = || places_in_turn.next().context("a load needs a place");
        let world = next_place()?.clone();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut devices = Vec::new();
        for number in 0..size.users {
            let name = format!("{family}_{number}");
            let place = next_place()?;
            devices.push(place.register(&name, encoding(number)).await?);
            if number % 2 == 0 {
                let place = next_place()?;
                devices.push(place.login(&name, encoding(number + 1)).await?);
            }
        }
        let made = make_chats(&devices, size, &mut rng).await?;
        let devices = devices.into_iter();
        let mut actor = |device| {
            let rng = StdRng::seed_from_u64(rng.random());
            Actor::new(device, rng, size.rest)
        };
        let actors = devices.map(&mut actor);
        let mut load = Self {
            world,
            resting: actors.collect(),
            working: JoinSet::new(),
            stop: CancellationToken::new(),
            lines: Arc::default(),
            chats: made.chats,
        };
        load.give_owners_their_groups(made.owned);
        Ok(load)
    }

    /// The same, writing these lines instead of invented ones.
    #[must_use]
    pub fn writing(mut self, lines: Vec<String>) -> Self {
        self.lines = Arc::new(lines);
        self
    }

    /// Begins.
    pub fn start(&mut self) {
        self.stop = CancellationToken::new();
        for actor in self.resting.drain(..) {
            let (stop, lines) = (self.stop.clone(), self.lines.clone());
            self.working.spawn(actor.work(stop, lines));
        }
    }

    /// Stops wanting more, then waits until every send is settled and every device has everything.
    ///
    /// # Errors
    /// When some of that does not come.
    pub async fn come_to_rest(&mut self) -> anyhow::Result<()> {
        self.stop_wanting().await?;
        self.everything_came().await
    }

    /// Stops wanting more, and answers once everybody has everything, or after `within` all the same: whether
    /// everything came is then for the checker to say.
    ///
    /// # Errors
    /// When a device's task ends by an error.
    pub async fn rest_for(&mut self, within: Duration) -> anyhow::Result<bool> {
        self.stop_wanting().await?;
        let came = tokio::time::timeout(within, self.everything_came()).await;
        Ok(came.is_ok_and(|came| came.is_ok()))
    }

    async fn stop_wanting(&mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.working.join_next().await {
            self.resting.push(ended.context("a device's task")??);
        }
        Ok(())
    }

    async fn everything_came(&self) -> anyhow::Result<()> {
        for actor in &self.resting {
            let device = actor.device();
            device
                .until_kept(|kept| kept.unsettled == 0)
                .await
                .context("sends are not settled")?;
        }
        for actor in &self.resting {
            actor.device().until_caught_up().await?;
        }
        Ok(())
    }

    /// The devices, while they rest.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.resting.iter().map(Actor::device)
    }

    /// The chats that were made.
    #[must_use]
    pub fn chats(&self) -> &BTreeSet<ChatId> {
        &self.chats
    }

    /// The records up to now, then ends all devices and asks the server what it knows.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn finish(self) -> anyhow::Result<(History, Said)> {
        self.finish_with(Vec::new()).await
    }

    /// The same with devices that took part beside the load.
    ///
    /// # Errors
    /// As [`Load::finish`].
    pub async fn finish_with(self, others: Vec<Device>) -> anyhow::Result<(History, Said)> {
        anyhow::ensure!(self.working.is_empty(), "come to rest first");
        let history = self.world.recorder().history();
        let own = self.resting.into_iter().map(Actor::into_device);
        let mut users = BTreeMap::<UserId, Rest>::new();
        for device in own.chain(others) {
            users.insert(device.user(), device.close().await);
        }
        let said = Said::ask(&users).await?;
        let said = said.knowing(history.chats());
        Ok((history, said))
    }

    fn give_owners_their_groups(&mut self, mut owned: BTreeMap<UserId, Vec<ChatId>>) {
        let everybody: Vec<UserId> = self
            .resting
            .iter()
            .map(|actor| actor.device().user())
            .collect();
        for actor in &mut self.resting {
            // The first device of the owner looks after a group.
            let groups = owned.remove(&actor.device().user()).unwrap_or_default();
            actor.look_after(groups, everybody.clone());
        }
    }
}

fn encoding(number: usize) -> Encoding {
    if number.is_multiple_of(2) {
        Encoding::MessagePack
    } else {
        Encoding::Json
    }
}

/// Chats that were made.
#[derive(Debug, Default)]
struct Made {
    chats: BTreeSet<ChatId>,
    /// The groups by their owners.
    owned: BTreeMap<UserId, Vec<ChatId>>,
}

async fn make_chats(devices: &[Device], size: Size, rng: &mut StdRng) -> anyhow::Result<Made> {
    let mut made = Made::default();
    let pick = |rng: &mut StdRng| &devices[rng.random_range(0..devices.len())];
    for _ in 0..size.directs {
        let (one, other) = (pick(rng), pick(rng));
        if one.user() != other.user() {
            made.chats
                .insert(one.client().create_direct(other.user()).await?.id);
        }
    }
    for number in 0..size.groups {
        let owner = pick(rng);
        let others = devices
            .iter()
            .map(Device::user)
            .filter(|user| *user != owner.user());
        let mut members: Vec<UserId> = others.filter(|_| rng.random_bool(0.5)).collect();
        members.dedup();
        let group = owner
            .client()
            .create_group(&format!("group {number}"), members)
            .await?;
        made.chats.insert(group.id);
        made.owned.entry(owner.user()).or_default().push(group.id);
    }
    Ok(made)
}
