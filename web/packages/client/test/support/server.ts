/** A real server for the tests that need one: the program that `PARLOUR_BIN` names, in a folder of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Why there is no server; `false` if there is one. For `describe`'s `skip`. */
export const noServer: string | false = process.env.PARLOUR_BIN ? false : "PARLOUR_BIN does not name a server";

/** A running server. */
export interface Server {
  url: string;
  /** Dies without a word, and comes back with what it had stored, at another `url`. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server on a free port; resolves once it listens. */
export async function startServer(environment: Record<string, string> = {}): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), "parlour-client-"));
  let running = await start(data, environment);
  const server: Server = {
    url: running.url,
    async crash() {
      await kill(running.child);
      running = await start(data, environment);
      server.url = running.url;
    },
    async stop() {
      await kill(running.child);
      await rm(data, { recursive: true, force: true });
    },
  };
  return server;
}

async function start(data: string, environment: Record<string, string>): Promise<{ child: ChildProcess; url: string }> {
  // The server takes every variable that begins like this for its own.
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("PARLOUR_"));
  const env = {
    ...Object.fromEntries(others), PARLOUR_DATA: data, PARLOUR_LISTEN: "127.0.0.1:0", PARLOUR_ADMIN_LISTEN: "127.0.0.1:0",
    PARLOUR_LIMITS__REGISTRATIONS_PER_MINUTE: "600", PARLOUR_LIMITS__LOGINS_PER_MINUTE: "600", ...environment,
  };
  const child = spawn(process.env.PARLOUR_BIN ?? "", ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  return { child, url: await addressOf(child) };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Reads the address from what the server writes. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    const read = (line: string) => {
      seen.push(line);
      const found = ADDRESS.exec(line);
      if (found?.[1]) resolve(found[1]);
    };
    for (const stream of [server.stdout, server.stderr]) if (stream) createInterface(stream).on("line", read);
    server.once("exit", () => reject(new Error(`the server ended: ${seen.join("\n")}`)));
  });
}

const ADDRESS = /Parlour is running at (http:\/\/127\.0\.0\.1:\d+)/;
