/** One device of a scenario: the library, what it keeps, and what it has told. */

import { WebSocket } from "ws";
import { type Client, type ClientEvent, type Connection, connect, memoryStore, type Readable } from "../../src/index.js";
import { Network } from "../support/network.js";
import { until } from "../support/waiting.js";
import { Lines, lineOf } from "./lines.js";
import { Differs, type Fields, type Json, type Values } from "./values.js";

export const PASSWORD = "correct horse battery";
const ABOUT = ["chat", "user", "of"];
const UNSAID = ["device", "await", "next", ...ABOUT];

export class Device {
  private store = memoryStore();
  private client: Client | undefined;
  private network: Network | undefined;
  private readonly lines = new Map<string, Lines>();
  private told: Fields[] = [];
  private stops: (() => void)[] = [];
  private changed: () => void = () => {};
  private broken: unknown;

  constructor(readonly user: string, private readonly url: string, private readonly encoding: "json" | "msgpack") {}

  private get running(): Client {
    if (!this.client) throw new Differs("the device is not started");
    return this.client;
  }

  /** Opens the app: with the session its store has, or by logging in. */
  private async start(name: string): Promise<void> {
    const saved = await this.store.load();
    for (const chat of saved.progress.keys()) {
      const lines = new Lines();
      const { messages } = await this.store.messages(chat, { limit: 100 });
      lines.restore(messages.map(({ message }) => message));
      this.lines.set(chat, lines);
    }
    const webSocket = WebSocket as unknown as typeof globalThis.WebSocket;
    this.client = await connect({ url: this.network?.url ?? this.url, webSocket, store: this.store, encoding: this.encoding });
    this.stops.push(this.client.events((event) => this.hear(event)));
    this.follow(this.client.connection, (connection) => this.connectionChanged(connection));
    if (!saved.session) await this.client.login(name, PASSWORD);
  }

  /** Ends the app; what is not settled stays in its store. */
  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    const client = this.client;
    this.client = undefined;
    await client?.close();
  }

  async end(): Promise<void> {
    await this.stop();
    await this.network?.close();
  }

  /** Tells a value now and after each change. */
  private follow<T>(readable: Readable<T>, tell: (value: T) => void): void {
    tell(readable.value);
    this.stops.push(readable.subscribe(() => tell(readable.value)));
  }

  private tell(kind: string, fields: Fields): void {
    this.told.push({ await: kind, ...fields });
    this.changed();
  }

  private connectionChanged(connection: Connection): void {
    if (connection.state !== "signed_out") this.tell("connection", { is: connection.state });
    else if (connection.reason) this.tell("stopped", { why: connection.reason });
  }

  private hear(event: ClientEvent): void {
    switch (event.type) {
      case "event":
        try {
          this.linesOf(event.chat).take(event.event as Fields);
        } catch (error) {
          this.broken ??= error;
        }
        break;
      case "chat_joined":
        this.tell("chat", { chat: event.chat, is: "joined" });
        this.followMarks(event.chat);
        break;
      case "chat_left":
        this.lines.delete(event.chat);
        this.tell("chat", { chat: event.chat, is: "left" });
        break;
      case "too_long":
        this.lines.delete(event.chat);
        this.tell("too_long", { chat: event.chat });
        break;
      case "stalled":
        this.tell("outcome", { of: event.key, is: "stalled" });
        break;
      case "settled":
        this.tell("outcome", { of: event.key, ...outcome(event.result) });
        break;
      case "message":
        break;
    }
    this.changed();
  }

  private linesOf(chat: string): Lines {
    const lines = this.lines.get(chat) ?? new Lines();
    this.lines.set(chat, lines);
    return lines;
  }

  private followMarks(id: string): void {
    const chat = this.running.chat(id);
    this.follow(chat.marks, (marks) => {
      for (const [user, { delivered, read }] of marks) this.tell("receipt", { chat: id, user, delivered, read });
    });
    this.follow(chat.summary, (summary) => {
      const user = this.client?.me.value?.id;
      if (summary && user) this.tell("receipt", { chat: id, user, delivered: summary.delivered, read: summary.read });
    });
  }

  private watch(users: string[], chats: string[]): void {
    for (const user of users) this.follow(this.running.presence(user), ({ status }) => this.tell("presence", { user, is: status }));
    for (const id of chats) {
      const chat = this.running.chat(id);
      const timeline = chat.timeline();
      this.stops.push(() => timeline.close());
      let before: readonly string[] = [];
      this.follow(chat.typing, (typing) => {
        for (const user of typing) this.tell("typing", { chat: id, user, on: true });
        for (const user of before.filter((user) => !typing.includes(user))) this.tell("typing", { chat: id, user, on: false });
        before = typing;
      });
    }
  }

  /** Does a step; gives the key of a send. */
  async do(step: Fields, name: string): Promise<string | undefined> {
    const { text, on, emoji, of } = step as { text: string; on: boolean; emoji: string; of: string };
    const [target, seq, replyTo] = [step.target, step.seq, step.reply_to] as [number, number, number | undefined];
    const chat = () => this.running.chat(step.chat as string);
    switch (step.do) {
      case "start": await this.start(name); return undefined;
      case "stop": await this.stop(); return undefined;
      case "log_in": await this.running.login(name, PASSWORD); return undefined;
      case "network": this.network = await Network.before(this.url); return undefined;
      case "offline": this.network?.cut(); return undefined;
      case "online": this.network?.mend(); return undefined;
      case "send": return (await chat().send(text, replyTo === undefined ? {} : { replyTo })).key;
      case "edit": return (await chat().edit(target, text)).key;
      case "delete": return (await chat().delete(target)).key;
      case "react": return (await chat().react(target, emoji, on)).key;
      case "cancel": await chat().cancel(of); return undefined;
      case "read": chat().markRead(seq); return undefined;
      case "typing": chat().setTyping(on); return undefined;
      case "watch": this.watch(step.users as string[], step.chats as string[]); return undefined;
      case "set_status": await this.running.setStatus(step.status as "busy"); return undefined;
      default: throw new Differs(`nobody knows how to do ${String(step.do)}`);
    }
  }

  /** The lines below `before`, as a timeline shows them. */
  async history(step: Fields): Promise<Json> {
    const [before, limit] = [step.before as number | undefined, step.limit as number];
    const timeline = this.running.chat(step.chat as string).timeline(before ?? "end");
    try {
      await until(timeline.messages, (messages) => messages.length > 0);
      await until(timeline.before, (state) => state !== "loading");
      const lines = timeline.messages.value.filter(({ seq }) => before === undefined || seq < before).map(lineOf);
      return { lines: lines.slice(-limit), has_before: lines.length > limit || timeline.before.value === "more" };
    } finally {
      timeline.close();
    }
  }

  /** Resolves once what a step awaits is the case. */
  async until(step: Fields, values: Values): Promise<void> {
    while (!this.isSo(step, values)) {
      await new Promise<void>((resolve) => {
        this.changed = resolve;
      });
    }
  }

  private isSo(step: Fields, values: Values): boolean {
    if (this.broken) throw this.broken;
    if (step.await === "shows") {
      const count = step.exactly ? undefined : (step.lines as Json[]).length;
      return values.matches(step.lines ?? [], this.lines.get(step.chat as string)?.newest(count) ?? []);
    }
    const wanted = Object.fromEntries(Object.entries(step).filter(([name]) => !UNSAID.includes(name)));
    const meant = this.told.filter((told) => ["await", ...ABOUT].every((name) => !(name in told) || told[name] === step[name]));
    const place = meant.findIndex((told) => values.matches(wanted, told));
    if (step.next && place !== 0 && meant.length > 0) throw new Differs(`instead: ${JSON.stringify(meant[0])}`);
    const past = new Set(meant.slice(0, place + 1));
    this.told = this.told.filter((told) => !past.has(told));
    return place >= 0;
  }

  /** For people: everything that was told and not taken. */
  seen(): string {
    const lines = [...this.lines].map(([chat, of]) => `${chat} shows ${JSON.stringify(of.newest(undefined))}`);
    return [JSON.stringify(this.told), ...lines].join("; ");
  }
}

function outcome(result: { seq: number } | { error: { code: string } }): Fields {
  if ("seq" in result) return { is: "sent", seq: result.seq };
  return result.error.code === "cancelled" ? { is: "cancelled" } : { is: "failed", code: result.error.code };
}
