/**
 * Puts a gzip copy beside each file of `app/dist` that gets smaller by it, for the server to embed and send as it is.
 *
 * Gzip and not something newer: browsers take it over plain HTTP, too.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../app/dist", import.meta.url));
/** Smaller files fit into one packet anyway. */
const bytesMin = 1024;

for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, name);
  if (name.endsWith(".gz") || !statSync(path).isFile()) continue;
  const plain = readFileSync(path);
  const packed = gzipSync(plain, { level: 9 });
  if (plain.length >= bytesMin && packed.length < 0.9 * plain.length) writeFileSync(`${path}.gz`, packed);
}
