//! Rounds of `kill -9` under load: the process dies while sends are on their way, again and again.
//!
//! The moment is drawn from the seed as a number of acknowledged sends, and then waits until at least one send
//! has no answer yet: a kill that hits nothing proves nothing.

use anyhow::Context;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::timeout;

use crate::checker::{Violation, check};
use crate::device::{COMES_WITHIN, World};
use crate::launch::Launch;
use crate::load::{Load, Size};
use crate::process::Server;
use crate::traffic::Counts;

/// Sends acknowledged between two kills, at least and at most.
const SENT_BETWEEN: std::ops::Range<u64> = 5..150;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides everything that is random.
    pub seed: u64,
    /// How often the process is killed.
    pub rounds: usize,
    /// Who does what meanwhile.
    pub size: Size,
    /// What they write; invented lines if there are none.
    pub lines: Vec<String>,
}

/// One kill.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    /// What was counted at that moment.
    pub at: Counts,
    /// What was counted when the process was gone and all had noticed: attempts lost by this kill.
    pub lost: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// The kills.
    pub kills: Vec<Kill>,
    /// What was counted in all.
    pub counts: Counts,
    /// Events in all logs at the end.
    pub events: u64,
    /// Records of all devices.
    pub records: usize,
    /// Broken promises.
    pub violations: Vec<Violation>,
    /// Where the server said something else than its folder holds.
    pub differences: Vec<String>,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.differences.is_empty()
    }
}

/// Runs the plan, and tells `progress` of every kill.
///
/// # Errors
/// When the server does not come back, or the devices do not come to rest.
pub async fn run(
    launch: Launch,
    plan: Plan,
    mut progress: impl FnMut(usize, &Kill),
) -> anyhow::Result<Report> {
    let mut server = Server::start(launch).await?;
    let world = World::new(server.url());
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let mut load = Load::prepare(&world, rng.random(), plan.size)
        .await?
        .writing(plan.lines);
    load.start();
    let mut kills = Vec::new();
    for round in 0..plan.rounds {
        let enough = world.traffic().counts().sent + rng.random_range(SENT_BETWEEN);
        let kill = kill_after(&mut server, &world, enough).await?;
        progress(round, &kill);
        kills.push(kill);
        server.start_again().await?;
    }
    load.come_to_rest().await?;
    let (history, said) = load.finish().await?;
    server.terminate().await?;
    let (truth, differences) = said.compare(server.data()).await?;
    Ok(Report {
        kills,
        counts: world.traffic().counts(),
        events: truth.chats.values().map(|chat| chat.head.get()).sum(),
        records: history.records.len(),
        violations: check(&history, &truth),
        differences,
    })
}

/// Kills the process once `enough` sends were acknowledged in all and others are under way.
///
/// # Errors
/// When nothing is sent any more.
pub async fn kill_after(server: &mut Server, world: &World, enough: u64) -> anyhow::Result<Kill> {
    let traffic = world.traffic();
    let busy = traffic.wait_for(|counts| counts.sent >= enough && counts.under_way() > 0);
    let at = timeout(COMES_WITHIN, busy)
        .await
        .context("nothing is sent any more")?;
    server.kill_9().await?;
    let noticed = traffic.wait_for(|counts| counts.under_way() == 0);
    let after = timeout(COMES_WITHIN, noticed)
        .await
        .context("the kill is not noticed")?;
    Ok(Kill {
        at,
        lost: after.unknown - at.unknown,
    })
}
