//! Addresses of a test's own.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::bail;
use rand::RngExt;
use tokio::net::TcpListener;

/// How many networks are tried before giving up.
const TRIES: usize = 50;
/// The ports that services of a test listen at.
const PORTS: [u16; 4] = [6379, 7000, 8080, 9042];

/// 255 loopback addresses of which nobody else uses any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loopback {
    high: u8,
    low: u8,
}

impl Loopback {
    /// Picks a network in which nobody listens.
    ///
    /// # Errors
    /// When somebody does in each of those tried.
    pub async fn pick() -> anyhow::Result<Self> {
        for _ in 0..TRIES {
            let net = Self {
                high: rand::rng().random_range(64..254),
                low: rand::rng().random_range(1..254),
            };
            if net.is_free().await {
                return Ok(net);
            }
        }
        bail!("somebody listens in each of {TRIES} loopback networks")
    }

    /// The address with this number in it, from 1 on.
    #[must_use]
    pub fn host(self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.high, self.low, number)
    }

    /// The middle of its addresses, like `31.7`.
    #[must_use]
    pub fn middle(self) -> String {
        format!("{}.{}", self.high, self.low)
    }

    async fn is_free(self) -> bool {
        for port in PORTS {
            let address = SocketAddr::from((self.host(1), port));
            if TcpListener::bind(address).await.is_err() {
                return false;
            }
        }
        true
    }
}
