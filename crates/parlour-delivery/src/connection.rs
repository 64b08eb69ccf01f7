//! One attached connection, as the gateway holds it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use parlour_bus::ConnectionId;
use parlour_model::{ChatId, Presence, Seq, SessionId, UserId};
use parlour_protocol::Encoding;

use crate::core::Core;
use crate::link::Link;
use crate::{DeliveryError, Outbox, Outgoing, SyncKind};

/// A connection that shall be attached.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Whose.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// What the user calls the device.
    pub device: String,
    /// How its frames are encoded.
    pub encoding: Encoding,
}

/// An attached connection. Dropping it detaches it in the background.
pub struct Connection {
    core: Arc<Core>,
    link: Arc<Link>,
    outgoing: Mutex<Option<Outgoing>>,
    is_detached: AtomicBool,
}

impl Connection {
    pub(crate) async fn attach(
        core: &Arc<Core>,
        new: NewConnection,
    ) -> Result<Self, DeliveryError> {
        if core.token.is_cancelled() {
            return Err(DeliveryError::Stopping);
        }
        let id = ConnectionId::new(core.connections.fetch_add(1, Ordering::Relaxed));
        let (outbox, outgoing) = Outbox::behind(Arc::clone(&core.gate), new.encoding);
        let link = Arc::new(Link::new(id, new, outbox));
        // Should this future be dropped, this takes the connection out again.
        let connection = Self {
            core: Arc::clone(core),
            link: Arc::clone(&link),
            outgoing: Mutex::new(Some(outgoing)),
            is_detached: AtomicBool::new(false),
        };
        core.hub.add_link(&link);
        core.register(&link).await;
        Ok(connection)
    }

    /// Its name on this node.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.link.id
    }

    /// Where frames for it go.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.link.outbox
    }

    /// The end of the outbox that its writer reads; `None` for whoever asks second.
    pub fn take_outgoing(&self) -> Option<Outgoing> {
        let mut outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        outgoing.take()
    }

    /// Streams into the outbox what `cursors` miss, and puts those chats live; ends when they are. The first call is
    /// of [`SyncKind::Hello`], after `welcome` was put into the outbox: nothing else comes before that call. With `more`, further calls follow that belong to the same `hello`; the last of them also
    /// sends summaries of the user's other chats. Afterwards the caller sends `ready` or `synced`.
    ///
    /// Waits for room in the outbox, and until the store tells of the user's chats; a single chat of which it does not tell
    /// comes by itself later. Ends early when the connection is closed.
    /// Several syncs of one connection run one after the other.
    pub async fn sync(&self, cursors: BTreeMap<ChatId, Seq>, kind: SyncKind, more: bool) {
        self.core.sync(&self.link, cursors, kind, more).await;
    }

    /// Replaces what the connection looks at: presence of users, typing in chats. Answers the presence of the users.
    pub async fn watch(&self, users: Vec<UserId>, chats: Vec<ChatId>) -> Vec<Presence> {
        self.core.watch(&self.link, users, chats).await
    }

    /// Takes the connection out of everything. When this returns, its route is gone and nothing more reaches its outbox.
    pub async fn detach(&self) {
        if !self.is_detached.swap(true, Ordering::SeqCst) {
            self.core.detach(&self.link).await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_detached.swap(true, Ordering::SeqCst) {
            return;
        }
        let core = Arc::clone(&self.core);
        let link = Arc::clone(&self.link);
        // Without a runtime the process is ending, and the routes go with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let detach = async move { core.detach(&link).await };
            self.core.tracker.spawn_on(detach, &runtime);
        }
    }
}

impl Core {
    async fn detach(self: &Arc<Self>, link: &Arc<Link>) {
        let at = self.clock.now();
        link.outbox.cut(parlour_protocol::CloseCode::Normal);
        let was_last = self.hub.remove_link(link.user, link.id);
        for chat in link.close_seats() {
            self.hub.unseat(chat, link.id);
        }
        let touched = self.watchers.close(link);
        if was_last {
            self.note_departure(link.user);
        }
        self.unregister(link, at).await;
        self.settle_interest(&touched).await;
        if was_last {
            self.departed(link.user, at);
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.link.id)
            .finish_non_exhaustive()
    }
}
