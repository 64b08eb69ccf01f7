//! The task that hands on what is heard.
//!
//! It does nothing else: the client keeps a bounded ring of messages and overwrites the oldest ones when nobody reads.

use std::sync::Arc;

use bytes::Bytes;
use fred::types::{Message, Value};
use parlour_bus::ResyncReason;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::core::Core;
use crate::hearing::Heard;

impl Core {
    /// Reads the messages of one session until it ends.
    pub(crate) async fn read(self: Arc<Self>, mut messages: Receiver<Message>) {
        loop {
            let message = tokio::select! {
                biased;
                () = self.token.cancelled() => return,
                message = messages.recv() => message,
            };
            match message {
                Ok(message) => self.hand_on(message),
                // The numbers will jump too; but a burst may have been overwritten to its end.
                Err(RecvError::Lagged(_)) => self.told.resync(ResyncReason::Overflow),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn hand_on(&self, message: Message) {
        let bytes = match message.value {
            Value::Bytes(bytes) => bytes,
            Value::String(text) => text.into_inner(),
            _ => Bytes::new(),
        };
        let was_confirmed = self.hearing.is_confirmed();
        let Heard {
            packets,
            is_gap,
            lag,
        } = self.hearing.hear(&message.channel, &bytes);
        if let Some(lag) = lag {
            metrics::histogram!("parlour_bus_lag_seconds").record(lag.as_secs_f64());
            if !was_confirmed {
                self.wake.notify_one();
            }
        }
        if is_gap {
            self.told.resync(ResyncReason::Gap);
        }
        // Others may hold this node for dead by now. What comes under the next lease begins with a resync.
        if self.lease.check().is_err() {
            return;
        }
        for packet in packets {
            self.told.inbox().deliver(packet);
        }
    }
}
