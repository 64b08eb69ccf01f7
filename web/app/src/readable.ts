/**
 * Draws what the library keeps: a component that reads a `Readable` is drawn again when its value changes.
 *
 * - However often values change, a component is drawn once for each frame, and besides only before something a person does
 *   (see `drawByFrames`).
 */
import type { Readable } from "parlour-client";
import { options } from "preact";
import { useLayoutEffect, useReducer } from "preact/hooks";

/** The value now; the component follows its changes. */
export function useReadable<T>(readable: Readable<T>): T {
  const [, drawAgain] = useReducer<number, void>((count) => count + 1, 0);
  const drawn = readable.value;
  useLayoutEffect(() => {
    const stop = readable.subscribe(() => drawAgain());
    if (readable.value !== drawn) drawAgain();
    return stop;
    // `drawn` is left out on purpose: only a change between drawing and subscribing matters here.
  }, [readable]);
  return drawn;
}

/** As often as people can follow; what changes more often than that is drawn together. */
const floodDrawMs = 100;

/**
 * As `useReadable`, for what may change a hundred times a second: the first change after a pause is drawn at once, those that
 * follow at most every 100 ms, so that a flood leaves the time to whoever types.
 */
export function usePacedReadable<T>(readable: Readable<T>): T {
  const [, drawAgain] = useReducer<number, void>((count) => count + 1, 0);
  const drawn = readable.value;
  useLayoutEffect(() => {
    const pace = createPace(() => drawAgain(), floodDrawMs);
    const stop = readable.subscribe(pace.ask);
    if (readable.value !== drawn) drawAgain();
    return () => {
      stop();
      pace.stop();
    };
    // As above.
  }, [readable]);
  return drawn;
}

export interface Pace {
  ask(): void;
  stop(): void;
}

/** Runs at once when asked after a pause, and else when the interval since the last run is over. */
export function createPace(run: () => void, intervalMs: number, now: () => number = () => performance.now()): Pace {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const runNow = () => {
    timer = undefined;
    last = now();
    run();
  };
  return {
    ask() {
      if (timer !== undefined) return;
      const waitMs = last + intervalMs - now();
      if (waitMs <= 0) runNow();
      else timer = setTimeout(runNow, waitMs);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

/** A readable that the application itself sets. */
export interface Cell<T> extends Readable<T> {
  set(value: T): void;
}

export function createCell<T>(initial: T): Cell<T> {
  const listeners = new Set<() => void>();
  let value = initial;
  return {
    get value() {
      return value;
    },
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}

/** How long a hidden page, which gets no frames, waits before it is drawn. */
const hiddenDrawMs = 250;

/** What a person does with the page. */
const deeds = ["keydown", "click", "submit"] as const;

/**
 * Lets everything that changed since the last frame be drawn together, so that a flood of messages costs one drawing a frame.
 * What a person does between two frames is preceded by a drawing, so that it meets the page as they left it: a report sent
 * at once after its last letter has that letter.
 */
export function drawByFrames(): void {
  let drawNow = () => {};
  for (const deed of deeds) addEventListener(deed, () => drawNow(), { capture: true });
  options.debounceRendering = (draw) => {
    let drawn = false;
    const once = () => {
      if (drawn) return;
      drawn = true;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      draw();
    };
    const frame = requestAnimationFrame(once);
    const timer = setTimeout(once, hiddenDrawMs);
    drawNow = once;
  };
}
