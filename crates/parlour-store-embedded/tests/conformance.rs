//! The embedded store passes the suite of every store.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

parlour_store::conformance_tests!(fixture::embedded);
