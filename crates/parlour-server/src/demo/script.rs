//! The script: who appears, who talks with whom, and what they say. Made of conversations alone, so the same file always
//! gives the same script.
//!
//! - A speaker of one name is one user in all conversations.
//! - The first conversation of two people is their direct chat; every other one is a group, in which the guest is too.

use std::collections::{BTreeMap, BTreeSet};

use parlour_model::{Body, DisplayName, Title, UserName, limits};

use super::names;
use crate::corpus::Conversation;

/// The guest's place among the people.
pub(super) const GUEST: usize = 0;

/// What is going to be played.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Everybody, the guest first, then speakers in the order of their first lines.
    pub(super) people: Vec<Person>,
    /// The conversations.
    pub(super) scenes: Vec<Scene>,
    /// Lines that had to be left out, and why.
    pub(super) left_out: Vec<String>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) username: UserName,
    pub(super) display_name: Option<DisplayName>,
}

/// One conversation. People are named by their place in the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scene {
    /// The name by which its chat is found again.
    pub(super) name: String,
    pub(super) setting: Setting,
    /// Who belongs to it; the first makes the chat.
    pub(super) cast: Vec<usize>,
    pub(super) lines: Vec<Line>,
}

/// What kind of chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setting {
    Direct,
    Group(Title),
}

/// Somebody says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) speaker: usize,
    pub(super) text: String,
}

impl Script {
    /// The script of these conversations, with a greeting of the first speaker for the guest.
    pub(super) fn new(conversations: &[Conversation]) -> Self {
        let mut writer = Writer::default();
        writer.person(names::guest(), "Guest");
        for conversation in conversations {
            let name = &conversation.chat;
            if writer.names.insert(name.clone()) {
                writer.scene(conversation);
            } else {
                let why = "there is an earlier conversation of this name";
                writer.script.left_out.push(format!("{name:?}: {why}"));
            }
        }
        writer.greeting();
        writer.script
    }
}

/// A script in the making.
#[derive(Default)]
struct Writer {
    script: Script,
    places: BTreeMap<UserName, usize>,
    names: BTreeSet<String>,
    /// Who talks directly already.
    pairs: BTreeSet<BTreeSet<usize>>,
}

impl Writer {
    fn person(&mut self, username: UserName, shown: &str) -> usize {
        let people = &mut self.script.people;
        *self.places.entry(username.clone()).or_insert_with(|| {
            let display_name = shortened(shown, limits::DISPLAY_NAME_CHARS_MAX);
            people.push(Person {
                username,
                display_name: DisplayName::new(&display_name).ok(),
            });
            people.len() - 1
        })
    }

    fn scene(&mut self, conversation: &Conversation) {
        let lines = self.lines(conversation);
        let mut cast: Vec<usize> = Vec::new();
        for line in &lines {
            if !cast.contains(&line.speaker) {
                cast.push(line.speaker);
            }
        }
        if cast.is_empty() {
            return; // Every line was left out, and is named.
        }
        let setting = self.setting(&conversation.chat, &cast);
        if setting != Setting::Direct {
            cast.push(GUEST);
        }
        self.script.scenes.push(Scene {
            name: conversation.chat.clone(),
            setting,
            cast,
            lines,
        });
    }

    fn lines(&mut self, conversation: &Conversation) -> Vec<Line> {
        let mut lines = Vec::with_capacity(conversation.lines.len());
        for (index, (speaker, text)) in conversation.lines.iter().enumerate() {
            match Body::text(text.as_str()).check_postable() {
                Ok(()) => lines.push(Line {
                    speaker: self.person(names::user_name(speaker), speaker),
                    text: text.clone(),
                }),
                Err(error) => {
                    let place = format!("{:?}, message {}", conversation.chat, index + 1);
                    self.script.left_out.push(format!("{place}: {error}"));
                }
            }
        }
        lines
    }

    fn setting(&mut self, name: &str, cast: &[usize]) -> Setting {
        let people: BTreeSet<usize> = cast.iter().copied().collect();
        if people.len() == 2 && self.pairs.insert(people) {
            return Setting::Direct;
        }
        let title = shortened(name, limits::TITLE_CHARS_MAX);
        match Title::new(&title) {
            Ok(title) => Setting::Group(title),
            Err(_) => Setting::Group(Title::new("Untitled").expect("it is a title")),
        }
    }

    fn greeting(&mut self) {
        let Some(first) = self.script.scenes.first() else {
            return;
        };
        let speaker = first.cast[0];
        let text = "Hello! I am a bot: write something, here or in a group, and one of us answers.";
        self.script.scenes.push(Scene {
            name: "greeting".to_owned(),
            setting: Setting::Direct,
            cast: vec![speaker, GUEST],
            lines: vec![Line {
                speaker,
                text: text.to_owned(),
            }],
        });
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    let readable = text.chars().filter(|letter| !letter.is_control());
    readable.take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(chat: &str, lines: &[(&str, &str)]) -> Conversation {
        let lines = lines
            .iter()
            .map(|(who, what)| ((*who).into(), (*what).into()));
        Conversation {
            chat: chat.to_owned(),
            lines: lines.collect(),
        }
    }

    #[test]
    fn two_people_talk_directly_once_and_in_groups_from_then_on() {
        let script = Script::new(&[
            conversation("one", &[("Ann", "a"), ("Bob", "b")]),
            conversation("two", &[("Bob", "c"), ("ann", "d")]),
            conversation("three", &[("Ann", "e"), ("Bob", "f"), ("Cyd", "g")]),
        ]);
        let names: Vec<&str> = script.people.iter().map(|p| p.username.as_str()).collect();
        assert_eq!(names, ["demo_guest", "demo_ann", "demo_bob", "demo_cyd"]);
        let casts: Vec<&[usize]> = script.scenes.iter().map(|scene| &scene.cast[..]).collect();
        assert_eq!(casts, [&[1, 2][..], &[2, 1, 0], &[1, 2, 3, 0], &[1, 0]]);
        let direct = |scene: &Scene| scene.setting == Setting::Direct;
        let settings: Vec<bool> = script.scenes.iter().map(direct).collect();
        assert_eq!(settings, [true, false, false, true]);
    }

    #[test]
    fn a_second_conversation_of_one_name_is_named_and_left_out() {
        let one = conversation("one", &[("Ann", "a"), ("Bob", "b")]);
        let script = Script::new(&[one.clone(), one]);
        assert_eq!(script.scenes.len(), 1 + 1, "and a greeting");
        assert_eq!(script.left_out.len(), 1);
    }

    #[test]
    fn a_line_no_server_takes_is_named_and_the_others_stay() {
        let long = "x".repeat(limits::TEXT_BYTES_MAX + 1);
        let script = Script::new(&[conversation("one", &[("Ann", "a"), ("Bob", &long)])]);
        assert_eq!(script.left_out.len(), 1);
        assert!(script.left_out[0].starts_with("\"one\", message 2: "));
        assert_eq!(script.scenes[0].lines.len(), 1);
    }
}
