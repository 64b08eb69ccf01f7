//! Faults of a cluster under load: what is done to which part, when it is mended, and what came of every promise.
//!
//! - A run follows from its seed: which part is hit, after how many sends, and for how long. When things happen
//!   within that is up to the machine.
//! - A fault counts only with a proof that it has happened; without one the run is an error.
//! - Devices on all nodes write, read, reconnect, join and are removed all the while. It is counted, and a fault lasts
//!   until each has happened: a run in which one never does is no clean one.
//! - Besides them three probes, one on each gateway, measure how long the parts take to find back, one guest is let in and
//!   put out on each, and one user revokes sessions that are on each gateway.

mod blow;
mod fault;
mod guests;
mod meanwhile;
mod people;
mod probes;
mod revoked;
mod run;
mod table;
mod times;

pub use fault::{Fault, Stage};
pub use meanwhile::Meanwhile;
pub use run::{Report, Setup, run};
pub use table::{Failed, table};
pub use times::{Bounds, Times};
