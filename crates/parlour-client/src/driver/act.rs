//! Doing what the machine decided: the batch first, then the actions in their order.

use tokio::time::Instant;

use super::work::saved_session;
use super::{CLOSE_WITHIN, Driver, Time};
use crate::machine::{Action, ConnectionId, Input, Output, RefreshFailure};
use crate::socket::Socket;
use crate::{Batch, ClientError, ClientEvent, Rest, SavedSession, StopReason};

use parlour_model::Timestamp;
use parlour_protocol::{Retry, Secret};
use std::time::Duration;
use tokio::sync::oneshot;

impl Driver {
    /// Tells whether the client can go on.
    pub(super) async fn commit_and_act(&mut self, out: Output) -> bool {
        if !out.batch.is_empty() {
            let session = session_after(&out.batch);
            if let Err(error) = self.store.commit(out.batch).await {
                tracing::error!(%error, "the client stops");
                self.events
                    .push(ClientEvent::Stopped(StopReason::StoreFailed));
                self.events.pass_on();
                return false;
            }
            if let Some(session) = session {
                self.session.send_replace(session);
            }
        }
        for action in out.actions {
            self.act(action);
        }
        for reply in self.replies.drain(..) {
            reply();
        }
        true
    }

    /// Answers once what was done is committed.
    pub(super) fn after_commit<T: Send + 'static>(&mut self, to: oneshot::Sender<T>, value: T) {
        self.replies.push(Box::new(move || drop(to.send(value))));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Open(connection) => {
                let opening = Socket::open(self.url.clone(), self.encoding);
                self.connections.opening = Some((connection, Box::pin(opening)));
            }
            Action::Send(connection, frame) => {
                let tap = self.tap.clone();
                if let Some(open) = self.connection(connection) {
                    if let Some(tap) = tap {
                        tap.sending(connection.0, &frame);
                    }
                    open.socket.queue(&frame);
                }
            }
            Action::Close(connection) => self.close(connection),
            Action::Abandon(connection) => {
                if let Some(tap) = &self.tap {
                    tap.ended(connection.0);
                }
                let connections = &mut self.connections;
                connections.open.retain(|open| open.id != connection);
                connections.opening.take_if(|(id, _)| *id == connection);
            }
            Action::Refresh(token) => {
                let refreshing = refresh(self.rest.clone(), token.clone(), self.time);
                let refreshing = async move { (token, refreshing.await) };
                self.connections.refreshing = Some(Box::pin(refreshing));
            }
            Action::Emit(event) => self.events.push(event),
            Action::Reply(reply) => reply.deliver(),
        }
    }

    /// Gives the machine what came.
    pub(super) fn take(&mut self, now: Timestamp, inputs: Vec<Input>, out: &mut Output) {
        for input in inputs {
            self.show(&input);
            self.machine.handle(now, input, out);
        }
    }

    /// Shows what came to whoever taps this client.
    fn show(&self, input: &Input) {
        let Some(tap) = &self.tap else { return };
        match input {
            Input::Frame(connection, frame) => tap.received(connection.0, frame),
            Input::Closed(connection, _) => tap.ended(connection.0),
            _ => {}
        }
    }

    /// The client ends, and with it whatever still comes.
    pub(super) fn show_end(&self) {
        if let Some(tap) = &self.tap {
            for open in &self.connections.open {
                tap.ended(open.id.0);
            }
        }
    }

    fn close(&mut self, connection: ConnectionId) {
        self.connections
            .opening
            .take_if(|(id, _)| *id == connection);
        if let Some(open) = self.connection(connection) {
            open.socket.queue_close();
            open.until = Some(Instant::now() + CLOSE_WITHIN);
        }
    }

    /// An open connection that still takes frames.
    fn connection(&mut self, connection: ConnectionId) -> Option<&mut super::Connection> {
        let mut open = self.connections.open.iter_mut();
        open.find(|open| open.id == connection && open.until.is_none())
    }
}

/// The session after this batch; `None` if it does not change.
fn session_after(batch: &Batch) -> Option<Option<SavedSession>> {
    if batch.wipe || batch.session.is_some() {
        Some(batch.session.clone())
    } else {
        None
    }
}

async fn refresh(rest: Rest, token: Secret, time: Time) -> Result<SavedSession, RefreshFailure> {
    match rest.refresh(token).await {
        Ok(signed_in) => {
            let now: Timestamp = time.now();
            Ok(saved_session(now, signed_in))
        }
        Err(error) => Err(refresh_failure(&error)),
    }
}

fn refresh_failure(error: &ClientError) -> RefreshFailure {
    let Some(refused) = error.refused() else {
        return RefreshFailure::Later(None);
    };
    match refused.retry {
        Retry::Never => RefreshFailure::Denied,
        _ => RefreshFailure::Later(refused.retry_after_ms.map(Duration::from_millis)),
    }
}
