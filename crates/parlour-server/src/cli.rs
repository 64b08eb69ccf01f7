//! The command line: `serve | schema apply | check-config | healthcheck | talk | demo | version`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use parlour_model::{Clock, SystemClock};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{Config, Node, compose, demo, healthcheck, observability, talk};

/// Parlour, a real-time chat server.
#[derive(Debug, Parser)]
#[command(name = "parlour", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or Ctrl-C.
    Serve(ConfigFile),
    /// Look after the tables of a shared store.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Say whether the configuration is right, and print what is in force.
    CheckConfig(ConfigFile),
    /// Ask a running node whether it is well; the exit code says it.
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Chat in the terminal.
    Talk(talk::TalkArgs),
    /// Fill a running server with conversations, and let bots talk in them.
    Demo(demo::DemoArgs),
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum SchemaCommand {
    /// Make the keyspace and its tables, or bring them to this version. Changes nothing that is right already, and
    /// never deletes.
    Apply(ConfigFile),
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// A TOML file; `PARLOUR_…` variables win over it.
    #[arg(long, short)]
    config: Option<PathBuf>,
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(self.config.as_deref())?)
    }
}

/// Runs the command line of this process and answers its exit code.
pub async fn run() -> ExitCode {
    run_at(Arc::new(SystemClock::new())).await
}

/// The same with a node whose clock may be wrong, for tests of clusters.
pub async fn run_at(clock: Arc<dyn Clock>) -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(file) => serve(&file, clock).await,
        Command::Schema(SchemaCommand::Apply(file)) => apply_schema(&file).await,
        Command::CheckConfig(file) => check_config(&file),
        Command::Healthcheck(args) => healthcheck::run(&args).await.map(|text| say(&text)),
        Command::Talk(args) => talk::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Version => {
            say(concat!("parlour ", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs a node until it is asked to stop, or until its store says that it must not go on.
async fn serve(file: &ConfigFile, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let config = file.load()?;
    observability::start_logging(&config.log)?;
    let metrics = observability::start_metrics()?;
    let mut stop = StopSignals::listen()?;
    let node = tokio::select! {
        // A node that started is stopped in order, even if it was asked to in the same moment.
        biased;
        node = Box::pin(Node::start_at(clock, config, Some(metrics))) => node?,
        () = stop.next() => {
            tracing::info!("stopped before it took clients");
            return Ok(());
        }
    };
    greet(&node);
    let failure = node.failure();
    tokio::pin!(failure);
    tokio::select! {
        // A store that cannot promise durability any more outranks an orderly stop.
        biased;
        why = failure.as_mut() => return Err(stopped_at_once(&why)),
        () = stop.next() => {}
    }
    tokio::select! {
        // Likewise; and being done outranks being asked again.
        biased;
        why = failure => Err(stopped_at_once(&why)),
        stopped = node.drain_and_stop() => stopped,
        () = stop.next() => Err(stopped_at_once("asked twice")),
    }
}

fn stopped_at_once(why: &str) -> anyhow::Error {
    anyhow::anyhow!("stopped at once, nothing acknowledged is lost: {why}")
}

/// The signals that ask for an orderly stop: SIGTERM and Ctrl-C.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Listens from here on: a signal that comes while the node is still starting is not lost.
    fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    /// Ends with the next signal.
    async fn next(&mut self) {
        tokio::select! {
            // The order does not matter: both mean the same.
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn apply_schema(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load()?;
    observability::start_logging(&config.log)?;
    say(&compose::apply_schema(&config).await?);
    Ok(())
}

fn check_config(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load()?;
    observability::check_filter(&config.log)?;
    compose::check_files(&config)?;
    say(&toml::to_string_pretty(&config)?);
    Ok(())
}

/// What a newcomer wants to know after `make run`.
fn greet(node: &Node) {
    let (address, admin) = (node.address(), node.admin_address());
    let parlour = own_path();
    say(&format!(
        "\nParlour is running at http://{address} (WebSocket at ws://{address}/v1/ws)\n\
         Health and metrics: http://{admin}/readyz  http://{admin}/metrics\n\
         \n\
         Talk: in two other terminals\n\
         \n\
         \x20   {parlour} talk --url http://{address} --user ann\n\
         \x20   {parlour} talk --url http://{address} --user bob --with ann\n\
         \n\
         Ctrl-C stops the server.\n"
    ));
}

/// How this program can be called again from here.
fn own_path() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("parlour"));
    let here = std::env::current_dir().unwrap_or_default();
    let short = path.strip_prefix(here).map(PathBuf::from).unwrap_or(path);
    short.display().to_string()
}

#[expect(clippy::print_stdout, reason = "a command answers on standard output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a command complains on standard error")]
fn complain(error: &anyhow::Error) {
    eprintln!("parlour: {error:#}");
}
