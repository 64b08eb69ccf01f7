/** The outbox: when a send may be called failed, what is sent again, and in which order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTimely, newKey } from "../src/key.js";
import type { ClientFrame, WireError } from "../src/wire.js";
import { applied, attempt, Bench, Box, busy, frames, kept, only, ref, refusal, type Seen, toldOf, unknown } from "./support/bench.js";
import { event, ME, outgoing, START } from "./support/making.js";

function isStalled(seen: Seen): boolean {
  return toldOf(seen, "stalled").length > 0;
}

function isSend(frame: ClientFrame): boolean {
  return frame.type === "send";
}

test("a key is a UUIDv7 of its time", () => {
  const key = newKey(START);
  assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(isTimely(key, START) && !isTimely(key, START + 14 * 86_400_000) && !isTimely(key, START - 3_600_000));
});

test("a send is in the outbox as uncertain before it goes out", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  assert.equal(seen.batch.outbox.get(name)?.uncertain, true);
  assert.deepEqual(attempt(seen), { key: name, applied: 4 });
  assert.equal(bench.machine.pendingIn("9")[0]?.state, "sending");
  const done = bench.sent(connection, ref(seen), "9", 5);
  assert.equal(done.batch.outbox.get(name), null);
  assert.equal(bench.end(name), 5);
  assert.deepEqual(bench.machine.pendingIn("9"), []);
});

test("of one chat one is on its way and the order stays", () => {
  const { bench, connection } = Bench.ready({ 9: 0, 10: 0 });
  const first = bench.post("9", "1");
  const second = bench.post("9", "2");
  assert.deepEqual(frames(second.seen), []);
  assert.equal(frames(bench.post("10", "other chat").seen).length, 1);
  assert.equal(attempt(bench.sent(connection, ref(first.seen), "9", 1)).key, second.name);
});

test("sends of a tab that is gone go before what was written after them, but not before what was tried", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  const tried = bench.post("9", "on its way");
  bench.post("9", "waits");
  const left = [outgoing("older", START - 9), outgoing("between", START - 8)];
  bench.input({ type: "adopted", epoch: 0, outbox: left });
  const texts: string[] = [];
  let { seen } = tried;
  for (const seq of [1, 2, 3, 4]) {
    const { body } = only(seen, "send");
    texts.push("text" in body ? body.text : "");
    seen = bench.sent(connection, ref(seen), "9", seq);
  }
  assert.deepEqual(texts, ["on its way", "older", "between", "waits"]);
});

test("sends of a tab that is gone, of the time before somebody else signed in, are nobody's", () => {
  const { bench } = Bench.ready({ 9: 0 });
  const seen = bench.input({ type: "adopted", epoch: 1, outbox: [outgoing("a", START)] });
  assert.deepEqual([frames(seen), seen.batch.outbox.size, bench.machine.pendingIn("9")], [[], 0, []]);
});

test("after a lost answer the same key goes again, alone, with what was applied first", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "hello");
  bench.post("9", "later");
  bench.event(connection, event("9", 5));
  bench.closed(connection);
  assert.equal(bench.machine.pendingIn("9")[0]?.state, "queued");
  const { welcomed, ready } = bench.getReady(bench.reopen());
  assert.deepEqual(attempt(welcomed), { key: name, applied: 4 });
  assert.ok(!frames(ready).some(isSend));
});

test("an unsettled send survives a restart", () => {
  const { bench } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  const saved = kept({ 9: 4 });
  for (const outgoing of seen.batch.outbox.values()) if (outgoing) saved.outbox.push(outgoing);
  const again = new Bench(saved);
  const connection = again.signIn();
  const { welcomed } = again.getReady(connection);
  assert.deepEqual(attempt(welcomed), { key: name, applied: 4 });
  // The attempt of the run before was never answered, so a refusal is not the end.
  assert.ok(isStalled(again.refuse(connection, ref(welcomed), refusal("forbidden"))));
  assert.equal(again.machine.pendingIn("9")[0]?.state, "stalled");
});

test("the own event settles a send whose answer was lost", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "hello");
  const seen = bench.event(connection, event("9", 5, ME, { key: name }));
  assert.deepEqual(applied(seen), [5]);
  assert.equal(bench.end(name), 5);
  assert.equal(seen.batch.outbox.get(name), null);
});

test("a send settled by its event goes again until the connection lets others pass", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  const again = bench.refuse(connection, ref(seen), unknown());
  const settled = bench.event(connection, event("9", 5, ME, { key: name }));
  assert.equal(bench.end(name), 5);
  assert.equal(settled.batch.outbox.get(name), null, "out of the store");
  const next = bench.post("9", "next");
  assert.deepEqual(frames(next.seen), []);
  bench.refuse(connection, ref(again), busy(10));
  const echo = bench.pass(10);
  assert.equal(attempt(echo).key, name);
  assert.equal(echo.batch.outbox.size, 0);
  const passed = bench.sent(connection, ref(echo), "9", 5);
  assert.equal(attempt(passed).key, next.name);
  assert.equal(toldOf(passed, "settled").length, 0, "told once");
});

test("a send fails when every attempt was refused, and stays to be retried under a new key", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  bench.refuse(connection, ref(seen), busy(100));
  const again = bench.pass(100);
  assert.equal(attempt(again).key, name);
  const failed = bench.refuse(connection, ref(again), refusal("forbidden"));
  assert.equal(bench.end(name), "forbidden");
  assert.equal(failed.batch.outbox.get(name)?.failed?.code, "forbidden");
  assert.equal(bench.machine.pendingIn("9")[0]?.state, "failed");
  const retried = bench.command({ type: "retry", name, reply: new Box<void>() });
  assert.notEqual(attempt(retried).key, name);
  assert.equal(bench.machine.pendingIn("9")[0]?.key, name, "known by its first name");
  bench.sent(connection, ref(retried), "9", 5);
  assert.equal(bench.end(name), 5);
});

test("a failed send that is given up is gone", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  bench.refuse(connection, ref(seen), refusal("forbidden"));
  const { reply, seen: gone } = bench.cancel(name);
  assert.ok(reply.isDone);
  assert.equal(gone.batch.outbox.get(name), null);
  assert.deepEqual(bench.machine.pendingIn("9"), []);
});

test("a send with an unknown attempt never fails by a refusal", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  const again = bench.refuse(connection, ref(seen), unknown());
  assert.equal(attempt(again).key, name, "the same key at once");
  assert.ok(isStalled(bench.refuse(connection, ref(again), refusal("forbidden"))));
  assert.equal(bench.end(name), undefined, "still pending");
  const later = bench.wake();
  assert.equal(attempt(later).key, name);
  bench.sent(connection, ref(later), "9", 5);
  assert.equal(bench.end(name), 5);
});

test("a raised applied is kept for the retry", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { seen } = bench.post("9", "hello");
  assert.equal(attempt(bench.refuse(connection, ref(seen), unknown({ applied: 300 }))).applied, 300);
});

test("a key refused for its time is replaced once, and the send keeps its name", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  const again = bench.refuse(connection, ref(seen), refusal("key_time"));
  assert.notEqual(attempt(again).key, name);
  const other = bench.post("10", "sent in the end");
  const second = bench.refuse(connection, ref(other.seen), refusal("key_time"));
  bench.sent(connection, ref(second), "10", 1);
  assert.equal(bench.end(other.name), 1);
  bench.refuse(connection, ref(again), refusal("key_time"));
  assert.equal(bench.end(name), "key_time");
});

test("a key with an unknown attempt is not replaced", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  const again = bench.refuse(connection, ref(seen), unknown());
  assert.ok(isStalled(bench.refuse(connection, ref(again), refusal("key_time"))));
  assert.equal(bench.end(name), undefined);
  assert.equal(attempt(bench.wake()).key, name);
});

test("a send that waited for weeks gets a fresh key at its first attempt", () => {
  const bench = new Bench(kept({ 9: 4 }));
  const { name } = bench.post("9", "written offline");
  bench.now += 20 * 86_400_000;
  const { key } = attempt(bench.getReady(bench.signIn()).welcomed);
  assert.ok(key !== name && isTimely(key, bench.now));
});

test("a send that never went out is cancelled at once", () => {
  const { bench } = Bench.ready({ 9: 4 });
  bench.post("9", "first");
  const { name } = bench.post("9", "second");
  const { reply, seen } = bench.cancel(name);
  assert.ok(reply.isDone && frames(seen).length === 0);
  assert.equal(bench.end(name), "cancelled");
  assert.ok(bench.cancel(name).reply.problem, "settled already");
});

test("a send on its way is cancelled by the server after its answer", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  assert.deepEqual(frames(bench.cancel(name).seen), []);
  const cancel = bench.refuse(connection, ref(seen), busy(0));
  assert.equal(only(cancel, "cancel").key, name);
  bench.frame(connection, { type: "cancelled", ref: ref(cancel) });
  assert.equal(bench.end(name), "cancelled");
  assert.deepEqual(bench.machine.pendingIn("9"), []);
});

test("a cancelled send may turn out to be sent", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  bench.cancel(name);
  const cancel = bench.refuse(connection, ref(seen), unknown());
  assert.ok(only(cancel, "cancel"));
  bench.sent(connection, ref(cancel), "9", 5);
  assert.equal(bench.end(name), 5);
});

test("a send that is too old to be cancelled is given up, and those behind it go", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "hello");
  const next = bench.post("9", "next");
  bench.closed(connection);
  bench.now += 14 * 86_400_000;
  const later = bench.signIn();
  const { welcomed } = bench.getReady(later);
  assert.ok(isStalled(bench.refuse(later, ref(welcomed), refusal("key_time"))));
  const cancel = bench.cancel(name).seen;
  assert.ok(only(cancel, "cancel"));
  const after = bench.refuse(later, ref(cancel), refusal("key_time"));
  assert.deepEqual(toldOf(after, "settled").map(({ result }) => "error" in result && [result.error.code, result.error.outcome]), [["cancelled", "unknown"]]);
  assert.equal(after.batch.outbox.get(name), null);
  assert.notEqual(attempt(after).key, next.name, "the next, under a key of its time");
  assert.deepEqual(bench.machine.pendingIn("9").map(({ key }) => key), [next.name], "the screen keeps nothing of what was given up");
});

test("an unknown attempt of an earlier connection needs cancel", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "hello");
  bench.closed(connection);
  bench.cancel(name);
  assert.equal(bench.end(name), undefined);
  assert.ok(only(bench.getReady(bench.reopen()).welcomed, "cancel"));
});

test("a frame that closed a connection is never sent again", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "poison");
  const closed = bench.closed(connection, 1009);
  assert.ok(isStalled(closed));
  const saved = closed.batch.outbox.get(name);
  assert.ok(saved?.heldBack && saved.uncertain);
  const { welcomed, ready } = bench.getReady(bench.reopen());
  assert.deepEqual([...frames(welcomed), ...frames(ready)], []);
  assert.ok(only(bench.cancel(name).seen, "cancel"));
  assert.equal(bench.end(name), undefined);
});

test("suspects go alone until the culprit is found", () => {
  const { bench, connection } = Bench.ready({ 9: 0, 10: 0 });
  bench.post("9", "poison");
  const innocent = bench.post("10", "fine");
  assert.ok(!isStalled(bench.closed(connection, 1007)));
  const second = bench.reopen();
  assert.equal(frames(bench.getReady(second).welcomed).length, 1, "one suspect alone");
  assert.ok(isStalled(bench.closed(second, 1007)));
  const third = bench.reopen();
  const { welcomed } = bench.getReady(third);
  assert.equal(attempt(welcomed).key, innocent.name);
  bench.sent(third, ref(welcomed), "10", 1);
  assert.equal(bench.end(innocent.name), 1);
});

function withoutOutcome(code: string): WireError {
  const { outcome: _, ...error } = refusal(code);
  return error;
}

test("an error without an outcome says what its code says; an unknown code says nothing", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name, seen } = bench.post("9", "hello");
  assert.ok(isStalled(bench.refuse(connection, ref(seen), withoutOutcome("from_the_future"))));
  assert.equal(bench.end(name), undefined);
  const known = bench.post("10", "hello");
  bench.refuse(connection, ref(known.seen), withoutOutcome("forbidden"));
  assert.equal(bench.end(known.name), "forbidden");
});
