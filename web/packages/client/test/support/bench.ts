/** A machine with hands on every input and eyes on every output. */

import { Machine } from "../../src/machine/machine.js";
import type { Command, Input, Output, Reply, Told } from "../../src/machine/state.js";
import type { Pending, Problem } from "../../src/index.js";
import type { Batch, Saved } from "../../src/store.js";
import type { ClientFrame, Frame, ServerFrame, WireError, WireEvent, WireLimits } from "../../src/wire.js";
import { ME, progress, seeded, session, START } from "./making.js";

export const TOKEN_LASTS = 600_000;
export const INSTANCE = "tab";

/** What one input led to. */
export interface Seen {
  batch: Batch;
  told: Told[];
  sent: { connection: number; frame: ClientFrame }[];
  opened: number[];
  closed: number[];
  abandoned: number[];
  refreshes: string[];
}

/** The frames, without what only keeps the connection alive. */
export function frames(seen: Seen): ClientFrame[] {
  return seen.sent.map(({ frame }) => frame).filter(({ type }) => type !== "ping");
}

/** The only frame, of this type. */
export function only<T extends ClientFrame["type"]>(seen: Seen, type: T): Extract<ClientFrame, { type: T }> {
  const all = frames(seen);
  const [frame] = all;
  if (all.length !== 1 || frame?.type !== type) throw new Error(`not one ${type}: ${JSON.stringify(all)}`);
  return frame as Extract<ClientFrame, { type: T }>;
}

/** The key and the `applied` of the only frame, which is a send. */
export function attempt(seen: Seen): { key: string; applied: number } {
  const { key, applied = 0 } = only(seen, "send");
  return { key, applied };
}

/** The `ref` of the only frame. */
export function ref(seen: Seen): string {
  const [frame] = frames(seen);
  if (frames(seen).length !== 1 || frame?.ref === undefined) throw new Error(`not one frame: ${JSON.stringify(seen.sent)}`);
  return frame.ref;
}

/** The seqs of the events that the application was told. */
export function applied(seen: Seen): number[] {
  return seen.told.flatMap((told) => (told.type === "event" ? [told.event.seq] : []));
}

/** What was told of one type. */
export function toldOf<T extends Told["type"]>(seen: Seen, type: T): Extract<Told, { type: T }>[] {
  return seen.told.filter((told): told is Extract<Told, { type: T }> => told.type === type);
}

export function welcome(now: number): Frame<"welcome"> {
  const me = { id: ME, username: "ann", display_name: "Ann", created_at: START, updated_at: START };
  const limits: WireLimits = {
    text_bytes: 16_384, body_bytes: 32_768, frame_bytes: 65_536, nesting: 16, cursors: 2_000, watch_users: 500, watch_chats: 100,
    page_messages: 100, title_chars: 128, group_members: 1_000, user_name_chars_min: 3, user_name_chars_max: 32, display_name_chars: 64,
    password_chars_min: 8, password_chars_max: 256,
  };
  return { type: "welcome", me, session: "77", server_time: now, heartbeat_ms: 25_000, token_expires_at: now + TOKEN_LASTS, limits, features: [] };
}

/** An error that answers an attempt; the code may be one of a newer server. */
export function refusal(code: string, more: Partial<WireError> = {}): WireError {
  return { code: code as WireError["code"], message: "no", retry: "never", outcome: "not_stored", ...more };
}

/** Not stored, and to be tried again after a while. */
export function busy(after: number): WireError {
  return refusal("busy", { retry: "later", retry_after_ms: after });
}

/** Nobody knows: the same key again. */
export function unknown(more: Partial<WireError> = {}): WireError {
  return refusal("outcome_unknown", { retry: "now", outcome: "unknown", ...more });
}

/** What a device has kept that knows these chats up to these seqs. */
export function kept(cursors: Record<string, number> = {}): Saved {
  return {
    epoch: 0,
    session: session("token", START + TOKEN_LASTS),
    progress: new Map(Object.entries(cursors).map(([chat, seq]) => [chat, progress(seq)])),
    records: new Map(),
    outbox: [],
    users: [],
    drafts: new Map(),
  };
}

/** A reply that remembers what it got. */
export class Box<T> implements Reply<T> {
  value: T | undefined;
  problem: Problem | undefined;
  isDone = false;
  done(value: T): void {
    this.value = value;
    this.isDone = true;
  }
  refused(problem: Problem): void {
    this.problem = problem;
  }
}

/** A machine on a table. */
export class Bench {
  readonly machine: Machine;
  now = START;
  /** What became of each send, by name. */
  readonly ends = new Map<string, (Told & { type: "settled" })["result"]>();

  constructor(saved: Saved, seed = 7) {
    this.machine = new Machine({ instance: INSTANCE, random: seeded(seed) }, saved);
  }

  /** Signed in, connected and ready. */
  static ready(cursors: Record<string, number> = {}): { bench: Bench; connection: number } {
    const bench = new Bench(kept(cursors));
    const connection = bench.signIn();
    bench.getReady(connection);
    return { bench, connection };
  }

  input(input: Input): Seen {
    const out: Output = this.machine.begin();
    this.machine.handle(this.now, input, out);
    const seen: Seen = { batch: out.batch, told: out.told, sent: [], opened: [], closed: [], abandoned: [], refreshes: [] };
    for (const told of out.told) if (told.type === "settled") this.ends.set(told.name, told.result);
    for (const action of out.actions) {
      if (action.do === "open") seen.opened.push(action.connection);
      if (action.do === "send") seen.sent.push(action);
      if (action.do === "close") seen.closed.push(action.connection);
      if (action.do === "abandon") seen.abandoned.push(action.connection);
      if (action.do === "refresh") seen.refreshes.push(action.session.refreshToken);
      if (action.do === "reply") action.deliver();
    }
    return seen;
  }

  command(command: Command): Seen {
    return this.input({ type: "command", command });
  }

  frame(connection: number, frame: ServerFrame): Seen {
    return this.input({ type: "frame", connection, frame });
  }

  event(connection: number, event: WireEvent): Seen {
    return this.frame(connection, { type: "event", ...event });
  }

  /** Signs in with a good token; the connection is being opened. */
  signIn(): number {
    const seen = this.input({ type: "signed_in", session: session("token", this.now + TOKEN_LASTS) });
    return seen.opened[0] ?? 0;
  }

  /** Takes a connection from being opened to ready; gives what followed `welcome` and `ready`. */
  getReady(connection: number): { welcomed: Seen; ready: Seen } {
    const hello = this.input({ type: "opened", connection });
    const welcomed = this.frame(connection, welcome(this.now));
    return { welcomed, ready: this.frame(connection, { type: "ready", ref: ref(hello) }) };
  }

  /** Lets time pass to the next thing that is due. */
  wake(): Seen {
    const due = this.machine.nextWake;
    if (due === undefined) throw new Error("nothing is due");
    this.now = Math.max(this.now, due);
    return this.input({ type: "wake" });
  }

  pass(time: number): Seen {
    this.now += time;
    return this.input({ type: "wake" });
  }

  /** Waits out the pause before the next attempt; gives the new connection. */
  reopen(): number {
    for (let tried = 0; tried < 10; tried += 1) {
      const [connection] = this.wake().opened;
      if (connection !== undefined) return connection;
    }
    throw new Error("no new attempt");
  }

  post(chat: string, text: string): { name: string; seen: Seen } {
    const reply = new Box<Pending>();
    const seen = this.command({ type: "post", chat, operation: { type: "send", body: { type: "text", text } }, reply });
    return { name: reply.value?.key ?? "", seen };
  }

  cancel(name: string): { reply: Box<void>; seen: Seen } {
    const reply = new Box<void>();
    return { reply, seen: this.command({ type: "cancel", name, reply }) };
  }

  refuse(connection: number, reference: string, error: WireError): Seen {
    return this.frame(connection, { type: "error", ref: reference, ...error });
  }

  sent(connection: number, reference: string, chat: string, seq: number): Seen {
    return this.frame(connection, { type: "sent", ref: reference, chat, seq, id: String(1_000 + seq), sent_at: this.now, duplicate: false });
  }

  closed(connection: number, code?: number): Seen {
    return this.input({ type: "closed", connection, ...(code !== undefined && { code }) });
  }

  /** How a send ended: its seq, the code of its failure, or `undefined`: it has not. */
  end(name: string): number | string | undefined {
    const result = this.ends.get(name);
    return result && ("error" in result ? result.error.code : result.seq);
  }
}
