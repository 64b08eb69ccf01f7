/** The pace of drawing: at once after a pause, together in a flood, and the last change is never lost. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPace } from "../src/readable.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

test("the first change is drawn at once, a flood a few times, and its last change too", () => {
  const drawn: number[] = [];
  let value = 0;
  const pace = createPace(() => drawn.push(value), 100);
  for (value = 1; value <= 35; value += 1) {
    pace.ask();
    vi.advanceTimersByTime(10);
  }
  value = 35;
  vi.advanceTimersByTime(1000);
  expect(drawn[0]).toBe(1);
  expect(drawn.at(-1)).toBe(35);
  expect(drawn.length).toBeLessThan(7);
});

test("what is taken off the page is not drawn any more", () => {
  const draw = vi.fn();
  const pace = createPace(draw, 100);
  pace.ask();
  pace.ask();
  pace.stop();
  vi.advanceTimersByTime(1000);
  expect(draw).toHaveBeenCalledTimes(1);
});
