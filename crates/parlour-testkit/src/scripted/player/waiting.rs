//! Waiting for what a step wants, while everything else that may come is answered, kept for later, or a difference.

use anyhow::bail;
use parlour_model::{EventKey, Timestamp};
use serde_json::Value;

use super::Player;
use crate::scripted::defaults;
use crate::scripted::happening::{self, Happening};
use crate::scripted::listening::{Arrived, Upgrade};
use crate::scripted::manners;

impl Player {
    /// Waits for a frame that matches `pattern` and remembers its `ref`. One that has a usual answer gets it, unless
    /// the next step is another.
    pub(super) async fn expect(&mut self, place: usize, pattern: &Value) -> anyhow::Result<()> {
        let frame = self.take(place, pattern).await?;
        self.reference = frame["ref"].clone();
        if self.is_answered_next {
            return Ok(());
        }
        self.be_polite(place, &frame).await
    }

    /// The next frame on this connection, which must match `pattern`.
    pub(super) async fn take(&mut self, place: usize, pattern: &Value) -> anyhow::Result<Value> {
        loop {
            let frame = self.next_frame(place).await?;
            self.check_key(&frame)?;
            match (
                self.values.learn(pattern, &frame),
                manners::answer_to(&frame),
            ) {
                (Ok(()), _) => return Ok(frame),
                (Err(_), Some(_)) => self.be_polite(place, &frame).await?,
                (Err(difference), None) => bail!("{difference}: {frame}"),
            }
        }
    }

    async fn next_frame(&mut self, place: usize) -> anyhow::Result<Value> {
        loop {
            if let Some(frame) = self.wires[place].waiting.pop_front() {
                return Ok(frame);
            }
            if !self.wires[place].is_open() {
                bail!("the client closed the connection");
            }
            match self.happening().await? {
                Happening::Frame(from, frame) => self.wires[from].waiting.push_back(frame),
                Happening::Upgrade(upgrade) => self.upgrades.push_back(upgrade),
                Happening::Call(call) => self.put_aside(call),
                Happening::Closed => {}
            }
        }
    }

    pub(super) async fn next_upgrade(&mut self) -> anyhow::Result<Upgrade> {
        loop {
            if let Some(upgrade) = self.upgrades.pop_front() {
                return Ok(upgrade);
            }
            match self.happening().await? {
                Happening::Upgrade(upgrade) => return Ok(upgrade),
                Happening::Call(call) => self.put_aside(call),
                Happening::Frame(from, frame) => self.wait_or_be_polite(from, frame).await?,
                Happening::Closed => {}
            }
        }
    }

    /// The next call of this line. A connection that is asked for first is a difference.
    pub(super) async fn next_call(&mut self, line: &str) -> anyhow::Result<Arrived> {
        loop {
            let there = self.calls.iter().position(|call| call.line == line);
            if let Some(call) = there.and_then(|place| self.calls.remove(place)) {
                return Ok(call);
            }
            match self.happening().await? {
                Happening::Call(call) => self.put_aside(call),
                Happening::Upgrade(_) => bail!("the client connects instead"),
                Happening::Frame(from, frame) => self.wait_or_be_polite(from, frame).await?,
                Happening::Closed => {}
            }
        }
    }

    /// Waits until the client has closed this connection, having said nothing more of weight on it.
    pub(super) async fn closed(&mut self, place: usize) -> anyhow::Result<()> {
        while self.wires[place].is_open() {
            match self.happening().await? {
                Happening::Upgrade(upgrade) => self.upgrades.push_back(upgrade),
                Happening::Call(call) => self.put_aside(call),
                Happening::Frame(from, frame) => self.wait_or_be_polite(from, frame).await?,
                Happening::Closed => {}
            }
        }
        self.nothing_waits(place)
    }

    /// Waits until the client has closed everything.
    pub(super) async fn end(&mut self) -> anyhow::Result<()> {
        for place in 0..self.wires.len() {
            self.closed(place).await?;
        }
        if !self.upgrades.is_empty() {
            bail!("the client connects once more");
        }
        Ok(())
    }

    fn nothing_waits(&self, place: usize) -> anyhow::Result<()> {
        match self.wires[place].waiting.front() {
            Some(frame) => bail!("the client sends what is not in the script: {frame}"),
            None => Ok(()),
        }
    }

    async fn happening(&mut self) -> anyhow::Result<Happening> {
        happening::next(&mut self.arrivals, &mut self.wires).await
    }

    /// Keeps a call for the step that waits for it, or answers it.
    fn put_aside(&mut self, call: Arrived) {
        if self.ahead.contains(&call.line) {
            self.calls.push_back(call);
        } else {
            self.desk.serve(call);
        }
    }

    /// A frame came while the script looks elsewhere.
    async fn wait_or_be_polite(&mut self, from: usize, frame: Value) -> anyhow::Result<()> {
        if manners::answer_to(&frame).is_some() {
            return self.be_polite(from, &frame).await;
        }
        self.wires[from].waiting.push_back(frame);
        Ok(())
    }

    async fn be_polite(&mut self, place: usize, frame: &Value) -> anyhow::Result<()> {
        let Some(mut answer) = manners::answer_to(frame) else {
            return Ok(());
        };
        if answer.is_empty() {
            return Ok(());
        }
        answer.insert("ref".to_owned(), frame["ref"].clone());
        self.wires[place].send(&answer).await
    }

    /// Refuses keys that a real server refuses for their time.
    fn check_key(&self, frame: &Value) -> anyhow::Result<()> {
        let Some(key) = frame.get("key") else {
            return Ok(());
        };
        let key: EventKey = serde_json::from_value(key.clone())?;
        let now = u64::try_from(defaults::now_ms() + self.clock_ahead_ms)?;
        if key.check_time(Timestamp::from_millis(now)).is_err() {
            bail!("the time in the key is not that of the server: {frame}");
        }
        Ok(())
    }
}
