//! Serving what a known client asks for.
//!
//! Each request runs as a task of its own. One that may enter a log goes on when its connection ends: a commit that is under
//! way is finished and announced. Every other one ends with the connection. The answer is in the outbox before the
//! state machine learns of the end, so what comes after it is answered after it.

mod answers;

use std::sync::Arc;

use parlour_delivery::Connection;
use parlour_protocol::{
    ClientFrame, Encoded, ErrorBody, ErrorFrame, Outcome, Reference, Retry, ServerFrame,
};
use parlour_service::{Actor, Service};
use tokio::task::JoinError;
use tokio::time::{Instant, timeout};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::driver::Job;
use super::order::{LogName, Verdict};
use super::state::{Ending, SyncRequest, Ticket, Work};
use crate::node::Node;
use crate::settings::REQUEST_WITHIN;
use crate::{errors, metrics};

/// A known client and what serving it takes.
pub(super) struct Client {
    pub(super) actor: Actor,
    pub(super) connection: Connection,
    service: Service,
}

/// Starts a request; the job ends with it.
pub(super) fn start(
    tracker: &TaskTracker,
    client: &Arc<Client>,
    ticket: Ticket,
    work: Work,
) -> Job {
    let (reference, changes) = match &work {
        Work::Frame(frame) => (frame.reference().cloned(), answers::changes(frame)),
        Work::Sync(_) => (None, false),
    };
    let watcher = Arc::clone(client);
    let serving = tracker.spawn(serve(Arc::clone(client), work));
    let ended = move |served: Result<Ending, JoinError>| {
        let ending = served.unwrap_or_else(|failure| {
            tracing::error!(%failure, "serving a frame failed");
            let enters_log = matches!(ticket, Ticket::Log(_));
            watcher.refuse(reference, errors::failed(changes), enters_log)
        });
        (ticket, ending)
    };
    if matches!(ticket, Ticket::Log(_)) {
        return Box::pin(async move { ended(serving.await) });
    }
    let serving = AbortOnDropHandle::new(serving);
    Box::pin(async move { ended(serving.await) })
}

/// Counts a frame if it is an error.
pub(super) fn count_error(frame: &ServerFrame) {
    if let ServerFrame::Error(error) = frame {
        metrics::error("socket", error.code);
    }
}

async fn serve(client: Arc<Client>, work: Work) -> Ending {
    match work {
        Work::Frame(frame) => client.serve(frame).await,
        Work::Sync(sync) => client.sync(sync).await,
    }
}

impl Client {
    /// A client that was attached.
    pub(super) fn new(node: &Node, actor: Actor, connection: Connection) -> Self {
        Self {
            actor,
            connection,
            service: node.service.clone(),
        }
    }

    async fn serve(&self, frame: ClientFrame) -> Ending {
        let (kind, started) = (answers::type_name(&frame), Instant::now());
        let reference = frame.reference().cloned();
        let (enters_log, changes) = (LogName::of(&frame).is_some(), answers::changes(&frame));
        let answer = match timeout(REQUEST_WITHIN, self.answer(frame)).await {
            Ok(answer) => answer.map_err(|error| errors::of_service(&error)),
            Err(_) => Err(errors::timed_out(changes)),
        };
        let ending = match answer {
            Ok(answer) => {
                self.send(answer.frame).await;
                Ending {
                    verdict: Verdict::Settled,
                    token_expires_at: answer.token_expires_at,
                }
            }
            Err(error) => self.refuse(reference, error, enters_log),
        };
        metrics::request(kind, started.elapsed());
        ending
    }

    /// Streams what is missing, however long the client takes to read it.
    async fn sync(&self, sync: SyncRequest) -> Ending {
        let connection = &self.connection;
        connection.sync(sync.cursors, sync.kind, sync.more).await;
        for frame in sync.answers {
            connection.outbox().wait_push(&Encoded::new(frame)).await;
        }
        ended(Verdict::Settled)
    }

    /// Answers. A page waits for room, because it may be large; everything else closes a client that does not read.
    async fn send(&self, frame: Option<ServerFrame>) {
        let outbox = self.connection.outbox();
        match frame {
            Some(page @ ServerFrame::Page(_)) => {
                outbox.wait_push(&Encoded::new(page)).await;
            }
            Some(frame) => {
                outbox.send(frame);
            }
            None => {}
        }
    }

    fn refuse(&self, reference: Option<Reference>, error: ErrorBody, enters_log: bool) -> Ending {
        let error = if enters_log { error.of_append() } else { error };
        let verdict = verdict(&error);
        let frame = ServerFrame::Error(Box::new(ErrorFrame::new(reference, error)));
        count_error(&frame);
        self.connection.outbox().send(frame);
        ended(verdict)
    }
}

fn verdict(error: &ErrorBody) -> Verdict {
    match error.retry {
        Retry::Never => Verdict::Never,
        Retry::Now | Retry::Later | Retry::Sync | Retry::Refresh => Verdict::Again {
            unknown: error.outcome == Some(Outcome::Unknown),
        },
    }
}

fn ended(verdict: Verdict) -> Ending {
    Ending {
        verdict,
        token_expires_at: None,
    }
}
