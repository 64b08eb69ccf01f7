//! The last lines that a process said, shown when a test fails.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// Lines kept at most.
const LINES_MAX: usize = 400;

/// The last lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    lines: Arc<Mutex<VecDeque<String>>>,
    count: Arc<watch::Sender<u64>>,
}

impl Output {
    /// Takes in everything until the other side closes.
    pub(crate) async fn take_in(self, from: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.push(&line);
        }
    }

    /// Adds one line.
    pub(crate) fn push(&self, line: &str) {
        let mut lines = self.lines();
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
        drop(lines);
        self.count.send_modify(|count| *count += 1);
    }

    /// Waits until one of the lines kept has `text` in it.
    pub(crate) async fn until_said(&self, text: &str) {
        let mut counts = self.count.subscribe();
        let said = counts.wait_for(|_| self.lines().iter().any(|line| line.contains(text)));
        // This value holds the sender.
        drop(said.await);
    }

    /// Forgets all lines: a new life begins.
    pub(crate) fn clear(&self) {
        self.lines().clear();
    }

    /// All lines.
    pub(crate) fn text(&self) -> String {
        Vec::from(self.lines().clone()).join("\n")
    }

    /// Shows all lines.
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what its server said"
    )]
    pub(crate) fn print(&self, whose: impl Display) {
        eprintln!("--- {whose} said:\n{}\n---", self.text());
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
