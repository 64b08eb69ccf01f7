/** Waiting for what must come, without looking at a clock. */

import type { Readable } from "../../src/index.js";

/** The value of `readable` once it fulfils `condition`. What never does fails by the test's time limit. */
export function until<T>(readable: Readable<T>, condition: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const stop = readable.subscribe(() => look());
    const look = () => {
      if (!condition(readable.value)) return;
      stop();
      resolve(readable.value);
    };
    look();
  });
}

/** `until` for several values at once. */
export function untilAll(readables: Readable<unknown>[], condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stops = readables.map((readable) => readable.subscribe(() => look()));
    const look = () => {
      if (!condition()) return;
      for (const stop of stops) stop();
      resolve();
    };
    look();
  });
}
