//! Replays conversations: a user for every speaker, a chat for every conversation, each line sent by its speaker
//! over a real socket, and in the end everything that every member saw and that history returns is compared with
//! the conversation, byte for byte.

mod cast;
mod chat;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::bail;
use futures_util::{StreamExt, stream};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use parlour_protocol::Encoding;
use tokio_util::task::TaskTracker;

use crate::report::{Latency, say};
use chat::Played;
use parlour_testkit::corpus::{self, Conversation};

/// Replay conversations through a running server.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The conversations.
    #[arg(long)]
    corpus: PathBuf,
    /// Chats replayed at once.
    #[arg(long, default_value_t = 16)]
    at_once: usize,
    /// Only the first so many conversations.
    #[arg(long)]
    chats: Option<usize>,
    /// Speak JSON instead of MessagePack.
    #[arg(long)]
    json: bool,
    /// Lines sent per second over all chats; as fast as answers come if absent. A line is due at its place in
    /// this schedule, and its latency counts from then.
    #[arg(long)]
    rate: Option<f64>,
}

/// What every conversation of a replay shares.
struct Stage {
    url: String,
    encoding: Encoding,
    http: reqwest::Client,
    /// Marks this run in user names.
    run: String,
    /// Has everything that runs beside the conversations.
    tracker: TaskTracker,
    progress: ProgressBar,
    pace: Option<chat::Pace>,
}

/// Runs the replay and prints its figures and its verdict.
pub(crate) async fn run(args: ReplayArgs) -> anyhow::Result<()> {
    let mut conversations = corpus::read(&args.corpus)?;
    conversations.truncate(args.chats.unwrap_or(usize::MAX));
    let lines: usize = conversations.iter().map(|c| c.lines.len()).sum();
    let stage = Arc::new(Stage {
        url: args.url.clone(),
        encoding: if args.json {
            Encoding::Json
        } else {
            Encoding::MessagePack
        },
        http: reqwest::Client::new(),
        run: format!("{:08x}", rand::random::<u32>()),
        tracker: TaskTracker::new(),
        progress: progress(lines),
        pace: args.rate.map(chat::Pace::new),
    });

    let started = Instant::now();
    let played = stream::iter(conversations.iter().cloned().enumerate())
        .map(|(number, conversation)| play(stage.clone(), number, conversation))
        .buffer_unordered(args.at_once);
    let played: Vec<(String, anyhow::Result<Played>)> = played.collect().await;
    stage.progress.finish_and_clear();
    report(&conversations, &played, started.elapsed().as_secs_f64())
}

async fn play(
    stage: Arc<Stage>,
    number: usize,
    conversation: Conversation,
) -> (String, anyhow::Result<Played>) {
    let name = conversation.chat.clone();
    (name, chat::play(&stage, number, conversation).await)
}

fn progress(lines: usize) -> ProgressBar {
    let style = "{bar:40} {pos}/{len} lines, {per_sec}, {eta} left";
    let style =
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(lines as u64).with_style(style)
}

/// Prints figures and verdict; an error if anything differs.
fn report(
    conversations: &[Conversation],
    played: &[(String, anyhow::Result<Played>)],
    seconds: f64,
) -> anyhow::Result<()> {
    let mut acknowledged = Histogram::<u64>::new(3)?;
    let mut delivered = Histogram::<u64>::new(3)?;
    let (mut lines, mut seen, mut wrong) = (0, 0, 0);
    for (name, result) in played {
        match result {
            Ok(played) => {
                acknowledged.add(&played.acknowledged)?;
                delivered.add(&played.delivered)?;
                lines += played.lines;
                seen += played.seen;
                wrong += usize::from(!played.differences.is_empty());
                played
                    .differences
                    .iter()
                    .take(5)
                    .for_each(|d| say(&format!("{name}: {d}")));
            }
            Err(error) => {
                wrong += 1;
                say(&format!("{name}: {error:#}"));
            }
        }
    }
    let rate = lines as f64 / seconds;
    say(&format!(
        "{} chats, {lines} lines sent, {seen} seen by members, in {seconds:.1} s",
        played.len()
    ));
    say(&format!(
        "{rate:.0} messages/s, registration, history and verification included"
    ));
    say(&format!("send to ack:       {}", Latency(&acknowledged)));
    say(&format!("send to delivered: {}", Latency(&delivered)));
    let expected: usize = conversations.iter().map(|c| c.lines.len()).sum();
    if wrong > 0 || lines != expected {
        bail!("verdict: {wrong} chats differ, {lines} of {expected} lines were sent");
    }
    say(
        "verdict: clean: every member saw, and history returns, every line byte for byte, once, in order",
    );
    Ok(())
}
