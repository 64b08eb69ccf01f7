//! The proof that this node is alive.
//!
//! A lease counts here for a second less than in Redis, from before its renewal was sent: whoever still acts under it is
//! still alive in everybody's eyes. It is checked before every call and before anything that was heard is handed on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use parlour_bus::{BusError, NodeRef};
use parlour_model::{NodeNumber, Timestamp, boot_time};

use crate::JoinError;
use crate::keys;
use crate::script::{END_LEASE, RENEW_LEASE, Script, TAKE_LEASE};
use crate::session::{self, Repeat, Session};

/// How long a lease holds in Redis.
const HOLDS_MS: u64 = 9_000;
/// How long it counts here.
const COUNTS: Duration = Duration::from_secs(8);

/// This node's lease.
#[derive(Debug)]
pub(crate) struct Lease {
    number: NodeNumber,
    holder: String,
    deployment: String,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    incarnation: u64,
    /// In time since boot; `None` before the first lease and after a lost one.
    renewed_at: Option<Duration>,
}

/// What Redis says of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It holds.
    Held,
    /// It has ended, and does not come back.
    Lost,
    /// Redis serves another deployment.
    AnotherDeployment(String),
    /// Another process lives under the number.
    DuplicateNode,
}

impl Lease {
    /// Not held yet. The incarnation is the one that the node goes by until Redis is there.
    pub(crate) fn new(number: NodeNumber, deployment: String, now: Timestamp) -> Self {
        Self {
            number,
            holder: format!("{:032x}", rand::random::<u128>()),
            deployment,
            held: Mutex::new(Held {
                incarnation: now.as_millis(),
                renewed_at: None,
            }),
        }
    }

    /// The node in its present life.
    pub(crate) fn node(&self) -> NodeRef {
        NodeRef {
            number: self.number,
            incarnation: self.lock().incarnation,
        }
    }

    /// The node, if its lease holds.
    pub(crate) fn check(&self) -> Result<NodeRef, BusError> {
        let held = self.lock();
        match held.renewed_at {
            Some(at) if boot_time().saturating_sub(at) < COUNTS => Ok(NodeRef {
                number: self.number,
                incarnation: held.incarnation,
            }),
            _ => Err(BusError::Unavailable(
                "the lease of this node does not hold".to_owned(),
            )),
        }
    }

    /// How long ago the lease was renewed, if it was held.
    pub(crate) fn age(&self) -> Option<Duration> {
        let renewed_at = self.lock().renewed_at?;
        Some(boot_time().saturating_sub(renewed_at))
    }

    /// What Redis would not give up to anybody else is given up here.
    pub(crate) fn lose(&self) {
        self.lock().renewed_at = None;
    }

    /// Takes the lease under a new, higher incarnation.
    pub(crate) async fn take(&self, session: &Session, now: Timestamp) -> Result<Claim, BusError> {
        self.lose();
        let lowest = now.as_millis().max(self.lock().incarnation + 1);
        let keys = [keys::LEASES, keys::DEPLOYMENT, keys::INCARNATIONS];
        self.ask(session, &TAKE_LEASE, &keys, lowest).await
    }

    /// Renews the lease.
    pub(crate) async fn renew(&self, session: &Session) -> Result<Claim, BusError> {
        let incarnation = self.lock().incarnation;
        let keys = [keys::LEASES, keys::DEPLOYMENT];
        self.ask(session, &RENEW_LEASE, &keys, incarnation).await
    }

    /// Ends the lease.
    pub(crate) async fn end(&self, session: &Session) -> Result<(), BusError> {
        self.lose();
        let args = vec![
            self.number.get().to_string().into(),
            self.holder.clone().into(),
        ];
        let ended = session.run(&END_LEASE, &[keys::LEASES], args, Repeat::Yes);
        ended.await.map(drop)
    }

    /// That Redis belongs to somebody else.
    pub(crate) fn another_deployment(&self, owner: String) -> JoinError {
        JoinError::AnotherDeployment {
            owner,
            own: self.deployment.clone(),
        }
    }

    async fn ask(
        &self,
        session: &Session,
        script: &Script,
        keys: &[&str],
        incarnation: u64,
    ) -> Result<Claim, BusError> {
        let args: Vec<Bytes> = [
            self.number.get().to_string(),
            self.holder.clone(),
            self.deployment.clone(),
            incarnation.to_string(),
            HOLDS_MS.to_string(),
        ]
        .map(Bytes::from)
        .into();
        let sent_at = boot_time();
        let answer = session.run(script, keys, args, Repeat::Yes).await?;
        let (claim, incarnation) = read(answer)?;
        let mut held = self.lock();
        match &claim {
            Claim::Held => {
                held.incarnation = incarnation;
                held.renewed_at = Some(sent_at);
            }
            _ => held.renewed_at = None,
        }
        Ok(claim)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer of a lease script: a word, and what belongs to it.
fn read(answer: Value) -> Result<(Claim, u64), BusError> {
    let answer = session::list(answer);
    let word = answer.first().and_then(session::text).unwrap_or_default();
    let rest = answer.get(1);
    match word.as_str() {
        "held" => rest
            .and_then(session::number)
            .map(|incarnation| (Claim::Held, incarnation))
            .ok_or_else(|| BusError::Unavailable("a lease without an incarnation".to_owned())),
        "lost" => Ok((Claim::Lost, 0)),
        "number" => Ok((Claim::DuplicateNode, 0)),
        "deployment" => {
            let owner = rest.and_then(session::text).unwrap_or_default();
            Ok((Claim::AnotherDeployment(owner), 0))
        }
        other => Err(BusError::Unavailable(format!("a lease is {other:?}"))),
    }
}
