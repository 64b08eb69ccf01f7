//! A device that records: the real client library with a pencil at every place where something becomes true.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use parlour_client::{Client, ClientConfig, ClientEvent, EventStream, Rest};
use parlour_model::{ChatId, Seq, UserId};
use parlour_protocol::Encoding;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::history::{DeviceId, Recorder, What};
use crate::keeping::{Kept, RecordingStore};
use crate::notebook::Notebook;
use crate::sights::Sights;
use crate::tapping::RecordingTap;
use crate::traffic::Traffic;

/// How long a test waits for what must come: long enough for a few of the client's pauses.
pub const COMES_WITHIN: Duration = Duration::from_secs(60);
/// Every user's password.
const PASSWORD: &str = "correct horse battery";

/// What all devices of a test share: the server they talk to and the records they write.
#[derive(Debug, Clone)]
pub struct World {
    url: String,
    http: reqwest::Client,
    recorder: Recorder,
    traffic: Arc<Traffic>,
    next: Arc<AtomicU32>,
}

/// One device of one user.
#[derive(Debug)]
pub struct Device {
    world: World,
    encoding: Encoding,
    notebook: Arc<Notebook>,
    store: Arc<RecordingStore>,
    sights: watch::Sender<Sights>,
    client: Client,
    run: Run,
}

/// One run of the program on a device; it ends with this value.
#[derive(Debug, Default)]
struct Run {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl World {
    /// A test against the server at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            http: reqwest::Client::new(),
            recorder: Recorder::default(),
            traffic: Arc::default(),
            next: Arc::default(),
        }
    }

    /// The same test, for devices that connect at `url`.
    #[must_use]
    pub fn at(&self, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..self.clone()
        }
    }

    /// All records.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// How much is under way.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The interface of the server for nobody.
    ///
    /// # Errors
    /// When the address is wrong.
    pub fn rest(&self) -> anyhow::Result<Rest> {
        Ok(Rest::new(self.http.clone(), &self.url)?)
    }

    /// A device of a new user.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn register(&self, username: &str, encoding: Encoding) -> anyhow::Result<Device> {
        let device = self.device(encoding).await?;
        device
            .client
            .register(username, PASSWORD)
            .await
            .with_context(|| format!("register {username}"))?;
        Ok(device)
    }

    /// One more device of a user.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn login(&self, username: &str, encoding: Encoding) -> anyhow::Result<Device> {
        let device = self.device(encoding).await?;
        device
            .client
            .login(username, PASSWORD)
            .await
            .with_context(|| format!("log in {username}"))?;
        Ok(device)
    }

    async fn device(&self, encoding: Encoding) -> anyhow::Result<Device> {
        let id = DeviceId(self.next.fetch_add(1, Ordering::SeqCst));
        let notebook = Notebook::new(id, self.recorder.clone(), Arc::clone(&self.traffic));
        let notebook = Arc::new(notebook);
        let store = Arc::new(RecordingStore::new(Arc::clone(&notebook)));
        let sights = watch::Sender::default();
        let run = Run::default();
        let client = self
            .run_client(encoding, (&notebook, &store, &sights), &run)
            .await?;
        Ok(Device {
            world: self.clone(),
            encoding,
            notebook,
            store,
            sights,
            client,
            run,
        })
    }

    async fn run_client(
        &self,
        encoding: Encoding,
        (notebook, store, sights): (&Arc<Notebook>, &Arc<RecordingStore>, &watch::Sender<Sights>),
        run: &Run,
    ) -> anyhow::Result<Client> {
        let mut config = ClientConfig::new(self.url.clone(), store.clone());
        config.encoding = encoding;
        config.http = Some(self.http.clone());
        config.tracker = run.tracker.clone();
        config.shutdown = run.token.clone();
        config.tap = Some(Arc::new(RecordingTap::new(notebook.clone())));
        let client = Client::connect(config).await?;
        let watching = look(
            client.events(),
            client.clone(),
            notebook.clone(),
            sights.clone(),
        );
        run.tracker.spawn(watching);
        Ok(client)
    }
}

impl Device {
    /// Whose it is.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.notebook
            .user()
            .expect("a device is only handed out once somebody is signed in on it")
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What it has kept.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.store.watch().borrow().clone()
    }

    /// Waits until what it has kept is as asked for.
    ///
    /// # Errors
    /// When that takes too long, with what it has kept instead.
    pub async fn until_kept(&self, condition: impl FnMut(&Kept) -> bool) -> anyhow::Result<()> {
        wait(self.store.watch(), condition).await
    }

    /// Waits until it shows what is asked for.
    ///
    /// # Errors
    /// When that takes too long, with what it shows instead.
    pub async fn until_shown(&self, condition: impl FnMut(&Sights) -> bool) -> anyhow::Result<()> {
        wait(self.sights.subscribe(), condition).await
    }

    /// Waits until its cursor in `chat` is at `seq` or above.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn until_applied(&self, chat: ChatId, seq: Seq) -> anyhow::Result<()> {
        let there = |kept: &Kept| kept.cursors.get(&chat).is_some_and(|cursor| *cursor >= seq);
        self.until_kept(there)
            .await
            .with_context(|| format!("waiting for {chat}/{seq}"))
    }

    /// Waits until it has everything of all chats that the server lists for its user now.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn until_caught_up(&self) -> anyhow::Result<()> {
        for chat in self.client.chats().await? {
            self.until_applied(chat.id, chat.head).await?;
        }
        Ok(())
    }

    /// Records that its session was revoked, and that whoever did it knows.
    pub fn note_revoked(&self) {
        self.notebook.record(What::Revoked);
    }

    /// Ends the program on this device as a crash would, and starts it again on what it had kept.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.run.end().await;
        // What was still on its way to the application came after the connection's end: forget that too.
        self.notebook.record(What::Disconnected);
        self.run = Run::default();
        let parts = (&self.notebook, &self.store, &self.sights);
        self.client = self
            .world
            .run_client(self.encoding, parts, &self.run)
            .await?;
        self.client.restore().await?;
        Ok(())
    }

    /// Sends what can still be sent and ends the program. Its REST interface goes on for a while.
    pub async fn close(self) -> Rest {
        let rest = self.client.rest().clone();
        self.client.close().await;
        self.run.end().await;
        rest
    }
}

impl Run {
    async fn end(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn wait<T: std::fmt::Debug>(
    mut values: watch::Receiver<T>,
    condition: impl FnMut(&T) -> bool,
) -> anyhow::Result<()> {
    let reached = tokio::time::timeout(COMES_WITHIN, values.wait_for(condition)).await;
    let reached = reached.map(|reached| reached.map(drop));
    match reached {
        Ok(reached) => reached.context("the device is gone"),
        Err(_) => anyhow::bail!("it did not come; the device has {:?}", *values.borrow()),
    }
}

/// Takes the client's events until it ends.
async fn look(
    mut events: EventStream,
    client: Client,
    notebook: Arc<Notebook>,
    sights: watch::Sender<Sights>,
) {
    while let Some(event) = events.next().await {
        match event {
            ClientEvent::Presence(presence) => {
                let (of, status, version) = (presence.user, presence.status, presence.version);
                notebook.record(What::PresenceSeen {
                    of,
                    status,
                    version,
                });
                sights.send_modify(|sights| {
                    sights.presence.insert(of, presence);
                });
            }
            // Nobody is there to decide what becomes of a send that cannot go on: it is given up.
            ClientEvent::Stalled { key, .. } => drop(client.cancel(key).await),
            event => sights.send_modify(|sights| sights.take(event)),
        }
    }
}
