/**
 * A server for one client that can do everything wrong that a server, a network and a restart can do, and keeps the
 * books: the logs as they really are, and what the client must have made of them.
 */

import assert from "node:assert/strict";
import { memoryStore } from "../../src/index.js";
import type { Input, Told } from "../../src/machine/state.js";
import type { ClientFrame, ServerFrame, WireError, WireEvent } from "../../src/wire.js";
import { Bench, busy, kept, refusal, type Seen, TOKEN_LASTS, unknown, welcome } from "./bench.js";
import { event, ME, OTHER, session, summary } from "./making.js";

/** More events missing than this: `too_long`. */
const SYNC_MAX = 12;

/** What the server makes of one frame that enters a log. */
export type Fate =
  | "stored" | "stored_answer_lost" | "lost" | "unknown_stored" | "unknown_late" | "busy" | "too_fast" | "forbidden" | "key_time";
/** How an event reaches the client. */
export type Push = "once" | "twice" | "never" | "late";

type Send = Extract<ClientFrame, { type: "send" }>;

/** Client, server, and the books. */
export class World {
  bench = new Bench({ ...kept() });
  readonly store = memoryStore();
  readonly logs: Record<string, WireEvent[]> = { 8: [], 9: [] };
  readonly connections = new Set<number>();
  /** By chat, the last seq the application was told. */
  readonly told = new Map<string, number>();
  /** By name of the send, its text; and how it ended. */
  readonly texts = new Map<string, string>();
  readonly ends = new Map<string, (Told & { type: "settled" })["result"]>();
  private readonly cancelled = new Set<string>();
  private readonly lateSends: Send[] = [];
  private readonly lateEvents: WireEvent[] = [];
  private opening: number | undefined;
  private readonly greeted = new Set<number>();
  private toServer: { connection: number; frame: ClientFrame }[] = [];
  /** By connection and chat, the key that later sends have to wait for, and whether an attempt of it is unknown. */
  private readonly held = new Map<string, { key: string; isUnknown: boolean }>();

  static async make(): Promise<World> {
    const world = new World();
    await world.signIn();
    return world;
  }

  private signIn(): Promise<void> {
    return this.input({ type: "signed_in", session: session("token", this.bench.now + TOKEN_LASTS) });
  }

  async input(input: Input): Promise<void> {
    await this.absorb(this.bench.input(input));
  }

  /** The program ends and starts again on what it has kept. */
  async restart(): Promise<void> {
    const { now } = this.bench;
    this.bench = new Bench(await this.store.load());
    this.bench.now = now;
    this.opening = undefined;
    this.connections.clear();
    this.greeted.clear();
    this.held.clear();
    this.toServer = [];
    await this.signIn();
  }

  private async absorb(seen: Seen): Promise<void> {
    await this.store.commit(seen.batch);
    for (const told of seen.told) this.keepBooks(told);
    for (const connection of [...seen.abandoned, ...seen.closed]) this.forget(connection);
    this.opening = seen.opened.at(-1) ?? this.opening;
    this.toServer.push(...seen.sent.filter(({ connection }) => this.connections.has(connection)));
    for (const connection of seen.closed) await this.input({ type: "closed", connection, code: 1000 });
    for (const asked of seen.refreshes) await this.input({ type: "refreshed", asked, session: session("token", this.bench.now + TOKEN_LASTS) });
  }

  /** The rule that everything is about: the next event, and as the log has it. */
  private keepBooks(told: Told): void {
    switch (told.type) {
      case "chat_joined":
        if (!this.told.has(told.chat.id)) this.told.set(told.chat.id, told.chat.head);
        return;
      case "too_long":
        this.told.set(told.chat, told.head);
        return;
      case "event": {
        const { chat, seq } = told.event;
        assert.equal(seq, (this.told.get(chat) ?? Number.NaN) + 1, "the next one");
        this.told.set(chat, seq);
        const { type: _, ...plain } = { type: "", ...told.event };
        assert.deepEqual(plain, this.logs[chat]?.[seq - 1], "as it is in the log");
        return;
      }
      case "settled":
        assert.ok(!this.ends.has(told.name), "settled twice");
        this.ends.set(told.name, told.result);
        return;
      case "connection":
        assert.notEqual(told.connection.state, "signed_out");
    }
  }

  async post(chat: string): Promise<void> {
    const text = `send ${this.texts.size}`;
    const { name, seen } = this.bench.post(chat, text);
    this.texts.set(name, text);
    await this.absorb(seen);
  }

  async cancel(which: number): Promise<void> {
    const names = [...this.texts.keys()];
    const name = names[which % Math.max(1, names.length)];
    if (name !== undefined) await this.absorb(this.bench.cancel(name).seen);
  }

  say(chat: string, kind: string, push: Push): Promise<void> {
    return this.append(event(chat, this.head(chat) + 1, OTHER, { kind }), push);
  }

  head(chat: string): number {
    return this.logs[chat]?.length ?? 0;
  }

  private async append(said: WireEvent, push: Push): Promise<void> {
    this.logs[said.chat]?.push(said);
    if (push === "late") this.lateEvents.push(said);
    if (push === "once" || push === "twice") await this.push(said);
    if (push === "twice") await this.push(said);
  }

  private async push(said: WireEvent): Promise<void> {
    await this.tellAll({ type: "event", ...said });
  }

  async pushLate(which: number): Promise<void> {
    const [said] = this.lateEvents.splice(which % Math.max(1, this.lateEvents.length), 1);
    if (said) await this.push(said);
  }

  async tell(connection: number, frame: ServerFrame): Promise<void> {
    if (this.connections.has(connection)) await this.input({ type: "frame", connection, frame: structuredClone(frame) });
  }

  async tellAll(frame: ServerFrame): Promise<void> {
    for (const connection of [...this.greeted]) await this.tell(connection, frame);
  }

  async close(code: number | undefined): Promise<void> {
    const connection = [...this.connections].at(-1);
    if (connection === undefined) return;
    this.forget(connection);
    await this.input({ type: "closed", connection, ...(code !== undefined && { code }) });
  }

  private forget(connection: number): void {
    this.connections.delete(connection);
    this.greeted.delete(connection);
    this.toServer = this.toServer.filter((each) => each.connection !== connection);
    if (this.opening === connection) this.opening = undefined;
    for (const chat of Object.keys(this.logs)) this.held.delete(`${connection} ${chat}`);
  }

  /** An attempt whose outcome nobody knew comes to be stored after all. */
  async storeLate(): Promise<void> {
    const send = this.lateSends.pop();
    if (send && !this.cancelled.has(send.key)) await this.storeSend(send, "once");
  }

  /** Takes one thing the client wants; tells whether there was one. */
  async serve(fate: Fate): Promise<boolean> {
    if (this.opening !== undefined) {
      const connection = this.opening;
      this.opening = undefined;
      this.connections.add(connection);
      await this.input({ type: "opened", connection });
      return true;
    }
    const next = this.toServer.shift();
    if (!next) return false;
    await this.answer(next.connection, next.frame, fate);
    return true;
  }

  private async answer(connection: number, frame: ClientFrame, fate: Fate): Promise<void> {
    const ref = frame.ref ?? "";
    switch (frame.type) {
      case "hello":
        return this.greet(connection, ref, frame.cursors ?? {});
      case "sync":
        await this.stream(connection, frame.cursors);
        return this.tell(connection, { type: "synced", ref });
      case "send":
        return this.takeSend(connection, frame, fate);
      case "cancel":
        return this.takeCancel(connection, frame);
      case "delivered":
      case "read":
        return this.tell(connection, { type: "ok", ref });
      case "ping":
        return this.tell(connection, { type: "pong", ref, server_time: this.bench.now });
    }
  }

  private async greet(connection: number, ref: string, cursors: Record<string, number>): Promise<void> {
    await this.tell(connection, welcome(this.bench.now));
    await this.tell(connection, { type: "marks", chats: {} });
    this.greeted.add(connection);
    await this.stream(connection, cursors);
    for (const chat of Object.keys(this.logs)) {
      if (cursors[chat] === undefined) await this.tell(connection, { type: "chat", change: "joined", chat: summary(chat, this.head(chat)) });
    }
    await this.tell(connection, { type: "ready", ref });
  }

  private async stream(connection: number, cursors: Record<string, number>): Promise<void> {
    for (const [chat, cursor] of Object.entries(cursors)) {
      const head = this.head(chat);
      if (head - cursor > SYNC_MAX) await this.tell(connection, { type: "too_long", chat, head, oldest: 1, reason: "behind" });
      else for (const said of (this.logs[chat] ?? []).slice(cursor)) await this.tell(connection, { type: "event", ...said });
    }
  }

  private async takeSend(connection: number, send: Send, fate: Fate): Promise<void> {
    const place = `${connection} ${send.chat}`;
    const waitsFor = this.held.get(place);
    assert.ok(!waitsFor || waitsFor.key === send.key, "a send overtook the one that must be settled first");
    if (this.cancelled.has(send.key)) return this.refuseForGood(connection, send, "forbidden");
    const stored = this.find(send.chat, send.key);
    if (stored) return this.confirm(connection, send.ref ?? "", stored);
    switch (fate) {
      case "stored": {
        const said = await this.storeSend(send, "once");
        return this.confirm(connection, send.ref ?? "", said);
      }
      case "stored_answer_lost":
        this.held.delete(place);
        await this.storeSend(send, "never");
        return;
      case "lost":
        return;
      case "unknown_stored":
        await this.storeSend(send, "late");
        return this.hold(connection, send, unknown());
      case "unknown_late":
        this.lateSends.push(send);
        return this.hold(connection, send, unknown());
      case "busy":
        return this.hold(connection, send, busy(50));
      case "too_fast":
        return this.hold(connection, send, refusal("rate_limited", { retry: "later" }));
      case "forbidden":
      case "key_time":
        return this.refuseForGood(connection, send, fate);
    }
  }

  private hold(connection: number, send: Send, error: WireError): Promise<void> {
    const place = `${connection} ${send.chat}`;
    const before = this.held.get(place)?.isUnknown ?? false;
    this.held.set(place, { key: send.key, isUnknown: before || error.code === "outcome_unknown" });
    return this.tell(connection, { type: "error", ref: send.ref ?? "", ...error });
  }

  /** Refused for good, a key holds others up only if an attempt of it is unknown. */
  private refuseForGood(connection: number, send: Send, code: string): Promise<void> {
    const place = `${connection} ${send.chat}`;
    if (this.held.get(place)?.isUnknown === false) this.held.delete(place);
    return this.tell(connection, { type: "error", ref: send.ref ?? "", ...refusal(code) });
  }

  private async takeCancel(connection: number, { chat, key, ref = "" }: Extract<ClientFrame, { type: "cancel" }>): Promise<void> {
    this.held.delete(`${connection} ${chat}`);
    const stored = this.find(chat, key);
    if (stored) return this.confirm(connection, ref, stored);
    this.cancelled.add(key);
    await this.tell(connection, { type: "cancelled", ref });
  }

  private async storeSend(send: Send, push: Push): Promise<WireEvent> {
    const stored = this.find(send.chat, send.key);
    if (stored) return stored;
    const said = event(send.chat, this.head(send.chat) + 1, ME, { body: send.body, key: send.key });
    await this.append(said, push);
    return said;
  }

  private find(chat: string, key: string): WireEvent | undefined {
    return this.logs[chat]?.find((said) => said.key === key);
  }

  private confirm(connection: number, ref: string, { chat, seq, id, sent_at }: WireEvent): Promise<void> {
    this.held.delete(`${connection} ${chat}`);
    return this.tell(connection, { type: "sent", ref, chat, seq, id, sent_at, duplicate: false });
  }
}
