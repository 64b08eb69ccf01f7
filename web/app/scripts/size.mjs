/**
 * Fails if the scripts and styles that the first view loads are larger than they may be.
 *
 * Counts what `index.html` names and everything those scripts import at once; not what is loaded later by `import()`.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const scriptBytesMax = 100 * 1024;
const dist = new URL("../dist/", import.meta.url);
const read = (name) => readFileSync(new URL(name, dist));

const page = read("index.html").toString();
const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const files = new Set();
const add = (name) => {
  if (files.has(name)) return;
  files.add(name);
  if (!name.endsWith(".js")) return;
  const statics = read(name).toString().matchAll(/(?:^|[;}\n])(?:import|export)\b[^"'()]*?["']\.\/([^"']+\.js)["']/g);
  for (const [, imported] of statics) add(`assets/${imported}`);
};
named.forEach(add);

const size = (name) => gzipSync(read(name), { level: 9 }).length;
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
for (const name of files) console.log(`${kib(size(name)).padStart(10)}  ${name}`);
const scripts = [...files].filter((name) => name.endsWith(".js"));
if (scripts.length === 0) throw new Error("no script found: has the page been built?");
const total = scripts.reduce((sum, name) => sum + size(name), 0);
console.log(`${kib(total).padStart(10)}  script in all, gzip; allowed ${kib(scriptBytesMax)}`);
if (total > scriptBytesMax) process.exitCode = 1;
