//! Faults at random, from a seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::Fault;

/// How often calls fail at random. The same seed and the same calls in the same order give the same faults; every
/// injected error names the seed.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Where the dice start.
    pub seed: u64,
    /// The share of calls that fail [`Fault::Before`], from 0 to 1.
    pub before: f64,
    /// The share of calls that fail [`Fault::After`].
    pub after: f64,
    /// The share of calls that fail [`Fault::Late`].
    pub late: f64,
    /// The share of calls that [`Fault::Hang`]. Their callers need a time limit.
    pub hang: f64,
    /// The share of calls before which everything held back is released.
    pub release: f64,
}

impl Plan {
    /// One call in ten fails, in all ways but hanging; what is held back is released every tenth call.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            before: 0.03,
            after: 0.04,
            late: 0.03,
            hang: 0.0,
            release: 0.1,
        }
    }

    /// The same with a seed of chance, which it prints, so that a failed test can be run again.
    #[must_use]
    #[expect(
        clippy::print_stderr,
        reason = "a random test says its seed, and this is for tests only"
    )]
    pub fn from_entropy() -> Self {
        let plan = Self::new(rand::random());
        eprintln!("faults from seed {}", plan.seed);
        plan
    }
}

/// A plan and its dice.
#[derive(Debug)]
pub(super) struct Dice {
    plan: Plan,
    random: StdRng,
}

impl Dice {
    pub(super) fn new(plan: Plan) -> Self {
        let random = StdRng::seed_from_u64(plan.seed);
        Self { plan, random }
    }

    pub(super) fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// Whether to release first, and how the next call fails. Always throws both dice, so that the faults depend
    /// on the number of calls alone.
    pub(super) fn throw(&mut self) -> (bool, Option<Fault>) {
        let release = self.random.random_bool(self.plan.release);
        let mut left: f64 = self.random.random();
        let shares = [
            (self.plan.before, Fault::Before),
            (self.plan.after, Fault::After),
            (self.plan.late, Fault::Late),
            (self.plan.hang, Fault::Hang),
        ];
        for (share, fault) in shares {
            if left < share {
                return (release, Some(fault));
            }
            left -= share;
        }
        (release, None)
    }
}
