//! Joining and leaving.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlour_bus::{Inbox, inbox};
use tokio::time::Instant;

use crate::core::Core;
use crate::keeper::{Keeper, Trouble};
use crate::{JoinError, Options};

/// How long joining waits for the bus to work before it goes on without.
const JOIN_WITHIN: Duration = Duration::from_secs(3);

/// A node's end of the bus. Dropping it is the node's death: others see it when its lease ends.
pub struct RedisBus {
    core: Arc<Core>,
    inbox: Mutex<Option<Inbox>>,
}

impl RedisBus {
    /// Joins the bus. A Redis that is away is no error: the bus says [`parlour_bus::Health::Away`] and joins by itself
    /// when Redis comes, and then the inbox says resync.
    ///
    /// # Errors
    /// [`JoinError::AnotherDeployment`] and [`JoinError::DuplicateNode`] as far as Redis could be asked; if it comes later
    /// and refuses the node, the bus stays away and complains in the log. The others mean that the options are wrong.
    pub async fn join(options: Options) -> Result<Self, JoinError> {
        let (sender, inbox) = inbox();
        let core = Arc::new(Core::new(options, sender)?);
        let bus = Self {
            core: Arc::clone(&core),
            inbox: Mutex::new(Some(inbox)),
        };
        let session = core.session.load_full();
        let is_there = session.connected().await;
        let mut keeper = Keeper::new(Arc::clone(&core));
        let waits_until = Instant::now() + JOIN_WITHIN;
        while is_there && !core.told.is_up() && Instant::now() < waits_until {
            if let Err(Trouble::Refused(error)) = keeper.round().await {
                bus.leave().await;
                return Err(error);
            }
            // The reader wakes whoever waits for the first canary.
            let _ = tokio::time::timeout(JOIN_WITHIN / 10, core.wake.notified()).await;
        }
        core.told.joined();
        if !core.told.is_up() {
            let why = core.told.trouble().unwrap_or_default();
            tracing::warn!(
                why,
                "the bus is away: this node starts without it, and joins when it comes"
            );
        }
        let life = (&core.tracker, &core.token);
        core.lasting.spawn("keeper of the bus", life, keeper.run());
        Ok(bus)
    }

    /// Completes, with the reason, when nobody keeps the node alive on the bus any more: then this node must end.
    pub fn failure(&self) -> impl Future<Output = String> + Send + use<> {
        self.core.lasting.failure()
    }

    /// Leaves the bus: the lease ends at once, and with it everything that names this node. Calls fail from now on. Idempotent.
    pub async fn leave(&self) {
        if !self.core.close() {
            return;
        }
        self.core.token.cancel();
        let session = self.core.session.load_full();
        if let Err(error) = self.core.lease.end(&session).await {
            tracing::debug!(%error, "the lease could not be ended; it ends by itself");
        }
        self.core.told.inbox().close();
        session.close().await;
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn take_only_inbox(&self) -> Option<Inbox> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.take()
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.core.token.cancel();
    }
}

impl fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBus")
            .field("node", &self.core.lease.node())
            .finish_non_exhaustive()
    }
}
