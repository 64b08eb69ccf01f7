/**
 * One invented chat: answers what the page asks of a chat from memory, with honest states of what is sent.
 */
import type { Body, Chat, ChatSummary, Id, Member, Message, Pending, Problem, Readable, Role, Seq, Ticks, Timeline } from "parlour-client";
import { createCell } from "../readable.js";
import { FakeTimeline } from "./fake-timeline.js";

const refusal: Problem = { code: "forbidden", message: "not in this chat", retry: "never" };

export class FakeChat implements Chat {
  readonly summary;
  readonly typing = createCell<readonly Id[]>([]);
  readonly marks = createCell<ReadonlyMap<Id, { delivered: Seq; read: Seq }>>(new Map());
  readonly all: Message[] = [];
  readonly #pending = createCell<readonly Pending[]>([]);
  readonly #timelines = new Set<FakeTimeline>();
  #members: Member[];
  #keys = 0;

  constructor(
    private readonly initial: ChatSummary,
    members: readonly Id[],
    private readonly world: { me: Id; wait: () => Promise<void>; changed: () => void; isOffline: () => boolean },
  ) {
    this.summary = createCell<ChatSummary | undefined>(initial);
    const ownerOf = (index: number): Role => (index === 0 ? initial.role : index === 1 ? "admin" : "member");
    this.#members = members.map((user, index) => ({ user, role: ownerOf(index), joinedAt: initial.updatedAt, delivered: 0, read: 0 }));
  }

  get id(): Id {
    return this.initial.id;
  }

  /** Adds a message as if it had just been committed. */
  append(author: Id, content: Message["content"], more: Partial<Message> = {}): Message {
    const seq = this.all.length + 1;
    const message: Message = { chat: this.id, seq, id: `9${seq}`, author, sentAt: Date.now(), content, reactions: [], ...more };
    this.all.push(message);
    for (const timeline of this.#timelines) timeline.changed(1);
    this.#summarise({ head: seq, lastMessage: message, updatedAt: message.sentAt });
    return message;
  }

  update(change: Partial<ChatSummary>): void {
    this.#summarise(change);
  }

  ticks(message: Message): Ticks {
    const marks = [...this.marks.value.values()];
    const of = this.#members.length - 1;
    const deliveredCount = marks.filter((mark) => mark.delivered >= message.seq).length;
    const readCount = marks.filter((mark) => mark.read >= message.seq).length;
    return { state: readCount >= of ? "read" : deliveredCount >= of ? "delivered" : "sent", deliveredCount, readCount, of };
  }

  message(seq: Seq): Readable<Message | undefined> {
    return createCell(this.all[seq - 1]);
  }

  timeline(at: Seq | "end" = "end"): Timeline {
    const timeline = new FakeTimeline({ all: this.all, pending: this.#pending, wait: this.world.wait }, at, (closed) =>
      this.#timelines.delete(closed),
    );
    this.#timelines.add(timeline);
    return timeline;
  }

  async members(): Promise<{ members: Member[] }> {
    await this.world.wait();
    return { members: [...this.#members] };
  }

  async receipts(seq: Seq): Promise<{ user: Id; delivered: boolean; read: boolean }[]> {
    await this.world.wait();
    return [...this.marks.value].map(([user, mark]) => ({ user, delivered: mark.delivered >= seq, read: mark.read >= seq }));
  }

  send(text: string, options: { replyTo?: Seq } = {}): Promise<Pending> {
    return this.sendBody({ type: "text", text }, options);
  }

  /** “fail” and “stall” as texts show what those states look like. */
  async sendBody(body: Body, options: { replyTo?: Seq } = {}): Promise<Pending> {
    this.#keys += 1;
    const pending: Pending = {
      key: `key-${this.id}-${this.#keys}`,
      chat: this.id,
      operation: { type: "send", body, ...options },
      createdAt: Date.now(),
      state: this.world.isOffline() ? "queued" : "sending",
    };
    this.#pending.set([...this.#pending.value, pending]);
    if (!this.world.isOffline()) void this.#settle(pending);
    return pending;
  }

  edit(target: Seq, text: string): Promise<Pending> {
    this.#replace(target, { content: { body: { type: "text", text } }, editedAt: Date.now() });
    return this.#done({ type: "edit", target, body: { type: "text", text } });
  }

  delete(target: Seq): Promise<Pending> {
    this.#replace(target, { content: { deleted: true }, reactions: [] });
    return this.#done({ type: "delete", target });
  }

  react(target: Seq, emoji: string, on: boolean): Promise<Pending> {
    const others = this.all[target - 1]?.reactions ?? [];
    const users = (others.find((reaction) => reaction.emoji === emoji)?.users ?? []).filter((user) => user !== this.world.me);
    const next = on ? [...users, this.world.me] : users;
    const rest = others.filter((reaction) => reaction.emoji !== emoji);
    this.#replace(target, { reactions: next.length > 0 ? [...rest, { emoji, users: next }] : rest });
    return this.#done({ type: "react", target, emoji, on });
  }

  async retry(key: string): Promise<void> {
    const pending = this.#pending.value.find((one) => one.key === key);
    if (pending) this.#change(key, { ...pending, state: "sending" });
  }

  async cancel(key: string): Promise<void> {
    this.#change(key, undefined);
  }

  markRead(seq: Seq): void {
    if (seq <= (this.summary.value?.read ?? 0)) return;
    const unread = this.all.slice(seq).filter((message) => message.author !== this.world.me).length;
    this.#summarise({ read: seq, unread });
  }

  setTyping(): void {}

  setDraft(text: string): void {
    this.#summarise({ draft: text });
  }

  async rename(title: string): Promise<void> {
    this.#summarise({ title });
    this.append(this.world.me, { notice: { kind: "chat_changed", title } });
  }

  async addMembers(users: Id[]): Promise<void> {
    const joined = users.map((user): Member => ({ user, role: "member", joinedAt: Date.now(), delivered: 0, read: 0 }));
    this.#members = [...this.#members, ...joined];
    this.#summarise({ memberCount: this.#members.length });
    this.append(this.world.me, { notice: { kind: "members_added", users } });
  }

  async removeMember(user: Id): Promise<void> {
    this.#members = this.#members.filter((member) => member.user !== user);
    this.#summarise({ memberCount: this.#members.length });
    this.append(this.world.me, { notice: { kind: "member_removed", user } });
  }

  async setRole(user: Id, role: Role): Promise<void> {
    this.#members = this.#members.map((member) => (member.user === user ? { ...member, role } : member));
    this.append(this.world.me, { notice: { kind: "role_changed", user, role } });
  }

  async leave(): Promise<void> {
    this.summary.set(undefined);
    this.world.changed();
  }

  async #settle(pending: Pending): Promise<void> {
    await this.world.wait();
    const text = pending.operation.type === "send" && pending.operation.body.type === "text" ? pending.operation.body.text : "";
    if (text === "fail") return this.#change(pending.key, { ...pending, state: "failed", error: refusal });
    if (text === "stall") return this.#change(pending.key, { ...pending, state: "stalled", error: refusal });
    this.#change(pending.key, undefined);
    if (pending.operation.type !== "send") return;
    const { body, replyTo } = pending.operation;
    this.append(this.world.me, { body }, { key: pending.key, ...(replyTo === undefined ? {} : { replyTo }) });
  }

  #change(key: string, next: Pending | undefined): void {
    this.#pending.set(this.#pending.value.flatMap((one) => (one.key === key ? (next ? [next] : []) : [one])));
  }

  #replace(target: Seq, change: Partial<Message>): void {
    const message = this.all[target - 1];
    if (!message) return;
    this.all[target - 1] = { ...message, ...change };
    for (const timeline of this.#timelines) timeline.changed(0);
  }

  async #done(operation: Pending["operation"]): Promise<Pending> {
    return { key: "none", chat: this.id, operation, createdAt: Date.now(), state: "sending" };
  }

  #summarise(change: Partial<ChatSummary>): void {
    const summary = this.summary.value;
    if (summary) this.summary.set({ ...summary, ...change });
    this.world.changed();
  }
}
