//! Broken links between the nodes of one process.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::NodeRef;

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost, and nobody is told.
    Drop,
    /// It arrives twice.
    Double,
    /// It waits until [`crate::LocalNetwork::release_held`].
    Hold,
}

/// Decides about each packet by its receiver and bytes.
pub type LinkFault = Arc<dyn Fn(&NodeRef, &Bytes) -> Fate + Send + Sync>;

/// All links, with their fault.
#[derive(Default)]
pub(super) struct Links {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fault: Option<LinkFault>,
    held: Vec<(NodeRef, Bytes)>,
}

impl Links {
    pub(super) fn set(&self, fault: Option<LinkFault>) {
        self.lock().fault = fault;
    }

    pub(super) fn take_held(&self) -> Vec<(NodeRef, Bytes)> {
        std::mem::take(&mut self.lock().held)
    }

    /// What arrives of a packet.
    pub(super) fn pass(&self, to: &NodeRef, packet: Bytes) -> Vec<(NodeRef, Bytes)> {
        let mut state = self.lock();
        let fault = state.fault.as_ref();
        match fault.map_or(Fate::Deliver, |fault| fault(to, &packet)) {
            Fate::Deliver => vec![(*to, packet)],
            Fate::Drop => Vec::new(),
            Fate::Double => vec![(*to, packet.clone()), (*to, packet)],
            Fate::Hold => {
                state.held.push((*to, packet));
                Vec::new()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}
