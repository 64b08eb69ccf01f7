//! Seq 1 of a chat: written once, whoever comes first.

use std::time::Duration;

use parlour_model::{BodyHash, Clock, Content, EventId, IdGenerator, Seq};
use parlour_store::{Creation, NewChat, StoreError};
use tokio::time::sleep;

use super::attempt::{Attempt, NewEvent, Place};
use super::commit::Fate;
use super::roll_over::write_down;
use super::{Bucket, KeyName, LogReader, row};
use crate::columns::corrupt;
use crate::doubt::or_unknown;

/// How often a creation without an answer is tried.
const TRIES_MAX: u32 = 5;
/// How long to wait before the next try.
const BACKOFF: Duration = Duration::from_millis(100);

/// Creates a chat, or finds it. The bucket is written down before, so a chat that exists is always found.
pub(crate) async fn create(
    log: &LogReader,
    clock: &dyn Clock,
    ids: &IdGenerator,
    new: NewChat,
) -> Result<Creation, StoreError> {
    if !matches!(new.content, Content::ChatCreated { .. }) {
        let kind = new.content.kind();
        return Err(corrupt(format!("a chat cannot begin with {kind}")));
    }
    write_down(log, new.id, Bucket::FIRST, 0).await?;
    let mut unanswered = Vec::new();
    let creation = create_or_find(log, clock, ids, &new, &mut unanswered).await;
    creation.map_err(|error| or_unknown(error, !unanswered.is_empty()))
}

/// The same, of a chat whose bucket is written down. Takes down the ids of tries that were not answered: whatever fails after
/// one of them, and be it a read, says nothing about it.
async fn create_or_find(
    log: &LogReader,
    clock: &dyn Clock,
    ids: &IdGenerator,
    new: &NewChat,
    unanswered: &mut Vec<EventId>,
) -> Result<Creation, StoreError> {
    let mut why = format!("the creation of chat {} was not answered", new.id);
    for _ in 0..TRIES_MAX {
        let attempt = attempt(new, clock, ids)?;
        let fate = log.commit(new.id, &attempt).await?;
        if let Fate::Open | Fate::Passed { .. } = fate {
            unanswered.extend(attempt.ids());
        }
        match fate {
            Fate::Applied => {
                let event = attempt.into_events().pop();
                return Ok(Creation::Created(event.expect("the batch had one event")));
            }
            Fate::Refused { head: Some(_), .. } | Fate::Passed { .. } => {
                return found(log, new, unanswered).await;
            }
            Fate::Refused { head: None, .. } => {
                return Err(StoreError::Exists("a cancellation of the creation's key"));
            }
            Fate::Invalid(reason) if unanswered.is_empty() => {
                return Err(StoreError::Unavailable(reason));
            }
            Fate::Invalid(reason) | Fate::Unavailable(reason) => why = reason,
            Fate::Open => {}
        }
        sleep(BACKOFF).await;
    }
    Err(StoreError::Unavailable(why))
}

fn attempt(new: &NewChat, clock: &dyn Clock, ids: &IdGenerator) -> Result<Attempt, StoreError> {
    let event = NewEvent {
        name: KeyName {
            author: new.creator,
            key: new.key,
        },
        hash: BodyHash::of(&new.content),
        sent_at: clock.now(),
        json: row::content_json(&new.content),
        content: new.content.clone(),
    };
    let place = Place {
        chat: new.id,
        bucket: Bucket::FIRST,
        before: None,
        begins_bucket: true,
    };
    Attempt::new(place, vec![event], ids)
        .map_err(|lapsed| StoreError::Unavailable(lapsed.to_string()))
}

/// The chat exists: by a try of this call, or by somebody else's.
async fn found(
    log: &LogReader,
    new: &NewChat,
    unanswered: &[EventId],
) -> Result<Creation, StoreError> {
    let event = log.event_known(new.id, Seq::FIRST).await?;
    Ok(if unanswered.contains(&event.id) {
        Creation::Created(event)
    } else {
        Creation::Existing(event)
    })
}
