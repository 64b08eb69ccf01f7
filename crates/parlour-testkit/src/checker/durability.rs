//! D1 and D2: what an answer says about the log is true for ever.

use super::view::View;
use super::{Findings, Invariant};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    for ((chat, author, key), story) in &view.keys {
        for (_, seq, id) in story.sent() {
            let complaint = match view.logged(*chat, seq) {
                None => Some("is not in the log"),
                Some(logged) if logged.id != id || logged.author != *author => {
                    Some("is another event now")
                }
                Some(logged)
                    if !logged.altered
                        && story
                            .digest
                            .as_ref()
                            .is_some_and(|sent| *sent != logged.digest) =>
                {
                    Some("says something else now")
                }
                Some(_) => None,
            };
            if let Some(complaint) = complaint {
                findings.add(
                    Invariant::D1,
                    format!("{key} was acknowledged as {chat}/{seq} and {complaint}"),
                );
            }
        }
        if story.is_definitely_absent() {
            let stored = view.chat(*chat).into_iter().flat_map(|state| &state.events);
            if let Some(found) = stored
                .into_iter()
                .find(|e| e.author == *author && e.key == Some(*key))
            {
                findings.add(
                    Invariant::D2,
                    format!(
                        "{key} was said not to be stored and is {chat}/{}",
                        found.seq
                    ),
                );
            }
        }
    }
}
