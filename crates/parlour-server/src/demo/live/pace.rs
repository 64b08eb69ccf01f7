//! How fast bots live. People watch them, so they read and type like people.

use std::ops::Range;
use std::time::Duration;

/// The times between what bots do; each is drawn anew from its range.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// From one line of the conversations to the next, over all chats.
    pub(crate) between_lines: Range<Duration>,
    /// From receiving a message to having read it.
    pub(crate) reading: Range<Duration>,
    /// From the first stroke to the message.
    pub(crate) typing: Range<Duration>,
    /// From one change of a status to the next.
    pub(crate) between_statuses: Range<Duration>,
}

impl Pace {
    /// That of people who have time.
    pub(crate) fn humane() -> Self {
        let range = |from, to| Duration::from_millis(from)..Duration::from_millis(to);
        Self {
            between_lines: range(2_000, 7_000),
            reading: range(800, 3_000),
            typing: range(1_000, 4_000),
            between_statuses: range(20_000, 60_000),
        }
    }
}

/// A duration out of a range.
pub(super) fn drawn(range: &Range<Duration>) -> Duration {
    rand::random_range(range.clone())
}
