//! What the player waits for: arrivals, and frames and ends of every open connection, in one place.

use futures_util::future::{FutureExt, select_all};
use serde_json::Value;
use tokio::sync::mpsc;

use super::listening::{Arrival, Arrived, Upgrade};
use super::wire::Wire;

/// Something happened.
pub(super) enum Happening {
    Upgrade(Upgrade),
    Call(Arrived),
    /// A frame on the connection with this number.
    Frame(usize, Value),
    /// The client closed a connection.
    Closed,
}

/// The next thing that happens.
///
/// # Errors
/// When a client sends what is no frame.
pub(super) async fn next(
    arrivals: &mut mpsc::Receiver<Arrival>,
    wires: &mut [Wire],
) -> anyhow::Result<Happening> {
    let open = wires.iter_mut().enumerate();
    let frames = open
        .filter(|(_, wire)| wire.is_open())
        .map(|(place, wire)| {
            async move {
                let frame = wire.next().await?;
                Ok(frame.map_or(Happening::Closed, |frame| Happening::Frame(place, frame)))
            }
            .boxed()
        });
    let arrival = async {
        Ok(match arrivals.recv().await {
            Some(Arrival::Upgrade(upgrade)) => Happening::Upgrade(upgrade),
            Some(Arrival::Call(call)) => Happening::Call(call),
            None => anyhow::bail!("the server has stopped listening"),
        })
    };
    // Frames first: what came on a connection came before the one that replaces it.
    let all = frames.chain([arrival.boxed()]);
    select_all(all).await.0
}
