/** A real server and a network that breaks again and again, and a server that dies. */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WebSocket } from "ws";
import { type Client, type ClientEvent, connect, indexedDbStore, type LocalStore, memoryStore } from "../src/index.js";
import { newKey } from "../src/key.js";
import { seeded, textOf } from "./support/making.js";
import { Network } from "./support/network.js";
import { noServer, startServer } from "./support/server.js";
import { until } from "./support/waiting.js";

const webSocket = WebSocket as unknown as typeof globalThis.WebSocket;

function client(url: string, store: LocalStore): Promise<Client> {
  return connect({ url, webSocket, store });
}

/** What one client was told, by chat. */
function book(of: Client): { seqs: Map<string, number[]>; settled: Map<string, number> } {
  const [seqs, settled] = [new Map<string, number[]>(), new Map<string, number>()];
  of.events((event: ClientEvent) => {
    if (event.type === "event") seqs.set(event.chat, [...(seqs.get(event.chat) ?? []), event.seq]);
    if (event.type === "settled") settled.set(event.key, (settled.get(event.key) ?? 0) + 1);
  });
  return { seqs, settled };
}

/** Posts messages as `username` without a client, many at once. */
async function postMany(url: string, username: string, chat: string, count: number): Promise<void> {
  const json = { "content-type": "application/json" };
  const login = await fetch(`${url}/api/v1/auth/login`, { method: "POST", headers: json, body: JSON.stringify({ username, password: "correct horse" }) });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const post = async (number: number) => {
    const headers = { ...json, authorization: `Bearer ${token}`, "idempotency-key": newKey(Date.now()) };
    const body = JSON.stringify({ body: { type: "text", text: `missed ${number}` } });
    const response = await fetch(`${url}/api/v1/chats/${chat}/messages`, { method: "POST", headers, body });
    assert.equal(response.status, 201, await response.text());
  };
  for (let first = 1; first <= count; first += 50) await Promise.all(Array.from({ length: 50 }, (_, place) => post(first + place)));
}

describe("a network that breaks", { skip: noServer, timeout: 120_000 }, () => {
  for (const make of [() => memoryStore(), () => indexedDbStore("hostile")]) {
    const store = make();
    test(`every send arrives once and in order (${store.kind})`, { timeout: 120_000 }, async () => {
      const server = await startServer();
      const proxies = [await Network.before(server.url), await Network.before(server.url)] as const;
      const [ann, bob] = [await client(proxies[0].url, store), await client(proxies[1].url, memoryStore())];
      await ann.register("ann", "correct horse");
      const friend = await bob.register("bob", "correct horse");
      const { id } = await ann.createDirect(friend.id);
      await until(bob.chats, (chats) => chats.length === 1);
      const told = book(bob);
      const chance = seeded(42);
      const chats = [ann.chat(id), bob.chat(id)] as const;
      const texts: string[][] = [[], []];
      const keys: string[] = [];
      for (let count = 0; count < 60; count += 1) {
        const who = chance() < 0.7 ? 0 : 1;
        const text = `${who} says ${count}`;
        texts[who]?.push(text);
        keys.push((await chats[who].send(text)).key);
        if (chance() < 0.15) proxies[chance() < 0.5 ? 0 : 1].cut();
        if (chance() < 0.3) for (const proxy of proxies) proxy.mend();
        if (chance() < 0.3) for (const each of [ann, bob]) each.reconnect();
      }
      for (const proxy of proxies) proxy.mend();
      for (const each of [ann, bob]) each.reconnect();
      const timelines = chats.map((chat) => chat.timeline());
      for (const timeline of timelines) await until(timeline.pending, (pending) => pending.length === 0);
      for (const timeline of timelines) {
        await until(timeline.messages, (messages) => messages.filter((message) => textOf(message)?.includes(" says ")).length >= 60 || messages.length >= 50);
        while (timeline.before.value !== "none") await timeline.loadBefore();
        const said = (await until(timeline.messages, (messages) => messages.filter((message) => textOf(message)?.includes(" says ")).length >= 60)).map(textOf);
        for (const who of [0, 1]) assert.deepEqual(said.filter((text) => text?.startsWith(`${who} says`)), texts[who]);
      }
      const seqs = told.seqs.get(id) ?? [];
      assert.deepEqual(seqs, seqs.map((_, place) => (seqs[0] ?? 0) + place), "each event once, in order, without a hole");
      for (const [, times] of told.settled) assert.equal(times, 1);
      for (const each of [ann, bob]) await each.close();
      for (const proxy of proxies) await proxy.close();
      await server.stop();
    });
  }

  test("a server that dies and comes back: nothing is lost, nothing is there twice", { timeout: 120_000 }, async () => {
    const server = await startServer();
    const network = await Network.before(server.url);
    const [ann, bob] = [await client(network.url, memoryStore()), await client(network.url, memoryStore())];
    await ann.register("ann", "correct horse");
    const friend = await bob.register("bob", "correct horse");
    const { id } = await ann.createDirect(friend.id);
    await until(bob.chats, (chats) => chats.length === 1);
    const timeline = bob.chat(id).timeline();
    const texts = Array.from({ length: 40 }, (_, place) => `message ${place}`);
    for (const [place, text] of texts.entries()) {
      await ann.chat(id).send(text);
      if (place % 15 !== 14) continue;
      await server.crash();
      network.leadTo(server.url);
      for (const each of [ann, bob]) each.reconnect();
    }
    const said = () => timeline.messages.value.map(textOf).filter((text) => text?.startsWith("message"));
    await until(timeline.messages, () => said().length >= texts.length);
    assert.deepEqual(said(), texts);
    await until(ann.chat(id).timeline().pending, (pending) => pending.length === 0);
    for (const each of [ann, bob]) await each.close();
    await network.close();
    await server.stop();
  });

  test("a long absence: the history is loaded anew, and nothing is shown twice", { timeout: 120_000 }, async () => {
    const server = await startServer({ PARLOUR_LIMITS__REQUESTS_PER_SECOND: "10000", PARLOUR_LIMITS__REQUESTS_BURST: "10000" });
    const proxy = await Network.before(server.url);
    const [ann, bob] = [await client(server.url, memoryStore()), await client(proxy.url, memoryStore())];
    await ann.register("ann", "correct horse");
    const friend = await bob.register("bob", "correct horse");
    const chat = await ann.createDirect(friend.id);
    await chat.send("before");
    const theirs = bob.chat(chat.id);
    const timeline = theirs.timeline();
    await until(timeline.messages, (messages) => textOf(messages.at(-1)) === "before");
    proxy.cut();
    await until(bob.connection, ({ state }) => state === "waiting");
    const count = 1_100;
    await postMany(server.url, "ann", chat.id, count);
    proxy.mend();
    bob.reconnect();
    await until(theirs.summary, (summary) => summary?.unread === count + 1);
    await until(timeline.atEnd, (atEnd) => atEnd);
    while (timeline.messages.value.length < 150) await timeline.loadBefore();
    const shown = timeline.messages.value;
    assert.deepEqual(shown.map(({ seq }) => seq), shown.map((_, place) => (theirs.summary.value?.head ?? 0) - shown.length + 1 + place));
    for (const each of [ann, bob]) await each.close();
    await proxy.close();
    await server.stop();
  });
});

test("a browser that refuses its database keeps everything in memory, and says so", async () => {
  const refusing: LocalStore = { ...memoryStore(), kind: "indexeddb", load: () => Promise.reject(new Error("refused")) };
  const made = await connect({ url: "http://127.0.0.1:9", webSocket, store: refusing });
  assert.equal(made.persistence, "memory");
  assert.deepEqual(made.connection.value, { state: "signed_out" });
  await made.close();
});
