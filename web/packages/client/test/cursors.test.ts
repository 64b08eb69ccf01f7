/** The client rule: next applied, old dropped, later held; and what moves a cursor otherwise. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readFrame } from "../src/codec.js";
import { applied, Bench, busy, frames, kept, only, ref, toldOf } from "./support/bench.js";
import { event, ME, progress, summary } from "./support/making.js";

test("the next event is applied and the cursor kept with it", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.event(connection, event("9", 5));
  assert.deepEqual(applied(seen), [5]);
  assert.deepEqual(seen.batch.events.map(({ seq }) => seq), [5]);
  assert.deepEqual(seen.batch.progress.get("9"), progress(5, { others: 5 }));
});

test("an old event is dropped", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.event(connection, event("9", 4));
  assert.deepEqual(applied(seen), []);
  assert.deepEqual(seen.batch.events, []);
});

test("a later event is held, the missing ones are asked for, and all are applied in order", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const gap = bench.event(connection, event("9", 7));
  assert.deepEqual(applied(gap), []);
  assert.deepEqual(only(gap, "sync").cursors, { 9: 4 });
  assert.deepEqual(applied(bench.event(connection, event("9", 5))), [5]);
  assert.deepEqual(applied(bench.event(connection, event("9", 6))), [6, 7]);
  assert.deepEqual(applied(bench.event(connection, event("9", 7))), []);
});

test("a hole that stays is asked for again, with growing pauses", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  let seen = bench.event(connection, event("9", 7));
  const pauses: number[] = [];
  for (let tried = 0; tried < 4; tried += 1) {
    const asked = bench.now;
    bench.frame(connection, { type: "synced", ref: ref(seen) });
    do seen = bench.wake();
    while (frames(seen).length === 0);
    pauses.push(bench.now - asked);
  }
  assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000]);
});

test("a refused sync is asked again after the wait", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.event(connection, event("9", 7));
  bench.refuse(connection, ref(seen), busy(3_000));
  assert.deepEqual(frames(bench.pass(2_999)), []);
  assert.ok(only(bench.pass(1), "sync"));
});

test("a chat without a cursor begins at its head, with what came before its summary", () => {
  const { bench, connection } = Bench.ready();
  assert.deepEqual(applied(bench.event(connection, event("9", 8))), []);
  const seen = bench.frame(connection, { type: "chat", change: "joined", chat: summary("9", 7, { read: 3, unread: 4 }) });
  assert.deepEqual(applied(seen), [8]);
  assert.deepEqual(seen.batch.progress.get("9"), progress(8, { others: 8, unseen: 7, read: 3 }));
});

test("a summary of a chat with a cursor moves nothing, but shows a hole", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.frame(connection, { type: "chat", change: "joined", chat: summary("9", 6) });
  assert.deepEqual(only(seen, "sync").cursors, { 9: 4 });
  assert.equal(seen.batch.progress.get("9"), undefined);
});

test("too_long moves the cursor and drops the messages, also downwards", () => {
  const { bench, connection } = Bench.ready({ 9: 400 });
  bench.event(connection, event("9", 402));
  const seen = bench.frame(connection, { type: "too_long", chat: "9", head: 3, oldest: 1, reason: "ahead" });
  assert.ok(seen.batch.dropped.has("9"));
  assert.equal(seen.batch.progress.get("9")?.applied, 3);
  assert.equal(toldOf(seen, "too_long").length, 1);
  assert.deepEqual(applied(bench.event(connection, event("9", 4))), [4]);
});

test("too_long keeps what was held above its head", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  bench.event(connection, event("9", 301));
  const seen = bench.frame(connection, { type: "too_long", chat: "9", head: 300, oldest: 1, reason: "behind" });
  assert.deepEqual(applied(seen), [301]);
  assert.deepEqual(seen.batch.events.map(({ seq }) => seq), [301]);
});

test("resync asks for one chat or for all", () => {
  const { bench, connection } = Bench.ready({ 8: 1, 9: 4 });
  const one = bench.frame(connection, { type: "resync", chat: "9", reason: "test" });
  assert.deepEqual(only(one, "sync").cursors, { 9: 4 });
  bench.frame(connection, { type: "synced", ref: ref(one) });
  const all = bench.frame(connection, { type: "resync", reason: "test" });
  assert.deepEqual(only(all, "sync").cursors, { 8: 1, 9: 4 });
});

test("a chat that is left is forgotten", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.frame(connection, { type: "chat", change: "left", chat: { id: "9" } });
  assert.equal(seen.batch.progress.get("9"), null);
  assert.ok(seen.batch.dropped.has("9"));
  assert.deepEqual(applied(bench.event(connection, event("9", 5))), []);
});

test("what a retiring connection says of leaving is older than what the ready one knows", () => {
  const { bench, connection: old } = Bench.ready({ 9: 4 });
  bench.post("9", "keeps the old one open");
  bench.frame(old, { type: "reconnect", after_ms: 0 });
  const fresh = bench.wake().opened[0] ?? 0;
  bench.getReady(fresh);
  // Removed and added again meanwhile: the one that is ready knows both.
  bench.frame(fresh, { type: "chat", change: "joined", chat: summary("9", 4) });
  const left = { type: "chat", change: "left", chat: { id: "9" } } as const;
  const late = bench.frame(old, left);
  assert.deepEqual([late.told, late.batch.progress.size], [[], 0]);
  assert.deepEqual(applied(bench.event(fresh, event("9", 5))), [5]);
  assert.equal(bench.frame(fresh, left).batch.progress.get("9"), null);
});

test("an event of a kind nobody knows moves the cursor", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.event(connection, event("9", 5, ME, { kind: "from_the_future" }));
  assert.deepEqual(applied(seen), [5]);
  assert.equal(seen.batch.progress.get("9")?.applied, 5);
});

test("more cursors than fit into one frame follow in further ones", () => {
  const cursors = Object.fromEntries(Array.from({ length: 3_200 }, (_, place) => [String(place + 1), 1]));
  const bench = new Bench(kept(cursors));
  const connection = bench.signIn();
  const hello = only(bench.input({ type: "opened", connection }), "hello");
  assert.equal(Object.keys(hello.cursors ?? {}).length, 1_500);
  assert.equal(hello.more, true);
  const other = new Bench(kept(cursors));
  const { welcomed } = other.getReady(other.signIn());
  const syncs = frames(welcomed).map((frame) => (frame.type === "sync" ? [Object.keys(frame.cursors).length, frame.more ?? false] : frame.type));
  assert.deepEqual(syncs, [[1_500, true], [200, false]]);
});

test("what cannot be read is not a frame", () => {
  const bad: unknown[] = [
    null, 7, [], {}, { type: "from_the_future" }, { type: "event", chat: "9" }, { type: "event", ...event("9", -1) },
    { type: "event", ...event("9", 1), seq: "1" }, { type: "welcome" }, { type: "chat", change: "joined", chat: { id: "9" } },
    { type: "chat", change: "melted", chat: { id: "9" } }, { type: "ok", ref: 7 }, { type: "constructor" }, { type: "too_long", chat: "9" },
    { type: "marks", chats: { 9: { read: 1 } } }, { type: "page", messages: [{}], has_before: true, has_after: false, at: 1 },
  ];
  for (const value of bad) assert.equal(readFrame(value), undefined, JSON.stringify(value));
  const frame = { type: "event", ...event("9", 1), target: null, body: { type: "custom", data: { nested: null } }, new_field: 1 };
  assert.deepEqual(readFrame(frame), { type: "event", ...event("9", 1), body: { type: "custom", data: { nested: null } }, new_field: 1 });
});
