//! Being a home: requests of other nodes, and what comes back to this one.

use std::sync::Arc;
use std::time::Duration;

use parlour_bus::NodeRef;
use parlour_model::{ChatId, Draft, NodeNumber};

use super::words::WireOutcome;
use super::{HomeError, HomeOutcome, HomeWord};
use crate::core::Core;

/// Who asked has long given up by then.
const SERVE_WITHIN: Duration = Duration::from_secs(10);
/// When to come again if too many requests are being served.
const BUSY_RETRY: Duration = Duration::from_secs(1);

impl Core {
    pub(crate) fn hear_home_words(self: &Arc<Self>, words: Vec<HomeWord>) {
        for word in words {
            match word {
                HomeWord::Append {
                    request,
                    number,
                    incarnation,
                    chat,
                    drafts,
                } => {
                    if let Some(number) = NodeNumber::new(number) {
                        let from = NodeRef {
                            number,
                            incarnation,
                        };
                        let drafts = drafts.into_iter().map(Draft::from).collect();
                        self.serve((from, request), chat, drafts);
                    }
                }
                HomeWord::Come { chat } => {
                    if let Some(handler) = self.homes.handler.get() {
                        handler.called(chat);
                    }
                }
                HomeWord::Appended { request, outcomes } => {
                    let outcomes = outcomes.ok_or(HomeError::Nobody);
                    let answer = outcomes
                        .map(|outcomes| outcomes.into_iter().map(HomeOutcome::from).collect());
                    self.homes.answer(request, answer);
                }
            }
        }
    }

    /// Appends for another node, and answers it.
    fn serve(self: &Arc<Self>, asker: (NodeRef, u64), chat: ChatId, drafts: Vec<Draft>) {
        if !self.homes.seen.is_new(asker) {
            // It arrived twice. Who was told that nothing came of it must not be made a liar.
            return;
        }
        let handler = self.homes.handler.get().map(Arc::clone);
        // A node that stops begins nothing for others: they append at once themselves.
        let Some(handler) = handler.filter(|_| !self.token.is_cancelled()) else {
            return self.answer_home(asker, None);
        };
        let Ok(permit) = Arc::clone(&self.homes.serving).try_acquire_owned() else {
            let busy = HomeOutcome::Busy {
                retry_after: BUSY_RETRY,
            };
            return self.answer_home(asker, Some(vec![busy; drafts.len()]));
        };
        let core = Arc::clone(self);
        // Whatever becomes durable is announced and answered, also when this node stops meanwhile.
        self.see_through(async move {
            let served = tokio::time::timeout(SERVE_WITHIN, handler.append(chat, drafts)).await;
            drop(permit);
            if let Ok(outcomes) = served {
                core.answer_home(asker, Some(outcomes));
            }
        });
    }

    fn answer_home(self: &Arc<Self>, asker: (NodeRef, u64), outcomes: Option<Vec<HomeOutcome>>) {
        let (node, request) = asker;
        let outcomes =
            outcomes.map(|outcomes| outcomes.into_iter().map(WireOutcome::from).collect());
        // Who hears nothing takes the home for silent, and looks for its keys itself.
        self.send_home_word(node, HomeWord::Appended { request, outcomes });
    }
}
