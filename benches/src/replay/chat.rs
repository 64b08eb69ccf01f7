//! One conversation, played.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use parlour_client::Client;
use parlour_model::{Body, ChatId, Seq, UserId};
use parlour_protocol::ChatBody;
use tokio::sync::watch;

use super::cast::{self, Listener, Sight};
use super::{Stage, verify};
use crate::patience::patiently;
use parlour_testkit::corpus::Conversation;

/// What came of one conversation.
pub(super) struct Played {
    pub(super) lines: usize,
    pub(super) seen: usize,
    pub(super) acknowledged: Histogram<u64>,
    pub(super) delivered: Histogram<u64>,
    pub(super) differences: Vec<String>,
}

/// A line that was sent.
pub(super) struct SentLine {
    pub(super) seq: Seq,
    pub(super) author: UserId,
    pub(super) due: Instant,
}

/// When lines are due, over all conversations.
pub(super) struct Pace {
    every: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many lines a second.
    pub(super) fn new(rate: f64) -> Self {
        Self {
            every: Duration::from_secs_f64(1.0 / rate),
            next: Mutex::new(None),
        }
    }

    /// Waits for the next free place in the schedule, and answers when that was.
    async fn wait(&self) -> Instant {
        let due = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let due = next.unwrap_or_else(Instant::now);
            *next = Some(due + self.every);
            due
        };
        tokio::time::sleep_until(due.into()).await;
        due
    }
}

/// Plays one conversation from registering its speakers to comparing what everybody saw.
pub(super) async fn play(
    stage: &Stage,
    number: usize,
    conversation: Conversation,
) -> anyhow::Result<Played> {
    let (members, places) = cast::gather(stage, number, &conversation).await?;
    let users: Vec<UserId> = members.iter().map(|member| member.user).collect();
    let owner = &members[0].client;
    let chat = create(owner, &conversation.chat, &users[1..]).await?.id;
    let (tell_last, last) = watch::channel(None);
    let listening = members
        .into_iter()
        .map(|member| member.listen(&stage.tracker, chat, last.clone()));
    let (clients, mut listeners): (Vec<Client>, Vec<Listener>) = listening.unzip();
    for listener in &mut listeners {
        listener.is_joined().await?;
    }

    let mut played = Played::new()?;
    let mut sent = Vec::with_capacity(conversation.lines.len());
    for (speaker, text) in &conversation.lines {
        let place = places[speaker];
        let due = stage.next_due().await;
        let seq = send(&clients[place], chat, text).await?;
        played.acknowledged.record(micros(due.elapsed()))?;
        sent.push(SentLine {
            seq,
            author: users[place],
            due,
        });
        stage.progress.inc(1);
    }
    played.lines = sent.len();
    tell_last.send_replace(sent.last().map(|line| line.seq));

    for (listener, client) in listeners.into_iter().zip(clients) {
        let sights = listener.finish().await?;
        played.seen += sights.len();
        record_delays(&sent, &sights, &mut played.delivered)?;
        played
            .differences
            .extend(verify::sights(&conversation, &sent, &sights));
        let history = verify::history(&client, chat, &conversation, &sent).await?;
        played.differences.extend(history);
        client.close().await;
    }
    Ok(played)
}

impl Stage {
    /// When the next line is due; waits until then.
    async fn next_due(&self) -> Instant {
        match &self.pace {
            Some(pace) => pace.wait().await,
            None => Instant::now(),
        }
    }
}

impl Played {
    fn new() -> anyhow::Result<Self> {
        let (acknowledged, delivered) = (Histogram::new(3)?, Histogram::new(3)?);
        Ok(Self {
            lines: 0,
            seen: 0,
            acknowledged,
            delivered,
            differences: Vec::new(),
        })
    }
}

/// Two people talk directly, more in a group.
async fn create(owner: &Client, title: &str, others: &[UserId]) -> anyhow::Result<ChatBody> {
    match others {
        [other] => patiently(|| owner.create_direct(*other)).await,
        others => patiently(|| owner.create_group(title, others.to_vec())).await,
    }
}

async fn send(client: &Client, chat: ChatId, text: &str) -> anyhow::Result<Seq> {
    let pending = client.send(chat, Body::text(text), None).await?;
    let sent = pending.settled().await.context("a line was not stored")?;
    Ok(sent.seq)
}

/// From when a line was due to when each member had it.
fn record_delays(
    sent: &[SentLine],
    sights: &[Sight],
    delivered: &mut Histogram<u64>,
) -> anyhow::Result<()> {
    let mut sights = sights.iter().peekable();
    for line in sent {
        while sights.next_if(|sight| sight.seq < line.seq).is_some() {}
        if let Some(sight) = sights.next_if(|sight| sight.seq == line.seq) {
            delivered.record(micros(sight.at.saturating_duration_since(line.due)))?;
        }
    }
    Ok(())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
