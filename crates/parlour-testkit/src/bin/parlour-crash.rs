//! The long run of crash rounds: `parlour-crash --rounds 50 --seed 7`.
//!
//! Ends with the verdict for every promise, and with exit code 1 if one was broken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use parlour_model::Body;
use parlour_testkit::Launch;
use parlour_testkit::checker::Invariant;
use parlour_testkit::corpus;
use parlour_testkit::crash::{Plan, Report, run};
use parlour_testkit::load::Size;

/// Kill a server again and again while many devices write, and check every promise afterwards.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    /// Decides everything that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Users; every second one has two devices.
    #[arg(long, default_value_t = 12)]
    users: usize,
    /// Groups; there are as many direct chats.
    #[arg(long, default_value_t = 6)]
    groups: usize,
    /// Conversations to take the written lines from: a line of the file is `{"chat": "name", "lines": [[who, what], …]}`.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// The server program; `parlour-testnode` beside this one if absent.
    #[arg(long)]
    server: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a command complains on standard error")]
async fn main() -> ExitCode {
    match torment(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("parlour-crash: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn torment(arguments: Arguments) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let server = match arguments.server {
        Some(server) => server,
        None => std::env::current_exe()?.with_file_name("parlour-testnode"),
    };
    let plan = Plan {
        seed: arguments.seed,
        rounds: arguments.rounds,
        size: Size {
            users: arguments.users,
            directs: arguments.groups,
            groups: arguments.groups,
            ..Size::SMALL
        },
        lines: arguments
            .corpus
            .map(|file| lines(&file))
            .transpose()?
            .unwrap_or_default(),
    };
    let launch = Launch::new(server, &folder.path().join("data"));
    let report = run(launch, plan, |round, kill| {
        let counts = kill.at;
        say(&format!(
            "kill {:>3}: {:>7} sent, {:>3} under way, {:>3} lost without an answer",
            round + 1,
            counts.sent,
            counts.under_way(),
            kill.lost
        ));
    })
    .await?;
    tell(&report);
    Ok(report.is_clean())
}

/// Every line of the corpus that is a message, in its order.
fn lines(file: &Path) -> anyhow::Result<Vec<String>> {
    let said = corpus::read(file)?
        .into_iter()
        .flat_map(|conversation| conversation.lines)
        .map(|(_, said)| said);
    let lines: Vec<String> = said
        .filter(|said| Body::text(said.as_str()).check_postable().is_ok())
        .collect();
    anyhow::ensure!(
        !lines.is_empty(),
        "{}: nobody says anything in it",
        file.display()
    );
    Ok(lines)
}

fn tell(report: &Report) {
    let counts = report.counts;
    let hit = report.kills.iter().filter(|kill| kill.lost > 0).count();
    say(&format!(
        "\n{} kills, {hit} of them lost answers\n\
         {} attempts of {} keys: {} sent, {} refused, {} without an answer, {} sent again\n\
         {} events in the logs, {} records\n",
        report.kills.len(),
        counts.attempts,
        counts.keys,
        counts.sent,
        counts.not_stored,
        counts.unknown,
        counts.resent(),
        report.events,
        report.records,
    ));
    let mut broken = BTreeMap::<Invariant, usize>::new();
    for violation in &report.violations {
        *broken.entry(violation.invariant).or_default() += 1;
    }
    let judged = Invariant::ALL.into_iter();
    for invariant in judged.filter(|invariant| *invariant != Invariant::L2) {
        match broken.get(&invariant) {
            None => say(&format!("{invariant:?} kept")),
            Some(count) => say(&format!("{invariant:?} BROKEN {count} times")),
        }
    }
    report
        .violations
        .iter()
        .for_each(|violation| say(&violation.to_string()));
    report
        .differences
        .iter()
        .for_each(|difference| say(difference));
    say(if report.is_clean() {
        "\nclean"
    } else {
        "\nNOT CLEAN"
    });
}

#[expect(clippy::print_stdout, reason = "a command answers on standard output")]
fn say(text: &str) {
    println!("{text}");
}
