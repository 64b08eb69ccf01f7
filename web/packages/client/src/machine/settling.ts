/**
 * How a send ends, and what keeps it from ending.
 *
 * A send may be called failed only when every attempt was answered `not_stored`, or after `cancelled`; otherwise the same
 * key is sent again. One that the user gave up ends in any case: with `cancelled`, or where the server refuses even that for
 * good, without its outcome being known.
 */

import type { Id, Problem, Timestamp } from "../api.js";
import { newKey } from "../key.js";
import { CANCELLED, GIVEN_UP, problemOf } from "../problem.js";
import type { Frame, Outcome, WireError, WireEvent } from "../wire.js";
import { heed } from "./frames.js";
import { jittered } from "./link.js";
import type { Entry } from "./outbox.js";
import { keep } from "./posting.js";
import type { ConnectionId, Output, Sent, State } from "./state.js";

/**
 * The longest pause between two attempts on a connection that stands, unless the server says more: whatever waits goes soon after an
 * outage.
 */
const PAUSE_MAX = 5_000;

/** What each code of the contract says of an attempt where the error itself does not say it. */
const USUAL: Readonly<Record<WireError["code"], Outcome>> = {
  invalid: "not_stored", unknown_type: "not_stored", too_large: "not_stored", key_time: "not_stored", key_reused: "not_stored",
  limit_reached: "not_stored", username_taken: "not_stored", token_invalid: "not_stored", token_expired: "not_stored",
  forbidden: "not_stored", blocked: "not_stored", chat_not_found: "not_stored", user_not_found: "not_stored",
  message_not_found: "not_stored", media_not_found: "not_stored", predecessor_pending: "not_stored", rate_limited: "not_stored",
  busy: "not_stored", draining: "not_stored", store_unavailable: "not_stored", upload_failed: "not_stored", outcome_unknown: "unknown",
};

/** `sent` came for a send. */
export function sent(state: State, now: Timestamp, frame: Frame<"sent">, name: string, out: Output): void {
  const entry = state.outbox.entry(frame.chat, name);
  if (entry) settle(state, entry, { seq: frame.seq, id: frame.id, sentAt: frame.sent_at }, out);
  hastenSends(state, now);
}

/** The server stores again: what waited longer because of many refusals waits as after the first one. */
function hastenSends(state: State, now: Timestamp): void {
  for (const entry of state.outbox.entries()) {
    if (entry.failures === 0) continue;
    entry.failures = 0;
    // Each after a time of its own, so that they do not all come at once.
    if (!entry.toldToWait) entry.notBefore = Math.min(entry.notBefore, now + jittered(state, 0));
  }
}

/** An event came: if it is a send of ours, that is settled, whatever became of the answer. */
export function settleByEvent(state: State, event: WireEvent, out: Output): void {
  if (event.key === undefined || event.author !== state.me) return;
  const entry = state.outbox.findByKey(event.chat, event.key);
  if (!entry) return;
  const result = { seq: event.seq, id: event.id, sentAt: event.sent_at };
  const live = state.link.live?.connection;
  if (live !== undefined && entry.triedOn === live) {
    // The connection's last word on this key may have been an error: then it refuses later sends until it has said `sent`.
    announce(entry, result, out);
    entry.becomeEcho();
  } else {
    settle(state, entry, result, out);
  }
}

/** `cancelled` came for a send. */
export function cancelled(state: State, chat: Id, name: string, out: Output): void {
  const entry = state.outbox.entry(chat, name);
  if (entry) settle(state, entry, { error: CANCELLED }, out);
}

/** An attempt or a `cancel` was answered with an error. */
export function sendRefused(state: State, now: Timestamp, place: { chat: Id; name: string }, error: WireError, out: Output): void {
  const entry = state.outbox.entry(place.chat, place.name);
  if (!entry) return;
  const wait = pauseAfter(state, error, entry.failures);
  const wasCancel = entry.open?.isCancel ?? false;
  entry.open = undefined;
  entry.failures += 1;
  entry.notBefore = now + wait;
  entry.toldToWait = error.retry_after_ms !== undefined;
  out.posted.add(place.chat);
  if (entry.isEcho) return echoRefused(state, entry, error, out);
  if (!wasCancel) {
    entry.lost ||= outcomeOf(error) !== "not_stored";
    if (error.applied !== undefined) entry.saved.applied = error.applied;
  }
  if (entry.noteCertainty() || error.applied !== undefined) keep(entry, out);
  heed(state, place.chat, error.retry, out);
  if (error.retry !== "never") return;
  if (wasCancel) cancelRefusedForGood(state, entry, out);
  else refusedForGood(state, now, entry, error, out);
}

/** What an error says about its attempt; one without an outcome says what its code says. */
function outcomeOf(error: WireError): Outcome {
  // A code of a newer server has none.
  return error.outcome ?? (Object.hasOwn(USUAL, error.code) ? USUAL[error.code] : "unknown");
}

function echoRefused(state: State, entry: Entry, error: WireError, out: Output): void {
  if (error.retry === "never") state.outbox.remove(entry);
  else heed(state, entry.saved.chat, error.retry, out);
}

/** The server refuses for good: that settles the send if no attempt of it can be stored. */
function refusedForGood(state: State, now: Timestamp, entry: Entry, error: WireError, out: Output): void {
  if (!entry.isCertainlyNotStored) return stall(entry, problemOf(error), out);
  if (entry.saved.cancelled) return settle(state, entry, { error: CANCELLED }, out);
  if (error.code === "key_time" && !entry.keyReplaced) {
    // The next attempt is the first one of a new key.
    entry.keyReplaced = true;
    entry.saved.key = newKey(state.serverTime(now));
    delete entry.saved.applied;
    entry.notBefore = now;
    return keep(entry, out);
  }
  settle(state, entry, { error: problemOf(error) }, out);
}

/**
 * The server will never tell what became of a send that was given up: its key is too old, for example, so that no attempt of
 * it can come to be stored any more. Asking again would hold up those behind it for ever.
 */
function cancelRefusedForGood(state: State, entry: Entry, out: Output): void {
  settle(state, entry, { error: entry.isCertainlyNotStored ? CANCELLED : GIVEN_UP }, out);
}

/** A connection ended: what was on its way there may be stored. With `blamed`, it was closed because of a frame. */
export function sendsLost(state: State, connection: ConnectionId, blamed: boolean, out: Output): void {
  state.outbox.dropEchoesOf(connection);
  const onIt = [...state.outbox.entries()].filter((entry) => entry.open?.connection === connection);
  for (const entry of onIt) {
    const wasCancel = entry.open?.isCancel ?? false;
    entry.open = undefined;
    entry.lost ||= !wasCancel;
    entry.failures = 0;
    entry.notBefore = 0;
    if (blamed && !wasCancel) {
      entry.suspect = true;
      entry.saved.heldBack ||= onIt.length === 1;
    }
    entry.noteCertainty();
    keep(entry, out);
    if (entry.saved.heldBack) stall(entry, undefined, out);
  }
}

/** Takes a send out and tells how it ended. */
export function settle(state: State, entry: Entry, result: Sent | { error: Problem }, out: Output): void {
  state.outbox.remove(entry);
  if (entry.isEcho) return;
  announce(entry, result, out);
  if (!("error" in result) || result.error === CANCELLED || result.error === GIVEN_UP) return;
  // It stays where the user sees it, until they retry it or give it up.
  const failed = { ...entry.saved, failed: result.error };
  state.outbox.failed.set(failed.name, failed);
  out.batch.outbox.set(failed.name, failed);
}

/** How long to wait after `error`, which came after `failures` others. */
export function pauseAfter(state: State, error: WireError, failures: number): number {
  if (error.retry_after_ms !== undefined) return error.retry_after_ms;
  return error.retry === "now" && failures === 0 ? 0 : jittered(state, failures, PAUSE_MAX);
}

/** Tells how a send ended, and takes it out of the store. */
function announce(entry: Entry, result: Sent | { error: Problem }, out: Output): void {
  const { chat, name } = entry.saved;
  out.batch.outbox.set(name, null);
  out.posted.add(chat);
  out.told.push({ type: "settled", chat, name, result });
}

/** Tells the application, once, that the entry cannot go on by itself. */
function stall(entry: Entry, error: Problem | undefined, out: Output): void {
  if (entry.stalled) return;
  const { chat, name } = entry.saved;
  entry.stalled = error ? { error } : {};
  out.posted.add(chat);
  out.told.push({ type: "stalled", chat, name, ...(error && { error }) });
}
