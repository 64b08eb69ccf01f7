//! What an operator may set about connections and requests, with the values that are not worth setting.

use std::ops::RangeInclusive;
use std::time::Duration;

use parlour_model::limits;

use crate::proxies::TrustedProxies;

/// What one node accepts from its clients. Rates of zero count as one.
#[derive(Debug, Clone)]
pub struct GatewayLimits {
    /// Open WebSocket connections.
    pub connections: usize,
    /// WebSocket connections accepted in any one second, whoever they are from.
    pub connects_per_second: u32,
    /// Frames a connection may send per second in the long run.
    pub frames_per_second: u32,
    /// Frames a connection may send at once.
    pub frames_burst: u32,
    /// HTTP requests of one address per second in the long run. Files of the web client do not count.
    pub requests_per_second: u32,
    /// HTTP requests of one address at once.
    pub requests_burst: u32,
    /// Proxies whose word about a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Silence for twice this long ends a connection.
    pub heartbeat: Duration,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS_MAX_DEFAULT,
            connects_per_second: limits::CONNECTS_PER_SECOND_DEFAULT,
            frames_per_second: 50,
            frames_burst: 200,
            requests_per_second: 50,
            requests_burst: 200,
            trusted_proxies: TrustedProxies::default(),
            heartbeat: Duration::from_secs(30),
        }
    }
}

/// How long whoever came beyond the rate of new connections is asked to wait, at random: so they do not come together again.
pub(crate) const CONNECT_AGAIN_AFTER: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(10);
/// How long a live connection outlives its access token.
pub(crate) const TOKEN_GRACE: Duration = Duration::from_secs(30);
/// How long a request may take before its caller gets an answer without a result.
pub(crate) const REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// How long one batch of frames may take to be taken by the peer, besides the time its bytes take.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// The slowest line that is served.
pub(crate) const WRITE_BYTES_PER_SECOND_MIN: u64 = 8 * 1024;
/// How long the last frames and the closing handshake may take.
pub(crate) const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// How long an HTTP connection may take to send a request's header, and how long it may be idle.
pub(crate) const HEADER_WITHIN: Duration = Duration::from_secs(15);
/// Largest header of an HTTP request, in bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 16 * 1024;
/// HTTP connections that are not (yet) WebSockets.
pub(crate) const HTTP_CONNECTIONS_MAX: usize = 4_096;
/// Those of one address among them: a whole office behind one address, or a proxy, fits.
pub(crate) const HTTP_CONNECTIONS_PER_ADDRESS_MAX: usize = 256;
/// How long after a request's header its answer may take to be read to its end and the next one to come: the time of the
/// request itself, and enough for the largest page on the slowest line that is served.
pub(crate) const REQUEST_AND_ANSWER_WITHIN: Duration = Duration::from_secs(8 * 60);
/// Bytes written to a socket in one go.
pub(crate) const BATCH_BYTES_MAX: usize = 64 * 1024;
/// Keys of one connection that were answered "later" and are not settled yet.
pub(crate) const UNSETTLED_KEYS_MAX: usize = 256;
/// `sync`s that may follow one `hello`.
pub(crate) const HELLO_SYNCS_MAX: usize = 64;
