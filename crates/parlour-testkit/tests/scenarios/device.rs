//! One device of a scenario: the client library under test, what it keeps, and what it has told.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use parlour_client::{
    Client, ClientConfig, ClientEvent, EventStream, HistoryAt, LocalStore, MemoryStore,
    PendingMessage,
};
use parlour_model::{Body, ChatId};
use parlour_protocol::Encoding;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::forwarding::Forwarding;
use crate::lines::{Lines, of_history};
use crate::notices::{Notice, notice};

/// A device.
#[derive(Debug)]
pub(crate) struct Device {
    url: String,
    encoding: Encoding,
    forwarding: Option<Forwarding>,
    store: Arc<dyn LocalStore>,
    running: Option<Running>,
    notices: Vec<Notice>,
    lines: BTreeMap<ChatId, Lines>,
}

/// A client that runs.
#[derive(Debug)]
struct Running {
    client: Client,
    events: EventStream,
    config: ClientConfig,
}

impl Device {
    pub(crate) fn new(url: String, encoding: Encoding) -> Self {
        Self {
            url,
            encoding,
            forwarding: None,
            store: Arc::new(MemoryStore::default()),
            running: None,
            notices: Vec::new(),
            lines: BTreeMap::new(),
        }
    }

    /// Opens the app: with the session its store has, or by logging in.
    pub(crate) async fn start(&mut self, name: &str, password: &str) -> anyhow::Result<()> {
        let config = ClientConfig {
            encoding: self.encoding,
            device: Some("scenario".to_owned()),
            ..ClientConfig::new(self.address(), Arc::clone(&self.store))
        };
        let client = Client::connect(config.clone()).await?;
        let events = client.events();
        self.lines = self.cached(&client).await?;
        if client.restore().await?.is_none() {
            client.login(name, password).await?;
        }
        self.running = Some(Running {
            client,
            events,
            config,
        });
        Ok(())
    }

    fn address(&self) -> String {
        let forwarding = self.forwarding.as_ref();
        forwarding.map_or_else(|| self.url.clone(), Forwarding::url)
    }

    /// What the device shows before it has heard anything.
    async fn cached(&self, client: &Client) -> anyhow::Result<BTreeMap<ChatId, Lines>> {
        let mut lines = BTreeMap::new();
        for chat in self.store.load().await?.chats.into_keys() {
            let mut of_chat = Lines::default();
            for event in client.cached(chat, None, 1_000).await? {
                of_chat.take(&event)?;
            }
            lines.insert(chat, of_chat);
        }
        Ok(lines)
    }

    /// Ends the app at once; what is not settled stays in its store.
    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.config.shutdown.cancel();
            running.config.tracker.close();
            running.config.tracker.wait().await;
        }
    }

    /// Puts a network that can be taken away between this device, not yet started, and the server.
    pub(crate) async fn put_network(&mut self) -> anyhow::Result<()> {
        self.forwarding = Some(Forwarding::to(&self.url).await?);
        Ok(())
    }

    pub(crate) fn set_online(&self, is_online: bool) -> anyhow::Result<()> {
        let forwarding = self.forwarding.as_ref();
        forwarding.context("no network")?.set_online(is_online);
        Ok(())
    }

    fn client(&self) -> anyhow::Result<&Client> {
        let running = self.running.as_ref().context("the device is not started")?;
        Ok(&running.client)
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> anyhow::Result<()> {
        self.client()?.login(name, password).await?;
        Ok(())
    }

    /// Does a step that puts something into the outbox and gives its key.
    pub(crate) async fn post(&self, what: &str, step: &Value) -> anyhow::Result<Value> {
        let client = self.client()?;
        let chat = field(step, "chat")?;
        let body = || Body::text(step["text"].as_str().unwrap_or_default());
        let pending: PendingMessage = match what {
            "send" => {
                let reply_to = optional(step, "reply_to")?;
                client.send(chat, body(), reply_to).await?
            }
            "edit" => client.edit(chat, field(step, "target")?, body()).await?,
            "delete" => client.delete(chat, field(step, "target")?).await?,
            _ => {
                let reaction = (field(step, "emoji")?, field(step, "on")?);
                client.react(chat, field(step, "target")?, reaction).await?
            }
        };
        Ok(json!(pending.key()))
    }

    /// Does a step that is no send.
    pub(crate) async fn act(&self, what: &str, step: &Value) -> anyhow::Result<()> {
        let client = self.client()?;
        match what {
            "cancel" => client.cancel(field(step, "of")?).await?,
            "read" => {
                client
                    .read(field(step, "chat")?, field(step, "seq")?)
                    .await?;
            }
            "typing" => {
                client
                    .typing(field(step, "chat")?, field(step, "on")?)
                    .await?;
            }
            "watch" => {
                client
                    .watch(field(step, "users")?, field(step, "chats")?)
                    .await?;
            }
            "set_status" => client.set_status(field(step, "status")?).await?,
            other => anyhow::bail!("nobody knows how to do `{other}`"),
        }
        Ok(())
    }

    /// A page of history as lines.
    pub(crate) async fn history(&self, step: &Value) -> anyhow::Result<Value> {
        let at = match optional(step, "before")? {
            Some(seq) => HistoryAt::Before(seq),
            None => HistoryAt::End,
        };
        let limit = field(step, "limit")?;
        let page = self.client()?.history(field(step, "chat")?, at, limit);
        let page = serde_json::to_value(page.await?)?;
        let messages = page["messages"].as_array().context("no messages")?;
        let lines: Vec<_> = messages.iter().map(of_history).collect();
        Ok(json!({"lines": lines, "has_before": page["has_before"]}))
    }

    /// Takes in the next thing the client tells.
    ///
    /// # Errors
    /// When the client has ended, or tells events in the wrong order.
    pub(crate) async fn listen(&mut self) -> anyhow::Result<()> {
        let running = self.running.as_mut().context("the device is not started")?;
        let event = running
            .events
            .next()
            .await
            .context("the client has ended")?;
        match &event {
            ClientEvent::Event(event) => {
                self.lines.entry(event.chat).or_default().take(event)?;
            }
            ClientEvent::TooLong(frame) => {
                self.lines.remove(&frame.chat);
            }
            ClientEvent::ChatLeft(chat) => {
                self.lines.remove(chat);
            }
            _ => {}
        }
        self.notices.extend(notice(&event));
        Ok(())
    }

    /// The notices of a kind that a step is about and none of which was taken yet, oldest first.
    pub(crate) fn notices_for(&mut self, step: &Value) -> Vec<&mut Notice> {
        let is_meant = |notice: &&mut Notice| {
            let about = |(name, value): &(&str, Value)| step[*name] == *value;
            step["await"] == notice.kind && notice.about.iter().all(about)
        };
        let notices = self.notices.iter_mut().filter(is_meant);
        notices.filter(|notice| !notice.is_past).collect()
    }

    /// For people: everything that was told.
    pub(crate) fn told(&self) -> String {
        let notices = self.notices.iter().map(|notice| {
            let Notice {
                kind, about, says, ..
            } = notice;
            format!("{kind} {about:?} {says}")
        });
        let lines = self.lines.iter();
        let lines = lines.map(|(chat, lines)| format!("{chat} shows {}", lines.newest(None)));
        notices.chain(lines).collect::<Vec<_>>().join("; ")
    }

    /// What a chat shows: its newest lines, as many as wanted.
    pub(crate) fn shows(&self, step: &Value) -> anyhow::Result<Value> {
        let wanted = step["lines"].as_array().map(Vec::len);
        let count = wanted.filter(|_| step["exactly"] != true);
        let lines = self.lines.get(&field(step, "chat")?);
        Ok(lines.map_or(json!([]), |lines| lines.newest(count)))
    }
}

fn field<T: DeserializeOwned>(step: &Value, name: &str) -> anyhow::Result<T> {
    let value = step.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).with_context(|| format!("`{name}` of {step}"))
}

fn optional<T: DeserializeOwned>(step: &Value, name: &str) -> anyhow::Result<Option<T>> {
    match step.get(name) {
        Some(_) => field(step, name).map(Some),
        None => Ok(None),
    }
}
