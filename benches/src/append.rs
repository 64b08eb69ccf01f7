//! Durable events per second through `append`, on the embedded store, with group commit and real fsyncs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Draft, Epoch, EventKey, HistoryVisibility,
    IdGenerator, NewMember, NodeNumber, Role, SystemClock, Timestamp, UserId, limits,
};
use parlour_store::{ChatLog, NewChat, Outcome};
use parlour_store_embedded::{EmbeddedStore, Options};
use tokio::task::JoinSet;

use crate::report::{Latency, say};

/// Measure `append` on the embedded store.
#[derive(Debug, clap::Args)]
pub(crate) struct AppendArgs {
    /// Where the store is made; a temporary folder that is removed afterwards, unless given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Writers, each with one append under way.
    #[arg(long, default_value_t = 256)]
    writers: u64,
    /// Chats they write to.
    #[arg(long, default_value_t = 256)]
    chats: u64,
    /// Appends of each writer.
    #[arg(long, default_value_t = 400)]
    appends: u64,
    /// Events in each append.
    #[arg(long, default_value_t = 1)]
    events: usize,
    /// Bytes of text in each event.
    #[arg(long, default_value_t = 128)]
    bytes: usize,
}

/// Runs the measurement and prints it.
pub(crate) async fn run(args: AppendArgs) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let dir = args
        .dir
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids = IdGenerator::new(NodeNumber::ZERO, clock.clone(), Timestamp::default());
    let options = Options {
        clock: clock.clone(),
        ids: Arc::new(ids),
        bucket_events: limits::BUCKET_EVENTS,
        readers: 2,
    };
    let store = Arc::new(EmbeddedStore::open(&dir, options)?);
    for number in 1..=args.chats {
        create(&store, number, clock.now()).await?;
    }

    let started = Instant::now();
    let mut writers = JoinSet::new();
    for number in 0..args.writers {
        let writer = Writer {
            store: store.clone(),
            clock: clock.clone(),
            number,
        };
        let chat = ChatId::new(number % args.chats + 1)?;
        writers.spawn(writer.write(chat, (args.appends, args.events, args.bytes)));
    }
    let mut latency = Histogram::<u64>::new(3)?;
    while let Some(written) = writers.join_next().await {
        latency.add(written??)?;
    }
    let elapsed = started.elapsed();
    store.close().await;

    let events = args.writers * args.appends * args.events as u64;
    let rate = events as f64 / elapsed.as_secs_f64();
    say(&format!(
        "{events} events in {:.2} s: {rate:.0} durable events/s",
        elapsed.as_secs_f64()
    ));
    say(&format!("append: {}", Latency(&latency)));
    Ok(())
}

async fn create(store: &EmbeddedStore, number: u64, now: Timestamp) -> anyhow::Result<()> {
    let creator = UserId::new(1)?;
    let content = Content::ChatCreated {
        chat_type: ChatType::Group,
        title: None,
        history: HistoryVisibility::All,
        data: AppData::default(),
        users: vec![NewMember {
            user: creator,
            role: Role::Owner,
        }],
    };
    let key = EventKey::generate(now);
    store
        .create(NewChat {
            id: ChatId::new(number)?,
            creator,
            key,
            content,
        })
        .await?;
    Ok(())
}

struct Writer {
    store: Arc<EmbeddedStore>,
    clock: Arc<dyn Clock>,
    number: u64,
}

impl Writer {
    async fn write(
        self,
        chat: ChatId,
        (appends, events, bytes): (u64, usize, usize),
    ) -> anyhow::Result<Histogram<u64>> {
        let author = UserId::new(self.number + 1)?;
        let content = Content::Message {
            body: Body::text("x".repeat(bytes)),
            reply_to: None,
        };
        let mut latency = Histogram::new(3)?;
        for _ in 0..appends {
            let draft = || {
                let key = EventKey::generate(self.clock.now());
                Draft::new(author, key, Epoch::ZERO, content.clone())
            };
            let drafts: Vec<Draft> = (0..events).map(|_| draft()).collect();
            let begun = Instant::now();
            let appended = self.store.append(chat, drafts).await;
            latency.record(u64::try_from(begun.elapsed().as_micros()).context("too slow")?)?;
            if let Some(other) = appended
                .outcomes
                .iter()
                .find(|o| !matches!(o, Outcome::Created(_)))
            {
                bail!("an append was not stored: {other:?}");
            }
        }
        Ok(latency)
    }
}
