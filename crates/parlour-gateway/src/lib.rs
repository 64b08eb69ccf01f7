//! WebSocket connections and HTTP endpoints: the outermost layer of a node.
//!
//! It parses what comes in, asks the service, and writes what delivery hands it. It knows neither a store nor a bus, and
//! decides nothing about rights but whether somebody is signed in. Input of any kind is answered or its connection
//! closed; it never panics and never touches another connection.

mod gateway;
mod node;
mod settings;

mod connection;
mod rest;
mod web;

mod contracts;

mod access;
mod origin;
mod router;
mod serve;

mod addresses;
mod connects;
mod edge;
mod proxies;

mod errors;
mod messages;
mod metrics;
mod posts;
mod shares;

pub use access::{ACCESS, Row, Who};
pub use contracts::{Published, published};
pub use gateway::{Gateway, GatewayParts};
pub use proxies::{ProxyNetwork, ProxyNetworkError, TrustedProxies};
pub use settings::GatewayLimits;
