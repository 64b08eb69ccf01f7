//! The gateway over real sockets, with everything below it: what comes in, what goes out, and who may ask for what.

// So that the lints know all of this as test code.
#![cfg(test)]

mod http;
mod meter;
mod socket;
mod world;

mod access;
mod accounts;
mod attached_data;
mod bad_frames;
mod bad_requests;
mod chats;
mod contracts;
mod conversation;
mod greeting;
mod lifecycle;
mod messages;
mod order;
mod outages;
mod reports;
mod shares;
mod upgrade;
mod web;
