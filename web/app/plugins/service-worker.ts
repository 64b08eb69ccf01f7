/**
 * Tells the service worker what the first view consists of: the built scripts, styles and icons, without what loads later.
 *
 * - The name of the cache is a hash of that list, whose names hold hashes of their contents: another build, another cache.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import type { Plugin } from "vite";

const placeholder = "__SHELL__";
/** Fetched when somebody opens the emoji picker, and kept from then on. */
const loadedLater = /\.json$|picker|emoji/;

export function serviceWorkerShell(): Plugin {
  return {
    name: "service-worker-shell",
    enforce: "post",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      const built = Object.keys(bundle).filter((name) => name.startsWith("assets/") && !name.endsWith(".map") && !loadedLater.test(name));
      const still = readdirSync("public").filter((name) => !name.startsWith("."));
      const files = ["/", ...[...built, ...still].sort().map((name) => `/${name}`)];
      const index = bundle["index.html"];
      const page = index?.type === "asset" ? String(index.source) : "";
      const version = createHash("sha256").update(JSON.stringify([files, page])).digest("hex").slice(0, 12);
      if (!worker.code.includes(placeholder)) throw new Error("the service worker has no place for the list of files");
      worker.code = worker.code.replace(placeholder, JSON.stringify({ version, files }));
    },
  };
}
