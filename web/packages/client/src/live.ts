/**
 * The living parts of a client: joins the machine, the store, the other tabs and what is shown.
 *
 * Everything that is shown changes in `absorb`, after the commit of what led to it.
 */

import type { ChosenStatus, ClientEvent, Connection, Id, User } from "./api.js";
import { OpenChat } from "./chat.js";
import type { Encoding } from "./codec.js";
import { ask, type Core, isOnline } from "./core.js";
import { Driver } from "./driver.js";
import { eventsOf } from "./events.js";
import type { Output, Told } from "./machine/state.js";
import { Chats } from "./model/chats.js";
import { Neighbours } from "./neighbours.js";
import { People } from "./model/people.js";
import { Screen } from "./model/screen.js";
import { Sends } from "./model/sends.js";
import { Announcer, callSafely, Cell, Computed } from "./readable.js";
import { Rest } from "./rest.js";
import { refresh } from "./session.js";
import { type LocalStore, type Saved, type SavedSession, StoreOutdated } from "./store.js";
import { Summaries } from "./summaries.js";
import type { Tabs } from "./tabs.js";
import { TokenWaiters } from "./tokens.js";
import type { WireChat, WireEvent, WireMessage, WireUser } from "./wire.js";

/** Chats kept at hand after they were looked at. */
const RESTING_MAX = 10;

/** What a client is made of. */
export interface Parts {
  /** `https://chat.example.org` */
  url: string;
  device?: string;
  store: LocalStore;
  tabs: Tabs;
  encoding: Encoding;
  webSocket: typeof WebSocket;
  fetch: typeof fetch;
  /** Runs its argument soon, never at once. */
  schedule: (run: () => void) => void;
}

/** One client, without its outside. */
export class Live implements Core {
  readonly announcer: Announcer;
  readonly connection: Cell<Connection>;
  readonly me: Computed<User | undefined>;
  readonly status: Cell<ChosenStatus>;
  readonly rest: Rest;
  readonly store: LocalStore;
  readonly people: People;
  readonly screen: Screen;
  readonly sends: Sends;
  readonly chats: Chats;
  driver: Driver;
  readonly listeners = new Set<(event: ClientEvent) => void>();
  private readonly tokens: TokenWaiters;
  private readonly summaries: Summaries;
  private readonly neighbours: Neighbours;
  private readonly open = new Map<Id, OpenChat>();
  /** Resolves once what tabs left behind that are gone belongs to this client. */
  inherited: Promise<void> = Promise.resolve();
  /** Who is signed in, as of the last commit. */
  private user: Id | undefined;
  private reloading: Promise<void> | undefined;
  /** Chats that were looked at and are kept at hand, the last one at the end. */
  private readonly resting = new Set<OpenChat>();
  /** Attempts in a row that found no server. */
  private waits = 0;

  constructor(readonly parts: Parts, saved: Saved) {
    this.store = parts.store;
    this.announcer = new Announcer(parts.schedule);
    this.connection = new Cell<Connection>(this.announcer, { state: "signed_out" });
    this.status = new Cell<ChosenStatus>(this.announcer, "online");
    this.tokens = new TokenWaiters((token) => void this.driver.feed({ type: "token_expired", token }));
    this.rest = new Rest(parts.url, parts.fetch, {
      current: () => this.driver.machine.session?.accessToken,
      renewed: (expired) => this.tokens.renewed(this.driver.machine.session?.accessToken, expired),
    });
    this.people = new People(this.announcer, {
      now: () => this.driver.now(),
      fetch: (id) => this.rest.call("GET /users/{user}", { path: { user: id } }),
      keep: (users) => void this.driver.keep((batch) => batch.users.push(...users)),
      changed: (id) => {
        if (id === this.user) this.me.changed();
      },
      isOnline: () => isOnline(this),
    });
    this.me = new Computed(this.announcer, () => (this.user === undefined ? undefined : this.people.user(this.user).value));
    this.screen = new Screen(this.announcer, (users, chats) => {
      void this.driver.feed({ type: "command", command: { type: "watch", users, chats } });
    });
    this.sends = new Sends(this.announcer, () => this.driver.machine, (chat) => this.chats.touch(chat));
    this.chats = new Chats(this.announcer, (chat) => this.sends.latestIn(chat));
    this.summaries = new Summaries(this, {
      me: () => this.user,
      isOpen: (chat) => this.open.get(chat)?.isOpen === true,
      marksChanged: (chat) => this.open.get(chat)?.marks.changed(),
    });
    this.neighbours = new Neighbours(this, parts.tabs, () => void this.reload());
    this.driver = this.drive(saved);
    this.restore(saved);
  }

  /** The one object of a chat. */
  chat(id: Id): OpenChat {
    let chat = this.open.get(id);
    if (!chat) {
      chat = new OpenChat(this, id);
      this.open.set(id, chat);
    }
    return chat;
  }

  /** Goes on with the session that was kept, if there is one. */
  resume(): Promise<void> {
    return this.driver.feed({ type: "resumed" });
  }

  /** Starts with a new session. */
  async signIn(session: SavedSession, user: WireUser): Promise<void> {
    await this.driver.feed({ type: "signed_in", session });
    this.people.learn([user]);
    this.parts.tabs.tell({ type: "signed_in" });
  }

  /** Forgets everything on this device. */
  async signOut(): Promise<void> {
    await this.driver.feed({ type: "signed_out" });
    this.parts.tabs.tell({ type: "signed_out" });
  }

  refreshChat(chat: Id): void {
    this.summaries.wantFresh(chat);
  }

  /** Nobody looks at the chat any more: it stays at hand, instead of the one that rests for longest. */
  rests(chat: OpenChat): void {
    this.resting.delete(chat);
    this.resting.add(chat);
    const [oldest] = this.resting;
    if (!oldest || this.resting.size <= RESTING_MAX) return;
    this.resting.delete(oldest);
    oldest.letGo();
  }

  async settle(what: "retry" | "cancel", name: string): Promise<void> {
    const owner = this.sends.ownerOf(name);
    if (owner !== undefined) return this.parts.tabs.tell({ type: "wanted", what, owner, name });
    await ask<void>(this, (reply) => ({ type: what, name, reply }));
  }

  setDraft(chat: Id, text: string): void {
    this.chats.setDraft(chat, text);
    void this.driver.keep((batch) => batch.drafts.set(chat, text));
    this.parts.tabs.tell({ type: "draft", chat, text });
  }

  /** Takes over a summary that an answer brought along. */
  learnChat(chat: WireChat): void {
    this.summaries.learn(chat);
  }

  /** Takes over how far own messages got, as a page tells it. */
  learnReached(chat: Id, messages: readonly WireMessage[]): void {
    this.summaries.learnReached(chat, messages);
  }

  /** Sends what can be sent now, then ends. */
  async close(): Promise<void> {
    for (const chat of this.open.values()) chat.end();
    await this.driver.close();
    this.tokens.end();
    this.people.end();
    this.summaries.forget();
    this.rest.close();
    this.parts.tabs.close();
    await this.store.close();
  }

  private drive(saved: Saved): Driver {
    const { parts } = this;
    const settings = { instance: parts.tabs.instance, random: Math.random, ...(parts.device !== undefined && { device: parts.device }) };
    return new Driver(settings, saved, {
      store: parts.store,
      url: `${parts.url.replace(/^http/, "ws")}/v1/ws`,
      encoding: parts.encoding,
      webSocket: parts.webSocket,
      refresh: (session) => refresh({ rest: this.rest, store: parts.store, tabs: parts.tabs, now: () => this.driver.now() }, session),
      prepare: (out) => this.prepare(out),
      absorb: (out) => this.absorb(out),
      failed: (error) => this.failed(error),
    });
  }

  private restore(saved: Saved): void {
    this.user = saved.session?.user;
    this.people.restore(saved.users);
    this.chats.restore(saved);
    this.me.changed();
    if (saved.session) this.tokens.changed(saved.session.accessToken);
    for (const chat of this.driver.machine.chatsWithSends()) this.sends.refresh(chat);
    this.inherited = this.neighbours.restore(saved.outbox);
  }

  /** Before the commit. */
  private prepare(out: Output): void {
    const me = this.driver.machine.session?.user ?? this.user;
    if (me !== undefined) this.chats.prepare(out, me);
  }

  /** After the commit. */
  private absorb(out: Output): void {
    if (out.batch.wipe) this.forget();
    if (out.batch.wipe || out.batch.session) {
      this.user = this.driver.machine.session?.user;
      this.me.changed();
      this.tokens.changed(this.driver.machine.session?.accessToken);
    }
    for (const { chat, before, after } of this.chats.absorb()) this.summaries.changed(chat, before, after);
    for (const [chat, events] of eventsByChat(out.told)) this.open.get(chat)?.take(events);
    this.sends.absorb(out, (chat) => this.chats.cursor(chat));
    for (const told of out.told) this.learn(told);
    this.neighbours.tell(out.batch);
    const events = out.told.flatMap(eventsOf);
    for (const event of events) for (const listener of this.listeners) callSafely(() => listener(event));
  }

  private learn(told: Told): void {
    switch (told.type) {
      case "welcome":
        this.people.learn([told.me]);
        return this.screen.setLimits({ users: told.limits.watch_users, chats: told.limits.watch_chats });
      case "connection":
        return this.connectionChanged(told.connection);
      case "token":
        return this.tokens.changed(this.driver.machine.session?.accessToken);
      case "chat_joined":
        this.open.get(told.chat.id)?.joined();
        return this.summaries.got(told.chat.id);
      case "too_long":
        this.open.get(told.chat)?.reload();
        return this.summaries.want(told.chat);
      case "marked":
        return this.summaries.marked(told.chat);
      case "typing":
        return told.user === this.user ? undefined : this.screen.takeTyping(told);
      case "presence":
        return this.screen.takePresence(told.presence);
    }
  }

  private connectionChanged(connection: Connection): void {
    this.connection.set(connection);
    const isReady = connection.state === "ready";
    this.waits = connection.state === "waiting" ? this.waits + 1 : isReady ? 0 : this.waits;
    if (connection.state === "waiting") this.summaries.lost();
    // One lost connection is usually back at once; then nobody's presence need flicker.
    if (this.waits > 1 || connection.state === "signed_out") this.screen.lost();
    if (connection.state === "signed_out") this.tokens.changed(undefined);
    for (const chat of this.open.values()) chat.reconnected(isReady);
    if (!isReady) return;
    for (const [id, chat] of this.open) if (chat.isOpen) this.summaries.wantFresh(id);
    this.summaries.catchUp();
    this.people.catchUp();
    void this.askStatus();
  }

  /** What the user chose on another device. */
  private async askStatus(): Promise<void> {
    if (this.user === undefined) return;
    try {
      const { status } = await this.rest.call("GET /users/{user}/status", { path: { user: this.user } });
      if (status === "offline") this.status.set("invisible");
      else if (status !== "unknown") this.status.set(status);
    } catch {
      // It stays what it was; the next connection asks again.
    }
  }

  private failed(error: unknown): void {
    if (error instanceof StoreOutdated) return void this.reload();
    this.connection.set({ state: "signed_out", reason: "store_failed" });
  }

  /** Another tab has signed in or out: starts again on what the store has now. */
  private reload(): Promise<void> {
    this.reloading ??= this.startAgain()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.reloading = undefined;
      });
    return this.reloading;
  }

  private async startAgain(): Promise<void> {
    const { session } = await this.store.session();
    if (session && session.session === this.driver.machine.session?.session) return;
    // What is being committed now is in the store before that is read.
    await this.driver.halt();
    const saved = await this.store.load();
    this.forget();
    this.driver = this.drive(saved);
    this.restore(saved);
    if (saved.session) return this.resume();
    this.connectionChanged({ state: "signed_out", reason: "logged_out" });
  }

  private forget(): void {
    this.chats.forgetDrafts();
    this.chats.restore({ records: new Map(), progress: new Map(), drafts: new Map() });
    this.people.forget();
    this.sends.forget();
    this.screen.lost();
    this.summaries.forget();
    for (const chat of this.open.values()) chat.end();
  }
}

function eventsByChat(told: Told[]): Map<Id, WireEvent[]> {
  const byChat = new Map<Id, WireEvent[]>();
  for (const each of told) {
    if (each.type !== "event") continue;
    const events = byChat.get(each.event.chat);
    if (events) events.push(each.event);
    else byChat.set(each.event.chat, [each.event]);
  }
  return byChat;
}
