//! Everything that must pass before a merge, in one command that people and CI share.
//!
//! The cheap steps come first, the first failure ends the run, and each step says how long it took.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::tidy;

/// One step of the check: a name for people and what it runs.
struct Step {
    name: &'static str,
    run: fn() -> anyhow::Result<()>,
}

const STEPS: [Step; 6] = [
    Step {
        name: "format",
        run: || command("cargo", &["fmt", "--all", "--check"]),
    },
    Step {
        name: "tidy",
        run: tidy::run,
    },
    Step {
        name: "dependencies",
        run: dependencies,
    },
    Step {
        name: "lints",
        run: lints,
    },
    Step {
        name: "documentation",
        run: documentation,
    },
    Step {
        name: "tests",
        run: || command("make", &["--no-print-directory", "test"]),
    },
];

/// Runs every step in order and stops at the first that fails.
pub(crate) fn run() -> anyhow::Result<()> {
    std::env::set_current_dir(tidy::workspace()?.workspace_root)?;
    let started = Instant::now();
    let mut durations = Vec::new();
    for step in &STEPS {
        println!("== {}", step.name);
        let began = Instant::now();
        (step.run)().with_context(|| format!("check stopped at: {}", step.name))?;
        println!("== {} passed in {}", step.name, seconds(began.elapsed()));
        durations.push(format!("{} {}", step.name, seconds(began.elapsed())));
    }
    println!(
        "== check passed in {} ({})",
        seconds(started.elapsed()),
        durations.join(", ")
    );
    Ok(())
}

/// Writes the committed documents anew.
pub(crate) fn contracts() -> anyhow::Result<()> {
    std::env::set_current_dir(tidy::workspace()?.workspace_root)?;
    let example = [
        "run",
        "--quiet",
        "--package",
        "parlour-gateway",
        "--example",
        "contracts",
    ];
    command("cargo", &example)
}

/// Bans, licences and sources always; advisories where their database can be reached.
fn dependencies() -> anyhow::Result<()> {
    command("deploy/dev/setup", &["cargo-deny"])?;
    let check = ["deny", "check", "--hide-inclusion-graph"];
    command(
        "cargo",
        &[&check[..], &["bans", "licenses", "sources"]].concat(),
    )?;
    let fetched = prepare("cargo", &["deny", "fetch", "db"]).output();
    if fetched.is_ok_and(|output| output.status.success()) {
        return command("cargo", &[&check[..], &["advisories"]].concat());
    }
    println!("advisories were not checked: their database cannot be fetched from here");
    Ok(())
}

fn lints() -> anyhow::Result<()> {
    let clippy = ["clippy", "--workspace", "--all-targets"];
    command("cargo", &[&clippy[..], &["--", "-D", "warnings"]].concat())
}

fn documentation() -> anyhow::Result<()> {
    let mut doc = prepare("cargo", &["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    finish(doc)
}

fn command(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    finish(prepare(program, arguments))
}

/// A command that also finds the tools which `deploy/dev/setup` has put into this tree.
#[expect(
    clippy::disallowed_methods,
    reason = "the search path belongs to whoever runs the check"
)]
fn prepare(program: &str, arguments: &[&str]) -> Command {
    let inherited = std::env::var("PATH").unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    let mut command = Command::new(program);
    command.args(arguments);
    command.env("PATH", format!("{}/.dev/bin:{inherited}", here.display()));
    command
}

fn finish(mut command: Command) -> anyhow::Result<()> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ");
    let status = command
        .status()
        .with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

fn seconds(duration: Duration) -> String {
    format!("{:.0} s", duration.as_secs_f64())
}
