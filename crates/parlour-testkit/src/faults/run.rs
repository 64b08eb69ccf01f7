//! One run of one fault.

use std::time::Duration;

use anyhow::Context;
use parlour_model::{PresenceStatus, UserId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep, timeout};

use super::Fault;
use super::blow::Blow;
use super::probes::{ARRIVES_WITHIN, OFFLINE_WITHIN, Probes, SENDS_WITHIN, Times};
use super::revoked::Revoked;
use crate::World;
use crate::checker::{Invariant, Violation, check};
use crate::cluster::{Cluster, GATEWAYS};
use crate::collect::Said;
use crate::device::{COMES_WITHIN, Device};
use crate::history::{History, What};
use crate::load::{Load, Size};
use crate::traffic::Counts;

/// Sends acknowledged before the blow and after the mending, at least and at most.
const SENT_AROUND: std::ops::Range<u64> = 20..60;

/// How a fault is run.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Which.
    pub fault: Fault,
    /// Decides everything that is random.
    pub seed: u64,
    /// Whether it lasts a few seconds only.
    pub is_short: bool,
    /// Who does what meanwhile.
    pub size: Size,
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// What was run.
    pub setup: Setup,
    /// What shows that the fault happened.
    pub proof: String,
    /// How long the fault lasted.
    pub lasted: Duration,
    /// How long things took.
    pub times: Times,
    /// What was counted in all.
    pub counts: Counts,
    /// Broken promises, without those that this fault keeps from being judged.
    pub violations: Vec<Violation>,
    /// Promises about times, that the checker does not know of.
    pub late: Vec<String>,
    /// Where the nodes said something else than the store holds.
    pub differences: Vec<String>,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.late.is_empty() && self.differences.is_empty()
    }
}

/// Runs one fault on a cluster that is well, and leaves it well.
///
/// # Errors
/// When the fault could not be shown to have happened, or the cluster does not come to rest.
pub async fn run(cluster: &mut Cluster, setup: Setup) -> anyhow::Result<Report> {
    let mut rng = StdRng::seed_from_u64(setup.seed);
    let world = World::new(cluster.balancer.url());
    let family = format!("{}_{:08x}", short(setup.fault), rand::random::<u32>());
    let probes = Probes::place(cluster, &world, &family)
        .await
        .context("probes")?;
    let revoked = Revoked::place(cluster, &world, &family)
        .await
        .context("sessions to revoke")?;
    let places = cluster.places(&world);
    let load = Load::prepare_over(&places, &family, (rng.random(), setup.size)).await;
    let mut load = load.context("the load")?;
    load.start();
    sends(&world, rng.random_range(SENT_AROUND)).await?;

    let target = rng.random_range(0..GATEWAYS);
    let (from, to) = setup.fault.lasts(setup.is_short);
    let lasts = Duration::from_millis(rng.random_range(millis(from)..millis(to)));
    let struck_at = Instant::now();
    let mut blow = Blow::strike(setup.fault, cluster, target)
        .await
        .context("the blow")?;
    probes.speak_up().await?;
    let enduring = endure(cluster, &mut blow, &probes, (setup, struck_at, lasts));
    let ((lasted, times), ()) = tokio::try_join!(enduring, revoked.revoke())?;
    sends(&world, rng.random_range(SENT_AROUND))
        .await
        .context("after the mending")?;
    load.come_to_rest().await?;
    probes.come_to_rest().await?;
    let mut others = probes.into_devices();
    let roamer = others.last().map(Device::user);
    others.push(revoked.into_keeper().await);
    let (history, said) = load.finish_with(others).await?;
    judge(
        cluster,
        (setup, roamer),
        (history, said),
        (world, blow, lasted, times),
    )
    .await
}

/// Lets the fault last, mends it and waits until everything works: how long it lasted, and how long things took.
async fn endure(
    cluster: &mut Cluster,
    blow: &mut Blow,
    probes: &Probes,
    (setup, struck_at, lasts): (Setup, Instant, Duration),
) -> anyhow::Result<(Duration, Times)> {
    let shown = async {
        if setup.fault.takes_a_gateway_away() {
            let took = probes.until_offline(blow.target, struck_at).await?;
            return anyhow::Ok(Some(took));
        }
        Ok(None)
    };
    let ((), offline) = tokio::join!(sleep(lasts), shown);
    let offline = offline?;
    blow.mend(cluster).await.context("the mending")?;
    let lasted = struck_at.elapsed();
    let killed = (setup.fault == Fault::GatewayKilled).then_some(blow.target);
    let healed = probes.until_healed(killed).await?;
    Ok((lasted, Times { offline, ..healed }))
}

/// Waits for so many more sends.
async fn sends(world: &World, more: u64) -> anyhow::Result<()> {
    let enough = world.traffic().counts().sent + more;
    let sent = world.traffic().wait_for(|counts| counts.sent >= enough);
    timeout(COMES_WITHIN, sent)
        .await
        .context("nothing is sent any more")?;
    Ok(())
}

async fn judge(
    cluster: &Cluster,
    (setup, roamer): (Setup, Option<UserId>),
    (history, said): (History, Said),
    (world, blow, lasted, times): (World, Blow, Duration, Times),
) -> anyhow::Result<Report> {
    let truth = cluster.truth().await?;
    let (truth, differences) = said.compare_with(&truth).await?;
    let mut violations = check(&history, &truth);
    let not_judged = setup.fault.not_judged();
    violations.retain(|violation| !not_judged.contains(&violation.invariant));
    if setup.fault == Fault::RollingRestart {
        violations.extend(shown_offline(&history, roamer));
    }
    Ok(Report {
        setup,
        proof: blow.proof,
        lasted,
        times,
        counts: world.traffic().counts(),
        violations,
        late: late(times),
        differences,
    })
}

/// In an orderly restart who goes through the balancer comes back before anybody is told that they were gone.
fn shown_offline(history: &History, roamer: Option<UserId>) -> Vec<Violation> {
    let offline = history
        .records
        .iter()
        .filter_map(|record| match record.what {
            What::PresenceSeen {
                of,
                status: PresenceStatus::Offline,
                ..
            } if Some(of) == roamer => Some(Violation {
                invariant: Invariant::P2,
                what: format!(
                    "{of} was shown offline to {:?} in an orderly restart",
                    record.device
                ),
            }),
            _ => None,
        });
    offline.collect()
}

/// What took longer than promised.
fn late(times: Times) -> Vec<String> {
    let promises = [
        (
            "L1: the last message of a quiet chat",
            times.arrive,
            ARRIVES_WITHIN,
        ),
        ("L2: a send on every gateway", times.send, SENDS_WITHIN),
        (
            "P1: offline",
            times.offline.unwrap_or_default(),
            OFFLINE_WITHIN,
        ),
    ];
    let late = promises
        .into_iter()
        .filter(|(_, took, within)| took > within);
    late.map(|(what, took, within)| format!("{what} took {took:.1?}, promised were {within:?}"))
        .collect()
}

/// The first letters of a fault's name: user names are short.
fn short(fault: Fault) -> String {
    let name = fault.name();
    let initials = name.split('-').filter_map(|word| word.chars().next());
    initials.collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
