/**
 * Values that change. A value is computed when it is read or when somebody listens, never once per event.
 *
 * - `changed()` marks a value as out of date. Listeners are told together, after the task that changed it, so that values
 *   that change together are seen together.
 * - A computation that gives the same object as before counts as no change: its listeners hear nothing.
 */

import type { Readable } from "./api.js";

interface Notifiable { settle(): (() => void)[] }

/** Collects what changed until the listeners are told. One per client. */
export class Announcer {
  private readonly waiting = new Set<Notifiable>();
  private scheduled = false;
  /** `schedule` runs its argument soon, never at once. */
  constructor(private readonly schedule: (run: () => void) => void = queueMicrotask) {}

  /** Tells the listeners of `value` soon. */
  add(value: Notifiable): void {
    this.waiting.add(value);
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => this.tell());
  }

  private tell(): void {
    this.scheduled = false;
    const changed = [...this.waiting];
    this.waiting.clear();
    // First everything is up to date, then anybody looks.
    for (const listener of changed.flatMap((value) => value.settle())) callSafely(listener);
  }
}

/** One listener's error is the application's to see, and keeps nobody else from being told. */
export function callSafely(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A value computed from the client's state. */
export class Computed<T> implements Readable<T>, Notifiable {
  private readonly listeners = new Set<() => void>();
  private current: T | undefined;
  private stale = true;
  private told: T | undefined;

  /** `compute` gets the value before and may give it back; `onListen` hears when listening begins and when it ends. */
  constructor(
    private readonly announcer: Announcer,
    private readonly compute: (before: T | undefined) => T,
    private readonly onListen: (listening: boolean) => void = () => {},
  ) {}

  get value(): T {
    if (this.stale) {
      this.current = this.compute(this.current);
      this.stale = false;
    }
    return this.current as T;
  }

  /** What it is computed from has changed. */
  changed(): void {
    this.stale = true;
    if (this.listeners.size > 0) this.announcer.add(this);
  }

  /** Whether anybody listens. */
  get isWatched(): boolean {
    return this.listeners.size > 0;
  }

  subscribe(listener: () => void): () => void {
    // One entry per subscription, even of the same function twice.
    const entry = () => listener();
    if (this.listeners.size === 0) this.told = this.value;
    this.listeners.add(entry);
    if (this.listeners.size === 1) this.onListen(true);
    return () => {
      if (this.listeners.delete(entry) && this.listeners.size === 0) this.onListen(false);
    };
  }

  settle(): (() => void)[] {
    if (this.listeners.size === 0 || this.value === this.told) return [];
    this.told = this.value;
    return [...this.listeners];
  }
}

/** A value that is set. */
export class Cell<T> extends Computed<T> {
  private content: T;
  constructor(announcer: Announcer, initial: T, onListen?: (listening: boolean) => void) {
    super(announcer, () => this.content, onListen);
    this.content = initial;
  }

  set(content: T): void {
    if (content === this.content) return;
    this.content = content;
    this.changed();
  }
}
