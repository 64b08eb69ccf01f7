//! From the open socket to `welcome`.
//!
//! Authenticate, register, look at the session once more, and only then say `welcome`: a session that is revoked in between is
//! either seen by the second look or closed through its registration. Nothing of the client is registered if this fails.

use std::sync::Arc;

use parlour_delivery::{DeliveryError, NewConnection, Outgoing};
use parlour_model::{UserId, limits};
use parlour_protocol::{
    Encoding, ErrorBody, ErrorCode, HelloFrame, ServerFrame, UserBody, WelcomeFrame, WireLimits,
    encode_server,
};
use parlour_service::{Missing, ServiceError};
use tokio::time::timeout;

use super::driver::Driver;
use super::requests::{Client, count_error};
use super::state::{Effect, Input, Welcomed};
use super::transport::Writer;
use super::{End, writer};
use crate::errors;
use crate::node::Node;
use crate::settings::REQUEST_WITHIN;
use crate::shares::Share;

/// A client that is known and has been welcomed.
pub(super) struct Greeted {
    pub(super) client: Arc<Client>,
    pub(super) outgoing: Outgoing,
    /// What its `hello` asks for.
    pub(super) effects: Vec<Effect>,
}

/// Reads frames until one is a `hello` that can be welcomed.
pub(super) async fn greet(
    node: &Node,
    driver: &mut Driver,
    writer: &mut Writer,
) -> Result<(Greeted, Share<UserId>), End> {
    let encoding = driver.encoding;
    let send = async |writer: &mut Writer, frame: ServerFrame| {
        count_error(&frame);
        writer::write_now(writer, encode_server(&frame, encoding)).await
    };
    loop {
        let input = driver.next_input().await?;
        // not a queue: what this one input led to
        let mut effects = std::collections::VecDeque::from(driver.step(input));
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send(frame) => send(writer, frame).await?,
                Effect::Close(code) => return Err(End::Close(code)),
                Effect::Authenticate(hello) => match admit(node, &hello, encoding).await {
                    Ok(admitted) => {
                        send(writer, admitted.welcome(node, &hello)).await?;
                        return Ok(admitted.greeted(driver, hello));
                    }
                    Err(error) => {
                        effects.extend(driver.step(Input::Rejected(hello.reference, error)));
                    }
                },
                // Only clients that are known get these.
                Effect::Start(..) | Effect::Ping => {}
            }
        }
    }
}

/// A client that may come in.
struct Admitted {
    client: Client,
    outgoing: Outgoing,
    me: UserBody,
    share: Share<UserId>,
}

async fn admit(node: &Node, hello: &HelloFrame, encoding: Encoding) -> Result<Admitted, ErrorBody> {
    let admitting = async {
        let accounts = &node.service.accounts;
        let actor = accounts.authenticate(hello.token.expose()).await?;
        let share = node.users.take(actor.user).ok_or_else(one_too_many)?;
        let me = accounts.user(&actor, actor.user).await;
        let me = me.map_err(|error| match error {
            ServiceError::NotFound(Missing::User) => {
                ServiceError::Unauthenticated(parlour_service::TokenProblem::Invalid)
            }
            other => other,
        })?;
        let attaching = node.delivery.attach(NewConnection {
            user: actor.user,
            session: actor.session,
            device: hello.device.clone().unwrap_or_default(),
            encoding,
        });
        let connection = attaching.await.map_err(|error| not_attached(&error))?;
        accounts.authenticate(hello.token.expose()).await?;
        let outgoing = connection.take_outgoing();
        Ok(Admitted {
            outgoing: outgoing.expect("a new connection's outbox has not been taken"),
            client: Client::new(node, actor, connection),
            me: me.into(),
            share,
        })
    };
    match timeout(REQUEST_WITHIN, admitting).await {
        Ok(Ok(admitted)) => Ok(admitted),
        Ok(Err(Refused(error))) => Err(error),
        Err(_) => Err(errors::timed_out(false)),
    }
}

/// Why a client does not come in.
struct Refused(ErrorBody);

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self(errors::of_service(&error))
    }
}

fn one_too_many() -> Refused {
    let most = limits::CONNECTIONS_PER_USER_MAX;
    let message = format!("this account has {most} connections to this node: close one first");
    Refused(ErrorBody::new(ErrorCode::LimitReached, message))
}

fn not_attached(error: &DeliveryError) -> Refused {
    tracing::warn!(%error, "a connection could not be attached");
    let code = match error {
        DeliveryError::Stopping => ErrorCode::Draining,
    };
    Refused(ErrorBody::new(code, "not here, not now; connect again"))
}

impl Admitted {
    fn welcome(&self, node: &Node, hello: &HelloFrame) -> ServerFrame {
        let heartbeat_ms = node.limits.heartbeat.as_millis();
        ServerFrame::Welcome(Box::new(WelcomeFrame {
            reference: hello.reference.clone(),
            me: self.me.clone(),
            session: self.client.actor.session,
            server_time: node.clock.now(),
            heartbeat_ms: u64::try_from(heartbeat_ms).unwrap_or(u64::MAX),
            token_expires_at: self.client.actor.expires_at,
            limits: WireLimits::default(),
            features: Vec::new(),
        }))
    }

    fn greeted(self, driver: &mut Driver, hello: HelloFrame) -> (Greeted, Share<UserId>) {
        let effects = driver.step(Input::Welcomed(Welcomed {
            reference: hello.reference,
            cursors: hello.cursors,
            more: hello.more,
            token_expires_at: self.client.actor.expires_at,
        }));
        let greeted = Greeted {
            client: Arc::new(self.client),
            outgoing: self.outgoing,
            effects,
        };
        (greeted, self.share)
    }
}
