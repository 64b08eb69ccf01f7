/** Getting and renewing a session: the calls that are made for nobody, and the turns that tabs take. */

import type { Timestamp } from "./api.js";
import type { RefreshFailure } from "./machine/state.js";
import { isParlourError } from "./problem.js";
import type { Rest } from "./rest.js";
import { emptyBatch, type LocalStore, type SavedSession } from "./store.js";
import type { Tabs } from "./tabs.js";
import type { WireSignedIn } from "./wire.js";

/** What is kept of a sign-in. */
export function savedSession(signedIn: WireSignedIn, now: Timestamp): SavedSession {
  return {
    user: signedIn.user.id,
    session: signedIn.session.id,
    accessToken: signedIn.access_token,
    expiresAt: now + signedIn.expires_in * 1_000,
    refreshToken: signedIn.refresh_token,
  };
}

/** How long another tab may take to ask, in milliseconds: longer than any call. One that takes longer may be suspended. */
const TURN_WITHIN = 40_000;

type Refreshed = { session: SavedSession } | { failure: RefreshFailure };

/**
 * New tokens in place of those of `session`. Only one tab asks at a time, and looks first whether another one has asked
 * already: a refresh token is good once. What comes is in the store before anybody uses it.
 */
export function refresh(around: { rest: Rest; store: LocalStore; tabs: Tabs; now(): Timestamp }, session: SavedSession): Promise<Refreshed> {
  const { rest, store, tabs } = around;
  const renew = async (): Promise<Refreshed> => {
    const kept = await store.session();
    const other = kept.session;
    if (other?.session === session.session && other.refreshToken !== session.refreshToken) return { session: other };
    const call = { anonymous: true, body: { refresh_token: session.refreshToken } };
    const renewed = savedSession(await rest.call("POST /auth/refresh", call), around.now());
    // Somebody may have signed in meanwhile, with a session of their own.
    const isStillKept = (await store.session()).session?.session === session.session;
    if (isStillKept) await store.commit({ ...emptyBatch(kept.epoch), session: renewed });
    return { session: renewed };
  };
  return tabs.exclusively("refresh", renew, TURN_WITHIN).catch((error: unknown) => ({ failure: failureOf(error) }));
}

function failureOf(error: unknown): RefreshFailure {
  const problem = isParlourError(error) ? error.problem : undefined;
  if (problem?.retry === "never") return { denied: true };
  return { denied: false, ...(problem?.retryAfterMs !== undefined && { afterMs: problem.retryAfterMs }) };
}
