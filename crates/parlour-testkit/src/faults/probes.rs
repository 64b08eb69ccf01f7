//! Three users, one on each gateway and nowhere else, and one who comes through the balancer: they measure what the
//! others cannot see.

use std::time::Duration;

use anyhow::Context;
use parlour_client::Client;
use parlour_model::{Body, ChatId, PresenceStatus, Seq, UserId};
use parlour_protocol::Encoding;
use tokio::time::{Instant, timeout};

use super::times::Times;
use crate::cluster::{Cluster, GATEWAYS};
use crate::device::Device;
use crate::{Sights, World};

/// Beyond this nothing is waited for any more.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(200);

/// The probes and their chats.
#[derive(Debug)]
pub(super) struct Probes {
    /// One on each gateway, then the one behind the balancer.
    devices: Vec<Device>,
    /// In which each says one thing while the fault lasts, and nothing after it.
    quiet: ChatId,
    /// In which each says one thing after the mending.
    busy: ChatId,
}

impl Probes {
    pub(super) async fn place(
        cluster: &Cluster,
        world: &World,
        family: &str,
    ) -> anyhow::Result<Self> {
        let mut devices = Vec::new();
        for (number, gateway) in cluster.gateways.iter().enumerate() {
            let place = world.at(gateway.server.url());
            let name = format!("{family}_probe_{number}");
            devices.push(place.register(&name, Encoding::Json).await?);
        }
        let roamer = world.at(cluster.balancer.url());
        let name = format!("{family}_roamer");
        devices.push(roamer.register(&name, Encoding::MessagePack).await?);
        let users: Vec<UserId> = devices.iter().map(Device::user).collect();
        let first = devices[0].client();
        let quiet = first.create_group("quiet", users[1..].to_vec()).await?.id;
        let busy = first.create_group("busy", users[1..].to_vec()).await?.id;
        for device in &devices {
            device.until_applied(quiet, Seq::FIRST).await?;
            device.until_applied(busy, Seq::FIRST).await?;
            device.client().watch(users.clone(), Vec::new()).await?;
        }
        let probes = Self {
            devices,
            quiet,
            busy,
        };
        probes.until_all_are(PresenceStatus::Online).await?;
        Ok(probes)
    }

    async fn until_all_are(&self, status: PresenceStatus) -> anyhow::Result<()> {
        for device in &self.devices {
            for other in self.devices.iter().map(Device::user) {
                if other != device.user() {
                    device
                        .until_shown(|sights| is(sights, other, status))
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// Each says the one thing in the quiet chat. It is sent whenever that becomes possible.
    pub(super) async fn speak_up(&self) -> anyhow::Result<()> {
        for device in &self.devices {
            let body = Body::text("while something was wrong");
            device.client().send(self.quiet, body, None).await?;
        }
        Ok(())
    }

    /// Waits until those on the other gateways show who is on this one as offline; how long that took. Who comes through the
    /// balancer may be behind the same gateway, and see nothing until they look for another.
    pub(super) async fn until_offline(
        &self,
        gateway: usize,
        since: Instant,
    ) -> anyhow::Result<Duration> {
        let gone = self.devices[gateway].user();
        for (number, device) in self.devices[..GATEWAYS].iter().enumerate() {
            if number != gateway {
                let shown = device.until_shown(|sights| is(sights, gone, PresenceStatus::Offline));
                shown.await.context("who is gone is still shown")?;
            }
        }
        Ok(since.elapsed())
    }

    /// Waits until everything works again; how long that took from now on. What takes too long is given up, and its
    /// time says so.
    pub(super) async fn until_healed(&self, killed: Option<usize>) -> anyhow::Result<Times> {
        let mended_at = Instant::now();
        let sending = async {
            let numbered = self.devices.iter().enumerate();
            for (_, device) in numbered.filter(|(number, _)| Some(*number) != killed) {
                let body = Body::text("after the mending");
                let sent = device.client().send(self.busy, body, None).await?;
                sent.settled()
                    .await
                    .map_err(|error| anyhow::anyhow!("{error:?}"))?;
            }
            anyhow::Ok(mended_at.elapsed())
        };
        let arriving = async {
            let last = Seq::new(1 + self.devices.len() as u64);
            for device in &self.devices {
                // However long one wait is: here only the sum counts.
                while device.until_applied(self.quiet, last).await.is_err() {}
            }
            anyhow::Ok(mended_at.elapsed())
        };
        let (send, arrive) = tokio::join!(
            timeout(GIVEN_UP_AFTER, sending),
            timeout(GIVEN_UP_AFTER, arriving)
        );
        let took = |time: Result<anyhow::Result<Duration>, _>| match time {
            Ok(Ok(time)) => time,
            _ => GIVEN_UP_AFTER,
        };
        Ok(Times {
            send: took(send),
            arrive: took(arrive),
            offline: None,
        })
    }

    /// Everything that was said has arrived everywhere, or has not within the time that a test waits.
    pub(super) async fn come_to_rest(&self) -> anyhow::Result<()> {
        for device in &self.devices {
            device.until_kept(|kept| kept.unsettled == 0).await?;
        }
        for device in &self.devices {
            device.until_caught_up().await?;
        }
        Ok(())
    }

    /// Who is on each gateway.
    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.devices[..GATEWAYS].iter().map(Device::client)
    }

    /// The devices; the last goes through the balancer, and so finds another gateway at once.
    pub(super) fn into_devices(self) -> Vec<Device> {
        self.devices
    }
}

fn is(sights: &Sights, user: UserId, status: PresenceStatus) -> bool {
    let presence = sights.presence.get(&user);
    presence.is_some_and(|presence| presence.status == status)
}
