//! `GET /v1/ws`: whether a request may become a connection.
//!
//! Everything that speaks against it is said before the upgrade, as a problem: a foreign origin, a node that goes away, no
//! subprotocol of ours, no room, too many at once. Nothing of the request is kept by the connection: a header value kept would keep the whole
//! buffer it lies in.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::response::Response;
use parlour_protocol::{Encoding, ErrorBody, ErrorCode};
use tokio::sync::OwnedSemaphorePermit;

use super::driver::Driver;
use super::task;
use super::transport::Upgrade;
use crate::metrics;
use crate::node::{Node, Phase};
use crate::rest::Failure;

/// Answers an upgrade request.
pub(crate) async fn upgrade(
    State(node): State<Arc<Node>>,
    headers: HeaderMap,
    request: Result<Upgrade, Failure>,
) -> Result<Response, Failure> {
    if !node.origins.allow(&headers) {
        let error = ErrorBody::new(
            ErrorCode::Forbidden,
            "pages of this origin may not connect; the operator can list it",
        );
        return Err(error.into());
    }
    let request = request?;
    let encoding = agreed_encoding(&headers)?;
    let permit = admit(&node)?;
    Ok(request.accept(encoding, move |reader, writer| {
        // A task of its own: this one belongs to the HTTP connection, and would keep it alive for hours.
        let tracker = node.tracker.clone();
        let driver = Driver::new(&node, reader, encoding);
        tracker.spawn(task::run(node, driver, writer, permit));
    }))
}

/// The first of the offered subprotocols that is ours.
fn agreed_encoding(headers: &HeaderMap) -> Result<Encoding, ErrorBody> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut names = offers
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(','))
        .map(str::trim);
    names.find_map(Encoding::from_subprotocol).ok_or_else(|| {
        let [json, message_pack] = Encoding::ALL.map(Encoding::subprotocol);
        ErrorBody::invalid(
            "Sec-WebSocket-Protocol",
            format!("must offer `{json}` or `{message_pack}`"),
        )
    })
}

/// Room for one more connection, and a place in this second.
fn admit(node: &Node) -> Result<OwnedSemaphorePermit, ErrorBody> {
    if !matches!(*node.phase.borrow(), Phase::Serving) {
        let message = "the node is going away; connect again elsewhere";
        return Err(refused(
            "draining",
            ErrorBody::new(ErrorCode::Draining, message),
        ));
    }
    let permit = Arc::clone(&node.connections).try_acquire_owned();
    let permit = permit.map_err(|_| {
        let full = "the node has as many connections as it takes; try again elsewhere";
        let error = ErrorBody::new(ErrorCode::Busy, full).after(Duration::from_secs(5));
        refused("full", error)
    })?;
    // Last, so that only connections that come about count.
    node.connects.take().map_err(|wait| {
        let many = "too many connect at once; try again a little later";
        refused("rate", ErrorBody::new(ErrorCode::Busy, many).after(wait))
    })?;
    Ok(permit)
}

fn refused(reason: &'static str, error: ErrorBody) -> ErrorBody {
    metrics::connect_refused(reason);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(offers: &[&str]) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(SEC_WEBSOCKET_PROTOCOL, offer.parse().unwrap());
        }
        agreed_encoding(&headers).ok()
    }

    #[test]
    fn the_first_offer_that_is_ours_is_taken() {
        let (json, message_pack) = ("parlour.v1.json", "parlour.v1.msgpack");
        assert_eq!(agreed(&[json]), Some(Encoding::Json));
        assert_eq!(
            agreed(&["chat, parlour.v1.msgpack,parlour.v1.json"]),
            Some(Encoding::MessagePack)
        );
        assert_eq!(
            agreed(&["chat", message_pack, json]),
            Some(Encoding::MessagePack)
        );
        for none in [&[][..], &["chat"], &[""], &["parlour.v2.json"]] {
            assert_eq!(agreed(none), None, "{none:?}");
        }
    }
}
