//! The wire, seen from outside: what is written, what is read, what is refused.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod client_frames;
mod encoded;
mod errors;
mod forms;
mod hostile;
mod refusals;
mod rest_bodies;
mod round_trip;
mod server_frames;
mod strategies;
