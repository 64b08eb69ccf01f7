//! Filling: each conversation into a chat of its own, exactly once however often it is done.
//!
//! - A direct chat exists once for its pair; a group is found again by the name of its conversation, kept in the chat's data.
//! - Lines are written in order, each after the one before was stored. So what stands in the history is a beginning of
//!   the conversation, and filling goes on behind it.
//! - A line's key is made of the chat, its place and its text: two demos at the same time write it once.

use anyhow::Context;
use aws_lc_rs::digest::{Context as Digest, SHA256};
use parlour_model::{AppData, Body, ChatId, Clock, EventKey, Seq, Timestamp, limits};
use parlour_protocol::{
    ChatBody, CreateChat, CreateGroup, HistoryQuery, MarkWord, MessageBody, Position, PostMessage,
};
use serde_json::json;

use super::cast::{Cast, Member};
use super::patience::patiently;
use super::script::{Line, Scene, Setting};

/// The field of a group's data that names its conversation.
const DATA_FIELD: &str = "demo";

/// What came of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) chat: ChatId,
    /// Lines written now.
    pub(super) written: usize,
}

/// Makes the chat of a scene, or finds it, and writes what is missing of its lines.
pub(super) async fn fill(cast: &Cast, scene: &Scene, clock: &dyn Clock) -> anyhow::Result<Filled> {
    let (chat, created_at) = chat_of(cast, scene, clock).await?;
    let there = lines_there(cast, scene, chat).await?;
    let keys = Keys {
        chat,
        // A key must be younger than 13 days: in an older chat the history alone says what is there.
        time: created_at.max(clock.now().minus(limits::KEY_AGE_MAX / 2)),
    };
    let mut last_words: Vec<(usize, Seq)> = Vec::new();
    for (index, line) in scene.lines.iter().enumerate().skip(there) {
        let author = cast.member(line.speaker);
        let seq = post(author, chat, line, keys.of(index, line))
            .await
            .with_context(|| format!("message {} of {:?}", index + 1, scene.name))?;
        last_words.retain(|(speaker, _)| *speaker != line.speaker);
        last_words.push((line.speaker, seq));
    }
    mark_read(cast, chat, &last_words).await?;
    Ok(Filled {
        chat,
        written: scene.lines.len() - there,
    })
}

async fn chat_of(
    cast: &Cast,
    scene: &Scene,
    clock: &dyn Clock,
) -> anyhow::Result<(ChatId, Timestamp)> {
    let owner = cast.member(scene.cast[0]);
    let chat = match &scene.setting {
        Setting::Direct => {
            let other = cast.member(scene.cast[1]).user;
            patiently(|| owner.client.create_direct(other)).await?
        }
        Setting::Group(title) => match find_group(owner, &scene.name).await? {
            Some(chat) => chat,
            None => {
                let others = scene.cast[1..].iter().map(|place| cast.member(*place).user);
                let body = CreateChat::Group(CreateGroup {
                    title: title.clone(),
                    users: others.collect(),
                    history: None,
                    data: AppData::from_value(json!({ DATA_FIELD: scene.name }))?,
                });
                let key = EventKey::generate(clock.now());
                patiently(|| owner.client.rest().create_chat(&body, Some(key))).await?
            }
        },
    };
    Ok((chat.id, chat.created_at))
}

async fn find_group(owner: &Member, name: &str) -> anyhow::Result<Option<ChatBody>> {
    let chats = patiently(|| owner.client.chats()).await?;
    let is_it = |chat: &ChatBody| {
        let field = chat.data.fields().get(DATA_FIELD);
        field.and_then(|value| value.as_str()) == Some(name)
    };
    Ok(chats.into_iter().find(is_it))
}

/// How many lines of the scene are in its chat already. Lines that were edited or deleted since count as there when a
/// later one is.
async fn lines_there(cast: &Cast, scene: &Scene, chat: ChatId) -> anyhow::Result<usize> {
    let reader = cast.member(scene.cast[0]).client.rest();
    let mut there = 0;
    let mut after = Seq::ZERO;
    while there < scene.lines.len() {
        let query = HistoryQuery {
            limit: Some(limits::PAGE_MESSAGES_MAX as u64),
            before: None,
            after: Some(Position::Seq(after)),
            around: None,
        };
        let page = patiently(|| reader.messages(chat, &query)).await?;
        for message in &page.messages {
            there = recognized(cast, scene, there, message);
            after = message.seq;
        }
        if !page.has_after || page.messages.is_empty() {
            break;
        }
    }
    Ok(there)
}

/// How many lines are there once `message` is counted, if `there` were before it.
fn recognized(cast: &Cast, scene: &Scene, there: usize, message: &MessageBody) -> usize {
    let Some(text) = message.body.as_ref().and_then(Body::as_text) else {
        return there;
    };
    let speaker = cast.place(message.author);
    let is_it = |line: &Line| Some(line.speaker) == speaker && line.text == text;
    match scene.lines[there..].iter().position(is_it) {
        Some(ahead) => there + ahead + 1,
        None => there,
    }
}

async fn post(author: &Member, chat: ChatId, line: &Line, key: EventKey) -> anyhow::Result<Seq> {
    let body = PostMessage {
        body: Body::text(line.text.as_str()),
        applied: Seq::ZERO,
        reply_to: None,
    };
    let posted = patiently(|| author.client.rest().post(chat, &body, key)).await?;
    Ok(posted.seq)
}

/// Everybody has read up to their own last words.
async fn mark_read(cast: &Cast, chat: ChatId, last_words: &[(usize, Seq)]) -> anyhow::Result<()> {
    for (speaker, seq) in last_words {
        let rest = cast.member(*speaker).client.rest();
        let place = (chat, Position::Seq(*seq));
        patiently(|| rest.mark(place, MarkWord::Read)).await?;
    }
    Ok(())
}

/// The keys of one chat's lines.
struct Keys {
    chat: ChatId,
    time: Timestamp,
}

impl Keys {
    /// The key of a line: a UUIDv7 whose random part is made of what the line is.
    fn of(&self, index: usize, line: &Line) -> EventKey {
        let mut digest = Digest::new(&SHA256);
        digest.update(format!("{} {index} {}", self.chat, line.text).as_bytes());
        let digest = digest.finish();
        let mut random = [0; 10];
        random.copy_from_slice(&digest.as_ref()[..10]);
        let millis = self.time.as_millis();
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        EventKey::new(uuid).expect("the builder makes version 7")
    }
}
