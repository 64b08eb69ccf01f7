/** Two tabs of one user, who share one store. */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { connectAmong } from "../src/connect.js";
import { type Client, connect, indexedDbStore, memoryStore, type Pending } from "../src/index.js";
import type { Rest } from "../src/rest.js";
import { refresh } from "../src/session.js";
import { joinTabs } from "../src/tabs.js";
import { Browser } from "./support/browser.js";
import { batch, outgoing, session, START, textOf } from "./support/making.js";
import { Network } from "./support/network.js";
import { PlayedServer } from "./support/played.js";
import { noServer, type Server, startServer } from "./support/server.js";
import { until } from "./support/waiting.js";

const LIMIT = { timeout: 60_000 };

test("what one tab does exclusively, another waits for", async () => {
  const browser = new Browser();
  const [one, two] = [await joinTabs("x", browser), await joinTabs("x", browser)];
  const order: string[] = [];
  let finish = () => {};
  const first = one.exclusively("refresh", async () => {
    order.push("one begins");
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    order.push("one ends");
  });
  const second = two.exclusively("refresh", async () => void order.push("two"));
  await one.exclusively("something else", async () => {});
  finish();
  await Promise.all([first, second]);
  assert.deepEqual(order, ["one begins", "one ends", "two"]);
  one.close();
  two.close();
});

test("a tab is told when another one is gone", async () => {
  const browser = new Browser();
  const [one, two] = [await joinTabs("x", browser), await joinTabs("x", browser)];
  let isGone = false;
  const gone = new Promise<void>((resolve) => two.whenGone(one.instance, resolve)).then(() => {
    isGone = true;
  });
  await two.exclusively("something else", async () => {});
  assert.ok(!isGone);
  one.close();
  await gone;
  two.close();
});

test("two tabs that need new tokens at once ask once, and both get them", async () => {
  const browser = new Browser();
  const store = memoryStore();
  const old = session("old", START);
  await store.commit(batch({ session: old }));
  let calls = 0;
  const answer = { user: { id: "1" }, session: { id: "77" }, access_token: "new", expires_in: 600, refresh_token: "refresh-new" };
  const call = async () => {
    calls += 1;
    return answer;
  };
  const rest = { call } as unknown as Rest;
  const tabs = [await joinTabs("x", browser), await joinTabs("x", browser)];
  const renewed = await Promise.all(tabs.map((each) => refresh({ rest, store, tabs: each, now: () => START }, old)));
  for (const result of renewed) assert.equal("session" in result && result.session.refreshToken, "refresh-new");
  assert.equal(calls, 1);
  assert.equal((await store.session()).session?.refreshToken, "refresh-new", "kept before it is used");
  for (const each of tabs) each.close();
});

test("new tokens of a session that was replaced meanwhile do not take the place of its successor's", async () => {
  const store = memoryStore();
  const old = session("old", START);
  await store.commit(batch({ session: old }));
  const successor = { ...session("successor", START), session: "78" };
  const answer = { user: { id: "1" }, session: { id: "77" }, access_token: "new", expires_in: 600, refresh_token: "refresh-new" };
  const call = async () => {
    await store.commit(batch({ session: successor }));
    return answer;
  };
  const tabs = await joinTabs("x", new Browser());
  await refresh({ rest: { call } as unknown as Rest, store, tabs, now: () => START }, old);
  assert.deepEqual((await store.session()).session, successor);
  tabs.close();
});

test("a tab that opens while another one refreshes does not undo that", LIMIT, async () => {
  const server = new PlayedServer();
  const [first, second] = [indexedDbStore("rotated"), indexedDbStore("rotated")];
  await first.commit(batch({ session: session("old", Date.now()) }));
  const rotated = session("new", Date.now() + 3_600_000);
  const load = second.load.bind(second);
  // The other tab's new tokens are kept right after this one has read the old ones.
  second.load = async () => {
    const saved = await load();
    await first.commit(batch({ session: rotated }));
    return saved;
  };
  const client = await connectAmong(new Browser(), { ...server.options, store: second });
  assert.equal((await server.next("hello")).frame.token, "new", "the tab finds them");
  assert.deepEqual((await first.session()).session, rotated);
  assert.deepEqual(server.calls, [], "the old one is not used again");
  await client.close();
  await first.close();
});

test("what a tab left behind that is gone belongs to the next one as soon as that is there", async () => {
  const browser = new Browser();
  const left = indexedDbStore("left-behind");
  await left.commit(batch({ session: session("token", START), outbox: new Map([["a", outgoing("a", 1, { owner: "gone" })]]) }));
  await left.close();
  class Nowhere {
    close(): void {}
  }
  const options = { url: "http://nowhere.invalid", webSocket: Nowhere as unknown as typeof globalThis.WebSocket, store: indexedDbStore("left-behind") };
  const client = await connectAmong(browser, options);
  const { pending } = client.chat("9").timeline();
  assert.deepEqual(pending.value.map(({ key }) => key), ["a"]);
  await client.chat("9").cancel("a");
  assert.deepEqual(pending.value, [], "nobody else has to be asked");
  await client.close();
});

test("a tab that is there is not gone", async () => {
  const browser = new Browser();
  const [one, two] = [await joinTabs("x", browser), await joinTabs("x", browser)];
  assert.deepEqual([await two.isGone(one.instance), await two.isGone("never there")], [false, true]);
  one.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(await two.isGone(one.instance));
  two.close();
});

describe("tabs and a real server", { skip: noServer, ...LIMIT }, () => {
  let server: Server;
  const browser = new Browser();
  const open: Client[] = [];
  const proxies: Network[] = [];
  let names = 0;

  before(async () => {
    server = await startServer();
  });
  after(async () => {
    for (const client of open) await client.close();
    for (const proxy of proxies) await proxy.close();
    await server?.stop();
  });

  const webSocket = WebSocket as unknown as typeof globalThis.WebSocket;

  async function tab(name: string, url = server.url): Promise<Client> {
    const client = await connectAmong(browser, { url, webSocket, store: indexedDbStore(name) });
    open.push(client);
    return client;
  }

  async function proxied(): Promise<Network> {
    const proxy = await Network.before(server.url);
    proxies.push(proxy);
    return proxy;
  }

  /** Two tabs of a new user, and a chat with somebody else. */
  async function twoTabs(urls: { one?: string; two?: string } = {}) {
    names += 1;
    const name = `tabs-${names}`;
    const one = await tab(name, urls.one);
    await one.register(`tab${names}_${process.pid}`, "correct horse");
    const other = await connect({ url: server.url, webSocket, store: memoryStore() });
    open.push(other);
    const friend = await other.register(`friend${names}_${process.pid}`, "correct horse");
    const { id } = await one.createDirect(friend.id);
    const two = await tab(name, urls.two);
    for (const each of [one, two]) await until(each.chats, (chats) => chats.length === 1);
    for (const each of [one, two]) await until(each.connection, ({ state }) => state === "ready");
    return { name, one, two, other, id };
  }

  test("the second one is signed in at once; drafts and messages reach both, each once", LIMIT, async () => {
    const { one, two, id } = await twoTabs();
    assert.equal(two.me.value?.id, one.me.value?.id);
    const timelines = [one, two].map((each) => each.chat(id).timeline());
    for (let count = 0; count < 10; count += 1) await (count % 2 === 0 ? one : two).chat(id).send(`message ${count}`);
    for (const timeline of timelines) {
      await until(timeline.messages, (messages) => messages.filter((message) => textOf(message)?.startsWith("message")).length >= 10);
      const texts = timeline.messages.value.map(textOf).filter((text) => text?.startsWith("message"));
      assert.equal(new Set(texts).size, 10);
      assert.equal(texts.length, 10);
      await until(timeline.pending, (pending) => pending.length === 0);
    }
    one.chat(id).setDraft("half a thought");
    await until(two.chat(id).summary, (summary) => summary?.draft === "half a thought");
  });

  test("a send of a tab that is closed before it went out is sent by the other", LIMIT, async () => {
    const proxy = await proxied();
    const { one, two, id, other } = await twoTabs({ one: proxy.url });
    const theirs = other.chat(id).timeline();
    proxy.cut();
    await until(one.connection, ({ state }) => state === "waiting");
    await one.chat(id).send("left behind");
    const mine = two.chat(id).timeline();
    await until(mine.atEnd, (atEnd) => atEnd);
    const [pending] = await until(mine.pending, (all: readonly Pending[]) => all.length === 1);
    assert.equal(pending?.state, "queued", "the other tab shows it");
    await one.close();
    await until(theirs.messages, (messages) => textOf(messages.at(-1)) === "left behind");
    await until(mine.pending, (all) => all.length === 0);
    assert.equal(mine.messages.value.filter((message) => textOf(message) === "left behind").length, 1);
  });

  test("a send can be given up in the other tab", LIMIT, async () => {
    const proxy = await proxied();
    const { one, two, id } = await twoTabs({ one: proxy.url });
    proxy.cut();
    await until(one.connection, ({ state }) => state === "waiting");
    const { key } = await one.chat(id).send("better not");
    const seen = two.chat(id).timeline().pending;
    await until(seen, (all) => all.length === 1);
    await two.chat(id).cancel(key);
    await until(seen, (all) => all.length === 0);
    await until(one.chat(id).timeline().pending, (all) => all.length === 0);
  });

  test("who signs out in one is signed out in the other, and nothing is left", LIMIT, async () => {
    const { name, one, two, id } = await twoTabs();
    await one.chat(id).send("soon forgotten");
    await one.logout();
    await until(two.connection, (connection) => connection.state === "signed_out" && connection.reason === "logged_out");
    assert.deepEqual([two.chats.value, two.me.value], [[], undefined]);
    const store = indexedDbStore(name);
    const saved = await store.load();
    assert.deepEqual([saved.session, saved.progress.size, saved.outbox, saved.users.length], [undefined, 0, [], 0]);
    await store.close();
  });

  test("after a restart everything is there before the server answers, and goes on from there", LIMIT, async () => {
    const proxy = await proxied();
    const { name, one, two, id, other } = await twoTabs();
    await other.chat(id).send("kept");
    for (const each of [one, two]) await until(each.chat(id).summary, (summary) => textOf(summary?.lastMessage) === "kept");
    await one.close();
    await two.close();
    proxy.cut();
    await other.chat(id).send("missed");
    const again = await tab(name, proxy.url);
    assert.equal(again.chats.value[0]?.id, id);
    const timeline = again.chat(id).timeline();
    await until(timeline.messages, (messages) => textOf(messages.at(-1)) === "kept");
    await again.chat(id).send("written offline");
    proxy.mend();
    again.reconnect();
    await until(timeline.pending, (all) => all.length === 0);
    await until(timeline.messages, (messages) => textOf(messages.at(-1)) === "written offline");
    assert.deepEqual(timeline.messages.value.map(textOf).slice(-3), ["kept", "missed", "written offline"]);
  });
});
