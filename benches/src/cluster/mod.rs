//! What a cluster commits and how fast it delivers, beside what its store can do, in one run.
//!
//! Rounds are interleaved: the bare store on chats of their own, Parlour on chats of their own, the bare store on one
//! chat, Parlour on one chat. Figures are medians of the rounds, and count as ratios. Then both write to chats of their own
//! at the same light rate: how much later than its commit a message is delivered shows only where nothing is saturated.

mod pace;
mod people;
mod raw;
pub(crate) mod scrape;

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::{Latency, say};
use pace::Pace;
use people::People;
use raw::Raw;

/// Measure a running cluster beside its store.
#[derive(Debug, clap::Args)]
pub(crate) struct ClusterArgs {
    /// A gateway; once for each.
    #[arg(long = "url", required = true)]
    urls: Vec<String>,
    /// The metrics page of a gateway; once for each.
    #[arg(long = "metrics")]
    metrics: Vec<String>,
    /// A node of the store (`host:port`); once for each.
    #[arg(long = "cql", required = true)]
    cql: Vec<String>,
    /// People who write, each one message after the other, spread over the gateways.
    #[arg(long, default_value_t = 32)]
    writers: u64,
    /// How long each measurement lasts, in seconds.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// How often each measurement is made.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Messages each writer has under way at once in the chat that all share.
    #[arg(long, default_value_t = 8)]
    at_once: u64,
    /// Messages a second, of all writers together, of the light load under which deliveries are compared with the store's
    /// own commits.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    light: u32,
}

/// Rates of one kind of measurement, a round each.
#[derive(Default)]
struct Rates {
    raw_own: Vec<f64>,
    own: Vec<f64>,
    raw_one: Vec<f64>,
    one: Vec<f64>,
}

/// How long commits and messages to chats of their own take at one pace.
struct Latencies {
    /// The conditional batch of the bare store.
    committed: Histogram<u64>,
    acknowledged: Histogram<u64>,
    delivered: Histogram<u64>,
}

impl Latencies {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            committed: Histogram::new(3)?,
            acknowledged: Histogram::new(3)?,
            delivered: Histogram::new(3)?,
        })
    }

    /// Measures the bare store, then Parlour; answers the events a second of each.
    async fn measure(
        &mut self,
        raw: &Arc<Raw>,
        people: &People,
        args: &ClusterArgs,
        pace: Pace,
    ) -> anyhow::Result<(f64, f64)> {
        let bare = raw.measure(args.writers, pace, |writer| writer).await?;
        let own = people.write_apart(pace).await?;
        self.committed.add(&bare.committed)?;
        self.acknowledged.add(&own.acknowledged)?;
        self.delivered.add(&own.delivered)?;
        Ok((bare.events, own.rate))
    }

    fn report(&self, load: &str) {
        let lines = [
            ("the bare store's commit", &self.committed),
            ("send to acknowledged", &self.acknowledged),
            ("send to delivered, on another gateway", &self.delivered),
        ];
        for (what, latency) in lines {
            say(&format!("{load}: {what}: {}", Latency(latency)));
        }
        let median = |latency: &Histogram<u64>| latency.value_at_quantile(0.5) as f64 / 1_000.0;
        say(&format!(
            "{load}: delivered {:.2} ms after the bare store's commit (p50 - p50)",
            median(&self.delivered) - median(&self.committed)
        ));
    }
}

/// Runs the measurement and prints it.
pub(crate) async fn run(args: ClusterArgs) -> anyhow::Result<()> {
    let raw = Arc::new(Raw::connect(&args.cql).await?);
    let people = People::gather(&args.urls, args.writers).await?;
    let time = Duration::from_secs(args.seconds);
    let mut rates = Rates::default();
    let mut own = Latencies::new()?;
    let mut light = Latencies::new()?;
    let light_pace = Pace::light(time, args.light, u32::try_from(args.writers)?);
    let (mut messages, mut published) = (0, scrape::Published::default());
    for round in 1..=args.rounds {
        let (bare, apart) = own.measure(&raw, &people, &args, Pace::full(time)).await?;
        rates.raw_own.push(bare);
        rates.own.push(apart);

        let fight = raw.measure(args.writers, Pace::full(time), |_| 0).await?;
        rates.raw_one.push(fight.events);
        let before = scrape::published(&args.metrics).await?;
        let one = people.write_together(time, args.at_once).await?;
        published += scrape::published(&args.metrics).await? - before;
        rates.one.push(one.rate);
        messages += one.messages;

        light.measure(&raw, &people, &args, light_pace).await?;
        say(&format!(
            "round {round}: own chats {bare:.0}/s bare, {apart:.0}/s Parlour; one chat {:.0}/s bare ({:.1} tries each), {:.0}/s Parlour",
            fight.events, fight.tries, one.rate
        ));
    }
    report(&mut rates);
    own.report("own chats");
    if !args.metrics.is_empty() {
        say(&format!(
            "one chat: {:.3} publishes and {:.3} packets a message, {:.0} bytes a publish",
            published.publishes / messages as f64,
            published.packets / messages as f64,
            published.bytes / published.publishes.max(1.0),
        ));
    }
    light.report(&format!("{} messages/s", args.light));
    people.leave().await;
    Ok(())
}

fn report(rates: &mut Rates) {
    let (raw_own, own) = (median(&mut rates.raw_own), median(&mut rates.own));
    let (raw_one, one) = (median(&mut rates.raw_one), median(&mut rates.one));
    say(&format!(
        "own chats: {own:.0} messages/s, {:.2} of the bare store's {raw_own:.0} conditional batches/s",
        own / raw_own
    ));
    say(&format!(
        "one chat:  {one:.0} messages/s, {:.1} times the bare store's {raw_one:.1} conditional batches/s",
        one / raw_one
    ));
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
