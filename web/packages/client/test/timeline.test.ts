/** What a timeline shows is the log, whatever comes in whatever order. */

import assert from "node:assert/strict";
import { mock, type TestContext, test } from "node:test";
import type { Problem } from "../src/index.js";
import type { LoadedTimeline } from "../src/model/timeline.js";
import { WINDOW_MAX } from "../src/model/window.js";
import { edit, event, OTHER, seeded, textOf } from "./support/making.js";
import { History } from "./support/history.js";

/** Everything that can happen without a clock has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function answerAll(history: History): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await settled();
    while (history.waiting > 0) history.prepareAnswer()?.();
  }
}

function say(history: History, count: number): void {
  for (let number = 0; number < count; number += 1) history.log.push(event("9", history.log.length + 1));
}

test("a change that came while the page was on its way is in the page once", async () => {
  const history = new History();
  say(history, 30);
  await history.join();
  const timeline = history.open();
  await settled();
  const answer = history.prepareAnswer();
  history.log.push(edit("9", 31, 30, "mended"));
  history.log.push(event("9", 32, OTHER, { kind: "reaction_changed", target: 29, emoji: "👍", on: true }));
  say(history, 1);
  await history.apply(3);
  answer?.();
  await settled();
  assert.deepEqual(timeline.messages.value, history.lines(1, 33));
  assert.ok(timeline.atEnd.value);
});

test("a page that knows more than the device does not change twice", async () => {
  const history = new History();
  say(history, 10);
  await history.join();
  for (const on of [true, false, true]) history.log.push(event("9", history.log.length + 1, OTHER, { kind: "reaction_changed", target: 5, emoji: "👍", on }));
  say(history, 1);
  const timeline = history.open();
  await answerAll(history);
  const before = timeline.messages.value;
  await history.apply(4);
  assert.deepEqual(timeline.messages.value, history.lines(1, 14));
  assert.equal(timeline.messages.value, before, "the same array: nothing has changed");
});

test("unchanged messages stay the same objects", async () => {
  const history = new History();
  say(history, 20);
  await history.join();
  const timeline = history.open();
  await answerAll(history);
  const before = timeline.messages.value;
  say(history, 1);
  await history.apply(1);
  const after = timeline.messages.value;
  assert.ok(before.every((message, place) => message === after[place]));
});

test("while somebody looks at the oldest messages, they stay and new ones wait", async () => {
  const history = new History();
  say(history, 60);
  await history.join();
  const timeline = history.open();
  await answerAll(history);
  const first = timeline.messages.value[0]?.seq ?? 0;
  timeline.setVisible(first);
  for (let round = 0; round < 12; round += 1) {
    say(history, 50);
    await history.apply(50);
  }
  assert.equal(timeline.messages.value[0]?.seq, first);
  assert.deepEqual([timeline.atEnd.value, timeline.after.value], [false, "more"]);
  timeline.setVisible(Number.POSITIVE_INFINITY);
  while (timeline.after.value === "more") {
    const loading = timeline.loadAfter();
    await answerAll(history);
    await loading;
  }
  assert.ok(timeline.atEnd.value);
  assert.ok(timeline.messages.value.length <= WINDOW_MAX + 100);
});

test("listeners are told once for many events", async () => {
  const history = new History();
  say(history, 5);
  await history.join();
  const timeline = history.open();
  await answerAll(history);
  let told = 0;
  const stop = timeline.messages.subscribe(() => {
    told += 1;
  });
  say(history, 100);
  await history.apply(100);
  await settled();
  assert.equal(told, 1);
  stop();
});

test("without a connection it shows what is kept, and says what is missing", async () => {
  const history = new History();
  say(history, 200);
  await history.join();
  const online = history.open();
  await answerAll(history);
  assert.equal(online.messages.value.length, 50);
  history.connection.set({ state: "waiting", retryAt: 0 });
  const timeline = history.open();
  await settled();
  assert.deepEqual(timeline.messages.value.map(textOf), history.lines(151, 200).map(textOf));
  await timeline.loadBefore();
  assert.equal(timeline.before.value, "offline");
  history.connection.set({ state: "ready" });
  timeline.reconnected();
  assert.equal(timeline.before.value, "more");
  const loading = timeline.loadBefore();
  assert.equal(timeline.before.value, "loading");
  await answerAll(history);
  await loading;
  assert.deepEqual(timeline.messages.value, history.lines(101, 200));
});

/** Asks at an edge as often as somebody would who draws after every change. Gives how many drawings that made. */
async function drawings(timeline: LoadedTimeline, side: "before" | "after"): Promise<number> {
  let drawn = 0;
  const load = () => (side === "before" ? timeline.loadBefore() : timeline.loadAfter()).catch(() => {});
  const stop = timeline[side].subscribe(() => {
    drawn += 1;
    if (drawn < 100) void load();
  });
  await load();
  for (let turn = 0; turn < 10; turn += 1) await settled();
  stop();
  return drawn;
}

test("without a connection, who looks at an edge does not make the device look and look", async () => {
  const history = new History();
  say(history, 200);
  await history.join();
  history.open();
  await answerAll(history);
  history.connection.set({ state: "waiting", retryAt: 0 });
  const timeline = history.open();
  await settled();
  await drawings(timeline, "before");
  assert.deepEqual([await drawings(timeline, "before"), timeline.before.value], [0, "offline"]);
  history.cursor = 300; // the rest of the log is not on this device
  timeline.reconnected();
  await drawings(timeline, "after");
  assert.deepEqual([await drawings(timeline, "after"), timeline.after.value], [0, "offline"]);
  const elsewhere = history.open(20);
  await elsewhere.first;
  assert.deepEqual([await drawings(elsewhere, "before"), elsewhere.before.value], [0, "offline"], "not even a first page");
});

/** Timers pass when they are told to. */
function heldTimers(context: TestContext): { pass: () => Promise<void> } {
  mock.timers.enable({ apis: ["setTimeout"] });
  context.after(() => mock.timers.reset());
  const pass = async () => {
    mock.timers.tick(60_000);
    await settled();
  };
  return { pass };
}

const NO_STORE: Problem = { code: "store_unavailable", message: "try again later", retry: "later" };

/** How often a page is asked for before that counts as failed. */
const TRIES = 4;

/** Refuses whatever is asked, until nobody asks again by the end of the pauses between `TRIES`. Gives how often that was. */
async function refuseAll(history: History, pass: () => Promise<void>): Promise<number> {
  let asked = 0;
  for (await settled(); history.waiting > 0 && asked < 100; asked += 1) {
    history.refuse(NO_STORE);
    await settled();
    if (history.waiting === 0 && (asked + 1) % TRIES !== 0) await pass();
  }
  return asked;
}

test("a first page that cannot be had shows as on its way, and comes once the store is back", async (context) => {
  const { pass } = heldTimers(context);
  const history = new History();
  say(history, 30);
  await history.join();
  const timeline = history.open();
  assert.equal(await refuseAll(history, pass), TRIES, "a few times, with pauses between them");
  assert.deepEqual([timeline.messages.value, timeline.after.value, history.waiting], [[], "loading", 0], "it goes on by itself");
  await pass();
  assert.deepEqual([timeline.after.value, history.waiting], ["loading", 1]);
  await answerAll(history);
  assert.deepEqual(timeline.messages.value, history.lines(1, 30));
  assert.ok(timeline.atEnd.value);
});

test("while the store is gone, who looks at an edge does not make the device ask and ask", async (context) => {
  const { pass } = heldTimers(context);
  const history = new History();
  say(history, 200);
  await history.join();
  const timeline = history.open();
  await answerAll(history);
  void timeline.loadBefore().catch(() => {});
  assert.equal(await refuseAll(history, pass), TRIES);
  assert.equal(timeline.before.value, "loading", "the device is not offline");
  const during = timeline.loadBefore();
  await settled();
  assert.deepEqual([history.waiting, timeline.before.value], [0, "loading"]);
  history.connection.set({ state: "waiting", retryAt: 0 });
  timeline.reconnected();
  assert.equal(timeline.before.value, "offline", "now it is");
  history.connection.set({ state: "ready" });
  await pass();
  await during;
  assert.equal(timeline.before.value, "more");
  const loading = timeline.loadBefore();
  await answerAll(history);
  await loading;
  assert.deepEqual(timeline.messages.value, history.lines(101, 200));
});

test("what is asked for before the connection is there is what comes, not the end", async () => {
  const history = new History();
  say(history, 300);
  await history.join();
  history.connection.set({ state: "connecting" });
  const timeline = history.open(100);
  await settled();
  assert.deepEqual([timeline.messages.value, timeline.after.value], [[], "offline"]);
  history.connection.set({ state: "catching_up" });
  timeline.reconnected();
  timeline.joined();
  history.connection.set({ state: "ready" });
  timeline.reconnected();
  await answerAll(history);
  const seqs = timeline.messages.value.map(({ seq }) => seq);
  assert.ok(seqs.includes(100) && !seqs.includes(300), `${seqs[0]} to ${seqs.at(-1)}`);
});

test("what was skipped is fetched again until it is here", async (context) => {
  const { pass } = heldTimers(context);
  const history = new History();
  say(history, 30);
  await history.join();
  const timeline = history.open();
  await answerAll(history);
  history.log.push(edit("9", 31, 30, "mended"));
  say(history, 100);
  history.cursor = history.log.length;
  timeline.reload();
  assert.equal(await refuseAll(history, pass), TRIES);
  await pass();
  await answerAll(history);
  assert.deepEqual(timeline.messages.value, history.lines(82, 131));
});

test("whatever comes in whatever order, the window shows the log", async () => {
  for (let seed = 1; seed <= 60; seed += 1) await oneLife(seed);
});

async function oneLife(seed: number): Promise<void> {
  const random = seeded(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const history = new History();
  say(history, below(150));
  await history.join();
  const timeline = history.open(random() < 0.5 || history.cursor === 0 ? "end" : 1 + below(history.cursor));
  const answers: (() => void)[] = [];
  for (let step = 0; step < 60; step += 1) {
    const act = below(9);
    if (act <= 1) say(history, 1 + below(5));
    if (act === 2) change(history, below);
    if (act === 3) await history.apply(1 + below(10));
    if (act === 4) void timeline.loadBefore();
    if (act === 5) void timeline.loadAfter();
    if (act === 6 && history.cursor > 0) void timeline.showAround(1 + below(history.cursor)).catch(() => {});
    await settledSoon();
    const answer = history.prepareAnswer();
    if (answer) answers.push(answer);
    if (act >= 7) answers.shift()?.();
    await settledSoon();
    check(history, timeline.messages.value, seed);
  }
  for (const answer of answers) answer();
  await history.apply(history.log.length);
  await answerAll(history);
  const end = timeline.showEnd();
  await answerAll(history);
  await end;
  for (let tries = 0; timeline.before.value !== "none" && tries < 50; tries += 1) {
    const loading = timeline.loadBefore();
    await answerAll(history);
    await loading;
  }
  assert.deepEqual(timeline.messages.value.slice(0, WINDOW_MAX), history.lines(1, history.log.length).slice(0, WINDOW_MAX), `seed ${seed}`);
}

function change(history: History, below: (limit: number) => number): void {
  const seq = history.log.length + 1;
  if (seq === 1) return;
  const target = 1 + below(seq - 1);
  const kinds = [
    edit("9", seq, target, `edit ${seq}`),
    event("9", seq, OTHER, { kind: "message_deleted", target }),
    event("9", seq, OTHER, { kind: "reaction_changed", target, emoji: "👍", on: seq % 2 === 0 }),
  ];
  history.log.push(kinds[below(kinds.length)] ?? event("9", seq));
}

async function settledSoon(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** No hole, and no line of a state that the log never had. */
function check(history: History, messages: readonly { seq: number }[], seed: number): void {
  const [first, last] = [messages[0]?.seq ?? 1, messages.at(-1)?.seq ?? 0];
  const lines = history.lines(first, last);
  assert.deepEqual(messages.map(({ seq }) => seq), lines.map(({ seq }) => seq), `seed ${seed}`);
  if (history.cursor === history.log.length) assert.deepEqual(messages, lines, `seed ${seed}`);
}
