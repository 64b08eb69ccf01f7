/** What every store must do; each of them is put through it. */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { indexedDbStore, type Message, memoryStore } from "../src/index.js";
import { emptyBatch, isEmpty, type LocalStore, StoreOutdated } from "../src/store.js";
import { batch, edit, event, ME, outgoing, progress, record, session, START, textOf } from "./support/making.js";

let databases = 0;

const stores: [string, (options?: { keep: number }) => LocalStore][] = [
  ["memory", memoryStore],
  ["indexeddb", (options) => indexedDbStore(`stores-${++databases}`, options)],
];

function texts(messages: { message: Message }[]): (string | undefined)[] {
  return messages.map(({ message }) => textOf(message));
}

function events(from: number, to: number) {
  return Array.from({ length: to - from + 1 }, (_, place) => event("9", from + place));
}

function line(seq: number, text: string): Message {
  return { chat: "9", seq, id: String(seq), author: ME, sentAt: START, content: { body: { type: "text", text } }, reactions: [] };
}

for (const [name, make] of stores) {
  describe(`the ${name} store`, () => {
    test("gives back what was committed", async () => {
      const store = make();
      const saved = session("token", START);
      await store.commit(
        batch({
          session: saved,
          progress: new Map([["9", progress(4, { read: 3 })]]),
          records: new Map([["9", record("9", 4)]]),
          outbox: new Map([["b", outgoing("b", 2)], ["a", outgoing("a", 1)]]),
          users: [{ user: { id: ME, username: "ann", displayName: "Ann", createdAt: 1, updatedAt: 1 }, fetchedAt: START }],
          drafts: new Map([["9", "to be continued"]]),
        }),
      );
      const found = await store.load();
      assert.equal(found.epoch, 0);
      assert.deepEqual(found.session, saved);
      assert.deepEqual(found.progress, new Map([["9", progress(4, { read: 3 })]]));
      assert.deepEqual(found.records, new Map([["9", record("9", 4)]]));
      assert.deepEqual(found.outbox.map((each) => each.name), ["a", "b"], "in the order they were made");
      assert.equal(found.users[0]?.user.username, "ann");
      assert.equal(found.drafts.get("9"), "to be continued");
      assert.deepEqual(await store.session(), { epoch: 0, session: saved });
      await store.close();
    });

    test("keeps messages in their current state, page by page and without a hole", async () => {
      const store = make();
      await store.commit(batch({ events: events(1, 30), progress: new Map([["9", progress(30)]]) }));
      await store.commit(batch({ events: [edit("9", 31, 29, "mended")], progress: new Map([["9", progress(31)]]) }));
      const newest = await store.messages("9", { limit: 3 });
      assert.deepEqual(texts(newest.messages), ["message 28", "mended", "message 30"]);
      assert.deepEqual([newest.from, newest.to], [1, 31]);
      assert.deepEqual(texts((await store.messages("9", { before: 4, limit: 2 })).messages), ["message 2", "message 3"]);
      assert.deepEqual(texts((await store.messages("9", { after: 27, limit: 2 })).messages), ["message 28", "mended"]);
      assert.deepEqual((await store.messages("8", { limit: 5 })).messages, []);
      await store.close();
    });

    test("never lowers a cursor and takes an event in once, whichever tab brings it", async () => {
      const store = make();
      await store.commit(batch({ events: [...events(1, 5), edit("9", 6, 2, "newer")], progress: new Map([["9", progress(6, { read: 5 })]]) }));
      // The slower tab saw an older edit of the same message and has read less.
      await store.commit(batch({ events: [event("9", 2)], progress: new Map([["9", progress(2, { read: 1 })]]), records: new Map([["9", record("9", 2)]]) }));
      await store.commit(batch({ records: new Map([["9", record("9", 6, { title: "new" })]]) }));
      await store.commit(batch({ records: new Map([["9", record("9", 3, { title: "old" })]]) }));
      const found = await store.load();
      assert.deepEqual(found.progress.get("9"), progress(6, { read: 5 }));
      assert.equal(found.records.get("9")?.title, "new");
      assert.equal(textOf((await store.messages("9", { before: 3, limit: 1 })).messages[0]?.message), "newer");
      await store.close();
    });

    test("drops what does not reach up to the new events", async () => {
      const store = make();
      await store.commit(batch({ events: events(1, 5), progress: new Map([["9", progress(5)]]) }));
      await store.commit(batch({ events: events(9, 10), progress: new Map([["9", progress(10)]]) }));
      const kept = await store.messages("9", { limit: 50 });
      assert.deepEqual(texts(kept.messages), ["message 9", "message 10"]);
      assert.equal(kept.from, 9);
      await store.close();
    });

    test("a dropped chat begins anew, and its cursor may fall", async () => {
      const store = make();
      await store.commit(batch({ events: events(1, 9), progress: new Map([["9", progress(9)]]) }));
      await store.commit(batch({ dropped: new Set(["9"]), progress: new Map([["9", progress(5)]]), events: events(5, 5) }));
      const kept = await store.messages("9", { limit: 50 });
      assert.deepEqual([texts(kept.messages), kept.from, kept.to], [["message 5"], 5, 5]);
      await store.close();
    });

    test("a dropped chat keeps its record, which may fall too, until it is left", async () => {
      const store = make();
      const line = async () => (await store.load()).records.get("9")?.at;
      await store.commit(batch({ progress: new Map([["9", progress(9)]]), records: new Map([["9", record("9", 9)]]) }));
      await store.commit(batch({ dropped: new Set(["9"]), progress: new Map([["9", progress(20)]]) }));
      assert.equal(await line(), 9);
      await store.commit(batch({ dropped: new Set(["9"]), progress: new Map([["9", progress(5)]]), records: new Map([["9", record("9", 5)]]) }));
      assert.equal(await line(), 5);
      await store.commit(batch({ dropped: new Set(["9"]), progress: new Map([["9", null]]) }));
      assert.equal(await line(), undefined);
      await store.close();
    });

    test("history is kept where it joins what is kept, and carries every change up to the cursor", async () => {
      const store = make();
      await store.commit(batch({ progress: new Map([["9", progress(50)]]) }));
      const stretch = { chat: "9", from: 41, to: 50, at: 50, messages: [line(41, "41"), line(50, "50")] };
      await store.commit(batch({ stretches: [stretch] }));
      await store.commit(batch({ stretches: [{ ...stretch, from: 1, to: 20, messages: [line(20, "apart")] }] }));
      await store.commit(batch({ events: [edit("9", 51, 30, "unseen")], progress: new Map([["9", progress(51)]]) }));
      await store.commit(batch({ stretches: [{ ...stretch, from: 30, to: 40, at: 50, messages: [line(30, "before the edit")] }] }));
      const kept = await store.messages("9", { limit: 50 });
      assert.deepEqual([texts(kept.messages), kept.from], [["41", "50"], 41], "neither what lies apart nor what is older than the cursor");
      await store.commit(batch({ stretches: [{ ...stretch, from: 1, to: 40, at: 51, messages: [line(30, "after the edit")] }] }));
      assert.deepEqual(texts((await store.messages("9", { limit: 50 })).messages), ["after the edit", "41", "50"]);
      await store.close();
    });

    test("of one chat the newest messages stay", async () => {
      const store = make({ keep: 20 });
      for (let from = 1; from <= 251; from += 50) {
        await store.commit(batch({ events: events(from, from + 49), progress: new Map([["9", progress(from + 49)]]) }));
      }
      const kept = await store.messages("9", { after: 0, limit: 1 });
      assert.equal(kept.from, 281);
      assert.equal(kept.messages[0]?.message.seq, 281);
      await store.close();
    });

    test("settled sends, left chats and empty drafts go", async () => {
      const store = make();
      await store.commit(batch({ outbox: new Map([["a", outgoing("a", 1)]]), drafts: new Map([["9", "x"]]), events: events(1, 1), progress: new Map([["9", progress(1)]]) }));
      await store.commit(batch({ outbox: new Map([["a", null]]), drafts: new Map([["9", ""]]), progress: new Map([["9", null]]) }));
      const found = await store.load();
      assert.deepEqual([found.outbox, found.drafts.size, found.progress.size], [[], 0, 0]);
      assert.deepEqual((await store.messages("9", { limit: 5 })).messages, []);
      await store.close();
    });

    test("a wipe leaves only what comes with it, and refuses who does not know of it", async () => {
      const store = make();
      await store.commit(batch({ session: session("old", START), outbox: new Map([["a", outgoing("a", 1)]]), events: events(1, 3), progress: new Map([["9", progress(3)]]) }));
      await store.commit(batch({ wipe: true, session: session("new", START, "2") }));
      await assert.rejects(store.commit(batch({ outbox: new Map([["b", outgoing("b", 2)]]) })), StoreOutdated);
      const found = await store.load();
      assert.deepEqual([found.epoch, found.session?.user, found.outbox, found.progress.size], [1, "2", [], 0]);
      assert.deepEqual((await store.messages("9", { limit: 5 })).messages, []);
      await store.commit({ ...emptyBatch(1), outbox: new Map([["b", outgoing("b", 2)]]) });
      assert.equal((await store.load()).outbox.length, 1);
      await store.commit({ ...emptyBatch(1), wipe: true });
      assert.equal((await store.load()).session, undefined);
      await store.close();
    });

    test("commits made at once count one after the other", async () => {
      const store = make();
      await Promise.all(Array.from({ length: 20 }, (_, place) => store.commit(batch({ events: [event("9", place + 1)], progress: new Map([["9", progress(place + 1)]]) }))));
      const kept = await store.messages("9", { limit: 50 });
      assert.deepEqual([kept.messages.length, kept.from, kept.to], [20, 1, 20]);
      await store.close();
    });
  });
}

test("what the database keeps outlives the store object", async () => {
  const first = indexedDbStore("outlives");
  await first.commit(batch({ session: session("token", START), events: events(1, 2), progress: new Map([["9", progress(2)]]) }));
  await first.close();
  const second = indexedDbStore("outlives");
  assert.equal((await second.load()).session?.accessToken, "token");
  assert.equal((await second.messages("9", { limit: 5 })).messages.length, 2);
  await second.close();
});

/** The databases that are opened from now on, until the returned function is called. */
function watchOpening(): { opened: IDBDatabase[]; end: () => void } {
  const open = indexedDB.open.bind(indexedDB);
  const opened: IDBDatabase[] = [];
  indexedDB.open = (...call) => {
    const request = open(...call);
    request.addEventListener("success", () => opened.push(request.result));
    return request;
  };
  return {
    opened,
    end: () => {
      indexedDB.open = open;
    },
  };
}

test("a database that the browser closes is opened again, and what was to be kept or read is", async () => {
  const { opened, end } = watchOpening();
  const store = indexedDbStore("closed-by-the-browser");
  await store.commit(batch({ events: events(1, 1), progress: new Map([["9", progress(1)]]) }));
  opened.at(-1)?.close();
  await store.commit(batch({ events: events(2, 2), progress: new Map([["9", progress(2)]]) }));
  opened.at(-1)?.close();
  assert.deepEqual(texts((await store.messages("9", { limit: 5 })).messages), ["message 1", "message 2"]);
  assert.equal(opened.length, 3);
  end();
  await store.close();
});

test("a transaction that the browser breaks off is made again, whole", async () => {
  const { opened, end } = watchOpening();
  const store = indexedDbStore("broken-off");
  await store.commit(batch({ events: events(1, 1), progress: new Map([["9", progress(1)]]) }));
  const [database] = opened;
  assert.ok(database);
  const begin = database.transaction.bind(database);
  database.transaction = (...how) => {
    const transaction = begin(...how);
    transaction.objectStore("chats").get("9").onsuccess = () => transaction.abort();
    return transaction;
  };
  const changes = { events: events(2, 2), progress: new Map([["9", progress(2)]]), outbox: new Map([["a", outgoing("a", 1)]]) };
  await Promise.all([store.commit(batch(changes)), store.commit(batch({ drafts: new Map([["9", "x"]]) }))]);
  const found = await store.load();
  assert.deepEqual([found.progress.get("9")?.applied, found.outbox.length, found.drafts.get("9")], [2, 1, "x"]);
  assert.equal(opened.length, 2, "opened once more for both");
  end();
  await store.close();
});

test("an empty batch is empty, and any change makes it not", () => {
  assert.ok(isEmpty(emptyBatch(0)));
  const changes = [{ wipe: true }, { session: session("t", 1) }, { drafts: new Map([["9", ""]]) }, { dropped: new Set(["9"]) }, { events: events(1, 1) }];
  for (const change of changes) assert.ok(!isEmpty(batch(change)));
});
