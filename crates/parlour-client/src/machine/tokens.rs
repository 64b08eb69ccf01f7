//! Signing in and out, and keeping the access token fresh.
//!
//! - A new pair of tokens is in the batch before the access token is used.
//! - A refresh whose answer was lost is asked again with the same refresh token.
//! - What becomes of a refresh concerns the session it was asked for, and none that came after it.

use parlour_model::Timestamp;
use parlour_protocol::{ClientFrame, RefreshFrame, Secret};

use super::commands::Reply;
use super::link::{Attempt, PAUSE_MAX, Refreshing};
use super::marks::MarksDue;
use super::requests::Request;
use super::watching::Watching;
use super::{Action, Machine, Output, RefreshFailure};
use crate::{Batch, ClientEvent, SavedSession, SendFailure, StopReason};

impl Machine {
    pub(super) fn signed_in(&mut self, now: Timestamp, session: SavedSession, out: &mut Output) {
        let other_user = self.me().is_some_and(|me| me != session.user);
        self.disconnect(out);
        if other_user {
            self.forget_all(out);
        }
        self.take_session(now, session, out);
        self.link.failures = 0;
        self.start_attempt(now, out);
    }

    pub(super) fn signed_out(&mut self, out: &mut Output) {
        self.disconnect(out);
        self.forget_all(out);
        self.session = None;
    }

    fn forget_all(&mut self, out: &mut Output) {
        out.batch = Batch {
            wipe: true,
            ..Batch::default()
        };
        for entry in self.outbox.take().filter(|entry| !entry.is_echo) {
            out.emit(ClientEvent::Settled {
                chat: entry.saved.chat,
                key: entry.saved.first_key,
                result: Err(SendFailure::Closed),
            });
            let reply = entry
                .waiting
                .map(|to| Reply::Settled(to, Err(SendFailure::Closed)));
            out.actions.extend(reply.map(Action::Reply));
        }
        self.chats.clear();
        self.marks = MarksDue::default();
        self.watching = Watching::default();
    }

    fn take_session(&mut self, now: Timestamp, session: SavedSession, out: &mut Output) {
        let left = session.expires_at.since(now);
        self.link.refresh_at = Some(now.plus(left * 3 / 4));
        self.link.refreshing = Refreshing::Idle;
        self.link.refresh_failures = 0;
        out.batch.session = Some(session.clone());
        self.session = Some(session);
    }

    /// Learns from the server when the access token really ends.
    pub(super) fn learn_token_end(&mut self, now: Timestamp, ends_at: Timestamp) {
        let left = ends_at.since(self.server_time(now));
        if let Some(session) = &mut self.session {
            session.expires_at = now.plus(left);
        }
        self.link.refresh_at = Some(now.plus(left * 3 / 4));
    }

    /// Asks for a new access token, unless that is under way or has to wait.
    pub(super) fn ask_token(&mut self, out: &mut Output) {
        if let (Refreshing::Idle, Some(session)) = (&self.link.refreshing, &self.session) {
            let token = session.refresh_token.clone();
            self.link.refreshing = Refreshing::Asked;
            out.actions.push(Action::Refresh(token));
        }
    }

    /// A REST call came back: asks for a new access token if this is still the one in use.
    pub(super) fn token_expired(&mut self, token: &Secret, out: &mut Output) {
        if self.session.as_ref().map(|session| &session.access_token) == Some(token) {
            self.ask_token(out);
        }
    }

    pub(super) fn refreshed(
        &mut self,
        now: Timestamp,
        asked_with: &Secret,
        result: Result<SavedSession, RefreshFailure>,
        out: &mut Output,
    ) {
        if self.session.as_ref().map(|own| &own.refresh_token) != Some(asked_with) {
            // Of a session that was replaced, or has ended, in the meantime.
            return;
        }
        self.link.refreshing = Refreshing::Idle;
        match result {
            Ok(session) => {
                self.take_session(now, session, out);
                self.use_token(now, out);
            }
            Err(RefreshFailure::Denied) => self.stop(StopReason::SignedOut, out),
            Err(RefreshFailure::Later(after)) => {
                let pause = self.jittered(self.link.refresh_failures, PAUSE_MAX);
                self.link.refresh_failures = self.link.refresh_failures.saturating_add(1);
                let until = now.plus(pause.max(after.unwrap_or_default()));
                self.link.refreshing = Refreshing::Waiting(until);
            }
        }
    }

    /// A new access token is in the batch: gives it to the live connection, or starts one.
    fn use_token(&mut self, now: Timestamp, out: &mut Output) {
        if self.link.attempt == Some(Attempt::NeedsToken) {
            self.start_attempt(now, out);
        }
        let (Some(connection), Some(session)) = (self.link.live(), &self.session) else {
            return;
        };
        let frame = ClientFrame::Refresh(RefreshFrame {
            reference: Some(self.requests.open(now, connection, Request::Token)),
            token: session.access_token.clone(),
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }
}
