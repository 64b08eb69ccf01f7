//! The task of one connection: greet, serve, part.

use std::sync::Arc;
use std::time::Duration;

use parlour_protocol::{CloseCode, ServerFrame};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::timeout;

use super::driver::Driver;
use super::hello::{self, Greeted};
use super::requests::{self, Client};
use super::state::Effect;
use super::transport::{Reader, Writer};
use super::{End, writer};
use crate::metrics::{self, LiveConnection};
use crate::node::Node;
use crate::settings::CLOSE_WITHIN;

/// How long a client whose frame cannot be read is given to read why, before unread bytes reset its connection.
const BROKEN_LINGER: Duration = Duration::from_secs(1);

/// Serves one connection until it ends. The permit is held as long, and so is what it takes of its user's share.
pub(super) async fn run(
    node: Arc<Node>,
    mut driver: Driver,
    mut writer: Writer,
    permit: OwnedSemaphorePermit,
) {
    let counted = LiveConnection::new();
    // On the heap and gone after the greeting: the task lives for hours with what is left.
    let greeting = Box::pin(hello::greet(&node, &mut driver, &mut writer));
    let (end, share) = match greeting.await {
        Ok((greeted, share)) => {
            let end = live(&node, &mut driver, &mut writer, greeted).await;
            (end, Some(share))
        }
        Err(end) => (end, None),
    };
    Box::pin(part(driver.reader, writer, end)).await;
    drop((permit, share, counted));
}

/// Serves a client that is known, and takes it out of everything when it goes.
async fn live(node: &Node, driver: &mut Driver, socket: &mut Writer, greeted: Greeted) -> End {
    let Greeted {
        client,
        mut outgoing,
        effects,
    } = greeted;
    let ping = Notify::new();
    let outbox = client.connection.outbox();
    let end = tokio::select! {
        biased;
        // Writing first: what is ready for the client leaves before more is asked for.
        end = writer::drain(socket, &mut outgoing, outbox, &ping) => end,
        end = drive(node, driver, &client, effects, &ping) => end,
    };
    // Whatever still waits for room in the outbox waits for nothing.
    outbox.cut(CloseCode::Normal);
    client.connection.detach().await;
    end
}

/// Feeds the state machine and does what it says, until the client is gone.
async fn drive(
    node: &Node,
    driver: &mut Driver,
    client: &Arc<Client>,
    mut effects: Vec<Effect>,
    ping: &Notify,
) -> End {
    loop {
        for effect in effects {
            match effect {
                Effect::Send(frame) => send(client, frame),
                Effect::Start(ticket, work) => {
                    let job = requests::start(&node.tracker, client, ticket, work);
                    driver.jobs.push(job);
                }
                Effect::Ping => ping.notify_one(),
                Effect::Close(code) => client.connection.outbox().close(code),
                // Only before the client is known.
                Effect::Authenticate(_) => {}
            }
        }
        effects = match driver.next_input().await {
            Ok(input) => driver.step(input),
            Err(end) => return end,
        };
    }
}

fn send(client: &Client, frame: ServerFrame) {
    requests::count_error(&frame);
    // A full outbox closes the connection by itself.
    client.connection.outbox().send(frame);
}

/// Says goodbye, as far as the client still listens.
async fn part(mut reader: Reader, mut writer: Writer, end: End) {
    metrics::closed(end);
    match end {
        End::Close(code) => {
            if let Ok(Ok(())) = timeout(CLOSE_WITHIN, writer.close(code)).await {
                reader.drain(CLOSE_WITHIN).await;
            }
        }
        End::Broken(code) => {
            if let Ok(Ok(())) = timeout(CLOSE_WITHIN, writer.close(code)).await {
                tokio::time::sleep(BROKEN_LINGER).await;
            }
        }
        // Reading on sends the answer to the client's close.
        End::Closed => reader.drain(CLOSE_WITHIN).await,
        End::Gone => {}
    }
}
