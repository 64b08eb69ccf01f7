//! What is shown, and the one way onto the terminal.
//!
//! - Whatever others wrote passes [`printable`]: no control character of theirs ever reaches the terminal, and what
//!   they write on several lines cannot be taken for lines of the program.
//! - With line editing, lines appear above the prompt and leave it as it is. Such a print waits until the editor looks
//!   up from what was typed ahead, perhaps only while it reads the line after, so nobody waits for it: lines are
//!   collected meanwhile and printed together.

use std::io::{self, Write};

use rustyline::ExternalPrinter;
use tokio::sync::oneshot;

use super::blocking;

/// Lines that may wait for the editor before no more events are taken.
const WAITING_MAX: usize = parlour_model::limits::OUTBOUND_FRAMES_MAX;

/// One line on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    text: String,
    is_notice: bool,
}

/// The screen.
pub(super) struct Screen {
    out: Out,
    has_colours: bool,
}

enum Out {
    Plain(io::Stdout),
    Prompt(Prompt),
}

/// The place above the prompt.
struct Prompt {
    printer: Option<Printer>,
    printing: Option<oneshot::Receiver<(Printer, io::Result<()>)>>,
    waiting: Vec<String>,
}

/// Prints while a line is being edited.
pub(super) type Printer = Box<dyn ExternalPrinter + Send>;

impl Line {
    /// Something that somebody said.
    pub(super) fn talk(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_notice: false,
        }
    }

    /// Something that happened besides.
    pub(super) fn notice(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_notice: true,
        }
    }

    /// The text, as it was given.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn written(&self, has_colours: bool) -> String {
        let text = printable(&self.text);
        if self.is_notice && has_colours {
            format!("\x1b[2m{text}\x1b[0m\n")
        } else {
            format!("{text}\n")
        }
    }
}

impl Screen {
    /// Standard output, line after line.
    pub(super) fn plain() -> Self {
        Self {
            out: Out::Plain(io::stdout()),
            has_colours: false,
        }
    }

    /// The terminal, above the prompt that `printer` belongs to.
    pub(super) fn above_prompt(printer: Printer, has_colours: bool) -> Self {
        Self {
            out: Out::Prompt(Prompt {
                printer: Some(printer),
                printing: None,
                waiting: Vec::new(),
            }),
            has_colours,
        }
    }

    /// Whether the user sees what they type.
    pub(super) fn echoes(&self) -> bool {
        matches!(self.out, Out::Prompt(_))
    }

    /// Shows a line, now or with the next [`Screen::print`]. An error means that nobody can see any more.
    pub(super) fn show(&mut self, line: &Line) -> io::Result<()> {
        let written = line.written(self.has_colours);
        match &mut self.out {
            Out::Plain(out) => {
                out.write_all(written.as_bytes())?;
                out.flush()
            }
            Out::Prompt(prompt) => {
                prompt.waiting.push(written);
                Ok(())
            }
        }
    }

    /// Whether something waits to be printed.
    pub(super) fn is_waiting(&self) -> bool {
        match &self.out {
            Out::Plain(_) => false,
            Out::Prompt(prompt) => prompt.printing.is_some() || !prompt.waiting.is_empty(),
        }
    }

    /// Whether more waits than should.
    pub(super) fn is_full(&self) -> bool {
        match &self.out {
            Out::Plain(_) => false,
            Out::Prompt(prompt) => prompt.waiting.len() >= WAITING_MAX,
        }
    }

    /// Prints what waits. May be given up and asked for again: nothing is lost or shown twice.
    pub(super) async fn print(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(_) => Ok(()),
            Out::Prompt(prompt) => prompt.print().await,
        }
    }

    /// Prints all that waits.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while self.is_waiting() {
            self.print().await?;
        }
        Ok(())
    }

    /// Shows a notice.
    pub(super) fn notice(&mut self, text: impl Into<String>) -> io::Result<()> {
        self.show(&Line::notice(text))
    }
}

impl Prompt {
    async fn print(&mut self) -> io::Result<()> {
        if let Some(mut printer) = self.printer.take() {
            let text = std::mem::take(&mut self.waiting).concat();
            self.printing = blocking::begin("screen", move || {
                let printed = printer.print(text).map_err(io::Error::other);
                (printer, printed)
            });
        }
        let gone = || io::Error::other("the terminal cannot be written to");
        let printing = self.printing.as_mut().ok_or_else(gone)?;
        let (printer, printed) = printing.await.map_err(|_| gone())?;
        self.printer = Some(printer);
        self.printing = None;
        printed
    }
}

/// `text` as a terminal may be given it: each control character and each one that turns the direction of writing is
/// spelled out, and lines after the first are set off by a bar.
pub(super) fn printable(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable_line).collect();
    lines.join("\n  │ ")
}

fn printable_line(line: &str) -> String {
    let mut printable = String::with_capacity(line.len());
    for character in line.chars() {
        if character == '\t' {
            printable.push(' ');
        } else if character.is_control() || turns(character) {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Line separators, and marks that make what follows look like what it is not.
fn turns(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
