//! The history checker: do the records of the clients and the state of the server agree with every promise?
//!
//! Each invariant is one rule with a name that `docs/reliability.md` explains. A rule reads only what clients
//! recorded and what the server said afterwards, never the server's own idea of what went well.

mod durability;
mod exactly_once;
mod liveness;
mod order;
mod presence;
mod rights;
mod view;
mod visibility;
mod watermarks;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::history::History;
use crate::truth::Truth;
use view::View;

/// A promise of Parlour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// An acknowledged event stays readable exactly as acknowledged.
    D1,
    /// A key all of whose attempts were answered "not stored" never appears.
    D2,
    /// Seqs are exactly 1 to head.
    O1,
    /// Ids rise with seqs.
    O2,
    /// All observers agree on what stands at a seq.
    O3,
    /// A device applies the next seq only.
    O4,
    /// What was acknowledged before another was sent stands before it.
    O5,
    /// One device's sends to a chat keep their order.
    O6,
    /// One seq per (chat, author, key).
    E1,
    /// A device applies an event once.
    E2,
    /// Nothing is seen before it is durable.
    V1,
    /// Readers see their own writes, and what they saw before.
    V2,
    /// Watermarks never fall, and read ≤ delivered ≤ head.
    W1,
    /// A tick appears only after a device acknowledged.
    W2,
    /// Unread equals what the log says.
    U1,
    /// Rights are checked in the commit: nobody posts after being removed.
    A1,
    /// Nothing after the removal reaches a removed member.
    A2,
    /// A revoked session is dead within 5 seconds.
    A3,
    /// Offline is shown within 15 seconds of the last connection's end.
    P1,
    /// Nobody is shown offline while connected.
    P2,
    /// Presence versions rise.
    P3,
    /// The last event of a quiet chat arrives.
    L1,
    /// Sends work again within 10 seconds after a fault has healed. Records do not say when that was: runs of faults judge it.
    L2,
    /// A send that is refused or in doubt holds up no other: whatever is sent is answered and settled.
    L3,
    /// Every sync ends.
    L4,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::D1,
        Self::D2,
        Self::O1,
        Self::O2,
        Self::O3,
        Self::O4,
        Self::O5,
        Self::O6,
        Self::E1,
        Self::E2,
        Self::V1,
        Self::V2,
        Self::W1,
        Self::W2,
        Self::U1,
        Self::A1,
        Self::A2,
        Self::A3,
        Self::P1,
        Self::P2,
        Self::P3,
        Self::L1,
        Self::L2,
        Self::L3,
        Self::L4,
    ];
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// By what.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// Collects what the rules find.
#[derive(Debug, Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, invariant: Invariant, what: String) {
        self.0.push(Violation { invariant, what });
    }
}

/// Checks every invariant. Empty means that every promise was kept.
#[must_use]
pub fn check(history: &History, truth: &Truth) -> Vec<Violation> {
    let view = View::new(history, truth);
    let mut findings = Findings::default();
    durability::check(&view, &mut findings);
    order::check(&view, &mut findings);
    exactly_once::check(&view, &mut findings);
    visibility::check(&view, &mut findings);
    watermarks::check(&view, &mut findings);
    rights::check(&view, &mut findings);
    presence::check(&view, &mut findings);
    liveness::check(&view, &mut findings);
    findings.0
}
