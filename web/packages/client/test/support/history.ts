/** A chat's log on a server, the device that follows it, and a timeline between the two. */

import type { Connection, Message, Pending, Problem } from "../../src/index.js";
import { memoryStore } from "../../src/index.js";
import { changed, changeOf, lineOf } from "../../src/convert.js";
import type { Core } from "../../src/core.js";
import type { Input } from "../../src/machine/state.js";
import { LoadedTimeline } from "../../src/model/timeline.js";
import { Announcer, Cell } from "../../src/readable.js";
import { emptyBatch, isEmpty } from "../../src/store.js";
import type { WireEvent, WireMessage, WirePage } from "../../src/wire.js";
import { progress } from "./making.js";

type Ask = Extract<Extract<Input, { type: "command" }>["command"], { type: "history" }>;

/** The server's log, of which the device has applied a part. */
export class History {
  readonly log: WireEvent[] = [];
  /** How far the device is. */
  cursor = 0;
  readonly store = memoryStore();
  readonly announcer = new Announcer();
  readonly connection = new Cell<Connection>(this.announcer, { state: "ready" });
  private readonly asked: Ask[] = [];
  private readonly timelines: LoadedTimeline[] = [];

  open(at: number | "end" = "end"): LoadedTimeline {
    const timeline = new LoadedTimeline(this.core, "9", at, () => {});
    this.timelines.push(timeline);
    return timeline;
  }

  /** The device has the chat from here on. */
  async join(): Promise<void> {
    this.cursor = this.log.length;
    await this.commit({ progress: new Map([["9", progress(this.cursor)]]) });
  }

  /** The device applies the next events. */
  async apply(count: number): Promise<void> {
    const events = this.log.slice(this.cursor, this.cursor + count);
    if (events.length === 0) return;
    this.cursor += events.length;
    await this.commit({ events, progress: new Map([["9", progress(this.cursor)]]) });
    for (const timeline of this.timelines) timeline.take(events);
  }

  /** How many pages are asked for and not answered. */
  get waiting(): number {
    return this.asked.length;
  }

  /** Makes the server's answer now, to be given later. */
  prepareAnswer(): (() => void) | undefined {
    const ask = this.asked.shift();
    if (!ask) return undefined;
    const page = this.page(ask.frame);
    return () => ask.reply.done(page);
  }

  /** The server refuses what it was asked first. */
  refuse(problem: Problem): void {
    this.asked.shift()?.reply.refused(problem);
  }

  /** The lines from `from` to `to` as they are after the first `at` events. */
  lines(from: number, to: number, at = this.log.length): Message[] {
    const lines = new Map<number, Message>();
    for (const event of this.log.slice(0, at)) {
      const line = lineOf(event);
      if (line) lines.set(event.seq, line);
      const change = changeOf(event);
      const target = change && lines.get(change.target);
      if (change && target) lines.set(change.target, changed(target, change));
    }
    return [...lines.values()].filter(({ seq }) => seq >= from && seq <= to);
  }

  private get core(): Core {
    return {
      announcer: this.announcer,
      store: this.store,
      connection: this.connection,
      chats: { cursor: () => this.cursor },
      learnReached: () => {},
      sends: { in: () => new Cell<readonly Pending[]>(this.announcer, []) },
      driver: {
        feed: async (input: Input) => {
          if (input.type === "command" && input.command.type === "history") this.asked.push(input.command);
        },
        keep: async (add: (batch: ReturnType<typeof emptyBatch>) => void) => {
          const batch = emptyBatch(0);
          add(batch);
          if (!isEmpty(batch)) await this.store.commit(batch);
        },
      },
    } as unknown as Core;
  }

  private commit(changes: Partial<ReturnType<typeof emptyBatch>>): Promise<void> {
    return this.store.commit({ ...emptyBatch(0), ...changes });
  }

  private page({ before, after, around, limit = 50 }: Ask["frame"]): WirePage {
    const at = this.log.length;
    const all = this.lines(1, at);
    const first = (seq: number) => all.findIndex((line) => line.seq >= seq);
    const end = (place: number) => (place < 0 ? all.length : place);
    let [from, to] = [Math.max(0, all.length - limit), all.length];
    if (before !== undefined) [from, to] = [Math.max(0, end(first(before)) - limit), end(first(before))];
    if (after !== undefined) [from, to] = [end(first(after + 1)), Math.min(all.length, end(first(after + 1)) + limit)];
    if (around !== undefined) [from, to] = [Math.max(0, end(first(around)) - limit / 2), Math.min(all.length, end(first(around)) + limit / 2)];
    return { messages: all.slice(from, to).map(wireOf), has_before: from > 0, has_after: to < all.length, at };
  }
}

function wireOf(message: Message): WireMessage {
  const { chat, seq, id, author, sentAt, content, editedAt, reactions } = message;
  return {
    chat, seq, id, author, kind: "message", sent_at: sentAt, reactions,
    ...("body" in content && { body: content.body as { type: string } & Record<string, unknown> }),
    ...("deleted" in content && { deleted: true }),
    ...(editedAt !== undefined && { edited_at: editedAt }),
  };
}
