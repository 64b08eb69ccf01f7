/**
 * Puts the service worker to work, which lets the page open without a connection, and tells when a new version of the page waits.
 */
import type { Readable } from "parlour-client";
import { createCell } from "../readable.js";

/** A function that brings in the new version, once there is one. */
export function registerServiceWorker(): Readable<(() => void) | undefined> {
  const waiting = createCell<(() => void) | undefined>(undefined);
  if (!("serviceWorker" in navigator)) return waiting;
  const workers = navigator.serviceWorker;
  const offer = (worker: ServiceWorker) =>
    waiting.set(() => {
      // Another tab may have asked for it already; then this one only has to leave its old files.
      if (worker.state !== "installed") return location.reload();
      workers.addEventListener("controllerchange", () => location.reload(), { once: true });
      worker.postMessage("take-over");
    });
  // A browser that refuses has no offline page, and needs nothing else.
  workers.register("/sw.js").then((registration) => follow(registration, offer), () => undefined);
  return waiting;
}

function follow(registration: ServiceWorkerRegistration, offer: (worker: ServiceWorker) => void): void {
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      // The first one ever replaces nothing.
      if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
    });
  });
}
