//! Whose word about a client's address is believed.
//!
//! A proxy in front of the node writes the address it was called from at the right end of `X-Forwarded-For`; whatever stands
//! further left may be the client's invention. So of a connection from a trusted proxy the client is the rightmost
//! address that is no trusted proxy itself, and of every other connection it is whoever connected.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName};

/// Where proxies write whom they serve.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies in front of the node; by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<ProxyNetwork>);

/// An address or a network of addresses, like `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNetwork {
    address: IpAddr,
    /// How many of its leading bits count.
    bits: u32,
}

/// Why a text is not a network of proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address or a network like `10.0.0.0/8`")]
pub struct ProxyNetworkError;

impl FromStr for ProxyNetwork {
    type Err = ProxyNetworkError;

    fn from_str(text: &str) -> Result<Self, ProxyNetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ProxyNetworkError)?;
        let width = width(address);
        let bits = bits.map_or(Ok(width), str::parse);
        match bits {
            Ok(bits) if bits <= width => Ok(Self { address, bits }),
            _ => Err(ProxyNetworkError),
        }
    }
}

impl ProxyNetwork {
    fn contains(self, address: IpAddr) -> bool {
        let same_kind = width(address) == width(self.address);
        let differing = number(address) ^ number(self.address);
        let ignored = width(self.address) - self.bits;
        same_kind && differing.checked_shr(ignored).unwrap_or(0) == 0
    }
}

impl TrustedProxies {
    /// Trust in these.
    #[must_use]
    pub fn new(networks: Vec<ProxyNetwork>) -> Self {
        Self(networks)
    }

    /// Whether `peer` is one of them.
    pub(crate) fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(peer))
    }

    /// Who sent a request with these headers over a connection from `peer`.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.contains(peer) {
            return peer;
        }
        let mut client = peer;
        for hop in hops_from_the_right(headers) {
            // Of what no address is written nothing further can be believed.
            let Some(hop) = hop else { break };
            client = hop;
            if !self.contains(hop) {
                break;
            }
        }
        client
    }
}

/// The addresses of `X-Forwarded-For`, the last one written first; `None` for what is no address.
fn hops_from_the_right(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|line| line.to_str().unwrap_or_default())
        .collect();
    let hops = lines.into_iter().rev().flat_map(|line| line.rsplit(','));
    hops.map(|hop| address(hop.trim()))
}

/// An address, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse().ok();
    alone.or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies = trusting(trusted);
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(client(&[], "10.0.0.1", &["192.0.2.7"]), "10.0.0.1");
        let other = ["10.0.0.0/8"];
        assert_eq!(client(&other, "11.0.0.1", &["192.0.2.7"]), "11.0.0.1");
        assert_eq!(client(&other, "::a00:1", &["192.0.2.7"]), "::a00:1");
    }

    #[test]
    fn the_client_is_the_rightmost_address_that_is_no_proxy() {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        let of = |peer, lines: &[&str]| client(&trusted, peer, lines);
        assert_eq!(of("10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        // What the client wrote itself stands further left.
        assert_eq!(of("10.0.0.1", &["1.1.1.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(of("10.0.0.1", &["192.0.2.7, 10.9.9.9"]), "192.0.2.7");
        assert_eq!(
            of("10.0.0.1", &["1.1.1.1", "192.0.2.7,10.2.2.2"]),
            "192.0.2.7"
        );
        assert_eq!(of("2001:db8::1", &["2001:db9::7"]), "2001:db9::7");
        assert_eq!(of("::ffff:10.0.0.1", &["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(of("10.0.0.1", &["[2001:db9::7]:80"]), "2001:db9::7");
        // A call from inside: the outermost proxy is the client.
        assert_eq!(of("10.0.0.1", &["10.3.3.3, 10.2.2.2"]), "10.3.3.3");
    }

    #[test]
    fn without_a_readable_address_it_is_the_last_known_one() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(
            client(&trusted, "10.0.0.1", &["1.1.1.1, unknown"]),
            "10.0.0.1"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["1.1.1.1, x, 10.2.2.2"]),
            "10.2.2.2"
        );
    }

    #[test]
    fn a_network_is_as_wide_as_it_says() {
        let within = |network: &str, address: &str| {
            let network: ProxyNetwork = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(within("192.0.2.7", "192.0.2.7") && !within("192.0.2.7", "192.0.2.6"));
        assert!(within("192.0.2.128/25", "192.0.2.255") && !within("192.0.2.128/25", "192.0.2.1"));
        assert!(within("0.0.0.0/0", "8.8.8.8") && !within("0.0.0.0/0", "2001:db8::1"));
        assert!(within("::/0", "2001:db8::1") && !within("::/0", "8.8.8.8"));
        for wrong in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "::/129",
            "10.0.0.0/",
            "a/8",
        ] {
            assert_eq!(
                wrong.parse::<ProxyNetwork>(),
                Err(ProxyNetworkError),
                "{wrong}"
            );
        }
    }
}
