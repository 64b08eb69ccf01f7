//! The conversations that go on: whose turn it is where.

use parlour_model::ChatId;

use super::super::script::Scene;

/// A chat in which bots talk, and what they say there, again from the beginning after the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LiveScene {
    pub(super) chat: ChatId,
    /// Bots by number, and their words.
    lines: Vec<(usize, String)>,
    next: usize,
}

impl LiveScene {
    /// The part of a scene that bots can play; `None` if that is nothing. They begin anywhere: `chance` is 0 to 1.
    pub(super) fn new(chat: ChatId, scene: &Scene, bots: &[usize], chance: f64) -> Option<Self> {
        let number = |place| bots.iter().position(|bot| *bot == place);
        let lines = scene.lines.iter();
        let lines: Vec<(usize, String)> = lines
            .filter_map(|line| Some((number(line.speaker)?, line.text.clone())))
            .collect();
        if lines.is_empty() {
            return None;
        }
        let next = (chance * lines.len() as f64) as usize % lines.len();
        Some(Self { chat, lines, next })
    }

    /// The next line and the bot that says it.
    pub(super) fn turn(&mut self) -> (usize, String) {
        let turn = self.lines[self.next].clone();
        self.next = (self.next + 1) % self.lines.len();
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::script::{Line, Setting};
    use super::*;

    #[test]
    fn bots_speak_their_own_lines_in_order_and_begin_again() {
        let line = |speaker, text: &str| Line {
            speaker,
            text: text.to_owned(),
        };
        let scene = Scene {
            name: "x".to_owned(),
            setting: Setting::Direct,
            cast: vec![4, 5, 6],
            lines: vec![line(4, "a"), line(5, "b"), line(6, "c")],
        };
        let chat = ChatId::new(1).unwrap();
        let mut live = LiveScene::new(chat, &scene, &[6, 4], 0.5).unwrap();
        assert_eq!(live.turn(), (0, "c".to_owned()));
        assert_eq!(live.turn(), (1, "a".to_owned()));
        assert_eq!(live.turn(), (0, "c".to_owned()));
        assert_eq!(LiveScene::new(chat, &scene, &[7], 0.0), None);
    }
}
