/**
 * Lets the page open without a connection: keeps the files of one build and answers with them.
 *
 * - Only files of the page: nothing under `/api` or `/v1` is ever kept or answered here.
 * - A new build installs beside the one in use and takes over when a page asks for it. Other pages stay open over it with the
 *   files of their build, which are deleted when the page is opened with no other page there.
 */
import { KeptFiles, type Shell } from "./kept-files.js";

declare const __SHELL__: Shell;

interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}

/** The parts of the worker's global object that are used; the DOM's types do not describe workers. */
interface WorkerScope {
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "fetch", listener: (event: Lasting & { request: Request; respondWith(answer: Promise<Response>): void }) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void>; matchAll(which: { type: "window"; includeUncontrolled: boolean }): Promise<readonly unknown[]> };
  readonly registration: Pick<ServiceWorkerRegistration, "installing" | "waiting">;
  readonly location: Location;
}
const worker = self as unknown as WorkerScope;
const files = new KeptFiles(__SHELL__, caches, (request) => fetch(request));

worker.addEventListener("install", (event) => event.waitUntil(files.install()));

worker.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => worker.clients.claim())));

worker.addEventListener("message", (event) => {
  if (event.data === "take-over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/") {
    event.respondWith(files.answer(new Request("/")));
    event.waitUntil(tidy());
  } else if (files.concerns(url.pathname)) event.respondWith(files.answer(request));
});

/** A page that is only being opened does not count, and one that is open may be of another build. Nor is a newer build touched. */
async function tidy(): Promise<void> {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const { installing, waiting } = worker.registration;
  if (pages.length === 0 && !installing && !waiting) await files.forgetOtherBuilds();
}
