/**
 * The scenario files of the repository: scripted ones against the program that `PARLOUR_SCRIPTED` names, live ones against the server
 * of `PARLOUR_BIN`.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { Runner, type Scenario } from "./scenarios/runner.js";
import { noServer, type Server, startServer } from "./support/server.js";

const FOLDER = join(import.meta.dirname, "../../../../../scenarios");
const SCRIPTED = process.env.PARLOUR_SCRIPTED;
const LIMIT = { timeout: 120_000 };

function files(kind: string): string[] {
  const names = readdirSync(join(FOLDER, kind)).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => join(FOLDER, kind, name));
}

function read(path: string): Scenario {
  return JSON.parse(readFileSync(path, "utf8")) as Scenario;
}

/** Against the scripted server, which judges too. */
async function scripted(path: string, encoding: "json" | "msgpack"): Promise<void> {
  const server = spawn(SCRIPTED ?? "", ["--scenario", path], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(server, "exit");
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  const runner = new Runner(read(path), await line(), encoding);
  try {
    const verdict = line();
    const client = runner.run();
    client.catch(() => {}); // it may fail after the verdict has come
    // Whoever fails first is the one to blame; the other only waits in vain.
    const first = await Promise.race([verdict, client]);
    if (first === undefined || first === "played") await client;
    const said = await verdict;
    await runner.stop();
    assert.equal(said === "played" ? await line() : said, "passed");
  } finally {
    await runner.stop();
    server.kill();
    await exited;
  }
}

describe("scripted scenarios", { skip: SCRIPTED ? false : "PARLOUR_SCRIPTED does not name the scripted server", concurrency: 16, ...LIMIT }, () => {
  for (const path of files("scripted")) {
    for (const encoding of ["json", "msgpack"] as const) {
      test(`${read(path).name} (${path.split("/").at(-1)}, ${encoding})`, LIMIT, () => scripted(path, encoding));
    }
  }
});

describe("live scenarios", { skip: noServer, concurrency: 16, ...LIMIT }, () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  for (const path of files("live")) {
    test(read(path).name, LIMIT, async () => {
      const runner = new Runner(read(path), server.url, "msgpack");
      try {
        await runner.register();
        await runner.run();
      } finally {
        await runner.stop();
      }
    });
  }
});
