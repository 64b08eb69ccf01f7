/** Small things that tests are made of. */

import type { Message } from "../../src/index.js";
import { type Batch, type ChatRecord, emptyBatch, type Outgoing, type Progress, type SavedSession } from "../../src/store.js";
import type { WireChat, WireEvent } from "../../src/wire.js";

export const START = 1_800_000_000_000;
export const ME = "1";
export const OTHER = "2";

export function event(chat: string, seq: number, author = OTHER, more: Partial<WireEvent> = {}): WireEvent {
  return { chat, seq, id: String(1_000 + seq), author, kind: "message", sent_at: START + seq, body: { type: "text", text: `message ${seq}` }, ...more };
}

export function edit(chat: string, seq: number, target: number, text: string, author = OTHER): WireEvent {
  return event(chat, seq, author, { kind: "message_edited", target, body: { type: "text", text } });
}

export function progress(applied: number, more: Partial<Progress> = {}): Progress {
  return { applied, others: 0, unseen: 0, read: 0, ...more };
}

export function session(token: string, expiresAt: number, user = ME): SavedSession {
  return { user, session: "77", accessToken: token, expiresAt, refreshToken: `refresh-${token}` };
}

export function summary(id: string, head: number, more: Partial<WireChat> = {}): WireChat {
  return {
    id, type: "group", created_at: START, updated_at: START, role: "member", head, read: 0, delivered: 0, unread: 0, member_count: 2, ...more,
  };
}

export function record(id: string, at: number, more: Partial<ChatRecord> = {}): ChatRecord {
  return {
    id, at, type: "group", role: "member", memberCount: 2, read: 0, delivered: 0, unread: { counted: 0, upTo: at, seqs: [] }, updatedAt: START, marks: {},
    ...more,
  };
}

export function outgoing(name: string, order: number, more: Partial<Outgoing> = {}): Outgoing {
  return {
    name, owner: "tab", order, chat: "9", key: name, operation: { type: "send", body: { type: "text", text: name } }, createdAt: START,
    uncertain: false, cancelled: false, heldBack: false, ...more,
  };
}

/** A batch with these changes. */
export function batch(changes: Partial<Batch>): Batch {
  return { ...emptyBatch(0), ...changes };
}

/** What a message says. */
export function textOf(message: Message | undefined): string | undefined {
  return message && "body" in message.content && message.content.body.type === "text" ? message.content.body.text : undefined;
}

/** A source of chance that always says the same for one seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
