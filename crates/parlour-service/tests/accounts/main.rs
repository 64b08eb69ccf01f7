//! Accounts at the seam that gateways see, on a real store.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop there"
)]

mod world;

mod faults;
mod in_doubt;
mod keys;
mod login;
mod profiles;
mod rates;
mod refresh;
mod registration;
mod sessions;
mod tokens;
