//! The client as applications see it: a handle to the one task that does everything.

mod handles;
mod posting;

use std::sync::Arc;

use parlour_model::{AppData, ChatId, ChosenStatus, Clock, EventKey, Seq, Title, UserId, UserName};
use parlour_protocol::{
    ChatBody, CreateChat, CreateDirect, CreateGroup, LoginRequest, PageFrame, RegisterRequest,
    Secret, SignedIn, UserBody, WatchFrame, WireEvent,
};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::driver::{Driver, EventSlot, Parts, Work};
use crate::machine::{Command, Machine, ReplyTo, Settings};
use crate::rest::{Tokens, server_url};
use crate::{ClientConfig, ClientError, LocalStore, Rest, Saved, SavedSession};

pub use handles::{EventStream, HistoryAt, PendingMessage};

/// Work the application may have waiting.
const WORK_MAX: usize = parlour_model::limits::REQUESTS_IN_FLIGHT_MAX;

/// One device of one user. Cheap to clone; the client ends with [`Client::close`], with its config's `shutdown`
/// token, or when the last clone is dropped (what is in the outbox then waits for the next run).
#[derive(Debug, Clone)]
pub struct Client {
    work: mpsc::Sender<Work>,
    rest: Rest,
    session: watch::Receiver<Option<SavedSession>>,
    store: Arc<dyn LocalStore>,
    events: EventSlot,
    device: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A client on this store. It connects once somebody is signed in: [`Client::restore`],
    /// [`Client::login`] or [`Client::register`].
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for a wrong address, [`ClientError::Store`] if the store cannot be read.
    pub async fn connect(config: ClientConfig) -> Result<Self, ClientError> {
        let http = match config.http.clone() {
            Some(http) => http,
            None => reqwest::Client::builder().build()?,
        };
        let rest = Rest::new(http, &config.url)?;
        let url = server_url(&config.url)?;
        let saved = config.store.load().await?;
        // queue: commands waiting for a client's task
        let (work, work_receiver) = mpsc::channel(WORK_MAX);
        // queue: commands waiting for a client's task
        let (expired, expired_receiver) = mpsc::channel(WORK_MAX);
        let (session, current) = watch::channel(None);
        let events = EventSlot::default();
        let driver = Driver::new(Parts {
            machine: machine(saved, &config),
            url,
            rest: rest.clone(),
            work: work_receiver,
            expired: expired_receiver,
            session,
            events: events.clone(),
            config: config.clone(),
        });
        config.tracker.spawn(driver.run());
        let tokens = Tokens {
            current: current.clone(),
            expired,
        };
        Ok(Self {
            work,
            rest: rest.with_tokens(tokens),
            session: current,
            store: config.store,
            events,
            device: config.device,
            clock: config.clock,
        })
    }

    /// Goes on with the session this store kept; `None` if there is none.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub async fn restore(&self) -> Result<Option<UserId>, ClientError> {
        self.ask(Work::Restore).await
    }

    /// Registers a user and connects as them.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for a wrong name, and the errors of a REST call.
    pub async fn register(&self, username: &str, password: &str) -> Result<UserBody, ClientError> {
        let body = RegisterRequest {
            username: user_name(username)?,
            password: Secret::new(password),
            display_name: None,
            device: self.device.clone(),
        };
        // The key makes it safe to ask again when the answer was lost.
        let key = Some(Uuid::new_v4());
        let signed_in = match self.rest.register(&body, key).await {
            Err(ClientError::Unreachable(_)) => self.rest.register(&body, key).await?,
            answer => answer?,
        };
        self.sign_in(signed_in).await
    }

    /// Logs a user in and connects as them. Another user than this store has kept starts with an empty one.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for a wrong name, and the errors of a REST call.
    pub async fn login(&self, username: &str, password: &str) -> Result<UserBody, ClientError> {
        let body = LoginRequest {
            username: user_name(username)?,
            password: Secret::new(password),
            device: self.device.clone(),
        };
        let signed_in = self.rest.login(&body).await?;
        self.sign_in(signed_in).await
    }

    /// Connects with a session that was opened elsewhere.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub async fn sign_in(&self, signed_in: SignedIn) -> Result<UserBody, ClientError> {
        let user = signed_in.user.clone();
        self.ask(|done| Work::SignIn(Box::new(signed_in), done))
            .await?;
        Ok(user)
    }

    /// Ends the session and forgets everything this store has kept. If the server cannot be told, the session
    /// stays in its list until it is revoked.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub async fn logout(&self) -> Result<(), ClientError> {
        if let Err(error) = self.rest.logout().await {
            tracing::info!(%error, "the server was not told of the logout");
        }
        self.ask(Work::SignOut).await
    }

    /// Who is signed in.
    #[must_use]
    pub fn me(&self) -> Option<UserId> {
        self.session.borrow().as_ref().map(|session| session.user)
    }

    /// The REST interface, as the user who is signed in.
    #[must_use]
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Everything that happens from now on, in place of an earlier stream.
    ///
    /// The stream holds a bounded number of events. While it is full the client reads nothing from the server, so
    /// nothing is lost, but answers wait too: read it in a task of its own. Without a stream events are
    /// stored and not told.
    #[must_use]
    pub fn events(&self) -> EventStream {
        EventStream::new(self.events.subscribe())
    }

    /// The chat with one other user, made if it is not there.
    ///
    /// # Errors
    /// The errors of a REST call.
    pub async fn create_direct(&self, user: UserId) -> Result<ChatBody, ClientError> {
        let body = CreateChat::Direct(CreateDirect { user });
        self.rest.create_chat(&body, None).await
    }

    /// A new group with these members and the user as its owner.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for a wrong title, and the errors of a REST call.
    pub async fn create_group(
        &self,
        title: &str,
        users: Vec<UserId>,
    ) -> Result<ChatBody, ClientError> {
        let title = Title::new(title).map_err(|error| ClientError::Invalid(error.to_string()))?;
        let body = CreateChat::Group(CreateGroup {
            title,
            users,
            history: None,
            data: AppData::default(),
        });
        // The key makes it safe to ask again when the answer was lost.
        let key = Some(EventKey::generate(self.clock.now()));
        match self.rest.create_chat(&body, key).await {
            Err(ClientError::Unreachable(_)) => self.rest.create_chat(&body, key).await,
            answer => answer,
        }
    }

    /// All of the user's chats, by last activity.
    ///
    /// # Errors
    /// The errors of a REST call.
    pub async fn chats(&self) -> Result<Vec<ChatBody>, ClientError> {
        let mut page = self.rest.chats(None).await?;
        let mut chats = std::mem::take(&mut page.chats);
        while let Some(next) = page.next.take() {
            page = self.rest.chats(Some(&next)).await?;
            chats.append(&mut page.chats);
        }
        Ok(chats)
    }

    /// A page of messages in their current state.
    ///
    /// # Errors
    /// [`ClientError::NotConnected`], and what the server refuses.
    pub async fn history(
        &self,
        chat: ChatId,
        at: HistoryAt,
        limit: usize,
    ) -> Result<PageFrame, ClientError> {
        let frame = at.frame(chat, limit);
        self.command(|reply| Command::History(frame, reply)).await
    }

    /// The newest events below `before` (or all) that this device has received, at most `limit`, ascending.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub async fn cached(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<WireEvent>>, ClientError> {
        Ok(self.store.events(chat, before, limit).await?)
    }

    /// The user has read a chat up to `seq`. Told to the server when there is a connection; kept until then.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub async fn read(&self, chat: ChatId, seq: Seq) -> Result<(), ClientError> {
        self.submit(Work::Command(Command::Read(chat, seq))).await
    }

    /// The user types, or stopped. Worth nothing without a connection, and not kept.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub async fn typing(&self, chat: ChatId, on: bool) -> Result<(), ClientError> {
        self.submit(Work::Command(Command::Typing(chat, on))).await
    }

    /// Whom and what the screen shows, in place of what it showed before; repeated on every new connection.
    ///
    /// # Errors
    /// What the server refuses; [`ClientError::NotConnected`] if the connection ended before the answer.
    pub async fn watch(&self, users: Vec<UserId>, chats: Vec<ChatId>) -> Result<(), ClientError> {
        let frame = WatchFrame {
            reference: None,
            users,
            chats,
        };
        self.command(|reply| Command::Watch(frame, reply)).await
    }

    /// Sets the status the user chose, for all their devices.
    ///
    /// # Errors
    /// [`ClientError::NotConnected`], and what the server refuses.
    pub async fn set_status(&self, status: ChosenStatus) -> Result<(), ClientError> {
        self.command(|reply| Command::Status(status, reply)).await
    }

    /// Sends what can be sent now (for a few seconds at most), closes the connection and ends the client. What is
    /// still in the outbox waits for the next run.
    pub async fn close(self) {
        // An error means that it has ended already.
        let _ = self.ask(Work::Close).await;
    }

    async fn submit(&self, work: Work) -> Result<(), ClientError> {
        let sent = self.work.send(work).await;
        sent.map_err(|_| ClientError::Closed)
    }

    async fn ask<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<T>) -> Work,
    ) -> Result<T, ClientError> {
        let (reply, answer) = oneshot::channel();
        self.submit(work(reply)).await?;
        answer.await.map_err(|_| ClientError::Closed)
    }

    async fn command<T>(
        &self,
        command: impl FnOnce(ReplyTo<T>) -> Command,
    ) -> Result<T, ClientError> {
        self.ask(|reply| Work::Command(command(reply))).await?
    }
}

fn user_name(text: &str) -> Result<UserName, ClientError> {
    UserName::new(text).map_err(|error| ClientError::Invalid(error.to_string()))
}

fn machine(saved: Saved, config: &ClientConfig) -> Machine {
    let settings = Settings {
        device: config.device.clone(),
        seed: rand::random(),
    };
    Machine::new(saved, settings)
}
