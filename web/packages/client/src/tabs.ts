/**
 * The other tabs of the same user in the same browser, who share one store.
 *
 * - Every tab has a name, held as a Web Lock for as long as the tab lives. Each send belongs to one tab; those of a tab
 *   whose lock is free have no owner any more.
 * - Tabs tell each other what a store cannot: that something in it has changed.
 */

import type { Id } from "./api.js";
import type { Outgoing } from "./store.js";

/** What one tab tells the others. */
export type TabNews =
  | { type: "signed_in" }
  | { type: "signed_out" }
  | { type: "draft"; chat: Id; text: string }
  /** A send of this tab changed; absent: it is settled or given up. */
  | { type: "outbox"; name: string; outgoing?: Outgoing }
  /** Somebody wants to retry or give up a send that is not theirs. */
  | { type: "wanted"; what: "retry" | "cancel"; owner: string; name: string };

/** The tabs around a client. */
export interface Tabs {
  /** This tab's name; owns the sends made here. */
  readonly instance: string;
  /** Runs `task` while no other tab runs one under this name. Rejects if its turn has not come `within` milliseconds. */
  exclusively<T>(name: string, task: () => Promise<T>, within?: number): Promise<T>;
  /** Whether the tab called `owner` is gone now. */
  isGone(owner: string): Promise<boolean>;
  /** Calls back once the tab called `owner` is gone, at once if it is gone already. */
  whenGone(owner: string, callback: () => void): void;
  tell(news: TabNews): void;
  /** Calls back, soon and never at once, with all news since this tab joined. */
  listen(listener: (news: TabNews) => void): void;
  close(): void;
}

/** A client that shares its store with nobody: whatever it finds there is its own. */
export function noTabs(): Tabs {
  return {
    instance: "only",
    exclusively: (_, task) => task(),
    isGone: () => Promise.resolve(true),
    whenGone: (_, callback) => queueMicrotask(callback),
    tell: () => {},
    listen: () => {},
    close: () => {},
  };
}

/** What of the browser is needed; tests bring their own. */
export interface TabsWorld {
  locks: Pick<LockManager, "request">;
  channel(name: string): Pick<BroadcastChannel, "postMessage" | "close" | "onmessage">;
}

/** The browser, if it has what is needed. */
export function browserTabs(): TabsWorld | undefined {
  if (typeof navigator === "undefined" || !navigator.locks || typeof BroadcastChannel === "undefined") return undefined;
  return { locks: navigator.locks, channel: (name) => new BroadcastChannel(name) };
}

/** The tabs that share the store called `name`. Resolves once this tab holds its own lock. */
export async function joinTabs(name: string, world: TabsWorld): Promise<Tabs> {
  const tabs = new SharedTabs(name, world);
  await tabs.join();
  return tabs;
}

class SharedTabs implements Tabs {
  readonly instance = crypto.randomUUID();
  private readonly channel: ReturnType<TabsWorld["channel"]>;
  private readonly left = new AbortController();
  private leave: () => void = () => {};
  /** News that came before anybody listened. */
  private readonly early: TabNews[] = [];
  private listener = (news: TabNews): unknown => this.early.push(news);

  constructor(private readonly name: string, private readonly world: TabsWorld) {
    this.channel = world.channel(`parlour:${name}`);
    this.channel.onmessage = ({ data }: MessageEvent) => this.listener(data as TabNews);
  }

  join(): Promise<void> {
    return new Promise((joined) => {
      void this.world.locks.request(this.lock(this.instance), () => {
        joined();
        return new Promise<void>((resolve) => {
          this.leave = resolve;
        });
      });
    });
  }

  exclusively<T>(name: string, task: () => Promise<T>, within?: number): Promise<T> {
    const impatience = new AbortController();
    const timer = within === undefined ? undefined : setTimeout(() => impatience.abort(), within);
    const turn = () => {
      clearTimeout(timer);
      return task();
    };
    return this.world.locks.request(`parlour:${this.name}:${name}`, { signal: impatience.signal }, turn) as Promise<T>;
  }

  isGone(owner: string): Promise<boolean> {
    return this.world.locks.request(this.lock(owner), { ifAvailable: true }, (lock) => lock !== null) as Promise<boolean>;
  }

  whenGone(owner: string, callback: () => void): void {
    this.world.locks.request(this.lock(owner), { signal: this.left.signal }, callback).catch(() => {
      // This tab has gone first.
    });
  }

  tell(news: TabNews): void {
    if (!this.left.signal.aborted) this.channel.postMessage(news);
  }

  listen(listener: (news: TabNews) => void): void {
    queueMicrotask(() => {
      this.listener = listener;
      for (const news of this.early.splice(0)) listener(news);
    });
  }

  close(): void {
    this.left.abort();
    this.channel.close();
    this.leave();
  }

  private lock(instance: string): string {
    return `parlour:${this.name}:tab:${instance}`;
  }
}
