//! Tests of the machine: by hand first, then against a server that does everything wrong at random.

mod bench;

mod cursors;
mod linking;
mod marking;
mod random;
mod sending;
mod server;
