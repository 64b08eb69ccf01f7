//! `cargo xtask`: the repository's own checks.
//!
//! `tidy` judges the tree by rules that no compiler knows, `contracts` writes the documents that come from the code, `check` runs
//! everything that must pass before a merge. They work from any folder of the workspace and exit with 1 when something is wrong.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its terminal"
)]

mod check;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

  tidy        layers, lengths, queues, wording and links of this tree
  contracts   writes docs/contracts, docs/errors.md and the marked parts of docs/protocol.md from the code
  check       formatting, tidy, cargo deny, clippy, documentation, then every test";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match command[..] {
        ["tidy"] => tidy::run(),
        ["contracts"] => check::contracts(),
        ["check"] => check::run(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
