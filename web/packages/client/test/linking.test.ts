/** Connections and tokens: when one is opened, given up, handed over, and when it is the end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { WirePage } from "../src/wire.js";
import { applied, Bench, Box, frames, kept, only, ref, refusal, type Seen, TOKEN_LASTS, toldOf } from "./support/bench.js";
import { event, ME, OTHER, session, START } from "./support/making.js";

function retryAt(seen: Seen): number | undefined {
  for (const { connection } of toldOf(seen, "connection")) if (connection.state === "waiting") return connection.retryAt;
  return undefined;
}

function stop(seen: Seen): string | undefined {
  for (const { connection } of toldOf(seen, "connection")) if (connection.state === "signed_out") return connection.reason;
  return undefined;
}

test("hello says who, and how far", () => {
  const bench = new Bench(kept({ 9: 4 }));
  const hello = only(bench.input({ type: "opened", connection: bench.signIn() }), "hello");
  assert.deepEqual([hello.token, hello.cursors], ["token", { 9: 4 }]);
});

test("pauses grow with full jitter and stay within bounds", () => {
  const bench = new Bench(kept());
  let connection = bench.signIn();
  const bounds = [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000);
  for (const bound of bounds) {
    const pause = (retryAt(bench.input({ type: "open_failed", connection })) ?? 0) - bench.now;
    assert.ok(pause >= 500 && pause <= bound, `${pause} of at most ${bound}`);
    connection = bench.reopen();
  }
  bench.getReady(connection);
  const pause = (retryAt(bench.closed(connection)) ?? 0) - bench.now;
  assert.ok(pause <= 1_000, "a connection that became ready begins anew");
});

for (const code of [undefined, 1000, 1002, 1003, 1007, 1009, 1012, 4008, 4009, 4012, 4013, 4077]) {
  test(`after ${code ?? "no close code"} the client comes back`, () => {
    const { bench, connection } = Bench.ready();
    const seen = bench.closed(connection, code);
    assert.ok(retryAt(seen) !== undefined && stop(seen) === undefined);
  });
}

for (const [code, reason] of [[4500, "signed_out"], [4501, "account_disabled"], [4502, "signed_out"], [4540, "wrong_protocol"], [4999, "refused"]] as const) {
  test(`after ${code} it stays away: ${reason}`, () => {
    const { bench, connection } = Bench.ready();
    assert.equal(stop(bench.closed(connection, code)), reason);
    assert.equal(bench.machine.nextWake, undefined);
  });
}

test("a device that lost its network gives the connection up at once, and goes on trying", () => {
  const { bench, connection } = Bench.ready();
  const seen = bench.input({ type: "network_lost" });
  assert.deepEqual(seen.abandoned, [connection]);
  const pause = (retryAt(seen) ?? 0) - bench.now;
  assert.ok(pause >= 500 && pause <= 1_000, `${pause}`);
  assert.equal(bench.input({ type: "hurry" }).opened.length, 1, "there is a network again");
});

test("without a network no connection is left, at whatever step it was, and the application is told", () => {
  const { bench, connection } = Bench.ready();
  bench.frame(connection, { type: "reconnect", after_ms: 45_000 });
  const planned = bench.input({ type: "network_lost" });
  const pause = (retryAt(planned) ?? 0) - bench.now;
  assert.deepEqual(planned.abandoned, [connection]);
  assert.ok(pause <= 1_000, `${pause}: what a node planned does not outlast the connection to it`);
  const opening = bench.pass(pause).opened;
  const lost = bench.input({ type: "network_lost" });
  assert.deepEqual(lost.abandoned, opening);
  assert.ok(retryAt(lost) !== undefined);
  assert.deepEqual(bench.input({ type: "network_lost" }).told, [], "nothing is left to lose");
});

test("an expired token is renewed before the next connection", () => {
  const { bench, connection } = Bench.ready();
  bench.closed(connection, 4009);
  const seen = bench.wake();
  assert.deepEqual([seen.opened, seen.refreshes], [[], ["refresh-token"]]);
});

test("too many requests: the wait that was asked for", () => {
  const { bench, connection } = Bench.ready();
  bench.frame(connection, { type: "error", ...refusal("rate_limited", { retry: "later", retry_after_ms: 90_000 }) });
  assert.equal(retryAt(bench.closed(connection, 4013)), bench.now + 90_000);
});

test("a draining node is left after the new welcome, and its answers still count", () => {
  const { bench, connection: old } = Bench.ready({ 9: 0 });
  assert.deepEqual(bench.frame(old, { type: "reconnect", after_ms: 3_000 }).opened, []);
  const { name, seen } = bench.post("9", "in flight");
  assert.equal(seen.sent[0]?.connection, old, "the old one works until then");
  const fresh = bench.pass(3_000).opened[0] ?? 0;
  const { welcomed } = bench.getReady(fresh);
  assert.deepEqual([frames(welcomed), welcomed.closed], [[], []], "not sent twice, and an answer is still awaited");
  const answered = bench.sent(old, ref(seen), "9", 1);
  assert.equal(bench.end(name), 1);
  assert.deepEqual(answered.closed, [old]);
  assert.equal(bench.post("9", "next").seen.sent[0]?.connection, fresh);
  assert.equal(retryAt(bench.closed(old, 1000)), undefined);
});

test("a retiring connection that does not answer is let go, and its sends go again", () => {
  const { bench, connection: old } = Bench.ready({ 9: 0 });
  bench.post("9", "in flight");
  bench.frame(old, { type: "reconnect", after_ms: 0 });
  const fresh = bench.wake().opened[0] ?? 0;
  bench.getReady(fresh);
  const seen = bench.pass(5_000);
  assert.deepEqual(seen.abandoned, [old]);
  assert.ok(only(seen, "send"));
  assert.equal(seen.sent[0]?.connection, fresh);
});

test("both connections of a hand-over apply each event once", () => {
  const { bench, connection: old } = Bench.ready({ 9: 0 });
  bench.post("9", "keeps the old one open");
  bench.frame(old, { type: "reconnect", after_ms: 0 });
  const fresh = bench.wake().opened[0] ?? 0;
  bench.getReady(fresh);
  assert.deepEqual(applied(bench.event(old, event("9", 1))), [1]);
  assert.deepEqual(applied(bench.event(fresh, event("9", 1))), []);
  assert.deepEqual(applied(bench.event(fresh, event("9", 2))), [2]);
  assert.deepEqual(applied(bench.event(old, event("9", 2))), []);
});

test("a silent connection is given up after two heartbeats", () => {
  const { bench, connection } = Bench.ready();
  const end = START + 50_000;
  let pings = 0;
  while ((bench.machine.nextWake ?? end) < end) {
    const seen = bench.wake();
    pings += seen.sent.length;
    assert.deepEqual(seen.abandoned, []);
  }
  assert.equal(pings, 2);
  const seen = bench.wake();
  assert.deepEqual([bench.now, seen.abandoned], [end, [connection]]);
  assert.ok(retryAt(seen) !== undefined);
});

test("a connection that answers its pings stays", () => {
  const { bench, connection } = Bench.ready();
  while (bench.now < START + 400_000) {
    const seen = bench.wake();
    assert.deepEqual(seen.abandoned, []);
    for (const { frame } of seen.sent) {
      bench.frame(connection, { type: "pong", server_time: bench.now, ...(frame.ref !== undefined && { ref: frame.ref }) });
      if (frame.type === "refresh") bench.frame(connection, { type: "ok", ref: frame.ref ?? "", token_expires_at: bench.now + TOKEN_LASTS });
    }
  }
});

test("an answer that never comes ends the connection", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  bench.post("9", "hello");
  bench.now += 29_000;
  bench.input({ type: "heard", connection });
  assert.deepEqual(bench.pass(900).abandoned, []);
  assert.deepEqual(bench.pass(100).abandoned, [connection]);
});

function isGivenUpAfter(bench: Bench, time: number): boolean {
  return bench.pass(time).abandoned.length > 0;
}

for (const what of ["missing events", "a page"]) {
  test(`${what} may take as long as frames keep coming`, () => {
    const { bench, connection } = Bench.ready({ 9: 4 });
    if (what === "a page") bench.command({ type: "history", frame: { chat: "9" }, reply: new Box<WirePage>() });
    else assert.ok(only(bench.event(connection, event("9", 1_000)), "sync"));
    // What is sent now is answered behind them.
    bench.post("9", "hello");
    for (let count = 0; count < 4; count += 1) {
      assert.ok(!isGivenUpAfter(bench, 29_000));
      bench.event(connection, event("9", 500 + count));
    }
    assert.ok(!isGivenUpAfter(bench, 29_999));
    assert.ok(isGivenUpAfter(bench, 1));
  });
}

test("what was sent behind missing events has its time after them", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const sync = bench.event(connection, event("9", 6));
  bench.post("9", "hello");
  for (let count = 0; count < 2; count += 1) {
    assert.ok(!isGivenUpAfter(bench, 29_000));
    bench.event(connection, event("9", 5));
  }
  bench.frame(connection, { type: "synced", ref: ref(sync) });
  bench.now += 20_000;
  bench.input({ type: "heard", connection });
  assert.ok(!isGivenUpAfter(bench, 9_999));
  assert.ok(isGivenUpAfter(bench, 1));
});

test("an attempt that hangs is given up", () => {
  const bench = new Bench(kept());
  const connection = bench.signIn();
  bench.input({ type: "opened", connection });
  const seen = bench.pass(15_000);
  assert.deepEqual(seen.abandoned, [connection]);
  assert.ok(retryAt(seen) !== undefined);
});

test("a hint that the network is back connects at once, and tests a live connection", () => {
  const { bench, connection } = Bench.ready();
  const probe = bench.input({ type: "hurry" });
  assert.equal(probe.sent[0]?.frame.type, "ping");
  const dead = bench.pass(5_000);
  assert.deepEqual(dead.abandoned, [connection]);
  assert.equal(bench.input({ type: "hurry" }).opened.length, 1, "without waiting");
  const other = Bench.ready();
  other.bench.input({ type: "hurry" });
  other.bench.frame(other.connection, { type: "pong", server_time: other.bench.now });
  assert.deepEqual(other.bench.pass(5_000).abandoned, []);
});

test("an old access token is renewed before it is used", () => {
  const bench = new Bench(kept());
  const asked = bench.input({ type: "signed_in", session: session("old", bench.now) });
  assert.deepEqual([asked.opened, asked.refreshes], [[], ["refresh-old"]]);
  const fresh = session("fresh", bench.now + TOKEN_LASTS);
  const seen = bench.input({ type: "refreshed", asked: "refresh-old", session: fresh });
  assert.equal(seen.batch.session, undefined, "who asked for it has kept it");
  assert.equal(only(bench.input({ type: "opened", connection: seen.opened[0] ?? 0 }), "hello").token, "fresh");
});

test("a live connection gets a fresh token before the old one ends", () => {
  const { bench, connection } = Bench.ready();
  bench.now = START + TOKEN_LASTS * 0.75;
  bench.input({ type: "heard", connection });
  assert.equal(bench.input({ type: "wake" }).refreshes.length, 1);
  const seen = bench.input({ type: "refreshed", asked: "refresh-token", session: session("fresh", bench.now + TOKEN_LASTS) });
  assert.equal(only(seen, "refresh").token, "fresh");
  const done = bench.frame(connection, { type: "ok", ref: ref(seen), token_expires_at: bench.now + TOKEN_LASTS });
  assert.deepEqual(done.refreshes, []);
});

test("a session that was saved is gone on with, and not saved again: another tab may have a newer one", () => {
  const bench = new Bench(kept({ 9: 4 }));
  const seen = bench.input({ type: "resumed" });
  assert.deepEqual([seen.opened.length, seen.batch.session], [1, undefined]);
  assert.equal(only(bench.input({ type: "opened", connection: seen.opened[0] ?? 0 }), "hello").token, "token");
  const stranger = new Bench({ ...kept(), session: undefined } as never);
  assert.deepEqual(stranger.input({ type: "resumed" }).opened, []);
});

test("a refresh that could not be made is asked again with the same token", () => {
  const bench = new Bench(kept());
  const first = bench.input({ type: "signed_in", session: session("old", bench.now) }).refreshes;
  bench.input({ type: "not_refreshed", asked: "refresh-old", failure: { denied: false } });
  assert.deepEqual(bench.wake().refreshes, first);
});

test("a refused refresh ends the session", () => {
  const { bench, connection } = Bench.ready();
  const seen = bench.input({ type: "not_refreshed", asked: "refresh-token", failure: { denied: true } });
  assert.equal(stop(seen), "signed_out");
  assert.deepEqual(seen.closed, [connection]);
  assert.equal(bench.machine.nextWake, undefined);
});

test("a refused refresh of a session that was replaced ends nothing", () => {
  const bench = new Bench(kept());
  const [asked = ""] = bench.input({ type: "signed_in", session: session("ended", bench.now) }).refreshes;
  const connection = bench.signIn();
  bench.getReady(connection);
  const late = bench.input({ type: "not_refreshed", asked, failure: { denied: true } });
  assert.deepEqual([late.told, late.closed], [[], []]);
  assert.deepEqual(bench.input({ type: "not_refreshed", asked: "refresh-token", failure: { denied: true } }).closed, [connection]);
});

test("a session does not wait for the refresh of the one before", () => {
  const bench = new Bench(kept());
  bench.input({ type: "signed_in", session: session("before", bench.now) });
  assert.deepEqual(bench.input({ type: "signed_in", session: session("after", bench.now) }).refreshes, ["refresh-after"]);
});

test("after signing out nothing is told of a refresh that is refused", () => {
  const bench = new Bench(kept());
  const [asked = ""] = bench.input({ type: "signed_in", session: session("ended", bench.now) }).refreshes;
  bench.input({ type: "signed_out" });
  assert.deepEqual(bench.input({ type: "not_refreshed", asked, failure: { denied: true } }).told, []);
});

test("a REST call that found its token expired asks for one, once", () => {
  const { bench } = Bench.ready();
  assert.equal(bench.input({ type: "token_expired", token: "another" }).refreshes.length, 0);
  assert.equal(bench.input({ type: "token_expired", token: "token" }).refreshes.length, 1);
  assert.equal(bench.input({ type: "token_expired", token: "token" }).refreshes.length, 0);
});

test("another user starts with an empty store", () => {
  const { bench } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "mine");
  const other = session("other", bench.now + TOKEN_LASTS, OTHER);
  const seen = bench.input({ type: "signed_in", session: other });
  assert.deepEqual([seen.batch.wipe, seen.batch.session], [true, other]);
  assert.equal(bench.end(name), "closed");
  assert.deepEqual(only(bench.input({ type: "opened", connection: seen.opened[0] ?? 0 }), "hello").cursors, {});
});

test("signing out forgets everything; later batches are of the new time", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const seen = bench.input({ type: "signed_out" });
  assert.deepEqual([seen.batch.wipe, seen.batch.session, seen.closed], [true, undefined, [connection]]);
  assert.equal(bench.machine.nextWake, undefined);
  assert.equal(bench.machine.begin().batch.epoch, seen.batch.epoch + 1);
});

test("a client that is closed keeps its sends for the next run", () => {
  const { bench, connection } = Bench.ready({ 9: 4 });
  const { name } = bench.post("9", "hello");
  const seen = bench.input({ type: "ended" });
  assert.deepEqual(seen.closed, [connection]);
  assert.equal(seen.batch.outbox.get(name)?.uncertain, true);
  assert.equal(bench.machine.nextWake, undefined);
});

test("frames of a connection that is gone are ignored", () => {
  const { bench, connection } = Bench.ready({ 9: 0 });
  const { name, seen } = bench.post("9", "hello");
  bench.closed(connection);
  assert.deepEqual(applied(bench.event(connection, event("9", 1, ME, { key: name }))), []);
  bench.sent(connection, ref(seen), "9", 1);
  assert.equal(bench.end(name), undefined);
});

test("sends of a closed tab are taken over and sent", () => {
  const { bench } = Bench.ready({ 9: 4 });
  const { seen } = Bench.ready({ 9: 4 }).bench.post("9", "left behind");
  const outbox = [...seen.batch.outbox.values()].filter((outgoing) => outgoing !== null).map((outgoing) => ({ ...outgoing, owner: "gone" }));
  const adopted = bench.input({ type: "adopted", epoch: 0, outbox });
  assert.equal(only(adopted, "send").key, outbox[0]?.key);
  assert.deepEqual([...adopted.batch.outbox.values()].map((outgoing) => outgoing?.owner), ["tab"], "in the store, too, it is this one's");
});
