/** When a send goes again, and how many go at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { attempt, Bench, busy, frames, ref, refusal, type Seen } from "./support/bench.js";

/** Lets time pass to the next frames that are due; what keeps the connection alive is answered. */
function next(bench: Bench, connection: number): Seen {
  for (;;) {
    const seen = bench.wake();
    if (frames(seen).length > 0) return seen;
    for (const { frame } of seen.sent) bench.frame(connection, { type: "pong", ref: frame.ref ?? "", server_time: bench.now });
  }
}

/** Refuses a send until its pauses have grown as far as they do; gives the longest. */
function refuseForLong(bench: Bench, connection: number, first: Seen): number {
  const refused = refusal("store_unavailable", { retry: "later" });
  let [seen, longest] = [first, 0];
  for (let count = 0; count < 20; count += 1) {
    bench.refuse(connection, ref(seen), refused);
    const refusedAt = bench.now;
    seen = next(bench, connection);
    longest = Math.max(longest, bench.now - refusedAt);
  }
  bench.refuse(connection, ref(seen), refused);
  return longest;
}

test("what waits on a connection that stands waits for seconds", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const longest = refuseForLong(bench, connection, bench.post("9", "hello").seen);
  assert.ok(longest > 3_000 && longest <= 5_000, String(longest));
});

test("when the server stores again, what waited goes soon, and what it told to wait does not", () => {
  const { bench, connection } = Bench.ready({ 8: 4, 9: 4, 10: 4 });
  const told = bench.post("10", "is told to wait");
  bench.refuse(connection, ref(told.seen), busy(600_000));
  const waits = bench.post("9", "waits");
  refuseForLong(bench, connection, waits.seen);
  const stored = bench.post("8", "is stored");
  bench.sent(connection, ref(stored.seen), "8", 5);
  assert.equal(attempt(bench.pass(1_000)).key, waits.name);
});

test("an asked for pause is kept", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { seen } = bench.post("9", "hello");
  assert.deepEqual(frames(bench.refuse(connection, ref(seen), busy(2_000))), []);
  assert.deepEqual(frames(bench.pass(1_999)), []);
  assert.equal(frames(bench.pass(1)).length, 1);
});

test("no more sends are on their way than the server serves at once", () => {
  const { bench, connection } = Bench.ready();
  const seen = Array.from({ length: 40 }, (_, place) => bench.post(String(place + 1), "x").seen);
  assert.equal(seen.reduce((sum, each) => sum + frames(each).length, 0), 32);
  assert.equal(frames(bench.sent(connection, ref(seen[0] as Seen), "1", 1)).length, 1);
});

test("a server that says too fast is sent less", () => {
  const { bench, connection } = Bench.ready();
  const seen = Array.from({ length: 20 }, (_, place) => bench.post(String(place + 1), "x").seen);
  const tooFast = refusal("rate_limited", { retry: "later", retry_after_ms: 500 });
  for (const each of seen) bench.refuse(connection, ref(each), tooFast);
  assert.deepEqual(frames(bench.pass(499)), []);
  let count = frames(bench.pass(1)).length;
  assert.equal(count, 1, "no burst");
  for (let ms = 0; ms < 1_000; ms += 1) count += frames(bench.pass(1)).length;
  assert.equal(count, 20, "every 40 ms, and so all within a second");
});

test("predecessor_pending waits and goes again", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  assert.deepEqual(frames(bench.refuse(connection, ref(seen), refusal("predecessor_pending", { retry: "later" }))), []);
  assert.equal(attempt(bench.wake()).key, name);
});
