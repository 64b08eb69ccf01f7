//! The folder of the store: who may open it, what it keeps, what a killed process leaves in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chat;
mod folder;
mod kill;
mod upgrade;
