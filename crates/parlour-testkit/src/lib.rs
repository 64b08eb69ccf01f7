//! Test nodes, crashes, and the history checker.
//!
//! Clients record what they did and saw ([`history`]); afterwards the server is asked what stands in its log
//! ([`truth`]); the [`checker`] compares both with every promise Parlour makes.

pub mod checker;
pub mod history;
pub mod truth;

mod node;
mod output;
mod process;

mod device;
mod keeping;
mod notebook;
mod tapping;
mod traffic;

pub mod crash;
pub mod load;

mod collect;

pub use collect::{Said, open};
pub use device::{COMES_WITHIN, Device, Sights, World};
pub use keeping::Kept;
pub use node::LocalNode;
pub use process::{Launch, Server};
pub use traffic::{Counts, Traffic};
