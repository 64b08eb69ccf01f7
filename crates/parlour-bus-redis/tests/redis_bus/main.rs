//! The bus over real Redis servers, which each test starts for itself.
//!
//! Without `redis-server` on the path the tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "all of this is test code, its helpers too; what is skipped is said"
)]

mod chats;
mod conformance;
mod lasting;
mod losses;
mod meter;
mod network;
mod outages;
mod proxy;
mod refusals;
mod rights;
mod server;
mod subscriptions;
mod users;
