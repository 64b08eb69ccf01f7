//! `cancel`: using a key up without an event.
//!
//! The row is written where the next event would be, on condition that its bucket is not full. So an attempt in the same
//! bucket is refused by the row, and one in a later bucket finds it, because it searches the earlier ones after they are
//! full.

use parlour_model::{ChatId, Seq};
use parlour_store::{Cancellation, Head, StoreError};
use tokio::time::{Duration, sleep};

use super::keys::Memory;
use super::{Bucket, KeyName, LogReader};
use crate::columns::{int, number};
use crate::cql::{Answer, CqlError, Statement};
use crate::doubt::or_unknown;

/// How often it is tried while the log goes on or nobody answers.
const TRIES_MAX: u32 = 10;
const BACKOFF: Duration = Duration::from_millis(20);

static CANCEL: Statement = Statement::new(
    "log_cancel",
    "UPDATE log USING TTL 1209600 SET cancelled = true
     WHERE chat_id = ? AND bucket = ? AND kind = 1 AND pos = 0 AND author = ? AND key = ?
     IF seq = NULL AND head_seq < ?",
);
static CANCEL_IN_EMPTY: Statement = Statement::new(
    "log_cancel_in_empty",
    "UPDATE log USING TTL 1209600 SET cancelled = true
     WHERE chat_id = ? AND bucket = ? AND kind = 1 AND pos = 0 AND author = ? AND key = ?
     IF seq = NULL AND head_seq = NULL",
);

impl LogReader {
    /// Takes the key out of use, unless it is an event.
    pub(crate) async fn cancel(
        &self,
        chat: ChatId,
        name: KeyName,
    ) -> Result<Cancellation, StoreError> {
        let mut is_open = false;
        let cancelled = self.cancel_or_find(chat, name, &mut is_open).await;
        cancelled.map_err(|error| or_unknown(error, is_open))
    }

    /// The same. Takes down whether a try was not answered: whatever fails after it, and be it a read, says nothing about it.
    async fn cancel_or_find(
        &self,
        chat: ChatId,
        name: KeyName,
        is_open: &mut bool,
    ) -> Result<Cancellation, StoreError> {
        for attempt in 0..TRIES_MAX {
            let head = self.head_serial(chat).await?;
            let present = self
                .layout
                .bucket_of(head.map_or(Seq::FIRST, |head| head.seq.next()));
            let before = self.memory_before(chat, name, Seq::ZERO, present);
            match before.await? {
                Some(Memory::Cancelled) => return Ok(Cancellation::Cancelled),
                Some(Memory::Event { seq, .. }) => return self.too_late(chat, seq).await,
                None => {}
            }
            match self.cancel_in(chat, present, name, head).await {
                Ok(answer) if answer.applied => return Ok(Cancellation::Cancelled),
                Ok(answer) => {
                    if let Some(seq) = answer.bigint("seq") {
                        return self.too_late(chat, Seq::new(number(seq)?)).await;
                    }
                }
                // It may have happened: saying it again is the same.
                Err(CqlError::Unknown(_) | CqlError::Corrupt(_)) => *is_open = true,
                Err(error) => return Err(error.into()),
            }
            let most = BACKOFF * (attempt + 1);
            sleep(most.mul_f64(rand::random::<f64>())).await;
        }
        let reason = format!("the key was not cancelled in chat {chat} within {TRIES_MAX} tries");
        Err(StoreError::Unknown(reason))
    }

    async fn too_late(&self, chat: ChatId, seq: Seq) -> Result<Cancellation, StoreError> {
        self.event_known(chat, seq).await.map(Cancellation::Found)
    }

    async fn cancel_in(
        &self,
        chat: ChatId,
        bucket: Bucket,
        name: KeyName,
        head: Option<Head>,
    ) -> Result<Answer, CqlError> {
        let (chat_id, number) = (int(chat.get()), bucket.get());
        let (author, key) = (int(name.author.get()), name.key.uuid());
        let is_empty = head.is_none_or(|head| self.layout.is_sealed_by(head.seq));
        if is_empty {
            let values = (chat_id, number, author, key);
            return self.cql.conditional(&CANCEL_IN_EMPTY, values).await;
        }
        let last = int(self.layout.seqs_of(bucket).end().get());
        let values = (chat_id, number, author, key, last);
        self.cql.conditional(&CANCEL, values).await
    }
}
