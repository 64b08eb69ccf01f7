//! Tasks that must live as long as their node.
//!
//! A node whose inbox nobody reads, or whose lease nobody keeps, looks healthy to operators and to other nodes, and serves
//! nobody. So when such a task panics or returns before its time, the node ends: whoever runs it waits for
//! [`LastingTasks::failure`]. This stands here because a bus has such tasks, and so does everything above it.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The lasting tasks of one part of a node. Clones are of the same.
#[derive(Debug, Clone, Default)]
pub struct LastingTasks {
    /// Why the node must end: the first task that failed.
    failed: watch::Sender<Option<String>>,
}

impl LastingTasks {
    /// Runs a task on the tracker that lasts until the token is cancelled, and ends by itself then. If it panics or
    /// returns before, the log says so and [`LastingTasks::failure`] completes.
    pub fn spawn(
        &self,
        name: &'static str,
        (tracker, token): (&TaskTracker, &CancellationToken),
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let (tasks, token) = (self.clone(), token.clone());
        tracker.spawn(async move {
            // What it leaves behind half done is not used again: the node ends.
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            let why = match ended {
                Err(panic) => format!("the task `{name}` panicked: {}", said(&*panic)),
                Ok(()) if token.is_cancelled() => return,
                Ok(()) => format!("the task `{name}` ended before its node did"),
            };
            tracing::error!(task = name, "{why}");
            // A node that stops anyway stops in order.
            if !token.is_cancelled() {
                tasks.fail(why);
            }
        });
    }

    /// Completes, with the reason, when a task has failed, also if that was before.
    pub fn failure(&self) -> impl Future<Output = String> + Send + use<> {
        let mut failed = self.failed.subscribe();
        async move {
            let why = match failed.wait_for(Option::is_some).await {
                Ok(why) => why.clone(),
                // Nobody is left who could fail.
                Err(_) => None,
            };
            match why {
                Some(why) => why,
                None => std::future::pending().await,
            }
        }
    }

    fn fail(&self, why: String) {
        self.failed.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert(why);
            is_first
        });
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A life in which one task has run to its end.
    async fn after(
        token: &CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> LastingTasks {
        let (tasks, tracker) = (LastingTasks::default(), TaskTracker::new());
        tasks.spawn("work", (&tracker, token), task);
        tracker.close();
        tracker.wait().await;
        tasks
    }

    #[tokio::test]
    async fn a_task_that_panics_ends_its_node() {
        let seq = 7;
        let panics = async move { panic!("no event {seq}") };
        let tasks = after(&CancellationToken::new(), panics).await;
        let why = tasks.failure().await;
        assert_eq!(why, "the task `work` panicked: no event 7");
    }

    #[tokio::test]
    async fn a_task_that_returns_early_ends_its_node() {
        let tasks = after(&CancellationToken::new(), async {}).await;
        let why = tasks.failure().await;
        assert_eq!(why, "the task `work` ended before its node did");
    }

    #[tokio::test]
    async fn a_task_that_ends_with_its_node_is_no_failure() {
        let token = CancellationToken::new();
        let ended = token.clone();
        let task = async move { ended.cancelled().await };
        token.cancel();
        assert!(after(&token, task).await.failure().now_or_never().is_none());
        let panics = async { panic!("while stopping") };
        assert!(
            after(&token, panics)
                .await
                .failure()
                .now_or_never()
                .is_none()
        );
    }
}
