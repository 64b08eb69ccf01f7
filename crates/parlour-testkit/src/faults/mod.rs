//! Faults of a cluster under load: what is done to which part, when it is mended, and what came of every promise.
//!
//! - A run follows from its seed: which part is hit, after how many sends, and for how long. When things happen
//!   within that is up to the machine.
//! - A fault counts only with a proof that it has happened; without one the run is an error.
//! - Devices on all nodes write, read, reconnect, join and are removed all the while. Besides them three probes, one on
//!   each gateway, measure how long the parts take to find back, and one user revokes sessions that are on each gateway.

mod blow;
mod fault;
mod probes;
mod revoked;
mod run;
mod table;

pub use fault::{Fault, Stage};
pub use run::{Report, Setup, run};
pub use table::table;
