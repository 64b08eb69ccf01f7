/**
 * A `parlour` process of our own on loopback, with a folder of its own.
 *
 * - It listens where the system finds a free port, and comes back there after a restart, so that pages find it again.
 * - Its rates are those of one large office: all browsers of a test share an address.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const built = fileURLToPath(new URL("../../../../target/debug/parlour", import.meta.url));
const program = process.env.PARLOUR_BIN ?? built;

const rates = {
  PARLOUR_LIMITS__REQUESTS_PER_SECOND: "10000",
  PARLOUR_LIMITS__REQUESTS_BURST: "100000",
  PARLOUR_LIMITS__LOGINS_PER_MINUTE: "10000",
  PARLOUR_LIMITS__REGISTRATIONS_PER_MINUTE: "10000",
  PARLOUR_LIMITS__FRAMES_PER_SECOND: "1000",
  PARLOUR_LIMITS__FRAMES_BURST: "10000",
};

/** A report as operators read it; only what tests look at. */
export interface Report {
  readonly reporter: string;
  readonly user?: string;
  readonly chat?: string;
  readonly reason: string;
  readonly note?: string;
}

/** Those that stand at the moment: a run that is broken off leaves neither process nor folder. */
const standing = new Set<Server>();
process.once("exit", () => {
  for (const server of standing) server.removeNow();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

export class Server {
  private readonly folder = mkdtempSync(join(tmpdir(), "parlour-e2e-"));
  private listen = "127.0.0.1:0";
  /** Where it tells of its health; another one after each start. */
  adminAddress = "";
  private running: ChildProcess | undefined;

  /** Host and port, the same after a restart. */
  get address(): string {
    return this.listen;
  }

  get url(): string {
    return `http://${this.listen}`;
  }

  static async start(): Promise<Server> {
    const server = new Server();
    standing.add(server);
    await server.run();
    return server;
  }

  /** Ends the process in the middle of whatever it does. */
  async kill(): Promise<void> {
    const { running } = this;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill("SIGKILL");
    await ended;
  }

  /** Starts it again over the same folder, at the same address. */
  async restart(): Promise<void> {
    await this.kill();
    await this.run();
  }

  /** Ends it and takes its data away. */
  async remove(): Promise<void> {
    await this.kill();
    this.removeNow();
  }

  /** The same at once, where nothing can be waited for. */
  removeNow(): void {
    standing.delete(this);
    this.running?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What users have told the operators, the oldest first. */
  async reports(): Promise<readonly Report[]> {
    const answer = await fetch(`http://${this.adminAddress}/reports?limit=100`);
    if (!answer.ok) throw new Error(`GET /reports: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { reports: Report[] }).reports;
  }

  private async run(): Promise<void> {
    const settings = { PARLOUR_LISTEN: this.listen, PARLOUR_ADMIN_LISTEN: "127.0.0.1:0", PARLOUR_DATA: join(this.folder, "data"), ...rates };
    const running = spawn(program, ["serve"], { cwd: this.folder, env: { PATH: process.env.PATH, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
    this.running = running;
    [this.listen, this.adminAddress] = await addressesOf(running);
  }
}

/** Where clients and operators connect, as the process says once it serves. Its output is read to the end, so that it never waits for us. */
function addressesOf(running: ChildProcess): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const read = (line: string) => {
      said.push(line);
      const health = /^Health and metrics: http:\/\/([^/]+)/.exec(line)?.[1];
      const clients = /running at http:\/\/(\S+)/.exec(said.join("\n"))?.[1];
      if (health !== undefined && clients !== undefined) resolve([clients, health]);
    };
    for (const stream of [running.stdout, running.stderr]) {
      if (stream) createInterface(stream).on("line", read);
    }
    running.on("error", (error) => reject(new Error(`${program} cannot be started (cargo build -p parlour-server): ${error.message}`)));
    running.on("exit", () => reject(new Error(`the server ended:\n${said.slice(-20).join("\n")}`)));
  });
}
