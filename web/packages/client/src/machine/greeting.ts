/** From an open connection to a live one: `hello`, `welcome`, `ready`; and how the one before retires. */

import type { Timestamp } from "../api.js";
import type { Frame } from "../wire.js";
import { letGo, OPEN_WITHIN, planPing } from "./link.js";
import { allMarksDue } from "./marks.js";
import { sendWatch } from "./commands.js";
import { type ConnectionId, type Output, type State, send } from "./state.js";
import { CURSORS_PER_FRAME, cursorsOf, Syncing, wantHoles } from "./syncing.js";
import { learnTokenEnd } from "./tokens.js";

/** How long a retiring connection may still bring answers. */
const RETIRE_WITHIN = 5_000;

/** A connection is open: says who the user is and what this device has. */
export function opened(state: State, now: Timestamp, connection: ConnectionId, out: Output): void {
  const { link, session, settings } = state;
  if (link.attempt?.step !== "opening" || link.attempt.connection !== connection || !session) {
    out.actions.push({ do: "abandon", connection });
    return;
  }
  link.attempt = { step: "greeting", connection, at: now + OPEN_WITHIN };
  const known = [...state.chats].filter(([, chat]) => chat.progress).map(([id]) => id);
  link.further = known.splice(CURSORS_PER_FRAME);
  send(out, connection, {
    type: "hello",
    ref: state.requests.open(now, connection, { type: "hello" }),
    token: session.accessToken,
    ...(settings.device !== undefined && { device: settings.device }),
    cursors: cursorsOf(state, known),
    ...(link.further.length > 0 && { more: true }),
  });
}

/** The server knows the user: this connection is the live one. */
export function welcome(state: State, now: Timestamp, connection: ConnectionId, frame: Frame<"welcome">, out: Output): void {
  const { link } = state;
  if (link.opening !== connection) return;
  link.attempt = undefined;
  state.serverAhead = frame.server_time - now;
  learnTokenEnd(state, now, frame.token_expires_at);
  const old = link.live?.connection;
  const heartbeat = Math.max(frame.heartbeat_ms, 1_000);
  link.live = { connection, heardAt: now, heartbeat, pingAt: planPing(state, now), ready: false };
  if (old !== undefined) retireLater(state, now, old, out);
  state.syncing = new Syncing();
  state.watching.forgetVersions();
  sendFurtherCursors(state, now, connection, out);
  out.told.push({ type: "welcome", me: frame.me, limits: frame.limits });
  out.told.push({ type: "connection", connection: { state: "catching_up" } });
  sendWatch(state, now, out);
}

/** The rest of `hello`'s cursors, as they are now. */
function sendFurtherCursors(state: State, now: Timestamp, connection: ConnectionId, out: Output): void {
  const { link } = state;
  while (link.further.length > 0) {
    const chats = link.further.splice(0, CURSORS_PER_FRAME);
    const ref = state.requests.open(now, connection, { type: "sync", chats });
    const more = link.further.length > 0;
    send(out, connection, { type: "sync", ref, cursors: cursorsOf(state, chats), ...(more && { more }) });
  }
}

function retireLater(state: State, now: Timestamp, connection: ConnectionId, out: Output): void {
  const older = state.link.retiring?.connection;
  if (older !== undefined) letGo(state, older, out);
  state.link.retiring = { connection, until: now + RETIRE_WITHIN, closing: false };
}

/** Closes the retiring connection once every answer on it is in. */
export function retire(state: State, out: Output): void {
  const old = state.link.retiring;
  if (!old || old.closing || state.requests.awaits(old.connection)) return;
  old.closing = true;
  out.actions.push({ do: "close", connection: old.connection });
}

/** Everything of the first moment is here: the connection counts as a success. */
export function ready(state: State, connection: ConnectionId, out: Output): void {
  const { link } = state;
  if (link.live?.connection !== connection || link.live.ready) return;
  link.live.ready = true;
  link.failures = 0;
  // Every chat of the user's has had its summary by now.
  for (const [id, chat] of state.chats) if (!chat.progress) state.chats.delete(id);
  wantHoles(state, state.chats.keys());
  allMarksDue(state);
  out.told.push({ type: "connection", connection: { state: "ready" } });
}
