/** Summaries that are wanted come, whatever happens in between. */

import assert from "node:assert/strict";
import { mock, type TestContext, test } from "node:test";
import { Refreshing } from "../src/model/refreshing.js";
import { failure, NOT_CONNECTED } from "../src/problem.js";

const BUSY = failure({ code: "busy", message: "later", retry: "later" });
const GONE = failure({ code: "chat_not_found", message: "no such chat", retry: "never" });

/** What was asked for, and how the next ones are answered. */
function bench(context: TestContext) {
  mock.timers.enable({ apis: ["setTimeout"] });
  context.after(() => mock.timers.reset());
  const state = { isOnline: true, asked: [] as string[], failures: [] as Error[] };
  const refreshing = new Refreshing(() => state.isOnline, async (chat) => {
    state.asked.push(chat);
    const error = state.failures.shift();
    if (error) throw error;
  });
  return { state, refreshing };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("a summary that could not be fetched is asked for again after a pause", async (context) => {
  const { state, refreshing } = bench(context);
  state.failures = [BUSY, BUSY];
  refreshing.want("9");
  for (let round = 1; round <= 3; round += 1) {
    await settled();
    assert.equal(state.asked.length, round, "not before the pause is over");
    mock.timers.tick(60_000);
  }
  await settled();
  assert.deepEqual(state.asked, ["9", "9", "9"], "and not again once it is here");
});

test("one that the server refuses for good is not asked for again", async (context) => {
  const { state, refreshing } = bench(context);
  state.failures = [GONE];
  refreshing.want("9");
  await settled();
  mock.timers.tick(60_000);
  refreshing.catchUp();
  await settled();
  assert.deepEqual(state.asked, ["9"]);
});

test("one that was lost with the connection comes with the next", async (context) => {
  const { state, refreshing } = bench(context);
  state.failures = [failure(NOT_CONNECTED)];
  refreshing.want("9");
  state.isOnline = false;
  await settled();
  mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(state.asked, ["9"], "nothing is asked without a connection");
  state.isOnline = true;
  refreshing.catchUp();
  await settled();
  assert.deepEqual(state.asked, ["9", "9"]);
});

test("a user who is gone wants nothing any more", async (context) => {
  const { state, refreshing } = bench(context);
  state.failures = [BUSY];
  refreshing.want("9");
  await settled();
  refreshing.forget();
  mock.timers.tick(60_000);
  refreshing.catchUp();
  await settled();
  assert.deepEqual(state.asked, ["9"]);
});
