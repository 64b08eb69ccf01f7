/**
 * The life of connections: pauses, opening, greeting, live, retiring, and their ends.
 *
 * - At most one connection is live, one is being opened, and one (drained by its node) is retiring.
 * - A connection is live from `welcome` on; the one before retires then and closes once its answers are in.
 * - Every end leads to another attempt after full jitter, unless the close code says that it is for good.
 */

import type { Id, StopReason, Timestamp } from "../api.js";
import { NOT_CONNECTED } from "../problem.js";
import { markLost } from "./marks.js";
import type { Request } from "./requests.js";
import { sendsLost } from "./settling.js";
import { answer, type ConnectionId, type Output, type State } from "./state.js";
import { Syncing } from "./syncing.js";
import { askToken } from "./tokens.js";

/** How long opening a connection may take, and `welcome` after it. */
export const OPEN_WITHIN = 15_000;
const PAUSE_MIN = 500;
const PAUSE_MAX = 60_000;

const TOKEN_EXPIRED = 4009;
const TOO_MANY_REQUESTS = 4013;
/** From here on a close is for good. */
const FOR_GOOD = 4500;
/** Closes that blame a frame, which is never sent again. */
const BLAMES_THE_FRAME: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009]);
const REASONS: Readonly<Record<number, StopReason>> = {
  4500: "signed_out", 4501: "account_disabled", 4502: "signed_out", 4540: "wrong_protocol",
};

/** The next connection. */
export type Attempt =
  | { step: "waiting"; at: Timestamp }
  | { step: "needs_token" }
  | { step: "opening" | "greeting"; connection: ConnectionId; at: Timestamp };

/** The connection that counts. */
export interface Live {
  connection: ConnectionId;
  heardAt: Timestamp;
  heartbeat: number;
  pingAt: Timestamp;
  ready: boolean;
  /** Something must have been heard by then: there is reason to doubt the connection. */
  doubtedUntil?: Timestamp;
}

/** All connections of a client. */
export class Link {
  last: ConnectionId = 0;
  attempt: Attempt | undefined;
  live: Live | undefined;
  /** A connection that only brings answers any more. */
  retiring: { connection: ConnectionId; until: Timestamp; closing: boolean } | undefined;
  /** Asking for access tokens; a number: not before then. */
  refreshing: "idle" | "asked" | Timestamp = "idle";
  /** When the access token is to be replaced, well before it ends. */
  refreshAt: Timestamp | undefined;
  /** Attempts in a row that did not become ready. */
  failures = 0;
  refreshFailures = 0;
  /** The wait the last error asked for. */
  askedWait = 0;
  /** Chats whose cursors found no room in the last `hello`. */
  further: Id[] = [];

  /** The connection that is being opened or greeted. */
  get opening(): ConnectionId | undefined {
    return this.attempt && "connection" in this.attempt ? this.attempt.connection : undefined;
  }

  /** The live connection, once it has caught up. */
  get ready(): ConnectionId | undefined {
    return this.live?.ready ? this.live.connection : undefined;
  }

  /** Whether frames of this connection count. */
  knows(connection: ConnectionId): boolean {
    return [this.opening, this.live?.connection, this.retiring?.connection].includes(connection);
  }
}

/** Starts the next connection now. */
export function startAttempt(state: State, now: Timestamp, out: Output): void {
  const { link } = state;
  if (!state.session) return;
  if (!link.live) out.told.push({ type: "connection", connection: { state: "connecting" } });
  if (link.refreshAt === undefined || link.refreshAt <= now) {
    link.attempt = { step: "needs_token" };
    return askToken(state, out);
  }
  link.last += 1;
  link.attempt = { step: "opening", connection: link.last, at: now + OPEN_WITHIN };
  out.actions.push({ do: "open", connection: link.last });
}

/** The node drains: another connection is opened after a while, beside this one. */
export function reconnectAfter(state: State, now: Timestamp, connection: ConnectionId, after: number): void {
  const { link } = state;
  if (link.live?.connection === connection && !link.attempt) link.attempt = { step: "waiting", at: now + after };
}

/** A connection could not be opened. */
export function openFailed(state: State, now: Timestamp, connection: ConnectionId, out: Output): void {
  if (state.link.opening !== connection) return;
  state.requests.lose(connection);
  tryAgain(state, now, 0, out);
}

/** A connection ended, with its close code if there was one. */
export function closed(state: State, now: Timestamp, connection: ConnectionId, code: number | undefined, out: Output): void {
  const { link } = state;
  if (!link.knows(connection)) return;
  const wasLive = link.live?.connection === connection;
  const counted = wasLive || link.opening === connection;
  detach(state, connection, code !== undefined && BLAMES_THE_FRAME.has(code), out);
  if (!counted) return;
  if (code !== undefined && code >= FOR_GOOD) return stop(state, REASONS[code] ?? "refused", out);
  if (code === TOKEN_EXPIRED) link.refreshAt = undefined;
  const askedWait = link.askedWait;
  link.askedWait = 0;
  const atLeast = code === TOO_MANY_REQUESTS ? askedWait : 0;
  if (!link.attempt) tryAgain(state, now, atLeast, out);
  // The node named a later moment for its end, and has come to it before.
  else if (wasLive && link.attempt.step === "waiting") {
    wait(state, Math.min(link.attempt.at, now + Math.max(jittered(state, link.failures), atLeast)), out);
  }
}

/** Plans the next attempt, after full jitter and not before `atLeast`. */
function tryAgain(state: State, now: Timestamp, atLeast: number, out: Output): void {
  const { link } = state;
  const at = now + Math.max(jittered(state, link.failures), atLeast);
  link.failures += 1;
  wait(state, at, out);
}

function wait({ link }: State, at: Timestamp, out: Output): void {
  link.attempt = { step: "waiting", at };
  if (!link.live) out.told.push({ type: "connection", connection: { state: "waiting", retryAt: at } });
}

/** Gives up on a connection that says nothing more; goes on as if it had ended. */
export function giveUp(state: State, now: Timestamp, connection: ConnectionId, out: Output): void {
  out.actions.push({ do: "abandon", connection });
  closed(state, now, connection, undefined, out);
}

/**
 * The device has no network: every connection is as good as dead, and nobody waits for its silence to prove that. Attempts
 * go on, because a server may be on the device itself.
 */
export function networkLost(state: State, now: Timestamp, out: Output): void {
  const { link } = state;
  // The live one first: what follows from the end of the others is told only when there is none.
  for (const connection of [link.live?.connection, link.opening, link.retiring?.connection]) {
    if (connection !== undefined) giveUp(state, now, connection, out);
  }
}

/** Drops a connection of which nothing more is wanted. */
export function letGo(state: State, connection: ConnectionId, out: Output): void {
  out.actions.push({ do: "abandon", connection });
  detach(state, connection, false, out);
}

/** Takes a connection out, with everything that was on its way there. */
function detach(state: State, connection: ConnectionId, blamed: boolean, out: Output): void {
  const { link } = state;
  if (link.opening === connection) link.attempt = undefined;
  if (link.live?.connection === connection) link.live = undefined;
  if (link.retiring?.connection === connection) link.retiring = undefined;
  sendsLost(state, connection, blamed, out);
  for (const request of state.requests.lose(connection)) requestLost(state, request, out);
}

/** Closes every connection. */
export function disconnect(state: State, out: Output): void {
  const { link } = state;
  for (const connection of [link.opening, link.live?.connection, link.retiring?.connection]) {
    if (connection === undefined) continue;
    out.actions.push({ do: "close", connection });
    detach(state, connection, false, out);
  }
  link.attempt = undefined;
  state.syncing = new Syncing();
}

/** Ends all connections until somebody signs in again. */
export function stop(state: State, reason: StopReason, out: Output): void {
  disconnect(state, out);
  state.link.refreshing = "idle";
  out.told.push({ type: "connection", connection: { state: "signed_out", reason } });
}

/** When the next ping goes out. */
export function planPing(state: State, now: Timestamp): Timestamp {
  return now + 20_000 + Math.floor(state.settings.random() * 5_001);
}

/** Full jitter: anything between the shortest pause and a bound that doubles with each failure and ends at `most`, in milliseconds. */
export function jittered(state: State, failures: number, most = PAUSE_MAX): number {
  const bound = Math.min(1_000 * 2 ** Math.min(failures, 16), most);
  return PAUSE_MIN + Math.floor(state.settings.random() * (bound - PAUSE_MIN + 1));
}

/** What nobody will answer any more. */
function requestLost(state: State, request: Request, out: Output): void {
  if (request.type === "mark") markLost(state, request.chat);
  if (request.type === "status" || request.type === "history") answer(out, () => request.reply.refused(NOT_CONNECTED));
}
