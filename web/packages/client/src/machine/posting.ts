/** The way of a send into the outbox and, attempt after attempt, to the server. */

import type { Id, Pending, Problem, Timestamp } from "../api.js";
import { appendFrame } from "../convert.js";
import { isTimely, newKey } from "../key.js";
import { CANCELLED, NOT_SIGNED_IN } from "../problem.js";
import type { Outgoing } from "../store.js";
import { Entry, OUTBOX_MAX } from "./outbox.js";
import { settle } from "./settling.js";
import { answer, type ConnectionId, type Output, type Reply, type State, send } from "./state.js";

const OUTBOX_FULL: Problem = {
  code: "limit_reached", message: `${OUTBOX_MAX} sends are waiting already`, retry: "later", outcome: "not_stored",
};
const NO_SUCH_SEND: Problem = { code: "invalid", message: "no such send is waiting", retry: "never" };

/** Puts a send into the outbox. */
export function post(state: State, now: Timestamp, what: { chat: Id; operation: Pending["operation"] }, reply: Reply<Pending>, out: Output): void {
  const problem = !state.session ? NOT_SIGNED_IN : state.outbox.size >= OUTBOX_MAX ? OUTBOX_FULL : undefined;
  if (problem) return answer(out, () => reply.refused(problem));
  const key = newKey(state.serverTime(now));
  const entry = new Entry({
    name: key, owner: state.settings.instance, order: state.outbox.nextOrder(now), chat: what.chat, key,
    operation: what.operation, createdAt: now, uncertain: false, cancelled: false, heldBack: false,
  });
  keep(entry, out);
  state.outbox.push(entry);
  answer(out, () => reply.done(entry.pending));
}

/** Takes over sends of a closed tab, from now on in the store as this one's. What was there before a wipe is another user's. */
export function adopt(state: State, { epoch, outbox }: { epoch: number; outbox: Outgoing[] }, out: Output): void {
  if (epoch !== state.epoch) return;
  const own = outbox.map((outgoing) => ({ ...outgoing, owner: state.settings.instance }));
  for (const outgoing of own) {
    out.posted.add(outgoing.chat);
    out.batch.outbox.set(outgoing.name, outgoing);
  }
  state.outbox.adopt(own);
}

/** Puts a failed send behind the others of its chat, under a new key. */
export function retry(state: State, now: Timestamp, name: string, reply: Reply<void>, out: Output): void {
  const failed = state.outbox.failed.get(name);
  if (!failed) return answer(out, () => reply.refused(NO_SUCH_SEND));
  state.outbox.failed.delete(name);
  const { failed: _, applied: __, ...again } = failed;
  const entry = new Entry({
    ...again, owner: state.settings.instance, order: state.outbox.nextOrder(now), key: newKey(state.serverTime(now)), heldBack: false,
  });
  keep(entry, out);
  state.outbox.push(entry);
  answer(out, () => reply.done());
}

/** Gives a send up: at once if no attempt can be stored and no connection waits for it, else by `cancel`. */
export function cancel(state: State, name: string, reply: Reply<void>, out: Output): void {
  const entry = state.outbox.find(name);
  const failed = state.outbox.failed.get(name);
  if (entry) {
    entry.saved.cancelled = true;
    entry.notBefore = 0;
    keep(entry, out);
    dropIfCancelled(state, entry, out);
  } else if (failed) {
    state.outbox.failed.delete(name);
    out.batch.outbox.set(name, null);
    out.posted.add(failed.chat);
  } else {
    return answer(out, () => reply.refused(NO_SUCH_SEND));
  }
  answer(out, () => reply.done());
}

/** Sends the oldest of every chat that may go. */
export function pumpOutbox(state: State, now: Timestamp, out: Output): void {
  const connection = state.link.live?.connection;
  if (connection === undefined) return;
  for (const chat of state.outbox.due(now)) {
    if (!state.pace.take(now)) return;
    sendHead(state, now, connection, chat, out);
  }
}

function sendHead(state: State, now: Timestamp, connection: ConnectionId, chat: Id, out: Output): void {
  const entry = state.outbox.head(chat);
  if (!entry) return;
  if (entry.isEcho && entry.triedOn !== connection) {
    state.outbox.remove(entry);
    return sendHead(state, now, connection, chat, out);
  }
  if (entry.saved.cancelled) return sendCancel(state, now, connection, entry, out);
  const applied = beforeAttempt(state, now, entry);
  const ref = state.requests.open(now, connection, { type: "attempt", chat, name: entry.saved.name });
  entry.open = { connection, isCancel: false };
  entry.triedOn = connection;
  if (!entry.isEcho) {
    entry.noteCertainty();
    keep(entry, out);
  }
  send(out, connection, appendFrame(entry.saved.operation, { ref, chat, key: entry.saved.key, applied }));
}

/** Fixes `applied` at the first attempt, and gives it. */
function beforeAttempt(state: State, now: Timestamp, entry: Entry): number {
  if (entry.saved.applied === undefined) {
    const serverTime = state.serverTime(now);
    // Before its first attempt a key may be replaced freely, and one that waited too long must be.
    if (!isTimely(entry.saved.key, serverTime)) entry.saved.key = newKey(serverTime);
    entry.saved.applied = state.chats.get(entry.saved.chat)?.applied ?? 0;
  }
  return entry.saved.applied;
}

function sendCancel(state: State, now: Timestamp, connection: ConnectionId, entry: Entry, out: Output): void {
  if (dropIfCancelled(state, entry, out)) return;
  const { chat, key, name } = entry.saved;
  const ref = state.requests.open(now, connection, { type: "cancel", chat, name });
  entry.open = { connection, isCancel: true };
  out.posted.add(chat);
  send(out, connection, { type: "cancel", ref, chat, key });
}

/** Settles a cancelled send that needs no `cancel` frame; tells whether it did. */
function dropIfCancelled(state: State, entry: Entry, out: Output): boolean {
  const live = state.link.live?.connection;
  const isHeldOnTheServer = live !== undefined && entry.triedOn === live;
  const done = entry.saved.cancelled && !entry.open && entry.isCertainlyNotStored && !isHeldOnTheServer;
  if (done) settle(state, entry, { error: CANCELLED }, out);
  return done;
}

/** Puts the entry into the batch as it is now. */
export function keep(entry: Entry, out: Output): void {
  out.posted.add(entry.saved.chat);
  out.batch.outbox.set(entry.saved.name, { ...entry.saved });
}
