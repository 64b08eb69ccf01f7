/**
 * Unsettled sends: first in, first out per chat, one on its way per chat.
 *
 * - Every entry is in the store before its first attempt, and its `uncertain` is true in the store before any attempt.
 * - An entry leaves when it is certain how it ended: its event or `sent` was seen, every attempt was answered `not_stored`
 *   and the last one for good, or it was cancelled. One that failed stays in `failed` until the user has seen to it.
 * - One that its event settled stays as an echo, out of the store, until the connection that may hold later sends back
 *   for its sake has answered `sent` too.
 */

import type { Id, Pending, Problem, Timestamp } from "../api.js";
import type { Outgoing } from "../store.js";
import type { ConnectionId } from "./state.js";
import { earliest } from "./watching.js";

/** Sends a client holds at most. */
export const OUTBOX_MAX = 1_000;
/** Sends on their way at once, all chats together: as many as the server serves of one connection. */
const OPEN_MAX = 32;

/** One unsettled send. */
export class Entry {
  /** The attempt or `cancel` that is on its way. */
  open: { connection: ConnectionId; isCancel: boolean } | undefined;
  /** Whether an attempt ended without a definite answer. */
  lost: boolean;
  /** Attempts answered in vain since the last change of connection and since any send was stored. */
  failures = 0;
  notBefore: Timestamp = 0;
  /** Whether it was the server that named `notBefore`. */
  toldToWait = false;
  /** The connection of the last attempt, which may hold later sends back until this one is settled there. */
  triedOn: ConnectionId | undefined;
  /** Was one of several on their way when a connection was closed because of a frame: goes alone from now on. */
  suspect = false;
  /** Settled by its event, and sent again only so that the connection of its last attempt lets later ones pass. */
  isEcho = false;
  /** Whether the server has refused a key of it for its time before. */
  keyReplaced = false;
  /** That it cannot go on by itself, and what the server said to it. */
  stalled: { error?: Problem } | undefined;

  constructor(readonly saved: Outgoing) {
    // An attempt of an earlier run was not answered.
    this.lost = saved.uncertain;
  }

  /** Whether no attempt of it is, or can come to be, in the log. */
  get isCertainlyNotStored(): boolean {
    return !this.lost && (this.open === undefined || this.open.isCancel);
  }

  /** Takes over into `saved` what is known of its attempts; tells whether that changed. */
  noteCertainty(): boolean {
    const before = this.saved.uncertain;
    this.saved.uncertain = !this.isCertainlyNotStored;
    return this.saved.uncertain !== before;
  }

  /** Stays only for the connection's sake: its event has settled it. */
  becomeEcho(): void {
    this.isEcho = true;
    this.suspect = false;
    this.saved.cancelled = false;
    this.saved.heldBack = false;
  }

  /** Whether it could be sent, leaving time and others aside. */
  get isSendable(): boolean {
    return this.open === undefined && (!this.saved.heldBack || this.saved.cancelled);
  }

  /** What the application sees. */
  get pending(): Pending {
    const onItsWay = this.open !== undefined && !this.open.isCancel;
    const state = this.stalled ? "stalled" : onItsWay ? "sending" : "queued";
    return pendingOf(this.saved, state, this.stalled?.error);
  }
}

/** A send as the application sees it. */
export function pendingOf(saved: Outgoing, state: Pending["state"], error?: Problem): Pending {
  const { name, chat, operation, createdAt } = saved;
  return { key: name, chat, operation, createdAt, state, ...(error && { error }) };
}

/** All of them. */
export class Outbox {
  private readonly chats = new Map<Id, Entry[]>();
  private lastOrder = 0;
  /** Failed ones, by name, until they are retried or cancelled. */
  readonly failed = new Map<string, Outgoing>();

  /** The sends of an earlier run, in their order. */
  constructor(saved: Outgoing[]) {
    this.adopt(saved);
  }

  /** Takes over sends, each to where its order puts it. */
  adopt(saved: Outgoing[]): void {
    for (const outgoing of saved) {
      this.lastOrder = Math.max(this.lastOrder, outgoing.order);
      if (outgoing.failed) this.failed.set(outgoing.name, { ...outgoing });
      else this.insert(new Entry({ ...outgoing }));
    }
  }

  /** Puts a send before those that were written after it, but behind those that were tried: a server may hold it back for their sake. */
  private insert(entry: Entry): void {
    const queue = this.chats.get(entry.saved.chat);
    if (!queue) return this.push(entry);
    const isBefore = (other: Entry) => other.triedOn !== undefined || other.saved.order <= entry.saved.order;
    queue.splice(queue.findLastIndex(isBefore) + 1, 0, entry);
  }

  /** Takes all of them out. */
  take(): Entry[] {
    const all = [...this.entries()];
    this.chats.clear();
    this.failed.clear();
    return all;
  }

  /** How many there are. */
  get size(): number {
    return this.failed.size + [...this.chats.values()].reduce((sum, queue) => sum + queue.length, 0);
  }

  /** The order of the next send: rises, also over what other tabs made before. */
  nextOrder(now: Timestamp): number {
    this.lastOrder = Math.max(this.lastOrder + 1, now);
    return this.lastOrder;
  }

  /** Puts a send behind the others of its chat. */
  push(entry: Entry): void {
    const queue = this.chats.get(entry.saved.chat);
    if (queue) queue.push(entry);
    else this.chats.set(entry.saved.chat, [entry]);
  }

  /** All of them, by chat. */
  *entries(): Iterable<Entry> {
    for (const queue of this.chats.values()) yield* queue;
  }

  /** What the application sees of one chat, in order. */
  pendingIn(chat: Id): Pending[] {
    const failed = [...this.failed.values()].filter((saved) => saved.chat === chat);
    const waiting = (this.chats.get(chat) ?? []).filter((entry) => !entry.isEcho);
    const all = [
      ...failed.map((saved) => ({ order: saved.order, pending: pendingOf(saved, "failed", saved.failed) })),
      ...waiting.map((entry) => ({ order: entry.saved.order, pending: entry.pending })),
    ];
    return all.sort((a, b) => a.order - b.order).map(({ pending }) => pending);
  }

  /** The chats that have sends, settled or not. */
  chatsWithSends(): Set<Id> {
    return new Set([...this.chats.keys(), ...[...this.failed.values()].map((saved) => saved.chat)]);
  }

  /** The send with this name, in `chat`. */
  entry(chat: Id, name: string): Entry | undefined {
    return this.chats.get(chat)?.find((entry) => entry.saved.name === name);
  }

  /** The unsettled send with this name. */
  find(name: string): Entry | undefined {
    for (const entry of this.entries()) if (entry.saved.name === name && !entry.isEcho) return entry;
    return undefined;
  }

  /** The send to `chat` whose attempts carry this key. */
  findByKey(chat: Id, key: string): Entry | undefined {
    return this.chats.get(chat)?.find((entry) => entry.saved.key === key && !entry.isEcho);
  }

  /** The oldest send of a chat. */
  head(chat: Id): Entry | undefined {
    return this.chats.get(chat)?.[0];
  }

  /** Drops the echoes for a connection that ended. */
  dropEchoesOf(connection: ConnectionId): void {
    for (const entry of [...this.entries()]) if (entry.isEcho && entry.triedOn === connection) this.remove(entry);
  }

  /** Takes a send out. */
  remove(entry: Entry): void {
    const queue = this.chats.get(entry.saved.chat) ?? [];
    const left = queue.filter((each) => each !== entry);
    if (left.length === 0) this.chats.delete(entry.saved.chat);
    else this.chats.set(entry.saved.chat, left);
  }

  /** The chats whose oldest send may go now. A suspect goes only when nothing else is on its way, and alone. */
  due(now: Timestamp): Id[] {
    const due = this.candidates().filter((head) => head.notBefore <= now);
    const suspect = due.find((head) => head.suspect);
    const next = suspect ? [suspect] : due.slice(0, this.room());
    return next.map((head) => head.saved.chat);
  }

  /** When the next one may go that only waits for its time. */
  get next(): Timestamp | undefined {
    return earliest(this.candidates().map((head) => head.notBefore));
  }

  /** Whether any send is on its way or waits for its turn or time; the held back ones stay where they are. */
  get isMoving(): boolean {
    return this.heads().some((head) => head.open !== undefined || head.isSendable);
  }

  /** The oldest sends that could go but for their time. */
  private candidates(): Entry[] {
    const room = this.room();
    return this.heads().filter((head) => head.isSendable && (room === OPEN_MAX || (room > 0 && !head.suspect)));
  }

  /** How many more may be on their way. */
  private room(): number {
    const open = this.heads().filter((head) => head.open !== undefined);
    return open.some((head) => head.suspect) ? 0 : Math.max(0, OPEN_MAX - open.length);
  }

  private heads(): Entry[] {
    return [...this.chats.values()].map((queue) => queue[0]).filter((head) => head !== undefined);
  }
}
