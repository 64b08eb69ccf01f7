/** What applications hold in their hands: the outside of a client, and the calls that change accounts and chats. */

import type { Chat, ChatSummary, ChosenStatus, Client, ClientEvent, Connection, Id, Presence, Readable, Session, User } from "./api.js";
import { toSession, toUser } from "./convert.js";
import { ask, isOnline } from "./core.js";
import { newKey } from "./key.js";
import type { Live } from "./live.js";
import { isParlourError } from "./problem.js";
import { savedSession } from "./session.js";
import type { WireChat, WireSession, WireSignedIn, WireUser } from "./wire.js";

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
    return this.signIn("/auth/register", { username, password, display_name: displayName }, key);
  }

  login(username: string, password: string): Promise<User> {
    return this.signIn("/auth/login", { username, password });
  }

  async logout(): Promise<void> {
    if (isOnline(this.live)) {
      // Unreachable or refused: the session ends on this device all the same.
      await this.live.rest.call("/auth/logout", { method: "POST" }).catch(() => {});
    }
    await this.live.signOut();
  }

  async sessions(): Promise<Session[]> {
    const { sessions } = await this.live.rest.call<{ sessions: WireSession[] }>("/sessions");
    return sessions.map(toSession);
  }

  revokeSession(id: Id): Promise<void> {
    return this.live.rest.call(`/sessions/${id}`, { method: "DELETE" });
  }

  revokeOtherSessions(): Promise<void> {
    return this.live.rest.call("/sessions", { method: "DELETE" });
  }

  changePassword(current: string, next: string): Promise<void> {
    return this.live.rest.call("/auth/password", { method: "POST", body: { current_password: current, new_password: next } });
  }

  async updateMe(change: { displayName?: string | null; avatarUrl?: string | null }): Promise<User> {
    const body = { display_name: change.displayName, avatar_url: change.avatarUrl };
    return this.learn(await this.live.rest.call<WireUser>("/me", { method: "PATCH", body }));
  }

  async setStatus(status: ChosenStatus): Promise<void> {
    await ask<void>(this.live, (reply) => ({ type: "status", status, reply }));
    this.live.status.set(status);
  }

  async searchUsers(prefix: string, cursor?: string): Promise<{ users: User[]; next?: string }> {
    const page = await this.live.rest.call<{ users: WireUser[]; next?: string }>("/users", { query: { query: prefix, cursor } });
    return { users: this.live.people.learn(page.users), ...(page.next !== undefined && { next: page.next }) };
  }

  async userByName(username: string): Promise<User | undefined> {
    const page = await this.live.rest.call<{ users: WireUser[] }>("/users", { query: { username } });
    return this.live.people.learn(page.users)[0];
  }

  createDirect(user: Id): Promise<Chat> {
    return this.create({ type: "direct", user });
  }

  createGroup(title: string, users: Id[]): Promise<Chat> {
    return this.create({ type: "group", title, users }, newKey(this.live.driver.now()));
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

  private async signIn(path: string, body: Record<string, unknown>, key?: string): Promise<User> {
    const { device } = this.live.parts;
    const post = () =>
      this.live.rest.call<WireSignedIn>(path, {
        method: "POST", anonymous: true, body: { ...body, device }, ...(key !== undefined && { key }),
      });
    const signedIn = await repeatedOnce(post, key);
    await this.live.signIn(savedSession(signedIn, this.live.driver.now()), signedIn.user);
    return toUser(signedIn.user);
  }

  private async create(body: unknown, key?: string): Promise<Chat> {
    const post = () => this.live.rest.call<WireChat>("/chats", { method: "POST", body, ...(key !== undefined && { key }) });
    const chat = await repeatedOnce(post, key);
    this.live.learnChat(chat);
    return this.live.chat(chat.id);
  }

  private learn(user: WireUser): User {
    const [learned] = this.live.people.learn([user]);
    return learned ?? toUser(user);
  }
}

/** Makes a call again whose answer was lost, if it has a key and so is the same call. */
async function repeatedOnce<T>(call: () => Promise<T>, key: string | undefined): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (key === undefined || !isParlourError(error) || error.problem.code !== "unreachable") throw error;
    return call();
  }
}
