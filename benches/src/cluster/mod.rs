//! What a cluster commits and how fast it delivers, beside what its store can do, in one run.
//!
//! Rounds are interleaved: the bare store on chats of their own, Parlour on chats of their own, the bare store on one
//! chat, Parlour on one chat. Figures are medians of the rounds, and count as ratios.

mod people;
mod raw;
pub(crate) mod scrape;

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::{Latency, say};
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
}

/// Rates of one kind of measurement, a round each.
#[derive(Default)]
struct Rates {
    raw_own: Vec<f64>,
    own: Vec<f64>,
    raw_one: Vec<f64>,
    one: Vec<f64>,
}

/// Runs the measurement and prints it.
pub(crate) async fn run(args: ClusterArgs) -> anyhow::Result<()> {
    let raw = Arc::new(Raw::connect(&args.cql).await?);
    let people = People::gather(&args.urls, args.writers).await?;
    let time = Duration::from_secs(args.seconds);
    let mut rates = Rates::default();
    let mut acknowledged = Histogram::<u64>::new(3)?;
    let mut delivered = Histogram::<u64>::new(3)?;
    let (mut messages, mut published) = (0, scrape::Published::default());
    for round in 1..=args.rounds {
        let bare = raw.measure(args.writers, time, |writer| writer).await?;
        rates.raw_own.push(bare.events);
        let own = people.write_apart(time).await?;
        rates.own.push(own.rate);
        acknowledged.add(&own.acknowledged)?;
        delivered.add(&own.delivered)?;

        let fight = raw.measure(args.writers, time, |_| 0).await?;
        rates.raw_one.push(fight.events);
        let before = scrape::published(&args.metrics).await?;
        let one = people.write_together(time, args.at_once).await?;
        published += scrape::published(&args.metrics).await? - before;
        rates.one.push(one.rate);
        messages += one.messages;
        say(&format!(
            "round {round}: own chats {:.0}/s bare, {:.0}/s Parlour; one chat {:.0}/s bare ({:.1} tries each), {:.0}/s Parlour",
            bare.events, own.rate, fight.events, fight.tries, one.rate
        ));
    }
    report(&mut rates);
    say(&format!(
        "send to ack, own chats:                {}",
        Latency(&acknowledged)
    ));
    say(&format!(
        "send to delivered, on another gateway: {}",
        Latency(&delivered)
    ));
    if !args.metrics.is_empty() {
        say(&format!(
            "one chat: {:.3} publishes and {:.3} packets a message, {:.0} bytes a publish",
            published.publishes / messages as f64,
            published.packets / messages as f64,
            published.bytes / published.publishes.max(1.0),
        ));
    }
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
