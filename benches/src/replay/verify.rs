//! Comparing what members saw, and what history returns, with the conversation: byte for byte.

use parlour_client::{Client, HistoryAt};
use parlour_model::{Body, ChatId, Seq, UserId, limits};
use parlour_protocol::MessageBody;

use super::cast::Sight;
use super::chat::SentLine;
use crate::patience::patiently;
use parlour_testkit::corpus::Conversation;

/// A line as somebody has it.
type Line<'a> = (Seq, UserId, Option<&'a str>);

fn expected<'a>(conversation: &'a Conversation, sent: &[SentLine]) -> Vec<Line<'a>> {
    let lines = sent.iter().zip(&conversation.lines);
    lines
        .map(|(line, (_, text))| (line.seq, line.author, Some(text.as_str())))
        .collect()
}

/// How what a member saw differs from the conversation.
pub(super) fn sights(
    conversation: &Conversation,
    sent: &[SentLine],
    sights: &[Sight],
) -> Vec<String> {
    let text = |sight: &'_ Sight| {
        sight
            .body
            .as_ref()
            .and_then(Body::as_text)
            .map(str::to_owned)
    };
    let seen: Vec<(Seq, UserId, Option<String>)> = sights
        .iter()
        .filter(|sight| sight.body.is_some())
        .map(|sight| (sight.seq, sight.author, text(sight)))
        .collect();
    let seen: Vec<Line<'_>> = seen
        .iter()
        .map(|(seq, author, text)| (*seq, *author, text.as_deref()))
        .collect();
    compare("a member saw", &expected(conversation, sent), &seen)
}

/// How what history returns to a member differs from the conversation.
pub(super) async fn history(
    client: &Client,
    chat: ChatId,
    conversation: &Conversation,
    sent: &[SentLine],
) -> anyhow::Result<Vec<String>> {
    let mut messages: Vec<MessageBody> = Vec::new();
    let mut after = Seq::ZERO;
    loop {
        let at = HistoryAt::After(after);
        let page = patiently(|| client.history(chat, at, limits::PAGE_MESSAGES_MAX)).await?;
        let Some(last) = page.messages.last() else {
            break;
        };
        after = last.seq;
        messages.extend(page.messages);
        if !page.has_after {
            break;
        }
    }
    let returned: Vec<Line<'_>> = messages
        .iter()
        .filter(|message| message.kind == "message")
        .map(|message| {
            (
                message.seq,
                message.author,
                message.body.as_ref().and_then(Body::as_text),
            )
        })
        .collect();
    Ok(compare(
        "history returns",
        &expected(conversation, sent),
        &returned,
    ))
}

fn compare(who: &str, expected: &[Line<'_>], actual: &[Line<'_>]) -> Vec<String> {
    let mut differences = Vec::new();
    if expected.len() != actual.len() {
        differences.push(format!(
            "{who} {} lines of {}",
            actual.len(),
            expected.len()
        ));
    }
    for (expected, actual) in expected.iter().zip(actual) {
        if expected != actual {
            differences.push(format!("{who} {actual:?} instead of {expected:?}"));
            break; // The rest differs because of this one.
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, text: &str) -> Line<'_> {
        (Seq::new(seq), UserId::new(1).unwrap(), Some(text))
    }

    #[test]
    fn a_lost_a_doubled_and_a_changed_line_are_differences() {
        let sent = [line(2, "a"), line(3, "b")];
        assert!(compare("x", &sent, &sent).is_empty());
        assert!(!compare("x", &sent, &sent[..1]).is_empty());
        assert!(!compare("x", &sent, &[line(2, "a"), line(3, "b"), line(3, "b")]).is_empty());
        assert!(!compare("x", &sent, &[line(2, "a"), line(3, "B")]).is_empty());
        assert!(!compare("x", &sent, &[line(3, "b"), line(2, "a")]).is_empty());
    }
}
