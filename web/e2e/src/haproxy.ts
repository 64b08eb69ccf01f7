/**
 * HAProxy with the configuration that clusters use, in front of one server.
 *
 * - It listens on sockets in a folder of its own, so that no port has to be chosen; a line leads there.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Server } from "./server.js";

const configuration = fileURLToPath(new URL("../../../../deploy/haproxy/haproxy.cfg", import.meta.url));

export class HaProxy {
  private constructor(
    private readonly folder: string,
    private readonly running: ChildProcess,
  ) {}

  static isThere(): boolean {
    return spawnSync("haproxy", ["-v"]).status === 0;
  }

  static async start(server: Server): Promise<HaProxy> {
    const folder = mkdtempSync(join(tmpdir(), "parlour-proxy-"));
    const adminPort = server.adminAddress.split(":")[1];
    const gateways = Object.fromEntries(
      [1, 2, 3].flatMap((gateway) => [[`GATEWAY_${gateway}`, server.address], [`GATEWAY_${gateway}_ADMIN`, adminPort]]),
    );
    const env = { PATH: process.env.PATH, HAPROXY_LISTEN: `unix@${folder}/clients`, HAPROXY_OPERATORS: `unix@${folder}/operators`, HAPROXY_MAXCONN: "200", ...gateways };
    const running = spawn("haproxy", ["-W", "-f", configuration], { env, stdio: ["ignore", "pipe", "pipe"] });
    const proxy = new HaProxy(folder, running);
    // A run that is broken off leaves nothing either.
    process.once("exit", () => running.kill("SIGTERM"));
    await proxy.isReady();
    return proxy;
  }

  /** The socket where it takes clients. */
  get address(): string {
    return join(this.folder, "clients");
  }

  async remove(): Promise<void> {
    if (this.running.exitCode === null && this.running.signalCode === null) {
      const ended = once(this.running, "exit");
      this.running.kill("SIGTERM");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private isReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const said: string[] = [];
      const read = (line: string) => {
        said.push(line);
        if (line.includes("Loading success")) resolve();
      };
      for (const stream of [this.running.stdout, this.running.stderr]) {
        if (stream) createInterface(stream).on("line", read);
      }
      this.running.on("exit", () => reject(new Error(`HAProxy ended:\n${said.join("\n")}`)));
    });
  }
}
