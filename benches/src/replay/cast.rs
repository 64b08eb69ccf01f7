//! The cast of one conversation: a registered, connected client for each speaker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use parlour_client::{Client, ClientConfig, ClientEvent, EventStream, MemoryStore};
use parlour_model::{Body, ChatId, Seq, UserId};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::Stage;
use crate::patience::patiently;
use parlour_testkit::corpus::Conversation;

/// How long anything that must arrive may take: a crash of the server in mid-run included.
const PATIENCE: Duration = Duration::from_secs(120);

/// A member of the cast.
pub(super) struct Member {
    pub(super) client: Client,
    pub(super) user: UserId,
    events: EventStream,
}

/// What a member saw of one event.
#[derive(Debug)]
pub(super) struct Sight {
    pub(super) seq: Seq,
    pub(super) author: UserId,
    pub(super) body: Option<Body>,
    pub(super) at: Instant,
}

/// Registers and connects everybody who speaks in the conversation.
pub(super) async fn gather(
    stage: &Stage,
    number: usize,
    conversation: &Conversation,
) -> anyhow::Result<(Vec<Member>, HashMap<String, usize>)> {
    let mut members = Vec::new();
    let mut places = HashMap::new();
    for (place, speaker) in conversation.speakers().into_iter().enumerate() {
        let name = format!("r{}_{number}_{place}", stage.run);
        members.push(
            join(stage, &name)
                .await
                .with_context(|| format!("{speaker} as {name}"))?,
        );
        places.insert(speaker.to_owned(), place);
    }
    Ok((members, places))
}

async fn join(stage: &Stage, name: &str) -> anyhow::Result<Member> {
    let mut config = ClientConfig::new(&stage.url, Arc::new(MemoryStore::new(0)));
    config.encoding = stage.encoding;
    config.http = Some(stage.http.clone());
    config.tracker = stage.tracker.clone();
    let client = Client::connect(config).await?;
    let events = client.events();
    let user = patiently(|| client.register(name, "a replayed password"))
        .await?
        .id;
    Ok(Member {
        client,
        user,
        events,
    })
}

/// A member listening to the chat until the last line has come.
pub(super) struct Listener {
    joined: oneshot::Receiver<()>,
    sights: JoinHandle<Vec<Sight>>,
}

impl Listener {
    /// Waits until the chat is live for the member.
    pub(super) async fn is_joined(&mut self) -> anyhow::Result<()> {
        let joined = tokio::time::timeout(PATIENCE, &mut self.joined).await;
        joined
            .context("a member was not told of the chat in time")?
            .context("a member's events ended")
    }

    /// Everything the member saw.
    pub(super) async fn finish(mut self) -> anyhow::Result<Vec<Sight>> {
        match tokio::time::timeout(PATIENCE, &mut self.sights).await {
            Ok(sights) => Ok(sights?),
            Err(_) => {
                self.sights.abort();
                bail!("a member did not see the last line in time")
            }
        }
    }
}

impl Member {
    /// Starts listening to `chat`; ends once everything up to the seq in `last` has come.
    pub(super) fn listen(
        self,
        tracker: &TaskTracker,
        chat: ChatId,
        last: watch::Receiver<Option<Seq>>,
    ) -> (Client, Listener) {
        let (tell_joined, joined) = oneshot::channel();
        let sights = listen(self.events, chat, tell_joined, last);
        let sights = tracker.spawn(sights);
        (self.client, Listener { joined, sights })
    }
}

async fn listen(
    mut events: EventStream,
    chat: ChatId,
    tell_joined: oneshot::Sender<()>,
    mut last: watch::Receiver<Option<Seq>>,
) -> Vec<Sight> {
    let mut tell_joined = Some(tell_joined);
    let mut sights: Vec<Sight> = Vec::new();
    loop {
        let newest = sights.last().map(|sight| sight.seq);
        if last
            .borrow_and_update()
            .is_some_and(|last| newest >= Some(last))
        {
            return sights;
        }
        let event = tokio::select! {
            // Events first: the last seq only says when to stop.
            biased;
            event = events.next() => event,
            Ok(()) = last.changed() => continue,
        };
        match event {
            Some(ClientEvent::ChatJoined(joined)) if joined.id == chat => {
                tell_joined.take().map(|tell| tell.send(()));
            }
            Some(ClientEvent::Event(event)) if event.chat == chat => sights.push(Sight {
                seq: event.seq,
                author: event.author,
                body: event.body.clone(),
                at: Instant::now(),
            }),
            Some(_) => {}
            None => return sights,
        }
    }
}
