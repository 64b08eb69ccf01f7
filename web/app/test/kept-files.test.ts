/** The files of a build, over caches in memory. */
import { expect, test } from "vitest";
import { KeptFiles } from "../src/kept-files.js";

const home = "https://chat.example";

/** As much of a browser's caches as is used; `isFull` makes them refuse to keep more. */
function memoryCaches() {
  const stores = new Map<string, Map<string, Response>>();
  const state = { isFull: false };
  const cacheOf = (name: string) => {
    const store = stores.get(name) ?? new Map<string, Response>();
    stores.set(name, store);
    return {
      match: async ({ url }: Request) => store.get(url)?.clone(),
      put: async ({ url }: Request, answer: Response) => {
        if (state.isFull) throw new DOMException("no room", "QuotaExceededError");
        store.set(url, answer);
      },
      addAll: async (paths: string[]) => {
        for (const path of paths) store.set(home + path, new Response(`${name}${path}`));
      },
    };
  };
  const caches = {
    open: async (name: string) => cacheOf(name),
    keys: async () => [...stores.keys()],
    delete: async (name: string) => stores.delete(name),
    match: async ({ url }: Request) => [...stores.values()].map((store) => store.get(url)).find(Boolean)?.clone(),
  };
  return { caches: caches as unknown as CacheStorage, stores, state };
}

const gone = async () => new Response("gone", { status: 404 });
const ask = async (files: KeptFiles, path: string) => (await files.answer(new Request(home + path))).text();

async function twoBuilds() {
  const memory = memoryCaches();
  await new KeptFiles({ version: "1", files: ["/", "/assets/old.js"] }, memory.caches, gone).install();
  const files = new KeptFiles({ version: "2", files: ["/", "/assets/new.js"] }, memory.caches, gone);
  await files.install();
  return { files, ...memory };
}

test("a page of the build before finds its files under the new one", async () => {
  const { files } = await twoBuilds();
  expect(await ask(files, "/assets/old.js")).toBe("parlour-1/assets/old.js");
  expect(await ask(files, "/assets/new.js")).toBe("parlour-2/assets/new.js");
});

test("a page that is opened is of the new build", async () => {
  const { files, stores } = await twoBuilds();
  expect(await ask(files, "/")).toBe("parlour-2/");
  stores.get("parlour-2")?.clear();
  expect(await ask(files, "/")).toBe("gone");
});

test("other builds are forgotten when asked, and nobody else's caches", async () => {
  const { files, stores, caches } = await twoBuilds();
  await caches.open("elsewhere");
  await files.forgetOtherBuilds();
  expect([...stores.keys()].sort()).toEqual(["elsewhere", "parlour-2"]);
});

test("what cannot be kept for want of room is answered, and what can be is asked for once", async () => {
  const { caches, state } = memoryCaches();
  let loads = 0;
  const files = new KeptFiles({ version: "1", files: [] }, caches, async () => {
    loads += 1;
    return new Response("emoji");
  });
  state.isFull = true;
  expect(await ask(files, "/assets/emoji.json")).toBe("emoji");
  state.isFull = false;
  for (const _ of [1, 2]) expect(await ask(files, "/assets/emoji.json")).toBe("emoji");
  expect(loads).toBe(2);
});
