//! What `parlour demo` is told on the command line.

use std::path::PathBuf;

/// Fill a running server with conversations, and let bots talk in them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DemoArgs {
    /// Where the server is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// The conversations: JSON lines, `{"chat": "name", "lines": [["speaker", "text"], …]}`. A small sample if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) corpus: Option<PathBuf>,
    /// Only the first so many conversations; all if absent.
    #[arg(long, value_name = "N")]
    pub(crate) chats: Option<usize>,
    /// How many of the speakers go on talking.
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub(crate) bots: usize,
    /// The password of everybody the demo registers.
    #[arg(long, default_value = "parlour-demo")]
    pub(crate) password: String,
    /// Fill the server and end.
    #[arg(long)]
    pub(crate) once: bool,
}
