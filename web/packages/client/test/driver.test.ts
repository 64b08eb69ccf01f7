/** What makes the machine run: nobody waits for ever. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, type World } from "../src/driver.js";
import { memoryStore, type Pending } from "../src/index.js";
import type { Batch } from "../src/store.js";
import type { WirePage } from "../src/wire.js";
import { Box, kept, welcome } from "./support/bench.js";
import { START } from "./support/making.js";

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

test("who asked for something in a round that fails is refused, and not left waiting", async () => {
  const failures: unknown[] = [];
  const world = {
    store: memoryStore(), absorb: assert.fail, failed: (error: unknown) => failures.push(error),
    prepare: () => {
      throw new Error("a fault");
    },
  } as unknown as World;
  const driver = new Driver({ instance: "tab", random: Math.random }, kept(), world);
  const reply = new Box<Pending>();
  const kind = { type: "delete" as const, target: 1 };
  const fed = driver.feed({ type: "command", command: { type: "post", chat: "9", operation: kind, reply } });
  const isKept = driver.keep((batch) => batch.drafts.set("9", "draft"));
  await assert.rejects(fed, /a fault/);
  await isKept;
  assert.deepEqual([reply.problem?.code, failures.length], ["closed", 1]);
});

/** A connection on which nobody says anything by itself. */
class SilentSocket {
  readonly OPEN = 1;
  readonly readyState = 1;
  send(): void {}
  close(): void {}
}

test("who waits for a page or a status is refused when the end comes, and not left waiting", async () => {
  const saved = kept();
  const world = {
    store: memoryStore(), url: "ws://nowhere", encoding: "json", webSocket: SilentSocket, prepare: () => {}, absorb: () => {}, failed: assert.fail,
  } as unknown as World;
  const driver = new Driver({ instance: "tab", random: Math.random }, saved, world);
  assert.ok(saved.session);
  await driver.feed({ type: "signed_in", session: { ...saved.session, expiresAt: driver.now() + 600_000 } });
  await driver.feed({ type: "opened", connection: 1 });
  await driver.feed({ type: "frame", connection: 1, frame: welcome(START) });
  const [page, status] = [new Box<WirePage>(), new Box<void>()];
  await driver.feed({ type: "command", command: { type: "history", frame: { chat: "9" }, reply: page } });
  await driver.feed({ type: "command", command: { type: "status", status: "away", reply: status } });
  assert.deepEqual([page.problem, status.problem], [undefined, undefined], "they are on their way");
  driver.end();
  assert.deepEqual([page.problem?.code, status.problem?.code], ["closed", "closed"]);
});
