//! The store over CQL passes the suite of every store, on the node that `TEST_CASSANDRA` names.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

parlour_store::conformance_tests!(optional fixture::suite::scylla);
