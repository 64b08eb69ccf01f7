//! What all parts of the bus share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use parlour_bus::{BusError, InboxSender, LastingTasks, NodeRef};
use parlour_model::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::births::Births;
use crate::health::Told;
use crate::hearing::Hearing;
use crate::lanes::Lanes;
use crate::lease::Lease;
use crate::nodes::Nodes;
use crate::refresh::Written;
use crate::session::Session;
use crate::settings::Settings;
use crate::{JoinError, Options};

pub(crate) struct Core {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tracker: TaskTracker,
    pub(crate) token: CancellationToken,
    pub(crate) lasting: LastingTasks,
    pub(crate) settings: Settings,
    pub(crate) session: ArcSwap<Session>,
    pub(crate) lease: Lease,
    pub(crate) hearing: Hearing,
    pub(crate) nodes: Nodes,
    pub(crate) births: Births,
    pub(crate) lanes: Lanes,
    pub(crate) written: Written,
    pub(crate) told: Told,
    /// Wakes the keeper before its time.
    pub(crate) wake: Notify,
    /// Whether Redis has answered lately. While it does not, nobody waits for it.
    answers: AtomicBool,
    is_closed: AtomicBool,
}

impl Core {
    pub(crate) fn new(options: Options, inbox: InboxSender) -> Result<Self, JoinError> {
        let settings = Settings::new(&options)?;
        let session = ArcSwap::from_pointee(Session::open(&settings));
        let deployment = options.deployment.to_string();
        let lease = Lease::new(options.number, deployment, options.clock.now());
        Ok(Self {
            clock: options.clock,
            tracker: options.tracker,
            token: options.token.child_token(),
            lasting: LastingTasks::default(),
            settings,
            session,
            lease,
            hearing: Hearing::default(),
            nodes: Nodes::default(),
            births: Births::default(),
            lanes: Lanes::default(),
            written: Written::default(),
            told: Told::new(inbox),
            wake: Notify::new(),
            answers: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The session to ask and the node that asks, if asking makes sense: Redis answers and the lease holds.
    pub(crate) fn usable(&self) -> Result<(Arc<Session>, NodeRef), BusError> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(BusError::Closed);
        }
        if !self.answers.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("Redis does not answer".to_owned()));
        }
        let node = self.lease.check()?;
        Ok((self.session.load_full(), node))
    }

    pub(crate) fn set_answers(&self, answers: bool) {
        self.answers.store(answers, Ordering::SeqCst);
    }

    pub(crate) fn answers(&self) -> bool {
        self.answers.load(Ordering::SeqCst)
    }

    /// No call succeeds from now on; whether this was the first to say so.
    pub(crate) fn close(&self) -> bool {
        !self.is_closed.swap(true, Ordering::SeqCst)
    }
}
