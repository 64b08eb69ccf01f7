/**
 * Frames that wait for their answer.
 *
 * What `hello`, `sync` and `history` ask for may take as long as something keeps coming, and answers to what was sent behind
 * them may stand behind it on the line: their time counts from what came last, or from the end of the long answer.
 */

import type { Id, Seq, Timestamp } from "../api.js";
import type { WirePage } from "../wire.js";
import type { ConnectionId, Reply } from "./state.js";

/** What a frame asked for. Sends are named by their `name`. */
export type Request =
  | { type: "hello" | "refresh" | "ping" | "watch" }
  | { type: "sync"; chats: Id[] }
  | { type: "attempt" | "cancel"; chat: Id; name: string }
  | { type: "mark"; mark: "delivered" | "read"; chat: Id; seq: Seq }
  | { type: "status"; reply: Reply<void> }
  | { type: "history"; reply: Reply<WirePage> };

/** `waitsSince`: when it was sent, or when the long answer before it ended. */
interface OpenRequest { connection: ConnectionId; waitsSince: Timestamp; request: Request }

/** Requests whose answer may take long by its size alone. */
const LONG: ReadonlySet<Request["type"]> = new Set(["hello", "sync", "history"]);

/** Requests whose answer nobody waits for when a connection retires. */
const UNAWAITED: ReadonlySet<Request["type"]> = new Set(["hello", "sync", "ping", "watch"]);

/**
 * All open requests of all connections, by number. Numbers rise and are never used again, so an answer finds its request
 * whatever connection it comes on.
 */
export class Requests {
  private last = 0;
  private readonly opened = new Map<number, OpenRequest>();

  /** Opens a request and gives the `ref` of its frame. */
  open(now: Timestamp, connection: ConnectionId, request: Request): string {
    this.last += 1;
    this.opened.set(this.last, { connection, waitsSince: now, request });
    return String(this.last);
  }

  /** The request this answers, which is closed by it. */
  close(now: Timestamp, ref: string | undefined): Request | undefined {
    const number = Number(ref);
    const closed = this.opened.get(number);
    this.opened.delete(number);
    if (closed && LONG.has(closed.request.type)) {
      for (const [each, open] of this.opened) if (each > number && open.connection === closed.connection) open.waitsSince = now;
    }
    return closed?.request;
  }

  /** All requests of a connection that ended; none of them is open any more. */
  lose(connection: ConnectionId): Request[] {
    const lost = [...this.opened].filter(([, open]) => open.connection === connection);
    for (const [number] of lost) this.opened.delete(number);
    return lost.map(([, open]) => open.request);
  }

  /** Closes every request. Gives those of applications, which wait for an answer. */
  end(): Reply<never>[] {
    const replies = [...this.opened.values()].flatMap(({ request }) => ("reply" in request ? [request.reply] : []));
    this.opened.clear();
    return replies;
  }

  /** Since when an answer is owed on `connection`, on which something last came at `heardAt`. */
  owedSince(connection: ConnectionId, heardAt: Timestamp): Timestamp | undefined {
    let isBehindLong = false;
    for (const open of this.opened.values()) {
      if (open.connection !== connection) continue;
      isBehindLong ||= LONG.has(open.request.type);
      // `ready` comes when it comes: silence alone counts.
      if (open.request.type !== "hello") return isBehindLong ? Math.max(open.waitsSince, heardAt) : open.waitsSince;
    }
    return undefined;
  }

  /** Whether an answer that matters may still come on `connection`. */
  awaits(connection: ConnectionId): boolean {
    return [...this.opened.values()].some((open) => open.connection === connection && !UNAWAITED.has(open.request.type));
  }
}
