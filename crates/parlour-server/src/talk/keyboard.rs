//! Where lines come from: a terminal with line editing, or a pipe.
//!
//! - A line is read only when it is asked for, so the terminal is in its usual mode whenever nobody reads.

use std::io::{self, BufRead, BufReader, IsTerminal, Stdin};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use tokio::sync::{oneshot, watch};

use super::blocking;
use super::command::is_message;
use super::screen::{Screen, printable};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A line.
    Line(String),
    /// Nothing more comes: Ctrl-C, Ctrl-D, or the end of the pipe.
    End,
}

/// The keyboard.
pub(super) struct Keyboard {
    reader: Option<Reader>,
    answer: Option<oneshot::Receiver<(Reader, Typed)>>,
    strokes: watch::Sender<u64>,
    is_terminal: bool,
}

enum Reader {
    Terminal(Box<Editor<Watcher, MemHistory>>),
    Pipe(BufReader<Stdin>),
}

impl Keyboard {
    /// What this process has: line editing if both ends are a terminal.
    pub(super) fn and_screen() -> anyhow::Result<(Self, Screen)> {
        let (strokes, _) = watch::channel(0);
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            let pipe = Reader::Pipe(BufReader::new(io::stdin()));
            return Ok((Self::new(pipe, strokes), Screen::plain()));
        }
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::with_history(config, MemHistory::new())?;
        editor.set_helper(Some(Watcher(strokes.clone())));
        // A terminal too simple for line editing still takes and shows lines.
        let screen = match editor.create_external_printer() {
            Ok(printer) => Screen::above_prompt(Box::new(printer), has_colours()),
            Err(_) => Screen::plain(),
        };
        let terminal = Reader::Terminal(Box::new(editor));
        Ok((Self::new(terminal, strokes), screen))
    }

    fn new(reader: Reader, strokes: watch::Sender<u64>) -> Self {
        Self {
            is_terminal: matches!(reader, Reader::Terminal(_)),
            reader: Some(reader),
            answer: None,
            strokes,
        }
    }

    /// Whether somebody sits there.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Changes with every stroke of a message. Nothing comes from a pipe.
    pub(super) fn strokes(&self) -> watch::Receiver<u64> {
        self.strokes.subscribe()
    }

    /// The next line. May be given up and asked for again: no line is lost.
    pub(super) async fn next(&mut self, prompt: &str) -> Typed {
        if let Some(reader) = self.reader.take() {
            self.answer = read_one(reader, printable(prompt));
        }
        let Some(answer) = &mut self.answer else {
            return Typed::End;
        };
        match answer.await {
            Ok((reader, typed)) => {
                self.reader = Some(reader);
                self.answer = None;
                typed
            }
            // The thread is gone, and the keyboard with it.
            Err(_) => {
                self.answer = None;
                Typed::End
            }
        }
    }
}

/// Reads one line on a thread; `None` if there is none to be had.
fn read_one(mut reader: Reader, prompt: String) -> Option<oneshot::Receiver<(Reader, Typed)>> {
    blocking::begin("keyboard", move || {
        let typed = reader.read(&prompt);
        (reader, typed)
    })
}

impl Reader {
    fn read(&mut self, prompt: &str) -> Typed {
        match self {
            Self::Terminal(editor) => loop {
                return match editor.readline(prompt) {
                    Ok(line) => Typed::Line(line),
                    // The window has another size.
                    Err(ReadlineError::Signal(_)) => continue,
                    Err(_) => Typed::End,
                };
            },
            Self::Pipe(pipe) => {
                let mut line = Vec::new();
                match pipe.read_until(b'\n', &mut line) {
                    Ok(1..) => Typed::Line(String::from_utf8_lossy(&line).trim_end().to_owned()),
                    Ok(0) | Err(_) => Typed::End,
                }
            }
        }
    }
}

/// Whether faint text is wanted, see https://no-color.org.
#[expect(
    clippy::disallowed_methods,
    reason = "how a terminal is to look is said in its environment"
)]
fn has_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Sees every stroke. Line editing asks it for a hint, of which it has none.
struct Watcher(watch::Sender<u64>);

impl Hinter for Watcher {
    type Hint = String;

    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        if is_message(line) {
            self.0
                .send_modify(|strokes| *strokes = strokes.wrapping_add(1));
        }
        None
    }
}

impl Completer for Watcher {
    type Candidate = String;
}

impl Highlighter for Watcher {}
impl Validator for Watcher {}
impl Helper for Watcher {}
