//! The `parlour` command under another name, so that the tests of this package find it built: the same code,
//! the same allocator choice aside.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    parlour_server::cli::run().await
}
