//! The living part of a demo: bots that talk with each other, read, react, come and go, and answer people.
//!
//! - One loop owns everything; it only listens and plans. What bots do runs beside it, because a client gives no answers
//!   while its events wait.
//! - A message of anybody who is no bot is a person's. It is answered by the bot that hears it first, and while an answer is on
//!   its way in a chat no other is planned there: so bots of two demos cannot talk each other hoarse.

mod agenda;
mod pace;
mod scenes;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use parlour_client::{ClientEvent, ConnectionState};
use parlour_model::{Body, ChatId, ChosenStatus, Emoji, Seq, UserId};
use parlour_protocol::{MessageBody, WireEvent};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::answers::Answers;
use super::cast::Member;
use super::patience::patiently;
use super::script::Scene;
use agenda::{Act, Agenda};
use pace::drawn;
use scenes::LiveScene;

pub(crate) use pace::Pace;

/// What bots put on messages now and then.
const EMOJI: &[&str] = &["👍", "😄", "❤️", "🎉"];
/// How often a message that was read gets a reaction.
const REACTION_CHANCE: f64 = 0.15;

/// What a troupe is made of.
pub(super) struct Parts<'a> {
    /// The bots, with their places in the script.
    pub(super) bots: Vec<(usize, Member)>,
    /// The scenes that were filled, with their chats.
    pub(super) scenes: Vec<(ChatId, &'a Scene)>,
    /// Everybody whose lines were filled in: what they said before the bots came needs no answer.
    pub(super) speakers: BTreeSet<UserId>,
    pub(super) answers: Answers,
    pub(super) pace: Pace,
    pub(super) tracker: TaskTracker,
}

/// The bots and what they are up to.
pub(super) struct Troupe {
    bots: Vec<Bot>,
    users: BTreeSet<UserId>,
    speakers: BTreeSet<UserId>,
    scenes: Vec<LiveScene>,
    answers: Answers,
    pace: Pace,
    tracker: TaskTracker,
    events: SelectAll<BoxStream<'static, (usize, ClientEvent)>>,
    agenda: Agenda,
    next_line: Instant,
    next_status: Instant,
    /// Up to where people were heard, and until when an answer is on its way.
    heard: BTreeMap<ChatId, (Seq, Instant)>,
}

struct Bot {
    member: Member,
    is_ready: bool,
    is_turned_away: bool,
    is_away: bool,
}

impl Troupe {
    /// The bots, listening from now on.
    pub(super) fn new(parts: Parts<'_>) -> Self {
        let places: Vec<usize> = parts.bots.iter().map(|(place, _)| *place).collect();
        let live = |(chat, scene): &(ChatId, &Scene)| {
            LiveScene::new(*chat, scene, &places, rand::random())
        };
        let mut events = SelectAll::new();
        for (number, (_, member)) in parts.bots.iter().enumerate() {
            let stream = member.client.events();
            events.push(stream.map(move |event| (number, event)).boxed());
        }
        let bots = parts.bots.into_iter().map(|(_, member)| Bot {
            member,
            is_ready: true,
            is_turned_away: false,
            is_away: false,
        });
        let bots: Vec<Bot> = bots.collect();
        Self {
            users: bots.iter().map(|bot| bot.member.user).collect(),
            bots,
            speakers: parts.speakers,
            scenes: parts.scenes.iter().filter_map(live).collect(),
            answers: parts.answers,
            next_line: Instant::now(),
            next_status: Instant::now() + drawn(&parts.pace.between_statuses),
            pace: parts.pace,
            tracker: parts.tracker,
            events,
            agenda: Agenda::default(),
            heard: BTreeMap::new(),
        }
    }

    /// Everybody is there again, whatever they were when an earlier demo ended, and answers who wrote meanwhile.
    async fn enter(&mut self) -> anyhow::Result<()> {
        for number in 0..self.bots.len() {
            self.perform(number, Act::Status(ChosenStatus::Online));
            let client = self.bots[number].member.client.clone();
            for chat in patiently(|| client.chats()).await? {
                let last = chat.last_message.as_ref().and_then(Heard::message);
                if let Some(heard) = last.filter(|heard| !self.speakers.contains(&heard.author)) {
                    self.receive(number, &heard);
                }
            }
        }
        Ok(())
    }

    /// Lives until every bot was turned away for good.
    ///
    /// # Errors
    /// When the server cannot be asked what was written before.
    pub(super) async fn live(mut self) -> anyhow::Result<()> {
        self.enter().await?;
        while self.bots.iter().any(|bot| !bot.is_turned_away) {
            let due = self.agenda.next_due().into_iter();
            let due = due.chain([self.next_line, self.next_status]).min();
            let due = due.unwrap_or(self.next_line);
            tokio::select! {
                // Listening first: a client that is not listened to stands still.
                biased;
                event = self.events.next() => match event {
                    Some((bot, event)) => self.hear(bot, event),
                    None => return Ok(()),
                },
                () = tokio::time::sleep_until(due) => self.wake(Instant::now()),
            }
        }
        Ok(())
    }

    fn hear(&mut self, number: usize, event: ClientEvent) {
        match event {
            ClientEvent::Connection(state) => {
                self.bots[number].is_ready = state == ConnectionState::Ready;
            }
            ClientEvent::Stopped(_) => {
                self.bots[number].is_ready = false;
                self.bots[number].is_turned_away = true;
            }
            ClientEvent::Event(event) if event.author != self.bots[number].member.user => {
                if let Some(heard) = Heard::event(&event) {
                    self.receive(number, &heard);
                }
            }
            _ => {}
        }
    }

    /// Somebody else said something where this bot is.
    fn receive(&mut self, number: usize, heard: &Heard<'_>) {
        let read_at = Instant::now() + drawn(&self.pace.reading);
        self.agenda
            .plan(read_at, number, Act::Read(heard.chat, heard.seq));
        if !self.users.contains(&heard.author) {
            self.answer(number, read_at, heard);
        } else if rand::random_bool(REACTION_CHANCE)
            && let Ok(emoji) = Emoji::new(EMOJI[rand::random_range(0..EMOJI.len())])
        {
            let react = Act::React(heard.chat, heard.seq, emoji);
            self.agenda.plan(read_at, number, react);
        }
    }

    /// A person said something: the first bot that hears it answers, unless an answer is on its way there.
    fn answer(&mut self, number: usize, read_at: Instant, heard: &Heard<'_>) {
        let said_at = read_at + drawn(&self.pace.typing);
        let before = self.heard.get(&heard.chat).copied();
        let (newest, answered_at) = before.unwrap_or((Seq::ZERO, Instant::now()));
        if heard.seq <= newest {
            return;
        }
        if answered_at > Instant::now() {
            self.heard.insert(heard.chat, (heard.seq, answered_at));
            return;
        }
        self.heard.insert(heard.chat, (heard.seq, said_at));
        let answer = self.answers.to(heard.text, rand::random()).to_owned();
        self.agenda.plan(read_at, number, Act::Type(heard.chat));
        let say = Act::Say {
            chat: heard.chat,
            text: answer,
            reply_to: Some(heard.seq),
        };
        self.agenda.plan(said_at, number, say);
    }

    /// Does everything that is due.
    fn wake(&mut self, now: Instant) {
        while let Some((bot, act)) = self.agenda.due(now) {
            self.perform(bot, act);
        }
        if self.next_line <= now {
            self.next_line = now + drawn(&self.pace.between_lines);
            self.say_next_line(now);
        }
        if self.next_status <= now {
            self.next_status = now + drawn(&self.pace.between_statuses);
            self.change_a_status();
        }
    }

    fn say_next_line(&mut self, now: Instant) {
        if self.scenes.is_empty() {
            return;
        }
        let scene = rand::random_range(0..self.scenes.len());
        let scene = &mut self.scenes[scene];
        let chat = scene.chat;
        let (bot, text) = scene.turn();
        if !self.bots[bot].is_ready {
            return; // It would be said all at once later.
        }
        let say = Act::Say {
            chat,
            text,
            reply_to: None,
        };
        self.perform(bot, Act::Type(chat));
        self.agenda.plan(now + drawn(&self.pace.typing), bot, say);
    }

    fn change_a_status(&mut self) {
        let number = rand::random_range(0..self.bots.len());
        let bot = &mut self.bots[number];
        bot.is_away = !bot.is_away;
        let status = if bot.is_away {
            ChosenStatus::Away
        } else {
            ChosenStatus::Online
        };
        self.perform(number, Act::Status(status));
    }

    fn perform(&self, number: usize, act: Act) {
        let client = self.bots[number].member.client.clone();
        self.tracker.spawn(async move {
            if let Err(error) = act.perform(client).await {
                // Bots let it pass: what had to be kept is in the outbox.
                tracing::debug!(%error, "a bot could not do something");
            }
        });
    }
}

/// A message as bots hear it.
struct Heard<'a> {
    chat: ChatId,
    seq: Seq,
    author: UserId,
    text: &'a str,
}

impl<'a> Heard<'a> {
    fn event(event: &'a WireEvent) -> Option<Self> {
        let text = event.body.as_ref().and_then(Body::as_text)?;
        (event.kind == "message").then_some(Self {
            chat: event.chat,
            seq: event.seq,
            author: event.author,
            text,
        })
    }

    fn message(message: &'a MessageBody) -> Option<Self> {
        let text = message.body.as_ref().and_then(Body::as_text)?;
        (message.kind == "message").then_some(Self {
            chat: message.chat,
            seq: message.seq,
            author: message.author,
            text,
        })
    }
}
