//! The `parlour` command: configuration, wiring, start and stop.
//!
//! [`Node`] is a whole server in one value: `main` runs one, tests run as many as they like. Only
//! `compose.rs` knows which store and which bus a node stands on.

mod admin;
mod compose;
mod config;
mod node;
mod settings;

pub mod cli;
pub mod observability;

mod talk;

pub use config::{Config, ConfigError, Limits, Log, LogFormat, Registration, Tokens};
pub use node::Node;
