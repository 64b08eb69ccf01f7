/** The day changes at midnight, and for who comes back after it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createToday } from "../src/today.js";

const at = (day: number, hour: number, minute = 0) => new Date(2026, 2, day, hour, minute).getTime();

beforeEach(() => void vi.useFakeTimers({ now: at(2, 23, 59) }));
afterEach(() => void vi.useRealTimers());

test("midnight begins another day, and the next one too", () => {
  const today = createToday(new EventTarget());
  const days: number[] = [];
  today.subscribe(() => days.push(today.value));
  expect(today.value).toBe(at(2, 0));
  vi.advanceTimersByTime(59_000);
  expect(days).toEqual([]);
  vi.advanceTimersByTime(24 * 3_600_000 + 1000);
  expect(days).toEqual([at(3, 0), at(4, 0)]);
});

test("who comes back after a night in which no timer ran finds the day it is", () => {
  const page = new EventTarget();
  const today = createToday(page);
  vi.setSystemTime(at(3, 8));
  page.dispatchEvent(new Event("visibilitychange"));
  expect(today.value).toBe(at(3, 0));
});
