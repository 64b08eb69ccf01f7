//! One device's will: what it does next, and next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parlour_client::{ClientError, HistoryAt, PendingMessage};
use parlour_model::{Body, ChatId, ChosenStatus, Emoji, Seq, UserId};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tokio_util::sync::CancellationToken;

use crate::device::Device;

/// Sends a device has unsettled at once; the next waits for the oldest.
const UNSETTLED_MAX: usize = 6;
/// The words of invented lines: several scripts, and what must be escaped.
const WORDS: [&str; 8] = [
    "hello",
    "Grüße",
    "你好",
    "нет",
    "🎉🎉",
    "\"quoted\"",
    "a\\b",
    "שלום",
];
/// Reactions.
const EMOJI: [&str; 3] = ["👍", "❤️", "😂"];

/// A device with a will of its own.
#[derive(Debug)]
pub(super) struct Actor {
    device: Device,
    rng: StdRng,
    rest: Duration,
    /// Groups it may change the members of.
    groups: Vec<ChatId>,
    everybody: Vec<UserId>,
    unsettled: VecDeque<PendingMessage>,
    own: BTreeMap<ChatId, Vec<Seq>>,
    written: u64,
}

impl Actor {
    pub(super) fn new(device: Device, rng: StdRng, rest: Duration) -> Self {
        let (groups, everybody, unsettled) = (Vec::new(), Vec::new(), VecDeque::new());
        Self {
            device,
            rng,
            rest,
            groups,
            everybody,
            unsettled,
            own: BTreeMap::new(),
            written: 0,
        }
    }

    /// Makes it look after these groups, with members out of `everybody`.
    pub(super) fn look_after(&mut self, groups: Vec<ChatId>, everybody: Vec<UserId>) {
        (self.groups, self.everybody) = (groups, everybody);
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    pub(super) fn into_device(self) -> Device {
        self.device
    }

    /// Does one thing after another until `stop`.
    pub(super) async fn work(
        mut self,
        stop: CancellationToken,
        lines: Arc<Vec<String>>,
    ) -> anyhow::Result<Self> {
        self.watch_others().await;
        while !stop.is_cancelled() {
            self.step(&stop, &lines).await?;
            let rest = self.rest.mul_f64(self.rng.random_range(0.0..2.0));
            stop.run_until_cancelled(tokio::time::sleep(rest)).await;
        }
        Ok(self)
    }

    /// One step. Refusals and lost connections are part of the load; the records tell whether they were right.
    async fn step(&mut self, stop: &CancellationToken, lines: &[String]) -> anyhow::Result<()> {
        if self.unsettled.len() >= UNSETTLED_MAX {
            // A server that is down stays down for as long as the test wants.
            stop.run_until_cancelled(self.settle_oldest()).await;
        }
        let cursors: Vec<_> = self.device.kept().cursors.into_iter().collect();
        let Some((chat, cursor)) = cursors.choose(&mut self.rng).copied() else {
            // Perhaps somebody adds them to a chat, perhaps nobody ever does: having waited is no failure.
            let chats = self.device.until_kept(|kept| !kept.cursors.is_empty());
            drop(stop.run_until_cancelled(chats).await);
            return Ok(());
        };
        match self.rng.random_range(0..100) {
            0..60 => self.write(chat, lines).await,
            60..74 => self.change(chat, cursor).await,
            74..84 => self.device.client().read(chat, cursor).await?,
            84..88 => {
                self.device
                    .client()
                    .typing(chat, self.rng.random_bool(0.7))
                    .await?;
            }
            88..93 => drop(self.device.client().history(chat, HistoryAt::End, 20).await),
            93..96 => self.change_members().await,
            96..98 => self.write_and_cancel(chat).await,
            98 => self.choose_status().await,
            _ => self.restart().await?,
        }
        Ok(())
    }

    async fn settle_oldest(&mut self) {
        let Some(oldest) = self.unsettled.pop_front() else {
            return;
        };
        let chat = oldest.chat();
        if let Ok(sent) = oldest.settled().await {
            self.own.entry(chat).or_default().push(sent.seq);
        }
    }

    async fn write(&mut self, chat: ChatId, lines: &[String]) {
        let body = self.body(lines);
        let sent = self.device.client().send(chat, body, None).await;
        self.keep(sent);
    }

    fn body(&mut self, lines: &[String]) -> Body {
        self.written += 1;
        if let Some(line) = lines.choose(&mut self.rng) {
            return Body::text(line.clone());
        }
        let words =
            (0..self.rng.random_range(1..8)).map(|_| WORDS[self.rng.random_range(0..WORDS.len())]);
        let words: Vec<_> = words.collect();
        Body::text(format!("#{} {}", self.written, words.join(" ")))
    }

    fn keep(&mut self, sent: Result<PendingMessage, ClientError>) {
        // A full outbox takes nothing more while the server is away.
        self.unsettled.extend(sent.ok());
    }

    /// Edits, deletes or reacts. Some targets are no messages, or another's: the server must say so.
    async fn change(&mut self, chat: ChatId, cursor: Seq) {
        let own = self
            .own
            .get(&chat)
            .and_then(|seqs| seqs.choose(&mut self.rng))
            .copied();
        let any = Seq::new(self.rng.random_range(1..=cursor.get().max(1)));
        let body = self.body(&[]);
        let client = self.device.client();
        let sent = match (self.rng.random_range(0..10), own) {
            (0..4, Some(own)) => client.edit(chat, own, body).await,
            (4, Some(own)) => client.delete(chat, own).await,
            _ => {
                let emoji = EMOJI[self.rng.random_range(0..EMOJI.len())];
                let emoji = Emoji::new(emoji).expect("they are emoji");
                client
                    .react(chat, any, (emoji, self.rng.random_bool(0.8)))
                    .await
            }
        };
        self.keep(sent);
    }

    async fn write_and_cancel(&mut self, chat: ChatId) {
        let body = self.body(&[]);
        let client = self.device.client();
        if let Ok(pending) = client.send(chat, body, None).await {
            // It may be settled already: too late, which is fine.
            drop(client.cancel(pending.key()).await);
            self.unsettled.push_back(pending);
        }
    }

    async fn change_members(&mut self) {
        let (Some(group), Some(user)) = (
            self.groups.choose(&mut self.rng),
            self.everybody.choose(&mut self.rng),
        ) else {
            return;
        };
        if *user == self.device.user() {
            return;
        }
        let rest = self.device.client().rest();
        let members = rest.members(*group, None).await.map(|page| page.members);
        let is_member =
            members.is_ok_and(|members| members.iter().any(|member| member.user == *user));
        if is_member {
            drop(rest.remove_member(*group, *user).await);
        } else {
            drop(rest.add_members(*group, vec![*user]).await);
        }
    }

    async fn watch_others(&mut self) {
        let chats: Vec<_> = self.device.kept().cursors.into_keys().collect();
        let others = self
            .everybody
            .iter()
            .copied()
            .filter(|user| *user != self.device.user());
        let mut others: Vec<_> = others.collect();
        others.sort_unstable();
        others.dedup();
        drop(self.device.client().watch(others, chats).await);
    }

    async fn choose_status(&mut self) {
        let away = self.rng.random_bool(0.5);
        let status = if away {
            ChosenStatus::Away
        } else {
            ChosenStatus::Online
        };
        drop(self.device.client().set_status(status).await);
    }

    /// The program on the device crashes and comes back; what it had not settled goes on by itself.
    async fn restart(&mut self) -> anyhow::Result<()> {
        self.unsettled.clear();
        self.device.restart().await?;
        self.watch_others().await;
        Ok(())
    }
}
