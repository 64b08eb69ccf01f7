/** What tabs of one browser share: locks and channels. */

import type { TabsWorld } from "../../src/tabs.js";

/** A browser with any number of tabs. */
export class Browser implements TabsWorld {
  private readonly queues = new Map<string, Promise<void>>();
  private readonly channels = new Map<string, Set<Channel>>();

  readonly locks: TabsWorld["locks"] = {
    request: (name: string, ...rest: unknown[]) => {
      const task = rest.at(-1) as (lock: Lock | null) => unknown;
      const { signal, ifAvailable } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      if (ifAvailable && this.queues.has(name)) return Promise.resolve(task(null));
      return this.inTurn(name, signal, task);
    },
  } as TabsWorld["locks"];

  channel(name: string): Channel {
    const members = this.channels.get(name) ?? new Set();
    this.channels.set(name, members);
    const channel = new Channel(members);
    members.add(channel);
    return channel;
  }

  private inTurn(name: string, signal: AbortSignal | undefined, task: (lock: Lock | null) => unknown): Promise<unknown> {
    const before = this.queues.get(name) ?? Promise.resolve();
    const run = before.then(() => {
      signal?.throwIfAborted();
      return task({ name, mode: "exclusive" });
    });
    const turn = run.then(() => {}, () => {}).then(() => {
      if (this.queues.get(name) === turn) this.queues.delete(name);
    });
    this.queues.set(name, turn);
    return Promise.race([run, aborted(signal, run)]);
  }
}

/** Rejects once `signal` says so, unless it does so after `run` is done. */
function aborted(signal: AbortSignal | undefined, run: Promise<unknown>): Promise<unknown> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    void run.then(() => {}, () => {}).then(() => signal?.removeEventListener("abort", abort));
  });
}

class Channel {
  onmessage: BroadcastChannel["onmessage"] = null;

  constructor(private readonly members: Set<Channel>) {}

  postMessage(message: unknown): void {
    if (!this.members.has(this)) throw new Error("the channel is closed");
    const data: unknown = structuredClone(message);
    for (const member of this.members) {
      if (member !== this) queueMicrotask(() => member.onmessage?.call(member as unknown as BroadcastChannel, { data } as MessageEvent));
    }
  }

  close(): void {
    this.members.delete(this);
    this.onmessage = null;
  }
}
