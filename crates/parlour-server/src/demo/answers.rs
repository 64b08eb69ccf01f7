//! What a bot answers: the line that followed, somewhere in the conversations, on what is most like the question.

use std::collections::BTreeSet;

use super::script::Script;

/// What is said when nothing is like the question.
const AT_A_LOSS: &[&str] = &[
    "Tell me more about that.",
    "I am only a bot, but I am listening.",
    "Hm. What makes you say so?",
];

/// Every line that was answered, and its answer.
pub(super) struct Answers {
    pairs: Vec<(BTreeSet<String>, String)>,
}

impl Answers {
    /// The answers in a script: wherever the speaker changes, the second line answers the first.
    pub(super) fn new(script: &Script) -> Self {
        let mut pairs = Vec::new();
        for scene in &script.scenes {
            for two in scene.lines.windows(2) {
                if two[0].speaker != two[1].speaker {
                    pairs.push((words(&two[0].text), two[1].text.clone()));
                }
            }
        }
        Self { pairs }
    }

    /// The answer to a question; `chance` (0 to 1) chooses what is said when nothing is like it.
    pub(super) fn to(&self, question: &str, chance: f64) -> &str {
        let asked = words(question);
        let likeness = |line: &BTreeSet<String>| {
            let shared = line.intersection(&asked).count();
            // Of two lines that share as many words the shorter one is more like the question.
            shared * 1_000 / (line.len() + asked.len()).max(1)
        };
        let best = self.pairs.iter().max_by_key(|(line, _)| likeness(line));
        match best {
            Some((line, answer)) if likeness(line) > 0 => answer,
            _ => AT_A_LOSS[(chance * AT_A_LOSS.len() as f64) as usize % AT_A_LOSS.len()],
        }
    }
}

fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::parse;

    fn answers() -> Answers {
        let (conversations, _) = parse(
            r#"{"chat":"x","lines":[["a","Where is the key?"],["b","Under the mat."],["b","As ever."],["a","Who bakes today?"],["b","Nadia does."]]}"#,
        );
        Answers::new(&Script::new(&conversations))
    }

    #[test]
    fn the_answer_is_what_followed_on_the_most_similar_line() {
        assert_eq!(answers().to("where's my KEY", 0.0), "Under the mat.");
        assert_eq!(answers().to("and who bakes?", 0.0), "Nadia does.");
    }

    #[test]
    fn a_question_like_no_line_gets_an_answer_all_the_same() {
        assert_eq!(answers().to("xyzzy", 0.0), AT_A_LOSS[0]);
        assert_eq!(answers().to("", 0.99), AT_A_LOSS[2]);
    }
}
