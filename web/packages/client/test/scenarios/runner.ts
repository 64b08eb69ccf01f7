/** Plays the client's part of a scenario: does what it says and waits for what it awaits. */

import { randomUUID } from "node:crypto";
import { Device, PASSWORD } from "./device.js";
import { Differs, type Fields, type Json, Values } from "./values.js";

const PATIENCE_MS = 30_000;

/** A scenario file, as far as a runner of clients reads it. */
export interface Scenario {
  name: string;
  devices?: Record<string, string>;
  server?: Json[];
  client: Fields[];
}

export class Runner {
  private readonly devices: Map<string, Device>;
  private readonly values = new Values();
  private readonly keys = new Map<string, string>();
  private readonly names = new Map<string, string>();
  private readonly tokens = new Map<string, string>();

  constructor(private readonly scenario: Scenario, private readonly url: string, encoding: "json" | "msgpack") {
    const devices = Object.entries(scenario.devices ?? { ann: "ann" });
    this.devices = new Map(devices.map(([name, user]) => [name, new Device(user, url, encoding)]));
  }

  /** New users of a node, each with a session for the plain calls of a scenario. */
  async register(): Promise<void> {
    for (const user of new Set([...this.devices.values()].map((device) => device.user))) {
      const username = `${user}_${randomUUID().slice(0, 13).replace("-", "")}`;
      const body = { username, password: PASSWORD, device: "hands" };
      const { answer } = await this.call("POST", "/api/v1/auth/register", body);
      const { user: profile, access_token } = answer as { user: { id: string }; access_token: string };
      this.names.set(user, username);
      this.tokens.set(user, access_token);
      this.values.known.set(user, profile.id);
    }
  }

  async run(): Promise<void> {
    for (const [place, step] of this.scenario.client.entries()) {
      const where = `step ${place + 1} of the client, ${JSON.stringify(step)}`;
      try {
        await inTime(this.step({ device: "ann", chat: "9", ...step }));
      } catch (error) {
        const seen = this.devices.get(String(step.device ?? "ann"))?.seen();
        throw new Differs(`${where}: ${String(error)}; ${seen}`, { cause: error });
      }
    }
  }

  async stop(): Promise<void> {
    for (const device of this.devices.values()) await device.end();
  }

  private async step(given: Fields): Promise<void> {
    const step = { ...given };
    const key = this.keys.get(String(step.of));
    if (key) step.of = key;
    if (step.do === "rest") return await this.rest(step);
    const device = this.devices.get(step.device as string);
    if (!device) throw new Differs("no such device");
    if (step.do === "history") {
      const { page = null, ...asked } = step;
      return this.values.learn(page, await device.history(this.values.fill(asked) as Fields));
    }
    if (step.do !== undefined) {
      const filled = this.values.fill(step) as Fields;
      const made = await device.do(filled, this.names.get(device.user) ?? device.user);
      if (made) this.keys.set(String(step.as), made);
      return;
    }
    for (const name of ["chat", "user", "of"]) if (step[name] !== undefined) step[name] = this.values.fill(step[name]);
    await device.until(step, this.values);
  }

  private async rest(step: Fields): Promise<void> {
    const [method = "", path = ""] = String(this.values.fill(step.request ?? "")).split(" ");
    const body = step.body === undefined ? undefined : this.values.fill(step.body);
    const { status, answer } = await this.call(method, path, body, this.tokens.get(step.by as string));
    if (status !== step.status) throw new Differs(`status ${status}: ${JSON.stringify(answer)}`);
    if (step.answer !== undefined) this.values.learn(step.answer, answer);
  }

  private async call(method: string, path: string, body?: Json, token?: string): Promise<{ status: number; answer: Json }> {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(this.url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, answer: text ? (JSON.parse(text) as Json) : null };
  }
}

/** Gives up on what does not happen. */
async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Differs("it did not happen")), PATIENCE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
