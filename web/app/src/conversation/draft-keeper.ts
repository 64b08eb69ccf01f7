/**
 * Keeps what one is writing: not at each keystroke, but soon after the last one, and at once when the page goes away.
 */

export interface Timers {
  start(run: () => void, afterMs: number): unknown;
  stop(timer: unknown): void;
}

const browserTimers: Timers = {
  start: (run, afterMs) => setTimeout(run, afterMs),
  stop: (timer) => clearTimeout(timer as number),
};

const pauseMs = 400;

export class DraftKeeper {
  #unsaved: string | undefined;
  #timer: unknown;

  constructor(private readonly save: (text: string) => void, private readonly timers: Timers = browserTimers) {}

  /** The text changed; it is saved after a pause. */
  changed(text: string): void {
    this.#unsaved = text;
    this.timers.stop(this.#timer);
    this.#timer = this.timers.start(() => this.flush(), pauseMs);
  }

  /** Saves now what is not saved yet. */
  flush(): void {
    this.timers.stop(this.#timer);
    if (this.#unsaved === undefined) return;
    const text = this.#unsaved;
    this.#unsaved = undefined;
    this.save(text);
  }

  /** Whether something typed has not been saved, so that an older draft must not replace it. */
  get isDirty(): boolean {
    return this.#unsaved !== undefined;
  }
}
