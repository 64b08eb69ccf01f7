//! Test nodes, crashes, and the history checker.
//!
//! Clients record what they did and saw ([`history`]); afterwards the server is asked what stands in its log
//! ([`truth`]); the [`checker`] compares both with every promise Parlour makes. For client libraries [`scripted`] is a server
//! that misbehaves by the script.

pub mod checker;
pub mod history;
pub mod truth;

mod launch;
mod node;
mod output;
mod process;

mod device;
mod keeping;
mod notebook;
mod sights;
mod tapping;
mod traffic;

pub mod cluster;
pub mod crash;
pub mod faults;
pub mod load;
pub mod planting;
pub mod scripted;
pub mod services;

mod collect;

pub use collect::{Said, open};
pub use device::{COMES_WITHIN, Device, World};
pub use keeping::Kept;
pub use launch::Launch;
pub use node::LocalNode;
pub use parlour_server::corpus;
pub use process::Server;
pub use sights::Sights;
pub use traffic::{Counts, Traffic};
