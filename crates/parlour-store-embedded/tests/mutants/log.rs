//! Logs, views and marks with bugs.

use async_trait::async_trait;
use parlour_model::{
    ChatId, Draft, Event, EventId, EventKey, Mark, Marks, Member, Membership, Message, Seq, UserId,
    Visible,
};
use parlour_store::{
    Anchor, Appended, Authority, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, Outcome,
    Page, StoreError, Views, Watermarks,
};

use super::bug::{Bug, Mutant};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl ChatLog for Mutant {
    async fn create(&self, new: NewChat) -> Answer<Creation> {
        Ok(match self.inner.create(new).await? {
            Creation::Existing(event) if self.has(Bug::CreatesTwice) => Creation::Created(event),
            creation => creation,
        })
    }

    async fn append(&self, chat: ChatId, mut drafts: Vec<Draft>) -> Appended {
        let head = self.inner.head(chat, Seq::ZERO).await.ok().flatten();
        for draft in &mut drafts {
            if self.has(Bug::IgnoresTheEpoch)
                && let Some(head) = head
            {
                draft.epoch = head.epoch;
            }
            if self.has(Bug::ForgetsKeys) {
                draft.key = EventKey::generate(draft.key.time());
            }
        }
        if self.has(Bug::ReordersACall) {
            drafts.reverse();
        }
        let lost =
            (self.has(Bug::LosesAnAcknowledgedEvent) && drafts.len() > 30).then(|| drafts.pop());
        if self.has(Bug::OneBadDraftFailsAll)
            && drafts.len() > 1
            && self.knows_any(chat, &drafts).await
        {
            drafts
                .iter_mut()
                .for_each(|draft| draft.epoch = draft.epoch.next());
        }
        let mut appended = self.inner.append(chat, drafts).await;
        if lost.is_some() {
            let last = appended.outcomes.last().cloned();
            appended.outcomes.extend(last);
        }
        if self.has(Bug::ReordersACall) {
            appended.outcomes.reverse();
        }
        if self.has(Bug::IgnoresTheBody) {
            for outcome in &mut appended.outcomes {
                if let Outcome::KeyReused(event) = outcome {
                    *outcome = Outcome::Existing(event.clone());
                }
            }
        }
        appended
    }

    async fn find(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
        applied: Seq,
    ) -> Answer<Lookup> {
        self.inner.find(chat, author, key, applied).await
    }

    async fn cancel(&self, chat: ChatId, author: UserId, key: EventKey) -> Answer<Cancellation> {
        if self.has(Bug::CancelsInWordsOnly) {
            return Ok(Cancellation::Cancelled);
        }
        self.inner.cancel(chat, author, key).await
    }

    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Answer<Option<Head>>> {
        self.inner.heads(chats).await
    }

    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Answer<Vec<Event>> {
        let mut events = self.inner.events(chat, after, through, limit).await?;
        if self.has(Bug::ReadsAMomentLate) {
            let head = self
                .inner
                .head(chat, Seq::ZERO)
                .await?
                .expect("the chat exists")
                .seq;
            events.retain(|event| event.seq < head);
        }
        if self.has(Bug::SkipsAnEvent) && events.len() > 3 {
            events.remove(1);
        }
        Ok(events)
    }

    async fn seq_of(&self, chat: ChatId, id: EventId) -> Answer<Option<Seq>> {
        self.inner.seq_of(chat, id).await
    }

    fn observe(&self, event: &Event) {
        self.inner.observe(event);
    }
}

impl Mutant {
    async fn knows_any(&self, chat: ChatId, drafts: &[Draft]) -> bool {
        for draft in drafts {
            let lookup = self
                .inner
                .find(chat, draft.author, draft.key, Seq::ZERO)
                .await;
            if matches!(lookup, Ok(Lookup::Found(_))) {
                return true;
            }
        }
        false
    }
}

#[async_trait]
impl Views for Mutant {
    async fn authority(&self, chat: ChatId, user: UserId) -> Answer<Option<Authority>> {
        let mut authority = self.inner.authority(chat, user).await?;
        if let (Some(authority), true) = (&mut authority, self.has(Bug::KeepsAnOldMemberRow)) {
            let mut rows = self.rows.lock().expect("nothing panics under it");
            authority.member = *rows.entry((chat, user)).or_insert(authority.member);
        }
        Ok(authority)
    }

    async fn page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        mut visible: Visible,
    ) -> Answer<Page> {
        if self.has(Bug::IgnoresTheUpperFence) {
            visible.through = Seq::LIMIT;
        }
        let mut page = self.inner.page(chat, anchor, limit, visible).await?;
        if let (Anchor::Before(seq), true) = (anchor, self.has(Bug::AnswersEmptyPages)) {
            let scanned = seq.get().saturating_sub(limit as u64);
            page.messages.retain(|message| message.seq.get() >= scanned);
        }
        if self.has(Bug::ForgetsEdits) {
            for message in &mut page.messages {
                *message = self.as_posted(message).await?;
            }
        }
        Ok(page)
    }

    async fn message(&self, chat: ChatId, seq: Seq, visible: Visible) -> Answer<Option<Message>> {
        match self.inner.message(chat, seq, visible).await? {
            Some(message) if self.has(Bug::ForgetsEdits) => {
                self.as_posted(&message).await.map(Some)
            }
            message => Ok(message),
        }
    }

    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<Vec<Member>> {
        self.inner.members(chat, after, limit).await
    }

    async fn memberships(&self, user: UserId) -> Answer<Vec<Membership>> {
        self.inner.memberships(user).await
    }
}

impl Mutant {
    async fn as_posted(&self, message: &Message) -> Answer<Message> {
        let seq = message.seq;
        let event = self
            .inner
            .events(message.chat, seq.previous(), seq, 1)
            .await?
            .remove(0);
        Ok(Message {
            content: event.content,
            ..message.clone()
        })
    }
}

#[async_trait]
impl Watermarks for Mutant {
    async fn raise(&self, user: UserId, chat: ChatId, mark: Mark) -> Answer<Marks> {
        match self.inner.raise(user, chat, mark).await {
            Ok(marks) if self.has(Bug::LetsMarksFall) => Ok(match mark {
                Mark::Delivered(seq) => Marks {
                    delivered: seq,
                    ..marks
                },
                Mark::Read(seq) => Marks { read: seq, ..marks },
            }),
            Err(StoreError::AboveHead { head }) if self.has(Bug::TakesMarksAboveTheHead) => {
                self.inner.raise(user, chat, Mark::Delivered(head)).await
            }
            answer => answer,
        }
    }

    async fn marks(&self, user: UserId, chat: ChatId) -> Answer<Marks> {
        self.inner.marks(user, chat).await
    }

    async fn marks_of_user(&self, user: UserId) -> Answer<Vec<(ChatId, Marks)>> {
        self.inner.marks_of_user(user).await
    }

    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<Vec<(UserId, Marks)>> {
        self.inner.marks_of_chat(chat, after, limit).await
    }
}
