//! Everybody who is there while a fault lasts, from their registration to what they have to say about it.

use anyhow::Context;
use parlour_model::UserId;

use super::guests::Guests;
use super::probes::Probes;
use super::revoked::Revoked;
use super::{Fault, Setup};
use crate::World;
use crate::cluster::Cluster;
use crate::collect::Said;
use crate::device::Device;
use crate::history::History;
use crate::load::Load;

/// Who takes part in a run.
#[derive(Debug)]
pub(super) struct People {
    pub(super) load: Load,
    pub(super) probes: Probes,
    pub(super) guests: Guests,
    pub(super) revoked: Revoked,
}

/// What they saw, and what the nodes told them afterwards.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) history: History,
    pub(super) said: Said,
    /// The one of the probes who came through the balancer.
    pub(super) roamer: Option<UserId>,
}

impl People {
    pub(super) async fn gather(
        cluster: &Cluster,
        world: &World,
        (setup, seed): (Setup, u64),
    ) -> anyhow::Result<Self> {
        let family = format!("{}_{:08x}", short(setup.fault), rand::random::<u32>());
        let probes = Probes::place(cluster, world, &family).await;
        let probes = probes.context("probes")?;
        let guests = Guests::place(cluster, world, (&family, &probes)).await;
        let guests = guests.context("guests")?;
        let revoked = Revoked::place(cluster, world, &family).await;
        let revoked = revoked.context("sessions to revoke")?;
        let places = cluster.places(world);
        let load = Load::prepare_over(&places, &family, (seed, setup.size)).await;
        Ok(Self {
            load: load.context("the load")?,
            probes,
            guests,
            revoked,
        })
    }

    /// Waits until everybody has everything, and ends them.
    ///
    /// # Errors
    /// When some of it does not come, or the nodes do not answer.
    pub(super) async fn come_to_rest(mut self) -> anyhow::Result<Evidence> {
        self.load.come_to_rest().await?;
        self.guests.come_to_rest().await.context("the guests")?;
        self.probes.come_to_rest().await.context("the probes")?;
        let mut others = self.probes.into_devices();
        let roamer = others.last().map(Device::user);
        others.extend(self.guests.into_devices());
        others.push(self.revoked.into_keeper().await);
        let (history, said) = self.load.finish_with(others).await?;
        Ok(Evidence {
            history,
            said,
            roamer,
        })
    }
}

/// The first letters of a fault's name: user names are short.
fn short(fault: Fault) -> String {
    let name = fault.name();
    let initials = name.split('-').filter_map(|word| word.chars().next());
    initials.collect()
}
