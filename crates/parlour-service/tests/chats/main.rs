//! Chats on the embedded store, as a gateway sees them.

// So that the lints know all of this as test code.
#![cfg(test)]

mod world;

mod blocking;
mod creating;
mod faults;
mod homes;
mod in_doubt;
mod marks;
mod members;
mod owners;
mod posting;
mod races;
mod reading;
mod targets;
mod telling;
