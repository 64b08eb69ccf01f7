//! `parlour demo`: fills a running server with conversations and lets bots talk in them, so that a newcomer sees a living
//! system.
//!
//! It is a client like any other, on the client library, and keeps to the limits of the server. Done twice it does nothing
//! twice: users have stable names, and [`fill`] finds what is there.

mod args;
mod names;
mod script;

mod cast;
mod fill;
mod patience;

mod answers;
mod live;

#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use parlour_model::{ChatId, Clock, SystemClock};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::corpus::{self, Conversation};
use answers::Answers;
use cast::{Cast, Entrance};
use live::{Pace, Parts, Troupe};
use script::{GUEST, Script};

pub(crate) use args::DemoArgs;

/// What is played without a file.
const SAMPLE: &str = include_str!("../../../../examples/demo-conversations.jsonl");
/// People who are named as somebody to log in as.
const NAMED_MAX: usize = 12;
/// How long signing everybody out may take.
const CURTAIN_WITHIN: Duration = Duration::from_secs(10);

/// Fills the server and, unless it is to be done once, lets bots live until Ctrl-C.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let play = Play {
        script: write_script(&args)?,
        args,
        pace: Pace::humane(),
    };
    let performance = play.perform(&stop);
    tokio::pin!(performance);
    tokio::select! {
        // Ctrl-C ends it in order, wherever it is: the next run goes on there.
        biased;
        _ = interrupt.recv() => stop.cancel(),
        done = &mut performance => return done,
    }
    performance.await
}

/// A demo that is about to begin.
struct Play {
    args: DemoArgs,
    script: Script,
    pace: Pace,
}

impl Play {
    /// From signing everybody in to signing everybody out.
    async fn perform(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let entrance = Entrance {
            url: self.args.url.clone(),
            password: self.args.password.clone(),
            tracker: TaskTracker::new(),
        };
        entrance.is_open().await?;
        let mut cast = Cast::default();
        let outcome = tokio::select! {
            // Being asked to stop comes first: what is under way is found again.
            biased;
            () = stop.cancelled() => Ok(()),
            outcome = self.acts(&entrance, &mut cast) => outcome,
        };
        // Who cannot sign out in time has a session that ends by itself later.
        let _ = tokio::time::timeout(CURTAIN_WITHIN, cast.leave()).await;
        outcome
    }

    async fn acts(&self, entrance: &Entrance, cast: &mut Cast) -> anyhow::Result<()> {
        let people = self.script.people.len();
        say(&format!(
            "Signing {people} people in (by default a server registers 30 a minute)."
        ));
        cast.gather(entrance, &self.script).await?;
        let chats = self.fill(cast).await?;
        say(&self.invitation());
        let bots: Vec<usize> = self.bots().collect();
        if self.args.once || bots.is_empty() {
            return Ok(());
        }
        cast.dismiss_all_but(&bots).await;
        say("\nBots talk now. Ctrl-C ends it.");
        let troupe = Troupe::new(Parts {
            bots: bots
                .iter()
                .map(|place| (*place, cast.member(*place).clone()))
                .collect(),
            scenes: chats.into_iter().zip(&self.script.scenes).collect(),
            speakers: cast.speakers(),
            answers: Answers::new(&self.script),
            pace: self.pace.clone(),
            tracker: entrance.tracker.clone(),
        });
        troupe.live().await?;
        bail!("the server turned every bot away")
    }

    /// Fills every chat; their ids are in the order of the scenes.
    async fn fill(&self, cast: &Cast) -> anyhow::Result<Vec<ChatId>> {
        let clock = SystemClock::new();
        let scenes = &self.script.scenes;
        let mut chats = Vec::with_capacity(scenes.len());
        let mut written = 0;
        for scene in scenes {
            let filled = fill::fill(cast, scene, &clock as &dyn Clock).await?;
            let place = chats.len() + 1;
            let (lines, now) = (scene.lines.len(), filled.written);
            say(&format!(
                "{place:>4} of {}  {}: {lines} messages, {now} of them written now",
                scenes.len(),
                scene.name
            ));
            written += now;
            chats.push(filled.chat);
        }
        say(&format!(
            "{} conversations are there; {written} messages were written.",
            scenes.len()
        ));
        Ok(chats)
    }

    /// The speakers that go on talking: the first ones, in the order of their first lines.
    fn bots(&self) -> impl Iterator<Item = usize> {
        let people = self.script.people.len();
        (GUEST + 1..people).take(self.args.bots)
    }

    /// Whom one can be. Bots are left to themselves.
    fn invitation(&self) -> String {
        let bots = if self.args.once { 0 } else { self.args.bots };
        let free = (0..self.script.people.len()).filter(|place| *place == GUEST || *place > bots);
        let free: Vec<&str> = free
            .map(|place| self.script.people[place].username.as_str())
            .collect();
        let shown = &free[..free.len().min(NAMED_MAX)];
        let more = match free.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "\nLook around: log in at {} as {}{more}; the password is {}",
            self.args.url,
            shown.join(", "),
            self.args.password
        )
    }
}

/// Reads the conversations. Lines that cannot be used are named, and the others are.
fn write_script(args: &DemoArgs) -> anyhow::Result<Script> {
    let mut conversations = conversations(args)?;
    conversations.truncate(args.chats.unwrap_or(usize::MAX));
    let script = Script::new(&conversations);
    for left_out in &script.left_out {
        complain(&format!("left out: {left_out}"));
    }
    Ok(script)
}

fn conversations(args: &DemoArgs) -> anyhow::Result<Vec<Conversation>> {
    let (name, text) = match &args.corpus {
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("cannot read {name}"))?;
            (name, text)
        }
        None => ("the sample".to_owned(), SAMPLE.to_owned()),
    };
    let (conversations, bad) = corpus::parse(&text);
    for line in &bad {
        complain(&format!("left out: {name}, {line}"));
    }
    ensure!(!conversations.is_empty(), "{name}: no conversation in it");
    Ok(conversations)
}

#[expect(clippy::print_stdout, reason = "a command answers on standard output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a command complains on standard error")]
fn complain(text: &str) {
    eprintln!("{text}");
}
