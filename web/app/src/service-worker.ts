/**
 * Lets the page open without a connection: keeps the files of one build and answers with them.
 *
 * - Only files of the page: nothing under `/api` or `/v1` is ever kept or answered here.
 * - A new build installs beside the one in use and takes over when the page asks for it, so no open page loses its files.
 */
declare const __SHELL__: { version: string; files: string[] };

/** The parts of the worker's global object that are used; the DOM's types do not describe workers. */
interface WorkerScope {
  addEventListener(type: "install" | "activate", listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "fetch", listener: (event: { request: Request; respondWith(answer: Promise<Response>): void }) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly location: Location;
}
const worker = self as unknown as WorkerScope;
const shell = __SHELL__;
const cacheName = `parlour-${shell.version}`;

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(shell.files)));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOtherBuilds().then(() => worker.clients.claim()));
});

worker.addEventListener("message", (event) => {
  if (event.data === "take-over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/") event.respondWith(kept(new Request("/")));
  else if (shell.files.includes(url.pathname) || url.pathname.startsWith("/assets/")) event.respondWith(kept(request));
});

/** From the cache; else from the network, and then kept, because every name under `assets/` stands for one content. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const found = await cache.match(request, { ignoreVary: true });
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function forgetOtherBuilds(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("parlour-") && name !== cacheName).map((name) => caches.delete(name)));
}
