/** What applications hold in their hands: the outside of a client, and the calls that change accounts and chats. */

import type {
  Chat, ChatSummary, ChosenStatus, Client, ClientEvent, Connection, Id, Presence, Privacy, Readable, Reported, ReportReason, Session, User,
} from "./api.js";
import { toPrivacy, toSession, toUser } from "./convert.js";
import { ask, isOnline } from "./core.js";
import { newKey } from "./key.js";
import type { Live } from "./live.js";
import { isParlourError } from "./problem.js";
import { savedSession } from "./session.js";
import type { WireChat, WireSignedIn, WireUser } from "./wire.js";

/** The client. Made by `connect`. */
export class ParlourClient implements Client {
  readonly persistence: "device" | "memory";
  readonly connection: Readable<Connection>;
  readonly me: Readable<User | undefined>;
  readonly status: Readable<ChosenStatus>;
  readonly chats: Readable<readonly ChatSummary[]>;

  /** `left` undoes what ties the client to the page. */
  constructor(private readonly live: Live, private readonly left: () => void) {
    this.persistence = live.store.kind === "memory" ? "memory" : "device";
    this.connection = live.connection;
    this.me = live.me;
    this.status = live.status;
    this.chats = live.chats.list;
  }

  chat(id: Id): Chat {
    return this.live.chat(id);
  }

  user(id: Id): Readable<User | undefined> {
    return this.live.people.user(id);
  }

  presence(id: Id): Readable<Presence> {
    return this.live.screen.presence(id);
  }

  register(username: string, password: string, displayName?: string): Promise<User> {
    const key = newKey(this.live.driver.now());
    const body = { username, password, ...this.device, ...(displayName !== undefined && { display_name: displayName }) };
    return this.signIn(() => repeatedOnce(() => this.live.rest.call("POST /auth/register", { anonymous: true, key, body })));
  }

  login(username: string, password: string): Promise<User> {
    const body = { username, password, ...this.device };
    return this.signIn(() => this.live.rest.call("POST /auth/login", { anonymous: true, body }));
  }

  async logout(): Promise<void> {
    if (isOnline(this.live)) {
      // Unreachable or refused: the session ends on this device all the same.
      await this.live.rest.call("POST /auth/logout").catch(() => {});
    }
    await this.live.signOut();
  }

  async sessions(): Promise<Session[]> {
    const { sessions } = await this.live.rest.call("GET /sessions");
    return sessions.map(toSession);
  }

  revokeSession(id: Id): Promise<void> {
    return this.live.rest.call("DELETE /sessions/{session}", { path: { session: id } });
  }

  revokeOtherSessions(): Promise<void> {
    return this.live.rest.call("DELETE /sessions");
  }

  changePassword(current: string, next: string): Promise<void> {
    return this.live.rest.call("POST /auth/password", { body: { current_password: current, new_password: next } });
  }

  async updateMe({ displayName, avatarUrl }: { displayName?: string; avatarUrl?: string | null }): Promise<User> {
    const body = { ...(displayName !== undefined && { display_name: displayName }), ...(avatarUrl !== undefined && { avatar_url: avatarUrl }) };
    return this.learn(await this.live.rest.call("PATCH /me", { body }));
  }

  async setStatus(status: ChosenStatus): Promise<void> {
    await ask<void>(this.live, (reply) => ({ type: "status", status, reply }));
    this.live.status.set(status);
  }

  async searchUsers(prefix: string, cursor?: string): Promise<{ users: User[]; next?: string }> {
    const page = await this.live.rest.call("GET /users", { query: { query: prefix, cursor } });
    return { users: this.live.people.learn(page.users), ...(page.next !== undefined && { next: page.next }) };
  }

  async userByName(username: string): Promise<User | undefined> {
    const page = await this.live.rest.call("GET /users", { query: { username } });
    return this.live.people.learn(page.users)[0];
  }

  async privacy(): Promise<Privacy> {
    return toPrivacy(await this.live.rest.call("GET /me/privacy"));
  }

  async setPrivacy(change: Partial<Privacy>): Promise<Privacy> {
    const body = change.lastSeen === undefined ? {} : { last_seen: change.lastSeen };
    return toPrivacy(await this.live.rest.call("PATCH /me/privacy", { body }));
  }

  async hasBlocked(user: Id): Promise<boolean> {
    const { blocked } = await this.live.rest.call("GET /users/{user}/block", { path: { user } });
    return blocked;
  }

  block(user: Id): Promise<void> {
    return this.live.rest.call("POST /users/{user}/block", { path: { user } });
  }

  unblock(user: Id): Promise<void> {
    return this.live.rest.call("DELETE /users/{user}/block", { path: { user } });
  }

  async report(what: Reported, reason: ReportReason, note?: string): Promise<void> {
    const key = newKey(this.live.driver.now());
    const body = { ...what, reason, ...(note && { note }) };
    await repeatedOnce(() => this.live.rest.call("POST /reports", { key, body }));
  }

  createDirect(user: Id): Promise<Chat> {
    return this.opened(this.live.rest.call("POST /chats", { body: { type: "direct", user } }));
  }

  createGroup(title: string, users: Id[]): Promise<Chat> {
    const key = newKey(this.live.driver.now());
    return this.opened(repeatedOnce(() => this.live.rest.call("POST /chats", { key, body: { type: "group", title, users } })));
  }

  events(listener: (event: ClientEvent) => void): () => void {
    const entry = (event: ClientEvent) => listener(event);
    this.live.listeners.add(entry);
    return () => void this.live.listeners.delete(entry);
  }

  reconnect(): void {
    void this.live.driver.feed({ type: "hurry" });
  }

  async close(): Promise<void> {
    this.left();
    await this.live.close();
  }

  private get device(): { device?: string } {
    const { device } = this.live.parts;
    return device === undefined ? {} : { device };
  }

  private async signIn(post: () => Promise<WireSignedIn>): Promise<User> {
    const signedIn = await post();
    await this.live.signIn(savedSession(signedIn, this.live.driver.now()), signedIn.user);
    return toUser(signedIn.user);
  }

  private async opened(made: Promise<WireChat>): Promise<Chat> {
    const chat = await made;
    this.live.learnChat(chat);
    return this.live.chat(chat.id);
  }

  private learn(user: WireUser): User {
    const [learned] = this.live.people.learn([user]);
    return learned ?? toUser(user);
  }
}

/** Makes a call again whose answer was lost. It has a key, and so is the same call. */
async function repeatedOnce<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isParlourError(error) || error.problem.code !== "unreachable") throw error;
    return call();
  }
}
