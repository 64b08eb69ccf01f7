//! The cast: everybody of the script, registered where that is needed, signed in, and connected.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use parlour_client::{
    Client, ClientConfig, ClientError, ClientEvent, ConnectionState, EventStream, MemoryStore,
};
use parlour_model::UserId;
use parlour_protocol::{ErrorCode, RegisterRequest, Secret};
use tokio_util::task::TaskTracker;

use super::patience::patiently;
use super::script::{GUEST, Person, Script};

/// How long somebody may take from being signed in to hearing everything.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Everybody, in the order of the script.
#[derive(Default)]
pub(super) struct Cast {
    members: Vec<Member>,
    http: reqwest::Client,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) client: Client,
    pub(super) user: UserId,
}

/// How the cast gets in.
pub(super) struct Entrance {
    pub(super) url: String,
    pub(super) password: String,
    pub(super) tracker: TaskTracker,
}

impl Cast {
    /// Signs everybody in, one after another, at the pace the server allows.
    pub(super) async fn gather(
        &mut self,
        entrance: &Entrance,
        script: &Script,
    ) -> anyhow::Result<()> {
        for person in &script.people {
            let mut config = ClientConfig::new(&entrance.url, Arc::new(MemoryStore::new(0)));
            config.device = Some("parlour demo".to_owned());
            config.http = Some(self.http.clone());
            config.tracker = entrance.tracker.clone();
            let client = Client::connect(config).await?;
            let events = client.events();
            let entered = async {
                let user = sign_in(&client, person, &entrance.password).await?;
                ready(events).await?;
                anyhow::Ok(user)
            };
            let entered = entered.await;
            let user = entered.with_context(|| format!("cannot sign {} in", person.username))?;
            self.members.push(Member { client, user });
        }
        Ok(())
    }

    /// One of them, by the place in the script.
    pub(super) fn member(&self, place: usize) -> &Member {
        &self.members[place]
    }

    /// The place of a user in the script.
    pub(super) fn place(&self, user: UserId) -> Option<usize> {
        self.members.iter().position(|member| member.user == user)
    }

    /// Everybody but the guest.
    pub(super) fn speakers(&self) -> BTreeSet<UserId> {
        let speakers = self.members.iter().skip(GUEST + 1);
        speakers.map(|member| member.user).collect()
    }

    /// Signs out whoever is not at one of these places.
    pub(super) async fn dismiss_all_but(&self, places: &[usize]) {
        for (place, member) in self.members.iter().enumerate() {
            if !places.contains(&place) {
                member.leave().await;
            }
        }
    }

    /// Signs everybody out who is still there.
    pub(super) async fn leave(&self) {
        for member in &self.members {
            member.leave().await;
        }
    }
}

impl Member {
    /// Ends the session, so that it does not stay behind in the user's list, and the client.
    async fn leave(&self) {
        if self.client.me().is_some() {
            // A session that cannot be ended now ends by itself later.
            let _ = self.client.logout().await;
            self.client.clone().close().await;
        }
    }
}

impl Entrance {
    /// Whether a server is there at all.
    pub(super) async fn is_open(&self) -> anyhow::Result<()> {
        let url = &self.url;
        let asked = reqwest::Client::new().get(url).send().await;
        asked.map(drop).map_err(|error| {
            let error = ClientError::from(error);
            anyhow::anyhow!("no server at {url} ({error}): `make run` starts one")
        })
    }
}

/// Logs in, and registers whoever is new.
async fn sign_in(client: &Client, person: &Person, password: &str) -> anyhow::Result<UserId> {
    let name = person.username.as_str();
    match patiently(|| client.login(name, password)).await {
        Ok(user) => return Ok(user.id),
        Err(error) if refusal(&error) == Some(ErrorCode::TokenInvalid) => {}
        Err(error) => return Err(error),
    }
    let body = RegisterRequest {
        username: person.username.clone(),
        password: Secret::new(password),
        display_name: person.display_name.clone(),
        device: Some("parlour demo".to_owned()),
    };
    let signed_in = match patiently(|| client.rest().register(&body, None)).await {
        Err(error) if refusal(&error) == Some(ErrorCode::UsernameTaken) => {
            bail!("there is such a user already, with another password: --password tells which")
        }
        signed_in => signed_in?,
    };
    Ok(client.sign_in(signed_in).await?.id)
}

/// Waits until everything is live: from then on nothing that is said is missed.
async fn ready(mut events: EventStream) -> anyhow::Result<()> {
    let until_ready = async {
        while let Some(event) = events.next().await {
            if event == ClientEvent::Connection(ConnectionState::Ready) {
                return Ok(());
            }
        }
        bail!("the connection ended for good")
    };
    let ready = tokio::time::timeout(READY_WITHIN, until_ready).await;
    ready.context("no WebSocket connection in time")?
}

fn refusal(error: &anyhow::Error) -> Option<ErrorCode> {
    let error: &ClientError = error.downcast_ref()?;
    error.refused().map(|refused| refused.code)
}
