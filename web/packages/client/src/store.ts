/**
 * What a client keeps on its own device, and the one way to change it.
 *
 * - A `Batch` is one transaction: cursors are stored together with the events that moved them.
 * - The client acts (sends, acknowledges, tells the application) only after `commit` has returned.
 * - Several tabs may share one store. A commit never lowers a cursor (but for `dropped`, as `too_long` asks), an event
 *   is taken in once, and a batch of a time before the last wipe is refused.
 * - A chat with a cursor has a record, or its summary is fetched as soon as there is a connection.
 */

import type { Id, Message, Pending, Problem, Role, Seq, Timestamp, User } from "./api.js";
import type { WireEvent } from "./wire.js";

/** A device's sign-in. */
export interface SavedSession {
  user: Id;
  session: Id;
  accessToken: string;
  /** By this device's clock. */
  expiresAt: Timestamp;
  refreshToken: string;
}

/** How far a device is in one chat. */
export interface Progress {
  /** The cursor: every event up to here is applied. */
  applied: Seq;
  /** The last applied message of somebody else; 0 if none. */
  others: Seq;
  /** Up to here may be messages this device never received. */
  unseen: Seq;
  /** The user has read up to here. */
  read: Seq;
}

/** What the chat list and the ticks show of a chat, as of its event `at`. */
export interface ChatRecord {
  id: Id;
  at: Seq;
  type: "direct" | "group";
  title?: string;
  peer?: Id;
  role: Role;
  memberCount: number;
  read: Seq;
  delivered: Seq;
  unread: Unread;
  lastMessage?: Message;
  updatedAt: Timestamp;
  /** Of the other members; empty in large chats. */
  marks: Record<Id, { delivered: Seq; read: Seq }>;
  /** In large chats: how many have the newest own messages, ascending by seq. */
  receipts?: { seq: Seq; delivered: number; read: number }[];
  /** How far own messages got with everybody who was there. */
  reached?: Reached;
  /** Events up to here were skipped: a summary as of this one, or a later one, has to be fetched. */
  skippedTo?: Seq;
}

/** Everybody else has received, and read, the user's own messages up to these. */
export interface Reached { delivered: Seq; read: Seq }

/** Which messages are unread: a number the server counted up to a seq, and the seqs of those that came since. */
export interface Unread {
  counted: number;
  upTo: Seq;
  seqs: Seq[];
}

/** A send that is not settled, or that has failed and is still shown. */
export interface Outgoing {
  /** What the application knows it by: its first key. */
  name: string;
  /** The tab that sends it. */
  owner: string;
  /** Its place among all sends of this store. */
  order: number;
  chat: Id;
  /** The idempotency key of its attempts. */
  key: string;
  operation: Pending["operation"];
  createdAt: Timestamp;
  /** The seq applied at the first attempt; absent before it. */
  applied?: Seq;
  /** Whether some attempt may be stored. */
  uncertain: boolean;
  /** Whether the application has given it up. */
  cancelled: boolean;
  /** Whether a connection was closed because of its frame, which is therefore never sent again. */
  heldBack: boolean;
  /** Why it is not in the log and never will be. */
  failed?: Problem;
}

/** A user as they were when they were asked for. */
export interface SavedUser { user: User; fetchedAt: Timestamp }

/** What `load` finds. */
export interface Saved {
  /** Counts the wipes; goes into every batch. */
  epoch: number;
  session?: SavedSession;
  progress: Map<Id, Progress>;
  records: Map<Id, ChatRecord>;
  /** In the order they were made. */
  outbox: Outgoing[];
  users: SavedUser[];
  drafts: Map<Id, string>;
}

/** A part of a chat's history: every line from `from` to `to`, as of the event `at`. */
export interface Stretch { chat: Id; from: Seq; to: Seq; at: Seq; messages: Message[] }

/** Changes that are made together or not at all, in the order of the fields. */
export interface Batch {
  /** The `epoch` that was loaded or, after a wipe, made. */
  epoch: number;
  /** Whether everything kept so far goes first. */
  wipe: boolean;
  session?: SavedSession;
  /** Chats whose messages go; their cursors and records may be lowered. A record that the batch does not bring stays. */
  dropped: Set<Id>;
  /** Newly applied events, of one chat in order. */
  events: WireEvent[];
  /** History that was fetched: kept if it joins what is kept already. */
  stretches: Stretch[];
  /** `null`: the chat is no longer the user's. */
  progress: Map<Id, Progress | null>;
  records: Map<Id, ChatRecord>;
  /** By name; `null`: settled. */
  outbox: Map<string, Outgoing | null>;
  users: SavedUser[];
  drafts: Map<Id, string>;
}

/** A part of what is kept of a chat. */
export interface Kept {
  /** Ascending, each with the event up to which its changes are in it. */
  messages: { message: Message; at: Seq }[];
  /** Every line from here on is kept; 1: from the beginning. */
  from: Seq;
  /** Up to here. */
  to: Seq;
}

/** Where a client keeps session, cursors, messages and outbox. */
export interface LocalStore {
  /** `memory` or `indexeddb`. */
  readonly kind: string;
  /** The name under which tabs share it; absent: it is this client's alone. */
  readonly sharedAs?: string;
  /** Everything but the messages, as the last commit left it. */
  load(): Promise<Saved>;
  /** The session alone, perhaps renewed by another tab, and the store's epoch. */
  session(): Promise<{ epoch: number; session?: SavedSession }>;
  /** Makes every change of the batch durable, or none. Rejects with `StoreOutdated` after somebody else's wipe. */
  commit(batch: Batch): Promise<void>;
  /** At most `limit` kept messages: the newest below `before`, the oldest above `after`, or the newest. */
  messages(chat: Id, range: { before?: Seq; after?: Seq; limit: number }): Promise<Kept>;
  close(): Promise<void>;
}

/** The store was wiped by another tab: whoever works with what was before must start again. */
export class StoreOutdated extends Error {
  override readonly name = "StoreOutdated";
}

/** A batch without changes. */
export function emptyBatch(epoch: number): Batch {
  return {
    epoch, wipe: false, dropped: new Set(), events: [], stretches: [],
    progress: new Map(), records: new Map(), outbox: new Map(), users: [], drafts: new Map(),
  };
}

/** Whether there is nothing to change. */
export function isEmpty(batch: Batch): boolean {
  const collections = [batch.dropped, batch.progress, batch.records, batch.outbox, batch.drafts];
  const lists = [batch.events, batch.stretches, batch.users];
  return !batch.wipe && batch.session === undefined && collections.every((each) => each.size === 0) && lists.every((each) => each.length === 0);
}

/** Drops a chat's messages, those of this batch included. */
export function dropMessages(batch: Batch, chat: Id): void {
  batch.events = batch.events.filter((event) => event.chat !== chat);
  batch.stretches = batch.stretches.filter((stretch) => stretch.chat !== chat);
  batch.dropped.add(chat);
}
