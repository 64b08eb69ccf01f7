/** Tabs that open, close and sign in at each other's worst moment. */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { connectAmong } from "../src/connect.js";
import { indexedDbStore, type LocalStore, memoryStore } from "../src/index.js";
import type { Rest } from "../src/rest.js";
import { refresh } from "../src/session.js";
import { joinTabs } from "../src/tabs.js";
import { Browser } from "./support/browser.js";
import { batch, outgoing, progress, record, session, START } from "./support/making.js";
import { PlayedServer } from "./support/played.js";
import { until } from "./support/waiting.js";

const LIMIT = { timeout: 30_000 };
const HOUR = 3_600_000;

/** A store in which Ann is signed in and has chat 9. */
async function signedIn(name: string, outbox: ReturnType<typeof outgoing>[] = []): Promise<LocalStore> {
  const store = indexedDbStore(name);
  await store.commit(batch({
    session: session("token", Date.now() + HOUR), progress: new Map([["9", progress(0)]]), records: new Map([["9", record("9", 0)]]),
    outbox: new Map(outbox.map((each) => [each.name, each])),
  }));
  return store;
}

/** Whatever is under way has had its turns. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("what is written while another tab signs in is sent by the session that comes of it", LIMIT, async () => {
  const [browser, server] = [new Browser(), new PlayedServer()];
  const store = await signedIn("signs-in");
  const commit = store.commit.bind(store);
  let goOn = () => {};
  const slow = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  store.commit = async (changes) => {
    if (changes.outbox.size > 0) await slow;
    await commit(changes);
  };
  const client = await connectAmong(browser, { ...server.options, store });
  const posted = client.chat("9").send("in between");
  const other = await joinTabs("signs-in", browser);
  const elsewhere = indexedDbStore("signs-in");
  await elsewhere.commit(batch({ session: { ...session("other", Date.now() + HOUR), session: "78" } }));
  other.tell({ type: "signed_in" });
  await turns();
  goOn();
  const { key } = await posted;
  while ((await server.next("hello")).frame.token !== "other");
  const { pending } = client.chat("9").timeline();
  await until(pending, (all) => all.some((each) => each.key === key));
  await client.close();
  other.close();
  await elsewhere.close();
});

test("a send that the tab which is gone had settled without a word is not shown for ever", LIMIT, async () => {
  const [browser, server] = [new Browser(), new PlayedServer()];
  const client = await connectAmong(browser, { ...server.options, store: await signedIn("without-a-word") });
  const other = await joinTabs("without-a-word", browser);
  const { pending } = client.chat("9").timeline();
  other.tell({ type: "outbox", name: "a", outgoing: outgoing("a", 1, { owner: other.instance }) });
  await until(pending, (all) => all.length === 1);
  other.close();
  await until(pending, (all) => all.length === 0);
  await client.close();
});

test("what another tab tells while this one reads the store is not missed", LIMIT, async () => {
  const [browser, server] = [new Browser(), new PlayedServer()];
  const other = await joinTabs("meanwhile", browser);
  const store = await signedIn("meanwhile", [outgoing("a", 1, { owner: other.instance })]);
  const load = store.load.bind(store);
  store.load = async () => {
    const saved = await load();
    await store.commit(batch({ outbox: new Map([["a", null]]) }));
    other.tell({ type: "outbox", name: "a" });
    await turns();
    return saved;
  };
  const client = await connectAmong(browser, { ...server.options, store });
  await until(client.chat("9").timeline().pending, (all) => all.length === 0);
  await client.close();
  other.close();
});

test("sends of one user are not taken over by another one who signs in meanwhile", LIMIT, async () => {
  const [browser, server] = [new Browser(), new PlayedServer()];
  const other = await joinTabs("takes-over", browser);
  const store = await signedIn("takes-over", [outgoing("a", 1, { owner: other.instance })]);
  const client = await connectAmong(browser, { ...server.options, store });
  const load = store.load.bind(store);
  const elsewhere = indexedDbStore("takes-over");
  const third = await joinTabs("takes-over", browser);
  // The first to read is the one that takes over; then Bob signs in, in a third tab.
  store.load = async () => {
    store.load = load;
    const saved = await load();
    await elsewhere.commit(batch({ wipe: true, session: { ...session("bob", Date.now() + HOUR, "2"), session: "78" } }));
    third.tell({ type: "signed_in" });
    while ((await server.next("hello")).frame.token !== "bob");
    return saved;
  };
  await server.greet();
  other.close();
  await until(client.me, (me) => me === undefined);
  await turns();
  assert.deepEqual([(await elsewhere.load()).outbox, client.chat("9").timeline().pending.value], [[], []]);
  await client.close();
  third.close();
  await elsewhere.close();
});

test("a tab that is suspended while it asks for new tokens does not keep the others waiting for ever", async (context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  context.after(() => mock.timers.reset());
  const browser = new Browser();
  const [suspended, tab] = [await joinTabs("x", browser), await joinTabs("x", browser)];
  void suspended.exclusively("refresh", () => new Promise(() => {}));
  const store = memoryStore();
  const rest = { call: assert.fail } as unknown as Rest;
  const refreshed = refresh({ rest, store, tabs: tab, now: () => START }, session("old", START));
  await turns();
  mock.timers.tick(40_000);
  assert.deepEqual(await refreshed, { failure: { denied: false } }, "it is tried again later");
  suspended.close();
  tab.close();
});
