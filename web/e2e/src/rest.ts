/**
 * The server asked directly, past the page: to fill it before a test, and to know afterwards what is true.
 */
import { randomBytes } from "node:crypto";

/** Somebody with an account, or about to have one. */
export interface Identity {
  readonly displayName: string;
  readonly username: string;
  readonly password: string;
}

/** A message as the server tells it; only what tests look at. */
export interface Entry {
  readonly seq: number;
  readonly author: string;
  readonly kind: string;
  readonly body?: { readonly type: string; readonly text?: string };
  readonly reply_to?: number;
  readonly edited_at?: number;
  readonly deleted?: boolean;
  readonly reactions?: readonly { readonly emoji: string; readonly users: readonly string[] }[];
}

interface SignedIn {
  readonly user: { readonly id: string };
  readonly session: { readonly id: string };
  readonly access_token: string;
}

/** One signed-in device that is no browser. */
export class Account {
  private constructor(
    private readonly url: string,
    private readonly signedIn: SignedIn,
  ) {}

  get id(): string {
    return this.signedIn.user.id;
  }

  static async register(url: string, { username, displayName, password }: Identity, device = "Test"): Promise<Account> {
    const body = { username, password, display_name: displayName, device };
    return new Account(url, await ask<SignedIn>(url, "POST", "/auth/register", { body }));
  }

  static async login(url: string, { username, password }: Identity): Promise<Account> {
    return new Account(url, await ask<SignedIn>(url, "POST", "/auth/login", { body: { username, password, device: "Test" } }));
  }

  async direct(user: string): Promise<string> {
    return (await this.ask<{ id: string }>("POST", "/chats", { type: "direct", user })).id;
  }

  async group(title: string, users: readonly string[]): Promise<string> {
    return (await this.ask<{ id: string }>("POST", "/chats", { type: "group", title, users })).id;
  }

  async post(chat: string, text: string, replyTo?: number): Promise<number> {
    const body = { body: { type: "text", text }, ...(replyTo === undefined ? {} : { reply_to: replyTo }) };
    return (await this.ask<{ seq: number }>("POST", `/chats/${chat}/messages`, body)).seq;
  }

  async edit(chat: string, seq: number, text: string): Promise<void> {
    await this.ask("PATCH", `/chats/${chat}/messages/${seq}`, { body: { type: "text", text } });
  }

  async read(chat: string, seq: number): Promise<void> {
    await this.ask("PUT", `/chats/${chat}/messages/${seq}/status`, { status: "read" });
  }

  async chats(): Promise<readonly { readonly id: string; readonly title?: string; readonly unread: number }[]> {
    return (await this.ask<{ chats: { id: string; title?: string; unread: number }[] }>("GET", "/chats")).chats;
  }

  async members(chat: string): Promise<readonly { readonly user: string; readonly role: string }[]> {
    return (await this.ask<{ members: { user: string; role: string }[] }>("GET", `/chats/${chat}/members`)).members;
  }

  async sessions(): Promise<readonly { readonly id: string; readonly current: boolean }[]> {
    return (await this.ask<{ sessions: { id: string; current: boolean }[] }>("GET", "/sessions")).sessions;
  }

  async revoke(session: string): Promise<void> {
    await this.ask("DELETE", `/sessions/${session}`);
  }

  /** All messages of a chat in their current state, the oldest first. */
  async history(chat: string): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let before = ""; ; ) {
      const page = await this.ask<{ messages: Entry[]; has_before: boolean }>("GET", `/chats/${chat}/messages?limit=100${before}`);
      all.unshift(...page.messages);
      const first = page.messages[0];
      if (!page.has_before || !first) return all;
      before = `&before=${first.seq}`;
    }
  }

  private ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return ask<T>(this.url, method, path, { body, token: this.signedIn.access_token });
  }
}

interface Question {
  readonly body?: unknown;
  readonly token?: string;
}

async function ask<T>(url: string, method: string, path: string, { body, token }: Question): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json", "idempotency-key": key() };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A UUID of version 7, as the server wants keys: 48 bits of time, the rest random. */
function key(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
