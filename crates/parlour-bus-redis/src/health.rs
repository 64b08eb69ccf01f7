//! What a node is told about its bus: whether it works, and that something may be missing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlour_bus::{Health, InboxSender, ResyncReason};
use tokio::sync::watch;

/// Where the node is told.
#[derive(Debug)]
pub(crate) struct Told {
    inbox: InboxSender,
    health: watch::Sender<Health>,
    /// What the node is told once the bus works again.
    owed: Mutex<Option<ResyncReason>>,
    /// Why the bus does not work.
    trouble: Mutex<Option<String>>,
    is_joined: AtomicBool,
}

impl Told {
    /// The bus is away until somebody says otherwise.
    pub(crate) fn new(inbox: InboxSender) -> Self {
        Self {
            inbox,
            health: watch::Sender::new(Health::Away),
            owed: Mutex::new(None),
            trouble: Mutex::new(None),
            is_joined: AtomicBool::new(false),
        }
    }

    pub(crate) fn inbox(&self) -> &InboxSender {
        &self.inbox
    }

    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.health.borrow() == Health::Up
    }

    /// Why the bus does not work, if it does not.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble_now().clone()
    }

    /// Notes why the bus does not work.
    pub(crate) fn troubled(&self, why: String) {
        *self.trouble_now() = Some(why);
    }

    /// Notes why the bus may not work, unless a reason is known: what comes after it mostly follows from it.
    pub(crate) fn suspected(&self, why: &str) {
        self.trouble_now().get_or_insert_with(|| why.to_owned());
    }

    /// Something may be missing, and the node can do something about it now.
    pub(crate) fn resync(&self, reason: ResyncReason) {
        metrics::counter!("parlour_bus_resyncs_total", "reason" => reason.as_str()).increment(1);
        self.inbox.resync(reason);
    }

    /// Something may be missing; the node hears of it when the bus works. A lapse says the most.
    pub(crate) fn owe(&self, reason: ResyncReason) {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        if *owed != Some(ResyncReason::Lapsed) {
            *owed = Some(reason);
        }
    }

    /// The node has begun its work; until now nothing could be missing.
    pub(crate) fn joined(&self) {
        self.is_joined.store(true, Ordering::SeqCst);
    }

    /// The bus works. Whoever hears "resync" finds it working.
    pub(crate) fn up(&self) {
        let was_away = self.health.send_replace(Health::Up) == Health::Away;
        *self.trouble_now() = None;
        metrics::gauge!("parlour_bus_up").set(1.0);
        if was_away {
            tracing::info!("the bus works");
        }
        let back = was_away.then_some(ResyncReason::Reconnected);
        let owed = self.take_owed().or(back);
        if let Some(reason) = owed.filter(|_| self.is_joined.load(Ordering::SeqCst)) {
            self.resync(reason);
        }
    }

    /// The bus does not work.
    pub(crate) fn away(&self, why: &str) {
        metrics::gauge!("parlour_bus_up").set(0.0);
        self.suspected(why);
        if self.health.send_replace(Health::Away) == Health::Up {
            tracing::warn!(
                why,
                "the bus is away: what other nodes do is found in the store"
            );
        }
    }

    fn trouble_now(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_owed(&self) -> Option<ResyncReason> {
        self.owed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
