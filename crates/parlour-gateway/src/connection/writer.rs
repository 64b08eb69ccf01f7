//! What goes out: everything that waits in the outbox, in as few writes as it fits.
//!
//! A client that does not read stops this loop alone. It is given up when one batch is not taken in time, or, once its outbox
//! has been closed, after a moment for what was being written.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use parlour_delivery::{Batch, Outbox, Outgoing};
use parlour_protocol::CloseCode;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::End;
use super::transport::{Gone, Writer};
use crate::settings::{BATCH_BYTES_MAX, CLOSE_WITHIN, WRITE_BYTES_PER_SECOND_MIN, WRITE_WITHIN};

/// Writes until the outbox is closed or the client is gone. `ping` asks for a sign of life.
pub(super) async fn drain(
    writer: &mut Writer,
    outgoing: &mut Outgoing,
    outbox: &Outbox,
    ping: &Notify,
) -> End {
    loop {
        let written = tokio::select! {
            biased;
            // Frames first: they are what the client waits for.
            batch = outgoing.next_batch(BATCH_BYTES_MAX) => match batch {
                Batch::Frames(frames) => write(writer, frames, outbox).await,
                Batch::Close(code) => return End::Close(code),
            },
            // Only an idle connection is asked for a sign of life, so this never waits long.
            () = ping.notified() => in_time(0, writer.ping()).await,
        };
        if let Err(end) = written {
            return end;
        }
    }
}

/// Writes frames of a connection that has no outbox yet.
pub(super) async fn write_now(writer: &mut Writer, bytes: Bytes) -> Result<(), End> {
    in_time(bytes.len(), writer.send_batch(VecDeque::from([bytes]))).await
}

async fn write(writer: &mut Writer, frames: VecDeque<Bytes>, outbox: &Outbox) -> Result<(), End> {
    let bytes = frames.iter().map(Bytes::len).sum();
    tokio::select! {
        biased;
        // As long as the client takes what is written, nothing else matters.
        written = in_time(bytes, writer.send_batch(frames)) => written,
        // The outbox was closed meanwhile, and the client still does not read.
        code = overdue(outbox) => Err(End::Close(code)),
    }
}

async fn overdue(outbox: &Outbox) -> CloseCode {
    let code = outbox.closed().await;
    sleep(CLOSE_WITHIN).await;
    code
}

/// A large page may take longer, or a client on a thin line would be closed in the middle of it for ever.
async fn in_time(bytes: usize, writing: impl Future<Output = Result<(), Gone>>) -> Result<(), End> {
    let thin_line = Duration::from_secs(bytes as u64 / WRITE_BYTES_PER_SECOND_MIN);
    match timeout(WRITE_WITHIN + thin_line, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Gone)) => Err(End::Gone),
        Err(_) => Err(End::Close(CloseCode::SlowConsumer)),
    }
}
