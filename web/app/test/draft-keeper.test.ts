/** Drafts are saved after a pause, at once when asked, and once. */
import { expect, test } from "vitest";
import { DraftKeeper } from "../src/conversation/draft-keeper.js";

/** Timers that run when told. */
function heldTimers() {
  const running = new Map<number, () => void>();
  let last = 0;
  return {
    start: (run: () => void) => {
      last += 1;
      running.set(last, run);
      return last;
    },
    stop: (timer: unknown) => void running.delete(timer as number),
    elapse: () => {
      for (const [timer, run] of [...running]) {
        running.delete(timer);
        run();
      }
    },
    get count() {
      return running.size;
    },
  };
}

test("only the last of many keystrokes is saved, after the pause", () => {
  const timers = heldTimers();
  const saved: string[] = [];
  const keeper = new DraftKeeper((text) => saved.push(text), timers);
  for (const text of ["H", "He", "Hey"]) keeper.changed(text);
  expect([saved.length, timers.count, keeper.isDirty]).toEqual([0, 1, true]);
  timers.elapse();
  expect([saved, keeper.isDirty]).toEqual([["Hey"], false]);
});

test("a page that goes away saves at once, and not again", () => {
  const timers = heldTimers();
  const saved: string[] = [];
  const keeper = new DraftKeeper((text) => saved.push(text), timers);
  keeper.changed("Hey");
  keeper.flush();
  keeper.flush();
  timers.elapse();
  expect(saved).toEqual(["Hey"]);
});

test("an emptied draft is saved too", () => {
  const saved: string[] = [];
  const keeper = new DraftKeeper((text) => saved.push(text), heldTimers());
  keeper.changed("");
  keeper.flush();
  expect(saved).toEqual([""]);
});
