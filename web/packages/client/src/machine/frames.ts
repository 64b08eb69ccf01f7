/** What each frame of the server does. */

import type { Id, Timestamp } from "../api.js";
import { problemOf } from "../problem.js";
import { dropMessages } from "../store.js";
import type { Frame, Retry, ServerFrame, WireChat, WireEvent, WirePresence } from "../wire.js";
import { ready, welcome } from "./greeting.js";
import { reconnectAfter } from "./link.js";
import { learnMarks, learnOwnMarks, markDone, markRefused } from "./marks.js";
import type { Request } from "./requests.js";
import { cancelled, pauseAfter, sendRefused, sent, settleByEvent } from "./settling.js";
import { answer, type ConnectionId, keepProgress, type Output, type State } from "./state.js";
import { syncRefused, synced, wantSyncOfAll } from "./syncing.js";
import { askToken, learnTokenEnd } from "./tokens.js";

/** Something came on a connection, so it lives. */
export function heard(state: State, now: Timestamp, connection: ConnectionId): void {
  const { live } = state.link;
  if (live?.connection !== connection) return;
  live.heardAt = now;
  delete live.doubtedUntil;
}

/** A frame came. */
export function frame(state: State, now: Timestamp, connection: ConnectionId, came: ServerFrame, out: Output): void {
  if (!state.link.knows(connection)) return;
  heard(state, now, connection);
  switch (came.type) {
    case "welcome":
      return welcome(state, now, connection, came, out);
    case "marks":
      return learnMarks(state, came.chats, out);
    case "event":
      return event(state, came, out);
    case "chat":
      return came.change === "left" ? chatLeft(state, connection, came.chat.id, out) : chatTold(state, came, out);
    case "too_long":
      return tooLong(state, came, out);
    case "resync":
      return came.chat === undefined ? wantSyncOfAll(state) : state.syncing.want(came.chat);
    case "receipt":
      if (came.user === state.me) learnOwnMarks(state, came.chat, came, out);
      out.told.push(came);
      return;
    case "receipt_counts":
      out.told.push(came);
      return;
    case "presence":
      return presence(state, came, out);
    case "typing":
      state.watching.typing(now, came);
      out.told.push(came);
      return;
    case "reconnect":
      return reconnectAfter(state, now, connection, came.after_ms);
    default:
      return answered(state, now, connection, came, out);
  }
}

type Answer = Extract<ServerFrame, { ref?: string }>;

/** A frame that closes the request it names. One that names none of ours is late: nobody waits for it. */
function answered(state: State, now: Timestamp, connection: ConnectionId, came: Answer, out: Output): void {
  const request = state.requests.close(now, came.ref);
  switch (came.type) {
    case "error":
      return refused(state, now, came, request, out);
    case "pong":
      state.serverAhead = came.server_time - now;
      return;
    case "ready":
      return request?.type === "hello" ? ready(state, connection, out) : undefined;
    case "synced":
      return request?.type === "sync" ? synced(state, now, request.chats) : undefined;
    case "sent":
      return request?.type === "attempt" || request?.type === "cancel" ? sent(state, now, came, request.name, out) : undefined;
    case "cancelled":
      return request?.type === "cancel" ? cancelled(state, request.chat, request.name, out) : undefined;
    case "page":
      if (request?.type === "history") answer(out, () => request.reply.done(came));
      return;
    case "ok":
      return done(state, now, came, request, out);
  }
}

function done(state: State, now: Timestamp, came: Frame<"ok">, request: Request | undefined, out: Output): void {
  switch (request?.type) {
    case "mark":
      markDone(state, request.chat, request);
      if (request.mark === "read") out.told.push({ type: "marked", chat: request.chat, seq: request.seq });
      return;
    case "watch":
      for (const each of came.presence ?? []) presence(state, each, out);
      return;
    case "status":
      return answer(out, () => request.reply.done());
    case "refresh":
      if (came.token_expires_at !== undefined) learnTokenEnd(state, now, came.token_expires_at);
  }
}

function refused(state: State, now: Timestamp, error: Frame<"error">, request: Request | undefined, out: Output): void {
  state.link.askedWait = error.retry_after_ms ?? 0;
  if (error.code === "rate_limited") state.pace.slowDown(now, state.link.askedWait);
  switch (request?.type) {
    case "attempt":
    case "cancel":
      return sendRefused(state, now, request, error, out);
    case "sync":
      return syncRefused(state, now, request.chats, pauseAfter(state, error, 0));
    case "mark":
      if (error.retry === "never") return markDone(state, request.chat, request);
      markRefused(state, now, request.chat, pauseAfter(state, error, 0));
      return heed(state, request.chat, error.retry, out);
    case "status":
    case "history":
      return answer(out, () => request.reply.refused(problemOf(error)));
    // Of the others, the close that follows says what to do.
  }
}

/** Does what must come before the next try. */
export function heed(state: State, chat: Id, retry: Retry, out: Output): void {
  if (retry === "sync") state.syncing.want(chat);
  if (retry === "refresh") askToken(state, out);
}

function event(state: State, came: WireEvent, out: Output): void {
  settleByEvent(state, came, out);
  const chat = state.chat(came.chat);
  const now = chat.receive(came, state.me);
  if (chat.hasHole) state.syncing.wantHole(came.chat);
  applied(state, came.chat, now, out);
}

/** Stores events with the cursor that passed them, and tells them. */
function applied(state: State, chat: Id, events: WireEvent[], out: Output): void {
  if (events.length === 0) return;
  out.batch.events.push(...events);
  for (const each of events) out.told.push({ type: "event", event: each });
  keepProgress(state, chat, out);
  state.marks.add(chat);
}

function chatTold(state: State, { change, chat }: { change: "joined" | "changed"; chat: WireChat }, out: Output): void {
  out.told.push({ type: change === "joined" ? "chat_joined" : "chat_changed", chat });
  beginAtHead(state, chat, out);
  const known = state.chat(chat.id);
  if (change === "joined") known.reaches(chat.head);
  if (known.hasHole) state.syncing.wantHole(chat.id);
}

function chatLeft(state: State, connection: ConnectionId, id: Id, out: Output): void {
  // The ready connection has told of every chat that was left: what another says of it now is older.
  if (state.link.ready !== undefined && state.link.ready !== connection) return;
  state.chats.delete(id);
  dropMessages(out.batch, id);
  out.batch.progress.set(id, null);
  out.told.push({ type: "chat_left", chat: id });
}

/** A chat without a cursor begins at its head. One with a cursor keeps it: only `too_long` may skip events. */
function beginAtHead(state: State, summary: WireChat, out: Output): void {
  const chat = state.chat(summary.id);
  if (chat.progress) return;
  const unseen = summary.unread > 0 ? summary.head : 0;
  chat.marks = { delivered: summary.delivered, read: summary.read };
  const held = chat.jump({ applied: summary.head, others: 0, unseen, read: summary.read }, state.me);
  keepProgress(state, summary.id, out);
  applied(state, summary.id, held, out);
}

/** Too much is missing: goes on at the head. */
function tooLong(state: State, came: Frame<"too_long">, out: Output): void {
  const chat = state.chat(came.chat);
  // Only where the log ends earlier than what was seen of it: not with these reasons.
  if (!["behind", "rejoined", "retention"].includes(came.reason)) chat.forgetUnapplied();
  const { others, read } = chat.progress ?? { others: 0, read: 0 };
  dropMessages(out.batch, came.chat);
  out.told.push(came);
  const progress = { applied: came.head, others: Math.min(others, came.head), unseen: came.head, read: Math.min(read, came.head) };
  const held = chat.jump(progress, state.me);
  if (chat.hasHole) state.syncing.wantHole(came.chat);
  keepProgress(state, came.chat, out);
  applied(state, came.chat, held, out);
}

function presence(state: State, came: WirePresence, out: Output): void {
  if (state.watching.isNews(came)) out.told.push({ type: "presence", presence: came });
}
