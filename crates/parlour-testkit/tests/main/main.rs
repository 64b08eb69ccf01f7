//! Whole nodes, as processes and in this one, under load, crashes and bad disks.

#![allow(
    clippy::unwrap_used,
    reason = "all of this is test code, its helpers too"
)]

mod bad_buses;
mod bad_stores;
mod balancers;
mod certificates;
mod cluster_config;
mod cql;
mod crashes;
mod deployment;
mod disks;
mod distance;
mod folders;
mod operators;
mod path;
mod presence;
mod quotas;
mod reconnects;
mod sessions;
mod stops;
mod support;
mod torn;
mod waiting;
