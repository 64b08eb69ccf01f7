/**
 * What applications see of the library: every public type in one place.
 *
 * Everything the screen shows is a `Readable`: a value now, and a call when it changes. The library keeps these
 * values right through reconnects, restarts and other tabs; an application only draws them and calls methods.
 */

import type { LocalStore } from "./store.js";

/** An id of a user, chat, session or event: a decimal string. */
export type Id = string;
/** A position in one chat's log, from 1 on; 0 stands before the first. */
export type Seq = number;
/** Milliseconds since the Unix epoch. */
export type Timestamp = number;

/** A value that changes. `subscribe` calls back after each change (never during the call), until the returned function is called. */
export interface Readable<T> {
  readonly value: T;
  subscribe(listener: () => void): () => void;
}

/** How the connection is. */
export type Connection =
  | { state: "signed_out"; reason?: StopReason }
  | { state: "connecting" }
  /** Connected; what was missed is being fetched. */
  | { state: "catching_up" }
  | { state: "ready" }
  /** No connection; the next attempt is made at `retryAt`, or at once by `Client.reconnect()`. */
  | { state: "waiting"; retryAt: Timestamp };
export type StopReason = "logged_out" | "signed_out" | "account_disabled" | "wrong_protocol" | "store_failed" | "refused";

export interface User { id: Id; username: string; displayName: string; avatarUrl?: string; data?: unknown; createdAt: Timestamp; updatedAt: Timestamp }
export type Role = "owner" | "admin" | "member";
export interface Member { user: Id; role: Role; joinedAt: Timestamp; delivered: Seq; read: Seq }
export interface Session { id: Id; device?: string; createdAt: Timestamp; lastActiveAt: Timestamp; current: boolean }
export type ChosenStatus = "online" | "away" | "busy" | "invisible";
export interface Presence { user: Id; status: ChosenStatus | "offline" | "unknown"; lastSeen?: Timestamp }

/** Who may see something of a user. Their own devices always may. */
export type Audience = "everyone" | "nobody";
/** What others may see of oneself. */
export interface Privacy {
  /** When one was last connected. */
  lastSeen: Audience;
}
/** What is reported to the operators: a user, a chat, or one message of it. */
export type Reported = { user: Id } | { chat: Id; seq?: Seq };
export type ReportReason = "spam" | "abuse" | "violence" | "other";

/** One line of the chat list. */
export interface ChatSummary {
  id: Id;
  type: "direct" | "group";
  /** Of a group. */
  title?: string;
  /** The other one of a direct chat. */
  peer?: Id;
  role: Role;
  memberCount: number;
  head: Seq;
  /** Own marks. */
  read: Seq;
  delivered: Seq;
  unread: number;
  /** The newest line people read, in its current state. */
  lastMessage?: Message;
  /** What this device has not sent yet counts as activity: the list is sorted by it, newest first. */
  updatedAt: Timestamp;
  draft?: string;
}

/** What a message says. Kinds and body types of a newer server arrive as `opaque`. */
export type Body =
  | { type: "text"; text: string; mentions?: Id[] }
  | { type: "custom"; name: string; data: unknown }
  | { type: "system"; code: string; params?: unknown }
  | { type: "opaque"; original: unknown };

/** A line that is not a message but is read like one. */
export type Notice =
  | { kind: "chat_created"; users: Id[] }
  | { kind: "members_added"; users: Id[] }
  | { kind: "member_removed"; user: Id }
  | { kind: "role_changed"; user: Id; role: Role }
  | { kind: "chat_changed"; title?: string };

export interface Message {
  chat: Id;
  seq: Seq;
  id: Id;
  author: Id;
  sentAt: Timestamp;
  /** Set on the author's own devices. */
  key?: string;
  content: { body: Body } | { notice: Notice } | { deleted: true };
  replyTo?: Seq;
  editedAt?: Timestamp;
  reactions: { emoji: string; users: Id[] }[];
}

/** Something of one's own that is not in the log yet. */
export interface Pending {
  /** Its name for `retry` and `cancel`; stays the same when the key had to be replaced. */
  key: string;
  chat: Id;
  operation:
    | { type: "send"; body: Body; replyTo?: Seq }
    | { type: "edit"; target: Seq; body: Body }
    | { type: "delete"; target: Seq }
    | { type: "react"; target: Seq; emoji: string; on: boolean };
  createdAt: Timestamp;
  /** `queued`: waits for the connection or its turn. `sending`: asked, not answered. `failed`: refused for good, it never
   *  enters the log. `stalled`: an attempt may be in the log but the server refuses the others: only `cancel` settles it. */
  state: "queued" | "sending" | "failed" | "stalled";
  error?: Problem;
}

/** What the server said is wrong, or what the library could not do. */
export interface Problem {
  /** A code of the contract (`rate_limited`, `forbidden` …), or `unreachable`, `closed`, `cancelled`. */
  code: string;
  message: string;
  retry: "never" | "now" | "later" | "sync" | "refresh";
  retryAfterMs?: number;
  outcome?: "not_stored" | "unknown";
  field?: string;
}
/** What rejected promises carry. */
export interface ParlourError extends Error { readonly problem: Problem }

/** How far the others are with an own message. In chats above 64 members the counts are lower bounds. */
export interface Ticks {
  /** `sent`: in the log. `delivered`/`read`: by everybody else who was there. */
  state: "sent" | "delivered" | "read";
  deliveredCount: number;
  readCount: number;
  /** The members besides the author. */
  of: number;
}

/** A part of one chat's history that is on the screen or near it, and everything that happens to it. */
export interface Timeline {
  /** Loaded messages, ascending by seq, without a hole; at most some hundreds: the far end is let go while scrolling. */
  readonly messages: Readable<readonly Message[]>;
  /**
   * What is not in the log yet, in order: sends, drawn below the last message when `atEnd`; and edits, deletions and
   * reactions, shown at the message they are about.
   */
  readonly pending: Readable<readonly Pending[]>;
  /**
   * Whether older and newer ones exist, and whether they are being fetched. `loading` lasts through the pauses after failures.
   * `offline`: more exists but cannot be had without a connection.
   */
  readonly before: Readable<"more" | "loading" | "none" | "offline">;
  readonly after: Readable<"more" | "loading" | "none" | "offline">;
  /** Whether the newest message is loaded, so that new ones appear by themselves. */
  readonly atEnd: Readable<boolean>;
  loadBefore(): Promise<void>;
  loadAfter(): Promise<void>;
  /** Shows what surrounds a message (a reply's original, the unread marker). */
  showAround(seq: Seq): Promise<void>;
  showEnd(): Promise<void>;
  /** What is on the screen now: it is not let go while new messages arrive; those are left to `loadAfter` then. */
  setVisible(first: Seq, last: Seq): void;
  close(): void;
}

/** One chat. Made by `Client.chat`, which gives the same object each time. */
export interface Chat {
  readonly id: Id;
  /** `undefined` once it is not one's own any more, or not known yet. */
  readonly summary: Readable<ChatSummary | undefined>;
  /** Who is typing, without oneself. */
  readonly typing: Readable<readonly Id[]>;
  /** Marks of the others. Empty in chats above 64 members; it changes there, too, whenever `ticks` may say something else. */
  readonly marks: Readable<ReadonlyMap<Id, { delivered: Seq; read: Seq }>>;
  ticks(message: Message): Ticks;
  timeline(at?: Seq | "end"): Timeline;
  /** One message, from the device or fetched, in its state of that moment: for quotes. `undefined` meanwhile and if there is none. */
  message(seq: Seq): Readable<Message | undefined>;
  members(cursor?: string): Promise<{ members: Member[]; next?: string }>;
  /** Who has this message; for groups. */
  receipts(seq: Seq): Promise<{ user: Id; delivered: boolean; read: boolean }[]>;

  send(text: string, options?: { replyTo?: Seq; mentions?: Id[] }): Promise<Pending>;
  /** A `custom` body's data is taken as JSON makes it at this moment. */
  sendBody(body: Body, options?: { replyTo?: Seq }): Promise<Pending>;
  edit(target: Seq, text: string): Promise<Pending>;
  delete(target: Seq): Promise<Pending>;
  react(target: Seq, emoji: string, on: boolean): Promise<Pending>;
  /** Puts a failed send at the end of the queue again, under a new key. */
  retry(key: string): Promise<void>;
  /**
   * Gives a send up: settles as failed with `cancelled`, or as sent if it is stored already. Where the server can no longer tell
   * which (its key is older than 13 days), as `cancelled` with the outcome `unknown`; nothing more is tried.
   */
  cancel(key: string): Promise<void>;

  markRead(seq: Seq): void;
  /** Call it at each keystroke: it is paced and ends by itself. */
  setTyping(on: boolean): void;
  /** Kept on this device. */
  setDraft(text: string): void;

  rename(title: string): Promise<void>;
  addMembers(users: Id[]): Promise<void>;
  removeMember(user: Id): Promise<void>;
  setRole(user: Id, role: Role): Promise<void>;
  leave(): Promise<void>;
}

/** How a client is made. Only `url` is needed, and only outside of a page. */
export interface Options {
  /** `https://chat.example.org`, without a path. In a browser the page's own origin is the default. */
  url?: string;
  /** What the session list shows. */
  device?: string;
  /** Where session, cursors, messages and outbox are kept: unless told `indexedDbStore()` in browsers, `memoryStore()` elsewhere. */
  store?: LocalStore;
  /** `msgpack` unless told. */
  encoding?: "json" | "msgpack";
  /** For Node.js 20, which has none of its own: `import { WebSocket } from "ws"`. */
  webSocket?: typeof WebSocket;
  fetch?: typeof fetch;
}
/** One device of one user. */
export interface Client {
  /** Whether what is kept survives the program. A browser that refuses IndexedDB keeps everything in `memory` alone. */
  readonly persistence: "device" | "memory";
  readonly connection: Readable<Connection>;
  /** Who is signed in. */
  readonly me: Readable<User | undefined>;
  /** The own chosen status. */
  readonly status: Readable<ChosenStatus>;
  /** By last activity, newest first. From the device's store before the server answers. */
  readonly chats: Readable<readonly ChatSummary[]>;
  chat(id: Id): Chat;
  /** A user's names, from the cache at once and fetched when unknown (coalesced); `undefined` meanwhile. */
  user(id: Id): Readable<User | undefined>;
  /** Presence of a user who is on the screen. Watches while somebody subscribes. `unknown` at first. */
  presence(id: Id): Readable<Presence>;

  register(username: string, password: string, displayName?: string): Promise<User>;
  login(username: string, password: string): Promise<User>;
  /** Ends the session on the server if it can be told, and forgets everything on this device. */
  logout(): Promise<void>;
  sessions(): Promise<Session[]>;
  revokeSession(id: Id): Promise<void>;
  revokeOtherSessions(): Promise<void>;
  changePassword(current: string, next: string): Promise<void>;
  updateMe(change: { displayName?: string; avatarUrl?: string | null }): Promise<User>;
  setStatus(status: ChosenStatus): Promise<void>;

  privacy(): Promise<Privacy>;
  /** Changes what is named; gives what is in force then. */
  setPrivacy(change: Partial<Privacy>): Promise<Privacy>;
  /** Whether this user has blocked that one. Whom others have blocked nobody is told. */
  hasBlocked(user: Id): Promise<boolean>;
  /** Ends writing in the direct chat with them, in both directions. */
  block(user: Id): Promise<void>;
  unblock(user: Id): Promise<void>;
  /** Tells the operators. What is reported must be visible to this user; `note` has at most 1,000 bytes. */
  report(what: Reported, reason: ReportReason, note?: string): Promise<void>;

  searchUsers(prefix: string, cursor?: string): Promise<{ users: User[]; next?: string }>;
  userByName(username: string): Promise<User | undefined>;
  createDirect(user: Id): Promise<Chat>;
  createGroup(title: string, users: Id[]): Promise<Chat>;

  /** Everything that happens, for bots and scripts that keep no screen. Of one chat in order, none twice, no hole. */
  events(listener: (event: ClientEvent) => void): () => void;
  /** Connects at once instead of waiting for `retryAt`. */
  reconnect(): void;
  /** Sends what can be sent now, closes the connection; the rest waits for the next run. */
  close(): Promise<void>;
}

export type ClientEvent =
  | { type: "event"; chat: Id; seq: Seq; event: unknown }
  | { type: "message"; message: Message }
  | { type: "chat_joined"; chat: Id }
  | { type: "chat_left"; chat: Id }
  | { type: "too_long"; chat: Id; head: Seq }
  | { type: "settled"; chat: Id; key: string; result: { seq: Seq; id: Id; sentAt: Timestamp } | { error: Problem } }
  | { type: "stalled"; chat: Id; key: string; error?: Problem };

/** `connect` restores the session that the store kept, if any, and goes on from there. */
export type Connect = (options?: Options) => Promise<Client>;
