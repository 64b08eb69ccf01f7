//! Looking for keys in the buckets before the present one, back to where they can lie.
//!
//! A key can only lie in buckets from the later of two on: the one of the seq after `applied`, and the one of the earliest
//! time at which any node accepts the key. For a fresh draft there are none to ask.

use futures_util::{StreamExt, TryStreamExt, stream};
use parlour_model::{ChatId, EventKey, IdGenerator, Seq, limits};
use parlour_store::StoreError;

use super::keys::Known;
use super::{Bucket, KeyName, LogReader};

/// Buckets asked at once.
const ASKED_AT_ONCE: usize = 8;
/// So few buckets are asked without looking for the key's time among them.
const FEW: usize = 2;
/// Keys asked for in one statement.
const KEYS_AT_ONCE: usize = 64;

impl LogReader {
    /// The first bucket in which a key can lie, at most `last`.
    pub(super) async fn birth(
        &self,
        chat: ChatId,
        key: EventKey,
        applied: Seq,
        last: Bucket,
    ) -> Result<Bucket, StoreError> {
        let from = self.layout.bucket_of(applied.next()).min(last);
        if last.since(from) <= FEW {
            return Ok(from);
        }
        let accepted_from = key.time().minus(limits::KEY_AHEAD_MAX);
        let id = IdGenerator::first_of(accepted_from);
        self.bucket_at(chat, id, from, last).await
    }

    /// What buckets that all have a successor know of these keys, each asked from its own first bucket on.
    pub(super) async fn known_before(
        &self,
        chat: ChatId,
        names: &[(KeyName, Bucket)],
        end: Bucket,
    ) -> Result<Known, StoreError> {
        let Some(first) = names.iter().map(|(_, from)| *from).min() else {
            return Ok(Known::new());
        };
        let Some(last) = end.previous() else {
            return Ok(Known::new());
        };
        let asked = first.through(last).flat_map(|bucket| {
            let here: Vec<KeyName> = names
                .iter()
                .filter(|(_, from)| *from <= bucket)
                .map(|(name, _)| *name)
                .collect();
            let chunks: Vec<Vec<KeyName>> = here.chunks(KEYS_AT_ONCE).map(<[_]>::to_vec).collect();
            chunks.into_iter().map(move |names| (bucket, names))
        });
        stream::iter(asked)
            .map(async |(bucket, names)| self.known(chat, bucket, &names).await)
            .buffer_unordered(ASKED_AT_ONCE)
            .try_fold(Known::new(), async |mut all, found| {
                all.extend(found);
                Ok(all)
            })
            .await
    }
}
