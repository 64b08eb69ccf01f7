//! Somebody who is let in and put out again on each gateway for as long as a fault lasts, and whose programs crash and
//! come back in between.
//!
//! Others do the same by chance. Here it is tried again and again on every gateway, so that it happens wherever it can.

use std::time::Duration;

use anyhow::Context;
use parlour_client::Client;
use parlour_model::{ChatId, Seq, UserId};
use parlour_protocol::Encoding;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::probes::Probes;
use crate::World;
use crate::cluster::Cluster;
use crate::device::{COMES_WITHIN, Device};

/// How long somebody waits to be told that they were let in or put out, before they come back to look.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long coming back may take where every answer is slow, before it is tried again.
const LONG_PATIENCE: Duration = Duration::from_secs(20);

/// One user with a device on each gateway, on each the guest of who lives there.
#[derive(Debug)]
pub(super) struct Guests {
    resting: Vec<Visit>,
    visiting: JoinSet<anyhow::Result<Visit>>,
    stop: CancellationToken,
}

/// A device on one gateway, and the group into which somebody there lets its user.
#[derive(Debug)]
struct Visit {
    host: Client,
    group: ChatId,
    device: Device,
}

impl Guests {
    pub(super) async fn place(
        cluster: &Cluster,
        world: &World,
        (family, probes): (&str, &Probes),
    ) -> anyhow::Result<Self> {
        let name = format!("{family}_guest");
        let mut resting = Vec::<Visit>::new();
        for (gateway, host) in cluster.gateways.iter().zip(probes.clients()) {
            let place = world.at(gateway.server.url());
            let device = if resting.is_empty() {
                place.register(&name, Encoding::Json).await?
            } else {
                place.login(&name, Encoding::MessagePack).await?
            };
            // On one gateway the guest is in to begin with: so the first things to happen are of both kinds.
            let is_inside = resting.len() == 1;
            let members = Vec::from_iter(is_inside.then(|| device.user()));
            let group = host.create_group("guests", members).await?.id;
            if is_inside {
                device.until_applied(group, Seq::FIRST).await?;
            }
            resting.push(Visit {
                host: host.clone(),
                group,
                device,
            });
        }
        Ok(Self {
            resting,
            visiting: JoinSet::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Begins.
    pub(super) fn start(&mut self) {
        for visit in self.resting.drain(..) {
            self.visiting.spawn(visit.go_on(self.stop.clone()));
        }
    }

    /// Wants nothing more.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Lets the guest in everywhere once more, and ends when all devices know it.
    ///
    /// # Errors
    /// When that takes too long.
    pub(super) async fn come_to_rest(&mut self) -> anyhow::Result<()> {
        self.stop();
        while let Some(ended) = self.visiting.join_next().await {
            self.resting.push(ended.context("a guest's task")??);
        }
        for visit in &self.resting {
            let let_in = timeout(COMES_WITHIN, visit.let_in());
            let_in.await.context("no guest is let in any more")?;
        }
        for visit in &self.resting {
            visit.device.until_caught_up().await?;
        }
        Ok(())
    }

    pub(super) fn into_devices(self) -> impl Iterator<Item = Device> {
        self.resting.into_iter().map(|visit| visit.device)
    }
}

impl Visit {
    async fn go_on(mut self, stop: CancellationToken) -> anyhow::Result<Self> {
        while !stop.is_cancelled() {
            let is_inside = self.is_inside();
            let change = async {
                if is_inside {
                    self.remove().await;
                } else {
                    self.add().await;
                }
                self.is_told(!is_inside, PATIENCE).await
            };
            stop.run_until_cancelled(change).await;
            self.device.restart().await?;
            let back = self.is_told(!is_inside, LONG_PATIENCE);
            stop.run_until_cancelled(back).await;
        }
        Ok(self)
    }

    fn is_inside(&self) -> bool {
        self.device.kept().cursors.contains_key(&self.group)
    }

    async fn let_in(&self) {
        self.add().await;
        while !self.is_told(true, PATIENCE).await {
            self.add().await;
        }
    }

    /// A refusal is part of it: whoever is not let in, or was already, is asked in again.
    async fn add(&self) {
        let guests = vec![self.guest()];
        drop(self.host.rest().add_members(self.group, guests).await);
    }

    async fn remove(&self) {
        let guest = self.guest();
        drop(self.host.rest().remove_member(self.group, guest).await);
    }

    fn guest(&self) -> UserId {
        self.device.user()
    }

    /// Whether the device learns within this time that its user is in the group, or not in it.
    async fn is_told(&self, is_member: bool, within: Duration) -> bool {
        let group = self.group;
        let is_so = self
            .device
            .until_kept(|kept| kept.cursors.contains_key(&group) == is_member);
        timeout(within, is_so).await.is_ok_and(|told| told.is_ok())
    }
}
