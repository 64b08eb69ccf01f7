//! What others see of a user.
//!
//! A script reads routes and cell of a user and writes the cell, as one. It cannot see who is alive, which lies in another slot,
//! so it is told, and it answers "unsure" when it finds a node that it was told nothing about and that matters. Then the node is
//! judged by a list that is newer than its route, and the script runs again.

use std::collections::HashSet;
use std::fmt::Write;

use async_trait::async_trait;
use bytes::Bytes;
use fred::types::Value;
use parlour_bus::{BusError, Chosen, NodeRef, PresenceCells, PresenceEdge};
use parlour_model::{ChosenStatus, Presence, PresenceStatus, Timestamp, UserId};

use crate::RedisBus;
use crate::core::Core;
use crate::fields;
use crate::keys;
use crate::nodes::Judged;
use crate::script::SETTLE;
use crate::session::{self, Command, Repeat, Session};

/// How often a settlement is tried while new nodes keep appearing.
const TRIES_MAX: usize = 5;

#[async_trait]
impl PresenceCells for RedisBus {
    async fn settle(
        &self,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Result<Option<PresenceEdge>, BusError> {
        self.core().settle(user, chosen, at).await
    }

    async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, BusError> {
        self.core().presence(users).await
    }

    async fn watch(&self, users: &[UserId]) -> Result<(), BusError> {
        let (session, node) = self.core().usable()?;
        self.core().written.watch(users);
        let writes = users.iter().map(|user| keys::watchers(*user));
        let writes = writes.flat_map(|hash| fields::write(hash, node.to_string()));
        session.all(writes.collect()).await.map(drop)
    }

    async fn unwatch(&self, users: &[UserId]) -> Result<(), BusError> {
        self.core().written.unwatch(users);
        let (session, node) = self.core().usable()?;
        let drop_field = |user: &UserId| {
            let field = [keys::watchers(*user), node.to_string()];
            Command::new("HDEL", field)
        };
        let commands = users.iter().map(drop_field).collect();
        session.all(commands).await.map(drop)
    }
}

impl Core {
    async fn settle(
        &self,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Result<Option<PresenceEdge>, BusError> {
        let (session, node) = self.usable()?;
        if !self.nodes.judge(&session, [node]).await?.dead.is_empty() {
            // Others may have lost theirs as well, and their users would look gone.
            self.wake.notify_one();
            let what = "this node has lost its lease and cannot tell who is alive";
            return Err(BusError::Unavailable(what.to_owned()));
        }
        let mut judged = Judged {
            alive: self.nodes.recent(&session).await?,
            dead: HashSet::new(),
        };
        for _ in 0..TRIES_MAX {
            let answer = self
                .run_settle(&session, user, (chosen, at), &judged)
                .await?;
            let mut words = answer.iter().filter_map(session::text);
            match words.next().as_deref() {
                Some("same") => return Ok(None),
                Some("edge") => {
                    let presence = self.edge(user, at, &mut words)?;
                    let watchers: Vec<NodeRef> =
                        words.filter_map(|field| keys::node_of(&field)).collect();
                    let watchers = self.living_watchers(&session, user, watchers).await;
                    return Ok(Some(PresenceEdge { presence, watchers }));
                }
                Some("unsure") => {
                    let unsure = words.filter_map(|node| keys::node_of(&node));
                    let newer = self.nodes.judge(&session, unsure).await?;
                    judged.alive.extend(newer.alive);
                    judged.dead.extend(newer.dead);
                }
                _ => break,
            }
        }
        Err(BusError::Unavailable(
            "presence could not be settled".to_owned(),
        ))
    }

    async fn run_settle(
        &self,
        session: &Session,
        user: UserId,
        (chosen, at): (Chosen, Timestamp),
        judged: &Judged,
    ) -> Result<Vec<Value>, BusError> {
        let (kind, status) = match chosen {
            Chosen::Now(status) => ("now", name(status)),
            Chosen::AsStored(status) => ("stored", name(status)),
            Chosen::Unknown => ("unknown", ""),
        };
        let args = [
            names(&judged.alive),
            names(&judged.dead),
            kind.to_owned(),
            status.to_owned(),
            at.as_millis().to_string(),
            self.now().as_millis().to_string(),
            self.births.floor().to_string(),
            keys::KEPT_S.to_string(),
        ]
        .map(Bytes::from);
        let (routes, presence) = (keys::routes(user), keys::presence(user));
        let watchers = keys::watchers(user);
        let keys = [routes.as_str(), &presence, &watchers];
        // Run twice it changes nothing, but the first answer would be lost with the edge in it.
        let answer = session.run(&SETTLE, &keys, args.into(), Repeat::No).await?;
        Ok(session::list(answer))
    }

    /// The change that the script made, from its words: status and version.
    fn edge(
        &self,
        user: UserId,
        at: Timestamp,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<Presence, BusError> {
        let status = words.next().map(|word| shown(&word));
        let version = words.next().and_then(|word| word.parse().ok());
        let (Some(status), Some(version)) = (status, version) else {
            let what = "a change of presence is incomplete";
            return Err(BusError::Unavailable(what.to_owned()));
        };
        self.births.note_version(version);
        Ok(Presence {
            user,
            status,
            last_seen: (status == PresenceStatus::Offline).then_some(at),
            version,
        })
    }

    /// Those who live among the watchers. If that cannot be found out, all: to tell the dead does no harm.
    async fn living_watchers(
        &self,
        session: &Session,
        user: UserId,
        watchers: Vec<NodeRef>,
    ) -> Vec<NodeRef> {
        let Ok(judged) = self.nodes.judge(session, watchers.iter().copied()).await else {
            return watchers;
        };
        if !judged.dead.is_empty() {
            let mut args = vec![keys::watchers(user)];
            args.extend(judged.dead.iter().map(ToString::to_string));
            // What could not be dropped is dropped the next time.
            let _ = session.all(vec![Command::new("HDEL", args)]).await;
        }
        let alive = |node: &NodeRef| judged.alive.contains(node);
        watchers.into_iter().filter(alive).collect()
    }

    async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, BusError> {
        let (session, _) = self.usable()?;
        let now = self.now();
        let fields = ["status", "version", "seen"].map(str::to_owned);
        let read = |user: &UserId| {
            let args = [keys::presence(*user)].into_iter().chain(fields.clone());
            Command::new("HMGET", args)
        };
        let mut commands: Vec<Command> = users.iter().map(read).collect();
        // Behind the cells: if a cell is missing because its server was emptied, that server has no birth either.
        let question = self.births.question(&session, now);
        commands.extend(question.commands());
        let mut answers = session.all(commands).await?;
        let births = answers.split_off(users.len().min(answers.len()));
        if self.births.read(&question, &births) {
            // The keeper tells it, when the lease, which is forgotten too, has been taken again.
            self.wake.notify_one();
            let what = "Redis has just forgotten who is there";
            return Err(BusError::Unavailable(what.to_owned()));
        }
        // A cell is forgotten when it has not changed for so long.
        let kept_ms = keys::KEPT_S * 1_000;
        let forgotten = self
            .births
            .floor()
            .max(now.as_millis().saturating_sub(kept_ms));
        let is_in_doubt = self.births.are_in_doubt();
        let cells = users.iter().zip(answers);
        Ok(cells
            .map(|(user, cell)| match session::list(cell) {
                // Whoever notices that everything was forgotten is told at once, who asks at the same time only by this.
                cell if is_in_doubt && cell.first().and_then(session::text).is_none() => {
                    Presence::unknown(*user)
                }
                cell => read_cell(*user, &cell, forgotten),
            })
            .collect())
    }
}

/// A cell as status, version, last seen; offline under the version `forgotten` if it has none.
fn read_cell(user: UserId, cell: &[Value], forgotten: u64) -> Presence {
    let text = |index: usize| cell.get(index).and_then(session::text);
    let number = |index: usize| cell.get(index).and_then(session::number);
    Presence {
        user,
        status: text(0).map_or(PresenceStatus::Offline, |word| shown(&word)),
        last_seen: number(2).map(Timestamp::from_millis),
        version: number(1).unwrap_or(forgotten),
    }
}

fn names(nodes: &HashSet<NodeRef>) -> String {
    let mut names = String::from(" ");
    for node in nodes {
        let _ = write!(names, "{node} ");
    }
    names
}

fn name(status: ChosenStatus) -> &'static str {
    match status {
        ChosenStatus::Online => "online",
        ChosenStatus::Away => "away",
        ChosenStatus::Busy => "busy",
        ChosenStatus::Invisible => "invisible",
    }
}

fn shown(word: &str) -> PresenceStatus {
    match word {
        "online" => PresenceStatus::Online,
        "away" => PresenceStatus::Away,
        "busy" => PresenceStatus::Busy,
        "offline" => PresenceStatus::Offline,
        _ => PresenceStatus::Unknown,
    }
}
