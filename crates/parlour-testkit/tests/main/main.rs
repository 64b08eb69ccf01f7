//! Whole nodes, as processes and in this one, under load, crashes and bad disks.

#![allow(
    clippy::unwrap_used,
    reason = "all of this is test code, its helpers too"
)]

mod cluster_config;
mod crashes;
mod disks;
mod folders;
mod operators;
mod path;
mod presence;
mod sessions;
mod stops;
mod support;
mod torn;
