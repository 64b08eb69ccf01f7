/**
 * A `Client` without a server: the test double of the components, and what the page is looked at and measured with.
 * Never part of the production bundle: only `fake.html` and the tests import this folder.
 */
import type {
  Chat, ChatSummary, ChosenStatus, Client, ClientEvent, Connection, Id, Presence, Privacy, Readable, Session, User,
} from "parlour-client";
import { type Cell, createCell } from "../readable.js";
import { FakeChat } from "./fake-chat.js";
import { createRandom, inventBody, people } from "./invented.js";

export interface FakeOptions {
  /** Messages in the first group. */
  messages?: number;
  signedIn?: boolean;
  /** How long an answer takes. */
  waitMs?: number;
}

const dayMs = 86_400_000;

export class FakeClient implements Client {
  readonly connection: Cell<Connection>;
  readonly me: Cell<User | undefined>;
  readonly status = createCell<ChosenStatus>("online");
  readonly persistence = "device";
  readonly chats: Cell<readonly ChatSummary[]> = createCell<readonly ChatSummary[]>([]);
  readonly #chats = new Map<Id, FakeChat>();
  readonly #users = new Map<Id, Cell<User | undefined>>();
  readonly #presence = new Map<Id, Cell<Presence>>();
  readonly #random = createRandom(7);
  readonly #waitMs: number;
  readonly #blocked = new Set<Id>();
  #privacy: Privacy = { lastSeen: "everyone" };
  #sessions: Session[];

  constructor({ messages = 400, signedIn = true, waitMs = 120 }: FakeOptions = {}) {
    this.#waitMs = waitMs;
    this.connection = createCell<Connection>(signedIn ? { state: "ready" } : { state: "signed_out" });
    this.me = createCell(signedIn ? people[0] : undefined);
    const session = (id: string, device: string, current: boolean): Session => ({ id, device, createdAt: Date.now() - dayMs, lastActiveAt: Date.now(), current });
    this.#sessions = [session("1", "Firefox, Linux", true), session("2", "Phone", false), session("3", "Laptop", false)];
    this.#invent(messages);
  }

  chat(id: Id): FakeChat {
    const known = this.#chats.get(id) ?? this.#open({ id, type: "direct", peer: "1001" }, []);
    if (!this.#chats.has(id)) known.summary.set(undefined);
    return known;
  }

  user(id: Id): Readable<User | undefined> {
    const cell = this.#users.get(id) ?? createCell(people.find((user) => user.id === id));
    this.#users.set(id, cell);
    return cell;
  }

  presence(id: Id): Cell<Presence> {
    const status = (["online", "away", "busy", "offline"] as const)[Number(id) % 4] ?? "unknown";
    const cell = this.#presence.get(id) ?? createCell<Presence>({ user: id, status, lastSeen: Date.now() - 3_600_000 });
    this.#presence.set(id, cell);
    return cell;
  }

  async register(_username: string, _password: string, displayName?: string): Promise<User> {
    return this.login(displayName ?? "", "");
  }

  async login(_username: string, _password: string): Promise<User> {
    await this.#wait();
    const user = people[0] as User;
    this.me.set(user);
    this.connection.set({ state: "ready" });
    return user;
  }

  async logout(): Promise<void> {
    this.connection.set({ state: "signed_out", reason: "logged_out" });
    this.me.set(undefined);
  }

  async sessions(): Promise<Session[]> {
    await this.#wait();
    return this.#sessions;
  }

  async revokeSession(id: Id): Promise<void> {
    this.#sessions = this.#sessions.filter((session) => session.id !== id);
  }

  async revokeOtherSessions(): Promise<void> {
    this.#sessions = this.#sessions.filter((session) => session.current);
  }

  async changePassword(): Promise<void> {
    await this.#wait();
  }

  async updateMe(change: { displayName?: string }): Promise<User> {
    const user = { ...(this.me.value as User), displayName: change.displayName ?? "" };
    this.me.set(user);
    return user;
  }

  async setStatus(status: ChosenStatus): Promise<void> {
    this.status.set(status);
  }

  async privacy(): Promise<Privacy> {
    await this.#wait();
    return this.#privacy;
  }

  async setPrivacy(change: Partial<Privacy>): Promise<Privacy> {
    await this.#wait();
    this.#privacy = { ...this.#privacy, ...change };
    return this.#privacy;
  }

  async hasBlocked(user: Id): Promise<boolean> {
    await this.#wait();
    return this.#blocked.has(user);
  }

  async block(user: Id): Promise<void> {
    this.#blocked.add(user);
  }

  async unblock(user: Id): Promise<void> {
    this.#blocked.delete(user);
  }

  async report(): Promise<void> {
    await this.#wait();
  }

  async searchUsers(prefix: string): Promise<{ users: User[] }> {
    await this.#wait();
    const wanted = prefix.toLowerCase();
    return { users: people.filter((user) => `${user.displayName} ${user.username}`.toLowerCase().includes(wanted)) };
  }

  async userByName(username: string): Promise<User | undefined> {
    return people.find((user) => user.username === username);
  }

  async createDirect(user: Id): Promise<Chat> {
    const known = [...this.#chats.values()].find((chat) => chat.summary.value?.peer === user);
    return known ?? this.#create({ id: `5${user}`, type: "direct", peer: user }, [user]);
  }

  async createGroup(title: string, users: Id[]): Promise<Chat> {
    return this.#create({ id: `6${this.#chats.size}`, type: "group", title }, users);
  }

  events(_listener: (event: ClientEvent) => void): () => void {
    return () => undefined;
  }

  reconnect(): void {
    this.connection.set({ state: "ready" });
  }

  async close(): Promise<void> {}

  /** Loses the connection; what is sent from now on is queued. */
  goOffline(): void {
    this.connection.set({ state: "waiting", retryAt: Date.now() + 30_000 });
  }

  /** One more message of somebody in a chat, as fast as it is called. */
  receive(chat: Id, author = "1001"): void {
    const target = this.chat(chat);
    target.append(author, { body: inventBody(this.#random) });
    target.update({ unread: (target.summary.value?.unread ?? 0) + 1 });
  }

  #wait = () => new Promise<void>((resolve) => setTimeout(resolve, this.#waitMs));

  #create(about: Partial<ChatSummary> & { id: Id; type: "direct" | "group" }, users: readonly Id[]): FakeChat {
    const chat = this.#open(about, users);
    this.#chats.set(chat.id, chat);
    chat.append("1000", { notice: { kind: "chat_created", users: [...users] } });
    return chat;
  }

  #open(about: Partial<ChatSummary> & { id: Id; type: "direct" | "group" }, users: readonly Id[]): FakeChat {
    const members = ["1000", ...users];
    const summary: ChatSummary = {
      role: "owner", memberCount: members.length, head: 0, read: 0, delivered: 0, unread: 0, updatedAt: Date.now(), ...about,
    };
    const world = {
      me: "1000",
      wait: this.#wait,
      changed: () => this.#sort(),
      isOffline: () => this.connection.value.state !== "ready",
    };
    return new FakeChat(summary, members, world);
  }

  #sort(): void {
    const summaries = [...this.#chats.values()].flatMap((chat) => chat.summary.value ?? []);
    this.chats.set(summaries.sort((one, other) => other.updatedAt - one.updatedAt));
  }

  #invent(messages: number): void {
    const others = people.slice(1).map((user) => user.id);
    for (const [index, user] of others.entries()) {
      this.#fill(this.#create({ id: `4${user}`, type: "direct", peer: user }, [user]), 12 + index * 3, [user], index * 7);
    }
    this.#fill(this.#create({ id: "6001", type: "group", title: "Garden party" }, others.slice(0, 5)), 60, others.slice(0, 5), 2);
    const team = this.#create({ id: "6000", type: "group", title: "Parlour team" }, others.slice(0, 8));
    this.#fill(team, messages, others.slice(0, 4), 0);
    team.marks.set(new Map(others.slice(0, 8).map((user, index) => [user, { delivered: team.all.length - index, read: team.all.length - 2 * index }])));
    team.typing.set([others[1] ?? ""]);
    this.chat("41003").update({ draft: "Shall we meet on" });
    this.chat("41001").typing.set(["1001"]);
  }

  #fill(chat: FakeChat, count: number, authors: readonly Id[], daysAgo: number): void {
    const start = Date.now() - daysAgo * dayMs - count * 240_000;
    const last = chat.all.pop();
    const batch = Array.from({ length: count }, (_, index) => {
      const author = this.#random() < 0.35 ? "1000" : (authors[Math.floor(this.#random() * authors.length)] ?? "1001");
      return { author, sentAt: start + index * 240_000 - Math.floor(this.#random() * 200_000) };
    });
    if (last) chat.all.push({ ...last, sentAt: start - 300_000 });
    for (const { author, sentAt } of batch) chat.all.push(this.#message(chat, author, sentAt));
    const lastMessage = chat.all.at(-1);
    if (!lastMessage) return;
    const unread = daysAgo % 3 === 2 ? 3 : 0;
    chat.update({ head: lastMessage.seq, read: lastMessage.seq - unread, unread, lastMessage, updatedAt: lastMessage.sentAt });
  }

  #message(chat: FakeChat, author: Id, sentAt: number) {
    const seq = chat.all.length + 1;
    const reactions = this.#random() < 0.08 ? [{ emoji: "❤️", users: ["1001", "1000"] }, { emoji: "😂", users: ["1002"] }] : [];
    return {
      chat: chat.id, seq, id: `9${seq}`, author, sentAt, content: { body: inventBody(this.#random) }, reactions,
      ...(this.#random() < 0.06 && seq > 20 ? { replyTo: seq - 7 } : {}),
      ...(this.#random() < 0.04 ? { editedAt: sentAt + 60_000 } : {}),
    };
  }
}
