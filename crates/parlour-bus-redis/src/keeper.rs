//! The task that keeps a node alive on the bus.
//!
//! Once a second, and whenever something happens, it goes through the same round: lease, births, subscription, numbers, canary.
//! Each step finds out by asking, so it does not matter which event was missed. The bus works when a round succeeded, the
//! lease holds and the last canary was heard; whatever may have been lost until then is told as one resync.

use std::sync::Arc;
use std::time::Duration;

use fred::types::config::Server;
use parlour_bus::{BusError, ResyncReason};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::JoinError;
use crate::core::Core;
use crate::hearing::Canaries;
use crate::keys;
use crate::lease::Claim;
use crate::pack::{self, Load};
use crate::script::PUBLISH;
use crate::session::{self, Command, Repeat, Session};

const ROUND: Duration = Duration::from_secs(1);
/// Between rounds while the bus does not work.
const ROUND_AWAY: Duration = Duration::from_millis(250);
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// A session that has not worked for so long is replaced.
const SESSION_GIVEN: Duration = Duration::from_secs(10);
/// Rounds that fail in a row before Redis counts as away.
const FAILURES_MAX: u32 = 2;
/// Between two complaints about the same.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// How long Redis keeps a counter whose node no longer asks for it.
const COUNTER_KEPT_S: &str = "3600";

pub(crate) struct Keeper {
    core: Arc<Core>,
    failures: u32,
    /// Since when the session has had no good round.
    given_since: Instant,
    complained_at: Option<Instant>,
    /// Whether the lease was ever held: the first one is no news to the node.
    was_held: bool,
    /// How often a server had forgotten everything when this node was last told.
    emptied: u64,
    reconnects: Reconnects,
}

/// New connections, by client.
struct Reconnects {
    listener: Receiver<Server>,
    commands: Receiver<Server>,
}

/// What a round came to, if it did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Redis did not answer.
    Bus(BusError),
    /// Redis does not want this node.
    Refused(JoinError),
}

impl From<BusError> for Trouble {
    fn from(error: BusError) -> Self {
        Self::Bus(error)
    }
}

impl Keeper {
    /// Starts listening to what the session brings.
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let reconnects = Self::adopt(&core);
        Self {
            core,
            failures: 0,
            given_since: Instant::now(),
            complained_at: None,
            was_held: false,
            emptied: 0,
            reconnects,
        }
    }

    /// Keeps the node alive until the token ends it.
    pub(crate) async fn run(mut self) {
        let core = Arc::clone(&self.core);
        loop {
            let pause = if core.told.is_up() { ROUND } else { ROUND_AWAY };
            tokio::select! {
                biased;
                () = core.token.cancelled() => break,
                is_listener = self.reconnects.next() => self.reconnected(is_listener),
                () = core.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            if let Err(Trouble::Refused(error)) = self.round().await {
                self.complain(&error.to_string());
            }
        }
        core.told.away("the node stops");
        core.session.load().stop_listening().await;
        core.told.inbox().close();
    }

    /// One round, and what follows from it.
    pub(crate) async fn round(&mut self) -> Result<(), Trouble> {
        let core = Arc::clone(&self.core);
        let session = core.session.load_full();
        let outcome = self.check(&session).await;
        let denial = session.denial();
        if let Some(why) = &denial {
            self.complain(why);
        }
        match &outcome {
            Ok(()) => {
                self.failures = 0;
                core.set_answers(true);
            }
            Err(Trouble::Bus(error)) => {
                // The connection knows more than the question that waited for it.
                match session.complaint().or(denial) {
                    Some(why) => core.told.troubled(why),
                    None => core.told.suspected(&error.to_string()),
                }
                self.failures += 1;
                if self.failures >= FAILURES_MAX && core.answers() {
                    core.set_answers(false);
                    core.told.away(&error.to_string());
                }
            }
            Err(Trouble::Refused(error)) => {
                core.told.troubled(error.to_string());
                core.set_answers(false);
                core.told.away(&error.to_string());
            }
        }
        self.judge(outcome.is_ok());
        outcome
    }

    /// Whether the bus works.
    fn judge(&mut self, is_good: bool) {
        let core = &self.core;
        metrics::gauge!("parlour_bus_lease_age_seconds")
            .set(core.lease.age().map_or(f64::NAN, |age| age.as_secs_f64()));
        if !core.hearing.is_confirmed() {
            core.told.away("this node does not hear itself");
        } else if core.lease.check().is_err() {
            core.told.away("the lease of this node does not hold");
        } else if is_good {
            self.given_since = Instant::now();
            core.told.up();
        }
        if self.given_since.elapsed() > SESSION_GIVEN {
            self.replace_session();
        }
    }

    async fn check(&mut self, session: &Session) -> Result<(), Trouble> {
        let core = Arc::clone(&self.core);
        self.keep_lease(session).await?;
        let emptied = core.births.check(session, core.now()).await?;
        if emptied != self.emptied {
            tracing::warn!("a Redis server has forgotten everything");
            // The lease as well, perhaps after this round had looked at it; routes under the earlier life would count for nobody.
            self.keep_lease(session).await?;
            self.emptied = emptied;
            core.told.owe(ResyncReason::Reconnected);
        }
        let (channel, is_due) = core.hearing.channel();
        if is_due {
            session.subscribe(&channel).await?;
            core.hearing.subscribed();
        }
        self.compare_numbers(session, &channel).await?;
        self.send_canary(session, &channel).await?;
        let renewals = core.written.round();
        session.all(renewals).await?;
        Ok(())
    }

    /// Renews the lease when it is time, and takes a new one when it is gone.
    async fn keep_lease(&mut self, session: &Session) -> Result<(), Trouble> {
        let core = Arc::clone(&self.core);
        let living = core.nodes.read(session).await?;
        let claim = match core.lease.check() {
            Ok(node) if living.contains(&node) => {
                let is_fresh = core.lease.age().is_some_and(|age| age < RENEW_EVERY);
                if is_fresh {
                    return Ok(());
                }
                core.lease.renew(session).await?
            }
            _ => Claim::Lost,
        };
        match claim {
            Claim::Held => Ok(()),
            Claim::Lost => self.take_lease(session).await,
            other => Err(refused(&core, other)),
        }
    }

    async fn take_lease(&mut self, session: &Session) -> Result<(), Trouble> {
        let core = Arc::clone(&self.core);
        // From now on nothing is handed on and nobody is answered in the name of the earlier life.
        core.told.away("the lease of this node is gone");
        match core.lease.take(session, core.now()).await? {
            Claim::Held => {}
            other => return Err(refused(&core, other)),
        }
        let node = core.lease.node();
        tracing::info!(%node, "the node lives on the bus under a new incarnation");
        if std::mem::replace(&mut self.was_held, true) {
            core.told.owe(ResyncReason::Lapsed);
        }
        if let Some(before) = core.hearing.begin(keys::channel_of(node)) {
            session.unsubscribe(&before).await?;
        }
        // The list of the living was read before this life began.
        core.nodes.read(session).await?;
        Ok(())
    }

    async fn compare_numbers(&self, session: &Session, channel: &str) -> Result<(), Trouble> {
        let heard = self.core.hearing.heard();
        let question = Command::new("GET", [channel.to_owned()]);
        let answers = session.all(vec![question]).await?;
        let counter = answers
            .first()
            .and_then(session::number)
            .unwrap_or_default();
        if self.core.hearing.compare(channel, heard, counter) {
            self.core.told.resync(ResyncReason::Gap);
        }
        Ok(())
    }

    async fn send_canary(&self, session: &Session, channel: &str) -> Result<(), Trouble> {
        let core = &self.core;
        match core.hearing.canaries() {
            Canaries::Wait => return Ok(()),
            Canaries::Lost => {
                core.hearing.lost();
                core.told.owe(ResyncReason::Reconnected);
                return Ok(()); // The next round subscribes again.
            }
            Canaries::Send => {}
        }
        let load = pack::encode(&Load::Canary(core.hearing.send_canary()));
        let args = vec![load, "1".into(), COUNTER_KEPT_S.into()];
        let receivers = session.run(&PUBLISH, &[channel], args, Repeat::No).await?;
        if session::number(&receivers) == Some(0) {
            core.hearing.lost();
            core.told.owe(ResyncReason::Reconnected);
        }
        Ok(())
    }

    fn reconnected(&mut self, is_listener: bool) {
        if is_listener {
            // A new connection hears nothing yet.
            self.core.hearing.lost();
            self.core.told.away("the connection to Redis is new");
        }
        self.core.told.owe(ResyncReason::Reconnected);
        metrics::counter!("parlour_bus_reconnects_total").increment(1);
    }

    /// Starts over with new connections.
    fn replace_session(&mut self) {
        tracing::debug!("the connections to Redis are replaced");
        let session = Session::open(&self.core.settings);
        self.core.session.store(Arc::new(session));
        self.core.hearing.lost();
        self.core.told.owe(ResyncReason::Reconnected);
        self.given_since = Instant::now();
        self.reconnects = Self::adopt(&self.core);
    }

    fn adopt(core: &Arc<Core>) -> Reconnects {
        let session = core.session.load();
        core.tracker
            .spawn(Arc::clone(core).read(session.messages()));
        Reconnects {
            listener: session.listener_connects(),
            commands: session.command_connects(),
        }
    }

    fn complain(&mut self, error: &str) {
        if self
            .complained_at
            .is_none_or(|at| at.elapsed() > COMPLAIN_EVERY)
        {
            self.complained_at = Some(Instant::now());
            tracing::error!(error, "this node may not use the bus");
        }
    }
}

impl Reconnects {
    /// Waits for a new connection; whether it is the listener's.
    async fn next(&mut self) -> bool {
        tokio::select! {
            biased;
            () = connect(&mut self.listener) => true,
            () = connect(&mut self.commands) => false,
        }
    }
}

async fn connect(connects: &mut Receiver<Server>) {
    if matches!(connects.recv().await, Err(RecvError::Closed)) {
        // The session was replaced.
        std::future::pending::<()>().await;
    }
}

fn refused(core: &Core, claim: Claim) -> Trouble {
    match claim {
        Claim::AnotherDeployment(owner) => Trouble::Refused(core.lease.another_deployment(owner)),
        Claim::DuplicateNode => {
            let number = core.lease.node().number.get();
            Trouble::Refused(JoinError::DuplicateNode(number))
        }
        Claim::Held | Claim::Lost => {
            Trouble::Bus(BusError::Unavailable("the lease does not hold".to_owned()))
        }
    }
}
