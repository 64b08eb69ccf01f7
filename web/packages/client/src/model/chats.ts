/** The chat list: what is known of every chat, as of the last commit. */

import type { ChatSummary, Id, Seq, Timestamp } from "../api.js";
import type { Output } from "../machine/state.js";
import { type Announcer, Computed } from "../readable.js";
import type { ChatRecord, Reached, Saved } from "../store.js";
import type { WireChat } from "../wire.js";
import { chatOf, recordAfter, unreadOf, withReached, withSummary } from "./records.js";

/** What an absorbed output did to a chat's record. */
export interface RecordChange { chat: Id; before: ChatRecord | undefined; after: ChatRecord | undefined }

/** All chats. */
export class Chats {
  private records = new Map<Id, ChatRecord>();
  /** How far each chat is applied. A record may be ahead: a summary that was fetched knows of events that are on their way. */
  private readonly cursors = new Map<Id, Seq>();
  private readonly drafts = new Map<Id, string>();
  private readonly summaries = new Map<Id, Computed<ChatSummary | undefined>>();
  /** What the output that is being committed makes of the records. */
  private next = new Map<Id, ChatRecord | undefined>();
  private nextProgress: Output["batch"]["progress"] = new Map();
  /** By last activity, newest first. */
  readonly list: Computed<readonly ChatSummary[]>;

  /** `pendingAt`: when something was last written there that is not in the log yet. */
  constructor(private readonly announcer: Announcer, private readonly pendingAt: (chat: Id) => Timestamp) {
    this.list = new Computed(announcer, (before) => this.sorted(before));
  }

  /** Takes over what was kept. */
  restore(saved: Pick<Saved, "records" | "progress" | "drafts">): void {
    this.records = new Map(saved.records);
    this.cursors.clear();
    for (const [chat, { applied }] of saved.progress) this.cursors.set(chat, applied);
    for (const [chat, text] of saved.drafts) this.drafts.set(chat, text);
    for (const chat of new Set([...saved.records.keys(), ...this.summaries.keys()])) this.touch(chat);
  }

  /** One chat's line; `undefined` while it is not known or not the user's. */
  summary(chat: Id): Computed<ChatSummary | undefined> {
    let summary = this.summaries.get(chat);
    if (!summary) {
      summary = new Computed(this.announcer, () => this.compute(chat));
      this.summaries.set(chat, summary);
    }
    return summary;
  }

  /** What is known of a chat. */
  record(chat: Id): ChatRecord | undefined {
    return this.records.get(chat);
  }

  /** All chats. */
  get ids(): Iterable<Id> {
    return this.records.keys();
  }

  /** How far a chat is applied; `undefined` before it is known. */
  cursor(chat: Id): Seq | undefined {
    return this.cursors.get(chat);
  }

  /** The chats whose summary has to be fetched: some of their events were skipped, or nothing is known of them but how far they are. */
  get outdated(): Id[] {
    return [...this.cursors.keys()].filter((chat) => this.isOutdated(chat));
  }

  /** Whether a chat's summary has to be fetched. */
  isOutdated(chat: Id): boolean {
    const record = this.records.get(chat);
    return record ? record.skippedTo !== undefined : this.cursors.has(chat);
  }

  /** Adds to the batch what the output makes of the records. `me`: who is signed in after it. */
  prepare(out: Output, me: Id): void {
    this.next = new Map();
    this.nextProgress = out.batch.progress;
    for (const told of out.told) {
      if (told.type === "forgotten") this.next = new Map([...this.records.keys()].map((chat) => [chat, undefined]));
      const chat = chatOf(told);
      if (chat === undefined) continue;
      const before = this.next.has(chat) ? this.next.get(chat) : this.records.get(chat);
      const after = recordAfter(before, told, me);
      if (after !== before) this.next.set(chat, after);
    }
    for (const [chat, record] of this.next) if (record) out.batch.records.set(chat, record);
  }

  /** The output is committed. Gives what changed. */
  absorb(): RecordChange[] {
    const changes = [...this.next].map(([chat, after]) => ({ chat, before: this.records.get(chat), after }));
    this.next = new Map();
    for (const [chat, progress] of this.nextProgress) {
      if (progress) this.cursors.set(chat, progress.applied);
      else this.cursors.delete(chat);
    }
    this.nextProgress = new Map();
    for (const { chat, after } of changes) {
      if (after) this.records.set(chat, after);
      else this.records.delete(chat);
      this.touch(chat);
    }
    return changes;
  }

  /** Takes over a summary that was fetched; gives the record to keep, unless the chat is about to go. */
  learn(chat: WireChat, me: Id): ChatRecord | undefined {
    if (this.next.has(chat.id) && !this.next.get(chat.id)) return undefined;
    const record = withSummary(this.records.get(chat.id), chat, me);
    this.records.set(chat.id, record);
    this.touch(chat.id);
    return this.alsoNext(chat.id, (each) => withSummary(each, chat, me)) ?? record;
  }

  /** Takes over that own messages got as far as this; gives the record to keep, if that was news. */
  reach(chat: Id, reached: Reached): ChatRecord | undefined {
    const before = this.records.get(chat);
    const record = before && withReached(before, reached);
    if (!record || record === before) return undefined;
    this.records.set(chat, record);
    return this.alsoNext(chat, (each) => withReached(each, reached)) ?? record;
  }

  /** What is being committed was made of the record before: it changes likewise. Gives what comes of it, if the chat is in it. */
  private alsoNext(chat: Id, change: (record: ChatRecord) => ChatRecord): ChatRecord | undefined {
    const next = this.next.get(chat);
    if (!next) return undefined;
    const changed = change(next);
    this.next.set(chat, changed);
    return changed;
  }

  /** What the user has begun to write. */
  setDraft(chat: Id, text: string): void {
    if (text) this.drafts.set(chat, text);
    else this.drafts.delete(chat);
    this.touch(chat);
  }

  /** Drops the drafts of everybody. */
  forgetDrafts(): void {
    const chats = [...this.drafts.keys()];
    this.drafts.clear();
    for (const chat of chats) this.touch(chat);
  }

  /** Something about a chat has changed. */
  touch(chat: Id): void {
    this.summary(chat).changed();
    this.list.changed();
  }

  private compute(id: Id): ChatSummary | undefined {
    const record = this.records.get(id);
    if (!record) return undefined;
    const { type, title, peer, role, memberCount, at, read, delivered, lastMessage } = record;
    const draft = this.drafts.get(id);
    return {
      id, type, role, memberCount, head: at, read, delivered,
      ...(title !== undefined && { title }),
      ...(peer !== undefined && { peer }),
      unread: unreadOf(record),
      ...(lastMessage && { lastMessage }),
      updatedAt: Math.max(record.updatedAt, this.pendingAt(id)),
      ...(draft !== undefined && { draft }),
    };
  }

  /** Sorts what was sorted before, which is quick because little has moved. */
  private sorted(before: readonly ChatSummary[] = []): readonly ChatSummary[] {
    const order = new Set([...before.map(({ id }) => id), ...this.records.keys()]);
    const all = [...order].map((id) => this.summary(id).value).filter((summary) => summary !== undefined);
    all.sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
    const isSame = all.length === before.length && all.every((summary, place) => summary === before[place]);
    return isSame ? before : all;
  }
}
