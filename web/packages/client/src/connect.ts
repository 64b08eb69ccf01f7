/** Making a client: which store, which socket, which tabs; and what the page tells it. */

import type { Client, Options } from "./api.js";
import { ParlourClient } from "./client.js";
import { Live, type Parts } from "./live.js";
import type { LocalStore, Saved } from "./store.js";
import { indexedDbStore } from "./store/indexeddb.js";
import { memoryStore } from "./store/memory.js";
import { browserTabs, joinTabs, noTabs, type Tabs, type TabsWorld } from "./tabs.js";

/** Restores the session that the store kept, if any, and goes on from there. */
export function connect(options: Options = {}): Promise<Client> {
  return connectAmong(browserTabs(), options);
}

/** `connect` for one of the tabs of `world`. */
export async function connectAmong(world: TabsWorld | undefined, options: Options): Promise<Client> {
  const means = meansOf(options);
  const { store, saved, tabs } = await openStore(options.store ?? defaultStore(), world);
  const live = new Live({ ...means, store, tabs }, saved);
  await live.resume();
  await live.inherited;
  return new ParlourClient(live, followPage((type) => void live.driver.feed({ type })));
}

function defaultStore(): LocalStore {
  return typeof indexedDB === "undefined" ? memoryStore() : indexedDbStore();
}

interface Opened { store: LocalStore; saved: Saved; tabs: Tabs }

/** The store with what it has, and the tabs that share it, whose news since then are not missed; memory in place of one that cannot be opened. */
async function openStore(wanted: LocalStore, world: TabsWorld | undefined): Promise<Opened> {
  const tabs = await tabsOf(wanted, world);
  try {
    return { store: wanted, saved: await wanted.load(), tabs };
  } catch (error) {
    tabs.close();
    if (wanted.kind === "memory") throw error;
    const store = memoryStore();
    return { store, saved: await store.load(), tabs: noTabs() };
  }
}

/** How the server is reached. Throws if it cannot be. */
function meansOf(options: Options): Omit<Parts, "store" | "tabs"> {
  const webSocket = options.webSocket ?? globalThis.WebSocket;
  if (!webSocket) throw new TypeError("there is no WebSocket here: pass one as `webSocket`");
  return {
    url: serverUrl(options.url),
    encoding: options.encoding ?? "msgpack",
    webSocket,
    fetch: options.fetch ?? ((...call) => globalThis.fetch(...call)),
    schedule: scheduler(),
    ...(options.device !== undefined && { device: options.device }),
  };
}

function serverUrl(url: string | undefined): string {
  const given = url ?? globalThis.location?.origin;
  if (!given) throw new TypeError("there is no page here whose server could be meant: pass its `url`");
  const { protocol, origin, pathname } = new URL(given);
  if (protocol !== "https:" && protocol !== "http:") throw new TypeError(`not an address of a server: ${given}`);
  return origin + pathname.replace(/\/+$/, "");
}

async function tabsOf(store: LocalStore, world: TabsWorld | undefined): Promise<Tabs> {
  return store.sharedAs !== undefined && world ? joinTabs(store.sharedAs, world) : noTabs();
}

/** A page that is hidden draws no frames, but is told all the same. */
const HIDDEN_WITHIN = 100;

/** Listeners are called once per drawn frame where there are frames, else after the task. */
function scheduler(): Parts["schedule"] {
  if (typeof requestAnimationFrame === "undefined") return queueMicrotask;
  return (run) => {
    const both = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      run();
    };
    const frame = requestAnimationFrame(both);
    const timer = setTimeout(both, HIDDEN_WITHIN);
  };
}

/** Says when the page has reason to believe that connecting works now, and when its device has lost the network. Gives what ends that. */
function followPage(say: (what: "hurry" | "network_lost") => void): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const online = () => say("hurry");
  const offline = () => say("network_lost");
  const shown = () => {
    if (document.visibilityState === "visible") say("hurry");
  };
  window.addEventListener("online", online);
  window.addEventListener("offline", offline);
  document.addEventListener("visibilitychange", shown);
  return () => {
    window.removeEventListener("online", online);
    window.removeEventListener("offline", offline);
    document.removeEventListener("visibilitychange", shown);
  };
}
