/** Pauses after failures, so that nobody asks a server that is in trouble as fast as it refuses. */

/** The longest first pause, and the longest of all, in milliseconds. */
const PAUSE_FIRST = 2_000;
const PAUSE_MAX = 30_000;

/** A random time from half of a bound up, in milliseconds. The bound doubles with each of the `failures` before this one. */
export function pauseAfter(failures: number, first = PAUSE_FIRST): number {
  const bound = Math.min(first * 2 ** Math.min(failures, 16), PAUSE_MAX);
  return Math.round((bound * (1 + Math.random())) / 2);
}

/** The pauses of one thing that is tried: each longer than the one before, until it works. */
export class Pauses {
  private failures = 0;
  private current: { over: Promise<void>; end: () => void } | undefined;

  /** `passed` is called when a pause has passed, not when it is broken off. */
  constructor(private readonly passed: () => void) {}

  /** Resolves at the end of the pause; `undefined` if there is none now. */
  get over(): Promise<void> | undefined {
    return this.current?.over;
  }

  /** It has failed. The pause lasts `atLeast` so many milliseconds. */
  begin(atLeast = 0): void {
    this.breakOff();
    let resolve = () => {};
    const over = new Promise<void>((resolved) => {
      resolve = resolved;
    });
    const timer = setTimeout(() => {
      this.breakOff();
      this.passed();
    }, Math.max(atLeast, pauseAfter(this.failures)));
    this.failures += 1;
    this.current = {
      over,
      end: () => {
        clearTimeout(timer);
        resolve();
      },
    };
  }

  /** It is tried now. */
  breakOff(): void {
    this.current?.end();
    this.current = undefined;
  }

  /** It has worked, or there is reason to hope: the next pause is a short one. */
  reset(): void {
    this.breakOff();
    this.failures = 0;
  }
}
