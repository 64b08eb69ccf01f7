//! Bugs planted between a node and what it stands on, and the checker that must name each of them.
//!
//! Every scenario also runs without its bug and must then keep every promise: a checker that always complains would
//! find all bugs, too.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is test code, its helpers too"
)]
#![expect(
    clippy::print_stdout,
    reason = "a test says at which seed it found its bug"
)]

mod announcing;
mod batches;
mod enlisting;
mod keys;
mod outcomes;
mod rights;
mod support;
