/** What happens because time passes. */

import type { Timestamp } from "../api.js";
import { giveUp, letGo, planPing, startAttempt } from "./link.js";
import { nextMark } from "./marks.js";
import { type Output, type State, send } from "./state.js";
import { askToken } from "./tokens.js";
import { earliest } from "./watching.js";

/** How long an answer may take on a connection that otherwise works, and a long one to go on. Longer means that it does not. */
const ANSWER_WITHIN = 30_000;
/** How long a connection may be silent after something that may have broken it. */
const PROVE_WITHIN = 5_000;

/** When `wake` must come at the latest; `undefined`: not before another input. */
export function nextWake(state: State): Timestamp | undefined {
  const { link, outbox, syncing, pace } = state;
  const { attempt, live } = link;
  const sends = live && outbox.next;
  return earliest([
    attempt && "at" in attempt ? attempt.at : undefined,
    nextRefresh(state),
    link.retiring?.until,
    live?.pingAt,
    silentAt(state),
    sends === undefined ? undefined : Math.max(sends, pace.next),
    live && syncing.next,
    nextMark(state),
    state.watching.nextEnd,
  ]);
}

function nextRefresh({ link }: State): Timestamp | undefined {
  if (link.refreshing === "asked") return undefined;
  if (link.refreshing === "idle") return link.live && link.refreshAt;
  return link.refreshing;
}

/** The time of `nextWake` has come. */
export function wake(state: State, now: Timestamp, out: Output): void {
  const { link } = state;
  const silent = silentAt(state);
  if (link.live && silent !== undefined && silent <= now) giveUp(state, now, link.live.connection, out);
  const { attempt } = link;
  if (attempt && "at" in attempt && attempt.at <= now) {
    if (attempt.step === "waiting") startAttempt(state, now, out);
    else giveUp(state, now, attempt.connection, out);
  }
  if (link.retiring && link.retiring.until <= now) letGo(state, link.retiring.connection, out);
  wakeTokens(state, now, out);
  if (link.live && link.live.pingAt <= now) ping(state, now, out);
  out.told.push(...state.watching.endedTyping(now));
}

function wakeTokens(state: State, now: Timestamp, out: Output): void {
  const { link } = state;
  if (typeof link.refreshing === "number" && link.refreshing <= now) link.refreshing = "idle";
  const isDue = link.refreshAt === undefined || link.refreshAt <= now;
  if (isDue && (link.live || link.attempt?.step === "needs_token")) askToken(state, out);
}

function ping(state: State, now: Timestamp, out: Output): void {
  const { live } = state.link;
  if (!live) return;
  live.pingAt = planPing(state, now);
  send(out, live.connection, { type: "ping", ref: state.requests.open(now, live.connection, { type: "ping" }) });
}

/** There is reason to believe that connecting works now, or that the connection has broken unnoticed. */
export function hurry(state: State, now: Timestamp, out: Output): void {
  const { link } = state;
  if (link.live) {
    link.live.doubtedUntil ??= now + PROVE_WITHIN;
    ping(state, now, out);
  } else if (link.attempt?.step === "waiting") {
    startAttempt(state, now, out);
  } else if (link.attempt?.step === "needs_token" && typeof link.refreshing === "number") {
    link.refreshing = "idle";
    askToken(state, out);
  }
}

/** When the live connection has been silent, or has owed an answer, for too long. */
function silentAt(state: State): Timestamp | undefined {
  const { live } = state.link;
  if (!live) return undefined;
  const since = state.requests.owedSince(live.connection, live.heardAt);
  const owed = since === undefined ? undefined : since + ANSWER_WITHIN;
  return earliest([live.heardAt + live.heartbeat * 2, owed, live.doubtedUntil]);
}
