/** Frames that wait for their answer. */

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

interface OpenRequest { connection: ConnectionId; sentAt: Timestamp; request: Request }

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
    this.opened.set(this.last, { connection, sentAt: now, request });
    return String(this.last);
  }

  /** The request this answers, which is closed by it. */
  close(ref: string | undefined): Request | undefined {
    const number = Number(ref);
    const open = this.opened.get(number);
    this.opened.delete(number);
    return open?.request;
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

  /** When the oldest request that must be answered soon was sent on `connection`. */
  oldest(connection: ConnectionId): Timestamp | undefined {
    for (const open of this.opened.values()) {
      // `ready` may take as long as events keep coming.
      if (open.connection === connection && open.request.type !== "hello") return open.sentAt;
    }
    return undefined;
  }

  /** Whether an answer that matters may still come on `connection`. */
  awaits(connection: ConnectionId): boolean {
    return [...this.opened.values()].some((open) => open.connection === connection && !UNAWAITED.has(open.request.type));
  }
}
