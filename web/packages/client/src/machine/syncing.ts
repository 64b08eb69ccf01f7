/** Asking for missing events: one `sync` at a time, again with growing pauses while a hole stays. */

import type { Id, Seq, Timestamp } from "../api.js";
import { type Output, type State, send } from "./state.js";

/** Cursors in one frame. With the longest ids and seqs as JSON, this many and a token still fit into the largest frame. */
export const CURSORS_PER_FRAME = 1_500;
const PAUSE_MIN = 500;
const PAUSE_MAX = 30_000;

/** Which chats want a `sync`. */
export class Syncing {
  readonly wanted = new Set<Id>();
  /** The chats of the `sync` on its way; empty without one. */
  open = new Set<Id>();
  private notBefore: Timestamp = 0;
  /** How many in a row brought nothing. */
  private failures = 0;

  /** Asks for a chat's missing events. */
  want(chat: Id): void {
    this.wanted.add(chat);
  }

  /** Asks for a chat's missing events, unless they are on their way: then the answer is looked at first. */
  wantHole(chat: Id): void {
    if (!this.open.has(chat)) this.wanted.add(chat);
  }

  /** When the next `sync` may go, if one is wanted. */
  get next(): Timestamp | undefined {
    return this.open.size === 0 && this.wanted.size > 0 ? this.notBefore : undefined;
  }

  /** The last `sync` left no hole. */
  succeeded(): void {
    this.failures = 0;
  }

  /** The next `sync` waits. */
  pause(now: Timestamp, atLeast: number): void {
    const pause = Math.min(PAUSE_MIN * 2 ** Math.min(this.failures, 10), PAUSE_MAX);
    this.failures += 1;
    this.notBefore = now + Math.max(pause, atLeast);
  }
}

/** Asks for every chat's missing events. */
export function wantSyncOfAll(state: State): void {
  for (const [chat, { progress }] of state.chats) if (progress) state.syncing.want(chat);
}

/** Sends the next `sync` if it is due. */
export function pumpSync(state: State, now: Timestamp, out: Output): void {
  const { syncing, link } = state;
  const connection = link.live?.connection;
  if (connection === undefined || syncing.next === undefined || syncing.next > now) return;
  const chats = [...syncing.wanted].slice(0, CURSORS_PER_FRAME);
  for (const chat of chats) syncing.wanted.delete(chat);
  const cursors = cursorsOf(state, chats);
  const known = Object.keys(cursors);
  if (known.length === 0) return;
  syncing.open = new Set(known);
  const ref = state.requests.open(now, connection, { type: "sync", chats: known });
  send(out, connection, { type: "sync", ref, cursors });
}

/** The cursors of those of `chats` that have one. */
export function cursorsOf(state: State, chats: Iterable<Id>): Record<Id, Seq> {
  const cursors: Record<Id, Seq> = {};
  for (const chat of chats) {
    const progress = state.progress(chat);
    if (progress) cursors[chat] = progress.applied;
  }
  return cursors;
}

/** A `sync` was answered: chats that still have a hole ask again, after a pause. */
export function synced(state: State, now: Timestamp, chats: Id[]): void {
  state.syncing.open.clear();
  if (wantHoles(state, chats)) state.syncing.pause(now, 0);
  else state.syncing.succeeded();
}

/** A `sync` was refused, and may be tried again after `wait`. */
export function syncRefused(state: State, now: Timestamp, chats: Id[], wait: number): void {
  state.syncing.open.clear();
  for (const chat of chats) state.syncing.want(chat);
  state.syncing.pause(now, wait);
}

/** Asks for those of `chats` that have a hole; tells whether there are any. */
export function wantHoles(state: State, chats: Iterable<Id>): boolean {
  let any = false;
  for (const chat of chats) {
    if (!state.chats.get(chat)?.hasHole) continue;
    state.syncing.want(chat);
    any = true;
  }
  return any;
}
