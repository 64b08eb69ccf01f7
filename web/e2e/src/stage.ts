/**
 * Where a test plays: one server and one browser for all of them, and people with contexts of their own for each.
 *
 * - Whatever a page complained about fails the test that opened it.
 * - Of a test that fails, each page is kept as a picture in `web/e2e/failures`.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { launch } from "./browser.js";
import { Line } from "./line.js";
import { Person } from "./person.js";
import { HaProxy } from "./haproxy.js";
import { Account, type Identity } from "./rest.js";
import { Server } from "./server.js";
import { type Expected, watch } from "./watch.js";

/** Nothing in these tests takes longer, on the slowest machine; what is waited for usually comes at once. */
export const patienceMs = 30_000;
const testWithinMs = 120_000;
const failures = fileURLToPath(new URL("../../failures/", import.meta.url));

export interface StageOptions extends Expected {
  /** A server that nobody else uses, so that it can be killed. */
  readonly ownServer?: boolean;
  /** Whether HAProxy stands between the browsers and the server. */
  readonly behindProxy?: boolean;
}

let shared: Promise<Server> | undefined;
let browser: Promise<Browser> | undefined;

after(async () => {
  await (await browser)?.close();
  await (await shared)?.remove();
});

/** A test with a stage of its own. ONLY in the environment picks tests by a part of their names. */
export function scene(name: string, play: (stage: Stage) => Promise<void>, options: StageOptions = {}): void {
  const only = process.env.ONLY;
  test(name, { timeout: testWithinMs, skip: only !== undefined && !name.includes(only) }, async () => {
    browser ??= launch();
    shared ??= options.ownServer ? undefined : Server.start();
    const server = options.ownServer ? await Server.start() : await shared;
    assert(server);
    const stage = new Stage(await browser, server, options);
    await stage.open();
    try {
      await play(stage);
      assert.deepEqual(stage.faults, []);
    } catch (error) {
      await stage.keepPictures(name);
      throw error;
    } finally {
      await stage.clear();
      if (options.ownServer) await server.remove();
    }
  });
}

export class Stage {
  readonly faults: string[] = [];
  private readonly contexts: BrowserContext[] = [];
  private readonly lines: Line[] = [];
  private proxy: HaProxy | undefined;

  constructor(
    private readonly browser: Browser,
    readonly server: Server,
    private readonly options: StageOptions,
  ) {}

  async open(): Promise<void> {
    if (this.options.behindProxy) this.proxy = await HaProxy.start(this.server);
  }

  /** Somebody new who is registered, by the page, and looks at an empty list of chats. */
  async person(displayName: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.visitor(displayName, options);
    await person.register();
    return person;
  }

  /** Somebody new who looks at the page and has no account. */
  visitor(displayName: string, options: BrowserContextOptions = {}): Promise<Person> {
    return this.device({ displayName, username: newUsername(displayName), password: "correct horse" }, options);
  }

  /** Somebody new who is registered and has no browser. */
  account(displayName: string): Promise<Account> {
    return Account.register(this.server.url, { displayName, username: newUsername(displayName), password: "correct horse" });
  }

  /** A browser of its own with a line of its own, where somebody looks at the page for the first time. */
  async device(identity: Identity, options: BrowserContextOptions = {}): Promise<Person> {
    const line = await Line.open(() => this.proxy?.address ?? this.server.address);
    this.lines.push(line);
    const context = await this.browser.newContext({ locale: "en-GB", viewport: { width: 1100, height: 760 }, ...options });
    this.contexts.push(context);
    context.setDefaultTimeout(patienceMs);
    watch(context, line.url, this.options, (fault) => this.faults.push(fault));
    const person = new Person(await context.newPage(), line.url, identity, line);
    await person.goTo();
    return person;
  }

  async keepPictures(name: string): Promise<void> {
    mkdirSync(failures, { recursive: true });
    const pages = this.contexts.flatMap((context) => context.pages());
    const path = (index: number) => `${failures}${name.replaceAll(/\W+/g, "-")}-${index}.png`;
    await Promise.allSettled(pages.map((page, index) => page.screenshot({ path: path(index), timeout: 5000 })));
  }

  async clear(): Promise<void> {
    await Promise.all(this.contexts.map((context) => context.close()));
    await Promise.all(this.lines.map((line) => line.cut()));
    await this.proxy?.remove();
  }
}

/** Nobody else has it, in this run or another. */
const newUsername = (name: string): string => `${name.toLowerCase().replaceAll(/[^a-z]/g, "")}_${randomBytes(5).toString("hex")}`;
