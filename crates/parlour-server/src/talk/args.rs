//! What `parlour talk` is told on the command line.

use std::path::PathBuf;

/// Chat in the terminal.
#[derive(Debug, clap::Args)]
pub(crate) struct TalkArgs {
    /// Where the server is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// Who you are.
    #[arg(long)]
    pub(crate) user: String,
    /// Open the chat with this user at once.
    #[arg(long, value_name = "USER")]
    pub(crate) with: Option<String>,
    /// Register this user first.
    #[arg(long)]
    pub(crate) register: bool,
    /// Read the password from the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Keep the session and unsent messages in this file instead of the data directory.
    #[arg(long, value_name = "FILE", conflicts_with = "no_state")]
    pub(crate) state: Option<PathBuf>,
    /// Keep nothing: the session ends with the program.
    #[arg(long)]
    pub(crate) no_state: bool,
}
