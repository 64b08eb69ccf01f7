/** Values that change: when listeners are called, and when not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer, Cell, Computed } from "../src/readable.js";

/** An announcer whose moment is chosen. */
function manual(): { announcer: Announcer; tell: () => void } {
  const waiting: (() => void)[] = [];
  return { announcer: new Announcer((run) => void waiting.push(run)), tell: () => waiting.splice(0).forEach((run) => void run()) };
}

test("a listener is called after the change, never during it, and once for many", () => {
  const { announcer, tell } = manual();
  const cell = new Cell(announcer, 1);
  const seen: number[] = [];
  cell.subscribe(() => seen.push(cell.value));
  cell.set(2);
  cell.set(3);
  assert.deepEqual([seen, cell.value], [[], 3]);
  tell();
  assert.deepEqual(seen, [3]);
});

test("a value that is the same again is no change", () => {
  const { announcer, tell } = manual();
  const cell = new Cell(announcer, 1);
  let told = 0;
  cell.subscribe(() => {
    told += 1;
  });
  cell.set(2);
  cell.set(1);
  tell();
  assert.equal(told, 0);
});

test("a value is computed when it is looked at", () => {
  const { announcer, tell } = manual();
  let computed = 0;
  const value = new Computed(announcer, () => {
    computed += 1;
    return computed;
  });
  value.changed();
  value.changed();
  assert.equal(computed, 0);
  assert.deepEqual([value.value, value.value, computed], [1, 1, 1]);
  const stop = value.subscribe(() => {});
  value.changed();
  value.changed();
  tell();
  assert.equal(computed, 2);
  stop();
});

test("values that change together are seen together", () => {
  const { announcer, tell } = manual();
  const [one, two] = [new Cell(announcer, 1), new Cell(announcer, 1)];
  const seen: number[][] = [];
  for (const cell of [one, two]) cell.subscribe(() => seen.push([one.value, two.value]));
  one.set(2);
  two.set(2);
  tell();
  assert.deepEqual(seen, [[2, 2], [2, 2]]);
});

test("each subscription ends by itself, and the last one is noticed", () => {
  const { announcer, tell } = manual();
  const listening: boolean[] = [];
  const cell = new Cell(announcer, 1, (on) => listening.push(on));
  let told = 0;
  const listener = () => {
    told += 1;
  };
  const [first, second] = [cell.subscribe(listener), cell.subscribe(listener)];
  cell.set(2);
  tell();
  assert.equal(told, 2);
  first();
  first();
  cell.set(3);
  tell();
  assert.equal(told, 3);
  second();
  assert.deepEqual(listening, [true, false]);
});
