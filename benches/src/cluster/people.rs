//! People spread over the gateways: each has a chat with the next, who is on another gateway, and all share a group.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use parlour_client::{Client, ClientConfig, ClientEvent, EventStream, MemoryStore};
use parlour_model::{Body, ChatId, UserId};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pace::{Pace, Turns};
use crate::patience::patiently;

/// Bytes of text in each message.
const BYTES: usize = 128;

/// The people of a measurement.
pub(super) struct People {
    writers: Vec<Writer>,
    everybody: ChatId,
    shared: Arc<Shared>,
    tracker: TaskTracker,
    token: CancellationToken,
}

struct Writer {
    client: Client,
    next: ChatId,
}

/// What all listeners write to.
struct Shared {
    begun: Instant,
    delivered: Mutex<Histogram<u64>>,
}

/// What a round came to.
pub(super) struct Round {
    /// Messages acknowledged.
    pub(super) messages: u64,
    /// Messages acknowledged per second.
    pub(super) rate: f64,
    /// From sending to the acknowledgement, µs.
    pub(super) acknowledged: Histogram<u64>,
    /// From sending to the arrival at the next person, µs.
    pub(super) delivered: Histogram<u64>,
}

impl People {
    /// Registers and connects everybody, and makes their chats.
    pub(super) async fn gather(urls: &[String], writers: u64) -> anyhow::Result<Self> {
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let shared = Arc::new(Shared {
            begun: Instant::now(),
            delivered: Mutex::new(Histogram::new(3)?),
        });
        let run = rand::random::<u32>();
        let mut people = Vec::new();
        for (number, url) in (0..writers).zip(urls.iter().cycle()) {
            people.push(join(url, &format!("b{run:08x}_{number}"), &tracker).await?);
        }
        let users: Vec<UserId> = people.iter().map(|(_, user)| *user).collect();
        let others = users[1..].to_vec();
        let owner = &people[0].0;
        let everybody = patiently(|| owner.create_group("everybody", others.clone())).await?;
        let mut members = Vec::new();
        for (number, (client, _)) in people.into_iter().enumerate() {
            let after = users[(number + 1) % users.len()];
            let next = patiently(|| client.create_direct(after)).await?.id;
            tracker.spawn(listen(client.events(), Arc::clone(&shared), token.clone()));
            members.push(Writer { client, next });
        }
        Ok(Self {
            writers: members,
            everybody: everybody.id,
            shared,
            tracker,
            token,
        })
    }

    /// Everybody writes to the next person at this pace, one message after the other.
    pub(super) async fn write_apart(&self, pace: Pace) -> anyhow::Result<Round> {
        let lines = self.writers.iter();
        let lines = lines.map(|writer| (writer.client.clone(), writer.next));
        self.write(pace, lines.collect()).await
    }

    /// Everybody writes to the group for a while, several messages at once each.
    pub(super) async fn write_together(
        &self,
        time: Duration,
        at_once: u64,
    ) -> anyhow::Result<Round> {
        let lines = self
            .writers
            .iter()
            .flat_map(|writer| (0..at_once).map(|_| (writer.client.clone(), self.everybody)));
        self.write(Pace::full(time), lines.collect()).await
    }

    async fn write(&self, pace: Pace, lines: Vec<(Client, ChatId)>) -> anyhow::Result<Round> {
        self.shared.take_delivered()?;
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for (number, (client, chat)) in lines.into_iter().enumerate() {
            let since = self.shared.begun;
            tasks.spawn(write(client, chat, since, pace.turns(begun, number)));
        }
        let mut acknowledged = Histogram::new(3)?;
        while let Some(written) = tasks.join_next().await {
            acknowledged.add(&written??)?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let messages = acknowledged.len();
        Ok(Round {
            messages,
            rate: messages as f64 / seconds,
            acknowledged,
            delivered: self.shared.take_delivered()?,
        })
    }

    /// Disconnects everybody.
    pub(super) async fn leave(self) {
        self.token.cancel();
        for writer in self.writers {
            writer.client.close().await;
        }
        self.tracker.close();
    }
}

impl Shared {
    /// What was delivered since the last call.
    fn take_delivered(&self) -> anyhow::Result<Histogram<u64>> {
        let empty = Histogram::new(3)?;
        let mut delivered = self
            .delivered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::replace(&mut *delivered, empty))
    }

    fn record(&self, sent_at: Duration) {
        let took = self.begun.elapsed().saturating_sub(sent_at);
        let mut delivered = self
            .delivered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A histogram that grows refuses nothing.
        let _ = delivered.record(micros(took));
    }
}

async fn join(url: &str, name: &str, tracker: &TaskTracker) -> anyhow::Result<(Client, UserId)> {
    let mut config = ClientConfig::new(url, Arc::new(MemoryStore::new(0)));
    config.tracker = tracker.clone();
    let client = Client::connect(config).await?;
    let user = patiently(|| client.register(name, "a measured password")).await?;
    Ok((client, user.id))
}

/// Writes at each turn. Every text begins with the time it was sent at.
async fn write(
    client: Client,
    chat: ChatId,
    since: Instant,
    mut turns: Turns,
) -> anyhow::Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    while turns.next().await {
        let sent_at = since.elapsed();
        let text = format!("{:<BYTES$}", sent_at.as_micros());
        let pending = client.send(chat, Body::text(text), None).await?;
        pending
            .settled()
            .await
            .context("a message was not stored")?;
        latency.record(micros(since.elapsed() - sent_at))?;
    }
    Ok(latency)
}

/// Notes when messages of others arrive.
async fn listen(mut events: EventStream, shared: Arc<Shared>, token: CancellationToken) {
    while let Some(Some(event)) = token.run_until_cancelled(events.next()).await {
        let ClientEvent::Event(event) = event else {
            continue;
        };
        if event.key.is_none()
            && let Some(text) = event.body.as_ref().and_then(Body::as_text)
            && let Ok(sent_at) = text.trim_end().parse()
        {
            shared.record(Duration::from_micros(sent_at));
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
