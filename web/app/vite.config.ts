/**
 * Builds the page into `dist`: hashed files under `assets/`, and the service worker with the list of what it keeps.
 *
 * `--mode fake` builds the same page over the invented server of `src/dev` into `build/fake`, for measuring and looking.
 */
import preact from "@preact/preset-vite";
import { defineConfig } from "vitest/config";
import { emojiPickerUnderStrictCsp } from "./plugins/emoji-picker.js";
import { serviceWorkerShell } from "./plugins/service-worker.js";

/** The node that the development server passes requests on to. */
const node = process.env.PARLOUR_URL ?? "http://127.0.0.1:8080";

export default defineConfig(({ mode }) => ({
  plugins: [preact(), emojiPickerUnderStrictCsp(), serviceWorkerShell()],
  build: {
    outDir: mode === "fake" ? "build/fake" : "dist",
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: mode === "fake" ? { index: "fake.html" } : { index: "index.html", sw: "src/service-worker.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: {
    proxy: { "/api": node, "/v1/ws": { target: node, ws: true } },
  },
  test: { include: ["test/**/*.test.{ts,tsx}"] },
}));
