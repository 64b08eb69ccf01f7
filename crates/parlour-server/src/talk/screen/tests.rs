//! What reaches the terminal, and when.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use super::*;

/// An editor that looks up only when it is told to.
struct Editor {
    looks_up: Receiver<()>,
    printed: Arc<Mutex<String>>,
}

impl ExternalPrinter for Editor {
    fn print(&mut self, text: String) -> rustyline::Result<()> {
        let is_open = self.looks_up.recv();
        is_open.map_err(|_| io::Error::other("closed"))?;
        self.printed.lock().unwrap().push_str(&text);
        Ok(())
    }
}

fn editor() -> (Screen, SyncSender<()>, Arc<Mutex<String>>) {
    let (look_up, looks_up) = sync_channel(2);
    let printed = Arc::default();
    let editor = Editor {
        looks_up,
        printed: Arc::clone(&printed),
    };
    let screen = Screen::above_prompt(Box::new(editor), false);
    (screen, look_up, printed)
}

#[tokio::test]
async fn lines_wait_for_a_busy_editor_and_nobody_waits_for_them() {
    let (mut screen, look_up, printed) = editor();
    screen.notice("one").unwrap();
    assert!(
        screen.print().now_or_never().is_none(),
        "the editor is busy"
    );
    screen.notice("two").unwrap();
    screen.notice("three").unwrap();
    look_up.send(()).unwrap();
    screen.print().await.unwrap();
    assert_eq!(*printed.lock().unwrap(), "one\n");
    assert!(screen.is_waiting());
    look_up.send(()).unwrap();
    screen.flush().await.unwrap();
    assert_eq!(*printed.lock().unwrap(), "one\ntwo\nthree\n");
}

#[tokio::test]
async fn no_more_events_are_taken_while_too_many_lines_wait() {
    let (mut screen, look_up, _) = editor();
    for _ in 0..WAITING_MAX {
        assert!(!screen.is_full());
        screen.notice("line").unwrap();
    }
    assert!(screen.is_full());
    look_up.send(()).unwrap();
    screen.flush().await.unwrap();
    assert!(!screen.is_full());
}

#[tokio::test]
async fn a_terminal_that_is_gone_ends_it() {
    let (mut screen, look_up, _) = editor();
    drop(look_up);
    screen.notice("line").unwrap();
    assert!(screen.print().await.is_err());
}

#[test]
fn nothing_that_a_terminal_obeys_gets_through() {
    let hostile: String = (0..=0x9f)
        .chain([0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff])
        .filter_map(char::from_u32)
        .filter(|character| !matches!(character, '\n' | '\r'))
        .collect();
    let shown = printable(&hostile);
    assert!(
        !shown.chars().any(|c| c.is_control() || turns(c)),
        "{shown}"
    );
    assert_eq!(
        printable("\x1b[2J\u{9b}1mhi\x07"),
        "\\u{1b}[2J\\u{9b}1mhi\\u{7}"
    );
    assert_eq!(printable("a\rb"), "a\\u{d}b");
}

#[test]
fn ordinary_text_of_any_script_stays_as_it_is() {
    for text in ["hello, bob", "Grüße 👨‍👩‍👧", "שלום", "你好", "a\u{301}"] {
        assert_eq!(printable(text), text);
    }
    assert_eq!(printable("a\tb"), "a b");
}

#[test]
fn a_second_line_cannot_pass_for_a_line_of_the_program() {
    assert_eq!(
        printable("hi\r\n[13] ann: not me"),
        "hi\n  │ [13] ann: not me"
    );
}

#[test]
fn notices_are_faint_where_there_are_colours() {
    let notice = Line::notice("bob is online");
    assert_eq!(notice.written(true), "\x1b[2mbob is online\x1b[0m\n");
    assert_eq!(notice.written(false), "bob is online\n");
    assert_eq!(Line::talk("hi").written(true), "hi\n");
}
