//! Plays a script, step after step, and says where the client left it.

mod waiting;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::defaults;
use super::listening::{Arrival, Arrived, Upgrade, listen};
use super::manners::Desk;
use super::step::{Call, Greeting, ServerStep};
use super::values::Values;
use super::wire::Wire;

/// How long a client may take for what a step waits for: its longest pause between two attempts, and as much again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays a script on a listening socket to its last step.
///
/// # Errors
/// The step at which the client did something else, and what.
pub async fn play(script: &[ServerStep], listener: TcpListener) -> anyhow::Result<Played> {
    let mut tasks = JoinSet::new();
    let mut player = Player::new(listen(listener, &mut tasks));
    for (place, step) in script.iter().enumerate() {
        player.ahead = calls_in(&script[place..]);
        player.is_answered_next = script.get(place + 1).is_some_and(is_answer);
        let done = tokio::time::timeout(PATIENCE, player.step(step)).await;
        let done = done.unwrap_or_else(|_| Err(anyhow::anyhow!("the client did nothing more")));
        done.with_context(|| format!("step {} of the server, {step:?}", place + 1))?;
        player.last_step = Instant::now();
    }
    player.ahead.clear();
    Ok(Played {
        player,
        _tasks: tasks,
    })
}

/// A script that is played to its last step, while the client is still there.
pub struct Played {
    player: Player,
    _tasks: JoinSet<()>,
}

impl Played {
    /// Waits until the client has closed its connections.
    ///
    /// # Errors
    /// When it does not, or does something first that is not in the script.
    pub async fn end(mut self) -> anyhow::Result<()> {
        let end = tokio::time::timeout(PATIENCE, self.player.end()).await;
        end.unwrap_or_else(|_| bail!("the client does not close its connections"))
            .context("after the last step of the server")
    }
}

/// Whether the script itself says what becomes of the frame before.
fn is_answer(step: &ServerStep) -> bool {
    matches!(
        step,
        ServerStep::Answer(_) | ServerStep::Drop(_) | ServerStep::Close(_)
    )
}

/// The HTTP calls that steps wait for.
fn calls_in(script: &[ServerStep]) -> Vec<String> {
    let calls = script.iter().filter_map(|step| match step {
        ServerStep::Http(call) => Some(call.request.clone()),
        _ => None,
    });
    calls.collect()
}

/// The state of one play.
struct Player {
    arrivals: mpsc::Receiver<Arrival>,
    /// Clients that want a WebSocket and have not been taken.
    upgrades: VecDeque<Upgrade>,
    /// Calls that a later step waits for.
    calls: VecDeque<Arrived>,
    /// Every connection there was, the newest last.
    wires: Vec<Wire>,
    values: Values,
    desk: Desk,
    /// The calls that this step and later ones wait for.
    ahead: Vec<String>,
    /// Whether the next step answers the frame that this one expects.
    is_answered_next: bool,
    /// The `ref` of the frame last expected.
    reference: Value,
    last_step: Instant,
    /// How much the clock of this server is ahead, in milliseconds.
    clock_ahead_ms: i64,
}

impl Player {
    fn new(arrivals: mpsc::Receiver<Arrival>) -> Self {
        Self {
            arrivals,
            upgrades: VecDeque::new(),
            calls: VecDeque::new(),
            wires: Vec::new(),
            values: Values::default(),
            desk: Desk::default(),
            ahead: Vec::new(),
            is_answered_next: false,
            reference: Value::Null,
            last_step: Instant::now(),
            clock_ahead_ms: 0,
        }
    }

    async fn step(&mut self, step: &ServerStep) -> anyhow::Result<()> {
        match step {
            ServerStep::Old(step) => {
                let old = self.wires.len().checked_sub(2).context("no older one")?;
                self.step_on(old, step).await
            }
            ServerStep::Accept(_) => self.accept().await,
            ServerStep::Greet(greeting) => self.greet(greeting).await,
            ServerStep::Refuse(status) => self.refuse(*status).await,
            ServerStep::Http(call) => self.http(call).await,
            step => {
                let newest = self.wires.len().checked_sub(1).context("no connection")?;
                self.step_on(newest, step).await
            }
        }
    }

    /// A step on the connection with this number.
    async fn step_on(&mut self, place: usize, step: &ServerStep) -> anyhow::Result<()> {
        match step {
            ServerStep::Expect(frame) => self.expect(place, frame).await,
            ServerStep::ExpectAfter { ms, frame } => {
                let earliest = self.last_step + Duration::from_millis(*ms);
                self.expect(place, frame).await?;
                if Instant::now() < earliest {
                    bail!("the frame came too early");
                }
                Ok(())
            }
            ServerStep::Answer(frame) => {
                let mut frame = frame.clone();
                frame.insert("ref".to_owned(), self.reference.clone());
                self.send(place, frame).await
            }
            ServerStep::Send(frame) => self.send(place, frame.clone()).await,
            ServerStep::Event(event) => self.send(place, defaults::event(event.clone())).await,
            ServerStep::Garbage(garbage) => {
                self.wires[place].send_garbage(*garbage).await;
                Ok(())
            }
            ServerStep::Mute(_) => {
                self.wires[place].is_mute = true;
                Ok(())
            }
            ServerStep::Close(number) => {
                self.wires[place].close(*number).await;
                Ok(())
            }
            ServerStep::Drop(_) => {
                self.wires[place].drop_silently().await;
                Ok(())
            }
            ServerStep::Closed(_) => self.closed(place).await,
            _ => bail!("a step of no connection cannot stand in `old`"),
        }
    }

    async fn send(&mut self, place: usize, frame: Map<String, Value>) -> anyhow::Result<()> {
        let frame = self.values.fill(&Value::Object(defaults::frame(frame)));
        let frame = frame.map_err(anyhow::Error::msg)?;
        let frame = frame.as_object().context("a frame is an object")?;
        self.wires[place].send(frame).await
    }

    async fn accept(&mut self) -> anyhow::Result<()> {
        loop {
            let upgrade = self.next_upgrade().await?;
            if let Some(socket) = upgrade.accept().await {
                self.wires.push(Wire::new(socket)?);
                return Ok(());
            }
        }
    }

    async fn refuse(&mut self, status: u16) -> anyhow::Result<()> {
        let status = StatusCode::from_u16(status)?;
        while !self.next_upgrade().await?.refuse(status) {}
        Ok(())
    }

    async fn greet(&mut self, greeting: &Greeting) -> anyhow::Result<()> {
        self.accept().await?;
        let place = self.wires.len() - 1;
        let hello = self.hello(place, greeting).await?;
        self.clock_ahead_ms = greeting.clock_ahead_ms;
        let mut welcome = defaults::welcome(
            defaults::now_ms() + greeting.clock_ahead_ms,
            greeting.heartbeat_ms.unwrap_or(25_000),
            greeting.token_lasts_ms.unwrap_or(600_000),
        );
        welcome.insert("ref".to_owned(), hello.clone());
        self.send(place, welcome).await?;
        self.send(place, object(json!({"type": "marks", "chats": {}})))
            .await?;
        self.tell_chats(place, greeting).await?;
        for event in &greeting.events {
            self.send(place, defaults::event(event.clone())).await?;
        }
        for frame in &greeting.frames {
            self.send(place, frame.clone()).await?;
        }
        if !greeting.unready {
            let ready = object(json!({"type": "ready", "ref": hello}));
            self.send(place, ready).await?;
        }
        Ok(())
    }

    /// Takes `hello` and gives its `ref`.
    async fn hello(&mut self, place: usize, greeting: &Greeting) -> anyhow::Result<Value> {
        let mut pattern = greeting.hello.clone();
        pattern.insert("type".to_owned(), json!("hello"));
        pattern.insert("cursors".to_owned(), json!("$_"));
        let hello = self.take(place, &Value::Object(pattern)).await?;
        if let Some(cursors) = &greeting.cursors {
            let found = hello["cursors"].as_object().map_or(0, Map::len);
            let wanted = Value::Object(cursors.clone());
            let same = self.values.learn(&wanted, &hello["cursors"]);
            if found != cursors.len() || same.is_err() {
                bail!(
                    "the cursors are {} and should be {wanted}",
                    hello["cursors"]
                );
            }
        }
        Ok(hello["ref"].clone())
    }

    async fn tell_chats(&mut self, place: usize, greeting: &Greeting) -> anyhow::Result<()> {
        for said in &greeting.joined {
            let chat = defaults::chat(said.clone());
            self.desk.chats.retain(|known| known["id"] != chat["id"]);
            self.desk.chats.push(chat.clone());
            let joined = json!({"type": "chat", "change": "joined", "chat": chat});
            self.send(place, object(joined)).await?;
        }
        Ok(())
    }

    async fn http(&mut self, wanted: &Call) -> anyhow::Result<()> {
        let call = self.next_call(&wanted.request).await?;
        let body = self.values.learn(&wanted.body, &call.body);
        if !wanted.body.is_null() {
            body.map_err(anyhow::Error::msg)?;
        }
        match wanted.status {
            None => self.desk.serve(call),
            Some(status) => {
                let body = self.values.fill(&wanted.answer);
                let status = StatusCode::from_u16(status)?;
                call.answer(status, body.map_err(anyhow::Error::msg)?);
            }
        }
        Ok(())
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
