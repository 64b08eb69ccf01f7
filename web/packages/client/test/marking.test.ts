/** Marks, presence and typing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { WirePresence } from "../src/wire.js";
import { Bench, busy, frames, only, ref, type Seen, toldOf } from "./support/bench.js";
import { event, ME, OTHER } from "./support/making.js";

function marks(seen: Seen): [string, number][] {
  return frames(seen).flatMap((frame) => (frame.type === "delivered" || frame.type === "read" ? [[frame.type, frame.seq]] : []));
}

function ok(bench: Bench, connection: number, seen: Seen): Seen {
  return bench.frame(connection, { type: "ok", ref: ref(seen) });
}

test("what is applied is told as delivered, one mark for many events", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  const first = bench.event(connection, event("9", 1));
  assert.deepEqual(marks(first), [["delivered", 1]]);
  for (let seq = 2; seq <= 50; seq += 1) assert.deepEqual(marks(bench.event(connection, event("9", seq))), []);
  assert.deepEqual(marks(ok(bench, connection, first)), [], "paced");
  const next = bench.pass(1_000);
  assert.deepEqual(marks(next), [["delivered", 50]]);
  ok(bench, connection, next);
  assert.deepEqual(marks(bench.pass(5_000)), []);
});

test("an own message is not delivered but read, if everything before it was", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  const { name } = bench.post("9", "mine");
  assert.deepEqual(marks(bench.event(connection, event("9", 1, ME, { key: name }))), [["read", 1]]);
});

test("an own message behind something unread is not read", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  bench.event(connection, event("9", 1));
  const { name } = bench.post("9", "mine");
  bench.event(connection, event("9", 2, ME, { key: name }));
  assert.ok(!marks(bench.pass(1_000)).some(([mark]) => mark === "read"));
});

test("read is kept before it is told, covers delivered, and never falls", () => {
  const { bench, connection } = Bench.ready({ 9: 3 });
  const seen = bench.command({ type: "read", chat: "9", seq: 3 });
  assert.equal(seen.batch.progress.get("9")?.read, 3);
  assert.deepEqual(marks(seen), [["read", 3]]);
  const done = ok(bench, connection, seen);
  assert.deepEqual(marks(done), []);
  assert.deepEqual(toldOf(done, "marked"), [{ type: "marked", chat: "9", seq: 3 }]);
  const again = bench.command({ type: "read", chat: "9", seq: 2 });
  assert.equal(again.batch.progress.size, 0);
  assert.deepEqual(marks(again), []);
});

test("many reads within a second are one frame", () => {
  const { bench, connection } = Bench.ready({ 9: 50 });
  const first = bench.command({ type: "read", chat: "9", seq: 1 });
  ok(bench, connection, first);
  for (let seq = 2; seq <= 50; seq += 1) assert.deepEqual(marks(bench.command({ type: "read", chat: "9", seq })), []);
  assert.deepEqual(marks(bench.pass(1_000)), [["read", 50]]);
});

test("a mark that was lost or refused is told again", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  bench.event(connection, event("9", 1));
  bench.closed(connection);
  const next = bench.reopen();
  const { welcomed, ready } = bench.getReady(next);
  assert.deepEqual(marks(welcomed), [], "own marks are not known before ready");
  assert.deepEqual(marks(ready), [["delivered", 1]]);
  bench.refuse(next, ref(ready), busy(4_000));
  assert.deepEqual(marks(bench.pass(3_999)), []);
  assert.deepEqual(marks(bench.pass(1)), [["delivered", 1]]);
});

test("what another device has read is not told again", () => {
  const { bench, connection } = Bench.ready({ 9: 3 });
  const seen = bench.frame(connection, { type: "receipt", chat: "9", user: ME, delivered: 3, read: 3 });
  assert.equal(seen.batch.progress.get("9")?.read, 3);
  assert.deepEqual(marks(seen), []);
  const greeted = bench.frame(connection, { type: "marks", chats: { 9: { delivered: 3, read: 3 } } });
  assert.equal(greeted.batch.progress.size, 0);
});

function presence(version: number, status: WirePresence["status"]) {
  return { type: "presence" as const, user: OTHER, status, version };
}

test("presence of an old version is dropped, but for a new connection", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  bench.command({ type: "watch", users: [OTHER], chats: ["9"] });
  const told: string[] = [];
  const tell = (on: number, version: number, status: WirePresence["status"]) => {
    told.push(...toldOf(bench.frame(on, presence(version, status)), "presence").map((each) => each.presence.status));
  };
  for (const [version, status] of [[5, "online"], [4, "offline"], [5, "offline"], [6, "busy"], [0, "unknown"], [3, "away"]] as const) tell(connection, version, status);
  assert.deepEqual(told, ["online", "busy", "unknown", "away"]);
  bench.closed(connection);
  const next = bench.reopen();
  bench.getReady(next);
  tell(next, 3, "away");
  assert.equal(told.length, 5);
});

test("the screen is told again on a new connection", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  assert.ok(only(bench.command({ type: "watch", users: [OTHER], chats: ["9"] }), "watch"));
  bench.closed(connection);
  const { welcomed } = bench.getReady(bench.reopen());
  assert.deepEqual(only(welcomed, "watch").users, [OTHER]);
});

test("typing ends by itself", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  const notice = { type: "typing" as const, chat: "9", user: OTHER, on: true };
  bench.frame(connection, notice);
  assert.deepEqual(toldOf(bench.pass(7_000), "typing"), [{ ...notice, on: false }]);
});

test("typing ends when its chat leaves the screen, of which nothing is heard any more", () => {
  const { bench, connection } = Bench.ready({ 9: 0, 10: 0 });
  bench.command({ type: "watch", users: [], chats: ["9", "10"] });
  const notices = ["9", "10"].map((chat) => ({ type: "typing" as const, chat, user: OTHER, on: true }));
  for (const notice of notices) bench.frame(connection, notice);
  const left = bench.command({ type: "watch", users: [], chats: ["10"] });
  assert.deepEqual(toldOf(left, "typing"), [{ ...notices[0], on: false }]);
});
