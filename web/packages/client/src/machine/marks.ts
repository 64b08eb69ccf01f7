/**
 * Marks: how far this device has received and the user has read, told to the server.
 *
 * Marks are cumulative, so of one chat only the newest counts: one is on its way at most, the next says everything that
 * came meanwhile. `delivered` follows by itself what was applied (and so is in the store).
 */

import type { Id, Seq, Timestamp } from "../api.js";
import type { WireMarks } from "../wire.js";
import type { ChatState } from "./chat.js";
import { keepProgress, type Output, type State, send } from "./state.js";
import { earliest } from "./watching.js";

/** Marks on their way at once, all chats together: fewer than the server serves of one connection. */
const OPEN_MAX = 16;
/** The pace of marks in one chat, in milliseconds. */
const PACE = 1_000;

interface Mark { mark: "delivered" | "read"; seq: Seq }

/** The chats whose marks must be told. */
export class MarksDue {
  readonly chats = new Set<Id>();
  open = 0;
  flushing = false;

  /** Something in this chat may have to be told. */
  add(chat: Id): void {
    this.chats.add(chat);
  }

  /** No longer keeps the pace. */
  flush(): void {
    this.flushing = true;
  }

  /** Whether nothing is due or on its way. */
  get isEmpty(): boolean {
    return this.chats.size === 0 && this.open === 0;
  }
}

/** The application says that the user has read this far. */
export function read(state: State, chat: Id, seq: Seq, out: Output): void {
  const progress = state.progress(chat);
  if (!progress || progress.read >= seq) return;
  progress.read = seq;
  keepProgress(state, chat, out);
  state.marks.add(chat);
}

/** The server told the user's marks of all chats, perhaps raised by another device. */
export function learnMarks(state: State, chats: Record<Id, WireMarks>, out: Output): void {
  for (const [chat, marks] of Object.entries(chats)) learnOwnMarks(state, chat, marks, out);
}

/** The server told the user's marks of one chat. */
export function learnOwnMarks(state: State, chat: Id, marks: WireMarks, out: Output): void {
  const known = state.chats.get(chat);
  if (!known) return;
  known.marks = { delivered: Math.max(known.marks.delivered, marks.delivered), read: Math.max(known.marks.read, marks.read) };
  if (!known.progress || known.progress.read >= marks.read) return;
  known.progress.read = marks.read;
  keepProgress(state, chat, out);
}

/** All chats may have marks to tell: the connection has just caught up. */
export function allMarksDue(state: State): void {
  for (const [chat, known] of state.chats) if (dueMark(known)) state.marks.add(chat);
}

/** Sends the marks that are due. */
export function pumpMarks(state: State, now: Timestamp, out: Output): void {
  const connection = state.link.ready;
  if (connection === undefined) return;
  for (const chat of [...state.marks.chats]) {
    if (state.marks.open >= OPEN_MAX || state.pace.next > now) return;
    const due = takeMark(state, now, chat);
    if (!due) continue;
    state.pace.take(now);
    const ref = state.requests.open(now, connection, { type: "mark", chat, ...due });
    send(out, connection, { type: due.mark, ref, chat, seq: due.seq });
  }
}

/** The mark of `chat` that is to be sent now. */
function takeMark(state: State, now: Timestamp, chat: Id): Mark | undefined {
  const known = state.chats.get(chat);
  const due = known && dueMark(known);
  if (!known || !due) {
    state.marks.chats.delete(chat);
    return undefined;
  }
  if (known.markOpen || (known.markNotBefore > now && !state.marks.flushing)) return undefined;
  state.marks.chats.delete(chat);
  known.markOpen = true;
  known.markNotBefore = now + PACE;
  state.marks.open += 1;
  return due;
}

/** A mark is durable, or will never be: either way it is not sent again. */
export function markDone(state: State, chat: Id, { mark, seq }: Mark): void {
  const known = state.chats.get(chat);
  if (known) {
    known.marks.delivered = Math.max(known.marks.delivered, seq);
    if (mark === "read") known.marks.read = Math.max(known.marks.read, seq);
  }
  markClosed(state, chat);
}

/** A mark was refused and may be tried again after `wait`. */
export function markRefused(state: State, now: Timestamp, chat: Id, wait: number): void {
  markClosed(state, chat);
  const known = state.chats.get(chat);
  if (known) known.markNotBefore = now + Math.max(wait, PACE);
}

/** A mark was lost with its connection: it is told on the next one without a pause. */
export function markLost(state: State, chat: Id): void {
  const known = state.chats.get(chat);
  if (known) known.markNotBefore = 0;
  markClosed(state, chat);
}

/** A mark is no longer on its way. */
function markClosed(state: State, chat: Id): void {
  state.marks.open = Math.max(0, state.marks.open - 1);
  const known = state.chats.get(chat);
  if (!known) return;
  known.markOpen = false;
  if (dueMark(known)) state.marks.add(chat);
}

/** When the next mark may go. */
export function nextMark(state: State): Timestamp | undefined {
  if (state.link.ready === undefined || state.marks.open >= OPEN_MAX) return undefined;
  const waiting = [...state.marks.chats].map((chat) => state.chats.get(chat)).filter((known) => known && !known.markOpen);
  return earliest(waiting.map((known) => known && Math.max(known.markNotBefore, state.pace.next)));
}

/** What the server does not know yet. `read` covers `delivered`. */
function dueMark({ progress, marks }: ChatState): Mark | undefined {
  if (!progress) return undefined;
  if (progress.read > marks.read) return { mark: "read", seq: progress.read };
  if (progress.others > marks.delivered) return { mark: "delivered", seq: progress.applied };
  return undefined;
}
