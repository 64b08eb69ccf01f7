//! The `parlour` command: configuration, wiring, start and stop.
//!
//! [`Node`] is a whole server in one value: `main` runs one, tests run as many as they like. Only
//! `compose.rs` knows which store and which bus a node stands on.

mod admin;
mod compose;
mod config;
mod healthcheck;
mod node;
mod reports;
mod settings;
mod status;
mod tls;

pub mod cli;
pub mod observability;

mod talk;

pub mod corpus;
mod demo;

pub use config::{
    BusConfig, BusKind, Config, ConfigError, Limits, Log, LogFormat, Login, Registration, Secret,
    StoreConfig, StoreKind, Tokens,
};
pub use node::Node;
