//! Two connections to Redis, one for commands and one for listening, and the rules under which they are used.
//!
//! Whatever is asked is answered within [`ANSWER_WITHIN`], also when Redis hangs. The client reconnects by itself; a session
//! that does not get well is replaced by a new one, which ends its tasks and sockets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, ClusterInterface, EventInterface, PubsubInterface};
use fred::types::config::{Options as CallOptions, Server};
use fred::types::{ClusterHash, ConnectHandle, CustomCommand, Message, Value};
use fred::util::redis_keyslot;
use parlour_bus::BusError;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use crate::denials::Denials;
use crate::script::Script;
use crate::settings::{ANSWER_WITHIN, Settings};

/// One command, and the key that decides which server gets it.
#[derive(Debug)]
pub(crate) struct Command {
    name: &'static str,
    args: Vec<Value>,
}

/// Whether a command may be sent again when its connection broke before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It may have happened twice then.
    Yes,
    /// It happens once or not at all.
    No,
}

/// Connections to Redis.
#[derive(Debug)]
pub(crate) struct Session {
    commands: Client,
    listener: Client,
    tasks: [ConnectHandle; 2],
    complaints: Mutex<broadcast::Receiver<Complaint>>,
    denials: Denials,
    has_stopped: AtomicBool,
}

/// What the client says of a connection that failed, and of which server.
type Complaint = (Error, Option<Server>);

impl Command {
    /// A command whose first argument is its key.
    pub(crate) fn new<A: Into<Value>>(
        name: &'static str,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { name, args }
    }
}

impl Session {
    /// Starts connecting, and goes on trying.
    pub(crate) fn open(settings: &Settings) -> Self {
        let (commands, listener) = (settings.client(), settings.client());
        let complaints = Mutex::new(commands.error_rx());
        let tasks = [commands.connect(), listener.connect()];
        Self {
            commands,
            listener,
            tasks,
            complaints,
            denials: Denials::default(),
            has_stopped: AtomicBool::new(false),
        }
    }

    /// Waits until both connections stand, or for as long as an answer may take.
    pub(crate) async fn connected(&self) -> bool {
        let both = async {
            self.commands.wait_for_connect().await?;
            self.listener.wait_for_connect().await
        };
        matches!(tokio::time::timeout(ANSWER_WITHIN, both).await, Ok(Ok(())))
    }

    /// Why the connection for commands failed last, if it did since this was asked before.
    pub(crate) fn complaint(&self) -> Option<String> {
        let complaints = self.complaints.lock();
        let mut complaints = complaints.unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        loop {
            match complaints.try_recv() {
                Ok((error, _)) => last = Some(error.to_string()),
                // The latest are still there.
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return last,
            }
        }
    }

    /// What Redis did not let this node's user do, if it refused anything since this was asked before.
    pub(crate) fn denial(&self) -> Option<String> {
        self.denials.take()
    }

    /// What is heard on the listening connection from now on.
    pub(crate) fn messages(&self) -> broadcast::Receiver<Message> {
        self.listener.message_rx()
    }

    /// Each new connection of the listening client from now on.
    pub(crate) fn listener_connects(&self) -> broadcast::Receiver<Server> {
        self.listener.reconnect_rx()
    }

    /// Each new connection of the client for commands from now on.
    pub(crate) fn command_connects(&self) -> broadcast::Receiver<Server> {
        self.commands.reconnect_rx()
    }

    /// Starts hearing a channel. Only a packet that arrives proves that it worked.
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<(), BusError> {
        self.within(self.listener.ssubscribe(channel)).await
    }

    /// Ends hearing a channel.
    pub(crate) async fn unsubscribe(&self, channel: &str) -> Result<(), BusError> {
        self.within(self.listener.sunsubscribe(channel)).await
    }

    /// Runs a script. All its keys lie in the slot of the first.
    pub(crate) async fn run(
        &self,
        script: &Script,
        keys: &[&str],
        args: Vec<Bytes>,
        repeat: Repeat,
    ) -> Result<Value, BusError> {
        let args: Vec<Value> = args.into_iter().map(Value::Bytes).collect();
        let by_digest = self.eval("EVALSHA", &script.digest, keys, (args.clone(), repeat));
        match by_digest.await {
            Err(error) if error.details().starts_with("NOSCRIPT") => {}
            answer => return answer.map_err(|error| self.unavailable(&error)),
        }
        // Redis does not know the script and has done nothing.
        let by_source = self.eval("EVAL", script.source, keys, (args, repeat));
        by_source.await.map_err(|error| self.unavailable(&error))
    }

    async fn eval(
        &self,
        name: &'static str,
        script: &str,
        keys: &[&str],
        (args, repeat): (Vec<Value>, Repeat),
    ) -> Result<Value, Error> {
        let slot = keys.first().map(|key| redis_keyslot(key.as_bytes()));
        let command = CustomCommand::new_static(name, ClusterHash::from(slot), false);
        let mut all: Vec<Value> = vec![script.into(), keys.len().to_string().into()];
        all.extend(keys.iter().map(|key| Value::from(*key)));
        all.extend(args);
        let attempts = CallOptions {
            max_attempts: (repeat == Repeat::No).then_some(1),
            ..CallOptions::default()
        };
        let client = self.commands.with_options(&attempts);
        let answer = client.custom(command, all);
        match tokio::time::timeout(2 * ANSWER_WITHIN, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(fred::error::ErrorKind::Timeout, "no answer")),
        }
    }

    /// Sends all commands at once; their answers, in their order. They may be sent again.
    pub(crate) async fn all(&self, commands: Vec<Command>) -> Result<Vec<Value>, BusError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let pipeline = self.commands.pipeline();
        for Command { name, args } in commands {
            let command = CustomCommand::new_static(name, ClusterHash::FirstKey, false);
            // Answered at once: it is only put into the pipeline.
            let put: Result<Value, Error> = pipeline.custom(command, args).await;
            put.map_err(|error| self.unavailable(&error))?;
        }
        self.within(pipeline.all::<Vec<Value>>()).await
    }

    /// One slot of each server of a cluster; none if it is one server or not known yet.
    pub(crate) fn slots(&self) -> Vec<u16> {
        let servers = self.commands.cached_cluster_state();
        servers.map_or_else(Vec::new, |servers| servers.unique_hash_slots())
    }

    /// Ends listening. Idempotent.
    pub(crate) async fn stop_listening(&self) {
        if !self.has_stopped.swap(true, Ordering::SeqCst) {
            let _ = self.within(self.listener.quit()).await;
        }
    }

    /// Ends both connections.
    pub(crate) async fn close(&self) {
        let _ = tokio::join!(self.stop_listening(), self.within(self.commands.quit()));
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, BusError> {
        match tokio::time::timeout(2 * ANSWER_WITHIN, answer).await {
            Ok(answer) => answer.map_err(|error| self.unavailable(&error)),
            Err(_) => Err(BusError::Unavailable("no answer".to_owned())),
        }
    }

    fn unavailable(&self, error: &Error) -> BusError {
        self.denials.note(error.details());
        BusError::Unavailable(error.to_string())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A text that Redis answered.
pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_string()
}

/// A list that Redis answered; empty if it is none.
pub(crate) fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        _ => Vec::new(),
    }
}

/// A whole number that Redis answered, as number or text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        other => other.as_string()?.parse().ok(),
    }
}
