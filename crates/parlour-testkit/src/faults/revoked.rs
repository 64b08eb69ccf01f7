//! Sessions that are revoked while something is wrong, one on each gateway: five seconds later nothing of them lives.

use std::time::Duration;

use anyhow::Context;
use parlour_model::{Body, ChatId, Seq, SessionId};
use parlour_protocol::Encoding;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::World;
use crate::cluster::Cluster;
use crate::device::Device;

/// How long a revoked session may still see something.
const DEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long revoking may take in all: it is not answered before the fault is mended, in some faults.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
/// The pause before a revocation that was refused is asked for again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// One user who gets rid of three lost devices.
#[derive(Debug)]
pub(super) struct Revoked {
    /// The device that is kept.
    keeper: Device,
    /// The lost ones, each on a gateway of its own.
    lost: Vec<(Device, SessionId)>,
    /// A chat of this user alone, which all four follow.
    chat: ChatId,
}

impl Revoked {
    pub(super) async fn place(
        cluster: &Cluster,
        world: &World,
        family: &str,
    ) -> anyhow::Result<Self> {
        let name = format!("{family}_keeper");
        let balancer = world.at(cluster.balancer.url());
        let keeper = balancer.register(&name, Encoding::Json).await?;
        let chat = keeper.client().create_group("notes", Vec::new()).await?.id;
        let mut lost = Vec::new();
        for gateway in &cluster.gateways {
            let place = world.at(gateway.server.url());
            let device = place.login(&name, Encoding::MessagePack).await?;
            let sessions = device.client().rest().sessions().await?;
            let own = sessions.into_iter().find(|session| session.current);
            device.until_applied(chat, Seq::FIRST).await?;
            lost.push((device, own.context("a session is its own")?.id));
        }
        Ok(Self { keeper, lost, chat })
    }

    /// Revokes the sessions, each asked for until it is answered, and speaks where they would hear it once they must
    /// be dead. Returns when their programs know.
    ///
    /// # Errors
    /// When some of that does not come. What they heard too late is in the records.
    pub(super) async fn revoke(&self) -> anyhow::Result<()> {
        let revoking = async {
            for (device, session) in &self.lost {
                while self.keeper.client().rest().revoke(*session).await.is_err() {
                    sleep(ASK_AGAIN_AFTER).await;
                }
                device.note_revoked();
            }
        };
        let answered = timeout(ANSWERED_WITHIN, revoking).await;
        answered.context("no session can be revoked")?;
        sleep_until(Instant::now() + DEAD_WITHIN).await;
        let body = Body::text("nobody else hears this");
        let sent = self.keeper.client().send(self.chat, body, None).await?;
        sent.settled()
            .await
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        for (device, _) in &self.lost {
            let stopped = device.until_shown(|sights| sights.stopped.is_some());
            stopped.await.context("a revoked device goes on")?;
        }
        Ok(())
    }

    /// Ends the lost devices; the other has something to say about the logs.
    pub(super) async fn into_keeper(self) -> Device {
        for (device, _) in self.lost {
            device.close().await;
        }
        self.keeper
    }
}
