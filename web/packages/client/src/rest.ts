/**
 * The REST interface: one way to call it. What a call takes and answers is what the contract says of its route.
 *
 * A failed call is the server's problem as it came, or `unreachable`: then nobody knows whether it was done. A call whose
 * access token has expired is repeated once with a fresh one.
 */

import type { Problem } from "./api.js";
import { withoutNulls } from "./codec.js";
import type { Routes } from "./generated/contract.js";
import { CLOSED, failure, isParlourError, NOT_SIGNED_IN, problemOf, unreachable } from "./problem.js";
import type { WireProblem } from "./wire.js";

/** How long one call may take, in milliseconds. */
const CALL_WITHIN = 30_000;

/** Where calls get their access token from. */
export interface Tokens {
  /** The one in use; `undefined`: nobody is signed in. */
  current(): string | undefined;
  /** A fresh one in place of `expired`; rejects if there is none in time. */
  renewed(expired: string): Promise<string>;
}

/** A call by its method and path: `GET /chats/{chat}`. */
export type Route = keyof Routes;
/** What comes back. */
export type Answer<R extends Route> = Routes[R]["answer"];
/** What goes into a call: `path`, `query`, `key` and `body`, as far as its route has them. */
export type Call<R extends Route> = Given<Omit<Routes[R], "answer">> & {
  /** Whether the call is made for nobody. */
  anonymous?: boolean;
};
type Given<Parts> = { [Part in keyof Parts]: Part extends "query" ? { [Name in keyof Parts[Part]]: Parts[Part][Name] | undefined } : Parts[Part] };
type Arguments<R extends Route> = Record<never, never> extends Call<R> ? [call?: Call<R>] : [call: Call<R>];

/** Any call, once its types have been looked at. */
interface AnyCall {
  path?: Record<string, string | number>;
  query?: Record<string, string | number | boolean | undefined>;
  key?: string;
  body?: unknown;
  anonymous?: boolean;
}

/** The REST interface of one server. */
export class Rest {
  private readonly closed = new AbortController();

  constructor(private readonly base: string, private readonly fetch: typeof globalThis.fetch, private readonly tokens: Tokens) {}

  /** Calls a route; gives the body of the answer, `undefined` if it has none. Rejects with a `ParlourError`. */
  call<R extends Route>(route: R, ...[call = {} as Call<R>]: Arguments<R>): Promise<Answer<R>> {
    return this.signed(route, call) as Promise<Answer<R>>;
  }

  /** Gives up every call that is under way. */
  close(): void {
    this.closed.abort();
  }

  private async signed(route: Route, call: AnyCall): Promise<unknown> {
    if (call.anonymous) return this.once(route, call, undefined);
    const token = this.tokens.current();
    if (token === undefined) throw failure(NOT_SIGNED_IN);
    try {
      return await this.once(route, call, token);
    } catch (error) {
      if (!isParlourError(error) || error.problem.retry !== "refresh") throw error;
      return this.once(route, call, await this.tokens.renewed(token));
    }
  }

  private async once(route: Route, call: AnyCall, token: string | undefined): Promise<unknown> {
    if (this.closed.signal.aborted) throw failure(CLOSED);
    // Over the whole answer: it may stop coming in the middle.
    const timeout = timeoutSignal(this.closed.signal);
    try {
      const response = await this.send(route, call, token, timeout.signal);
      const body = await response.text().catch(() => undefined);
      if (body === undefined) throw failure(unreachable("the answer did not arrive whole"));
      if (!response.ok) throw failure(problemIn(response, body));
      return body === "" ? undefined : withoutNulls(parsed(body));
    } finally {
      timeout.clear();
    }
  }

  private async send(route: Route, call: AnyCall, token: string | undefined, signal: AbortSignal): Promise<Response> {
    const { fetch } = this;
    try {
      const [method = "", path = ""] = route.split(" ");
      return await fetch(this.address(path, call), {
        method,
        headers: headersOf(call, token),
        signal,
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      });
    } catch (error) {
      throw failure(unreachable(error instanceof Error ? error.message : "the server cannot be reached"));
    }
  }

  private address(path: string, { path: names = {}, query = {} }: AnyCall): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names[name])));
    const url = new URL(`${this.base}/api/v1${filled}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    return url.href;
  }
}

/** Aborts after a while or with `outer`, and leaves nothing behind once cleared. */
function timeoutSignal(outer: AbortSignal): { signal: AbortSignal; clear(): void } {
  const inner = new AbortController();
  const abort = () => inner.abort();
  const timer = setTimeout(abort, CALL_WITHIN);
  outer.addEventListener("abort", abort);
  const clear = () => {
    clearTimeout(timer);
    outer.removeEventListener("abort", abort);
  };
  return { signal: inner.signal, clear };
}

function headersOf(call: AnyCall, token: string | undefined): Record<string, string> {
  return {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(call.body !== undefined && { "content-type": "application/json" }),
    ...(call.key !== undefined && { "idempotency-key": call.key }),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw failure(unreachable("the answer cannot be read"));
  }
}

/** What the server said; an answer that is none of its own counts as unreachable. */
function problemIn(response: Response, body: string): Problem {
  try {
    const { detail, ...problem } = withoutNulls(JSON.parse(body)) as WireProblem;
    if (typeof problem.code === "string" && typeof problem.retry === "string") return problemOf({ ...problem, message: detail });
  } catch {
    // Not from this server: a proxy in between has answered.
  }
  return unreachable(`the server answered ${response.status}`);
}
