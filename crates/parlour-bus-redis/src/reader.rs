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
        // Others may hold this node for dead by now. What comes under the next lease begins with a resync; but a renewal under
        // way may still find that the lease holds, and these packets have been counted.
        if self.lease.check().is_err() {
            if !packets.is_empty() {
                self.told.owe(ResyncReason::Gap);
            }
            return;
        }
        for packet in packets {
            self.told.inbox().deliver(packet);
        }
    }
}

#[cfg(test)]
mod tests {
    use fred::types::MessageKind;
    use fred::types::config::Server;
    use futures_util::FutureExt;
    use parlour_bus::{Inbound, inbox};
    use parlour_model::{NodeNumber, SystemClock};
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::pack::{self, Load};
    use crate::{Options, Topology};

    fn options() -> Options {
        Options {
            // Nobody listens there, and nobody has to.
            topology: Topology::One("127.0.0.1:1".to_owned()),
            credentials: None,
            tls: None,
            number: NodeNumber::ZERO,
            deployment: uuid::Uuid::from_u128(1),
            clock: Arc::new(SystemClock::new()),
            tracker: TaskTracker::new(),
            token: CancellationToken::new(),
        }
    }

    fn message(number: u64, load: &Load) -> Message {
        let bytes = [number.to_string().as_bytes(), b":", &pack::encode(load)].concat();
        Message {
            channel: "mine".into(),
            value: Value::Bytes(bytes.into()),
            kind: MessageKind::SMessage,
            server: Server::new("127.0.0.1", 1),
        }
    }

    #[tokio::test]
    async fn packets_dropped_without_a_lease_are_told_as_missing_when_the_bus_works() {
        let (sender, mut inbox) = inbox();
        let core = Core::new(options(), sender).unwrap();
        core.hearing.begin("mine".to_owned());
        core.told.joined();
        core.told.up();
        let back = inbox.next().await;
        assert_eq!(back, Some(Inbound::Resync(ResyncReason::Reconnected)));
        core.hand_on(message(1, &Load::Canary(1)));
        core.told.up();
        assert_eq!(inbox.next().now_or_never(), None, "nothing was dropped");
        core.hand_on(message(
            2,
            &Load::Packets(vec![Bytes::from_static(b"dropped")]),
        ));
        core.told.up();
        let gap = Some(Inbound::Resync(ResyncReason::Gap));
        assert_eq!(inbox.next().now_or_never(), Some(gap));
        assert_eq!(inbox.next().now_or_never(), None, "and no packet");
    }
}
