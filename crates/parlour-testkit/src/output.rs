//! The last lines that a process said, shown when a test fails.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Lines kept at most.
const LINES_MAX: usize = 400;

/// The last lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<VecDeque<String>>>);

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
    pub(crate) fn print(&self, data: &Path) {
        eprintln!(
            "--- the server on {} said:\n{}\n---",
            data.display(),
            self.text()
        );
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
