/**
 * A timeline over an array: shows a window of some hundreds of messages and pages through the rest after a short wait.
 */
import type { Message, Pending, Readable, Seq, Timeline } from "parlour-client";
import { type Cell, createCell } from "../readable.js";

const windowMax = 200;
const page = 50;

/** The array that timelines look at, and the wait that stands for the network. */
export interface Source {
  readonly all: readonly Message[];
  readonly pending: Cell<readonly Pending[]>;
  readonly wait: () => Promise<void>;
}

type Edge = "more" | "loading" | "none" | "offline";

export class FakeTimeline implements Timeline {
  readonly messages = createCell<readonly Message[]>([]);
  readonly before = createCell<Edge>("none");
  readonly after = createCell<Edge>("none");
  readonly atEnd = createCell(false);
  readonly pending: Readable<readonly Pending[]>;
  #from = 0;
  #to = 0;

  constructor(private readonly source: Source, at: Seq | "end", private readonly onClose: (closed: FakeTimeline) => void) {
    this.pending = source.pending;
    if (at === "end") this.#show(source.all.length - page, source.all.length);
    else this.#show(at - page / 2, at + page / 2);
  }

  async loadBefore(): Promise<void> {
    if (this.before.value !== "more") return;
    this.before.set("loading");
    await this.source.wait();
    const from = this.#from - page;
    this.#show(from, Math.min(this.#to, from + windowMax));
  }

  async loadAfter(): Promise<void> {
    if (this.after.value !== "more") return;
    this.after.set("loading");
    await this.source.wait();
    const to = this.#to + page;
    this.#show(Math.max(this.#from, to - windowMax), to);
  }

  async showAround(seq: Seq): Promise<void> {
    await this.source.wait();
    this.#show(seq - page / 2, seq + page / 2);
  }

  async showEnd(): Promise<void> {
    if (this.atEnd.value) return;
    await this.source.wait();
    this.#show(this.source.all.length - page, this.source.all.length);
  }

  setVisible(): void {}

  close(): void {
    this.onClose(this);
  }

  /** The array grew or an element was replaced. */
  changed(grown: number): void {
    const to = this.atEnd.value ? this.#to + grown : this.#to;
    this.#show(Math.max(this.#from, to - windowMax), to);
  }

  #show(from: number, to: number): void {
    this.#from = Math.max(0, from);
    this.#to = Math.min(this.source.all.length, Math.max(to, this.#from));
    this.atEnd.set(this.#to === this.source.all.length);
    this.before.set(this.#from > 0 ? "more" : "none");
    this.after.set(this.atEnd.value ? "none" : "more");
    this.messages.set(this.source.all.slice(this.#from, this.#to));
  }
}
