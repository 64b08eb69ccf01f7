//! `parlour-bench`: replay of real conversations, durable appends, memory of idle connections, a cluster beside
//! its store, the ways to the nodes of a large chat, publishes under load.
//!
//! Figures and the commands that made them stand in `docs/benchmarks.md`.

mod append;
mod buses;
mod cluster;
mod idle;
mod packing;
mod patience;
mod replay;
mod report;
mod routes;

use clap::{Parser, Subcommand};

/// Measures Parlour, and checks what it measures.
#[derive(Debug, Parser)]
#[command(name = "parlour-bench", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay conversations through a running server, and compare what every member saw with them.
    Replay(replay::ReplayArgs),
    /// Durable events per second through `append` of the embedded store.
    Append(append::AppendArgs),
    /// Memory of a running server per idle connection.
    Idle(idle::IdleArgs),
    /// Commits, deliveries and publishes of a running cluster, beside what its store can do.
    Cluster(cluster::ClusterArgs),
    /// Publishes to a large chat, whose nodes are found by its members or by the chat.
    Routes(routes::RoutesArgs),
    /// Publishes that packets for other nodes cost at a fixed rate.
    Packing(packing::PackingArgs),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Replay(args) => replay::run(args).await,
        Command::Append(args) => append::run(args).await,
        Command::Idle(args) => idle::run(args).await,
        Command::Cluster(args) => cluster::run(args).await,
        Command::Routes(args) => routes::run(args).await,
        Command::Packing(args) => packing::run(args).await,
    }
}
