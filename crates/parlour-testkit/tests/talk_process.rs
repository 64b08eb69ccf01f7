//! `parlour talk` as people and scripts use it: processes that read and write lines, against a real server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use parlour_testkit::{Launch, Server};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_parlour-testnode");
const PATIENCE: Duration = Duration::from_secs(30);

/// A server and the folder of its users' state files.
struct World {
    server: Server,
    folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let launch = Launch::new(PROGRAM, &folder.path().join("data"));
        let server = Server::start(launch).await.unwrap();
        Self { server, folder }
    }

    /// Somebody who talks, registered if they are new.
    async fn talk(&self, user: &str, options: &[&str]) -> Talk {
        let mut talk = Talk::start(&self.server.url(), user, options, self.folder.path());
        talk.writes(&format!("password of {user}")).await;
        talk
    }
}

/// One `talk` process.
struct Talk {
    user: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    complaints: ChildStderr,
    shown: Vec<String>,
}

impl Talk {
    fn start(url: &str, user: &str, options: &[&str], state: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .args(["talk", "--url", url, "--user", user])
            .args(options);
        command
            .env_clear()
            .env("XDG_DATA_HOME", state)
            .kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            user: user.to_owned(),
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()).lines(),
            complaints: child.stderr.take().unwrap(),
            child,
            shown: Vec::new(),
        }
    }

    async fn writes(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is still open");
        input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    /// Waits for the next line that has `text` in it.
    async fn sees(&mut self, text: &str) -> String {
        let seen = async {
            while let Some(line) = self.output.next_line().await.unwrap() {
                self.shown.push(line.clone());
                if line.contains(text) {
                    return Some(line);
                }
            }
            None
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await.ok().flatten();
        seen.unwrap_or_else(|| {
            panic!(
                "{} never saw {text:?} but:\n{}",
                self.user,
                self.shown.join("\n")
            )
        })
    }

    /// Ends the input and waits until the process has ended: how, what it showed in all, and what it complained of.
    async fn leaves(mut self) -> (ExitStatus, Vec<String>, String) {
        drop(self.input.take());
        self.ends().await
    }

    /// The same without ending the input.
    async fn ends(mut self) -> (ExitStatus, Vec<String>, String) {
        let ended = async {
            while let Some(line) = self.output.next_line().await.unwrap() {
                self.shown.push(line);
            }
            let mut complaints = String::new();
            self.complaints
                .read_to_string(&mut complaints)
                .await
                .unwrap();
            (self.child.wait().await.unwrap(), complaints)
        };
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        let (status, complaints) = ended.unwrap_or_else(|_| panic!("{} did not leave", self.user));
        (status, self.shown, complaints)
    }
}

#[tokio::test]
async fn two_people_talk_and_see_how_far_their_messages_got() {
    let world = World::start().await;
    let mut bob = world.talk("bob", &["--register"]).await;
    bob.sees("connected").await;
    let mut ann = world.talk("ann", &["--register", "--with", "bob"]).await;
    ann.sees("— @bob —").await;
    ann.writes("hello bob").await;
    ann.sees("[2] ✓ hello bob").await;
    bob.sees("@ann: hello bob  (/open 1)").await;
    bob.writes("/open 1").await;
    bob.sees("[2] ann: hello bob").await;
    ann.sees("[2] ✓✓ read").await;

    bob.writes("/reply 2 hi ann").await;
    ann.sees("[3] bob (to [2]): hi ann").await;
    ann.writes("/react 3 👍").await;
    bob.sees("ann put 👍 on [3]").await;
    bob.writes("/edit 3 hi, ann").await;
    ann.sees("[3] bob (edited): hi, ann").await;
    bob.writes("/status busy").await;
    ann.sees("bob is busy").await;
    bob.writes("/delete 3").await;
    ann.sees("bob deleted [3]").await;

    let (status, shown, complaints) = bob.leaves().await;
    assert!(status.success(), "{complaints}");
    assert_eq!(
        shown
            .iter()
            .filter(|line| line.contains("[2] ann: hello bob"))
            .count(),
        1,
        "{shown:#?}"
    );
}

#[tokio::test]
async fn a_chat_opens_as_soon_as_the_other_one_is_there_and_lines_wait_for_it() {
    let world = World::start().await;
    let mut ann = world.talk("ann", &["--register", "--with", "bob"]).await;
    ann.writes("are you there?").await;
    ann.sees("bob is not here yet").await;
    let mut bob = world.talk("bob", &["--register"]).await;
    ann.sees("✓ are you there?").await;
    bob.sees("@ann: are you there?").await;
}

#[tokio::test]
async fn what_is_written_while_the_server_is_away_is_sent_once_by_the_next_start() {
    let mut world = World::start().await;
    let mut bob = world.talk("bob", &["--register"]).await;
    bob.sees("connected").await;
    let mut ann = world.talk("ann", &["--register", "--with", "bob"]).await;
    ann.sees("— @bob —").await;
    bob.writes("/with ann").await;
    bob.sees("— @ann —").await;

    world.server.kill_9().await.unwrap();
    ann.sees("connection lost").await;
    ann.writes("are you still there?").await;
    ann.sees("[…] are you still there?").await;
    let (status, shown, complaints) = ann.leaves().await;
    assert!(status.success(), "{complaints}");
    assert!(
        shown.iter().any(|line| line.contains("1 not sent yet")),
        "{shown:#?}"
    );

    world.server.start_again().await.unwrap();
    let mut ann = world.talk("ann", &["--with", "bob"]).await;
    ann.sees("✓ are you still there?").await;
    ann.writes("now you have it").await;
    bob.sees("ann: now you have it").await;
    let sent = bob
        .shown
        .iter()
        .filter(|line| line.contains("ann: are you still there?"));
    assert_eq!(sent.count(), 1, "{:#?}", bob.shown);
}

#[tokio::test]
async fn a_group_is_made_grows_and_is_left() {
    let world = World::start().await;
    let mut bob = world.talk("bob", &["--register"]).await;
    let mut carol = world.talk("carol", &["--register"]).await;
    bob.sees("connected").await;
    carol.sees("connected").await;
    let mut ann = world.talk("ann", &["--register"]).await;
    ann.writes("/group \"Late lunch\" bob").await;
    ann.sees("you made the group “Late lunch” with bob").await;
    bob.sees("you are in a new chat: #Late lunch  (/open 1)")
        .await;
    ann.writes("/add carol").await;
    ann.sees("you added carol").await;
    carol
        .sees("you are in a new chat: #Late lunch  (/open 1)")
        .await;
    carol.writes("/open 1").await;
    carol.writes("hi all").await;
    bob.sees("#Late lunch, carol: hi all").await;
    carol.writes("/leave").await;
    carol.sees("you are no longer in #Late lunch").await;
    ann.sees("carol left").await;
    ann.writes("/members").await;
    ann.sees("@ann, owner").await;
    ann.sees("@bob").await;
    let (_, shown, _) = ann.leaves().await;
    assert!(
        !shown.iter().any(|line| line.trim() == "@carol"),
        "{shown:#?}"
    );
}

#[tokio::test]
async fn what_others_write_cannot_command_the_terminal() {
    let world = World::start().await;
    let mut bob = world.talk("bob", &["--register"]).await;
    bob.sees("connected").await;
    let mut ann = world.talk("ann", &["--register", "--with", "bob"]).await;
    ann.sees("— @bob —").await;
    bob.writes("/with ann").await;
    bob.writes("\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}evil").await;
    let line = ann.sees("evil").await;
    assert_eq!(
        line,
        "[2] bob: \\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{202e}evil"
    );
}

#[tokio::test]
async fn a_wrong_password_is_refused_with_what_helps() {
    let world = World::start().await;
    let bob = world.talk("bob", &["--register"]).await;
    assert!(bob.leaves().await.0.success());
    let mut stranger = Talk::start(
        &world.server.url(),
        "bob",
        &["--no-state"],
        world.folder.path(),
    );
    stranger.writes("not the password").await;
    let (status, _, complaints) = stranger.leaves().await;
    assert!(!status.success());
    assert!(complaints.contains("--register"), "{complaints}");
}

#[tokio::test]
async fn ctrl_c_ends_it_properly_while_the_input_is_still_open() {
    let world = World::start().await;
    let mut ann = world.talk("ann", &["--register"]).await;
    ann.sees("connected").await;
    let process = ann.child.id().unwrap().to_string();
    let sent = Command::new("kill")
        .args(["-INT", &process])
        .status()
        .await
        .unwrap();
    assert!(sent.success());
    let (status, _, complaints) = ann.ends().await;
    assert!(status.success(), "{complaints}");
}
