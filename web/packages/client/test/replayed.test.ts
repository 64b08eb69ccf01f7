/**
 * A change that a message has in it already is not made again, wherever messages are: on the screen, on the device, in the
 * list of chats. A page knows more than the device has applied, so every event of the difference comes once more.
 */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { indexedDbStore, memoryStore } from "../src/index.js";
import { recordAfter } from "../src/model/records.js";
import { Window } from "../src/model/window.js";
import { History } from "./support/history.js";
import { batch, edit, event, ME, OTHER, progress, seeded, summary } from "./support/making.js";

const CASES = 100;
const NOBODY_LOOKS = Number.POSITIVE_INFINITY;

class Chance {
  constructor(private readonly next: () => number) {}
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}

/** A log of messages and of changes of them, many to each. */
function inventHistory(chance: Chance): History {
  const history = new History();
  const messages: number[] = [];
  for (let seq = 1; seq <= 30; seq += 1) {
    const target = messages[chance.below(messages.length)];
    const author = chance.below(2) === 0 ? ME : OTHER;
    const kind = chance.below(6);
    if (target === undefined || kind <= 1) {
      messages.push(seq);
      history.log.push(event("9", seq, author));
    } else if (kind === 2) {
      history.log.push(edit("9", seq, target, `edit ${seq}`, author));
    } else if (kind <= 4) {
      history.log.push(event("9", seq, author, { kind: "reaction_changed", target, emoji: "👍", on: chance.below(2) === 0 }));
    } else {
      history.log.push(event("9", seq, author, { kind: "message_deleted", target }));
    }
  }
  return history;
}

function eachCase(check: (history: History, chance: Chance, seed: number) => void | Promise<void>): () => Promise<void> {
  return async () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      const chance = new Chance(seeded(seed));
      await check(inventHistory(chance), chance, seed);
    }
  };
}

test("the screen stays the same when events come again that its page knew", eachCase((history, _, seed) => {
  const at = history.log.length;
  const window = new Window();
  window.replace({ rows: history.lines(1, at).map((message) => ({ message, at })), from: 1, to: at });
  const before = window.messages;
  for (const each of history.log) assert.equal(window.take(each, NOBODY_LOOKS), false, `seed ${seed}, event ${each.seq}`);
  assert.equal(window.messages, before, `seed ${seed}`);
}));

test("the screen stays the same when events come again that it took itself", eachCase((history, _, seed) => {
  const window = new Window();
  for (const each of history.log) window.take(each, NOBODY_LOOKS);
  const before = window.messages;
  assert.deepEqual(before, history.lines(1, history.log.length));
  for (const each of history.log) assert.equal(window.take(each, NOBODY_LOOKS), false, `seed ${seed}, event ${each.seq}`);
  assert.equal(window.messages, before, `seed ${seed}`);
}));

test("the chat list stays the same when events come again that the summary knew", eachCase((history) => {
  const at = history.log.length;
  const start = recordAfter(undefined, { type: "chat_joined", chat: summary("9", at) }, ME);
  for (const each of history.log) assert.equal(recordAfter(start, { type: "event", event: each }, ME), start);
}));

let databases = 0;
for (const [name, make] of [["memory", memoryStore], ["indexeddb", () => indexedDbStore(`replayed-${++databases}`)]] as const) {
  describe(`the ${name} store`, () => {
    test("never takes a message back to what it was before the page that brought it", eachCase(async (history, chance, seed) => {
      const at = history.log.length;
      let applied = 1 + chance.below(at - 1);
      const [from, known] = [1, history.lines(1, applied)];
      const store = make();
      await store.commit(batch({ progress: new Map([["9", progress(applied)]]) }));
      await store.commit(batch({ stretches: [{ chat: "9", from, to: applied, at, messages: known }] }));
      while (applied < at) {
        const events = history.log.slice(applied, applied + 1 + chance.below(4));
        applied += events.length;
        await store.commit(batch({ events, progress: new Map([["9", progress(applied)]]) }));
        const kept = (await store.messages("9", { limit: 100 })).messages.map(({ message }) => message);
        assert.deepEqual(kept.slice(0, known.length), known, `seed ${seed}, after event ${applied}`);
      }
      const kept = (await store.messages("9", { limit: 100 })).messages.map(({ message }) => message);
      assert.deepEqual(kept, history.lines(1, at), `seed ${seed}`);
      await store.close();
    }));
  });
}
