/**
 * Signing in and out, and keeping the access token fresh.
 *
 * - A new pair of tokens is in the store before the access token is used. Whoever got it from the server puts it there: it
 *   would be an old pair if it came there again later, from a tab that was slower than another one's refresh.
 * - A refresh whose answer was lost is asked again with the same refresh token.
 * - What becomes of a refresh concerns the session it was asked for, and none that came after it.
 */

import type { Timestamp } from "../api.js";
import { CLOSED } from "../problem.js";
import { emptyBatch, type SavedSession } from "../store.js";
import { disconnect, jittered, startAttempt, stop } from "./link.js";
import { MarksDue } from "./marks.js";
import { type Output, type RefreshFailure, type State, send } from "./state.js";
import { Watching } from "./watching.js";

/** Begins with a new session; another user than before starts from nothing. */
export function signedIn(state: State, now: Timestamp, session: SavedSession, out: Output): void {
  const isOtherUser = state.me !== undefined && state.me !== session.user;
  disconnect(state, out);
  if (isOtherUser) forgetAll(state, out);
  takeSession(state, now, session);
  out.batch.session = { ...session };
  state.link.failures = 0;
  state.link.refreshing = "idle";
  state.link.refreshFailures = 0;
  startAttempt(state, now, out);
}

/** Goes on with the session that was saved. */
export function resumed(state: State, now: Timestamp, out: Output): void {
  if (!state.session) return;
  takeSession(state, now, state.session);
  startAttempt(state, now, out);
}

/** The user signed out: everything kept goes. */
export function signedOut(state: State, out: Output): void {
  disconnect(state, out);
  forgetAll(state, out);
  state.session = undefined;
  state.link.refreshing = "idle";
  out.told.push({ type: "connection", connection: { state: "signed_out", reason: "logged_out" } });
}

function forgetAll(state: State, out: Output): void {
  const epoch = out.batch.epoch;
  out.batch = { ...emptyBatch(epoch), wipe: true };
  state.epoch = epoch + 1;
  for (const { isEcho, saved } of state.outbox.take()) {
    if (isEcho) continue;
    out.posted.add(saved.chat);
    out.told.push({ type: "settled", chat: saved.chat, name: saved.name, result: { error: CLOSED } });
  }
  state.chats.clear();
  state.marks = new MarksDue();
  state.watching = new Watching();
  out.told.push({ type: "forgotten" });
}

function takeSession(state: State, now: Timestamp, session: SavedSession): void {
  state.link.refreshAt = now + Math.max(0, session.expiresAt - now) * 0.75;
  state.session = { ...session };
}

/** Learns from the server when the access token really ends. */
export function learnTokenEnd(state: State, now: Timestamp, endsAt: Timestamp): void {
  const left = Math.max(0, endsAt - state.serverTime(now));
  if (state.session) state.session.expiresAt = now + left;
  state.link.refreshAt = now + left * 0.75;
}

/** Asks for a new access token, unless that is under way or has to wait. */
export function askToken(state: State, out: Output): void {
  if (state.link.refreshing !== "idle" || !state.session) return;
  state.link.refreshing = "asked";
  out.actions.push({ do: "refresh", session: { ...state.session } });
}

/** A REST call came back: asks for a new access token if this is still the one in use. */
export function tokenExpired(state: State, token: string, out: Output): void {
  if (state.session?.accessToken === token) askToken(state, out);
}

/** There is a new access token. */
export function refreshed(state: State, now: Timestamp, { asked, session }: { asked: string; session: SavedSession }, out: Output): void {
  // Of a session that was replaced, or has ended, in the meantime.
  if (state.session?.refreshToken !== asked) return;
  state.link.refreshing = "idle";
  state.link.refreshFailures = 0;
  takeSession(state, now, session);
  out.told.push({ type: "token" });
  useToken(state, now, session.accessToken, out);
}

/** There is no new access token. */
export function notRefreshed(state: State, now: Timestamp, { asked, failure }: { asked: string; failure: RefreshFailure }, out: Output): void {
  if (state.session?.refreshToken !== asked) return;
  state.link.refreshing = "idle";
  if (failure.denied) return stop(state, "signed_out", out);
  const pause = jittered(state, state.link.refreshFailures);
  state.link.refreshFailures += 1;
  state.link.refreshing = now + Math.max(pause, failure.afterMs ?? 0);
}

/** Gives a new access token to the live connection, or starts one. */
function useToken(state: State, now: Timestamp, token: string, out: Output): void {
  if (state.link.attempt?.step === "needs_token") startAttempt(state, now, out);
  const connection = state.link.live?.connection;
  if (connection === undefined) return;
  const ref = state.requests.open(now, connection, { type: "refresh" });
  send(out, connection, { type: "refresh", ref, token });
}
