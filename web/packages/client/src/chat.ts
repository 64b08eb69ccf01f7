/** One chat, as applications use it. */

import type { Body, Chat, ChatSummary, Id, Member, Message, Pending, Problem, Readable, Role, Seq, Ticks, Timeline } from "./api.js";
import { fromBody, toMember } from "./convert.js";
import { ask, type Core, tell } from "./core.js";
import { Quotes } from "./model/quotes.js";
import { NAMED_RECEIPTS_MAX } from "./model/records.js";
import { LoadedTimeline } from "./model/timeline.js";
import { Typist } from "./model/typist.js";
import { failure } from "./problem.js";
import { Computed } from "./readable.js";
import type { Answer } from "./rest.js";
import type { ChatRecord } from "./store.js";
import type { WireEvent } from "./wire.js";

type Marks = ReadonlyMap<Id, { delivered: Seq; read: Seq }>;

/** The largest body that a server takes. A larger one could make it close the connection instead of answering. */
const BODY_BYTES_MAX = 32 * 1024;
const TOO_LARGE: Problem = { code: "too_large", message: "the message is too long", retry: "never", outcome: "not_stored", field: "body" };

function bytesOf(body: Body): number {
  return new TextEncoder().encode(JSON.stringify(fromBody(body))).length;
}

/** What JSON makes of an application's data: that every store and every encoding takes, and it does not change afterwards. */
function plain(body: Body): Body {
  return JSON.parse(JSON.stringify(body)) as Body;
}

/** A chat and the timelines that are open in it. */
export class OpenChat implements Chat {
  readonly summary: Readable<ChatSummary | undefined>;
  readonly typing: Readable<readonly Id[]>;
  readonly marks: Computed<Marks>;
  /** What the ticks of a large chat were drawn from. */
  private counted: { receipts: ChatRecord["receipts"]; reached: ChatRecord["reached"]; marks: Marks } = {
    receipts: undefined, reached: undefined, marks: new Map(),
  };
  private readonly timelines = new Set<LoadedTimeline>();
  /** The last one that was closed: who comes back sees at once what they saw. */
  private resting: LoadedTimeline | undefined;
  private readonly quotes: Quotes;
  private readonly typist: Typist;

  constructor(private readonly core: Core, readonly id: Id) {
    this.summary = core.chats.summary(id);
    this.typing = core.screen.typingIn(id);
    this.marks = new Computed<Marks>(core.announcer, () => this.computeMarks());
    this.quotes = new Quotes(core, id);
    this.typist = new Typist((on) => tell(core, { type: "typing", chat: id, on }), () => performance.now());
  }

  /** Whether anybody looks at this chat's history. */
  get isOpen(): boolean {
    return this.timelines.size > 0;
  }

  timeline(at: Seq | "end" = "end"): Timeline {
    const resting = at === "end" ? this.resting : undefined;
    const timeline = resting ?? new LoadedTimeline(this.core, this.id, at, (closed) => this.closed(closed));
    if (resting) this.resting = undefined;
    this.timelines.add(timeline);
    this.core.refreshChat(this.id);
    return timeline;
  }

  /** Keeps nothing at hand any more. */
  letGo(): void {
    this.resting = undefined;
  }

  message(seq: Seq): Readable<Message | undefined> {
    const loaded = [...this.timelines].map((timeline) => timeline.message(seq)).find((message) => message !== undefined);
    return this.quotes.get(seq, loaded);
  }

  ticks(message: Message): Ticks {
    const record = this.core.chats.record(this.id);
    const of = Math.max(0, (record?.memberCount ?? 1) - 1);
    const marks = [...this.marks.value.values()];
    // Who has a later message has this one.
    const later = record?.receipts?.filter(({ seq }) => seq >= message.seq) ?? [];
    const hasReached = (mark: "delivered" | "read") => message.seq <= (record?.reached?.[mark] ?? 0);
    const count = (mark: "delivered" | "read") => {
      if (of >= NAMED_RECEIPTS_MAX && hasReached(mark)) return of;
      return Math.max(marks.filter((each) => each[mark] >= message.seq).length, ...later.map((each) => each[mark]));
    };
    const [deliveredCount, readCount] = [count("delivered"), count("read")];
    const isByAll = (mark: "delivered" | "read", by: number) => of > 0 && (by >= of || hasReached(mark));
    return { state: isByAll("read", readCount) ? "read" : isByAll("delivered", deliveredCount) ? "delivered" : "sent", deliveredCount, readCount, of };
  }

  async members(cursor?: string): Promise<{ members: Member[]; next?: string }> {
    const page = await this.core.rest.call("GET /chats/{chat}/members", { path: this.path, query: { cursor } });
    return { members: page.members.map(toMember), ...(page.next !== undefined && { next: page.next }) };
  }

  async receipts(seq: Seq): Promise<{ user: Id; delivered: boolean; read: boolean }[]> {
    type Page = Answer<"GET /chats/{chat}/messages/{message}/receipts">;
    const all: Page["receipts"] = [];
    let cursor: string | undefined;
    do {
      const path = { ...this.path, message: String(seq) };
      const page: Page = await this.core.rest.call("GET /chats/{chat}/messages/{message}/receipts", { path, query: { cursor } });
      all.push(...page.receipts);
      cursor = page.next;
    } while (cursor !== undefined);
    return all.map(({ user, status }) => ({ user, delivered: status !== "sent", read: status === "read" }));
  }

  send(text: string, options: { replyTo?: Seq; mentions?: Id[] } = {}): Promise<Pending> {
    const { replyTo, mentions } = options;
    return this.sendBody({ type: "text", text, ...(mentions && { mentions }) }, replyTo === undefined ? {} : { replyTo });
  }

  sendBody(body: Body, options: { replyTo?: Seq } = {}): Promise<Pending> {
    this.typist.set(false);
    return this.post({ type: "send", body, ...(options.replyTo !== undefined && { replyTo: options.replyTo }) });
  }

  edit(target: Seq, text: string): Promise<Pending> {
    return this.post({ type: "edit", target, body: { type: "text", text } });
  }

  delete(target: Seq): Promise<Pending> {
    return this.post({ type: "delete", target });
  }

  react(target: Seq, emoji: string, on: boolean): Promise<Pending> {
    return this.post({ type: "react", target, emoji, on });
  }

  retry(key: string): Promise<void> {
    return this.core.settle("retry", key);
  }

  cancel(key: string): Promise<void> {
    return this.core.settle("cancel", key);
  }

  markRead(seq: Seq): void {
    tell(this.core, { type: "read", chat: this.id, seq });
  }

  setTyping(on: boolean): void {
    this.typist.set(on);
  }

  setDraft(text: string): void {
    this.core.setDraft(this.id, text);
  }

  async rename(title: string): Promise<void> {
    await this.core.rest.call("PATCH /chats/{chat}", { path: this.path, body: { title } });
  }

  addMembers(users: Id[]): Promise<void> {
    return this.core.rest.call("POST /chats/{chat}/members", { path: this.path, body: { users } });
  }

  removeMember(user: Id): Promise<void> {
    return this.core.rest.call("DELETE /chats/{chat}/members/{user}", { path: { ...this.path, user } });
  }

  setRole(user: Id, role: Role): Promise<void> {
    return this.core.rest.call("PATCH /chats/{chat}/members/{user}", { path: { ...this.path, user }, body: { role } });
  }

  leave(): Promise<void> {
    return this.core.rest.call("POST /chats/{chat}/leave", { path: this.path });
  }

  /** Events of the chat were applied. */
  take(events: readonly WireEvent[]): void {
    for (const timeline of this.timelines) timeline.take(events);
    this.resting?.take(events);
    this.quotes.take(events);
  }

  /** The chat is the user's now, or this device did not know it. */
  joined(): void {
    this.letGo();
    for (const timeline of this.timelines) timeline.joined();
  }

  /** Events were skipped. */
  reload(): void {
    this.letGo();
    for (const timeline of this.timelines) timeline.reload();
  }

  /** The connection came or went. */
  reconnected(isReady: boolean): void {
    for (const timeline of this.timelines) timeline.reconnected();
    if (isReady) this.quotes.reconnected();
  }

  /** The user is gone: what is shown of the chat ends. */
  end(): void {
    this.typist.set(false);
    for (const timeline of [...this.timelines]) timeline.close();
    this.letGo();
  }

  private closed(timeline: LoadedTimeline): void {
    if (!this.timelines.delete(timeline) || !timeline.atEnd.value) return;
    this.resting = timeline;
    this.core.rests(this);
  }

  private async post(operation: Pending["operation"]): Promise<Pending> {
    const said = "body" in operation ? { ...operation, body: plain(operation.body) } : operation;
    if ("body" in said && bytesOf(said.body) > BODY_BYTES_MAX) throw failure(TOO_LARGE);
    return ask(this.core, (reply) => ({ type: "post", chat: this.id, operation: said, reply }));
  }

  private get path(): { chat: Id } {
    return { chat: this.id };
  }

  private computeMarks(): Marks {
    const record = this.core.chats.record(this.id);
    if (record && record.memberCount <= NAMED_RECEIPTS_MAX) return new Map(Object.entries(record.marks));
    // A new empty one whenever the ticks may be others: who listens draws them again.
    if (record?.receipts === this.counted.receipts && record?.reached === this.counted.reached) return this.counted.marks;
    this.counted = { receipts: record?.receipts, reached: record?.reached, marks: new Map() };
    return this.counted.marks;
  }
}
