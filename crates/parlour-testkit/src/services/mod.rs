//! The services that a cluster stands on, as child processes of the test.
//!
//! - Every service lives on an address of its own between 127.64.0.0 and 127.253.255.255, at its usual port, so
//!   clusters live side by side and a restarted service is found where it was.
//! - No service outlives the test: it is killed when its [`Daemon`] is dropped, and by the kernel when the process
//!   of the test dies.

mod balancer;
mod daemon;
mod link;
mod net;
mod redis;
mod ring;

pub use balancer::{Backend, Balancer};
pub use daemon::{Daemon, Program, Signal, signal};
pub use link::{Condition, Link, Passed};
pub use net::Loopback;
pub use redis::{Redis, RedisCluster, ask_redis};
pub use ring::Ring;

pub(crate) use daemon::{bound_to_us, until_state};
