/** After `too_long` a chat stays in the list and becomes right again, whenever the program ends. */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Client, connect, indexedDbStore, type LocalStore, memoryStore } from "../src/index.js";
import type { WireMessage } from "../src/wire.js";
import { batch, event, OTHER, progress, record, session, START, summary, textOf } from "./support/making.js";
import { PlayedServer } from "./support/played.js";
import { until } from "./support/waiting.js";

const LIMIT = { timeout: 30_000 };
const HOUR = 3_600_000;

/** A device that knows chat 9 up to `seq`. */
async function knowing(store: LocalStore, seq: number): Promise<LocalStore> {
  const lastMessage = { chat: "9", seq, id: "1", author: OTHER, sentAt: START, content: { body: { type: "text" as const, text: "old" } }, reactions: [] };
  await store.commit(batch({
    session: session("token", Date.now() + HOUR),
    progress: new Map([["9", progress(seq)]]),
    records: new Map([["9", record("9", seq, { lastMessage })]]),
  }));
  return store;
}

function lineAt(seq: number): WireMessage {
  return { chat: "9", seq, id: String(seq), author: OTHER, kind: "message", sent_at: START, body: { type: "text", text: `message ${seq}` } };
}

/** Resolves once the client was told that events were skipped, which is after its commit. */
function skipped(client: Client): Promise<void> {
  return new Promise((resolve) => client.events((told) => told.type === "too_long" && resolve()));
}

const stores: [string, () => LocalStore][] = [["memory", memoryStore], ["indexeddb", () => indexedDbStore("skipping")]];

for (const [name, make] of stores) {
  describe(`with the ${name} store`, () => {
    test("a program that ends before the summary is here shows the chat when it starts again, and fetches it then", LIMIT, async () => {
      const server = new PlayedServer();
      const store = await knowing(make(), 4);
      const before = await connect({ ...server.options, store });
      const told = skipped(before);
      const first = await server.greet();
      server.answers.set("GET /chats/9", () => new Promise(() => {}));
      first.socket.say({ type: "too_long", chat: "9", head: 2_000, oldest: 1, reason: "behind" });
      first.socket.say({ type: "event", ...event("9", 2_001) });
      await told;
      await before.close();

      server.answers.set("GET /chats/9", () => summary("9", 2_001, { title: "Walks", unread: 1_997, last_message: lineAt(2_001) }));
      const after = await connect({ ...server.options, store });
      assert.deepEqual(after.chats.value.map(({ id }) => id), ["9"], "from the store, before the server answers");
      (await server.greet()).ready();
      const [chat] = await until(after.chats, ([line]) => line?.title === "Walks");
      assert.deepEqual([chat?.unread, chat?.head, textOf(chat?.lastMessage)], [1_997, 2_001, "message 2001"]);
      await after.close();
    });
  });
}

test("a chat whose line was lost from the store before comes back", LIMIT, async () => {
  const server = new PlayedServer();
  const store = memoryStore();
  await store.commit(batch({ session: session("token", Date.now() + HOUR), progress: new Map([["9", progress(4)]]) }));
  server.answers.set("GET /chats/9", () => summary("9", 4, { title: "Walks" }));
  const client = await connect({ ...server.options, store });
  (await server.greet()).ready();
  await until(client.chats, ([line]) => line?.title === "Walks");
  await client.close();
});

test("a summary that is older than what was skipped is fetched again", LIMIT, async () => {
  const server = new PlayedServer();
  const client = await connect({ ...server.options, store: await knowing(memoryStore(), 4) });
  const { socket, ready } = await server.greet();
  const summaries = [summary("9", 1_990, { title: "Yesterday" }), summary("9", 2_000, { title: "Today" })];
  server.answers.set("GET /chats/9", () => summaries.shift());
  socket.say({ type: "too_long", chat: "9", head: 2_000, oldest: 1, reason: "behind" });
  ready();
  await until(client.chats, ([line]) => line?.title === "Today");
  await client.close();
});

test("where the log ends earlier than this device had seen, the line starts over from there", LIMIT, async () => {
  const server = new PlayedServer();
  const client = await connect({ ...server.options, store: await knowing(memoryStore(), 1_000) });
  const { socket, ready } = await server.greet();
  server.answers.set("GET /chats/9", () => summary("9", 900, { read: 900, last_message: lineAt(900) }));
  socket.say({ type: "too_long", chat: "9", head: 900, oldest: 1, reason: "ahead" });
  ready();
  await until(client.chats, ([line]) => textOf(line?.lastMessage) === "message 900");
  socket.say({ type: "event", ...event("9", 901) });
  const [line] = await until(client.chats, ([each]) => each?.head === 901);
  assert.deepEqual([textOf(line?.lastMessage), line?.unread], ["message 901", 1]);
  await client.close();
});
