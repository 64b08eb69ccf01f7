/**
 * One timeline: the window that is loaded, where more comes from, and what happens meanwhile.
 *
 * - What is kept on the device comes first, the server continues where that ends.
 * - Events that come while a page is fetched are applied again on top of it: each row knows what it has seen.
 * - `generation` counts the jumps; a page that was asked for before a jump is dropped.
 * - Without its first page, or after events were skipped, a page is `owed`: it is tried again until it is here. A page at
 *   an edge is asked for again by who looks at that edge, but not before a pause.
 * - Who draws after every change asks at every drawing: asking for what is known not to be had changes nothing.
 */

import type { Id, Message, Pending, Readable, Seq, Timeline } from "../api.js";
import { toMessage } from "../convert.js";
import { type Core, history, isOnline, keepStretch, NO_SEQ } from "../core.js";
import { failure, isParlourError, NOT_CONNECTED } from "../problem.js";
import { Computed } from "../readable.js";
import type { Kept } from "../store.js";
import type { WireEvent, WirePage } from "../wire.js";
import { Pauses } from "./pauses.js";
import { type Page, Window } from "./window.js";

/** Messages fetched at once. */
const PAGE = 50;
/** Fewer kept messages than this are not enough to show. */
const ENOUGH = 20;
/** Events remembered for pages that are on their way. */
const RECENT_MAX = 300;

type Edge = "more" | "loading" | "none" | "offline";

/** A part of one chat's history and everything that happens to it. */
export class LoadedTimeline implements Timeline {
  readonly messages: Computed<readonly Message[]>;
  readonly pending: Readable<readonly Pending[]>;
  readonly before: Computed<Edge>;
  readonly after: Computed<Edge>;
  readonly atEnd: Computed<boolean>;
  private readonly window = new Window();
  private recent: WireEvent[] = [];
  private isLoaded = false;
  /** What has to be loaded before what is shown is right. */
  private owed: (() => Promise<Page>) | undefined;
  private readonly pauses = new Pauses(() => this.tryAgain());
  private generation = 0;
  private loading: { before?: Promise<void>; after?: Promise<void> } = {};
  /** From here on messages are kept on the device, as far as is known. */
  private keptFrom: Seq = NO_SEQ;
  /** Where the loaded part began or ended when the device was found to keep nothing beyond. */
  private bare: { before?: Seq; after?: Seq } = {};
  /** Whether what is owed cannot be had without a connection. */
  private isStranded = false;
  private visible: Seq = NO_SEQ;
  /** The first try at the first page; a failure shows in `after`. */
  readonly first: Promise<void>;

  constructor(private readonly core: Core, readonly chat: Id, at: Seq | "end", private readonly closed: (timeline: LoadedTimeline) => void) {
    const { announcer } = core;
    this.messages = new Computed(announcer, () => this.window.messages);
    this.pending = core.sends.in(chat);
    this.before = new Computed(announcer, () => this.edge("before"));
    this.after = new Computed(announcer, () => this.edge("after"));
    this.atEnd = new Computed(announcer, () => this.isLoaded && this.window.high >= this.cursor);
    this.first = this.jump(() => (at === "end" ? this.endPage() : this.aroundPage(at))).catch(() => {});
  }

  loadBefore(): Promise<void> {
    return this.loading.before ?? this.more("before");
  }

  loadAfter(): Promise<void> {
    return this.loading.after ?? this.more("after");
  }

  showAround(seq: Seq): Promise<void> {
    return this.jump(() => this.aroundPage(seq));
  }

  showEnd(): Promise<void> {
    return this.atEnd.value ? Promise.resolve() : this.jump(() => this.endPage());
  }

  setVisible(first: Seq): void {
    this.visible = first;
  }

  close(): void {
    this.generation += 1;
    this.loading = {};
    this.visible = NO_SEQ;
    this.pauses.reset();
    // Nobody loads it any more: what is shown is not to be shown again.
    if (this.owed) {
      this.isLoaded = false;
      this.changed();
    }
    this.closed(this);
  }

  /** The loaded message with this seq. */
  message(seq: Seq): Message | undefined {
    return this.window.message(seq);
  }

  /** Events of the chat were applied. */
  take(events: readonly WireEvent[]): void {
    this.recent.push(...events);
    if (this.recent.length > RECENT_MAX) this.recent = this.recent.slice(-RECENT_MAX);
    if (this.isLoaded) for (const event of events) this.window.take(event, this.visible);
    this.changed();
  }

  /** The chat begins, or begins again, at another place than was known. */
  joined(): void {
    if (!this.isLoaded || this.window.high < this.cursor) this.reload();
  }

  /** Events were skipped: what is loaded may be wrong. */
  reload(): void {
    const { visible } = this;
    const wasAtEnd = visible === NO_SEQ || this.window.high - visible < PAGE;
    this.recent = [];
    this.owed ??= () => (wasAtEnd ? this.endPage() : this.aroundPage(visible));
    this.jump(this.owed).catch(() => {});
  }

  /** The connection came or went. */
  reconnected(): void {
    if (isOnline(this.core)) {
      this.bare = {};
      this.isStranded = false;
      this.pauses.reset();
      this.tryAgain();
    }
    this.changed();
  }

  private get cursor(): Seq {
    return this.core.chats.cursor(this.chat) ?? 0;
  }

  private changed(): void {
    for (const value of [this.messages, this.before, this.after, this.atEnd]) value.changed();
  }

  private edge(side: "before" | "after"): Edge {
    if (this.loading[side]) return "loading";
    if (this.isLoaded && this.edgeIsReached(side)) return "none";
    // After a failure with a connection it goes on by itself.
    if (isOnline(this.core)) return this.pauses.over ? "loading" : "more";
    return this.isLoaded && this.isKept(side) && !this.pauses.over ? "more" : "offline";
  }

  /** Whether the device may keep what lies beyond an edge. */
  private isKept(side: "before" | "after"): boolean {
    const { low, high } = this.window;
    if (side === "before") return low > this.keptFrom && low !== this.bare.before;
    return high + 1 >= this.keptFrom && high !== this.bare.after;
  }

  /** Shows another part in place of this one. */
  private async jump(load: () => Promise<Page>): Promise<void> {
    this.generation += 1;
    const { generation } = this;
    this.pauses.breakOff();
    this.isStranded = false;
    if (this.owed || !this.isLoaded) this.owed = load;
    const loading = load().then((page) => {
      if (generation !== this.generation) return;
      this.owed = undefined;
      this.pauses.reset();
      this.window.replace(page);
      this.visible = NO_SEQ;
      this.isLoaded = true;
      this.replay();
    });
    const settled = this.whileLoading("after", loading);
    this.loading = { after: settled };
    this.changed();
    await settled;
  }

  /** Loads a further page at one side. */
  private more(side: "before" | "after"): Promise<void> {
    if (this.pauses.over) return this.pauses.over;
    if (this.owed && !this.isLoaded && !this.loading.after) return this.isStranded ? Promise.reject(failure(NOT_CONNECTED)) : this.jump(this.owed);
    if (this.isLoaded && this.edge(side) !== "more") return this.loading[side] ?? Promise.resolve();
    const { generation } = this;
    const load = async () => {
      await this.first;
      if (!this.isLoaded || this.edgeIsReached(side)) return;
      const page = await (side === "before" ? this.beforePage() : this.afterPage());
      if (generation !== this.generation) return;
      if (!page) {
        this.bare[side] = side === "before" ? this.window.low : this.window.high;
        return;
      }
      this.pauses.reset();
      if (side === "before") this.window.prepend(page);
      else this.window.append(page);
      this.replay();
    };
    const loading = this.whileLoading(side, load());
    this.loading[side] = loading;
    this.changed();
    return loading;
  }

  private edgeIsReached(side: "before" | "after"): boolean {
    return side === "before" ? this.window.low <= 1 : this.window.high >= this.cursor;
  }

  private async whileLoading(side: "before" | "after", loading: Promise<void>): Promise<void> {
    const { generation } = this;
    try {
      await loading;
    } catch (error) {
      if (generation === this.generation) this.failed(error);
      throw error;
    } finally {
      if (generation === this.generation) {
        delete this.loading[side];
        this.changed();
      }
    }
  }

  /** A page could not be had. Without a connection, the next one is what to wait for. */
  private failed(error: unknown): void {
    if (isParlourError(error) && error.problem.retry === "never") this.owed = undefined;
    if (isOnline(this.core)) this.pauses.begin();
    else this.isStranded = this.owed !== undefined;
  }

  /** Loads what is owed, and lets pages be asked for. */
  private tryAgain(): void {
    if (this.owed && !this.loading.after && isOnline(this.core)) this.jump(this.owed).catch(() => {});
    else this.changed();
  }

  /** Applies what came while a page was fetched. */
  private replay(): void {
    for (const event of this.recent) this.window.take(event, NO_SEQ);
  }

  private async kept(range: { before?: Seq; after?: Seq; limit: number }): Promise<Kept> {
    const kept = await this.core.store.messages(this.chat, range);
    this.keptFrom = kept.from;
    return kept;
  }

  private async endPage(): Promise<Page> {
    const kept = await this.kept({ limit: PAGE });
    const isKnown = this.core.chats.cursor(this.chat) !== undefined;
    const isEnough = isKnown && kept.to >= this.cursor && (kept.messages.length >= ENOUGH || kept.from <= 1);
    if (isOnline(this.core) && !isEnough) return this.fetched({});
    return keptBelow(kept, kept.to);
  }

  private async aroundPage(seq: Seq): Promise<Page> {
    const below = await this.kept({ before: seq + 1, limit: PAGE });
    if (below.from > seq || below.to < seq) return this.fetched({ around: seq });
    const above = keptAbove(await this.kept({ after: seq, limit: PAGE }));
    const { rows, from } = keptBelow(below, seq);
    return { rows: [...rows, ...above.rows], from, to: above.to };
  }

  private async beforePage(): Promise<Page | undefined> {
    const { low } = this.window;
    const kept = await this.kept({ before: low, limit: PAGE });
    if (kept.from < low && kept.to >= low - 1) return keptBelow(kept, low - 1);
    if (!isOnline(this.core)) return undefined;
    return this.fetched({ before: low });
  }

  private async afterPage(): Promise<Page | undefined> {
    const { high } = this.window;
    const kept = await this.kept({ after: high, limit: PAGE });
    if (kept.from <= high + 1 && kept.to > high) return keptAbove(kept);
    if (!isOnline(this.core)) return undefined;
    return this.fetched({ after: high });
  }

  /** A page from the server, which is kept if it joins what is kept. */
  private async fetched(where: { before?: Seq; after?: Seq; around?: Seq }): Promise<Page> {
    if (!isOnline(this.core)) throw failure(NOT_CONNECTED);
    const page = await history(this.core, { chat: this.chat, ...where, limit: where.around === undefined ? PAGE : 2 * PAGE });
    this.core.learnReached(this.chat, page.messages);
    const { from, to } = covered(page, where);
    const messages = page.messages.map(toMessage);
    keepStretch(this.core, { chat: this.chat, from, to, at: page.at, messages });
    return { rows: messages.map((message) => ({ message, at: page.at })), from, to };
  }
}

/** Which seqs a page says everything about. */
function covered(page: WirePage, { before, after }: { before?: Seq; after?: Seq }): { from: Seq; to: Seq } {
  const first = page.messages[0]?.seq ?? 1;
  const last = page.messages.at(-1)?.seq ?? 0;
  const from = after !== undefined ? after + 1 : page.has_before ? first : 1;
  const to = before !== undefined ? before - 1 : page.has_after ? last : Math.max(page.at, last);
  return { from, to };
}

function keptBelow(kept: Kept, to: Seq): Page {
  const isCut = kept.messages.length >= PAGE;
  const from = isCut ? (kept.messages[0]?.message.seq ?? kept.from) : Math.min(kept.from, to + 1);
  return { rows: kept.messages, from, to };
}

function keptAbove(kept: Kept): Page {
  const isCut = kept.messages.length >= PAGE;
  const to = isCut ? (kept.messages.at(-1)?.message.seq ?? kept.to) : kept.to;
  return { rows: kept.messages, from: kept.messages[0]?.message.seq ?? to + 1, to };
}
