//! How long the parts take to find back, and how long they may.

use std::time::Duration;

use crate::checker::{Invariant, Violation};

/// How long things took, from the mending on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Until somebody on every gateway, and through the balancer, had sent something. Not counted is who waits for a
    /// gateway that was killed and goes nowhere else: how soon they look again is up to their client.
    pub send: Duration,
    /// Until everybody had everything of the quiet chat.
    pub arrive: Duration,
    /// From the blow until those on a gateway that is gone were shown offline.
    pub offline: Option<Duration>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    send: Duration,
    arrive: Duration,
    offline: Duration,
}

impl Bounds {
    /// As promised, on a machine with nothing else to do.
    pub const PROMISED: Self = Self {
        send: Duration::from_secs(10),
        arrive: Duration::from_secs(60),
        offline: Duration::from_secs(15),
    };

    /// Several times that, for a machine on which other tests run: what takes longer does not come by itself.
    pub const LAX: Self = Self {
        send: Duration::from_secs(60),
        arrive: Duration::from_secs(180),
        offline: Duration::from_secs(60),
    };
}

impl Times {
    /// What took longer than that.
    #[must_use]
    pub fn late(&self, bounds: Bounds) -> Vec<Violation> {
        let Bounds {
            send,
            arrive,
            offline,
        } = bounds;
        let gone = self.offline.unwrap_or_default();
        let promises = [
            (
                Invariant::L1,
                "the last message of a quiet chat",
                self.arrive,
                arrive,
            ),
            (Invariant::L2, "a send on every gateway", self.send, send),
            (Invariant::P1, "offline", gone, offline),
        ];
        let late = promises.into_iter().filter(|(.., took, may)| took > may);
        late.map(|(invariant, what, took, may)| Violation {
            invariant,
            what: format!("{what} took {took:.1?}, and may take {may:?}"),
        })
        .collect()
    }
}
