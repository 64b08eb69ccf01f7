//! One run of one fault.

use std::time::Duration;

use anyhow::Context;
use parlour_model::{PresenceStatus, UserId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep, timeout};

use super::Fault;
use super::blow::Blow;
use super::meanwhile::{Meanwhile, until_lively};
use super::people::{Evidence, People};
use super::times::{Bounds, Times};
use crate::World;
use crate::checker::{Invariant, Violation, check};
use crate::cluster::{Cluster, GATEWAYS};
use crate::device::COMES_WITHIN;
use crate::history::{History, What};
use crate::load::Size;
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
    /// What people did between the blow and the mending.
    pub meanwhile: Meanwhile,
    /// What nobody did meanwhile although the fault left it possible: then the run shows little.
    pub idle: Vec<&'static str>,
    /// Broken promises, without those that this fault keeps from being judged.
    pub violations: Vec<Violation>,
    /// Promises about times, that the checker does not know of.
    pub late: Vec<Violation>,
    /// Where the nodes said something else than the store holds.
    pub differences: Vec<String>,
}

impl Report {
    /// Whether every promise was kept while people needed it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken().next().is_none() && self.differences.is_empty() && self.idle.is_empty()
    }

    /// Every broken promise, those about times too.
    pub fn broken(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().chain(&self.late)
    }
}

/// Runs one fault on a cluster that is well, and leaves it well.
///
/// # Errors
/// When the fault could not be shown to have happened, or the cluster does not come to rest.
pub async fn run(cluster: &mut Cluster, setup: Setup) -> anyhow::Result<Report> {
    let mut rng = StdRng::seed_from_u64(setup.seed);
    let world = World::new(cluster.balancer.url());
    let mut people = People::gather(cluster, &world, (setup, rng.random())).await?;
    people.load.start();
    sends(&world, rng.random_range(SENT_AROUND)).await?;

    let target = rng.random_range(0..GATEWAYS);
    let (from, to) = setup.fault.lasts(setup.is_short);
    let lasts = Duration::from_millis(rng.random_range(millis(from)..millis(to)));
    let struck_at = Instant::now();
    people.guests.start();
    let mut before = world.traffic().counts();
    let mut blow = Blow::strike(setup.fault, cluster, target)
        .await
        .context("the blow")?;
    if !setup.fault.is_a_sequence() {
        before = world.traffic().counts();
    }
    people.probes.speak_up().await?;
    let plan = Plan {
        fault: setup.fault,
        struck_at,
        lasts,
        before,
    };
    let enduring = endure(cluster, &mut blow, &people, (&world, plan));
    let (endured, ()) = tokio::try_join!(enduring, people.revoked.revoke())?;
    sends(&world, rng.random_range(SENT_AROUND))
        .await
        .context("after the mending")?;
    let counts = world.traffic().counts();
    let evidence = people.come_to_rest().await?;
    judge(cluster, setup, evidence, (blow, endured, counts)).await
}

/// How a fault is to be endured.
#[derive(Debug, Clone, Copy)]
struct Plan {
    fault: Fault,
    struck_at: Instant,
    /// At least.
    lasts: Duration,
    /// What was counted when it began.
    before: Counts,
}

/// How it went.
#[derive(Debug, Clone, Copy)]
struct Endured {
    lasted: Duration,
    meanwhile: Meanwhile,
    times: Times,
}

/// Lets the fault last until everything has happened meanwhile, mends it and waits until everything works.
async fn endure(
    cluster: &mut Cluster,
    blow: &mut Blow,
    people: &People,
    (world, plan): (&World, Plan),
) -> anyhow::Result<Endured> {
    let shown = async {
        if plan.fault.takes_a_gateway_away() {
            let shown = people.probes.until_offline(blow.target, plan.struck_at);
            return anyhow::Ok(Some(shown.await?));
        }
        Ok(None)
    };
    let lively = until_lively(world, plan.before, plan.fault);
    let ((), (), offline) = tokio::join!(sleep(plan.lasts), lively, shown);
    let offline = offline?;
    let meanwhile = Meanwhile::between(plan.before, world.traffic().counts());
    blow.mend(cluster).await.context("the mending")?;
    let lasted = plan.struck_at.elapsed();
    people.guests.stop();
    let killed = (plan.fault == Fault::GatewayKilled).then_some(blow.target);
    let healed = people.probes.until_healed(killed).await?;
    Ok(Endured {
        lasted,
        meanwhile,
        times: Times { offline, ..healed },
    })
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
    setup: Setup,
    evidence: Evidence,
    (blow, endured, counts): (Blow, Endured, Counts),
) -> anyhow::Result<Report> {
    let Evidence {
        history,
        said,
        roamer,
    } = evidence;
    let truth = cluster.truth().await?;
    let (truth, differences) = said.compare_with(&truth).await?;
    let mut violations = check(&history, &truth);
    let not_judged = setup.fault.not_judged();
    violations.retain(|violation| !not_judged.contains(&violation.invariant));
    if setup.fault == Fault::RollingRestart {
        violations.extend(shown_offline(&history, roamer));
    }
    let Endured {
        lasted,
        meanwhile,
        times,
    } = endured;
    Ok(Report {
        setup,
        proof: blow.proof,
        lasted,
        times,
        counts,
        meanwhile,
        idle: meanwhile.idle(setup.fault),
        violations,
        late: times.late(Bounds::PROMISED),
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
