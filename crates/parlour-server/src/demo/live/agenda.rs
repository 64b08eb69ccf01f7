//! What bots are going to do, and when.
//!
//! The agenda is bounded: beyond [`ACTS_MAX`] nothing more is planned, and bots let something pass as people do.

use std::collections::BTreeMap;

use parlour_client::{Client, ClientError};
use parlour_model::{Body, ChatId, ChosenStatus, Emoji, Seq};
use tokio::time::Instant;

/// Acts that are planned at most.
const ACTS_MAX: usize = 1_000;

/// One thing a bot does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// Read a chat up to here.
    Read(ChatId, Seq),
    /// Begin to type.
    Type(ChatId),
    /// Stop typing and say it.
    Say {
        chat: ChatId,
        text: String,
        reply_to: Option<Seq>,
    },
    /// Put a reaction on a message.
    React(ChatId, Seq, Emoji),
    /// Choose a status.
    Status(ChosenStatus),
}

impl Act {
    /// Does it. What is sent waits in the client's outbox if there is no connection.
    pub(super) async fn perform(self, client: Client) -> Result<(), ClientError> {
        match self {
            Self::Read(chat, seq) => client.read(chat, seq).await,
            Self::Type(chat) => client.typing(chat, true).await,
            Self::Say {
                chat,
                text,
                reply_to,
            } => {
                client.typing(chat, false).await?;
                let sent = client.send(chat, Body::text(text), reply_to).await;
                sent.map(drop)
            }
            Self::React(chat, seq, emoji) => {
                let sent = client.react(chat, seq, (emoji, true)).await;
                sent.map(drop)
            }
            Self::Status(status) => client.rest().set_status(status).await,
        }
    }
}

/// Acts by their time, each with the bot that does it.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    acts: BTreeMap<(Instant, u64), (usize, Act)>,
    planned: u64,
}

impl Agenda {
    /// The bot with this number does `act` at this time.
    pub(super) fn plan(&mut self, at: Instant, bot: usize, act: Act) {
        if self.acts.len() < ACTS_MAX {
            self.planned += 1;
            self.acts.insert((at, self.planned), (bot, act));
        }
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.acts.keys().next().map(|(at, _)| *at)
    }

    /// The next act, if it is due by `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<(usize, Act)> {
        let first = self.acts.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn acts_come_by_time_and_those_of_one_time_as_they_were_planned() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let act = |status| Act::Status(status);
        let mut agenda = Agenda::default();
        agenda.plan(later, 1, act(ChosenStatus::Away));
        agenda.plan(now, 2, act(ChosenStatus::Busy));
        agenda.plan(now, 3, act(ChosenStatus::Online));
        assert_eq!(agenda.next_due(), Some(now));
        assert_eq!(agenda.due(now), Some((2, act(ChosenStatus::Busy))));
        assert_eq!(agenda.due(now), Some((3, act(ChosenStatus::Online))));
        assert_eq!(agenda.due(now), None);
        assert_eq!(agenda.due(later), Some((1, act(ChosenStatus::Away))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_agenda_takes_no_more() {
        let now = Instant::now();
        let mut agenda = Agenda::default();
        for bot in 0..=ACTS_MAX {
            agenda.plan(now, bot, Act::Status(ChosenStatus::Online));
        }
        assert_eq!(agenda.acts.len(), ACTS_MAX);
    }
}
