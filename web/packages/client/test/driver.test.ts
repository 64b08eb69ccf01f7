/** What makes the machine run: nobody waits for ever. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, type World } from "../src/driver.js";
import { memoryStore, type Pending } from "../src/index.js";
import type { Batch } from "../src/store.js";
import { Box, kept } from "./support/bench.js";

test("who waits for what is being committed is answered when the end comes meanwhile", async () => {
  let commit = () => {};
  let begun = () => {};
  const committing = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const store = {
    ...memoryStore(),
    commit: (_: Batch) => new Promise<void>((resolve) => {
      commit = resolve;
      begun();
    }),
  };
  const absorbed: unknown[] = [];
  const world = { store, prepare: () => {}, absorb: (out: unknown) => absorbed.push(out), failed: assert.fail } as unknown as World;
  const driver = new Driver({ instance: "tab", random: Math.random }, kept(), world);
  const reply = new Box<Pending>();
  const body = { type: "text" as const, text: "kept" };
  const fed = driver.feed({ type: "command", command: { type: "post", chat: "9", operation: { type: "send", body }, reply } });
  let isKept = false;
  void driver.keep((batch) => batch.drafts.set("9", "draft")).then(() => {
    isKept = true;
  });
  await committing;
  driver.end();
  commit();
  await fed;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([reply.isDone, isKept, absorbed], [true, true, []]);
});
