//! Plays the server's part of a scenario file for a client library in any language.
//!
//! The first line of the output is the address. `played` follows after the last step: the client may be closed now. The last
//! line is `passed`, or where the client did something else, and the exit code says the same: 0 or 1.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use parlour_testkit::scripted::{Scenario, play};
use tokio::net::TcpListener;

/// A server that does what a scenario file says.
#[derive(Debug, Parser)]
struct Arguments {
    /// The scenario file; it must have a part for the server.
    #[arg(long)]
    scenario: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let verdict = run(Arguments::parse()).await;
    let code = if verdict.is_ok() { 0 } else { 1 };
    let line = verdict.map_or_else(|error| format!("failed: {error:#}"), |()| "passed".into());
    match say(&line) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let scenario = Scenario::read(&arguments.scenario)?;
    let script = scenario
        .server
        .context("this scenario runs against a real node: it has no part for the server")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("http://{}", listener.local_addr()?))?;
    let played = play(&script, listener).await?;
    say("played")?;
    played.end().await
}

/// One line, at once: the runner waits for it.
fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
