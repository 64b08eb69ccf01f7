//! Work that blocks for as long as it likes and cannot be interrupted: reading a terminal, writing to one.
//!
//! Each piece has a thread of its own that nobody joins, because the runtime would wait for it at the end: a reader
//! ends with its line or with the process.

use tokio::sync::oneshot;

/// Does `work` on a thread; the answer comes with what it returns. `None` if there is no thread to be had.
pub(super) fn begin<T, F>(name: &str, work: F) -> Option<oneshot::Receiver<T>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (done, answer) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned());
    let run = move || {
        // Nobody waits any more when the program ends.
        let _ = done.send(work());
    };
    thread.spawn(run).ok().map(|_| answer)
}
